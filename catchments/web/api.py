"""The door for other services: /provider, /search, and suggestions while somebody types."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from catchments.errors import InputRefused
from catchments.model import Answer
from catchments.snapshot import World
from catchments.web.caching import cache_control, etag, validated
from catchments.web.context import service, typed_response
from catchments.web.parameters import Question, optional_date, question, refuse_unknown_or_repeated
from catchments.web.payload import answer_json, before_first_edition, finding_json, named_json

blueprint = Blueprint("api", __name__)

SUGGESTED_AT_MOST = 8


@blueprint.get("/provider")
def provider() -> Response:
    """Say who serves a school, an address or a point, today or on a date."""
    world = service().snapshots.current()
    asked = question(request.args)
    day = asked.on or world.today
    if asked.address is not None:
        return _found(world, asked.address, day, "address")
    response = _json(answer_json(_answer(world, asked, day), world, day))
    control = cache_control(world, service().settings.max_age_s)
    return validated(response, etag(world, world.on(day), day), control)


@blueprint.get("/search")
def search() -> Response:
    """Say what a text means – a school, an address, a suburb or a town – and who serves it."""
    refuse_unknown_or_repeated(request.args, {"q", "on"})
    world = service().snapshots.current()
    day = optional_date(request.args) or world.today
    return _found(world, _text(), day, "q")


@blueprint.get("/suggest")
def suggest() -> Response:
    """Say what a text that is still being typed may mean, best first."""
    refuse_unknown_or_repeated(request.args, {"q"})
    world = service().snapshots.current()
    named = service().finder(world).suggest(_text(), at_most=SUGGESTED_AT_MOST)
    suggestions = [named_json(each) for each in named]
    body = {"suggestions": suggestions, "demonstration": world.demonstration}
    return typed_response(world, _json(body))


def _text() -> str:
    if "q" not in request.args:
        raise InputRefused(
            "The parameter q is missing.",
            field="q",
            allowed="Give a school's name or number, a street address, a suburb or a town.",
            next_step="For example /search?q=kaitaia.",
        )
    return request.args["q"]


def _found(world: World, text: str, day: date, field: str) -> Response:
    running = service()
    finding = running.finder(world).find(text, on=day, field=field)
    if finding is None:
        body = answer_json(before_first_edition(world, day, None), world, day)
    else:
        body = finding_json(finding, world, day, running.addresses.about())
    return typed_response(world, _json(body))


def _json(body: dict[str, Any]) -> Response:
    response = Response(msgspec.json.encode(body), mimetype="application/json")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _answer(world: World, asked: Question, day: date) -> Answer:
    if asked.school_id is not None:
        answer = world.school(asked.school_id, on=day)
    else:
        answer = world.point(lng=asked.lng, lat=asked.lat, on=day)
    return answer or before_first_edition(world, day, asked.school_id)
