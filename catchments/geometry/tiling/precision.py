"""Precision: boundaries that came back from a file, given the vertices that they had before.

A file keeps seven decimals of a degree, or starts a ring elsewhere; no line was moved by it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.planar import Floats

STEP_DEGREES = 1e-7
"""A file's coordinates are taken for those known if they are within half of this: a centimetre."""

_HALFWAY = 0.51 * STEP_DEGREES
_BESIDE = [x + 1j * y for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]
"""The keys around a key."""


def restored(
    boundaries: Mapping[str, BaseGeometry], known: Mapping[str, BaseGeometry]
) -> dict[str, BaseGeometry]:
    """Return boundaries with the known vertices where theirs are the same but for rounding.

    Both WGS 84, longitude -180…180. One that is then a known boundary of the same code, wherever
    its rings begin and however they run, is handed back as that very object.
    """
    if not boundaries or not known:
        return dict(boundaries)
    exact = _Vertices(known)
    return {
        code: _as_known(exact.restored(boundary), known.get(code))
        for code, boundary in boundaries.items()
    }


class _Vertices:
    """The known vertices, to be found by what rounding makes of them."""

    def __init__(self, known: Mapping[str, BaseGeometry]) -> None:
        xy = np.unique(shapely.get_coordinates(list(known.values())), axis=0)
        keys = _keys(xy)
        order = np.argsort(keys, kind="stable")
        self._keys, self._xy = keys[order], xy[order]

    def restored(self, boundary: BaseGeometry) -> BaseGeometry:
        made: BaseGeometry = shapely.transform(boundary, self._restored)
        return made if shapely.is_valid(made) or not shapely.is_valid(boundary) else boundary

    def _restored(self, xy: Floats) -> Floats:
        if not len(self._keys):
            return xy
        keys = _keys(xy)
        at, same = self._places(keys)
        # Of two known vertices a centimetre apart a file that keeps both says which by itself.
        exact = np.where(same[:, None], self._xy[at], xy)
        for step in _BESIDE:  # what lies halfway is rounded up by some programs, down by others
            (left,) = np.nonzero(~same)
            at, there = self._places(keys[left] + step)
            near = np.abs(self._xy[at] - xy[left]).max(axis=1) <= _HALFWAY
            found = left[there & near]
            exact[found], same[found] = self._xy[at[there & near]], True
        return np.asarray(exact)

    def _places(
        self, keys: npt.NDArray[np.complex128]
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        """Return where the known vertices of some keys are, and whether there are such."""
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return at, self._keys[at] == keys


def _keys(xy: Floats) -> npt.NDArray[np.complex128]:
    """Return for each vertex a number that all those have that round to the same place."""
    steps = np.rint(xy / STEP_DEGREES)
    return np.asarray(steps[:, 0] + 1j * steps[:, 1])


def _as_known(boundary: BaseGeometry, known: BaseGeometry | None) -> BaseGeometry:
    if known is None:
        return boundary
    mine, theirs = (shapely.normalize(_parts(each)) for each in (boundary, known))
    return known if shapely.equals_exact(mine, theirs, tolerance=0) else boundary


def _parts(boundary: BaseGeometry) -> BaseGeometry:
    """Return a boundary as a multipolygon, 0…360: many formats make one of every polygon."""
    made: BaseGeometry = shapely.multipolygons(shapely.get_parts(geometry_to_360(boundary)))
    return made
