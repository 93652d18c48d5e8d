"""The model: frozen values, none of which reads or writes anything.

Words are those of the glossary in `docs/glossary.md`. Coordinates are WGS 84 degrees, longitude in
-180…180 (RFC 7946). Geometries are shapely polygons or multipolygons in the same frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

import msgspec
from shapely.geometry.base import BaseGeometry

EDUCATION_REGIONS = (
    "Tai Tokerau",
    "Tāmaki Herenga Tāngata",
    "Tāmaki Herenga Manawa",
    "Tāmaki Herenga Waka",
    "Waikato",
    "Bay of Plenty, Waiariki",
    "Hawke's Bay, Tairāwhiti",
    "Taranaki, Whanganui, Manawatū",
    "Wellington",
    "Nelson, Marlborough, West Coast",
    "Canterbury, Chatham Islands",
    "Otago, Southland",
)
"""The twelve education regions, north to south, as the Ministry of Education spells them."""


class Status(StrEnum):
    """How an answer ended."""

    RESOLVED = "resolved"
    AMBIGUOUS = "ambiguous"
    UNRESOLVED = "unresolved"


class Basis(StrEnum):
    """How an answer came about."""

    LISTED = "listed"
    LOCATED = "located"
    NEAREST = "nearest"


class SchoolStatus(StrEnum):
    """A school's state in the directory."""

    OPEN = "open"
    PROPOSED = "proposed"
    CLOSED = "closed"


class PlaceKind(StrEnum):
    """What a text that was typed may name."""

    SCHOOL = "school"
    ADDRESS = "address"
    ROAD = "road"
    SUBURB = "suburb"
    TOWN = "town"
    POSTCODE = "postcode"
    POINT = "point"
    """Coordinates that were pasted."""
    CATCHMENT = "catchment"
    REGION = "region"
    PROVIDER = "provider"


class MatchKind(StrEnum):
    """How a candidate was reached from a text; only what is exact is answered without asking."""

    EXACT = "exact"
    """The text names it wholly, and nothing beside it."""
    SLIP = "slip"
    """Exact but for one slip."""
    PART = "part"
    """What was typed is in its name or place, which have more, or not all of what was typed."""
    LOCALITY = "locality"
    """Only the suburb or town was understood."""
    MAIL_TOWN = "mail-town"
    """Only the town that post goes through was understood; a place need not lie there."""


class SourceKind(StrEnum):
    """What a source supplied."""

    DIRECTORY = "school directory"
    BOUNDARIES = "boundaries"
    PROVIDERS = "providers"
    LISTINGS = "listings"
    IN_SCHOOL_PROVISION = "in-school provision"
    ADDRESSES = "addresses"


NOT_STATED = "not stated"
"""Stands for a licence that whoever imported a file did not name; such a source is undeclared."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """A point, WGS 84 degrees, longitude -180…180.

    A town has thousands of them: made in an eighth of a data class's time, and not looked over by
    the garbage collector.
    """

    lng: float
    lat: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where something came from, kept with everything made from it."""

    kind: SourceKind
    title: str
    authority: str
    licence: str
    release: str
    """The release as the authority names it, usually its date as YYYY-MM-DD."""
    sha256: str
    """Hexadecimal digest of the file, or of the bytes of all pages in order."""
    file_name: str = ""
    url: str = ""
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class School:
    """An entry of the Ministry's school directory."""

    school_id: int
    name: str
    status: SchoolStatus = SchoolStatus.OPEN
    place: Place | None = None
    org_type: str = ""
    address: str = ""
    suburb: str = ""
    city: str = ""
    postcode: str = ""
    phone: str = ""
    website: str = ""
    email_domain: str = ""
    """What follows the “@” of its e-mail address; addresses themselves are not kept."""
    education_region: str = ""
    territorial_authority: str = ""
    roll: int | None = None
    opens: date | None = None
    """When a proposed school is to open."""
    closed: date | None = None
    """When a closed school closed, if known."""
    last_seen: date | None = None
    """The last directory release that had a school which the present one lacks."""
    gone_since: date | None = None
    """The first release after `last_seen`, which lacks it."""


def unnamed(school_id: int) -> str:
    """Return what a school is called whose name the directory leaves out."""
    return f"School {school_id}"


@dataclass(frozen=True, slots=True)
class FormerName:
    """A name that a school had in an earlier directory release, and has no more."""

    name: str
    last_seen: date
    """The last release that had it."""


@dataclass(frozen=True, slots=True)
class Alias:
    """What people call a school beside its name, such as AGS; stated by staff, with its source."""

    text: str
    school_id: int
    source: str
    """Where the school calls itself so, in words or as an address."""


UNCERTAINTY_M = 100.0
"""A place's positional uncertainty in metres unless it is known better."""


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place that a text may mean: one of the gazetteer's candidates, not yet resolved.

    A school is answered for by its number, so that its listing counts; anything else by all its
    `places` and `schools` together.
    """

    kind: PlaceKind
    name: str
    """As a person writes it, such as “12A High Street”."""
    within: str = ""
    """What tells it from its namesakes: suburb and town."""
    schools: tuple[School, ...] = ()
    """The school itself; of a suburb or a town, all schools in it."""
    places: tuple[Place, ...] = ()
    """An address's point; points along a road; a point or more of each road of a suburb or town."""
    uncertainty_m: float = UNCERTAINTY_M
    match: MatchKind = MatchKind.EXACT
    """How the text that was typed reached it."""
    catchment_codes: tuple[str, ...] = ()
    """Of a catchment its own code; of a region or a provider those of all its catchments."""
    code: str = ""
    """Of a catchment or a provider its own code."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The organisation contracted for one catchment or several."""

    code: str
    name: str
    phone: str = ""
    email: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """What a provider is contracted for; None where it is not known. Staff alone see it."""

    starts: date | None = None
    ends: date | None = None
    """The last day on which it serves."""
    capacity: int | None = None
    """How many chronically absent students it is contracted to work with."""


@dataclass(frozen=True, slots=True)
class Catchment:
    """An area and the schools in it, served by one provider at a time."""

    code: str
    name: str
    education_region: str = ""
    provider_code: str | None = None


def code_of(thing: Catchment | Provider | None) -> str | None:
    """Return a catchment's or a provider's code, or None where there is none."""
    return thing.code if thing else None


@dataclass(frozen=True)
class AcceptedLoss:
    """That ground which was in a catchment is in none on purpose: why, and how much of which."""

    reason: str
    km2: Mapping[str, float] = field(default_factory=dict)
    """Of land, by the code of the catchment that it was in. More than that is not accepted."""
    said: str = ""
    """What was accepted, as whoever accepted it read it: land, schools and addresses."""


@dataclass(frozen=True)
class Edition:
    """One whole, immutable statement of catchments, boundaries, providers and listings.

    `number` and `effective_from` are None while it is a draft's content. `boundaries` has a
    geometry for each catchment code that has one; `listings` maps school number to catchment code;
    `unserved` are schools on record as belonging to no catchment, such as the correspondence
    school; `in_school_provision` maps school number to a note on it; `contracts` has those that are
    known, by provider code; `uncovered_accepted` is about the edition before it, and so is no
    edition's that follows.
    """

    catchments: Mapping[str, Catchment] = field(default_factory=dict)
    boundaries: Mapping[str, BaseGeometry] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    listings: Mapping[int, str] = field(default_factory=dict)
    unserved: frozenset[int] = frozenset()
    in_school_provision: Mapping[int, str] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    overlaps_accepted: bool = False
    gaps_accepted: bool = False
    uncovered_accepted: AcceptedLoss | None = None
    number: int | None = None
    title: str = ""
    reason: str = ""
    effective_from: date | None = None

    @property
    def demonstration(self) -> bool:
        """Whether anything in it is made up for demonstration."""
        return any(source.demonstration for source in self.sources)

    def provider_of(self, catchment: Catchment | None) -> Provider | None:
        """Return the provider contracted for a catchment; None where there is neither."""
        return self.providers.get((catchment and catchment.provider_code) or "")


@dataclass(frozen=True, slots=True)
class EditionSummary:
    """A published edition without its content, for time-lines and lists."""

    number: int
    title: str
    reason: str
    effective_from: date
    published_at: datetime
    demonstration: bool
    draft_id: int | None = None
    base_number: int | None = None
    withdrawn_at: datetime | None = None
    author: str = ""
    """Who prepared it, by name, as far as it was made by staff; likewise below."""
    approved_by: str = ""
    published_by: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseSummary:
    """A school directory release without its schools."""

    number: int
    released: date
    school_count: int
    source: Source


@dataclass(frozen=True)
class DirectoryRelease:
    """One dated copy of the school directory.

    `schools` is what that copy holds; `former` is what only earlier releases hold, each with
    `last_seen` and `gone_since` set and status closed. `former_names` has those schools of
    `schools` that earlier releases call otherwise, the latest name first; spellings that differ in
    case, macrons or punctuation alone are one name.
    """

    schools: Mapping[int, School]
    released: date
    source: Source
    former: Mapping[int, School] = field(default_factory=dict)
    number: int | None = None
    former_names: Mapping[int, tuple[FormerName, ...]] = field(default_factory=dict)

    @property
    def demonstration(self) -> bool:
        """Whether this is the embedded demonstration selection."""
        return self.source.demonstration

    @property
    def ever(self) -> dict[int, School]:
        """The schools that it holds, and those that only earlier releases hold."""
        return {**self.former, **self.schools}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something beside the answer that a reader should know; `code` is stable, `text` is not."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of several catchments that may be meant."""

    catchment: Catchment
    provider: Provider | None
    match: MatchKind | None = None
    """How a text reached it; None where nothing was typed."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """What the next edition that changes this answer will say, and from when."""

    effective_from: date
    edition: int
    catchment: Catchment | None
    provider: Provider | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of resolving a school or a point on a date."""

    status: Status
    sentence: str
    school: School | None = None
    place: Place | None = None
    basis: Basis | None = None
    catchment: Catchment | None = None
    provider: Provider | None = None
    distance_m: float | None = None
    """Metres to the boundary; only where the basis is `nearest`."""
    in_school_provision: str | None = None
    candidates: tuple[Candidate, ...] = ()
    alternatives: tuple[Candidate, ...] = ()
    """Who else it may be, where the place is within its uncertainty of a boundary."""
    notices: tuple[Notice, ...] = ()
    upcoming: Upcoming | None = None

    @property
    def all_named(self) -> tuple[Candidate, ...]:
        """Every catchment that it names, with its provider, the answer's own first."""
        own = (Candidate(self.catchment, self.provider),) if self.catchment else ()
        return own + self.alternatives + self.candidates
