"""School directory releases to rows and back, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import NotKnown
from catchments.core.model import DirectoryRelease, Place, ReleaseSummary, School, SchoolStatus
from catchments.store import schema
from catchments.store.editions import source_from, write_source

_KEPT = tuple(column.name for column in schema.school.c if column.name in School.__slots__)


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
    """Return one release whole, with the schools that only earlier releases hold.

    Raises NotKnown.
    """
    summary = next((s for s in summaries(connection) if s.number == number), None)
    if summary is None:
        raise NotKnown(f"There is no school directory release {number}.")
    schools = _schools(connection, schema.school.c.release_number == number)
    return DirectoryRelease(
        schools=schools,
        released=summary.released,
        source=summary.source,
        former=_former(connection, summary, set(schools)),
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
        connection.execute(schema.school.insert(), rows)
    return number


def _row(school: School) -> dict[str, Any]:
    row = {name: getattr(school, name) for name in _KEPT}
    place = school.place
    return {**row, "lng": place and place.lng, "lat": place and place.lat}


def _school(row: Any) -> School:
    values = {name: row[name] for name in _KEPT}
    place = None if row["lng"] is None else Place(lng=row["lng"], lat=row["lat"])
    return School(**{**values, "status": SchoolStatus(values["status"]), "place": place})


def _schools(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> dict[int, School]:
    query = sa.select(schema.school).where(condition).order_by(schema.school.c.school_id)
    return {row["school_id"]: _school(row) for row in connection.execute(query).mappings()}


def _former(
    connection: sa.Connection, summary: ReleaseSummary, present: set[int]
) -> dict[int, School]:
    """Return the schools last seen in an earlier release of the same standing, as closed.

    Schools of the demonstration selection are not remembered beside a real directory.
    """
    earlier = [
        s
        for s in summaries(connection)
        if s.number != summary.number
        and s.released <= summary.released
        and s.source.demonstration == summary.source.demonstration
    ]
    former: dict[int, School] = {}
    for older in sorted(earlier, key=lambda s: (s.released, s.number)):
        for school_id, school in _schools(
            connection, schema.school.c.release_number == older.number
        ).items():
            if school_id not in present:
                former[school_id] = replace(
                    school, status=SchoolStatus.CLOSED, last_seen=older.released
                )
    return former
