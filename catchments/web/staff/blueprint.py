"""The blueprint of the staff pages; the modules beside this one add their pages to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template

from catchments.web.common.services import page_context, service

ROOM, REFUSED = "/staff", 400

blueprint = Blueprint("staff", __name__, url_prefix=ROOM)


@blueprint.before_request
def _see_what_is_published() -> None:
    """Have staff see what was published a moment ago, whichever worker or machine they meet."""
    service().snapshots.refresh()


def staff_page(template: str, title: str, *, status: int = 0, **context: Any) -> Response:
    """Return a page beside what is in force today; with `wrongs` it is a form that was refused.

    Its status says so, unless another is given.
    """
    world = service().snapshots.current()
    about = {**page_context(world, world.on(world.today), title), "today": world.today}
    refused = bool(context.get("wrongs"))
    text = render_template(template, **{**about, "error": refused, **context})
    return Response(text, status or (REFUSED if refused else 200))
