"""Ground: what of it was in a catchment and is in none any more, and how much of it is land.

A coverage that ends at the sea can lose a whole catchment without a gap: nothing encloses what is
gone. So here one set of boundaries is held against another. Boundaries are WGS 84, longitude
-180…180; inside, longitudes run 0…360. Only boundaries that differ are looked at, and of these only
the edges at which more catchments, or fewer, lie on one side than before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Place
from catchments.geometry.coordinates import (
    NZTM2000,
    geometry_to_360,
    in_metres,
    to_180,
    to_metres,
    to_wgs84,
    xy_to_360,
)
from catchments.geometry.planar import (
    METRES_A_DEGREE,
    Box,
    Edges,
    Faces,
    Floats,
    Shapes,
    make_valid_2d,
    points_within,
    polygons_in,
)
from catchments.geometry.tiling.coverage import valid_shape, valid_shapes

LEAST_WIDTH_M = 1.0
"""What is no wider than this comes of lines that were drawn anew, and is not lost."""
BESIDE_M = 25.0
"""A catchment that comes as near to lost ground as this lies beside it."""

Boundaries = Mapping[str, BaseGeometry]


@dataclass(frozen=True)
class LostGround:
    """What of one catchment's ground is in no catchment any more."""

    code: str
    """Of the catchment that it was in; empty for what was in none."""
    shape: BaseGeometry
    """Longitudes 0…360."""
    beside: tuple[str, ...]
    """The catchments that lie beside it now, sorted."""

    @cached_property
    def place(self) -> Place:
        """A place within its largest part."""
        parts = shapely.get_parts(self.shape)
        (spot,) = points_within([max(parts, key=lambda part: part.area)])
        return Place(lng=to_180(float(spot.x)), lat=float(spot.y))

    @property
    def box(self) -> Box:
        """What it lies in; longitudes 0…360."""
        west, south, east, north = self.shape.bounds
        return west, south, east, north


def ground_lost(before: Boundaries, after: Boundaries) -> list[LostGround]:
    """Return the ground that `before` covers and `after` does not, by the catchment it was in.

    Where several catchments overlapped, it was in the first of them. Sorted by code. What is no
    wider than `LEAST_WIDTH_M` is left out.
    """
    old = {code: each for code, each in before.items() if _differs(each, after.get(code))}
    if not old:
        return []
    new = {code: each for code, each in after.items() if _differs(each, before.get(code))}
    codes, was = sorted(old), valid_shapes({code: old[code] for code in sorted(old)})
    less = _less_covered(was, valid_shapes(new))
    if not len(less):
        return []
    present = _Present(after)
    lost = [part for face in less for part in present.leaves(face)]
    return [
        LostGround(codes[at], shape, present.beside(shape))
        for at, shape in enumerate(_parted(lost, was))
        if shape is not None
    ]


def _differs(one: BaseGeometry, other: BaseGeometry | None) -> bool:
    return one is not other and (other is None or bytes(one.wkb) != bytes(other.wkb))


def _less_covered(old: Shapes, new: Shapes) -> Shapes:
    """Return the faces that fewer of the new shapes cover than of the old; no other is lost."""
    # Turned the other way, a new shape's edges cancel those of the old that it keeps.
    both = [shapely.orient_polygons(old), shapely.orient_polygons(new, exterior_cw=True)]
    lines, _ = Edges.of(np.concatenate(both)).single_lines()
    if not len(lines):
        return np.empty(0, dtype=object)
    faces = Faces.between(lines)
    tree = shapely.STRtree(faces.spots)
    was, now = (
        np.bincount(tree.query(shapes, "intersects")[1], minlength=len(faces.spots))
        for shapes in (old, new)
    )
    return faces.areas[was > now]


class _Present:
    """The catchments there are now, as far as something is asked about them."""

    def __init__(self, boundaries: Boundaries) -> None:
        self._codes = list(boundaries)
        self._boundaries = boundaries
        self._shapes: dict[str, BaseGeometry] = {}

    @cached_property
    def _boxes(self) -> Floats:
        framed = [geometry_to_360(each) for each in self._boundaries.values()]
        return np.asarray(shapely.bounds(framed)).reshape(-1, 4)

    def _near(self, box: Sequence[float]) -> dict[str, BaseGeometry]:
        boxes = self._boxes
        meet = np.all((boxes[:, :2] <= box[2:]) & (boxes[:, 2:] >= box[:2]), axis=1)
        codes = [self._codes[at] for at in np.flatnonzero(meet)]
        return {code: self._shape(code) for code in codes}

    def _shape(self, code: str) -> BaseGeometry:
        if code not in self._shapes:
            self._shapes[code] = valid_shape(self._boundaries[code])
        return self._shapes[code]

    def leaves(self, face: BaseGeometry) -> list[BaseGeometry]:
        """Return what of a face none of them covers."""
        rest = face
        for shape in self._near(face.bounds).values():
            if shapely.relate_pattern(rest, shape, "2********"):
                rest = shapely.difference(rest, shape)
        return polygons_in([rest])

    def beside(self, shape: BaseGeometry) -> tuple[str, ...]:
        """Return the codes of the catchments that lie beside a shape."""
        near = BESIDE_M / METRES_A_DEGREE
        west, south, east, north = shape.bounds
        around = self._near((west - near, south - near, east + near, north + near))
        return tuple(sorted(c for c, s in around.items() if shapely.dwithin(s, shape, near)))


def _parted(lost: Sequence[BaseGeometry], was: Shapes) -> Iterator[BaseGeometry | None]:
    """Yield what of lost ground each of the old shapes covered, in one geometry; None for none."""
    left = list(lost)
    for shape in was:
        mine: list[BaseGeometry] = []
        rest: list[BaseGeometry] = []
        for part in left:
            inside, outside = _cut(part, shape)
            mine += inside
            rest += outside
        left = rest
        wide = wide_parts(np.array(mine, dtype=object))
        yield shapely.multipolygons(wide) if len(wide) else None


def _cut(part: BaseGeometry, shape: BaseGeometry) -> tuple[list[BaseGeometry], list[BaseGeometry]]:
    """Return what of a part lies in a shape, and what does not."""
    if not shapely.intersects(shape, part):
        return [], [part]
    if shapely.covers(shape, part):
        return [part], []
    inside = polygons_in([shapely.intersection(part, shape)])
    return inside, polygons_in([shapely.difference(part, shape)]) if inside else [part]


def wide_parts(parts: Shapes) -> Shapes:
    """Return those polygons (longitudes 0…360) that are wider than `LEAST_WIDTH_M`."""
    if not len(parts):
        return parts
    metres = in_metres(parts)
    breadth = 2 * shapely.area(metres) / shapely.length(metres)
    wide = breadth > LEAST_WIDTH_M
    unsure = np.flatnonzero(~wide)
    wide[unsure] = ~shapely.is_empty(shapely.buffer(metres[unsure], -LEAST_WIDTH_M / 2))
    return np.asarray(parts[wide])


# --- land -----------------------------------------------------------------------------------------


class Land:
    """Where there is land: polygons in NZTM2000 metres, islands and rocks included."""

    def __init__(self, polygons: Shapes) -> None:
        self._tree = shapely.STRtree(polygons)

    def within(self, area: BaseGeometry) -> Shapes:
        """Return the land in an area, both with longitudes 0…360, without slivers of it."""
        (metres,) = _in_metres([area])
        near = self._tree.geometries[self._tree.query(metres, "intersects")]
        return wide_parts(_in_degrees(shapely.intersection(near, metres)))

    def bare(self, boundaries: Boundaries) -> LostGround | None:
        """Return the land that no boundary covers; None where they cover all of it."""
        metres = _in_metres(valid_shapes(boundaries))
        covered = shapely.get_parts(shapely.union_all(metres))
        shapely.prepare(covered)
        left = np.ones(len(self._tree.geometries), dtype=bool)
        left[self._tree.query(covered, "contains_properly")[1]] = False
        rest = _without(self._tree.geometries[left], covered)
        bare = wide_parts(_in_degrees(rest))
        return LostGround("", shapely.multipolygons(bare), ()) if len(bare) else None


def _without(shapes: Shapes, covered: Shapes) -> Shapes:
    """Return shapes without what is covered; each is cut by those parts alone that it meets."""
    rest = shapes.copy()
    shape_at, part_at = shapely.STRtree(covered).query(shapes, "intersects")
    for at in np.unique(shape_at):
        over = covered[part_at[shape_at == at]]
        rest[at] = shapely.difference(rest[at], shapely.multipolygons(over))
    return rest


def _in_metres(areas: npt.ArrayLike) -> Shapes:
    """Return areas in NZTM2000 metres, valid: what is very narrow may cross itself there."""
    metres = np.asarray(to_metres(np.asarray(areas), crs=NZTM2000), dtype=object)
    for at in np.flatnonzero(~shapely.is_valid(metres)):
        metres[at] = make_valid_2d(metres[at]) or shapely.Polygon()
    return metres


def _in_degrees(metres: Shapes) -> Shapes:
    """Return the polygons in shapes of NZTM2000 metres, valid, with longitudes 0…360."""
    parts = np.array(polygons_in(metres), dtype=object)
    degrees = shapely.transform(to_wgs84(parts, crs=NZTM2000), xy_to_360)
    valid = [each if shapely.is_valid(each) else make_valid_2d(each) for each in degrees]
    return np.array(polygons_in([each for each in valid if each is not None]), dtype=object)


def km2_of(parts: Shapes) -> float:
    """Return the area of polygons (longitudes 0…360) in km², each in the projection true to it."""
    return float(shapely.area(in_metres(parts)).sum() / 1e6) if len(parts) else 0.0
