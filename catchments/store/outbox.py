"""The queue of e-mails and webhook calls: each is claimed before it is sent, so none is sent twice.

A delivery is `waiting`, then `sending` (claimed, and committed as such before anything leaves the
house), then `sent`, `waiting` again after a failure, `failed` for good, or `cancelled`. Whoever
dies between claim and mark leaves it `sending`: it may have left the house, so that it is never
sent again by itself but ends as `failed`, for a person to look at.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from catchments.core.errors import NotKnown, PublicationRefused
from catchments.store import schema
from catchments.store.audit import append
from catchments.store.store import Store, now

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
ATTEMPTS_AT_MOST = 12
CLAIM_HOLDS = timedelta(minutes=15)
"""After this a claim is stale: whoever held it has died, or hangs for good."""
TOO_OLD_AFTER = timedelta(days=30)
"""What has waited so long, say for an SMTP server to be set, is no news any more."""
TOO_OLD = "waited for too long; look, then send again by hand"
MAY_HAVE_BEEN_SENT = "may have been sent; look, then send again by hand"
ERROR_AT_MOST = 500
"""Characters kept of what a server said."""

WAITING, SENDING, SENT, FAILED, CANCELLED = "waiting", "sending", "sent", "failed", "cancelled"
TOLD = ("recipient_kind", "recipient", "recipient_name", "email", "subject", "text")
STATES = (WAITING, SENDING, SENT, FAILED, CANCELLED)


class Told(Protocol):
    """What somebody is told: `catchments.telling.Announcement` is one."""

    @property
    def recipient_kind(self) -> str: ...  # noqa: D102
    @property
    def recipient(self) -> str: ...  # noqa: D102
    @property
    def recipient_name(self) -> str: ...  # noqa: D102
    @property
    def email(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def fingerprint(self) -> str: ...  # noqa: D102


# --- inside the transaction that publishes or withdraws -------------------------------------------


def enqueue(
    connection: sa.Connection, edition_number: int, notices: Sequence[Told], *, at: datetime
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


def _row(told: Told) -> dict[str, str]:
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
    connection: sa.Connection, edition_number: int, rows: Mapping[str, Any], at: datetime
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
        notice.c.edition_number == edition_number, notice.c.email != ""
    )
    ids = connection.scalars(made.order_by(notice.c.id)).all()
    _add_deliveries(connection, edition_number, at, [{"notice_id": each} for each in ids])


def _add_deliveries(
    connection: sa.Connection, edition_number: int, at: datetime, rows: Sequence[Mapping[str, int]]
) -> None:
    common = {"edition_number": edition_number, "state": WAITING, "next_at": at}
    if rows:
        connection.execute(schema.delivery.insert(), [{**row, **common} for row in rows])


# --- what waits, and what became of it ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody else's address that is told of editions."""

    id: int
    url: str
    created_at: datetime
    disabled_at: datetime | None


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


class Outbox:
    """Deliveries, webhooks and notices: what waits, what was sent, what failed."""

    def __init__(self, store: Store) -> None:
        self._store = store

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
        with self._store.reading() as connection:  # so that nothing due costs no write
            if connection.scalar(due) is None:
                return None
        with self._store.writing() as connection:
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
        with self._store.reading() as connection:
            if connection.scalar(sa.select(table.c.id).where(sa.or_(stale, old)).limit(1)) is None:
                return 0
        ended = 0
        with self._store.writing() as connection:
            for which, said in ((stale, MAY_HAVE_BEEN_SENT), (old, TOO_OLD)):
                change = table.update().where(which).values(state=FAILED, last_error=said)
                ended += connection.execute(change).rowcount
        return ended

    def send_again(self, delivery_id: int, *, by: str, at: datetime | None = None) -> None:
        """Queue a failed delivery anew, because a person says so.

        Raises NotKnown; PublicationRefused where it has not failed, or its edition was withdrawn.
        """
        table = schema.delivery
        with self._store.writing() as connection:
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
        with self._store.reading() as connection:
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
        with self._store.reading() as connection:
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
        with self._store.reading() as connection:
            return [NoticeRow(**row._mapping) for row in connection.execute(query)]

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
        with self._store.reading() as connection:
            return [DeliveryRow(**row._mapping) for row in connection.execute(query)]

    def webhooks(self) -> list[Webhook]:
        """Return all webhooks without their secrets, in the order added."""
        table = schema.webhook
        query = sa.select(*(table.c[name] for name in Webhook.__slots__)).order_by(table.c.id)
        with self._store.reading() as connection:
            return [Webhook(**row._mapping) for row in connection.execute(query)]

    def add_webhook(self, url: str, *, by: str) -> tuple[int, str]:
        """Add a webhook and return its id and its secret, which is not shown again."""
        secret = secrets.token_urlsafe(32)
        with self._store.writing() as connection:
            values = {"url": url, "secret": secret, "created_at": now()}
            result = connection.execute(schema.webhook.insert().values(**values))
            assert result.inserted_primary_key  # noqa: S101 - an insert of one row always has one
            made = int(result.inserted_primary_key[0])
            append(connection, actor=by, action="webhook.add", subject=f"webhook {made}", url=url)
            return made, secret

    def disable_webhook(self, webhook_id: int, *, by: str) -> None:
        """Tell a webhook nothing more; what waits for it is cancelled. Raises NotKnown."""
        table, delivery = schema.webhook, schema.delivery
        with self._store.writing() as connection:
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

    def webhook_secret(self, webhook_id: int) -> tuple[str, str]:
        """Return the URL and the secret of a webhook that is in use. Raises NotKnown."""
        table = schema.webhook
        query = sa.select(table.c.url, table.c.secret).where(
            table.c.id == webhook_id, table.c.disabled_at.is_(None)
        )
        with self._store.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotKnown(f"There is no webhook {webhook_id} that is in use.")
        return row.url, row.secret

    def _mark(self, claimed: Claimed, **values: Any) -> None:
        table = schema.delivery
        # Only the holder of this very claim: another may have ended it as stale meanwhile.
        own = (
            table.c.id == claimed.id,
            table.c.state == SENDING,
            table.c.claimed_at == claimed.claimed_at,
        )
        with self._store.writing() as connection:
            done = {"attempts": claimed.attempts + 1, **values}
            connection.execute(table.update().where(*own).values(**done))


def published_changes(store: Store, draft_id: int) -> list[str]:
    """Return what was done in a draft, a sentence each, without what was undone."""
    table = schema.draft_change
    query = (
        sa.select(table.c.sentence)
        .where(table.c.draft_id == draft_id, table.c.undone.is_(False), table.c.sentence != "")
        .order_by(table.c.position)
    )
    with store.reading() as connection:
        return list(connection.scalars(query))


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: a minute, doubling up to six hours."""
    pause: timedelta = FIRST_PAUSE * 2 ** max(0, attempts - 1)
    return min(pause, LONGEST_PAUSE)


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
        sa.select(*columns, *told, webhook.c.url, webhook.c.secret)
        .select_from(
            table.outerjoin(notice, notice.c.id == table.c.notice_id).outerjoin(
                webhook, webhook.c.id == table.c.webhook_id
            )
        )
        .where(table.c.id == delivery_id)
    )
    row = connection.execute(query).one()
    return Claimed(**{name: value for name, value in row._mapping.items() if value is not None})


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
