"""Every command there is, in an empty folder: what reads says so and leaves the folder empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest
from flask import Flask

from app import create_app
from catchments.commands import groups
from catchments.commands.console import DAY, NUMBER
from catchments.core.settings import Settings
from catchments.web.common.services import EXTENSION
from tests.commands.conftest import directory_csv
from tests.filled import at_revision
from tests.worlds import opened, sqlite_url, store_of

MAKES = {
    "setup": "it is what makes a database",
    "serve": "it sets up what is missing",
    "restore": "it makes the database that it fills",
    "move-database": "it makes the database that it fills",
}
"""What may make a database, and why; imports do with --commit alone."""
ASKS_NO_DATABASE = {
    "addresses show": "the address book is a file of its own",
    "addresses import": "without --commit it reads the file and nothing else",
    "verify-backup": "it reads the file that it is given",
    "settings": "it says which settings there are",
    "staff roles": "without a login it says what each role may do",
}
IMPORTS_OF_NOTHING = {
    "schools import": "an empty database stands in for the one that is missing",
}
"""Without --commit these show what they would do, on a machine that has nothing yet."""
REFUSED_FOR_THE_FILE = {
    "aliases import": "There is no school directory",
    "basemap import": "is no GeoPackage",
    "catchments import": "or CSV with a WKT column",
    "listings import": "There is no school directory",
    "providers import": "Refused:",
}
"""Imports that need what another import brings, or find the file to be none of theirs."""


def commands(
    group: click.Group, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command below a group, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found
        if isinstance(found, click.Group):
            yield from commands(found, (*above, name))
        else:
            yield (*above, name), found


class Ours:
    """What `groups.register` adds its commands to."""

    def __init__(self) -> None:
        self.cli = click.Group("flask")


def ours() -> dict[str, click.Command]:
    made = Ours()
    groups.register(made)  # type: ignore[arg-type]
    return {" ".join(words): command for words, command in commands(made.cli)}


ALL = ours()


def words_for(command: click.Command, file: Path) -> Iterator[str]:
    """Something for each argument and option that a command cannot do without."""
    for parameter in command.params:
        if not parameter.required:
            continue
        if isinstance(parameter, click.Option):
            yield parameter.opts[0]
        yield _something(parameter, file)


def _something(parameter: click.Parameter, file: Path) -> str:
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    if isinstance(parameter.type, click.Path):
        return str(file)
    return {DAY: "2026-03-03", NUMBER: "1", click.INT: "1"}.get(parameter.type, "editor")  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.fixture
def bare_app(empty: Path) -> Iterator[Flask]:
    settings = Settings(
        database_url=sqlite_url(empty / "deep" / "none.sqlite"),
        addresses_path=empty / "deep" / "addresses.sqlite",
    )
    made = create_app(settings)
    yield made
    store_of(made).close()


def run(app: Flask, words: list[str]) -> click.testing.Result:
    with app.app_context():
        return app.test_cli_runner().invoke(args=words)


@pytest.mark.parametrize("name", [name for name in ALL if name not in MAKES])
def test_a_command_that_reads_says_what_is_missing_and_leaves_nothing_behind(
    name: str, bare_app: Flask, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(empty)
    file = tmp_path / "schooldirectory-2026-02-01.csv"
    file.write_text(directory_csv())
    target = empty / "out.csv" if name in {"backup", "resolve"} else file
    words = [*name.split(), *words_for(ALL[name], file)]
    if name in {"backup", "resolve"}:
        words[-1] = str(target)
    ended = run(bare_app, words)
    assert "Traceback" not in ended.output
    assert list(empty.rglob("*")) == []
    if name in ASKS_NO_DATABASE or name in IMPORTS_OF_NOTHING:
        return
    assert ended.exit_code == 1, ended.output
    if name in REFUSED_FOR_THE_FILE:
        assert REFUSED_FOR_THE_FILE[name] in ended.output
        return
    assert f"There is no database at “{sqlite_url(empty / 'deep' / 'none.sqlite')}”" in ended.output
    assert "set DATABASE_URL" in ended.output
    assert "`flask setup`" in ended.output


def test_what_is_excepted_exists() -> None:
    excepted = {*MAKES, *ASKS_NO_DATABASE, *IMPORTS_OF_NOTHING, *REFUSED_FOR_THE_FILE}
    assert excepted <= ALL.keys()
    assert len(ALL) > 30


def test_an_import_that_is_not_kept_shows_what_it_would_do_on_a_machine_that_has_nothing(
    bare_app: Flask, empty: Path, tmp_path: Path
) -> None:
    file = tmp_path / "schooldirectory-2026-02-01.csv"
    file.write_text(directory_csv())
    ended = run(bare_app, ["schools", "import", str(file)])
    assert ended.exit_code == 0, ended.output
    assert "Nothing was written." in ended.output
    assert list(empty.iterdir()) == []
    kept = run(bare_app, ["schools", "import", str(file), "--commit"])
    assert kept.exit_code == 0, kept.output
    assert (empty / "deep" / "none.sqlite").exists()


@pytest.mark.parametrize("revision", ["0006", "9999"])
def test_a_command_that_reads_leaves_another_schema_as_it_is(revision: str, tmp_path: Path) -> None:
    path = tmp_path / "earlier.sqlite"
    if revision == "9999":
        with opened(path) as store, store.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    else:
        at_revision(sqlite_url(path), revision)
    made = create_app(Settings(database_url=sqlite_url(path)))
    before = path.read_bytes()
    for words in (["audit", "verify"], ["editions", "list"], ["staff", "list"]):
        ended = run(made, words)
        assert ended.exit_code == 1
        assert f"has the schema “{revision}”" in ended.output
        assert "Run `flask setup`" in ended.output
    store_of(made).close()
    assert path.read_bytes() == before


def test_an_empty_file_is_no_database_that_was_set_up(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    path.touch()
    made = create_app(replace(Settings(), database_url=sqlite_url(path)))
    assert made.extensions[EXTENSION]
    ended = run(made, ["audit", "verify"])
    store_of(made).close()
    assert (ended.exit_code, "There is no database at" in ended.output) == (1, True)
