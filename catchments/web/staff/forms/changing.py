"""The pages of the forms of changes: what is typed → a change → what it would do → the draft.

Whatever kind it is, a change is looked over before it is added: the page shows its impact by the
same code as the draft's own page does afterwards. Each works without a mouse and without
JavaScript. A form carries the draft's version and a token: where another has changed the draft
meanwhile the form comes back with what was typed, and a form that is sent twice does its work once.
"""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catchments.changes.change import Change
from catchments.core.errors import CatchmentsError, InputRefused, NotKnown, NotNow, Stale
from catchments.core.roles import Action
from catchments.store import StoreUnavailable
from catchments.store.drafts.repository import ExpectedVersion
from catchments.web.accounts.access import requires
from catchments.web.accounts.kept.keeping import standing_again
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.change_form import AnyChangeForm
from catchments.web.staff.forms.fault_pictures import pictures_of
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.kinds import BY_NAME
from catchments.web.staff.forms.maps import map_of
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftState
from catchments.web.staff.pages.impact import cut_off_by, trial_panels

STALE = 412
LARGEST_FORM_BYTES = 32 << 20
"""A file of boundaries, or an area with very many vertices."""
SURE = "sure"
"""The field in which somebody ticks that what is cut off is meant."""
NOT_SENT = frozenset(
    [
        "csrf_token",
        "written_for",
        "kept_form",
        "once",
        "version",
        "do",
        "confirmed",
        "zoom",
        SURE,
        "far_with",
        "far_without",
    ]
)
"""What a page that looks a change over does not send along as it came: its own, and its buttons."""


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
    adds = bool(request.form.get("confirmed")) and request.form.get("do", "").strip() != "check"
    typed = FormReader(request.form, request.files, adds=adds)
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


@blueprint.post("/drafts/<int:draft>/change/<kind>/map.json")
@requires(Action.EDIT, at_most=LARGEST_FORM_BYTES)
def change_map(draft: int, kind: str) -> Response:
    """Give the map of a change that is looked over what it would redraw, and whom it would move.

    The page sends the very form that adds it. Raises CatchmentsError for one that is no change.
    """
    chosen, seen = _kind(kind), draft_view.seen_given()
    worked = draft_view.open_to_changes(draft_view.read(draft))
    if worked.draft.version != seen.version:
        raise Stale(gettext("The draft has been changed meanwhile."))
    # It was looked over: what its files hold is kept.
    typed = FormReader(MultiDict([*request.form.items(multi=True), ("confirmed", "yes")]))
    try:
        made = chosen.read(typed, worked)
        typed.check()
    except FormRefused as refused:
        raise InputRefused(str(refused)) from refused
    return map_of(draft_view.tried(worked, made), since=worked)


def _made(
    kind: AnyChangeForm, worked: DraftState, typed: FormReader, seen: ExpectedVersion
) -> AnyResponse:
    try:
        made = kind.read(typed, worked)
        typed.check()
        trial = draft_view.tried(worked, made)  # or says at once what does not fit
        if typed.text("do") == "check" or not typed.text("confirmed"):
            return _looked_over(kind, worked, typed, made)
        if cut_off_by(worked, trial).keys() - typed.all(SURE):
            unsure = FieldError(SURE, gettext("Tick that what is cut off is meant, or go back."))
            return _looked_over(kind, worked, typed, made, (unsure,))
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
    return _form(kind, worked, typed, stale=True, meanwhile=meanwhile, status=STALE)


def _looked_over(
    kind: AnyChangeForm,
    worked: DraftState,
    typed: FormReader,
    made: Change,
    wrongs: tuple[FieldError, ...] = (),
) -> Response:
    """Show what a change will do before it is added: the draft's own impact, with it."""
    trial = draft_view.tried(worked, made)
    told = kind.preview(typed, worked, made) if kind.preview else {}
    sent = {**dict(typed.given.lists()), **told.pop("hidden", {})}
    hidden = [(k, each) for k, values in sent.items() if k not in NOT_SENT for each in values]
    url = url_for("staff.change_map", draft=worked.draft.id, kind=kind.name)
    shown = {
        "what": made.describe(worked.content),
        **told,
        "hidden": hidden,
        "cut_off": cut_off_by(worked, trial),
        "zoomable": "look-over",
        **trial_panels(worked, trial, url=url, zoom=typed.text("zoom")),
    }
    return _form(kind, worked, typed, wrongs, previewed=True, **shown)


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
