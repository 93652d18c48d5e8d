"""Counts of open cases for the staff pages of the lookup: numbers by school, and no more.

What they add up to is shown to people there; from which number on, they are told here.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from typing import Annotated, Any

import msgspec
from flask import Response, abort, jsonify, request
from msgspec import Meta, Struct

from catchments.core.errors import BodyTooLarge, InputRefused
from catchments.requests.rules.roles import OrganisationKind
from catchments.requests.rules.small_numbers import FEWEST
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.portal import portal
from catchments.web.accounts.access import open_to_nobody_else, without_token

SCHOOLS_AT_MOST = 10_000
HIGHEST = 999_999_999
LONGEST_BODY = 256 * 1024
BEARER = "Bearer "


class _Asked(Struct):
    """What the body of a question must be."""

    school_ids: list[Annotated[int, Meta(gt=0, le=HIGHEST)]]


@blueprint.post("/v1/counts")
@open_to_nobody_else
@without_token
def counts() -> Response:
    """Return how many open cases some schools have, by who holds them, for whoever has the key."""
    _refuse_strangers()
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"open_cases": 0, "held_by": {}})
    for each in portal().figures.open_at(_schools()):
        is_team = each.holder_kind is OrganisationKind.IN_SCHOOL_TEAM
        school = found[each.school_id]
        school["open_cases"] += each.cases
        if is_team:
            school["in_school_team"] = each.cases
        else:
            school["held_by"][each.holder] = each.cases
    schools = [{"school_id": number, **about} for number, about in found.items()]
    return jsonify(schools=schools, fewest_told=FEWEST)


def _refuse_strangers() -> None:
    key, given = portal().settings.counts_key, request.headers.get("Authorization", "")
    if not key:
        abort(404)
    token = given.removeprefix(BEARER) if given.startswith(BEARER) else ""
    if not hmac.compare_digest(token.encode(), key.encode()):
        abort(401)


def _schools() -> list[int]:
    request.max_content_length = LONGEST_BODY
    try:
        given = msgspec.json.decode(request.get_data(), type=_Asked).school_ids
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InputRefused(
            "The body is not as it must be.",
            field="school_ids",
            allowed='It must be JSON as {"school_ids": [54, 55]}.',
        ) from None
    if len(given) > SCHOOLS_AT_MOST:
        raise BodyTooLarge(
            f"{len(given):,} schools are asked for.", allowed=f"At most {SCHOOLS_AT_MOST:,} are."
        )
    return given
