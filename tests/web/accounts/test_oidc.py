"""Signing in through OpenID Connect, against a real provider over HTTP."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc.jwk import RSAKey

from catchments.core.openid_connect import OpenIdConnect
from catchments.core.roles import Role
from catchments.store.accounts.people import People
from catchments.store.integrity.audit import AuditTrail
from catchments.web.accounts import access
from catchments.web.common.services import EXTENSION
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, HANA
from tests.staff import PASSWORD, add_person, is_signed_in, post, sign_in
from tests.waiting import PATIENCE_S
from tests.worlds import HOSTILE, running_application


@pytest.fixture
def app(small_copy, provider):
    oidc = OpenIdConnect(provider.issuer, CLIENT_ID, CLIENT_SECRET, name="Education Sector Logon")
    with running_application(small_copy) as made:
        running = made.extensions[EXTENSION]
        settings = replace(running.settings, oidc=oidc, second_factor=frozenset())
        made.extensions[EXTENSION] = replace(running, settings=settings)
        yield made


@pytest.fixture
def hana(store):
    return add_person(store, "hana", Role.EDITOR, Role.ADMINISTRATOR, password="")


def with_oidc(app, **changes):
    running = app.extensions[EXTENSION]
    oidc = replace(running.settings.oidc, **changes)
    app.extensions[EXTENSION] = replace(running, settings=replace(running.settings, oidc=oidc))


def to_provider(client, query=""):
    """Follow the link on the page to the provider; return where it sends the browser back to."""
    away = client.get(f"/staff/oidc{query}")
    assert away.status_code == 302, away.text
    answer = requests.get(away.headers["Location"], allow_redirects=False, timeout=PATIENCE_S)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["Location"])
    assert back.path == "/staff/oidc/back"
    return f"{back.path}?{back.query}"


def through(client, query=""):
    """Go to the provider and come back."""
    return client.get(to_provider(client, query))


# --- what works -----------------------------------------------------------------------------------


def test_somebody_with_an_account_signs_in_and_goes_on_to_where_they_wanted(client, provider, hana):
    page = client.get("/staff/sign-in?next=/staff/people")
    link = re.search(
        r'href="/staff/oidc(\?next=[^"]+)">Sign in with Education Sector Logon', page.text
    )
    response = through(client, link[1])
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/people")
    assert "Hana of the Ministry" in client.get("/staff").text


def test_the_provider_is_asked_with_state_nonce_and_a_hashed_verifier(client, provider, hana):
    through(client)
    (asked,) = provider.asked
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost/staff/oidc/back"
    assert "openid" in asked["scope"].split()
    # Of 62 characters at least, so that 128 bits are in each.
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 22
    assert "prompt" not in asked


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", ["/staff/oidc", "/staff/oidc/check"])
def test_another_website_signs_nobody_in(client, provider, hana, path, site):
    response = client.get(f"{path}?next=/staff/people", headers={"Sec-Fetch-Site": site})
    page = urlsplit(response.headers["Location"])
    assert (page.path, parse_qs(page.query)) == ("/staff/sign-in", {"next": ["/staff/people"]})
    assert provider.asked == []


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_link_on_the_page_and_an_address_that_is_typed_lead_to_the_provider(client, site):
    away = client.get("/staff/oidc", headers={"Sec-Fetch-Site": site})
    assert away.status_code == 302


def test_the_way_back_is_https_where_a_proxy_speaks_tls(client):
    away = client.get("/staff/oidc", base_url="http://catchments.example")
    asked = parse_qs(urlsplit(away.headers["Location"]).query)
    assert asked["redirect_uri"] == ["https://catchments.example/staff/oidc/back"]


def test_the_session_and_its_cookie_stay_small_however_often_one_begins(client, provider, hana):
    for _ in range(12):
        client.get("/staff/oidc")
    assert len(client.get_cookie("staff", path="/staff").value) < 2_000
    assert through(client).status_code == 303


def test_after_the_first_time_one_is_known_by_subject(store, client, provider, hana):
    through(client)
    assert People(store).person("hana").subject == f"u-1 at {provider.issuer}"
    provider.user = {"sub": "u-1", "email": "renamed@ministry.example", "email_verified": True}
    assert through(client).status_code == 303
    entries = AuditTrail(store).entries(at_most=99)
    assert [e.action for e in entries if e.actor == "hana"] == [
        "person.sign-in",
        "person.sign-in",
        "person.link",
    ]


def test_a_new_key_of_the_provider_is_fetched(client, provider, hana):
    through(client)
    post(client, "/staff/sign-out")
    provider.keys = [RSAKey.generate_key(2048, auto_kid=True)]
    assert through(client).status_code == 303
    assert is_signed_in(client)


def test_roles_come_from_the_provider_where_a_claim_for_them_is_set(app, store, client, provider):
    add_person(store, "hana", Role.ADMINISTRATOR, password="")
    with_oidc(app, role_claim="catchment_roles")
    for given, roles in [
        (["editor", "boss"], {Role.EDITOR}),
        ("reader approver", {Role.READER, Role.APPROVER}),
    ]:
        provider.user = {**HANA, "catchment_roles": given}
        assert through(client).status_code == 303
        assert People(store).person("hana").roles == roles
    for given in ([], "boss", None, 7, {"editor": 1}, [["editor"]]):
        provider.user = {**HANA, "catchment_roles": given}
        assert through(app.test_client()).status_code == 403, given


def test_a_password_works_beside_it_unless_it_is_switched_off(store, client, provider):
    add_person(store, "tui")
    sign_in(client, "tui", PASSWORD)


# --- who is not let in ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "user",
    [
        {"sub": "u-2"},
        {"sub": "u-2", "email": "stranger@ministry.example", "email_verified": True},
        {"sub": "u-2", "email": "hana@ministry.example"},
        {"sub": "u-2", "email": "hana@ministry.example", "email_verified": False},
        {"sub": "u-2", "email": "hana@ministry.example", "email_verified": "false"},
        {"sub": "u-2", "email": "gone@ministry.example", "email_verified": True},
        {"sub": "u-2", "email": ["hana@ministry.example"], "email_verified": True},
        {"sub": "u-2", "email": HOSTILE, "email_verified": True},
    ],
)
def test_a_person_without_an_open_account_is_told_whom_to_ask(store, client, provider, hana, user):
    add_person(store, "gone")
    People(store).disable("gone")
    provider.user = user
    response = through(client)
    assert response.status_code == 403
    assert "Ask an administrator of this service" in response.text
    assert "<img src=x" not in response.text
    assert not is_signed_in(client)


def test_an_email_that_is_linked_to_one_subject_is_not_given_to_another(client, provider, hana):
    through(client)
    post(client, "/staff/sign-out")
    provider.user = {**HANA, "sub": "u-2"}
    assert through(client).status_code == 403
    assert not is_signed_in(client)


# --- tokens that are not taken --------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-service"},
        {"aud": ["another-service"], "azp": CLIENT_ID},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"exp": int(time.time()) - 3600},
        {"exp": None},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"sub": "x" * 10_000},
        {"at_hash": "another"},
    ],
)
def test_a_token_with_a_wrong_claim_is_not_taken(client, provider, hana, forged):
    def forge(claims):
        return {name: v for name, v in {**claims, **forged}.items() if v is not None}

    provider.forge = forge
    response = through(client)
    assert response.status_code == 403, response.text
    assert "Begin anew" in response.text or "no subject" in response.text
    assert not is_signed_in(client)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
@pytest.mark.parametrize("claimed", [["RS256"], ["RS256", "HS256", "none"]])
def test_a_token_that_everybody_could_have_made_is_not_taken(
    client, provider, hana, algorithm, claimed
):
    provider.algorithm = algorithm
    provider.discovery = {"id_token_signing_alg_values_supported": claimed}
    assert through(client).status_code in {403, 502}
    assert not is_signed_in(client)


def test_a_token_that_another_key_has_signed_is_not_taken(client, provider, hana):
    stranger = RSAKey.generate_key(2048)
    provider.signs_with = RSAKey.import_key(
        {**stranger.as_dict(private=True), "kid": provider.keys[0].kid}
    )
    assert through(client).status_code == 403
    assert not is_signed_in(client)


# --- ways back that are not taken -----------------------------------------------------------------


def test_the_way_back_works_once(client, provider, hana):
    back = to_provider(client)
    assert client.get(back).status_code == 303
    post(client, "/staff/sign-out")
    assert client.get(back).status_code == 403
    assert not is_signed_in(client)


def test_the_way_back_of_another_browser_is_not_taken(app, client, provider, hana):
    back = to_provider(app.test_client())
    assert client.get(back).status_code == 403
    client.get("/staff/oidc")
    assert client.get(back).status_code == 403
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=x",
        "?state=x",
        "?code=x&state=x",
        "?error=access_denied&error_description=%3Cimg%20src%3Dx%3E",
        "?code=&state=",
    ],
)
def test_a_way_back_that_was_made_up_is_not_taken(client, provider, hana, query):
    client.get("/staff/oidc")
    response = client.get(f"/staff/oidc/back{query}")
    assert response.status_code == 403
    assert "Begin anew" in response.text
    assert "<img src=x" not in response.text


def test_a_code_that_the_provider_does_not_know_is_not_taken(client, provider, hana):
    back = to_provider(client)
    provider.codes.clear()
    assert client.get(back).status_code == 403
    assert not is_signed_in(client)


def test_a_code_is_worth_nothing_without_the_verifier(client, provider, hana):
    back = to_provider(client)
    (code,) = provider.codes.values()
    code.code_challenge = "A" * 43
    assert client.get(back).status_code == 403


# --- a provider that fails ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(client, provider, discovery):
    provider.discovery = discovery
    for _ in range(2):
        response = client.get("/staff/oidc")
        assert response.status_code == 502
        assert "does not answer as it should" in response.text
    provider.discovery = {}
    if "issuer" in discovery:
        assert client.get("/staff/oidc").status_code == 302, "it is asked anew"


@pytest.mark.parametrize("endpoint", ["jwks_uri", "token_endpoint"])
def test_a_provider_that_breaks_off_half_way_lets_nobody_in(client, provider, hana, endpoint):
    provider.discovery = {endpoint: f"{provider.issuer}/no-such"}
    response = through(client)
    assert response.status_code in {403, 502}
    assert not is_signed_in(client)
    assert client.get("/staff/sign-in").status_code == 200


def test_a_provider_that_is_away_is_said_to_be_and_passwords_still_work(app, store, client):
    add_person(store, "tui")
    with_oidc(app, issuer="http://127.0.0.1:9")
    assert client.get("/staff/oidc").status_code == 502
    sign_in(client, "tui")


def test_without_a_provider_there_is_no_way_to_one(app, client):
    running = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(running, settings=replace(running.settings, oidc=None))
    assert client.get("/staff/oidc").status_code == 404
    assert client.get("/staff/oidc/back").status_code == 404
    assert "/staff/oidc" not in client.get("/staff/sign-in").text


# --- confirming -----------------------------------------------------------------------------------


@pytest.fixture
def long_ago(client, provider, hana, monkeypatch):
    """Hana is signed in, for longer than five minutes."""
    through(client)
    monkeypatch.setattr(access, "clock", lambda: time.time() + 400)
    # The session's times are ahead now; so is the provider's, but for a test that says otherwise.
    provider.authenticated_at = int(time.time()) + 400
    assert client.get("/staff/people/new").status_code == 303


def test_one_confirms_by_signing_in_there_once_more(client, provider, long_ago):
    page = client.get("/staff/confirm?next=/staff/people/new")
    link = re.search(r'href="/staff/oidc(\?[^"]+)">Confirm with', page.text)[1]
    response = through(client, link.replace("&amp;", "&"))
    assert response.headers["Location"] == "/staff/people/new"
    assert client.get("/staff/people/new").status_code == 200
    asked = provider.asked[-1]
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")


@pytest.mark.parametrize("at", [None, "earlier", "not said"])
def test_a_provider_that_did_not_ask_again_confirms_nothing(client, provider, long_ago, at):
    provider.authenticated_at = int(time.time())
    if at == "not said":
        provider.forge = lambda claims: {k: v for k, v in claims.items() if k != "auth_time"}
    elif at == "earlier":
        provider.authenticated_at -= 86_400
    response = through(client, "?again=1&next=/staff/people/new")
    assert response.status_code == 403
    assert client.get("/staff/people/new").status_code == 303


def test_somebody_else_cannot_confirm(store, client, provider, long_ago):
    add_person(store, "ben", Role.ADMINISTRATOR, password="")
    provider.user = {"sub": "u-9", "email": "ben@ministry.example", "email_verified": True}
    response = through(client, "?again=1")
    assert response.status_code == 403
    assert "somebody else" in response.text
    # Nothing is done to ben, and nothing said of him, who has not come here.
    assert People(store).person("ben").subject == ""
    assert not AuditTrail(store).entries(matching={"actor": "ben"}, at_most=1)
    assert client.get("/staff/people/new").status_code == 303
