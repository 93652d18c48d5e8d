"""Two editors and a draft on the small world, where a module does not make people of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.roles import Role
from tests.staff import post, sign_in, staffed
from tests.worlds import running_application


@pytest.fixture(scope="session")
def drafted(small_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world with two editors and a draft, number 1, that Hana has begun."""
    editors = {"hana": Role.EDITOR, "wiremu": Role.EDITOR}
    path = staffed(small_database, tmp_path_factory.mktemp("drafted"), editors)
    with running_application(path) as made:
        client = made.test_client()
        sign_in(client, "hana")
        begun = post(client, "/staff/drafts/new", title="A draft", reason="A reason", base="1")
        assert begun.status_code == 303
    return path


@pytest.fixture
def app(drafted: Path, tmp_path: Path) -> Iterator[Flask]:
    path = Path(shutil.copy(drafted, tmp_path / "drafted.sqlite"))
    with running_application(path) as made:
        yield made


@pytest.fixture
def hana(app: Flask) -> FlaskClient:
    """The editor whose draft it is."""
    client = app.test_client()
    sign_in(client, "hana")
    return client
