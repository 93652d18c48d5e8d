"""TopoJSON → a layer for each of its objects, their lines put together from its arcs.

Source: https://github.com/topojson/topojson-specification, version 1.0.0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.geometry.coordinates import WGS84
from catchments.readers.formats.file_refusals import not_what_it_says, refuse_many
from catchments.readers.formats.vectors.declarations import MEMBERS, declared_in, report_members
from catchments.readers.formats.vectors.layers import Layer, in_one_collection
from catchments.readers.formats.vectors.values import texts_of
from catchments.readers.report import Report

Floats = npt.NDArray[np.float64]

_OF_THE_FORMAT = frozenset(
    {"type", "objects", "arcs", "transform", "bbox", "crs", "name", *MEMBERS}
)
_PIECES_AT_MOST = 1_000_000
_POINTS_A_BYTE = 1
"""A vertex takes four bytes at least, and stands in two rings: more points come of one arc that is
named over and over."""
_RING_AT_LEAST = 4


def layers_of(content: Mapping[str, Any], path: Path, report: Report) -> list[Layer]:
    """Return the objects of a topology as layers; `content` is its JSON.

    Raises FileRefused for what is none, for arcs that are not there, and for more points than an
    honest file has bytes for.
    """
    objects = content.get("objects")
    if not isinstance(objects, Mapping):
        raise not_what_it_says(path, "TopoJSON", "it has no objects")
    try:
        arcs = _Arcs(content, path)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise not_what_it_says(path, "TopoJSON", f"its arcs: {error}") from error
    refuse_many(len(objects), path)
    declared = declared_in(content, path, report)
    report_members(set(content) - _OF_THE_FORMAT, "objects", report)
    found = []
    for name, each in objects.items():
        read = list(_features(each, arcs, path, name))
        geometries, values = [g for g, _ in read], [v for _, v in read]
        found.append(Layer(name, _crs(content), geometries, values, declared=declared))
    return found


def _crs(content: Mapping[str, Any]) -> str:
    try:
        return str(content["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        return WGS84


def _features(
    each: Any, arcs: _Arcs, path: Path, name: str
) -> Iterator[tuple[BaseGeometry | None, dict[str, str]]]:
    """Yield a geometry and its values for each geometry of an object."""
    is_collection = isinstance(each, Mapping) and each.get("type") == "GeometryCollection"
    several = each.get("geometries") if is_collection and not each.get("properties") else [each]
    if not isinstance(several, list):
        raise not_what_it_says(path, "TopoJSON", f"object {name} has no geometries")
    refuse_many(len(several), path)
    for number, one in enumerate(several, start=1):
        try:
            shape = in_one_collection(list(arcs.shapes(one)))
            yield shape, texts_of((one.get("properties") or {}).items())
        except (
            *(AttributeError, TypeError, ValueError, KeyError, IndexError, OverflowError),
            shapely.errors.GEOSException,
        ) as error:
            why = f"object {name}, geometry {number}: {error}"
            raise not_what_it_says(path, "TopoJSON", why) from error


class _Arcs:
    """The lines of a topology, in degrees, and the shapes that are made of them."""

    def __init__(self, content: Mapping[str, Any], path: Path) -> None:
        transform = content.get("transform")
        self._path = path
        self._scale, self._move = np.ones(2), np.zeros(2)
        if transform is not None:
            self._scale, self._move = _pair(transform["scale"]), _pair(transform["translate"])
        self._quantized = transform is not None
        self._decimals = _decimals(self._scale, self._move)
        self._arcs = [self._arc(arc) for arc in content.get("arcs") or ()]
        self._left = 1_000 + _POINTS_A_BYTE * path.stat().st_size

    def _arc(self, arc: Any) -> Floats:
        points = np.array([point[:2] for point in arc], dtype=float).reshape(-1, 2)
        if self._quantized:
            points = self._placed(np.cumsum(points, axis=0))
        return points

    def _placed(self, steps: Floats) -> Floats:
        with np.errstate(all="ignore"):  # what is beyond all numbers is refused as no place
            placed = steps * self._scale + self._move
        return placed if self._decimals is None else np.round(placed, self._decimals)

    def shapes(self, geometry: Mapping[str, Any]) -> Iterator[BaseGeometry]:
        """Yield what a geometry is made of, however deep it stands in collections."""
        left, count = [geometry], 0
        while left:
            each = left.pop()
            if each["type"] == "GeometryCollection":
                left += reversed(each["geometries"])
                continue
            count += 1
            if count > _PIECES_AT_MOST:
                raise ValueError("it has too many pieces")
            if each["type"] is not None:
                yield self._shape(each)

    def _shape(self, each: Mapping[str, Any]) -> BaseGeometry:
        kind = each["type"]
        made: BaseGeometry
        if kind in {"Point", "MultiPoint"}:
            points = [each["coordinates"]] if kind == "Point" else each["coordinates"]
            made = shapely.multipoints(self._points(points))
        elif kind in {"LineString", "MultiLineString"}:
            lines = [each["arcs"]] if kind == "LineString" else each["arcs"]
            # One by one: shapely makes an array of several lines only where all are as long.
            made = shapely.multilinestrings([shapely.linestrings(self._line(x)) for x in lines])
        elif kind in {"Polygon", "MultiPolygon"}:
            polygons = [each["arcs"]] if kind == "Polygon" else each["arcs"]
            kept = [made for polygon in polygons if (made := self._polygon(polygon)) is not None]
            made = kept[0] if kind == "Polygon" and kept else shapely.multipolygons(kept)
        else:
            raise ValueError(f"it is of the unknown type {kind}")
        return made

    def _points(self, points: Sequence[Any]) -> Floats:
        xy = np.array([point[:2] for point in points], dtype=float).reshape(-1, 2)
        return self._placed(xy) if self._quantized else xy

    def _polygon(self, rings: Sequence[Any]) -> BaseGeometry | None:
        """Return a polygon; None for one that a coarse grid has made a line of."""
        lines = [self._line(ring) for ring in rings]
        if not lines or len(lines[0]) < _RING_AT_LEAST:
            return None
        if not all(np.array_equal(line[0], line[-1]) for line in lines if len(line)):
            raise ValueError("a ring of it is not closed")
        holes = [line for line in lines[1:] if len(line) >= _RING_AT_LEAST]
        made: BaseGeometry = shapely.polygons(lines[0], holes=holes or None)
        return made

    def _line(self, names: Sequence[int]) -> Floats:
        """Return the points of arcs one after the other; where two meet they share a point."""
        parts: list[Floats] = []
        for name in names:
            arc = self._named(name)
            parts.append(arc[1:] if parts else arc)
            self._left -= len(arc)
            if self._left < 0:
                raise FileRefused(
                    f"{shown(self._path.name)} names its lines so often that it would have more"
                    " points than bytes.",
                    next_step="Export it again.",
                )
        return np.concatenate(parts) if parts else np.empty((0, 2))

    def _named(self, name: int) -> Floats:
        at = ~name if name < 0 else name
        if isinstance(name, bool) or at >= len(self._arcs):
            raise ValueError(f"there is no arc {name}; there are {len(self._arcs)}")
        return self._arcs[at][::-1] if name < 0 else self._arcs[at]


def _decimals(scale: Floats, move: Floats) -> int | None:
    """Return how many decimals a grid has whose steps are such, so that 1741 tenths are 174.1."""
    if not (scale[0] == scale[1] and 0 < scale[0] <= 1):
        return None
    found = round(-math.log10(scale[0]))
    fits = math.isclose(scale[0], 10.0**-found) and np.array_equal(np.round(move, found), move)
    return found if fits else None


def _pair(given: Sequence[float]) -> Floats:
    made = np.array(given, dtype=float)
    if made.shape != (2,):
        raise ValueError("its transform is no pair of numbers")
    return made
