"""The CSV source: read exactly; what cannot be told for sure is refused by line and column."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from catchments.bulk.columns import Wanted, choose, could_be
from catchments.bulk.input_columns import BYTES_AT_ONCE, ROWS_AT_ONCE, How
from catchments.bulk.other_formats import refuse_other
from catchments.bulk.plain_csv import NotPlain, plain_tables
from catchments.readers.formats.text_files import (
    DELIMITERS,
    UTF8,
    TextFault,
    TextRows,
    bytes_read,
    open_text,
    refused_at_fault,
    said_separator,
    unpacked_head_of,
    wide_encoding,
)


class CsvSource:
    """A CSV file: UTF-8 or UTF-16, packed with gzip or not; a line of names, then rows.

    Commas, semicolons or tabs part them, or what a first line `sep=;` says. All its columns are
    texts, kept letter by letter. Raises FileRefused.
    """

    geometries: tuple[str, ...] = ()

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.path = path
        self.whole = path.stat().st_size
        head = unpacked_head_of(path)
        refuse_other(path, head)
        self._encoding = wide_encoding(path, head) or UTF8
        self._said = said_separator(path, self._encoding)
        self.delimiter, self.names = self._header(wanted)
        chosen = choose(path.name, self.names, wanted)
        self.how = How(chosen, wanted.crs)
        self.schema = pa.schema([pa.field(name, pa.string()) for name in self.names])

    def batches(self) -> Iterator[tuple[Any, int]]:
        """Yield tables of texts, each with how many bytes have been read."""
        given = 0
        try:
            for table, read in self._plain_batches():
                given += table.num_rows
                yield table, read
        except NotPlain:
            yield from self._any_batches(given)

    def _plain_batches(self) -> Iterator[tuple[Any, int]]:
        with open_text(self.path, self._encoding) as file, refused_at_fault(self.path, self.names):
            width, skipped = len(self.names), int(bool(self._said))
            for table in plain_tables(file, self.delimiter, width, skipped=skipped):
                named = pa.Table.from_arrays(table.columns, schema=self.schema)
                for start in range(0, named.num_rows, ROWS_AT_ONCE):
                    yield named.slice(start, ROWS_AT_ONCE), bytes_read(file)

    def _any_batches(self, given: int) -> Iterator[tuple[Any, int]]:
        """Yield what comes after the rows that are given already, read row by row."""
        with open_text(self.path, self._encoding) as file, refused_at_fault(self.path, self.names):
            rows = self._rows(self._text_rows(file, self.delimiter))
            next(islice(rows, given, None))
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

    def _header(self, wanted: Wanted) -> tuple[str, list[str]]:
        """Return the separator, the one that shows a header, and the names."""
        found: list[tuple[str, list[str]]] = []
        faults: list[TextFault] = []
        for delimiter in self._said or DELIMITERS:
            # Not strictly text: rows say where it is none.
            with open_text(self.path, self._encoding, errors="replace") as file:
                rows = self._text_rows(file, delimiter)
                try:
                    first = next((cells for _, cells in rows if cells), [])
                except TextFault as fault:  # as a quoted name has, read with another separator
                    faults.append(fault)
                else:
                    found.append((delimiter, [name.strip() for name in first]))
        if not found:
            raise faults[0].refusal(self.path)
        likely = [each for each in found if could_be(each[1], wanted)]
        return max(likely or found, key=lambda each: len(each[1]))

    def _text_rows(self, file: TextIO, delimiter: str) -> TextRows:
        rows = TextRows(file, delimiter)
        rows.skip(int(bool(self._said)))
        return rows


def _batch(rows: Iterator[list[str]]) -> list[list[str]]:
    taken: list[list[str]] = []
    left = BYTES_AT_ONCE
    for cells in rows:
        taken.append(cells)
        left -= sum(map(len, cells))
        if left <= 0 or len(taken) == ROWS_AT_ONCE:
            break
    return taken
