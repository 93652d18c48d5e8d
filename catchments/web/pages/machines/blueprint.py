"""The blueprint of the addresses that machines ask first."""

from __future__ import annotations

from flask import Blueprint, Response

from catchments.core.errors import CatchmentsError
from catchments.web.common.http_cache import AN_HOUR, validated
from catchments.web.common.services import service

blueprint = Blueprint("machines", __name__)


def told(content: str | bytes, content_type: str, *, control: str = AN_HOUR) -> Response:
    """Return a response with a validator, kept for an hour; it may become 304."""
    response = Response(content, content_type=content_type)
    response.add_etag()
    return validated(response, response.headers["ETag"], control)


def made_up() -> bool:
    """Whether anything here is made up for demonstration, or nothing is published yet.

    Nothing is read for it: before the first answer nothing is known, and so nothing to be shown.
    """
    world = service().snapshots.latest
    return world is None or not world.timeline.editions or world.demonstration


def read_what_is_published() -> None:
    """Read what is published, if it never was; where it cannot be read, nothing is known."""
    try:
        service().snapshots.current()
    except CatchmentsError:
        return
