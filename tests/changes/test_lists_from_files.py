"""Lists from files: in any order the same, nothing of others touched, and all that differs told."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from itertools import permutations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from catchments.changes.change import apply_all
from catchments.changes.comparison import compare
from catchments.changes.effects import effects, losing_listing
from catchments.changes.kinds.replace_listings import ReplaceListings, refuse_contradiction
from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Catchment, Contract, Edition, Provider, Source, SourceKind
from tests.worlds import AHI, KOWHAI, RIMU, TOTARA, small_edition, small_schools

WHOLE = small_edition()
CODES = sorted(WHOLE.catchments)
NUMBERS = range(50, 70)


def declared(kind: SourceKind, name: str) -> Source:
    return Source(kind, name, "Nobody", "CC0", "2026-01-05", name * 8, f"{name}.csv")


@st.composite
def several_lists(draw: st.DrawFn) -> list[ReplaceListings]:
    """Draw lists of which no two speak for one catchment or name one school."""
    codes = draw(st.permutations(CODES))
    numbers = draw(st.permutations(list(NUMBERS)))
    made = []
    for at, part in enumerate((codes[:2], codes[2:3], codes[3:])):
        own = numbers[at * 6 : at * 6 + 6]
        listed = draw(st.lists(st.sampled_from(own), unique=True, max_size=4))
        nowhere = draw(st.lists(st.sampled_from(own), unique=True, max_size=2))
        noted = draw(st.none() | st.lists(st.sampled_from(own), unique=True, max_size=3))
        without = draw(st.lists(st.sampled_from(own), unique=True, max_size=3))
        notes = None if noted is None else dict.fromkeys(noted, f"Note {at}")
        made.append(
            ReplaceListings(
                {n: draw(st.sampled_from(part)) for n in listed if part},
                declared(SourceKind.LISTINGS, "abc"[at]),
                frozenset(nowhere) - set(listed),
                notes,
                frozenset(part),
                frozenset(without) - set(notes or ()),
            )
        )
    return made


@given(several_lists())
def test_lists_of_some_catchments_give_the_same_in_any_order(lists: list[ReplaceListings]) -> None:
    results = [apply_all(WHOLE, order) for order in permutations(lists)]
    assert all(result == results[0] for result in results)


@given(several_lists())
def test_a_list_touches_no_school_of_a_catchment_that_it_does_not_speak_for(
    lists: list[ReplaceListings],
) -> None:
    change = lists[0]
    after = change.apply(WHOLE)
    named = {*change.listings, *change.unserved}
    assert change.speaks_for is not None
    for number, code in WHOLE.listings.items():
        if code not in change.speaks_for and number not in named:
            assert after.listings[number] == code
    of_theirs = {n for n, code in after.listings.items() if code in change.speaks_for}
    assert of_theirs == set(change.listings)
    assert after.unserved >= WHOLE.unserved - set(change.listings)


def test_schools_that_a_list_leaves_out_lose_their_place_and_are_named() -> None:
    change = ReplaceListings({}, declared(SourceKind.LISTINGS, "a"), speaks_for=frozenset({AHI}))
    after = change.apply(WHOLE)
    lost = losing_listing(WHOLE, after)
    assert lost == sorted(n for n, code in WHOLE.listings.items() if code == AHI)
    told = {effect.what: effect.lines for effect in effects(WHOLE, after, small_schools())}
    assert told["Schools that lose their listing"] == tuple(
        f"{n}, {small_schools()[n].name}: was in Ahi (AHI-1)" for n in lost
    )


def test_two_lists_that_name_one_school_are_refused_whichever_comes_second() -> None:
    one = ReplaceListings(
        {60: AHI}, declared(SourceKind.LISTINGS, "a"), speaks_for=frozenset({AHI})
    )
    other = ReplaceListings(
        {60: RIMU}, declared(SourceKind.LISTINGS, "b"), speaks_for=frozenset({RIMU})
    )
    for first, second in ((one, other), (other, one)):
        with pytest.raises(ChangeDoesNotFit, match="school 60, which an earlier change"):
            refuse_contradiction(second, WHOLE, first.apply(WHOLE))
    both = replace(other, speaks_for=frozenset({AHI, RIMU}))
    refuse_contradiction(both, WHOLE, one.apply(WHOLE))  # it says itself that Ahi has it no more


def test_a_list_may_move_a_school_that_only_the_edition_lists_elsewhere() -> None:
    (number,) = [n for n, code in WHOLE.listings.items() if code == KOWHAI][:1]
    change = ReplaceListings(
        {number: TOTARA}, declared(SourceKind.LISTINGS, "a"), speaks_for=frozenset({TOTARA})
    )
    refuse_contradiction(change, WHOLE, WHOLE)
    assert change.apply(WHOLE).listings[number] == TOTARA


def test_a_complete_list_leaves_nothing_of_the_one_before() -> None:
    change = ReplaceListings({60: AHI}, declared(SourceKind.LISTINGS, "a"), frozenset({61}))
    after = change.apply(WHOLE)
    assert (after.listings, after.unserved) == ({60: AHI}, {61})
    assert [s.title for s in after.sources if s.kind is SourceKind.LISTINGS] == ["a"]


def test_providers_that_a_table_does_not_name_stay_unless_it_is_complete() -> None:
    new = Provider("P-NEW", "New Trust")
    some = ReplaceProviders({"P-NEW": new}, declared(SourceKind.PROVIDERS, "a"), whole=False)
    assert some.apply(WHOLE).providers == {**WHOLE.providers, "P-NEW": new}
    assert replace(some, whole=True).apply(WHOLE).providers == {"P-NEW": new}


# --- all that differs is told ---------------------------------------------------------------------

SOME = next(iter(WHOLE.providers.values()))
ALTERED: dict[str, tuple[Edition, str]] = {
    "Catchments that are new": (
        replace(WHOLE, catchments={**WHOLE.catchments, "N": Catchment("N", "New")}),
        "New (N)",
    ),
    "Catchments that are renamed": (
        replace(
            WHOLE,
            catchments={**WHOLE.catchments, AHI: replace(WHOLE.catchments[AHI], name="Ahi Nui")},
        ),
        "Ahi (AHI-1) is now Ahi Nui",
    ),
    "Boundaries that are redrawn, by ground that changes hands, sea included": (
        replace(WHOLE, boundaries={**WHOLE.boundaries, AHI: shapely.box(174, -39, 174.9, -38)}),
        "km² from Ahi (AHI-1) to no catchment",
    ),
    "Providers that are renamed": (
        replace(WHOLE, providers={**WHOLE.providers, SOME.code: replace(SOME, name="Other")}),
        "is now Other",
    ),
    "Providers with other details": (
        replace(WHOLE, providers={**WHOLE.providers, SOME.code: replace(SOME, phone="09 9")}),
        "phone “0800 000 000” → “09 9”",
    ),
    "Contracts that differ": (
        replace(WHOLE, contracts={SOME.code: Contract(ends=date(2026, 12, 31), capacity=4)}),
        "not known → to 31 December 2026, for 4 students",
    ),
    "In-school provision": (replace(WHOLE, in_school_provision={54: "Other"}), "→ “Other”"),
    "What was accepted of the boundaries": (
        replace(WHOLE, overlaps_accepted=True),
        "overlaps are accepted",
    ),
    "Sources": (replace(WHOLE, sources=WHOLE.sources[1:]), "no longer: "),
}


@pytest.mark.parametrize("what", ALTERED)
def test_each_thing_that_differs_is_told_and_nothing_else(what: str) -> None:
    after, line = ALTERED[what]
    (effect,) = effects(WHOLE, after, small_schools())
    assert effect.what == what
    assert any(line in said for said in effect.lines), effect.lines


@given(several_lists())
def test_nothing_is_told_just_where_nothing_differs(lists: list[ReplaceListings]) -> None:
    after = apply_all(WHOLE, lists)
    told = [e for e in effects(WHOLE, after, {}) if e.what != "Sources"]
    assert bool(told) == bool(compare(WHOLE, after))
    assert effects(after, after, {}) == []


def test_an_effect_is_known_for_every_part_of_an_edition() -> None:
    """Whoever adds a part to an edition is reminded to tell of it."""
    known = {"catchments", "boundaries", "providers", "listings", "unserved", "in_school_provision"}
    known |= {"contracts", "sources", "overlaps_accepted", "gaps_accepted", "uncovered_accepted"}
    of_itself = {"number", "title", "reason", "effective_from"}
    assert {field.name for field in fields(Edition)} == known | of_itself
