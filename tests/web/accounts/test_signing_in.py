"""Signing in and out, sessions and their cookie, forms of one's own, and confirming who one is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import encode_multipart

from catchments.core.errors import InputRefused
from catchments.core.openid_connect import OpenIdConnect
from catchments.core.roles import Action, Role
from catchments.core.settings import Settings
from catchments.store.accounts.people import People
from catchments.store.engine import Database
from catchments.store.integrity.audit import AuditTrail
from catchments.store.integrity.session_keys import place_of_session_keys
from catchments.web.accounts.access import requires
from catchments.web.accounts.room import Room
from catchments.web.common.services import EXTENSION
from tests.staff import (
    PASSWORD,
    add_person,
    attempt,
    confirm,
    csrf_in,
    csrf_token,
    give_code,
    is_signed_in,
    post,
    see_to_an_app,
    sign_in,
)
from tests.worlds import HOSTILE, lasting_headers, running_application, store_of

WRONG = "wrong horse battery staple"
NEW = "another long password"
ROOM = Room(Database("sqlite://"), Settings)
_CSRF = re.compile(r'name="csrf_token" value="[^"]+"')


@pytest.fixture
def hana(store):
    return add_person(store, "hana", Role.EDITOR)


@pytest.fixture
def ana(store):
    return add_person(store, "ana", Role.ADMINISTRATOR)


def cookie(client):
    return client.get_cookie("staff", path="/staff")


def with_settings(app: Flask, **changes) -> None:
    running = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(running, settings=replace(running.settings, **changes))


# --- signing in -----------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back_to_where_they_were_going(
    store, client, ana
):
    see_to_an_app(store, "ana")
    asked = client.get("/staff/people?x=1")
    assert asked.status_code == 303
    page = client.get(asked.headers["Location"])
    assert 'name="next" value="/staff/people?x=1"' in page.text
    response = post(
        client, "/staff/sign-in", login="ana", password=PASSWORD, next="/staff/people?x=1"
    )
    assert response.headers["Location"] == "/staff/second-step"
    assert not is_signed_in(client), "not half-way"
    assert give_code(client).headers["Location"] == "/staff/people?x=1"
    assert is_signed_in(client)
    assert client.get("/staff/sign-in").status_code == 303, "there is nothing more to ask"


def test_a_refusal_is_the_same_whatever_the_reason(store, client, hana):
    for login in ("gone", "locked"):
        add_person(store, login)
    People(store).disable("gone")
    for _ in range(5):
        attempt(client, "locked", WRONG)
    tries = [("hana", WRONG), ("nobody", PASSWORD), ("gone", PASSWORD), ("locked", PASSWORD)]
    pages = set()
    for login, password in tries:
        response = attempt(client, login, password)
        assert response.status_code == 400
        assert password not in response.text
        pages.add(_CSRF.sub("", response.text).replace(f'value="{login}"', ""))
    assert len(pages) == 1
    assert not is_signed_in(client)


@pytest.mark.parametrize("login", [HOSTILE, "a" * 60_000, "", "\x00", "h\u0101na"])
def test_a_login_may_be_any_text(client, login):
    response = attempt(client, login, HOSTILE)
    assert response.status_code == 400
    assert "<img src=x" not in response.text
    assert "do not belong together" in response.text


def test_a_form_of_ten_megabytes_is_refused(client):
    assert attempt(client, "hana", "p" * 10_000_000).status_code == 413


def test_nothing_of_a_session_from_before_is_left(client, hana):
    before = csrf_token(client)
    planted = cookie(client).value
    sign_in(client, "hana")
    assert cookie(client).value != planted
    stale = client.post("/staff/sign-out", data={"csrf_token": before})
    assert stale.status_code == 400
    assert is_signed_in(client)


def test_signing_in_works_before_anything_is_published(tmp_path):
    with running_application(tmp_path / "empty.sqlite") as app:
        store_of(app).migrate()
        add_person(store_of(app), "hana", Role.EDITOR)
        client = app.test_client()
        sign_in(client, "hana")
        assert is_signed_in(client)


def test_passwords_can_be_switched_off(app, client, hana):
    token = csrf_token(client)
    with_settings(app, local_sign_in=False)
    assert 'type="password"' not in client.get("/staff/sign-in").text
    given = {"csrf_token": token, "login": "hana", "password": PASSWORD}
    assert client.post("/staff/sign-in", data=given).status_code == 400
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/staff", "/staff"),
        ("/staff/drafts/3?tab=impact#x", "/staff/drafts/3?tab=impact#x"),
        ("/staff?x=//evil.example", "/staff?x=//evil.example"),
        ("", "/staff"),
        (None, "/staff"),
        ("https://evil.example/staff", "/staff"),
        ("//evil.example/staff", "/staff"),
        ("/\\evil.example", "/staff"),
        ("/staff\\@evil.example", "/staff"),
        ("/staff.evil.example", "/staff"),
        ("/staffed", "/staff"),
        ("/", "/staff"),
        ("/staff/../", "/staff"),
        ("/staff/%2e%2e//evil.example", "/staff"),
        ("/staff/\r\nSet-Cookie: a=b", "/staff"),
        ("javascript:alert(1)", "/staff"),
        ("/staff/" + "x" * 3000, "/staff"),
    ],
)
def test_one_goes_on_to_staff_pages_of_this_service_only(text, path):
    assert ROOM.own_path(text) == path


@given(st.text())
def test_whatever_is_asked_for_one_stays_among_the_staff_pages(text):
    path = ROOM.own_path(text)
    assert path == "/staff" or path.startswith(("/staff/", "/staff?"))
    assert ROOM.own_path(path) == path


# --- the session ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every_s", "times", "stands"),
    [
        (30 * 60, 1, True),
        (30 * 60 + 1, 1, False),
        (29 * 60, 24, True),
        (29 * 60, 25, False),  # 12 hours and 5 minutes
    ],
)
def test_a_session_ends_after_half_an_hour_unused_and_after_twelve_hours(
    client, hana, clock, every_s, times, stands
):
    sign_in(client, "hana")
    for _ in range(times):
        clock.now += every_s
        signed_in = is_signed_in(client)
    assert signed_in == stands


@pytest.mark.parametrize(("back_s", "stands"), [(30, True), (120, False), (10**8, False)])
def test_a_session_does_not_outlive_its_time_by_a_clock_that_is_set_back(
    client, hana, clock, back_s, stands
):
    sign_in(client, "hana")
    clock.now -= back_s
    assert is_signed_in(client) == stands


@pytest.mark.parametrize(
    "deed",
    [
        lambda people: people.set_roles("hana", {Role.READER}),
        lambda people: people.set_password("hana", NEW),
        lambda people: people.disable("hana"),
    ],
)
def test_a_session_ends_at_once_when_the_account_changes(store, client, hana, deed):
    sign_in(client, "hana")
    deed(People(store))
    assert not is_signed_in(client)


def test_signing_out_ends_this_session_even_for_a_cookie_that_was_copied_and_no_other(app, hana):
    here, there = app.test_client(), app.test_client()
    for client in (here, there):
        sign_in(client, "hana")
    copied = cookie(here).value
    assert here.get("/staff/sign-out").status_code == 405, "a link from elsewhere must not do it"
    assert post(here, "/staff/sign-out").status_code == 303
    assert not is_signed_in(here)
    assert is_signed_in(there)
    thief = app.test_client()
    thief.set_cookie("staff", copied, path="/staff")
    assert not is_signed_in(thief)


def test_signing_out_has_the_browser_forget_all_but_its_cookies(client, hana):
    sign_in(client, "hana")
    response = post(client, "/staff/sign-out")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/staff/sign-in").headers


def test_a_cookie_is_signed_with_sha_256(client, hana):
    sign_in(client, "hana")
    for name in ("staff", "staff-device"):
        signature = client.get_cookie(name, path="/staff").value.rpartition(".")[2]
        assert len(signature) == 43, "256 bits"


@pytest.mark.parametrize("value", ["", "x", HOSTILE.replace(";", ""), "e30.aaaa.bbbb"])
def test_a_cookie_that_was_made_up_is_no_session(client, value):
    client.set_cookie("staff", value, path="/staff")
    assert client.get("/staff").status_code == 303


def test_workers_on_one_database_know_each_others_sessions(small_copy, app, client, hana):
    sign_in(client, "hana")
    with running_application(small_copy) as other:
        elsewhere = other.test_client()
        elsewhere.set_cookie("staff", cookie(client).value, path="/staff")
        assert is_signed_in(elsewhere)


def test_a_key_that_is_set_is_the_key(small_copy, app, client, hana):
    with running_application(small_copy) as other:
        with_settings(other, secret_keys=("k" * 40,))
        sign_in(client, "hana")
        elsewhere = other.test_client()
        elsewhere.set_cookie("staff", cookie(client).value, path="/staff")
        assert not is_signed_in(elsewhere)
        assert other.secret_key == "k" * 40


def test_a_key_is_exchanged_by_two_at_once_and_nobody_signs_in_anew(small_copy, app, client, hana):
    with_settings(app, secret_keys=("k" * 40,))
    sign_in(client, "hana")
    with running_application(small_copy) as other:
        with_settings(other, secret_keys=("n" * 40, "k" * 40))
        elsewhere = other.test_client()
        elsewhere.set_cookie("staff", cookie(client).value, path="/staff")
        assert is_signed_in(elsewhere)
        sign_in(other.test_client(), "hana")  # a form's token, too


def test_a_file_of_keys_that_others_may_read_ends_signing_in_and_nothing_else(
    small_copy, app, client
):
    file = place_of_session_keys(app.extensions[EXTENSION].settings).file
    file.parent.mkdir()
    file.write_text("k" * 40)
    file.chmod(0o644)
    response = client.get("/staff/sign-in")
    assert response.status_code == 500
    assert "has mode 0644" in response.text
    assert client.get("/").status_code == 200


def test_no_key_is_in_the_database(small_copy, app, client, hana):
    sign_in(client, "hana")
    whole = b"".join(path.read_bytes() for path in small_copy.parent.glob("*.sqlite*"))
    assert app.secret_key.encode() not in whole


# --- the cookie -----------------------------------------------------------------------------------


def set_cookie(app, base_url="http://localhost", **headers):
    response = app.test_client().get("/staff/sign-in", base_url=base_url, headers=headers)
    return response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("base_url", "headers", "is_secure"),
    [
        ("http://localhost:8000", {}, False),
        ("http://127.0.0.1:8000", {}, False),
        ("http://[::1]:8000", {}, False),
        ("http://catchments.example", {}, True),
        ("https://catchments.example", {}, True),
        ("http://10.0.0.1", {}, True),
        ("http://127.0.0.1:8000", {"X-Forwarded-For": "192.0.2.1"}, True),
        ("http://127.0.0.1:8000", {"X-Forwarded-Proto": "https"}, True),
    ],
)
def test_the_cookie_is_for_tls_alone_but_on_this_machine(app, base_url, headers, is_secure):
    made = set_cookie(app, base_url, **headers)
    name, *attributes = made.split("; ")
    assert ("Secure" in attributes) == is_secure
    assert name.startswith("__Secure-staff=" if is_secure else "staff=")
    assert {"HttpOnly", "Path=/staff", "SameSite=Lax"} <= set(attributes)
    assert not any(a.startswith(("Expires", "Max-Age", "Domain")) for a in attributes)


def test_a_setting_lets_the_cookie_go_over_plain_http(app):
    with_settings(app, insecure_cookies=True)
    assert "Secure" not in set_cookie(app, "http://trial.example")


@pytest.mark.parametrize(
    ("base_url", "headers"),
    [
        ("https://catchments.example", {"Referer": "https://catchments.example/staff/sign-in"}),
        ("http://catchments.example", {}),  # as a proxy passes on what came to it by TLS
    ],
)
def test_one_signs_in_by_tls_and_the_cookie_comes_back(app, client, hana, base_url, headers):
    page = client.get("/staff/sign-in", base_url=base_url)
    given = {"login": "hana", "password": PASSWORD, "csrf_token": csrf_in(page)}
    kept = page.headers["Set-Cookie"].partition(";")[0]
    plain = app.test_client(use_cookies=False)  # it would not send a Secure cookie by plain HTTP
    response = plain.post(
        "/staff/sign-in", base_url=base_url, data=given, headers={"Cookie": kept, **headers}
    )
    assert response.status_code == 303, response.text
    made = response.headers.getlist("Set-Cookie")
    kept = next(each for each in made if each.startswith("__Secure-staff=")).partition(";")[0]
    assert plain.get("/staff", base_url=base_url, headers={"Cookie": kept}).status_code == 200


@pytest.mark.parametrize("url", ["/", "/catchments", "/provider?school_id=54", "/healthz", "/no"])
def test_public_pages_neither_read_nor_set_nor_vary_by_a_cookie(client, hana, url):
    before = client.get(url)
    sign_in(client, "hana")
    client.set_cookie("staff", cookie(client).value, path="/")
    after = client.get(url)
    assert after.data == before.data
    assert lasting_headers(after) == lasting_headers(before)
    assert "Set-Cookie" not in after.headers
    assert "Cookie" not in after.headers.get("Vary", "")


def test_public_pages_never_ask_the_database_for_a_key(client, app):
    client.get("/")
    assert app.secret_key is None


def test_while_the_database_is_away_staff_pages_say_so_and_public_ones_answer(
    app, client, hana, small_copy
):
    sign_in(client, "hana")
    client.get("/")
    small_copy.rename(small_copy.with_suffix(".away"))
    for path in ("/staff", "/staff/sign-in", "/staff/people"):
        response = client.get(path)
        assert response.status_code == 503, path
        assert "set up" in response.text
    assert client.get("/").status_code == 200
    app.secret_key = None
    assert client.get("/staff").status_code == 503


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/staff", "/staff/sign-in", "/staff/people", "/staff/no-such"])
def test_staff_pages_are_kept_by_nobody_and_offered_to_no_search_engine(client, hana, path):
    public = client.get("/").headers
    for _ in range(2):
        headers = client.get(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert "noindex" in headers["X-Robots-Tag"]
        assert "Access-Control-Allow-Origin" not in headers
        assert headers["Content-Security-Policy"] == public["Content-Security-Policy"]
        assert headers.getlist("Content-Security-Policy") == [headers["Content-Security-Policy"]]
        sign_in(client, "hana")


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "x", "other"])
def test_a_form_without_this_sessions_token_does_nothing(app, client, hana, token):
    sign_in(client, "hana")
    if token == "other":
        token = csrf_token(app.test_client())
    response = client.post("/staff/sign-out", data={"csrf_token": token} if token else {})
    assert response.status_code == 400
    assert "The form was too old" in response.text
    assert is_signed_in(client)


def test_a_browser_without_cookies_is_told_so(app, hana):
    client = app.test_client(use_cookies=False)
    response = attempt(client, "hana")
    assert response.status_code == 400
    assert "Your browser sent no cookie" in response.text


def test_a_view_may_take_a_larger_form_and_others_may_not(app, client, hana):
    for name, at_most in (("small", None), ("large", 1_000_000)):
        view = requires(Action.EDIT, at_most=at_most)(lambda: str(len(request.form["text"])))
        app.add_url_rule(f"/staff/{name}", name, view, methods=["POST"])
    text = "x" * 600_000
    assert post(client, "/staff/large", text=text).status_code == 303, "and only once signed in"
    sign_in(client, "hana")
    assert post(client, "/staff/large", text=text).text == "600000"
    boundary, body = encode_multipart({"csrf_token": csrf_token(client), "text": text})
    kind = f"multipart/form-data; boundary={boundary}"
    with_files = client.post("/staff/large", data=body, content_type=kind)
    assert with_files.text == "600000", "one that may have files is read in another way"
    assert post(client, "/staff/small", text=text).status_code == 413
    assert post(client, "/staff/large", text=text * 2).status_code == 413


def test_a_form_that_says_it_is_large_is_read_only_from_whoever_may_send_it(app, client):
    response = client.post("/staff/people/new", data={"name": "n" * 10_000_000})
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/staff/sign-in")


# --- confirming -----------------------------------------------------------------------------------


def test_what_publishes_asks_again_who_it_is_after_five_minutes(client, ana, clock):
    sign_in(client, "ana")
    assert client.get("/staff/people/new").status_code == 200
    clock.now += 5 * 60
    assert client.get("/staff/people/new").status_code == 200
    clock.now += 1
    asked = client.get("/staff/people/new")
    assert asked.headers["Location"] == "/staff/confirm?next=/staff/people/new"
    assert client.get("/staff/people").status_code == 200, "only what needs it asks"
    page = client.get(asked.headers["Location"])
    assert 'name="next" value="/staff/people/new"' in page.text
    wrong = post(client, "/staff/confirm", password=WRONG, next="/staff/people/new")
    assert wrong.status_code == 400
    assert client.get("/staff/people/new").status_code == 303
    done = confirm(client, next="/staff/people/new")
    assert (done.status_code, done.headers["Location"]) == (303, "/staff/people/new")
    assert client.get("/staff/people/new").status_code == 200


def test_a_form_that_is_sent_too_late_does_nothing_and_leads_back_to_its_page(
    store, client, ana, hana, clock
):
    sign_in(client, "ana")
    token = csrf_token(client)
    clock.now += 301
    url = f"/staff/people/{hana.id}"
    for fields, referrer, back in [
        ({"back": url}, "", url),
        ({}, f"http://localhost{url}", url),
        ({}, "https://evil.example/staff/people/new", "/staff"),
        ({"back": "https://evil.example/"}, "", "/staff"),
    ]:
        response = client.post(
            f"{url}/disable", data={"csrf_token": token, **fields}, headers={"Referer": referrer}
        )
        assert response.status_code == 303
        assert response.headers["Location"] == f"/staff/confirm?next={back}"
    same = client.post("/staff/people/new", data={"csrf_token": token})
    assert same.headers["Location"] == "/staff/confirm?next=/staff/people/new"
    assert People(store).person("hana").disabled_at is None


def test_confirming_counts_wrong_passwords_too(store, client, ana):
    sign_in(client, "ana")
    for _ in range(5):
        post(client, "/staff/confirm", password=WRONG)
    assert confirm(client).status_code == 400
    actions = [entry.action for entry in AuditTrail(store).entries(at_most=99)]
    assert actions.count("person.confirm.fail") == 5


# --- one's own password ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"old": WRONG, "new": NEW, "again": NEW}, "That is not your password"),
        ({"old": PASSWORD, "new": NEW, "again": NEW + "!"}, "The two new passwords differ"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "has 5 characters"),
        ({"old": PASSWORD, "new": "p" * 1001, "again": "p" * 1001}, "has 1,001 characters"),
        ({}, "That is not your password"),
    ],
)
def test_a_new_password_that_will_not_do_changes_nothing(client, hana, fields, said):
    sign_in(client, "hana")
    response = post(client, "/staff/password", **fields)
    assert response.status_code == 400
    assert said in response.text
    assert is_signed_in(client)
    sign_in(client.application.test_client(), "hana")


def test_a_new_password_ends_all_other_sessions(app, client, hana):
    elsewhere = app.test_client()
    for each in (client, elsewhere):
        sign_in(each, "hana")
    response = post(client, "/staff/password", old=PASSWORD, new=NEW, again=NEW)
    assert response.status_code == 303
    assert "Your password is changed." in client.get("/staff").text
    assert not is_signed_in(elsewhere)
    assert attempt(app.test_client(), "hana", PASSWORD).status_code == 400
    sign_in(app.test_client(), "hana", NEW)


# --- people ---------------------------------------------------------------------------------------


def test_an_administrator_makes_an_account_whose_first_password_is_shown_once(app, client, ana):
    sign_in(client, "ana")
    fields = {"login": "Tui", "name": HOSTILE, "email": "tui@ministry.example", "roles": ["editor"]}
    made = post(client, "/staff/people/new", **fields)
    assert made.status_code == 200
    assert "<img src=x" not in made.text
    first = re.search(r"<code>([^<]{22})</code>", made.text)[1]
    assert first not in client.get("/staff/people").text
    newcomer = app.test_client()
    sign_in(newcomer, "tui", first)
    assert newcomer.get("/staff").headers["Location"] == "/staff/password?next=/staff"
    assert post(newcomer, "/staff/password", old=first, new=NEW, again=NEW).status_code == 303
    assert "Your roles: editor" in newcomer.get("/staff").text
    again = post(client, "/staff/people/new", **fields)
    assert again.status_code == 400
    assert "already" in again.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"login": "a b"}, "login"), ({"email": "x"}, "email"), ({"roles": []}, "roles")],
)
def test_what_is_wrong_with_a_new_account_is_said_at_its_field(store, client, ana, changes, field):
    sign_in(client, "ana")
    given = {"login": "tui", "name": "Tui", "email": "tui@ministry.example", "roles": ["editor"]}
    response = post(client, "/staff/people/new", **{**given, **changes})
    assert response.status_code == 400
    assert f'<a href="#{field}">' in response.text
    assert f'id="{field}"' in response.text
    assert [person.login for person in People(store).all()] == ["ana"]


def test_an_administrator_changes_roles_disables_and_opens_accounts(store, client, ana, hana):
    sign_in(client, "ana")
    url = f"/staff/people/{hana.id}"
    assert client.get(url).status_code == 200
    post(client, f"{url}/roles", roles=["approver", "reader", "emperor"])
    assert People(store).person("hana").roles == {Role.APPROVER, Role.READER}
    post(client, f"{url}/disable")
    assert People(store).person("hana").disabled_at
    assert "disabled" in client.get("/staff/people").text
    post(client, f"{url}/enable")
    assert People(store).person("hana").disabled_at is None
    page = post(client, f"{url}/password")
    first = re.search(r"<code>([^<]+)</code>", page.text)[1]
    sign_in(client.application.test_client(), "hana", first)
    actors = {(e.actor, e.action) for e in AuditTrail(store).entries(at_most=99)}
    deeds = {"person.roles", "person.disable", "person.enable", "person.password"}
    assert {("ana", deed) for deed in deeds} <= actors


def test_administrators_cannot_shut_themselves_out(store, client, ana):
    add_person(store, "ben", Role.ADMINISTRATOR)
    sign_in(client, "ana")
    url = f"/staff/people/{ana.id}"
    for response in (
        post(client, f"{url}/roles", roles=["reader"]),
        post(client, f"{url}/disable"),
    ):
        assert response.status_code == 400
        assert "There is a problem" in response.text
    assert client.get("/staff/people").status_code == 200


# --- the frame ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_one_is_led_only_to_pages_that_are_there_and_that_one_may_see(store, client, role):
    add_person(store, "somebody", role)
    sign_in(client, "somebody")
    page = client.get("/staff").text
    links = set(re.findall(r'href="(/staff/[a-z]+)"', page))
    assert ("/staff/people" in links) == (role is Role.ADMINISTRATOR)
    assert {path: client.get(path).status_code for path in links} == dict.fromkeys(links, 200)
    assert "Somebody of the Ministry" in page


def test_the_page_one_is_on_is_marked(client, ana):
    sign_in(client, "ana")
    assert '<a href="/staff/people" aria-current="page">' in client.get("/staff/people").text
    below = client.get(f"/staff/people/{ana.id}").text
    assert '<a href="/staff/people" aria-current="true">' in below


# --- settings -------------------------------------------------------------------------------------

OIDC = {
    "CATCHMENTS_OIDC_ISSUER": "https://login.example/realm",
    "CATCHMENTS_OIDC_CLIENT_ID": "catchments",
    "CATCHMENTS_OIDC_CLIENT_SECRET": "hush",
}


def test_unless_set_passwords_are_on_and_there_is_no_provider():
    settings = Settings.from_environment({})
    assert (settings.local_sign_in, settings.oidc, settings.secret_keys) == (True, None, ())
    assert settings.insecure_cookies is False


def test_a_provider_is_set_by_the_environment_and_its_secret_is_not_shown():
    more = {"CATCHMENTS_OIDC_NAME": "Logon", "CATCHMENTS_LOCAL_SIGN_IN": "0"}
    settings = Settings.from_environment({**OIDC, **more})
    assert settings.oidc == OpenIdConnect(
        "https://login.example/realm", "catchments", "hush", name="Logon"
    )
    assert settings.local_sign_in is False
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"CATCHMENTS_SECRET_KEY": "short"}, "CATCHMENTS_SECRET_KEY"),
        ({"CATCHMENTS_INSECURE_COOKIES": "yes"}, "CATCHMENTS_INSECURE_COOKIES"),
        ({"CATCHMENTS_LOCAL_SIGN_IN": "0"}, "CATCHMENTS_LOCAL_SIGN_IN"),
        ({**OIDC, "CATCHMENTS_OIDC_CLIENT_ID": ""}, "CATCHMENTS_OIDC_CLIENT_ID"),
        ({**OIDC, "CATCHMENTS_OIDC_ISSUER": "http://login.example"}, "CATCHMENTS_OIDC_ISSUER"),
        ({**OIDC, "CATCHMENTS_OIDC_ISSUER": "login.example"}, "CATCHMENTS_OIDC_ISSUER"),
        ({**OIDC, "CATCHMENTS_OIDC_ISSUER": "https://x/?a=b"}, "CATCHMENTS_OIDC_ISSUER"),
        ({**OIDC, "CATCHMENTS_OIDC_ISSUER": "http://localhost.evil.nz"}, "CATCHMENTS_OIDC_ISSUER"),
    ],
)
def test_a_setting_that_will_not_do_is_refused_by_name(given, field):
    with pytest.raises(InputRefused) as refused:
        Settings.from_environment(given)
    assert refused.value.field == field
    assert "short" not in str(refused.value)


def test_a_provider_on_this_machine_may_speak_plain_http():
    given = {**OIDC, "CATCHMENTS_OIDC_ISSUER": "http://127.0.0.1:9000"}
    assert Settings.from_environment(given).oidc.issuer == "http://127.0.0.1:9000"
