"""Exact polygons: which boundaries cover a point by the polygons themselves; slow, and right."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.cell_grid import NOBODY, Floats, Ints
from catchments.geometry.coordinates import geometry_to_360

CatchmentSet = tuple[str, ...]


class ExactPolygons:
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

    def covers(self, code: str, lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        """Return which points (0…360) a boundary covers."""
        return np.asarray(self._intersects(self.codes.index(code), lng, lat))

    def set_numbers(self, lng: Floats, lat: Floats) -> npt.NDArray[np.uint16]:
        """Return for each point (0…360) the number in `sets` of the set that covers it."""
        found = np.zeros(len(lng), dtype=np.uint16)
        several: dict[int, list[int]] = {}
        for i, inside in self._hits(lng, lat):
            taken = inside[found[inside] != NOBODY]
            for point in taken.tolist():
                several.setdefault(point, [int(found[point]) - 1]).append(i)
            found[inside[found[inside] == NOBODY]] = i + 1
        for point, members in several.items():
            found[point] = self._number_of(tuple(self.codes[i] for i in sorted(members)))
        return found

    def touches_edge(self, code: str, lng: float, lat: float) -> bool:
        """Whether a point (0…360) lies exactly on a boundary's edge."""
        i = self.codes.index(code)
        return not self.strictly_inside(code, lng, lat) and bool(self._intersects(i, lng, lat))

    def strictly_inside(self, code: str, lng: Any, lat: Any) -> Any:
        """Whether points (0…360) lie inside a boundary and not on its edge."""
        i = self.codes.index(code)
        with self._locks[i]:
            return shapely.contains_xy(self.polygons[i], lng, lat)

    def meeting(
        self, window: tuple[float, float, float, float]
    ) -> Iterator[tuple[str, BaseGeometry]]:
        """Yield code and polygon of each boundary whose box meets a window (0…360)."""
        for i in self._tree.query(shapely.box(*window)).tolist():
            yield self.codes[i], self.polygons[i]

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
