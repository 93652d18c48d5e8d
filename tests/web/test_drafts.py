"""The list of drafts and one draft: begun, described, undone, taken over, talked about."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.geometry.changing_index import IndexedBoundaries, boundaries_touching
from catchments.store.drafts.repository import DraftRepository
from catchments.web.common.services import EXTENSION
from catchments.web.staff.pages import draft_view
from tests.staff import post, signed_in, store_of, version_of, words
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    TODAY,
    next_edition,
    publish_whole,
    running_application,
    small_edition,
)


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    return staffed_app


def begun(client: FlaskClient, title: str = "Kōwhai to Ahi", **more: str) -> int:
    fields = {"title": title, "reason": "A contract ends.", "base": "1", **more}
    response = post(client, "/staff/drafts/new", **fields)
    assert response.status_code == 303, words(response)
    found = re.search(r"/staff/drafts/(\d+)", response.headers["Location"])
    assert found
    return int(found[1])


def rename(client: FlaskClient, version: str, name: str, **more: str) -> TestResponse:
    fields = {"catchment": AHI, "name": name, "version": version, "confirmed": "yes", **more}
    return post(client, "/staff/drafts/1/change/rename-catchment", **fields)


# --- begin ----------------------------------------------------------------------------------------


def test_a_draft_is_begun_from_the_edition_in_force(app: Flask, hana: FlaskClient) -> None:
    draft = DraftRepository(store_of(app)).draft(begun(hana))
    assert (draft.title, draft.reason, draft.base_number) == (
        "Kōwhai to Ahi",
        "A contract ends.",
        1,
    )


def test_a_draft_is_offered_on_top_of_the_last_edition_that_is_scheduled(
    app: Flask, hana: FlaskClient
) -> None:
    page = hana.get("/staff/drafts/new")
    assert 'id="base-hint"' not in page.text, "there is nothing to choose"
    publish_whole(store_of(app), next_edition(TODAY + timedelta(days=30)))
    app.extensions[EXTENSION].snapshots.refresh()
    for address in ("/staff/drafts/new", "/staff/repair/rename-catchment"):
        page = hana.get(address)
        assert re.findall(r'<option value="(\d)" selected>', page.text) == ["2"], address
        assert "Take an earlier one only for a draft" in words(page)


def test_what_another_worker_published_a_moment_ago_is_there_to_begin_from(
    app: Flask, hana: FlaskClient
) -> None:
    hana.get("/staff/drafts/new")
    publish_whole(store_of(app), small_edition(effective_from=TODAY))
    form = {"title": "On the newest", "reason": "It is in force", "base": "2"}
    assert post(hana, "/staff/drafts/new", **form).status_code == 303
    assert DraftRepository(store_of(app)).draft(1).base_number == 2


def test_a_draft_that_is_begun_twice_with_one_form_is_one(app: Flask, hana: FlaskClient) -> None:
    assert begun(hana, once="a1b2") == begun(hana, once="a1b2")
    assert len(DraftRepository(store_of(app)).drafts()) == 1


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("title", "", "Enter a title."),
        ("title", "x" * 201, "That has 201 characters; use at most 200."),
        ("title", "a\u0007b", "Leave out characters that cannot be seen"),
        ("title", "a\u202eb", "Leave out characters that cannot be seen"),
        ("reason", "", "Enter why this is to change."),
        ("reason", "y" * 2_001, "That has 2,001 characters; use at most 2,000."),
        ("base", "7", "There is no “7” any more. Choose the edition to begin from."),
        ("base", HOSTILE, "Choose the edition to begin from."),
    ],
)
def test_a_bad_field_is_said_and_the_rest_is_kept(
    app: Flask, hana: FlaskClient, field: str, text: str, said: str
) -> None:
    typed = {"title": "Kept title", "reason": "Kept reason", "base": "1", field: text}
    response = post(hana, "/staff/drafts/new", **typed)
    assert response.status_code == 400
    assert words(response).count(said) == 2, "in the summary and beside the field"
    assert ("Kept title" if field != "title" else "Kept reason") in response.text
    assert DraftRepository(store_of(app)).drafts() == []


def test_a_hostile_title_is_text(app: Flask, hana: FlaskClient) -> None:
    draft = begun(hana, HOSTILE)
    for url in ("/staff/drafts", f"/staff/drafts/{draft}"):
        page = hana.get(url)
        assert "<img src=x" not in page.text
        assert "{{7*191}}" in words(page)


# --- one draft ------------------------------------------------------------------------------------


def test_a_draft_that_is_not_there_is_not_found(hana: FlaskClient) -> None:
    assert hana.get("/staff/drafts/99").status_code == 404
    assert hana.get("/staff/drafts/99/change/rename-catchment").status_code == 404


def test_a_change_is_undone_and_done_again(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    rename(hana, version_of(app), "Ahi nui")
    assert post(hana, "/staff/drafts/1/undo", version=version_of(app)).status_code == 303
    page = hana.get("/staff/drafts/1")
    assert "<del>Ahi (AHI-1) renamed Ahi nui.</del> <strong>undone</strong>" in page.text
    assert post(hana, "/staff/drafts/1/redo", version=version_of(app)).status_code == 303
    assert "<del>" not in hana.get("/staff/drafts/1").text
    assert len(DraftRepository(store_of(app)).draft(1).changes) == 1


def test_one_index_follows_a_draft_through_changes_undo_and_redo(
    app: Flask, hana: FlaskClient
) -> None:
    begun(hana)
    corners = "174.3 -38.7\n175 -38.7\n175 -38.3\n174.3 -38.3"
    area = {"to": KOWHAI, "points": corners, "confirmed": "yes"}
    spot = shapely.Point(174.5, -38.5)
    followed = []

    def whose() -> list[str]:
        with app.app_context():
            boundaries = draft_view.working_on(draft_view.read(1)).content.boundaries
        assert isinstance(boundaries, IndexedBoundaries)
        followed.append(boundaries.index)
        return list(boundaries_touching(boundaries, spot))

    assert whose() == [AHI]
    post(hana, "/staff/drafts/1/change/transfer-area", version=version_of(app), **area)
    assert whose() == [KOWHAI]
    post(hana, "/staff/drafts/1/undo", version=version_of(app))
    assert whose() == [AHI]
    post(hana, "/staff/drafts/1/redo", version=version_of(app))
    assert whose() == [KOWHAI]
    assert len({id(index) for index in followed}) == 1


def test_another_worker_works_out_the_same(app: Flask, hana: FlaskClient) -> None:
    """What a process keeps of a draft is only ever what it would work out anew."""
    begun(hana)
    with running_application(store_of(app).url) as other:
        for number in range(3):
            rename(hana, version_of(app), f"Name {number}")
            post(hana, "/staff/drafts/1/undo", version=version_of(app))
            rename(hana, version_of(app), f"Other {number}")
            made = []
            for each in (app, other):
                with each.app_context():
                    made.append(draft_view.working_on(draft_view.read(1)))
            assert made[0].content == made[1].content
            assert made[0].content.catchments[AHI].name == f"Other {number}"
            assert made[0].draft == made[1].draft == DraftRepository(store_of(app)).draft(1)


def test_undo_sent_twice_undoes_one_change(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    rename(hana, version_of(app), "One")
    rename(hana, version_of(app), "Two")
    version = version_of(app)
    for _ in range(2):
        response = post(hana, "/staff/drafts/1/undo", version=version, once="u1")
        assert response.status_code == 303
    assert len(DraftRepository(store_of(app)).draft(1).changes) == 1


def test_undo_on_a_page_that_is_out_of_date_undoes_nothing(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    stale = version_of(app)
    rename(hana, stale, "One")
    assert post(hana, "/staff/drafts/1/undo", version=stale).status_code == 412
    assert len(DraftRepository(store_of(app)).draft(1).changes) == 1


def test_with_nothing_to_undo_it_says_so(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    response = post(hana, "/staff/drafts/1/undo", version=version_of(app))
    assert response.status_code == 409
    assert "There is nothing to undo in draft 1." in words(response)


@pytest.mark.parametrize("version", ["", "x", "-1", "1e3", "9" * 30, "１"])
def test_a_version_that_is_none_is_refused(app: Flask, hana: FlaskClient, version: str) -> None:
    begun(hana)
    assert post(hana, "/staff/drafts/1/undo", version=version).status_code == 400


def test_title_and_reason_are_edited(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    fields = {"title": "Other", "reason": "Line one\r\nline two", "version": version_of(app)}
    response = post(hana, "/staff/drafts/1/describe", **fields)
    assert response.headers["Location"].endswith("?saved=1.title,1.reason")
    draft = DraftRepository(store_of(app)).draft(1)
    assert (draft.title, draft.reason) == ("Other", "Line one\nline two")


def test_a_stale_title_is_kept_and_told_who_was_faster(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    stale = version_of(app)
    wiremu = signed_in(app, "wiremu")
    rename(wiremu, stale, "Ahi nui")
    fields = {"title": "Mine", "reason": "Because", "version": stale}
    response = post(hana, "/staff/drafts/1/describe", **fields)
    assert response.status_code == 412
    assert "Wiremu of the Ministry" in words(response)
    assert "wiremu," not in words(response)
    assert "added a change: Ahi (AHI-1) renamed Ahi nui." in words(response)
    assert 'value="Mine"' in response.text
    assert DraftRepository(store_of(app)).draft(1).title == "Kōwhai to Ahi"


def test_a_draft_says_who_last_worked_on_it(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    rename(signed_in(app, "wiremu"), version_of(app), "Ahi nui")
    for url in ("/staff/drafts", "/staff/drafts/1"):
        page = words(hana.get(url))
        assert re.search(r"Last worked on .*, \d\d:\d\d, Wiremu of the Ministry", page)


def test_the_list_has_open_drafts_before_those_given_up(app: Flask, hana: FlaskClient) -> None:
    begun(hana, "Stays open")
    begun(hana, "Given up")
    post(hana, "/staff/drafts/2/abandon", version=version_of(app, 2))
    text = hana.get("/staff/drafts").text
    assert text.index("Stays open") < text.index("<details>") < text.index("Given up")


def test_a_draft_that_is_given_up_takes_no_change(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    post(hana, "/staff/drafts/1/abandon", version=version_of(app))
    assert hana.get("/staff/drafts/1/change/rename-catchment").status_code == 409
    assert rename(hana, version_of(app), "New").status_code == 409
    assert "Add a change" not in words(hana.get("/staff/drafts/1"))


# --- comments -------------------------------------------------------------------------------------


def test_comments_are_kept_in_order_and_once(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    for _ in range(2):
        post(hana, "/staff/drafts/1/comment", text=HOSTILE, once="c1")
    post(signed_in(app, "aroha"), "/staff/drafts/1/comment", text="Two\nlines")
    said = [comment.text for comment in DraftRepository(store_of(app)).comments(1)]
    assert said == [HOSTILE, "Two\nlines"]
    assert "<img src=x" not in hana.get("/staff/drafts/1").text


def test_an_empty_comment_is_refused(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    response = post(hana, "/staff/drafts/1/comment", text="  ")
    assert (response.status_code, DraftRepository(store_of(app)).comments(1)) == (400, [])


def test_a_draft_that_is_given_up_can_still_be_talked_about(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    post(hana, "/staff/drafts/1/abandon", version=version_of(app))
    post(hana, "/staff/drafts/1/comment", text="Why?")
    assert [comment.text for comment in DraftRepository(store_of(app)).comments(1)] == ["Why?"]


# --- roles ----------------------------------------------------------------------------------------


def test_a_reader_sees_drafts_and_changes_nothing(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    rata = signed_in(app, "rata")
    assert "Begin a draft" not in words(rata.get("/staff/drafts"))
    page = words(rata.get("/staff/drafts/1"))
    assert "Kōwhai to Ahi" in page
    assert "Your comment" not in page
    version = version_of(app)
    refused = [
        rata.get("/staff/drafts/new"),
        post(rata, "/staff/drafts/new", title="x", reason="y", base="1"),
        rata.get("/staff/drafts/1/change/rename-catchment"),
        rename(rata, version, "Mine"),
        *(
            post(rata, f"/staff/drafts/1/{what}", version=version, text="x", title="x", reason="y")
            for what in ("undo", "redo", "copy", "take-back", "describe", "comment")
        ),
    ]
    assert [response.status_code for response in refused] == [403] * len(refused)
    assert version_of(app) == version


def test_an_approver_comments_but_does_not_change(app: Flask, hana: FlaskClient) -> None:
    begun(hana)
    aroha = signed_in(app, "aroha")
    assert post(aroha, "/staff/drafts/1/comment", text="Fine").status_code == 303
    assert rename(aroha, version_of(app), "Mine").status_code == 403
