"""Pages of the room: each in its frame, none of them about an edition."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for

from catchments.web.accounts.room import room

REFUSED = 400


def page(template: str, title: str, *, status: int = 200, **context: Any) -> Response:
    """Return a page that tells nothing of any edition."""
    its = room()
    about = {**its.about(), "title": title, "error": status >= REFUSED}
    return Response(render_template(template, frame=its.frame, **about, **context), status)


def path_of(endpoint: str, **values: Any) -> str:
    """Return the path of a view as `own_path` takes it: without what the application is below."""
    return url_for(endpoint, **values)[len(request.script_root) :]
