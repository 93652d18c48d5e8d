"""Edges that two versions of an area do not share are found, whatever was done to it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.geometry.edges_apart import NamedEdges, are_in, differing, edges_of, single
from catchments.geometry.planar import edge_ends
from tests.laws import examples

COAST = shapely.Point(174, -38).buffer(1, quad_segs=300)
"""Some 1,200 vertices: long enough to be walked along and parted."""

spots = st.tuples(st.floats(0, 6.28), st.floats(0.001, 0.2), st.booleans())


def oriented(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.orient_polygons(shape)


def names(edges: NamedEdges) -> list[int]:
    return sorted(edges.there.tolist())


@settings(max_examples=examples(60))
@given(st.lists(spots, max_size=4), st.integers(0, 1_100))
def test_what_differs_is_what_either_has_and_the_other_lacks(
    bites: list[tuple[float, float, bool]], turn: int
) -> None:
    changed = COAST
    for angle, radius, grows in bites:
        spot = shapely.Point(174 + np.cos(angle), -38 + np.sin(angle)).buffer(radius)
        changed = changed.union(spot) if grows else changed.difference(spot)
    ring = shapely.get_coordinates(COAST)[:-1]
    old = oriented(shapely.Polygon(np.roll(ring, turn, axis=0)))
    new = oriented(changed)
    was, now = (edges_of(edge_ends(shape)[0]) for shape in (old, new))
    gained, lost = differing(old, new)
    assert names(gained) == sorted(set(now.there.tolist()) - set(was.there.tolist()))
    assert names(lost) == sorted(set(was.there.tolist()) - set(now.there.tolist()))


@settings(max_examples=examples(60))
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=80))
def test_edges_are_single_where_their_opposites_are_not_as_many(pairs):
    ends = np.array([pair for pair in pairs if pair[0] != pair[1]], dtype=float).reshape(-1, 2)
    edges = edges_of(np.stack([ends, np.zeros_like(ends)], axis=2))
    count = Counter(map(tuple, ends.tolist()))
    expected = [count[start, end] != count[end, start] for start, end in ends.tolist()]
    assert single(edges).tolist() == expected


@settings(max_examples=examples(30))
@given(st.lists(st.integers(0, 50), max_size=60), st.lists(st.integers(0, 50), max_size=4))
def test_names_are_found_among_few_as_among_many(these, those):
    asked, known = (np.array(each, dtype=np.uint64) for each in (these, those))
    assert are_in(asked, known).tolist() == np.isin(asked, known).tolist()
    assert are_in(known, asked).tolist() == np.isin(known, asked).tolist()
