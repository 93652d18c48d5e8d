"""What a backup holds, read row by row: digests of tables and editions, and files that are wrong.

An SQLite file is read as it lies there, a dump as `pg_restore` writes it; neither needs to be of
this version's schema.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from catchments.store.schema import metadata

_OF_AN_EDITION = {"edition": "number"}
"""Tables whose column with the edition's number is called otherwise than in all others."""
_NAMED = {"edition_provider": "provider", "edition_catchment": "catchment"}
"""Tables small enough to keep something of each cell, to name the one that differs."""
_WORDS = {
    "edition": "its title, dates or reasons",
    "edition_catchment": "its catchments",
    "edition_provider": "its providers",
    "edition_listing": "its list of schools",
    "edition_in_school_provision": "what schools provide themselves",
    "edition_source": "its sources",
    "artefact": "its map or downloads",
}
_CELL = 4
"""Digits that are kept of a cell's digest."""
NAMED_AT_MOST = 8


class Part(msgspec.Struct, frozen=True):
    """What a table holds, or what of it belongs to one edition."""

    rows: int
    sha256: str
    """In hexadecimal."""


class Held(msgspec.Struct, frozen=True):
    """What a database holds."""

    tables: dict[str, Part]
    editions: dict[str, dict[str, Part]]
    """Table → part, by the edition's number."""
    cells: dict[str, dict[str, str]]
    """By table and by “edition, code”: some digits of each cell's digest."""
    columns: dict[str, list[str]]
    """Of the tables in `cells`."""
    published: dict[str, str]
    """When each edition was published, as the database keeps it."""
    wrong_files: list[str]
    """Files made from editions that are not what their SHA-256 says, such as “map.js of 3”."""

    def differences(self, now: Held) -> list[str]:
        """Return what differs in another, in words: editions first, as exactly as is known."""
        numbers = sorted({*self.editions, *now.editions}, key=int)
        found = [f"edition {n}: {what}" for n in numbers for what in self._of_edition(now, n)]
        told = {table for n in numbers for table in self._parts_that_differ(now, n)}
        tables = sorted({*self.tables, *now.tables} - told)
        return found + [f"table {t}" for t in tables if self.tables.get(t) != now.tables.get(t)]

    def _parts_that_differ(self, now: Held, number: str) -> list[str]:
        before, after = self.editions.get(number, {}), now.editions.get(number, {})
        return [t for t in sorted({*before, *after}) if before.get(t) != after.get(t)]

    def _of_edition(self, now: Held, number: str) -> Iterator[str]:
        for table in self._parts_that_differ(now, number):
            named = list(self._named(now, number, table))
            yield from named or [_WORDS.get(table, f"table {table}")]

    def _named(self, now: Held, number: str, table: str) -> Iterator[str]:
        before, after = self.cells.get(table, {}), now.cells.get(table, {})
        for key in sorted({*before, *after}):
            edition, _, code = key.partition(" ")
            if edition != number or before.get(key) == after.get(key):
                continue
            word = f"{_NAMED.get(table, table)} {code}"
            if key not in before or key not in after:
                yield f"{word} is missing" if key in before else f"{word} is new"
                continue
            columns = self.columns.get(table, [])
            differ = [
                c for n, c in enumerate(columns) if _cell(before[key], n) != _cell(after[key], n)
            ]
            yield f"{word} differs in {', '.join(differ)}"


def _cell(cells: str, at: int) -> str:
    return cells[at * _CELL : (at + 1) * _CELL]


@dataclass
class _Digest:
    rows: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def add(self, row: bytes) -> None:
        self.rows += 1
        self.hash.update(row)

    @property
    def part(self) -> Part:
        return Part(self.rows, self.hash.hexdigest())


class Tally:
    """Digests as rows come."""

    def __init__(self) -> None:
        self._tables: dict[str, _Digest] = {}
        self._editions: dict[str, dict[str, _Digest]] = {}
        self._cells: dict[str, dict[str, str]] = {}
        self._columns: dict[str, list[str]] = {}
        self._published: dict[str, str] = {}
        self._wrong: list[str] = []
        self.table = ""
        """The one whose rows come."""
        self.names: list[str] = []
        """Of its columns."""

    def begin(self, table: str, columns: Sequence[str]) -> None:
        """Take rows of a table from here on."""
        self.table = table
        names = self.names = list(columns)
        self._tables[table] = _Digest()
        of = _OF_AN_EDITION.get(table, "edition_number")
        # Tables of the staff may speak of an edition without being part of it.
        ours = table in _OF_AN_EDITION or table in _WORDS
        self._edition = names.index(of) if ours and of in names else None
        self._code = names.index("code") if table in _NAMED and "code" in names else None
        if self._code is not None:
            self._columns[table] = names
        self._at = {name: at for at, name in enumerate(names)}

    def add(self, row: bytes, cells: Sequence[Any]) -> None:
        """Take a row: as bytes that no other row has, and its cells."""
        self._tables[self.table].add(row)
        if self._edition is None:
            return
        number = _text(cells[self._edition])
        parts = self._editions.setdefault(number, {})
        parts.setdefault(self.table, _Digest()).add(row)
        if self._code is not None:
            digits = "".join(hashlib.sha256(repr(c).encode()).hexdigest()[:_CELL] for c in cells)
            self._cells.setdefault(self.table, {})[f"{number} {_text(cells[self._code])}"] = digits
        if self.table == "edition" and "published_at" in self._at:
            self._published[number] = _text(cells[self._at["published_at"]])

    def file(self, number: str, name: str, content: bytes, sha256: str) -> None:
        """Take a file that was made from an edition, with what the database says of it."""
        if hashlib.sha256(content).hexdigest() != sha256:
            self._wrong.append(f"{name} of edition {number}")

    @property
    def held(self) -> Held:
        """What has come so far."""
        return Held(
            {name: digest.part for name, digest in self._tables.items()},
            {
                number: {name: digest.part for name, digest in parts.items()}
                for number, parts in self._editions.items()
            },
            self._cells,
            self._columns,
            self._published,
            self._wrong,
        )


def _text(cell: Any) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


# --- SQLite ---------------------------------------------------------------------------------------


def held_by_sqlite(source: sqlite3.Connection) -> Held:
    """Return what an SQLite file holds in tables of ours. Raises sqlite3.Error."""
    source.text_factory = _as_it_is
    there = {
        name for (name,) in source.execute("SELECT name FROM sqlite_master WHERE type='table'")
    }
    tally = Tally()
    for table in sorted(there & {*metadata.tables}):
        rows = source.execute(f'SELECT * FROM "{table}" ORDER BY rowid')  # noqa: S608 - our names
        tally.begin(table, [column[0] for column in rows.description])
        _take(rows, tally, table)
    return tally.held


def _as_it_is(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _take(rows: Iterable[tuple[Any, ...]], tally: Tally, table: str) -> None:
    for cells in rows:
        short = [hashlib.sha256(c).digest() if isinstance(c, bytes) else c for c in cells]
        tally.add(repr(short).encode("utf-8", "surrogateescape"), short)
        if table == "artefact":
            _take_file(dict(zip(tally.names, cells, strict=True)), tally)


def _take_file(row: dict[str, Any], tally: Tally) -> None:
    content = row["content"]
    content = content if isinstance(content, bytes) else b""
    tally.file(str(row["edition_number"]), str(row["name"]), content, str(row["sha256"]))


# --- PostgreSQL -----------------------------------------------------------------------------------


def held_by_dump(lines: Iterable[bytes]) -> Iterator[Tally]:
    """Follow what pg_restore writes of the rows of a dump; yield the tally again and again.

    Whoever stops it half-way finds in `Tally.table` what was being read.
    """
    tally = Tally()
    copying, names = False, list[str]()
    for line in lines:
        if not copying:
            if not (line.startswith(b"COPY ") and line.rstrip().endswith(b"FROM stdin;")):
                continue
            table, names = _copied(line.decode())
            if table in metadata.tables:  # PostGIS has one of its own
                tally.begin(table, names)
                copying = True
                yield tally
        elif line == b"\\.\n":
            copying = False
        else:
            cells = line.rstrip(b"\n").split(b"\t")
            tally.add(line, cells)
            if tally.table == "artefact":
                _take_copied_file(dict(zip(names, cells, strict=False)), tally)
    yield tally


def _copied(line: str) -> tuple[str, list[str]]:
    # COPY public.edition (number, title) FROM stdin;
    table, _, rest = line.removeprefix("COPY ").partition(" (")
    names = rest.rpartition(") FROM")[0].split(", ")
    return table.rpartition(".")[2].strip('"'), [name.strip('"') for name in names]


def _take_copied_file(row: dict[str, bytes], tally: Tally) -> None:
    content = row.get("content", b"").removeprefix(b"\\\\x")
    try:
        plain = bytes.fromhex(content.decode("ascii"))
    except ValueError:
        plain = b""
    tally.file(_text(row["edition_number"]), _text(row["name"]), plain, _text(row["sha256"]))
