"""Redrawn boundaries: how much ground changed hands between two sets, and between whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import area_m2, geometry_to_360
from catchments.geometry.planar import in_one, make_valid_2d, polygons_in

LEAST_M2 = 1.0
"""Less ground than this comes of a vertex more on a line, and of rounding: nothing was redrawn."""

Boundaries = Mapping[str, BaseGeometry]


@dataclass(frozen=True, slots=True)
class Ground:
    """Some ground that changed hands: who had it, who has it (None for nobody), and its area."""

    before: str | None
    after: str | None
    area_m2: float
    shape: BaseGeometry
    """Longitudes 0…360."""


def is_redrawn(before: BaseGeometry, after: BaseGeometry) -> bool:
    """Whether ground changed hands between two boundaries; WGS 84, longitude -180…180."""
    if before is after or bytes(before.wkb) == bytes(after.wkb):
        return False
    old, new = _valid(before), _valid(after)
    if shapely.equals_exact(shapely.normalize(old), shapely.normalize(new), tolerance=0):
        return False
    return area_m2(_areas(shapely.symmetric_difference(old, new))) >= LEAST_M2


def ground_between(before: Boundaries, after: Boundaries) -> list[Ground]:
    """Return the ground that changed hands, the largest first; WGS 84, longitude -180…180.

    Only boundaries that differ are looked at. What several had or have is told of each.
    """
    codes = [c for c in {*before, *after} if before.get(c) is not after.get(c)]
    old = {code: _valid(before[code]) for code in codes if code in before}
    new = {code: _valid(after[code]) for code in codes if code in after}
    lost = _less(old, new)
    gained = _less(new, old)
    found = [*_from_hand_to_hand(lost, new), *_from_nobody(gained, old)]
    return sorted(found, key=lambda each: -each.area_m2)


def _less(these: Boundaries, those: Boundaries) -> dict[str, BaseGeometry]:
    """Return what of each boundary its other form has not."""
    less = {
        code: _areas(shapely.difference(shape, those[code])) if code in those else shape
        for code, shape in these.items()
    }
    return {code: shape for code, shape in less.items() if not shape.is_empty}


def _from_hand_to_hand(lost: Boundaries, new: Boundaries) -> list[Ground]:
    found = []
    for code, shape in lost.items():
        rest = shape
        for other in _near(shape, new):
            if other == code:
                continue
            found += _large_enough(code, other, shapely.intersection(shape, new[other]))
            rest = shapely.difference(rest, new[other])
        found += _large_enough(code, None, rest)
    return found


def _from_nobody(gained: Boundaries, old: Boundaries) -> list[Ground]:
    found = []
    for code, shape in gained.items():
        had = [old[other] for other in _near(shape, old) if other != code]
        rest = shapely.difference(shape, shapely.union_all(had)) if had else shape
        found += _large_enough(None, code, rest)
    return found


def _large_enough(before: str | None, after: str | None, shape: BaseGeometry) -> list[Ground]:
    ground = _areas(shape)
    area = area_m2(ground)
    return [Ground(before, after, area, ground)] if area >= LEAST_M2 else []


def _near(shape: BaseGeometry, among: Boundaries) -> list[str]:
    codes = list(among)
    tree = shapely.STRtree([among[code] for code in codes])
    return [codes[at] for at in sorted(tree.query(shape, predicate="intersects").tolist())]


def _areas(shape: BaseGeometry) -> BaseGeometry:
    polygons = polygons_in([shape])
    return in_one(polygons) if polygons else shapely.Polygon()


def _valid(boundary: BaseGeometry) -> BaseGeometry:
    shape = geometry_to_360(boundary)
    valid = shape if shapely.is_valid(shape) else make_valid_2d(shape)
    return valid if valid is not None else shapely.Polygon()
