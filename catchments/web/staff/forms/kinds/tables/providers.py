"""Catchments given other providers by a table, each its own."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.readers.reading_job import Sought
from catchments.web.staff.forms import tables
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> AssignProvider:
    """Return what gives each catchment the provider that a table has for it, if it is another."""
    found = tables.decisions(typed, worked, Sought.PROVIDERS_TABLE)
    now = worked.content.catchments
    each = {
        code: provider
        for code, provider in found.catchments.items()
        if code not in now or now[code].provider_code != provider
    }
    tables.refuse_nothing(typed, each)
    return AssignProvider.by_table(each) if each else AssignProvider((), "", {})


def preview(_typed: FormReader, worked: DraftState, change: AssignProvider) -> dict[str, Any]:
    """Return which catchments a table gives other providers, and what of it is so already."""
    found = tables.table_read()
    given = len(change.catchments) + len(change.each or {})
    return tables.difference(worked, change, same=found.count - given)


FORM = ChangeForm(
    "assign-by-table",
    12,
    _l("Change providers by a table"),
    _l("pasted or from a file: each catchment with its provider"),
    read,
    tables.offer,
    preview,
    template="change_table.html",
    explanation=_l(
        "Each row has a catchment and the provider that is to serve it, by code or name. "
        "Catchments that the table does not name keep their provider. A provider must be on the "
        "list already: add it first. What changes is shown before it is added."
    ),
)
