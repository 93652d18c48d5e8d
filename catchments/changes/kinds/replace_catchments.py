"""New catchments with their boundaries, from files, in place of the old ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shapely.geometry.base import BaseGeometry

from catchments.changes.change import Change
from catchments.changes.comparison import in_short
from catchments.changes.edition_parts import with_sources
from catchments.core.model import Catchment, Edition, Provider, Source, SourceKind


@dataclass(frozen=True)
class ReplaceCatchments(Change):
    """New catchments with their boundaries, and the providers named beside them if any.

    Those that keep their code keep their provider, but for those that are `without_provider`.
    """

    tag = "replace catchments"

    catchments: Mapping[str, Catchment]
    boundaries: Mapping[str, BaseGeometry]
    sources: tuple[Source, ...]
    providers: Mapping[str, Provider] = field(default_factory=dict)
    overlaps_accepted: bool = False
    gaps_accepted: bool = False
    without_provider: frozenset[str] = frozenset()
    """Codes of the catchments that the file says nobody serves."""

    def apply(self, edition: Edition) -> Edition:
        catchments = {
            code: self._keeping_provider(catchment, edition.catchments.get(code))
            for code, catchment in self.catchments.items()
        }
        kept = {school: code for school, code in edition.listings.items() if code in catchments}
        return replace(
            edition,
            catchments=catchments,
            boundaries=dict(self.boundaries),
            providers={**edition.providers, **self.providers},
            listings=kept,
            sources=self._sources(edition),
            overlaps_accepted=self.overlaps_accepted,
            gaps_accepted=self.gaps_accepted,
        )

    def _keeping_provider(self, new: Catchment, old: Catchment | None) -> Catchment:
        if new.provider_code or old is None or new.code in self.without_provider:
            return new
        return replace(new, provider_code=old.provider_code)

    def _sources(self, edition: Edition) -> tuple[Source, ...]:
        """Return an edition's sources with those of this file, whatever it supplied."""
        sources = with_sources(edition.sources, SourceKind.BOUNDARIES, ())
        of_kind: dict[SourceKind, list[Source]] = {}
        for source in self.sources:
            of_kind.setdefault(source.kind, []).append(source)
        for kind, new in of_kind.items():
            sources = with_sources(sources, kind, tuple(new))
        return sources

    def describe(self, edition: Edition) -> str:
        differs = in_short(edition, self.apply(edition))
        return f"Catchments read from a file: {len(self.catchments):,} of them; {differs}."
