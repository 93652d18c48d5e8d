"""A whole database in one file, taken while it is in use, and put back whole or not at all.

Of SQLite the file is an SQLite database, of PostgreSQL the custom format of `pg_dump`: each can be
opened without this program. Behind it stands a digest of all that it holds (see `manifest`). It
holds password hashes and secrets, so only its owner may read it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from catchments import __version__
from catchments.core.errors import CatchmentsError, first_of, shown
from catchments.runtime.disk import fsync
from catchments.store import schema
from catchments.store.engine import (
    MIGRATIONS,
    Database,
    is_missing,
    open_engine,
)
from catchments.store.integrity.audit import AuditTrail
from catchments.store.integrity.sealing import Sealer
from catchments.store.schema import metadata
from catchments.store.upkeep import postgresql_programs as postgresql
from catchments.store.upkeep import sqlite_files as sqlite
from catchments.store.upkeep.inspection import NAMED_AT_MOST, Held
from catchments.store.upkeep.manifest import (
    Manifest,
    ManifestBroken,
    Origin,
    attach,
    attached,
    digest_before,
)
from catchments.store.upkeep.sqlite_files import BackupRefused, no_backup

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
_NO_DIGEST = (
    "it carries no digest of what it holds: an earlier version or another program made it, or its "
    "end was cut off or changed"
)
_NOT_OURS = (
    "it is not sealed with the data key that is at hand here, so that somebody else may have "
    "written it, or put back its own data key first"
)
_BEGINS = {b"SQLite format 3\0": SQLITE, b"PGDMP": POSTGRESQL}


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup as it lies in its file."""

    kind: str
    revision: str
    """Of the schema."""
    size: int
    """In bytes."""
    sha256: str
    held: Held
    manifest: Manifest | None = None
    """None where nothing says what was written."""
    origin: Origin = Origin.UNKNOWN
    could_be_ours: bool = False
    """Whether there is a key here, under which a backup of this service's would be sealed."""
    programs: tuple[str, ...] = ()
    """Triggers and views of SQLite that no version of this service makes: they would run later."""

    @property
    def doubts(self) -> list[str]:
        """What a person has to accept before this is restored, in words."""
        found = [f"{file} is not what its SHA-256 says" for file in self.held.wrong_files]
        found += [f"it holds a program of somebody's, {each}" for each in self.programs]
        if self.manifest is not None and self.could_be_ours and self.origin is Origin.UNKNOWN:
            found.append(_NOT_OURS)
        if self.manifest is None:
            return [_NO_DIGEST, *found]
        if self.manifest.trail_broken_at is not None:
            found.append(f"its audit trail is broken at entry {self.manifest.trail_broken_at}")
        return found


def back_up(
    source: Database, file: Path, *, replace: bool = False, allow_shrink: bool = False
) -> Backup:
    """Write all of a database to a file, as it was at one moment, and check what was written.

    Others go on reading and writing; the database's connections are given back. The file appears
    whole or not at all. Unless `allow_shrink` is set it must hold an edition, and every one of the
    backup that it replaces. Raises BackupRefused.
    """
    with closing(source):
        _refuse_place(source.url, file, replace=replace)
        if source.is_bare():
            source.refuse_unless_set_up()
        with _beside(file) as part:
            found = _written(source, part)
            if not allow_shrink:
                _refuse_shrinkage(found, file)
            os.replace(part, file)  # noqa: PTH105 - atomic, over what is there
            fsync(file.parent)
        return found


def _written(source: Database, part: Path) -> Backup:
    # Before it is copied: entries are only ever added.
    broken_at = _trail_broken_at(source)
    if _is_postgresql(source.url):
        postgresql.dump(sa.make_url(source.url), part)
    else:
        sqlite.copy(source.url, part)
    found = _looked_at(part, None)
    manifest = Manifest(
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        program=__version__,
        kind=found.kind,
        revision=found.revision,
        bytes=found.size,
        sha256=found.sha256,
        held=found.held,
        trail_broken_at=broken_at,
    )
    attach(part, manifest, source.sealer)
    fsync(part)
    again = _attached(part, source.sealer)
    if again is None or digest_before(part, manifest) != manifest.sha256:
        raise BackupRefused(
            "What was written is not what is read again.", next_step="Look after the disk."
        )
    origin = again[1]
    return replace(
        found, size=part.stat().st_size, sha256=_sha256(part), manifest=manifest, origin=origin
    )


def examined(file: Path, sealer: Sealer | None = None) -> Backup:
    """Return what a backup is, after reading all of it and comparing it with its digest.

    Raises BackupRefused for any other file, and for one that is not what was written: it names the
    editions and tables that differ.
    """
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise no_backup(file, "it is no file")
        return _looked_at(file, sealer)
    except OSError as error:
        raise BackupRefused(f"{shown(file)} cannot be read: {error.strerror}.") from error


def _looked_at(file: Path, sealer: Sealer | None) -> Backup:
    kind = _kind(file)
    told = _attached(file, sealer)
    if told and digest_before(file, told[0]) != told[0].sha256:
        raise no_backup(file, _what_was_changed(file, kind, told[0]))
    revision = _revision(file, kind)
    known = {path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py")}
    if revision not in known:
        raise no_backup(file, f"its schema is {shown(revision or 'none')}, which is not known")
    held = postgresql.held(file) if kind == POSTGRESQL else sqlite.held(file)
    found = Backup(
        kind,
        revision,
        file.stat().st_size,
        _sha256(file),
        held,
        could_be_ours=sealer is not None and sealer.at_hand(),
        programs=sqlite.programs(file) if kind == SQLITE else (),
    )
    if told is None:
        return found
    if said := told[0].held.differences(held):
        raise no_backup(file, f"its digest is of something else: {_listed(said)}")
    return replace(found, manifest=told[0], origin=told[1])


def _revision(file: Path, kind: str) -> str:
    if kind == SQLITE:
        return sqlite.revision(file)
    try:
        return postgresql.revision(file)
    except postgresql.ProgramMissing:
        raise
    except postgresql.ProgramFailed as error:
        raise no_backup(file, f"PostgreSQL cannot read it ({error.problem.rstrip('.')})") from error


def _kind(file: Path) -> str:
    with file.open("rb") as opened:
        head = opened.read(16)
    kind = next((kind for begin, kind in _BEGINS.items() if head.startswith(begin)), "")
    if not kind:
        raise no_backup(file, "it is neither an SQLite database nor a dump of PostgreSQL")
    return kind


def _attached(file: Path, sealer: Sealer | None) -> tuple[Manifest, Origin] | None:
    try:
        return attached(file, sealer)
    except ManifestBroken as error:
        raise no_backup(file, str(error)) from error


def _what_was_changed(file: Path, kind: str, manifest: Manifest) -> str:
    """Say which editions and tables are not what was written, as far as they can be read."""
    try:
        held = postgresql.held(file) if kind == POSTGRESQL else sqlite.held(file)
        said = manifest.held.differences(held)
    except CatchmentsError as error:
        return f"it was changed or damaged since it was written; {error.problem[:200].rstrip('.')}"
    where = _listed(said) or "no row of it, but something else in the file"
    return f"it was changed or damaged since it was written: {where}"


def _listed(said: list[str]) -> str:
    return first_of(said, NAMED_AT_MOST, by="; ", then="; … and ")


def restore(
    file: Path, target: Database, *, replace: bool = False, accept_unverified: bool = False
) -> Backup:
    """Put a backup into a database, all of it or nothing, and bring its schema up to date.

    What the database held is gone; unless `replace` is set it must hold nothing. Everything about
    the file is checked before; with `accept_unverified` one that carries no digest is taken, or one
    whose trail was broken or files were wrong when it was written. The database's connections are
    given back. Raises BackupRefused.
    """
    with closing(target):
        found = examined(file, target.sealer)
        _refuse_unfit(file, found, target.url, replace, accept_unverified)
        if found.kind == POSTGRESQL:
            rows = {name: part.rows for name, part in found.held.tables.items()}
            tables = [*metadata.tables, "alembic_version"]
            postgresql.load(file, sa.make_url(target.url), tables=tables, rows=rows)
        elif _is_same(file, sqlite.path_of(target.url)):
            raise BackupRefused(f"{shown(file)} is the database itself.")
        else:
            sqlite.load(file, target.url)
        target.migrate()
        with target.writing() as connection:
            # Those that had been ended since the backup would stand again.
            connection.execute(schema.session.delete())
        return found


def _refuse_unfit(
    file: Path, found: Backup, url: str, replace: bool, accept_unverified: bool
) -> None:
    if _is_postgresql(url) != (found.kind == POSTGRESQL):
        raise BackupRefused(
            f"{shown(file)} is a backup of {found.kind}, and the database is another.",
            next_step="Restore it into one of its kind, then run `flask move-database`.",
        )
    if found.doubts and not accept_unverified:
        raise BackupRefused(
            f"{shown(file)} was not restored: {_listed(found.doubts)}.",
            next_step="Use another backup, or add --accept-unverified to take it as it is.",
        )
    if not replace and _holds_something(url):
        raise BackupRefused(
            "The database is not empty: restoring would remove all that it holds.",
            next_step="Back it up first. Then add --replace, or name an empty one in DATABASE_URL.",
        )


def _is_postgresql(url: str) -> bool:
    return sa.make_url(url).get_backend_name() == "postgresql"


def _trail_broken_at(source: Database) -> int | None:
    """Return where the trail is broken, or None; a trail that cannot be read stops no backup."""
    try:
        source.refuse_unless_set_up()
        return AuditTrail(source).broken_at()
    except CatchmentsError:
        return None


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


# --- what a backup may take the place of ----------------------------------------------------------


def _refuse_place(url: str, file: Path, *, replace: bool) -> None:
    if not _is_postgresql(url) and _is_same(file, sqlite.path_of(url)):
        raise BackupRefused(
            f"{shown(file)} is the database itself.", next_step="Choose another name."
        )
    if (file.exists() or file.is_symlink()) and not replace:
        raise BackupRefused(
            f"{shown(file)} exists.", next_step="Choose another name, or add --replace."
        )


def _is_same(file: Path, database: Path) -> bool:
    return file.exists() and database.exists() and file.samefile(database)


def _refuse_shrinkage(found: Backup, file: Path) -> None:
    """Refuse a backup without an edition, or without those that the one it replaces has."""
    now = found.held.published
    if not now:
        raise BackupRefused(
            "The database holds no edition: there is nothing yet to back up.",
            next_step="Look whether DATABASE_URL names the right one, or add --allow-shrink.",
        )
    try:
        before = examined(file)
    except CatchmentsError:
        return  # there is none, or none that could be restored
    lost = [n for n, at in before.held.published.items() if now.get(n) != at]
    if before.kind != found.kind or lost:
        what = f"edition {lost[0]}" if lost else f"what a {before.kind} held"
        raise BackupRefused(
            f"{shown(file)} holds {what}, which this database does not: it is a backup of another "
            "database, or of one that has lost something since.",
            next_step="Choose another name, or add --allow-shrink to write over it all the same.",
        )


# --- the file -------------------------------------------------------------------------------------


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


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
