"""Small numbers: what is told of counts of cases, so that nobody is singled out by one.

A count from 1 to 5 is told as just that. Whatever else is told of the same cases must leave every
one of those five possible: a sum is told as what its parts leave, and where a second table would
give away what the first does not say, its counts are told less exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FEWEST = 6
"""A count below this, and above none, is not told."""
_UNITS = (1, 10, 100, 1_000, 10_000, 100_000)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a count: the least and the most that it may be."""

    least: int
    most: int

    def __str__(self) -> str:
        return f"{self.least:,}" + (f" to {self.most:,}" if self.most > self.least else "")


SMALL = Told(1, FEWEST - 1)


def told(cases: int, unit: int = 1) -> Told:
    """Return what is told of a count; one that is not small is told by the unit."""
    if cases == 0:
        return Told(0, 0)
    if cases < FEWEST:
        return SMALL
    least = cases // unit * unit
    return Told(max(FEWEST, least), least + unit - 1)


def total(parts: Iterable[Told]) -> Told:
    """Return what is known of a sum whose parts are told, and no more."""
    parts = list(parts)
    return Told(sum(part.least for part in parts), sum(part.most for part in parts))


def told_beside(counts: Sequence[int], others: Sequence[int]) -> list[Told] | None:
    """Return what is told of counts beside others, which are told and whose sum is the same.

    By the smallest unit with which nothing small can be worked out of either; None where there is
    none.
    """
    beside = [told(each) for each in others]
    for unit in _UNITS:
        found = [told(each, unit) for each in counts]
        if _leave_all_open(beside, found) and _leave_all_open(found, beside):
            return found
    return None


def _leave_all_open(some: Sequence[Told], others: Sequence[Told]) -> bool:
    """Whether each small count among some may be 1, and may be 5, for all that others say."""
    if SMALL not in some:
        return True
    mine, theirs, span = total(some), total(others), SMALL.most - SMALL.least
    if_one, if_five = Told(mine.least, mine.most - span), Told(mine.least + span, mine.most)
    return _meet(if_one, theirs) and _meet(if_five, theirs)


def _meet(one: Told, other: Told) -> bool:
    return one.least <= other.most and other.least <= one.most
