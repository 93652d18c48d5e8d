"""The pages for people: the search box, what a text may mean, and a school's answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotKnown
from catchments.core.model import Answer, Basis, Candidate, PlaceKind, School, SchoolStatus, Status
from catchments.core.text_folding import LONGEST_TEXT
from catchments.lookup.guidance import guide_on
from catchments.lookup.search.text_search import SearchResult
from catchments.lookup.snapshot import AsAt, Snapshot
from catchments.web.common.payload import school_answer
from catchments.web.common.query_parameters import optional_date, page_parameters, school_id
from catchments.web.common.services import as_at, public_page, remembered, service, sources_of
from catchments.web.pages.machines import structured_data
from catchments.web.pages.map import locator, map_context

blueprint = Blueprint("finder", __name__)

EMBED = "finder.embed"
WHY = {
    Basis.LISTED: _l("It is on the published list of schools in this catchment."),
    Basis.LOCATED: _l("It is not on the published list; its place lies inside this catchment."),
    Basis.NEAREST: _l("It lies outside every catchment; this one is the nearest."),
}
LOOKED_AT, LONGEST_EXAMPLE = 20, 24
"""Schools that examples are looked for among, and characters of one that fits on a phone."""
INSIDE = _l("It lies inside this catchment.")
NOTHING_ASKED: dict[str, Any] = {"text": "", "finding": None, "problem": None, "error": False}


@blueprint.get("/")
def home() -> AnyResponse:
    """Show the search box and the big map, or what a text typed into the box may mean."""
    given = page_parameters(request.args, {"q", "kind"})
    asked = as_at()
    if "q" in given:
        return _results(asked, given, "home.html", url_for("finder.home"))
    shown_map = map_context(asked.snapshot) if asked.snapshot else {}
    shown_map["examples"] = _examples(asked)
    told = structured_data.of_website(asked)
    return _empty_page(asked, "home.html", **shown_map, linked_data=told)


@blueprint.get("/embed")
def embed() -> AnyResponse:
    """Show the search box, and a school's answer, small enough for another website's frame."""
    given = page_parameters(request.args, {"q", "kind", "school", "typed"})
    if not service().settings.embed_on:
        raise NotKnown(
            gettext("This service does not let other websites show its search box."),
            next_step=gettext("Whoever runs it can allow websites by the setting %(setting)s.")
            % {"setting": "CATCHMENTS_EMBED_ON"},
        )
    asked = as_at()
    if "school" in given:
        return _school_page(asked, "embed.html", school_id(given["school"], name="school"), given)
    if "q" in given:
        return _results(asked, given, "embed.html", url_for(EMBED))
    return _empty_page(asked, "embed.html")


@blueprint.get("/school/<int:school_id>")
def school(school_id: int) -> Response:
    """Show who serves a school, today or on a date, and why."""
    given = page_parameters(request.args, {"on", "typed"})
    return _school_page(as_at(optional_date(given)), "school.html", school_id, given)


def _examples(asked: AsAt) -> list[str]:
    """Return three texts that are answered today: a school's name, another's number, a town."""
    snapshot = asked.snapshot
    if snapshot is None:
        return []
    return remembered(asked.world, "examples", lambda: list(_answered(asked, snapshot)))


def _answered(asked: AsAt, snapshot: Snapshot) -> Iterator[str]:
    schools = [each for _, each in sorted(snapshot.release.schools.items()) if _is_open(each)]
    names = [school.name for school in schools]
    numbers = [str(school.school_id) for school in schools]
    catchments = [each.name for each in snapshot.edition.catchments.values()]
    places = [school.city for school in schools[:LOOKED_AT] if school.city] or catchments
    for texts in (names, numbers[LOOKED_AT:] or numbers, places):
        yield from islice((t for t in texts[:LOOKED_AT] if _is_answered(asked, t)), 1)


def _is_open(school: School) -> bool:
    return school.status is SchoolStatus.OPEN and len(school.name) <= LONGEST_EXAMPLE


def _is_answered(asked: AsAt, text: str) -> bool:
    try:
        finding = service().finder(asked.world).find(text, as_at=asked)
    except InputRefused:
        return False
    return bool(finding and finding.the_one and finding.answer.provider)


def _empty_page(asked: AsAt, template: str, **context: Any) -> Response:
    return public_page(asked, template, gettext("Find your provider"), **context, **NOTHING_ASKED)


def _school_page(asked: AsAt, template: str, number: int, given: MultiDict[str, str]) -> Response:
    answer = school_answer(asked, number)
    name = answer.school.name if answer.school else gettext("School")
    reached = _reached(asked, number, given.get("typed", ""))
    about = {**_about(asked, answer, name), **NOTHING_ASKED, "reached": reached}
    about["linked_data"] = structured_data.of_school(asked, answer)
    return public_page(asked, template, name, typed="typed" in given, **about)


def _reached(asked: AsAt, number: int, text: str) -> SearchResult | None:
    """Return the search that led to a school; None where the text that was typed does not."""
    try:
        finding = service().finder(asked.world).find(text, as_at=asked)
    except InputRefused:
        return None
    return finding if finding and _the_one_school(finding) == number else None


def _results(asked: AsAt, given: MultiDict[str, str], template: str, address: str) -> AnyResponse:
    text, finding, problem = given["q"], None, None
    try:
        kind = given.get("kind", "")
        finding = service().finder(asked.world).find(text, as_at=asked, kind=kind)
    except InputRefused as refused:
        problem = refused
    number = _the_one_school(finding)
    if finding is not None and number is not None:
        # What was typed, where it is not just the name or the number of what was found.
        typed = finding.text if finding.is_worded_otherwise or finding.also else None
        found = redirect(_school_url(address, number, typed), 303)
        found.headers["Cache-Control"] = "no-store"
        return found
    context: dict[str, Any] = {}
    if finding and finding.matches:
        addresses = service().addresses.about()
        own = sources_of(asked.snapshot) if asked.snapshot else []
        context = {
            **_about(asked, finding.answer, finding.matches[0].named.name),
            "members": _members(asked, finding),
            "sources": [*own, *([addresses] if addresses else ())],
        }
    return public_page(
        asked,
        template,
        _title(finding),
        typed=True,
        **context,
        text=text.strip()[:LONGEST_TEXT],
        finding=finding,
        problem=problem,
        error=finding is None,
    )


def _title(finding: SearchResult | None) -> str:
    """Return what came of a search, for the title: “Kaitāia”, “3 places for “st marys””."""
    if finding is None or finding.need:
        return str(gettext("Find your provider"))
    if not finding.matches:
        return str(gettext("Nothing found for “%(text)s”", text=finding.text[:60]))
    if finding.the_one:
        return finding.the_one.name
    if not finding.is_exact and finding.matches[0].named.kind is not PlaceKind.POINT:
        return str(gettext("“%(text)s” is not known here", text=finding.text[:60]))
    places = len(finding.matches)
    return str(gettext("%(count)s places for “%(text)s”", count=places, text=finding.text))


def _members(asked: AsAt, finding: SearchResult) -> list[tuple[Candidate, list[School]]]:
    """Return the schools of the one suburb or town that a text means, by who serves them."""
    if asked.snapshot is None or finding.the_one is None:
        return []
    found: dict[str, tuple[Candidate, list[School]]] = {}
    for school in finding.the_one.schools:
        answer = asked.snapshot.school(school.school_id, on=asked.day)
        for candidate in answer.all_named[:1]:
            found.setdefault(candidate.catchment.code, (candidate, []))[1].append(school)
    return list(found.values())


def _the_one_school(finding: SearchResult | None) -> int | None:
    """Return the school that a text can only mean."""
    named = finding.the_one if finding else None
    return named.schools[0].school_id if named and named.kind is PlaceKind.SCHOOL else None


def _school_url(address: str, number: int, typed: str | None) -> str:
    if address == url_for(EMBED):
        return url_for(EMBED, school=number, typed=typed)
    return url_for("finder.school", school_id=number, typed=typed)


def _about(asked: AsAt, answer: Answer, name: str) -> dict[str, Any]:
    """Return what a page shows of an answer beside the answer itself."""
    world, snapshot = asked.world, asked.snapshot
    codes = list(dict.fromkeys(each.catchment.code for each in answer.all_named))
    label = gettext("Small map of where %(name)s is", name=name)
    drawn = (
        locator(world, snapshot, codes=codes, place=answer.place, label=label) if snapshot else ""
    )
    return {
        "answer": answer,
        "why": why_of(answer),
        "drawn": drawn,
        "guide": guide_on(world.today),
    }


def why_of(answer: Answer) -> str:
    """Return how an answer is known, in the language of the page; nothing where there is none."""
    if answer.status is not Status.RESOLVED or answer.basis is None:
        return ""
    if answer.basis is Basis.LOCATED and not answer.school:
        return str(INSIDE)
    return str(WHY[answer.basis])
