"""Findings that staff have explained away: why, who and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catchments.core.errors import InputRefused
from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import append

REASON_AT_MOST = 2_000
_T = schema.finding_explained


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a finding needs nobody any more."""

    reason: str
    by: str
    """A name."""
    at: datetime
    """UTC."""


class Explanations(Repository):
    """The explanations in a store, by the key of what they explain."""

    def explained(self) -> dict[str, Explanation]:
        """Return every explanation that stands; some may be of what is so no more."""
        with self._database.reading() as connection:
            rows = connection.execute(_T.select())
            return {row.key: Explanation(row.reason, row.explained_by, row.at) for row in rows}

    def explain(self, sentences: Mapping[str, str], reason: str, *, by: Person) -> list[str]:
        """Explain findings, key → sentence, all or none, and return the keys that were not yet.

        What somebody has explained already keeps the reason that it has. Raises InputRefused for a
        reason that is empty or longer than `REASON_AT_MOST`.
        """
        reason = checked_reason(reason)
        with self._database.writing() as connection:
            done = set(connection.scalars(sa.select(_T.c.key)))
            fresh = [key for key in sentences if key not in done]
            for key in fresh:
                values = {"key": key, "reason": reason, "explained_by": by.name, "at": now()}
                connection.execute(_T.insert().values(**values))
                told = {"key": key, "finding": sentences[key], "reason": reason}
                append(connection, actor=by.login, action="finding.explain", **_subject(key, told))
        return fresh

    def take_back(self, key: str, *, by: Person) -> bool:
        """Take an explanation away, so that its finding needs a person again; whether it stood."""
        if "\0" in key:  # which PostgreSQL would not even look for
            return False
        with self._database.writing() as connection:
            row = connection.execute(_T.select().where(_T.c.key == key)).one_or_none()
            if row is None:
                return False
            connection.execute(_T.delete().where(_T.c.key == key))
            told = {"key": key, "reason": row.reason, "explained_by": row.explained_by}
            append(connection, actor=by.login, action="finding.take-back", **_subject(key, told))
        return True


def checked_reason(reason: str) -> str:
    """Return a reason without blanks around it. Raises InputRefused."""
    reason = reason.replace("\0", "").strip()  # PostgreSQL keeps none in a text
    if not reason:
        raise InputRefused(
            "An explanation needs a reason.",
            field="reason",
            next_step="Say in a sentence why nothing has to be done.",
        )
    if len(reason) > REASON_AT_MOST:
        raise InputRefused(
            f"The reason has {len(reason):,} characters.",
            field="reason",
            allowed=f"Up to {REASON_AT_MOST:,} characters.",
            next_step="Shorten it.",
        )
    return reason


def _subject(key: str, told: dict[str, str]) -> dict[str, str]:
    return {"subject": f"finding {key}", **told}
