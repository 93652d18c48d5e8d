"""The exact places: which suburbs and towns a text names wholly, and nothing beside them.

So are schools by their street line, where that has no number and their suburb or town stands beside
it: a seventh of the directory's addresses are written so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catchments.core.model import NamedPlace, PlaceKind
from catchments.lookup.search.exact_names import (
    COUNTRIES,
    compared,
    councils_regions,
    made_of,
    runs_of,
    undoubled,
)

LONGEST_PLACE = 8
"""Words of a text that are tried as the name of one place."""
_LOCALITIES = {PlaceKind.SUBURB, PlaceKind.TOWN}


@dataclass(frozen=True)
class ExactPlaces:
    """Suburbs and towns by the words of their whole names, schools by those of their road."""

    by_name: Mapping[tuple[str, ...], Sequence[int]]
    entries: Sequence[NamedPlace]
    words: frozenset[str]
    """All that names are made of."""

    @classmethod
    def of(cls, entries: Sequence[NamedPlace]) -> ExactPlaces:
        """Index suburbs and towns, and the schools whose address has no number."""
        found: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for at, named in enumerate(entries):
            for run in runs_of([_whole_name(named)]):
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
        if named.kind is PlaceKind.SCHOOL and not _has_place(around, named):
            return False
        runs = runs_of(_said_of(named)) if around else set()
        return all(made_of(words, runs) for words in around)


def _whole_name(named: NamedPlace) -> str:
    """Return what names a place: of a school its street line, if that has no number."""
    if named.kind in _LOCALITIES:
        return named.name
    address = named.schools[0].address
    return "" if any(map(str.isdigit, address[:12])) else address


def _has_place(around: Iterable[Sequence[str]], school: NamedPlace) -> bool:
    runs = runs_of(school.within.split(", "))
    return any(
        tuple(words[at : at + len(run)]) == run
        for words in around
        for run in runs
        for at in range(len(words))
    )


def _said_of(named: NamedPlace) -> list[str]:
    """Return what may stand beside a place's name."""
    texts = [*named.within.split(", "), *COUNTRIES]
    for school in named.schools:
        texts += [school.postcode, school.territorial_authority, school.education_region]
        texts += councils_regions(school)
    return texts
