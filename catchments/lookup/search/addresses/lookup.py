"""The address lookup: addresses, roads, suburbs and towns that the readings of a text may mean.

Only folded words, letters and digits each in quotation marks, ever reach the full-text index.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import itemgetter
from string import ascii_lowercase
from typing import Any

import msgspec

from catchments.core.model import MatchKind, NamedPlace, Place, PlaceKind
from catchments.lookup.search.addresses.fitting import (
    WHOLLY,
    Fit,
    Fitting,
    best_fitting,
    fit_of_locality,
)
from catchments.lookup.search.addresses.match import Near, spelled
from catchments.lookup.search.addresses.nearness import (
    box_around,
    is_near,
    middle_of,
    roads_that_meet,
)
from catchments.lookup.search.addresses.parts import region_at_end
from catchments.lookup.search.addresses.query import Query
from catchments.lookup.search.addresses.rows import (
    ADDRESSES,
    DISTRICT,
    LOCALITIES,
    POINT,
    POINTS_OF_LOCALITY,
    POINTS_OF_ROAD,
    ROAD_COLUMNS,
    ROADS,
    UNIT,
    Locality,
    Number,
    Road,
    Row,
    named_address,
    places_of,
)
from catchments.lookup.search.addresses.text import AddressText, Reading, reading_of
from catchments.lookup.search.slips import may_have_slip
from catchments.lookup.search.typed_text import TypedText

ROADS_LOOKED_AT = 200
NUMBERED_ROADS_LOOKED_AT = 600
"""The busiest roads that a text fits; where more do, it has little but a road type in it."""
ROADS_LOOKED_AT_ON_ROUND = 3_000
"""More than the country has of any name: of all, the only one near a town is wholly meant."""
LOCALITIES_LOOKED_AT = 200
LONGEST_LOCALITY = 8
"""Words of a suburb's name with its town's."""

_ANY_ROAD = "SELECT 1 FROM road_words WHERE road_words MATCH ? LIMIT 1"
_A_POINT_OF_ROAD = "SELECT lng, lat FROM address WHERE road_id = ? LIMIT 1"
_WORD = "SELECT 1 FROM word WHERE text = ?"
_BEGINS_A_WORD = "SELECT 1 FROM word WHERE text >= ? AND text < ? || '~' LIMIT 1"
_GOES_ON = "SELECT 1 FROM word WHERE text > ? AND text < ? || '~' LIMIT 1"
_KNOWN_WORDS = "SELECT text FROM word WHERE text IN (SELECT value FROM json_each(?))"

_MUST_FIT = 3
"""What of a hit's fit has to be as good as the best one's: its letter, its place, its town."""
_EXACT = MatchKind.EXACT


@dataclass(frozen=True, slots=True)
class _Hit:
    """Something found, how well it fits (least is best), and how to make a place of it."""

    kind: PlaceKind
    id: int
    fit: Fit
    finished: bool
    """Whether the last word typed is no part of a name that may go on."""
    district: str
    match: MatchKind
    named: Callable[[], NamedPlace]


# --- slips ----------------------------------------------------------------------------------------


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
    towns: tuple[Place, ...] = ()
    """The middles of towns near which all has to be; anywhere without one."""

    def candidates(self, typed: TypedText | AddressText) -> list[NamedPlace]:
        """Return the places that a text may mean, best first, each with its match."""
        address = AddressText.of(typed)
        if self.at_most < 1:
            return []
        if address.corner:
            met = roads_that_meet(self.connection, *address.corner)
            if met:
                return met[: self.at_most]
        given = address.readings()
        if not given:
            return self.localities_named_in(address) if address.is_mail else []
        found = self._on_round(address, given) if address.is_mail else self._named(given)
        return [_only_part(each) for each in found] if address.is_partial else found

    def localities_named_in(self, typed: TypedText | AddressText) -> list[NamedPlace]:
        """Return the suburbs and towns that a text ends with, the longest name first.

        Their match is LOCALITY, or MAIL_TOWN where the text says where post goes.
        """
        address = AddressText.of(typed)
        match = MatchKind.MAIL_TOWN if address.is_mail else MatchKind.LOCALITY
        words = address.mail_town or address.words
        region = region_at_end(words, after=0)
        for kept in dict.fromkeys((words, words[: len(words) - len(region)])):
            found = self._ending(kept)
            if found:
                return [self._locality(one, match) for one in found[: self.at_most]]
        return []

    def _ending(self, words: Sequence[str]) -> list[Locality]:
        lengths = range(min(len(words), LONGEST_LOCALITY), 0, -1)
        endings = (self._wholly_named(words[-length:]) for length in lengths)
        return next(filter(None, endings), [])

    def _wholly_named(self, words: Sequence[str]) -> list[Locality]:
        """Return the suburbs and towns that words are wholly; what is around may follow."""
        query = Query(reading_of(words), {}, unfinished=False)
        rows = self._run(LOCALITIES, query.anywhere(), LOCALITIES_LOOKED_AT)
        found = (Locality(*row) for row in rows)
        return [one for one in found if query.match(one.name_words.split(), one.around) is _EXACT]

    # --- on a delivery round ----------------------------------------------------------------------

    def _on_round(self, address: AddressText, given: Sequence[Reading]) -> list[NamedPlace]:
        """Return what lies near the town that post goes through; all, as a part, if nothing does.

        A town that post goes through is no place: what is near it may be in another.
        """
        towns = self._middles(address.mail_town)
        found = replace(self, towns=towns)._named(given)
        if address.mail_town and not (towns and found):
            found = [_only_part(each) for each in self._named(given)]
        return [_not_in_town(each) for each in found]

    def _middles(self, words: tuple[str, ...]) -> tuple[Place, ...]:
        """Return the middle of each town that words name; of each suburb if no town is so named.

        A suburb may stand before its town, and a region after it.
        """
        for at in range(len(words)):
            found = self._wholly_named(words[at:])
            if found and (not at or self._wholly_named(words[:at])):
                towns = [one for one in found if one.kind == PlaceKind.TOWN] or found
                return tuple(middle_of(self._points(town)) for town in towns)
        return ()

    def _is_near(self, lng: int, lat: int) -> bool:
        """Whether a point is on a delivery round of a town that was typed, if one was."""
        return not self.towns or any(
            is_near(place, self.towns) for place in places_of([(lng, lat)])
        )

    def _is_road_near(self, id_: int) -> bool:
        if not self.towns:
            return True
        (point,) = self._run(_A_POINT_OF_ROAD, id_)
        return self._is_near(*point)

    def _named(self, given: Sequence[Reading]) -> list[NamedPlace]:
        hits = self._found(given, {}) or self._found_anywhere(given)
        if not hits and (near := self._near(given)):
            hits = self._found(given, near)
        return _told_apart(hits[: self.at_most])

    def _near(self, given: Sequence[Reading]) -> Near:
        """Return what the unknown words may stand for.

        A word that is known was meant: Waipawa is not Waipara, though nothing in it was found.
        """
        words = dict.fromkeys(filter(may_have_slip, chain(*(r.words for r in given))))
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
        unfinished = [Query(reading, near, unfinished=True) for reading in given]
        # What fits no road at all fits none in a narrower way either.
        unfinished = [query for query in unfinished if self._fits_any_road(query)]
        whole = self._hits([query.finished() for query in unfinished])
        if len(whole) >= self.at_most or (whole and whole[0].finished):
            return whole
        more = self._hits(unfinished)
        found = list({(hit.kind, hit.id): hit for hit in (*whole, *more)}.values())
        # A number that is known comes before one that is not, whichever word was typed whole.
        numbered = any(hit.kind is PlaceKind.ADDRESS for hit in found)
        return sorted(found, key=lambda hit: numbered and hit.kind is not PlaceKind.ADDRESS)

    def _fits_any_road(self, query: Query) -> bool:
        """Whether some road fits: with the last word as whole, or gone on with.

        The index gathers all that goes on from a word before it tells a first, so that is asked
        only where whole words tell nothing, and some word does go on from it.
        """
        if self._any(_ANY_ROAD, query.finished().anywhere()):
            return True
        return self._any(_GOES_ON, query.start, query.start) and self._any(
            _ANY_ROAD, query.anywhere()
        )

    def _hits(self, queries: Sequence[Query]) -> list[_Hit]:
        """Return what the likeliest reading finds; without its number only if none finds more.

        What another reading finds wholly may be meant as well.
        """
        found: list[_Hit] = []
        for query in queries:
            hits = self._areas(query) if query.reading.number is None else self._addresses(query)
            found += [hit for hit in hits if not found or hit.match is _EXACT]
        if found:
            return _wholly_first(found) if len(queries) > 1 else found
        for query in queries:
            hits = self._areas(query) if query.reading.number is not None else []
            if hits:
                return hits
        return []

    def _found_anywhere(self, given: Iterable[Reading]) -> list[_Hit]:
        """Return what fits without a word that tells its name: “12 Parade, Wellington”."""
        for reading in given:
            query = Query(reading, {}, unfinished=True)
            hits = self._matched(query, reading.number, query.anywhere())
            if hits:
                return hits
        return []

    def _addresses(self, query: Query) -> list[_Hit]:
        return self._matched(query, query.reading.number, query.with_name())

    def _areas(self, query: Query) -> list[_Hit]:
        """Return suburbs and towns typed whole, then roads, then other suburbs and towns."""
        roads = self._matched(query, None, query.with_name())
        return sorted([*self._localities(query), *roads], key=lambda hit: hit.fit)

    def _matched(self, query: Query, number: int | None, expression: str) -> list[_Hit]:
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

    def _roads(self, query: Query, expression: str) -> list[_Hit]:
        rows = self._run(ROADS, expression, ROADS_LOOKED_AT)
        there = (r for r in rows if query.allows(r[DISTRICT]) and self._is_road_near(r[0]))
        fitting = Fitting(query)
        ranked = (((1, *fitting.of(row)), row) for row in there)
        return [
            self._road_hit(query, fit, Road(*row))
            for fit, row in best_fitting(ranked, self.at_most, wholly=(1, *WHOLLY))
        ]

    def _addresses_on(self, query: Query, expression: str, number: int) -> list[_Hit]:
        """Return the addresses of a number and its letter; without it if nothing has the letter."""
        for suffix in dict.fromkeys((query.reading.suffix, "")):
            hits = self._lettered(query, expression, number, suffix)
            if hits:
                return hits
        return []

    def _lettered(self, query: Query, expression: str, number: int, suffix: str) -> list[_Hit]:
        unit, is_other = query.reading.unit, suffix != query.reading.suffix
        limit = ROADS_LOOKED_AT_ON_ROUND if self.towns else NUMBERED_ROADS_LOOKED_AT
        box = box_around(self.towns)
        rows = self._run(ADDRESSES, expression, limit, number, suffix, unit, *box)
        if unit:  # otherwise each road has one at most
            roads = groupby(rows, key=itemgetter(0))
            rows = (min(same, key=lambda row: row[UNIT] != unit) for _, same in roads)
        there = (r for r in rows if query.allows(r[DISTRICT]) and self._is_near(*r[POINT]))
        fitting = Fitting(query)
        ranked = (((is_other, *fitting.of(row)), row) for row in there)
        best = best_fitting(ranked, self.at_most, wholly=(is_other, *WHOLLY))
        return [self._address_hit(query, fit, row) for fit, row in best]

    def _any(self, statement: str, *values: object) -> bool:
        return self.connection.execute(statement, values).fetchone() is not None

    def _run(self, statement: str, *values: object) -> Iterator[Any]:
        return self.connection.execute(statement, values)

    def _road_hit(self, query: Query, fit: Fit, road: Road) -> _Hit:
        match = MatchKind.PART  # where its number is not known
        if query.reading.number is None:
            match = query.match(spelled(road.name_words.split()), road.around)
        finished = query.is_finished_in(road.name_words)
        return _Hit(
            PlaceKind.ROAD,
            road.id,
            fit,
            finished,
            road.district,
            match,
            lambda: road.named(list(self._run(POINTS_OF_ROAD, road.id)), match),
        )

    def _address_hit(self, query: Query, fit: Fit, row: Row) -> _Hit:
        road, found = Road(*row[:ROAD_COLUMNS]), Number(*row[ROAD_COLUMNS:])
        match = _match_of_address(query, road, found)
        return _Hit(
            PlaceKind.ADDRESS,
            road.id,
            fit,
            query.is_finished_in(road.name_words),
            road.district,
            match,
            lambda: named_address(road, found, match),
        )

    def _localities(self, query: Query) -> list[_Hit]:
        rows = self._run(LOCALITIES, query.with_name(), LOCALITIES_LOOKED_AT)
        ranked = ((fit_of_locality(query, Locality(*row)), row) for row in rows)
        best = best_fitting(ranked, self.at_most, wholly=(0, 0))
        return [self._locality_hit(query, fit, Locality(*row)) for fit, row in best]

    def _locality_hit(self, query: Query, fit: Fit, found: Locality) -> _Hit:
        match = MatchKind.LOCALITY  # where a number was typed that is nowhere in it
        if query.reading.number is None:
            match = query.match(found.name_words.split(), found.around)
        kind = PlaceKind(found.kind)
        return _Hit(kind, found.id, fit, False, "", match, lambda: self._locality(found, match))

    def _locality(self, found: Locality, match: MatchKind) -> NamedPlace:
        return found.named(self._points(found), match)

    def _points(self, found: Locality) -> list[tuple[int, int]]:
        ((packed,),) = self._run(POINTS_OF_LOCALITY, found.id)
        axes = array("i", packed)
        return list(zip(axes[::2], axes[1::2], strict=True))


def _match_of_address(query: Query, road: Road, found: Number) -> MatchKind:
    reading = query.reading
    if reading.is_guess and not found.unit:
        return MatchKind.PART
    if not found.is_numbered(reading.number, reading.suffix, reading.last):
        return MatchKind.PART
    return query.match(spelled(road.name_words.split()), road.around)


# --- places ---------------------------------------------------------------------------------------


def _wholly_first(hits: Iterable[_Hit]) -> list[_Hit]:
    """Return each hit once, those that the text names wholly before the others."""
    once: dict[tuple[PlaceKind, int], _Hit] = {}
    for hit in sorted(hits, key=lambda hit: hit.match is not _EXACT):
        once.setdefault((hit.kind, hit.id), hit)
    return list(once.values())


def _only_part(named: NamedPlace) -> NamedPlace:
    """Return what was found, and that the text is not wholly it."""
    is_more = named.match in {_EXACT, MatchKind.SLIP}
    return replace(named, match=MatchKind.PART) if is_more else named


def _not_in_town(named: NamedPlace) -> NamedPlace:
    """Return what was found beside a delivery round: a suburb or town is only around it."""
    is_locality = named.kind in {PlaceKind.SUBURB, PlaceKind.TOWN}
    return replace(named, match=MatchKind.LOCALITY) if is_locality else named


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
