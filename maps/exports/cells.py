"""Cells of workbooks: a text stays a text whatever it begins with; what does not fit is noted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from catchments.core.plain_cells import Cell

LONGEST_CELL = 32_767
"""How many units of UTF-16 a cell of a workbook has room for: most characters are one, some two."""
AS_TEXT, AS_USUAL, AS_DAY = "@", "General", "yyyy-mm-dd"
"""Formats of cells; in the first a number that is typed stays as it was typed, its zeros too."""
CUTS_TOLD = 20
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass
class Losses:
    """What a cell has no room or no sign for, by the name of the cell."""

    cut: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)

    def told(self) -> Iterator[tuple[str, str]]:
        """Yield what there is to say of them."""
        whole = "The CSV and the GeoJSON of the same edition have them whole."
        if self.cut:
            said = f"have no room for more than {LONGEST_CELL:,} characters, and theirs are cut"
            yield "Cut texts", f"{_named(self.cut)} {said}. {whole}"
        if self.replaced:
            said = "hold characters that a workbook cannot, shown as \ufffd"
            yield "Replaced characters", f"{_named(self.replaced)} {said}. {whole}"


def _named(cells: Sequence[str]) -> str:
    more = len(cells) - CUTS_TOLD
    return ", ".join(cells[:CUTS_TOLD]) + (f" and {more:,} more cells" if more > 0 else "")


def kept(value: Cell, where: str, losses: Losses) -> Cell:
    """Return a value as a cell can hold it, nothing for an empty text; what is lost is noted."""
    if value == "":
        return None
    if not isinstance(value, str) or (value.isprintable() and len(value) <= LONGEST_CELL // 2):
        return value
    written = _NOT_IN_XML.sub("\ufffd", value)
    if written != value:
        losses.replaced.append(where)
    fitting = written.encode("utf-16-le")[: 2 * LONGEST_CELL].decode("utf-16-le", errors="ignore")
    if fitting != written:
        losses.cut.append(where)
    return fitting


def bold(sheet: Any, text: str) -> Any:
    """Return a cell of a text in bold."""
    from openpyxl.styles import Font

    made = cell(sheet, text)
    made.font = Font(bold=True)
    return made


def wrapped(sheet: Any, text: str) -> Any:
    """Return a cell of a text in as many lines as it needs."""
    from openpyxl.styles import Alignment

    made = cell(sheet, kept(text, "", Losses()))
    made.alignment = Alignment(wrap_text=True, vertical="top")
    return made


def cell(sheet: Any, value: Cell, form: str = AS_USUAL) -> Any:
    """Return a cell, none for nothing; a text stays one whatever it begins with, edited or not."""
    from openpyxl.cell import WriteOnlyCell

    if value is None:
        return None  # its column says how it looks
    if not isinstance(value, str):
        return _plain(WriteOnlyCell(sheet, value), form)
    made = WriteOnlyCell(sheet)
    made._value, made.data_type = value, "s"
    if form != AS_USUAL:
        made.number_format = form
    if value.startswith(("=", "+", "-", "@")):
        made.quotePrefix = True
    return made


def _plain(cell: Any, form: str) -> Any:
    if form == AS_DAY:
        cell.number_format = form
    return cell
