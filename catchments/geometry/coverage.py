"""What makes a set of boundaries a coverage: validity, overlaps, gaps, mending, colours.

Boundaries are WGS 84, longitude -180…180; inside, longitudes run 0…360, so that 180° is no seam.
An edge that two catchments share exactly, once in each direction, can bound neither an overlap nor
a gap. Only the other edges are looked at: they are noded, and each face between them lies in one
catchment (fine), in several (an overlap) or in none (a gap, or the world outside).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Place
from catchments.geometry.coordinates import (
    CHATHAM_LNG_360,
    CHATHAM_TM2000,
    NZTM2000,
    geometry_to_180,
    geometry_to_360,
    to_180,
    to_metres,
    to_wgs84,
)

SLIVER_WIDTH_M = 50.0
"""A fault no wider than this is taken for a slip of the pen, and mended."""
ROUNDING_WIDTH_M = 1e-6
"""What is narrower than a micrometre comes of rounding coordinates, and is no fault."""

_SAME_DEGREES = 1e-9
"""A tenth of a millimetre: an edge that noding moved by less is still that edge."""
_SNAP_DEGREES = 1e-8
"""A millimetre: mended edges this close become one. GEOS's own choice would be 2 cm."""
_FILM_DEGREES = 2e-8
"""Two millimetres: an open channel must be wider than twice this to be seen."""
_CHANNEL_LENGTHS = 2.0
_CHANNEL_BREADTHS = 10.0
"""An open channel counts when it runs along each of two neighbours for so many sliver widths, and
for so many times its own breadth. Else every notch of the coast where catchments meet would count.
"""
_METRES_A_DEGREE = 111_195.0
"""On a sphere: near enough to compare lengths within one place."""
_ROUNDS = 4
_COLOURING_STEPS = 20_000
_WHERE = re.compile(r"\[(\S+) (\S+)\]")

Kind = Literal["invalid", "overlap", "gap"]
Shapes = npt.NDArray[np.object_]
Indices = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CoverageFault:
    """One thing that keeps boundaries from tiling.

    Slivers of one kind between the same catchments are one fault: `area_m2` is their sum,
    `width_m` that of the widest, `place` lies in it, and `parts` says how many they are.
    """

    kind: Kind
    codes: tuple[str, ...]
    """The catchments concerned, sorted: those that overlap, or the gap's neighbours."""
    area_m2: float
    width_m: float
    """Twice the radius of the largest circle that fits in."""
    place: Place
    sliver: bool
    parts: int = 1
    reason: str = ""

    def sentence(self, names: Mapping[str, str] | None = None) -> str:
        """Return what is wrong, with catchments by name where `names` has their codes."""
        who = _listed([(names or {}).get(code, code) for code in self.codes])
        where = f"near lat {self.place.lat:.4f}, lng {self.place.lng:.4f}"
        if self.kind == "invalid":
            return f"The boundary of {who} is not valid ({self.reason}) {where}."
        size = f"{_amount(self.area_m2)} m² ({self._width()}) {where}."
        if self.kind == "overlap":
            return f"{who} overlap by {size}"
        return f"Between {who} is a gap of {size}"

    def _width(self) -> str:
        wide = f"{_amount(self.width_m)} m wide"
        return wide if self.parts == 1 else f"in {self.parts:,} places, at most {wide}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def make_valid_2d(geometry: BaseGeometry) -> BaseGeometry | None:
    """Return the polygons of a geometry, flat and valid; None when no area is left.

    What is valid already keeps its coordinates. Any CRS.
    """
    flat = shapely.force_2d(geometry)
    if not np.isfinite(shapely.get_coordinates(flat)).all():
        return None
    if not shapely.is_valid(flat):
        flat = shapely.make_valid(flat, method="structure", keep_collapsed=False)
    polygons = _polygons([flat])
    if not polygons:
        return None
    return flat if flat.geom_type in {"Polygon", "MultiPolygon"} else _multi(polygons)


def is_coverage(boundaries: Mapping[str, BaseGeometry]) -> bool:
    """Whether boundaries tile exactly: valid, edges shared vertex for vertex, no enclosed gap."""
    if not all(shapely.is_valid(boundary) for boundary in boundaries.values()):
        return False
    if not boundaries:
        return True
    shapes = _framed(boundaries)
    return bool(shapely.coverage_is_valid(shapes)) and not _enclosed(shapes).faces


def find_faults(
    boundaries: Mapping[str, BaseGeometry], *, sliver_width_m: float = SLIVER_WIDTH_M
) -> list[CoverageFault]:
    """Return every overlap and gap of WGS 84 boundaries, widest kinds first.

    Gaps are areas enclosed between two catchments or more, and open channels between neighbours
    that are no wider than `sliver_width_m` metres. A hole inside one catchment is no gap.
    """
    codes = list(boundaries)
    shapes = _framed(boundaries)
    faces = [
        face for face in _all_faces(shapes, sliver_width_m) if face.breadth_m >= ROUNDING_WIDTH_M
    ]
    found = [*_invalid(boundaries), *_measured_faults(faces, codes)]
    return sorted(found, key=lambda fault: (fault.sliver, -fault.area_m2, fault.codes, fault.kind))


def find_gaps_at(
    ends: Floats,
    owner: Indices,
    boundaries: Mapping[str, BaseGeometry],
    *,
    sliver_width_m: float = SLIVER_WIDTH_M,
) -> list[CoverageFault]:
    """Return the gaps along some outer edges of boundaries that do not overlap there.

    `ends` (n, 2, 2) are edges without their opposite, the catchment on the left, and `owner` says
    whose each is, as a place in `boundaries`; longitudes of both are 0…360.
    """
    codes, ground = list(boundaries), np.array(list(boundaries.values()), dtype=object)
    borders = _Borders(ends, owner)
    areas = shapely.get_parts(shapely.polygonize(shapely.linestrings(ends)))
    gaps = list(_gaps(areas[~_on_left(areas, ends)], borders))
    ground = np.concatenate([ground, np.array([face.shape for face in gaps], dtype=object)])
    channels = _channels_between(ends, owner, borders, ground, sliver_width_m)
    faces = _measured([*gaps, *channels], sliver_width_m)
    wide = [face for face in faces if face.breadth_m >= ROUNDING_WIDTH_M]
    return list(_measured_faults(wide, codes))


def _on_left(areas: Shapes, ends: Floats) -> npt.NDArray[np.bool_]:
    """Return which of the areas between edges lie on the left of those around them."""
    known = set(map(tuple, ends.reshape(-1, 4).tolist()))
    rims = shapely.get_exterior_ring(shapely.orient_polygons(areas))
    firsts = (tuple(shapely.get_coordinates(rim)[:2].reshape(4).tolist()) for rim in rims)
    return np.array([first in known for first in firsts], dtype=bool)


def clean(
    boundaries: Mapping[str, BaseGeometry], *, sliver_width_m: float = SLIVER_WIDTH_M
) -> dict[str, BaseGeometry]:
    """Return boundaries without slivers; those that touch none are the same objects as before.

    A sliver goes to the neighbour with the longest border to it. Wider faults stay as they are.
    """
    codes = list(boundaries)
    before = _framed(boundaries)
    shapes = before.copy()
    for _ in range(_ROUNDS):
        faces = _all_faces(shapes, sliver_width_m)
        wide_overlap = any(face.kind == "overlap" and not face.sliver for face in faces)
        # Where an overlap stays, edges cannot match exactly, and rounding would never come to rest.
        least_m = ROUNDING_WIDTH_M if wide_overlap else 0.0
        slivers = [face for face in faces if face.sliver and face.breadth_m >= least_m]
        mended = _without(shapes, slivers)
        if not wide_overlap:
            mended = _matched(mended)
        if all(new is old for new, old in zip(mended, shapes, strict=True)):
            break
        shapes = mended
    return {
        code: boundaries[code] if new is old else geometry_to_180(new)
        for code, new, old in zip(codes, shapes, before, strict=True)
    }


# --- frames ---------------------------------------------------------------------------------------


def _framed(boundaries: Mapping[str, BaseGeometry]) -> Shapes:
    """Return boundaries with longitudes 0…360, made valid where they are not."""
    shapes = np.empty(len(boundaries), dtype=object)
    for at, boundary in enumerate(boundaries.values()):
        valid = boundary if shapely.is_valid(boundary) else make_valid_2d(boundary)
        shapes[at] = geometry_to_360(valid) if valid is not None else shapely.Polygon()
    return shapes


def _in_metres(shapes: Shapes) -> Shapes:
    """Return geometries (longitudes 0…360) in the metres true to each."""
    metres = np.empty(len(shapes), dtype=object)
    chatham = shapely.bounds(shapes)[:, 0] > CHATHAM_LNG_360 if len(shapes) else np.zeros(0, bool)
    for crs, those in ((NZTM2000, ~chatham), (CHATHAM_TM2000, chatham)):
        metres[those] = to_metres(shapes[those], crs=crs)
    return metres


def _polygons(geometries: npt.ArrayLike) -> list[BaseGeometry]:
    """Return the polygons with area in geometries, however deep they lie in collections."""
    parts = shapely.get_parts(shapely.get_parts(geometries))
    return [part for part in parts if part.geom_type == "Polygon" and part.area > 0]


def _multi(polygons: Sequence[BaseGeometry]) -> BaseGeometry:
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


# --- edges ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Edges:
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


def _edges(shapes: Shapes) -> _Edges:
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
    return _Edges(xy, at, part_of[ring_of][coordinate_of[at]], key, net[same] != 0)


def _paths(edges: _Edges) -> tuple[Shapes, Indices]:
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


def _winding(edges: _Edges, point: BaseGeometry) -> int:
    """Return in how many shapes a point off every single edge is."""
    x, y = shapely.get_x(point), shapely.get_y(point)
    from_, to = edges.xy[edges.at[edges.single]], edges.xy[edges.at[edges.single] + 1]
    crossing = (from_[:, 1] > y) != (to[:, 1] > y)
    from_, to = from_[crossing], to[crossing]
    slope = (to[:, 0] - from_[:, 0]) / (to[:, 1] - from_[:, 1])
    east = from_[:, 0] + (y - from_[:, 1]) * slope > x
    return int(np.where(to[east, 1] > from_[east, 1], 1, -1).sum())


# --- faces ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Face:
    """One area in several shapes or in none; `shape` has longitudes 0…360."""

    kind: Kind
    shape: BaseGeometry
    members: tuple[int, ...]
    """The shapes that overlap, or the gap's neighbours, by number."""
    goes_to: int
    """Which of them it goes to, if it is mended."""
    area_m2: float = 0.0
    breadth_m: float = 0.0
    """Twice the area over the perimeter: at most the width, and near it for a sliver."""
    sliver: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """The faces between single edges (`areas`), those at fault, and whose edges bound them."""

    areas: Shapes
    faces: list[_Face]
    borders: _Borders


def _all_faces(shapes: Shapes, sliver_width_m: float) -> list[_Face]:
    if not len(shapes):
        return []
    found = _enclosed(shapes)
    return _measured([*found.faces, *_channels(found, shapes, sliver_width_m)], sliver_width_m)


def _enclosed(shapes: Shapes) -> _Found:
    """Return overlaps, and gaps enclosed between several shapes, unmeasured."""
    edges = _edges(shapes)
    paths, _ = _paths(edges)
    areas = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(paths))))
    depth = _depths(areas, shapes, edges)
    borders = _Borders(edges.ends(), edges.owner[edges.single])
    gaps = _gaps(areas[depth == 0], borders)
    overlaps = _overlap_faces(areas[depth > 1], depth[depth > 1], shapes, borders)
    return _Found(areas, [*gaps, *overlaps], borders)


def _overlap_faces(
    areas: Shapes, depth: Indices, shapes: Shapes, borders: _Borders
) -> Iterator[_Face]:
    pieces, members = _overlaps(areas, depth, shapes)
    own = borders.of(pieces)
    for piece, inside, lengths in zip(pieces, members, own, strict=True):
        # The less of its rim is a shape's own edge, the more of it borders that shape's inside.
        goes_to = min(inside, key=lambda member: (lengths.get(member, 0.0), member))
        yield _Face("overlap", piece, inside, goes_to)


def _depths(areas: Shapes, shapes: Shapes, edges: _Edges) -> Indices:
    """Return in how many shapes each area is."""
    spots = shapely.point_on_surface(areas)
    tree = shapely.STRtree(spots)
    inside = np.bincount(tree.query(shapes, "contains")[1], minlength=len(areas))
    touching = np.bincount(tree.query(shapes, "intersects")[1], minlength=len(areas))
    for at in np.flatnonzero(inside != touching):  # the spot happens to lie on a shared edge
        inside[at] = _winding(edges, spots[at])
    return inside


def _gaps(areas: Shapes, borders: _Borders) -> Iterator[_Face]:
    for area, lengths in zip(areas, borders.of(areas), strict=True):
        if len(lengths) > 1:
            goes_to = max(lengths, key=lambda member: (lengths[member], -member))
            yield _Face("gap", area, tuple(sorted(lengths)), goes_to)


def _overlaps(
    areas: Shapes, depth: Indices, shapes: Shapes
) -> tuple[Shapes, list[tuple[int, ...]]]:
    """Return the parts of areas such that each lies wholly in the same shapes, and in which."""
    shape_at, area_at = shapely.STRtree(areas).query(shapes, "intersects")
    near: dict[int, list[int]] = defaultdict(list)
    for shape, area in zip(shape_at.tolist(), area_at.tolist(), strict=True):
        near[area].append(shape)
    pieces: list[BaseGeometry] = []
    members: list[tuple[int, ...]] = []
    for at, area in enumerate(areas):
        if len(near[at]) == depth[at]:
            pieces.append(area)
            members.append(tuple(sorted(near[at])))
            continue
        for piece, inside in _split(area, near[at], shapes):
            pieces.append(piece)
            members.append(inside)
    return np.array(pieces, dtype=object), members


def _split(
    area: BaseGeometry, near: Sequence[int], shapes: Shapes
) -> Iterator[tuple[BaseGeometry, tuple[int, ...]]]:
    """Yield an area's parts between the shapes' edges that run through it."""
    through = shapely.intersection(shapely.boundary(shapes[near]), area)
    lines = shapely.union_all([shapely.boundary(area), *through])
    for piece in shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))):
        spot = shapely.point_on_surface(piece)
        inside = tuple(sorted(at for at in near if shapely.contains(shapes[at], spot)))
        if len(inside) > 1 and shapely.contains(area, spot):
            yield piece, inside


class _Borders:
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
        middle, length, area_of = _rim(areas)
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


def _segments(areas: Shapes) -> Floats:
    """Return both ends of each edge of areas."""
    rings = shapely.get_rings(areas)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    runs = ring_of[:-1] == ring_of[1:]
    return np.stack([xy[:-1][runs], xy[1:][runs]], axis=1)


def _rim(areas: Shapes) -> tuple[Floats, Floats, Indices]:
    """Return the middle (degrees) and length (metres) of each edge of areas, and whose it is."""
    rings, area_of = shapely.get_rings(areas, return_index=True)
    counts = shapely.get_num_coordinates(rings) - 1
    ends = _segments(areas)
    middle = ends.mean(axis=1)
    along = ends[:, 1] - ends[:, 0]
    east = along[:, 0] * np.cos(np.radians(middle[:, 1]))
    return middle, np.hypot(east, along[:, 1]) * _METRES_A_DEGREE, np.repeat(area_of, counts)


# --- open channels --------------------------------------------------------------------------------


def _channels(found: _Found, shapes: Shapes, width_m: float) -> Iterator[_Face]:
    """Yield narrow areas between neighbours that are open at an end, so that nothing encloses them.

    Where the outlines of two shapes come close, what a morphological closing would fill is a
    channel if it runs far enough along both.
    """
    gaps = np.array([face.shape for face in found.faces if face.kind == "gap"], dtype=object)
    ground = np.concatenate([shapes, gaps])
    outline = _segments(shapely.get_parts(shapely.coverage_union_all(found.areas)))
    owner = found.borders.owners(outline.mean(axis=1))
    yield from _channels_between(outline, owner, found.borders, ground, width_m)


def _channels_between(
    outline: Floats, owner: Indices, borders: _Borders, ground: Shapes, width_m: float
) -> Iterator[_Face]:
    tree = shapely.STRtree(ground)
    parts: list[BaseGeometry] = []
    for window in _close_outlines(outline, owner, width_m):
        parts += _filled_by_closing(window, ground[tree.query(window)], width_m)
    areas = np.array(parts, dtype=object)
    for area, lengths in zip(areas, borders.of(areas), strict=True):
        least = max(_CHANNEL_LENGTHS * width_m, _CHANNEL_BREADTHS * _rough_breadth_m(area))
        beside = {at: metres for at, metres in lengths.items() if metres >= least}
        if len(beside) > 1:
            goes_to = max(beside, key=lambda at: (beside[at], -at))
            yield _Face("gap", area, tuple(sorted(beside)), goes_to)


def _rough_breadth_m(area: BaseGeometry) -> float:
    middle, length, _ = _rim(np.array([area], dtype=object))
    squeeze = math.cos(math.radians(float(middle[0, 1])))
    return 2 * float(area.area) * squeeze * _METRES_A_DEGREE**2 / float(length.sum())


def _close_outlines(outline: Floats, owner: Indices, width_m: float) -> Iterator[BaseGeometry]:
    """Yield areas (degrees) around outer edges of different shapes that are `width_m` apart."""
    segments = np.asarray(to_metres(shapely.linestrings(outline), crs=NZTM2000))
    one, other = shapely.STRtree(segments).query(segments, "dwithin", distance=width_m)
    close = np.unique(one[owner[one] != owner[other]])
    if not len(close):
        return
    around = shapely.buffer(segments[close], 1.5 * width_m, quad_segs=2)
    length = shapely.length(segments)
    tree = shapely.STRtree(segments[close])
    for window in shapely.get_parts(shapely.union_all(around)):
        those = close[tree.query(window, "intersects")]
        along = np.bincount(owner[those], weights=length[those])
        if (along >= _CHANNEL_LENGTHS * width_m).sum() > 1:
            yield _to_degrees(window)


def _filled_by_closing(window: BaseGeometry, ground: Shapes, width_m: float) -> list[BaseGeometry]:
    """Return what growing and shrinking by half the width fills, in a frame of true directions."""
    west, south, east, north = shapely.bounds(window)
    squeeze = math.cos(math.radians((south + north) / 2))
    half = width_m / 2 / _METRES_A_DEGREE
    room = 4 * half / squeeze
    clip = shapely.box(west - room, south - room, east + room, north + room)
    land = _squeezed(shapely.union_all(shapely.intersection(ground, clip)), squeeze)
    closed = shapely.buffer(shapely.buffer(land, half, quad_segs=8), -half, quad_segs=8)
    # Growing and shrinking rounds: without this margin, films of rounding would lie on every edge.
    core = shapely.difference(closed, shapely.buffer(land, _FILM_DEGREES, join_style="mitre"))
    full = shapely.buffer(core, 3 * _FILM_DEGREES, join_style="mitre")
    filled = _squeezed(shapely.difference(full, land), 1 / squeeze)
    return [part for part in _polygons([filled]) if shapely.intersects(part, window)]


def _squeezed(geometry: BaseGeometry, by: float) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: xy * [by, 1.0])


def _to_degrees(metres: BaseGeometry) -> BaseGeometry:
    degrees = to_wgs84(metres, crs=NZTM2000).item()
    return shapely.transform(degrees, lambda xy: np.column_stack([xy[:, 0] % 360, xy[:, 1]]))


# --- measuring ------------------------------------------------------------------------------------


def _measured(faces: Sequence[_Face], sliver_width_m: float) -> list[_Face]:
    """Return faces with their area and breadth."""
    if not faces:
        return []
    metres = _in_metres(np.array([face.shape for face in faces], dtype=object))
    area, rim = shapely.area(metres), shapely.length(metres)
    breadth = np.divide(2 * area, rim, out=np.zeros_like(area), where=rim > 0)
    sliver = _are_slivers(metres, breadth, sliver_width_m)
    return [
        _Face(face.kind, face.shape, face.members, face.goes_to, *measures)
        for face, *measures in zip(
            faces, area.tolist(), breadth.tolist(), sliver.tolist(), strict=True
        )
    ]


def _are_slivers(metres: Shapes, breadth: Floats, width_m: float) -> npt.NDArray[np.bool_]:
    """Whether no circle of this width fits in; cheap bounds spare most shapes the exact test."""
    west, south, east, north = shapely.bounds(metres).T
    sliver = np.minimum(east - west, north - south) <= width_m
    unsure = np.flatnonzero(~sliver & (breadth <= width_m))
    sliver[unsure] = shapely.is_empty(shapely.buffer(metres[unsure], -width_m / 2))
    return np.asarray(sliver, dtype=bool)


def _width_m(face: _Face) -> float:
    metres = _in_metres(np.array([face.shape], dtype=object))[0]
    radius = shapely.maximum_inscribed_circle(metres, tolerance=face.breadth_m / 40)
    return float(shapely.length(radius)) * 2


def _measured_faults(faces: Sequence[_Face], codes: Sequence[str]) -> Iterator[CoverageFault]:
    groups: dict[tuple[Kind, tuple[int, ...]], list[_Face]] = defaultdict(list)
    for face in faces:
        if face.sliver:
            groups[face.kind, face.members].append(face)
        else:
            yield _fault([face], codes)
    for members in groups.values():
        yield _fault(members, codes)


def _fault(faces: Sequence[_Face], codes: Sequence[str]) -> CoverageFault:
    widest = max(faces, key=lambda face: face.breadth_m)
    spot = shapely.point_on_surface(widest.shape)
    return CoverageFault(
        kind=widest.kind,
        codes=tuple(sorted(codes[member] for member in widest.members)),
        area_m2=sum(face.area_m2 for face in faces),
        width_m=_width_m(widest),
        place=Place(lng=to_180(float(spot.x)), lat=float(spot.y)),
        sliver=widest.sliver,
        parts=len(faces),
    )


def _invalid(boundaries: Mapping[str, BaseGeometry]) -> Iterator[CoverageFault]:
    for code, boundary in boundaries.items():
        if shapely.is_valid(boundary):
            continue
        reason = shapely.is_valid_reason(boundary)
        where = _WHERE.search(reason)
        place = Place(*map(float, where.groups())) if where else Place(0.0, 0.0)
        said = reason.split("[")[0].strip()
        yield CoverageFault("invalid", (code,), 0.0, 0.0, place, sliver=False, reason=said)


# --- mending --------------------------------------------------------------------------------------


def _without(shapes: Shapes, slivers: Sequence[_Face]) -> Shapes:
    """Return shapes with gap slivers added to one neighbour, overlaps taken from all but one."""
    gains: dict[int, list[BaseGeometry]] = defaultdict(list)
    losses: dict[int, list[BaseGeometry]] = defaultdict(list)
    for face in slivers:
        if face.kind == "gap":
            gains[face.goes_to].append(face.shape)
            continue
        for member in face.members:
            if member != face.goes_to:
                losses[member].append(face.shape)
    mended = shapes.copy()
    for at, lost in losses.items():
        mended[at] = shapely.difference(mended[at], shapely.union_all(lost))
    for at, gained in gains.items():
        mended[at] = shapely.union_all([mended[at], *gained])
    for at in {*gains, *losses}:
        mended[at] = _multi(_polygons([mended[at]])) if mended[at].area else shapes[at]
    return mended


def _matched(shapes: Shapes) -> Shapes:
    """Return shapes whose shared edges have the same vertices on both sides.

    Only shapes with an edge that does not match are touched; mending them can bring in others.
    """
    matched = shapes.copy()
    for _ in range(_ROUNDS):
        wrong = ~shapely.is_empty(shapely.coverage_invalid_edges(matched))
        if not wrong.any():
            break
        try:
            matched[wrong] = shapely.coverage_clean(
                matched[wrong], gap_width=_SNAP_DEGREES, snapping_distance=_SNAP_DEGREES
            )
        except shapely.errors.GEOSException:  # its noder gives up on some near-coincident lines
            matched[wrong] = shapely.coverage_clean(matched[wrong], gap_width=_SNAP_DEGREES)
    return matched


# --- neighbours and colours -----------------------------------------------------------------------


def neighbours(boundaries: Mapping[str, BaseGeometry]) -> dict[str, set[str]]:
    """Return, for each catchment, those that share an edge of some length, or area, with it."""
    codes = list(boundaries)
    beside: dict[str, set[str]] = {code: set() for code in codes}
    shapes = _framed(boundaries)
    edges = _edges(shapes) if len(shapes) else None
    if edges is None:
        return beside
    for one, other in {*_pairs_by_edge(edges), *_pairs_by_line(shapes, edges)}:
        beside[codes[one]].add(codes[other])
        beside[codes[other]].add(codes[one])
    return beside


def _pairs_by_edge(edges: _Edges) -> set[tuple[int, int]]:
    order = np.lexsort((edges.owner, edges.key))
    key, owner = edges.key[order], edges.owner[order]
    twice = (key[:-1] == key[1:]) & (owner[:-1] != owner[1:])
    pairs = np.unique(np.column_stack([owner[:-1][twice], owner[1:][twice]]), axis=0)
    return {(one, other) for one, other in pairs.tolist()}


def _pairs_by_line(shapes: Shapes, edges: _Edges) -> Iterator[tuple[int, int]]:
    """Yield pairs that overlap, or whose edges run together without the same vertices."""
    paths, owner = _paths(edges)
    lines = {
        int(at): shapely.multilinestrings(paths[owner == at]) for at in np.unique(owner).tolist()
    }
    numbers = list(lines)
    tree = shapely.STRtree(shapes[numbers])
    for one, other in zip(*tree.query(shapes[numbers], "intersects").tolist(), strict=True):
        if one < other and _meet(numbers[one], numbers[other], shapes, lines):
            yield numbers[one], numbers[other]


def _meet(one: int, other: int, shapes: Shapes, lines: Mapping[int, BaseGeometry]) -> bool:
    along = shapely.intersection(lines[one], lines[other])
    if shapely.length(along) > 0:
        return True
    return bool(shapely.relate_pattern(shapes[one], shapes[other], "T********"))


def four_colouring(boundaries: Mapping[str, BaseGeometry]) -> dict[str, int]:
    """Return a colour, counted from 0, for each catchment, so that neighbours differ.

    The same boundaries always get the same colours, and as few as a bounded search finds: four
    for nearly any map.
    """
    beside = neighbours(boundaries)
    for colours in range(1, len(beside) + 1):
        found = _coloured(beside, colours)
        if found is not None:
            return {code: found[code] for code in boundaries}
    return {}


def _coloured(beside: Mapping[str, set[str]], colours: int) -> dict[str, int] | None:
    """Colour with so many colours, the most constrained catchment first, going back when stuck."""
    given: dict[str, int] = {}
    trail: list[tuple[str, Iterator[int]]] = []
    code = _most_constrained(beside, given)
    choices = _free(code, beside, given, colours)
    for _ in range(_COLOURING_STEPS + 2 * len(beside)):
        colour = next(choices, None)
        if colour is not None:
            given[code] = colour
            trail.append((code, choices))
            if len(given) == len(beside):
                return given
            code = _most_constrained(beside, given)
            choices = _free(code, beside, given, colours)
        elif trail:
            code, choices = trail.pop()
            del given[code]
        else:
            return None
    return None


def _most_constrained(beside: Mapping[str, set[str]], given: Mapping[str, int]) -> str:
    return min(
        (code for code in beside if code not in given),
        key=lambda code: (
            -len({given[other] for other in beside[code] if other in given}),
            -len(beside[code]),
            code,
        ),
    )


def _free(
    code: str, beside: Mapping[str, set[str]], given: Mapping[str, int], colours: int
) -> Iterator[int]:
    """Yield the colours open to a catchment, of those yet unused only the first."""
    taken = {given[other] for other in beside[code] if other in given}
    used = max(given.values(), default=-1) + 1
    return iter([colour for colour in range(min(colours, used + 1)) if colour not in taken])
