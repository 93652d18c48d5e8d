"""People for the staff pages, and a draft, where a module does not make some of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.roles import Role
from tests.staff import PEOPLE, post, signed_in, staffed
from tests.worlds import running_application, store_of


@pytest.fixture(scope="session")
def with_people(small_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world with somebody for each role, and a second editor."""
    people = {**PEOPLE, "wiremu": Role.EDITOR}
    return staffed(small_database, tmp_path_factory.mktemp("staffed"), people)


@pytest.fixture
def staffed_app(with_people: Path, tmp_path: Path) -> Iterator[Flask]:
    """The application on a copy of the small world with people and no draft."""
    path = Path(shutil.copy(with_people, tmp_path / "staffed.sqlite"))
    with running_application(path) as made, store_of(made).kept_open():
        yield made


@pytest.fixture(scope="session")
def drafted(with_people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a draft, number 1, that Hana has begun."""
    path = Path(shutil.copy(with_people, tmp_path_factory.mktemp("drafted") / "drafted.sqlite"))
    with running_application(path) as made:
        hana = signed_in(made, "hana")
        begun = post(hana, "/staff/drafts/new", title="A draft", reason="A reason", base="1")
        assert begun.status_code == 303
    return path


@pytest.fixture
def app(drafted: Path, tmp_path: Path) -> Iterator[Flask]:
    path = Path(shutil.copy(drafted, tmp_path / "drafted.sqlite"))
    with running_application(path) as made, store_of(made).kept_open():
        yield made


@pytest.fixture
def hana(app: Flask) -> FlaskClient:
    """The editor whose draft it is."""
    return signed_in(app, "hana")
