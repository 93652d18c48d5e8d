"""The address book: addresses, roads, suburbs and towns in an SQLite file of its own, by text.

Words are looked for among the hundred thousand roads, not among the millions of addresses; a
number is then found on those roads by its key. The driver is used as it is: one file, read only,
a few statements, and an engine's pool and dialects would cost more than the lookup.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from shapely.geometry.base import BaseGeometry

from catchments.core.model import NamedPlace, Source
from catchments.lookup.search.addresses.building import (
    APPLICATION_ID,
    FORMAT,
    Counts,
)
from catchments.lookup.search.addresses.counting import counts_within
from catchments.lookup.search.addresses.lookup import Lookup
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.typed_text import TypedText

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_AWAY = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}

log = logging.getLogger(__name__)

T = TypeVar("T")
Identity = tuple[int, int, int]
"""A file's number, time and size: with another one, another book is there."""


class _NotABook(Exception):
    """The file is a database, but not an address book of this format."""


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a book says of itself."""

    source: Source
    counts: Counts
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Session:
    """A connection, which one lookup at a time has to itself, and what it is connected to."""

    connection: sqlite3.Connection
    identity: Identity
    contents: _Contents


class AddressBook:
    """The address book in a file, if there is one; a book put in its place is seen at once.

    A file that is no book, or is damaged, counts as none, and a line of the log says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[_Session] = []
        self._known: tuple[Identity | None, str] = (None, "")
        self._unusable: Identity | None = None

    def about(self) -> Source | None:
        """Return where the addresses came from; None without a book."""
        return self._ask(lambda session: session.contents.source, None)

    def counts(self) -> Counts | None:
        """Return how much the book holds; None without one."""
        return self._ask(lambda session: session.contents.counts, None)

    @property
    def fingerprint(self) -> str:
        """What changes when another book is put in place; “” without a book."""
        identity, known = self._known
        if self._identity() != identity:
            identity = self._identity()
            known = self._ask(lambda session: session.contents.fingerprint, "")
            self._known = (identity, known)
        return known

    def candidates(self, typed: TypedText | AddressText, *, at_most: int) -> list[NamedPlace]:
        """Return the places that a text may mean, best first, each with its match.

        A number that is not known on its road gives the road; a suburb's or town's name, that.
        None without a book.
        """
        return self._ask(lambda session: Lookup(session.connection, at_most).candidates(typed), [])

    def localities_named_in(
        self, typed: TypedText | AddressText, *, at_most: int
    ) -> list[NamedPlace]:
        """Return the suburbs and towns that stand at the end of an address; none without a book.

        Their match is LOCALITY, or MAIL_TOWN where the text says where post goes.
        """
        return self._ask(
            lambda session: Lookup(session.connection, at_most).localities_named_in(typed), []
        )

    def counts_within(self, areas: Sequence[BaseGeometry]) -> list[int] | None:
        """Return how many addresses lie in each area, longitudes 0…360; None without a book."""
        return self._ask(lambda session: counts_within(session.connection, areas), None)

    def close(self) -> None:
        """Close what is kept open for the next lookup."""
        self._close_idle(but=None)

    def _ask(self, question: Callable[[_Session], T], otherwise: T) -> T:
        """Return what a session answers; what stands for it where there is no book to ask."""
        identity = self._identity()
        if identity is None or identity == self._unusable:
            return otherwise
        try:
            session = self._close_idle(but=identity) or self._open(identity)
            try:
                answer = question(session)
            except BaseException:
                session.connection.close()
                raise
        except (_NotABook, sqlite3.DatabaseError) as error:
            if not self._excused(error, identity):
                raise
            return otherwise
        self._idle.append(session)
        return answer

    def _excused(self, error: Exception, identity: Identity) -> bool:
        """Note and log that a book cannot be used; False where not the file is at fault."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_NOTADB) & 0xFF
        if code not in _DAMAGED | _AWAY:
            return False
        if code in _DAMAGED:
            self._unusable = identity
        log.warning("the address book cannot be used: %s", error)
        return True

    def _identity(self) -> Identity | None:
        try:
            found = self._path.stat()
        except (OSError, ValueError):
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _close_idle(self, *, but: Identity | None) -> _Session | None:
        """Return an idle session with the book that is there now; close those with another."""
        while True:
            try:
                session = self._idle.pop()
            except IndexError:
                return None
            if session.identity == but:
                return session
            session.connection.close()

    def _open(self, identity: Identity) -> _Session:
        # Never changed in place, so nothing is locked; a lookup moves from thread to thread.
        uri = f"{self._path.absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            contents = _read_contents(connection)
        except BaseException:
            connection.close()
            raise
        return _Session(connection, identity, contents)


def _read_contents(connection: sqlite3.Connection) -> _Contents:
    marks = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    ]
    if marks != [APPLICATION_ID, FORMAT]:
        raise _NotABook("it is not an address book of this version; import the addresses again")
    notes = dict(connection.execute("SELECT key, value FROM meta"))
    digest = hashlib.sha256(f"{FORMAT} {notes['source']} {notes['counts']}".encode())
    return _Contents(
        source=msgspec.json.decode(notes["source"], type=Source),
        counts=msgspec.json.decode(notes["counts"], type=Counts),
        fingerprint=digest.hexdigest()[:16],
    )
