"""The cell grid: boundaries compiled into cells that answer without asking the polygons.

Coarse cells, about a kilometre wide, hold one set of catchments or the number of a block of 16 × 16
fine cells, about 70 metres wide. They are kept in strips of 64; strips with nobody in them, most of
the sea between New Zealand's islands, are one. Each row of a block says which of its cells edges
pass through. Such an *edge cell* holds those few edges and the set at a *reference point*, the
middle of its western side: whether a point in the cell lies in the same set follows from which of
those edges lie between the two. Any other cell is in the set at the reference point of the next
edge cell east of it in its row; after the last one it is in the set that the row ends with.

Sets come from a sweep along the middle of each fine row. Rings are turned so that a polygon lies to
the left of its edges; going east, an edge that points down enters its polygon and one that points
up leaves it. Summing +1 and -1 gives how many polygons cover a place, and summing the polygons'
numbers with the same signs gives which, as long as it is one. Where several overlap, and where a
float could err, the polygons are asked.

Cells are marked with a margin far above floating-point error and far below a millimetre.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]
AskPolygons = Callable[[Floats, Floats], npt.NDArray[np.uint16]]
"""Gives the set number of each point (lng in 0…360, lat) by testing the polygons themselves."""

CELL_LNG_DEG = 0.0125
CELL_LAT_DEG = 0.01
"""Coarse cells: 0.0125° × 0.01°, about 1 km × 1.1 km in the middle of New Zealand."""

SHIFT = 4
FINE = 1 << SHIFT
BLOCK = FINE * FINE
STRIP_SHIFT = 6
STRIP = 1 << STRIP_SHIFT
"""Coarse cells in a strip, one beside the other."""
NOBODY = 0
CROWD = 64
"""Edges in one fine cell beyond which asking the polygons is faster than comparing with each."""
_MARGIN = 1e-7
"""Of a fine cell: 7 micrometres, a thousand times the error of computing a cell's number."""
_FRACTION_BITS = 24
"""A crossing's place in its fine cell is kept in steps of 1/2²⁴, finer than the margin."""
_COLUMN_BITS = 40
_OUT_OF_REACH = 1 << 62
ROWS_AT_ONCE = 100_000
"""Rows of fine cells that edges reach into, each edge's counted; what is compiled at once has so
many, so that building takes little more memory than the grid itself."""


def pick(values: npt.NDArray[Any], at: Ints) -> npt.NDArray[Any]:
    """Return `values[at]` for places known to be within: half the time of a checked look-up."""
    return values.take(at, mode="clip")


@dataclass(frozen=True)
class Frame:
    """The grid's place: its south-west corner in 0…360 degrees and its size in coarse cells."""

    west: float
    south: float
    columns: int
    rows: int

    @property
    def strips(self) -> int:
        """How many strips a row of coarse cells has; the last may reach beyond the eastern rim."""
        return -(-self.columns // STRIP)

    @property
    def east(self) -> float:
        """The eastern rim, which lies outside."""
        return self.west + self.columns * CELL_LNG_DEG

    @property
    def north(self) -> float:
        """The northern rim, which lies outside."""
        return self.south + self.rows * CELL_LAT_DEG

    def fine_x(self, lng: Any) -> Any:
        """Return longitudes in fine columns from the western rim."""
        return (lng - self.west) * (FINE / CELL_LNG_DEG)

    def fine_y(self, lat: Any) -> Any:
        """Return latitudes in fine rows from the southern rim."""
        return (lat - self.south) * (FINE / CELL_LAT_DEG)

    def west_side(self, fine_column: Any) -> Any:
        """Return the longitude of the western side of fine columns."""
        return self.west + fine_column * (CELL_LNG_DEG / FINE)

    def middle(self, fine_row: Any) -> Any:
        """Return the latitude of the middle of fine rows."""
        return self.south + (fine_row + 0.5) * (CELL_LAT_DEG / FINE)

    @classmethod
    def around(cls, polygons: Sequence[BaseGeometry]) -> Frame:
        """Return a frame with a cell to spare all round, so that no edge lies on the rim."""
        if not polygons:
            return cls(0.0, 0.0, 1, 1)
        west, south, east, north = shapely.total_bounds(polygons).tolist()
        west, south = west - CELL_LNG_DEG, south - CELL_LAT_DEG
        columns = int((east - west) / CELL_LNG_DEG) + 2
        rows = int((north - south) / CELL_LAT_DEG) + 2
        return cls(west, south, columns, rows)


@dataclass(frozen=True)
class Edges:
    """All edges of all polygons: edge k goes from vertex k to vertex k + 1, polygon on its left."""

    lng: Floats
    lat: Floats
    owner: npt.NDArray[np.uint16]
    """The owning polygon's number plus one, which is its set's number, by vertex."""

    @classmethod
    def of(cls, polygons: Sequence[BaseGeometry]) -> tuple[Edges, Ints]:
        """Turn the rings and take their vertices; longitudes are 0…360.

        Returns the vertices at which an edge starts, too: all but the last of each ring.
        """
        parts, part_owner = shapely.get_parts(polygons, return_index=True)
        turned = shapely.orient_polygons(parts, exterior_cw=False)
        rings, ring_part = shapely.get_rings(turned, return_index=True)
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        owner = (part_owner[ring_part[ring]] + 1).astype(np.uint16)
        starts = np.flatnonzero(ring[:-1] == ring[1:])
        lng, lat = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        return cls(lng, lat, owner), starts


@dataclass(frozen=True)
class CellGrid:
    """The compiled cells; all arrays are flat."""

    frame: Frame
    edges: Edges
    strip: npt.NDArray[np.int32]
    """By strip, row by row: where its cells begin in `coarse`."""
    coarse: npt.NDArray[np.int32]
    """By coarse cell of all strips that differ: a set's number, or ~ the number of a block."""
    with_edges: npt.NDArray[np.uint16]
    """By row of a block, 16 to each: a bit for each cell with edges, the lowest for the west."""
    first_cell: npt.NDArray[np.int32]
    """By row of a block: the number of its first edge cell, or of the next there is."""
    row_end: npt.NDArray[np.uint16]
    """By row of a block: the number of the set east of its last edge cell, if there is room."""
    reference: npt.NDArray[np.uint16]
    """By edge cell, block by block and row by row: the number of the set at its reference point."""
    crowded: Bools
    """By edge cell: whether its edges are so many that the polygons are asked."""
    first_edge: npt.NDArray[np.int32]
    """By edge cell: where its edges begin in `cell_edges`; one more at the end."""
    cell_edges: npt.NDArray[np.int32]
    """The edges that touch each edge cell, as vertices where they start; one where they crowd."""

    @property
    def nbytes(self) -> int:
        """Bytes that all the arrays take."""
        arrays = (*vars(self).values(), *vars(self.edges).values())
        return sum(each.nbytes for each in arrays if isinstance(each, np.ndarray))

    def have_edges(self) -> Bools:
        """Return which coarse cells of the frame have edges, shape (rows, columns)."""
        rows: Bools = (self.coarse < 0).reshape(-1, STRIP)[self.strip >> STRIP_SHIFT]
        return rows.reshape(self.frame.rows, -1)[:, : self.frame.columns]

    def coarse_at(self, row: Ints, column: Ints) -> npt.NDArray[np.int32]:
        """Return what `coarse` has of cells in rows and columns of the frame."""
        begins = pick(self.strip, row * self.frame.strips + (column >> STRIP_SHIFT))
        return pick(self.coarse, begins + (column & (STRIP - 1)))


def compile_grid(polygons: Sequence[BaseGeometry], ask_polygons: AskPolygons) -> CellGrid:
    """Compile valid polygons with longitudes 0…360; polygon i is alone in set i + 1."""
    frame = Frame.around(polygons)
    edges, starts = Edges.of(polygons)
    coarse = np.zeros(frame.rows * frame.columns, dtype=np.int32)
    bands = []
    blocks = cells = 0
    for band in _bands(frame, edges, starts):
        bands.append(_compiled(band, coarse, ask_polygons, blocks=blocks, cells=cells))
        blocks += len(bands[-1].with_edges) // FINE
        cells += len(bands[-1].reference)
    columns = [*zip(*bands, strict=True)]
    bands.clear()
    # Each column's pieces are let go of once it is whole: that halves what building takes.
    with_edges, first_cell, row_end, reference, crowded, kept, cell_edges = (
        np.concatenate(columns.pop(0)) for _ in _CompiledBand._fields
    )
    first_edge = np.zeros(len(kept) + 1, dtype=np.int32)
    np.cumsum(kept, dtype=np.int32, out=first_edge[1:])
    return CellGrid(
        frame,
        edges,
        *_in_strips(coarse.reshape(frame.rows, frame.columns)),
        with_edges,
        first_cell,
        row_end,
        reference,
        crowded,
        first_edge,
        cell_edges,
    )


def _in_strips(
    coarse: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return where each strip's cells begin, and the cells; strips with nobody are the first."""
    padded = np.pad(coarse, ((0, 0), (0, -coarse.shape[1] % STRIP)))
    strips = padded.reshape(-1, STRIP)
    some = strips.any(axis=1)
    begins = np.cumsum(some, dtype=np.int32) * some * np.int32(STRIP)
    return begins, np.concatenate([np.zeros(STRIP, np.int32), strips[some].ravel()])


@dataclass(frozen=True)
class _Band:
    """Some coarse rows, and the edges that reach into them."""

    frame: Frame
    edges: Edges
    starts: Ints
    x: Floats
    y: Floats
    """All vertices in fine columns and rows."""
    first: int
    last: int
    """Coarse rows; the last is the next band's first."""

    def rows(self, bottom: Floats, top: Floats) -> tuple[Ints, Ints]:
        """Return which edge, counted in `starts`, is in which fine rows of the band, row by row.

        They are those from `bottom` to `top`, which are whole.
        """
        low = np.maximum(bottom.astype(np.int32), self.first * FINE)
        high = np.minimum(top.astype(np.int32), self.last * FINE - 1)
        return _spread(low, np.maximum(high - low + 1, 0))


def _bands(frame: Frame, edges: Edges, starts: Ints) -> Iterator[_Band]:
    x, y = frame.fine_x(edges.lng), frame.fine_y(edges.lat)
    bottom, top = _rows_touched(y, starts)
    count = 1 + int((top - bottom + 1).sum()) // ROWS_AT_ONCE
    rims = np.unique(np.linspace(0, frame.rows, count + 1).astype(int)).tolist()
    for first, last in pairwise(rims):
        here = (bottom < last * FINE) & (top >= first * FINE)
        yield _Band(frame, edges, starts[here], x, y, first, last)


class _CompiledBand(NamedTuple):
    """What `CellGrid` has of the coarse rows of a band, and how many edges each edge cell keeps."""

    with_edges: npt.NDArray[np.uint16]
    first_cell: npt.NDArray[np.int32]
    row_end: npt.NDArray[np.uint16]
    reference: npt.NDArray[np.uint16]
    crowded: Bools
    kept: npt.NDArray[np.uint8]
    cell_edges: npt.NDArray[np.int32]


def _compiled(
    band: _Band,
    coarse: npt.NDArray[np.int32],
    ask_polygons: AskPolygons,
    *,
    blocks: int,
    cells: int,
) -> _CompiledBand:
    """Compile a band into its rows of `coarse`, and the rest; so many came before it."""
    frame = band.frame
    cell, edge = _touched(band)
    begins = np.flatnonzero(np.diff(cell, prepend=-1))
    counts = np.diff(begins, append=len(cell))
    edge_cells, block_cells = _by_block(cell[begins])
    coarse[block_cells] = ~np.arange(blocks, blocks + len(block_cells), dtype=np.int32)
    crowded = counts > CROWD
    sweep = _Sweep.along_rows(band)
    _fill_coarse(band, sweep, coarse, ask_polygons)
    with_edges, first_cell, next_column = _rows(edge_cells, len(block_cells) * FINE)
    row_end = np.zeros(len(with_edges), dtype=np.uint16)
    room = np.flatnonzero(next_column < FINE)
    place = _fine_place(frame, block_cells, room * FINE + next_column[room])
    row_end[room] = _sets(frame, sweep, *place, ask_polygons)
    place = _fine_place(frame, block_cells, edge_cells)
    return _CompiledBand(
        with_edges,
        first_cell + np.int32(cells),
        row_end,
        _sets(frame, sweep, *place, ask_polygons),
        crowded,
        np.where(crowded, 1, counts).astype(np.uint8),
        edge[~_beyond_first(counts, crowded)],
    )


def _by_block(cells: Ints) -> tuple[Ints, Ints]:
    """Return fine cells numbered by block instead of coarse cell, and each block's coarse cell."""
    coarse = cells >> (2 * SHIFT)
    is_first = np.diff(coarse, prepend=-1) != 0
    return (np.cumsum(is_first) - 1) * BLOCK + (cells & (BLOCK - 1)), coarse[is_first]


def _rows(
    edge_cells: Ints, count: int
) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int32], Ints]:
    """Return of each row of a block its edge cells, the first's number, and the column after all.

    Edge cells are numbered by block and place in it, in order.
    """
    row, column = edge_cells >> SHIFT, edge_cells & (FINE - 1)
    counts = np.bincount(row, minlength=count)
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    begins, some = ends[:-1], np.flatnonzero(counts)
    with_edges = np.zeros(count, dtype=np.uint16)
    next_column = np.zeros(count, dtype=np.int64)
    if len(some):
        with_edges[some] = np.add.reduceat(1 << column, begins[some])
        next_column[some] = column[ends[1:][some] - 1] + 1
    return with_edges, begins.copy(), next_column


def _beyond_first(counts: Ints, crowded: Bools) -> Bools:
    """Return which entries, ordered by cell, are a crowded cell's second or later."""
    beyond = np.repeat(crowded, counts)
    beyond[np.cumsum(counts) - counts] = False
    return beyond


# --- which cells an edge touches ------------------------------------------------------------------


def _rows_touched(y: Floats, starts: Ints) -> tuple[Floats, Floats]:
    """Return the first and the last fine row that each edge touches."""
    y0, y1 = y[starts], y[starts + 1]
    return np.floor(np.minimum(y0, y1) - _MARGIN), np.floor(np.maximum(y0, y1) + _MARGIN)


def _touched(band: _Band) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return fine cell and edge for every fine cell that an edge touches, in order.

    Fine cells are numbered by coarse cell and place in it. Both are sorted as one number, which is
    the fastest.
    """
    bits = len(band.x).bit_length()
    row, column, edge = _touched_by(band)
    coarse = (row >> SHIFT).astype(np.int64) * band.frame.columns + (column >> SHIFT)
    place = (row & (FINE - 1)) << SHIFT | column & (FINE - 1)
    both = (coarse << (2 * SHIFT) | place) << bits | edge
    both.sort()
    return both >> bits, (both & ((1 << bits) - 1)).astype(np.int32)


def _touched_by(band: _Band) -> tuple[Ints, Ints, Ints]:
    edge, row = band.rows(*_rows_touched(band.y, band.starts))
    start = band.starts[edge]
    ends = band.x[start], band.y[start], band.x[start + 1], band.y[start + 1]
    left, right = _x_range_in_row(*ends, row)
    first = np.floor(left - _MARGIN).astype(np.int32)
    last = np.floor(right + _MARGIN).astype(np.int32)
    piece, column = _spread(first, last - first + 1)
    return row[piece], column, start[piece]


def _spread(first: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Return (index, value) for the values first, first + 1, … of each index, `counts` of them."""
    index = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    ends = np.cumsum(counts, dtype=np.int64)
    values = np.arange(len(index), dtype=np.int64) - np.repeat(ends - counts - first, counts)
    return index, values.astype(np.int32)


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


# --- which set a cell is in -----------------------------------------------------------------------


@dataclass(frozen=True)
class _Sweep:
    """Where edges cross the middles of fine rows, in order, and the sums up to there."""

    keys: npt.NDArray[np.int64]
    """Row and place of each crossing in one number, sorted, between two that are out of reach."""
    depth: npt.NDArray[np.int32]
    """How many polygons cover the place east of the first n crossings."""
    number: npt.NDArray[np.int64]
    """The sum of their set numbers: the set's own number where there is one or none."""

    @classmethod
    def along_rows(cls, band: _Band) -> _Sweep:
        """Find all crossings. Each row's signs sum to nought, so one running sum serves all."""
        key, signed_number = _crossings(band)
        order = np.argsort(key)
        signed_number = signed_number[order]
        nothing = np.zeros(1, dtype=np.int64)
        depth = np.cumsum(np.concatenate([nothing, np.sign(signed_number)]), dtype=np.int64)
        number = np.cumsum(np.concatenate([nothing, signed_number]))
        kept = np.concatenate([[-_OUT_OF_REACH], key[order], [_OUT_OF_REACH]])
        return cls(kept, depth.astype(np.int32), number)

    def at_west_side(self, row: Ints, column: Ints) -> tuple[npt.NDArray[np.uint16], Bools]:
        """Return the set's number in the middle of each cell's western side, and if it is sure.

        It is not where polygons overlap, nor where a crossing is too near to that point.
        """
        key = (row.astype(np.int64) << _COLUMN_BITS) + (column.astype(np.int64) << _FRACTION_BITS)
        after = np.searchsorted(self.keys, key)
        before = after - 1
        near = (self.keys[before] >= key - 2) | (self.keys[after] < key + 2)
        several = self.depth[before] > 1
        return np.where(several, NOBODY, self.number[before]).astype(np.uint16), ~(near | several)


def _crossings(band: _Band) -> tuple[Ints, Ints]:
    """Return key and signed set number of each crossing of an edge with the middle of a row."""
    frame, edges, starts = band.frame, band.edges, band.starts
    lat0, lat1 = edges.lat[starts], edges.lat[starts + 1]
    # Each row whose middle may lie between the ends; whether it does is looked at below.
    y0, y1 = band.y[starts] - 0.5, band.y[starts + 1] - 0.5
    bottom = np.ceil(np.minimum(y0, y1) - _MARGIN)
    edge, row = band.rows(bottom, np.floor(np.maximum(y0, y1) + _MARGIN))
    middle = frame.middle(row)
    crossing = np.flatnonzero((lat0[edge] <= middle) != (lat1[edge] <= middle))
    edge, row, middle = edge[crossing], row[crossing], middle[crossing]
    start = starts[edge]
    lng0, lng1 = edges.lng[start], edges.lng[start + 1]
    part = (middle - lat0[edge]) / (lat1[edge] - lat0[edge])
    place = np.floor(frame.fine_x(lng0 + part * (lng1 - lng0)) * (1 << _FRACTION_BITS))
    key = (row.astype(np.int64) << _COLUMN_BITS) + place.astype(np.int64)
    sign = np.where(lat1[edge] > lat0[edge], -1, 1)
    return key, sign * edges.owner[start].astype(np.int64)


def _fill_coarse(
    band: _Band, sweep: _Sweep, coarse: npt.NDArray[np.int32], ask_polygons: AskPolygons
) -> None:
    """Give each coarse cell without an edge the set that covers it: one question a run of them."""
    columns = band.frame.columns
    here = coarse[band.first * columns : band.last * columns]
    edge_free = here >= 0
    begins = _begins(edge_free, columns)
    first = np.flatnonzero(begins)
    row, column = np.divmod(first, columns)
    middle = (band.first + row) * FINE + FINE // 2
    numbers = _sets(band.frame, sweep, middle, column * FINE, ask_polygons)
    run = np.cumsum(begins, dtype=np.int32) - 1
    here[edge_free] = numbers[run[edge_free]]


def _begins(edge_free: Bools, row_length: int) -> Bools:
    """Return where runs of cells without an edge begin; a row's end ends a run."""
    begins = edge_free.copy()
    begins[1:] &= ~edge_free[:-1]
    begins[::row_length] = edge_free[::row_length]
    return begins


def _fine_place(frame: Frame, block_cells: Ints, cell: Ints) -> tuple[Ints, Ints]:
    """Return fine row and column of cells numbered by block and place in the block."""
    row, column = (each.astype(np.int32) * FINE for each in np.divmod(block_cells, frame.columns))
    block = cell >> (2 * SHIFT)
    return row[block] + (cell >> SHIFT & FINE - 1), column[block] + (cell & FINE - 1)


def _sets(
    frame: Frame, sweep: _Sweep, row: Ints, column: Ints, ask_polygons: AskPolygons
) -> npt.NDArray[np.uint16]:
    numbers, sure = sweep.at_west_side(row, column)
    unsure = np.flatnonzero(~sure)
    if len(unsure):
        numbers[unsure] = ask_polygons(frame.west_side(column[unsure]), frame.middle(row[unsure]))
    return numbers
