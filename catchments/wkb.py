"""Well-known binary from outside: its type words are checked before a geometry library sees it.

GEOS reads collections by calling itself, so bytes that nest deep enough end the process, and it
believes counts. Here an allow-list is held against the headers alone, in one pass without
recursion: which kinds there may be, how many parts and rings, no more points than there are bytes
for, nothing behind the end. Both byte orders, each part in its own; ISO's dimensions (1000 Z,
2000 M, 3000 ZM) and those of PostGIS, with its SRID.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.errors import InputRefused

Kinds = frozenset[int]
POINTS: Kinds = frozenset({1, 4})
LINES: Kinds = frozenset({2, 5})
POLYGONS: Kinds = frozenset({3, 6})
ALL_KINDS: Kinds = POINTS | LINES | POLYGONS
"""All that may be read at all: no collection, no curve."""

PIECES_AT_MOST = 1_000_000
"""Parts and rings of one geometry: New Zealand's coastline has some ten thousand."""

_POINT, _POLYGON = 1, 3
_PART_OF = {4: 1, 5: 2, 6: 3}
_NAMES = {
    1: "a point",
    2: "a line",
    3: "a polygon",
    4: "a multipoint",
    5: "a multiline",
    6: "a multipolygon",
    7: "a geometry collection",
    8: "a circular string",
    9: "a compound curve",
    10: "a curve polygon",
    11: "a multicurve",
    12: "a multisurface",
}
_HEADER = 5
_SRID, _M, _Z = 0x20000000, 0x40000000, 0x80000000
_FLAGS = _SRID | _M | _Z
_WORDS = {0: Struct(">I"), 1: Struct("<I")}
"""How a word of four bytes is read, by the byte that says which end comes first."""


def check(wkb: bytes, kinds: Kinds = POLYGONS) -> int:
    """Return how many points a geometry has, which is of one of `kinds` and whole.

    Whether its rings are closed, and its numbers any, is not looked at. Linear in the pieces, not
    recursive, and allocates nothing. Raises InputRefused, naming what it is and what may be.
    """
    walk = _Walk(wkb)
    kind, dimensions = walk.header()
    if kind not in kinds:
        raise _refused(f"The geometry is {_named(kind)}.", kinds)
    if kind in _PART_OF:
        walk.parts(kind)
    else:
        walk.points_of(kind, dimensions)
    if walk.at != len(wkb):
        raise _refused(f"The geometry ends at byte {walk.at:,} of {len(wkb):,}.", kinds)
    return walk.points


def read(
    wkb: bytes, kinds: Kinds = POLYGONS, *, on_invalid: Literal["raise", "fix"] = "raise"
) -> BaseGeometry:
    """Return the geometry of bytes from outside, which is of one of `kinds`.

    `on_invalid` is shapely's: `fix` closes rings. Raises InputRefused for anything else.
    """
    check(wkb, kinds)
    try:
        geometry = shapely.from_wkb(wkb, on_invalid=on_invalid)
    except shapely.errors.GEOSException as error:
        raise _refused("The geometry is broken.", kinds) from error
    if geometry is None:
        raise _refused("The geometry is broken.", kinds)
    return geometry


def sound(
    offsets: npt.NDArray[np.integer[Any]], content: npt.NDArray[np.uint8], kinds: Kinds
) -> npt.NDArray[np.bool_]:
    """Return which of many geometries `check` would take; single points all at once.

    Geometry i is `content[offsets[i]:offsets[i + 1]]`, as Arrow keeps a column of bytes.
    """
    starts, lengths = offsets[:-1].astype(np.int64), np.diff(offsets)
    good = np.zeros(len(starts), dtype=np.bool_)
    (headed,) = np.nonzero(lengths >= _HEADER)
    words, known = _type_words(content, starts[headed])
    kind, wanted_length = _kinds_and_point_lengths(words)
    is_point = known & (kind == _POINT)
    if _POINT in kinds:
        good[headed] = is_point & (wanted_length == lengths[headed])
    others = headed[known & np.isin(kind, sorted(kinds - {_POINT}))]
    for row in others.tolist():
        good[row] = _is_sound(content[offsets[row] : offsets[row + 1]].tobytes(), kinds)
    return good


# --- one geometry ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Walk:
    """A place in the bytes of a geometry, and what was passed on the way."""

    wkb: bytes
    at: int = 0
    points: int = 0
    pieces: int = 0
    word: Struct = _WORDS[1]

    def header(self) -> tuple[int, int]:
        """Pass a header; return the kind and the numbers a point. An SRID is passed too."""
        self._need(_HEADER)
        order = self.wkb[self.at]
        if order not in _WORDS:
            raise _broken(f"its byte order is {order}", self.at)
        self.word = _WORDS[order]
        self.at += 1
        said = self._word()
        iso, kind = divmod(said & ~_FLAGS, 1000)
        if iso > 3:
            raise _broken(f"it is of the unknown kind {said}", self.at - 4)
        if said & _SRID:
            self._word()
        has_z, has_m = bool(said & _Z) or iso in {1, 3}, bool(said & _M) or iso in {2, 3}
        return kind, 2 + has_z + has_m

    def parts(self, kind: int) -> None:
        """Pass the parts of a geometry of several: each has a header of its own."""
        for _ in range(self._count(_HEADER)):
            self._piece()
            part, dimensions = self.header()
            if part != _PART_OF[kind]:
                raise _broken(f"{_named(kind)} has {_named(part)} in it", self.at)
            self.points_of(part, dimensions)

    def points_of(self, kind: int, dimensions: int) -> None:
        """Pass the points of a geometry that has no parts."""
        size = 8 * dimensions
        if kind == _POINT:
            self._pass(1, size)
            return
        for _ in self._lines(kind):
            self._pass(self._count(size), size)

    def _lines(self, kind: int) -> Iterator[None]:
        """Yield once for each list of points: a line is one, a polygon has one a ring."""
        for _ in range(self._count(4) if kind == _POLYGON else 1):
            self._piece()
            yield

    def _pass(self, count: int, size: int) -> None:
        self._need(count * size)
        self.at += count * size
        self.points += count

    def _count(self, size: int) -> int:
        """Return how many things of at least some size come next, which there are bytes for."""
        count = self._word()
        if count * size > len(self.wkb) - self.at:
            raise _broken(f"it promises {count:,} pieces that it is too short for", self.at - 4)
        return count

    def _piece(self) -> None:
        self.pieces += 1
        if self.pieces > PIECES_AT_MOST:
            raise InputRefused(
                "The geometry has too many parts and rings.",
                allowed=f"It may have {PIECES_AT_MOST:,}.",
                next_step="Divide it, or leave out the smallest.",
            )

    def _word(self) -> int:
        self._need(4)
        (value,) = self.word.unpack_from(self.wkb, self.at)
        self.at += 4
        return int(value)

    def _need(self, size: int) -> None:
        if size > len(self.wkb) - self.at:
            raise _broken("it ends too early", len(self.wkb))


def _broken(what: str, at: int) -> InputRefused:
    return InputRefused(
        f"The geometry is not whole: {what} (byte {at:,}).",
        allowed="It must be well-known binary (WKB).",
        next_step="Write it anew with the program that it came from.",
    )


def _refused(problem: str, kinds: Kinds) -> InputRefused:
    names = [_NAMES[kind] for kind in sorted(kinds)]
    return InputRefused(
        problem,
        allowed=f"It must be {' or '.join(names)} and nothing else, as well-known binary (WKB).",
    )


def _named(kind: int) -> str:
    return _NAMES.get(kind, f"of the unknown kind {kind}")


def _is_sound(wkb: bytes, kinds: Kinds) -> bool:
    try:
        check(wkb, kinds)
    except InputRefused:
        return False
    return True


# --- many points ----------------------------------------------------------------------------------


def _type_words(
    content: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.bool_]]:
    """Return the type words of geometries of five bytes or more, and which byte orders are any."""
    order = content[starts]
    raw = np.ascontiguousarray(content[starts[:, np.newaxis] + np.arange(1, _HEADER)])
    words = np.where(order == 1, raw.view("<u4")[:, 0], raw.view(">u4")[:, 0])
    return words.astype(np.uint32), order <= 1


def _kinds_and_point_lengths(
    words: npt.NDArray[np.uint32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the kind of each type word, -1 for none; and how long a point of it would be."""
    iso, kind = np.divmod((words & np.uint32(~_FLAGS & 0xFFFFFFFF)).astype(np.int64), 1000)
    has_z = ((words & np.uint32(_Z)) > 0) | (iso == 1) | (iso == 3)
    has_m = ((words & np.uint32(_M)) > 0) | (iso == 2) | (iso == 3)
    srid = (words & np.uint32(_SRID)) > 0
    length = _HEADER + 4 * srid + 8 * (2 + has_z.astype(np.int64) + has_m)
    return np.where(iso > 3, -1, kind), length
