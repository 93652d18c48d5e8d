"""Workbooks: the sheets of an XLSX file, row by row, as texts."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.cells import cell_text

T = TypeVar("T")

UNPACKED_LIMIT_MB = 100
"""The largest workbook, unpacked, that is read."""
_MEGABYTE = 1 << 20
_EXCEL_LAST_ROW = 1_048_576


class Sheet:
    """One sheet of an open workbook."""

    def __init__(self, path: Path, sheet: Any) -> None:
        self.title = str(sheet.title)
        self._path, self._sheet = path, sheet

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every row, empty ones too, so that numbers are those a person sees."""
        try:
            self._sheet.reset_dimensions()  # some programs write a wrong extent: rows beyond count
            values = self._sheet.iter_rows(values_only=True)
            for line, row in enumerate(islice(values, _EXCEL_LAST_ROW), 1):
                yield line, _trimmed([cell_text(value) for value in row])
        except FileRefused:
            raise
        except Exception as error:  # as above: XML and zip errors surface while rows are read
            raise _bad_workbook(self._path) from error


def first_sheet_with(
    sheets: Sequence[Sheet], look: Callable[[Sheet], T | None]
) -> tuple[Sheet, T] | None:
    """Return the sheet that is read, the first in which `look` finds something, and what it is."""
    for sheet in sheets:
        if (found := look(sheet)) is not None:
            return sheet, found
    return None


@contextmanager
def open_workbook(path: Path) -> Iterator[list[Sheet]]:
    """Open a workbook's sheets. Raises FileRefused, here or while rows are read."""
    with path.open("rb") as file, warnings.catch_warnings():
        # openpyxl warns of styles and extensions it leaves out; we only take values.
        warnings.filterwarnings("ignore", module=r"openpyxl(\..*)?$")
        _refuse_unsafe_zip(path, file)
        book = _loaded(path, file)
        try:
            yield [Sheet(path, sheet) for sheet in book.worksheets]
        finally:
            book.close()


def _refuse_unsafe_zip(path: Path, file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except Exception as error:  # the many ways in which a damaged archive shows itself
        raise _bad_workbook(path) from error
    if any(member.flag_bits & 1 for member in members):
        raise FileRefused(
            f"{shown(path.name)} is locked with a password.",
            next_step="Save it without a password.",
        )
    unpacked = sum(member.file_size for member in members)
    if unpacked > UNPACKED_LIMIT_MB * _MEGABYTE:
        raise FileRefused(
            f"{shown(path.name)} unpacks to {unpacked / _MEGABYTE:,.0f} MB.",
            allowed=f"At most {UNPACKED_LIMIT_MB} MB are read.",
            next_step="Save the one sheet that matters as CSV UTF-8.",
        )


def _bad_workbook(path: Path) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)} is not a workbook that can be read: it is damaged or another format.",
        next_step="Download it again, or open it and save it as .xlsx or CSV UTF-8.",
    )


def _loaded(path: Path, file: IO[bytes]) -> Any:
    from openpyxl import load_workbook

    try:
        return load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl lets through whatever its parsers meet
        raise _bad_workbook(path) from error


def _trimmed(cells: list[str]) -> list[str]:
    """Drop the empty cells that pad a row."""
    while cells and not cells[-1]:
        cells.pop()
    return cells
