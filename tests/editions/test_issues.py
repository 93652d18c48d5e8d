"""What needs a person: each kind of matter, and a key that is another when the matter is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.changes.change import Change
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.core.model import (
    Contract,
    DirectoryRelease,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
)
from catchments.editions.issues import LONGEST_KEY, Issue, MatterKind, key_of, matters
from catchments.lookup.snapshot import Snapshot
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    REKOHU,
    RIMU,
    TODAY,
    TOTARA,
    small_edition,
    small_release,
    small_schools,
)

Kind = MatterKind


def found(
    kind: MatterKind,
    edition: Edition | None = None,
    release: DirectoryRelease | None = None,
    *,
    previous: DirectoryRelease | None = None,
    on: date = TODAY,
) -> list[Issue]:
    snapshot = Snapshot.of(edition or small_edition(), release or small_release())
    return [m for m in matters(snapshot, previous=previous, on=on) if m.kind is kind]


def with_schools(*schools: School) -> DirectoryRelease:
    return small_release(schools={**small_schools(), **{s.school_id: s for s in schools}})


def test_a_school_outside_its_listed_catchment_is_named_with_how_far_and_what_covers_it() -> None:
    (matter,) = found(Kind.OUTSIDE_LISTED)
    assert (matter.school_id, matter.code, matter.place) == (57, RIMU, Place(175.5, -39.5))
    assert matter.distance_m == pytest.approx(43_000, rel=0.01)
    assert matter.sentence == (
        "Ngā Puna School (57) is listed in Rimu but lies inside Tōtara, "
        "43.0 km from Rimu’s boundary."
    )


def test_outside_every_catchment_is_said_so() -> None:
    (matter,) = found(Kind.OUTSIDE_LISTED, small_edition(listings={58: KOWHAI}))
    assert "lies outside every catchment, 1.7 km from Kōwhai’s boundary" in matter.sentence


def test_a_school_of_the_chathams_is_measured_across_the_antimeridian() -> None:
    (matter,) = found(Kind.OUTSIDE_LISTED, small_edition(listings={3553: KOWHAI}))
    assert "inside Rēkohu" in matter.sentence
    assert matter.distance_m is not None
    assert 700_000 < matter.distance_m < 1_000_000


def test_listed_elsewhere_the_matter_is_another_and_inside_it_is_none() -> None:
    def keys(code: str) -> list[str]:
        change: Change = MoveSchools((57,), code)
        return [m.key for m in found(Kind.OUTSIDE_LISTED, change.apply(small_edition()))]

    assert keys(TOTARA) == []
    assert len({*keys(RIMU), *keys(AHI), *keys(KOWHAI)}) == 3


@pytest.mark.parametrize("listed", [True, False])
def test_a_school_without_place_is_named_listed_or_not(listed: bool) -> None:
    edition = small_edition(listings={63: AHI} if listed else {})
    assert 63 in {m.school_id for m in found(Kind.NO_PLACE, edition)}


def test_a_school_is_named_until_it_is_listed_and_as_new_if_it_is() -> None:
    previous = small_release(schools={n: s for n, s in small_schools().items() if n != 56})
    unlisted = {m.school_id: m for m in found(Kind.UNLISTED, previous=previous)}
    assert unlisted[56].code == TOTARA
    assert "is new in the school directory of 1 February 2026" in unlisted[56].sentence
    assert "is new" not in unlisted[58].sentence
    assert {54, 498, 59} & unlisted.keys() == set()  # listed, unserved, closed
    listed = found(Kind.UNLISTED, small_edition(listings={56: TOTARA}), previous=previous)
    assert 56 not in {m.school_id for m in listed}


def test_a_school_on_a_boundary_is_named_until_it_is_listed() -> None:
    (matter,) = found(Kind.NEAR_BOUNDARY)
    assert matter.school_id == 61
    assert "Ahi" in matter.sentence
    assert "Kōwhai" in matter.sentence
    assert found(Kind.NEAR_BOUNDARY, small_edition(listings={61: AHI})) == []


@pytest.mark.parametrize(("lng", "is_near"), [(175.0009, True), (175.0015, False)])
def test_near_is_within_a_hundred_metres(lng: float, is_near: bool) -> None:
    release = with_schools(School(70, "Next Door", place=Place(lng, -38.7)))
    assert (70 in {m.school_id for m in found(Kind.NEAR_BOUNDARY, release=release)}) == is_near


def test_a_listed_school_that_closed_is_named_from_the_day_on() -> None:
    edition = small_edition(listings={59: AHI, 62: RIMU})
    assert [m.school_id for m in found(Kind.LISTED_CLOSED, edition)] == [59]
    later = found(Kind.LISTED_CLOSED, edition, on=date(2026, 4, 17))
    assert [m.school_id for m in later] == [59, 62]


def test_it_is_said_that_the_newest_directory_closed_it() -> None:
    edition = small_edition(listings={59: AHI})
    was_open = replace(small_schools()[59], status=SchoolStatus.OPEN, closed=None)
    previous = with_schools(was_open)
    (matter,) = found(Kind.LISTED_CLOSED, edition, previous=previous)
    assert matter.sentence == (
        "Gone School (59) is listed in Ahi, but the school directory of 1 February 2026 says "
        "that it closed on 19 December 2025."
    )


def test_a_listed_school_that_left_the_directory_is_named() -> None:
    left = School(71, "Left", SchoolStatus.CLOSED, last_seen=date(2025, 11, 1))
    release = small_release(former={71: left})
    (matter,) = found(Kind.LISTED_CLOSED, small_edition(listings={71: AHI}), release)
    assert "is not in the school directory of 1 February 2026" in matter.sentence


def test_a_listed_number_that_no_directory_knows_is_named() -> None:
    (matter,) = found(Kind.UNKNOWN_NUMBER, small_edition(listings={999: AHI}))
    assert (matter.code, matter.regions) == (AHI, ("Waikato",))
    assert "School number 999 is listed in Ahi" in matter.sentence


def test_a_catchment_without_schools_or_without_provider_is_named() -> None:
    catchments = dict(small_edition().catchments)
    catchments[REKOHU] = replace(catchments[REKOHU], provider_code=None)
    edition = small_edition(catchments=catchments)
    assert [m.code for m in found(Kind.NO_PROVIDER, edition)] == [REKOHU]
    assert found(Kind.NO_SCHOOLS) == []
    only = small_release(schools={54: small_schools()[54], 59: small_schools()[59]})
    empty = {m.code for m in found(Kind.NO_SCHOOLS, release=only)}
    assert empty == {KOWHAI, RIMU, TOTARA, REKOHU}


def test_a_provider_without_phone_or_without_catchment_is_named() -> None:
    idle = Provider("P-IDLE", "Idle", phone=" ")
    edition = small_edition(providers={**small_edition().providers, "P-IDLE": idle})
    assert {m.name for m in found(Kind.NO_PHONE, edition)} == {"Rimu Services", "Idle"}
    assert [m.name for m in found(Kind.NO_CATCHMENT, edition)] == ["Idle"]


@pytest.mark.parametrize(
    ("days", "says"),
    [(-1, "ended on 2 March 2026"), (0, "ends on 3 March 2026"), (90, "ends on"), (91, None)],
)
def test_a_contract_is_named_ninety_days_before_it_ends(days: int, says: str | None) -> None:
    contracts = {"P-AHI": Contract(ends=TODAY + timedelta(days=days)), "P-RIMU": Contract()}
    edition = small_edition(contracts=contracts)
    named = [*found(Kind.CONTRACT_ENDED, edition), *found(Kind.CONTRACT_ENDING, edition)]
    assert [says in m.sentence for m in named if says] == ([True] if says else [])
    assert len(named) == (says is not None)


def test_a_contract_that_has_ended_is_another_matter_than_one_that_will() -> None:
    edition = small_edition(contracts={"P-AHI": Contract(ends=TODAY)})
    (soon,) = found(Kind.CONTRACT_ENDING, edition)
    (ended,) = found(Kind.CONTRACT_ENDED, edition, on=TODAY + timedelta(days=1))
    assert soon.key != ended.key


def test_nothing_has_the_key_of_something_else() -> None:
    edition = small_edition(listings={57: RIMU, 999: AHI, 59: AHI, 58: KOWHAI})
    snapshot = Snapshot.of(edition, small_release())
    found_here = matters(snapshot, previous=small_release(schools={}), on=TODAY)
    assert len({m.key for m in found_here}) == len(found_here) > 5


def test_matters_come_kind_by_kind_whatever_the_order_of_the_edition() -> None:
    edition = small_edition(listings={58: KOWHAI, 57: RIMU})
    turned = replace(edition, listings=dict(reversed(edition.listings.items())))
    one, other = (Snapshot.of(e, small_release()) for e in (edition, turned))
    found_here = matters(one, previous=None, on=TODAY)
    again = matters(other, previous=None, on=TODAY)
    assert [m.key for m in found_here] == [m.key for m in again]
    kinds = list(MatterKind)
    places = [kinds.index(m.kind) for m in found_here]
    assert places == sorted(places)


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_two_matters_share_a_key_only_if_they_are_the_same(one: list[str], two: list[str]) -> None:
    assert (key_of(Kind.UNLISTED, *one) == key_of(Kind.UNLISTED, *two)) == (one == two)


def test_a_long_code_makes_a_key_that_is_kept_whole() -> None:
    keys = {key_of(Kind.NO_PROVIDER, HOSTILE * 9 + end) for end in "ab"}
    assert len(keys) == 2
    assert max(map(len, keys)) <= LONGEST_KEY
