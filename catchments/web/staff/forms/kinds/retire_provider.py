"""A provider taken off the list."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.retire_provider import RetireProvider
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.options import provider_options
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> RetireProvider:
    """Return what takes a provider off the list."""
    return RetireProvider(typed.one_of("provider", worked.content.providers, gettext("a provider")))


def offer(_typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return every provider, and the names of the catchments that each serves."""
    serves: dict[str, list[str]] = {}
    for catchment in worked.content.catchments.values():
        serves.setdefault(catchment.provider_code or "", []).append(catchment.name)
    return {"serves": serves, "providers": provider_options(worked.content)}


FORM = ChangeForm(
    "retire-provider",
    90,
    _l("Retire a provider"),
    _l("its catchments need another"),
    read,
    offer,
    template="change_retire.html",
    explanation=_l(
        "The catchments of a provider that is retired have none until they get another; give them "
        "another first, or right after."
    ),
)
