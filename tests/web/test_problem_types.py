"""Every kind of problem has a type, a page about it, and an example that is really answered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.errors import Kind
from catchments.web.common.problem_types import TYPES, Asked
from catchments.web.common.services import EXTENSION
from catchments.web.v1.examples import problem_of
from tests.worked_out import is_worked_out

pytestmark = pytest.mark.every_case


STATUSES = {
    401: {Kind.UNKNOWN_KEY},
    403: {Kind.NOT_ALLOWED},
    404: {Kind.NOT_FOUND, Kind.NO_SUCH_ADDRESS},
    405: {Kind.METHOD_NOT_ALLOWED},
    406: {Kind.NOT_OFFERED},
    408: {Kind.TOO_SLOW},
    409: {Kind.CONFLICT, Kind.CHANGE_DOES_NOT_FIT, Kind.CANNOT_BE_PUBLISHED},
    412: {Kind.STALE},
    413: {Kind.TOO_LARGE},
    415: {Kind.NOT_TAKEN},
    416: {Kind.RANGE_NOT_SATISFIABLE},
    429: {Kind.TOO_MANY_REQUESTS},
    431: {Kind.HEADER_TOO_LONG},
    500: {Kind.SERVICE_ERROR},
    503: {Kind.NOTHING_PUBLISHED, Kind.TOO_BUSY, Kind.DATABASE_AWAY},
}
"""Of each kind, written down by hand: 400 of those that are not here."""


def status(kind: Kind) -> int:
    return next((number for number, kinds in STATUSES.items() if kind in kinds), 400)


def test_every_kind_is_told_of() -> None:
    assert set(TYPES) == set(Kind)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", kind) for kind in Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_its_example_is_one_of_its_kind_and_status(kind: Kind, small_app: Flask) -> None:
    found = problem_of(small_app, TYPES[kind].example)
    assert found["type"] == f"/problems/{kind}"
    assert found["status"] == status(kind)
    assert found["title"]
    assert found["detail"]


@pytest.mark.parametrize("kind", list(Kind))
def test_its_type_leads_to_a_page_that_shows_it(kind: Kind, client: FlaskClient) -> None:
    page = client.get(f"/problems/{kind}")
    assert page.status_code == 200
    assert f"<code>{kind}</code>" in page.text
    assert f"&#34;/problems/{kind}&#34;" in page.text
    assert f'href="/problems/{kind}"' in client.get("/problems").text


@pytest.mark.parametrize("kind", [kind for kind in Kind if isinstance(TYPES[kind].example, Asked)])
def test_an_example_that_is_asked_is_answered_so_over_http(kind: Kind, client: FlaskClient) -> None:
    asked: Any = TYPES[kind].example
    answer = client.open(
        asked.address,
        method="POST" if asked.content_type else "GET",
        headers={"Accept": asked.accept},
        data=asked.body or None,
        content_type=asked.content_type or None,
    )
    assert (answer.status_code, answer.mimetype) == (status(kind), "application/problem+json")
    assert answer.json["type"] == f"/problems/{kind}"


@pytest.mark.parametrize("kind", ["nonsense", "not_found", "NOT-FOUND", "%7B%7B7*191%7D%7D"])
def test_a_kind_that_there_is_not_is_not_found(kind: str, client: FlaskClient) -> None:
    page = client.get(f"/problems/{kind}", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert not is_worked_out(page.text)


def test_where_the_public_address_is_known_a_type_is_absolute(
    small_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = small_app.extensions[EXTENSION]
    monkeypatch.setitem(small_app.extensions, EXTENSION, with_public(running))
    answer = small_app.test_client().get("/provider?school_id=abc")
    assert answer.json["type"] == "https://finder.example/problems/invalid-value"


def with_public(running: Any) -> Any:
    from dataclasses import replace

    settings = replace(running.settings, public_url="https://finder.example")
    return replace(running, settings=settings)


def test_the_document_lists_the_types_and_has_an_example_of_each_status(
    client: FlaskClient,
) -> None:
    document: Any = client.get("/openapi.json").json
    told = document["components"]["schemas"]["Problem"]["properties"]["type"]
    assert told["anyOf"][0]["enum"] == [f"/problems/{kind}" for kind in TYPES]
    for name, response in document["components"]["responses"].items():
        content = response["content"]["application/problem+json"]
        assert content["examples"], name
        for kind, example in content["examples"].items():
            assert example["value"]["type"] == f"/problems/{kind}"
