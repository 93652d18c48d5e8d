"""Figures for the Ministry: counts, none of them small enough to single anybody out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress

from flask import Response

from catchments.core.errors import NotAllowed
from catchments.core.roles import Action
from catchments.core.text_folding import folded
from catchments.requests.rules.cases import OPEN, CaseState
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.rules.small_numbers import SMALL, told, told_beside, total
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.frame import show
from catchments.requests.web.portal import portal, viewer
from catchments.web.accounts.access import requires


@blueprint.get("/figures")
@requires(Action.READ)
def figures() -> Response:
    """Show counts by who has the cases, by state and by age."""
    if not viewer().organisations(CaseRole.FIGURES):
        raise NotAllowed("You may not see figures.", allowed="The Ministry's people may.")
    holders: dict[int, _Holder] = {}
    for each in portal().figures.by_holder():
        at = holders.setdefault(each.holder_id, _Holder(each.holder, each.holder_key, each.kind))
        at.states[each.state] = each.cases
    listed = sorted(holders.values(), key=lambda each: folded(each.name))
    cells = [[each.states.get(state, 0) for state in CaseState] for each in listed]
    shown = [[told(cases) for cases in row] for row in cells]
    by_age = portal().figures.by_age(portal().today())
    is_open = [state in OPEN for state in CaseState]
    of_open = [cases for row in cells for cases in compress(row, is_open)]
    ages = told_beside(list(by_age.values()), of_open)
    return show(
        "figures.html",
        "Figures",
        states=list(CaseState),
        rows=[(each, row, total(row)) for each, row in zip(listed, shown, strict=True)],
        sums=[total(column) for column in zip(*shown, strict=True)],
        ages=list(zip(by_age, ages, strict=True)) if ages else None,
        small=SMALL,
    )


@dataclass(slots=True)
class _Holder:
    """Who has cases, and how many in each state."""

    name: str
    key: str
    kind: OrganisationKind
    states: dict[CaseState, int] = field(default_factory=dict)

    @property
    def school_number(self) -> str:
        """Of an in-school team the school's number: schools may have one name."""
        return self.key if self.kind is OrganisationKind.IN_SCHOOL_TEAM else ""
