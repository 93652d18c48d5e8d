"""The door for other services: GET /provider."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from catchments.snapshot import World
from catchments.web.caching import cache_control, conditional, etag
from catchments.web.context import service
from catchments.web.parameters import Question, question
from catchments.web.payload import answer_json, before_first_edition

blueprint = Blueprint("api", __name__)

MEMO_AT_MOST = 20_000
"""Answers kept ready a world: more than there are schools, too few to fill memory."""

Ready = tuple[bytes, str]
"""A body and its entity tag."""


@blueprint.get("/provider")
def provider() -> Response:
    """Say who serves a school or a point, today or on a date."""
    running = service()
    world = running.snapshots.current()
    # The commonest question, a school number today, is asked in one way: its answer is kept.
    body, tag = world.memo.get(request.query_string) or _answered(world)
    headers = [
        ("Content-Type", "application/json"),
        ("Access-Control-Allow-Origin", "*"),
        ("ETag", tag),
        ("Cache-Control", cache_control(world, running.settings.max_age_s)),
    ]
    return conditional(Response(body, headers=headers))


def _answered(world: World) -> Ready:
    asked = question(request.args)
    ready = _ready(world, asked)
    if asked.school_id is not None and len(world.memo) < MEMO_AT_MOST:
        world.memo[request.query_string] = ready
    return ready


def _ready(world: World, asked: Question) -> Ready:
    day = asked.on or world.today
    snapshot = world.on(day)
    if asked.school_id is not None:
        answer = world.school(asked.school_id, on=day)
    else:
        answer = world.point(lng=asked.lng, lat=asked.lat, on=day)
    if answer is None:
        answer = before_first_edition(world, day, asked.school_id)
    body = msgspec.json.encode(answer_json(answer, world, day))
    return body, etag(world, snapshot, day)
