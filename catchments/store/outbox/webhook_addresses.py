"""The webhooks: addresses of other programs that are called with every edition."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import NotKnown
from catchments.store import schema
from catchments.store.engine import Repository, inserted, now, sealer_of
from catchments.store.integrity.audit import append
from catchments.store.integrity.chain_keys import sealed_keys
from catchments.store.integrity.sealed_columns import webhook_context
from catchments.store.integrity.sealing import is_sealed
from catchments.store.outbox.notices import CANCELLED, WAITING


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody else's address that is told of editions."""

    id: int
    url: str
    created_at: datetime
    disabled_at: datetime | None


class Webhooks(Repository):
    """The webhooks of a store."""

    def all(self) -> list[Webhook]:
        """Return all webhooks without their secrets, in the order added."""
        table = schema.webhook
        query = sa.select(*(table.c[name] for name in Webhook.__slots__)).order_by(table.c.id)
        return self._read(query, Webhook)

    def add(self, url: str, *, by: str) -> tuple[int, str]:
        """Add a webhook and return its id and its secret, which is not shown again."""
        secret = secrets.token_urlsafe(32)
        with self._database.writing() as connection:
            values = {"url": url, "secret": "", "created_at": now()}
            made = inserted(connection, schema.webhook, **values)
            sealed = sealer_of(connection).seal(secret, context=webhook_context(id=made, url=url))
            table = schema.webhook
            connection.execute(table.update().where(table.c.id == made).values(secret=sealed))
            append(connection, actor=by, action="webhook.add", subject=f"webhook {made}", url=url)
            return made, secret

    def disable(self, webhook_id: int, *, by: str) -> None:
        """Tell a webhook nothing more; what waits for it is cancelled. Raises NotKnown."""
        table, delivery = schema.webhook, schema.delivery
        with self._database.writing() as connection:
            done = connection.execute(
                table.update()
                .where(table.c.id == webhook_id, table.c.disabled_at.is_(None))
                .values(disabled_at=now())
            )
            if not done.rowcount:
                raise NotKnown(f"There is no webhook {webhook_id} that is in use.")
            append(connection, actor=by, action="webhook.disable", subject=f"webhook {webhook_id}")
            waiting = (delivery.c.webhook_id == webhook_id, delivery.c.state == WAITING)
            connection.execute(delivery.update().where(*waiting).values(state=CANCELLED))

    def secret(self, webhook_id: int) -> tuple[str, str]:
        """Return the URL and the secret of a webhook that is in use.

        Raises NotKnown, and KeyTrouble where the secret cannot be unsealed.
        """
        table = schema.webhook
        query = sa.select(table.c.id, table.c.url, table.c.secret).where(
            table.c.id == webhook_id, table.c.disabled_at.is_(None)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise NotKnown(f"There is no webhook {webhook_id} that is in use.")
            return row["url"], unsealed_secret(connection, dict(row))


def unsealed_secret(connection: sa.Connection, row: Mapping[str, Any]) -> str:
    """Return the secret in a webhook's row, given its id, url and secret. Raises KeyTrouble.

    One that is not sealed is taken only until the first start has sealed all: afterwards it was
    written by somebody else.
    """
    held: str = row["secret"]
    if not is_sealed(held) and not sealed_keys(connection):
        return held
    return sealer_of(connection).unseal(held, context=webhook_context(**row))
