"""Roads, lakes and rivers in cells, and whose they are: one import's at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
import sqlalchemy as sa

from catchments.core.roles import COMMAND_LINE
from catchments.store import schema
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import append

CELLS_AT_ONCE = 100
SUBJECT = "basemap"
_B = schema.basemap
_C = schema.basemap_cell

Facts = Sequence[Mapping[str, str | int]]
"""What the audit trail keeps of files."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its level and place, such as “near/174_-42”, and its content."""

    place: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Credit:
    """What was imported, whose it is, and under which licence."""

    title: str
    authority: str
    licence: str


@dataclass(frozen=True, slots=True)
class AboutBasemap:
    """What is known of the roads, lakes and rivers that are there."""

    credit: Credit
    sha256: str
    """Of all cells: what is kept under it never changes."""


class Basemaps(Repository):
    """The roads, lakes and rivers in a store."""

    def about(self) -> AboutBasemap | None:
        """Return what is known of those that are there, or None."""
        query = sa.select(_B.c.title, _B.c.authority, _B.c.licence, _B.c.sha256)
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(_B.c.number.desc()).limit(1)).one_or_none()
        return AboutBasemap(Credit(*row[:3]), row[3]) if row else None

    def cell(self, place: str) -> bytes | None:
        """Return a cell's content as it was kept; None where it has nothing in it."""
        newest = sa.select(sa.func.max(_B.c.number)).scalar_subquery()
        query = sa.select(_C.c.content).where(_C.c.number == newest, _C.c.place == place)
        with self._database.reading() as connection:
            found = connection.scalar(query)
        return None if found is None else bytes(found)

    def replace(self, cells: Iterable[Cell], credit: Credit, *, files: Facts) -> int:
        """Put cells in place of those there are, on record; return how many bytes they have."""
        digest, size = hashlib.sha256(), 0
        with self._database.writing() as connection:
            number = (connection.scalar(sa.select(sa.func.max(_B.c.number))) or 0) + 1
            _clear(connection)
            about = {"title": credit.title, "authority": credit.authority}
            connection.execute(
                _B.insert().values(
                    number=number,
                    imported_at=now(),
                    sha256="",
                    licence=credit.licence,
                    files=msgspec.json.encode(files).decode(),
                    **about,
                )
            )
            left = iter(cells)
            while some := list(islice(left, CELLS_AT_ONCE)):
                rows = [{"number": number, "place": c.place, "content": c.content} for c in some]
                connection.execute(_C.insert(), rows)
                for cell in some:
                    digest.update(cell.place.encode() + cell.content)
                    size += len(cell.content)
            connection.execute(_B.update().values(sha256=digest.hexdigest()))
            action = f"import.{SUBJECT}"
            append(connection, actor=COMMAND_LINE, action=action, subject=SUBJECT, files=files)
        return size

    def remove(self) -> None:
        """Take those that are there away, on record."""
        with self._database.writing() as connection:
            _clear(connection)
            action = f"remove.{SUBJECT}"
            append(connection, actor=COMMAND_LINE, action=action, subject=SUBJECT)


def _clear(connection: sa.Connection) -> None:
    connection.execute(_C.delete())
    connection.execute(_B.delete())
