"""Words of names as they are compared: in one form, and those that tell names apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from catchments.core.text_folding import folded
from catchments.lookup.search.abbreviations import (
    ROAD_TYPES,
    expanded,
    in_full,
    key,
    spelled_out,
)

FREE_WORDS = frozenset(["and", "o", "of", "the"])
"""Words that may be missing or stand too much."""
SHORTEST_UNDOUBLED = 5
"""Letters of a word in which one that is typed twice makes no difference."""
_DOUBLED = re.compile(r"([a-z])\1+")


@lru_cache(maxsize=16_384)
def undoubled(word: str) -> str:
    """Return a word with each letter that stands twice or more once: “Ōtaahuhu” is “Ōtahuhu”.

    Of short words, such as “AGGS” and “AGS”, each letter counts.
    """
    return _DOUBLED.sub(r"\1", word) if len(word) >= SHORTEST_UNDOUBLED else word


def compared(words: Iterable[str]) -> tuple[str, ...]:
    """Return folded words as they are compared: in full, without those that may be missing.

    “St” stays: of a text it may mean a saint or a street.
    """
    return tuple(in_full(word) for word in expanded(words) if word not in FREE_WORDS)


def ways_compared(name: str) -> set[tuple[str, ...]]:
    """Return a name's words as they are compared, with “saint” in full and shortened."""
    words = folded(name).split()
    short = key(word for word in words if word not in FREE_WORDS).split()
    return {compared(words), compared(spelled_out(words)), compared(short)} - {()}


_TYPES = "area college composite contributing high intermediate normal primary school secondary"
TYPE_WORDS = frozenset(map(undoubled, _TYPES.split()))
"""Words that say what kind of school it is, and may all be missing."""
SCHOOL = undoubled("school")


def telling(words: Iterable[str]) -> frozenset[str]:
    """Return those of some words that tell a school from others; all, where they only say what."""
    found = frozenset(map(undoubled, words))
    return found - TYPE_WORDS or found


_SAYS_LITTLE = "central east lower middle north south upper west"
ROADS = frozenset(map(undoubled, ROAD_TYPES))
SAYS_LITTLE = ROADS.union(map(undoubled, _SAYS_LITTLE.split()))
"""Words that alone tell no school from others: “Central Normal School”, “College Street School”."""
_QUALIFIERS = "boys catholic christian community full girls junior memorial model senior"
QUALIFIERS = frozenset(map(undoubled, f"{_QUALIFIERS} country for".split()))
"""Words that people leave out of a name, though they tell it from that of another school."""


def says_too_little(words: Iterable[str]) -> bool:
    """Whether folded words only say what something is: “High School”, “Road”."""
    found = set(map(undoubled, compared(words)))
    return bool(found) and found <= TYPE_WORDS | ROADS
