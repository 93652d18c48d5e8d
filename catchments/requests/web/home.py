"""The first page: what waits for whoever is signed in, by what they are where."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.roles import Action
from catchments.requests.rules.cases import OPEN, CaseState
from catchments.requests.rules.roles import SENDERS, CaseRole
from catchments.requests.store.cases import Wanted
from catchments.requests.web.blueprint import blueprint, files
from catchments.requests.web.frame import schools_of_mine, show
from catchments.requests.web.portal import my_organisations, portal, viewer
from catchments.web.accounts.access import me, requires

WORKED = frozenset({CaseState.ASSIGNED, CaseState.ACTIVE, CaseState.PAUSED})


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
        places=[_place(each.id, each.name) for each in my_organisations() if _sees_cases(each.id)],
        authorised=[e for e in my_organisations() if who.is_in(e.id, CaseRole.AUTHORISER)],
        with_figures=bool(who.organisations(CaseRole.FIGURES)),
    )


def _sees_cases(organisation: int) -> bool:
    who = viewer()
    return who.is_in(organisation, *SENDERS, CaseRole.WORKFLOW_LEAD, CaseRole.CASE_MANAGER)


def _place(organisation: int, name: str) -> dict[str, Any]:
    who, cases, is_lead = viewer(), portal().cases, False

    def count(states: frozenset[CaseState], mine: int | None = None) -> int:
        return cases.count(who, Wanted(states, organisation, assigned_to=mine))

    if who.is_in(organisation, *SENDERS):
        lines = [
            ("open", "Open cases", count(OPEN)),
            ("returned", "Sent back to you for more", count(frozenset({CaseState.RETURNED}))),
            ("closed", "Closed", count(frozenset({CaseState.CLOSED, CaseState.DECLINED}))),
        ]
    else:
        is_lead = who.is_in(organisation, CaseRole.WORKFLOW_LEAD)
        lines = [("mine", "Given to you, and open", count(OPEN, me().id))]
        if is_lead:
            queue = ("queued", "Waiting in the queue", count(frozenset({CaseState.QUEUED})))
            lines = [queue, ("worked", "Being worked on", count(WORKED)), *lines]
    coming = portal().handovers.of(me(), organisation) if is_lead else []
    return {
        "id": organisation,
        "name": name,
        "lines": lines,
        "going": sum(row.from_id == organisation for row in coming),
        "coming": sum(row.to_id == organisation for row in coming),
        "is_lead": is_lead,
    }
