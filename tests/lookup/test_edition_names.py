"""Catchments, regions and providers of an edition are found by name and by code, and say how."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import (
    EDUCATION_REGIONS,
    Catchment,
    Edition,
    MatchKind,
    PlaceKind,
    Provider,
)
from catchments.core.text_folding import folded
from catchments.lookup.search.edition_names import (
    ALSO_CALLED,
    KIND_WORDS,
    TOWNS_TOO,
    EditionNames,
)
from catchments.lookup.search.typed_text import TypedText

EXACT, SLIP, PART = MatchKind.EXACT, MatchKind.SLIP, MatchKind.PART
REGIONS = EDUCATION_REGIONS


def edition(*rows, providers=()):
    """An edition of (code, name, region, provider's code)."""
    catchments = {row[0]: Catchment(*row) for row in rows}
    return Edition(catchments, {}, {each.code: each for each in providers})


EDITION = edition(
    ("TT-01", "Kaitāia", "Tai Tokerau", "P-FAR"),
    ("TT-02", "Kerikeri", "Tai Tokerau", "P-FAR"),
    ("AK-01", "Mount Albert", "Tāmaki Herenga Manawa", "P-MA"),
    ("AK-02", "Area 1", "Tāmaki Herenga Waka", "P-SA"),
    ("AK-03", "Area 2", "Tāmaki Herenga Waka", "P-SA"),
    ("BP-01", "Rotorua", "Bay of Plenty, Waiariki", "P-SA"),
    ("BP-02", "Whakatāne", "Bay of Plenty, Waiariki", "P-SA"),
    ("HB-01", "Te Tairāwhiti", "Hawke's Bay, Tairāwhiti", None),
    ("WN-01", "Newtown", "Wellington", "P-KT"),
    ("NM-01", "Nelson", "Nelson, Marlborough, West Coast", "P-KT"),
    ("ST-01", "St Johns", "Otago, Southland", "P-KT"),
    providers=[
        Provider("P-FAR", "Te Hiku Trust"),
        Provider("P-MA", "Demonstration provider – Kaitāia"),
        Provider("P-SA", "Ngā Rākau & Sons"),
        Provider("P-KT", "Kia Tū"),
        Provider("P-IDLE", "Idle Services"),
    ],
)
NAMES = EditionNames.of(EDITION)


def found(text, *, names=NAMES, at_most=100):
    return names.named(TypedText.of(text), at_most=at_most)


def matches(text, **more):
    return [(each.name, each.match) for each in found(text, **more)]


def exact(text, **more):
    return [each.name for each in found(text, **more) if each.match is EXACT]


# --- exact ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kaitaia", ["Kaitāia"]),
        ("KAITĀIA", ["Kaitāia"]),
        ("Kaitaia catchment", ["Kaitāia"]),
        ("the Kaitāia catchment", ["Kaitāia"]),
        ("Kaitāia, Tai Tokerau", ["Kaitāia"]),
        ("TT-01", ["Kaitāia"]),
        ("tt-01", ["Kaitāia"]),
        ("tt 01 catchment", ["Kaitāia"]),
        ("mt albert", ["Mount Albert"]),
        ("st johns", ["St Johns"]),
        ("saint johns", ["St Johns"]),
        ("street johns", []),
        ("te hiku trust", ["Te Hiku Trust"]),
        ("te hiku trust provider", ["Te Hiku Trust"]),
        ("te hiku trust catchment", []),
        ("p-far", ["Te Hiku Trust"]),
        ("nga rakau and sons", []),  # “&” is no word
        ("nga rakau & sons", ["Ngā Rākau & Sons"]),
        ("demonstration provider kaitaia", ["Demonstration provider – Kaitāia"]),
        ("kaitaia provider", []),
        ("tairawhiti", ["Hawke's Bay, Tairāwhiti"]),
        ("te tairawhiti", ["Te Tairāwhiti"]),
        ("kaitaia rotorua", []),
        ("", []),
        ("!?", []),
        ("the", []),
        ("catchment", []),
        ("region", []),
    ],
)
def test_a_whole_name_or_code_is_exact_and_what_has_more_is_not(text, names):
    assert exact(text) == names


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Tai Tokerau", "Tai Tokerau"),
        ("te tai tokerau", "Tai Tokerau"),
        ("Northland", "Tai Tokerau"),
        ("northland region", "Tai Tokerau"),
        ("Bay of Plenty", "Bay of Plenty, Waiariki"),
        ("waiariki", "Bay of Plenty, Waiariki"),
        ("Bay of Plenty/Waiariki", "Bay of Plenty, Waiariki"),
        ("hawkes bay", "Hawke's Bay, Tairāwhiti"),
        ("Gisborne region", "Hawke's Bay, Tairāwhiti"),
        ("West Coast", "Nelson, Marlborough, West Coast"),
        ("tasman", "Nelson, Marlborough, West Coast"),
        ("nelson region", "Nelson, Marlborough, West Coast"),
        ("nelson rohe", "Nelson, Marlborough, West Coast"),
        ("wellington region", "Wellington"),
    ],
)
def test_a_region_is_known_by_its_name_by_each_part_and_by_what_people_call_it(text, region):
    meant = [each for each in found(text) if each.match is EXACT]
    assert [(each.kind, each.name) for each in meant] == [(PlaceKind.REGION, region)]
    inside = [c.code for c in EDITION.catchments.values() if c.education_region == region]
    assert sorted(meant[0].catchment_codes) == inside


def test_a_name_of_several_regions_means_each():
    assert exact("Auckland region") == ["Tāmaki Herenga Manawa", "Tāmaki Herenga Waka"]
    assert exact("tamaki makaurau") == ["Tāmaki Herenga Manawa", "Tāmaki Herenga Waka"]


@pytest.mark.parametrize("town", sorted(TOWNS_TOO))
def test_a_town_s_name_alone_does_not_mean_its_region(town):
    assert not [each for each in found(town) if (each.kind, each.match) == ("region", EXACT)]


def test_the_catchment_of_a_town_s_name_is_meant_by_it_and_the_region_only_perhaps():
    assert matches("nelson") == [("Nelson", EXACT), ("Nelson, Marlborough, West Coast", PART)]


def test_what_regions_are_also_called_is_said_of_regions_that_there_are():
    assert ALSO_CALLED.keys() <= set(REGIONS)
    known = {folded(each) for names in ALSO_CALLED.values() for each in names}
    assert {folded(part) for name in REGIONS for part in name.split(",")} | known >= TOWNS_TOO


def test_a_region_without_a_catchment_is_not_offered_and_one_of_another_s_spelling_is():
    names = EditionNames.of(edition(("A", "Ahi", "Bay of Plenty | Waiariki", None)))
    assert exact("waikato", names=names) == []
    assert exact("waiariki", names=names) == ["Bay of Plenty, Waiariki"]
    names = EditionNames.of(edition(("A", "Ahi", "The far side", None)))
    assert exact("far side region", names=names) == ["The far side"]
    assert exact("far", names=names) == []
    assert exact("The Far Side", names=names) == ["The far side"]


# --- slips and parts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kaitia", ("Kaitāia", SLIP)),
        ("kaitaai catchment", ("Kaitāia", SLIP)),
        ("kai taia", ("Kaitāia", SLIP)),
        ("newton", ("Newtown", SLIP)),
        ("te hikou trust", ("Te Hiku Trust", SLIP)),
        ("kait", ("Kaitāia", PART)),
        ("kait catchment", ("Kaitāia", PART)),
        ("rak", ("Ngā Rākau & Sons", PART)),
        ("sons nga", ("Ngā Rākau & Sons", PART)),
        ("plenty", ("Bay of Plenty, Waiariki", PART)),
        ("northl", ("Tai Tokerau", PART)),
        ("bp-0", ("Rotorua", PART)),
        ("area", ("Area 1", PART)),
    ],
)
def test_what_is_not_said_wholly_is_never_exact(text, expected):
    assert matches(text)[0] == expected
    assert exact(text) == []


@pytest.mark.parametrize("text", ["area 3", "tt-03", "kaitxyia", "kaitaia college", "54", "ai 1"])
def test_another_number_and_two_slips_are_another_name(text):
    assert matches(text) == []


def test_what_is_meant_for_certain_comes_first_then_slips_then_parts():
    assert matches("kaitaia") == [("Kaitāia", EXACT), ("Demonstration provider – Kaitāia", PART)]
    assert [match for _, match in matches("te tairawhitu")] == [SLIP]
    assert len(found("area", at_most=1)) == 1


# --- what is said of each -------------------------------------------------------------------------


def test_a_catchment_says_its_region_and_its_code():
    (kaitaia,) = (each for each in found("tt-01") if each.match is EXACT)
    assert (kaitaia.kind, kaitaia.within) == (PlaceKind.CATCHMENT, "Tai Tokerau")
    assert (kaitaia.code, kaitaia.catchment_codes) == ("TT-01", ("TT-01",))


def test_a_provider_says_which_catchments_it_serves():
    assert found("te hiku trust")[0].within == "Kaitāia, Kerikeri"
    assert found("te hiku trust")[0].catchment_codes == ("TT-01", "TT-02")
    assert found("p-sa")[0].within == "Area 1, Area 2, Rotorua and 1 more"
    assert found("p-idle")[0].catchment_codes == ()


def test_a_provider_of_one_name_and_a_catchment_are_told_apart_by_what_is_beside_them():
    twins = edition(
        *(("A", "Ahi", "Waikato", "P-1"), ("B", "Bluff", "Waikato", "P-2")),
        providers=[Provider("P-1", "Twins"), Provider("P-2", "Twins")],
    )
    names = EditionNames.of(twins)
    assert [each.code for each in found("twins", names=names)] == ["P-1", "P-2"]
    assert [e.code for e in found("Twins, Bluff", names=names) if e.match is EXACT] == ["P-2"]


# --- laws -----------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [*("ahi", "rimu", "st", "the", "north", "1", "2b", "–", "&", "catchment", "region", "Kōwhai")]
)
NAMES_OF_THINGS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join).filter(folded)
CODES = st.text("AB1-", min_size=1, max_size=4).filter(folded)


@st.composite
def editions(draw):
    codes = draw(st.lists(CODES, min_size=1, max_size=6, unique=True))
    providers = {f"P{c}": Provider(f"P{c}", draw(NAMES_OF_THINGS)) for c in draw(st.sets(CODES))}
    served = st.sampled_from([None, *sorted(providers)])
    regions = st.sampled_from(["", *REGIONS])
    catchments = {
        c: Catchment(c, draw(NAMES_OF_THINGS), draw(regions), draw(served)) for c in codes
    }
    return Edition(catchments, {}, providers)


def without_kind_word(words):
    return words[:-1] if len(words) > 1 and words[-1] in KIND_WORDS else words


def spelled(text):
    """A name however it is shortened, and whatever follows it."""
    words = [{"saint": "st", "mount": "mt"}.get(word, word) for word in folded(text).split()]
    return without_kind_word(words[1:] if words[0] == "the" and len(words) > 1 else words)


@given(editions(), st.data())
def test_each_is_exact_by_its_name_and_by_its_code_and_no_other_is(made, data):
    names = EditionNames.of(made)
    each = data.draw(st.sampled_from([*made.catchments.values(), *made.providers.values()]))
    for text in (each.name, each.code, each.name.upper(), each.code.lower()):
        meant = [e for e in found(text, names=names) if e.match is EXACT]
        assert each.code in {e.code for e in meant}
        for other in meant:
            own = [other.name, other.code, f"{other.name} {other.within}"]
            if other.kind is not PlaceKind.REGION:
                assert spelled(text) in [spelled(name) for name in own if folded(name)]


@given(editions(), st.data())
def test_what_is_picked_from_a_list_is_exact(made, data):
    names = EditionNames.of(made)
    picked = data.draw(st.sampled_from(names.entries))
    if picked.kind is PlaceKind.REGION:
        return
    meant = found(f"{picked.name}, {picked.within}".strip(", "), names=names)
    assert picked in [each for each in meant if each.match is EXACT]


@given(st.text(max_size=300), st.integers(1, 10))
def test_any_text_is_looked_for_and_each_is_found_once(text, at_most):
    meant = found(text, at_most=at_most)
    assert len(meant) <= at_most
    assert len({replace(each, match=EXACT) for each in meant}) == len(meant)
