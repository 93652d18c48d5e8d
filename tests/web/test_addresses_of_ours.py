"""Addresses that the service gives of itself: whole where a form wants that, and nobody's but ours.

Anybody may write any host into a request; what names it must not be kept for others.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.web.common.services import EXTENSION

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
    for_all = "private" not in answer.headers["Cache-Control"]
    assert for_all is (path not in WHOLE)
    assert ("evil.example" in answer.text) is (path in WHOLE)


@pytest.mark.parametrize("path", [*KEPT, *WHOLE])
def test_where_the_public_address_is_known_no_other_host_is_named(
    path: str, public: FlaskClient
) -> None:
    answer = public.get(path, headers=ELSEWHERE)
    assert "private" not in answer.headers["Cache-Control"]
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
    assert "private" in again.headers["Cache-Control"]


@pytest.mark.parametrize("path", FEEDS)
def test_every_link_of_the_feed_is_whole(path: str, client: FlaskClient) -> None:
    links = [part.split('"')[0] for part in client.get(path).text.split('href="')[1:]]
    assert links[0] == f"http://localhost{path}"
    assert all(link.startswith("http://localhost/") for link in links)


def test_the_document_is_the_same_whoever_asks_first(client: FlaskClient) -> None:
    first = client.get("/v1/openapi.json", headers=ELSEWHERE)
    assert json.loads(first.text)["servers"] == [{"url": "/"}]
    assert first.data == client.get("/v1/openapi.json").data
