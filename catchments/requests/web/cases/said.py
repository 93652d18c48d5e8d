"""What is said in a case, and its files: internal until it is shared."""

from __future__ import annotations

from datetime import date

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused
from catchments.core.roles import Action
from catchments.requests.store.notes import NoteKind
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.cases.page import done
from catchments.requests.web.files import LONGEST_UPLOAD, download, file_sent, once_of
from catchments.requests.web.portal import portal
from catchments.web.accounts.access import me, requires

SHARED = "shared"
LONGEST_NOTE = 64 * 1024
LONGEST_BESIDE = 128 * 1024
"""Bytes of that form that are no file: more than are read at a time."""


@blueprint.post("/cases/<reference>/notes")
@requires(Action.READ, at_most=LONGEST_NOTE)
def add_note(reference: str) -> AnyResponse:
    """Write something in a case."""
    form = request.form

    def write() -> None:
        kind = _kind(form.get("kind", NoteKind.COMMENT))
        portal().notes.add(
            me(),
            reference,
            form.get("text", ""),
            once=once_of("once"),
            shared=form.get("for") == SHARED,
            kind=kind,
            due_on=_due_on(kind),
        )

    return done(reference, "Written.", write, "#said")


@blueprint.post("/cases/<reference>/notes/<int:number>/share")
@requires(Action.READ)
def share_note(reference: str, number: int) -> AnyResponse:
    """Share a note with the other side."""
    share = portal().notes.share
    return done(reference, "Shared.", lambda: share(me(), reference, number), "#said")


@blueprint.post("/cases/<reference>/notes/<int:number>/done")
@requires(Action.READ)
def finish_task(reference: str, number: int) -> AnyResponse:
    """Note that a task is done."""
    finish = portal().notes.finish
    return done(reference, "The task is done.", lambda: finish(me(), reference, number), "#said")


@blueprint.post("/cases/<reference>/files")
@requires(Action.READ, at_most=LONGEST_BESIDE, files_at_most=LONGEST_UPLOAD)
def add_file(reference: str) -> AnyResponse:
    """Add a file to a case."""

    def attach() -> None:
        given = file_sent()
        if given is None:
            raise InputRefused("No file is chosen.", field="file")
        shared = request.form.get("for") == SHARED
        portal().notes.attach(me(), reference, *given, once=once_of("once"), shared=shared)

    return done(reference, "The file is added.", attach, "#files")


@blueprint.get("/cases/<reference>/files/<int:number>")
@requires(Action.READ)
def file(reference: str, number: int) -> Response:
    """Give a file, as a download and never as a page."""
    about, content = portal().notes.content(me(), reference, number)
    return download(about.name, about.media_type, content)


@blueprint.post("/cases/<reference>/files/<int:number>/share")
@requires(Action.READ)
def share_file(reference: str, number: int) -> AnyResponse:
    """Share a file with the other side."""
    share = portal().notes.share_file
    return done(reference, "Shared.", lambda: share(me(), reference, number), "#files")


def _kind(word: str) -> NoteKind:
    if word not in set(NoteKind):
        raise InputRefused("It is not said what it is.", field="kind")
    return NoteKind(word)


def _due_on(kind: NoteKind) -> date | None:
    given = request.form.get("due_on", "").strip()
    if kind is NoteKind.COMMENT:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise InputRefused(
            "A task or an event needs its day.", field="due_on", allowed="Day, month and year."
        ) from None
