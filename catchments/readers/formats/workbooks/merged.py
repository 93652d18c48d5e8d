"""Merged cells, filled down: every row of a block has the text that a person sees beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from catchments.readers.formats.workbooks.sheet_scan import Block

_LAST_COLUMN = 500
"""Columns further right are not read."""

Rows = Iterator[tuple[int, list[str]]]


def filled_down(rows: Rows, merged: Sequence[Block]) -> Rows:
    """Yield rows with the first cell of each block of several rows given to its other rows.

    A row that is otherwise empty stays so: a block may reach far below a table. Across columns
    nothing is filled, for a text that stands over two columns is not known to be both.
    """
    begins: dict[int, list[Block]] = defaultdict(list)
    for block in merged:
        if block.bottom > block.top and block.left <= _LAST_COLUMN:
            begins[block.top].append(block)
    return _filled(rows, begins) if begins else rows


def _filled(rows: Rows, begins: dict[int, list[Block]]) -> Rows:
    texts: dict[int, tuple[int, str]] = {}  # by column: the last row of its block, and the text
    for line, cells in rows:
        if texts and any(cells):
            _fill(line, cells, texts)
        for block in begins.get(line, ()):
            text = cells[block.left - 1] if block.left <= len(cells) else ""
            texts[block.left] = block.bottom, text
        yield line, cells


def _fill(line: int, cells: list[str], texts: dict[int, tuple[int, str]]) -> None:
    for column, (bottom, text) in list(texts.items()):
        if line > bottom:
            del texts[column]
        elif text:
            cells.extend([""] * (column - len(cells)))
            cells[column - 1] = cells[column - 1] or text
