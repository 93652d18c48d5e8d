"""`flask addresses import` and `show`: shown first, put in place whole, or left as it was."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from catchments.core.settings import ROOT, Settings
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.search.typed_text import TypedText
from catchments.store.integrity.audit import AuditTrail
from tests import prepared
from tests.address_files import LAYOUTS, Given, csv_text, geopackage
from tests.worked_out import is_worked_out
from tests.worlds import sqlite_url, store_of

Run = Callable[..., Result]
Write = Callable[[str, str | bytes], Path]
NAME = "nz-addresses-2026-09-01.csv"
ROWS = (
    Given(),
    Given(number="14"),
    Given(unit="2", suffix="A"),
    Given(number="10", high="14", road="Mātai Road", suburb="Ōkāhu"),
)
KILLS = 2


@pytest.fixture
def book_path(tmp_path: Path) -> Path:
    return tmp_path / "book" / "addresses.sqlite"


@pytest.fixture
def app(tmp_path: Path, book_path: Path) -> Flask:
    database = sqlite_url(tmp_path / "commands.sqlite")
    return create_app(Settings(database_url=database, addresses_path=book_path))


@pytest.mark.parametrize("commit", [True, False])
def test_addresses_taken_in_stand_in_the_audit_trail(
    run: Run, write: Write, app: Flask, commit: bool
) -> None:
    run("addresses", "import", write(NAME, csv_text(ROWS)), *(["--commit"] if commit else []))
    store = store_of(app)
    store.migrate()
    found = [(e.actor, e.action, e.subject) for e in AuditTrail(store).entries(at_most=9)]
    wanted = [("command line", "import.addresses", "address book")]
    assert found == (wanted if commit else [])


@pytest.mark.parametrize("broken", ["os.replace", "catchments.commands.console.append"])
def test_a_book_and_its_record_are_there_both_or_neither(
    run: Run,
    write: Write,
    app: Flask,
    book_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    run("addresses", "import", write("nz-addresses-2026-08-01.csv", csv_text(ROWS)), "--commit")
    trail = AuditTrail(store_of(app))
    before = release(book_path), trail.entries(at_most=9)
    with monkeypatch.context() as patched:
        patched.setattr(broken, fails)
        run("addresses", "import", write(NAME, csv_text(ROWS)), "--commit", ok=False)
    assert (release(book_path), trail.entries(at_most=9)) == before
    run("addresses", "import", write(NAME, csv_text(ROWS)), "--commit")
    assert (release(book_path), len(trail.entries(at_most=9))) == ("2026-09-01", 2)


def names(path: Path, text: str) -> list[str]:
    book = AddressBook(path)
    named = [f"{n.name}, {n.within}" for n in book.candidates(TypedText.of(text), at_most=5)]
    book.close()
    return named


def release(path: Path) -> str:
    book = AddressBook(path)
    source = book.about()
    book.close()
    return source.release if source else ""


# --- taking in ------------------------------------------------------------------------------------


def test_without_commit_addresses_are_counted_and_nothing_is_written(
    run: Run, write: Write, book_path: Path
) -> None:
    said = run("addresses", "import", write(NAME, csv_text(ROWS))).output
    assert "Rows read                    │ 4" in said
    assert "No addresses were held before: all 4 are new." in said
    assert "Nothing was written. Add --commit to build the address book." in said
    assert not book_path.parent.exists()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("suffix", ["csv", "gpkg"])
def test_with_commit_addresses_are_found(
    run: Run, write: Write, tmp_path: Path, book_path: Path, layout: str, suffix: str
) -> None:
    if suffix == "csv":
        path = write(NAME, csv_text(ROWS, LAYOUTS[layout]))
    else:
        path = geopackage(tmp_path / "nz-addresses-2026-09-01.gpkg", ROWS, LAYOUTS[layout])
    said = run("addresses", "import", path, "--commit").output
    assert "Kept 4 addresses on 2 roads, release 2026-09-01." in said
    assert names(book_path, "2/12a high st") == ["2/12A High Street, Kaitāia"]
    assert names(book_path, "12 matai rd kaitaia") == ["10-14 Mātai Road, Ōkāhu, Kaitāia"]


def test_the_release_is_the_one_given_before_the_one_in_the_name(
    run: Run, write: Write, book_path: Path
) -> None:
    path = write(NAME, csv_text(ROWS))
    run("addresses", "import", path, "--release", "2026-10-02", "--commit")
    assert release(book_path) == "2026-10-02"
    undated = write("nz-addresses.csv", csv_text(ROWS))
    run("addresses", "import", undated, "--commit")
    assert release(book_path) == "undated"


def test_problems_are_shown_with_their_lines_and_counted(run: Run, write: Write) -> None:
    rows = [*ROWS, *[Given(number="")] * 60, Given(life="Retired")]
    said = run("addresses", "import", write(NAME, csv_text(rows))).output
    assert "Left out: without a number   │ 60" in said
    assert "Left out: not current        │ 1" in said
    assert "line 6" in said
    assert said.count("left out") == 50


def test_a_second_import_takes_the_first_ones_place(
    run: Run, write: Write, book_path: Path
) -> None:
    run("addresses", "import", write(NAME, csv_text(ROWS)), "--commit")
    later = csv_text([*ROWS, Given(number="99")])
    said = run("addresses", "import", write("nz-2026-10-01.csv", later), "--commit").output
    assert "Before, 4 addresses were held; this file has 5." in said
    assert names(book_path, "99 high st") == ["99 High Street, Kaitāia"]
    assert {p.name for p in book_path.parent.iterdir()} == {
        book_path.name,
        f"{book_path.name}.lock",
    }


def test_an_older_file_says_that_it_is_the_older(run: Run, write: Write) -> None:
    run("addresses", "import", write("nz-2026-10-01.csv", csv_text(ROWS)), "--commit")
    said = run("addresses", "import", write("nz-2020-01-01.csv", csv_text(ROWS))).output
    assert "This file is the older: of 2020-01-01; those held are of 2026-10-01." in said
    newer = run("addresses", "import", write("nz-2026-11-01.csv", csv_text(ROWS))).output
    assert "older" not in newer


def test_a_file_with_far_fewer_addresses_is_refused_unless_it_is_allowed(
    run: Run, write: Write, book_path: Path
) -> None:
    run("addresses", "import", write(NAME, csv_text(ROWS)), "--commit")
    fewer = write("nz-2026-10-01.csv", csv_text(ROWS[:3]))
    for more in ((), ("--commit",)):
        said = run("addresses", "import", fewer, *more, ok=False).stderr
        assert "This file has 3 addresses, and 4 are held." in said
        assert "add --allow-shrink" in said
    assert release(book_path) == "2026-09-01"
    run("addresses", "import", fewer, "--commit", "--allow-shrink")
    assert release(book_path) == "2026-10-01"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("<!DOCTYPE html><title>Sign in", "is a web page or XML, not a CSV"),
        ("a,b\n1,2\n", "has no header with the columns of addresses"),
        (csv_text(ROWS)[:-60], "line 5, column 22 “water_body_name”: the file breaks off"),
        (csv_text(ROWS) + '"x', "never closed; the file may be cut off"),
        (csv_text([Given(lng=1, lat=1)] * 60), "no address that can be used"),
    ],
)
def test_a_file_that_is_refused_leaves_the_book_as_it_was(
    run: Run, write: Write, book_path: Path, content: str, said: str
) -> None:
    run("addresses", "import", write(NAME, csv_text(ROWS)), "--commit")
    before = book_path.read_bytes()
    for more in ((), ("--commit",)):
        result = run("addresses", "import", write("bad.csv", content), *more, ok=False)
        assert said in result.stderr
        assert result.stderr.count("Refused: ") == 1
    assert before == book_path.read_bytes()
    assert {p.name for p in book_path.parent.iterdir()} == {
        book_path.name,
        f"{book_path.name}.lock",
    }


def test_hostile_names_stay_text_on_the_way_in(run: Run, write: Write, book_path: Path) -> None:
    bad = "\x1b[31m{{7*191}}</script>\u202e Road"
    path = write("[bold]-2026-09-01.csv", csv_text([Given(road=bad), Given(number="", road=bad)]))
    said = run("addresses", "import", path, "--commit").output
    assert not is_worked_out(said)
    assert names(book_path, "12 7 191 script road") == ["12 [31m{{7*191}}</script> Road, Kaitāia"]


def test_a_folder_that_cannot_be_is_one_refusal(run: Run, write: Write, book_path: Path) -> None:
    book_path.parent.write_bytes(b"a file where the folder should be")
    said = run("addresses", "import", write(NAME, csv_text(ROWS)), "--commit", ok=False).stderr
    assert "The address book “addresses.sqlite” cannot be written: " in said


# --- showing --------------------------------------------------------------------------------------


def test_show_says_when_there_is_nothing(run: Run) -> None:
    assert "No addresses are held." in run("addresses", "show").output


def test_show_says_what_is_held_and_from_where(run: Run, write: Write) -> None:
    run("addresses", "import", write(NAME, csv_text(ROWS)), "--commit")
    said = run("addresses", "show").output
    for fact in (
        "addresses                    │ 4",
        "Toitū Te Whenua Land Information New Zealand",
        "CC BY 4.0",
        "2026-09-01",
        NAME,
    ):
        assert fact in said


def test_show_says_when_the_file_is_no_book(run: Run, book_path: Path) -> None:
    book_path.parent.mkdir()
    book_path.write_bytes(b"something else")
    said = run("addresses", "show", ok=False).stderr
    assert "is no address book of this version, or it is damaged. Import the addresses" in said


def test_where_the_book_is_comes_from_the_environment() -> None:
    assert Settings.from_environment({}).addresses_path == ROOT / "instance" / "addresses.sqlite"
    given = Settings.from_environment({"CATCHMENTS_ADDRESSES": "/somewhere/a.sqlite"})
    assert given.addresses_path == Path("/somewhere/a.sqlite")


# --- killed ---------------------------------------------------------------------------------------


def begun(book: Path, *words: object, **fate: int | None) -> prepared.Process:
    """A `flask addresses` process on an address book."""
    settings = {
        "DATABASE_URL": sqlite_url(book.with_name("kill.sqlite")),
        "CATCHMENTS_ADDRESSES": str(book),
    }
    return prepared.begin("flask", "addresses", *words, settings=settings, **fate)


def file_of_day(folder: Path, day: int) -> Path:
    """Addresses of which one tells the day."""
    rows = [Given(number=str(n), road=f"Road{n % 100}") for n in range(100, 2_000)]
    path = folder / f"nz-addresses-2026-09-{day:02}.csv"
    path.write_text(csv_text([*rows, Given(number=str(day))]))
    return path


@pytest.mark.thorough
def test_an_import_killed_at_any_moment_leaves_the_old_book_or_the_new_one(tmp_path: Path) -> None:
    book = tmp_path / "addresses.sqlite"
    for day in (1, 2):  # the first makes the database, too
        whole = begun(book, "import", file_of_day(tmp_path, day), "--commit")
        assert whole.wait() == 0, whole.stderr
    releases = [release(book)]
    fates = [{"dies_at_step": step} for step in range(1, whole.steps + 1)]
    fates += [{"dies_at_byte": random.randint(1, book.stat().st_size)} for _ in range(KILLS)]
    for day, fate in enumerate(fates, start=3):
        process = begun(book, "import", file_of_day(tmp_path, day), "--commit", **fate)
        assert process.wait() < 0, f"{fate}: {process.steps} steps of {whole.steps}"
        releases.append(release(book))
        held = int(releases[-1][-2:])
        assert f"{held} High Street, Kaitāia" in names(book, f"{held} high st")
        assert len(list(tmp_path.glob("*.building"))) <= 1
    assert releases == sorted(releases)
    last = len(fates) + 3
    assert begun(book, "import", file_of_day(tmp_path, last), "--commit").wait() == 0
    assert release(book) == f"2026-09-{last:02}"
    assert list(tmp_path.glob("*.building*")) == []
