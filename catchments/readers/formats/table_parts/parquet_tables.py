"""A Parquet file as a section of a table: its columns' names, its rows, what it declares."""

from __future__ import annotations

from pathlib import Path

from catchments.core.errors import FileRefused
from catchments.readers.formats.cells import cell_text, tidy
from catchments.readers.formats.parquet.asking import held_in
from catchments.readers.formats.parquet.messages import Held, Value
from catchments.readers.formats.table_parts.headers import (
    MAX_ROWS,
    Columns,
    Header,
    Numbered,
    no_header,
    refuse_repeated,
)
from catchments.readers.formats.table_parts.sections import Section
from catchments.readers.formats.vectors.geoparquet import declared_by
from catchments.readers.formats.vectors.layers import Declared
from catchments.readers.report import Report


def read_parquet(
    path: Path, columns: Columns, report: Report, *, bytes_at_most: int
) -> tuple[Section, Declared]:
    """Return a Parquet file's one section, and what it declares of its edition.

    A column that is not read is reported, one of shapes too.
    Unpacked it may be as large as another file. Raises FileRefused, for one without the columns
    needed too.
    """
    held = held_in(path, rows_at_most=MAX_ROWS, bytes_at_most=bytes_at_most, with_shapes=False)
    for what, why in held.left_out:
        report.leave_out(what, why)
    section = Section("row", _header(path, columns, held), _rows(held))
    return section, declared_by(held, path, report)


def _header(path: Path, columns: Columns, held: Held) -> Header:
    names = tuple(map(tidy, held.names))
    positions = columns.positions(names)
    if columns.missing(positions):
        lacks = no_header(path, columns, names)
        step = "Write it again with these columns, side by side and not in one another."
        raise FileRefused(lacks.problem, allowed=lacks.allowed, next_step=step)
    refuse_repeated(path, "its schema", names)
    return Header(0, names, positions, 0)


def _rows(held: Held) -> Numbered:
    """Yield each row, from 1: a Parquet file's header is no row."""
    for number in range(held.rows):
        yield number + 1, [_cell(column[number]) for column in held.columns]


def _cell(value: Value) -> str:
    """Return a value as the text that a workbook's cell with it shows."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return cell_text(value)
