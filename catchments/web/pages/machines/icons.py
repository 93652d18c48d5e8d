"""The icon, where browsers and telephones look for it, and the manifest of a home screen."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from flask import Response, current_app, request, url_for

from catchments.core.errors import CatchmentsError
from catchments.web.common.assets import content_of
from catchments.web.common.services import service
from catchments.web.pages.machines.blueprint import blueprint, made_up, told

MANIFEST = "application/manifest+json"
NAME, SHORT_NAME = "Find your attendance service provider", "Attendance service"
THEME, BACKGROUND = "#0d2c3f", "#ffffff"
"""As `site.css` has them for the masthead and the page."""
ICONS = (
    ("icon.svg", "any", "image/svg+xml", "any"),
    ("icon-192.png", "192x192", "image/png", "any"),
    ("icon-512.png", "512x512", "image/png", "any"),
    ("icon-maskable-512.png", "512x512", "image/png", "maskable"),
)
"""File, sizes, media type and purpose."""


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Give the icon where browsers and readers of feeds look for it unasked."""
    return _icon("favicon.ico", "image/vnd.microsoft.icon")


@blueprint.get("/apple-touch-icon.png")
@blueprint.get("/apple-touch-icon-precomposed.png")
def touch_icon() -> Response:
    """Give the icon where iOS looks for it unasked."""
    return _icon("icon-180.png", "image/png")


def _icon(name: str, media_type: str) -> Response:
    return told(content_of(Path(str(current_app.static_folder)) / "icons" / name), media_type)


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """Say what the service is called and looks like on a telephone's home screen."""
    with suppress(CatchmentsError):  # where it cannot be read, nothing is known
        service().snapshots.current()
    root = f"{request.script_root}/"
    told_of = {
        "name": f"{NAME} (demonstration)" if made_up() else NAME,
        "short_name": SHORT_NAME,
        "lang": "en-NZ",
        "dir": "ltr",
        "id": root,
        "start_url": root,
        "scope": root,
        "display": "minimal-ui",
        "theme_color": THEME,
        "background_color": BACKGROUND,
        "icons": [
            {"src": url_for("static", filename=f"icons/{name}"), "sizes": sizes, "type": kind}
            | {"purpose": purpose}
            for name, sizes, kind, purpose in ICONS
        ],
    }
    return told(json.dumps(told_of), MANIFEST)
