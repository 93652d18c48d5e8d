"""The door for other services: GET /provider."""

from __future__ import annotations

from datetime import date

import msgspec
from flask import Blueprint, Response, request

from catchments.model import Answer
from catchments.snapshot import World
from catchments.web.caching import cache_control, etag, validated
from catchments.web.context import service
from catchments.web.parameters import Question, question
from catchments.web.payload import answer_json, before_first_edition

blueprint = Blueprint("api", __name__)


@blueprint.get("/provider")
def provider() -> Response:
    """Say who serves a school or a point, today or on a date."""
    running = service()
    world = running.snapshots.current()
    asked = question(request.args)
    day = asked.on or world.today
    body = msgspec.json.encode(answer_json(_answer(world, asked, day), world, day))
    response = Response(body, mimetype="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    control = cache_control(world, running.settings.max_age_s)
    return validated(response, etag(world, world.on(day), day), control)


def _answer(world: World, asked: Question, day: date) -> Answer:
    if asked.school_id is not None:
        answer = world.school(asked.school_id, on=day)
    else:
        answer = world.point(lng=asked.lng, lat=asked.lat, on=day)
    return answer or before_first_edition(world, day, asked.school_id)
