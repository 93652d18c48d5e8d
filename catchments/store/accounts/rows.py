"""Rows of people, and what the audit trail says of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catchments.core.roles import Person, Role
from catchments.store import schema
from catchments.store.engine import now
from catchments.store.integrity.audit import append

FIRST_PASSWORD_HOLDS = timedelta(days=7)
"""So long a password that somebody else made lets its person in, to make one of their own."""


def is_open(person_id: int) -> sa.ColumnElement[bool]:
    """Return what is so of the account of somebody while it is not closed."""
    table = schema.person
    return sa.and_(table.c.id == person_id, table.c.disabled_at.is_(None))


def person_of(row: Any) -> Person:
    """Return whose row it is."""
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


def role_words(roles: Collection[Role]) -> str:
    """Return roles as they are kept."""
    return " ".join(role for role in Role if role in roles)


def note(connection: sa.Connection, by: str, action: str, login: str, **detail: Any) -> None:
    """Put on record what was done to an account, in the caller's transaction."""
    append(connection, actor=by, action=action, subject=f"person {login}", **detail)


def first_password_ends() -> datetime:
    """Return until when a password that somebody else makes now is taken."""
    return now() + FIRST_PASSWORD_HOLDS


def has_ended(change_by: datetime | None) -> bool:
    """Whether a password was to be changed before now; also where the clock was set back."""
    return change_by is not None and not timedelta() <= change_by - now() <= FIRST_PASSWORD_HOLDS
