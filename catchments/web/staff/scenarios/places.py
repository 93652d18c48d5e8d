"""The test of a place against a draft: who serves it now, and who would with the draft."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from flask import Response, request
from flask_babel import gettext

from catchments.core.errors import CatchmentsError, ChangeDoesNotFit, InputRefused, NotKnown
from catchments.core.model import Answer, NamedPlace, code_of
from catchments.core.roles import Action
from catchments.lookup.search.text_search import SearchResult
from catchments.lookup.snapshot import AsAt, Published, Timeline
from catchments.web.accounts.access import requires
from catchments.web.common.query_parameters import page_parameters
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.pages import draft_view
from catchments.web.staff.scenarios.standing import Standing, draft_standing

LONGEST_ASKED = 500


@dataclass(frozen=True)
class NowAndThen:
    """One thing that a text may mean, with its answer now and with the draft."""

    named: NamedPlace
    now: Answer | None
    """None where nothing is known of it now."""
    then: Answer

    @property
    def changes(self) -> bool:
        """Whether another provider answers then."""
        return code_of(self.now.provider if self.now else None) != code_of(self.then.provider)


@dataclass(frozen=True)
class Tested:
    """What came of a text."""

    day: date
    """On which the draft is asked."""
    found: SearchResult | None = None
    places: tuple[NowAndThen, ...] = ()
    problem: CatchmentsError | None = None


@blueprint.get("/drafts/<int:draft>/place")
@requires(Action.READ)
def place(draft: int) -> Response:
    """Say who would serve a school, an address or a point, and who serves it now."""
    given = page_parameters(request.args, {"q"})
    text = given.get("q", "").strip()[:LONGEST_ASKED]
    head = draft_view.read(draft).draft
    tested: Tested | None = None
    problem: CatchmentsError | None = None
    try:
        _, standing = draft_standing(draft)
        tested = _tested(standing, text) if text else None
    except (ChangeDoesNotFit, NotKnown) as error:
        problem = error
    problem = problem or (tested.problem if tested else None)
    return staff_page(
        "staff/place.html",
        gettext("Test a place"),
        draft=head,
        text=text,
        tested=tested,
        problem=problem,
        error=bool(problem),
    )


def _tested(standing: Standing, text: str) -> Tested:
    world, day = service().snapshots.current(), standing.found.on
    now, then = world.as_at(world.today), AsAt(_alone(world), day, standing.after)
    try:
        found = service().finder(world).find(text, as_at=then)
    except InputRefused as error:
        return Tested(day, problem=error)
    matches = found.matches if found else ()
    places = (NowAndThen(m.named, _answer(now, m.named), m.answer) for m in matches)
    return Tested(day, found, tuple(places))


def _alone(world: Published) -> Published:
    """Return a world with nothing scheduled in it: what comes after a draft is made anew on it."""
    return replace(world, timeline=Timeline((), world.timeline.releases))


def _answer(now: AsAt, named: NamedPlace) -> Answer | None:
    try:
        return now.named(named)
    except NotKnown:
        return None  # a catchment or a provider that the draft brings
