"""Providers and the catchments that they serve, from uploaded files."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.replace_providers import ReplaceProviders
from catchments.readers.lists.changes import providers_change
from catchments.readers.reading_job import Sought, Wish
from catchments.web.staff.forms import imports
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> ReplaceProviders:
    """Return what a table of providers makes of the draft."""
    wish = Wish(
        [],
        Sought.PROVIDERS,
        known=imports.without_boundaries(worked.content),
        given=imports.given_of(typed),
    )
    typed.check()
    found = imports.reading(typed, worked, wish).provider_table
    change = providers_change(imports.told(found), worked.content, whole=bool(typed.text("whole")))
    imports.check_effects(typed, worked, change)
    return change


FORM = ChangeForm(
    "read-providers",
    130,
    _l("Read providers from a file"),
    _l("their names, how to reach them, and which catchments they serve"),
    read,
    lambda *_: {"formats": imports.TABLES, "whole": _l("It is the complete list of all providers")},
    imports.preview,
    template="change_list.html",
    explanation=_l(
        "Providers that the file names are added or get its details; a provider is known by its "
        "code, else by its name. Providers that it does not name stay as they are. What changes is "
        "shown before it is added."
    ),
)
