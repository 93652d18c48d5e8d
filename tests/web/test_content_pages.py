"""Staff keep up the site's texts: one proposes, another publishes, schools read it at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.lookup.site_texts import shipped_pieces
from catchments.store.integrity.audit import AuditTrail
from catchments.store.site.content import Contents
from catchments.web.common.services import EXTENSION
from tests.staff import post, signed_in, text_of
from tests.worked_out import is_worked_out
from tests.worlds import HOSTILE, TODAY, running_application, store_of

PIECE = "help-whom-to-call"
URL = f"/staff/content/{PIECE}"
FIELDS = {
    "title": "Whom to call",
    "text": "Call **the office** first.\n\n1. Look up the [number](/).\n2. Call.",
    "source_title": "A letter of the Ministry",
    "source_url": "https://ministry.example/letter",
    "source_note": "",
    "checked_on": TODAY.isoformat(),
    "check_again_after": (TODAY + timedelta(days=60)).isoformat(),
    "effective_from": TODAY.isoformat(),
    "version": "0",
}


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    return staffed_app


def propose(client: FlaskClient, **other: Any) -> TestResponse:
    return post(client, f"{URL}/edit", **{**FIELDS, "do": "send", **other})


def refreshed(app: Flask) -> FlaskClient:
    """A school's browser, some seconds later: every worker has asked whether anything is new."""
    assert app.extensions[EXTENSION].snapshots.refresh()
    return app.test_client()


# --- the list -------------------------------------------------------------------------------------


def test_every_text_is_listed_with_its_source_and_what_is_not_set_is_said(app: Flask) -> None:
    page = signed_in(app, "rata").get("/staff/content").text
    said = text_of(page)
    for piece in shipped_pieces().values():
        assert f'href="/staff/content/{piece.id}"' in page
    assert "When to ask, from 5 January 2026" in said
    assert "When to ask, from 30 November 2026" in said
    assert "Managing attendance cases – Ministry of Education" in said
    assert "CATCHMENTS_OWNER_NAME" in said
    assert "Checked today" not in said  # which a reader may not say


def test_what_is_overdue_comes_first_and_schools_still_read_it(small_database: Any) -> None:
    with running_application(small_database, today=date(2027, 2, 15)) as app:
        rows = [r for r in app.test_client().get("/help").text.split("<section") if "piece" in r]
    assert len(rows) == 3
    assert "Checked on 30 November 2026" in rows[-1]


def test_a_check_moves_a_text_down_the_list_and_its_page_says_the_day(app: Flask) -> None:
    hana = signed_in(app, "hana")
    first = hana.get("/staff/content").text
    assert "overdue for a check" in first  # the guide of January names no day
    post(hana, "/staff/content/guide-2026-01-05/check", until="2026-09-01")
    assert "overdue for a check" not in hana.get("/staff/content").text
    post(hana, f"{URL}/check", until="2027-09-01")
    checked = Contents(store_of(app)).checks()
    assert [each.piece for each in checked] == ["guide-2026-01-05", PIECE]
    entry = AuditTrail(store_of(app)).last()
    assert entry
    assert (entry.actor, entry.action, entry.subject) == ("hana", "content.check", f"text {PIECE}")


# --- a new version --------------------------------------------------------------------------------


def test_a_text_is_proposed_by_one_and_published_by_another_and_read_at_once(app: Flask) -> None:
    before = app.test_client().get("/help")
    assert propose(signed_in(app, "hana")).status_code == 303
    assert "the office" not in app.test_client().get("/help").text
    aroha = signed_in(app, "aroha")
    assert "Proposed by Hana of the Ministry" in text_of(aroha.get(URL).text)
    assert post(aroha, f"{URL}/publish", version="1").status_code == 303
    after = refreshed(app).get("/help", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "<strong>the office</strong>" in after.text
    said = text_of(after.text)
    assert "A letter of the Ministry" in said
    assert "Checked on 3 March 2026." in said
    assert "Version 1, published, by Hana of the Ministry" in text_of(aroha.get(URL).text)
    done = AuditTrail(store_of(app)).entries(matching={"subject": f"text {PIECE}"}, at_most=9)
    assert [entry.action for entry in done] == ["content.publish", "content.propose"]


def test_a_text_holds_from_its_day(app: Flask) -> None:
    later = TODAY + timedelta(days=1)
    propose(signed_in(app, "hana"), effective_from=later.isoformat())
    post(signed_in(app, "aroha"), f"{URL}/publish", version="1")
    client = refreshed(app)
    assert "the office" not in client.get("/help").text
    world = app.extensions[EXTENSION].snapshots.current()
    shipped = shipped_pieces()[PIECE]
    assert "the office" in world.texts.on(later, shipped).text


def test_nobody_publishes_what_they_had_a_hand_in(app: Flask) -> None:
    tama = signed_in(app, "tama")  # an administrator, who may do both
    propose(tama)
    propose(signed_in(app, "hana"), version="1", title="Whom to ring")
    refused = post(tama, f"{URL}/publish", version="2")
    assert refused.status_code == 403
    assert "somebody who had no hand in it" in text_of(refused.text)
    assert 'value="2"><button>Publish' not in tama.get(URL).text


def test_a_stale_form_does_nothing_and_keeps_what_was_typed(app: Flask) -> None:
    propose(signed_in(app, "hana"))
    stale = propose(signed_in(app, "wiremu"), title="Whom to ring")
    assert stale.status_code == 412
    assert "Hana of the Ministry wrote version 1." in text_of(stale.text)
    assert 'value="Whom to ring"' in stale.text
    assert 'name="version" value="1"' in stale.text
    assert len(Contents(store_of(app)).versions(PIECE)) == 1
    for step in ("publish", "drop"):
        assert post(signed_in(app, "aroha"), f"{URL}/{step}", version="0").status_code == 412


def test_a_form_sent_twice_does_its_work_once(app: Flask) -> None:
    hana = signed_in(app, "hana")
    assert [propose(hana).status_code for _ in range(2)] == [303, 303]
    assert len(Contents(store_of(app)).versions(PIECE)) == 1


def test_what_is_put_aside_is_published_no_more(app: Flask) -> None:
    hana = signed_in(app, "hana")
    propose(hana)
    assert post(hana, f"{URL}/drop", version="1").status_code == 303
    assert post(signed_in(app, "aroha"), f"{URL}/publish", version="1").status_code == 409
    assert "put aside" in text_of(hana.get(URL).text)


def test_a_text_is_looked_over_before_it_is_proposed(app: Flask) -> None:
    hana = signed_in(app, "hana")
    assert "0800 422 599" in hana.get(f"{URL}/edit").text
    looked = propose(hana, do="look")
    assert looked.status_code == 200
    assert "This is how it will look" in looked.text
    assert "<strong>the office</strong>" in looked.text
    assert Contents(store_of(app)).versions() == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("text", "Fine.\n\n<script>alert(1)</script>", "Line 3: “<script>alert(1)</script>” is"),
        ("text", "[x](javascript:alert)", "is nothing that a link may lead to"),
        ("text", "", "Enter the text."),
        ("source_title", "", "Enter where it comes from."),
        ("source_url", "http://a.example", "begins with https://"),
        ("checked_on", "2026-03-04", "4 March 2026 is still to come."),
        ("checked_on", "", "Enter when it was checked."),
        ("check_again_after", "2026-03-03", "3 March 2026 has passed."),
        ("effective_from", "2026-03-02", "2 March 2026 has passed."),
        ("effective_from", "soon", "Enter a date of the calendar"),
    ],
    ids=range(10),
)
def test_what_cannot_be_said_is_refused_beside_its_field(
    app: Flask, field: str, value: str, said: str
) -> None:
    refused = propose(signed_in(app, "hana"), **{field: value})
    assert refused.status_code == 400
    assert said in text_of(refused.text)
    assert f'href="#{field}"' in refused.text
    assert "<script>alert" not in refused.text
    assert Contents(store_of(app)).versions() == []


def test_hostile_words_are_words(app: Flask) -> None:
    words = HOSTILE.replace("<", "").replace(">", "")
    propose(signed_in(app, "hana"), title=HOSTILE, text=words, source_title=HOSTILE)
    post(signed_in(app, "aroha"), f"{URL}/publish", version="1")
    for page in (refreshed(app).get("/help").text, signed_in(app, "hana").get(URL).text):
        assert not is_worked_out(page)
        assert "<img src=x" not in page


def test_there_is_no_text_of_a_made_up_name(app: Flask) -> None:
    hana = signed_in(app, "hana")
    for path in ("/staff/content/x", "/staff/content/x/edit", f"/staff/content/{'x' * 900}"):
        assert hana.get(path).status_code == 404
    assert post(hana, "/staff/content/x/check").status_code == 404
