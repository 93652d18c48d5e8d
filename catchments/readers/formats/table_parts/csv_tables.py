"""A CSV file as a section of a table: its encoding, its separator, its header, its rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catchments.readers.formats.table_parts.footers import Footers
from catchments.readers.formats.table_parts.headers import (
    Columns,
    Header,
    Numbered,
    header_in,
    no_header,
    no_names,
    too_many_rows,
)
from catchments.readers.formats.table_parts.sections import Section
from catchments.readers.formats.text_files import (
    ENCODING_NAMES,
    TABLE_DELIMITERS,
    WINDOWS,
    TextRows,
    encoding_of,
    last_byte,
    open_text,
    refused_at_fault,
    said_separator,
)
from catchments.readers.report import Progress, Report

_LIKELIEST_FIRST = sorted(TABLE_DELIMITERS, key="\t;|,".find)
"""What parts a table without a header: a comma may well stand in a name."""
_MOST_LINES = 10_000_000
"""A hundred for each row that may be read; more are blank, and take their time."""


@contextmanager
def open_csv(
    path: Path, columns: Columns, report: Report, progress: Progress
) -> Iterator[tuple[Section, str, int]]:
    """Open a text file at its header: its one section, its encoding, how many lines it has.

    Raises FileRefused, here or while its rows are read.
    """
    encoding, line_count = encoding_of(path, progress)
    if line_count > _MOST_LINES:
        raise too_many_rows(path)
    if encoding == WINDOWS:
        report.problem(path.name, "is not UTF-8", "read as Windows-1252; macrons may be missing")
    else:
        report.took(f"text in {ENCODING_NAMES[encoding]}")
    delimiter, header = _header(path, encoding, columns)
    with open_text(path, encoding) as file:
        rows = TextRows(file, delimiter)
        rows.skip(max(0, header.line - 1))
        body = _body(path, rows, header, columns, report)
        yield Section("line", header, body, is_text=True), encoding, line_count


def _header(path: Path, encoding: str, columns: Columns) -> tuple[str, Header]:
    """Find the header row, and with it the separator: it is the one that shows a header."""
    said = said_separator(path, encoding)
    for delimiter in (said,) if said else TABLE_DELIMITERS:
        # Not strict: a preamble may hold a lone quotation mark without harm.
        with _begun(path, encoding, delimiter, skip=bool(said)) as rows:
            header = header_in(path, rows, columns)
        if header is not None:
            return delimiter, header
    for delimiter in (said,) if said else _LIKELIEST_FIRST:
        with _begun(path, encoding, delimiter, skip=bool(said)) as rows:
            nameless = no_names(rows, columns)
        if nameless is not None:
            return delimiter, nameless
    with _begun(path, encoding, said or ",", skip=bool(said)) as rows:
        raise no_header(path, columns, next((cells for _, cells in rows if any(cells)), ()))


@contextmanager
def _begun(path: Path, encoding: str, delimiter: str, *, skip: bool) -> Iterator[Numbered]:
    with open_text(path, encoding) as file, refused_at_fault(path):
        rows = TextRows(file, delimiter, strict=False)
        rows.skip(int(skip))
        yield iter(rows)


def _body(path: Path, rows: TextRows, header: Header, columns: Columns, report: Report) -> Numbered:
    """Yield the rows below a header; a last row that is cut is refused.

    A short row elsewhere is whole: spreadsheets leave out empty cells at the end of a row.
    """
    width = len(header.names)
    footers = Footers(columns, header.positions)
    line, cells = header.line, list[str]()
    with refused_at_fault(path, header.names):
        numbered = iter(rows)
        if header.line:
            next(numbered)
        for line, cells in numbered:
            is_broken = rows.is_cut and len(cells) < width and any(cells)
            if is_broken and not footers.look_like(cells):
                raise rows.misshapen(line, cells, width)
            yield line, cells
    if rows.is_cut and len(cells) == width:
        _say_open_end(path, line, header, report)


def _say_open_end(path: Path, line: int, header: Header, report: Report) -> None:
    """Say that a last cell may be half, where a reader takes it and no quote closes it."""
    if len(header.names) - 1 not in header.positions.values() or last_byte(path) == b'"':
        return
    what = "the file ends without a line end, so that its last cell may be cut off"
    report.problem(f"line {line}", what, "taken as it stands")
