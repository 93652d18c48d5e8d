"""The addresses for one question: /provider, /search, and suggestions while somebody types."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from flask import Blueprint, Response, request

from catchments.core.errors import InputRefused, Kind
from catchments.core.text_folding import LONGEST_TEXT
from catchments.lookup.snapshot import AsAt
from catchments.lookup.values import LAT_LIMITS, LNG_LIMITS
from catchments.web.common import schemas
from catchments.web.common.contract import (
    DAY,
    SAYS_SOMETHING,
    WHOLE_NUMBER,
    Parameter,
    hold_to_promise,
    operation,
    say_language,
)
from catchments.web.common.payload import (
    answer_json,
    before_first_edition,
    finding_json,
    named_json,
    point_answer,
    school_answer,
)
from catchments.web.common.query_parameters import optional_date, question
from catchments.web.common.services import as_at, kept, service, typed_response

blueprint = Blueprint("api", __name__)
blueprint.before_request(hold_to_promise)
blueprint.after_request(say_language)

SUGGESTED_AT_MOST = 8
JSON = "application/json"
TAG = "Who serves"
SCHOOL_ID = Parameter(
    "school_id",
    "The school's number in the Ministry of Education's school directory.",
    WHOLE_NUMBER,
)
LATITUDE, LONGITUDE = (
    {"type": "number", "minimum": low, "maximum": high} for low, high in (LAT_LIMITS, LNG_LIMITS)
)
LAT = Parameter("lat", "Latitude of a point, WGS 84 degrees; with `lng`.", LATITUDE)
LNG = Parameter(
    "lng", "Longitude of a point, WGS 84 degrees, 183.5 as well as -176.5; with `lat`.", LONGITUDE
)
LON = Parameter("lon", "The same as `lng`.", LONGITUDE)
TYPED = {"type": "string", "minLength": 1, "pattern": SAYS_SOMETHING}
ADDRESS = Parameter(
    "address",
    "A street address, a suburb, a town, or a school's name, as a person types it; of a longer "
    f"text the first {LONGEST_TEXT} characters count.",
    TYPED,
)
ON = Parameter(
    "on",
    "The date to answer for; today in New Zealand when left out.",
    DAY,
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
    returns={JSON: schemas.Answer},
    tag=TAG,
    example="/v1/provider?school_id={school}",
    ways=(("school_id",), ("address",), ("lat", "lng"), ("lat", "lon")),
)
def provider() -> Response:
    """Say who serves a school, an address or a point, today or on a date.

    Ask in exactly one way: with `school_id`; with `address`; or with `lat` and `lng`.
    """
    of = question(request.args)
    asked = as_at(of.on)
    if of.address is not None:
        return _found(asked, of.address, "address")
    if of.school_id is not None:
        answer = school_answer(asked, of.school_id)
    else:
        answer = point_answer(asked, lng=of.lng, lat=of.lat)
    return kept(asked, _json(answer_json(answer, asked)))


@blueprint.get("/v1/search")
@blueprint.get("/search")
@operation(Q, ON, returns={JSON: schemas.Answer}, tag=TAG, example="/v1/search?q=kaitaia")
def search() -> Response:
    """Say what a text means – a school, an address, a suburb or a town – and who serves it.

    For what people type. Where a text may mean several places `status` is `ambiguous`, and
    `matches` has them, best first.
    """
    return _found(as_at(optional_date(request.args)), _text(), "q")


@blueprint.get("/v1/suggest")
@blueprint.get("/suggest")
@operation(BEGUN, returns={JSON: schemas.Suggestions}, tag=TAG, example="/v1/suggest?q=kait")
def suggest() -> Response:
    """Say what a text that is still being typed may mean, best first.

    For lists under a search box: at most eight, none of them resolved. Ask /v1/search, or
    /v1/provider with the `school_id` of a suggestion, who serves it.
    """
    world = service().snapshots.current()
    named = service().finder(world).suggest(_text(), at_most=SUGGESTED_AT_MOST)
    suggestions = [named_json(each) for each in named]
    body: schemas.Suggestions = {
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
            kind=Kind.MISSING_PARAMETER,
        )
    return request.args["q"]


def _found(asked: AsAt, text: str, field: str) -> Response:
    running, world = service(), asked.world
    finding = running.finder(world).find(text, as_at=asked, field=field)
    if finding is None:
        body = answer_json(before_first_edition(world, asked.day, None), asked)
    else:
        body = finding_json(finding, asked, running.addresses.about())
    return typed_response(world, _json(body))


def _json(body: Mapping[str, object]) -> Response:
    return Response(msgspec.json.encode(body), mimetype=JSON)
