"""Outlines that cost more than their corners say, of any size: combs, stars, spirals, slivers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import shapely
from shapely.affinity import rotate
from shapely.geometry.base import BaseGeometry

Box = tuple[float, float, float, float]
"""West, south, east, north."""


def ring(x: npt.ArrayLike, y: npt.ArrayLike) -> BaseGeometry:
    xy = np.column_stack([x, y])
    return shapely.polygons(np.vstack([xy, xy[:1]]))


def comb(box: Box, corners: int) -> BaseGeometry:
    """Teeth across all of a box, along one of its sides."""
    west, south, east, north = box
    teeth = max(1, corners // 4)
    x = np.repeat(np.linspace(west, east, 2 * teeth), 2)
    back = south + (north - south) / 50
    y = np.tile([back, north, north, back], teeth)
    return ring([*x, east, west], [*y, south, south])


def star(box: Box, corners: int, *, skipping: int = 1, inner: float = 1.0) -> BaseGeometry:
    """Corners around the middle, each so many after the one before; every other may lie inside."""
    west, south, east, north = box
    turn = 2 * np.pi * (np.arange(corners) * skipping % corners) / corners
    far = np.where(np.arange(corners) % 2, 1.0, inner)
    return ring(
        (west + east) / 2 + (east - west) / 2 * far * np.cos(turn),
        (south + north) / 2 + (north - south) / 2 * far * np.sin(turn),
    )


def spiral(box: Box, corners: int) -> BaseGeometry:
    """As many turns as there are corners in each, and back beside them."""
    west, south, east, north = box
    turns = max(2, int(corners**0.5 / 4))
    along = np.linspace(0, 1, max(8, corners // 2))
    turn, far = 2 * np.pi * turns * along, 0.1 + 0.9 * along
    turn, far = np.append(turn, turn[::-1]), np.append(far, far[::-1] - 0.45 / turns)
    x, y = far * np.cos(turn), far * np.sin(turn)
    return ring(
        (west + east) / 2 + (east - west) / 2 * x, (south + north) / 2 + (north - south) / 2 * y
    )


def grid(box: Box, corners: int) -> BaseGeometry:
    """Many parts, side by side."""
    west, south, east, north = box
    count = max(1, int((corners / 5) ** 0.5))
    x, y = (each.ravel() for each in np.meshgrid(*(np.arange(count) / count,) * 2))
    x, y = west + (east - west) * x, south + (north - south) * y
    wide, high = (east - west) / count * 0.4, (north - south) / count * 0.4
    return shapely.multipolygons(shapely.box(x, y, x + wide, y + high))


def sieve(box: Box, corners: int) -> BaseGeometry:
    """A box with many holes."""
    west, south, east, north = box
    room = (east - west) / 50
    holes = shapely.get_parts(
        grid((west + room, south + room, east - room, north - room), max(5, corners - 5))
    )
    rim = shapely.get_exterior_ring(shapely.box(*box))
    return shapely.polygons(rim, holes=shapely.get_exterior_ring(holes))


def slivers(box: Box, corners: int) -> BaseGeometry:
    """Parts as long as the box and very narrow."""
    west, south, east, north = box
    count = max(1, corners // 5)
    y = south + (north - south) * np.arange(count) / count
    high = (north - south) / count * 0.4
    return shapely.multipolygons(
        shapely.box(np.full(count, west), y, np.full(count, east), y + high)
    )


def askew(make: Callable[[Box, int], BaseGeometry]) -> Callable[[Box, int], BaseGeometry]:
    """Turn what is made by 30 degrees: its edges' boxes lie over each other."""
    return lambda box, corners: rotate(make(box, corners), 30, origin="center")


OUTLINES: dict[str, Callable[[Box, int], BaseGeometry]] = {
    "comb": comb,
    "comb, askew": askew(comb),
    "star that crosses itself": lambda b, n: star(b, n | 1, skipping=(n | 1) // 2),
    "star": lambda b, n: star(b, n & ~1, inner=0.05),
    "circle": star,
    "spiral": spiral,
    "many parts": grid,
    "many parts, askew": askew(grid),
    "many holes": sieve,
    "slivers": slivers,
    "slivers, askew": askew(slivers),
}
"""By what they are: each takes a box and about how many corners it is to have."""
