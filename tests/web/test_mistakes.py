"""“Something wrong?”: anybody tells what is wrong, staff see to it, and nothing of it stays."""

from __future__ import annotations

import logging
import re
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.model import Catchment, Place, School
from catchments.store import schema
from catchments.store.engine import now
from catchments.store.integrity.audit import AuditTrail
from catchments.store.site.reports import OPEN_AT_MOST, MistakeGiven, MistakeReports
from catchments.web.front.rate_limits import LIMITS, REPORTS_A_WINDOW, Windows
from tests.staff import post, signed_in, text_of
from tests.worlds import (
    HOSTILE,
    opened,
    publish_whole,
    running_application,
    small_edition,
    small_release,
    small_schools,
    store_of,
)

WRONG = "The phone number of the provider is wrong."


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    staffed_app.extensions[LIMITS].reports = Windows(clock=lambda: 0.0)  # one window throughout
    return staffed_app


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    return app.test_client()


def send(client: FlaskClient, what: str = WRONG, **more: str) -> Any:
    headers = more.pop("headers", {})
    return client.post("/report", data={"what": what, **more}, headers=headers)


def kept(app: Flask) -> list[Any]:
    return MistakeReports(store_of(app)).all()


# --- who sends one ------------------------------------------------------------------------------


def test_a_report_needs_no_account_and_leads_to_thanks(app: Flask, anybody: FlaskClient) -> None:
    shown = anybody.get("/report?school=54").text
    assert "Do not write about a student." in shown
    assert "(54)" in shown
    sent = send(anybody, place="Kura o te Ahi (54)", email="kia@kura.school.nz")
    assert (sent.status_code, sent.location) == (303, "/report/thanks")
    assert "Set-Cookie" not in sent.headers
    [report] = kept(app)
    assert (report.what, report.place, report.email) == (
        WRONG,
        "Kura o te Ahi (54)",
        "kia@kura.school.nz",
    )
    assert "We have your report" in anybody.get("/report/thanks").text


def test_the_form_names_what_today_has_not_if_its_page_leads_there(tmp_path: Path) -> None:
    hou = Catchment("NEW-6", "Hou", "Waikato", "P-AHI")
    coming = small_edition(
        effective_from=date(2026, 6, 1), catchments={**small_edition().catchments, "NEW-6": hou}
    )
    old = School(90, "Old School", place=Place(174.4, -38.4))
    first = small_release(released=date(2025, 12, 1), schools={**small_schools(), 90: old})
    with opened(tmp_path / "gone.sqlite") as store:
        for release in (first, small_release()):
            store.add_release(release)
        for edition in (small_edition(), coming):
            publish_whole(store, edition)
    with running_application(tmp_path / "gone.sqlite") as made:
        client = made.test_client()
        places = []
        for path in ("/school/90", "/catchment/NEW-6?on=2026-06-01"):
            [form] = set(re.findall(r'href="(/report\?[^"]*)"', client.get(path).text))
            [place] = re.findall(r'<input[^>]*id="place"[^>]*>', client.get(unescape(form)).text)
            places += re.findall('value="([^"]*)"', place)
    assert places == ["Old School (90)", "Hou catchment"]


def test_a_double_click_is_one_report(app: Flask, anybody: FlaskClient) -> None:
    assert [send(anybody).status_code for _ in range(2)] == [303, 303]
    assert len(kept(app)) == 1


def test_whoever_says_the_same_is_answered_as_well(app: Flask, anybody: FlaskClient) -> None:
    for email in ("hana@kura.example", "rua@kura.example"):
        send(anybody, email=email)
    assert [each.email for each in kept(app)] == ["hana@kura.example", "rua@kura.example"]


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "nothing": ({"what": " \n"}, "Enter what is wrong."),
    "100 kB": ({"what": "ā" * 100_000}, "That has 100,000 characters; use at most 2,000."),
    "many links": ({"what": "http://a.example " * 4}, "Leave out web addresses"),
    "no address": ({"email": "kia at kura"}, "Enter an e-mail address like"),
    "two addresses": ({"email": "a@b.nz,c@d.nz"}, "Enter an e-mail address like"),
    "a line in the address": ({"email": "a@b.nz\r\nBcc: c@d.nz"}, "characters that cannot be seen"),
    "NUL": ({"what": "a\0b"}, "characters that cannot be seen"),
    "what programs fill in": ({"leave_empty": "x"}, "Leave this field empty."),
}


@pytest.mark.every_case
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_taken_is_said_once_and_stays_in_the_form(
    app: Flask, anybody: FlaskClient, case: str
) -> None:
    fields, said = REFUSED[case]
    sent = send(anybody, **{"what": WRONG, "place": HOSTILE, **fields})
    assert sent.status_code == 400
    assert said in text_of(sent.text)
    assert sent.text.count('role="alert"') == 1
    assert "<img src=x" not in sent.text
    assert sent.headers["Cache-Control"] == "no-store"
    assert kept(app) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 400),
        ({"Origin": "https://elsewhere.example"}, 400),
        ({"Origin": "null"}, 400),
    ],
)
@pytest.mark.every_case
def test_no_other_website_has_its_visitors_send_one(
    anybody: FlaskClient, headers: Any, status: int
) -> None:
    assert send(anybody, headers=headers).status_code == status


def test_a_hundred_a_minute_are_not_taken(app: Flask, anybody: FlaskClient) -> None:
    statuses = [send(anybody, f"{WRONG} {n}").status_code for n in range(100)]
    assert statuses == [303] * REPORTS_A_WINDOW + [429] * (100 - REPORTS_A_WINDOW)
    assert len(kept(app)) == REPORTS_A_WINDOW
    last = send(anybody, "And this").text
    assert "You sent several reports within a minute." in last
    assert "And this" in last
    assert anybody.get("/").status_code == 200


def test_where_hundreds_wait_no_more_is_taken(app: Flask, anybody: FlaskClient) -> None:
    row = {"what": "x", "place": "", "email": "", "came_at": now() - timedelta(days=1)}
    with store_of(app).writing() as connection:
        connection.execute(sa.insert(schema.mistake_report), [row] * OPEN_AT_MOST)
    sent = send(anybody)
    assert sent.status_code == 429
    assert "So many reports are waiting" in sent.text


def test_it_is_logged_without_a_word_of_it(
    anybody: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        send(anybody, place="Somewhere", email="kia@kura.school.nz")
    assert "report of a mistake 1" in caplog.text
    for typed in (WRONG, "Somewhere", "kia@kura"):
        assert typed not in caplog.text


# --- who sees to it -------------------------------------------------------------------------------


def test_staff_see_it_answer_and_close_it_and_its_address_is_gone(
    app: Flask, anybody: FlaskClient
) -> None:
    send(anybody, HOSTILE, place=HOSTILE, email="kia@kura.school.nz")
    hana = signed_in(app, "hana")
    shown = hana.get("/staff/reports").text
    assert HOSTILE not in shown
    assert HOSTILE in text_of(shown)
    assert 'href="mailto:kia@kura.school.nz?subject=Your%20report%201"' in shown
    assert "1 report of a mistake waits" in text_of(hana.get("/staff/findings").text)
    assert post(hana, "/staff/reports/1/close").status_code == 303
    assert "was closed already" in text_of(post_twice(hana))
    [closed] = MistakeReports(store_of(app)).all(closed=True)
    assert (closed.email, closed.closed_by) == ("", "Hana of the Ministry")
    [entry] = AuditTrail(store_of(app)).entries(matching={"action": "report.close"}, at_most=9)
    assert (entry.actor, entry.subject, entry.detail) == ("hana", "report of a mistake 1", "{}")


def post_twice(client: FlaskClient) -> str:
    post(client, "/staff/reports/1/close")
    return client.get("/staff/reports").text


def test_whoever_may_only_read_sees_no_report(app: Flask) -> None:
    assert signed_in(app, "rata").get("/staff/reports").status_code == 403


def test_it_is_deleted_when_its_time_is_over(app: Flask) -> None:
    reports = MistakeReports(store_of(app))
    reports.add(MistakeGiven(WRONG))
    assert reports.forget_older_than(1) == 0
    with store_of(app).writing() as connection:
        old = now() - timedelta(days=181)
        connection.execute(schema.mistake_report.update().values(came_at=old))
    assert "No report waits." in signed_in(app, "hana").get("/staff/reports").text
    assert reports.waiting() == 0
