"""Distances to boundaries: how far millions of points are from each, in metres.

All boundaries' edges are cut short, projected once and kept in two trees: in EPSG:2193, and round
the Chathams in EPSG:3793. Which boundary covers a point is not asked here: `spatial_index` knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import (
    CHATHAM_LNG_360,
    CHATHAM_TM2000,
    NZTM2000,
    WGS84,
    transformer,
)

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]
Geometries = npt.NDArray[np.object_]

ERROR_M = 0.005
"""Bounds the difference from distances to the same edges cut elsewhere: each is off by < 1 mm."""
_STRAIGHT_DEGREES = 0.002
"""Edges are straight in degrees, and so are bent in metres: by less than 1 mm at this length."""
_EDGES_A_PIECE = 16
_REACH_DEGREES = 0.2
"""How far each tree reaches beyond the meridian between them: 14 km."""


@dataclass(frozen=True)
class Near:
    """Pairs of a point and a boundary with an edge near it, each once: by point, nearest first."""

    points: int
    """How many points were asked about."""

    point: Ints
    """The point's place among those asked about."""
    boundary: Ints
    """The boundary's place among those that the distances were made of."""
    distance_m: Floats

    @property
    def is_first(self) -> Bools:
        """Which pairs are their point's nearest."""
        first: Bools = np.diff(self.point, prepend=-1) != 0
        return first

    def where(self, kept: Bools) -> Near:
        """Return only some of the pairs."""
        return Near(self.points, self.point[kept], self.boundary[kept], self.distance_m[kept])


class BoundaryDistances:
    """Distances from points to the edges of boundaries; safe to share between threads.

    Made of valid polygons in WGS 84 degrees with longitudes 0…360. Distances are metres, within
    ERROR_M of what `SpatialIndex.within` says of one point, up to 10 km.
    """

    def __init__(self, polygons: Sequence[BaseGeometry]) -> None:
        lines, boundary = _pieces(polygons)
        lng = shapely.bounds(lines)[:, 0] if len(lines) else np.zeros(0)
        mainland = lng < CHATHAM_LNG_360 + _REACH_DEGREES
        chathams = lng > CHATHAM_LNG_360 - _REACH_DEGREES
        self._sides = (
            _Side.of(lines[mainland], boundary[mainland], NZTM2000),
            _Side.of(lines[chathams], boundary[chathams], CHATHAM_TM2000),
        )

    def within(self, *, lng: Floats, lat: Floats, radius_m: float | Floats) -> Near:
        """Return each boundary with an edge within `radius_m` metres of a point, and how far it is.

        `lng` (0…360) and `lat` are finite and of one shape (n,); `radius_m` is one or (n,).
        """
        radii_m = np.broadcast_to(np.asarray(radius_m, dtype=np.float64), lng.shape)
        found: list[tuple[Ints, Ints, Floats]] = [
            (np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), np.zeros(0))
        ]
        for side, at in self._sided(lng):
            point, boundary, away_m = side.within(lng[at], lat[at], radii_m[at])
            found.append((at[point], boundary, away_m))
        point, boundary, away_m = map(np.concatenate, zip(*found, strict=True))
        order = np.lexsort((boundary, away_m, point))
        return Near(len(lng), point[order], boundary[order], away_m[order])

    def to_nearest(self, *, lng: Floats, lat: Floats, at_most_m: float) -> Floats:
        """Return how many metres each point is from the nearest edge; inf beyond `at_most_m`."""
        distance_m = np.full(len(lng), np.inf)
        for side, at in self._sided(lng):
            near, away_m = side.to_nearest(lng[at], lat[at], at_most_m)
            distance_m[at[near]] = away_m
        return distance_m

    def _sided(self, lng: Floats) -> list[tuple[_Side, Ints]]:
        east = lng > CHATHAM_LNG_360
        places = (np.flatnonzero(~east), np.flatnonzero(east))
        return [(side, at) for side, at in zip(self._sides, places, strict=True) if len(at)]


@dataclass(frozen=True)
class _Side:
    """What is measured in one projection."""

    lines: Geometries
    boundary: Ints
    tree: shapely.STRtree
    crs: str

    @classmethod
    def of(cls, lines: Geometries, boundary: Ints, crs: str) -> _Side:
        """Project lines in degrees."""
        projected = shapely.set_coordinates(
            lines.copy(), np.column_stack(_projected(shapely.get_coordinates(lines), crs))
        )
        return cls(projected, boundary, shapely.STRtree(projected), crs)

    def within(self, lng: Floats, lat: Floats, radius_m: Floats) -> tuple[Ints, Ints, Floats]:
        """Return point, boundary and distance of each pair within its point's radius."""
        points = self._points(lng, lat)
        point, line = self.tree.query(points, predicate="dwithin", distance=radius_m)
        away_m = shapely.distance(points[point], self.lines[line])
        order = np.lexsort((away_m, self.boundary[line], point))
        point, boundary, away_m = point[order], self.boundary[line[order]], away_m[order]
        first = (np.diff(point, prepend=-1) != 0) | (np.diff(boundary, prepend=-1) != 0)
        return point[first], boundary[first], away_m[first]

    def to_nearest(self, lng: Floats, lat: Floats, at_most_m: float) -> tuple[Ints, Floats]:
        """Return the places of the points that are near enough, and how far each is."""
        if not len(self.lines):
            return np.zeros(0, dtype=np.intp), np.zeros(0)
        (point, _), away_m = self.tree.query_nearest(
            self._points(lng, lat), max_distance=at_most_m, return_distance=True, all_matches=False
        )
        return point, away_m

    def _points(self, lng: Floats, lat: Floats) -> Geometries:
        points: Geometries = shapely.points(*_projected(np.column_stack([lng, lat]), self.crs))
        return points


def _projected(xy: Floats, crs: str) -> tuple[Floats, Floats]:
    x, y = transformer(WGS84, crs).transform(xy[:, 0], xy[:, 1])
    return x, y


def _pieces(polygons: Sequence[BaseGeometry]) -> tuple[Geometries, Ints]:
    """Return all edges as lines of a few short edges each, and each line's boundary."""
    parts, part_owner = shapely.get_parts(list(polygons), return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    short = shapely.segmentize(rings, _STRAIGHT_DEGREES)
    xy, ring = shapely.get_coordinates(short, return_index=True)
    start = np.flatnonzero(ring[:-1] == ring[1:])
    if not len(start):
        return np.zeros(0, dtype=object), np.zeros(0, dtype=np.intp)
    begins = (start - np.searchsorted(ring, ring[start])) % _EDGES_A_PIECE == 0
    piece = np.cumsum(begins) - 1
    lasts = np.append(begins[1:], True)
    # Each line has the starts of its edges and the end of the last one.
    vertex = np.concatenate([start, start[lasts] + 1])
    of_piece = np.concatenate([piece, piece[lasts]])
    order = np.lexsort((vertex, of_piece))
    lines = shapely.linestrings(xy[vertex[order]], indices=of_piece[order])
    return lines, part_owner[ring_part[ring[start[begins]]]]
