"""An editor with a draft on the small world, where a module does not make people of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.roles import Role
from catchments.web.common.services import EXTENSION
from tests.staff import add_person, post, sign_in
from tests.worlds import running_application, sqlite_url


@pytest.fixture
def app(small_copy: Path) -> Iterator[Flask]:
    with running_application(sqlite_url(small_copy)) as made:
        add_person(made.extensions[EXTENSION].store, "hana", Role.EDITOR)
        yield made


@pytest.fixture
def hana(app: Flask) -> FlaskClient:
    client = app.test_client()
    sign_in(client, "hana")
    post(client, "/staff/drafts/new", title="A draft", reason="A reason", base="1")
    return client
