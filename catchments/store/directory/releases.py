"""School directory releases to rows and back, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import NotKnown
from catchments.core.model import (
    DirectoryRelease,
    FormerName,
    Place,
    ReleaseSummary,
    School,
    SchoolStatus,
    unnamed,
)
from catchments.core.place_names import with_macrons
from catchments.core.roles import COMMAND_LINE
from catchments.core.text_folding import words_of
from catchments.store import schema
from catchments.store.editions import source_from, write_source
from catchments.store.engine import now
from catchments.store.integrity.audit import append
from catchments.store.integrity.records import release_record

_T = schema.school
_KEPT = tuple(column.name for column in _T.c if column.name in School.__slots__)
_TOWNS = ("suburb", "city")


def summaries(connection: sa.Connection) -> list[ReleaseSummary]:
    """Return all releases, by number."""
    table = schema.directory_release
    query = sa.select(table, schema.source).join_from(table, schema.source)
    rows = connection.execute(query.order_by(table.c.number)).mappings()
    return [
        ReleaseSummary(
            number=row["number"],
            released=row["released"],
            school_count=row["school_count"],
            source=source_from(row),
        )
        for row in rows
    ]


def read(connection: sa.Connection, number: int) -> DirectoryRelease:
    """Return one release whole, with the schools and names that only earlier releases hold.

    Towns and suburbs carry their macrons. Raises NotKnown.
    """
    known = summaries(connection)
    summary = next((s for s in known if s.number == number), None)
    if summary is None:
        raise NotKnown(f"There is no school directory release {number}.")
    earlier = _before(summary, known)
    schools = _schools(connection, _T.c.release_number == number)
    return DirectoryRelease(
        schools=schools,
        released=summary.released,
        source=summary.source,
        former=_former(connection, [*earlier, summary]),
        former_names=_former_names(connection, earlier, summary, schools),
        number=number,
    )


def write(connection: sa.Connection, release: DirectoryRelease, *, imported_at: datetime) -> int:
    """Insert one release whole and return its number."""
    table = schema.directory_release
    number = (connection.scalar(sa.select(sa.func.max(table.c.number))) or 0) + 1
    connection.execute(
        table.insert().values(
            number=number,
            released=release.released,
            imported_at=imported_at,
            school_count=len(release.schools),
            source_id=write_source(connection, release.source),
        )
    )
    rows = [{"release_number": number, **_row(school)} for school in release.schools.values()]
    if rows:
        connection.execute(_T.insert(), rows)
    return number


def keep(connection: sa.Connection, release: DirectoryRelease) -> int:
    """Insert one release whole, on record, and return its number."""
    number = write(connection, release, imported_at=now())
    append(
        connection,
        actor=COMMAND_LINE,
        action="directory.keep",
        subject=f"directory release {number}",
        **release_record(connection, number),
    )
    return number


def _row(school: School) -> dict[str, Any]:
    row = {name: getattr(school, name) for name in _KEPT}
    place = school.place
    return {**row, "lng": place and place.lng, "lat": place and place.lat}


def _school(row: Any) -> School:
    values = {name: row[name] for name in _KEPT}
    place = None if row["lng"] is None else Place(lng=row["lng"], lat=row["lat"])
    named = {name: with_macrons(row[name]) for name in _TOWNS}
    status = SchoolStatus(values["status"])
    return School(**{**values, **named, "status": status, "place": place})


def _schools(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[int, School]:
    query = sa.select(_T).where(condition).order_by(_T.c.school_id)
    return {row["school_id"]: _school(row) for row in connection.execute(query).mappings()}


# --- what only earlier releases hold --------------------------------------------------------------


def _before(summary: ReleaseSummary, known: Sequence[ReleaseSummary]) -> list[ReleaseSummary]:
    """Return the releases before one, in order: by date, then by number, as the time-line has them.

    Schools of the demonstration selection are not remembered beside a real directory.
    """
    own = _order(summary)
    same = (s for s in known if s.source.demonstration == summary.source.demonstration)
    return sorted((s for s in same if _order(s) < own), key=_order)


def _order(summary: ReleaseSummary) -> tuple[date, int]:
    return summary.released, summary.number


def _former(connection: sa.Connection, in_order: Sequence[ReleaseSummary]) -> dict[int, School]:
    """Return the schools that earlier releases hold and the last of them lacks, as closed."""
    *earlier, present = in_order
    held = sa.select(_T.c.school_id).where(_T.c.release_number == present.number)
    query = sa.select(_T).where(
        _T.c.release_number.in_([s.number for s in earlier]), _T.c.school_id.not_in(held)
    )
    ranks = {s.number: rank for rank, s in enumerate(earlier)}
    rows = sorted(
        connection.execute(query).mappings(), key=lambda row: ranks[row["release_number"]]
    )
    last = {row["school_id"]: row for row in rows}
    nexts = {s.number: (s.released, after.released) for s, after in pairwise(in_order)}
    return {number: _gone(row, *nexts[row["release_number"]]) for number, row in last.items()}


def _gone(row: Any, last_seen: date, gone_since: date) -> School:
    return replace(
        _school(row), status=SchoolStatus.CLOSED, last_seen=last_seen, gone_since=gone_since
    )


def _former_names(
    connection: sa.Connection,
    earlier: Sequence[ReleaseSummary],
    summary: ReleaseSummary,
    schools: Mapping[int, School],
) -> dict[int, tuple[FormerName, ...]]:
    """Return the names that earlier releases have for schools of a release, the latest first."""
    now = _T.alias("now")
    query = (
        sa.select(_T.c.school_id, _T.c.name, _T.c.release_number)
        .join(now, now.c.school_id == _T.c.school_id)
        .where(
            now.c.release_number == summary.number,
            _T.c.release_number.in_([s.number for s in earlier]),
            _T.c.name != now.c.name,
        )
    )
    ranks = {s.number: (rank, s.released) for rank, s in enumerate(earlier)}
    found: dict[int, dict[tuple[str, ...], FormerName]] = {}
    rows = connection.execute(query).all()
    for number, name, release in sorted(rows, key=lambda r: ranks[r.release_number], reverse=True):
        if _is_another_name(name, schools[number]):
            kept = FormerName(name, ranks[release][1])
            found.setdefault(number, {}).setdefault(words_of(name), kept)
    return {number: tuple(found[number].values()) for number in sorted(found)}


def _is_another_name(name: str, school: School) -> bool:
    """Whether a name differs in its words, and is none that stood for a missing one."""
    words = words_of(name)
    return bool(words) and words not in {words_of(school.name), words_of(unnamed(school.school_id))}
