"""The exact names: which schools a text names wholly, and nothing beside them.

The rule: the words that tell a name from others are the same in the text and in the name, both
ways; what a school is (“High School”) may be left out, but agrees where it was typed; what was
typed beyond the name is the school's own whole suburb, town, street line or the like.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from catchments.core.model import NamedPlace, PlaceKind
from catchments.lookup.search.exact.around import are_its_own, is_where_it_lies
from catchments.lookup.search.exact.words import (
    QUALIFIERS,
    ROADS,
    SAYS_LITTLE,
    SCHOOL,
    TYPE_WORDS,
    compared,
    telling,
    undoubled,
    ways_compared,
)

LONGEST_NAME = 16
"""Words of a text that are tried as one name; no school's name has as many."""
MOST_REPEATED = 2
"""Times that one word stands in a name: “Te Kura o Te Kao”."""
_BRACKETED = re.compile(r"\([^()]*\)")


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
    QUALIFIED = 4
    """Those but for a “Catholic” or “Girls'”: no whole name, but whoever bears it is meant as well
    where another school's bare name was typed."""


class ExactName(NamedTuple):
    """A name that a school is known by, as it is compared."""

    entry: int
    words: tuple[str, ...]
    """In order, shortened ones in the one form that stands for all."""
    rank: Rank = Rank.WHOLE
    """That of whoever types just these words."""
    text: str = ""
    """The name itself, where it is not the school's own: an earlier one, or a nickname."""
    single: tuple[str, ...] = ()
    """The words with letters once."""
    telling_count: int = 0
    """How many of them tell it from others."""


class Named(NamedTuple):
    """A school that a text names wholly."""

    entry: int
    rank: Rank
    by: str
    """The earlier name or nickname that was typed; empty for its own."""


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
        if _has_whole(best):
            return _in_order(best)
        # The longest from the first word on before all others: where people begin with the name.
        for start, end, telling_words in sorted(self._parts(words), key=lambda p: (p[0], -p[1])):
            for named in self._of_part(words, start, end, telling_words):
                if named.entry not in best or named.rank < best[named.entry].rank:
                    best[named.entry] = named
            if _has_whole(best):
                break
        return _in_order(best)

    def named_in(self, typed: Sequence[str], *, at_least: int) -> list[int]:
        """Return the schools whose whole name stands somewhere in folded words, the longest first.

        `at_least` are the words of it that were typed. What else was typed may contradict it, so
        that none of them is named wholly.
        """
        words = compared(typed)
        found: dict[int, int] = {}
        for start, end, telling_words in self._parts(words):
            if end - start >= at_least:
                for name, _ in self._ranked(words[start:end], telling_words):
                    if name.rank < Rank.QUALIFIED:
                        found[name.entry] = max(found.get(name.entry, 0), end - start)
        return sorted(found, key=lambda entry: (-found[entry], entry))

    def _parts(self, words: Sequence[str]) -> Iterator[tuple[int, int, frozenset[str]]]:
        """Yield each run of words that may be a name, from where to where, with its telling words.

        None goes on over a word that is in no name, or that stands a third time.
        """
        single = [*map(undoubled, words)]
        for start in range(len(words)):
            seen: Counter[str] = Counter()
            for end in range(start + 1, min(len(words), start + LONGEST_NAME) + 1):
                word = single[end - 1]
                seen[word] += 1
                if word not in self.words or seen[word] > MOST_REPEATED:
                    break
                found = frozenset(seen.keys() - TYPE_WORDS or seen)
                if found in self.by_telling:
                    yield start, end, found

    def _of_part(
        self, words: Sequence[str], start: int, end: int, telling_words: frozenset[str]
    ) -> Iterator[Named]:
        around = [part for part in (words[:start], words[end:]) if part]
        for name, rank in self._ranked(words[start:end], telling_words):
            school = self.entries[name.entry].schools[0]
            # “Nelson, Nelson” is the town, and no Nelson Intermediate there.
            is_place = rank >= Rank.BARE and is_where_it_lies(words[start:end], school)
            if not around or (not is_place and are_its_own(around, school)):
                yield Named(name.entry, rank, name.text)

    def _ranked(
        self, part: Sequence[str], telling_words: frozenset[str]
    ) -> Iterator[tuple[ExactName, Rank]]:
        """Yield the names that have the telling words of a part, and how wholly it is each."""
        names = self.by_telling.get(telling_words, ())
        single = tuple(map(undoubled, part)) if names else ()
        count = _count_telling(single) or len(single)
        for name in names:
            if (name.telling_count or len(name.single)) == count:
                rank = _rank(tuple(part), single, name)
                if rank is not None:
                    yield name, rank


def _own_names(entries: Sequence[NamedPlace]) -> Iterator[tuple[int, str, str]]:
    for entry, named in enumerate(entries):
        if named.kind is PlaceKind.SCHOOL:
            yield entry, named.name, ""


def _as_compared(entry: int, name: str, text: str) -> Iterator[ExactName]:
    """Yield a name, the same without the part in brackets, and what people leave out of it."""
    for written in dict.fromkeys((name, _BRACKETED.sub(" ", name))):
        rank = Rank.BRACKETS if written != name else Rank.WHOLE
        for words in ways_compared(written):
            yield _counted(ExactName(entry, words, rank, text))
            unqualified = tuple(word for word in words if undoubled(word) not in QUALIFIERS)
            if unqualified != words and not telling(unqualified) <= SAYS_LITTLE | TYPE_WORDS:
                yield _counted(ExactName(entry, unqualified, Rank.QUALIFIED, text))


def _counted(name: ExactName) -> ExactName:
    single = tuple(map(undoubled, name.words))
    return name._replace(single=single, telling_count=_count_telling(single))


def _count_telling(single: Sequence[str]) -> int:
    return sum(word not in TYPE_WORDS for word in single)


def _has_whole(best: Mapping[int, Named]) -> bool:
    """Whether a whole name was typed: nothing else that the words may mean comes near to it."""
    return any(named.rank is Rank.WHOLE for named in best.values())


def _in_order(best: Mapping[int, Named]) -> list[Named]:
    """Return names, the best first; what is only qualified, beside a bare name or not at all."""
    least = min((named.rank for named in best.values()), default=Rank.WHOLE)
    if least is Rank.QUALIFIED:
        return []
    as_good = {Rank.QUALIFIED: Rank.BARE}
    found = (named._replace(rank=as_good.get(named.rank, named.rank)) for named in best.values())
    return sorted(found, key=lambda named: (named.rank, named.entry))


def _rank(typed: tuple[str, ...], single: tuple[str, ...], name: ExactName) -> Rank | None:
    """Return how wholly words with the same telling ones name it; None where its kind differs."""
    if typed == name.words:
        return name.rank
    if single == name.single:
        return max(name.rank, Rank.DOUBLED)
    return max(name.rank, Rank.BARE) if _is_bare(single, name.single) else None


def _is_bare(typed: Sequence[str], own: Sequence[str]) -> bool:
    """Whether words with as many telling ones as a name say nothing else, and say enough."""
    types = [word for word in typed if word in TYPE_WORDS]
    if telling(own) <= SAYS_LITTLE or (not types and typed[-1] in ROADS):
        return False  # “James Street” is a road
    if SCHOOL in typed[:-1] or len(types) > len(set(types)):
        return False  # “School” follows a name, and nothing is two kinds
    return _agree(frozenset(types), TYPE_WORDS.intersection(own))


def _agree(typed: frozenset[str], of_name: frozenset[str]) -> bool:
    """Whether the kind of school that was typed, if any, is the name's; “School” adds nothing."""
    return not typed or typed - {SCHOOL} == of_name - {SCHOOL}
