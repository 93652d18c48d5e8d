"""The site's texts as staff keep them up: versions of each piece, and comparisons with the source.

A version is proposed by one person and published by another, who had no hand in it; what is
decided is never changed. Whoever does something says which version they saw: where another has been
written since, nothing is done and `Stale` says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotAllowed, NotNow, long_date, refuse_stale
from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.engine import Repository, now, reads
from catchments.store.integrity.audit import append

PROPOSED, PUBLISHED, DROPPED = "proposed", "published", "dropped"
_V, _C = schema.content_version, schema.content_check


@dataclass(frozen=True, slots=True)
class Wording:
    """What somebody proposes that a piece says."""

    title: str
    text: str
    source_title: str
    source_url: str
    source_note: str
    checked_on: date
    check_again_after: date
    effective_from: date


@dataclass(frozen=True, slots=True)
class ContentVersion(Wording):
    """One version of a piece, and what became of it."""

    piece: str
    version: int
    state: str
    writer: str
    """A login."""
    written_by: str
    written_at: datetime
    """UTC."""
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ContentCheck:
    """That somebody compared what has a digest with its source."""

    number: int
    piece: str
    digest: str
    checked_on: date
    check_again_after: date
    checked_by: str
    at: datetime


def _versions(connection: sa.Connection, piece: str = "") -> list[ContentVersion]:
    """Return every version of a piece, or of all, the first ones first."""
    query = _V.select().order_by(_V.c.piece, _V.c.version)
    query = query.where(_V.c.piece == piece) if piece else query
    return [ContentVersion(**row._mapping) for row in connection.execute(query)]


class Contents(Repository):
    """The site's texts in a store."""

    versions = reads(_versions)

    def checks(self) -> list[ContentCheck]:
        """Return every comparison, the first ones first."""
        return self._read(_C.select().order_by(_C.c.number), ContentCheck)

    def propose(self, piece: str, wording: Wording, *, seen: int, by: Person) -> int:
        """Keep a version for somebody else to publish, and return its number.

        The same sent twice by the same person is one version. Raises Stale.
        """
        with self._database.writing() as connection:
            known = _versions(connection, piece)
            last = known[-1] if known else None
            if last and _is_the_same(last, wording, by):
                return last.version
            refuse_stale(f"The text {piece}", last.version if last else 0, seen)
            values = {name: getattr(wording, name) for name in Wording.__slots__}
            who = {"writer": by.login, "written_by": by.name, "written_at": now()}
            numbered = {"piece": piece, "version": seen + 1, "state": PROPOSED}
            connection.execute(_V.insert().values(**numbered, **values, **who))
            append(
                connection,
                actor=by.login,
                action="content.propose",
                subject=f"text {piece}",
                version=seen + 1,
                **values,
            )
        return seen + 1

    def publish(self, piece: str, version: int, *, today: date, by: Person) -> date:
        """Let the latest version hold from its day, or from today, and return from when.

        Raises Stale, NotNow for one that is decided, NotAllowed for whoever had a hand in it.
        """
        with self._database.writing() as connection:
            last = _latest_open(connection, piece, version)
            if by.login in hands_in(_versions(connection, piece)):
                raise NotAllowed(
                    "You wrote what would be published.",
                    allowed="A text is published by somebody who had no hand in it.",
                    next_step="Ask another approver.",
                )
            begins = max(last.effective_from, today)
            _decide(connection, last, PUBLISHED, by, effective_from=begins)
        return begins

    def drop(self, piece: str, version: int, *, by: Person) -> None:
        """Put the latest version aside, unpublished. Raises Stale, NotNow."""
        with self._database.writing() as connection:
            _decide(connection, _latest_open(connection, piece, version), DROPPED, by)

    def confirm(self, piece: str, digest: str, *, on: date, until: date, by: Person) -> None:
        """Note that somebody compared a text with its source on a day. Raises InputRefused."""
        if until <= on:
            raise InputRefused(
                f"It was checked on {long_date(on)} and would be overdue from {long_date(until)}.",
                field="check_again_after",
                allowed="The second must be a later day.",
            )
        said = {"digest": digest, "checked_on": on, "check_again_after": until}
        with self._database.writing() as connection:
            values = {"piece": piece, **said, "checked_by": by.name, "at": now()}
            connection.execute(_C.insert().values(**values))
            subject = f"text {piece}"
            append(connection, actor=by.login, action="content.check", subject=subject, **said)


def hands_in(versions: Iterable[ContentVersion]) -> set[str]:
    """Return the logins of all who wrote since the last version that was published."""
    writers: set[str] = set()
    for each in versions:
        writers = set() if each.state == PUBLISHED else {*writers, each.writer}
    return writers


def decided(connection: sa.Connection) -> int:
    """Return how many decisions and comparisons there are: it rises with each of them."""
    versions = sa.select(sa.func.count(_V.c.decided_at)).scalar_subquery()
    checks = sa.select(sa.func.count()).select_from(_C).scalar_subquery()
    return int(connection.scalar(sa.select(versions + checks)) or 0)


def _is_the_same(last: ContentVersion, wording: Wording, by: Person) -> bool:
    same = all(getattr(last, name) == getattr(wording, name) for name in Wording.__slots__)
    return same and last.writer == by.login and last.state == PROPOSED


def _latest_open(connection: sa.Connection, piece: str, version: int) -> ContentVersion:
    known = _versions(connection, piece)
    refuse_stale(f"The text {piece}", known[-1].version if known else 0, version)
    state = known[-1].state if known else "not there"
    if state != PROPOSED:
        raise NotNow(
            f"Version {version} of the text {piece} is {state}.",
            allowed="Only what is proposed is published or put aside.",
            next_step="Look at the text as it is now.",
        )
    return known[-1]


def _decide(
    connection: sa.Connection, last: ContentVersion, state: str, by: Person, **more: date
) -> None:
    of_it = (_V.c.piece == last.piece) & (_V.c.version == last.version)
    who = {"decided_by": by.name, "decided_at": now()}
    connection.execute(_V.update().where(of_it).values(state=state, **who, **more))
    action = "content.publish" if state == PUBLISHED else "content.drop"
    subject = f"text {last.piece}"
    append(connection, actor=by.login, action=action, subject=subject, version=last.version, **more)
