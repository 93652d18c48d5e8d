"""Counting: how many addresses of a book lie in each of some areas."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import to_360_many
from catchments.geometry.planar import Box, Floats, in_box
from catchments.lookup.search.addresses.building import DEGREE

_HALF, _WHOLE = 180 * DEGREE, 360 * DEGREE
_IN_BOX = (
    "SELECT lng, lat, road_id, number, suffix, unit, label FROM address "
    "WHERE lng BETWEEN ? AND ? AND lat BETWEEN ? AND ?"
)
"""A book has no index of places: all rows are passed over, once for all areas."""
_ROWS_AT_ONCE = 50_000

Row = tuple[int, int, int, int, str, str, str]


def counts_within(connection: sqlite3.Connection, areas: Sequence[BaseGeometry]) -> list[int]:
    """Return how many addresses lie in each area, WGS 84 with longitudes 0…360, or on its edge."""
    tallies = [_Tally(area) for area in areas if not area.is_empty]
    for box in _boxes(shapely.total_bounds([tally.area for tally in tallies]).tolist()):
        rows = connection.execute(_IN_BOX, box)
        while several := rows.fetchmany(_ROWS_AT_ONCE):
            xy = np.array([row[:2] for row in several], dtype=np.float64) / DEGREE
            xy[:, 0] = to_360_many(xy[:, 0])
            for tally in tallies:
                tally.add(several, xy)
    counted = iter(tallies)
    return [0 if area.is_empty else next(counted).count() for area in areas]


class _Tally:
    """The addresses that were found in one area.

    A book has an address under several numbers, such as those of a range: it counts once.
    """

    def __init__(self, area: BaseGeometry) -> None:
        self.area = shapely.transform(area, lambda same: same)  # prepared, so no other thread's
        shapely.prepare(self.area)
        self._box: Box = area.bounds
        self._found: set[tuple[int, int, int, str, str]] = set()
        self._flats: set[tuple[int, int, int]] = set()

    def add(self, rows: Sequence[Row], xy: Floats) -> None:
        near = np.flatnonzero(in_box(xy, self._box))
        for at in near[shapely.intersects_xy(self.area, xy[near])].tolist():
            lng, lat, road, number, suffix, unit, label = rows[at]
            self._found.add((road, lng, lat, unit, label or f"{number}{suffix}"))
            if unit:
                self._flats.add((road, lng, lat))

    def count(self) -> int:
        # A building that only flats are known of stands in the book at the place of one of them.
        return sum(
            1
            for road, lng, lat, unit, _ in self._found
            if unit or (road, lng, lat) not in self._flats
        )


def _boxes(bounds: Sequence[float]) -> Iterator[tuple[int, int, int, int]]:
    """Yield bounds as a book keeps them: two boxes for what lies on both sides of 180°."""
    if any(map(math.isnan, bounds)):
        return
    west, south, east, north = bounds
    left, right = math.floor(west * DEGREE), math.ceil(east * DEGREE)
    low, high = math.floor(south * DEGREE), math.ceil(north * DEGREE)
    if left <= _HALF:
        yield left, min(right, _HALF), low, high
    if right > _HALF:
        yield max(left, _HALF) - _WHOLE, right - _WHOLE, low, high
