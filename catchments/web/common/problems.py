"""Errors at the door: problem+json (RFC 9457) for machines, a page for people."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask, Response, current_app, render_template, request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import BadHost, HTTPException

from catchments.core.errors import (
    CatchmentsError,
    ChangeDoesNotFit,
    InputRefused,
    NotAllowed,
    NothingPublished,
    NotKnown,
    PublicationRefused,
)
from catchments.store import StoreUnavailable
from catchments.store.drafts.repository import NotNow, Stale
from catchments.store.people import TooBusy
from catchments.web.common.contract import NotOffered
from catchments.web.common.services import service
from catchments.web.v1.bulk.rows import BodyNotTaken, BodyTooLarge

PROBLEM = "application/problem+json"
_STATUS: tuple[tuple[type[CatchmentsError], int, LazyString], ...] = (
    (InputRefused, 400, _l("That cannot be answered as it was asked")),
    (NotAllowed, 403, _l("You may not do that")),
    (Stale, 412, _l("Somebody else was faster")),
    (NotNow, 409, _l("That cannot be done now")),
    (ChangeDoesNotFit, 409, _l("The change does not fit")),
    (PublicationRefused, 409, _l("That cannot be published")),
    (NotKnown, 404, _l("Not found")),
    (NotOffered, 406, _l("Not to be had in that form")),
    (BodyTooLarge, 413, _l("Too much at once")),
    (BodyNotTaken, 415, _l("Not taken in that form")),
    (NothingPublished, 503, _l("Nothing published yet")),
    (TooBusy, 503, _l("Too much at once")),
    (StoreUnavailable, 503, _l("The database is away")),
)
SAID = {
    404: _l("There is no page at this address. Check it, or look for your school below."),
    405: _l("That cannot be done at this address."),
    413: _l("That is far more than a name or an address. Try again with less."),
}
"""What HTTP's own errors say to people, in place of what a server says to programmers."""
TITLES = {
    400: _l("Bad Request"),
    404: _l("Not Found"),
    405: _l("Method Not Allowed"),
    413: _l("Request Entity Too Large"),
    415: _l("Unsupported Media Type"),
}
"""What HTTP calls its own errors, to be translated."""
RETRY_AFTER_S = 10
PROGRAMS = ("/v1/", "/ogc/", "/downloads/", "/.well-known/")
"""Where programs ask beside these, files to download among it."""
MACHINES = {"api", "v1", "features", "health", "machines"}
"""The blueprints that are for programs: their errors are problem+json unless a page is wanted."""
STAFF = {"staff", "accounts"}
"""Those whose errors stand in the frame of the staff pages."""


def register(app: Flask) -> None:
    """Answer every error of ours and of HTTP itself in the form that the client reads."""
    app.register_error_handler(CatchmentsError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def too_many(quota: int, left_s: int) -> Response:
    """Return what a client is told that has asked more often than it may."""
    response = _problem(
        429,
        gettext("Too many requests"),
        f"More than {quota} requests came from you within a minute.",
        allowed=f"{quota} requests a minute; the header RateLimit says how many are left.",
        next_step=f"Ask again in {left_s} seconds. For many schools or places at once there is "
        "POST /v1/providers:resolve; a service may be issued a key that allows more.",
    )
    response.headers["Retry-After"] = str(left_s)
    return response


def too_long(header: str, at_most: int) -> Response:
    """Return what a client is told one of whose headers nobody will read."""
    return _problem(
        431,
        gettext("Too much at once"),
        f"The header {header} is too long.",
        allowed=f"A header may have {at_most:,} characters.",
        next_step="Shorten it. In a browser, removing this site's cookies may help.",
    )


def unknown_key() -> Response:
    """Return what a client is told whose key is none, or was revoked."""
    response = _problem(
        401,
        gettext("That key is not known"),
        "The header X-API-Key has a key that is not, or no longer, in use.",
        allowed="Everything may be read without a key; a key only allows more requests.",
        next_step="Correct it, leave it out, or ask whoever issued it for another.",
    )
    response.headers["WWW-Authenticate"] = 'ApiKey header="X-API-Key"'
    return response


def _ours(error: CatchmentsError) -> Response:
    status, title = next(
        ((status, str(title)) for made, status, title in _STATUS if isinstance(error, made)),
        (400, gettext("That is not possible")),
    )
    return _problem(
        status,
        title,
        error.problem,
        parameter=getattr(error, "field", ""),
        row=getattr(error, "row", None),
        allowed=error.allowed,
        next_step=error.next_step,
    )


def _http(error: HTTPException) -> Response:
    code = error.code or 500
    title = str(TITLES.get(code, error.name))
    if code == 404 and _is_for_programs() and not _wants_page():
        response = _problem(
            code, title, "There is nothing at this address.", next_step="All there is: /api."
        )
    else:
        said = SAID.get(code)
        response = _problem(code, title, str(said) if said else error.description or error.name)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    current_app.logger.exception("unforeseen %s", type(error).__name__)
    return _problem(
        500,
        gettext("Something went wrong here"),
        gettext("The service met an error of its own; it has been logged."),
        next_step=gettext("Try again in a minute."),
    )


def _problem(status: int, title: str, detail: str, **more: Any) -> Response:
    # One small line, with nothing of what was typed in it: that may be somebody's address.
    current_app.logger.warning("%s: answered %s", request.endpoint or "no such page", status)
    response = (
        _page(status, title, detail, more) if _wants_page() else _json(status, title, detail, more)
    )
    response.headers["Vary"] = "Accept"
    response.headers["Cache-Control"] = "no-store"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _demonstration() -> bool:
    """Whether answers are made up: then even “no such school” is not to be taken for the truth."""
    world = service().snapshots.latest
    return world is not None and world.demonstration


def _wants_page() -> bool:
    """Whether the client prefers a page; one that takes anything gets what its address is for."""
    if isinstance(request.routing_exception, BadHost):
        return False  # no page can be written: its links would need the host
    machine = request.blueprint in MACHINES or f"{request.path}/".startswith(PROGRAMS)
    kinds = [PROBLEM, "application/json", "text/html"]
    offered = kinds if machine else kinds[::-1]
    return request.accept_mimetypes.best_match(offered, default=offered[0]) == "text/html"


def _is_for_programs() -> bool:
    return request.blueprint in MACHINES or f"{request.path}/".startswith("/v1/")


def _json(status: int, title: str, detail: str, more: dict[str, Any]) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body |= {name: text for name, text in more.items() if text}
    body |= {"demonstration": True} if _demonstration() else {}
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype=PROBLEM)


def _page(status: int, title: str, detail: str, more: dict[str, Any]) -> Response:
    about: dict[str, Any] = {
        "title": title,
        "detail": detail,
        "demonstration": _demonstration(),
    }
    template = "staff/problem.html" if request.blueprint in STAFF else "problem.html"
    about["draft_page"] = _draft_page()
    return Response(render_template(template, error=True, **about, **more), status)


def _draft_page() -> str:
    """Return the page of the draft that a request was about, if it was about one."""
    draft = (request.view_args or {}).get("draft")
    return url_for("staff.draft", draft=draft) if draft and request.method == "POST" else ""
