"""`flask requests …`: what whoever runs the service types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from catchments.requests import commands
from catchments.requests import demonstration as made_up
from catchments.requests.lookup import Feed, LookupAway
from catchments.requests.rules.cases import CaseState, Step
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.store import purging, schema
from catchments.requests.store.cases import Wanted
from catchments.requests.store.database import RequestsDatabase
from catchments.requests.store.handovers import Handovers
from catchments.requests.store.notes import Notes
from catchments.requests.store.organisations import Organisations
from catchments.store.accounts.people import People
from catchments.store.integrity import sealed_columns
from catchments.store.integrity.audit import AuditTrail
from tests.requests.desk import NORTH, SOUTH, served
from tests.worlds import DATA_KEY, sqlite_url


class MadeUpLookup:
    """Two schools, two providers; its editions are made up unless it is said otherwise."""

    demonstration, away = True, False

    def __init__(self, *_: Any, **__: Any) -> None:
        if self.away:
            raise LookupAway

    def feed(self) -> Feed:
        return Feed((), self.demonstration, "x")

    def schools(self, _at_most: int) -> list[int]:
        return [54, 55]

    def served(self, school_id: int, on):
        provider = {54: NORTH, 55: SOUTH}[school_id]
        return served(school_id, provider, on=on, in_school_provision=school_id == 54)

    def all_served(self, school_ids, on):
        return {number: self.served(number, on) for number in school_ids}

    def provider_name(self, code: str) -> str:
        return f"Made-up {code}"


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The database's address: of the test's desk, of each kind, or a file of its own."""
    asked = request.fixturenames
    if "desk" in asked:
        return request.getfixturevalue("desk").database.url
    if "database_url" in asked:
        return request.getfixturevalue("database_url")
    return sqlite_url(tmp_path / "requests.sqlite")


@pytest.fixture
def typed(url: str, monkeypatch: pytest.MonkeyPatch):
    """Type a command, with a database and key of its own."""
    for module in (commands, made_up):
        if hasattr(module, "Lookup"):
            monkeypatch.setattr(module, "Lookup", MadeUpLookup)
    monkeypatch.setenv("CATCHMENTS_REQUESTS_DATABASE_URL", url)
    monkeypatch.setenv("CATCHMENTS_REQUESTS_DATA_KEY", DATA_KEY)

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(commands.requests, [*words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result.exit_code, result.output

    return run


@pytest.fixture
def database(url: str) -> Iterator[RequestsDatabase]:
    made = RequestsDatabase(url, data_keys=(DATA_KEY,))
    yield made
    made.close()


def test_a_first_authoriser_is_made_and_shown_their_password_once(typed, database):
    code, said = typed("authoriser", "hana@kura.example", "--name", "Hana", "--school", "54")
    assert code == 0
    assert "delegated authoriser of Made-up Grammar" in said
    assert re.search(r"Login hana@kura\.example, first password \S{20}", said)
    organisations = Organisations(database)
    person = People(database).person("hana@kura.example")
    school = organisations.named(OrganisationKind.SCHOOL, "54")
    viewer = organisations.viewer(person.id)
    assert viewer.is_in(school.id, CaseRole.AUTHORISER)
    assert len(viewer.memberships) == 1
    code, again = typed("authoriser", "hana@kura.example", "--name", "Hana", "--team", "54")
    assert (code, "password" in again) == (0, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which one organisation"),
        (("--school", "54", "--provider", "P"), "which one organisation"),
        (("--team", "55"), "no in-school provision"),
    ],
)
def test_an_authoriser_belongs_to_one_organisation_that_there_is(typed, words, said):
    code, output = typed("authoriser", "a@b.example", "--name", "A", *words)
    assert code == 1
    assert said in output


def test_the_ministry_sees_figures(typed, database):
    typed("authoriser", "mina@ministry.example", "--name", "Mina", "--ministry")
    person = People(database).person("mina@ministry.example")
    held = Organisations(database).viewer(person.id).memberships
    assert {each.role for each in held} == {CaseRole.AUTHORISER, CaseRole.FIGURES}


def test_a_demonstration_has_cases_in_every_state_and_is_made_once(
    typed, database, database_url, monkeypatch
):
    monkeypatch.setattr(made_up, "CASES", 20)
    code, said = typed("demonstrate")
    assert code == 0
    assert said.count("@made-up.example") == 7
    with database.reading() as connection:
        found = connection.execute(sa.select(schema.support_case)).all()
    assert len(found) == 20
    assert {row.state for row in found} == {*CaseState}
    assert all(row.demonstration for row in found)
    assert Handovers(database).heard().demonstration
    assert all("(made up)" in person.name for person in People(database).all())
    _, again = typed("demonstrate")
    assert "not empty" in again


def test_nothing_is_made_up_beside_real_providers(typed, monkeypatch):
    monkeypatch.setattr(MadeUpLookup, "demonstration", False)
    code, said = typed("demonstrate")
    assert (code, "real providers" in said) == (1, True)


def test_purging_counts_first_and_removes_all_of_a_case_but_its_reference(typed, desk, monkeypatch):
    old, young, still_open = desk.send(), desk.send(), desk.send()
    Notes(desk.database).add(desk.people["ana"], old, "Made up.", once="n", shared=True)
    Notes(desk.database).attach(desk.people["ana"], old, "a.pdf", b"%PDF-", once="f", shared=True)
    for reference in (old, young):
        desk.cases.take(desk.people["wiki"], reference, Step.DECLINE, version=1, reason="Made up.")
    table, long_ago = schema.support_case, timedelta(days=7 * 366)
    with desk.database.writing() as connection:
        here = table.c.reference == old
        closed = connection.scalar(sa.select(table.c.closed_at).where(here))
        connection.execute(table.update().where(here).values(closed_at=closed - long_ago))
    code, said = typed("purge")
    assert (code, "closed 7 years ago or more: 1." in said) == (0, True)
    assert desk.cases.count(desk.viewer("wiki"), Wanted()) == 3
    monkeypatch.setattr(purging, "AT_ONCE", 1)
    _, said = typed("purge", "--yes")
    assert "Cases removed: 1." in said
    with desk.database.reading() as connection:
        for kept in (table, schema.case_event, schema.case_note, schema.case_file):
            assert old not in set(connection.scalars(sa.select(kept.c.reference)))
    assert desk.cases.count(desk.viewer("wiki"), Wanted()) == 2
    trail = AuditTrail(desk.database)
    assert trail.chain().broken_at is None
    assert trail.entries(matching={"subject": f"case {old}"}, at_most=50)[0].action == "case.purge"
    assert still_open != young


def test_another_data_key_is_taken_into_use(typed, desk, monkeypatch):
    reference = desk.send()
    anew = "another-data-key-of-the-tests-that-is-long-enough"
    monkeypatch.setenv("CATCHMENTS_REQUESTS_DATA_KEY", f"{anew} {DATA_KEY}")
    code, said = typed("rotate")
    assert (code, "sealed anew" in said) == (0, True)
    desk.database.close()
    alone = RequestsDatabase(desk.database.url, data_keys=(anew,))
    desk.database = alone
    student = desk.cases.student(desk.viewer("ana"), reference)
    assert student.student_name == "Made-up Student"
    alone.close()


def test_what_is_set_up_is_set_up_once(typed):
    assert typed("setup") == typed("setup") == (0, "The database of requests is ready.\n")


def test_the_trail_is_verified_and_its_last_hash_told(typed, database):
    typed("setup")
    code, said = typed("verify")
    last = AuditTrail(database).last()
    assert (code, last.hash in said) == (0, True)
    assert "every entry is under its key" in said
    with database.writing() as connection:
        connection.execute(sa.text("DROP TRIGGER audit_entry_no_update"))
        connection.execute(sa.text("UPDATE audit_entry SET actor = 'somebody else'"))
    assert typed("verify")[0] == 1


def test_a_hash_that_was_kept_elsewhere_shows_what_was_cut_off(typed, desk):
    desk.send()
    kept = AuditTrail(desk.database).last()
    desk.send()
    assert typed("verify", "--expect", kept.hash)[0] == 0
    lost = AuditTrail(desk.database).last().hash
    with desk.database.writing() as connection:
        for statement in WITHOUT_GUARD[connection.dialect.name]:
            connection.execute(sa.text(statement))
        for table in ("trail_of", "audit_entry"):
            connection.execute(sa.text(f"DELETE FROM {table} WHERE number > {kept.number}"))
    assert typed("verify", "--expect", kept.hash)[0] == 0
    assert typed("verify")[0] == 0, "what is left holds in itself"
    code, said = typed("verify", "--expect", lost)
    assert (code, "no entry has the hash that was kept elsewhere" in said) == (1, True)


WITHOUT_GUARD = {
    "sqlite": ["DROP TRIGGER audit_entry_no_delete"],
    "postgresql": ["ALTER TABLE audit_entry DISABLE TRIGGER ALL"],
}


@pytest.mark.parametrize("words", [("verify",), ("rotate",), ("purge",)])
def test_what_only_reads_makes_nothing(typed, tmp_path, words):
    code, said = typed(*words)
    assert (code, "`flask requests setup`" in said) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_sealing_anew_reads_no_file_and_some_rows_at_a_time(typed, desk, monkeypatch):
    for n in range(5):
        reference = desk.send()
        notes = Notes(desk.database)
        notes.attach(desk.people["ana"], reference, "a.pdf", b"%PDF-", once=f"f{n}", shared=True)
    anew = "another-data-key-of-the-tests-that-is-long-enough"
    monkeypatch.setenv("CATCHMENTS_REQUESTS_DATA_KEY", f"{anew} {DATA_KEY}")
    monkeypatch.setattr(sealed_columns, "AT_ONCE", 2)
    asked = []

    def note(*given) -> None:
        asked.append(given[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    code, _ = typed("rotate")
    sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert code == 0
    assert not any("case_file.content" in statement for statement in asked)
    assert typed("rotate") == (0, "Values sealed anew: 0.\n")
