"""Schools on no list, listed where they lie: nothing is typed, all of them are looked over."""

from __future__ import annotations

import hashlib
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.list_where_located import ListWhereLocated
from catchments.changes.naming import named
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.choosing_schools import lines_of
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import answers_of


def read(typed: FormReader, worked: DraftState) -> ListWhereLocated:
    """Return what lists the schools where they lie, if that is what was looked over."""
    change = ListWhereLocated.of(answers_of(worked))
    if not change.listings:
        problem = gettext(
            "There is no school to list: every open school is on the list, is declared unserved, "
            "or lies in no catchment or in several. Those last are moved one by one: see “Move "
            "schools”."
        )
        typed.refuse("", problem)
    elif typed.text("confirmed") and typed.text("looked_over") != _digest(change):
        problem = gettext(
            "Other schools lie there now than were looked over. Look them over again."
        )
        typed.refuse("", problem)
    return change


def preview(_typed: FormReader, worked: DraftState, change: ListWhereLocated) -> dict[str, Any]:
    """Return every school that is about to be listed, and which of them lie near a boundary."""
    lines = lines_of(tuple(change.listings), worked)
    what = ngettext(
        "%(num)s school is put on the list of the catchment that it is in now.",
        "%(num)s schools are put on the list, each of the catchment that it is in now.",
        len(lines),
    )
    answers = answers_of(worked)
    near = [each.school for each in lines if answers[each.school.school_id].alternatives]
    warning = gettext(
        "On the boundary of another catchment, or close to it: %(schools)s.",
        schools=named([f"{school.school_id} {school.name}" for school in near]),
    )
    return {
        "what": what,
        "lines": lines,
        "warnings": [warning] if near else [],
        "hidden": {"looked_over": [_digest(change)]},
    }


def _digest(change: ListWhereLocated) -> str:
    """Return what tells one set of schools and catchments from another."""
    return hashlib.sha256(repr(change.listings).encode()).hexdigest()


FORM = ChangeForm(
    "list-where-located",
    25,
    _l("List schools where they lie"),
    _l("every open school on no list that lies in a catchment"),
    read,
    preview=preview,
    explanation=_l(
        "Every open school that is on no list is put on the list of the catchment that it lies in. "
        "A school that is only near a catchment, lies in two, has no recorded place or is declared "
        "unserved is left as it is. All of them are shown before anything is added."
    ),
)
