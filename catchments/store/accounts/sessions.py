"""The sessions of people who are signed in: one row each, known by what its cookie holds.

A session ends by itself, or when the epoch of its person's account is raised. What the cookie holds
is not in the database, only its digest: who reads the table is not signed in by it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.accounts.people import Account, account_of, accounts, end_sessions
from catchments.store.accounts.rows import is_open, note
from catchments.store.engine import Repository

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
"""How long a session stands unused, and how long at most."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a session was last used: not every request need write."""
TOKEN_BYTES = 32
_T, _P = schema.session, schema.person


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which somebody is signed in."""

    number: int
    began_at: datetime
    seen_at: datetime
    shown_at: datetime
    """When they last showed who they are."""
    device: str
    """Browser and system, as somebody would name them."""
    vouched_for: bool
    """Whether a provider elsewhere vouches for a second factor."""

    def stands(self, moment: datetime) -> bool:
        """Whether it is neither too old nor unused for too long."""
        idle, age = moment - self.seen_at, moment - self.began_at
        # Where the clock was set back, a session from the future does not stand either.
        return -NOTED_EVERY <= idle <= IDLE and -NOTED_EVERY <= age <= LONGEST


class Sessions(Repository):
    """The sessions in a store."""

    def begin(
        self,
        person_id: int,
        moment: datetime,
        *,
        device: str = "",
        vouched_for: bool = False,
        epoch: int | None = None,
    ) -> str | None:
        """Begin a session, and return what its cookie is to hold.

        None where the account is disabled, or was changed since it had the epoch that is given.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with self._database.writing() as connection:
            now_epoch = connection.scalar(sa.select(_P.c.session_epoch).where(is_open(person_id)))
            if now_epoch is None or epoch not in {None, now_epoch}:
                return None
            _remove_ended(connection, person_id, now_epoch, moment)
            values: dict[str, Any] = {"began_at": moment, "seen_at": moment, "shown_at": moment}
            values |= {"person_id": person_id, "epoch": now_epoch, "device": device}
            values |= {"digest": digest(token), "vouched_for": vouched_for}
            connection.execute(_T.insert().values(**values))
        return token

    def current(self, token: str, moment: datetime) -> tuple[Account, Session] | None:
        """Return whose session a cookie's content belongs to, or None where none stands."""
        query = accounts().add_columns(*_columns()).join(_T, _T.c.person_id == _P.c.id)
        query = query.where(_T.c.digest == digest(token), *_not_ended())
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or not _session(row).stands(moment):
            return None
        return account_of(row), _session(row)

    # By what the cookie holds, not by number: SQLite gives the number of a row that is gone anew.

    def note_use(self, token: str, moment: datetime) -> None:
        """Keep when a session was last used."""
        with self._database.writing() as connection:
            connection.execute(_of_cookie(_T.update(), token).values(seen_at=moment))

    def note_shown(self, token: str, moment: datetime) -> str:
        """Keep when somebody last showed who they are; return what the cookie holds from now on."""
        after = secrets.token_urlsafe(TOKEN_BYTES)
        values = {"shown_at": moment, "seen_at": moment, "digest": digest(after)}
        with self._database.writing() as connection:
            connection.execute(_of_cookie(_T.update(), token).values(**values))
        return after

    def leave(self, person: Person, token: str, *, action: str = "") -> None:
        """End the session that a cookie belongs to; on record where there is an action."""
        with self._database.writing() as connection:
            if connection.execute(_of_cookie(_T.delete(), token)).rowcount and action:
                note(connection, person.login, action, person.login)

    def of(self, person: Person, moment: datetime) -> list[Session]:
        """Return somebody's sessions that stand, the one used last first."""
        query = sa.select(*_columns()).join(_P, _T.c.person_id == _P.c.id)
        query = query.where(_P.c.id == person.id, *_not_ended()).order_by(_T.c.seen_at.desc())
        with self._database.reading() as connection:
            found = [_session(row) for row in connection.execute(query)]
        return [each for each in found if each.stands(moment)]

    def end(self, person: Person, number: int) -> None:
        """End one of somebody's own sessions; of no session, or another's, nothing."""
        with self._database.writing() as connection:
            own = _T.delete().where(_T.c.id == number, _T.c.person_id == person.id)
            if connection.execute(own).rowcount:
                note(connection, person.login, "person.session-end", person.login)

    def end_others(self, person: Person, number: int) -> None:
        """End all of somebody's own sessions but one."""
        with self._database.writing() as connection:
            others = _T.delete().where(_T.c.id != number, _T.c.person_id == person.id)
            connection.execute(others)
            note(connection, person.login, "person.sessions-end", person.login)

    def end_all(self, person: Person, *, by: str) -> None:
        """End all of somebody's sessions, and what they have begun of signing in."""
        with self._database.writing() as connection:
            end_sessions(connection, person.id)
            note(connection, by, "person.sessions-end", person.login)


def digest(text: str) -> str:
    """Return what is kept of a random text that is too long to guess."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _of_cookie(change: Any, token: str) -> Any:
    return change.where(_T.c.digest == digest(token))


def _not_ended() -> tuple[sa.ColumnElement[bool], ...]:
    return _T.c.epoch == _P.c.session_epoch, _P.c.disabled_at.is_(None)


def _columns() -> list[sa.Label[Any]]:
    names = ("began_at", "seen_at", "shown_at", "device", "vouched_for")
    return [_T.c.id.label("number"), *(_T.c[name].label(name) for name in names)]


def _session(row: Any) -> Session:
    return Session(**{name: getattr(row, name) for name in Session.__slots__})


def _remove_ended(connection: sa.Connection, person_id: int, epoch: int, moment: datetime) -> None:
    """Remove every session that is too old, and those of one person that were ended."""
    of_before = sa.and_(_T.c.person_id == person_id, _T.c.epoch != epoch)
    too_old = (_T.c.seen_at < moment - IDLE, _T.c.began_at < moment - LONGEST)
    connection.execute(_T.delete().where(sa.or_(of_before, *too_old)))
