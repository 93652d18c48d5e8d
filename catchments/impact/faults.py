"""Faults that a draft's boundaries have, looking only where they differ from the base's.

Where each edge that a catchment gained is one that another lost, or is shared by two, as many
catchments cover each place as before: nothing overlaps, and no gap has opened. What may be new then
is a gap by definition alone: a lake within one catchment that two now share, or a narrow inlet
whose banks are now those of two. So only the outer edges that changed hands are looked at. Wherever
that is not so, everything is checked, as publication does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.coordinates import geometry_to_360, metric_crs, to_metres
from catchments.coverage import ROUNDING_WIDTH_M, CoverageFault, find_faults, find_gaps_at

AROUND_DEGREES = 0.005
"""Some 400 m: further than a channel is wide, and than its two banks run before they count."""

Boundaries = Mapping[str, BaseGeometry]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]


def faults_after(
    before: Boundaries, after: Boundaries, touched: Collection[str]
) -> list[CoverageFault]:
    """Return the faults of a coverage of which only `touched` boundaries differ from before.

    Those that it had before are among them only where everything had to be checked.
    """
    drawn = [code for code in sorted(touched) if code in after]
    if not touched or not _are_sound([after[code] for code in drawn]):
        return find_faults(after) if touched else []
    old, new = _framed(before, touched), _framed(after, touched)
    gained, lost = _differences(old, new)
    if _cover_otherwise(gained, lost):
        return find_faults(after)
    return _gaps_at_outline(_in_one(gained), old, after)


def _are_sound(boundaries: Sequence[BaseGeometry]) -> bool:
    return all(shapely.is_valid(b) and not b.is_empty for b in boundaries)


def _framed(boundaries: Boundaries, codes: Collection[str]) -> dict[str, BaseGeometry]:
    return {code: geometry_to_360(boundaries[code]) for code in codes if code in boundaries}


# --- edges ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Edges:
    """Directed edges, their shape on the left; `there` and `back` name them in both directions."""

    ends: Floats
    there: Hashes
    back: Hashes

    def chosen(self, those: Mask) -> _Edges:
        return _Edges(self.ends[those], self.there[those], self.back[those])

    def turned(self) -> _Edges:
        return _Edges(self.ends[:, ::-1], self.back, self.there)


def _edges(shape: BaseGeometry, *, within: Box | None = None) -> _Edges:
    rings = shapely.get_rings(shapely.orient_polygons(shapely.get_parts(shape)))
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    runs = (ring_of[:-1] == ring_of[1:]) & (xy[:-1] != xy[1:]).any(axis=1)
    if within is not None:
        runs &= _are_within((xy[:-1] + xy[1:]) / 2, within)
    at = np.flatnonzero(runs)
    names = _names(xy)
    start, end = names[at], names[at + 1]
    return _Edges(np.stack([xy[at], xy[at + 1]], axis=1), _pair(start, end), _pair(end, start))


def _are_within(xy: Floats, box: Box) -> Mask:
    west, south, east, north = box
    x, y = xy[:, 0], xy[:, 1]
    return np.asarray((x >= west) & (x <= east) & (y >= south) & (y <= north))


def _names(xy: Floats) -> Hashes:
    """Return 64 bits for each vertex that only the very same vertex shares.

    Among a million vertices two different ones are taken for the same once in 10⁷ times.
    """
    bits = np.ascontiguousarray(xy + 0.0).view(np.uint64).reshape(-1, 2)
    return _mixed(_mixed(bits[:, 0]) + bits[:, 1])


def _pair(start: Hashes, end: Hashes) -> Hashes:
    return _mixed(start * np.uint64(3) + end)


def _mixed(bits: Hashes) -> Hashes:
    """Return 64 bits stirred so that each depends on all (the finaliser of splitmix64)."""
    z = bits + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _in_one(several: Sequence[_Edges]) -> _Edges:
    if not several:
        return _Edges(np.empty((0, 2, 2)), np.empty(0, np.uint64), np.empty(0, np.uint64))
    return _Edges(
        np.concatenate([each.ends for each in several]),
        np.concatenate([each.there for each in several]),
        np.concatenate([each.back for each in several]),
    )


def _single(edges: _Edges) -> Mask:
    """Return which edges are there more or less often than their opposite."""
    ahead = edges.there < edges.back
    _, same = np.unique(np.where(ahead, edges.there, edges.back), return_inverse=True)
    net = np.bincount(same, weights=np.where(ahead, 1, -1))
    return np.asarray(net[same] != 0)


# --- what differs ---------------------------------------------------------------------------------


def _differences(old: Boundaries, new: Boundaries) -> tuple[list[_Edges], list[_Edges]]:
    """Return the edges that each catchment gained, and those that it lost."""
    gained, lost = [], []
    for code in {*old, *new}:
        was = _edges(old[code]) if code in old else _in_one([])
        now = _edges(new[code]) if code in new else _in_one([])
        gained.append(now.chosen(~np.isin(now.there, was.there)))
        lost.append(was.chosen(~np.isin(was.there, now.there)))
    return gained, lost


def _cover_otherwise(gained: Sequence[_Edges], lost: Sequence[_Edges]) -> bool:
    """Whether some place is covered by more, or by fewer, catchments than before."""
    both = _in_one([*gained, *(edges.turned() for edges in lost)])
    single = both.chosen(_single(both))
    if not len(single.ends):
        return False
    noded = shapely.union_all(shapely.linestrings(single.ends))
    return any(
        _breadth_m(face) >= ROUNDING_WIDTH_M
        for face in shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    )


def _breadth_m(face: BaseGeometry) -> float:
    metres = to_metres(face, crs=metric_crs(lng=face.bounds[0]))
    return float(2 * metres.area / metres.length) if metres.length else 0.0


def changed_area(before: Boundaries, after: Boundaries, touched: Collection[str]) -> BaseGeometry:
    """Return where another catchment is than before: one geometry, longitudes 0…360."""
    old, new = _framed(before, touched), _framed(after, touched)
    areas: list[BaseGeometry] = []
    for code, gained, lost in zip({*old, *new}, *_differences(old, new), strict=True):
        both = _in_one([gained, lost.turned()])
        single = both.chosen(_single(both))
        noded = shapely.union_all(shapely.linestrings(single.ends))
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
        spots = shapely.point_on_surface(faces)
        empty = shapely.Polygon()
        was = shapely.intersects(old.get(code, empty), spots)
        areas += list(faces[was != shapely.intersects(new.get(code, empty), spots)])
    return shapely.union_all(areas) if areas else shapely.MultiPolygon()


# --- outer edges that changed hands ---------------------------------------------------------------


def _gaps_at_outline(gained: _Edges, old: Boundaries, after: Boundaries) -> list[CoverageFault]:
    """Return the gaps at the outer edges that have another owner than before."""
    if not len(gained.ends):
        return []
    near = _near(after, _around(gained.ends))
    outline, _ = _outline(near, _around(gained.ends))
    changed = outline.chosen(np.isin(outline.there, gained.there))
    if not len(changed.ends):
        return []
    box = _with_lakes(_around(changed.ends), changed.ends, old)
    near = _near(after, box)
    outline, owner = _outline(near, box)
    return find_gaps_at(outline.ends, owner, near)


def _around(ends: Floats) -> Box:
    xy, room = ends.reshape(-1, 2), AROUND_DEGREES
    (west, south), (east, north) = xy.min(axis=0) - room, xy.max(axis=0) + room
    return float(west), float(south), float(east), float(north)


def _with_lakes(box: Box, ends: Floats, old: Boundaries) -> Box:
    """Return a box grown so that it holds the lakes whole that some edges are on the shore of."""
    rings: list[BaseGeometry] = []
    for shape in old.values():
        holes = [hole for part in shapely.get_parts(shape) for hole in part.interiors]
        # Parts that touch in points can enclose a lake that is a hole in none of them.
        rings += [shapely.box(*shape.bounds)] if _is_pinched(shape) else holes
    if not rings:
        return box
    shores = shapely.linestrings(ends)
    met = np.unique(shapely.STRtree(rings).query(shores, predicate="intersects")[1])
    boxes = np.array([box, *shapely.bounds(np.array(rings, dtype=object)[met])])
    west, south = boxes[:, :2].min(axis=0) - AROUND_DEGREES
    east, north = boxes[:, 2:].max(axis=0) + AROUND_DEGREES
    return float(west), float(south), float(east), float(north)


def _is_pinched(shape: BaseGeometry) -> bool:
    """Whether rings of a boundary touch themselves or each other in a vertex."""
    starts = _names(_edges(shape).ends[:, 0])
    return len(np.unique(starts)) != len(starts)


def _near(boundaries: Boundaries, box: Box) -> dict[str, BaseGeometry]:
    """Return the boundaries, longitudes 0…360, whose box meets another."""
    west, south, east, north = box
    met = {}
    for code, boundary in boundaries.items():
        framed = geometry_to_360(boundary)
        if framed.is_empty:
            continue
        left, bottom, right, top = framed.bounds
        if left <= east and right >= west and bottom <= north and top >= south:
            met[code] = framed
    return met


def _outline(near: Boundaries, box: Box) -> tuple[_Edges, npt.NDArray[np.intp]]:
    """Return the edges in a box that no neighbour shares, and whose each is."""
    several = [_edges(shape, within=box) for shape in near.values()]
    owner = np.repeat(np.arange(len(several)), [len(edges.ends) for edges in several])
    edges = _in_one(several)
    single = _single(edges)
    return edges.chosen(single), owner[single]
