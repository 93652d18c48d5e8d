"""Polygons and lines as text, WKT or GeoJSON, from whoever may have typed them.

Python reads the text and counts what is in it; the geometry library gets arrays of numbers and
never parses what a browser sent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import InputRefused

AREAS, LINES = ("Polygon", "MultiPolygon"), ("LineString",)
OBJECTS_AT_MOST = 1_000
"""Of a GeoJSON: one feature, and what is said of it."""

_WKT = re.compile(r"\s*(POLYGON|MULTIPOLYGON|LINESTRING)\s*(?=\()", re.IGNORECASE)
_KINDS = {"POLYGON": "Polygon", "MULTIPOLYGON": "MultiPolygon", "LINESTRING": "LineString"}
_BODY = re.compile(r"[-+0-9.eE,()\s]*")
_INNERMOST = re.compile(r"\(([^()]*)\)")
_NESTED = {
    "LineString": re.compile(r"R"),
    "Polygon": re.compile(r"\(R(,R)*\)"),
    "MultiPolygon": re.compile(r"\(\(R(,R)*\)(,\(R(,R)*\))*\)"),
}
"""What is left of each kind once its lists of points are R."""
_POSITION = re.compile(r"\[\s*[-0-9]")
_LONGEST_NUMBER = 40
_SHORTEST_RING = 4

Ring = npt.NDArray[np.float64]


class TooManyVertices(InputRefused):
    """A shape with more vertices than are taken; `count` is how many there are, or seem to be."""

    def __init__(self, count: int, at_most: int) -> None:
        super().__init__(f"It has {count:,} vertices.", allowed=f"It may have {at_most:,}.")
        self.count = count


def shape_of(text: str, kinds: Collection[str], *, vertices_at_most: int) -> BaseGeometry:
    """Return the shape of a text, in two dimensions, as it was given; it need not be valid.

    Of GeoJSON a geometry is taken, a feature, or a collection of one feature. Rings are closed, and
    no part is empty. Raises TooManyVertices, before much is made of the text, and InputRefused for
    whatever is not of one of `kinds`.
    """
    found = _WKT.match(text)
    kind, parts = (
        _of_wkt(text, found, vertices_at_most) if found else _of_geojson(text, vertices_at_most)
    )
    if kind not in kinds:
        _refuse(f"It is a {kind}.")
    _refuse_many(sum(len(ring) for part in parts for ring in part), vertices_at_most)
    return _made(kind, parts)


def _made(kind: str, parts: list[list[Ring]]) -> BaseGeometry:
    if kind == "LineString":
        return shapely.linestrings(parts[0][0])
    rings = [ring for part in parts for ring in part]
    if not all(len(ring) >= _SHORTEST_RING and (ring[0] == ring[-1]).all() for ring in rings):
        _refuse("A ring has fewer than four points, or does not end where it began.")
    sizes = [len(ring) for ring in rings]
    closed = shapely.linearrings(np.concatenate(rings), indices=np.repeat(range(len(rings)), sizes))
    of_part = np.repeat(range(len(parts)), [len(part) for part in parts])
    polygons = shapely.polygons(closed, indices=of_part)
    return polygons[0] if kind == "Polygon" else shapely.multipolygons(polygons)


def _refuse(problem: str) -> NoReturn:
    raise InputRefused(problem, allowed="It must be a polygon or a line in WKT or GeoJSON.")


def _ring(points: Sequence[Sequence[float]]) -> Ring:
    """Return two points or more as an array of x and y."""
    if len(points) < 2:
        _refuse("A line has fewer than two points.")
    return np.array(points, dtype=np.float64)


# --- WKT ------------------------------------------------------------------------------------------


def _of_wkt(text: str, found: re.Match[str], at_most: int) -> tuple[str, list[list[Ring]]]:
    kind, body = _KINDS[found[1].upper()], text[found.end() :]
    _refuse_many(body.count(",") + 1, at_most)  # between vertices, and between rings and parts too
    if not _BODY.fullmatch(body):
        _refuse("There is something else in it than numbers.")
    nested = "".join(_INNERMOST.sub("R", body).split())
    if not _NESTED[kind].fullmatch(nested):
        _refuse("Its parentheses do not fit.")
    rings = [_ring([_numbers(p) for p in each[1].split(",")]) for each in _INNERMOST.finditer(body)]
    return kind, _in_parts(rings, nested)


def _in_parts(rings: list[Ring], nested: str) -> list[list[Ring]]:
    """Return rings part by part; where there are parts, each ends with a parenthesis."""
    counts = [part.count("R") for part in nested.split(")") if "R" in part]
    ends = np.cumsum(counts).tolist()
    return [rings[end - count : end] for count, end in zip(counts, ends, strict=True)]


def _numbers(text: str) -> list[float]:
    """Return x and y of a point; height and measure are left out."""
    parts = text.split()
    if not 2 <= len(parts) <= 4 or max(map(len, parts)) > _LONGEST_NUMBER:
        _refuse("A point is not two numbers.")
    try:
        return [float(parts[0]), float(parts[1])]
    except ValueError:
        _refuse("A point is not two numbers.")


def _refuse_many(count: int, at_most: int) -> None:
    if count > at_most:
        raise TooManyVertices(count, at_most)


# --- GeoJSON --------------------------------------------------------------------------------------


def _of_geojson(text: str, at_most: int) -> tuple[str, list[list[Ring]]]:
    if text.count("{") > OBJECTS_AT_MOST:
        _refuse("It has more in it than one feature.")
    lists = text.count("[")
    if lists > at_most:
        _refuse_many(sum(1 for _ in _POSITION.finditer(text)), at_most)
    if lists > 2 * at_most:
        _refuse("It has more in it than one feature.")
    try:
        geometry = _geometry_in(json.loads(text, parse_constant=_no_number))
        kind = geometry["type"]
        return kind, _PARTS[kind](geometry["coordinates"])
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        _refuse("It is no GeoJSON that can be read.")


def _geometry_in(content: Any) -> Any:
    if content["type"] == "FeatureCollection":
        (content,) = content["features"]
    return content["geometry"] if content["type"] == "Feature" else content


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _parts(coordinates: Any) -> list[list[Ring]]:
    return [_rings(part) for part in _several(coordinates)]


def _rings(coordinates: Any) -> list[Ring]:
    return [_points(ring) for ring in _several(coordinates)]


def _several(value: Any) -> list[Any]:
    """Return a list of something. Raises ValueError for anything else."""
    if not isinstance(value, list) or not value:
        raise ValueError(type(value))
    return value


def _points(coordinates: Any) -> Ring:
    return _ring([_position(each) for each in _several(coordinates)])


def _position(value: Any) -> tuple[float, float]:
    x, y = _several(value)[:2]
    if type(x) not in {int, float} or type(y) not in {int, float}:
        raise ValueError(type(x))
    x, y = float(x), float(y)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(x)
    return x, y


_PARTS: dict[str, Callable[[Any], list[list[Ring]]]] = {
    "LineString": lambda coordinates: [[_points(coordinates)]],
    "Polygon": lambda coordinates: [_rings(coordinates)],
    "MultiPolygon": _parts,
}
