"""Redrawing keeps the coverage exact, whatever is drawn, and touches nothing that it need not."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import ChangeDoesNotFit
from catchments.geometry.changing_index import IndexedBoundaries
from catchments.geometry.coordinates import geometry_to_180, geometry_to_360
from catchments.geometry.outlines import CORNERS_AT_MOST
from catchments.geometry.redrawing import (
    merge,
    split,
    transfer,
)
from catchments.geometry.tiling.coverage import find_faults, is_coverage
from tests.laws import examples
from tests.worlds import AHI, KOWHAI, REKOHU, RIMU, TOTARA, opened, small_edition

Boundaries = dict[str, BaseGeometry]
LAKE, ISLES = "LAK-6", "ISL-7"


def squares() -> Boundaries:
    return dict(small_edition().boundaries)


def archipelago() -> Boundaries:
    """Four squares with a lake in one, islands off the coast, and a catchment across 180°."""
    made = squares()
    lake = shapely.box(174.3, -38.7, 174.5, -38.5)
    made[AHI] = shapely.difference(made[AHI], lake)
    made[LAKE] = lake
    made[RIMU] = shapely.union_all([made[RIMU], shapely.box(173.2, -39.5, 173.4, -39.2)])
    made[ISLES] = shapely.multipolygons(
        [shapely.Point(173.0 + n / 10, -38.2 - n / 10).buffer(0.04, 24) for n in range(5)]
    )
    made[REKOHU] = geometry_to_180(shapely.box(179.5, -44.5, 184.0, -43.5))
    made["REK-8"] = geometry_to_180(shapely.box(179.5, -43.5, 184.0, -42.5))
    return made


def framed_area(boundaries: Mapping[str, BaseGeometry]) -> float:
    return float(sum(geometry_to_360(b).area for b in boundaries.values()))


def assert_exact(before: Mapping[str, BaseGeometry], after: Mapping[str, BaseGeometry]) -> None:
    assert is_coverage(after)
    assert find_faults(after) == []
    assert framed_area(after) == pytest.approx(framed_area(before), rel=1e-12)


def touched(before: Mapping[str, BaseGeometry], after: Mapping[str, BaseGeometry]) -> set[str]:
    return {code for code in after if after[code] is not before.get(code)}


def part_count(boundary: BaseGeometry) -> int:
    return int(shapely.get_num_geometries(geometry_to_360(boundary)))


# --- one at a time --------------------------------------------------------------------------------


def test_a_transferred_area_leaves_one_and_joins_the_other() -> None:
    before = squares()
    after = transfer(before, shapely.box(174.8, -38.7, 175.0, -38.3), to=KOWHAI)
    assert_exact(before, after)
    assert after[KOWHAI].area == pytest.approx(1.08)
    assert touched(before, after) == {AHI, KOWHAI}


def test_an_area_may_reach_over_the_sea_and_over_who_takes() -> None:
    before = squares()
    after = transfer(before, shapely.box(173.0, -38.4, 175.7, -38.2), to=KOWHAI)
    assert_exact(before, after)
    assert after[AHI].area == pytest.approx(0.8)
    assert part_count(before[AHI]) == 1
    assert part_count(after[AHI]) == 2


def test_only_those_named_give() -> None:
    before = squares()
    corner = shapely.box(174.9, -39.1, 175.1, -38.9)  # over all four
    after = transfer(before, corner, to=TOTARA, from_=[AHI])
    assert_exact(before, after)
    assert touched(before, after) == {AHI, TOTARA, KOWHAI, RIMU}  # two gain a vertex
    assert after[KOWHAI].area == pytest.approx(1.0)
    assert after[RIMU].area == pytest.approx(1.0)


def test_a_third_catchment_gains_a_vertex_where_its_edge_is_cut_and_nothing_else() -> None:
    before = squares()
    after = transfer(before, shapely.box(174.4, -39.0, 174.6, -38.8), to=KOWHAI, from_=[AHI])
    assert_exact(before, after)
    assert after[RIMU].equals(before[RIMU])
    assert shapely.get_num_coordinates(after[RIMU]) == 7
    assert after[TOTARA] is before[TOTARA]


def test_an_area_given_to_a_catchment_without_a_boundary_becomes_its_boundary() -> None:
    before = squares()
    after = transfer(before, shapely.box(174.1, -38.3, 174.3, -38.1), to="NEW-9")
    assert_exact(before, after)
    assert after["NEW-9"].area == pytest.approx(0.04)


def test_across_180_degrees_nothing_is_torn() -> None:
    before = archipelago()
    lasso = geometry_to_180(shapely.box(179.8, -43.8, 181.0, -43.2))
    after = transfer(before, lasso, to=REKOHU)
    assert_exact(before, after)
    assert touched(before, after) == {REKOHU, "REK-8"}
    assert part_count(after[REKOHU]) == 1
    assert all(-180 <= lng <= 180 for lng in shapely.get_coordinates(after[REKOHU])[:, 0])


def test_a_lake_may_grow_and_a_hole_stays_a_hole() -> None:
    before = archipelago()
    after = transfer(before, shapely.box(174.2, -38.65, 174.4, -38.55), to=LAKE)
    assert_exact(before, after)
    assert touched(before, after) == {AHI, LAKE}


def test_merged_catchments_are_one_and_their_neighbours_the_same_objects() -> None:
    before = archipelago()
    after = merge(before, [AHI, KOWHAI, LAKE], into=AHI)
    assert_exact(before, after)
    assert set(before) - set(after) == {KOWHAI, LAKE}
    assert touched(before, after) == {AHI}


def test_catchments_that_are_apart_can_be_merged() -> None:
    after = merge(squares(), [AHI, REKOHU], into=REKOHU)
    assert part_count(after[REKOHU]) == 2


@pytest.mark.parametrize(("side", "west"), [("left", "NEW-9"), ("right", AHI)])
def test_a_split_gives_the_side_that_one_walks_by_to_the_new_one(side: Any, west: str) -> None:
    before = squares()
    northwards = shapely.LineString([(174.3, -40.0), (174.3, -38.5), (174.35, -37.0)])
    after = split(before, AHI, northwards, new="NEW-9", side=side)
    assert_exact(before, after)
    assert after[west].bounds[0] == 174.0
    assert touched(before, after) == {AHI, "NEW-9", RIMU}  # one vertex on the common border
    assert shapely.get_num_coordinates(after[RIMU]) == 6


def test_islands_go_with_the_part_that_is_nearest() -> None:
    before = archipelago()
    after = split(before, RIMU, shapely.LineString([(174.5, -41), (174.5, -38)]), new="NEW-9")
    assert_exact(before, after)
    assert part_count(after["NEW-9"]) == 2  # the western part, and the island west of it


def test_a_line_may_cross_a_catchment_twice() -> None:
    before = squares()
    line = shapely.LineString([(173.9, -38.2), (174.5, -38.9), (174.5, -39.2), (174.7, -39.2)])
    line = shapely.LineString([*line.coords, (174.7, -38.5), (175.2, -38.4)])
    after = split(before, AHI, line, new="NEW-9")
    assert_exact(before, after)
    assert after[AHI].area + after["NEW-9"].area == pytest.approx(1.0)


# --- what is refused ------------------------------------------------------------------------------

BOWTIE = shapely.Polygon([(174.2, -38.2), (174.8, -38.8), (174.8, -38.2), (174.2, -38.8)])
REFUSED_AREAS = [
    (BOWTIE, "crosses itself near 174.5 -38.5"),
    (shapely.box(160.0, -30.0, 161.0, -29.0), "takes nothing from"),
    (shapely.Polygon(), "is empty"),
    (shapely.Point(174.5, -38.5), "is a Point"),
    (shapely.box(174.0, -39.0, 175.0, -38.0), "would take the whole of “AHI-1”"),
    (shapely.Polygon([(174.5, -38.5)] * 4), "is not valid|no extent"),
    (shapely.Polygon([(1e9, 0), (1e9, 1), (1e9 + 1, 1)]), "no place on Earth"),
]


@pytest.mark.parametrize(("area", "said"), REFUSED_AREAS)
def test_an_area_that_cannot_be_is_refused_and_says_what_to_do(
    area: BaseGeometry, said: str
) -> None:
    before = squares()
    with pytest.raises(ChangeDoesNotFit, match=said) as refused:
        transfer(before, area, to=KOWHAI)
    assert refused.value.next_step
    assert before == squares()


def test_an_outline_of_more_corners_than_any_boundary_has_is_refused_at_once() -> None:
    angles = np.linspace(0, 2 * np.pi, CORNERS_AT_MOST + 1)
    ring = np.column_stack([174.5 + 0.3 * np.cos(angles), -38.5 + 0.3 * np.sin(angles)])
    with pytest.raises(ChangeDoesNotFit, match=r"has 100,001 corners.*may have 100,000"):
        transfer(squares(), shapely.polygons(ring), to=KOWHAI)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (shapely.LineString([(174.2, -38.2), (174.8, -38.8)]), "does not cut “AHI-1” in two"),
        (shapely.LineString([(160, -30), (161, -29)]), "does not cut"),
        (shapely.LineString([(174, -37), (174.5, -38.5), (174, -38.5), (175, -37)]), "crosses"),
        (shapely.box(174.2, -38.7, 174.4, -38.5), "is a Polygon"),
    ],
)
def test_a_line_that_cannot_split_is_refused(line: BaseGeometry, said: str) -> None:
    with pytest.raises(ChangeDoesNotFit, match=said):
        split(squares(), AHI, line, new="NEW-9")


def zigzag(turns: int) -> BaseGeometry:
    """A line that leaves Ahi and comes back again and again, and never crosses itself."""
    return shapely.LineString(
        [(174.2 + 0.6 * n / turns, -37.9 if n % 2 else -38.5) for n in range(turns)]
    )


def test_a_line_that_runs_in_and_out_more_often_than_anybody_means_is_refused_at_once() -> None:
    with pytest.raises(ChangeDoesNotFit, match=r"runs into the catchment 20,000 times.*500 times"):
        split(squares(), AHI, zigzag(40_000), new="NEW-9")
    after = split(squares(), AHI, zigzag(301), new="NEW-9")
    assert {AHI, "NEW-9"} <= after.keys()


@pytest.mark.parametrize(
    "act",
    [
        lambda b: transfer(b, BOWTIE, to=AHI, from_=["NO-1"]),
        lambda b: split(b, "NO-1", shapely.LineString(), new="X"),
    ],
)
def test_a_boundary_that_is_not_there_is_named(act: Any) -> None:
    with pytest.raises(ChangeDoesNotFit, match="no boundary of “NO-1”"):
        act(squares())


def test_a_split_does_not_overwrite_a_boundary_that_is_there() -> None:
    line = shapely.LineString([(174.5, -40), (174.5, -37)])
    with pytest.raises(ChangeDoesNotFit, match="a boundary of “RIM-3” already"):
        split(squares(), AHI, line, new=RIMU)


def test_an_area_in_the_sea_gives_nothing_to_a_catchment_without_a_boundary() -> None:
    with pytest.raises(ChangeDoesNotFit, match="takes nothing from"):
        transfer(squares(), shapely.box(160.0, -30.0, 161.0, -29.0), to="NEW-9")


def test_a_lake_that_is_drawn_from_another_corner_is_still_one_edge() -> None:
    before = archipelago()
    before[LAKE] = shapely.Polygon(np.roll(before[LAKE].exterior.coords[:-1], 2, axis=0))
    after = transfer(before, shapely.box(174.7, -38.9, 174.9, -38.7), to=KOWHAI)
    assert_exact(before, after)
    assert after[LAKE] is before[LAKE]


def test_a_hole_may_go_along_whole_but_never_lies_between_two() -> None:
    before = squares()
    before[AHI] = shapely.difference(before[AHI], shapely.box(174.3, -38.7, 174.5, -38.5))
    with pytest.raises(ChangeDoesNotFit, match=r"leave the hole near .* between two catchments"):
        transfer(before, shapely.box(174.4, -38.8, 175.0, -38.3), to=KOWHAI)
    with pytest.raises(ChangeDoesNotFit, match="leave the hole"):
        split(before, AHI, shapely.LineString([(174.4, -40), (174.4, -37)]), new="NEW-9")
    after = transfer(before, shapely.box(174.2, -38.8, 175.0, -38.3), to=KOWHAI)
    assert_exact(before, after)


# --- laws -----------------------------------------------------------------------------------------


def lasso(rand: random.Random, *, lng: float, lat: float, radius: float) -> BaseGeometry:
    """A star-shaped outline around a point: as wild as a hand draws, without a loop."""
    angles = np.sort([rand.uniform(0, 2 * np.pi) for _ in range(rand.randint(3, 40))])
    reach = np.array([radius * rand.uniform(0.3, 1.0) for _ in angles])
    outline = np.column_stack([lng + 1.3 * reach * np.cos(angles), lat + reach * np.sin(angles)])
    made = shapely.make_valid(shapely.polygons(outline))
    largest = max(shapely.get_parts(made), key=shapely.area)
    return geometry_to_180(largest)


def redrawn(before: Boundaries, rand: random.Random, turn: int) -> Boundaries:
    """One redrawing of any kind, somewhere on an edge, where things go wrong."""
    code = rand.choice(sorted(before))
    xy = shapely.get_coordinates(geometry_to_360(before[code]))
    lng, lat = xy[rand.randrange(len(xy))]
    kind = rand.choice(["transfer", "transfer", "transfer", "merge", "split"])
    if kind == "merge" and len(before) > 3:
        return merge(before, [code, rand.choice(sorted(before))], into=code)
    if kind == "split":
        angle, middle = rand.uniform(0, 6.3), geometry_to_360(before[code]).representative_point()
        east, north = 9 * np.cos(angle), 9 * np.sin(angle)
        ends = [(middle.x - east, middle.y - north), (middle.x + east, middle.y + north)]
        return split(before, code, shapely.LineString(ends), new=f"NEW-{turn}")
    area = lasso(rand, lng=lng, lat=lat, radius=rand.choice([0.003, 0.05, 0.4]))
    return transfer(before, area, to=rand.choice([code, rand.choice(sorted(before))]))


def any_sequence(before: Boundaries, seed: int, turns: int) -> int:
    """Redraw again and again, checking every law after each; return how many were not refused."""
    rand, done = random.Random(seed), 0
    for turn in range(turns):
        kept = dict(before)
        try:
            after = redrawn(before, rand, turn)
        except ChangeDoesNotFit:
            assert before == kept
            continue
        assert is_coverage(after)
        assert framed_area(after) == pytest.approx(framed_area(before), rel=1e-11)
        far = {c for c in touched(before, after) & set(before) if c in after}
        assert all(shapely.is_valid(after[code]) for code in far)
        before, done = after, done + 1
    assert find_faults(before) == []
    return done


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32))
@example(0)
def test_after_any_sequence_the_coverage_is_exact_and_nothing_is_lost(seed: int) -> None:
    any_sequence(archipelago(), seed, turns=8)


def test_most_of_what_is_tried_is_not_refused() -> None:
    assert sum(any_sequence(archipelago(), seed, turns=8) for seed in range(10)) > 40


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32))
def test_an_index_that_is_kept_in_step_changes_nothing_whatever_is_undone_and_done_again(
    seed: int,
) -> None:
    rand = random.Random(seed)
    versions = [IndexedBoundaries(archipelago())]
    for turn in range(8):
        before, again = versions[-1], random.Random(rand.random())
        chance = again.getstate()
        made: list[Boundaries | str] = []
        for boundaries in (before, dict(before)):
            again.setstate(chance)
            try:
                made.append(redrawn(boundaries, again, turn))
            except ChangeDoesNotFit as refused:
                made.append(str(refused))
        assert made[0] == made[1]
        if isinstance(made[0], str) or rand.random() < 0.3:
            versions = versions[: rand.randint(1, len(versions))]  # undone
        else:
            versions.append(IndexedBoundaries(made[0], before))


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32))
def test_who_is_far_from_the_cut_is_the_same_object(seed: int) -> None:
    rand, before = random.Random(seed), archipelago()
    area = lasso(rand, lng=rand.uniform(174, 176), lat=rand.uniform(-40, -38), radius=0.3)
    to = rand.choice([AHI, KOWHAI, RIMU, TOTARA])
    try:
        after = transfer(before, area, to=to)
    except ChangeDoesNotFit:
        return
    for code in set(before) - {to}:
        if geometry_to_360(before[code]).distance(geometry_to_360(area)) > 0:
            assert after[code] is before[code]
    assert {REKOHU, "REK-8", ISLES} & touched(before, after) == set()


@pytest.mark.parametrize(
    ("seed", "turns"), [(1, 5), *(pytest.param(n, 25, marks=pytest.mark.thorough) for n in (1, 2))]
)
def test_on_real_coasts_and_islands_sequences_stay_exact(
    seed: int, turns: int, demonstration_database: Path
) -> None:
    with opened(demonstration_database) as store:
        before = dict(store.edition(1).boundaries)
    assert any_sequence(before, seed, turns=turns) > turns // 2


# --- what the outline of an area does not meet ----------------------------------------------------


def apart(*corners: tuple[float, float]) -> BaseGeometry:
    """Islands of a fifth of a degree, each from its south-western corner."""
    return shapely.union_all([shapely.box(x, y, x + 0.2, y + 0.2) for x, y in corners])


MAINLAND, FAR, FARTHER = shapely.box(174, -39, 175, -38), (172.0, -39.0), (172.5, -39.0)
ISLANDS = {
    "A": shapely.union_all([MAINLAND, apart(FAR, FARTHER)]),
    "B": shapely.box(175, -39, 176, -38),
}


@pytest.mark.parametrize(
    ("area", "going"),
    [
        (shapely.box(171.9, -39.1, 172.3, -38.7), apart(FAR)),
        (shapely.box(171.9, -39.1, 172.6, -38.7), shapely.box(171.9, -39.1, 172.6, -38.7)),
        (shapely.box(171.9, -39.1, 172.8, -38.7), apart(FAR, FARTHER)),
    ],
    ids=["an island", "an island and some of another", "both islands"],
)
def test_an_island_that_an_area_encloses_goes_with_it(area: BaseGeometry, going: Any) -> None:
    after = transfer(ISLANDS, area, to="B")
    going = shapely.intersection(going, ISLANDS["A"])
    assert after["A"].equals(shapely.difference(ISLANDS["A"], going))
    assert after["B"].equals(shapely.union(ISLANDS["B"], going))


@pytest.mark.parametrize("reach", [0.0, 0.1], ids=["to its edge", "beyond it"])
def test_an_area_around_a_whole_catchment_is_refused_and_never_goes_by_it(reach: float) -> None:
    around = shapely.box(173.9, -39.0 - reach, 175.5, -37.9)
    with pytest.raises(ChangeDoesNotFit, match="would take the whole of"):
        transfer(small_edition().boundaries, around, to=KOWHAI)
