"""`flask aliases`: shown first, put whole in place of what was there, and listed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from catchments.core.model import Alias
from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from tests.commands.conftest import Run, directory_csv
from tests.worlds import HOSTILE

Write = Callable[[str, str | bytes], Path]
RELEASE = "schooldirectory-2026-02-01.csv"
TABLE = "alias,school number,source\nAhi,54,www.ahi.example\nSaint Joe,55,its newsletter\n"


@pytest.fixture
def with_schools(run: Run, write: Write) -> None:
    run("schools", "import", write(RELEASE, directory_csv()), "--commit")


@pytest.mark.usefixtures("with_schools")
def test_without_commit_nothing_is_written(run: Run, write: Write, store: Store) -> None:
    said = run("aliases", "import", write("aliases.csv", TABLE)).output
    assert "No problems" in said
    assert "Added: 2" in said
    assert "Taken away: 0" in said
    assert re.search(r"Saint Joe +│ 55 +│ St Joseph's School +│ its newsletter", said)
    assert "Nothing was written. Add --commit to put these in place of all there are." in said
    assert store.aliases() == ()


@pytest.mark.usefixtures("with_schools")
def test_with_commit_they_take_the_place_of_all_there_are(
    run: Run, write: Write, store: Store
) -> None:
    store.replace_aliases([Alias("Old", 54, "x")])
    path = write("aliases.csv", TABLE)
    assert "Kept 2 aliases." in run("aliases", "import", path, "--commit").output
    assert store.aliases() == (
        Alias("Ahi", 54, "www.ahi.example"),
        Alias("Saint Joe", 55, "its newsletter"),
    )
    entry = AuditTrail(store).last()
    assert entry
    assert (entry.actor, entry.action) == ("command line", "import.aliases")
    detail = json.loads(entry.detail)
    assert [file["name"] for file in detail["files"]] == ["aliases.csv"]
    assert (detail["added"], detail["removed"]) == (2, 1)


@pytest.mark.usefixtures("with_schools")
def test_a_refused_table_changes_nothing_and_names_its_rows(
    run: Run, write: Write, store: Store
) -> None:
    store.replace_aliases([Alias("Old", 54, "x")])
    path = write("aliases.csv", TABLE + "Te One School,55,x\n,55,x\n")
    said = run("aliases", "import", path, "--commit", ok=False).stderr
    assert "  - line 4 (Te One School, 55): the alias “Te One School” is the whole name" in said
    assert "  - line 5 (55): it has no alias" in said
    assert store.aliases() == (Alias("Old", 54, "x"),)


def test_without_a_directory_there_is_nothing_to_match_against(run: Run, write: Write) -> None:
    said = run("aliases", "import", write("aliases.csv", TABLE), ok=False).stderr
    assert "There is no school directory to match the table against." in said
    assert "flask schools import FILE --commit" in said


@pytest.mark.usefixtures("with_schools")
def test_they_are_listed_with_their_schools_and_hostile_text_as_text(
    run: Run, store: Store
) -> None:
    store.replace_aliases([Alias("Ahi", 54, "www.ahi.example"), Alias(f"[bold]{HOSTILE}", 99, "x")])
    said = run("aliases", "list").output
    assert "Kura o Ahi" in said
    assert "www.ahi.example" in said
    assert "not in the directory" in said
    assert "[bold]{{7*191}}" in said


@pytest.mark.usefixtures("store")
def test_there_are_none_before_an_import(run: Run) -> None:
    assert "Alias" in run("aliases", "list").output


# --- what a new release differs in ----------------------------------------------------------------


def changed(said: str) -> str:
    rows = ([c.strip() for c in line.strip("│┃ ").split("│")] for line in said.splitlines())
    return next(row[1] for row in rows if row[0] == "changed")


ROWS = (
    "54,Kura o Ahi,Kaitaia,https://ahi.school.nz,office@ahi.school.nz",
    "55,Kura o Rimu,Bridge,,",
)
WITH_CONTACTS = "School_Id,Org_Name,Add1_City,URL,Email\n"


def test_a_town_whose_macrons_the_directory_leaves_out_is_no_change(run: Run, write: Write) -> None:
    first = WITH_CONTACTS + "\n".join(ROWS)
    run("schools", "import", write("directory-2026-01-01.csv", first), "--commit")
    again = write("directory-2026-02-01.csv", first + "\n")
    assert changed(run("schools", "import", again).output) == "0"


def test_contacts_that_the_release_before_had_no_room_for_are_no_change(
    run: Run, write: Write
) -> None:
    bare = "School_Id,Org_Name,Add1_City\n54,Kura o Ahi,Kaitaia\n55,Kura o Rimu,Bridge\n"
    run("schools", "import", write("directory-2026-01-01.csv", bare), "--commit")
    path = write("directory-2026-02-01.csv", WITH_CONTACTS + "\n".join(ROWS))
    assert changed(run("schools", "import", path, "--commit").output) == "0"
    other = "\n".join(ROWS).replace("ahi.school.nz", "kura.example")
    later = write("directory-2026-03-01.csv", WITH_CONTACTS + other)
    assert changed(run("schools", "import", later).output) == "1"
