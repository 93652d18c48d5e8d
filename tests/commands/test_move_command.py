"""`flask move-database` at the command line: what it says, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from catchments.store import State, Store
from tests.worlds import TABLES, opened, sqlite_url

Run = Callable[..., Result]


def test_a_move_names_every_table_and_a_second_one_is_refused(
    run: Run, small_copy: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target.sqlite"
    said = run("move-database", small_copy, target).output
    assert all(name in said for name in TABLES)
    assert f"rows in {len(TABLES)} tables." in said
    with opened(target) as store:
        assert store.state() == State(editions=1, withdrawn=0, releases=1)
    again = run("move-database", small_copy, sqlite_url(target), ok=False)
    assert "Refused: The database to move to is not empty" in again.output


def test_the_service_s_own_database_is_left_out_of_it(
    run: Run, store: Store, small_copy: Path, tmp_path: Path
) -> None:
    run("move-database", small_copy, tmp_path / "target.sqlite")
    assert store.state() == State(editions=0, withdrawn=0, releases=0)


def test_what_cannot_be_moved_is_said_in_a_sentence_without_a_password(
    run: Run, small_copy: Path, tmp_path: Path
) -> None:
    away = "postgresql://a:hunter2@127.0.0.1:1/x"
    for words in ((away, tmp_path / "t.sqlite"), (small_copy, away), (small_copy, small_copy)):
        said = run("move-database", *words, ok=False).output
        assert "Refused: " in said
        assert "hunter2" not in said
    assert not (tmp_path / "t.sqlite").exists()


def test_a_move_says_that_files_of_keys_are_not_moved(
    run: Run, small_copy: Path, tmp_path: Path
) -> None:
    (small_copy.parent / "keys").mkdir()
    said = run("move-database", small_copy, tmp_path / "new" / "target.sqlite").output
    assert "Files of keys are not moved: copy" in said
