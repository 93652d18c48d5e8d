"""Writing a request: begun with its first words, kept as one goes, checked at the end."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, flash, jsonify, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, InputRefused, NotKnown, Stale
from catchments.core.roles import Action
from catchments.requests.rules.roles import SENDERS, OrganisationKind
from catchments.requests.store.organisations import Organisation
from catchments.requests.store.writing import WrittenRequest
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.form import LONGEST_FORM, form_page, typed
from catchments.requests.web.frame import STALE, schools_of_mine, show, whole
from catchments.requests.web.portal import portal, viewer
from catchments.web.accounts.access import going_to, me, requires
from catchments.web.accounts.pages import REFUSED, path_of

CHECK, AUTOSAVE = "check", "autosave"
"""What a form of a request is sent for, beside to be kept."""
_LONGEST_ONCE = 64


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
@requires(Action.READ, at_most=LONGEST_FORM)
def begin() -> AnyResponse:
    """Begin a request with what was typed."""
    school, once = _school(request.form.get("school", "")), request.form.get("once", "")
    if not 16 <= len(once) <= _LONGEST_ONCE:
        raise InputRefused("The form was not written by this service.", next_step="Begin again.")
    fields = typed()
    try:
        number = portal().written.begin(me(), school.id, fields, once=once)
    except InputRefused as refused:
        errors = {refused.field or "main": str(refused)}
        return form_page(school, fields, once=once, errors=errors, status=REFUSED)
    return _gone_on(portal().written.one(me(), number))


@blueprint.get("/writing/<int:number>")
@requires(Action.READ)
def writing(number: int) -> Response:
    """Show the form of a request that is being written."""
    written = portal().written.one(me(), number)
    return form_page(_of(written), written.fields, written=written)


@blueprint.post("/writing/<int:number>")
@requires(Action.READ, at_most=LONGEST_FORM)
def keep(number: int) -> AnyResponse:
    """Keep what was typed, and go on."""
    fields, version = typed(), request.form.get("version", 0, whole)
    try:
        portal().written.keep(me(), number, fields, version=version)
    except (Stale, InputRefused) as refused:
        return _not_kept(number, fields, refused)
    return _gone_on(portal().written.one(me(), number))


@blueprint.post("/writing/<int:number>/throw-away")
@requires(Action.READ)
def throw_away(number: int) -> AnyResponse:
    """Remove a request that is being written."""
    portal().written.throw_away(me(), number)
    flash("The request was thrown away. Nothing of it is kept.")
    return going_to(path_of(".home"))


def show_errors(written: WrittenRequest, errors: Mapping[str, str]) -> Response:
    """Return the form with all that is still missing or wrong."""
    return form_page(_of(written), written.fields, written=written, errors=errors, status=REFUSED)


def _gone_on(written: WrittenRequest) -> AnyResponse:
    what = request.form.get("do", "")
    if what == AUTOSAVE:
        where = url_for(".writing", number=written.id)
        return jsonify(version=written.version, action=where)
    if what == CHECK:
        return going_to(path_of(".check", number=written.id))
    flash("Kept. It stays for 14 days after you last change it, and nobody else sees it.")
    return going_to(path_of(".writing", number=written.id))


def _not_kept(number: int, fields: Mapping[str, str], refused: CatchmentsError) -> AnyResponse:
    status = STALE if isinstance(refused, Stale) else REFUSED
    if request.form.get("do") == AUTOSAVE:
        response = jsonify(problem=str(refused))
        response.status_code = status
        return response
    written = portal().written.one(me(), number)
    errors = {getattr(refused, "field", "") or "main": str(refused)}
    return form_page(_of(written), fields, written=written, errors=errors, status=status)


def _of(written: WrittenRequest) -> Organisation:
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
