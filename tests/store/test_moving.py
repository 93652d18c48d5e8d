"""`flask move-database`: every row arrives, of either kind from either kind, or none does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from catchments.commands.setup import prepare
from catchments.core.errors import CatchmentsError, InputRefused
from catchments.readers.report import no_progress
from catchments.store import Store, schema
from catchments.store.integrity.audit import AuditTrail
from catchments.store.upkeep import moving
from catchments.store.upkeep.moving import Contents, move
from tests.conftest import fresh_postgresql
from tests.filled import fill_every_table, rows_of
from tests.worlds import (
    STARTS,
    TABLES,
    fill,
    opened,
    publish_whole,
    small_edition,
    small_release,
    sqlite_url,
)

pytestmark = pytest.mark.dialects

KINDS = [
    ("sqlite", "sqlite"),
    pytest.param(("sqlite", "postgresql"), marks=pytest.mark.postgresql),
    pytest.param(("postgresql", "sqlite"), marks=pytest.mark.postgresql),
]

REFUSALS = (CatchmentsError, IntegrityError)
ONE_KIND = pytest.mark.parametrize("filled", KINDS[1:2], indirect=True, ids="-".join)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with something in every table. Only read it."""
    path = tmp_path_factory.mktemp("everything") / "source.sqlite"
    fill_every_table(sqlite_url(path))
    return path


@pytest.fixture
def source_file(everything: Path, tmp_path: Path) -> str:
    return sqlite_url(Path(shutil.copy(everything, tmp_path / "source.sqlite")))


@pytest.fixture(params=KINDS, ids="-".join)
def filled(
    request: pytest.FixtureRequest, tmp_path: Path, source_file: str
) -> Iterator[tuple[str, str]]:
    """A database with something in every table, and where there is none yet or an empty one."""
    target = sqlite_url(tmp_path / "target.sqlite")
    if "postgresql" not in request.param:
        yield source_file, target
        return
    with fresh_postgresql(request.getfixturevalue("postgresql_cluster")) as url:
        if request.param[1] == "postgresql":
            yield source_file, url
            return
        move(source_file, url, progress=no_progress)
        yield url, target


def test_every_row_of_every_table_arrives_and_its_source_stays(filled: tuple[str, str]) -> None:
    source, target = filled
    before = rows_of(source)
    moved = move(source, target, progress=no_progress)
    assert {name for name, rows in before.items() if not rows} == set()
    assert rows_of(target) == before == rows_of(source)
    assert {name: held.rows for name, held in moved.items()} == {
        name: len(rows) for name, rows in before.items()
    }
    assert moved.keys() == set(TABLES)


def test_what_was_moved_goes_on_as_it_would_have(filled: tuple[str, str]) -> None:
    source, target = filled
    move(source, target, progress=no_progress)
    with opened(source) as before, opened(target) as after:
        assert AuditTrail(after).broken_at() is None
        assert AuditTrail(after).last() == AuditTrail(before).last()
        for store in (before, after):
            publish_whole(store, small_edition(effective_from=STARTS))
            store.add_release(small_release())
            AuditTrail(store).add(actor="hana", action="test", subject="moved")
        assert AuditTrail(after).broken_at() is None
        assert [e.number for e in after.editions()] == [1, 2, 3]
        for what in ("UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"):
            with pytest.raises(REFUSALS, match="the audit trail is append-only"):
                _execute(after, what)
    for table in (schema.edition_catchment, schema.source, schema.school):  # numbered alike
        keys = [c.name for c in table.primary_key.columns]
        assert _keys(target, table, keys) == _keys(source, table, keys)


def _keys(url: str, table: sa.Table, names: list[str]) -> set[tuple[object, ...]]:
    columns = list(table.c.keys())
    places = [columns.index(name) for name in names]
    return {tuple(row[at] for at in places) for row in rows_of(url)[table.name]}


def _execute(store: Store, statement: str) -> None:
    with store.writing() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.postgresql
def test_there_and_back_again_is_the_same_bit_for_bit(
    demonstration_database: Path, tmp_path: Path, postgresql_cluster: str
) -> None:
    there, back = sqlite_url(demonstration_database), sqlite_url(tmp_path / "back.sqlite")
    with fresh_postgresql(postgresql_cluster) as between:
        first = move(there, between, progress=no_progress)
        assert move(between, back, progress=no_progress) == first
    assert rows_of(back) == rows_of(there)
    with opened(back) as store:
        prepare(store)  # nothing is missing, nothing is drawn anew
    assert rows_of(back) == rows_of(there)


# --- all or nothing -------------------------------------------------------------------------------


def is_as_if_never_touched(url: str) -> bool:
    if url.startswith("sqlite"):
        return not list(Path(url.removeprefix("sqlite:///")).parent.glob("target.sqlite*"))
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
    engine.dispose()
    return set(tables) <= schema.ONLY_ON_POSTGRESQL


def test_a_move_that_fails_half_way_leaves_nothing(filled: tuple[str, str]) -> None:
    def failing(name: str, done: int, _whole: int | None) -> None:
        if name == "school" and done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(*filled, progress=failing)
    assert is_as_if_never_touched(filled[1])
    move(*filled, progress=no_progress)
    assert rows_of(filled[1]) == rows_of(filled[0])


@ONE_KIND
def test_a_row_that_came_out_different_is_noticed_and_nothing_is_kept(
    filled: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = moving.contents

    def altered(connection: sa.Connection, table: sa.Table) -> Contents:
        if table is schema.school:
            connection.execute(table.update().where(table.c.school_id == 54).values(name="Altered"))
        return honest(connection, table)

    monkeypatch.setattr(moving, "contents", altered)
    with pytest.raises(moving.MoveRefused, match="The table school came out different"):
        move(*filled, progress=no_progress)
    assert is_as_if_never_touched(filled[1])


@pytest.mark.postgresql
def test_a_row_that_postgresql_cannot_keep_is_named_and_nothing_is_kept(
    tmp_path: Path, postgresql_cluster: str
) -> None:
    source = sqlite_url(tmp_path / "source.sqlite")
    fill(source)
    with opened(source) as store:
        _execute(store, "UPDATE school SET name = 'a' || char(0) || 'b' WHERE school_id = 54")
    with fresh_postgresql(postgresql_cluster) as target:
        with pytest.raises(moving.MoveRefused, match="cannot be kept by the database to move to"):
            move(source, target, progress=no_progress)
        assert is_as_if_never_touched(target)


# --- refusals -------------------------------------------------------------------------------------


@ONE_KIND
def test_a_target_that_holds_anything_is_refused_and_stays(filled: tuple[str, str]) -> None:
    source, target = filled
    fill(target)
    before = rows_of(target)
    with pytest.raises(moving.MoveRefused, match=r"is not empty: it has .*edition"):
        move(source, target, progress=no_progress)
    assert rows_of(target) == before


@ONE_KIND
def test_somebody_elses_tables_are_refused_even_when_they_are_empty(
    filled: tuple[str, str],
) -> None:
    engine = sa.create_engine(filled[1].replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE payroll (id integer)"))
    engine.dispose()
    with pytest.raises(moving.MoveRefused, match="is not empty: it has payroll"):
        move(*filled, progress=no_progress)


@ONE_KIND
def test_a_target_with_the_schema_and_nothing_in_it_is_taken(filled: tuple[str, str]) -> None:
    with opened(filled[1]):
        pass
    move(*filled, progress=no_progress)
    assert rows_of(filled[1]) == rows_of(filled[0])


def test_a_database_is_not_moved_to_itself_whatever_it_is_called(
    database_url: str, tmp_path: Path
) -> None:
    fill(database_url)
    with pytest.raises(InputRefused, match="cannot be moved to itself"):
        move(database_url, database_url, progress=no_progress)
    if database_url.startswith("sqlite"):
        (tmp_path / "other.sqlite").symlink_to(tmp_path / "test.sqlite")
        other = sqlite_url(tmp_path / "other.sqlite")
    else:
        other = database_url.replace("postgres@/", "postgres@:5432/")
    with pytest.raises(moving.MoveRefused, match="is not empty"):
        move(database_url, other, progress=no_progress)


def test_a_source_that_is_not_there_not_set_up_or_empty_is_refused(
    tmp_path: Path,
) -> None:
    target = sqlite_url(tmp_path / "target.sqlite")
    with pytest.raises(CatchmentsError, match="There is no database at"):
        move(sqlite_url(tmp_path / "none.sqlite"), target, progress=no_progress)
    (tmp_path / "bare.sqlite").touch()
    with pytest.raises(CatchmentsError, match="There is no database at"):
        move(sqlite_url(tmp_path / "bare.sqlite"), target, progress=no_progress)
    empty = sqlite_url(tmp_path / "empty.sqlite")
    with opened(empty):
        pass
    with pytest.raises(moving.MoveRefused, match="is empty"):
        move(empty, target, progress=no_progress)
    assert is_as_if_never_touched(target)


def test_a_target_that_is_away_is_named_and_the_source_is_unlocked(tmp_path: Path) -> None:
    source = sqlite_url(tmp_path / "source.sqlite")
    fill(source)
    with pytest.raises(CatchmentsError, match=r"127\.0\.0\.1.*cannot be used"):
        move(source, "postgresql://x:hunter2@127.0.0.1:1/y", progress=no_progress)
    fill(source)
