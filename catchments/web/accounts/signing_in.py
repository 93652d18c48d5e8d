"""Signing in and out, confirming that it is still the same person, and one's own password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, InputRefused
from catchments.core.roles import Action
from catchments.store.accounts.given import LONGEST_LOGIN
from catchments.store.accounts.guess_budgets import TooManyGuesses
from catchments.store.accounts.hashing import is_same
from catchments.store.accounts.passwords import SHORTEST_PASSWORD
from catchments.store.accounts.people import Account, PasswordEnded, People
from catchments.store.accounts.sessions import Sessions
from catchments.web.accounts import access, devices
from catchments.web.accounts.access import (
    OBLIGATIONS,
    blueprint,
    confirmed,
    even_owing,
    going_to,
    me,
    open_to_nobody_else,
    own_path,
    requires,
    said_at,
)
from catchments.web.accounts.pages import REFUSED, page, path_of
from catchments.web.accounts.room import room
from catchments.web.accounts.second_step import (
    NO_SUCH_CODE,
    NO_SUCH_PASSKEY,
    asked_of,
    factors,
    say_what_is_left,
    second_step,
    takes_passkey,
)
from catchments.web.common.i18n import in_new_zealand, moment

TOO_MANY = 429
LEFT_NOTHING = '"cache", "storage"'
"""What a browser is to forget at signing out: pages, and texts of drafts that were not sent. Not
its cookies: that it is known is one of them."""
NO_SUCH_PAIR = _l(
    "That login and password do not belong together, or the account is closed or locked for a"
    " while. Try again; after five failures wait a minute, after more of them longer. In a"
    " browser in which you signed in before, failures elsewhere do not count."
)
"""The same whatever the reason is."""
NOT_YOUR_PASSWORD = _l(
    "That is not your password, or too many wrong ones were given here. Try again; after five"
    " failures wait a minute, after more of them longer."
)
TOO_MANY_GUESSES = _l(
    "Too many wrong sign-ins came from your network. Try again in ten minutes, or in a"
    " browser in which you signed in before."
)
PASSWORD_ENDED = _l(
    "Your first password has ended: it was to be changed within a week. Ask an administrator"
    " of this service for a new one, or whoever runs it."
)


@blueprint.app_context_processor
def _signed_in() -> dict[str, Any]:
    """Give the room's pages who is signed in."""
    if not access.is_staff_path(request.path):
        return {}
    try:
        found = access.account_or_none()
    except CatchmentsError:
        found = None  # the database is away, and this is the page that says so
    return {"staff_me": found and found.person, "path_of": path_of}


# Another application that has accounts registers no languages.
blueprint.add_app_template_filter(moment, "moment")
blueprint.add_app_template_filter(in_new_zealand, "here")


@blueprint.get("/sign-in")
@open_to_nobody_else
def sign_in() -> AnyResponse:
    """Ask who it is."""
    going_on = own_path(request.args.get("next"))
    return (
        going_to(going_on) if access.account_or_none() else sign_in_page(going_on, {}, status=200)
    )


@blueprint.post("/sign-in")
@open_to_nobody_else
def sign_in_with_password() -> AnyResponse:
    """Begin a session for whoever gives a login and its password."""
    login, going_on = request.form.get("login", ""), own_path(request.form.get("next"))
    _refuse_unless_local()
    given = request.form.get("password", "")
    try:
        person = People(room().store).sign_in(login, given, asker=devices.asker(login))
    except TooManyGuesses:
        return sign_in_page(going_on, {"login": str(TOO_MANY_GUESSES)}, status=TOO_MANY)
    except PasswordEnded:
        return sign_in_page(going_on, {"login": str(PASSWORD_ENDED)})
    if person is None:
        return sign_in_page(going_on, {"login": str(NO_SUCH_PAIR)}, login=login[:LONGEST_LOGIN])
    session.pop(access.ELSEWHERE, None)  # it is not a provider who says so
    return second_step(person, going_on)


@blueprint.post("/sign-out")
@open_to_nobody_else
def sign_out() -> AnyResponse:
    """End the session; others of the same person go on."""
    access.end()
    response = said_at(path_of(".sign_in"), gettext("You are signed out."))
    response.headers["Clear-Site-Data"] = LEFT_NOTHING
    return response


@blueprint.get("/confirm")
@requires(Action.READ)
@even_owing
def confirm() -> AnyResponse:
    """Ask once more who somebody is."""
    return _confirm_page(own_path(request.args.get("next")))


@blueprint.post("/confirm")
@requires(Action.READ)
@even_owing
def confirm_with_password() -> AnyResponse:
    """Note that whoever is signed in has just given their password, and what they have beside it.

    Either alone is weaker than what they signed in with.
    """
    going_on = own_path(request.form.get("next"))
    _refuse_unless_local()
    given = request.form.get("password", "")
    if not _is_mine(given):
        return _confirm_page(going_on, {"password": str(NOT_YOUR_PASSWORD)})
    if access.account().has_factor:
        kind = factors().take_code(me(), request.form.get("code", ""))
        if kind is None:
            return _confirm_page(going_on, {"code": str(NO_SUCH_CODE)})
        say_what_is_left(me(), kind)
    access.refresh()
    return going_to(going_on)


@blueprint.post("/confirm/passkey")
@requires(Action.READ)
@even_owing
def confirm_with_passkey() -> AnyResponse:
    """Note that whoever is signed in has shown a passkey: it has asked for a finger or a PIN."""
    going_on = own_path(request.form.get("next"))
    if not takes_passkey(me(), request.form.get("answer", "")):
        return _confirm_page(going_on, {"passkey": str(NO_SUCH_PASSKEY)})
    access.refresh()
    return going_to(going_on)


@blueprint.get("/password")
@requires(Action.READ)
@even_owing
def password() -> Response:
    """Show one's own account, and ask for a new password."""
    return account_page({})


@blueprint.post("/password")
@requires(Action.READ)
@even_owing
def change_password() -> AnyResponse:
    """Change one's own password; every other session of one's own ends.

    Whoever has a second step shows it first, unless they just did: the old password is not all
    that they sign in with.
    """
    _refuse_unless_local()
    changed = confirmed(_changed_password) if access.account().has_factor else _changed_password
    return changed()


def _changed_password() -> AnyResponse:
    people, form = People(room().store), request.form
    old, new = form.get("old", ""), form.get("new", "")
    if new != request.form.get("again", ""):
        return account_page({"again": gettext("The two new passwords differ. Type it again.")})
    if not _is_mine(old):
        return account_page({"old": str(NOT_YOUR_PASSWORD)})
    if is_same(old, new):
        return account_page({"new": gettext("That is the password that you have. Make another.")})
    try:
        people.set_password(me().login, new, by=me().login)
    except InputRefused as error:
        return account_page({"new": str(error)})
    access.begin(me(), vouched_for=access.this_session().vouched_for)
    return said_at(room().path, gettext("Your password is changed."))


def owes_password(found: Account) -> str | None:
    """Return where somebody makes a password of their own, while they have one by somebody else."""
    owes = found.change_password_by is not None and room().settings.local_sign_in
    return "accounts.password" if owes else None


OBLIGATIONS.append(owes_password)


def ways() -> dict[str, Any]:
    """Return how one may sign in here."""
    settings = room().settings
    return {"local": settings.local_sign_in, "oidc": settings.oidc and settings.oidc.name}


def sign_in_page(
    going_on: str, errors: Mapping[str, str], *, login: str = "", status: int = REFUSED
) -> Response:
    """Return the page that asks who it is, with what went wrong before."""
    return page(
        "accounts/sign_in.html",
        gettext("Sign in"),
        status=status,
        going_on=going_on,
        login=login,
        errors=errors,
        welcome=room().welcome,
        whom_to_ask=room().whom_to_ask,
        **ways(),
    )


def _confirm_page(going_on: str, errors: dict[str, str] | None = None) -> Response:
    return page(
        "accounts/confirm.html",
        gettext("Confirm that it is you"),
        going_on=going_on,
        errors=errors,
        has_password=access.account().has_password,
        has_factor=access.account().has_factor,
        **(asked_of(me()) if access.account().has_factor else {}),
        **ways(),
    )


def account_page(errors: dict[str, str]) -> Response:
    """Return the page of one's own account, with what went wrong before."""
    return page(
        "accounts/password.html",
        gettext("Your account"),
        errors=errors,
        shortest=SHORTEST_PASSWORD,
        owes_password=owes_password(access.account()) is not None,
        has_password=access.account().has_password and room().settings.local_sign_in,
        held=factors().of(me()),
        sessions=Sessions(room().store).of(me(), access.moment()),
        this=access.this_session().number,
    )


def _is_mine(password: str) -> bool:
    """Whether whoever is signed in gives their password; on a budget of its own."""
    mine, asker = me().login, devices.signed_in_asker()
    people = People(room().store)
    return people.sign_in(mine, password, action="person.confirm", asker=asker) is not None


def _refuse_unless_local() -> None:
    if not room().settings.local_sign_in:
        raise InputRefused(
            gettext("Passwords are switched off here."),
            next_step=gettext("Go back to sign in, and follow the link there."),
        )
