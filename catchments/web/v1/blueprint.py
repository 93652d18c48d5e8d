"""The blueprint that the rooms of /v1 add their addresses to."""

from __future__ import annotations

from flask import Blueprint

from catchments.web.common.contract import hold_to_promise, say_language

blueprint = Blueprint("v1", __name__)
blueprint.before_request(hold_to_promise)
blueprint.after_request(say_language)
