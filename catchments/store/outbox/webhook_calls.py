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
    from catchments.store.outbox.posting import posted  # four megabytes: only who calls pays

    status = posted(url, body, headers, timeout_s=CALL_TIMEOUT_S, to_private=to_private)
    if not 200 <= status < 300:
        raise NotTaken(f"it answered {status}")


def signature(secret: str, body: bytes, *, at: int) -> str:
    """Return the header that shows that a body is ours; `at` is seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"


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
