"""What was in a catchment and is in none is found whole, however it lies, and nothing beside it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from catchments.geometry.coordinates import NZTM2000, geometry_to_180, geometry_to_360, to_metres
from catchments.geometry.tiling.coverage import find_faults
from catchments.geometry.tiling.ground import Land, ground_lost, km2_of
from catchments.readers.land import land
from tests.laws import examples

WEST, MIDDLE, EAST = (box(174 + n, -39, 175 + n, -38) for n in range(3))
ROW = {"W": WEST, "M": MIDDLE, "E": EAST}
"""Three side by side; beyond them is the sea."""


def without(*codes):
    return {code: each for code, each in ROW.items() if code not in codes}


def lost_from(before, after):
    return {each.code: each.shape for each in ground_lost(before, after)}


def both(boundaries):
    return shapely.union_all([geometry_to_360(each) for each in boundaries.values()])


# --- what is lost ---------------------------------------------------------------------------------


def test_a_catchment_at_the_coast_that_goes_is_found_whole_though_no_gap_opens():
    assert find_faults(without("E")) == []
    (found,) = ground_lost(ROW, without("E"))
    assert (found.code, found.beside) == ("E", ("M",))
    assert shapely.equals(found.shape, EAST)
    assert found.box == (176.0, -39.0, 177.0, -38.0)
    assert shapely.contains_xy(EAST, found.place.lng, found.place.lat)


def test_what_several_catchments_lose_is_parted_by_whose_it_was():
    lost = lost_from(ROW, without("M", "E"))
    assert lost.keys() == {"M", "E"}
    assert shapely.equals(lost["M"], MIDDLE)
    assert shapely.equals(lost["E"], EAST)


def test_a_hole_within_a_catchment_is_lost_though_it_is_no_gap():
    hole = box(174.4, -38.6, 174.6, -38.4)
    after = {**ROW, "W": shapely.difference(WEST, hole)}
    assert find_faults(after) == []
    assert shapely.equals(lost_from(ROW, after)["W"], hole)


def test_a_strip_along_the_sea_is_lost():
    after = {**ROW, "E": box(176, -39, 176.75, -38)}
    assert shapely.equals(lost_from(ROW, after)["E"], box(176.75, -39, 177, -38))


SAME_GROUND = {
    "nothing differs": ROW,
    "the same, read anew": {code: shapely.from_wkb(each.wkb) for code, each in ROW.items()},
    "a shared edge moves": {**ROW, "W": box(174, -39, 174.5, -38), "M": box(174.5, -39, 176, -38)},
    "two are merged": {"X": box(174, -39, 176, -38), "E": EAST},
    "one is split": {
        **without("W"),
        "W1": box(174, -39, 174.5, -38),
        "W2": box(174.5, -39, 175, -38),
    },
    "codes change places": {"W": EAST, "M": WEST, "E": MIDDLE},
    "more is covered": {**ROW, "N": box(174, -38, 175, -37)},
    "a neighbour that stays covers it already": {**ROW, "M": box(174, -39, 176, -38)},
    "half a metre is lost at the sea": {**ROW, "E": box(176, -39, 177 - 5e-6, -38)},
}


@pytest.mark.every_case
@pytest.mark.parametrize("after", SAME_GROUND.values(), ids=SAME_GROUND)
def test_where_the_same_ground_is_covered_nothing_is_lost(after):
    assert ground_lost(ROW, after) == []


def test_from_nothing_nothing_is_lost_and_to_nothing_all():
    assert ground_lost({}, ROW) == []
    assert lost_from(ROW, {}).keys() == ROW.keys()


def test_where_catchments_overlapped_the_ground_is_lost_once():
    before = {"A": box(174, -39, 175.5, -38), "B": box(175, -39, 176, -38)}
    lost = lost_from(before, {"C": box(170, -39, 171, -38)})
    assert sum(each.area for each in lost.values()) == pytest.approx(2.0)


def test_what_an_overlapping_catchment_still_covers_is_not_lost():
    before = {"A": box(174, -39, 175.5, -38), "B": box(175, -39, 176, -38)}
    lost = lost_from(before, {"B": before["B"]})
    assert shapely.equals(lost["A"], box(174, -39, 175, -38))


def test_a_catchment_on_both_sides_of_180_is_lost_in_one_piece():
    across = geometry_to_180(box(179, -39, 181, -38))
    assert isinstance(across, MultiPolygon)
    (found,) = ground_lost({"X": across, **ROW}, ROW)
    assert found.box == (179.0, -39.0, 181.0, -38.0)
    assert -180 <= found.place.lng <= 180


def test_a_boundary_that_is_not_valid_stops_nobody():
    bow_tie = shapely.Polygon([(178, -39), (179, -38), (179, -39), (178, -38)])
    assert lost_from({**ROW, "X": bow_tie}, ROW).keys() == {"X"}


boxes = st.builds(
    lambda west, south, wide, high: box(
        174 + west / 8, -39 + south / 8, 174 + (west + wide) / 8, -39 + (south + high) / 8
    ),
    *[st.integers(0, 12), st.integers(0, 12), st.integers(1, 6), st.integers(1, 6)],
)
boundaries = st.dictionaries(st.sampled_from("ABCDE"), boxes, max_size=5)


@given(boundaries, boundaries)
@settings(max_examples=examples(200))
def test_what_is_lost_and_what_is_covered_make_up_what_was_covered(before, after):
    lost = ground_lost(before, after)
    gone = shapely.union_all([each.shape for each in lost])
    assert gone.area == pytest.approx(sum(each.shape.area for each in lost))
    assert shapely.intersection(gone, both(after)).area == pytest.approx(0)
    assert shapely.difference(gone, both(before)).area == pytest.approx(0)
    left = shapely.difference(both(before), shapely.union_all([gone, both(after)]))
    assert left.area == pytest.approx(0, abs=1e-9)


@given(boundaries, boundaries)
@settings(max_examples=examples(100))
def test_each_catchment_loses_what_was_its_own(before, after):
    for each in ground_lost(before, after):
        assert shapely.difference(each.shape, before[each.code]).area == pytest.approx(0)
        beside = {code for code in after if shapely.intersects(after[code], each.shape)}
        assert beside == set(each.beside)


# --- how much of it is land -----------------------------------------------------------------------

ISLAND, ROCK = box(174.2, -38.6, 174.4, -38.4), box(174.7, -38.5, 174.7002, -38.4998)


def made_up_land(*areas):
    return Land(np.array([to_metres(area, crs=NZTM2000) for area in areas], dtype=object))


def test_land_in_an_area_is_land_alone_down_to_a_rock():
    found = made_up_land(ISLAND, ROCK, MIDDLE).within(WEST)
    assert len(found) == 2
    assert km2_of(found) == pytest.approx(km2_of(np.array([ISLAND, ROCK])), rel=1e-4)


def test_the_sea_has_no_land():
    assert len(made_up_land(MIDDLE).within(box(180, -39, 181, -38))) == 0


def test_land_that_no_boundary_covers_is_found_and_the_sea_is_not():
    bare = made_up_land(ISLAND, ROCK, MIDDLE).bare({"M": MIDDLE, "W": box(174.3, -39, 175, -38)})
    half = km2_of(np.array([ISLAND])) / 2
    assert km2_of(shapely.get_parts(bare.shape)) == pytest.approx(half, rel=1e-3)
    assert made_up_land(ISLAND, ROCK).bare({"W": WEST}) is None


def test_the_country_has_its_land_and_the_chathams_theirs():
    """Some 268,000 km² (Stats NZ); of the Chathams' 966 km² a sixth is Te Whanga, a lagoon."""
    country, chathams = shapely.box(165, -53, 185, -28), shapely.box(182.5, -45, 184.5, -43)
    assert km2_of(land().within(country)) == pytest.approx(268_000, rel=0.01)
    assert km2_of(land().within(chathams)) == pytest.approx(966 * 5 / 6, rel=0.03)
