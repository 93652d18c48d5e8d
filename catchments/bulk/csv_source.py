"""The CSV source: read exactly; what cannot be told for sure is refused by line and column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from catchments.bulk.columns import Wanted, choose, could_be
from catchments.bulk.input_columns import How
from catchments.bulk.sources import BYTES_AT_ONCE, ROWS_AT_ONCE
from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.text_files import (
    DELIMITERS,
    Looks,
    TextFault,
    TextRows,
    bytes_read,
    head_of,
    looks_of,
    open_text,
    refused_at_fault,
)

_OTHERS = {
    Looks.ZIP: "is a workbook or packed",
    Looks.GZIP: "is a workbook or packed",
    Looks.OLD_WORKBOOK: "is a workbook or packed",
    Looks.WIDE_TEXT: "is UTF-16 text",
    Looks.WEB_PAGE: "is a web page, XML or JSON",
    Looks.XML: "is a web page, XML or JSON",
    Looks.JSON: "is a web page, XML or JSON",
}


class CsvSource:
    """A CSV file: UTF-8, a first line of names, parted by commas, semicolons or tabs.

    All its columns are texts, kept letter by letter. Raises FileRefused.
    """

    geometries: tuple[str, ...] = ()

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.path = path
        self.whole = path.stat().st_size
        self.delimiter, self.names = _header(path, wanted)
        chosen = choose(path.name, self.names, wanted)
        self.how = How(chosen, wanted.crs)
        self.schema = pa.schema([pa.field(name, pa.string()) for name in self.names])

    def batches(self) -> Iterator[tuple[Any, int]]:
        """Yield tables of texts, each with how many bytes have been read."""
        with open_text(self.path) as file, refused_at_fault(self.path, self.names):
            rows = self._rows(TextRows(file, self.delimiter))
            next(rows)
            while taken := _batch(rows):
                columns = [pa.array(cells, pa.string()) for cells in zip(*taken, strict=True)]
                yield pa.Table.from_arrays(columns, schema=self.schema), bytes_read(file)

    def _rows(self, rows: TextRows) -> Iterator[list[str]]:
        """Yield rows, the header first, all as wide as it; a blank line is no row."""
        width = len(self.names)
        for line, cells in rows:
            if len(cells) == width:
                yield cells
            elif len(cells) > width or (rows.is_cut and cells):
                raise rows.misshapen(line, cells, width)
            elif cells:  # spreadsheets leave out empty cells at the end of a row
                yield cells + [""] * (width - len(cells))


def _batch(rows: Iterator[list[str]]) -> list[list[str]]:
    taken: list[list[str]] = []
    left = BYTES_AT_ONCE
    for cells in rows:
        taken.append(cells)
        left -= sum(map(len, cells))
        if left <= 0 or len(taken) == ROWS_AT_ONCE:
            break
    return taken


def _header(path: Path, wanted: Wanted) -> tuple[str, list[str]]:
    """Return the separator, the one that shows a header, and the names."""
    _check_head(path)
    found: list[tuple[str, list[str]]] = []
    faults: list[TextFault] = []
    for delimiter in DELIMITERS:
        with open_text(path, errors="replace") as file:  # rows say where it is no text
            try:
                first = next((cells for _, cells in TextRows(file, delimiter) if cells), [])
            except TextFault as fault:  # as a quoted name has, read with another separator
                faults.append(fault)
            else:
                found.append((delimiter, [name.strip() for name in first]))
    if not found:
        raise faults[0].refusal(path)
    likely = [each for each in found if could_be(each[1], wanted)]
    return max(likely or found, key=lambda each: len(each[1]))


def _check_head(path: Path) -> None:
    what = _OTHERS.get(looks_of(head_of(path)))
    if what:
        raise FileRefused(
            f"{shown(path.name)} {what}.",
            allowed="CSV in UTF-8, Parquet and GeoParquet are read.",
            next_step="Save it as one of them.",
        )
