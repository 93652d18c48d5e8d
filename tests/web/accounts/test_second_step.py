"""The second step of signing in, setting it up, and what somebody half-way can see: nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pyotp
import pytest
import sqlalchemy as sa

from catchments.core.errors import InputRefused
from catchments.core.roles import Role
from catchments.core.settings import Settings
from catchments.store import schema
from catchments.store.accounts.factors import RECOVERY_CODES, Factors
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from catchments.web.accounts import access
from catchments.web.common.services import EXTENSION
from tests.staff import (
    AHEAD,
    APP,
    PASSWORD,
    SECOND_STEP,
    add_person,
    attempt,
    confirm,
    csrf_token,
    give_an_app,
    give_code,
    is_signed_in,
    post,
    sign_in,
    words,
)
from tests.worlds import HOSTILE

SET_UP = "/staff/second-step/set-up"
NEW = "another long password"


@pytest.fixture
def aroha(store):
    """An approver who has an app."""
    person = add_person(store, "aroha", Role.APPROVER)
    give_an_app(store, person)
    return person


@pytest.fixture
def tama(store):
    """An administrator who has none yet."""
    return add_person(store, "tama", Role.ADMINISTRATOR)


def with_settings(app, **changes):
    running = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(running, settings=replace(running.settings, **changes))


def secret_on(page) -> str:
    return re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.text)[1].replace(" ", "")


def set_up(client) -> list[str]:
    """Set up an app as its page says; the recovery codes that are shown."""
    secret = secret_on(client.get(SET_UP))
    AHEAD.code()
    response = post(client, f"{SET_UP}/app", code=pyotp.TOTP(secret).at(AHEAD()))
    assert response.status_code == 200, words(response)
    return re.findall(r"<li><code>([0-9a-z-]{34})</code></li>", response.text)


# --- half-way -------------------------------------------------------------------------------------


def test_between_the_steps_no_page_is_open(app, client, aroha):
    assert attempt(client, "aroha").headers["Location"] == SECOND_STEP
    for rule in app.url_map.iter_rules():
        if not access.is_in(app.extensions["catchments.accounts"], rule.rule) or rule.arguments:
            continue
        if rule.endpoint.startswith(("accounts.sign", "accounts.oidc", "accounts.second_step")):
            continue
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            answer = client.open(rule.rule, method=method)
            assert answer.headers["Location"].startswith("/staff/sign-in"), rule.rule
    assert give_code(client).status_code == 303, "and the step can still be done"


def test_the_second_step_alone_leads_nowhere(client, aroha):
    for answer in (client.get(SECOND_STEP), post(client, SECOND_STEP, code=AHEAD.code())):
        assert answer.headers["Location"] == "/staff/sign-in"
    assert not is_signed_in(client)


def test_a_wrong_code_is_said_at_its_field_and_shows_nothing_of_it(store, client, aroha):
    attempt(client, "aroha")
    response = give_code(client, HOSTILE)
    assert response.status_code == 400
    assert '<a href="#code">' in response.text
    assert HOSTILE not in unescape(response.text)
    assert not is_signed_in(client)
    assert AuditTrail(store).last().action == "person.second-step.fail"


@pytest.mark.parametrize("size", [10_000, 10_000_000])
def test_a_code_may_be_as_long_as_it_likes(client, aroha, size):
    attempt(client, "aroha")
    assert give_code(client, "1" * size).status_code in {400, 413}


def test_a_code_that_signed_in_here_signs_in_nowhere_else(app, client, aroha):
    thief = app.test_client()
    for each in (client, thief):
        attempt(each, "aroha")
    code = AHEAD.code()
    assert give_code(client, code).status_code == 303
    assert give_code(thief, code).status_code == 400


def test_what_was_begun_for_one_is_not_finished_for_another(store, client, aroha):
    give_an_app(store, add_person(store, "ben"))
    attempt(client, "aroha")
    half = client.get_cookie("staff", path="/staff").value
    attempt(client, "ben")
    assert "of ben was right" in words(client.get(SECOND_STEP))
    client.set_cookie("staff", half, path="/staff")
    assert give_code(client).status_code == 303
    assert "Aroha of the Ministry" in client.get("/staff").text


@pytest.mark.parametrize(
    "deed",
    [
        lambda store: People(store).set_password("aroha", NEW),
        lambda store: People(store).set_roles("aroha", {Role.READER}),
        lambda store: People(store).disable("aroha"),
        lambda store: Factors(store).reset("aroha"),
    ],
)
def test_what_changes_the_account_between_the_steps_ends_the_attempt(store, client, aroha, deed):
    attempt(client, "aroha")
    deed(store)
    response = client.get(SECOND_STEP)
    assert response.headers["Location"] == "/staff/sign-in"
    assert "Sign in once more" in client.get("/staff/sign-in").text
    assert not is_signed_in(client)


@pytest.mark.parametrize(("waits_s", "leads_on"), [(600, True), (601, False), (-1, False)])
def test_a_password_counts_for_ten_minutes(client, aroha, clock, waits_s, leads_on):
    attempt(client, "aroha")
    clock.now += waits_s
    assert (client.get(SECOND_STEP).status_code == 200) == leads_on


def test_nothing_of_a_session_before_is_left_after_either_step(client, aroha):
    planted = csrf_token(client)
    before = client.get_cookie("staff", path="/staff").value
    attempt(client, "aroha")
    half = client.get_cookie("staff", path="/staff").value
    refused = client.post(SECOND_STEP, data={"csrf_token": planted, "code": AHEAD.code()})
    assert refused.status_code == 400
    give_code(client)
    whole = client.get_cookie("staff", path="/staff").value
    assert len({before, half, whole}) == 3
    client.set_cookie("staff", half, path="/staff")
    assert not is_signed_in(client), "the cookie of half the way opens nothing afterwards"


@pytest.mark.parametrize(
    "going_on", ["https://evil.example/", "//evil.example", "/", "/staff.evil"]
)
def test_the_second_step_leads_to_pages_of_the_staff_alone(client, aroha, going_on):
    post(client, "/staff/sign-in", login="aroha", password=PASSWORD, next=going_on)
    assert give_code(client).headers["Location"] == "/staff"


def test_a_recovery_code_signs_in_once_and_says_how_few_are_left(app, store, client, aroha):
    codes = Factors(store).new_recovery_codes(aroha)
    for at, code in enumerate(codes[:8]):
        fresh = app.test_client()
        attempt(fresh, "aroha")
        assert give_code(fresh, code.upper()).status_code == 303
        said = f"You have {RECOVERY_CODES - at - 1} recovery codes left" in fresh.get("/staff").text
        assert said == (at >= 6)
    attempt(client, "aroha")
    assert give_code(client, codes[0]).status_code == 400


def test_whose_telephone_is_two_minutes_off_is_told_of_its_clock_and_of_another_way(client, aroha):
    attempt(client, "aroha")
    said = give_code(client, APP.at(AHEAD() - 150)).text
    assert "the clock of the telephone" in said
    assert "use a recovery code" in said
    assert "or whoever runs it" in said


def test_the_page_asks_for_a_recovery_code_by_a_link_that_needs_no_script(client, aroha):
    attempt(client, "aroha")
    assert 'inputmode="numeric"' in client.get(SECOND_STEP).text
    page = client.get(f"{SECOND_STEP}?with=recovery")
    assert "Recovery code" in words(page)
    assert 'inputmode="numeric"' not in page.text


def test_wrong_codes_lock_the_second_step_and_not_the_password(client, aroha):
    attempt(client, "aroha")
    for _ in range(5):
        assert give_code(client, "000000").status_code == 400
    locked = give_code(client)
    assert locked.status_code == 400
    assert "after five failures wait a minute" in words(locked)
    assert attempt(client, "aroha").headers["Location"] == SECOND_STEP


# --- who needs one --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "owing"),
    [
        ("", {"approver", "administrator"}),
        ("all", set(Role)),
        ("none", set()),
        ("editor", {"editor"}),
        (" administrator  reader ", {"administrator", "reader"}),
    ],
)
def test_a_setting_says_whose_role_needs_a_second_factor(setting, owing):
    settings = Settings.from_environment({"CATCHMENTS_SECOND_FACTOR": setting})
    assert settings.second_factor == owing


@pytest.mark.parametrize("text", ["boss", "all none", "approver,administrator", "None"])
def test_a_setting_that_names_no_role_is_refused(text):
    with pytest.raises(InputRefused, match="CATCHMENTS_SECOND_FACTOR") as refused:
        Settings.from_environment({"CATCHMENTS_SECOND_FACTOR": text})
    assert "reader, editor, approver, administrator" in str(refused.value)


@pytest.mark.parametrize(("role", "owes"), [(r, r in {"approver", "administrator"}) for r in Role])
def test_whoever_owes_one_sets_it_up_before_all_else(store, client, role, owes):
    add_person(store, "somebody", role)
    attempt(client, "somebody")
    page = client.get("/staff/drafts")
    assert (page.headers.get("Location") == f"{SET_UP}?next=/staff/drafts") == owes
    if owes:
        assert client.get("/staff/audit.csv").headers["Location"].startswith(SET_UP)
        assert post(client, "/staff/sessions/end").headers["Location"].startswith(SET_UP)
        assert client.get("/staff/password").status_code == 200
        set_up(client)
    assert client.get("/staff/drafts").status_code == 200


def test_at_the_first_sign_in_an_app_is_set_up_and_recovery_codes_are_shown_once(app, client, tama):
    attempt(client, "tama")
    page = client.get(f"{SET_UP}?next=/staff/people")
    uri = unescape(re.search(r'href="(otpauth:[^"]+)"', page.text)[1])
    parsed = pyotp.parse_uri(uri)
    assert (parsed.name, parsed.issuer, parsed.secret) == ("tama", "Catchments", secret_on(page))
    assert 'src="data:image/svg+xml' in page.text
    codes = set_up(client)
    assert len(set(codes)) == RECOVERY_CODES
    assert client.get("/staff").status_code == 200
    assert codes[0] not in client.get("/staff/password").text
    elsewhere = app.test_client()
    assert attempt(elsewhere, "tama").headers["Location"] == SECOND_STEP
    assert give_code(elsewhere, codes[0]).status_code == 303


def test_the_secret_stays_the_same_until_it_is_used_and_a_stale_form_is_told(app, client, tama):
    attempt(client, "tama")
    first = secret_on(client.get(SET_UP))
    assert secret_on(client.get(SET_UP)) == first
    other = app.test_client()
    attempt(other, "tama")
    assert secret_on(other.get(SET_UP)) != first
    AHEAD.code()
    stale = post(other, f"{SET_UP}/app", code=pyotp.TOTP(first).at(AHEAD()))
    assert stale.status_code == 400
    assert "not the code that the app gives now" in words(stale)
    assert first not in client.get_cookie("staff", path="/staff").value


def test_setting_up_needs_the_forms_token_and_a_fresh_password(store, client, tama, clock):
    attempt(client, "tama")
    secret = secret_on(client.get(SET_UP))
    code = pyotp.TOTP(secret).at(AHEAD())
    assert client.post(f"{SET_UP}/app", data={"code": code}).status_code == 400
    clock.now += 301
    late = post(client, f"{SET_UP}/app", code=code, back=SET_UP)
    assert late.headers["Location"] == f"/staff/confirm?next={SET_UP}"
    assert Factors(store).of(tama).count() == 0
    assert post(client, "/staff/confirm", password=PASSWORD, next=SET_UP).status_code == 303
    assert secret_on(client.get(SET_UP)) == secret, "the app that was scanned goes on"


def test_a_cookie_from_before_the_app_was_set_up_shows_nothing_of_it(client, tama):
    attempt(client, "tama")
    client.get(SET_UP)
    before = client.get_cookie("staff", path="/staff").value
    set_up(client)
    client.set_cookie("staff", before, path="/staff")
    assert client.get(SET_UP).headers["Location"].startswith("/staff/sign-in")


def test_whoever_has_one_is_asked_whatever_their_role_and_may_remove_it(store, client):
    person = add_person(store, "hana", Role.EDITOR)
    sign_in(client, "hana")
    assert "Set up a second step" in words(client.get("/staff/password"))
    set_up(client)
    fresh = client.application.test_client()
    assert attempt(fresh, "hana").headers["Location"] == SECOND_STEP
    removed = post(client, "/staff/second-step/app/remove")
    assert removed.headers["Location"] == "/staff/password"
    assert Factors(store).of(person).count() == 0
    assert attempt(fresh, "hana").headers["Location"] == "/staff"


def test_the_last_one_is_not_removed_where_the_role_needs_it(store, client, aroha):
    sign_in(client, "aroha")
    refused = post(client, "/staff/second-step/app/remove")
    assert refused.status_code == 400
    assert "your only one" in words(refused)
    assert Factors(store).of(aroha).count() == 1


def test_new_recovery_codes_are_shown_once_to_whoever_confirms(client, aroha):
    sign_in(client, "aroha")
    page = post(client, "/staff/second-step/recovery-codes")
    assert len(re.findall(r"<li><code>", page.text)) == RECOVERY_CODES


# --- confirming -----------------------------------------------------------------------------------


def test_confirming_takes_the_password_and_the_code(store, client, clock):
    see = add_person(store, "ana", Role.ADMINISTRATOR)
    give_an_app(store, see)
    sign_in(client, "ana")
    clock.now += 301
    url = "/staff/people/new"
    for fields in ({"code": ""}, {"code": "000000"}, {"password": "wrong horse battery"}):
        assert confirm(client, next=url, **fields).status_code == 400
        assert client.get(url).status_code == 303
    before = client.get_cookie("staff", path="/staff").value
    assert confirm(client, next=url).headers["Location"] == url
    assert client.get(url).status_code == 200
    client.set_cookie("staff", before, path="/staff")
    assert not is_signed_in(client), "showing again who one is changes the cookie"


# --- others ---------------------------------------------------------------------------------------


def test_an_administrator_removes_what_a_colleague_has_lost(app, store, client, aroha, tama):
    colleague = app.test_client()
    sign_in(colleague, "aroha")
    sign_in(client, "tama")
    page = client.get(f"/staff/people/{aroha.id}")
    assert "Remove their second step" in words(page)
    assert post(client, f"/staff/people/{aroha.id}/factors").status_code == 303
    assert Factors(store).of(aroha).count() == 0
    assert not is_signed_in(colleague)
    entry = next(e for e in AuditTrail(store).entries(at_most=9) if "factors" in e.action)
    assert (entry.actor, entry.action) == ("tama", "person.factors.reset")
    own = post(client, f"/staff/people/{tama.id}/factors")
    assert own.status_code == 400
    assert Factors(store).of(tama).count() == 1


# --- sessions -------------------------------------------------------------------------------------

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def browser(app, user_agent):
    made = app.test_client()
    made.environ_base["HTTP_USER_AGENT"] = user_agent
    return made


def ends_on(client) -> list[str]:
    found = re.findall(r'action="(/staff/sessions/[0-9]+/end)"', client.get("/staff/password").text)
    return [str(each) for each in found]


def test_own_sessions_are_listed_and_ended_one_by_one(app, store, aroha):
    here, there, third = (browser(app, each) for each in (FIREFOX, SAFARI, HOSTILE))
    for each in (here, there, third):
        sign_in(each, "aroha")
    page = here.get("/staff/password")
    said = words(page)
    assert "Firefox on Windows – this one" in said
    assert "Safari on iPhone" in said
    assert "Unknown browser" in said
    assert "127.0.0.1" not in page.text
    for url in ends_on(there):
        if is_signed_in(here):
            assert post(there, url).status_code == 303
    assert not is_signed_in(here)
    assert is_signed_in(there)
    assert "person.session-end" in [e.action for e in AuditTrail(store).entries(at_most=9)]


def test_all_others_are_ended_at_once(app, aroha):
    clients = [app.test_client() for _ in range(3)]
    for each in clients:
        sign_in(each, "aroha")
    assert post(clients[1], "/staff/sessions/end").status_code == 303
    assert [is_signed_in(each) for each in clients] == [False, True, False]


def test_nobody_ends_another_persons_session_by_its_number(app, store, client, aroha, tama):
    sign_in(client, "aroha")
    other = app.test_client()
    sign_in(other, "tama")
    for number in range(1, 9):
        post(other, f"/staff/sessions/{number}/end")
    assert is_signed_in(client)
    assert is_signed_in(other), "nor one's own, which ends by signing out"


def test_an_administrator_signs_somebody_out_everywhere(app, client, aroha, tama):
    sign_in(client, "tama")
    clients = [app.test_client() for _ in range(2)]
    for each in clients:
        sign_in(each, "aroha")
    assert post(client, f"/staff/people/{aroha.id}/sessions").status_code == 303
    assert [is_signed_in(each) for each in clients] == [False, False]
    assert is_signed_in(client)


def test_ending_sessions_asks_who_it_is(client, aroha, clock):
    sign_in(client, "aroha")
    clock.now += 301
    assert post(client, "/staff/sessions/end").headers["Location"].startswith("/staff/confirm")


def test_a_new_password_wants_the_second_step_too_of_whoever_has_one(client, aroha, clock):
    sign_in(client, "aroha")
    clock.now += 301
    given = {"old": PASSWORD, "new": NEW, "again": NEW}
    late = post(client, "/staff/password", **given)
    assert late.headers["Location"] == "/staff/confirm?next=/staff/password"
    confirm(client)
    assert post(client, "/staff/password", **given).headers["Location"] == "/staff"


def test_one_look_into_the_database_tells_who_it_is(store, client, aroha):
    sign_in(client, "aroha")
    asked = []
    engine = store._engine
    sa.event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    client.get("/staff")
    about_people = [each for each in asked if "person" in each]
    assert len(about_people) == 1


def test_a_session_that_ended_leaves_no_row_once_somebody_signs_in(
    app, store, client, aroha, clock
):
    sign_in(client, "aroha")
    clock.now += 31 * 60
    sign_in(app.test_client(), "aroha")
    with store.reading() as connection:
        assert len(connection.execute(schema.session.select()).all()) == 1


def test_the_cookie_is_not_in_the_database(store, client, aroha):
    sign_in(client, "aroha")
    with client.session_transaction("/staff") as kept:
        token = kept[access.TOKEN]
    with store.reading() as connection:
        assert token not in str(connection.execute(schema.session.select()).all())


def test_where_the_setting_asks_for_none_an_administrator_signs_in_by_password(app, client, tama):
    with_settings(app, second_factor=frozenset())
    attempt(client, "tama")
    assert is_signed_in(client)
