"""Workbooks that no spreadsheet writes: refused, not read as something else than a person sees."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from catchments.core.errors import FileRefused
from catchments.readers.formats.tables import Columns, open_table
from catchments.readers.formats.workbooks import books
from catchments.readers.formats.workbooks.cell_texts import seen_text
from catchments.readers.report import Report

COLUMNS = Columns({"number": ("Number",), "name": ("Name",)}, (("number",),), numbers=("number",))
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEADER = f'<row r="1">{cell("A1", "Number")}{cell("B1", "Name")}</row>'
ROW = f'<row r="2">{cell("A2", "54")}{cell("B2", "Kōwhai")}</row>'


def workbook(path: Path, rows: str, parts: Sequence[str] = ("sheet1",), columns: str = "") -> Path:
    """Write a workbook with one part of a sheet; `parts` has the part of each sheet it names."""
    sheets = "".join(
        f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n, _ in enumerate(parts, start=1)
    )
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/{part}.xml"/>'
        for n, part in enumerate(parts, start=1)
    )
    sheet = f'<worksheet xmlns="{MAIN}">{columns}<sheetData>{rows}</sheetData></worksheet>'
    root = f'<Relationship Id="r" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    kinds = (
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/>'
    )
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{kinds}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{root}</Relationships>',
            "xl/workbook.xml": book,
            "xl/_rels/workbook.xml.rels": (
                f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>'
            ),
            "xl/worksheets/sheet1.xml": sheet,
        }.items():
            made.writestr(name, content)
    return path


def rows_of(path: Path) -> list[str]:
    with open_table(path, COLUMNS, report=Report()) as table:
        return [row["number"] for row in table.rows]


def test_the_plain_one_is_read(tmp_path: Path) -> None:
    assert rows_of(workbook(tmp_path / "a.xlsx", HEADER + ROW)) == ["54"]


OUT_OF_ORDER = {
    "a row again": HEADER + ROW + ROW,
    "a row from before": HEADER + ROW.replace('"2"', '"9"') + ROW,
    "a cell again": f'{HEADER}<row r="2">{cell("A2", "54")}{cell("A2", "55")}</row>',
    "a cell from before": f'{HEADER}<row r="2">{cell("B2", "x")}{cell("A2", "55")}</row>',
    "a cell behind two letters": f'{HEADER}<row r="2">{cell("AA2", "")}{cell("B2", "55")}</row>',
}


@pytest.mark.parametrize("what", OUT_OF_ORDER)
def test_what_the_library_would_drop_in_silence_is_refused(tmp_path: Path, what: str) -> None:
    with pytest.raises(FileRefused, match="not in order"):
        rows_of(workbook(tmp_path / "a.xlsx", OUT_OF_ORDER[what]))


def test_cells_that_do_not_say_where_they_are_follow_each_other(tmp_path: Path) -> None:
    row = '<row><c t="inlineStr"><is><t>55</t></is></c><c t="inlineStr"><is><t>x</t></is></c></row>'
    assert rows_of(workbook(tmp_path / "a.xlsx", HEADER + row)) == ["55"]


def test_two_sheets_of_one_part_are_not_read_twice(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEADER + ROW, parts=["sheet1", "sheet1"])
    with pytest.raises(FileRefused, match="are one part"):
        rows_of(path)


def test_a_part_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEADER + ROW)
    with zipfile.ZipFile(path, "a") as more:
        more.writestr("xl/worksheets/Sheet1.xml", "<worksheet/>")
    with pytest.raises(FileRefused, match="a part twice"):
        rows_of(path)


def test_rows_that_reach_far_to_the_right_are_counted_as_wide_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "MAX_CELLS", 100_000)
    rows = "".join(
        f'<row r="{n}">{cell(f"A{n}", str(n))}<c r="XFD{n}" s="0"/></row>' for n in range(2, 20)
    )
    with pytest.raises(FileRefused, match="cells"):
        rows_of(workbook(tmp_path / "a.xlsx", HEADER + rows))


def test_runs_of_hidden_columns_have_an_end(tmp_path: Path) -> None:
    hidden = '<col min="900" max="900" hidden="1"/>'
    columns = f"<cols>{hidden * 1_001}</cols>"
    with pytest.raises(FileRefused, match="hides"):
        rows_of(workbook(tmp_path / "a.xlsx", HEADER + ROW, columns=columns))


def test_a_format_longer_than_a_spreadsheet_takes_is_not_filled_in() -> None:
    assert seen_text(7, "0" * 255) == "7".zfill(255)
    assert seen_text(7, "0" * 256) == "7"


def test_a_separator_that_is_no_text_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"sep=\0\r\nNumber,Name\r\n54,x\r\n")
    with pytest.raises(FileRefused):
        rows_of(path)
