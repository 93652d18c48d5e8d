"""Drafts as staff work on them: versions, forms sent twice, undo, review; all of it on record."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.errors import InputRefused, NotKnown
from catchments.core.roles import Person, Role
from catchments.store import Store, schema
from catchments.store.drafts.repository import (
    CHANGES_AT_MOST,
    DraftRepository,
    ExpectedVersion,
    NotNow,
    Stale,
    checked_key,
)
from catchments.store.engine import now
from catchments.store.integrity.audit import AuditTrail
from tests.worlds import AHI, HOSTILE, RIMU, at_once, publish_whole, small_edition, small_release

JULY = date(2026, 7, 1)
RENAME, MOVE = RenameCatchment(AHI, "Ahi Nui"), MoveSchools((54,), RIMU)


def person(store: Store, login: str, *roles: Role) -> Person:
    made = Person(0, login, login.title(), f"{login}@example.org", frozenset(roles), now())
    values = {"login": login, "name": made.name, "email": made.email, "created_at": now()}
    with store.writing() as connection:
        table = schema.person
        result = connection.execute(table.insert().values(roles=" ".join(roles), **values))
        assert result.inserted_primary_key
        number = int(result.inserted_primary_key[0])
    return Person(number, login, made.name, made.email, made.roles, made.created_at)


@pytest.fixture
def desk(store: Store) -> DraftRepository:
    store.add_release(small_release())
    publish_whole(store, small_edition())
    return DraftRepository(store)


@pytest.fixture
def hana(store: Store) -> Person:
    return person(store, "hana", Role.EDITOR)


@pytest.fixture
def wiremu(store: Store) -> Person:
    return person(store, "wiremu", Role.APPROVER)


def begun(desk: DraftRepository, by: Person, **more: Any) -> int:
    return desk.begin(title="Moves", reason="A contract ends", base_number=1, by=by, **more)


def saw(desk: DraftRepository, draft: int, by: Person, key: str = "") -> ExpectedVersion:
    return ExpectedVersion(by, desk.draft(draft).version, key)


def test_a_draft_remembers_who_began_it_on_which_edition_and_why(
    desk: DraftRepository, hana: Person
) -> None:
    draft = desk.draft(begun(desk, hana))
    assert (draft.title, draft.reason, draft.base_number) == ("Moves", "A contract ends", 1)
    assert (draft.author_id, draft.holder_id, draft.state) == (hana.id, hana.id, "editing")


def test_changes_are_kept_in_order_with_who_made_them(desk: DraftRepository, hana: Person) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, hana))
    desk.add(draft, MOVE, HOSTILE, seen=saw(desk, draft, hana))
    assert desk.draft(draft).changes == (RENAME, MOVE)
    assert [(s.sentence, s.author) for s in desk.steps(draft)] == [
        ("Renamed.", "Hana"),
        (HOSTILE, "Hana"),
    ]


def test_undo_and_redo_go_back_and_forth_and_a_new_change_gives_up_what_was_undone(
    desk: DraftRepository, hana: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, hana))
    desk.add(draft, MOVE, "Moved.", seen=saw(desk, draft, hana))
    desk.undo(draft, seen=saw(desk, draft, hana))
    assert desk.draft(draft).changes == (RENAME,)
    desk.undo(draft, seen=saw(desk, draft, hana))
    assert desk.draft(draft).changes == ()
    desk.redo(draft, seen=saw(desk, draft, hana))
    assert desk.draft(draft).changes == (RENAME,)
    desk.add(draft, MOVE, "Moved again.", seen=saw(desk, draft, hana))
    assert desk.draft(draft).changes == (RENAME, MOVE)
    with pytest.raises(NotNow, match="nothing to do again"):
        desk.redo(draft, seen=saw(desk, draft, hana))


def test_there_is_nothing_to_undo_in_a_new_draft(desk: DraftRepository, hana: Person) -> None:
    draft = begun(desk, hana)
    with pytest.raises(NotNow, match="nothing to undo"):
        desk.undo(draft, seen=saw(desk, draft, hana))


def test_a_stale_form_changes_nothing_and_says_so(desk: DraftRepository, hana: Person) -> None:
    draft = begun(desk, hana)
    stale = saw(desk, draft, hana)
    desk.add(draft, RENAME, "Renamed.", seen=stale)
    for act in (
        lambda: desk.add(draft, MOVE, "Moved.", seen=stale),
        lambda: desk.undo(draft, seen=stale),
        lambda: desk.submit(draft, JULY, seen=stale),
        lambda: desk.abandon(draft, seen=stale),
        lambda: desk.describe(draft, title="x", reason="y", seen=stale),
    ):
        with pytest.raises(Stale, match=r"has been changed since this page was read") as refused:
            act()
        assert "Look at the draft as it is now" in refused.value.next_step
    assert desk.draft(draft).changes == (RENAME,)
    assert desk.draft(draft).title == "Moves"


def test_a_form_sent_twice_does_its_work_once(desk: DraftRepository, hana: Person) -> None:
    draft = begun(desk, hana, idempotency_key="abc1")
    assert begun(desk, hana, idempotency_key="abc1") == draft
    assert begun(desk, hana, idempotency_key="abc2") != draft
    seen = saw(desk, draft, hana, "def1")
    desk.add(draft, RENAME, "Renamed.", seen=seen)
    desk.add(draft, RENAME, "Renamed.", seen=seen)  # not even stale: it has been done
    assert desk.draft(draft).changes == (RENAME,)
    desk.comment(draft, "Kia ora", by=hana, idempotency_key="ghi1")
    desk.comment(draft, "Kia ora", by=hana, idempotency_key="ghi1")
    assert [c.text for c in desk.comments(draft)] == ["Kia ora"]


def test_of_two_people_at_once_one_succeeds_and_the_other_is_told(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    one, other = saw(desk, draft, hana), saw(desk, draft, wiremu)
    results = at_once(
        lambda: desk.add(draft, RENAME, "Renamed.", seen=one),
        lambda: desk.add(draft, MOVE, "Moved.", seen=other),
    )
    assert sorted(type(r).__name__ for r in results) == ["NoneType", "Stale"]
    assert len(desk.draft(draft).changes) == 1


def test_review_goes_from_editing_to_approved_and_back(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, hana))
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    with pytest.raises(NotNow, match="is in review"):
        desk.add(draft, MOVE, "Moved.", seen=saw(desk, draft, hana))
    desk.send_back(draft, seen=saw(desk, draft, wiremu))
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    desk.approve(draft, JULY, seen=saw(desk, draft, wiremu))
    kept = desk.draft(draft)
    assert (kept.state, kept.effective_from, kept.approver_id) == ("approved", JULY, wiremu.id)
    desk.send_back(draft, seen=saw(desk, draft, wiremu))
    assert (desk.draft(draft).state, desk.draft(draft).approver_id) == ("editing", None)


def test_nobody_approves_what_they_had_a_hand_in(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, wiremu))
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    for who in (hana, wiremu):
        with pytest.raises(NotNow, match="had a hand in") as refused:
            desk.approve(draft, JULY, seen=saw(desk, draft, who))
        assert "Ask another approver" in refused.value.next_step
    assert desk.draft(draft).state == "in review"


def test_whose_change_was_undone_may_approve(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, wiremu))
    desk.undo(draft, seen=saw(desk, draft, hana))
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    desk.approve(draft, JULY, seen=saw(desk, draft, wiremu))
    assert desk.draft(draft).state == "approved"


def test_an_approval_is_void_on_another_base(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    desk.approve(draft, JULY, seen=saw(desk, draft, wiremu))
    desk.rebase(draft, 1, seen=saw(desk, draft, hana))
    assert (desk.draft(draft).state, desk.draft(draft).approved_at) == ("editing", None)


def test_what_is_given_up_stays_on_record_and_takes_no_more_changes(
    desk: DraftRepository, hana: Person
) -> None:
    draft = begun(desk, hana)
    desk.abandon(draft, seen=saw(desk, draft, hana))
    with pytest.raises(NotNow, match="is abandoned"):
        desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, hana))
    assert [d.id for d in desk.drafts()] == [draft]


def test_a_draft_is_picked_up_by_a_colleague(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.take_over(draft, seen=saw(desk, draft, wiremu))
    assert (desk.draft(draft).author_id, desk.draft(draft).holder_id) == (hana.id, wiremu.id)


def test_a_draft_takes_so_many_changes_and_no_more(
    desk: DraftRepository, hana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CHANGES_AT_MOST >= 100
    monkeypatch.setattr("catchments.store.drafts.repository.CHANGES_AT_MOST", 2)
    draft = begun(desk, hana)
    for _ in range(2):
        desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, hana))
    with pytest.raises(NotNow, match="which is the most"):
        desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, hana))


def test_everything_done_to_a_draft_is_in_the_audit_trail(
    desk: DraftRepository, store: Store, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, HOSTILE, seen=saw(desk, draft, hana))
    desk.comment(draft, "Why?", by=wiremu)
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    with pytest.raises(Stale):
        desk.send_back(draft, seen=ExpectedVersion(wiremu, 1))
    trail = AuditTrail(store)
    entries = trail.entries(matching={"subject": f"draft {draft}"}, at_most=10)[::-1]
    assert [(e.actor, e.action) for e in entries] == [
        ("hana", "draft.begin"),
        ("hana", "draft.change"),
        ("wiremu", "draft.comment"),
        ("hana", "draft.submit"),
    ]
    assert json.loads(entries[1].detail)["sentence"] == HOSTILE
    assert trail.broken_at() is None


def test_an_act_that_fails_half_way_leaves_neither_change_nor_entry(
    desk: DraftRepository, store: Store, hana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begun(desk, hana)
    seen = saw(desk, draft, hana)

    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("catchments.store.drafts.repository.append", full)
    with pytest.raises(OSError, match="No space left"):
        desk.add(draft, RENAME, "Renamed.", seen=seen)
    monkeypatch.undo()
    assert desk.draft(draft).changes == ()
    assert desk.draft(draft).version == seen.version
    desk.add(draft, RENAME, "Renamed.", seen=seen)
    assert desk.draft(draft).changes == (RENAME,)


def test_a_draft_that_is_not_there_is_not_known(desk: DraftRepository, hana: Person) -> None:
    with pytest.raises(NotKnown, match="no draft 99"):
        desk.undo(99, seen=ExpectedVersion(hana, 1))


@pytest.mark.parametrize("text", ["a" * 65, "a%b", "a_b", '"', "ā", "a b"])
def test_a_token_that_no_form_was_given_is_refused(text: str) -> None:
    with pytest.raises(InputRefused, match="not one of ours"):
        checked_key(text)


def test_the_desk_works_without_people_of_old_drafts(desk: DraftRepository, store: Store) -> None:
    draft = store.add_to_draft(RENAME, draft_id=None, title="By command", base_number=1)
    assert desk.contributors(draft) == frozenset()
    assert [s.author for s in desk.steps(draft)] == [""]
    with store.reading() as connection:
        assert connection.scalar(sa.select(schema.draft.c.state)) == "editing"


def test_what_was_done_in_a_draft_leaves_out_what_was_undone(desk, store):
    with store.writing() as connection:
        connection.execute(
            schema.draft.insert().values(id=3, title="T", base_number=1, created_at=now())
        )
        for position, undone in ((1, False), (2, True)):
            connection.execute(
                schema.draft_change.insert().values(
                    draft_id=3,
                    position=position,
                    kind="rename catchment",
                    created_at=now(),
                    content=b"{}",
                    sentence=f"Step {position}.",
                    undone=undone,
                )
            )
    assert desk.sentences(3) == ["Step 1."]
