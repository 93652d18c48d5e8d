"""In-school provision of chosen schools, or its end."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.set_in_school_provision import SetInSchoolProvision
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.choosing_schools import (
    chosen_schools,
    left_out,
    lines_of,
    offer_schools,
)
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> SetInSchoolProvision:
    """Return what sets the in-school provision of the chosen schools, or ends it."""
    schools = chosen_schools(typed, worked)
    if not typed.text("ends"):
        return SetInSchoolProvision(schools, typed.line("note", gettext("a note on the provision")))
    without = [n for n in schools if n not in worked.content.in_school_provision]
    if without:
        named = [f"{n} {worked.schools[n].name}" for n in without]
        typed.refuse("ends", gettext("These have no in-school provision to end:"), named)
    return SetInSchoolProvision(schools, None)


def preview(typed: FormReader, worked: DraftState, change: SetInSchoolProvision) -> dict[str, Any]:
    """Return the schools whose provision is about to be set."""
    what = gettext("In-school provision ends.") if change.note is None else change.note
    notes = worked.content.in_school_provision
    lines = lines_of(change.schools, worked)
    return {"lines": lines, "what": what, "notes": notes, "warnings": left_out(typed, worked)}


FORM = ChangeForm(
    "in-school-provision",
    100,
    _l("Set in-school provision"),
    _l("a school's own funded provision, or its end"),
    read,
    offer_schools,
    preview,
    template="change_provision.html",
)
