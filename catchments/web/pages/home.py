"""The pages for people: the search box, what a text may mean, and a school's answer."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotKnown
from catchments.core.model import Answer, Basis, PlaceKind, School, Status
from catchments.core.text_folding import LONGEST_TEXT
from catchments.lookup.guidance import guide_on
from catchments.lookup.search.text_search import SearchResult
from catchments.lookup.snapshot import Published, Snapshot
from catchments.web.common.payload import school_answer
from catchments.web.common.query_parameters import optional_date, page_parameters, school_id
from catchments.web.common.services import page_context, page_response, service, typed_response
from catchments.web.pages.map import locator, map_context

blueprint = Blueprint("finder", __name__)

EMBED = "finder.embed"
WHY = {
    Basis.LISTED: _l("It is on the published list of schools in this catchment."),
    Basis.LOCATED: _l("It is not on the published list; its place lies inside this catchment."),
    Basis.NEAREST: _l("It lies outside every catchment; this one is the nearest."),
}
INSIDE = _l("It lies inside this catchment.")


@blueprint.get("/")
def home() -> AnyResponse:
    """Show the search box and the big map, or what a text typed into the box may mean."""
    given = page_parameters(request.args, {"q", "kind"})
    world = service().snapshots.current()
    snapshot = world.on(world.today)
    if "q" in given:
        return _results(world, snapshot, given, "home.html", url_for("finder.home"))
    context = page_context(world, snapshot, gettext("Find your provider"))
    shown_map = map_context(snapshot) if snapshot else {}
    page = render_template("home.html", **context, **shown_map, **_nothing_asked())
    return page_response(world, snapshot, world.today, page)


@blueprint.get("/embed")
def embed() -> AnyResponse:
    """Show the search box, and a school's answer, small enough for another website's frame."""
    given = page_parameters(request.args, {"q", "kind", "school"})
    if not service().settings.embed_on:
        raise NotKnown(
            gettext("This service does not let other websites show its search box."),
            next_step=gettext("Whoever runs it can allow websites by the setting %(setting)s.")
            % {"setting": "CATCHMENTS_EMBED_ON"},
        )
    world = service().snapshots.current()
    snapshot = world.on(world.today)
    if "school" in given:
        number = school_id(given["school"])
        answer = school_answer(world, number, world.today)
        page = _school_page("embed.html", world, snapshot, answer, world.today)
        return page_response(world, snapshot, world.today, page)
    if "q" in given:
        return _results(world, snapshot, given, "embed.html", url_for(EMBED))
    context = page_context(world, snapshot, gettext("Find your provider"))
    page = render_template("embed.html", **context, **_nothing_asked())
    return page_response(world, snapshot, world.today, page)


@blueprint.get("/school/<int:school_id>")
def school(school_id: int) -> Response:
    """Show who serves a school, today or on a date, and why."""
    given = page_parameters(request.args, {"on"})
    world = service().snapshots.current()
    day = optional_date(given) or world.today
    snapshot = world.on(day)
    answer = school_answer(world, school_id, day)
    page = _school_page("school.html", world, snapshot, answer, day)
    return page_response(world, snapshot, day, page)


def _school_page(
    template: str, world: Published, snapshot: Snapshot | None, answer: Answer, day: date
) -> str:
    name = answer.school.name if answer.school else gettext("School")
    return render_template(
        template,
        **page_context(world, snapshot, name),
        **_about(world, snapshot, answer, name),
        **_nothing_asked(),
        day=day,
        today=world.today,
    )


def _nothing_asked() -> dict[str, Any]:
    return {"text": "", "finding": None, "problem": None, "error": False}


def _results(
    world: Published,
    snapshot: Snapshot | None,
    given: MultiDict[str, str],
    template: str,
    address: str,
) -> AnyResponse:
    text, finding, problem = given["q"], None, None
    kind = given.get("kind", "")
    try:
        finding = service().finder(world).find(text, on=world.today, kind=kind)
    except InputRefused as refused:
        problem = refused
    number = _the_one_school(finding)
    if number is not None:
        return redirect(_school_url(address, number), 303)
    nothing = finding is None or not finding.matches
    context: dict[str, Any] = page_context(world, snapshot, _title(finding))
    if finding and finding.matches:
        context |= _about(world, snapshot, finding.answer, finding.matches[0].named.name)
        context["members"] = _members(snapshot, finding, world.today)
        addresses = service().addresses.about()
        context["sources"] = [*context.get("sources", ()), *([addresses] if addresses else ())]
    page = render_template(
        template,
        **context,
        text=text.strip()[:LONGEST_TEXT],
        finding=finding,
        problem=problem,
        error=nothing,
        day=world.today,
        today=world.today,
    )
    return typed_response(world, Response(page))


def _title(finding: SearchResult | None) -> str:
    """Return what came of a search, for the title: “Kaitāia”, “3 places for “st marys””."""
    if finding is None or not finding.matches:
        return str(gettext("Find your provider"))
    if len(finding.matches) == 1:
        return finding.matches[0].named.name
    places = len(finding.matches)
    return str(gettext("%(count)s places for “%(text)s”", count=places, text=finding.text))


def _members(
    snapshot: Snapshot | None, finding: SearchResult, day: date
) -> list[tuple[School, Answer]]:
    """Return the schools of the one suburb or town that a text means, each with its answer."""
    if snapshot is None or len(finding.matches) != 1:
        return []
    schools = finding.matches[0].named.schools
    return [(school, snapshot.school(school.school_id, on=day)) for school in schools]


def _the_one_school(finding: SearchResult | None) -> int | None:
    """Return the school that a text can only mean."""
    if finding is None or len(finding.matches) != 1 or finding.more or not finding.sure:
        return None
    named = finding.matches[0].named
    return named.schools[0].school_id if named.kind is PlaceKind.SCHOOL else None


def _school_url(address: str, number: int) -> str:
    if address == url_for(EMBED):
        return url_for(EMBED, school=number)
    return url_for("finder.school", school_id=number)


def _about(
    world: Published, snapshot: Snapshot | None, answer: Answer, name: str
) -> dict[str, Any]:
    """Return what a page shows of an answer beside the answer itself."""
    codes = list(dict.fromkeys(each.catchment.code for each in answer.all_named))
    label = gettext("Small map of where %(name)s is", name=name)
    drawn = (
        locator(world, snapshot, codes=codes, place=answer.place, label=label) if snapshot else ""
    )
    return {
        "answer": answer,
        "why": _why(answer),
        "drawn": drawn,
        "guide": guide_on(world.today),
    }


def _why(answer: Answer) -> str:
    if answer.status is not Status.RESOLVED or answer.basis is None:
        return ""
    if answer.basis is Basis.LOCATED and not answer.school:
        return str(INSIDE)
    return str(WHY[answer.basis])
