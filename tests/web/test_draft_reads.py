"""A page of a draft reads that draft once, whatever others there are; a kept area is read once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.staff import added, csrf_token, hidden, post, sent, sign_in, words
from tests.web.test_uploads import AREA, geojson, uploaded
from tests.worlds import AHI, KOWHAI, running_application, store_of

FORM = "/staff/drafts/1/change/rename-catchment"
NAMES = {"catchment": AHI, "name": "Ahi nui"}
TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE) (\w+)")


@contextmanager
def asked(of: str) -> Iterator[list[str]]:
    """The statements about a table that the database is given meanwhile."""
    seen: list[str] = []

    def noted(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if of in TABLE.findall(statement):
            seen.append(statement)

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", noted)
    try:
        yield seen
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", noted)


@pytest.fixture
def crowd(hana: FlaskClient) -> FlaskClient:
    for number in range(12):
        post(hana, "/staff/drafts/new", title=f"Draft {number}", reason="A reason", base="1")
    return hana


def asks(app: Flask, client: FlaskClient, how: str) -> TestResponse:
    if how == "its form":
        return client.get(FORM)
    fields = {"a change that is refused": {}, "a list looked for": {**NAMES, "do": "find"}}
    return post(client, FORM, version="1", **fields[how])


@pytest.mark.parametrize("how", ["its form", "a change that is refused", "a list looked for"])
def test_a_form_reads_its_one_draft_once(app: Flask, crowd: FlaskClient, how: str) -> None:
    asks(app, crowd, how)  # what the draft comes to is known from now on
    csrf_token(crowd)
    with asked("draft") as heads, asked("draft_change") as changes:
        response = asks(app, crowd, how)
    assert response.status_code == (400 if "refused" in how else 200), words(response)
    assert len(heads) == 1
    assert "WHERE draft.id = " in heads[0]
    assert changes == [], "what they come to is kept"


def test_a_worker_that_does_not_know_the_draft_reads_it_once_too(
    app: Flask, crowd: FlaskClient
) -> None:
    added(app, crowd, "rename-catchment", **NAMES)
    with running_application(store_of(app).url) as other:
        client = other.test_client()
        sign_in(client, "hana")
        with asked("draft") as heads, asked("draft_change") as changes:
            page = client.get(FORM)
    assert "Ahi nui (AHI-1)" in page.text
    assert (len(heads), len(changes)) == (1, 1)


def test_the_page_of_a_draft_reads_its_head_once_and_who_had_a_hand(
    app: Flask, crowd: FlaskClient
) -> None:
    crowd.get("/staff/drafts/1")
    with asked("draft") as heads:
        assert crowd.get("/staff/drafts/1").status_code == 200
    by_number = [each for each in heads if "WHERE draft.id = " in each and "UNION" not in each]
    assert len(by_number) == 1
    assert len(heads) == 3, "itself, who had a hand, and the heads of those to lay beside it"


def test_an_area_that_is_kept_is_asked_for_once(app: Flask, hana: FlaskClient) -> None:
    fields = {"to": KOWHAI}
    looked_over = uploaded(app, hana, "transfer-area", geojson(AREA), "a.geojson", **fields)
    kept = hidden(looked_over)
    for more, status in (({}, 200), ({"to": ""}, 400), ({"do": "back"}, 200)):
        with asked("draft_upload") as asked_for:
            response = sent(app, hana, "transfer-area", **{**kept, **more})
        assert response.status_code == status
        assert len(asked_for) == 1, more


def test_the_list_of_drafts_reads_their_heads_at_once_and_no_change_of_any(
    app: Flask, crowd: FlaskClient
) -> None:
    added(app, crowd, "rename-catchment", **NAMES)
    crowd.get("/staff/drafts")
    with asked("draft") as heads, asked("draft_change") as changes:
        assert crowd.get("/staff/drafts").status_code == 200
    assert (len(heads), changes) == (1, [])


def test_a_change_that_is_looked_over_reads_its_one_draft_once(
    app: Flask, crowd: FlaskClient
) -> None:
    sent(app, crowd, "rename-catchment", **NAMES)
    csrf_token(crowd)
    with asked("draft") as heads, asked("draft_change") as changes:
        page = post(crowd, FORM, version="1", **NAMES)
    assert page.status_code == 200, words(page)
    assert (len(heads), changes) == (1, [])
