"""TopoJSON: boundaries as published, and as the map draws them; a shared line stands there once.

Two boundaries share a line where they have the same vertices, so nothing is matched, moved or
simplified: a line is cut where the vertices beside a vertex are not the same in all rings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment
from catchments.geometry.planar import Chains, Edges, Flags, Floats, Indices
from maps.display import ORIGIN, PER_DEGREE, without_land
from maps.exports.export_input import ExportInput
from maps.exports.geojson import DECIMALS, members, properties
from maps.locator import flat_arcs
from maps.screen import regions

Integers = npt.NDArray[np.int64]
Arcs = list[Any]


@dataclass(frozen=True)
class Grid:
    """What is written: whole steps from an origin, so many to a degree."""

    per_degree: int
    origin: tuple[float, float]

    def steps(self, degrees: Floats) -> Floats:
        """Return the grid points nearest to points (n, 2) in degrees."""
        return np.asarray(np.rint((degrees - self.origin) * self.per_degree))

    @property
    def transform(self) -> dict[str, Any]:
        """The topology's member that says how steps become degrees."""
        return {"scale": [1 / self.per_degree] * 2, "translate": list(self.origin)}


COLOURING, OVERVIEW = "colours of providers", "topology from afar"
TOPOLOGY = "topology as it is drawn"
AT_SEA = "catchments that have no land"

PUBLISHED = Grid(10**DECIMALS, (0, 0))
DRAWN = Grid(PER_DEGREE, ORIGIN)


def published_topology(material: ExportInput) -> bytes:
    """Return a topology with one object, `catchments`: -180…180 degrees, seven decimals.

    Each geometry has the code as its id, and the properties of the GeoJSON; the topology has its
    members.
    """
    edition = material.edition
    cut = Cut.of(list(material.published.values()), PUBLISHED)
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
            # The format's own members first: mapshaper seeks them at the beginning alone.
            "type": "Topology",
            "transform": PUBLISHED.transform,
            "objects": {"catchments": _collection(geometries)},
            "arcs": [_deltas(arc) for arc in cut.arcs],
            **members(edition),
        }
    )


def drawn_topology(material: ExportInput) -> bytes:
    """Return a topology with two objects, `catchments` and `regions`, for the map to draw.

    A catchment has the properties `code`, `colour` (0…5) and `region` (0…12); a region is the lines
    around it and has none. The member `demonstration` says whether they are made up.
    """
    return material.once(TOPOLOGY, lambda: _drawn(material, material.drawn))


def overview_topology(material: ExportInput) -> bytes:
    """Return the same as `drawn_topology`, as it is drawn from afar."""
    return material.once(OVERVIEW, lambda: _drawn(material, material.drawn_from_afar))


def _drawn(material: ExportInput, coverage: Mapping[str, BaseGeometry]) -> bytes:
    edition = material.edition
    colours = material.once(COLOURING, lambda: regions.provider_colours(edition))
    areas = shapely.orient_polygons(list(coverage.values()), exterior_cw=True)
    cut = Cut.of(areas, DRAWN, latest=True)
    at_sea = material.once(AT_SEA, lambda: without_land(material.drawn, material.land))
    told = (
        regions.properties(
            edition.catchments.get(code), code, colours.get(code, 0), at_sea=code in at_sea
        )
        for code in coverage
    )
    geometries = [
        {**geometry, "properties": each}
        for each, geometry in zip(told, cut.geometries, strict=True)
    ]
    outlines = _regions(geometries, edition.catchments)
    topology = {
        "type": "Topology",
        "transform": DRAWN.transform,
        "arcs": [_deltas(_without_straight(arc)) for arc in cut.arcs],
        "objects": {"catchments": _collection(geometries), "regions": _collection(outlines)},
        "demonstration": edition.demonstration,
    }
    return json.dumps(topology, ensure_ascii=True, separators=(",", ":")).encode()


# --- lines ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """Lines on a grid, each once, and the geometries that are made of them.

    A geometry names the lines of each ring by their places; one run backwards by its complement.
    """

    arcs: list[Integers]
    geometries: list[dict[str, Any]]

    @classmethod
    def of(cls, areas: Sequence[BaseGeometry], grid: Grid, *, latest: bool = False) -> Cut:
        """Cut polygons and multipolygons, in degrees, into the lines that they share.

        A line stands where it came first, as it ran there; or where it came last, if the `latest`
        counts. A ring that shares nothing begins at its least point, or where it did.
        """
        on_grid = shapely.transform(np.asarray(areas, dtype=object), grid.steps)
        polygons, area_of = shapely.get_parts(on_grid, return_index=True)
        edges = Edges.of(polygons)
        chains = Chains.of(edges, _path_ends(edges) if latest else _stops(edges))
        whole = np.flatnonzero(edges.length[chains.ring] > 2)
        kept, place = _once(chains.name[whole], chains.there[whole], latest=latest)
        rings: list[dict[int, list[int]]] = [{} for _ in polygons]
        for ring, at in zip(chains.ring[whole].tolist(), place.tolist(), strict=True):
            rings[edges.owner[edges.first[ring]]].setdefault(ring, []).append(at)
        arcs = [shapely.get_coordinates(line) for line in chains.lines(whole[kept])]
        return cls(
            [arc.astype(np.int64) for arc in arcs],
            [
                _geometry([list(rings[n].values()) for n in np.flatnonzero(area_of == at)])
                for at in range(len(areas))
            ],
        )


def _stops(edges: Edges) -> Flags:
    """Return the junctions, and the least vertex of each ring that has none."""
    stops = edges.junctions()
    has_one = np.logical_or.reduceat(stops[edges.start], edges.first)
    stops[np.minimum.reduceat(edges.start, edges.first)[~has_one]] = True
    return stops


def _path_ends(edges: Edges) -> Flags:
    """Return where the edges that two rings of a coverage share end; two may touch elsewhere."""
    _, same = np.unique(edges.key, return_inverse=True)
    beside = np.bincount(same, weights=edges.ring + 1)[same] - edges.ring
    ends = np.zeros(len(edges.xy), dtype=bool)
    ends[edges.end[beside != beside[edges.next]]] = True
    return ends


def _once(name: Indices, there: Indices, *, latest: bool) -> tuple[Indices, Indices]:
    """Return which chains to keep, in order, and each one's place among them, `~` if backwards."""
    step = -1 if latest else 1
    _, one, same = np.unique(name[::step], return_index=True, return_inverse=True)
    one, same = np.arange(len(name))[::step][one], same[::step]
    kept = np.sort(one)
    place = np.searchsorted(kept, one)[same]
    backwards = (there != there[one][same]) & (name >= 0)
    return kept, np.where(backwards, ~place, place)


def _geometry(polygons: list[Arcs]) -> dict[str, Any]:
    kept = [polygon for polygon in polygons if polygon]
    if len(kept) == 1:
        return {"type": "Polygon", "arcs": kept[0]}
    return {"type": "MultiPolygon", "arcs": kept}


def _without_straight(line: Integers) -> Integers:
    """Return a line without the points that lie straight between those beside them."""
    (x, y), (over, up) = (line[1:-1] - line[:-2]).T, (line[2:] - line[:-2]).T
    keep = np.ones(len(line), dtype=bool)
    keep[1:-1] = x * up != over * y
    return line[keep]


def _deltas(line: Integers) -> list[list[int]]:
    steps = np.concatenate([line[:1], np.diff(line, axis=0)])
    found: list[list[int]] = steps.tolist()
    return found


# --- regions --------------------------------------------------------------------------------------


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
            arcs.setdefault(catchment.education_region, []).extend(flat_arcs(geometry["arcs"]))
    return [{"type": "MultiLineString", "arcs": _outline(arcs[name])} for name in sorted(arcs)]


def _outline(arcs: list[int]) -> list[list[int]]:
    """Return the arcs used once; an arc used backwards is stored as its complement."""
    used = Counter(arc if arc >= 0 else ~arc for arc in arcs)
    return [[arc] for arc, times in sorted(used.items()) if times == 1]
