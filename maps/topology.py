"""TopoJSON: boundaries as published, and as the map draws them; a shared line stands there once.

Two boundaries share a line where they have the same vertices, so nothing is matched, moved or
simplified: a line is cut where the vertices beside a vertex are not the same in all rings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from topojson.core.topology import Topology

from catchments.core.model import Catchment
from catchments.geometry.neighbours import four_colouring
from maps.display import GRID_DEG, ORIGIN
from maps.exports.export_input import ExportInput
from maps.exports.geojson import DECIMALS, edition_json, properties, source_json

COLOURS = 6
"""How many colours the style sheet has."""
_TRANSFORM: Any = {"scale": [GRID_DEG, GRID_DEG], "translate": list(ORIGIN)}
Arcs = list[Any]
Integers = npt.NDArray[np.int64]
SCALE = 10**DECIMALS
_HALF = 1 << 31
"""Degrees times SCALE lie between its negative and itself."""


def published_topology(material: ExportInput) -> bytes:
    """Return a topology with one object, `catchments`: -180…180 degrees, seven decimals.

    Each geometry has the code as its id, and the properties of the GeoJSON.
    """
    edition = material.edition
    cut = Cut.of(list(material.published.values()))
    shapes = dict(zip(material.published, cut.geometries, strict=True))
    geometries = [
        {
            **shapes.get(catchment.code, {"type": None}),
            "id": catchment.code,
            "properties": properties(edition, catchment),
        }
        for catchment in material.catchments
    ]
    return msgspec.json.encode(
        {
            "type": "Topology",
            "demonstration": edition.demonstration,
            "edition": edition_json(edition),
            "sources": [source_json(source) for source in edition.sources],
            "transform": {"scale": [1 / SCALE, 1 / SCALE], "translate": [0, 0]},
            "objects": {"catchments": {"type": "GeometryCollection", "geometries": geometries}},
            "arcs": [_deltas(arc) for arc in cut.arcs],
        }
    )


@dataclass
class Cut:
    """Lines on the grid, each once, and the geometries that are made of them.

    A geometry names the lines of each ring by their places; one run backwards by its complement.
    """

    arcs: list[Integers] = field(default_factory=list)
    geometries: list[dict[str, Any]] = field(default_factory=list)
    _places: dict[bytes, int] = field(default_factory=dict)

    @classmethod
    def of(cls, areas: Sequence[BaseGeometry]) -> Cut:
        """Cut polygons and multipolygons, WGS 84 degrees, into the lines that they share."""
        made = cls()
        polygons, area_of = shapely.get_parts(areas, return_index=True)
        rings, polygon_of = shapely.get_rings(polygons, return_index=True)
        parts: list[list[Any]] = [[] for _ in polygons]
        for polygon, lines in zip(polygon_of, _lines(rings), strict=True):
            parts[polygon].append([made._place(line) for line in lines])
        for at in range(len(areas)):
            made.geometries.append(_geometry([parts[n] for n in np.flatnonzero(area_of == at)]))
        return made

    def _place(self, line: Integers) -> int:
        """Return the place of a line, kept in the direction in which it came first."""
        for key, backwards in ((line.tobytes(), False), (line[::-1].tobytes(), True)):
            if key in self._places:
                place = self._places[key]
                return ~place if backwards else place
        self._places[line.tobytes()] = len(self.arcs)
        self.arcs.append(line)
        return len(self.arcs) - 1


def _geometry(polygons: list[Any]) -> dict[str, Any]:
    kept = [polygon for polygon in polygons if polygon and polygon[0]]
    if len(kept) == 1:
        return {"type": "Polygon", "arcs": kept[0]}
    return {"type": "MultiPolygon", "arcs": kept}


def _lines(rings: npt.NDArray[np.object_]) -> Iterator[list[Integers]]:
    """Yield the lines that each ring is cut into, in its order; each is (n, 2) grid points."""
    points, ring = _open_rings(rings)
    junction = _junctions(points, ring)
    bounds = np.searchsorted(ring, np.arange(len(rings) + 1))
    for start, stop in pairwise(bounds):
        yield _cut(points[start:stop], junction[start:stop]) if stop - start > 2 else []


def _open_rings(rings: npt.NDArray[np.object_]) -> tuple[Integers, Integers]:
    """Return all grid points without repeated ones, the closing one included; and their rings."""
    degrees, ring = shapely.get_coordinates(rings, return_index=True)
    points = np.rint(degrees * SCALE).astype(np.int64)
    repeated = (points[1:] == points[:-1]).all(axis=1) & (ring[1:] == ring[:-1])
    last = np.append(ring[1:] != ring[:-1], True) if len(ring) else np.array([], dtype=bool)
    keep = ~(np.append(False, repeated) if len(ring) else last) & ~last
    return points[keep], np.asarray(ring[keep], dtype=np.int64)


def _junctions(points: Integers, ring: Integers) -> npt.NDArray[np.bool_]:
    """Whether at each point lines part: in some other ring it stands between other points."""
    if not len(points):
        return np.array([], dtype=bool)
    keys = ((points[:, 0] + _HALF).astype(np.uint64) << np.uint64(32)) | (
        points[:, 1] + _HALF
    ).astype(np.uint64)
    _, first, vertex = np.unique(keys, return_index=True, return_inverse=True)
    before, after = _beside(ring)
    one, other = vertex[before], vertex[after]
    low, high = np.minimum(one, other), np.maximum(one, other)
    usual = first[vertex]
    parting = (low != low[usual]) | (high != high[usual])
    found = np.zeros(len(first), dtype=bool)
    found[vertex[parting]] = True
    return np.asarray(found[vertex])


def _beside(ring: Integers) -> tuple[Integers, Integers]:
    """Return for each point of closed rings the places of the one before and the one after."""
    places = np.arange(len(ring))
    starts = np.flatnonzero(np.append(True, ring[1:] != ring[:-1]))
    ends = np.append(starts[1:], len(ring)) - 1
    before, after = places - 1, places + 1
    before[starts], after[ends] = ends, starts
    return before, after


def _cut(points: Integers, junction: npt.NDArray[np.bool_]) -> list[Integers]:
    """Return a ring's lines from junction to junction; without one, from its least point around."""
    at = np.flatnonzero(junction)
    start = int(at[0]) if len(at) else int(np.lexsort((points[:, 1], points[:, 0]))[0])
    around = np.roll(points, -start, axis=0)
    closed = np.concatenate([around, around[:1]])
    cuts = [0, *(at[1:] - start).tolist(), len(points)]
    return [closed[a : b + 1] for a, b in pairwise(cuts)]


def _deltas(line: Integers) -> list[list[int]]:
    steps = np.concatenate([line[:1], np.diff(line, axis=0)])
    found: list[list[int]] = steps.tolist()
    return found


# --- as the map draws them ------------------------------------------------------------------------


def drawn_topology(material: ExportInput) -> bytes:
    """Return a topology with two objects, `catchments` and `regions`, for the map to draw.

    A catchment has the properties `code` and `colour` (0…5); a region is the lines around it and
    has none. The member `demonstration` says whether they are made up.
    """
    edition = material.edition
    colours = four_colouring(edition.boundaries)
    drawn = _topology(material.drawn, colours, edition.catchments)
    return _as_bytes({"demonstration": edition.demonstration, **drawn})


def _topology(
    coverage: Mapping[str, BaseGeometry],
    colours: Mapping[str, int],
    catchments: Mapping[str, Catchment],
) -> dict[str, Any]:
    if not coverage:
        return {"type": "Topology", "transform": _TRANSFORM, "arcs": [], "objects": _objects([])}
    features = [
        {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(geometry)}
        for geometry in coverage.values()
    ]
    made = Topology(
        {"type": "FeatureCollection", "features": features},
        prequantize=_TRANSFORM,
        object_name="catchments",
    ).to_dict()
    drawn = made["objects"]["catchments"]["geometries"]
    geometries = [
        {
            "type": geometry["type"],
            "arcs": geometry["arcs"],
            "properties": {"code": code, "colour": colours.get(code, 0) % COLOURS},
        }
        for code, geometry in zip(coverage, drawn, strict=True)
    ]
    objects = _objects(geometries) | {"regions": _collection(_regions(geometries, catchments))}
    return {
        "type": "Topology",
        "transform": _TRANSFORM,
        "arcs": made["arcs"],
        "objects": objects,
    }


def _objects(catchments: list[dict[str, Any]]) -> dict[str, Any]:
    return {"catchments": _collection(catchments), "regions": _collection([])}


def _collection(geometries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "GeometryCollection", "geometries": geometries}


def _regions(
    geometries: Iterable[dict[str, Any]], catchments: Mapping[str, Catchment]
) -> list[dict[str, Any]]:
    """Return an outline for each education region: the arcs that only one side of it uses."""
    arcs: dict[str, list[int]] = {}
    for geometry in geometries:
        catchment = catchments.get(geometry["properties"]["code"])
        if catchment is not None and catchment.education_region:
            arcs.setdefault(catchment.education_region, []).extend(_flat_arcs(geometry["arcs"]))
    return [{"type": "MultiLineString", "arcs": _outline(arcs[name])} for name in sorted(arcs)]


def _flat_arcs(arcs: Arcs) -> Iterable[int]:
    for arc in arcs:
        if isinstance(arc, list):
            yield from _flat_arcs(arc)
        else:
            yield arc


def _outline(arcs: list[int]) -> list[list[int]]:
    """Return the arcs used once; an arc used backwards is stored as its complement."""
    used = Counter(arc if arc >= 0 else ~arc for arc in arcs)
    return [[arc] for arc, times in sorted(used.items()) if times == 1]


def _as_bytes(topology: Mapping[str, Any]) -> bytes:
    return json.dumps(topology, ensure_ascii=True, separators=(",", ":")).encode()
