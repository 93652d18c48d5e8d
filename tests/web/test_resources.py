"""The resources of /v1: schools, catchments, providers, editions; in each form, page by page."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from catchments.core.model import Catchment, Edition, Place, Provider, School, SchoolStatus
from catchments.geometry.coordinates import geometry_to_360
from catchments.store import Artefact
from catchments.web.common.contract import promised_by
from tests.laws import examples
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    REKOHU,
    RELEASED,
    RIMU,
    STARTS,
    TODAY,
    TOTARA,
    next_edition,
    opened,
    publish_whole,
    running_application,
    simple_artefacts,
    small_edition,
    small_release,
    small_schools,
    store_of,
    visited,
    withdraw,
)

JSON, GEOJSON, CSV = "application/json", "application/geo+json", "text/csv"
PROBLEM = "application/problem+json"
ACROSS = "X/180.geojson"
"""A catchment's code; its boundary crosses 180°."""
JULY = TODAY.replace(month=7, day=1)
ODD_CODES = (
    "a/b c",
    "/begins with one",
    "two//of them",
    "ends with one/",
    "Ōtāhuhu?x=1&y=#z",
    "100% é +%2F",
    "../../map",
    ".",
    "..",
    ".csv",
    "A.csv",
    "A.geojson.json",
    "A.json",
    "A.b",
    "A.",
    "{{7*191}}",
    "</script><b>'\"",
    "' OR 1=1 --",
    "=1+1",
    "semi;colon\\back,comma",
    "two\nlines",
)


# --- worlds ---------------------------------------------------------------------------------------


def wide_edition() -> Edition:
    """The small one, and a catchment across 180° that nobody serves yet."""
    edition = small_edition()
    across = shapely.union_all(
        [shapely.box(179.0, -41.0, 180.0, -40.0), shapely.box(-180.0, -41.0, -179.5, -40.0)]
    )
    return replace(
        edition,
        catchments={**edition.catchments, ACROSS: Catchment(ACROSS, "Over the line", "Wellington")},
        boundaries={**edition.boundaries, ACROSS: across},
        providers={**edition.providers, "P-IDLE": Provider("P-IDLE", "=1+1", "+64 4 000 000")},
    )


def wide_schools() -> dict[int, School]:
    """The small ones, and a school every half a degree, on edges, outside and across 180°."""
    places = [
        *((lng / 2, lat / 2) for lng in range(347, 355) for lat in range(-81, -74)),
        *((lng, -40.5) for lng in (179.0, 179.5, 180.0, -180.0, -179.9, -179.5, -179.0)),
    ]
    more = {
        number: School(
            number,
            f"School {number}",
            list(SchoolStatus)[number % 3],
            Place(*place),
            education_region=("", "Otago, Southland")[number % 2],
        )
        for number, place in enumerate(places, start=1000)
    }
    return {**small_schools(), **more}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    release = small_release(schools=wide_schools())
    with visited(tmp_path_factory.mktemp("wide"), wide_edition(), release=release) as client:
        yield client


def publish(database: Path, *editions: Edition) -> None:
    with opened(database) as store:
        for edition in editions:
            publish_whole(store, edition)


def rows_of(response: TestResponse) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.data.decode(), newline="")))


def pages(client: FlaskClient, address: str) -> Iterator[dict[str, Any]]:
    """Every page from an address on, as its links lead."""
    following: str | None = address
    while following:
        response = client.get(following)
        assert response.status_code == 200, response.text
        body = response.get_json(force=True)
        yield body
        following = body["next"]
        link = re.search(r'<([^>]+)>; rel="next"', response.headers.get("Link", ""))
        assert (link.group(1) if link else None) == following


def identity(item: Mapping[str, Any]) -> Any:
    return item["school"]["school_id"] if "school" in item else item.get("code", item.get("number"))


# --- what they say --------------------------------------------------------------------------------


def test_a_school_of_the_list_says_what_the_provider_answer_says(wide: FlaskClient) -> None:
    items = wide.get("/v1/schools?limit=1000").json["items"]
    assert len(items) == len(wide_schools())
    for item in items:
        whole = wide.get(f"/provider?school_id={item['school']['school_id']}").json
        assert {name: whole[name] for name in item} == item


def test_one_school_is_the_provider_answer(client: FlaskClient) -> None:
    for query in ("", "?on=2026-01-05", "?on=2020-01-01"):
        asked = query.replace("?", "&")
        one, other = (
            client.get(f"/v1/schools/54{query}"),
            client.get(f"/provider?school_id=54{asked}"),
        )
        assert (one.status_code, one.json) == (200, other.json)


def test_a_school_of_an_earlier_release_is_told_of_but_not_listed(tmp_path: Path) -> None:
    gone = School(7, "Bygone School", SchoolStatus.CLOSED, last_seen=STARTS)
    release = small_release(schools={**small_schools(), 7: gone})
    with visited(tmp_path, release=release) as client:
        store_of(client.application).add_release(small_release(released=TODAY))
        assert client.get("/v1/schools/7").json["school"]["name"] == "Bygone School"
        feature = client.get("/v1/schools/7.geojson").get_json(force=True)
        assert (feature["id"], feature["geometry"]) == (7, None)
        [row] = rows_of(client.get("/v1/schools/7.csv"))
        assert (row["school"], row["answer"]) == ("Bygone School", "unresolved")
        listed = client.get("/v1/schools").json["items"]
        assert 7 not in [each["school"]["school_id"] for each in listed]


def test_a_catchment_says_who_serves_it_how_many_schools_and_where_it_is(
    client: FlaskClient,
) -> None:
    body = client.get("/v1/catchments/AHI-1").json
    assert body["provider"]["name"] == "Ahi Trust"
    assert (body["code"], body["name"], body["education_region"]) == (AHI, "Ahi", "Waikato")
    assert (body["schools"], body["bbox"]) == (2, [174.0, -39.0, 175.0, -38.0])
    assert client.get(body["url"]).json == body


def test_schools_that_close_are_counted_until_they_do(client: FlaskClient) -> None:
    counts = [
        client.get(f"/v1/{of}?on={day}").json["schools"]
        for day in ("2026-04-16", "2026-04-17")
        for of in ("catchments/RIM-3", "providers/P-RIMU")
    ]
    assert counts == [2, 2, 1, 1]


def test_a_provider_says_which_catchments_it_serves(client: FlaskClient) -> None:
    body = client.get("/v1/providers/P-RAKAU").json
    assert [each["code"] for each in body["catchments"]] == [KOWHAI, TOTARA]
    assert (body["name"], body["phone"], body["email"]) == ("Ngā Rākau", "0800 000 001", None)
    assert body["schools"] == 4
    assert client.get(body["url"]).json == body


def test_a_provider_without_a_catchment_is_listed(wide: FlaskClient) -> None:
    listed = {each["code"]: each for each in wide.get("/v1/providers").json["items"]}
    assert (listed["P-IDLE"]["catchments"], listed["P-IDLE"]["schools"]) == ([], 0)
    assert wide.get("/v1/providers/P-IDLE.geojson").get_json(force=True)["geometry"] is None


EVERYWHERE = (
    "/v1/schools",
    "/v1/schools/54",
    "/v1/catchments",
    "/v1/catchments/AHI-1",
    "/v1/providers",
    "/v1/providers/P-AHI",
    "/v1/editions",
    "/v1/editions/1",
)


@pytest.mark.parametrize("address", EVERYWHERE)
def test_every_body_says_what_it_was_made_from(address: str, client: FlaskClient) -> None:
    body = client.get(address).json
    assert body["demonstration"] is True
    assert body["edition"] == {"number": 1, "title": "Squares", "effective_from": "2026-01-05"}
    assert body["directory_release"] == {"number": 1, "released": "2026-02-01"}
    assert {each["kind"] for each in body["sources"]} >= {"boundaries", "school directory"}
    assert body["as_at"] == TODAY.isoformat()


@pytest.mark.parametrize("address", EVERYWHERE)
def test_every_body_is_of_the_type_that_is_promised(address: str, client: FlaskClient) -> None:
    app = client.application
    for media_type in (JSON, GEOJSON):
        with app.test_request_context(address) as context:
            promised = promised_by(app.view_functions[context.request.endpoint])
        assert promised
        if media_type not in promised.returns:
            continue
        response = client.get(address, headers={"Accept": media_type})
        assert response.mimetype == media_type
        body = response.get_json(force=True)
        assert msgspec.convert(body, promised.returns[media_type]) is not None
        assert set(body) == promised.returns[media_type].__required_keys__


def test_every_row_of_csv_says_what_it_was_made_from(client: FlaskClient) -> None:
    for of in ("schools", "catchments", "providers", "editions"):
        for row in rows_of(client.get(f"/v1/{of}.csv")):
            assert row["edition"] == "1"
            assert row["directory_release"] == RELEASED.isoformat()
            assert row["demonstration"] == "yes: made up"
            assert row["source"] == "Nobody (CC0)"


# --- forms ----------------------------------------------------------------------------------------

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FORMS: list[tuple[str, str | None, str]] = [
    # address, Accept, media type
    ("/v1/schools", None, JSON),
    ("/v1/schools", "*/*", JSON),
    ("/v1/schools", BROWSER, JSON),
    ("/v1/schools", "application/geo+json", GEOJSON),
    ("/v1/schools", "text/csv", CSV),
    ("/v1/schools", "text/*", CSV),
    ("/v1/schools", "text/csv;q=0.5, application/geo+json;q=0.9", GEOJSON),
    ("/v1/schools", "application/json;q=0.1, text/csv", CSV),
    ("/v1/schools.json", "text/csv", JSON),
    ("/v1/schools.geojson", "text/csv", GEOJSON),
    ("/v1/schools.csv", "application/geo+json", CSV),
    ("/v1/schools.csv", "image/png", CSV),
    ("/v1/schools/54", "text/csv", CSV),
    ("/v1/schools/54.geojson", None, GEOJSON),
    ("/v1/schools/54.csv", "application/json", CSV),
    ("/v1/catchments", "application/geo+json", GEOJSON),
    ("/v1/catchments.csv", None, CSV),
    ("/v1/catchments/AHI-1", "application/geo+json", GEOJSON),
    ("/v1/catchments/AHI-1.csv", None, CSV),
    ("/v1/catchments/AHI-1.json", "text/csv", JSON),
    ("/v1/providers", "text/csv", CSV),
    ("/v1/providers.geojson", None, GEOJSON),
    ("/v1/providers/P-AHI.geojson", None, GEOJSON),
    ("/v1/editions", "text/csv", CSV),
    ("/v1/editions.csv", None, CSV),
    ("/v1/editions/1", "text/csv", CSV),
    ("/v1/editions/1.json", None, JSON),
]


@pytest.mark.parametrize(("address", "accept", "media_type"), FORMS)
def test_a_form_is_asked_for_by_an_ending_or_by_accept(
    address: str, accept: str | None, media_type: str, client: FlaskClient
) -> None:
    response = client.get(address, headers={"Accept": accept} if accept else {})
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert "Accept" in response.headers["Vary"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("of", ["schools", "catchments", "providers"])
def test_every_form_has_the_same_rows(of: str, wide: FlaskClient) -> None:
    items = wide.get(f"/v1/{of}?limit=1000").json["items"]
    features = wide.get(f"/v1/{of}.geojson").get_json(force=True)["features"]
    rows = rows_of(wide.get(f"/v1/{of}.csv"))
    assert [each["id"] for each in features] == [identity(each) for each in items]
    for feature, row in zip(features, rows, strict=True):
        said = {name: "" if v is None else str(v) for name, v in feature["properties"].items()}
        assert {name: row[name].removeprefix("'") for name in said} == said
        if of == "schools" and feature["geometry"]:
            place = feature["geometry"]["coordinates"]
            assert [float(row["lng"]), float(row["lat"])] == place
    one = wide.get(f"/v1/{of}/{quote(str(features[0]['id']), safe='')}.geojson")
    assert one.get_json(force=True).items() >= features[0].items()


def test_json_comes_in_pages_and_what_is_read_as_a_file_comes_whole(tmp_path: Path) -> None:
    schools = {number: School(number, f"School {number}") for number in range(1, 1203)}
    with visited(tmp_path, release=small_release(schools=schools)) as client:
        body = client.get("/v1/schools").json
        assert (body["count"], len(body["items"]), body["total"]) == (100, 100, 1202)
        assert len(rows_of(client.get("/v1/schools.csv"))) == 1202
        features = client.get("/v1/schools.geojson").get_json(force=True)
        assert (features["count"], features["next"]) == (1202, None)
        first = client.get("/v1/schools.csv?limit=1000")
        link = re.fullmatch(r'<([^>]+)>; rel="next"', first.headers["Link"])
        assert link
        both = [*rows_of(first), *rows_of(client.get(link.group(1)))]
        assert [row["school_id"] for row in both] == [str(number) for number in range(1, 1203)]


def test_no_cell_runs_anything_in_a_spreadsheet(wide: FlaskClient) -> None:
    idle = next(
        row for row in rows_of(wide.get("/v1/providers.csv")) if row["provider_code"] == "P-IDLE"
    )
    assert (idle["provider"], idle["phone"]) == ("'=1+1", "'+64 4 000 000")
    hostile = rows_of(wide.get("/v1/schools/64.csv"))[0]
    assert hostile["school"] == HOSTILE
    json_says = wide.get("/v1/providers/P-IDLE").json
    assert (json_says["name"], json_says["phone"]) == ("=1+1", "+64 4 000 000")


@pytest.mark.parametrize("of", ["schools", "catchments", "providers"])
def test_gdal_and_pandas_read_what_is_listed(of: str, wide: FlaskClient) -> None:
    items = wide.get(f"/v1/{of}?limit=1000").json["items"]
    features = wide.get(f"/v1/{of}.geojson").data
    assert pyogrio.list_layers(io.BytesIO(features))[0][0] == of
    layer = pyogrio.read_info(io.BytesIO(features))
    assert (layer["features"], layer["crs"]) == (len(items), "EPSG:4326")
    assert set(rows_of(wide.get(f"/v1/{of}.csv"))[0]) >= set(layer["fields"]) - {"id"}
    frame = pd.read_csv(io.BytesIO(wide.get(f"/v1/{of}.csv").data))
    assert len(frame) == len(items)
    assert set(frame["demonstration"]) == {"yes: made up"}


@pytest.mark.parametrize("ending", ["", ".geojson", ".csv"])
def test_lists_are_compressed_for_whoever_takes_that(ending: str, wide: FlaskClient) -> None:
    plain = wide.get(f"/v1/schools{ending}")
    packed = wide.get(f"/v1/schools{ending}", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert wide.get(f"/v1/schools{ending}", headers=again).status_code == 304


# --- boundaries -----------------------------------------------------------------------------------


def test_boundaries_are_those_of_the_file_to_download(client: FlaskClient) -> None:
    whole = json.loads(client.get("/downloads/1/boundaries.geojson").data)
    published = {each["id"]: each["geometry"] for each in whole["features"]}
    ours = client.get("/v1/catchments.geojson").get_json(force=True)["features"]
    assert {each["id"]: each["geometry"] for each in ours} == published


def test_a_boundary_across_180_degrees_is_cut_there(wide: FlaskClient) -> None:
    address = f"/v1/catchments/{quote(ACROSS, safe='')}"
    feature = wide.get(f"{address}.geojson").get_json(force=True)
    shape = shapely.geometry.shape(feature["geometry"])
    assert (shape.geom_type, shape.is_valid) == ("MultiPolygon", True)
    assert sorted(part.bounds[0] for part in shape.geoms) == [-180.0, 179.0]
    assert wide.get(f"{address}.json").json["bbox"] == [179.0, -41.0, -179.5, -40.0]


def test_a_provider_is_drawn_as_one_area(client: FlaskClient) -> None:
    features = client.get("/v1/providers.geojson").get_json(force=True)["features"]
    shapes = {each["id"]: shapely.geometry.shape(each["geometry"]) for each in features}
    assert shapes["P-RAKAU"].equals(shapely.box(175.0, -40.0, 176.0, -38.0))
    assert shapes["P-REK"].equals(shapely.box(-177.0, -44.5, -176.0, -43.5))
    assert all(shape.is_valid for shape in shapes.values())


def test_a_catchment_without_a_boundary_has_none(tmp_path: Path) -> None:
    boundaries = {AHI: small_edition().boundaries[AHI]}
    with visited(tmp_path, small_edition(boundaries=boundaries)) as client:
        assert client.get("/v1/catchments/KOW-2").json["bbox"] is None
        feature = client.get("/v1/catchments/KOW-2.geojson").get_json(force=True)
        assert feature["geometry"] is None
        found = client.get("/v1/catchments?bbox=-180,-90,180,90").json["items"]
        assert [each["code"] for each in found] == [AHI]


# --- codes ----------------------------------------------------------------------------------------


def test_any_text_may_be_a_code(tmp_path: Path) -> None:
    catchments = {code: Catchment(code, f"No {n}", "", code) for n, code in enumerate(ODD_CODES)}
    providers = {code: Provider(code, f"No {n}") for n, code in enumerate(ODD_CODES)}
    edition = small_edition(
        catchments=catchments, boundaries={}, providers=providers, listings={54: "A.json"}
    )
    with visited(tmp_path, edition) as client:
        for of in ("catchments", "providers"):
            items = client.get(f"/v1/{of}").json["items"]
            addresses = {each["code"]: each["url"] for each in items}
            assert addresses.keys() == set(ODD_CODES)
            for n, code in enumerate(ODD_CODES):
                assert client.get(addresses[code]).json["name"] == f"No {n}"
                address = f"/v1/{of}/{quote(code, safe='')}"
                assert client.get(f"{address}.json").json["code"] == code
                assert client.get(f"{address}.geojson").get_json(force=True)["id"] == code
                column = of.removesuffix("s") + "_code"
                [row] = rows_of(client.get(f"{address}.csv"))
                assert row[column] in (code, f"'{code}")
                query = urlencode({of.removesuffix("s"): code})
                [found] = client.get(f"/v1/{of}?{query}").json["items"]
                assert found["code"] == code
        [listed] = client.get("/v1/schools?catchment=A.json&basis=listed").json["items"]
        assert listed["school"]["school_id"] == 54


# --- filters and pages ----------------------------------------------------------------------------

REGIONS = {
    "waikato": "Waikato",
    "TARANAKI / Whanganui | Manawatu": "Taranaki, Whanganui, Manawatū",
    "canterbury chatham islands": "Canterbury, Chatham Islands",
    "Wellington": "Wellington",
    "otago, southland": "Otago, Southland",
    "Tai Tokerau": "Tai Tokerau",
}
lngs = st.sampled_from([-180.0, -179.6, -177, -176.4, -170, 0, 174, 174.5, 175.25, 176, 179.2, 180])
lats = st.lists(
    st.sampled_from([-90.0, -44.2, -43.5, -40.5, -39, -38.75, -38, 90]), min_size=2, max_size=2
).map(sorted)
boxes = st.tuples(lngs, lats, lngs).map(lambda b: (b[0], b[1][0], b[2], b[1][1]))
somewhere = {
    "region": st.sampled_from(sorted(REGIONS)),
    "catchment": st.sampled_from([AHI, KOWHAI, RIMU, REKOHU, ACROSS]),
    "provider": st.sampled_from(["P-AHI", "P-RAKAU", "P-REK", "P-IDLE"]),
    "bbox": boxes.map(lambda box: ",".join(map(str, box))),
}
somehow = {
    "status": st.sampled_from(["open", "closed", "proposed"]),
    "basis": st.sampled_from(["listed", "located", "nearest"]),
    "answer": st.sampled_from(["resolved", "ambiguous", "unresolved"]),
}
questions_on_schools = st.fixed_dictionaries({}, optional=somewhere | somehow)
questions_on_places = st.fixed_dictionaries({}, optional=somewhere)


def pieces(bbox: str) -> Any:
    """A box as a geometry with longitudes 0…360."""
    west, south, east, north = map(float, bbox.split(","))
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    # The hull of its corners is a line or a point where a box has no height or width.
    boxes_180 = [shapely.box(start, south, end, north) for start, end in spans]
    boxes_180 = [shapely.convex_hull(shapely.extract_unique_points(each)) for each in boxes_180]
    moved = [shapely.transform(each, lambda xy: np.add(xy, (360.0, 0.0))) for each in boxes_180]
    return shapely.union_all([*boxes_180, *moved])


def point_360(place: Mapping[str, float]) -> Any:
    return shapely.Point(place["lng"] + 360.0 * (place["lng"] < 0), place["lat"])


SCHOOL_IS: dict[str, Callable[[Any, str], bool]] = {
    "region": lambda item, text: (
        REGIONS[text]
        == ((item["catchment"] or {}).get("education_region") or item["school"]["education_region"])
    ),
    "catchment": lambda item, code: (item["catchment"] or {}).get("code") == code,
    "provider": lambda item, code: (item["provider"] or {}).get("code") == code,
    "bbox": lambda item, bbox: (
        item["school"]["place"] is not None
        and pieces(bbox).intersects(point_360(item["school"]["place"]))
    ),
    "status": lambda item, status: item["school"]["status"] == status,
    "basis": lambda item, basis: item["basis"] == basis,
    "answer": lambda item, status: item["status"] == status,
}
AREAS = {code: geometry_to_360(boundary) for code, boundary in wide_edition().boundaries.items()}
CATCHMENT_IS: dict[str, Callable[[Any, str], bool]] = {
    "region": lambda item, text: item["education_region"] == REGIONS[text],
    "catchment": lambda item, code: item["code"] == code,
    "provider": lambda item, code: (item["provider"] or {}).get("code") == code,
    "bbox": lambda item, bbox: pieces(bbox).intersects(AREAS[item["code"]]),
}


def filtered(
    items: list[Any], given_: Mapping[str, str], rules: Mapping[str, Callable[[Any, str], bool]]
) -> list[Any]:
    return [item for item in items if all(rules[name](item, text) for name, text in given_.items())]


@settings(max_examples=examples(25))
@given(questions_on_schools, st.integers(1, 40))
def test_schools_are_filtered_as_one_would_by_hand_and_pages_make_the_whole(
    wide: FlaskClient, question: dict[str, str], limit: int
) -> None:
    everything = wide.get("/v1/schools?limit=1000").json["items"]
    expected = filtered(everything, question, SCHOOL_IS)
    found = list(pages(wide, f"/v1/schools?{urlencode({**question, 'limit': limit})}"))
    assert [item for page in found for item in page["items"]] == expected
    assert {page["total"] for page in found} == {len(expected)}
    assert all(page["count"] == len(page["items"]) <= limit for page in found)
    rows = rows_of(wide.get(f"/v1/schools.csv?{urlencode(question)}"))
    assert [int(row["school_id"]) for row in rows] == [identity(item) for item in expected]


@settings(max_examples=examples(25))
@given(questions_on_places, st.integers(1, 4))
def test_catchments_and_providers_are_filtered_as_one_would_by_hand(
    wide: FlaskClient, question: dict[str, str], limit: int
) -> None:
    everything = wide.get("/v1/catchments").json["items"]
    expected = filtered(everything, question, CATCHMENT_IS)
    query = urlencode({**question, "limit": limit})
    found = [item for page in pages(wide, f"/v1/catchments?{query}") for item in page["items"]]
    assert found == expected
    serving = [item for page in pages(wide, f"/v1/providers?{query}") for item in page["items"]]
    codes = {item["provider"]["code"] for item in expected if item["provider"]}
    idle = {"P-IDLE"} if not question else set()
    assert {item["code"] for item in serving} == codes | idle


def test_a_region_is_one_however_sources_spell_it(tmp_path: Path) -> None:
    spelled = ["Hawke's Bay, Tairāwhiti", "Hawkes Bay | Tairawhiti", "HAWKE’S BAY/TAIRĀWHITI", ""]
    known = {
        code: replace(catchment, education_region=region)
        for (code, catchment), region in zip(
            small_edition().catchments.items(), [*spelled, "Wellington"], strict=True
        )
    }
    outside = School(7, "Outside", education_region="Hawkes Bay / Tairāwhiti")
    schools = {**small_schools(), 7: outside}
    with visited(
        tmp_path, small_edition(catchments=known), release=small_release(schools=schools)
    ) as client:
        for text in spelled[:3]:
            query = urlencode({"region": text})
            found = client.get(f"/v1/catchments?{query}").json["items"]
            assert [each["code"] for each in found] == [AHI, KOWHAI, RIMU]
            listed = client.get(f"/v1/schools?{query}").json["items"]
            numbers = [each["school"]["school_id"] for each in listed]
            assert numbers == [7, 54, 55, 57, 58, 59, 60, 61, 62]


def test_previous_pages_lead_back(wide: FlaskClient) -> None:
    first, *_, last = pages(wide, "/v1/schools?limit=7")
    items = [*last["items"]]
    previous = last["previous"]
    while previous:
        response = wide.get(previous)
        assert 'rel="prev"' in response.headers.get("Link", "") or not response.json["previous"]
        items = [*response.json["items"], *items]
        previous = response.json["previous"]
    assert items == wide.get("/v1/schools?limit=1000").json["items"]
    assert first["previous"] is None


def test_a_page_beyond_the_last_is_empty_and_leads_back(wide: FlaskClient) -> None:
    total = len(wide_schools())
    body = wide.get("/v1/schools?offset=999999999&limit=10").json
    assert (body["items"], body["count"], body["total"], body["next"]) == ([], 0, total, None)
    assert wide.get(body["previous"]).json["items"][-1]["school"]["school_id"] == 3553


# --- dates and editions ---------------------------------------------------------------------------


def test_lists_answer_for_any_date(small_copy: Path) -> None:
    publish(small_copy, next_edition(JULY))
    with running_application(small_copy) as app:
        client = app.test_client()
        for day, served_by in ((TODAY, "P-RAKAU"), (JULY, "P-AHI"), (date.max, "P-AHI")):
            for address in ("/v1/catchments/KOW-2?", "/v1/catchments?catchment=KOW-2&"):
                body = client.get(f"{address}on={day}").json
                [item] = body.get("items", [body])
                assert item["provider"]["code"] == served_by
            schools = client.get(f"/v1/schools?catchment=KOW-2&on={day}").json["items"]
            assert {each["provider"]["code"] for each in schools} == {served_by}


@pytest.mark.parametrize("of", ["schools", "catchments", "providers"])
def test_before_the_first_edition_lists_are_empty(of: str, client: FlaskClient) -> None:
    day = STARTS - timedelta(days=1)
    body = client.get(f"/v1/{of}?on={day}&region=waikato&bbox=174,-40,176,-38").json
    assert (body["items"], body["total"], body["edition"]) == ([], 0, None)
    assert body["demonstration"] is True
    assert rows_of(client.get(f"/v1/{of}.csv?on={day}")) == []
    assert client.get(f"/v1/{of}.geojson?on={day}").get_json(force=True)["features"] == []


@pytest.mark.parametrize("of", ["schools", "catchments", "providers"])
@pytest.mark.parametrize("ending", ["", ".geojson"])
def test_no_sequence_of_pages_mixes_two_editions(of: str, ending: str, small_copy: Path) -> None:
    with running_application(small_copy) as app, opened(small_copy) as store:
        client = app.test_client()
        snapshots = app.extensions["catchments"].snapshots
        before = client.get(f"/v1/{of}{ending}?limit=1000").get_json(force=True)
        following, read = f"/v1/{of}{ending}?limit=2", []
        while following:
            body = client.get(following).get_json(force=True)
            assert (body["edition"]["number"], body["directory_release"]["number"]) == (1, 1)
            read += body.get("items") or body["features"]
            following = body["next"]
            if len(read) == 2:
                only = {AHI: small_edition().catchments[AHI]}
                publish_whole(
                    store, small_edition(catchments=only, listings={}, providers={}, title="New")
                )
                store.add_release(small_release(schools={}, released=TODAY))
                assert snapshots.refresh()
                anew = client.get(f"/v1/{of}").json
                assert (anew["edition"]["number"], anew["directory_release"]["number"]) == (2, 2)
        assert read == (before.get("items") or before["features"])


def test_pages_keep_to_the_day_on_which_the_first_was_asked_for(small_copy: Path) -> None:
    day = [date(2026, 4, 16)]
    with running_application(small_copy, today=lambda: day[0]) as app:
        client = app.test_client()
        first = client.get("/v1/catchments?limit=3").json
        day[0] += timedelta(days=1)
        second = client.get(first["next"]).json
        counts = {each["code"]: each["schools"] for each in first["items"] + second["items"]}
        assert (second["as_at"], counts[RIMU]) == ("2026-04-16", 2)
        assert client.get("/v1/catchments/RIM-3").json["schools"] == 1


def test_pages_of_an_edition_that_is_withdrawn_say_to_begin_again(small_copy: Path) -> None:
    publish(small_copy, next_edition(JULY))
    with running_application(small_copy) as app, opened(small_copy) as store:
        client = app.test_client()
        first = client.get(f"/v1/schools?limit=2&on={JULY}").json
        assert first["edition"]["number"] == 2
        withdraw(store, 2)
        app.extensions["catchments"].snapshots.refresh()
        gone = client.get(first["next"])
        assert (gone.status_code, gone.mimetype) == (404, PROBLEM)
        assert gone.json["next_step"] == "Begin again without the parameters edition and release."


def test_an_edition_may_be_read_by_number(small_copy: Path) -> None:
    publish(small_copy, next_edition(JULY))
    with running_application(small_copy) as app:
        client = app.test_client()
        body = client.get("/v1/catchments?catchment=KOW-2&edition=2").json
        assert body["edition"]["number"] == 2
        assert body["items"][0]["provider"]["code"] == "P-AHI"
        assert body["as_at"] == TODAY.isoformat()
        early = client.get("/v1/catchments?edition=1&release=1&on=2020-01-01").json
        assert (early["edition"]["number"], early["total"]) == (1, 5)
        assert client.get("/v1/catchments?edition=1&on=2020-01-01").json["total"] == 5
        assert client.get("/v1/catchments?release=1&on=2020-01-01").json["total"] == 0
        assert client.get("/v1/catchments?edition=9&on=2020-01-01").status_code == 404


# --- editions -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """Past, replaced, in force, scheduled and withdrawn: five editions."""
    february = date(2026, 2, 1)
    with visited(
        tmp_path_factory.mktemp("told"),
        small_edition(),
        small_edition(effective_from=february, title="Replaced"),
        next_edition(february),
        next_edition(JULY),
        next_edition(JULY.replace(year=2027), title="Withdrawn"),
    ) as client:
        withdraw(store_of(client.application), 5)
        yield client


EDITIONS: list[tuple[str, list[int]]] = [
    ("", [1, 2, 3, 4, 5]),
    ("on=2026-01-04", []),
    ("on=2026-01-05", [1]),
    ("on=2026-01-31", [1]),
    ("on=2026-02-01", [3]),
    ("on=2026-07-01", [4]),
    ("on=9999-12-31", [4]),
    ("from=2026-02-01", [3, 4]),
    ("from=2026-01-31", [1, 3, 4]),
    ("to=2026-01-31", [1]),
    ("to=2026-06-30", [1, 3]),
    ("from=2026-01-10&to=2026-01-20", [1]),
    ("from=2020-01-01&to=2026-01-04", []),
    ("from=2026-06-30&to=2026-07-01", [3, 4]),
    ("standing=in+force", [3]),
    ("standing=past", [1]),
    ("standing=replaced", [2]),
    ("standing=scheduled", [4]),
    ("standing=withdrawn", [5]),
    ("standing=past&from=2026-02-01", []),
]


@pytest.mark.parametrize(("query", "numbers"), EDITIONS)
def test_editions_are_found_by_date_and_standing(
    query: str, numbers: list[int], told: FlaskClient
) -> None:
    found = [
        item for page in pages(told, f"/v1/editions?{query}&limit=2") for item in page["items"]
    ]
    assert [each["number"] for each in found] == numbers
    rows = rows_of(told.get(f"/v1/editions.csv?{query}"))
    assert [int(row["edition"]) for row in rows] == numbers
    for item, row in zip(found, rows, strict=True):
        assert (row["title"], row["standing"]) == (item["title"], item["standing"])


def test_an_edition_tells_its_time_its_sources_and_its_files(told: FlaskClient) -> None:
    body = told.get("/v1/editions/1").json
    assert (body["effective_from"], body["last_day"]) == ("2026-01-05", "2026-01-31")
    assert body["reason"] == "Made up for a test."
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["published_at"])
    assert (body["withdrawn_at"], body["demonstration"]) == (None, True)
    kinds = [each["kind"] for each in body["sources"]]
    assert kinds == ["boundaries", "providers", "listings", "school directory"]
    assert told.get(body["url"]).json == body
    last = told.get("/v1/editions/4").json
    assert (last["last_day"], last["standing"]) == (None, "scheduled")


def test_an_edition_says_where_all_its_files_are(tmp_path: Path) -> None:
    boundaries = {
        "name": "boundaries.geojson",
        "title": "Boundaries as published",
        "media_type": GEOJSON,
        "sha256": "ab" * 32,
    }
    manifest = Artefact("manifest.json", JSON, json.dumps({"files": [boundaries]}).encode())
    with visited(tmp_path, artefacts=[*simple_artefacts(), manifest]) as client:
        files = client.get("/v1/editions/1").json["downloads"]
        assert [each["url"].removeprefix("/downloads/1/") for each in files] == [
            "boundaries.geojson",
            "manifest.json",
            "1/catchments.csv",
            "1/schools.csv",
        ]
        for each in files:
            response = client.get(each["url"])
            assert (response.status_code, response.mimetype) == (200, each["media_type"])


def test_an_edition_that_was_withdrawn_says_when_and_has_no_files(told: FlaskClient) -> None:
    body = told.get("/v1/editions/5").json
    assert (body["standing"], body["last_day"], body["downloads"]) == ("withdrawn", None, [])
    assert body["withdrawn_at"] >= body["published_at"]
    assert body["directory_release"] is None


# --- what is refused ------------------------------------------------------------------------------

REFUSED: list[tuple[str, str, str]] = [
    # query, parameter, what is said
    ("limit=0", "limit", "from 1 to 1000"),
    ("limit=1001", "limit", "from 1 to 1000"),
    ("limit=-1", "limit", "whole number"),
    ("limit=ten", "limit", "“ten”"),
    ("limit=", "limit", "“”"),
    ("limit=٣", "limit", "“٣”"),
    ("offset=-1", "offset", "whole number"),
    ("offset=1234567890", "offset", "nine digits"),
    ("bbox=", "bbox", "four numbers"),
    ("bbox=174,-40,176", "bbox", "“174,-40,176”"),
    ("bbox=174,-40,176,-38,0", "bbox", "four numbers"),
    ("bbox=174,-38,176,-40", "bbox", "south not greater than north"),
    ("bbox=-40,174,-38,176", "bbox", "look swapped"),
    ("bbox=174,38,176,40", "bbox", "minus signs of latitudes look missing"),
    ("bbox=17,-140,18,-38", "bbox", "south is “-140”"),
    ("bbox=174,-40,1e9,-38", "bbox", "east is “1000000000”"),
    ("bbox=nan,-40,176,-38", "bbox", "“nan,-40,176,-38”"),
    ("bbox=1e999,-40,176,-38", "bbox", "“1e999,-40,176,-38”"),
    ("bbox=174,5,-40,176,-38", "bbox", "four numbers"),
    ("bbox=174,-40,inf,-38", "bbox", "inf"),
    ("region=Auckland", "region", "Tāmaki Herenga Waka"),
    ("status=shut", "status", "open, proposed, closed"),
    ("basis=guess", "basis", "listed, located, nearest"),
    ("answer=yes", "answer", "resolved, ambiguous, unresolved"),
    ("on=2026-02-30", "on", "YYYY-MM-DD"),
    ("edition=first", "edition", "whole number"),
    ("release=1.5", "release", "whole number"),
    ("page=2", "page", "Allowed are"),
    ("limit=1&limit=2", "limit", "given 2 times"),
]


@pytest.mark.parametrize(("query", "parameter", "said"), REFUSED)
def test_what_cannot_be_read_is_refused_by_name(
    query: str, parameter: str, said: str, client: FlaskClient
) -> None:
    for address in ("/v1/schools", "/v1/schools.csv"):
        response = client.get(f"{address}?{query}")
        assert (response.status_code, response.mimetype) == (400, PROBLEM)
        problem = response.json
        assert problem["parameter"] == parameter
        assert said in f"{problem['detail']} {problem['allowed']}"
        assert problem["next_step"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=x", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-02-01&to=2026-01-01", "from"),
        ("standing=old", "standing"),
        ("bbox=1", "bbox"),
    ],
)
def test_editions_asked_for_wrongly_are_refused(
    query: str, parameter: str, client: FlaskClient
) -> None:
    response = client.get(f"/v1/editions?{query}")
    assert (response.status_code, response.json["parameter"]) == (400, parameter)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/v1/schools/999", "999"),
        ("/v1/schools/999.csv", "999"),
        ("/v1/schools?catchment=AHI", "“AHI”"),
        ("/v1/schools?provider=%7B%7B7*191%7D%7D", "“{{7*191}}”"),
        ("/v1/schools?edition=7", "edition 7"),
        ("/v1/schools?release=7", "release 7"),
        ("/v1/catchments/AHI", "“AHI” on 3 March 2026"),
        ("/v1/catchments/AHI-1?on=2026-01-04", "No edition was in force on 4 January 2026"),
        ("/v1/catchments/AHI-1.xml", "“AHI-1.xml”"),
        ("/v1/providers/AHI-1", "“AHI-1”"),
        ("/v1/editions/7", "edition 7"),
        ("/v1/editions.geojson", "geojson"),
        ("/v1/editions/1.geojson", "geojson"),
    ],
)
def test_what_is_not_known_is_said(address: str, said: str, client: FlaskClient) -> None:
    response = client.get(address)
    assert (response.status_code, response.mimetype) == (404, PROBLEM)
    assert said in response.json["detail"]
    assert response.json["next_step"]
    assert response.json["demonstration"] is True


def test_a_catchment_that_is_still_to_come_is_announced(small_copy: Path) -> None:
    later = next_edition(JULY)
    new = {**later.catchments, "NEW-6": Catchment("NEW-6", "New", "Waikato", "P-AHI")}
    publish(small_copy, replace(later, catchments=new))
    with running_application(small_copy) as app:
        missing = app.test_client().get("/v1/catchments/NEW-6").json
        assert "It comes into being on 1 July 2026." in missing["next_step"]


def test_nothing_published_is_503(tmp_path: Path) -> None:
    database = tmp_path / "empty.sqlite"
    with opened(database):
        pass
    with running_application(database) as app:
        client = app.test_client()
        for address in ("/v1/schools", "/v1/schools/54", "/v1/catchments", "/v1/editions.csv"):
            response = client.get(address)
            assert (response.status_code, response.mimetype) == (503, PROBLEM)


# --- caches ---------------------------------------------------------------------------------------


def test_each_form_has_a_validator_of_its_own(client: FlaskClient) -> None:
    tags = set()
    for accept in (JSON, GEOJSON, CSV):
        first = client.get("/v1/schools", headers={"Accept": accept})
        tags.add(first.headers["ETag"])
        assert "max-age=" in first.headers["Cache-Control"]
        again = client.get(
            "/v1/schools", headers={"Accept": accept, "If-None-Match": first.headers["ETag"]}
        )
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    assert len(tags) == 3


def test_addresses_are_whole_where_the_public_one_is_known(small_copy: Path) -> None:
    with running_application(small_copy) as app:
        running = app.extensions["catchments"]
        known = replace(running.settings, public_url="https://find.example/x")
        app.extensions["catchments"] = replace(running, settings=known)
        client = app.test_client()
        response = client.get("/v1/schools?limit=1")
        assert response.json["next"].startswith("https://find.example/x/v1/schools?limit=1&")
        assert f'<{response.json["next"]}>; rel="next"' == response.headers["Link"]
        catchment = client.get("/v1/catchments/AHI-1").json
        assert catchment["url"] == "https://find.example/x/v1/catchments/AHI-1"


def test_lists_go_on_while_the_database_is_away(small_copy: Path) -> None:
    with running_application(small_copy) as app:
        client = app.test_client()
        assert client.get("/v1/schools").status_code == 200
        store_of(app).close()
        small_copy.rename(small_copy.with_suffix(".away"))
        for address in ("/v1/schools.csv", "/v1/catchments.geojson", "/v1/providers"):
            assert client.get(address).status_code == 200
