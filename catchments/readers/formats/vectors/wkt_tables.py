"""Tables of text with a column of shapes: CSV as spreadsheets, databases and GIS programs write it.

Its rows are read as those of every table of text are; only a row may be as long as a boundary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import WGS84
from catchments.readers.formats.cells import tidy, unwrapped
from catchments.readers.formats.file_refusals import (
    ALLOWED,
    MAX_FILE_BYTES,
    not_what_it_says,
    refuse_many,
)
from catchments.readers.formats.text_files import (
    ENCODING_NAMES,
    TABLE_DELIMITERS,
    WINDOWS,
    Looks,
    TextRows,
    encoding_of,
    head_of,
    long_cells,
    looks_of,
    open_text,
    refused_at_fault,
)
from catchments.readers.formats.vectors.layers import Layer
from catchments.readers.formats.vectors.values import texts_of
from catchments.readers.formats.vectors.wkt import (
    EXCEL_CELL,
    looks_like_a_shape,
    shape_in,
)
from catchments.readers.report import Report, no_progress

SHAPE_COLUMNS = ("wkt", "geometry", "geom", "the geom", "wkt geom", "wkb geometry", "shape")
"""What a column of shapes is called, folded, the likeliest name first."""
HEADER_SEARCH_ROWS = 60
_OTHERS = {
    Looks.ZIP: "it is a zip or a workbook",
    Looks.GZIP: "it is compressed",
    Looks.OLD_WORKBOOK: "it is a workbook",
    Looks.XML: "it is XML",
    Looks.JSON: "it is JSON",
}
_WKT_COLUMN = "a column named WKT, geometry or geom"


@dataclass(frozen=True)
class _Header:
    line: int
    delimiter: str
    names: list[str]
    shapes: tuple[int, ...]
    """The places of the columns that may have shapes, the likeliest first."""


def read_wkt_table(path: Path, report: Report) -> list[Layer]:
    """Return the one layer of a table of text whose rows have a shape each, WKT or hexadecimal WKB.

    WGS 84 unless the shapes say another SRID. Raises FileRefused, naming line and column.
    """
    head = head_of(path)
    if looks_of(head) in _OTHERS:
        raise not_what_it_says(path, "CSV with WKT", _OTHERS[looks_of(head)])
    with long_cells(MAX_FILE_BYTES):
        encoding, _ = encoding_of(path, no_progress)
        _report_encoding(path, encoding, report)
        header = _header(path, encoding)
        if header is None:
            raise FileRefused(
                f"{shown(path.name)} has no rows with a WKT column.",
                allowed=f"It must have {_WKT_COLUMN} in its header. {ALLOWED}",
            )
        rows = list(_rows(path, encoding, header, report))
    return [_layer(path, header, rows, report)]


def _report_encoding(path: Path, encoding: str, report: Report) -> None:
    named = ENCODING_NAMES[encoding]
    report.took(f"{path.name}: text in {named}")
    if encoding == WINDOWS:
        report.problem(path.name, "its text is not UTF-8", f"read as {named}")


# --- header and rows ------------------------------------------------------------------------------


def _header(path: Path, encoding: str) -> _Header | None:
    """Return the header row, which has a column of shapes, and the separator that shows it."""
    for delimiter in TABLE_DELIMITERS:
        with open_text(path, encoding) as file, refused_at_fault(path):
            rows = TextRows(file, delimiter, strict=False, longest_row=MAX_FILE_BYTES)
            for line, cells in islice(rows, HEADER_SEARCH_ROWS):
                names = [tidy(cell) for cell in cells]
                known = [folded(name) for name in names]
                places = [known.index(each) for each in SHAPE_COLUMNS if each in known]
                if places and (len(names) > 1 or delimiter == TABLE_DELIMITERS[-1]):
                    _refuse_repeated(path, line, names)
                    return _Header(line, delimiter, names, tuple(places))
    return None


def _refuse_repeated(path: Path, line: int, names: Sequence[str]) -> None:
    counts = Counter(name.casefold() for name in names if name)
    twice = [name for name in names if counts[name.casefold()] > 1]
    if twice:
        raise FileRefused(
            f"{shown(path.name)} has the column {shown(twice[0])} {counts[twice[0].casefold()]}"
            f" times, in line {line}.",
            next_step="Rename or remove all but one.",
        )


def _rows(
    path: Path, encoding: str, header: _Header, report: Report
) -> Iterator[tuple[int, list[str]]]:
    width, line = len(header.names), header.line
    with open_text(path, encoding) as file, refused_at_fault(path, header.names):
        rows = TextRows(file, header.delimiter, longest_row=MAX_FILE_BYTES)
        rows.skip(header.line - 1)
        numbered = iter(rows)
        next(numbered, None)
        for number, (line, cells) in enumerate(numbered):
            refuse_many(number, path)
            if not any(cell.strip() for cell in cells):
                continue
            if any(cell.strip() for cell in cells[width:]) or (rows.is_cut and len(cells) < width):
                raise rows.misshapen(line, cells, width)
            yield line, [*cells, *[""] * (width - len(cells))][:width]
    if rows.is_cut and width - 1 not in header.shapes:
        what = "the file ends without a line end, so that its last cell may be cut off"
        report.problem(f"{path.name}, line {line}", what, "taken as it stands")


# --- shapes ---------------------------------------------------------------------------------------


def _layer(
    path: Path, header: _Header, rows: Sequence[tuple[int, list[str]]], report: Report
) -> Layer:
    at = _shape_column(header, [cells for _, cells in rows])
    geometries: list[BaseGeometry | None] = []
    systems: Counter[int] = Counter()
    for line, cells in rows:
        geometry, system = _shape(cells[at], path, f"line {line}, column {header.names[at]}")
        geometries.append(geometry)
        systems[system] += geometry is not None
    values = [
        texts_of(
            (name, unwrapped(cell))
            for i, (name, cell) in enumerate(zip(header.names, cells, strict=True))
            if i != at and (name or cell.strip())
        )
        for _, cells in rows
    ]
    report.took(f"{path.name}: shapes from the column {shown(header.names[at])}")
    return Layer(path.stem, _system(systems, path), geometries, values)


def _shape_column(header: _Header, rows: Sequence[Sequence[str]]) -> int:
    """Return the likeliest column that begins with an area, else with a shape, else at all."""
    firsts = {at: next((c[at] for c in rows if c[at].strip()), "") for at in header.shapes}
    shapes = [at for at, first in firsts.items() if looks_like_a_shape(first)]
    areas = [at for at in shapes if "POLYGON" in firsts[at][:40].upper()]
    return next(iter([*areas, *shapes, *header.shapes]))


def _shape(text: str, path: Path, where: str) -> tuple[BaseGeometry | None, int]:
    if not text.strip():
        return None, 0
    try:
        return shape_in(text)
    except ValueError as error:
        if EXCEL_CELL - 1 <= len(text) <= EXCEL_CELL:  # a spreadsheet cut it off
            raise FileRefused(
                f"{shown(path.name)}, {where}: its shape is cut off at {EXCEL_CELL:,} characters,"
                " which is all that a cell of a spreadsheet has room for.",
                next_step="Take it from where it was exported, without a spreadsheet in between.",
                rows=[where],
            ) from error
        raise not_what_it_says(path, "CSV with WKT", f"{where}: {error}") from error


def _system(systems: Counter[int], path: Path) -> str:
    said = sorted(number for number, count in systems.items() if count)
    if len(said) > 1:
        named = " and ".join(f"SRID {number}" if number else "none" for number in said)
        raise FileRefused(
            f"{shown(path.name)} has shapes in several reference systems: {named}.",
            next_step="Export it again in one.",
        )
    return f"EPSG:{said[0]}" if said and said[0] else WGS84
