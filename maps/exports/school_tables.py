"""The table of every school with its catchment and provider: its rows, and CSV."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from catchments.core.column_vocabulary import PROVIDER_COLUMNS
from catchments.core.model import Answer, Basis, Catchment, Edition, Provider
from catchments.core.plain_cells import Cell, plain_table
from maps.exports.export_input import ExportInput
from maps.wording import made_up

CELLS = (
    "school_id",
    "school_name",
    "town",
    "status",
    "catchment_code",
    "catchment_name",
    "education_region",
    *PROVIDER_COLUMNS,
    "basis",
    "listing",
    "distance_m",
    "in_school_provision",
)
"""What is said of a school."""
COLUMNS = (*CELLS, "edition", "effective_from", "directory_release", "demonstration", "source")
"""Those of the table at /downloads/<edition>/<release>/schools.csv, and a few more."""
NOT_IN_DIRECTORY = "not in the directory"
"""The status of a school number that an edition speaks of and the school directory lacks."""
IN_NO_CATCHMENT = "none"
"""What stands for the listing of a school that is declared to belong to no catchment."""


def school_rows(material: ExportInput) -> Iterator[list[Cell]]:
    """Yield a row of COLUMNS for each school of the directory release, by the release's order.

    Below them are the numbers that the edition speaks of and the release lacks. `distance_m` is in
    metres, and only where the basis is `nearest`. Dates are dates, and truths truths.
    """
    edition, answers, origin = material.edition, material.answers or {}, _origin(material)
    for answer in answers.values():
        yield [*cells_of(edition, answer), *origin]
    for school_id in numbers_without_school(edition, answers):
        yield [*cells_of_number(edition, school_id), *origin]


def listing_of(edition: Edition, school_id: int) -> str | None:
    """Return the code that the published list names for a school, `none`, or None if it does not.

    It is what the list says, whatever the answer for the school is.
    """
    return IN_NO_CATCHMENT if school_id in edition.unserved else listed_in(edition, school_id)


def listed_in(edition: Edition, school_id: int) -> str | None:
    """Return the code of the catchment that a school belongs to because a list says so."""
    return None if school_id in edition.unserved else edition.listings.get(school_id)


def numbers_without_school(edition: Edition, known: Container[int]) -> list[int]:
    """Return the school numbers that an edition speaks of and that are not among those known."""
    told = {*edition.listings, *edition.unserved, *edition.in_school_provision}
    return sorted(number for number in told if number not in known)


def schools_csv(material: ExportInput) -> bytes:
    """Return every school as CSV: RFC 4180, UTF-8, a first line of names; no cell is a formula."""
    return plain_table(COLUMNS, map(in_words, school_rows(material)))


def in_words(row: Sequence[Cell]) -> list[Cell]:
    """Return a row as a text file has it: whether something is made up is said in words."""
    return [made_up(demonstration=cell) if isinstance(cell, bool) else cell for cell in row]


def cells_of(edition: Edition, answer: Answer) -> list[Cell]:
    """Return the CELLS of a school of the directory; `distance_m` where its basis is `nearest`."""
    school = answer.school
    assert school  # noqa: S101 - an answer for a school of the directory has it
    basis = answer.basis.value if answer.basis and answer.catchment else None
    distance_m = None if answer.distance_m is None else round(answer.distance_m)
    told: list[Cell] = [school.school_id, school.name, school.city, school.status.value]
    where = [*_catchment(answer.catchment), *provider_cells(answer.provider)]
    listing, note = listing_of(edition, school.school_id), answer.in_school_provision
    return [*told, *where, basis, listing, distance_m, note]


def cells_of_number(edition: Edition, school_id: int) -> list[Cell]:
    """Return the CELLS of a number that the directory lacks: what the edition alone says of it."""
    catchment = edition.catchments.get(listed_in(edition, school_id) or "")
    provider = edition.provider_of(catchment)
    basis = Basis.LISTED.value if catchment else None
    told: list[Cell] = [school_id, None, None, NOT_IN_DIRECTORY]
    where = [*_catchment(catchment), *provider_cells(provider)]
    listing, note = listing_of(edition, school_id), edition.in_school_provision.get(school_id)
    return [*told, *where, basis, listing, None, note]


def _catchment(catchment: Catchment | None) -> list[Cell]:
    if catchment is None:
        return [None] * 3
    return [catchment.code, catchment.name, catchment.education_region]


def provider_cells(provider: Provider | None) -> list[Cell]:
    """Return the PROVIDER_COLUMNS of a provider, all empty where there is none."""
    if provider is None:
        return [None] * 5
    return [provider.code, provider.name, provider.phone, provider.email, provider.website]


def _origin(material: ExportInput) -> list[Cell]:
    starts, release = material.edition.effective_from, material.release
    return [
        material.edition.number or 0,
        starts,
        release.released if release else None,
        material.demonstration,
        "; ".join(dict.fromkeys(f"{s.authority} ({s.licence})" for s in material.sources)),
    ]
