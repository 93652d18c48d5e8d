"""Tables, CSV or XLSX: rows of cells by field, for everything that arrives as rows and columns.

A table is streamed: whatever its size, no more than a row (and, for a workbook, its texts) is
held. What cannot be read with certainty is refused in a sentence rather than guessed at.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO

from catchments.core.errors import FileRefused, shown
from catchments.core.model import NOT_STATED
from catchments.core.text_folding import folded
from catchments.readers.formats.cells import tidy
from catchments.readers.formats.workbooks import Sheet, open_workbook
from catchments.readers.report import Progress, no_progress

SIZE_LIMIT_MB = 100
"""The largest file that is read."""
MAX_ROWS = 100_000
MAX_COLUMNS = 500
MAX_CELL_CHARACTERS = 10_000
MAX_ROW_CHARACTERS = 1_000_000
HEADER_SEARCH_ROWS = 60
"""A header row stands in the first so many rows; what comes before it is preamble."""
LICENCE_NOT_STATED = NOT_STATED
UNDATED = "undated"

_MEGABYTE = 1 << 20
_HEAD_BYTES = 4096
_PROGRESS_ROWS = 500
_DELIMITERS = (",", ";", "\t")
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0"
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_WEB_TAGS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<meta")
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
    path: Path, columns: Columns, *, progress: Progress = no_progress
) -> Iterator[Table]:
    """Open a CSV or XLSX file, by its content, at the header row that has the required columns.

    Raises FileRefused, here or while rows are read, for anything that is not such a table.
    """
    head = _head_of(path)
    _refuse_other_formats(path, head)
    opened = _open_workbook if head.startswith(b"PK\x03\x04") else _open_csv
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


def _head_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise FileRefused(f"{shown(path)} is a folder.", next_step="Name a file in it.")
        size = path.stat().st_size
        _refuse_by_size(path, size, regular=path.is_file())
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except FileNotFoundError as error:
        raise FileRefused(
            f"There is no file {shown(path.name)} in its folder.",
            next_step="Check its name and folder.",
        ) from error
    except (OSError, ValueError) as error:
        raise FileRefused(
            f"{shown(path)} cannot be opened ({error}).", next_step="Check its name and rights."
        ) from error


def _refuse_by_size(path: Path, size: int, *, regular: bool) -> None:
    if not regular:
        raise FileRefused(f"{shown(path)} is not a file.", next_step="Name a CSV or XLSX file.")
    if size == 0:
        raise FileRefused(f"{shown(path.name)} is empty.", next_step="Download it again.")
    if size > SIZE_LIMIT_MB * _MEGABYTE:
        raise FileRefused(
            f"{shown(path.name)} has {size / _MEGABYTE:,.0f} MB.",
            allowed=f"At most {SIZE_LIMIT_MB} MB are read.",
            next_step="Check that it is the right file; a whole school directory has about 2 MB.",
        )


def _refuse_other_formats(path: Path, head: bytes) -> None:
    name = shown(path.name)
    if head.startswith(_OLE_SIGNATURE):
        raise FileRefused(
            f"{name} is a workbook with a password, or in the old .xls format.",
            next_step="Open it, and save it as .xlsx or CSV UTF-8 without a password.",
        )
    if head.startswith(_WIDE_MARKS):
        raise FileRefused(f"{name} is UTF-16 text.", next_step="Save it as CSV UTF-8.")
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if not start.startswith(b"<"):
        return
    if any(tag in start for tag in _WEB_TAGS):
        raise FileRefused(
            f"{name} is a web page, not a CSV.",
            next_step="The site may have asked whether you are a robot: download it in a browser "
            "and check that it opens as a table.",
        )
    raise FileRefused(f"{name} is XML, not a table.", allowed="A table is a CSV or XLSX file.")


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


class _Lines:
    """The lines of a text file; refuses a row longer than one can be, before it is held."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path = path
        self.file = file
        self.number = 0
        self.cut = False
        self.row_characters = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        text = self.file.readline(MAX_ROW_CHARACTERS + 1)
        if not text:
            raise StopIteration
        self.number += 1
        self.cut = not text.endswith(("\n", "\r"))
        self.row_characters += len(text)
        if self.row_characters > MAX_ROW_CHARACTERS:
            raise FileRefused(
                f"{shown(self.path.name)} has a row of more than {MAX_ROW_CHARACTERS:,} characters "
                f"at line {self.number}.",
                next_step="A quotation mark may be missing at the end of a cell.",
                rows=(f"line {self.number}",),
            )
        return text


@contextmanager
def _open_csv(path: Path, columns: Columns, progress: Progress) -> Iterator[Table]:
    encoding, line_count = _checked_text(path, progress)
    delimiter, header = _csv_header(path, encoding, columns)
    with path.open(encoding=encoding, newline="") as file:
        lines = _Lines(path, file)
        for _ in range(header.line - 1):
            lines.row_characters = 0
            next(lines)
        rows = _csv_rows(lines, delimiter, strict=True)
        next(rows)
        whole = _refuse_cut(path, _not_blank(rows), lines, len(header.names))
        body = _with_progress(path, _body(path, whole, header, "line"), progress, line_count)
        yield Table(header.names, frozenset(header.positions), body, encoding)


def _csv_header(path: Path, encoding: str, columns: Columns) -> tuple[str, _Header]:
    """Find the header row, and with it the separator: it is the one that shows a header."""
    for delimiter in _DELIMITERS:
        with path.open(encoding=encoding, newline="") as file:
            # Not strict: a preamble may hold a lone quotation mark without harm.
            rows = _csv_rows(_Lines(path, file), delimiter, strict=False)
            header = _header_in(path, rows, columns)
        if header is not None:
            return delimiter, header
    with path.open(encoding=encoding, newline="") as file:
        first = next(_not_blank(_csv_rows(_Lines(path, file), ",", strict=False)), (0, ()))[1]
    raise _no_header(path, columns, first)


def _csv_rows(lines: _Lines, delimiter: str, *, strict: bool) -> Numbered:
    reader = csv.reader(lines, delimiter=delimiter, strict=strict)
    while True:
        lines.row_characters = 0
        line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _bad_csv(lines.path, line, str(error)) from error
        yield line, cells


def _bad_csv(path: Path, line: int, said: str) -> FileRefused:
    problem = "a quotation mark stands inside a cell"
    if "limit" in said:
        problem = "a cell is too long, or its quotation mark is not closed"
    elif "end of data" in said:
        problem = "a quotation mark is opened and never closed; the file may be cut off"
    return FileRefused(
        f"{shown(path.name)}, line {line}: {problem}.",
        next_step='Download or save the file again; in a quoted cell, write “"” twice.',
        rows=(f"line {line}",),
    )


def _refuse_cut(path: Path, rows: Numbered, lines: _Lines, width: int) -> Numbered:
    """Pass rows on; refuse a last row that ends before its columns and its line do.

    A short row elsewhere is whole: spreadsheets leave out empty cells at the end of a row.
    """
    for line, cells in rows:
        if lines.cut and len(cells) < width:
            raise FileRefused(
                f"{shown(path.name)} breaks off in line {line}, at cell {len(cells)} of {width}.",
                next_step="Download it again; if it is whole, add a line end to its last row.",
                rows=(f"line {line}",),
            )
        yield line, cells


def _checked_text(path: Path, progress: Progress) -> tuple[str, int]:
    """Return a text file's encoding and how many lines it has."""
    fault, line_count = _decoding_fault(path, "utf-8-sig", progress)
    if fault is None:
        return "utf-8-sig", line_count
    if fault.other_letters:
        raise FileRefused(
            f"{shown(path.name)} is UTF-8 text up to line {fault.line}, which is damaged.",
            next_step="Download it again, or save it as CSV UTF-8.",
            rows=(f"line {fault.line}",),
        )
    fault, line_count = _decoding_fault(path, "cp1252", progress)
    if fault is None:
        return "cp1252", line_count
    raise FileRefused(
        f"{shown(path.name)} is not text: line {fault.line} is neither UTF-8 nor Windows-1252.",
        next_step="Save it as CSV UTF-8.",
        rows=(f"line {fault.line}",),
    )


@dataclass(frozen=True, slots=True)
class _Fault:
    line: int
    other_letters: bool
    """Whether letters beyond ASCII were decoded before the fault, so that the guess was right."""


def _decoding_fault(path: Path, encoding: str, progress: Progress) -> tuple[_Fault | None, int]:
    decoder = codecs.getincrementaldecoder(encoding)()
    size = path.stat().st_size
    other_letters = False
    line = 1
    done = 0
    with path.open("rb") as file:
        while block := file.read(_MEGABYTE):
            _refuse_nul(path, block, line)
            try:
                text = decoder.decode(block, final=done + len(block) >= size)
            except UnicodeDecodeError as error:
                good = error.object[: error.start]
                return _Fault(line + good.count(b"\n"), other_letters or not good.isascii()), 0
            other_letters = other_letters or not text.isascii()
            line += block.count(b"\n")
            done += len(block)
            progress(f"Checking {path.name}", done, size)
    return None, line


def _refuse_nul(path: Path, block: bytes, line: int) -> None:
    at = block.find(b"\0")
    if at < 0:
        return
    line += block.count(b"\n", 0, at)
    raise FileRefused(
        f"{shown(path.name)} has a NUL byte in line {line}: it is damaged or not text.",
        next_step="Download it again, or save it as CSV UTF-8.",
        rows=(f"line {line}",),
    )


# Workbooks


@contextmanager
def _open_workbook(path: Path, columns: Columns, progress: Progress) -> Iterator[Table]:
    with open_workbook(path) as sheets:
        sheet, header = _sheet_with_header(path, sheets, columns)
        body = islice(sheet.rows(), header.line, None)
        prefix = "row" if len(sheets) == 1 else f"sheet {shown(sheet.title)}, row"
        table = _body(path, _not_blank(body), header, prefix)
        whole = _with_progress(path, table, progress, None)
        yield Table(header.names, frozenset(header.positions), whole)


def _sheet_with_header(
    path: Path, sheets: Sequence[Sheet], columns: Columns
) -> tuple[Sheet, _Header]:
    first: Sequence[str] = ()
    for sheet in sheets:
        header = _header_in(path, sheet.rows(), columns)
        if header is not None:
            return sheet, header
        first = first or next(_not_blank(sheet.rows()), (0, ()))[1]
    raise _no_header(path, columns, first)
