"""The history of editions: which came before which, how long each held, what it changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from catchments.core.model import UNCERTAINTY_M, Answer, DirectoryRelease, Edition, EditionSummary
from catchments.editions.change_schema import Standing, ToldEdition
from catchments.editions.differences import (
    Difference,
    SchoolChange,
    difference,
    difference_json,
    read_difference,
    schools_changed,
)
from catchments.editions.withdrawal import put_on, replaced, replaced_by
from catchments.geometry.spatial_index import UncompiledIndex
from catchments.lookup.resolver import Resolver
from catchments.lookup.snapshot import Published
from catchments.runtime.recent import Recent
from catchments.store import Store

DIFFERENCES_KEPT = 300
"""Of editions that never change, so that they outlive what is published; a few kilobytes each."""
READ_LATELY = 2


@dataclass(frozen=True)
class EditionHistory:
    """All editions, withdrawn ones too, beside what is published."""

    world: Published
    editions: Sequence[EditionSummary]
    """By number."""
    archive: Store
    """Editions and releases are read from it: snapshots of old ones would oust the present one."""
    kept: Recent = field(default_factory=lambda: Recent(DIFFERENCES_KEPT))
    lately: Recent = field(default_factory=lambda: Recent(READ_LATELY))
    """Whole editions, for as long as a page is made: each is compared with two others."""
    written: Callable[[int], bytes | None] = lambda _edition: None
    """Gives what was kept of an edition's changes when it was published, by its number."""

    def numbered(self, number: int) -> EditionSummary | None:
        """Return an edition by number, or None."""
        return next((each for each in self.editions if each.number == number), None)

    def last_day(self, edition: EditionSummary) -> date | None:
        """Return the last day on which an edition is in force, or None where none is known.

        It may lie before `effective_from`: then it never was.
        """
        place, known = (edition.effective_from, edition.number), self.world.timeline.editions
        later = (each for each in known if (each.effective_from, each.number) > place)
        follower = next(later, None)
        return follower.effective_from - timedelta(days=1) if follower else None

    def standing(self, edition: EditionSummary) -> Standing:
        """Return what has become of an edition."""
        if edition.withdrawn_at is not None:
            return Standing.WITHDRAWN
        last = self.last_day(edition)
        if last is not None and last < edition.effective_from:
            return Standing.REPLACED
        if edition.effective_from > self.world.today:
            return Standing.SCHEDULED
        return Standing.PAST if last is not None and last < self.world.today else Standing.IN_FORCE

    def before(self, edition: EditionSummary) -> EditionSummary | None:
        """Return the edition that one was published on top of, or None for a first one.

        Where it is not on record, or was withdrawn: the edition in force the day before; but
        nothing real follows what was made up for demonstration. An edition that was published
        anew never held: it is told beside what it was made from, whatever became of that.
        """
        timeline = self.world.timeline
        known = self.editions if self.replaced_by(edition) else timeline.editions
        base = next((e for e in known if e.number == edition.base_number), None)
        if base is not None:
            return base
        alike = [e for e in timeline.editions if e.demonstration == edition.demonstration]
        return put_on(edition, alike)

    def replaced(self, edition: EditionSummary) -> EditionSummary | None:
        """Return the edition that one was published anew in the place of, or None."""
        return replaced(edition, self.editions)

    def replaced_by(self, edition: EditionSummary) -> EditionSummary | None:
        """Return the edition that was published anew in an edition's place, or None."""
        return replaced_by(edition, self.editions)

    def decided(self, school_id: int, day: date) -> ProviderDecision | None:
        """Return the edition in which a school's provider last changed, as at a date; by content.

        Editions that were in force are looked at backwards. None before the first edition.
        """
        chain = [e for e in self.world.timeline.editions if e.effective_from <= day]
        held = [e for e in chain if self.world.timeline.edition_on(e.effective_from) == e]
        for older, edition in zip(reversed(held[:-1]), reversed(held[1:]), strict=True):
            change = self._change(school_id, older, edition)
            if change is not None and change.changes_provider:
                return ProviderDecision(edition, change)
        return ProviderDecision(held[0], None) if held else None

    def _change(
        self, school_id: int, older: EditionSummary, edition: EditionSummary
    ) -> SchoolChange | None:
        """Return what becomes of a school when one edition follows another."""
        found = self._between(older, edition)
        changes = found.schools if found else ()
        return next((each for each in changes if each.school.school_id == school_id), None)

    def _between(self, older: EditionSummary, edition: EditionSummary) -> Difference | None:
        before = self.before(edition)
        if before is not None and before.number == older.number:
            return self.difference(edition)
        release = self.world.timeline.release_on(edition.effective_from)
        if release is None:
            return None
        key = (edition.number, older.number, release.number)
        return self.kept.get(key, lambda: self._worked_out(edition, older, release.number))

    def difference(self, edition: EditionSummary) -> Difference | None:
        """Return what an edition changed, or None where it was withdrawn.

        Both are looked at with the directory release of its own day, so that only the edition
        differs.
        """
        release = self.world.timeline.release_on(edition.effective_from)
        if edition.withdrawn_at is not None or release is None:
            return None
        before = self.before(edition)
        key = (edition.number, before and before.number, release.number)
        return self.kept.get(key, lambda: self._difference(edition, before, release.number))

    def _difference(
        self, edition: EditionSummary, before: EditionSummary | None, release_number: int
    ) -> Difference:
        before_number = before.number if before else None
        kept = self.written(edition.number)
        found = read_difference(kept, before=before_number, release=release_number)
        return found or self._worked_out(edition, before, release_number)

    def _worked_out(
        self, edition: EditionSummary, before: EditionSummary | None, release_number: int
    ) -> Difference:
        release = self._release(release_number)
        new = self._answered(edition.number, release)
        if before is None:
            return difference(None, new.edition, [], release=release.number)
        old = self._answered(before.number, release, like=new)
        changed = schools_changed(old.answers, new.answers)
        return difference(old.edition, new.edition, changed, release=release.number)

    def _answered(
        self, number: int, release: DirectoryRelease, like: _Answered | None = None
    ) -> _Answered:
        key = (number, release.number)
        return self.lately.get(key, lambda: _answered(self.archive.edition(number), release, like))

    def _release(self, number: int) -> DirectoryRelease:
        key = ("release", number)
        return self.kept.get(key, lambda: self.archive.release(number))


@dataclass(frozen=True, slots=True)
class ProviderDecision:
    """The edition by which a school came to the provider that it has."""

    edition: EditionSummary
    change: SchoolChange | None
    """What it changed for the school; None where it has been so since the first edition."""


class _Index(UncompiledIndex):
    """Tells who serves a place, and leaves out who else may."""

    def within(self, *, lng: float, lat: float, radius_m: float) -> tuple[tuple[str, float], ...]:
        if radius_m <= UNCERTAINTY_M:  # only asked for neighbours, which are no part of a change
            return ()
        return super().within(lng=lng, lat=lat, radius_m=radius_m)


@dataclass(frozen=True)
class _Answered:
    """An edition with the answers for all schools of a release."""

    edition: Edition
    index: UncompiledIndex
    answers: Mapping[int, Answer]


def _answered(edition: Edition, release: DirectoryRelease, like: _Answered | None) -> _Answered:
    if like is not None and _same_boundaries(edition, like.edition):
        # The very same objects need not be compared again.
        edition, index = replace(edition, boundaries=like.edition.boundaries), like.index
    else:
        index = _Index(edition.boundaries)
    resolver = Resolver(edition, release, index)
    answers = {number: resolver.undated(school) for number, school in release.schools.items()}
    return _Answered(edition, index, answers)


def _same_boundaries(old: Edition, new: Edition) -> bool:
    return old.boundaries.keys() == new.boundaries.keys() and all(
        bytes(old.boundaries[code].wkb) == bytes(new.boundaries[code].wkb)
        for code in old.boundaries
    )


def edition_json(history: EditionHistory, edition: EditionSummary, url: str) -> ToldEdition:
    """Return an edition and what it changed as JSON; names in it are only ever added to."""
    found = history.difference(edition)
    last_day = history.last_day(edition) if edition.withdrawn_at is None else None
    replaces = history.replaced(edition)
    return {
        "edition": edition.number,
        "title": edition.title,
        "reason": edition.reason,
        "effective_from": edition.effective_from.isoformat(),
        "last_day": last_day.isoformat() if last_day else None,
        "standing": history.standing(edition),
        "published_at": f"{edition.published_at.isoformat(timespec='seconds')}Z",
        "demonstration": edition.demonstration,
        "replaces": replaces.number if replaces else None,
        "url": url,
        "changes": difference_json(found) if found else None,
    }
