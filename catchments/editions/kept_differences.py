"""What an edition changed, kept with it: worked out once at publication, read ever after."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from catchments.changes import Comparison
from catchments.core.model import Answer, Catchment, Edition, Provider, School, Status
from catchments.editions.differences import (
    Difference,
    Renewal,
    SchoolChange,
    difference,
    schools_changed,
)
from catchments.lookup.snapshot import Snapshot
from catchments.store import Artefact

DIFFERENCE = "difference.json"
"""The name that it is kept under."""


@dataclass(frozen=True, slots=True)
class _Side:
    """Of an answer what a change is told by."""

    status: Status
    catchment: Catchment | None
    provider: Provider | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """A difference as it is written: pairs in place of what JSON has no keys for."""

    before: int | None
    release: int | None
    comparison: Comparison
    catchments_added: tuple[Catchment, ...]
    catchments_removed: tuple[Catchment, ...]
    catchments_changed: tuple[tuple[Catchment, Catchment], ...]
    boundaries_changed: tuple[Catchment, ...]
    providers_added: tuple[Provider, ...]
    providers_removed: tuple[Provider, ...]
    providers_changed: tuple[tuple[Provider, Provider], ...]
    providers: tuple[tuple[str | None, str], ...]
    schools: tuple[tuple[School, _Side, _Side], ...]


def written_difference(before: Snapshot | None, after: Snapshot) -> Artefact:
    """Return what an edition changed, to be kept; both are with the same directory release."""
    if before is None:
        found = difference(Edition(), after.edition, [])
    else:
        changed = schools_changed(before.answers, after.answers)
        found = difference(before.edition, after.edition, changed)
    content = msgspec.json.encode(_kept(found, after.release.number))
    return Artefact(DIFFERENCE, "application/json", content)


def read_difference(
    content: bytes | None, *, before: int | None, release: int | None
) -> Difference | None:
    """Return a difference that was kept, if it is of these: to that edition, with that release."""
    if content is None:
        return None
    try:
        kept = msgspec.json.decode(content, type=_Kept)
    except msgspec.DecodeError:
        return None  # written by another version: it is worked out anew
    return _found(kept) if (kept.before, kept.release) == (before, release) else None


def _kept(found: Difference, release: int | None) -> _Kept:
    return _Kept(
        before=found.before_number,
        release=release,
        comparison=found.comparison,
        catchments_added=found.catchments_added,
        catchments_removed=found.catchments_removed,
        catchments_changed=tuple((each.before, each.after) for each in found.catchments_changed),
        boundaries_changed=found.boundaries_changed,
        providers_added=found.providers_added,
        providers_removed=found.providers_removed,
        providers_changed=tuple((each.before, each.after) for each in found.providers_changed),
        providers=tuple(found.providers_by_code.items()),
        schools=tuple((s.school, _side(s.before), _side(s.after)) for s in found.schools),
    )


def _side(answer: Answer) -> _Side:
    return _Side(answer.status, answer.catchment, answer.provider)


def _found(kept: _Kept) -> Difference:
    return Difference(
        before_number=kept.before,
        comparison=kept.comparison,
        catchments_added=kept.catchments_added,
        catchments_removed=kept.catchments_removed,
        catchments_changed=tuple(Renewal(*pair) for pair in kept.catchments_changed),
        boundaries_changed=kept.boundaries_changed,
        providers_added=kept.providers_added,
        providers_removed=kept.providers_removed,
        providers_changed=tuple(Renewal(*pair) for pair in kept.providers_changed),
        providers_by_code=dict(kept.providers),
        schools=tuple(
            SchoolChange(school, _answer(school, old), _answer(school, new))
            for school, old, new in kept.schools
        ),
    )


def _answer(school: School, side: _Side) -> Answer:
    return Answer(side.status, "", school=school, catchment=side.catchment, provider=side.provider)
