"""A page asks all that it asks over one connection to the database."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from tests.worlds import store_of


def test_a_page_opens_the_database_once(app: Flask, hana: FlaskClient) -> None:
    opened: list[object] = []
    sa.event.listen(store_of(app)._engine, "connect", lambda each, _: opened.append(each))
    for number, page in enumerate(("/staff", "/staff/drafts/1", "/staff/drafts"), start=1):
        assert hana.get(page).status_code == 200
        assert len(opened) == number
