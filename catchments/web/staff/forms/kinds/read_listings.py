"""Lists of the schools in each catchment, from uploaded files."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.replace_listings import ReplaceListings, refuse_contradiction
from catchments.core.model import Edition
from catchments.readers.lists.changes import listings_change
from catchments.readers.reading_job import Sought, Wish
from catchments.web.staff.forms import imports
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> ReplaceListings:
    """Return what a list of schools makes of the draft."""
    wish = Wish(
        [],
        Sought.LISTINGS,
        known=imports.without_boundaries(worked.content),
        schools=dict(worked.schools),
        given=imports.given_of(typed),
    )
    typed.check()
    found = imports.reading(typed, worked, wish).listings
    change = listings_change(imports.told(found), worked.content, whole=bool(typed.text("whole")))
    base = worked.base.edition if worked.base else Edition()
    refuse_contradiction(change, base, worked.content)
    imports.check_effects(typed, worked, change, speaks_for=change.speaks_for)
    return change


FORM = ChangeForm(
    "read-listings",
    120,
    _l("Read a list of schools from a file"),
    _l("which schools belong to which catchment, and in-school provision"),
    read,
    lambda *_: {"formats": imports.TABLES, "whole": _l("It is the complete list of all schools")},
    imports.preview,
    template="change_list.html",
    explanation=_l(
        "A list speaks for the catchments that it names: schools of theirs that it leaves out lose "
        "their place on the list; those of other catchments keep it. What changes is shown before "
        "it is added."
    ),
)
