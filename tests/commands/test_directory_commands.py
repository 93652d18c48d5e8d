"""`flask schools import` of files as people send them: workbooks, statuses, totals below."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from catchments.core.model import SchoolStatus
from catchments.store import State, Store
from tests.commands.conftest import SCHOOLS, Run, directory_csv

Write = Callable[[str, str | bytes], Path]
RELEASE = "schooldirectory-2026-02-01.csv"
MERGED = (88, "Merged School", "Not Active", -38.5, 174.5, "Town")


@pytest.fixture
def with_merged(write: Write) -> Path:
    return write(RELEASE, directory_csv([*SCHOOLS, MERGED]))


def test_a_status_that_is_not_known_is_asked_about(
    run: Run, with_merged: Path, store: Store
) -> None:
    said = run("schools", "import", with_merged, "--commit", ok=False).stderr
    assert "1 school has a status that is not known: “Not Active” (1)." in said
    assert '--treat-status "Not Active=closed"' in said
    assert "(88, Merged School): “Not Active”" in said
    assert store.state() == State(0, 0, 0)


def test_what_it_means_can_be_told(run: Run, with_merged: Path, store: Store) -> None:
    told = ("--treat-status", "not active=Closed", "--treat-status", "Gone = closed")
    said = run("schools", "import", with_merged, *told, "--commit").output
    assert "taken as closed, as was told" in said
    assert store.release(1).schools[88].status is SchoolStatus.CLOSED


@pytest.mark.parametrize("given", ["Not Active", "=closed", "Not Active=gone", "Not Active="])
def test_what_tells_nothing_is_refused(run: Run, with_merged: Path, given: str) -> None:
    said = run("schools", "import", with_merged, "--treat-status", given, ok=False).stderr
    assert "does not say what a status means" in said
    assert 'As --treat-status "Not Active=closed".' in said


def test_a_sheet_can_be_named(run: Run, tmp_path: Path, store: Store) -> None:
    book = openpyxl.Workbook()
    book.active.title = "2025"
    book.active.append(["School_Id", "Org_Name"])
    book.active.append([1, "Old"])
    sheet = book.create_sheet("2026")
    sheet.append(["School_Id", "Org_Name", "Status"])
    sheet.append([2, "New", "Open"])
    path = tmp_path / "directory-2026-02-01.xlsx"
    book.save(path)
    said = run("schools", "import", path, ok=False).stderr
    assert "2 sheets that could be meant" in said
    assert "“2025”, “2026”" in said
    said = run("schools", "import", path, "--sheet", "2026", "--commit").output
    assert "another was named" in said
    assert list(store.release(1).schools) == [2]


def test_a_sheet_of_no_file_is_refused(run: Run) -> None:
    said = run("schools", "import", "--from-data-govt-nz", "--sheet", "x", ok=False).stderr
    assert "--sheet names a sheet of a file" in said


def test_no_problems_is_said_only_of_a_file_that_was_read_whole(run: Run, write: Write) -> None:
    whole = "No problems: everything in the file was read."
    assert whole in run("schools", "import", write(RELEASE, directory_csv())).output
    footer = write("schooldirectory-2026-02-02.csv", directory_csv() + "Total,5\n")
    said = run("schools", "import", footer).output
    assert whole not in said
    assert "lines below the table" in said
