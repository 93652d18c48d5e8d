"""List schools where they lie: those that are located, no others; and on another edition."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from catchments.changes.change import apply_all
from catchments.changes.kinds.list_where_located import ListWhereLocated
from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Basis, Place, School, SchoolStatus
from catchments.lookup.snapshot import Snapshot
from tests.worlds import (
    AHI,
    KOWHAI,
    REKOHU,
    RIMU,
    TOTARA,
    overlapping_edition,
    small_edition,
    small_release,
)

WHOLE = small_edition()
LOCATED = ListWhereLocated({56: TOTARA, 61: AHI, 64: REKOHU, 3553: REKOHU})


def test_the_open_schools_on_no_list_that_lie_in_a_catchment_are_found() -> None:
    assert ListWhereLocated.of(Snapshot.of(WHOLE, small_release()).answers) == LOCATED


def test_a_school_in_two_catchments_is_not_listed_in_one() -> None:
    edition = overlapping_edition(listings={})
    found = ListWhereLocated.of(Snapshot.of(edition, small_release()).answers)
    assert 61 not in found.listings
    assert found.listings[54] == AHI


PLACES = st.builds(Place, st.sampled_from([173.9, 174.5, 175.01, 175.4, 176.02, 177.5, -176.5]),
                   st.sampled_from([-44.0, -40.02, -39.5, -38.6, -37.0]))  # fmt: skip
SCHOOLS = st.lists(
    st.tuples(st.none() | PLACES, st.sampled_from(SchoolStatus)), min_size=1, max_size=12
)
CODES = st.sampled_from(sorted(WHOLE.catchments))
NUMBERS = st.integers(1, 12)


@given(SCHOOLS, st.dictionaries(NUMBERS, CODES, max_size=6), st.frozensets(NUMBERS, max_size=3))
def test_just_those_are_listed_that_lie_in_a_boundary_as_the_resolver_has_it(
    made: list[tuple[Place | None, SchoolStatus]],
    listings: dict[int, str],
    unserved: frozenset[int],
) -> None:
    schools = {n: School(n, f"School {n}", *each[::-1]) for n, each in enumerate(made, start=1)}
    listings = {n: code for n, code in listings.items() if n not in unserved}
    edition = replace(WHOLE, listings=listings, unserved=unserved)
    snapshot = Snapshot.of(edition, small_release(schools=schools))
    change = ListWhereLocated.of(snapshot.answers)
    for number, school in schools.items():
        answer = snapshot.resolver.undated(school)
        settled = number in listings or number in unserved
        within = [
            code
            for code, boundary in WHOLE.boundaries.items()
            if school.place and boundary.covers(shapely.Point(school.place.lng, school.place.lat))
        ]
        is_meant = school.status is SchoolStatus.OPEN and not settled and len(within) == 1
        assert change.listings.get(number) == (within[0] if is_meant else None)
        assert is_meant == (answer.basis is Basis.LOCATED and school.status is SchoolStatus.OPEN)
    after = change.apply(edition)
    assert after.listings == {**listings, **change.listings}
    assert (after.unserved, after.boundaries) == (unserved, edition.boundaries)
    again = ListWhereLocated.of(Snapshot.of(after, snapshot.release).answers)
    assert again.listings == {}, "once they are listed nothing is left to list"


def test_what_another_edition_has_settled_stays() -> None:
    base = replace(WHOLE, listings={**WHOLE.listings, 56: RIMU}, unserved=frozenset({498, 64}))
    after = LOCATED.apply(base)
    assert after.listings == {54: AHI, 55: KOWHAI, 57: RIMU, 56: RIMU, 61: AHI, 3553: REKOHU}
    assert after.unserved == {498, 64}


def test_where_all_are_listed_by_then_it_fits_and_changes_nothing() -> None:
    once = LOCATED.apply(WHOLE)
    assert LOCATED.apply(once) == once


def test_where_the_catchment_is_gone_it_does_not_fit() -> None:
    with pytest.raises(ChangeDoesNotFit, match="lacks the catchment “TOT-4”") as refused:
        apply_all(WHOLE, [MergeCatchments((RIMU, TOTARA), RIMU), LOCATED])
    assert refused.value.next_step
    apply_all(WHOLE, [MoveSchools((56,), ""), MergeCatchments((RIMU, TOTARA), RIMU), LOCATED])
