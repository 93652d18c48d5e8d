"""Ground that is left in no catchment on purpose: what it is, and the reason."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.accept_uncovered import AcceptUncovered
from catchments.changes.uncovered import accepted
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import impact_of

LONGEST_REASON = 500


def read(typed: FormReader, worked: DraftState) -> AcceptUncovered:
    """Return what accepts all the ground that a draft loses, as it is now."""
    found = impact_of(worked).uncovered
    if not found:
        nothing = gettext("The draft leaves no ground without a catchment: nothing is to accept.")
        raise FormRefused([FieldError("", nothing)])
    reason = typed.line("reason", gettext("why it is left so"), at_most=LONGEST_REASON)
    typed.check()
    loss = accepted(reason, found)
    return AcceptUncovered(loss.reason, loss.km2, loss.said)


def offer(_typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return, in a sentence each, the ground that would be accepted."""
    found = impact_of(worked).uncovered
    return {"lost": [each.sentence(worked.content) for each in found]}


FORM = ChangeForm(
    "leave-uncovered",
    140,
    _l("Leave ground in no catchment"),
    _l("where that is meant, with the reason"),
    read,
    offer,
    template="change_uncovered.html",
    explanation=_l(
        "Ground that is in a catchment now and would be in none keeps a draft from being "
        "published, unless it is left so on purpose. Whoever approves the draft sees what is left "
        "and why, and both stay on record. What a later change leaves beside it is not accepted."
    ),
)
