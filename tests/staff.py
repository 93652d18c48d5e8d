"""People for the staff pages, and what a browser does for them: sign in, send forms of a draft.

This is the one way in which tests sign in. Whoever's role needs a second step has an app, whose
secret all share; each time that somebody signs in here, half a minute goes by for it, so that its
code is a new one.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Mapping
from functools import cache
from html import unescape
from http import HTTPStatus
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pyotp
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask, session
from flask.testing import FlaskClient
from itsdangerous import BadSignature
from werkzeug.test import TestResponse

from catchments.changes.change import apply_all
from catchments.core.model import Edition
from catchments.core.roles import Person, Role
from catchments.store import Store, schema
from catchments.store.accounts import factors, hashing
from catchments.store.accounts import people as accounts
from catchments.store.accounts.factors import STEP_S, app_context
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository
from catchments.store.engine import Database
from catchments.web.accounts import access
from catchments.web.accounts.room import room_of
from tests.waiting import wait_until
from tests.worlds import opened, store_of

PASSWORD = "correct horse battery kererū"
PEOPLE = {
    "hana": Role.EDITOR,
    "aroha": Role.APPROVER,
    "manaia": Role.APPROVER,
    "tama": Role.ADMINISTRATOR,
    "rata": Role.READER,
}
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')

APP = pyotp.TOTP("KVKVEV2LKVEVKV2LKVKVEV2LKVEVKV2L")
"""The app of everybody whose role needs one."""
NEED_AN_APP = {Role.APPROVER, Role.ADMINISTRATOR}
SECOND_STEP = "/staff/second-step"
HALF_A_STEP_S = STEP_S / 2
LIGHTEST_PAGE = "/staff/confirm"
"""Of those with a form, which all have the same token: it asks nothing of any edition."""


class Ahead:
    """The time by which apps give codes: it goes on by a step whenever a code is wanted."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self.seconds

    def code(self) -> str:
        """A code that was not given before."""
        self.seconds += STEP_S
        return APP.at(self())


class App:
    """An authenticator app that somebody uses at a server whose clock is the real one."""

    def __init__(self, secret: str) -> None:
        self._totp, self._step = pyotp.TOTP(secret), 0

    def code(self) -> str:
        """A code that was not given before; where three were given of late it waits for another.

        It is taken for 15 s more at least: whoever types it may be slow.
        """
        self._step = max(self._step + 1, self._now(HALF_A_STEP_S) - 1)
        wait_until(lambda: self._step <= self._now() + 1, "there is another code")
        return self._totp.at(self._step * STEP_S)

    def _now(self, later_s: float = 0) -> int:
        return int(time.time() + later_s) // STEP_S


AHEAD = Ahead()
factors.clock = AHEAD
# Whether a password is easily guessed is worked out once; everybody here has the same.
accounts.is_guessed = cache(accounts.is_guessed)  # type: ignore[assignment, attr-defined]
# Made as ever, but in a millisecond.
hashing.HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def add_person(store: Store, login: str, *roles: Role, password: str = PASSWORD) -> Person:
    """An account with these roles, or as a reader."""
    return People(store).add(
        login=login,
        name=f"{login.title()} of the Ministry",
        email=f"{login.partition('@')[0]}@ministry.example",
        roles=roles or (Role.READER,),
        password=password,
        is_first=False,
    )


def see_to_an_app(store: Database, login: str) -> None:
    """See that somebody has an app whose role needs one, as if they had set it up long ago.

    A database that was copied has another key than the one that it was sealed under.
    """
    person = People(store).person(login)
    if NEED_AN_APP & person.roles:
        give_an_app(store, person)


def give_an_app(store: Database, person: Person) -> None:
    """Have somebody's app give codes, but for the record that it was set up."""
    table = schema.authenticator
    own = table.c.person_id == person.id
    with store.reading() as connection:
        kept = connection.scalar(sa.select(table.c.secret).where(own))
    if kept and store.sealer.opens(kept):
        return
    sealed = store.sealer.seal(APP.secret, context=app_context(person_id=person.id))
    values = {"secret": sealed, "last_step": 0, "made_at": person.created_at}
    with store.writing() as connection:
        connection.execute(table.delete().where(own))
        connection.execute(table.insert().values(person_id=person.id, **values))


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/staff").status_code == HTTPStatus.OK


def staffed(database: Path, folder: Path, people: Mapping[str, Role]) -> Path:
    """A copy of a database with these people in it, to copy for each test."""
    path = Path(shutil.copy(database, folder / "staffed.sqlite"))
    with opened(path) as store:
        for login, role in people.items():
            add_person(store, login, role)
    return path


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD) -> TestResponse:
    """Sign in as somebody; it must work."""
    see_to_an_app(store_of(client.application), login)
    response = attempt(client, login, password)
    assert response.status_code == 303, response.text
    if response.headers["Location"] == SECOND_STEP:
        response = give_code(client)
        assert response.status_code == 303, response.text
    return response


def give_code(client: FlaskClient, code: str = "") -> TestResponse:
    """Give the code of the app, or another one, after the password."""
    token = csrf_in(client.get(SECOND_STEP))
    return client.post(SECOND_STEP, data={"csrf_token": token, "code": code or AHEAD.code()})


def confirm(client: FlaskClient, **fields: Any) -> TestResponse:
    """Show once more who one is."""
    given = {"password": PASSWORD, "code": AHEAD.code(), **fields}
    return post(client, "/staff/confirm", **given)


def signed_in(app: Flask, login: str) -> FlaskClient:
    """A client of somebody who has signed in, as all of it is done once they have shown it is them.

    The pages that ask them cost more than most tests: tests about these use `sign_in`.
    """
    client, room = app.test_client(), room_of(app)
    see_to_an_app(room.store, login)
    person = People(room.store).person(login)
    with app.test_request_context(room.path):
        access.begin(person)
        saved = app.make_response("")
        app.session_interface.save_session(app, session, saved)
    (cookie,) = saved.headers.getlist("Set-Cookie")
    client.set_cookie(room.cookie, cookie.split(";")[0].partition("=")[2], path=room.path)
    return client


def attempt(client: FlaskClient, login: str, password: str = PASSWORD) -> TestResponse:
    """Try to sign in, with the token of the page as it is now."""
    form = {"csrf_token": csrf_token(client), "login": login, "password": password}
    return client.post("/staff/sign-in", data=form)


def post(client: FlaskClient, url: str, **fields: Any) -> TestResponse:
    """Send a form as a page of this client's would, with its token; no redirect is followed."""
    return client.post(url, data={"csrf_token": _token_at_hand(client), **fields})


_at_hand: WeakKeyDictionary[FlaskClient, tuple[str, str]] = WeakKeyDictionary()
"""Of each client what its session knows its forms by, and the token that a page gave for that."""


def _token_at_hand(client: FlaskClient) -> str:
    """The token of a page that this client has seen in the session that it has now, or sees now."""
    known, token = _at_hand.get(client, ("", ""))
    if not known or _known_by(client) != known:
        token = csrf_in(client.get(LIGHTEST_PAGE, follow_redirects=True))
        _at_hand[client] = _known_by(client), token
    return token


def _known_by(client: FlaskClient) -> str:
    """What a client's session knows its forms by; empty where it has none that can be read."""
    app = client.application
    cookie = client.get_cookie(room_of(app).cookie, path=room_of(app).path)
    opens = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    try:
        return str(opens.loads(cookie.value).get("csrf_token", "")) if cookie and opens else ""
    except BadSignature:
        return ""


def csrf_token(client: FlaskClient) -> str:
    """The token that forms of this client carry."""
    return csrf_in(client.get("/staff/sign-in", follow_redirects=True))


def csrf_in(page: TestResponse) -> str:
    """The token in a page's forms."""
    found = _TOKEN.search(page.text)
    assert found, page.text
    return found[1]


# --- a draft, number 1, and the forms of its changes ----------------------------------------------


def content(app: Flask) -> Edition:
    """What the draft comes to, worked out from what is stored."""
    return apply_all(store_of(app).edition(1), DraftRepository(store_of(app)).draft(1).changes)


def version_of(app: Flask, draft: int = 1) -> str:
    return str(DraftRepository(store_of(app)).draft(draft).version)


def sent(app: Flask, client: FlaskClient, kind: str, **fields: Any) -> TestResponse:
    """Send the form of a kind of change, for the version that the draft has now."""
    given = {"version": version_of(app), **fields}
    return post(client, f"/staff/drafts/1/change/{kind}", **given)


def added(app: Flask, client: FlaskClient, kind: str, **fields: Any) -> str:
    """Send a form as one that was looked over; it must be taken. Return the draft's sentence.

    Where it is asked whether something is meant, it is.
    """
    given = {"confirmed": "yes", **fields}
    response = sent(app, client, kind, **given)
    if asks_twice(response):
        response = sent(app, client, kind, **given, sure=asks_twice(response))
    assert response.status_code == 303, words(response)
    return DraftRepository(store_of(app)).steps(1)[-1].sentence


def asks_twice(response: TestResponse) -> list[str]:
    """The values of the boxes in which one says that something is meant."""
    return re.findall(r'name="sure" value="([^"]+)"', response.text)


def words(response: TestResponse) -> str:
    """What a person reads on a page."""
    part = response.text[response.text.index("<main") :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", part))).strip()


def text_of(markup: str) -> str:
    """The text of markup, as one line."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", markup)))


def ticked(response: TestResponse, name: str) -> list[str]:
    """The values of the boxes of a name that are ticked."""
    boxes = re.findall(
        rf'<input type="checkbox" name="{name}" value="([^"]*)"[^>]*checked', response.text
    )
    return [unescape(box) for box in boxes]


def hidden(response: TestResponse) -> dict[str, list[str]]:
    """What a page of a change that is looked over sends along."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', response.text
    ):
        fields.setdefault(name, []).append(unescape(value))
    del fields["csrf_token"]
    return fields
