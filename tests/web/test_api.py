"""/provider and what watches it, as another service meets them."""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catchments import __version__
from catchments.core.site_owner import SETTINGS
from catchments.lookup.values import SCHOOL_NUMBER_ALLOWED
from catchments.runtime.fence import walls
from catchments.runtime.fence.plans import Standing
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME
from catchments.store import StoreUnavailable
from catchments.web.common import cache_control
from catchments.web.common.security import CONTENT_SECURITY_POLICY
from catchments.web.common.services import EXTENSION
from tests.laws import examples
from tests.worked_out import is_worked_out
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    REKOHU,
    RIMU,
    STARTS,
    TODAY,
    TOTARA,
    fill,
    lasting_headers,
    next_edition,
    opened,
    overlapping_edition,
    publish_whole,
    running_application,
    small_edition,
    small_release,
    sqlite_url,
    visited,
    withdraw,
)

PROBLEM = "application/problem+json"
FIELDS = [
    "status",
    "sentence",
    "basis",
    "school",
    "place",
    "catchment",
    "provider",
    "distance_m",
    "in_school_provision",
    "candidates",
    "notices",
    "upcoming",
    "edition",
    "directory_release",
    "demonstration",
    "sources",
    "alternatives",
    "as_at",
]
SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def ask(client: FlaskClient, query: str, **headers: str) -> Any:
    return client.get(
        f"/provider?{query}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


# --- questions and answers ------------------------------------------------------------------------

ANSWERS: list[tuple[str, str, str | None, str | None, list[str]]] = [
    # question, status, basis, catchment, codes of the notices
    ("school_id=54", "resolved", "listed", AHI, []),
    ("school_id=0054", "resolved", "listed", AHI, []),
    ("school_id=56", "resolved", "located", TOTARA, []),
    ("school_id=57", "resolved", "listed", RIMU, []),
    ("school_id=58", "resolved", "nearest", KOWHAI, []),
    ("school_id=59", "resolved", "located", AHI, ["closed-school"]),
    ("school_id=60", "resolved", "located", KOWHAI, ["proposed-school"]),
    ("school_id=61", "resolved", "located", AHI, ["on-boundary"]),
    ("school_id=62", "resolved", "located", RIMU, []),
    ("school_id=62&on=2026-04-16", "resolved", "located", RIMU, []),
    ("school_id=62&on=2026-04-17", "resolved", "located", RIMU, ["closed-school"]),
    ("school_id=60&on=2027-01-31", "resolved", "located", KOWHAI, ["proposed-school"]),
    ("school_id=60&on=2027-02-01", "resolved", "located", KOWHAI, []),
    ("school_id=63", "unresolved", None, None, ["no-place", "proposed-school"]),
    ("school_id=64", "resolved", "located", REKOHU, []),
    ("school_id=498", "unresolved", None, None, ["unserved"]),
    ("school_id=3553", "resolved", "located", REKOHU, []),
    ("school_id=54&on=2026-01-04", "unresolved", None, None, ["before-first-edition"]),
    ("school_id=54&on=2026-01-05", "resolved", "listed", AHI, ["directory-later-than-date"]),
    ("school_id=54&on=2026-01-31", "resolved", "listed", AHI, ["directory-later-than-date"]),
    ("school_id=54&on=2026-02-01", "resolved", "listed", AHI, []),
    ("school_id=54&on=9999-12-31", "resolved", "listed", AHI, []),
    ("school_id=54&on=0001-01-01", "unresolved", None, None, ["before-first-edition"]),
    ("lat=-38.5&lng=174.5", "resolved", "located", AHI, []),
    ("lat=-38.5&lon=174.5", "resolved", "located", AHI, []),
    ("lng=174.5&lat=-38.5", "resolved", "located", AHI, []),
    ("lat=-38.50000&lng=%2B174.5", "resolved", "located", AHI, []),
    ("lat=-44&lng=-176.5", "resolved", "located", REKOHU, []),
    ("lat=-39&lng=175", "resolved", "located", AHI, ["on-boundary"]),
    ("lat=-38.5&lng=174.9995", "resolved", "located", AHI, ["near-boundary"]),
    ("lat=-38.5&lng=175.0005", "resolved", "located", KOWHAI, ["near-boundary"]),
    ("lat=-38.5&lng=176.05", "resolved", "nearest", KOWHAI, []),
    ("lat=-38.5&lng=176.07", "unresolved", None, None, ["outside"]),
    ("lat=0&lng=0", "unresolved", None, None, ["outside"]),
    ("lat=90&lng=180", "unresolved", None, None, ["outside"]),
    ("lat=-90&lng=-180", "unresolved", None, None, ["outside"]),
    ("lat=-38.5&lng=174.5&on=2026-01-04", "unresolved", None, None, ["before-first-edition"]),
]


@pytest.mark.parametrize(("query", "status", "basis", "catchment", "notices"), ANSWERS)
def test_a_question_is_answered(
    query: str,
    status: str,
    basis: str | None,
    catchment: str | None,
    notices: list[str],
    client: FlaskClient,
) -> None:
    response = ask(client, query)
    body = response.get_json()
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert sorted(body) == sorted(FIELDS)
    assert (body["status"], body["basis"]) == (status, basis)
    assert (body["catchment"] or {}).get("code") == catchment
    assert [notice["code"] for notice in body["notices"]] == notices
    assert bool(body["provider"]) == (status == "resolved")
    assert body["demonstration"] is True
    assert body["sentence"].endswith(".")


def test_an_answer_says_all_that_it_rests_on(client: FlaskClient) -> None:
    body = ask(client, "school_id=54").get_json()
    assert body["school"] == {
        "school_id": 54,
        "name": "Kura o Ahi",
        "status": "open",
        "type": None,
        "address": None,
        "suburb": None,
        "town": "Ahitown",
        "education_region": None,
        "place": {"lng": 174.5, "lat": -38.5},
    }
    assert body["provider"] == {
        "code": "P-AHI",
        "name": "Ahi Trust",
        "phone": "0800 000 000",
        "email": "kia@ahi.example",
        "website": None,
    }
    assert body["in_school_provision"] == {"note": "Funded for 30 students in 2026"}
    assert body["edition"] == {"number": 1, "title": "Squares", "effective_from": "2026-01-05"}
    assert body["directory_release"] == {"number": 1, "released": "2026-02-01"}
    assert body["as_at"] == "2026-03-03"
    assert {s["kind"] for s in body["sources"]} == {
        "boundaries",
        "providers",
        "listings",
        "school directory",
    }
    assert all(s["authority"] and s["licence"] for s in body["sources"])


def test_a_distance_is_said_in_whole_metres(client: FlaskClient) -> None:
    assert ask(client, "school_id=58").get_json()["distance_m"] == pytest.approx(1743, abs=3)
    assert ask(client, "school_id=54").get_json()["distance_m"] is None


def test_a_place_in_two_catchments_is_ambiguous(tmp_path: Path) -> None:
    with visited(tmp_path, overlapping_edition()) as client:
        response = ask(client, "lat=-38.6&lng=175.1")
    body = response.get_json()
    assert (response.status_code, body["status"]) == (200, "ambiguous")
    assert [c["catchment"]["code"] for c in body["candidates"]] == [AHI, KOWHAI]
    assert [c["provider"]["name"] for c in body["candidates"]] == ["Ahi Trust", "Ngā Rākau"]
    assert (body["provider"], body["catchment"], body["basis"]) == (None, None, None)


@pytest.mark.parametrize("number", ["0", "1", "99", "999999999"])
def test_an_unknown_school_is_not_found(number: str, client: FlaskClient) -> None:
    for query in (f"school_id={number}", f"school_id={number}&on=2020-01-01"):
        response = ask(client, query)
        body = response.get_json()
        assert response.status_code == body["status"] == 404
        assert response.mimetype == PROBLEM
        assert body["detail"] == f"There is no school with the number {number}."
        assert body["demonstration"] is True  # the real directory may well have it
        assert response.headers["Cache-Control"] == "no-store"


# --- questions that cannot be answered as they are asked ------------------------------------------

REFUSED: list[tuple[str, str, str]] = [
    # question, parameter, allowed form
    ("", "school_id", "Give school_id, or lat and lng, or address."),
    ("on=2026-03-03", "school_id", "Give school_id, or lat and lng, or address."),
    ("lat=-38.5", "lng", "A point needs both lat and lng, in WGS 84 decimal degrees."),
    ("lng=174.5", "lat", "A point needs both lat and lng, in WGS 84 decimal degrees."),
    ("lon=174.5", "lat", "A point needs both lat and lng, in WGS 84 decimal degrees."),
    ("school_id=54&school_id=55", "school_id", "Each parameter may be given once."),
    ("school_id=54&school_id=54", "school_id", "Each parameter may be given once."),
    ("lat=1&lat=2&lng=3", "lat", "Each parameter may be given once."),
    ("school_id=54&on=2026-03-03&on=2026-03-04", "on", "Each parameter may be given once."),
    ("school_id=54&school=54", "school", "Allowed are address, lat, lng, lon, on, school_id."),
    ("SCHOOL_ID=54&school_id=54", "school_id", "They mean the same; give one of them."),
    ("id=54", "id", "Allowed are address, lat, lng, lon, on, school_id."),
    ("school_id=54&", "", ""),
    ("school_id=54&=", "", "Allowed are address, lat, lng, lon, on, school_id."),
    (
        "school_id=54&lat=-38.5",
        "lat",
        "Give school_id, or lat and lng, or address: one of the three.",
    ),
    (
        "school_id=54&lat=-38.5&lng=174.5",
        "lat",
        "Give school_id, or lat and lng, or address: one of the three.",
    ),
    (
        "school_id=54&lon=174.5",
        "lon",
        "Give school_id, or lat and lng, or address: one of the three.",
    ),
    ("lat=-38.5&lng=174.5&lon=174.5", "lon", "They mean the same; give one of them."),
]
NUMBERS = (
    "abc",
    "1e5",
    "٣",
    "-1",
    "54.5",
    "",
    "NaN",
    "+54",
    "0x36",
    "5_4",
    "１",
    "1234567890",
)
DEGREES = (
    "abc",
    "1e999",
    "٣",
    "",
    "NaN",
    "inf",
    "-",
    ".",
    "1_0",
    "0x1",
    "--1",
    "1234",
)
DATES = (
    "2026-02-30",
    "20260303",
    "2026-3-3",
    "03/03/2026",
    "2026-03-03T00:00",
    "2026-W10-2",
    "today",
    "",
    "0000-01-01",
    "-2026-01-01",
    "2026-13-01",
    "٢٠٢٦-٠٣-٠٣",
)
REFUSED += [
    (
        urlencode({"school_id": text}),
        "school_id",
        SCHOOL_NUMBER_ALLOWED,
    )
    for text in NUMBERS
]
REFUSED += [
    (urlencode({"lat": text, "lng": "1"}), "lat", "It must be a number of degrees from -90 to 90.")
    for text in (*DEGREES, "91", "-90.0001", "999")
]
REFUSED += [
    (urlencode({"lat": "1", name: text}), name, "It must be a number of degrees from -180 to 360.")
    for name in ("lng", "lon")
    for text in (*DEGREES, "361", "-180.00001", "360.5")
]
REFUSED += [
    (
        urlencode({"school_id": "54", "on": text}),
        "on",
        "It must be a date of the calendar as YYYY-MM-DD.",
    )
    for text in DATES
]
REFUSED = [row for row in REFUSED if row[2]]


@pytest.mark.parametrize(("query", "parameter", "allowed"), REFUSED)
def test_a_question_that_cannot_be_answered_names_the_parameter_and_the_allowed_form(
    query: str, parameter: str, allowed: str, client: FlaskClient
) -> None:
    response = ask(client, query)
    body = response.get_json()
    assert (response.status_code, response.mimetype) == (400, PROBLEM)
    assert body["type"].startswith("/problems/")
    assert body["status"] == 400
    assert body["title"]
    assert body.get("parameter", "") == parameter
    assert parameter in body["detail"]
    assert body["allowed"] == allowed
    assert body["next_step"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "kind", "meant"),
    [
        ("lat=174.5&lng=-38.5", "swapped-coordinates", "/v1/provider?lng=174.5&lat=-38.5."),
        ("lat=183.5&lon=-44", "swapped-coordinates", "/v1/provider?lng=183.5&lat=-44."),
        ("lat=38.50&lng=174.5", "missing-sign", "/v1/provider?lng=174.5&lat=-38.5."),
        (
            "lat=38.5&lng=174.5&on=2026-03-03",
            "missing-sign",
            "/v1/provider?lng=174.5&lat=-38.5&on=2026-03-03.",
        ),
    ],
)
def test_a_point_that_is_mistaken_is_refused_with_the_question_that_may_be_meant(
    query: str, kind: str, meant: str, client: FlaskClient
) -> None:
    for _ in range(2):  # the second time what stands in front of the application may answer
        body = ask(client, query).get_json()
        assert (body["status"], body["type"].rpartition("/")[2]) == (400, kind)
        assert body["parameter"] == "lat"
        assert body["next_step"] == f"If that is so, ask {meant}"
        ask(client, "lat=-38.5&lng=174.5")
    address = body["next_step"].rpartition(" ")[2].removesuffix(".")
    assert client.get(address).get_json()["status"] == "resolved"


def test_a_decimal_comma_is_named_as_such(client: FlaskClient) -> None:
    body = ask(client, "lat=-38,5&lng=174,5").get_json()
    assert "a comma where a decimal point belongs" in body["detail"]


# --- methods and forms ----------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["school_id=54", "lat=-38.5&lng=174.5", "school_id=99", ""])
def test_head_says_what_get_says_without_the_body(query: str, client: FlaskClient) -> None:
    got, headed = ask(client, query), client.head(f"/provider?{query}")
    assert headed.status_code == got.status_code
    assert headed.data == b""
    assert lasting_headers(headed) == lasting_headers(got)


def test_options_says_what_is_allowed(client: FlaskClient) -> None:
    response = client.options("/provider")
    assert response.status_code == 200
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/provider", "/", "/map", "/catchments", "/school/54", "/healthz"]
)
def test_other_methods_are_refused_with_those_allowed(
    method: str, path: str, client: FlaskClient
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


ACCEPTS = [
    ("/provider", None, PROBLEM),
    ("/provider", "*/*", PROBLEM),
    ("/provider", "application/json", PROBLEM),
    ("/provider", "application/problem+json", PROBLEM),
    ("/provider", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
    ("/provider", "image/png", PROBLEM),
    ("/provider", "nonsense", PROBLEM),
    ("/school/99", None, "text/html"),
    ("/school/99", "*/*", "text/html"),
    ("/school/99", "text/html,*/*;q=0.8", "text/html"),
    ("/school/99", "application/json", PROBLEM),
    ("/nowhere", None, "text/html"),
    ("/nowhere", "application/json", PROBLEM),
    ("/map?school=abc", "application/problem+json", PROBLEM),
]


@pytest.mark.parametrize(("path", "accept", "expected"), ACCEPTS)
def test_a_problem_comes_in_the_form_that_the_client_reads(
    path: str, accept: str | None, expected: str, client: FlaskClient
) -> None:
    response = client.get(path, headers={"Accept": accept} if accept else {})
    assert 400 <= response.status_code < 500
    assert response.mimetype == expected
    assert "Accept" in response.headers["Vary"]
    if expected == "text/html":
        assert "<h1>" in response.text
        assert "Error:" not in response.text  # a person did nothing wrong by following a link


def test_other_websites_may_ask(client: FlaskClient) -> None:
    for query in ("school_id=54", "school_id=99", "school_id=abc"):
        assert ask(client, query).headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/provider?school_id=54",
        "/provider?school_id=99",
        "/provider",
        "/school/54",
        "/school/99",
        "/map",
        "/map.js",
        "/catchments",
        "/nowhere",
        "/healthz",
        "/readyz",
        "/static/site.css",
        "/static/none.css",
        "/?q=Ahi",
        "/leaflet/1.9.3/leaflet.js",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_security_headers_are_on_every_response(
    path: str, method: str, client: FlaskClient
) -> None:
    response = client.open(path, method=method)
    for name, value in SECURITY.items():
        assert response.headers.getlist(name) == [value]
    response.close()


# --- caching --------------------------------------------------------------------------------------


class Clock:
    """A clock in New Zealand that a test sets; caching and snapshots read it."""

    def __init__(self, when: datetime) -> None:
        self.when = when

    @classmethod
    def at(cls, text: str) -> Clock:
        return cls(datetime.fromisoformat(text).replace(tzinfo=NEW_ZEALAND_TIME))

    def today(self) -> date:
        return self.when.date()

    def time(self) -> float:
        return self.when.timestamp()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock.at("2026-03-03T12:00:00")
    monkeypatch.setattr(cache_control, "time", SimpleNamespace(time=made.time))
    return made


@pytest.fixture
def ticking(clock: Clock, small_copy: Path) -> Iterator[Flask]:
    """The application on a copy of the small world, on the clock of the test."""
    with running_application(small_copy, today=clock.today) as app:
        yield app


def max_age(response: Any) -> int:
    assert not response.cache_control.private
    return int(response.cache_control.max_age)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-03-03T00:00:00", 60),
        ("2026-03-03T12:00:00", 60),
        ("2026-03-03T23:58:59", 60),
        ("2026-03-03T23:59:00", 60),
        ("2026-03-03T23:59:01", 59),
        ("2026-03-03T23:59:59", 1),
        # Clocks go back at 3:00 on 5 April and forward at 2:00 on 27 September.
        ("2026-04-05T23:59:30", 30),
        ("2026-04-04T23:59:50", 10),
        ("2026-09-26T23:59:45", 15),
        ("2026-09-27T23:59:15", 45),
    ],
)
def test_nothing_is_kept_past_midnight_in_new_zealand(
    when: str, expected: int, clock: Clock, ticking: Flask
) -> None:
    clock.when = Clock.at(when).when
    client = ticking.test_client()
    for path in (
        "/provider?school_id=54",
        "/provider?lat=-38.5&lng=174.5",
        "/school/54",
        "/",
        "/map",
    ):
        assert max_age(client.get(path)) == expected


@settings(max_examples=examples(40), suppress_health_check=list(HealthCheck))
@given(seconds=st.integers(0, 3 * 86_400), scheduled=st.integers(1, 3))
def test_freshness_never_reaches_past_the_next_scheduled_edition(
    seconds: int, scheduled: int, clock: Clock, two_editions: dict[int, Flask]
) -> None:
    clock.when = Clock.at("2026-03-03T00:00:00").when + timedelta(seconds=seconds)
    begins = datetime(2026, 3, 3 + scheduled, tzinfo=NEW_ZEALAND_TIME)
    client = two_editions[scheduled].test_client()
    response = ask(client, "school_id=55")
    expires = clock.when + timedelta(seconds=max_age(response))
    body = response.get_json()
    assert body["as_at"] == clock.today().isoformat()
    assert body["edition"]["number"] == (1 if clock.when < begins else 2)
    assert not clock.when < begins < expires


@pytest.fixture
def two_editions(clock: Clock, tmp_path: Path) -> Iterator[dict[int, Flask]]:
    """Applications in which a second edition begins one, two or three days after 3 March."""
    running = []
    apps = {}
    for days in (1, 2, 3):
        url = sqlite_url(tmp_path / f"{days}.sqlite")
        fill(url, small_edition(), next_edition(TODAY + timedelta(days=days)))
        running.append(running_application(url, today=clock.today))
        apps[days] = running[-1].__enter__()
    yield apps
    for one in running:
        one.__exit__(None, None, None)


PATHS = (
    "/provider?school_id=54",
    "/provider?lat=-38.5&lng=174.5",
    "/school/54",
    "/map",
    "/catchments",
    "/",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
def test_what_the_client_has_already_is_not_sent_again(
    path: str, encoding: str, client: FlaskClient
) -> None:
    asked = {"Accept-Encoding": encoding}
    first = client.get(path, headers=asked)
    again = client.get(path, headers={**asked, "If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    for other in ('"other"', 'W/"other"', '"a", "b"', "nonsense"):
        assert client.get(path, headers={**asked, "If-None-Match": other}).status_code == 200
    assert client.get(path, headers={**asked, "If-None-Match": "*"}).status_code == 304
    several = f'"x", {first.headers["ETag"]}, W/"y"'
    assert client.get(path, headers={**asked, "If-None-Match": several}).status_code == 304


def etags(client: FlaskClient) -> list[str]:
    found = [client.get(path).headers["ETag"] for path in PATHS]
    assert all(tag.startswith('"') and tag.endswith('"') for tag in found)
    return found


def changed_everywhere(before: list[str], after: list[str]) -> bool:
    return all(a != b for a, b in zip(before, after, strict=True))


def test_an_etag_changes_with_whatever_may_change_an_answer(
    clock: Clock, ticking: Flask, small_copy: Path
) -> None:
    client = ticking.test_client()
    snapshots = ticking.extensions[EXTENSION].snapshots
    seen = [etags(client)]
    assert etags(client) == seen[0]

    def then() -> None:
        assert snapshots.refresh()
        seen.append(etags(client))
        assert changed_everywhere(seen[-2], seen[-1])

    with opened(small_copy) as store:
        publish_whole(store, small_edition(title="Again", effective_from=STARTS))
        then()
        publish_whole(store, next_edition(TODAY + timedelta(days=10)))
        then()
        withdraw(store, 3)
        then()
        store.add_release(small_release())
        then()
    clock.when += timedelta(days=1)
    seen.append(etags(client))
    assert changed_everywhere(seen[-2], seen[-1])


def test_a_scheduled_edition_is_answered_from_when_its_day_comes(
    clock: Clock, tmp_path: Path
) -> None:
    begins = TODAY + timedelta(days=1)
    with visited(tmp_path, small_edition(), next_edition(begins), today=clock.today) as client:
        first = ask(client, "school_id=55")
        assert first.get_json()["provider"]["name"] == "Ngā Rākau"
        assert first.get_json()["upcoming"] == {
            "effective_from": "2026-03-04",
            "edition": 2,
            "catchment": first.get_json()["catchment"],
            "provider": ask(client, "school_id=54").get_json()["provider"],
            "sentence": "From 4 March 2026 it is served by Ahi Trust, in the Kōwhai catchment.",
        }
        days = {
            day: ask(client, f"school_id=55&on={day}").get_json()["edition"]["number"]
            for day in (STARTS, TODAY, begins, begins + timedelta(days=400))
        }
        assert list(days.values()) == [1, 1, 2, 2]
        clock.when = Clock.at("2026-03-04T00:00:00").when
        then = ask(client, "school_id=55")
        assert then.get_json()["provider"]["name"] == "Ahi Trust"
        assert then.get_json()["upcoming"] is None
        assert then.headers["ETag"] != first.headers["ETag"]


def test_an_answer_that_only_a_date_apart_asks_for_has_another_etag(client: FlaskClient) -> None:
    days = ("2026-01-04", "2026-01-05", "2026-03-03", "2026-03-04")
    tags = {ask(client, f"school_id=54&on={day}").headers["ETag"] for day in days}
    assert len(tags) == len(days)


# --- hostile text ---------------------------------------------------------------------------------

LONG = 1_000_000
TOO_LONG = "a megabyte"  # no server takes so long an address; ten cost the client seconds
TEXTS = {
    "a template": "{{7*191}}",
    "a template's way out": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "an end of script": "</script><script>alert(1)</script>",
    "an attribute": '"><img src=x onerror=alert(1)>',
    "SQL": "' OR 1=1 --",
    "a drop": "1; DROP TABLE edition",
    TOO_LONG: "A" * LONG,
    "five thousand digits": "9" * 5_000,
    "combining marks": "e" + "\u0301" * 5_000,
    "NUL": "a\0b",
    "emoji": "🏫👩🏽‍🏫",
    "marks from right to left": "\u202e\u2067 54 \u2069",
    "lines": "54\r\nSet-Cookie: a=b",
    "a path": "../../../../etc/passwd",
    "Arabic digits": "٥٤",
    "half a character": b"\xff\xfe\xc3",
    "a percent sign": "%",
    "format": "%s%n{0}{a}",
}
QUERIES = [
    ("/", "q"),
    ("/provider", "school_id"),
    ("/provider", "lat"),
    ("/provider", "lng"),
    ("/provider", "lon"),
    ("/provider", "on"),
    ("/school/54", "on"),
    ("/catchments", "on"),
    ("/map", "school"),
    ("/map", "catchment"),
]
SEGMENTS = [
    "/school/{}",
    "/map/data/{}/boundaries.topojson",
    "/map/data/{}/1/catchments.json",
    "/map/data/1/{}/schools.json",
    "/downloads/{}/boundaries.geojson",
    "/leaflet/{}/leaflet.js",
    "/leaflet/1.9.3/{}",
    "/static/{}",
    "/{}",
]


def _quoted(text: str | bytes) -> str:
    return str(text) if len(text) == LONG else quote(text, safe="")


def _refuse_echo(response: Any, text: str | bytes) -> None:
    assert response.status_code in {200, 303, 400, 404}, response.text[:300]
    assert "Set-Cookie" not in response.headers
    said = response.get_data(as_text=True)
    assert len(said) < 100_000
    assert not is_worked_out(said)
    assert "root:" not in said
    assert "Traceback" not in said
    if response.mimetype == "text/html" and isinstance(text, str) and "<" in text:
        assert text not in said
        assert "<img src=x" not in said
        assert "<script>" not in said
    response.close()


@pytest.mark.parametrize(
    ("path", "parameter", "what"),
    [
        pytest.param(*query, what, marks=[pytest.mark.thorough] if what == TOO_LONG else [])
        for query in QUERIES
        for what in TEXTS
        if (query, what) != (QUERIES[0], TOO_LONG)
    ]
    + [(*QUERIES[0], TOO_LONG)],
)
def test_hostile_text_in_a_parameter_is_answered_politely(
    path: str, parameter: str, what: str, client: FlaskClient
) -> None:
    text = TEXTS[what]
    address = f"{path}?{parameter}={_quoted(text)}"
    for accept in ("text/html", "application/json")[: 1 if len(text) == LONG else 2]:
        _refuse_echo(client.get(address, headers={"Accept": accept}), text)


@pytest.mark.parametrize("what", TEXTS)
def test_hostile_text_as_a_parameters_name_is_answered_politely(
    what: str, client: FlaskClient
) -> None:
    text = TEXTS[what]
    others = () if len(text) == LONG else ("/", "/map", "/school/54", "/catchments")
    for path in ("/provider", *others):
        response = client.get(f"{path}?{_quoted(text)}=1")
        # A page takes no notice of what its link was shared with; an API says what it is not.
        assert response.status_code == (400 if path == "/provider" else 200)
        _refuse_echo(response, TEXTS[what])


@pytest.mark.parametrize("what", [w for w in TEXTS if len(TEXTS[w]) < LONG])
@pytest.mark.parametrize("path", SEGMENTS)
def test_hostile_text_in_a_path_is_answered_politely(
    what: str, path: str, client: FlaskClient
) -> None:
    response = client.get(path.format(_quoted(TEXTS[what])))
    assert response.status_code in {400, 404}
    _refuse_echo(response, TEXTS[what])


@pytest.mark.parametrize("header", ["If-None-Match", "Accept", "Host", "Cookie", "Range"])
def test_hostile_headers_do_no_harm(header: str, client: FlaskClient) -> None:
    for text in ("{{7*191}}", "</script>", "x" * 10_000, '"', ",,,;;;=", "é\xff"):
        for path in ("/provider?school_id=54", "/", "/static/site.css"):
            response = client.get(path, headers={header: text})
            assert response.status_code < 500
            assert not is_worked_out(response.get_data(as_text=True))
            response.close()


@settings(
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.dictionaries(
        st.sampled_from(["school_id", "lat", "lng", "lon", "on", "x"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
        | st.integers(-200, 4000).map(str)
        | st.floats(-200, 200).map(str)
        | st.dates().map(str),
        max_size=4,
    )
)
def test_no_question_whatever_is_an_error_of_ours(
    client: FlaskClient, question: dict[str, str]
) -> None:
    response = ask(client, urlencode(question))
    assert response.status_code in {200, 400, 404}
    body = json.loads(response.data)
    assert body["status"] in {"resolved", "ambiguous", "unresolved", 400, 404}


@settings(
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_whatever_is_typed_into_the_search_box_is_shown_as_text(
    client: FlaskClient, text: str
) -> None:
    response = client.get(f"/?q={quote(text, safe='')}")
    assert response.status_code in {200, 303}
    if response.status_code == 200 and text.strip():
        assert f'value="{_escaped(text.strip())}"' in response.text.replace("\r", "")


def _escaped(text: str) -> str:
    return html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;").replace("\r", "")


def test_a_hostile_provider_and_school_are_text_in_every_page(client: FlaskClient) -> None:
    for path in (
        "/school/64",
        "/map",
        "/map?school=64",
        f"/map?catchment={REKOHU}",
        "/catchments",
        "/?q=alert",
    ):
        response = client.get(path, follow_redirects=True)
        assert response.status_code == 200
        assert HOSTILE not in response.text
        assert _escaped(HOSTILE).split("&gt;")[0] in response.text
        assert "<img src=x" not in response.text
        assert not is_worked_out(response.text)
        assert 'href="javascript:' not in response.text
    assert ask(client, "school_id=64").get_json()["provider"]["name"] == HOSTILE


# --- demonstration --------------------------------------------------------------------------------

SAID_EVERYWHERE = (
    "/",
    "/?q=St+Joseph",
    "/?q=nobody",
    "/school/54",
    "/school/54?on=2026-01-04",
    "/school/99",
    "/school/54?on=x",
    "/catchments",
    "/catchments?on=2020-01-01",
    "/map",
    "/map?school=54",
    "/map?school=99",
    "/nowhere",
)


@pytest.mark.parametrize("path", SAID_EVERYWHERE)
def test_every_page_says_that_it_is_demonstration_data(path: str, client: FlaskClient) -> None:
    assert "Demonstration data:" in client.get(path, headers={"Accept": "text/html"}).text


@pytest.mark.parametrize(
    "path",
    [
        "/provider?school_id=54",
        "/provider?school_id=54&on=2020-01-01",
        "/provider?lat=0&lng=0",
        "/map/data/1/1/catchments.json",
        "/map/data/1/1/schools.json",
        "/downloads/1/boundaries.geojson",
        "/readyz",
    ],
)
def test_every_answer_says_that_it_is_demonstration_data(path: str, client: FlaskClient) -> None:
    assert client.get(path).get_json(force=True)["demonstration"] is True


def test_real_data_is_never_called_demonstration(tmp_path: Path) -> None:
    edition, release = small_edition(demonstration=False), small_release(demonstration=False)
    with visited(tmp_path, edition, release=release) as client:
        assert client.get("/").status_code == 200
        for path in SAID_EVERYWHERE:
            assert "emonstration data" not in client.get(path, headers={"Accept": "text/html"}).text
        assert ask(client, "school_id=54").get_json()["demonstration"] is False
        assert "demonstration" not in ask(client, "school_id=99").get_json()


# --- health ---------------------------------------------------------------------------------------


def _gone(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def test_a_process_says_that_it_is_alive_whatever_else(tmp_path: Path) -> None:
    with running_application(tmp_path / "none.sqlite") as app:
        response = app.test_client().get("/healthz")
    expected = {"status": "ok", "version": __version__}
    assert (response.status_code, response.get_json()) == (200, expected)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("what", ["no file", "empty", "only schools", "only later"])
def test_it_is_not_ready_while_there_is_nothing_to_answer_from(what: str, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "bare.sqlite")
    if what != "no file":
        with opened(url) as store:
            if what != "empty":
                store.add_release(small_release())
            if what == "only later":
                publish_whole(store, small_edition(effective_from=TODAY + timedelta(days=1)))
    with running_application(url) as app:
        client = app.test_client()
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.get_json()["status"] == "not ready"
        assert ready.get_json()["reason"]
        assert client.get("/healthz").status_code == 200
        if what != "only later":
            answer = ask(client, "school_id=54")
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "10"
            assert answer.headers["Cache-Control"] == "no-store"
            assert client.get("/").status_code == 503


READY = {
    "status": "ready",
    "edition": 1,
    "directory_release": 1,
    "demonstration": True,
    "as_at": "2026-03-03",
    "database": "ok",
}


def test_ready_names_the_edition_and_the_directory(client: FlaskClient) -> None:
    stranger = {"REMOTE_ADDR": "192.0.2.1"}
    assert client.get("/readyz", environ_base=stranger).get_json() == READY


def test_ready_tells_this_machine_alone_what_fences_files_where_the_trail_goes_and_what_is_not_set(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walls, "_known", [Standing(landlock=2, seccomp=True)])
    fenced = {
        "foreign_files": {"files": "Landlock 2", "network": "seccomp"},
        "audit_out": "nowhere",
        "site_owner": {"not_set": list(SETTINGS)},
    }
    assert client.get("/readyz").get_json() == READY | fenced
    for proxied in ("X-Forwarded-For", "Via"):
        assert client.get("/readyz", headers={proxied: "127.0.0.1"}).get_json() == READY


@pytest.mark.parametrize("sent", ["", "Bearer ", f"Bearer {'y' * 32}", "Bearer ÿ"])
def test_where_a_token_is_set_ready_tells_its_bearer_alone(small_copy: Path, sent: str) -> None:
    with running_application(small_copy) as app:
        running = app.extensions[EXTENSION]
        with_token = replace(running.settings, metrics_token="x" * 32)
        app.extensions[EXTENSION] = replace(running, settings=with_token)
        client = app.test_client()
        assert "foreign_files" not in client.get("/readyz").get_json()
        told = client.get("/readyz", headers={"Authorization": sent}).get_json()
        assert "foreign_files" not in told
        holder = {"Authorization": f"Bearer {'x' * 32}"}
        assert "foreign_files" in client.get("/readyz", headers=holder).get_json()


def test_it_becomes_ready_when_something_is_published(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "later.sqlite")
    with running_application(url) as app:
        client = app.test_client()
        assert client.get("/readyz").status_code == 503
        fill(url)
        app.extensions[EXTENSION].snapshots.refresh()
        assert client.get("/readyz").status_code == 200
        assert ask(client, "school_id=54").status_code == 200


def test_answers_go_on_when_the_database_is_gone_and_it_says_so(
    clock: Clock, ticking: Flask, small_copy: Path
) -> None:
    client = ticking.test_client()
    before = ask(client, "school_id=54").get_json()
    pages = {path: client.get(path).status_code for path in ("/", "/map", "/map.js", "/school/54")}
    _gone(small_copy)
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json()["database"].startswith("away; last seen 20")
    assert not small_copy.exists()
    assert ask(client, "school_id=54").get_json() == before
    assert ask(client, "lat=-38.5&lng=174.5").status_code == 200
    assert {path: client.get(path).status_code for path in pages} == pages


def test_answers_go_on_past_midnight_without_the_database(
    clock: Clock, ticking: Flask, small_copy: Path
) -> None:
    client = ticking.test_client()
    before = ask(client, "school_id=54").get_json()
    _gone(small_copy)
    clock.when += timedelta(days=1)
    after = ask(client, "school_id=54")
    assert after.status_code == 200
    assert after.get_json() == {**before, "as_at": "2026-03-04"}
    assert client.get("/readyz").get_json()["as_at"] == "2026-03-04"


def test_a_database_that_comes_back_with_more_in_it_is_noticed(
    ticking: Flask, small_copy: Path, tmp_path: Path
) -> None:
    client = ticking.test_client()
    assert client.get("/readyz").get_json()["edition"] == 1
    backup = Path(shutil.copy(small_copy, tmp_path / "backup.sqlite"))
    with opened(backup) as store:
        publish_whole(store, small_edition())
    _gone(small_copy)
    snapshots = ticking.extensions[EXTENSION].snapshots
    backup.rename(small_copy)
    assert snapshots.refresh()
    assert client.get("/readyz").get_json()["edition"] == 2


def test_an_error_of_ours_is_said_without_its_reason(
    tmp_path: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret reason")

    with running_application(small_copy) as app:
        monkeypatch.setattr(app.extensions[EXTENSION].snapshots, "current", broken)
        client = app.test_client()
        for path, mimetype in (("/provider?school_id=54", PROBLEM), ("/", "text/html")):
            response = client.get(path)
            assert (response.status_code, response.mimetype) == (500, mimetype)
            assert "secret reason" not in response.text
            assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_database_that_is_away_from_the_start_is_said_to_be(tmp_path: Path) -> None:
    with running_application("postgresql://a:hunter2@127.0.0.1:1/x?connect_timeout=2") as app:
        client = app.test_client()
        answers: dict[str, Callable[[], Any]] = {
            "/readyz": lambda: client.get("/readyz"),
            "/provider": lambda: ask(client, "school_id=54"),
        }
        for response in (work() for work in answers.values()):
            assert response.status_code == 503
            assert "hunter2" not in response.text
        with pytest.raises(StoreUnavailable):
            app.extensions[EXTENSION].snapshots.refresh()
