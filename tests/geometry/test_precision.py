"""Boundaries that come back from a file: rounded, turned, and edited in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import geometry_to_180, geometry_to_360
from catchments.geometry.tiling.coverage import is_coverage
from catchments.geometry.tiling.precision import restored
from tests.worlds import small_edition

TILES = small_edition().boundaries


def tiling(seed: int, count: int = 12) -> dict[str, BaseGeometry]:
    """Return cells around random points, with as many decimals as a float has."""
    points = np.random.default_rng(seed).uniform((172.0, -44.0), (179.9, -36.0), (count, 2))
    cells = shapely.voronoi_polygons(
        shapely.multipoints(points), extend_to=shapely.box(171, -45, 180.0, -35), ordered=True
    )
    clipped = shapely.intersection(shapely.get_parts(cells), shapely.box(170, -46, 180, -34))
    return {f"C{at:02}": shape for at, shape in enumerate(clipped)}


def rounded(shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda xy: np.round(xy, 7))


def turned(shape: BaseGeometry) -> BaseGeometry:
    """Return a polygon that begins at another vertex and runs the other way."""
    ring = shapely.get_coordinates(shape)[:-1][::-1]
    return shapely.polygons(np.roll(ring, 3, axis=0))


@given(st.integers(0, 2**32))
def test_boundaries_rounded_and_turned_are_the_very_boundaries_that_were_known(seed: int) -> None:
    known = tiling(seed)
    back = restored({code: turned(rounded(shape)) for code, shape in known.items()}, known)
    assert all(back[code] is known[code] for code in known)


@pytest.mark.parametrize("way", [np.floor, np.ceil])
def test_vertices_halfway_between_two_are_known_however_a_program_rounds_them(way: Any) -> None:
    ring = 170 + (np.array([[1, 1], [9, 1], [9, 9], [1, 9]]) * 1_000_003 + 0.5) * 1e-7
    known = {"A": shapely.polygons(ring)}
    back = shapely.transform(known["A"], lambda xy: way(xy * 1e7) / 1e7)
    assert restored({"A": back}, known)["A"] is known["A"]


def test_a_multipolygon_of_one_polygon_is_that_polygon() -> None:
    known = tiling(1)
    many = {code: shapely.multipolygons([shape]) for code, shape in known.items()}
    assert all(restored(many, known)[code] is known[code] for code in known)
    assert all(restored(known, many)[code] is many[code] for code in known)


@given(st.integers(0, 2**32), st.integers(0, 11))
def test_where_one_boundary_is_edited_its_neighbours_still_share_their_edges(
    seed: int, chosen: int
) -> None:
    known = tiling(seed)
    code = f"C{chosen:02}"
    ring = shapely.get_coordinates(rounded(known[code]))
    middle = ring[:2].mean(axis=0)
    edited = shapely.polygons(np.insert(ring, 1, middle, axis=0))
    file = {**{c: rounded(shape) for c, shape in known.items()}, code: edited}
    back = restored(file, known)
    assert [c for c in known if back[c] is not known[c]] == [code]
    exact = set(map(tuple, shapely.get_coordinates(known[code]).tolist()))
    assert exact <= set(map(tuple, shapely.get_coordinates(back[code]).tolist()))


def test_a_boundary_across_180_degrees_is_known_however_it_is_split() -> None:
    across = geometry_to_180(shapely.box(178.123456789, -40.123456789, 183.987654321, -38.1))
    known = {"A": across}
    assert restored({"A": rounded(across)}, known)["A"] is across
    parts = shapely.get_parts(rounded(across))[::-1]
    assert restored({"A": shapely.multipolygons(parts)}, known)["A"] is across


@pytest.mark.parametrize("known", [{}, {"X": TILES["AHI-1"]}])
def test_without_what_was_known_a_boundary_is_as_the_file_has_it(
    known: dict[str, BaseGeometry],
) -> None:
    shape = shapely.box(175.5, -38.5, 175.75, -38.25)
    assert restored({"A": shape}, known)["A"].equals(shape)


def test_what_was_known_of_another_catchment_is_not_handed_back() -> None:
    back = restored({"A": TILES["AHI-1"]}, TILES)
    assert back["A"] is not TILES["AHI-1"]
    assert back["A"].equals(TILES["AHI-1"])


def test_two_vertices_within_a_centimetre_of_each_other_do_not_spoil_a_boundary() -> None:
    shape = shapely.Polygon([(174, -38), (175, -38), (175 + 1e-9, -37.5), (175, -37), (174, -37)])
    back = restored({"A": rounded(shape)}, {"A": shape})
    assert shapely.is_valid(back["A"])
    assert is_coverage({"A": back["A"]})
    assert shapely.hausdorff_distance(geometry_to_360(back["A"]), shape) < 1e-6
