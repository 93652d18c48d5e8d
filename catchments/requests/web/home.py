"""The first page: what waits for whoever is signed in, by what they are where."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.roles import Action
from catchments.requests.rules.cases import OPEN
from catchments.requests.rules.roles import SENDERS, CaseRole
from catchments.requests.store.cases import Wanted
from catchments.requests.web.blueprint import blueprint, files
from catchments.requests.web.cases.lists import STATES
from catchments.requests.web.frame import places_of_mine, schools_of_mine, show
from catchments.requests.web.portal import my_organisations, portal, viewer
from catchments.web.accounts.access import me, requires


@files.get("/")
def start() -> AnyResponse:
    """Go to the first page of requests."""
    return redirect(url_for("requests.home"), 303)


@blueprint.get("")
@requires(Action.READ)
def home() -> Response:
    """Show what waits for whoever is signed in."""
    who = viewer()
    return show(
        "home.html",
        "Requests for support",
        written=portal().written.all(me()),
        schools=schools_of_mine(),
        school_names=portal().organisations.some(each.id for each in my_organisations()),
        places=[_place(each.id, each.name) for each in places_of_mine()],
        authorised=[e for e in my_organisations() if who.is_in(e.id, CaseRole.AUTHORISER)],
        with_figures=bool(who.organisations(CaseRole.FIGURES)),
    )


def _place(organisation: int, name: str) -> dict[str, Any]:
    who, cases, is_lead = viewer(), portal().cases, False

    def line(word: str, label: str) -> tuple[str, str, int]:
        return word, label, cases.count(who, Wanted(STATES[word][1], organisation))

    if who.is_in(organisation, *SENDERS):
        lines = [
            line("open", "Open cases"),
            line("returned", "Sent back to you for more"),
            line("closed", "Closed"),
        ]
    else:
        is_lead = who.is_in(organisation, CaseRole.WORKFLOW_LEAD)
        mine = cases.count(who, Wanted(OPEN, organisation, assigned_to=me().id))
        lines = [("mine", "Given to you, and open", mine)]
        if is_lead:
            queue = line("queued", "Waiting in the queue")
            lines = [queue, line("worked", "Being worked on"), *lines]
    coming = portal().handovers.of(me(), organisation) if is_lead else []
    return {
        "id": organisation,
        "name": name,
        "lines": lines,
        "going": sum(row.from_id == organisation for row in coming),
        "coming": sum(row.to_id == organisation for row in coming),
        "is_lead": is_lead,
    }
