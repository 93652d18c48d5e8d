"""What was read of uploaded files, looked over before it becomes a change of a draft.

The browser gets no more than the digest. A reading is there for whoever uploaded it, for that draft
and for a day, on every machine; it is gone once the draft has taken it or is closed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from catchments.core.roles import Person
from catchments.store import schema
from catchments.store.engine import Repository, now

KEPT_FOR = timedelta(days=1)
KEPT_AT_MOST = 5
"""Readings of one person for one draft; the oldest goes first."""
_T = schema.draft_upload


@dataclass(frozen=True, slots=True)
class Upload:
    """What was read from a file, and what the file was called."""

    name: str
    content: bytes
    """The WKB of an area, or what the reading program said of a list or of boundaries."""


class Uploads(Repository):
    """The readings that are being looked over in a store."""

    def keep(self, draft_id: int, upload: Upload, *, by: Person) -> str:
        """Keep a reading and return the digest that it is found by; what is too old goes."""
        digest = hashlib.sha256(upload.name.encode() + b"\0" + upload.content).hexdigest()
        row = {"draft_id": draft_id, "person_id": by.id, "sha256": digest}
        with self._database.writing() as connection:
            forget(connection, draft_id, by.id, digest)  # the same file once more: a day from now
            connection.execute(_T.delete().where(_T.c.uploaded_at < now() - KEPT_FOR))
            connection.execute(
                _T.insert().values(**row, name=upload.name, uploaded_at=now(), wkb=upload.content)
            )
            for old in _digests(connection, draft_id, by.id)[KEPT_AT_MOST:]:
                forget(connection, draft_id, by.id, old)
        return digest

    def found(self, draft_id: int, digest: str, *, by: Person) -> Upload | None:
        """Return what somebody uploaded for a draft under a digest, if it is still there."""
        query = sa.select(_T.c.name, _T.c.wkb).where(
            *_of(draft_id, by.id, digest), _T.c.uploaded_at >= now() - KEPT_FOR
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return Upload(row.name, bytes(row.wkb)) if row else None


def forget(connection: sa.Connection, draft_id: int, person_id: int, digest: str) -> None:
    """Delete one reading, inside the caller's transaction."""
    connection.execute(_T.delete().where(*_of(draft_id, person_id, digest)))


def _of(draft_id: int, person_id: int, digest: str) -> tuple[sa.ColumnElement[bool], ...]:
    return _T.c.draft_id == draft_id, _T.c.person_id == person_id, _T.c.sha256 == digest


def _digests(connection: sa.Connection, draft_id: int, person_id: int) -> list[str]:
    """Return the digests of somebody's readings for a draft, the latest first."""
    query = (
        sa.select(_T.c.sha256)
        .where(_T.c.draft_id == draft_id, _T.c.person_id == person_id)
        .order_by(_T.c.uploaded_at.desc())
    )
    return list(connection.scalars(query))
