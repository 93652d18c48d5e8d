"""Addresses that the service gives of itself: whole where a form wants that, and nobody's but ours.

Anybody may write any host into a request; what names it must not be kept for others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.web.common.services import EXTENSION
from tests.worlds import running_application

PUBLIC = "https://finder.example/nz"
ELSEWHERE = {"Host": "evil.example"}
KEPT = [
    "/v1/schools?limit=1",
    "/v1/catchments?limit=1",
    "/v1/providers?limit=1",
    "/v1/editions",
    "/v1/changes",
    "/v1/openapi.json",
    "/v1/provider?school_id=54",
    "/problems/not-found",
]
FEEDS = ["/v1/changes.atom", "/changes.atom"]
WHOLE = [*FEEDS, "/api", "/ogc", "/ogc/openapi?f=json", "/ogc/collections/schools/items?limit=1"]


@pytest.fixture
def public(small_app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    running: Any = small_app.extensions[EXTENSION]
    settings = replace(running.settings, public_url=PUBLIC)
    monkeypatch.setitem(small_app.extensions, EXTENSION, replace(running, settings=settings))
    return small_app.test_client()


@pytest.mark.parametrize("path", [*KEPT, *WHOLE])
def test_what_is_kept_for_all_names_no_host_that_somebody_wrote(
    path: str, client: FlaskClient
) -> None:
    answer = client.get(path, headers=ELSEWHERE)
    assert answer.status_code == 200
    for_all = "no-store" not in answer.headers["Cache-Control"]
    assert for_all is (path not in WHOLE)
    assert ("evil.example" in answer.text) is (path in WHOLE)


@pytest.mark.parametrize("path", [*KEPT, *WHOLE])
def test_where_the_public_address_is_known_no_other_host_is_named(
    path: str, public: FlaskClient
) -> None:
    answer = public.get(path, headers=ELSEWHERE)
    assert "no-store" not in answer.headers["Cache-Control"]
    assert "evil.example" not in f"{answer.headers}{answer.text}"


def test_links_to_pages_beside_are_whole_where_the_public_address_is_known(
    public: FlaskClient,
) -> None:
    page = public.get("/v1/schools?limit=1&offset=1")
    for link in (page.json["next"], page.json["previous"]):
        assert link.startswith(f"{PUBLIC}/v1/schools?")
        assert link in page.headers["Link"]
    document = public.get("/v1/openapi.json").json
    assert document["servers"] == [{"url": PUBLIC}]


@pytest.mark.parametrize("path", WHOLE)
def test_nothing_of_one_host_is_told_at_another(path: str, client: FlaskClient) -> None:
    first = client.get(path, headers=ELSEWHERE)
    assert "evil.example" not in client.get(path).text
    again = client.get(path, headers={**ELSEWHERE, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert "no-store" in again.headers["Cache-Control"]


@pytest.mark.parametrize("path", FEEDS)
def test_every_link_of_the_feed_is_whole(path: str, client: FlaskClient) -> None:
    links = [part.split('"')[0] for part in client.get(path).text.split('href="')[1:]]
    assert links[0] == f"http://localhost{path}"
    assert all(link.startswith("http://localhost/") for link in links)


def test_the_document_is_the_same_whoever_asks_first(client: FlaskClient) -> None:
    first = client.get("/v1/openapi.json", headers=ELSEWHERE)
    assert json.loads(first.text)["servers"] == [{"url": "/"}]
    assert first.data == client.get("/v1/openapi.json").data


@pytest.fixture
def below(small_database: Path) -> Iterator[FlaskClient]:
    """The application as it is made where the public finds it below a path."""
    with running_application(small_database, public_url=PUBLIC) as made:
        yield made.test_client()


@pytest.mark.parametrize("asked", ["", "/nz"])
@pytest.mark.parametrize("path", ["/", "/school/54", "/map", "/v1/schools?limit=1", "/sitemap.xml"])
def test_below_a_path_every_link_has_it_whether_the_proxy_takes_it_off_or_not(
    asked: str, path: str, below: FlaskClient
) -> None:
    text = below.get(f"{asked}{path}").text
    links = [
        *re.findall(r'(?:href|src|action)="(/[^"]*)"', text),
        *re.findall('"(/v1[^"]*)"', text),
    ]
    assert [link for link in map("".join, links) if not link.startswith("/nz/")] == []
    assert "/nz/" in text
    slash = below.get(f"{asked}/map/")
    assert (slash.status_code, slash.headers["Location"]) == (308, f"{PUBLIC}/map")
