"""Calls to webhooks: signed JSON, posted to machines of the public internet alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from catchments.core.errors import InputRefused, shown
from catchments.core.public_addresses import is_public
from catchments.store.outbox.mail_sending import NotTaken

CALL_TIMEOUT_S = (5.0, 10.0)
"""To connect, and to wait for each piece of an answer."""
LONGEST_URL = 2_000
SIGNATURE, DELIVERY = "X-Catchments-Signature", "X-Catchments-Delivery"


def checked_url(text: str, *, to_private: bool) -> str:
    """Return the URL of a webhook. Raises InputRefused."""
    url = text.strip()
    problem = _problem_with(url)
    if not problem and not to_private:
        try:
            _refuse_private(url)
        except NotTaken as error:
            problem = str(error)
    if problem:
        raise InputRefused(
            f"The address {shown(url)} cannot be a webhook: {problem}.",
            field="address",
            allowed="It must be an http or https address that the public internet knows.",
            next_step="For example https://service.example/attendance.",
        )
    return url


def call(
    url: str, secret: str, payload: Mapping[str, Any], *, delivery: str, to_private: bool
) -> None:
    """Post JSON to a webhook, signed. Raises NotTaken where it did not say that it took it."""
    problem = _problem_with(url)
    if problem:
        raise NotTaken(problem, for_good=True)
    body = json.dumps(payload, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "catchments",
        SIGNATURE: signature(secret, body, at=int(time.time())),
        DELIVERY: delivery,
    }
    if not to_private:
        _refuse_private(url)
    try:
        status = _posted(url, body, headers, to_private)
    except (requests.RequestException, OSError) as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error
    if not 200 <= status < 300:
        raise NotTaken(f"it answered {status}")


def signature(secret: str, body: bytes, *, at: int) -> str:
    """Return the header that shows that a body is ours; `at` is seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"


def _posted(url: str, body: bytes, headers: dict[str, str], to_private: bool) -> int:
    with requests.Session() as session:
        session.trust_env = False  # no proxy and no password file of whoever runs this
        if not to_private:
            session.mount("http://", _PublicOnly())
            session.mount("https://", _PublicOnly())
        with session.post(
            url,
            data=body,
            headers=headers,
            timeout=CALL_TIMEOUT_S,
            allow_redirects=False,
            stream=True,  # whatever it says, only the status is read
        ) as response:
            return response.status_code


def _problem_with(url: str) -> str:
    """Return what is wrong with a URL as it is written, or nothing."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "it is no http or https URL"
    if parts.username is not None or parts.password is not None:
        return "it has a user or a password in it"
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return "it is too long, or has spaces in it"
    return ""


def _refuse_private(url: str) -> None:
    """Raise NotTaken where a URL's host is not known, or is not a machine of the public's."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotTaken(f"its host {shown(parts.hostname or '')} is not known") from error
    if not all(is_public(str(address[0])) for *_, address in found):
        raise NotTaken("its host is this machine or in a private network")


class _PeerChecked:
    """Looks at whom it is connected to before it says anything: names may change meanwhile."""

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        if not is_public(str(made.getpeername()[0])):
            made.close()
            raise OSError("its host is this machine or in a private network")
        return made


class _Connection(_PeerChecked, HTTPConnection):
    pass


class _TlsConnection(_PeerChecked, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _PublicOnly(HTTPAdapter):
    """Connects to machines of the public internet alone."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have every pool make checked connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
