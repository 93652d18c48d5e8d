"""Who watches the service: this very machine, or whoever has the token of its figures."""

from __future__ import annotations

import hmac
import ipaddress

from flask import request

FORWARDED = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")
"""What a request has that came through a proxy: its peer's address then says nothing."""


def is_watcher(token: str) -> bool:
    """Whether a request may see what is nobody else's: by a token, where there is one."""
    if token:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    return _is_from_here()


def _is_from_here() -> bool:
    if any(name in request.headers for name in FORWARDED):
        return False
    try:  # an address alone: what only is called “localhost” is no neighbour
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
