"""Review and publication on pages: each way through, each refusal, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from catchments.changes.change import Change
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.errors import long_date
from catchments.core.roles import Person, Role
from catchments.editions.publishing import Order, Outcome, PublicationRequest, Publisher
from catchments.runtime import subprocess_job
from catchments.runtime.subprocess_job import JobFailed
from catchments.store import Decision, Draft, Store
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox.queue import Outbox
from catchments.web.common.services import EXTENSION
from tests.staff import PEOPLE, add_person, csrf_token, hidden, post, signed_in, words
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    STARTS,
    TODAY,
    at_once,
    next_edition,
    publish_whole,
    running_application,
    simple_artefacts,
    store_of,
    withdraw,
)

SOON, LATER = TODAY + timedelta(days=30), TODAY + timedelta(days=60)
ASSIGN = AssignProvider((KOWHAI,), "P-AHI")


@pytest.fixture
def app(staffed_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The small world with staff; what a process of its own publishes is published in this one."""
    monkeypatch.setattr(subprocess_job, "run", published_here(store_of(staffed_app)))
    return staffed_app


def published_here(store: Store) -> Callable[..., bytes]:
    """What stands for the process that publishes: the same work, without Folium."""

    def done(_module: str, *, given: bytes, within_s: float, environment: object) -> bytes:
        assert within_s > 60
        order = msgspec.json.decode(given, type=Order)
        outcome = Publisher(store, lambda _: simple_artefacts(), "1", today=TODAY).carried_out(
            order
        )
        return msgspec.json.encode(outcome)

    return done


def person(app: Flask, login: str) -> Person:
    return People(store_of(app)).person(login)


def draft_of(app: Flask, draft: int = 1) -> Draft:
    return DraftRepository(store_of(app)).draft(draft)


def drafted(app: Flask, change: Change = ASSIGN, *, base: int = 1) -> int:
    """A draft of Hana's with one change."""
    desk, hana = DraftRepository(store_of(app)), person(app, "hana")
    draft = desk.begin(title="Kōwhai to Ahi", reason="A contract ends.", base_number=base, by=hana)
    desk.add(
        draft, change, "Another provider.", seen=ExpectedVersion(hana, desk.draft(draft).version)
    )
    return draft


def submitted(app: Flask, *, on: date = SOON, **how: Any) -> int:
    draft = drafted(app, **how)
    DraftRepository(store_of(app)).submit(draft, on, seen=saw(app, "hana", draft))
    return draft


def approved(app: Flask, *, on: date = SOON, **how: Any) -> int:
    draft = submitted(app, on=on, **how)
    DraftRepository(store_of(app)).approve(draft, on, seen=saw(app, "aroha", draft))
    return draft


def saw(app: Flask, login: str, draft: int) -> ExpectedVersion:
    return ExpectedVersion(person(app, login), draft_of(app, draft).version)


def act(client: FlaskClient, app: Flask, what: str, draft: Any = 1, **fields: Any) -> TestResponse:
    """Send the form of a step as the draft's page has it now."""
    version = draft_of(app, draft).version
    return post(client, f"/staff/drafts/{draft}/{what}", **{"version": version, **fields})


def harm(app: Flask) -> tuple[object, ...]:
    """Everything that a refused act must leave as it was."""
    store = store_of(app)
    last = AuditTrail(store).last()
    return store.drafts(), store.editions(), last and last.number


# --- the way of a draft ---------------------------------------------------------------------------


def test_a_draft_is_submitted_sent_back_submitted_approved_and_published(app: Flask) -> None:
    hana, aroha = signed_in(app, "hana"), signed_in(app, "aroha")
    draft = drafted(app)
    assert act(hana, app, "submit", effective_from=SOON).status_code == 303
    assert draft_of(app).state == "in review"
    sent_back = act(aroha, app, "send-back", reason="Which contract?", once="aa11")
    assert sent_back.headers["Location"].endswith("/staff/drafts/1")
    assert draft_of(app).state == "sent back"
    page = words(hana.get("/staff/drafts/1"))
    assert page.index("Sent back by Aroha of the Ministry") < page.index("Kōwhai to Ahi State")
    assert "Which contract?" in page
    assert [c.text for c in DraftRepository(store_of(app)).comments(draft)] == ["Which contract?"]
    act(hana, app, "submit", effective_from=SOON)
    assert act(aroha, app, "approve", effective_from=LATER).status_code == 303
    assert (draft_of(app).state, draft_of(app).effective_from) == ("approved", LATER)
    assert "Approved, to be in force from 2 May 2026" in words(aroha.get("/staff/drafts/1"))
    page = aroha.get("/staff/drafts/1/publish")
    assert page.headers["Cache-Control"] == "no-store"
    assert "In force from 2 May 2026" in words(page)
    done = act(aroha, app, "publish", reason="Signed on Monday")
    assert (done.status_code, done.headers["Location"]) == (303, "/staff/editions")
    assert "Published as edition 2." in aroha.get("/staff/editions").text
    edition = store_of(app).editions()[-1]
    assert (edition.effective_from, edition.reason) == (LATER, "Signed on Monday")
    names = [f"{name} of the Ministry" for name in ("Hana", "Aroha", "Aroha")]
    assert [edition.author, edition.approved_by, edition.published_by] == names
    assert "See it in the history" in words(aroha.get("/staff/drafts/1"))
    assert AuditTrail(store_of(app)).broken_at() is None


def test_a_draft_that_is_given_up_stays_on_record(app: Flask) -> None:
    hana = signed_in(app, "hana")
    drafted(app)
    assert act(hana, app, "abandon").status_code == 303
    assert draft_of(app).state == "abandoned"
    assert "Given up; it stays on record." in words(hana.get("/staff/drafts/1"))
    refused = act(hana, app, "submit", effective_from=SOON)
    assert refused.status_code == 409
    assert "Draft 1 is abandoned." in words(refused)


def test_whoever_had_a_hand_in_a_draft_cannot_approve_it(app: Flask) -> None:
    draft = submitted(app)
    tama = signed_in(app, "tama")
    desk = DraftRepository(store_of(app))
    desk.send_back(draft, seen=saw(app, "tama", draft))
    change = RenameCatchment(AHI, "Ahi Nui")
    desk.add(draft, change, "Renamed.", seen=saw(app, "tama", draft))
    desk.submit(draft, SOON, seen=saw(app, "tama", draft))
    assert "another approver decides about it" in words(tama.get("/staff/drafts/1"))
    before = harm(app)
    refused = act(tama, app, "approve", effective_from=SOON)
    assert refused.status_code == 409
    assert "A second person approves it" in words(refused)
    assert harm(app) == before


BAD_TEXTS = ("", HOSTILE, "2026-02-30", "-1", "٣", "9" * 400, "a\0b")
BAD_FIELDS = [
    (field, text)
    for field in ("effective_from", "version", "once")
    for text in BAD_TEXTS
    if (field, text) != ("once", "")  # a form without a token is one that is sent once
] + [("reason", ""), ("reason", "a\0b")]


@pytest.mark.parametrize(("field", "text"), BAD_FIELDS)
def test_a_bad_field_is_refused_in_one_message_and_harms_nothing(
    app: Flask, field: str, text: str
) -> None:
    submitted(app)
    aroha, before = signed_in(app, "aroha"), harm(app)
    for what in ("approve", "send-back"):
        given = {"effective_from": str(SOON), "reason": "Why", "once": "ab", field: text}
        if what == "send-back" and field == "effective_from":
            continue
        if what == "approve" and field == "reason":
            continue
        before = harm(app)
        refused = act(aroha, app, what, **given)
        assert refused.status_code in ({400} if text != "9" * 400 else {400, 412}), words(refused)
        assert words(refused).count("There is a problem") == 1
        assert "<img src=x" not in refused.text
        assert harm(app) == before


# --- a stale page, two tabs, a form sent twice ----------------------------------------------------

STEPS: dict[str, tuple[str, Callable[..., int], dict[str, str]]] = {
    "submit": ("hana", drafted, {"effective_from": str(SOON)}),
    "abandon": ("hana", drafted, {}),
    "approve": ("aroha", submitted, {"effective_from": str(SOON)}),
    "send-back": ("aroha", submitted, {"reason": "Why Ahi?"}),
    "take-back": ("hana", submitted, {}),
}


@pytest.mark.parametrize("what", STEPS)
def test_of_two_tabs_the_second_is_told_to_look_again(app: Flask, what: str) -> None:
    login, make, fields = STEPS[what]
    client, draft = signed_in(app, login), make(app)
    old = draft_of(app).version
    desk = DraftRepository(store_of(app))
    if what in {"submit", "abandon"}:  # the other tab
        desk.describe(draft, title="New title", reason="x", seen=saw(app, "hana", draft))
    else:
        desk.send_back(draft, seen=saw(app, "manaia", draft))
        desk.submit(draft, LATER, seen=saw(app, "hana", draft))
    before = harm(app)
    stale = act(client, app, what, version=old, **fields)
    assert stale.status_code == 412
    assert "Look at the draft as it is now" in words(stale)
    assert 'href="/staff/drafts/1"' in stale.text
    did = "changed the title or the reason" if what in {"submit", "abandon"} else "sent the draft"
    assert did in words(stale), "who did what meanwhile is said"
    assert fields.get("reason", "") in words(stale), "what was written is there to copy"
    assert harm(app) == before


@pytest.mark.parametrize("what", STEPS)
def test_a_form_sent_twice_does_its_work_once(app: Flask, what: str) -> None:
    login, make, fields = STEPS[what]
    client, _ = signed_in(app, login), make(app)
    form = {"version": draft_of(app).version, "once": "f" * 64, **fields}
    assert act(client, app, what, **form).status_code == 303
    before = harm(app)
    assert act(client, app, what, **form).status_code == 303
    assert harm(app) == before
    assert len(DraftRepository(store_of(app)).comments(1)) == (what == "send-back")


def test_a_reason_and_the_sending_back_are_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    submitted(app)

    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("catchments.store.drafts.comments.say", fails)
    before = harm(app)
    assert act(signed_in(app, "aroha"), app, "send-back", reason="Why").status_code == 500
    assert harm(app)[0:2] == before[0:2]
    assert draft_of(app).state == "in review"


# --- publishing -----------------------------------------------------------------------------------


def test_a_publication_sent_twice_or_again_later_is_shown_and_not_repeated(app: Flask) -> None:
    approved(app)
    aroha = signed_in(app, "aroha")
    old = {"version": draft_of(app).version, "once": "abc"}
    for _ in range(3):
        done = act(aroha, app, "publish", **old)
        assert (done.status_code, done.headers["Location"]) == (303, "/staff/editions")
    assert [e.number for e in store_of(app).editions()] == [1, 2]


def test_a_double_click_publishes_once_and_both_are_told_so(app: Flask) -> None:
    approved(app)
    clients = [signed_in(app, "aroha") for _ in range(3)]
    version = draft_of(app).version
    given = [{"csrf_token": csrf_token(c), "version": version, "once": "abc"} for c in clients]
    url = "/staff/drafts/1/publish"
    results = at_once(
        *(lambda c=c, f=f: c.post(url, data=f) for c, f in zip(clients, given, strict=True))
    )
    assert [r.status_code for r in results] == [303] * 3, [words(r) for r in results]
    assert [e.number for e in store_of(app).editions()] == [1, 2]
    assert AuditTrail(store_of(app)).broken_at() is None


def test_a_publication_of_a_version_that_is_no_more_is_refused(app: Flask) -> None:
    draft = approved(app)
    aroha, old = signed_in(app, "aroha"), draft_of(app).version
    desk = DraftRepository(store_of(app))
    desk.send_back(draft, seen=saw(app, "manaia", draft))
    desk.submit(draft, SOON, seen=saw(app, "hana", draft))
    desk.approve(draft, SOON, seen=saw(app, "manaia", draft))
    before = harm(app)
    stale = act(aroha, app, "publish", version=old)
    assert stale.status_code == 412
    assert "has been changed since this page was read" in words(stale)
    assert "Look at the draft as it is now." in words(stale)
    assert harm(app) == before


@pytest.mark.parametrize("make", [drafted, submitted])
def test_what_is_not_approved_is_not_published(app: Flask, make: Callable[..., int]) -> None:
    make(app)
    before, aroha = harm(app), signed_in(app, "aroha")
    assert "only an approved one can be published" in words(aroha.get("/staff/drafts/1/publish"))
    before = harm(app)
    refused = act(aroha, app, "publish")
    assert refused.status_code in {400, 412}
    assert harm(app) == before


def test_a_date_that_has_passed_meanwhile_needs_an_administrator(app: Flask) -> None:
    approved(app, on=TODAY - timedelta(days=1))
    aroha = signed_in(app, "aroha")
    before = harm(app)
    refused = act(aroha, app, "publish")
    assert refused.status_code == 412
    assert "lies before today" in words(refused)
    assert "ask an administrator" in words(refused)
    assert harm(app) == before
    assert act(signed_in(app, "tama"), app, "publish").status_code == 303


def test_an_approver_whose_role_is_gone_publishes_nothing(app: Flask) -> None:
    approved(app)
    aroha = person(app, "aroha")
    version = draft_of(app).version
    People(store_of(app)).set_roles("aroha", {Role.EDITOR})
    request = PublicationRequest(1, SOON, decision=Decision(aroha.id, version))
    given = msgspec.json.encode(Order(publish=request))
    said = published_here(store_of(app))("", given=given, within_s=100, environment={})
    assert "may not publish" in msgspec.json.decode(said, type=Outcome).problem
    assert len(store_of(app).editions()) == 1


@pytest.mark.parametrize("wrote", [False, True])
def test_a_publisher_that_dies_is_told_of_truly(
    app: Flask, monkeypatch: pytest.MonkeyPatch, wrote: bool
) -> None:
    approved(app)
    here = published_here(store_of(app))

    def dies(*given: Any, **more: Any) -> bytes:
        if wrote:
            here(*given, **more)
        raise JobFailed("The work ended without an answer.", how="ended with code 1")

    monkeypatch.setattr(subprocess_job, "run", dies)
    done = act(signed_in(app, "aroha"), app, "publish")
    if wrote:
        assert done.status_code == 303
    else:
        assert done.status_code == 503
        assert "Nothing was published" in words(done)
        assert "Try again; " in words(done)
    assert len(store_of(app).editions()) == 1 + wrote
    assert draft_of(app).state == ("published" if wrote else "approved")


def test_a_draft_that_was_overtaken_is_re_applied_approved_again_and_published(
    app: Flask,
) -> None:
    hana, aroha = signed_in(app, "hana"), signed_in(app, "aroha")
    other = drafted(app, RenameCatchment(AHI, "Ahi Nui"))
    draft = approved(app)
    desk = DraftRepository(store_of(app))
    desk.submit(other, TODAY, seen=saw(app, "hana", other))
    desk.approve(other, TODAY, seen=saw(app, "aroha", other))
    assert act(aroha, app, "publish", other).status_code == 303
    refused = act(aroha, app, "publish", draft)
    assert refused.status_code == 412
    assert "made from edition 1, but edition 2 is in force" in words(refused)
    assert "Re-apply the draft's changes to that edition first, on the draft's page." in words(
        refused
    )
    for page in (refused, aroha.get(f"/staff/drafts/{draft}/publish")):
        assert "Put its changes on that edition first" in words(page)
        assert "<button>Publish</button>" not in page.text
    assert "Publish …" not in words(aroha.get(f"/staff/drafts/{draft}"))
    assert "Re-apply on edition 2" in words(hana.get(f"/staff/drafts/{draft}"))
    assert act(hana, app, "re-apply", draft).status_code == 303
    kept = draft_of(app, draft)
    assert (kept.state, kept.base_number, kept.approver_id) == ("editing", 2, None)
    before = harm(app)
    assert act(hana, app, "re-apply", draft).status_code == 303  # nothing to do
    assert harm(app) == before
    act(hana, app, "submit", draft, effective_from=SOON)
    act(aroha, app, "approve", draft, effective_from=SOON)
    assert act(aroha, app, "publish", draft).status_code == 303
    edition = store_of(app).edition(3)
    assert edition.catchments[AHI].name == "Ahi Nui"
    assert edition.catchments[KOWHAI].provider_code == "P-AHI"


def test_changes_that_do_not_fit_on_what_came_between_are_named(app: Flask) -> None:
    draft = approved(app)
    newer = next_edition(TODAY)
    gone = {code: c for code, c in newer.catchments.items() if code != KOWHAI}
    rest = {code: b for code, b in newer.boundaries.items() if code != KOWHAI}
    publish_whole(store_of(app), replace(newer, catchments=gone, boundaries=rest, listings={}))
    app.extensions[EXTENSION].snapshots.refresh()
    before = harm(app)
    hana = signed_in(app, "hana")
    before = harm(app)
    refused = act(hana, app, "re-apply", draft)
    assert refused.status_code == 409
    assert KOWHAI in words(refused)
    assert harm(app) == before


def test_a_draft_made_from_a_scheduled_edition_is_not_overtaken_by_the_one_in_force(
    app: Flask,
) -> None:
    publish_whole(store_of(app), next_edition(SOON))
    app.extensions[EXTENSION].snapshots.refresh()
    drafted(app, RenameCatchment(AHI, "Ahi Nui"), base=2)
    page = signed_in(app, "hana").get("/staff/drafts/1")
    assert "comes before it now" not in words(page)
    assert 'name="effective_from" value="" required' in page.text, "empty until it is chosen"
    withdraw(store_of(app), 2)
    app.extensions[EXTENSION].snapshots.refresh()
    page = signed_in(app, "hana").get("/staff/drafts/1")
    assert "but edition 1 (Squares, in force from" in words(page)


# --- editions -------------------------------------------------------------------------------------


def scheduled(app: Flask) -> None:
    publish_whole(store_of(app), next_edition(SOON))
    app.extensions[EXTENSION].snapshots.refresh()


def overtaken(app: Flask) -> None:
    publish_whole(store_of(app), next_edition(TODAY))
    app.extensions[EXTENSION].snapshots.refresh()


@pytest.mark.parametrize("login", PEOPLE)
def test_only_an_administrator_is_offered_what_is_theirs(app: Flask, login: str) -> None:
    scheduled(app)
    overtaken(app)
    page = words(signed_in(app, login).get("/staff/editions"))
    assert ("Withdraw edition 2" in page) == (login == "tama")
    assert ("Go back to edition 1" in page) == (login == "tama")


def looked_over(client: FlaskClient, number: int, **form: Any) -> str:
    """What the form of going back holds once its impact was shown."""
    return hidden(post(client, f"/staff/editions/{number}/revert", **form))["looked"][0]


def test_what_going_back_changes_is_shown_before_it_is_published(app: Flask) -> None:
    overtaken(app)
    tama, url = signed_in(app, "tama"), "/staff/editions/1/revert"
    form = {"effective_from": SOON, "reason": "It was wrong."}
    shown = post(tama, url, **form)
    assert shown.status_code == 200
    said = words(shown)
    assert f"What it changes on {long_date(SOON)}, when edition 2 would be in force" in said
    assert "change provider" in said or "changes provider" in said
    assert "Who is told" in said
    assert 'value="' + str(SOON) in shown.text
    assert "It was wrong." in shown.text
    assert len(store_of(app).editions()) == 2
    assert not store_of(app).drafts()
    # Another date is another question: it is looked over anew.
    again = post(tama, url, **form | {"effective_from": LATER}, looked=hidden(shown)["looked"][0])
    assert "another date was chosen" in words(again)
    assert len(store_of(app).editions()) == 2


def test_an_earlier_edition_is_published_anew(app: Flask) -> None:
    overtaken(app)
    tama = signed_in(app, "tama")
    assert "Go back to edition 1" in words(tama.get("/staff/editions/1/revert"))
    form = {"effective_from": SOON, "reason": "It was wrong.", "once": "e" * 64}
    form["looked"] = looked_over(tama, 1, **form)
    for _ in range(2):  # and once more with the back button
        done = post(tama, "/staff/editions/1/revert", **form)
        assert (done.status_code, done.headers["Location"]) == (303, "/staff/editions")
    assert [e.number for e in store_of(app).editions()] == [1, 2, 3]
    assert len(store_of(app).drafts()) == 1
    reverted = store_of(app).edition(3)
    assert reverted.catchments == store_of(app).edition(1).catchments
    summary = store_of(app).editions()[-1]
    assert (summary.reason, summary.effective_from) == ("It was wrong.", SOON)
    assert (summary.author, summary.published_by) == ("Tama of the Ministry",) * 2


def test_a_double_click_on_going_back_publishes_once(app: Flask) -> None:
    overtaken(app)
    clients = [signed_in(app, "tama") for _ in range(3)]
    form = {"effective_from": str(SOON), "reason": "It was wrong.", "once": "e" * 64}
    form["looked"] = looked_over(clients[0], 1, **form)
    given = [{"csrf_token": csrf_token(c), **form} for c in clients]
    url = "/staff/editions/1/revert"
    results = at_once(
        *(lambda c=c, f=f: c.post(url, data=f) for c, f in zip(clients, given, strict=True))
    )
    assert [r.status_code for r in results] == [303] * 3, [words(r) for r in results]
    assert [e.number for e in store_of(app).editions()] == [1, 2, 3]
    assert [d.state for d in store_of(app).drafts()] == ["published"]


@pytest.mark.parametrize(
    ("number", "fields", "status", "said"),
    [
        (1, {"reason": ""}, 400, "It is not said why"),
        (1, {"effective_from": "soon"}, 400, "as YYYY-MM-DD"),
        (1, {"effective_from": "2020-01-01"}, 400, "No edition is in force on 1 January 2020"),
        (2, {}, 400, "Edition 2 is in force then already"),
        (7, {}, 404, "edition 7"),
    ],
)
def test_going_back_is_refused_in_a_sentence(
    app: Flask, number: int, fields: dict[str, str], status: int, said: str
) -> None:
    overtaken(app)
    tama = signed_in(app, "tama")
    before = harm(app)
    form = {"effective_from": TODAY, "reason": "It was wrong.", **fields}
    refused = post(tama, f"/staff/editions/{number}/revert", **form)
    assert refused.status_code == status
    assert said in words(refused)
    assert harm(app) == before


def test_a_going_back_that_fails_leaves_no_open_draft(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    overtaken(app)

    def dies(*_: object, **__: object) -> bytes:
        raise JobFailed("The work ended without an answer.", how="ended with code 1")

    monkeypatch.setattr(subprocess_job, "run", dies)
    tama = signed_in(app, "tama")
    form = {"effective_from": TODAY, "reason": "It was wrong."}
    form["looked"] = looked_over(tama, 1, **form)
    refused = post(tama, "/staff/editions/1/revert", **form)
    assert refused.status_code == 503
    assert "Nothing was published" in words(refused)
    assert [d.state for d in store_of(app).drafts()] == ["abandoned"]
    assert len(store_of(app).editions()) == 2


def test_a_scheduled_edition_is_withdrawn_once(app: Flask) -> None:
    scheduled(app)
    tama = signed_in(app, "tama")
    url = "/staff/editions/2/withdraw"
    assert post(tama, url).status_code == 400
    assert post(tama, url, reason="Not yet.").status_code == 303
    assert "withdrawn" in words(tama.get("/staff/editions"))
    before = harm(app)
    again = post(tama, url, reason="Not yet.")
    assert again.status_code == 409
    assert "Edition 2 has been withdrawn already." in words(again)
    in_force = post(tama, "/staff/editions/1/withdraw", reason="No.")
    assert in_force.status_code == 409
    assert f"has been in force since {long_date(STARTS)}" in words(in_force)
    assert harm(app) == before


def published(app: Flask, change: Change, *, on: date) -> None:
    draft = approved(app, change=change, on=on)
    done = act(signed_in(app, "aroha"), app, "publish", draft, once=f"{draft}" * 64)
    assert done.status_code == 303, words(done)


def test_going_back_says_beforehand_which_editions_are_published_anew_on_top(app: Flask) -> None:
    published(app, ASSIGN, on=SOON)
    published(app, RenameCatchment(AHI, "Ahi Nui"), on=TODAY + timedelta(days=2))
    later = store_of(app).editions()[-1]  # the first of them, anew on top of the second
    form = {"effective_from": TODAY + timedelta(days=3), "reason": "It was wrong."}
    said = words(post(signed_in(app, "tama"), "/staff/editions/1/revert", **form))
    assert "These editions are published anew on top of it, with their own changes:" in said
    assert f"edition {later.number}, {later.title}, from" in said


def test_withdrawing_takes_an_edition_out_of_those_on_top_of_it_and_says_so_before(
    app: Flask,
) -> None:
    published(app, ASSIGN, on=LATER)
    published(app, RenameCatchment(AHI, "Ahi Nui"), on=SOON)
    tama = signed_in(app, "tama")
    page = words(tama.get("/staff/editions"))
    assert page.count("scheduled") == 2  # 3, and 4, which is 2 again on top of it
    assert "published anew as edition 4" in page
    asked = words(tama.get("/staff/editions/3/withdraw"))
    assert "edition 1 is in force instead" in asked
    assert "Edition 4 (“Kōwhai to Ahi”" in asked
    assert "It is published anew without them" in asked
    assert f"What differs on {long_date(SOON)} from what edition 3 would bring" in asked
    assert "Ahi Nui (AHI-1) is now Ahi." in asked
    assert "publication" not in asked
    done = post(tama, "/staff/editions/3/withdraw", reason="Not yet.")
    assert done.status_code == 303, words(done)
    said = tama.get("/staff/editions").text
    assert "Edition 3 is withdrawn. Published anew without it: edition 5." in said
    store = store_of(app)
    assert store.edition(5).catchments[AHI].name == store.edition(1).catchments[AHI].name
    assert store.edition(5).catchments[KOWHAI].provider_code == "P-AHI"
    assert store.editions()[4].published_by == store.editions()[3].published_by
    old = post(tama, "/staff/editions/4/withdraw", reason="Nor that.")
    assert old.status_code == 409
    assert "Edition 4 was published anew as edition 5" in words(old)
    post(tama, "/staff/editions/5/withdraw", reason="Nor that.")
    assert "scheduled" not in words(tama.get("/staff/editions"))  # 2 does not come back
    world = app.extensions[EXTENSION].snapshots.current()
    assert world.timeline.edition_on(LATER).number == 1


def test_the_withdraw_page_names_those_told_of_what_is_published_anew(app: Flask) -> None:
    published(app, ASSIGN, on=LATER)
    published(app, RenameCatchment(AHI, "Ahi Nui"), on=SOON)  # 4 is 2 again on top of it
    tama, box = signed_in(app, "tama"), Outbox(store_of(app))
    url = "/staff/editions/3/withdraw"
    assert "Who was told of edition 4" not in words(tama.get(url))
    while claimed := box.claim():
        box.mark_sent(claimed)
    asked = words(tama.get(url))
    assert "Who was told of edition 4 It is published anew." in asked
    assert "Ahi Trust" in asked[asked.index("Who was told of edition 4") :]


def test_a_draft_made_from_a_withdrawn_edition_is_put_on_another(app: Flask) -> None:
    published(app, ASSIGN, on=SOON)
    draft = drafted(app, RenameCatchment(AHI, "Ahi Nui"), base=2)
    post(signed_in(app, "tama"), "/staff/editions/2/withdraw", reason="Not yet.")
    hana = signed_in(app, "hana")
    page = hana.get(f"/staff/drafts/{draft}")
    assert page.status_code == 200
    assert "made from edition 2, which has been withdrawn" in words(page)
    form = hana.get(f"/staff/drafts/{draft}/change/rename-catchment")
    assert form.status_code in (400, 409), form.status_code
    assert "made from edition 2, which has been withdrawn" in words(form)
    assert act(hana, app, "re-apply", draft).status_code == 303
    assert draft_of(app, draft).base_number == 1
    assert hana.get(f"/staff/drafts/{draft}/change/rename-catchment").status_code == 200


def test_a_draft_that_was_published_is_not_said_to_fit_no_more(app: Flask) -> None:
    published(app, ASSIGN, on=SOON)
    on_top = approved(app, on=LATER, change=RenameCatchment(AHI, "Ahi Nui"), base=2)
    assert act(signed_in(app, "aroha"), app, "publish", on_top).status_code == 303
    tama = signed_in(app, "tama")
    post(tama, "/staff/editions/2/withdraw", reason="Not yet.")
    page = words(tama.get(f"/staff/drafts/{on_top}"))
    assert "made from edition 2, which has been withdrawn" in page
    assert "What was published of it is in the history." in page
    assert "do not fit any more" not in page


def test_withdrawn_twice_at_once_it_is_on_record_once(app: Flask) -> None:
    scheduled(app)
    tama = [signed_in(app, "tama") for _ in range(3)]
    url = "/staff/editions/2/withdraw"
    at_once(*[lambda who=who: post(who, url, reason="Not yet.") for who in tama])
    entries = AuditTrail(store_of(app)).entries(matching={"action": "edition.withdraw"}, at_most=9)
    assert len(entries) == 1
    assert "withdrawn" in words(tama[0].get("/staff/editions"))


@pytest.mark.parametrize("number", [0, 99, 2**31, 2**63, 10**40])
def test_a_number_that_nothing_has_is_not_found(app: Flask, number: int) -> None:
    tama = signed_in(app, "tama")
    for what in ("submit", "send-back", "approve", "abandon", "re-apply", "publish"):
        form = {"version": 1, "reason": "x", "effective_from": SOON}
        assert post(tama, f"/staff/drafts/{number}/{what}", **form).status_code == 404, what
    form = {"reason": "x", "effective_from": SOON}
    assert post(tama, f"/staff/editions/{number}/revert", **form).status_code == 404
    assert post(tama, f"/staff/editions/{number}/withdraw", **form).status_code == 404
    for page in (f"drafts/{number}", f"drafts/{number}/publish", f"editions/{number}/revert"):
        assert tama.get(f"/staff/{page}").status_code == 404, page


@pytest.mark.thorough
def test_the_page_publishes_through_a_process_of_its_own(small_copy: Path) -> None:
    with running_application(small_copy) as app:
        for login, role in PEOPLE.items():
            add_person(store_of(app), login, role)
        far = date.today() + timedelta(days=400)  # noqa: DTZ011 - any day that is to come
        approved(app, on=far)
        done = act(signed_in(app, "aroha"), app, "publish")
        assert done.status_code == 303, words(done)
        assert store_of(app).artefact(2, "map-element.html") is not None
        assert store_of(app).editions()[-1].published_by == "Aroha of the Ministry"
