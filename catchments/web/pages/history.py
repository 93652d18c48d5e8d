"""Every edition: from when to when, what it changed and why; and what held on any date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from catchments.core.errors import InputRefused, Kind, NotKnown, shown
from catchments.core.model import EditionSummary
from catchments.core.text_folding import LONGEST_TEXT
from catchments.editions.change_schema import Standing
from catchments.editions.differences import Difference, in_words
from catchments.editions.history import EditionHistory
from catchments.lookup.snapshot import AsAt, Published
from catchments.lookup.values import whole_number
from catchments.web.common.payload import school_answer
from catchments.web.common.query_parameters import optional_date, page_parameters
from catchments.web.common.school_named import NamedSchool, school_named
from catchments.web.common.services import as_at, public_page, service, told_once
from catchments.web.pages.edition_history import history_of, steps_of
from catchments.web.spoken.catalogues import tell as _

blueprint = Blueprint("history", __name__)

ON_A_PAGE = 10
"""Each is compared with the one before it, which takes a moment the first time."""
FARTHEST_PAGE = 100_000


@dataclass(frozen=True)
class Chapter:
    """An edition as the list tells of it."""

    edition: EditionSummary
    standing: Standing
    last_day: date | None
    before: EditionSummary | None
    found: Difference | None
    words: list[str]
    replaces: EditionSummary | None
    replaced_by: EditionSummary | None


@blueprint.get("/history")
def history() -> Response:
    """List the editions, the latest first; and say what was in force on a date, if asked."""
    given = page_parameters(request.args, {"on", "school", "page"})
    day, asked = optional_date(given), as_at()
    told = history_of(asked.world)
    page_number = _page_number(given.get("page", ""))
    editions = sorted(
        told.editions, key=lambda edition: (edition.effective_from, edition.number), reverse=True
    )
    first = (page_number - 1) * ON_A_PAGE
    school = given.get("school", "").strip()[:LONGEST_TEXT]
    named = school_named(asked.world, school, field="school") if school else NamedSchool()
    return public_page(
        asked,
        "history.html",
        gettext("History"),
        chapters=[_chapter(told, each) for each in editions[first : first + ON_A_PAGE]],
        count=len(editions),
        page_number=page_number,
        pages=max(1, -(-len(editions) // ON_A_PAGE)),
        day=day,
        typed=bool(school) and whole_number(school) is None,
        school=school,
        schools=named.candidates,
        problem=named.problem,
        error=bool(named.problem),
        **_on_that_day(asked.world.as_at(day) if day else asked, named.number),
    )


@blueprint.get("/history/<int:number>")
def edition(number: int) -> Response:
    """Tell of one edition: its facts, its sources, and what it changed."""
    asked = as_at()
    told = history_of(asked.world)
    found = told.numbered(number)
    if found is None:
        raise NotKnown(
            _("There is no edition %(number)s.", number=number),
            next_step=_("Choose one from the list at /history."),
        )
    return public_page(
        asked,
        "edition.html",
        gettext("Edition %(number)s", number=number),
        chapter=_chapter(told, found),
        steps=steps_of(asked.world, found),
        made_from=told_once(_sources(asked.world, found)),
        sources=(),
    )


def _page_number(text: str) -> int:
    number = whole_number(text or "1")
    if not number or number > FARTHEST_PAGE:
        raise InputRefused(
            f"The parameter page is {shown(text)}.",
            field="page",
            allowed=f"It must be a number from 1 to {FARTHEST_PAGE}.",
            next_step="Leave it out for the latest editions.",
            kind=Kind.INVALID_VALUE if number is None else Kind.OUT_OF_RANGE,
        )
    return number


def _chapter(told: EditionHistory, edition: EditionSummary) -> Chapter:
    found = told.difference(edition)
    return Chapter(
        edition=edition,
        standing=told.standing(edition),
        last_day=told.last_day(edition),
        before=told.before(edition),
        found=found,
        words=in_words(found) if found else [],
        replaces=told.replaced(edition),
        replaced_by=told.replaced_by(edition),
    )


def _on_that_day(asked: AsAt, school: int | None) -> dict[str, Any]:
    """Return what was in force on a date and, if a school is asked for, who served it."""
    answer = school_answer(asked, school) if school is not None else None
    in_force = asked.world.timeline.edition_on(asked.day)
    return {"asked_edition": in_force, "answer": answer}


def _sources(world: Published, edition: EditionSummary) -> tuple[Any, ...]:
    release = world.timeline.release_on(edition.effective_from)
    if edition.withdrawn_at is not None or release is None:
        return ()
    return service().store.edition(edition.number).sources
