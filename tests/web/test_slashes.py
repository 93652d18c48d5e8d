"""Addresses with slashes too many lead to those without, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from catchments.core.model import Catchment
from catchments.core.settings import Settings
from catchments.web.common.services import EXTENSION, Services
from tests.laws import examples
from tests.worlds import AHI, small_edition, square, visited

ENDING = "END/"
"""The code of a catchment, which ends in a slash."""
LEADING = "//x"


@pytest.fixture(scope="module")
def slashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a world in which slashes belong to codes."""
    edition = small_edition()
    more = {code: Catchment(code, "Slashes") for code in (ENDING, LEADING, "A/B")}
    edition = small_edition(
        catchments={**edition.catchments, **more},
        boundaries={**edition.boundaries, **dict.fromkeys(more, square(AHI))},
    )
    with visited(tmp_path_factory.mktemp("slashed"), edition) as client:
        yield client


def get(client: FlaskClient, address: str) -> Response:
    """The answer to a path as it stands: a client takes what follows two slashes for a host."""
    path, _, query = address.partition("?")
    environ = create_environ("/", "http://localhost")
    environ |= {"PATH_INFO": unquote(path, "latin-1"), "QUERY_STRING": query}
    return Response.from_app(client.application, environ)


def addresses(app: Flask) -> list[str]:
    """Every address of the site that takes GET and needs nothing filled in."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return sorted(rule.rule for rule in rules if not rule.arguments)


FILLED = [
    "/v1/schools/54",
    "/v1/schools/54.json",
    f"/v1/catchments/{AHI}",
    f"/v1/catchments/{AHI}.geojson",
    "/v1/providers/P-AHI",
    "/v1/editions/1",
    f"/catchment/{AHI}",
    "/school/54",
    "/history/1",
    "/downloads/1/manifest.json",
    f"/ogc/collections/catchments/items/{AHI}",
    "/ogc/collections/schools/items/54",
    "/ogc/collections/schools",
]


def test_every_address_leads_on_from_a_slash_at_its_end(client: FlaskClient) -> None:
    there = set(addresses(client.application))
    found = [path for path in there if not path.endswith("/") and f"{path}/" not in there]
    assert {"/map", "/v1/schools", "/ogc/collections", "/staff/drafts"} <= set(found)
    for path in [*found, *FILLED]:
        for text in (f"{path}/", f"{path}//"):
            answer = client.get(text)
            assert (text, answer.status_code) == (text, 308)
            assert answer.headers["Location"] in {path, text[:-1]}
            assert client.head(text).status_code == 308


@pytest.mark.parametrize("path", ["/ogc", "/ogc/", "/", "//", "//map"])
def test_what_means_the_same_is_answered_at_once_where_programs_begin(
    path: str, client: FlaskClient
) -> None:
    answer = get(client, path)
    assert answer.status_code == 200
    answer.close()


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("/map/?on=2026-03-03&x=%2F%C4%81", "/map?on=2026-03-03&x=%2F%C4%81"),
        ("//map/", "/map"),
        ("/v1//schools?limit=2", "/v1/schools?limit=2"),
        ("//v1//schools//54//", "/v1/schools/54"),
        ("/ogc//collections/", "/ogc/collections"),
        ("/map/?next=//evil.example/", "/map?next=//evil.example/"),
    ],
)
def test_what_is_asked_stays_and_doubled_slashes_are_one(
    asked: str, meant: str, client: FlaskClient
) -> None:
    answer = get(client, asked)
    assert (answer.status_code, answer.headers["Location"]) == (308, meant)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("code", [ENDING, LEADING, "A/B"])
@pytest.mark.parametrize("path", ["/catchment/{}", "/v1/catchments/{}"])
def test_slashes_of_a_code_are_its_own(path: str, code: str, slashed: FlaskClient) -> None:
    quoted = path.format(quote(code, safe=""))
    assert slashed.get(quoted).status_code == 200
    item = f"/ogc/collections/catchments/items/{quote(code, safe='')}"
    assert slashed.get(item).json["id"] == code
    assert slashed.get(f"/v1/catchments/{quote(AHI)}/").status_code == 308


def test_of_several_slashes_the_last_alone_may_be_too_many(slashed: FlaskClient) -> None:
    found = get(slashed, f"/v1/catchments/{ENDING}/")
    assert (found.status_code, found.headers["Location"]) == (308, f"/v1/catchments/{ENDING}")


def test_a_code_that_is_none_is_not_found_in_the_end(client: FlaskClient) -> None:
    answer = client.get("/v1/catchments/nowhere/", follow_redirects=True)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        "//evil.example/",
        "//evil.example",
        "///evil.example//",
        "//evil.example/map/",
        "/%5Cevil.example/",
        "/%5C/evil.example/",
        "//%5Cevil.example/%2e%2e/",
        "/%0d%0aLocation:%20//evil.example/",
        "/http://evil.example/",
        "//evil.example%2Fmap/",
    ],
)
def test_no_address_leads_to_another_host(asked: str, client: FlaskClient) -> None:
    answer = get(client, asked)
    assert (answer.status_code, answer.headers.get("Location")) == (404, None)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                "/",
                "\\",
                "map",
                "v1",
                "catchments",
                "..",
                ".",
                "evil.example",
                "@",
                ":",
                "?",
                "#",
                "\t",
                "\r\n",
                "ā",
            ]
        ),
        max_size=9,
    )
)
def test_wherever_it_leads_it_is_this_site(client: FlaskClient, parts: list[str]) -> None:
    answer = get(client, f"/{quote(''.join(parts), safe='/')}/")
    told = urlsplit(answer.headers.get("Location", "/"))
    assert (told.scheme, told.netloc) == ("", "")
    assert told.path.startswith("/")
    assert not told.path.startswith("//")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/providers:resolve/", "/v1//providers:resolve", "/map/"])
def test_nothing_but_get_and_head_is_led_on(method: str, path: str, client: FlaskClient) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code in {404, 405}
    assert "Location" not in answer.headers


def test_below_another_address_it_leads_there(small_app: Flask, client: FlaskClient) -> None:
    below = client.get("/map/?a=1", base_url="http://find.example/nz")
    assert below.headers["Location"] == "/nz/map?a=1"
    running = small_app.extensions[EXTENSION]
    public = Settings(database_url="", public_url="https://attendance.example/nz")
    small_app.extensions[EXTENSION] = Services(public, running.store, running.snapshots)
    try:
        answer = client.get("/v1/schools/?limit=2", headers={"Host": "evil.example"})
    finally:
        small_app.extensions[EXTENSION] = running
    assert answer.headers["Location"] == "https://attendance.example/nz/v1/schools?limit=2"


def test_a_program_of_another_site_may_follow(client: FlaskClient) -> None:
    answer = client.get("/v1/schools/", headers={"Origin": "https://other.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
