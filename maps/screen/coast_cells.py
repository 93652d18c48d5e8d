"""The coast in cells, for who looks closely: land to be seen through sea, at two levels of detail.

A cell is a piece of sea with the land cut out of it, so that boundaries, which may reach out to
sea, are drawn as they are published and the sea is laid over them. Longitudes are 0…360.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.planar import Box, Shapes
from maps.exports.packing import zipped

FEWEST_SIDES = 3
BLOCK = 4
"""Land is cut to blocks of so many cells a side first, or each island is walked for each cell."""
OVERLAP_DEG = 0.001
"""Cells reach this far over each other, so that no seam is seen between two."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A level of detail: what it is called, degrees a cell, and steps a degree."""

    name: str
    cell_deg: float
    per_degree: int
    tolerance_deg: float
    """A bend is left out when it strays less than this."""


DETAILS = (
    Detail("near", 1.0, 5_000, 0.0006),
    Detail("nearest", 0.5, 20_000, 0.00006),
)
"""The latter is as fine as its source, Topo50 at 1:50,000, is sure of: some ten metres."""


def coast_cells(coast: BaseGeometry | None) -> bytes:
    """Return a zip with a file for each cell that has both land and sea, or land alone.

    `near/172_-41.json` has `rings`: the cell's land, each ring as steps on a grid, after `per`
    (steps a degree) and `box` (west, south, east, north, degrees).
    """
    return zipped(dict(_files(coast))) if coast is not None else zipped({})


def _files(coast: BaseGeometry) -> Iterator[tuple[str, bytes]]:
    land = shapely.get_parts(geometry_to_360(coast))
    for detail in reversed(DETAILS):
        land = _simple(land, detail.tolerance_deg)
        blocks = _blocks(land, replace(detail, cell_deg=detail.cell_deg * BLOCK))
        for x, y in members_of_cells(land, detail.cell_deg):
            block = blocks[x // BLOCK, y // BLOCK]
            yield f"{detail.name}/{x}_{y}.json", _cell(block, x, y, detail)


def _blocks(land: Shapes, block: Detail) -> dict[tuple[int, int], Shapes]:
    """Return the land of each block, by its place."""
    return {
        (x, y): _clipped(land, box_of(x, y, block))
        for x, y in members_of_cells(land, block.cell_deg)
    }


def _clipped(land: Shapes, box: Box) -> Shapes:
    west, south, east, north = box
    bounds = shapely.bounds(land)
    near = (bounds[:, :2] <= (east, north)).all(axis=1) & (bounds[:, 2:] >= (west, south)).all(
        axis=1
    )
    clipped = shapely.get_parts(shapely.clip_by_rect(land[near], *box))
    return np.asarray(clipped[shapely.get_dimensions(clipped) == 2])


def _simple(islands: Shapes, tolerance: float) -> Shapes:
    # An islet that vanishes is too small to be seen at this level.
    found = shapely.simplify(islands, tolerance, preserve_topology=False)
    return np.asarray(found[~shapely.is_empty(found)])


def members_of_cells(
    shapes: Shapes, cell: float
) -> Mapping[tuple[int, int], npt.NDArray[np.int64]]:
    """Return which shapes may reach into each cell (of so many degrees), by the cell's place."""
    west, south, east, north = np.floor(shapely.bounds(shapes).reshape(-1, 4).T / cell).astype(int)
    found: dict[tuple[int, int], list[int]] = {}
    for at, box in enumerate(zip(west, south, east, north, strict=True)):
        for x in range(box[0], box[2] + 1):
            for y in range(box[1], box[3] + 1):
                found.setdefault((x, y), []).append(at)
    return {place: np.array(members) for place, members in sorted(found.items())}


def _cell(land: Shapes, x: int, y: int, detail: Detail) -> bytes:
    box = box_of(x, y, detail)
    rings = shapely.get_rings(_clipped(land, box))
    return msgspec.json.encode(
        {
            "per": detail.per_degree,
            "box": [round(side, 6) for side in box],
            "rings": in_steps(rings, box, detail, fewest=FEWEST_SIDES),
        }
    )


def box_of(x: int, y: int, detail: Detail) -> Box:
    """Return the box of a cell, degrees, with what it reaches over its neighbours."""
    size = detail.cell_deg
    return (
        x * size - OVERLAP_DEG,
        y * size - OVERLAP_DEG,
        (x + 1) * size + OVERLAP_DEG,
        (y + 1) * size + OVERLAP_DEG,
    )


def in_steps(lines: Shapes, box: Box, detail: Detail, *, fewest: int) -> list[list[int]]:
    """Return each line's first point and the steps from it, on the cell's grid.

    There is none for one that has come down to no more than `fewest` points.
    """
    found, ring = shapely.get_coordinates(lines, return_index=True)
    points = np.rint((found - box[:2]) * detail.per_degree).astype(np.int64)
    if not len(points):
        return []
    steps = np.diff(points, axis=0, prepend=0)
    begins = np.diff(ring, prepend=-1) > 0
    steps[begins] = points[begins]
    moves = begins | (steps != 0).any(axis=1)
    ends = np.append(np.flatnonzero(begins[moves])[1:], moves.sum()).tolist()
    flat = steps[moves].ravel().tolist()
    starts = [0, *ends[:-1]]
    each = (flat[2 * start : 2 * end] for start, end in zip(starts, ends, strict=True))
    return [line for line in each if len(line) > 2 * fewest]
