"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from flask import Response, jsonify

from catchments.core.errors import CatchmentsError
from catchments.requests.web.blueprint import files
from catchments.requests.web.portal import heard

UNAVAILABLE = 503


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
        return jsonify(ready=False, database=error.problem), UNAVAILABLE
    said = f"{last.heard_at.isoformat(timespec='seconds')}Z" if last else None
    return jsonify(ready=True, database="answers", lookup_heard_at=said), 200
