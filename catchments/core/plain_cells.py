"""Cells of tables that people open in a spreadsheet: none of them runs anything there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

RUNS_IN_A_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | float | date | None


def plain_table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return rows under a line of names as CSV; no cell runs anything in a spreadsheet."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def harmless(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet runs: nobody's name or telephone number does anything.

    `as_meant` gives the text back, whatever it is.
    """
    # A text that begins like this is taken for a formula; with an apostrophe in front it is a text.
    # One that has apostrophes there already gets one more, or it could not be told from the first.
    if isinstance(cell, str) and _runs(cell.lstrip("'")):
        return f"'{cell}"
    return cell


def as_meant(cell: str) -> str:
    """Return the text that a cell of such a table stands for: without the apostrophe put before."""
    return cell[1:] if cell.startswith("'") and _runs(cell.lstrip("'")) else cell


def _runs(text: str) -> bool:
    return text.startswith(RUNS_IN_A_SPREADSHEET)
