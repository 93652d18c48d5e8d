"""Exact polygons: which boundaries cover a point by the polygons themselves; slow, and right."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.cell_grid import Floats, Ints
from catchments.geometry.coordinates import geometry_to_360

CatchmentSet = tuple[str, ...]


class ExactPolygons:
    """The polygons themselves: slower, and right for every point."""

    def __init__(self, boundaries: Mapping[str, BaseGeometry]) -> None:
        self.codes = tuple(sorted(boundaries))
        self._numbers = {code: number for number, code in enumerate(self.codes)}
        self.polygons = [geometry_to_360(boundaries[code]) for code in self.codes]
        self._tree = shapely.STRtree(self.polygons)
        self._is_prepared = [False] * len(self.codes)
        self._locks = [threading.Lock() for _ in self.codes]
        self._growing = threading.Lock()
        self.sets: list[CatchmentSet] = [(), *((code,) for code in self.codes)]
        self._set_numbers = {s: number for number, s in enumerate(self.sets)}

    def covering(
        self, lng: float, lat: float, *, among: Iterable[int] | None = None
    ) -> CatchmentSet:
        """Return the codes of all boundaries that cover a point (0…360), smaller code first.

        Where it is known `among` which polygons, by number, they are, others are not asked.
        """
        if among is None:
            among = self._tree.query(shapely.Point(lng, lat)).tolist()
        return tuple([self.codes[i] for i in sorted(among) if self._intersects(i, lng, lat)])

    def covers(self, code: str, lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        """Return which points (0…360) a boundary covers."""
        return np.asarray(self._intersects(self._numbers[code], lng, lat))

    def set_numbers(self, lng: Floats, lat: Floats) -> npt.NDArray[np.uint16]:
        """Return for each point (0…360) the number in `sets` of the set that covers it."""
        # Whoever asks for a point on an edge may well ask for it a million times.
        places, again = np.unique(lng + 1j * lat, return_inverse=True)
        point, polygon = self._hits(places.real, places.imag)
        _, first, counts = np.unique(point, return_index=True, return_counts=True)
        numbers = np.zeros(len(places), dtype=np.uint16)
        for count in np.unique(counts).tolist():
            begins = first[counts == count]
            members = polygon[begins[:, None] + np.arange(count)]
            kinds, kind = np.unique(members, axis=0, return_inverse=True)
            sets = [tuple(self.codes[i] for i in each) for each in kinds.tolist()]
            numbers[point[begins]] = np.array(list(map(self._number_of, sets)))[kind.ravel()]
        return numbers[again]

    def touches_edge(self, code: str, lng: float, lat: float) -> bool:
        """Whether a point (0…360) lies exactly on a boundary's edge."""
        i = self._numbers[code]
        return not self.strictly_inside(code, lng, lat) and bool(self._intersects(i, lng, lat))

    def strictly_inside(self, code: str, lng: Any, lat: Any) -> Any:
        """Whether points (0…360) lie inside a boundary and not on its edge."""
        i = self._numbers[code]
        with self._locks[i]:
            return shapely.contains_xy(self.polygons[i], lng, lat)

    def meeting(
        self, window: tuple[float, float, float, float]
    ) -> Iterator[tuple[str, BaseGeometry]]:
        """Yield code and polygon of each boundary whose box meets a window (0…360)."""
        for i in self._tree.query(shapely.box(*window)).tolist():
            yield self.codes[i], self.polygons[i]

    def _hits(self, lng: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Return each pair of a point and a polygon that covers it, by point, then by polygon."""
        points, polygons = self._tree.query(shapely.points(lng, lat))
        inside = np.zeros(len(points), dtype=bool)
        order = np.argsort(polygons, kind="stable")
        starts = np.flatnonzero(np.diff(polygons[order], prepend=-1))
        for pairs in np.split(order, starts[1:]) if len(order) else ():
            i, at = int(polygons[pairs[0]]), points[pairs]
            inside[pairs] = self._intersects(i, lng[at], lat[at])
        points, polygons = points[inside], polygons[inside]
        order = np.lexsort((polygons, points))
        return points[order], polygons[order]

    def _intersects(self, i: int, lng: Any, lat: Any) -> Any:
        # GEOS builds a prepared polygon's edge index at its first questions and shares it between
        # threads unguarded (libgeos issue 825): one thread at a time a polygon, or it crashes.
        with self._locks[i]:
            if not self._is_prepared[i]:
                shapely.prepare(self.polygons[i])
                self._is_prepared[i] = True
            return shapely.intersects_xy(self.polygons[i], lng, lat)

    def _number_of(self, members: CatchmentSet) -> int:
        with self._growing:
            if members not in self._set_numbers:
                self.sets.append(members)
                self._set_numbers[members] = len(self.sets) - 1
            return self._set_numbers[members]
