"""Signing in and out, confirming that it is still the same person, and one's own password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, InputRefused
from catchments.core.roles import Action
from catchments.store.accounts.given import LONGEST_LOGIN
from catchments.store.accounts.passwords import SHORTEST_PASSWORD
from catchments.store.accounts.people import People
from catchments.web.accounts import access
from catchments.web.accounts.access import (
    blueprint,
    even_owing,
    going_to,
    me,
    open_to_nobody_else,
    own_path,
    requires,
)
from catchments.web.common.services import service

REFUSED = 400


@blueprint.app_context_processor
def _signed_in() -> dict[str, Any]:
    """Give the room's pages who is signed in."""
    if not access.is_staff_path(request.path):
        return {}
    try:
        found = access.account_or_none()
    except CatchmentsError:
        found = None  # the database is away, and this is the page that says so
    return {"staff_me": found and found.person}


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
    person = People(service().store).sign_in(login, request.form.get("password", ""))
    if person is None:
        return sign_in_page(going_on, {"login": no_such_pair()}, login=login[:LONGEST_LOGIN])
    access.begin(person)
    return going_to(going_on)


@blueprint.post("/sign-out")
@open_to_nobody_else
def sign_out() -> AnyResponse:
    """End the session, and any other of the same person."""
    access.end()
    flash(gettext("You are signed out."))
    return going_to(url_for(".sign_in")[len(request.script_root) :])


@blueprint.get("/confirm")
@requires(Action.READ)
def confirm() -> AnyResponse:
    """Ask for the password again."""
    return _confirm_page(own_path(request.args.get("next")))


@blueprint.post("/confirm")
@requires(Action.READ)
def confirm_with_password() -> AnyResponse:
    """Note that whoever is signed in has given their password just now."""
    going_on = own_path(request.form.get("next"))
    _refuse_unless_local()
    people, given = People(service().store), request.form.get("password", "")
    if people.sign_in(me().login, given, action="person.confirm") is None:
        return _confirm_page(going_on, {"password": not_your_password()})
    access.refresh()
    return going_to(going_on)


@blueprint.get("/password")
@requires(Action.READ)
@even_owing
def password() -> Response:
    """Show one's own account, and ask for a new password."""
    return _password_page({})


@blueprint.post("/password")
@requires(Action.READ)
@even_owing
def change_password() -> AnyResponse:
    """Change one's own password; every other session of one's own ends."""
    _refuse_unless_local()
    people, form = People(service().store), request.form
    old, new = form.get("old", ""), form.get("new", "")
    if new != request.form.get("again", ""):
        return _password_page({"again": gettext("The two new passwords differ. Type it again.")})
    if people.sign_in(me().login, old, action="person.confirm") is None:
        return _password_page({"old": not_your_password()})
    try:
        people.set_password(me().login, new, by=me().login)
    except InputRefused as error:
        return _password_page({"new": str(error)})
    access.begin(me())
    flash(gettext("Your password is changed."))
    return going_to(access.ROOM)


def page(template: str, title: str, *, status: int = 200, **context: Any) -> Response:
    """Return a page that tells nothing of any edition."""
    world = service().snapshots.latest
    about: dict[str, Any] = {"edition": None, "release": None, "title": title}
    about["demonstration"] = world is not None and world.demonstration
    about["error"] = status >= REFUSED
    return Response(render_template(template, frame=access.FRAME, **about, **context), status)


def no_such_pair() -> str:
    """Say that nobody signs in with that; the same whatever the reason is."""
    said: str = gettext(
        "That login and password do not belong together, or the account is closed or locked for a"
        " while. Try again; after five failures wait a minute, after more of them longer."
    )
    return said


def not_your_password() -> str:
    """Say that the password is wrong."""
    said: str = gettext(
        "That is not your password, or your account is locked for a while. Try again; after five"
        " failures wait a minute, after more of them longer."
    )
    return said


def ways() -> dict[str, Any]:
    """Return how one may sign in here."""
    settings = service().settings
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
        **ways(),
    )


def _confirm_page(going_on: str, errors: dict[str, str] | None = None) -> Response:
    return page(
        "accounts/confirm.html",
        gettext("Confirm that it is you"),
        status=REFUSED if errors else 200,
        going_on=going_on,
        errors=errors or {},
        has_password=access.account().has_password,
        **ways(),
    )


def _password_page(errors: dict[str, str]) -> Response:
    return page(
        "accounts/password.html",
        gettext("Your account"),
        status=REFUSED if errors else 200,
        errors=errors,
        shortest=SHORTEST_PASSWORD,
        has_password=access.account().has_password and service().settings.local_sign_in,
    )


def _refuse_unless_local() -> None:
    if not service().settings.local_sign_in:
        raise InputRefused(
            gettext("Passwords are switched off here."),
            next_step=gettext("Go back to sign in, and follow the link there."),
        )
