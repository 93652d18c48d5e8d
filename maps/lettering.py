"""Lettering: where names go on a picture, inside their own area and clear of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

LETTER, LINE = 7.7, 15.0
"""Width of a letter in a wide font and height of a line, in pixels; CSS sets 13-pixel type."""
STEP = LINE * 0.4
"""Pixels between the heights at which an area is measured: a name needs three to be clear."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""
Stretches = list[tuple[float, float]]
"""From and to, from left to right."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """A name, whose it is, and the pixel that its middle is at."""

    code: str
    name: str
    x: float
    y: float

    @property
    def box(self) -> Box:
        """What the name covers."""
        return around(self.x, self.y, _width(self.name) / 2, LINE / 2)


def lettered(
    areas: Iterable[tuple[str, BaseGeometry]],
    names: Mapping[str, str],
    *,
    taken: Sequence[Box],
    at_most: int,
) -> list[Lettering]:
    """Return a place for each name that has room in its area, in pixels; the first come first.

    Areas and names go by code. `taken` is kept clear.
    """
    found: list[Lettering] = []
    for code, area in areas:
        name = names[code]
        boxes = [*taken, *(each.box for each in found)]
        places = (Lettering(code, name, x, y) for x, y in _places(area, _width(name)))
        free = (each for each in places if not any(overlap(each.box, box) for box in boxes))
        found.extend(islice(free, 1))
        if len(found) == at_most:
            break
    return found


def around(x: float, y: float, half_width: float, half_height: float) -> Box:
    """Return the box about a pixel."""
    return x - half_width, y - half_height, x + half_width, y + half_height


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than an edge."""
    apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    return not apart


def _width(name: str) -> float:
    return len(name) * LETTER


def _places(area: BaseGeometry, width: float) -> Iterator[tuple[float, float]]:
    """Yield where an area has room for a name, the widest stretch near its middle first."""
    left, top, right, bottom = area.bounds
    # Written so that an empty area, whose bounds are no numbers, has no room either.
    if not (right - left >= width and bottom - top >= LINE):
        return
    heights = np.arange(top + STEP / 2, bottom, STEP)
    rows = _rows(area, heights)
    middle = (top + bottom) / 2
    rooms = []
    for y, *around_it in zip(heights[1:], rows, rows[1:], rows[2:], strict=False):
        off_middle = abs(y - middle) / (bottom - top)
        for start, end in _common(around_it):
            if end - start >= width:
                rooms.append(((end - start) * (1 - 0.6 * off_middle), (start + end) / 2, float(y)))
    for _, x, y in sorted(rooms, reverse=True):
        yield x, y


def _rows(area: BaseGeometry, heights: npt.NDArray[np.float64]) -> list[Stretches]:
    """Return at each height the stretches that are inside the area."""
    points, ring = shapely.get_coordinates(
        shapely.get_rings(shapely.get_parts(area)), return_index=True
    )
    same = ring[1:] == ring[:-1]
    (ax, ay), (bx, by) = points[:-1][same].T, points[1:][same].T
    row, edge = np.nonzero((ay > heights[:, None]) != (by > heights[:, None]))
    along = (heights[row] - ay[edge]) / (by - ay)[edge]
    x = ax[edge] + along * (bx - ax)[edge]
    order = np.lexsort([x, row])
    # A line crosses outlines an even number of times: in, out, in, out.
    found: list[Stretches] = [[] for _ in heights]
    for at, start, end in zip(row[order][::2], x[order][::2], x[order][1::2], strict=True):
        found[at].append((float(start), float(end)))
    return found


def _common(rows: Sequence[Stretches]) -> Stretches:
    """Return the stretches that rows one above the other share."""
    shared = rows[0]
    for row in rows[1:]:
        pairs = ((max(a, c), min(b, d)) for a, b in shared for c, d in row)
        shared = [(start, end) for start, end in pairs if start < end]
    return shared
