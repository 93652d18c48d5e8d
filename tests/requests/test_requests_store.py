"""The requests' own store: its schema, its keys, what is being written, what is sent."""

from __future__ import annotations

import threading
from datetime import date

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from catchments.core.errors import CatchmentsError, InputRefused, NotAllowed, NotKnown
from catchments.requests.rules.cases import CaseState, Step
from catchments.requests.rules.roles import CaseRole
from catchments.requests.store import schema
from catchments.requests.store.case_rows import SomebodyWasFaster
from catchments.requests.store.cases import Wanted
from catchments.requests.store.database import RequestsDatabase, protect, student_digest
from catchments.requests.store.handovers import Handovers
from catchments.requests.store.mail import CaseLetters
from catchments.requests.store.notes import Notes
from catchments.requests.store.organisations import Organisations
from catchments.requests.store.sealed import SEALED
from catchments.requests.store.writing import AT_MOST_EACH, LARGEST, Seen, WrittenRequests
from catchments.store.integrity.sealed_columns import seal_all
from catchments.store.schema import is_ours
from tests.requests.desk import NORTH, SOUTH, Desk, served, support_request
from tests.worlds import DATA_KEY

_C = schema.support_case
COMPARED = {"compare_type": True, "include_object": is_ours}


@pytest.mark.dialects
def test_migrations_from_empty_make_exactly_the_schema(database_url):
    database = RequestsDatabase(database_url)
    database.migrate()
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)
        differences = compare_metadata(context, schema.metadata)
    database.close()
    assert differences == []


REWRITING = ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"]


@pytest.mark.dialects
@pytest.mark.parametrize("statement", REWRITING)
def test_the_database_itself_refuses_to_write_the_trail_anew(desk, statement):
    refused = (CatchmentsError, sa.exc.IntegrityError)
    with pytest.raises(refused, match="append-only"), desk.database.writing() as written:
        written.execute(sa.text(statement))


@pytest.mark.dialects
def test_a_request_goes_its_way(desk):
    people, cases = desk.people, desk.cases
    reference = desk.send()
    cases.take(people["wiki"], reference, Step.SEND_BACK, version=1, reason="Say more (made up).")
    cases.take(people["ana"], reference, Step.SEND_AGAIN, version=2)
    cases.assign(people["wiki"], {reference: 3}, people["cam"].id)
    cases.take(people["cam"], reference, Step.BEGIN, version=4)
    cases.take(people["cam"], reference, Step.PAUSE, version=5, reason="Holidays (made up).")
    cases.take(people["cam"], reference, Step.RESUME, version=6)
    cases.take(people["cam"], reference, Step.CLOSE, version=7, reason="Made up.")
    cases.take(people["wiki"], reference, Step.REOPEN, version=8, reason="Made up.")
    told = [(event.kind, event.reason) for event in cases.history(desk.viewer("ana"), reference)]
    assert told == [
        ("submitted", ""),
        ("send back for more", "Say more (made up)."),
        ("send again", ""),
        ("assign", ""),
        ("begin", ""),
        ("pause", "Holidays (made up)."),
        ("resume", ""),
        ("close", "Made up."),
        ("open again", "Made up."),
    ]
    assert cases.count(desk.viewer("wiki"), Wanted(states=frozenset({CaseState.QUEUED}))) == 1


@pytest.mark.dialects
def test_a_request_sent_by_two_at_once_is_one_case(desk):
    sending, references = desk.sending(), []

    def send():
        references.append(desk.cases.submit(desk.people["ana"], sending))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(references) == 4
    assert len(set(references)) == 1


def test_of_two_who_act_on_one_page_the_second_is_told(desk):
    reference, people = desk.send(), desk.people
    desk.cases.take(people["wiki"], reference, Step.ASSIGN, version=1, assignee=people["cam"].id)
    with pytest.raises(SomebodyWasFaster):
        desk.cases.take(people["wiki"], reference, Step.DECLINE, version=1, reason="Made up.")


def test_many_are_assigned_or_none(desk):
    first, second, people = desk.send(), desk.send(), desk.people
    with pytest.raises(SomebodyWasFaster):
        desk.cases.assign(people["wiki"], {first: 1, second: 9}, people["cam"].id)
    assert desk.cases.count(desk.viewer("cam"), Wanted()) == 0
    desk.cases.assign(people["wiki"], {first: 1, second: 1}, people["cam"].id)
    assert desk.cases.count(desk.viewer("cam"), Wanted()) == 2


@pytest.mark.parametrize("login", ["sina", "ana", "authn", "nobody"])
def test_a_case_is_given_only_to_who_works_for_its_holder(desk, login):
    reference, people = desk.send(), desk.people
    with pytest.raises(InputRefused, match="does not work on cases here"):
        desk.cases.take(
            people["wiki"], reference, Step.ASSIGN, version=1, assignee=people[login].id
        )


@pytest.mark.parametrize("login", ["lena", "wiki", "auth54", "mina", "nobody"])
def test_only_the_school_asks_for_its_students(desk, login):
    with pytest.raises(NotAllowed):
        desk.cases.submit(desk.people[login], desk.sending())


@pytest.mark.parametrize("login", ["ana", "ofa", "para", "wiki", "nobody"])
def test_the_primary_contact_is_one_who_has_that_role_at_the_school(desk, login):
    with pytest.raises(InputRefused, match="Primary Contact"):
        desk.send(primary_contact=desk.people[login].id)


def test_what_nobody_serves_is_not_sent(desk):
    with pytest.raises(InputRefused, match="No provider is known"):
        desk.send(served=served(54, ""))


def test_a_school_without_a_team_of_its_own_cannot_send_to_it(desk):
    with pytest.raises(InputRefused, match="no in-school provision"):
        desk.send(to_own_team=True)


def test_what_was_sent_names_the_edition_and_the_provider_of_the_day(desk):
    reference = desk.send(served=served(54, SOUTH, edition=7))
    head = desk.cases.head(desk.people["wira"], desk.viewer("wira"), reference)
    assert (head.edition_number, head.provider_name) == (7, "Made-up provider South")
    assert head.demonstration


def test_the_same_student_is_noticed_by_whoever_sees_the_case_alone(desk):
    reference = desk.send()
    again = support_request(student_name="made-up STUDENT")
    for login, seen in (("ana", True), ("wiki", True), ("ofa", False), ("lena", False)):
        assert desk.cases.same_student(desk.viewer(login), again) == [reference] * seen, login
    assert desk.cases.same_student(desk.viewer("ana"), again, but=reference) == []


def test_a_student_is_found_by_name_and_birth_together(desk):
    reference = desk.send()
    desk.send(student_name="Another Made-up")
    found = desk.cases.listed(
        desk.people["ana"], desk.viewer("ana"), Wanted(student=support_request())
    )
    assert [head.case.reference for head in found] == [reference]


def test_a_student_who_left_is_followed_by_who_supports_them_alone(desk):
    reference = desk.send()
    with pytest.raises(NotAllowed):
        desk.cases.has_left(desk.people["pita"], reference, served(54, NORTH).on, version=1)
    desk.cases.has_left(desk.people["ana"], reference, served(54, NORTH).on, version=1)
    assert desk.cases.count(desk.viewer("ana"), Wanted()) == 0
    assert desk.cases.count(desk.viewer("wiki"), Wanted()) == 1


def test_letters_say_that_something_happened_and_nothing_of_the_student(desk):
    reference, people = desk.send(), desk.people
    desk.cases.take(people["wiki"], reference, Step.ASSIGN, version=1, assignee=people["cam"].id)
    Notes(desk.database).add(
        people["cam"], reference, "Made-up Student was seen.", once="a", shared=True
    )
    desk.cases.take(people["cam"], reference, Step.CLOSE, version=2, reason="Made-up Student")
    letters, seen = CaseLetters(desk.database, "https://requests.example"), []
    while claimed := letters.claim():
        seen.append((claimed.email, claimed.subject, claimed.text))
        letters.mark_sent(claimed)
    whom = [email.partition("@")[0] for email, _, _ in seen]
    assert whom == ["pita", "wiki", "cam", "pita", "pita", "pita"]
    for _, subject, text in seen:
        for trace in ("Student", "Parent", "021", "2014", "seen"):
            assert trace not in subject + text
        assert f"/requests/cases/{reference}" in text


@pytest.mark.parametrize("demonstration", [True, False])
def test_letters_say_that_all_is_made_up_where_it_is(desk, demonstration):
    handovers = Handovers(desk.database)
    handovers.note_heard(day=date(2026, 11, 30), editions="x", demonstration=demonstration)
    desk.send()
    claimed = CaseLetters(desk.database).claim()
    assert claimed.subject.startswith("Made up: ") == demonstration
    assert ("are made up" in claimed.text) == demonstration


# --- what is being written ------------------------------------------------------------------------


def test_what_is_written_is_kept_for_its_writer_alone_until_it_is_sent(desk):
    written, school = WrittenRequests(desk.database), desk.organisations["54"].id
    number = written.begin(desk.people["ofa"], school, {"student_name": "Made-up"})
    written.keep(desk.people["ofa"], number, {"student_name": "Made-up Student"})
    kept = written.one(desk.people["ofa"], number)
    assert kept.fields == {"student_name": "Made-up Student"}
    for login in ("ana", "nobody"):
        with pytest.raises(NotKnown):
            written.one(desk.people[login], number)
        with pytest.raises(NotKnown):
            written.keep(desk.people[login], number, {})
        written.throw_away(desk.people[login], number, once=kept.once)
    assert len(written.all(desk.people["ofa"])) == 1
    desk.send("ofa", once=kept.once)
    assert written.all(desk.people["ofa"]) == []


def test_what_is_not_sent_is_gone_after_a_while(desk, monkeypatch):
    from datetime import timedelta

    from catchments.requests.store import writing

    written, school = WrittenRequests(desk.database), desk.organisations["54"].id
    number = written.begin(desk.people["ofa"], school, {"student_name": "Made-up"})
    real = writing.now
    monkeypatch.setattr(writing, "now", lambda: real() + timedelta(days=14, seconds=1))
    with pytest.raises(NotKnown):
        written.one(desk.people["ofa"], number)
    assert written.forget_old() == 1


def test_somebody_writes_twenty_at_most_and_no_book(desk):
    written, school = WrittenRequests(desk.database), desk.organisations["54"].id
    numbers = [written.begin(desk.people["ofa"], school, {}) for _ in range(AT_MOST_EACH)]
    with pytest.raises(InputRefused, match="20 requests"):
        written.begin(desk.people["ofa"], school, {})
    with pytest.raises(InputRefused, match="characters"):
        written.keep(desk.people["ofa"], numbers[0], {"barriers": "x" * LARGEST})


@pytest.mark.dialects
def test_files_of_a_request_go_with_it(desk):
    written, ana = WrittenRequests(desk.database), desk.people["ana"]
    number = written.begin(ana, desk.organisations["54"].id, {"a": "b"})
    written.attach(ana, number, "a.pdf", b"%PDF-", form="f")
    one = written.one(ana, number)
    assert written.content(ana, number, one.files[0].id)[1] == b"%PDF-"
    seen = Seen(one.version, (one.files[0].once,))
    reference = desk.send("ana", once=one.once, seen=seen)
    [file] = Notes(desk.database).files(desk.viewer("wiki"), reference)
    assert Notes(desk.database).content(desk.people["wiki"], reference, file.id)[1] == b"%PDF-"
    assert written.all(ana) == []


# --- roles ----------------------------------------------------------------------------------------


def test_an_authoriser_gives_roles_in_their_own_organisation_alone(desk):
    organisations, ids = Organisations(desk.database), desk.organisations
    cam, by = desk.people["cam"], desk.people["authn"]
    organisations.set_roles(cam.id, ids[NORTH].id, {CaseRole.WORKFLOW_LEAD}, by=by)
    assert desk.viewer("cam").is_in(ids[NORTH].id, CaseRole.WORKFLOW_LEAD)
    for where in (SOUTH, "54", "ministry"):
        with pytest.raises(NotAllowed):
            organisations.set_roles(cam.id, ids[where].id, set(), by=by)
    with pytest.raises(NotAllowed, match="none of a provider"):
        organisations.set_roles(cam.id, ids[NORTH].id, {CaseRole.ATTENDANCE_LEAD}, by=by)
    with pytest.raises(InputRefused, match="from yourself"):
        organisations.set_roles(by.id, ids[NORTH].id, set(), by=by)


# --- keys -----------------------------------------------------------------------------------------


def test_another_data_key_seals_everything_anew_and_finds_the_same_students(desk):
    desk.send()
    Notes(desk.database).attach(
        desk.people["ana"], desk.send(), "a.pdf", b"%PDF-", once="f", shared=True
    )
    written = WrittenRequests(desk.database)
    number = written.begin(desk.people["ofa"], desk.organisations["54"].id, {"a": "b"})
    written.attach(desk.people["ofa"], number, "a.pdf", b"%PDF-", form="f")
    with desk.database.reading() as connection:
        before = student_digest(connection, "x")
    anew = "another-data-key-of-the-tests-that-is-long-enough"
    both = RequestsDatabase(desk.database.url, data_keys=(anew, DATA_KEY))
    with both.writing() as connection:
        done, stuck = seal_all(connection, SEALED)
    both.close()
    assert done > 5
    assert stuck == []
    alone = RequestsDatabase(desk.database.url, data_keys=(anew,))
    protect(alone)
    assert WrittenRequests(alone).content(desk.people["ofa"], number, 1)[1] == b"%PDF-"
    moved = Desk(alone, desk.people, desk.organisations)
    wanted = Wanted(student=support_request())
    assert len(moved.cases.listed(desk.people["ana"], moved.viewer("ana"), wanted)) == 2
    with alone.reading() as connection:
        assert student_digest(connection, "x") == before
    alone.close()
    lost = RequestsDatabase(desk.database.url, data_keys=(DATA_KEY,))
    with pytest.raises(CatchmentsError, match="key"):
        protect(lost)
    lost.close()


def test_every_column_that_tells_of_a_student_is_sealed_anew(desk):
    sealed = {(kind.column.table.name, kind.column.name) for kind in SEALED}
    assert sealed >= {
        ("support_case", "student"),
        ("request_draft", "content"),
        ("case_event", "reason"),
        ("case_note", "text"),
        ("draft_file", "name"),
        ("draft_file", "key"),
        ("case_file", "name"),
        ("case_file", "key"),
        ("handover", "note"),
        ("handover", "stay_reason"),
    }


def test_what_was_moved_to_another_case_does_not_open(desk):
    first, second = desk.send(), desk.send(student_name="Another Made-up")
    with desk.database.writing() as connection:
        sealed = connection.scalar(sa.select(_C.c.student).where(_C.c.reference == first))
        connection.execute(_C.update().where(_C.c.reference == second).values(student=sealed))
    with pytest.raises(CatchmentsError, match="sealed for something else"):
        desk.cases.student(desk.viewer("ana"), second)
