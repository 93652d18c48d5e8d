"""The keys of other services: each raises the limit on how often its service may ask."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catchments.core.errors import InputRefused, NotKnown, shown
from catchments.core.roles import COMMAND_LINE
from catchments.store import schema
from catchments.store.engine import Repository, inserted, now
from catchments.store.integrity.audit import append

PREFIX = "nzc_"
"""What every key begins with, so that one that leaks is recognised for what it is."""
SHOWN = 12
"""So many characters of a key are kept, to tell it by."""
NAME_AT_MOST = 200
REQUESTS_AT_MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key as it is kept: never the key itself, only its digest and how it begins."""

    id: int
    name: str
    """Whose it is."""
    prefix: str
    digest: str
    """SHA-256 in hexadecimal; a key is random and long, so that a slow hash would add nothing."""
    requests_a_minute: int
    created_at: datetime
    revoked_at: datetime | None


class Keys(Repository):
    """The keys of a store."""

    def all(self) -> list[IssuedKey]:
        """Return every key, revoked ones too, oldest first."""
        table = schema.api_key
        columns = [table.c[name] for name in IssuedKey.__slots__]
        return self._read(sa.select(*columns).order_by(table.c.id), IssuedKey)

    def issue(self, name: str, *, requests_a_minute: int, by: str = COMMAND_LINE) -> str:
        """Keep a new key and return it: the only time that anybody sees it.

        Raises InputRefused for a name that is none or too long, or a limit out of range.
        """
        _refuse_unfit(name, requests_a_minute)
        key = PREFIX + secrets.token_urlsafe(32)
        row = {
            "name": name.strip(),
            "digest": digest_of(key),
            "prefix": key[:SHOWN],
            "requests_a_minute": requests_a_minute,
            "created_at": now(),
            "created_by": by,
        }
        with self._database.writing() as connection:
            number = inserted(connection, schema.api_key, **row)
            append(
                connection,
                actor=by,
                action="key.issue",
                subject=f"key {number}",
                name=row["name"],
                requests_a_minute=requests_a_minute,
            )
        return key

    def revoke(self, number: int, *, by: str = COMMAND_LINE) -> None:
        """End a key; workers refuse it within seconds. Raises NotKnown."""
        table = schema.api_key
        standing = table.c.id == number, table.c.revoked_at.is_(None)
        with self._database.writing() as connection:
            ended = connection.execute(table.update().where(*standing).values(revoked_at=now()))
            if not ended.rowcount:
                raise NotKnown(
                    f"There is no key {number} that is in use.",
                    next_step="Look at `flask keys list`.",
                )
            append(connection, actor=by, action="key.revoke", subject=f"key {number}")


def digest_of(key: str) -> str:
    """Return what a key is kept as."""
    return hashlib.sha256(key.encode()).hexdigest()


def _refuse_unfit(name: str, requests_a_minute: int) -> None:
    if not name.strip() or len(name) > NAME_AT_MOST:
        raise InputRefused(
            f"The key's name is {shown(name)}.",
            field="name",
            allowed=f"Say whose it is, in up to {NAME_AT_MOST} characters.",
        )
    if not 1 <= requests_a_minute <= REQUESTS_AT_MOST:
        raise InputRefused(
            f"A limit of {requests_a_minute} requests a minute cannot be.",
            field="requests_a_minute",
            allowed=f"It must be from 1 to {REQUESTS_AT_MOST}.",
        )
