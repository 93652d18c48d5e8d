"""An index of words: which of some thousand entries hold one, as an integer, bit n for entry n.

Python joins and intersects such integers far faster than sets of objects, and their bits come out
in the order of the entries: whoever sorts those once need not sort what is found.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

_AFTER_ALL = "\uffff"
"""Follows every folded letter."""


def members(bits: int) -> Iterator[int]:
    """Yield the entries of a set, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def by_every(look_up: Callable[[str], int], words: Sequence[str]) -> int:
    """Return the entries that are found by every word."""
    found = -1 if words else 0
    for word in words:
        found &= look_up(word)
        if not found:
            break
    return found


@dataclass(frozen=True)
class WordIndex:
    """Entries by a word or what it begins with; a “word” may be a whole key with spaces."""

    words: tuple[str, ...]
    """In order, each once."""
    bits: Mapping[str, int]

    @classmethod
    def of(cls, entries: Iterable[Iterable[str]]) -> WordIndex:
        """Index the words of each entry; entries are numbered as they come."""
        bits: dict[str, int] = {}
        for number, words in enumerate(entries):
            for word in words:
                bits[word] = bits.get(word, 0) | 1 << number
        return cls(tuple(sorted(bits)), bits)

    def whole(self, word: str) -> int:
        """Return the entries that have a word."""
        return self.bits.get(word, 0)

    def beginning(self, typed: str) -> int:
        """Return the entries that have a word which begins with what was typed."""
        first = bisect_left(self.words, typed)
        last = bisect_left(self.words, typed + _AFTER_ALL, first)
        return reduce(or_, map(self.bits.__getitem__, self.words[first:last]), 0)
