"""A workbook as sections of a table: which of its sheets are read, and what hides in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from catchments.core.errors import FileRefused, first_of, shown
from catchments.core.text_folding import folded
from catchments.readers.formats.table_parts.headers import (
    MAX_ROWS,
    Columns,
    Header,
    folded_name,
    header_in,
    no_header,
    no_names,
    too_many_rows,
)
from catchments.readers.formats.table_parts.sections import Section
from catchments.readers.formats.workbooks.books import Sheet, open_workbook
from catchments.readers.formats.workbooks.sheet_scan import Block
from catchments.readers.report import Report

_DEEPEST_HEADER = 5
"""Rows over which a header's merged cells reach, beyond the first."""
_TITLES_NAMED = 20


@dataclass(frozen=True, slots=True)
class _Found:
    """A sheet with the columns needed, and its header."""

    sheet: Sheet
    header: Header


@contextmanager
def open_sheets(
    path: Path, columns: Columns, report: Report, sheet: str | None
) -> Iterator[list[Section]]:
    """Open the sheets that are read: the one named, else those with the one header sought.

    Raises FileRefused, here or while rows are read.
    """
    with open_workbook(path) as (sheets, charts):
        for title in charts:
            report.leave_out(f"sheet {shown(title)}", "a chart")
        chosen = _named(path, sheets, charts, columns, report, sheet) if sheet else None
        chosen = chosen or _unnamed(path, sheets, columns, report)
        _refuse_endless(path, chosen)
        alone = len(sheets) == 1
        yield [_section(each, report, alone=alone) for each in chosen]


# --- which ----------------------------------------------------------------------------------------


def _named(
    path: Path,
    sheets: Sequence[Sheet],
    charts: Sequence[str],
    columns: Columns,
    report: Report,
    wanted: str,
) -> list[_Found]:
    """Return the sheet that a person named."""
    same = [sheet for sheet in sheets if sheet.title.strip() == wanted.strip()]
    same = same or [sheet for sheet in sheets if folded(sheet.title) == folded(wanted)]
    if len(same) != 1:
        raise _no_such_sheet(path, [*(sheet.title for sheet in sheets), *charts], wanted)
    sheet = same[0]
    header = _look(path, sheet, columns, alone=len(sheets) == 1) or no_names(sheet.rows(), columns)
    if header is None:
        raise no_header(path, columns, _first_row(sheet))
    if sheet.why_hidden:
        report.took(f"{sheet.named}, which is {sheet.why_hidden}, as it was named")
    for other in sheets:
        if other is not sheet:
            _leave_out(report, other, other.why_hidden or "another was named")
    return [_Found(sheet, header)]


def _no_such_sheet(path: Path, titles: Sequence[str], wanted: str) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)} has no sheet {shown(wanted)}.",
        allowed=f"Its sheets are {first_of(list(map(shown, titles)), _TITLES_NAMED)}.",
        next_step="Name one of them with --sheet, letter by letter.",
    )


def _unnamed(path: Path, sheets: Sequence[Sheet], columns: Columns, report: Report) -> list[_Found]:
    """Return the sheets with the columns needed, if they have one header or one is titled so."""
    alone = len(sheets) == 1
    visible = [each for each in sheets if not each.why_hidden]
    looked = _looked_at(path, visible, columns, alone=alone)
    able = [_Found(each, header) for each, header in looked if header is not None]
    if not able:
        raise _none_is_able(path, sheets, columns)
    chosen = able if _are_alike(able) else _titled(able, columns.sheet)
    if not chosen:
        raise _which(path, able)
    for sheet, header in looked:
        if header is None:
            _leave_out(report, sheet, "it has no header with the columns needed")
        elif all(sheet is not found.sheet for found in chosen):
            _leave_out(report, sheet, f"{chosen[0].sheet.named} is the one sought")
    for hidden in sheets:
        if hidden.why_hidden:
            _leave_out(report, hidden, hidden.why_hidden)
    return chosen


def _looked_at(
    path: Path, sheets: Sequence[Sheet], columns: Columns, *, alone: bool
) -> list[tuple[Sheet, Header | None]]:
    """Return each sheet with its header; where none has one, with what may stand for it."""
    looked = [(each, _look(path, each, columns, alone=alone)) for each in sheets]
    if any(header is not None for _, header in looked):
        return looked
    return [(each, no_names(each.rows(), columns)) for each in sheets]


def _none_is_able(path: Path, sheets: Sequence[Sheet], columns: Columns) -> FileRefused:
    hidden = [each for each in sheets if each.why_hidden]
    have = [each.title for each in hidden if _look(path, each, columns) is not None]
    begins = (_first_row(sheet) for sheet in sheets if not sheet.why_hidden)
    return no_header(path, columns, next(filter(None, begins), ()), hidden=have)


def _are_alike(able: Sequence[_Found]) -> bool:
    """Whether sheets have one header, in whatever order."""
    named = [frozenset(map(folded_name, found.header.names)) for found in able]
    return len({names - {""} for names in named}) == 1


def _titled(able: Sequence[_Found], title: str) -> list[_Found]:
    same = [found for found in able if title and folded(found.sheet.title) == folded(title)]
    return same if len(same) == 1 else []


def _which(path: Path, able: Sequence[_Found]) -> FileRefused:
    titles = ", ".join(shown(found.sheet.title) for found in able[:_TITLES_NAMED])
    return FileRefused(
        f"{shown(path.name)} has {len(able)} sheets that could be meant, with different columns: "
        f"{titles}.",
        allowed="Sheets with one header are read together.",
        next_step="Say which with --sheet (“Sheet” on a form).",
    )


def _look(path: Path, sheet: Sheet, columns: Columns, *, alone: bool = False) -> Header | None:
    place = _place(sheet, alone=alone)
    header = header_in(path, sheet.rows(), columns, place=place)
    deep = header and _depth(header, sheet.facts.merged)
    if header is None or not deep or deep == header.line:
        return header
    return header_in(path, sheet.rows(), columns, place=place, deep=deep)


def _depth(header: Header, merged: Sequence[Block]) -> int:
    """Return the last row of a header some of whose cells are merged with those below."""
    limit = header.line + _DEEPEST_HEADER
    ends = [b.bottom for b in merged if b.top <= header.line < b.bottom <= limit]
    return max(ends, default=header.line)


def _place(sheet: Sheet, *, alone: bool) -> str:
    return "row" if alone else f"{sheet.named}, row"


def _first_row(sheet: Sheet) -> Sequence[str]:
    return next((cells for _, cells in sheet.rows() if any(map(str.strip, cells))), ())


def _leave_out(report: Report, sheet: Sheet, why: str) -> None:
    rows = sheet.facts.rows
    count = "1 row" if rows == 1 else f"{rows:,} rows"
    count = f"over {MAX_ROWS:,} rows" if sheet.facts.is_endless else count
    report.leave_out(sheet.named, f"{why} ({count})")


def _refuse_endless(path: Path, chosen: Sequence[_Found]) -> None:
    for found in chosen:
        if found.sheet.facts.is_endless:
            raise too_many_rows(path, found.sheet.named)


# --- what is in it --------------------------------------------------------------------------------


def _section(found: _Found, report: Report, *, alone: bool) -> Section:
    sheet, header = found.sheet, found.header
    place = _place(sheet, alone=alone)
    _say_hidden(report, sheet, header)
    _say_merged(report, sheet, header, place)
    faulty: dict[int, list[int]] = {}
    for at in sorted(set(header.positions.values())):
        for line in sheet.facts.formulas.get(at + 1, ()):
            faulty.setdefault(line, []).append(at)
    return Section(place, header, islice(sheet.rows(), header.last_line, None), faulty)


def _say_hidden(report: Report, sheet: Sheet, header: Header) -> None:
    rows = sheet.facts.hidden_below(header.last_line)
    where = sheet.named
    if rows:
        count = "1 row is" if rows == 1 else f"{rows:,} rows are"
        how = ", as by a filter" if sheet.facts.is_filtered else ""
        report.problem(where, f"{count} hidden{how}", "read too")
        report.count("hidden rows that were read too", rows)
    for at in sorted(set(header.positions.values())):
        if sheet.facts.is_hidden_column(at + 1):
            report.problem(where, f"column {shown(header.names[at])} is hidden", "read too")


def _say_merged(report: Report, sheet: Sheet, header: Header, place: str) -> None:
    read = set(header.positions.values())
    for block in sheet.facts.merged:
        columns = read & set(range(block.left - 1, min(block.right, len(header.names))))
        if not columns or block.bottom < header.line:
            continue
        if block.top <= header.last_line:
            _say_wide_header(report, block, header, place)
        elif block.left - 1 in read and block.bottom > block.top:
            _say_filled(report, block, header.names[block.left - 1], place)
        if block.top > header.last_line and block.right > block.left:
            where = f"{place} {block.top}"
            across = f"cells of {block.right - block.left + 1} columns are merged"
            report.problem(where, across, "their text is taken for the first of them")


def _say_wide_header(report: Report, block: Block, header: Header, place: str) -> None:
    if block.right > block.left and block.bottom >= header.last_line:
        name = shown(header.names[block.left - 1])
        what = f"the name {name} stands over {block.right - block.left + 1} columns"
        report.problem(f"{place} {block.top}", what, "taken for the first of them")


def _say_filled(report: Report, block: Block, name: str, place: str) -> None:
    where = f"{place}s {block.top} to {block.bottom}, column {shown(name)}"
    report.problem(where, "cells are merged", "each row has their text")
    report.count("blocks of merged cells filled down")
