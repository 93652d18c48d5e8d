"""Redrawn boundaries: how much ground changed hands between two sets, and between whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import area_m2, in_metres
from catchments.geometry.edges_apart import differing
from catchments.geometry.planar import Faces, Shapes, in_one, polygons_in
from catchments.geometry.tiling.coverage import valid_shape

LEAST_M2 = 1.0
"""Less ground than this comes of a vertex more on a line, and of rounding: nothing was redrawn."""

MOST_VERTICES = 300_000
"""Of the boundaries before and after together: some seconds' work."""
SOMEBODY = ""
"""Stands for other catchments, where it is not looked up which."""
_SURE_DEGREES2 = 1e-9
"""Areas that differ by more are not the same ground: some ten square metres."""
_ROUNDING = 1e-9
"""What of an area is lost by reckoning with it."""

Boundaries = Mapping[str, BaseGeometry]


@dataclass(frozen=True, slots=True)
class Ground:
    """Some ground that changed hands: who had it, who has it (None for nobody), and its area."""

    before: str | None
    after: str | None
    area_m2: float


def is_redrawn(before: BaseGeometry, after: BaseGeometry) -> bool:
    """Whether ground changed hands between two boundaries; WGS 84, longitude -180…180."""
    if before is after or shapely.equals_identical(before, after):
        return False
    if abs(shapely.area(before) - shapely.area(after)) > _SURE_DEGREES2:
        return True
    old, new = valid_shape(before), valid_shape(after)
    apart = differing(shapely.orient_polygons(old), shapely.orient_polygons(new))
    faces = Faces.between_edges(np.concatenate([edges.ends for edges in apart]))
    was, now = (faces.in_shape(shape) for shape in (old, new))
    changed = faces.areas[was != now]
    return bool(len(changed)) and float(shapely.area(in_metres(changed)).sum()) >= LEAST_M2


def ground_between(before: Boundaries, after: Boundaries) -> list[Ground]:
    """Return the ground that changed hands, the largest first; WGS 84, longitude -180…180.

    Only boundaries that differ are looked at. What several had or have is told of each. Of more
    than MOST_VERTICES it is told how much each gains and loses, and not from whom: from SOMEBODY.
    """
    codes = [c for c in {*before, *after} if before.get(c) is not after.get(c)]
    old = {code: valid_shape(before[code]) for code in codes if code in before}
    new = {code: valid_shape(after[code]) for code in codes if code in after}
    if shapely.get_num_coordinates([*old.values(), *new.values()]).sum() > MOST_VERTICES:
        return sorted(_gained_and_lost(old, new), key=lambda each: -each.area_m2)
    shapely.prepare([*old.values(), *new.values()])
    lost = {code: _pieces(_less(shape, new.get(code))) for code, shape in old.items()}
    handed = [ground for code, pieces in lost.items() for ground in _handed_on(code, pieces, new)]
    found = [*handed, *_from_nobody(lost, handed, old, new)]
    return sorted(found, key=lambda each: (-each.area_m2, each.before or "", each.after or ""))


def _gained_and_lost(old: Boundaries, new: Boundaries) -> list[Ground]:
    lost = (_ground(c, SOMEBODY, [_less(shape, new.get(c))]) for c, shape in old.items())
    gained = (_ground(SOMEBODY, c, [_less(shape, old.get(c))]) for c, shape in new.items())
    return [ground for ground in (*lost, *gained) if ground]


def _less(shape: BaseGeometry, other: BaseGeometry | None) -> BaseGeometry:
    return shape if other is None else shapely.difference(shape, other)


def _handed_on(code: str, lost: Shapes, new: Boundaries) -> list[Ground]:
    """Return to whom the ground went that a catchment lost: to others, and to nobody."""
    given: dict[str, list[BaseGeometry]] = {}
    whole = np.zeros(len(lost), dtype=bool)
    for other in _near(lost, new):
        if other == code:
            continue
        # Most pieces lie wholly in one boundary: that is told without reckoning with its vertices.
        inside = shapely.covers(new[other], lost)
        partly = ~inside & shapely.intersects(new[other], lost)
        # The others at once: each alone would have the boundary's every vertex looked at again.
        shared = shapely.intersection(in_one(list(lost[partly])), new[other])
        given[other] = [*lost[inside], shared]
        whole |= inside
    rest = lost[~whole]
    if len(rest):
        others = [new[other] for other in _near(rest, new)]
        nobodys = in_one(list(rest))
        given[""] = [shapely.difference(nobodys, shapely.union_all(others)) if others else nobodys]
    made = (_ground(code, other or None, pieces) for other, pieces in given.items())
    return [ground for ground in made if ground]


def _from_nobody(
    lost: Mapping[str, Shapes], handed: Sequence[Ground], old: Boundaries, new: Boundaries
) -> list[Ground]:
    """Return the ground that nobody had: looked for only where the areas leave some over."""
    taken: dict[str | None, float] = defaultdict(float)
    for ground in handed:
        taken[ground.after] += ground.area_m2
    found = []
    for code, shape in new.items():
        had = area_m2(old[code]) if code in old else 0.0
        gone = area_m2(in_one(list(lost[code]))) if len(lost.get(code, ())) else 0.0
        gained = area_m2(shape) - had + gone
        if gained - taken[code] < max(LEAST_M2, gained * _ROUNDING):
            continue
        pieces = _pieces(_less(shape, old.get(code)))
        others = [old[other] for other in _near(pieces, old) if other != code]
        rest = in_one(list(pieces))
        rest = shapely.difference(rest, shapely.union_all(others)) if others else rest
        found.append(_ground(None, code, [rest]))
    return [ground for ground in found if ground]


def _ground(before: str | None, after: str | None, pieces: Sequence[BaseGeometry]) -> Ground | None:
    polygons = polygons_in(list(pieces))
    if not polygons:
        return None
    area = area_m2(in_one(polygons))
    return Ground(before, after, area) if area >= LEAST_M2 else None


def _near(pieces: Shapes, among: Boundaries) -> list[str]:
    codes = list(among)
    if not codes or not len(pieces):
        return []
    tree = shapely.STRtree([among[code] for code in codes])
    _, found = tree.query(pieces)
    return [codes[at] for at in np.unique(found).tolist()]


def _pieces(shape: BaseGeometry) -> Shapes:
    return np.array(polygons_in([shape]), dtype=object)
