"""Ground that was in a catchment forbids publishing a draft, unless it is left on purpose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.changes.change import Change
from catchments.changes.kinds.accept_uncovered import AcceptUncovered
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.changes.kinds.replace_listings import ReplaceListings
from catchments.changes.uncovered import area, extent
from catchments.core.errors import PublicationRefused
from catchments.core.model import Edition, SourceKind
from catchments.editions.impact.calculator import ImpactCalculator
from catchments.editions.impact.rates import Rates
from catchments.editions.publishing import PublicationRequest, Publisher
from catchments.editions.uncovered import bare_land, uncovered
from catchments.lookup.snapshot import Snapshot
from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from tests.worlds import (
    AHI,
    REKOHU,
    SQUARES,
    TODAY,
    publish_whole,
    simple_artefacts,
    small_edition,
    small_release,
    small_schools,
    source,
)

SOON, LATER = TODAY + timedelta(days=30), TODAY + timedelta(days=60)
INLAND = shapely.box(174.8, -39.0, 175.0, -38.0)
"""What is left of Ahi without its coast; School 54, which is on its list, lies in what goes."""
COAST = "Ground of Ahi (AHI-1) would be in no catchment: "
BARE = shapely.box(-176.65, -44.05, -176.6, -44.0)
"""A bit of land in Rēkohu, on which there is no school."""


def redrawn(**boundaries: BaseGeometry | None) -> ReplaceCatchments:
    """The small world with other boundaries; what has none is gone."""
    edition = small_edition()
    drawn = {**edition.boundaries, **boundaries}
    kept = {code: each for code, each in drawn.items() if each is not None}
    catchments = {code: each for code, each in edition.catchments.items() if code in kept}
    of = source(SourceKind.BOUNDARIES)
    return ReplaceCatchments(catchments, kept, (of,))


SHORE = redrawn(**{AHI: INLAND})


def counting(*numbers: int) -> Any:
    def count(areas: Sequence[BaseGeometry]) -> list[int]:
        return [*numbers, *[0] * len(areas)][: len(areas)]

    return count


def lost(change: Change, **how: Any) -> list[Any]:
    before = small_edition()
    return uncovered(before, change.apply(before), small_schools().values(), **how)


# --- what is found --------------------------------------------------------------------------------


def test_a_coast_that_goes_is_named_with_its_land_its_schools_and_who_is_beside() -> None:
    (found,) = lost(SHORE)
    assert found.code == AHI
    assert found.schools == (54,)
    assert 1_000 < found.km2 < 0.8 * 111 * 88  # land alone: much of the square is sea
    said = found.sentence(small_edition())
    assert said.startswith(f"{COAST}{found.km2:,.0f} km² of land and 1 open school, beside Ahi")
    assert said.endswith("Addresses are not counted: no address file is kept.")


def test_addresses_are_named_where_they_are_known() -> None:
    (found,) = lost(SHORE, count=counting(4_321))
    assert "1 open school and 4,321 addresses, beside" in found.sentence(small_edition())
    assert "not counted" not in found.sentence(small_edition())


def test_the_chathams_are_lost_in_metres_of_their_own() -> None:
    (found,) = lost(redrawn(**{REKOHU: None}))
    assert (found.code, found.name, found.schools) == (REKOHU, "Rēkohu", (64, 3553))
    assert found.km2 == pytest.approx(800, rel=0.05)
    assert found.place.lng < -176


def test_the_open_sea_is_no_loss_but_who_is_said_to_live_there_is() -> None:
    sea = shapely.box(-177.0, -43.6, -176.9, -43.5)
    change = redrawn(**{REKOHU: shapely.difference(shapely.box(*SQUARES[REKOHU]), sea)})
    assert lost(change, count=counting(0)) == []
    (found,) = lost(change, count=counting(2))
    assert (found.km2, found.addresses) == (0, 2)
    assert ": no land, no open schools and 2 addresses" in found.sentence(small_edition())


def test_where_no_boundary_differs_nobody_is_asked_anything() -> None:
    def asked(_: Sequence[BaseGeometry]) -> list[int]:
        raise AssertionError

    assert lost(RenameCatchment(AHI, "Ahi nui"), count=asked) == []


SAID = {
    0.0000009: "1 m²",
    0.0001: "100 m²",
    0.00999: "9,990 m²",
    0.01: "0.01 km²",
    9.994: "9.99 km²",
    10.4: "10 km²",
    123_456.7: "123,457 km²",
}


@pytest.mark.every_case
@pytest.mark.parametrize(("km2", "said"), SAID.items())
def test_an_area_is_said_as_people_say_it(km2: float, said: str) -> None:
    assert area(km2) == said


def test_how_much_ground_is_says_one_and_many_and_none() -> None:
    assert extent(12.3, 1, 1) == "12 km² of land, 1 open school and 1 address"
    assert extent(12.3, 2, 1_000) == "12 km² of land, 2 open schools and 1,000 addresses"
    assert extent(0, 0, None) == "no land and no open schools"


def test_a_first_edition_is_warned_of_the_land_that_it_leaves_out() -> None:
    (found,) = bare_land(small_edition(), small_schools().values(), counting(5))
    assert found.sentence.startswith("Ground in no catchment: ")
    assert " of land and 1 open school, in " in found.sentence
    assert found.schools == (58,)  # on the shore of Kōwhai, which it is nearest to
    assert "pieces; the largest is near lat" in found.sentence
    assert bare_land(Edition(), []) == []


# --- what comes of it -----------------------------------------------------------------------------


def impact(change: Change, *more: Change) -> Any:
    base = Snapshot.of(small_edition(number=1), small_release())
    after = change.apply(base.edition)
    for each in more:
        after = each.apply(after)
    return ImpactCalculator(counting(7)).impact(base, after, on=SOON, rates=Rates())


def test_the_draft_shows_it_before_with_where_it_is() -> None:
    (block,) = (c for c in impact(SHORE).blocks if c.kind == "uncovered")
    assert block.sentence.startswith(COAST)
    assert (block.key, block.codes, block.schools) == (f"uncovered:{AHI}", (AHI,), (54,))
    assert block.place
    assert block.box[2] == pytest.approx(174.8, abs=1e-3)


def test_what_is_accepted_is_shown_with_the_reason_and_blocks_no_more() -> None:
    found = impact(SHORE).uncovered
    leave = AcceptUncovered("It is a lake now.", {each.code: each.km2 for each in found})
    made = impact(SHORE, leave)
    assert "uncovered" not in {c.kind for c in made.blocks}
    (warning,) = (c for c in made.warnings if c.kind == "uncovered-accepted")
    assert warning.sentence.endswith("Accepted: It is a lake now.")


def test_what_is_lost_beside_what_was_accepted_or_more_of_it_blocks() -> None:
    (found,) = impact(SHORE).uncovered
    leave = AcceptUncovered("It is a lake now.", {AHI: found.km2})
    smaller = redrawn(**{AHI: shapely.box(174.9, -39.0, 175.0, -38.0)})
    assert "uncovered" in {c.kind for c in impact(leave, smaller).blocks}
    holed = shapely.difference(shapely.box(*SQUARES[REKOHU]), BARE)
    others = redrawn(**{AHI: INLAND, REKOHU: holed})
    assert [c.codes for c in impact(leave, others).blocks if c.kind == "uncovered"] == [(REKOHU,)]


def test_the_land_that_a_first_draft_leaves_out_is_a_warning() -> None:
    nothing = Snapshot.of(Edition(), small_release())
    made = ImpactCalculator().impact(nothing, small_edition(), on=SOON, rates=Rates())
    assert "bare-land" in {c.kind for c in made.warnings}
    assert "uncovered" not in {c.kind for c in made.blocks}


# --- publication, on either database --------------------------------------------------------------


def publisher(store: Store) -> Publisher:
    return Publisher(
        store, lambda _: simple_artefacts(), "1", today=TODAY, count_addresses=counting(7)
    )


def publish(store: Store, draft: int, day: date = SOON, **how: Any) -> list[int]:
    return publisher(store).publish(PublicationRequest(draft, day, **how))


def drafted(store: Store, *changes: Change, base: int | None = 1) -> int:
    draft = None
    for change in changes:
        draft = store.add_to_draft(change, draft_id=draft, title="Draft", base_number=base)
    assert draft
    return draft


@pytest.fixture
def published(store: Store) -> Store:
    store.add_release(small_release())
    publish_whole(store, small_edition())
    return store


@pytest.mark.dialects
def test_a_coast_that_would_go_is_refused_and_with_a_reason_kept_on_record(
    published: Store,
) -> None:
    draft = drafted(published, SHORE)
    with pytest.raises(PublicationRefused) as refused:
        publish(published, draft)
    assert [reason.startswith(COAST) for reason in refused.value.reasons] == [True]
    assert "--accept-uncovered" in refused.value.next_step
    assert len(published.editions()) == 1

    publishing = publisher(published)
    request = PublicationRequest(draft, SOON, accept_uncovered="It is a lake now.")
    assert publishing.publish(request) == [2]
    (note,) = publishing.notes
    assert note.startswith(COAST)
    loss = published.edition(2).uncovered_accepted
    assert loss is not None
    assert loss.reason == "It is a lake now."
    assert loss.km2.keys() == {AHI}
    assert loss.said.startswith("Ahi (AHI-1), ")
    assert loss.said.endswith("1 open school and 7 addresses")
    assert published.accepted_losses() == {2: loss}
    last = AuditTrail(published).last()
    assert last is not None
    detail = json.loads(last.detail)
    assert (detail["uncovered"], detail["uncovered_because"]) == (loss.said, loss.reason)


def test_a_reason_for_what_is_not_lost_is_not_kept(published: Store) -> None:
    draft = drafted(published, RenameCatchment(AHI, "Ahi nui"))
    publish(published, draft, accept_uncovered="Just in case.")
    assert published.edition(2).uncovered_accepted is None
    assert published.accepted_losses() == {}


def test_the_next_edition_may_lose_nothing_that_this_one_was_allowed_to(published: Store) -> None:
    publish(published, drafted(published, SHORE), accept_uncovered="It is a lake now.")
    publish(published, drafted(published, RenameCatchment(AHI, "Ahi nui"), base=2), LATER)
    assert published.edition(3).uncovered_accepted is None
    more = redrawn(**{AHI: shapely.box(174.9, -39.0, 175.0, -38.0)})
    with pytest.raises(PublicationRefused) as refused:
        publish(published, drafted(published, more, base=3), LATER)
    assert refused.value.reasons[0].startswith("Ground of Ahi nui (AHI-1)")


def test_what_is_not_the_base_but_in_force_before_is_what_is_compared_with(
    store: Store,
) -> None:
    store.add_release(small_release(demonstration=False))
    publish_whole(store, small_edition(demonstration=False))
    real = source(SourceKind.BOUNDARIES, demonstration=False)
    draft = drafted(store, replace(SHORE, sources=(real,)), base=None)
    with pytest.raises(PublicationRefused) as refused:
        publish(store, draft)
    assert any(reason.startswith(COAST) for reason in refused.value.reasons)


def test_a_scheduled_edition_is_put_on_top_of_a_loss_without_being_asked_for_it_again(
    published: Store,
) -> None:
    publish(published, drafted(published, RenameCatchment(REKOHU, "Chathams")), LATER)
    made = publish(published, drafted(published, SHORE), accept_uncovered="It is a lake now.")
    assert made == [3, 4]
    assert published.edition(3).uncovered_accepted is not None
    assert published.edition(4).uncovered_accepted is None


def test_a_scheduled_edition_keeps_the_loss_that_was_accepted_of_it_when_put_on_another(
    published: Store,
) -> None:
    publish(published, drafted(published, SHORE), LATER, accept_uncovered="It is a lake now.")
    assert publish(published, drafted(published, RenameCatchment(REKOHU, "Chathams"))) == [3, 4]
    loss = published.edition(4).uncovered_accepted
    assert loss is not None
    assert loss.reason == "It is a lake now."


def test_a_first_edition_is_published_and_what_it_leaves_out_is_said(store: Store) -> None:
    store.add_release(small_release(demonstration=False))
    edition = small_edition(demonstration=False)
    by_kind = {each.kind: each for each in edition.sources}
    draft = drafted(
        store,
        ReplaceCatchments(
            edition.catchments,
            edition.boundaries,
            (by_kind[SourceKind.BOUNDARIES],),
            providers=edition.providers,
        ),
        ReplaceListings(edition.listings, by_kind[SourceKind.LISTINGS], unserved=edition.unserved),
        base=None,
    )
    publishing = publisher(store)
    assert publishing.publish(PublicationRequest(draft, SOON)) == [1]
    assert [note.startswith("Ground in no catchment: ") for note in publishing.notes] == [True]
