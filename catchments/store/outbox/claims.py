"""Claims on what waits to be sent: whoever claims it alone sends it, so that none is sent twice.

What is to be sent is `waiting`, then `sending` (claimed, and committed as such before anything
leaves the house), then `sent`, `waiting` again after a failure, `failed` for good, or `cancelled`.
Whoever dies between claim and mark leaves it `sending`: it may have left the house, so that it is
never sent again by itself but ends as `failed`, for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

import sqlalchemy as sa

from catchments.store.engine import Repository, now
from catchments.store.outbox.notices import FAILED, SENDING, SENT, WAITING
from catchments.store.outbox.retries import ATTEMPTS_AT_MOST, LONGEST_PAUSE, pause_after

CLAIM_HOLDS = timedelta(minutes=15)
"""After this a claim is stale: whoever held it has died, or hangs for good."""
TOO_OLD = "waited for too long; look, then send again by hand"
MAY_HAVE_BEEN_SENT = "may have been sent; look, then send again by hand"
ERROR_AT_MOST = 500
"""Characters kept of what a server said."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What this process alone may send now; an e-mail, or a call to a webhook."""

    id: int
    edition_number: int
    """Of which it tells; 0 where it tells of none."""
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
    event: str = "published"
    """What it tells of the edition."""
    unsealable: str = ""
    """Why a webhook's secret cannot be used here; then there is none."""

    @property
    def is_email(self) -> bool:
        """Whether it is an e-mail; else it is a call to a webhook."""
        return bool(self.email)


class Claims(Repository):
    """The rows of a table that are sent one by one; the table has the columns of a delivery."""

    table: ClassVar[sa.Table]
    too_old_after: ClassVar[timedelta]
    """What has waited so long, say for an SMTP server to be set, is no news any more."""
    attempts_at_most: ClassVar[int] = ATTEMPTS_AT_MOST

    def claim(self, *, emails: bool = True, at: datetime | None = None) -> Claimed | None:
        """Take what has been due longest, or None; it is committed as `sending`."""
        at = at or now()
        table = self.table
        # No pause is longer: what is due still later was queued by a clock that was ahead.
        ahead = table.c.next_at > at + LONGEST_PAUSE
        is_due = sa.or_(table.c.next_at <= at, ahead)
        due = (
            sa.select(table.c.id)
            .where(table.c.state == WAITING, is_due, self._takes(emails=emails))
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
            return self._claimed(connection, found)

    def mark_sent(self, claimed: Claimed) -> None:
        """Put on record that it was taken."""
        self._mark(claimed, state=SENT, sent_at=now(), last_error="")

    def mark_refused(
        self, claimed: Claimed, error: str, *, for_good: bool = False, at: datetime | None = None
    ) -> None:
        """Put on record that it surely was not taken: again later, or failed at last."""
        attempts, at = claimed.attempts + 1, at or now()
        failed = for_good or attempts >= self.attempts_at_most
        self._mark(
            claimed,
            state=FAILED if failed else self._waiting_again(),
            next_at=at + pause_after(attempts),
            last_error=error[:ERROR_AT_MOST],
        )

    def mark_unsure(self, claimed: Claimed, error: str) -> None:
        """Put on record that it may have been taken or not: a person is to look."""
        self._mark(
            claimed, state=FAILED, last_error=f"{error[:ERROR_AT_MOST]} – {MAY_HAVE_BEEN_SENT}"
        )

    def fail_stale(self, *, at: datetime | None = None) -> int:
        """End the claims of those who died while sending, and what has waited for too long.

        Returns how many there were.
        """
        table, at = self.table, at or now()
        stale = sa.and_(table.c.state == SENDING, table.c.claimed_at < at - CLAIM_HOLDS)
        old = sa.and_(table.c.state == WAITING, table.c.next_at < at - self.too_old_after)
        with self._database.reading() as connection:
            if connection.scalar(sa.select(table.c.id).where(sa.or_(stale, old)).limit(1)) is None:
                return 0
        ended = 0
        with self._database.writing() as connection:
            for which, said in ((stale, MAY_HAVE_BEEN_SENT), (old, TOO_OLD)):
                change = table.update().where(which).values(state=FAILED, last_error=said)
                ended += connection.execute(change).rowcount
        return ended

    def _takes(self, *, emails: bool) -> sa.ColumnElement[bool]:
        """Return the condition for rows of the kinds that may be taken."""
        raise NotImplementedError

    def _claimed(self, connection: sa.Connection, row_id: int) -> Claimed:
        """Return a row that was claimed just now."""
        raise NotImplementedError

    def _waiting_again(self) -> sa.ColumnElement[str]:
        """Return the state after a refusal."""
        return sa.literal(WAITING)

    def _mark(self, claimed: Claimed, **values: Any) -> None:
        table = self.table
        # Only the holder of this very claim: another may have ended it as stale meanwhile.
        own = (
            table.c.id == claimed.id,
            table.c.state == SENDING,
            table.c.claimed_at == claimed.claimed_at,
        )
        with self._database.writing() as connection:
            done = {"attempts": claimed.attempts + 1, **values}
            connection.execute(table.update().where(*own).values(**done))
