"""Whom a form was written for: said in the form itself, signed, so that it can be told afterwards.

A session may be over and its cookie gone when a form is sent. What the form carries tells whose it
is all the same: nobody can write it but this service, and only pages for that person have it.
"""

from __future__ import annotations

from flask import request
from itsdangerous import BadData
from markupsafe import Markup

from catchments.core.errors import CatchmentsError
from catchments.store.accounts.kept_forms import KEPT_FOR
from catchments.web.accounts import access
from catchments.web.accounts.access import blueprint

FIELD = "written_for"
_SALT = "catchments.written-for"


@blueprint.app_template_global()
def written_for() -> Markup:
    """Return the hidden field that says whom a form is written for; nothing for who is nobody."""
    return access.once_a_request("written_for", _field)


def written_for_whom() -> int | None:
    """Return the number of the person whom the form was written for that was sent just now."""
    try:
        kept_s = int(KEPT_FOR.total_seconds())
        number = access.signer(_SALT).loads(request.form.get(FIELD, ""), max_age=kept_s)
    except BadData:
        return None
    return number if isinstance(number, int) else None


def _field() -> Markup:
    try:
        found = access.account_or_none() if access.is_staff_path(request.path) else None
    except CatchmentsError:  # the database is away, and this is the page that says so
        found = None
    if found is None:
        return Markup()
    signed = access.signer(_SALT).dumps(found.person.id)
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, signed)
