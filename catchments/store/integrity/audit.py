"""The audit trail: entries that are only ever added, each with the hash of the one before.

Since the first start of a version that knows keys, each has its hash under the chain's key as well
(see `chain_keys`), so that whoever owns the database cannot write the trail anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from catchments.runtime.key_files import KeyTrouble
from catchments.store import schema
from catchments.store.engine import Repository, reads, writes
from catchments.store.integrity.chain_keys import keys_at_hand, mac_of, macs

FIRST_HASH = "0" * 64
"""What stands before the first entry."""
KEY_BEGINS = "audit.key"
"""What the first entry under a key says was done."""


class TrailStopped(KeyTrouble):
    """The trail cannot be gone on with: somebody took its keys out of the database."""


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
    mac: str | None = None
    """The hash under the chain's key, with the key's number; None before there was one."""

    def expected_hash(self, before: str) -> str:
        """Return the SHA-256 of this entry and of the hash before it."""
        parts = [before, str(self.number), self.at, self.actor, self.action, self.subject]
        return hashlib.sha256(json.dumps([*parts, self.detail]).encode()).hexdigest()


def append(
    connection: sa.Connection, /, *, actor: str, action: str, subject: str, **detail: Any
) -> int:
    """Add an entry inside the transaction that does what it speaks of, and return its number.

    Writers come one at a time (see `Database.writing`), so that the chain cannot fork. Raises
    KeyTrouble where the chain is under a key that is not at hand here: nothing is written then.
    """
    last = last_entry(connection)
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
    values["mac"] = mac_of(connection, values["hash"])
    if last and last.mac and values["mac"] is None:
        raise TrailStopped(
            "The audit trail is under a key, and the database holds none of its keys any more.",
            next_step="Nothing was written. Run `flask audit verify`; compare the database with a "
            "backup.",
        )
    connection.execute(schema.audit_entry.insert().values(**values))
    return entry.number


def last_entry(connection: sa.Connection) -> AuditEntry | None:
    """Return the newest entry, or None before the first."""
    query = sa.select(schema.audit_entry).order_by(schema.audit_entry.c.number.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return AuditEntry(**row._mapping) if row else None


class AuditTrail(Repository):
    """The entries, to read and to verify."""

    add = writes(append)
    """For what changes nothing in the database: a sign-in, say."""
    last = reads(last_entry)

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
        return self.chain().broken_at

    def chain(self) -> Chain:
        """Return what can be told of the chain after reading all of it."""
        with self._database.reading() as connection:
            chain = Chain(*keys_at_hand(connection))
            for _ in chain.follow(all_entries(connection)):
                pass
            return chain


def all_entries(connection: sa.Connection) -> Iterator[AuditEntry]:
    """Yield every entry in order, some at a time."""
    query = sa.select(schema.audit_entry).order_by(schema.audit_entry.c.number)
    with connection.execute(query, execution_options={"yield_per": 1_000}) as result:
        for row in result:
            yield AuditEntry(**row._mapping)


class Chain:
    """What can be told of a chain of entries, with the keys that are at hand."""

    def __init__(self, keys: Mapping[int, str], missing: Mapping[int, str]) -> None:
        self._keys = keys
        self.missing = missing
        """Why keys that the database holds cannot be used here, by number."""
        self.entries = 0
        """How many are what was written, as far as can be told."""
        self.last_hash = FIRST_HASH
        self.broken_at: int | None = None
        self.why = ""
        """What is wrong at the entry where it is broken."""
        self.begun: dict[int, int] = {}
        """The first entry under each key, by the key's number."""

    @property
    def key(self) -> int:
        """The number of the key that the newest entry is under; 0 for none."""
        return max(self.begun, default=0)

    @property
    def unknown(self) -> list[int]:
        """The numbers of keys that entries are under and that are not at hand."""
        return [number for number in self.begun if number not in self._keys]

    def follow(self, entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
        """Yield entries as long as each is what was written."""
        for entry in entries:
            self.why = self._wrong_with(entry)
            if self.why:
                self.broken_at = self.entries + 1
                return
            self.entries, self.last_hash = entry.number, entry.hash
            yield entry
        lost = [n for n in {*self._keys, *self.missing} if n > self.key]
        if lost:  # a key is made with the first entry under it
            self.broken_at = self.entries + 1
            self.why = "is missing: the database holds a key of the trail that nothing is under"

    def _wrong_with(self, entry: AuditEntry) -> str:
        if entry.number != self.entries + 1 or entry.hash != entry.expected_hash(self.last_hash):
            return "is not what was written, or is missing"
        if entry.mac is None:
            return "is not under the trail's key, as those before it are" if self.key else ""
        number = self._key_of(entry)
        if number is None:
            return "is under a key that no entry began"
        if number in self._keys:
            expected = macs(self._keys[number], number, entry.hash)
            if not hmac.compare_digest(expected.encode(), entry.mac.encode()):
                return "was not written by this service: it is not under the trail's key"
        elif number not in self.missing:
            return "is under a key that the database does not hold any more"
        self.begun.setdefault(number, entry.number)
        return ""

    def _key_of(self, entry: AuditEntry) -> int | None:
        """Return the number of the key that an entry says it is under, if it may be."""
        text = (entry.mac or "").partition(":")[0]
        if text == str(self.key):
            return self.key
        begins = text == str(self.key + 1) and entry.action == KEY_BEGINS
        return self.key + 1 if begins else None
