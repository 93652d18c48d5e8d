"""Open cases of requests for support that a draft would move: counts, asked for over HTTP.

Requests for support are an application of their own. Where they are not set up, or do not answer,
the impact goes on without them, and says which of the two it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from catchments.core.model import code_of
from catchments.core.settings import Settings
from catchments.editions.differences import SchoolChange, catchment_of

TIMEOUT_S = (0.5, 2.0)
"""A page waits for it."""
LARGEST = 2_000_000
"""Bytes of an answer that is read."""


class _School(msgspec.Struct, frozen=True):
    """What is answered of one school; what else is told of it is not looked at."""

    school_id: int
    held_by: dict[str, int]


class _Counts(msgspec.Struct, frozen=True):
    schools: list[_School]
    fewest_told: Annotated[int, msgspec.Meta(ge=1)] = 1
    """A sum below this is not to be told."""


@dataclass(frozen=True)
class MovingCases:
    """How many open cases of a catchment go from one provider to another."""

    catchment: str
    """What it is called after the draft."""
    before: str
    after: str
    """Providers by name."""
    cases: int
    fewest_told: int = 1
    """Below this it is said that there are some, and not how many: nobody is singled out."""

    @property
    def least(self) -> int:
        """The least that they may be, as far as is told."""
        return 1 if self.cases < self.fewest_told else self.cases

    @property
    def most(self) -> int:
        """The most that they may be, as far as is told."""
        return self.fewest_told - 1 if self.cases < self.fewest_told else self.cases

    @property
    def told(self) -> str:
        """How many there are, as far as is told."""
        return as_told(self.least, self.most)


@dataclass(frozen=True)
class OpenCases:
    """What is known of the open cases that a draft would move."""

    rows: tuple[MovingCases, ...] = ()
    is_known: bool = True
    """False where requests for support did not answer."""

    @property
    def most(self) -> int:
        """The most that all of them may be, as far as is told."""
        return sum(row.most for row in self.rows)

    @property
    def total(self) -> str:
        """All of them, as far as the rows tell: no more can be worked out of it than of those."""
        return as_told(sum(row.least for row in self.rows), self.most)


def open_cases(settings: Settings, moved: Sequence[SchoolChange]) -> OpenCases | None:
    """Return which open cases would move with schools that change provider.

    None where requests for support are not set up. A school that nobody would serve keeps its cases
    where they are.
    """
    address, key = settings.owner.requests, settings.requests_counts_key
    if not (address and key):
        return None
    served = [each for each in moved if each.changes_provider and each.after.provider]
    if not served:
        return OpenCases()
    counts = _counts(address, key, [each.school.school_id for each in served])
    if counts is None:
        return OpenCases(is_known=False)
    held = {each.school_id: each.held_by for each in counts.schools}
    return OpenCases(_rows(served, held, counts.fewest_told))


def as_told(least: int, most: int) -> str:
    """Return a count of which no more is told than between which it is."""
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _rows(
    moved: Iterable[SchoolChange], held: dict[int, dict[str, int]], fewest_told: int
) -> tuple[MovingCases, ...]:
    counted: Counter[tuple[str, str, str]] = Counter()
    for each in moved:
        after = code_of(each.after.provider)
        holders = held.get(each.school.school_id, {})
        cases = sum(count for code, count in holders.items() if code != after)
        if cases:
            into, old, new = catchment_of(each.after), each.before.provider, each.after.provider
            names = old.name if old else "", new.name if new else ""
            counted[into[1] if into else "", *names] += cases
    return tuple(MovingCases(*key, cases, fewest_told) for key, cases in sorted(counted.items()))


def _counts(address: str, key: str, school_ids: Sequence[int]) -> _Counts | None:
    """Return how many open cases each provider has of each school; None where nobody answers."""
    import requests  # four megabytes: only who asks elsewhere pays

    try:
        with requests.Session() as session:
            session.trust_env = False
            with session.post(
                f"{address}/requests/v1/counts",
                json={"school_ids": list(school_ids)},
                headers={"Authorization": f"Bearer {key}"},
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as response:
                response.raise_for_status()
                content = response.raw.read(LARGEST + 1, decode_content=True)
                return msgspec.json.decode(content, type=_Counts)
    except (requests.RequestException, OSError, msgspec.MsgspecError, RecursionError):
        return None
