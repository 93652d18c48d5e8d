"""`flask resolve` and scripts/resolve: what they say of a file, and what they refuse."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from catchments.commands.resolving import resolve
from tests.worlds import running_application, sqlite_url


@pytest.fixture
def app(small_database: Path) -> Iterator[Flask]:
    """The command line on the small world, which is only read."""
    with running_application(small_database, commands=True) as made:
        yield made


def schools(path: Path, *numbers: object) -> Path:
    path.write_text("\n".join(["school_id", *map(str, numbers)]) + "\n")
    return path


def test_it_says_how_many_rows_ended_how_and_that_they_are_made_up(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    source = schools(tmp_path / "in.csv", 54, 55, 498, 99_999, "x")
    result = run("resolve", source, tmp_path / "out.csv")
    said = " ".join(result.output.split())
    assert "resolved │ 2" in said
    assert "1 │ The school number is not a whole number" in said
    assert (
        "Wrote 5 rows to out.csv, from edition 1, which is made up for demonstration, and the "
        "school directory of 2026-02-01."
    ) in said
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["provider_name"] for row in rows] == ["Ahi Trust", "Ngā Rākau", "", "", ""]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--on=2020-01-01"], "No edition was in force on that date. The first one took effect on"),
        (["--lng=x"], "has no column for lat"),
        (["--crs=nonsense"], "The CRS “nonsense” is not known"),
        (["--database=/nowhere/x.sqlite"], "Refused"),
    ],
)
def test_what_is_refused_is_said_in_a_line_and_nothing_is_written(
    options: list[str], said: str, run: Callable[..., Result], tmp_path: Path
) -> None:
    source = schools(tmp_path / "in.csv", 54)
    result = run("resolve", source, tmp_path / "out.csv", *options, ok=False)
    assert said in result.output
    assert list(tmp_path.iterdir()) == [source]


def test_by_itself_it_needs_no_application_and_says_in_a_line_what_is_wrong(
    small_database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source, target = schools(tmp_path / "in.csv", 54), tmp_path / "out.csv"
    monkeypatch.setenv("DATABASE_URL", sqlite_url(small_database))
    done = CliRunner().invoke(resolve, [str(source), str(target)])
    assert done.exit_code == 0, done.output
    assert "Ahi Trust" in target.read_text()
    monkeypatch.setenv("DATABASE_URL", "nonsense")
    done = CliRunner().invoke(resolve, [str(source), str(target), "--replace"])
    assert done.exit_code == 1
    assert done.output.startswith("Refused: ")


def test_where_no_row_could_be_answered_it_says_what_to_try(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("lng,lat\n-38.5,174.5\n-38.6,174.6\n")
    said = " ".join(run("resolve", source, tmp_path / "out.csv").output.split())
    assert "No row could be answered." in said
    assert "--lng and --lat (the other way round where they look exchanged)" in said
    source.write_text("lng,lat\n174.5,-38.5\n-38.6,174.6\n")
    said = " ".join(run("resolve", source, tmp_path / "out2.csv").output.split())
    assert "No row could be answered." not in said
