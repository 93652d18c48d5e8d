"""Totals of both sides while an area is being drawn: what would go to a catchment, and from whom.

A part of the impact that is quick: the same sums over the same answers, without what follows from
boundaries. What publication would be refused for is the impact's own to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from catchments.core.model import Basis, Catchment, Edition
from catchments.editions.impact.rates import Rates
from catchments.editions.impact.tables import NOTHING, Answers, Numbers, numbers_of


@dataclass(frozen=True, slots=True)
class Load:
    """A provider's share before and after, beside what its contract is for."""

    name: str
    before: Numbers
    after: Numbers
    capacity: int | None
    """Chronically absent students; None where no contract says it."""


@dataclass(frozen=True, slots=True)
class SideTotals:
    """One catchment that gives or gets."""

    code: str
    name: str
    gets: bool
    before: Numbers
    after: Numbers
    load: Load | None
    """None where nobody serves it."""


def going(answers: Answers, inside: Iterable[int], givers: Collection[str]) -> set[int]:
    """Return the schools in an area that go with it: those whose answer is one of its givers.

    One that lies in no boundary, and has the nearest catchment, is not moved by ground.
    """
    return {
        number
        for number in inside
        if (answer := answers.get(number)) is not None
        and answer.catchment is not None
        and answer.catchment.code in givers
        and answer.basis is not Basis.NEAREST
    }


def live_totals(
    content: Edition,
    answers: Answers,
    moving: Collection[int],
    to: Catchment,
    rates: Rates,
    on: date,
) -> tuple[SideTotals, ...]:
    """Return the totals of whoever gives, and of the catchment that gets, which is the last."""
    givers = {c.code for n in moving if (c := answers[n].catchment) and c.code != to.code}
    provider = content.provider_of(to)
    moved = {n: replace(answers[n], catchment=to, provider=provider) for n in moving}
    before, after = (numbers_of(a, rates, on) for a in (answers, {**answers, **moved}))
    sides = [content.catchments[code] for code in sorted(givers) if code in content.catchments]
    return tuple(
        _totals(content, each, before, after, gets=each.code == to.code) for each in (*sides, to)
    )


_Sums = tuple[Mapping[str, Numbers], Mapping[str, Numbers]]


def _totals(
    content: Edition, catchment: Catchment, before: _Sums, after: _Sums, *, gets: bool
) -> SideTotals:
    code, served_by = catchment.code, catchment.provider_code or ""
    provider, contract = content.providers.get(served_by), content.contracts.get(served_by)
    load = None
    if provider is not None:
        had, has = before[1].get(served_by, NOTHING), after[1].get(served_by, NOTHING)
        load = Load(provider.name, had, has, contract.capacity if contract else None)
    was, is_ = before[0].get(code, NOTHING), after[0].get(code, NOTHING)
    return SideTotals(code, catchment.name, gets, was, is_, load)
