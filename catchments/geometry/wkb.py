"""Well-known binary from outside: its type words are checked before a geometry library sees it.

GEOS reads collections by calling itself, so bytes that nest deep enough end the process, and it
believes counts. Here an allow-list is held against the headers alone, in one pass without
recursion: which kinds there may be, how many parts and rings, no more points than there are bytes
for, nothing behind the end. Both byte orders, each part in its own; ISO's dimensions (1000 Z,
2000 M, 3000 ZM) and those of PostGIS, with its SRID.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from struct import Struct
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import InputRefused

Kinds = frozenset[int]
POINTS: Kinds = frozenset({1, 4})
LINES: Kinds = frozenset({2, 5})
POLYGONS: Kinds = frozenset({3, 6})
ALL_KINDS: Kinds = POINTS | LINES | POLYGONS
"""All that may be read at all: no collection, no curve."""

PIECES_AT_MOST = 1_000_000
"""Parts and rings of one geometry: New Zealand's coastline has some ten thousand."""

_POINT, _POLYGON, _MULTIPOINT, _COLLECTION = 1, 3, 4, 7
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
    walk.one_of(kinds, *walk.header())
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


def opened(wkb: bytes, kinds: Kinds = ALL_KINDS) -> list[bytes]:
    """Return the geometries in bytes from outside: those of its collections, however deep they are.

    Not recursive, and linear in the pieces; each that is returned is of one of `kinds` and whole.
    Raises InputRefused as `check` does.
    """
    walk, found = _Walk(wkb), list[bytes]()
    left = [1]
    while left:
        if not left[-1]:
            left.pop()
            continue
        left[-1] -= 1
        begins = walk.at
        kind, dimensions = walk.header()
        if kind == _COLLECTION:
            walk.piece()
            left.append(walk.count(_HEADER))
            continue
        walk.one_of(kinds, kind, dimensions)
        found.append(wkb[begins : walk.at])
    if walk.at != len(wkb):
        raise _refused(f"The geometry ends at byte {walk.at:,} of {len(wkb):,}.", kinds)
    return found


def sound(
    offsets: npt.NDArray[np.integer[Any]], content: npt.NDArray[np.uint8], kinds: Kinds
) -> npt.NDArray[np.bool_]:
    """Return which of many geometries `check` would take; single points without a loop.

    Geometry i is `content[offsets[i]:offsets[i + 1]]`, as Arrow keeps a column of bytes.
    """
    starts, lengths = offsets[:-1].astype(np.int64), np.diff(offsets).astype(np.int64)
    kind, header, body = _headers(content, starts, lengths)
    good = np.zeros(len(starts), dtype=np.bool_)
    if _POINT in kinds:
        good |= (kind == _POINT) & (lengths == header + body)
    if _MULTIPOINT in kinds:
        good |= _multipoints_of_one(content, starts, lengths, kind, header)
    for row in np.flatnonzero(np.isin(kind, sorted(kinds - {_POINT})) & ~good).tolist():
        with suppress(InputRefused):
            check(content[offsets[row] : offsets[row + 1]].tobytes(), kinds)
            good[row] = True
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

    def one_of(self, kinds: Kinds, kind: int, dimensions: int) -> None:
        """Pass what follows the header of a geometry that has to be of one of some kinds."""
        if kind not in kinds:
            raise _refused(f"The geometry is {_named(kind)}.", kinds)
        if kind in _PART_OF:
            self.parts(kind)
        else:
            self.points_of(kind, dimensions)

    def parts(self, kind: int) -> None:
        """Pass the parts of a geometry of several: each has a header of its own."""
        for _ in range(self.count(_HEADER)):
            self.piece()
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
            self._pass(self.count(size), size)

    def _lines(self, kind: int) -> Iterator[None]:
        """Yield once for each list of points: a line is one, a polygon has one a ring."""
        for _ in range(self.count(4) if kind == _POLYGON else 1):
            self.piece()
            yield

    def _pass(self, count: int, size: int) -> None:
        self._need(count * size)
        self.at += count * size
        self.points += count

    def count(self, size: int) -> int:
        """Return how many things of at least some size come next, which there are bytes for."""
        count = self._word()
        if count * size > len(self.wkb) - self.at:
            raise _broken(f"it promises {count:,} pieces that it is too short for", self.at - 4)
        return count

    def piece(self) -> None:
        """Count a part, a ring or a collection."""
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


# --- many at once ---------------------------------------------------------------------------------

_Many = npt.NDArray[np.int64]


def _headers(
    content: npt.NDArray[np.uint8], starts: _Many, lengths: _Many
) -> tuple[_Many, _Many, _Many]:
    """Return of each geometry its kind, -1 for none; how long its header is, and one point."""
    (there,) = np.nonzero(lengths >= _HEADER)
    order, word = _words_after_a_byte(content, starts[there])
    iso, kind = np.divmod(word & (0xFFFFFFFF & ~_FLAGS), 1000)
    has_z = ((word & _Z) > 0) | (iso == 1) | (iso == 3)
    has_m = ((word & _M) > 0) | (iso == 2) | (iso == 3)
    found = np.full((3, len(starts)), -1, dtype=np.int64)
    found[0, there] = np.where((order <= 1) & (iso <= 3), kind, -1)
    found[1, there] = _HEADER + 4 * ((word & _SRID) > 0)
    found[2, there] = 8 * (2 + has_z.astype(np.int64) + has_m)
    return found[0], found[1], found[2]


def _multipoints_of_one(
    content: npt.NDArray[np.uint8], starts: _Many, lengths: _Many, kind: _Many, header: _Many
) -> npt.NDArray[np.bool_]:
    """Return which geometries are multipoints of one point, in one byte order."""
    good = np.zeros(len(starts), dtype=np.bool_)
    (rows,) = np.nonzero((kind == _MULTIPOINT) & (lengths >= header + 4 + _HEADER))
    order = content[starts[rows]]
    before = starts[rows] + header[rows] - 1  # a byte before the count
    one = np.where(order == 1, *_either_way(content, before)) == 1
    inner = header[rows] + 4
    part, part_header, body = _headers(content, starts[rows] + inner, lengths[rows] - inner)
    good[rows] = one & (part == _POINT) & (lengths[rows] == inner + part_header + body)
    return good


def _words_after_a_byte(
    content: npt.NDArray[np.uint8], starts: _Many
) -> tuple[npt.NDArray[np.uint8], _Many]:
    """Return the bytes at some places, and the words after them in the order that they say."""
    order = content[starts]
    return order, np.where(order == 1, *_either_way(content, starts))


def _either_way(content: npt.NDArray[np.uint8], before: _Many) -> tuple[_Many, _Many]:
    """Return the words behind some bytes, read with the little end first, and the big one."""
    raw = np.ascontiguousarray(content[before[:, np.newaxis] + np.arange(1, 5)])
    return raw.view("<u4")[:, 0].astype(np.int64), raw.view(">u4")[:, 0].astype(np.int64)
