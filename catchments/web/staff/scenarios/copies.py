"""The form that copies a draft: a second scenario begins where the first stands."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.roles import Action
from catchments.store.drafts.repository import checked_key
from catchments.web.accounts.access import me, requires
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.forms.fields import LONGEST_NAME
from catchments.web.staff.pages.draft_view import back_to, desk


@blueprint.post("/drafts/<int:draft>/copy")
@requires(Action.EDIT)
def copy_draft(draft: int) -> AnyResponse:
    """Begin a draft with all that another has; comments stay where they were made."""
    key = checked_key(request.form.get("once", ""))
    head = desk().draft(draft, unless=lambda _: True)  # without its changes, which may be large
    title = gettext("Copy of %(title)s", title=head.title)
    made = desk().copy(draft, title=title[:LONGEST_NAME], by=me(), idempotency_key=key)
    return back_to(
        made, gettext("This is the copy. Draft %(number)s stays as it is.", number=draft)
    )


@blueprint.get("/drafts/<int:draft>/copy")
@requires(Action.EDIT)
def copy_page(draft: int) -> AnyResponse:
    """Lead back to the draft, whose page has the form."""
    return redirect(f"{url_for('staff.draft', draft=draft)}#scenarios", 303)
