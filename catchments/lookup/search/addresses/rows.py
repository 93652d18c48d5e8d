"""The rows of an address book, and the places that are made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from catchments.core.model import MatchKind, NamedPlace, Place, PlaceKind
from catchments.core.text_folding import folded
from catchments.lookup.search.addresses.building import DEGREE
from catchments.lookup.search.addresses.match import Around

MOST_POINTS_OF_ROAD = 50
_OWN_NUMBER = re.compile(r"([0-9]{1,6})([A-Za-z]{0,2})(?: ?- ?([0-9]{1,6})[A-Za-z]{0,2})?$")
"""The number at the end of a label, after what tells a flat."""

ADDRESSES = """
SELECT r.id, r.name, r.suburb, r.town, r.district, r.name_words, r.place_words,
       a.number, a.suffix, a.unit, a.label, a.lng, a.lat
FROM (SELECT rowid AS id FROM road_words WHERE road_words MATCH ? LIMIT ?) AS found
CROSS JOIN address AS a ON a.road_id = found.id AND a.number = ?
    AND a.suffix = ? AND a.unit IN (?, '')
    AND a.lng BETWEEN ? AND ? AND a.lat BETWEEN ? AND ?
CROSS JOIN road AS r ON r.id = found.id
"""
ROADS = """
SELECT r.id, r.name, r.suburb, r.town, r.district, r.name_words, r.place_words
FROM (SELECT rowid AS id FROM road_words WHERE road_words MATCH ? LIMIT ?) AS found
CROSS JOIN road AS r ON r.id = found.id
"""
LOCALITIES = """
SELECT l.id, l.kind, l.name, l.within, l.name_words, l.within_words
FROM (SELECT rowid AS id FROM locality_words WHERE locality_words MATCH ? LIMIT ?) AS found
CROSS JOIN locality AS l ON l.id = found.id
"""
POINTS_OF_ROAD = "SELECT lng, lat FROM address WHERE road_id = ? ORDER BY number, suffix, unit"
POINTS_OF_LOCALITY = "SELECT points FROM locality WHERE id = ?"

Row = tuple[Any, ...]


class Road(NamedTuple):
    """A road within one suburb."""

    id: int
    name: str
    suburb: str
    town: str
    district: str
    name_words: str
    place_words: str

    @property
    def around(self) -> Around:
        """The places it lies in."""
        return Around.of((self.suburb, self.town), self.district)

    def named(self, points: Sequence[tuple[int, int]], match: MatchKind) -> NamedPlace:
        """Return the road as a place, with points along it."""
        kept = evenly(list(dict.fromkeys(points)), MOST_POINTS_OF_ROAD)
        return NamedPlace(
            PlaceKind.ROAD, self.name, within_of(self), places=places_of(kept), match=match
        )


class Number(NamedTuple):
    """An address on a road."""

    number: int
    suffix: str
    unit: str
    label: str
    lng: int
    lat: int

    def is_numbered(self, number: int | None, suffix: str, last: int) -> bool:
        """Whether it has just that number and letter, or is a range that covers the number."""
        found = _OWN_NUMBER.search(self.label or f"{self.number}{self.suffix}")
        if found is None or number is None:
            return False
        first, letters, high = int(found[1]), found[2].upper(), int(found[3] or 0)
        if last:
            return (first, high, letters) == (number, last, suffix)
        if first == number:
            return letters == suffix
        return not suffix and first < number <= high


ROAD_COLUMNS = len(Road._fields)
DISTRICT, NAME_WORDS, PLACE_WORDS = map(
    Road._fields.index, ("district", "name_words", "place_words")
)
POINT = slice(ROAD_COLUMNS + Number._fields.index("lng"), None)
UNIT = ROAD_COLUMNS + Number._fields.index("unit")


class Locality(NamedTuple):
    """A suburb or a town."""

    id: int
    kind: str
    name: str
    within: str
    name_words: str
    within_words: str

    @property
    def around(self) -> Around:
        """The town or the district that it lies in."""
        district = self.within_words.removeprefix(folded(self.within)).strip()
        return Around.of((self.within,), district)

    def named(self, points: Iterable[tuple[int, int]], match: MatchKind) -> NamedPlace:
        """Return it as a place, with a point of each of its roads."""
        kind = PlaceKind(self.kind)
        return NamedPlace(kind, self.name, self.within, places=places_of(points), match=match)


def named_address(road: Road, found: Number, match: MatchKind) -> NamedPlace:
    """Return an address as a place."""
    label = found.label or f"{found.number}{found.suffix}"
    places = places_of([(found.lng, found.lat)])
    name = f"{label} {road.name}"
    return NamedPlace(PlaceKind.ADDRESS, name, within_of(road), places=places, match=match)


def within_of(road: Road) -> str:
    """Return the suburb and the town of a road; its district where neither is known."""
    parts = [road.suburb] if folded(road.suburb) == folded(road.town) else [road.suburb, road.town]
    return ", ".join(filter(None, parts)) or road.district


def places_of(points: Iterable[tuple[int, int]]) -> tuple[Place, ...]:
    """Return points as a book keeps them in degrees."""
    return tuple(Place(lng=lng / DEGREE, lat=lat / DEGREE) for lng, lat in points)


def evenly(points: Sequence[tuple[int, int]], at_most: int) -> list[tuple[int, int]]:
    """Return points evenly chosen, the first and the last among them."""
    if len(points) <= at_most:
        return list(points)
    step = (len(points) - 1) / (at_most - 1)
    return [points[round(at * step)] for at in range(at_most)]
