"""Headers that every response carries."""

from __future__ import annotations

from flask import Flask, Response, request

from catchments.web.common.services import service

_OWN_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'"
)
CONTENT_SECURITY_POLICY = f"{_OWN_ONLY}; frame-ancestors 'none'"
FRAMED = "finder.embed"
"""The one page that other websites may frame, and only those that a setting names."""
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    # An address that somebody looked up does not travel to the provider's website.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


def register(app: Flask) -> None:
    """Add the headers to whatever leaves the application."""

    def secured(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _policy()
        response.headers.extend(HEADERS)
        return response

    app.after_request(secured)


def _policy() -> str:
    allowed = service().settings.embed_on
    if request.endpoint != FRAMED or not allowed:
        return CONTENT_SECURITY_POLICY
    return f"{_OWN_ONLY}; frame-ancestors {' '.join(allowed)}"
