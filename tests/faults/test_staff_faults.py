"""What goes wrong while staff work: one clear message each, and nothing published or drafted lost.

A stale form, two tabs, the back button and a double click are in tests/web/test_reviewing.py and
test_changing.py; two publishers are in test_two_publishers.py.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.core.roles import Role
from catchments.editions.publishing import Order, Outcome, PublicationRequest
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Decision, schema
from catchments.store.accounts import guess_budgets as budgets_module
from catchments.store.accounts.guess_budgets import LONGEST_LOCK
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.engine import now
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox.queue import Outbox
from catchments.web.accounts import access
from catchments.web.staff.forms import areas
from tests import prepared
from tests.faults.test_kill import AT_MOMENTS, QUICK, WHOLE, fates_at, nothing_is_half_there
from tests.serving import Server, serving
from tests.staff import (
    APP,
    PASSWORD,
    App,
    add_person,
    csrf_token,
    post,
    see_to_an_app,
    signed_in,
    words,
)
from tests.waiting import PATIENCE_S, wait_until
from tests.worlds import (
    KOWHAI,
    TODAY,
    fill,
    next_edition,
    opened,
    publish_whole,
    running_application,
    small_edition,
    small_release,
    sqlite_url,
    store_of,
)

PUBLISHER = "catchments.commands.jobs.publishing"
PROVIDERS = ("P-AHI", "P-RAKAU")
"""Kōwhai goes from one to the other and back."""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The small world as real data, published, with staff."""
    path = tmp_path / "staff.sqlite"
    release = small_release(demonstration=False)
    fill(path, small_edition(demonstration=False), release=release)
    with opened(path) as store:
        add_person(store, "hana", Role.EDITOR)
        add_person(store, "aroha", Role.APPROVER)
        add_person(store, "tama", Role.ADMINISTRATOR)
        see_to_an_app(store, "tama")
    return path


def approved(path: Path) -> PublicationRequest:
    """A draft that an approver has approved for today, and the request to publish it."""
    day = today_in_new_zealand()
    with opened(path) as store:
        desk, people = DraftRepository(store), People(store)
        hana, aroha, tama = (people.person(login) for login in ("hana", "aroha", "tama"))
        base = store.editions()[-1].number
        change = AssignProvider((KOWHAI,), PROVIDERS[(base + 1) % 2])
        draft = desk.begin(title="Kōwhai", reason="A contract ends.", base_number=base, by=hana)
        desk.add(draft, change, "Another provider.", seen=ExpectedVersion(hana, 1))
        desk.submit(draft, day, seen=ExpectedVersion(hana, 2))
        desk.approve(draft, day, seen=ExpectedVersion(aroha, 3))
        # An administrator may publish for a date that is past: the test may run at midnight.
        return PublicationRequest(draft, day, "A contract ends.", decision=Decision(tama.id, 4))


def version_of(request: PublicationRequest) -> int:
    assert request.decision
    return request.decision.draft_version


def begun(path: Path, request: PublicationRequest, **fate: int | None) -> prepared.Process:
    """A process that publishes."""
    given, settings = (
        msgspec.json.encode(Order(publish=request)),
        {"DATABASE_URL": sqlite_url(path)},
    )
    return prepared.begin(PUBLISHER, given=given, settings=settings, **fate)


def outcome(process: prepared.Process) -> Outcome:
    assert process.wait() == 0, process.stderr
    return msgspec.json.decode(process.stdout, type=Outcome)


def finished(path: Path, request: PublicationRequest, **fate: int | None) -> Outcome:
    return outcome(begun(path, request, **fate))


def is_published_whole(path: Path, request: PublicationRequest, *, artefacts: int = QUICK) -> bool:
    """Whether a draft is published; either way all of it is there, once, or none of it."""
    editions, _ = nothing_is_half_there(path, artefacts=artefacts)
    with opened(path) as store:
        assert AuditTrail(store).broken_at() is None
        draft = DraftRepository(store).draft(request.draft_id)
        trail = AuditTrail(store).entries(matching={"action": "edition.publish"}, at_most=99)
        mine = [e for e in trail if json.loads(e.detail)["draft"] == request.draft_id]
        assert len(mine) == (draft.published_as is not None)
        with store.reading() as connection:
            numbers = set(connection.scalars(sa.select(schema.notice.c.edition_number)))
        if draft.published_as is None:
            assert (draft.state, draft.version) == ("approved", version_of(request))
            assert all(number <= editions for number in numbers)
            return False
        assert (draft.state, draft.published_as) == ("published", editions)
        told = [(n.recipient_kind, n.recipient) for n in Outbox(store).notices(editions)]
        assert ("school", "55") in told
        assert len(told) == len(set(told))
        return True


# --- kill -9 --------------------------------------------------------------------------------------


@AT_MOMENTS
def test_a_publication_of_staff_killed_at_any_moment_is_whole_or_not_there(
    moments: int, database: Path
) -> None:
    request = approved(database)
    whole = begun(database, request)
    assert outcome(whole).numbers == [2]
    assert is_published_whole(database, request)
    request = approved(database)
    for fate in fates_at(moments, whole.steps, database):
        begun(database, request, **fate).wait()
        if is_published_whole(database, request):
            again = finished(
                database, request
            )  # whoever asks once more is told, and nothing is done
            assert "has been published already" in again.problem
            request = approved(database)
    assert finished(database, request).numbers
    assert is_published_whole(database, request)


# --- a full disk ----------------------------------------------------------------------------------


def test_a_full_disk_while_publishing_is_one_message_and_it_succeeds_once_there_is_room(
    database: Path,
) -> None:
    request = approved(database)
    refused = finished(database, request, room=64 << 10)
    assert (refused.numbers, refused.kind) == ([], "StoreUnavailable")
    assert re.fullmatch(r"The database “.*” cannot be used: .*\.", refused.problem)
    assert not is_published_whole(database, request)
    assert finished(database, request).numbers == [2]
    assert is_published_whole(database, request)


@pytest.mark.thorough
def test_a_full_disk_while_files_are_made_is_one_message_and_it_succeeds_once_there_is_room(
    database: Path,
) -> None:
    request = approved(database)

    def published(room: int) -> Outcome:
        """What a process says that draws the files; no file of it grows beyond `room` bytes."""
        return finished(database, request, draws=True, room=room)

    refused = published(48 << 10)
    assert (refused.numbers, refused.kind) == ([], "PublicationRefused")
    assert re.fullmatch(r"The file .* could not be made: .*", refused.problem)
    assert not is_published_whole(database, request)
    assert published(1 << 30).numbers == [2]
    assert is_published_whole(database, request, artefacts=WHOLE)


@pytest.fixture
def app(small_copy: Path) -> Iterator[Flask]:
    """The small world in this process, with staff and a draft of Hana's."""
    with running_application(small_copy) as made:
        store = store_of(made)
        hana = add_person(store, "hana", Role.EDITOR)
        add_person(store, "aroha", Role.APPROVER)
        DraftRepository(store).begin(title="A draft", reason="Why", base_number=1, by=hana)
        yield made


@pytest.fixture
def hana(app: Flask) -> FlaskClient:
    return signed_in(app, "hana")


def kept(app: Flask) -> tuple[object, ...]:
    """Everything that a refused act must leave as it was."""
    store = store_of(app)
    last = AuditTrail(store).last()
    return (
        store.drafts(),
        DraftRepository(store).comments(1),
        store.editions(),
        last and last.number,
    )


def test_a_full_disk_while_somebody_writes_is_one_message_and_what_was_there_stays(
    app: Flask, hana: FlaskClient
) -> None:
    store, token = store_of(app), csrf_token(hana)
    with store.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def no_room(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(store._engine, "connect", no_room)
    said = 0
    for _ in range(40):
        before = kept(app)
        data = {"csrf_token": token, "text": "x" * 1_900}
        response = hana.post("/staff/drafts/1/comment", data=data)
        if response.status_code != 303:
            break
        said += 1
    assert response.status_code == 503
    assert words(response).count("There is a problem") == 1
    assert re.search(r"The database “.*” cannot be used: .*full", words(response))
    assert kept(app) == before
    assert len(DraftRepository(store).comments(1)) == said
    assert hana.get("/staff/drafts/1").status_code == 200
    sa.event.remove(store._engine, "connect", no_room)
    assert post(hana, "/staff/drafts/1/comment", text="There is room.").status_code == 303
    assert AuditTrail(store).broken_at() is None


# --- a clock that jumps ---------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-3_650, -1, 1, 3_650])
def test_a_clock_that_jumps_ends_sessions_and_does_nothing_else(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    token, before, moment = csrf_token(hana), kept(app), time.time() + days * 86_400
    form = {"csrf_token": token, "version": "1"}
    monkeypatch.setattr(access, "clock", lambda: moment)
    response = hana.post("/staff/drafts/1/abandon", data=form)
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/staff/sign-in")
    assert kept(app) == before


def test_no_lock_outlasts_the_longest_when_the_clock_jumps_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, truly = People(store_of(app)), now
    with monkeypatch.context() as patched:
        patched.setattr(budgets_module, "now", lambda: truly() + timedelta(days=3_650))
        for _ in range(6):
            people.sign_in("hana", "wrong wrong wrong")
        assert people.sign_in("hana", PASSWORD) is None  # locked, as far as that clock goes
    assert people.sign_in("hana", PASSWORD) is not None
    with monkeypatch.context() as patched:
        for _ in range(6):
            people.sign_in("hana", "wrong wrong wrong")
        patched.setattr(budgets_module, "now", lambda: truly() - timedelta(minutes=1))
        assert people.sign_in("hana", PASSWORD) is None  # a little way back it stays locked
        patched.setattr(budgets_module, "now", lambda: truly() + LONGEST_LOCK)
        assert people.sign_in("hana", PASSWORD) is not None


def test_a_day_that_comes_and_goes_again_serves_the_edition_of_the_day(small_copy: Path) -> None:
    day = [TODAY]
    soon = TODAY + timedelta(days=30)
    with running_application(small_copy, today=lambda: day[0]) as app:
        publish_whole(store_of(app), next_edition(soon))
        client, served = app.test_client(), []
        jumps = (TODAY, soon, TODAY, date(2126, 1, 1), TODAY, soon)
        for each in jumps:
            day[0] = each
            response = client.get("/provider?school_id=55")
            found = re.search(r"max-age=(-?\d+)", response.headers["Cache-Control"])
            assert found
            assert int(found[1]) >= 0
            served.append(response.get_json()["edition"]["number"])
        assert served == [1 if each < soon else 2 for each in jumps]
        assert [e.number for e in store_of(app).editions()] == [1, 2]


# --- what is drawn and pasted ---------------------------------------------------------------------


def circle(vertices: int) -> str:
    """A lasso inside Ahi with so many vertices, there and back on two lines."""
    half = vertices // 2
    there = (f"{174.1 + 0.8 * n / half:.6f} -38.6" for n in range(half))
    back = (f"{174.9 - 0.8 * n / half:.6f} -38.4" for n in range(vertices - half - 1))
    return f"POLYGON (({','.join([*there, *back, '174.100000 -38.6'])}))"


BAD: dict[str, tuple[str, Callable[[], dict[str, str]], str]] = {
    "a lasso that crosses itself": (
        "transfer-area",
        lambda: {"drawn": "POLYGON((174 -39,174.9 -38.1,174.9 -39,174 -38.1,174 -39))"},
        "crosses itself",
    ),
    "a lasso in the sea": (
        "transfer-area",
        lambda: {"points": "170 -36\n171 -36\n171 -35"},
        "The area lies in no catchment that gives it",
    ),
    "a lasso on the other side of the world": (
        "transfer-area",
        lambda: {"drawn": "POLYGON((1 50,2 50,2 51,1 50))"},
        "It lies outside New Zealand.",
    ),
    "a lasso of two points": (
        "transfer-area",
        lambda: {"points": "174.2 -38.5\n174.3 -38.5"},
        "Give 3 points or more",
    ),
    "a lasso of a million vertices and one": (
        "transfer-area",
        lambda: {"drawn": circle(1_000_001)},
        "It has 1,000,001 corners; at most",
    ),
    "words among pasted numbers": (
        "move-schools",
        lambda: {"numbers": "55, and also 56; thanks"},
        "1 thing in the list is no number of a known school. Nothing was added.",
    ),
}


HUGE = "a lasso of a million vertices and one"


@pytest.mark.parametrize(
    "what",
    [pytest.param(what, marks=[pytest.mark.thorough] if what == HUGE else []) for what in BAD],
)
def test_what_cannot_be_taken_is_said_once_and_the_draft_stays(
    app: Flask, hana: FlaskClient, what: str
) -> None:
    kind, make, said = BAD[what]
    is_refused_once(app, hana, kind, make(), said)


def test_a_lasso_of_more_vertices_than_are_taken_is_refused_too(
    app: Flask, hana: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(areas, "CORNERS_AT_MOST", 1_000)
    said = "It has 1,001 corners; at most 1,000 are taken."
    is_refused_once(app, hana, "transfer-area", {"drawn": circle(1_001)}, said)


def is_refused_once(
    app: Flask, hana: FlaskClient, kind: str, given: dict[str, str], said: str
) -> None:
    token, before = csrf_token(hana), kept(app)
    form = {"csrf_token": token, "version": "1", "to": KOWHAI, "confirmed": "yes", **given}
    url = f"/staff/drafts/1/change/{kind}"
    # Encoded here: the client would keep so much in a file that it never closes.
    body = urlencode(form, safe="(),")
    response = hana.post(url, data=body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert words(response).count("There is a problem") == 1
    assert said in words(response)
    assert kept(app) == before


# --- a real server --------------------------------------------------------------------------------


class Browser:
    """Somebody signed in to a real server, who sends forms and may hang up."""

    def __init__(self, port: int, login: str) -> None:
        self.port, self.cookies = port, {}  # type: ignore[var-annotated]
        self.token = self._token()
        status, where = self.send("/staff/sign-in", login=login, password=PASSWORD)
        assert status == 303
        self.token = self._token()
        if "second-step" in where:
            status, where = self.send(where, code=App(APP.secret).code())
            assert (status, where) == (303, "/staff")
            self.token = self._token()

    def send(self, path: str, **fields: object) -> tuple[int, str]:
        """Send a form; return the status and where it leads."""
        with closing(self._connected()) as connection:
            connection.request("POST", path, *self._form(fields))
            return self._answer(connection)[0:2]

    @contextmanager
    def sending(self, path: str, **fields: object) -> Iterator[None]:
        """Send a form, and close the line at the end without having read an answer.

        Not at once: a server that has not yet begun may never do what nobody waits for.
        """
        body, headers = self._form(fields)
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
            lines += [f"{k}: {v}" for k, v in headers.items()]
            lines += [f"Content-Length: {len(body)}", "", body]
            line.sendall("\r\n".join(lines).encode())
            yield

    def page(self, path: str) -> str:
        with closing(self._connected()) as connection:
            connection.request("GET", path, headers=self._headers())
            return self._answer(connection)[2]

    def _token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page("/staff/sign-in"))
        if found is None:  # whoever is signed in is sent on
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.page("/staff/password"))
        assert found
        return found[1]

    def _connected(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def _headers(self) -> dict[str, str]:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": kept, "Connection": "close", "Accept": "text/html"}

    def _form(self, fields: dict[str, object]) -> tuple[str, dict[str, str]]:
        body = urlencode({"csrf_token": self.token, **fields})
        return body, {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}

    def _answer(self, connection: http.client.HTTPConnection) -> tuple[int, str, str]:
        response = connection.getresponse()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.status, response.headers.get("Location", ""), response.read().decode()


def editions_of(path: Path) -> list[int]:
    with opened(path) as store:
        return [edition.number for edition in store.editions()]


@pytest.mark.thorough
def test_a_line_that_breaks_on_a_double_click_publishes_once_and_every_page_tells_the_same(
    database: Path,
) -> None:
    request = approved(database)
    with serving(database) as server:
        tama = Browser(server.port, "tama")
        form = {"version": version_of(request), "once": "ab12", "reason": "A contract ends."}
        url = f"/staff/drafts/{request.draft_id}/publish"
        with tama.sending(url, **form), tama.sending(url, **form):
            server.wait_until(lambda: publishing(server), "a worker has begun to publish")
        server.wait_until(lambda: editions_of(database) == [1, 2], "edition 2 is published")
        server.wait_until_served(2, workers=1)
        # The back button, and once more.
        assert tama.send(url, **form) == (303, "/staff/editions")
        assert "Published as edition 2" in tama.page("/staff/editions")
        assert editions_of(database) == [1, 2]
        assert is_published_whole(database, request, artefacts=WHOLE)
        every_page_tells_of_edition_2(server, tama)


def every_page_tells_of_edition_2(server: Server, tama: Browser) -> None:
    assert server.get("/provider?school_id=55")[1]["provider"]["name"] == "Ahi Trust"
    assert "Ahi Trust" in tama.page("/?school=55")
    body = server.get("/changes?since=1")[1]
    assert [each["edition"] for each in body["editions"]] == [2]
    assert "/history/2" in tama.page("/changes.atom")
    assert "Ahi Trust" in tama.page("/history/2")


@pytest.mark.thorough
def test_a_worker_killed_while_it_publishes_leaves_the_edition_before_or_after(
    database: Path,
) -> None:
    request = approved(database)
    with serving(database, workers=2) as server:
        tama = Browser(server.port, "tama")
        form = {"version": version_of(request), "once": "ab12", "reason": "A contract ends."}
        url = f"/staff/drafts/{request.draft_id}/publish"
        with tama.sending(url, **form):
            server.wait_until(lambda: publishing(server), "a worker has begun to publish")
            workers, publishers = server.workers(), publishing(server)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        server.wait_until(lambda: server.workers() - workers, "another worker is there")
        server.wait_until(server.answers, "it answers")
        wait_until(lambda: not any(map(is_running, publishers)), "who publishes alone has ended")
        is_published_whole(database, request, artefacts=WHOLE)
        # The page that is sent once more publishes it, or says that it is published.
        assert tama.send(url, **form) == (303, "/staff/editions")
        assert editions_of(database) == [1, 2]
        assert is_published_whole(database, request, artefacts=WHOLE)
        server.wait_until_served(2, workers=2)


def publishing(server: Server) -> list[str]:
    """The processes that workers have begun to publish with."""
    begun: list[str] = []
    for worker in server.workers():
        for children in Path(f"/proc/{worker}/task").glob("*/children"):
            begun += children.read_text().split()
    return [pid for pid in begun if is_running(pid, PUBLISHER)]


def is_running(pid: str, command: str = "") -> bool:
    """Whether a process runs, by such a command; one that nobody has asked after does not."""
    with suppress(OSError):
        return command in Path(f"/proc/{pid}/cmdline").read_text() != ""
    return False
