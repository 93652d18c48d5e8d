"""Effects of changes on an edition, in words: what they add, alter and drop, thing by thing.

Nothing that differs between two editions goes unsaid here; where nothing does, there is no effect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields

from catchments.changes.comparison import compare
from catchments.changes.edition_parts import UNKNOWN
from catchments.changes.naming import catchment, period, provider
from catchments.core.errors import shown
from catchments.core.model import Contract, Edition, Provider, School, SchoolStatus, Source
from catchments.geometry.tiling.redrawn import SOMEBODY, Ground, ground_between

KM2 = 1e6
"""Square metres."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One kind of thing that differs: a heading, and a line for each."""

    what: str
    lines: tuple[str, ...]
    only_adds: bool = False
    """Whether nothing is lost or altered by it: then not every line need be read."""


def effects(before: Edition, after: Edition, schools: Mapping[int, School]) -> list[Effect]:
    """Return what differs between two editions; none means that nothing does.

    `schools` are those of the directory, for their names.
    """
    told = _Telling(before, after, schools)
    found = (
        Effect("Catchments that are new", told.catchments_added(), only_adds=True),
        Effect("Catchments that end", told.catchments_removed()),
        *_of_catchments_that_stay(told),
        Effect(
            "Boundaries that are redrawn, by ground that changes hands, sea included",
            told.redrawn(),
        ),
        *_of_providers_and_listings(told),
        Effect("Schools listed elsewhere", told.moved()),
        *_of_other_declarations(told),
        Effect("What was accepted of the boundaries", told.accepted()),
        Effect("Sources", told.sources()),
    )
    return [effect for effect in found if effect.lines]


def beside_the_ground(
    before: Edition, after: Edition, schools: Mapping[int, School]
) -> list[Effect]:
    """Return what differs between two editions but for boundaries, catchments and sources.

    It costs little: nothing is measured. `schools` are also those that no directory has any more.
    """
    told = _Telling(before, after, schools)
    found = (
        *_of_catchments_that_stay(told),
        *_of_providers_and_listings(told),
        Effect("Closed schools listed elsewhere", told.closed_moved()),
        *_of_other_declarations(told),
    )
    return [effect for effect in found if effect.lines]


def _of_catchments_that_stay(told: _Telling) -> tuple[Effect, ...]:
    return (
        Effect("Catchments that are renamed", told.renamed()),
        Effect("Catchments in another education region", told.regions()),
        Effect("Catchments with another provider", told.served()),
    )


def _of_providers_and_listings(told: _Telling) -> tuple[Effect, ...]:
    return (
        Effect("Providers that are new", told.providers_added(), only_adds=True),
        Effect("Providers that are gone", told.providers_removed()),
        Effect("Providers that are renamed", told.providers_renamed()),
        Effect("Providers with other details", told.details()),
        Effect("Contracts that differ", told.contracts()),
        Effect("Schools that become listed", told.newly_listed(), only_adds=True),
        Effect("Schools that lose their listing", told.losing()),
    )


def _of_other_declarations(told: _Telling) -> tuple[Effect, ...]:
    return (
        Effect("Schools declared to belong to no catchment", told.unserved()),
        Effect("Schools no longer declared to belong to none", told.served_again()),
        Effect("In-school provision", told.provision()),
    )


def losing_listing(before: Edition, after: Edition) -> list[int]:
    """Return the schools that are listed in one edition, and in the next not even unserved."""
    gone = set(before.listings) - set(after.listings) - set(after.unserved)
    return sorted(gone)


class _Telling:
    """The lines of each effect."""

    def __init__(self, before: Edition, after: Edition, schools: Mapping[int, School]) -> None:
        self._before, self._after, self._schools = before, after, schools
        self._comparison = compare(before, after)

    # --- catchments -------------------------------------------------------------------------------

    def catchments_added(self) -> tuple[str, ...]:
        return tuple(catchment(code, self._after) for code in self._comparison.catchments_added)

    def catchments_removed(self) -> tuple[str, ...]:
        return tuple(catchment(c, self._before) for c in self._comparison.catchments_removed)

    def renamed(self) -> tuple[str, ...]:
        return tuple(
            f"{catchment(code, self._before)} is now {self._after.catchments[code].name}"
            for code in self._comparison.catchments_changed
            if self._before.catchments[code].name != self._after.catchments[code].name
        )

    def regions(self) -> tuple[str, ...]:
        pairs = (
            (code, self._before.catchments[code], self._after.catchments[code])
            for code in self._comparison.catchments_changed
        )
        return tuple(
            f"{catchment(code, self._after)}: {old.education_region or 'none'} → "
            f"{new.education_region or 'none'}"
            for code, old, new in pairs
            if old.education_region != new.education_region
        )

    def served(self) -> tuple[str, ...]:
        return tuple(
            f"{catchment(code, self._after)}: {_provider_of(self._before, code)} → "
            f"{_provider_of(self._after, code)}"
            for code in self._comparison.catchments_changed
            if self._before.catchments[code].provider_code
            != self._after.catchments[code].provider_code
        )

    def redrawn(self) -> tuple[str, ...]:
        touched = set(self._comparison.boundaries_changed)
        old = {c: b for c, b in self._before.boundaries.items() if c in touched}
        new = {c: b for c, b in self._after.boundaries.items() if c in touched}
        # Ground may also come from a catchment that ends, and go to one that is new.
        ended, begun = self._comparison.catchments_removed, self._comparison.catchments_added
        if touched:
            old |= {c: self._before.boundaries[c] for c in ended if c in self._before.boundaries}
            new |= {c: self._after.boundaries[c] for c in begun if c in self._after.boundaries}
        return tuple(self._ground(each) for each in ground_between(old, new))

    def _ground(self, ground: Ground) -> str:
        area = ground.area_m2 / KM2
        size = f"{area:,.1f} km²" if area >= 1 else f"{area:.2g} km²"
        giver, taker = _who(ground.before, self._before), _who(ground.after, self._after)
        return f"{size} from {giver} to {taker}"

    # --- providers --------------------------------------------------------------------------------

    def providers_added(self) -> tuple[str, ...]:
        return tuple(provider(code, self._after) for code in self._comparison.providers_added)

    def providers_removed(self) -> tuple[str, ...]:
        return tuple(provider(code, self._before) for code in self._comparison.providers_removed)

    def providers_renamed(self) -> tuple[str, ...]:
        return tuple(
            f"{provider(code, self._before)} is now {self._after.providers[code].name}"
            for code in self._comparison.providers_changed
            if self._before.providers[code].name != self._after.providers[code].name
        )

    def details(self) -> tuple[str, ...]:
        said = (
            (code, _details(self._before.providers[code], self._after.providers[code]))
            for code in self._comparison.providers_changed
        )
        return tuple(f"{provider(code, self._after)}: {what}" for code, what in said if what)

    def contracts(self) -> tuple[str, ...]:
        return tuple(
            f"{provider(code, self._after)}: {_contract(old)} → {_contract(new)}"
            for code in self._comparison.providers_changed
            if (old := self._before.contracts.get(code, UNKNOWN))
            != (new := self._after.contracts.get(code, UNKNOWN))
        )

    # --- schools ----------------------------------------------------------------------------------

    def newly_listed(self) -> tuple[str, ...]:
        new, old = self._after.listings, self._before.listings
        return self._named(
            (number, f"in {catchment(new[number], self._after)}") for number in new.keys() - old
        )

    def losing(self) -> tuple[str, ...]:
        old = self._before.listings
        return self._named(
            (number, f"was in {catchment(old[number], self._before)}")
            for number in losing_listing(self._before, self._after)
        )

    def closed_moved(self) -> tuple[str, ...]:
        closed = {n for n, s in self._schools.items() if s.status is SchoolStatus.CLOSED}
        return self._moved(closed)

    def moved(self) -> tuple[str, ...]:
        return self._moved(self._after.listings.keys())

    def _moved(self, among: Collection[int]) -> tuple[str, ...]:
        new, old = self._after.listings, self._before.listings
        return self._named(
            (n, f"{catchment(old[n], self._before)} → {catchment(new[n], self._after)}")
            for n in new.keys() & old
            if new[n] != old[n] and n in among
        )

    def unserved(self) -> tuple[str, ...]:
        old = self._before.listings
        return self._named(
            (number, f"was in {catchment(old[number], self._before)}" if number in old else "")
            for number in self._after.unserved - self._before.unserved
        )

    def served_again(self) -> tuple[str, ...]:
        return self._named((number, "") for number in self._before.unserved - self._after.unserved)

    def provision(self) -> tuple[str, ...]:
        old, new = self._before.in_school_provision, self._after.in_school_provision
        return self._named(
            (n, f"{_note(old.get(n))} → {_note(new.get(n))}")
            for n in self._comparison.in_school_provision_changed
        )

    def _named(self, numbers: Iterable[tuple[int, str]]) -> tuple[str, ...]:
        return tuple(
            f"{self._school(number)}{f': {what}' if what else ''}"
            for number, what in sorted(numbers)
        )

    def _school(self, number: int) -> str:
        school = self._schools.get(number)
        if school is None:
            return f"{number}, not in the directory"
        closed = " (closed)" if school.status is SchoolStatus.CLOSED else ""
        return f"{number}, {school.name}{closed}"

    # --- the rest ---------------------------------------------------------------------------------

    def accepted(self) -> tuple[str, ...]:
        before, after = self._before, self._after
        pairs = (
            ("overlaps", before.overlaps_accepted, after.overlaps_accepted),
            ("gaps", before.gaps_accepted, after.gaps_accepted),
        )
        said = [
            f"{kind} {'are' if new else 'are no longer'} accepted"
            for kind, old, new in pairs
            if old != new
        ]
        left = after.uncovered_accepted
        if left != before.uncovered_accepted:
            said.append(f"ground left in no catchment: {shown(left.reason) if left else 'none'}")
        return tuple(said)

    def sources(self) -> tuple[str, ...]:
        old, new = self._before.sources, self._after.sources
        return (
            *(f"new: {_source(source)}" for source in new if source not in old),
            *(f"no longer: {_source(source)}" for source in old if source not in new),
        )


def _who(code: str | None, edition: Edition) -> str:
    """Return whose ground it is."""
    if code is None:
        return "no catchment"
    return "others" if code == SOMEBODY else catchment(code, edition)


def _provider_of(edition: Edition, code: str) -> str:
    served_by = edition.catchments[code].provider_code
    return provider(served_by, edition) if served_by else "nobody"


def _details(old: Provider, new: Provider) -> str:
    changed = (f.name for f in fields(Provider) if f.name not in {"code", "name"})
    return "; ".join(
        _detail(name, getattr(old, name), getattr(new, name))
        for name in changed
        if getattr(old, name) != getattr(new, name)
    )


def _detail(name: str, old: str, new: str) -> str:
    return f"{name} {_note(old)} → {_note(new)}"


def _note(text: str | None) -> str:
    return shown(text) if text else "none"


def _contract(contract: Contract) -> str:
    if contract == UNKNOWN:
        return "not known"
    students = f"for {contract.capacity:,} students" if contract.capacity else ""
    return ", ".join(part for part in (period(contract), students) if part)


def _source(source: Source) -> str:
    made_up = ", made up" if source.demonstration else ""
    told = filter(None, (source.authority, source.release, source.file_name))
    return f"{source.kind}, {shown(source.title)} ({', '.join(told)}{made_up})"
