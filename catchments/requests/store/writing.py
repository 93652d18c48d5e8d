"""Requests that are being written: kept sealed while somebody types, gone after a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotAllowed, NotKnown, Stale
from catchments.core.roles import Person
from catchments.requests.rules.roles import SENDERS
from catchments.requests.store import schema
from catchments.requests.store.organisations import has_role
from catchments.requests.store.sealed import draft_context, seal, unseal
from catchments.store.engine import Repository, inserted, now

KEPT_FOR = timedelta(days=14)
"""How long a request that is not sent is kept after it was last changed."""
AT_MOST_EACH = 20
"""Of one person; whoever begins more sends or throws away some."""
LARGEST = 64 * 1024
"""Characters of all fields together."""
_D = schema.request_draft


@dataclass(frozen=True, slots=True)
class WrittenRequest:
    """A request that is being written, as it was last kept."""

    id: int
    organisation: int
    once: str
    fields: dict[str, str]
    changed_at: datetime
    ends_at: datetime
    version: int


class WrittenRequests(Repository):
    """The requests that are being written; each is its writer's alone."""

    def begin(
        self, person: Person, organisation: int, fields: dict[str, str], *, once: str = ""
    ) -> int:
        """Begin a request for a student of a school, and return its number.

        The same `once` begins one, and keeps what came last. Raises NotAllowed for whoever may not
        ask there, and InputRefused for too many.
        """
        at, once = now(), once or secrets.token_hex(16)
        with self._database.writing() as connection:
            connection.execute(_D.delete().where(_D.c.ends_at < at))
            if not has_role(connection, person.id, organisation, SENDERS):
                raise NotAllowed(
                    "You may not ask for support for this school.",
                    next_step="Ask your school's delegated authoriser for a role.",
                )
            begun = sa.select(_D).where(_D.c.once == once, _D.c.person_id == person.id)
            if (row := connection.execute(begun).one_or_none()) is not None:
                _kept(connection, row, fields)
                return int(row.id)
            mine = sa.select(sa.func.count()).select_from(_D).where(_D.c.person_id == person.id)
            if int(connection.scalar(mine) or 0) >= AT_MOST_EACH:
                raise InputRefused(
                    f"You have {AT_MOST_EACH} requests that are not sent.",
                    next_step="Send or throw away one of them first.",
                )
            return inserted(
                connection,
                _D,
                person_id=person.id,
                organisation_id=organisation,
                once=once,
                content=_sealed(connection, once, fields),
                changed_at=at,
                ends_at=at + KEPT_FOR,
            )

    def keep(
        self, person: Person, number: int, fields: dict[str, str], *, version: int | None = None
    ) -> int:
        """Keep what was typed so far, and return which version that is.

        `version` is the one that the form was made for, any if None. Raises NotKnown, Stale where
        another window has kept something else since, and InputRefused for far too much.
        """
        with self._database.writing() as connection:
            row = _row(connection, person, number)
            before = _written(connection, row)
            if version not in {None, row.version} and before.fields != fields:
                raise Stale(
                    "This request was changed in another window after your page was made.",
                    next_step="What you typed stands below and is not kept yet. Keep it, and it "
                    "replaces what was kept in the other window.",
                )
            return _kept(connection, row, fields)

    def one(self, person: Person, number: int) -> WrittenRequest:
        """Return a request that somebody is writing. Raises NotKnown, also for another's."""
        with self._database.reading() as connection:
            return _written(connection, _row(connection, person, number))

    def all(self, person: Person) -> list[WrittenRequest]:
        """Return what somebody is writing, the latest first."""
        with self._database.reading() as connection:
            query = sa.select(_D).where(_D.c.person_id == person.id, _D.c.ends_at >= now())
            rows = connection.execute(query.order_by(_D.c.changed_at.desc())).all()
            return [_written(connection, row) for row in rows]

    def throw_away(self, person: Person, number: int) -> None:
        """Remove a request that somebody is writing; none is no error."""
        with self._database.writing() as connection:
            connection.execute(_D.delete().where(_D.c.id == number, _D.c.person_id == person.id))

    def forget_old(self) -> int:
        """Remove what was not changed for a while; return how many."""
        with self._database.writing() as connection:
            return connection.execute(_D.delete().where(_D.c.ends_at < now())).rowcount


def _kept(connection: sa.Connection, row: Any, fields: dict[str, str]) -> int:
    at, version = now(), int(row.version) + 1
    change = {
        "content": _sealed(connection, row.once, fields),
        "changed_at": at,
        "ends_at": at + KEPT_FOR,
        "version": version,
    }
    connection.execute(_D.update().where(_D.c.id == row.id).values(**change))
    return version


def _row(connection: sa.Connection, person: Person, number: int) -> Any:
    query = sa.select(_D).where(
        _D.c.id == number, _D.c.person_id == person.id, _D.c.ends_at >= now()
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotKnown(
            "There is no such request that you are writing.",
            next_step="It may have been sent, or thrown away after 14 days.",
        )
    return row


def _sealed(connection: sa.Connection, once: str, fields: dict[str, str]) -> str:
    packed = msgspec.json.encode(fields).decode()
    if len(packed) > LARGEST:
        raise InputRefused(
            f"The request has {len(packed):,} characters.",
            allowed=f"All its fields together may have {LARGEST:,}.",
            next_step="Shorten it; what was kept before is still there.",
        )
    return seal(connection, packed, draft_context(once))


def _written(connection: sa.Connection, row: Any) -> WrittenRequest:
    opened = unseal(connection, row.content, draft_context(row.once))
    return WrittenRequest(
        id=row.id,
        organisation=row.organisation_id,
        once=row.once,
        fields=msgspec.json.decode(opened, type=dict[str, str]),
        changed_at=row.changed_at,
        ends_at=row.ends_at,
        version=row.version,
    )
