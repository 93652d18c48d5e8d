"""The blueprint of the addresses that machines ask first."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response

from catchments.core.errors import CatchmentsError
from catchments.lookup.snapshot import Published
from catchments.web.common.http_cache import AN_HOUR
from catchments.web.common.services import kept_by_content, service

blueprint = Blueprint("machines", __name__)

MADE_UP = "made up"


def told(content: str | bytes, content_type: str) -> Response:
    """Return a response that is kept for an hour (see `kept_by_content`)."""
    response = Response(content, content_type=content_type)
    return kept_by_content(response, AN_HOUR)


def made_up() -> bool:
    """Whether what is answered today is made up for demonstration, or nothing is published yet.

    Nothing is read for it: before the first answer nothing is known, and so nothing to be shown.
    """
    world = service().snapshots.latest
    if world is None:
        return True
    if MADE_UP not in world.memo:
        world.memo[MADE_UP] = _made_up(world)
    return bool(world.memo[MADE_UP])


def _made_up(world: Published) -> bool:
    # A service may have begun as a demonstration: what is in force today counts.
    edition = world.timeline.edition_on(world.today)
    release = world.timeline.release_on(world.today)
    if edition is None or release is None:
        return world.demonstration or not world.timeline.editions
    return edition.demonstration or release.source.demonstration


def read_what_is_published() -> None:
    """Read what is published, if it never was; where it cannot be read, nothing is known."""
    try:
        service().snapshots.current()
    except CatchmentsError:
        return


def halves(bounds: Sequence[float]) -> list[tuple[float, float, float, float]]:
    """Return west, south, east, north of a box, or of its parts on either side of 180°."""
    west, south, east, north = bounds
    sides = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return [(left, south, right, north) for left, right in sides]
