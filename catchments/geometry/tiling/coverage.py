"""Coverages: whether boundaries tile, and the faults that keep them from it: overlaps and gaps.

Boundaries are WGS 84, longitude -180…180; inside, longitudes run 0…360, so that 180° is no seam.
An edge that two catchments share exactly, once in each direction, can bound neither an overlap nor
a gap. Only the other edges are looked at: they are noded, and each face between them lies in one
catchment (fine), in several (an overlap) or in none (a gap, or the world outside).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import all_of
from catchments.core.model import Place
from catchments.geometry.coordinates import (
    geometry_to_360,
    in_metres,
    to_180,
)
from catchments.geometry.planar import (
    Borders,
    Edges,
    Faces,
    Flags,
    Floats,
    Indices,
    Shapes,
    edge_ends,
    make_valid_2d,
    points_within,
)
from catchments.geometry.tiling.open_channels import channels_between

SLIVER_WIDTH_M = 50.0
"""A fault no wider than this is taken for a slip of the pen, and mended."""
ROUNDING_WIDTH_M = 1e-6
"""What is narrower than a micrometre comes of rounding coordinates, and is no fault."""
_WHERE = re.compile(r"\[(\S+) (\S+)\]")

Kind = Literal["invalid", "overlap", "gap"]


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
        who = all_of([(names or {}).get(code, code) for code in self.codes])
        where = f"near lat {self.place.lat:.4f}, lng {self.place.lng:.4f}"
        if self.kind == "invalid":
            return f"The boundary of {who} is not valid ({self.reason}) {where}."
        size = f"{_area(self.area_m2)} ({self._width()}) {where}."
        if self.kind == "overlap":
            return f"{who} overlap by {size}"
        return f"Between {who} is a gap of {size}"

    def _width(self) -> str:
        wide = f"{_amount(self.width_m)} m wide"
        return wide if self.parts == 1 else f"in {self.parts:,} places, at most {wide}"


def _area(value_m2: float) -> str:
    return f"{_amount(value_m2)} m²" if value_m2 < 1e6 else f"{value_m2 / 1e6:,.1f} km²"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def is_coverage(boundaries: Mapping[str, BaseGeometry]) -> bool:
    """Whether boundaries tile exactly: valid, edges shared vertex for vertex, no enclosed gap."""
    if not all(shapely.is_valid(boundary) for boundary in boundaries.values()):
        return False
    if not boundaries:
        return True
    shapes = valid_shapes(boundaries)
    return bool(shapely.coverage_is_valid(shapes)) and not _enclosed(shapes).faces


def find_faults(
    boundaries: Mapping[str, BaseGeometry], *, sliver_width_m: float = SLIVER_WIDTH_M
) -> list[CoverageFault]:
    """Return every overlap and gap of WGS 84 boundaries, widest kinds first.

    Gaps are areas enclosed between two catchments or more, and open channels between neighbours
    that are no wider than `sliver_width_m` metres. A hole inside one catchment is no gap.
    """
    codes = list(boundaries)
    shapes = valid_shapes(boundaries)
    faces = [
        face for face in all_faces(shapes, sliver_width_m) if face.breadth_m >= ROUNDING_WIDTH_M
    ]
    found = [*_invalid(boundaries), *_measured_faults(faces, codes)]
    return sorted(found, key=lambda fault: (fault.sliver, -fault.area_m2, fault.codes, fault.kind))


def find_gaps_at(
    ends: Floats, owner: Indices, boundaries: Mapping[str, BaseGeometry]
) -> list[CoverageFault]:
    """Return the gaps along some outer edges of boundaries that do not overlap there.

    `ends` (n, 2, 2) are edges without their opposite, the catchment on the left, and `owner` says
    whose each is, as a place in `boundaries`; longitudes of both are 0…360.
    """
    codes, ground = list(boundaries), np.array(list(boundaries.values()), dtype=object)
    borders = Borders(ends, owner)
    areas = Faces.around(shapely.linestrings(ends)).areas
    enclosed = areas[~_on_left(areas, ends)]
    gaps = list(_gaps(zip(enclosed, borders.of(enclosed), strict=True)))
    ground = np.concatenate([ground, np.array([face.shape for face in gaps], dtype=object)])
    channels = _gaps(channels_between(ends, owner, borders, ground, SLIVER_WIDTH_M))
    faces = _measured([*gaps, *channels], SLIVER_WIDTH_M)
    wide = [face for face in faces if face.breadth_m >= ROUNDING_WIDTH_M]
    return list(_measured_faults(wide, codes))


def _on_left(areas: Shapes, ends: Floats) -> Flags:
    """Return which of the areas between edges lie on the left of those around them."""
    known = set(map(tuple, ends.reshape(-1, 4).tolist()))
    rims = shapely.get_exterior_ring(shapely.orient_polygons(areas))
    firsts = (tuple(shapely.get_coordinates(rim)[:2].reshape(4).tolist()) for rim in rims)
    return np.array([first in known for first in firsts], dtype=bool)


def valid_shapes(boundaries: Mapping[str, BaseGeometry]) -> Shapes:
    """Return boundaries with longitudes 0…360, made valid where they are not."""
    return np.array([valid_shape(each) for each in boundaries.values()], dtype=object)


def valid_shape(boundary: BaseGeometry) -> BaseGeometry:
    """Return a boundary with longitudes 0…360, made valid where it is not; empty for no area."""
    valid = boundary if shapely.is_valid(boundary) else make_valid_2d(boundary)
    return shapely.Polygon() if valid is None else geometry_to_360(valid)


# --- faces ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Face:
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
    faces: list[Face]
    borders: Borders


def all_faces(shapes: Shapes, sliver_width_m: float) -> list[Face]:
    """Return every overlap and gap of shapes (longitudes 0…360), measured."""
    if not len(shapes):
        return []
    found = _enclosed(shapes)
    return _measured([*found.faces, *_channels(found, shapes, sliver_width_m)], sliver_width_m)


def _enclosed(shapes: Shapes) -> _Found:
    """Return overlaps, and gaps enclosed between several shapes, unmeasured."""
    edges = Edges.of(shapely.orient_polygons(shapes))
    lines, _ = edges.single_lines()
    faces = Faces.between(lines)
    areas, depth = faces.areas, _depths(faces, shapes, edges)
    borders = Borders(edges.ends(edges.single), edges.owner[edges.single])
    nobodys = areas[depth == 0]
    gaps = _gaps(zip(nobodys, borders.of(nobodys), strict=True))
    overlaps = _overlap_faces(areas[depth > 1], depth[depth > 1], shapes, borders)
    return _Found(areas, [*gaps, *overlaps], borders)


def _overlap_faces(
    areas: Shapes, depth: Indices, shapes: Shapes, borders: Borders
) -> Iterator[Face]:
    pieces, members = _overlaps(areas, depth, shapes)
    own = borders.of(pieces)
    for piece, inside, lengths in zip(pieces, members, own, strict=True):
        # The less of its rim is a shape's own edge, the more of it borders that shape's inside.
        goes_to = min(inside, key=lambda member: (lengths.get(member, 0.0), member))
        yield Face("overlap", piece, inside, goes_to)


def _depths(faces: Faces, shapes: Shapes, edges: Edges) -> Indices:
    """Return in how many shapes each face is."""
    tree = shapely.STRtree(faces.spots)
    inside = np.bincount(tree.query(shapes, "contains")[1], minlength=len(faces.spots))
    touching = np.bincount(tree.query(shapes, "intersects")[1], minlength=len(faces.spots))
    for at in np.flatnonzero(inside != touching):  # the spot happens to lie on a shared edge
        inside[at] = edges.winding(faces.spots[at])
    return inside


def _gaps(areas: Iterable[tuple[BaseGeometry, Mapping[int, float]]]) -> Iterator[Face]:
    """Yield the areas that lie beside several shapes, given how many metres beside each."""
    for area, lengths in areas:
        if len(lengths) > 1:
            goes_to = max(lengths, key=lambda member: (lengths[member], -member))
            yield Face("gap", area, tuple(sorted(lengths)), goes_to)


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
    faces = Faces.between([shapely.boundary(area), *through])
    for piece, spot in zip(faces.areas, faces.spots, strict=True):
        inside = tuple(sorted(at for at in near if shapely.contains(shapes[at], spot)))
        if len(inside) > 1 and shapely.contains(area, spot):
            yield piece, inside


def _channels(found: _Found, shapes: Shapes, width_m: float) -> Iterator[Face]:
    """Return narrow gaps between neighbours that nothing encloses: they are open at an end."""
    gaps = np.array([face.shape for face in found.faces if face.kind == "gap"], dtype=object)
    ground = np.concatenate([shapes, gaps])
    outline, _ = edge_ends(shapely.coverage_union_all(found.areas))
    owner = found.borders.owners(outline.mean(axis=1))
    return _gaps(channels_between(outline, owner, found.borders, ground, width_m))


# --- measuring ------------------------------------------------------------------------------------


def _measured(faces: Sequence[Face], sliver_width_m: float) -> list[Face]:
    """Return faces with their area and breadth."""
    if not faces:
        return []
    metres = in_metres(np.array([face.shape for face in faces], dtype=object))
    area, rim = shapely.area(metres), shapely.length(metres)
    breadth = np.divide(2 * area, rim, out=np.zeros_like(area), where=rim > 0)
    sliver = _are_slivers(metres, breadth, sliver_width_m)
    return [
        Face(face.kind, face.shape, face.members, face.goes_to, *measures)
        for face, *measures in zip(
            faces, area.tolist(), breadth.tolist(), sliver.tolist(), strict=True
        )
    ]


def _are_slivers(metres: Shapes, breadth: Floats, width_m: float) -> Flags:
    """Whether no circle of this width fits in; cheap bounds spare most shapes the exact test."""
    west, south, east, north = shapely.bounds(metres).T
    sliver = np.minimum(east - west, north - south) <= width_m
    unsure = np.flatnonzero(~sliver & (breadth <= width_m))
    sliver[unsure] = shapely.is_empty(shapely.buffer(metres[unsure], -width_m / 2))
    return np.asarray(sliver, dtype=bool)


def _width_m(face: Face) -> float:
    metres = in_metres(np.array([face.shape], dtype=object))[0]
    radius = shapely.maximum_inscribed_circle(metres, tolerance=face.breadth_m / 40)
    return float(shapely.length(radius)) * 2


def _measured_faults(faces: Sequence[Face], codes: Sequence[str]) -> Iterator[CoverageFault]:
    groups: dict[tuple[Kind, tuple[int, ...]], list[Face]] = defaultdict(list)
    for face in faces:
        if face.sliver:
            groups[face.kind, face.members].append(face)
        else:
            yield _fault([face], codes)
    for members in groups.values():
        yield _fault(members, codes)


def _fault(faces: Sequence[Face], codes: Sequence[str]) -> CoverageFault:
    widest = max(faces, key=lambda face: face.breadth_m)
    (spot,) = points_within([widest.shape])
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
