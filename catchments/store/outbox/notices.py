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
WENT_OUT = (SENT, SENDING, FAILED)
"""The states of what was taken, or may have been."""
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
    connection: sa.Connection,
    edition_number: int,
    notices: Sequence[Announcement],
    *,
    at: datetime,
    corrections: Sequence[Announcement] = (),
) -> None:
    """Queue what is told of an edition, and a call to every webhook that is not disabled.

    What somebody was told last of the same date is not queued again; what was cancelled before it
    was sent is taken up again. What still waits of earlier forms of the edition is not sent; of
    `corrections` those are queued whose recipient was told, or may have been, of one of them.
    """
    forms = _earlier_forms(connection, edition_number)
    _cancel_emails(connection, forms)
    _correct(connection, edition_number, forms, corrections, at)
    last, cancelled = _last_told(connection, edition_number)
    rows, again = {}, []
    for told in notices:
        whom = (told.recipient_kind, told.recipient)
        before, unsent = last.get(whom), cancelled.get(whom)
        if unsent is not None and _is_same(unsent, told):
            again.append(unsent.id)
        elif _is_same(before, told):
            continue
        elif before is None and unsent is None:
            rows[told.fingerprint] = _row(told)
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
    """Leave unsent what still waits to tell of an edition; corrections of what was told stay."""
    _cancel(connection, schema.delivery.c.edition_number == number)


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


def told_otherwise() -> sa.ColumnElement[bool]:
    """Return the condition for deliveries whose recipient was told otherwise by a later form."""
    of, edition = schema.notice.alias("of"), schema.edition.alias("edition_of")
    later, form = schema.notice.alias("later"), schema.edition.alias("later_form")
    fate = schema.delivery.alias("fate")
    return (
        sa.select(later.c.id)
        .join(form, form.c.number == later.c.edition_number)
        .join(edition, edition.c.draft_id == form.c.draft_id)
        .join(of, of.c.edition_number == edition.c.number)
        .outerjoin(fate, fate.c.notice_id == later.c.id)
        .where(
            of.c.id == schema.delivery.c.notice_id,
            later.c.recipient_kind == of.c.recipient_kind,
            later.c.recipient == of.c.recipient,
            later.c.id > of.c.id,
            sa.or_(fate.c.state.is_(None), fate.c.state != CANCELLED),
        )
        .correlate(schema.delivery)
        .exists()
    )


def _cancel(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> None:
    table = schema.delivery
    waits = (table.c.state == WAITING, table.c.event == PUBLISHED)
    connection.execute(table.update().where(*which, *waits).values(state=CANCELLED))


def _cancel_emails(connection: sa.Connection, forms: Sequence[int]) -> None:
    table = schema.delivery
    _cancel(connection, table.c.edition_number.in_(forms), table.c.notice_id.is_not(None))


def _earlier_forms(connection: sa.Connection, edition_number: int) -> Sequence[int]:
    """Return the numbers of what an edition was published anew from."""
    table = schema.edition
    draft = sa.select(table.c.draft_id).where(table.c.number == edition_number).scalar_subquery()
    query = sa.select(table.c.number).where(
        table.c.draft_id == draft, table.c.number < edition_number
    )
    return connection.scalars(query).all()


def _correct(
    connection: sa.Connection,
    edition_number: int,
    forms: Sequence[int],
    corrections: Sequence[Announcement],
    at: datetime,
) -> None:
    if not (forms and corrections):
        return
    notice, delivery = schema.notice, schema.delivery
    query = (
        sa.select(notice.c.recipient_kind, notice.c.recipient, delivery.c.state, delivery.c.event)
        .join(delivery, delivery.c.notice_id == notice.c.id)
        .where(notice.c.edition_number.in_(forms), delivery.c.state != CANCELLED)
        .order_by(notice.c.id)
    )
    last = {(row.recipient_kind, row.recipient): row for row in connection.execute(query)}
    told = {whom for whom, row in last.items() if row.event == PUBLISHED and row.state in WENT_OUT}
    due = [each for each in corrections if (each.recipient_kind, each.recipient) in told]
    tell_of_withdrawal(connection, edition_number, due, at=at)


def _is_same(before: Any, told: Announcement) -> bool:
    return before is not None and (before.email, before.subject, before.text) == (
        told.email,
        told.subject,
        told.text,
    )


def _last_told(
    connection: sa.Connection, edition_number: int
) -> tuple[dict[tuple[str, str], Any], dict[tuple[str, str], Any]]:
    """Return the last notice to each recipient that spoke of this edition's date.

    First those that stand, then those that were made since and cancelled before they were sent.
    """
    notice, edition, delivery = schema.notice, schema.edition, schema.delivery
    date_of_this = (
        sa.select(edition.c.effective_from).where(edition.c.number == edition_number)
    ).scalar_subquery()
    query = (
        sa.select(notice, delivery.c.state)
        .join(edition, edition.c.number == notice.c.edition_number)
        .outerjoin(delivery, delivery.c.notice_id == notice.c.id)
        .where(edition.c.effective_from == date_of_this)
        .order_by(notice.c.id)
    )
    last: dict[tuple[str, str], Any] = {}
    cancelled: dict[tuple[str, str], Any] = {}
    for row in connection.execute(query):
        whom = (row.recipient_kind, row.recipient)
        if row.state == CANCELLED:
            cancelled[whom] = row
        else:
            last[whom] = row
            cancelled.pop(whom, None)
    return last, cancelled


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
