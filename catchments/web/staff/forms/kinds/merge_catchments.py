"""Catchments made one."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.merge_catchments import MergeCatchments
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.options import by_region
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> MergeCatchments:
    """Return what makes the catchments that are ticked one."""
    content = worked.content
    several = gettext("two catchments or more")
    chosen = typed.some_of("catchments", content.catchments, several, at_least=2)
    into = typed.one_of("into", content.catchments, gettext("the one that stays"))
    if into and into not in chosen:
        chosen = (*chosen, into)
    return MergeCatchments(chosen, into)


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return every catchment, and which are ticked."""
    groups = by_region(worked.content.catchments.values())
    return {"groups": groups, "ticked": set(typed.all("catchments"))}


FORM = ChangeForm(
    "merge-catchments",
    40,
    _l("Merge catchments"),
    _l("two or more become one"),
    read,
    offer,
    template="change_merge.html",
    explanation=_l(
        "Tick the catchments that become one, and choose the one whose code, name and provider "
        "stay."
    ),
)
