"""The comparison of two editions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import shapely

from catchments.core.model import Answer, Contract, Edition, Provider, School, code_of
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
    """Return in a few words how much differs between two editions: “2 renamed, 1 redrawn”."""
    found = compare(before, after)

    def differing(field: str) -> int:
        pairs = ((before.catchments[c], after.catchments[c]) for c in found.catchments_changed)
        return sum(getattr(old, field) != getattr(new, field) for old, new in pairs)

    listed = [_listed(before), _listed(after)]
    delisted, new = (sum(n not in side for n in found.listings_changed) for side in listed[::-1])
    counts = (
        (len(found.catchments_added), "new"),
        (len(found.catchments_removed), "ended"),
        (differing("name"), "renamed"),
        (differing("education_region"), "in another education region"),
        (differing("provider_code"), "with another provider"),
        (len(found.boundaries_changed), "redrawn"),
        (len(found.providers_added), "new providers"),
        (len(found.providers_removed), "providers gone"),
        (len(found.providers_changed), "providers changed"),
        (new, "schools newly listed"),
        (delisted, "schools off the list"),
        (len(found.listings_changed) - new - delisted, "schools listed otherwise"),
        (len(found.in_school_provision_changed), "with other in-school provision"),
    )
    return ", ".join(_counted(*each) for each in counts if each[0]) or "nothing differs"


def _counted(count: int, what: str) -> str:
    one = what.replace("schools", "school").replace("providers", "provider")
    return f"{count:,} {one if count == 1 else what}"


def _listed(edition: Edition) -> dict[int, str]:
    """Return the catchment that a list names for each school; empty where it names none."""
    return {**edition.listings, **dict.fromkeys(edition.unserved, "")}


def compare(before: Edition, after: Edition) -> Comparison:
    """Return what differs between two editions."""
    both = sorted(set(before.catchments) & set(after.catchments))
    touched = tuple(code for code in both if _boundary_differs(before, after, code))
    return Comparison(
        catchments_added=_only_in(after.catchments, before.catchments),
        catchments_removed=_only_in(before.catchments, after.catchments),
        catchments_changed=_differing(before.catchments, after.catchments),
        boundaries_changed=tuple(code for code in touched if _is_redrawn(before, after, code)),
        providers_added=_only_in(after.providers, before.providers),
        providers_removed=_only_in(before.providers, after.providers),
        providers_changed=_differing(_described(before), _described(after)),
        listings_changed=_altered(_listed(before), _listed(after)),
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
    """Return each school that another provider serves, with the provider before and after."""
    moved = []
    for school_id in sorted(set(before) & set(after)):
        old, new = before[school_id], after[school_id]
        if code_of(old.provider) != code_of(new.provider) and new.school:
            moved.append((new.school, old.provider, new.provider))
    return moved
