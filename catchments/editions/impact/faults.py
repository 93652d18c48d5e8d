"""Faults that a draft's boundaries have, looking only where they differ from the base's.

Where each edge that a catchment gained is one that another lost, or is shared by two, as many
catchments cover each place as before: nothing overlaps, and no gap has opened. What may be new then
is a gap by definition alone: a lake within one catchment that two now share, or a narrow inlet
whose banks are now those of two. So only the outer edges that changed hands are looked at. Wherever
that is not so, everything is checked, as publication does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.changing_index import boundaries_near
from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.edges_apart import (
    NamedEdges,
    are_in,
    differing,
    edges_of,
    in_one,
    names,
    single,
)
from catchments.geometry.planar import Box, Faces, Flags, Floats, breadths_m, edge_ends, in_box
from catchments.geometry.tiling.coverage import (
    ROUNDING_WIDTH_M,
    CoverageFault,
    find_faults,
    find_gaps_at,
)
from catchments.runtime.remembered import Remembered

AROUND_DEGREES = 0.005
"""Some 400 m: further than a channel is wide, and than its two banks run before they count."""

_SAME_DEGREES2 = 1e-9
"""Areas that differ by less are the same ground, but for a vertex on a line: some square metres."""

_PINCHED = Remembered()
"""Whether rings of a boundary touch, of those that something still holds."""

Boundaries = Mapping[str, BaseGeometry]


@dataclass(frozen=True)
class Looked:
    """What was found where boundaries differ."""

    faults: list[CoverageFault]
    same_ground: bool
    """Whether it is known that each place is covered by as many catchments as before."""
    apart: Mapping[str, tuple[Floats, Floats]] = field(default_factory=dict)
    """The edges (n, 2, 2), 0…360, that a catchment gained and lost, its area on their left."""
    unpaired: Floats = field(default_factory=lambda: np.empty((0, 2, 2)))
    """Those that all of them gained, and lost ones turned, but for what one lost to another."""


def looked_at(before: Boundaries, after: Boundaries, touched: Collection[str]) -> Looked:
    """Return the faults of a coverage of which only `touched` boundaries differ from before.

    Those that it had before are among them only where everything had to be checked. Also whether
    any ground can have been lost.
    """
    drawn = [code for code in sorted(touched) if code in after]
    if not touched or not _are_sound([after[code] for code in drawn]):
        return Looked(find_faults(after) if touched else [], same_ground=not touched)
    old = {code: _Sheet.of(before[code]) for code in touched if code in before}
    new = {code: _Sheet.of(after[code]) for code in drawn}
    gained, lost = _differences(old, new)
    pairs = zip(dict.fromkeys([*old, *new]), gained, lost, strict=True)
    apart = {code: (more.ends, less.ends) for code, more, less in pairs}
    coverage = _Coverage(after, dict(new))
    both = in_one([*gained, *(edges.turned() for edges in lost)])
    alone = both.chosen(single(both))
    if _cover_otherwise(alone, coverage, touched):
        return Looked(find_faults(after), False, apart)
    if len(drawn) == 1:  # it took in others whole, or gave nothing: nobody is new beside anybody
        return Looked([], True, apart, alone.ends)
    return Looked(_gaps_at_outline(in_one(gained), old, coverage), True, apart, alone.ends)


def _are_sound(boundaries: Sequence[BaseGeometry]) -> bool:
    return all(shapely.is_valid(b) and not b.is_empty for b in boundaries)


# --- edges ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sheet:
    """A boundary, longitudes 0…360, with its edges, taken apart when first asked for."""

    shape: BaseGeometry

    @classmethod
    def of(cls, boundary: BaseGeometry) -> _Sheet:
        return cls(geometry_to_360(boundary))

    @cached_property
    def oriented(self) -> BaseGeometry:
        """The shape on the left of all its rings."""
        return shapely.orient_polygons(self.shape)

    @cached_property
    def spot(self) -> BaseGeometry:
        """A point within it."""
        return shapely.point_on_surface(self.shape)

    @cached_property
    def ends(self) -> Floats:
        """Both ends of each of its edges."""
        return edge_ends(self.oriented)[0]

    @cached_property
    def edges(self) -> NamedEdges:
        return edges_of(self.ends)

    def within(self, box: Box) -> NamedEdges:
        """Return the edges whose middle is in a box."""
        left, bottom, right, top = self.shape.bounds
        west, south, east, north = box
        if west <= left and right <= east and south <= bottom and top <= north:
            return self.edges
        if "edges" in self.__dict__:  # named already
            return self.edges.chosen(self._in(box))
        return edges_of(self.ends[self._in(box)])

    def _in(self, box: Box) -> Flags:
        return in_box((self.ends[:, 0] + self.ends[:, 1]) / 2, box)

    @cached_property
    def is_pinched(self) -> bool:
        """Whether rings touch themselves or each other in a vertex."""
        known: bool | None = _PINCHED.of(self.shape)
        if known is None:
            starts = np.sort(names(edge_ends(self.shape)[0][:, 0]))
            known = bool((starts[:-1] == starts[1:]).any())
            _PINCHED.keep(self.shape, known)
        return known


Sheets = Mapping[str, _Sheet]


@dataclass(frozen=True)
class _Coverage:
    """Boundaries, of which those that something is near become sheets, each once."""

    boundaries: Boundaries
    sheets: dict[str, _Sheet]

    def near(self, box: Box) -> dict[str, _Sheet]:
        """Return those whose boxes meet a box, in the order of the boundaries."""
        shapes = boundaries_near(self.boundaries, box)
        return {
            code: self.sheets.setdefault(code, _Sheet(shapes[code]))
            for code in self.boundaries
            if code in shapes
        }


# --- what differs ---------------------------------------------------------------------------------


def _differences(old: Sheets, new: Sheets) -> tuple[list[NamedEdges], list[NamedEdges]]:
    """Return the edges that each catchment gained, and those that it lost."""
    nothing = in_one([])
    gained, lost = [], []
    for code in dict.fromkeys([*old, *new]):
        if code in old and code in new:
            more, less = differing(old[code].oriented, new[code].oriented)
        else:
            more = new[code].edges if code in new else nothing
            less = old[code].edges if code in old else nothing
        gained.append(more)
        lost.append(less)
    return gained, lost


def _cover_otherwise(alone: NamedEdges, after: _Coverage, touched: Collection[str]) -> bool:
    """Whether some place is covered by more, or by fewer, catchments than before.

    `alone` are the edges that one gained or lost and no other lost or gained.
    """
    if not len(alone.ends):
        return False
    faces = Faces.between_edges(alone.ends).areas
    # What is left are new vertices on straight edges. They open a film of rounding where a
    # neighbour lacks them.
    box = _around(alone.ends)
    others = (sheet for code, sheet in after.near(box).items() if code not in touched)
    beside = in_one([sheet.within(box) for sheet in others])
    wide = bool((breadths_m(faces) >= ROUNDING_WIDTH_M).any())
    return wide or bool(are_in(alone.there, beside.there).any())


def changed_area(before: Boundaries, after: Boundaries, touched: Collection[str]) -> BaseGeometry:
    """Return where another catchment is than before: one geometry, longitudes 0…360."""
    old = {code: _Sheet.of(before[code]) for code in touched if code in before}
    new = {code: _Sheet.of(after[code]) for code in touched if code in after}
    # A catchment that ends or is new changes hands whole; others may gain or lose nothing else.
    ended = [sheet for code, sheet in old.items() if code not in new]
    begun = [sheet for code, sheet in new.items() if code not in old]
    areas = [part for sheet in (*ended, *begun) for part in shapely.get_parts(sheet.shape)]
    known = in_one([sheet.edges for sheet in (*ended, *begun)])
    both = [code for code in old if code in new]
    pairs = _differences({c: old[c] for c in both}, {c: new[c] for c in both})
    for code, gained, lost in zip(both, *pairs, strict=True):
        turned = in_one([gained, lost.turned()])
        alone = turned.chosen(single(turned))
        rest = alone.chosen(~(are_in(alone.there, known.there) | are_in(alone.there, known.back)))
        if _is_told(old[code].shape, new[code].shape, ended, begun):
            alone = rest
        faces = Faces.between_edges(alone.ends)
        was, now = (faces.in_shape(side[code].shape) for side in (old, new))
        areas += list(faces.areas[was != now])
    return _together(areas)


def _is_told(
    was: BaseGeometry, now: BaseGeometry, ended: Sequence[_Sheet], begun: Sequence[_Sheet]
) -> bool:
    """Whether a catchment took in those that end, or gave those that are new, and nothing else."""
    more = sum(sheet.shape.area for sheet in ended if shapely.intersects(now, sheet.spot))
    less = sum(sheet.shape.area for sheet in begun if shapely.intersects(was, sheet.spot))
    return bool(abs(now.area - was.area - more + less) < _SAME_DEGREES2)


def _together(areas: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return areas as one, each once: what one catchment lost another has gained."""
    each = np.array(areas, dtype=object)
    if not len(each):
        return shapely.MultiPolygon()
    marks = np.column_stack([shapely.bounds(each), shapely.get_num_coordinates(each)])
    _, once = np.unique(
        np.column_stack([marks, np.round(shapely.area(each), 10)]), axis=0, return_index=True
    )
    each = each[np.sort(once)]
    if len(each) == 1:
        return areas[0]
    tiling = bool(shapely.coverage_is_valid(each))
    return shapely.coverage_union_all(each) if tiling else shapely.union_all(each)


# --- outer edges that changed hands ---------------------------------------------------------------


def _gaps_at_outline(gained: NamedEdges, old: Sheets, after: _Coverage) -> list[CoverageFault]:
    """Return the gaps at the outer edges that have another owner than before."""
    if not len(gained.ends):
        return []
    box = _around(gained.ends)
    outline, _ = _outline(after.near(box), box)
    changed = outline.chosen(are_in(outline.there, gained.there))
    if not len(changed.ends):
        return []
    box = _with_lakes(_around(changed.ends), changed.ends, old)
    near = after.near(box)
    outline, owner = _outline(near, box)
    return find_gaps_at(outline.ends, owner, {code: sheet.shape for code, sheet in near.items()})


def _around(ends: Floats) -> Box:
    x, y, room = ends[..., 0], ends[..., 1], AROUND_DEGREES
    west, south, east, north = x.min() - room, y.min() - room, x.max() + room, y.max() + room
    return float(west), float(south), float(east), float(north)


def _with_lakes(box: Box, ends: Floats, old: Sheets) -> Box:
    """Return a box grown so that it holds the lakes whole that some edges are on the shore of."""
    rings: list[BaseGeometry] = []
    for sheet in old.values():
        holes = [hole for part in shapely.get_parts(sheet.shape) for hole in part.interiors]
        # Parts that touch in points can enclose a lake that is a hole in none of them.
        rings += [shapely.box(*sheet.shape.bounds)] if sheet.is_pinched else holes
    if not rings:
        return box
    shores = shapely.linestrings(ends)
    met = np.unique(shapely.STRtree(rings).query(shores, predicate="intersects")[1])
    boxes = np.array([box, *shapely.bounds(np.array(rings, dtype=object)[met])])
    west, south = boxes[:, :2].min(axis=0) - AROUND_DEGREES
    east, north = boxes[:, 2:].max(axis=0) + AROUND_DEGREES
    return float(west), float(south), float(east), float(north)


def _outline(near: Sheets, box: Box) -> tuple[NamedEdges, npt.NDArray[np.intp]]:
    """Return the edges in a box that no neighbour shares, and whose each is."""
    several = [sheet.within(box) for sheet in near.values()]
    owner = np.repeat(np.arange(len(several)), [len(edges.ends) for edges in several])
    edges = in_one(several)
    unshared = single(edges)
    return edges.chosen(unshared), owner[unshared]
