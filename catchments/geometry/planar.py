"""Planar cutting: areas taken apart into edges, the chains between junctions, and who owns what.

Longitudes are 0…360, so that 180° is no seam.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import geometry_to_360

_SAME_DEGREES = 1e-9
"""A tenth of a millimetre: an edge that noding moved by less is still that edge."""
METRES_A_DEGREE = 111_195.0
"""On a sphere: near enough to compare lengths within one place."""

Shapes = npt.NDArray[np.object_]
Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def make_valid_2d(geometry: BaseGeometry) -> BaseGeometry | None:
    """Return the polygons of a geometry, flat and valid; None when no area is left.

    What is valid already keeps its coordinates. Any CRS.
    """
    flat = shapely.force_2d(geometry)
    if not np.isfinite(shapely.get_coordinates(flat)).all():
        return None
    if not shapely.is_valid(flat):
        flat = shapely.make_valid(flat, method="structure", keep_collapsed=False)
    polygons = polygons_in([flat])
    if not polygons:
        return None
    return flat if flat.geom_type in {"Polygon", "MultiPolygon"} else in_one(polygons)


# --- frames ---------------------------------------------------------------------------------------


def valid_shapes(boundaries: Mapping[str, BaseGeometry]) -> Shapes:
    """Return boundaries with longitudes 0…360, made valid where they are not."""
    shapes = np.empty(len(boundaries), dtype=object)
    for at, boundary in enumerate(boundaries.values()):
        valid = boundary if shapely.is_valid(boundary) else make_valid_2d(boundary)
        shapes[at] = geometry_to_360(valid) if valid is not None else shapely.Polygon()
    return shapes


def polygons_in(geometries: npt.ArrayLike) -> list[BaseGeometry]:
    """Return the polygons with area in geometries, however deep they lie in collections."""
    parts = shapely.get_parts(shapely.get_parts(geometries))
    return [part for part in parts if part.geom_type == "Polygon" and part.area > 0]


def in_one(polygons: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return polygons as one geometry."""
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


# --- edges ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edges:
    """Every edge of every shape, directed so that the shape is on its left."""

    xy: Floats
    at: Indices
    """Where in `xy` an edge starts; it ends at the next."""
    owner: Indices
    key: npt.NDArray[np.int64]
    """Equal for edges between the same two vertices, in either direction."""
    single: npt.NDArray[np.bool_]
    """Whether it is without its opposite: crossing it changes how many shapes one is in."""

    def ends(self) -> Floats:
        """Return both ends of each single edge."""
        at = self.at[self.single]
        return np.stack([self.xy[at], self.xy[at + 1]], axis=1)


def edges_of(shapes: Shapes) -> Edges:
    """Take shapes apart into edges."""
    parts, part_of = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, coordinate_of = shapely.get_coordinates(rings, return_index=True)
    _, vertex = np.unique(np.ascontiguousarray(xy).view(np.complex128), return_inverse=True)
    vertex = vertex.reshape(-1).astype(np.int64)
    runs = (coordinate_of[:-1] == coordinate_of[1:]) & (vertex[:-1] != vertex[1:])
    at = np.flatnonzero(runs)
    first, last = vertex[at], vertex[at + 1]
    key = np.minimum(first, last) * (len(xy) + 1) + np.maximum(first, last)
    _, same = np.unique(key, return_inverse=True)
    net = np.bincount(same, weights=np.where(first < last, 1, -1))
    return Edges(xy, at, part_of[ring_of][coordinate_of[at]], key, net[same] != 0)


def paths(edges: Edges) -> tuple[Shapes, Indices]:
    """Return the single edges, chained where they follow each other, and whose each chain is."""
    at, owner = edges.at[edges.single], edges.owner[edges.single]
    if not len(at):
        return np.empty(0, dtype=object), owner
    starts = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    ends = np.append(starts[1:], len(at)) - 1
    lengths = at[ends] - at[starts] + 2
    chain = np.repeat(np.arange(len(starts)), lengths)
    offset = np.arange(len(chain)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    points = edges.xy[np.repeat(at[starts], lengths) + offset]
    return shapely.linestrings(points, indices=chain), owner[starts]


def winding(edges: Edges, point: BaseGeometry) -> int:
    """Return in how many shapes a point off every single edge is."""
    x, y = shapely.get_x(point), shapely.get_y(point)
    from_, to = edges.xy[edges.at[edges.single]], edges.xy[edges.at[edges.single] + 1]
    crossing = (from_[:, 1] > y) != (to[:, 1] > y)
    from_, to = from_[crossing], to[crossing]
    slope = (to[:, 0] - from_[:, 0]) / (to[:, 1] - from_[:, 1])
    east = from_[:, 0] + (y - from_[:, 1]) * slope > x
    return int(np.where(to[east, 1] > from_[east, 1], 1, -1).sum())


# --- whose edges a rim is made of -----------------------------------------------------------------


class Borders:
    """Finds whose single edges an area's rim is made of."""

    def __init__(self, ends: Floats, owner: Indices) -> None:
        self._owner = owner
        self._ends = ends

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(shapely.linestrings(self._ends))

    def _near(self, middle: Floats) -> tuple[Indices, Indices]:
        """Return pairs of which point is on an edge of which shape, each once, in order."""
        found, segment = self._tree.query(shapely.points(middle), "dwithin", distance=_SAME_DEGREES)
        pairs = np.unique(np.column_stack([found, self._owner[segment]]), axis=0)
        return pairs[:, 0], pairs[:, 1]

    def of(self, areas: Shapes) -> list[dict[int, float]]:
        """Return, for each area, how many metres of its rim are each shape's own edges."""
        lengths: list[dict[int, float]] = [{} for _ in areas]
        if not len(areas):
            return lengths
        middle, length, area_of = rim(areas)
        at, owners = self._near(middle)
        for area, owner, metres in zip(
            area_of[at].tolist(), owners.tolist(), length[at].tolist(), strict=True
        ):
            lengths[area][owner] = lengths[area].get(owner, 0.0) + metres
        return lengths

    def owners(self, middle: Floats) -> Indices:
        """Return whose edge each point is on: the first, where there are several."""
        at, owners = self._near(middle)
        owner = np.zeros(len(middle), dtype=np.intp)
        owner[at[::-1]] = owners[::-1]
        return owner


def segments(areas: Shapes) -> Floats:
    """Return both ends of each edge of areas."""
    rings = shapely.get_rings(areas)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    runs = ring_of[:-1] == ring_of[1:]
    return np.stack([xy[:-1][runs], xy[1:][runs]], axis=1)


def rim(areas: Shapes) -> tuple[Floats, Floats, Indices]:
    """Return the middle (degrees) and length (metres) of each edge of areas, and whose it is."""
    rings, area_of = shapely.get_rings(areas, return_index=True)
    counts = shapely.get_num_coordinates(rings) - 1
    ends = segments(areas)
    middle = ends.mean(axis=1)
    along = ends[:, 1] - ends[:, 0]
    east = along[:, 0] * np.cos(np.radians(middle[:, 1]))
    return middle, np.hypot(east, along[:, 1]) * METRES_A_DEGREE, np.repeat(area_of, counts)


# --- rings, and the chains between their junctions ------------------------------------------------


@dataclass(frozen=True)
class Rims:
    """The edges of shapes, ring after ring; shared ones occur once for each that shares them."""

    xy: Floats
    """Where each edge starts; it ends where the next of its ring starts."""
    ring: Indices
    first: Indices
    """The first edge of each ring."""
    length: Indices
    start: Indices
    """The number of the vertex where an edge starts; equal vertices have equal numbers."""
    end: Indices

    @classmethod
    def of(cls, shapes: Shapes) -> Rims:
        """Take the rings of shapes apart, leaving out edges without length."""
        rings = shapely.get_rings(shapely.get_parts(shapes))
        xy, ring_of = shapely.get_coordinates(rings, return_index=True)
        runs = (ring_of[:-1] == ring_of[1:]) & (xy[:-1] != xy[1:]).any(axis=1)
        xy, ring_of = np.ascontiguousarray(xy[:-1][runs]) + 0.0, ring_of[:-1][runs]
        first = np.flatnonzero(np.diff(ring_of, prepend=-1))
        length = np.diff(np.append(first, len(xy)))
        _, start = np.unique(xy.view(np.complex128).ravel(), return_inverse=True)
        end = np.roll(start, -1)
        end[first + length - 1] = start[first]
        return cls(xy, np.repeat(np.arange(len(first)), length), first, length, start, end)

    def meeting(self, cut: BaseGeometry) -> tuple[Flags, Shapes]:
        """Return which edges a cut meets, and those as lines, each once."""
        to = self.xy[self._next()]
        west, south, east, north = cut.bounds
        low, high = np.minimum(self.xy, to), np.maximum(self.xy, to)
        maybe = np.flatnonzero(((low <= [east, north]) & (high >= [west, south])).all(axis=1))
        least = np.minimum(self.start[maybe], self.end[maybe])
        most = np.maximum(self.start[maybe], self.end[maybe])
        _, one, same = np.unique(
            least * (len(self.xy) + 1) + most, return_index=True, return_inverse=True
        )
        at = maybe[one]
        lines = shapely.linestrings(np.stack([self.xy[at], to[at]], axis=1))
        shapely.prepare(cut)
        hit = shapely.intersects(cut, lines)
        near = np.zeros(len(self.xy), dtype=bool)
        near[maybe] = hit[same.reshape(-1)]
        return near, lines[hit]

    def chains(self, near: Flags) -> Shapes:
        """Return the edges that are not near a cut as lines from junction to junction, each once.

        To node or to put together single edges would cost as much as the whole outline is long.
        """
        stops = self._junctions(near)[self.start]
        order, opening = self._from_a_stop(stops)
        begins = np.flatnonzero(opening)
        ends = np.append(begins[1:], len(order)) - 1
        _, once = np.unique(self._names(order[begins], order[ends], stops), return_index=True)
        kept = once[~near[order[begins[once]]]]
        counts = ends[kept] - begins[kept] + 2
        line = np.repeat(np.arange(len(kept)), counts)
        place = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
        # The last point of a chain is the end of its last edge: the start of the one after.
        vertex = np.append(order, 0)[np.repeat(begins[kept], counts) + place]
        vertex[np.cumsum(counts) - 1] = self._next()[order[ends[kept]]]
        return np.asarray(shapely.linestrings(self.xy[vertex], indices=line), dtype=object)

    def _next(self) -> Indices:
        after = np.arange(1, len(self.xy) + 1)
        after[self.first + self.length - 1] = self.first
        return after

    def _junctions(self, near: Flags) -> Flags:
        """Return the vertices where not all rings go the same way, or where a near edge ends."""
        before = np.empty_like(self.start)
        before[self._next()] = self.start
        least, most = np.minimum(before, self.end), np.maximum(before, self.end)
        one = np.zeros(len(self.xy), dtype=np.intp)
        one[self.start] = np.arange(len(self.xy))
        one = one[self.start]
        stops = np.zeros(len(self.xy), dtype=bool)
        stops[self.start[(least != least[one]) | (most != most[one])]] = True
        stops[self.start[near]] = stops[self.end[near]] = True
        return stops

    def _from_a_stop(self, stops: Flags) -> tuple[Indices, Flags]:
        """Return the edges, each ring turned to begin at a stop; and where a chain begins."""
        place = np.arange(len(self.xy)) - self.first[self.ring]
        far = np.where(stops, place, len(self.xy))
        turn = np.minimum.reduceat(far, self.first)
        turn = np.where(turn < len(self.xy), turn, 0)
        order = self.first[self.ring] + (place + turn[self.ring]) % self.length[self.ring]
        return order, stops[order] | (place == 0)

    def _names(self, begin: Indices, end: Indices, stops: Flags) -> Indices:
        """Return a number for each chain, the same whichever ring it is from and whichever way."""
        many = len(self.xy) + 1
        there = self.start[begin] * many + self.end[begin]
        back = self.end[end] * many + self.start[end]
        whole_ring = -1 - np.minimum.reduceat(self.start, self.first)[self.ring[begin]]
        named: Indices = np.where(stops[begin], np.minimum(there, back), whole_ring)
        return named


def held(faces: Shapes, shape: BaseGeometry) -> frozenset[int]:
    """Return which faces lie in a shape."""
    if not len(faces):
        return frozenset()
    spots = shapely.get_coordinates(shapely.point_on_surface(faces))
    shapely.prepare(shape)
    return frozenset(np.flatnonzero(shapely.contains_xy(shape, spots)).tolist())
