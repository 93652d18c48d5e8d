"""Accounts in another application: with people, a path, a cookie and a database of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Babel

from catchments.core.errors import CatchmentsError, long_date
from catchments.core.roles import Action, Role
from catchments.core.settings import Settings
from catchments.store import schema
from catchments.store.accounts.people import People
from catchments.store.engine import Database
from catchments.web.accounts import routes
from catchments.web.accounts.access import requires
from catchments.web.accounts.room import Room
from catchments.web.application import WEB
from tests.staff import AHEAD, PASSWORD, csrf_in
from tests.worlds import sqlite_url

ACCOUNTS = (
    "person session authenticator passkey recovery_code kept_form secret sign_in_budget letter "
    "audit_entry"
)
FRAME = "<title>{{ title }}</title>{% block content %}{% endblock %}"


# --- an application in thirty lines ---------------------------------------------------------------


def requests_for_support(database: Database, settings: Settings) -> Flask:
    app = Flask("requests", root_path=str(WEB))
    app.jinja_env.filters["long_date"] = long_date
    app.jinja_loader = app.jinja_loader and framed(app.jinja_loader)
    Babel(app)
    room = Room(
        database,
        lambda: settings,
        path="/desk",
        cookie="desk",
        frame="desk.html",
        name="Requests for support",
        roles=(Role.EDITOR, Role.ADMINISTRATOR),
    )
    routes.register(app, room)
    app.add_url_rule("/desk", "desk", requires(Action.READ)(lambda: "The desk"))
    app.add_url_rule("/", "public", lambda: "Ask for support")
    app.register_error_handler(CatchmentsError, lambda error: (str(error), 400))
    return app


def framed(loader):
    from jinja2 import ChoiceLoader, DictLoader

    return ChoiceLoader([DictLoader({"desk.html": FRAME}), loader])


# --------------------------------------------------------------------------------------------------


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One that has the tables of accounts and of the trail, and no list of ours."""
    (tmp_path / "requests.sqlite").touch()
    made = Database(sqlite_url(tmp_path / "requests.sqlite"))
    with made.writing() as connection:
        tables = [schema.metadata.tables[name] for name in ACCOUNTS.split()]
        schema.metadata.create_all(connection, tables=tables)
    yield made
    made.close()


@pytest.fixture
def client(database: Database, tmp_path: Path) -> FlaskClient:
    settings = Settings(database_url=sqlite_url(tmp_path / "requests.sqlite"))
    return requests_for_support(database, settings).test_client()


def send(client: FlaskClient, path: str, **fields: str):
    page = client.get(path, follow_redirects=True)
    return client.post(path, data={"csrf_token": csrf_in(page), **fields})


def test_another_application_has_people_of_its_own(client, database):
    given = {"login": "ana", "name": "Ana", "email": "ana@ministry.example"}
    People(database).add(**given, roles={Role.ADMINISTRATOR}, password=PASSWORD, is_first=False)
    assert client.get("/desk").headers["Location"] == "/desk/sign-in?next=/desk"
    response = send(client, "/desk/sign-in", login="ana", password=PASSWORD, next="/staff")
    assert response.headers["Location"] == "/desk", "of another room it knows nothing"
    assert client.get("/desk").headers["Location"] == "/desk/second-step/set-up?next=/desk"
    page = client.get("/desk/second-step/set-up")
    secret = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.text)[1].replace(" ", "")
    assert "issuer=Requests%20for%20support" in page.text
    AHEAD.code()
    fields = {"csrf_token": csrf_in(page), "code": pyotp.TOTP(secret).at(AHEAD())}
    codes = client.post("/desk/second-step/set-up/app", data=fields)
    assert codes.text.count("<li><code>") == 10
    assert client.get("/desk").text == "The desk"
    assert client.get_cookie("desk", path="/desk") is not None
    assert client.get_cookie("staff", path="/staff") is None
    offered = client.get("/desk/people/new").text
    assert re.findall(r'name="roles" value="(\w+)"', offered) == ["editor", "administrator"]
    for path in ("/desk/password", "/desk/people", "/desk/people/1"):
        assert client.get(path).status_code == 200, path
        assert "/staff" not in client.get(path).text, path
    assert client.get("/").text == "Ask for support"
