"""What people call schools beside their names: the table of an import, and one that is looked over.

A table takes the place of the one before it, whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from catchments.core.errors import InputRefused
from catchments.core.model import Alias
from catchments.core.roles import COMMAND_LINE, Person
from catchments.store import schema
from catchments.store.engine import Repository, now
from catchments.store.integrity.audit import append
from catchments.store.integrity.records import ALIASES, aliases_record

KEPT_FOR = timedelta(days=1)
"""So long somebody may look over what they uploaded."""
_T = schema.alias
_U = schema.alias_upload

Facts = Sequence[Mapping[str, str | int]]
"""What the audit trail keeps of files."""


@dataclass(frozen=True, slots=True)
class AliasUpload:
    """A table that somebody uploaded and looks over."""

    aliases: tuple[Alias, ...]
    files: tuple[dict[str, str | int], ...]
    """What the audit trail keeps of them."""
    seen_import: int
    """The import that was there when it was read."""


def import_number(connection: sa.Connection) -> int:
    """Return the number of the import whose aliases are there; 0 before the first."""
    return connection.scalar(sa.select(sa.func.max(_T.c.import_number))) or 0


def read(connection: sa.Connection) -> tuple[Alias, ...]:
    """Return the aliases in the order of their file."""
    query = sa.select(_T.c.text, _T.c.school_id, _T.c.source).order_by(_T.c.position)
    return tuple(Alias(**row._mapping) for row in connection.execute(query))


def replace_all(
    connection: sa.Connection,
    aliases: Sequence[Alias],
    *,
    by: str = COMMAND_LINE,
    files: Facts = (),
) -> None:
    """Put aliases in place of those there are, on record. Raises InputRefused for none."""
    if not aliases:
        raise InputRefused(
            "There is no alias to keep.",
            field="aliases",
            next_step="Give a table with at least one; what is there stays.",
        )
    before = read(connection)
    number = import_number(connection) + 1
    write(connection, aliases, number)
    connection.execute(_T.delete().where(_T.c.import_number < number))
    append(
        connection,
        actor=by,
        action="import.aliases",
        subject=ALIASES,
        files=[dict(each) for each in files],
        aliases=len(aliases),
        added=len(set(aliases) - set(before)),
        removed=len(set(before) - set(aliases)),
        **aliases_record(connection),
    )


def write_first(connection: sa.Connection, aliases: Sequence[Alias]) -> None:
    """Insert the aliases that a first edition comes with, on record."""
    write(connection, aliases, 1)
    append(
        connection,
        actor=COMMAND_LINE,
        action="aliases.keep",
        subject=ALIASES,
        **aliases_record(connection),
    )


def write(connection: sa.Connection, aliases: Sequence[Alias], number: int) -> None:
    """Insert the aliases of an import."""
    rows = [
        {
            "import_number": number,
            "position": position,
            "text": each.text,
            "school_id": each.school_id,
            "source": each.source,
        }
        for position, each in enumerate(aliases)
    ]
    if rows:
        connection.execute(_T.insert(), rows)


class AliasUploads(Repository):
    """The tables that are being looked over in a store, one a person."""

    def keep(self, aliases: Sequence[Alias], *, files: Facts, by: Person) -> str:
        """Keep a table in place of the person's last and return the digest that it is found by."""
        text = msgspec.json.encode(aliases).decode()
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self._database.writing() as connection:
            stale = (_U.c.person_id == by.id) | (_U.c.uploaded_at < _oldest())
            connection.execute(_U.delete().where(stale))
            connection.execute(
                _U.insert().values(
                    person_id=by.id,
                    sha256=digest,
                    seen_import=import_number(connection),
                    files=msgspec.json.encode(files).decode(),
                    aliases=text,
                    uploaded_at=now(),
                )
            )
        return digest

    def found(self, digest: str, *, by: Person) -> AliasUpload | None:
        """Return what somebody uploaded under a digest, if it is still there."""
        if "\0" in digest:  # which PostgreSQL would not even look for
            return None
        query = sa.select(_U).where(
            _U.c.person_id == by.id, _U.c.sha256 == digest, _U.c.uploaded_at >= _oldest()
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return _upload(row) if row else None

    def take(self, upload: AliasUpload, *, by: Person) -> bool:
        """Import a table that was looked over; return whether it was not there already.

        Raises InputRefused when another was imported since it was read.
        """
        with self._database.writing() as connection:
            if read(connection) == upload.aliases:
                return False  # a form sent twice
            if import_number(connection) != upload.seen_import:
                raise InputRefused(
                    "Another table of aliases was imported since this one was checked.",
                    field="file",
                    next_step="Choose the file again, and look at what it changes now.",
                )
            replace_all(connection, upload.aliases, by=by.login, files=upload.files)
        return True


def _upload(row: sa.Row[Any]) -> AliasUpload:
    return AliasUpload(
        aliases=msgspec.json.decode(row.aliases, type=tuple[Alias, ...]),
        files=msgspec.json.decode(row.files, type=tuple[dict[str, str | int], ...]),
        seen_import=row.seen_import,
    )


def _oldest() -> datetime:
    return now() - KEPT_FOR
