"""Ground that no catchment would cover, on pages: shown, left with a reason, on record."""

from __future__ import annotations

from html import unescape

import shapely
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.changes.kinds.replace_catchments import ReplaceCatchments
from catchments.changes.uncovered import accepted
from catchments.core.model import SourceKind
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from tests.staff import post, signed_in, text_of, words
from tests.worlds import AHI, HOSTILE, publish_whole, small_edition, source, store_of

LEAVE = "/staff/drafts/1/change/leave-uncovered"
SAID = "Ground of Ahi (AHI-1) would be in no catchment: "
WHY = "The coast is a park now."


def lose_the_coast(app: Flask) -> None:
    """Add a change to Hana's draft that leaves Ahi without its coast."""
    store, edition = store_of(app), small_edition()
    drawn = {**edition.boundaries, AHI: shapely.box(174.8, -39.0, 175.0, -38.0)}
    change = ReplaceCatchments(edition.catchments, drawn, (source(SourceKind.BOUNDARIES),))
    desk, hana = DraftRepository(store), People(store).person("hana")
    version = desk.draft(1).version
    desk.add(1, change, change.describe(store.edition(1)), seen=ExpectedVersion(hana, version))


def send(client: FlaskClient, app: Flask, path: str, **fields: str) -> TestResponse:
    version = str(DraftRepository(store_of(app)).draft(1).version)
    return post(client, path, version=version, **fields)


def test_the_draft_says_what_would_be_left_shows_where_and_leads_to_the_reason(
    app: Flask, hana: FlaskClient
) -> None:
    lose_the_coast(app)
    page = hana.get("/staff/drafts/1").text
    assert "1 thing blocks publication" in text_of(page)
    assert f"{SAID}" in text_of(page)
    assert "km² of land and 1 open school, beside Ahi" in text_of(page)
    assert f'href="{LEAVE}"' in page
    zoomed = hana.get("/staff/drafts/1?zoom=uncovered:AHI-1").text
    assert '<figure class="zoomed">' in zoomed
    assert 'class="locator-place"' in zoomed


def test_ground_is_left_with_a_reason_that_the_approver_reads(
    app: Flask, hana: FlaskClient
) -> None:
    lose_the_coast(app)
    assert SAID in text_of(hana.get(LEAVE).text)
    assert send(hana, app, LEAVE, reason=WHY, confirmed="yes").status_code == 303
    said = text_of(hana.get("/staff/drafts/1").text)
    assert "Nothing blocks publication." in said
    assert "Left in no catchment on purpose: Ahi (AHI-1), " in said
    assert f"Because: {WHY}" in said
    assert f"Accepted: {WHY}" in said
    send(hana, app, "/staff/drafts/1/submit", effective_from="2026-04-01")
    read = text_of(signed_in(app, "aroha").get("/staff/drafts/1").text)
    assert f"Because: {WHY}" in read


def test_without_a_reason_nothing_is_left(app: Flask, hana: FlaskClient) -> None:
    lose_the_coast(app)
    response = send(hana, app, LEAVE, reason=" ")
    assert "Enter why it is left so." in words(response)
    assert SAID in words(response)
    assert len(DraftRepository(store_of(app)).draft(1).changes) == 1


def test_where_nothing_is_lost_there_is_nothing_to_leave(app: Flask, hana: FlaskClient) -> None:
    assert "there is nothing to accept" in text_of(hana.get(LEAVE).text)
    assert "nothing is to accept" in words(send(hana, app, LEAVE, reason=WHY))
    assert DraftRepository(store_of(app)).draft(1).changes == ()


def test_a_hostile_reason_is_text(app: Flask, hana: FlaskClient) -> None:
    lose_the_coast(app)
    send(hana, app, LEAVE, reason=HOSTILE)
    page = hana.get("/staff/drafts/1").text
    assert "<img src=x" not in page
    assert HOSTILE in unescape(page)


def test_what_an_edition_left_is_told_to_staff(app: Flask, hana: FlaskClient) -> None:
    store, edition = store_of(app), small_edition()
    loss = accepted(HOSTILE, [])
    publish_whole(store, small_edition(uncovered_accepted=loss, title=edition.title))
    page = hana.get("/staff/editions").text
    assert "Left in no catchment on purpose: " in page
    assert "<img src=x" not in page
