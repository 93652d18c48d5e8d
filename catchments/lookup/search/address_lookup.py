"""The address lookup: addresses, roads, suburbs and towns that the readings of a text may mean.

Only folded words, letters and digits each in quotation marks, ever reach the full-text index.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import chain, groupby
from operator import itemgetter
from string import ascii_lowercase
from typing import Any, NamedTuple

import msgspec

from catchments.core.model import NamedPlace, Place, PlaceKind
from catchments.core.text_folding import folded
from catchments.lookup.search.abbreviations import ROAD_TYPES
from catchments.lookup.search.address_building import DEGREE
from catchments.lookup.search.address_text import Reading, readings, spellings

ROADS_LOOKED_AT = 200
NUMBERED_ROADS_LOOKED_AT = 600
"""The busiest roads that a text fits; where more do, it has little but a road type in it."""
LOCALITIES_LOOKED_AT = 200
MOST_POINTS_OF_ROAD = 50
SHORTEST_WORD_WITH_SLIP = 4
LONGEST_WORD_WITH_SLIP = 40

_ADDRESSES = """
SELECT r.id, r.name, r.suburb, r.town, r.district, r.name_words, r.place_words,
       a.number, a.suffix, a.unit, a.label, a.lng, a.lat
FROM (SELECT rowid AS id FROM road_words WHERE road_words MATCH ? LIMIT ?) AS found
CROSS JOIN address AS a ON a.road_id = found.id AND a.number = ?
    AND a.suffix IN (?, '') AND a.unit IN (?, '')
CROSS JOIN road AS r ON r.id = found.id
"""
_ROADS = """
SELECT r.id, r.name, r.suburb, r.town, r.district, r.name_words, r.place_words
FROM (SELECT rowid AS id FROM road_words WHERE road_words MATCH ? LIMIT ?) AS found
CROSS JOIN road AS r ON r.id = found.id
"""
_LOCALITIES = """
SELECT l.id, l.kind, l.name, l.within, l.name_words, l.within_words
FROM (SELECT rowid AS id FROM locality_words WHERE locality_words MATCH ? LIMIT ?) AS found
CROSS JOIN locality AS l ON l.id = found.id
"""
_POINTS_OF_ROAD = "SELECT lng, lat FROM address WHERE road_id = ? ORDER BY number, suffix, unit"
_POINTS_OF_LOCALITY = "SELECT points FROM locality WHERE id = ?"
_ANY_ROAD = "SELECT 1 FROM road_words WHERE road_words MATCH ? LIMIT 1"
_WORD = "SELECT 1 FROM word WHERE text = ?"
_BEGINS_A_WORD = "SELECT 1 FROM word WHERE text >= ? AND text < ? || '~' LIMIT 1"
_KNOWN_WORDS = "SELECT text FROM word WHERE text IN (SELECT value FROM json_each(?))"

_MUST_FIT = 3
"""What of a hit's fit has to be as good as the best one's: its letter, its place, its town."""

Near = Mapping[str, Sequence[str]]
"""For a word that may have a slip, the words that it may stand for."""


_Row = tuple[Any, ...]
_Fit = tuple[int, ...]


class _Road(NamedTuple):
    id: int
    name: str
    suburb: str
    town: str
    district: str
    name_words: str
    place_words: str


class _Number(NamedTuple):
    number: int
    suffix: str
    unit: str
    label: str
    lng: int
    lat: int


_ROAD_COLUMNS = len(_Road._fields)
_NAME_WORDS, _PLACE_WORDS = map(_Road._fields.index, ("name_words", "place_words"))
_SUFFIX, _UNIT = (_ROAD_COLUMNS + _Number._fields.index(name) for name in ("suffix", "unit"))


class _Locality(NamedTuple):
    id: int
    kind: str
    name: str
    within: str
    name_words: str
    within_words: str


@dataclass(frozen=True, slots=True)
class _Hit:
    """Something found, how well it fits (least is best), and how to make a place of it."""

    kind: PlaceKind
    id: int
    fit: _Fit
    finished: bool
    """Whether the last word typed is no part of a name that may go on."""
    district: str
    named: Callable[[], NamedPlace]


# --- what is asked of the index -------------------------------------------------------------------


class _Term(NamedTuple):
    """One word typed, in all its spellings."""

    words: frozenset[str]
    phrases: tuple[frozenset[str], ...]
    """Spellings of several words, such as “state highway”."""

    @classmethod
    def of(cls, ways: Iterable[str]) -> _Term:
        """Part the spellings of one word from those of several."""
        parted = [way.split() for way in ways]
        words = frozenset(way[0] for way in parted if len(way) == 1)
        return cls(words, tuple(frozenset(way) for way in parted if len(way) > 1))

    def fits(self, words: frozenset[str]) -> bool:
        """Whether one of the spellings is among words."""
        return not self.words.isdisjoint(words) or any(p <= words for p in self.phrases)

    def expression(self, start: str) -> str:
        """Return it for the index; `start` may be gone on with, or is “”."""
        ways = [f'"{word}"' for word in sorted(self.words)]
        ways += ["(" + " AND ".join(f'"{w}"' for w in sorted(p)) + ")" for p in self.phrases]
        if start:
            ways.append(f'"{start}" *')
        return f"({' OR '.join(ways)})"


class _Query:
    """A reading whose words stand in all their spellings; the last may be unfinished."""

    def __init__(self, reading: Reading, near: Near, *, unfinished: bool) -> None:
        last = reading.words[-1]
        self.reading = reading
        self.start = last if unfinished and " " not in last else ""
        self.terms = [_Term.of((*spellings(w), *near.get(w, ()))) for w in reading.words]
        self.repeated = [
            term
            for word, term in zip(reading.words, self.terms, strict=True)
            if word in reading.repeated
        ]
        self._typed = frozenset(chain(*(t.words for t in self.terms))).union(
            *(phrase for term in self.terms for phrase in term.phrases)
        )
        starts = ["" for _ in self.terms[:-1]] + [self.start]
        self._expressions = [
            term.expression(start) for term, start in zip(self.terms, starts, strict=True)
        ]

    def anywhere(self) -> str:
        """Return the expression for all words in name, suburb, town and district together."""
        return " AND ".join(self._expressions)

    def with_name(self) -> str:
        """Return the expression for all words anywhere, and in the name one that tells it apart.

        Where there are only such words as “road” and “street”, all have to be in the name.
        """
        pairs = zip(self.reading.words, self._expressions, strict=True)
        telling = [expression for word, expression in pairs if word not in ROAD_TYPES]
        if not telling:
            return f"name : ({self.anywhere()})"
        return f"{self.anywhere()} AND name : ({' OR '.join(telling)})"

    def missing_from(self, words: frozenset[str]) -> int:
        """Return how many of the words typed are not among words."""
        *others, last = self.terms
        return sum(not term.fits(words) for term in others) + (not self.last_fits(last, words))

    def last_fits(self, last: _Term, words: frozenset[str]) -> bool:
        """Whether the last word is among words, or begins one of them if it may."""
        return last.fits(words) or bool(self.start and self._begins_one(words))

    def not_typed(self, words: frozenset[str]) -> int:
        """Return how many of some words were not typed."""
        left = words - self._typed
        if left and self.start:
            return sum(not word.startswith(self.start) for word in left)
        return len(left)

    def is_finished_in(self, name_words: str) -> bool:
        """Whether the last word is no part of a name that may go on."""
        last = self.reading.words[-1]
        name = frozenset(name_words.split())
        return last in ROAD_TYPES or not self.last_fits(self.terms[-1], name)

    def _begins_one(self, words: frozenset[str]) -> bool:
        return any(word.startswith(self.start) for word in words)


# --- slips ----------------------------------------------------------------------------------------


def _may_have_slip(word: str) -> bool:
    return word.isalpha() and SHORTEST_WORD_WITH_SLIP <= len(word) <= LONGEST_WORD_WITH_SLIP


def _slips(word: str) -> set[str]:
    """Return all that differs from a word in one letter, or by two that changed places.

    Some hundreds, each then looked for by its key: many times quicker than to measure how far the
    word is from each of the book's.
    """
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    shorter = {a + b[1:] for a, b in parts if b}
    moved = {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    other = {a + c + b[1:] for a, b in parts if b for c in ascii_lowercase}
    longer = {a + c + b for a, b in parts for c in ascii_lowercase}
    return shorter | moved | other | longer


# --- looking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks in an open book for what a text may mean; gives so many places at most."""

    connection: sqlite3.Connection
    at_most: int

    def candidates(self, text: str) -> list[NamedPlace]:
        """Return the places that a text may mean, best first."""
        given = readings(text)
        if not given or self.at_most < 1:
            return []
        hits = self._found(given, {}) or self._found_anywhere(given) or self._found_with_slip(given)
        return _told_apart(hits[: self.at_most])

    def _found_with_slip(self, given: Sequence[Reading]) -> list[_Hit]:
        near = self._near(given)
        return self._found(given, near) if near else []

    def _near(self, given: Sequence[Reading]) -> Near:
        """Return what the unknown words may stand for.

        A word that is known was meant: Waipawa is not Waipara, though nothing in it was found.
        """
        words = dict.fromkeys(filter(_may_have_slip, chain(*(r.words for r in given))))
        last = {reading.words[-1] for reading in given}
        unknown = [word for word in words if not self._is_known(word, unfinished=word in last)]
        return {word: self._known_slips(word) for word in unknown}

    def _is_known(self, word: str, *, unfinished: bool) -> bool:
        return self._any(_BEGINS_A_WORD, word, word) if unfinished else self._any(_WORD, word)

    def _known_slips(self, word: str) -> list[str]:
        listed = msgspec.json.encode(sorted(_slips(word))).decode()
        return [known for (known,) in self._run(_KNOWN_WORDS, listed)]

    def _found(self, given: Iterable[Reading], near: Near) -> list[_Hit]:
        """Return what fits, words taken as whole first; then as unfinished, if the last may be."""
        unfinished = [_Query(reading, near, unfinished=True) for reading in given]
        # What fits no road at all fits none in a narrower way either.
        unfinished = [q for q in unfinished if self._any(_ANY_ROAD, q.anywhere())]
        whole = self._hits([_Query(q.reading, near, unfinished=False) for q in unfinished])
        if len(whole) >= self.at_most or (whole and whole[0].finished):
            return whole
        more = self._hits(unfinished)
        found = list({(hit.kind, hit.id): hit for hit in (*whole, *more)}.values())
        # A number that is known comes before one that is not, whichever word was typed whole.
        numbered = any(hit.kind is PlaceKind.ADDRESS for hit in found)
        return sorted(found, key=lambda hit: numbered and hit.kind is not PlaceKind.ADDRESS)

    def _hits(self, queries: Sequence[_Query]) -> list[_Hit]:
        """Return what the likeliest reading finds; without its number only if none finds more."""
        for query in queries:
            hits = self._areas(query) if query.reading.number is None else self._addresses(query)
            if hits:
                return hits
        for query in queries:
            hits = self._areas(query) if query.reading.number is not None else []
            if hits:
                return hits
        return []

    def _found_anywhere(self, given: Iterable[Reading]) -> list[_Hit]:
        """Return what fits without a word that tells its name: “12 Parade, Wellington”."""
        for reading in given:
            query = _Query(reading, {}, unfinished=True)
            hits = self._matched(query, reading.number, query.anywhere())
            if hits:
                return hits
        return []

    def _addresses(self, query: _Query) -> list[_Hit]:
        return self._matched(query, query.reading.number, query.with_name())

    def _areas(self, query: _Query) -> list[_Hit]:
        """Return suburbs and towns typed whole, then roads, then other suburbs and towns."""
        roads = self._matched(query, None, query.with_name())
        return sorted([*self._localities(query), *roads], key=lambda hit: hit.fit)

    def _matched(self, query: _Query, number: int | None, expression: str) -> list[_Hit]:
        """Return the roads, or the addresses on them, that an expression finds.

        Where one has the very letter after its number, and the place typed in its suburb or town,
        those that lack it are not meant.
        """
        if number is None:
            hits = self._roads(query, expression)
        else:
            hits = self._addresses_on(query, expression, number)
        best = hits[0].fit[:_MUST_FIT] if hits else ()
        return [hit for hit in hits if hit.fit[:_MUST_FIT] == best]

    def _roads(self, query: _Query, expression: str) -> list[_Hit]:
        rows = self._run(_ROADS, expression, ROADS_LOOKED_AT)
        ranked = (((1, *_fit(query, row)), row) for row in rows)
        return [self._road_hit(query, fit, _Road(*row)) for fit, row in self._best(ranked)]

    def _addresses_on(self, query: _Query, expression: str, number: int) -> list[_Hit]:
        suffix, unit = query.reading.suffix, query.reading.unit
        rows = self._run(_ADDRESSES, expression, NUMBERED_ROADS_LOOKED_AT, number, suffix, unit)

        def misses(row: _Row) -> tuple[bool, bool]:
            return row[_SUFFIX] != suffix, row[_UNIT] != unit

        nearest = (min(same, key=misses) for _, same in groupby(rows, key=itemgetter(0)))
        ranked = (((row[_SUFFIX] != suffix, *_fit(query, row)), row) for row in nearest)
        return [self._address_hit(query, fit, row) for fit, row in self._best(ranked)]

    def _best(self, ranked: Iterable[tuple[_Fit, _Row]]) -> list[tuple[_Fit, _Row]]:
        # One after another: hundreds of objects kept until the end would bring the garbage
        # collector down on every tenth lookup.
        return nsmallest(self.at_most, ranked, key=itemgetter(0))

    def _any(self, statement: str, *values: object) -> bool:
        return self.connection.execute(statement, values).fetchone() is not None

    def _run(self, statement: str, *values: object) -> Iterator[Any]:
        return self.connection.execute(statement, values)

    def _road_hit(self, query: _Query, fit: _Fit, road: _Road) -> _Hit:
        finished = query.is_finished_in(road.name_words)
        return _Hit(
            PlaceKind.ROAD, road.id, fit, finished, road.district, lambda: self._named_road(road)
        )

    def _named_road(self, road: _Road) -> NamedPlace:
        points = list(dict.fromkeys(self._run(_POINTS_OF_ROAD, road.id)))
        kept = _evenly(points, MOST_POINTS_OF_ROAD)
        return NamedPlace(PlaceKind.ROAD, road.name, _within(road), places=_places(kept))

    def _address_hit(self, query: _Query, fit: _Fit, row: _Row) -> _Hit:
        road, found = _Road(*row[:_ROAD_COLUMNS]), _Number(*row[_ROAD_COLUMNS:])
        return _Hit(
            PlaceKind.ADDRESS,
            road.id,
            fit,
            query.is_finished_in(road.name_words),
            road.district,
            lambda: _named_address(road, found),
        )

    def _localities(self, query: _Query) -> list[_Hit]:
        rows = self._run(_LOCALITIES, query.with_name(), LOCALITIES_LOOKED_AT)
        ranked = ((_fit_of_locality(query, _Locality(*row)), row) for row in rows)
        return [self._locality_hit(fit, _Locality(*row)) for fit, row in self._best(ranked)]

    def _locality_hit(self, fit: _Fit, found: _Locality) -> _Hit:
        kind = PlaceKind(found.kind)
        return _Hit(kind, found.id, fit, False, "", lambda: self._named_locality(found))

    def _named_locality(self, found: _Locality) -> NamedPlace:
        ((packed,),) = self._run(_POINTS_OF_LOCALITY, found.id)
        axes = array("i", packed)
        points = list(zip(axes[::2], axes[1::2], strict=True))
        return NamedPlace(PlaceKind(found.kind), found.name, found.within, places=_places(points))


def _fit(query: _Query, row: _Row) -> _Fit:
    """Return how a road fits, least best.

    First counts a town typed again after a road of its name, then what only its district has,
    then the words of its name that were not typed; then, where its suburb or town was typed, the
    words of them that were not; then how busy it is.
    """
    name, place = frozenset(row[_NAME_WORDS].split()), frozenset(row[_PLACE_WORDS].split())
    elsewhere = sum(not term.fits(place) for term in query.repeated)
    only_district = query.missing_from(name | place)
    more = query.not_typed(name - ROAD_TYPES)
    around = query.not_typed(place)
    farther = around if around < len(place) else 0
    return elsewhere, only_district, more, farther, row[0]


def _fit_of_locality(query: _Query, found: _Locality) -> _Fit:
    """Return how a suburb or town fits: before any road where its whole name was typed."""
    name = frozenset(found.name_words.split())
    left = query.not_typed(name)
    typed_whole = not left and not (query.start and query.start not in name)
    return 0 if typed_whole else 2, left, found.id


# --- places ---------------------------------------------------------------------------------------


def _told_apart(hits: Sequence[_Hit]) -> list[NamedPlace]:
    """Return the places of hits; namesakes in suburbs of one name are told apart by district."""
    named = [(hit.named(), hit.district) for hit in hits]
    seen = Counter((n.kind, n.name, n.within) for n, _ in named)
    return [
        replace(n, within=f"{n.within}, {district}")
        if seen[n.kind, n.name, n.within] > 1 and district not in {"", n.within}
        else n
        for n, district in named
    ]


def _named_address(road: _Road, found: _Number) -> NamedPlace:
    label = found.label or f"{found.number}{found.suffix}"
    places = _places([(found.lng, found.lat)])
    return NamedPlace(PlaceKind.ADDRESS, f"{label} {road.name}", _within(road), places=places)


def _within(road: _Road) -> str:
    parts = [road.suburb] if folded(road.suburb) == folded(road.town) else [road.suburb, road.town]
    return ", ".join(filter(None, parts)) or road.district


def _places(points: Iterable[tuple[int, int]]) -> tuple[Place, ...]:
    return tuple(Place(lng=lng / DEGREE, lat=lat / DEGREE) for lng, lat in points)


def _evenly(points: Sequence[tuple[int, int]], at_most: int) -> list[tuple[int, int]]:
    """Return points evenly chosen, the first and the last among them."""
    if len(points) <= at_most:
        return list(points)
    step = (len(points) - 1) / (at_most - 1)
    return [points[round(at * step)] for at in range(at_most)]
