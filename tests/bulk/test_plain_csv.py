"""What is read fast is what is read with care, to the row at which the fast reader gives up."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catchments.bulk import csv_source, plain_csv
from catchments.bulk.columns import Wanted
from catchments.bulk.csv_source import CsvSource
from catchments.bulk.plain_csv import NotPlain
from catchments.core.errors import FileRefused
from tests.laws import examples

HEADER = "school_id,x\n"
LONG = "y" * 131_072


def rows(batches: Iterator[tuple[Any, int]]) -> tuple[list[tuple[str, ...]], bool]:
    """Return rows, and whether they went on to the end."""
    found: list[tuple[str, ...]] = []
    try:
        for table, _ in batches:
            found += zip(*(column.to_pylist() for column in table.columns), strict=True)
    except (NotPlain, FileRefused):
        return found, False
    return found, True


def compared(content: bytes) -> tuple[list[tuple[str, ...]], bool]:
    """Return what the fast reader gives, which is what the careful one gives as far as it goes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.csv"
        path.write_bytes(content)
        source = CsvSource(path, Wanted())
        plain, is_plain = rows(source._plain_batches())
        careful, is_whole = rows(source._any_batches(0))
        both, goes_on = rows(source.batches())
    shared = len(plain) if is_whole else min(len(plain), len(careful))
    assert plain[:shared] == careful[:shared]
    assert goes_on == is_whole
    if is_whole:
        assert both == careful
    if is_plain:
        assert is_whole
        assert plain == careful
    return plain, is_plain


@settings(max_examples=examples(600), deadline=None)
@given(text=st.text(alphabet='a1,,\n\n"" \r;é\t\'\\', max_size=40))
@example('"a\n",b\n')
@example('1,"a""b"\n')
@example('1,"a"b\n')
@example('1,a"b\n')
@example('1,""",b\n"\n')
@example('1,"\n')
@example("1,a\r2,b\r\n\r\n3,c")
@example("1\n2,b")
@example(" \n")
@example("\ufeff1,a\n")
def test_any_text_is_read_as_with_care_or_left_to_it(text: str) -> None:
    compared((HEADER + text).encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gzip"])
@pytest.mark.parametrize("begins", ["", "sep=;\n", "\n\n"])
def test_usual_files_are_read_fast(encoding: str, begins: str) -> None:
    text = begins + 'school_id,x\n54,"Ā ""b"",\nc"\n\n55,\n'.replace(",", ";" if begins else ",")
    content = gzip.compress(text.encode()) if encoding == "gzip" else text.encode(encoding)
    found, is_plain = compared(content)
    assert is_plain
    assert [each[0] for each in found] == ["54", "55"]


@pytest.mark.parametrize(
    "text", [f"1,{LONG}\n", f"1,{LONG}y\n", "1,\0\n", "1,a\n2\n3,c\n", "1,a,b\n", '1,"a\n']
)
def test_what_is_too_long_or_misshapen_is_left_to_care(text: str) -> None:
    _, is_plain = compared((HEADER + text).encode())
    assert is_plain == (text == f"1,{LONG}\n")


def test_a_row_that_is_too_long_in_all_is_left_to_care() -> None:
    names = ",".join(["school_id", *(f"x{n}" for n in range(8))])
    cells = ",".join(["1", *[LONG] * 8])
    assert not compared(f"{names}\n{cells}\n".encode())[1]
    assert compared(f"{names}\n{cells[: -LONG.count('y')]}\n".encode())[1]


def test_where_pieces_meet_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_csv, "_CHARACTERS_A_BLOCK", 40)
    monkeypatch.setattr(csv_source, "ROWS_AT_ONCE", 3)
    text = "".join(f'{n},"{"é" * (n % 5)}""{n}\n,"\n{n}, b\r\n' for n in range(200))
    found, is_plain = compared((HEADER + text).encode())
    assert is_plain
    assert len(found) == 400
    broken = text.replace('"é""151', '"é"151')
    assert not compared((HEADER + broken).encode())[1]


def test_bytes_that_are_no_text_are_left_to_care(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_csv, "_CHARACTERS_A_BLOCK", 40)
    found, is_plain = compared(HEADER.encode() + b"1,a\n" * 3_000 + b"2,\xff\n")
    assert found
    assert not is_plain


def test_arrow_reads_texts_as_they_are() -> None:
    table = pa.table({"a": ["NULL", "", "nan", "1e5", " x "]})
    found, is_plain = compared(
        HEADER.encode() + "".join(f"1,{each}\n" for each in table["a"].to_pylist()).encode()
    )
    assert is_plain
    assert [each[1] for each in found] == table["a"].to_pylist()
