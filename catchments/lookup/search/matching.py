"""The match of a candidate that a text does not name wholly: a slip away, a part, or its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rapidfuzz.distance import OSA

from catchments.core.model import MatchKind, NamedPlace, PlaceKind
from catchments.core.text_folding import words_of
from catchments.lookup.search.addresses.parts import without_end
from catchments.lookup.search.exact_names import TYPE_WORDS, compared, telling, undoubled

_SHORTEST_SLIPPED = 4
"""Letters of a name in which a slip is told from another name."""
IN_ORDER = (
    MatchKind.EXACT,
    MatchKind.SLIP,
    MatchKind.PART,
    MatchKind.LOCALITY,
    MatchKind.MAIL_TOWN,
)


def judged(typed: Sequence[str], named: NamedPlace) -> MatchKind:
    """Return how folded words reach a school, suburb or town that they do not name wholly."""
    if _is_one_slip_away(typed, named):
        return MatchKind.SLIP
    if named.kind is not PlaceKind.SCHOOL:
        return MatchKind.PART
    return MatchKind.PART if _names_a_part(typed, named) else MatchKind.LOCALITY


def _is_one_slip_away(typed: Sequence[str], named: NamedPlace) -> bool:
    words = [undoubled(word) for word in compared(without_end(typed)[0])]
    names = [_joined(way) for way in _ways(named)]
    return any(
        OSA.distance(_joined(words[:end]), name, score_cutoff=1) <= 1
        for end in _ends(words, named)
        for name in names
        if len(name) >= _SHORTEST_SLIPPED
    )


def _ends(words: Sequence[str], named: NamedPlace) -> Iterator[int]:
    """Yield how many of some words may be the name: all, or all but where it lies."""
    yield len(words)
    within = [[*map(undoubled, compared(words_of(part)))] for part in named.within.split(", ")]
    for place in (*within, [word for part in within for word in part]):
        if place and [*words[-len(place) :]] == place:
            yield len(words) - len(place)


def _ways(named: NamedPlace) -> Iterator[list[str]]:
    """Yield the words of a name, and of a school's without what it is."""
    words = [undoubled(word) for word in compared(words_of(named.name))]
    yield words
    if named.kind is PlaceKind.SCHOOL:
        yield [word for word in words if word not in TYPE_WORDS]


def _joined(words: Sequence[str]) -> str:
    return "".join(words)


def _names_a_part(typed: Sequence[str], named: NamedPlace) -> bool:
    """Whether one of the telling words is, or begins, one of the name's; or is one slip from it."""
    of_name = telling(compared(words_of(named.name)))
    return any(
        name.startswith(word) or OSA.distance(word, name, score_cutoff=1) <= 1
        for word in telling(compared(typed))
        for name in of_name
        if len(word) > 1
    )


def what_differs(typed: Sequence[str], name: str) -> list[tuple[str, bool]]:
    """Return the words of a name as it is written, each with whether it is none that was typed.

    `typed` are folded words.
    """
    known = set(map(undoubled, compared(typed)))
    return [(word, not known.issuperset(_said(word))) for word in name.split()]


def _said(word: str) -> list[str]:
    return [*map(undoubled, compared(words_of(word)))]
