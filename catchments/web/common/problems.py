"""Errors at the door: problem+json (RFC 9457) for machines, a page for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, current_app, render_template, request, url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadHost, HTTPException, RequestEntityTooLarge

from catchments.core.errors import (
    BodyNotTaken,
    BodyTooLarge,
    CatchmentsError,
    ChangeDoesNotFit,
    InputRefused,
    Kind,
    NotAllowed,
    NothingPublished,
    NotKnown,
    NotNow,
    PublicationRefused,
    Stale,
)
from catchments.runtime.key_files import KeyTrouble
from catchments.store.accounts.guess_budgets import TooManyGuesses
from catchments.store.accounts.hashing import TooBusy
from catchments.store.engine import StoreUnavailable
from catchments.web.common.contract import NotOffered
from catchments.web.spoken.catalogues import Told
from catchments.web.spoken.catalogues import tell as _
from catchments.web.spoken.page_words import for_pages

EXTENSION = "catchments.problems"
PROBLEM = "application/problem+json"
LONGEST_HEADER = 16_384
"""Characters; of a header that is sent several times, all together."""
EXAMPLE = "catchments.example"
"""In the environment of a request that the service sends itself, for an example to show."""
_STATUS: tuple[tuple[type[CatchmentsError], int, Kind, LazyString], ...] = (
    (InputRefused, 400, Kind.INVALID_VALUE, _l("That cannot be answered as it was asked")),
    (NotAllowed, 403, Kind.NOT_ALLOWED, _l("You may not do that")),
    (Stale, 412, Kind.STALE, _l("Somebody else was faster")),
    (NotNow, 409, Kind.CONFLICT, _l("That cannot be done now")),
    (ChangeDoesNotFit, 409, Kind.CHANGE_DOES_NOT_FIT, _l("The change does not fit")),
    (PublicationRefused, 409, Kind.CANNOT_BE_PUBLISHED, _l("That cannot be published")),
    (NotKnown, 404, Kind.NOT_FOUND, _l("Not found")),
    (NotOffered, 406, Kind.NOT_OFFERED, _l("Not to be had in that form")),
    (BodyTooLarge, 413, Kind.TOO_LARGE, _l("Too much at once")),
    (BodyNotTaken, 415, Kind.NOT_TAKEN, _l("Not taken in that form")),
    (NothingPublished, 503, Kind.NOTHING_PUBLISHED, _l("Nothing published yet")),
    (TooManyGuesses, 429, Kind.TOO_MANY_REQUESTS, _l("Too many wrong sign-ins")),
    (TooBusy, 503, Kind.TOO_BUSY, _l("Too much at once")),
    (StoreUnavailable, 503, Kind.DATABASE_AWAY, _l("The database is away")),
    (KeyTrouble, 500, Kind.SERVICE_ERROR, _l("An error of the service's own")),
)
_HTTP_KINDS = {
    404: Kind.NO_SUCH_ADDRESS,
    405: Kind.METHOD_NOT_ALLOWED,
    408: Kind.TOO_SLOW,
    413: Kind.TOO_LARGE,
    415: Kind.NOT_TAKEN,
    416: Kind.RANGE_NOT_SATISFIABLE,
    431: Kind.HEADER_TOO_LONG,
    503: Kind.TOO_BUSY,
}
"""What kind HTTP's own errors are, by status."""
_STATUS_OF = {
    **{kind: status for _, status, kind, _ in _STATUS},
    **{kind: status for status, kind in _HTTP_KINDS.items()},
    Kind.UNKNOWN_KEY: 401,
}
"""Of each kind; 400 of those that are not here."""
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
SAID_TO_PEOPLE = {
    400: _l("We could not answer that"),
    404: _l("Page not found"),
    405: _l("This page cannot do that"),
    413: _l("That is too long"),
    429: _l("Please wait a moment"),
}
"""Titles of pages, where a program's are HTTP's words."""
RETRY_AFTER_S = 10
WRITTEN = ("title", "reason", "text", "accept_uncovered")
"""What people write in forms whose refusal is a page of its own."""
PROGRAMS = ("/v1/", "/ogc/", "/downloads/", "/.well-known/")
"""Where programs ask beside these, files to download among it."""
MACHINES = {"api", "v1", "features", "health", "machines"}
"""The blueprints that are for programs: their errors are problem+json unless a page is wanted."""
STAFF = {"staff", "accounts"}
"""Those whose errors stand in the frame of the staff pages."""


@dataclass(frozen=True)
class Surroundings:
    """What problems need to know of the application that they are in."""

    address: Callable[[str], str]
    """Returns the address of one of its pages, given the path."""
    demonstration: Callable[[], bool]
    """Whether what it answers is made up: then even “no such school” is not to be relied on."""
    template: str = ""
    """The page of every problem; if empty, that of the room that the request is for."""
    written: tuple[str, ...] = WRITTEN
    """The fields of forms that people write in."""


def register(app: Flask, surroundings: Surroundings) -> None:
    """Answer every error of ours and of HTTP itself in the form that the client reads."""
    app.extensions[EXTENSION] = surroundings
    app.register_error_handler(CatchmentsError, answer_of)
    app.register_error_handler(HTTPException, answer_of_http)
    app.register_error_handler(Exception, _unforeseen)


def too_many(quota: int, left_s: int) -> Response:
    """Return what a client is told that has asked more often than it may."""
    return _later(
        f"More than {quota} requests came from you within a minute.",
        f"{quota} requests a minute; the header RateLimit says how many are left.",
        left_s,
        beside=" For many schools or places at once there is POST /v1/providers:resolve; a service "
        "may be issued a key that allows more.",
    )


def too_many_misses(at_most: int, left_s: int) -> Response:
    """Return what a client is told that keeps asking for what there is not."""
    return _later(
        f"More than {at_most} requests came from you within a minute that found nothing, or had a "
        "key that is not in use.",
        f"{at_most} of them a minute; whoever has a key is not counted.",
        left_s,
    )


def too_much_work(at_most_s: int, left_s: int) -> Response:
    """Return what a client is told whose questions took more time than its share."""
    return _later(
        "Your questions took more of this service's time within a minute than one client may have.",
        f"{at_most_s} seconds of work a minute. Addresses take most of it.",
        left_s,
    )


def _later(said: str, allowed: str, left_s: int, *, beside: str = "") -> Response:
    response = _problem(
        Kind.TOO_MANY_REQUESTS,
        gettext("Too many requests"),
        said,
        allowed=allowed,
        next_step=f"Ask again in {left_s} seconds.{beside}",
    )
    response.headers["Retry-After"] = str(left_s)
    return response


def unknown_host() -> Response:
    """Return what a client is told that asked for a host that is none of this service's."""
    return _problem(
        Kind.BAD_REQUEST,
        str(TITLES[400]),
        "The header Host names a host that this service is not.",
        next_step="Ask under the name that the service is published under. Whoever runs it adds "
        "another with CATCHMENTS_TRUSTED_HOSTS.",
    )


def no_room() -> Response:
    """Return what a client is told who comes when all that can be done at once is being done."""
    said = "More is being asked at once than there is room for."
    return answer_of(TooBusy(said, next_step=f"Ask again in {RETRY_AFTER_S} seconds."))


def too_long(header: str, at_most: int) -> Response:
    """Return what a client is told one of whose headers nobody will read."""
    return _problem(
        Kind.HEADER_TOO_LONG,
        gettext("Too much at once"),
        f"The header {header} is too long.",
        allowed=f"A header may have {at_most:,} characters.",
        next_step="Shorten it. In a browser, removing this site's cookies may help.",
    )


def unknown_key() -> Response:
    """Return what a client is told whose key is none, or was revoked."""
    response = _problem(
        Kind.UNKNOWN_KEY,
        gettext("That key is not known"),
        "The header X-API-Key has a key that is not, or no longer, in use.",
        allowed="Everything may be read without a key; a key only allows more requests.",
        next_step="Correct it, leave it out, or ask whoever issued it for another.",
    )
    response.headers["WWW-Authenticate"] = 'ApiKey header="X-API-Key"'
    return response


def instead_of_flask(
    app: Flask,
    environ: WSGIEnvironment,
    start_response: StartResponse,
    problem: Callable[[], Response],
) -> Iterable[bytes]:
    """Answer a request with a problem, as Flask would, before it gets there."""
    with app.request_context(environ):
        response = app.process_response(problem())
    return response(environ, start_response)


def type_of(kind: Kind) -> str:
    """Return the address that says which kind of problem one is, which is also its page's."""
    return _surroundings().address(f"/problems/{kind}")


def answer_of(error: CatchmentsError) -> Response:
    """Return what a client is told of an error of ours."""
    usual, title = next(
        ((kind, str(title)) for made, _, kind, title in _STATUS if isinstance(error, made)),
        (Kind.NOT_POSSIBLE, gettext("That is not possible")),
    )
    return _problem(
        getattr(error, "kind", usual),
        title,
        for_pages(error.problem),
        parameter=getattr(error, "field", ""),
        row=getattr(error, "row", None),
        allowed=for_pages(error.allowed),
        next_step=for_pages(error.next_step),
    )


def answer_of_http(error: HTTPException) -> Response:
    """Return what a client is told of an error of HTTP itself."""
    code = error.code or 500
    kind = _HTTP_KINDS.get(code, Kind.BAD_REQUEST if code < 500 else Kind.SERVICE_ERROR)
    title = str(TITLES.get(code, error.name))
    if code == 404 and _is_for_programs() and not wants_page():
        nothing = "There is nothing at this address."
        response = _problem(kind, title, nothing, next_step="All there is: /api.")
    else:
        said = SAID.get(code)
        detail = Told(said) if said else error.description or error.name
        response = _problem(kind, title, detail, status=code)
    for name, value in error.get_headers():
        if name in {"Allow", "Content-Range", "Retry-After"}:
            response.headers[name] = value
    return response


def _unforeseen(error: Exception) -> Response:
    current_app.logger.exception("unforeseen %s", type(error).__name__)
    return own_error()


def own_error() -> Response:
    """Return what a client is told of an error of the service's own."""
    return _problem(
        Kind.SERVICE_ERROR,
        gettext("Something went wrong here"),
        _("The service met an error of its own; it has been logged."),
        next_step=_("Try again in a minute."),
    )


def status_of(kind: Kind) -> int:
    """Return the status of HTTP that a kind of problem is answered with."""
    return _STATUS_OF.get(kind, 400)


def _problem(kind: Kind, title: str, detail: str, *, status: int = 0, **more: Any) -> Response:
    status = status or status_of(kind)
    # One small line, with nothing of what was typed in it: that may be somebody's address.
    if EXAMPLE not in request.environ:
        current_app.logger.warning("%s: answered %s", request.endpoint or "no such page", status)
    if wants_page():
        response = _page(status, title, detail, more)
    else:
        response = _json(kind, status, title, detail, more)
    response.headers["Vary"] = "Accept"
    response.headers["Cache-Control"] = "no-store"
    if status in {429, 503}:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def _surroundings() -> Surroundings:
    return cast(Surroundings, current_app.extensions[EXTENSION])


def wants_page() -> bool:
    """Whether the client prefers a page; one that takes anything gets what its address is for."""
    if isinstance(request.routing_exception, BadHost):
        return False  # no page can be written: its links would need the host
    machine = request.blueprint in MACHINES or f"{request.path}/".startswith(PROGRAMS)
    kinds = [PROBLEM, "application/json", "text/html"]
    offered = kinds if machine else kinds[::-1]
    return request.accept_mimetypes.best_match(offered, default=offered[0]) == "text/html"


def _is_for_programs() -> bool:
    return request.blueprint in MACHINES or f"{request.path}/".startswith("/v1/")


def _json(kind: Kind, status: int, title: str, detail: str, more: dict[str, Any]) -> Response:
    body = {"type": type_of(kind), "title": title, "status": status, "detail": detail}
    body |= {name: text for name, text in more.items() if text}
    body |= {"demonstration": True} if _surroundings().demonstration() else {}
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype=PROBLEM)


def _page(status: int, title: str, detail: str, more: dict[str, Any]) -> Response:
    around = _surroundings()
    about = {"title": title, "detail": detail, "demonstration": around.demonstration(), **more}
    if template := around.template:
        about |= {"written": written(), "again": list(sent_form().items(multi=True))}
        text = render_template(template, error=True, status=status, **about)
    elif request.blueprint in STAFF:
        about |= {"draft_page": _draft_page(), "written": written()}
        text = render_template("staff/problem.html", error=True, **about)
    else:
        text = render_template("problem.html", **about, heading=_heading(status, about))
    return Response(text, status)


def _heading(status: int, about: dict[str, Any]) -> str:
    """Return what a public page says in place of the title that a program is told."""
    if status == 400 and about.get("parameter"):
        return str(gettext("Something in this address is wrong"))
    return str(SAID_TO_PEOPLE.get(status, about["title"]))


def written() -> list[str]:
    """Return the texts of the form that was sent, so that nobody has to write them again."""
    form, names = sent_form(), _surroundings().written
    return [text for name in names if (text := form.get(name, "").strip())]


def sent_form() -> MultiDict[str, str]:
    """Return the form that was sent, empty where it cannot be read."""
    try:
        return request.form
    except RequestEntityTooLarge:  # which is what the page says
        return MultiDict()


def _draft_page() -> str:
    """Return the page of the draft that a request was about, if it was about one."""
    draft = (request.view_args or {}).get("draft")
    return url_for("staff.draft", draft=draft) if draft and request.method == "POST" else ""
