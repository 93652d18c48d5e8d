"""The columns that hold what is sealed, each with what binds a value to its row.

Whoever keeps another kind of secret in the database adds its column here, so that it is sealed anew
when the data key is exchanged, and told of where its key is not at hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from catchments.store import schema
from catchments.store.accounts.factors import app_context
from catchments.store.accounts.kept_forms import kept_form_context
from catchments.store.engine import Database, sealer_of
from catchments.store.integrity import chain_keys
from catchments.store.integrity.sealing import KeyMissing, SealBroken, is_sealed, key_name

AT_ONCE = 500
"""Rows that are in memory at a time."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of secrets."""

    column: sa.Column[Any]
    context: Callable[..., str]
    """Given a row's columns by name: what it is sealed for, such as “secret of webhook 3”."""
    rows: Callable[[], sa.ColumnElement[bool]] = sa.true
    """Those rows of the table that hold one."""


webhook_context = "secret of webhook {id} at {url}".format
"""What a webhook's secret is sealed for: that webhook, at that address."""
SEALED: list[SealedColumn] = [
    SealedColumn(schema.secret.c.value, chain_keys.context_of_row, chain_keys.is_key),
    SealedColumn(schema.webhook.c.secret, webhook_context),
    SealedColumn(schema.authenticator.c.secret, app_context),
    SealedColumn(schema.kept_form.c.content, kept_form_context),
]


def seal_all(
    connection: sa.Connection, kinds: Sequence[SealedColumn] = SEALED
) -> tuple[int, list[str]]:
    """Seal what is not, or not under the first key; `kinds` are the columns of that database.

    Returns how many that were, and a sentence for each that cannot be unsealed: it stays as it is.
    Raises KeyTrouble where there is no key to seal with.
    """
    done, stuck = 0, list[str]()
    for kind in kinds:
        for rows in _pages(connection, kind):
            done += _seal_rows(connection, kind, rows, stuck)
    return done, stuck


def seal_some_at_a_time(database: Database, kinds: Sequence[SealedColumn]) -> tuple[int, list[str]]:
    """Do as `seal_all` does, in a transaction for some rows: others write between two.

    Killed, it goes on when it is begun again. Raises KeyTrouble.
    """
    done, stuck = 0, list[str]()
    for kind in kinds:
        rows: Sequence[Row] = ()
        while True:
            with database.writing() as connection:
                rows = _page(connection, kind, rows)
                done += _seal_rows(connection, kind, rows, stuck)
            if len(rows) < AT_ONCE:
                break
    return done, stuck


def _seal_rows(
    connection: sa.Connection, kind: SealedColumn, rows: Sequence[Row], stuck: list[str]
) -> int:
    done = 0
    for row in rows:
        try:
            done += _seal(connection, kind, row)
        except (KeyMissing, SealBroken) as error:
            stuck.append(str(error))
    return done


def _seal(connection: sa.Connection, kind: SealedColumn, row: Row) -> bool:
    sealer, held, context = sealer_of(connection), row[kind.column.name], kind.context(**row)
    value = _opened(connection, kind, row)
    if is_sealed(held) and sealer.is_current(held):
        return False
    table = kind.column.table
    here = sa.and_(*(key == row[key.name] for key in table.primary_key.columns))
    sealed = {kind.column.name: sealer.seal(value, context=context)}
    connection.execute(sa.update(table).where(here).values(sealed))
    return True


def broken(connection: sa.Connection) -> list[str]:
    """Return a sentence for each secret under a key at hand that is not what was sealed there."""
    said = []
    for kind, row in _held(connection):
        try:
            _opened(connection, kind, row)
        except KeyMissing:  # the table of keys says it
            continue
        except SealBroken as error:
            said.append(str(error))
    return said


def _opened(connection: sa.Connection, kind: SealedColumn, row: Row) -> str:
    held: str = row[kind.column.name]
    if not is_sealed(held):
        return held
    return sealer_of(connection).unseal(held, context=kind.context(**row))


def keys_in_use(connection: sa.Connection, kinds: Sequence[SealedColumn] = SEALED) -> Counter[str]:
    """Return how many secrets are sealed under each key, by its name; “” for those that are not."""
    return Counter(
        key_name(held) if is_sealed(held := row[kind.column.name]) else ""
        for kind, row in _held(connection, kinds)
    )


def _held(
    connection: sa.Connection, kinds: Sequence[SealedColumn] = SEALED
) -> Iterator[tuple[SealedColumn, Row]]:
    for kind in kinds:
        for rows in _pages(connection, kind):
            yield from ((kind, row) for row in rows)


def _pages(connection: sa.Connection, kind: SealedColumn) -> Iterator[Sequence[Row]]:
    rows = _page(connection, kind, ())
    while rows:
        yield rows
        rows = _page(connection, kind, rows) if len(rows) == AT_ONCE else ()


def _page(connection: sa.Connection, kind: SealedColumn, before: Sequence[Row]) -> Sequence[Row]:
    """Return the rows after some, in the order of their keys; of no file its content."""
    table = kind.column.table
    keys = list(table.primary_key.columns)
    columns = [column for column in table.c if not isinstance(column.type, sa.LargeBinary)]
    query = sa.select(*columns).where(kind.column != "", kind.rows())
    if before:
        last = [sa.literal(before[-1][key.name], key.type) for key in keys]
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*last))
    found = connection.execute(query.order_by(*keys).limit(AT_ONCE))
    return [dict(row) for row in found.mappings()]
