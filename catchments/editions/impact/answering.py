"""Answers for all schools after a draft; only those that it can have changed are resolved again."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import cast

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.changes.comparison import Comparison
from catchments.core.model import Answer, Edition, School
from catchments.geometry.cell_grid import Floats
from catchments.geometry.changing_index import ChangingIndex
from catchments.geometry.coordinates import geometry_to_360, to_360
from catchments.geometry.exact_polygons import CatchmentSet
from catchments.geometry.spatial_index import ExactIndex, SpatialIndex
from catchments.lookup.resolver import Resolver
from catchments.lookup.snapshot import Snapshot

NEAR_DEGREES = 0.12
"""More than 5 km of longitude down to 66° S: whoever is further from a boundary is not near it."""


class PatchedIndex:
    """An index in which some boundaries are replaced, without compiling the others again.

    It answers what a resolver asks exactly as an index compiled of all boundaries would.
    """

    def __init__(
        self, base: SpatialIndex, replaced: Collection[str], by: Mapping[str, BaseGeometry]
    ) -> None:
        self._base = base
        self._replaced = frozenset(replaced)
        self._by = by

    @cached_property
    def patch(self) -> ExactIndex:
        """An index of the boundaries that replace others, and of no other."""
        return ExactIndex(self._by)  # asked about some dozens of schools: compiling takes longer

    def covering(self, *, lng: float, lat: float) -> CatchmentSet:
        """Return the codes of all boundaries that cover a point, smaller code first."""
        kept = [code for code in self._base.covering(lng=lng, lat=lat) if self._keeps(code)]
        return tuple(sorted([*kept, *self.patch.covering(lng=lng, lat=lat)]))

    def codes_covering(self, *, lng: Floats, lat: Floats) -> frozenset[str]:
        """Return the codes of the catchments that cover any of these points."""
        kept = filter(self._keeps, self._base.codes_covering(lng=lng, lat=lat))
        where = zip(lng.tolist(), lat.tolist(), strict=True)
        return frozenset(kept).union(*(self.patch.covering(lng=x, lat=y) for x, y in where))

    def within(self, *, lng: float, lat: float, radius_m: float) -> tuple[tuple[str, float], ...]:
        """Return every catchment within a radius with its distance, as the index does."""
        where = {"lng": lng, "lat": lat, "radius_m": radius_m}
        kept = [pair for pair in self._base.within(**where) if self._keeps(pair[0])]
        both = [*kept, *self.patch.within(**where)]
        covering = self.covering(lng=lng, lat=lat)
        near = sorted((metres, code) for code, metres in both if code not in covering)
        return (*((code, 0.0) for code in covering), *((code, metres) for metres, code in near))

    def on_edge_of(self, code: str, *, lng: float, lat: float) -> bool:
        """Whether a point lies exactly on the edge of a catchment's boundary."""
        index = self._base if self._keeps(code) else self.patch
        return index.on_edge_of(code, lng=lng, lat=lat)

    def _keeps(self, code: str) -> bool:
        return code not in self._replaced


def patched_index(base: Snapshot, after: Edition, touched: Collection[str]) -> PatchedIndex:
    """Return the base's index with the boundaries that an edition drew.

    Made anew each time: what it finds places by is larger than the boundaries.
    """
    drawn = {code: after.boundaries[code] for code in touched if code in after.boundaries}
    return PatchedIndex(base.resolver.index, touched, drawn)


def touched_codes(before: Edition, after: Edition, comparison: Comparison) -> frozenset[str]:
    """Return the catchments whose boundary is another, is new or is no more."""
    appeared = set(before.boundaries) ^ set(after.boundaries)
    return frozenset(appeared.union(comparison.boundaries_touched))


def answers_after(
    base: Snapshot,
    after: Edition,
    comparison: Comparison,
    touched: Collection[str],
    places: ChangingIndex[int, School],
    patched: PatchedIndex | None = None,
) -> dict[int, Answer]:
    """Return what `Snapshot.of(after, release).answers` would be; `places` are the schools'.

    `patched` is the base's index as `patched_index` gives it; without it one is made.
    """
    found = base.resolver.index
    if touched:
        found = cast(SpatialIndex, patched or patched_index(base, after, touched))
    resolver = Resolver(after, base.release, found)
    again = {
        *comparison.listings_changed,
        *comparison.in_school_provision_changed,
        *_naming(base, after),
        *_near(base, after, touched, places),
    }
    schools = base.release.schools
    fresh = {n: resolver.undated(schools[n]) for n in again if n in schools}
    return {**base.answers, **fresh}


def _naming(base: Snapshot, after: Edition) -> Iterator[int]:
    """Yield the schools whose answer names a catchment or a provider that differs now."""
    before = base.edition
    differing = {
        code
        for code in {*before.catchments, *after.catchments}
        if _served(before, code) != _served(after, code)
    }
    if not differing:
        return
    for number, answer in base.answers.items():
        if any(named.catchment.code in differing for named in answer.all_named):
            yield number


def _served(edition: Edition, code: str) -> tuple[object, object]:
    catchment = edition.catchments.get(code)
    return catchment, edition.provider_of(catchment)


def _near(
    base: Snapshot, after: Edition, touched: Collection[str], places: ChangingIndex[int, School]
) -> Iterator[int]:
    """Yield the schools that geometry answers for and that lie at a boundary that changed."""
    shapes = [e.boundaries[c] for e in (base.edition, after) for c in touched if c in e.boundaries]
    if not shapes:
        return
    boxes = shapely.bounds([geometry_to_360(shape) for shape in shapes])
    around = boxes + np.array([-1, -1, 1, 1]) * NEAR_DEGREES
    for number in places.near(base.release.schools, around):
        if number not in after.listings and number not in after.unserved:
            yield number


def places_of(schools: Sequence[School]) -> Iterable[BaseGeometry | None]:
    """Return where schools lie, longitudes 0…360, with None for those of which it is not known."""
    known = [school.place for school in schools]
    xy = np.array([(to_360(p.lng), p.lat) if p else (math.nan, math.nan) for p in known])
    points = shapely.points(xy.reshape(-1, 2))
    return (point if place else None for place, point in zip(known, points, strict=True))
