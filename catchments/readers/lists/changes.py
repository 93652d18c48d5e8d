"""Changes that readings make: what a file becomes of an edition, and how much it may drop."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from catchments.changes.change import Change
from catchments.changes.comparison import compare
from catchments.changes.effects import losing_listing
from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.core.errors import FileRefused
from catchments.core.model import Edition, School, Source
from catchments.readers.directory import MAX_SHRINKAGE
from catchments.readers.lists.listings import Listings
from catchments.readers.lists.providers import ProviderTable


def listings_change(read: Listings, known: Edition, *, whole: bool) -> ReplaceListings:
    """Return the change that a list makes of the edition that it was read for."""
    first, *others = _sources(read.sources, read.declared, known)
    return ReplaceListings(
        listings=read.listings,
        source=first,
        unserved=read.unserved,
        in_school_provision=read.in_school_provision,
        speaks_for=None if whole else read.speaks_for,
        without_provision=read.without_provision,
        more_sources=tuple(others),
    )


def providers_change(read: ProviderTable, known: Edition, *, whole: bool) -> ReplaceProviders:
    """Return the change that a table of providers makes of the edition that it was read for."""
    first, *others = _sources(read.sources, read.declared, known)
    return ReplaceProviders(read.providers, first, read.assignments, whole, tuple(others))


def _sources(
    files: tuple[Source, ...], declared: tuple[Source, ...], known: Edition
) -> tuple[Source, ...]:
    """Return what an import is from: the files, unless they are ours and say what they are from.

    Where the edition has those sources already, what differs from it came into the file since.
    """
    return files if set(declared) <= set(known.sources) else declared


def after_import(change: Change, known: Edition) -> Edition:
    """Return what an import makes of an edition; the edition itself where nothing would differ.

    A file is no source of what was there before it, unless its declaration is what is corrected.
    Raises ChangeDoesNotFit.
    """
    after = change.apply(known)
    accepted = (after.overlaps_accepted, after.gaps_accepted)
    if compare(known, after) or accepted != (known.overlaps_accepted, known.gaps_accepted):
        return after
    files = {(source.kind, source.sha256) for source in known.sources}
    declared = [s for s in after.sources if s not in known.sources]
    corrected = declared and all((s.kind, s.sha256) in files for s in declared)
    return replace(known, sources=after.sources) if corrected else known


def refuse_losses(
    before: Edition,
    after: Edition,
    schools: Mapping[int, School],
    *,
    speaks_for: Collection[str] | None = None,
    allow_shrink: bool,
) -> None:
    """Refuse an import that drops more than a tenth of what it speaks for.

    `speaks_for` are the catchments of a list of schools, None for all. Raises FileRefused, unless
    `allow_shrink`; `rows` names what would be lost.
    """
    if allow_shrink:
        return
    spoken_of = [c for c in before.listings.values() if speaks_for is None or c in speaks_for]
    lost = losing_listing(before, after)
    named = {n: schools[n].name if n in schools else "not in the directory" for n in lost}
    rows = [f"{number}, {name}" for number, name in named.items()]
    _refuse("schools lose their listing", len(spoken_of), rows)
    for what, old, new in (
        ("catchments end", before.catchments, after.catchments),
        ("providers are gone", before.providers, after.providers),
    ):
        gone = sorted(old.keys() - new.keys())
        _refuse(what, len(old), [f"{old[code].name} ({code})" for code in gone])


def _refuse(what: str, of: int, lost: Collection[str]) -> None:
    if len(lost) <= MAX_SHRINKAGE * of:
        return
    raise FileRefused(
        f"{len(lost):,} of {max(of, len(lost)):,} {what}.",
        allowed=f"At most {MAX_SHRINKAGE:.0%} may be left out of a file.",
        next_step="Check that the file is whole; if so many are to go, add --allow-shrink.",
        rows=list(lost),
    )
