"""Edge crossings: whether a path crosses an edge, in floating point with a bound on the error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catchments.geometry.cell_grid import Floats, pick

_ERROR_BOUND = 4e-16
"""Of a determinant, against the sum of its terms' sizes: Shewchuk's (3 + 16 ε) ε, rounded up.

J. R. Shewchuk, “Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates”,
Discrete & Computational Geometry 18 (1997), section 4.1.
"""

Point = tuple[float, float]
Points = tuple[Floats, Floats]


def crossed(
    start: Points, end: Points, low: Points, high: Points
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return +1, -1 or 0 for each path that crosses its edge inwards, outwards or not, and doubts.

    A path goes from `start` to `end`; an edge from `low` to `high`, its polygon on the left.
    """
    turn = np.zeros(len(low[0]), dtype=np.int64)
    doubtful = np.zeros(len(low[0]), dtype=bool)
    near = np.flatnonzero(_boxes_meet(start, end, low, high))
    start, end, low, high = (
        (pick(lng, near), pick(lat, near)) for lng, lat in (start, end, low, high)
    )
    low_side, low_sure = side_of(start, end, low)
    high_side, high_sure = side_of(start, end, high)
    start_side, start_sure = side_of(low, high, start)
    end_side, end_sure = side_of(low, high, end)
    apart = ((low_side > 0) == (high_side > 0)) & low_sure & high_sure
    beside = ((start_side > 0) == (end_side > 0)) & start_sure & end_sure
    none = apart | beside
    doubtful[near] = ~none & ~(low_sure & high_sure & start_sure & end_sure)
    turn[near] = np.where(none, 0, np.where(end_side > 0, 1, -1))
    return turn, doubtful


def _boxes_meet(start: Points, end: Points, low: Points, high: Points) -> npt.NDArray[np.bool_]:
    """Return which paths' boxes meet their edges' boxes; paths go east, from a western side."""
    south, north = np.minimum(start[1], end[1]), np.maximum(start[1], end[1])
    east_of = (low[0] > end[0]) & (high[0] > end[0])
    west_of = (low[0] < start[0]) & (high[0] < start[0])
    north_of = (low[1] > north) & (high[1] > north)
    south_of = (low[1] < south) & (high[1] < south)
    meet: npt.NDArray[np.bool_] = ~(east_of | west_of | north_of | south_of)
    return meet


def side_of(a: Points, b: Points, c: Points) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return a number that is positive where c lies left of a → b, and whether its sign is sure."""
    one = (a[0] - c[0]) * (b[1] - c[1])
    other = (a[1] - c[1]) * (b[0] - c[0])
    side = one - other
    return side, np.abs(side) > _ERROR_BOUND * (np.abs(one) + np.abs(other))


def one_crossed(start: Point, end: Point, low: Point, high: Point) -> int | None:
    """Return what `crossed` does for one path and edge, or None in doubt."""
    low_side, high_side = _one_side(start, end, low), _one_side(start, end, high)
    if low_side * high_side > 0:
        return 0
    start_side, end_side = _one_side(low, high, start), _one_side(low, high, end)
    if start_side * end_side > 0:
        return 0
    if low_side * high_side * start_side * end_side == 0:
        return None
    return end_side


def _one_side(a: Point, b: Point, c: Point) -> int:
    """Return 1 where c lies left of a → b, -1 where it lies right, 0 in doubt."""
    one = (a[0] - c[0]) * (b[1] - c[1])
    other = (a[1] - c[1]) * (b[0] - c[0])
    side = one - other
    if abs(side) <= _ERROR_BOUND * (abs(one) + abs(other)):
        return 0
    return 1 if side > 0 else -1
