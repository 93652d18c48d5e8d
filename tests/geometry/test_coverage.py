"""Boundaries that tile have no fault; those that do not are told, and mended where it is little."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from catchments.core.model import Place
from catchments.geometry.coordinates import area_m2, geometry_to_180
from catchments.geometry.neighbours import four_colouring, neighbours
from catchments.geometry.planar import make_valid_2d
from catchments.geometry.tiling.coverage import (
    SLIVER_WIDTH_M,
    CoverageFault,
    find_faults,
    is_coverage,
)
from catchments.geometry.tiling.mending import clean
from tests.laws import examples

METRE = 1 / 90_000
"""About a metre of longitude at 36° south."""
EAST = {"A": box(174.0, -36.0, 174.1, -35.9), "B": box(174.1, -36.0, 174.2, -35.9)}


def moved(boundary, lng, lat=0.0):
    return shapely.transform(boundary, lambda xy: np.add(xy, [lng, lat]))


def beside(metres):
    """Return two catchments, the second moved east by so many metres (west if negative)."""
    return {"A": EAST["A"], "B": moved(EAST["B"], metres * METRE)}


def ring_around(middle, west=174.0, south=-36.0, size=0.3):
    """Return two catchments that together surround a square, and one inside it."""
    whole = box(west, south, west + size, south + size)
    inner = box(west + size / 3, south + size / 3, west + 2 * size / 3, south + 2 * size / 3)
    half = box(west, south, west + size / 2, south + size)
    left, right = half & whole - inner, (whole - half) - inner
    return {"L": left, "R": right} | ({"M": middle} if middle is not None else {}), inner


def kinds(faults):
    return [(fault.kind, fault.codes, fault.sliver) for fault in faults]


# --- finding --------------------------------------------------------------------------------------


def test_neighbours_that_share_an_edge_have_no_fault():
    assert find_faults(EAST) == []
    assert is_coverage(EAST)


def test_no_boundaries_at_all_are_a_coverage():
    assert find_faults({}) == []
    assert is_coverage({})
    assert clean({}) == {}
    assert four_colouring({}) == {}
    assert neighbours({}) == {}


@pytest.mark.parametrize(
    ("metres", "sliver"), [(-1e-3, True), (-10, True), (-45, True), (-60, False), (-900, False)]
)
def test_an_overlap_is_told_with_area_width_and_both_neighbours(metres, sliver):
    (fault,) = find_faults(beside(metres))
    assert ("overlap", ("A", "B"), sliver) == (fault.kind, fault.codes, fault.sliver)
    assert fault.width_m == pytest.approx(-metres, rel=0.05)
    assert fault.area_m2 == pytest.approx(-metres * 11_100, rel=0.05)
    assert 174.08 < fault.place.lng <= 174.1001


@pytest.mark.parametrize("metres", [0.5, 10, 45])
def test_an_open_channel_between_neighbours_is_a_gap(metres):
    (fault,) = find_faults(beside(metres))
    assert (fault.kind, fault.codes, fault.sliver) == ("gap", ("A", "B"), True)
    assert fault.width_m == pytest.approx(metres, rel=0.1)


def test_catchments_far_apart_have_no_gap_between_them():
    assert find_faults(beside(80)) == []


def test_the_sliver_width_is_settable():
    assert find_faults(beside(10), sliver_width_m=5) == []
    assert not find_faults(beside(-10), sliver_width_m=5)[0].sliver


def test_an_area_enclosed_between_two_catchments_is_a_gap_whatever_its_size():
    boundaries, hole = ring_around(None)
    (fault,) = find_faults(boundaries)
    assert (fault.kind, fault.codes, fault.sliver) == ("gap", ("L", "R"), False)
    assert fault.area_m2 == pytest.approx(area_m2(hole), rel=1e-6)
    assert not is_coverage(boundaries)


def test_a_hole_inside_one_catchment_is_deliberate():
    boundary = box(174, -36, 175, -35) - box(174.4, -35.6, 174.6, -35.4)
    assert find_faults({"A": boundary, "B": box(175, -36, 176, -35)}) == []
    assert is_coverage({"A": boundary})


def test_a_channel_inside_one_catchment_is_deliberate():
    boundary = box(174, -36, 175, -35) - box(174.5, -35.8, 174.5 + 20 * METRE, -35)
    assert find_faults({"A": boundary, "B": box(175, -36, 176, -35)}) == []


def test_a_moat_around_an_island_catchment_is_a_gap_between_the_two():
    outer = box(174, -36, 175, -35) - box(174.3, -35.7, 174.6, -35.4)
    boundaries = {"A": outer, "B": box(174.4, -35.6, 174.5, -35.5)}
    assert kinds(find_faults(boundaries)) == [("gap", ("A", "B"), False)]


def test_a_catchment_wholly_within_another_overlaps_it():
    boundaries = {"A": box(174, -36, 175, -35), "B": box(174.4, -35.6, 174.6, -35.4)}
    (fault,) = find_faults(boundaries)
    assert (fault.kind, fault.codes) == ("overlap", ("A", "B"))
    assert fault.area_m2 == pytest.approx(area_m2(boundaries["B"]))


def test_the_same_boundary_twice_overlaps():
    assert kinds(find_faults({"B": EAST["A"], "A": EAST["A"]})) == [("overlap", ("A", "B"), False)]


def test_an_overlap_with_two_neighbours_is_told_for_each():
    boundaries = EAST | {"C": box(174.05, -35.95, 174.15, -35.8)}
    found = [fault.codes for fault in find_faults(boundaries) if fault.kind == "overlap"]
    assert sorted(found) == [("A", "C"), ("B", "C")]


def test_an_area_that_three_catchments_claim_names_all_three():
    boundaries = {
        code: box(174, -36, 174 + size, -35)
        for code, size in zip("ABC", (0.3, 0.2, 0.1), strict=True)
    }
    found = {fault.codes: fault.area_m2 for fault in find_faults(boundaries)}
    assert {("A", "B"), ("A", "B", "C")} == set(found)


def test_slivers_between_the_same_two_are_one_fault_with_their_number():
    zigzag = [(174.1 + 1e-4 * (-1) ** n, -36 + 0.01 * n) for n in range(11)]
    right = Polygon([(174.2, -36), (174.2, -35.9), *reversed(zigzag)])
    faults = find_faults({"A": EAST["A"], "B": right})
    (overlap,) = (fault for fault in faults if fault.kind == "overlap")
    assert overlap.parts > 3
    assert f"in {overlap.parts} places, at most" in overlap.sentence()


def test_a_boundary_that_is_not_valid_is_told_with_its_reason():
    bow = Polygon([(174, -36), (175, -35), (175, -36), (174, -35)])
    (fault,) = find_faults({"A": bow})
    assert (fault.kind, fault.codes) == ("invalid", ("A",))
    assert (
        fault.sentence({"A": "Kaitāia"})
        == "The boundary of Kaitāia is not valid (Self-intersection)"
        " near lat -35.5000, lng 174.5000."
    )
    assert not is_coverage({"A": bow})


def test_an_edge_whose_vertices_do_not_match_is_no_fault_but_no_coverage():
    boundaries = {
        "A": EAST["A"],
        "B": box(174.1, -36, 174.2, -35.95),
        "C": box(174.1, -35.95, 174.2, -35.9),
    }
    assert find_faults(boundaries) == []
    assert not is_coverage(boundaries)
    assert is_coverage(clean(boundaries))


FAULT = CoverageFault("overlap", ("TT-01", "TT-04"), 1234.4, 12.2, Place(173.2, -35.1), sliver=True)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (FAULT, "TT-01 and TT-04 overlap by 1,234 m² (12 m wide) near lat -35.1000, lng 173.2000."),
        (
            CoverageFault("gap", ("A", "B", "C"), 0.5, 0.01, Place(-176.5, -44), True, parts=1200),
            (
                "Between A, B and C is a gap of 0.5 m² (in 1,200 places, at most 0.01 m wide)"
                " near lat -44.0000, lng -176.5000."
            ),
        ),
    ],
)
def test_a_fault_is_told_in_a_sentence(fault, sentence):
    assert sentence == fault.sentence()


def test_a_sentence_uses_names_where_they_are_known():
    assert FAULT.sentence({"TT-01": "Kaitāia"}).startswith("Kaitāia and TT-04 overlap by")


# --- the antimeridian and the Chathams ------------------------------------------------------------


def test_the_antimeridian_is_no_seam():
    across = {
        "A": geometry_to_180(box(179, -44, 181, -43)),
        "B": geometry_to_180(box(179, -43, 181, -42)),
        "C": box(178, -44, 179, -42),
        "D": box(-179, -44, -178, -42),
    }
    assert find_faults(across) == []
    mended = clean(across)
    assert is_coverage(mended)
    assert {"A", "B"} == neighbours(across)["D"]
    assert {"B", "C", "D"} == neighbours(across)["A"]


def test_catchments_that_meet_at_180_are_neighbours():
    boundaries = {"W": box(179, -44, 180, -43), "E": box(-180, -44, -179, -43)}
    assert is_coverage(boundaries)
    assert {"E": {"W"}, "W": {"E"}} == neighbours(boundaries)


@pytest.mark.parametrize("metres", [-20, 20])
def test_a_sliver_at_180_is_found_and_mended_in_the_published_frame(metres):
    boundaries = {
        "W": box(179, -44, 180, -43),
        "E": box(-180 + metres * METRE, -44, -179, -43)
        if metres > 0
        else geometry_to_180(box(180 + metres * METRE, -44, 181, -43)),
    }
    (fault,) = find_faults(boundaries)
    assert fault.codes == ("E", "W")
    assert abs(abs(fault.place.lng) - 180) < 0.01
    mended = clean(boundaries)
    assert find_faults(mended) == []
    assert is_coverage(mended)
    assert all(b.bounds[0] >= -180 and b.bounds[2] <= 180 for b in mended.values())


def test_an_overlap_on_the_chathams_is_measured_in_their_own_metres():
    boundaries = {"A": box(-177, -44.2, -176.5, -43.6), "B": box(-176.6, -44.2, -176, -43.6)}
    (fault,) = find_faults(boundaries)
    assert -176.6 < fault.place.lng < -176.5
    assert fault.area_m2 == pytest.approx(area_m2(box(-176.6, -44.2, -176.5, -43.6)))


# --- cleaning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("metres", [-45, -10, -1e-3, 0.5, 10, 45])
def test_slivers_are_mended_into_a_coverage(metres):
    mended = clean(beside(metres))
    assert list(mended) == ["A", "B"]
    assert is_coverage(mended)
    assert find_faults(mended) == []


@pytest.mark.parametrize("metres", [-60, 80])
def test_wider_faults_are_left_as_they_are(metres):
    boundaries = beside(metres)
    mended = clean(boundaries)
    assert all(mended[code] is boundaries[code] for code in boundaries)


def test_slivers_are_mended_beside_a_wide_overlap_that_stays():
    boundaries = EAST | {
        "B": moved(EAST["B"], -10 * METRE),
        "C": moved(EAST["B"], 0.1 - 0.02),
    }
    mended = clean(boundaries)
    assert kinds(find_faults(mended)) == [("overlap", ("B", "C"), False)]
    assert mended["C"] is boundaries["C"]


def test_an_enclosed_sliver_goes_to_the_neighbour_with_the_longest_border():
    boundaries, inner = ring_around(None)
    boundaries["M"] = moved(inner, -10 * METRE) & inner
    mended = clean(boundaries)
    assert is_coverage(mended)
    assert boundaries["L"] is not None
    assert area_m2(mended["R"]) == pytest.approx(area_m2(boundaries["R"]), rel=1e-3)


def test_boundaries_away_from_a_fault_are_the_same_objects():
    tiling = grid(4, 4)
    faulty = tiling | {"0-0": moved(tiling["0-0"], 5 * METRE)}
    mended = clean(faulty)
    far = [code for code in tiling if code[0] in "23" and code[2] in "23"]
    assert all(mended[code] is faulty[code] for code in far)
    assert is_coverage(mended)


# --- laws -----------------------------------------------------------------------------------------


def grid(across, down, *, west=172.0, south=-44.0, size=0.1, nudges=None):
    """Return a tiling of quadrilaterals whose inner corners are moved by `nudges`."""
    lng, lat = np.meshgrid(west + size * np.arange(across + 1), south + size * np.arange(down + 1))
    if nudges is not None:
        lng = lng + nudges[: lng.size].reshape(lng.shape) * size * 0.3
        lat = lat + nudges[lng.size : 2 * lng.size].reshape(lng.shape) * size * 0.3
    corners = np.stack([lng, lat], axis=-1)
    return {
        f"{x}-{y}": Polygon(
            [corners[y, x], corners[y, x + 1], corners[y + 1, x + 1], corners[y + 1, x]]
        )
        for x in range(across)
        for y in range(down)
    }


@st.composite
def tilings(draw):
    across, down = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    seed = draw(st.integers(0, 10_000))
    west = draw(st.sampled_from([172.0, 179.75, 183.0]))
    nudges = np.random.default_rng(seed).uniform(-1, 1, 2 * (across + 1) * (down + 1))
    return {
        code: geometry_to_180(boundary)
        for code, boundary in grid(across, down, west=west, nudges=nudges).items()
    }


@given(tilings())
@settings(max_examples=examples(25))
def test_a_random_tiling_has_no_fault(tiling):
    assert find_faults(tiling) == []


@given(tilings(), st.integers(0, 99), st.floats(0.5, 20), st.floats(0, 6.28), st.integers(0, 3))
@settings(max_examples=examples(30))
def test_a_jittered_vertex_is_a_fault_that_cleaning_mends(tiling, which, metres, angle, corner):
    code = list(tiling)[which % len(tiling)]
    if tiling[code].geom_type != "Polygon":
        return
    ring = shapely.get_coordinates(tiling[code].exterior)[:-1]
    ring[corner] += np.array([np.cos(angle), np.sin(angle)]) * metres * METRE
    faulty = tiling | {code: Polygon(ring)}
    faults = find_faults(faulty)
    mended = clean(faulty)
    assert find_faults(mended) == []
    assert is_coverage(mended)
    concerned = {code}.union(*(fault.codes for fault in faults))
    near = concerned.union(*(neighbours(tiling)[one] for one in concerned))
    assert all(mended[other] is faulty[other] for other in set(tiling) - near)
    again = clean(mended)
    assert all(again[other] is mended[other] for other in tiling)
    for other in tiling:
        assert area_m2(mended[other]) == pytest.approx(area_m2(tiling[other]), rel=0.02)


@given(tilings(), st.floats(-0.03, 0.03), st.floats(-0.03, 0.03))
@settings(max_examples=examples(25))
def test_cleaning_twice_is_cleaning_once(tiling, lng, lat):
    code = next(iter(tiling))
    faulty = tiling | {code: moved(tiling[code], lng, lat)}
    once = clean(faulty)
    twice = clean(once)
    assert all(twice[code].equals_exact(once[code], 0.0) for code in tiling)
    assert not [fault for fault in find_faults(once) if fault.sliver]


@given(tilings())
@settings(max_examples=examples(25))
def test_neighbours_are_mutual_and_have_different_colours(tiling):
    beside_ = neighbours(tiling)
    colours = four_colouring(tiling)
    for code, others in beside_.items():
        assert code not in others
        assert all(code in beside_[other] for other in others)
        assert all(colours[code] != colours[other] for other in others)
    assert max(colours.values()) <= 3


# --- validity, neighbours, colours ----------------------------------------------------------------


def test_a_valid_flat_polygon_is_kept_bit_for_bit():
    boundary = box(174, -36, 175, -35)
    assert make_valid_2d(boundary).equals_exact(boundary, 0.0)


@pytest.mark.parametrize(
    ("wkt", "area"),
    [
        ("POLYGON Z ((0 0 9, 2 0 9, 2 2 9, 0 2 9, 0 0 9))", 4),
        ("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))", 2),
        ("MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 0, 3 0, 3 2, 1 2, 1 0)))", 6),
        ("GEOMETRYCOLLECTION (POINT (5 5), POLYGON ((0 0, 1 0, 1 1, 0 0)))", 0.5),
        ("GEOMETRYCOLLECTION (LINESTRING (5 5, 6 6), MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0))))", 0.5),
    ],
)
def test_what_has_area_becomes_valid_polygons(wkt, area):
    valid = make_valid_2d(shapely.from_wkt(wkt))
    assert area == pytest.approx(valid.area)
    assert valid.is_valid
    assert not valid.has_z
    assert valid.geom_type in {"Polygon", "MultiPolygon"}


@pytest.mark.parametrize(
    "wkt",
    ["POINT (1 1)", "POLYGON EMPTY", "POLYGON ((0 0, 1 1, 2 2, 0 0))", "LINESTRING (0 0, 1 1)"],
)
def test_what_has_no_area_becomes_nothing(wkt):
    assert make_valid_2d(shapely.from_wkt(wkt)) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_coordinates_that_are_not_numbers_become_nothing(value):
    with np.errstate(invalid="ignore"):
        broken = shapely.polygons([(0, 0), (1, 0), (value, 1), (0, 0)])
    assert make_valid_2d(broken) is None


def test_catchments_that_meet_in_a_point_are_not_neighbours():
    boundaries = {"A": box(0, 0, 1, 1), "B": box(1, 1, 2, 2), "C": box(1, 0, 2, 1)}
    assert {"A": {"C"}, "B": {"C"}, "C": {"A", "B"}} == neighbours(boundaries)


def test_catchments_whose_edges_run_together_or_overlap_are_neighbours_too():
    boundaries = {"A": box(0, 0, 1, 3), "B": box(1, 1, 2, 2), "C": box(1.5, 1.5, 3, 3)}
    assert {"A": {"B"}, "B": {"A", "C"}, "C": {"B"}} == neighbours(boundaries)


def test_a_wheel_of_five_needs_four_colours_and_always_gets_the_same():
    angles = np.linspace(0, 2 * np.pi, 6)
    rim = np.column_stack([np.cos(angles), np.sin(angles)]) * 0.1 + [174, -36]
    hub = (rim - [174, -36]) * 0.3 + [174, -36]
    wheel = {f"S{n}": Polygon([hub[n], rim[n], rim[n + 1], hub[n + 1]]) for n in range(5)} | {
        "H": Polygon(hub[:-1])
    }
    colours = four_colouring(wheel)
    assert len(set(colours.values())) == 4
    assert colours == four_colouring(dict(reversed(wheel.items())))


def test_those_of_one_group_have_one_colour_and_their_neighbours_another():
    row = {name: box(at, 0, at + 1, 1) for at, name in enumerate("ABCD")}
    assert len(set(four_colouring(row).values())) == 2
    together = four_colouring(row, {"A": "one", "B": "one", "D": "one"})
    assert together["A"] == together["B"] == together["D"] != together["C"]


def test_catchments_of_several_parts_are_coloured_too():
    parts = {
        "A": MultiPolygon([box(0, 0, 1, 1), box(5, 0, 6, 1)]),
        "B": box(1, 0, 2, 1),
        "C": box(4, 0, 5, 1),
    }
    colours = four_colouring(parts)
    assert colours["A"] not in {colours["B"], colours["C"]}
    assert len(set(colours.values())) == 2


def test_the_sliver_width_is_fifty_metres():
    assert SLIVER_WIDTH_M == 50.0
