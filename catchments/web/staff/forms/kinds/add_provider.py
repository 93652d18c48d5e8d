"""A new provider, with its details and its contract."""

from __future__ import annotations

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from catchments.changes.kinds.add_provider import AddProvider
from catchments.core.model import Contract, Provider
from catchments.web.staff.forms.change_form import ChangeForm
from catchments.web.staff.forms.fields import FormReader
from catchments.web.staff.pages.draft_view import DraftState


def read(typed: FormReader, worked: DraftState) -> AddProvider:
    """Return what adds a provider under a code of its own."""
    code = typed.code("code")
    if code in worked.content.providers:
        typed.refuse("code", gettext("There is a provider with this code already."))
    return AddProvider(*details(typed, code))


def details(typed: FormReader, code: str) -> tuple[Provider, Contract]:
    """Return the provider and the contract whose details were typed."""
    provider = Provider(
        code,
        typed.line("name", gettext("the provider's name")),
        typed.line("phone", "", required=False, at_most=60),
        typed.email("email"),
        typed.website("website"),
    )
    starts, ends = typed.day("starts"), typed.day("ends")
    if starts and ends and ends < starts:
        typed.refuse("ends", gettext("The contract ends before it starts."))
    return provider, Contract(starts, ends, typed.whole_number("capacity"))


FORM = ChangeForm(
    "add-provider",
    70,
    _l("Add a provider"),
    _l("with its details and contract"),
    read,
    lambda *_: {"said": {}},  # nothing is known of the provider yet
    template="change_provider.html",
)
