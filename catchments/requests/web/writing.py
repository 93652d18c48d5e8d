"""Writing a request: begun with its first words, kept as one goes, checked at the end."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, jsonify, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, InputRefused, NotKnown, Stale
from catchments.core.roles import Action
from catchments.requests.rules.roles import SENDERS, OrganisationKind
from catchments.requests.store.organisations import Organisation
from catchments.requests.store.writing import WrittenRequest
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.files import (
    FILE,
    LONGEST_UPLOAD,
    ONCE,
    download,
    file_sent,
    once_of,
)
from catchments.requests.web.form import LONGEST_FORM, form_page, typed
from catchments.requests.web.frame import STALE, is_whole, schools_of_mine, show, whole
from catchments.requests.web.portal import portal, viewer
from catchments.web.accounts.access import going_to, me, requires, said_at
from catchments.web.accounts.pages import REFUSED, path_of

CHECK, AUTOSAVE, ADD_FILE, TAKE_OUT = "check", "autosave", "add-file", "take-out-"
"""What a form of a request is sent for, beside to be kept; a file's number follows the last."""
KEPT = "Kept. It stays for 14 days after you last change it, and nobody else sees it."
CHOOSE_AGAIN = "The file was not added: choose it again."


@blueprint.get("/new")
@requires(Action.READ)
def new() -> AnyResponse:
    """Show an empty form for a school, or ask for which; nothing is kept before it is sent."""
    given, schools = request.args.get("school", ""), schools_of_mine()
    if not given and len(schools) == 1:
        return going_to(path_of(".new", school=schools[0].key))
    if not given:
        return show("which_school.html", "For which school?", schools=schools)
    return form_page(_school(given), {})


@blueprint.post("/new")
@requires(Action.READ, at_most=LONGEST_FORM, files_at_most=LONGEST_UPLOAD)
def begin() -> AnyResponse:
    """Begin a request with what was typed, and with the file that was chosen."""
    school, once = _school(request.form.get("school", "")), once_of("once")
    fields = typed()
    try:
        number = portal().written.begin(me(), school.id, fields, once=once)
    except (InputRefused, Stale) as refused:
        return _not_begun(school, fields, refused, once)
    return _with_its_files(number, fields, [])


@blueprint.get("/writing/<int:number>")
@requires(Action.READ)
def writing(number: int) -> Response:
    """Show the form of a request that is being written."""
    written = portal().written.one(me(), number)
    return form_page(school_of(written), written.fields, written=written)


@blueprint.post("/writing/<int:number>")
@requires(Action.READ, at_most=LONGEST_FORM, files_at_most=LONGEST_UPLOAD)
def keep(number: int) -> AnyResponse:
    """Keep what was typed, with the file that was chosen, and go on."""
    fields, version = typed(), request.form.get("version", 0, whole)
    refusals: list[CatchmentsError] = []
    once = request.form.get("once", "")
    try:
        portal().written.keep(me(), number, fields, version=version, once=once)
    except NotKnown:
        gone = Stale(
            "This request was sent or thrown away in another window, or was not changed for 14 "
            "days.",
            next_step="What stands below is not kept. Keep it, and it begins another request.",
        )
        return _not_begun(_school(request.form.get("school", "")), fields, gone, "")
    except (Stale, InputRefused) as refused:
        refusals.append(refused)
    return _with_its_files(number, fields, refusals)


@blueprint.get("/writing/<int:number>/files/<int:file>")
@requires(Action.READ)
def draft_file(number: int, file: int) -> Response:
    """Give a file of a request that is being written, as a download."""
    about, content = portal().written.content(me(), number, file)
    return download(about.name, about.media_type, content)


@blueprint.post("/writing/<int:number>/throw-away")
@requires(Action.READ)
def throw_away(number: int) -> AnyResponse:
    """Remove a request that is being written."""
    portal().written.throw_away(me(), number, once=request.form.get("once", ""))
    return said_at(path_of(".home"), "The request was thrown away. Nothing of it is kept.")


def show_errors(written: WrittenRequest, errors: Mapping[str, str]) -> Response:
    """Return the form with all that is still missing or wrong."""
    school, fields = school_of(written), written.fields
    return form_page(school, fields, written=written, errors=errors, status=REFUSED)


def _with_its_files(
    number: int, fields: Mapping[str, str], refusals: list[CatchmentsError]
) -> AnyResponse:
    """Add the file that was chosen, take out one that is to go, and go on or say what is wrong.

    What was typed and what was chosen do not wait for each other: a browser does not send a file
    again of itself.
    """
    said = KEPT
    if request.form.get("do") != AUTOSAVE:
        try:
            said = _files_done(number) or KEPT
        except InputRefused as refused:
            refusals = [*refusals, refused]
    if refusals:
        return _not_kept(number, fields, refusals)
    return _gone_on(portal().written.one(me(), number), said)


def _files_done(number: int) -> str:
    """Do with files what a form says; return what was done. Raises InputRefused."""
    do, given = request.form.get("do", ""), file_sent()
    if given is not None:
        portal().written.attach(me(), number, *given, form=once_of(ONCE))
    if is_whole(file := do.removeprefix(TAKE_OUT)):
        portal().written.take_out(me(), number, int(file))
        return "The file is taken out of the request."
    if do == ADD_FILE and given is None:
        raise InputRefused("No file is chosen.", field=FILE)
    return "The file is added, and what you typed is kept." if do == ADD_FILE else ""


def _gone_on(written: WrittenRequest, said: str) -> AnyResponse:
    what = request.form.get("do", "")
    if what == AUTOSAVE:
        where = url_for(".writing", number=written.id)
        return jsonify(version=written.version, action=where)
    if what == CHECK:
        return going_to(path_of(".check", number=written.id))
    page = path_of(".writing", number=written.id)
    return said_at(page if said == KEPT else f"{page}#files", said)


def _not_begun(
    school: Organisation, fields: Mapping[str, str], refused: CatchmentsError, once: str
) -> AnyResponse:
    """Return the form with why nothing was begun; one that was sent before is a new one now."""
    if request.form.get("do") == AUTOSAVE:
        return _said_to_script(refused)
    errors = _errors([refused])
    if request.files.get(FILE):
        errors[FILE] = CHOOSE_AGAIN
    once = "" if isinstance(refused, Stale) else once
    return form_page(school, fields, once=once, errors=errors, status=_status(refused))


def _not_kept(
    number: int, fields: Mapping[str, str], refusals: list[CatchmentsError]
) -> AnyResponse:
    if request.form.get("do") == AUTOSAVE:
        return _said_to_script(refusals[0])
    written, errors = portal().written.one(me(), number), _errors(refusals)
    status = _status(refusals[0])
    return form_page(school_of(written), fields, written=written, errors=errors, status=status)


def _errors(refusals: list[CatchmentsError]) -> dict[str, str]:
    return {getattr(each, "field", "") or "main": str(each) for each in refusals}


def _status(refused: CatchmentsError) -> int:
    return STALE if isinstance(refused, Stale) else REFUSED


def _said_to_script(refused: CatchmentsError) -> AnyResponse:
    response = jsonify(problem=str(refused))
    response.status_code = _status(refused)
    return response


def school_of(written: WrittenRequest) -> Organisation:
    """Return the school that a request is written for."""
    return portal().organisations.one(written.organisation)


def _school(number: str) -> Organisation:
    """Return a school that whoever is signed in may ask for. Raises NotKnown."""
    found = portal().organisations.named(OrganisationKind.SCHOOL, number.strip()[:20])
    if found is None or not viewer().is_in(found.id, *SENDERS):
        raise NotKnown(
            "There is no such school for which you may ask for support.",
            next_step="Ask your school's delegated authoriser for a role.",
        )
    return found
