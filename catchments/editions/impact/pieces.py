"""Pieces of redrawn catchments: which fall apart, and what is cut off from the rest of one.

Each is compared with what was: an island that was one stays one, whoever has it now. Only pieces
that were not there before, vertex for vertex, are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.changes.naming import listed
from catchments.changes.publication_checks import Concern
from catchments.changes.uncovered import area as in_words
from catchments.core.model import Edition, Place
from catchments.geometry.changing_index import boundaries_near
from catchments.geometry.coordinates import area_m2, geometry_to_360, in_metres, to_180
from catchments.geometry.planar import Flags, Floats, Nearest, Shapes, points_within
from catchments.runtime.remembered import Remembered

PIECES, CUT_OFF = "pieces", "cut-off"
"""Kinds of concerns: a catchment in more pieces than before; ground away from the rest of one."""
FAR_M = 20_000.0
"""Ground further over water than this from the rest of its catchment is cut off from it."""
LEAST_M2 = 10_000.0
"""Of ground smaller than a hectare it is not said that it is cut off."""
SAID_AT_MOST = 5
"""Pieces of one catchment that are said to be cut off: the largest."""
_FAR_DEGREES = FAR_M / 111_000.0
"""So much of latitude, and more than that far of longitude: then it is measured."""

_PARTED = Remembered()
"""What was found of two editions that something still holds."""


def parted(before: Edition, after: Edition) -> tuple[Concern, ...]:
    """Return each catchment that falls into more pieces, and its ground that is cut off anew.

    Cut off is a piece with another catchment beside it, or one further over water than `FAR_M`, if
    it is not the largest of its catchment.
    """
    known: tuple[Concern, ...] | None = _PARTED.of(before, after)
    if known is None:
        known = tuple(_parted(before, after))
        _PARTED.keep(before, after, known)
    return known


def _parted(before: Edition, after: Edition) -> Iterator[Concern]:
    gone = [c for c, b in before.boundaries.items() if after.boundaries.get(c) is not b]
    drawn = [c for c, b in after.boundaries.items() if before.boundaries.get(c) is not b]
    old = {code: _Pieces.of(before.boundaries[code]) for code in gone}
    new = {c: _Pieces.of(after.boundaries[c]) for c in drawn if c in after.catchments}
    there = _marks(list(new.values()))
    were = [piece for each in old.values() for piece in each.shapes[~each.among(there)]]
    known = _marks(list(old.values()))
    for code, pieces in new.items():
        made = pieces.shapes[~pieces.among(known)]
        yield from _apart(code, after, old.get(code), pieces, _more(made, were))
        yield from _cut_off(code, after, old.get(code), pieces)


@dataclass(frozen=True)
class _Pieces:
    """A boundary's polygons, longitudes 0…360, with what tells each from others."""

    shapes: Shapes
    marks: Floats
    """A row for each: its box, area and number of vertices."""
    largest: int

    @classmethod
    def of(cls, boundary: BaseGeometry) -> _Pieces:
        shapes = shapely.get_parts(geometry_to_360(boundary))
        areas, counts = shapely.area(shapes), shapely.get_num_coordinates(shapes)
        marks = np.column_stack([shapely.bounds(shapes), areas, counts])
        return cls(shapes, marks, int(np.argmax(areas)) if len(areas) else 0)

    @cached_property
    def nearest(self) -> Nearest:
        """Finds where the largest is nearest to others."""
        return Nearest(self.shapes[[self.largest]])

    def among(self, marks: set[bytes]) -> Flags:
        """Return which pieces have one of some marks."""
        return np.array([mark.tobytes() in marks for mark in self.marks], dtype=bool)

    @property
    def others(self) -> Flags:
        """Which pieces are not the largest."""
        return np.asarray(np.arange(len(self.shapes)) != self.largest)


def _marks(several: Sequence[_Pieces]) -> set[bytes]:
    return {mark.tobytes() for pieces in several for mark in pieces.marks}


# --- falling apart --------------------------------------------------------------------------------


def _more(made: Shapes, were: Sequence[BaseGeometry]) -> int:
    """Return how many pieces more there are of what was one: each is where a place in it was."""
    if len(made) < 2 or not were:
        return 0
    # Asked of the points' tree: what asks is prepared, and the pieces are large.
    home = shapely.STRtree(points_within(made)).query(were, "intersects")[0]
    return len(home) - len(np.unique(home))


def _apart(
    code: str, after: Edition, old: _Pieces | None, pieces: _Pieces, more: int
) -> Iterator[Concern]:
    now = len(pieces.shapes)
    if not more:
        return
    was = len(old.shapes) if old is not None and len(old.shapes) < now else now - more
    name = after.catchments[code].name
    text = f"{name} ({code}) falls into {now} pieces; before it had {was}."
    if old is None:
        text = f"{name} ({code}) is in {now} pieces, of what was in {was}."
    yield Concern(PIECES, text, codes=(code,))


# --- cut off --------------------------------------------------------------------------------------


def _cut_off(code: str, after: Edition, old: _Pieces | None, pieces: _Pieces) -> Iterator[Concern]:
    maybe = pieces.others & ~_were_apart(pieces, old)
    at = np.flatnonzero(maybe)
    largest_first = at[np.argsort(-pieces.marks[at, 4], kind="stable")]
    said = 0
    for number in largest_first.tolist():
        piece = pieces.shapes[number]
        if said == SAID_AT_MOST or area_m2(piece) < LEAST_M2:
            return
        rest = np.delete(pieces.shapes, number)
        beside = _beside(code, after, piece)
        if beside or _is_far(piece, rest):
            said += 1
            yield _concern(code, after, piece, pieces.nearest, beside)


def _were_apart(pieces: _Pieces, old: _Pieces | None) -> Flags:
    """Return which pieces were away from the largest of their catchment before, too."""
    if old is None or not len(old.shapes):
        return np.zeros(len(pieces.shapes), dtype=bool)
    smaller = old.shapes[old.others]
    same = pieces.among({mark.tobytes() for mark in old.marks[old.others]})
    asked = np.flatnonzero(pieces.others & ~same)
    if len(asked) and len(smaller):
        places = points_within(pieces.shapes[asked])
        hit = shapely.STRtree(places).query(smaller, "intersects")[1]
        same[asked[hit]] = True
    return same


def _beside(code: str, after: Edition, piece: BaseGeometry) -> list[str]:
    """Return the catchments that a piece shares an edge with."""
    west, south, east, north = piece.bounds
    near = boundaries_near(after.boundaries, (west, south, east, north))
    own = shapely.transform(piece, lambda same: same)  # prepared: no other thread's
    shapely.prepare(own)
    return [c for c, shape in near.items() if c != code and shapely.intersects(own, shape)]


def _is_far(piece: BaseGeometry, rest: Shapes) -> bool:
    own = shapely.transform(piece, lambda same: same)  # prepared: no other thread's
    shapely.prepare(own)
    if shapely.dwithin(own, rest, _FAR_DEGREES).any():
        return False
    return _away_m(piece, Nearest(rest)) > FAR_M


def _away_m(piece: BaseGeometry, rest: Nearest) -> float:
    return float(shapely.length(in_metres([rest.line_to(piece)]))[0])


def _concern(
    code: str, after: Edition, piece: BaseGeometry, largest: Nearest, beside: Sequence[str]
) -> Concern:
    (spot,) = points_within([piece])
    away = _away_m(piece, largest)
    apart = f"{away / 1e3:,.0f} km" if away >= 1e3 else f"{away:,.0f} m"
    names = [after.catchments[c].name for c in beside if c in after.catchments]
    where = f", beside {listed(names[:3])}," if names else ","
    much = f"{in_words(area_m2(piece) / 1e6)} of it, sea included{where}"
    text = (
        f"{after.catchments[code].name} ({code}) would be in parts that do not touch: "
        f"{much} is {apart} away from the largest."
    )
    if away < 1:
        text = (
            f"{after.catchments[code].name} ({code}) would be in parts that touch in a point only: "
            f"{much} hangs on the largest by that."
        )
    place = Place(lng=to_180(float(spot.x)), lat=float(spot.y))
    return Concern(CUT_OFF, text, place, (code,), box=piece.bounds)
