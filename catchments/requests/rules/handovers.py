"""Handovers: which open cases go to another provider because their school changes hands.

Nothing is remembered of what was published: who serves a school on a day is asked anew, and a case
whose holder is another one is to be handed over. So whatever is published, withdrawn or published
again meanwhile, and whenever the process dies, what is done next is what holds then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from catchments.requests.rules.cases import Case
from catchments.requests.rules.served import Served


class HandoverState(StrEnum):
    """Where a handover stands."""

    COMING = "coming"
    DONE = "done"
    CALLED_OFF = "called off"


@dataclass(frozen=True, slots=True)
class HeldCase:
    """An open case that a change of catchments may move, and what decides where to."""

    case: Case
    school_id: int


@dataclass(frozen=True, slots=True)
class Move:
    """That a case goes to who serves its school from a day on."""

    reference: str
    day: date
    served: Served


def moves_on(
    held: Iterable[HeldCase],
    served: Mapping[int, Served],
    holders: Mapping[str, str],
) -> list[Move]:
    """Return the cases that are not with who serves their school, given who does on a day.

    `holders` maps a case's reference to the code of the provider that has it, by then. A school
    that nobody is known to serve moves no case: without a provider it never is.
    """
    found = []
    for each in held:
        answer = served.get(each.school_id)
        if each.case.stays or not each.case.is_open:
            continue
        if answer is None or not answer.is_resolved:
            continue
        if answer.provider_code != holders[each.case.reference]:
            found.append(Move(each.case.reference, answer.on, answer))
    return found


def moves_ahead(
    held: Iterable[HeldCase],
    by_day: Mapping[date, Mapping[int, Served]],
    holders: Mapping[str, str],
) -> list[Move]:
    """Return the moves of some days in order: each from where the one before leaves a case."""
    cases, at, found = list(held), dict(holders), []
    for day in sorted(by_day):
        moves = moves_on(cases, by_day[day], at)
        at |= {move.reference: move.served.provider_code for move in moves}
        found += moves
    return found
