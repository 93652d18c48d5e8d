"""Live totals while somebody draws: both sides, as the impact adds up, for editors alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.store import schema
from catchments.web.staff.forms import live_totals
from tests.hostile_outlines import OUTLINES
from tests.staff import added, content, csrf_token, sent, signed_in, words
from tests.worlds import AHI, HOSTILE, KOWHAI, store_of

PATH = "/staff/drafts/1/totals"


def ask(client: FlaskClient, **question: Any) -> TestResponse:
    headers = {"X-CSRFToken": csrf_token(client)}
    return client.post(PATH, json={"mode": "area", **question}, headers=headers)


def wkt_around(app: Flask, code: str) -> str:
    """Most of a catchment, whose last strip stays with it."""
    return str(content(app).boundaries[code].buffer(-0.01).wkt)


def test_the_totals_while_drawing_are_those_of_the_impact_after_adding(
    app: Flask, hana: FlaskClient
) -> None:
    area = wkt_around(app, AHI)
    told = ask(hana, drawn=area, to=KOWHAI).get_json()
    gives, gets = told["sides"]
    assert (gives["code"], gets["code"]) == (AHI, KOWHAI)
    assert told["moving"]["schools"] == gives["before"]["schools"] - gives["after"]["schools"]
    added(app, hana, "transfer-area", drawn=area, to=KOWHAI)
    after = hana.get("/staff/drafts/1/load.json").get_json()["catchments"][KOWHAI]
    assert after["before"] == gets["load"]["after"]
    assert after["capacity"] == gets["load"]["capacity"]


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ("POLYGON ((175 -38, 176 -39, 176 -38, 175 -39, 175 -38))", "crosses itself"),
        ("POLYGON ((169.1 -38, 169.2 -38, 169.2 -38.2, 169.1 -38))", "in the sea"),
        ("POLYGON ((10 10, 11 10, 11 11, 10 10))", "outside New Zealand"),
        (HOSTILE, ""),
        ("", ""),
    ],
    ids=["crossing", "sea", "abroad", "hostile", "nothing"],
)
def test_what_cannot_be_taken_is_said_while_it_is_drawn(
    hana: FlaskClient, drawn: str, said: str
) -> None:
    response = ask(hana, drawn=drawn, to=KOWHAI)
    assert response.status_code == 200
    assert said in response.get_json()["problem"]


def test_an_area_that_would_take_a_whole_catchment_says_so_while_it_is_drawn(
    app: Flask, hana: FlaskClient
) -> None:
    whole = content(app).boundaries[AHI].wkt
    told = ask(hana, drawn=whole, to=KOWHAI).get_json()
    assert told["problem"].startswith("It would take the whole of Ahi (AHI-1): a transfer leaves")
    assert "sides" not in told
    assert "would take the whole of" in words(
        sent(app, hana, "transfer-area", drawn=whole, to=KOWHAI)
    )


@pytest.mark.parametrize("kind", ["star that crosses itself", "comb, askew"])
def test_an_outline_that_costs_too_much_is_not_worked_out_while_it_is_drawn(
    hana: FlaskClient, kind: str
) -> None:
    drawn = OUTLINES[kind]((174.05, -38.95, 174.95, -38.05), 20_000).wkt
    problem = ask(hana, drawn=drawn, to=KOWHAI).get_json()["problem"]
    assert "goes to and fro over itself too often" in problem


def test_totals_are_bounded(hana: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_totals, "CORNERS_AT_MOST", 3)
    square = "POLYGON ((175 -38, 176 -38, 176 -39, 175 -39, 175 -38))"
    assert "vertices" in ask(hana, drawn=square).get_json()["problem"]


def test_nobody_but_an_editor_asks_and_not_from_elsewhere(app: Flask, hana: FlaskClient) -> None:
    question = {"mode": "schools", "numbers": [54], "to": KOWHAI}
    assert app.test_client().post(PATH, json=question).status_code == 303
    assert hana.post(PATH, json=question).status_code == 400  # without the token
    assert ask(signed_in(app, "rata"), **question).status_code == 403
    assert ask(hana, **question).get_json()["moving"]["schools"] == 1


def test_a_boundary_is_given_as_the_draft_has_it(app: Flask, hana: FlaskClient) -> None:
    body = hana.get(f"/staff/drafts/1/boundary.json?catchment={AHI}").get_json()
    assert body["features"][0]["geometry"]["type"] in {"Polygon", "MultiPolygon"}
    nothing = hana.get("/staff/drafts/1/boundary.json?catchment=NONE").get_json()
    assert nothing["features"][0]["geometry"] is None
    assert app.test_client().get("/staff/drafts/1/boundary.json").status_code == 303


def test_a_form_whose_map_is_not_made_yet_works_without_it(app: Flask, hana: FlaskClient) -> None:
    with store_of(app).writing() as connection:
        connection.execute(schema.artefact.delete())
    page = hana.get("/staff/drafts/1/change/transfer-area")
    assert page.status_code == 200
    assert "map-data.js" not in page.text
