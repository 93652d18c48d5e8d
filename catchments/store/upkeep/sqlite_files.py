"""SQLite files: copied while in use, looked at as they lie there, put in another's place."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from catchments.core.errors import CatchmentsError, shown
from catchments.runtime.disk import BESIDE, fsync, make_file, make_folder
from catchments.store.engine import BUSY_TIMEOUT_MS
from catchments.store.upkeep.inspection import Held, held_by_sqlite

_BUSY = {5, 6}
"""SQLite's codes for a database that somebody else holds."""
OUR_TRIGGERS = {
    f"CREATE TRIGGER audit_entry_no_{what.lower()} BEFORE {what} ON audit_entry "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    for what in ("UPDATE", "DELETE")
}
"""As migration 0002 makes them."""


class BackupRefused(CatchmentsError):
    """A backup that cannot be taken or put back; the file, or the database, is as it was."""


def no_backup(file: Path, why: str) -> BackupRefused:
    """Return what refuses a file, and why."""
    return BackupRefused(
        f"{shown(file.name)} is no backup that can be restored: {why}.",
        next_step="Use a file that `flask backup` of this version, or an earlier one, has written.",
    )


def copy(url: str, part: Path) -> None:
    """Write a database to a file as it is at one moment, others going on. Raises BackupRefused."""
    path = path_of(url)
    with _explaining("backed up"):
        # Not read-only: a reader of a journal needs to write its index.
        source = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)
        with closing(source), closing(sqlite3.connect(part)) as target:
            source.backup(target, progress=_patience())
            # One file by itself, without a journal beside it.
            target.execute("PRAGMA journal_mode = DELETE")
    fsync(part)


def load(file: Path, url: str) -> None:
    """Put a file in place of all that a database holds, whole or not at all. Raises BackupRefused.

    A database that was not there is not there afterwards if it fails, nor are its folders.
    """
    path = path_of(url)
    with gone_if_it_fails(path):
        make_folder(path.parent)
        make_file(path)
        with (
            _explaining("restored"),
            closing(_reading(file)) as source,
            closing(sqlite3.connect(path)) as target,
        ):
            target.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            target.execute("PRAGMA synchronous = FULL")
            # One transaction of SQLite's own: whoever reads sees the old state or the new.
            source.backup(target, progress=_patience())


@contextmanager
def gone_if_it_fails(path: Path | None) -> Iterator[None]:
    """Leave no file of a database, nor a folder, that was not there before the block failed."""
    made: list[Path] = []
    if path is not None and not path.exists():
        folders = [folder for folder in path.parents if not folder.exists()]
        made = [*(Path(f"{path}{end}") for end in BESIDE), *folders]
    try:
        yield
    except BaseException:
        for each in made:
            with suppress(OSError):  # a folder that somebody else uses meanwhile stays
                each.rmdir() if each.is_dir() else each.unlink(missing_ok=True)
        raise


def revision(file: Path) -> str:
    """Return the revision of a file's schema, or an empty text, after SQLite has checked all of it.

    Raises BackupRefused.
    """
    with _backup(file) as source:
        if source.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise no_backup(file, "it is damaged")
        if source.execute("PRAGMA foreign_key_check").fetchall():
            raise no_backup(file, "rows in it belong to rows that are missing")
        query = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
        if source.execute(query).fetchone() is None:
            return ""
        found = source.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found[0]) if found else ""


def programs(file: Path) -> tuple[str, ...]:
    """Return the triggers and views in a file that no version of the schema makes."""
    query = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'view')"
    with _backup(file) as source:
        rows = source.execute(query).fetchall()
    return tuple(f"{kind} {shown(name)}" for kind, name, sql in rows if sql not in OUR_TRIGGERS)


def held(file: Path) -> Held:
    """Return what a file holds. Raises BackupRefused."""
    with _backup(file) as source:
        return held_by_sqlite(source)


@contextmanager
def _backup(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a backup to be read: what SQLite finds wrong there is the file's, not the database's."""
    try:
        with closing(_reading(file)) as source:
            yield source
    except sqlite3.Error as error:
        raise no_backup(file, f"it is damaged or cut off ({error})") from error


def _reading(file: Path) -> sqlite3.Connection:
    for end in ("-wal", "-journal"):
        journal = Path(f"{file}{end}")
        if journal.exists() and journal.stat().st_size:
            raise no_backup(file, "it is a database in use, with a journal beside it")
    # Nobody writes to a backup, and it may lie where nobody can.
    return sqlite3.connect(f"{file.resolve().as_uri()}?immutable=1", uri=True)


def path_of(url: str) -> Path:
    """Return the file of a database. Raises BackupRefused for one in memory."""
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
