"""The pages for people: the search box and a school's answer."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from catchments.errors import shown
from catchments.model import Basis, School
from catchments.snapshot import Snapshot
from catchments.web.context import page_context, page_response, service
from catchments.web.parameters import optional_date, refuse_unknown_or_repeated
from catchments.web.payload import before_first_edition

blueprint = Blueprint("finder", __name__)

SHOWN_AT_MOST = 25
WHY = {
    Basis.LISTED: "It is on the published list of schools in this catchment.",
    Basis.LOCATED: "It is not on the published list; its place lies inside this catchment.",
    Basis.NEAREST: "It lies outside every catchment; this one is the nearest.",
}


@blueprint.get("/")
def home() -> AnyResponse:
    """Show the search box, and what a text typed into it may mean."""
    refuse_unknown_or_repeated(request.args, {"q"})
    world = service().snapshots.current()
    snapshot = world.on(world.today)
    text = request.args.get("q", "").strip()
    found = _found(snapshot, text) if snapshot else []
    if len(found) == 1:
        return redirect(url_for("finder.school", school_id=found[0].school_id), 303)
    problem = _problem(text, found) if "q" in request.args else ""
    page = render_template(
        "home.html",
        **page_context(world, snapshot, "Find your provider"),
        text=text[:200],
        found=found,
        shown_at_most=SHOWN_AT_MOST,
        problem=problem,
        error=bool(problem),
    )
    return page_response(world, snapshot, world.today, page)


@blueprint.get("/school/<int:school_id>")
def school(school_id: int) -> Response:
    """Show who serves a school, today or on a date, and why."""
    refuse_unknown_or_repeated(request.args, {"on"})
    world = service().snapshots.current()
    day = optional_date(request.args) or world.today
    snapshot = world.on(day)
    answer = world.school(school_id, on=day) or before_first_edition(world, day, school_id)
    name = answer.school.name if answer.school else "School"
    page = render_template(
        "school.html",
        **page_context(world, snapshot, name),
        answer=answer,
        why=WHY.get(answer.basis) if answer.basis else "",
        day=day,
        today=world.today,
    )
    return page_response(world, snapshot, day, page)


def _found(snapshot: Snapshot, text: str) -> list[School]:
    number = text.removeprefix("#").strip()
    if number.isascii() and number.isdigit() and len(number) <= 9:
        known = snapshot.release.schools.get(int(number))
        former = snapshot.release.former.get(int(number))
        return _present([known, former])
    return snapshot.names.candidates(text, at_most=SHOWN_AT_MOST + 1)


def _present(schools: Iterable[School | None]) -> list[School]:
    return [school for school in schools if school is not None]


def _problem(text: str, found: list[School]) -> str:
    if not text:
        return "Type a school's name, its town or its number."
    if not found:
        return f"No school was found for {shown(text)}."
    return ""
