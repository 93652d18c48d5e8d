"""Checking a request and sending it: to whom, what the guide says, whether it is there already."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotKnown, Stale
from catchments.core.roles import Action
from catchments.requests.lookup import LookupAway
from catchments.requests.rules.served import Served
from catchments.requests.store.cases import Sending
from catchments.requests.store.organisations import Organisation
from catchments.requests.store.writing import Seen, WrittenRequest
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.form import Checked, checked, labels
from catchments.requests.web.frame import show, whole
from catchments.requests.web.portal import portal, viewer
from catchments.requests.web.writing import school_of, show_errors
from catchments.web.accounts.access import going_to, me, requires
from catchments.web.accounts.pages import REFUSED, path_of

CONFLICT, AWAY = 409, 503
OWN_TEAM = "own team"


@blueprint.get("/writing/<int:number>/check")
@requires(Action.READ)
def check(number: int) -> Response:
    """Show a request as it will be sent, and to whom; or what is still missing."""
    return _as_it_is(number)


@blueprint.post("/writing/<int:number>/send")
@requires(Action.READ)
def send(number: int) -> AnyResponse:
    """Send a request to whoever serves its school now, if that is who its page named."""
    before = portal().cases.sent_with(me(), request.form.get("once", ""))
    return going_to(path_of(".sent", reference=before)) if before else _send(number)


def _send(number: int) -> AnyResponse:
    written = portal().written.one(me(), number, once=request.form.get("once", ""))
    found = checked(written.fields, written.organisation)
    if found.errors or found.request is None:
        return show_errors(written, found.errors)
    try:
        served = _served(school_of(written))
    except (LookupAway, NotKnown) as error:
        return _check_page(written, found, trouble=error, status=AWAY)
    if (before := request.form.get("provider", "")) != served.provider_code:
        said = _another(request.form.get("provider_name", ""), before, served)
        return _check_page(written, found, served=served, changed=said, status=CONFLICT)
    to_own_team = request.form.get("to", "") == OWN_TEAM
    sending = Sending(
        written.once,
        written.organisation,
        found.request,
        served,
        found.contact,
        to_own_team,
        _seen(),
    )
    try:
        reference = portal().cases.submit(me(), sending)
    except InputRefused as refused:
        said = str(refused)
        return _check_page(written, found, served=served, changed=said, status=REFUSED)
    except Stale as stale:
        return _as_it_is(number, changed=str(stale), status=CONFLICT)
    return going_to(path_of(".sent", reference=reference))


@blueprint.get("/sent/<reference>")
@requires(Action.READ)
def sent(reference: str) -> Response:
    """Show that a request was sent: its reference, to whom, and what happens next."""
    receipt = portal().cases.receipt(me(), reference)
    organisations = portal().organisations.some({receipt.school_id})
    return show(
        "sent.html",
        "Your request is sent",
        receipt=receipt,
        school=organisations[receipt.school_id],
        holder="your school’s own team" if receipt.in_school else receipt.provider_name,
        names=portal().organisations.names({receipt.primary_contact_id}),
        demonstration=receipt.demonstration,
    )


def _seen() -> Seen:
    """Return what the page showed from which a request is sent."""
    files = request.form.get("files", "").split()
    return Seen(request.form.get("version", 0, whole), tuple(files))


def _as_it_is(number: int, **how: Any) -> Response:
    written = portal().written.one(me(), number)
    found = checked(written.fields, written.organisation)
    if found.errors or found.request is None:
        return show_errors(written, found.errors)
    return _check_page(written, found, **how)


def _another(name: str, before: str, served: Served) -> str:
    was = name[:200] or before or "nobody"
    now = served.provider_name or "nobody who is known"
    return (
        f"Who serves your school has changed since the page was made: it was {was}, and is {now} "
        "now. Nothing was sent. Look at it again, and send it if that is right."
    )


def _served(school: Organisation) -> Served:
    return portal().lookup.served(school.school_id, portal().today())


def _check_page(
    written: WrittenRequest,
    found: Checked,
    *,
    served: Served | None = None,
    trouble: Exception | None = None,
    changed: str = "",
    status: int = 200,
) -> Response:
    school = school_of(written)
    if served is None and trouble is None:
        try:
            served = _served(school)
        except (LookupAway, NotKnown) as error:
            trouble = error
    said = found.request
    assert said is not None  # noqa: S101 - whoever calls has looked
    context: dict[str, Any] = {
        "school": school,
        "written": written,
        "said": said,
        "answers": labels(found.guide, said.criteria) if found.guide else [],
        "advised": found.advised,
        "guide": found.guide,
        "same": portal().cases.same_student(viewer(), said),
        "served": served,
        "trouble": trouble,
        "changed": changed,
        "own_team": OWN_TEAM,
        "wants_own_team": written.fields.get("to_own_team") or request.form.get("to") == OWN_TEAM,
        "names": portal().organisations.names({found.contact}),
        "contact": found.contact,
        "demonstration": served is not None and served.demonstration,
    }
    return show("check.html", "Check your request", status=status, **context)
