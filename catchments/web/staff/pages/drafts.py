"""The list of drafts, and one draft: its changes, its comments, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, ChangeDoesNotFit, NotKnown, Stale
from catchments.core.model import EditionSummary
from catchments.core.roles import Action
from catchments.editions.open_cases import open_cases
from catchments.lookup.snapshot import Published
from catchments.lookup.values import whole_number
from catchments.store.drafts.comments import Comment
from catchments.store.drafts.records import EDITABLE, OPEN, SENT_BACK, Draft
from catchments.store.drafts.repository import checked_key
from catchments.web.accounts.access import me, requires
from catchments.web.common.problems import answer_of, wants_page, written
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint, staff_page
from catchments.web.staff.forms.fields import FieldError, FormReader, FormRefused
from catchments.web.staff.forms.kinds import BY_NAME
from catchments.web.staff.pages import draft_view
from catchments.web.staff.pages.draft_view import DraftRead, DraftState, back_to, desk
from catchments.web.staff.pages.impact import impact_panel
from catchments.web.staff.pages.reviewing import review_of
from catchments.web.staff.scenarios.remarks import about_given
from catchments.web.staff.scenarios.undoing import (
    next_to_redo,
    next_to_undo,
    position_given,
    sentences_after,
)

LONGEST_COMMENT = 2_000
STALE, CLASH = 412, 409


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
    typed = FormReader(request.form)
    try:
        number = begun(typed)
    except FormRefused as refused:
        return _new_page(typed, refused.wrongs)
    return redirect(url_for("staff.draft", draft=number, saved="new.title,new.reason"), 303)


def begun(typed: FormReader) -> int:
    """Begin the draft that a form asks for, once, and return its number. Raises FormRefused."""
    bases = {str(each.number) for each in bases_of(service().snapshots.current())}
    title = typed.line("title", gettext("a title"))
    reason = typed.paragraph("reason", gettext("why this is to change"), at_most=LONGEST_COMMENT)
    base = typed.one_of("base", bases, gettext("the edition to begin from"))
    typed.check()
    key = checked_key(typed.text("once"))
    return desk().begin(
        title=title, reason=reason, base_number=int(base), by=me(), idempotency_key=key
    )


def bases_of(world: Published) -> list[EditionSummary]:
    """Return the editions that a draft may begin from: in force, then scheduled."""
    in_force = world.timeline.edition_on(world.today)
    return [*([in_force] if in_force else []), *world.timeline.scheduled_after(world.today)]


def _new_page(typed: FormReader, wrongs: tuple[FieldError, ...]) -> Response:
    bases, title = bases_of(service().snapshots.current()), gettext("Begin a draft")
    return staff_page("staff/draft_new.html", title, typed=typed, wrongs=wrongs, bases=bases)


@blueprint.errorhandler(Stale)
def changed_meanwhile(error: Stale) -> Response:
    """Say who did what since a page of a draft was read; what was written stands there to copy."""
    draft, seen = (request.view_args or {}).get("draft"), request.form.get("version", "")
    version = whole_number(seen)
    if draft is None or version is None or not wants_page():
        return answer_of(error)
    return staff_page(
        "staff/problem.html",
        gettext("The draft has been changed meanwhile"),
        detail=gettext(
            "Nothing of yours was done: draft %(n)s is not as this page showed it.", n=draft
        ),
        meanwhile=draft_view.done_since(draft, version),
        next_step=error.next_step,
        draft_page=url_for("staff.draft", draft=draft),
        written=written(),
        error=True,
        status=STALE,
    )


# --- one draft ------------------------------------------------------------------------------------


@blueprint.get("/drafts/<int:draft>")
@requires(Action.READ)
def draft(draft: int) -> Response:
    """Show a draft with its changes, what they come to, and what may be done next."""
    return _draft_page(draft, MultiDict(), ())


@blueprint.post("/drafts/<int:draft>/undo")
@requires(Action.EDIT)
def undo(draft: int) -> AnyResponse:
    """Undo a change, or the last that holds, where the later ones still fit."""
    return _turned(draft, desk().undo, gettext("The change is undone."), undone=False)


@blueprint.post("/drafts/<int:draft>/redo")
@requires(Action.EDIT)
def redo(draft: int) -> AnyResponse:
    """Do a change again, or the one that was undone last, where the later ones still fit."""
    return _turned(draft, desk().redo, gettext("The change is done again."), undone=True)


def _turned(draft: int, turn: Callable[..., None], said: str, *, undone: bool) -> AnyResponse:
    seen, found = draft_view.seen_given(), draft_view.read(draft)
    steps = desk().steps(draft)
    position, anew = position_given(steps, undone=undone), {}
    is_asked = found.draft.version == seen.version and found.draft.state in EDITABLE
    if is_asked and position is not None and "position" in request.form:
        try:
            anew = sentences_after(found, steps, position)
        except ChangeDoesNotFit as clash:
            return _draft_page(draft, MultiDict(), (), clash=clash, status=CLASH)
    turn(draft, position, seen=seen, sentences=anew)
    return back_to(draft, said)


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
        return _draft_page(draft, request.form, (), stale=True, meanwhile=meanwhile, status=STALE)
    saved = f"{draft}.title,{draft}.reason"
    return back_to(draft, gettext("The title and the reason are saved."), saved)


@blueprint.post("/drafts/<int:draft>/comment")
@requires(Action.EDIT, Action.REVIEW)
def comment(draft: int) -> AnyResponse:
    """Say something about a draft."""
    typed, found = FormReader(request.form), draft_view.read(draft)
    said = typed.paragraph("text", gettext("a comment"), at_most=LONGEST_COMMENT)
    made, _ = _made(found)
    world = service().snapshots.current()
    about = about_given(typed, desk().steps(draft), made.content if made else None, world)
    try:
        typed.check()
    except FormRefused as refused:
        return _draft_page(draft, request.form, refused.wrongs)
    once = checked_key(request.form.get("once", ""))
    desk().comment(draft, said, by=me(), about=about, idempotency_key=once)
    return back_to(draft, gettext("Your comment is added."), f"{draft}.comment")


def _draft_page(
    draft: int, typed: Mapping[str, str], wrongs: tuple[FieldError, ...], **more: Any
) -> Response:
    found, person = draft_view.read(draft), me()
    head = found.draft
    made, problem = _made(found)
    shown = impact_panel(made)
    moved = shown["impact"].impact.moved if shown["impact"] else ()
    steps, comments = desk().steps(draft), desk().comments(draft)
    return staff_page(
        "staff/draft.html",
        head.title,
        draft=head,
        working=made,
        problem=problem,
        me=person,
        names=desk().names(),
        steps=steps,
        comments=comments,
        sent_back=_sent_back(head, comments),
        others=[each for each in desk().drafts() if each.id != draft and each.state in OPEN],
        base=next((e for e in service().store.editions() if e.number == head.base_number), None),
        kinds=BY_NAME.values(),
        may_edit=person.may(Action.EDIT) and head.state in EDITABLE,
        may_copy=person.may(Action.EDIT),
        may_comment=person.may(Action.EDIT) or person.may(Action.REVIEW),
        change_options=[(f"change {s.position}", s.sentence or s.kind) for s in steps],
        undo_next=next_to_undo(steps),
        redo_next=next_to_redo(steps),
        review=review_of(head, service().snapshots.current()),
        typed=typed,
        wrongs=wrongs,
        **{**shown, **more},
        open_cases=open_cases(service().settings, moved) if head.state in OPEN else None,
    )


def _sent_back(head: Draft, comments: Sequence[Comment]) -> Comment | None:
    """Return why a draft was sent back last, while it is still to be worked on for that."""
    if head.state != SENT_BACK:
        return None
    return next((each for each in reversed(comments) if each.kind == SENT_BACK), None)


def _made(found: DraftRead) -> tuple[DraftState | None, CatchmentsError | None]:
    """Return what a draft comes to, or why it comes to nothing any more."""
    try:
        return draft_view.working_on(found), None
    except (ChangeDoesNotFit, NotKnown) as error:
        return None, error
