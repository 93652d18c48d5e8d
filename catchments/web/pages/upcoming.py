"""The prospects of one catchment: what scheduled editions will change about it, and from when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import shapely

from catchments.core.errors import NotKnown, long_date, shown
from catchments.core.model import Catchment, EditionSummary, Provider, code_of
from catchments.lookup.snapshot import AsAt, Published, Snapshot
from catchments.web.pages.catchment_summaries import Entry, entries


@dataclass(frozen=True)
class Prospect:
    """How a catchment differs from a date on from what it was before."""

    effective_from: date
    entry: Entry | None
    """The catchment from then on; None where there is none of its code any more."""
    served_anew: bool
    """Whether another provider serves it, or none, or the first."""
    called_anew: bool
    """Whether the same provider has another phone number."""
    renamed: bool
    redrawn: bool
    joining: int
    """How many schools come to it."""
    leaving: int
    heirs: tuple[Catchment, ...]
    """The catchments that its leaving schools go to, by name."""


def prospects(asked: AsAt, code: str) -> list[Prospect]:
    """Return what changes about a catchment after a date, edition by edition; nothing of the past.

    It is looked at with the schools of the date's directory release throughout. Raises NotKnown
    before the first edition.
    """
    found: list[Prospect] = []
    world, before = asked.world, asked.in_force
    if asked.day < world.today:
        return found
    for later, after in _scheduled(asked):
        prospect = _prospect(world, before, after, code, later.effective_from)
        if _matters(prospect):
            found.append(prospect)
        before = after
    return found


def unknown_catchment(asked: AsAt, code: str, listed_at: str) -> NotKnown:
    """Return what is said where there is no catchment of a code, yet or at all."""
    with_it = (later for later, then in _scheduled(asked) if code in then.edition.catchments)
    first = next(with_it, None)
    coming = f"It comes into being on {long_date(first.effective_from)}. " if first else ""
    return NotKnown(
        f"There is no catchment {shown(code)} on {long_date(asked.day)}.",
        next_step=f"{coming}Choose one from the list at {listed_at}.",
    )


def _scheduled(asked: AsAt) -> Iterator[tuple[EditionSummary, Snapshot]]:
    release = asked.in_force.release.number or 0
    for later in asked.world.timeline.scheduled_after(asked.day):
        yield later, asked.world.numbered(later.number, release)


def _prospect(
    world: Published, before: Snapshot, after: Snapshot, code: str, starts: date
) -> Prospect:
    was, now = entries(world, before).get(code), entries(world, after).get(code)
    old, new = (each.provider if each else None for each in (was, now))
    had, has = _numbers(was, starts), _numbers(now, starts)
    return Prospect(
        effective_from=starts,
        entry=now,
        served_anew=code_of(old) != code_of(new),
        called_anew=_is_called_anew(old, new),
        renamed=bool(was and now and was.catchment.name != now.catchment.name),
        redrawn=bool(was and now) and _is_redrawn(before, after, code),
        joining=len(has - had),
        leaving=len(had - has),
        heirs=_heirs(after, sorted(had - has)),
    )


def _is_called_anew(old: Provider | None, new: Provider | None) -> bool:
    if old is None or new is None or old.code != new.code:
        return False
    return bool(new.phone) and new.phone != old.phone


def _matters(prospect: Prospect) -> bool:
    told = (prospect.served_anew, prospect.called_anew, prospect.renamed, prospect.redrawn)
    return any(told) or bool(prospect.joining or prospect.leaving)


def _numbers(entry: Entry | None, day: date) -> set[int]:
    return {each.school.school_id for each in entry.schools(day)} if entry else set()


def _is_redrawn(before: Snapshot, after: Snapshot, code: str) -> bool:
    old, new = (each.edition.boundaries.get(code) for each in (before, after))
    if old is None or new is None:
        return old is not new
    return not shapely.equals_identical(old, new)


def _heirs(after: Snapshot, numbers: Sequence[int]) -> tuple[Catchment, ...]:
    answers = (after.answers.get(number) for number in numbers)
    found: Mapping[str, Catchment] = {
        a.catchment.code: a.catchment for a in answers if a and a.catchment
    }
    return tuple(sorted(found.values(), key=lambda catchment: catchment.name))
