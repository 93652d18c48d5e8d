"""Edges that two versions of an area do not share are found, whatever was done to it."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.geometry.edges_apart import NamedEdges, differing, edges_of
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
