"""The workbook of an edition: its schools, its providers, its sources, and a sheet about it."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from catchments.core.column_vocabulary import BY_NAME, Kind
from catchments.core.column_vocabulary import PROVIDER_COLUMNS as PROVIDER_CELLS
from catchments.core.errors import long_date
from catchments.core.plain_cells import Cell
from maps.exports.cells import AS_DAY, AS_TEXT, AS_USUAL, Losses, bold, cell, kept, wrapped
from maps.exports.export_input import ExportInput
from maps.exports.geojson import SOURCE_COLUMNS, by_code, source_cells
from maps.exports.packing import unzipped, zipped
from maps.exports.school_tables import COLUMNS, provider_cells, school_rows
from maps.wording import MADE_UP, credit_lines, in_force

PROVIDER_COLUMNS = (*PROVIDER_CELLS, "catchment_codes", "edition", "demonstration")
"""With a number and a truth: GIS programs take a sheet of texts alone for one without a header."""
ALL_COLUMNS = (*COLUMNS, *PROVIDER_COLUMNS, *SOURCE_COLUMNS)
WIDTHS = {
    "school_name": 38,
    "town": 20,
    "catchment_name": 26,
    "education_region": 30,
    "provider_code": 24,
    "provider_name": 38,
    "provider_phone": 18,
    "provider_email": 30,
    "provider_website": 30,
    "in_school_provision": 34,
    "source": 60,
    "catchment_codes": 60,
    "kind": 20,
    "title": 60,
    "authority": 34,
    "licence": 20,
    "url": 60,
    "sha256": 68,
    "file_name": 34,
    "effective_from": 15,
}
"""Of columns, in characters; the others are as wide as their names."""
SHEETS = {
    "Schools": "every school of the directory with its catchment and provider, and below them "
    "those that only the lists of this edition name",
    "Providers": "every provider once, also those that serve no catchment",
    "Sources": "where all of this came from, with the SHA-256 of each file",
}
MEANINGS = {
    "status": "As the school directory has it; not in the directory, where the directory lacks a "
    "number that the lists of this edition name.",
    "basis": "How the school comes to its catchment: listed, located (inside the boundary), or "
    "nearest; empty where it belongs to no one catchment.",
}
"""Of columns that say more here than the vocabulary has of them."""
STAYS_IN_SIGHT = {"Schools": "C2", "Providers": "C2", "Sources": "B2"}
"""The first cell of each sheet that is moved away as one scrolls."""
SENTENCES = ("in_school_provision", "source", "title")
"""Texts of any length, which some spreadsheets show as #### in cells of the format of texts."""
CORE = "docProps/core.xml"
CORE_PROPERTIES = (
    '<cp:coreProperties xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<dc:creator>Attendance service catchments</dc:creator>"
    "<dc:title>Schools and providers, edition {number}</dc:title>"
    '<dcterms:created xsi:type="dcterms:W3CDTF">{day}T00:00:00Z</dcterms:created>'
    '<dcterms:modified xsi:type="dcterms:W3CDTF">{day}T00:00:00Z</dcterms:modified>'
    "</cp:coreProperties>"
)
"""Written here, since openpyxl's own says the moment, in namespaces that others may rename."""


def schools_xlsx(material: ExportInput) -> bytes:
    """Return every school as a workbook, with providers, sources, and a sheet “About”.

    Every cell is a text, a number, a date or a truth; what does not fit is named in “About”.
    """
    from openpyxl import Workbook

    book, losses = Workbook(write_only=True), Losses()
    rows = list(school_rows(material))
    _fill(book.create_sheet("Schools"), COLUMNS, rows, losses)
    _fill(book.create_sheet("Providers"), PROVIDER_COLUMNS, list(_providers(material)), losses)
    sources = list(map(source_cells, material.sources))
    _fill(book.create_sheet("Sources"), SOURCE_COLUMNS, sources, losses)
    _tell(book.create_sheet("About"), material, losses)
    written = io.BytesIO()
    book.save(written)
    starts = material.edition.effective_from or date(2000, 1, 1)
    return _undated(written.getvalue(), material.edition.number or 0, starts)


def _providers(material: ExportInput) -> Iterator[list[Cell]]:
    served: Mapping[str | None, list[str]] = defaultdict(list)
    for catchment in material.catchments:
        served[catchment.provider_code].append(catchment.code)
    for provider in by_code(material.edition):
        codes = ", ".join(served.get(provider.code, []))
        told = (codes, material.edition.number or 0, material.demonstration)
        yield [*provider_cells(provider), *told]


def _fill(
    sheet: Any, columns: Sequence[str], rows: Sequence[Sequence[Cell]], losses: Losses
) -> None:
    """Write rows below a header that stays in sight and filters."""
    from openpyxl.utils import get_column_letter

    letters = [get_column_letter(at) for at in range(1, len(columns) + 1)]
    formats = [_format(name) for name in columns]
    sheet.freeze_panes = STAYS_IN_SIGHT[sheet.title]
    for letter, name, form in zip(letters, columns, formats, strict=True):
        column = sheet.column_dimensions[letter]
        column.width = WIDTHS.get(name, len(name) + 3)
        column.number_format = form  # of cells that are empty, and of those below
    sheet.auto_filter.ref = f"A1:{letters[-1]}{len(rows) + 1}"
    sheet.append([bold(sheet, name) for name in columns])
    for line, row in enumerate(rows, 2):
        told = zip(row, letters, strict=True)
        held = [kept(value, f"{sheet.title} {at}{line}", losses) for value, at in told]
        sheet.append([cell(sheet, v, form) for v, form in zip(held, formats, strict=True)])


def _format(column: str) -> str:
    kind = BY_NAME[column].kind
    if kind is Kind.DATE:
        return AS_DAY
    return AS_TEXT if kind is Kind.TEXT and column not in SENTENCES else AS_USUAL


def _tell(sheet: Any, material: ExportInput, losses: Losses) -> None:
    """Write where the workbook is from, what its sheets and columns mean, and what it lacks."""
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 110
    release = material.release
    told: list[tuple[str, str]] = [
        ("About", in_force(material)),
        *([("Demonstration data", MADE_UP)] if material.demonstration else []),
        *([("School directory", f"Release of {long_date(release.released)}.")] if release else []),
        *(("Source", line) for line in credit_lines(material)),
        *(("Licence", line) for line in sorted({s.licence for s in material.sources})),
        *((f"Sheet {name}", meaning) for name, meaning in SHEETS.items()),
        *((f"Column {name}", _meaning(name)) for name in dict.fromkeys(ALL_COLUMNS)),
        *losses.told(),
    ]
    for name, value in told:
        sheet.append([bold(sheet, name), wrapped(sheet, value)])


def _meaning(column: str) -> str:
    told = BY_NAME[column]
    unit = f" In {told.unit}." if told.unit else ""
    return MEANINGS.get(column) or f"{told.meaning}{unit}"


def _undated(book: bytes, number: int, day: date) -> bytes:
    """Return a workbook that says what it is, and not when it was written."""
    files = unzipped(book)
    files[CORE] = CORE_PROPERTIES.format(number=number, day=day).encode()
    return zipped(files)
