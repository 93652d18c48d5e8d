"""What an outline costs is known before the work is begun, whatever it looks like."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import ChangeDoesNotFit
from catchments.geometry import redrawing
from catchments.geometry.changing_index import boundaries_touching
from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.outlines import (
    CORNERS_AT_MOST,
    edges_in,
    meetings,
    refuse_entangled,
    refuse_many_corners,
)
from catchments.geometry.planar import Floats, edge_ends
from catchments.geometry.redrawing import split, transfer
from catchments.geometry.tiling.coverage import is_coverage
from tests.hostile_outlines import OUTLINES, comb, star
from tests.laws import examples
from tests.worlds import AHI, KOWHAI, small_edition

TIMES, WORK, HARMLESS_S, ATTEMPTS = 16, 40, 0.02, 4
"""As in `tests/web/test_work_of_parsers.py`: sixteen times as much, forty times the work."""
CORNERS = 6_000
BOX = (174.05, -39.95, 175.95, -38.05)
"""Most of the four squares of the small world."""


def fine() -> dict[str, BaseGeometry]:
    """The small world, its edges with a vertex every few hundred metres."""
    return {
        code: shapely.segmentize(boundary, 0.002)
        for code, boundary in small_edition().boundaries.items()
    }


def drawn(outline: BaseGeometry) -> str:
    """What each step says to an outline, in the order in which the forms take them."""
    world = fine()
    try:
        refuse_many_corners(outline)
        refuse_entangled(outline)
        if shapely.is_valid(outline):
            boundaries_touching(world, geometry_to_360(outline))
        transfer(world, outline, to=KOWHAI)
    except ChangeDoesNotFit as error:
        return str(error)
    return ""


def work_s(ask: Callable[[], object]) -> float:
    started = time.thread_time()
    ask()
    return time.thread_time() - started


@pytest.mark.parametrize("kind", OUTLINES)
def test_sixteen_times_the_corners_is_less_than_forty_times_the_work(kind: str) -> None:
    small, large = (OUTLINES[kind](BOX, n) for n in (CORNERS, TIMES * CORNERS))
    few = many = math.inf
    for _ in range(ATTEMPTS):
        few, many = min(few, work_s(lambda: drawn(small))), min(many, work_s(lambda: drawn(large)))
        if many < WORK * max(few, HARMLESS_S):
            return
    pytest.fail(f"{few * 1000:.0f} ms became {many * 1000:.0f} ms")


@pytest.mark.parametrize(
    ("kind", "corners", "said"),
    [
        ("comb", 80_000, "crosses boundaries more than 1,000 times. It may cross them 1,000"),
        ("comb, askew", 80_000, "goes to and fro over itself too often: 80,"),
        ("star that crosses itself", 90_000, "goes to and fro over itself too often"),
        ("many parts", 20_000, "pieces more. It may cut 500. Draw it with fewer"),
        ("many holes", 20_000, "pieces more. It may cut 500. Draw it with fewer"),
        ("many parts", 90_000, "parts and holes. It may have 5,000. Simplify it first."),
        ("circle", 900_000, "has 900,001 corners. It may have 100,000. Simplify it first."),
        ("circle", 90_000, ""),
    ],
)
def test_what_costs_too_much_is_told_how_much_it_is_and_what_to_do(
    kind: str, corners: int, said: str
) -> None:
    assert said in drawn(OUTLINES[kind](BOX, corners))


def test_a_line_that_leads_to_and_fro_over_itself_is_refused_before_it_is_looked_at() -> None:
    askew = edges_in(OUTLINES["comb, askew"](BOX, 40_000))[:, 0]
    with pytest.raises(ChangeDoesNotFit, match="goes to and fro over itself"):
        split(small_edition().boundaries, AHI, shapely.LineString(askew), new="NEW-9")


# --- counting -------------------------------------------------------------------------------------

places = st.tuples(st.integers(0, 40), st.integers(0, 40))
edges = st.lists(st.tuples(places, places), max_size=40).map(
    lambda pairs: np.array(pairs, dtype=float).reshape(-1, 2, 2) / 8
)


def boxes_that_meet(ends: Floats, others: Floats) -> int:
    low, high = ends.min(axis=1)[:, None], ends.max(axis=1)[:, None]
    meet = (low <= others.max(axis=1)) & (high >= others.min(axis=1))
    return int(meet.all(axis=-1).sum())


@settings(max_examples=examples(200))
@given(edges, edges)
def test_never_fewer_pairs_are_counted_than_meet(ends: Floats, others: Floats) -> None:
    if len(ends):
        own = (boxes_that_meet(ends, ends) - len(ends)) // 2
        assert own <= meetings(ends) <= len(ends) * (len(ends) - 1) // 2
    if len(ends) and len(others):
        assert boxes_that_meet(ends, others) <= meetings(ends, others) <= len(ends) * len(others)


@pytest.mark.parametrize("kind", ["comb", "circle", "many parts", "many holes"])
def test_of_an_outline_that_leads_on_not_many_more_are_counted(kind: str) -> None:
    ends = edges_in(OUTLINES[kind](BOX, 50_000))
    assert meetings(ends) < 4 * len(ends)


def test_an_outline_as_fine_as_any_may_be_is_taken() -> None:
    outline = star(BOX, CORNERS_AT_MOST - 1)
    refuse_many_corners(outline)
    refuse_entangled(outline)


# --- exactness ------------------------------------------------------------------------------------


@settings(max_examples=examples(80))
@given(st.integers(0, 2**32), st.integers(-16, -3), st.integers(2, 60))
def test_what_is_known_to_be_exact_tiles(seed: int, scale: int, corners: int) -> None:
    """Lines so near along an edge that noding rounds them onto it: the coverage stays or is not
    said to be known."""
    rand = np.random.default_rng(seed)
    world = fine()
    shapes = np.array([geometry_to_360(each) for each in world.values()], dtype=object)
    x = np.linspace(174.2, 174.8, corners)
    y = -39.0 + rand.uniform(-1, 1, corners) * 10.0**scale
    line = shapely.LineString([(174.2, -38.5), *zip(x, y, strict=True), (174.8, -38.5)])
    cut = shapely.LineString([*line.coords, line.coords[0]])
    noded = redrawing._Noded.of(redrawing.Edges.of(shapes), cut)
    faces = noded.faces()
    if not noded.is_exact(faces):
        return
    made = {}
    for code, shape in zip(world, shapes, strict=True):
        mine = faces.areas[faces.within(shape)]
        made[code] = shapely.coverage_union_all(mine)
    assert is_coverage(made)
    assert sum(made[c].area for c in made) == pytest.approx(shapely.area(shapes).sum(), rel=1e-9)


# --- against brute force --------------------------------------------------------------------------


@settings(max_examples=examples(60))
@given(
    st.sampled_from(sorted(OUTLINES)),
    st.integers(3, 400),
    st.tuples(*[st.floats(-0.6, 0.6)] * 2),
    st.floats(0.05, 1.2),
)
def test_whatever_is_drawn_is_refused_or_is_what_overlaying_says(
    kind: str, corners: int, middle: tuple[float, float], half: float
) -> None:
    x, y = 175 + middle[0], -39 + middle[1]
    outline = OUTLINES[kind]((x - half, y - half, x + half, y + half), max(corners, 12))
    before = fine()
    try:
        after = transfer(before, outline, to=KOWHAI)
    except ChangeDoesNotFit:
        return
    assert is_coverage(after)
    for code, shape in before.items():
        left = shape.area if code == KOWHAI else shapely.difference(shape, outline).area
        given_ = [s for c, s in before.items() if c != KOWHAI]
        taken = sum(shapely.intersection(s, outline).area for s in given_)
        left += taken if code == KOWHAI else 0.0
        assert after[code].area == pytest.approx(left, abs=1e-9)
    everything = sum(shape.area for shape in before.values())
    assert sum(shape.area for shape in after.values()) == pytest.approx(everything, rel=1e-12)
    covered = shapely.union_all(list(after.values()))
    assert covered.area == pytest.approx(everything, rel=1e-9)  # nothing uncovered, nothing twice
    assert edge_ends(list(after.values()))[0].size  # and all of it can be taken apart again


def test_a_comb_of_few_teeth_is_taken_as_before() -> None:
    outline = comb((174.1, -38.9, 174.9, -38.1), 40)
    after = transfer(fine(), outline, to=KOWHAI)
    assert after[KOWHAI].area == pytest.approx(fine()[KOWHAI].area + outline.area)
