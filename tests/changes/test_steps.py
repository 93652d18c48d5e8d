"""Each change that staff make by hand: what it does, what it leaves alone, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from catchments.changes import (
    AddProvider,
    AssignProvider,
    Change,
    EditProvider,
    MergeCatchments,
    MoveSchools,
    RenameCatchment,
    RestoreEdition,
    RetireProvider,
    SetInSchoolProvision,
    SplitCatchment,
    TransferArea,
    apply,
    apply_all,
    compare,
    describe,
    reasons_against,
)
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Catchment, Contract, Provider
from catchments.store.drafts.change_json import KINDS, decode, encode, hashes_in, kind_of
from tests.worlds import AHI, HOSTILE, KOWHAI, REKOHU, RIMU, TOTARA, small_edition

NEW = Provider("P-NEW", "New Trust", "0800 000 009")
NOTCH = shapely.box(174.8, -38.7, 175.0, -38.3)
"""In Ahi, along its border with Kōwhai."""
ACROSS = shapely.LineString([(174.5, -40.5), (174.5, -38.5), (174.5, -37.5)])
"""From south to north through the middle of Ahi, beginning in Rimu."""
WHOLE = small_edition()

CHANGES: dict[str, Change] = {
    "Ahi (AHI-1) and Rimu (RIM-3): served by Ngā Rākau (P-RAKAU) instead.": AssignProvider(
        (AHI, RIMU), "P-RAKAU"
    ),
    "2 schools (54 and 55) moved to Tōtara (TOT-4).": MoveSchools((54, 55), TOTARA),
    "school 54 moved to no catchment.": MoveSchools((54,), ""),
    "An area (the notch) transferred from Ahi (AHI-1) to Kōwhai (KOW-2), with school 54.": (
        TransferArea(NOTCH, KOWHAI, (AHI,), (54,), "the notch")
    ),
    "Kōwhai (KOW-2) merged into Ahi (AHI-1).": MergeCatchments((AHI, KOWHAI), AHI),
    "Ahi (AHI-1) split: Ahi West (AHI-W) is new, with school 54.": SplitCatchment(
        AHI,
        shapely.LineString([(174.5, -39.5), (174.5, -37.5)]),
        Catchment("AHI-W", "Ahi West", "Waikato", "P-AHI"),
        "left",
        (54,),
    ),
    f"Ahi (AHI-1) renamed {HOSTILE}.": RenameCatchment(AHI, HOSTILE),
    "Provider New Trust (P-NEW) added.": AddProvider(NEW, Contract(date(2026, 1, 1), None, 40)),
    "Details of Ahi Trust (P-AHI) changed.": EditProvider(
        replace(WHOLE.providers["P-AHI"], phone="0800 1"), Contract(capacity=12)
    ),
    "Provider Ahi Trust (P-AHI) retired.": RetireProvider("P-AHI"),
    "In-school provision of school 55 set: For 12 students": SetInSchoolProvision(
        (55,), "For 12 students"
    ),
    "In-school provision of school 54 ended.": SetInSchoolProvision((54,), None),
    "The content of edition 7 restored.": RestoreEdition(7, small_edition(number=7)),
}


@pytest.mark.parametrize(("sentence", "change"), CHANGES.items())
def test_a_change_says_what_it_does_in_a_sentence(sentence: str, change: Change) -> None:
    assert describe(change, WHOLE) == sentence


@pytest.mark.parametrize("change", CHANGES.values(), ids=lambda c: type(c).__name__)
def test_a_change_is_the_same_after_it_was_kept(change: Change) -> None:
    content, boundaries = encode(change)
    kind = kind_of(change)
    assert hashes_in(kind, content) == set(boundaries)
    read = {sha256: shapely.from_wkb(wkb) for sha256, wkb in boundaries.items()}
    assert decode(kind, content, read) == change


def test_every_kind_of_change_is_among_those_tried_or_comes_from_a_file() -> None:
    tried = {type(change) for change in CHANGES.values()}
    from_files = {made for kind, made in KINDS.items() if kind.startswith("replace ")}
    assert set(KINDS.values()) == tried | from_files


@given(st.lists(st.sampled_from(list(CHANGES.values())), max_size=4))
def test_to_undo_the_last_change_is_to_apply_the_rest(changes: list[Change]) -> None:
    try:
        made = apply_all(WHOLE, changes)
    except ChangeDoesNotFit:
        return
    assert compare(made, apply_all(WHOLE, changes)).__bool__() is False
    if changes:
        assert apply(apply_all(WHOLE, changes[:-1]), changes[-1]) == made


def test_a_contract_that_ends_gives_all_its_catchments_to_another_provider() -> None:
    made = apply(WHOLE, AssignProvider((KOWHAI, TOTARA), "P-RIMU"))
    assert {c.code for c in made.catchments.values() if c.provider_code == "P-RIMU"} == {
        KOWHAI,
        RIMU,
        TOTARA,
    }
    assert made.boundaries == WHOLE.boundaries


def test_a_school_that_moves_is_listed_there_and_no_longer_unserved() -> None:
    made = apply(WHOLE, MoveSchools((498, 56), REKOHU))
    assert (made.listings[498], made.listings[56]) == (REKOHU, REKOHU)
    assert made.unserved == frozenset()


def test_a_school_moved_to_no_catchment_is_on_record_as_unserved() -> None:
    made = apply(WHOLE, MoveSchools((54,), ""))
    assert 54 not in made.listings
    assert made.unserved == {54, 498}


def test_a_transferred_area_takes_along_only_schools_listed_with_who_gives() -> None:
    made = apply(WHOLE, TransferArea(NOTCH, KOWHAI, (AHI,), (54, 57)))
    assert (made.listings[54], made.listings[57]) == (KOWHAI, RIMU)
    before, after = (e.boundaries[AHI].union(e.boundaries[KOWHAI]).area for e in (WHOLE, made))
    assert made.boundaries[KOWHAI].area > WHOLE.boundaries[KOWHAI].area
    assert after == pytest.approx(before)


def test_merged_catchments_leave_their_schools_and_area_to_the_one_that_stays() -> None:
    made = apply(WHOLE, MergeCatchments((AHI, KOWHAI), AHI))
    assert KOWHAI not in made.catchments
    assert KOWHAI not in made.boundaries
    assert made.listings[55] == AHI
    assert made.boundaries[AHI].area == pytest.approx(2.0)


def test_a_split_makes_a_catchment_of_one_side_of_the_line() -> None:
    west = Catchment("AHI-W", "Ahi West", "Waikato", "P-RIMU")
    line = shapely.LineString([(174.4, -39.5), (174.4, -37.5)])  # northwards: west is left
    made = apply(WHOLE, SplitCatchment(AHI, line, west, "left", (54,)))
    assert made.catchments["AHI-W"] == west
    assert made.boundaries["AHI-W"].bounds[2] == pytest.approx(174.4)
    assert made.listings[54] == "AHI-W"


def test_a_retired_provider_leaves_its_catchments_without_one_which_forbids_publication() -> None:
    made = apply(WHOLE, RetireProvider("P-RAKAU"))
    assert "The catchment Kōwhai (KOW-2) has no provider." in reasons_against(made, {}, [])


def test_a_provider_outside_its_contract_forbids_publication_from_that_date() -> None:
    contract = Contract(ends=date(2026, 6, 30))
    made = apply(WHOLE, EditProvider(WHOLE.providers["P-AHI"], contract))
    assert reasons_against(made, {}, [], on=date(2026, 6, 30)) == []
    [reason] = reasons_against(made, {}, [], on=date(2026, 7, 1))
    assert "Ahi Trust (P-AHI) is to serve Ahi from 2026-07-01, which is outside" in reason


def test_restoring_brings_back_the_whole_content_and_keeps_the_drafts_name() -> None:
    changed = apply_all(WHOLE, [MoveSchools((54,), REKOHU), RetireProvider("P-RIMU")])
    made = apply(replace(changed, title="Back"), RestoreEdition(1, WHOLE))
    assert not compare(WHOLE, made)
    assert made.title == "Back"


REFUSED: list[tuple[Change, str]] = [
    (AssignProvider(("NO-1",), "P-AHI"), "lacks the catchment “NO-1”"),
    (AssignProvider((), "P-AHI"), "No catchment is named"),
    (AssignProvider((AHI,), "P-NO"), "lacks the provider “P-NO”"),
    (MoveSchools((54,), "NO-1"), "lacks the catchment “NO-1”"),
    (TransferArea(NOTCH, "NO-1"), "lacks the catchment “NO-1”"),
    (TransferArea(NOTCH, AHI, ("NO-2",)), "lacks the catchment “NO-2”"),
    (MergeCatchments((AHI,), AHI), "cannot become"),
    (MergeCatchments((AHI, RIMU), KOWHAI), "cannot become"),
    (SplitCatchment(AHI, ACROSS, Catchment(RIMU, "Rimu")), "has a catchment “RIM-3” already"),
    (SplitCatchment(AHI, ACROSS, Catchment("X", "X", "", "P-NO")), "lacks the provider “P-NO”"),
    (RenameCatchment("NO-1", "Ahi"), "lacks the catchment"),
    (AddProvider(WHOLE.providers["P-AHI"]), "has a provider “P-AHI” already"),
    (EditProvider(NEW), "lacks the provider “P-NEW”"),
    (RetireProvider("P-NO"), "lacks the provider “P-NO”"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_a_change_that_does_not_fit_says_why_and_what_to_do(change: Change, said: str) -> None:
    with pytest.raises(ChangeDoesNotFit, match=said) as refused:
        apply(WHOLE, change)
    assert refused.value.next_step
