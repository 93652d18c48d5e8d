"""The change that a boundary file makes of the edition that it was read for."""

from __future__ import annotations

from dataclasses import replace

from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.core.model import Edition, Source, SourceKind
from catchments.readers.boundaries.reading import BoundaryReading


def catchments_change(read: BoundaryReading, known: Edition, *, url: str = "") -> ReplaceCatchments:
    """Return the change; `url` is where the file came from, where whoever imports it says so."""
    return ReplaceCatchments(
        catchments=read.catchments,
        boundaries=read.boundaries,
        sources=_sources(read, known, url),
        providers=read.providers,
        overlaps_accepted=read.overlaps_accepted,
        gaps_accepted=read.gaps_accepted,
    )


def _sources(read: BoundaryReading, known: Edition, url: str) -> tuple[Source, ...]:
    """Return what all of it is from: what was kept still is from where it was from before."""
    new = [replace(source, url=url or source.url) for source in read.sources]
    before = [source for source in known.sources if source.kind is SourceKind.BOUNDARIES]
    return tuple(dict.fromkeys([*(before if read.kept else ()), *new]))
