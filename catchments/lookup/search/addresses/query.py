"""A query of an address book: the words of one reading, in all their spellings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from itertools import chain
from typing import NamedTuple

from catchments.core.model import MatchKind
from catchments.lookup.search.abbreviations import ROAD_TYPES
from catchments.lookup.search.addresses.match import Around, Near, is_in, match_of
from catchments.lookup.search.addresses.text import ABBREVIATIONS, Reading, spellings


class Term(NamedTuple):
    """One word typed, in all its spellings."""

    words: frozenset[str]
    phrases: tuple[frozenset[str], ...]
    """Spellings of several words, such as “state highway”."""

    @classmethod
    def of(cls, ways: Iterable[str]) -> Term:
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


def _term(word: str, near: Near) -> Term:
    if word in near:
        return Term.of((*spellings(word), *near[word]))
    return _OF_SHORTENED.get(word) or Term.of(spellings(word))


_OF_SHORTENED = {word: Term.of((word, *others)) for word, others in ABBREVIATIONS.items()}


class Query:
    """A reading whose words stand in all their spellings; the last may be unfinished."""

    def __init__(self, reading: Reading, near: Near, *, unfinished: bool) -> None:
        last = reading.words[-1]
        self.reading = reading
        self.near = near
        self.start = last if unfinished and " " not in last else ""
        self.terms = [_term(word, near) for word in reading.words]
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

    def finished(self) -> Query:
        """Return the same with its last word taken as whole."""
        query = copy(self)
        query.start = ""
        query._expressions = [*self._expressions[:-1], self.terms[-1].expression("")]
        return query

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

    def last_fits(self, last: Term, words: frozenset[str]) -> bool:
        """Whether the last word is among words, or begins one of them if it may."""
        return last.fits(words) or bool(self.start and any(w.startswith(self.start) for w in words))

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

    def allows(self, district: str) -> bool:
        """Whether what is in a district may be meant: not outside the region that was typed."""
        return not self.reading.region or is_in(district, self.reading.region)

    def match(self, name: Sequence[str], around: Around) -> MatchKind:
        """Return how wholly the words typed are a name and places around it."""
        return match_of(self.reading.typed, name, around, self.near)
