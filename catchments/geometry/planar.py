"""Planar cutting: areas taken apart into edges and chains, lines noded, the faces between them.

It takes coordinates as they are: any frame, any unit. Where it says metres, it takes degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

METRES_A_DEGREE = 111_195.0
"""On a sphere: near enough to compare lengths within one place."""
_ASKED_FIRST = 100
"""Edges of an outline that tell how far another is at most."""
_SAME_DEGREES = 1e-9
"""A tenth of a millimetre: an edge that noding moved by less is still that edge."""

Shapes = npt.NDArray[np.object_]
Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]
"""West, south, east, north."""


# --- polygons -------------------------------------------------------------------------------------


def polygons_in(geometries: npt.ArrayLike) -> list[BaseGeometry]:
    """Return the polygons with area in geometries, however deep they lie in collections."""
    parts = shapely.get_parts(shapely.get_parts(geometries))
    return [part for part in parts if part.geom_type == "Polygon" and part.area > 0]


def in_one(polygons: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return polygons as one geometry."""
    if len(polygons) == 1:
        return polygons[0]
    return shapely.multipolygons(polygons) if len(polygons) else shapely.MultiPolygon()


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


def in_box(xy: Floats, box: Box) -> Flags:
    """Return which points (n, 2) lie in a box, its sides included."""
    west, south, east, north = box
    x, y = xy.T
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))


# --- faces ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Faces:
    """The faces that lines cut the plane into, each of them between lines."""

    areas: Shapes

    @classmethod
    def between(cls, lines: npt.ArrayLike, *, grid_size: float | None = None) -> Faces:
        """Node lines, on a grid if there is one, and return the faces between them."""
        return cls.around(shapely.union_all(lines, grid_size=grid_size))

    @classmethod
    def around(cls, *noded: npt.ArrayLike) -> Faces:
        """Return the faces between lines that meet in their ends alone."""
        lines = np.concatenate([shapely.get_parts(each) for each in noded])
        return cls(shapely.get_parts(shapely.polygonize(lines)))

    @classmethod
    def between_edges(cls, ends: Floats) -> Faces:
        """Node edges by their ends (n, 2, 2), and return the faces between them."""
        return cls.between(lines_along(ends))

    @cached_property
    def spots(self) -> Shapes:
        """A point within each face."""
        return points_within(self.areas)

    @cached_property
    def _xy(self) -> Floats:
        return np.asarray(shapely.get_coordinates(self.spots))

    def in_shape(self, shape: BaseGeometry) -> Flags:
        """Return which faces lie in a shape that others use meanwhile: it is not prepared."""
        inside = np.zeros(len(self.areas), dtype=bool)
        inside[shapely.STRtree(self.spots).query(shape, "intersects")] = True
        return inside

    def within(self, shape: BaseGeometry) -> Flags:
        """Return which faces lie in a shape, whose edges run through none of them."""
        inside = in_box(self._xy, shape.bounds)
        shapely.prepare(shape)
        inside[inside] = shapely.contains_xy(shape, self._xy[inside])
        return inside


def points_within(areas: npt.ArrayLike) -> Shapes:
    """Return a point within each area, on its edge only where it is too thin for another.

    GEOS's point on the surface of a valid polygon may be one of its vertices.
    """
    areas = np.asarray(areas)
    points = np.asarray(shapely.point_on_surface(areas))
    astray = ~shapely.contains(areas, points)
    circles = shapely.maximum_inscribed_circle(areas[astray])
    points[astray] = shapely.get_point(circles, 0)
    return points


class Nearest:
    """Finds where the edges of some areas are nearest to another area that does not overlap them.

    The library holds every edge against every other. Here a few edges tell how far it is at most,
    and only those that are as near are asked further.
    """

    def __init__(self, areas: Shapes) -> None:
        self._edges = shapely.linestrings(edge_ends(areas)[0])
        self._tree = shapely.STRtree(self._edges)
        self._whole = in_one(polygons_in(areas))
        shapely.prepare(self._whole)

    def line_to(self, area: BaseGeometry) -> BaseGeometry:
        """Return a shortest line from the edges of these areas to those of another."""
        edges = shapely.linestrings(edge_ends([area])[0])
        asked = edges[:: 1 + len(edges) // _ASKED_FIRST]
        _, away = self._tree.query_nearest(asked, return_distance=True, all_matches=False)
        near = edges[shapely.dwithin(self._whole, edges, float(away.min()))]
        near = near if len(near) else asked
        (one, other), away = self._tree.query_nearest(near, return_distance=True, all_matches=False)
        least = int(np.argmin(away))
        return shapely.shortest_line(self._edges[other[least]], near[one[least]])


# --- edges ----------------------------------------------------------------------------------------


def edge_ends(shapes: npt.ArrayLike) -> tuple[Floats, Indices]:
    """Return both ends (n, 2, 2) of each edge of areas, ring after ring, and whose it is.

    Edges without length are left out.
    """
    ends, ring, owner = _ring_edges(shapes)
    return ends, owner[ring]


def _ring_edges(shapes: npt.ArrayLike) -> tuple[Floats, Indices, Indices]:
    """Return the ends of each edge, which ring it is in, and whose each ring is."""
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, at = shapely.get_coordinates(rings, return_index=True)
    # Column by column, and each end taken by itself: a third of the time of what is shorter.
    moves = (xy[:-1, 0] != xy[1:, 0]) | (xy[:-1, 1] != xy[1:, 1])
    runs = np.flatnonzero((at[:-1] == at[1:]) & moves)
    ends = np.empty((len(runs), 2, 2))
    ends[:, 0], ends[:, 1] = xy.take(runs, axis=0), xy.take(runs + 1, axis=0)
    return ends, at.take(runs), part_of[ring_of]


def lines_along(ends: Floats) -> Shapes:
    """Return edges by their ends (n, 2, 2) as lines: in one those that follow each other.

    To node them is quicker than edge by edge, several times where an outline is long.
    """
    if not len(ends):
        return np.empty(0, dtype=object)
    begins = np.append(True, (ends[1:, 0] != ends[:-1, 1]).any(axis=1))
    line = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(ends)) - 1
    xy = np.insert(ends[:, 0], last + 1, ends[last, 1], axis=0)
    return np.asarray(shapely.linestrings(xy, indices=np.insert(line, last + 1, line[last])))


@dataclass(frozen=True)
class Edges:
    """The edges of areas, ring after ring; shared ones occur once for each that shares them."""

    xy: Floats
    """Where each edge starts; it ends where the next of its ring starts."""
    owner: Indices
    """Which area each is of."""
    ring: Indices
    first: Indices
    """The first edge of each ring."""
    length: Indices
    start: Indices
    """The number of the vertex where an edge starts; equal vertices have equal numbers."""
    end: Indices

    @classmethod
    def of(cls, shapes: npt.ArrayLike) -> Edges:
        """Take areas apart, leaving out edges without length."""
        ends, ring_of, owner_of = _ring_edges(shapes)
        xy = np.ascontiguousarray(ends[:, 0]) + 0.0
        first = np.flatnonzero(np.diff(ring_of, prepend=-1))
        length = np.diff(np.append(first, len(xy)))
        _, start = np.unique(xy.view(np.complex128).ravel(), return_inverse=True)
        end = np.roll(start, -1)
        end[first + length - 1] = start[first]
        ring = np.repeat(np.arange(len(first)), length)
        return cls(xy, owner_of[ring_of], ring, first, length, start, end)

    @cached_property
    def next(self) -> Indices:
        """The edge that follows each in its ring."""
        after = np.arange(1, len(self.xy) + 1)
        after[self.first + self.length - 1] = self.first
        return after

    @cached_property
    def key(self) -> Indices:
        """Equal for edges between the same two vertices, in either direction."""
        least, most = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        return least * (len(self.xy) + 1) + most

    @cached_property
    def single(self) -> Indices:
        """The edges without their opposite; crossing one changes in how many areas one is.

        So it is where areas are on the left of their edges.
        """
        _, same = np.unique(self.key, return_inverse=True)
        net = np.bincount(same, weights=np.where(self.start < self.end, 1, -1))
        return np.flatnonzero(net[same] != 0)

    def ends(self, those: Indices) -> Floats:
        """Return both ends of some edges."""
        return np.stack([self.xy[those], self.xy[self.next[those]]], axis=1)

    def single_lines(self) -> tuple[Shapes, Indices]:
        """Return the single edges, in one line where they follow each other, and whose it is."""
        at = self.single
        new_ring = np.diff(self.ring[at], prepend=-1) != 0
        begins = np.flatnonzero((np.diff(at, prepend=-2) != 1) | new_ring)
        counts = np.diff(np.append(begins, len(at)))
        return self.lines(at, begins, counts), self.owner[at[begins]]

    def lines(self, order: Indices, begins: Indices, counts: Indices) -> Shapes:
        """Return lines of `counts` edges that follow each other from the places `begins` on."""
        vertices = counts + 1
        line = np.repeat(np.arange(len(counts)), vertices)
        place = np.arange(len(line)) - np.repeat(np.cumsum(vertices) - vertices, vertices)
        # The last point of a line is the end of its last edge: the start of the one after.
        edge = np.append(order, 0)[np.repeat(begins, vertices) + place]
        edge[np.cumsum(vertices) - 1] = self.next[order[begins + counts - 1]]
        return np.asarray(shapely.linestrings(self.xy[edge], indices=line), dtype=object)

    def junctions(self) -> Flags:
        """Return for each vertex, by number, if not all rings go the same way there."""
        before = np.empty_like(self.start)
        before[self.next] = self.start
        least, most = np.minimum(before, self.end), np.maximum(before, self.end)
        one = np.zeros(len(self.xy), dtype=np.intp)
        one[self.start] = np.arange(len(self.xy))
        one = one[self.start]
        found = np.zeros(len(self.xy), dtype=bool)
        found[self.start[(least != least[one]) | (most != most[one])]] = True
        return found

    def winding(self, point: BaseGeometry) -> int:
        """Return in how many areas, on the left of their edges, a point off single edges is."""
        x, y = shapely.get_x(point), shapely.get_y(point)
        from_, to = self.ends(self.single).transpose(1, 0, 2)
        crossing = (from_[:, 1] > y) != (to[:, 1] > y)
        from_, to = from_[crossing], to[crossing]
        slope = (to[:, 0] - from_[:, 0]) / (to[:, 1] - from_[:, 1])
        east = from_[:, 0] + (y - from_[:, 1]) * slope > x
        return int(np.where(to[east, 1] > from_[east, 1], 1, -1).sum())


# --- chains ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chains:
    """Edges that follow each other from stop to stop, ring after ring.

    A ring begins at its first stop, or where it began if it has none, and then is one chain.
    """

    edges: Edges
    order: Indices
    """The edges, each ring turned."""
    begins: Indices
    """Where in `order` each chain begins."""
    counts: Indices
    """How many edges it has."""
    name: Indices
    """Equal for chains of the same edges, whichever ring they are from and whichever way."""
    there: Indices
    """Equal for chains of the same edges that run the same way."""

    @classmethod
    def of(cls, edges: Edges, stops: Flags) -> Chains:
        """Chain edges up where no vertex, by number, is a stop: among them are all junctions."""
        stop = stops[edges.start]
        order, opening = _from_a_stop(edges, stop)
        begins = np.flatnonzero(opening)
        counts = np.diff(np.append(begins, len(order)))
        begin, end = order[begins], order[begins + counts - 1]
        many = len(edges.xy) + 1
        there = edges.start[begin] * many + edges.end[begin]
        back = edges.end[end] * many + edges.start[end]
        whole_ring = -1 - np.minimum.reduceat(edges.key, edges.first)[edges.ring[begin]]
        name = np.where(stop[begin], np.minimum(there, back), whole_ring)
        return cls(edges, order, begins, counts, name, there)

    @property
    def ring(self) -> Indices:
        """Which ring each chain is of."""
        return self.edges.ring[self.order[self.begins]]

    def lines(self, those: Indices) -> Shapes:
        """Return some chains as lines."""
        return self.edges.lines(self.order, self.begins[those], self.counts[those])


def _from_a_stop(edges: Edges, stop: Flags) -> tuple[Indices, Flags]:
    """Return the edges, each ring turned to begin at a stop; and where a chain begins."""
    place = np.arange(len(edges.xy)) - edges.first[edges.ring]
    far = np.where(stop, place, len(edges.xy))
    turn = np.minimum.reduceat(far, edges.first)
    turn = np.where(turn < len(edges.xy), turn, 0)
    order = edges.first[edges.ring] + (place + turn[edges.ring]) % edges.length[edges.ring]
    return order, stop[order] | (place == 0)


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


def rim(areas: Shapes) -> tuple[Floats, Floats, Indices]:
    """Return the middle (degrees) and length (metres) of each edge of areas, and whose it is."""
    ends, area_of = edge_ends(areas)
    middle = ends.mean(axis=1)
    along = ends[:, 1] - ends[:, 0]
    east = along[:, 0] * np.cos(np.radians(middle[:, 1]))
    return middle, np.hypot(east, along[:, 1]) * METRES_A_DEGREE, area_of


def breadths_m(areas: Shapes) -> Floats:
    """Return twice the area over the perimeter, in metres, of each of some small areas."""
    middle, length, area_of = rim(areas)
    firsts = np.searchsorted(area_of, np.arange(len(areas)))
    squeeze = np.cos(np.radians(middle[firsts, 1]))
    rims = np.bincount(area_of, weights=length, minlength=len(areas))
    return np.asarray(2 * shapely.area(areas) * squeeze * METRES_A_DEGREE**2 / rims)
