"""Tables, CSV or XLSX: rows of cells by field, for everything that arrives as rows and columns.

A table is streamed: whatever its size, no more than a row (and, for a workbook, its texts) is
held. What cannot be read with certainty is refused in a sentence rather than guessed at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.core.model import NOT_STATED
from catchments.core.text_folding import folded
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.text_files import (
    DELIMITERS,
    Looks,
    TextRows,
    encoding_of,
    head_of,
    looks_of,
    open_text,
    refused_at_fault,
)
from catchments.readers.formats.workbooks import first_sheet_with, open_workbook
from catchments.readers.report import Progress, Report, no_progress

SIZE_LIMIT_MB = 100
"""The largest file that is read."""
MAX_ROWS = 100_000
MAX_COLUMNS = 500
MAX_CELL_CHARACTERS = 10_000
HEADER_SEARCH_ROWS = 60
"""A header row stands in the first so many rows; what comes before it is preamble."""
LICENCE_NOT_STATED = NOT_STATED
UNDATED = "undated"

_MEGABYTE = 1 << 20
_PROGRESS_ROWS = 500
_OTHERS = {
    Looks.OLD_WORKBOOK: (
        "a workbook with a password, or in the old .xls format",
        "Open it, and save it as .xlsx or CSV UTF-8 without a password.",
    ),
    Looks.WIDE_TEXT: ("UTF-16 text", "Save it as CSV UTF-8."),
    Looks.WEB_PAGE: (
        "a web page, not a CSV",
        "Its site may ask for a person: download it in a browser and check that it is a table.",
    ),
    Looks.XML: ("XML, not a table", "A table is a CSV or XLSX file."),
}
"""What else a file may be, and what to do then."""
_DATE_IN_NAME = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)")

Numbered = Iterator[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a reader knows: for each field what sources call it, the likeliest name first.

    `required` lists groups of fields; a header row has at least one of each group. Names are
    compared without case, macrons, punctuation and outer spaces.
    """

    aliases: Mapping[str, tuple[str, ...]]
    required: tuple[tuple[str, ...], ...]

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """Return for each field found among `names` the index of its column."""
        index = {_folded_name(name): i for i, name in reversed(list(enumerate(names)))}
        found = {
            field: [index[key] for key in map(_folded_name, aliases) if key in index]
            for field, aliases in self.aliases.items()
        }
        return {field: places[0] for field, places in found.items() if places}

    def missing(self, fields: Iterable[str]) -> list[str]:
        """Return the names that would do for each required group without a field in `fields`."""
        have = set(fields)
        groups = [group for group in self.required if have.isdisjoint(group)]
        return [" or ".join(name for field in g for name in self.aliases[field]) for g in groups]


@lru_cache(maxsize=4096)
def _folded_name(name: str) -> str:
    return folded(name)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file, how to name that to a person, and its cells by field."""

    line: int
    where: str
    cells: Mapping[str, str]

    def __getitem__(self, field: str) -> str:
        return self.cells.get(field, "")


@dataclass(frozen=True, slots=True)
class Table:
    """An open table; `rows` can be read once, while the table is open."""

    header: tuple[str, ...]
    fields: frozenset[str]
    rows: Iterator[Row]
    encoding: str = ""
    """Only for text files: `utf-8-sig`, or `cp1252` where the file is not UTF-8."""


@dataclass(frozen=True, slots=True)
class _Header:
    line: int
    names: tuple[str, ...]
    positions: Mapping[str, int]


@contextmanager
def open_table(
    path: Path,
    columns: Columns,
    *,
    report: Report,
    sheet: str | None = None,
    progress: Progress = no_progress,
) -> Iterator[Table]:
    """Open a CSV or XLSX file, by its content, at the header row that has the required columns.

    `report` is told what of the file is read and what is left out; `sheet` names a workbook's one.
    Raises FileRefused, here or while rows are read, for anything that is not such a table.
    """
    opened = _open_workbook if _checked_head(path) is Looks.ZIP else _open_csv
    with opened(path, columns, progress) as table:
        yield table


def date_in_name(path: Path) -> date | None:
    """Return the one date that a file's name holds, as 2021-09-25 or 20210925, or None."""
    found = {_date(*match.group(1, 3, 4)) for match in _DATE_IN_NAME.finditer(path.stem)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def release_of(path: Path, given: str) -> str:
    """Return a release as given, else the date in the file's name, else that it has none."""
    dated = date_in_name(path)
    return given or (dated.isoformat() if dated else UNDATED)


def matching_key(text: str) -> str:
    """Return what one text in all its spellings has in common; itself if that is nothing."""
    return folded(text) or text


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def first_few(rows: Sequence[str], *, few: int = 3) -> str:
    """Return the first rows joined into a phrase, with how many more there are."""
    more = len(rows) - few
    return "; ".join(rows[:few]) + (f"; and {more:,} more" if more > 0 else "")


# What a file is, before anything is read from it


def _checked_head(path: Path) -> Looks:
    looks = looks_of(head_of(path))
    if looks in _OTHERS:
        what, next_step = _OTHERS[looks]
        raise FileRefused(f"{shown(path.name)} is {what}.", next_step=next_step)
    size = path.stat().st_size
    if size > SIZE_LIMIT_MB * _MEGABYTE:
        raise FileRefused(
            f"{shown(path.name)} has {size / _MEGABYTE:,.0f} MB.",
            allowed=f"At most {SIZE_LIMIT_MB} MB are read.",
            next_step="Check that it is the right file; a whole school directory has about 2 MB.",
        )
    return looks


# The header


def _header_in(path: Path, rows: Numbered, columns: Columns) -> _Header | None:
    for line, cells in islice(rows, HEADER_SEARCH_ROWS):
        names = tuple(tidy(cell) for cell in cells[:MAX_COLUMNS])
        positions = columns.positions(names)
        if not columns.missing(positions):
            _refuse_repeated(path, line, names)
            return _Header(line, names, positions)
    return None


def _refuse_repeated(path: Path, line: int, names: Sequence[str]) -> None:
    counts = Counter(_folded_name(name) for name in names)
    twice = {name for name in names if _folded_name(name) and counts[_folded_name(name)] > 1}
    if not twice:
        return
    name = min(twice)
    places = [i for i, other in enumerate(names, 1) if _folded_name(other) == _folded_name(name)]
    raise FileRefused(
        f"{shown(path.name)} has the column {shown(name)} {len(places)} times, as columns "
        f"{' and '.join(map(str, places))} of line {line}.",
        next_step="Rename or remove all but one.",
    )


def _no_header(path: Path, columns: Columns, first: Sequence[str]) -> FileRefused:
    lacks = columns.missing(columns.positions([tidy(cell) for cell in first]))
    wanted = lacks or columns.missing(())
    starts = f" It starts with {shown(' | '.join(first))}." if first else " It has no text."
    return FileRefused(
        f"{shown(path.name)} has no header row with the columns needed.{starts}",
        allowed="Missing: a column named " + ", and one named ".join(wanted) + ".",
        next_step=f"The header must be in the first {HEADER_SEARCH_ROWS} rows.",
    )


def _body(path: Path, rows: Numbered, header: _Header, prefix: str) -> Iterator[Row]:
    width = len(header.names)
    for count, (line, cells) in enumerate(rows):
        if count >= MAX_ROWS:
            raise FileRefused(
                f"{shown(path.name)} has more than {MAX_ROWS:,} rows.",
                next_step="Check that it is the right file.",
            )
        where = f"{prefix} {line}"
        _refuse_misshapen(path, where, cells, width)
        kept = {f: tidy(cells[i]) for f, i in header.positions.items() if i < len(cells)}
        yield Row(line, where, kept)


def _refuse_misshapen(path: Path, where: str, cells: Sequence[str], width: int) -> None:
    if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
        raise FileRefused(
            f"{shown(path.name)}, {where}: a cell is too long.",
            allowed=f"At most {MAX_CELL_CHARACTERS:,} characters are read.",
            next_step="A quotation mark may be missing at the end of a cell.",
            rows=(where,),
        )
    if any(cell.strip() for cell in cells[width:]):
        raise FileRefused(
            f"{shown(path.name)}, {where}: {len(cells)} cells under a header of {width}.",
            next_step="Put cells that contain the separator into quotation marks.",
            rows=(where,),
        )


def _with_progress(
    path: Path, rows: Iterator[Row], progress: Progress, whole: int | None
) -> Iterator[Row]:
    doing = f"Reading {path.name}"
    line = 0
    for count, row in enumerate(rows):
        line = row.line
        if count % _PROGRESS_ROWS == 0:
            progress(doing, line, whole)
        yield row
    progress(doing, line if whole is None else whole, whole)


def _not_blank(rows: Numbered) -> Numbered:
    return ((line, cells) for line, cells in rows if any(cell.strip() for cell in cells))


# Text files


@contextmanager
def _open_csv(path: Path, columns: Columns, progress: Progress) -> Iterator[Table]:
    encoding, line_count = encoding_of(path, progress)
    delimiter, header = _csv_header(path, encoding, columns)
    with open_text(path, encoding) as file:
        rows = TextRows(file, delimiter)
        rows.skip(header.line - 1)
        body = _body(path, _csv_rows(path, rows, header), header, "line")
        counted = _with_progress(path, body, progress, line_count)
        yield Table(header.names, frozenset(header.positions), counted, encoding)


def _csv_header(path: Path, encoding: str, columns: Columns) -> tuple[str, _Header]:
    """Find the header row, and with it the separator: it is the one that shows a header."""
    for delimiter in DELIMITERS:
        # Not strict: a preamble may hold a lone quotation mark without harm.
        with _begun(path, encoding, delimiter) as rows:
            header = _header_in(path, rows, columns)
        if header is not None:
            return delimiter, header
    with _begun(path, encoding, ",") as rows:
        raise _no_header(path, columns, next(_not_blank(rows), (0, ()))[1])


@contextmanager
def _begun(path: Path, encoding: str, delimiter: str) -> Iterator[Numbered]:
    with open_text(path, encoding) as file, refused_at_fault(path):
        yield iter(TextRows(file, delimiter, strict=False))


def _csv_rows(path: Path, rows: TextRows, header: _Header) -> Numbered:
    """Yield the rows below a header that are not blank; a last row that is cut is refused.

    A short row elsewhere is whole: spreadsheets leave out empty cells at the end of a row.
    """
    width = len(header.names)
    with refused_at_fault(path, header.names):
        numbered = iter(rows)
        next(numbered)
        for line, cells in _not_blank(numbered):
            if rows.is_cut and len(cells) < width:
                raise rows.misshapen(line, cells, width)
            yield line, cells


# Workbooks


@contextmanager
def _open_workbook(path: Path, columns: Columns, progress: Progress) -> Iterator[Table]:
    with open_workbook(path) as sheets:
        found = first_sheet_with(sheets, lambda sheet: _header_in(path, sheet.rows(), columns))
        if found is None:
            begins = (next(_not_blank(sheet.rows()), (0, ()))[1] for sheet in sheets)
            raise _no_header(path, columns, next(filter(None, begins), ()))
        sheet, header = found
        body = islice(sheet.rows(), header.line, None)
        prefix = "row" if len(sheets) == 1 else f"sheet {shown(sheet.title)}, row"
        table = _body(path, _not_blank(body), header, prefix)
        whole = _with_progress(path, table, progress, None)
        yield Table(header.names, frozenset(header.positions), whole)
