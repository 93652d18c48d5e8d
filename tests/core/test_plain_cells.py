"""Cells of tables for spreadsheets: none runs anything, and each text can be had back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.plain_cells import RUNS_IN_A_SPREADSHEET, as_meant, harmless, plain_table


@given(st.text(st.sampled_from("'=+-@\t\r\n;,\"ā1")) | st.text())
def test_every_text_comes_back_from_a_cell_that_runs_nothing(text: str) -> None:
    cell = harmless(text)
    assert isinstance(cell, str)
    assert not cell.startswith(RUNS_IN_A_SPREADSHEET)
    assert as_meant(cell) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("'tis", "'tis"),
        ("''", "''"),
        ("", ""),
        ("0800 000 000", "0800 000 000"),
        ("+64 9 000 0000", "'+64 9 000 0000"),
    ],
)
def test_an_apostrophe_is_put_only_where_a_spreadsheet_needs_one(text: str, cell: str) -> None:
    assert harmless(text) == cell
    table = plain_table(("name",), [[text]])
    written = list(csv.reader(io.StringIO(table.decode(), newline="")))
    assert written == [["name"], [cell]]
    assert as_meant(cell) == text


def test_numbers_are_left_as_they_are() -> None:
    assert [harmless(cell) for cell in (-1, 0.5, None)] == [-1, 0.5, None]
