"""Transactions that follow each other on one connection see what each would see on its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from catchments.core.errors import NothingPublished
from catchments.store import Store
from tests.worlds import fill, next_edition, opened, small_edition

LATER = date(2026, 7, 1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "kept.sqlite"
    fill(path)
    return path


@pytest.fixture
def another(tmp_path: Path) -> Path:
    """A database with one edition more."""
    path = tmp_path / "another.sqlite"
    fill(path, small_edition(), next_edition(LATER))
    return path


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    with opened(database) as made:
        yield made


@pytest.fixture
def connections(store: Store) -> list[object]:
    """Every connection that the store opens from now on."""
    made: list[object] = []
    sa.event.listen(store._engine, "connect", lambda connection, _: made.append(connection))
    return made


def test_a_file_is_opened_once_for_transactions_that_follow_each_other(
    store: Store, connections: list[object]
) -> None:
    with store.kept_open():
        for _ in range(3):
            store.editions()
        with store.writing(), store.kept_open():
            store.editions()  # beside one that is in use, even within another `kept_open`
        store.editions()
    assert len(connections) == 2


def test_none_is_kept_beyond(database: Path, store: Store, connections: list[object]) -> None:
    for _ in range(2):
        with store.kept_open():
            store.editions()
        assert {each.name for each in database.parent.iterdir()} == {database.name}
    store.editions()
    assert len(connections) == 3


def test_one_reads_what_was_written_meanwhile(database: Path, store: Store) -> None:
    with store.kept_open():
        assert len(store.editions()) == 1
        fill(database, next_edition(LATER))
        assert len(store.editions()) == 2


def test_a_file_in_its_place_is_read_and_never_the_one_that_was_there(
    database: Path, another: Path, store: Store
) -> None:
    with store.kept_open():
        assert len(store.editions()) == 1
        another.rename(database)
        assert len(store.editions()) == 2
        database.unlink()
        with pytest.raises(NothingPublished):
            store.editions()
        assert not database.exists()


def test_what_fails_leaves_the_next_transaction_as_it_would_be(
    store: Store, connections: list[object]
) -> None:
    with store.kept_open():
        with suppress(ZeroDivisionError), store.writing() as connection:
            connection.execute(sa.text("DELETE FROM school"))
            _ = 1 / 0
        with store.writing() as connection:  # which nobody holds any more
            assert connection.scalar(sa.text("SELECT count(*) FROM school"))
    assert len(connections) == 1


def test_a_copy_made_between_two_requests_holds_all(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    with opened(database) as store:
        with store.kept_open():
            fill(database, next_edition(LATER))
            store.editions()
        shutil.copy(database, copy)
    with opened(copy) as store:
        assert len(store.editions()) == 2
