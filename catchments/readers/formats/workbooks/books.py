"""The sheets of an open workbook, each with its state, its cells as texts, and what hides them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZipFile

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.workbooks.cell_texts import seen_text
from catchments.readers.formats.workbooks.merged import filled_down
from catchments.readers.formats.workbooks.packages import bad_workbook, refuse_unsafe_package
from catchments.readers.formats.workbooks.sheet_scan import ScanRefused, SheetFacts, scan_sheet

MAX_SHEETS = 250
MAX_CELLS = 20_000_000
"""Of one sheet, with the blank ones: two hundred columns in as many rows as are read."""
_EXCEL_LAST_ROW = 1_048_576


class Sheet:
    """One sheet of an open workbook, of cells."""

    def __init__(self, path: Path, sheet: Any, archive: ZipFile, part: str) -> None:
        self.title = str(sheet.title)
        self.why_hidden = {"visible": "", "hidden": "hidden"}.get(
            sheet.sheet_state, "hidden so that a spreadsheet does not list it"
        )
        """Empty where it is shown."""
        self._path, self._sheet = path, sheet
        self._archive, self._part = archive, part

    @property
    def named(self) -> str:
        """What messages call it."""
        return f"sheet {shown(self.title)}"

    @cached_property
    def facts(self) -> SheetFacts:
        """What is merged or hidden in it, and the rows it has. Raises FileRefused."""
        try:
            with self._archive.open(self._part) as part:
                return scan_sheet(part)
        except ScanRefused as refused:
            raise bad_workbook(self._path, str(refused)) from refused
        except Exception as error:  # XML and zip errors, and references that are none
            raise bad_workbook(self._path) from error

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row, empty ones too, so that numbers are those a person sees.

        Merged cells are filled down: a cell has the text of the block that it is in.
        """
        return filled_down(self._bare_rows(), self.facts.merged)

    def _bare_rows(self) -> Iterator[tuple[int, list[str]]]:
        last = min(self.facts.last_row, _EXCEL_LAST_ROW)
        try:
            self._sheet.reset_dimensions()  # some programs write a wrong extent: rows beyond count
            cells = 0
            for line, row in enumerate(islice(self._sheet.iter_rows(), last), 1):
                cells += len(row)  # a row is as wide as its last cell says, with blank ones before
                if cells > MAX_CELLS:
                    raise bad_workbook(self._path, f"a sheet has over {MAX_CELLS:,} cells")
                yield line, _trimmed([_text_of(cell) for cell in row])
        except FileRefused:
            raise
        except Exception as error:  # as above: XML and zip errors surface while rows are read
            raise bad_workbook(self._path) from error


@contextmanager
def open_workbook(path: Path) -> Iterator[tuple[list[Sheet], list[str]]]:
    """Open a workbook: its sheets of cells, and the titles of those that are charts.

    Raises FileRefused, here or while rows are read.
    """
    with path.open("rb") as file, warnings.catch_warnings():
        # openpyxl warns of styles and extensions it leaves out; we only take values.
        warnings.filterwarnings("ignore", module=r"openpyxl(\..*)?$")
        refuse_unsafe_package(path, file)
        with _loaded(path, file) as found:
            yield found


@contextmanager
def _loaded(path: Path, file: IO[bytes]) -> Iterator[tuple[list[Sheet], list[str]]]:
    from openpyxl.reader.excel import ExcelReader

    try:
        reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
        reader.read()
        sheets = _sheets_of(path, reader)
        charts = [str(chart.title) for chart in reader.wb.chartsheets]
    except FileRefused:
        raise
    except Exception as error:  # openpyxl lets through whatever its parsers meet
        raise bad_workbook(path) from error
    try:
        yield sheets, charts
    finally:
        reader.wb.close()


def _sheets_of(path: Path, reader: Any) -> list[Sheet]:
    """Pair the sheets that openpyxl opened with their parts of the archive; both are in order."""
    parts = [rel.target for _, rel in reader.parser.find_sheets() if "chartsheet" not in rel.Type]
    if any(part not in reader.valid_files for part in parts) or not (
        parts or reader.wb.chartsheets
    ):
        raise bad_workbook(path, "a sheet that it names is not in it")
    if len(parts) > MAX_SHEETS:
        raise bad_workbook(path, f"it has more than {MAX_SHEETS} sheets")
    if len(set(parts)) < len(parts):
        raise bad_workbook(path, "two sheets of it are one part, which no spreadsheet writes")
    archive = cast("ZipFile", reader.archive)
    pairs = zip(reader.wb.worksheets, parts, strict=True)
    return [Sheet(path, sheet, archive, part) for sheet, part in pairs]


def _text_of(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    # Only a number's format says what is seen; to look it up takes longer than to read a text.
    return seen_text(value, cell.number_format if isinstance(value, int | float) else None)


def _trimmed(cells: list[str]) -> list[str]:
    """Drop the empty cells that pad a row."""
    while cells and not cells[-1]:
        cells.pop()
    return cells
