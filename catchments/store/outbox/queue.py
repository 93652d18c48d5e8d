"""The queue of e-mails and webhook calls that tell of editions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import NotKnown, PublicationRefused
from catchments.runtime.key_files import KeyTrouble
from catchments.store import schema
from catchments.store.engine import now
from catchments.store.integrity.audit import append
from catchments.store.outbox.claims import Claimed, Claims
from catchments.store.outbox.notices import (
    CANCELLED,
    FAILED,
    PUBLISHED,
    TOLD,
    WAITING,
    told_otherwise,
)
from catchments.store.outbox.webhook_addresses import unsealed_secret

TOO_OLD_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice and what became of its delivery; `state` is empty where it is not to be sent."""

    id: int
    edition_number: int
    recipient_kind: str
    recipient: str
    recipient_name: str
    email: str
    subject: str
    text: str
    delivery_id: int | None
    state: str
    attempts: int
    sent_at: datetime | None
    last_error: str
    event: str = PUBLISHED
    """What it tells of the edition: “withdrawn” where it takes back what was told before."""


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as staff see it."""

    id: int
    edition_number: int
    to: str
    """An e-mail address or a webhook's URL."""
    state: str
    attempts: int
    next_at: datetime
    sent_at: datetime | None
    last_error: str


_WITH_WHOM = schema.delivery.outerjoin(
    schema.notice, schema.notice.c.id == schema.delivery.c.notice_id
).outerjoin(schema.webhook, schema.webhook.c.id == schema.delivery.c.webhook_id)
"""Deliveries with the notice or the webhook that each is of."""


class Outbox(Claims):
    """Deliveries and notices: what waits, what was sent, what failed."""

    table = schema.delivery
    too_old_after = TOO_OLD_AFTER

    def send_again(self, delivery_id: int, *, by: str) -> None:
        """Queue a failed delivery anew, because a person says so.

        Raises NotKnown; PublicationRefused where it has not failed, its edition was withdrawn, or
        its recipient has been told otherwise since.
        """
        table = schema.delivery
        with self._database.writing() as connection:
            row = connection.execute(
                sa.select(
                    table.c.state,
                    table.c.edition_number,
                    table.c.event,
                    schema.edition.c.withdrawn_at,
                    told_otherwise().label("told_otherwise"),
                )
                .join(schema.edition, schema.edition.c.number == table.c.edition_number)
                .where(table.c.id == delivery_id)
            ).one_or_none()
            _refuse_unless_failed(row, delivery_id)
            append(connection, actor=by, action="delivery.again", subject=f"delivery {delivery_id}")
            connection.execute(
                table.update()
                .where(table.c.id == delivery_id)
                .values(state=WAITING, attempts=0, next_at=now(), claimed_at=None)
            )

    def counts(self) -> dict[int, dict[str, int]]:
        """Return how many deliveries of each edition are in each state, latest edition first."""
        return self._counted(schema.delivery.c.edition_number, schema.delivery.c.state)

    def notice_counts(self) -> dict[int, dict[str, int]]:
        """Return how many notices each edition made, by kind of recipient."""
        return self._counted(schema.notice.c.edition_number, schema.notice.c.recipient_kind)

    def notices(self, edition_number: int) -> list[NoticeRow]:
        """Return the notices of an edition with what became of them, in the order made."""
        notice, delivery = schema.notice, schema.delivery
        names = NoticeRow.__slots__
        columns = [notice.c[name] for name in names[:8]]
        query = (
            sa.select(
                *columns,
                delivery.c.id.label("delivery_id"),
                sa.func.coalesce(delivery.c.state, "").label("state"),
                sa.func.coalesce(delivery.c.attempts, 0).label("attempts"),
                delivery.c.sent_at,
                sa.func.coalesce(delivery.c.last_error, "").label("last_error"),
                sa.func.coalesce(delivery.c.event, PUBLISHED).label("event"),
            )
            .outerjoin(delivery, delivery.c.notice_id == notice.c.id)
            .where(notice.c.edition_number == edition_number)
            .order_by(notice.c.id)
        )
        return self._read(query, NoticeRow)

    def deliveries(self, *states: str, at_most: int = 200) -> list[DeliveryRow]:
        """Return the latest deliveries in these states, or in any."""
        table = schema.delivery
        columns = [table.c[name] for name in DeliveryRow.__slots__ if name != "to"]
        query = (
            sa.select(
                *columns, sa.func.coalesce(schema.notice.c.email, schema.webhook.c.url).label("to")
            )
            .select_from(_WITH_WHOM)
            .order_by(table.c.id.desc())
            .limit(at_most)
        )
        if states:
            query = query.where(table.c.state.in_(states))
        return self._read(query, DeliveryRow)

    def _counted(self, number: sa.Column[int], kind: sa.Column[str]) -> dict[int, dict[str, int]]:
        query = sa.select(number, kind, sa.func.count()).group_by(number, kind)
        found: dict[int, dict[str, int]] = {}
        with self._database.reading() as connection:
            for edition, which, count in connection.execute(query.order_by(number.desc())):
                found.setdefault(edition, {})[which] = count
        return found

    def _takes(self, *, emails: bool) -> sa.ColumnElement[bool]:
        return sa.true() if emails else schema.delivery.c.webhook_id.is_not(None)

    def _claimed(self, connection: sa.Connection, row_id: int) -> Claimed:
        table, notice, webhook = schema.delivery, schema.notice, schema.webhook
        told = [notice.c[name] for name in ("fingerprint", "recipient_name", *TOLD[3:])]
        columns = [
            table.c[name] for name in ("id", "edition_number", "event", "attempts", "claimed_at")
        ]
        of_webhook = (webhook.c.id.label("webhook"), webhook.c.url, webhook.c.secret)
        found = sa.select(*columns, *told, *of_webhook).select_from(_WITH_WHOM)
        query = found.where(table.c.id == row_id)
        row = dict(connection.execute(query).mappings().one())
        number = row.pop("webhook")
        if number is not None:
            try:
                row["secret"] = unsealed_secret(connection, {**row, "id": number})
            except KeyTrouble as error:  # it waits; what is due behind it does not
                row |= {"secret": "", "unsealable": str(error)}
        return Claimed(**{name: value for name, value in row.items() if value is not None})

    def _waiting_again(self) -> sa.ColumnElement[str]:
        """Return the state after a refusal: its edition or webhook may have gone meanwhile."""
        table, edition, webhook = schema.delivery, schema.edition, schema.webhook
        withdrawn = sa.select(edition.c.number).where(edition.c.withdrawn_at.is_not(None))
        gone = sa.or_(
            sa.and_(table.c.event == PUBLISHED, table.c.edition_number.in_(withdrawn)),
            told_otherwise(),
            table.c.webhook_id.in_(
                sa.select(webhook.c.id).where(webhook.c.disabled_at.is_not(None))
            ),
        )
        return sa.case((gone, CANCELLED), else_=WAITING)


def _refuse_unless_failed(row: Any, delivery_id: int) -> None:
    if row is None:
        raise NotKnown(f"There is no delivery {delivery_id}.")
    if row.withdrawn_at is not None and row.event == PUBLISHED:
        raise PublicationRefused(
            f"Delivery {delivery_id} tells of edition {row.edition_number}, which was withdrawn."
        )
    if row.told_otherwise:
        raise PublicationRefused(
            f"Delivery {delivery_id} tells of edition {row.edition_number}, which was published "
            "anew since, and its recipient is told otherwise of that."
        )
    if row.state != FAILED:
        raise PublicationRefused(
            f"Delivery {delivery_id} is {row.state}.",
            next_step="Only a failed delivery can be sent again by hand.",
        )
