"""Pages of the room: each in its frame, none of them about an edition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request, url_for

from catchments.web.accounts.room import room

REFUSED = 400


def page(
    template: str,
    title: str,
    *,
    status: int = 0,
    errors: Mapping[str, str] | None = None,
    **context: Any,
) -> Response:
    """Return a page that tells nothing of any edition; with `errors` it is a form that was refused.

    Its status says so, unless another is given.
    """
    its, status = room(), status or (REFUSED if errors else 200)
    about = {**its.about(), "title": title, "error": status >= REFUSED, "errors": errors or {}}
    return Response(render_template(template, frame=its.frame, **about, **context), status)


def path_of(endpoint: str, **values: Any) -> str:
    """Return the path of a view as `own_path` takes it: without what the application is below."""
    return url_for(endpoint, **values)[len(request.script_root) :]
