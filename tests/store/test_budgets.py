"""Budgets of wrong guesses: whose they are, who cannot use up whose, and what a flood does."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from catchments.store import schema
from catchments.store.accounts import guess_budgets, hashing
from catchments.store.accounts.guess_budgets import (
    FAILURES_ALLOWED,
    OF_A_NETWORK,
    OF_A_WIDER_NETWORK,
    Asker,
    Kind,
    TooManyGuesses,
    own_purse,
)
from catchments.store.accounts.hashing import Lane, TooBusy
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from tests.staff import PASSWORD, add_person
from tests.waiting import PATIENCE_S, wait_until
from tests.worlds import at_once, opened

WRONG = "wrong horse battery staple"
KEY = b"k" * 32


@pytest.fixture
def people(store):
    return People(store)


@pytest.fixture
def hana(store):
    return add_person(store, "hana")


def at(address: str, *wider: str, **more) -> Asker:
    return Asker(KEY, networks=(address, *wider), **more)


def rows(store) -> int:
    with store.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(schema.sign_in_budget))


def wait(monkeypatch, moment):
    real = guess_budgets.now
    monkeypatch.setattr(guess_budgets, "now", lambda: real() + moment)


def entries(store, action):
    found = AuditTrail(store).entries(matching={"action": action}, at_most=999)
    return [json.loads(each.detail) for each in found]


# --- whose budget ---------------------------------------------------------------------------------


def test_strangers_cannot_lock_out_a_browser_that_signed_in_before(people, hana):
    for n in range(20):
        people.sign_in("hana", WRONG, asker=at(f"198.51.100.{n}"))
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1")) is None, "a stranger, to us"
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1", device="desk"))


def test_strangers_cannot_keep_somebody_who_is_signed_in_from_confirming(people, hana):
    for n in range(20):
        people.sign_in("hana", WRONG, asker=at(f"198.51.100.{n}"))
    here = Asker(KEY, is_signed_in=True)
    assert people.sign_in("hana", PASSWORD, action="person.confirm", asker=here)


def test_the_step_that_confirms_has_an_end_too_and_locks_no_door(people, hana):
    here = Asker(KEY, is_signed_in=True)
    for _ in range(FAILURES_ALLOWED):
        assert people.sign_in("hana", WRONG, asker=here) is None
    assert people.sign_in("hana", PASSWORD, asker=here) is None
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1"))


def test_a_known_browser_that_guesses_is_a_stranger_from_then_on(people, hana):
    thief = at("198.51.100.1", device="desk")
    tries = 0
    while True:
        try:
            people.sign_in("hana", WRONG, asker=thief)
        except TooManyGuesses:
            break
        tries += 1
        if tries == 2 * FAILURES_ALLOWED:
            break
    assert people.sign_in("hana", PASSWORD, asker=thief) is None
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.9", device="another"))


def test_a_mark_that_is_replayed_at_another_login_is_counted_for_that_one(store, people, hana):
    add_person(store, "ana")
    for _ in range(FAILURES_ALLOWED):
        people.sign_in("ana", WRONG, asker=at("198.51.100.1", device="desk"))
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1", device="desk"))


@pytest.mark.parametrize(
    ("networks", "at_most"),
    [(("198.51.100.1",), OF_A_NETWORK), (("2001:db8::/64", "2001:db8::/48"), OF_A_NETWORK)],
)
def test_one_address_guesses_at_so_many_logins_and_no_more_whether_or_not_they_exist(
    store, people, hana, networks, at_most
):
    stranger = Asker(KEY, networks=networks)
    for n in range(at_most):
        assert people.sign_in(f"nobody{n}", WRONG, asker=stranger) is None
    for login in ("nobody", "hana"):
        with pytest.raises(TooManyGuesses, match="your network"):
            people.sign_in(login, PASSWORD, asker=stranger)
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1")), "others go on"
    assert people.sign_in("hana", PASSWORD, asker=Asker(KEY, networks, device="desk"))


def test_many_networks_of_one_site_have_one_budget_together(people):
    for n in range(OF_A_WIDER_NETWORK):
        people.sign_in(f"nobody{n}", WRONG, asker=at(f"2001:db8:0:{n}::/64", "2001:db8::/48"))
    with pytest.raises(TooManyGuesses):
        people.sign_in("one", WRONG, asker=at("2001:db8:0:ffff::/64", "2001:db8::/48"))


def test_the_window_of_a_network_ends_and_signing_in_does_not_shorten_it(
    store, people, hana, monkeypatch
):
    stranger = at("198.51.100.1")
    for n in range(OF_A_NETWORK - 1):
        people.sign_in(f"nobody{n}", WRONG, asker=stranger)
    assert people.sign_in("hana", PASSWORD, asker=stranger), "one who has an account themselves"
    people.sign_in("last", WRONG, asker=stranger)
    with pytest.raises(TooManyGuesses):
        people.sign_in("hana", PASSWORD, asker=stranger)
    wait(monkeypatch, timedelta(minutes=10, seconds=1))
    assert people.sign_in("hana", PASSWORD, asker=stranger)


@pytest.mark.parametrize("login", ["hana", "nobody", "", "\x00", "hāna", "’hana", "password1234"])
def test_a_login_that_nobody_has_is_locked_as_any_other(store, people, hana, login, monkeypatch):
    hashed = []

    class Counting:
        def verify(self, kept, given):
            hashed.append(kept)
            return hasher.verify(kept, given)

        hash = staticmethod(hashing.HASHER.hash)

    hasher = hashing.HASHER
    monkeypatch.setattr(hashing, "HASHER", Counting())
    for n in range(FAILURES_ALLOWED + 3):
        assert people.sign_in(login, WRONG, asker=at(f"198.51.100.{n}")) is None
    assert len(hashed) == FAILURES_ALLOWED, "no hash once it is locked, of whomever it is"


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(days=-400), timedelta(days=400)])
def test_no_lock_outlasts_the_longest_wherever_the_clock_jumps(people, hana, monkeypatch, jump):
    for n in range(20):
        people.sign_in("hana", WRONG, asker=at(f"198.51.100.{n}"))
    wait(monkeypatch, jump)
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1"))


def test_guesses_at_once_count_like_as_many_in_turn(store, people, hana):
    guesses = [
        lambda n=n: people.sign_in("hana", WRONG, asker=at(f"198.51.100.{n}")) for n in range(8)
    ]
    at_once(*guesses)
    failed = entries(store, "person.sign-in.fail")
    assert len(failed) == FAILURES_ALLOWED
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1")) is None


def test_budgets_hold_over_workers_and_restarts(store, people, hana):
    for n in range(FAILURES_ALLOWED):
        people.sign_in("hana", WRONG, asker=at(f"198.51.100.{n}"))
    with opened(store.url) as other:
        assert People(other).sign_in("hana", PASSWORD, asker=at("192.0.2.1")) is None


def test_an_administrator_opens_a_login_and_the_step_that_confirms(people, hana):
    here = Asker(KEY, is_signed_in=True)
    for _ in range(FAILURES_ALLOWED):
        people.sign_in("hana", WRONG, asker=at("198.51.100.1"))
        people.sign_in("hana", WRONG, asker=here)
    people.enable("hana")
    assert people.sign_in("hana", PASSWORD, asker=at("192.0.2.1"))
    assert people.sign_in("hana", PASSWORD, asker=here)


# --- what is kept ---------------------------------------------------------------------------------


def test_nothing_is_kept_of_what_was_typed_or_of_an_address(store, people):
    secret = "my real password, typed too early"
    people.sign_in(secret, WRONG, asker=at("198.51.100.77"))
    with store.reading() as connection:
        kept = str(connection.execute(sa.select(schema.sign_in_budget)).all())
        kept += str(connection.execute(sa.select(schema.audit_entry)).all())
    assert secret not in kept
    assert "198.51.100.77" not in kept
    other = Asker(b"another key", ("198.51.100.77",)).purse(Kind.LOGIN, secret)
    assert other.key not in kept, "and its digest is nobody's to compare who has not the key"


def test_a_guess_that_is_refused_writes_nothing(store, people, monkeypatch):
    stranger = at("198.51.100.1")
    for n in range(OF_A_NETWORK):
        people.sign_in(f"nobody{n}", WRONG, asker=stranger)
    monkeypatch.setattr(type(store), "writing", None)
    with pytest.raises(TooManyGuesses):
        people.sign_in("nobody", WRONG, asker=stranger)


def test_what_is_over_is_forgotten(store, people, monkeypatch):
    for n in range(10):
        people.sign_in(f"nobody{n}", WRONG, asker=at(f"198.51.100.{n}"))
    assert rows(store) > 10
    wait(monkeypatch, timedelta(hours=7))
    people.sign_in("another", WRONG, asker=at("192.0.2.1"))
    assert rows(store) <= 3


# --- logins that nobody has -----------------------------------------------------------------------


def test_unknown_logins_are_on_record_once_a_window_with_their_number(store, people, monkeypatch):
    for n in range(9):
        people.sign_in(f"nobody{n}", WRONG, asker=at(f"198.51.100.{n}"))
    assert entries(store, "sign-in.unknown") == [{"attempts": 1}]
    wait(monkeypatch, timedelta(minutes=11))
    people.sign_in("nobody", WRONG, asker=at("192.0.2.1"))
    assert sum(each["attempts"] for each in entries(store, "sign-in.unknown")) == 10
    assert len(entries(store, "sign-in.unknown")) == 3


def test_whoever_signs_in_next_has_the_rest_told(store, people, hana, monkeypatch):
    for n in range(4):
        people.sign_in(f"nobody{n}", WRONG, asker=at(f"198.51.100.{n}"))
    wait(monkeypatch, timedelta(hours=30))
    people.sign_in("hana", PASSWORD, asker=at("192.0.2.1"))
    assert sum(each["attempts"] for each in entries(store, "sign-in.unknown")) == 4


# --- once -----------------------------------------------------------------------------------------


def test_once_is_once_a_minute_for_all_workers(store, monkeypatch):
    purse = own_purse(Kind.REFUSED, "hana")

    def asked():
        with store.writing() as connection:
            return guess_budgets.once(connection, purse, timedelta(minutes=1))

    assert sorted(at_once(*[asked] * 4)) == [False, False, False, True]
    wait(monkeypatch, timedelta(seconds=61))
    assert (asked(), asked()) == (True, False)


# --- the line before a hash -----------------------------------------------------------------------


class Guest(threading.Thread):
    """Somebody who holds a slot until they are let go."""

    def __init__(self, lane: Lane, network: str, failures: int = 0) -> None:
        super().__init__(daemon=True)
        self.lane, self.network, self.failures = lane, network, failures
        self.served, self.leave, self.refused = threading.Event(), threading.Event(), False
        self.start()

    def run(self) -> None:
        try:
            with self.lane.slot(self.network, self.failures):
                self.served.set()
                self.leave.wait(PATIENCE_S)
        except TooBusy:
            self.refused = True


def served_in_turn(guests: list[Guest], first: Guest) -> list[str]:
    order, held = [], first
    left = list(guests)
    while left:
        held.leave.set()
        wait_until(lambda: any(each.served.is_set() for each in left), "the next is called")
        held = next(each for each in left if each.served.is_set())
        left.remove(held)
        order.append(held.network)
    held.leave.set()
    return order


def test_networks_take_turns_and_those_that_failed_come_last(monkeypatch):
    monkeypatch.setattr(hashing, "PATIENCE_S", PATIENCE_S)
    lane = Lane()
    first = Guest(lane, "x")
    assert first.served.wait(PATIENCE_S)
    line = [("flood", 0), ("flood", 0), ("flood", 0), ("guesser", 9), ("office", 0)]
    guests = []
    for n, each in enumerate(line, 1):
        guests.append(Guest(lane, *each))
        wait_until(lambda n=n: len(lane._line) == n, "they stand in line")
    order = served_in_turn(guests, first)
    assert order == ["flood", "office", "flood", "flood", "guesser"]


def test_where_the_line_is_full_whoever_is_last_in_rank_goes(monkeypatch):
    monkeypatch.setattr(hashing, "PATIENCE_S", PATIENCE_S)
    lane = Lane(waiting_at_most=2)
    first = Guest(lane, "x")
    assert first.served.wait(PATIENCE_S)
    guests = []
    for n in range(1, 3):
        guests.append(Guest(lane, "flood", 5))
        wait_until(lambda n=n: len(lane._line) == n, "they stand in line")
    guests.append(Guest(lane, "office"))
    wait_until(lambda: guests[1].refused, "the flood's last one is refused")
    refused = Guest(lane, "flood", 9)
    wait_until(lambda: refused.refused, "the line is full")
    assert served_in_turn([guests[0], guests[2]], first) == ["office", "flood"]


def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(hashing, "PATIENCE_S", 0.01)
    lane = Lane()
    first = Guest(lane, "x")
    assert first.served.wait(PATIENCE_S)
    with pytest.raises(TooBusy), lane.slot("y"):
        pass
    assert len(lane._line) == 0
    first.leave.set()
    wait_until(lambda: not first.is_alive(), "the first has left")
    with lane.slot("y"):
        assert len(lane._line) == 0


def test_strangers_hold_no_slot_of_those_who_are_known():
    with (
        Asker().lane().slot("flood"),
        Asker(device="desk").lane().slot(),
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr(hashing, "PATIENCE_S", 0.01)
        with pytest.raises(TooBusy), Asker().lane().slot("another"):
            pass
    assert Asker(is_signed_in=True).lane() is Asker(device="desk").lane()
