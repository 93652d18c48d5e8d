"""Digests of what a database holds: of an edition, a directory release, the aliases.

The same rows give the same digest on SQLite and on PostgreSQL, in whatever order their columns were
made. A row is its columns by name, each with its kind, its length and its bytes; NULL is left out,
so that “” is another value, and a column that a later version adds (NULL in what is there) changes
no digest. Text is its UTF-8 as it is, never normalised; moments have microseconds, numbers their
shortest form, -0 is 0 as SQLite keeps it. Rows come in the order of their keys, by bytes. One row
is held at a time.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from catchments.core.errors import CatchmentsError
from catchments.store import schema

FORM = 1
"""Of what is digested and how: raised where the same rows would give another digest."""
ROWS_AT_ONCE = 1_000
ARTEFACT = schema.artefact.name


class Unreadable(CatchmentsError):
    """A row that holds what cannot be in it, such as a date that is none."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What a table holds, or a part of it."""

    rows: int
    sha256: str
    """In hexadecimal, of the rows' digests in order."""


def edition_rows(connection: sa.Connection, number: int) -> dict[str, Iterator[tuple[str, bytes]]]:
    """Return the keys and digests of an edition's rows, by table, but of its files.

    All its cells are in it but `withdrawn_at`, which may be set later, with an entry of its own.
    Boundaries are hashed anew: what the database says of their hash is a cell as others.
    """
    boundary, source = schema.boundary, schema.source
    catchment, used = schema.edition_catchment, schema.edition_source
    edition = [column for column in schema.edition.c if column.name != "withdrawn_at"]
    numbered = {
        table.name: _part(connection, table, table.c, table.c.edition_number == number)
        for table in (
            catchment,
            schema.edition_provider,
            schema.edition_listing,
            schema.edition_in_school_provision,
            used,
        )
    }
    return {
        schema.edition.name: _part(
            connection, schema.edition, edition, schema.edition.c.number == number
        ),
        **numbered,
        boundary.name: _part(
            connection,
            catchment,
            [catchment.c.edition_number, catchment.c.code, *boundary.c],
            catchment.c.edition_number == number,
            joined=catchment.join(boundary),
        ),
        source.name: _part(
            connection,
            used,
            [used.c.edition_number, used.c.position, *source.c],
            used.c.edition_number == number,
            joined=used.join(source),
        ),
    }


def artefact_rows(connection: sa.Connection, number: int) -> Iterator[tuple[str, bytes]]:
    """Yield the names and digests of the files that were made of an edition."""
    table = schema.artefact
    return _part(connection, table, table.c, table.c.edition_number == number)


def release_rows(connection: sa.Connection, number: int) -> dict[str, Iterator[tuple[str, bytes]]]:
    """Return the keys and digests of the rows of a directory release, by table."""
    release, school, source = schema.directory_release, schema.school, schema.source
    one = release.c.number == number
    return {
        release.name: _part(connection, release, release.c, one),
        source.name: _part(connection, release, list(source.c), one, joined=release.join(source)),
        school.name: _part(connection, school, school.c, school.c.release_number == number),
    }


def aliases_rows(connection: sa.Connection) -> dict[str, Iterator[tuple[str, bytes]]]:
    """Return the keys and digests of the aliases, by table."""
    return {schema.alias.name: _part(connection, schema.alias, schema.alias.c, sa.true())}


def one_state(connection: sa.Connection) -> sa.Connection:
    """Have a connection, before its first statement, see one state of the database throughout."""
    if connection.dialect.name == "postgresql":  # SQLite's readers always do
        connection.execution_options(isolation_level="REPEATABLE READ")
    return connection


# --- the canonical form ---------------------------------------------------------------------------


def digest_of(rows: Iterable[tuple[str, bytes]]) -> TableDigest:
    """Return the digest of rows, given each one's key and digest, in order."""
    whole, count = hashlib.sha256(), 0
    for count, (_, digest) in enumerate(rows, 1):  # noqa: B007 - how many there were
        whole.update(digest)
    return TableDigest(count, whole.hexdigest())


def row_digest(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a row, given its columns by name."""
    digest = hashlib.sha256()
    for name in sorted(row):
        if row[name] is not None:
            kind, content = _canonical(row[name])
            digest.update(f"{name} {kind} {len(content)}\n".encode())
            digest.update(content)
    return digest.digest()


def _canonical(value: Any) -> tuple[str, bytes]:
    if type(value) not in _KINDS:
        raise Unreadable(f"A cell holds a {type(value).__name__}, which no column of ours does.")
    kind, written = _KINDS[type(value)]
    return kind, written(value)


def _number(value: float) -> bytes:
    return b"nan" if math.isnan(value) else repr(value + 0.0).encode()  # -0.0 becomes 0.0


_KINDS: dict[type, tuple[str, Callable[[Any], bytes]]] = {
    bool: ("switch", lambda value: b"1" if value else b"0"),
    int: ("whole", lambda value: str(value).encode()),
    float: ("number", _number),
    str: ("text", lambda value: value.encode("utf-8", "surrogatepass")),
    bytes: ("bytes", lambda value: value),
    datetime: ("moment", lambda value: value.isoformat(timespec="microseconds").encode()),
    date: ("day", lambda value: value.isoformat().encode()),
}


def _part(
    connection: sa.Connection,
    table: sa.Table,
    columns: Iterable[sa.ColumnElement[Any]],
    condition: sa.ColumnElement[bool],
    *,
    joined: sa.Join | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Yield key and digest of the rows of a table, perhaps with those that belong to them."""
    columns = list(columns)
    keys = list(table.primary_key.columns)
    query = (
        sa.select(*columns, *(key.label(f"key {n}") for n, key in enumerate(keys)))
        .select_from(table if joined is None else joined)
        .where(condition)
        .order_by(*(_by_bytes(connection, key) for key in keys))
    )
    names = [str(column.key) for column in columns]
    large = any(isinstance(column.type, sa.LargeBinary) for column in columns)
    at_once = 1 if large else ROWS_AT_ONCE
    try:
        with connection.execute(query, execution_options={"yield_per": at_once}) as result:
            for row in result:
                values = tuple(row)
                key = " ".join(map(str, values[len(names) :]))
                yield key, row_digest(dict(zip(names, values, strict=False)))
    except (ValueError, TypeError) as error:  # SQLite keeps any text in a column of dates
        raise _unreadable(table, error) from error
    except DatabaseError as error:
        if "decode" not in str(error.orig):
            raise
        raise _unreadable(table, error.orig) from error


def _by_bytes(connection: sa.Connection, key: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Return what to sort by: SQLite compares text by its bytes, PostgreSQL by its language."""
    text = isinstance(key.type, sa.String) and connection.dialect.name == "postgresql"
    return sa.collate(key, "C") if text else key


def _unreadable(table: sa.Table, error: object) -> Unreadable:
    return Unreadable(f"A row of the table {table.name} holds what cannot be in it: {error}.")
