"""One typing slip: a letter too many, too few, another or two swapped; a space too many or too few.

The slip may be in what is typed so far of a longer word: “kaitaai col” is on its way to
“kaitaia college”.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST_WORD = 4
"""Letters; in a shorter word a slip makes another word too easily."""
LONGEST_WORD = 40


@dataclass(frozen=True)
class Vocabulary:
    """All words that names are made of, and what these begin with."""

    words: frozenset[str]
    beginnings: Mapping[int, tuple[str, ...]]
    """By their number of letters."""

    @classmethod
    def of(cls, words: Iterable[str]) -> Vocabulary:
        """Take in words; those with a digit are never slipped into."""
        kept = frozenset(word for word in words if word.isalpha())
        beginnings: defaultdict[int, set[str]] = defaultdict(set)
        for word in kept:
            for length in range(1, len(word) + 1):
                beginnings[length].add(word[:length])
        return cls(kept, {length: tuple(sorted(found)) for length, found in beginnings.items()})

    def corrections(self, word: str) -> list[str]:
        """Return words, and beginnings of words, from which one slip leads to `word`."""
        if not may_have_slip(word):
            return []
        lengths = range(len(word) - 1, len(word) + 2)
        return [
            found
            for length in lengths
            for found in one_slip_from(word, self.beginnings.get(length, ()))
            if found != word
        ]


def may_have_slip(word: str) -> bool:
    """Whether a slip is looked for in a word."""
    return SHORTEST_WORD <= len(word) <= LONGEST_WORD and word.isalpha()


def one_slip_from(word: str, others: Sequence[str]) -> list[str]:
    """Return those of `others` that are the same as `word` but for one slip at most."""
    found = process.extract(word, others, scorer=OSA.distance, score_cutoff=1, limit=None)
    return [other for other, *_ in found]


def respaced(words: Sequence[str], known: frozenset[str]) -> Iterator[list[str]]:
    """Yield the words with one space less, then with one more after a known word."""
    for at in range(len(words) - 1):
        yield [*words[:at], words[at] + words[at + 1], *words[at + 2 :]]
    for at, word in enumerate(words):
        for middle in range(1, min(len(word), LONGEST_WORD)):
            if word[:middle] in known:
                yield [*words[:at], word[:middle], word[middle:], *words[at + 1 :]]
