"""The queue of e-mails and webhook calls: each is claimed before it is sent, so none is sent twice.

A delivery is `waiting`, then `sending` (claimed, and committed as such before anything leaves the
house), then `sent`, `waiting` again after a failure, `failed` for good, or `cancelled`. Whoever
dies between claim and mark leaves it `sending`: it may have left the house, so that it is never
sent again by itself but ends as `failed`, for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import NotKnown, PublicationRefused
from catchments.runtime.key_files import KeyTrouble
from catchments.store import schema
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import append
from catchments.store.outbox.notices import CANCELLED, FAILED, SENDING, SENT, TOLD, WAITING
from catchments.store.outbox.retries import ATTEMPTS_AT_MOST, pause_after
from catchments.store.outbox.webhook_addresses import unsealed_secret

CLAIM_HOLDS = timedelta(minutes=15)
"""After this a claim is stale: whoever held it has died, or hangs for good."""
TOO_OLD_AFTER = timedelta(days=30)
"""What has waited so long, say for an SMTP server to be set, is no news any more."""
TOO_OLD = "waited for too long; look, then send again by hand"
MAY_HAVE_BEEN_SENT = "may have been sent; look, then send again by hand"
ERROR_AT_MOST = 500
"""Characters kept of what a server said."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process alone may send now; an e-mail, or a call to a webhook."""

    id: int
    edition_number: int
    attempts: int
    """Those before this one."""
    claimed_at: datetime
    fingerprint: str = ""
    recipient_name: str = ""
    email: str = ""
    subject: str = ""
    text: str = ""
    url: str = ""
    secret: str = ""
    unsealable: str = ""
    """Why a webhook's secret cannot be used here; then there is none."""

    @property
    def is_email(self) -> bool:
        """Whether it is an e-mail; else it is a call to a webhook."""
        return bool(self.email)


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


class Outbox(Repository):
    """Deliveries and notices: what waits, what was sent, what failed."""

    def claim(
        self, *, emails: bool = True, webhooks: bool = True, at: datetime | None = None
    ) -> Claimed | None:
        """Take the delivery that has been due longest, or None; it is committed as `sending`."""
        at = at or now()
        table = schema.delivery
        kinds = [table.c.notice_id.is_not(None)] * emails + [
            table.c.webhook_id.is_not(None)
        ] * webhooks
        due = (
            sa.select(table.c.id)
            .where(table.c.state == WAITING, table.c.next_at <= at, sa.or_(sa.false(), *kinds))
            .order_by(table.c.next_at, table.c.id)
            .limit(1)
        )
        with self._database.reading() as connection:  # so that nothing due costs no write
            if connection.scalar(due) is None:
                return None
        with self._database.writing() as connection:
            found = connection.scalar(due)
            if found is None:
                return None
            change = table.update().where(table.c.id == found, table.c.state == WAITING)
            connection.execute(change.values(state=SENDING, claimed_at=at))
            return _claimed(connection, found)

    def mark_sent(self, claimed: Claimed, *, at: datetime | None = None) -> None:
        """Put on record that a delivery was taken."""
        self._mark(claimed, state=SENT, sent_at=at or now(), last_error="")

    def mark_refused(
        self, claimed: Claimed, error: str, *, for_good: bool = False, at: datetime | None = None
    ) -> None:
        """Put on record that a delivery surely was not taken: again later, or failed at last."""
        attempts, at = claimed.attempts + 1, at or now()
        failed = for_good or attempts >= ATTEMPTS_AT_MOST
        self._mark(
            claimed,
            state=FAILED if failed else _waiting_unless_called_off(),
            next_at=at + pause_after(attempts),
            last_error=error[:ERROR_AT_MOST],
        )

    def mark_unsure(self, claimed: Claimed, error: str) -> None:
        """Put on record that a delivery may have been taken or not: a person is to look."""
        self._mark(
            claimed, state=FAILED, last_error=f"{error[:ERROR_AT_MOST]} – {MAY_HAVE_BEEN_SENT}"
        )

    def fail_stale(self, *, at: datetime | None = None) -> int:
        """End the claims of those who died while sending, and what has waited for too long.

        Returns how many there were.
        """
        table, at = schema.delivery, at or now()
        stale = sa.and_(table.c.state == SENDING, table.c.claimed_at < at - CLAIM_HOLDS)
        old = sa.and_(table.c.state == WAITING, table.c.next_at < at - TOO_OLD_AFTER)
        with self._database.reading() as connection:
            if connection.scalar(sa.select(table.c.id).where(sa.or_(stale, old)).limit(1)) is None:
                return 0
        ended = 0
        with self._database.writing() as connection:
            for which, said in ((stale, MAY_HAVE_BEEN_SENT), (old, TOO_OLD)):
                change = table.update().where(which).values(state=FAILED, last_error=said)
                ended += connection.execute(change).rowcount
        return ended

    def send_again(self, delivery_id: int, *, by: str, at: datetime | None = None) -> None:
        """Queue a failed delivery anew, because a person says so.

        Raises NotKnown; PublicationRefused where it has not failed, or its edition was withdrawn.
        """
        table = schema.delivery
        with self._database.writing() as connection:
            row = connection.execute(
                sa.select(table.c.state, table.c.edition_number, schema.edition.c.withdrawn_at)
                .join(schema.edition, schema.edition.c.number == table.c.edition_number)
                .where(table.c.id == delivery_id)
            ).one_or_none()
            _refuse_unless_failed(row, delivery_id)
            append(connection, actor=by, action="delivery.again", subject=f"delivery {delivery_id}")
            connection.execute(
                table.update()
                .where(table.c.id == delivery_id)
                .values(state=WAITING, attempts=0, next_at=at or now(), claimed_at=None)
            )

    def counts(self) -> dict[int, dict[str, int]]:
        """Return how many deliveries of each edition are in each state, latest edition first."""
        table = schema.delivery
        query = (
            sa.select(table.c.edition_number, table.c.state, sa.func.count())
            .group_by(table.c.edition_number, table.c.state)
            .order_by(table.c.edition_number.desc())
        )
        found: dict[int, dict[str, int]] = {}
        with self._database.reading() as connection:
            for number, state, count in connection.execute(query):
                found.setdefault(number, {})[state] = count
        return found

    def notice_counts(self) -> dict[int, dict[str, int]]:
        """Return how many notices each edition made, by kind of recipient."""
        table = schema.notice
        query = sa.select(table.c.edition_number, table.c.recipient_kind, sa.func.count()).group_by(
            table.c.edition_number, table.c.recipient_kind
        )
        found: dict[int, dict[str, int]] = {}
        with self._database.reading() as connection:
            for number, kind, count in connection.execute(query):
                found.setdefault(number, {})[kind] = count
        return found

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
            .select_from(
                table.outerjoin(schema.notice, schema.notice.c.id == table.c.notice_id).outerjoin(
                    schema.webhook, schema.webhook.c.id == table.c.webhook_id
                )
            )
            .order_by(table.c.id.desc())
            .limit(at_most)
        )
        if states:
            query = query.where(table.c.state.in_(states))
        return self._read(query, DeliveryRow)

    def _mark(self, claimed: Claimed, **values: Any) -> None:
        table = schema.delivery
        # Only the holder of this very claim: another may have ended it as stale meanwhile.
        own = (
            table.c.id == claimed.id,
            table.c.state == SENDING,
            table.c.claimed_at == claimed.claimed_at,
        )
        with self._database.writing() as connection:
            done = {"attempts": claimed.attempts + 1, **values}
            connection.execute(table.update().where(*own).values(**done))


def _waiting_unless_called_off() -> sa.ColumnElement[str]:
    """Return the state after a refusal: its edition or webhook may have gone meanwhile."""
    table, edition, webhook = schema.delivery, schema.edition, schema.webhook
    gone = sa.or_(
        table.c.edition_number.in_(
            sa.select(edition.c.number).where(edition.c.withdrawn_at.is_not(None))
        ),
        table.c.webhook_id.in_(sa.select(webhook.c.id).where(webhook.c.disabled_at.is_not(None))),
    )
    return sa.case((gone, CANCELLED), else_=WAITING)


def _claimed(connection: sa.Connection, delivery_id: int) -> Claimed:
    table, notice, webhook = schema.delivery, schema.notice, schema.webhook
    told = [notice.c[name] for name in ("fingerprint", "recipient_name", *TOLD[3:])]
    columns = [table.c[name] for name in ("id", "edition_number", "attempts", "claimed_at")]
    query = (
        sa.select(*columns, *told, webhook.c.id.label("webhook"), webhook.c.url, webhook.c.secret)
        .select_from(
            table.outerjoin(notice, notice.c.id == table.c.notice_id).outerjoin(
                webhook, webhook.c.id == table.c.webhook_id
            )
        )
        .where(table.c.id == delivery_id)
    )
    row = dict(connection.execute(query).mappings().one())
    number = row.pop("webhook")
    if number is not None:
        try:
            row["secret"] = unsealed_secret(connection, {**row, "id": number})
        except KeyTrouble as error:  # it waits; what is due behind it does not
            row |= {"secret": "", "unsealable": str(error)}
    return Claimed(**{name: value for name, value in row.items() if value is not None})


def _refuse_unless_failed(row: Any, delivery_id: int) -> None:
    if row is None:
        raise NotKnown(f"There is no delivery {delivery_id}.")
    if row.withdrawn_at is not None:
        raise PublicationRefused(
            f"Delivery {delivery_id} tells of edition {row.edition_number}, which was withdrawn."
        )
    if row.state != FAILED:
        raise PublicationRefused(
            f"Delivery {delivery_id} is {row.state}.",
            next_step="Only a failed delivery can be sent again by hand.",
        )
