"""Files made from editions, read in pieces: none of tens of megabytes is ever held whole."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from catchments.core.errors import NotKnown
from catchments.store import schema
from catchments.store.engine import Repository

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIECE_BYTES = 1 << 20
_T = schema.artefact


@dataclass(frozen=True)
class Artefact:
    """A named file made from an edition."""

    name: str
    media_type: str
    content: bytes

    @cached_property
    def sha256(self) -> str:
        """The content's, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class AboutArtefact:
    """What is known of a file without reading it; `size` is in bytes."""

    edition: int
    name: str
    media_type: str
    sha256: str
    size: int


def write(
    connection: sa.Connection, number: int, artefacts: Iterable[Artefact], *, maker: str
) -> None:
    """Insert what a version of the maker made of an edition."""
    rows = [
        {
            "edition_number": number,
            "name": each.name,
            "maker": maker,
            "media_type": each.media_type,
            "sha256": each.sha256,
            "content": each.content,
        }
        for each in artefacts
    ]
    if rows:
        connection.execute(_T.insert(), rows)


class Artefacts(Repository):
    """The files in a store."""

    def about(self, edition: int, name: str) -> AboutArtefact | None:
        """Return what is known of a file of an edition, or None."""
        columns = (_T.c.media_type, _T.c.sha256, sa.func.length(_T.c.content))
        query = sa.select(*columns).where(_T.c.edition_number == edition, _T.c.name == name)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return AboutArtefact(edition, name, *row) if row else None

    def all_named(self, name: str) -> dict[int, bytes]:
        """Return the file of that name of every edition that has one; it must be a small one."""
        query = sa.select(_T.c.edition_number, _T.c.content).where(_T.c.name == name)
        with self._database.reading() as connection:
            return {edition: bytes(content) for edition, content in connection.execute(query)}

    def piece(self, about: AboutArtefact, start: int, size: int) -> bytes:
        """Return so many bytes of a file from a place on.

        Raises NotKnown if another has taken its place since.
        """
        row = (
            _T.c.edition_number == about.edition,
            _T.c.name == about.name,
            _T.c.sha256 == about.sha256,
        )
        with self._database.reading() as connection:
            read = _from_sqlite if connection.dialect.name == "sqlite" else _from_postgresql
            found = read(connection, sa.and_(*row), start, size)
        if found is None:
            raise NotKnown(f"{about.name} of edition {about.edition} has been made anew.")
        return found


def _from_postgresql(
    connection: sa.Connection, row: sa.ColumnElement[bool], start: int, size: int
) -> bytes | None:
    found = connection.scalar(sa.select(sa.func.substr(_T.c.content, start + 1, size)).where(row))
    return None if found is None else bytes(found)


def _from_sqlite(
    connection: sa.Connection, row: sa.ColumnElement[bool], start: int, size: int
) -> bytes | None:
    """Read through SQLite's own door for large values: `substr` would load all of it first."""
    rowid = connection.scalar(sa.select(sa.literal_column("rowid")).select_from(_T).where(row))
    if rowid is None:
        return None
    driver: Any = connection.connection.driver_connection
    with driver.blobopen(_T.name, _T.c.content.name, rowid, readonly=True) as blob:
        blob.seek(start)
        return bytes(blob.read(size))


class ArtefactFile(io.RawIOBase):
    """A file made from an edition, to be read like one on disk; no transaction stays open."""

    def __init__(self, artefacts: Artefacts, about: AboutArtefact) -> None:
        self._artefacts = artefacts
        self._about = about
        self._at = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """Any part of it can be read."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place from the start, from here, or from the end."""
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._about.size}
        self._at = max(0, bases[whence] + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read as much as fits into the buffer, or less at the end."""
        room = memoryview(buffer).cast("B")
        wanted = min(len(room), PIECE_BYTES, self._about.size - self._at)
        if wanted <= 0:
            return 0
        found = self._artefacts.piece(self._about, self._at, wanted)
        room[: len(found)] = found
        self._at += len(found)
        return len(found)
