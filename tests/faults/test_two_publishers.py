"""Two people publish at once, each from a process of their own: one succeeds, one is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from catchments.changes.change import Change, apply_all
from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.roles import Role
from catchments.editions.publishing import Order, Outcome, PublicationRequest
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Decision, Store
from catchments.store.accounts.people import People
from catchments.store.drafts.repository import DraftRepository, ExpectedVersion
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox.queue import Outbox
from tests import prepared
from tests.staff import add_person
from tests.worlds import AHI, KOWHAI, at_once, publish_whole, small_edition, small_release

CHANGES: tuple[Change, ...] = (AssignProvider((KOWHAI,), "P-AHI"), RenameCatchment(AHI, "Ahi Nui"))


def wanted(url: str, request: PublicationRequest) -> Outcome:
    """What a process that publishes answers to a request."""
    given, settings = msgspec.json.encode(Order(publish=request)), {"DATABASE_URL": url}
    ended = prepared.begin("catchments.commands.jobs.publishing", given=given, settings=settings)
    assert ended.wait() == 0, ended.stderr
    return msgspec.json.decode(ended.stdout, type=Outcome)


def approved(store: Store, change: Change, on: date) -> int:
    hana = People(store).person("hana")
    desk = DraftRepository(store)
    draft = desk.begin(title="Draft", reason="Why", base_number=1, by=hana)
    desk.add(draft, change, "A change.", seen=ExpectedVersion(hana, 1))
    approve(store, draft, on)
    return draft


def approve(store: Store, draft: int, on: date) -> None:
    desk, people = DraftRepository(store), People(store)
    desk.submit(draft, on, seen=ExpectedVersion(people.person("hana"), desk.draft(draft).version))
    desk.approve(draft, on, seen=ExpectedVersion(people.person("aroha"), desk.draft(draft).version))


def request_for(store: Store, draft: int, login: str, on: date) -> PublicationRequest:
    person = People(store).person(login)
    decision = Decision(person.id, DraftRepository(store).draft(draft).version)
    return PublicationRequest(draft, on, "Why", decision=decision)


def test_of_two_people_who_publish_at_once_one_succeeds_and_the_other_re_applies(
    store: Store, database_url: str
) -> None:
    store.add_release(small_release())
    publish_whole(store, small_edition())
    for login, role in (("hana", Role.EDITOR), ("aroha", Role.APPROVER), ("tama", Role.APPROVER)):
        add_person(store, login, role)
    day = today_in_new_zealand() + timedelta(days=30)
    drafts = [approved(store, change, day) for change in CHANGES]
    requests = [
        request_for(store, draft, login, day)
        for draft, login in zip(drafts, ("aroha", "tama"), strict=True)
    ]

    def publishing(request: PublicationRequest) -> Callable[[], Outcome]:
        return lambda: wanted(database_url, request)

    outcomes = at_once(*map(publishing, requests))
    won = [o.numbers for o in outcomes]
    assert sorted(won) == [[], [2]], outcomes
    loser = won.index([])
    lost = outcomes[loser]
    assert lost.kind == "PublicationRefused"
    assert (
        "Another edition was published" in lost.problem or "edition 2 is in force" in lost.problem
    )
    assert lost.next_step
    draft = drafts[loser]
    assert DraftRepository(store).draft(draft).state == "approved"
    assert [e.number for e in store.editions()] == [1, 2]

    again = wanted(database_url, requests[loser])  # as it stands it is made from the wrong edition
    assert "made from edition 1, but edition 2 is in force" in again.problem
    apply_all(store.edition(2), DraftRepository(store).draft(draft).changes)
    seen = ExpectedVersion(
        People(store).person("hana"), DraftRepository(store).draft(draft).version
    )
    DraftRepository(store).rebase(draft, 2, seen=seen)
    assert DraftRepository(store).draft(draft).state == "editing"
    approve(store, draft, day)
    login = ("aroha", "tama")[loser]
    assert wanted(database_url, request_for(store, draft, login, day)).numbers == [3]
    last = store.edition(3)
    assert last.catchments[AHI].name == "Ahi Nui"
    assert last.catchments[KOWHAI].provider_code == "P-AHI"
    assert AuditTrail(store).broken_at() is None
    notices = [n for number in (2, 3) for n in Outbox(store).notices(number)]
    told = [(n.recipient_kind, n.recipient, n.text) for n in notices]
    assert len(told) == len(set(told)) > 0


def test_the_same_draft_published_twice_at_once_is_one_edition(
    store: Store, database_url: str
) -> None:
    store.add_release(small_release())
    publish_whole(store, small_edition())
    for login, role in (("hana", Role.EDITOR), ("aroha", Role.APPROVER)):
        add_person(store, login, role)
    day = today_in_new_zealand() + timedelta(days=30)
    request = request_for(store, approved(store, CHANGES[0], day), "aroha", day)
    outcomes = at_once(*[lambda: wanted(database_url, request)] * 2)
    assert sorted(o.numbers for o in outcomes) == [[], [2]]
    assert [e.number for e in store.editions()] == [1, 2]
    entries = AuditTrail(store).entries(matching={"subject": "edition 2"}, at_most=9)
    assert len(entries) == 1
    told = [(n.recipient_kind, n.recipient) for n in Outbox(store).notices(2)]
    assert len(told) == len(set(told)) > 0
