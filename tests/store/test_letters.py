"""Letters to a person: queued with the deed, claimed once, and no secret in them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from catchments.core.errors import NotKnown
from catchments.core.mail_server import MailServer
from catchments.core.settings import Settings
from catchments.editions.delivery import DeliveryWorker
from catchments.store.accounts import letters as rooms
from catchments.store.accounts.letters import TOO_OLD_AFTER, Letter, Letters, enqueue
from catchments.store.accounts.people import People, by_id
from catchments.store.engine import now
from catchments.store.outbox import mail_sending
from catchments.store.outbox.mail_sending import NotTaken
from tests.staff import PASSWORD, add_person
from tests.worlds import HOSTILE

WRONG = "wrong horse battery staple"
ADDRESS = "https://attendance.example"
SERVER = MailServer("127.0.0.1", 25, "attendance@ministry.example")


@pytest.fixture
def hana(store):
    return add_person(store, "hana")


def kinds(store, person):
    return [each.kind for each in Letters(store).to(person.id)]


def told(store, person, kind=Letter.FACTOR_ADDED, **facts):
    with store.writing() as connection:
        enqueue(connection, person, kind, **facts)
    return Letters(store, ADDRESS).claim()


def test_a_letter_says_what_was_done_when_and_what_to_do_and_leads_nowhere_else(store, hana):
    claimed = told(store, hana, what="an app", by="hana", secret=PASSWORD)
    assert claimed.email == hana.email
    assert claimed.is_email
    assert "Kia ora Hana of the Ministry" in claimed.text
    assert "Account: hana" in claimed.text
    assert "Which: an app" in claimed.text
    assert "If that was not you, tell an administrator" in claimed.text
    assert claimed.text.count("http") == 1
    assert f"The service: {ADDRESS}\n" in claimed.text
    assert PASSWORD not in claimed.text, "only what a letter may name"


def test_hostile_facts_stay_one_line(store, hana):
    claimed = told(store, hana, by=f"{HOSTILE}\r\nBcc: x@evil.example\x00\u202e" * 50)
    line = next(line for line in claimed.text.splitlines() if line.startswith("By: "))
    assert len(line) < 210
    assert "\nBcc" not in claimed.text


@pytest.mark.parametrize("kind", Letter)
def test_every_kind_has_its_words(store, hana, kind):
    claimed = told(store, hana, kind)
    assert claimed.subject
    assert len(claimed.text) > 100


def test_a_letter_is_claimed_once_and_tried_again_where_it_was_not_taken(store, hana):
    claimed = told(store, hana)
    box = Letters(store)
    assert box.claim() is None
    box.mark_refused(claimed, "451 later")
    again = box.claim(at=now() + timedelta(minutes=2))
    assert (again.id, again.attempts, again.fingerprint) == (claimed.id, 1, claimed.fingerprint)
    box.mark_sent(again)
    assert [each.state for each in box.to(hana.id)] == ["sent"]


def test_without_a_mail_server_nothing_is_claimed_and_it_ends_as_no_news(store, hana, monkeypatch):
    with store.writing() as connection:
        enqueue(connection, hana, Letter.DEVICE)
    box = Letters(store)
    assert box.claim(emails=False) is None
    assert box.fail_stale(at=now() + TOO_OLD_AFTER + timedelta(minutes=1)) == 1
    assert [each.state for each in box.to(hana.id)] == ["failed"]


def test_the_courier_of_notices_takes_them(store, hana, monkeypatch):
    sent = []
    monkeypatch.setattr(mail_sending, "send_email", lambda _, claimed: sent.append(claimed))
    with store.writing() as connection:
        enqueue(connection, hana, Letter.PASSWORD, by="ana")
    courier = DeliveryWorker(Letters(store), Settings(mail=SERVER), lambda _: None)
    assert (courier.send_due(), courier.send_due()) == (1, 0)
    assert [each.subject for each in sent] == ["Your account has a new password"]


def test_a_server_that_does_not_take_it_is_asked_again(store, hana, monkeypatch):
    def refuse(server, claimed):
        raise NotTaken("451 later")

    monkeypatch.setattr(mail_sending, "send_email", refuse)
    with store.writing() as connection:
        enqueue(connection, hana, Letter.PASSWORD)
    assert DeliveryWorker(Letters(store), Settings(mail=SERVER), lambda _: None).send_due() == 0
    assert [each.state for each in Letters(store).to(hana.id)] == ["waiting"]


# --- what they tell of ----------------------------------------------------------------------------


def test_a_lock_is_told_once_however_often_somebody_guesses(store, hana, monkeypatch):
    people = People(store)
    for _ in range(12):
        people.sign_in("hana", WRONG)
    assert kinds(store, hana) == ["lock"]
    real = rooms.now
    monkeypatch.setattr(rooms, "now", lambda: real() + timedelta(hours=25))
    people.enable("hana")
    for _ in range(5):
        people.sign_in("hana", WRONG)
    assert kinds(store, hana) == ["lock", "lock"], "a day later it is news again"


def test_nobody_is_told_of_a_login_that_nobody_has_or_of_a_disabled_account(store, hana):
    people = People(store)
    people.disable("hana")
    for login in ("nobody", "hana"):
        for _ in range(6):
            people.sign_in(login, WRONG)
    assert kinds(store, hana) == []


@pytest.mark.parametrize("by", ["hana", "ana"])
def test_a_new_password_is_told_whoever_made_it(store, hana, by):
    People(store).set_password("hana", "another long password", by=by)
    claimed = Letters(store).claim()
    assert f"By: {by}" in claimed.text
    assert "another long password" not in claimed.text


def test_what_fails_is_told_nobody(store, hana):
    def falls():
        with store.writing() as connection:
            enqueue(connection, hana, Letter.PASSWORD)
            by_id(connection, 999)

    with pytest.raises(NotKnown):
        falls()
    assert kinds(store, hana) == []
