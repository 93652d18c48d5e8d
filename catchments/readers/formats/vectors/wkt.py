"""Shapes as texts: WKT and EWKT, collections opened to any depth, and WKB in hexadecimal."""

from __future__ import annotations

import re

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import InputRefused
from catchments.geometry import wkb
from catchments.readers.formats.vectors.layers import in_one_collection

EXCEL_CELL = 32_767
"""Characters that a cell of a spreadsheet has room for."""
_EWKT = re.compile(r"\s*SRID\s*=\s*(\d{1,6})\s*;", re.IGNORECASE)
# Nothing in these goes back over what it has read: each is linear, whatever a text is.
_HEX = re.compile(r"\s*+(?:\\x|0x)?+((?:[0-9A-Fa-f]{2}){9,}+)\s*+")
_MARKS = re.compile(r"GEOMETRYCOLLECTION\s*+(?:ZM|Z|M)?+\s*+(\(|EMPTY)|[(),]", re.IGNORECASE)
_BEGINS = re.compile(
    r"\s*+(?:SRID\s*+=\s*+\d++\s*+;\s*+)?[A-Z]++\s*+(?:ZM|Z|M)?+\s*+(?:\(|EMPTY)", re.I
)
_PIECES_AT_MOST = 1_000_000


def looks_like_a_shape(text: str) -> bool:
    """Whether a text may be WKT or WKB in hexadecimal, by its start."""
    return bool(_BEGINS.match(text) or _HEX.fullmatch(text[:2_000]) or _HEX.match(text))


def shape_in(text: str) -> tuple[BaseGeometry | None, int]:
    """Return the shape that a text is, None for an empty one, and its SRID, 0 if it says none.

    Raises ValueError, saying what is wrong.
    """
    if hexadecimal := _HEX.fullmatch(text):
        return _of_wkb(bytes.fromhex(hexadecimal.group(1)))
    said = _EWKT.match(text)
    with np.errstate(invalid="ignore"):
        parts = [_of_wkt(part) for part in _opened(text[said.end() :] if said else text)]
    return in_one_collection(parts), int(said.group(1)) if said else 0


def _of_wkb(content: bytes) -> tuple[BaseGeometry | None, int]:
    try:
        parts = [wkb.read(part, wkb.ALL_KINDS, on_invalid="fix") for part in wkb.opened(content)]
    except InputRefused as error:
        raise ValueError(error.problem) from error
    return in_one_collection(parts), next((n for n in map(shapely.get_srid, parts) if n), 0)


def _of_wkt(text: str) -> BaseGeometry:
    try:
        made: BaseGeometry | None = shapely.from_wkt(text, on_invalid="fix")
    except (shapely.errors.GEOSException, NotImplementedError) as error:  # the latter for curves
        raise ValueError(str(error)) from error
    if made is None:
        raise ValueError(text[:80])
    return made


def _opened(text: str) -> list[str]:
    """Return the texts of a shape, or of those in a collection; GEOS would call itself for each."""
    if "GEOMETRYCOLLECTION" not in text.upper():
        return [text]
    walk = _Walk(text)
    for mark in _MARKS.finditer(text):
        walk.pass_by(mark)
    walk.end()
    kept = [part for part in walk.found if part.strip()]
    if len(kept) > _PIECES_AT_MOST:
        raise ValueError("it has too many pieces")
    return kept


class _Walk:
    """A place in a text of collections, and the texts of the shapes that were passed."""

    def __init__(self, text: str) -> None:
        self.found: list[str] = []
        self._text, self._begins = text, 0
        self._open: list[bool] = []
        """For each parenthesis that is open, whether it is a collection's."""

    def pass_by(self, mark: re.Match[str]) -> None:
        """Go on to a parenthesis, a comma or a collection. Raises ValueError for one too many."""
        if mark.group(0) == "(":
            self._open.append(False)
        elif mark.group(1):
            self._enter(mark)
        elif mark.group(0) == ")":
            self._leave(mark)
        elif all(self._open[-1:]):
            self._take(mark)

    def end(self) -> None:
        """Raise ValueError where something is open still, or stands behind the end."""
        if self._open or self._text[self._begins :].strip():
            raise ValueError("its parentheses do not match")

    def _enter(self, mark: re.Match[str]) -> None:
        if not all(self._open[-1:]) or self._text[self._begins : mark.start()].strip():
            raise ValueError("something stands before a collection in it")
        if mark.group(1) == "(":
            self._open.append(True)
        self._begins = mark.end()

    def _leave(self, mark: re.Match[str]) -> None:
        if not self._open:
            raise ValueError("it closes what it has not opened")
        if self._open.pop():
            self._take(mark)

    def _take(self, mark: re.Match[str]) -> None:
        self.found.append(self._text[self._begins : mark.start()])
        self._begins = mark.end()
