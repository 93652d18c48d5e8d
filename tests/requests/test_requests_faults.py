"""What goes wrong while people ask for support: it is said, and nothing kept or typed is lost."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.core.mail_server import MailServer
from catchments.core.settings import Settings
from catchments.requests.following import follow
from catchments.requests.rules.cases import Step
from catchments.requests.store import schema, writing
from catchments.requests.store.handovers import Handovers
from catchments.requests.store.mail import CaseLetters
from catchments.requests.web.health import UNAVAILABLE
from catchments.store.accounts import letters as letters_module
from catchments.store.engine import StoreUnavailable, now
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox import claims
from catchments.store.outbox.mail_sending import MailWorker
from catchments.web.accounts import access
from tests.editions.test_delivery import Postbox, smtp_server
from tests.portal_process import hidden
from tests.requests.desk import FILE, NORTH, SOUTH, TODAY, Desk
from tests.requests.portal import Pages, begun, filled, pages_of
from tests.requests.test_handovers import BOTH_NORTH, MadeUpLookup, holder_of
from tests.staff import PASSWORD, csrf_in, words

KEPT = (
    *("support_case", "case_event", "case_note", "case_file", "request_draft"),
    *("letter", "audit_entry"),
)
"""The tables that a refused act leaves as they are."""
A_DAY = timedelta(days=1)
TYPED = "Words that nobody wants to write again."


@pytest.fixture
def pages(desk: Desk) -> Pages:
    return pages_of(desk)


def kept(desk: Desk) -> list[list[Any]]:
    with desk.database.reading() as connection:
        return [connection.execute(sa.select(schema.metadata.tables[t])).all() for t in KEPT]


def token_of(client: FlaskClient) -> str:
    return csrf_in(client.get("/requests"))


Act = Callable[[Pages, FlaskClient, str, str], TestResponse]


def _note(_: Pages, client: FlaskClient, token: str, case: str) -> TestResponse:
    fields = {"csrf_token": token, "once": f"a-note-of-case-{case}", "text": TYPED * 90}
    return client.post(f"/requests/cases/{case}/notes", data=fields)


def _step(_: Pages, client: FlaskClient, token: str, case: str) -> TestResponse:
    fields = {"csrf_token": token, "version": "1", "reason": TYPED * 40}
    return client.post(f"/requests/cases/{case}/step/{Step.DECLINE}", data=fields)


def _begin(_: Pages, client: FlaskClient, token: str, case: str) -> TestResponse:
    about = {"once": f"a-form-beside-{case}", "school": "54", "do": "keep", "csrf_token": token}
    return client.post("/requests/new", data=filled(barriers=TYPED * 90, **about))


ACTS: dict[str, tuple[str, Act]] = {
    "a note": ("ana", _note),
    "a step": ("wiki", _step),
    "a request that is begun": ("ana", _begin),
}


def is_said_once(page: TestResponse) -> None:
    assert page.status_code == UNAVAILABLE
    assert words(page).count("There is a problem") == 1
    assert "cannot reach its database just now" in words(page)
    assert "sqlite" not in page.text, "where it is, is nobody's business"


def can_be_sent_again(page: TestResponse, path: str) -> dict[str, str]:
    """What the page that says it has all that was typed in, to be sent once more."""
    assert f'<form method="post" action="{path}">' in page.text
    assert TYPED in page.text
    return hidden_of(page)


def hidden_of(page: TestResponse) -> dict[str, str]:
    return hidden(page)  # type: ignore[arg-type]


# --- a full disk ----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ACTS)
def test_a_full_disk_is_said_once_and_what_was_typed_can_be_sent_again(
    desk_in_a_file: Desk, what: str
) -> None:
    (login, act), pages = ACTS[what], pages_of(desk_in_a_file)
    desk = pages.desk
    cases = [desk.send() for _ in range(19)]
    client = pages.of(login)
    token = token_of(client)
    with no_room_left(desk):
        for case in cases:
            before = kept(desk)
            page = act(pages, client, token, case)
            if page.status_code != 303:
                break
        is_said_once(page)
        fields = can_be_sent_again(page, page.request.path)
        assert kept(desk) == before
    again = client.post(page.request.path, data=fields | {"csrf_token": token})
    assert again.status_code == 303
    assert AuditTrail(desk.database).broken_at() is None


@contextmanager
def no_room_left(desk: Desk) -> Iterator[None]:
    """The database's file does not grow any more; what is free in it can be used."""
    with desk.database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def no_room(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(desk.database._engine, "connect", no_room)
    yield
    sa.event.remove(desk.database._engine, "connect", no_room)


def test_a_full_disk_while_cases_are_handed_over_is_made_up_for(desk_in_a_file: Desk) -> None:
    desk = desk_in_a_file
    cases, lookup = [desk.send() for _ in range(25)], MadeUpLookup()
    lookup.publish(TODAY, {54: SOUTH, 55: NORTH})
    with no_room_left(desk), pytest.raises(StoreUnavailable, match="full"):
        follow(Handovers(desk.database), lookup, today=lambda: TODAY)
    assert {holder_of(desk, each) for each in cases} <= {NORTH, SOUTH}
    follow(Handovers(desk.database), lookup, today=lambda: TODAY)
    assert {holder_of(desk, each) for each in cases} == {SOUTH}


# --- a database that is away ----------------------------------------------------------------------


def _removed(file: Path) -> None:
    file.unlink()


def _rubbish(file: Path) -> None:
    file.write_bytes(b"no database at all" * 1_000)


def _a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("becomes", [_removed, _rubbish, _a_folder])
@pytest.mark.parametrize("what", ACTS)
def test_a_file_that_cannot_be_read_is_said_and_all_goes_on_once_it_is_back(
    desk_in_a_file: Desk, tmp_path: Path, what: str, becomes: Callable[[Path], None]
) -> None:
    (login, act), desk, file = ACTS[what], desk_in_a_file, tmp_path / FILE
    pages = pages_of(desk)
    case = desk.send()
    client = pages.of(login)
    token, aside = token_of(client), tmp_path / "aside"
    before = kept(desk)
    shutil.copy(file, aside)
    becomes(file)
    page = act(pages, client, token, case)
    is_said_once(page)
    fields = can_be_sent_again(page, page.request.path)
    is_said_once(client.get(f"/requests/cases/{case}"))
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["database"]) == (UNAVAILABLE, "away")
    if file.is_dir():
        file.rmdir()
    shutil.move(aside, file)
    assert client.get("/readyz").status_code == 200
    assert kept(desk) == before
    again = client.post(page.request.path, data=fields | {"csrf_token": token})
    assert again.status_code == 303, words(again)


def test_a_form_of_a_case_that_went_elsewhere_meanwhile_gives_back_what_was_typed(
    pages: Pages,
) -> None:
    case, wiki = pages.desk.send(), pages.of("wiki")
    lookup = MadeUpLookup()
    lookup.publish(TODAY, {54: SOUTH, 55: NORTH})
    follow(Handovers(pages.desk.database), lookup, today=lambda: TODAY)
    page = _note(pages, wiki, token_of(wiki), case)
    assert page.status_code == 404
    assert TYPED in page.text
    assert "Copy it from here" in words(page)


# --- a mail server that is away -------------------------------------------------------------------


def alerts(desk: Desk) -> int:
    """Send a request and take steps with it; return how many alerts are due."""
    case, people = desk.send(), desk.people
    desk.cases.take(people["wiki"], case, Step.ASSIGN, version=1, assignee=people["cam"].id)
    desk.cases.take(people["cam"], case, Step.BEGIN, version=2)
    table = schema.metadata.tables["letter"]
    with desk.database.reading() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def sender_of(desk: Desk, server: MailServer) -> MailWorker:
    settings = Settings(database_url=desk.database.url, mail=server)
    return MailWorker(CaseLetters(desk.database), settings)


def set_clock(patched: pytest.MonkeyPatch, ahead: timedelta) -> None:
    for module in (claims, letters_module, writing):
        patched.setattr(module, "now", lambda: now() + ahead)


@pytest.mark.parametrize("away_for", [timedelta(hours=1), A_DAY, timedelta(days=3)])
def test_alerts_go_out_once_each_when_the_mail_server_is_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, away_for: timedelta
) -> None:
    due = alerts(desk)
    with smtp_server(Postbox()) as nobody:
        pass  # and now it is gone
    gone, waited = sender_of(desk, nobody), timedelta()
    while waited < away_for:
        set_clock(monkeypatch, waited)
        assert gone.send_due() == 0
        waited += timedelta(hours=1)
    set_clock(monkeypatch, waited + timedelta(hours=6))
    postbox = Postbox()
    with smtp_server(postbox) as server:
        sender = sender_of(desk, server)
        assert [sender.send_due(), sender.send_due()] == [due, 0]
    names = [
        re.search(rb"Message-ID: (\S+)", content)[1]  # type: ignore[index]
        for _, content in postbox.taken
    ]
    assert len(set(names)) == len(names) == due


# --- a clock that jumps ---------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [A_DAY, -A_DAY])
def test_a_clock_that_jumps_a_day_and_back_loses_no_alert(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    set_clock(monkeypatch, timedelta())
    due, postbox = alerts(desk), Postbox()
    with smtp_server(Postbox()) as nobody:
        pass  # nothing leaves before the clock jumps
    for ahead in (timedelta(), jump):
        set_clock(monkeypatch, ahead)
        sender_of(desk, nobody).send_due()
        due = alerts(desk)
    set_clock(monkeypatch, timedelta(hours=1))
    with smtp_server(postbox) as server:
        sender_of(desk, server).send_due()
    assert len(postbox.taken) == due


def test_a_clock_that_jumps_a_day_and_back_keeps_what_is_being_written(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = pages.of("ana")
    where = begun(pages, ana).headers["Location"]
    for ahead in (A_DAY, timedelta(), -A_DAY, timedelta()):
        with monkeypatch.context() as patched:
            set_clock(patched, ahead)
            written = pages.app.extensions["catchments.requests"].written
            assert written.forget_old() == 0
    assert "Made-up Student" in ana.get(where).text


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_jumps_ends_sessions_and_a_form_sent_then_stands_again(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    case, ana = pages.desk.send(), pages.of("ana")
    page, real = ana.get(f"/requests/cases/{case}"), access.clock()
    form = hidden_of(page) | {"csrf_token": csrf_in(page), "text": TYPED}
    monkeypatch.setattr(access, "clock", lambda: real + days * 86_400)
    before = kept(pages.desk)[2]
    response = ana.post(f"/requests/cases/{case}/notes", data=form)
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/requests/sign-in")
    assert kept(pages.desk)[2] == before
    page = ana.get(response.headers["Location"])
    about = hidden_of(page) | {"csrf_token": csrf_in(page)}
    again = ana.post(page.request.path, data=about | {"login": "ana", "password": PASSWORD})
    stands = ana.get(again.headers["Location"], follow_redirects=True)
    assert TYPED in stands.text, words(stands)
    assert kept(pages.desk)[2] == before


def test_a_day_that_comes_and_goes_again_leaves_each_case_with_who_serves_on_the_day(
    desk: Desk,
) -> None:
    cases, lookup = [desk.send() for _ in range(2)], MadeUpLookup()
    lookup.publish(TODAY - 30 * A_DAY, BOTH_NORTH)
    lookup.publish(TODAY + A_DAY, {54: SOUTH, 55: NORTH})
    for on in (TODAY, TODAY + A_DAY, TODAY, TODAY + A_DAY):
        for _ in range(2):
            follow(Handovers(desk.database), lookup, today=lambda on=on: on)
        at = {holder_of(desk, each) for each in cases}
        assert at == {SOUTH if on > TODAY else NORTH}
    assert AuditTrail(desk.database).broken_at() is None
