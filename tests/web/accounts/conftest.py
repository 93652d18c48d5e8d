"""An application with nobody in it, whose people, time and provider are in the hands of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.store import Store
from catchments.web.accounts import access
from tests.oidc_provider import HANA, running_provider
from tests.waiting import Clock
from tests.worlds import running_application, store_of


@pytest.fixture
def app(small_copy) -> Iterator[Flask]:
    with running_application(small_copy) as made, store_of(made).kept_open():
        yield made


@pytest.fixture
def client(app) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def store(app) -> Store:
    return store_of(app)


@pytest.fixture
def clock(monkeypatch) -> Clock[float]:
    """The time as the sessions see it."""
    made = Clock(1_800_000_000.0)
    monkeypatch.setattr(access, "clock", made)
    return made


@pytest.fixture
def provider(monkeypatch):
    """Where Hana signs in elsewhere."""
    # Loopback is plain HTTP; authlib's server part, not ours, insists on TLS.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with running_provider() as made:
        made.user = dict(HANA)
        yield made
