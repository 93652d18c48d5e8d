"""CSV files, read exactly: what cannot be told for sure is refused with its line and column."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from catchments.bulk.columns import Wanted, choose, could_be
from catchments.bulk.input_columns import How
from catchments.bulk.sources import BYTES_AT_ONCE, ROWS_AT_ONCE, Mark
from catchments.core.errors import FileRefused, shown
from catchments.readers.report import Progress

DELIMITERS = (",", ";", "\t")
LONGEST_LINE = 1_000_000
"""Bytes of one line; a cell may have 131,072 characters, as Python's reader has it."""
_ROWS_A_STEP = 1 << 12
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_AGAIN = "Download or save the file again, as CSV UTF-8."
_QUOTE = '"'


class CsvSource:
    """A CSV file: UTF-8, a first line of names, parted by commas, semicolons or tabs.

    All its columns are texts, kept letter by letter. Raises FileRefused.
    """

    geometries: tuple[str, ...] = ()

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.path = path
        self.delimiter, self.names, self._body = _header(path, wanted)
        chosen = choose(path.name, self.names, wanted)
        self.how = How(chosen, wanted.crs)
        self.schema = pa.schema([pa.field(name, pa.string()) for name in self.names])

    def check(self, progress: Progress) -> int:
        """Return how many rows there are. Raises FileRefused, naming line and column."""
        doing, size = f"Checking {self.path.name}", self.path.stat().st_size
        with self.path.open("rb") as file:
            rows = _Rows(file, self.delimiter, self._body)
            count = 0
            for step in iter(lambda: self._some(rows, _ROWS_A_STEP), []):
                count += len(step)
                progress(doing, rows.byte, size)
        progress(doing, size, size)
        return count

    def batches(self, start: Mark) -> Iterator[tuple[Any, Mark]]:
        """Yield tables of texts from a mark on, each with the mark at its end."""
        mark = start if start.byte else self._body
        with self.path.open("rb") as file:
            rows = _Rows(file, self.delimiter, mark)
            while taken := self._batch(rows):
                mark = Mark(mark.rows + len(taken), rows.byte, rows.line)
                columns = [pa.array(cells, pa.string()) for cells in zip(*taken, strict=True)]
                yield pa.Table.from_arrays(columns, schema=self.schema), mark

    def _batch(self, rows: _Rows) -> list[list[str]]:
        taken: list[list[str]] = []
        begin = rows.byte
        while len(taken) < ROWS_AT_ONCE and rows.byte - begin < BYTES_AT_ONCE:
            step = self._some(rows, min(_ROWS_A_STEP, ROWS_AT_ONCE - len(taken)))
            if not step:
                break
            taken += step
        return taken

    def _some(self, rows: _Rows, count: int) -> list[list[str]]:
        """Return the next rows, all as wide as the header; a blank line is no row."""
        width, taken = len(self.names), list[list[str]]()
        while not taken:
            before = Mark(byte=rows.byte, line=rows.line)
            try:
                step = rows.take(count)
            except _FAULTS as error:
                raise self._fault(before) or error from error
            if not step:
                return []
            if set(map(len, step)) == {width}:
                return step
            if max(map(len, step)) > width or (rows.is_cut and len(step[-1]) < width):
                raise self._fault(before) or AssertionError
            # Spreadsheets leave out empty cells at the end of a row.
            taken = [row + [""] * (width - len(row)) for row in step if row]
        return taken

    def _fault(self, start: Mark) -> FileRefused | None:
        """Read again from a mark, line by line; return the refusal of the first row at fault."""
        width = len(self.names)
        with self.path.open("rb") as file:
            rows = _Rows(file, self.delimiter, start)
            while True:
                line = rows.line + 1
                try:
                    row = next(rows.reader, None)
                except _FAULTS as error:
                    text = rows.text_since(line)
                    return self._refused(line, _column_of_fault(text, self.delimiter), _said(error))
                if row is None:
                    return None
                if len(row) > width:
                    what = f"there are {len(row)} cells under a header of {width}"
                    return self._refused(line, width + 1, what)
                if rows.is_cut and row and len(row) < width:
                    return self._refused(line, len(row), "the file breaks off")

    def _refused(self, line: int, column: int, what: str) -> FileRefused:
        name = f" {shown(self.names[column - 1])}" if column <= len(self.names) else ""
        where = f"line {line}, column {column}{name}"
        return FileRefused(
            f"{shown(self.path.name)}, {where}: {what}.", next_step=_AGAIN, rows=(where,)
        )


class _Damaged(Exception):
    """A line that no text file has."""


_FAULTS = (csv.Error, UnicodeDecodeError, _Damaged)


class _Rows:
    """The rows of a text file that is open as bytes, and how far it has been read."""

    def __init__(self, file: IO[bytes], delimiter: str, start: Mark) -> None:
        self.byte, self.line, self.is_cut = start.byte, start.line, False
        self._file, self._start = file, start
        file.seek(start.byte)
        self.reader = csv.reader(self._lines(file), delimiter=delimiter, strict=True)

    def take(self, count: int) -> list[list[str]]:
        return list(islice(self.reader, count))

    def text_since(self, line: int) -> str:
        """Return the text from a line on, up to where reading has come, as far as it is text."""
        self._file.seek(self._start.byte)
        for _ in range(self._start.line + 1, line):
            self._file.readline(LONGEST_LINE)
        held = self._file.read(max(0, min(self.byte - self._file.tell(), 2 * LONGEST_LINE)))
        return held.decode(errors="surrogateescape")

    def _lines(self, file: IO[bytes]) -> Iterator[str]:
        for raw in iter(lambda: file.readline(LONGEST_LINE), b""):
            self.byte += len(raw)
            self.line += 1
            if raw[-1:] != b"\n":
                if len(raw) == LONGEST_LINE:
                    raise _Damaged(f"a line is longer than {LONGEST_LINE:,} bytes")
                self.is_cut = True
            if b"\0" in raw:
                raise _Damaged("there is a NUL byte")
            yield raw.decode()


def _header(path: Path, wanted: Wanted) -> tuple[str, list[str], Mark]:
    """Return the separator, the one that shows a header, the names, and where rows begin."""
    found: list[tuple[str, list[str], Mark]] = []
    faults: list[FileRefused] = []
    with path.open("rb") as file:
        begin = Mark(byte=_checked_head(path, file.read(4096)))
        for delimiter in DELIMITERS:
            rows = _Rows(file, delimiter, begin)
            try:
                names = [name.strip() for name in next(filter(None, rows.reader), [])]
            except _FAULTS as error:  # as a quoted name has, read with another separator
                faults.append(_no_header(path, rows.line, error))
            else:
                found.append((delimiter, names, Mark(byte=rows.byte, line=rows.line)))
    if not found:
        raise faults[0]
    likely = [each for each in found if could_be(each[1], wanted)]
    return max(likely or found, key=lambda each: len(each[1]))


def _no_header(path: Path, line: int, error: Exception) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)}, line {line}: {_said(error)}.",
        allowed="The first line must have the columns' names.",
        next_step=_AGAIN,
        rows=(f"line {line}",),
    )


def _checked_head(path: Path, head: bytes) -> int:
    """Return how many bytes stand before the text. Raises FileRefused for what is no CSV."""
    if not head:
        raise FileRefused(f"{shown(path.name)} is empty.", next_step="Download it again.")
    plain = head.removeprefix(codecs.BOM_UTF8)
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")):
        what = "is a workbook or packed"
    elif head.startswith(_WIDE_MARKS):
        what = "is UTF-16 text"
    elif plain.lstrip().startswith((b"<", b"{", b"[")):
        what = "is a web page, XML or JSON"
    else:
        return len(head) - len(plain)
    raise FileRefused(
        f"{shown(path.name)} {what}.",
        allowed="CSV in UTF-8, Parquet and GeoParquet are read.",
        next_step="Save it as one of them.",
    )


def _said(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "this is not UTF-8 text"
    said = str(error)
    if "limit" in said:
        return "a cell is too long, or its quotation mark is not closed"
    if "end of data" in said:
        return "a quotation mark is opened and never closed"
    return "a quotation mark stands inside a cell" if "expected after" in said else said


def _column_of_fault(text: str, delimiter: str) -> int:
    """Return the number of the column in which the quotes of a row's text go wrong, or its last."""
    column, quoted, closed, fresh, at = 1, False, False, True, 0
    while at < len(text):
        character = text[at]
        if "\udc80" <= character <= "\udcff" or character == "\0":
            return column  # a byte that is no text
        if quoted and text[at : at + 2] == 2 * _QUOTE:
            at += 1
        elif quoted and character == _QUOTE:
            quoted, closed = False, True
        elif not quoted and character == delimiter:
            column, closed, fresh = column + 1, False, True
            at += 1
            continue
        elif closed and character not in "\r\n":
            return column
        elif fresh and character == _QUOTE:
            quoted = True
        fresh = False
        at += 1
    return column
