"""/search, /suggest and /provider?address=: what services and the page's own script ask."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from catchments.core.model import NamedPlace, Place, PlaceKind, Source, SourceKind
from catchments.lookup.search.typed_text import TypedText
from catchments.web.common.services import EXTENSION, Services
from tests.worked_out import is_worked_out
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    TOTARA,
    source,
    visited,
)


class Book:
    """Two addresses: one well inside Ahi, one close to Kōwhai."""

    places = {  # noqa: RUF012 - nobody changes it
        "1 high street ahitown": Place(lng=174.5, lat=-38.5),
        "2 edge road": Place(lng=174.9995, lat=-38.5),
    }

    def localities_named_in(self, *_: Any, **__: Any) -> list[Any]:
        return []

    def candidates(self, typed: TypedText, *, at_most: int) -> list[NamedPlace]:
        text = typed.text
        place = self.places.get(text)
        if place is None:
            return []
        return [NamedPlace(PlaceKind.ADDRESS, text.title(), "Ahitown", places=(place,))][:at_most]

    def about(self) -> Source:
        return source(SourceKind.ADDRESSES, title="Made-up addresses")


@pytest.fixture
def addressed(tmp_path: Path) -> Any:
    """A client of the small world that knows two addresses."""
    with visited(tmp_path) as client:
        held = client.application.extensions[EXTENSION]
        client.application.extensions[EXTENSION] = Services(
            held.settings, held.store, held.snapshots, addresses=Book()
        )
        yield client


def found(client: FlaskClient, text: str, **more: str) -> dict[str, Any]:
    response = client.get("/search", query_string={"q": text, **more})
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    body: dict[str, Any] = response.get_json()
    return body


def codes(candidates: list[Any]) -> list[str]:
    return [candidate["catchment"]["code"] for candidate in candidates]


# --- /search --------------------------------------------------------------------------------------


def test_a_search_for_one_school_is_its_answer_and_the_match(client):
    body = found(client, "kura o ahi")
    same = client.get("/provider?school_id=54").get_json()
    assert {name: body[name] for name in same} == same
    (match,) = body["matches"]
    assert (match["kind"], match["name"], match["school_id"]) == ("school", "Kura o Ahi", 54)
    assert codes(match["candidates"]) == [AHI]
    assert body["more"] is False


def test_an_ambiguous_search_has_candidates_and_what_each_is(client):
    body = found(client, "st josephs")
    assert body["status"] == "ambiguous"
    assert codes(body["candidates"]) == [KOWHAI, TOTARA]
    assert [match["school_id"] for match in body["matches"]] == [55, 56]
    assert [match["within"] for match in body["matches"]] == ["Kōwhai", "Tōtara"]


def test_a_search_answers_for_a_date(client):
    assert found(client, "54", on="2026-05-01")["as_at"] == "2026-05-01"
    before = found(client, "54", on="2026-01-04")
    assert before["notices"][0]["code"] == "before-first-edition"


def test_a_search_that_finds_nothing_is_an_answer(client):
    body = found(client, "zzzzzz")
    assert (body["status"], body["matches"], body["provider"]) == ("unresolved", [], None)
    assert body["notices"][0]["code"] == "nothing-found"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/search", "q"),
        ("/search?q=", "q"),
        ("/search?q=%00", "q"),
        ("/search?q=a&q=b", "q"),
        ("/search?q=a&limit=5", "limit"),
        ("/search?q=a&on=today", "on"),
        ("/suggest", "q"),
        ("/provider?address=", "address"),
        ("/provider?address=a&school_id=54", "address"),
        ("/provider?address=a&lat=1", "lat"),
        ("/provider?school_id=54&address=a", "address"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(path, parameter, client):
    response = client.get(path)
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["parameter"] == parameter


# --- addresses ------------------------------------------------------------------------------------


def test_an_address_is_asked_for_as_a_school_is(addressed):
    body = addressed.get("/provider?address=1+high+street+ahitown").get_json()
    assert body["status"] == "resolved"
    assert body["catchment"]["code"] == AHI
    assert body["place"] == {"lng": 174.5, "lat": -38.5}
    assert body["school"] is None
    assert body == found(addressed, "1 high street ahitown")


def test_an_address_near_a_boundary_names_both_providers(addressed):
    body = found(addressed, "2 edge road")
    assert body["catchment"]["code"] == AHI
    assert codes(body["alternatives"]) == [KOWHAI]
    assert body["notices"][0]["code"] == "near-boundary"
    page = addressed.get("/?q=2+edge+road").text
    assert "Close to a boundary: it may be either" in page
    assert "Ahi Trust" in page
    assert "Ngā" in page
    assert "To confirm, call either provider" in page


def test_where_addresses_come_from_is_named_beside_the_other_sources(addressed, client):
    titles = [each["title"] for each in found(addressed, "54")["sources"]]
    assert "Made-up addresses" in titles
    assert "Made-up addresses" not in [each["title"] for each in found(client, "54")["sources"]]


def test_of_an_address_nobody_knows_its_town_is_asked_about(client):
    body = found(client, "12 nowhere street, ahitown 0410")
    assert (body["status"], body["match"], body["catchment"]) == ("unresolved", "locality", None)
    assert [c["catchment"]["code"] for c in body["candidates"]] == [AHI]
    assert body["notices"][0]["code"] == "address-not-known"
    page = client.get("/?q=12+nowhere+street,+ahitown+0410").text
    assert "The address itself is not known yet; of it only Ahitown was understood." in page


# --- suggestions ----------------------------------------------------------------------------------


def test_suggestions_say_what_tells_namesakes_apart(client):
    body = client.get("/suggest?q=st+jos").get_json()
    assert [(s["name"], s["within"], s["school_id"]) for s in body["suggestions"]] == [
        ("St Joseph's School", "Kōwhai", 55),
        ("St Joseph's School", "Tōtara", 56),
    ]
    assert body["demonstration"] is True


def test_an_empty_or_meaningless_text_suggests_nothing(client):
    for text in ("", " ", "!!!", "zzzzzz"):
        response = client.get("/suggest", query_string={"q": text})
        assert (response.status_code, response.get_json()["suggestions"]) == (200, [])


def test_no_more_is_suggested_than_fits_a_list(client):
    assert len(client.get("/suggest?q=s").get_json()["suggestions"]) <= 8


# --- privacy and caches ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/search?q=ahi", "/suggest?q=ahi", "/provider?address=ahi", "/?q=st+joseph", "/?q=zzz"]
)
def test_what_somebody_typed_is_kept_by_their_own_browser_alone(path, client):
    response = client.get(path)
    assert response.headers["Cache-Control"].startswith("private, max-age=")
    again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/", "/school/54", "/catchments", "/map"])
def test_what_nobody_typed_may_be_kept_by_everybody(path, client):
    assert client.get(path).headers["Cache-Control"].startswith("max-age=")


def test_no_log_repeats_what_was_typed(client, caplog):
    with caplog.at_level(logging.DEBUG):
        for path in ("/?q=12+secret+street", "/search?q=", "/search?q=12+secret+street&no=1"):
            client.get(path)
        client.get("/school/12?secret=street")
        client.post("/?q=secret")
    assert "secret" not in caplog.text


# --- hostile text ---------------------------------------------------------------------------------

HOSTILE_TEXTS = {
    "template": "{{7*191}}",
    "script": "</script><script>alert(1)</script>",
    "sql": "' OR 1=1 --",
    "everything": HOSTILE,
    "nul": "a\0b",
    "emoji": "🏫👩‍🏫",
    "right to left": "\u202e\u200fkura",
    "marks": "a" + "\u0301" * 5000,
    "ligatures": "\ufdfa" * 200,
    "long": "kura " * 10_000,
    "lone surrogate": "%ED%A0%80",
    "address": "1 " + "a" * 190,
}


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
@pytest.mark.parametrize("path", ["/", "/search", "/suggest", "/provider"])
def test_hostile_text_gets_a_polite_answer(path, text, client):
    name = "address" if path == "/provider" else "q"
    response = client.get(path, query_string={name: text}, headers={"Accept": "text/html, */*"})
    assert response.status_code in {200, 303, 400}
    assert not is_worked_out(response.text)
    if response.mimetype == "text/html":
        assert "<script>alert" not in response.text
    assert "Traceback" not in response.text


def test_ten_megabytes_in_a_body_are_refused_in_a_page(client):
    response = client.post("/", data=b"q=" + b"a" * 10_000_000, headers={"Accept": "text/html"})
    assert response.status_code in {405, 413}
    assert response.mimetype == "text/html"
