"""Scenarios: drafts copied and laid side by side, any change undone, places asked about, papers."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from catchments.changes.change import Change, apply_all
from catchments.changes.kinds.add_provider import AddProvider
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.edit_provider import EditProvider
from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.errors import ChangeDoesNotFit
from catchments.core.model import Contract, NamedPlace, Place, PlaceKind, Provider
from catchments.lookup.search.typed_text import TypedText
from catchments.lookup.snapshot import Snapshot
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.web.common.services import EXTENSION
from catchments.web.staff.pages import draft_view
from catchments.web.staff.scenarios.standing import of_draft
from catchments.web.staff.scenarios.undoing import sentences_after
from tests.staff import post, signed_in, version_of, words
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    RIMU,
    TODAY,
    next_edition,
    publish_whole,
    store_of,
    withdraw,
)

RENAME = RenameCatchment(AHI, "Ahi Nui")
ASSIGN = AssignProvider((KOWHAI,), "P-AHI")
MOVE = MoveSchools((54,), RIMU)
MERGE = MergeCatchments((AHI, KOWHAI), AHI)
ADD = AddProvider(Provider("P-NEW", HOSTILE))


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    return staffed_app


def begun(app: Flask, *changes: Change, title: str = "Kōwhai to Ahi", base: int = 1) -> int:
    """A draft of Hana's with these changes, as its pages would have added them."""
    store = store_of(app)
    desk, by = DraftRepository(store), People(store).person("hana")
    draft = desk.begin(title=title, reason="A contract ends.", base_number=base, by=by)
    content = apply_all(store.edition(base), ())
    for change in changes:
        seen = ExpectedVersion(by, desk.draft(draft).version)
        desk.add(draft, change, change.describe(content), seen=seen)
        content = change.apply(content)
    return draft


def desk_of(app: Flask) -> DraftRepository:
    return DraftRepository(store_of(app))


def turned(
    app: Flask, client: FlaskClient, what: str, position: object, **more: str
) -> TestResponse:
    fields = {"version": version_of(app), "position": str(position), **more}
    return post(client, f"/staff/drafts/1/{what}", **fields)


# --- any one change is undone ---------------------------------------------------------------------


def test_a_change_in_the_middle_is_undone_and_done_again_in_its_place(
    app: Flask, hana: FlaskClient
) -> None:
    begun(app, RENAME, ASSIGN, MOVE)
    before = desk_of(app).draft(1).changes
    assert turned(app, hana, "undo", 2, once="u1").status_code == 303
    assert turned(app, hana, "undo", 2, once="u1").status_code == 303, "a double click"
    assert desk_of(app).draft(1).changes == (RENAME, MOVE)
    assert turned(app, hana, "redo", 2).status_code == 303
    assert desk_of(app).draft(1).changes == before


def test_what_later_changes_say_follows_what_is_undone(app: Flask, hana: FlaskClient) -> None:
    begun(app, RENAME, AssignProvider((AHI,), "P-RAKAU"))
    assert "Ahi Nui" in desk_of(app).steps(1)[1].sentence
    turned(app, hana, "undo", 1)
    assert "Ahi Nui" not in desk_of(app).steps(1)[1].sentence
    turned(app, hana, "redo", 1)
    assert "Ahi Nui" in desk_of(app).steps(1)[1].sentence


def test_an_undo_that_a_later_change_needs_is_refused_by_its_name_and_harms_nothing(
    app: Flask, hana: FlaskClient
) -> None:
    begun(app, ADD, AssignProvider((KOWHAI,), "P-NEW"))
    before = desk_of(app).draft(1)
    refused = turned(app, hana, "undo", 1)
    assert refused.status_code == 409
    page = words(refused)
    assert page.count("That cannot be done") == 1
    assert "the later change" in page
    assert "does not fit" in page
    assert "Undo the later one first" in page
    assert "<img src=x" not in refused.text
    assert desk_of(app).draft(1) == before
    assert turned(app, hana, "undo", 2).status_code == 303
    assert turned(app, hana, "undo", 1).status_code == 303
    assert turned(app, hana, "redo", 2).status_code == 409, "it stands on the first"
    assert turned(app, hana, "redo", 1).status_code == 303


@pytest.mark.parametrize("position", ["9", "0", "-1", HOSTILE, "٢", "9" * 400])
def test_a_change_that_is_not_there_is_refused(
    app: Flask, hana: FlaskClient, position: str
) -> None:
    begun(app, RENAME)
    version = version_of(app)
    assert turned(app, hana, "undo", position).status_code in {400, 409}
    assert version_of(app) == version


CHANGES = (
    RENAME,
    ASSIGN,
    MOVE,
    MoveSchools((54, 55), KOWHAI),
    MERGE,
    ADD,
    AssignProvider((AHI,), "P-NEW"),
    RenameCatchment(KOWHAI, "Kōwhai Nui"),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(CHANGES))), length=st.integers(2, 5), data=st.data())
def test_undoing_any_change_and_doing_it_again_gives_the_same_edition(
    app: Flask, order: list[int], length: int, data: st.DataObject
) -> None:
    base = store_of(app).edition(1)
    chosen: list[Change] = []
    for at in order[:length]:
        try:
            apply_all(base, [*chosen, CHANGES[at]])
        except ChangeDoesNotFit:
            continue
        chosen.append(CHANGES[at])
    if len(chosen) < 2:
        return
    draft = begun(app, *chosen)
    desk, by = desk_of(app), People(store_of(app)).person("hana")
    position = data.draw(st.integers(1, len(chosen)))
    whole = desk.draft(draft), desk.sentences(draft)

    def turn(what: str) -> None:
        with app.test_request_context("/staff/"):  # a clash is told in the language of a page
            anew = sentences_after(draft_view.read(draft), desk.steps(draft), position)
        seen = ExpectedVersion(by, desk.draft(draft).version)
        getattr(desk, what)(draft, position, seen=seen, sentences=anew)

    rest = [change for at, change in enumerate(chosen, 1) if at != position]
    try:
        expected = apply_all(base, rest)
    except ChangeDoesNotFit:
        with pytest.raises(ChangeDoesNotFit, match="the later change"):
            turn("undo")
        assert (desk.draft(draft), desk.sentences(draft)) == whole
        return
    turn("undo")
    assert apply_all(base, desk.draft(draft).changes) == expected
    turn("redo")
    assert desk.draft(draft).changes == whole[0].changes
    assert desk.sentences(draft) == whole[1]


# --- copies ---------------------------------------------------------------------------------------


def test_a_draft_is_copied_once_however_often_the_form_is_sent(
    app: Flask, hana: FlaskClient
) -> None:
    begun(app, RENAME, title="x" * 199)
    for _ in range(2):
        copied = post(hana, "/staff/drafts/1/copy", once="cc")
        assert copied.headers["Location"].startswith("/staff/drafts/2")
    copy = desk_of(app).draft(2)
    assert copy.title.startswith("Copy of xxx")
    assert len(copy.title) == 200
    assert copy.changes == (RENAME,)
    assert "Draft 1 stays as it is" in hana.get("/staff/drafts/2").text


def test_a_draft_whose_base_is_gone_is_not_copied_and_one_message_says_why(
    app: Flask, hana: FlaskClient
) -> None:
    publish_whole(store_of(app), next_edition(TODAY.replace(year=TODAY.year + 1)))
    begun(app, RENAME, base=2)
    withdraw(store_of(app), 2)
    app.extensions[EXTENSION].snapshots.refresh()
    refused = post(hana, "/staff/drafts/1/copy", once="cc")
    assert refused.status_code == 409
    assert words(refused).count("edition 2, which has been withdrawn") == 1
    assert len(desk_of(app).drafts()) == 1
    for url in ("place?q=54", "paper", "impact.xlsx"):
        page = hana.get(f"/staff/drafts/1/{url}")
        assert page.status_code in {200, 409}
        assert "which has been withdrawn" in page.text
    begun(app, MOVE, title="Other")
    beside = hana.get("/staff/drafts/compare?one=1&other=2")
    assert beside.status_code == 200
    assert words(beside).count("It comes to nothing any more.") == 1


# --- a place --------------------------------------------------------------------------------------


def test_a_place_is_asked_now_and_with_the_draft(app: Flask, hana: FlaskClient) -> None:
    begun(app, ASSIGN)
    page = words(hana.get("/staff/drafts/1/place?q=55"))
    assert "St Joseph's School" in page
    assert re.search(r"Ngā Rākau .* Ahi Trust .* Another provider than today", page)
    same = words(hana.get("/staff/drafts/1/place?q=54"))
    assert "The same provider as today" in same
    assert "Another provider" not in same


@pytest.mark.parametrize(
    "text", ["", "  ", HOSTILE, "?", "x" * 20_000, "\u202e\u0000", "no such place"]
)
def test_whatever_is_asked_about_is_answered_politely(
    app: Flask, hana: FlaskClient, text: str
) -> None:
    begun(app, ASSIGN)
    page = hana.get("/staff/drafts/1/place", query_string={"q": text})
    assert page.status_code in {200, 400}
    assert "<img src=x" not in page.text


def test_a_draft_answers_as_a_snapshot_of_its_content_would(app: Flask) -> None:
    draft = begun(app, ASSIGN, MERGE)
    with app.test_request_context("/"):
        worked = draft_view.working_on(draft_view.read(draft))
        after = of_draft(worked).after
    whole = Snapshot.of(worked.content, worked.release)
    assert dict(after.answers) == dict(whole.answers)
    for text in ("Town", "Kōwhai"):
        for named in whole.names.named(TypedText.of(text), at_most=9):
            assert after.named(named, on=TODAY) == whole.named(named, on=TODAY)
    corners = NamedPlace(PlaceKind.TOWN, "Town", places=(Place(174.5, -38.5), Place(175.5, -38.5)))
    assert after.named(corners, on=TODAY) == whole.named(corners, on=TODAY)
    for school in worked.release.schools.values():
        if school.place:
            spot = {"lng": school.place.lng, "lat": school.place.lat}
            assert after.resolver.point(**spot) == whole.resolver.point(**spot)


# --- side by side ---------------------------------------------------------------------------------


def test_two_drafts_lie_side_by_side_and_what_differs_is_said(
    app: Flask, hana: FlaskClient
) -> None:
    begun(app, ASSIGN, title="One")
    begun(app, MOVE, title=HOSTILE)
    page = hana.get("/staff/drafts/compare?one=1&other=2")
    said = words(page)
    assert page.status_code == 200
    assert "Draft 1: One" in said
    assert "the drafts differ" in said
    assert "St Joseph's School" in said
    assert "<img src=x" not in page.text
    assert "/staff/drafts/compare" in hana.get("/staff/drafts/1").text


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 200, "Lay them side by side"),
        ("?one=1&other=1", 200, "the same draft twice"),
        ("?one=1", 200, "Choose two drafts."),
        ("?one=x&other=2", 200, "Choose two drafts."),
        ("?one=1&other=99", 404, "no draft 99"),
    ],
)
def test_what_cannot_be_laid_side_by_side_is_said(
    app: Flask, hana: FlaskClient, query: str, status: int, said: str
) -> None:
    begun(app, ASSIGN, title="One")
    begun(app, MOVE, title="Two")
    page = hana.get(f"/staff/drafts/compare{query}")
    assert page.status_code == status
    assert said in words(page)


# --- papers ---------------------------------------------------------------------------------------


def test_a_paper_has_the_reason_the_impact_the_risks_and_who_is_told(
    app: Flask, hana: FlaskClient
) -> None:
    begun(app, ASSIGN, title=HOSTILE)
    page = hana.get("/staff/drafts/1/paper")
    said = words(page)
    for part in (
        "A contract ends.",
        "In force from not chosen yet",
        "Begun by Hana of the Ministry",
        "Approved by nobody yet",
        "St Joseph's School",
        "Risks",
        "Who is told",
        "Ahi Trust",
    ):
        assert part in said
    assert "<img src=x" not in page.text


def test_the_paper_of_an_edition_says_who_decided_and_a_first_one_has_nothing_before_it(
    app: Flask, hana: FlaskClient
) -> None:
    publish_whole(store_of(app), next_edition(TODAY))
    app.extensions[EXTENSION].snapshots.refresh()
    assert "It is a first edition" in words(hana.get("/staff/editions/1/paper"))
    assert hana.get("/staff/editions/1/impact.xlsx").status_code == 404
    page = words(hana.get("/staff/editions/2/paper"))
    assert "Published by" in page
    assert "Kōwhai" in page
    assert hana.get("/staff/editions/99/paper").status_code == 404


def test_the_workbook_has_the_numbers_and_no_cell_of_it_is_run(
    app: Flask, hana: FlaskClient
) -> None:
    begun(app, RenameCatchment(AHI, "=1+1"), ASSIGN, title='@SUM("x")')
    response = hana.get("/staff/drafts/1/impact.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(response.data))
    assert book.sheetnames == ["About", "Catchments", "Providers", "Schools", "Risks"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert "=1+1" in [cell.value for cell in cells]
    rows = {row[0]: row for row in book["Catchments"].iter_rows(min_row=2, values_only=True)}
    assert rows[KOWHAI][2:4] == ("Ngā Rākau", "Ahi Trust")


def test_capacity_stands_wherever_the_load_of_a_provider_does(
    app: Flask, hana: FlaskClient
) -> None:
    ahi = store_of(app).edition(1).providers["P-AHI"]
    begun(app, EditProvider(ahi, Contract(capacity=77)), ASSIGN, title="One")
    begun(app, ASSIGN, title="Other")
    for page in ("1", "1/paper", "compare?one=1&other=2"):
        told = words(hana.get(f"/staff/drafts/{page}"))
        assert "Capacity, of chronically absent students" in told, page
        assert " 77" in told, page
        assert "not recorded" in told, page
    book = openpyxl.load_workbook(io.BytesIO(hana.get("/staff/drafts/1/impact.xlsx").data))
    rows = [*book["Providers"].iter_rows(values_only=True)]
    capacities = {row[0]: row[rows[0].index("capacity")] for row in rows[1:]}
    assert capacities["P-AHI"] == 77


# --- comments on something ------------------------------------------------------------------------


def test_a_comment_is_about_a_change_a_school_a_catchment_or_a_point(
    app: Flask, hana: FlaskClient
) -> None:
    begun(app, ASSIGN)
    aroha, url = signed_in(app, "aroha"), "/staff/drafts/1/comment"
    for fields in (
        {"about": "change 1"},
        {"place": "#54"},
        {"place": "kōwhai"},
        {"place": "-38.5123, 174.5123"},
    ):
        done = post(aroha, url, text="Why?", **fields)
        assert done.status_code == 303, words(done)
    about = [comment.about for comment in desk_of(app).comments(1)]
    assert about == ["change 1", "school 54", f"catchment {KOWHAI}", "point -38.51230 174.51230"]
    page = words(aroha.get("/staff/drafts/1"))
    assert "Aroha of the Ministry : Why?" in page, "below the change"
    assert f"On Kōwhai ({KOWHAI})" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"about": "change 9"}, "Choose what it is about"),
        ({"about": HOSTILE}, "Choose what it is about"),
        ({"about": "change 1", "place": "54"}, "not both"),
        ({"place": "no such place at all"}, "no such place at all"),
        ({"place": "-38, 174"}, "too rough"),
        ({"place": "x" * 201}, "use at most 200"),
    ],
)
def test_a_comment_about_nothing_known_is_refused_and_kept_in_the_form(
    app: Flask, hana: FlaskClient, fields: dict[str, str], said: str
) -> None:
    begun(app, ASSIGN)
    refused = post(hana, "/staff/drafts/1/comment", text="Kept words", **fields)
    assert refused.status_code == 400, desk_of(app).comments(1)
    assert said in words(refused)
    assert "Kept words" in refused.text
    assert "<img src=x" not in refused.text
    assert desk_of(app).comments(1) == []


# --- what waits -----------------------------------------------------------------------------------


def test_the_first_page_says_what_waits_for_whom(app: Flask, hana: FlaskClient) -> None:
    begun(app, ASSIGN)
    aroha = signed_in(app, "aroha")
    assert "Drafts to review" not in words(aroha.get("/staff"))
    post(hana, "/staff/drafts/1/submit", version=version_of(app), effective_from="2026-07-01")
    page = words(aroha.get("/staff"))
    assert "Drafts to review 1: Kōwhai to Ahi to be in force from 1 July 2026" in page
    assert "1: Kōwhai to Ahi" not in words(hana.get("/staff"))
    fields = {"version": version_of(app), "reason": "Why?"}
    post(aroha, "/staff/drafts/1/send-back", **fields)
    assert "Drafts to review" not in words(aroha.get("/staff"))
    assert "Drafts that were sent back to you 1: Kōwhai to Ahi" in words(hana.get("/staff"))
