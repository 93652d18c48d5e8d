"""The queue of e-mails and webhook calls: queued, claimed, tried again, never sent twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.core.errors import NotKnown, PublicationRefused
from catchments.store import Publication, Store, schema
from catchments.store.engine import now
from catchments.store.integrity.audit import AuditTrail
from catchments.store.outbox.claims import CLAIM_HOLDS, MAY_HAVE_BEEN_SENT
from catchments.store.outbox.notices import Announcement
from catchments.store.outbox.queue import TOO_OLD_AFTER, Outbox
from catchments.store.outbox.retries import ATTEMPTS_AT_MOST, pause_after
from catchments.store.outbox.webhook_addresses import Webhooks
from tests.worlds import AHI, at_once, simple_artefacts, small_edition, small_release, withdraw

FROM = date(2026, 4, 1)
TO_PROVIDER = Announcement(
    "provider", "P-AHI", "Ahi Trust", "kia@ahi.example", "What changes", "Kia ora", FROM
)
TO_SCHOOL = replace(TO_PROVIDER, recipient_kind="school", recipient="54", email="")


@pytest.fixture
def box(store: Store) -> Outbox:
    store.add_release(small_release())
    return Outbox(store)


@pytest.fixture
def webhooks(store: Store) -> Webhooks:
    return Webhooks(store)


def published(store: Store, *told: Announcement, on: date = FROM) -> int:
    publication = Publication(
        small_edition(), on, None, artefacts=simple_artefacts(), maker="test", notices=told
    )
    return store.publish([publication], expected=store.state())[0]


def states(store: Store) -> list[str]:
    table = schema.delivery
    with store.reading() as connection:
        return list(connection.scalars(sa.select(table.c.state).order_by(table.c.id)))


# --- queued with the publication ------------------------------------------------------------------


def test_an_announcement_with_an_address_waits_and_one_without_is_for_the_download(box, store):
    number = published(store, TO_PROVIDER, TO_SCHOOL)
    told = {row.recipient_kind: row.state for row in box.notices(number)}
    assert told == {"provider": "waiting", "school": ""}
    assert box.counts() == {number: {"waiting": 1}}
    assert box.notice_counts() == {number: {"provider": 1, "school": 1}}


def test_a_publication_that_fails_queues_nothing(box, store):
    state = store.state()
    published(store)
    with pytest.raises(PublicationRefused):
        store.publish(
            [Publication(small_edition(), FROM, None, notices=[TO_PROVIDER])], expected=state
        )
    assert states(store) == []


def test_the_same_is_not_queued_twice_for_one_date(box, store):
    first, second = published(store, TO_PROVIDER), published(store, TO_PROVIDER)
    assert len(box.notices(first)) == 1
    assert box.notices(second) == []
    assert states(store) == ["waiting"]


def test_what_was_told_then_told_otherwise_and_now_so_again_is_news(box, store):
    otherwise = replace(TO_PROVIDER, text="Not so")
    for told in (TO_PROVIDER, otherwise, TO_PROVIDER):
        published(store, told)
    assert states(store) == ["waiting"] * 3


def test_another_date_is_news(box, store):
    published(store, TO_PROVIDER)
    published(store, replace(TO_PROVIDER, effective_from=date(2026, 5, 1)), on=date(2026, 5, 1))
    assert states(store) == ["waiting"] * 2


def test_a_withdrawn_edition_is_not_told_and_the_same_published_again_is(box, store):
    first = published(store, TO_PROVIDER)
    withdraw(store, first)
    assert states(store) == ["cancelled"]
    assert box.claim() is None
    second = published(store, TO_PROVIDER)
    assert box.counts() == {second: {"waiting": 1}}


def test_every_webhook_in_use_is_called_once_an_edition(box, store, webhooks):
    for url in ("https://one.example/", "https://two.example/", "https://three.example/"):
        webhooks.add(url, by="hana")
    webhooks.disable(2, by="hana")
    published(store)
    assert [d.to for d in box.deliveries()] == ["https://three.example/", "https://one.example/"]


# --- claimed and marked ---------------------------------------------------------------------------


def test_a_claim_is_committed_before_anything_is_sent(box, store):
    published(store, TO_PROVIDER)
    claimed = box.claim()
    assert claimed is not None
    assert claimed.is_email
    assert (claimed.email, claimed.subject, claimed.text) == (
        "kia@ahi.example",
        "What changes",
        "Kia ora",
    )
    assert states(store) == ["sending"]


def test_of_two_at_once_one_gets_the_delivery(box, store):
    published(store, TO_PROVIDER)
    claims = at_once(*[lambda: Outbox(store).claim()] * 4)
    assert not [claim for claim in claims if isinstance(claim, Exception)]
    assert len([claim for claim in claims if claim is not None]) == 1


def test_what_was_sent_is_not_claimed_again(box, store):
    published(store, TO_PROVIDER)
    box.mark_sent(box.claim())
    assert box.claim(at=now() + timedelta(days=1)) is None
    assert states(store) == ["sent"]


def test_without_a_mail_server_only_webhooks_are_claimed(box, store, webhooks):
    webhooks.add("https://one.example/", by="hana")
    published(store, TO_PROVIDER)
    claimed = box.claim(emails=False)
    assert claimed is not None
    assert not claimed.is_email
    assert claimed.secret
    assert box.claim(emails=False) is None


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 360), (12, 360)]
)
def test_the_pause_doubles_from_a_minute_to_six_hours(attempts, minutes):
    assert pause_after(attempts) == timedelta(minutes=minutes)


def test_a_refusal_is_tried_again_after_its_pause_and_fails_at_last(box, store):
    published(store, TO_PROVIDER)
    at = now()
    for attempt in range(1, ATTEMPTS_AT_MOST + 1):
        claimed = box.claim(at=at)
        assert claimed is not None
        box.mark_refused(claimed, "450 not now", at=at)
        assert box.claim(at=at + pause_after(attempt) - timedelta(seconds=1)) is None
        at += pause_after(attempt)
    assert box.claim(at=at + timedelta(days=1)) is None
    (failed,) = box.deliveries("failed")
    assert (failed.attempts, failed.last_error) == (ATTEMPTS_AT_MOST, "450 not now")


def test_a_refusal_for_good_fails_at_once(box, store):
    published(store, TO_PROVIDER)
    box.mark_refused(box.claim(), "550 nobody", for_good=True)
    assert states(store) == ["failed"]


@pytest.mark.parametrize("gone", ["edition", "webhook"])
def test_what_was_called_off_while_it_was_being_sent_is_not_tried_again(box, store, gone, webhooks):
    webhooks.add("https://one.example/", by="hana")
    number = published(store)
    claimed = box.claim()
    if gone == "edition":
        withdraw(store, number)
    else:
        webhooks.disable(1, by="hana")
    box.mark_refused(claimed, "it answered 500")
    # Whoever may have heard of the edition hears that it is withdrawn.
    assert states(store) == ["cancelled", *(["waiting"] if gone == "edition" else [])]


def test_whoever_dies_between_claim_and_mark_sends_nothing_twice(box, store):
    published(store, TO_PROVIDER)
    at: datetime = box.claim().claimed_at
    assert box.fail_stale(at=at + CLAIM_HOLDS - timedelta(seconds=1)) == 0
    assert box.fail_stale(at=at + CLAIM_HOLDS + timedelta(seconds=1)) == 1
    assert box.claim(at=at + timedelta(days=1)) is None
    (failed,) = box.deliveries("failed")
    assert failed.last_error == MAY_HAVE_BEEN_SENT


def test_a_mark_that_comes_after_its_claim_was_ended_changes_nothing(box, store):
    published(store, TO_PROVIDER)
    claimed = box.claim()
    box.fail_stale(at=claimed.claimed_at + CLAIM_HOLDS * 2)
    box.mark_refused(claimed, "too late")
    assert states(store) == ["failed"]


def test_what_waited_for_a_month_is_no_news(box, store):
    published(store, TO_PROVIDER)
    assert box.fail_stale(at=now() + TOO_OLD_AFTER - timedelta(hours=1)) == 0
    assert box.fail_stale(at=now() + TOO_OLD_AFTER + timedelta(hours=1)) == 1
    assert states(store) == ["failed"]


# --- by hand --------------------------------------------------------------------------------------


def test_a_person_has_a_failed_delivery_sent_again_and_it_is_on_record(box, store):
    published(store, TO_PROVIDER)
    claimed = box.claim()
    box.mark_unsure(claimed, "the line broke")
    box.send_again(claimed.id, by="ana")
    again = box.claim()
    assert again is not None
    assert (again.id, again.attempts) == (claimed.id, 0)
    entry = AuditTrail(store).last()
    assert entry is not None
    assert (entry.actor, entry.action) == ("ana", "delivery.again")


def test_only_a_failed_delivery_of_a_standing_edition_is_sent_again(box, store):
    number = published(store, TO_PROVIDER)
    with pytest.raises(PublicationRefused, match="is waiting"):
        box.send_again(1, by="ana")
    box.mark_unsure(box.claim(), "?")
    withdraw(store, number)
    with pytest.raises(PublicationRefused, match="withdrawn"):
        box.send_again(1, by="ana")
    with pytest.raises(NotKnown):
        box.send_again(99, by="ana")


def test_a_webhook_that_is_not_in_use_is_not_known(box, webhooks):
    _, secret = webhooks.add("https://one.example/", by="hana")
    assert webhooks.secret(1) == ("https://one.example/", secret)
    webhooks.disable(1, by="hana")
    for ask in (lambda: webhooks.secret(1), lambda: webhooks.disable(1, by="hana")):
        with pytest.raises(NotKnown):
            ask()


def test_who_was_told_of_an_edition_hears_that_it_is_withdrawn_and_nobody_else(
    box, store, webhooks
):
    webhooks.add("https://one.example/", by="hana")
    number = published(store, TO_PROVIDER)
    while claimed := box.claim():
        box.mark_sent(claimed)
    webhooks.add("https://late.example/", by="hana")
    withdraw(store, number, notices=[replace(TO_PROVIDER, subject="Withdrawn", text="Not so.")])
    told = []
    while claimed := box.claim():
        told.append((claimed.url or claimed.email, claimed.event, claimed.subject))
        box.mark_refused(claimed, "it answered 500", at=claimed.claimed_at)
        assert "waiting" in states(store)  # it is tried again, though its edition is withdrawn
        box.mark_sent(claimed)
    assert sorted(told) == [
        ("https://one.example/", "withdrawn", ""),
        (TO_PROVIDER.email, "withdrawn", "Withdrawn"),
    ]


def test_what_was_never_sent_needs_no_word_of_its_withdrawal(box, store, webhooks):
    webhooks.add("https://one.example/", by="hana")
    withdraw(store, published(store, TO_PROVIDER))
    assert box.claim() is None
    assert set(states(store)) == {"cancelled"}


# --- published anew -------------------------------------------------------------------------------

CORRECTED = replace(TO_PROVIDER, subject="Withdrawn", text="Not so.")


def published_anew(store: Store, draft: int, *told: Announcement) -> int:
    corrections = [] if told else [CORRECTED]
    publication = Publication(
        small_edition(),
        FROM,
        None,
        draft,
        artefacts=simple_artefacts(),
        maker="test",
        notices=told,
        corrections=corrections,
    )
    return store.publish([publication], expected=store.state())[0]


def sent(box: Outbox) -> list[str]:
    gone = []
    while claimed := box.claim():
        gone.append(claimed.text or claimed.event)
        box.mark_sent(claimed)
    return gone


@pytest.fixture
def draft(box, store) -> int:
    change = RenameCatchment(AHI, "Ahi Nui")
    return store.add_to_draft(change, draft_id=None, title="Named", base_number=None)


OTHERWISE = replace(TO_PROVIDER, text="Otherwise.")


@pytest.mark.parametrize(
    ("went_out", "forms", "hears"),
    [
        # What still waited of the form that was replaced is not sent, unless it holds as it is.
        (False, [[TO_PROVIDER], []], []),
        (False, [[TO_PROVIDER], [OTHERWISE]], ["Otherwise."]),
        (False, [[TO_PROVIDER], [TO_PROVIDER]], ["Kia ora"]),
        (False, [[TO_PROVIDER], [OTHERWISE], [TO_PROVIDER]], ["Kia ora"]),
        # Whoever had it and is told nothing of the new form is told that it no longer holds: once.
        (True, [[TO_PROVIDER], []], ["Kia ora", "Not so."]),
        (True, [[TO_PROVIDER], [], []], ["Kia ora", "Not so."]),
        (True, [[TO_PROVIDER], [], [TO_PROVIDER]], ["Kia ora", "Not so.", "Kia ora"]),
        (True, [[TO_PROVIDER], [OTHERWISE]], ["Kia ora", "Otherwise."]),
        (True, [[TO_PROVIDER], [TO_PROVIDER]], ["Kia ora"]),
        (True, [[], [TO_SCHOOL], []], []),
    ],
)
def test_what_an_earlier_form_told_is_not_sent_or_is_taken_back(
    box, store, draft, went_out, forms, hears
):
    gone = []
    for told in forms:
        published_anew(store, draft, *told)
        gone += sent(box) if went_out else []
    assert gone + sent(box) == hears


def test_what_was_told_then_called_off_unsent_and_now_so_again_is_no_news(box, store, draft):
    published_anew(store, draft, TO_PROVIDER)
    assert sent(box) == ["Kia ora"]
    published_anew(store, draft, OTHERWISE)
    published_anew(store, draft, TO_PROVIDER)
    assert sent(box) == []


def test_a_webhook_is_called_of_every_form(box, store, webhooks, draft):
    webhooks.add("https://one.example/", by="hana")
    published_anew(store, draft)
    published_anew(store, draft)
    assert sent(box) == ["published"] * 2


def test_what_was_taken_back_while_it_was_being_sent_is_not_tried_again(box, store, draft):
    published_anew(store, draft, TO_PROVIDER)
    claimed = box.claim()
    published_anew(store, draft)
    box.mark_refused(claimed, "it answered 451")
    assert states(store) == ["cancelled", "waiting"]
    assert sent(box) == ["Not so."]


def test_what_failed_and_was_taken_back_is_not_sent_again_by_hand(box, store, draft):
    published_anew(store, draft, TO_PROVIDER)
    box.mark_unsure(box.claim(), "the line broke")
    published_anew(store, draft)
    with pytest.raises(PublicationRefused, match="published anew since"):
        box.send_again(1, by="ana")


def test_a_correction_is_sent_though_the_new_form_is_withdrawn(box, store, draft):
    published_anew(store, draft, TO_PROVIDER)
    sent(box)
    withdraw(store, published_anew(store, draft))
    assert sent(box) == ["Not so."]
