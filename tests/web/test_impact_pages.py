"""A draft's page says what it changes, what blocks it, and where; its map has the same as data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.changes.change import Change
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.edit_provider import EditProvider
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.core.model import Contract, Provider
from catchments.core.roles import Role
from catchments.store import Store
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.people import People
from catchments.web.common.services import EXTENSION
from tests.staff import add_person, post, sign_in
from tests.worlds import AHI, HOSTILE, KOWHAI, RIMU, TOTARA, running_application


@pytest.fixture
def app(small_copy: Path) -> Iterator[Flask]:
    with running_application(small_copy) as made:
        add_person(store_of(made), "hana", Role.EDITOR)
        add_person(store_of(made), "rawiri", Role.READER)
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An editor with a draft, number 1, on the small world."""
    made = app.test_client()
    sign_in(made, "hana")
    post(made, "/staff/drafts/new", title="A draft", reason="A reason", base="1")
    return made


def store_of(app: Flask) -> Store:
    store: Store = app.extensions[EXTENSION].store
    return store


def add(app: Flask, *changes: Change) -> None:
    store = store_of(app)
    desk = DraftRepository(store)
    hana = People(store).person("hana")
    for change in changes:
        sentence = change.describe(store.edition(1))
        desk.add(1, change, sentence, seen=ExpectedVersion(hana, desk.draft(1).version))


def page(client: FlaskClient, query: str = "") -> str:
    response = client.get(f"/staff/drafts/1{query}")
    assert response.status_code == 200, response.text
    return response.text


def words(markup: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", markup)))


def test_an_empty_draft_says_that_it_changes_nothing(client: FlaskClient) -> None:
    assert "The draft changes nothing so far." in words(page(client))


def test_the_page_says_in_words_how_many_schools_move_and_names_them(
    app: Flask, client: FlaskClient
) -> None:
    add(app, MoveSchools((54,), RIMU), MoveSchools((55,), TOTARA))
    said = words(page(client))
    assert "1 school changes provider, with 120 students on their rolls." in said
    assert "1 school changes catchment but keeps its provider." in said
    assert "Kura o Ahi (54) from Ahi Trust to Rimu Services; catchment Ahi → Rimu" in said
    assert "before 120 → after 0 (−120)" in said


def test_the_estimate_is_called_one_and_the_assumption_an_assumption(client: FlaskClient) -> None:
    said = words(page(client))
    assert "Chronically absent, estimate" in said
    assert "an assumption, not a measurement, until staff set a rate" in said


def test_what_blocks_is_a_link_that_shows_a_picture_without_script(
    app: Flask, client: FlaskClient
) -> None:
    add(app, RetireProvider("P-RIMU"))
    shown = page(client)
    assert "1 thing blocks publication" in words(shown)
    link = re.search(r'href="(\?zoom=no-provider[^"#]*)#impact-map"', shown)
    assert link
    zoomed = page(client, unescape(link[1]))
    assert '<figure class="zoomed">' in zoomed
    assert 'class="locator"' in zoomed
    assert "<figure" not in page(client, "?zoom=nonsense")


def test_what_warns_is_parted_into_new_and_as_before(app: Flask, client: FlaskClient) -> None:
    add(app, AssignProvider((AHI,), "P-RIMU"))
    said = words(page(client))
    assert "The provider Ahi Trust (P-AHI) serves no catchment." in said
    assert "1 that was so before" in said  # school 57 lies in Tōtara


def test_a_contract_counts_from_the_date_that_is_proposed(app: Flask, client: FlaskClient) -> None:
    ending = Contract(ends=date(2026, 3, 31))
    add(app, EditProvider(Provider("P-AHI", "Ahi Trust"), ending))
    assert "The contract of Ahi Trust (P-AHI) ends on 31 March 2026." in words(page(client))


def test_hostile_names_are_text(app: Flask, client: FlaskClient) -> None:
    add(app, AssignProvider((KOWHAI,), "P-REK"), RenameCatchment(AHI, HOSTILE))
    shown = page(client)
    assert "<img src=x" not in shown
    assert "{{7*191}}" in unescape(shown)
    assert "1337" not in shown


# --- the map --------------------------------------------------------------------------------------


def test_the_map_s_data_has_the_schools_that_move_and_where_the_rest_is(
    app: Flask, client: FlaskClient
) -> None:
    add(app, MoveSchools((54,), RIMU))
    response = client.get("/staff/drafts/1/map.json")
    assert response.headers["Cache-Control"] == "no-store"
    data = response.json
    assert data is not None
    assert [(m["number"], m["before"], m["after"]) for m in data["moved"]] == [(54, "Ahi", "Rimu")]
    assert data["before"]["features"] == data["after"]["features"] == []
    assert data["area"] is None
    for name in ("boundaries", "schools"):
        assert client.get(data[name]).status_code == 200


def test_the_map_s_data_is_for_staff_alone(app: Flask) -> None:
    assert app.test_client().get("/staff/drafts/1/map.json").status_code in {302, 303, 401}


def test_a_draft_that_is_not_there_has_no_map(client: FlaskClient) -> None:
    assert client.get("/staff/drafts/99/map.json").status_code == 404


@pytest.mark.parametrize(
    ("kind", "mode", "target"),
    [
        ("transfer-area", "polygon", "drawn"),
        ("split-catchment", "line", "drawn"),
        ("move-schools", "schools", "numbers"),
    ],
)
def test_a_form_that_takes_a_drawing_has_a_map_for_it(
    client: FlaskClient, kind: str, mode: str, target: str
) -> None:
    shown = client.get(f"/staff/drafts/1/change/{kind}").text
    assert f'data-draw="{mode}" data-target="#{target}"' in shown
    assert f'id="{target}"' in shown
