"""Ground that changes hands: how much, from whom, to whom; and what is no redrawing."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from catchments.geometry.coordinates import area_m2
from catchments.geometry.tiling import redrawn
from catchments.geometry.tiling.redrawn import SOMEBODY, ground_between, is_redrawn

WEST, EAST = shapely.box(174, -39, 175, -38), shapely.box(175, -39, 176, -38)
SOUTH = shapely.box(174, -40, 176, -39)
BEFORE = {"W": WEST, "E": EAST, "S": SOUTH}


@given(st.floats(174.01, 175.99))
def test_what_moves_over_a_border_is_told_from_whom_to_whom(border: float) -> None:
    after = {
        **BEFORE,
        "W": shapely.box(174, -39, border, -38),
        "E": shapely.box(border, -39, 176, -38),
    }
    moved = area_m2(shapely.box(min(border, 175), -39, max(border, 175), -38))
    found = ground_between(BEFORE, after)
    if moved < 1:
        assert found == []
        return
    (ground,) = found
    assert (ground.before, ground.after) == (("E", "W") if border > 175 else ("W", "E"))
    assert ground.area_m2 == pytest.approx(moved, rel=1e-6)
    assert is_redrawn(WEST, after["W"])


def test_ground_that_nobody_takes_and_ground_that_nobody_had_are_told() -> None:
    after = {"W": WEST, "E": shapely.box(175, -38.5, 176, -37.5), "S": SOUTH}
    found = {(g.before, g.after): g.area_m2 for g in ground_between(BEFORE, after)}
    assert set(found) == {("E", None), (None, "E")}
    assert found["E", None] == pytest.approx(area_m2(shapely.box(175, -39, 176, -38.5)), rel=1e-6)


def test_the_ground_of_a_catchment_that_ends_goes_to_who_takes_it() -> None:
    after = {"W": shapely.box(174, -39, 176, -38), "S": SOUTH}
    assert [(g.before, g.after) for g in ground_between(BEFORE, after)] == [("E", "W")]


@pytest.mark.parametrize(
    "same",
    [
        shapely.Polygon([(174, -39), (174.5, -39), (175, -39), (175, -38), (174, -38)]),
        shapely.Polygon(np.roll(shapely.get_coordinates(WEST)[:-1], 2, axis=0)),
        shapely.Polygon(shapely.get_coordinates(WEST)[::-1]),
        shapely.multipolygons([WEST]),
        shapely.box(174, -39, 175 + 1e-13, -38),
    ],
)
def test_a_vertex_more_or_another_beginning_redraws_nothing(same: shapely.Polygon) -> None:
    assert not is_redrawn(WEST, same)
    assert ground_between({"W": WEST}, {"W": same}) == []


def test_a_square_metre_is_the_least_that_counts() -> None:
    wider = shapely.box(174, -39, 175 + 1e-9, -38)
    assert is_redrawn(WEST, wider)  # a tenth of a millimetre along 111 km: eleven square metres
    assert not is_redrawn(WEST, shapely.box(174, -39, 175 + 1e-11, -38))


def test_across_180_degrees_ground_is_in_one_piece() -> None:
    before = shapely.multipolygons(
        [shapely.box(179, -44, 180, -43), shapely.box(-180, -44, -179, -43)]
    )
    after = shapely.multipolygons(
        [shapely.box(179, -44, 180, -43), shapely.box(-180, -44, -178, -43)]
    )
    (ground,) = ground_between({"A": before}, {"A": after})
    assert (ground.before, ground.after) == (None, "A")
    assert ground.area_m2 == pytest.approx(area_m2(shapely.box(181, -44, 182, -43)), rel=1e-6)


def test_of_very_many_vertices_it_is_told_how_much_and_not_from_whom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redrawn, "MOST_VERTICES", 10)
    west, east = shapely.box(174, -39, 175.5, -38), shapely.box(175.5, -39, 176, -38)
    after = {**BEFORE, "W": west, "E": east}
    found = {(g.before, g.after): g.area_m2 for g in ground_between(BEFORE, after)}
    assert set(found) == {("E", SOMEBODY), (SOMEBODY, "W")}
    moved = area_m2(shapely.box(175, -39, 175.5, -38))
    assert all(area == pytest.approx(moved, rel=1e-6) for area in found.values())


@pytest.mark.parametrize("end", [(174.3, -44), (175, -44.01), (174.2, -43)])
def test_a_vertex_anywhere_on_a_long_edge_redraws_nothing(end: tuple[float, float]) -> None:
    start, there = np.array([174.0, -44.0]), np.array(end)
    corners = [tuple(start), end, (174.9, -42), (173.9, -42)]
    before = shapely.Polygon(corners)
    for share in (0.1, 0.37, 0.5):
        beside = tuple(start + share * (there - start))
        after = shapely.Polygon([corners[0], beside, *corners[1:]])
        assert ground_between({"A": before}, {"A": after}) == []
        assert not is_redrawn(before, after)


def test_ground_along_a_long_edge_is_as_large_as_it_is_drawn() -> None:
    # A triangle: half a degree of longitude at 44° S is 40.1 km, five metres are 0.000045°.
    before = shapely.Polygon([(174, -44), (174.5, -44), (174.5, -43), (174, -43)])
    after = shapely.Polygon([(174, -44), (174.25, -44.000045), *before.exterior.coords[1:4]])
    (ground,) = ground_between({"A": before}, {"A": after})
    assert ground.area_m2 == pytest.approx(40_140 * 5 / 2, rel=0.01)
