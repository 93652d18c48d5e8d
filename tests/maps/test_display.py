from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment, Edition
from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.neighbours import neighbours
from maps.display import GRID_DEG, display_coverage, without_land
from maps.exports.export_input import ExportInput
from maps.topology import drawn_topology

Decoded = dict[str, BaseGeometry]


def drawn_bytes(edition: Edition, coast: BaseGeometry | None = None) -> bytes:
    return drawn_topology(ExportInput(edition, coast))


def topology_of(edition: Edition, coast: BaseGeometry | None) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(drawn_bytes(edition, coast))
    return made


def decoded(topology: dict[str, Any]) -> Decoded:
    """The catchments as a browser gets them, by the TopoJSON specification."""
    arcs = [np.cumsum(arc, axis=0) * topology["transform"]["scale"] for arc in topology["arcs"]]
    arcs = [arc + topology["transform"]["translate"] for arc in arcs]

    def ring(indexes: list[int]) -> list[Any]:
        parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indexes]
        return [tuple(p) for n, part in enumerate(parts) for p in part[min(n, 1) :]]

    def shape(geometry: dict[str, Any]) -> BaseGeometry:
        many = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        polygons = [shapely.Polygon(ring(r[0]), [ring(h) for h in r[1:]]) for r in many]
        return shapely.MultiPolygon(polygons)

    drawn = topology["objects"]["catchments"]["geometries"]
    return {geometry["properties"]["code"]: shape(geometry) for geometry in drawn}


def all_arcs(nested: list[Any]) -> list[int]:
    return [a for part in nested for a in (all_arcs(part) if isinstance(part, list) else [part])]


@pytest.fixture(scope="module")
def topology(edition: Edition, coast: BaseGeometry) -> dict[str, Any]:
    return topology_of(edition, coast)


def test_every_catchment_is_drawn_and_has_only_a_code_and_numbers(
    edition: Edition, topology: dict[str, Any]
) -> None:
    drawn = topology["objects"]["catchments"]["geometries"]
    assert sorted(edition.boundaries) == [g["properties"]["code"] for g in drawn]
    assert {("code", "colour", "region")} == {tuple(sorted(g["properties"])) for g in drawn}
    assert all(0 <= g["properties"]["colour"] <= 5 for g in drawn)


def test_neighbours_have_different_colours(edition: Edition, topology: dict[str, Any]) -> None:
    colour = {
        g["properties"]["code"]: g["properties"]["colour"]
        for g in topology["objects"]["catchments"]["geometries"]
    }
    beside = neighbours(edition.boundaries)
    assert any(beside.values())
    assert not [(a, b) for a, others in beside.items() for b in others if colour[a] == colour[b]]


def test_what_a_browser_decodes_is_a_valid_coverage(topology: dict[str, Any]) -> None:
    shapes = np.array(list(decoded(topology).values()))
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)


def test_shared_edges_are_one_arc_used_in_both_directions(topology: dict[str, Any]) -> None:
    drawn = topology["objects"]["catchments"]["geometries"]
    uses = Counter(arc for g in drawn for arc in all_arcs(g["arcs"]))
    shared = [arc for arc in uses if arc >= 0 and ~arc in uses]
    assert {1} == set(uses.values())
    assert len(shared) == 12, "nine squares in three rows share twelve edges"


def test_clipping_keeps_land_and_leaves_out_the_sea(
    edition: Edition, coast: BaseGeometry, topology: dict[str, Any]
) -> None:
    land = geometry_to_360(coast)
    drawn = shapely.union_all(list(decoded(topology).values()))
    assert drawn.symmetric_difference(land).area < 0.01 * land.area


def test_an_islet_is_left_out_but_the_island_beside_it_stays(topology: dict[str, Any]) -> None:
    island = decoded(topology)["ZZ-09"]
    assert shapely.get_num_geometries(island) == 1
    assert 183.2 < island.bounds[0] < island.bounds[2] < 183.8


def test_a_catchment_with_nothing_but_an_islet_keeps_it(edition: Edition) -> None:
    islet = shapely.Point(175, -37).buffer(0.001)
    mainland = edition.boundaries["ZZ-04"]
    boundaries = {"A": shapely.box(174.9, -37.1, 175.1, -36.9), "B": mainland}
    drawn = display_coverage(boundaries, coast=shapely.union_all([islet, mainland]))
    assert 0 < drawn["A"].area < 2 * islet.area
    assert drawn["A"].intersects(islet)


def test_a_catchment_without_any_land_keeps_its_sea(coast: BaseGeometry) -> None:
    sea = shapely.box(160, -50, 161, -49)
    drawn = display_coverage({"A": sea}, coast=coast)
    assert drawn["A"].equals(sea)


def test_a_catchment_without_any_land_is_known_from_those_that_have_some(
    edition: Edition, coast: BaseGeometry
) -> None:
    sea = shapely.box(168.0, -34.0, 168.2, -33.8)
    boundaries = {**edition.boundaries, "ZZ": sea}
    drawn = display_coverage(boundaries, coast=coast)
    assert without_land(drawn, coast) == {"ZZ"}
    assert without_land(drawn, None) == set()
    told = topology_of(replace(edition, boundaries=boundaries), coast)
    told_at_sea = {
        each["properties"]["code"]
        for each in told["objects"]["catchments"]["geometries"]
        if each["properties"].get("sea")
    }
    assert told_at_sea == {"ZZ"}


def test_without_a_coast_boundaries_reach_as_far_as_they_do(edition: Edition) -> None:
    drawn = decoded(topology_of(edition, None))
    published = {c: geometry_to_360(b) for c, b in edition.boundaries.items()}
    assert all(
        drawn[code].symmetric_difference(area).area < 0.02 * area.area
        for code, area in published.items()
    )


def test_an_area_across_the_antimeridian_is_in_one_piece(edition: Edition) -> None:
    across = decoded(topology_of(edition, None))["ZZ-09"]
    assert shapely.get_num_geometries(across) == 1
    assert pytest.approx((across.bounds[0], across.bounds[2])) == (179.0, 185.0)


def test_simplifying_leaves_out_most_vertices(edition: Edition, topology: dict[str, Any]) -> None:
    before = shapely.get_num_coordinates(list(edition.boundaries.values())).sum()
    assert sum(len(arc) for arc in topology["arcs"]) < before


def test_every_vertex_lies_on_the_grid_so_that_quantizing_moves_nothing(
    edition: Edition, coast: BaseGeometry, topology: dict[str, Any]
) -> None:
    before = display_coverage(edition.boundaries, coast=coast)
    after = decoded(topology)
    for code, area in before.items():
        places = shapely.get_coordinates(area) / GRID_DEG
        assert np.allclose(places, np.round(places), atol=1e-6)
        assert area.symmetric_difference(after[code]).area < 1e-9


def test_a_region_is_outlined_by_what_its_catchments_do_not_share(
    edition: Edition, topology: dict[str, Any]
) -> None:
    drawn = topology["objects"]["catchments"]["geometries"]
    regions = topology["objects"]["regions"]["geometries"]
    first = Counter(arc if arc >= 0 else ~arc for g in drawn[:5] for arc in all_arcs(g["arcs"]))
    assert len(regions) == 2
    assert sorted(arc for arc, uses in first.items() if uses == 1) == all_arcs(regions[0]["arcs"])
    assert all("properties" not in region for region in regions)


def test_no_name_reaches_the_topology(edition: Edition, coast: BaseGeometry) -> None:
    text = drawn_bytes(edition, coast).decode()
    assert not [name for name in ("{{", "script", "alert", "1337") if name in text]


def test_a_hostile_code_stays_a_string() -> None:
    code = "{{7*191}}</script>`${x}`"
    edition = Edition({code: Catchment(code, code)}, {code: shapely.box(170, -41, 171, -40)})
    assert [code] == list(decoded(topology_of(edition, None)))


def test_the_same_edition_gives_the_same_bytes_in_any_order(
    edition: Edition, coast: BaseGeometry
) -> None:
    backwards = dict(reversed(list(edition.boundaries.items())))
    again = drawn_bytes(replace(edition, boundaries=backwards), coast)
    colourless = [
        [(g["arcs"], g["properties"]["code"]) for g in made["objects"]["catchments"]["geometries"]]
        for made in (json.loads(again), topology_of(edition, coast))
    ]
    assert drawn_bytes(edition, coast) == drawn_bytes(edition, coast)
    assert colourless[0] == colourless[1]


def test_where_areas_overlap_the_smaller_is_drawn() -> None:
    large, small = shapely.box(170, -42, 172, -40), shapely.box(170.5, -41.5, 171, -41)
    drawn = display_coverage({"A": large, "B": small})
    assert drawn["B"].equals(small)
    assert drawn["A"].equals(large.difference(small))
    assert shapely.coverage_is_valid(np.array(list(drawn.values())))


def test_an_edition_without_boundaries_has_an_empty_map() -> None:
    topology = topology_of(Edition(), None)
    assert topology["arcs"] == []
    assert topology["objects"]["catchments"]["geometries"] == []


def test_the_drawn_boundaries_say_that_they_are_demonstration(edition: Edition) -> None:
    assert json.loads(drawn_bytes(edition))["demonstration"] is True
