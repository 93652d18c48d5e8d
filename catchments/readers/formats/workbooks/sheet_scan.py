"""A look over a sheet before its cells are read: merged and hidden ones, formulas without a value.

openpyxl holds a whole workbook to tell these, so the sheet's XML is looked over here, a block at a
time, by expat without entities. What is kept is bounded, whatever the sheet's size.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

MAX_SCANNED_ROWS = 101_000
"""Rows with something in them, a few more than a table may have: what comes after is not seen."""
MAX_MERGED = 10_000
"""Blocks of merged cells in one sheet."""
MAX_HIDDEN = 1_000
"""Runs of hidden columns in one sheet."""
_FORMULAS_KEPT = 200
"""Of each column: more than a preamble has rows, so that a table's first is among them."""
_BLOCK_BYTES = 1 << 16
_TRUE = {"1", "true"}
_STRICT = "purl.oclc.org"


class ScanRefused(Exception):
    """Why a sheet cannot be read, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Block:
    """Merged cells, by the numbers of their first and last column and row, from 1."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass
class SheetFacts:
    """What is known of a sheet's cells beside their texts."""

    rows: int = 0
    """Rows with something in them."""
    last_row: int = 0
    """The number of the last of them; blank ones may follow, a million if they are coloured."""
    is_endless: bool = False
    """Whether there are more rows than are looked at."""
    merged: list[Block] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    """The first and last number of each run of them."""
    is_filtered: bool = False
    formulas: dict[int, list[int]] = field(default_factory=dict)
    """Column → the first rows in it whose formula has no value."""
    hidden_rows: array[int] = field(default_factory=lambda: array("L"))
    """Their numbers, rising, of those with something in them."""

    def hidden_below(self, row: int) -> int:
        """Return how many hidden rows come after one."""
        return len(self.hidden_rows) - bisect_right(self.hidden_rows, row)

    def is_hidden_column(self, number: int) -> bool:
        """Whether a column, from 1, is not shown."""
        return any(first <= number <= last for first, last in self.hidden_columns)


def scan_sheet(part: IO[bytes]) -> SheetFacts:
    """Look over a sheet's part.

    Raises ScanRefused, expat.ExpatError where it is not XML, and ValueError for references that
    are none.
    """
    scan = _Scan()
    while not scan.facts.is_endless and (block := part.read(_BLOCK_BYTES)):
        scan.parser.Parse(block)
    if not scan.facts.is_endless:
        scan.parser.Parse(b"", True)
    scan.facts.merged.sort(key=lambda block: (block.top, block.left))
    return scan.facts


class _Scan:
    def __init__(self) -> None:
        self.facts = SheetFacts()
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = _refuse_document_type
        self.parser.StartElementHandler = self._root
        self.parser.EndElementHandler = self._end
        self.row, self.column = 0, 0
        self.letters = ""
        """Those of the last cell that says where it is."""
        self.is_filled = self.is_hidden = False
        self.has_formula = self.has_value = self.is_text = False
        self.reference: str | None = None

    def _root(self, name: str, _attributes: dict[str, str]) -> None:
        if _STRICT in name:
            raise ScanRefused("it is of the Strict kind of .xlsx")
        self.parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(" ")[2]
        if kind == "c":
            self._cell(attributes)
        elif kind in ("v", "is"):
            self._value(kind)
        elif kind == "f":
            self.has_formula = True
        elif kind == "row":
            self._row(attributes)
        elif kind == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif kind == "col":
            self._columns(attributes)
        elif kind == "filterColumn":
            self.facts.is_filtered = True

    def _end(self, name: str) -> None:
        kind = name.rpartition(" ")[2]
        if kind == "v":
            self.parser.CharacterDataHandler = None
        elif kind == "c" and self.has_formula:
            self._formula()
        elif kind == "row" and self.is_filled:
            self.facts.rows += 1
            self.facts.last_row = max(self.row, self.facts.last_row)
            self.facts.is_endless = self.facts.rows > MAX_SCANNED_ROWS
            if self.is_hidden:
                self.facts.hidden_rows.append(self.row)

    def _row(self, attributes: dict[str, str]) -> None:
        given = attributes.get("r")
        before, self.row = self.row, int(float(given)) if given else self.row + 1
        if self.row <= before:
            raise ScanRefused(f"row {self.row} of a sheet stands below row {before}")
        self.column, self.letters = 0, ""
        self.is_filled = False
        self.is_hidden = attributes.get("hidden") in _TRUE or attributes.get("ht") == "0"

    def _cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        # Most cells say where they are; what it says is only looked at where it matters.
        self.reference = reference
        if reference is None:
            self.column = self.column + 1 if self.column else self._next_column()
        else:
            self._refuse_going_back(reference)
        self.is_text = attributes.get("t") == "str"
        self.has_formula = self.has_value = False

    def _refuse_going_back(self, reference: str) -> None:
        """Refuse a cell that stands left of the one before: one of both would be lost."""
        letters = reference.rstrip("0123456789")
        if not (len(self.letters), self.letters) < (len(letters), letters):
            raise ScanRefused(f"cell {reference[:20]} of a sheet stands after {self.letters}")
        self.column, self.letters = 0, letters

    def _next_column(self) -> int:
        return coordinate_to_tuple(f"{self.letters}1")[1] + 1 if self.letters else 1

    def _value(self, kind: str) -> None:
        if not self.has_formula:
            self.is_filled = True
        elif kind == "is" or self.is_text:  # a formula may say that there is no text
            self.is_filled = self.has_value = True
        else:
            self.parser.CharacterDataHandler = self._text

    def _text(self, _text: str) -> None:
        self.is_filled = self.has_value = True
        self.parser.CharacterDataHandler = None

    def _formula(self) -> None:
        self.is_filled = True
        if self.has_value:
            return
        at = self.reference
        column = self.column if at is None else coordinate_to_tuple(at)[1]
        rows = self.facts.formulas.setdefault(column, [])
        if len(rows) < _FORMULAS_KEPT:
            rows.append(self.row)

    def _merge(self, reference: str) -> None:
        if len(self.facts.merged) >= MAX_MERGED:
            raise ScanRefused(f"a sheet has more than {MAX_MERGED:,} blocks of merged cells")
        left, top, right, bottom = range_boundaries(reference)
        if not (left and top and right and bottom):
            raise ValueError(reference)
        self.facts.merged.append(Block(left, top, right, bottom))

    def _columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in _TRUE or attributes.get("width") == "0":
            run = int(attributes.get("min", "0")), int(attributes.get("max", "0"))
            self.facts.hidden_columns.append(run)
            if len(self.facts.hidden_columns) > MAX_HIDDEN:
                raise ScanRefused(f"a sheet hides more than {MAX_HIDDEN:,} runs of columns")


def _refuse_document_type(*_: object) -> None:
    raise ScanRefused("a part of it declares entities, which no spreadsheet does")
