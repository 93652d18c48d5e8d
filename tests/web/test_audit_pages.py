"""The audit trail and “who decided it” on pages."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.roles import Person
from catchments.editions.publishing import PublicationRequest, Publisher
from catchments.store import Decision, Store
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.integrity.audit import AuditEntry, AuditTrail
from catchments.store.integrity.protecting import protect
from catchments.web.common.services import EXTENSION
from tests.staff import signed_in, words
from tests.worked_out import is_worked_out
from tests.worlds import AHI, HOSTILE, RIMU, TODAY, simple_artefacts, store_of

APRIL = date(2026, 4, 1)


@pytest.fixture
def app(staffed_app: Flask) -> Flask:
    return staffed_app


@pytest.fixture
def rata(app: Flask) -> FlaskClient:
    return signed_in(app, "rata")


def published_by_staff(store: Store) -> None:
    """School 54 to Rimu from April: begun by Hana, approved and published by Aroha."""
    hana, aroha = People(store).person("hana"), People(store).person("aroha")
    desk = DraftRepository(store)
    draft = desk.begin(title="54 to Rimu", reason="It moved", base_number=1, by=hana)

    def seen(by: Person) -> ExpectedVersion:
        return ExpectedVersion(by, desk.draft(draft).version)

    desk.add(draft, MoveSchools((54,), RIMU), "school 54 moved to Rimu.", seen=seen(hana))
    desk.submit(draft, APRIL, seen=seen(hana))
    desk.approve(draft, APRIL, seen=seen(aroha))
    decision = Decision(aroha.id, desk.draft(draft).version)
    publisher = Publisher(store, lambda _: simple_artefacts(), "1", today=TODAY)
    publisher.publish(PublicationRequest(draft, APRIL, decision=decision))


def test_who_served_a_school_on_a_date_and_who_decided_it(app: Flask, rata: FlaskClient) -> None:
    published_by_staff(store_of(app))
    app.extensions[EXTENSION].snapshots.refresh()
    before = rata.get("/staff/who?school=54&on=2026-03-03").text
    assert "Ahi Trust" in before
    assert "whoever runs the service, on the command line" in before
    after = rata.get("/staff/who?school=54&on=2026-04-01").text
    assert "Rimu Services" in after
    for said in (
        "Hana of the Ministry",
        "Aroha of the Ministry",
        "school 54 moved to Rimu.",
        "draft.approve",
        "edition.publish",
        "It moved",
    ):
        assert said in after


def test_who_decided_is_whoever_changed_the_provider_not_whoever_published_last(
    app: Flask, rata: FlaskClient
) -> None:
    store = store_of(app)
    published_by_staff(store)
    draft = store.add_to_draft(
        RenameCatchment(AHI, "Ahi Nui"), draft_id=None, title="A name", base_number=2
    )
    publisher = Publisher(store, lambda _: simple_artefacts(), "1", today=TODAY)
    publisher.publish(PublicationRequest(draft, date(2026, 5, 1), "It was misspelt."))
    app.extensions[EXTENSION].snapshots.refresh()
    page = words(rata.get("/staff/who?school=54&on=2026-05-02"))
    assert "The provider last changed on 1 April 2026; until then it was Ahi Trust." in page
    assert "Edition 3, in force on 2 May 2026, did not change who serves this school." in page
    assert "It moved" in page
    assert "It was misspelt." not in page
    never = words(rata.get("/staff/who?school=55&on=2026-05-02"))
    assert "No edition has changed this school's provider since the first" in never


def test_a_school_is_found_by_name_and_namesakes_are_offered(rata: FlaskClient) -> None:
    assert "Kura o Ahi" in rata.get("/staff/who?school=kura+o+ahi").text
    page = rata.get("/staff/who?school=st+joseph%27s+school").text
    assert "Which school?" in page
    assert page.count("/staff/who?school=5") == 2


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("school=99999", 200, "There is no school with the number 99999"),
        ("school=qqzzxx", 200, "No school is found"),
        ("school=54&on=2020-01-01", 200, "No edition was in force on 1 January 2020"),
        ("school=54&on=2026-02-30", 400, "It must be a date of the calendar"),
        ("school=%7B%7B7*191%7D%7D+qqzz%3C/script%3E", 200, "Which school?"),
        ("school=%21%21", 200, "There is a problem"),
    ],
)
def test_a_question_that_has_no_answer_says_why(
    query: str, status: int, said: str, rata: FlaskClient
) -> None:
    response = rata.get(f"/staff/who?{query}")
    assert response.status_code == status
    assert said in response.text
    assert not is_worked_out(response.text)


def test_the_trail_is_shown_newest_first_in_new_zealand_time_and_hostile_text_is_text(
    app: Flask, rata: FlaskClient
) -> None:
    AuditTrail(store_of(app)).add(actor="hana", action="draft.begin", subject=HOSTILE[:100])
    page = rata.get("/staff/audit").text
    assert "&lt;/script&gt;" in page
    assert "<img src=x" not in page
    table = page[page.index("<tbody>") :]
    assert table.index("draft.begin") < table.index("person rata")


def test_filters_and_pages_of_the_trail(app: Flask, rata: FlaskClient) -> None:
    trail = AuditTrail(store_of(app))
    for number in range(60):
        trail.add(actor="hana", action="draft.change", subject=f"draft {number % 2}")
    page = rata.get("/staff/audit?actor=hana&subject=draft+1").text
    assert page.count('<th scope="row">') == 30
    whole = rata.get("/staff/audit?actor=hana").text
    assert "Earlier entries" in whole
    assert whole.count('<th scope="row">') == 50
    assert rata.get("/staff/audit?before=x").status_code == 400
    table = rata.get("/staff/audit.csv?actor=hana")
    assert table.headers["Content-Type"].startswith("text/csv")
    assert table.text.count("draft.change") == 60


def test_the_check_says_whether_the_trail_holds(app: Flask, rata: FlaskClient) -> None:
    held = rata.get("/staff/audit?verify=1").text
    assert "The trail holds" in held
    assert "No entry is under a key" in held
    assert "goes nowhere by itself" in held
    with store_of(app).writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_entry_no_update")
        connection.exec_driver_sql("UPDATE audit_entry SET actor = 'x' WHERE number = 1")
    broken = rata.get("/staff/audit?verify=1").text
    assert "The trail is broken" in broken
    assert "Entry 1 is not what was written" in broken


def test_the_check_says_from_where_on_the_trail_is_under_a_key(
    app: Flask, rata: FlaskClient
) -> None:
    store = store_of(app)
    first = (AuditTrail(store).last() or pytest.fail("no entry")).number + 1
    protect(store, app.extensions[EXTENSION].settings)
    assert f"From entry {first} on" in rata.get("/staff/audit?verify=1").text


def test_the_trail_can_be_taken_away_as_json_with_all_that_its_hashes_are_of(
    rata: FlaskClient,
) -> None:
    given = rata.get("/staff/audit.json")
    entries = given.get_json()["entries"]
    assert entries
    hashes = [AuditEntry(**entry).hash for entry in entries][::-1]
    before = ["0" * 64, *hashes]
    made = [AuditEntry(**entry) for entry in entries[::-1]]
    assert [e.expected_hash(b) for e, b in zip(made, before, strict=False)] == hashes
