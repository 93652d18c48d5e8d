"""Names go inside their own area and clear of each other, or nowhere."""

from __future__ import annotations

import itertools

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from maps.lettering import LINE, Lettering, around, lettered, overlap

corners = st.tuples(st.integers(0, 300), st.integers(0, 200))
boxes = st.builds(
    lambda at, size: shapely.box(at[0], at[1], at[0] + size[0], at[1] + size[1]),
    corners,
    st.tuples(st.integers(1, 200), st.integers(1, 100)),
)
polygons = st.lists(corners, min_size=3, max_size=12, unique=True).map(
    lambda points: shapely.MultiPoint(points).convex_hull
)


def placed(*areas: BaseGeometry, name: str = "Ahi", **more: object) -> list[Lettering]:
    named = [(str(number), area) for number, area in enumerate(areas)]
    names = dict.fromkeys((code for code, _ in named), name)
    return lettered(named, names, **{"taken": [], "at_most": 99, **more})  # type: ignore[arg-type]


@given(area=boxes | polygons, name=st.text(min_size=1, max_size=12))
def test_a_name_lies_in_its_area(area: BaseGeometry, name: str) -> None:
    for each in placed(area, name=name):
        left, _, right, _ = each.box
        middle = shapely.box(left, each.y - 4, right, each.y + 4)
        assert shapely.buffer(area, 1e-6).contains(middle)


@given(areas=st.lists(boxes, min_size=2, max_size=8), taken=boxes)
def test_names_are_clear_of_each_other_and_of_what_is_taken(
    areas: list[BaseGeometry], taken: BaseGeometry
) -> None:
    found = [each.box for each in placed(*areas, taken=[taken.bounds])]
    assert not any(overlap(one, other) for one, other in itertools.combinations(found, 2))
    assert not any(overlap(box, taken.bounds) for box in found)


def test_a_name_goes_to_the_middle_of_a_plain_area() -> None:
    (found,) = placed(shapely.box(0, 0, 200, 101))
    assert (found.x, found.y) == (100, pytest.approx(50, abs=LINE / 2))


def test_a_name_is_not_written_across_a_hole_or_a_bay() -> None:
    ring = shapely.box(0, 0, 200, 100) - shapely.box(30, 10, 170, 90)
    assert placed(ring, name="Ring of Ahi") == []
    bay = shapely.box(0, 0, 200, 100) - shapely.box(90, 0, 110, 60)
    (found,) = placed(bay, name="A very long bay name")
    assert found.y > 60


@pytest.mark.parametrize(
    "area",
    [
        shapely.Polygon(),
        shapely.box(0, 0, 10, 100),
        shapely.box(0, 0, 300, 8),
        shapely.GeometryCollection(),
        shapely.LineString([(0, 0), (200, 100)]),
    ],
)
def test_an_area_without_room_has_no_name(area: BaseGeometry) -> None:
    assert placed(area) == []


def test_no_more_names_than_asked_for_the_first_first() -> None:
    areas = [shapely.box(0, 100 * n, 100, 100 * n + 60) for n in range(5)]
    assert [each.code for each in placed(*areas, at_most=2)] == ["0", "1"]


def test_boxes_that_share_an_edge_do_not_overlap() -> None:
    assert not overlap(around(0, 0, 5, 5), around(10, 0, 5, 5))
    assert overlap(around(0, 0, 5, 5), around(9, 9, 5, 5))
