"""Nearness in an address book: what lies on a town's delivery rounds, and where two roads meet."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from catchments.core.model import MatchKind, NamedPlace, Place, PlaceKind
from catchments.geometry.planar import METRES_A_DEGREE
from catchments.lookup.search.abbreviations import ROAD_TYPES
from catchments.lookup.search.addresses.building import DEGREE
from catchments.lookup.search.addresses.query import Query
from catchments.lookup.search.addresses.rows import (
    POINTS_OF_ROAD,
    ROADS,
    Road,
    evenly,
    places_of,
    within_of,
)
from catchments.lookup.search.addresses.text import reading_of

LONGEST_ROUND_M = 60_000.0
"""How far from the middle of its town a delivery round may reach."""
CORNER_WITHIN_M = 1_000.0
"""How near two roads come whose first houses stand away from their corner."""
ROADS_LOOKED_AT = 200
PAIRS_MEASURED = 15
POINTS_MEASURED = 100
"""Along each of two roads: a highway's thousands, times another's, would not fit a page's time."""
_ANYWHERE = 1_000 * DEGREE


def middle_of(points: Sequence[tuple[int, int]]) -> Place:
    """Return the place amid points of a book: half of them lie on either side of it."""
    lngs, lats = (sorted(axis) for axis in zip(*points, strict=True))
    return places_of([(lngs[len(lngs) // 2], lats[len(lats) // 2])])[0]


def box_around(towns: Iterable[Place]) -> tuple[int, int, int, int]:
    """Return the bounds, as a book keeps them, of all that may be on rounds of towns.

    West, east, south and north; everywhere for no town. A first sieve: corners are too far away.
    """
    degrees = LONGEST_ROUND_M / METRES_A_DEGREE
    bounds = [
        (t.lng - wide, t.lng + wide, t.lat - degrees, t.lat + degrees)
        for t in towns
        if (wide := degrees / math.cos(math.radians(t.lat)) * 1.02)
    ]
    if not bounds:
        return -_ANYWHERE, _ANYWHERE, -_ANYWHERE, _ANYWHERE
    wests, easts, souths, norths = zip(*bounds, strict=True)
    sides = (min(wests), max(easts), min(souths), max(norths))
    west, east, south, north = (round(side * DEGREE) for side in sides)
    return west, east, south, north


def is_near(place: Place, towns: Iterable[Place]) -> bool:
    """Return whether a place may be on a round of one of the towns, given their middles."""
    return any(distance_m(place, town) <= LONGEST_ROUND_M for town in towns)


def distance_m(one: Place, other: Place) -> float:
    """Return how far two places are apart, in metres; longitudes are squeezed as at the first."""
    east = (one.lng - other.lng + 180) % 360 - 180
    squeezed = east * math.cos(math.radians(one.lat))
    return math.hypot(squeezed, one.lat - other.lat) * METRES_A_DEGREE


def roads_that_meet(
    connection: sqlite3.Connection, first: Sequence[str], second: Sequence[str]
) -> list[NamedPlace]:
    """Return where roads of two names come near to each other, best first, each as a part.

    Where just they meet the book does not say, so that a corner is never exact.
    """
    ones, others = (_roads_named(connection, words) for words in (first, second))
    there: defaultdict[str, list[Road]] = defaultdict(list)
    for road in others:
        there[road.town or road.district].append(road)
    pairs = [
        (one, other)
        for one in ones
        for other in there[one.town or one.district]
        if one.id != other.id
    ]
    pairs.sort(key=lambda pair: pair[0].suburb != pair[1].suburb)
    points: dict[int, list[tuple[int, int]]] = {}
    for road in chain(*pairs[:PAIRS_MEASURED]):
        if road.id not in points:
            rows = connection.execute(POINTS_OF_ROAD, (road.id,)).fetchall()
            points[road.id] = evenly(rows, POINTS_MEASURED)
    found = (
        _corner(one, other, points[one.id], points[other.id])
        for one, other in pairs[:PAIRS_MEASURED]
    )
    return [corner for corner in found if corner]


def _roads_named(connection: sqlite3.Connection, words: Sequence[str]) -> list[Road]:
    """Return the roads of which all that tells them is among words."""
    query = Query(reading_of(words), {}, unfinished=False)
    rows = connection.execute(ROADS, (query.with_name(), ROADS_LOOKED_AT))
    roads = (Road(*row) for row in rows)
    return [
        road
        for road in roads
        if not query.not_typed(frozenset(road.name_words.split()) - ROAD_TYPES)
    ]


def _corner(
    one: Road, other: Road, ours: list[tuple[int, int]], theirs: list[tuple[int, int]]
) -> NamedPlace | None:
    squeeze = math.cos(math.radians(places_of(ours[:1])[0].lat))
    apart = (np.array(ours)[:, None] - np.array(theirs)[None]) * [squeeze, 1.0]
    nearest = int(np.argmin(np.hypot(apart[..., 0], apart[..., 1])))
    places = places_of([ours[nearest // len(theirs)], theirs[nearest % len(theirs)]])
    if distance_m(*places) > CORNER_WITHIN_M:
        return None
    name = f"{one.name} / {other.name}"
    return NamedPlace(PlaceKind.ROAD, name, within_of(one), places=places, match=MatchKind.PART)
