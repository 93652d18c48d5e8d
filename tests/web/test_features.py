"""OGC API – Features, as GIS programs meet it: what is asked, what comes back, in which system."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import numpy as np
import pyproj
import pytest
import shapely
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.core.model import Catchment
from catchments.core.settings import Settings
from catchments.geometry.coordinates import geometry_to_360
from catchments.store import StoreUnavailable
from catchments.web.common.security import CONTENT_SECURITY_POLICY
from catchments.web.common.services import EXTENSION, Services
from catchments.web.ogc import mounted
from catchments.web.ogc.frames import areas_360
from tests.laws import examples
from tests.test_architecture import HEAVY, ROOT
from tests.waiting import PATIENCE_S
from tests.worked_out import is_worked_out
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    REKOHU,
    RIMU,
    STARTS,
    TOTARA,
    at_once,
    next_edition,
    small_edition,
    small_release,
    sqlite_url,
    square,
    store_of,
    visited,
)

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
WGS84 = "http://www.opengis.net/def/crs/EPSG/0/4326"
NZGD2000 = "http://www.opengis.net/def/crs/EPSG/0/4167"
NZTM2000 = "http://www.opengis.net/def/crs/EPSG/0/2193"
ALL = [AHI, KOWHAI, REKOHU, RIMU, TOTARA]
NEXT = date(2026, 7, 1)
ODD = ["A/B?c#d", "//x", "ā 100%", "items", HOSTILE]


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of the small world, whose Kōwhai goes to Ahi Trust on 1 July."""
    with visited(tmp_path_factory.mktemp("dated"), small_edition(), next_edition(NEXT)) as client:
        yield client


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a world whose catchments have odd codes, one of them without a boundary."""
    edition = small_edition()
    more = {code: Catchment(code, f"Odd {at}") for at, code in enumerate(ODD)}
    known = {code: square(AHI) for code in ODD[1:]}
    edition = small_edition(
        catchments={**edition.catchments, **more}, boundaries={**edition.boundaries, **known}
    )
    with visited(tmp_path_factory.mktemp("odd"), edition) as client:
        yield client


def ask(client: FlaskClient, path: str, /, **query: str) -> Any:
    named = {name.replace("_crs", "-crs"): text for name, text in query.items()}
    return client.get(f"/ogc/collections/{path}?{urlencode(named)}")


def ids(client: FlaskClient, path: str, /, **query: str) -> list[Any]:
    answer = ask(client, path, **query)
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json["features"]]


# --- documents ------------------------------------------------------------------------------------


def test_every_link_of_every_document_leads_somewhere(client):
    home, seen, ahead = "http://localhost", set(), ["/ogc/"]
    while ahead:
        path = ahead.pop()
        answer = client.get(path)
        assert (path, answer.status_code) == (path, 200)
        found = re.findall(r'"(?:href|\$id)":"([^"]+)"|href="([^"]+)"', answer.text)
        links = {link.replace("&amp;", "&") for pair in found for link in pair if link}
        local = {link.removeprefix(home) for link in links if link.startswith((home, "/"))}
        new = {link for link in local if link.startswith("/ogc") and link not in seen}
        seen |= new
        ahead.extend(sorted(new))
    assert len(seen) > 30
    assert {"/ogc/collections/schools/items?f=json", "/ogc/openapi"} <= seen


def test_the_landing_page_leads_to_the_contract_the_conformance_and_the_data(client):
    landing = client.get("/ogc/", headers={"Accept": "application/json"})
    rels = {link["rel"] for link in landing.json["links"]}
    assert landing.content_type == "application/json"
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= rels
    assert client.get("/ogc").json == landing.json
    assert landing.headers["Access-Control-Allow-Origin"] == "*"


def test_what_is_claimed_is_part_1_and_2_and_nothing_that_writes(client):
    claimed = client.get("/ogc/conformance").json["conformsTo"]
    for part in ("core", "geojson", "oas30", "html"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{part}" in claimed
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in claimed
    assert not [uri for uri in claimed if "features-4" in uri or "create" in uri]
    assert client.get("/ogc/conformance").json["conformsTo"] == claimed


def test_a_collection_says_where_when_in_which_systems_and_from_which_sources(client):
    said = client.get("/ogc/collections/catchments").json
    assert said["extent"]["spatial"]["bbox"] == [[174.0, -44.5, -176.0, -38.0]]
    assert said["extent"]["temporal"]["interval"] == [["2026-01-04T11:00:00Z", None]]
    assert said["crs"] == [CRS84, WGS84, NZGD2000, NZTM2000]
    assert said["storageCrs"] == CRS84
    assert "license" in {link["rel"] for link in said["links"]}
    assert "DEMONSTRATION DATA" in said["description"]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "collections/schools",
        "collections/schools/items",
        "collections/schools/items/54",
        "collections/catchments/items/AHI-1",
        "collections/catchments/items?datetime=2020-01-01",
    ],
)
def test_each_response_says_that_it_is_a_demonstration_and_whom_to_credit(client, path):
    said = client.get(f"/ogc/{path}").json
    assert said["demonstration"] is True
    if "2020" not in path:
        assert said["edition"]["number"] == 1
        assert "Squares (boundaries), Nobody, 2026-01-05 (CC0)" in said["attribution"]
        assert {source["licence"] for source in said["sources"]} == {"CC0"}


def test_before_the_first_edition_a_feature_is_not_denied(client):
    told = client.get("/ogc/collections/schools/items/54?datetime=2020-01-01")
    assert told.status_code == 404
    assert (
        "No edition was in force on 1 January 2020; the first is from 5 January 2026." in told.text
    )
    assert "no feature" not in told.text


def test_the_contract_is_complete_in_itself_and_names_what_is_taken(client):
    answer = client.get("/ogc/openapi")
    contract, text = answer.json, answer.text
    assert answer.content_type == "application/vnd.oai.openapi+json;version=3.0"
    assert contract["openapi"].startswith("3.0")
    for reference in re.findall(r'"\$ref":"([^"]+)"', text):
        assert reference.startswith("#/"), reference
        kind, name = reference.split("/")[-2:]
        assert name in contract["components"][kind]
    assert {"get"} == {method for path in contract["paths"].values() for method in path}
    assert contract["servers"] == [{"url": "http://localhost/ogc"}]


def test_every_parameter_of_the_contract_is_taken_and_no_other(client):
    contract = client.get("/ogc/openapi").json
    shared = contract["components"]["parameters"]
    taken = {"f": "json", "bbox": "170,-50,180,-30", "bbox-crs": CRS84, "crs": WGS84}
    taken |= {"limit": "3", "offset": "1", "datetime": "2026-03-03", "properties": "name"}
    taken |= {"skipGeometry": "true", "demonstration": "true", "effective_from": "2026-01-05"}
    taken |= {"status": "open", "basis": "listed", "answer": "resolved"}
    taken |= {"directory_release": "2026-02-01"}
    for path, methods in contract["paths"].items():
        named = [
            shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p
            for p in methods["get"]["parameters"]
        ]
        query = {p["name"]: taken.get(p["name"], "1") for p in named if p["in"] == "query"}
        address = f"/ogc{path}".replace("{featureId}", "54" if "schools" in path else AHI)
        assert client.get(f"{address}?{urlencode(query)}").status_code == 200, path
        assert client.get(f"{address}?unheard=1").status_code == 400, path


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("nonsense=1", "nonsense"),
        ("on=2026-03-03", "on"),
        ("filter=name='x'", "filter"),
        ("limit=1&limit=2", "limit"),
        ("limit=many", "limit"),
        ("limit=-1", "limit"),
        ("limit=true", "limit"),
        ("limit=٣", "limit"),
        ("limit=1e3", "limit"),
        ("offset=-1", "offset"),
        ("offset=", "offset"),
        ("bbox=", "bbox"),
        ("bbox=1,2,3", "bbox"),
        ("bbox=1,2,3,4,5", "bbox"),
        ("bbox=1,2,3,4,5,6,7", "bbox"),
        ("bbox=1,2,3,nan", "bbox"),
        ("bbox=1,2,3,inf", "bbox"),
        ("bbox=-1e308,0,1e308,1", "bbox"),
        ("skipGeometry=perhaps", "skipGeometry"),
        ("bbox=170,-30,180,-40", "bbox"),
        (f"bbox=-30,170,-40,180&bbox-crs={WGS84}", "bbox"),
        (f"bbox=5,9,6,8&bbox-crs={NZTM2000}", "bbox"),
        (f"bbox=1690000,5700000,1700000,5720000&bbox-crs={NZTM2000}", "bbox"),
        ("bbox=1,2,3,4&bbox-crs=EPSG:2193", "bbox-crs"),
        (f"bbox-crs={WGS84}", "bbox-crs"),
        ("crs=EPSG:2193", "crs"),
        ("crs=http://www.opengis.net/def/crs/EPSG/0/27200", "crs"),
        ("f=xml", "f"),
        ("f=jsonld", "f"),
        ("datetime=", "datetime"),
        ("datetime=today", "datetime"),
        ("datetime=2026-02-30", "datetime"),
        ("datetime=2026-02-03T00:00:00", "datetime"),
        ("datetime=../..", "datetime"),
        ("datetime=2026-02-03/2026-01-03", "datetime"),
        ("datetime=2026-01-03/2026-02-03/..", "datetime"),
        ("datetime=9999-12-31T23:59:59Z", "datetime"),
        ("datetime=0001-01-01T00:00:00%2B14:00", "datetime"),
        ("school_id=x", "school_id"),
        ("demonstration=perhaps", "demonstration"),
        ("demonstration=", "demonstration"),
        ("demonstration=2", "demonstration"),
        ("effective_from=2026-02-30", "effective_from"),
        ("effective_from=05/01/2026", "effective_from"),
        ("status=opened", "status"),
        ("basis=guessed", "basis"),
        ("answer=", "answer"),
        ("limit=", "limit"),
        ("limit=0", "limit"),
        ("limit=0000", "limit"),
        ("limit=1.5", "limit"),
        ("limit=10000000000", "limit"),
        ("offset=10000000000", "offset"),
        ("offset=1e9", "offset"),
        ("properties=", "properties"),
        ("properties=unheard", "properties"),
        ("properties=name,", "properties"),
        ("properties=geometry", "properties"),
        ("skipGeometry=", "skipGeometry"),
        ("edition=", "edition"),
        ("edition=-1", "edition"),
        ("edition=first", "edition"),
        ("release=1e400", "release"),
        ("directory_release=first", "directory_release"),
        ("school_id=54.5", "school_id"),
        ("school_id=-54", "school_id"),
        ("school_id=٥٤", "school_id"),
        ("school_id=", "school_id"),
        ("school_id=54&school_id=55", "school_id"),
        ("bbox=-37,174,-36,176", "bbox"),
        (f"bbox=174,-37,176,-36&bbox-crs={WGS84}", "bbox"),
        ("bbox=174,36,176,37", "bbox"),
        ("bbox=174,-37,176,1e400", "bbox"),
        ("bbox=174,-37,176,0x10", "bbox"),
        ("bbox=174,-37,176,１", "bbox"),
        ("f=", "f"),
        ("crs=", "crs"),
        ("bbox=1,2,3,4&bbox-crs=", "bbox-crs"),
        ("a%00b=1", "a\0b"),
    ],
)
def test_what_is_no_question_is_refused_by_name(client, query, parameter):
    answer = client.get(f"/ogc/collections/schools/items?{query}")
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.json["parameter"] == parameter
    assert answer.json["allowed"]


@pytest.mark.parametrize("path", ["/ogc", "/ogc/", "/ogc/collections/schools/items"])
def test_what_is_only_read_says_so_to_other_methods(client, path):
    answer = client.put(path)
    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        *("", "conformance", "openapi", "collections", "collections/schools"),
        *("collections/schools/queryables", "collections/schools/schema"),
    ],
)
@pytest.mark.parametrize(
    ("query", "parameter"),
    [("f=xml", "f"), ("f=json&f=json", "f"), ("limit=1", "limit"), ("edition=1", "edition")],
)
def test_documents_take_nothing_but_their_form(client, path, query, parameter):
    answer = client.get(f"/ogc/{path}?{query}")
    assert (answer.status_code, answer.json["parameter"]) == (400, parameter)
    assert answer.json["allowed"]


@pytest.mark.parametrize("query", ["limit=1", "bbox=1,2,3,4", "school_id=54", "properties=name"])
def test_one_feature_takes_its_system_its_date_and_its_pins_alone(client, query):
    answer = client.get(f"/ogc/collections/schools/items/54?{query}")
    assert (answer.status_code, answer.json["parameter"]) == (400, query.partition("=")[0])
    assert answer.json["allowed"] == "Allowed are crs, datetime, edition, f, release."


def test_what_was_checked_pygeoapi_does_not_refuse_in_its_own_words(client, monkeypatch):
    refused = ({}, 400, '{"description": "limit value should be strictly positive"}')
    monkeypatch.setattr(mounted, "get_collection_items", lambda *_: refused)
    answer = client.get("/ogc/collections/schools/items")
    assert answer.status_code == 500
    assert "strictly" not in answer.text


WRONG_SHAPES = (
    *("", " ", "nan", "Infinity", "-1", "1.5", "1e400", "9" * 400, "[1,2]", "{}", "null", "None"),
    *("５４", "٣", "1,2,3,4,5", "0x36", "2026-02-30", "30/06/2026", "\0", "' OR 1=1 --", "../.."),
    *("{{7*191}}", "</script>", "\u202eabc", "a" * 5_000),
)


def query_parameters(contract: Any, path: str) -> list[Any]:
    shared = contract["components"]["parameters"]
    told = contract["paths"][path]["get"]["parameters"]
    parameters = [shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in told]
    return [each for each in parameters if each["in"] == "query"]


def is_free_text(parameter: Any) -> bool:
    schema = parameter["schema"]
    return schema == {"type": "string"} and parameter["name"] != "datetime"


@pytest.mark.parametrize("shape", WRONG_SHAPES)
def test_each_parameter_of_each_address_is_refused_in_our_words_whatever_its_shape(client, shape):
    contract = client.get("/ogc/openapi").json
    for path in contract["paths"]:
        address = f"/ogc{path}".replace("{featureId}", "54" if "schools" in path else AHI)
        for parameter in query_parameters(contract, path):
            name = parameter["name"]
            beside = {"bbox": "1,2,3,4"} if name == "bbox-crs" else {}
            answer = client.get(f"{address}?{urlencode({**beside, name: shape})}")
            asked = (path, name, answer.text[:300])
            if is_free_text(parameter):
                assert answer.status_code == 200, asked
                continue
            assert answer.status_code == 400, asked
            assert answer.content_type == "application/problem+json", asked
            assert answer.json["parameter"] == name, asked
            assert answer.json["allowed"], asked
            assert answer.json["next_step"], asked
            assert "/problems/" in answer.json["type"], asked
            assert len(answer.text) < 2_000, asked


def test_each_parameter_of_each_address_is_given_once_at_most(client):
    contract = client.get("/ogc/openapi").json
    for path in contract["paths"]:
        address = f"/ogc{path}".replace("{featureId}", "54" if "schools" in path else AHI)
        for name in (each["name"] for each in query_parameters(contract, path)):
            answer = client.get(f"{address}?{name}=1&{name}=1")
            assert (path, answer.status_code, answer.json["parameter"]) == (path, 400, name)
            assert answer.json["type"].endswith("/problems/repeated-parameter")


@pytest.mark.parametrize(
    "path",
    [
        "collections/roads",
        "collections/roads/items",
        "collections/roads/queryables",
        "collections/schools/items/9999",
        "collections/schools/items/54.5",
        "collections/schools/items/None",
        "collections/catchments/items/nowhere",
        "collections/catchments/items/AHI-1?datetime=2020-01-01",
        "processes",
    ],
)
def test_what_is_not_there_is_not_found(client, path):
    answer = client.get(f"/ogc/{path}", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("bbox", "crs", "found"),
    [
        ("174.2,-38.8,174.4,-38.6", None, [AHI]),
        ("174.2,-38.8,0,174.4,-38.6,100", None, [AHI]),
        ("174.9,-39.1,175.1,-38.9", None, [AHI, KOWHAI, RIMU, TOTARA]),
        ("175,-38.5,175,-38.5", None, [AHI, KOWHAI]),
        ("175.5,-44.4,-176.4,-44", None, [REKOHU]),
        ("175.5,-44.4,-176.4,-38.5", None, [KOWHAI, REKOHU, TOTARA]),
        ("175.5,-44.4,183.6,-44", None, [REKOHU]),
        ("-185,-44.4,-176.4,-44", None, [REKOHU]),
        ("-180,-90,180,90", None, ALL),
        ("0,-90,360,90", None, ALL),
        ("-180,-90,0,90", None, [REKOHU]),
        ("-10,-50,10,50", None, []),
        ("10,-90,-178,90", None, [AHI, KOWHAI, RIMU, TOTARA]),
        ("174.2,-38.8,174.4,-38.6", CRS84, [AHI]),
        ("-38.8,174.2,-38.6,174.4", WGS84, [AHI]),
        ("-38.8,174.2,-38.6,174.4", NZGD2000, [AHI]),
        ("-44.4,175.5,-44,-176.4", WGS84, [REKOHU]),
        ("5700000,1690000,5720000,1700000", NZTM2000, [AHI]),
        ("5100000,2400000,5130000,2450000", NZTM2000, [REKOHU]),
        ("0,0,10000000,10000000", NZTM2000, ALL),
        ("1,1,2,2", NZTM2000, []),
        ("5737640.5853,1730800.2072,5737640.5853,1730800.2072", NZTM2000, [AHI]),
        ("-1e8,-1e8,1e8,1e8", NZTM2000, ALL),
        ("-1e8,-90,1e8,90", None, ALL),
    ],
)
def test_a_bounding_box_finds_what_meets_it(client, bbox, crs, found):
    query = {"bbox": bbox} | ({"bbox_crs": crs} if crs else {})
    assert ids(client, "catchments/items", **query) == found


def test_a_school_without_a_place_is_in_no_box_and_in_the_list(client):
    assert 498 in ids(client, "schools/items")
    assert 498 not in ids(client, "schools/items", bbox="-180,-90,180,90")
    assert ask(client, "schools/items/498").json["geometry"] is None


@settings(max_examples=examples(40))
@given(
    west=st.floats(1_000_000, 2_600_000),
    south=st.floats(4_600_000, 6_300_000),
    width=st.floats(1_000, 1_500_000),
    height=st.floats(1_000, 1_500_000),
    lng=st.floats(166, 179.9),
    lat=st.floats(-47, -34),
)
def test_a_box_in_metres_holds_the_points_that_projected_lie_in_it(
    west, south, width, height, lng, lat
):
    box = shapely.box(west, south, west + width, south + height)
    point = shapely.Point(*TO_NZTM.transform(lng, lat))
    if shapely.distance(box.boundary, point) < 2.0:
        return  # its sides are chords, within a metre
    text = f"{south},{west},{south + height},{west + width}"
    inside = any(shapely.intersects_xy(area, lng, lat) for area in areas_360(text, crs=NZTM2000))
    assert inside == shapely.intersects(box, point)


TO_NZTM = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:2193", always_xy=True)


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        ("catchments", {"code": AHI}, [AHI]),
        ("catchments", {"code": "ahi-1"}, []),
        ("catchments", {"name": "Kōwhai"}, [KOWHAI]),
        ("catchments", {"provider_code": "P-RAKAU"}, [KOWHAI, TOTARA]),
        ("catchments", {"provider_name": HOSTILE}, [REKOHU]),
        ("catchments", {"provider_code": "P-RAKAU", "education_region": "Waikato"}, [KOWHAI]),
        ("catchments", {"education_region": "' OR 1=1 --"}, []),
        ("catchments", {"edition": "1", "demonstration": "true", "code": RIMU}, [RIMU]),
        ("catchments", {"demonstration": "false"}, []),
        ("schools", {"school_id": "54"}, [54]),
        ("schools", {"school_id": "054"}, [54]),
        ("schools", {"school_id": "54.0"}, [54]),
        ("schools", {"School Number": "54"}, [54]),
        ("schools", {"SCHOOLID": "54"}, [54]),
        ("schools", {"school_id": " 54 "}, [54]),
        ("schools", {"demonstration": "TRUE", "school_id": "54"}, [54]),
        ("schools", {"demonstration": "0"}, []),
        ("schools", {"effective_from": "2026-01-05", "school_id": "54"}, [54]),
        ("schools", {"effective_from": "2027-01-05"}, []),
        ("schools", {"directory_release_number": "2"}, []),
        ("schools", {"directory_release": "2027-01-05"}, []),
        ("schools", {"name": "St Joseph's School"}, [55, 56]),
        ("schools", {"catchment_code": KOWHAI, "status": "proposed"}, [60]),
        ("schools", {"town": HOSTILE}, [64]),
        ("schools", {"basis": "listed", "provider_code": "P-AHI"}, [54]),
        ("schools", {"status": "proposed", "bbox": "174,-39,176,-38"}, [60]),
    ],
)
def test_a_property_finds_what_has_it(client, path, query, found):
    assert ids(client, f"{path}/items", **query) == found


@pytest.mark.parametrize(
    ("asked", "provider"),
    [
        (None, "P-RAKAU"),
        ("2026-06-30", "P-RAKAU"),
        ("2026-07-01", "P-AHI"),
        ("2026-06-30T11:59:59Z", "P-RAKAU"),
        ("2026-06-30T12:00:00Z", "P-AHI"),
        ("2026-07-01T00:00:00%2B12:00", "P-AHI"),
        ("2026-07-01/2026-08-01", "P-AHI"),
        ("2026-07-01/..", "P-AHI"),
        ("2026-01-01/..", "P-RAKAU"),
        ("../2026-12-31", "P-RAKAU"),
        ("/2026-12-31", "P-RAKAU"),
        ("2026-01-01/2026-02-01", "P-RAKAU"),
    ],
)
def test_a_date_finds_what_is_in_force_on_it(dated, asked, provider):
    query = f"?datetime={asked}" if asked else ""
    item = dated.get(f"/ogc/collections/catchments/items/{KOWHAI}{query}").json
    assert item["properties"]["provider_code"] == provider
    assert item["edition"]["number"] == item["properties"]["edition"]


@pytest.mark.parametrize("path", ["catchments", "schools"])
def test_before_the_first_edition_there_is_nothing(client, path):
    for asked in ("2026-01-04", "../2026-01-04", "2020-01-01T00:00:00Z"):
        body = ask(client, f"{path}/items", datetime=asked).json
        assert (body["features"], body["numberMatched"], body["edition"]) == ([], 0, None)
    assert ids(client, f"{path}/items", datetime=STARTS.isoformat())


# --- what comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 5, 13, 50])
def test_to_follow_next_visits_every_school_once(client, limit):
    path, found, pages = f"/ogc/collections/schools/items?limit={limit}&status=open", [], 0
    while path:
        body = client.get(path).json
        found += [feature["id"] for feature in body["features"]]
        links = {link["rel"]: link["href"] for link in body["links"]}
        assert client.get(_local(links["self"])).json["features"] == body["features"]
        assert "status=open" in links["self"]
        assert body["numberReturned"] == len(body["features"]) > 0
        path, pages = _local(links.get("next", "")), pages + 1
    assert found == sorted(set(found))
    assert len(found) == body["numberMatched"] == 9
    assert pages == -(-9 // limit)


def _local(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if address else ""


def test_a_page_may_be_asked_for_from_behind_the_end_and_for_more_than_is_given(client):
    assert ids(client, "schools/items", offset="999999999") == []
    behind = ask(client, "schools/items", offset="999999999", limit="5").json
    links = {link["rel"]: link["href"] for link in behind["links"]}
    assert client.get(_local(links["prev"])).json["numberReturned"] == 5
    assert "next" not in links
    body = ask(client, "catchments/items", limit="999999999").json
    assert body["numberReturned"] == 5
    before = ask(client, "schools/items", limit="2", offset="3").json
    links = {link["rel"]: link["href"] for link in before["links"]}
    assert ids(client, "schools/items", limit="2", offset="1") == [
        feature["id"] for feature in client.get(_local(links["prev"])).json["features"]
    ]


def test_properties_and_geometry_may_be_left_out(client):
    body = ask(client, "catchments/items", properties="name,code", skipGeometry="true").json
    assert body["features"][1] == {
        "type": "Feature",
        "id": KOWHAI,
        "properties": {"name": "Kōwhai", "code": KOWHAI},
        "geometry": None,
    }


@pytest.mark.parametrize("text", ["54", "054", "54.0", "%2054"])
def test_a_school_is_asked_for_by_its_number_as_people_write_it(client, text):
    answer = client.get(f"/ogc/collections/schools/items/{text}")
    assert (answer.status_code, answer.json["id"]) == (200, 54)
    links = {link["rel"]: link["href"] for link in answer.json["links"]}
    assert links["latest-version"].endswith("/ogc/collections/schools/items/54?f=json")


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("limit=0", "out-of-range"),
        ("limit=x", "invalid-value"),
        ("unheard=1", "unknown-parameter"),
        ("limit=1&limit=1", "repeated-parameter"),
        ("school_id=54&School_Number=54", "repeated-parameter"),
        (f"bbox-crs={WGS84}", "missing-parameter"),
        ("bbox=-37,174,-36,176", "swapped-coordinates"),
        (
            f"bbox=1690000,5700000,1700000,5720000&bbox-crs={NZTM2000}",
            "swapped-coordinates",
        ),
        ("bbox=174,36,176,37", "missing-sign"),
        ("edition=9", "not-found"),
    ],
)
def test_what_is_wrong_has_a_kind_for_programs(client, query, kind):
    answer = client.get(f"/ogc/collections/schools/items?{query}")
    assert answer.json["type"].endswith(f"/problems/{kind}")


def test_other_names_of_a_property_are_known(client):
    body = ask(client, "schools/items", properties="SchoolNo, name", limit="1").json
    assert body["features"][0]["properties"] == {"school_id": 54, "name": "Kura o Ahi"}


@pytest.mark.parametrize("code", ODD)
def test_a_code_may_be_any_text(odd, code):
    answer = odd.get(f"/ogc/collections/catchments/items/{quote(code, safe='')}")
    assert (answer.status_code, answer.json["id"]) == (200, code)
    links = {link["rel"]: link["href"] for link in answer.json["links"]}
    again = odd.get(_local(links["self"]))
    assert again.json["properties"] == answer.json["properties"]
    assert (answer.json["geometry"] is None) == (code == ODD[0])


def test_boundaries_are_those_that_are_downloaded(client):
    whole = client.get("/downloads/1/boundaries.geojson").json
    downloaded = {f["id"]: shapely.geometry.shape(f["geometry"]) for f in whole["features"]}
    for feature in ask(client, "catchments/items").json["features"]:
        served = shapely.geometry.shape(feature["geometry"])
        assert served.geom_type == "MultiPolygon"
        assert shapely.is_ccw(served.geoms[0].exterior)
        assert shapely.equals(served, downloaded[feature["id"]])


@pytest.mark.parametrize("path", ["catchments/items", "schools/items"])
@pytest.mark.parametrize("crs", [WGS84, NZGD2000, NZTM2000])
def test_another_system_is_what_proj_makes_of_it_in_its_own_order_of_axes(client, path, crs):
    # Not from OGC:CRS84: PROJ takes seven seconds to find its way from there to EPSG:4167.
    project = pyproj.Transformer.from_crs("EPSG:4326", f"EPSG:{crs.rpartition('/')[2]}").transform
    plain, other = ask(client, path), ask(client, path, crs=crs)
    assert plain.headers["Content-Crs"] == f"<{CRS84}>"
    assert other.headers["Content-Crs"] == f"<{crs}>"
    for expected, given_ in zip(plain.json["features"], other.json["features"], strict=True):
        assert given_["properties"] == expected["properties"]
        if expected["geometry"] is None:
            assert given_["geometry"] is None
            continue
        xy = shapely.get_coordinates(shapely.geometry.shape(expected["geometry"]))
        wanted = np.column_stack(project(xy[:, 1], xy[:, 0]))
        found = shapely.get_coordinates(shapely.geometry.shape(given_["geometry"]))
        assert found == pytest.approx(wanted, abs=0.001 if crs == NZTM2000 else 1e-7)


def test_a_boundary_across_180_degrees_is_split_and_found_from_both_sides(tmp_path):
    across = shapely.box(179.0, -45.0, 181.0, -44.0)
    parts = [shapely.box(179.0, -45.0, 180.0, -44.0), shapely.box(-180.0, -45.0, -179.0, -44.0)]
    edition = small_edition()
    edition = small_edition(boundaries={**edition.boundaries, REKOHU: shapely.multipolygons(parts)})
    with visited(tmp_path, edition) as client:
        for bbox in ("179.2,-44.9,179.4,-44.5", "-179.4,-44.9,-179.2,-44.5"):
            assert ids(client, "catchments/items", bbox=bbox) == [REKOHU]
        served = shapely.geometry.shape(ask(client, f"catchments/items/{REKOHU}").json["geometry"])
        assert max(abs(served.bounds[0]), served.bounds[2]) == 180.0
        assert shapely.equals(geometry_to_360(served), across)


# --- around it ------------------------------------------------------------------------------------


def test_an_answer_that_is_still_kept_is_not_sent_again(client):
    for path in ("", "collections", "collections/schools/items", "collections/schools/items/54"):
        first = client.get(f"/ogc/{path}")
        again = client.get(f"/ogc/{path}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        # It names the host that was asked, since no public address is set here.
        assert first.headers["Cache-Control"] == "no-store"
        assert "Accept" in first.headers["Vary"]
        assert client.get(f"/ogc/{path}").data == first.data


def test_an_unforeseen_question_is_not_answered_with_304(client):
    tag = client.get("/ogc/collections/schools/items").headers["ETag"]
    answer = client.get("/ogc/collections/schools/items?x=1", headers={"If-None-Match": tag})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "",
        "conformance",
        "openapi",
        "collections",
        "collections/schools",
        "collections/schools/queryables",
        "collections/schools/items",
        "collections/schools/items?limit=2&offset=2",
        "collections/schools/items/64",
        f"collections/catchments/items/{REKOHU}",
    ],
)
def test_a_browser_gets_a_page_of_our_own_that_loads_nothing_from_elsewhere(client, path):
    answer = client.get(f"/ogc/{path}", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"([^\"]+)\"", answer.text)
    assert all(address.startswith(("/", "data:")) for address in loaded)
    assert "style=" not in answer.text
    assert "<script>" not in answer.text
    assert "<img" not in answer.text
    assert not is_worked_out(answer.text)
    assert "Demonstration data" in answer.text
    assert client.get(f"/ogc/{path}{'&' if '?' in path else '?'}f=html").status_code == 200


def test_pages_lead_to_pages_and_to_the_same_as_json(client):
    page = client.get("/ogc/collections/schools/items?limit=2&f=html").text
    pins = "datetime=2026-03-03&amp;edition=1&amp;release=1"
    assert f"items?limit=2&amp;f=html&amp;{pins}&amp;offset=2" in page
    assert f'href="/ogc/collections/schools/items?limit=2&amp;f=json&amp;{pins}"' in page
    assert "<dt>school_id</dt>" in client.get("/ogc/collections/schools/queryables?f=html").text


@pytest.mark.parametrize("accept", ["*/*", "text/html;q=0", "garbage", "*/*;q=0", ""])
def test_a_program_gets_json_whatever_it_says_it_takes(client, accept):
    answer = client.get("/ogc/collections/schools/items", headers={"Accept": accept})
    assert (answer.status_code, answer.content_type) == (200, "application/geo+json")


def test_links_are_those_of_the_public_address_where_one_is_set(small_app, client):
    running = small_app.extensions[EXTENSION]
    public = Settings(database_url="", public_url="https://attendance.example/nz")
    small_app.extensions[EXTENSION] = Services(public, running.store, running.snapshots)
    try:
        text = client.get("/ogc/collections", headers={"Host": "evil.example"}).text
        contract = client.get("/ogc/openapi").json
    finally:
        small_app.extensions[EXTENSION] = running
    assert "evil.example" not in text
    assert '"https://attendance.example/nz/ogc/collections/schools/items?f=json"' in text
    assert contract["servers"][0]["url"] == "https://attendance.example/nz/ogc"


def test_what_names_the_host_that_was_asked_is_for_who_asked_alone(small_app, client):
    path = "/ogc/collections/schools/items/54"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert [each.cache_control.no_store for each in (first, again)] == [True, True]
    running = small_app.extensions[EXTENSION]
    public = Settings(database_url="", public_url="https://attendance.example/nz")
    small_app.extensions[EXTENSION] = Services(public, running.store, running.snapshots)
    try:
        assert not client.get(path).cache_control.private
    finally:
        small_app.extensions[EXTENSION] = running


def test_a_host_never_leaves_its_place_in_a_link(client):
    for host in ('x"><script>', "x/../y", "x\\y"):
        answer = client.get("/ogc/collections?f=html", headers={"Host": host})
        assert answer.status_code == 400 or "<script>" not in answer.text


def test_answers_flow_while_the_database_is_away(small_app, client, monkeypatch):
    def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store_of(small_app), "artefact", away)
    assert ids(client, "catchments/items", limit="1") == [AHI]


def test_no_response_mixes_two_editions_whatever_is_asked_at_once(dated):
    days = {"2026-03-03": 1, "2026-07-01": 2}

    def page(day: str) -> tuple[str, set[int]]:
        body = dated.application.test_client().get(
            f"/ogc/collections/catchments/items?datetime={day}&crs={WGS84}"
        )
        features = json.loads(body.data)["features"]
        return day, {f["properties"]["edition"] for f in features} | {
            body.json["edition"]["number"]
        }

    works = [lambda day=day: page(day) for day in days for _ in range(6)]
    for day, editions in at_once(*works):
        assert editions == {days[day]}


def test_without_a_place_for_anything_the_extent_is_new_zealand(tmp_path):
    release = small_release(schools={})
    with visited(tmp_path, small_edition(boundaries={}), release=release) as client:
        for name in ("catchments", "schools"):
            said = client.get(f"/ogc/collections/{name}").json
            assert said["extent"]["spatial"]["bbox"] == [[165.0, -53.0, -176.0, -28.0]]
        assert ids(client, "catchments/items", bbox="-180,-90,180,90") == []
        assert ids(client, "schools/items") == []


SERVING = """
import sys
from catchments.web import application
from catchments.core.settings import Settings

client = application.web_app(Settings(database_url=sys.argv[1])).test_client()
assert client.get("/provider?school_id=54").status_code == 200
assert "pygeoapi" not in sys.modules
answers = [client.get(f"/ogc/{path}") for path in sys.argv[2:]]
assert {answer.status_code for answer in answers} == {200}
import logging
assert not logging.getLogger().handlers, "pygeoapi would have set up a log of its own"
print(*sorted(module.partition(".")[0] for module in sys.modules))
"""


@pytest.mark.thorough
def test_pygeoapi_is_imported_by_who_needs_it_and_brings_no_tables(small_database: Path):
    paths = ["openapi", "collections", "collections/schools/items", "collections?f=html"]
    served = subprocess.run(
        [sys.executable, "-c", SERVING, sqlite_url(small_database), *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert served.returncode == 0, served.stderr
    modules = set(served.stdout.split())
    assert "pygeoapi" in modules
    assert HEAVY & modules == set()
