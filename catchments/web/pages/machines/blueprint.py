"""The blueprint of the addresses that machines ask first."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response

from catchments.lookup.snapshot import Published
from catchments.web.common.cache_control import AN_HOUR
from catchments.web.common.services import kept_by_content, remembered, service

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
    return remembered(world, MADE_UP, lambda: _made_up(world))


def _made_up(world: Published) -> bool:
    # A service may have begun as a demonstration: what is in force today counts.
    edition = world.timeline.edition_on(world.today)
    release = world.timeline.release_on(world.today)
    if edition is None or release is None:
        return world.demonstration or not world.timeline.editions
    return edition.demonstration or release.source.demonstration


def halves(bounds: Sequence[float]) -> list[tuple[float, float, float, float]]:
    """Return west, south, east, north of a box, or of its parts on either side of 180°."""
    west, south, east, north = bounds
    sides = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return [(left, south, right, north) for left, right in sides]
