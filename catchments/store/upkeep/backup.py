"""A whole database in one file, taken while it is in use, and put back whole or not at all.

Of SQLite the file is an SQLite database, of PostgreSQL the custom format of `pg_dump`: each can be
opened without this program. It holds password hashes and secrets, so only its owner may read it.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from catchments.core.errors import CatchmentsError, shown
from catchments.runtime.disk import fsync, make_file, make_folder
from catchments.store.engine import (
    BUSY_TIMEOUT_MS,
    MIGRATIONS,
    Database,
    is_missing,
    open_engine,
)
from catchments.store.schema import metadata
from catchments.store.upkeep import postgresql_programs as postgresql

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
_BEGINS = {b"SQLite format 3\0": SQLITE, b"PGDMP": POSTGRESQL}
_BUSY = {5, 6}
"""SQLite's codes for a database that somebody else holds."""


class BackupRefused(CatchmentsError):
    """A backup that cannot be taken or put back; the file, or the database, is as it was."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as it lies in its file."""

    kind: str
    revision: str
    """Of the schema."""
    size: int
    """In bytes."""
    sha256: str


def back_up(url: str, file: Path, *, replace: bool = False) -> Backup:
    """Write all of a database to a file, as it was at one moment, and check what was written.

    Others go on reading and writing. The file appears whole or not at all. Raises BackupRefused.
    """
    if file.exists() and not replace:
        raise BackupRefused(
            f"{shown(file)} exists.", next_step="Choose another name, or add --replace."
        )
    parsed = sa.make_url(url)
    kind = POSTGRESQL if parsed.get_backend_name() == "postgresql" else SQLITE
    database = Database(url)
    if database.is_bare():
        database.refuse_unless_set_up()
    with _beside(file) as part:
        if kind == POSTGRESQL:
            postgresql.dump(parsed, part)
        else:
            _copy_sqlite(url, part)
        found = examined(part)
        os.replace(part, file)  # noqa: PTH105 - atomic, over what is there
        fsync(file.parent)
    return found


def examined(file: Path) -> Backup:
    """Return what a backup is, after reading all of it. Raises BackupRefused for any other file."""
    try:
        with file.open("rb") as opened:
            head = opened.read(16)
            opened.seek(0)
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise BackupRefused(f"{shown(file)} cannot be read: {error.strerror}.") from error
    kind = next((kind for begin, kind in _BEGINS.items() if head.startswith(begin)), "")
    if not kind:
        raise _no_backup(file, "it is neither an SQLite database nor a dump of PostgreSQL")
    revision = postgresql.revision(file) if kind == POSTGRESQL else _sqlite_revision(file)
    known = {path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py")}
    if revision not in known:
        raise _no_backup(file, f"its schema is {shown(revision or 'none')}, which is not known")
    return Backup(kind, revision, file.stat().st_size, digest)


def restore(file: Path, url: str, *, replace: bool = False) -> Backup:
    """Put a backup into a database, all of it or nothing, and bring its schema up to date.

    What the database held is gone; unless `replace` is set it must hold nothing.
    Raises BackupRefused.
    """
    found = examined(file)
    parsed = sa.make_url(url)
    if (parsed.get_backend_name() == "postgresql") != (found.kind == POSTGRESQL):
        raise BackupRefused(
            f"{shown(file)} is a backup of {found.kind}, and the database is another.",
            next_step="Restore it into one of its kind, then run `flask move-database`.",
        )
    if not replace and _holds_something(url):
        raise BackupRefused(
            "The database is not empty: restoring would remove all that it holds.",
            next_step="Back it up first. Then add --replace, or name an empty one in DATABASE_URL.",
        )
    if found.kind == POSTGRESQL:
        postgresql.load(file, parsed, tables=[*metadata.tables, "alembic_version"])
    else:
        _load_sqlite(file, url)
    database = Database(url)
    database.migrate()
    database.close()
    return found


def _holds_something(url: str) -> bool:
    engine = open_engine(url)
    if is_missing(engine):
        return False
    try:
        with engine.connect() as connection:
            there = set(sa.inspect(connection).get_table_names())
            return any(
                connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
                for table in metadata.sorted_tables
                if table.name in there
            )
    except DatabaseError as error:
        reason = str(error.orig).splitlines()[0]
        raise BackupRefused(f"The database cannot be looked at: {reason}.") from error
    finally:
        engine.dispose()


# --- the file -------------------------------------------------------------------------------------


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """Give an empty file of our own in the same folder, which is gone afterwards."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}-", suffix=".part", dir=file.parent)
    except OSError as error:
        raise BackupRefused(
            f"{shown(file)} cannot be written: {error.strerror}.",
            next_step="Name a file in a folder that exists and may be written.",
        ) from error
    os.close(handle)
    try:
        yield Path(name)
    finally:
        for left in (name, f"{name}-journal", f"{name}-wal", f"{name}-shm"):
            Path(left).unlink(missing_ok=True)


def _no_backup(file: Path, why: str) -> BackupRefused:
    return BackupRefused(
        f"{shown(file.name)} is no backup that can be restored: {why}.",
        next_step="Use a file that `flask backup` of this version, or an earlier one, has written.",
    )


# --- SQLite ---------------------------------------------------------------------------------------


def _copy_sqlite(url: str, part: Path) -> None:
    path = _path(url)
    with _explaining("backed up"):
        # Not read-only: a reader of a journal needs to write its index.
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)
        with closing(source), closing(sqlite3.connect(part)) as copy:
            source.backup(copy, progress=_patience())
            # One file by itself, without a journal beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
    fsync(part)


def _load_sqlite(file: Path, url: str) -> None:
    path = _path(url)
    make_folder(path.parent)
    make_file(path)
    with (
        _explaining("restored"),
        closing(_reading(file)) as source,
        closing(sqlite3.connect(path)) as target,
    ):
        target.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        target.execute("PRAGMA synchronous = FULL")
        # One transaction of SQLite's own: whoever reads meanwhile sees the old state or the new.
        source.backup(target, progress=_patience())


def _sqlite_revision(file: Path) -> str:
    with _explaining("read"), closing(_reading(file)) as source:
        if source.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise _no_backup(file, "it is damaged")
        if source.execute("PRAGMA foreign_key_check").fetchall():
            raise _no_backup(file, "rows in it belong to rows that are missing")
        query = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
        if source.execute(query).fetchone() is None:
            return ""
        return str(source.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _reading(file: Path) -> sqlite3.Connection:
    journal = Path(f"{file}-wal")
    if journal.exists() and journal.stat().st_size:
        raise _no_backup(file, "it is a database in use, with a journal beside it")
    # Nobody writes to a backup, and it may lie where nobody can.
    return sqlite3.connect(f"{file.resolve().as_uri()}?immutable=1", uri=True)


def _path(url: str) -> Path:
    database = sa.make_url(url).database
    if not database or database == ":memory:":
        raise BackupRefused("A database in memory is neither backed up nor restored.")
    return Path(database)


def _patience() -> Callable[[int, int, int], None]:
    """Return what ends a copy that others hold up for too long; by itself it waits for ever."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000

    def look(status: int, _left: int, _whole: int) -> None:
        if status in _BUSY and time.monotonic() > until:
            raise sqlite3.OperationalError("database is locked")

    return look


@contextmanager
def _explaining(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupRefused(
            f"The database could not be {what}: {error}.",
            next_step="Look whether the disk is full, and whether somebody is writing; try again.",
        ) from error
