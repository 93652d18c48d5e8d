"""The index of what changes answers as brute force does, whichever way versions follow another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from catchments.geometry.changing_index import (
    ChangingIndex,
    IndexedBoundaries,
    boundaries_touching,
)
from catchments.geometry.coordinates import geometry_to_180, geometry_to_360
from tests.laws import examples
from tests.waiting import PATIENCE_S
from tests.worlds import REKOHU, small_edition

Version = Mapping[int, BaseGeometry]

# Whole numbers, so that edges and corners often meet exactly.
whole = st.integers(0, 12)
points = st.builds(shapely.Point, whole, whole)
boxes = st.builds(
    lambda x, y, width, height: shapely.box(x, y, x + width, y + height),
    whole,
    whole,
    st.integers(1, 5),
    st.integers(1, 5),
)
bends = st.builds(lambda a, b, c: shapely.LineString([a, b, c]), *[st.tuples(whole, whole)] * 3)
nothing = st.builds(shapely.Polygon)
shapes = st.one_of(points, boxes, bends, nothing)
areas = st.one_of(boxes, bends, boxes.map(lambda box: box.boundary), nothing)
versions = st.dictionaries(st.integers(0, 30), shapes, max_size=25)


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Versions that each change a few shapes of the one before, as drafts do, or all of them."""
    made = [draw(versions)]
    for _ in range(draw(st.integers(1, 6))):
        last = made[-1]
        gone = draw(st.sets(st.sampled_from(sorted(last)), max_size=4)) if last else set()
        kept = {key: shape for key, shape in last.items() if key not in gone}
        come = draw(st.dictionaries(st.integers(0, 30), shapes, max_size=4))
        made.append(draw(versions) if draw(st.booleans()) and not come else {**kept, **come})
    return made


def same(shapes: Sequence[BaseGeometry]) -> Sequence[BaseGeometry]:
    return shapes


def by_brute_force(version: Version, area: BaseGeometry) -> list[int]:
    return [key for key in sorted(version) if area.intersects(version[key])]


@given(histories(), st.data())
@settings(max_examples=examples(300))
def test_whatever_version_is_asked_about_next_the_answer_is_that_of_brute_force(history, data):
    index = ChangingIndex[int, BaseGeometry](same)
    asked = data.draw(st.lists(st.sampled_from(range(len(history))), min_size=1, max_size=12))
    for at in asked:
        area = data.draw(areas)
        assert [*index.touching(history[at], area)] == by_brute_force(history[at], area)


@given(versions, versions, areas)
@settings(max_examples=examples(100))
def test_what_is_undone_leaves_the_index_as_it_was(before, change, area):
    index = ChangingIndex[int, BaseGeometry](same)
    whole_of_it = [(-1.0, -1.0, 30.0, 30.0)]
    first = index.touching(before, area), index.near(before, whole_of_it)
    index.touching({**before, **change}, area)
    assert (index.touching(before, area), index.near(before, whole_of_it)) == first


@given(st.dictionaries(st.integers(0, 400), boxes, min_size=200, max_size=300), areas)
@settings(max_examples=examples(10))
def test_many_are_put_in_and_taken_out_again(version, area):
    index = ChangingIndex[int, BaseGeometry](same)
    for at, key in enumerate(sorted(version)):
        index.near({key: version[key] for key in sorted(version)[: at + 1]}, [])
    assert [*index.touching(version, area)] == by_brute_force(version, area)
    few = {key: shape for key, shape in version.items() if key % 7 == 0}
    assert [*index.touching(few, area)] == by_brute_force(few, area)
    assert index.touching({}, area) == {}
    assert [*index.touching(version, area)] == by_brute_force(version, area)


def test_what_lies_nowhere_is_never_found_until_it_has_a_place():
    index = ChangingIndex[int, str](
        lambda all_: [(t and shapely.from_wkt(t)) or None for t in all_]
    )
    everywhere = shapely.box(0, 0, 360, 90)
    assert index.touching({1: "", 2: "POLYGON EMPTY"}, everywhere) == {}
    assert [*index.touching({1: "POINT (1 1)", 2: ""}, everywhere)] == [1]
    assert [*index.touching({1: "", 2: "POINT (1 1)"}, everywhere)] == [2]


def test_only_what_changed_is_looked_at_and_only_what_has_another_box_moves_in_the_tree():
    seen: list[int] = []

    def shapes_of(numbers: Sequence[int]) -> list[BaseGeometry]:
        seen.extend(numbers)
        return [shapely.Point(number % 10, 0) for number in numbers]

    first = {key: 1_000 + key for key in range(8)}
    index = ChangingIndex[int, int](shapes_of)
    index.near(first, [])
    seen.clear()
    moves = _counted(index)
    index.near({**first, 3: 2_003, 4: 2_009}, [])
    assert seen == [2_003, 2_009]
    assert moves == ["delete", "insert"]  # of 4: 3 lies where it lay


def _counted(index: ChangingIndex[int, int]) -> list[str]:
    """Return a list that is told each change of the tree from now on."""
    tree, told = index._tree, []

    class Counting:
        def __getattr__(self, name: str) -> object:
            if name in {"insert", "delete"}:
                told.append(name)
            return getattr(tree, name)

    index._tree = Counting()
    return told


def test_many_threads_that_ask_about_several_versions_are_each_answered_rightly():
    rng = np.random.default_rng(8)
    base = {n: shapely.Point(*xy) for n, xy in enumerate(rng.uniform(0, 10, (400, 2)))}
    history = [
        {**base, **{int(n): shapely.Point(*rng.uniform(0, 10, 2)) for n in rng.choice(400, 9)}}
        for _ in range(6)
    ]
    index = ChangingIndex[int, BaseGeometry](same)

    def ask(seed: int) -> bool:
        mine = np.random.default_rng(seed)
        version = history[int(mine.integers(len(history)))]
        area = shapely.Point(*mine.uniform(0, 10, 2)).buffer(2)
        return [*index.touching(version, area)] == by_brute_force(version, area)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(400), timeout=PATIENCE_S))


# --- boundaries -----------------------------------------------------------------------------------


def test_boundaries_are_found_by_their_index_as_without_it_on_both_sides_of_180_degrees():
    plain = dict(small_edition().boundaries)
    plain[REKOHU] = geometry_to_180(shapely.box(179.5, -44.5, 184.0, -43.5))
    indexed = IndexedBoundaries(plain)
    framed = {code: geometry_to_360(boundary) for code, boundary in plain.items()}
    for lng in np.arange(172.0, 186.0, 0.25):
        for lat in (-44.0, -40.0, -38.5):
            area = shapely.box(lng, lat, lng + 0.3, lat + 0.3)
            found = boundaries_touching(indexed, area)
            assert found == boundaries_touching(plain, area)
            assert found.keys() == {code for code in plain if framed[code].intersects(area)}
    assert indexed == plain
    assert indexed.index.near(indexed, [(183.0, -44.0, 183.5, -43.9)]).keys() == {REKOHU}
