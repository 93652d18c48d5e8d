"""Snapshots: edition, directory release and index, built whole, swapped whole, never changed.

`Snapshots` holds one `Published` at a time. A request takes it once and asks nothing else, so that
it cannot see half of a publication. It is replaced when the archive's state or the day changes.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any
from weakref import WeakValueDictionary

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import NothingPublished, NotKnown, long_date
from catchments.core.model import (
    Alias,
    Answer,
    Catchment,
    DirectoryRelease,
    Edition,
    EditionSummary,
    NamedPlace,
    PlaceKind,
    ReleaseSummary,
    Upcoming,
    code_of,
)
from catchments.geometry.spatial_index import SpatialIndex
from catchments.lookup.resolver import Resolver
from catchments.lookup.search.edition_names import EditionNames
from catchments.lookup.search.gazetteer import Gazetteer
from catchments.lookup.site_texts import Texts, texts_of
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME, today_in_new_zealand
from catchments.runtime.recent import Recent
from catchments.store import Store

BY_ONE_PLACE = frozenset([PlaceKind.ADDRESS, PlaceKind.POINT])
BY_CATCHMENTS = frozenset([PlaceKind.CATCHMENT, PlaceKind.REGION, PlaceKind.PROVIDER])
"""What is answered for by its one place, and by its catchments; the rest by all it has."""

SNAPSHOTS_KEPT = 4
"""Beside those of scheduled editions."""
READINGS_AT_MOST = 8
"""Of what is published, while somebody goes on publishing."""
LARGE_THINGS_KEPT = 24
"""Artefacts and drawings, a few megabytes each: those of four editions or so."""


@dataclass(frozen=True)
class Snapshot:
    """One edition and one directory release, ready to answer."""

    edition: Edition
    release: DirectoryRelease
    resolver: Resolver
    answers: Mapping[int, Answer]
    """Every school of the release, resolved once."""
    gazetteer: Gazetteer
    names: EditionNames
    fingerprint: bytes
    """Equal where the boundaries are the same bit for bit, so that they share an index."""
    memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Room for what every answer of it says, and nobody changes."""

    @classmethod
    def of(
        cls,
        edition: Edition,
        release: DirectoryRelease,
        *,
        aliases: tuple[Alias, ...] = (),
        like: Sequence[Snapshot] = (),
    ) -> Snapshot:
        """Build a snapshot; those in `like` lend what they have of the same."""
        fingerprint = boundaries_fingerprint(edition.boundaries)
        twin = next((s for s in like if s.fingerprint == fingerprint), None)
        if twin:
            edition = replace(edition, boundaries=twin.edition.boundaries)
        resolver = Resolver(edition, release, _index(edition.boundaries, fingerprint))
        answers = {number: resolver.undated(s) for number, s in release.schools.items()}
        gazetteer = _gazetteer(release, aliases, like)
        names = _names(edition, like)
        return cls(edition, release, resolver, answers, gazetteer, names, fingerprint)

    def school(self, school_id: int, *, on: date) -> Answer:
        """Return the answer for a school on a date. Raises NotKnown."""
        undated = self.answers.get(school_id)
        if undated is None:
            return self.resolver.school(school_id, on=on)
        return self.resolver.dated(undated, on=on)

    def named(self, named: NamedPlace, *, on: date) -> Answer:
        """Return the answer for what a text may mean, on a date. Raises NotKnown."""
        if named.kind is PlaceKind.SCHOOL:
            return self.school(named.schools[0].school_id, on=on)
        if named.kind in BY_ONE_PLACE:
            return self.resolver.address(named)
        if named.kind in BY_CATCHMENTS:
            return self.resolver.by_catchments(named)
        return self.resolver.area(named, self.answers)

    @property
    def demonstration(self) -> bool:
        """Whether any of it is made up for demonstration."""
        return self.edition.demonstration or self.release.demonstration


@dataclass(frozen=True)
class Timeline:
    """Which edition and which directory release hold on which date."""

    editions: tuple[EditionSummary, ...]
    """Published and not withdrawn, by effective date, then by number."""
    releases: tuple[ReleaseSummary, ...]
    """By date, then by number; only real ones as soon as there is one."""

    @classmethod
    def of(cls, editions: Sequence[EditionSummary], releases: Sequence[ReleaseSummary]) -> Timeline:
        """Order what an archive holds."""
        standing = [e for e in editions if e.withdrawn_at is None]
        real = [r for r in releases if not r.source.demonstration]
        return cls(
            tuple(sorted(standing, key=lambda e: (e.effective_from, e.number))),
            tuple(sorted(real or releases, key=lambda r: (r.released, r.number))),
        )

    def edition_on(self, day: date) -> EditionSummary | None:
        """Return the edition in force: the latest `effective_from` up to then, the later number."""
        return next((e for e in reversed(self.editions) if e.effective_from <= day), None)

    def release_on(self, day: date) -> ReleaseSummary | None:
        """Return the directory release of a date, or the earliest where none is as early."""
        found = next((r for r in reversed(self.releases) if r.released <= day), None)
        return found or (self.releases[0] if self.releases else None)

    def on(self, day: date) -> tuple[EditionSummary | None, ReleaseSummary | None]:
        """Return both for a date."""
        return self.edition_on(day), self.release_on(day)

    def scheduled_after(self, day: date) -> tuple[EditionSummary, ...]:
        """Return the editions that take effect after a date and then stay in force a while."""
        later = [e for e in self.editions if e.effective_from > day]
        return tuple(e for e in later if self.edition_on(e.effective_from) == e)

    def on_top_of(self, day: date, number: int | None = None) -> tuple[EditionSummary, ...]:
        """Return the editions whose drafts were put on one of a date, in order.

        Each draft's last form alone, those too that a later one replaced on its day: the changes of
        both are in force then. Of those on the very day, the ones above `number`.
        """
        last = {e.draft_id: e.number for e in sorted(self.editions, key=lambda e: e.number)}
        return tuple(
            each
            for each in self.editions
            if each.draft_id is not None
            and last[each.draft_id] == each.number
            and (each.effective_from > day or _above(each, day, number))
        )


def _above(edition: EditionSummary, day: date, number: int | None) -> bool:
    return number is not None and edition.effective_from == day and edition.number > number


@dataclass(frozen=True)
class Published:
    """All that a request may know: a time-line, and snapshots made when first asked for."""

    state: Any
    today: date
    timeline: Timeline
    _snapshot: Callable[[int, int], Snapshot]
    texts: Texts = field(default_factory=Texts)
    """What staff have made of the site's texts."""
    memo: dict[Any, Any] = field(default_factory=dict)
    """Room for what is derived from what is published, is small, and dies with it."""
    recent: Recent = field(default_factory=lambda: Recent(LARGE_THINGS_KEPT))
    """Room for what is large; only what was asked for lately stays."""

    @property
    def demonstration(self) -> bool:
        """Whether anything that could be said is made up for demonstration."""
        releases = any(r.source.demonstration for r in self.timeline.releases)
        return releases or any(e.demonstration for e in self.timeline.editions)

    def on(self, day: date) -> Snapshot | None:
        """Return the snapshot of a date, or None before the first edition.

        Raises NothingPublished when there is no edition or no directory at all.
        """
        if not self.timeline.editions or not self.timeline.releases:
            raise NothingPublished(
                "Nothing has been published yet.",
                next_step="Import catchments and a school directory, then publish an edition.",
            )
        edition, release = self._today if day == self.today else self.timeline.on(day)
        if edition is None or release is None:
            return None
        return self._snapshot(edition.number, release.number)

    @cached_property
    def _today(self) -> tuple[EditionSummary | None, ReleaseSummary | None]:
        return self.timeline.on(self.today)

    def scheduled_after(self, day: date) -> tuple[EditionSummary, ...]:
        """Return the editions that take effect after a date and then stay in force a while."""
        return self._coming if day == self.today else self.timeline.scheduled_after(day)

    @cached_property
    def _coming(self) -> tuple[EditionSummary, ...]:
        return self.timeline.scheduled_after(self.today)

    def numbered(self, edition_number: int, release_number: int) -> Snapshot:
        """Return the snapshot of an edition and a release by number. Raises NotKnown."""
        if edition_number not in {e.number for e in self.timeline.editions}:
            raise NotKnown(f"There is no edition {edition_number}.")
        if release_number not in {r.number for r in self.timeline.releases}:
            raise NotKnown(f"There is no school directory release {release_number}.")
        return self._snapshot(edition_number, release_number)

    def as_at(self, day: date) -> AsAt:
        """Return what holds on a date, to be asked. Raises NothingPublished."""
        return AsAt(self, day, self.on(day))


@dataclass(frozen=True, slots=True)
class AsAt:
    """What holds on one date: worked out once, then asked as often as a request needs."""

    world: Published
    day: date
    snapshot: Snapshot | None
    """None before the first edition."""

    @property
    def demonstration(self) -> bool:
        """Whether anything of it is made up."""
        return self.snapshot.demonstration if self.snapshot else self.world.demonstration

    @property
    def in_force(self) -> Snapshot:
        """The snapshot. Raises NotKnown before the first edition."""
        if self.snapshot is None:
            first = self.world.timeline.editions[0].effective_from
            raise NotKnown(
                f"No edition was in force on {long_date(self.day)}; the first is from "
                f"{long_date(first)}.",
                next_step="Ask for a later date.",
            )
        return self.snapshot

    def school(self, school_id: int) -> Answer | None:
        """Return the answer for a school, with what changes next; None before all editions."""
        return self._with_upcoming(lambda s: s.school(school_id, on=self.day))

    def point(self, *, lng: float, lat: float) -> Answer | None:
        """Return the answer for a point, with what changes next; None before all editions."""
        return self._with_upcoming(lambda s: s.resolver.point(lng=lng, lat=lat))

    def named(self, named: NamedPlace) -> Answer | None:
        """Return the answer for a candidate, with what changes next; None before all editions."""
        is_of_one = named.kind in BY_CATCHMENTS and len(named.catchment_codes) == 1
        return self._with_upcoming(lambda s: s.named(named, on=self.day), is_of_one=is_of_one)

    def _with_upcoming(
        self, ask: Callable[[Snapshot], Answer], *, is_of_one: bool = False
    ) -> Answer | None:
        """Return an answer with what changes next; `is_of_one` catchment, which its words name."""
        if self.snapshot is None:
            return None
        answer, release = ask(self.snapshot), self.snapshot.release.number or 0
        if self.day < self.world.today:
            return answer
        for later in self.world.scheduled_after(self.day):
            then = ask(self.world.numbered(later.number, release))
            if _assigned(then) != _assigned(answer):
                own = answer.catchment if is_of_one else None
                return replace(answer, upcoming=_upcoming(later, then, own))
        return answer


_INDEXES: WeakValueDictionary[bytes, SpatialIndex] = WeakValueDictionary()
"""Those in use, by the fingerprint of their boundaries; what nobody holds is not kept."""


def _index(boundaries: Mapping[str, BaseGeometry], fingerprint: bytes) -> SpatialIndex:
    """Return the index of these boundaries; one that is in use anywhere serves again."""
    known = _INDEXES.get(fingerprint)
    return known or _INDEXES.setdefault(fingerprint, SpatialIndex(boundaries))


def _gazetteer(
    release: DirectoryRelease, aliases: tuple[Alias, ...], like: Sequence[Snapshot]
) -> Gazetteer:
    """Return the gazetteer of a release; a snapshot of the same, with these aliases, lends its own.

    The same number may come with other former schools and names: an older release was kept since.
    """
    lent = (s.gazetteer for s in like if _same_names(s, release, aliases))
    return next(lent, None) or Gazetteer.of(
        release.schools.values(),
        former=release.former.values(),
        former_names=release.former_names,
        aliases=aliases,
    )


def _names(edition: Edition, like: Sequence[Snapshot]) -> EditionNames:
    """Return the names of an edition; a snapshot of the same edition lends its own."""
    same = (s.names for s in like if s.edition.number == edition.number is not None)
    return next(same, None) or EditionNames.of(edition)


def _same_names(snapshot: Snapshot, release: DirectoryRelease, aliases: tuple[Alias, ...]) -> bool:
    known = snapshot.release
    same = known.number == release.number is not None and snapshot.gazetteer.aliases == aliases
    return same and known.former == release.former and known.former_names == release.former_names


def _assigned(answer: Answer) -> tuple[str | None, ...]:
    """Return what an answer's sentence tells: a catchment, and who serves; not how to call them."""
    catchment = answer.catchment
    name = catchment.name if catchment else None
    return code_of(catchment), name, code_of(answer.provider)


def _upcoming(edition: EditionSummary, then: Answer, own: Catchment | None) -> Upcoming:
    return Upcoming(
        effective_from=edition.effective_from,
        edition=edition.number,
        catchment=then.catchment,
        provider=then.provider,
        sentence=f"From {long_date(edition.effective_from)} {_what_changes(then, own)}.",
    )


def _what_changes(then: Answer, own: Catchment | None) -> str:
    """Return what changes; for `own`, if a catchment was asked about, itself or by its provider."""
    served = f"is served by {then.provider.name}" if then.provider else ""
    if own is not None:
        what = served or "has no provider" if then.catchment else "is no longer one"
        return f"the {own.name} catchment {what}"
    if then.catchment is None:
        return f"it {served or 'belongs to no one catchment'}"
    return f"it {served or 'has no provider'}, in the {then.catchment.name} catchment"


@dataclass(frozen=True, eq=False, slots=True)
class _Known:
    """What names of schools come from beside a release itself; another object when any changes."""

    releases: tuple[ReleaseSummary, ...] = ()
    aliases: tuple[Alias, ...] = ()


class Snapshots:
    """What is published at present, replaced whole by `refresh`."""

    def __init__(self, archive: Store, *, today: Callable[[], date] = today_in_new_zealand):
        self._archive = archive
        self._today = today
        self.latest: Published | None = None
        """What is published, if it has been read once, without asking the archive."""
        self._refreshing = threading.Lock()
        self._building = threading.Lock()
        self._swapping = threading.Lock()
        self._kept = Recent(SNAPSHOTS_KEPT)
        self._known = _Known()
        self.refreshed_at: datetime | None = None
        """When the archive last answered."""

    def current(self) -> Published:
        """Return what is published; only the first call ever waits for the archive."""
        if self.latest is None:
            self.refresh()
        published, today = self.latest, self._today()
        assert published is not None  # noqa: S101 - refresh sets it or raises
        return published if published.today == today else self._on_new_day(today)

    def _on_new_day(self, today: date) -> Published:
        # It needs nothing of the archive, which may be away: what takes effect was built before.
        with self._swapping:
            assert self.latest is not None  # noqa: S101 - only `current` asks, and it has one
            if self.latest.today != today:
                fresh = Recent(LARGE_THINGS_KEPT)
                self.latest = replace(self.latest, today=today, memo={}, recent=fresh)
            return self.latest

    def refresh(self) -> bool:
        """Read anew if anything was published or the day has changed; return whether."""
        with self._refreshing:
            state, today = self._archive.state(), self._today()
            self.refreshed_at = datetime.now(NEW_ZEALAND_TIME)
            old = self.latest
            if old is not None and (old.state, old.today) == (state, today):
                return False
            published = self._read(state, today)
            # Room for all that a request may ask for by itself, or they would oust each other.
            self._kept.at_most = SNAPSHOTS_KEPT + len(published.timeline.scheduled_after(today))
            if published.timeline.editions and published.timeline.releases:
                self._warm(published)
            with self._swapping:
                self.latest = published
            return True

    def _read(self, state: Any, today: date) -> Published:
        # What is published while it is read belongs to a later state, which tags would not name.
        for _ in range(READINGS_AT_MOST):
            known = self._now_known()
            timeline = Timeline.of(self._archive.editions(), known.releases)
            texts = texts_of(*self._archive.texts())
            before, state = state, self._archive.state()
            if state == before:
                break
        # Where it never came to rest the older state stands, so that the next refresh reads again.
        return Published(before, today, timeline, partial(self._snapshot, known), texts)

    def _now_known(self) -> _Known:
        releases, aliases = tuple(self._archive.releases()), self._archive.aliases()
        if (releases, aliases) != (self._known.releases, self._known.aliases):
            self._known = _Known(releases, aliases)
        return self._known

    def _warm(self, published: Published) -> None:
        published.on(published.today)
        release = published.timeline.release_on(published.today)
        for later in published.timeline.scheduled_after(published.today):
            if release is not None:
                published.numbered(later.number, release.number)

    def _snapshot(self, known: _Known, edition_number: int, release_number: int) -> Snapshot:
        key = (known, edition_number, release_number)
        kept: Snapshot | None = self._kept.known(key)
        if kept is not None:
            return kept
        with self._building:  # each is built once, whoever asks meanwhile
            return self._kept.get(key, lambda: self._built(*key))

    def _built(self, known: _Known, edition_number: int, release_number: int) -> Snapshot:
        edition = self._archive.edition(edition_number)
        release = self._archive.release(release_number)
        return Snapshot.of(edition, release, aliases=known.aliases, like=self._kept.all())


def boundaries_fingerprint(boundaries: Mapping[str, BaseGeometry]) -> bytes:
    """Return a digest that two sets of boundaries share only if they are the same bit for bit."""
    digest = hashlib.sha256()
    for code in sorted(boundaries):
        digest.update(f"{len(code)} {code}".encode())
        digest.update(boundaries[code].wkb)
    return digest.digest()
