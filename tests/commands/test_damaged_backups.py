"""Backups that are not what was written: refused before anything is replaced, by what differs."""

from __future__ import annotations

import hashlib
import os
import re
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from catchments.core.roles import Role
from catchments.store import Artefact, Store
from catchments.store.engine import Database
from catchments.store.upkeep import sqlite_files
from catchments.store.upkeep.backup import BackupRefused, Origin, back_up, examined, restore
from catchments.store.upkeep.manifest import attach, attached
from tests.commands.conftest import Run
from tests.conftest import fresh_postgresql
from tests.staff import add_person
from tests.worlds import (
    TODAY,
    fill,
    next_edition,
    opened,
    publish_whole,
    simple_artefacts,
    small_edition,
    sqlite_url,
)

pytestmark = [pytest.mark.every_case, pytest.mark.filterwarnings("error")]

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
"""A database that whoever reaches for it cannot reach: the file is refused before."""
LONG = b"What is long goes into pages of its own. " * 1_000


def filled(url: str) -> None:
    made = [*simple_artefacts(), Artefact("long.txt", "text/plain", LONG)]
    fill(url, small_edition(), artefacts=made)
    with opened(url) as store:
        add_person(store, "hana", Role.EDITOR)
        publish_whole(store, next_edition(TODAY))


@dataclass(frozen=True)
class Taken:
    """A backup, where it would be put back, and its bytes."""

    file: Path
    target: str
    content: bytes


@pytest.fixture(scope="module")
def of_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder = tmp_path_factory.mktemp("sqlite")
    url = sqlite_url(folder / "from.sqlite")
    filled(url)
    with closing(sqlite3.connect(folder / "from.sqlite")) as database:  # pages that are free
        database.execute("CREATE TABLE gone AS SELECT zeroblob(30000) AS a")
        database.execute("DROP TABLE gone")
        database.commit()
    back_up(Database(url), folder / "backup")
    target = folder / "new" / "target.sqlite"
    return Taken(folder / "backup", sqlite_url(target), (folder / "backup").read_bytes())


@pytest.fixture(scope="module")
def of_postgresql(postgresql_cluster: str, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    file = tmp_path_factory.mktemp("postgresql") / "backup"
    with fresh_postgresql(postgresql_cluster) as url:
        filled(url)
        back_up(Database(url), file)
    return Taken(file, NOWHERE, file.read_bytes())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def taken(request: pytest.FixtureRequest) -> Taken:
    found: Taken = request.getfixturevalue(f"of_{request.param}")
    return found


def refused(taken: Taken, content: bytes, folder: Path) -> str:
    """What is said of a file with this content; nothing was reached for, and nothing made."""
    file = folder / "damaged"
    file.write_bytes(content)
    with pytest.raises(BackupRefused) as error:
        restore(file, Database(taken.target), replace=True)
    if taken.target != NOWHERE:
        path = sqlite_files.path_of(taken.target)
        assert not path.exists()
        assert not path.parent.exists()
    return str(error.value)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


# --- a digit --------------------------------------------------------------------------------------


def test_a_digit_of_a_phone_number_is_found_and_named(of_sqlite: Taken, tmp_path: Path) -> None:
    changed = of_sqlite.content.replace(b"0800 000 001", b"0800 000 007", 1)
    (tmp_path / "plain").write_bytes(changed)
    with closing(sqlite3.connect(tmp_path / "plain")) as plain:  # which SQLite finds well
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    said = refused(of_sqlite, changed, tmp_path)
    assert re.search(r"edition [12]: provider P-RAKAU differs in phone\.", said), said


def test_what_was_taken_away_and_added_by_hand_is_named(of_sqlite: Taken, tmp_path: Path) -> None:
    file = tmp_path / "changed"
    file.write_bytes(of_sqlite.content)
    with closing(sqlite3.connect(file)) as database:
        database.execute("DELETE FROM edition_listing WHERE edition_number = 2 AND school_id = 54")
        database.execute("UPDATE person SET roles = 'administrator'")
        database.execute("UPDATE artefact SET content = 'x' WHERE edition_number = 1")
        database.commit()
    said = refused(of_sqlite, file.read_bytes(), tmp_path)
    assert "edition 1: its map or downloads; edition 2: its list of schools; table person" in said


def page(content: bytes, number: int) -> int:
    """Where a page of an SQLite file begins."""
    return (number - 1) * int.from_bytes(content[16:18])


def root(content: bytes, kind: str) -> int:
    """Where an index or a table of the file begins that has rows."""
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    copy = folder / f"root-{os.getpid()}"
    copy.write_bytes(content)
    try:
        with closing(sqlite3.connect(copy)) as database:
            query = "SELECT rootpage FROM sqlite_master WHERE type = ? AND rootpage > 0 LIMIT 1"
            return page(content, database.execute(query, (kind,)).fetchone()[0])
    finally:
        copy.unlink()


REGIONS: dict[str, Callable[[bytes], int]] = {
    "what kind of file it is": lambda _: 3,
    "version in the header": lambda _: 96,
    "a pragma of the user's": lambda _: 63,
    "bytes that nobody uses": lambda _: 75,
    "the list of free pages": lambda c: page(c, int.from_bytes(c[32:36])) + 7,
    "a free page": lambda c: page(c, int.from_bytes(c[32:36])) + 2000,
    "an index": lambda c: root(c, "index") + 5,
    "a table": lambda c: root(c, "table") + 5,
    "a page that overflows": lambda c: c.index(LONG[:41]) + 20_000,
    "a file made from an edition": lambda c: c.index(LONG[:41]) + 5,
    "a trigger that guards the trail": lambda c: c.index(b"append-only"),
}


@pytest.mark.parametrize("region", REGIONS)
def test_a_bit_in_any_region_of_an_sqlite_file_is_found(
    region: str, of_sqlite: Taken, tmp_path: Path
) -> None:
    assert refused(
        of_sqlite, flipped(of_sqlite.content, REGIONS[region](of_sqlite.content)), tmp_path
    )


@pytest.mark.parametrize("at", [1, 6, 20, 60, 1_000, 0.3, 0.6, 0.8, 0.9])
@pytest.mark.postgresql
def test_a_bit_anywhere_in_a_dump_is_found(at: float, of_postgresql: Taken, tmp_path: Path) -> None:
    content = of_postgresql.content
    whole = content.rindex(b'\n{"made"')
    assert refused(of_postgresql, flipped(content, int(at if at >= 1 else at * whole)), tmp_path)


def test_a_bit_in_any_part_of_the_digest_is_found(taken: Taken, tmp_path: Path) -> None:
    content = taken.content
    begins = content.rindex(b'\n{"made"')
    places = [begins, begins + 3, content.index(b'"sha256"', begins) + 12, len(content) - 100]
    places += [len(content) - 98, len(content) - 75, len(content) - 40, len(content) - 1]
    for at in places:
        assert refused(taken, flipped(content, at), tmp_path), at


def test_a_file_cut_short_anywhere_or_appended_to_is_refused(taken: Taken, tmp_path: Path) -> None:
    content = taken.content
    whole = content.rindex(b'\n{"made"')
    for length in (0, 1, 15, 16, 100, 4096, 8192, whole // 2, whole, whole + 1, len(content) - 1):
        said = refused(taken, content[:length], tmp_path)
        assert "database could not be" not in said, length  # the file is at fault
    for more in (b"\n", b"\0" * 4096, content):
        assert refused(taken, content + more, tmp_path)
    assert "carries no digest" in refused(taken, content[:whole], tmp_path)


def test_a_digest_of_another_backup_is_refused(
    of_sqlite: Taken, tmp_path: Path, database_url: str
) -> None:
    fill(database_url)
    back_up(Database(database_url), tmp_path / "other")
    other = (tmp_path / "other").read_bytes()
    ours, theirs = (c.rindex(b'\n{"made"') for c in (of_sqlite.content, other))
    assert refused(of_sqlite, of_sqlite.content[:ours] + other[theirs:], tmp_path)


# --- what is no backup ----------------------------------------------------------------------------


def test_a_pipe_a_folder_and_a_device_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/null"), tmp_path / "none"):
        with pytest.raises(BackupRefused):
            restore(path, Database(sqlite_url(tmp_path / "new.sqlite")))
    assert not (tmp_path / "new.sqlite").exists()


def test_a_link_to_a_backup_is_one(of_sqlite: Taken, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(of_sqlite.file)
    restore(tmp_path / "link", Database(sqlite_url(tmp_path / "new.sqlite")))
    with opened(tmp_path / "new.sqlite") as store:
        assert len(store.editions()) == 2


@pytest.mark.parametrize("end", ["-wal", "-journal"])
def test_one_with_a_journal_beside_it_is_refused(
    end: str, of_sqlite: Taken, tmp_path: Path
) -> None:
    (tmp_path / f"damaged{end}").write_bytes(b"something")
    assert "with a journal beside it" in refused(of_sqlite, of_sqlite.content, tmp_path)


def test_a_database_that_was_never_a_backup_is_restored_only_if_that_is_accepted(
    tmp_path: Path,
) -> None:
    path, target = tmp_path / "copied.sqlite", sqlite_url(tmp_path / "new.sqlite")
    fill(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    with pytest.raises(BackupRefused, match=r"carries no digest .* --accept-unverified"):
        restore(path, Database(target))
    found = restore(path, Database(target), accept_unverified=True)
    assert found.manifest is None
    assert len(found.held.published) == 1


def test_the_database_itself_is_neither_written_over_by_its_backup_nor_restored(
    tmp_path: Path,
) -> None:
    path = tmp_path / "live.sqlite"
    fill(path)
    with pytest.raises(BackupRefused, match="is the database itself"):
        back_up(Database(sqlite_url(path)), path, replace=True)
    back_up(Database(sqlite_url(path)), tmp_path / "backup")
    shutil.copy(tmp_path / "backup", path)
    with pytest.raises(BackupRefused, match="is the database itself"):
        restore(path, Database(sqlite_url(path)), replace=True)


@pytest.mark.parametrize("already", [True, False])
def test_a_full_disk_leaves_the_database_as_it_was_or_none(
    already: bool, of_sqlite: Taken, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "target.sqlite"
    if already:
        target.parent.mkdir()
        fill(target)
    before = target.read_bytes() if already else b""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(BackupRefused, match="Look whether the disk is full"):
            restore(of_sqlite.file, Database(sqlite_url(target)), replace=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (target.read_bytes() if target.exists() else b"") == before
    assert target.parent.exists() == already


# --- what is known of who wrote it ----------------------------------------------------------------


def forged(content: bytes) -> bytes:
    """A backup with another phone number, its digest made anew as anybody can."""
    begins = content.rindex(b'\n{"made"')
    body = content[:begins].replace(b"0800 000 001", b"0800 000 007")
    told, seal = content[begins + 1 : content.rindex(b"catchments-backup")].split(b"\n")[:2]
    old = hashlib.sha256(content[:begins]).hexdigest().encode()
    told = told.replace(old, hashlib.sha256(body).hexdigest().encode())
    block = b"\n%b\n%b\n" % (told, seal)
    end = hashlib.sha256(block).hexdigest().encode()
    return body + block + b"catchments-backup 1 %012d %b\n" % (len(block), end)


def test_a_digest_written_anew_does_not_fit_what_the_file_holds(
    of_sqlite: Taken, tmp_path: Path
) -> None:
    said = refused(of_sqlite, forged(of_sqlite.content), tmp_path)
    assert "its digest is of something else: edition 1: provider P-RAKAU differs in phone" in said


def test_a_sealed_backup_says_so_where_the_key_is_and_elsewhere_that_it_is_not_known(
    tmp_path: Path,
) -> None:
    path = tmp_path / "from.sqlite"
    fill(path)
    key, other = ("k" * 64,), ("o" * 64,)
    with closing(Store(sqlite_url(path), data_keys=key)) as store:
        assert back_up(store, tmp_path / "backup").origin is Origin.OURS
        assert examined(tmp_path / "backup", store.sealer).origin is Origin.OURS
        (tmp_path / "forged").write_bytes(forged((tmp_path / "backup").read_bytes()))
        with pytest.raises(BackupRefused, match="without this service's key"):
            examined(tmp_path / "forged", store.sealer)
    with closing(Store(sqlite_url(tmp_path / "x.sqlite"), data_keys=other)) as elsewhere:
        assert examined(tmp_path / "backup", elsewhere.sealer).origin is Origin.UNKNOWN
    assert examined(tmp_path / "backup").origin is Origin.UNKNOWN


def test_where_a_key_is_a_backup_without_its_seal_is_restored_only_if_that_is_accepted(
    of_sqlite: Taken, tmp_path: Path
) -> None:
    with closing(Store(sqlite_url(tmp_path / "x.sqlite"), data_keys=("k" * 64,))) as store:
        with pytest.raises(BackupRefused, match="not sealed with the data key that is at hand"):
            restore(of_sqlite.file, store)
        restore(of_sqlite.file, store, accept_unverified=True)


def test_a_program_in_a_backup_is_named_and_restored_only_if_that_is_accepted(
    of_sqlite: Taken, tmp_path: Path
) -> None:
    told, _ = attached(of_sqlite.file) or (None, None)
    assert told is not None
    file = tmp_path / "backup"
    file.write_bytes(of_sqlite.content[: told.bytes])
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TRIGGER audit_entry_no_update")
        database.execute(
            "CREATE TRIGGER audit_entry_no_update AFTER INSERT ON draft "
            "BEGIN UPDATE person SET roles = 'administrator'; END"
        )
        database.commit()
    body = file.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    attach(file, msgspec.structs.replace(told, bytes=len(body), sha256=digest), None)
    assert "trigger “audit_entry_no_update”" in refused(of_sqlite, file.read_bytes(), tmp_path)


def test_a_backup_makes_no_key(tmp_path: Path) -> None:
    fill(tmp_path / "from.sqlite")
    before = sorted(tmp_path.iterdir())
    back_up(Database(sqlite_url(tmp_path / "from.sqlite")), tmp_path / "backup")
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "backup"])


# --- what was wrong before it was written ---------------------------------------------------------


def test_a_file_that_was_wrong_already_is_backed_up_and_said_and_restored_only_if_accepted(
    database_url: str, tmp_path: Path
) -> None:
    filled(database_url)
    with opened(database_url) as store, store.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE artefact SET sha256 = 'ab' WHERE edition_number = 1 AND name = 'map.js'"
        )
    made = back_up(Database(database_url), tmp_path / "backup")
    assert made.doubts == ["map.js of edition 1 is not what its SHA-256 says"]
    with pytest.raises(BackupRefused, match=r"map\.js of edition 1 .* --accept-unverified"):
        restore(tmp_path / "backup", Database(database_url), replace=True)
    restore(tmp_path / "backup", Database(database_url), replace=True, accept_unverified=True)


def test_a_trail_that_was_broken_already_is_said(database_url: str, tmp_path: Path) -> None:
    filled(database_url)
    unguarded = "DROP TRIGGER audit_entry_no_update"
    if database_url.startswith("postgresql"):
        unguarded = "ALTER TABLE audit_entry DISABLE TRIGGER USER"
    with opened(database_url) as store, store.writing() as connection:
        connection.exec_driver_sql(unguarded)
        connection.exec_driver_sql("UPDATE audit_entry SET actor = 'rata' WHERE number = 1")
    made = back_up(Database(database_url), tmp_path / "backup")
    assert made.doubts == ["its audit trail is broken at entry 1"]
    with pytest.raises(BackupRefused, match="its audit trail is broken at entry 1"):
        restore(tmp_path / "backup", Database(database_url), replace=True)


# --- what a backup may take the place of ----------------------------------------------------------


def test_what_holds_no_edition_is_not_backed_up_and_never_over_a_good_backup(
    database_url: str, tmp_path: Path
) -> None:
    with opened(database_url):
        pass
    file = tmp_path / "backup"
    with pytest.raises(BackupRefused, match="holds no edition"):
        back_up(Database(database_url), file)
    assert list(tmp_path.glob("*backup*")) == []
    back_up(Database(database_url), file, allow_shrink=True)
    assert not examined(file).held.published


def test_a_good_backup_is_replaced_by_one_that_has_all_of_its_editions_and_no_other(
    tmp_path: Path,
) -> None:
    first, other, file = (tmp_path / name for name in ("first.sqlite", "other.sqlite", "backup"))
    fill(first, small_edition(), next_edition(TODAY))
    fill(other, small_edition(), next_edition(TODAY), next_edition(TODAY))
    back_up(Database(sqlite_url(first)), file)
    kept = file.read_bytes()
    with pytest.raises(BackupRefused, match=r"holds edition 1, which this database does not"):
        back_up(Database(sqlite_url(other)), file, replace=True)
    assert file.read_bytes() == kept
    with opened(first) as store:
        publish_whole(store, next_edition(TODAY))
    back_up(Database(sqlite_url(first)), file, replace=True)
    assert len(examined(file).held.published) == 3
    back_up(Database(sqlite_url(other)), file, replace=True, allow_shrink=True)


# --- as a command ---------------------------------------------------------------------------------


def test_verify_backup_says_what_a_file_is_and_changes_nothing(
    run: Run, store: Store, tmp_path: Path
) -> None:
    with closing(store):
        filled(store.url)
    run("backup", tmp_path / "backup")
    before = (tmp_path / "backup").read_bytes()
    said = run("verify-backup", tmp_path / "backup").output
    assert "2 editions" in said
    assert "Every byte is as it was written at 20" in said
    changed = before.replace(b"0800 000 001", b"0800 000 007", 1)
    (tmp_path / "changed").write_bytes(changed)
    refusal = run("verify-backup", tmp_path / "changed", ok=False).output
    assert "provider P-RAKAU differs in phone" in refusal
    assert (tmp_path / "backup").read_bytes() == before
