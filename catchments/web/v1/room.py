"""The blueprint that the rooms of /v1 add their addresses to."""

from __future__ import annotations

from flask import Blueprint, Response

from catchments.web.contract import hold_to_promise

blueprint = Blueprint("v1", __name__)
blueprint.before_request(hold_to_promise)


@blueprint.after_request
def _readable_from_anywhere(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
