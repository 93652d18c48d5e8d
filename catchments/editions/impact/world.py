"""The world of a draft: a snapshot of what it comes to, with nothing compiled or resolved anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from catchments.changes.comparison import compare
from catchments.core.model import Answer, Edition
from catchments.editions.impact.answering import patched_index, touched_codes
from catchments.geometry.spatial_index import SpatialIndex
from catchments.lookup.resolver import Resolver
from catchments.lookup.search.edition_names import EditionNames
from catchments.lookup.snapshot import Snapshot


def snapshot_after(base: Snapshot, after: Edition, answers: Mapping[int, Answer]) -> Snapshot:
    """Return a snapshot that answers as `Snapshot.of(after, release)` would.

    `answers` are what `ImpactCalculator.answers` gives for both.
    """
    touched = touched_codes(base.edition, after, compare(base.edition, after))
    patched = patched_index(base, after, touched) if touched else base.resolver.index
    resolver = Resolver(after, base.release, cast(SpatialIndex, patched))
    names = EditionNames.of(after)
    # No index in use may be taken for one of these boundaries, nor they for those of another.
    return replace(
        base, edition=after, resolver=resolver, answers=answers, names=names, fingerprint=b""
    )
