"""Requests for support, put together: a process of its own, with a database of its own."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from flask import Flask, Response, has_request_context, request
from flask_babel import Babel
from werkzeug.exceptions import RequestEntityTooLarge

from catchments import __version__
from catchments.core.errors import BodyTooLarge, CatchmentsError
from catchments.core.roles import Role
from catchments.requests.following import follow
from catchments.requests.lookup import Lookup, LookupAway
from catchments.requests.settings import RequestsSettings
from catchments.requests.store.database import RequestsDatabase, protect
from catchments.requests.store.mail import CaseLetters
from catchments.requests.web import frame, health, routes
from catchments.requests.web.blueprint import ROOM
from catchments.requests.web.files import UnwrittenRequest
from catchments.requests.web.form import FIELDS
from catchments.requests.web.portal import EXTENSION, Portal, is_made_up
from catchments.runtime import logs
from catchments.runtime.disk import exposed
from catchments.runtime.keep_doing import keep_doing
from catchments.runtime.processes import end_with_parent
from catchments.store.engine import database_file
from catchments.store.outbox.mail_sending import MailWorker
from catchments.store.outbox.trail_sending import NOWHERE, Origin, TrailSender
from catchments.web.accounts import routes as accounts_routes
from catchments.web.accounts.room import Room
from catchments.web.common import assets, problems, security
from catchments.web.common.query_parameters import Number
from catchments.web.front import onion
from catchments.web.front.one_connection import OneConnection

WEB = Path(__file__).parents[1] / "web"
"""Where the templates and static files are that these pages share with others."""
OWN = Path(__file__).parent / "web"
NAME = "Requests for support"
WELCOME = (
    "For schools that ask the attendance service for support, and for the providers that give it. "
    "You need an account: your organisation’s delegated authoriser makes one for you."
)
WHOM_TO_ASK = (
    "Forgotten your password, or no account? Ask your organisation’s delegated authoriser."
)
WRITTEN = (*FIELDS, "name", "email", "note", "reason", "text")
"""The fields of these pages' forms that people write in: a page that refuses a form shows them."""
ORIGIN = Origin(
    "catchments-requests", "Audit trail of requests for support", "flask requests verify"
)
"""What the trail's last hash goes out under."""
HASH_GOES_NOWHERE = (
    "The audit trail's last hash goes nowhere by itself: whoever owns the database could cut off "
    "its end unseen. Set CATCHMENTS_REQUESTS_AUDIT_OUT."
)
FOLLOW_EVERY_S = 5.0
SEND_EVERY_S = 5.0
FORGET_EVERY_S = 3_600.0


def create_app(settings: RequestsSettings | None = None, **parts: Any) -> Flask:
    """Return the application; `parts` take the place of those of `Portal`, such as `today`."""
    settings = settings or RequestsSettings.from_environment()
    accounts = settings.accounts
    app = Flask("catchments.requests", root_path=str(WEB))
    app.request_class = UnwrittenRequest
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    database = parts.pop("database", None) or RequestsDatabase.of(accounts)
    made: dict[str, Any] = {
        "database": database,
        "lookup": Lookup(settings.lookup_url, key=settings.lookup_key),
        "trail": TrailSender(database, accounts, ORIGIN),
    }
    app.extensions[EXTENSION] = Portal(settings, **(made | parts))
    app.url_map.converters |= {"int": Number}
    Babel(app)
    assets.register(app, {"requests_files.static": OWN / "static"})
    frame.register(app)
    problems.register(
        app,
        problems.Surroundings(
            lambda path: f"{accounts.public_url}{path}",
            is_made_up,
            "requests/problem.html",
            WRITTEN,
        ),
    )
    health.register(app)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    security.register(app, lambda: accounts)
    routes.register(app)
    accounts_routes.register(app, _room(app.extensions[EXTENSION]))
    app.after_request(_kept_by_nobody)
    app.wsgi_app = OneConnection(app.wsgi_app, lambda: database)  # type: ignore[method-assign]
    onion.enclose(app, accounts)
    return app


def _room(parts: Portal) -> Room:
    return Room(
        parts.database,
        lambda: parts.settings.accounts,
        path=ROOM,
        cookie="requests",
        frame="requests/base.html",
        name=NAME,
        welcome=WELCOME,
        whom_to_ask=WHOM_TO_ASK,
        roles=(Role.READER,),
    )


def _too_large(_: RequestEntityTooLarge) -> Response:
    """Answer a form that is too large to be looked at; what it holds is not known then."""
    return problems.answer_of(
        BodyTooLarge(
            "What you sent is more than is taken here, and was not looked at.",
            allowed="Texts have the lengths that their fields say; a file has at most 20 MB.",
            next_step="Go back in your browser: what you typed may be there still. Choose a "
            "smaller file.",
        )
    )


def _kept_by_nobody(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


# --- a server ------------------------------------------------------------------------------------


def serve_app() -> Flask:
    """Return the application with what goes on beside answering: a server's factory."""
    end_with_parent()
    settings = RequestsSettings.from_environment()
    logs.configure(settings.accounts.log, _about)
    log = logging.getLogger("catchments")
    log.info("requests for support, version %s", __version__)
    app = create_app(settings)
    parts: Portal = app.extensions[EXTENSION]
    file = database_file(settings.accounts.database_url)
    for sentence in exposed([file] if file else []):
        log.warning("%s", sentence)
    try:
        protect(parts.database)
    except CatchmentsError as error:
        log.warning("not ready: %s", error)
    with app.app_context():
        if parts.trail.state == NOWHERE and not is_made_up():
            log.warning("%s", HASH_GOES_NOWHERE)
    letters = CaseLetters(parts.database, settings.accounts.public_url)
    sending = MailWorker(letters, settings.accounts)
    for work, every_s, failing in (
        (Following(parts, log).look, FOLLOW_EVERY_S, "the lookup is not followed"),
        (sending.send_due, SEND_EVERY_S, "no e-mail is being sent"),
        (parts.trail.send_due, SEND_EVERY_S, "the audit trail's last hash does not go out"),
        (parts.written.forget_old, FORGET_EVERY_S, "old requests are not forgotten"),
    ):
        keep_doing(log, work, every_s=every_s, failing=failing)
    return app


class Following:
    """Follows the lookup, and says once that it is away and once that it answers again."""

    def __init__(self, parts: Portal, log: logging.Logger) -> None:
        self._parts, self._log, self._is_away = parts, log, False

    def look(self) -> None:
        """Look at what is published, and have cases end up with who serves."""
        parts = self._parts
        try:
            done = follow(parts.handovers, parts.lookup, today=parts.today)
        except LookupAway:
            if not self._is_away:
                self._log.warning("the lookup does not answer; it is asked again and again")
            self._is_away = True
            return
        if self._is_away:
            self._log.info("the lookup answers again")
        self._is_away = False
        if done and (done.moved or done.coming):
            self._log.info("handovers: %s done, %s to come", done.moved, done.coming)


def _about() -> dict[str, Any]:
    """Return what a log line says of the request: its rule, never its address."""
    if not has_request_context():
        return {}
    return {"route": request.url_rule.rule if request.url_rule else "unmatched"}
