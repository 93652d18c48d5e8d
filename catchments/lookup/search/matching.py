"""The match of a candidate that a text does not name wholly: a slip away, a part, or its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from catchments.core.model import MatchKind, NamedPlace, PlaceKind
from catchments.core.text_folding import words_of
from catchments.lookup.search.addresses.parts import without_end
from catchments.lookup.search.exact.words import TYPE_WORDS, compared, telling, undoubled

_SHORTEST_SLIPPED = 4
"""Letters of a name in which a slip is told from another name."""
IN_ORDER = (
    MatchKind.EXACT,
    MatchKind.SLIP,
    MatchKind.PART,
    MatchKind.LOCALITY,
    MatchKind.MAIL_TOWN,
)


@dataclass(frozen=True)
class Judge:
    """Says how folded words reach schools, suburbs and towns that they do not name wholly."""

    words: tuple[str, ...]
    """As they are compared, without the postcode and the country at their end."""

    @classmethod
    def of(cls, typed: Sequence[str]) -> Judge:
        """Take in folded words."""
        return cls(_as_compared(tuple(without_end(typed)[0])))

    def match(self, named: NamedPlace) -> MatchKind:
        """Return how the words reach a school, a suburb or a town."""
        if self._is_one_slip_away(named):
            return MatchKind.SLIP
        if named.kind is not PlaceKind.SCHOOL:
            return MatchKind.PART
        return MatchKind.PART if self._names_a_part(named) else MatchKind.LOCALITY

    def _is_one_slip_away(self, named: NamedPlace) -> bool:
        names = _names(named)
        return any(
            OSA.distance("".join(self.words[:end]), name, score_cutoff=1) <= 1
            for end in self._ends(named)
            for name in names
        )

    def _ends(self, named: NamedPlace) -> Iterator[int]:
        """Yield how many of the words may be the name: all, or all but where it lies."""
        yield len(self.words)
        for part in named.within.split(", "):
            place = _of_name(part)
            if place and self.words[-len(place) :] == place:
                yield len(self.words) - len(place)

    def _names_a_part(self, named: NamedPlace) -> bool:
        """Whether a telling word is, or begins, one of the name's; or is one slip from it."""
        of_name = telling(_of_name(named.name))
        return any(
            name.startswith(word) or OSA.distance(word, name, score_cutoff=1) <= 1
            for word in telling(self.words)
            if len(word) > 1
            for name in of_name
        )


def _names(named: NamedPlace) -> list[str]:
    """Return a name without blanks, and a school's without what it is, if a slip can be told."""
    words = _of_name(named.name)
    telling_words = [word for word in words if word not in TYPE_WORDS]
    found = {"".join(words)}
    if named.kind is PlaceKind.SCHOOL:
        found.add("".join(telling_words))
    return [name for name in found if len(name) >= _SHORTEST_SLIPPED]


@lru_cache(maxsize=8192)
def _of_name(name: str) -> tuple[str, ...]:
    return _as_compared(words_of(name))


def _as_compared(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(undoubled, compared(words)))


def what_differs(typed: Sequence[str], name: str) -> list[tuple[str, bool]]:
    """Return the words of a name as it is written, each with whether it is none that was typed.

    `typed` are folded words.
    """
    known = set(_as_compared(typed))
    return [(word, not known.issuperset(_of_name(word))) for word in name.split()]
