"""Catchments and schools as tables for spreadsheets: RFC 4180, UTF-8, a first line of names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from catchments.core.column_vocabulary import PROVIDER_COLUMNS
from catchments.core.plain_cells import Cell, plain_table
from catchments.lookup.snapshot import Snapshot
from catchments.web.common.services import sources_of
from catchments.web.pages.catchment_summaries import Entry
from maps.exports.school_tables import (
    CELLS,
    cells_of,
    cells_of_number,
    listed_in,
    numbers_without_school,
    provider_cells,
)

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
CATCHMENT = ("catchment_code", "catchment_name", "education_region")
ORIGIN = ("edition", "directory_release", "demonstration", "source")
"""Every row says where it is from, because rows are copied out of files."""


def catchments_table(snapshot: Snapshot, entries: Iterable[Entry]) -> bytes:
    """Return each catchment with its provider and its number of schools, as CSV.

    Below all catchments stand the providers that serve none.
    """
    rows = _catchments_and_idle(snapshot, entries)
    return _csv((*CATCHMENT, *PROVIDER_COLUMNS, "schools"), rows, snapshot)


def schools_table(snapshot: Snapshot, entries: Iterable[Entry], *, rest: bool = False) -> bytes:
    """Return each school in these catchments, with how it belongs to one, as CSV.

    A number that is listed there and that the directory lacks has a row too; with `rest` so have,
    below, all that are in no catchment. `distance_m` is in metres, and only where the basis is
    `nearest`.
    """
    lacking = _lacking(snapshot)
    rows = [row for entry in entries for row in _schools_of(snapshot, entry, lacking)]
    if rest:
        rows += _in_no_catchment(snapshot, lacking)
    return _csv(CELLS, rows, snapshot)


def _catchments_and_idle(snapshot: Snapshot, entries: Iterable[Entry]) -> Iterator[list[Cell]]:
    day, idle = snapshot.release.released, dict(snapshot.edition.providers)
    for entry in entries:
        catchment, provider = entry.catchment, entry.provider
        where = [catchment.code, catchment.name, catchment.education_region]
        yield [*where, *provider_cells(provider), entry.count(day)]
        idle.pop(catchment.provider_code or "", None)
    for code in sorted(idle):
        yield [*[None] * len(CATCHMENT), *provider_cells(idle[code]), None]


def _schools_of(
    snapshot: Snapshot, entry: Entry, lacking: Mapping[str | None, list[int]]
) -> Iterator[list[Cell]]:
    edition, answers = snapshot.edition, snapshot.answers
    for member in entry.members:
        yield cells_of(edition, answers[member.school.school_id])
    for number in lacking.get(entry.catchment.code, []):
        yield cells_of_number(edition, number)


def _in_no_catchment(
    snapshot: Snapshot, lacking: Mapping[str | None, list[int]]
) -> Iterator[list[Cell]]:
    edition = snapshot.edition
    for answer in snapshot.answers.values():
        if answer.catchment is None:
            yield cells_of(edition, answer)
    for number in lacking.get(None, []):
        yield cells_of_number(edition, number)


def _lacking(snapshot: Snapshot) -> Mapping[str | None, list[int]]:
    """Return the numbers that the edition speaks of and the directory lacks, by catchment."""
    found: dict[str | None, list[int]] = defaultdict(list)
    for number in numbers_without_school(snapshot.edition, snapshot.answers):
        found[listed_in(snapshot.edition, number)].append(number)
    return found


def origin(snapshot: Snapshot) -> list[Cell]:
    """Return the cells of `ORIGIN`."""
    demonstration = "yes: made up" if snapshot.demonstration else "no"
    # Titles and releases would make the file three times as long; the edition tells them.
    credited = dict.fromkeys(f"{s.authority} ({s.licence})" for s in sources_of(snapshot))
    released = snapshot.release.released.isoformat()
    return [snapshot.edition.number, released, demonstration, "; ".join(credited)]


def _csv(header: Sequence[str], rows: Iterable[Sequence[Cell]], snapshot: Snapshot) -> bytes:
    whence = origin(snapshot)
    return plain_table((*header, *ORIGIN), ((*row, *whence) for row in rows))
