"""The pages of the kinds of problems: what each means, what one looks like, what to do."""

from __future__ import annotations

import json

from flask import Blueprint, Response, current_app, request
from flask_babel import gettext

from catchments.core.errors import Kind, NotKnown, shown
from catchments.web.common.problem_types import TYPES
from catchments.web.common.problems import status_of
from catchments.web.common.services import as_published, public_page
from catchments.web.v1.examples import problem_of

blueprint = Blueprint("problems", __name__)


@blueprint.get("/problems")
def index() -> Response:
    """List the kinds of problems."""
    kinds = [(kind.value, status_of(kind), told) for kind, told in TYPES.items()]
    return public_page(as_published(), "problem_types.html", gettext("Problems"), kinds=kinds)


@blueprint.get("/problems/<kind>")
def page(kind: str) -> Response:
    """Tell of one kind of problem."""
    if kind not in set(Kind):
        raise NotKnown(
            gettext("There is no kind of problem %(kind)s.", kind=shown(kind)),
            next_step=gettext("All kinds are listed at /problems."),
        )
    told = TYPES[Kind(kind)]
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    example = problem_of(app, told.example, request.script_root)
    return public_page(
        as_published(),
        "problem_type.html",
        str(told.name),
        kind=kind,
        status=status_of(Kind(kind)),
        told=told,
        example=json.dumps(example, ensure_ascii=False, indent=2),
    )
