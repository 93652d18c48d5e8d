"""The list of drafts, and one draft: its changes, its comments, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, ChangeDoesNotFit, NotKnown
from catchments.core.model import EditionSummary
from catchments.core.roles import Action
from catchments.lookup.snapshot import Published
from catchments.store.drafts.repository import OPEN, Stale, checked_key
from catchments.web.accounts.access import me, requires
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.kinds import BY_NAME
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftRead, DraftState, back_to, desk
from catchments.web.staff.pages.impact import impact_panel
from catchments.web.staff.pages.reviewing import review_of

LONGEST_COMMENT = 2_000
STALE = 412


# --- all drafts -----------------------------------------------------------------------------------


@blueprint.get("/drafts")
@requires(Action.READ)
def drafts() -> Response:
    """List the drafts: those that something may still become of first."""
    found = desk().drafts()
    return staff_page(
        "staff/drafts.html",
        gettext("Drafts"),
        open=[draft for draft in found if draft.state in OPEN],
        closed=[draft for draft in found if draft.state not in OPEN],
        names=desk().names(),
        titles={e.number: e.title for e in service().store.editions()},
        may_begin=me().may(Action.EDIT),
    )


@blueprint.get("/drafts/new")
@requires(Action.EDIT)
def draft_new() -> Response:
    """Ask for the title, reason and base of a new draft."""
    return _new_page(FormReader(request.args), ())


@blueprint.post("/drafts/new")
@requires(Action.EDIT)
def begin() -> AnyResponse:
    """Begin a draft."""
    typed, world = FormReader(request.form), service().snapshots.current()
    bases = {str(summary.number) for summary in bases_of(world)}
    title = typed.line("title", gettext("a title"))
    reason = typed.paragraph("reason", gettext("why this is to change"), at_most=LONGEST_COMMENT)
    base = typed.one_of("base", bases, gettext("the edition to begin from"))
    try:
        typed.check()
    except FormRefused as refused:
        return _new_page(typed, refused.wrongs)
    key = checked_key(request.form.get("once", ""))
    number = desk().begin(
        title=title, reason=reason, base_number=int(base), by=me(), idempotency_key=key
    )
    return redirect(url_for("staff.draft", draft=number, saved="new.title,new.reason"), 303)


def bases_of(world: Published) -> list[EditionSummary]:
    """Return the editions that a draft may begin from: in force, then scheduled."""
    in_force = world.timeline.edition_on(world.today)
    return [*([in_force] if in_force else []), *world.timeline.scheduled_after(world.today)]


def _new_page(typed: FormReader, wrongs: tuple[FieldError, ...]) -> Response:
    bases, title = bases_of(service().snapshots.current()), gettext("Begin a draft")
    return staff_page("staff/draft_new.html", title, typed=typed, wrongs=wrongs, bases=bases)


# --- one draft ------------------------------------------------------------------------------------


@blueprint.get("/drafts/<int:draft>")
@requires(Action.READ)
def draft(draft: int) -> Response:
    """Show a draft with its changes, what they come to, and what may be done next."""
    return _draft_page(draft, MultiDict(), ())


@blueprint.post("/drafts/<int:draft>/undo")
@requires(Action.EDIT)
def undo(draft: int) -> AnyResponse:
    """Undo the last change that holds."""
    desk().undo(draft, seen=draft_view.seen_given())
    return back_to(draft, gettext("The last change is undone."))


@blueprint.post("/drafts/<int:draft>/redo")
@requires(Action.EDIT)
def redo(draft: int) -> AnyResponse:
    """Do the change again that was undone."""
    desk().redo(draft, seen=draft_view.seen_given())
    return back_to(draft, gettext("The change is done again."))


@blueprint.post("/drafts/<int:draft>/take-over")
@requires(Action.EDIT)
def take_over(draft: int) -> AnyResponse:
    """Make whoever asks the one who works on a draft."""
    desk().take_over(draft, seen=draft_view.seen_given())
    return back_to(draft, gettext("You work on this draft now."))


@blueprint.post("/drafts/<int:draft>/describe")
@requires(Action.EDIT)
def describe(draft: int) -> AnyResponse:
    """Give a draft another title and reason."""
    seen, typed = draft_view.seen_given(), FormReader(request.form)
    title = typed.line("title", gettext("a title"))
    reason = typed.paragraph("reason", gettext("why this is to change"), at_most=LONGEST_COMMENT)
    try:
        typed.check()
        desk().describe(draft, title=title, reason=reason, seen=seen)
    except FormRefused as refused:
        return _draft_page(draft, request.form, refused.wrongs)
    except Stale:
        meanwhile = draft_view.done_since(draft, seen.version)
        return _draft_page(draft, request.form, (), stale=True, meanwhile=meanwhile)
    saved = f"{draft}.title,{draft}.reason"
    return back_to(draft, gettext("The title and the reason are saved."), saved)


@blueprint.post("/drafts/<int:draft>/comment")
@requires(Action.EDIT, Action.REVIEW)
def comment(draft: int) -> AnyResponse:
    """Say something about a draft."""
    typed = FormReader(request.form)
    said = typed.paragraph("text", gettext("a comment"), at_most=LONGEST_COMMENT)
    try:
        typed.check()
    except FormRefused as refused:
        return _draft_page(draft, request.form, refused.wrongs)
    desk().comment(draft, said, by=me(), idempotency_key=checked_key(request.form.get("once", "")))
    return back_to(draft, gettext("Your comment is added."), f"{draft}.comment")


def _draft_page(
    draft: int, typed: Mapping[str, str], wrongs: tuple[FieldError, ...], **more: Any
) -> Response:
    found, person = draft_view.read(draft), me()
    head = found.draft
    made, problem = _made(found)
    steps = desk().steps(draft)
    page = staff_page(
        "staff/draft.html",
        head.title,
        draft=head,
        working=made,
        problem=problem,
        me=person,
        names=desk().names(),
        steps=steps,
        comments=desk().comments(draft),
        base=next((e for e in service().store.editions() if e.number == head.base_number), None),
        kinds=BY_NAME.values(),
        may_edit=person.may(Action.EDIT) and head.state == "editing",
        may_comment=person.may(Action.EDIT) or person.may(Action.REVIEW),
        can_undo=any(not step.undone for step in steps),
        can_redo=any(step.undone for step in steps),
        review=review_of(head, service().snapshots.current()),
        typed=typed,
        wrongs=wrongs,
        **{**impact_panel(made), **more},
    )
    if more.get("stale"):
        page.status_code = STALE
    return page


def _made(found: DraftRead) -> tuple[DraftState | None, CatchmentsError | None]:
    """Return what a draft comes to, or why it comes to nothing any more."""
    try:
        return draft_view.working_on(found), None
    except (ChangeDoesNotFit, NotKnown) as error:
        return None, error
