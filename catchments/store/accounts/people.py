"""The people of the staff pages: their accounts, passwords, lock-outs and roles.

Passwords are hashed outside of transactions: only one writes at a time, and a hash takes its time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotKnown, shown
from catchments.core.roles import COMMAND_LINE, Person, Role
from catchments.store import schema
from catchments.store.accounts import guess_budgets, guesses, hashing
from catchments.store.accounts.given import (
    LONGEST_NAME,
    checked_email,
    checked_line,
    checked_login,
    checked_roles,
    folded,
)
from catchments.store.accounts.guess_budgets import Asker, Purse
from catchments.store.accounts.letters import Letter, enqueue
from catchments.store.accounts.passwords import checked_password, is_guessed, words_of
from catchments.store.accounts.rows import (
    first_password_ends,
    has_ended,
    note,
    person_of,
    role_words,
)
from catchments.store.engine import Repository, now

ELSEWHERE = "OpenID Connect"

_T = schema.person


@dataclass(frozen=True, slots=True)
class Account:
    """A person, and what tells whether a session of theirs still stands."""

    person: Person
    epoch: int
    """Raised by whatever ends the sessions that were begun before."""
    has_password: bool
    password_mark: str = ""
    """Another for each password: what was known of a browser ends with it."""
    change_password_by: datetime | None = None
    """Until when the password, which somebody else made, is to be changed; None for one's own."""
    has_factor: bool = False
    """Whether something beside the password is asked for."""


class PasswordEnded(InputRefused):
    """A first password that is right, but was not changed in time."""

    def __init__(self) -> None:
        super().__init__(
            "Your first password has ended: it was to be changed within a week.",
            field="password",
            next_step="Ask an administrator of this service for a new one.",
        )


class People(Repository):
    """The accounts in a store."""

    # --- who there is -----------------------------------------------------------------------------

    def all(self) -> list[Person]:
        """Return everybody with an account, disabled ones too, by login."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(_T).order_by(_T.c.login))
            return [person_of(row) for row in rows]

    def account(self, person_id: int) -> Account | None:
        """Return somebody's account by its number, or None."""
        with self._database.reading() as connection:
            row = connection.execute(accounts().where(_T.c.id == person_id)).one_or_none()
        return account_of(row) if row else None

    def known(self, login: str) -> Account | None:
        """Return somebody's account by their login, or None."""
        with self._database.reading() as connection:
            row = _row_or_none(connection, login, accounts())
        return account_of(row) if row else None

    def person(self, login: str) -> Person:
        """Return somebody by their login. Raises NotKnown."""
        with self._database.reading() as connection:
            return person_of(_row(connection, login))

    # --- accounts ---------------------------------------------------------------------------------

    def add(
        self,
        *,
        login: str,
        name: str,
        email: str,
        roles: Collection[Role],
        password: str = "",
        is_first: bool = True,
        by: str = COMMAND_LINE,
    ) -> Person:
        """Make an account; without a password one signs in through OpenID Connect.

        A first password is to be changed by its person within a week.

        Raises InputRefused for a login that is taken, and for any value that will not do.
        """
        login = checked_login(login)
        values = {
            "login": login,
            "name": checked_line(name, "name", LONGEST_NAME),
            "email": checked_email(email),
            "roles": role_words(checked_roles(roles)),
            "password_hash": _hashed(password, login, name, email) if password else "",
            "change_password_by": first_password_ends() if password and is_first else None,
            "elsewhere": not password,
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
            told["signs_in"] = ELSEWHERE if values["elsewhere"] else "with a password"
            note(connection, by, "person.add", login, **told)
            return person_of(_row(connection, login))

    def set_roles(self, login: str, roles: Collection[Role], *, by: str = COMMAND_LINE) -> None:
        """Give somebody exactly these roles; their sessions end. Raises NotKnown, InputRefused."""
        kept = checked_roles(roles)
        with self._database.writing() as connection:
            before = person_of(_row(connection, login))
            if kept == before.roles:
                return
            if Role.ADMINISTRATOR not in kept:
                _refuse_to_lose(connection, before, by)
            _change(connection, before, roles=role_words(kept))
            told = {"before": role_words(before.roles), "after": role_words(kept)}
            note(connection, by, "person.roles", before.login, **told)

    def disable(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """End somebody's account; it stays on record. Raises NotKnown, InputRefused."""
        with self._database.writing() as connection:
            before = person_of(_row(connection, login))
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
            note(connection, by, "person.disable", before.login)

    def enable(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """Open a disabled or locked account again. Raises NotKnown."""
        with self._database.writing() as connection:
            before = person_of(_row(connection, login))
            _change(connection, before, disabled_at=None)
            guess_budgets.clear(connection, _own_purses(before.login))
            note(connection, by, "person.enable", before.login)

    def set_password(self, login: str, password: str, *, by: str = COMMAND_LINE) -> None:
        """Give somebody a new password; their sessions end, and they are told.

        One that somebody else made is to be changed within a week. Raises NotKnown, InputRefused,
        TooBusy.
        """
        person = self.person(login)
        made = _hashed(password, person.login, person.name, person.email)
        change_by = None if by == person.login else first_password_ends()
        with self._database.writing() as connection:
            person = person_of(_row(connection, login))
            _change(connection, person, password_hash=made, change_password_by=change_by)
            guess_budgets.clear(connection, _own_purses(person.login))
            note(connection, by, "person.password", person.login)
            enqueue(connection, person, Letter.PASSWORD, by=by)

    def sign_in_elsewhere_only(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """Have somebody sign in through OpenID Connect alone: their password and sessions end.

        Unless they are linked already, their next sign-in there is matched by e-mail. Raises
        NotKnown.
        """
        with self._database.writing() as connection:
            person = person_of(_row(connection, login))
            _change(connection, person, password_hash="", change_password_by=None, elsewhere=True)
            note(connection, by, "person.elsewhere", person.login)
            enqueue(connection, person, Letter.PASSWORD, by=by)

    # --- signing in -------------------------------------------------------------------------------

    def sign_in(
        self,
        login: str,
        password: str,
        *,
        action: str = "person.sign-in",
        asker: Asker = Asker(),  # noqa: B008 - it cannot be changed
    ) -> Person | None:
        """Return who signs in with a login and a password, or None, for whatever reason.

        The same is done for a login that nobody has: it has a budget as any other, and the same
        work. `action` is noted in the audit trail, `asker` is who guesses. Raises TooManyGuesses
        for a network whose budget is used up, TooBusy, and PasswordEnded for a first password that
        is right, but too old.
        """
        with self._database.reading() as connection:
            row = _row_or_none(connection, login)
            if not guesses.may_guess(connection, asker, login, row):
                return None
            failures = guess_budgets.failures_of(connection, asker.network_purses())
        with asker.lane().slot(next(iter(asker.networks), ""), failures):
            with self._database.reading() as connection:  # it may have been used up meanwhile
                if not guesses.may_guess(connection, asker, login, row):
                    return None
            is_right = hashing.fits(row.password_hash if row else "", password)
            known = words_of(row.login, row.name, row.email) if is_right else ()
        is_weak = is_right and is_guessed(hashing.normal(password), known)
        with self._database.writing() as connection:
            taken = guesses.taken(
                connection, row, is_right=is_right, asker=asker, login=login, as_=action
            )
            if taken is not None and is_weak and row.change_password_by is None:
                ends = {"change_password_by": first_password_ends()}
                connection.execute(_T.update().where(_T.c.id == taken.id).values(**ends))
        if taken is not None and has_ended(row.change_password_by):
            raise PasswordEnded
        return taken

    def sign_in_elsewhere(
        self,
        subject: str,
        verified_email: str,
        *,
        roles: Collection[Role] | None = None,
        action: str = "person.sign-in",
        **vouched: str,
    ) -> Person | None:
        """Return whose account belongs to somebody who signed in with OpenID Connect, or None.

        It is found by subject, else, once, by an e-mail address that the provider has verified: of
        accounts that were made for it and have no password. `roles` are those that the provider
        gives, in place of what the account has; None if it gives none. Without any role there is
        no signing in, and sessions that were begun end. `action`, if any, and what the provider
        `vouched` for go into the trail.
        """
        with self._database.writing() as connection:
            row = _by_subject(connection, subject) or _by_email(connection, verified_email)
            if row is None or row.disabled_at:
                return None
            if roles == frozenset():
                _end_without_roles(connection, row)
                return None
            if not row.subject:
                connection.execute(_T.update().where(_T.c.id == row.id).values(subject=subject))
                note(connection, row.login, "person.link", row.login, elsewhere=subject)
            if roles is not None and role_words(roles) != row.roles:
                _change(connection, person_of(row), roles=role_words(roles))
                told = {"before": row.roles, "after": role_words(roles), "through": ELSEWHERE}
                note(connection, row.login, "person.roles", row.login, **told)
            if action:
                note(connection, row.login, action, row.login, through=ELSEWHERE, **vouched)
            return person_of(_row(connection, row.login))

    def known_elsewhere(self, subject: str, verified_email: str) -> int | None:
        """Return the number of the account that `sign_in_elsewhere` would find; changes nothing."""
        with self._database.reading() as connection:
            row = _by_subject(connection, subject) or _by_email(connection, verified_email)
        return row.id if row else None

    def end_elsewhere(self, subject: str) -> bool:
        """End the sessions of whoever a provider says has signed out; whether there is anybody."""
        with self._database.writing() as connection:
            row = _by_subject(connection, subject)
            if row is None:
                return False
            end_sessions(connection, row.id)
            note(connection, row.login, "person.sign-out", row.login, through=ELSEWHERE)
            return True

    def refused_elsewhere(self, subject: str, **why: str) -> None:
        """Put on record that a provider's word was not taken, for somebody who is linked."""
        with self._database.writing() as connection:
            row = _by_subject(connection, subject)
            if row is not None:
                note(connection, row.login, "person.sign-in.fail", row.login, **why)

    def unlink(self, login: str, *, by: str = COMMAND_LINE) -> None:
        """Forget who somebody is to the provider.

        The next sign-in is matched by e-mail again where the account is for nothing else.
        """
        with self._database.writing() as connection:
            person = person_of(_row(connection, login))
            _change(connection, person, subject="")
            note(connection, by, "person.unlink", person.login, elsewhere=person.subject)


# --- rows -----------------------------------------------------------------------------------------


def by_id(connection: sa.Connection, person_id: int) -> Person:
    """Return somebody by the number of their account, in the caller's transaction.

    Raises NotKnown.
    """
    row = connection.execute(sa.select(_T).where(_T.c.id == person_id)).one_or_none()
    if row is None:
        raise NotKnown(f"There is no person {person_id}.")
    return person_of(row)


def by_login(connection: sa.Connection, login: str) -> Person:
    """Return somebody by their login, in the caller's transaction. Raises NotKnown."""
    return person_of(_row(connection, login))


def accounts() -> sa.Select[Any]:
    """Return the query of accounts, whose rows `account_of` reads."""
    kinds = (schema.authenticator, schema.passkey)
    has_one = sa.or_(*(sa.exists().where(kind.c.person_id == _T.c.id) for kind in kinds))
    return sa.select(_T, has_one.label("has_factor"))


def account_of(row: Any) -> Account:
    """Return the account in a row of `accounts`."""
    return Account(
        person_of(row),
        row.session_epoch,
        bool(row.password_hash),
        hashlib.sha256(row.password_hash.encode()).hexdigest()[:16],
        row.change_password_by,
        bool(row.has_factor),
    )


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


def _row_or_none(connection: sa.Connection, login: str, query: sa.Select[Any] | None = None) -> Any:
    known = folded(login)
    if "\0" in known:  # PostgreSQL takes it for no text at all, and nobody has such a login
        return None
    query = sa.select(_T) if query is None else query
    return connection.execute(query.where(_T.c.login == known)).one_or_none()


def _by_subject(connection: sa.Connection, subject: str) -> Any:
    query = sa.select(_T).where(_T.c.subject == subject)
    return connection.execute(query).one_or_none() if subject else None


def _by_email(connection: sa.Connection, email: str) -> Any:
    if not email:
        return None
    # An account that has a subject is somebody's already, whatever their address is now; one that
    # has a password, or was made to have one, is nobody's who comes from elsewhere.
    free = (_T.c.subject == "", _T.c.password_hash == "", _T.c.elsewhere)
    rows = connection.execute(sa.select(_T).where(*free)).all()
    fitting = [row for row in rows if row.email.casefold() == email.casefold()]
    return fitting[0] if len(fitting) == 1 else None


def _change(connection: sa.Connection, person: Person, **values: Any) -> None:
    """Change an account, if there is anything to change, and end its sessions."""
    if values:
        connection.execute(_T.update().where(_T.c.id == person.id).values(**values))
    end_sessions(connection, person.id)


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
        for other in map(person_of, connection.execute(sa.select(_T).where(_T.c.id != person.id)))
        if Role.ADMINISTRATOR in other.roles and other.disabled_at is None
    ]
    if not others:
        raise InputRefused(
            f"{person.login} is the only administrator.",
            field="roles",
            next_step="Make somebody else an administrator first.",
        )


def _end_without_roles(connection: sa.Connection, row: Any) -> None:
    """End the sessions of somebody of whom a provider says that they have no role any more."""
    if row.subject:
        end_sessions(connection, row.id)
        note(connection, row.login, "person.sign-out", row.login, roles="", through=ELSEWHERE)


# --- passwords ------------------------------------------------------------------------------------


def _hashed(password: str, *about: str) -> str:
    return hashing.hash_of(checked_password(password, words_of(*about)))


def _own_purses(login: str) -> list[Purse]:
    kinds = (guess_budgets.Kind.LOGIN, guess_budgets.Kind.CONFIRM, guess_budgets.Kind.SECOND_FACTOR)
    return [guess_budgets.own_purse(kind, login) for kind in kinds]
