"""Open cases of requests for support that a draft would move: counts, asked for over HTTP.

Requests for support are an application of their own. Where they are not set up, or do not answer,
the impact goes on without them, and says which of the two it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import requests

from catchments.core.settings import Settings
from catchments.editions.differences import SchoolChange, catchment_of, code_of

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


@dataclass(frozen=True)
class MovingCases:
    """How many open cases of a catchment go from one provider to another."""

    catchment: str
    """What it is called after the draft."""
    before: str
    after: str
    """Providers by name."""
    cases: int


@dataclass(frozen=True)
class OpenCases:
    """What is known of the open cases that a draft would move."""

    rows: tuple[MovingCases, ...] = ()
    is_known: bool = True
    """False where requests for support did not answer."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(row.cases for row in self.rows)


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
    held = _held(address, key, [each.school.school_id for each in served])
    return OpenCases(is_known=False) if held is None else OpenCases(_rows(served, held))


def _rows(
    moved: Iterable[SchoolChange], held: dict[int, dict[str, int]]
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
    return tuple(MovingCases(*key, cases) for key, cases in sorted(counted.items()))


def _held(address: str, key: str, school_ids: Sequence[int]) -> dict[int, dict[str, int]] | None:
    """Return by school how many open cases each provider has, or None where nobody answers."""
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
                answer = msgspec.json.decode(content, type=_Counts)
                return {each.school_id: each.held_by for each in answer.schools}
    except (requests.RequestException, OSError, msgspec.MsgspecError, RecursionError):
        return None
