"""Schools moved to a catchment, or to none."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.move_schools import MoveSchools
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.choosing_schools import (
    chosen_schools,
    left_out,
    lines_of,
    offer_schools,
)
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.options import options_of
from catchments.web.staff.pages.draft_view import DraftState

NOBODY = "-"
"""Stands in the form for “no catchment”."""


def read(typed: FormReader, worked: DraftState) -> MoveSchools:
    """Return what moves the chosen schools to a catchment, or to none."""
    schools = chosen_schools(typed, worked)
    places = {NOBODY, *worked.content.catchments}
    to = typed.one_of("to", places, gettext("the catchment that they move to"))
    return MoveSchools(schools, "" if to == NOBODY else to)


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the schools to choose from, and the catchments they may move to."""
    nobody = (NOBODY, gettext("No catchment (unserved)"))
    catchments = [*options_of(worked.content.catchments), nobody]
    return {**offer_schools(typed, worked), "catchments": catchments}


def preview(typed: FormReader, worked: DraftState, change: MoveSchools) -> dict[str, Any]:
    """Return the schools that are about to move, each with the catchment it is in now."""
    to = worked.content.catchments.get(change.to)
    what = (
        gettext("To be moved to %(name)s (%(code)s)", name=to.name, code=to.code)
        if to
        else gettext("To belong to no catchment")
    )
    lines = lines_of(change.schools, worked)
    warnings = left_out(typed, worked)
    return {"lines": lines, "what": what, "target": to and to.code, "warnings": warnings}


FORM = ChangeForm(
    "move-schools",
    20,
    _l("Move schools"),
    _l("chosen by search, by pasting their numbers, or on the map"),
    read,
    offer,
    preview,
    template="change_move_schools.html",
)
