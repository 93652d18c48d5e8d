"""A real OpenID Connect provider on loopback: authlib's server part, made to misbehave at will."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response as AnyResponse

from tests.serving import in_a_thread

CLIENT_ID, CLIENT_SECRET = "catchments", "a secret between the two"
HANA = {"sub": "u-1", "email": "hana@ministry.example", "email_verified": True}
"""Who signs in there, unless a test has somebody else do it."""


@dataclass
class Code(AuthorizationCodeMixin):
    """What was granted for a code that can be used once."""

    code: str
    user: dict[str, Any]
    redirect_uri: str
    scope: str
    nonce: str | None
    auth_time: int
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Client(ClientMixin):
    """The one service that the provider knows."""

    client_id = CLIENT_ID

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return urlsplit(redirect_uri).path == "/staff/oidc/back"

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Provider:
    """Who is signed in at the provider, and what it does wrong."""

    issuer: str = ""
    user: dict[str, Any] = field(default_factory=dict)
    """The claims of whoever is signed in there."""
    authenticated_at: int | None = None
    """When they last showed who they are; just now if None."""
    forge: Callable[[dict[str, Any]], dict[str, Any]] = dict
    """What becomes of the claims before they are signed."""
    algorithm: str = "RS256"
    discovery: dict[str, Any] = field(default_factory=dict)
    """What its discovery document says otherwise."""
    keys: list[RSAKey] = field(default_factory=lambda: [_usual_key()])
    signs_with: RSAKey | None = None
    """The key that signs, if not the first of those that it publishes."""
    asked: list[dict[str, str]] = field(default_factory=list)
    """The parameters of each authorization request."""
    codes: dict[str, Code] = field(default_factory=dict)

    def signed(self, claims: dict[str, Any], **more: Any) -> str:
        key: Any = self.signs_with or self.keys[0]
        header = {"alg": self.algorithm, "kid": key.kid, **more}
        if self.algorithm == "none":
            return f"{_unpadded(header)}.{_unpadded(claims)}."
        if self.algorithm == "HS256":
            # The classic confusion: the public key, which everybody has, as a shared secret.
            key = OctKey.import_key(self.keys[0].as_pem(private=False))
        return jwt.encode(header, claims, key, [self.algorithm])


@cache
def _usual_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)  # which takes its time


def _unpadded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Serve a provider until the end of the block."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, _application(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    with in_a_thread(server):
        yield provider


def _application(provider: Provider) -> Flask:
    app = Flask("provider")
    server = AuthorizationServer(app, query_client=lambda _: Client(), save_token=lambda *_: None)
    server.register_grant(_grant(provider), [_id_token(provider), CodeChallenge(required=True)])

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        at = provider.issuer
        known = {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return jsonify({**known, **provider.discovery})

    @app.get("/jwks")
    def jwks() -> Response:
        return jsonify({"keys": [key.as_dict(private=False) for key in provider.keys]})

    @app.get("/authorize")
    def authorize() -> AnyResponse:
        asked = request.args.to_dict()
        provider.asked.append(asked)
        if asked.get("prompt") == "none" and not provider.user:
            said = urlencode({"error": "login_required", "state": asked["state"]})
            return redirect(f"{asked['redirect_uri']}?{said}")
        grant = server.get_consent_grant(end_user=provider.user)
        response: Response = server.create_authorization_response(
            grant_user=provider.user or None, grant=grant
        )
        return response

    @app.post("/token")
    def token() -> Response:
        response: Response = server.create_token_response()
        return response

    return app


def _grant(provider: Provider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            data, shown_at = request.payload.data, provider.authenticated_at
            provider.codes[code] = Code(
                code,
                request.user,
                request.payload.redirect_uri,
                request.payload.scope,
                data.get("nonce"),
                int(time.time()) if shown_at is None else shown_at,
                data.get("code_challenge"),
                data.get("code_challenge_method"),
            )

        def query_authorization_code(self, code: str, _client: Client) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del provider.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
            return authorization_code.user

    return Grant


def _id_token(provider: Provider) -> OpenIDCode:
    class IdToken(OpenIDCode):
        def exists_nonce(self, nonce: str, _request: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
            moment = int(time.time())
            half = hashlib.sha256(token["access_token"].encode()).digest()[:16]
            claims = {
                "iss": provider.issuer,
                "aud": CLIENT_ID,
                "iat": moment,
                "exp": moment + 300,
                "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
                **self.get_authorization_code_claims(request.authorization_code),
                **request.user,
            }
            return provider.signed(provider.forge(claims))

    return IdToken(require_nonce=True)
