"""What a draft changes is worked out from what it touches, and equals what is worked out anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.changes.change import apply_all
from catchments.changes.kinds.add_provider import AddProvider
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.edit_provider import EditProvider
from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.changes.kinds.set_in_school_provision import SetInSchoolProvision
from catchments.changes.kinds.split_catchment import SplitCatchment
from catchments.changes.kinds.transfer_area import TransferArea
from catchments.changes.publication_checks import blocks
from catchments.core.model import Catchment, Contract, Place, Provider, School
from catchments.editions.impact.calculator import ImpactCalculator
from catchments.editions.impact.faults import changed_area, looked_at
from catchments.editions.impact.rates import ASSUMED, Rates
from catchments.editions.impact.tables import Numbers
from catchments.editions.uncovered import uncovered
from catchments.geometry.changing_index import IndexedBoundaries, boundaries_touching
from catchments.geometry.tiling.coverage import find_faults
from catchments.lookup.snapshot import Snapshot
from tests.laws import examples
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    REKOHU,
    RIMU,
    SQUARES,
    TOTARA,
    small_edition,
    small_release,
    small_schools,
)

ON = date(2026, 7, 1)
RATES = Rates()


def small_base(**changes):
    return Snapshot.of(small_edition(**changes), small_release())


def after(base, *changes):
    return apply_all(base.edition, changes)


def found(*changes, base=None, on=ON, rates=RATES):
    base = base or small_base()
    return ImpactCalculator().impact(base, after(base, *changes), on=on, rates=rates)


def row(rows, code):
    return next(each for each in rows if each.code == code)


# --- numbers --------------------------------------------------------------------------------------


def test_a_draft_without_changes_changes_nothing():
    nothing = found()
    assert [r for r in (*nothing.catchments, *nothing.providers) if r.changed] == []
    assert (nothing.moved, nothing.relisted) == ((), ())
    assert not nothing.comparison


def test_moved_schools_are_taken_from_one_row_and_added_to_another():
    moved = found(MoveSchools((54,), RIMU))
    one, other = row(moved.catchments, AHI), row(moved.catchments, RIMU)
    assert one.difference.schools == -1
    assert other.difference.schools == 1
    assert other.difference.students == 120
    assert other.difference.estimated_absent == pytest.approx(120 * ASSUMED)
    assert other.difference.area_km2 == 0
    assert [r.code for r in moved.catchments if r.changed] == [AHI, RIMU]


def test_the_estimate_is_the_roll_times_the_rate_of_the_region():
    rates = Rates({"Waikato": 0.25}, default=0.5, stated=True)
    base = small_base()
    assert row(found(rates=rates, base=base).catchments, AHI).before.estimated_absent == 30
    elsewhere = found(MoveSchools((54,), RIMU), rates=rates, base=base)
    assert row(elsewhere.catchments, RIMU).after.estimated_absent == 60
    school = replace(small_schools()[54], education_region="Waikato")
    release = small_release(schools={**small_schools(), 54: school})
    known = Snapshot.of(small_edition(), release)
    own = found(MoveSchools((54,), RIMU), rates=rates, base=known)
    assert row(own.catchments, RIMU).after.estimated_absent == 30


def test_areas_are_in_true_square_kilometres_on_the_chathams_too():
    nothing = found()
    assert row(nothing.catchments, AHI).before.area_km2 == pytest.approx(9_640, rel=0.01)
    assert row(nothing.catchments, REKOHU).before.area_km2 == pytest.approx(8_930, rel=0.01)
    shared = row(nothing.providers, "P-RAKAU").before.area_km2
    both = [row(nothing.catchments, code).before.area_km2 for code in (KOWHAI, TOTARA)]
    assert shared == pytest.approx(sum(both))


def test_what_appears_has_no_before_and_what_goes_has_no_after():
    changes = (AddProvider(Provider("P-NEW", "New")), RetireProvider("P-RIMU"))
    made = found(*changes)
    assert row(made.providers, "P-NEW").before is None
    assert row(made.providers, "P-NEW").after == Numbers()
    assert row(made.providers, "P-RIMU").after is None
    assert row(made.providers, "P-RIMU").difference.schools == -1


def test_schools_that_do_not_count_on_the_date_are_in_no_number():
    nothing = found(on=date(2026, 7, 1))
    later = found(on=date(2027, 2, 1))
    assert row(nothing.catchments, RIMU).before.schools == 1  # 62 closed in April
    assert row(later.catchments, KOWHAI).before.schools == (
        row(nothing.catchments, KOWHAI).before.schools + 1
    )


# --- schools that move ----------------------------------------------------------------------------


def test_schools_whose_provider_changes_are_named_in_the_order_of_their_names():
    moved = found(AssignProvider((KOWHAI, RIMU), "P-REK")).moved
    assert [m.school.school_id for m in moved] == [60, 57, 58, 55]
    assert {m.after.provider.code for m in moved} == {"P-REK"}


def test_a_school_that_keeps_its_provider_in_another_catchment_is_only_relisted():
    made = found(MoveSchools((55,), TOTARA))
    assert made.moved == ()
    assert [
        (m.school.school_id, m.before.catchment.code, m.after.catchment.code) for m in made.relisted
    ] == [(55, KOWHAI, TOTARA)]


def test_another_phone_number_moves_no_school():
    made = found(EditProvider(Provider("P-AHI", "Ahi Trust", "0800 111 111")))
    assert (made.moved, made.relisted) == ((), ())
    assert row(made.providers, "P-AHI").changed


# --- what blocks and what warns -------------------------------------------------------------------


def blocks_of(base, edition):
    answers = Snapshot.of(edition, base.release).answers
    faults = find_faults(edition.boundaries)
    lost = uncovered(base.edition, edition, base.release.schools.values())
    found = blocks(edition, answers, faults, on=ON, uncovered=lost)
    return [concern.sentence for concern in found]


BLOCKED = {
    "no-provider": (RetireProvider("P-RIMU"),),
    "outside-contract": (
        EditProvider(Provider("P-AHI", "Ahi Trust"), Contract(ends=date(2026, 6, 30))),
    ),
}


@pytest.mark.parametrize("kind", BLOCKED)
def test_what_publication_refuses_blocks_with_the_place_to_look_at(kind):
    base = small_base()
    made = found(*BLOCKED[kind], base=base)
    mine = [c for c in made.blocks if c.kind == kind]
    assert mine
    assert all(c.codes or c.place for c in mine)
    assert sorted(c.sentence for c in made.blocks) == sorted(
        blocks_of(base, after(base, *BLOCKED[kind]))
    )


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (shapely.box(174.0, -39.0, 175.1, -38.0), "overlap"),
        (shapely.box(174.0, -39.0, 174.99, -38.0).union(shapely.box(174, -39, 175, -38.5)), None),
        (shapely.Polygon([(174, -39), (174.5, -39), (174.5, -38.5), (174, -38.5)]), None),
    ],
)
def test_a_boundary_that_breaks_the_coverage_blocks_as_publication_does(shape, kind):
    base = small_base()
    broken = replace(base.edition, boundaries={**base.edition.boundaries, AHI: shape})
    made = ImpactCalculator().impact(base, broken, on=ON, rates=RATES)
    assert sorted(c.sentence for c in made.blocks) == sorted(blocks_of(base, broken))
    assert kind is None or kind in {c.kind for c in made.blocks}


REDRAWN = {
    "a transfer at the coast": TransferArea(shapely.box(173.9, -38.6, 174.6, -37.9), KOWHAI),
    "a transfer inland": TransferArea(shapely.box(174.8, -39.2, 175.2, -38.8), RIMU, (AHI, KOWHAI)),
    "a merge": MergeCatchments((AHI, KOWHAI), AHI),
    "a split": SplitCatchment(
        TOTARA,
        shapely.LineString([(174.9, -39.4), (176.1, -39.6)]),
        Catchment("NEW-6", "New", "Wellington", "P-RIMU"),
    ),
}


@pytest.mark.parametrize("kind", REDRAWN)
def test_what_is_redrawn_is_looked_at_as_publication_would(kind):
    base = small_base()
    edition = after(base, REDRAWN[kind])
    made = ImpactCalculator().impact(base, edition, on=ON, rates=RATES)
    assert ImpactCalculator().answers(base, edition) == Snapshot.of(edition, base.release).answers
    assert [c.sentence for c in made.blocks] == blocks_of(base, edition)
    before, now = (
        sum(getattr(r, side).area_km2 for r in made.catchments if getattr(r, side))
        for side in ("before", "after")
    )
    # What is straight in degrees is bent in metres: a new vertex on a long edge moves it there.
    assert now == pytest.approx(before, rel=1e-3)
    anew = ImpactCalculator().impact(
        Snapshot.of(edition, base.release), edition, on=ON, rates=RATES
    )
    measured = {r.code: r.before.area_km2 for r in anew.catchments if r.before}
    reckoned = {r.code: r.after.area_km2 for r in made.catchments if r.after}
    assert reckoned == pytest.approx(measured, abs=1e-5)
    assert changed_area(
        base.edition.boundaries, edition.boundaries, {*SQUARES, "NEW-6"}
    ).area == pytest.approx(DRAWN[kind], rel=1e-6)


DRAWN = {
    "a transfer at the coast": 0.6 * 0.6,
    "a transfer inland": 0.4 * 0.2,
    "a merge": 1.0,
    "a split": 0.5,
}
"""Square degrees that change hands."""


def test_a_hole_between_catchments_blocks():
    base = small_base()
    hole = shapely.box(174.9, -39.1, 175.1, -38.9)
    boundaries = {
        code: b if code == REKOHU else shapely.difference(b, hole)
        for code, b in base.edition.boundaries.items()
    }
    made = ImpactCalculator().impact(
        base, replace(base.edition, boundaries=boundaries), on=ON, rates=RATES
    )
    assert "gap" in {c.kind for c in made.blocks}


def warned(*changes, **how):
    return {(c.kind, c.codes, c.as_before) for c in found(*changes, **how).warnings}


def test_more_students_than_the_contract_is_for_warn():
    contract = EditProvider(Provider("P-RIMU", "Rimu Services"), Contract(capacity=11))
    assert ("capacity", ("P-RIMU",), False) not in warned(contract)
    assert ("capacity", ("P-RIMU",), False) in warned(contract, MoveSchools((54,), RIMU))


@pytest.mark.parametrize(
    ("ends", "warns"),
    [
        (date(2026, 6, 30), False),
        (date(2026, 7, 1), True),
        (date(2029, 9, 30), True),
    ],
)
def test_a_contract_that_ends_while_the_edition_is_in_force_warns(ends, warns):
    edition = small_edition(contracts={"P-AHI": Contract(ends=ends)})
    base = Snapshot.of(edition, small_release())
    assert (("contract-ends", ("P-AHI",), True) in warned(base=base)) is warns


def test_a_provider_without_a_catchment_warns():
    assert ("idle-provider", ("P-AHI",), False) in warned(AssignProvider((AHI,), "P-RIMU"))


def test_a_school_outside_its_listed_catchment_warns_and_says_whether_it_was_before():
    assert ("outside", (RIMU,), True) in warned()  # 57 lies in Tōtara
    assert ("outside", (KOWHAI,), False) in warned(MoveSchools((54,), KOWHAI))


def test_a_catchment_in_more_pieces_warns():
    base = small_base()
    cut = shapely.difference(base.edition.boundaries[AHI], shapely.box(174.4, -39, 174.6, -38))
    boundaries = {**base.edition.boundaries, AHI: cut}
    made = ImpactCalculator().impact(
        base, replace(base.edition, boundaries=boundaries), on=ON, rates=RATES
    )
    assert ("pieces", (AHI,)) in {(c.kind, c.codes) for c in made.warnings}


# --- incremental equals anew ----------------------------------------------------------------------

codes = st.sampled_from(list(SQUARES))
numbers = st.lists(st.sampled_from(list(small_schools())), min_size=1, max_size=4, unique=True)
shapes = st.builds(
    lambda west, south, wide, high: shapely.box(west, south, west + wide, south + high),
    st.floats(173.9, 175.9),
    st.floats(-40.1, -38.1),
    st.sampled_from([0.1, 0.3, 1.0]),
    st.sampled_from([0.1, 0.3, 1.0]),
)
places = st.builds(
    Place,
    lng=st.sampled_from([173.96, 174.0, 174.3, 174.9995, 175.0, 175.0008, 175.6, 176.03, -176.5]),
    lat=st.sampled_from([-40.02, -39.5, -39.0003, -39.0, -38.7, -38.0, -44.0]),
)
steps = st.one_of(
    st.builds(
        lambda code, to: AssignProvider((code,), to), codes, st.sampled_from(["P-AHI", "P-REK"])
    ),
    st.builds(lambda s, to: MoveSchools(tuple(s), to), numbers, codes | st.just("")),
    st.builds(RenameCatchment, codes, st.sampled_from(["Other", HOSTILE])),
    st.builds(
        lambda s, note: SetInSchoolProvision(tuple(s), note), numbers, st.sampled_from(["x", None])
    ),
    st.just(EditProvider(Provider("P-RIMU", "Rimu again"))),
    st.just(RetireProvider("P-RAKAU")),
)


@settings(max_examples=examples(80))
@given(
    changes=st.lists(steps, max_size=4, unique_by=lambda s: (type(s), str(s))),
    redrawn=st.dictionaries(codes, shapes | st.none(), max_size=3),
    unlisted=st.sets(st.sampled_from([54, 55, 57])),
    spots=st.lists(places, max_size=8),
)
def test_answers_worked_out_from_what_is_touched_equal_those_worked_out_anew(
    changes, redrawn, unlisted, spots
):
    edition = small_edition()
    listings = {s: c for s, c in edition.listings.items() if s not in unlisted}
    more = {n: School(n, f"School {n}", place=p) for n, p in enumerate(spots, 900)}
    release = small_release(schools={**small_schools(), **more})
    base = Snapshot.of(replace(edition, listings=listings), release)
    retired = False
    fitting = []
    for change in changes:  # what a retired provider served can be assigned to another
        if isinstance(change, RetireProvider) and retired:
            continue
        retired = retired or isinstance(change, RetireProvider)
        fitting.append(change)
    made = apply_all(base.edition, fitting)
    boundaries = {**made.boundaries, **{c: s for c, s in redrawn.items() if s is not None}}
    boundaries = {c: s for c, s in boundaries.items() if redrawn.get(c, s) is not None}
    made = replace(made, boundaries=boundaries)
    calculator = ImpactCalculator()
    assert calculator.answers(base, made) == Snapshot.of(made, release).answers
    assert calculator.answers(base, base.edition) == base.answers, "what was done is undone"


# --- faults where boundaries differ equal faults everywhere ---------------------------------------

LNGS = [174.0, 174.01, 174.0103, 174.02, 174.03, 174.0302, 174.04]
LATS = [-39.0, -38.99, -38.9898, -38.98, -38.97]
"""Some columns and rows are 25 m wide: where they are sea between two catchments, a channel."""
CELLS = [(x, y) for x in range(len(LNGS) - 1) for y in range(len(LATS) - 1)]


def cell(x, y):
    return shapely.box(LNGS[x], LATS[y], LNGS[x + 1], LATS[y + 1])


def tiled(owners, twice=()):
    """Boundaries of the cells that each code owns, edges shared vertex for vertex.

    Cells in `twice` are B's as well.
    """
    boundaries = {}
    for code in sorted({*owners.values()} - {None}):
        also = twice if code == "B" else ()
        mine = [cell(*at) for at, owner in owners.items() if owner == code or at in also]
        boundaries[code] = shapely.coverage_union_all(mine)
    return boundaries


def kinds(faults):
    return sorted((f.kind, f.codes, f.parts, round(f.area_m2)) for f in faults)


@settings(max_examples=examples(60))
@given(
    sea=st.sets(st.sampled_from(CELLS), max_size=10),
    before=st.dictionaries(st.sampled_from(CELLS), st.sampled_from("ABC"), max_size=6),
    change=st.dictionaries(
        st.sampled_from(CELLS), st.sampled_from(["A", "B", "C", None]), max_size=6
    ),
    twice=st.sets(st.sampled_from(CELLS), max_size=1),
)
def test_faults_found_where_boundaries_differ_equal_those_found_everywhere(
    sea, before, change, twice
):
    owners = {at: None if at in sea else before.get(at, "A") for at in CELLS}
    old = tiled(owners)
    if find_faults(old):
        return
    changed = {**owners, **{at: owner for at, owner in change.items() if at not in sea}}
    new = tiled(changed, twice)
    touched = {
        code
        for code in {*old, *new}
        if (old[code].wkb if code in old else b"") != (new[code].wkb if code in new else b"")
    }
    new = {code: old[code] if code not in touched else new[code] for code in new}
    drafted = IndexedBoundaries(old)
    assert boundaries_touching(drafted, shapely.box(170, -45, 180, -30)) == old
    for after in (new, IndexedBoundaries(new, drafted)):
        assert kinds(looked_at(old, after, touched).faults) == kinds(find_faults(new))
