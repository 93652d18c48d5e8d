"""Drafts as staff work on them: versions, forms sent twice, undo, review; all of it on record."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.errors import ChangeDoesNotFit, InputRefused, NotKnown, NotNow, Stale
from catchments.core.roles import Person, Role
from catchments.store import Store, schema
from catchments.store.accounts.letters import Letters
from catchments.store.drafts.comments import About
from catchments.store.drafts.repository import (
    CHANGES_AT_MOST,
    DraftRepository,
    ExpectedVersion,
    checked_key,
)
from catchments.store.engine import now
from catchments.store.integrity.audit import AuditTrail
from tests.worlds import AHI, HOSTILE, RIMU, at_once, publish_whole, small_edition, small_release

JULY = date(2026, 7, 1)
RENAME, MOVE = RenameCatchment(AHI, "Ahi Nui"), MoveSchools((54,), RIMU)
AGAIN = RenameCatchment(RIMU, "Rimu Nui")


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
    assert (desk.draft(draft).state, desk.draft(draft).approver_id) == ("sent back", None)


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


def test_a_draft_says_who_last_worked_on_it_and_a_review_is_not_that(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, wiremu))
    assert (desk.draft(draft).author_id, desk.draft(draft).holder_id) == (hana.id, wiremu.id)
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    worked = desk.draft(draft).worked_at
    desk.send_back(draft, "Why?", seen=saw(desk, draft, wiremu))
    assert (desk.draft(draft).holder_id, desk.draft(draft).worked_at) == (hana.id, worked)


def test_a_change_in_the_middle_is_undone_and_the_last_undone_is_done_again_first(
    desk: DraftRepository, hana: Person
) -> None:
    draft = begun(desk, hana)
    for change in (RENAME, MOVE, AGAIN):
        desk.add(draft, change, f"{change.tag}.", seen=saw(desk, draft, hana))
    desk.undo(draft, 2, seen=saw(desk, draft, hana), sentences={3: "Renamed otherwise."})
    assert desk.draft(draft).changes == (RENAME, AGAIN)
    assert desk.steps(draft)[2].sentence == "Renamed otherwise."
    desk.undo(draft, 1, seen=saw(desk, draft, hana))
    assert list(desk.changes(draft).values()) == [RENAME, MOVE, AGAIN]
    desk.redo(draft, seen=saw(desk, draft, hana))
    assert desk.draft(draft).changes == (RENAME, AGAIN)
    desk.redo(draft, seen=saw(desk, draft, hana))
    assert desk.draft(draft).changes == (RENAME, MOVE, AGAIN)
    for position in (2, 9):
        with pytest.raises(NotNow, match="nothing to do again"):
            desk.redo(draft, position, seen=saw(desk, draft, hana))


def test_a_copy_has_what_holds_and_whoever_made_it_had_a_hand_in_it(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, HOSTILE, seen=saw(desk, draft, hana))
    desk.add(draft, MOVE, "Moved.", seen=saw(desk, draft, hana))
    desk.undo(draft, seen=saw(desk, draft, hana))
    copy = desk.copy(draft, title="Two", by=wiremu, idempotency_key="c1")
    assert desk.copy(draft, title="Two", by=wiremu, idempotency_key="c1") == copy != draft
    kept = desk.draft(copy)
    assert (kept.title, kept.reason, kept.state) == ("Two", "A contract ends", "editing")
    assert (kept.changes, desk.sentences(copy)) == ((RENAME,), [HOSTILE])
    assert desk.contributors(copy) == {hana.id, wiremu.id}
    desk.add(copy, MOVE, "Moved.", seen=saw(desk, copy, wiremu))
    assert desk.draft(draft).changes == (RENAME,)


def test_a_draft_whose_base_is_gone_is_not_copied(
    desk: DraftRepository, store: Store, hana: Person
) -> None:
    draft = begun(desk, hana)
    with store.writing() as connection:
        connection.execute(schema.edition.update().values(withdrawn_at=now()))
    with pytest.raises(ChangeDoesNotFit, match="edition 1, which has been withdrawn") as refused:
        desk.copy(draft, title="Two", by=hana)
    assert "Re-apply" in refused.value.next_step
    assert [d.id for d in desk.drafts()] == [draft]


def test_of_an_approval_and_a_taking_back_at_once_one_wins(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    mine, theirs = saw(desk, draft, hana), saw(desk, draft, wiremu)
    results = at_once(
        lambda: desk.take_back(draft, seen=mine),
        lambda: desk.approve(draft, JULY, seen=theirs),
    )
    assert sorted(type(r).__name__ for r in results) == ["NoneType", "Stale"]
    state = "approved" if isinstance(results[0], Stale) else "editing"
    assert desk.draft(draft).state == state


def test_an_approved_draft_that_is_taken_back_has_to_be_approved_anew(
    desk: DraftRepository, hana: Person, wiremu: Person
) -> None:
    draft = begun(desk, hana)
    with pytest.raises(NotNow, match="is editing"):
        desk.take_back(draft, seen=saw(desk, draft, hana))
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    desk.approve(draft, JULY, seen=saw(desk, draft, wiremu))
    desk.take_back(draft, seen=saw(desk, draft, hana))
    kept = desk.draft(draft)
    assert (kept.state, kept.approver_id, kept.effective_from) == ("editing", None, JULY)


def test_what_waits_and_who_is_told_of_it_follow_the_review(
    desk: DraftRepository, store: Store, hana: Person, wiremu: Person
) -> None:
    def told(person: Person) -> list[str]:
        return [each.kind for each in Letters(store).to(person.id)][::-1]

    draft = begun(desk, hana)
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    assert [d.id for d in desk.waiting_for(wiremu).to_approve] == [draft]
    assert not desk.waiting_for(hana)
    assert (told(wiremu), told(hana)) == (["review"], [])
    desk.send_back(draft, "Why?", seen=saw(desk, draft, wiremu))
    assert not desk.waiting_for(wiremu)
    assert [d.id for d in desk.waiting_for(hana).sent_back] == [draft]
    desk.submit(draft, JULY, seen=saw(desk, draft, hana))
    desk.approve(draft, JULY, seen=saw(desk, draft, wiremu))
    assert [d.id for d in desk.waiting_for(wiremu).to_publish] == [draft]
    assert (told(wiremu), told(hana)) == (["review", "review"], ["sent-back", "approved"])
    letters = Letters(store, "https://attendance.example")
    claimed = [letters.claim() for _ in range(4)]
    texts = [each.text for each in claimed if each]
    assert f"https://attendance.example/staff/drafts/{draft}\n" in texts[0]
    assert f"Draft: {draft}, Moves" in texts[0]
    assert "In force from: 1 July 2026" in texts[0]
    assert "Why: Why?" in texts[1]
    assert all("Account:" not in text and "UTC" not in text for text in texts)


def test_whoever_had_a_hand_in_a_draft_is_not_asked_to_review_it(
    desk: DraftRepository, store: Store, hana: Person, wiremu: Person
) -> None:
    tama = person(store, "tama", Role.ADMINISTRATOR)
    draft = begun(desk, tama)
    desk.submit(draft, JULY, seen=saw(desk, draft, tama))
    assert not desk.waiting_for(tama)
    assert not Letters(store).to(tama.id)
    assert len(Letters(store).to(wiremu.id)) == 1


def test_a_comment_is_about_the_change_that_was_there_and_not_about_a_later_one(
    desk: DraftRepository, hana: Person
) -> None:
    draft = begun(desk, hana)
    desk.add(draft, RENAME, "Renamed.", seen=saw(desk, draft, hana))
    desk.comment(draft, "Why?", by=hana, about=About("change 1", "Renamed."))
    step, said = desk.steps(draft)[0], desk.comments(draft)[0]
    assert said.is_on(step.position, step.created_at)
    desk.undo(draft, seen=saw(desk, draft, hana))
    desk.add(draft, MOVE, "Moved.", seen=saw(desk, draft, hana))
    step = desk.steps(draft)[0]
    assert step.position == 1
    assert not said.is_on(step.position, step.created_at)
    assert said.called == "Renamed."


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
