"""School tables: every school with its catchment and provider, as CSV and XLSX."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from catchments.core.model import Answer, Provider
from catchments.core.plain_cells import Cell, plain_table
from catchments.lookup.resolver import long_date
from maps.exports.export_input import ExportInput
from maps.exports.packing import unzipped, zipped
from maps.wording import MADE_UP, credit_lines, in_force

COLUMNS = (
    "school_id",
    "school",
    "town",
    "status",
    "catchment_code",
    "catchment",
    "education_region",
    "provider_code",
    "provider",
    "phone",
    "email",
    "website",
    "basis",
    "distance_m",
    "in_school_provision",
    "edition",
    "effective_from",
    "directory_release",
    "demonstration",
    "source",
)
"""Those of the table at /downloads/<edition>/<release>/schools.csv, and a few more."""
WIDTHS = {
    "school": 38,
    "town": 20,
    "catchment": 26,
    "education_region": 30,
    "provider": 38,
    "phone": 16,
    "email": 30,
    "website": 30,
    "in_school_provision": 34,
    "source": 60,
}
"""Of columns, in characters; the others are as wide as their names."""
MEANINGS = {
    "basis": "how the school comes to its catchment: listed, located (inside the boundary), or "
    "nearest; empty where it belongs to no one catchment",
    "distance_m": "metres to the boundary, where the basis is nearest",
    "directory_release": "the release of the school directory that the edition was checked against",
}
LONGEST_CELL = 32_767
"""Characters that a cell of a workbook has room for."""
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
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def school_rows(material: ExportInput) -> Iterator[list[Cell]]:
    """Yield a row of COLUMNS for each school of the directory release, by the release's order.

    `distance_m` is in metres, and only where the basis is `nearest`.
    """
    origin = _origin(material)
    for answer in (material.answers or {}).values():
        yield [*_school(answer), *_belonging(answer), *origin]


def schools_csv(material: ExportInput) -> bytes:
    """Return every school as CSV: RFC 4180, UTF-8, a first line of names; no cell is a formula."""
    return plain_table(COLUMNS, school_rows(material))


def schools_xlsx(material: ExportInput) -> bytes:
    """Return every school as a workbook, with a sheet “About”; every cell is a text or a number."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _fill(book.create_sheet("Schools"), material)
    _tell(book.create_sheet("About"), material)
    written = io.BytesIO()
    book.save(written)
    starts = material.edition.effective_from or date(2000, 1, 1)
    return _undated(written.getvalue(), material.edition.number or 0, starts)


def _school(answer: Answer) -> list[Cell]:
    school = answer.school
    assert school  # noqa: S101 - an answer for a school of the directory has it
    return [school.school_id, school.name, school.city, school.status.value]


def _belonging(answer: Answer) -> list[Cell]:
    catchment = answer.catchment
    where: list[Cell] = [None] * 3
    if catchment:
        where = [catchment.code, catchment.name, catchment.education_region]
    basis = answer.basis.value if answer.basis and catchment else None
    distance_m = None if answer.distance_m is None else round(answer.distance_m)
    return [*where, *_provider(answer.provider), basis, distance_m, answer.in_school_provision]


def _provider(provider: Provider | None) -> list[Cell]:
    if provider is None:
        return [None] * 5
    return [provider.code, provider.name, provider.phone, provider.email, provider.website]


def _origin(material: ExportInput) -> list[Cell]:
    starts, release = material.edition.effective_from, material.release
    return [
        material.edition.number or 0,
        starts.isoformat() if starts else None,
        release.released.isoformat() if release else None,
        "yes: made up" if material.demonstration else "no",
        "; ".join(dict.fromkeys(f"{s.authority} ({s.licence})" for s in material.sources)),
    ]


# --- the workbook ---------------------------------------------------------------------------------


def _fill(sheet: Any, material: ExportInput) -> None:
    """Write all schools below a header that stays in sight and filters."""
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "C2"
    for at, name in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(at)].width = WIDTHS.get(name, len(name) + 3)
    rows = list(school_rows(material))
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}{len(rows) + 1}"
    sheet.append([_bold(sheet, name) for name in COLUMNS])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _tell(sheet: Any, material: ExportInput) -> None:
    """Write where the table is from, and what its columns mean."""
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 110
    release = material.release
    told: list[tuple[str, Any]] = [
        ("About", in_force(material)),
        *([("Demonstration data", MADE_UP)] if material.demonstration else []),
        *([("School directory", f"Release of {long_date(release.released)}.")] if release else []),
        *(("Source", line) for line in credit_lines(material)),
        *(("Licence", line) for line in sorted({s.licence for s in material.sources})),
        *((f"Column {name}", meaning) for name, meaning in MEANINGS.items()),
    ]
    for name, value in told:
        sheet.append([_bold(sheet, name), _cell(sheet, value, wrap=True)])


def _bold(sheet: Any, text: str) -> Any:
    from openpyxl.styles import Font

    cell = _cell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Cell, *, wrap: bool = False) -> Any:
    """Return a cell; a text stays a text whatever it begins with, also after it is edited."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment

    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet)
    cell._value, cell.data_type = _NOT_IN_XML.sub("\ufffd", value[:LONGEST_CELL]), "s"
    if value.startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True
    if wrap:
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _undated(book: bytes, number: int, day: date) -> bytes:
    """Return a workbook that says what it is, and not when it was written."""
    files = unzipped(book)
    files[CORE] = CORE_PROPERTIES.format(number=number, day=day).encode()
    return zipped(files)
