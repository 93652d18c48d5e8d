"""The exact places: which suburbs and towns a text names wholly, and nothing beside them.

So are schools by their street line, where that has no number, their suburb and town stand beside it
and no other school is on that road: a third of the directory's addresses are written so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catchments.core.model import NamedPlace, PlaceKind, School
from catchments.core.text_folding import words_of
from catchments.lookup.search.exact.around import COUNTRIES, made_of, road_of, runs_of, wider_places
from catchments.lookup.search.exact.words import compared, undoubled

LONGEST_PLACE = 8
"""Words of a text that are tried as the name of one place."""
_LOCALITIES = {PlaceKind.SUBURB, PlaceKind.TOWN}
_BRACKETED = re.compile(r"\([^()]*\)")


@dataclass(frozen=True)
class ExactPlaces:
    """Suburbs and towns by the words of their whole names, schools by those of their road."""

    by_name: Mapping[tuple[str, ...], Sequence[int]]
    entries: Sequence[NamedPlace]
    words: frozenset[str]
    """All that names are made of."""

    @classmethod
    def of(cls, entries: Sequence[NamedPlace]) -> ExactPlaces:
        """Index suburbs and towns, and the schools that have a road to themselves."""
        found: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for at, named in enumerate(entries):
            if named.kind in _LOCALITIES:  # “Waitangi (Chatham Islands)” is a Waitangi
                for run in runs_of([named.name, _BRACKETED.sub(" ", named.name)]):
                    found[run].append(at)
        for at, road in _alone_on_road(entries):
            for run in runs_of([road]):
                found[run].append(at)
        return cls(dict(found), entries, frozenset().union(*found))

    def named_by(self, typed: Sequence[str]) -> list[int]:
        """Return the places that folded words name wholly, in reading order.

        What stands beside the name is the town of a suburb, a postcode, a region or the country.
        """
        words = tuple(map(undoubled, compared(typed)))
        found: set[int] = set()
        for start, end in self._runs(words):
            around = [run for run in (words[:start], words[end:]) if run]
            there = self.by_name.get(words[start:end], ())
            found.update(at for at in there if self._are_its_own(around, at))
        return sorted(found)

    def _runs(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield from where to where a name may stand; none goes on over a word that is in none."""
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + LONGEST_PLACE) + 1):
                if words[end - 1] not in self.words:
                    break
                yield start, end

    def _are_its_own(self, around: Sequence[Sequence[str]], at: int) -> bool:
        named = self.entries[at]
        if named.kind is PlaceKind.SCHOOL and not _has_place(around, named.schools[0]):
            return False
        runs = runs_of(_said_of(named)) if around else set()
        return all(made_of(words, runs) for words in around)


def _alone_on_road(entries: Sequence[NamedPlace]) -> Iterator[tuple[int, str]]:
    """Yield each school whose address has no number, with its road, if no other is on that."""
    there: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, named in enumerate(entries):
        if named.kind is PlaceKind.SCHOOL and named.schools[0].address:
            school = named.schools[0]
            there[compared(words_of(road_of(school))), words_of(school.city)].append(at)
    for found in there.values():
        address = entries[found[0]].schools[0].address
        if len(found) == 1 and not any(map(str.isdigit, address[:12])):
            yield found[0], address


def _has_place(around: Iterable[Sequence[str]], school: School) -> bool:
    """Whether suburb and town stand there, as far as the school has them."""
    typed = [tuple(words) for words in around]
    return all(
        any(words[at : at + len(run)] == run for words in typed for at in range(len(words)))
        for place in {school.suburb, school.city} - {""}
        for run in [tuple(map(undoubled, compared(words_of(place))))]
    )


def _said_of(named: NamedPlace) -> list[str]:
    """Return what may stand beside a place's name."""
    texts = [named.name, *named.within.split(", "), *COUNTRIES]
    for school in named.schools:
        texts += [school.postcode, *wider_places(school)]
    return texts
