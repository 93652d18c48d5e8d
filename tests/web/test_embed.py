"""/embed: the search box and its answer in the frame of a website that a setting names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from catchments.core.errors import InputRefused
from catchments.core.settings import Settings
from catchments.web.common.security import CONTENT_SECURITY_POLICY
from catchments.web.common.services import EXTENSION
from tests.worlds import AHI, visited

SCHOOL = "https://school.example"


@contextmanager
def embedding(tmp_path: Path, *origins: str) -> Iterator[FlaskClient]:
    with visited(tmp_path) as client:
        held = client.application.extensions[EXTENSION]
        settings = replace(held.settings, embed_on=origins)
        client.application.extensions[EXTENSION] = replace(held, settings=settings)
        yield client


def test_it_is_not_there_unless_a_website_is_allowed(client):
    response = client.get("/embed", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert "CATCHMENTS_EMBED_ON" in response.text
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    "path", ["/embed", "/embed?q=st+josephs", "/embed?q=zzz", "/embed?q=", "/embed?school=54"]
)
def test_allowed_websites_may_frame_it_and_nobody_else(path, tmp_path):
    with embedding(tmp_path, SCHOOL, "https://*.school.nz") as client:
        response = client.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Security-Policy"].endswith(
        f"; frame-ancestors {SCHOOL} https://*.school.nz"
    )
    assert "<nav" not in response.text


@pytest.mark.parametrize(
    "path", ["/", "/school/54", "/map", "/catchments", "/provider?school_id=54"]
)
def test_nothing_else_may_be_framed(path, tmp_path):
    with embedding(tmp_path, SCHOOL) as client:
        response = client.get(path)
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_one_stays_in_the_frame_from_search_to_answer(tmp_path):
    with embedding(tmp_path, SCHOOL) as client:
        assert client.get("/embed?q=kura+o+ahi").location == "/embed?school=54"
        several = client.get("/embed?q=st+josephs").text
        answer = client.get("/embed?school=54").text
    assert 'href="/embed?school=55"' in several
    assert 'href="/school/55"' not in several
    assert "tel:0800000000" in answer
    assert f"/catchment/{AHI}" not in answer
    assert 'action="/embed"' in answer


def test_a_school_that_is_not_known_is_said_in_the_frame(tmp_path):
    with embedding(tmp_path, SCHOOL) as client:
        response = client.get("/embed?school=99", headers={"Accept": "text/html"})
    assert response.status_code == 404
    assert SCHOOL in response.headers["Content-Security-Policy"]


def test_the_setting_takes_several_origins():
    given = {"CATCHMENTS_EMBED_ON": "https://a.example  http://localhost:8080 https://*.school.nz"}
    assert Settings.from_environment(given).embed_on == (
        "https://a.example",
        "http://localhost:8080",
        "https://*.school.nz",
    )
    assert Settings.from_environment({}).embed_on == ()


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "school.example",
        "https://a.example/path",
        "https://a;script-src",
        "javascript:1",
        "'self'",
    ],
)
def test_what_is_no_origin_is_refused_before_it_gets_into_a_header(origin):
    with pytest.raises(InputRefused) as refused:
        Settings.from_environment({"CATCHMENTS_EMBED_ON": origin})
    assert refused.value.field == "CATCHMENTS_EMBED_ON"
