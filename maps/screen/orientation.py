"""Orientation: towns, suburbs and waters by which somebody finds their way on the map.

Towns and suburbs are those that the school directory names. A name is known by suburb and town
together; where schools of one name lie far apart it is that of several places, and each lies where
the middle one of its schools does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import msgspec

from catchments.core.model import Place, School, SchoolStatus
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import to_360
from maps.exports.export_input import ExportInput
from maps.screen.named_places import CITY_CENTRES, NAMED_PLACES

APART_DEG = 0.25
"""Schools further from each other than this, with none between, lie in places of their own."""
MAIL_TOWN_DEG = 1.2
"""Within this of a larger place of its name a place is but where the larger one's post goes."""
LARGEST = 60
"""Characters of a name that the map is told."""

Located = list[tuple[School, Place]]


@dataclass(frozen=True, slots=True)
class Named:
    """A town or suburb: where its middle is (0…360), and how many students go to school there."""

    name: str
    lng: float
    lat: float
    students: int

    @property
    def row(self) -> list[Any]:
        """What is written of it."""
        return [self.name, round(self.lng, 4), round(self.lat, 4), self.students]


def places_json(material: ExportInput) -> bytes:
    """Return towns and suburbs, those with most students first, and the table of waters."""
    located = _located(material)
    spelt = {folded(each.name): each.name for each in material.catchments}
    members = {
        "towns": [each.row for each in towns(located, spelt)],
        "suburbs": [each.row for each in suburbs(located)],
        "features": [[p.name, to_360(p.lng), p.lat, p.kind, p.from_zoom] for p in NAMED_PLACES],
    }
    return msgspec.json.encode(members)


def towns(located: Located, spelt: Mapping[str, str] | None = None) -> list[Named]:
    """Return towns, those with most students first.

    `spelt` (by folded name) says how to write names that the directory has without macrons.
    """
    by_town: dict[str, Located] = {}
    for school, place in located:
        by_town.setdefault(school.city.strip(), []).append((school, place))
    found = (
        each
        for town, schools in by_town.items()
        if town
        for each in _towns_called((spelt or {}).get(folded(town), town), schools)
    )
    return _ranked(found)


def _towns_called(name: str, schools: Located) -> list[Named]:
    """Return the places of one name, each with the students of those that are its mail's only."""
    kept: list[Named] = []
    for one in _ranked(_town(name, group) for group in clusters(schools)):
        for at, larger in enumerate(kept):
            if _is_within(MAIL_TOWN_DEG, one, larger):
                kept[at] = replace(larger, students=larger.students + one.students)
                break
        else:
            kept.append(one)
    return kept


def suburbs(located: Located) -> list[Named]:
    """Return the suburbs of towns, those with most students first."""
    by_both: dict[tuple[str, str], Located] = {}
    for school, place in located:
        key = school.suburb.strip(), school.city.strip()
        if key[0] and folded(key[0]) != folded(key[1]):
            by_both.setdefault(key, []).append((school, place))
    found = (
        _named(suburb, group) for (suburb, _), all_ in by_both.items() for group in clusters(all_)
    )
    return _ranked(found)


def clusters(located: Located) -> list[Located]:
    """Return schools in groups, each of which has no gap wider than `APART_DEG`."""
    groups: list[Located] = []
    for one in located:
        near = [g for g in groups if any(_near(one[1], place) for _, place in g)]
        rest = [g for g in groups if g not in near]
        groups = [*rest, [*(each for g in near for each in g), one]]
    return groups


def _near(one: Place, other: Place) -> bool:
    return _is_within(APART_DEG, one, other)


def _is_within(degrees: float, one: Place | Named, other: Place | Named) -> bool:
    lng = abs(to_360(one.lng) - to_360(other.lng)) * 0.75  # as degrees of latitude, at 41° S
    return bool(lng * lng + (one.lat - other.lat) ** 2 <= degrees**2)


def _located(material: ExportInput) -> Located:
    schools: Iterable[School] = material.release.schools.values() if material.release else ()
    return [
        (school, school.place)
        for school in schools
        if school.place and school.status is SchoolStatus.OPEN
    ]


def _town(name: str, group: Located) -> Named:
    """Return a town where its own schools are, or a large city where its centre is known to be."""
    found = _named(name, group, middle=_of_the_town_itself(group))
    centre = CITY_CENTRES.get(folded(name))
    is_here = centre and any(_near(Place(*centre), place) for _, place in group)
    return replace(found, lng=centre[0], lat=centre[1]) if centre and is_here else found


def _of_the_town_itself(group: Located) -> Located:
    """Return those that lie in no suburb, or all where each lies in one."""
    town = folded(group[0][0].city)
    own = [each for each in group if folded(each[0].suburb) in {"", town, f"{town} central"}]
    return own or group


def _named(name: str, group: Located, *, middle: Located | None = None) -> Named:
    at: Sequence[Place] = [place for _, place in middle or group]
    lng, lat = median(to_360(p.lng) for p in at), median(p.lat for p in at)
    students = sum(school.roll or 0 for school, _ in group)
    return Named(" ".join(name.split())[:LARGEST], lng, lat, students)


def _ranked(found: Iterable[Named]) -> list[Named]:
    return sorted(found, key=lambda each: (-each.students, folded(each.name), each.lat))
