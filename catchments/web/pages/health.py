"""Health checks, for whatever watches the service: is the process alive, and can it answer?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify

from catchments import __version__
from catchments.core.errors import CatchmentsError
from catchments.lookup.snapshot import Snapshots
from catchments.runtime.fence import walls
from catchments.runtime.new_zealand import NEW_ZEALAND_TIME
from catchments.store.outbox.trail_sending import NOWHERE
from catchments.web.common.services import service
from catchments.web.front.watchers import is_watcher

PATIENCE_S = 2.0
"""So long the database may take to answer: what watches has no more patience than a few seconds."""

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers at all, and which version of the software it runs."""
    return _uncached(jsonify(status="ok", version=__version__))


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Say whether answers can be given, from which edition, and whether the database answers."""
    snapshots = service().snapshots
    try:
        world = snapshots.current()
        snapshot = world.on(world.today)
    except CatchmentsError as error:
        return _uncached(jsonify(status="not ready", reason=str(error))), 503
    if snapshot is None:
        return _uncached(jsonify(status="not ready", reason="No edition is in force today.")), 503
    body: dict[str, Any] = {
        "status": "ready",
        "edition": snapshot.edition.number,
        "directory_release": snapshot.release.number,
        "demonstration": snapshot.demonstration,
        "as_at": world.today.isoformat(),
        "database": _database(snapshots),
    }
    if is_watcher(service().settings.metrics_token):  # strangers have no use for it but one
        # What keeps a program that reads a foreign file from files, and from the network.
        stands = walls.standing()
        body["foreign_files"] = {"files": stands.files, "network": stands.network}
        body["audit_out"] = trail.state if (trail := service().trail) else NOWHERE
        body["site_owner"] = {"not_set": service().settings.owner.not_set}
    return _uncached(jsonify(body)), 200


def _database(snapshots: Snapshots) -> str:
    """Return whether the database answers; without it, answers come from memory."""
    if service().store.answers(within_s=PATIENCE_S):
        return "ok"
    seen = snapshots.refreshed_at or datetime.now(NEW_ZEALAND_TIME)
    return f"away; last seen {seen.isoformat(timespec='seconds')}"


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
