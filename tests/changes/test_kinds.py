"""Each change that staff make by hand: what it does, what it leaves alone, what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from pkgutil import iter_modules

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from catchments.changes import kinds
from catchments.changes.change import Change, apply_all
from catchments.changes.comparison import compare, in_short
from catchments.changes.kinds import BY_TAG
from catchments.changes.kinds.accept_uncovered import AcceptUncovered
from catchments.changes.kinds.add_provider import AddProvider
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.edit_provider import EditProvider
from catchments.changes.kinds.list_where_located import ListWhereLocated
from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.changes.kinds.restore_edition import RestoreEdition
from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.changes.kinds.set_in_school_provision import SetInSchoolProvision
from catchments.changes.kinds.split_catchment import SplitCatchment
from catchments.changes.kinds.transfer_area import TransferArea
from catchments.changes.publication_checks import blocks
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Catchment, Contract, Provider
from catchments.store.drafts.change_json import decode, encode, hashes_in, wkb_and_sha256
from tests.worlds import AHI, HOSTILE, KOWHAI, REKOHU, RIMU, TOTARA, small_edition

NEW = Provider("P-NEW", "New Trust", "0800 000 009")
NOTCH = shapely.box(174.8, -38.7, 175.0, -38.3)
"""In Ahi, along its border with Kōwhai."""
MIDDLE = shapely.LineString([(174.5, -39.5), (174.5, -37.5)])
ACROSS = shapely.LineString([(174.5, -40.5), (174.5, -38.5), (174.5, -37.5)])
"""From south to north through the middle of Ahi, beginning in Rimu."""
WHOLE = small_edition()

CHANGES: dict[str, Change] = {
    "Ahi (AHI-1) and Rimu (RIM-3): served by Ngā Rākau (P-RAKAU) instead.": AssignProvider(
        (AHI, RIMU), "P-RAKAU"
    ),
    "2 schools (54 and 55) moved to Tōtara (TOT-4).": MoveSchools((54, 55), TOTARA),
    "school 54 moved to no catchment.": MoveSchools((54,), ""),
    "3 schools (54, 55 and 57) moved by a table: 1 to Tōtara (TOT-4), 1 to no catchment and 1 "
    "off the list.": MoveSchools((), "", {54: TOTARA, 55: "", 57: None}),
    "2 catchments given other providers by a table: Ngā Rākau (P-RAKAU) in Ahi (AHI-1); Ahi Trust "
    "(P-AHI) in Rimu (RIM-3).": AssignProvider((), "", {AHI: "P-RAKAU", RIMU: "P-AHI"}),
    "An area (the notch) transferred from Ahi (AHI-1) to Kōwhai (KOW-2), with school 54.": (
        TransferArea(NOTCH, KOWHAI, (AHI,), (54,), "the notch")
    ),
    "Kōwhai (KOW-2) merged into Ahi (AHI-1).": MergeCatchments((AHI, KOWHAI), AHI),
    "Ahi (AHI-1) split: Ahi West (AHI-W) is new, with school 54.": SplitCatchment(
        AHI,
        MIDDLE,
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
    "Provider Ngā Rākau (P-RAKAU) retired; followed from 1 July 2026 by Ahi Trust (P-AHI) in "
    "Kōwhai (KOW-2).": RetireProvider("P-RAKAU", {KOWHAI: "P-AHI"}, date(2026, 7, 1)),
    "In-school provision of school 55 set: For 12 students": SetInSchoolProvision(
        (55,), "For 12 students"
    ),
    "In-school provision of school 54 ended.": SetInSchoolProvision((54,), None),
    "2 schools (56 and 3553) listed where they lie.": ListWhereLocated({56: TOTARA, 3553: REKOHU}),
    "The content of edition 7 restored.": RestoreEdition(7, small_edition(number=7)),
    "Left in no catchment on purpose: Ahi (AHI-1), 12 km² of land. Because: It is a lake now.": (
        AcceptUncovered("It is a lake now.", {AHI: 12.0}, "Ahi (AHI-1), 12 km² of land")
    ),
}


@pytest.mark.parametrize(("sentence", "change"), CHANGES.items())
def test_a_change_says_what_it_does_in_a_sentence(sentence: str, change: Change) -> None:
    assert change.describe(WHOLE) == sentence


@pytest.mark.parametrize("change", CHANGES.values(), ids=lambda c: type(c).__name__)
def test_a_change_is_the_same_after_it_was_kept(change: Change) -> None:
    content, boundaries = encode(change)
    assert hashes_in(change.tag, content) == set(boundaries)
    read = {sha256: shapely.from_wkb(wkb) for sha256, wkb in boundaries.items()}
    assert decode(change.tag, content, read) == change


def test_every_kind_of_change_is_among_those_tried_or_comes_from_a_file() -> None:
    tried = {type(change) for change in CHANGES.values()}
    from_files = {kind for tag, kind in BY_TAG.items() if tag.startswith("replace ")}
    assert set(BY_TAG.values()) == tried | from_files


def test_every_module_of_the_kinds_is_one_kind_under_a_tag_of_its_own() -> None:
    modules = [each.name for each in iter_modules(kinds.__path__, f"{kinds.__name__}.")]
    assert sorted(kind.__module__ for kind in Change.__subclasses__()) == modules
    assert sorted(kind.__module__ for kind in BY_TAG.values()) == modules


STORED = Path(__file__).with_name("stored_changes.tsv").read_text(encoding="utf-8").splitlines()
"""Tag and content of changes as drafts had them before a kind was a module; drafts live long."""


@pytest.mark.parametrize(("tag", "content"), [line.split("\t") for line in STORED])
def test_a_change_that_was_stored_long_ago_is_read_and_kept_as_ever(tag: str, content: str) -> None:
    drawn = [*WHOLE.boundaries.values(), NOTCH, MIDDLE]
    change = decode(tag, content.encode(), {wkb_and_sha256(each)[1]: each for each in drawn})
    assert change.tag == tag
    assert holds(json.loads(encode(change)[0]), json.loads(content))


def holds(now: object, before: object) -> bool:
    """Whether what is kept now is what was kept before; what there was no room for is null."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return now == before
    added = now.keys() - before.keys()
    return all(now[k] is None for k in added) and all(holds(now[k], before[k]) for k in before)


@given(st.lists(st.sampled_from(list(CHANGES.values())), max_size=4))
def test_to_undo_the_last_change_is_to_apply_the_rest(changes: list[Change]) -> None:
    try:
        made = apply_all(WHOLE, changes)
    except ChangeDoesNotFit:
        return
    assert compare(made, apply_all(WHOLE, changes)).__bool__() is False
    if changes:
        assert changes[-1].apply(apply_all(WHOLE, changes[:-1])) == made


def test_a_contract_that_ends_gives_all_its_catchments_to_another_provider() -> None:
    made = AssignProvider((KOWHAI, TOTARA), "P-RIMU").apply(WHOLE)
    assert {c.code for c in made.catchments.values() if c.provider_code == "P-RIMU"} == {
        KOWHAI,
        RIMU,
        TOTARA,
    }
    assert made.boundaries == WHOLE.boundaries


def test_a_school_that_moves_is_listed_there_and_no_longer_unserved() -> None:
    made = MoveSchools((498, 56), REKOHU).apply(WHOLE)
    assert (made.listings[498], made.listings[56]) == (REKOHU, REKOHU)
    assert made.unserved == frozenset()


def test_a_school_moved_to_no_catchment_is_on_record_as_unserved() -> None:
    made = MoveSchools((54,), "").apply(WHOLE)
    assert 54 not in made.listings
    assert made.unserved == {54, 498}


def test_a_transferred_area_takes_along_only_schools_listed_with_who_gives() -> None:
    made = TransferArea(NOTCH, KOWHAI, (AHI,), (54, 57)).apply(WHOLE)
    assert (made.listings[54], made.listings[57]) == (KOWHAI, RIMU)
    before, after = (e.boundaries[AHI].union(e.boundaries[KOWHAI]).area for e in (WHOLE, made))
    assert made.boundaries[KOWHAI].area > WHOLE.boundaries[KOWHAI].area
    assert after == pytest.approx(before)


def test_merged_catchments_leave_their_schools_and_area_to_the_one_that_stays() -> None:
    made = MergeCatchments((AHI, KOWHAI), AHI).apply(WHOLE)
    assert KOWHAI not in made.catchments
    assert KOWHAI not in made.boundaries
    assert made.listings[55] == AHI
    assert made.boundaries[AHI].area == pytest.approx(2.0)


def test_a_split_makes_a_catchment_of_one_side_of_the_line() -> None:
    west = Catchment("AHI-W", "Ahi West", "Waikato", "P-RIMU")
    line = shapely.LineString([(174.4, -39.5), (174.4, -37.5)])  # northwards: west is left
    made = SplitCatchment(AHI, line, west, "left", (54,)).apply(WHOLE)
    assert made.catchments["AHI-W"] == west
    assert made.boundaries["AHI-W"].bounds[2] == pytest.approx(174.4)
    assert made.listings[54] == "AHI-W"


def test_a_retired_provider_leaves_its_catchments_without_one_which_forbids_publication() -> None:
    made = RetireProvider("P-RAKAU").apply(WHOLE)
    reasons = [concern.sentence for concern in blocks(made, {}, [])]
    assert "The catchment Kōwhai (KOW-2) has no provider." in reasons


def test_who_follows_a_retired_provider_serves_its_catchments_in_the_same_step() -> None:
    made = RetireProvider("P-RAKAU", {KOWHAI: "P-AHI", TOTARA: "P-RIMU"}).apply(WHOLE)
    serving = {code: made.catchments[code].provider_code for code in (KOWHAI, TOTARA)}
    assert serving == {KOWHAI: "P-AHI", TOTARA: "P-RIMU"}
    assert "P-RAKAU" not in made.providers
    given = AssignProvider((KOWHAI,), "P-RIMU").apply(WHOLE)
    again = RetireProvider("P-RAKAU", {KOWHAI: "P-AHI"}).apply(given)
    assert again.catchments[KOWHAI].provider_code == "P-RIMU"


def test_a_table_moves_each_school_to_its_own_place_in_one_step() -> None:
    made = MoveSchools.by_table({54: TOTARA, 55: "", 57: None, 498: KOWHAI}).apply(WHOLE)
    assert dict(made.listings) == {54: TOTARA, 498: KOWHAI}
    assert made.unserved == {55}
    assert MoveSchools.by_table({54: TOTARA, 55: TOTARA}) == MoveSchools((54, 55), TOTARA)
    assert AssignProvider.by_table({AHI: "P-RIMU"}) == AssignProvider((AHI,), "P-RIMU")


def test_a_provider_outside_its_contract_forbids_publication_from_that_date() -> None:
    contract = Contract(ends=date(2026, 6, 30))
    made = EditProvider(WHOLE.providers["P-AHI"], contract).apply(WHOLE)
    assert blocks(made, {}, [], on=date(2026, 6, 30)) == []
    (reason,) = (concern.sentence for concern in blocks(made, {}, [], on=date(2026, 7, 1)))
    assert "Ahi Trust (P-AHI) is to serve Ahi from 1 July 2026, which is outside" in reason


def test_restoring_brings_back_the_whole_content_and_keeps_the_drafts_name() -> None:
    changed = apply_all(WHOLE, [MoveSchools((54,), REKOHU), RetireProvider("P-RIMU")])
    made = RestoreEdition(1, WHOLE).apply(replace(changed, title="Back"))
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
    (ListWhereLocated({56: "NO-1"}), "lacks the catchment “NO-1”"),
    (AddProvider(WHOLE.providers["P-AHI"]), "has a provider “P-AHI” already"),
    (EditProvider(NEW), "lacks the provider “P-NEW”"),
    (RetireProvider("P-NO"), "lacks the provider “P-NO”"),
    (RetireProvider("P-AHI", {AHI: "P-NO"}), "lacks the provider “P-NO”"),
    (RetireProvider("P-AHI", {AHI: "P-AHI"}), "cannot follow itself"),
    (RetireProvider("P-AHI", {"NO-1": "P-RIMU"}), "lacks the catchment “NO-1”"),
    (MoveSchools((), "", {54: "NO-1"}), "lacks the catchment “NO-1”"),
    (AssignProvider((), "", {AHI: "P-NO"}), "lacks the provider “P-NO”"),
]


@pytest.mark.parametrize(("change", "said"), REFUSED)
def test_a_change_that_does_not_fit_says_why_and_what_to_do(change: Change, said: str) -> None:
    with pytest.raises(ChangeDoesNotFit, match=said) as refused:
        change.apply(WHOLE)
    assert refused.value.next_step


def test_what_differs_is_told_apart_in_a_few_words() -> None:
    made = apply_all(
        WHOLE,
        [
            RenameCatchment(AHI, "Ahi Nui"),
            AssignProvider((RIMU,), "P-AHI"),
            MoveSchools((), "", {54: None, 55: TOTARA, 56: TOTARA}),
        ],
    )
    assert in_short(WHOLE, made) == (
        "1 renamed, 1 with another provider, 1 school newly listed, 1 school off the list, "
        "1 school listed otherwise"
    )
    assert in_short(WHOLE, WHOLE) == "nothing differs"
