"""Backups: taken while others write, put back whole or not at all, the same row for row."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catchments.core.errors import CatchmentsError
from catchments.core.roles import Role
from catchments.store import Store, schema
from catchments.store.engine import Database
from catchments.store.integrity.audit import AuditTrail
from catchments.store.schema import metadata
from catchments.store.upkeep import postgresql_programs
from catchments.store.upkeep.backup import BackupRefused, back_up, restore
from catchments.store.upkeep.moving import contents
from catchments.store.upkeep.postgresql_programs import ProgramFailed
from tests.commands.conftest import Run
from tests.conftest import fresh_postgresql
from tests.filled import fill_every_table
from tests.staff import add_person
from tests.waiting import PATIENCE_S
from tests.worlds import (
    TODAY,
    fill,
    next_edition,
    opened,
    publish_whole,
    small_edition,
    sqlite_url,
)

pytestmark = [pytest.mark.dialects, pytest.mark.usefixtures("schema_at_once")]

Tables = dict[str, Any]


def tables(url: str) -> Tables:
    """What each table holds, to be compared; no session outlives a restore."""
    compared = [table for table in metadata.sorted_tables if table is not schema.session]
    with opened(url) as store, store.reading() as connection:
        return {table.name: contents(connection, table) for table in compared}


def fill_hostile(url: str) -> None:
    """The small world, people with an audit trail, and a name that is an attack in many places."""
    providers = dict(small_edition().providers)
    name = "'; DROP TABLE edition; -- {{7*191}} </script> \\. \t Ā"
    providers["P-AHI"] = replace(providers["P-AHI"], name=name)
    fill(url, small_edition(providers=providers))
    with opened(url) as store:
        add_person(store, "hana", Role.EDITOR)


@pytest.fixture
def elsewhere(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Another empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield sqlite_url(tmp_path / "elsewhere.sqlite")
        return
    with fresh_postgresql(request.getfixturevalue("postgresql_cluster")) as url:
        yield url


# --- there and back -------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_backup_taken_while_a_writer_publishes_holds_one_of_its_states_and_restores_to_it(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    fill_hostile(database_url)
    states: list[Tables] = [tables(database_url)]
    file, taken = tmp_path / "backup", threading.Event()

    def publish_on_and_on() -> None:
        with opened(database_url) as store:
            for turn in range(1, 200):
                publish_whole(store, next_edition(TODAY + timedelta(turn)))
                states.append(tables(database_url))
                if taken.is_set() and turn > 2:
                    return

    writer = threading.Thread(target=publish_on_and_on)
    writer.start()
    made = back_up(Database(database_url), file)
    taken.set()
    writer.join(PATIENCE_S)
    restore(file, Database(elsewhere))
    assert tables(elsewhere) in states
    assert made.size == file.stat().st_size
    # And once nobody writes any more, all of it.
    back_up(Database(database_url), file, replace=True)
    restore(file, Database(elsewhere), replace=True)
    assert tables(elsewhere) == states[-1]
    with opened(elsewhere) as store:
        assert AuditTrail(store).broken_at() is None
        assert len(store.editions()) == len(states)


def test_a_restored_database_goes_on_numbering_and_still_refuses_to_rewrite_the_trail(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    fill_hostile(database_url)
    back_up(Database(database_url), tmp_path / "backup")
    restore(tmp_path / "backup", Database(elsewhere))
    with opened(elsewhere) as store:
        publish_whole(store, next_edition(TODAY))
        assert [e.number for e in store.editions()] == [1, 2]
        add_person(store, "rangi")
        refused = (sa.exc.DatabaseError, CatchmentsError)
        with pytest.raises(refused, match="append-only"), store.writing() as connection:
            connection.execute(sa.text("DELETE FROM audit_entry"))


def test_no_session_outlives_a_restore(database_url: str, elsewhere: str, tmp_path: Path) -> None:
    """One that was ended since the backup would stand again."""
    fill_every_table(database_url)
    back_up(Database(database_url), tmp_path / "backup")
    restore(tmp_path / "backup", Database(elsewhere))
    for url, standing in ((database_url, 1), (elsewhere, 0)):
        with opened(url) as store, store.reading() as connection:
            assert len(connection.execute(sa.select(schema.session)).all()) == standing


def test_what_a_restore_replaces_is_gone_and_what_was_published_since_too(
    database_url: str, tmp_path: Path
) -> None:
    fill_hostile(database_url)
    before = tables(database_url)
    back_up(Database(database_url), tmp_path / "backup")
    with opened(database_url) as store:
        publish_whole(store, next_edition(TODAY))
        add_person(store, "rangi")
    assert tables(database_url) != before
    with pytest.raises(BackupRefused, match="not empty"):
        restore(tmp_path / "backup", Database(database_url))
    assert tables(database_url) != before
    restore(tmp_path / "backup", Database(database_url), replace=True)
    assert tables(database_url) == before


def test_a_database_with_a_schema_and_nothing_in_it_is_empty(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    fill_hostile(database_url)
    back_up(Database(database_url), tmp_path / "backup")
    with opened(elsewhere):
        pass
    restore(tmp_path / "backup", Database(elsewhere))
    assert tables(elsewhere) == tables(database_url)


# --- all or nothing -------------------------------------------------------------------------------


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def scribbled(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(4096) + content[middle + 4096 :]


@pytest.mark.parametrize("damaged", [cut, scribbled])
def test_a_damaged_backup_is_refused_and_the_database_stays_as_it_was(
    damaged: Callable[[bytes], bytes], database_url: str, tmp_path: Path
) -> None:
    fill_hostile(database_url)
    file = tmp_path / "backup"
    back_up(Database(database_url), file)
    file.write_bytes(damaged(file.read_bytes()))
    before = tables(database_url)
    with pytest.raises(CatchmentsError) as refused:
        restore(file, Database(database_url), replace=True)
    assert str(refused.value)
    assert tables(database_url) == before


@pytest.mark.parametrize("content", [b"", b"PK\3\4 a zip", b"PGDMP", b"SQLite format 3\0"])
def test_another_file_is_no_backup(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_bytes(content)
    with pytest.raises(CatchmentsError) as refused:
        restore(file, Database(sqlite_url(tmp_path / "new.sqlite")))
    assert str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


def test_a_backup_of_a_schema_from_the_future_is_refused(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    fill_hostile(database_url)
    with opened(database_url) as store, store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BackupRefused, match="its schema is “9999”, which is not known"):
        back_up(Database(database_url), tmp_path / "backup")
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


@pytest.mark.postgresql
def test_a_dump_that_fails_half_way_leaves_postgresql_as_it_was(
    postgresql_cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh_postgresql(postgresql_cluster) as url:
        fill_hostile(url)
        back_up(Database(url), tmp_path / "backup")
        before = tables(url)
        spoilt = "SELECT 1/0;\n"
        monkeypatch.setattr(
            postgresql_programs, "_before", lambda _: f"BEGIN; DROP TABLE school CASCADE; {spoilt}"
        )
        with pytest.raises(ProgramFailed, match=r"psql failed: .*division by zero"):
            restore(tmp_path / "backup", Database(url), replace=True)
        assert tables(url) == before


@pytest.mark.postgresql
def test_somebody_elses_tables_are_not_touched(postgresql_cluster: str, tmp_path: Path) -> None:
    with fresh_postgresql(postgresql_cluster) as url, fresh_postgresql(postgresql_cluster) as other:
        fill_hostile(url)
        back_up(Database(url), tmp_path / "backup")
        with opened(other) as store, store.writing() as connection:
            connection.execute(sa.text("CREATE TABLE payroll (salary integer)"))
        with pytest.raises(ProgramFailed, match="not this service's: payroll"):
            restore(tmp_path / "backup", Database(other))


@pytest.mark.postgresql
def test_a_password_is_on_no_command_line() -> None:
    url = sa.make_url("postgresql://hana:s3cr3t%20p@db.example:5433/catchments?sslmode=require")
    where, environment = postgresql_programs._where(url)
    assert "s3cr3t" not in where
    assert environment == {"PGPASSWORD": "s3cr3t p"}
    for part in ("host=db.example", "port=5433", "dbname=catchments", "sslmode=require"):
        assert part in where


# --- files ----------------------------------------------------------------------------------------


def test_a_backup_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "from.sqlite")
    fill_hostile(url)
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(Database(url), folder / "one.sqlite")
    assert [path.name for path in folder.iterdir()] == ["one.sqlite"]
    assert stat.S_IMODE((folder / "one.sqlite").stat().st_mode) == 0o600
    with closing(sqlite3.connect(folder / "one.sqlite")) as plain:
        assert plain.execute("SELECT count(*) FROM edition").fetchone() == (1,)
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_file_that_exists_is_kept_unless_it_may_be_replaced(tmp_path: Path) -> None:
    url, file = sqlite_url(tmp_path / "from.sqlite"), tmp_path / "kept"
    fill_hostile(url)
    file.write_text("something dear")
    with pytest.raises(BackupRefused, match="exists"):
        back_up(Database(url), file)
    assert file.read_text() == "something dear"
    back_up(Database(url), file, replace=True)
    assert file.read_bytes().startswith(b"SQLite format 3")


@pytest.mark.parametrize(
    ("url", "said"),
    [("sqlite:////nowhere/at/all.sqlite", "There is no database"), ("sqlite://", "in memory")],
)
def test_a_database_that_is_not_there_leaves_no_file(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CatchmentsError, match=said):
        back_up(Database(url), tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


def test_a_backup_of_sqlite_does_not_go_into_postgresql(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "from.sqlite")
    fill_hostile(url)
    back_up(Database(url), tmp_path / "backup")
    with pytest.raises(BackupRefused, match="move-database"):
        restore(tmp_path / "backup", Database("postgresql://nobody@127.0.0.1:1/none"))


# --- as commands ----------------------------------------------------------------------------------


def test_the_commands_say_what_they_did_and_what_to_do_next(
    run: Run, store: Store, tmp_path: Path
) -> None:
    with closing(store):
        fill_hostile(store.url)
    file = tmp_path / "backup"
    said = run("backup", file).output
    assert "SQLite, schema" in said
    assert "SHA-256: " in said
    assert "not empty" in run("restore", file, ok=False).output
    restored = run("restore", file, "--replace").output
    assert ": 1 edition." in restored
    assert "Its audit trail holds: 3 entries" in restored
    assert "SIGHUP" in restored
