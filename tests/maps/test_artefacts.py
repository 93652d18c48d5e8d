from __future__ import annotations

import json
from typing import Any

import pytest
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment, Edition
from catchments.geometry.coordinates import geometry_to_180
from catchments.store import Artefact
from maps.artefacts import map_parts
from maps.exports.export_input import ExportInput
from maps.exports.geojson import boundaries_geojson


@pytest.fixture(scope="module")
def artefacts(edition: Edition, coast: BaseGeometry) -> dict[str, Artefact]:
    return {made.name: made for made in map_parts(ExportInput(edition, coast))}


@pytest.fixture(scope="module")
def collection(edition: Edition) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(boundaries_geojson(edition))
    return made


def test_an_edition_gives_what_the_map_needs(artefacts: dict[str, Artefact]) -> None:
    assert {name: made.media_type for name, made in artefacts.items()} == {
        "map-element.html": "text/html; charset=utf-8",
        "map.js": "text/javascript; charset=utf-8",
        "boundaries.topojson": "application/json",
        "overview.topojson": "application/json",
        "places.json": "application/json",
        "coast.zip": "application/zip",
        "country.svg": "image/svg+xml",
        "country-dark.svg": "image/svg+xml",
        "boundaries.geojson": "application/geo+json",
    }


def test_the_same_edition_gives_the_same_artefacts(
    edition: Edition, coast: BaseGeometry, artefacts: dict[str, Artefact]
) -> None:
    assert tuple(artefacts.values()) == map_parts(ExportInput(edition, coast))


def test_progress_counts_up_to_the_whole(edition: Edition) -> None:
    told: list[tuple[str, int, int | None]] = []
    map_parts(ExportInput(edition), progress=lambda *step: told.append(step))
    assert [(n, 9) for n in range(10)] == [(done, whole) for _, done, whole in told]


@pytest.mark.parametrize(
    "name",
    ["map-element.html", "map.js", "boundaries.topojson", "overview.topojson", "country.svg"],
)
def test_no_hostile_text_reaches_what_folium_makes(
    artefacts: dict[str, Artefact], hostile: tuple[str, ...], name: str
) -> None:
    text = artefacts[name].content.decode()
    assert not [word for word in (*hostile, "1337", "__globals__", "alert") if word in text]


def test_the_download_has_hostile_names_as_they_are(
    edition: Edition, collection: dict[str, Any]
) -> None:
    expected = [catchment.name for catchment in edition.catchments.values()]
    assert expected == [f["properties"]["catchment_name"] for f in collection["features"]]
    assert expected == [f["properties"]["provider_name"] for f in collection["features"]]


def test_the_download_says_that_it_is_a_demonstration(
    collection: dict[str, Any], hostile: tuple[str, ...]
) -> None:
    assert collection["demonstration"] is True
    assert {True} == {f["properties"]["demonstration"] for f in collection["features"]}
    assert {"number": 7, "title": hostile[2], "effective_from": None} == collection["edition"]
    assert [("CC0", hostile[0])] == [(s["licence"], s["title"]) for s in collection["sources"]]


def test_the_download_has_boundaries_as_published(
    edition: Edition, collection: dict[str, Any]
) -> None:
    for feature in collection["features"]:
        published = edition.boundaries[feature["id"]]
        assert shape(feature["geometry"]).symmetric_difference(published).area < 1e-5
        assert shapely.get_num_coordinates(shape(feature["geometry"])) == (
            shapely.get_num_coordinates(published)
        )


def test_the_download_is_split_at_the_antimeridian_and_wound_left_hand(
    collection: dict[str, Any],
) -> None:
    across = collection["features"][-1]["geometry"]
    assert across["type"] == "MultiPolygon"
    assert all(shapely.is_ccw(shapely.get_exterior_ring(p)) for p in shape(across).geoms)
    longitudes = shapely.get_coordinates(shape(across))[:, 0]
    assert (longitudes.min(), longitudes.max()) == (-180.0, 180.0)


def test_an_area_stored_across_180_is_split_whatever_its_frame() -> None:
    catchments = {"A": Catchment("A", "A")}
    area = shapely.box(179, -45, 185, -43)
    whole = boundaries_geojson(Edition(catchments, {"A": area}))
    split = boundaries_geojson(Edition(catchments, {"A": geometry_to_180(area)}))
    assert json.loads(whole)["features"][0]["geometry"]["type"] == "MultiPolygon"
    assert shape(json.loads(whole)["features"][0]["geometry"]).equals(
        shape(json.loads(split)["features"][0]["geometry"])
    )


def test_a_catchment_without_boundary_or_provider_is_in_the_download() -> None:
    edition = Edition(catchments={"A": Catchment("A", "Ahi")})
    (feature,) = json.loads(boundaries_geojson(edition))["features"]
    assert feature["geometry"] is None
    assert feature["properties"]["provider_name"] is None
