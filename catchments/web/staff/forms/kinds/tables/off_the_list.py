"""Schools taken off the list: closed ones, numbers that no directory has, and any others."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.move_schools import MoveSchools
from catchments.core.model import School, SchoolStatus, unnamed
from catchments.lookup.values import school_number
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.choosing_schools import PASTED_AT_MOST, Line
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.pasted_numbers import read_numbers, shortened
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> MoveSchools:
    """Return what takes the schools that are ticked, and those that are pasted, off the list."""
    known = _on_record(worked)
    ticked = [number for text in typed.all("listed") if (number := school_number(text))]
    pasted = read_numbers(typed.given.get("numbers", "")[:PASTED_AT_MOST], known)
    if pasted.faults:
        refused = gettext("These are no numbers of schools on the list. Nothing was added.")
        typed.refuse("numbers", refused, shortened(pasted.faults))
    gone = [str(number) for number in ticked if number not in known]
    if gone:
        typed.refuse("listed", gettext("These are on the list no more:"), gone)
    chosen = dict.fromkeys([*ticked, *pasted.numbers])
    if not chosen and not typed.wrongs:
        typed.refuse("listed", gettext("Choose schools: tick them, or paste their numbers."))
    return MoveSchools((), "", dict.fromkeys(chosen))


def _on_record(worked: DraftState) -> dict[int, School]:
    """Return the schools that a draft lists or declares to belong to none."""
    known = worked.release.ever
    numbers = sorted({*worked.content.listings, *worked.content.unserved})
    return {number: known.get(number) or School(number, unnamed(number)) for number in numbers}


def _line(school: School, worked: DraftState) -> Line:
    code = worked.content.listings.get(school.school_id, "")
    return Line(school, worked.content.catchments.get(code))


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the listed schools that are closed or in no directory, and what is ticked."""
    on_record = _on_record(worked)
    ticked = set(typed.all("listed"))
    stale = [
        school
        for number, school in on_record.items()
        if number not in worked.schools
        or school.status is SchoolStatus.CLOSED
        or str(number) in ticked
    ]
    return {"stale_lines": [_line(school, worked) for school in stale], "ticked": ticked}


def preview(_typed: FormReader, worked: DraftState, change: MoveSchools) -> dict[str, Any]:
    """Return the schools that are about to be on no list."""
    known = _on_record(worked)
    lines = [_line(known[number], worked) for number in change.each or {} if number in known]
    what = gettext("To be on no list: an open school then belongs where it lies.")
    return {"lines": lines, "what": what}


FORM = ChangeForm(
    "take-off-list",
    26,
    _l("Take schools off the list"),
    _l("closed ones, and numbers that no directory has"),
    read,
    offer,
    preview,
    template="change_off_list.html",
    explanation=_l(
        "A school that is closed, or a number that no school directory has, has no place on the "
        "list. An open school that is taken off belongs to the catchment that it lies in."
    ),
)
