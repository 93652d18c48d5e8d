"""What of the trail has gone out: its last hash, to a place that whoever owns the database has not.

Each worker looks what is due, and one claims it. A claim stands for as long as the hash is not to
go out again, so that whoever dies over it has only put it off.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catchments.store import schema
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import last_entry

LONGEST_PAUSE = timedelta(hours=1)
ERROR_AT_MOST = 300
"""Characters kept of what a server said."""
_T = schema.trail_sent


@dataclass(frozen=True, slots=True)
class Tip:
    """The last entry of the trail: whoever keeps its hash can tell whether it was cut off."""

    number: int
    at: str
    hash: str
    sent_before: int
    """The number of the entry that went out last; if it is greater, entries are gone."""


class Outgoing(Repository):
    """The last hash of a store's trail, on its way to one place."""

    def claim(self, url: str, *, every: timedelta, at: datetime | None = None) -> Tip | None:
        """Take the last entry, if it has not gone out and is due; nobody else sends it then."""
        at = at or now()
        with self._database.reading() as connection:  # so that nothing due costs no write
            if _due(connection, url, at, every) is None:
                return None
        with self._database.writing() as connection:
            tip = _due(connection, url, at, every)
            if tip is not None:
                _put(connection, url, next_at=at + every)
            return tip

    def mark_taken(self, url: str, tip: Tip) -> None:
        """Put on record that an entry's hash went out."""
        with self._database.writing() as connection:
            values = {"number": tip.number, "hash": tip.hash, "attempts": 0, "last_error": ""}
            _put(connection, url, sent_at=now(), **values)

    def mark_refused(self, url: str, error: str, *, at: datetime | None = None) -> None:
        """Put on record that it did not go out: again after a minute, later after an hour."""
        with self._database.writing() as connection:
            attempts = (_row(connection, url) or _NOTHING)["attempts"] + 1
            pause = min(timedelta(minutes=1) * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
            values = {"attempts": attempts, "next_at": (at or now()) + pause}
            _put(connection, url, last_error=error[:ERROR_AT_MOST], **values)

    def attempts(self, url: str) -> int:
        """Return how many were without success since the last hash went out to a place."""
        with self._database.reading() as connection:
            return int((_row(connection, url) or _NOTHING)["attempts"])


_NOTHING: dict[str, Any] = {
    "number": 0,
    "hash": "",
    "sent_at": None,
    "attempts": 0,
    "last_error": "",
}


def _due(connection: sa.Connection, url: str, at: datetime, every: timedelta) -> Tip | None:
    last = last_entry(connection)
    row = _row(connection, url) or _NOTHING
    # The hash, not the number: where entries were cut off and others added, it is to go out too.
    # A clock that was ahead may have put it off for longer than anything puts it off.
    puts_off = at < row.get("next_at", at) <= at + max(every, LONGEST_PAUSE)
    if last is None or last.hash == row["hash"] or puts_off:
        return None
    return Tip(last.number, last.at, last.hash, row["number"])


def _row(connection: sa.Connection, url: str) -> dict[str, Any] | None:
    query = sa.select(_T).where(_T.c.destination == _destination(url))
    found = connection.execute(query).mappings().one_or_none()
    return dict(found) if found else None


def _put(connection: sa.Connection, url: str, **values: Any) -> None:
    if _row(connection, url) is None:
        row = {**_NOTHING, "next_at": now(), **values}
        connection.execute(_T.insert().values(destination=_destination(url), **row))
        return
    here = _T.c.destination == _destination(url)
    connection.execute(_T.update().where(here).values(**values))


def _destination(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()
