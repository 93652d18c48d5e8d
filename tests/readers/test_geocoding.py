"""A geocoder elsewhere: off by default, in time, left alone when it fails, never a broken page."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catchments.core.errors import InputRefused
from catchments.core.model import NamedPlace, Place, PlaceKind
from catchments.core.settings import Settings
from catchments.lookup.search.typed_text import TypedText
from catchments.readers.geocoding import (
    ASKED_AT_ONCE,
    FAILURES_AT_MOST,
    RemoteGeocoder,
    geocoder_of,
)
from tests.serving import Quiet, in_a_thread
from tests.waiting import PATIENCE_S, wait_until
from tests.worlds import at_once

KAITAIA = {
    "lat": "-35.112",
    "lon": "173.263",
    "display_name": "12 High Street, Kaitaia, New Zealand",
}
HIGH_STREET_ABROAD = {"lat": "51.5", "lon": "-0.1", "display_name": "12 High Street, London"}


@dataclass
class Elsewhere:
    """A geocoding service on loopback, and what it was asked."""

    domain: str = ""
    body: Any = field(default_factory=lambda: [KAITAIA])
    status: int = 200
    before: Callable[[], object] = lambda: None
    """What happens before it answers."""
    asked: list[str] = field(default_factory=list)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(Quiet, BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(self.path)
                service.before()
                content = json.dumps(service.body).encode()
                self.send_response(service.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


class QuietServer(ThreadingHTTPServer):
    """A client that has stopped waiting is what these tests are about, not an error."""

    def handle_error(self, *_: Any) -> None:
        pass


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    service = Elsewhere()
    server = QuietServer(("127.0.0.1", 0), service.handler())
    server.daemon_threads = True
    service.domain = f"127.0.0.1:{server.server_port}"
    with in_a_thread(server):
        yield service


def nominatim(service: Elsewhere, *, timeout_s: float = PATIENCE_S) -> RemoteGeocoder:
    options = {"domain": service.domain, "scheme": "http", "user_agent": "tests"}
    made = geocoder_of(
        Settings(
            geocoder="Nominatim",
            geocoder_options=json.dumps(options),
            geocoder_timeout_s=timeout_s,
        )
    )
    assert made is not None
    return made


def places_of(geocoder: RemoteGeocoder, text: str) -> list[NamedPlace]:
    return geocoder.candidates(TypedText.of(text), at_most=5)


def test_no_geocoder_is_asked_unless_it_is_switched_on():
    assert geocoder_of(Settings()) is None
    assert geocoder_of(Settings.from_environment({})) is None


def test_an_address_is_a_place_with_its_name(elsewhere):
    (found,) = places_of(nominatim(elsewhere), "12 high st kaitaia")
    assert found.kind is PlaceKind.ADDRESS
    assert found.name == "12 High Street, Kaitaia"
    assert found.places == (Place(lng=173.263, lat=-35.112),)


def test_the_question_is_for_new_zealand_and_so_are_the_answers(elsewhere):
    elsewhere.body = [HIGH_STREET_ABROAD, KAITAIA]
    found = places_of(nominatim(elsewhere), "12 high street")
    asked = parse_qs(urlsplit(elsewhere.asked[0]).query)
    assert asked["q"] == ["12 high street, New Zealand"]
    assert [each.name for each in found] == ["12 High Street, Kaitaia"]


def test_the_chathams_lie_in_new_zealand_on_either_side_of_180_degrees(elsewhere):
    elsewhere.body = [
        {"lat": "-43.95", "lon": "-176.55", "display_name": "1, Wharf Road, Waitangi"},
        {"lat": "-43.95", "lon": "183.45", "display_name": "1 Wharf Road, Waitangi"},
    ]
    found = places_of(nominatim(elsewhere), "1 wharf road waitangi")
    assert [round(each.places[0].lng, 6) for each in found] == [-176.55, -176.55]


def test_no_more_are_given_than_were_asked_for(elsewhere):
    elsewhere.body = [KAITAIA] * 9
    assert len(places_of(nominatim(elsewhere), "12 high st")) == 5


def test_nothing_known_is_nothing_found(elsewhere):
    elsewhere.body = []
    assert places_of(nominatim(elsewhere), "12 nowhere") == []


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, []), (403, []), (200, {"error": "no"}), (200, "<html>"), (200, [{"lat": "x"}])],
)
def test_a_geocoder_that_fails_is_as_good_as_none(elsewhere, status, body, caplog):
    elsewhere.status, elsewhere.body = status, body
    with caplog.at_level(logging.WARNING):
        assert places_of(nominatim(elsewhere), "12 secret street") == []
    assert "secret" not in caplog.text
    assert "the geocoder nominatim failed" in caplog.text


def test_a_geocoder_that_is_away_is_as_good_as_none(elsewhere):
    elsewhere.domain = "127.0.0.1:1"
    assert places_of(nominatim(elsewhere), "12 high st") == []


def test_a_geocoder_that_is_slow_is_not_waited_for(elsewhere):
    let_go = threading.Event()
    elsewhere.before = lambda: let_go.wait(PATIENCE_S)
    # It would answer in the end: that nothing comes shows that it was not waited for.
    assert places_of(nominatim(elsewhere, timeout_s=0.2), "12 high st") == []
    assert not let_go.is_set()
    let_go.set()


def test_after_three_failures_it_is_left_alone(elsewhere):
    elsewhere.status = 500
    geocoder = nominatim(elsewhere)
    for _ in range(FAILURES_AT_MOST + 4):
        assert places_of(geocoder, "12 high st") == []
    assert len(elsewhere.asked) == FAILURES_AT_MOST


def test_one_slow_question_does_not_hold_up_another(elsewhere):
    all_asked = threading.Barrier(3)
    elsewhere.before = lambda: all_asked.wait(PATIENCE_S)  # none is answered before the last
    geocoder = nominatim(elsewhere)
    found = at_once(*[lambda: len(places_of(geocoder, "12 high st"))] * 3)
    assert found == [1, 1, 1]


def test_linz_is_asked_by_what_an_address_begins_with(elsewhere):
    elsewhere.body = {
        "features": [
            {
                "geometry": {"type": "Point", "coordinates": [173.263, -35.112]},
                "properties": {"full_address": "12 High Street, Kaitāia"},
            },
            {"geometry": None, "properties": {"full_address": "12 High Street, Nowhere"}},
        ]
    }
    options = json.dumps({"api_key": "k", "domain": elsewhere.domain, "scheme": "http"})
    geocoder = geocoder_of(Settings(geocoder="linz", geocoder_options=options))
    assert geocoder is not None
    (found,) = places_of(geocoder, "12 O'Hara % street")
    assert found.name == "12 High Street, Kaitāia"
    assert found.places == (Place(lng=173.263, lat=-35.112),)
    asked = parse_qs(urlsplit(elsewhere.asked[0]).query)
    assert asked["cql_filter"] == ["full_address_ascii ILIKE '12%ohara%street%'"]


@pytest.mark.parametrize(
    ("settings", "field", "says"),
    [
        ({"geocoder": "{{7*191}}"}, "CATCHMENTS_GEOCODER", "nominatim"),
        ({"geocoder": "linz"}, "CATCHMENTS_GEOCODER_OPTIONS", "JSON object"),
        (
            {"geocoder": "nominatim", "geocoder_options": "not json"},
            "CATCHMENTS_GEOCODER_OPTIONS",
            "JSON object",
        ),
        (
            {"geocoder": "nominatim", "geocoder_options": '{"nonsense": 1}'},
            "CATCHMENTS_GEOCODER_OPTIONS",
            "JSON object",
        ),
        (
            {"geocoder": "google", "geocoder_options": "[]"},
            "CATCHMENTS_GEOCODER_OPTIONS",
            "JSON object",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused_at_the_start(settings, field, says):
    with pytest.raises(InputRefused) as refused:
        geocoder_of(Settings(**settings))
    assert refused.value.field == field
    assert says in str(refused.value)


def test_a_refusal_does_not_repeat_a_key():
    options = json.dumps({"api_key": "s3cret", "nonsense": "s3cret"})
    with pytest.raises(InputRefused) as refused:
        geocoder_of(Settings(geocoder="google", geocoder_options=options))
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("name", ["High Street, Kaitaia", "14 High St", "Kaitaia", "12b High St"])
def test_the_middle_of_a_road_is_not_passed_off_as_the_address(elsewhere, name):
    elsewhere.body = [{**KAITAIA, "display_name": name}]
    assert places_of(nominatim(elsewhere), "12 high st kaitaia") == []


def test_more_questions_than_it_can_take_are_not_kept_for_later(elsewhere):
    told: list[int] = []
    too_many = 12 - ASKED_AT_ONCE
    elsewhere.before = lambda: wait_until(
        lambda: len(told) >= too_many, f"{too_many} were told that they will not be answered"
    )
    geocoder = nominatim(elsewhere)
    at_once(*[lambda: told.append(len(places_of(geocoder, "12 high st")))] * 12)
    assert told[:too_many] == [0] * too_many
    assert len(told) == 12
    assert len(elsewhere.asked) <= ASKED_AT_ONCE


def test_no_library_logs_the_address_or_the_key(elsewhere, caplog):
    elsewhere.domain = "127.0.0.1:1"
    with caplog.at_level(logging.DEBUG):
        places_of(nominatim(elsewhere), "12 secret street")
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("12 high st kaitaia", "12 High Street, Kaitaia", "exact"),
        ("12 High Street, Kaitāia 0410", "12, High Street, Kaitaia, Northland, 0410", "exact"),
        ("12 high st, kaitaia, northland", "12, High Street, Kaitaia, Northland", "exact"),
        # Whether another town has it they are not asked, nor what else the text may say.
        ("12 high street", "12 High Street, Kaitaia", "part"),
        ("12 high st kait", "12 High Street, Kaitaia", "part"),
        ("12 high kaitaia", "12 High Street, Kaitaia", "part"),
        ("12 hill st kaitaia", "12 High Street, Kaitaia", "part"),
        ("12 high st awanui", "12 High Street, Kaitaia", "part"),
        ("12-14 high st kaitaia", "12 High Street, Kaitaia", "part"),
        ("12 high st, rd 1, kaitaia", "12 High Street, Kaitaia", "part"),
    ],
)
def test_what_is_found_elsewhere_is_exact_where_its_whole_name_was_typed(
    elsewhere, text, name, expected
):
    elsewhere.body = [{**KAITAIA, "display_name": name}]
    (found,) = places_of(nominatim(elsewhere), text)
    assert found.match == expected
