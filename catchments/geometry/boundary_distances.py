"""Distances to boundaries: how far millions of points are from each, in metres.

All boundaries' edges are cut short, projected once – in EPSG:2193, and round the Chathams in
EPSG:3793 – and kept as pieces, runs of some edges each. A tree of the pieces' boxes says which
may be near a point; how near they are is worked out for all of their edges at once. Which boundary
covers a point is not asked here: `spatial_index` knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.cell_grid import (
    CELL_LAT_DEG,
    CELL_LNG_DEG,
    FINE,
    SHIFT,
    Bools,
    CellGrid,
    Floats,
    Ints,
    pick,
)
from catchments.geometry.coordinates import (
    CHATHAM_LNG_360,
    CHATHAM_TM2000,
    NZTM2000,
    WGS84,
    transformer,
)

ERROR_M = 0.0025
"""Bounds the difference from distances to the same edges cut elsewhere: each is off by < 1 mm."""
STRAIGHT_DEGREES = 0.002
"""Edges are straight in degrees, and so are bent in metres: by less than 1 mm at this length."""
_EDGES_A_PIECE = 16
_REACH_DEGREES = 0.2
"""How far each projection reaches beyond the meridian between them: 14 km."""
METRES_PER_DEGREE = 110_500.0
"""Of latitude, at the equator, where a degree is shortest: a window errs towards too large."""
_SURE = 1.05
"""Half a window is this many times the radius: more than a projection stretches lengths."""
_FINE_WITHIN_M = 500.0
_POINTS_AT_ONCE = 1 << 11
_PAIRS_AT_ONCE = 1 << 13
"""Of a point and a piece: what is worked out for their edges stays in a processor's cache."""


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
        pieces = _Pieces.of(polygons)
        lng = pieces.lng[pieces.first]
        self._sides = (
            _Side.of(pieces.where(lng < CHATHAM_LNG_360 + _REACH_DEGREES), NZTM2000),
            _Side.of(pieces.where(lng > CHATHAM_LNG_360 - _REACH_DEGREES), CHATHAM_TM2000),
        )

    def within(
        self, *, lng: Floats, lat: Floats, radius_m: float, beside_m: float | None = None
    ) -> Near:
        """Return each boundary with an edge within `radius_m` metres of a point, and how far it is.

        With `beside_m`, only the nearest and those that are at most so many metres further away.
        `lng` (0…360) and `lat` are finite and of one shape (n,).
        """
        nothing = np.zeros(0, dtype=np.intp)
        found: list[tuple[Ints, Ints, Floats]] = [(nothing, nothing, np.zeros(0))]
        for side, at in self._sided(lng):
            for point, boundary, away_m in side.within(lng[at], lat[at], radius_m, beside_m):
                found.append((at[point], boundary, away_m))
        point, boundary, away_m = map(np.concatenate, zip(*found, strict=True))
        order = np.lexsort((boundary, away_m, point))
        return Near(len(lng), point[order], boundary[order], away_m[order])

    def _sided(self, lng: Floats) -> list[tuple[_Side, Ints]]:
        east = lng > CHATHAM_LNG_360
        places = (np.flatnonzero(~east), np.flatnonzero(east))
        return [(side, at) for side, at in zip(self._sides, places, strict=True) if len(at)]


@dataclass(frozen=True)
class _Side:
    """What is measured in one projection."""

    x: Floats
    y: Floats
    """The pieces' vertices, one piece after another."""
    first: Ints
    """By piece: where its vertices begin."""
    edges: Ints
    """By piece: how many edges it has, one fewer than vertices."""
    boundary: Ints
    boxes: Floats
    """By piece: west, south, east, north."""
    tree: shapely.STRtree
    crs: str

    @classmethod
    def of(cls, pieces: _Pieces, crs: str) -> _Side:
        """Project pieces in degrees."""
        lng, lat, first = pieces.vertices()
        x, y = _projected(lng, lat, crs)
        lows = [np.minimum.reduceat(axis, first) for axis in (x, y)] if len(first) else [x, y]
        highs = [np.maximum.reduceat(axis, first) for axis in (x, y)] if len(first) else [x, y]
        boxes = np.stack([*lows, *highs], axis=1)
        tree = shapely.STRtree(shapely.linestrings(boxes.reshape(-1, 2, 2)))
        return cls(x, y, first, pieces.edges, pieces.boundary, boxes, tree, crs)

    def within(
        self, lng: Floats, lat: Floats, radius_m: float, beside_m: float | None
    ) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Yield point, boundary and distance of pairs, each once, for some points at a time."""
        x, y = _projected(lng, lat, self.crs)
        for start in range(0, len(x), _POINTS_AT_ONCE):
            part = slice(start, start + _POINTS_AT_ONCE)
            point, piece = self._perhaps_near(x[part], y[part], radius_m, beside_m)
            away_m = self._distances(x[part], y[part], point, piece)
            limit_m = np.full(len(x[part]), radius_m)
            if beside_m is not None:
                np.minimum.at(limit_m, point, away_m + beside_m)
            kept = away_m <= limit_m[point]
            point, boundary, away_m = _once_each(
                point[kept] + start, self.boundary[piece[kept]], away_m[kept]
            )
            yield point, boundary, away_m

    def _perhaps_near(
        self, x: Floats, y: Floats, radius_m: float, beside_m: float | None
    ) -> tuple[Ints, Ints]:
        """Return pairs of point and piece, by point, among which are all that are wanted."""
        windows = np.stack([x - radius_m, y - radius_m, x + radius_m, y + radius_m], axis=1)
        point, piece = self.tree.query(shapely.linestrings(windows.reshape(-1, 2, 2)))
        if beside_m is None or not len(point):
            return point, piece
        least_m, most_m = self._box_distances(x[point], y[point], piece)
        limit_m = np.full(len(x), radius_m)
        np.minimum.at(limit_m, point, most_m + beside_m)
        kept = least_m <= limit_m[point]
        return point[kept], piece[kept]

    def _box_distances(self, x: Floats, y: Floats, piece: Ints) -> tuple[Floats, Floats]:
        """Return what points and their pieces are apart at least, and at most, by the boxes."""
        west, south, east, north = self.boxes[piece].T
        beyond_x = (west - x, x - east)
        beyond_y = (south - y, y - north)
        least_x, least_y = (np.maximum(*beyond).clip(0) for beyond in (beyond_x, beyond_y))
        furthest_x, furthest_y = (np.minimum(*beyond) for beyond in (beyond_x, beyond_y))
        return np.hypot(least_x, least_y), np.hypot(furthest_x, furthest_y)

    def _distances(self, x: Floats, y: Floats, point: Ints, piece: Ints) -> Floats:
        """Return how far each point of some pairs is from its piece."""
        found = np.empty(len(point))
        for start in range(0, len(point), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            found[part] = self._some_distances(x[point[part]], y[point[part]], piece[part])
        return found

    def _some_distances(self, x: Floats, y: Floats, piece: Ints) -> Floats:
        edges = self.edges[piece]
        at = _runs(self.first[piece], edges)
        x0, y0 = self.x[at], self.y[at]
        along_x, along_y = self.x[at + 1] - x0, self.y[at + 1] - y0
        from_x, from_y = np.repeat(x, edges) - x0, np.repeat(y, edges) - y0
        length2 = along_x * along_x + along_y * along_y
        part = (from_x * along_x + from_y * along_y) / np.where(length2 > 0, length2, 1.0)
        np.clip(part, 0.0, 1.0, out=part)
        from_x -= part * along_x
        from_y -= part * along_y
        away2 = from_x * from_x + from_y * from_y
        return np.sqrt(np.minimum.reduceat(away2, np.cumsum(edges) - edges))


@dataclass(frozen=True)
class _Pieces:
    """Runs of a few short edges each, in degrees."""

    lng: Floats
    lat: Floats
    """All vertices, ring after ring."""
    first: Ints
    """By piece: its first vertex."""
    edges: Ints
    """By piece: how many edges it has."""
    boundary: Ints

    @classmethod
    def of(cls, polygons: Sequence[BaseGeometry]) -> _Pieces:
        """Cut the rings of polygons; no edge of a ring is left out, none is in two pieces."""
        parts, part_owner = shapely.get_parts(list(polygons), return_index=True)
        rings, ring_part = shapely.get_rings(parts, return_index=True)
        short = shapely.segmentize(rings, STRAIGHT_DEGREES)
        xy, _ = shapely.get_coordinates(short, return_index=True)
        edges = shapely.get_num_coordinates(short) - 1
        pieces = -(-edges // _EDGES_A_PIECE)
        ring = np.repeat(np.arange(len(short)), pieces)
        nth = np.arange(len(ring)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        ring_first = np.cumsum(edges + 1) - (edges + 1)
        before = nth * _EDGES_A_PIECE
        return cls(
            xy[:, 0],
            xy[:, 1],
            ring_first[ring] + before,
            np.minimum(edges[ring] - before, _EDGES_A_PIECE),
            part_owner[ring_part[ring]],
        )

    def vertices(self) -> tuple[Floats, Floats, Ints]:
        """Return the vertices of each piece after those of the one before, and where they begin."""
        at = _runs(self.first, self.edges + 1)
        return self.lng[at], self.lat[at], np.cumsum(self.edges + 1) - (self.edges + 1)

    def where(self, kept: Bools) -> _Pieces:
        """Return only some of the pieces."""
        return _Pieces(self.lng, self.lat, self.first[kept], self.edges[kept], self.boundary[kept])


def _projected(lng: Floats, lat: Floats, crs: str) -> tuple[Floats, Floats]:
    x, y = transformer(WGS84, crs).transform(lng, lat)
    return x, y


def _runs(first: Ints, counts: Ints) -> Ints:
    """Return the numbers first, first + 1, … of each run, `counts` of them, none of them 0."""
    ends = np.cumsum(counts)
    before = np.repeat(first - (ends - counts), counts)
    return np.asarray(np.arange(len(before)) + before)


def _once_each(point: Ints, boundary: Ints, away_m: Floats) -> tuple[Ints, Ints, Floats]:
    """Return each pair of point and boundary once, as near as any of its pieces is."""
    order = np.lexsort((away_m, boundary, point))
    point, boundary, away_m = point[order], boundary[order], away_m[order]
    first = (np.diff(point, prepend=-1) != 0) | (np.diff(boundary, prepend=-1) != 0)
    return point[first], boundary[first], away_m[first]


# --- who may be near ------------------------------------------------------------------------------


class EdgeCells:
    """Where the cells of a grid that have edges are: for most points enough to know no edge near.

    Points are WGS 84 degrees with longitudes 0…360. Safe to share between threads.
    """

    def __init__(self, grid: CellGrid) -> None:
        self._grid = grid
        self._near_edges: dict[float, Bools] = {}

    def may_be_within(self, lng: Floats, lat: Floats, radius_m: float) -> Bools:
        """Return for each point what `SpatialIndex.may_have_edge_within` says of it."""
        found = self._cell_near_edge(lng, lat, radius_m)
        near = np.flatnonzero(found)  # few, as a rule: the others are left alone
        found[near] = self._edge_within(lng[near], lat[near], radius_m)
        return found

    def _edge_within(self, lng: Floats, lat: Floats, radius_m: float) -> Bools:
        frame = self._grid.frame
        half_lat = _SURE * radius_m / METRES_PER_DEGREE
        half_lng = half_lat / np.maximum(np.cos(np.radians(lat)), 0.01)
        window = (
            frame.fine_x(lng - half_lng),
            frame.fine_y(lat - half_lat),
            frame.fine_x(lng + half_lng),
            frame.fine_y(lat + half_lat),
        )
        found = self._coarse_edge_in(window)
        if radius_m > _FINE_WITHIN_M:
            return found
        perhaps = np.flatnonzero(found)
        found[perhaps] = self._fine_edge_in([side[perhaps] for side in window])
        return found

    def _cell_near_edge(self, lng: Floats, lat: Floats, radius_m: float) -> Bools:
        """Return whether a point (0…360) of any point's coarse cell may be so near to an edge."""
        frame = self._grid.frame
        if radius_m not in self._near_edges:
            self._near_edges[radius_m] = self._cells_near_edges(radius_m)
        # Whoever is beyond the rim is no nearer than the cell at the rim.
        column = ((lng - frame.west) / CELL_LNG_DEG).clip(0, frame.columns - 1).astype(np.intp)
        row = ((lat - frame.south) / CELL_LAT_DEG).clip(0, frame.rows - 1).astype(np.intp)
        found: Bools = pick(self._near_edges[radius_m], row * frame.columns + column)
        return found

    def _cells_near_edges(self, radius_m: float) -> Bools:
        """Return by coarse cell whether one with an edge is within a radius of a point in it."""
        frame, edges = self._grid.frame, self._edges_south_west
        half_lat = _SURE * radius_m / METRES_PER_DEGREE
        up = math.ceil(half_lat / CELL_LAT_DEG) + 1
        south = frame.south + np.arange(frame.rows) * CELL_LAT_DEG
        furthest = np.maximum(np.abs(south), np.abs(south + CELL_LAT_DEG)) + half_lat
        half_lng = half_lat / np.maximum(np.cos(np.radians(furthest)), 0.01)
        along = (np.ceil(half_lng / CELL_LNG_DEG) + 1).astype(np.intp)
        columns = np.arange(frame.columns)
        found = np.empty((frame.rows, frame.columns), dtype=bool)
        for row, reach in enumerate(along.tolist()):
            strip = edges[min(row + up + 1, frame.rows)] - edges[max(row - up, 0)]
            west, east = columns - reach, columns + reach + 1
            found[row] = strip[np.minimum(east, frame.columns)] > strip[np.maximum(west, 0)]
        return found.ravel()

    @cached_property
    def _edges_south_west(self) -> Ints:
        """How many coarse cells with an edge lie south-west of each corner of the grid."""
        edges = self._grid.have_edges()
        small = np.min_scalar_type(np.count_nonzero(edges))  # two bytes for up to 65,535 of them
        return np.pad(edges.cumsum(0, dtype=small).cumsum(1, dtype=small), ((1, 0), (1, 0)))

    def _coarse_edge_in(self, window: Sequence[Floats]) -> Bools:
        """Return for each window, in fine cells from the frame's corner, if it meets an edge cell.

        Four counts tell of a window of any size.
        """
        columns, rows = self._grid.frame.columns, self._grid.frame.rows
        x0, y0 = (np.floor(side / FINE) for side in window[:2])
        x1, y1 = (np.floor(side / FINE) + 1 for side in window[2:])
        x0, x1 = (np.clip(x, 0, columns).astype(np.intp) for x in (x0, x1))
        y0, y1 = (np.clip(y, 0, rows).astype(np.intp) for y in (y0, y1))
        edges = self._edges_south_west
        some: Bools = edges[y1, x1] - edges[y0, x1] > edges[y1, x0] - edges[y0, x0]
        return some

    def _fine_edge_in(self, window: Sequence[Floats]) -> Bools:
        """Return the same of fine cells."""
        found = np.zeros(len(window[0]), dtype=bool)
        west, south, east, north = (np.floor(side).astype(np.intp) for side in window)
        blocks = (east >> SHIFT) - (west >> SHIFT)
        for along in range(int(blocks.max(initial=-1)) + 1):
            column = np.minimum((west >> SHIFT) + along, east >> SHIFT)
            first, last = west - column * FINE, east - column * FINE
            columns = (2 << np.minimum(last, FINE - 1)) - (1 << np.maximum(first, 0))
            for up in range(int((north - south).max(initial=-1)) + 1):
                found |= self._edges_of_row(np.minimum(south + up, north), column) & columns != 0
        return found

    def _edges_of_row(self, row: Ints, coarse_column: Ints) -> Ints:
        """Return a bit for each cell with edges in a row of a block, the lowest for the west."""
        grid, frame = self._grid, self._grid.frame
        coarse_row = row >> SHIFT
        within = (row >= 0) & (coarse_row < frame.rows)
        within &= (coarse_column >= 0) & (coarse_column < frame.columns)
        cell = grid.coarse_at(coarse_row, coarse_column)
        of_row = pick(grid.with_edges, ~cell << SHIFT | row & (FINE - 1))
        return np.where((cell < 0) & within, of_row, 0)
