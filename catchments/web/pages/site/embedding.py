"""How another website shows the finder in a frame: what it copies, and the script that it loads."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, current_app, request
from flask_babel import gettext

from catchments.core.errors import NotKnown
from catchments.web.common.cache_control import AN_HOUR
from catchments.web.common.payload import school_answer
from catchments.web.common.query_parameters import page_parameters, school_id
from catchments.web.common.services import absolute, as_at, kept_by_content, public_page, service

blueprint = Blueprint("embedding", __name__)

SCRIPT = "embed.js"
FRAME_HEIGHT = 520
"""Pixels, before the script or where there is none: what an answer takes in a narrow column."""


@blueprint.get("/embed/about")
def about() -> Response:
    """Say how a website shows the finder, or the answer for one school, in a frame."""
    given = page_parameters(request.args, {"school"})
    asked = as_at()
    number = school_id(given["school"], name="school") if "school" in given else None
    answer = school_answer(asked, number) if number is not None else None
    return public_page(
        asked,
        "site/embed_about.html",
        gettext("Put this on your website"),
        school=answer.school if answer else None,
        lines=_lines(number),
        is_on=bool(service().settings.embed_on),
    )


@blueprint.get(f"/{SCRIPT}")
def script() -> Response:
    """Give the script with which another website's frame becomes as high as what it shows."""
    if not service().settings.embed_on:
        raise NotKnown("This service does not let other websites show its search box.")
    code = (Path(current_app.static_folder or "") / SCRIPT).read_bytes()
    response = Response(code, content_type="text/javascript; charset=utf-8")
    # Whoever may frame the page loads it; without this a browser keeps it from other websites.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return kept_by_content(response, AN_HOUR)


def _lines(number: int | None) -> str:
    about = "" if number is None else f"?school={number}"
    title = "Attendance service provider"
    return (
        f'<iframe src="{absolute("/embed")}{about}" title="{title}"\n'
        f'  width="100%" height="{FRAME_HEIGHT}" loading="lazy"></iframe>\n'
        f'<script src="{absolute(f"/{SCRIPT}")}" async></script>'
    )
