"""Letters: e-mails to a person of what was done to their account or waits for them, queued with it.

They hold no secret, and no link but to the service. They go out through the same claims
as notices do; where no mail server is set they end as failed after a day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

import sqlalchemy as sa

from catchments.core.errors import one_line
from catchments.core.roles import Person
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME
from catchments.store import schema
from catchments.store.engine import Database, now
from catchments.store.outbox.claims import Claimed, Claims
from catchments.store.outbox.notices import WAITING

TOO_OLD_AFTER = timedelta(days=1)
"""What was done to an account is news for a day."""
KEPT_FOR = timedelta(days=90)
AT_MOST_DAILY = timedelta(days=1)
LONGEST_FACT = 200
"""Characters; what is longer is read on the page."""
_T = schema.letter


class Letter(StrEnum):
    """What somebody is told of."""

    LOCK = "lock"
    PASSWORD = "password"  # noqa: S105 - a kind of letter
    DEVICE = "device"
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    FACTORS_RESET = "factors-reset"
    FACTOR_WRONG = "factor-wrong"
    REVIEW = "review"
    SENT_BACK = "sent-back"
    APPROVED = "approved"


OF_DRAFTS = frozenset({Letter.REVIEW, Letter.SENT_BACK, Letter.APPROVED})
"""Those of the work on drafts; the others are of the account itself."""
ONCE_A_DAY = frozenset({Letter.LOCK, Letter.FACTOR_WRONG})
"""What a stranger can bring about, who is not to fill somebody's letter-box with it."""

_LOCKED = (
    "Somebody gave a wrong password for your account several times. Passwords are not taken for it"
    " from unknown browsers for a while; browsers in which you signed in before go on."
)
_HALF_WAY = (
    "Somebody gave the right password of your account, and then a wrong second step, several times."
)
SAYS: dict[str, tuple[str, str]] = {
    Letter.LOCK: (
        "Wrong passwords have locked your account for a while",
        _LOCKED,
    ),
    Letter.PASSWORD: ("Your account has a new password", "Your account has a new password."),
    Letter.DEVICE: (
        "A new browser signed in to your account",
        "Somebody signed in to your account from a browser that had not done so before.",
    ),
    Letter.FACTOR_ADDED: (
        "A second step was added to your account",
        "Your account has a new second step for signing in.",
    ),
    Letter.FACTOR_REMOVED: (
        "A second step was removed from your account",
        "A second step for signing in was removed from your account.",
    ),
    Letter.FACTORS_RESET: (
        "The second steps of your account were removed",
        "All second steps for signing in were removed from your account.",
    ),
    Letter.FACTOR_WRONG: (
        "Your password was given, but not the second step",
        _HALF_WAY,
    ),
    Letter.REVIEW: (
        "A draft waits for your review",
        "A draft was handed over for review. You may approve it or send it back.",
    ),
    Letter.SENT_BACK: (
        "A draft was sent back to you",
        "A draft that you worked on was sent back. It can be changed and handed over again.",
    ),
    Letter.APPROVED: (
        "A draft of yours was approved",
        "A draft that you worked on was approved. An approver can publish it now.",
    ),
}
"""Kind → subject and first sentences."""
LABELS = {
    "draft": "Draft",
    "by": "By",
    "reason": "Why",
    "starts": "In force from",
    "browser": "Browser",
    "what": "Which",
    "until": "Until",
}
"""Facts that a letter may name; others are not told."""
_WAS_NOT_YOU = (
    "If that was not you, tell an administrator of the service at once, and change your password."
)


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter and what became of it."""

    id: int
    kind: str
    created_at: datetime
    state: str
    sent_at: datetime | None


def enqueue(connection: sa.Connection, person: Person, kind: str, **facts: str) -> None:
    """Queue a letter inside the transaction that does what it tells of.

    `facts` are lines of it (see `LABELS`), and the `path` of the page that it leads to. What
    strangers can bring about is told once a day at most.
    """
    at = now()
    if kind in ONCE_A_DAY and _told_since(connection, person, kind, at - AT_MOST_DAILY):
        return
    connection.execute(_T.delete().where(_T.c.created_at < at - KEPT_FOR))
    connection.execute(
        _T.insert().values(
            person_id=person.id,
            kind=kind,
            email=person.email,
            facts=json.dumps(facts, ensure_ascii=False),
            created_at=at,
            state=WAITING,
            next_at=at,
        )
    )


class Letters(Claims):
    """The letters that wait or went out. `address` is where the service is found, for their end."""

    table = schema.letter
    too_old_after = TOO_OLD_AFTER
    says: ClassVar[Mapping[str, tuple[str, str]]] = SAYS
    labels: ClassVar[Mapping[str, str]] = LABELS
    of_work: ClassVar[frozenset[str]] = frozenset(OF_DRAFTS)
    """The kinds that are not of the account itself, so that nobody is warned of strangers."""

    def __init__(self, database: Database, address: str = "") -> None:
        super().__init__(database)
        self._address = address

    def to(self, person_id: int, *, at_most: int = 10) -> list[LetterRow]:
        """Return somebody's latest letters, the newest first."""
        columns = [_T.c[name] for name in LetterRow.__slots__]
        query = sa.select(*columns).where(_T.c.person_id == person_id)
        return self._read(query.order_by(_T.c.id.desc()).limit(at_most), LetterRow)

    def _takes(self, *, emails: bool) -> sa.ColumnElement[bool]:
        return sa.true() if emails else sa.false()

    def _claimed(self, connection: sa.Connection, row_id: int) -> Claimed:
        person = schema.person
        query = sa.select(_T, person.c.name, person.c.login).join(person)
        row = connection.execute(query.where(_T.c.id == row_id)).one()
        return Claimed(
            id=row.id,
            edition_number=0,
            attempts=row.attempts,
            claimed_at=row.claimed_at,
            fingerprint=_fingerprint(row),
            recipient_name=row.name,
            email=row.email,
            subject=self.says[row.kind][0],
            text=self._text(row),
        )

    def _text(self, row: Any) -> str:
        facts, of_work = json.loads(row.facts), row.kind in self.of_work
        lines = {} if of_work else {"Account": row.login}
        told = ((label, facts.get(name)) for name, label in self.labels.items())
        lines |= {label: one_line(fact, LONGEST_FACT) for label, fact in told if fact}
        lines["When"] = _moment(row.created_at)
        listed = "\n".join(f"{label}: {value}" for label, value in lines.items())
        ends = f"The service: {self._address}{facts.get('path', '')}" if self._address else ""
        warned = "" if of_work else _WAS_NOT_YOU
        parts = (f"Kia ora {row.name}", self.says[row.kind][1], listed, warned, ends)
        return "\n\n".join(part for part in parts if part) + "\n"


def _told_since(connection: sa.Connection, person: Person, kind: str, since: datetime) -> bool:
    told = sa.select(_T.c.id).where(
        _T.c.person_id == person.id, _T.c.kind == kind, _T.c.created_at > since
    )
    return connection.execute(told.limit(1)).one_or_none() is not None


def _fingerprint(row: Any) -> str:
    named = f"letter\0{row.id}\0{row.person_id}\0{row.created_at.isoformat()}"
    return hashlib.sha256(named.encode()).hexdigest()


def _moment(at: datetime) -> str:
    here = at.replace(tzinfo=UTC).astimezone(NEW_ZEALAND_TIME)
    return f"{here.day} {here:%B %Y, %H:%M} (New Zealand time)"
