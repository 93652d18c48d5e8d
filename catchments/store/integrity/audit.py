"""The audit trail: entries that are only ever added, each with the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from catchments.store import schema
from catchments.store.engine import Repository

FIRST_HASH = "0" * 64
"""What stands before the first entry."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did."""

    number: int
    at: str
    """ISO 8601, UTC."""
    actor: str
    """A login, or the command line."""
    action: str
    subject: str
    """What it was done to, such as “draft 3” or “edition 7”."""
    detail: str
    """JSON, keys sorted."""
    hash: str

    def expected_hash(self, before: str) -> str:
        """Return the SHA-256 of this entry and of the hash before it."""
        parts = [before, str(self.number), self.at, self.actor, self.action, self.subject]
        return hashlib.sha256(json.dumps([*parts, self.detail]).encode()).hexdigest()


def append(
    connection: sa.Connection, *, actor: str, action: str, subject: str, **detail: Any
) -> None:
    """Add an entry inside the transaction that does what it speaks of.

    Writers come one at a time (see `Database.writing`), so that the chain cannot fork.
    """
    table = schema.audit_entry
    query = sa.select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)
    last = connection.execute(query).one_or_none()
    entry = AuditEntry(
        number=(last.number if last else 0) + 1,
        at=datetime.now(UTC).isoformat(timespec="microseconds"),
        actor=actor,
        action=action,
        subject=subject[:120],
        detail=json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str),
        hash="",
    )
    values = {name: getattr(entry, name) for name in AuditEntry.__slots__}
    values["hash"] = entry.expected_hash(last.hash if last else FIRST_HASH)
    connection.execute(table.insert().values(**values))


class AuditTrail(Repository):
    """The entries, to read and to verify."""

    def add(self, *, actor: str, action: str, subject: str, **detail: Any) -> None:
        """Add an entry on its own, for what changes nothing in the database: a sign-in, say."""
        with self._database.writing() as connection:
            append(connection, actor=actor, action=action, subject=subject, **detail)

    def entries(
        self, *, matching: Mapping[str, str] | None = None, before: int | None = None, at_most: int
    ) -> list[AuditEntry]:
        """Return the latest entries first; `matching` maps actor, action or subject to a value."""
        table = schema.audit_entry
        query = sa.select(table).order_by(table.c.number.desc()).limit(at_most)
        for name, value in (matching or {}).items():
            query = query.where(table.c[name] == value)
        if before is not None:
            query = query.where(table.c.number < before)
        return self._read(query, AuditEntry)

    def broken_at(self) -> int | None:
        """Return the first entry that is not what was written, or None where the chain holds.

        An entry that is missing shows at the one after it; entries cut off at the end show only to
        whoever kept the last hash, which `last` gives.
        """
        before, number = FIRST_HASH, 0
        for entry in self._all():
            if entry.number != number + 1 or entry.hash != entry.expected_hash(before):
                return number + 1
            before, number = entry.hash, entry.number
        return None

    def has(self, digest: str) -> bool:
        """Whether an entry has this hash: one that was kept elsewhere must still be there."""
        query = sa.select(schema.audit_entry.c.number).where(schema.audit_entry.c.hash == digest)
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).one_or_none() is not None

    def last(self) -> AuditEntry | None:
        """Return the newest entry."""
        return next(iter(self.entries(at_most=1)), None)

    def _all(self) -> Iterator[AuditEntry]:
        query = sa.select(schema.audit_entry).order_by(schema.audit_entry.c.number)
        with self._database.reading() as connection:
            for row in connection.execute(query):
                yield AuditEntry(**row._mapping)
