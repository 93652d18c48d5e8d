"""The people of the staff pages: their accounts, passwords, lock-outs and roles.

Passwords are hashed outside of transactions: only one writes at a time, and a hash takes its time.
"""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from catchments.core.errors import CatchmentsError, InputRefused, NotKnown, shown
from catchments.core.roles import COMMAND_LINE, Person, Role
from catchments.store import schema
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import append

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 1_000
LONGEST_LOGIN, LONGEST_NAME = 100, 200
FAILURES_ALLOWED = 5
"""So many in a row lock an account; each one after that locks it for twice as long."""
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=1), timedelta(hours=1)
HASHED_AT_ONCE = 2
"""Each takes 64 MiB and every core for a while. More at once are refused, not kept waiting: a flood
of attempts would hold every thread that the public pages need."""

ELSEWHERE = "OpenID Connect"

HASHER = PasswordHasher()
_HASHING = threading.BoundedSemaphore(HASHED_AT_ONCE)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]*")
_EMAIL = re.compile(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;]+")
_T = schema.person


class TooBusy(CatchmentsError):
    """More passwords are being checked at once than there is memory and time for."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person, and what tells whether a session of theirs still stands."""

    person: Person
    epoch: int
    """Raised by whatever ends the sessions that were begun before."""
    has_password: bool
    has_factor: bool = False
    """Whether something beside the password is asked for."""


class People(Repository):
    """The accounts in a store."""

    # --- who there is -----------------------------------------------------------------------------

    def all(self) -> list[Person]:
        """Return everybody with an account, disabled ones too, by login."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(_T).order_by(_T.c.login))
            return [_person(row) for row in rows]

    def account(self, person_id: int) -> Account | None:
        """Return somebody's account by its number, or None."""
        with self._database.reading() as connection:
            row = connection.execute(accounts().where(_T.c.id == person_id)).one_or_none()
        return account_of(row) if row else None

    def person(self, login: str) -> Person:
        """Return somebody by their login. Raises NotKnown."""
        with self._database.reading() as connection:
            return _person(_row(connection, login))

    # --- accounts ---------------------------------------------------------------------------------

    def add(
        self,
        *,
        login: str,
        name: str,
        email: str,
        roles: Collection[Role],
        password: str = "",
        by: str = COMMAND_LINE,
    ) -> Person:
        """Make an account; without a password one signs in through OpenID Connect.

        Raises InputRefused for a login that is taken, and for any value that will not do.
        """
        login = checked_login(login)
        values = {
            "login": login,
            "name": checked_line(name, "name", LONGEST_NAME),
            "email": checked_email(email),
            "roles": _words(checked_roles(roles)),
            "password_hash": hashed(password) if password else "",
            "created_at": now(),
        }
        with self._database.writing() as connection:
            if connection.scalar(sa.select(_T.c.id).where(_T.c.login == login)) is not None:
                raise InputRefused(
                    f"There is an account {shown(login)} already.",
                    field="login",
                    next_step="Take another login, or change the account that is there.",
                )
            connection.execute(_T.insert().values(**values))
            told = {key: values[key] for key in ("name", "email", "roles")}
            _note(connection, by, "person.add", login, **told)
            return _person(_row(connection, login))

    def set_roles(self, login: str, roles: Collection[Role], *, by: str = COMMAND_LINE) -> None:
        """Give somebody exactly these roles; their sessions end. Raises NotKnown, InputRefused."""
        kept = checked_roles(roles)
        with self._database.writing() as connection:
            before = _person(_row(connection, login))
            if kept == before.roles:
                return
            if Role.ADMINISTRATOR not in kept:
                _refuse_to_lose(connection, before, by)
            _change(connection, before, roles=_words(kept))
            told = {"before": _words(before.roles), "after": _words(kept)}
            _note(connection, by, "person.roles", before.login, **told)

    def disable(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """End somebody's account; it stays on record. Raises NotKnown, InputRefused."""
        with self._database.writing() as connection:
            before = _person(_row(connection, login))
            if before.disabled_at is not None:
                return
            if before.login == by:
                raise InputRefused(
                    "You cannot disable your own account.",
                    field="disable",
                    next_step="Ask another administrator.",
                )
            _refuse_to_lose(connection, before, by)
            _change(connection, before, disabled_at=now())
            _note(connection, by, "person.disable", before.login)

    def enable(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """Open a disabled or locked account again. Raises NotKnown."""
        with self._database.writing() as connection:
            before = _person(_row(connection, login))
            _change(connection, before, disabled_at=None, failures=0, locked_until=None)
            _note(connection, by, "person.enable", before.login)

    def set_password(self, login: str, password: str, *, by: str = COMMAND_LINE) -> None:
        """Give somebody a new password; their sessions end. Raises NotKnown, InputRefused."""
        made = hashed(password)
        with self._database.writing() as connection:
            person = _person(_row(connection, login))
            _change(connection, person, password_hash=made, failures=0, locked_until=None)
            _note(connection, by, "person.password", person.login)

    # --- signing in -------------------------------------------------------------------------------

    def sign_in(
        self, login: str, password: str, *, action: str = "person.sign-in"
    ) -> Person | None:
        """Return who signs in with a login and a password, or None, for whatever reason.

        The same work is done for a login that nobody has. `action` is noted in the audit trail.
        Raises TooBusy.
        """
        with self._database.reading() as connection:
            row = _row_or_none(connection, login)
        is_right = _is_right(row.password_hash if row else "", password)
        if row is None:
            return None
        with self._database.writing() as connection:
            # Read again: of many attempts at once all but the first few must find it locked.
            row = connection.execute(sa.select(_T).where(_T.c.id == row.id)).one()
            if row.disabled_at or is_locked(row.locked_until):
                return None
            if not is_right:
                _count_failure(connection, row, action)
                return None
            clean = _T.update().where(_T.c.id == row.id).values(failures=0, locked_until=None)
            connection.execute(clean)
            _note(connection, row.login, action, row.login)
            return _person(row)

    def sign_in_elsewhere(
        self,
        subject: str,
        verified_email: str,
        *,
        roles: Collection[Role] | None = None,
        action: str = "person.sign-in",
    ) -> Person | None:
        """Return whose account belongs to somebody who signed in with OpenID Connect, or None.

        It is found by subject, else, once, by an e-mail address that the provider has verified.
        `roles` are those that the provider gives, in place of what the account has; None if it
        gives none. Without any role there is no signing in.
        """
        with self._database.writing() as connection:
            row = _by_subject(connection, subject) or _by_email(connection, verified_email)
            if row is None or row.disabled_at or roles == frozenset():
                return None
            if not row.subject:
                connection.execute(_T.update().where(_T.c.id == row.id).values(subject=subject))
                _note(connection, row.login, "person.link", row.login, elsewhere=subject)
            if roles is not None and _words(roles) != row.roles:
                _change(connection, _person(row), roles=_words(roles))
                told = {"before": row.roles, "after": _words(roles), "through": ELSEWHERE}
                _note(connection, row.login, "person.roles", row.login, **told)
            _note(connection, row.login, action, row.login, through=ELSEWHERE)
            return _person(_row(connection, row.login))

    def unlink(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """Forget who somebody is to the provider; the next sign-in is matched by e-mail again."""
        with self._database.writing() as connection:
            person = _person(_row(connection, login))
            _change(connection, person, subject="")
            _note(connection, by, "person.unlink", person.login, elsewhere=person.subject)


# --- what may be given ----------------------------------------------------------------------------


def checked_login(text: str) -> str:
    """Return a login as it is kept. Raises InputRefused."""
    login = folded(text)
    if len(login) <= LONGEST_LOGIN and _LOGIN.fullmatch(login):
        return login
    raise InputRefused(
        f"The login is {shown(text)}.",
        field="login",
        allowed=f"It must be 1 to {LONGEST_LOGIN} letters a to z, digits and . _ @ + -.",
        next_step="An e-mail address will do.",
    )


def checked_line(text: str, field: str, at_most: int) -> str:
    """Return one line of text. Raises InputRefused."""
    line = unicodedata.normalize("NFC", text.strip())
    if 0 < len(line) <= at_most and line.isprintable():
        return line
    raise InputRefused(
        f"The {field} is {shown(text)}.",
        field=field,
        allowed=f"It must be one line of 1 to {at_most} characters.",
    )


def checked_email(text: str) -> str:
    """Return an e-mail address. Raises InputRefused."""
    line = checked_line(text, "email", LONGEST_NAME)
    if _EMAIL.fullmatch(line):
        return line
    raise InputRefused(
        f"The e-mail address is {shown(text)}.",
        field="email",
        allowed="It must be like name@example.nz.",
    )


def checked_roles(roles: Collection[Role]) -> frozenset[Role]:
    """Return somebody's roles. Raises InputRefused where there is none."""
    if roles:
        return frozenset(roles)
    raise InputRefused(
        "No role is given.",
        field="roles",
        allowed=f"Roles are {', '.join(Role)}; somebody may have several.",
        next_step="Give at least one; to end an account, disable it.",
    )


def checked_password(text: str) -> str:
    """Return a password as it is hashed. Raises InputRefused, without the password in it."""
    password = unicodedata.normalize("NFKC", text)
    if len(password) >= SHORTEST_PASSWORD and len(text) <= LONGEST_PASSWORD:
        return password
    raise InputRefused(
        f"The password has {len(text)} characters.",
        field="password",
        allowed=f"It must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}.",
        next_step="Three or four words that do not belong together are easy to remember.",
    )


def folded(login: str) -> str:
    """Return a login in the form in which it is looked up."""
    return unicodedata.normalize("NFKC", login[: 2 * LONGEST_LOGIN]).strip().casefold()


def hashed(password: str) -> str:
    """Return the hash that is kept of a password. Raises InputRefused."""
    checked = checked_password(password)
    with _one_of_few():
        return HASHER.hash(checked)


# --- rows -----------------------------------------------------------------------------------------


def by_id(connection: sa.Connection, person_id: int) -> Person:
    """Return somebody by the number of their account, in the caller's transaction.

    Raises NotKnown.
    """
    row = connection.execute(sa.select(_T).where(_T.c.id == person_id)).one_or_none()
    if row is None:
        raise NotKnown(f"There is no person {person_id}.")
    return _person(row)


def by_login(connection: sa.Connection, login: str) -> Person:
    """Return somebody by their login, in the caller's transaction. Raises NotKnown."""
    return _person(_row(connection, login))


def accounts() -> sa.Select[Any]:
    """Return the query of accounts, whose rows `account_of` reads."""
    kinds = (schema.authenticator, schema.passkey)
    has_one = sa.or_(*(sa.exists().where(kind.c.person_id == _T.c.id) for kind in kinds))
    return sa.select(_T, has_one.label("has_factor"))


def account_of(row: Any) -> Account:
    """Return the account in a row of `accounts`."""
    return Account(_person(row), row.session_epoch, bool(row.password_hash), bool(row.has_factor))


def end_sessions(connection: sa.Connection, person_id: int) -> None:
    """End every session that somebody has begun, in the caller's transaction."""
    epoch = {"session_epoch": _T.c.session_epoch + 1}
    connection.execute(_T.update().where(_T.c.id == person_id).values(**epoch))


def _row(connection: sa.Connection, login: str) -> Any:
    row = _row_or_none(connection, login)
    if row is None:
        raise NotKnown(
            f"There is no account {shown(login)}.", next_step="`flask staff list` names all."
        )
    return row


def _row_or_none(connection: sa.Connection, login: str) -> Any:
    return connection.execute(sa.select(_T).where(_T.c.login == folded(login))).one_or_none()


def _by_subject(connection: sa.Connection, subject: str) -> Any:
    query = sa.select(_T).where(_T.c.subject == subject)
    return connection.execute(query).one_or_none() if subject else None


def _by_email(connection: sa.Connection, email: str) -> Any:
    if not email:
        return None
    # An account that has a subject is somebody's already, whatever their address is now.
    rows = connection.execute(sa.select(_T).where(_T.c.subject == "")).all()
    fitting = [row for row in rows if row.email.casefold() == email.casefold()]
    return fitting[0] if len(fitting) == 1 else None


def _person(row: Any) -> Person:
    return Person(
        id=row.id,
        login=row.login,
        name=row.name,
        email=row.email,
        roles=frozenset(Role(word) for word in row.roles.split() if word in set(Role)),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        subject=row.subject,
    )


def _words(roles: Collection[Role]) -> str:
    return " ".join(role for role in Role if role in roles)


def _change(connection: sa.Connection, person: Person, **values: Any) -> None:
    """Change an account and end the sessions that were begun before."""
    connection.execute(_T.update().where(_T.c.id == person.id).values(**values))
    end_sessions(connection, person.id)


def _note(connection: sa.Connection, by: str, action: str, login: str, **detail: Any) -> None:
    append(connection, actor=by, action=action, subject=f"person {login}", **detail)


def _refuse_to_lose(connection: sa.Connection, person: Person, by: str) -> None:
    """Refuse that an administrator gives themselves up, or that none is left."""
    if Role.ADMINISTRATOR not in person.roles or person.disabled_at is not None:
        return
    if person.login == by:
        raise InputRefused(
            "You cannot take the role of administrator from yourself.",
            field="roles",
            next_step="Ask another administrator.",
        )
    others = [
        other
        for other in map(_person, connection.execute(sa.select(_T).where(_T.c.id != person.id)))
        if Role.ADMINISTRATOR in other.roles and other.disabled_at is None
    ]
    if not others:
        raise InputRefused(
            f"{person.login} is the only administrator.",
            field="roles",
            next_step="Make somebody else an administrator first.",
        )


# --- passwords ------------------------------------------------------------------------------------


def _is_right(password_hash: str, password: str) -> bool:
    """Whether a password fits; takes as long for a hash that is not there."""
    given = unicodedata.normalize("NFKC", password[: LONGEST_PASSWORD + 1])
    with _one_of_few():
        nobodys = _nobodys_hash()
        try:
            HASHER.verify(password_hash or nobodys, given)
        except (Argon2Error, InvalidHashError):
            return False
    return bool(password_hash) and len(password) <= LONGEST_PASSWORD


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _HASHING.acquire(blocking=False):
        raise TooBusy("Too many people are signing in just now.", next_step="Try again shortly.")
    try:
        yield
    finally:
        _HASHING.release()


_nobodys: list[str] = []


def _nobodys_hash() -> str:
    if not _nobodys:
        _nobodys.append(HASHER.hash(secrets.token_hex()))
    return _nobodys[0]


def _count_failure(connection: sa.Connection, row: Any, action: str) -> None:
    failures = row.failures + 1
    lock = lock_after(failures)
    until: datetime | None = now() + lock if lock else None
    values = {"failures": failures, "locked_until": until}
    connection.execute(_T.update().where(_T.c.id == row.id).values(**values))
    _note(connection, row.login, f"{action}.fail", row.login, failures=failures)
    if lock:
        seconds = int(lock.total_seconds())
        _note(connection, row.login, "person.lock", row.login, seconds=seconds)


def is_locked(until: datetime | None) -> bool:
    """Whether an account is locked now; no lock outlasts the longest, wherever the clock jumps."""
    return until is not None and timedelta() < until - now() <= LONGEST_LOCK


def lock_after(failures: int) -> timedelta | None:
    """Return for how long so many failures in a row lock an account; None for not at all."""
    over = failures - FAILURES_ALLOWED
    if over < 0:
        return None
    return min(FIRST_LOCK * (1 << min(over, 10)), LONGEST_LOCK)
