"""The comparison of two editions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import shapely

from catchments.core.model import Answer, Contract, Edition, Provider, School
from catchments.geometry.tiling.redrawn import is_redrawn
from catchments.runtime.remembered import Remembered

_REDRAWN = Remembered()
"""Whether one boundary is another redrawn, of the pairs that something still holds."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two editions; each tuple is sorted."""

    catchments_added: tuple[str, ...]
    catchments_removed: tuple[str, ...]
    catchments_changed: tuple[str, ...]
    """Codes whose name, region or provider differs."""
    boundaries_changed: tuple[str, ...]
    """Codes of catchments in both that are redrawn: ground changed hands, or it is the first."""
    providers_added: tuple[str, ...]
    providers_removed: tuple[str, ...]
    providers_changed: tuple[str, ...]
    listings_changed: tuple[int, ...]
    """Numbers of schools listed elsewhere, newly listed or no longer listed."""
    in_school_provision_changed: tuple[int, ...]
    """Numbers of schools that gain or lose in-school provision, or whose note differs."""
    boundaries_touched: tuple[str, ...] = ()
    """Codes of catchments in both whose boundary differs, be it in a vertex on a straight line."""

    def __bool__(self) -> bool:
        names = set(self.__dataclass_fields__) - {"boundaries_touched"}
        return any(getattr(self, name) for name in names)


def in_short(before: Edition, after: Edition) -> str:
    """Return in a few words how much differs between two editions: “2 changed, 1 redrawn”."""
    found = compare(before, after)
    counts = (
        (len(found.catchments_added), "new"),
        (len(found.catchments_removed), "ended"),
        (len(found.catchments_changed), "changed"),
        (len(found.boundaries_changed), "redrawn"),
        (len(found.providers_added), "new providers"),
        (len(found.providers_removed), "providers gone"),
        (len(found.providers_changed), "providers changed"),
        (len(found.listings_changed), "schools listed otherwise"),
        (len(found.in_school_provision_changed), "with other in-school provision"),
    )
    return ", ".join(f"{count:,} {what}" for count, what in counts if count) or "nothing differs"


def compare(before: Edition, after: Edition) -> Comparison:
    """Return what differs between two editions."""
    both = sorted(set(before.catchments) & set(after.catchments))
    touched = tuple(code for code in both if _boundary_differs(before, after, code))
    listings_before = {**before.listings, **dict.fromkeys(before.unserved, "")}
    listings_after = {**after.listings, **dict.fromkeys(after.unserved, "")}
    return Comparison(
        catchments_added=_only_in(after.catchments, before.catchments),
        catchments_removed=_only_in(before.catchments, after.catchments),
        catchments_changed=_differing(before.catchments, after.catchments),
        boundaries_changed=tuple(code for code in touched if _is_redrawn(before, after, code)),
        providers_added=_only_in(after.providers, before.providers),
        providers_removed=_only_in(before.providers, after.providers),
        providers_changed=_differing(_described(before), _described(after)),
        listings_changed=_altered(listings_before, listings_after),
        in_school_provision_changed=_altered(before.in_school_provision, after.in_school_provision),
        boundaries_touched=touched,
    )


def _described(edition: Edition) -> dict[str, tuple[Provider, Contract | None]]:
    """Return each provider with its contract."""
    return {code: (p, edition.contracts.get(code)) for code, p in edition.providers.items()}


def _altered(before: Mapping[int, str], after: Mapping[int, str]) -> tuple[int, ...]:
    """Return the schools that one has and the other lacks, or has otherwise."""
    return tuple(sorted(s for s in {*before, *after} if before.get(s) != after.get(s)))


def _boundary_differs(before: Edition, after: Edition, code: str) -> bool:
    old, new = before.boundaries.get(code), after.boundaries.get(code)
    if old is new:  # a draft keeps the very objects that it does not touch: no need to read
        return False
    return old is None or new is None or not shapely.equals_identical(old, new)


def _is_redrawn(before: Edition, after: Edition, code: str) -> bool:
    old, new = before.boundaries.get(code), after.boundaries.get(code)
    if old is None or new is None:
        return True
    known: bool | None = _REDRAWN.of(old, new)
    if known is None:
        known = is_redrawn(old, new)
        _REDRAWN.keep(old, new, known)
    return known


def _only_in(these: Mapping[str, object], those: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(sorted(set(these) - set(those)))


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(sorted(k for k in set(before) & set(after) if before[k] != after[k]))


def schools_moved(
    before: Mapping[int, Answer], after: Mapping[int, Answer]
) -> list[tuple[School, Provider | None, Provider | None]]:
    """Return each school whose provider differs, with the provider before and after."""
    moved = []
    for school_id in sorted(set(before) & set(after)):
        old, new = before[school_id], after[school_id]
        if old.provider != new.provider and new.school:
            moved.append((new.school, old.provider, new.provider))
    return moved
