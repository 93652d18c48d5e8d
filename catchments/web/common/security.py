"""Headers that every response carries."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, request

from catchments.core.settings import Settings
from catchments.web.common import cors

_PICTURES = "img-src 'self' data:"
_OWN_ONLY = (
    f"default-src 'none'; script-src 'self'; style-src 'self'; {_PICTURES}; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'"
)
CONTENT_SECURITY_POLICY = f"{_OWN_ONLY}; frame-ancestors 'none'"
WITH_THE_MAP = frozenset(
    {"mapping.page", "finder.home", "staff.change", "staff.make_change", "staff.draft"}
)
"""The pages that load map tiles, where a setting names a server of them."""
FRAMED = "finder.embed"
"""The one page that other websites may frame, and only those that a setting names."""
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    # An address that somebody looked up does not travel to the provider's website.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


FEATURES = ("camera", "display-capture", "microphone", "payment", "usb", "midi", "serial", "hid")
PERMISSIONS_POLICY = ", ".join((*(f"{name}=()" for name in FEATURES), "geolocation=(self)"))
"""What no page of ours asks a browser for, so that nothing that slips into one can; where somebody
is, the map alone asks, when its button is pressed."""
A_YEAR_OF_HTTPS = "max-age=31536000; includeSubDomains"
"""For names below ours too: nobody is to read along there what belongs here."""


def register(app: Flask, settings_of: Callable[[], Settings]) -> None:
    """Add the headers to whatever leaves the application."""

    def secured(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", _policy(settings_of()))
        response.headers.extend(HEADERS)
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        if not cors.is_open():
            response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Also by plain HTTP, where browsers do not heed it: what is kept is for both.
        if settings_of().public_url.startswith("https:"):
            response.headers["Strict-Transport-Security"] = A_YEAR_OF_HTTPS
        return response

    app.after_request(secured)


def _policy(settings: Settings) -> str:
    if request.endpoint == FRAMED and settings.embed_on:
        return f"{_OWN_ONLY}; frame-ancestors {' '.join(settings.embed_on)}"
    if request.endpoint in WITH_THE_MAP and settings.tiles:
        pictures = f"{_PICTURES} {' '.join(settings.tiles.origins)}"
        return CONTENT_SECURITY_POLICY.replace(_PICTURES, pictures)
    return CONTENT_SECURITY_POLICY
