"""Tables, CSV, XLSX or Parquet: rows of cells by field, for all that arrives as such.

A table is streamed: whatever its size, no more than a row (and, for a workbook, its texts) is
held; but of Parquet, which is kept by column, all. What cannot be read with certainty is refused in
a sentence rather than guessed at, and whatever is in a file is in a row or in the report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.cells import (
    is_date,
    is_shortened,
    shows_an_error,
    tidy,
    unwrapped,
)
from catchments.readers.formats.mojibake import SpoiltTexts
from catchments.readers.formats.table_parts import headers
from catchments.readers.formats.table_parts.csv_tables import open_csv
from catchments.readers.formats.table_parts.footers import Footers
from catchments.readers.formats.table_parts.headers import Columns, Numbered, is_another_header
from catchments.readers.formats.table_parts.parquet_tables import read_parquet
from catchments.readers.formats.table_parts.sections import Section, say_around
from catchments.readers.formats.text_files import Looks, head_of, looks_of
from catchments.readers.formats.vectors.layers import NOTHING_DECLARED, Declared
from catchments.readers.report import Progress, Report, no_progress

SIZE_LIMIT_MB = 100
"""The largest file that is read."""
MAX_CELL_CHARACTERS = 10_000
UNDATED = "undated"

_MEGABYTE = 1 << 20
_PROGRESS_ROWS = 500
_FAULTS_NAMED = 50
_OTHERS = {
    Looks.OLD_WORKBOOK: (
        "a workbook with a password, or in the old .xls format",
        "Open it, and save it as .xlsx or CSV UTF-8 without a password.",
    ),
    Looks.GZIP: ("packed (.gz)", "Unpack it, and import the file in it."),
    Looks.PDF: ("a PDF, not a table", "A table is a CSV, XLSX or Parquet file."),
    Looks.WEB_PAGE: (
        "a web page, not a CSV",
        "Its site may ask for a person: download it in a browser and check that it is a table.",
    ),
    Looks.XML: ("XML, not a table", "A table is a CSV, XLSX or Parquet file."),
}
"""What else a file may be, and what to do then."""
_DATE_IN_NAME = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)")
_DASHED = re.compile(r"\d-\w{2,3}|[a-z]-\d", re.IGNORECASE)
"""What a day has in it, as a spreadsheet writes it."""
_BLANK = "taken as blank"
BEYOND = "beyond"
"""The field of what stands in a row beyond its columns, of a table that may have no header."""


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
    """An open table; `rows` can be read once, while the table is open, and has to be, to the end.

    What stands below it, and what is wrong with its texts, is reported when the last is read.
    """

    header: tuple[str, ...]
    """The names of its columns; of those of the first sheet, where several are read."""
    fields: frozenset[str]
    rows: Iterator[Row]
    encoding: str = ""
    """Only for text files, as `encoding_of` names it; `cp1252` is reported here already."""
    declared: Declared = NOTHING_DECLARED
    """What a Parquet file of ours says of its edition beside its rows."""


@contextmanager
def open_table(
    path: Path,
    columns: Columns,
    *,
    report: Report,
    sheet: str | None = None,
    progress: Progress = no_progress,
) -> Iterator[Table]:
    """Open a CSV, XLSX or Parquet file, by its content, where it has the required columns.

    `report` is told what of the file is read and what is left out; `sheet` names a workbook's one.
    Raises FileRefused, here or while rows are read, for anything that is not such a table.
    """
    looks = _checked_head(path)
    if looks is Looks.ZIP:
        from catchments.readers.formats.table_parts.sheet_choice import open_sheets  # openpyxl

        with open_sheets(path, columns, report, sheet) as sections:
            yield _table(path, columns, report, sections, progress)
        return
    _refuse_sheet(path, sheet, "Parquet" if looks is Looks.PARQUET else "text")
    if looks is Looks.PARQUET:
        most = SIZE_LIMIT_MB * _MEGABYTE
        section, declared = read_parquet(path, columns, report, bytes_at_most=most)
        yield replace(_table(path, columns, report, [section], progress), declared=declared)
        return
    with open_csv(path, columns, report, progress) as (section, encoding, line_count):
        yield _table(path, columns, report, [section], progress, encoding, line_count)


def _table(
    path: Path,
    columns: Columns,
    report: Report,
    sections: Sequence[Section],
    progress: Progress,
    encoding: str = "",
    whole: int | None = None,
) -> Table:
    header = sections[0].header
    rows = _Reading(path, columns, report).rows(sections)
    counted = _with_progress(path, rows, progress, whole)
    return Table(header.names, frozenset(header.positions), counted, encoding)


def date_in_name(path: Path) -> date | None:
    """Return the one date that a file's name holds, as 2021-09-25 or 20210925, or None."""
    found = {_date(*match.group(1, 3, 4)) for match in _DATE_IN_NAME.finditer(path.stem)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def release_of(path: Path, given: str) -> str:
    """Return a release as given, else the date in the file's name, else that it has none."""
    dated = date_in_name(path)
    return given or (dated.isoformat() if dated else UNDATED)


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


def _refuse_sheet(path: Path, sheet: str | None, kind: str) -> None:
    if sheet:
        raise FileRefused(
            f"{shown(path.name)} is {kind}, which has no sheets, and --sheet names {shown(sheet)}.",
            next_step="Leave out --sheet (“Sheet” on a form), or give the workbook.",
        )


# The rows


@dataclass
class _Reading:
    """Reads the rows of all sections of a file, and reports the rest of what is in them."""

    path: Path
    columns: Columns
    report: Report
    _count: int = 0
    _nameless: dict[int, int] = field(default_factory=dict)
    """By the index of a column without a name: how many cells have something in them."""
    _doubts: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By what is wrong with a cell and what is done: where such are."""

    def __post_init__(self) -> None:
        self.spoilt = SpoiltTexts(self.report)

    def rows(self, sections: Sequence[Section]) -> Iterator[Row]:
        for section in sections:
            yield from self._section(section)
        self.spoilt.say()
        self._say_doubts()
        for at, count in sorted(self._nameless.items()):
            self.report.leave_out(f"cells in column {at + 1}", "the column has no name", count)

    def _section(self, section: Section) -> Iterator[Row]:
        header = section.header
        say_around(self.report, self.columns, section)
        footers = Footers(self.columns, header.positions)
        bare = [at for at, name in enumerate(header.names) if not name]
        first = last = count = 0
        for line, cells in _rows_and_footers(section.rows, footers):
            if header.stands_again(cells):
                self.report.leave_out("rows", "the header stands there once more")
                continue
            self._check(section, line, cells)
            if bare:
                self._count_nameless(bare, cells)
            first, last, count = first or line, line, count + 1
            kept = self._kept(section, line, cells)
            if self.columns.bare:
                kept[BEYOND] = tidy(" ".join(cells[len(header.names) :]))
            yield Row(line, section.where(line), kept)
        self._say_read(section, first, last, count)
        footers.leave_out(self.report, section.place)

    def _kept(self, section: Section, line: int, cells: Sequence[str]) -> dict[str, str]:
        header, width = section.header, len(cells)
        if width < len(header.names):
            cells = [*cells, *[""] * (len(header.names) - width)]
        texts = [cells[at] for at in header.positions.values()]
        if _is_plain("".join(texts)):  # as most rows; each cell alone would take longer
            return dict(zip(header.positions, map(str.strip, texts), strict=True))
        where = section.where(line)
        if section.is_text:
            texts = list(map(unwrapped, texts))
        named = zip(header.positions.items(), texts, strict=True)
        return {
            name: tidy(self._taken(where, name, header.names[at], text))
            for (name, at), text in named
        }

    def _taken(self, where: str, field: str, column: str, text: str) -> str:
        """Return what is taken for the text of a cell; say what is wrong with it."""
        if _is_plain(text):
            return text
        if shows_an_error(text):
            shows = text.strip().upper()[:20]
            self._say_later(where, f"column {shown(column)} shows {shows}", _BLANK)
            return ""
        if is_shortened(text):
            bare = shown(text.strip())
            what = f"column {shown(column)}: {bare} is a number that a spreadsheet shortened"
            self._say_later(where, what, "taken as it stands; its digits are lost")
        elif is_date(text) and field not in self.columns.dates:
            what = f"column {shown(column)} has a date, as a spreadsheet makes of 1-2"
            self._say_later(where, what, "taken as it stands")
        elif not text.isascii() or "?" in text:
            self.spoilt.look(where, column, text)
        return text

    def _say_later(self, where: str, what: str, done: str) -> None:
        self._doubts.setdefault((what, done), []).append(where)

    def _check(self, section: Section, line: int, cells: Sequence[str]) -> None:
        self._count += 1
        if self._count > headers.MAX_ROWS:
            raise headers.too_many_rows(self.path)
        if line in section.faulty:
            raise self._no_values(section)
        if is_another_header(cells, self.columns):
            raise self._another_table(section, line, cells)
        _refuse_long(self.path, section, line, cells)
        if not self.columns.bare:
            _refuse_wide(self.path, section, line, cells)

    def _another_table(self, section: Section, line: int, cells: Sequence[str]) -> FileRefused:
        where = section.where(line)
        return FileRefused(
            f"{shown(self.path.name)}, {where}: another table begins there, with the columns "
            f"{shown(' | '.join(filter(None, map(tidy, cells))))}.",
            allowed="One table has one header; the same one may stand in it again.",
            next_step="Put each table in a file, or on a sheet, of its own.",
            rows=(where,),
        )

    def _no_values(self, section: Section) -> FileRefused:
        names, begins = section.header.names, section.header.last_line
        found = [
            f"{section.where(line)}, column {shown(names[at])}: a formula without a value"
            for line, places in sorted(section.faulty.items())
            for at in places
            if line > begins
        ]
        return FileRefused(
            f"{shown(self.path.name)} has formulas without a value: {first_few(found)}.",
            next_step="Open it in a spreadsheet and save it, so that each is reckoned.",
            rows=found[:_FAULTS_NAMED],
        )

    def _count_nameless(self, bare: Sequence[int], cells: Sequence[str]) -> None:
        for at in bare:
            if at < len(cells) and cells[at].strip():
                self._nameless[at] = self._nameless.get(at, 0) + 1

    def _say_read(self, section: Section, first: int, last: int, count: int) -> None:
        if not count:
            self.report.problem(
                section.where(section.header.line), "there is no row below the header"
            )
            return
        rows = "1 row" if count == 1 else f"{count:,} rows"
        place = section.place
        lines = f"{place} {first}" if first == last else f"{place}s {first} to {last}"
        self.report.took(f"{lines}: {rows}")

    def _say_doubts(self) -> None:
        for (what, done), wheres in self._doubts.items():
            self.report.problem(first_few(wheres, few=1), what, done)


def _is_plain(text: str) -> bool:
    """Whether nothing in a text is to be looked at, or tidied but for spaces around."""
    return (
        text.isascii()
        and text.isprintable()
        and "  " not in text
        and "?" not in text
        and "#" not in text
        and '="' not in text
        and "E+" not in text
        and "e+" not in text
        and ("-" not in text or not _DASHED.search(text))
    )


def _rows_and_footers(rows: Numbered, footers: Footers) -> Numbered:
    """Yield the rows that are not blank, what looks like a footer once a row comes after it."""
    after_blank = False
    for line, cells in rows:
        if not any(map(str.strip, cells)):
            after_blank = True
            continue
        if footers.are_met(line, cells, after_blank=after_blank):
            continue
        if footers.held:
            yield from footers.released()
        after_blank = False
        yield line, cells


def _refuse_long(path: Path, section: Section, line: int, cells: Sequence[str]) -> None:
    if max(map(len, cells)) > MAX_CELL_CHARACTERS:
        where = section.where(line)
        raise FileRefused(
            f"{shown(path.name)}, {where}{_longest(section, cells)}: a cell is too long.",
            allowed=f"At most {MAX_CELL_CHARACTERS:,} characters are read.",
            next_step="A quotation mark may be missing at the end of a cell.",
            rows=(where,),
        )


def _refuse_wide(path: Path, section: Section, line: int, cells: Sequence[str]) -> None:
    width = len(section.header.names)
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        where = section.where(line)
        step = "Put cells that contain the separator into quotation marks."
        if not section.is_text:
            step = "Give its column a name, or take away what stands beside the table."
        at = next(at for at, cell in enumerate(cells) if at >= width and cell.strip())
        raise FileRefused(
            f"{shown(path.name)}, {where}: {len(cells)} cells under a header of {width}; column "
            f"{at + 1} has {shown(cells[at])}.",
            next_step=step,
            rows=(where,),
        )


def _longest(section: Section, cells: Sequence[str]) -> str:
    at = max(range(len(cells)), key=lambda at: len(cells[at]))
    names = section.header.names
    return f", column {at + 1}" + (f" {shown(names[at])}" if at < len(names) else "")


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
