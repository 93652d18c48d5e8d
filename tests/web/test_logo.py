"""The logo, as pages show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.site_owner import Logo, SiteOwner
from catchments.web.common.services import EXTENSION

LOGO = Logo("image/png", b"\x89PNG, as it was read at the start", 2, 3)


@pytest.fixture
def owned(small_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[SiteOwner], FlaskClient]:
    def by(owner: SiteOwner) -> FlaskClient:
        running = small_app.extensions[EXTENSION]
        settings = replace(running.settings, owner=owner)
        monkeypatch.setitem(small_app.extensions, EXTENSION, replace(running, settings=settings))
        return small_app.test_client()

    return by


def test_a_logo_is_given_as_the_picture_that_it_is_and_kept_as_long_as_its_address(
    owned: Callable[[SiteOwner], FlaskClient],
) -> None:
    client = owned(SiteOwner(name="Ministry of Examples", logo=LOGO))
    given = client.get(f"/logo?v={LOGO.digest}")
    assert (given.data, given.mimetype) == (LOGO.content, "image/png")
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in given.headers["Cache-Control"]
    assert client.get("/logo").headers["Cache-Control"] == "max-age=60"
    again = client.get("/logo", headers={"If-None-Match": given.headers["ETag"]})
    assert again.status_code == 304


def test_without_a_logo_there_is_none(client: FlaskClient) -> None:
    assert client.get("/logo").status_code == 404


def test_a_page_is_another_page_once_its_owner_is(
    owned: Callable[[SiteOwner], FlaskClient],
) -> None:
    before = owned(SiteOwner()).get("/catchments").headers["ETag"]
    after = owned(SiteOwner(name="Ministry of Examples")).get("/catchments")
    assert after.headers["ETag"] != before
