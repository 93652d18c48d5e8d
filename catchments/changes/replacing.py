"""Changes that come from files: new catchments, providers or listings in place of the old ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shapely.geometry.base import BaseGeometry

from catchments.changes.naming import named
from catchments.core.errors import ChangeDoesNotFit, shown
from catchments.core.model import Catchment, Edition, Provider, Source, SourceKind
from catchments.core.text_folding import folded


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


def with_catchments(edition: Edition, change: ReplaceCatchments) -> Edition:
    """Return an edition with new catchments; those that keep their code keep their provider."""
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


def with_providers(edition: Edition, change: ReplaceProviders) -> Edition:
    """Return an edition with a new list of providers. Raises ChangeDoesNotFit."""
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
            f"so: {named(sorted(meant))}.",
            next_step="Give the catchment's code in the file instead of its name.",
        )
    return meant[0]


def with_listings(edition: Edition, change: ReplaceListings) -> Edition:
    """Return an edition with a new list of schools. Raises ChangeDoesNotFit."""
    missing = sorted(set(change.listings.values()) - set(edition.catchments))
    if missing:
        raise ChangeDoesNotFit(
            f"The list speaks of catchments that the edition lacks: {named(missing)}.",
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
