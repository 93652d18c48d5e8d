"""Outlines that somebody gives: what they would cost is counted before the work is begun.

Whatever is done with two lines costs as many steps as edges come near each other, and much more for
each crossing. Neither shows in how many corners an outline has: the teeth of a comb, or an outline
that crosses itself, have thousands of millions with a hundred thousand. So both are counted first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import ChangeDoesNotFit
from catchments.geometry.edge_crossings import Points, side_of
from catchments.geometry.planar import Flags, Floats, Indices, edge_ends

CORNERS_AT_MOST = 100_000
"""Of an outline or a line: as many as the finest boundaries of catchments have."""
RINGS_AT_MOST = 5_000
"""Parts and holes of an area: several times as many as any coast has islands."""
MEETINGS_AT_MOST = 3_000_000
"""Pairs of edges whose boxes may meet: ten times as many as in an outline that leads on."""
CROSSINGS_AT_MOST = 1_000
"""Places where an outline may cross boundaries."""
PIECES_AT_MOST = 500
"""Pieces that an outline may cut, beside those that there were."""
_BANDS_AT_MOST = 1 << 12
_AT_ONCE = 1_000
"""Edges that are looked at before it is counted whether they are enough."""


def refuse_many_corners(outline: BaseGeometry) -> None:
    """Raise ChangeDoesNotFit for an outline or a line of too many corners, or parts and holes."""
    corners = int(shapely.get_num_coordinates(outline))
    rings = len(shapely.get_rings(shapely.get_parts(outline)))
    for count, at_most, what in (
        (corners, CORNERS_AT_MOST, "corners"),
        (rings, RINGS_AT_MOST, "parts and holes"),
    ):
        if count > at_most:
            raise ChangeDoesNotFit(
                f"What was drawn has {count:,} {what}.",
                allowed=f"It may have {at_most:,}.",
                next_step="Simplify it first.",
            )


def refuse_entangled(outline: BaseGeometry) -> None:
    """Raise ChangeDoesNotFit for one whose edges lie over each other too often to be looked at."""
    ends = edges_in(outline)
    if len(ends) ** 2 > MEETINGS_AT_MOST and meetings(ends) > MEETINGS_AT_MOST:
        raise _too_dense(len(ends), "itself")


def refuse_dense(outline: BaseGeometry, shapes: npt.ArrayLike) -> None:
    """Raise ChangeDoesNotFit for an outline whose edges lie over those of areas too often."""
    own = edges_in(outline)
    if len(own) * int(shapely.get_num_coordinates(shapes).sum()) <= MEETINGS_AT_MOST:
        return
    ends, _ = edge_ends(shapes)
    ends = ends[boxes_meet(ends, outline.bounds)]
    if len(own) * len(ends) > MEETINGS_AT_MOST and meetings(own, ends) > MEETINGS_AT_MOST:
        raise _too_dense(len(own), "boundaries")


def refuse_many_crossings(outline: BaseGeometry, ends: Floats) -> None:
    """Raise ChangeDoesNotFit for an outline that crosses some edges (n, 2, 2) too often.

    To run along an edge, or to touch one, is not to cross it.
    """
    own = edges_in(outline)
    if len(own) * len(ends) <= CROSSINGS_AT_MOST:
        return
    tree = shapely.STRtree(shapely.linestrings(ends))
    count = 0
    for some in np.array_split(own, 1 + len(own) // _AT_ONCE):
        mine, theirs = tree.query(shapely.linestrings(some))
        count += int(_meeting(some[mine], ends[theirs])[0].sum())
        if count > CROSSINGS_AT_MOST:
            raise ChangeDoesNotFit(
                f"What was drawn crosses boundaries more than {CROSSINGS_AT_MOST:,} times.",
                allowed=f"It may cross them {CROSSINGS_AT_MOST:,} times.",
                next_step="Draw it with fewer turns, and along a boundary either on it, by "
                "snapping, or well to one side.",
            )


def refuse_many_pieces(count: int) -> None:
    """Raise ChangeDoesNotFit where an outline cuts boundaries into too many pieces."""
    if count > PIECES_AT_MOST:
        raise ChangeDoesNotFit(
            f"What was drawn cuts boundaries into {count:,} pieces more.",
            allowed=f"It may cut {PIECES_AT_MOST:,}.",
            next_step="Draw it with fewer turns and parts, or do some of it at a time.",
        )


def _too_dense(count: int, over: str) -> ChangeDoesNotFit:
    return ChangeDoesNotFit(
        f"What was drawn goes to and fro over {over} too often: {count:,} edges, of which more "
        f"than {MEETINGS_AT_MOST:,} pairs may meet.",
        allowed="An outline or a line may have as many corners as a coast has, but leads on.",
        next_step="Draw it again with fewer turns.",
    )


# --- edges ----------------------------------------------------------------------------------------


def edges_in(outline: BaseGeometry) -> Floats:
    """Return both ends (n, 2, 2) of each edge of lines or of areas."""
    lines = outline if shapely.get_dimensions(outline) == 1 else shapely.boundary(outline)
    xy, at = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    runs = np.flatnonzero(at[:-1] == at[1:])
    return np.stack([xy[runs], xy[runs + 1]], axis=1)


def boxes_meet(ends: Floats, box: Collection[float]) -> Flags:
    """Return which edges (n, 2, 2) have a box that meets another: west, south, east, north."""
    west, south, east, north = box
    (x, to_x), (y, to_y) = ends[..., 0].T, ends[..., 1].T  # by column: a tenth of the time
    along = (np.minimum(x, to_x) <= east) & (np.maximum(x, to_x) >= west)
    return np.asarray(along & (np.minimum(y, to_y) <= north) & (np.maximum(y, to_y) >= south))


def meet_in_ends_alone(noded: Floats, others: Floats) -> bool:
    """Whether edges (n, 2, 2) that were noded meet each other, and others, in their ends alone.

    Others are not held against each other: they are as they were.
    """
    ends = np.concatenate([noded, others])
    lines = shapely.linestrings(ends)
    one, other = shapely.STRtree(lines[: len(noded)]).query(lines)
    pairs = one > other  # each pair of two that were noded once, and no edge with itself
    one, other = one[pairs], other[pairs]
    _, apart, joined = _meeting(ends[one], ends[other])
    a, b, joined = lines[one[~apart]], lines[other[~apart]], joined[~apart]
    return not (shapely.intersects(a, b) & ~(joined & shapely.touches(a, b))).any()


def _meeting(one: Floats, other: Floats) -> tuple[Flags, Flags, Flags]:
    """Return which edges (n, 2, 2) cross which, one by one, which meet in no more than an end, and
    which have an end in common.

    To cross is to have both ends on either side. The second is said where it is sure.
    """
    (a, b), (c, d) = _ends(one), _ends(other)
    sides = side_of(a, b, c), side_of(a, b, d), side_of(c, d, a), side_of(c, d, b)
    (at_c, c_off), (at_d, d_off), (at_a, a_off), (at_b, b_off) = sides
    cross = (at_c * at_d < 0) & (at_a * at_b < 0)
    one_side = (c_off & d_off & (at_c * at_d > 0)) | (a_off & b_off & (at_a * at_b > 0))
    begins, ends = _same(a, c) | _same(b, c), _same(a, d) | _same(b, d)
    return cross, one_side | (begins & d_off) | (ends & c_off), begins | ends


def _ends(edges: Floats) -> tuple[Points, Points]:
    (start, end) = edges.transpose(1, 2, 0)
    return (start[0], start[1]), (end[0], end[1])


def _same(one: Points, other: Points) -> Flags:
    return np.asarray((one[0] == other[0]) & (one[1] == other[1]))


# --- counting -------------------------------------------------------------------------------------


def meetings(ends: Floats, others: Floats | None = None) -> int:
    """Return how many pairs of edges (n, 2, 2) have boxes that meet, or nearly so; never fewer.

    Where `others` are given, pairs of one of each alone. It is counted by sorting: that takes as
    long for thousands of millions of pairs as for none.
    """
    if others is None:
        return _Bands.of(ends).pairs(np.ones(len(ends), dtype=bool))
    bands = _Bands.of(np.concatenate([ends, others]))
    mine = np.arange(len(ends) + len(others)) < len(ends)
    return bands.pairs(mine | True) - bands.pairs(mine) - bands.pairs(~mine)


@dataclass(frozen=True)
class _Bands:
    """Edges in bands that are about as high as an edge is: a row for each band that one is in.

    Sorted by band, then from left to right.
    """

    edge: Indices
    opens: Flags
    """Whether it is the first band of its edge."""
    left: Floats
    """The number of the band, and how far along it the edge begins: less than one."""
    right: Floats

    @classmethod
    def of(cls, ends: Floats) -> _Bands:
        """Part edges into bands, so many that there are at most twice as many rows as edges."""
        if not len(ends):
            nothing = np.empty(0)
            return cls(np.empty(0, np.intp), np.empty(0, bool), nothing, nothing)
        low, high = ends.min(axis=1), ends.max(axis=1)
        bottom, top = float(low[:, 1].min()), float(high[:, 1].max())
        mean = float((high[:, 1] - low[:, 1]).mean())
        count = int(min(_BANDS_AT_MOST, max(1.0, (top - bottom) / mean if mean else np.inf)))
        height = (top - bottom) / count or 1.0
        first, last = (
            ((each[:, 1] - bottom) / height).clip(0, count - 1).astype(np.intp)
            for each in (low, high)
        )
        rows = last - first + 1
        edge = np.repeat(np.arange(len(ends)), rows)
        band = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(rows) - rows, rows)
        west = float(low[:, 0].min())
        breadth = 2 * (float(high[:, 0].max()) - west) or 1.0
        left, right = ((each[edge, 0] - west) / breadth + band for each in (low, high))
        order = np.argsort(left)
        opens = band == first[edge]
        return cls(edge[order], opens[order], left[order], right[order])

    def pairs(self, those: Flags) -> int:
        """Return how many pairs of some edges are in one band, and overlap along it.

        Each is counted in the first band that both are in, where one of them begins.
        """
        rows = those[self.edge]
        goes_on = rows & ~self.opens
        return _overlapping(self.left[rows], self.right[rows]) - _overlapping(
            self.left[goes_on], self.right[goes_on]
        )


def _overlapping(left: Floats, right: Floats) -> int:
    """Return how many pairs of stretches overlap, which are sorted by where they begin."""
    return int((np.searchsorted(left, right, side="right") - np.arange(1, len(left) + 1)).sum())
