"""Answers replayed in front of the application: the same bytes, for as long as they are true."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, request_started
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments.runtime.new_zealand import today_in_new_zealand
from tests.laws import examples
from tests.worlds import (
    application,
    fill,
    lasting_headers,
    next_edition,
    opened,
    publish_whole,
    sqlite_url,
)

LONG_BEFORE_MIDNIGHT = SimpleNamespace(time=lambda: 0.0)
"""So that a test that runs at midnight does not find its answers about to go stale."""
ASKED = "/provider?school_id=54"


class Asked:
    """Counts the requests that reach the application itself."""

    def __init__(self, app: Flask) -> None:
        self.count = 0
        request_started.connect(self._one_more, app)

    def _one_more(self, _app: Flask) -> None:
        self.count += 1


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = sqlite_url(tmp_path / "kept.sqlite")
    fill(made)
    return made


@pytest.fixture
def app(url: str, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr("catchments.web.front.response_cache.time", LONG_BEFORE_MIDNIGHT)
    return application(url, today=today_in_new_zealand)


def test_a_school_is_answered_by_the_application_once(app: Flask) -> None:
    client, asked = app.test_client(), Asked(app)
    first, *others = [client.get(ASKED) for _ in range(5)]
    assert asked.count == 1
    for other in others:
        assert (other.status, other.data, lasting_headers(other)) == (
            first.status,
            first.data,
            lasting_headers(first),
        )


@pytest.mark.parametrize(
    "path",
    [
        "/provider?school_id=99999",
        "/provider?school_id=abc",
        "/provider?school_id=54&on=2026-03-03",
        "/provider?lat=-36&lng=174&on=2026-03-03",
        "/provider?lat=-91&lng=174",
        "/provider?lat=-36&lng=361",
        "/provider?lat=36&lng=174",
        "/provider?lat=174&lng=-36",
        "/provider?lat=+36&lng=174",
        "/provider?lat=-36",
        "/provider?school_id=1&school_id=54",
        "/healthz",
    ],
)
def test_anything_else_reaches_the_application_every_time(app: Flask, path: str) -> None:
    client, asked = app.test_client(), Asked(app)
    for _ in range(3):
        client.get(path)
    assert asked.count == 3


def test_a_client_that_has_the_answer_gets_304(app: Flask) -> None:
    client = app.test_client()
    tag = client.get(ASKED).headers["ETag"]
    assert client.get(ASKED, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(ASKED, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("question", ["school_id=54", "lat=-38.5&lng=174.5"])
def test_who_has_the_answer_is_told_so_by_the_application_once(app: Flask, question: str) -> None:
    client, path = app.test_client(), f"/v1/provider?{question}"
    known = {"If-None-Match": client.get(path).headers["ETag"]}
    asked = Asked(app)
    first, *others = [client.get(path, headers=known) for _ in range(4)]
    assert asked.count == 1
    for other in (*others, client.get("/v1/provider?school_id=60", headers=known)):
        assert (other.status_code, other.data) == (304, b"")
        assert sorted(lasting_headers(other)) == sorted(lasting_headers(first))


@pytest.mark.parametrize(
    ("question", "status"), [("school_id=99999", 404), ("lat=-38.5&lng=361", 400)]
)
def test_what_has_no_answer_is_never_unchanged(app: Flask, question: str, status: int) -> None:
    client = app.test_client()
    known = {"If-None-Match": client.get("/v1/provider?school_id=54").headers["ETag"]}
    assert client.get("/v1/provider?school_id=54", headers=known).status_code == 304
    assert client.get(f"/v1/provider?{question}", headers=known).status_code == status


@pytest.mark.parametrize("written", ["W/{}", '"x", {}', "*", " {} "])
def test_another_way_to_name_the_same_is_for_the_application(app: Flask, written: str) -> None:
    client = app.test_client()
    known = {"If-None-Match": written.format(client.get(ASKED).headers["ETag"])}
    statuses = [client.get(ASKED, headers=known).status_code for _ in range(2)]
    assert statuses == [304, 304]


def test_a_head_request_has_no_body_though_the_answer_is_kept(app: Flask) -> None:
    client = app.test_client()
    kept = client.get(ASKED)
    head = client.head(ASKED)
    assert (head.data, head.headers["ETag"]) == (b"", kept.headers["ETag"])


def test_a_publication_ends_what_was_kept(app: Flask, url: str) -> None:
    client = app.test_client()
    before = client.get(ASKED)
    assert client.get(ASKED, headers={"If-None-Match": before.headers["ETag"]}).status_code == 304
    with opened(url) as store:
        publish_whole(store, next_edition(today_in_new_zealand()))
    app.extensions["catchments"].snapshots.refresh()
    after = client.get(ASKED, headers={"If-None-Match": before.headers["ETag"]})
    assert (before.json["edition"]["number"], after.json["edition"]["number"]) == (1, 2)
    assert before.headers["ETag"] != after.headers["ETag"]


def test_a_new_day_ends_what_was_kept(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [date(2026, 3, 3)]
    monkeypatch.setattr("catchments.web.front.response_cache.time", LONG_BEFORE_MIDNIGHT)
    client = application(url, today=lambda: days[0]).test_client()
    assert client.get(ASKED).json["as_at"] == "2026-03-03"
    days[0] += timedelta(days=1)
    assert client.get(ASKED).json["as_at"] == "2026-03-04"


def test_nothing_is_kept_when_midnight_is_near(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catchments.web.front.response_cache.freshness_ends", lambda _world: 59.0)
    monkeypatch.setattr("catchments.web.front.response_cache.time", LONG_BEFORE_MIDNIGHT)
    app = application(url)
    client, asked = app.test_client(), Asked(app)
    for _ in range(3):
        client.get(ASKED)
    assert asked.count == 3


# --- points ---------------------------------------------------------------------------------------

degrees = st.floats(-180, 180).map(lambda value: f"{value:.6f}")
near = st.floats(-1, 1).map(lambda value: f"{175 + value:.6f}")


def test_points_are_answered_by_the_application_once_for_all(app: Flask) -> None:
    client, asked = app.test_client(), Asked(app)
    for lng in range(170, 180):
        assert client.get(f"/v1/provider?lat=-38.5&lng={lng}").status_code == 200
    assert asked.count == 1


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=examples(50),
)
@given(lng=st.one_of(degrees, near), lat=st.floats(-41, -37).map(lambda v: f"{v:.6f}"))
@pytest.mark.parametrize(
    "form", ["lat={lat}&lng={lng}", "lng={lng}&lat={lat}", "lat={lat}&lon={lng}"]
)
def test_a_point_is_answered_as_the_application_would(
    app: Flask, form: str, lng: str, lat: str
) -> None:
    client = app.test_client()
    client.get("/provider?lat=-38.5&lng=174.5")
    path = "/provider?" + form.format(lng=lng, lat=lat)
    quick = client.get(path)
    # Who names what it prefers is answered by the application itself.
    slow = client.get(path, headers={"Accept": "application/json;q=0.9"})
    assert quick.data == slow.data
    assert sorted(lasting_headers(quick)) == sorted(lasting_headers(slow))


def test_a_publication_ends_what_is_kept_for_points(app: Flask, url: str) -> None:
    client = app.test_client()
    before = [client.get("/provider?lat=-38.5&lng=175.5").json for _ in range(2)]
    with opened(url) as store:
        publish_whole(store, next_edition(today_in_new_zealand() - timedelta(days=1)))
    assert app.extensions["catchments"].snapshots.refresh()
    after = [client.get("/provider?lat=-38.5&lng=175.5").json for _ in range(2)]
    assert [answer["provider"]["code"] for answer in (*before, *after)] == [
        "P-RAKAU",
        "P-RAKAU",
        "P-AHI",
        "P-AHI",
    ]
