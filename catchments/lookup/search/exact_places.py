"""The exact places: which suburbs and towns a text names wholly, and nothing beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
    """Suburbs and towns by the words of their whole names."""

    by_name: Mapping[tuple[str, ...], Sequence[int]]
    entries: Sequence[NamedPlace]

    @classmethod
    def of(cls, entries: Sequence[NamedPlace]) -> ExactPlaces:
        """Index the suburbs and towns among entries."""
        found: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for at, named in enumerate(entries):
            if named.kind in _LOCALITIES:
                for run in runs_of([named.name]):
                    found[run].append(at)
        return cls(dict(found), entries)

    def named_by(self, typed: Sequence[str]) -> list[int]:
        """Return the places that folded words name wholly, in reading order.

        What stands beside the name is the town of a suburb, a postcode, a region or the country.
        """
        words = tuple(map(undoubled, compared(typed)))
        found: set[int] = set()
        for start in range(len(words)):
            for end in range(start + 1, min(len(words), start + LONGEST_PLACE) + 1):
                around = [run for run in (words[:start], words[end:]) if run]
                for at in self.by_name.get(words[start:end], ()):
                    if not around or self._are_its_own(around, at):
                        found.add(at)
        return sorted(found)

    def _are_its_own(self, around: Iterable[Sequence[str]], at: int) -> bool:
        runs = runs_of(_said_of(self.entries[at]))
        return all(made_of(words, runs) for words in around)


def _said_of(named: NamedPlace) -> list[str]:
    """Return what may stand beside a place's name."""
    texts = [*named.within.split(", "), *COUNTRIES]
    for school in named.schools:
        texts += [school.postcode, school.territorial_authority, school.education_region]
        texts += councils_regions(school)
    return texts
