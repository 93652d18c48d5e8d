"""Redrawing: transfers of an area, mergers and splits after which boundaries go on tiling.

Only what is cut is looked at. The boundaries that a cut meets are taken apart into their edges,
each once; the cut and the edges near it are noded, so that whoever shares an edge that is cut gets
the very same vertex; the faces between these lines are given to their owners and put together.
A boundary that gains no vertex and no face is handed back as the same object.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import ChangeDoesNotFit, shown
from catchments.geometry.changing_index import boundaries_touching
from catchments.geometry.coordinates import geometry_to_180, geometry_to_360, xy_to_360
from catchments.geometry.outlines import (
    boxes_meet,
    edges_in,
    meet_in_ends_alone,
    refuse_dense,
    refuse_entangled,
    refuse_many_corners,
    refuse_many_crossings,
    refuse_many_pieces,
)
from catchments.geometry.planar import (
    Borders,
    Box,
    Chains,
    Edges,
    Faces,
    Flags,
    Indices,
    Shapes,
    edge_ends,
    in_box,
    in_one,
    points_within,
    polygons_in,
)

STRETCHES_AT_MOST = 1_000
"""How often a line may run into the catchment that it splits."""
_LOOKED_AT_MOST = 20_000_000
"""Vertices that are looked at for all stretches of a line: some tenths of a second."""
_OVERSHOOT_DEGREES = 1e-6
"""Ten centimetres by which a cut reaches past the edges that it ends on: so it crosses them."""
_ON_CUT_DEGREES = 1e-9
_THIN_DEGREES = 1e-10
"""Half the breadth of a face below which it is not known whose it is: some hundredth of a mm."""
_LEAST_DEGREES2 = 1e-14
"""An area of a square decimetre or so, below which nothing was meant."""

Side = Literal["left", "right"]
Boundaries = Mapping[str, BaseGeometry]


def transfer(
    boundaries: Boundaries, area: BaseGeometry, *, to: str, from_: Collection[str] = ()
) -> dict[str, BaseGeometry]:
    """Return boundaries after an area has gone to one of them; WGS 84, longitude -180…180.

    `from_` are the codes that give; every other one, if it is empty. Raises ChangeDoesNotFit for an
    unknown code, for an area that crosses itself, has no extent, lies outside the givers, or would
    leave nothing of one of them.
    """
    _refuse_unknown(boundaries, from_)
    polygon = _checked_area(area)
    givers = (set(from_) or set(boundaries)) - {to}
    # What lies in the area whole, a catchment or an island of one, its outline does not meet.
    enclosed = givers & set(boundaries_touching(boundaries, polygon))
    pieces = _Pieces.cut(boundaries, polygon.boundary, also=[to, *enclosed])
    inside = pieces.within(polygon)
    given = {code: pieces.of(code) & inside for code in givers & set(pieces.codes)}
    taken = frozenset[int]().union(*given.values())
    if not taken:
        raise ChangeDoesNotFit(
            f"The area near {_near(polygon)} takes nothing from {_named(from_)}.",
            allowed="It must cover some of a catchment that gives.",
            next_step="Draw it over land of that catchment, or choose who gives.",
        )
    for code, lost in given.items():
        if lost and lost == pieces.of(code):
            raise ChangeDoesNotFit(
                f"The area would take the whole of {shown(code)}.",
                allowed="A transfer leaves something to who gives.",
                next_step="Merge the two catchments instead, or draw a smaller area.",
            )
    owned = {code: pieces.of(code) - given.get(code, frozenset()) for code in pieces.codes}
    owned[to] = owned.get(to, frozenset()) | taken
    return pieces.put_together(owned)


def merge(boundaries: Boundaries, codes: Sequence[str], *, into: str) -> dict[str, BaseGeometry]:
    """Return boundaries after several have become one; those without a boundary add nothing.

    Codes without a boundary are no error: a catchment need not have one.
    """
    merging = [code for code in dict.fromkeys(codes) if code in boundaries]
    if not merging:
        return dict(boundaries)
    gone = set(merging) - {into}
    kept = {code: boundary for code, boundary in boundaries.items() if code not in gone}
    united = _union(_framed([boundaries[code] for code in merging]))
    return {**kept, into: geometry_to_180(united)}


def split(
    boundaries: Boundaries, code: str, line: BaseGeometry, *, new: str, side: Side = "left"
) -> dict[str, BaseGeometry]:
    """Return boundaries after one was cut along a line; what lies on one side has the code `new`.

    The side is that of somebody who walks along the line. The line may begin and end outside the
    catchment. Parts that the line does not touch, such as islands, go with the nearest part that it
    does. Raises ChangeDoesNotFit for an unknown code and for a line that does not cut it in two.
    """
    _refuse_unknown(boundaries, [code])
    if code not in boundaries:
        raise ChangeDoesNotFit(f"The catchment {shown(code)} has no boundary to split.")
    if new in boundaries:
        raise ChangeDoesNotFit(
            f"There is a boundary of {shown(new)} already.",
            next_step="Give the new catchment another code.",
        )
    drawn, shapes = _checked_line(line), _framed([boundaries[code]])
    refuse_dense(drawn, shapes)
    cut = _within_reach(drawn, shapes[0])
    pieces = _Pieces.cut(boundaries, cut, also=[code])
    sides = pieces.sides(pieces.of(code), drawn)
    if set(sides.values()) != {"left", "right"}:
        raise ChangeDoesNotFit(
            f"The line from {_near(drawn)} does not cut {shown(code)} in two.",
            allowed="It must begin and end outside the catchment, or on its boundary.",
            next_step="Draw it from edge to edge.",
        )
    going = frozenset(number for number, where in sides.items() if where == side)
    owned = {each: pieces.of(each) for each in pieces.codes}
    owned[code], owned[new] = owned[code] - going, going
    return pieces.put_together(owned)


# --- what is given --------------------------------------------------------------------------------


def _checked_area(area: BaseGeometry) -> BaseGeometry:
    _refuse_unusable(area, {"Polygon", "MultiPolygon"}, "a polygon")
    refuse_entangled(area)
    if not shapely.is_valid(area):
        reason = shapely.is_valid_reason(area)
        where = reason[reason.find("[") + 1 : -1] if "[" in reason else ""
        raise ChangeDoesNotFit(
            f"The area crosses itself near {where or _near(area)} (longitude latitude)."
            if "intersection" in reason.lower()
            else f"The area is not valid: {reason}.",
            allowed="Its outline must not cross or touch itself.",
            next_step="Draw it again without a loop.",
        )
    framed = geometry_to_360(shapely.force_2d(area))
    if framed.area < _LEAST_DEGREES2:
        raise ChangeDoesNotFit("The area has no extent.", next_step="Draw a larger one.")
    return framed


def _checked_line(line: BaseGeometry) -> BaseGeometry:
    _refuse_unusable(line, {"LineString"}, "a line")
    framed = shapely.linestrings(xy_to_360(shapely.get_coordinates(line)))
    refuse_entangled(framed)
    if not shapely.is_simple(framed):
        raise ChangeDoesNotFit(
            f"The line from {_near(framed)} crosses itself.",
            allowed="It must run from one side to the other without a loop.",
            next_step="Draw it again.",
        )
    return framed


def _refuse_unusable(geometry: BaseGeometry, kinds: set[str], wanted: str) -> None:
    if geometry.is_empty or geometry.geom_type not in kinds:
        kind = "empty" if geometry.is_empty else f"a {geometry.geom_type}"
        raise ChangeDoesNotFit(
            f"What was drawn is {kind}.", allowed=f"It must be {wanted}.", next_step="Draw it."
        )
    refuse_many_corners(geometry)
    xy = shapely.get_coordinates(geometry)
    if not np.isfinite(xy).all() or (np.abs(xy) > [360.0, 90.0]).any():
        raise ChangeDoesNotFit(
            "What was drawn has coordinates that are no place on Earth.",
            allowed="They must be longitude and latitude in degrees (WGS 84).",
            next_step="Check the order: longitude comes first.",
        )


def _refuse_unknown(boundaries: Boundaries, codes: Collection[str]) -> None:
    unknown = sorted(code for code in codes if code not in boundaries)
    if unknown:
        raise ChangeDoesNotFit(
            f"There is no boundary of {_named(unknown)}.",
            allowed=f"There are {len(boundaries)} boundaries.",
            next_step="Choose a catchment that has one.",
        )


def _named(codes: Collection[str]) -> str:
    return ", ".join(shown(code) for code in sorted(codes)[:5]) or "any other catchment"


def _near(geometry: BaseGeometry) -> str:
    lng, lat = shapely.get_coordinates(geometry)[0]
    return f"lng {lng - 360 if lng > 180 else lng:.4f}, lat {lat:.4f}"


def _within_reach(line: BaseGeometry, shape: BaseGeometry) -> BaseGeometry:
    """Return what of a line is inside a shape, each stretch a little longer at both ends.

    So it cuts that shape's edges, and no edge farther off. Raises ChangeDoesNotFit for a line that
    is inside so often that nobody meant it: each stretch is looked for along the whole line.
    """
    parts = shapely.get_parts(shapely.line_merge(shapely.intersection(line, shape)))
    inside = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    _refuse_many_stretches(len(inside), line)
    ends = shapely.get_point(inside, 0), shapely.get_point(inside, -1)
    places = np.sort(shapely.line_locate_point(line, np.column_stack(ends)), axis=1)
    places += np.array([-_OVERSHOOT_DEGREES, _OVERSHOOT_DEGREES])
    longer = _stretches(line, places)
    return shapely.union_all([each for each in longer if each.length > 0])


def _refuse_many_stretches(count: int, line: BaseGeometry) -> None:
    vertices = int(shapely.get_num_coordinates(line))
    at_most = min(STRETCHES_AT_MOST, _LOOKED_AT_MOST // vertices)
    if count <= at_most:
        return
    raise ChangeDoesNotFit(
        f"The line from {_near(line)} runs into the catchment {count:,} times.",
        allowed=f"With {vertices:,} vertices it may do so {at_most:,} times.",
        next_step="Draw it with fewer turns.",
    )


def _stretches(line: BaseGeometry, places: npt.NDArray[np.float64]) -> Iterator[BaseGeometry]:
    """Yield the stretches of a line from one distance along it to another, in its own unit."""
    xy = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    for place in places.clip(0.0, along[-1]):
        ends = shapely.get_coordinates(shapely.line_interpolate_point(line, place))
        between = slice(np.searchsorted(along, place[0], "right"), np.searchsorted(along, place[1]))
        yield shapely.linestrings(np.vstack([ends[:1], xy[between], ends[1:]]))


# --- frames ---------------------------------------------------------------------------------------


def _framed(boundaries: Iterable[BaseGeometry]) -> Shapes:
    """Return boundaries with longitudes 0…360; those of the mainland are the same objects."""
    return np.array([geometry_to_360(boundary) for boundary in boundaries], dtype=object)


def _union(shapes: Sequence[BaseGeometry] | Shapes) -> BaseGeometry:
    """Return shapes as one; where they share their edges no vertex is moved."""
    if len(shapes) == 1:
        return shapes[0]
    tiling = bool(shapely.coverage_is_valid(np.asarray(shapes, dtype=object)))
    union = shapely.coverage_union_all(shapes) if tiling else shapely.union_all(shapes)
    return in_one(polygons_in(union))


# --- taking apart and putting together ------------------------------------------------------------


@dataclass(frozen=True)
class _Pieces:
    """The boundaries that a cut meets, as faces between their edges and the cut."""

    boundaries: Boundaries
    codes: tuple[str, ...]
    shapes: Shapes
    """Framed, in the order of `codes`."""
    faces: Faces
    owners: tuple[frozenset[int], ...]
    """The numbers of each code's faces, in the order of `codes`."""
    line: BaseGeometry
    """The cut."""
    noded: _Noded
    """The cut and the edges that it meets."""

    @classmethod
    def cut(cls, boundaries: Boundaries, cut: BaseGeometry, *, also: Collection[str]) -> _Pieces:
        """Take apart the boundaries that a line (0…360) meets, and some others.

        Raises ChangeDoesNotFit for a line that would cut them so often that it takes too long.
        """
        meeting = boundaries_touching(boundaries, cut)
        codes = tuple(code for code in boundaries if code in meeting or code in also)
        shapes = _framed([boundaries[code] for code in codes])
        noded = _Noded.of(Edges.of(shapes), cut)
        faces = noded.faces()
        owners = tuple(_numbers(faces.within(shape)) for shape in shapes)
        parts = int(shapely.get_num_geometries(shapes).sum())
        refuse_many_pieces(sum(map(len, owners)) - parts)
        return cls(boundaries, codes, shapes, faces, owners, cut, noded)

    def of(self, code: str) -> frozenset[int]:
        """Return the numbers of a code's faces."""
        return self.owners[self.codes.index(code)] if code in self.codes else frozenset()

    def within(self, area: BaseGeometry) -> frozenset[int]:
        """Return the faces that lie in an area whose outline was the cut."""
        return _numbers(self.faces.within(area))

    def sides(self, numbers: frozenset[int], line: BaseGeometry) -> dict[int, Side]:
        """Return on which side of a line each face lies that was cut by it, or is next to one."""
        found = {
            number: side
            for number in numbers
            if (side := _side_of(self.faces.areas[number], line)) is not None
        }
        touched = list(found)
        for number in numbers - set(found) if touched else ():
            away = shapely.distance(self.faces.areas[touched], self.faces.areas[number])
            found[number] = found[touched[int(np.argmin(away))]]
        return found

    def put_together(self, owned: Mapping[str, frozenset[int]]) -> dict[str, BaseGeometry]:
        """Return all boundaries, those here made of the faces that they own now."""
        made = dict(self.boundaries)
        for code, numbers in owned.items():
            if numbers:
                made[code] = self._made_of(code, numbers)
        self._refuse_broken(made, owned)
        return made

    def _made_of(self, code: str, numbers: frozenset[int]) -> BaseGeometry:
        # Faces between lines tile; should rounding have broken one, `_refuse_broken` sees it.
        faces = self.faces.areas[sorted(numbers)]
        union = (
            faces[0] if len(faces) == 1 else in_one(polygons_in(shapely.coverage_union_all(faces)))
        )
        if code in self.codes and numbers == self.of(code):
            shape = self.shapes[self.codes.index(code)]
            if shapely.get_num_coordinates(union) == shapely.get_num_coordinates(shape):
                return self.boundaries[code]  # neither a face nor a vertex more or less
        return geometry_to_180(union)

    def _refuse_broken(
        self, made: Mapping[str, BaseGeometry], owned: Mapping[str, frozenset[int]]
    ) -> None:
        """Refuse a redrawing that rounding has left inexact, where it was exact before."""
        after = _framed([made[code] for code in dict.fromkeys([*self.codes, *owned])])
        known = self.noded.is_exact(self.faces)
        if not known and not _tile(after) and _tile(self.shapes):
            raise ChangeDoesNotFit(
                "The cut runs too close along an existing boundary to be exact.",
                next_step="Draw it a few metres to either side.",
            )
        holes = self._empty_holes_cut()
        if len(holes):
            self._refuse_parted(holes, after)

    def _empty_holes_cut(self) -> Shapes:
        """Return the holes of one boundary, as a lake, whose rim the cut meets."""
        rims = [
            rim
            for part in shapely.get_parts(self.shapes)
            if shapely.get_num_interior_rings(part)
            for rim in shapely.get_rings(part)[1:]
        ]
        met = np.array(rims, dtype=object)[shapely.intersects(self.line, rims)] if rims else rims
        holes = shapely.polygons(np.asarray(met, dtype=object))
        filled = np.zeros(len(holes), dtype=bool)
        filled[shapely.STRtree(points_within(holes)).query(self.shapes, "intersects")[1]] = True
        return np.asarray(holes[~filled], dtype=object)

    def _refuse_parted(self, holes: Shapes, after: Shapes) -> None:
        """Refuse to leave a hole between two catchments: in one it is a lake, between two a gap."""
        owned = frozenset[int]().union(*self.owners)
        nobodys = np.array(sorted(set(range(len(self.faces.areas))) - owned), dtype=np.intp)
        hole, at = shapely.STRtree(self.faces.spots[nobodys]).query(holes, "intersects")
        ends, owner = edge_ends(after)
        near = boxes_meet(ends, shapely.total_bounds(holes))
        borders = Borders(ends[near], owner[near]).of(self.faces.areas[nobodys[at]])
        for number in np.unique(hole).tolist():
            beside = set().union(*(borders[each] for each in np.flatnonzero(hole == number)))
            if len(beside) > 1:
                raise ChangeDoesNotFit(
                    f"The cut would leave the hole near {_near(holes[number])} between two "
                    "catchments.",
                    allowed="A hole, such as a lake, lies within one catchment.",
                    next_step="Draw around the hole, or well over all of it.",
                )


def _tile(shapes: Shapes) -> bool:
    return bool(shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes))


@dataclass(frozen=True)
class _Noded:
    """The edges of areas, with a cut and those that it meets noded, where it crosses them."""

    edges: Edges
    lines: BaseGeometry
    """The cut and the edges that it meets."""
    near: Flags
    """Which edges it meets."""

    @classmethod
    def of(cls, edges: Edges, cut: BaseGeometry) -> _Noded:
        """Node a cut and the edges that it meets. Raises ChangeDoesNotFit for too many."""
        hit = _edges_meeting(edges, cut)
        refuse_many_crossings(cut, edges.ends(hit))
        lines = shapely.union_all([*shapely.linestrings(edges.ends(hit)), cut])
        return cls(edges, lines, np.isin(edges.key, edges.key[hit]))

    def faces(self) -> Faces:
        """Return the faces between the edges and the cut.

        To node or to put together single edges would cost as much as the whole outline is long:
        away from the cut they go from junction to junction.
        """
        stops = self.edges.junctions()
        stops[self.edges.start[self.near]] = stops[self.edges.end[self.near]] = True
        chains = Chains.of(self.edges, stops)
        _, once = np.unique(chains.name, return_index=True)
        far = once[~self.near[chains.order[chains.begins[once]]]]
        return Faces.around(self.lines, chains.lines(far))

    def is_exact(self, faces: Faces) -> bool:
        """Whether it is known that the faces between these lines tile, and whose each is.

        So it is where lines meet in their ends alone, and no face is so thin that it may have no
        place within. Only what was noded can have been moved, by rounding.
        """
        if (shapely.area(faces.areas) < _THIN_DEGREES * shapely.length(faces.areas)).any():
            return False
        beside = _in(self.lines.bounds, self.edges, ~self.near)
        return meet_in_ends_alone(edges_in(self.lines), self.edges.ends(beside))


def _edges_meeting(edges: Edges, cut: BaseGeometry) -> Indices:
    """Return the edges that a cut meets, each once."""
    maybe = _in(cut.bounds, edges, np.ones(len(edges.xy), dtype=bool))
    shapely.prepare(cut)
    hit: Flags = shapely.intersects(cut, shapely.linestrings(edges.ends(maybe)))
    return maybe[hit]


def _in(box: Box, edges: Edges, those: Flags) -> Indices:
    """Return which of some edges have a box that meets another, each once."""
    at = np.flatnonzero(those)
    maybe = at[boxes_meet(edges.ends(at), box)]
    _, one = np.unique(edges.key[maybe], return_index=True)
    return maybe[one]


def _numbers(those: Flags) -> frozenset[int]:
    return frozenset(np.flatnonzero(those).tolist())


def _side_of(face: BaseGeometry, line: BaseGeometry) -> Side | None:
    """Return on which side of a directed line a face lies whose rim runs along it, else None."""
    ring = shapely.get_coordinates(shapely.get_rings(shapely.orient_polygons(face)))
    middle = (ring[:-1] + ring[1:]) / 2
    west, south, east, north = line.bounds
    room = 2 * _ON_CUT_DEGREES  # points are made of few: of all of them it took longest
    at = np.flatnonzero(in_box(middle, (west - room, south - room, east + room, north + room)))
    shapely.prepare(line)
    on = at[shapely.dwithin(line, shapely.points(middle[at]), _ON_CUT_DEGREES)]
    if not len(on):
        return None
    longest = on[np.argmax(np.hypot(*(ring[on + 1] - ring[on]).T))]
    start, end = (line.project(shapely.points(ring[longest + k])) for k in (0, 1))
    # Outer rings run anticlockwise and holes clockwise: the face is on the left of its rim.
    return "left" if end > start else "right"
