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
from catchments.store.engine import sealer_of
from catchments.store.integrity import chain_keys
from catchments.store.integrity.sealing import KeyMissing, SealBroken, is_sealed, key_name


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of secrets."""

    column: sa.Column[Any]
    context: Callable[[Mapping[str, Any]], str]
    """Of a row, by its columns' names: what it is sealed for, such as “secret of webhook 3”."""
    rows: Callable[[], sa.ColumnElement[bool]] = sa.true
    """Those rows of the table that hold one."""


def webhook_context(row: Mapping[str, Any]) -> str:
    """Return what a webhook's secret is sealed for: that webhook, at that address."""
    return f"secret of webhook {row['id']} at {row['url']}"


SEALED: list[SealedColumn] = [
    SealedColumn(schema.secret.c.value, chain_keys.context_of_row, chain_keys.is_key),
    SealedColumn(schema.webhook.c.secret, webhook_context),
    SealedColumn(schema.authenticator.c.secret, lambda row: app_context(row["person_id"])),
    SealedColumn(schema.kept_form.c.content, kept_form_context),
]


def seal_all(
    connection: sa.Connection, kinds: Sequence[SealedColumn] = SEALED
) -> tuple[int, list[str]]:
    """Seal what is not, or not under the first key; `kinds` are the columns of that database.

    Returns how many that were, and a sentence for each that cannot be unsealed: it stays as it is.
    Raises KeyTrouble where there is no key to seal with.
    """
    done, stuck = 0, []
    for kind, row in list(_held(connection, kinds)):
        try:
            done += _seal(connection, kind, row)
        except (KeyMissing, SealBroken) as error:
            stuck.append(str(error))
    return done, stuck


def _seal(connection: sa.Connection, kind: SealedColumn, row: Mapping[str, Any]) -> bool:
    sealer, held, context = sealer_of(connection), row[kind.column.name], kind.context(row)
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


def _opened(connection: sa.Connection, kind: SealedColumn, row: Mapping[str, Any]) -> str:
    held: str = row[kind.column.name]
    if not is_sealed(held):
        return held
    return sealer_of(connection).unseal(held, context=kind.context(row))


def keys_in_use(connection: sa.Connection) -> Counter[str]:
    """Return how many secrets are sealed under each key, by its name; “” for those that are not."""
    return Counter(
        key_name(held) if is_sealed(held := row[kind.column.name]) else ""
        for kind, row in _held(connection)
    )


def _held(
    connection: sa.Connection, kinds: Sequence[SealedColumn] = SEALED
) -> Iterator[tuple[SealedColumn, dict[str, Any]]]:
    for kind in kinds:
        query = sa.select(kind.column.table).where(kind.column != "", kind.rows())
        for row in connection.execute(query).mappings():
            yield kind, dict(row)
