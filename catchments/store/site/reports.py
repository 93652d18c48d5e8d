"""Reports of mistakes: what people say is wrong on the public pages, until staff have seen to it.

Whoever sends one has no account, and nothing is kept of them but the e-mail address that they may
give, which goes as soon as the report is closed. No text of a report is in the trail or a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from catchments.core.errors import CatchmentsError
from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.engine import Repository, inserted, now
from catchments.store.integrity.audit import append

WHAT_AT_MOST, PLACE_AT_MOST, EMAIL_AT_MOST = 2_000, 200, 254
"""Characters; of an e-mail address as RFC 5321 allows (4.5.3.1.3, without its brackets)."""
OPEN_AT_MOST = 500
LATELY, LATELY_AT_MOST = timedelta(minutes=10), 60
"""From everybody together: no more can be read, and a flood fills no disk."""
_T = schema.mistake_report


class TooManyReports(CatchmentsError):
    """More reports came than are taken just now."""


@dataclass(frozen=True, slots=True)
class MistakeGiven:
    """What somebody says is wrong."""

    what: str
    place: str = ""
    email: str = ""
    """Where they want to be answered; empty if nowhere."""


@dataclass(frozen=True, slots=True)
class MistakeReport:
    """A report as staff see it."""

    id: int
    what: str
    place: str
    email: str
    """Empty where none was given, and from when it was closed."""
    came_at: datetime
    """UTC."""
    closed_at: datetime | None
    closed_by: str
    """A name."""


class MistakeReports(Repository):
    """The reports of a store."""

    def add(self, given: MistakeGiven) -> int:
        """Keep a report and return its number; one that waits already, to the letter, is kept once.

        The same from somebody else is another one: they want to be answered as well.

        Raises TooManyReports.
        """
        with self._database.writing() as connection:
            is_open = _T.c.closed_at.is_(None)
            same = is_open & (_T.c.what == given.what) & (_T.c.place == given.place)
            if given.email:
                same &= _T.c.email == given.email
            found = connection.scalar(sa.select(_T.c.id).where(same))
            if found is not None:
                return int(found)
            lately = _T.c.came_at > now() - LATELY
            _refuse_too_many(connection, is_open, at_most=OPEN_AT_MOST)
            _refuse_too_many(connection, lately, at_most=LATELY_AT_MOST)
            values = {"what": given.what, "place": given.place, "email": given.email}
            return inserted(connection, _T, **values, came_at=now())

    def all(self, *, closed: bool = False) -> list[MistakeReport]:
        """Return the reports that wait, the oldest first; or those closed, the last first."""
        if closed:
            query = _T.select().where(_T.c.closed_at.is_not(None)).order_by(_T.c.closed_at.desc())
        else:
            query = _T.select().where(_T.c.closed_at.is_(None)).order_by(_T.c.came_at, _T.c.id)
        return self._read(query, MistakeReport)

    def waiting(self) -> int:
        """Return how many wait."""
        with self._database.reading() as connection:
            return _count(connection, _T.c.closed_at.is_(None))

    def close(self, number: int, *, by: Person) -> bool:
        """Close a report and forget the e-mail address; whether it waited until now."""
        with self._database.writing() as connection:
            waits = (_T.c.id == number) & _T.c.closed_at.is_(None)
            values = {"closed_at": now(), "closed_by": by.name, "email": ""}
            if connection.execute(_T.update().where(waits).values(**values)).rowcount != 1:
                return False
            subject = f"report of a mistake {number}"
            append(connection, actor=by.login, action="report.close", subject=subject)
        return True

    def forget_older_than(self, days: int) -> int:
        """Delete reports, closed or not, that came more than so many days ago; return how many."""
        old = _T.c.came_at < now() - timedelta(days=days)
        with self._database.reading() as connection:
            if not _count(connection, old):
                return 0
        with self._database.writing() as connection:
            return connection.execute(_T.delete().where(old)).rowcount


def _count(connection: sa.Connection, which: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(_T).where(which)) or 0


def _refuse_too_many(
    connection: sa.Connection, which: sa.ColumnElement[bool], *, at_most: int
) -> None:
    if _count(connection, which) >= at_most:
        raise TooManyReports(
            "So many reports are waiting that no more can be taken just now.",
            next_step="Try again later today, or tell the Ministry of Education by telephone.",
        )
