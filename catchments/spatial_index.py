"""Boundaries to answers: which catchments cover this point, for one point or for millions.

A grid is compiled once from the boundaries. Its coarse cells, about a kilometre wide, hold either
one set of catchments for the whole cell or the number of a block of 16 × 16 fine cells, about 70
metres wide; a fine cell holds one set, or the mark that an edge passes through it, and only then
is the point tested against the polygons themselves. Cells are marked with a margin far above
floating-point error and far below a millimetre, so the grid never decides what only an exact test
can: every answer equals `shapely.intersects_xy` on the boundaries, edges included.

Why so, and what was measured: `docs/decisions/0003-two-level-grid.md`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.coordinates import geometry_to_360, metric_crs, to_metres

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]

CELL_LNG_DEG = 0.0125
CELL_LAT_DEG = 0.01
"""Coarse cells: 0.0125° × 0.01°, about 1 km × 1.1 km in the middle of New Zealand."""

_SHIFT = 4
_FINE = 1 << _SHIFT
_BLOCK = _FINE * _FINE
_EDGE = 0xFFFF
_NOBODY = 0
_MARGIN = 1e-7
"""Of a fine cell: 7 micrometres, a thousand times the error of computing a cell's number."""
_EDGES_AT_ONCE = 50_000
_METRES_PER_DEGREE = 110_500.0
"""Of latitude, at the equator, where a degree is shortest: a window errs towards too large."""
_BLOCKS_AT_ONCE = 1000
_POINTS_AT_ONCE = 1 << 16

CatchmentSet = tuple[str, ...]


@dataclass(frozen=True)
class _Frame:
    """The grid's place: its south-west corner in 0…360 degrees and its size in coarse cells."""

    west: float
    south: float
    columns: int
    rows: int

    @property
    def east(self) -> float:
        return self.west + self.columns * CELL_LNG_DEG

    @property
    def north(self) -> float:
        return self.south + self.rows * CELL_LAT_DEG

    def fine_x(self, lng: Floats) -> Floats:
        return (lng - self.west) * (_FINE / CELL_LNG_DEG)

    def fine_y(self, lat: Floats) -> Floats:
        return (lat - self.south) * (_FINE / CELL_LAT_DEG)

    def centre_lng(self, fine_column: Ints) -> Floats:
        return self.west + (fine_column + 0.5) * (CELL_LNG_DEG / _FINE)

    def centre_lat(self, fine_row: Ints) -> Floats:
        return self.south + (fine_row + 0.5) * (CELL_LAT_DEG / _FINE)


class _Exact:
    """The polygons themselves: slower, and right for every point."""

    def __init__(self, boundaries: Mapping[str, BaseGeometry]) -> None:
        self.codes = tuple(sorted(boundaries))
        self.polygons = [geometry_to_360(boundaries[code]) for code in self.codes]
        self._tree = shapely.STRtree(self.polygons)
        self._boxes = shapely.bounds(self.polygons).tolist() if self.polygons else []
        self._locks = [threading.Lock() for _ in self.codes]
        self._growing = threading.Lock()
        self.sets: list[CatchmentSet] = [(), *((code,) for code in self.codes)]
        self._set_numbers = {s: number for number, s in enumerate(self.sets)}

    def covering(self, lng: float, lat: float) -> CatchmentSet:
        """Return the codes of all boundaries that cover a point (0…360), smaller code first."""
        return tuple(
            self.codes[i]
            for i, (west, south, east, north) in enumerate(self._boxes)
            if west <= lng <= east and south <= lat <= north and self._intersects(i, lng, lat)
        )

    def set_numbers(self, lng: Floats, lat: Floats) -> npt.NDArray[np.uint16]:
        """Return for each point (0…360) the number in `sets` of the set that covers it."""
        found = np.zeros(len(lng), dtype=np.uint16)
        several: dict[int, list[int]] = {}
        for i, inside in self._hits(lng, lat):
            taken = inside[found[inside] != _NOBODY]
            for point in taken.tolist():
                several.setdefault(point, [int(found[point]) - 1]).append(i)
            found[inside[found[inside] == _NOBODY]] = i + 1
        for point, members in several.items():
            found[point] = self._number_of(tuple(self.codes[i] for i in sorted(members)))
        return found

    def touches_edge(self, code: str, lng: float, lat: float) -> bool:
        """Whether a point (0…360) lies exactly on a boundary's edge."""
        i = self.codes.index(code)
        with self._locks[i]:
            inside = shapely.contains_xy(self.polygons[i], lng, lat)
        return not inside and bool(self._intersects(i, lng, lat))

    def meeting(
        self, window: tuple[float, float, float, float]
    ) -> Iterator[tuple[str, BaseGeometry]]:
        """Yield code and polygon of each boundary whose box meets a window (0…360)."""
        for i in self._tree.query(shapely.box(*window)).tolist():
            yield self.codes[i], self.polygons[i]

    def forget_prepared(self) -> None:
        """Free what compiling prepared; a polygon is prepared again when it is next asked."""
        shapely.destroy_prepared(self.polygons)

    def _hits(self, lng: Floats, lat: Floats) -> Iterator[tuple[int, Ints]]:
        points, polygons = self._tree.query(shapely.points(lng, lat))
        order = np.argsort(polygons, kind="stable")
        points, polygons = points[order], polygons[order]
        starts = np.flatnonzero(np.diff(polygons, prepend=-1))
        for group, i in zip(np.split(points, starts[1:]), polygons[starts].tolist(), strict=False):
            inside = self._intersects(i, lng[group], lat[group])
            yield i, group[inside]

    def _intersects(self, i: int, lng: Any, lat: Any) -> Any:
        # GEOS builds a prepared polygon's edge index at its first questions and shares it between
        # threads unguarded (libgeos issue 825): one thread at a time a polygon, or it crashes.
        with self._locks[i]:
            shapely.prepare(self.polygons[i])
            return shapely.intersects_xy(self.polygons[i], lng, lat)

    def _number_of(self, members: CatchmentSet) -> int:
        with self._growing:
            if members not in self._set_numbers:
                self.sets.append(members)
                self._set_numbers[members] = len(self.sets) - 1
            return self._set_numbers[members]


class SpatialIndex:
    """Which catchments cover a point; compiled once, immutable, safe to share between threads.

    Points are WGS 84 degrees with longitude in -180…180 or 0…360. A point on an edge is covered.
    A point that is not a number, or lies outside everything, is covered by nobody.
    """

    covering: Callable[..., CatchmentSet]
    """`covering(lng=…, lat=…)`: the codes of all catchments that cover a point, smaller first."""

    def __init__(self, boundaries: Mapping[str, BaseGeometry]) -> None:
        self._exact = _Exact(boundaries)
        self._frame = _frame_around(self._exact.polygons)
        self._coarse, self._blocks = _compiled(self._frame, self._exact)
        self._exact.forget_prepared()
        self.covering = _one_point_lookup(self._frame, self._coarse, self._blocks, self._exact)

    @property
    def codes(self) -> tuple[str, ...]:
        """The catchment codes, sorted."""
        return self._exact.codes

    @property
    def sets(self) -> Sequence[CatchmentSet]:
        """What the numbers of `covering_many` mean; number 0 is nobody."""
        return self._exact.sets

    @property
    def nbytes(self) -> int:
        """Bytes that the compiled grid takes."""
        return int(self._coarse.nbytes + self._blocks.nbytes)

    def covering_many(
        self, *, lng: Floats, lat: Floats, threads: int | None = None
    ) -> npt.NDArray[np.uint16]:
        """Return for each point the number in `sets` of the catchments that cover it.

        `lng` and `lat` are arrays of one shape (n,). Work is shared among `threads`, by default
        as many as there are cores.
        """
        found = np.empty(len(lng), dtype=np.uint16)
        starts = range(0, len(lng), _POINTS_AT_ONCE)

        def fill(start: int) -> None:
            part = slice(start, start + _POINTS_AT_ONCE)
            found[part] = self._set_numbers(lng[part], lat[part])

        workers = min(threads or os.cpu_count() or 1, len(starts))
        if workers <= 1:
            for start in starts:
                fill(start)
            return found
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(fill, starts))
        return found

    def on_edge_of(self, code: str, *, lng: float, lat: float) -> bool:
        """Whether a point lies exactly on the edge of a catchment's boundary."""
        return self._exact.touches_edge(code, lng + 360.0 if lng < 0 else lng, lat)

    def within(self, *, lng: float, lat: float, radius_m: float) -> tuple[tuple[str, float], ...]:
        """Return every catchment within `radius_m` metres of a point, with its distance in metres.

        The nearest comes first, the smaller code before the larger; a boundary that covers the
        point is 0 m away. Distances are taken in EPSG:2193, or EPSG:3793 on the Chathams.
        """
        lng = lng + 360.0 if lng < 0 else lng
        window = _window_around(lng, lat, radius_m)
        if not self._edge_in(window):
            return tuple((code, 0.0) for code in self.covering(lng=lng, lat=lat))
        crs = metric_crs(lng=lng)
        here = to_metres(shapely.Point(lng, lat), crs=crs)
        distances = [
            (here.distance(to_metres(shapely.clip_by_rect(polygon, *window), crs=crs)), code)
            for code, polygon in self._exact.meeting(window)
        ]
        # What lies beyond the window is further away than the radius, and so is its rim.
        return tuple((code, metres) for metres, code in sorted(distances) if metres <= radius_m)

    def boundary_360(self, code: str) -> BaseGeometry:
        """Return a boundary with longitudes 0…360, as it is indexed."""
        return self._exact.polygons[self._exact.codes.index(code)]

    def _edge_in(self, window: tuple[float, float, float, float]) -> bool:
        """Whether a coarse cell with an edge meets a window (west, south, east, north in 0…360)."""
        frame = self._frame
        corners_lng = np.clip(window[0::2], frame.west, np.nextafter(frame.east, frame.west))
        corners_lat = np.clip(window[1::2], frame.south, np.nextafter(frame.north, frame.south))
        first_column, last_column = frame.fine_x(corners_lng).astype(int)
        first_row, last_row = frame.fine_y(corners_lat).astype(int)
        coarse = self._coarse.reshape(frame.rows, frame.columns)[
            first_row >> _SHIFT : (last_row >> _SHIFT) + 1,
            first_column >> _SHIFT : (last_column >> _SHIFT) + 1,
        ]
        return bool((coarse < 0).any())

    def _set_numbers(self, lng: Floats, lat: Floats) -> npt.NDArray[np.uint16]:
        frame = self._frame
        if len(lng) and lng.min() < 0:
            lng = np.where(lng < 0, lng + 360.0, lng)
        if _all_within(lng, frame.west, frame.east) and _all_within(lat, frame.south, frame.north):
            return self._numbers_within(lng, lat)
        found = np.zeros(len(lng), dtype=np.uint16)
        within = np.flatnonzero(
            (lng >= frame.west) & (lng < frame.east) & (lat >= frame.south) & (lat < frame.north)
        )
        if len(within):
            found[within] = self._numbers_within(lng[within], lat[within])
        return found

    def _numbers_within(self, lng: Floats, lat: Floats) -> npt.NDArray[np.uint16]:
        column = self._frame.fine_x(lng).astype(np.int32)
        row = self._frame.fine_y(lat).astype(np.int32)
        cells = self._coarse.take((row >> _SHIFT) * self._frame.columns + (column >> _SHIFT))
        found = cells.astype(np.uint16)
        in_block = np.flatnonzero(cells < 0)
        if not len(in_block):
            return found
        row, column = row.take(in_block), column.take(in_block)
        fine = ((row & (_FINE - 1)) << _SHIFT) | (column & (_FINE - 1))
        numbers = self._blocks.take((~cells.take(in_block)) * _BLOCK + fine)
        at_edge = np.flatnonzero(numbers == _EDGE)
        if len(at_edge):
            points = in_block.take(at_edge)
            numbers[at_edge] = self._exact.set_numbers(lng.take(points), lat.take(points))
        found[in_block] = numbers
        return found


def _window_around(lng: float, lat: float, radius_m: float) -> tuple[float, float, float, float]:
    """Return a box in degrees whose rim is at least half as far again as the radius."""
    half_lat = 1.5 * radius_m / _METRES_PER_DEGREE
    half_lng = half_lat / max(np.cos(np.radians(lat)), 0.01)
    return lng - half_lng, lat - half_lat, lng + half_lng, lat + half_lat


def _all_within(values: Floats, low: float, high: float) -> bool:
    # A NaN makes both comparisons false.
    return bool(len(values) and values.min() >= low and values.max() < high)


def _one_point_lookup(
    frame: _Frame, coarse: npt.NDArray[np.int32], blocks: npt.NDArray[np.uint16], exact: _Exact
) -> Callable[..., CatchmentSet]:
    """Return the lookup of one point as a closure: local names are what makes it fast."""
    cells, fine_cells = coarse.data, blocks.data
    sets, exactly = exact.sets, exact.covering
    west, south, east, north = frame.west, frame.south, frame.east, frame.north
    columns, per_lng, per_lat = frame.columns, _FINE / CELL_LNG_DEG, _FINE / CELL_LAT_DEG

    def covering(*, lng: float, lat: float) -> CatchmentSet:
        if lng < 0.0:
            lng += 360.0
        if not (west <= lng < east and south <= lat < north):  # so that NaN is outside, too
            return ()
        column = int((lng - west) * per_lng)
        row = int((lat - south) * per_lat)
        number = cells[(row >> 4) * columns + (column >> 4)]
        if number < 0:
            number = fine_cells[~number << 8 | (row & 15) << 4 | column & 15]
            if number == _EDGE:
                return exactly(lng, lat)
        return sets[number]

    return covering


def _frame_around(polygons: Sequence[BaseGeometry]) -> _Frame:
    if not polygons:
        return _Frame(0.0, 0.0, 1, 1)
    west, south, east, north = shapely.total_bounds(polygons).tolist()
    # One cell of margin all round, so that no edge lies on the rim.
    west, south = west - CELL_LNG_DEG, south - CELL_LAT_DEG
    columns = int((east - west) / CELL_LNG_DEG) + 2
    rows = int((north - south) / CELL_LAT_DEG) + 2
    return _Frame(west, south, columns, rows)


def _compiled(frame: _Frame, exact: _Exact) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint16]]:
    """Return the coarse cells (set number, or ~block number) and the blocks, both flat."""
    edges = _edges(frame, exact.polygons)
    coarse = np.zeros(frame.rows * frame.columns, dtype=np.int32)
    for rows, columns in _cells_touched(edges / _FINE):
        coarse[rows * frame.columns + columns] = -1
    edge_cells = np.flatnonzero(coarse)
    coarse[edge_cells] = ~np.arange(len(edge_cells), dtype=np.int32)
    _fill_coarse(frame, exact, coarse)
    blocks = np.zeros(len(edge_cells) * _BLOCK, dtype=np.uint16)
    for rows, columns in _cells_touched(edges):
        block = ~coarse[(rows >> _SHIFT) * frame.columns + (columns >> _SHIFT)].astype(np.int64)
        blocks[block * _BLOCK + ((rows & (_FINE - 1)) << _SHIFT) + (columns & (_FINE - 1))] = _EDGE
    _fill_blocks(frame, exact, edge_cells, blocks)
    return coarse, blocks


def _edges(frame: _Frame, polygons: Sequence[BaseGeometry]) -> Floats:
    """Return all edges as rows of x0, y0, x1, y1 in fine cells, shape (n, 4)."""
    rings = shapely.get_rings(shapely.get_parts(polygons))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    cells = np.column_stack([frame.fine_x(xy[:, 0]), frame.fine_y(xy[:, 1])])
    same_ring: npt.NDArray[np.bool_] = ring[:-1] == ring[1:]
    return np.hstack([cells[:-1], cells[1:]])[same_ring]


def _cells_touched(edges: Floats) -> Iterator[tuple[Ints, Ints]]:
    """Yield rows and columns of every cell that an edge touches, some of them repeatedly."""
    for start in range(0, len(edges), _EDGES_AT_ONCE):
        x0, y0, x1, y1 = edges[start : start + _EDGES_AT_ONCE].T
        bottom = np.floor(np.minimum(y0, y1) - _MARGIN).astype(np.int64)
        top = np.floor(np.maximum(y0, y1) + _MARGIN).astype(np.int64)
        edge, row = _spread(bottom, top - bottom + 1)
        left, right = _x_range_in_row(x0[edge], y0[edge], x1[edge], y1[edge], row)
        first = np.floor(left - _MARGIN).astype(np.int64)
        last = np.floor(right + _MARGIN).astype(np.int64)
        piece, column = _spread(first, last - first + 1)
        yield row[piece], column


def _spread(first: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Return (index, value) for the values first, first + 1, … of each index, `counts` of them."""
    index = np.repeat(np.arange(len(counts)), counts)
    offset = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    return index, first[index] + offset


def _x_range_in_row(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, row: Ints
) -> tuple[Floats, Floats]:
    """Return the least and greatest x that each edge has within its row of cells."""
    rise = y1 - y0
    level = np.abs(rise) < _MARGIN
    safe_rise = np.where(level, 1.0, rise)
    from_t = np.clip((row - _MARGIN - y0) / safe_rise, 0.0, 1.0)
    to_t = np.clip((row + 1 + _MARGIN - y0) / safe_rise, 0.0, 1.0)
    from_x = np.where(level, x0, x0 + from_t * (x1 - x0))
    to_x = np.where(level, x1, x0 + to_t * (x1 - x0))
    return np.minimum(from_x, to_x), np.maximum(from_x, to_x)


def _fill_coarse(frame: _Frame, exact: _Exact, coarse: npt.NDArray[np.int32]) -> None:
    """Give each coarse cell without an edge the set that covers it."""
    at = np.arange(len(coarse))
    starts_row = at % frame.columns == 0
    runs, open_cells = _runs(coarse < 0, starts_row)
    first = at[open_cells][np.flatnonzero(np.diff(runs, prepend=-1))]
    row, column = np.divmod(first, frame.columns)
    numbers = exact.set_numbers(
        frame.centre_lng(column * _FINE + _FINE // 2), frame.centre_lat(row * _FINE + _FINE // 2)
    )
    coarse[open_cells] = numbers[runs]


def _fill_blocks(
    frame: _Frame, exact: _Exact, edge_cells: Ints, blocks: npt.NDArray[np.uint16]
) -> None:
    """Give each fine cell without an edge the set that covers it."""
    cells = blocks.reshape(-1, _FINE, _FINE)
    coarse_row, coarse_column = np.divmod(edge_cells, frame.columns)
    for part in _whole_rows(coarse_row):
        rows, columns = coarse_row[part], coarse_column[part]
        cells[part] = _filled(frame, exact, rows, columns, cells[part])


def _whole_rows(coarse_row: Ints) -> Iterator[slice]:
    """Yield slices of about a thousand blocks that end where a coarse row ends."""
    row_ends = np.flatnonzero(np.diff(coarse_row, append=-1)) + 1
    start = 0
    while start < len(coarse_row):
        wanted = int(np.searchsorted(row_ends, start + _BLOCKS_AT_ONCE))
        end = int(row_ends[min(wanted, len(row_ends) - 1)])
        yield slice(start, end)
        start = end


def _filled(
    frame: _Frame,
    exact: _Exact,
    coarse_row: Ints,
    coarse_column: Ints,
    cells: npt.NDArray[np.uint16],
) -> npt.NDArray[np.uint16]:
    """Return blocks, shape (n, 16, 16), with the set of each fine cell that has no edge.

    Along a fine row nothing changes between two edges, not even across coarse cells without one,
    so one exact test does for the whole run.
    """
    order = _row_order(coarse_row)
    block, fine = order >> (2 * _SHIFT), order & (_BLOCK - 1)
    row = coarse_row[block] * _FINE + (fine >> _SHIFT)
    flat = cells.ravel()
    runs, open_cells = _runs(flat[order] == _EDGE, np.diff(row, prepend=-1) != 0)
    first = np.flatnonzero(open_cells)[np.flatnonzero(np.diff(runs, prepend=-1))]
    column = coarse_column[block[first]] * _FINE + (fine[first] & (_FINE - 1))
    numbers = exact.set_numbers(frame.centre_lng(column), frame.centre_lat(row[first]))
    filled = flat.copy()
    filled[order[open_cells]] = numbers[runs]
    return filled.reshape(cells.shape)


def _row_order(coarse_row: Ints) -> Ints:
    """Return the fine cells of blocks ordered by fine row, then from west to east."""
    cell = np.arange(len(coarse_row) * _BLOCK).reshape(-1, _FINE, _FINE)
    row_starts = np.flatnonzero(np.diff(coarse_row, prepend=-1))
    rows = np.split(cell, row_starts[1:])
    return np.concatenate([row.transpose(1, 0, 2).ravel() for row in rows])


def _runs(
    closed: npt.NDArray[np.bool_], starts_row: npt.NDArray[np.bool_]
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return the run number of each open cell, and which cells are open.

    A run ends at a closed cell and at the end of a row.
    """
    after_closed = np.concatenate([[True], closed[:-1]])
    begins = ~closed & (after_closed | starts_row)
    open_cells = ~closed
    return (np.cumsum(begins) - 1)[open_cells], open_cells
