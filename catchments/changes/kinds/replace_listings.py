"""A new published list of schools, from a file, in place of the old one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from catchments.changes.change import Change
from catchments.changes.edition_parts import with_sources
from catchments.changes.naming import named
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Edition, Source, SourceKind


@dataclass(frozen=True)
class ReplaceListings(Change):
    """A new published list of schools, and of in-school provision if the file had it."""

    tag = "replace listings"

    listings: Mapping[int, str]
    source: Source
    unserved: frozenset[int] = frozenset()
    in_school_provision: Mapping[int, str] | None = None

    def apply(self, edition: Edition) -> Edition:
        missing = sorted(set(self.listings.values()) - set(edition.catchments))
        if missing:
            raise ChangeDoesNotFit(
                f"The list speaks of catchments that the edition lacks: {named(missing)}.",
                next_step="Import the catchments first, or correct the list.",
            )
        edition = self._with_in_school_provision(edition)
        if self.source.kind is SourceKind.IN_SCHOOL_PROVISION:  # such a file places no school
            return edition
        return replace(
            edition,
            listings=dict(self.listings),
            unserved=self.unserved,
            sources=with_sources(edition.sources, SourceKind.LISTINGS, (self.source,)),
        )

    def describe(self, edition: Edition) -> str:
        return f"The list of schools replaced from a file: {len(self.listings)} of them."

    def _with_in_school_provision(self, edition: Edition) -> Edition:
        if self.in_school_provision is None:
            return edition
        kind = SourceKind.IN_SCHOOL_PROVISION
        source = (self.source,) if self.source.kind is kind else ()
        return replace(
            edition,
            in_school_provision=dict(self.in_school_provision),
            sources=with_sources(edition.sources, kind, source),
        )
