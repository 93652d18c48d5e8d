"""A publication that somebody of the staff decided: what is refused, and what is on record."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from catchments.changes.change import Change
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.changes.kinds.move_schools import MoveSchools
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.errors import NotKnown, PublicationRefused
from catchments.core.roles import Person, Role
from catchments.editions.publishing import PublicationRequest, Publisher
from catchments.store import Decision, Store, schema
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox.queue import Outbox
from tests.staff import add_person
from tests.worlds import (
    AHI,
    KOWHAI,
    RIMU,
    TODAY,
    publish_whole,
    simple_artefacts,
    small_edition,
    small_release,
)

YESTERDAY = TODAY - timedelta(days=1)
SOON, LATER = TODAY + timedelta(days=30), TODAY + timedelta(days=60)
ASSIGN, RENAME = AssignProvider((KOWHAI,), "P-AHI"), RenameCatchment(AHI, "Ahi Nui")


class Ministry:
    """The small world with its staff."""

    def __init__(self, store: Store) -> None:
        store.add_release(small_release())
        publish_whole(store, small_edition())
        self.store, self.desk = store, DraftRepository(store)
        self.hana = add_person(store, "hana", Role.EDITOR)
        self.aroha = add_person(store, "aroha", Role.APPROVER)
        self.tama = add_person(store, "tama", Role.ADMINISTRATOR)

    def saw(self, person: Person, draft: int) -> ExpectedVersion:
        return ExpectedVersion(person, self.desk.draft(draft).version)

    def drafted(self, change: Change = ASSIGN, *, base: int = 1) -> int:
        draft = self.desk.begin(title="Draft", reason="Why", base_number=base, by=self.hana)
        self.desk.add(draft, change, "A change.", seen=self.saw(self.hana, draft))
        return draft

    def approved(self, change: Change = ASSIGN, *, base: int = 1, on: date = SOON) -> int:
        draft = self.drafted(change, base=base)
        self.desk.submit(draft, on, seen=self.saw(self.hana, draft))
        self.desk.approve(draft, on, seen=self.saw(self.aroha, draft))
        return draft

    def publish(
        self,
        draft: int,
        on: date = SOON,
        *,
        by: Person | None = None,
        version: int | None = None,
        reverting: bool = False,
        reason: str = "Why",
    ) -> list[int]:
        seen = self.desk.draft(draft).version if version is None else version
        decision = Decision((by or self.aroha).id, seen, reverting=reverting)
        publisher = Publisher(self.store, lambda _: simple_artefacts(), "1", today=TODAY)
        return publisher.publish(PublicationRequest(draft, on, reason, decision=decision))

    def kept(self) -> tuple[object, ...]:
        last = AuditTrail(self.store).last()
        with self.store.reading() as connection:
            told = connection.scalar(sa.select(sa.func.count()).select_from(schema.notice))
        return self.store.editions(), self.store.drafts(), last and last.number, told


@pytest.fixture
def ministry(store: Store) -> Ministry:
    return Ministry(store)


def test_who_prepared_approved_and_published_it_is_kept_and_on_record(ministry: Ministry) -> None:
    draft = ministry.approved()
    assert ministry.publish(draft, by=ministry.tama) == [2]
    edition = ministry.store.editions()[-1]
    names = (edition.author, edition.approved_by, edition.published_by)
    assert names == tuple(f"{n} of the Ministry" for n in ("Hana", "Aroha", "Tama"))
    assert ministry.desk.draft(draft).state == "published"
    entry = AuditTrail(ministry.store).last()
    assert entry
    assert (entry.actor, entry.action, entry.subject) == ("tama", "edition.publish", "edition 2")
    assert json.loads(entry.detail)["draft"] == draft
    assert AuditTrail(ministry.store).broken_at() is None


def test_notices_are_queued_in_the_same_transaction(
    ministry: Ministry, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, before = ministry.approved(), None
    before = ministry.kept()

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("catchments.store.publication_record.append", fails)
        with pytest.raises(RuntimeError):
            ministry.publish(draft)
    assert ministry.kept() == before
    assert ministry.publish(draft) == [2]
    told = Outbox(ministry.store).notices(2)
    assert {(n.recipient_kind, n.recipient) for n in told} >= {("school", "55")}
    with pytest.raises(PublicationRefused, match="has been published already, as edition 2"):
        ministry.publish(draft)
    assert Outbox(ministry.store).notices(2) == told


@pytest.mark.parametrize("state", ["editing", "in review", "abandoned"])
def test_only_what_is_approved_is_published(ministry: Ministry, state: str) -> None:
    draft = ministry.drafted()
    if state == "in review":
        ministry.desk.submit(draft, SOON, seen=ministry.saw(ministry.hana, draft))
    if state == "abandoned":
        ministry.desk.abandon(draft, seen=ministry.saw(ministry.hana, draft))
    before = ministry.kept()
    with pytest.raises(PublicationRefused, match=f"Draft 1 is {state}; a second person has to"):
        ministry.publish(draft)
    assert ministry.kept() == before


def test_what_was_changed_after_its_approval_is_not_published(ministry: Ministry) -> None:
    draft = ministry.approved()
    old = ministry.desk.draft(draft).version
    ministry.desk.send_back(draft, "Why?", seen=ministry.saw(ministry.aroha, draft))
    ministry.desk.add(draft, RENAME, "Renamed.", seen=ministry.saw(ministry.hana, draft))
    ministry.desk.submit(draft, SOON, seen=ministry.saw(ministry.hana, draft))
    ministry.desk.approve(draft, SOON, seen=ministry.saw(ministry.tama, draft))
    before = ministry.kept()
    with pytest.raises(PublicationRefused, match="somebody changed it meanwhile") as refused:
        ministry.publish(draft, version=old)
    assert refused.value.next_step == "Look at the draft as it is now."
    assert ministry.kept() == before
    assert ministry.publish(draft) == [2]


def test_an_early_date_needs_an_administrator_and_a_reason(ministry: Ministry) -> None:
    draft = ministry.approved(on=YESTERDAY)
    before = ministry.kept()
    with pytest.raises(PublicationRefused, match="lies before today") as refused:
        ministry.publish(draft, YESTERDAY)
    assert "ask an administrator" in refused.value.next_step
    with pytest.raises(PublicationRefused, match="lies before today") as refused:
        ministry.publish(draft, YESTERDAY, by=ministry.tama, reason="")
    assert "reason" in refused.value.next_step
    assert ministry.kept() == before
    assert ministry.publish(draft, YESTERDAY, by=ministry.tama) == [2]


@pytest.mark.parametrize("reverting", [False, True])
def test_a_role_is_asked_for_once_more_as_it_is_written(
    ministry: Ministry, reverting: bool
) -> None:
    draft = ministry.approved()
    people = People(ministry.store)
    gone, disabled = (add_person(ministry.store, n, Role.ADMINISTRATOR) for n in ("ana", "mere"))
    people.set_roles("ana", {Role.READER})
    people.disable("mere")
    before = ministry.kept()
    for person in (gone, disabled, ministry.hana):
        with pytest.raises(PublicationRefused, match="may not publish draft 1"):
            ministry.publish(draft, by=person, reverting=reverting)
    assert ministry.kept() == before


def test_going_back_needs_no_approval_but_an_administrator(ministry: Ministry) -> None:
    draft = ministry.drafted()
    with pytest.raises(PublicationRefused, match="may not publish"):
        ministry.publish(draft, by=ministry.aroha, reverting=True)
    assert ministry.publish(draft, by=ministry.tama, reverting=True) == [2]


def test_a_scheduled_edition_is_published_anew_on_top_and_keeps_its_names(
    ministry: Ministry,
) -> None:
    ministry.publish(ministry.approved(RENAME, on=LATER), LATER)
    between = ministry.approved(ASSIGN)
    assert ministry.publish(between, by=ministry.tama) == [3, 4]
    summaries = ministry.store.editions()
    assert [e.effective_from for e in summaries[1:]] == [LATER, SOON, LATER]
    assert summaries[2].published_by == "Tama of the Ministry"
    assert summaries[3].published_by == "Aroha of the Ministry"
    assert summaries[3].approved_by == "Aroha of the Ministry"
    both = ministry.store.edition(4)
    assert both.catchments[AHI].name == "Ahi Nui"
    assert both.catchments[KOWHAI].provider_code == "P-AHI"
    assert ministry.desk.draft(1).published_as is not None
    assert AuditTrail(ministry.store).broken_at() is None


def test_a_scheduled_edition_that_no_longer_fits_is_named(ministry: Ministry) -> None:
    ministry.publish(ministry.approved(MoveSchools((54,), KOWHAI), on=LATER), LATER)
    merged = ministry.approved(MergeCatchments((AHI, KOWHAI), AHI))
    before = ministry.kept()
    with pytest.raises(PublicationRefused, match="Edition 2, scheduled for") as refused:
        ministry.publish(merged)
    assert "no longer fits on top of this draft" in refused.value.problem
    assert refused.value.next_step == "Withdraw edition 2 first, or change the draft."
    assert ministry.kept() == before


def test_re_applied_changes_stand_on_what_came_between(ministry: Ministry) -> None:
    first, second = ministry.approved(RENAME), ministry.approved(ASSIGN)
    assert ministry.publish(first) == [2]
    with pytest.raises(PublicationRefused, match="edition 2 is in force on") as refused:
        ministry.publish(second)
    assert "Re-apply" in refused.value.next_step
    desk = ministry.desk
    desk.rebase(second, 2, seen=ministry.saw(ministry.hana, second))
    with pytest.raises(PublicationRefused, match="a second person has to approve it"):
        ministry.publish(second)
    desk.submit(second, SOON, seen=ministry.saw(ministry.hana, second))
    desk.approve(second, SOON, seen=ministry.saw(ministry.aroha, second))
    assert ministry.publish(second) == [3]
    assert ministry.store.edition(3).catchments[AHI].name == "Ahi Nui"


def test_a_draft_that_is_not_there_is_not_known(ministry: Ministry) -> None:
    with pytest.raises(NotKnown, match="There is no draft 9"):
        ministry.publish(9, version=1)


def test_a_school_that_moves_is_told_and_one_that_does_not_is_not(ministry: Ministry) -> None:
    ministry.publish(ministry.approved(MoveSchools((54,), RIMU)))
    schools = {
        n.recipient for n in Outbox(ministry.store).notices(2) if n.recipient_kind == "school"
    }
    assert schools == {"54"}
