"""A draft's page says what it changes, what blocks it, and where; its map has the same as data."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

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
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from tests.staff import text_of
from tests.worked_out import is_worked_out
from tests.worlds import AHI, HOSTILE, KOWHAI, RIMU, TOTARA, store_of


def add(app: Flask, *changes: Change) -> None:
    store = store_of(app)
    desk = DraftRepository(store)
    hana = People(store).person("hana")
    for change in changes:
        sentence = change.describe(store.edition(1))
        desk.add(1, change, sentence, seen=ExpectedVersion(hana, desk.draft(1).version))


def page(hana: FlaskClient, query: str = "") -> str:
    response = hana.get(f"/staff/drafts/1{query}")
    assert response.status_code == 200, response.text
    return response.text


def test_an_empty_draft_says_that_it_changes_nothing(hana: FlaskClient) -> None:
    assert "The draft changes nothing so far." in text_of(page(hana))


def test_the_page_says_in_words_how_many_schools_move_and_names_them(
    app: Flask, hana: FlaskClient
) -> None:
    add(app, MoveSchools((54,), RIMU), MoveSchools((55,), TOTARA))
    said = text_of(page(hana))
    assert "1 school changes provider, with 120 students on their rolls." in said
    assert "1 school changes catchment but keeps its provider." in said
    assert "Kura o Ahi (54) from Ahi Trust to Rimu Services; catchment Ahi → Rimu" in said
    assert "before 120 → after 0 (−120)" in said


def test_a_school_that_keeps_its_catchment_is_not_said_to_go_from_it_to_itself(
    app: Flask, hana: FlaskClient
) -> None:
    add(app, AssignProvider((AHI,), "P-RIMU"))
    said = text_of(page(hana))
    assert "Kura o Ahi (54) from Ahi Trust to Rimu Services" in said
    assert "Ahi → Ahi" not in said
    moved = hana.get("/staff/drafts/1/map.json").get_json()["moved"]
    assert {(m["before"], m["after"]) for m in moved} == {("Ahi Trust", "Rimu Services")}


def test_two_catchments_of_one_name_are_told_apart_by_their_codes(
    app: Flask, hana: FlaskClient
) -> None:
    add(app, RenameCatchment(RIMU, "Ahi"), MoveSchools((54,), RIMU))
    assert "catchment Ahi (AHI-1) → Ahi (RIM-3)" in text_of(page(hana))


def test_names_contracts_and_listings_are_in_the_sentence(app: Flask, hana: FlaskClient) -> None:
    rimu = store_of(app).edition(1).providers["P-RIMU"]
    add(
        app,
        RenameCatchment(RIMU, HOSTILE),
        AssignProvider((AHI,), "P-RAKAU"),
        EditProvider(Provider("P-RIMU", "Rimu Ltd", rimu.phone), Contract(ends=date(2030, 6, 30))),
        MoveSchools((55,), ""),
    )
    said = text_of(page(hana))
    assert f"Catchments that are renamed: Rimu (RIM-3) is now {HOSTILE}." in said
    assert "Catchments with another provider: Ahi (AHI-1): Ahi Trust (P-AHI) → Ngā Rākau" in said
    assert "Providers that are renamed: Rimu Services (P-RIMU) is now Rimu Ltd." in said
    assert "Contracts that differ: Rimu Ltd (P-RIMU): not known → to 30 June 2030." in said
    assert "Schools declared to belong to no catchment: 55, " in said


def test_the_estimate_is_called_one_and_the_assumption_an_assumption(hana: FlaskClient) -> None:
    said = text_of(page(hana))
    assert "Chronically absent, estimate" in said
    assert "an assumption, not a measurement, until staff set a rate" in said


def test_what_blocks_is_a_link_that_shows_a_picture_without_script(
    app: Flask, hana: FlaskClient
) -> None:
    add(app, RetireProvider("P-RIMU"))
    shown = page(hana)
    assert "1 thing blocks publication" in text_of(shown)
    link = re.search(r'href="(\?zoom=no-provider[^"#]*)#impact-map"', shown)
    assert link
    zoomed = page(hana, unescape(link[1]))
    assert '<figure class="zoomed">' in zoomed
    assert 'class="locator"' in zoomed
    assert "<figure" not in page(hana, "?zoom=nonsense")


def test_what_warns_is_parted_into_new_and_as_before(app: Flask, hana: FlaskClient) -> None:
    add(app, AssignProvider((AHI,), "P-RIMU"))
    said = text_of(page(hana))
    assert "The provider Ahi Trust (P-AHI) serves no catchment." in said
    assert "1 that was so before" in said  # school 57 lies in Tōtara


def test_a_contract_counts_from_the_date_that_is_proposed(app: Flask, hana: FlaskClient) -> None:
    ending = Contract(ends=date(2026, 3, 31))
    add(app, EditProvider(Provider("P-AHI", "Ahi Trust"), ending))
    said = text_of(page(hana))
    assert "The contract of Ahi Trust (P-AHI) ends on 31 March 2026, and nobody is sched" in said
    assert "Publish who serves from 1 April 2026, or correct the contract’s last day." in said


def test_a_day_that_was_agreed_and_is_past_blocks(app: Flask, hana: FlaskClient) -> None:
    add(app, RetireProvider("P-AHI", {AHI: "P-RIMU"}, date(2026, 1, 6)))
    said = text_of(page(hana))
    assert "1 thing blocks publication" in said
    assert "others follow in Ahi (AHI-1) from 6 January 2026; but the draft would be in" in said


def test_hostile_names_are_text(app: Flask, hana: FlaskClient) -> None:
    add(app, AssignProvider((KOWHAI,), "P-REK"), RenameCatchment(AHI, HOSTILE))
    shown = page(hana)
    assert "<img src=x" not in shown
    assert "{{7*191}}" in unescape(shown)
    assert not is_worked_out(shown)


# --- the map --------------------------------------------------------------------------------------


def test_the_map_s_data_has_the_schools_that_move_and_where_the_rest_is(
    app: Flask, hana: FlaskClient
) -> None:
    add(app, MoveSchools((54,), RIMU))
    response = hana.get("/staff/drafts/1/map.json")
    assert response.headers["Cache-Control"] == "no-store"
    data = response.json
    assert data is not None
    assert [(m["number"], m["before"], m["after"]) for m in data["moved"]] == [(54, "Ahi", "Rimu")]
    assert data["before"]["features"] == data["after"]["features"] == []
    assert data["area"] is None
    for name in ("boundaries", "schools"):
        assert hana.get(data[name]).status_code == 200


def test_the_map_s_data_is_for_staff_alone(app: Flask) -> None:
    assert app.test_client().get("/staff/drafts/1/map.json").status_code in {302, 303, 401}


def test_a_draft_that_is_not_there_has_no_map(hana: FlaskClient) -> None:
    assert hana.get("/staff/drafts/99/map.json").status_code == 404


@pytest.mark.parametrize(
    ("kind", "mode", "target"),
    [
        ("transfer-area", "area", "drawn"),
        ("split-catchment", "line", "drawn"),
        ("move-schools", "schools", "numbers"),
    ],
)
def test_a_form_that_takes_a_drawing_has_a_map_for_it(
    hana: FlaskClient, kind: str, mode: str, target: str
) -> None:
    shown = hana.get(f"/staff/drafts/1/change/{kind}").text
    assert f'data-draw="{mode}" data-target="#{target}"' in shown
    assert f'id="{target}"' in shown
