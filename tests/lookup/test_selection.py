"""Boxes of degrees: what lies in one, also across 180° and on the edge."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.geometry.coordinates import to_360
from catchments.lookup.boxes import Box
from tests.laws import examples

ACROSS = Box(170.0, -50.0, -170.0, -30.0)
INSIDE: list[tuple[Box, float, float, bool]] = [
    # box, lng, lat, whether it lies inside
    (Box(174, -37, 176, -36), 175.0, -36.5, True),
    (Box(174, -37, 176, -36), 174.0, -37.0, True),
    (Box(174, -37, 176, -36), 176.0000001, -36.5, False),
    (Box(174, -37, 176, -36), 175.0, -35.9, False),
    (Box(-177, -45, -176, -43), -176.5, -44.0, True),
    (Box(-177, -45, -176, -43), 176.5, -44.0, False),
    (ACROSS, 178.0, -40.0, True),
    (ACROSS, -176.5, -44.0, True),
    (ACROSS, 180.0, -40.0, True),
    (ACROSS, -180.0, -40.0, True),
    (ACROSS, 169.9, -40.0, False),
    (ACROSS, -169.9, -40.0, False),
    (ACROSS, 0.0, -40.0, False),
    (Box(-180, -90, 180, 90), 0.0, 0.0, True),
    (Box(-10, -10, 10, 10), 0.0, 0.0, True),
    (Box(-10, -10, 10, 10), -5.0, 0.0, True),
    (Box(-10, -10, 10, 10), 175.0, 0.0, False),
    (Box(180, -50, -180, -30), 180.0, -40.0, True),
    (Box(-180, -50, -180, -30), 180.0, -40.0, True),
    (Box(180, -50, -180, -30), 179.9, -40.0, False),
    (Box(10, -50, 5, -30), 4.0, -40.0, True),
    (Box(10, -50, 5, -30), 7.0, -40.0, False),
]


@pytest.mark.parametrize(("box", "lng", "lat", "inside"), INSIDE)
def test_a_box_holds_what_lies_in_it(box: Box, lng: float, lat: float, inside: bool) -> None:
    holds = box.holds(lng_360=np.array([to_360(lng), np.nan]), lat=np.array([lat, np.nan]))
    assert holds.tolist() == [inside, False]
    extent = np.array([[to_360(lng), lat, to_360(lng), lat], [np.nan] * 4])
    assert box.meets(extent).tolist() == [inside, False]
    assert box.touches(shapely.Point(to_360(lng), lat)) is inside


degrees = st.integers(-180, 180).map(float)
latitudes = st.lists(st.integers(-90, 90).map(float), min_size=2, max_size=2).map(sorted)


@settings(max_examples=examples(50))
@given(degrees, degrees, latitudes, degrees, st.integers(-90, 90).map(float))
def test_any_box_holds_what_arithmetic_says(
    west: float, east: float, south_north: list[float], lng: float, lat: float
) -> None:
    south, north = south_north
    # The two meridians of 180° are one.
    across = [
        west <= each <= east if west <= east else each >= west or each <= east
        for each in ((180.0, -180.0) if abs(lng) == 180.0 else (lng,))
    ]
    held = Box(west, south, east, north).holds(lng_360=np.array([to_360(lng)]), lat=np.array([lat]))
    assert held[0] == (any(across) and south <= lat <= north)
