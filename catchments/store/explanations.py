"""Matters that somebody explained away: who, when and why; it can be taken back, on record."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from catchments.errors import InputRefused
from catchments.people import Person
from catchments.store import schema
from catchments.store.audit import append
from catchments.store.store import Store, now

REASON_AT_MOST = 2_000
KEY_AT_MOST = 200
SUBJECT_AT_MOST = 120
"""As much as the audit trail keeps of what something was done to."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a matter needs nobody any more."""

    key: str
    reason: str
    explained_by: str
    """A name, as it was then."""
    at: datetime
    """UTC, without a zone."""


class Explanations:
    """The explanations of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> dict[str, Explanation]:
        """Return every explanation by its matter's key, of matters that are gone too."""
        with self._store.reading() as connection:
            rows = connection.execute(schema.finding_explained.select())
            return {row.key: Explanation(**row._mapping) for row in rows}

    def explain(self, key: str, reason: str, *, by: Person) -> bool:
        """Explain a matter away; return False where somebody has done so already: theirs stays.

        Raises InputRefused for a key that none can be, and for no reason or too long a one.
        """
        reason = _checked(key, reason)
        table = schema.finding_explained
        with self._store.writing() as connection:
            if connection.execute(table.select().where(table.c.key == key)).one_or_none():
                return False
            values = {"key": key, "reason": reason, "explained_by": by.name, "at": now()}
            connection.execute(table.insert().values(**values))
            append(
                connection,
                actor=by.login,
                action="finding.explain",
                subject=subject_of(key),
                key=key,
                reason=reason,
            )
        return True

    def take_back(self, key: str, *, by: Person) -> bool:
        """Have a matter need somebody again; return False where nobody had explained it."""
        table = schema.finding_explained
        with self._store.writing() as connection:
            row = connection.execute(table.select().where(table.c.key == key)).one_or_none()
            if row is None:
                return False
            connection.execute(table.delete().where(table.c.key == key))
            append(
                connection,
                actor=by.login,
                action="finding.take-back",
                subject=subject_of(key),
                key=key,
                reason=row.reason,
                explained_by=row.explained_by,
            )
        return True


def subject_of(key: str) -> str:
    """Return what the audit trail calls a matter: a long key ends in its digest."""
    text = f"finding {key}"
    if len(text) <= SUBJECT_AT_MOST:
        return text
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    return f"{text[: SUBJECT_AT_MOST - len(digest) - 1]}#{digest}"


def _checked(key: str, reason: str) -> str:
    if not key or len(key) > KEY_AT_MOST or "\0" in key:
        raise InputRefused(
            "The finding is none of the list.",
            field="key",
            next_step="Go back to the list of findings and choose one there.",
        )
    # PostgreSQL takes no character 0 in a text.
    reason = reason.replace("\0", "").strip()
    if not reason or len(reason) > REASON_AT_MOST:
        raise InputRefused(
            "A reason is missing." if not reason else "The reason is too long.",
            field="reason",
            allowed=f"Say in up to {REASON_AT_MOST:,} characters why it needs nobody.",
        )
    return reason
