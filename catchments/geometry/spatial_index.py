"""The spatial index: which catchments cover a point, for one point or for millions.

A grid compiled once (`cell_grid`) answers nearly every point from one or two look-ups in arrays. In
a cell with edges the point is compared with those few edges, in floating point with an error bound;
where the bound leaves a doubt, and where boundaries overlap, the polygons themselves are asked. So
every answer equals `shapely.intersects_xy` on the boundaries, edges included.

Why so, and what was measured: `docs/decisions/0003-two-level-grid.md`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.boundary_distances import (
    METRES_PER_DEGREE,
    STRAIGHT_DEGREES,
    BoundaryDistances,
    EdgeCells,
)
from catchments.geometry.cell_grid import (
    CELL_LAT_DEG,
    CELL_LNG_DEG,
    FINE,
    NOBODY,
    SHIFT,
    STRIP,
    STRIP_SHIFT,
    Bools,
    CellGrid,
    Floats,
    Ints,
    compile_grid,
    pick,
)
from catchments.geometry.coordinates import metric_crs, to_360_many, to_metres
from catchments.geometry.edge_crossings import crossed, one_crossed
from catchments.geometry.exact_polygons import CatchmentSet, ExactPolygons

_PER_LNG, _PER_LAT = FINE / CELL_LNG_DEG, FINE / CELL_LAT_DEG
"""Fine cells a degree."""
_POINTS_AT_ONCE = 1 << 18
_IN_DOUBT_KEPT = 1_000
"""Places on edges, of which whoever asks one may ask it again: some hundred bytes each."""


class SpatialIndex:
    """Which catchments cover a point; compiled once, immutable, safe to share between threads.

    Points are WGS 84 degrees with longitude in -180…180 or 0…360. A point on an edge is covered.
    A point that is not a number, or lies outside everything, is covered by nobody.
    """

    covering: Callable[..., CatchmentSet]
    """`covering(lng=…, lat=…)`: the codes of all catchments that cover a point, smaller first."""

    def __init__(self, boundaries: Mapping[str, BaseGeometry]) -> None:
        self._exact = ExactPolygons(boundaries)
        self._grid = compile_grid(self._exact.polygons, self._exact.set_numbers)
        self._distances: BoundaryDistances | None = None
        self._edge_cells = EdgeCells(self._grid)
        self._measuring = threading.Lock()
        self.covering = _one_point_lookup(self._grid, self._exact)

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
        return self._grid.nbytes

    def covering_many(self, *, lng: Floats, lat: Floats) -> npt.NDArray[np.uint16]:
        """Return for each point the number in `sets` of the catchments that cover it.

        `lng` and `lat` are arrays of one shape (n,).
        """
        # In single precision a cell's number would be wrong by more than the cells' margin.
        lng, lat = np.asarray(lng, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        found = np.empty(len(lng), dtype=np.uint16)
        for start in range(0, len(lng), _POINTS_AT_ONCE):
            part = slice(start, start + _POINTS_AT_ONCE)
            found[part] = self._set_numbers(lng[part], lat[part])
        return found

    def codes_covering(self, *, lng: Floats, lat: Floats) -> frozenset[str]:
        """Return the codes of the catchments that cover any of these points; as `covering_many`."""
        numbers = np.unique(self.covering_many(lng=lng, lat=lat))
        return frozenset().union(*(self.sets[number] for number in numbers))

    def may_have_edge_within(self, *, lng: Floats, lat: Floats, radius_m: float) -> Bools:
        """Return for each point whether an edge may lie within `radius_m` metres of it.

        False is sure; true says only that a cell with an edge in it lies as near: one 70 m wide
        up to a radius of 500 m, else 1 km wide. `lng` and `lat` are of one shape (n,), and finite.
        """
        return self._edge_cells.may_be_within(to_360_many(lng), lat, radius_m)

    def strictly_inside(self, code: str, *, lng: Floats, lat: Floats) -> Bools:
        """Return for each point whether it lies inside a catchment's boundary and not on its edge.

        `lng` and `lat` are of one shape (n,).
        """
        inside: Bools = self._exact.strictly_inside(code, to_360_many(lng), lat)
        return inside

    def on_edge_of(self, code: str, *, lng: float, lat: float) -> bool:
        """Whether a point lies exactly on the edge of a catchment's boundary."""
        return self._exact.touches_edge(code, lng + 360.0 if lng < 0 else lng, lat)

    def within(self, *, lng: float, lat: float, radius_m: float) -> tuple[tuple[str, float], ...]:
        """Return every catchment within `radius_m` metres of a point, with its distance in metres.

        The nearest comes first, the smaller code before the larger; a boundary that covers the
        point is 0 m away. Distances are taken in EPSG:2193, or EPSG:3793 on the Chathams.
        """
        lng = lng + 360.0 if lng < 0 else lng
        if not (math.isfinite(lng) and math.isfinite(lat)):
            return ()
        window = _window_around(lng, lat, radius_m)
        covering = self.covering(lng=lng, lat=lat)
        if not self._edge_in(window):
            return tuple((code, 0.0) for code in covering)
        return _within(self._exact, covering, (lng, lat), window, radius_m)

    @property
    def distances(self) -> BoundaryDistances:
        """How far points are from the boundaries' edges; boundaries in the order of `codes`.

        Made when first asked for, in a second at most; whoever asks meanwhile waits.
        """
        with self._measuring:
            if self._distances is None:
                self._distances = BoundaryDistances(self._exact.polygons)
            return self._distances

    def boundary_360(self, code: str) -> BaseGeometry:
        """Return a boundary with longitudes 0…360, as it is indexed."""
        return self._exact.polygons[self._exact.codes.index(code)]

    def _edge_in(self, window: tuple[float, float, float, float]) -> bool:
        """Whether a fine cell with an edge meets a window (west, south, east, north in 0…360)."""
        frame = self._grid.frame
        west, south, east, north = window
        # A window is a few cells: plain loops, of which each answer's time is made.
        x0, x1 = int((west - frame.west) * _PER_LNG), int((east - frame.west) * _PER_LNG // 1)
        y0, y1 = int((south - frame.south) * _PER_LAT), int((north - frame.south) * _PER_LAT // 1)
        last_x, last_y = frame.columns * FINE - 1, frame.rows * FINE - 1
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(x1, last_x), min(y1, last_y)
        if x0 > x1 or y0 > y1:
            return False  # it lies beside the grid
        cells, strip, fine_window = self._grid.coarse.data, self._grid.strip.data, (x0, y0, x1, y1)
        first, last, strips = x0 >> SHIFT, x1 >> SHIFT, frame.strips
        for row in range(y0 >> SHIFT, (y1 >> SHIFT) + 1):
            for number in range(first >> STRIP_SHIFT, (last >> STRIP_SHIFT) + 1):
                begins, west = strip[row * strips + number], number * STRIP
                if not begins:
                    continue  # nobody is there
                left, right = max(first, west), min(last, west + STRIP - 1)
                some = cells[begins + left - west : begins + right - west + 1]
                if min(some) >= 0:
                    continue  # nor are edges here
                for column, cell in enumerate(some, left):
                    if cell < 0 and self._edge_in_block(~cell, row, column, fine_window):
                        return True
        return False

    def _edge_in_block(
        self, block: int, row: int, column: int, fine_window: tuple[int, int, int, int]
    ) -> bool:
        """Whether an edge cell of a block meets a window of fine cells, its last ones included."""
        x0, y0, x1, y1 = fine_window
        left, low = max(0, x0 - column * FINE), max(0, y0 - row * FINE)
        right, high = min(FINE, x1 - column * FINE + 1), min(FINE, y1 - row * FINE + 1)
        rows, columns = self._grid.with_edges.data, (1 << right) - (1 << left)
        return any(rows[block * FINE + at] & columns for at in range(low, high))

    def _set_numbers(self, lng: Floats, lat: Floats) -> npt.NDArray[np.uint16]:
        frame = self._grid.frame
        if len(lng) and not lng.min() >= 0:  # a NaN hides the least of the others
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
        grid = self._grid
        column = grid.frame.fine_x(lng).astype(np.intp)
        row = grid.frame.fine_y(lat).astype(np.intp)
        cells = grid.coarse_at(row >> SHIFT, column >> SHIFT)
        found = cells.astype(np.uint16)
        in_block = np.flatnonzero(cells < 0)
        if not len(in_block):
            return found
        row, column = pick(row, in_block), pick(column, in_block)
        block_row = ~pick(cells, in_block) << SHIFT | row & (FINE - 1)
        bit = np.left_shift(np.uint16(1), (column & (FINE - 1)).astype(np.uint16))
        with_edges = pick(grid.with_edges, block_row)
        # The next cell with edges: the one here, or the first to the east, or the row has no other.
        following = pick(grid.first_cell, block_row) + np.bitwise_count(with_edges & (bit - 1))
        is_last = with_edges < bit
        numbers = pick(grid.row_end, block_row)
        before = np.flatnonzero(~is_last)
        numbers[before] = pick(grid.reference, pick(following, before))
        found[in_block] = numbers
        at_edge = np.flatnonzero(with_edges & bit)
        if len(at_edge):
            points = pick(in_block, at_edge)
            here_lng, here_lat = pick(lng, points), pick(lat, points)
            # Edges cost fifty times a cell without: a point that comes again is asked once.
            is_new = (np.diff(here_lng, prepend=np.nan) != 0) | (np.diff(here_lat, prepend=0) != 0)
            once = np.flatnonzero(is_new)
            numbers = self._numbers_at_edges(
                pick(following, at_edge[once]),
                grid.frame.west_side(pick(column, at_edge[once])),
                grid.frame.middle(pick(row, at_edge[once])),
                here_lng[once],
                here_lat[once],
            )
            found[points] = pick(numbers, np.cumsum(is_new) - 1)
        return found

    def _numbers_at_edges(
        self, edge_cells: Ints, ref_lng: Floats, ref_lat: Floats, lng: Floats, lat: Floats
    ) -> npt.NDArray[np.uint16]:
        """Return set numbers for points in edge cells, given their cells' reference points."""
        grid = self._grid
        first, last = pick(grid.first_edge, edge_cells), pick(grid.first_edge, edge_cells + 1)
        counts = last - first
        ends = np.cumsum(counts)
        at = np.arange(ends[-1]) + np.repeat(first - (ends - counts), counts)
        edge = pick(grid.cell_edges, at)
        turn, doubtful = crossed(
            (np.repeat(ref_lng, counts), np.repeat(ref_lat, counts)),
            (np.repeat(lng, counts), np.repeat(lat, counts)),
            (pick(grid.edges.lng, edge), pick(grid.edges.lat, edge)),
            (pick(grid.edges.lng, edge + 1), pick(grid.edges.lat, edge + 1)),
        )
        number = pick(grid.reference, edge_cells).astype(np.int64)
        depth = np.minimum(number, 1)
        several = (number > len(self.codes)) | pick(grid.crowded, edge_cells)
        begin = ends - counts  # every edge cell has an edge, so that each point has a part
        depth += np.add.reduceat(turn, begin)
        number += np.add.reduceat(turn * pick(grid.edges.owner, edge), begin)
        in_doubt = np.logical_or.reduceat(doubtful, begin)
        # One catchment's number alone, or nobody's, is sure; sums of several say nothing.
        one = (depth == 1) & (number > 0) & (number <= len(self.codes))
        plain = one | ((depth == 0) & (number == NOBODY))
        ask = np.flatnonzero(in_doubt | several | ~plain)
        found = number.astype(np.uint16)
        if len(ask):
            found[ask] = self._exact.set_numbers(lng[ask], lat[ask])
        return found


class UncompiledIndex(SpatialIndex):
    """The same answers without a grid: ready at once, for some hundreds of questions."""

    def __init__(self, boundaries: Mapping[str, BaseGeometry]) -> None:
        self._exact = exact = ExactPolygons(boundaries)

        def covering(*, lng: float, lat: float) -> CatchmentSet:
            return exact.covering(lng + 360.0 if lng < 0 else lng, lat)

        self.covering = covering

    def _edge_in(self, _window: tuple[float, float, float, float]) -> bool:
        return True  # not known without a grid: then whoever asks looks


class ExactIndex(UncompiledIndex):
    """The same to few questions, about boundaries that others use too; it looks where edges are."""

    def __init__(self, boundaries: Mapping[str, BaseGeometry]) -> None:
        # Copies of its own: what they are prepared by goes with it.
        super().__init__({code: shapely.force_2d(each) for code, each in boundaries.items()})
        self._measuring = threading.Lock()

    @cached_property
    def _rims(self) -> list[BaseGeometry]:
        return [shapely.boundary(polygon) for polygon in self._exact.polygons]

    def covers(self, code: str, *, lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        """Return which of many points (0…360) one of the boundaries covers."""
        return self._exact.covers(code, lng, lat)

    def _edge_in(self, window: tuple[float, float, float, float]) -> bool:
        area = shapely.box(*window)
        with self._measuring:  # see ExactPolygons: one thread at a time prepares, and asks
            shapely.prepare(self._rims)
            return bool(shapely.intersects(self._rims, area).any())


def _within(
    exact: ExactPolygons,
    covering: CatchmentSet,
    point: tuple[float, float],
    window: tuple[float, float, float, float],
    radius_m: float,
) -> tuple[tuple[str, float], ...]:
    """Return what covers a point (0…360), and what is in a window around it within a radius."""
    inside = tuple((code, 0.0) for code in covering)
    pieces = {
        code: _piece(polygon, window)
        for code, polygon in exact.meeting(window)
        if code not in covering
    }
    pieces = {code: piece for code, piece in pieces.items() if not piece.is_empty}
    if not pieces:
        return inside
    shapes = np.array([shapely.Point(*point), *pieces.values()])
    here, *there = to_metres(
        shapes, crs=metric_crs(lng=point[0])
    )  # all at once: PROJ takes its time
    distances = zip(shapely.distance(here, there).tolist(), pieces, strict=True)
    # What lies beyond the window is further away than the radius, and so is its rim.
    near = sorted((metres, code) for metres, code in distances if metres <= radius_m)
    return (*inside, *((code, metres) for metres, code in near))


def _window_around(lng: float, lat: float, radius_m: float) -> tuple[float, float, float, float]:
    """Return a box in degrees whose rim is at least half as far again as the radius."""
    half_lat = 1.5 * radius_m / METRES_PER_DEGREE
    half_lng = half_lat / max(math.cos(math.radians(lat)), 0.01)
    return lng - half_lng, lat - half_lat, lng + half_lng, lat + half_lat


def _piece(polygon: BaseGeometry, window: tuple[float, float, float, float]) -> BaseGeometry:
    """Return what of a polygon is in a window, in short edges.

    Edges are straight in degrees, and so are bent in metres: by 3 m if one is 15 km long, by less
    than 1 mm if it is 200 m long.
    """
    return shapely.segmentize(shapely.clip_by_rect(polygon, *window), STRAIGHT_DEGREES)


def _all_within(values: Floats, low: float, high: float) -> bool:
    # A NaN makes both comparisons false.
    return bool(len(values) and values.min() >= low and values.max() < high)


def _one_point_lookup(grid: CellGrid, exact: ExactPolygons) -> Callable[..., CatchmentSet]:
    """Return the lookup of one point as a closure: local names are what makes it fast."""
    cells, strip, firsts = grid.coarse.data, grid.strip.data, grid.first_cell.data
    references, row_ends, rows = grid.reference.data, grid.row_end.data, grid.with_edges.data
    sets, at_edge = exact.sets, _one_point_at_edge(grid, exact)
    west, south, east, north = (
        grid.frame.west,
        grid.frame.south,
        grid.frame.east,
        grid.frame.north,
    )
    strips, per_lng, per_lat = grid.frame.strips, _PER_LNG, _PER_LAT

    def covering(*, lng: float, lat: float) -> CatchmentSet:
        if lng < 0.0:
            lng += 360.0
        if not (west <= lng < east and south <= lat < north):  # so that NaN is outside, too
            return ()
        column = int((lng - west) * per_lng)
        row = int((lat - south) * per_lat)
        number = cells[strip[(row >> 4) * strips + (column >> 10)] + (column >> 4 & 63)]
        if number < 0:
            block_row = ~number << 4 | row & 15
            with_edges, bit = rows[block_row], 1 << (column & 15)
            if with_edges < bit:
                return sets[row_ends[block_row]]
            cell = firsts[block_row] + (with_edges & bit - 1).bit_count()
            if with_edges & bit:
                return at_edge(cell, row, column, lng, lat)
            return sets[references[cell]]
        return sets[number]

    return covering


def _one_point_at_edge(grid: CellGrid, exact: ExactPolygons) -> Callable[..., CatchmentSet]:
    """Return the lookup of one point in an edge cell: `_numbers_at_edges`, in plain Python."""
    xs, ys, owners = grid.edges.lng.data, grid.edges.lat.data, grid.edges.owner.data
    references, first_edge, crowded = grid.reference.data, grid.first_edge.data, grid.crowded.data
    edges, frame, sets, alone = grid.cell_edges.data, grid.frame, exact.sets, len(exact.codes)

    def at_edge(cell: int, row: int, column: int, lng: float, lat: float) -> CatchmentSet:
        number = references[cell]
        if number > alone or crowded[cell]:
            return exact.covering(lng, lat)
        depth = 1 if number else 0
        start = (frame.west_side(column), frame.middle(row))
        south, north = (start[1], lat) if start[1] < lat else (lat, start[1])
        for edge in edges[first_edge[cell] : first_edge[cell + 1]]:
            lng0, lat0, lng1, lat1 = xs[edge], ys[edge], xs[edge + 1], ys[edge + 1]
            if (lng0 > lng and lng1 > lng) or (lat0 > north and lat1 > north):
                continue
            if lat0 < south and lat1 < south:
                continue
            turn = one_crossed(start, (lng, lat), (lng0, lat0), (lng1, lat1))
            if turn is None:
                return ask_among(cell, lng, lat)
            depth += turn
            number += turn * owners[edge]
        plain = (depth == 0 and number == NOBODY) or (depth == 1 and 0 < number <= alone)
        return sets[number] if plain else ask_among(cell, lng, lat)

    @lru_cache(_IN_DOUBT_KEPT)
    def ask_among(cell: int, lng: float, lat: float) -> CatchmentSet:
        # What covers a place in a cell covers its reference point, or has an edge in it.
        numbers = {owners[edge] for edge in edges[first_edge[cell] : first_edge[cell + 1]]}
        numbers.add(references[cell])
        return exact.covering(lng, lat, among=[number - 1 for number in numbers if number])

    return at_edge
