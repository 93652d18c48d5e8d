"""People for the staff pages, and what a browser does for them: sign in, send forms."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.core.roles import Person, Role
from catchments.store import Store, people
from catchments.store.people import People
from tests.worlds import opened, sqlite_url

PASSWORD = "correct horse battery kererū"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')

# Made as ever, but in a millisecond.
people.HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def add_person(store: Store, login: str, *roles: Role, password: str = PASSWORD) -> Person:
    """An account with these roles, or as a reader."""
    return People(store).add(
        login=login,
        name=f"{login.title()} of the Ministry",
        email=f"{login.partition('@')[0]}@ministry.example",
        roles=roles or (Role.READER,),
        password=password,
    )


def staffed(database: Path, folder: Path, people: Mapping[str, Role]) -> Path:
    """A copy of a database with these people in it, to copy for each test."""
    path = Path(shutil.copy(database, folder / "staffed.sqlite"))
    with opened(sqlite_url(path)) as store:
        for login, role in people.items():
            add_person(store, login, role)
    return path


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD) -> TestResponse:
    """Sign in as somebody; it must work."""
    response = attempt(client, login, password)
    assert response.status_code == 303, response.text
    return response


def attempt(client: FlaskClient, login: str, password: str = PASSWORD) -> TestResponse:
    """Try to sign in."""
    return post(client, "/staff/sign-in", login=login, password=password)


def post(client: FlaskClient, url: str, **fields: Any) -> TestResponse:
    """Send a form as a page of this client's would, with its token; no redirect is followed."""
    return client.post(url, data={"csrf_token": csrf_token(client), **fields})


def csrf_token(client: FlaskClient) -> str:
    """The token that forms of this client carry."""
    return csrf_in(client.get("/staff/sign-in", follow_redirects=True))


def csrf_in(page: TestResponse) -> str:
    """The token in a page's forms."""
    found = _TOKEN.search(page.text)
    assert found, page.text
    return found[1]
