"""From a draft to an edition in force: what is refused, in which words, and what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import shapely

from catchments.changes.change import Change
from catchments.changes.kinds.edit_provider import EditProvider
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.core.errors import CatchmentsError, NotKnown, PublicationRefused
from catchments.core.model import (
    NOT_STATED,
    Catchment,
    Contract,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
    Status,
)
from catchments.editions.publishing import PublicationRequest, Publisher
from catchments.editions.withdrawal import refuse_withdrawal
from catchments.lookup.snapshot import Snapshots, Timeline
from catchments.store import Store
from tests.worlds import (
    AHI,
    KOWHAI,
    REKOHU,
    RIMU,
    TODAY,
    at_once,
    opened,
    overlapping_edition,
    publish_whole,
    simple_artefacts,
    small_edition,
    small_release,
    small_schools,
    source,
    withdraw,
)

SOON, LATER, LATEST = (TODAY + timedelta(days=days) for days in (30, 60, 90))
REAL_SOURCES = {
    kind: source(kind, demonstration=False)
    for kind in (SourceKind.BOUNDARIES, SourceKind.PROVIDERS, SourceKind.LISTINGS)
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a real school directory and nothing published."""
    with opened(tmp_path / "publication.sqlite") as made:
        made.add_release(small_release(demonstration=False))
        yield made


def publisher(store: Store, *, today: date = TODAY) -> Publisher:
    return Publisher(store, lambda _: simple_artefacts(), "1", today=today)


def publish(store: Store, draft_id: int, day: date = TODAY, **how: object) -> list[int]:
    return publisher(store).publish(PublicationRequest(draft_id, day, **how))  # type: ignore[arg-type]


def refusal(work: Callable[[], object]) -> PublicationRefused:
    with pytest.raises(PublicationRefused) as refused:
        work()
    return refused.value


def drafted(store: Store, *changes: Change, base: int | None = None, title: str = "Draft") -> int:
    draft_id = None
    for change in changes:
        draft_id = store.add_to_draft(change, draft_id=draft_id, title=title, base_number=base)
    assert draft_id
    return draft_id


def all_of(edition: Edition) -> tuple[Change, ...]:
    """The changes that make an edition out of nothing, as three imports would."""
    by_kind = {s.kind: s for s in edition.sources}
    return (
        ReplaceCatchments(
            edition.catchments,
            edition.boundaries,
            (by_kind[SourceKind.BOUNDARIES],),
            overlaps_accepted=edition.overlaps_accepted,
        ),
        ReplaceProviders(edition.providers, by_kind[SourceKind.PROVIDERS]),
        ReplaceListings(
            edition.listings,
            by_kind[SourceKind.LISTINGS],
            unserved=edition.unserved,
            in_school_provision=edition.in_school_provision,
        ),
    )


def to_provider(**assignments: str) -> ReplaceProviders:
    """Give catchments, by name, to other providers."""
    return ReplaceProviders(
        small_edition().providers, REAL_SOURCES[SourceKind.PROVIDERS], assignments
    )


def provider_of(store: Store, number: int, code: str) -> str | None:
    return store.edition(number).catchments[code].provider_code


@pytest.fixture
def published(store: Store) -> Store:
    """A store with the real small world as edition 1, in force since January."""
    publish_whole(store, small_edition(demonstration=False))
    return store


# --- what stands in the way -----------------------------------------------------------------------

_BOW_TIE = shapely.Polygon([(174, -39), (175, -38), (175, -39), (174, -38), (174, -39)])


def _without(edition: Edition, field: str, code: object) -> Edition:
    kept = {k: v for k, v in getattr(edition, field).items() if k != code}
    return replace(edition, **{field: kept})


def _with_catchment(code: str, **changes: object) -> Edition:
    edition = small_edition()
    changed = replace(edition.catchments[code], **changes)  # type: ignore[arg-type]
    return replace(edition, catchments={**edition.catchments, code: changed})


def _with_boundary(code: str, boundary: object) -> Edition:
    edition = small_edition()
    return replace(edition, boundaries={**edition.boundaries, code: boundary})


def _with_sources(*sources: Source) -> Edition:
    return small_edition(sources=sources)


def _lacking(**missing: str) -> Edition:
    faulty = source(SourceKind.BOUNDARIES, **missing)
    return _with_sources(faulty, source(SourceKind.LISTINGS))


LACKS = (
    "The source “Squares (boundaries)” lacks its authority, its licence or its checksum: import "
    "it again, and give its authority and its licence."
)
UNREACHED = "reaches no catchment: it is not listed and"
UNSOUND: dict[str, tuple[Edition, str]] = {
    "nothing at all": (Edition(effective_from=TODAY), "The draft has no catchments."),
    "a catchment without a provider": (
        _with_catchment(AHI, provider_code=None),
        "The catchment Ahi (AHI-1) has no provider.",
    ),
    "a provider that is not there": (
        _without(small_edition(), "providers", "P-REK"),
        "The catchment Rēkohu (REK-5) has no provider.",
    ),
    "a catchment of nothing": (
        replace(
            small_edition(),
            catchments={
                **small_edition().catchments,
                "NEW-6": Catchment("NEW-6", "New", "", "P-AHI"),
            },
        ),
        "The catchment New (NEW-6) has neither a boundary nor a listed school.",
    ),
    "a school without a place": (
        small_edition(unserved=frozenset()),
        f"School 498 Te Aho o Te Kura Pounamu {UNREACHED} it has no recorded place.",
    ),
    "a school in the sea": (
        _without(small_edition(), "boundaries", REKOHU),
        f"School 3553 Te One School {UNREACHED} it lies outside all of them.",
    ),
    "a school in two catchments": (
        replace(_with_boundary(RIMU, shapely.box(174, -40, 176, -39)), overlaps_accepted=True),
        "School 56 St Joseph's School is in more than one catchment: Rimu and Tōtara.",
    ),
    "an overlap": (
        overlapping_edition(accepted=False),
        "The coverage is broken: Ahi and Kōwhai overlap by ",
    ),
    "a gap": (
        _with_boundary(
            RIMU,
            shapely.difference(
                shapely.box(174, -40, 175, -39), shapely.box(174.4, -39.2, 174.6, -39.0)
            ),
        ),
        "The coverage is broken: Between Ahi and Rimu is a gap of ",
    ),
    "a boundary that crosses itself": (
        _with_boundary(AHI, _BOW_TIE),
        "The coverage is broken: The boundary of Ahi is not valid (",
    ),
    "boundaries from nowhere": (
        _with_sources(source(SourceKind.LISTINGS)),
        "The boundaries have no declared source.",
    ),
    "listings from nowhere": (
        _with_sources(source(SourceKind.BOUNDARIES)),
        "The listings have no declared source.",
    ),
    "a source without a licence": (_lacking(licence=""), LACKS),
    "a source of which no licence was stated": (_lacking(licence=NOT_STATED), LACKS),
    "a source without an authority": (_lacking(authority=""), LACKS),
    "a source without a checksum": (_lacking(sha256=""), LACKS),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_each_thing_in_the_way_is_said_in_a_sentence_that_names_it(what: str, store: Store) -> None:
    edition, sentence = UNSOUND[what]
    refused = refusal(lambda: publisher(store).seed(edition, small_release()))
    assert [reason for reason in refused.reasons if reason.startswith(sentence)]
    assert str(len(refused.reasons)) in refused.problem
    assert store.editions() == []
    assert len(store.releases()) == 1


@pytest.mark.parametrize("status", [SchoolStatus.CLOSED, SchoolStatus.PROPOSED, SchoolStatus.OPEN])
def test_only_open_schools_must_reach_a_catchment(status: SchoolStatus, store: Store) -> None:
    lost = School(99, "Lost School", status, Place(160.0, -50.0))
    release = small_release(schools={**small_schools(), 99: lost})
    seed = publisher(store).seed
    if status is SchoolStatus.OPEN:
        assert len(refusal(lambda: seed(small_edition(), release)).reasons) == 1
    else:
        assert seed(small_edition(), release) == [1]


def test_a_sound_edition_and_an_accepted_overlap_may_be_published(store: Store) -> None:
    assert publisher(store).seed(small_edition(), small_release()) == [1]
    assert publisher(store).seed(overlapping_edition(), small_release()) == [2]


def test_without_a_school_directory_nothing_is_published(tmp_path: Path) -> None:
    with opened(tmp_path / "bare.sqlite") as bare:
        draft_id = drafted(bare, *all_of(small_edition(demonstration=False)))
        refused = refusal(lambda: publish(bare, draft_id))
    assert "There is no school directory" in refused.problem
    assert "flask schools import FILE --commit" in refused.next_step


# --- a draft becomes an edition -------------------------------------------------------------------


def test_a_draft_from_nothing_is_published_whole(store: Store) -> None:
    edition = small_edition(demonstration=False)
    draft_id = drafted(store, *all_of(edition), title="The Ministry's files")
    assert publish(store, draft_id, SOON, reason="As announced") == [1]
    assert store.edition(1) == replace(
        edition,
        number=1,
        title="The Ministry's files",
        reason="As announced",
        effective_from=SOON,
    )
    assert store.draft(draft_id).published_as == 1
    summary = store.editions()[0]
    assert (summary.draft_id, summary.base_number, summary.demonstration) == (1, None, False)
    assert store.artefact(1, "map-element.html")


def test_a_draft_on_an_edition_is_published_on_top_of_it(published: Store) -> None:
    draft_id = drafted(published, to_provider(Ahi="P-RIMU"), base=1)
    assert publish(published, draft_id, SOON) == [2]
    assert provider_of(published, 1, AHI) == "P-AHI"
    assert provider_of(published, 2, AHI) == "P-RIMU"
    assert published.edition(2).listings == published.edition(1).listings
    assert published.editions()[1].base_number == 1


def test_a_draft_that_leaves_days_between_two_providers_to_nobody_is_refused(
    published: Store,
) -> None:
    retired = RetireProvider("P-AHI", {AHI: "P-RIMU"}, SOON)
    draft_id = drafted(published, retired, base=1)
    refused = refusal(lambda: publish(published, draft_id, LATER))
    assert "it would leave days to nobody" in refused.problem
    assert "others follow in Ahi (AHI-1) from " in refused.reasons[0]
    assert publish(published, draft_id, SOON) == [2]


def test_what_is_published_says_which_contract_ends_meanwhile(published: Store) -> None:
    ending = EditProvider(Provider("P-AHI", "Ahi Trust"), Contract(ends=LATER))
    office = publisher(published)
    office.publish(PublicationRequest(drafted(published, ending, base=1), SOON))
    assert [note for note in office.notes if "P-AHI) ends on" in note]
    later = drafted(published, RetireProvider("P-AHI", {AHI: "P-RIMU"}), base=2)
    office = publisher(published)
    office.publish(PublicationRequest(later, LATER))
    assert not [note for note in office.notes if "ends on" in note]


def test_a_draft_is_published_once(published: Store) -> None:
    draft_id = drafted(published, to_provider(Ahi="P-RIMU"), base=1)
    publish(published, draft_id)
    refused = refusal(lambda: publish(published, draft_id, SOON))
    assert refused.problem == "Draft 1 has been published already, as edition 2."


def test_a_draft_that_does_not_exist_is_not_known(published: Store) -> None:
    with pytest.raises(NotKnown, match=r"There is no draft 9\. See `flask editions list`"):
        publish(published, 9)


def test_a_school_may_be_left_in_no_catchment_by_name(store: Store) -> None:
    edition = small_edition(demonstration=False, unserved=frozenset())
    draft_id = drafted(store, *all_of(edition))
    assert len(refusal(lambda: publish(store, draft_id)).reasons) == 1
    assert publish(store, draft_id, unserved=frozenset({498, 54})) == [1]
    assert store.edition(1).unserved == {498}  # 54 is listed, and the list wins


def test_the_past_needs_a_reason(published: Store) -> None:
    draft_id = drafted(published, to_provider(Ahi="P-RIMU"), base=1)
    yesterday = TODAY - timedelta(days=1)
    refused = refusal(lambda: publish(published, draft_id, yesterday))
    assert refused.problem == "2 March 2026 lies before today, 3 March 2026."
    assert "--reason" in refused.next_step
    assert publish(published, draft_id, yesterday, reason="It was so") == [2]
    assert published.edition(2).reason == "It was so"


def test_today_needs_no_reason(published: Store) -> None:
    assert publish(published, drafted(published, to_provider(Ahi="P-RIMU"), base=1), TODAY) == [2]


def test_a_stale_base_is_refused_and_can_be_reapplied(published: Store) -> None:
    first = drafted(published, to_provider(Ahi="P-RIMU"), base=1)
    second = drafted(published, to_provider(Rimu="P-AHI"), base=1)
    publish(published, first, TODAY)
    refused = refusal(lambda: publish(published, second, SOON))
    assert refused.problem == (
        "Draft 2 was made from edition 1, but edition 2 is in force on 2 April 2026."
    )
    assert "--reapply" in refused.next_step
    assert publish(published, second, SOON, reapply=True) == [3]
    assert provider_of(published, 3, AHI) == "P-RIMU"
    assert provider_of(published, 3, RIMU) == "P-AHI"
    assert published.editions()[2].base_number == 2


def test_a_draft_that_no_longer_fits_cannot_be_reapplied(published: Store) -> None:
    _merge_rimu_into_ahi(published)
    stale = drafted(published, to_provider(Rimu="P-AHI"), base=1)
    with pytest.raises(CatchmentsError, match="a catchment “Rimu”, which the edition lacks"):
        publish(published, stale, SOON, reapply=True)


def _merge_rimu_into_ahi(published: Store, day: date = TODAY) -> None:
    edition = small_edition(demonstration=False)
    both = shapely.box(174.0, -40.0, 175.0, -38.0)
    merged = replace(
        _without(_without(edition, "catchments", RIMU), "boundaries", RIMU),
        listings={54: AHI, 55: KOWHAI, 57: AHI},
    )
    merged = replace(merged, boundaries={**merged.boundaries, AHI: both})
    assert publish(published, drafted(published, *all_of(merged), base=1), day)


# --- before an edition that is scheduled already --------------------------------------------------


def test_publishing_before_a_scheduled_edition_reapplies_it(published: Store) -> None:
    scheduled = drafted(published, to_provider(Rimu="P-AHI"), base=1, title="Scheduled")
    publish(published, scheduled, LATER, reason="Announced")
    sooner = drafted(published, to_provider(Ahi="P-RIMU"), base=1, title="Sooner")
    assert publish(published, sooner, SOON) == [3, 4]
    assert [(provider_of(published, n, AHI), provider_of(published, n, RIMU)) for n in (3, 4)] == [
        ("P-RIMU", "P-RIMU"),
        ("P-RIMU", "P-AHI"),
    ]
    again = published.edition(4)
    assert (again.title, again.reason, again.effective_from) == ("Scheduled", "Announced", LATER)
    assert published.draft(scheduled).published_as == 4
    assert published.editions()[3].base_number == 3
    timeline = Timeline.of(published.editions(), published.releases())
    in_force = [timeline.edition_on(day) for day in (TODAY, SOON, LATER)]
    assert [e and e.number for e in in_force] == [1, 3, 4]


def test_all_scheduled_editions_are_reapplied_in_order(published: Store) -> None:
    publish(published, drafted(published, to_provider(Rimu="P-AHI"), base=1), LATER)
    publish(published, drafted(published, to_provider(Rimu="P-REK"), base=2), LATEST)
    assert publish(published, drafted(published, to_provider(Ahi="P-RIMU"), base=1), SOON) == [
        4,
        5,
        6,
    ]
    assert [provider_of(published, n, RIMU) for n in (4, 5, 6)] == ["P-RIMU", "P-AHI", "P-REK"]
    assert [provider_of(published, n, AHI) for n in (4, 5, 6)] == ["P-RIMU"] * 3


def test_a_scheduled_edition_that_no_longer_fits_is_named(published: Store) -> None:
    publish(published, drafted(published, to_provider(Rimu="P-AHI"), base=1), LATER)
    before = published.state()
    refused = refusal(lambda: _merge_rimu_into_ahi(published, SOON))
    assert refused.problem.startswith(
        "Edition 2, scheduled for 2 May 2026, no longer fits on top of this draft: The provider "
        "file speaks of a catchment “Rimu”"
    )
    assert refused.next_step == "Withdraw edition 2 first, or change the draft."
    assert published.state() == before


def test_a_scheduled_edition_that_would_be_unsound_is_named_with_its_reasons(
    published: Store,
) -> None:
    providers = _without(small_edition(), "providers", "P-AHI").providers
    change = ReplaceProviders(providers, REAL_SOURCES[SourceKind.PROVIDERS], {"Ahi": "P-RIMU"})
    publish(published, drafted(published, change, base=1), LATER)
    sooner = drafted(published, to_provider(Rimu="P-AHI"), base=1)
    refused = refusal(lambda: publish(published, sooner, SOON))
    assert "Edition 2, scheduled for 2 May 2026, no longer fits" in refused.problem
    assert refused.reasons == ("The catchment Rimu (RIM-3) has no provider.",)


def test_after_withdrawing_the_scheduled_edition_the_draft_may_be_published(
    published: Store,
) -> None:
    publish(published, drafted(published, to_provider(Rimu="P-AHI"), base=1), LATER)
    withdraw(published, 2)
    _merge_rimu_into_ahi(published, SOON)
    assert [e.number for e in published.editions()] == [1, 2, 3]


def test_what_was_left_unserved_stays_so_when_it_is_reapplied(published: Store) -> None:
    listed = ReplaceListings({54: AHI}, REAL_SOURCES[SourceKind.LISTINGS])
    scheduled = drafted(published, listed, base=1)
    publish(published, scheduled, LATER, unserved=frozenset({498}))
    assert publish(published, drafted(published, to_provider(Ahi="P-RIMU"), base=1), SOON) == [3, 4]
    assert published.edition(4).unserved == {498}


def test_a_correction_of_the_past_reaches_the_present(published: Store) -> None:
    publish(published, drafted(published, to_provider(Rimu="P-AHI"), base=1), TODAY)
    correction = drafted(published, to_provider(Ahi="P-RIMU"), base=1)
    day = TODAY - timedelta(days=20)
    assert publish(published, correction, day, reason="Wrong at the time") == [3, 4]
    assert (provider_of(published, 4, AHI), provider_of(published, 4, RIMU)) == ("P-RIMU", "P-AHI")


def test_the_later_number_wins_where_two_begin_on_a_day(published: Store) -> None:
    publish(published, drafted(published, to_provider(Ahi="P-RIMU"), base=1), SOON)
    publish(published, drafted(published, to_provider(Ahi="P-REK"), base=2), SOON)
    found = Timeline.of(published.editions(), []).edition_on(SOON)
    assert found
    assert found.number == 3


# --- two people, one database ---------------------------------------------------------------------


def test_of_two_people_who_publish_at_once_one_is_refused(published: Store) -> None:
    drafts = [drafted(published, to_provider(Ahi=code), base=1) for code in ("P-RIMU", "P-REK")]
    ready = [publisher(published) for _ in drafts]
    orders = [PublicationRequest(draft_id, SOON) for draft_id in drafts]
    results = at_once(
        *(lambda p=p, order=order: p.publish(order) for p, order in zip(ready, orders, strict=True))
    )
    assert [2] in results
    refused = next(r for r in results if r != [2])
    assert isinstance(refused, PublicationRefused)
    assert "while this one was being checked" in refused.problem
    assert len(published.editions()) == 2


# --- nothing real on the demonstration ------------------------------------------------------------


@pytest.fixture
def demonstration(store: Store) -> Store:
    """A store with the demonstration in force, as `flask setup` leaves it."""
    publish_whole(store, small_edition())
    return store


def test_the_first_real_draft_takes_nothing_from_the_demonstration(demonstration: Store) -> None:
    edition = small_edition(demonstration=False)
    changes = all_of(edition)[:2]
    draft_id = drafted(demonstration, *changes)
    refused = refusal(lambda: publish(demonstration, draft_id, SOON))
    assert "School 498" in refused.reasons[0]  # the demonstration's listings are not taken over
    publish(demonstration, draft_id, SOON, unserved=frozenset({498}))
    assert not demonstration.edition(2).demonstration
    assert demonstration.edition(2).listings == {}


@pytest.mark.parametrize("reapply", [False, True])
def test_a_real_draft_put_before_the_first_real_edition_is_not_built_on_the_demonstration(
    demonstration: Store, reapply: bool
) -> None:
    publish(
        demonstration, drafted(demonstration, *all_of(small_edition(demonstration=False))), LATER
    )
    draft_id = drafted(demonstration, to_provider(Ahi="P-RIMU"), base=2)
    numbers = publish(demonstration, draft_id, SOON, reapply=reapply)
    assert [demonstration.edition(n).demonstration for n in numbers] == [False] * len(numbers)
    assert provider_of(demonstration, numbers[0], AHI) == "P-RIMU"


def test_the_demonstration_gives_way_to_a_real_edition_on_its_day(demonstration: Store) -> None:
    publish(
        demonstration, drafted(demonstration, *all_of(small_edition(demonstration=False))), SOON
    )
    world = Snapshots(demonstration, today=lambda: TODAY).current()
    found = {day: world.on(day) for day in (TODAY, SOON - timedelta(days=1), SOON)}
    assert [s and s.edition.demonstration for s in found.values()] == [True, True, False]


# --- withdrawing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "withdrawn", "problem"),
    [
        (TODAY, False, "Edition 2 has been in force since 3 March 2026, and answers were given"),
        (TODAY - timedelta(days=9), False, "Edition 2 has been in force since 22 February 2026"),
        (SOON, True, "Edition 2 has been withdrawn already."),
        (SOON, False, ""),
        (TODAY + timedelta(days=1), False, ""),
    ],
)
def test_only_a_scheduled_edition_can_be_withdrawn(
    day: date, withdrawn: bool, problem: str, published: Store
) -> None:
    publish_whole(published, small_edition(demonstration=False, effective_from=day))
    if withdrawn:
        withdraw(published, 2)
    summary = published.editions()[1]
    if problem:
        refused = refusal(lambda: refuse_withdrawal(summary, today=TODAY))
        assert refused.problem.startswith(problem)
    else:
        refuse_withdrawal(summary, today=TODAY)


def test_a_withdrawn_edition_stays_on_record_and_never_answers(published: Store) -> None:
    publish(published, drafted(published, to_provider(Ahi="P-RIMU"), base=1), SOON)
    withdraw(published, 2)
    assert provider_of(published, 2, AHI) == "P-RIMU"
    assert published.editions()[1].withdrawn_at is not None
    world = Snapshots(published, today=lambda: TODAY).current()
    answer = world.as_at(SOON).school(54)
    assert answer
    assert answer.provider == small_edition().providers["P-AHI"]
    assert answer.upcoming is None


# --- what the rest of the house sees --------------------------------------------------------------


def test_an_answer_says_what_a_scheduled_edition_will_change(published: Store) -> None:
    publish(published, drafted(published, to_provider(Kōwhai="P-AHI"), base=1), SOON)
    world = Snapshots(published, today=lambda: TODAY).current()
    answer = world.as_at(TODAY).school(55)
    assert answer
    assert answer.upcoming
    assert (answer.upcoming.effective_from, answer.upcoming.edition) == (SOON, 2)
    assert answer.upcoming.sentence == (
        "From 2 April 2026 it is served by Ahi Trust, in the Kōwhai catchment."
    )
    assert world.as_at(TODAY).school(54).upcoming is None  # type: ignore[union-attr]
    assert world.as_at(SOON).school(55).upcoming is None  # type: ignore[union-attr]


def test_a_new_provider_may_be_named_beside_the_catchments(store: Store) -> None:
    edition = small_edition(demonstration=False)
    first, _, listed = all_of(edition)
    assert isinstance(first, ReplaceCatchments)
    named = replace(first, providers={**edition.providers, "P-X": Provider("P-X", "Not used")})
    assert publish(store, drafted(store, named, listed)) == [1]
    assert set(store.edition(1).providers) == {*edition.providers, "P-X"}


def test_a_place_in_an_accepted_overlap_is_ambiguous(
    store: Store,
) -> None:
    edition = overlapping_edition(demonstration=False)
    assert publish(store, drafted(store, *all_of(edition))) == [1]
    world = Snapshots(store, today=lambda: TODAY).current()
    answer = world.as_at(TODAY).point(lng=175.1, lat=-38.6)
    assert answer
    assert answer.status is Status.AMBIGUOUS
    assert [c.catchment.code for c in answer.candidates] == [AHI, KOWHAI]


def test_the_demonstration_edition_passes_its_own_checks(demonstration_database: Path) -> None:
    with opened(demonstration_database) as store:
        edition, release = store.edition(1), store.release(1)
        publisher(store)._refuse_unless_sound(edition, release)
        assert edition.demonstration
        assert release.demonstration
        assert len(edition.catchments) == len(edition.boundaries)
        world = Snapshots(store, today=lambda: TODAY).current()
        for school in release.schools.values():
            answer = world.as_at(TODAY).school(school.school_id)
            assert answer
            if school.status is SchoolStatus.OPEN and school.school_id not in edition.unserved:
                assert answer.status is Status.RESOLVED, answer.sentence
