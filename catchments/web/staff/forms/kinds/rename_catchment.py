"""Another name for a catchment."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.rename_catchment import RenameCatchment
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.options import options_of
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> RenameCatchment:
    """Return what gives a catchment another name than it has."""
    code = typed.one_of("catchment", worked.content.catchments, gettext("a catchment"))
    name = typed.line("name", gettext("the new name"))
    old = worked.content.catchments.get(code)
    if old and name == old.name:
        typed.refuse("name", gettext("That is its name already."))
    return RenameCatchment(code, name)


FORM = ChangeForm(
    "rename-catchment",
    60,
    _l("Rename a catchment"),
    _l("its code stays"),
    read,
    lambda _typed, worked: {"catchments": options_of(worked.content.catchments)},
    template="change_rename.html",
)
