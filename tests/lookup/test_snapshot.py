"""The present world is whole, is swapped whole, and outlives an archive that is away."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from shapely import box

from catchments.core.errors import CatchmentsError, NothingPublished, NotKnown
from catchments.core.model import (
    Alias,
    Basis,
    Catchment,
    DirectoryRelease,
    Edition,
    EditionSummary,
    FormerName,
    NamedPlace,
    Place,
    PlaceKind,
    Provider,
    ReleaseSummary,
    School,
    Source,
    SourceKind,
    Status,
)
from catchments.lookup.search.typed_text import TypedText
from catchments.lookup.snapshot import (
    SNAPSHOTS_KEPT,
    Published,
    Snapshot,
    Snapshots,
    Timeline,
    boundaries_fingerprint,
)
from catchments.runtime.new_zealand import today_in_new_zealand
from tests.waiting import PATIENCE_S, Clock, wait_until

TODAY = date(2026, 7, 1)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
JANUARY, AUGUST, OCTOBER = date(2026, 1, 5), date(2026, 8, 1), date(2026, 10, 1)
SQUARE, BESIDE = box(174.0, -36.1, 174.1, -36.0), box(174.1, -36.1, 174.2, -36.0)
IN_SQUARE, OUTSIDE = Place(174.05, -36.05), Place(170.0, -45.0)


def source(*, demonstration=False, kind=SourceKind.DIRECTORY):
    return Source(kind, "S", "Ministry", "CC BY 4.0", "1", "0" * 64, demonstration=demonstration)


def content(provider="P1", *, boundary=SQUARE, beside=None, demonstration=False):
    """Return an edition's content in which every catchment is served by one provider."""
    catchments = {code: Catchment(code, f"Catchment {code}", "", provider) for code in "AB"}
    boundaries = {"A": boundary} | ({"B": beside} if beside else {})
    return Edition(
        catchments=catchments,
        boundaries=boundaries,
        providers={provider: Provider(provider, f"Provider {provider}")} if provider else {},
        sources=(source(demonstration=demonstration, kind=SourceKind.BOUNDARIES),),
    )


SCHOOLS = {54: School(54, "Kura", place=IN_SQUARE), 55: School(55, "Far", place=OUTSIDE)}


class Archive:
    """An archive in memory that counts what it is asked and can be away."""

    def __init__(self):
        self.published: list[tuple[EditionSummary, Edition]] = []
        self.directories: list[tuple[ReleaseSummary, DirectoryRelease]] = []
        self.nicknames: tuple[Alias, ...] = ()
        self.asked: list[object] = []
        self.away = False

    def publish(self, edition, effective_from=JANUARY, *, withdrawn=False):
        number = len(self.published) + 1
        at = datetime(2026, 1, 1, tzinfo=UTC)
        summary = EditionSummary(number, f"Edition {number}", "", effective_from, at, False)
        summary = replace(
            summary,
            demonstration=edition.demonstration,
            withdrawn_at=at if withdrawn else None,
        )
        whole = replace(edition, number=number, effective_from=effective_from)
        self.published = [*self.published, (summary, whole)]
        return number

    def withdraw(self, number):
        at = datetime(2026, 6, 1, tzinfo=UTC)
        self.published = [
            (replace(s, withdrawn_at=at) if s.number == number else s, e) for s, e in self.published
        ]

    def release_schools(self, schools=None, released=JANUARY, *, demonstration=False):
        number = len(self.directories) + 1
        schools = SCHOOLS if schools is None else schools
        origin = source(demonstration=demonstration)
        release = DirectoryRelease(schools, released, origin, {}, number)
        summary = ReleaseSummary(number, released, len(schools), origin)
        self.directories = [*self.directories, (summary, release)]
        return number

    def _answering(self, what):
        if self.away:
            raise CatchmentsError("The archive is away.")
        self.asked.append(what)

    def state(self):
        self._answering("state")
        published = tuple((s.number, s.withdrawn_at) for s, _ in self.published)
        return published, len(self.directories), self.nicknames

    def editions(self):
        self._answering("editions")
        return [summary for summary, _ in self.published]

    def edition(self, number):
        self._answering(("edition", number))
        return self.published[number - 1][1]

    def releases(self):
        self._answering("releases")
        return [summary for summary, _ in self.directories]

    def release(self, number):
        self._answering(("release", number))
        return self.directories[number - 1][1]

    def aliases(self):
        self._answering("aliases")
        return self.nicknames

    def texts(self):
        return (), ()


@pytest.fixture
def archive():
    archive = Archive()
    archive.release_schools()
    return archive


@pytest.fixture
def clock():
    return Clock(TODAY)


@pytest.fixture
def snapshots(archive, clock):
    return Snapshots(archive, today=clock)


def provider_of(snapshots, school_id=54, *, on=TODAY):
    answer = snapshots.current().as_at(on).school(school_id)
    return answer and answer.provider and answer.provider.code


# --- time-lines -----------------------------------------------------------------------------------


def timeline(*effective, withdrawn=()):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    editions = [
        EditionSummary(n, "", "", day, at, False, withdrawn_at=at if n in withdrawn else None)
        for n, day in enumerate(effective, 1)
    ]
    return Timeline.of(editions[::-1], [])


def number(summary):
    return summary and summary.number


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (JANUARY - timedelta(days=1), None),
        (JANUARY, 1),
        (JANUARY + timedelta(days=1), 1),
        (AUGUST - timedelta(days=1), 1),
        (AUGUST, 2),
        (AUGUST + timedelta(days=1), 2),
        (date.max, 2),
        (date.min, None),
    ],
)
def test_an_edition_is_in_force_from_its_day_until_the_next_ones(day, expected):
    assert number(timeline(JANUARY, AUGUST).edition_on(day)) == expected


@pytest.mark.parametrize(
    ("effective", "withdrawn", "expected"),
    [
        ([JANUARY, JANUARY], (), 2),
        ([AUGUST, JANUARY], (), 2),
        ([JANUARY, JANUARY, JANUARY], (3,), 2),
        ([JANUARY, JANUARY], (1, 2), None),
        ([], (), None),
    ],
    ids=["a tie", "published out of order", "the latest withdrawn", "all withdrawn", "none"],
)
def test_the_later_number_wins_a_tie_and_withdrawn_editions_do_not_count(
    effective, withdrawn, expected
):
    assert number(timeline(*effective, withdrawn=withdrawn).edition_on(TODAY)) == expected


@pytest.mark.parametrize(
    ("effective", "day", "expected"),
    [
        ([JANUARY, AUGUST, OCTOBER], TODAY, [2, 3]),
        ([JANUARY, AUGUST, OCTOBER], AUGUST - timedelta(days=1), [2, 3]),
        ([JANUARY, AUGUST, OCTOBER], AUGUST, [3]),
        ([JANUARY, AUGUST, OCTOBER], OCTOBER, []),
        ([JANUARY, AUGUST, AUGUST], TODAY, [3]),  # 2 is never in force
        ([JANUARY, OCTOBER, AUGUST], TODAY, [3, 2]),
    ],
)
def test_scheduled_editions_are_those_that_will_ever_be_in_force(effective, day, expected):
    assert [e.number for e in timeline(*effective).scheduled_after(day)] == expected


def releases(*dated):
    """Return a time-line of directory releases, given as date and whether demonstration."""
    return Timeline.of(
        [],
        [
            ReleaseSummary(n, released, 0, source(demonstration=made_up))
            for n, (released, made_up) in enumerate(dated, 1)
        ],
    )


@pytest.mark.parametrize(
    ("dated", "day", "expected"),
    [
        ([(JANUARY, False), (AUGUST, False)], AUGUST - timedelta(days=1), 1),
        ([(JANUARY, False), (AUGUST, False)], AUGUST, 2),
        ([(JANUARY, False), (AUGUST, False)], AUGUST + timedelta(days=1), 2),
        ([(AUGUST, False), (JANUARY, False)], TODAY, 2),
        ([(JANUARY, False), (JANUARY, False)], TODAY, 2),
        ([(AUGUST, False)], TODAY, 1),  # the earliest, where none is as early
        ([(JANUARY, True)], TODAY, 1),
        ([(JANUARY, False), (TODAY, True)], TODAY, 1),
        ([(JANUARY, True), (AUGUST, False)], TODAY, 2),
        ([], TODAY, None),
    ],
)
def test_the_directory_of_a_date_is_the_latest_real_one_up_to_it(dated, day, expected):
    assert number(releases(*dated).release_on(day)) == expected


# --- refreshing -----------------------------------------------------------------------------------


def test_the_first_question_builds_a_world(archive, snapshots):
    archive.publish(content("P1"))
    world = snapshots.current()
    assert world.today == TODAY
    assert provider_of(snapshots) == "P1"
    assert snapshots.refreshed_at is not None


def test_an_unchanged_archive_is_asked_for_its_state_and_nothing_else(archive, snapshots):
    archive.publish(content("P1"))
    world = snapshots.current()
    archive.asked.clear()
    assert not snapshots.refresh()
    assert snapshots.current() is world
    assert archive.asked == ["state"]


def test_requests_between_refreshes_never_ask_the_archive(archive, snapshots):
    archive.publish(content("P1"))
    snapshots.current()
    archive.asked.clear()
    assert [provider_of(snapshots) for _ in range(5)] == ["P1"] * 5
    assert archive.asked == []


def test_a_publication_replaces_the_world_whole_and_leaves_the_old_one_as_it_was(
    archive, snapshots
):
    archive.publish(content("P1"))
    old = snapshots.current()
    archive.publish(content("P2"))
    assert provider_of(snapshots) == "P1"  # not before the refresh
    assert snapshots.refresh()
    assert provider_of(snapshots) == "P2"
    assert old.as_at(TODAY).school(54).provider.code == "P1"
    assert snapshots.current() is not old


def test_what_is_remembered_with_a_world_dies_with_it(archive, snapshots):
    archive.publish(content("P1"))
    snapshots.current().memo["page"] = "old"
    archive.publish(content("P2"))
    snapshots.refresh()
    assert snapshots.current().memo == {}


def test_a_new_directory_replaces_the_world_too(archive, snapshots):
    archive.publish(content("P1"))
    with pytest.raises(NotKnown):
        snapshots.current().as_at(TODAY).school(77)
    archive.release_schools({77: School(77, "New", place=IN_SQUARE)})
    assert snapshots.refresh()
    assert provider_of(snapshots, 77) == "P1"


def test_withdrawing_a_scheduled_edition_replaces_the_world(archive, snapshots):
    archive.publish(content("P1"))
    scheduled = archive.publish(content("P2"), AUGUST)
    assert snapshots.current().as_at(TODAY).school(54).upcoming is not None
    archive.withdraw(scheduled)
    assert snapshots.refresh()
    assert snapshots.current().as_at(TODAY).school(54).upcoming is None
    assert provider_of(snapshots, on=AUGUST) == "P1"


@pytest.mark.parametrize("how", ["asked", "refreshed"])
def test_a_new_day_brings_the_edition_of_that_day_into_force(archive, snapshots, clock, how):
    archive.publish(content("P1"))
    archive.publish(content("P2"), TOMORROW)
    yesterday = snapshots.current()
    assert yesterday.on(yesterday.today).edition.number == 1
    clock.now = TOMORROW
    if how == "refreshed":
        assert snapshots.refresh()
    world = snapshots.current()
    assert (world.today, world.on(world.today).edition.number) == (TOMORROW, 2)
    assert world.as_at(world.today).school(54).provider.code == "P2"
    assert world.as_at(world.today).school(54).upcoming is None
    assert world is snapshots.current()


# --- the archive away -----------------------------------------------------------------------------


def test_without_an_archive_there_is_no_first_world(archive, snapshots):
    archive.publish(content("P1"))
    archive.away = True
    with pytest.raises(CatchmentsError, match="The archive is away"):
        snapshots.current()
    archive.away = False
    assert provider_of(snapshots) == "P1"


def test_when_the_archive_goes_away_the_old_world_goes_on_answering(archive, snapshots):
    archive.publish(content("P1"))
    snapshots.current()
    last = snapshots.refreshed_at
    archive.away = True
    for _ in range(3):
        with pytest.raises(CatchmentsError, match="The archive is away"):
            snapshots.refresh()
        assert provider_of(snapshots) == "P1"
    assert snapshots.refreshed_at == last
    archive.away = False
    archive.publish(content("P2"))
    assert snapshots.refresh()
    assert provider_of(snapshots) == "P2"


def test_a_day_may_begin_while_the_archive_is_away(archive, snapshots, clock):
    archive.publish(content("P1"))
    archive.publish(content("P2"), TOMORROW)
    snapshots.current()
    archive.away = True
    clock.now = TOMORROW
    assert provider_of(snapshots, on=TOMORROW) == "P2"
    assert snapshots.current().today == TOMORROW


def test_an_archive_that_fails_half_way_leaves_the_old_world(archive, snapshots, monkeypatch):
    archive.publish(content("P1"))
    snapshots.current()
    archive.publish(content("P2"))

    def fails(_):
        raise CatchmentsError("The archive is away.")

    with monkeypatch.context() as patched:
        patched.setattr(archive, "edition", fails)
        with pytest.raises(CatchmentsError, match="The archive is away"):
            snapshots.refresh()
        assert provider_of(snapshots) == "P1"
    assert snapshots.refresh()
    assert provider_of(snapshots) == "P2"


# --- what a world knows ---------------------------------------------------------------------------


@pytest.mark.parametrize("there", ["nothing", "a directory", "an edition"])
def test_before_anything_is_published_a_world_says_what_to_do(there):
    archive = Archive()
    if there == "a directory":
        archive.release_schools()
    if there == "an edition":
        archive.publish(content())
    world = Snapshots(archive, today=Clock(TODAY)).current()
    with pytest.raises(NothingPublished) as refused:
        world.as_at(TODAY).school(54)
    assert refused.value.problem == "Nothing has been published yet."
    assert "publish an edition" in refused.value.next_step


@pytest.mark.parametrize(
    ("day", "expected"), [(JANUARY - timedelta(days=1), None), (JANUARY, 1), (TODAY, 1)]
)
def test_before_the_first_edition_there_is_no_answer_and_no_error(
    archive, snapshots, day, expected
):
    archive.publish(content("P1"))
    world = snapshots.current()
    snapshot = world.on(day)
    assert (snapshot and snapshot.edition.number) == expected
    assert (world.as_at(day).school(54) is None) is (expected is None)
    assert (world.as_at(day).point(lng=174.05, lat=-36.05) is None) is (expected is None)


def test_an_earlier_date_is_answered_from_the_edition_and_directory_of_that_date(
    archive, snapshots
):
    archive.publish(content("P1"))
    archive.publish(content("P2"), YESTERDAY)
    archive.release_schools({54: School(54, "Renamed", place=IN_SQUARE)}, YESTERDAY)
    world = snapshots.current()
    before, now = world.as_at(JANUARY).school(54), world.as_at(TODAY).school(54)
    assert (before.school.name, before.provider.code) == ("Kura", "P1")
    assert (now.school.name, now.provider.code) == ("Renamed", "P2")


def test_numbered_snapshots_exist_for_what_was_published(archive, snapshots):
    archive.publish(content("P1"))
    world = snapshots.current()
    assert world.numbered(1, 1) is world.on(TODAY)
    with pytest.raises(NotKnown, match=r"There is no edition 2\."):
        world.numbered(2, 1)
    with pytest.raises(NotKnown, match=r"There is no school directory release 9\."):
        world.numbered(1, 9)


@pytest.mark.parametrize(
    ("edition", "directory", "expected"),
    [(True, True, True), (True, False, True), (False, True, True), (False, False, False)],
)
def test_a_world_with_anything_made_up_says_so(edition, directory, expected):
    archive = Archive()
    archive.release_schools(demonstration=directory)
    archive.publish(content(demonstration=edition))
    world = Snapshots(archive, today=Clock(TODAY)).current()
    assert world.on(TODAY).demonstration is expected
    assert world.demonstration is expected


def test_every_school_is_resolved_once_and_asked_again_gives_the_same():
    release = DirectoryRelease(SCHOOLS, JANUARY, source(), {}, 1)
    snapshot = Snapshot.of(content("P1"), release)
    assert snapshot.answers.keys() == SCHOOLS.keys()
    for school_id, answer in snapshot.answers.items():
        assert snapshot.school(school_id, on=TODAY) is answer
        assert snapshot.resolver.school(school_id, on=TODAY) == answer
    assert snapshot.answers[54].basis is Basis.LOCATED
    assert snapshot.answers[55].status is Status.UNRESOLVED
    (found,) = snapshot.gazetteer.candidates(TypedText.of("kura"), at_most=5)
    assert found.schools == (SCHOOLS[54],)


def test_today_is_that_of_new_zealand():
    now = datetime.now(UTC)
    assert now.date() <= today_in_new_zealand() <= (now + timedelta(hours=14)).date()


# --- what changes next ----------------------------------------------------------------------------


def upcoming_of(snapshots, on=TODAY):
    return snapshots.current().as_at(on).school(54).upcoming


def test_an_upcoming_change_is_told_with_its_date_and_provider(archive, snapshots):
    archive.publish(content("P1"))
    archive.publish(content("P2"), AUGUST)
    upcoming = upcoming_of(snapshots)
    assert (upcoming.effective_from, upcoming.edition) == (AUGUST, 2)
    assert (upcoming.provider.code, upcoming.catchment.code) == ("P2", "A")
    assert upcoming.sentence == (
        "From 1 August 2026 it is served by Provider P2, in the Catchment A catchment."
    )
    point = snapshots.current().as_at(TODAY).point(lng=174.05, lat=-36.05)
    assert point.upcoming == upcoming


def test_an_upcoming_edition_that_changes_nothing_for_a_school_is_not_told(archive, snapshots):
    archive.publish(content("P1"))
    archive.publish(content("P1", beside=BESIDE), AUGUST)
    assert upcoming_of(snapshots) is None
    assert snapshots.current().as_at(TODAY).school(55).upcoming is None


def test_other_contact_details_are_no_change_of_provider(archive, snapshots):
    first = content("P1")
    other = Provider("P1", "Provider P1", phone="0800 999 999")
    archive.publish(first)
    archive.publish(replace(first, providers={"P1": other}), AUGUST)
    assert upcoming_of(snapshots) is None
    archive.publish(content("P2"), OCTOBER)
    snapshots.refresh()
    assert upcoming_of(snapshots).effective_from == OCTOBER


def test_the_first_edition_that_changes_the_answer_is_told(archive, snapshots):
    archive.publish(content("P1"))
    archive.publish(content("P1", beside=BESIDE), AUGUST)
    archive.publish(content("P3"), OCTOBER)
    upcoming = upcoming_of(snapshots)
    assert (upcoming.edition, upcoming.provider.code) == (3, "P3")


def test_losing_ones_provider_is_told(archive, snapshots):
    archive.publish(content("P1"))
    archive.publish(content(None), AUGUST)
    assert upcoming_of(snapshots).sentence == (
        "From 1 August 2026 it has no provider, in the Catchment A catchment."
    )


@pytest.mark.parametrize(
    ("on", "edition"),
    [
        (YESTERDAY, None),  # what came after a past day is no news
        (TODAY, 2),
        (AUGUST - timedelta(days=1), 2),
        (AUGUST, 3),
        (OCTOBER, None),
    ],
)
def test_what_comes_next_depends_on_the_date_asked_for(archive, snapshots, on, edition):
    archive.publish(content("P1"))
    archive.publish(content("P2"), AUGUST)
    archive.publish(content("P3"), OCTOBER)
    upcoming = upcoming_of(snapshots, on=on)
    assert (upcoming and upcoming.edition) == edition


def test_what_changes_of_a_catchment_that_was_named_is_told_with_its_name(archive, snapshots):
    archive.publish(content("P1"))
    archive.publish(content("P2"), AUGUST)
    asked = snapshots.current().as_at(TODAY)
    (named,) = asked.snapshot.names.named(TypedText.of("Catchment A"), at_most=1)
    answer = asked.named(named)
    assert answer.sentence == "The Catchment A catchment is served by Provider P1."
    assert answer.upcoming.sentence == (
        "From 1 August 2026 the Catchment A catchment is served by Provider P2."
    )


@pytest.mark.parametrize(
    ("then", "sentence"),
    [
        (content(None), "From 1 August 2026 the Catchment A catchment has no provider."),
        (Edition(), "From 1 August 2026 the Catchment A catchment is no longer one."),
    ],
)
def test_a_named_catchment_that_loses_its_provider_or_goes_is_told(
    archive, snapshots, then, sentence
):
    archive.publish(content("P1"))
    archive.publish(then, AUGUST)
    named = NamedPlace(PlaceKind.CATCHMENT, "Catchment A", catchment_codes=("A",))
    assert snapshots.current().as_at(TODAY).named(named).upcoming.sentence == sentence


def test_coordinates_are_answered_for_as_an_address_is_and_a_postcode_as_a_town(archive, snapshots):
    archive.publish(content("P1", beside=BESIDE))
    asked = snapshots.current().as_at(TODAY)
    here = NamedPlace(PlaceKind.POINT, "-36.05, 174.05", places=(IN_SQUARE,))
    assert asked.named(here).basis is Basis.LOCATED
    assert asked.named(here).sentence.startswith("-36.05, 174.05 lies inside the Catchment A")
    around = NamedPlace(PlaceKind.POSTCODE, "0410", places=(IN_SQUARE, Place(174.15, -36.05)))
    assert asked.named(around).status is Status.AMBIGUOUS


# --- sharing and keeping --------------------------------------------------------------------------


def index_of(world: Published, day):
    return world.on(day).resolver.index


def test_editions_with_the_same_boundaries_share_one_index(archive, snapshots):
    archive.publish(content("P1"))
    archive.publish(content("P2", boundary=box(174.0, -36.1, 174.1, -36.0)), TODAY)
    archive.publish(content("P2", beside=BESIDE), AUGUST)
    world = snapshots.current()
    assert index_of(world, JANUARY) is index_of(world, TODAY)
    assert index_of(world, AUGUST) is not index_of(world, TODAY)
    archive.release_schools(released=TODAY)
    snapshots.refresh()
    assert index_of(snapshots.current(), TODAY) is index_of(world, TODAY)


def test_a_fingerprint_is_that_of_codes_and_coordinates():
    one = boundaries_fingerprint({"A": SQUARE, "B": BESIDE})
    assert one == boundaries_fingerprint({"B": BESIDE, "A": box(174.0, -36.1, 174.1, -36.0)})
    others = [
        {"A": BESIDE, "B": SQUARE},
        {"A": SQUARE},
        {"A": SQUARE, "C": BESIDE},
        {"A": SQUARE.reverse(), "B": BESIDE},
        {},
    ]
    assert len({one, *map(boundaries_fingerprint, others)}) == 1 + len(others)


def asked_editions(archive):
    return [what[1] for what in archive.asked if what[0] == "edition"]


def test_no_more_snapshots_are_kept_than_there_is_room_for_the_least_used_go(archive, snapshots):
    days = [JANUARY + timedelta(days=n) for n in range(SNAPSHOTS_KEPT + 1)]
    for n, day in enumerate(days):
        archive.publish(content(f"P{n}"), day)
    world = snapshots.current()  # makes the last one's
    for day in days[:-1]:
        world.on(day)  # the last of these ousts the last one's
    archive.asked.clear()
    for day in days[:-1]:
        world.on(day)
    assert asked_editions(archive) == []
    world.on(days[-1])  # ousts the first
    world.on(days[1])
    world.on(days[0])
    assert asked_editions(archive) == [len(days), 1]
    assert len(snapshots._kept) == SNAPSHOTS_KEPT


@pytest.mark.parametrize("scheduled", [1, SNAPSHOTS_KEPT, SNAPSHOTS_KEPT + 3])
def test_however_many_editions_are_scheduled_no_question_builds_one(archive, snapshots, scheduled):
    archive.publish(content("P1"))
    for n in range(scheduled):
        archive.publish(content("P1"), AUGUST + timedelta(days=n))
    snapshots.current()
    archive.asked.clear()
    for _ in range(3):
        assert snapshots.current().as_at(TODAY).school(54).upcoming is None
    assert archive.asked == []


# --- threads --------------------------------------------------------------------------------------


def test_readers_never_see_a_mixture_of_two_editions(archive):
    archive.publish(content("P1"))
    snapshots = Snapshots(archive, today=Clock(TODAY))
    stop, mixtures, seen = threading.Event(), [], set()

    def read():
        while not stop.is_set():
            world = snapshots.current()
            snapshot, answer = world.on(TODAY), world.as_at(TODAY).school(54)
            at = world.as_at(TODAY).point(lng=174.05, lat=-36.05)
            number = snapshot.edition.number
            seen.add(number)
            if {answer.provider.code, at.provider.code} != {f"P{number}"}:
                mixtures.append((number, answer.provider.code, at.provider.code))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(2, 30):
        archive.publish(content(f"P{n}", beside=BESIDE if n % 3 else None))
        snapshots.refresh()
        if n % 10 == 0:  # a publication is over too soon for the readers to see each
            wait_until(lambda n=n: n in seen, f"a reader sees edition {n}")
    stop.set()
    for reader in readers:
        reader.join(PATIENCE_S)
    assert mixtures == []
    assert provider_of(snapshots) == "P29"
    assert {10, 20} <= seen


class PublishedMeanwhile(Archive):
    """An archive to which something is published after its state was read, a number of times."""

    times = 0

    def state(self):
        said = super().state()
        if self.times:
            self.times -= 1
            self.publish(content(f"P{len(self.published) + 1}"))
        return said


@pytest.mark.parametrize("times", [1, 2, 7, 100], ids="published {} times meanwhile".format)
def test_what_is_published_during_a_reading_has_the_state_that_it_belongs_to(times):
    archive = PublishedMeanwhile()
    archive.release_schools()
    archive.publish(content("P1"))
    archive.times = times
    snapshots = Snapshots(archive, today=Clock(TODAY))
    snapshots.refresh()
    archive.times = 0
    snapshots.refresh()
    world = snapshots.current()
    assert world.state == archive.state()
    assert world.on(TODAY).edition.number == len(archive.published)
    assert snapshots.refresh() is False


def test_a_state_names_no_edition_that_was_published_after_it(archive):
    archive.publish(content("P1"))
    meanwhile = PublishedMeanwhile()
    meanwhile.published, meanwhile.directories = archive.published, archive.directories
    meanwhile.times = 3
    snapshots = Snapshots(meanwhile, today=Clock(TODAY))
    snapshots.refresh()
    world = snapshots.current()
    (published, _, _), numbers = world.state, [e.number for e in world.timeline.editions]
    assert [number for number, _ in published] == sorted(numbers) == [1, 2, 3, 4]


def test_many_threads_that_ask_first_build_one_snapshot(archive):
    archive.publish(content("P1"))
    snapshots = Snapshots(archive, today=Clock(TODAY))
    together, worlds = threading.Barrier(8), []

    def ask():
        together.wait()
        worlds.append(snapshots.current())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(set(map(id, worlds))) == 1
    assert asked_editions(archive) == [1]


def test_snapshots_of_one_directory_release_share_a_gazetteer():
    release = DirectoryRelease(SCHOOLS, JANUARY, source(), {}, 1)
    first = Snapshot.of(content("P1"), release)
    assert Snapshot.of(content("P2"), release, like=[first]).gazetteer is first.gazetteer
    other = replace(release, number=2)
    assert Snapshot.of(content("P2"), other, like=[first]).gazetteer is not first.gazetteer


def test_snapshots_of_one_edition_share_its_names():
    release = DirectoryRelease(SCHOOLS, JANUARY, source(), {}, 1)
    first = Snapshot.of(replace(content("P1"), number=1), release)
    again = Snapshot.of(replace(content("P1"), number=1), replace(release, number=2), like=[first])
    assert again.names is first.names
    other = Snapshot.of(replace(content("P2"), number=2), release, like=[first])
    assert other.names is not first.names


def test_a_snapshot_with_other_aliases_lends_no_gazetteer():
    release = DirectoryRelease(SCHOOLS, JANUARY, source(), {}, 1)
    first = Snapshot.of(content("P1"), release)
    aliases = (Alias("The Kura", 54, "its website"),)
    other = Snapshot.of(content("P1"), release, aliases=aliases, like=[first])
    assert other.gazetteer is not first.gazetteer
    assert (first.gazetteer.aliases, other.gazetteer.aliases) == ((), aliases)
    third = Snapshot.of(content("P2"), release, aliases=aliases, like=[first, other])
    assert third.gazetteer is other.gazetteer


def test_a_snapshot_with_other_former_names_lends_no_gazetteer():
    release = DirectoryRelease(SCHOOLS, JANUARY, source(), {}, 1)
    first = Snapshot.of(content("P1"), release)
    names = {54: (FormerName("Kura Tawhito", date(2021, 9, 25)),)}
    other = Snapshot.of(content("P1"), replace(release, former_names=names), like=[first])
    assert other.gazetteer is not first.gazetteer
    assert other.gazetteer.former_names == names


def test_aliases_that_are_imported_are_there_at_the_next_refresh(archive, snapshots):
    archive.publish(content("P1"))
    before = snapshots.current().on(TODAY)
    archive.nicknames = (Alias("The Kura", 54, "its website"),)
    assert snapshots.refresh()
    after = snapshots.current().on(TODAY)
    assert before.gazetteer.aliases == ()
    assert after.gazetteer.aliases == archive.nicknames
    assert after.resolver.index is before.resolver.index
    assert not snapshots.refresh()


def test_what_was_published_before_other_aliases_goes_on_without_them(archive, snapshots):
    archive.publish(content("P1"))
    held = snapshots.current()
    archive.nicknames = (Alias("The Kura", 54, "its website"),)
    snapshots.refresh()
    assert held.on(TODAY).gazetteer.aliases == ()


def test_an_older_release_that_is_kept_later_lends_its_names_at_the_next_refresh(
    archive, snapshots
):
    archive.publish(content("P1"))
    before = snapshots.current().on(TODAY)
    names = {54: (FormerName("Kura Tawhito", date(2021, 9, 25)),)}
    summary, release = archive.directories[0]
    archive.directories = [(summary, replace(release, former_names=names))]
    archive.release_schools({}, date(2021, 9, 25))
    snapshots.refresh()
    after = snapshots.current().on(TODAY)
    assert before.release.number == after.release.number == 1
    assert after.gazetteer.former_names == names
