"""Sign-in through OpenID Connect: the code flow with PKCE, as a client of authlib.

The way there begins with a link, never with a form: `form-action 'self'` would stop the redirect.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, abort, current_app, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.openid_connect import OpenIdConnect
from catchments.core.roles import Person, Role
from catchments.store.accounts.people import Account, People
from catchments.store.accounts.sessions import NOTED_EVERY
from catchments.web.accounts import access
from catchments.web.accounts.access import blueprint, going_to, open_to_nobody_else, own_path
from catchments.web.accounts.pages import path_of
from catchments.web.accounts.room import room
from catchments.web.accounts.second_step import second_step
from catchments.web.accounts.signing_in import sign_in_page

CLIENT = "oidc"
PENDING = "oidc"
"""What the session keeps of the attempt that is under way; the latest alone."""
_STATES = "_state_"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures with a public key alone: a token without one, or signed with a shared secret, is not
taken, whatever the provider says that it supports."""
METADATA_KEPT_S = 3600
"""Providers change their keys; what they publish is read again after this."""
TIMEOUT_S = 5.0
LEEWAY_S = 60
"""How far the provider's clock and ours may be apart."""
LONGEST_CLAIM = 500
NONCE_BYTES = 32
BAD_GATEWAY, REFUSED = 502, 403


SIGN_IN, AGAIN, CHECK = "sign in", "again", "check"
"""What somebody goes to the provider for."""
_ACTIONS = {SIGN_IN: "person.sign-in", AGAIN: "person.confirm", CHECK: ""}
_ASKED: dict[str, dict[str, str]] = {
    SIGN_IN: {},
    AGAIN: {"prompt": "login", "max_age": "0"},
    CHECK: {"prompt": "none"},
}
FROM_ELSEWHERE = frozenset({"cross-site", "same-site"})
"""What browsers say of a visit that another website's page, or its redirect, has brought about."""
GRACE = timedelta(minutes=15)
"""So long a form may be filled in beyond the time in which the provider is to be asked again."""


class NotTaken(Exception):
    """What the provider said cannot be taken; the text is for whoever signs in."""


@blueprint.get("/oidc")
@open_to_nobody_else
def oidc_start() -> AnyResponse:
    """Go to the provider; with `again`, to show once more that it is the same person.

    From another website nobody is sent there: who is signed in there would be so here, unasked.
    """
    if request.headers.get("Sec-Fetch-Site") in FROM_ELSEWHERE:
        return going_to(path_of("accounts.sign_in", next=own_path(request.args.get("next"))))
    return _to_provider(AGAIN if request.args.get("again") else SIGN_IN)


@blueprint.get("/oidc/check")
@open_to_nobody_else
def oidc_check() -> AnyResponse:
    """Ask the provider in passing whether somebody is still who they were, with which roles."""
    if access.account_or_none() is None:
        return going_to(path_of("accounts.sign_in", next=own_path(request.args.get("next"))))
    return _to_provider(CHECK)


@blueprint.get("/oidc/back")
@open_to_nobody_else
def oidc_back() -> AnyResponse:
    """Come back from the provider: sign in whoever has an account here."""
    settings, pending = settings_or_404(), session.get(PENDING) or {}
    try:
        claims = _claims(settings)
        person = _whose(settings, claims, pending)
    except refusals() as error:
        return _no_longer(error) if pending.get("for") == CHECK else _not_taken(error)
    except failures() as error:
        return _away(error)
    finally:
        _forget()
    going_on = own_path(pending.get("next"))
    if pending.get("for") == CHECK:
        response = going_to(going_on)
    else:
        vouched_for = bool(settings.acr or settings.amr)  # or it was refused
        again = pending.get("for") == AGAIN
        response = second_step(person, going_on, vouched_for=vouched_for, again=again)
    session[access.ELSEWHERE] = access.moment().isoformat()
    return response


def is_due(_found: Account) -> str | None:
    """Return where somebody goes first whom a provider has vouched for too long ago.

    A form that is sent, and what a page asks for by itself, has some time more.
    """
    settings, since = room().settings.oidc, session.get(access.ELSEWHERE)
    if settings is None or since is None or not settings.check_s:
        return None
    holds = timedelta(seconds=settings.check_s) + (timedelta() if _is_visit() else GRACE)
    age = access.moment() - datetime.fromisoformat(since)
    return None if -NOTED_EVERY <= age <= holds else "accounts.oidc_check"


access.OBLIGATIONS.insert(0, is_due)


def _is_visit() -> bool:
    """Whether somebody goes to a page: only then a browser can go on to the provider and back."""
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return request.method == "GET" and mode == "navigate"


def _to_provider(purpose: str) -> AnyResponse:
    settings = settings_or_404()
    _forget()
    going_on = own_path(request.args.get("next"))
    session[PENDING] = {"next": going_on, "for": purpose, "at": int(access.clock())}
    more = {**_ASKED[purpose], "nonce": secrets.token_urlsafe(NONCE_BYTES)}
    if settings.acr:
        more["acr_values"] = " ".join(settings.acr)
    try:
        response: AnyResponse = client_of(settings).authorize_redirect(_address_back(), **more)
    except failures() as error:
        return _away(error)
    return response


def settings_or_404() -> OpenIdConnect:
    """Return the provider that is set; without one there is no such page."""
    settings = room().settings.oidc
    if settings is None:
        abort(404)
    return settings


def _address_back() -> str:
    # A proxy speaks TLS for us; `Secure` cookies say so as well as anything.
    secure = current_app.session_interface.get_cookie_secure(current_app)
    scheme = "https" if secure else request.scheme
    return url_for(".oidc_back", _external=True, _scheme=scheme)


def client_of(settings: OpenIdConnect) -> Any:
    """Return authlib's client, with what the provider publishes about itself."""
    client = _registered(current_app, settings)
    if time.time() - client.server_metadata.get("_loaded_at", 0.0) > METADATA_KEPT_S:
        client.server_metadata = {}
    known = client.load_server_metadata()
    if known.get("issuer") != settings.issuer:
        client.server_metadata = {}
        raise ValueError(f"the provider calls itself {known.get('issuer')!r}")
    offered = known.get("id_token_signing_alg_values_supported") or ["RS256"]
    # Replaced, not changed: another thread may be reading it.
    known["id_token_signing_alg_values_supported"] = [a for a in offered if a in ALGORITHMS]
    return client


def _registered(app: Flask, settings: OpenIdConnect) -> Any:
    from authlib.integrations.flask_client import OAuth

    registry = app.extensions.get("catchments.oidc")
    if registry is None:
        registry = app.extensions["catchments.oidc"] = OAuth(app)
        registry.register(
            CLIENT,
            client_id=settings.client_id,
            client_secret=settings.client_secret or None,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT_S,
                **({} if settings.client_secret else {"token_endpoint_auth_method": "none"}),
            },
        )
    return registry.create_client(CLIENT)


def _claims(settings: OpenIdConnect) -> Mapping[str, Any]:
    """Return what a valid token says. Raises OAuthError, JoseError and NotTaken."""
    options = {
        "iss": {"essential": True, "value": settings.issuer},
        "aud": {"essential": True, "value": settings.client_id},
    }
    token = client_of(settings).authorize_access_token(claims_options=options, leeway=LEEWAY_S)
    claims: Mapping[str, Any] | None = token.get("userinfo")
    if not claims:
        raise NotTaken("no ID token")
    return claims


def _whose(
    settings: OpenIdConnect, claims: Mapping[str, Any], pending: Mapping[str, Any]
) -> Person:
    """Return whose account it is. Raises NotTaken."""
    subject = text_of(claims, "sub")
    if not subject:
        raise NotTaken("no subject")
    email = text_of(claims, "email") if claims.get("email_verified") is True else ""
    purpose = pending.get("for", SIGN_IN)
    if purpose == AGAIN:
        _refuse_unless_now(claims, pending)
    if purpose != SIGN_IN:  # asked first: of somebody else nothing is to be changed, or on record
        _refuse_somebody_else(known_as(settings, subject), email)
    _refuse_weaker(settings, claims, known_as(settings, subject))
    person = People(room().store).sign_in_elsewhere(
        known_as(settings, subject),
        email,
        roles=_roles(settings, claims),
        action=_ACTIONS[purpose],
        **_vouched(claims),
    )
    if person is None:
        raise NotTaken(
            gettext(
                "%(name)s knows you, but there is no open account for you here. Ask an"
                " administrator of this service to make one with your e-mail address.",
                name=settings.name,
            )
        )
    return person


def _refuse_somebody_else(subject: str, email: str) -> None:
    signed_in, named = (
        access.account_or_none(),
        People(room().store).known_elsewhere(subject, email),
    )
    if signed_in is None or named not in {None, signed_in.person.id}:
        raise NotTaken(gettext("That is somebody else than who is signed in here."))


def known_as(settings: OpenIdConnect, subject: str) -> str:
    """Return as whom somebody is linked."""
    return f"{subject} at {settings.issuer}"


def _vouched(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return how somebody signed in there, as far as the provider says."""
    said = {"acr": text_of(claims, "acr"), "amr": " ".join(_methods(claims))[:LONGEST_CLAIM]}
    return {name: value for name, value in said.items() if value}


def _methods(claims: Mapping[str, Any]) -> list[str]:
    given = claims.get("amr")
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _refuse_weaker(settings: OpenIdConnect, claims: Mapping[str, Any], subject: str) -> None:
    """Refuse a sign-in that is weaker than what whoever runs the service asks for."""
    of_a_class = not settings.acr or text_of(claims, "acr") in settings.acr
    by_a_method = not settings.amr or not set(settings.amr).isdisjoint(_methods(claims))
    if of_a_class and by_a_method:
        return
    People(room().store).refused_elsewhere(subject, said="weaker than asked", **_vouched(claims))
    raise NotTaken(
        gettext(
            "%(name)s knows you, but you signed in there in a weaker way than this service asks"
            " for, such as without a second factor. Sign out there, and sign in with all that it"
            " offers; if that does not help, ask whoever runs this service.",
            name=settings.name,
        )
    )


def _refuse_unless_now(claims: Mapping[str, Any], pending: Mapping[str, Any]) -> None:
    """Refuse a provider's word that somebody is who they are, unless they showed it just now."""
    moment, asked = claims.get("auth_time"), pending.get("at", 0)
    if not isinstance(moment, int | float) or moment < asked - LEEWAY_S:
        raise NotTaken(
            gettext("The provider did not ask again who you are. Sign out, and sign in anew.")
        )


def _roles(settings: OpenIdConnect, claims: Mapping[str, Any]) -> frozenset[Role] | None:
    """Return the roles that a provider gives; None where an administrator gives them here."""
    if not settings.role_claim:
        return None
    given = claims.get(settings.role_claim)
    words = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
    return frozenset(role for role in Role if role in words)


def refusals() -> tuple[type[Exception], ...]:
    """Return what is raised for a token, or a way back, that cannot be taken.

    Imported here: a service without a provider need not load what speaks to one.
    """
    from authlib.integrations.base_client.errors import OAuthError
    from joserfc.errors import JoseError

    return NotTaken, OAuthError, JoseError


def failures() -> tuple[type[Exception], ...]:
    """Return what is raised where a provider does not answer, or not with what was expected."""
    from authlib.integrations.base_client.errors import OAuthError
    from requests.exceptions import RequestException

    return (
        RequestException,
        OAuthError,
        ValueError,
        RuntimeError,
        TypeError,
        KeyError,
        AttributeError,
    )


def text_of(claims: Mapping[str, Any], name: str) -> str:
    """Return what a claim says; nothing where that is no text, or one that nobody could read."""
    value = claims.get(name)
    if not isinstance(value, str) or len(value) > LONGEST_CLAIM:
        return ""
    return value if value.isprintable() else ""


def _forget() -> None:
    """Drop what the session keeps of attempts: several would not fit into a cookie."""
    for key in [key for key in session if key == PENDING or key.startswith(_STATES)]:
        session.pop(key)


def _away(error: Exception) -> AnyResponse:
    # Of which kind, but not its text, which comes from elsewhere and may name somebody.
    current_app.logger.warning("OpenID Connect: away: %s", type(error).__name__)
    text = gettext(
        "%(name)s does not answer as it should. Try again in a minute; if it goes on, tell"
        " whoever runs this service.",
        name=settings_or_404().name,
    )
    return sign_in_page(room().path, {"": text}, status=BAD_GATEWAY)


def _no_longer(error: Exception) -> AnyResponse:
    """End the session of somebody for whom the provider does not vouch any more."""
    current_app.logger.warning("OpenID Connect: no longer: %s", type(error).__name__)
    access.forget(action="person.sign-out")
    text = gettext("%(name)s asks you to sign in again.", name=settings_or_404().name)
    ours = str(error) if isinstance(error, NotTaken) else ""
    return sign_in_page(room().path, {"": ours or text}, status=REFUSED)


def _not_taken(error: Exception) -> AnyResponse:
    # What the provider sent does not go onto the page: it is not ours.
    current_app.logger.warning("OpenID Connect: refused: %s", type(error).__name__)
    text = gettext(
        "That sign-in was broken off, has expired, or was not meant for here. Begin anew."
    )
    ours = str(error) if isinstance(error, NotTaken) else ""
    return sign_in_page(room().path, {"": ours or text}, status=REFUSED)
