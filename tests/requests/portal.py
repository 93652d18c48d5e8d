"""The pages of requests as a browser has them: an application over a desk, and a lookup of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.core.roles import Role
from catchments.core.settings import Settings
from catchments.requests.application import create_app
from catchments.requests.lookup import LookupAway
from catchments.requests.rules.served import Served
from catchments.requests.settings import RequestsSettings
from tests.requests.desk import NORTH, TODAY, Desk, served
from tests.staff import PASSWORD, csrf_in
from tests.worlds import DATA_KEY, compiled_templates

COUNTS_KEY = "a-key-of-the-tests-for-counts-of-open-cases"


@dataclass
class OurLookup:
    """A lookup that says what a test has it say."""

    provider: str = NORTH
    is_away: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def served(self, school_id: int, on: date) -> Served:
        if self.is_away:
            raise LookupAway
        return served(school_id, self.provider, on=on, **self.more)


@dataclass
class Pages:
    """An application over a desk."""

    app: Flask
    desk: Desk
    lookup: OurLookup

    def of(self, login: str) -> FlaskClient:
        """A client of somebody who has signed in."""
        client = self.app.test_client()
        form = {"login": login, "password": PASSWORD}
        response = post(client, "/requests/sign-in", page="/requests/sign-in", **form)
        assert response.status_code == 303, response.text
        return client


def pages_of(desk: Desk, *, second_factor: frozenset[Role] = frozenset(), **changes: Any) -> Pages:
    accounts = Settings(
        database_url=desk.database.url,
        data_keys=(DATA_KEY,),
        second_factor=second_factor,
        secret_keys=("a-key-of-the-tests-which-signs-all-of-their-sessions",),
    )
    lookup = OurLookup()
    settings = RequestsSettings(accounts, counts_key=COUNTS_KEY, **changes)
    app = create_app(settings, lookup=lookup, today=lambda: TODAY, database=desk.database)
    app.testing = False
    app.jinja_env.bytecode_cache = compiled_templates()
    return Pages(app, desk, lookup)


def post(client: FlaskClient, path: str, *, page: str = "/requests", **fields: Any) -> TestResponse:
    """Send a form with the token of a page; no redirect is followed."""
    token = csrf_in(client.get(page, follow_redirects=True))
    return client.post(path, data={"csrf_token": token, **fields})


def upload(
    client: FlaskClient, path: str, name: str, content: bytes, **fields: str
) -> TestResponse:
    """Send a form with a file, written out: the test client leaves a large one's own file open."""
    sent = {"csrf_token": csrf_in(client.get("/requests", follow_redirects=True))} | fields
    about = f'form-data; name="file"; filename="{name}"'
    lines = [
        f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in sent.items()
    ]
    lines.append(f"--x\r\nContent-Disposition: {about}\r\n\r\n")
    body = "".join(lines).encode() + content + b"\r\n--x--\r\n"
    return client.post(path, data=body, content_type="multipart/form-data; boundary=x")


def filled(**changes: str) -> dict[str, str]:
    """The fields of a request that can be sent."""
    form = {
        "student_name": "Made-up Student",
        "born_on": "2014-03-04",
        "year_level": "7",
        "family_name": "Made-up Parent",
        "family_is": "mother",
        "family_phone": "021 000 000",
        "attendance_percent": "61.5",
        "days_absent": "19.5",
        "term": "Term 4 of 2026",
        "step_1_on": "2026-10-20",
        "step_1": "We met the family.",
        "barriers": "Nothing that is real.",
        "consent": "They agreed to the request",
        "guide_student": "enrolled",
        "guide_attendance": "chronic",
        "guide_own-steps": "steps-done",
        "guide_trend": "not-improving",
        "guide_barrier": "barrier-other",
        "guide_risk": "suspensions",
    }
    return form | changes


def hidden(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a page's forms, the last of each name."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found if name != "csrf_token"}


def begun(pages: Pages, client: FlaskClient, *, do: str = "keep", **changes: str) -> TestResponse:
    """Begin a request of school 54; return where it leads."""
    contact = str(pages.desk.people["pita"].id)
    fields = {"primary_contact": contact, "once": "a-form-of-the-tests", "school": "54", "do": do}
    return post(client, "/requests/new", **(filled() | fields | changes))
