"""Figures for the Ministry: counts, none of them small enough to single anybody out."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response

from catchments.core.errors import NotAllowed
from catchments.core.roles import Action
from catchments.requests.rules.cases import CaseState
from catchments.requests.rules.roles import CaseRole
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.frame import show
from catchments.requests.web.portal import portal, viewer
from catchments.web.accounts.access import requires

FEWEST = 6
"""A count below this is shown as “under 6”."""
UNDER = f"under {FEWEST}"


@blueprint.get("/figures")
@requires(Action.READ)
def figures() -> Response:
    """Show counts by provider, state and age."""
    if not viewer().organisations(CaseRole.FIGURES):
        raise NotAllowed("You may not see figures.", allowed="The Ministry's people may.")
    counted = portal().figures.by_holder()
    holders: dict[str, dict[CaseState, int]] = {}
    for each in counted:
        holders.setdefault(each.holder, {})[each.state] = each.cases
    rows = [
        (name, [shown(states.get(state, 0)) for state in CaseState], total(states.values()))
        for name, states in holders.items()
    ]
    sums = [total(states.get(state, 0) for states in holders.values()) for state in CaseState]
    by_age = portal().figures.by_age(portal().today())
    return show(
        "figures.html",
        "Figures",
        states=list(CaseState),
        rows=rows,
        sums=sums,
        ages=[(words, shown(cases)) for words, cases in by_age.items()],
        under=UNDER,
    )


def shown(cases: int) -> str:
    """Return a count, or that it is too small to be told."""
    return UNDER if 0 < cases < FEWEST else f"{cases:,}"


def total(counts: Iterable[int]) -> str:
    """Return a sum that tells nothing of a part that is not shown: then what is shown, at least."""
    parts = list(counts)
    small = [part for part in parts if 0 < part < FEWEST]
    told = sum(parts) - sum(small)
    if not told and len(small) == 1:
        return UNDER
    return f"over {told:,}" if small else f"{told:,}"
