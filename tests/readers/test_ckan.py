"""Fetching the directory from a CKAN datastore: a real server on loopback plays data.govt.nz."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from catchments.core.errors import FileRefused
from catchments.core.model import DirectoryRelease, Place, SchoolStatus
from catchments.readers import ckan
from catchments.readers.ckan import fetch_directory, retrying_session
from catchments.readers.report import Report
from tests.serving import Quiet, in_a_thread
from tests.waiting import PATIENCE_S

TODAY = date(2026, 6, 9)


def record(number: int, **changes: object) -> dict[str, object]:
    return {
        "_id": number,
        "School_Id": str(number),
        "Org_Name": f"Made-up School {number}",
        "Latitude": -36.5,
        "Longitude": "174.5",
        "Education_Region": "Waikato",
        "Total": 100 + number,
        "Status": "Open",
    } | changes


@dataclass
class Answer:
    """What the server says once, instead of its table."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    """Whether it holds the line and says nothing."""
    dripping: bool = False
    """Whether its last byte comes again and again, and never an end."""
    claim: int | None = None


@dataclass
class Catalogue:
    """A datastore; `script` holds, for the n-th page asked for, what is answered instead."""

    records: list[dict[str, object]]
    last_modified: list[object] = field(default_factory=lambda: ["2026-06-07T02:00:00.5"])
    script: dict[int, Answer | Callable[[Catalogue], None]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    shown: int = 0
    sent: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    """Until then whoever is silent is silent."""
    url: str = ""

    def answer(self, action: str, query: dict[str, str]) -> Answer:
        if action == "resource_show":
            said = self.last_modified[min(self.shown, len(self.last_modified) - 1)]
            self.shown += 1
            return said if isinstance(said, Answer) else self.result({"last_modified": said})
        self.asked.append(query)
        step = self.script.get(len(self.asked))
        if isinstance(step, Answer):
            return step
        if step is not None:
            step(self)
        start, limit = int(query["offset"]), int(query["limit"])
        page = self.records[start : start + limit]
        answer = self.result({"records": page, "total": len(self.records)})
        self.sent.append(answer.body)
        return answer

    @staticmethod
    def result(result: object) -> Answer:
        return Answer(json.dumps({"success": True, "result": result}).encode())


@contextmanager
def serving(catalogue: Catalogue) -> Iterator[Catalogue]:
    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            answer = catalogue.answer(parts.path.rpartition("/")[2], query)
            if answer.silent:
                catalogue.over.wait()
            try:
                self.reply(answer)
            except OSError:
                self.close_connection = True  # the other side gave up, as it should

        def reply(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(answer.claim or len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            while answer.dripping and not catalogue.over.wait(0.005):
                self.wfile.write(answer.body[-1:])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    catalogue.url = f"http://127.0.0.1:{server.server_port}/api/3/action/"
    with in_a_thread(server):
        try:
            yield catalogue
        finally:
            catalogue.over.set()


@pytest.fixture
def quick() -> Iterator[requests.Session]:
    """A session with short back-off and no proxy."""
    with retrying_session(retries=2, backoff_s=0.001) as session:
        session.trust_env = False
        yield session


def fetched(
    catalogue: Catalogue, session: requests.Session, **options: Any
) -> tuple[DirectoryRelease, Report]:
    settings: dict[str, Any] = {"today": TODAY, "timeout_s": PATIENCE_S, "page_size": 10} | options
    with serving(catalogue):
        return fetch_directory(base_url=catalogue.url, session=session, **settings)


def refusal(catalogue: Catalogue, session: requests.Session, **options: Any) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        fetched(catalogue, session, **options)
    return refused.value


def test_all_pages_are_fetched_in_order(quick: requests.Session) -> None:
    catalogue = Catalogue([record(n) for n in range(1, 26)])
    release, report = fetched(catalogue, quick, resource_id="r-1")
    assert list(range(1, 26)) == list(release.schools)
    assert [query["offset"] for query in catalogue.asked] == ["0", "10", "20"]
    assert {("r-1", "10", "_id")} == {
        (query["resource_id"], query["limit"], query["sort"]) for query in catalogue.asked
    }
    assert report.counts["schools"] == 25
    assert not report.problems


def test_the_source_has_date_address_and_digest_of_all_pages(quick: requests.Session) -> None:
    catalogue = Catalogue([record(n) for n in range(1, 26)])
    release, _ = fetched(catalogue, quick, resource_id="r-1")
    source = release.source
    assert hashlib.sha256(b"".join(catalogue.sent)).hexdigest() == source.sha256
    assert f"{catalogue.url}datastore_search?resource_id=r-1" == source.url
    assert (source.authority, source.licence) == ("Ministry of Education", "CC BY 4.0")
    assert (date(2026, 6, 7), "2026-06-07") == (release.released, source.release)


def test_records_are_read_as_rows_of_a_file_are(quick: requests.Session) -> None:
    rows = [
        record(1, Org_Name="A\u202e (Proposed opening date: 2027-01-01)", Status="Proposed"),
        record(2, Latitude=None, Longitude=None, Total=None),
        record(3, Org_Name="{{7*191}}</script>", Latitude="-43.95", Longitude=-176.5),
    ]
    release, report = fetched(Catalogue(rows), quick)
    assert ("A", date(2027, 1, 1)) == (release.schools[1].name, release.schools[1].opens)
    assert SchoolStatus.PROPOSED is release.schools[1].status
    assert (release.schools[2].place, release.schools[2].roll) == (None, None)
    assert release.schools[3].name == "{{7*191}}</script>"
    assert Place(lng=-176.5, lat=-43.95) == release.schools[3].place
    assert report.counts["without coordinates"] == 1


def test_rows_at_fault_are_named_by_their_number(quick: requests.Session) -> None:
    rows = [record(1), record(2, Latitude=174.5, Longitude=-36.5), record(3, School_Id=None)]
    error = refusal(Catalogue(rows), quick)
    assert error.rows[0].startswith("row 2 (2, Made-up School 2): longitude -36.5")
    assert error.rows[1].startswith("row 3 (Made-up School 3): its school number is missing")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-06-06T13:00:00", date(2026, 6, 7)),  # UTC: in New Zealand it is the next day
        ("2026-06-06T13:00:00+12:00", date(2026, 6, 6)),
        ("2031-01-01T00:00:00", TODAY),
        ("9999-12-31T23:59:59", TODAY),
        ("yesterday", TODAY),
        (None, TODAY),
        (Answer(b"<html>", 403), TODAY),
        (Answer(b'{"success": false, "error": {"message": "no"}}', 404), TODAY),
    ],
)
def test_the_date_is_the_catalogues_or_todays(
    quick: requests.Session, said: object, expected: date
) -> None:
    release, _ = fetched(Catalogue([record(1)], last_modified=[said]), quick)
    assert expected == release.released


def test_a_date_of_today_for_want_of_another_is_said(quick: requests.Session) -> None:
    _, report = fetched(Catalogue([record(1)], last_modified=[None]), quick)
    assert report.problems[0].done == f"dated {TODAY}"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(quick: requests.Session, status: int) -> None:
    catalogue = Catalogue([record(1)], script={1: Answer(b"busy", status)})
    release, _ = fetched(catalogue, quick)
    assert list(release.schools) == [1]
    assert len(catalogue.asked) == 2


def test_retry_after_is_honoured(quick: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=slept.append))
    catalogue = Catalogue([record(1)], script={1: Answer(b"", 503, {"Retry-After": "7"})})
    fetched(catalogue, quick)
    assert slept == [7]
    assert len(catalogue.asked) == 2


def test_retry_after_is_capped() -> None:
    with retrying_session() as session:
        retry = session.get_adapter("https://example.nz").max_retries
    assert retry.parse_retry_after("86400") == ckan.MAX_RETRY_AFTER_S


def test_an_answer_that_breaks_off_is_fetched_again(quick: requests.Session) -> None:
    catalogue = Catalogue([record(1)], script={1: Answer(b'{"success"', claim=500)})
    release, _ = fetched(catalogue, quick)
    assert list(release.schools) == [1]
    assert len(catalogue.asked) == 2


def test_an_answer_that_always_breaks_off_is_refused(quick: requests.Session) -> None:
    torn = Answer(b'{"success"', claim=500)
    catalogue = Catalogue([record(1)], script=dict.fromkeys(range(1, 99), torn))
    assert "cannot be read" in str(refusal(catalogue, quick))
    assert len(catalogue.asked) == 3


def pages(**result: object) -> Answer:
    return Catalogue.result(result)


TWO = [record(1), record(2)]
REFUSED: dict[str, tuple[Answer, str]] = {
    "a web page": (Answer(b"<!DOCTYPE html>robot?"), "a web page, perhaps a check for robots"),
    "a web page with 403": (Answer(b" <html>", 403), "instead of JSON (status 403)"),
    "something else": (Answer(b"\xff\x00"), "something else instead of JSON"),
    "a list": (Answer(b"[]"), "something else instead of JSON"),
    "deep nesting": (Answer(b"[" * 100_000), "something else instead of JSON"),
    "no success": (
        Answer(b'{"success": false, "error": {"message": "Not found\\n{{7*191}}"}}', 404),
        "refused datastore_search with status 404: “Not found {{7*191}}”",
    ),
    "no reason": (Answer(b'{"success": false}'), "with status 200: “no reason”"),
    "no result": (Answer(b'{"success": true}'), "has “None” rows"),
    "no total": (pages(records=TWO), "has “None” rows"),
    "a total of text": (pages(records=TWO, total="2"), "has “2” rows"),
    "no rows": (pages(records=[], total=0), "has “0” rows. From 1 to 20,000 are read."),
    "too many rows": (pages(records=TWO, total=10**9), "has “1000000000” rows"),
    "a short page": (pages(records=TWO, total=9), "a page of 2 rows where 9 were due"),
    "a long page": (pages(records=TWO, total=1), "a page of 2 rows where 1 were due"),
    "no records": (pages(total=2), "a page of 0 rows where 2 were due"),
    "records of text": (pages(records="ab", total=2), "a page of 0 rows where 2 were due"),
    "a row twice": (pages(records=[record(1), record(1)], total=2), "gave a row 1 twice"),
    "a row unnumbered": (pages(records=[{"School_Id": 1}], total=1), "without its number (_id)"),
    "a row of text": (pages(records=["x"], total=1), "without its number (_id)"),
    "other columns": (
        pages(records=[{"_id": 1, "x": 2}], total=1),
        "row 1: there is no column named School_Id",
    ),
    "always busy": (Answer(b"", 503), "keeps answering that it is busy or broken"),
}


@pytest.mark.parametrize(("answer", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_it_refuses_with_a_sentence(quick: requests.Session, answer: Answer, said: str) -> None:
    catalogue = Catalogue(TWO, script=dict.fromkeys(range(1, 99), answer))
    assert said in str(refusal(catalogue, quick))


def test_a_row_on_two_pages_is_refused(quick: requests.Session) -> None:
    catalogue = Catalogue([*(record(n) for n in range(1, 11)), record(10)])
    assert "gave a row 10 twice" in str(refusal(catalogue, quick))


def grow(catalogue: Catalogue) -> None:
    catalogue.records.append(record(len(catalogue.records) + 1))


def test_a_total_that_changes_once_starts_anew(quick: requests.Session) -> None:
    catalogue = Catalogue([record(n) for n in range(1, 15)], script={2: grow})
    release, _ = fetched(catalogue, quick)
    assert len(release.schools) == 15
    assert [query["offset"] for query in catalogue.asked] == ["0", "10", "0", "10"]


def test_a_total_that_keeps_changing_is_refused(quick: requests.Session) -> None:
    catalogue = Catalogue([record(n) for n in range(1, 15)], script=dict.fromkeys(range(9), grow))
    assert "changed while it was read, twice" in str(refusal(catalogue, quick))


def test_a_table_replaced_meanwhile_is_read_anew(quick: requests.Session) -> None:
    said: list[object] = ["2026-06-07T02:00:00", "2026-06-08T02:00:00"]
    catalogue = Catalogue([record(1)], last_modified=said)
    release, _ = fetched(catalogue, quick)
    assert date(2026, 6, 8) == release.released
    assert len(catalogue.asked) == 2


def test_a_silent_server_is_given_up(quick: requests.Session) -> None:
    catalogue = Catalogue([record(1)], script=dict.fromkeys(range(1, 99), Answer(silent=True)))
    # It never answers: that anything is said at all shows that it is not waited for.
    error = refusal(catalogue, quick, timeout_s=0.1)
    assert "did not answer within 0.1 s" in str(error)


def test_a_dripping_server_is_given_up_after_four_time_outs(
    quick: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = itertools.count(step=PATIENCE_S / 10)
    monkeypatch.setattr(ckan, "time", SimpleNamespace(monotonic=lambda: next(looked_at)))
    dripping = Answer(b" ", dripping=True, claim=1 << 20)
    catalogue = Catalogue([record(1)], script={1: dripping})
    assert "did not answer" in str(refusal(catalogue, quick))
    # A tenth of a time-out passes with each look at the clock; some were for other answers.
    assert 40 <= next(looked_at) / (PATIENCE_S / 10) < 60


def test_a_page_over_the_bound_is_refused(
    quick: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ckan, "MAX_PAGE_MB", 1)
    catalogue = Catalogue([record(1)], script={1: Answer(b" " * (2 << 20))})
    assert "a page of more than 1 MB" in str(refusal(catalogue, quick))


def test_a_server_that_is_not_there_is_named(quick: requests.Session) -> None:
    with pytest.raises(
        FileRefused, match=r"127\.0\.0\.1:9 cannot be reached.*Nothing was imported"
    ):
        fetch_directory(today=TODAY, base_url="http://127.0.0.1:9/", session=quick)


@pytest.mark.parametrize("url", ["ftp://x/", "nonsense", "http://[", ""])
def test_an_address_that_is_none_is_refused(quick: requests.Session, url: str) -> None:
    with pytest.raises(FileRefused):
        fetch_directory(today=TODAY, base_url=url, session=quick)


def test_without_a_session_it_makes_and_closes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Catalogue([record(1)])) as catalogue:
        release, _ = fetch_directory(today=TODAY, base_url=catalogue.url)
    assert list(release.schools) == [1]


def test_progress_shows_rows_of_the_whole(quick: requests.Session) -> None:
    calls: list[tuple[int, int | None]] = []
    fetched(
        Catalogue([record(n) for n in range(1, 26)]),
        quick,
        progress=lambda _doing, done, whole: calls.append((done, whole)),
    )
    assert calls == [(10, 25), (20, 25), (25, 25)]
