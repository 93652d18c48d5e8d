"""The people of an organisation, for its delegated authoriser; and who looked at its cases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotAllowed, NotKnown
from catchments.core.roles import Action
from catchments.requests.rules.roles import ROLES_OF, CaseRole
from catchments.requests.web.blueprint import blueprint
from catchments.requests.web.frame import show, whole
from catchments.requests.web.portal import portal
from catchments.web.accounts.access import confirmed, me, requires, said_at
from catchments.web.accounts.pages import REFUSED, path_of

ACTIONS = {
    "case.look": "looked at it",
    "cases.list": "looked at a list of cases",
    "case.submitted": "sent it",
    "case.comment": "wrote a comment",
    "case.task": "wrote a task",
    "case.event": "wrote an event",
    "case.file": "added or shared a file",
    "case.file-taken": "took a file",
    "case.task-done": "finished a task",
    "case.assign": "gave it to somebody",
    "case.begin": "began with it",
    "case.pause": "paused it",
    "case.resume": "went on with it",
    "case.close": "closed it",
    "case.send back for more": "sent it back for more",
    "case.send again": "sent it again",
    "case.decline": "declined it",
    "case.open again": "opened it again",
    "case.handed over": "handed it over",
    "case.stays until it is closed": "had it stay until it is closed",
    "case.student left the school": "noted that the student has left",
    "case.another Primary Contact": "named another Primary Contact",
    "case.purge": "removed it: its time was over",
    "handover.note": "wrote a handover note",
    "handover.stay": "agreed that it stays",
}
"""What the trail calls what people do with cases, in words."""


@blueprint.get("/organisations/<int:organisation>/people")
@requires(Action.READ)
def people(organisation: int) -> Response:
    """List the people of an organisation, with what may be done."""
    return _page(organisation)


@blueprint.post("/organisations/<int:organisation>/people")
@requires(Action.READ)
@confirmed
def invite(organisation: int) -> AnyResponse:
    """Give somebody an account and roles, and show its first password, once."""
    form = request.form
    try:
        who, first = portal().invitations.invite(
            me(),
            organisation,
            name=form.get("name", ""),
            email=form.get("email", ""),
            roles=_roles(),
        )
    except (InputRefused, NotAllowed) as refused:
        field = getattr(refused, "field", "")
        field = "email" if field == "login" else field or "roles"
        return _page(organisation, {field: str(refused)}, status=REFUSED)
    if not first:
        said = f"{who.name} has an account already, and has the roles here now."
        return _back(organisation, said)
    return _page(organisation, first=first, first_of=who.login)


@blueprint.post("/organisations/<int:organisation>/people/<int:number>/roles")
@requires(Action.READ)
@confirmed
def roles(organisation: int, number: int) -> AnyResponse:
    """Give somebody exactly the roles that are ticked, here."""
    into = portal().invitations.organisation(me(), organisation)
    if not _login(organisation, number):
        raise NotKnown(f"There is no such person in {into.name}.", next_step="Invite them.")
    try:
        portal().organisations.set_roles(number, organisation, _roles(), by=me())
    except (InputRefused, NotAllowed) as refused:
        return _page(organisation, {f"roles-{number}": str(refused)}, status=REFUSED)
    return _back(organisation, "The roles are changed.")


@blueprint.post("/organisations/<int:organisation>/people/<int:number>/<act>")
@requires(Action.READ)
@confirmed
def account(organisation: int, number: int, act: str) -> AnyResponse:
    """Close an account, open it again, or give it another first password."""
    invitations = portal().invitations
    try:
        if act == "password":
            first = invitations.new_password(me(), organisation, number)
            return _page(organisation, first=first, first_of=_login(organisation, number))
        if act == "disable":
            invitations.disable(me(), organisation, number)
        elif act == "enable":
            invitations.enable(me(), organisation, number)
        else:
            raise InputRefused("There is nothing like that to be done.")
    except (InputRefused, NotAllowed) as refused:
        return _page(organisation, {f"account-{number}": str(refused)}, status=REFUSED)
    said = "The account is closed." if act == "disable" else "The account is open."
    return _back(organisation, said)


@blueprint.get("/organisations/<int:organisation>/looks")
@requires(Action.READ)
def looks(organisation: int) -> Response:
    """List who did what with an organisation's cases, the latest first."""
    before = request.args.get("before", type=whole)
    found = portal().looks.of(me(), organisation, before=before)
    about = portal().invitations.organisation(me(), organisation)
    looked = [(each, datetime.fromisoformat(each.at), _said(each.action)) for each in found]
    return show("looks.html", "Who looked at cases", organisation=about, looks=looked)


def _said(action: str) -> str:
    """Return what somebody did, in words."""
    return ACTIONS.get(action) or action.partition(".")[2].replace("-", " ")


def _login(organisation: int, number: int) -> str:
    members = portal().organisations.members(organisation)
    return next((e.person.login for e in members if e.person.id == number), "")


def _roles() -> list[CaseRole]:
    ticked = request.form.getlist("roles")
    return [role for role in CaseRole if role in ticked]


def _back(organisation: int, said: str) -> AnyResponse:
    return said_at(path_of(".people", organisation=organisation), said)


def _page(
    number: int,
    errors: Mapping[str, str] | None = None,
    *,
    first: str = "",
    first_of: str = "",
    status: int = 200,
) -> Response:
    organisation = portal().invitations.organisation(me(), number)
    members = portal().organisations.members(number)
    elsewhere = portal().invitations.is_elsewhere
    return show(
        "people.html",
        f"People of {organisation.name}",
        status=status,
        organisation=organisation,
        members=members,
        elsewhere={e.person.id for e in members if elsewhere(e.person.id, number)},
        roles=[role for role in CaseRole if role in ROLES_OF[organisation.kind]],
        errors=errors,
        given=request.form,
        ticked=_roles(),
        first=first,
        first_of=first_of,
        my_id=me().id,
    )
