"""What stands above and below a table: set aside, counted and quoted, and never a row of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from catchments.core.errors import FileRefused
from catchments.readers.directory import read_directory
from catchments.readers.formats.tables import Columns, open_table
from catchments.readers.report import LeftOut, Report

SCHOOLS = Columns(
    aliases={"number": ("School Number",), "name": ("School Name",), "roll": ("Roll",)},
    required=(("number",), ("name",)),
    numbers=("number",),
)
PROVIDERS = Columns(
    aliases={"catchment": ("Catchment",), "name": ("Provider",), "phone": ("Phone",)},
    required=(("name",),),
)
HEADER = "School Number,School Name,Roll\n1,A,20\n2,B,30\n"
BELOW = "lines below the table"


def read(folder: Path, text: str, columns: Columns = SCHOOLS) -> tuple[list[str], Report]:
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    report = Report()
    with open_table(path, columns, report=report) as table:
        return [row["name"] for row in table.rows], report


FOOTERS = [
    "Total,2\n",
    "Total,,50\n",
    "Total: 2 schools\n",
    "Grand total:,2,50\n",
    "Number of schools,2\n",
    "TOTAL SCHOOLS: 2\n",
    ",Total,50\n",
    "2 schools\n",
    "(2 rows affected)\n",
    "--- End of list ---\n",
    "Last updated: 1 November\n",
    "For more information see our website\n",
    "NB. Rolls are provisional\n",
    "^ as at 1 November\n",
    "* Rolls are those of 1 July\n",
    "Source: Ministry of Education\n",
    "Note: some schools have no roll.\n",
    "\n\nDownloaded on 1 November 2026\n",
    "As at 1 November 2026\n",
    "(c) 2026 the Ministry\n",
    "Schools that were open on the day the list was made\n",
    "\nPrepared for the Ministry\n\n\nPage 1 of 1\n",
    "^ as at 1 November",
    "Total,2",
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_total_and_notes_below_a_table_are_set_aside_and_quoted(tmp_path, footer):
    names, report = read(tmp_path, HEADER + footer)
    assert names == ["A", "B"]
    (left,) = report.left_out
    lines = [line for line in footer.splitlines() if line]
    assert (left.what, left.count) == (BELOW, len(lines))
    assert all(line.replace(",", " ").split()[0] in left.why for line in lines)
    assert not report.is_clean


@pytest.mark.parametrize("footer", [*FOOTERS[:3], "Source: Ministry of Education\n"])
def test_providers_have_footers_too(tmp_path, footer):
    names, report = read(tmp_path, f"Provider,Catchment,Phone\nWest,W,09\n{footer}", PROVIDERS)
    assert names == ["West"]
    assert report.left_out[0].what == BELOW


@pytest.mark.parametrize(
    "row",
    ["x,C\n", ",C,5\n", "3,,7\n", "3\n", "Total Mobility Trust,C\n", "C School\n".replace(" ", "")],
)
def test_a_faulty_row_at_the_end_stays_a_row(tmp_path, row):
    names, report = read(tmp_path, HEADER + row)
    assert len(names) == 3
    assert report.left_out == []


@pytest.mark.parametrize("footer", [footer for footer in FOOTERS if footer.endswith("\n")])
def test_in_the_middle_it_stays_a_row(tmp_path, footer):
    names, report = read(tmp_path, HEADER + footer + "3,C,7\n")
    assert len(names) == 3 + len([line for line in footer.splitlines() if line])
    assert report.left_out == []


def test_a_provider_called_total_is_one(tmp_path):
    rows = "Provider,Catchment,Phone\nWest,W,09\nTotal Mobility Trust,E,09\nSum,Of,Parts\n"
    names, report = read(tmp_path, rows, PROVIDERS)
    assert names == ["West", "Total Mobility Trust", "Sum"]
    assert report.is_clean


def test_more_than_a_few_lines_below_a_table_are_rows(tmp_path):
    names, _ = read(tmp_path, HEADER + "* note\n" * 301)
    assert len(names) == 303


def test_lines_above_the_header_are_counted_and_quoted(tmp_path):
    _, report = read(tmp_path, "Schools of 2026,,\n\nas at 1 November\n" + HEADER)
    why = "no rows: “Schools of 2026”; “as at 1 November”"
    assert report.left_out == [LeftOut("lines above the header", why, 2)]


@pytest.mark.parametrize(
    ("more", "named", "count"),
    [("Fax", "“Notes”, “EDITION”, “Fax”", 3), ("Demonstration", "“Notes”", 1)],
    ids=["anybody's", "ours, which says whether a row is made up"],
)
def test_columns_that_are_not_read_are_named_in_one_line(tmp_path, more, named, count):
    aliases = {**SCHOOLS.aliases, "demonstration": ("Demonstration",)}
    ignored = Columns(aliases, SCHOOLS.required, ignored=("Edition",))
    text = f"School Number,School Name,Notes,EDITION,{more},\n1,A,n,7,f,\n2,B,,,,stray\n"
    _, report = read(tmp_path, text, ignored)
    what = "columns" if count > 1 else "a column"
    assert report.left_out == [
        LeftOut(what, f"not read here: {named}", count),
        LeftOut("cells in column 6", "the column has no name"),
    ]


def test_a_table_that_is_read_whole_is_clean_and_says_what_it_was(tmp_path):
    _, report = read(tmp_path, HEADER)
    assert report.is_clean
    assert report.read == ["text in UTF-8", "lines 2 to 3: 2 rows"]


def test_a_header_alone_is_a_problem(tmp_path):
    names, report = read(tmp_path, "School Number,School Name\n")
    assert names == []
    assert report.problems[0].what == "there is no row below the header"


@pytest.mark.parametrize(
    ("end", "problems"), [("3,C,7\n", 0), ("3,C,7", 1), ('3,C,"7"', 0), ("3,C,", 1)]
)
def test_a_file_without_a_last_line_end_may_be_cut_off_and_that_is_said(tmp_path, end, problems):
    names, report = read(tmp_path, HEADER + end)
    assert len(names) == 3
    assert len(report.problems) == problems
    assert all(p.where == "line 4" and "cut off" in p.what for p in report.problems)


def test_a_directory_with_a_total_and_a_footnote_is_read(tmp_path):
    path = tmp_path / "dir-footer-2026-11-01.csv"
    path.write_text(
        "School_Id,Org_Name,Add1_City,Latitude,Longitude,Status,Total\n"
        "54,A,Auckland,-36.8,174.7,Open,2500\n1679,B,Rahotu,-39.3,173.8,Open,164\n"
        "Total,2\n^ as at 1 November\n"
    )
    release, report = read_directory(path)
    assert list(release.schools) == [54, 1679]
    assert report.left_out == [
        LeftOut(BELOW, "a total or a note: line 4 “Total | 2”; line 5 “^ as at 1 November”", 2)
    ]


def test_cut_anywhere_a_table_is_refused_or_the_cut_is_said_or_all_its_rows_are_whole(tmp_path):
    whole = HEADER + "3,C School,7\nTotal,3\n^ as at 1 November\n"
    rows = {("1", "A", "20"), ("2", "B", "30"), ("3", "C School", "7")}
    path = tmp_path / "table.csv"
    for length in range(1, len(whole)):
        path.write_text(whole[:length])
        report = Report()
        try:
            with open_table(path, SCHOOLS, report=report) as table:
                found = {(row["number"], row["name"], row["roll"]) for row in table.rows}
        except FileRefused:
            continue
        assert found <= rows or "cut off" in report.problems[-1].what


@pytest.mark.parametrize(
    ("cell", "taken", "what"),
    [
        ('="02"', "02", ""),
        ('"=""02"""', "02", ""),
        ("#N/A", "", "column “School Name” shows #N/A"),
        ("#n/a", "", "column “School Name” shows #N/A"),
        ("########", "", "column “School Name” shows ########"),
        ("#1 School", "#1 School", ""),
        ("6.42E+10", "6.42E+10", "column “School Name”: “6.42E+10” is a number that a spreadsheet"),
        ("E+3 School", "E+3 School", ""),
        ("why?", "why?", ""),
    ],
)
def test_what_a_spreadsheet_made_of_a_cell_is_undone_or_said(tmp_path, cell, taken, what):
    names, report = read(tmp_path, f"School Number,School Name,Roll\n1,{cell},20\n")
    assert names == [taken]
    assert [p.what[: len(what)] for p in report.problems] == [what] * bool(what)


@pytest.mark.parametrize(
    "text", ["total" + " " * 9_000 + "x", "1 " * 4_900 + "x", "as at " + "x" * 9_000, "^" * 9_990]
)
def test_no_long_text_keeps_the_reader_busy(tmp_path, text):
    names, report = read(tmp_path, HEADER + f"{text},{text}\n" * 200 + "3,C,7\n")
    assert len(names) == 203
    assert report.left_out == []
