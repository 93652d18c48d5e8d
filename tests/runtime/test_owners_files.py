"""What holds keys, password hashes and secrets is its owner's alone, whatever the umask."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

import app
from catchments.commands import setup
from catchments.core.settings import Settings
from catchments.lookup.search.addresses.building import building_book
from catchments.readers.report import no_progress
from catchments.runtime.disk import exposed, make_file, make_folder
from catchments.runtime.prometheus_files import SHARED, fresh_folder
from catchments.store import Store
from catchments.store.engine import Database, open_engine
from catchments.store.upkeep.backup import back_up, restore
from catchments.store.upkeep.moving import move
from catchments.web import application
from tests.worlds import begin_with_the_schema, opened, sqlite_url

UMASKS = [0o022, 0o000, 0o077]


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The mode of everything in a folder, by its path from there."""
    return {
        str(path.relative_to(folder)): f"{stat.S_IMODE(path.stat().st_mode):04o}"
        for path in sorted(folder.rglob("*"))
    }


def database_in_use(folder: Path, _small: Path) -> Iterator[None]:
    url = sqlite_url(folder / "deep" / "new.sqlite")
    Database(url).make()
    engine = open_engine(url)
    with engine.connect() as connection:
        connection.execute(sa.text("CREATE TABLE t (a)"))
        connection.commit()
        assert {"new.sqlite", "new.sqlite-wal", "new.sqlite-shm"} == {
            path.name for path in (folder / "deep").iterdir()
        }
        yield


def database_moved(folder: Path, small: Path) -> Iterator[None]:
    move(sqlite_url(small), sqlite_url(folder / "deep" / "moved.sqlite"), progress=no_progress)
    yield


def backup_taken_and_put_back(folder: Path, small: Path) -> Iterator[None]:
    back_up(Database(sqlite_url(small)), folder / "backup")
    restore(folder / "backup", Database(sqlite_url(folder / "deep" / "restored.sqlite")))
    yield


def address_book_being_built(folder: Path, _small: Path) -> Iterator[None]:
    with building_book(folder / "deep" / "addresses.sqlite"):
        assert len(modes(folder / "deep")) == 2, "the book and its lock"
        yield


def metrics_folder(folder: Path, _small: Path) -> Iterator[None]:
    fresh_folder({SHARED: str(folder / "deep" / "metrics")})
    yield


MADE: dict[str, Callable[[Path, Path], Iterator[None]]] = {
    each.__name__: each
    for each in (
        database_in_use,
        database_moved,
        backup_taken_and_put_back,
        address_book_being_built,
        metrics_folder,
    )
}


@pytest.mark.parametrize("mask", UMASKS, ids=oct)
@pytest.mark.parametrize("made", MADE)
def test_what_is_made_is_its_owners_alone(
    made: str, mask: int, tmp_path: Path, small_database: Path
) -> None:
    with umask(mask), contextmanager(MADE[made])(tmp_path, small_database):
        found = modes(tmp_path)
    assert found
    for name, mode in found.items():
        assert (name, mode) == (name, "0700" if (tmp_path / name).is_dir() else "0600")


@pytest.mark.parametrize("mask", UMASKS, ids=oct)
def test_serve_sets_up_a_database_that_is_its_owners_alone(
    mask: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seeded(store: Store) -> None:
        with store.writing() as connection:  # as the demonstration would be
            connection.execute(sa.text("UPDATE secret SET value = ''"))

    monkeypatch.setattr(setup, "prepare", seeded)
    monkeypatch.setattr(setup, "refuse_taken_port", lambda *_: None)
    monkeypatch.setattr(setup, "_serve", lambda *_, **__: None)
    monkeypatch.setattr(setup, "fresh_folder", lambda _: "")
    for name in ("DATABASE_URL", SHARED, *setup.MEMORY):
        monkeypatch.setenv(name, "")
    made = app.create_app(Settings(database_url=sqlite_url(tmp_path / "unused.sqlite")))
    path = tmp_path / "data" / "own.sqlite"
    with umask(mask), made.app_context():
        done = made.test_cli_runner().invoke(setup.serve, ["--database", str(path)])
    assert done.exit_code == 0, done.output
    assert modes(tmp_path) == {
        "data": "0700",
        "data/own.sqlite": "0600",
        "data/keys": "0700",
        "data/keys/data-key": "0600",
        "data/keys/session-key": "0600",
    }


def test_a_file_or_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    """Its mode may be somebody's choice, and closing it would free SQLite's locks."""
    tmp_path.chmod(0o755)
    path = tmp_path / "there.sqlite"
    path.write_bytes(b"kept")
    path.chmod(0o640)
    make_file(path)
    make_folder(tmp_path)
    assert path.read_bytes() == b"kept"
    assert modes(tmp_path) == {"there.sqlite": "0640"}
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    ("mode", "said"),
    [(0o600, ""), (0o400, ""), (0o644, "0644"), (0o640, "0640"), (0o602, "0602")],
)
def test_a_file_that_others_may_use_is_said_with_what_to_do(
    mode: int, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "it is.sqlite"
    for name in (path, Path(f"{path}-wal")):
        name.touch()
        name.chmod(mode)
    sentences = list(exposed([path, tmp_path / "not there"]))
    assert len(sentences) == (2 if said else 0)
    for sentence, name in zip(sentences, (path, Path(f"{path}-wal")), strict=False):
        assert f"{name} has mode {said}," in sentence
        assert sentence.endswith(f"chmod 600 '{name}'")


def test_a_server_says_at_its_start_which_files_others_may_use(
    small_copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    addresses = tmp_path / "addresses.sqlite"
    addresses.touch(0o600)
    small_copy.chmod(0o644)
    settings = Settings(database_url=sqlite_url(small_copy), addresses_path=addresses)
    monkeypatch.setattr(application.Settings, "from_environment", lambda: settings)
    monkeypatch.setattr(application.request_log, "configure", lambda _: None)
    monkeypatch.setattr(application, "keep_doing", lambda *_, **__: None)
    with caplog.at_level(logging.WARNING):
        served = application.serve_app()
    said = [record.getMessage() for record in caplog.records]
    assert sum(f"The file {small_copy} has mode 0644" in line for line in said) == 1
    assert not any(str(addresses) in line for line in said)
    assert served.test_client().get("/healthz").status_code == 200, "it is no reason to stop"


def test_a_store_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    begin_with_the_schema(sqlite_url(path))
    path.chmod(0o644)
    with opened(path) as store:
        assert store.editions() == []
    assert modes(tmp_path)["old.sqlite"] == "0644"
