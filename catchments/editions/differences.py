"""Differences between editions: worked out, kept with an edition, told in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from catchments.changes.comparison import Comparison, compare
from catchments.core.errors import first_of
from catchments.core.model import (
    Answer,
    Catchment,
    Edition,
    Provider,
    School,
    SchoolStatus,
    Status,
    code_of,
)
from catchments.editions import change_schema
from catchments.lookup.snapshot import Snapshot
from catchments.store import Artefact

T = TypeVar("T")
DIFFERENCE = "difference.json"
"""The name under which what an edition changed is kept with it."""
NAMED_AT_MOST = 10
"""In a sentence; the rest is a number."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Of a school's answer what a change is told by: where it belongs, and who serves it."""

    status: Status
    catchment: Catchment | None
    provider: Provider | None

    @classmethod
    def of(cls, answer: Answer) -> Assignment:
        """Return what an answer assigns its school to."""
        return cls(answer.status, answer.catchment, answer.provider)


class SchoolChange(NamedTuple):
    """One school whose assignment differs between two editions."""

    school: School
    before: Assignment
    after: Assignment

    @property
    def changes_provider(self) -> bool:
        """Whether another provider serves it, not only the same one with other details."""
        return code_of(self.before.provider) != code_of(self.after.provider)

    @property
    def changes_catchment(self) -> bool:
        """Whether it is in another catchment, or in one of another name."""
        return catchment_of(self.before) != catchment_of(self.after)

    @property
    def catchment_names(self) -> tuple[str, str] | None:
        """What its catchment was and is called, with the codes where both have one name; or None.

        Empty where it is in none.
        """
        if not self.changes_catchment:
            return None
        old, new = catchment_of(self.before), catchment_of(self.after)
        if old and new and old[1] == new[1]:
            return f"{old[1]} ({old[0]})", f"{new[1]} ({new[0]})"
        return (old[1] if old else ""), (new[1] if new else "")

    @property
    def names(self) -> tuple[str, str]:
        """What it goes from and to: the catchments, or the providers where its catchment stays."""
        before, after = self.before.provider, self.after.provider
        providers = (before.name if before else ""), (after.name if after else "")
        return self.catchment_names or providers


class ProvisionChange(NamedTuple):
    """One school whose in-school provision begins, ends or is described otherwise."""

    school_id: int
    before: str | None
    """The note on it; None where there is none."""
    after: str | None


class Renewal(NamedTuple, Generic[T]):
    """One provider or catchment in both editions that differs."""

    before: T
    after: T


@dataclass(frozen=True)
class Difference:
    """What an edition changed, compared to the one before it; kept as JSON, field by field."""

    before: int | None
    """Its number; None for a first edition, which is compared with nothing."""
    release: int | None
    """The number of the directory release that both were looked at with."""
    comparison: Comparison
    catchments_added: tuple[Catchment, ...]
    catchments_removed: tuple[Catchment, ...]
    catchments_changed: tuple[Renewal[Catchment], ...]
    """Those whose name, region or provider differs."""
    boundaries_changed: tuple[Catchment, ...]
    providers_added: tuple[Provider, ...]
    providers_removed: tuple[Provider, ...]
    providers_changed: tuple[Renewal[Provider], ...]
    """Those whose public details differ; contracts are nobody else's business."""
    providers: tuple[tuple[str | None, str], ...]
    """Code and name of both editions' providers; the name is the later one's."""
    schools: tuple[SchoolChange, ...]
    in_school_provision: tuple[ProvisionChange, ...]
    """By number; none of a first edition, as with `schools` and the two that follow."""
    listings_changed: tuple[int, ...]
    """Numbers of schools listed elsewhere, newly or no longer; their answer may be the same."""
    unserved_added: tuple[int, ...]
    unserved_removed: tuple[int, ...]

    @property
    def providers_by_code(self) -> dict[str | None, str]:
        """The names of providers; None, for nobody, has none."""
        return dict(self.providers)


def schools_changed(
    before: Mapping[int, Answer], after: Mapping[int, Answer]
) -> list[SchoolChange]:
    """Return each school whose catchment, provider or provider's contact details differ.

    By number; schools that are closed, or in one of the directories alone, are left out.
    """
    return [
        SchoolChange(new.school, Assignment.of(old), Assignment.of(new))
        for number, old in sorted(before.items())
        if (new := after.get(number)) is not None
        and new.school
        and new.school.status is not SchoolStatus.CLOSED
        and (catchment_of(old), old.provider) != (catchment_of(new), new.provider)
    ]


def difference(
    old: Edition | None, new: Edition, schools: Sequence[SchoolChange], *, release: int | None
) -> Difference:
    """Return what differs between two editions, of which `schools` are answered otherwise.

    `release` is the number of the directory that they were asked with.
    """
    is_first = old is None
    old = old or Edition()
    found = compare(old, new)
    return Difference(
        before=old.number,
        release=release,
        comparison=found,
        catchments_added=tuple(new.catchments[code] for code in found.catchments_added),
        catchments_removed=tuple(old.catchments[code] for code in found.catchments_removed),
        catchments_changed=tuple(
            Renewal(old.catchments[code], new.catchments[code]) for code in found.catchments_changed
        ),
        boundaries_changed=tuple(new.catchments[code] for code in found.boundaries_changed),
        providers_added=tuple(new.providers[code] for code in found.providers_added),
        providers_removed=tuple(old.providers[code] for code in found.providers_removed),
        providers_changed=tuple(
            Renewal(old.providers[code], new.providers[code])
            for code in found.providers_changed
            if old.providers[code] != new.providers[code]
        ),
        providers=tuple((c, p.name) for c, p in {**old.providers, **new.providers}.items()),
        schools=tuple(schools),
        in_school_provision=() if is_first else _provision(old, new, found),
        listings_changed=() if is_first else found.listings_changed,
        unserved_added=() if is_first else tuple(sorted(new.unserved - old.unserved)),
        unserved_removed=() if is_first else tuple(sorted(old.unserved - new.unserved)),
    )


def _provision(old: Edition, new: Edition, found: Comparison) -> tuple[ProvisionChange, ...]:
    before, after = old.in_school_provision, new.in_school_provision
    return tuple(
        ProvisionChange(number, before.get(number), after.get(number))
        for number in found.in_school_provision_changed
    )


def catchment_of(answer: Answer | Assignment) -> tuple[str, str] | None:
    """Return code and name of an answer's catchment."""
    return (answer.catchment.code, answer.catchment.name) if answer.catchment else None


# --- kept with its edition ------------------------------------------------------------------------


def written_difference(before: Snapshot | None, after: Snapshot) -> Artefact:
    """Return what an edition changed, to be kept; both are with the same directory release."""
    old = before.edition if before else None
    changed = schools_changed(before.answers, after.answers) if before else []
    found = difference(old, after.edition, changed, release=after.release.number)
    return Artefact(DIFFERENCE, "application/json", msgspec.json.encode(found))


def read_difference(
    content: bytes | None, *, before: int | None, release: int | None
) -> Difference | None:
    """Return a difference that was kept, if it is of these: to that edition, with that release."""
    if content is None:
        return None
    try:
        found = msgspec.json.decode(content, type=Difference)
    except msgspec.DecodeError:
        return None  # written by another version: it is worked out anew
    return found if (found.before, found.release) == (before, release) else None


# --- in words -------------------------------------------------------------------------------------


def in_words(found: Difference) -> list[str]:
    """Return a sentence for each thing that differs; one says that nothing does."""
    if found.before is None:
        catchments, providers = len(found.catchments_added), len(found.providers_added)
        return [f"The first edition: {catchments} catchments and {providers} providers."]
    said = [
        *_said("New catchment", "New catchments", _names(found.catchments_added)),
        *_said("Catchment ended", "Catchments ended", _names(found.catchments_removed)),
        *_changes_of_catchments(found),
        *_said("Boundary changed", "Boundaries changed", _names(found.boundaries_changed)),
        *_said("New provider", "New providers", _names(found.providers_added)),
        *_said("Provider retired", "Providers retired", _names(found.providers_removed)),
        *_said(
            "Details changed of provider",
            "Details changed of providers",
            _names([each.after for each in found.providers_changed]),
        ),
        *_about_schools(found),
    ]
    return said or ["Nothing that is public differs from the edition before."]


def _changes_of_catchments(found: Difference) -> Iterator[str]:
    served, renamed, elsewhere = [], [], []
    names = found.providers_by_code
    for each in found.catchments_changed:
        old, new = each.before, each.after
        if old.name != new.name:
            renamed.append(f"{old.name} ({old.code}) is now {new.name}")
        if old.education_region != new.education_region:
            elsewhere.append(f"{new.name} ({new.code}) is now in {new.education_region or 'none'}")
        if old.provider_code != new.provider_code:
            was = names.get(old.provider_code, "nobody")
            now = names.get(new.provider_code, "nobody")
            served.append(f"{new.name} ({new.code}) by {now} instead of {was}")
    yield from _said("Served by another provider", "Served by other providers", served)
    yield from _said("Renamed", "Renamed", renamed)
    yield from _said("Education region changed", "Education regions changed", elsewhere)


def _about_schools(found: Difference) -> Iterator[str]:
    comparison = found.comparison
    others = sum(1 for each in found.schools if each.changes_provider)
    # One that is only called otherwise is told where it is renamed.
    moved = sum(1 for each in found.schools if _codes(each)[0] != _codes(each)[1])
    yield from _counted(others, "has another provider", "have another provider")
    yield from _counted(moved, "is in another catchment", "are in another catchment")
    yield from _counted(
        len(comparison.listings_changed), "is listed otherwise", "are listed otherwise"
    )
    yield from _counted(
        len(comparison.in_school_provision_changed),
        "has other in-school provision",
        "have other in-school provision",
    )


def _codes(change: SchoolChange) -> tuple[str, str]:
    old, new = catchment_of(change.before), catchment_of(change.after)
    return (old[0] if old else ""), (new[0] if new else "")


def _counted(count: int, one: str, several: str) -> Iterator[str]:
    if count:
        yield f"1 school {one}." if count == 1 else f"{count} schools {several}."


def _names(things: Sequence[Any]) -> list[str]:
    return [f"{each.name} ({each.code})" for each in things]


def _said(one: str, several: str, things: Sequence[str]) -> Iterator[str]:
    if things:
        first = first_of(things, NAMED_AT_MOST, by="; ", then="; and ")
        yield f"{one if len(things) == 1 else several}: {first}."


# --- for machines ---------------------------------------------------------------------------------


def difference_json(found: Difference) -> change_schema.Changes:
    """Return what differs as values for JSON; names in it are a contract, only ever added to."""
    return {
        "compared_with": found.before,
        "catchments": {
            "added": [each.code for each in found.catchments_added],
            "removed": [each.code for each in found.catchments_removed],
            "changed": [each.after.code for each in found.catchments_changed],
            "boundaries_changed": [each.code for each in found.boundaries_changed],
            "provider_changed": [
                {
                    "code": each.after.code,
                    "before": each.before.provider_code,
                    "after": each.after.provider_code,
                }
                for each in found.catchments_changed
                if each.before.provider_code != each.after.provider_code
            ],
        },
        "providers": {
            "added": [each.code for each in found.providers_added],
            "removed": [each.code for each in found.providers_removed],
            "changed": [each.after.code for each in found.providers_changed],
        },
        "schools": [_school_json(each) for each in found.schools],
        "in_school_provision": [
            {"school_id": each.school_id, "before": each.before, "after": each.after}
            for each in found.in_school_provision
        ],
        "listings_changed": list(found.listings_changed),
        "unserved": {"added": list(found.unserved_added), "removed": list(found.unserved_removed)},
    }


def _school_json(change: SchoolChange) -> change_schema.SchoolChange:
    return {
        "school_id": change.school.school_id,
        "catchment": {
            "before": code_of(change.before.catchment),
            "after": code_of(change.after.catchment),
        },
        "provider": {
            "before": _provider(change.before.provider),
            "after": _provider(change.after.provider),
        },
    }


def _provider(provider: Provider | None) -> change_schema.NamedProvider | None:
    return {"code": provider.code, "name": provider.name} if provider else None
