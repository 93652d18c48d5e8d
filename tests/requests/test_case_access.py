"""Nobody sees what is not theirs: what queries ask for is what the one function allows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from catchments.core.errors import CatchmentsError, NotKnown
from catchments.requests.rules.access import Part, reach, sight
from catchments.requests.rules.cases import OPEN, CaseState, Step
from catchments.requests.rules.roles import ROLES_OF, CaseRole
from catchments.requests.store import schema
from catchments.requests.store.case_rows import case_of, within
from catchments.requests.store.cases import LISTED_AT_ONCE, Wanted
from catchments.requests.store.notes import NoteKind, Notes
from catchments.requests.store.organisations import Organisations
from catchments.store.integrity.audit import AuditTrail
from tests.laws import examples
from tests.requests.desk import Desk, desk_at

_C = schema.support_case


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Iterator[Desk]:
    """Cases of every kind and people with any roles. Only read it."""
    desk, chance = desk_at(tmp_path_factory.mktemp("many")), random.Random(7)
    people = [person.id for person in desk.people.values()]
    for login in desk.people:
        for organisation in desk.organisations.values():
            wanted = {r for r in ROLES_OF[organisation.kind] if chance.random() < 0.25}
            roles = Organisations(desk.database)
            if login != "nobody":
                roles.set_roles(desk.people[login].id, organisation.id, wanted)
    for login, school in (("pita", "54"), ("para", "55")):
        number = desk.organisations[school].id
        held = {CaseRole.PRIMARY_CONTACT, CaseRole.ATTENDANCE_LEAD}
        Organisations(desk.database).set_roles(desk.people[login].id, number, held)
    references = [desk.send("pita", "54") for _ in range(40)]
    references += [desk.send("para", "55") for _ in range(40)]
    holders = [o.id for o in desk.organisations.values() if o.kind != "school"]
    with desk.database.writing() as connection:
        for reference in references:
            change = {
                "holder_id": chance.choice(holders),
                "state": chance.choice(list(CaseState)),
                "submitted_by_id": chance.choice(people),
                "primary_contact_id": chance.choice(people),
                "assigned_to_id": chance.choice([None, *people]),
                "left_on": chance.choice([None, None, date(2026, 11, 1)]),
            }
            connection.execute(_C.update().where(_C.c.reference == reference).values(**change))
    with desk.database.kept_open():
        yield desk
    desk.database.close()


def all_cases(desk: Desk):
    with desk.database.reading() as connection:
        return [case_of(row) for row in connection.execute(sa.select(_C))]


def test_what_queries_ask_for_is_what_may_be_seen(many):
    cases, seen_at_all = all_cases(many), 0
    for login in many.people:
        viewer = many.viewer(login)
        allowed = {case.reference for case in cases if sight(viewer, case)}
        with many.database.reading() as connection:
            asked = set(connection.scalars(sa.select(_C.c.reference).where(within(reach(viewer)))))
        assert asked == allowed, login
        seen_at_all += bool(allowed)
    assert seen_at_all > 3
    assert not any(sight(many.viewer("nobody"), case) for case in cases)


def test_no_list_shows_what_is_not_its_readers(many):
    cases = {case.reference: case for case in all_cases(many)}
    for login, person in many.people.items():
        viewer = many.viewer(login)
        for organisation in many.organisations.values():
            wanted = Wanted(organisation=organisation.id)
            heads = many.cases.listed(person, viewer, wanted)
            assert len(heads) == min(LISTED_AT_ONCE, many.cases.count(viewer, wanted))
            for head in heads:
                case = cases[head.case.reference]
                assert organisation.id in {case.school, case.holder}
                assert sight(viewer, case) == head.sight
                assert bool(head.student_name) == head.sight.sees(Part.STUDENT)


def test_what_is_not_theirs_is_not_there_at_any_door(many):
    chance = random.Random(3)
    pairs = [(login, case) for login in many.people for case in all_cases(many)]
    hidden = [(login, case) for login, case in pairs if not sight(many.viewer(login), case)]
    for login, case in chance.sample(hidden, examples(300)):
        said = set()
        for door in doors(many, login, case.reference):
            with pytest.raises(NotKnown) as refused:
                door()
            said.add(str(refused.value))
        with pytest.raises(NotKnown) as unknown:
            many.cases.head(many.people[login], many.viewer(login), "NOSUCH")
        assert said == {str(unknown.value)}, "not there and not theirs sound alike"


def doors(desk: Desk, login: str, reference: str):
    """Every way in which somebody comes to a case, each of which is to be refused."""
    cases, notes = desk.cases, Notes(desk.database)
    person, viewer, day = desk.people[login], desk.viewer(login), date(2026, 11, 1)
    return (
        lambda: cases.head(person, viewer, reference),
        lambda: cases.student(viewer, reference),
        lambda: cases.history(viewer, reference),
        lambda: cases.take(person, reference, Step.CLOSE, version=1, reason="x"),
        lambda: cases.has_left(person, reference, day, version=1),
        lambda: cases.name_contact(person, reference, person.id, version=1),
        lambda: notes.of(viewer, reference),
        lambda: notes.files(viewer, reference),
        lambda: notes.add(person, reference, "x", once="o", shared=True),
        lambda: notes.finish(person, reference, 1),
        lambda: notes.share(person, reference, 1),
        lambda: notes.attach(person, reference, "x.pdf", b"%PDF-1", once="f", shared=True),
        lambda: notes.content(person, reference, 1),
    )


def test_every_look_is_on_the_trail_and_nothing_of_the_student_is(desk):
    reference = desk.send()
    desk.cases.head(desk.people["wiki"], desk.viewer("wiki"), reference)
    desk.cases.listed(desk.people["ofa"], desk.viewer("ofa"), Wanted())
    desk.cases.listed(desk.people["ana"], desk.viewer("ana"), Wanted())
    entries = AuditTrail(desk.database).entries(at_most=1_000)
    looks = [(e.actor, e.action) for e in entries if e.action in {"case.look", "cases.list"}]
    assert looks == [("ana", "cases.list"), ("wiki", "case.look")]
    written = " ".join(e.detail + e.subject for e in entries)
    assert "Made-up Student" not in written
    assert "2014" not in written
    assert reference in written
    assert AuditTrail(desk.database).chain().broken_at is None


def test_internal_notes_are_for_their_side_until_they_are_shared(desk):
    reference, notes = desk.send(), Notes(desk.database)
    desk.cases.take(
        desk.people["wiki"], reference, Step.ASSIGN, version=1, assignee=desk.people["cam"].id
    )
    notes.add(desk.people["ana"], reference, "of the school", once="a", shared=False)
    notes.add(desk.people["cam"], reference, "of the provider", once="b", shared=False)
    notes.add(desk.people["cam"], reference, "for both", once="c", shared=True)
    notes.add(desk.people["cam"], reference, "for both", once="c", shared=True)

    def texts(login):
        return [note.text for note in notes.of(desk.viewer(login), reference)]

    assert texts("pita") == texts("ana") == ["of the school", "for both"]
    assert texts("cam") == texts("wiki") == ["of the provider", "for both"]
    [mine] = [note for note in notes.of(desk.viewer("cam"), reference) if not note.shared]
    with pytest.raises(NotKnown):
        notes.share(desk.people["ana"], reference, mine.id)
    notes.share(desk.people["wiki"], reference, mine.id)
    assert texts("pita") == ["of the school", "of the provider", "for both"]


def test_tasks_are_for_who_supports_the_student(desk):
    reference, notes = desk.send(), Notes(desk.database)
    with pytest.raises(CatchmentsError, match="whoever supports"):
        notes.add(desk.people["ana"], reference, "x", once="a", shared=True, kind=NoteKind.TASK)
    due = date(2026, 12, 4)
    notes.add(
        desk.people["wiki"], reference, "Call", once="b", shared=False, kind="task", due_on=due
    )
    [task] = notes.of(desk.viewer("wiki"), reference)
    assert (task.kind, task.due_on, task.done_at) == ("task", due, None)
    notes.finish(desk.people["wiki"], reference, task.id)
    assert notes.of(desk.viewer("wiki"), reference)[0].done_at is not None
    assert notes.of(desk.viewer("ana"), reference) == []


@pytest.mark.parametrize("state", sorted(set(CaseState) - OPEN))
def test_nothing_is_added_to_a_case_that_ended(desk, state):
    reference = desk.send()
    with desk.database.writing() as connection:
        connection.execute(_C.update().values(state=state))
    with pytest.raises(CatchmentsError, match="nothing is added"):
        Notes(desk.database).add(desk.people["ana"], reference, "x", once="a", shared=True)


def test_a_closed_account_sees_nothing(desk):
    from catchments.store.accounts.people import People

    reference = desk.send()
    People(desk.database).disable("ana")
    with pytest.raises(NotKnown):
        desk.cases.head(desk.people["ana"], desk.viewer("ana"), reference)
