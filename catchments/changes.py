"""What a draft is made of: apply changes to an edition, compare two, say what stands in the way.

A change is a frozen value; `apply` is a pure function of an edition and a change. Undo drops the
last change of a draft and applies the rest again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce

from shapely.geometry.base import BaseGeometry

from catchments.coverage import CoverageFault
from catchments.errors import ChangeDoesNotFit, shown
from catchments.gazetteer import folded
from catchments.model import (
    NOT_STATED,
    Answer,
    Catchment,
    Edition,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
    Status,
)

NAMED_AT_MOST = 10


@dataclass(frozen=True)
class ReplaceCatchments:
    """New catchments with their boundaries, and the providers named beside them if any."""

    catchments: Mapping[str, Catchment]
    boundaries: Mapping[str, BaseGeometry]
    sources: tuple[Source, ...]
    providers: Mapping[str, Provider] = field(default_factory=dict)
    overlaps_accepted: bool = False
    gaps_accepted: bool = False


@dataclass(frozen=True)
class ReplaceProviders:
    """A new list of providers; `assignments` maps catchment code or name to provider code."""

    providers: Mapping[str, Provider]
    source: Source
    assignments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReplaceListings:
    """A new published list of schools, and of in-school provision if the file had it."""

    listings: Mapping[int, str]
    source: Source
    unserved: frozenset[int] = frozenset()
    in_school_provision: Mapping[int, str] | None = None


Change = ReplaceCatchments | ReplaceProviders | ReplaceListings


def apply(edition: Edition, change: Change) -> Edition:
    """Return the edition that a change makes of another one.

    Raises ChangeDoesNotFit when the change speaks of a catchment that the edition lacks.
    """
    if isinstance(change, ReplaceCatchments):
        return _with_catchments(edition, change)
    if isinstance(change, ReplaceProviders):
        return _with_providers(edition, change)
    return _with_listings(edition, change)


def apply_all(base: Edition, changes: Iterable[Change]) -> Edition:
    """Return what a draft's changes, in order, make of its base."""
    return reduce(apply, changes, base)


def _with_catchments(edition: Edition, change: ReplaceCatchments) -> Edition:
    providers = {**edition.providers, **change.providers}
    catchments = {
        code: _keeping_provider(catchment, edition.catchments.get(code))
        for code, catchment in change.catchments.items()
    }
    kept = {school: code for school, code in edition.listings.items() if code in catchments}
    return replace(
        edition,
        catchments=catchments,
        boundaries=dict(change.boundaries),
        providers=providers,
        listings=kept,
        sources=_with_sources(edition.sources, SourceKind.BOUNDARIES, change.sources),
        overlaps_accepted=change.overlaps_accepted,
        gaps_accepted=change.gaps_accepted,
    )


def _keeping_provider(new: Catchment, old: Catchment | None) -> Catchment:
    if new.provider_code or old is None:
        return new
    return replace(new, provider_code=old.provider_code)


def _with_providers(edition: Edition, change: ReplaceProviders) -> Edition:
    catchments = dict(edition.catchments)
    for text, provider_code in change.assignments.items():
        code = _code_meant(text, edition.catchments)
        catchments[code] = replace(catchments[code], provider_code=provider_code)
    return replace(
        edition,
        catchments=catchments,
        providers=dict(change.providers),
        sources=_with_sources(edition.sources, SourceKind.PROVIDERS, (change.source,)),
    )


def _code_meant(text: str, catchments: Mapping[str, Catchment]) -> str:
    if text in catchments:
        return text
    wanted = folded(text)
    by_code = [c.code for c in catchments.values() if folded(c.code) == wanted]
    meant = by_code or [c.code for c in catchments.values() if folded(c.name) == wanted]
    if not meant:
        raise ChangeDoesNotFit(
            f"The provider file speaks of a catchment {shown(text)}, which the edition lacks.",
            allowed=f"It has {len(catchments)} catchments.",
            next_step="Correct the name in the file, or import the catchments first.",
        )
    if len(meant) > 1:
        raise ChangeDoesNotFit(
            f"The provider file speaks of a catchment {shown(text)}, and {len(meant)} are called "
            f"so: {_named(sorted(meant))}.",
            next_step="Give the catchment's code in the file instead of its name.",
        )
    return meant[0]


def _with_listings(edition: Edition, change: ReplaceListings) -> Edition:
    missing = sorted(set(change.listings.values()) - set(edition.catchments))
    if missing:
        raise ChangeDoesNotFit(
            f"The list speaks of catchments that the edition lacks: {_named(missing)}.",
            next_step="Import the catchments first, or correct the list.",
        )
    edition = _with_in_school_provision(edition, change)
    if change.source.kind is SourceKind.IN_SCHOOL_PROVISION:  # such a file places no school
        return edition
    return replace(
        edition,
        listings=dict(change.listings),
        unserved=change.unserved,
        sources=_with_sources(edition.sources, SourceKind.LISTINGS, (change.source,)),
    )


def _with_in_school_provision(edition: Edition, change: ReplaceListings) -> Edition:
    if change.in_school_provision is None:
        return edition
    kind = SourceKind.IN_SCHOOL_PROVISION
    source = (change.source,) if change.source.kind is kind else ()
    return replace(
        edition,
        in_school_provision=dict(change.in_school_provision),
        sources=_with_sources(edition.sources, kind, source),
    )


def _with_sources(
    old: tuple[Source, ...], kind: SourceKind, new: tuple[Source, ...]
) -> tuple[Source, ...]:
    return tuple(source for source in old if source.kind is not kind) + new


@dataclass(frozen=True)
class Comparison:
    """What differs between two editions; each tuple is sorted."""

    catchments_added: tuple[str, ...]
    catchments_removed: tuple[str, ...]
    catchments_changed: tuple[str, ...]
    """Codes whose name, region or provider differs."""
    boundaries_changed: tuple[str, ...]
    """Codes of catchments in both whose boundary differs, or that gained or lost one."""
    providers_added: tuple[str, ...]
    providers_removed: tuple[str, ...]
    providers_changed: tuple[str, ...]
    listings_changed: tuple[int, ...]
    """Numbers of schools listed elsewhere, newly listed or no longer listed."""
    in_school_provision_changed: tuple[int, ...]
    """Numbers of schools that gain or lose in-school provision, or whose note differs."""

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__dataclass_fields__)


def compare(before: Edition, after: Edition) -> Comparison:
    """Return what differs between two editions."""
    listings_before = {**before.listings, **dict.fromkeys(before.unserved, "")}
    listings_after = {**after.listings, **dict.fromkeys(after.unserved, "")}
    return Comparison(
        catchments_added=_only_in(after.catchments, before.catchments),
        catchments_removed=_only_in(before.catchments, after.catchments),
        catchments_changed=_differing(before.catchments, after.catchments),
        boundaries_changed=tuple(
            code
            for code in sorted(set(before.catchments) & set(after.catchments))
            if _boundary_bytes(before, code) != _boundary_bytes(after, code)
        ),
        providers_added=_only_in(after.providers, before.providers),
        providers_removed=_only_in(before.providers, after.providers),
        providers_changed=_differing(before.providers, after.providers),
        listings_changed=_altered(listings_before, listings_after),
        in_school_provision_changed=_altered(before.in_school_provision, after.in_school_provision),
    )


def _altered(before: Mapping[int, str], after: Mapping[int, str]) -> tuple[int, ...]:
    """Return the schools that one has and the other lacks, or has otherwise."""
    return tuple(sorted(s for s in {*before, *after} if before.get(s) != after.get(s)))


def _boundary_bytes(edition: Edition, code: str) -> bytes | None:
    boundary = edition.boundaries.get(code)
    return None if boundary is None else bytes(boundary.wkb)


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


def reasons_against(
    edition: Edition, answers: Mapping[int, Answer], faults: Sequence[CoverageFault]
) -> list[str]:
    """Return a sentence for each thing that forbids publishing an edition; none means it may.

    `answers` are those of all schools in the directory; `faults` are the coverage's.
    """
    return [
        *_missing_parts(edition),
        *_without_provider(edition),
        *_without_boundary(edition),
        *_unreached(edition, answers.values()),
        *_broken_coverage(edition, faults),
        *_undeclared_sources(edition),
    ]


def _missing_parts(edition: Edition) -> list[str]:
    return [] if edition.catchments else ["The draft has no catchments."]


def _without_provider(edition: Edition) -> list[str]:
    return [
        f"The catchment {c.name} ({c.code}) has no provider."
        for c in edition.catchments.values()
        if c.provider_code is None or c.provider_code not in edition.providers
    ]


def _without_boundary(edition: Edition) -> list[str]:
    listed = set(edition.listings.values())
    return [
        f"The catchment {c.name} ({c.code}) has neither a boundary nor a listed school."
        for c in edition.catchments.values()
        if c.code not in edition.boundaries and c.code not in listed
    ]


def _unreached(edition: Edition, answers: Iterable[Answer]) -> list[str]:
    return [
        _unreached_sentence(answer)
        for answer in answers
        if answer.school
        and answer.school.status is SchoolStatus.OPEN
        and answer.school.school_id not in edition.unserved
        and (answer.catchment is None or answer.status is Status.AMBIGUOUS)
    ]


def _unreached_sentence(answer: Answer) -> str:
    assert answer.school  # noqa: S101 - only answers for schools come here
    school = f"School {answer.school.school_id} {answer.school.name}"
    if answer.status is Status.AMBIGUOUS:
        names = " and ".join(c.catchment.name for c in answer.candidates)
        return f"{school} is in more than one catchment: {names}."
    why = "it has no recorded place" if answer.place is None else "it lies outside all of them"
    return f"{school} reaches no catchment: it is not listed and {why}."


def _broken_coverage(edition: Edition, faults: Sequence[CoverageFault]) -> list[str]:
    accepted = {
        "overlap": edition.overlaps_accepted,
        "gap": edition.gaps_accepted,
    }
    names = {code: catchment.name for code, catchment in edition.catchments.items()}
    return [
        f"The coverage is broken: {fault.sentence(names)}"
        for fault in faults
        if not accepted.get(fault.kind)
    ]


def _undeclared_sources(edition: Edition) -> list[str]:
    declared = {source.kind for source in edition.sources}
    wanted = {
        SourceKind.BOUNDARIES: bool(edition.boundaries),
        SourceKind.LISTINGS: bool(edition.listings),
    }
    missing = [kind for kind, used in wanted.items() if used and kind not in declared]
    incomplete = [s for s in edition.sources if not _is_declared(s)]
    return [f"The {kind} have no declared source." for kind in missing] + [
        f"The source {shown(s.title)} lacks its authority, its licence or its checksum: import it "
        "again with --licence and --authority."
        for s in incomplete
    ]


def _is_declared(source: Source) -> bool:
    licensed = source.licence not in {"", NOT_STATED}
    return bool(licensed and source.authority and source.sha256)


def may_take_effect(effective_from: date, *, today: date) -> bool:
    """Whether a publication may take effect on a date: today or later."""
    return effective_from >= today


def _named(things: Sequence[object]) -> str:
    first = ", ".join(shown(thing) for thing in things[:NAMED_AT_MOST])
    more = len(things) - NAMED_AT_MOST
    return f"{first} and {more} more" if more > 0 else first
