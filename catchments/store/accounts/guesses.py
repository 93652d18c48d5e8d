"""Guesses at passwords: whether one may be made, and what comes of it, in trail and budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.accounts import guess_budgets
from catchments.store.accounts.given import folded
from catchments.store.accounts.guess_budgets import Asker, Purse, TooManyGuesses
from catchments.store.accounts.letters import Letter, enqueue
from catchments.store.accounts.rows import has_ended, note, person_of
from catchments.store.engine import now
from catchments.store.integrity.audit import append

NOBODY, UNKNOWN_LOGINS = "somebody unknown", "unknown logins"
"""Actor and subject of what the trail says of logins that nobody has."""
_T = schema.person


def may_guess(connection: sa.Connection, asker: Asker, login: str, row: Any) -> bool:
    """Whether a guess may be hashed. Raises TooManyGuesses."""
    purses = asker.purses(connection, folded(login), is_known=row is not None)
    networks = [purse for purse in purses if purse.kind in guess_budgets.PER_WINDOW]
    if guess_budgets.is_spent(connection, networks):
        raise TooManyGuesses(
            "Too many wrong sign-ins came from your network.",
            next_step="Try again in ten minutes, or in a browser in which you signed in before.",
        )
    return not guess_budgets.is_spent(connection, purses)


def taken(
    connection: sa.Connection, row: Any, *, is_right: bool, asker: Asker, login: str, as_: str
) -> Person | None:
    """Return who is let in, in the transaction that counts; None for whatever reason."""
    _note_unknown_later(connection, asker)
    # Asked again: of many guesses at once all but the first few must find the budget used up.
    purses = asker.purses(connection, folded(login), is_known=row is not None)
    if guess_budgets.is_spent(connection, purses):
        return None
    if row is not None:
        row = connection.execute(sa.select(_T).where(_T.c.id == row.id)).one()
    if row is None or not is_right or row.disabled_at:
        _fail(connection, row, purses, asker, as_)
        return None
    if has_ended(row.change_password_by):
        note(connection, row.login, f"{as_}.fail", row.login, said="first password too old")
        return person_of(row)
    guess_budgets.clear(connection, purses)
    note(connection, row.login, as_, row.login)
    return person_of(row)


def _fail(
    connection: sa.Connection, row: Any, purses: Sequence[Purse], asker: Asker, action: str
) -> None:
    counted = [guess_budgets.fail(connection, purse) for purse in purses]
    failures, lock = counted[0]
    if row is None:
        _note_unknown(connection, asker)
        return
    note(connection, row.login, f"{action}.fail", row.login, failures=failures)
    if lock is not None:
        told = {"seconds": int(lock.total_seconds()), "of": str(purses[0].kind)}
        note(connection, row.login, "person.lock", row.login, **told)
        if not row.disabled_at:
            enqueue(connection, person_of(row), Letter.LOCK, until=f"{now() + lock:%H:%M} UTC")


# --- logins that nobody has -----------------------------------------------------------------------


def _note_unknown(connection: sa.Connection, asker: Asker) -> None:
    """Put on record that an unknown login was tried, once a window: of the others the number.

    What was typed may be a password, and its digest could be guessed: neither is kept.
    """
    pending = guess_budgets.counted(connection, asker.purse(guess_budgets.Kind.UNKNOWN, ""))
    if pending is not None:
        _say_unknown(connection, pending + 1)


def _note_unknown_later(connection: sa.Connection, asker: Asker) -> None:
    """Put on record how many there were in a window that is over."""
    pending = guess_budgets.taken_up(connection, asker.purse(guess_budgets.Kind.UNKNOWN, ""))
    if pending:
        _say_unknown(connection, pending)


def _say_unknown(connection: sa.Connection, attempts: int) -> None:
    append(
        connection,
        actor=NOBODY,
        action="sign-in.unknown",
        subject=UNKNOWN_LOGINS,
        attempts=attempts,
    )
