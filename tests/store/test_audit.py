"""The audit trail: only ever added to, and whatever is done to it shows."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError

from catchments.store import Store, schema
from catchments.store.integrity.audit import FIRST_HASH, AuditTrail
from tests.laws import examples
from tests.worlds import HOSTILE, at_once

pytestmark = pytest.mark.dialects

TABLE = schema.audit_entry


@pytest.fixture
def trail(store: Store) -> AuditTrail:
    made = AuditTrail(store)
    for number in range(1, 6):
        made.add(actor="hana", action="draft.change", subject=f"draft {number}", sentence=HOSTILE)
    return made


def tamper(store: Store, *statements: sa.Executable) -> None:
    """Do what somebody does who has the database's own password."""
    with store.writing() as connection:
        if connection.dialect.name == "sqlite":
            for what in ("update", "delete"):
                connection.execute(sa.text(f"DROP TRIGGER IF EXISTS audit_entry_no_{what}"))
        else:
            connection.execute(
                sa.text("DROP TRIGGER IF EXISTS audit_entry_append_only ON audit_entry")
            )
        for statement in statements:
            connection.execute(statement)


def test_an_untouched_trail_holds(trail: AuditTrail) -> None:
    assert trail.broken_at() is None


def test_an_empty_trail_holds(store: Store) -> None:
    assert AuditTrail(store).broken_at() is None
    assert AuditTrail(store).last() is None


def test_each_entry_has_the_hash_of_the_one_before_in_its_own(trail: AuditTrail) -> None:
    entries = trail.entries(at_most=10)[::-1]
    before = FIRST_HASH
    for entry in entries:
        assert entry.hash == entry.expected_hash(before)
        before = entry.hash
    assert json.loads(entries[0].detail) == {"sentence": HOSTILE}


TAMPERED = {
    "a text changed": (TABLE.update().where(TABLE.c.number == 3).values(detail="{}"), 3),
    "another actor": (TABLE.update().where(TABLE.c.number == 2).values(actor="rata"), 2),
    "another moment": (TABLE.update().where(TABLE.c.number == 1).values(at="2026-01-01"), 1),
    "one removed": (TABLE.delete().where(TABLE.c.number == 4), 4),
    "the first removed": (TABLE.delete().where(TABLE.c.number == 1), 1),
    "a hash changed": (TABLE.update().where(TABLE.c.number == 5).values(hash="0" * 64), 5),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_whatever_is_done_to_an_entry_shows_where(
    what: str, trail: AuditTrail, store: Store
) -> None:
    statement, number = TAMPERED[what]
    tamper(store, statement)
    assert trail.broken_at() == number


def test_two_entries_that_changed_places_show(trail: AuditTrail, store: Store) -> None:
    def renumber(old: int, new: int) -> sa.Executable:
        return TABLE.update().where(TABLE.c.number == old).values(number=new)

    tamper(store, renumber(2, 99), renumber(3, 2), renumber(99, 3))
    assert trail.broken_at() == 2


def test_entries_cut_off_at_the_end_show_by_a_hash_that_was_kept(
    trail: AuditTrail, store: Store
) -> None:
    last = trail.last()
    assert last
    tamper(store, TABLE.delete().where(TABLE.c.number > 3))
    assert trail.broken_at() is None
    assert last.hash not in {entry.hash for entry in trail.entries(at_most=9)}


@pytest.mark.parametrize(
    "statement", [TABLE.update().values(actor="rata"), TABLE.delete()], ids=["update", "delete"]
)
def test_the_database_itself_refuses_to_rewrite(
    statement: sa.Executable, trail: AuditTrail, store: Store
) -> None:
    with pytest.raises((DatabaseError, Exception), match="append-only"), store.writing() as writing:
        writing.execute(statement)
    assert trail.broken_at() is None
    assert len(trail.entries(at_most=10)) == 5


def test_entries_are_found_by_who_and_to_what_and_page_by_page(trail: AuditTrail) -> None:
    trail.add(actor="rata", action="sign-in", subject="person rata")
    assert [e.actor for e in trail.entries(matching={"actor": "rata"}, at_most=9)] == ["rata"]
    assert [e.number for e in trail.entries(at_most=2)] == [6, 5]
    assert [e.number for e in trail.entries(before=5, at_most=2)] == [4, 3]
    assert trail.entries(matching={"subject": HOSTILE}, at_most=9) == []


def test_many_who_add_at_once_make_one_chain(store: Store) -> None:
    trail = AuditTrail(store)

    def adding() -> None:
        for _ in range(5):
            trail.add(actor="x", action="y", subject="z")

    assert at_once(*[adding] * 4) == [None] * 4
    assert trail.broken_at() is None
    assert [e.number for e in trail.entries(at_most=100)] == list(range(20, 0, -1))


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_text_is_kept_as_it_is_and_hashes_the_same_after(store: Store, text: str) -> None:
    trail = AuditTrail(store)
    trail.add(actor=text, action="x", subject="y", text=text)
    last = trail.last()
    assert last
    assert (last.actor, json.loads(last.detail)["text"]) == (text, text)
    assert trail.broken_at() is None
