"""A whole database into an empty one of either kind: every row, in one transaction, compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError

from catchments.core.errors import CatchmentsError, InputRefused
from catchments.store.engine import (
    NEWEST_REVISION,
    Database,
    database_file,
    revision,
    upgrade,
)
from catchments.store.integrity.digests import row_digest
from catchments.store.schema import ONLY_ON_POSTGRESQL, metadata
from catchments.store.upkeep.sqlite_files import gone_if_it_fails

ROWS_AT_ONCE = 1_000
LARGE_ROWS_AT_ONCE = 1
"""Of tables with bytes in them: what was made from an edition may be many megabytes a row."""
_MODULUS = 1 << 256

Progress = Callable[[str, int, int | None], None]


class MoveRefused(CatchmentsError):
    """A database that cannot be moved to where it should go; the target is as it was."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a table holds: equal where two hold the same rows, whatever their order."""

    rows: int = 0
    digest: int = 0
    """The sum of each row's SHA-256, modulo 2²⁵⁶."""

    def with_row(self, row: sa.Row[Any]) -> Contents:
        """Return the contents with one row more."""
        digest = int.from_bytes(row_digest(row._asdict()))
        return Contents(self.rows + 1, (self.digest + digest) % _MODULUS)


def move(source_url: str, target_url: str, *, progress: Progress) -> dict[str, Contents]:
    """Copy all of a database into an empty one; return what each table holds, in both alike.

    Nobody writes to either meanwhile. Raises MoveRefused, and StoreUnavailable.
    """
    source, target = Database(source_url), Database(target_url)
    try:
        with gone_if_it_fails(database_file(target_url)):
            _refuse_source(source)
            _refuse_target(source, target)
            target.make()
            with source.writing() as reading, target.writing() as writing:
                return _moved(reading, writing, progress)
    except (DataError, IntegrityError, InputRefused) as error:
        # A zero byte is said as what somebody sent; here it is a row's.
        unfit = error.__cause__ if isinstance(error, InputRefused) else error
        if isinstance(unfit, DataError | IntegrityError):
            raise _unfit(unfit) from error
        raise
    finally:
        source.close()
        target.close()


def _moved(
    reading: sa.Connection, writing: sa.Connection, progress: Progress
) -> dict[str, Contents]:
    _refuse_unless_empty(writing)  # once more: nobody else writes from here on
    upgrade(writing)
    copied = {t.name: _copy(reading, writing, t, progress) for t in metadata.sorted_tables}
    for table in metadata.sorted_tables:
        _refuse_difference(table, copied[table.name], contents(writing, table))
        _continue_numbering(writing, table)
    return copied


def contents(connection: sa.Connection, table: sa.Table) -> Contents:
    """Return what a table holds, read row by row."""
    found = Contents()
    for batch in _batches(connection, table):
        for row in batch:
            found = found.with_row(row)
    return found


def _copy(
    reading: sa.Connection, writing: sa.Connection, table: sa.Table, progress: Progress
) -> Contents:
    whole = reading.scalar(sa.select(sa.func.count()).select_from(table))
    copied = Contents()
    progress(table.name, 0, whole)
    for batch in _batches(reading, table):
        writing.execute(table.insert(), [dict(row._mapping) for row in batch])
        for row in batch:
            copied = copied.with_row(row)
        progress(table.name, copied.rows, whole)
    return copied


def _batches(connection: sa.Connection, table: sa.Table) -> Iterator[list[sa.Row[Any]]]:
    large = any(isinstance(column.type, sa.LargeBinary) for column in table.c)
    at_once = LARGE_ROWS_AT_ONCE if large else ROWS_AT_ONCE
    # By number, so that an edition comes after the one that it was made from.
    query = sa.select(table).order_by(*table.primary_key.columns)
    with connection.execute(query, execution_options={"yield_per": at_once}) as result:
        for batch in result.partitions():
            yield list(batch)


def _continue_numbering(connection: sa.Connection, table: sa.Table) -> None:
    """Have PostgreSQL number the next row after the last; SQLite does so by itself."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
    # An empty table's largest number is null, for which nothing is set.
    connection.execute(sa.select(sa.func.setval(sequence, sa.func.max(column))))


# --- refusals -------------------------------------------------------------------------------------


def _refuse_source(source: Database) -> None:
    if source.is_bare():
        source.refuse_unless_set_up()
    with source.reading() as connection:
        found = revision(connection)
        if found != NEWEST_REVISION:
            raise MoveRefused(
                f"The database to be moved has the schema “{found or 'none'}”, and this program "
                f"moves “{NEWEST_REVISION}” only.",
                next_step="Upgrade it first: run `flask setup` with DATABASE_URL set to it.",
            )
        if not any(_holds(connection, table) for table in metadata.sorted_tables):
            raise MoveRefused(
                "The database to be moved is empty.",
                next_step="Look at its address; the first that is named is the one to move.",
            )


def _refuse_target(source: Database, target: Database) -> None:
    if sa.make_url(source.url) == sa.make_url(target.url):
        raise InputRefused(
            "A database cannot be moved to itself.",
            field="to",
            next_step="Name another database as the second.",
        )
    file = database_file(target.url)
    if file is None or file.exists():
        # Before anything is locked: it may be the first one under another name.
        with target.reading() as connection:
            _refuse_unless_empty(connection)


def _refuse_unless_empty(connection: sa.Connection) -> None:
    there = set(sa.inspect(connection).get_table_names()) - ONLY_ON_POSTGRESQL
    strange = sorted(there - metadata.tables.keys() - {"alembic_version"})
    filled = [t.name for t in metadata.sorted_tables if t.name in there and _holds(connection, t)]
    if strange or filled:
        raise MoveRefused(
            f"The database to move to is not empty: it has {', '.join([*filled, *strange][:5])}.",
            next_step="Name an empty database.",
        )


def _holds(connection: sa.Connection, table: sa.Table) -> bool:
    # Without naming columns: an earlier revision has fewer.
    query = sa.select(sa.literal(1)).select_from(table).limit(1)
    return connection.scalar(query) is not None


def _refuse_difference(table: sa.Table, copied: Contents, found: Contents) -> None:
    if copied != found:
        raise MoveRefused(
            f"The table {table.name} came out different: {copied.rows} rows were read, "
            f"{found.rows} are there, or one of them is another.",
            next_step="Nothing was kept. Tell whoever maintains this program.",
        )


def _unfit(error: DataError | IntegrityError) -> MoveRefused:
    reason = str(error.orig).splitlines()[0]
    return MoveRefused(
        f"A row cannot be kept by the database to move to: {reason}.",
        next_step="Nothing was kept. Put that row right where it is, then try again.",
    )
