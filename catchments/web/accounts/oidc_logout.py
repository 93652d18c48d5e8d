"""OpenID Connect Back-Channel Logout 1.0: the provider itself says that somebody has signed out.

It posts a signed token; the sessions of whoever it names end at once. Only a token about a person
(`sub`) is taken: it ends all their sessions here, which is more than one about a session would.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from flask import Response, current_app, jsonify, request

from catchments.core.openid_connect import OpenIdConnect
from catchments.store.accounts import guess_budgets
from catchments.store.accounts.people import People
from catchments.web.accounts.access import blueprint, open_to_nobody_else, without_token
from catchments.web.accounts.oidc import (
    ALGORITHMS,
    LEEWAY_S,
    NotTaken,
    client_of,
    failures,
    known_as,
    refusals,
    settings_or_404,
    text_of,
)
from catchments.web.accounts.room import room

EVENT = "http://schemas.openid.net/event/backchannel-logout"
TYPES = frozenset({"logout+jwt", "application/logout+jwt"})
"""As the standard recommends and OWASP ASVS 5, 10.5.5 requires: another kind of token is none."""
LONGEST_TOKEN = 16_384
OLDEST_S = 10 * 60
"""How long ago a token may have been made, where its own end is later."""
KEYS_FETCHED_EVERY = timedelta(minutes=1)
"""A token under an unknown key has the provider's keys fetched anew, but no more often."""
BAD_REQUEST, BAD_GATEWAY = 400, 502


@blueprint.post("/oidc/logout")
@open_to_nobody_else
@without_token
def oidc_logout() -> Response:
    """End the sessions of whoever the provider says has signed out."""
    settings = settings_or_404()
    try:
        claims = _claims(settings, request.form.get("logout_token", ""))
    except refusals() as error:
        return _refused(error, BAD_REQUEST)
    except failures() as error:
        return _refused(error, BAD_GATEWAY)
    if _is_first(str(claims["jti"])):
        People(room().store).end_elsewhere(known_as(settings, claims["sub"]))
    return jsonify({})


def _claims(settings: OpenIdConnect, token: str) -> dict[str, Any]:
    """Return what a valid logout token says. Raises JoseError and NotTaken."""
    from joserfc import jwt

    if not token or len(token) > LONGEST_TOKEN:
        raise NotTaken("no token, or one that is too long")
    decoded = _decoded(settings, token)
    if str(decoded.header.get("typ", "")).lower() not in TYPES:
        raise NotTaken("another type")
    jwt.JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": settings.issuer},
        aud={"essential": True, "value": settings.client_id},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    ).validate(decoded.claims)
    claims: dict[str, Any] = decoded.claims
    _refuse_what_is_none(claims)
    return claims


def _refuse_what_is_none(claims: dict[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise NotTaken("no logout token")
    if "nonce" in claims:  # an ID token is none, whatever else is in it
        raise NotTaken("a nonce")
    if time.time() - claims["iat"] > OLDEST_S:
        raise NotTaken("too old")
    for name in ("sub", "jti"):
        if not text_of(claims, name):
            raise NotTaken(f"no {name}")


def _decoded(settings: OpenIdConnect, token: str) -> Any:
    """Return a token that the provider has signed. Raises JoseError."""
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError
    from joserfc.jwk import KeySet

    client = client_of(settings)
    for again in (False, True):
        keys = KeySet.import_key_set(client.fetch_jwk_set(force=again))
        try:
            return jwt.decode(token, keys, algorithms=list(ALGORITHMS))
        except InvalidKeyIdError:
            if again or not _once("keys", KEYS_FETCHED_EVERY):
                raise
    return None


def _is_first(jti: str) -> bool:
    """Whether a token was not taken before: one that was copied ends nothing a second time."""
    return _once(f"token\0{jti}", timedelta(seconds=OLDEST_S + 2 * LEEWAY_S))


def _once(what: str, every: timedelta) -> bool:
    purse = guess_budgets.own_purse(guess_budgets.Kind.LOGOUT, what)
    with room().store.writing() as connection:
        return guess_budgets.once(connection, purse, every)


def _refused(error: Exception, status: int) -> Response:
    current_app.logger.warning("OpenID Connect: logout refused: %s", type(error).__name__)
    response = jsonify({"error": "invalid_request"})
    response.status_code = status
    return response
