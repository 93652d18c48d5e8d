"""The shapes of what POST /v1/providers:resolve takes and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypedDict

from msgspec import Meta

from catchments.core.errors import Kind
from catchments.lookup.values import HIGHEST_NUMBER, LAT_LIMITS, LNG_LIMITS
from catchments.web.common.contract import SAYS_SOMETHING
from catchments.web.common.schemas import (
    DirectoryRelease,
    Edition,
    InSchoolProvision,
    Place,
    Source,
    among,
)
from catchments.web.v1.bulk.rows import AT_MOST

OwnId = Annotated[
    str | int | float | bool | None,
    Meta(description="The caller's own, echoed exactly; left out where none was given."),
]


SchoolNumber = Annotated[
    int, Meta(ge=0, le=HIGHEST_NUMBER, description="Its number in the directory.")
]
Lng = Annotated[
    float,
    Meta(ge=LNG_LIMITS[0], le=LNG_LIMITS[1], description="WGS 84 degrees; 183.5 is -176.5."),
]
Lat = Annotated[float, Meta(ge=LAT_LIMITS[0], le=LAT_LIMITS[1], description="WGS 84 degrees.")]


class _Identified(TypedDict, total=False):
    id: OwnId


class RowOfSchool(_Identified):
    """A school by its number."""

    school_id: SchoolNumber


class RowOfPoint(_Identified):
    """A point."""

    lng: Lng
    lat: Lat


class RowOfPointByLon(_Identified):
    """A point, its longitude called `lon`."""

    lon: Lng
    lat: Lat


class RowOfAddress(_Identified):
    """An address."""

    address: Annotated[
        str, Meta(description="As a person types it.", min_length=1, pattern=SAYS_SOMETHING)
    ]


class RowAsked(_Identified):
    """A school, a point or an address: one of the three, with an id of the caller's."""


class SchoolsAsked(TypedDict):
    """Schools by number alone."""

    school_ids: Annotated[list[SchoolNumber], Meta(max_length=AT_MOST)]


class RowsAsked(TypedDict):
    """Rows."""

    rows: Annotated[list[RowAsked], Meta(max_length=AT_MOST)]


class ManyAsked(TypedDict):
    """Schools by number alone, or rows: one of the two."""


ONE_OF: Mapping[str, tuple[type, ...]] = {
    "RowAsked": (RowOfSchool, RowOfPoint, RowOfPointByLon, RowOfAddress),
    "ManyAsked": (SchoolsAsked, RowsAsked),
}
"""What comes in exactly one of several shapes, by its name in the document."""


class Coded(TypedDict):
    """A catchment or a provider."""

    code: str
    name: str


class _PerhapsAt(TypedDict, total=False):
    row: Annotated[int, Meta(description="Which row of the body, from 1.")]
    field: Annotated[str, Meta(description="Which field or column.")]
    value: Annotated[str, Meta(description="What was given, at most 80 characters of it.")]


class RowError(_PerhapsAt):
    """Why a row is not answered."""

    problem: str
    allowed: str
    kind: Annotated[
        str,
        Meta(
            description="Which kind of problem it is, as the types of problems have it.",
            extra_json_schema=among(list(Kind)),
        ),
    ]


class _RowAbout(TypedDict, total=False):
    id: OwnId
    school_id: int
    place: Place
    basis: str
    catchment: Coded
    provider: Coded
    distance_m: Annotated[
        int, Meta(description="Metres to the boundary, where `basis` is `nearest`.")
    ]
    in_school_provision: InSchoolProvision
    alternatives: Annotated[
        list[str],
        Meta(
            description="Codes of other catchments that it may be; where `status` is `ambiguous`, "
            "of all that it may be."
        ),
    ]
    notices: Annotated[list[str], Meta(description="Codes, as those of `/v1/provider`.")]
    matched: Annotated[str, Meta(description="What an address was taken for.")]
    match: Annotated[str, Meta(description="How an address was reached, as in `/v1/provider`.")]
    error: RowError


class RowAnswered(_RowAbout):
    """The answer to one row; what it has nothing of is left out."""

    status: Annotated[
        str,
        Meta(
            description="As that of `/v1/provider`; or `unknown`: no school has that number; or "
            "`refused`: see `error`.",
            extra_json_schema={
                "enum": ["resolved", "ambiguous", "unresolved", "unknown", "refused"]
            },
        ),
    ]


class ManyAnswered(TypedDict):
    """The answers, in the order of the rows."""

    edition: Edition | None
    directory_release: DirectoryRelease | None
    demonstration: bool
    sources: list[Source]
    as_at: str
    count: int
    answers: list[RowAnswered]
