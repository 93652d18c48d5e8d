"""The vocabulary of columns: what each is called at every door, its type, its unit, its meaning.

A name means one thing wherever it stands: in files, layers, tables of the API and of `resolve`.
Names from before are kept where programs read them; in tables about catchments `code` is short for
the catchment's, and likewise in those about schools, providers and answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


class About(StrEnum):
    """What the rows of a table are about."""

    CATCHMENTS = "catchments"
    SCHOOLS = "schools"
    PROVIDERS = "providers"
    SOURCES = "sources"
    ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what its values are, and what it says in one sentence."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    older: tuple[str, ...] = ()
    """What else it is called, in tables about anything."""
    short: Mapping[About, str] | None = None
    """What it is called in tables about one thing alone."""

    @property
    def others(self) -> tuple[str, ...]:
        """All other names that it stands under; those of one kind of table say which."""
        told = (self.short or {}).items()
        return (*self.older, *(f"{name} (in tables about {about})" for about, name in told))


_T, _I, _N, _B, _D = Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE
_CATCHMENTS, _SCHOOLS, _PROVIDERS, _ANSWERS = (
    About.CATCHMENTS,
    About.SCHOOLS,
    About.PROVIDERS,
    About.ANSWERS,
)

VOCABULARY: tuple[Column, ...] = (
    # --- schools ---
    Column("school_id", _I, "The school's number in the Ministry of Education's directory."),
    Column("school_name", _T, "The school's name.", older=("school",), short={_SCHOOLS: "name"}),
    Column("status", _T, "The school's state in the directory: open, proposed or closed."),
    Column("type", _T, "The school's type, as the directory has it."),
    Column("address", _T, "The school's street address."),
    Column("suburb", _T, "The school's suburb."),
    Column("town", _T, "The school's town or city."),
    Column("school_education_region", _T, "The school's education region, by the directory."),
    Column("lng", _N, "Longitude, WGS 84, -180 to 180.", unit="degrees"),
    Column("lat", _N, "Latitude, WGS 84.", unit="degrees"),
    # --- catchments ---
    Column("catchment_code", _T, "The catchment's code.", short={_CATCHMENTS: "code"}),
    Column(
        "catchment_name",
        _T,
        "The catchment's name.",
        older=("catchment",),
        short={_CATCHMENTS: "name"},
    ),
    Column("education_region", _T, "The education region that the catchment belongs to."),
    Column("catchment_codes", _T, "The codes of the catchments that the provider serves."),
    Column("catchments", _I, "How many catchments the provider serves."),
    Column("schools", _I, "How many schools there are that are not closed."),
    # --- providers ---
    Column(
        "provider_code",
        _T,
        "The code of the provider who serves the catchment.",
        short={_PROVIDERS: "code"},
    ),
    Column(
        "provider_name",
        _T,
        "The provider's name.",
        older=("provider",),
        short={_PROVIDERS: "name"},
    ),
    Column("provider_phone", _T, "The provider's telephone number.", older=("phone",)),
    Column("provider_email", _T, "The provider's e-mail address.", older=("email",)),
    Column("provider_website", _T, "The provider's website.", older=("website",)),
    Column(
        "in_school_provision",
        _T,
        "The note on the school's own funded provision.",
        older=("provider_in_school_provision",),
    ),
    # --- answers ---
    Column(
        "answer",
        _T,
        "How the answer ended: resolved, ambiguous, unresolved; a row's also refused or unknown.",
        older=("provider_status",),
        short={_ANSWERS: "status"},
    ),
    Column(
        "basis",
        _T,
        "How the catchment is known: listed, located (inside the boundary) or nearest.",
        older=("provider_basis",),
    ),
    Column(
        "listing",
        _T,
        "The code of the catchment that the published list names for the school; none where it is "
        "declared to belong to none.",
    ),
    Column(
        "distance_m",
        _N,
        "Distance to the boundary, where the basis is nearest.",
        unit="metres",
        older=("provider_distance_m",),
    ),
    Column("sentence", _T, "The answer as a sentence."),
    Column(
        "alternatives",
        _T,
        "The codes of the other catchments that it may be.",
        older=("provider_alternatives",),
    ),
    Column("notices", _T, "The codes of what a reader should know beside the answer."),
    Column("match", _T, "How the text that was asked for was understood."),
    Column("matched", _T, "What the text that was asked for was taken for."),
    Column("problem", _T, "Why a row has no answer.", older=("provider_problem",)),
    Column("error_field", _T, "Which field of a row that was refused is at fault."),
    Column("error", _T, "What is wrong with a row that was refused."),
    Column("error_kind", _T, "The type of problem that a row was refused for."),
    Column("id", _T, "The asker's own mark of the row."),
    # --- where it is from ---
    Column("edition", _I, "The number of the edition.", older=("provider_edition",)),
    Column("effective_from", _D, "The date from which the edition is in force."),
    Column(
        "directory_release",
        _D,
        "The release of the school directory.",
        older=("provider_directory_release",),
    ),
    Column("directory_release_number", _I, "The number of the release of the school directory."),
    Column("as_at", _D, "The date that the answer is for."),
    Column(
        "demonstration",
        _B,
        "Whether any of it is demonstration data, which is made up.",
        older=("provider_demonstration",),
    ),
    Column("source", _T, "Whose data it is, with the licence."),
    # --- sources, a row each ---
    Column("kind", _T, "What the source supplied."),
    Column("title", _T, "What the source is called."),
    Column("authority", _T, "Whose source it is."),
    Column("licence", _T, "The licence that the source is under."),
    Column("release", _T, "The source's release, as the authority names it."),
    Column("url", _T, "Where the source is."),
    Column("sha256", _T, "The SHA-256 of the source's file, hexadecimal."),
    Column("file_name", _T, "The name of the source's file."),
    # --- texts that a Shapefile has no room for ---
    Column("field", _T, "The field of the Shapefile that a text is cut in."),
    Column("text", _T, "The text, whole."),
)
"""All columns there are, in the order in which a person asks for them."""

PROVIDER_COLUMNS = (
    "provider_code",
    "provider_name",
    "provider_phone",
    "provider_email",
    "provider_website",
)
CATCHMENT_COLUMNS = (
    "catchment_code",
    "catchment_name",
    "education_region",
    *PROVIDER_COLUMNS,
    "edition",
    "effective_from",
    "demonstration",
)
"""What files say of a catchment beside its boundary."""

BY_NAME: Mapping[str, Column] = {column.name: column for column in VOCABULARY}
_OLDER = {name: column for column in VOCABULARY for name in column.older}
_SHORT = {
    (about, name): column for column in VOCABULARY for about, name in (column.short or {}).items()
}


def called(name: str, about: About | None = None) -> Column | None:
    """Return the column that a name means in a table about something, or None if there is none."""
    short = _SHORT.get((about, name)) if about else None
    return short or BY_NAME.get(name) or _OLDER.get(name)
