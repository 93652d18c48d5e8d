"""Each kind of change through its form: what it does, what it refuses, and twice or too late."""

from __future__ import annotations

from datetime import date
from html import unescape
from typing import Any

import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.model import Contract, Provider
from catchments.store.drafts.repository import DraftRepository
from catchments.web.staff.forms.kinds import BY_NAME
from tests.staff import (
    added,
    content,
    hidden,
    post,
    sent,
    signed_in,
    store_of,
    ticked,
    version_of,
    words,
)
from tests.worked_out import is_worked_out
from tests.worlds import AHI, HOSTILE, KOWHAI, REKOHU, RIMU, TOTARA

# --- another provider -----------------------------------------------------------------------------


def test_several_catchments_get_another_provider_at_once(app: Flask, hana: FlaskClient) -> None:
    fields = {"catchments": [KOWHAI, TOTARA], "provider": "P-AHI"}
    sentence = added(app, hana, "assign-provider", **fields)
    assert sentence == "Kōwhai (KOW-2) and Tōtara (TOT-4): served by Ahi Trust (P-AHI) instead."
    codes = {c.code for c in content(app).catchments.values() if c.provider_code == "P-AHI"}
    assert codes == {AHI, KOWHAI, TOTARA}


def test_all_that_a_provider_serves_is_found_and_ticked(hana: FlaskClient) -> None:
    page = hana.get("/staff/drafts/1/change/assign-provider?served_by=P-RAKAU")
    assert ticked(page, "catchments") == [KOWHAI, TOTARA]


def test_catchments_are_found_by_words_and_what_is_ticked_stays(
    app: Flask, hana: FlaskClient
) -> None:
    fields = {"q": "totara", "do": "find", "catchments": [AHI]}
    page = sent(app, hana, "assign-provider", **fields)
    assert page.status_code == 200
    assert "2 catchments are shown." in words(page)
    assert ticked(page, "catchments") == [AHI]
    assert DraftRepository(store_of(app)).steps(1) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"provider": "P-AHI"}, "Choose one catchment or more."),
        ({"catchments": [AHI]}, "Choose a provider."),
        ({"catchments": [AHI], "provider": HOSTILE}, "any more. Choose a provider."),
        (
            {"catchments": [AHI, "GONE"], "provider": "P-AHI"},
            "These are not there any more: “GONE”",
        ),
    ],
)
def test_a_provider_for_nothing_or_nobody_is_refused(
    app: Flask, hana: FlaskClient, fields: dict[str, Any], said: str
) -> None:
    response = sent(app, hana, "assign-provider", **fields)
    assert response.status_code == 400
    assert said in words(response)
    assert DraftRepository(store_of(app)).steps(1) == []


# --- move schools ---------------------------------------------------------------------------------


def test_schools_are_found_ticked_looked_over_and_moved(app: Flask, hana: FlaskClient) -> None:
    found = sent(app, hana, "move-schools", q="St Joseph's", do="find", schools=["54"])
    assert ticked(found, "schools") == ["54"]
    assert 'value="55"' in found.text
    fields = {"schools": ["54", "55"], "to": RIMU}
    preview = sent(app, hana, "move-schools", **fields)
    assert preview.status_code == 200
    assert "To be moved to Rimu (RIM-3)" in words(preview)
    assert "54 Kura o Ahi Ahitown Ahi (AHI-1)" in words(preview)
    assert DraftRepository(store_of(app)).steps(1) == [], (
        "nothing is added before it was looked over"
    )
    sentence = added(app, hana, "move-schools", **hidden(preview), confirmed="yes")
    assert sentence == "2 schools (54 and 55) moved to Rimu (RIM-3)."
    assert content(app).listings == {54: RIMU, 55: RIMU, 57: RIMU}


def test_a_school_is_shown_in_the_catchment_that_the_draft_gives_it(
    app: Flask, hana: FlaskClient
) -> None:
    corners = "175.4 -39.4\n175.6 -39.4\n175.6 -39.6\n175.4 -39.6"
    added(app, hana, "transfer-area", to=KOWHAI, points=corners, confirmed="yes")
    preview = sent(app, hana, "move-schools", numbers="56", to=AHI)
    assert "56 St Joseph's School Tōtara Kōwhai (KOW-2)" in words(preview), "it is on no list"


def test_a_town_gives_all_its_schools(app: Flask, hana: FlaskClient) -> None:
    page = hana.get("/staff/drafts/1/change/move-schools?q=Totara")
    assert 'value="56"' in page.text
    assert 'value="57"' in page.text


def test_a_catchment_s_whole_name_gives_its_schools_as_the_draft_has_them(
    app: Flask, hana: FlaskClient
) -> None:
    added(app, hana, "move-schools", numbers="55", to=RIMU, confirmed="yes")
    found = sent(app, hana, "move-schools", q="rimu catchment", do="find").text
    assert [number for number in (54, 55, 57) if f'value="{number}"' in found] == [55, 57]
    begun = sent(app, hana, "move-schools", q="rim", do="find").text
    assert 'value="57"' not in begun


def test_numbers_are_pasted_in_any_way(app: Flask, hana: FlaskClient) -> None:
    pasted = "54.0\n\n 55,56;57\t0058\r\n54"
    sentence = added(app, hana, "move-schools", numbers=pasted, to=AHI, confirmed="yes")
    assert sentence.startswith("5 schools (54, 55, 56, 57 and 58) moved")


def test_words_among_pasted_numbers_are_listed_and_nothing_is_added(
    app: Flask, hana: FlaskClient
) -> None:
    pasted = f"54\n55 Kura o Ahi\n{HOSTILE}\n99999\n57"
    response = sent(app, hana, "move-schools", numbers=pasted, to=RIMU, confirmed="yes")
    assert response.status_code == 400
    text = words(response)
    assert "3 things in the list are no numbers of known schools. Nothing was added." in text
    assert "line 2: “Kura o Ahi”" in text
    assert "line 4: “99999”" in text
    assert "<img" not in response.text.split("</textarea>")[0].split("<textarea")[0]
    assert DraftRepository(store_of(app)).steps(1) == []
    assert "55 Kura o Ahi" in response.text, "what was pasted is kept"


def test_a_long_list_of_words_is_shortened(app: Flask, hana: FlaskClient) -> None:
    pasted = "\n".join(f"word{n}" for n in range(500))
    response = sent(app, hana, "move-schools", numbers=pasted, to=RIMU)
    assert "500 things in the list" in words(response)
    assert "and 400 more" in words(response)


def test_schools_move_to_no_catchment(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, "move-schools", numbers="57", to="-", confirmed="yes")
    assert content(app).unserved == {57, 498}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"to": RIMU}, "Choose schools: look for them, or paste their numbers."),
        ({"numbers": "54"}, "Choose the catchment that they move to."),
        ({"numbers": "54", "to": "GONE"}, "There is no “GONE” any more."),
        ({"schools": ["54x"], "to": RIMU}, "These are no numbers of known schools: “54x”"),
        ({"numbers": "1" * 100_001, "to": RIMU}, "That is too much"),
    ],
)
def test_schools_that_are_none_do_not_move(
    app: Flask, hana: FlaskClient, fields: dict[str, Any], said: str
) -> None:
    response = sent(app, hana, "move-schools", confirmed="yes", **fields)
    assert response.status_code == 400
    assert said in words(response)
    assert DraftRepository(store_of(app)).steps(1) == []


def test_one_goes_back_from_the_preview_with_everything_kept(app: Flask, hana: FlaskClient) -> None:
    preview = sent(app, hana, "move-schools", schools=["55"], numbers="54", to=RIMU)
    back = sent(app, hana, "move-schools", **hidden(preview), do="back")
    assert ticked(back, "schools") == ["55"]
    assert f'<option value="{RIMU}" selected>' in back.text
    assert ">\n54</textarea>" in back.text


# --- names ----------------------------------------------------------------------------------------


def test_a_catchment_is_renamed(app: Flask, hana: FlaskClient) -> None:
    sentence = added(app, hana, "rename-catchment", catchment=AHI, name="Ahi-kā-roa")
    assert sentence == "Ahi (AHI-1) renamed Ahi-kā-roa."


def test_a_decomposed_name_is_kept_composed(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, "rename-catchment", catchment=AHI, name="To\u0304tara iti")
    assert content(app).catchments[AHI].name == "Tōtara iti"


def test_a_hostile_name_is_text(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, "rename-catchment", catchment=AHI, name=HOSTILE)
    for url in ("/staff/drafts/1", *(f"/staff/drafts/1/change/{kind}" for kind in BY_NAME)):
        page = hana.get(url)
        assert page.status_code == 200, url
        assert "<img src=x" not in page.text, url
        assert not is_worked_out(page.text), url


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Enter the new name."),
        ("n" * 201, "use at most 200"),
        ("Ahi", "That is its name already."),
        ("a\nb", "Leave out characters that cannot be seen, and new lines."),
        ("a\u0000b", "Leave out characters that cannot be seen, and new lines."),
    ],
)
def test_a_bad_name_is_refused(app: Flask, hana: FlaskClient, name: str, said: str) -> None:
    response = sent(app, hana, "rename-catchment", catchment=AHI, name=name)
    assert response.status_code == 400
    assert said in words(response)


# --- providers ------------------------------------------------------------------------------------

PROVIDER = {
    "code": "P-NEW",
    "name": "Te Whānau Trust",
    "phone": "0800 000 009",
    "email": "kia.ora@whanau.example",
    "website": "https://whanau.example/a?b=c",
    "starts": "2026-01-01",
    "ends": "2027-12-31",
    "capacity": "40",
}


def test_a_provider_is_added_with_its_contract(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, "add-provider", **PROVIDER)
    after = content(app)
    assert after.providers["P-NEW"] == Provider(
        "P-NEW",
        "Te Whānau Trust",
        "0800 000 009",
        "kia.ora@whanau.example",
        "https://whanau.example/a?b=c",
    )
    assert after.contracts["P-NEW"] == Contract(date(2026, 1, 1), date(2027, 12, 31), 40)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("code", "", "Enter a code of 1 to 40 letters"),
        ("code", "P NEW", "Enter a code of 1 to 40 letters"),
        ("code", "Ō", "Enter a code of 1 to 40 letters"),
        ("code", "x" * 41, "Enter a code of 1 to 40 letters"),
        ("code", "P-AHI", "There is a provider with this code already."),
        ("name", "", "Enter the provider's name."),
        ("name", "x" * 201, "use at most 200"),
        ("phone", "1" * 61, "use at most 60"),
        ("email", "nobody", "Enter an e-mail address"),
        ("email", "a b@c.nz", "Enter an e-mail address"),
        ("email", "a@b@c.nz", "Enter an e-mail address"),
        ("email", "a@c.nz\r\nBcc: x@y.nz", "Leave out characters that cannot be seen"),
        ("website", "javascript:alert(1)", "Enter a web address"),
        ("website", "//whanau.example", "Enter a web address"),
        ("website", "http://[1", "Enter a web address"),
        ("website", "https://", "Enter a web address"),
        ("starts", "1.1.2026", "Enter a date of the calendar"),
        ("starts", "2026-02-30", "Enter a date of the calendar"),
        ("ends", "2025-12-31", "The contract ends before it starts."),
        ("capacity", "-1", "Enter a whole number"),
        ("capacity", "4.5", "Enter a whole number"),
        ("capacity", "100001", "Enter a whole number"),
        ("capacity", "１２", "Enter a whole number"),
    ],
)
def test_a_bad_detail_of_a_provider_is_refused(
    app: Flask, hana: FlaskClient, field: str, text: str, said: str
) -> None:
    response = sent(app, hana, "add-provider", **{**PROVIDER, field: text})
    assert response.status_code == 400
    assert words(response).count(said) == 2, "in the summary and beside the field"
    assert DraftRepository(store_of(app)).steps(1) == []


def test_the_details_of_a_provider_are_shown_and_edited(app: Flask, hana: FlaskClient) -> None:
    page = hana.get("/staff/drafts/1/change/edit-provider?provider=P-AHI")
    assert 'value="kia@ahi.example"' in page.text
    fields = {"provider": "P-AHI", "name": "Ahi Trust", "phone": "0800 1", "capacity": "12"}
    sentence = added(app, hana, "edit-provider", **fields)
    assert sentence == "Details of Ahi Trust (P-AHI) changed."
    assert content(app).providers["P-AHI"] == Provider("P-AHI", "Ahi Trust", "0800 1")
    assert content(app).contracts == {"P-AHI": Contract(capacity=12)}


def test_details_that_are_as_they_were_are_no_change(app: Flask, hana: FlaskClient) -> None:
    fields = {"provider": "P-RIMU", "name": "Rimu Services"}
    response = sent(app, hana, "edit-provider", **fields)
    assert response.status_code == 400
    assert "These are its details already." in words(response)


def test_a_provider_is_retired_and_another_follows_in_the_same_step(
    app: Flask, hana: FlaskClient
) -> None:
    page = hana.get("/staff/drafts/1/change/retire-provider?provider=P-RAKAU")
    assert "Who follows in all its catchments" in words(page)
    assert "Kōwhai (KOW-2)" in words(page)
    fields = {"provider": "P-RAKAU", "followed_by": "P-AHI", f"followed_by-{TOTARA}": "P-RIMU"}
    sentence = added(app, hana, "retire-provider", **fields, first_day="2026-07-01")
    assert sentence == (
        "Provider Ngā Rākau (P-RAKAU) retired; followed from 1 July 2026 by Ahi Trust (P-AHI) in "
        "Kōwhai (KOW-2); Rimu Services (P-RIMU) in Tōtara (TOT-4)."
    )
    assert "P-RAKAU" not in content(app).providers
    assert content(app).catchments[KOWHAI].provider_code == "P-AHI"
    assert content(app).catchments[TOTARA].provider_code == "P-RIMU"
    assert sent(app, hana, "retire-provider", **fields).status_code == 400


def test_that_nobody_follows_yet_has_to_be_chosen(app: Flask, hana: FlaskClient) -> None:
    page = sent(app, hana, "retire-provider", provider="P-RIMU")
    assert page.status_code == 400
    assert "Choose who follows in Rimu." in words(page)
    added(app, hana, "retire-provider", provider="P-RIMU", followed_by="-")
    assert content(app).catchments[RIMU].provider_code is None


@pytest.mark.parametrize(
    ("first_day", "followed_by", "said"),
    [
        ("2026-07-05", "P-RAKAU", "Nobody would serve Ahi from 1 July 2026 to 4 July 2026: the c"),
        ("2026-07-01", "P-RIMU", "from 1 July 2026 to 14 July 2026: the contract of Rimu Services"),
        ("2025-07-01", "P-RAKAU", "made from an edition that is in force from"),
        ("2026-07-01", "P-AHI", "Choose who follows in Ahi."),
        ("2026-07-01", HOSTILE, "Choose who follows in Ahi."),
        ("soon", "P-RAKAU", "Enter a date of the calendar"),
    ],
)
def test_days_that_would_be_left_to_nobody_are_named(
    app: Flask, hana: FlaskClient, first_day: str, followed_by: str, said: str
) -> None:
    details = {"name": "A", "starts": "2026-01-01", "ends": "2026-06-30"}
    added(app, hana, "edit-provider", provider="P-AHI", **details)
    page = hana.get("/staff/drafts/1/change/retire-provider?provider=P-AHI")
    assert 'value="2026-07-01"' in page.text, "the day after the contract ends is filled in"
    starts = {"name": "Rimu Services", "starts": "2026-07-15"}
    added(app, hana, "edit-provider", provider="P-RIMU", **starts)
    fields = {"provider": "P-AHI", "first_day": first_day, "followed_by": followed_by}
    page = sent(app, hana, "retire-provider", **fields)
    assert page.status_code == 400
    assert said in words(page)
    fields = {**fields, "first_day": "2026-07-01", "followed_by": "P-RAKAU"}
    added(app, hana, "retire-provider", **fields)


# --- in-school provision --------------------------------------------------------------------------


def test_in_school_provision_is_set_and_ended(app: Flask, hana: FlaskClient) -> None:
    fields = {"numbers": "55 56", "note": "Funded in 2026", "confirmed": "yes"}
    sentence = added(app, hana, "in-school-provision", **fields)
    assert sentence == "In-school provision of 2 schools (55 and 56) set: Funded in 2026"
    added(app, hana, "in-school-provision", numbers="54 55", ends="yes", confirmed="yes")
    assert content(app).in_school_provision == {56: "Funded in 2026"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"numbers": "55"}, "Enter a note on the provision."),
        ({"note": "Funded"}, "Choose schools"),
        ({"numbers": "54 56", "ends": "yes"}, "These have no in-school provision to end: 56"),
        ({"numbers": "fifty", "note": "Funded"}, "line 1: “fifty”"),
    ],
)
def test_provision_of_nobody_or_nothing_is_refused(
    app: Flask, hana: FlaskClient, fields: dict[str, str], said: str
) -> None:
    response = sent(app, hana, "in-school-provision", confirmed="yes", **fields)
    assert response.status_code == 400
    assert said in words(response)


# --- too late, and twice --------------------------------------------------------------------------

EXAMPLES: dict[str, dict[str, Any]] = {
    "assign-provider": {"catchments": [AHI], "provider": "P-REK"},
    "move-schools": {"numbers": "54", "to": KOWHAI, "confirmed": "yes"},
    "move-by-table": {"pasted": "54\tKOW-2\n55\tRIM-3", "confirmed": "yes"},
    "assign-by-table": {"pasted": f"{AHI}\tP-REK", "confirmed": "yes"},
    "take-off-list": {"listed": ["55"], "numbers": "54", "confirmed": "yes"},
    "rename-catchment": {"catchment": AHI, "name": "New name"},
    "add-provider": PROVIDER,
    "edit-provider": {"provider": "P-AHI", "name": "Other name"},
    "retire-provider": {"provider": "P-RIMU", "followed_by": "P-AHI"},
    "in-school-provision": {"numbers": "55", "note": "Funded", "confirmed": "yes"},
    "merge-catchments": {"catchments": [AHI, KOWHAI], "into": AHI},
    "transfer-area": {
        "to": KOWHAI,
        "points": "174.8 -38.6\n175.1 -38.6\n175.1 -38.2\n174.8 -38.2",
        "confirmed": "yes",
    },
    "split-catchment": {
        "catchment": AHI,
        "points": "174.5 -37.9\n174.5 -39.1",
        "side": "left",
        "code": "NEW-1",
        "name": "New one",
        "provider": "P-REK",
        "confirmed": "yes",
    },
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_form_that_is_sent_twice_makes_one_change(
    app: Flask, hana: FlaskClient, kind: str
) -> None:
    version = version_of(app)
    for _ in range(2):
        fields = {**EXAMPLES[kind], "version": version, "once": "twice", "confirmed": "yes"}
        response = sent(app, hana, kind, **fields)
        assert response.status_code == 303, words(response)
    assert len(DraftRepository(store_of(app)).steps(1)) == 1


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_stale_form_changes_nothing_and_can_be_applied_again(
    app: Flask, hana: FlaskClient, kind: str
) -> None:
    stale = version_of(app)
    wiremu = signed_in(app, "wiremu")
    added(app, wiremu, "rename-catchment", catchment=REKOHU, name="Wharekauri")
    response = sent(app, hana, kind, **{**EXAMPLES[kind], "version": stale})
    assert response.status_code == 412
    assert "added a change: Rēkohu (REK-5) renamed Wharekauri." in words(response)
    assert len(DraftRepository(store_of(app)).steps(1)) == 1
    assert f'name="version" value="{version_of(app)}"' in response.text
    for value in EXAMPLES[kind].values():
        for each in value if isinstance(value, list) else [value]:
            assert each == "yes" or each in unescape(response.text), "what was typed is kept"
    added(app, hana, kind, **EXAMPLES[kind])
    assert len(DraftRepository(store_of(app)).steps(1)) == 2


def test_a_draft_in_review_takes_no_change(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, "rename-catchment", **EXAMPLES["rename-catchment"])
    post(hana, "/staff/drafts/1/submit", version=version_of(app), effective_from="2026-07-01")
    for kind, fields in EXAMPLES.items():
        assert sent(app, hana, kind, **fields).status_code == 409
        assert hana.get(f"/staff/drafts/1/change/{kind}").status_code == 409
    assert len(DraftRepository(store_of(app)).steps(1)) == 1


def test_a_kind_of_change_that_is_none_is_not_found(app: Flask, hana: FlaskClient) -> None:
    assert hana.get("/staff/drafts/1/change/delete-everything").status_code == 404
    assert sent(app, hana, "delete-everything").status_code == 404


NOTHING_TO_FILL_IN = {"list-where-located"}
"""Kinds that need no field; what they would do is looked over: test_listing_form.py."""


def test_every_form_says_that_it_needs_something(app: Flask, hana: FlaskClient) -> None:
    for kind in set(BY_NAME) - NOTHING_TO_FILL_IN:
        response = sent(app, hana, kind)
        assert response.status_code == 400, kind
        assert "There is a problem" in words(response)
    assert DraftRepository(store_of(app)).steps(1) == []


BOW_TIE = "POLYGON ((174.2 -38.2, 174.8 -38.8, 174.8 -38.2, 174.2 -38.8, 174.2 -38.2))"


# --- merge, transfer, split -----------------------------------------------------------------------


def test_catchments_are_merged(app: Flask, hana: FlaskClient) -> None:
    sentence = added(app, hana, "merge-catchments", catchments=[KOWHAI, AHI], into=AHI)
    assert sentence == "Kōwhai (KOW-2) merged into Ahi (AHI-1)."
    assert content(app).listings == {54: AHI, 55: AHI, 57: RIMU}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"catchments": [AHI], "into": AHI}, "Choose two catchments or more."),
        ({"catchments": [AHI, KOWHAI]}, "Choose the one that stays."),
    ],
)
def test_a_merger_of_one_or_into_none_is_refused(
    app: Flask, hana: FlaskClient, fields: dict[str, Any], said: str
) -> None:
    response = sent(app, hana, "merge-catchments", **fields)
    assert response.status_code == 400
    assert said in words(response)


def test_an_area_is_looked_over_and_transferred_with_its_schools(
    app: Flask, hana: FlaskClient
) -> None:
    area = "POLYGON ((174.3 -38.7, 175 -38.7, 175 -38.3, 174.3 -38.3, 174.3 -38.7))"
    preview = sent(app, hana, "transfer-area", to=KOWHAI, drawn=area)
    assert preview.status_code == 200
    assert "km² of Ahi (AHI-1), sea included." in words(preview)
    assert "54 Kura o Ahi" in words(preview)
    sentence = added(app, hana, "transfer-area", **hidden(preview), confirmed="yes")
    assert sentence == "An area (drawn) transferred to Kōwhai (KOW-2), with school 54."
    after = content(app)
    assert after.listings[54] == KOWHAI
    assert after.boundaries[KOWHAI].covers(shapely.Point(174.5, -38.5))


def test_only_those_give_that_are_chosen(app: Flask, hana: FlaskClient) -> None:
    corners = "174.8 -39.2\n175.2 -39.2\n175.2 -38.8\n174.8 -38.8"
    fields = {"to": KOWHAI, "from": [RIMU], "points": corners, "confirmed": "yes"}
    sentence = added(app, hana, "transfer-area", **fields)
    assert "from Rimu (RIM-3) to Kōwhai (KOW-2)" in sentence
    assert content(app).boundaries[AHI].equals(store_of(app).edition(1).boundaries[AHI])


@pytest.mark.parametrize("lng", ["-176.6", "183.4"])
def test_an_area_on_the_chathams_is_found_in_either_frame(
    app: Flask, hana: FlaskClient, lng: str
) -> None:
    west, east = float(lng), float(lng) + 0.4
    corners = f"{west} -44.2\n{east} -44.2\n{east} -43.8\n{west} -43.8"
    preview = sent(app, hana, "transfer-area", to=AHI, points=corners)
    assert "km² of Rēkohu (REK-5)" in words(preview)


def test_a_geojson_feature_is_an_area(app: Flask, hana: FlaskClient) -> None:
    ring = "[[174.3,-38.7],[174.9,-38.7],[174.9,-38.3],[174.3,-38.3],[174.3,-38.7]]"
    drawn = f'{{"type":"Feature","geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}'
    added(app, hana, "transfer-area", to=KOWHAI, drawn=drawn, confirmed="yes")


def test_a_town_is_transferred_around_its_known_places(app: Flask, hana: FlaskClient) -> None:
    page = hana.get("/staff/drafts/1/change/transfer-area?q=Ahitown")
    assert 'name="suburbs" value="Ahitown"' in page.text
    assert "No boundaries of suburbs are known here." in words(page)
    fields = {"to": KOWHAI, "suburbs": ["Ahitown"], "confirmed": "yes"}
    sentence = added(app, hana, "transfer-area", **fields)
    assert "(around the known places of Ahitown)" in sentence
    assert content(app).listings[54] == KOWHAI


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Give the area: draw it"),
        ({"drawn": "POLYGON EMPTY", "points": "1 2"}, "Give the area in one way"),
        ({"drawn": HOSTILE}, "That is no polygon in WKT or GeoJSON."),
        ({"drawn": "POLYGON ((1 2, 3"}, "That is no polygon in WKT or GeoJSON."),
        ({"drawn": "LINESTRING (174 -38, 175 -39)"}, "That is no polygon"),
        ({"drawn": "GEOMETRYCOLLECTION (" * 5_000}, "That is no polygon"),
        ({"drawn": "[" * 5_000}, "That is no polygon"),
        ({"drawn": '{"type":"FeatureCollection","features":[]}'}, "That is no polygon"),
        (
            {"drawn": BOW_TIE},
            "The line crosses itself near 174.5 -38.5.",
        ),
        ({"points": "10 50\n11 50\n11 51"}, "line 1: “10 50” is not in New Zealand"),
        ({"points": "-38.5 174.5\n-38 174\n-38 175"}, "has latitude first"),
        ({"points": "174 -38\n175 -38"}, "Give 3 points or more"),
        ({"points": "174 -38\nhere\n175 -38"}, "line 2: “here” is no point"),
        ({"points": "170 -36\n171 -36\n171 -35"}, "The area lies in no catchment that gives it"),
        ({"suburbs": ["Nowhere at all"]}, "These are not known: “Nowhere at all”"),
        ({"suburbs": ["Wellington"]}, "No place is known in one of these"),
        ({"from": [KOWHAI], "points": "174 -38"}, "A catchment cannot give to itself."),
    ],
)
def test_an_area_that_is_none_is_refused_in_one_message(
    app: Flask, hana: FlaskClient, fields: dict[str, Any], said: str
) -> None:
    response = sent(app, hana, "transfer-area", to=KOWHAI, confirmed="yes", **fields)
    assert response.status_code == 400
    assert said in words(response)
    assert DraftRepository(store_of(app)).steps(1) == []


def test_a_catchment_is_split_with_the_schools_on_that_side(app: Flask, hana: FlaskClient) -> None:
    fields = {**EXAMPLES["split-catchment"], "points": "174.4 -39.1\n174.4 -37.9", "side": "right"}
    del fields["confirmed"]
    preview = sent(app, hana, "split-catchment", **fields)
    assert "54 Kura o Ahi" in words(preview), words(preview)
    sentence = added(app, hana, "split-catchment", **hidden(preview), confirmed="yes")
    assert sentence == "Ahi (AHI-1) split: New one (NEW-1) is new, with school 54."
    after = content(app)
    assert after.listings[54] == "NEW-1"
    assert after.catchments["NEW-1"].education_region == "Waikato"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"points": ""}, "Give the line: draw it, or type its points."),
        ({"points": "174.5 -38.5"}, "Give 2 points or more"),
        ({"drawn": "LINESTRING (1 2, 3 4)"}, "Draw the line or type its points, not both."),
        ({"points": "", "drawn": "LINESTRING (1 2, 3 4)"}, "It lies outside New Zealand."),
        ({"points": "", "drawn": "POLYGON ((1 2, 3 4, 5 6, 1 2))"}, "That is no line"),
        ({"points": "174 -38\n175 -39\n175 -38\n174 -39"}, "The line crosses itself"),
        ({"code": RIMU}, "There is a catchment with this code already."),
        ({"code": "a b"}, "Enter a code"),
        ({"name": ""}, "Enter the new catchment's name."),
        ({"provider": ""}, "Choose its provider."),
        ({"side": "top"}, "Choose a side."),
        ({"catchment": ""}, "Choose the catchment to split."),
    ],
)
def test_a_split_that_is_none_is_refused(
    app: Flask, hana: FlaskClient, more: dict[str, str], said: str
) -> None:
    response = sent(app, hana, "split-catchment", **{**EXAMPLES["split-catchment"], **more})
    assert response.status_code == 400
    assert said in words(response)
    assert DraftRepository(store_of(app)).steps(1) == []


@pytest.mark.parametrize(
    ("pasted", "numbers"),
    [
        ("54, 55", [54, 55]),
        ("#54\nNo. 55", [54, 55]),
        ("54 Kura o Ahi\n55", [54, 55]),
        ("Kura o Ahi (54), 55", [54, 55]),
        ("５４　５５", [54, 55]),
        ("School number\n54\n55", [54, 55]),
        ("54 and 55", [54, 55]),
        ("54.0\t55.0", [54, 55]),
        ("54 Kura o Ahi 55", [54, 55]),
    ],
)
def test_numbers_are_understood_however_they_are_pasted(
    app: Flask, hana: FlaskClient, pasted: str, numbers: list[int]
) -> None:
    added(app, hana, "move-schools", numbers=pasted, to=RIMU, confirmed="yes")
    assert [n for n, code in content(app).listings.items() if code == RIMU and n != 57] == numbers


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fifty", "line 2: “fifty”"),
        ("9999", "line 2: “9999”"),
        ("55 Kura o Ahi", "line 2: “Kura o Ahi” is not of school 55, which is"),
        ("Kura o Ahi 55", "line 2: “Kura o Ahi” is not of school 55"),
        ("55 maybe 57", "line 2: “maybe” is not of school 57"),
        ("55 maybe 9999", "line 2: “maybe 9999”"),
        ("{{7*191}}", "line 2: “{{7*191}}”"),
        ("=cmd", "line 2: “=cmd”"),
    ],
)
def test_words_among_pasted_numbers_are_named_and_one_goes_on_without_them(
    app: Flask, hana: FlaskClient, line: str, said: str
) -> None:
    fields = {"numbers": f"54\n{line}\n56", "to": RIMU}
    page = sent(app, hana, "move-schools", **fields)
    assert page.status_code == 400
    assert said in words(page)
    assert "Go on with the 2 that are known" in words(page)
    page = sent(app, hana, "move-schools", **fields, known_only="yes")
    assert f"Left out: {said}" in words(page)
    added(app, hana, "move-schools", **hidden(page), confirmed="yes")
    assert content(app).listings == {54: RIMU, 55: KOWHAI, 56: RIMU, 57: RIMU}
