"""The exact names: which schools a text names wholly, and nothing beside them.

The rule: the words that tell a name from others are the same in the text and in the name, both
ways; what a school is (“High School”) may be left out, but agrees where it was typed; what was
typed beyond the name is the school's own whole suburb, town, street line or the like.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from catchments.core.model import NamedPlace, PlaceKind, School
from catchments.core.text_folding import folded
from catchments.lookup.search.abbreviations import expanded, in_full, key, spelled_out

FREE_WORDS = frozenset(["and", "o", "of", "the"])
"""Words that may be missing or stand too much."""
SHORTEST_UNDOUBLED = 5
"""Letters of a word in which one that is typed twice makes no difference."""
LONGEST_NAME = 16
"""Words of a text that are tried as one name; no school's name has as many."""
_BRACKETED = re.compile(r"\([^()]*\)")
_DOUBLED = re.compile(r"([a-z])\1+")
_STREET_NUMBER = re.compile(r"[0-9]{1,6}[A-Za-z]?(?: ?[-–/] ?[0-9]{1,6}[A-Za-z]?)? ")
COUNTRIES = ("New Zealand", "NZ", "Aotearoa", "Aotearoa New Zealand")

_COUNCILS_REGIONS: Mapping[str, tuple[str, ...]] = {
    "Tai Tokerau": ("Northland",),
    "Tāmaki Herenga Tāngata": ("Auckland",),
    "Tāmaki Herenga Manawa": ("Auckland",),
    "Tāmaki Herenga Waka": ("Auckland",),
    "Bay of Plenty, Waiariki": ("Bay of Plenty",),
    "Hawke's Bay, Tairāwhiti": ("Hawke's Bay", "Tairāwhiti"),
    "Taranaki, Whanganui, Manawatū": ("Taranaki", "Manawatū-Whanganui", "Manawatū"),
    "Nelson, Marlborough, West Coast": ("Tasman", "Marlborough", "West Coast"),
    "Canterbury, Chatham Islands": ("Canterbury", "Chatham Islands"),
    "Otago, Southland": ("Otago", "Southland"),
}
"""The regions of councils, as maps write them, that an education region is made of.

Those that are named as a town is are left out. Their edges are not quite the same (Taupō's council
is Waikato's), so that a few addresses as maps write them are asked about. Source: the names of the
education regions themselves; those of councils, Stats NZ's regional council areas.
"""


class Rank(IntEnum):
    """How wholly a text names a school; the least is the best, and outranks all others."""

    WHOLE = 0
    """The whole name, word for word, shortened or not; also a nickname or an earlier name."""
    DOUBLED = 1
    """The whole name but for letters typed twice, or once too few."""
    BRACKETS = 2
    """The whole name without the part of it in brackets."""
    BARE = 3
    """The words that tell it from others, without all of the words for what it is."""


class ExactName(NamedTuple):
    """A name that a school is known by, as it is compared."""

    entry: int
    words: tuple[str, ...]
    """In order, shortened ones in the one form that stands for all."""
    types: frozenset[str]
    """Those of its words that say what kind of school it is."""
    without_brackets: bool = False
    text: str = ""
    """The name itself, where it is not the school's own: an earlier one, or a nickname."""


class Named(NamedTuple):
    """A school that a text names wholly."""

    entry: int
    rank: Rank
    by: str
    """The earlier name or nickname that was typed; empty for its own."""


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
_SCHOOL = undoubled("school")


def telling(words: Iterable[str]) -> frozenset[str]:
    """Return those of some words that tell a school from others; all, where they only say what."""
    found = frozenset(map(undoubled, words))
    return found - TYPE_WORDS or found


def _as_compared(entry: int, name: str, text: str) -> Iterator[ExactName]:
    """Yield a name, and the same without the part in brackets that may be missing."""
    for written in dict.fromkeys((name, _BRACKETED.sub(" ", name))):
        for words in ways_compared(written):
            types = frozenset(map(undoubled, words)) & TYPE_WORDS
            yield ExactName(entry, words, types, written != name, text)


@dataclass(frozen=True)
class ExactNames:
    """Names of schools by the words that tell them from others."""

    by_telling: Mapping[frozenset[str], Sequence[ExactName]]
    entries: Sequence[NamedPlace]
    words: frozenset[str]
    """All that names are told apart by."""

    @classmethod
    def of(
        cls, entries: Sequence[NamedPlace], more_names: Iterable[tuple[int, str]] = ()
    ) -> ExactNames:
        """Index the schools among entries, and other names that some of them are known by."""
        found: defaultdict[frozenset[str], list[ExactName]] = defaultdict(list)
        for entry, name, text in (*_own_names(entries), *((e, n, n) for e, n in more_names)):
            for each in _as_compared(entry, name, text):
                found[telling(each.words)].append(each)
        return cls(dict(found), entries, TYPE_WORDS.union(*found))

    def named_by(self, typed: Sequence[str]) -> list[Named]:
        """Return the schools that folded words name wholly, the best first, in reading order."""
        words = compared(typed)
        best = {each.entry: each for each in self._of_part(words, 0, len(words), telling(words))}
        if any(named.rank is Rank.WHOLE for named in best.values()):
            return _in_order(best)  # nothing else that the words may mean comes near to it
        for named in self._named(words):
            if named.entry not in best or named.rank < best[named.entry].rank:
                best[named.entry] = named
        return _in_order(best)

    def _named(self, words: Sequence[str]) -> Iterator[Named]:
        for start, end, telling_words in self._parts(words):
            if telling_words in self.by_telling:
                yield from self._of_part(words, start, end, telling_words)

    def _parts(self, words: Sequence[str]) -> Iterator[tuple[int, int, frozenset[str]]]:
        """Yield each run of words that may be a name, from where to where, with its telling words.

        None goes on over a word that is in no name.
        """
        single = [*map(undoubled, words)]
        for start in range(len(words)):
            all_words: set[str] = set()
            for end in range(start + 1, min(len(words), start + LONGEST_NAME) + 1):
                if single[end - 1] not in self.words:
                    break
                all_words.add(single[end - 1])
                yield start, end, frozenset(all_words - TYPE_WORDS or all_words)

    def _of_part(
        self, words: Sequence[str], start: int, end: int, telling_words: frozenset[str]
    ) -> Iterator[Named]:
        for name in self.by_telling.get(telling_words, ()):
            rank = _rank(words[start:end], name)
            if rank is not None and self._are_its_own((words[:start], words[end:]), name.entry):
                yield Named(name.entry, rank, name.text)

    def _are_its_own(self, around: Iterable[Sequence[str]], entry: int) -> bool:
        school = self.entries[entry].schools[0]
        beyond = [[undoubled(word) for word in words] for words in around if words]
        if not beyond:
            return True
        runs = _said_of(school)
        if not school.postcode:  # any contradicts nothing that is known
            runs |= {(word,) for words in beyond for word in words if _is_postcode(word)}
        return all(made_of(words, runs) for words in beyond)


def _in_order(best: Mapping[int, Named]) -> list[Named]:
    return sorted(best.values(), key=lambda named: (named.rank, named.entry))


def _own_names(entries: Sequence[NamedPlace]) -> Iterator[tuple[int, str, str]]:
    for entry, named in enumerate(entries):
        if named.kind is PlaceKind.SCHOOL:
            yield entry, named.name, ""


def _rank(typed: Sequence[str], name: ExactName) -> Rank | None:
    """Return how wholly words with the same telling ones name it; None where its kind differs."""
    whole = Rank.BRACKETS if name.without_brackets else Rank.WHOLE
    if tuple(typed) == name.words:
        return whole
    if [*map(undoubled, typed)] == [*map(undoubled, name.words)]:
        return max(whole, Rank.DOUBLED)
    return Rank.BARE if _agree(frozenset(map(undoubled, typed)) & TYPE_WORDS, name.types) else None


def _agree(typed: frozenset[str], of_name: frozenset[str]) -> bool:
    """Whether the kind of school that was typed, if any, is the name's; “School” adds nothing."""
    return not typed or typed - {_SCHOOL} == of_name - {_SCHOOL}


def _is_postcode(word: str) -> bool:
    return len(word) == 4 and word.isdigit()


def _said_of(school: School) -> set[tuple[str, ...]]:
    """Return what may stand beside a school's name: each a whole run of words, as compared."""
    road = _STREET_NUMBER.sub("", school.address)
    texts = [school.suburb, school.city, school.address, road, school.postcode, school.phone]
    texts += [school.territorial_authority, school.website, f"{school.school_id}"]
    texts += [f"school {school.school_id}", school.education_region, *COUNTRIES]
    return runs_of([*texts, *councils_regions(school)])


def councils_regions(school: School) -> tuple[str, ...]:
    """Return the regions of councils in one of which a school lies."""
    return _COUNCILS_REGIONS.get(school.education_region, ())


def runs_of(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Return each text as a run of words, as they are compared and with letters once."""
    return set().union(*map(_runs, filter(None, texts)))


@lru_cache(maxsize=16_384)  # towns and suburbs come many times
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(map(undoubled, run)) for run in ways_compared(text))


def made_of(words: Sequence[str], runs: set[tuple[str, ...]]) -> bool:
    """Whether words are nothing but some of the runs, one after another."""
    lengths = sorted({len(run) for run in runs})
    reached = {0}
    for at in range(len(words)):
        if at in reached:
            reached |= {at + n for n in lengths if tuple(words[at : at + n]) in runs}
    return len(words) in reached
