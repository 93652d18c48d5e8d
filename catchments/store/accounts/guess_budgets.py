"""Budgets of wrong guesses: by login, by network, by known device, and of the step that confirms.

They are rows of the database, so that all workers share them and a restart forgets none. A row's
key is a keyed digest: of a login that was typed, which may be somebody's password, and of an
address, nothing is kept. Only a guess that was hashed costs a write; one that is refused does not.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import CatchmentsError
from catchments.store import schema
from catchments.store.accounts.hashing import KNOWN, STRANGERS, Lane
from catchments.store.engine import now

FAILURES_ALLOWED = 5
"""So many in a row lock a login, a device or the step that confirms; each one after that locks it
for twice as long."""
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=6)
"""Since the last failure; for logins that nobody has as well, so that they cannot be told apart."""
WINDOW = timedelta(minutes=10)
OF_A_NETWORK, OF_A_WIDER_NETWORK = 30, 120
"""Failures that one address (of IPv6 a /64), and a /48 of IPv6, have in a window."""
KEPT_TO_BE_TOLD = timedelta(days=365)
"""What was counted of unknown logins waits so long for the next sign-in, which tells it."""
DIGEST_CHARACTERS = 40
_T = schema.sign_in_budget


class TooManyGuesses(CatchmentsError):
    """Too many wrong sign-ins came from one network of late."""


class Kind(StrEnum):
    """Whose failures are counted."""

    LOGIN = "login"
    NETWORK = "network"
    WIDER_NETWORK = "wider network"
    DEVICE = "device"
    CONFIRM = "confirm"
    SECOND_FACTOR = "second factor"
    UNKNOWN = "unknown logins"
    REFUSED = "refused pages"
    LOGOUT = "logout elsewhere"


PER_WINDOW = {Kind.NETWORK: OF_A_NETWORK, Kind.WIDER_NETWORK: OF_A_WIDER_NETWORK}


@dataclass(frozen=True, slots=True)
class Purse:
    """One budget: what kind it is of, and of whom."""

    kind: Kind
    key: str


@dataclass(frozen=True, slots=True)
class Asker:
    """From where a password comes, as budgets tell those who ask apart."""

    key: bytes = b""
    """With which digests are made; one for all workers, and not in the database."""
    networks: tuple[str, ...] = ()
    """That an address is counted in, the narrowest first."""
    device: str = ""
    """The mark of a browser that signed in before with the login that is given."""
    is_signed_in: bool = False
    """Whether it is only asked again who they are."""

    def purse(self, kind: Kind, who: str) -> Purse:
        """Return the budget of somebody."""
        named = f"{kind}\0{who}".encode("utf-8", "surrogatepass")
        digest = hmac.new(self.key, named, hashlib.sha256).hexdigest()
        return Purse(kind, digest[:DIGEST_CHARACTERS])

    def lane(self) -> Lane:
        """Return the line that it waits in for a hash."""
        return KNOWN if self.is_signed_in or self.device else STRANGERS

    def network_purses(self) -> list[Purse]:
        """Return the budgets of the networks that it comes from."""
        kinds = (Kind.NETWORK, Kind.WIDER_NETWORK)
        return [self.purse(*each) for each in zip(kinds, self.networks, strict=False)]

    def purses(self, connection: sa.Connection, login: str, *, is_known: bool) -> list[Purse]:
        """Return the budgets that a guess at a login is taken from.

        A known device's budget stands apart from all that strangers use up; once it is used up
        itself, the device is a stranger.
        """
        if self.is_signed_in:
            return [own_purse(Kind.CONFIRM, login)]
        device = self.purse(Kind.DEVICE, f"{login}\0{self.device}")
        if self.device and not is_spent(connection, [device]):
            return [device]
        of_login = own_purse(Kind.LOGIN, login) if is_known else self.purse(Kind.LOGIN, login)
        return [of_login, *self.network_purses()]


def own_purse(kind: Kind, login: str) -> Purse:
    """Return a budget of somebody with an account, whose login is no secret."""
    return Asker().purse(kind, login)


def is_spent(connection: sa.Connection, purses: Iterable[Purse]) -> bool:
    """Whether a guess has to wait, since one of its budgets is used up."""
    return any(is_locked(row.locked_until) for row in _rows(connection, purses))


def failures_of(connection: sa.Connection, purses: Iterable[Purse]) -> int:
    """Return the most failures that any of some budgets has now."""
    return max((_still(row) for row in _rows(connection, purses)), default=0)


def fail(connection: sa.Connection, purse: Purse) -> tuple[int, timedelta | None]:
    """Count a failure, in the caller's transaction; return how many there are now, and the lock."""
    row = next(iter(_rows(connection, [purse])), None)
    failures = (_still(row) if row else 0) + 1
    at = now()
    since = row.since if row and failures > 1 else at
    lock = _lock(purse.kind, failures, since, at)
    values = {
        "failures": failures,
        "since": since,
        "locked_until": at + lock if lock else None,
        "ends_at": since + WINDOW if purse.kind in PER_WINDOW else at + FORGOTTEN_AFTER,
    }
    if row:
        connection.execute(_T.update().where(_T.c.key == purse.key).values(**values))
    else:
        connection.execute(_T.delete().where(_T.c.ends_at < at))
        connection.execute(_T.insert().values(key=purse.key, **values))
    return failures, lock


def clear(connection: sa.Connection, purses: Iterable[Purse]) -> None:
    """Forget failures, in the caller's transaction; those of networks stay for their window.

    Else somebody with an account could guess at others, and sign in now and then to be forgiven.
    """
    keys = [purse.key for purse in purses if purse.kind not in PER_WINDOW]
    connection.execute(_T.delete().where(_T.c.key.in_(keys)))


def is_due(connection: sa.Connection, purse: Purse, every: timedelta) -> bool:
    """Whether so long has gone by since `once` was asked last, and said yes."""
    at = now()
    row = next(iter(_rows(connection, [purse])), None)
    return row is None or not timedelta() < row.ends_at - at <= every


def once(connection: sa.Connection, purse: Purse, every: timedelta) -> bool:
    """Whether this is the first time within so long, in the caller's transaction."""
    if not is_due(connection, purse, every):
        return False
    at = now()
    connection.execute(_T.delete().where(sa.or_(_T.c.key == purse.key, _T.c.ends_at < at)))
    connection.execute(_T.insert().values(key=purse.key, failures=0, since=at, ends_at=at + every))
    return True


def counted(connection: sa.Connection, purse: Purse) -> int | None:
    """Count one of many; return how many were counted before, once a window, else None."""
    at = now()
    row = next(iter(_rows(connection, [purse])), None)
    if row is not None and timedelta() <= at - row.since < WINDOW:
        connection.execute(
            _T.update().where(_T.c.key == purse.key).values(failures=row.failures + 1)
        )
        return None
    _begin(connection, purse, at)
    return row.failures if row else 0


def taken_up(connection: sa.Connection, purse: Purse) -> int:
    """Return how many were counted in a window that is over; they are counted no more."""
    at = now()
    row = next(iter(_rows(connection, [purse])), None)
    if row is None or not row.failures or timedelta() <= at - row.since < WINDOW:
        return 0
    connection.execute(_T.update().where(_T.c.key == purse.key).values(failures=0))
    return int(row.failures)


def _begin(connection: sa.Connection, purse: Purse, at: datetime) -> None:
    clear(connection, [purse])
    ends = at + KEPT_TO_BE_TOLD
    connection.execute(_T.insert().values(key=purse.key, failures=0, since=at, ends_at=ends))


def is_locked(until: datetime | None) -> bool:
    """Whether a budget is used up now; no lock outlasts the longest, wherever the clock jumps."""
    return until is not None and timedelta() < until - now() <= LONGEST_LOCK


def lock_after(failures: int) -> timedelta | None:
    """Return for how long so many failures in a row lock a login; None for not at all."""
    over = failures - FAILURES_ALLOWED
    if over < 0:
        return None
    return min(FIRST_LOCK * (1 << min(over, 10)), LONGEST_LOCK)


def _lock(kind: Kind, failures: int, since: datetime, at: datetime) -> timedelta | None:
    if kind not in PER_WINDOW:
        return lock_after(failures)
    return since + WINDOW - at if failures >= PER_WINDOW[kind] else None


def _rows(connection: sa.Connection, purses: Iterable[Purse]) -> list[Any]:
    keys = [purse.key for purse in purses]
    return list(connection.execute(sa.select(_T).where(_T.c.key.in_(keys))).all())


def _still(row: Any) -> int:
    """Return the failures of a row, none where they are to be forgotten; also of one from the
    future, where the clock was set back."""
    at = now()
    return row.failures if row.since <= at < row.ends_at else 0
