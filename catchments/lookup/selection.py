"""Selections: the schools, catchments and providers of a snapshot that a question is about.

Coordinates are WGS 84 degrees. Arrays hold longitudes in 0…360, so that 180° is no edge in them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from catchments.core.model import Answer, Basis, Catchment, Provider, SchoolStatus, Status
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import to_180, to_360
from catchments.lookup.boxes import Box, Floats, Mask
from catchments.lookup.resolver import Resolver
from catchments.lookup.snapshot import Published, Snapshot

NOWHERE = (np.nan, np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; None of a thing for whatever it is."""

    region: str | None = None
    """However it is spelled."""
    catchment: str | None = None
    provider: str | None = None
    box: Box | None = None
    status: SchoolStatus | None = None
    basis: Basis | None = None
    answer: Status | None = None


class _Column:
    """Values as numbers, so that to look for one is to compare integers."""

    def __init__(self, values: Iterable[Hashable]) -> None:
        self._numbers: dict[Hashable, int] = {}
        numbers = [self._numbers.setdefault(each, len(self._numbers)) for each in values]
        self._at = np.array(numbers, dtype=np.int32)

    def where(self, value: Hashable) -> Mask:
        found: Mask = self._at == self._numbers.get(value, -1)
        return found


class Schools:
    """The schools of a directory release, closed ones too, by number, each with its answer."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.answers = tuple(answer for _, answer in sorted(snapshot.answers.items()))
        places = [answer.place for answer in self.answers]
        self._lng_360 = np.array([to_360(place.lng) if place else np.nan for place in places])
        self._lat = np.array([place.lat if place else np.nan for place in places])
        self._columns = {
            name: _Column(map(value_of, self.answers)) for name, value_of in _OF_ANSWERS.items()
        }

    def matching(self, wanted: Filter) -> list[int]:
        """Return where in `answers` those stand that are wanted."""
        found = np.ones(len(self.answers), dtype=bool)
        if wanted.box is not None:
            found &= wanted.box.holds(lng_360=self._lng_360, lat=self._lat)
        for name, column in self._columns.items():
            value = getattr(wanted, name)
            if value is not None:
                found &= column.where(folded(value) if name == "region" else value)
        return [int(at) for at in np.flatnonzero(found)]


def _region_of(answer: Answer) -> str:
    """Return the region of a school's catchment, folded; without one, what the directory says."""
    if answer.catchment and answer.catchment.education_region:
        return folded(answer.catchment.education_region)
    return folded(answer.school.education_region) if answer.school else ""


_OF_ANSWERS: dict[str, Callable[[Answer], Hashable]] = {
    "region": _region_of,
    "catchment": lambda answer: answer.catchment and answer.catchment.code,
    "provider": lambda answer: answer.provider and answer.provider.code,
    "status": lambda answer: answer.school and answer.school.status,
    "basis": lambda answer: answer.basis,
    "answer": lambda answer: answer.status,
}


class Catchments:
    """The catchments of an edition, by code."""

    def __init__(self, resolver: Resolver) -> None:
        edition = resolver.edition
        self._resolver = resolver
        self.catchments: tuple[Catchment, ...] = tuple(
            edition.catchments[code] for code in sorted(edition.catchments)
        )
        self._regions = {each.code: folded(each.education_region) for each in self.catchments}

    def matching(self, wanted: Filter) -> list[Catchment]:
        """Return those that are wanted; a box wants all whose boundary reaches into it."""
        near = self._near(wanted.box) if wanted.box else self.catchments
        region = None if wanted.region is None else folded(wanted.region)
        here = (each for each in near if region in (None, self._regions[each.code]))
        return [each for each in here if self._is_wanted(each, wanted)]

    def extent(self, code: str) -> tuple[float, float, float, float] | None:
        """Return west, south, east and north of a boundary, longitudes -180…180, or None.

        West is greater than east where it crosses 180°, as RFC 7946 has it.
        """
        if code not in self._resolver.edition.boundaries:
            return None
        west, south, east, north = map(float, self._extents_360[self._places[code]])
        return to_180(west), south, to_180(east), north

    def _is_wanted(self, catchment: Catchment, wanted: Filter) -> bool:
        served_by = self._resolver.edition.provider_of(catchment)
        return wanted.catchment in (None, catchment.code) and wanted.provider in (
            None,
            served_by and served_by.code,
        )

    def _near(self, box: Box) -> list[Catchment]:
        at = np.flatnonzero(box.meets(self._extents_360))
        near = [self.catchments[place] for place in at]
        return [each for each in near if box.touches(self._resolver.index.boundary_360(each.code))]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {catchment.code: at for at, catchment in enumerate(self.catchments)}

    @cached_property
    def _extents_360(self) -> Floats:
        known = self._resolver.edition.boundaries
        extents = [
            shapely.bounds(self._resolver.index.boundary_360(each.code))
            if each.code in known
            else NOWHERE
            for each in self.catchments
        ]
        return np.array(extents, dtype=np.float64).reshape(-1, 4)


class Providers:
    """The providers of an edition, by code, each with its catchments."""

    def __init__(self, resolver: Resolver, catchments: Catchments) -> None:
        known = resolver.edition.providers
        self.providers: tuple[Provider, ...] = tuple(known[code] for code in sorted(known))
        self._catchments = catchments
        self._serves: dict[str, list[Catchment]] = {}
        for each in catchments.catchments:
            self._serves.setdefault(each.provider_code or "", []).append(each)

    def serves(self, code: str) -> Sequence[Catchment]:
        """Return the catchments that a provider serves, by code."""
        return self._serves.get(code, ())

    def matching(self, wanted: Filter) -> list[Provider]:
        """Return those that serve a catchment that is wanted; all if nothing is."""
        if wanted == Filter():
            return list(self.providers)
        codes = {each.provider_code for each in self._catchments.matching(wanted)}
        return [each for each in self.providers if each.code in codes]


@dataclass(frozen=True)
class Lists:
    """All that may be selected from in one snapshot."""

    schools: Schools
    catchments: Catchments
    providers: Providers

    @classmethod
    def of(cls, snapshot: Snapshot) -> Lists:
        """Return the lists of a snapshot."""
        catchments = Catchments(snapshot.resolver)
        return cls(Schools(snapshot), catchments, Providers(snapshot.resolver, catchments))


def lists_of(world: Published, snapshot: Snapshot) -> Lists:
    """Return the lists of a snapshot, kept with the world."""
    key = ("lists", snapshot.edition.number, snapshot.release.number)
    return world.recent.get(key, lambda: Lists.of(snapshot))
