"""The shapes of what the API answers, by the names that its document gives them.

Names and types here are a contract with other services: only ever add to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from catchments.core.model import Basis, MatchKind, PlaceKind, SchoolStatus, SourceKind, Status
from catchments.editions.change_schema import ToldEdition
from catchments.lookup.notice_codes import NoticeCode

NOTICE_CODES = tuple(map(str, NoticeCode))


def among(words: Sequence[str]) -> dict[str, Any]:
    """Return JSON Schema of a text that is one of some words at present, and may be another.

    Of a bare `enum` generators make clients that stop at a word that came later.
    """
    return {"anyOf": [{"type": "string", "enum": list(words)}, {"type": "string"}]}


Day = Annotated[str, Meta(description="YYYY-MM-DD.", extra_json_schema={"format": "date"})]
AsAtDay = Annotated[
    str,
    Meta(description="The date it is for, YYYY-MM-DD.", extra_json_schema={"format": "date"}),
]
Demonstration = Annotated[bool, Meta(description="Whether any of this is made up.")]
Lng = Annotated[float, Meta(description="WGS 84 degrees.", ge=-180, le=180)]
Lat = Annotated[float, Meta(description="WGS 84 degrees.", ge=-90, le=90)]


class Place(TypedDict):
    """A point, WGS 84 degrees."""

    lng: Lng
    lat: Lat


class School(TypedDict):
    """An entry of the Ministry of Education's school directory; what is not known is null."""

    school_id: Annotated[int, Meta(description="Its number in the directory.", ge=0)]
    name: str
    status: SchoolStatus
    type: str | None
    address: str | None
    suburb: str | None
    town: str | None
    education_region: str | None
    place: Place | None


class Catchment(TypedDict):
    """An area and the schools in it, served by one provider at a time."""

    code: str
    name: str
    education_region: str | None


class Provider(TypedDict):
    """The organisation contracted for a catchment, or for several; what is not known is null."""

    code: str
    name: str
    phone: str | None
    email: str | None
    website: str | None


Reached = Annotated[
    MatchKind,
    Meta(description="How the text reached it; only what is exact is ever answered."),
]


class Candidate(TypedDict):
    """A catchment that may be meant, and its provider."""

    catchment: Catchment
    provider: Provider | None
    match: NotRequired[Reached]


class Notice(TypedDict):
    """Something beside the answer that its reader should know."""

    code: Annotated[
        str,
        Meta(
            description="Stable; more may come, so take one that you do not know as a text.",
            extra_json_schema=among(NOTICE_CODES),
        ),
    ]
    text: Annotated[str, Meta(description="For people; it may be worded better one day.")]


class Upcoming(TypedDict):
    """What the next edition that changes this answer will say, and from when."""

    effective_from: Day
    edition: int
    catchment: Catchment | None
    provider: Provider | None
    sentence: str


class InSchoolProvision(TypedDict):
    """A school's own funded provision, beside the catchment's provider."""

    note: str


class Edition(TypedDict):
    """One whole, immutable statement of catchments, boundaries, providers and listings."""

    number: int | None
    title: str
    effective_from: Day | None


class DirectoryRelease(TypedDict):
    """One dated copy of the school directory."""

    number: int | None
    released: Day


class Source(TypedDict):
    """Where something came from, and under which licence."""

    kind: SourceKind
    title: str
    authority: str
    licence: str
    release: Annotated[str, Meta(description="As the authority names it, usually its date.")]


class Provenance(TypedDict):
    """What a body says of the edition and the directory release behind it."""

    edition: Annotated[Edition | None, Meta(description="Null before the first edition.")]
    directory_release: DirectoryRelease | None
    demonstration: Demonstration
    sources: list[Source]


class Group(StrEnum):
    """Under which heading a list of suggestions puts it."""

    SCHOOLS = "schools"
    PLACES = "places"
    CATCHMENTS = "catchments"
    PROVIDERS = "providers"


class NamedPlace(TypedDict):
    """A place, a catchment or a provider that a text may mean."""

    kind: PlaceKind
    name: str
    within: Annotated[str | None, Meta(description="What tells it from its namesakes.")]
    school_id: Annotated[int | None, Meta(description="Of a school; otherwise null.")]
    match: Reached
    group: Group
    code: Annotated[str | None, Meta(description="Of a catchment or a provider; otherwise null.")]


class Match(NamedPlace):
    """A place that a text may mean, and who serves it."""

    place: Place | None
    status: Status
    candidates: list[Candidate]


class _OfText(TypedDict, total=False):
    match: Annotated[
        MatchKind | None,
        Meta(description="Of a text: how the best of `matches` was reached; null without one."),
    ]
    matches: Annotated[
        list[Match],
        Meta(description="Of a text: at most 25 places that it may mean, best first."),
    ]
    more: Annotated[bool, Meta(description="Of a text: whether it means still more places.")]


class Answer(_OfText):
    """Who serves a school, a point or an address, on a date."""

    status: Annotated[
        Status,
        Meta(
            description="`resolved`; `ambiguous`: see `candidates`; or `unresolved`: `sentence` "
            "says whom to ask. Each is an answer."
        ),
    ]
    sentence: Annotated[str, Meta(description="The answer in words.")]
    basis: Annotated[
        Basis | None,
        Meta(
            description="`listed`: on the published list; `located`: inside the boundary; "
            "`nearest`: outside all, see `distance_m`; null where nothing is resolved."
        ),
    ]
    school: Annotated[School | None, Meta(description="Null for a point.")]
    place: Place | None
    catchment: Catchment | None
    provider: Provider | None
    distance_m: Annotated[
        int | None, Meta(description="Metres to the boundary; only where `basis` is `nearest`.")
    ]
    in_school_provision: InSchoolProvision | None
    candidates: Annotated[
        list[Candidate], Meta(description="Who may be meant, where `status` is `ambiguous`.")
    ]
    alternatives: Annotated[
        list[Candidate],
        Meta(
            description="Who else it may be, where the place is within its uncertainty of a "
            "boundary."
        ),
    ]
    notices: list[Notice]
    upcoming: Annotated[
        Upcoming | None, Meta(description="What the next edition that changes this will say.")
    ]
    edition: Annotated[Edition | None, Meta(description="Null before the first edition.")]
    directory_release: DirectoryRelease | None
    demonstration: Demonstration
    sources: list[Source]
    as_at: AsAtDay


class Suggestions(TypedDict):
    """What a text that is still being typed may mean, best first; nothing is resolved."""

    suggestions: list[NamedPlace]
    demonstration: Demonstration


class ChangesPage(TypedDict):
    """The editions published since an edition or a date, oldest first, at most ten."""

    editions: list[ToldEdition]
    next: Annotated[str | None, Meta(description="The address of the next page; null at the end.")]
    latest: Annotated[
        int | None, Meta(description="The newest edition's number: keep it as the next `since`.")
    ]
    withdrawn: Annotated[
        list[int],
        Meta(description="Editions withdrawn before they took effect: forget them."),
    ]
    demonstration: Demonstration


class _PerhapsSaid(TypedDict, total=False):
    parameter: Annotated[
        str, Meta(description="Which parameter it is about; of a body, which field or column.")
    ]
    row: Annotated[int, Meta(description="Of a body of many rows: which one it is about, from 1.")]
    allowed: Annotated[str, Meta(description="What would have been taken.")]
    next_step: Annotated[str, Meta(description="What to do now.")]
    demonstration: Demonstration


class Problem(_PerhapsSaid):
    """Why something was not answered (RFC 9457)."""

    type: Annotated[
        str,
        Meta(
            description="Which kind of problem it is, as the address of a page about it; more may "
            "come.",
            extra_json_schema={"format": "uri-reference"},
        ),
    ]
    title: str
    status: int
    detail: str


Anything = dict[str, Any]
"""An object that another standard describes, such as an OpenAPI document."""
