"""One reader of tables: what it takes, and how it refuses what it cannot take."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.core.errors import FileRefused
from catchments.readers.formats.cells import cell_text, tidy
from catchments.readers.formats.table_parts import headers
from catchments.readers.formats.tables import Columns, date_in_name, open_table
from catchments.readers.report import Report
from tests.laws import examples

COLUMNS = Columns(
    aliases={"number": ("School_Id", "School Number"), "name": ("Name",), "town": ("Town / City",)},
    required=(("number",), ("name",)),
)
HOSTILE = ("{{7*191}}", "</script>", "' OR 1=1", "=cmd|'/c calc'!A1", "Ōtāhuhu", "🏫")


def read(path: Path) -> list[dict[str, str]]:
    with open_table(path, COLUMNS, report=Report()) as table:
        return [dict(row.cells) for row in table.rows]


def wheres(path: Path) -> list[str]:
    with open_table(path, COLUMNS, report=Report()) as table:
        return [row.where for row in table.rows]


def written(folder: Path, content: bytes | str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder: Path, *sheets: list[list[object]], name: str = "table.xlsx") -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for i, rows in enumerate(sheets):
        sheet = book.create_sheet(f"S{i}")
        for row in rows:
            sheet.append(row)
    book.save(folder / name)
    return folder / name


def rows_or_refusal(path: Path) -> list[dict[str, str]] | str:
    try:
        return read(path)
    except FileRefused as refused:
        return str(refused)


def refusal(path: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        read(path)
    return str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        "School_Id,Name,Town / City\n54,Ōtāhuhu School,Auckland\n",
        "\ufeffSchool_Id,Name,Town / City\r\n54,Ōtāhuhu School,Auckland\r\n",
        "School Number;Name;Town / City\n54;Ōtāhuhu School;Auckland\n",
        "school_id\tNAME\tTown/City\n54\tŌtāhuhu School\tAuckland\n",
        '"School_Id","Name","Town / City"\n54,"Ōtāhuhu School","Auckland "\n',
        "School_Id ,Name, Town / City\r54,Ōtāhuhu School,Auckland\r",
        "Town / City,Other,Name,School_Id\nAuckland,x,O\u0304ta\u0304huhu School,54\n",
        "School_Id,Name,Town / City,,\n54,\u200bŌtāhuhu\u00a0School\u202e,Auckland,,\n",
        '54 things,"to know\n\n,,,\nSchool_Id,Name,Town / City\n54,Ōtāhuhu School,Auckland'.replace(
            '"', ""
        ),
    ],
)
def test_every_way_of_writing_a_csv_gives_the_same_row(tmp_path: Path, content: str) -> None:
    expected = [{"number": "54", "name": "Ōtāhuhu School", "town": "Auckland"}]
    assert expected == read(written(tmp_path, content))


def test_windows_text_is_read_and_said_to_be_so(tmp_path: Path) -> None:
    path = written(tmp_path, "School_Id,Name\n1,Café – school\n".encode("cp1252"))
    with open_table(path, COLUMNS, report=Report()) as table:
        assert table.encoding == "cp1252"
        assert next(table.rows)["name"] == "Café – school"


def test_line_numbers_are_those_an_editor_shows(tmp_path: Path) -> None:
    preamble = "\n".join(f"note {i}" for i in range(15))
    body = 'School_Id,Name\n1,A\n\n2,"B\nb"\n3,C\n'
    assert wheres(written(tmp_path, f"{preamble}\n{body}")) == ["line 17", "line 19", "line 21"]


def test_a_lone_quotation_mark_in_the_preamble_does_no_harm(tmp_path: Path) -> None:
    path = written(tmp_path, 'the 12" edition\nSchool_Id,Name\n1,A\n')
    assert wheres(path) == ["line 3"]


def test_rows_of_a_workbook_are_numbered_as_excel_shows_them(tmp_path: Path) -> None:
    rows: list[list[object]] = [["About"], [], ["School_Id", "Name"], [1, "A"], [], [2.0, "B"]]
    path = workbook(tmp_path, rows)
    assert wheres(path) == ["row 4", "row 6"]
    assert read(path) == [{"number": "1", "name": "A"}, {"number": "2", "name": "B"}]


def test_the_sheet_with_the_header_is_found_and_named(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["Contents"]], [["School_Id", "Name"], [1, "A"]])
    assert wheres(path) == ["sheet “S1”, row 2"]


def test_a_workbook_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["School_Id", "Name"], [1, "A"]], name="table.csv")
    assert read(path) == [{"number": "1", "name": "A"}]


def test_rows_shorter_than_the_header_are_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "School_Id,Name,Town / City\n1,A\n2,B,Gore\n")
    assert [row.get("town", "") for row in read(path)] == ["", "Gore"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, f'School_Id,Name\n1,"{text}"\n')
    assert [{"number": "1", "name": text}] == read(path)


HEADER = "School_Id,Name\n"
REFUSED: dict[str, tuple[bytes | str, str]] = {
    "a web page": ("<!DOCTYPE html><title>Checking your browser", "is a web page, not a CSV"),
    "a web page after a mark": ("\ufeff\n <HTML><body>", "download it in a browser and check"),
    "another XML file": ("<?xml version='1.0'?><kml/>", "is XML, not a table"),
    "nothing": ("", "is empty"),
    "blank lines": ("\n\n", "It has no text"),
    "other columns": ("a,b\n1,2\n", "a column named School_Id or School Number, and one named Nam"),
    "one column short": ("Name\nx\n", "Missing: a column named School_Id or School Number."),
    "a column twice": ("School_Id,Name,name \n1,a,b\n", "has the column “Name” 2 times"),
    "an open quotation mark": (
        HEADER + '1,a\n2,"b\n3,c\n',
        "line 3, column 2 “Name”: a quotation mark is op",
    ),
    "a mark inside": (
        HEADER + '1,"a"b\n',
        "line 2, column 2 “Name”: a quotation mark stands inside",
    ),
    "a NUL": (HEADER + "1,a\n2,b\0\n", "line 3, column 2 “Name”: there is a NUL byte"),
    "UTF-32": ((HEADER + "1,a\n").encode("utf-32"), "is UTF-32 text"),
    "damaged UTF-16": ((HEADER + "1,a\n").encode("utf-16")[:-1], "is UTF-16 text up to line 2"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is a PDF, not a table"),
    "a packed file": (b"\x1f\x8b\x08\x00rest", "is packed (.gz)"),
    "damaged UTF-8": (HEADER.encode() + "1,ā\n".encode() + b"2,\xff\n", "up to line 3, which is"),
    "no text": (HEADER.encode() + b"1,\x81\n", "neither UTF-8 nor Windows-1252"),
    "too many columns": (HEADER.strip() + ",x" * 600 + "\n", "line 1: there are 602 columns"),
    "too many cells": (HEADER + "1,a,b\n", "line 2: 3 cells under a header of 2"),
    "a last row cut off": (HEADER + "1,a\n2", "line 3, column 1 “School_Id”: the file breaks off"),
    "a cell of 10 MB": (HEADER + "1," + "a" * 10_000_000 + "\n", "a row of more than 1,000,000"),
    "a cell of 10 MB in lines": (
        HEADER + '1,"' + "a\n" * 5_000_000,
        "line 2, column 2 “Name”: a cell is too long",
    ),
    "a long cell": (HEADER + "1," + "a" * 10_001 + "\n", "At most 10,000 characters"),
    "an old workbook": (b"\xd0\xcf\x11\xe0" + bytes(512), "with a password, or in the old .xls"),
    "a torn workbook": (b"PK\x03\x04" + b"x" * 99, "is not a workbook that can be read"),
}


@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_it_refuses_with_a_sentence(tmp_path: Path, content: bytes | str, said: str) -> None:
    assert said in refusal(written(tmp_path, content))


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "missing.csv")
    assert "is a folder" in refusal(tmp_path)
    assert "is not a file" in refusal(Path("/dev/null"))
    assert "cannot be opened" in refusal(tmp_path / ("x" * 5000))


def test_a_file_of_200_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    assert "has 200 MB. At most 100 MB are read." in refusal(path)


def test_a_table_of_too_many_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headers, "MAX_ROWS", 3)
    assert "more than 3 rows" in refusal(written(tmp_path, HEADER + "1,a\n" * 4))


def xlsx_with(folder: Path, member: str, content: bytes) -> Path:
    """Return a workbook one of whose parts has been exchanged."""
    source = workbook(folder, [["School_Id", "Name"], [1, "A"]], name="whole.xlsx")
    target = folder / "changed.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == member else old.read(info))
    return target


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "'
    + b"a" * 1000
    + b'">'
    + b"".join(
        b'<!ENTITY %c "%s">' % (c, (b"&%c;" % (c - 1)) * 20) for c in range(ord("b"), ord("i"))
    )
    + b"]><worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
    b"<row r='1'><c r='A1' t='str'><v>&h;</v></c></row></sheetData></worksheet>"
)


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"),
        ("xl/worksheets/sheet1.xml", BILLION_LAUGHS),
        ("xl/workbook.xml", b""),
        ("[Content_Types].xml", b"<x/>"),
    ],
)
def test_a_workbook_with_a_bad_part_is_refused(tmp_path: Path, member: str, content: bytes) -> None:
    assert "is not a workbook that can be read" in refusal(xlsx_with(tmp_path, member, content))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = xlsx_with(tmp_path, "xl/worksheets/sheet1.xml", bytes(101 << 20))
    assert path.stat().st_size < 1 << 20
    assert "unpacks to 101 MB. At most 100 MB are read." in refusal(path)


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["School_Id", "Name"]])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "is locked with a password" in refusal(path)


def test_a_sheet_that_claims_a_billion_rows_ends(tmp_path: Path) -> None:
    sheet = (
        b"<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
        b"<row r='1'><c r='A1' t='str'><v>School_Id</v></c><c r='B1' t='str'><v>Name</v></c></row>"
        b"<row r='1000000000'><c r='A1000000000'><v>1</v></c></row></sheetData></worksheet>"
    )
    assert read(xlsx_with(tmp_path, "xl/worksheets/sheet1.xml", sheet)) == []


def test_progress_is_shown_up_to_the_end(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int | None]] = []
    path = written(tmp_path, HEADER + "1,a\n" * 1200)
    with open_table(
        path, COLUMNS, report=Report(), progress=lambda *call: calls.append(call)
    ) as table:
        assert len(list(table.rows)) == 1200
    assert ("Checking table.csv", path.stat().st_size, path.stat().st_size) == calls[0]
    assert [done for doing, done, _ in calls if "Reading" in doing] == [2, 502, 1002, 1202]


def test_an_error_of_the_reader_itself_passes_unchanged(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["School_Id", "Name"], [1, "A"]])

    def stumble() -> None:
        with open_table(path, COLUMNS, report=Report()) as table:
            raise KeyError(next(table.rows)["name"])

    with pytest.raises(KeyError, match="A"):
        stumble()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("schooldirectory-2021-09-25.csv", date(2021, 9, 25)),
        ("schooldirectory-2026-06-07.sample.csv", date(2026, 6, 7)),
        ("Directory_20260607.xlsx", date(2026, 6, 7)),
        ("2026-02-30.csv", None),
        ("2026-01-01-to-2026-02-01.csv", None),
        ("directory-120260607.csv", None),
        ("directory.csv", None),
    ],
)
def test_a_file_name_tells_its_date(name: str, expected: date | None) -> None:
    assert expected == date_in_name(Path(name))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (54, "54"),
        (54.0, "54"),
        (-36.5, "-36.5"),
        (True, "True"),
        (float("nan"), "nan"),
        (datetime(2026, 5, 1), "2026-05-01 00:00:00"),  # noqa: DTZ001 - workbooks know no zones
        ("x", "x"),
    ],
)
def test_values_become_the_text_of_a_csv(value: object, expected: str) -> None:
    assert expected == cell_text(value)


@given(st.text())
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = tidy(text)
    assert once == tidy(once)
    assert "\n" not in once
    once.encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from([b"", HEADER.encode(), b"PK\x03\x04", b'School_Id;Name\n1;"a"\n']),
    garbage=st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, start: bytes, garbage: bytes) -> None:
    path = written(tmp_path, start + garbage)
    outcome = rows_or_refusal(path)
    sentences = isinstance(outcome, str) and outcome.endswith(".")
    assert sentences or all("\0" not in text for row in outcome for text in row.values())


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=examples(60),
)
@given(at=st.integers(min_value=0), byte=st.integers(min_value=0, max_value=255))
def test_a_workbook_with_any_byte_changed_is_read_or_refused(
    tmp_path: Path, at: int, byte: int
) -> None:
    whole = tmp_path / "whole.xlsx"
    if not whole.exists():
        workbook(tmp_path, [["School_Id", "Name"], [1, "A"]], name="whole.xlsx")
    content = bytearray(whole.read_bytes())
    content[at % len(content)] = byte
    outcome = rows_or_refusal(written(tmp_path, bytes(content), "changed.xlsx"))
    assert isinstance(outcome, list) or "changed.xlsx" in outcome


@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1)
        .map(tidy)
        .filter(bool),
        min_size=1,
        max_size=5,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_whatever_the_form(tmp_path: Path, names: list[str]) -> None:
    import csv

    text = io.StringIO()
    csv.writer(text).writerows(
        [["School_Id", "Name"], *([i, name] for i, name in enumerate(names))]
    )
    assert names == [row["name"] for row in read(written(tmp_path, text.getvalue()))]
