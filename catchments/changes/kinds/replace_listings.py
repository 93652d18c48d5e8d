"""A published list of schools, from a file: the whole of it, or that of some catchments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from catchments.changes.change import Change
from catchments.changes.comparison import in_short
from catchments.changes.edition_parts import with_more_sources, with_sources
from catchments.changes.naming import catchments, named, schools
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Edition, Source, SourceKind


@dataclass(frozen=True)
class ReplaceListings(Change):
    """A published list of schools, and of in-school provision if the file had it.

    Where it speaks for some catchments, theirs are the schools that it names and no others; the
    listings of other catchments stay, so that the lists of two regions give the same in any order.
    """

    tag = "replace listings"

    listings: Mapping[int, str]
    source: Source
    unserved: frozenset[int] = frozenset()
    in_school_provision: Mapping[int, str] | None = None
    speaks_for: frozenset[str] | None = None
    """Codes of the catchments whose schools it names; None if it is the complete list."""
    without_provision: frozenset[int] = frozenset()
    """Schools that a list of some catchments says have no in-school provision."""
    more_sources: tuple[Source, ...] = ()

    def apply(self, edition: Edition) -> Edition:
        spoken_of = {*self.listings.values(), *(self.speaks_for or ())}
        missing = sorted(spoken_of - set(edition.catchments))
        if missing:
            raise ChangeDoesNotFit(
                f"The list speaks of catchments that the edition lacks: {named(missing)}.",
                next_step="Import the catchments first, or correct the list.",
            )
        edition = self._with_in_school_provision(edition)
        if self._places_no_school:
            return edition
        kept = self._kept(edition)
        listings = {**kept, **self.listings}
        unserved = self.unserved if self.speaks_for is None else edition.unserved | self.unserved
        sources = with_sources if self.speaks_for is None else with_more_sources
        return replace(
            edition,
            listings=listings,
            unserved=unserved - set(self.listings),
            sources=sources(edition.sources, SourceKind.LISTINGS, self._sources(provision=False)),
        )

    def describe(self, edition: Edition) -> str:
        count, differs = len(self.listings), in_short(edition, self.apply(edition))
        if self.speaks_for is None:
            return f"The list of schools replaced from a file: {count:,} of them; {differs}."
        if not self.speaks_for:
            return f"In-school provision read from a file; {differs}."
        whose = catchments(sorted(self.speaks_for), edition)
        return f"The list of schools of {whose} read from a file: {count:,} of them; {differs}."

    def contradicts(self, base: Edition, draft: Edition) -> list[int]:
        """Return the schools that a draft lists otherwise than its base and than this list.

        Only those whose catchment this list does not speak for: two lists name the same school.
        """
        if self.speaks_for is None:
            return []
        said: dict[int, str] = {**dict.fromkeys(self.unserved, ""), **self.listings}
        return sorted(
            number
            for number, code in said.items()
            if (other := _listed(draft, number)) not in {None, code, *self.speaks_for}
            and other != _listed(base, number)
        )

    def _sources(self, *, provision: bool) -> tuple[Source, ...]:
        """Return the sources of in-school provision, or the others."""
        kind, every = SourceKind.IN_SCHOOL_PROVISION, (self.source, *self.more_sources)
        return tuple(source for source in every if (source.kind is kind) is provision)

    @property
    def _places_no_school(self) -> bool:
        """Whether it is a list of in-school provision alone, by its source and by what it says."""
        said = self.listings or self.unserved or self.speaks_for
        return not said and self.source.kind is SourceKind.IN_SCHOOL_PROVISION

    def _kept(self, edition: Edition) -> dict[int, str]:
        """Return the listings of an edition that this list says nothing about."""
        if self.speaks_for is None:
            return {}
        return {
            number: code
            for number, code in edition.listings.items()
            if code not in self.speaks_for and number not in self.unserved
        }

    def _with_in_school_provision(self, edition: Edition) -> Edition:
        if self.in_school_provision is None:
            return edition
        kind = SourceKind.IN_SCHOOL_PROVISION
        is_whole = self.speaks_for is None
        known = {} if is_whole else edition.in_school_provision
        kept = {n: note for n, note in known.items() if n not in self.without_provision}
        put = with_sources if is_whole else with_more_sources
        return replace(
            edition,
            in_school_provision={**kept, **self.in_school_provision},
            sources=put(edition.sources, kind, self._sources(provision=True)),
        )


def refuse_contradiction(change: ReplaceListings, base: Edition, draft: Edition) -> None:
    """Refuse a list that names schools which an earlier change of the draft lists elsewhere.

    Raises ChangeDoesNotFit: which of the two came first may not decide.
    """
    numbers = change.contradicts(base, draft)
    if numbers:
        where = sorted({draft.listings.get(number, "no catchment") for number in numbers})
        raise ChangeDoesNotFit(
            f"The list names {schools(numbers)}, which an earlier change of this draft lists in "
            f"{catchments(where, draft)}.",
            allowed="A school is in one catchment, and two lists may not both name it.",
            next_step="Correct one of the lists, or undo the change that listed it.",
        )


def _listed(edition: Edition, number: int) -> str | None:
    """Return the code of a school's catchment, empty if it is declared to have none, or None."""
    return "" if number in edition.unserved else edition.listings.get(number)
