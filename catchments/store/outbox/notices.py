"""The notices: what schools and providers are told of an edition, queued as it is published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from catchments.store import schema

SCHOOL, PROVIDER = "school", "provider"
"""The kinds of recipient."""
WAITING, SENDING, SENT, FAILED, CANCELLED = "waiting", "sending", "sent", "failed", "cancelled"
STATES = (WAITING, SENDING, SENT, FAILED, CANCELLED)
"""Those of a delivery."""
PUBLISHED, WITHDRAWN = "published", "withdrawn"
"""What a delivery tells of its edition."""
TOLD = ("recipient_kind", "recipient", "recipient_name", "email", "subject", "text")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one school or provider is told of one publication."""

    recipient_kind: str
    """“school” or “provider”."""
    recipient: str
    """The school's number or the provider's code."""
    recipient_name: str
    email: str
    """Empty where none is known: it is then for the download alone."""
    subject: str
    text: str
    effective_from: date

    @property
    def fingerprint(self) -> str:
        """SHA-256, hexadecimal, of recipient, date and text: equal where nothing new is told."""
        parts = (self.recipient_kind, self.recipient, self.email, str(self.effective_from))
        told = "\0".join((*parts, self.subject, self.text))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def enqueue(
    connection: sa.Connection, edition_number: int, notices: Sequence[Announcement], *, at: datetime
) -> None:
    """Queue what is told of an edition, and a call to every webhook that is not disabled.

    What somebody was told last of the same date is not queued again; what was cancelled before it
    was sent is taken up again.
    """
    last = _last_told(connection, edition_number)
    rows, again = {}, []
    for told in notices:
        before = last.get((told.recipient_kind, told.recipient))
        if before is None:
            rows[told.fingerprint] = _row(told)
        elif (before.email, before.subject, before.text) == (told.email, told.subject, told.text):
            again.append(before.id)
        else:
            # Perhaps told so once, then otherwise, and now so again: it is news.
            salted = hashlib.sha256(f"{told.fingerprint} {edition_number}".encode()).hexdigest()
            rows[salted] = _row(told)
    _take_up(connection, edition_number, again, at)
    _add_notices(connection, edition_number, rows, at)
    hooks = sa.select(schema.webhook.c.id).where(schema.webhook.c.disabled_at.is_(None))
    webhooks = connection.scalars(hooks.order_by(schema.webhook.c.id)).all()
    _add_deliveries(connection, edition_number, at, [{"webhook_id": each} for each in webhooks])


def cancel(connection: sa.Connection, number: int) -> None:
    """Leave unsent what still waits to tell of an edition."""
    table = schema.delivery
    connection.execute(
        table.update()
        .where(table.c.edition_number == number, table.c.state == WAITING)
        .values(state=CANCELLED)
    )


def call_of_withdrawal(connection: sa.Connection, number: int, *, at: datetime) -> None:
    """Queue a call to each webhook that was, or may have been, told of an edition."""
    table = schema.delivery
    called = sa.select(table.c.webhook_id).where(
        table.c.edition_number == number,
        table.c.webhook_id.is_not(None),
        table.c.event == PUBLISHED,
        table.c.state.in_((SENT, SENDING, FAILED)),
    )
    hooks = sa.select(schema.webhook.c.id).where(
        schema.webhook.c.disabled_at.is_(None), schema.webhook.c.id.in_(called)
    )
    each = [{"webhook_id": hook} for hook in connection.scalars(hooks).all()]
    _add_deliveries(connection, number, at, each, event=WITHDRAWN)


def tell_of_withdrawal(
    connection: sa.Connection, number: int, notices: Sequence[Announcement], *, at: datetime
) -> None:
    """Queue what those are told of an edition's withdrawal who had been told of the edition."""
    rows = {
        hashlib.sha256(f"{told.fingerprint} {number}".encode()).hexdigest(): _row(told)
        for told in notices
    }
    _add_notices(connection, number, rows, at, event=WITHDRAWN)


def _last_told(connection: sa.Connection, edition_number: int) -> dict[tuple[str, str], Any]:
    """Return the last notice to each recipient that spoke of this edition's date."""
    notice, edition = schema.notice, schema.edition
    date_of_this = (
        sa.select(edition.c.effective_from).where(edition.c.number == edition_number)
    ).scalar_subquery()
    query = (
        sa.select(notice)
        .join(edition, edition.c.number == notice.c.edition_number)
        .where(edition.c.effective_from == date_of_this)
        .order_by(notice.c.id)
    )
    return {(row.recipient_kind, row.recipient): row for row in connection.execute(query)}


def _row(told: Announcement) -> dict[str, str]:
    return {name: getattr(told, name) for name in TOLD}


def _take_up(
    connection: sa.Connection, edition_number: int, notice_ids: Sequence[int], at: datetime
) -> None:
    table = schema.delivery
    for notice_id in notice_ids:
        connection.execute(
            table.update()
            .where(table.c.notice_id == notice_id, table.c.state == CANCELLED)
            .values(state=WAITING, edition_number=edition_number, attempts=0, next_at=at)
        )


def _add_notices(
    connection: sa.Connection,
    edition_number: int,
    rows: Mapping[str, Any],
    at: datetime,
    event: str = PUBLISHED,
) -> None:
    if not rows:
        return
    notice = schema.notice
    common = {"edition_number": edition_number, "created_at": at}
    connection.execute(
        notice.insert(),
        [{"fingerprint": key, **row, **common} for key, row in rows.items()],
    )
    made = sa.select(notice.c.id).where(
        notice.c.edition_number == edition_number,
        notice.c.email != "",
        notice.c.fingerprint.in_(list(rows)),
    )
    ids = connection.scalars(made.order_by(notice.c.id)).all()
    told = [{"notice_id": each} for each in ids]
    _add_deliveries(connection, edition_number, at, told, event=event)


def _add_deliveries(
    connection: sa.Connection,
    edition_number: int,
    at: datetime,
    rows: Sequence[Mapping[str, int]],
    *,
    event: str = PUBLISHED,
) -> None:
    common = {"edition_number": edition_number, "state": WAITING, "next_at": at, "event": event}
    if rows:
        connection.execute(schema.delivery.insert(), [{**row, **common} for row in rows])
