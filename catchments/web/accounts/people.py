"""Accounts and roles, for administrators."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from flask import Response, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused, NotKnown
from catchments.core.roles import MAY, Action, Person, Role
from catchments.store.accounts.letters import Letter, Letters
from catchments.store.accounts.people import People
from catchments.web.accounts.access import blueprint, confirmed, me, requires, said_at
from catchments.web.accounts.pages import page, path_of
from catchments.web.accounts.room import room

LETTERS = {
    Letter.LOCK: _l("locked for a while"),
    Letter.PASSWORD: _l("new password"),
    Letter.DEVICE: _l("new browser"),
    Letter.FACTOR_ADDED: _l("second step added"),
    Letter.FACTOR_REMOVED: _l("second step removed"),
    Letter.FACTORS_RESET: _l("second steps removed"),
    Letter.FACTOR_WRONG: _l("right password, wrong second step"),
    Letter.REVIEW: _l("a draft waits for review"),
    Letter.SENT_BACK: _l("a draft was sent back"),
    Letter.APPROVED: _l("a draft was approved"),
}
HERE, ELSEWHERE = WAYS = ("here", "elsewhere")
"""How somebody signs in, as the form of a new account has it."""
RANDOM_BYTES = 16
"""Of a first password: 128 bits, twenty-two characters that nobody guesses."""


@blueprint.get("/people")
@requires(Action.ADMINISTER)
def people() -> Response:
    """List everybody with an account."""
    return page("accounts/people.html", gettext("People"), people=People(room().store).all())


@blueprint.get("/people/new")
@requires(Action.ADMINISTER)
@confirmed
def person_new() -> Response:
    """Ask who is to have an account."""
    return _new_page({})


@blueprint.post("/people/new")
@requires(Action.ADMINISTER)
@confirmed
def person_add() -> Response:
    """Make an account, and show its first password, once."""
    form = request.form
    try:
        first = secrets.token_urlsafe(RANDOM_BYTES) if _signs_in_here() else ""
        made = People(room().store).add(
            login=form.get("login", ""),
            name=form.get("name", ""),
            email=form.get("email", ""),
            roles=_roles_given(),
            password=first,
            by=me().login,
        )
    except InputRefused as error:
        return _new_page({error.field: str(error)})
    return _person_page(made, first=first)


@blueprint.get("/people/<int:number>")
@requires(Action.ADMINISTER)
@confirmed
def person(number: int) -> Response:
    """Show one account, with what may be done to it."""
    return _person_page(numbered(number))


@blueprint.post("/people/<int:number>/roles")
@requires(Action.ADMINISTER)
@confirmed
def person_roles(number: int) -> AnyResponse:
    """Give somebody exactly the roles that are ticked."""
    who = numbered(number)
    try:
        People(room().store).set_roles(who.login, _roles_given(), by=me().login)
    except InputRefused as error:
        return _person_page(who, {error.field: str(error)})
    return _back_to(who, gettext("The roles are changed."))


@blueprint.post("/people/<int:number>/disable")
@requires(Action.ADMINISTER)
@confirmed
def person_disable(number: int) -> AnyResponse:
    """End an account; whoever is signed in with it is signed out."""
    who = numbered(number)
    try:
        People(room().store).disable(who.login, by=me().login)
    except InputRefused as error:
        return _person_page(who, {error.field: str(error)})
    return _back_to(who, gettext("The account is disabled."))


@blueprint.post("/people/<int:number>/enable")
@requires(Action.ADMINISTER)
@confirmed
def person_enable(number: int) -> AnyResponse:
    """Open an account again that was disabled, or locked by wrong passwords."""
    who = numbered(number)
    People(room().store).enable(who.login, by=me().login)
    return _back_to(who, gettext("The account is open."))


@blueprint.post("/people/<int:number>/password")
@requires(Action.ADMINISTER)
@confirmed
def person_password(number: int) -> Response:
    """Give somebody a new password, and show it, once."""
    if not room().settings.local_sign_in:
        raise InputRefused(gettext("Passwords are switched off here."))
    who, first = numbered(number), secrets.token_urlsafe(RANDOM_BYTES)
    People(room().store).set_password(who.login, first, by=me().login)
    return _person_page(who, first=first)


@blueprint.post("/people/<int:number>/elsewhere")
@requires(Action.ADMINISTER)
@confirmed
def person_elsewhere(number: int) -> AnyResponse:
    """Have somebody sign in at the provider alone."""
    oidc = room().settings.oidc
    if oidc is None:
        raise InputRefused(gettext("No provider is set up here."))
    who = numbered(number)
    People(room().store).sign_in_elsewhere_only(who.login, by=me().login)
    said = gettext("They sign in with %(name)s from now on.", name=oidc.name)
    return _back_to(who, said)


def _signs_in_here() -> bool:
    """Whether a new account is to have a password. Raises InputRefused where that is not said."""
    settings = room().settings
    if not (settings.local_sign_in and settings.oidc):
        return settings.local_sign_in
    given = request.form.get("signs_in", "")
    if given not in WAYS:
        raise InputRefused(
            gettext("It is not said how they sign in."),
            field="signs_in",
            next_step=gettext("Choose one; it can be changed later."),
        )
    return given == HERE


def numbered(number: int) -> Person:
    """Return whose account has a number. Raises NotKnown."""
    found = People(room().store).account(number)
    if found is None:
        raise NotKnown(
            gettext("There is no account %(number)s.", number=number),
            next_step=gettext("Choose one from the list of people."),
        )
    return found.person


def _roles_given() -> frozenset[Role]:
    ticked = request.form.getlist("roles")
    return frozenset(role for role in room().roles if role in ticked)


def _offered() -> list[tuple[Role, str]]:
    """Return the roles that people may have here, with all that each may do."""
    return [
        (role, "; ".join(action for action, who in MAY.items() if role in who))
        for role in room().roles
    ]


def _back_to(who: Person, said: str) -> AnyResponse:
    return said_at(path_of(".person", number=who.id), said)


def _new_page(errors: Mapping[str, str]) -> Response:
    return page(
        "accounts/person_new.html",
        gettext("Add a person"),
        errors=errors,
        given=request.form,
        ticked=_roles_given(),
        roles=_offered(),
        both=room().settings.local_sign_in and room().settings.oidc,
    )


def _person_page(
    who: Person, errors: Mapping[str, str] | None = None, *, first: str = ""
) -> Response:
    settings, account = room().settings, People(room().store).account(who.id)
    oidc = settings.oidc
    return page(
        "accounts/person.html",
        who.name,
        person=who,
        is_me=who.id == me().id,
        errors=errors,
        first=first,
        roles=_offered(),
        has_passwords=settings.local_sign_in,
        roles_from=oidc.name if oidc and oidc.role_claim else "",
        account=account,
        oidc=oidc and oidc.name,
        letter_names=LETTERS,
        letters=Letters(room().store).to(who.id),
        has_mail=settings.mail is not None,
    )
