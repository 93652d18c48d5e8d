"""Warnings: what does not forbid publishing a draft, but should be looked at first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
from shapely.geometry.base import BaseGeometry

from catchments.changes.publication_checks import Concern
from catchments.core.model import Edition, School
from catchments.editions.contracts import Scheduled, days_between, ending
from catchments.editions.impact.pieces import parted
from catchments.editions.impact.tables import Numbers, counts
from catchments.geometry.coordinates import to_360
from catchments.geometry.spatial_index import ExactIndex

Outside = Mapping[int, str]
"""Listed schools that lie outside that catchment's boundary, with its code."""


def warnings(
    before: Edition,
    after: Edition,
    schools: Mapping[int, School],
    outside: tuple[Outside, Outside],
    load: tuple[Mapping[str, Numbers], Mapping[str, Numbers]],
    on: date,
    scheduled: Scheduled = (),
) -> list[Concern]:
    """Return what to look at, first what the draft makes, then what was so before.

    `outside` and `load`, the numbers by provider, are those before and after; `scheduled` are the
    editions that follow.
    """
    known = {
        (c.kind, c.codes)
        for c in (*_overloaded(before, load[0]), *ending(before, on, scheduled), *_idle(before))
    }
    found = [
        *parted(before, after),
        *_outside(schools, after, outside, on),
        *_overloaded(after, load[1]),
        *days_between(before, after, on),
        *ending(after, on, scheduled),
        *_idle(after),
    ]
    marked = [replace(c, as_before=c.as_before or (c.kind, c.codes) in known) for c in found]
    return sorted(marked, key=lambda concern: concern.as_before)


def listed_outside(
    edition: Edition,
    schools: Mapping[int, School],
    boundaries: Mapping[str, BaseGeometry],
    prepared: ExactIndex | None = None,
) -> dict[int, str]:
    """Return the schools listed in one of some boundaries' catchments that lie outside it.

    Where boundaries are in an index that is `prepared` already, that one is asked.
    """
    within: dict[str, list[School]] = {code: [] for code in boundaries}
    for number, code in edition.listings.items():
        school = schools.get(number)
        if code in within and school and school.place and number not in edition.unserved:
            within[code].append(school)
    return {
        number: code
        for code, members in within.items()
        for number in _not_covered(code, members, boundaries, prepared)
    }


def _not_covered(
    code: str,
    schools: list[School],
    boundaries: Mapping[str, BaseGeometry],
    prepared: ExactIndex | None,
) -> Iterator[int]:
    places = [s.place for s in schools if s.place]
    if not places:
        return
    # By itself: another thread could be preparing one that it shares (libgeos issue 825).
    index = (
        prepared if prepared and code in prepared.codes else ExactIndex({code: boundaries[code]})
    )
    lng, lat = np.array([(to_360(p.lng), p.lat) for p in places]).T
    inside = index.covers(code, lng=lng, lat=lat)
    for school, is_in in zip(schools, inside.tolist(), strict=True):
        if not is_in:
            yield school.school_id


def _outside(
    schools: Mapping[int, School], after: Edition, outside: tuple[Outside, Outside], on: date
) -> Iterator[Concern]:
    old, new = outside
    for number, code in sorted(new.items()):
        school = schools[number]
        if not counts(school, on):
            continue
        text = (
            f"School {number} {school.name} is listed in {after.catchments[code].name} ({code}) "
            "but lies outside its boundary."
        )
        as_before = old.get(number) == code
        yield Concern("outside", text, school.place, (code,), (number,), as_before=as_before)


def _overloaded(edition: Edition, load: Mapping[str, Numbers]) -> Iterator[Concern]:
    for code, contract in edition.contracts.items():
        numbers = load.get(code)
        if numbers is None or contract.capacity is None:
            continue
        absent = round(numbers.estimated_absent)
        if absent > contract.capacity:
            text = (
                f"{edition.providers[code].name} ({code}) would have an estimated {absent:,} "
                f"chronically absent students; its contract is for {contract.capacity:,}."
            )
            yield Concern("capacity", text, codes=(code,))


def _idle(edition: Edition) -> Iterator[Concern]:
    serving = {c.provider_code for c in edition.catchments.values()}
    for code, provider in edition.providers.items():
        if code not in serving:
            text = f"The provider {provider.name} ({code}) serves no catchment."
            yield Concern("idle-provider", text, codes=(code,))
