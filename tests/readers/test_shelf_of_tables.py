"""A shelf of tables as programs and people make them: all of each is read, left out, or refused."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from catchments.core.errors import FileRefused
from catchments.core.model import Catchment, Edition, School, SchoolStatus
from catchments.readers.aliases import read_aliases
from catchments.readers.directory import read_directory
from catchments.readers.formats.tables import open_table
from catchments.readers.lists.listings import COLUMNS, read_listings
from catchments.readers.lists.providers import read_providers
from catchments.readers.report import Report

NAMES = ("School Number", "School Name", "Catchment Code")
ROWS = ((1, "A", "N"), (2, "B", "S"))
LIST = "School Number,School Name,Catchment Code\n1,A,N\n2,B,S\n"
KNOWN = Edition(catchments={code: Catchment(code, code) for code in ("N", "S", "07")})
SCHOOLS = {n: School(n, name, SchoolStatus.OPEN, None) for n, name in ((1, "A"), (2, "B"))}
AGAIN = "the header stands there once more"

Outcome = tuple[list[str], Report]


def outcome(path: Path) -> Outcome:
    report = Report()
    with open_table(path, COLUMNS, report=report) as table:
        found = [" ".join(filter(None, row.cells.values())) for row in table.rows]
    return found, report


def read(folder: Path, content: str | bytes) -> Outcome:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return outcome(path)


def said(report: Report) -> str:
    left = [f"{each.what} {each.why}" for each in report.left_out]
    return "\n".join([*left, *(f"{p.where}: {p.what}; {p.done}" for p in report.problems)])


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.every_case
@pytest.mark.parametrize(
    "content",
    [
        "\ufeff\ufeff" + LIST,
        LIST.encode("utf-16-le"),
        LIST.encode("utf-16-be"),
        LIST.replace("\n", "\r"),
        LIST.replace("\n", "\r\n", 2),
        "sep=;\r\n" + LIST.replace(",", ";"),
        LIST.replace("\n", ",,\n"),
        LIST.replace("1,A", "1,A\u200d").replace("2,B", "\u00a02\u00a0,B"),
        LIST.replace("1,", '"=""1""",'),
    ],
    ids=["two marks", "le", "be", "cr", "mixed", "sep", "delimiters", "invisible", "kept"],
)
def test_however_a_list_is_written_it_is_the_same(tmp_path, content):
    found, report = read(tmp_path, content)
    assert found == ["1 A N", "2 B S"]
    assert report.is_clean


@pytest.mark.every_case
@pytest.mark.parametrize("between", ["", "\ufeff", "\n\n"])
def test_the_header_of_a_second_file_joined_on_is_no_row(tmp_path, between):
    found, report = read(tmp_path, LIST + between + LIST.replace("1,A", "3,C"))
    assert found == ["1 A N", "2 B S", "3 C N", "2 B S"]
    assert said(report) == f"rows {AGAIN}"


@pytest.mark.every_case
@pytest.mark.parametrize(
    "header",
    ["Provider,Phone,\n", "School Name,School Number,Catchment Code\n", "Number,Name,Catchment\n"],
)
def test_a_table_of_other_columns_below_is_refused_with_its_line(tmp_path, header):
    with pytest.raises(FileRefused, match=r"line 5: another table begins there") as refused:
        read(tmp_path, f"{LIST}\n{header}X,09 1,\n")
    assert list(refused.value.rows) == ["line 5"]


ENDS = {
    "Tapeke,2,": 1,
    "Tapeke katoa: 2": 1,
    "Te huinga,,2": 1,
    "Overall total,2,": 1,
    "n = 2": 1,
    "(n=2),,": 1,
    "Average,2,": 1,
    "Notes,,\n1. Provisional,,\n2. As at July,,": 3,
    "Mātāpuna\nTe Tāhuhu o te Mātauranga": 2,
    "Source: Ministry\n* provisional\nConfidential": 3,
    "\n" + "A line of a long footer\n" * 80: 80,
}


@pytest.mark.every_case
@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_list_is_set_aside_and_counted(tmp_path, end):
    found, report = read(tmp_path, LIST + end + "\n")
    assert found == ["1 A N", "2 B S"]
    assert [each.count for each in report.left_out] == [ENDS[end]]


@pytest.mark.parametrize("text", ["1-Feb", "Feb-01", "2026-02-01", "1E+05"])
def test_a_code_that_a_spreadsheet_changed_is_said(tmp_path, text):
    _, report = read(tmp_path, LIST.replace(",N", f",{text}"))
    assert "“Catchment Code”" in said(report)
    assert not report.is_clean


# --- the importers --------------------------------------------------------------------------------

TABLE = "Provider,Phone,Email,Catchment Code\nTrust,09 123,a@b.nz,07\n"


def providers(folder: Path, content: str) -> tuple[list[str], str]:
    path = folder / "providers.csv"
    path.write_text(content)
    found = read_providers([path], known=KNOWN)
    return [provider.name for provider in found.providers.values()], said(found.report)


@pytest.mark.every_case
@pytest.mark.parametrize(
    "below",
    [
        "Tapeke,1,,\n",
        "Tapeke katoa,,,1\n",
        "Notes\n1. one\n2. two\n",
        "Source: Ministry\n* provisional\n",
        "Grand total,1,,\nNote: x,,,\n" + "* a line,,,\n" * 80,
        TABLE.splitlines()[0] + "\n",
    ],
)
def test_nothing_below_a_table_becomes_a_provider(tmp_path, below):
    names, report = providers(tmp_path, TABLE + below)
    assert names == ["Trust"]
    assert "a total or a note" in report or AGAIN in report


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("Northland region,,,\n", "“Northland region” is a name alone"),
        ("Subtotal,1,,\n", "“1” is hardly a phone number"),
        ("Other,School Name,,\n", "“School Name” is hardly a phone number"),
    ],
)
def test_a_row_that_may_be_no_provider_is_said(tmp_path, row, what):
    _, report = providers(tmp_path, TABLE + row + "Third,09 345,,N\n")
    assert what in report


@pytest.mark.parametrize("name", ["n/a", "TBC", "-", "None"])
def test_no_provider_is_called_nobody(tmp_path, name):
    names, report = providers(tmp_path, f"{TABLE}{name},,,\n")
    assert names == ["Trust"]
    assert "taken for none" in report


def test_a_directory_with_a_long_footer_and_a_second_header_is_read(tmp_path):
    path = tmp_path / "directory-2026-11-01.csv"
    head = "School_Id,Org_Name,Status,Total\n"
    path.write_text(f"{head}1,A,Open,20\n{head}2,B,Open,30\nTapeke,50\nKōrero\n" + "a note\n" * 80)
    release, report = read_directory(path)
    assert list(release.schools) == [1, 2]
    assert sum(each.count for each in report.left_out) == 83


def test_a_list_and_a_table_of_aliases_take_a_second_header_for_none(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text(LIST + LIST)
    assert read_listings([path], schools=SCHOOLS, known=KNOWN).listings == {1: "N", 2: "S"}
    head = "Alias,School Number,Source\n"
    path.write_text(f"{head}Ay,1,web\n{head}Bee,2,web\nTapeke,2,\n")
    aliases, report = read_aliases(path, schools=SCHOOLS)
    assert [alias.text for alias in aliases] == ["Ay", "Bee"]
    assert AGAIN in said(report)


@pytest.mark.every_case
@pytest.mark.parametrize("status", ["Not Active", "Not yet open", "Merged", "Pending", "In recess"])
def test_what_a_status_means_is_asked(tmp_path, status):
    path = tmp_path / "directory-2026-11-01.csv"
    path.write_text(f"School_Id,Org_Name,Status\n1,A,{status}\n")
    with pytest.raises(FileRefused, match=f"“{status}”"):
        read_directory(path)


# --- workbooks ------------------------------------------------------------------------------------

Fill = Callable[[Any], None]


def put(sheet: Any, rows: Any = (NAMES, *ROWS), *, left: int = 1, top: int = 1) -> None:
    for down, row in enumerate(rows):
        for right, value in enumerate(row):
            sheet.cell(top + down, left + right, value)


def book(folder: Path, fill: Fill) -> Path:
    workbook = openpyxl.Workbook()
    fill(workbook.active)
    workbook.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def away(sheet: Any) -> None:
    put(sheet, left=3, top=7)


def beside(sheet: Any) -> None:
    put(sheet)
    put(sheet, (("Provider", "Fax"), ("P", "09 1")), left=6)


def grouped(sheet: Any) -> None:
    put(sheet)
    sheet.row_dimensions.group(2, 3, hidden=True)


def filtered(sheet: Any) -> None:
    put(sheet)
    sheet.auto_filter.ref = "A1:C3"


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("fill", "what"),
    [
        (away, ""),
        (filtered, ""),
        (beside, "columns not read here: “Provider”, “Fax”"),
        (grouped, "sheet “Sheet”: 2 rows are hidden; read too"),
    ],
)
def test_a_table_stands_where_it_stands(tmp_path, fill, what):
    found, report = outcome(book(tmp_path, fill))
    assert found == ["1 A N", "2 B S"]
    assert said(report) == what


def test_two_lists_one_under_the_other_are_one(tmp_path):
    def under(sheet: Any) -> None:
        put(sheet)
        put(sheet, (NAMES, (3, "C", "E")), top=6)

    found, report = outcome(book(tmp_path, under))
    assert found == ["1 A N", "2 B S", "3 C E"]
    assert said(report) == f"rows {AGAIN}"


def test_two_lists_side_by_side_are_refused_with_their_columns(tmp_path):
    def side(sheet: Any) -> None:
        put(sheet)
        put(sheet, left=6)

    with pytest.raises(FileRefused, match="columns 3 and 8 of row 1"):
        outcome(book(tmp_path, side))


def test_a_note_beside_a_table_is_refused_with_where_it_stands(tmp_path):
    def note(sheet: Any) -> None:
        put(sheet)
        sheet.cell(2, 6, "moved in March")

    with pytest.raises(FileRefused, match=r"row 2: .* column 6 has “moved in March”") as refused:
        outcome(book(tmp_path, note))
    assert "beside the table" in refused.value.next_step


def test_a_date_where_a_code_belongs_is_said(tmp_path):
    fill = lambda sheet: put(sheet, (NAMES, (1, "A", dt.date(2026, 2, 1))))  # noqa: E731
    found, report = outcome(book(tmp_path, fill))
    assert found == ["1 A 2026-02-01"]
    assert "column “Catchment Code” has a date" in said(report)


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def raw_book(folder: Path, data: str) -> Path:
    """A workbook of one sheet, with the least that other programs write around it."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    relation = f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="'
    parts: Mapping[str, str] = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override'
        f' PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override'
        f' PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{relation}{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{relation}{_OFFICE}/worksheet"'
        ' Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(folder / "raw.xlsx", "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return folder / "raw.xlsx"


def text(value: str, at: str = "") -> str:
    where = f' r="{at}"' if at else ""
    return f'<c{where} t="inlineStr"><is><t>{value}</t></is></c>'


PHONETIC = '<c t="inlineStr"><is><t>A</t><rPh sb="0" eb="1"><t>Z</t></rPh></is></c>'
HEAD = f"<row>{''.join(map(text, NAMES))}</row>"


@pytest.mark.every_case
@pytest.mark.parametrize(
    "row",
    [
        f"<row><c><v>1</v></c>{text('A')}{text('N')}</row>",
        '<row><c t="str"><v>1</v></c><c t="str"><v>A</v></c><c t="str"><f>B1</f><v>N</v></c></row>',
        f'<row r="9"><c r="A9"><v>1</v></c>{text("A", "B9")}{text("N", "C9")}</row>',
        f'<row r="2"><c r="A2"><v>1</v></c>{text("A")}{text("N", "C2")}</row>',
        f"<row><c><v>1</v></c>{text('A_x000D_')}{text('_x004E_')}</row>",
        f"<row><c><v>1</v></c>{PHONETIC}{text('N')}</row>",
    ],
)
def test_cells_are_read_however_a_program_writes_where_they_are(tmp_path, row):
    found, report = outcome(raw_book(tmp_path, HEAD + row))
    assert found == ["1 A N"]
    assert report.is_clean


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ('<row r="5"><c r="A5"><v>5</v></c></row><row r="3"/>', "not in order: 3 stands below 5"),
        ('<row r="2"><c r="A2"><v>1</v></c></row><row r="2"/>', "not in order: 2 stands below 2"),
        (f'<row r="2">{text("N", "C2")}{text("1", "A2")}</row>', "its cells are not in order: A2"),
        (f'<row r="2">{text("1", "A2")}{text("9", "A2")}</row>', "its cells are not in order: A2"),
    ],
)
def test_rows_and_cells_out_of_order_are_refused_for_some_would_be_lost(tmp_path, rows, what):
    with pytest.raises(FileRefused, match=what):
        outcome(raw_book(tmp_path, HEAD + rows))


def test_a_workbook_cut_at_every_kilobyte_is_refused(tmp_path):
    rows = [(n, f"School {n * 7919 % 10007}", "N") for n in range(1, 900)]
    whole = book(tmp_path, lambda sheet: put(sheet, (NAMES, *rows))).read_bytes()
    for length in range(1024, len(whole), 1024):
        (tmp_path / "cut.xlsx").write_bytes(whole[:length])
        with pytest.raises(FileRefused):
            outcome(tmp_path / "cut.xlsx")
