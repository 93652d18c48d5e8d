"""Open channels: narrow gaps between neighbours that are open at an end, as to the sea."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import NZTM2000, to_metres, to_wgs84, xy_to_360
from catchments.geometry.planar import (
    METRES_A_DEGREE,
    Borders,
    Floats,
    Indices,
    Shapes,
    breadths_m,
    polygons_in,
)

_FILM_DEGREES = 2e-8
"""Two millimetres: an open channel must be wider than twice this to be seen."""
_CHANNEL_LENGTHS = 2.0
_CHANNEL_BREADTHS = 10.0
"""An open channel counts when it runs along each of two neighbours for so many sliver widths, and
for so many times its own breadth. Else every notch of the coast where catchments meet would count.
"""
_ROOM_WIDTHS = 4.0
"""Taken for degrees of latitude: more than one width of longitude, too, down to 70° S."""
_BULGE = 0.01
"""Straight in degrees or in metres, an edge of one degree differs by some 0.003: by its square."""


def channels_between(
    outline: Floats, owner: Indices, borders: Borders, ground: Shapes, width_m: float
) -> Iterator[tuple[BaseGeometry, dict[int, float]]]:
    """Yield each channel along outer edges, and how many metres of whose edges lie beside it.

    Where the outlines of two shapes come close, what a morphological closing would fill is a
    channel if it runs far enough along both.
    """
    tree = shapely.STRtree(ground)
    parts: list[BaseGeometry] = []
    for window in _close_outlines(outline, owner, width_m):
        parts += _filled_by_closing(window, ground[tree.query(window)], width_m)
    areas = np.array(parts, dtype=object)
    leasts = np.maximum(_CHANNEL_LENGTHS * width_m, _CHANNEL_BREADTHS * breadths_m(areas))
    for area, lengths, least in zip(areas, borders.of(areas), leasts, strict=True):
        beside = {at: metres for at, metres in lengths.items() if metres >= least}
        yield area, beside


def _close_outlines(outline: Floats, owner: Indices, width_m: float) -> Iterator[BaseGeometry]:
    """Yield areas (degrees) around outer edges of different shapes that are `width_m` apart."""
    beside = _beside_others(outline, owner, width_m)
    if not len(beside):
        return
    outline, owner = outline[beside], owner[beside]
    segments = np.asarray(to_metres(shapely.linestrings(outline), crs=NZTM2000))
    one, other = shapely.STRtree(segments).query(segments, "dwithin", distance=width_m)
    close = np.unique(one[owner[one] != owner[other]])
    if not len(close):
        return
    around = shapely.buffer(segments[close], 1.5 * width_m, quad_segs=2)
    length = shapely.length(segments)
    tree = shapely.STRtree(segments[close])
    for window in shapely.get_parts(shapely.union_all(around)):
        those = close[tree.query(window, "intersects")]
        along = np.bincount(owner[those], weights=length[those])
        if (along >= _CHANNEL_LENGTHS * width_m).sum() > 1:
            degrees = to_wgs84(window, crs=NZTM2000).item()
            yield shapely.transform(degrees, xy_to_360)


def _beside_others(outline: Floats, owner: Indices, width_m: float) -> Indices:
    """Return the edges that may be near one of another shape: all that its box, made wider, meets.

    It is wider by more than a straight edge in degrees is off the one in metres.
    """
    start, end = outline[:, 0], outline[:, 1]
    low, high = np.minimum(start, end), np.maximum(start, end)
    longest = float((high - low).max(initial=0.0))
    room = _ROOM_WIDTHS * width_m / METRES_A_DEGREE + _BULGE * longest**2
    near = np.zeros(len(owner), dtype=bool)
    for one in np.unique(owner).tolist():
        own = owner == one
        (x, y), (x2, y2) = low[own].T, high[own].T
        apart = (low[:, 0] > x2.max() + room) | (high[:, 0] < x.min() - room)
        apart |= (low[:, 1] > y2.max() + room) | (high[:, 1] < y.min() - room)
        near |= ~(own | apart)
    return np.flatnonzero(near)


def _filled_by_closing(window: BaseGeometry, ground: Shapes, width_m: float) -> list[BaseGeometry]:
    """Return what growing and shrinking by half the width fills, in a frame of true directions."""
    west, south, east, north = shapely.bounds(window)
    squeeze = math.cos(math.radians((south + north) / 2))
    half = width_m / 2 / METRES_A_DEGREE
    room = 4 * half / squeeze
    clip = shapely.box(west - room, south - room, east + room, north + room)
    land = _squeezed(shapely.union_all(shapely.intersection(ground, clip)), squeeze)
    closed = shapely.buffer(shapely.buffer(land, half, quad_segs=8), -half, quad_segs=8)
    # Growing and shrinking rounds: without this margin, films of rounding would lie on every edge.
    core = shapely.difference(closed, shapely.buffer(land, _FILM_DEGREES, join_style="mitre"))
    full = shapely.buffer(core, 3 * _FILM_DEGREES, join_style="mitre")
    filled = _squeezed(shapely.difference(full, land), 1 / squeeze)
    return [part for part in polygons_in([filled]) if shapely.intersects(part, window)]


def _squeezed(geometry: BaseGeometry, by: float) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: xy * [by, 1.0])
