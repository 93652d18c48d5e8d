"""The shapes of what POST /v1/providers:resolve takes and answers."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from catchments.web.common.schemas import (
    DirectoryRelease,
    Edition,
    InSchoolProvision,
    Place,
    Source,
)
from catchments.web.v1.bulk.rows import AT_MOST

OwnId = Annotated[
    str | int | float | bool | None,
    Meta(description="The caller's own, echoed exactly; left out where none was given."),
]


class RowAsked(TypedDict, total=False):
    """A school, a point or an address: one of the three, with an id of the caller's."""

    id: OwnId
    school_id: Annotated[int, Meta(ge=0, le=999_999_999)]
    lng: Annotated[float, Meta(ge=-180, le=180, description="WGS 84 degrees.")]
    lat: Annotated[float, Meta(ge=-90, le=90, description="WGS 84 degrees.")]
    lon: Annotated[float, Meta(ge=-180, le=180, description="The same as `lng`.")]
    address: Annotated[str, Meta(description="As a person types it.")]


class ManyAsked(TypedDict, total=False):
    """Schools by number alone, or rows: one of the two."""

    school_ids: Annotated[list[int], Meta(max_length=AT_MOST)]
    rows: Annotated[list[RowAsked], Meta(max_length=AT_MOST)]


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
