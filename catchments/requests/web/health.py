"""Whether the process lives, whether it can do its work, and what is said where it cannot."""

from __future__ import annotations

from flask import Flask, Response, current_app, jsonify

from catchments.core.errors import CatchmentsError, NothingPublished
from catchments.requests.web.blueprint import files
from catchments.requests.web.portal import heard, portal
from catchments.store.engine import StoreUnavailable
from catchments.web.common import problems
from catchments.web.front.watchers import is_watcher

UNAVAILABLE = 503


def register(app: Flask) -> None:
    """Have the log say why the database is away, and pages that it is."""
    for kind in (StoreUnavailable, NothingPublished):
        app.register_error_handler(kind, _away)


@files.get("/healthz")
def healthz() -> Response:
    """Say that the process lives."""
    return Response("ok\n", mimetype="text/plain")


@files.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Say whether the database answers, and when the lookup was last heard of."""
    try:
        last = heard()
    except CatchmentsError as error:
        current_app.logger.warning("not ready: %s", error)
        return jsonify(ready=False, database="away"), UNAVAILABLE
    said = f"{last.heard_at.isoformat(timespec='seconds')}Z" if last else None
    about = {"audit_out": portal().trail.state} if is_watcher("") else {}
    return jsonify(ready=True, database="answers", lookup_heard_at=said, **about), 200


def _away(error: CatchmentsError) -> Response:
    current_app.logger.warning("the database is away: %s", error)
    # Strangers may know that it is, and not where it was.
    return problems.answer_of(
        StoreUnavailable(
            "The service cannot reach its database just now.",
            next_step="Nothing that was kept is lost. Try again in a few minutes.",
        )
    )
