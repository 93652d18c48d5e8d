"""The door for other services: /provider, /search, and suggestions while somebody types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec
from flask import Blueprint, Response, request

from catchments.core.errors import InputRefused
from catchments.core.model import Answer
from catchments.core.text_folding import LONGEST_TEXT
from catchments.lookup.snapshot import Published
from catchments.web.common import bodies
from catchments.web.common.contract import Parameter, hold_to_promise, operation, say_language
from catchments.web.common.http_cache import cache_control, etag, validated
from catchments.web.common.payload import (
    answer_json,
    before_first_edition,
    finding_json,
    named_json,
)
from catchments.web.common.query_parameters import Question, optional_date, question
from catchments.web.common.services import service, typed_response

blueprint = Blueprint("api", __name__)
blueprint.before_request(hold_to_promise)
blueprint.after_request(say_language)

SUGGESTED_AT_MOST = 8
JSON = "application/json"
TAG = "Who serves"
SCHOOL_ID = Parameter(
    "school_id",
    "The school's number in the Ministry of Education's school directory.",
    {"type": "integer", "minimum": 0, "maximum": 999_999_999},
)
LATITUDE = {"type": "number", "minimum": -90, "maximum": 90}
LONGITUDE = {"type": "number", "minimum": -180, "maximum": 180}
LAT = Parameter("lat", "Latitude of a point, WGS 84 degrees; with `lng`.", LATITUDE)
LNG = Parameter("lng", "Longitude of a point, WGS 84 degrees; with `lat`.", LONGITUDE)
LON = Parameter("lon", "The same as `lng`.", LONGITUDE)
TYPED = {"type": "string", "minLength": 1}
ADDRESS = Parameter(
    "address",
    "A street address, a suburb, a town, or a school's name, as a person types it; of a longer "
    f"text the first {LONGEST_TEXT} characters count.",
    TYPED,
)
ON = Parameter(
    "on",
    "The date to answer for; today in New Zealand when left out.",
    {"type": "string", "format": "date"},
)
Q = Parameter(
    "q",
    "What a person would type: a school's name or number, a street address, a suburb or a town.",
    TYPED,
    required=True,
)
BEGUN = Parameter("q", "What has been typed so far.", {"type": "string"}, required=True)


@blueprint.get("/v1/provider")
@blueprint.get("/provider")
@operation(
    SCHOOL_ID,
    LAT,
    LNG,
    LON,
    ADDRESS,
    ON,
    returns={JSON: bodies.Answer},
    tag=TAG,
    example="/v1/provider?school_id={school}",
)
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


@blueprint.get("/v1/search")
@blueprint.get("/search")
@operation(Q, ON, returns={JSON: bodies.Answer}, tag=TAG, example="/v1/search?q=kaitaia")
def search() -> Response:
    """Say what a text means – a school, an address, a suburb or a town – and who serves it."""
    world = service().snapshots.current()
    day = optional_date(request.args) or world.today
    return _found(world, _text(), day, "q")


@blueprint.get("/v1/suggest")
@blueprint.get("/suggest")
@operation(BEGUN, returns={JSON: bodies.Suggestions}, tag=TAG, example="/v1/suggest?q=kait")
def suggest() -> Response:
    """Say what a text that is still being typed may mean, best first."""
    world = service().snapshots.current()
    named = service().finder(world).suggest(_text(), at_most=SUGGESTED_AT_MOST)
    suggestions = [named_json(each) for each in named]
    body: bodies.Suggestions = {
        "suggestions": suggestions,
        "demonstration": world.demonstration,
    }
    return typed_response(world, _json(body))


def _text() -> str:
    if "q" not in request.args:
        raise InputRefused(
            "The parameter q is missing.",
            field="q",
            allowed="Give a school's name or number, a street address, a suburb or a town.",
            next_step="For example /v1/search?q=kaitaia.",
        )
    return request.args["q"]


def _found(world: Published, text: str, day: date, field: str) -> Response:
    running = service()
    finding = running.finder(world).find(text, on=day, field=field)
    if finding is None:
        body = answer_json(before_first_edition(world, day, None), world, day)
    else:
        body = finding_json(finding, world, day, running.addresses.about())
    return typed_response(world, _json(body))


def _json(body: Mapping[str, object]) -> Response:
    return Response(msgspec.json.encode(body), mimetype=JSON)


def _answer(world: Published, asked: Question, day: date) -> Answer:
    if asked.school_id is not None:
        answer = world.school(asked.school_id, on=day)
    else:
        answer = world.point(lng=asked.lng, lat=asked.lat, on=day)
    return answer or before_first_edition(world, day, asked.school_id)
