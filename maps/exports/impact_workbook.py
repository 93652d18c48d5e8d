"""The workbook of an impact: catchments, providers and schools before and after, and the risks."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catchments.core.model import Catchment, Edition, Provider
from catchments.core.plain_cells import Cell
from catchments.editions.differences import SchoolChange
from catchments.editions.impact.tables import NOTHING, Impact, Numbers, Row
from maps.exports.cells import Losses, bold, cell, kept, wrapped

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEASURES = ("schools", "students", "estimated_absent", "area_km2")
SIDES = ("before", "after", "difference")
NUMBERS = tuple(f"{measure}_{side}" for measure in MEASURES for side in SIDES)
CATCHMENTS = ("code", "name", "provider_before", "provider_after", *NUMBERS)
PROVIDERS = ("code", "name", *NUMBERS, "capacity")
SCHOOLS = (
    *("school_id", "school_name", "town", "roll"),
    *(f"{what}_{side}" for what in ("provider", "catchment") for side in SIDES[:2]),
)
RISKS = ("kind", "what")
WIDTHS = {"name": 34, "school_name": 38, "what": 120, "kind": 24}
"""Of columns, in characters; others are as wide as their names."""


@dataclass(frozen=True)
class Paper:
    """What is laid on paper, and what is said about it."""

    about: Sequence[tuple[str, str]]
    found: Impact
    before: Edition
    after: Edition


def impact_xlsx(paper: Paper) -> bytes:
    """Return an impact as a workbook; every cell is a text or a number, and none is run."""
    from openpyxl import Workbook

    book, found = Workbook(write_only=True), paper.found
    book.properties.creator = "Attendance service catchments"
    about = book.create_sheet("About")
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 24, 110
    for name, said in paper.about:
        about.append([bold(about, name), wrapped(about, said)])
    _fill(book.create_sheet("Catchments"), CATCHMENTS, _catchments(paper))
    _fill(book.create_sheet("Providers"), PROVIDERS, map(_provider, found.providers))
    moved = (*found.moved, *found.relisted)
    _fill(book.create_sheet("Schools"), SCHOOLS, map(_school, moved))
    _fill(book.create_sheet("Risks"), RISKS, _risks(found))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _catchments(paper: Paper) -> Iterator[list[Cell]]:
    for row in paper.found.catchments:
        served = (_served(edition, row.code) for edition in (paper.before, paper.after))
        yield [row.code, row.name, *served, *_numbers(row)]


def _served(edition: Edition, code: str) -> Cell:
    return _name(edition.provider_of(edition.catchments.get(code)))


def _provider(row: Row) -> list[Cell]:
    return [row.code, row.name, *_numbers(row), row.capacity]


def _numbers(row: Row) -> Iterator[Cell]:
    """Yield before, after and difference of each measure; nothing where the row is not there."""
    for measure in MEASURES:
        for numbers in (row.before, row.after, row.difference):
            yield _rounded(numbers, measure)


def _rounded(numbers: Numbers | None, measure: str) -> Cell:
    value: float | None = getattr(numbers or NOTHING, measure) if numbers else None
    return round(value, 1) if isinstance(value, float) else value


def _school(change: SchoolChange) -> list[Cell]:
    school, before, after = change
    names = (before.provider, after.provider, before.catchment, after.catchment)
    return [school.school_id, school.name, school.city, school.roll, *map(_name, names)]


def _name(thing: Provider | Catchment | None) -> Cell:
    return thing.name if thing else None


def _risks(found: Impact) -> Iterator[list[Cell]]:
    for block in found.blocks:
        yield ["blocks publication", block.sentence]
    for warning in found.warnings:
        yield ["was so before" if warning.as_before else "to look at", warning.sentence]


def _fill(sheet: Any, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write rows below a header that stays in sight."""
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "A2"
    for at, name in enumerate(columns, 1):
        width = WIDTHS.get(name, max(len(name) + 2, 12))
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.append([bold(sheet, name) for name in columns])
    losses = Losses()
    for row in rows:
        sheet.append([cell(sheet, kept(value, "", losses)) for value in row])
