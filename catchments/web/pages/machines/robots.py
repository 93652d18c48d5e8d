"""robots.txt, word to robots on every answer, and what else stands at well-known addresses.

Where catchments and providers are made up, no robot is to come at all: a made-up telephone number
must not be found by whoever searches for help. The header says the same to those that come anyway.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import NotKnown
from catchments.web.common.services import OF_THIS_HOST, absolute, address, service
from catchments.web.pages.machines.blueprint import blueprint, made_up, told

PLAIN = "text/plain; charset=utf-8"
NOT_INDEXED = (
    "/staff",
    "/embed$",
    "/embed?",
    "/search",
    "/suggest",
    "/provider?",
    "/v1/search",
    "/v1/suggest",
    "/v1/provider?",
    "/healthz",
    "/readyz",
    "/metrics",
)
"""What addresses begin with that belong in no search engine."""
TYPED = ("/*?q=", "/*&q=", "/*?typed=", "/*&typed=", "/*?school=", "/*&school=")
"""What somebody typed: it may be somebody's address. As Google, Bing and others read patterns."""
GOOD_FOR_DAYS = 90
"""So long security.txt is said to hold; it is made anew each day."""
NO_ROBOTS = "noindex, nofollow"


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Say to robots what they may read, and where the list of pages is."""
    # Where it cannot be read the answer is 503: robots wait, and do not keep that they may not.
    service().snapshots.current()
    listed = absolute("/sitemap.xml")
    below = urlsplit(absolute("")).path
    return told("\n".join([*_rules(below), "", f"Sitemap: {listed}", ""]), PLAIN)


def _rules(below: str) -> list[str]:
    if made_up():
        return [
            "# Demonstration data: these catchments and providers are made up.",
            "# They belong in no search engine.",
            "User-agent: *",
            f"Disallow: {below}/",
        ]
    return ["User-agent: *", *(f"Disallow: {below}{each}" for each in (*NOT_INDEXED, *TYPED))]


@blueprint.after_app_request
def _said_to_robots(response: Response) -> Response:
    """Tell robots on every answer that is not for search engines."""
    if made_up() or _is_of_the_moment(response):
        response.headers["X-Robots-Tag"] = NO_ROBOTS
    return response


def _is_of_the_moment(response: Response) -> bool:
    """Whether an answer is an error, or for nobody but whoever asked."""
    control = response.headers.get("Cache-Control", "")
    return (
        response.status_code >= 400
        or ("private" in control and OF_THIS_HOST not in request.environ)
        or "no-store" in control
        or request.path == "/embed"
        or request.path.startswith(("/staff", "/v1/search", "/search"))
    )


# --- whom to tell of a weakness -------------------------------------------------------------------


@blueprint.get("/.well-known/security.txt")
def security() -> Response:
    """Say whom to tell of a weakness (RFC 9116), if whoever runs the service names somebody."""
    contacts = service().settings.security_contacts
    if not contacts:
        raise NotKnown(
            "Nobody is named here whom to tell of a weakness.",
            next_step="Whoever runs this service can name somebody by CATCHMENTS_SECURITY_CONTACT.",
        )
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    expires = today + timedelta(days=GOOD_FOR_DAYS)
    lines = [*(f"Contact: {each}" for each in contacts), f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}"]
    lines.append("Preferred-Languages: en")
    if service().settings.public_url:
        lines.append(f"Canonical: {address('/.well-known/security.txt')}")
    return told("\n".join([*lines, ""]), PLAIN)


@blueprint.get("/security.txt")
def security_of_old() -> AnyResponse:
    """Lead to where it is looked for today."""
    return redirect(f"{request.script_root}/.well-known/security.txt", 301)


@blueprint.get("/.well-known/change-password")
def change_password() -> AnyResponse:
    """Lead whoever keeps passwords to where one of the staff changes theirs."""
    return redirect(url_for("accounts.password"), 303)
