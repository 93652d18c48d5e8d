"""Towns and suburbs, as far as schools are in them."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from catchments.core.model import MatchKind, NamedPlace, PlaceKind, School, SchoolStatus
from catchments.core.text_folding import words_of
from catchments.lookup.search.abbreviations import ROAD_TYPES, key, spelled_out
from catchments.lookup.search.addresses.parts import region_at_end
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.slips import one_slip_from
from catchments.lookup.search.typed_text import TypedText

_MOST_WORDS = 6
"""No locality's name has more."""
_SHORTEST_SLIPPED = 5
"""Letters of a name in which a slip is forgiven at the end of an address."""
_MACRON = "\u0304"

_Identity = tuple[str, str]
"""A suburb's name and its town's, folded and spelled out; a town has no suburb's name."""


def localities_of(schools: Iterable[School]) -> list[NamedPlace]:
    """Return each town and suburb that has a school open or proposed, in alphabetical order.

    Spellings that fold alike are one place, named as the best of them: the one with macrons.
    """
    within: defaultdict[_Identity, list[School]] = defaultdict(list)
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for school in schools:
        suburb, town = _same(school.suburb), _same(school.city)
        if not town or school.status is SchoolStatus.CLOSED:
            continue
        spellings[town][_tidy(school.city)] += 1
        within["", town].append(school)
        if suburb and suburb != town:
            spellings[suburb][_tidy(school.suburb)] += 1
            within[suburb, town].append(school)
    names = {same: _best(spelled) for same, spelled in spellings.items()}
    found = [_locality(identity, found, names) for identity, found in within.items()]
    return sorted(found, key=lambda place: (words_of(place.name), place.within))


def _same(name: str) -> str:
    return " ".join(spelled_out(words_of(name)))


def _tidy(name: str) -> str:
    return " ".join(name.split())


def _best(spellings: Counter[str]) -> str:
    def merit(item: tuple[str, int]) -> tuple[int, bool, int, str]:
        spelled, count = item
        macrons = unicodedata.normalize("NFD", spelled).count(_MACRON)
        return macrons, not spelled.isupper(), count, spelled

    return max(spellings.items(), key=merit)[0]


def _locality(
    identity: _Identity, schools: Sequence[School], names: Mapping[str, str]
) -> NamedPlace:
    suburb, town = identity
    if not suburb:
        return NamedPlace(PlaceKind.TOWN, names[town], schools=tuple(schools))
    return NamedPlace(PlaceKind.SUBURB, names[suburb], names[town], tuple(schools))


@dataclass(frozen=True)
class LocalityEndings:
    """Localities by the words that an address may end with."""

    by_key: Mapping[str, Sequence[NamedPlace]]

    @classmethod
    def of(cls, localities: Iterable[NamedPlace]) -> LocalityEndings:
        """Index localities by name."""
        found: defaultdict[str, list[NamedPlace]] = defaultdict(list)
        for locality in localities:
            found[key(words_of(locality.name))].append(locality)
        return cls(dict(found))

    def of_text(self, typed: TypedText | AddressText) -> list[NamedPlace]:
        """Return what a text ends with: suburbs in the town that follows them, else all so named.

        Region, postcode and country may follow. One slip is forgiven where nothing fits. Their
        match is LOCALITY, or MAIL_TOWN where the text says where post goes: the place need not lie
        there.
        """
        address = AddressText.of(typed)
        match = MatchKind.MAIL_TOWN if address.is_mail else MatchKind.LOCALITY
        words = address.mail_town or address.words
        region = region_at_end(words, after=0)
        without_region = words[: len(words) - len(region)]
        found = self._most_specific(words) or self._most_specific(without_region)
        return [replace(locality, match=match) for locality in found]

    def _most_specific(self, words: Sequence[str]) -> list[NamedPlace]:
        length, found = self._last(words)
        towns = {locality.name for locality in found if locality.kind is PlaceKind.TOWN}
        _, before = self._last(words[: len(words) - length]) if towns else (0, ())
        return [suburb for suburb in before if suburb.within in towns] or list(found)

    def _last(self, words: Sequence[str]) -> tuple[int, Sequence[NamedPlace]]:
        return self._ending(words) or self._slipped_ending(words) or (0, ())

    def _ending(self, words: Sequence[str]) -> tuple[int, Sequence[NamedPlace]] | None:
        lengths = range(min(len(words), _MOST_WORDS), 0, -1)
        endings = ((length, key(words[-length:])) for length in lengths)
        return next(((n, self.by_key[k]) for n, k in endings if k in self.by_key), None)

    def _slipped_ending(self, words: Sequence[str]) -> tuple[int, Sequence[NamedPlace]] | None:
        known = tuple(self.by_key)
        for length in range(min(len(words), _MOST_WORDS), 0, -1):
            ending = key(words[-length:])
            if len(ending) < _SHORTEST_SLIPPED or ending in ROAD_TYPES:
                continue
            meant = one_slip_from(ending, known)
            if meant:
                return length, [locality for found in meant for locality in self.by_key[found]]
        return None
