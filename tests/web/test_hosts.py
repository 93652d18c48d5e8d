"""Hosts that somebody writes into a request: answered only under known names, in nothing kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.errors import InputRefused
from catchments.core.settings import Settings
from catchments.web.common.services import EXTENSION
from catchments.web.front.hosts import KnownHosts
from tests.worlds import running_application

EVIL = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "evil",
    "X-Forwarded-Port": "6666",
    "X-Forwarded-Server": "evil.example",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
    "Forwarded": 'for=evil.example;host=evil.example;proto=evil;by="evil"',
}
KNOWN = ("finder.example", ".schools.example", "localhost", "127.0.0.1", "[::1]")
WITH_VALUES = (
    "/v1/provider?school_id=54",
    "/v1/provider?school_id=x",
    "/school/54",
    "/school/99999",
    "/map/",
    "/search?q=one",
    "/v1/schools/54",
    "/v1/schools?limit=1&offset=1",
    "/ogc/collections/schools/items?limit=1",
    "/ogc/collections/schools/items?f=html",
    "/history/1",
    "/nothing/here",
    "/static/../evil",
)


@pytest.fixture(scope="module")
def world(small_database: Path) -> Iterator[Flask]:
    with running_application(small_database) as made:
        yield made


def public_addresses(app: Flask) -> list[str]:
    plain = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments
    }
    return [*sorted(path for path in plain if not path.startswith("/staff")), *WITH_VALUES]


def test_no_address_keeps_a_host_that_somebody_wrote(world: Flask) -> None:
    client = world.test_client()
    told = {}
    for path in public_addresses(world):
        for accept in ("*/*", "text/html"):
            answer = client.get(path, headers={**EVIL, "Accept": accept}, buffered=True)
            if "no-store" not in answer.headers.get("Cache-Control", ""):
                told[path, accept] = f"{answer.headers}{answer.data!r}"
    assert len(told) > 40
    assert [at for at, text in told.items() if "evil" in text] == []


@pytest.fixture
def guarded(world: Flask) -> FlaskClient:
    return_to = world.wsgi_app
    world.wsgi_app = KnownHosts(world, return_to, KNOWN)  # type: ignore[method-assign]
    yield world.test_client()  # type: ignore[misc]
    world.wsgi_app = return_to  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("finder.example", 200),
        ("FINDER.example", 200),
        ("finder.example.", 200),
        ("finder.example:8443", 200),
        ("a.schools.example", 200),
        ("schools.example", 200),
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("finder.example.evil.example", 400),
        ("evilfinder.example", 400),
        ("evilschools.example", 400),
        ("finder.example:evil", 400),
        ("finder.example@evil.example", 400),
        ("finder.example,evil.example", 400),
        ("evil.example/finder.example", 400),
        ("[::2]", 400),
        ("", 400),
        ("localhost\tevil", 400),
    ],
)
def test_only_hosts_that_are_known_are_answered(
    host: str, status: int, guarded: FlaskClient
) -> None:
    for path in ("/v1/provider?school_id=54", "/", "/static/site.css"):
        answer = guarded.get(path, headers={"Host": host}, buffered=True)
        assert answer.status_code == status, path
        if status == 400:
            assert "no-store" in answer.headers["Cache-Control"]
            assert "evil" not in f"{answer.headers}{answer.text}"


def test_what_watches_a_server_may_ask_it_by_any_name(guarded: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert guarded.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.parametrize(
    ("environment", "hosts"),
    [
        ({}, ()),
        (
            {"CATCHMENTS_PUBLIC_URL": "https://finder.example:8443/nz"},
            ("finder.example", "localhost", "127.0.0.1", "[::1]"),
        ),
        (
            {"CATCHMENTS_TRUSTED_HOSTS": "a.example .b.example"},
            ("a.example", ".b.example", "localhost", "127.0.0.1", "[::1]"),
        ),
        (
            {"CATCHMENTS_PUBLIC_URL": "https://f.example", "CATCHMENTS_TRUSTED_HOSTS": "[2001::1]"},
            ("f.example", "[2001::1]", "localhost", "127.0.0.1", "[::1]"),
        ),
        ({"CATCHMENTS_PUBLIC_URL": "https://f.example", "CATCHMENTS_TRUSTED_HOSTS": "*"}, ()),
    ],
    ids=["none", "public", "named", "both", "any"],
)
def test_which_hosts_are_known_follows_from_the_public_address_or_is_said(
    environment: dict[str, str], hosts: tuple[str, ...]
) -> None:
    assert Settings.from_environment(environment).trusted_hosts == hosts


@pytest.mark.parametrize("text", ["https://a.example", "a.example:80", "a..b", "a.example *", "ä"])
def test_what_can_be_no_host_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputRefused, match="CATCHMENTS_TRUSTED_HOSTS names"):
        Settings.from_environment({"CATCHMENTS_TRUSTED_HOSTS": text})


# --- headers that every answer has ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("public_url", "https_only"),
    [
        ("", None),
        ("http://finder.example", None),
        ("https://finder.example", "max-age=31536000; includeSubDomains"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/v1/provider?school_id=54", "/nothing"])
def test_browsers_are_told_to_come_by_https_where_the_public_does(
    path: str, public_url: str, https_only: str | None, small_app: Flask, monkeypatch: Any
) -> None:
    running = small_app.extensions[EXTENSION]
    settings = replace(running.settings, public_url=public_url)
    monkeypatch.setitem(small_app.extensions, EXTENSION, replace(running, settings=settings))
    client = small_app.test_client()
    assert client.get(path).headers.get("Strict-Transport-Security") == https_only


def test_no_page_may_ask_a_browser_for_what_none_of_ours_does(client: FlaskClient) -> None:
    for path in ("/", "/map", "/staff/sign-in", "/v1/editions"):
        policy = client.get(path).headers["Permissions-Policy"]
        *nobody, last = policy.split(", ")
        assert all(re.fullmatch(r"[a-z-]+=\(\)", each) for each in nobody)
        assert last == "geolocation=(self)"  # the map's button


def test_pages_are_no_part_of_other_websites_and_answers_for_programs_may_be(
    client: FlaskClient,
) -> None:
    assert client.get("/").headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Cross-Origin-Resource-Policy" not in client.get("/v1/editions").headers


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "DEBUG", "EVIL"])
def test_odd_methods_are_refused_and_echo_nothing(method: str, client: FlaskClient) -> None:
    answer = client.open("/v1/editions", method=method, headers={"X-Secret": "evil"})
    assert answer.status_code == 405
    assert "evil" not in f"{answer.headers}{answer.text}".lower().replace('"evil"', "")


@pytest.mark.parametrize("path", ["/static/", "/static", "/leaflet/", "/downloads/"])
def test_no_folder_is_listed(path: str, client: FlaskClient) -> None:
    assert "Index of" not in client.get(path).text
    if path != "/downloads/":
        assert client.get(path).status_code == 404
