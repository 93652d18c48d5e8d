"""The pages of the forms of changes: what is typed → a change → the draft.

Each works without a mouse and without JavaScript. A form carries the draft's version and a token:
where another has changed the draft meanwhile the form comes back with what was typed, and a form
that is sent twice does its work once.
"""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catchments.changes.change import Change
from catchments.core.errors import CatchmentsError, NotKnown
from catchments.core.roles import Action
from catchments.store import StoreUnavailable
from catchments.store.drafts.repository import ExpectedVersion, NotNow, Stale
from catchments.web.accounts.access import requires
from catchments.web.accounts.kept.keeping import standing_again
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.change_form import AnyChangeForm
from catchments.web.staff.forms.fault_pictures import pictures_of
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.kinds import BY_NAME
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftState

STALE = 412
LARGEST_FORM_BYTES = 32 << 20
"""A file of boundaries, or an area with very many vertices."""


# --- the two views --------------------------------------------------------------------------------


@blueprint.get("/drafts/<int:draft>/change/<kind>")
@requires(Action.EDIT)
def change(draft: int, kind: str) -> Response:
    """Show the form of a kind of change."""
    return _form(
        _kind(kind), draft_view.open_to_changes(draft_view.read(draft)), FormReader(_given())
    )


def _given() -> MultiDict[str, str]:
    """Return what a form begins with: what was sent of it when nobody was signed in, or asked."""
    kept = standing_again()
    return MultiDict(kept.sent.fields) if kept else request.args


@blueprint.post("/drafts/<int:draft>/change/<kind>")
@requires(Action.EDIT, at_most=LARGEST_FORM_BYTES)
def make_change(draft: int, kind: str) -> AnyResponse:
    """Add a change to a draft, or say what is wrong with the form."""
    chosen, seen = _kind(kind), draft_view.seen_given()
    typed = FormReader(request.form, request.files)
    found = draft_view.read(draft)
    is_stale = found.draft.version != seen.version
    # After a double click, the back button, a line that broke.
    if is_stale and draft_view.desk().is_done(draft, seen.idempotency_key):
        return redirect(url_for("staff.draft", draft=draft), 303)
    worked = draft_view.open_to_changes(found)
    if typed.text("do") in {"find", "back"}:
        return _form(chosen, worked, typed)
    if is_stale:
        return _stale(chosen, worked, typed, seen)
    return _made(chosen, worked, typed, seen)


def _made(
    kind: AnyChangeForm, worked: DraftState, typed: FormReader, seen: ExpectedVersion
) -> AnyResponse:
    try:
        made = kind.read(typed, worked)
        typed.check()
        if typed.text("do") == "check" or (kind.preview and not typed.text("confirmed")):
            made.apply(worked.content)  # or says at once what does not fit
            return _looked_over(kind, worked, typed, made)
        draft_view.add(worked, made, seen, upload=typed.text("kept"))
    except FormRefused as refused:
        return _form(kind, worked, typed, refused.wrongs)
    except Stale:
        again = draft_view.open_to_changes(draft_view.read(worked.draft.id))
        return _stale(kind, again, typed, seen)
    except (NotNow, StoreUnavailable):
        raise
    except CatchmentsError as error:  # it does not fit: said above the form, what was typed stays
        return _form(kind, worked, typed, (FieldError("", str(error)),))
    if typed.said:
        once = f"{seen.idempotency_key[:63]}r" if seen.idempotency_key else ""
        draft_view.desk().comment(worked.draft.id, typed.said, by=seen.person, idempotency_key=once)
    return draft_view.back_to(worked.draft.id, gettext("The change is added."))


def _kind(name: str) -> AnyChangeForm:
    if name not in BY_NAME:
        raise NotKnown(
            gettext("There is no such kind of change."),
            next_step=gettext("Choose one on the draft's page."),
        )
    return BY_NAME[name]


def _stale(
    kind: AnyChangeForm, worked: DraftState, typed: FormReader, seen: ExpectedVersion
) -> Response:
    """Give a form back with what was typed, for the version that the draft has now."""
    meanwhile = draft_view.done_since(worked.draft.id, seen.version)
    page = _form(kind, worked, typed, stale=True, meanwhile=meanwhile)
    page.status_code = STALE
    return page


def _looked_over(
    kind: AnyChangeForm, worked: DraftState, typed: FormReader, made: Change
) -> Response:
    """Show what a change will do before it is added."""
    if kind.preview is None:
        return _form(kind, worked, typed, report=typed.said)
    shown = kind.preview(typed, worked, made)
    hidden = {**dict(typed.given.lists()), **shown.pop("hidden", {})}
    left_out = {"csrf_token", "written_for", "kept_form", "once", "version", "do", "confirmed"}
    fields = [(k, each) for k, values in hidden.items() if k not in left_out for each in values]
    return _form(kind, worked, typed, previewed=True, hidden=fields, **shown)


def _form(
    kind: AnyChangeForm,
    worked: DraftState,
    typed: FormReader,
    wrongs: tuple[FieldError, ...] = (),
    **more: Any,
) -> Response:
    offered = {} if more.get("previewed") else kind.offer(typed, worked)
    return staff_page(
        "staff/change_preview.html" if more.get("previewed") else f"staff/{kind.template}",
        str(kind.title),
        kind=kind,
        draft=worked.draft,
        working=worked,
        content=worked.content,
        typed=typed,
        wrongs=wrongs,
        faults=pictures_of(wrongs),
        **{**offered, **more},
    )
