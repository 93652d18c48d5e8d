"""Coordinates keep their meaning whichever frame they are in, and metres are metres."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import MultiPolygon, Point, Polygon, box

from catchments.geometry.coordinates import (
    CHATHAM_TM2000,
    NEW_ZEALAND_LAT,
    NEW_ZEALAND_LNG_360,
    NZTM2000,
    WGS84,
    area_m2,
    geometry_to_180,
    geometry_to_360,
    in_new_zealand,
    look_swapped,
    metric_crs,
    published_lng,
    published_lngs,
    to_180,
    to_360,
    to_metres,
    transformer,
)

# --- longitudes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lng", "in_360"),
    [(174.5, 174.5), (180.0, 180.0), (-180.0, 180.0), (-176.5, 183.5), (0.0, 0.0), (-0.5, 359.5)],
)
def test_a_longitude_counts_eastwards_from_nought_to_360(lng, in_360):
    assert to_360(lng) == in_360


@pytest.mark.parametrize(
    ("lng", "in_180"), [(174.5, 174.5), (180.0, 180.0), (183.5, -176.5), (359.5, -0.5), (0.0, 0.0)]
)
def test_a_longitude_counts_both_ways_from_nought_to_180(lng, in_180):
    assert to_180(lng) == in_180


@given(st.floats(0.0, 360.0, exclude_max=True))
def test_no_longitude_is_rounded_on_the_way_from_360_to_180_and_back(lng):
    there = to_180(lng)
    assert -180.0 < there <= 180.0
    assert to_360(there) == lng


@given(st.floats(-180.0, 360.0))
def test_a_longitude_already_in_a_frame_stays_as_it_is(lng):
    assert to_360(to_360(lng)) == to_360(lng)
    assert to_180(to_180(lng)) == to_180(lng)


# --- geometries -----------------------------------------------------------------------------------


@st.composite
def boxes_360(draw):
    x = sorted(draw(st.lists(st.floats(165.0, 185.0), min_size=2, max_size=2, unique=True)))
    y = sorted(draw(st.lists(st.floats(-53.0, -28.0), min_size=2, max_size=2, unique=True)))
    return box(x[0], y[0], max(x[1], x[0] + 1e-6), max(y[1], y[0] + 1e-6))


@given(boxes_360())
def test_a_geometry_comes_back_from_180_to_360_the_same(geometry):
    there = geometry_to_180(geometry)
    west, _, east, _ = there.bounds
    assert -180.0 <= west <= east <= 180.0
    back = geometry_to_360(there)
    assert back.geom_type == "Polygon"
    assert back.bounds == geometry.bounds
    assert shapely.area(shapely.symmetric_difference(back, geometry)) <= 1e-9


@given(st.floats(165, 179), st.floats(-53, -28))
def test_a_geometry_west_of_the_antimeridian_is_kept_bit_for_bit(lng, lat):
    geometry = box(lng, lat, lng + 0.7, lat + 0.1)
    assert geometry_to_360(geometry).wkb == geometry.wkb
    assert geometry_to_180(geometry).wkb == geometry.wkb


@given(st.floats(180.0, 185, exclude_min=True), st.floats(-53, -28))
def test_a_geometry_of_the_chathams_comes_back_bit_for_bit(lng, lat):
    geometry = box(lng, lat, lng + 0.7, lat + 0.1)
    assert geometry_to_360(geometry_to_180(geometry)).wkb == geometry.wkb


def test_a_geometry_across_the_antimeridian_is_split_there_and_joined_again():
    across = box(179.0, -44.0, 181.0, -43.0)
    published = geometry_to_180(across)
    assert published.geom_type == "MultiPolygon"
    assert [part.bounds for part in published.geoms] == [
        (179.0, -44.0, 180.0, -43.0),
        (-180.0, -44.0, -179.0, -43.0),
    ]
    joined = geometry_to_360(published)
    assert joined.geom_type == "Polygon"
    assert joined.equals(across)


def test_a_hole_across_the_antimeridian_survives_the_split_and_the_join():
    pierced = box(179.0, -44.0, 181.0, -43.0) - box(179.8, -43.6, 180.2, -43.4)
    assert geometry_to_360(geometry_to_180(pierced)).equals(pierced)


def test_islands_on_both_sides_stay_the_islands_they_are():
    islands = MultiPolygon([box(179.0, -44, 179.5, -43), box(180.5, -44, 181.0, -43)])
    published = geometry_to_180(islands)
    assert sorted(part.bounds[0] for part in published.geoms) == [-179.5, 179.0]
    assert geometry_to_360(published).equals(islands)


@pytest.mark.parametrize(
    "geometry",
    [box(179.0, -44.0, 180.0, -43.0), box(180.0, -44.0, 181.0, -43.0)],
    ids=["west of it", "east of it"],
)
def test_a_geometry_that_only_touches_the_antimeridian_is_not_split(geometry):
    published = geometry_to_180(geometry)
    assert published.geom_type == "Polygon"
    assert published.area == pytest.approx(1.0)
    assert geometry_to_360(published).equals(geometry)


def test_a_corner_that_touches_the_antimeridian_leaves_no_line_behind():
    triangle = Polygon([(179.0, -44.0), (181.0, -44.0), (180.0, -43.0)])
    published = geometry_to_180(triangle)
    assert {part.geom_type for part in published.geoms} == {"Polygon"}
    assert published.area == pytest.approx(triangle.area)


def test_nothing_stays_nothing():
    assert geometry_to_180(Polygon()).is_empty
    assert geometry_to_360(Polygon()).is_empty


# --- metres ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lng", "crs"),
    [
        (166.5, NZTM2000),
        (178.5, NZTM2000),
        (-179.0, NZTM2000),
        (182.0, NZTM2000),
        (-176.5, CHATHAM_TM2000),
        (183.5, CHATHAM_TM2000),
    ],
)
def test_the_chathams_have_their_own_projection_in_either_frame(lng, crs):
    assert metric_crs(lng=lng) == crs


KNOWN_PLACES = [
    # LINZ's definitions: NZTM2000's origin is 0°, 173° E with 1,600,000 m E and 10,000,000 m N;
    # that of Chatham Islands TM 2000 is 0°, 176° 30' W with 3,500,000 m E and 10,000,000 m N.
    (173.0, 0.0, NZTM2000, 1_600_000.0, 10_000_000.0),
    (-176.5, 0.0, CHATHAM_TM2000, 3_500_000.0, 10_000_000.0),
    (183.5, 0.0, CHATHAM_TM2000, 3_500_000.0, 10_000_000.0),
]


@pytest.mark.parametrize(("lng", "lat", "crs", "easting", "northing"), KNOWN_PLACES)
def test_a_known_place_has_its_known_easting_and_northing(lng, lat, crs, easting, northing):
    projected = to_metres(Point(lng, lat), crs=crs)
    assert projected.x == pytest.approx(easting, abs=0.001)
    assert projected.y == pytest.approx(northing, abs=0.001)


def test_a_transformer_takes_and_gives_longitude_first_and_goes_back():
    there = transformer(WGS84, NZTM2000).transform(174.7633, -36.8485)
    assert there == pytest.approx((1_757_209.253, 5_920_482.809), abs=0.01)
    assert transformer(NZTM2000, WGS84).transform(*there) == pytest.approx((174.7633, -36.8485))
    assert transformer(WGS84, NZTM2000) is transformer(WGS84, NZTM2000)


@pytest.mark.parametrize("metres", [NZTM2000, CHATHAM_TM2000])
def test_our_own_frames_are_projected_bit_for_bit_as_by_proj_that_looks_them_up(metres):
    rng = np.random.default_rng(84)
    for lng, lat in [((-180, 360), (-89, 89)), (NEW_ZEALAND_LNG_360, NEW_ZEALAND_LAT)]:
        degrees = rng.uniform(*lng, 20_000), rng.uniform(*lat, 20_000)
        there = Transformer.from_crs(WGS84, metres, always_xy=True).transform(*degrees)
        assert np.array_equal(transformer(WGS84, metres).transform(*degrees), there)
        back = Transformer.from_crs(metres, WGS84, always_xy=True).transform(*there)
        assert np.array_equal(transformer(metres, WGS84).transform(*there), back)


@pytest.mark.parametrize("lng", [173.0, -176.5, 183.5])
def test_areas_are_in_square_metres_wherever_they_are(lng):
    # A hundredth of a degree each way at 44° S: 802.44 m by 1,111.10 m on the GRS 80 ellipsoid.
    square = box(lng - 0.005, -44.005, lng + 0.005, -43.995)
    assert area_m2(square) == pytest.approx(802.44 * 1111.10, rel=1.5e-3)


def test_a_hole_is_no_area_and_nothing_has_none():
    whole, hole = box(173.0, -41.0, 173.1, -40.9), box(173.04, -40.96, 173.06, -40.94)
    assert area_m2(whole - hole) == pytest.approx(area_m2(whole) - area_m2(hole))
    assert area_m2(Polygon()) == 0.0


def test_both_frames_give_the_same_metres():
    west, east = box(-177.0, -44.0, -176.0, -43.5), box(183.0, -44.0, 184.0, -43.5)
    assert area_m2(west) == pytest.approx(area_m2(east), rel=1e-9)


# --- extents and checks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lng", "lat", "inside"),
    [
        ("Auckland", 174.76, -36.85, True),
        ("Chatham Islands", -176.55, -43.95, True),
        ("Chatham Islands in 0…360", 183.45, -43.95, True),
        ("Stewart Island / Rakiura", 168.13, -46.9, True),
        ("Raoul", -177.92, -29.27, True),
        ("Campbell Island", 169.15, -52.55, True),
        ("Sydney", 151.2, -33.87, False),
        ("Rarotonga", -159.78, -21.23, False),
        ("Null Island", 0.0, 0.0, False),
        ("north of the equator", 174.76, 36.85, False),
        ("no number", math.nan, -36.85, False),
        ("no number either", 174.76, math.nan, False),
        ("infinity", math.inf, -math.inf, False),
    ],
)
def test_new_zealand_reaches_from_campbell_island_to_raoul_and_the_chathams(name, lng, lat, inside):
    assert in_new_zealand(lng=lng, lat=lat) is inside


@pytest.mark.parametrize(
    ("lng", "lat", "swapped"),
    [
        (-36.85, 174.76, True),
        (-43.95, -176.55, True),
        (174.76, -36.85, False),
        (0.0, 0.0, False),
        (151.2, -33.87, False),
        (math.nan, 174.0, False),
    ],
)
def test_swapped_axes_are_seen(lng, lat, swapped):
    assert look_swapped(lng=lng, lat=lat) is swapped


@pytest.mark.parametrize(
    ("lng", "published"),
    [(174.7689, 174.7689), (-176.5433, -176.5433), (180.0, 180.0), (183.4567, -176.5433)],
)
def test_a_longitude_is_published_with_the_decimals_that_it_was_given_in(lng, published):
    assert published_lng(lng) == published
    assert published_lngs(np.array([174.5, lng])).tolist() == [174.5, published]
