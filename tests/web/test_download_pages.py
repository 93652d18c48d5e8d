"""Files of an edition over HTTP: immutable addresses, digests, ranges; a page, a manifest, DCAT."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.errors import NotKnown
from catchments.lookup.snapshot import Snapshot
from catchments.store import Artefact, Store
from catchments.store.artefacts import PIECE_BYTES, ArtefactFile, Artefacts
from catchments.web.pages.downloads import saved_as
from maps.artefacts import build_all
from maps.exports.downloads import FILES, GEOJSON, GEOPACKAGE, KML, MANIFEST, MAP_PNG
from maps.exports.export_input import ExportInput
from maps.exports.manifest import manifest
from tests.worlds import (
    HOSTILE,
    SQUARES,
    next_edition,
    opened,
    publish_whole,
    running_application,
    small_edition,
    small_release,
    store_of,
    visited,
    withdraw,
)

SCHEDULED = date(2026, 7, 1)
WITHDRAWN = 3


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world with all its files; an edition without any; one that was withdrawn."""
    path = tmp_path_factory.mktemp("downloads") / "downloads.sqlite"
    release = small_release(number=1)
    edition = small_edition(number=1, title=HOSTILE)
    made = build_all(Snapshot.of(edition, release))
    with opened(path) as store:
        store.add_release(release)
        publish_whole(store, edition, artefacts=made)
        publish_whole(store, next_edition(SCHEDULED))
        publish_whole(store, next_edition(date(2026, 8, 1)))
        withdraw(store, WITHDRAWN)
    return path


@pytest.fixture(scope="module")
def app(database: Path) -> Iterator[Flask]:
    with running_application(database) as made:
        yield made


def files_of(client: FlaskClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/downloads/1/manifest.json").get_json()["files"]
    return found


def path_of(url: str) -> str:
    return urlsplit(url).path


# --- files ----------------------------------------------------------------------------------------


def test_the_manifest_leads_to_every_file_as_it_says(client: FlaskClient) -> None:
    files = files_of(client)
    assert [file["name"] for file in files] == [file.name for file in FILES]
    for file in files:
        response = client.get(path_of(file["url"]))
        content = response.data
        assert (response.status_code, len(content)) == (200, file["bytes"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert response.headers["Content-Type"] == file["media_type"]
        assert response.headers["Content-Length"] == str(file["bytes"])
        assert client.get(path_of(file["newest_url"])).data == content


def test_a_file_carries_its_digest_and_a_name_to_save_it_under(client: FlaskClient) -> None:
    file = files_of(client)[1]
    headers = client.get(path_of(file["url"])).headers
    digest = base64.b64encode(bytes.fromhex(file["sha256"])).decode()
    assert headers["ETag"] == f'"{file["sha256"]}"'
    assert headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert headers["Content-Disposition"] == "attachment; filename=catchments-edition-1.gpkg"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Access-Control-Allow-Origin"] == "*"


def test_only_the_address_that_names_the_bytes_is_kept_for_good(client: FlaskClient) -> None:
    file = files_of(client)[0]
    assert "immutable" in client.get(path_of(file["url"])).headers["Cache-Control"]
    newest = client.get(path_of(file["newest_url"])).headers["Cache-Control"]
    assert newest == "max-age=60"


def test_a_file_is_not_sent_again_to_who_has_it(client: FlaskClient) -> None:
    for url in (files_of(client)[0]["url"], files_of(client)[0]["newest_url"]):
        first = client.get(path_of(url))
        again = client.get(path_of(url), headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=1000-", 1000, None),
        ("bytes=-10", -10, None),
        ("bytes=-999999999", 0, None),
        ("bytes=10-999999999", 10, None),
    ],
)
def test_a_part_of_a_file_may_be_asked_for(
    client: FlaskClient, asked: str, start: int, stop: int | None
) -> None:
    path = path_of(files_of(client)[1]["url"])
    content = client.get(path).data
    part = client.get(path, headers={"Range": asked})
    assert (part.status_code, part.data) == (206, content[start:stop])
    assert part.headers["Content-Range"].endswith(f"/{len(content)}")


def test_a_part_that_is_not_there_cannot_be_had(client: FlaskClient) -> None:
    file = files_of(client)[0]
    beyond = {"Range": f"bytes={file['bytes'] + 5}-"}
    refused = client.get(path_of(file["url"]), headers=beyond)
    assert (refused.status_code, refused.mimetype) == (416, "application/problem+json")
    assert refused.headers["Content-Range"] == f"bytes */{file['bytes']}"
    stale = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert client.get(path_of(file["url"]), headers=stale).status_code == 200


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=abc", "bytes=5-2", "bytes=-0", "lines=1-2", "bytes", "bytes=1"],
)
def test_several_parts_or_none_that_can_be_understood_are_the_whole(
    client: FlaskClient, asked: str
) -> None:
    file = files_of(client)[1]
    whole = client.get(path_of(file["url"]), headers={"Range": asked})
    assert (whole.status_code, len(whole.data)) == (200, file["bytes"])
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert "Content-Range" not in whole.headers


def test_a_head_and_a_date_in_if_range_are_of_the_whole(client: FlaskClient) -> None:
    path = path_of(files_of(client)[1]["url"])
    assert client.head(path, headers={"Range": "bytes=0-9"}).status_code == 200
    dated = {"Range": "bytes=0-9", "If-Range": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert client.get(path, headers=dated).status_code == 200
    tag = client.head(path).headers["ETag"]
    assert client.get(path, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"If-None-Match": "TAG"}, 304),
        ({"If-None-Match": "W/TAG"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 206),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": "TAG"}, 206),
        ({"If-Range": "TAG"}, 206),
        ({"If-Range": "W/TAG"}, 200),
        ({"If-Range": '"other"', "If-None-Match": "TAG"}, 304),
    ],
)
def test_what_a_client_has_already_is_asked_before_any_part(
    client: FlaskClient, conditions: dict[str, str], status: int
) -> None:
    path = path_of(files_of(client)[1]["url"])
    tag = client.head(path).headers["ETag"]
    asked = {name: text.replace("TAG", tag) for name, text in conditions.items()}
    assert client.get(path, headers={"Range": "bytes=0-9", **asked}).status_code == status
    beyond = client.get(path, headers={"Range": "bytes=99999999999-", **asked})
    assert beyond.status_code == {206: 416}.get(status, status)


def test_a_script_of_any_website_may_ask_for_a_part_and_read_what_it_got(
    client: FlaskClient,
) -> None:
    path = path_of(files_of(client)[1]["url"])
    asking = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    allowed = client.options(path, headers=asking).headers["Access-Control-Allow-Headers"]
    assert {"Range", "If-Range"} <= set(allowed.split(", "))
    shown = client.get(path).headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Content-Range", "Accept-Ranges", "Content-Length"} <= set(shown)


# --- what else tells of them ----------------------------------------------------------------------


def test_the_list_of_digests_holds_for_what_was_saved(client: FlaskClient) -> None:
    response = client.get("/downloads/1/SHA256SUMS")
    assert response.mimetype == "text/plain"
    told = dict(reversed(line.split("  ")) for line in response.text.splitlines())
    assert list(told) == [file["saved_as"] for file in files_of(client)]
    for name, digest in told.items():
        saved = client.get(f"/downloads/1/{name}")
        assert hashlib.sha256(saved.data).hexdigest() == digest
        assert saved.headers["Content-Disposition"] == f"attachment; filename={name}"


def test_the_data_package_leads_to_every_file_and_says_what_columns_are(
    client: FlaskClient,
) -> None:
    package = client.get("/downloads/1/datapackage.json").get_json()
    assert (package["version"], package["demonstration"]) == ("1", True)
    assert [each["name"] for each in package["licenses"]] == ["CC0-1.0"]
    for resource, file in zip(package["resources"], files_of(client), strict=True):
        assert resource["path"] == file["saved_as"]
        assert resource["hash"] == f"sha256:{file['sha256']}"
        assert (resource["bytes"], resource.get("crs")) == (file["bytes"], file["crs"])
    (table,) = (each for each in package["resources"] if each["format"] == "csv")
    kinds = {field["name"]: field["type"] for field in table["schema"]["fields"]}
    written = client.get(f"/downloads/1/{table['path']}").text
    assert list(kinds) == next(csv.reader(io.StringIO(written)))
    assert (kinds["school_id"], kinds["effective_from"]) == ("integer", "date")
    assert (kinds["distance_m"], kinds["demonstration"]) == ("number", "boolean")
    assert {"unit": "metres"}.items() <= table["schema"]["fields"][14].items()


def test_what_is_compressed_elsewhere_is_sent_as_its_digest_says(client: FlaskClient) -> None:
    for name in (GEOJSON, KML, MAP_PNG):
        response = client.get(f"/downloads/1/{name}", headers={"Accept-Encoding": "gzip, br"})
        assert "Content-Encoding" not in response.headers
        assert response.headers["ETag"].strip('"') == hashlib.sha256(response.data).hexdigest()


def test_a_head_tells_size_and_digest_alone(client: FlaskClient) -> None:
    response = client.head(f"/downloads/1/{GEOPACKAGE}")
    assert (response.status_code, response.data) == (200, b"")
    assert int(response.headers["Content-Length"]) == files_of(client)[1]["bytes"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/downloads/1/0123456789ab/boundaries.geojson", 404),
        ("/downloads/1/0123456789/boundaries.geojson", 404),
        ("/downloads/1/boundaries.kml", 404),
        ("/downloads/1/map-element.html", 404),
        ("/downloads/1/boundaries.topojson", 404),
        ("/downloads/1/..%2f..%2fapp.py", 404),
        ("/downloads/1/boundaries.gpkg?v=1", 400),
        ("/downloads/1/manifest.json?v=1", 400),
        ("/downloads/2/boundaries.gpkg", 404),
        ("/downloads/2/manifest.json", 404),
        ("/downloads/2/datapackage.json", 404),
        ("/downloads/2/SHA256SUMS", 404),
        ("/downloads/1/SHA256SUMS?v=1", 400),
        ("/downloads/1/catchments-edition-2.gpkg", 404),
        ("/downloads/3/SHA256SUMS", 404),
        ("/downloads/3", 404),
        ("/downloads/3/boundaries.geojson", 404),
        ("/downloads/3/manifest.json", 404),
        ("/downloads/3/dcat.jsonld", 404),
        ("/downloads/9", 404),
        ("/downloads/9/boundaries.geojson", 404),
    ],
)
def test_what_is_not_there_says_so(client: FlaskClient, path: str, status: int) -> None:
    response = client.get(path, headers={"Accept": "application/json"})
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"


def test_bytes_that_are_gone_lead_to_those_that_took_their_place(client: FlaskClient) -> None:
    path = f"/downloads/1/0123456789ab/{GEOPACKAGE}"
    problem = client.get(path, headers={"Accept": "application/json"}).text
    assert f"/downloads/1/{GEOPACKAGE}" in problem


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_a_saved_file_tells_its_edition(name: str) -> None:
    saved = saved_as(12, name)
    assert "-edition-12." in saved
    assert Path(saved).suffix == Path(name).suffix


# --- in pieces ------------------------------------------------------------------------------------


def test_a_large_file_is_read_in_pieces_from_either_store(store: Store) -> None:
    content = bytes(range(256)) * (PIECE_BYTES // 100)
    store.add_release(small_release())
    publish_whole(store, small_edition(), artefacts=[Artefact("large", "text/plain", content)])
    artefacts = Artefacts(store)
    about = artefacts.about(1, "large")
    assert about is not None
    assert (about.size, about.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with ArtefactFile(artefacts, about) as file:
        pieces = list(iter(lambda: file.read(10 * PIECE_BYTES), b""))
        file.seek(-7, 2)
        assert (file.read(100), file.read(1)) == (content[-7:], b"")
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) == PIECE_BYTES


def test_a_file_that_is_made_anew_meanwhile_is_not_mixed_with_the_old(store: Store) -> None:
    store.add_release(small_release())
    publish_whole(store, small_edition(), artefacts=[Artefact("file", "text/plain", b"old")])
    artefacts = Artefacts(store)
    about = artefacts.about(1, "file")
    assert about is not None
    store.add_artefacts(1, [Artefact("file", "text/plain", b"new")], maker="2")
    with ArtefactFile(artefacts, about) as file, pytest.raises(NotKnown, match="made anew"):
        file.read()
    assert artefacts.about(1, "none") is None


# --- the page -------------------------------------------------------------------------------------


def test_the_page_links_to_every_file_and_says_what_it_is(client: FlaskClient) -> None:
    for path in ("/downloads", "/downloads/1"):
        page = client.get(path, headers={"Accept": "text/html"}).text
        for file in files_of(client):
            assert path_of(file["url"]) in page
            assert file["sha256"] in page
        assert "made of demonstration data" in page
        assert all(file.title in page for file in FILES)


def test_nobodys_text_is_markup_on_the_page(client: FlaskClient) -> None:
    page = client.get("/downloads").text
    assert "{{7*191}}&lt;/script&gt;" in page
    assert "<img src=x" not in page


def test_an_edition_whose_files_are_not_made_says_so_and_leads_to_others(
    client: FlaskClient,
) -> None:
    page = client.get("/downloads/2").text
    assert "have not been made yet" in page
    assert 'href="/downloads/1"' in page
    assert "/downloads/3" not in page


def test_lists_lead_to_the_page(client: FlaskClient) -> None:
    for path in ("/", "/catchments", "/catchment/AHI-1"):
        assert "/downloads" in client.get(path).text


def test_the_page_is_another_once_its_files_are_made(database: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(database, tmp_path / "copy.sqlite"))
    with running_application(copy) as app:
        client = app.test_client()
        before = client.get("/downloads").headers["ETag"]
        store = store_of(app)
        told = store.artefact(1, MANIFEST)
        assert told is not None
        changed = told.content.replace(files_of(client)[0]["sha256"].encode(), b"0" * 64)
        store.add_artefacts(1, [Artefact(MANIFEST, "application/json", changed)], maker="x")
        assert client.get("/downloads").headers["ETag"] != before


# --- for catalogues -------------------------------------------------------------------------------


def graph_of(client: FlaskClient, path: str) -> dict[str, list[Mapping[str, Any]]]:
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (200, "application/ld+json")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for thing in json.loads(response.data)["@graph"]:
        found.setdefault(thing["@type"], []).append(thing)
    return found


@pytest.mark.parametrize("path", ["/dcat.jsonld", "/downloads/1/dcat.jsonld"])
def test_a_catalogue_finds_each_file_with_its_checksum(client: FlaskClient, path: str) -> None:
    graph = graph_of(client, path)
    (catalogue,), (dataset,) = graph["dcat:Catalog"], graph["dcat:Dataset"]
    assert catalogue["dcat:dataset"] == [{"@id": dataset["@id"]}]
    names = {part["@id"] for part in dataset["dcat:distribution"]}
    assert names == {part["@id"] for part in graph["dcat:Distribution"]}
    for part, file in zip(graph["dcat:Distribution"], files_of(client), strict=True):
        assert part["dcat:downloadURL"]["@id"] == file["url"]
        assert part["spdx:checksum"]["spdx:checksumValue"]["@value"] == file["sha256"]
        assert part["dcat:byteSize"]["@value"] == str(file["bytes"])
        assert part["dct:format"]["rdfs:label"] == file["format"]


def test_a_catalogue_is_told_who_when_where_and_under_which_licence(client: FlaskClient) -> None:
    (dataset,) = graph_of(client, "/dcat.jsonld")["dcat:Dataset"]
    assert dataset["dct:publisher"]["foaf:name"] == "Nobody"
    assert dataset["dct:license"][0]["@id"].startswith("https://creativecommons.org/")
    period = dataset["dct:temporal"]
    assert period["dcat:startDate"]["@value"] == "2026-01-05"
    assert period["dcat:endDate"]["@value"] == "2026-06-30"
    assert "demonstration" in dataset["dcat:keyword"]
    assert "made up" in dataset["dct:description"]
    where = shapely.from_wkt(dataset["dct:spatial"]["dcat:bbox"]["@value"])
    assert where.bounds[::2] == (-180.0, 180.0)
    assert where.bounds[1] == min(s[1] for s in SQUARES.values())


def test_every_name_of_the_description_has_a_meaning(client: FlaskClient) -> None:
    told = client.get("/dcat.jsonld").data.decode()
    context = json.loads(told)["@context"]
    used = set(re.findall(r'"([a-z]+):[A-Za-z_0-9]+"', told))
    assert used <= set(context)


def test_an_edition_without_files_is_in_no_catalogue(client: FlaskClient) -> None:
    assert "dcat:Dataset" not in graph_of(client, "/downloads/2/dcat.jsonld")


def test_real_data_is_not_called_demonstration(tmp_path: Path) -> None:
    release = small_release(demonstration=False, number=1)
    edition = replace(small_edition(demonstration=False), number=1)
    material = ExportInput.of(Snapshot.of(edition, release))
    files = [file for file in FILES if file.format not in {"PDF", "PNG"}]
    contents = [file.make(material) for file in files]
    made = [Artefact(f.name, f.media_type, c) for f, c in zip(files, contents, strict=True)]
    told = Artefact(MANIFEST, "application/json", manifest(material, files, contents))
    with visited(tmp_path, edition, release=release, artefacts=[*made, told]) as client:
        for path in ("/downloads", "/downloads/1/manifest.json", "/dcat.jsonld"):
            assert "made up" not in client.get(path).text
            assert "emonstration data" not in client.get(path).text
    assert not [each.name for each in made if b"made up" in each.content]
