"""Tables of aliases: every row is taken, set aside and named, or refuses the whole."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import FileRefused
from catchments.core.model import Alias, School, SchoolStatus
from catchments.core.text_folding import folded
from catchments.readers import aliases as module
from catchments.readers.aliases import read_aliases
from catchments.readers.report import Report

SCHOOLS = {
    54: School(54, "Auckland Grammar", city="Auckland", suburb="Epsom"),
    64: School(64, "Epsom Girls' Grammar School", city="Auckland", suburb="Epsom"),
    7: School(7, "Rangi Ruru Girls' School", city="Christchurch", suburb="Merivale"),
    8: School(8, "Bygone School", SchoolStatus.CLOSED, city="Ōtāhuhu"),
}
HEADER = "Alias,School number,Source"


def read(folder: Path, *rows: str, header: str = HEADER) -> tuple[tuple[Alias, ...], Report]:
    path = folder / "aliases.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_aliases(path, schools=SCHOOLS)


def refusal(folder: Path, *rows: str, header: str = HEADER) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(folder, *rows, header=header)
    return refused.value


def test_aliases_are_read_with_their_sources(tmp_path: Path) -> None:
    found, report = read(tmp_path, "AGS,54,www.ags.school.nz", '"Rangi  Ruru",0007,its website')
    assert found == (
        Alias("AGS", 54, "www.ags.school.nz"),
        Alias("Rangi Ruru", 7, "its website"),
    )
    assert report.problems == []
    assert report.counts == {"rows": 2, "aliases": 2, "schools with an alias": 2}


def test_a_workbook_is_read_alike_and_other_columns_are_passed_over(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["School Number", "Note", "Source", "Nickname"], [54, "x", "its website", "AGS"]):
        book.active.append(row)
    book.save(tmp_path / "aliases.xlsx")
    found, _ = read_aliases(tmp_path / "aliases.xlsx", schools=SCHOOLS)
    assert found == (Alias("AGS", 54, "its website"),)


FAULTS = {
    ",54,x": "it has no alias",
    "!!!,54,x": "the alias “!!!” has no letter that can be typed",
    "AGS,,x": "its school number is missing, not a whole number",
    "AGS,fifty-four,x": "its school number is “fifty-four”, not a whole number",
    "AGS,54.5,x": "its school number is “54.5”, not a whole number",
    "AGS,54,": "it names no source",
    "54,54,x": "the alias “54” is a number",
    "0610 54,54,x": "the alias “0610 54” is a number",
    "auckland,54,x": "the alias “auckland” is the name of a town or suburb",
    "Otahuhu,54,x": "the alias “Otahuhu” is the name of a town or suburb",
    "EPSOM GIRLS GRAMMAR SCHOOL,54,x": (
        "is the whole name of another school: 64, Epsom Girls' Grammar School"
    ),
    "Bygone School,54,x": "is the whole name of another school: 8, Bygone School",
    f"{'x' * 201},54,x": "its alias has 201 characters, where 200 may be typed",
    f"AGS,54,{'x' * 501}": "its source has more than 500 characters",
}


@pytest.mark.parametrize("row", FAULTS)
def test_a_row_that_cannot_be_right_refuses_the_whole_and_is_named(
    tmp_path: Path, row: str
) -> None:
    refused = refusal(tmp_path, "Rangi Ruru,7,its website", row)
    assert len(refused.rows) == 1
    assert refused.rows[0].startswith("line 3 (")
    assert FAULTS[row] in refused.rows[0]
    assert "Nothing was imported" in str(refused)


def test_a_number_that_is_another_schools_than_the_name_beside_it_is_a_fault(
    tmp_path: Path,
) -> None:
    header = "Alias,School number,School name,Source"
    found, _ = read(tmp_path, "AGS,54,AUCKLAND GRAMMAR,x", "EGGS,64,,x", header=header)
    assert [alias.school_id for alias in found] == [54, 64]
    refused = refusal(tmp_path, "Rangi Ruru,54,Rangi Ruru Girls' School,x", header=header)
    assert refused.rows[0] == (
        "line 2 (Rangi Ruru, 54): number 54 is “Auckland Grammar” in the directory, not "
        "“Rangi Ruru Girls' School”"
    )


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    assert len(refusal(tmp_path, *FAULTS).rows) == len(FAULTS)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("X,99,x", "no directory release has the school 99"),
        ("A.G.S.x,99,x", "no directory release has the school 99"),
        ("ags,54,another source", "line 2 has it already"),
        ("AUCKLAND GRAMMAR,54,x", "“AUCKLAND GRAMMAR” is the name of 54 itself"),
    ],
)
def test_a_row_that_says_nothing_of_a_school_is_set_aside_and_named(
    tmp_path: Path, row: str, why: str
) -> None:
    found, report = read(tmp_path, "AGS,54,www.ags.school.nz", row)
    assert found == (Alias("AGS", 54, "www.ags.school.nz"),)
    (problem,) = report.problems
    assert (problem.where.partition(" (")[0], problem.what, problem.done) == (
        "line 3",
        why,
        "set aside",
    )
    assert report.counts["rows set aside"] == 1


def test_one_alias_of_two_schools_is_kept_for_both_and_said(tmp_path: Path) -> None:
    found, report = read(tmp_path, "Grammar,54,x", "GRAMMAR,64,y", "grammar,7,z")
    assert [alias.school_id for alias in found] == [54, 64, 7]
    assert [p.what for p in report.problems] == [
        "“GRAMMAR” is an alias of 54 too",
        "“grammar” is an alias of 2 other schools too",
    ]
    assert {p.done for p in report.problems} == {"kept; whoever types it is asked which is meant"}


@pytest.mark.parametrize("rows", [(), ("X,99,x",)])
def test_a_table_without_any_alias_of_a_known_school_is_refused(
    tmp_path: Path, rows: tuple[str, ...]
) -> None:
    said = str(refusal(tmp_path, *rows))
    assert "holds no alias of a school that is known" in said
    assert "the aliases that there are stay" in said


@pytest.mark.parametrize("header", ["Alias,School number", "Alias,Source", "School Id,Source"])
def test_all_three_columns_are_needed(tmp_path: Path, header: str) -> None:
    assert "no header row with the columns needed" in str(refusal(tmp_path, header=header))


def test_more_than_the_country_has_is_another_kind_of_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ALIASES", 3)
    said = str(refusal(tmp_path, *(f"A{n}x,54,x" for n in range(5))))
    assert "holds more than 3 aliases" in said


HOSTILE_TEXTS = (
    "{{7*191}}</script>",
    "' OR 1=1 --",
    "=cmd|' /C calc'!A0",
    "\u202eSGA",
    "a\u0304gs",
    "\x1b[31mAGS",
    "AGS\u200b",
)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_is_text(tmp_path: Path, text: str) -> None:
    quoted = text.replace('"', '""')
    found, _ = read(tmp_path, f'"{quoted}",54,"{quoted}"')
    assert len(found) == 1
    assert found[0].text.isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["AGS", "ags", "EGGS", "Grammar", "", "54", *HOSTILE_TEXTS]),
            st.sampled_from(["54", "64", "7", "99", "", "x"]),
            st.sampled_from(["a website", ""]),
        ),
        max_size=8,
    )
)
def test_every_row_is_accounted_for(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    lines = [",".join(f'"{cell}"' for cell in row) for row in rows]
    try:
        found, report = read(tmp_path, *lines)
    except FileRefused:
        return
    assert len(found) + report.counts.get("rows set aside", 0) == report.counts["rows"] == len(rows)
    assert len({(folded(a.text), a.school_id) for a in found}) == len(found)
    assert all(alias.source and alias.school_id in SCHOOLS for alias in found)
