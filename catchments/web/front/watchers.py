"""Who watches the service: this very machine, or whoever has the token of its figures."""

from __future__ import annotations

import hmac

from flask import request

from catchments.core.public_addresses import is_this_machine

FORWARDED = ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")
"""What a request has that came through a proxy: its peer's address then says nothing."""


def is_watcher(token: str) -> bool:
    """Whether a request may see what is nobody else's: by a token, where there is one."""
    if token:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    is_passed_on = any(name in request.headers for name in FORWARDED)
    return not is_passed_on and is_this_machine(request.remote_addr or "")
