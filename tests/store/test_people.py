"""Accounts: who there is, what ends a session, and how wrong passwords lock an account."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.errors import InputRefused, NotKnown
from catchments.core.roles import Action, Role
from catchments.store.accounts import guess_budgets, hashing, rows
from catchments.store.accounts.guess_budgets import lock_after
from catchments.store.accounts.passwords import checked_password
from catchments.store.accounts.people import People
from catchments.store.accounts.sessions import Sessions
from catchments.store.integrity.audit import AuditTrail
from tests.staff import PASSWORD, add_person
from tests.worlds import HOSTILE, at_once

WRONG = "wrong horse battery staple"
SUBJECT = "1234 at https://login.example"


@pytest.fixture
def people(store):
    return People(store)


def entries(store):
    return [(e.actor, e.action, e.subject) for e in AuditTrail(store).entries(at_most=99)][::-1]


def epoch(people, person):
    return people.account(person.id).epoch


def wait(monkeypatch, moment):
    """Let the store believe that so much time has gone by."""
    real = guess_budgets.now
    for module in (guess_budgets, rows):
        monkeypatch.setattr(module, "now", lambda: real() + moment)


# --- accounts -------------------------------------------------------------------------------------


def test_an_account_is_found_by_its_login_however_it_is_typed(store, people):
    made = add_person(store, "Hana.Mei@Ministry.example", Role.EDITOR)
    assert made.login == "hana.mei@ministry.example"
    assert people.person(" HANA.MEI@ministry.example ") == made
    assert people.sign_in("Hana.Mei@MINISTRY.example", PASSWORD) == made


def test_two_people_cannot_have_the_same_login(store):
    add_person(store, "hana")
    with pytest.raises(InputRefused, match="“hana” already"):
        add_person(store, "HANA")


def test_of_two_accounts_made_at_once_with_one_login_one_is_made(store):
    made = at_once(*[lambda: add_person(store, "hana")] * 2)
    assert sorted(type(each).__name__ for each in made) == ["InputRefused", "Person"]
    assert len(People(store).all()) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"login": ""}, "login"),
        ({"login": "a b"}, "login"),
        ({"login": HOSTILE}, "login"),
        ({"login": "a" * 101}, "login"),
        ({"login": "a" * 10_000_000}, "login"),
        ({"name": " "}, "name"),
        ({"name": "Two\nlines"}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "a@b.nz\r\nBcc: c@d.nz"}, "email"),
        ({"roles": ()}, "roles"),
        ({"password": "elevenchars"}, "password"),
        ({"password": "p" * 1001}, "password"),
    ],
)
def test_what_will_not_do_is_refused_by_its_field(store, people, changes, field):
    given = {"login": "hana", "name": "Hana", "email": "hana@ministry.example"}
    with pytest.raises(InputRefused) as refused:
        people.add(**{**given, "roles": {Role.READER}, "password": PASSWORD, **changes})
    assert refused.value.field == field
    assert people.all() == []


def test_a_name_may_hold_anything_that_is_one_line(store, people):
    made = people.add(
        login="h", name=HOSTILE, email="h@ministry.example", roles={Role.READER}, password=PASSWORD
    )
    assert people.person("h").name == made.name == HOSTILE


def test_a_refusal_never_repeats_the_password(store):
    with pytest.raises(InputRefused) as refused:
        checked_password("elevenchars")
    assert "elevenchars" not in str(refused.value)
    assert "12 to 1,000" in str(refused.value)


@pytest.mark.parametrize("deed", ["set_roles", "disable", "enable", "set_password", "unlink"])
def test_nothing_is_done_to_an_account_that_is_not_there(store, people, deed):
    given = {"set_roles": [{Role.READER}], "set_password": [PASSWORD]}.get(deed, [])
    with pytest.raises(NotKnown, match="no account “nobody”"):
        getattr(people, deed)("nobody", *given)


def test_what_a_person_may_do_follows_their_roles(store, people):
    add_person(store, "ana", Role.ADMINISTRATOR)
    hana = add_person(store, "hana", Role.EDITOR, Role.READER)
    assert hana.may(Action.EDIT)
    people.set_roles("hana", {Role.APPROVER})
    hana = people.person("hana")
    assert (hana.may(Action.EDIT), hana.may(Action.REVIEW)) == (False, True)
    people.disable("hana")
    assert not any(people.person("hana").may(action) for action in Action)


# --- what ends sessions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "deed",
    [
        lambda people: people.set_roles("hana", {Role.APPROVER}),
        lambda people: people.disable("hana"),
        lambda people: people.enable("hana"),
        lambda people: people.set_password("hana", PASSWORD),
        lambda people: Sessions(people._database).end_all(people.person("hana"), by="ana"),
        lambda people: people.unlink("hana"),
    ],
)
def test_whatever_changes_an_account_ends_its_sessions_and_no_others(store, people, deed):
    hana, other = add_person(store, "hana"), add_person(store, "other")
    before = epoch(people, hana), epoch(people, other)
    deed(people)
    assert epoch(people, hana) > before[0]
    assert epoch(people, other) == before[1]


def test_giving_somebody_the_roles_that_they_have_changes_nothing(store, people):
    hana = add_person(store, "hana", Role.EDITOR)
    before = epoch(people, hana), entries(store)
    people.set_roles("hana", {Role.EDITOR})
    assert (epoch(people, hana), entries(store)) == before


# --- administrators -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["ana", "command line"])
@pytest.mark.parametrize("deed", ["disable", "set_roles"])
def test_the_last_administrator_stays_one(store, people, by, deed):
    add_person(store, "ana", Role.ADMINISTRATOR)
    gone = add_person(store, "gone", Role.ADMINISTRATOR)
    people.disable(gone.login)
    with pytest.raises(InputRefused):
        getattr(people, deed)("ana", *([{Role.EDITOR}] if deed == "set_roles" else []), by=by)
    assert people.person("ana").may(Action.ADMINISTER)


def test_administrators_cannot_give_themselves_up_but_another_can_do_it(store, people):
    for login in ("ana", "ben"):
        add_person(store, login, Role.ADMINISTRATOR)
    with pytest.raises(InputRefused, match="from yourself"):
        people.set_roles("ana", {Role.EDITOR}, by="ana")
    with pytest.raises(InputRefused, match="your own account"):
        people.disable("ana", by="ana")
    people.disable("ana", by="ben")
    assert people.person("ana").disabled_at


def test_of_two_administrators_who_remove_each_other_one_stays(store, people):
    for login in ("ana", "ben"):
        add_person(store, login, Role.ADMINISTRATOR)
    done = at_once(lambda: people.disable("ana", by="ben"), lambda: people.disable("ben", by="ana"))
    assert sorted(type(each).__name__ for each in done) == ["InputRefused", "NoneType"]
    assert sum(p.may(Action.ADMINISTER) for p in people.all()) == 1


# --- signing in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("hana", WRONG),
        ("hana", ""),
        ("hana", PASSWORD.upper()),
        ("hana", PASSWORD + " "),
        ("hana", "p" * 10_000_000),
        ("nobody", PASSWORD),
        ("", ""),
        ("' OR 1=1 --", PASSWORD),
        ("elsewhere", ""),
        ("elsewhere", PASSWORD),
        ("gone", PASSWORD),
    ],
)
def test_nobody_signs_in_but_with_their_own_password(store, people, login, password):
    add_person(store, "hana")
    add_person(store, "elsewhere", password="")
    add_person(store, "gone")
    people.disable("gone")
    assert people.sign_in(login, password) is None


def test_a_password_is_the_same_however_its_letters_are_composed(store, people):
    add_person(store, "hana", password="kereru\u0304 batteries hopping")
    assert people.sign_in("hana", "kerer\u016b batteries hopping")


def test_an_unknown_login_costs_as_much_hashing_as_a_wrong_password(store, people, monkeypatch):
    add_person(store, "hana")
    add_person(store, "gone")
    people.disable("gone")
    people.sign_in("nobody", WRONG)
    verified = []

    class Counting:
        def verify(self, kept, given):
            verified.append(kept.split("$")[3])
            return hasher.verify(kept, given)

    hasher = hashing.HASHER
    monkeypatch.setattr(hashing, "HASHER", Counting())
    for login in ("hana", "nobody", "gone", ""):
        people.sign_in(login, WRONG)
    assert len(verified) == 4
    assert len(set(verified)) == 1, "the same memory and rounds for each"


def test_five_failures_lock_an_account_and_time_opens_it(store, people, monkeypatch):
    add_person(store, "hana")
    for _ in range(4):
        assert people.sign_in("hana", WRONG) is None
    assert people.sign_in("hana", PASSWORD), "four are allowed, and forgotten after one that fits"
    for _ in range(5):
        people.sign_in("hana", WRONG)
    assert people.sign_in("hana", PASSWORD) is None
    wait(monkeypatch, timedelta(seconds=59))
    assert people.sign_in("hana", PASSWORD) is None
    wait(monkeypatch, timedelta(seconds=2))
    assert people.sign_in("hana", PASSWORD)


def test_each_failure_after_that_locks_for_twice_as_long_up_to_an_hour():
    locks = [lock_after(failures) for failures in range(1, 14)]
    minutes = [lock and lock.total_seconds() / 60 for lock in locks]
    assert minutes == [None] * 4 + [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(st.integers(min_value=5, max_value=10**9))
def test_however_many_failures_a_lock_lasts_from_a_minute_to_an_hour(failures):
    assert timedelta(minutes=1) <= lock_after(failures) <= timedelta(hours=1)
    assert lock_after(failures) <= lock_after(failures + 1)


def test_many_guesses_at_once_count_like_as_many_in_turn(store, people):
    add_person(store, "hana")
    at_once(*[lambda: people.sign_in("hana", WRONG)] * 8)
    assert people.sign_in("hana", PASSWORD) is None
    fails = [action for _, action, _ in entries(store) if action == "person.sign-in.fail"]
    assert len(fails) == 5, "a guess at a locked account counts for nothing"


@pytest.mark.parametrize(
    "deed",
    [lambda people: people.enable("hana"), lambda people: people.set_password("hana", PASSWORD)],
)
def test_an_administrator_can_open_a_locked_account(store, people, deed):
    add_person(store, "hana")
    for _ in range(5):
        people.sign_in("hana", WRONG)
    deed(people)
    assert people.sign_in("hana", PASSWORD)


# --- through a provider ---------------------------------------------------------------------------


def test_the_first_sign_in_elsewhere_is_matched_by_email_the_next_by_subject(store, people):
    hana = add_person(store, "hana", password="")
    assert people.sign_in_elsewhere(SUBJECT, "HANA@ministry.example").id == hana.id
    assert people.sign_in_elsewhere(SUBJECT, "new.name@ministry.example").id == hana.id
    assert people.sign_in_elsewhere("other", "hana@ministry.example") is None, "it is taken"


@pytest.mark.parametrize("email", ["", "stranger@ministry.example", "shared@ministry.example"])
def test_nobody_gets_an_account_by_an_email_that_is_not_one_accounts_alone(store, people, email):
    for login in ("one", "two"):
        people.add(login=login, name=login, email="shared@ministry.example", roles={Role.READER})
    assert people.sign_in_elsewhere(SUBJECT, email) is None
    assert all(not person.subject for person in people.all())


def test_a_disabled_account_is_closed_to_a_provider_too(store, people):
    add_person(store, "hana")
    people.sign_in_elsewhere(SUBJECT, "hana@ministry.example")
    people.disable("hana")
    assert people.sign_in_elsewhere(SUBJECT, "hana@ministry.example") is None


def test_roles_that_a_provider_gives_replace_those_of_the_account(store, people):
    hana = add_person(store, "hana", Role.ADMINISTRATOR, password="")
    before = epoch(people, hana)
    signed_in = people.sign_in_elsewhere(
        SUBJECT, "hana@ministry.example", roles={Role.EDITOR, Role.APPROVER}
    )
    assert signed_in.roles == {Role.EDITOR, Role.APPROVER}
    assert epoch(people, hana) > before
    assert people.sign_in_elsewhere(SUBJECT, "", roles=frozenset()) is None


def test_an_account_that_is_unlinked_is_matched_by_email_again(store, people):
    add_person(store, "hana", password="")
    people.sign_in_elsewhere(SUBJECT, "hana@ministry.example")
    people.unlink("hana")
    assert people.sign_in_elsewhere("new", "hana@ministry.example").subject == "new"


# --- the record -----------------------------------------------------------------------------------


def test_all_of_it_is_on_record_and_no_password_ever(store, people):
    add_person(store, "ana", Role.ADMINISTRATOR)
    add_person(store, "hana")
    people.sign_in("hana", WRONG)
    people.sign_in("hana", PASSWORD)
    people.sign_in("nobody", WRONG)
    people.set_password("hana", "another long password", by="hana")
    people.set_roles("hana", {Role.EDITOR}, by="ana")
    people.disable("hana", by="ana")
    people.enable("hana", by="ana")
    people.sign_in_elsewhere_only("hana", by="ana")
    people.sign_in_elsewhere(SUBJECT, "hana@ministry.example")
    assert entries(store) == [
        ("command line", "person.add", "person ana"),
        ("command line", "person.add", "person hana"),
        ("hana", "person.sign-in.fail", "person hana"),
        ("hana", "person.sign-in", "person hana"),
        ("somebody unknown", "sign-in.unknown", "unknown logins"),
        ("hana", "person.password", "person hana"),
        ("ana", "person.roles", "person hana"),
        ("ana", "person.disable", "person hana"),
        ("ana", "person.enable", "person hana"),
        ("ana", "person.elsewhere", "person hana"),
        ("hana", "person.link", "person hana"),
        ("hana", "person.sign-in", "person hana"),
    ]
    details = [json.loads(entry.detail) for entry in AuditTrail(store).entries(at_most=99)]
    assert {"before": "reader", "after": "editor"} in details
    said = json.dumps(details)
    assert not any(word in said for word in (WRONG, PASSWORD, "another long", "argon2"))


def test_a_lock_is_on_record(store, people):
    add_person(store, "hana")
    for _ in range(5):
        people.sign_in("hana", WRONG)
    assert entries(store)[-1] == ("hana", "person.lock", "person hana")
