"""How many open cases a draft would move: counts that are asked for, and what is said without."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from catchments.core.model import Catchment, Provider, School, Status
from catchments.core.settings import Settings
from catchments.core.site_owner import SiteOwner
from catchments.editions.differences import Assignment, SchoolChange
from catchments.editions.open_cases import MovingCases, OpenCases, open_cases

KEY = "k" * 32
OLD, NEW = Provider("P-OLD", "Old (made up)"), Provider("P-NEW", "New (made up)")
AREA = Catchment("C", "Made-up catchment", "", "P-NEW")


def change(school_id: int, before: Provider | None = OLD, after: Provider | None = NEW):
    was, becomes = (Assignment(Status.RESOLVED, AREA, each) for each in (before, after))
    return SchoolChange(School(school_id, "Made up"), was, becomes)


@dataclass
class Answering:
    """Requests for support as the staff pages ask them."""

    said: bytes = b""
    status: int = 200
    asked: list[tuple[str, str, object]] = field(default_factory=list)


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
def settings(answering: Answering) -> Iterator[Settings]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answering.asked.append((self.path, self.headers["Authorization"], body))
            self.send_response(answering.status)
            self.send_header("Content-Length", str(len(answering.said)))
            self.end_headers()
            self.wfile.write(answering.said)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield Settings(owner=SiteOwner(requests=address), requests_counts_key=KEY)
    server.shutdown()
    server.server_close()


def told(*schools: tuple[int, dict[str, int]]) -> bytes:
    listed = [{"school_id": number, "open_cases": 9, "held_by": held} for number, held in schools]
    return json.dumps({"schools": listed}).encode()


def test_cases_are_counted_by_catchment_and_by_who_has_and_gets_them(answering, settings):
    answering.said = told((1, {"P-OLD": 3}), (2, {"P-OLD": 2, "P-NEW": 4}), (3, {}))
    found = open_cases(settings, [change(1), change(2), change(3)])
    assert found.rows == (MovingCases("Made-up catchment", OLD.name, NEW.name, 5),)
    assert (found.total, found.most) == ("5", 5)
    assert answering.asked == [("/requests/v1/counts", f"Bearer {KEY}", {"school_ids": [1, 2, 3]})]


def test_a_count_that_is_too_small_to_be_told_is_told_as_some(answering, settings):
    schools = [(1, {"P-OLD": 3}), (2, {"P-THIRD": 7})]
    listed = [{"school_id": number, "held_by": held} for number, held in schools]
    answering.said = json.dumps({"schools": listed, "fewest_told": 6}).encode()
    third = Provider("P-THIRD", "Third (made up)")
    found = open_cases(settings, [change(1), change(2, before=third)])
    assert [row.told for row in found.rows] == ["1 to 5", "7"]
    assert (found.total, found.most) == ("8 to 12", 12)


def test_only_schools_that_go_to_another_provider_are_asked_about(answering, settings):
    moved = [change(1, after=OLD), change(2, after=None)]
    assert open_cases(settings, moved) == OpenCases()
    assert answering.asked == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (told((1, {"P-OLD": 3})), 500),
        (told((1, {"P-OLD": 3})), 401),
        (b"", 200),
        (b"<html>", 200),
        (b"[]", 200),
        (b'{"schools": [{"school_id": "x", "held_by": {}}]}', 200),
        (b'{"schools": [{"school_id": 1, "held_by": [3]}]}', 200),
        (b'{"schools": [], "fewest_told": 0}', 200),
        (b"[" * 100_000, 200),
        (b" " * 2_000_001, 200),
    ],
    ids=range(10),
)
def test_without_a_whole_answer_it_is_said_that_nothing_is_known(answering, settings, said, status):
    answering.said, answering.status = said, status
    assert open_cases(settings, [change(1)]) == OpenCases(is_known=False)


def test_where_nobody_listens_it_is_said_that_nothing_is_known():
    nobody = Settings(owner=SiteOwner(requests="http://127.0.0.1:9"), requests_counts_key=KEY)
    assert open_cases(nobody, [change(1)]) == OpenCases(is_known=False)


def test_where_requests_are_not_set_up_nothing_is_asked_and_nothing_said(settings):
    assert open_cases(Settings(), [change(1)]) is None
    assert open_cases(replace(settings, requests_counts_key=""), [change(1)]) is None
