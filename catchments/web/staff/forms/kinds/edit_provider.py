"""Other details of a provider."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.edit_provider import EditProvider
from catchments.core.model import Contract
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.forms.kinds.add_provider import details
from catchments.web.staff.forms.options import options_of
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> EditProvider:
    """Return what gives a provider other details than it has."""
    known = worked.content
    code = typed.one_of("provider", known.providers, gettext("a provider"))
    typed.check()  # without one there are no other fields
    provider, contract = details(typed, code)
    if (provider, contract) == (known.providers[code], known.contracts.get(code, Contract())):
        typed.refuse("name", gettext("These are its details already."))
    return EditProvider(provider, contract)


def offer(typed: FormReader, worked: DraftState) -> dict[str, Any]:
    """Return every provider, and the details of the one that was chosen."""
    known, code = worked.content, typed.text("provider")
    provider = known.providers.get(code)
    contract = known.contracts.get(code, Contract())
    said = {**asdict(provider), **asdict(contract)} if provider else {}
    return {
        "provider": provider,
        "said": {name: "" if value is None else value for name, value in said.items()},
        "providers": options_of(known.providers),
    }


FORM = ChangeForm(
    "edit-provider",
    80,
    _l("Edit a provider's details"),
    _l("how to reach it, its contract, its capacity"),
    read,
    offer,
    template="change_provider.html",
)
