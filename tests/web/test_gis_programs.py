"""GIS programs read OGC API – Features from a server: GDAL's driver, ogr2ogr, OWSLib."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pyogrio
import pyogrio.raw
import pyproj
import pytest
import shapely
from owslib.ogcapi.features import Features

from tests.test_architecture import ROOT
from tests.waiting import PATIENCE_S
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    REKOHU,
    RIMU,
    TOTARA,
    lacking,
    small_schools,
    sqlite_url,
    square,
)

ALL = [AHI, KOWHAI, REKOHU, RIMU, TOTARA]
NAMES = ["Ahi", "Kōwhai", "Rēkohu", "Rimu", "Tōtara"]


SERVER = """
import sys
from werkzeug.serving import make_server
from tests.worlds import application

server = make_server("127.0.0.1", 0, application(sys.argv[1]), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def address(small_database: Path) -> Iterator[str]:
    """Where the small world is served over HTTP.

    By a process of its own: GDAL reads without letting go of Python, which would have to answer.
    """
    command = [sys.executable, "-c", SERVER, sqlite_url(small_database)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/ogc"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def owslib(address: str) -> Features:
    return Features(address)


def gdal(address: str, layer: str, **how: Any) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """What GDAL's OAPIF driver reads: about the layer, geometries, values by field."""
    about, _, written, values = pyogrio.raw.read(f"OAPIF:{address}", layer=layer, **how)
    geometries = [shapely.from_wkb(each) if each is not None else None for each in written]
    return about, geometries, dict(zip(about["fields"], values, strict=True))


# --- GDAL -----------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_gdal_finds_both_layers_and_their_types(address):
    assert dict(pyogrio.list_layers(f"OAPIF:{address}")) == {
        "catchments": "MultiPolygon",
        "schools": "Point",
    }


def test_gdal_reads_every_catchment_with_its_name_and_its_boundary(address):
    about, boundaries, values = gdal(address, "catchments")
    assert list(values["code"]) == ALL
    assert list(values["name"]) == NAMES
    assert HOSTILE in values["provider_name"]
    assert "4326" in about["crs"] or "CRS84" in about["crs"]
    for code, boundary in zip(ALL, boundaries, strict=True):
        assert shapely.equals(boundary, square(code))


def test_gdal_reads_every_school_and_follows_the_pages(address):
    _, points, values = gdal(address, "schools", PAGE_SIZE=2)
    schools = small_schools()
    assert sorted(values["school_id"]) == sorted(schools)
    for number, name, point in zip(values["school_id"], values["name"], points, strict=True):
        place = schools[number].place
        assert name == schools[number].name
        assert (point and (point.x, point.y)) == (place and (place.lng, place.lat))


def test_gdal_asks_for_a_box_and_for_a_value(address):
    assert list(gdal(address, "catchments", bbox=(174.2, -38.8, 174.4, -38.6))[2]["code"]) == [AHI]
    found = gdal(address, "schools", where=f"catchment_code = '{KOWHAI}'")[2]
    assert list(found["school_id"]) == [55, 58, 60]


@pytest.mark.parametrize(("layer", "key"), [("catchments", "code"), ("schools", "school_id")])
def test_gdal_is_given_metres_right_to_the_millimetre_with_easting_first(address, layer, key):
    about, projected, values = gdal(address, layer, CRS="EPSG:2193")
    _, plain, same = gdal(address, layer)
    assert about["crs"] == "EPSG:2193"
    assert list(values[key]) == list(same[key])
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2193", always_xy=True).transform
    degrees = shapely.get_coordinates([each for each in plain if each])
    metres = shapely.get_coordinates([each for each in projected if each])
    assert metres == pytest.approx(np.column_stack(to_metres(*degrees.T)), abs=0.001)


def test_ogr2ogr_makes_a_geopackage_of_it(address, tmp_path: Path):
    program = shutil.which("ogr2ogr") or lacking("ogr2ogr is not installed: not tried")
    made = tmp_path / "all.gpkg"
    subprocess.run(
        [program, "-f", "GPKG", str(made), f"OAPIF:{address}"],
        check=True,
        timeout=PATIENCE_S,
        capture_output=True,
    )
    assert {name for name, _ in pyogrio.list_layers(made)} == {"catchments", "schools"}
    about, _, written, values = pyogrio.raw.read(made, layer="catchments")
    named = dict(zip(about["fields"], values, strict=True))
    assert list(named["name"]) == NAMES
    assert shapely.equals(shapely.from_wkb(written[2]), square(REKOHU))


# --- OWSLib ---------------------------------------------------------------------------------------


def test_owslib_finds_the_collections_the_contract_and_what_is_kept(owslib):
    assert owslib.feature_collections() == ["catchments", "schools"]
    assert owslib.api()["openapi"].startswith("3.0")
    kept = owslib.conformance()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in kept
    assert owslib.collection("schools")["demonstration"] is True
    assert owslib.collection_queryables("schools")["properties"]["school_id"]["type"] == "integer"


def test_owslib_reads_features_by_box_value_date_and_id(owslib):
    items = owslib.collection_items
    assert [f["id"] for f in items("catchments", bbox=[176, -45, -176, -43])["features"]] == [
        REKOHU
    ]
    assert items("schools", name="St Joseph's School")["numberMatched"] == 2
    assert items("schools", limit=4)["numberReturned"] == 4
    assert items("catchments", datetime_="2020-01-01")["features"] == []
    assert owslib.collection_item("catchments", KOWHAI)["properties"]["name"] == "Kōwhai"
    assert owslib.collection_item("schools", "64")["properties"]["name"] == HOSTILE


def test_owslib_is_led_from_page_to_page_of_one_edition(owslib):
    page, ids = owslib.collection_items("schools", limit=4), []
    while True:
        ids += [feature["id"] for feature in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
        if "next" not in links:
            break
        query = dict(parse_qsl(urlsplit(links["next"]).query))
        assert (query["edition"], query["release"]) == ("1", "1")
        page = owslib.collection_items("schools", **{"datetime_": query.pop("datetime"), **query})
    assert ids == sorted(small_schools())


@pytest.mark.thorough
def test_owslib_hears_what_was_wrong(owslib):
    with pytest.raises(RuntimeError, match="There is no parameter"):
        owslib.collection_items("schools", unheard="of")
    with pytest.raises(RuntimeError, match="It must be a whole number from 1 to 1000"):
        owslib.collection_items("schools", limit=0)
    with pytest.raises(RuntimeError, match="look swapped"):
        owslib.collection_items("schools", bbox=[-37, 174, -36, 176])
