"""Guesses at the door: strangers, known browsers, the step that confirms, and their record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from catchments.core.roles import Role
from catchments.store.accounts import guess_budgets, rows
from catchments.store.accounts.guess_budgets import OF_A_NETWORK
from catchments.store.accounts.letters import Letters
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from catchments.web.accounts import devices
from catchments.web.accounts.devices import networks_of
from catchments.web.common.services import EXTENSION
from tests.staff import PASSWORD, add_person, attempt, confirm, is_signed_in, post, sign_in
from tests.worlds import HOSTILE

WRONG = "wrong horse battery staple"
NEW = "another long password"
DEVICE = "staff-device"


@pytest.fixture
def hana(store):
    return add_person(store, "hana", Role.EDITOR)


def guessed(app, n: int, *, login: str = "hana", address: str = "198.51.100.{n}"):
    """So many guesses, each from an address of its own."""
    client = app.test_client()
    for each in range(n):
        client.environ_base["REMOTE_ADDR"] = address.format(n=each % 250, m=each)
        response = attempt(client, login, WRONG)
    return response


def actions(store, action):
    found = AuditTrail(store).entries(matching={"action": action}, at_most=99)
    return [(each.actor, json.loads(each.detail)) for each in found]


def letters(store, person):
    return [each.kind for each in Letters(store).to(person.id)]


def device_of(client):
    return client.get_cookie(DEVICE, path="/staff")


def later(monkeypatch, moment):
    real = guess_budgets.now
    for module in (guess_budgets, rows):
        monkeypatch.setattr(module, "now", lambda: real() + moment)


# --- a browser that signed in before --------------------------------------------------------------


def test_whoever_signed_in_here_before_signs_in_while_strangers_lock_the_login(app, client, hana):
    sign_in(client, "hana")
    post(client, "/staff/sign-out")
    guessed(app, 12)
    elsewhere = attempt(app.test_client(), "hana", PASSWORD)
    assert elsewhere.status_code == 400, "a browser that is not known is a stranger's"
    assert attempt(client, "hana", PASSWORD).status_code == 303


def test_five_wrong_passwords_of_strangers_stop_nobody_from_confirming(app, client, store):
    ana = add_person(store, "ana", Role.ADMINISTRATOR)
    sign_in(client, "ana")
    guessed(app, 12, login="ana")
    assert confirm(client, next="/staff/people").status_code == 303
    assert "lock" in letters(store, ana)


def test_a_known_browser_is_known_by_a_cookie_that_no_script_and_no_other_page_sees(client, hana):
    sign_in(client, "hana")
    kept = device_of(client)
    assert kept.http_only
    assert kept.same_site == "Lax"
    assert kept.path == "/staff"
    assert "hana" not in kept.value
    assert client.get("/").status_code == 200
    assert "Set-Cookie" not in client.get("/").headers


def test_one_browser_of_two_people_knows_both(app, client, store, hana):
    add_person(store, "tui")
    for login in ("hana", "tui"):
        sign_in(client, login)
        post(client, "/staff/sign-out")
    for login in ("hana", "tui"):
        guessed(app, 8, login=login)
        assert attempt(client, login, PASSWORD).status_code == 303
        post(client, "/staff/sign-out")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        HOSTILE.replace(";", ""),
        "e30.aaaa.bbbb",
        "x" * 4000,
        URLSafeTimedSerializer("a key of ours is it not", salt="device").dumps([["1", "a", "b"]]),
    ],
    ids=["none", "a letter", "hostile", "no signature of ours", "long", "another key's"],
)
def test_a_cookie_that_was_made_up_knows_nobody(app, client, hana, value):
    guessed(app, 8)
    client.set_cookie(DEVICE, value, path="/staff")
    assert attempt(client, "hana", PASSWORD).status_code == 400


def test_a_stolen_cookie_has_its_own_small_budget_and_lets_nobody_in(app, client, hana):
    sign_in(client, "hana")
    thief = app.test_client()
    thief.set_cookie(DEVICE, device_of(client).value, path="/staff")
    assert not is_signed_in(thief)
    for _ in range(2 * guess_budgets.FAILURES_ALLOWED):
        attempt(thief, "hana", WRONG)
    assert attempt(thief, "hana", PASSWORD).status_code == 400
    assert is_signed_in(client), "whose session goes on"


@pytest.mark.parametrize(
    "deed",
    [
        lambda people: people.set_password("hana", NEW, by="ana"),
        lambda people: people.sign_in_elsewhere_only("hana"),
    ],
)
def test_a_cookie_ends_with_the_password_that_it_was_made_under(app, store, client, hana, deed):
    sign_in(client, "hana")
    with app.test_request_context(headers={"Cookie": f"{DEVICE}={device_of(client).value}"}):
        assert devices.asker("hana").device
        deed(People(store))
        assert not devices.asker("hana").device


def test_a_cookie_of_a_disabled_person_is_a_strangers(app, store, client, hana):
    sign_in(client, "hana")
    People(store).disable("hana")
    with app.test_request_context(headers={"Cookie": f"{DEVICE}={device_of(client).value}"}):
        assert not devices.asker("hana").device
    assert attempt(client, "hana", PASSWORD).status_code == 400


def test_a_new_browser_is_told_once_and_a_known_one_never(app, store, client, hana):
    for _ in range(3):
        sign_in(client, "hana")
        post(client, "/staff/sign-out")
    assert letters(store, hana) == ["device"]
    sign_in(app.test_client(), "hana")
    assert letters(store, hana) == ["device", "device"]


def test_a_new_password_of_ones_own_makes_no_new_browser_of_this_one(store, client, hana):
    sign_in(client, "hana")
    assert post(client, "/staff/password", old=PASSWORD, new=NEW, again=NEW).status_code == 303
    post(client, "/staff/sign-out")
    sign_in(client, "hana", NEW)
    assert letters(store, hana) == ["password", "device"]


# --- networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.7", ("192.0.2.7",)),
        ("::ffff:192.0.2.7", ("192.0.2.7",)),
        ("2001:db8:1:2:3::4", ("2001:db8:1:2::/64", "2001:db8:1::/48")),
        ("fe80::1%eth0", ("fe80::/64", "fe80::/48")),
        ("", ("unknown",)),
        ("unix:", ("unknown",)),
    ],
)
def test_an_address_is_counted_in_its_networks(address, networks):
    assert networks_of(address) == networks


@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8::{m:x}"])
def test_one_address_that_tries_many_logins_is_refused_whatever_it_says_of_itself(
    app, client, hana, address
):
    for n in range(OF_A_NETWORK):
        guessed(app, 1, login=f"nobody{n}", address=address)
    client.environ_base["REMOTE_ADDR"] = address.format(n=0, m=999)
    for headers in ({}, {"X-Forwarded-For": "192.0.2.9"}, {"Forwarded": "for=192.0.2.9"}):
        client.environ_base |= {
            f"HTTP_{k.upper().replace('-', '_')}": v for k, v in headers.items()
        }
        for login in ("hana", "nobody"):
            response = attempt(client, login, PASSWORD)
            assert response.status_code == 429
            assert "came from your network" in response.text
    client.environ_base = {"REMOTE_ADDR": "192.0.2.44"}
    assert attempt(client, "hana", PASSWORD).status_code == 303, "others are let in"


def test_one_login_that_many_addresses_try_costs_five_hashes(app, hana, monkeypatch):
    from catchments.store.accounts import hashing

    hashed, fits = [], hashing.fits
    monkeypatch.setattr(hashing, "fits", lambda *given: hashed.append(1) or fits(*given))
    guessed(app, 60)
    assert len(hashed) == guess_budgets.FAILURES_ALLOWED


@pytest.mark.parametrize(
    "login", ["hana", "nobody", "HANA ", "ｈａｎａ", "hаna", "h\u0101na", "\x00"]
)
def test_locked_or_not_known_or_wrong_is_said_in_the_same_words(app, hana, login):
    pages = {attempt(app.test_client(), login, WRONG).status_code for _ in range(7)}
    assert pages == {400}
    text = attempt(app.test_client(), login, PASSWORD).text
    assert "do not belong together, or the account is closed or locked for a" in text


# --- first passwords ------------------------------------------------------------------------------


@pytest.fixture
def newcomer(store):
    return People(store).add(
        login="tui",
        name="Tui",
        email="tui@ministry.example",
        roles={Role.EDITOR},
        password=PASSWORD,
        by="ana",
    )


def test_a_first_password_opens_the_page_where_it_is_changed_and_no_other(client, newcomer):
    sign_in(client, "tui")
    for path in ("/staff", "/staff/drafts", "/staff/drafts/new"):
        assert client.get(path).headers["Location"].startswith("/staff/password")
    assert "Make a password of your own first" in client.get("/staff/password").text
    same = post(client, "/staff/password", old=PASSWORD, new=PASSWORD, again=PASSWORD)
    assert (same.status_code, "Make another" in same.text) == (400, True)
    weak = post(client, "/staff/password", old=PASSWORD, new="password1234", again="password1234")
    assert (weak.status_code, "guessed first" in weak.text) == (400, True)
    assert "password1234" not in weak.text
    assert post(client, "/staff/password", old=PASSWORD, new=NEW, again=NEW).status_code == 303
    assert is_signed_in(client)
    assert "Make a password of your own first" not in client.get("/staff/password").text


@pytest.mark.parametrize(("days", "status"), [(6, 303), (8, 400)])
def test_a_first_password_holds_a_week_and_then_says_whom_to_ask(
    store, client, newcomer, monkeypatch, days, status
):
    later(monkeypatch, timedelta(days=days))
    response = attempt(client, "tui", PASSWORD)
    assert response.status_code == status
    assert ("Ask an administrator" in response.text) == (status == 400)
    wrong = attempt(client, "tui", WRONG)
    assert "first password" not in wrong.text, "only to whoever has it"
    if status == 400:
        assert not is_signed_in(client)
        assert ("tui", {"said": "first password too old"}) in actions(store, "person.sign-in.fail")


def test_a_weak_password_from_before_is_changed_at_the_next_sign_in(store, client, hana):
    from catchments.store import schema
    from catchments.store.accounts import hashing

    with store.writing() as connection:
        weak = hashing.HASHER.hash("password1234")
        connection.execute(schema.person.update().values(password_hash=weak))
    sign_in(client, "hana", "password1234")
    assert client.get("/staff").headers["Location"].startswith("/staff/password")


# --- on record ------------------------------------------------------------------------------------


def test_what_somebody_is_refused_is_on_record_once_a_minute_for_each_page(
    app, store, client, hana, monkeypatch
):
    sign_in(client, "hana")
    for _ in range(3):
        assert client.get("/staff/people").status_code == 403
    assert client.get("/staff/webhooks").status_code == 403
    assert actions(store, "refused") == [
        ("hana", {"method": "GET", "page": "staff.webhooks"}),
        ("hana", {"method": "GET", "page": "accounts.people"}),
    ]
    later(monkeypatch, timedelta(seconds=61))
    client.get("/staff/people")
    assert len(actions(store, "refused")) == 3


def test_a_refusal_stands_where_it_cannot_be_put_on_record(app, store, client, hana, monkeypatch):
    from catchments.core.errors import CatchmentsError

    sign_in(client, "hana")

    def away(*_):
        raise CatchmentsError("The database is away.")

    monkeypatch.setattr(guess_budgets, "is_due", away)
    assert client.get("/staff/people").status_code == 403


def test_unknown_logins_are_on_record_without_what_was_typed(app, store):
    guessed(app, 5, login="Tr0ub4dor&3 typed too early")
    (entry,) = AuditTrail(store).entries(matching={"action": "sign-in.unknown"}, at_most=9)
    assert entry.actor == "somebody unknown"
    assert "Tr0ub" not in str(AuditTrail(store).entries(at_most=99))


# --- what asks to confirm -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/staff/drafts/1/approve", "/staff/drafts/1/abandon", "/staff/notices/again/1"]
)
def test_what_gives_power_or_cannot_be_taken_back_asks_who_one_is(store, client, path, monkeypatch):
    from catchments.web.accounts import access

    add_person(store, "ana", Role.ADMINISTRATOR)
    sign_in(client, "ana")
    real = access.clock
    monkeypatch.setattr(access, "clock", lambda: real() + 301)
    response = post(client, path, back="/staff/drafts")
    assert response.headers["Location"] == "/staff/confirm?next=/staff/drafts"


# --- pages of administrators ----------------------------------------------------------------------


def with_settings(app: Flask, **changes) -> None:
    running = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(running, settings=replace(running.settings, **changes))


@pytest.mark.parametrize(
    ("chosen", "has_password"), [("here", True), ("elsewhere", False), ("", None), ("x", None)]
)
def test_an_administrator_says_how_somebody_signs_in(app, store, client, chosen, has_password):
    from catchments.core.settings import OpenIdConnect

    add_person(store, "ana", Role.ADMINISTRATOR)
    with_settings(app, oidc=OpenIdConnect("https://login.example", "catchments", name="Logon"))
    sign_in(client, "ana")
    assert "With Logon" in client.get("/staff/people/new").text
    given = {"login": "tui", "name": "Tui", "email": "tui@ministry.example", "roles": ["editor"]}
    response = post(client, "/staff/people/new", **given, signs_in=chosen)
    made = People(store).known("tui")
    if has_password is None:
        assert (response.status_code, made) == (400, None)
        assert '<a href="#signs_in">' in response.text
        return
    assert made.has_password is has_password
    assert ("<code>" in response.text) is has_password
    assert "No SMTP server is set" in response.text
    post(client, f"/staff/people/{made.person.id}/elsewhere")
    assert not People(store).known("tui").has_password
