"""The form that lists schools where they lie: looked over first, once, and for what was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.model import Place
from catchments.store.drafts.repository import DraftRepository
from tests.staff import added, content, hidden, post, sent, sign_in, store_of, version_of, words
from tests.worlds import AHI, REKOHU, RIMU, TOTARA, small_release, small_schools

KIND = "list-where-located"
LISTED = {54: AHI, 55: "KOW-2", 57: RIMU}


def test_all_are_looked_over_before_they_are_listed(app: Flask, hana: FlaskClient) -> None:
    page = hana.get(f"/staff/drafts/1/change/{KIND}")
    assert "Every open school that is on no list" in words(page)
    assert "Look over, then add" in words(page)
    preview = sent(app, hana, KIND)
    assert preview.status_code == 200
    text = words(preview)
    assert "4 schools are put on the list, each of the catchment that it is in now." in text
    for row in ("56 St Joseph's School Tōtara Tōtara (TOT-4)", "3553 Te One School Te One Rēkohu"):
        assert row in text
    assert "or close to it: “61 Edge School”." in text
    assert "58 Shore School" not in text, "it is only near"
    assert DraftRepository(store_of(app)).steps(1) == []
    sentence = added(app, hana, KIND, **hidden(preview), confirmed="yes")
    assert sentence == "4 schools (56, 61, 64 and 3553) listed where they lie."
    assert content(app).listings == {**LISTED, 56: TOTARA, 61: AHI, 64: REKOHU, 3553: REKOHU}


def test_schools_lie_where_the_draft_has_its_boundaries(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, "merge-catchments", catchments=[RIMU, TOTARA], into=RIMU)
    preview = sent(app, hana, KIND)
    assert "56 St Joseph's School Tōtara Rimu (RIM-3)" in words(preview)
    added(app, hana, KIND, **hidden(preview), confirmed="yes")
    assert content(app).listings[56] == RIMU


def test_where_nothing_is_to_be_listed_it_says_so(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, KIND, **hidden(sent(app, hana, KIND)), confirmed="yes")
    response = sent(app, hana, KIND)
    assert response.status_code == 400
    assert "There is no school to list: every open school is on the list" in words(response)
    assert "see “Move schools”" in words(response)


@pytest.mark.parametrize("looked_over", [{}, {"looked_over": "ab" * 32}, {"looked_over": "<b>"}])
def test_what_nobody_has_looked_over_is_not_added(
    app: Flask, hana: FlaskClient, looked_over: dict[str, str]
) -> None:
    response = sent(app, hana, KIND, confirmed="yes", **looked_over)
    assert response.status_code == 400
    assert "Other schools lie there now than were looked over." in words(response)
    assert DraftRepository(store_of(app)).steps(1) == []


def test_a_directory_that_comes_in_between_is_looked_over_again(
    app: Flask, hana: FlaskClient
) -> None:
    fields = hidden(sent(app, hana, KIND))
    moved = replace(small_schools()[56], place=Place(174.5, -39.5))
    release = small_release(schools={**small_schools(), 56: moved})
    store_of(app).add_release(replace(release, released=release.released.replace(day=20)))
    app.extensions["catchments"].snapshots.refresh()
    response = sent(app, hana, KIND, **fields, confirmed="yes")
    assert "Look them over again." in words(response)
    assert "56 St Joseph's School Tōtara Rimu (RIM-3)" in words(sent(app, hana, KIND))


def test_sent_twice_it_is_one_change(app: Flask, hana: FlaskClient) -> None:
    fields = {**hidden(sent(app, hana, KIND)), "confirmed": "yes", "once": "twice"}
    for _ in range(2):
        assert sent(app, hana, KIND, **fields).status_code == 303
    assert len(DraftRepository(store_of(app)).steps(1)) == 1


def test_too_late_it_changes_nothing_and_is_looked_over_anew(app: Flask, hana: FlaskClient) -> None:
    fields = hidden(sent(app, hana, KIND))
    wiremu = app.test_client()
    sign_in(wiremu, "wiremu")
    added(app, wiremu, "move-schools", numbers="56", to=RIMU, confirmed="yes")
    response = sent(app, hana, KIND, **fields, confirmed="yes")
    assert response.status_code == 412
    assert "added a change: school 56 moved to Rimu (RIM-3)." in words(response)
    preview = post(hana, f"/staff/drafts/1/change/{KIND}", version=version_of(app))
    assert "3 schools are put on the list" in words(preview)
    added(app, hana, KIND, **hidden(preview), confirmed="yes")
    assert content(app).listings[56] == RIMU


def test_one_goes_back_from_what_is_looked_over(app: Flask, hana: FlaskClient) -> None:
    back = sent(app, hana, KIND, **hidden(sent(app, hana, KIND)), do="back")
    assert back.status_code == 200
    assert "Look over, then add" in words(back)


def test_a_draft_in_review_takes_none(app: Flask, hana: FlaskClient) -> None:
    added(app, hana, "rename-catchment", catchment=AHI, name="Ahi nui")
    post(hana, "/staff/drafts/1/submit", version=version_of(app), effective_from="2026-07-01")
    assert sent(app, hana, KIND).status_code == 409
    assert hana.get(f"/staff/drafts/1/change/{KIND}").status_code == 409
