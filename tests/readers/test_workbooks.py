"""Workbooks: which sheets are read, what hides in them, and texts as a person sees them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.chart import BarChart

from catchments.core.errors import FileRefused
from catchments.readers.formats.tables import Columns, Row, open_table
from catchments.readers.formats.workbooks import packages, sheet_scan
from catchments.readers.report import LeftOut, Problem, Report
from tests.laws import examples

COLUMNS = Columns(
    aliases={
        "number": ("School Number",),
        "name": ("School Name",),
        "catchment": ("Catchment",),
        "phone": ("Phone",),
    },
    required=(("number", "name"), ("catchment",)),
    sheet="Schools",
    numbers=("number",),
)
HEADER = ("School Number", "School Name", "Catchment")
Cells = list[tuple[Any, ...]]


def book_of(folder: Path, sheets: dict[str, Cells], change: Callable[[Any], None] | None = None):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    if change:
        change(book)
    book.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def read(path: Path, columns: Columns = COLUMNS, sheet: str | None = None):
    report = Report()
    with open_table(path, columns, report=report, sheet=sheet) as table:
        rows = list(table.rows)
    return rows, report


def refusal(path: Path, columns: Columns = COLUMNS, sheet: str | None = None) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(path, columns, sheet)
    return refused.value


def texts(rows: list[Row], field: str) -> list[str]:
    return [row[field] for row in rows]


def hide(title: str, state: str = "hidden") -> Callable[[Any], None]:
    def change(book: Any) -> None:
        book[title].sheet_state = state

    return change


OLD = [HEADER, (54, "A", "Taranaki")]
NEW = [HEADER, (54, "A", "Auckland")]
OTHER = [("Catchment", "School Name", "Phone"), ("Waikato", "B", "09")]


# --- which sheets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("hidden", "hidden (2 rows)"),
        ("veryHidden", "hidden so that a spreadsheet does not list it (2 rows)"),
    ],
)
def test_a_hidden_sheet_is_skipped_and_named(tmp_path, state, why):
    path = book_of(tmp_path, {"2025 (old)": OLD, "2026": NEW}, hide("2025 (old)", state))
    rows, report = read(path)
    assert texts(rows, "catchment") == ["Auckland"]
    assert report.left_out == [LeftOut("sheet “2025 (old)”", why)]
    assert report.read == ["sheet “2026”, row 2: 1 row"]
    assert not report.is_clean


@pytest.mark.parametrize("name", ["2025 (old)", " 2025 (OLD)", "2025 old"])
def test_a_hidden_sheet_that_is_named_is_read_and_said(tmp_path, name):
    path = book_of(tmp_path, {"2025 (old)": OLD, "2026": NEW}, hide("2025 (old)"))
    rows, report = read(path, sheet=name)
    assert texts(rows, "catchment") == ["Taranaki"]
    assert "sheet “2025 (old)”, which is hidden, as it was named" in report.read
    assert report.left_out == [LeftOut("sheet “2026”", "another was named (2 rows)")]


def test_sheets_of_one_header_are_read_together(tmp_path):
    turned = [("Catchment", "School number ", "SCHOOL NAME"), ("Taranaki", 1679, "B")]
    rows, report = read(book_of(tmp_path, {"Auckland": NEW, "Taranaki": turned}))
    assert [(row["number"], row["catchment"]) for row in rows] == [
        ("54", "Auckland"),
        ("1679", "Taranaki"),
    ]
    assert [row.where for row in rows] == ["sheet “Auckland”, row 2", "sheet “Taranaki”, row 2"]
    assert report.is_clean


def test_sheets_of_other_headers_are_refused_by_name(tmp_path):
    error = refusal(book_of(tmp_path, {"North": NEW, "South": OTHER}))
    assert "2 sheets that could be meant, with different columns: “North”, “South”" in str(error)
    assert "--sheet" in error.next_step


def test_of_sheets_with_other_headers_the_one_with_the_title_sought_is_read(tmp_path):
    path = book_of(tmp_path, {"Providers": OTHER, "schools": NEW, "About": [("Made up",)]})
    rows, report = read(path)
    assert texts(rows, "catchment") == ["Auckland"]
    assert report.left_out == [
        LeftOut("sheet “Providers”", "sheet “schools” is the one sought (2 rows)"),
        LeftOut("sheet “About”", "it has no header with the columns needed (1 row)"),
    ]


def test_an_unknown_sheet_is_refused_with_those_that_there_are(tmp_path):
    error = refusal(book_of(tmp_path, {"2025": OLD, "2026": NEW}), sheet="2027")
    assert "has no sheet “2027”. Its sheets are “2025”, “2026”." in str(error)


def test_a_sheet_that_is_named_needs_the_header(tmp_path):
    error = refusal(book_of(tmp_path, {"About": [("x",)], "2026": NEW}), sheet="About")
    assert "no header row with the columns needed" in str(error)


def test_a_text_file_has_no_sheets(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("School Number,Catchment\n54,A\n")
    assert "is text, which has no sheets" in str(refusal(path, sheet="2026"))


def test_where_only_a_hidden_sheet_would_do_the_refusal_names_it(tmp_path):
    path = book_of(tmp_path, {"2025": OLD, "About": [("x",)]}, hide("2025"))
    assert "Hidden sheets have it: “2025”. Show one, or name it with --sheet." in str(refusal(path))


def test_a_sheet_that_is_a_chart_is_named(tmp_path):
    def add_chart(book: Any) -> None:
        book.create_chartsheet("Pie").add_chart(BarChart())

    _, report = read(book_of(tmp_path, {"2026": NEW}, add_chart))
    assert report.left_out == [LeftOut("sheet “Pie”", "a chart")]


# --- what is merged and hidden --------------------------------------------------------------------


def test_merged_cells_are_filled_down_and_said(tmp_path):
    rows_in = [
        ("Catchment", "School Number", "School Name"),
        ("Taranaki", 1679, "A"),
        (None, 1681, None),
        (None, 1682, None),
        ("Auckland", 54, "B"),
        (None, 48, None),
    ]

    def merge(book: Any) -> None:
        book["S"].merge_cells("A5:A6")
        book["S"].merge_cells("A2:A4")

    rows, report = read(book_of(tmp_path, {"S": rows_in}, merge))
    assert texts(rows, "catchment") == ["Taranaki"] * 3 + ["Auckland"] * 2
    assert report.problems == [
        Problem("rows 2 to 4, column “Catchment”", "cells are merged", "each row has their text"),
        Problem("rows 5 to 6, column “Catchment”", "cells are merged", "each row has their text"),
    ]
    assert report.counts == {"blocks of merged cells filled down": 2}


def test_a_block_that_reaches_below_the_table_makes_no_rows(tmp_path):
    def merge(book: Any) -> None:
        book["S"].merge_cells("C2:C9")
        book["S"]["A12"] = 7

    rows, _ = read(book_of(tmp_path, {"S": [HEADER, (1, "A", "North"), (2, "B")]}, merge))
    assert [(row["number"], row["catchment"]) for row in rows] == [
        ("1", "North"),
        ("2", "North"),
        ("7", ""),
    ]


def test_cells_merged_across_columns_are_taken_for_the_first_and_said(tmp_path):
    def merge(book: Any) -> None:
        book["S"].merge_cells("B2:C2")

    rows, report = read(book_of(tmp_path, {"S": [HEADER, (1, "A", None)]}, merge))
    assert (rows[0]["name"], rows[0]["catchment"]) == ("A", "")
    assert "cells of 2 columns are merged" in report.problems[0].what


def test_a_header_of_two_rows_has_the_lower_names(tmp_path):
    rows_in = [
        ("School Number", "Where", None, "Catchment"),
        (None, "School Name", "Phone", None),
        (54, "A", "09", "Auckland"),
    ]

    def merge(book: Any) -> None:
        for block in ("A1:A2", "D1:D2", "B1:C1"):
            book["S"].merge_cells(block)

    rows, report = read(book_of(tmp_path, {"S": rows_in}, merge))
    assert [dict(row.cells) for row in rows] == [
        {"number": "54", "name": "A", "phone": "09", "catchment": "Auckland"}
    ]
    assert report.is_clean


SHARED = b"""<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<si><t>School Number</t></si><si><r><t>School </t></r><r><rPr><b/></rPr><t>Name</t></r></si>
<si><t>Catchment</t></si><si><t xml:space="preserve"> Taup\xc5\x8d </t></si></sst>"""


def test_texts_that_cells_share_are_read_as_excel_writes_them(tmp_path):
    path = book_of(tmp_path, {"S": [HEADER, (1, "A", "N")]})
    cells = [
        b"<row r='1'>" + b"".join(b"<c t='s'><v>%d</v></c>" % n for n in (0, 1, 2)) + b"</row>",
        b"<row r='2'><c><v>7</v></c><c t='s'><v>3</v></c><c t='s'><v>3</v></c></row>",
    ]
    rest = b"<sheetData>" + b"".join(cells) + b"</sheetData></worksheet>"
    path = with_part(path, lambda xml: xml[: xml.index(b"<sheetData>")] + rest)
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    named = b'<Override PartName="/xl/strings.xml" ContentType="' + kind + b'"/></Types>'
    path = with_part(
        path.rename(tmp_path / "plain.xlsx"),
        lambda xml: xml.replace(b"</Types>", named),
        "[Content_Types].xml",
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/strings.xml", SHARED)
    rows, _ = read(path)
    assert [dict(row.cells) for row in rows] == [
        {"number": "7", "name": "Taupō", "catchment": "Taupō"}
    ]


def test_a_block_over_a_million_rows_fills_the_rows_that_there_are(tmp_path):
    path = with_part(
        book_of(tmp_path, {"S": [HEADER, (1, "A", "N"), (2, "B")]}),
        lambda xml: xml.replace(
            b"</sheetData>",
            b'</sheetData><mergeCells count="1"><mergeCell ref="C2:XFD1048576"/></mergeCells>',
        ),
    )
    rows, _ = read(path)
    assert texts(rows, "catchment") == ["N", "N"]


def test_hidden_rows_and_columns_are_read_and_said(tmp_path):
    def hide_some(book: Any) -> None:
        sheet = book["S"]
        sheet.row_dimensions[3].hidden = True
        sheet.row_dimensions[40].hidden = True
        sheet.column_dimensions["C"].hidden = True
        sheet.auto_filter.ref = "A1:C3"
        sheet.auto_filter.add_filter_column(0, ["1"])

    rows, report = read(book_of(tmp_path, {"S": [HEADER, (1, "A", "N"), (2, "B", "N")]}, hide_some))
    assert texts(rows, "number") == ["1", "2"]
    assert [(p.what, p.done) for p in report.problems] == [
        ("1 row is hidden, as by a filter", "read too"),
        ("column “Catchment” is hidden", "read too"),
    ]
    assert report.counts == {"hidden rows that were read too": 1}


# --- values ---------------------------------------------------------------------------------------


def test_a_formula_without_a_value_is_called_one(tmp_path):
    rows_in = [
        (*HEADER, "Phone", "Note"),
        (1, "A", "N", "09", "=1+1"),
        (2, "B", "N", "=A1", None),
        (3, "=B2", "N", None, None),
    ]
    error = refusal(book_of(tmp_path, {"S": rows_in}))
    assert error.rows == (
        "row 3, column “Phone”: a formula without a value",
        "row 4, column “School Name”: a formula without a value",
    )
    assert "Open it in a spreadsheet and save it" in error.next_step


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (b'<c r="B2" t="str"><f>""</f><v></v></c>', ""),
        (b'<c r="B2"><f>1+1</f><v>2</v></c>', "2"),
        (b'<c r="B2" t="str"><f>A1</f><v>Gore School</v></c>', "Gore School"),
        (b'<c r="B2" t="inlineStr"><is><r><t>Gore </t></r><r><t>School</t></r></is></c>', "Gore S"),
        (b'<c r="B2" t="b"><v>1</v></c>', "TRUE"),
        (b'<c r="B2"><v>174.76885100000001</v></c>', "174.768851"),
        (b'<c r="B2" t="inlineStr"><is><t>Gore_x000D_School</t></is></c>', "Gore School"),
    ],
)
def test_cells_as_spreadsheets_write_them(tmp_path, cell, expected):
    path = with_part(
        book_of(tmp_path, {"S": [HEADER, (1, "B2 here", "N")]}),
        lambda xml: xml[: xml.index(b'<c r="B2"')] + cell + xml[xml.index(b'<c r="C2"') :],
    )
    rows, _ = read(path)
    assert rows[0]["name"][:6] == expected[:6]


def test_a_formula_of_a_preamble_or_of_a_column_that_is_not_read_does_no_harm(tmp_path):
    rows_in = [("=1+1",), (*HEADER, "Note"), *[(n, "A", "N", "=1") for n in range(1, 400)]]
    rows, _ = read(book_of(tmp_path, {"S": rows_in}))
    assert len(rows) == 399


def test_error_values_are_said_and_blank(tmp_path):
    rows_in = [(*HEADER, "Phone"), (1, "A", "N", "#REF!"), (2, "B", "N", "#REF!"), (3, "#", "N")]
    rows, report = read(book_of(tmp_path, {"S": rows_in}))
    assert texts(rows, "phone") == ["", "", ""]
    assert texts(rows, "name") == ["A", "B", "#"]
    assert report.problems == [
        Problem("row 2; and 1 more", "column “Phone” shows #REF!", "taken as blank")
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (2, "00", "02"),
        (2, "0000", "0002"),
        (12345, "0000", "12345"),
        (2, "General", "2"),
        (2, "0", "2"),
        (2.0, "00", "02"),
        (2.5, "00", "2.5"),
        (-2, "00", "-2"),
        (1164, "#,##0", "1164"),
        (95550101, "00 000 0000", "09 555 0101"),
        (215550101, "0## ### ####", "021 555 0101"),
        (95550101, "(00) 000-0000", "(09) 555-0101"),
        (2, '"C"00', "C02"),
        (2, "00;[Red]-00", "02"),
        (2, "[<10]00;000", "2"),
        (0.85, "0%", "85%"),
        (0.855, "0.0%", "85.5%"),
        (datetime(2026, 5, 1), "d/mm/yyyy", "2026-05-01"),  # noqa: DTZ001 - workbooks know no zones
        (datetime(2026, 5, 1, 9, 30), "d/mm/yyyy h:mm", "2026-05-01 09:30:00"),  # noqa: DTZ001
        (174.768851, "0.00", "174.768851"),
        ("02", "General", "02"),
        (True, "General", "TRUE"),
    ],
)
def test_a_number_reads_as_a_person_sees_it(tmp_path, value, number_format, expected):
    def form(book: Any) -> None:
        book["S"]["B2"].number_format = number_format

    rows, _ = read(book_of(tmp_path, {"S": [HEADER, (1, value, "N")]}, form))
    assert rows[0]["name"] == expected


# --- what is no such workbook ---------------------------------------------------------------------


def with_part(
    path: Path,
    change: Callable[[bytes], bytes],
    part: str = "xl/worksheets/sheet1.xml",
    drop: str = "",
) -> Path:
    target = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename != drop:
                new.writestr(info.filename, change(content) if info.filename == part else content)
    return target


def zipped(folder: Path, *names: str) -> Path:
    with zipfile.ZipFile(folder / "other.xlsx", "w") as archive:
        for name in names:
            archive.writestr(name, b"<x/>")
    return folder / "other.xlsx"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("mimetype", "content.xml"), "is an OpenDocument file (.ods)"),
        (("xl/workbook.bin",), "is a binary workbook (.xlsb)"),
        (("word/document.xml",), "is a Word document (.docx)"),
        (("ppt/presentation.xml",), "is a PowerPoint presentation"),
        (("Index/Document.iwa",), "is an Apple Numbers file"),
        (("doc.kml",), "is a KMZ, a map"),
        (("a/b.SHP",), "is a zipped Shapefile"),
        (("schools.csv",), "is a zip with a CSV file in it"),
        (("schools.xlsx",), "is a zip with a workbook in it"),
        (("x.txt",), "is not a workbook that can be read"),
    ],
)
def test_what_else_a_zip_may_be_is_named(tmp_path, names, said):
    assert said in str(refusal(zipped(tmp_path, *names)))


ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_in_any_part_is_refused(tmp_path, part, encoding):
    def declare(xml: bytes) -> bytes:
        bare = xml[xml.index(b"?>") + 2 :] if xml.startswith(b"<?xml") else xml
        return (ENTITY + bare).decode().encode(encoding)

    path = with_part(book_of(tmp_path, {"S": NEW}), declare, part)
    assert "declares entities, which no spreadsheet does" in str(refusal(path))


def test_a_workbook_that_bursts_is_refused(tmp_path):
    path = with_part(book_of(tmp_path, {"S": NEW}), lambda xml: xml + b" " * (20 << 20))
    assert "times its own size" in str(refusal(path))


def test_a_workbook_of_too_many_parts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "MAX_PARTS", 5)
    assert "At most 5 are read" in str(refusal(book_of(tmp_path, {"S": NEW})))


def test_too_many_merged_blocks_are_refused(tmp_path):
    blocks = b"".join(b'<mergeCell ref="C%d:C%d"/>' % (n, n + 1) for n in range(2, 30_000, 2))
    path = with_part(
        book_of(tmp_path, {"S": NEW}),
        lambda xml: xml.replace(
            b"</sheetData>", b"</sheetData><mergeCells>" + blocks + b"</mergeCells>"
        ),
    )
    assert "more than 10,000 blocks of merged cells" in str(refusal(path))


@pytest.mark.parametrize("reference", [b"", b"A", b"A0:B1", b"1:2", b"A1:ZZZZ9", b"x" * 9000])
def test_a_merged_block_that_is_none_is_refused(tmp_path, reference):
    path = with_part(
        book_of(tmp_path, {"S": NEW}),
        lambda xml: xml.replace(
            b"</sheetData>",
            b'</sheetData><mergeCells><mergeCell ref="%s"/></mergeCells>' % reference,
        ),
    )
    assert "is not a workbook that can be read" in str(refusal(path))


def test_a_workbook_of_the_strict_kind_is_named(tmp_path):
    old = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    path = with_part(
        book_of(tmp_path, {"S": NEW}),
        lambda xml: xml.replace(old, b"http://purl.oclc.org/ooxml/spreadsheetml/main"),
    )
    assert "Strict kind of .xlsx" in str(refusal(path))


def test_a_sheet_whose_part_is_missing_is_refused(tmp_path):
    path = with_part(
        book_of(tmp_path, {"A": NEW, "B": OLD}), lambda xml: xml, drop="xl/worksheets/sheet2.xml"
    )
    assert "a sheet that it names is not in it" in str(refusal(path))


def test_a_sheet_of_too_many_rows_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet_scan, "MAX_SCANNED_ROWS", 20)
    many = [HEADER, *[(n, "A", "N") for n in range(1, 30)]]
    assert "sheet “S” has more than 100,000 rows" in str(refusal(book_of(tmp_path, {"S": many})))
    _, report = read(book_of(tmp_path, {"S": many, "T": NEW}, hide("S")))
    assert report.left_out == [LeftOut("sheet “S”", "hidden (over 100,000 rows)")]


def test_a_million_blank_rows_below_a_table_are_not_looked_at(tmp_path):
    blank = b"".join(b'<row r="%d" ht="20"/>' % n for n in range(3, 200_000))
    path = with_part(
        book_of(tmp_path, {"S": NEW}),
        lambda xml: xml.replace(b"</sheetData>", blank + b"</sheetData>"),
    )
    assert len(read(path)[0]) == 1


def test_a_workbook_cut_anywhere_is_refused(tmp_path):
    whole = book_of(tmp_path, {"S": [HEADER, *[(n, "A", "N") for n in range(1, 900)]]})
    content = whole.read_bytes()
    assert len(content) > 8_000
    for length in range(1_024, len(content), 1_024):
        whole.write_bytes(content[:length])
        assert "is not a workbook that can be read" in str(refusal(whole))


# --- a law ----------------------------------------------------------------------------------------

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8
).map(
    lambda text: f"a{text}"  # “=” would begin a formula
)
ROWS = st.lists(st.tuples(st.integers(1, 9_999), TEXT, TEXT, TEXT), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60))
@given(
    sheets=st.lists(
        st.tuples(ROWS, st.sampled_from(["visible", "hidden", "veryHidden"])), max_size=4
    ),
    merged=st.booleans(),
    preamble=st.integers(0, 3),
)
def test_every_row_sheet_and_column_is_in_rows_or_report_once(tmp_path, sheets, merged, preamble):
    header = ("School Number", "Note", "School Name", "Catchment")
    sheets = [(ROWS_ONE, "visible"), *sheets]
    written = {
        f"S{n}": [("About",)] * preamble + [header, *rows] for n, (rows, _) in enumerate(sheets)
    }

    def dress(book: Any) -> None:
        for n, (rows, state) in enumerate(sheets):
            book[f"S{n}"].sheet_state = state
            if merged:
                first = preamble + 2
                book[f"S{n}"].merge_cells(f"D{first}:D{first + len(rows) - 1}")

    rows, report = read(book_of(tmp_path, written, dress))
    expected = [
        (str(number), name.strip(), (given_rows[0][3] if merged else catchment).strip())
        for given_rows, state in sheets
        if state == "visible"
        for number, _, name, catchment in given_rows
    ]
    assert len(rows) == len(expected)
    assert [row["number"] for row in rows] == [number for number, _, _ in expected]
    hidden = [n for n, (_, state) in enumerate(sheets) if state != "visible"]
    shown = [n for n, (_, state) in enumerate(sheets) if state == "visible"]
    left = {each.what: each.count for each in report.left_out}
    assert {what for what in left if what.startswith("sheet")} == {f"sheet “S{n}”" for n in hidden}
    assert left["a column"] == len(shown)
    assert left.get("lines above the header", 0) == preamble * len(shown)
    assert len(report.read) == len(shown)


ROWS_ONE = [(1, "n", "A", "N"), (2, "n", "B", "M")]
