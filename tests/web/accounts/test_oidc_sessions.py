"""What a provider says beside a sign-in: how strong it was, roles withdrawn, sign-outs there."""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from joserfc.jwk import RSAKey

from catchments.core.errors import InputRefused
from catchments.core.roles import Role
from catchments.core.settings import OpenIdConnect, Settings
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from catchments.web.accounts import access, oidc_logout
from catchments.web.common.services import EXTENSION
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, HANA
from tests.staff import PASSWORD, add_person, is_signed_in, post, sign_in
from tests.web.accounts.test_oidc import through, with_oidc
from tests.worlds import running_application

EVENT = {"http://schemas.openid.net/event/backchannel-logout": {}}


@pytest.fixture
def app(small_copy, provider):
    oidc = OpenIdConnect(provider.issuer, CLIENT_ID, CLIENT_SECRET, name="Education Sector Logon")
    with running_application(small_copy) as made:
        running = made.extensions[EXTENSION]
        settings = replace(running.settings, oidc=oidc)
        made.extensions[EXTENSION] = replace(running, settings=settings)
        yield made


@pytest.fixture
def hana(store):
    return add_person(store, "hana", Role.EDITOR, password="")


def details(store, action):
    found = AuditTrail(store).entries(matching={"action": action}, at_most=99)
    return [json.loads(each.detail) for each in found]


def later(monkeypatch, **moment):
    real = access.clock
    ahead = timedelta(**moment).total_seconds()
    monkeypatch.setattr(access, "clock", lambda: real() + ahead)


# --- who is linked --------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["", "unlinked"])
def test_an_account_with_a_password_is_linked_by_no_email(store, client, provider, after):
    add_person(store, "hana", Role.ADMINISTRATOR)
    if after:
        People(store).unlink("hana")
    assert through(client).status_code == 403
    assert not People(store).person("hana").subject


def test_an_account_that_has_lost_its_password_is_linked_by_no_email_either(store, client, hana):
    from catchments.store import schema

    with store.writing() as connection:
        connection.execute(schema.person.update().values(elsewhere=False))
    assert through(client).status_code == 403


def test_an_administrator_can_have_somebody_linked_and_it_is_on_record(store, client, provider):
    add_person(store, "hana", Role.EDITOR)
    People(store).sign_in_elsewhere_only("hana", by="ana")
    assert through(client).status_code == 303
    assert details(store, "person.link") == [{"elsewhere": f"u-1 at {provider.issuer}"}]
    assert details(store, "person.elsewhere") == [{}]


# --- how strong it was ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said", "is_taken"),
    [
        ({"acr": ("urn:mfa", "urn:hw")}, {"acr": "urn:mfa"}, True),
        ({"acr": ("urn:mfa",)}, {"acr": "urn:pwd"}, False),
        ({"acr": ("urn:mfa",)}, {"acr": "urn:mfa urn:pwd"}, False),
        ({"acr": ("urn:mfa",)}, {"acr": ["urn:mfa"]}, False),
        ({"acr": ("urn:mfa",)}, {}, False),
        ({"amr": ("mfa", "hwk")}, {"amr": ["pwd", "mfa"]}, True),
        ({"amr": ("mfa",)}, {"amr": ["pwd"]}, False),
        ({"amr": ("mfa",)}, {"amr": [["mfa"], 7, None]}, False),
        ({"acr": ("urn:mfa",), "amr": ("mfa",)}, {"acr": "urn:mfa"}, False),
        ({}, {"acr": "urn:pwd"}, True),
    ],
)
def test_a_sign_in_that_is_weaker_than_asked_is_refused_and_recorded(
    app, store, client, provider, hana, asked, said, is_taken
):
    through(client)  # so that it is known whose it is
    post(client, "/staff/sign-out")
    with_oidc(app, **asked)
    provider.forge = lambda claims: {**claims, **said}
    response = through(client)
    assert response.status_code == (303 if is_taken else 403)
    assert is_signed_in(client) is is_taken
    if "acr" in asked:
        assert provider.asked[-1]["acr_values"] == " ".join(asked["acr"])
    if not is_taken:
        assert "weaker way" in response.text
        assert details(store, "person.sign-in.fail")[0]["said"] == "weaker than asked"
    elif "acr" in said:
        assert details(store, "person.sign-in")[0]["acr"] == said["acr"]


@pytest.mark.parametrize("name", ["CATCHMENTS_OIDC_ACR", "CATCHMENTS_OIDC_AMR"])
def test_what_is_asked_for_is_set_by_the_environment(name):
    given = {
        "CATCHMENTS_OIDC_ISSUER": "https://login.example",
        "CATCHMENTS_OIDC_CLIENT_ID": "catchments",
    }
    oidc = Settings.from_environment({**given, name: "urn:a  urn:b"}).oidc
    assert getattr(oidc, name[-3:].lower()) == ("urn:a", "urn:b")
    assert (oidc.check_s, Settings.from_environment(given).oidc.acr) == (900, ())
    with pytest.raises(InputRefused, match=name):
        Settings.from_environment({**given, name: "x" * 501})


# --- asked again in passing -----------------------------------------------------------------------


def checked(client, path="/staff"):
    """Go to a page by way of the provider, which is asked in passing."""
    response = client.get(path)
    assert response.headers["Location"] == f"/staff/oidc/check?next={path}"
    return through(client, f"/check?next={path}")


def test_after_a_quarter_of_an_hour_the_provider_is_asked_and_nobody_notices(
    client, provider, hana, monkeypatch
):
    through(client)
    later(monkeypatch, minutes=14)
    assert is_signed_in(client)
    later(monkeypatch, minutes=2)
    back = checked(client, "/staff/drafts")
    assert (back.status_code, back.headers["Location"]) == (303, "/staff/drafts")
    assert provider.asked[-1]["prompt"] == "none"
    assert client.get("/staff/drafts").status_code == 200


@pytest.mark.parametrize("now_there", ["signed out", "no role", "somebody else", "disabled here"])
def test_what_was_withdrawn_there_ends_the_session_here(
    app, store, client, provider, hana, monkeypatch, now_there
):
    with_oidc(app, role_claim="roles")
    provider.user = {**HANA, "roles": ["editor"]}
    through(client)
    later(monkeypatch, minutes=16)
    if now_there == "signed out":
        provider.user = {}
    elif now_there == "no role":
        provider.user = {**HANA, "roles": []}
    elif now_there == "somebody else":
        add_person(store, "ana", Role.ADMINISTRATOR, password="")
        provider.user = {"sub": "u-9", "email": "ana@ministry.example", "email_verified": True}
        provider.user["roles"] = ["administrator"]
    else:
        People(store).disable("hana")
        assert not is_signed_in(client)
        return
    assert checked(client).status_code == 403
    assert client.get("/staff").headers["Location"].startswith("/staff/sign-in")


def test_a_role_that_was_taken_away_is_gone_after_the_check(
    app, store, client, provider, hana, monkeypatch
):
    with_oidc(app, role_claim="roles")
    provider.user = {**HANA, "roles": ["editor", "administrator"]}
    through(client)
    other = app.test_client()
    through(other)
    later(monkeypatch, minutes=16)
    provider.user = {**HANA, "roles": ["reader"]}
    checked(client)
    assert People(store).person("hana").roles == {Role.READER}
    for each in (client, other):
        assert not is_signed_in(each), "everywhere: they sign in anew, with the role that is left"


def test_a_form_has_some_time_more_and_then_none(client, hana, monkeypatch):
    through(client)
    later(monkeypatch, minutes=16)
    form = {"title": "A draft", "once": "x"}
    taken = client.post("/staff/drafts/new", data=form)
    assert "/staff/oidc/check" not in taken.headers.get("Location", "")
    fetched = client.get("/staff", headers={"Sec-Fetch-Mode": "cors"})
    assert fetched.status_code == 200, "a page's own request cannot go to another site"
    later(monkeypatch, minutes=15)
    late = client.post("/staff/drafts/new", data=form)
    assert late.headers["Location"].startswith(("/staff/oidc/check", "/staff/sign-in"))


def test_it_can_be_left_out_and_passwords_are_not_asked_elsewhere(
    app, store, client, hana, monkeypatch
):
    with_oidc(app, check_s=0)
    through(client)
    add_person(store, "tui")
    other = app.test_client()
    sign_in(other, "tui", PASSWORD)
    later(monkeypatch, minutes=25)
    assert is_signed_in(client)
    with_oidc(app, check_s=900)
    assert is_signed_in(other)


def test_a_provider_that_is_away_leaves_the_session_as_it_is(
    app, client, provider, hana, monkeypatch
):
    through(client)
    later(monkeypatch, minutes=16)
    provider.discovery = {"authorization_endpoint": None}
    app.extensions.pop("catchments.oidc")
    asked = client.get("/staff/oidc/check?next=/staff")
    assert asked.status_code == 502
    assert client.get("/staff", headers={"Sec-Fetch-Mode": "cors"}).status_code == 200


# --- the provider says that somebody signed out ---------------------------------------------------


def token(provider, *, typ="logout+jwt", **changes):
    moment = int(time.time())
    claims = {
        "iss": provider.issuer,
        "aud": CLIENT_ID,
        "iat": moment,
        "exp": moment + 120,
        "jti": f"j-{time.time_ns()}",
        "sub": "u-1",
        "events": EVENT,
        **changes,
    }
    return provider.signed({name: v for name, v in claims.items() if v is not None}, typ=typ)


def told(app, logout_token):
    return app.test_client().post("/staff/oidc/logout", data={"logout_token": logout_token})


def test_signing_out_there_ends_every_session_here_at_once(app, store, client, provider, hana):
    other = app.test_client()
    for each in (client, other):
        through(each)
    response = told(app, token(provider))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert not is_signed_in(client)
    assert not is_signed_in(other)
    assert details(store, "person.sign-out") == [{"through": "OpenID Connect"}]


def test_a_token_that_was_copied_ends_nothing_a_second_time(app, client, provider, hana):
    through(client)
    copied = token(provider)
    told(app, copied)
    through(client)
    assert told(app, copied).status_code == 200
    assert is_signed_in(client)


def test_of_somebody_who_is_not_known_nothing_is_said(app, provider, hana):
    assert told(app, token(provider, sub="u-77")).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": int(time.time()) - 86_400, "exp": int(time.time()) + 86_400},
        {"iat": None},
        {"iat": "now"},
        {"events": None},
        {"events": {}},
        {"events": [EVENT]},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": 1}},
        {"nonce": "n"},
        {"sub": None},
        {"sub": None, "sid": "s-1"},
        {"sub": ["u-1"]},
        {"sub": "u-1\x00"},
        {"sub": "x" * 10_000},
        {"jti": None},
        {"jti": 7},
    ],
)
def test_a_token_that_is_no_word_of_the_provider_ends_nothing(app, client, provider, hana, changes):
    through(client)
    response = told(app, token(provider, **changes))
    assert (response.status_code, response.json) == (400, {"error": "invalid_request"})
    assert is_signed_in(client)


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "secevent+jwt", ""])
def test_a_token_of_another_type_is_no_logout_token(app, client, provider, hana, typ):
    through(client)
    assert told(app, token(provider, typ=typ)).status_code == 400
    assert is_signed_in(client)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_everybody_could_have_made_ends_nothing(
    app, client, provider, hana, algorithm
):
    through(client)
    header, payload, _ = token(provider).split(".")
    said = json.dumps({"alg": algorithm, "typ": "logout+jwt"}).encode()
    header = base64.urlsafe_b64encode(said).rstrip(b"=").decode()
    public = provider.keys[0].as_pem(private=False)
    signature = hmac.digest(public, f"{header}.{payload}".encode(), "sha256")
    last = base64.urlsafe_b64encode(signature).rstrip(b"=").decode() if algorithm != "none" else ""
    assert told(app, f"{header}.{payload}.{last}").status_code == 400
    assert is_signed_in(client)


def test_a_token_under_a_strangers_key_ends_nothing_and_fetches_keys_once(
    app, client, provider, hana, monkeypatch
):
    through(client)
    asked = []
    real = requests.Session.request

    def counted(self, method, url, **more):
        asked.append(url)
        return real(self, method, url, **more)

    provider.signs_with = RSAKey.generate_key(2048, auto_kid=True)
    monkeypatch.setattr(requests.Session, "request", counted)
    for _ in range(3):
        assert told(app, token(provider)).status_code == 400
    assert sum(url.endswith("/jwks") for url in asked) <= 2
    assert is_signed_in(client)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "." * 100, "x" * 20_000, "\x00"])
def test_what_is_no_token_is_refused(app, provider, hana, text):
    assert told(app, text).status_code == 400


def test_without_a_provider_there_is_nothing_to_tell(app):
    running = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(running, settings=replace(running.settings, oidc=None))
    assert told(app, "x").status_code == 404
    assert oidc_logout.LONGEST_TOKEN < 64 * 1024
