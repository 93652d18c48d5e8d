"""Another provider for catchments: those found by words, or all that one provider serves."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.assign_provider import AssignProvider
from catchments.core.model import Catchment
from catchments.core.text_folding import folded
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.options import by_region, options_of
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> AssignProvider:
    """Return what gives the catchments that are ticked to another provider."""
    content = worked.content
    chosen = typed.some_of("catchments", content.catchments, gettext("one catchment or more"))
    provider = typed.one_of("provider", content.providers, gettext("a provider"))
    return AssignProvider(chosen, provider)


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return the catchments that were looked for or ticked, and every provider."""
    content, ticked = worked.content, set(typed.all("catchments"))
    words, served_by = folded(typed.text("q")[:200]).split(), typed.text("served_by")
    found = [
        catchment
        for catchment in content.catchments.values()
        if catchment.code in ticked or _is_sought(catchment, worked, words, served_by)
    ]
    # Asked for all that one provider serves, as when its contract ends, all of it is ticked.
    also = {c.code for c in found if served_by and c.provider_code == served_by}
    return {
        "groups": by_region(found),
        "ticked": ticked | (also if typed.text("do") != "back" and not ticked else set()),
        "shown": len(found),
        "providers": options_of(content.providers),
    }


def _is_sought(catchment: Catchment, worked: DraftState, words: list[str], served_by: str) -> bool:
    if served_by and catchment.provider_code != served_by:
        return False
    provider = worked.content.provider_of(catchment)
    parts = (catchment.code, catchment.name, catchment.education_region)
    text = folded(" ".join([*parts, provider.name if provider else ""])).split()
    return all(any(each.startswith(word) for each in text) for word in words)


FORM = ChangeForm(
    "assign-provider",
    10,
    _l("Change the provider of catchments"),
    _l("one catchment, or all that a provider serves"),
    read,
    offer,
    template="change_assign.html",
)
