"""The bulk resolver: schools and points by the million, each with the answer it would get alone.

Columns of numbers take the place of `Answer` objects. The cell index and metric trees answer for
nearly every row at once; a row so near to a limit that rounding could tell is asked alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from catchments.core.model import UNCERTAINTY_M, Answer, Basis, Status
from catchments.geometry.boundary_distances import ERROR_M, Near
from catchments.geometry.cell_grid import Bools, Floats, Ints
from catchments.geometry.coordinates import published_lngs, to_360_many
from catchments.lookup.notice_codes import NoticeCode, notices_of_place
from catchments.lookup.resolver import NEAREST_WITHIN_M
from catchments.lookup.snapshot import Snapshot

STATUSES = (*(str(status) for status in Status), "unknown", "refused")
"""What the numbers in `Outcomes.status` mean: a school may be unknown, a point nowhere."""
BASES = ("", *(str(basis) for basis in Basis))
"""What the numbers in `Outcomes.basis` mean; 0 is none."""
RESOLVED, AMBIGUOUS, UNRESOLVED, UNKNOWN, REFUSED = range(5)
LOCATED, NEAREST = BASES.index(Basis.LOCATED), BASES.index(Basis.NEAREST)
NONE = -1
"""No catchment, or no provider."""
_POINTS_AT_ONCE = 1 << 15
"""Their columns stay in a processor's cache."""


@dataclass(frozen=True)
class Outcomes:
    """Answers as columns, a row each row asked: numbers, and what they mean is the resolver's."""

    status: npt.NDArray[np.uint8]
    """A place in STATUSES."""
    basis: npt.NDArray[np.uint8]
    """A place in BASES."""
    catchment: npt.NDArray[np.int32]
    """A place in the resolver's `codes`, or NONE."""
    provider: npt.NDArray[np.int32]
    """A place in the resolver's `providers`, or NONE."""
    distance_m: npt.NDArray[np.float32]
    """Whole metres to the boundary where the basis is nearest, else NaN."""
    alternatives: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Row → codes of every catchment named beside the row's own: who else it may be."""
    on_edge: set[int] = field(default_factory=set)
    """Rows whose place is on an edge that those catchments share."""

    def __len__(self) -> int:
        return len(self.status)

    @classmethod
    def unresolved(cls, count: int) -> Outcomes:
        """Return so many rows that name nobody."""
        return cls(
            np.full(count, UNRESOLVED, dtype=np.uint8),
            np.zeros(count, dtype=np.uint8),
            np.full(count, NONE, dtype=np.int32),
            np.full(count, NONE, dtype=np.int32),
            np.full(count, np.nan, dtype=np.float32),
        )

    @classmethod
    def joined(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Return the rows of several, one after another."""
        if len(parts) <= 1:
            return parts[0] if parts else cls.unresolved(0)
        named, on_edge = dict[int, tuple[str, ...]](), set[int]()
        start = 0
        for part in parts:
            named.update((start + row, codes) for row, codes in part.alternatives.items())
            on_edge.update(start + row for row in part.on_edge)
            start += len(part)
        columns = ("status", "basis", "catchment", "provider", "distance_m")
        joined = {name: np.concatenate([getattr(p, name) for p in parts]) for name in columns}
        return cls(**joined, alternatives=named, on_edge=on_edge)

    def taken(self, rows: Ints) -> Outcomes:
        """Return the rows at these places, in this order."""
        named = self.alternatives
        has = np.isin(rows, np.fromiter(named, dtype=np.int64))
        places = np.flatnonzero(has)
        pairs = list(zip(places.tolist(), rows[places].tolist(), strict=True))
        return Outcomes(
            self.status[rows],
            self.basis[rows],
            self.catchment[rows],
            self.provider[rows],
            self.distance_m[rows],
            {at: named[row] for at, row in pairs},
            {at for at, row in pairs if row in self.on_edge},
        )


class BatchResolver:
    """Answers many rows from one snapshot, each as `Snapshot.school` or `.point` would alone.

    Safe to share between threads. A date plays no part but to choose the snapshot. What is costly
    is made at the first question.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        edition, self._index = snapshot.edition, snapshot.resolver.index
        self.snapshot = snapshot
        self.codes = tuple(sorted(edition.catchments))
        """What numbers in `Outcomes.catchment` mean."""
        self.providers = tuple(sorted(edition.providers))
        """What numbers in `Outcomes.provider` mean."""
        self._code_at = {code: at for at, code in enumerate(self.codes)}
        self._provider_at = {code: at for at, code in enumerate(self.providers)}
        of_index = [self._code_at[code] for code in self._index.codes]
        self._of_index = np.array(of_index, dtype=np.int32)
        by = (edition.catchments[code].provider_code for code in self.codes)
        serves = [self._provider_at.get(provider or "", NONE) for provider in by]
        self._serves = np.array(serves, dtype=np.int32)

    def schools(self, numbers: Ints) -> Outcomes:
        """Return the outcomes for school numbers, shape (n,)."""
        known, outcomes = self._schools
        numbers = np.asarray(numbers, dtype=np.int64)
        at = np.searchsorted(known, numbers)
        there = np.append(known, NONE)[at] == numbers
        # The last row of the outcomes is that of a number which no school has.
        return outcomes.taken(np.where(there & (at < len(known)), at, len(known)))

    def points(self, *, lng: Floats, lat: Floats) -> Outcomes:
        """Return the outcomes for WGS 84 points, shape (n,), longitudes -180…360.

        A point that is not finite or not within those and ±90 degrees is refused, alone.
        """
        lng, lat = np.asarray(lng, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        lng = published_lngs(lng)
        starts = range(0, len(lng), _POINTS_AT_ONCE)
        parts = (slice(start, start + _POINTS_AT_ONCE) for start in starts)
        return Outcomes.joined([self._some_points(lng[part], lat[part]) for part in parts])

    def notices(self, outcomes: Outcomes, row: int) -> list[NoticeCode]:
        """Return what holds for a point's answer beside it."""
        holds = notices_of_place(
            found=bool(outcomes.catchment[row] != NONE),
            served=bool(outcomes.provider[row] != NONE),
            others=row in outcomes.alternatives,
            on_edge=row in outcomes.on_edge,
        )
        return list(holds)

    # --- schools ----------------------------------------------------------------------------------

    @cached_property
    def _schools(self) -> tuple[Ints, Outcomes]:
        """All numbers known, sorted, and their outcomes, with one more for what is not known."""
        release, resolver = self.snapshot.release, self.snapshot.resolver
        answers = {number: resolver.undated(school) for number, school in release.former.items()}
        answers.update(self.snapshot.answers)
        known = sorted(answers)
        outcomes = Outcomes.unresolved(len(known) + 1)
        for row, number in enumerate(known):
            self._write(outcomes, row, answers[number])
        outcomes.status[-1] = UNKNOWN
        return np.array(known, dtype=np.int64), outcomes

    # --- points -----------------------------------------------------------------------------------

    def _some_points(self, lng: Floats, lat: Floats) -> Outcomes:
        outcomes = Outcomes.unresolved(len(lng))
        fit = (np.abs(lng) <= 180.0) & (np.abs(lat) <= 90.0)  # a NaN makes a comparison false
        outcomes.status[~fit] = REFUSED
        covered = self._index.covering_many(lng=lng, lat=lat)
        in_one = np.flatnonzero(fit & (covered > 0) & (covered <= len(self._index.codes)))
        in_none = np.flatnonzero(fit & (covered == 0))
        self._put(outcomes, in_one, covered[in_one].astype(np.intp) - 1, LOCATED)
        unsure = self._name_several(outcomes, covered, lng, lat)
        unsure += self._name_neighbours(outcomes, in_one, covered, lng, lat)
        unsure += self._name_nearest(outcomes, in_none, lng, lat)
        alone: dict[tuple[float, float], Answer] = {}  # a place may come a thousand times
        for row in unsure:
            place = float(lng[row]), float(lat[row])
            if place not in alone:
                alone[place] = self.snapshot.resolver.point(lng=place[0], lat=place[1])
            self._write(outcomes, row, alone[place])
        return outcomes

    def _name_neighbours(
        self, outcomes: Outcomes, rows: Ints, covered: Ints, lng: Floats, lat: Floats
    ) -> list[int]:
        """Add who else it may be to rows in one catchment near another; return the unsure rows."""
        rows, near = self._near(rows, lng, lat, UNCERTAINTY_M)
        near = near.where(near.boundary + 1 != covered[rows][near.point])
        unsure = _unsure(near, UNCERTAINTY_M)
        self._name_beside(outcomes, rows, near.where(near.distance_m <= UNCERTAINTY_M))
        return rows[unsure].tolist()  # type: ignore[no-any-return]

    def _name_nearest(self, outcomes: Outcomes, rows: Ints, lng: Floats, lat: Floats) -> list[int]:
        """Answer for rows outside every catchment by the nearest one; return the unsure rows."""
        beside_m = UNCERTAINTY_M + 2 * ERROR_M
        rows, near = self._near(rows, lng, lat, NEAREST_WITHIN_M, beside_m)
        away_m = np.full(len(rows), np.nan)
        away_m[near.point[near.is_first]] = near.distance_m[near.is_first]
        unsure = _unsure(near, NEAREST_WITHIN_M) | (np.abs(away_m % 1.0 - 0.5) <= ERROR_M)
        further_m = near.distance_m - away_m[near.point]
        unsure[near.point[np.abs(further_m - UNCERTAINTY_M) <= 2 * ERROR_M]] = True
        first = near.is_first
        self._put(outcomes, rows[near.point[first]], near.boundary[first], NEAREST)
        outcomes.distance_m[rows] = np.round(away_m)
        self._name_beside(outcomes, rows, near.where(~first & (further_m <= UNCERTAINTY_M)))
        return rows[unsure].tolist()  # type: ignore[no-any-return]

    def _near(
        self, rows: Ints, lng: Floats, lat: Floats, radius_m: float, beside_m: float | None = None
    ) -> tuple[Ints, Near]:
        """Return the rows that may be so near to an edge, and the boundaries near each."""
        close = self._index.may_have_edge_within(lng=lng[rows], lat=lat[rows], radius_m=radius_m)
        rows = rows[close]
        lng, lat, radius_m = to_360_many(lng[rows]), lat[rows], radius_m + ERROR_M
        within = self._index.distances.within
        return rows, within(lng=lng, lat=lat, radius_m=radius_m, beside_m=beside_m)

    def _name_several(
        self, outcomes: Outcomes, covered: Ints, lng: Floats, lat: Floats
    ) -> list[int]:
        """Answer for rows inside several catchments, and for those on an edge that they share.

        Beside an edge there may be further ones. Returns the unsure rows.
        """
        unsure: list[int] = []
        rows = np.flatnonzero(covered > len(self._index.codes))
        rows = rows[np.argsort(covered[rows], kind="stable")]
        begins = np.flatnonzero(np.diff(covered[rows], prepend=0))
        for group in np.split(rows, begins[1:]) if len(rows) else ():
            codes = self._index.sets[int(covered[group[0]])]
            here = {"lng": lng[group], "lat": lat[group]}
            inside = [self._index.strictly_inside(code, **here) for code in codes]
            is_ambiguous = np.logical_or.reduce(inside)
            ambiguous, on_edge = group[is_ambiguous], group[~is_ambiguous]
            outcomes.status[ambiguous] = AMBIGUOUS
            outcomes.alternatives.update(dict.fromkeys(ambiguous.tolist(), codes))
            first = np.full(len(on_edge), bisect_left(self._index.codes, codes[0]))
            self._put(outcomes, on_edge, first, LOCATED)
            outcomes.alternatives.update(dict.fromkeys(on_edge.tolist(), codes[1:]))
            outcomes.on_edge.update(on_edge.tolist())
            on_edge, near = self._near(on_edge, lng, lat, UNCERTAINTY_M)
            own = [bisect_left(self._index.codes, code) for code in codes]
            near = near.where(~np.isin(near.boundary, own))
            unsure += on_edge[_unsure(near, UNCERTAINTY_M)].tolist()
            self._name_beside(outcomes, on_edge, near.where(near.distance_m <= UNCERTAINTY_M))
        return unsure

    # --- writing ----------------------------------------------------------------------------------

    def _put(self, outcomes: Outcomes, rows: Ints, boundary: Ints, basis: int) -> None:
        """Answer for rows by boundaries, numbered as in the index."""
        catchment = self._of_index[boundary]
        provider = self._serves[catchment]
        outcomes.catchment[rows], outcomes.provider[rows] = catchment, provider
        outcomes.basis[rows] = basis
        outcomes.status[rows] = np.where(provider == NONE, UNRESOLVED, RESOLVED)

    def _name_beside(self, outcomes: Outcomes, rows: Ints, near: Near) -> None:
        codes, named = self._index.codes, outcomes.alternatives
        pairs = zip(rows[near.point].tolist(), near.boundary.tolist(), strict=True)
        for row, boundary in pairs:
            named[row] = (*named.get(row, ()), codes[boundary])

    def _write(self, outcomes: Outcomes, row: int, answer: Answer) -> None:
        """Write an answer that was asked for alone."""
        code = answer.catchment.code if answer.catchment else ""
        provider = answer.provider.code if answer.provider else ""
        outcomes.status[row] = STATUSES.index(answer.status)
        outcomes.basis[row] = BASES.index(answer.basis or "")
        outcomes.catchment[row] = self._code_at.get(code, NONE)
        outcomes.provider[row] = self._provider_at.get(provider, NONE)
        away_m = answer.distance_m
        outcomes.distance_m[row] = np.nan if away_m is None else round(away_m)
        outcomes.alternatives.pop(row, None)
        if any(notice.code == NoticeCode.ON_BOUNDARY for notice in answer.notices):
            outcomes.on_edge.add(row)
        beside = (*answer.alternatives, *answer.candidates)
        if beside:
            outcomes.alternatives[row] = tuple(each.catchment.code for each in beside)


def _unsure(near: Near, limit_m: float) -> Bools:
    """Return of which points rounding could tell: if one is within a limit, or which is nearer."""
    unsure = np.zeros(near.points, dtype=bool)
    unsure[near.point[np.abs(near.distance_m - limit_m) <= ERROR_M]] = True
    same = np.diff(near.point) == 0
    level = same & (np.diff(near.distance_m) <= 2 * ERROR_M)
    unsure[near.point[1:][level]] = True
    return unsure
