"""The shapes of what the resources answer, by the names that the API's document gives them.

Names and types here are a contract with other services: only ever add to them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta

from catchments.core.model import Basis, SchoolStatus, Status
from catchments.editions.change_schema import Standing
from catchments.web.common.schemas import (
    AsAtDay,
    Catchment,
    Day,
    Demonstration,
    DirectoryRelease,
    Edition,
    InSchoolProvision,
    Provenance,
    Provider,
    School,
    Source,
)

Metres = Annotated[
    int | None, Meta(description="To the boundary; only where `basis` is `nearest`.")
]
Moment = Annotated[
    str, Meta(description="UTC, RFC 3339.", extra_json_schema={"format": "date-time"})
]
Url = Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
Extent = Annotated[
    list[float] | None,
    Meta(
        description="West, south, east, north of its boundary in WGS 84 degrees; west is greater "
        "than east where it crosses 180°. Null without a boundary."
    ),
]


class About(Provenance):
    """What every body says of what it was made from."""

    as_at: AsAtDay


class Listed(About):
    """A page of a list."""

    count: Annotated[int, Meta(description="How many are on this page.", ge=0)]
    total: Annotated[int, Meta(description="How many there are on all pages.", ge=0)]
    next: Annotated[
        Url | None,
        Meta(description="The next page, of the same edition and release; null on the last."),
    ]
    previous: Annotated[Url | None, Meta(description="The previous page; null on the first.")]


# --- schools --------------------------------------------------------------------------------------


class SchoolServed(TypedDict):
    """A school and who serves it: what /v1/provider says of it in short."""

    school: School
    status: Annotated[Status, Meta(description="Of the answer; a school has a status of its own.")]
    basis: Basis | None
    catchment: Catchment | None
    provider: Provider | None
    distance_m: Metres
    in_school_provision: InSchoolProvision | None


class SchoolList(Listed):
    """A page of schools, by number."""

    items: list[SchoolServed]


class SchoolProperties(TypedDict):
    """A school, its catchment and its provider, flat; what is not known is null."""

    school_id: int
    school: str
    status: SchoolStatus
    type: str | None
    address: str | None
    suburb: str | None
    town: str | None
    school_education_region: Annotated[str | None, Meta(description="By the school directory.")]
    answer: Status
    basis: Basis | None
    distance_m: Metres
    in_school_provision: str | None
    catchment_code: str | None
    catchment: str | None
    education_region: Annotated[str | None, Meta(description="The catchment's.")]
    provider_code: str | None
    provider: str | None
    phone: str | None
    email: str | None
    website: str | None


class Point(TypedDict):
    """A point of GeoJSON."""

    type: Literal["Point"]
    coordinates: Annotated[
        list[float], Meta(description="Longitude, latitude.", min_length=2, max_length=2)
    ]


class SchoolFeature(TypedDict):
    """A school as a feature of GeoJSON (RFC 7946)."""

    type: Literal["Feature"]
    id: int
    properties: SchoolProperties
    geometry: Annotated[Point | None, Meta(description="Null for a school without a place.")]


class OneSchoolFeature(SchoolFeature, About):
    """One school as a feature of GeoJSON."""


class SchoolFeatures(Listed):
    """Schools as GeoJSON."""

    type: Literal["FeatureCollection"]
    name: Annotated[str, Meta(description="Of the list; GIS programs call their layer by it.")]
    features: list[SchoolFeature]


# --- catchments -----------------------------------------------------------------------------------


class CatchmentServed(Catchment):
    """A catchment, who serves it, and where it is."""

    provider: Provider | None
    schools: Annotated[int, Meta(description="How many that are not closed on the date.", ge=0)]
    bbox: Extent
    url: Url


class OneCatchment(CatchmentServed, About):
    """One catchment."""


class CatchmentList(Listed):
    """A page of catchments, by code."""

    items: list[CatchmentServed]


class CatchmentProperties(TypedDict):
    """A catchment and its provider, flat; what is not known is null."""

    catchment_code: str
    catchment: str
    education_region: str | None
    provider_code: str | None
    provider: str | None
    phone: str | None
    email: str | None
    website: str | None
    schools: int


Geometry = Annotated[
    dict[str, Any] | None,
    Meta(
        description="A Polygon or MultiPolygon as published, not simplified, split at 180°; null "
        "without a boundary."
    ),
]


class CatchmentFeature(TypedDict):
    """A catchment as a feature of GeoJSON (RFC 7946)."""

    type: Literal["Feature"]
    id: str
    properties: CatchmentProperties
    geometry: Geometry


class OneCatchmentFeature(CatchmentFeature, About):
    """One catchment as a feature of GeoJSON."""


class CatchmentFeatures(Listed):
    """Catchments as GeoJSON."""

    type: Literal["FeatureCollection"]
    name: Annotated[str, Meta(description="Of the list; GIS programs call their layer by it.")]
    features: list[CatchmentFeature]


# --- providers ------------------------------------------------------------------------------------


class ProviderServing(Provider):
    """A provider and the catchments that it serves."""

    catchments: list[Catchment]
    schools: Annotated[int, Meta(description="How many that are not closed on the date.", ge=0)]
    url: Url


class OneProvider(ProviderServing, About):
    """One provider."""


class ProviderList(Listed):
    """A page of providers, by code."""

    items: list[ProviderServing]


class ProviderProperties(TypedDict):
    """A provider, flat; what is not known is null."""

    provider_code: str
    provider: str
    phone: str | None
    email: str | None
    website: str | None
    catchments: Annotated[int, Meta(description="How many it serves.", ge=0)]
    schools: int


class ProviderFeature(TypedDict):
    """A provider as a feature of GeoJSON (RFC 7946): its catchments' boundaries as one."""

    type: Literal["Feature"]
    id: str
    properties: ProviderProperties
    geometry: Geometry


class OneProviderFeature(ProviderFeature, About):
    """One provider as a feature of GeoJSON."""


class ProviderFeatures(Listed):
    """Providers as GeoJSON."""

    type: Literal["FeatureCollection"]
    name: Annotated[str, Meta(description="Of the list; GIS programs call their layer by it.")]
    features: list[ProviderFeature]


# --- editions -------------------------------------------------------------------------------------


class Download(TypedDict):
    """A file made from an edition."""

    title: str
    media_type: str
    url: Url


class EditionTold(TypedDict):
    """An edition and what has become of it."""

    number: int
    title: str
    reason: Annotated[str, Meta(description="Why it was made, as it was said when published.")]
    effective_from: Day
    last_day: Annotated[
        Day | None,
        Meta(
            description="The last day on which it is in force, as far as is known; before "
            "`effective_from` where it never was."
        ),
    ]
    standing: Standing
    published_at: Moment
    withdrawn_at: Annotated[Moment | None, Meta(description="Null unless it was withdrawn.")]
    demonstration: Demonstration
    sources: list[Source]
    downloads: Annotated[list[Download], Meta(description="None of one that was withdrawn.")]
    url: Url


class OneEdition(EditionTold):
    """One edition, and the directory release of its time."""

    edition: Edition
    directory_release: DirectoryRelease | None
    as_at: AsAtDay


class EditionList(Listed):
    """A page of editions, by number."""

    items: list[EditionTold]
