"""The impact calculator: a draft's impact, keeping from one call to the next what is the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.changes.comparison import Comparison, compare
from catchments.changes.publication_checks import Concern, accepted_losses, blocks
from catchments.changes.uncovered import Uncovered
from catchments.core.model import Answer, Edition, School
from catchments.editions.contracts import Scheduled
from catchments.editions.impact.answering import (
    PatchedIndex,
    answers_after,
    patched_index,
    places_of,
    touched_codes,
)
from catchments.editions.impact.faults import looked_at
from catchments.editions.impact.rates import Rates
from catchments.editions.impact.tables import Impact, Side, moves, rows
from catchments.editions.impact.warning import listed_outside, warnings
from catchments.editions.uncovered import CountAddresses, bare_land, not_counted, uncovered
from catchments.geometry.changing_index import ChangingIndex
from catchments.geometry.coordinates import (
    CHATHAM_LNG_360,
    CHATHAM_TM2000,
    NZTM2000,
    geometry_to_360,
    to_metres,
)
from catchments.geometry.planar import Floats
from catchments.geometry.tiling.coverage import CoverageFault
from catchments.lookup.snapshot import Snapshot
from catchments.runtime.recent import Recent
from catchments.runtime.remembered import Remembered

BASES_KEPT = 2
SIDES_KEPT = 4
_MIDDLE_M = np.array([1_600_000.0, 5_400_000.0])
"""A place in the middle of the country, so that sums of large numbers stay exact."""


class _Areas:
    """Areas in km² of the boundaries that something still holds, each measured once."""

    def __init__(self) -> None:
        self._known = Remembered()

    def of(self, boundaries: Mapping[str, BaseGeometry]) -> dict[str, float]:
        """Return the area of each boundary, in the projection true to it."""
        known = {code: self._known.of(b) for code, b in boundaries.items()}
        new = {code: boundaries[code] for code, area in known.items() if area is None}
        measured = dict(zip(new, _areas_km2(list(new.values())), strict=True))
        for code, area in measured.items():
            self._known.keep(new[code], area)
        return {code: measured[code] if area is None else area for code, area in known.items()}

    def follow(self, old: BaseGeometry, new: BaseGeometry, gained: Floats, lost: Floats) -> None:
        """Measure a boundary by the edges that it gained and lost, where these are few."""
        before = self._known.of(old)
        if before is None or 2 * (len(gained) + len(lost)) > shapely.get_num_coordinates(new):
            return
        crs = CHATHAM_TM2000 if gained.size and gained[0, 0, 0] > CHATHAM_LNG_360 else NZTM2000
        more, less = (_swept_m2(edges, crs) for edges in (gained, lost))
        self._known.keep(new, round(before + (more - less) / 1e6, 6))

    def balance(
        self, old: Sequence[BaseGeometry], new: Sequence[BaseGeometry], unpaired: Floats
    ) -> None:
        """Measure the largest of some boundaries by what is left over for it of the same ground.

        Where edges are `unpaired`, a vertex more bends them in a projection: they are reckoned in.
        """
        unknown = [boundary for boundary in new if self._known.of(boundary) is None]
        chatham = {bool(geometry_to_360(b).bounds[0] > CHATHAM_LNG_360) for b in (*old, *new)}
        had = [self._known.of(boundary) for boundary in old]
        if not unknown or len(chatham) > 1 or None in had:
            return
        largest = max(unknown, key=shapely.get_num_coordinates)
        others = self.of({str(at): b for at, b in enumerate(new) if b is not largest})
        swept = _swept_m2(unpaired, CHATHAM_TM2000 if chatham.pop() else NZTM2000)
        left = math.fsum(had) - math.fsum(others.values()) + swept / 1e6
        self._known.keep(largest, round(left, 6))


def _swept_m2(edges: Floats, crs: str) -> float:
    """Return the area between edges and one place: what closed outlines differ by is theirs."""
    if not len(edges):
        return 0.0
    line = to_metres(shapely.multipoints(edges.reshape(-1, 2)), crs=crs)
    start, end = (shapely.get_coordinates(line) - _MIDDLE_M).reshape(-1, 2, 2).transpose(1, 0, 2)
    return float((start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]).sum() / 2)


def _areas_km2(boundaries: list[BaseGeometry]) -> list[float]:
    if not boundaries:
        return []
    shapes = np.array([geometry_to_360(b) for b in boundaries], dtype=object)
    chatham = shapely.bounds(shapes)[:, 0] > CHATHAM_LNG_360
    areas = np.zeros(len(shapes))
    for crs, those in ((NZTM2000, ~chatham), (CHATHAM_TM2000, chatham)):
        if those.any():
            areas[those] = shapely.area(to_metres(shapes[those], crs=crs))
    # To a square metre: rounding of coordinates shows in no difference.
    return [float(area) for area in np.round(areas / 1e6, 6)]


@dataclass(frozen=True)
class _Redrawn:
    """Boundaries that a draft drew, and what is found out about them once."""

    touched: frozenset[str]
    faults: list[CoverageFault]
    uncovered: list[Uncovered]
    """The ground that they lose."""
    bare: list[Concern]
    """Warnings of land that boundaries without predecessors leave in no catchment."""


@dataclass(frozen=True)
class _Worked:
    """An edition that follows a base, and what is found out about it."""

    edition: Edition
    answers: Mapping[int, Answer]
    outside: Mapping[int, str]
    side: Side
    blocks: list[Concern] = field(default_factory=list)
    uncovered: list[Uncovered] = field(default_factory=list)
    bare: list[Concern] = field(default_factory=list)


@dataclass(frozen=True)
class _Base:
    """A snapshot, and what is found out about it once."""

    snapshot: Snapshot
    outside: Mapping[int, str]
    redrawn: Remembered = field(default_factory=Remembered)
    """What was found out about the boundaries that drafts drew, as long as these hold them."""
    sides: Recent = field(default_factory=lambda: Recent(SIDES_KEPT))


class ImpactCalculator:
    """Works out impacts; keeps what several of them share. Safe to share between threads."""

    def __init__(self, count_addresses: CountAddresses = not_counted) -> None:
        self._count_addresses = count_addresses
        self._bases = Recent(BASES_KEPT)
        self._areas = _Areas()
        self.schools: ChangingIndex[int, School] = ChangingIndex(places_of)
        """Where the schools of a directory lie, to ask what an area touches."""

    def impact(
        self,
        base: Snapshot,
        after: Edition,
        *,
        on: date,
        rates: Rates,
        since: Edition | None = None,
        scheduled: Scheduled = (),
    ) -> Impact:
        """Return what an edition would change if it followed a snapshot on a date.

        Where it is asked `since` another that would follow the same snapshot, as of a draft before
        its last change, all of it is told as it differs from that one. `scheduled` are the editions
        that come after it.
        """
        kept = self._base(base)
        new = self._worked(kept, after, on, rates)
        old = (
            self._unchanged(kept, on, rates)
            if since is None
            else self._worked(kept, since, on, rates)
        )
        return self._between(kept, (old, new), on, rates, scheduled)

    def _between(
        self,
        kept: _Base,
        sides: tuple[_Worked, _Worked],
        on: date,
        rates: Rates,
        scheduled: Scheduled,
    ) -> Impact:
        old, new = sides
        before, after = old.edition, new.edition
        comparison = compare(before, after)
        moved, relisted = moves(old.answers, new.answers, on)
        load = (old.side.providers, new.side.providers)
        schools = kept.snapshot.release.schools
        was_so = {c.sentence for c in old.blocks}
        return Impact(
            catchments=rows(
                old.side.catchments,
                new.side.catchments,
                _names(before.catchments, after.catchments),
                comparison.catchments_changed,
            ),
            providers=rows(
                *load,
                _names(before.providers, after.providers),
                comparison.providers_changed,
                after.contracts,
            ),
            moved=moved,
            relisted=relisted,
            blocks=tuple(replace(c, as_before=c.sentence in was_so) for c in new.blocks),
            warnings=(
                *accepted_losses(after, new.uncovered),
                *new.bare,
                *warnings(before, after, schools, (old.outside, new.outside), load, on, scheduled),
            ),
            uncovered=tuple(new.uncovered),
            comparison=comparison,
            rates=rates,
            on=on,
        )

    def _worked(self, kept: _Base, after: Edition, on: date, rates: Rates) -> _Worked:
        """Return what is found out about an edition that follows a base."""
        base, comparison = kept.snapshot, compare(kept.snapshot.edition, after)
        redrawn = self._redrawn(kept, after, comparison)
        patched = patched_index(base, after, redrawn.touched)
        answers = answers_after(base, after, comparison, redrawn.touched, self.schools, patched)
        return _Worked(
            after,
            answers,
            _outside_after(kept, after, comparison, redrawn, patched),
            Side.of(after, answers, self._areas.of(after.boundaries), rates, on),
            blocks(after, answers, redrawn.faults, on=on, uncovered=redrawn.uncovered),
            redrawn.uncovered,
            redrawn.bare,
        )

    def _unchanged(self, kept: _Base, on: date, rates: Rates) -> _Worked:
        """Return the base itself, as nothing has followed it yet: nothing blocks what it is."""
        base = kept.snapshot
        key = (on, *sorted(rates.by_region.items()), rates.default)

        def made() -> Side:
            areas = self._areas.of(base.edition.boundaries)
            return Side.of(base.edition, base.answers, areas, rates, on)

        return _Worked(base.edition, base.answers, kept.outside, kept.sides.get(key, made))

    def answers(self, base: Snapshot, after: Edition) -> dict[int, Answer]:
        """Return what `Snapshot.of(after, release).answers` would be."""
        comparison = compare(base.edition, after)
        touched = touched_codes(base.edition, after, comparison)
        return answers_after(base, after, comparison, touched, self.schools)

    def _base(self, snapshot: Snapshot) -> _Base:
        def made() -> _Base:
            edition = snapshot.edition
            schools = snapshot.release.schools
            self._areas.of(edition.boundaries)
            return _Base(snapshot, listed_outside(edition, schools, edition.boundaries))

        # What is kept holds the snapshot, so that no other can get its id meanwhile.
        return self._bases.get(id(snapshot), made)

    def _redrawn(self, kept: _Base, after: Edition, comparison: Comparison) -> _Redrawn:
        edition = kept.snapshot.edition
        before = edition.boundaries
        touched = touched_codes(edition, after, comparison)
        drawn = {code: after.boundaries[code] for code in touched if code in after.boundaries}

        def made() -> _Redrawn:
            found = looked_at(before, after.boundaries, touched)
            schools, count = kept.snapshot.release.schools.values(), self._count_addresses
            for code in found.apart.keys() & before.keys() & drawn.keys():
                self._areas.follow(before[code], drawn[code], *found.apart[code])
            if found.same_ground:
                were = [before[code] for code in touched if code in before]
                self._areas.balance(were, list(drawn.values()), found.unpaired)
            lost = [] if found.same_ground else uncovered(edition, after, schools, count)
            bare = [] if before or not touched else bare_land(after, schools, count)
            return _Redrawn(touched, found.faults, lost, bare)

        shapes = [drawn[code] for code in sorted(drawn)]
        known: _Redrawn | None = kept.redrawn.of(*shapes)
        if known is None or known.touched != touched:
            known = made()
            kept.redrawn.keep(*shapes, known)
        return known


def _outside_after(
    kept: _Base,
    after: Edition,
    comparison: Comparison,
    redrawn: _Redrawn,
    patched: PatchedIndex,
) -> dict[int, str]:
    """Return the listed schools outside their boundary after, asking only what may differ."""
    snapshot, moved = kept.snapshot, set(comparison.listings_changed)
    same = {
        number: code
        for number, code in kept.outside.items()
        if code not in redrawn.touched and number not in moved
    }
    into = {after.listings[number] for number in moved if number in after.listings}
    asked = {
        code: after.boundaries[code] for code in into | redrawn.touched if code in after.boundaries
    }
    schools, prepared = snapshot.release.schools, patched.patch if redrawn.touched else None
    return {**same, **listed_outside(after, schools, asked, prepared)}


def _names(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    return {code: thing.name for code, thing in {**before, **after}.items()}  # type: ignore[attr-defined]
