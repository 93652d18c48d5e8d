"""Setting up what somebody shows beside their password: an app, passkeys, recovery codes.

The secret of a new app waits in the cookie, encrypted, until a code shows that the app has it: a
page that is loaded again shows the same, and a form of an older one is told that its code is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyotp
from flask import Response, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused
from catchments.core.roles import Action, Person
from catchments.runtime.key_files import KeyTrouble
from catchments.store.accounts.factors import STEP_S
from catchments.store.accounts.people import Account
from catchments.web.accounts import access, passkeys
from catchments.web.accounts.access import (
    OBLIGATIONS,
    blueprint,
    confirmed,
    even_owing,
    me,
    own_path,
    requires,
    said_at,
)
from catchments.web.accounts.pages import page, path_of
from catchments.web.accounts.room import room
from catchments.web.accounts.second_step import NO_SUCH_PASSKEY, factors
from catchments.web.accounts.signing_in import account_page

NEW_APP = "new_app"
"""What the session keeps of an app that is being set up."""
NOT_THE_APPS_CODE = _l(
    "That is not the code that the app gives now. Scan the picture below with it, and type the"
    " newest code. If it goes on, see that the clock of the telephone is right."
)


def owed(account: Account) -> str | None:
    """Return where somebody sets up a second factor whose role needs one and who has none."""
    if account.has_factor or not is_required(account.person):
        return None
    return None if access.this_session().vouched_for else "accounts.set_up"


OBLIGATIONS.append(owed)


def is_required(person: Person) -> bool:
    """Whether one of somebody's roles needs a second factor."""
    return bool(person.roles & room().settings.second_factor)


@blueprint.get("/second-step/set-up")
@requires(Action.READ)
@even_owing
@confirmed
def set_up() -> Response:
    """Show what an app needs, and offer to make a passkey."""
    return _set_up_page({})


@blueprint.post("/second-step/set-up/app")
@requires(Action.READ)
@even_owing
@confirmed
def add_app() -> AnyResponse:
    """Take an app that gives the code of the secret that was shown."""
    codes = factors().add_app(me(), _new_secret(), request.form.get("code", ""))
    if codes is None:
        return _set_up_page({"code": str(NOT_THE_APPS_CODE)})
    return _added(codes, gettext("Your app is set up."))


@blueprint.post("/second-step/set-up/passkey")
@requires(Action.READ)
@even_owing
@confirmed
def add_passkey() -> AnyResponse:
    """Take a passkey that a browser has just made."""
    try:
        new = passkeys.made(me(), request.form.get("answer", ""))
        codes = factors().add_passkey(
            me(),
            credential=new.credential,
            public_key=new.public_key,
            uses=new.uses,
            name=request.form.get("name", ""),
        )
    except passkeys.NotTaken:
        return _set_up_page({"passkey": str(NO_SUCH_PASSKEY)})
    except InputRefused as error:
        return _set_up_page({"passkey": str(error)})
    return _added(codes, gettext("Your passkey is set up."))


@blueprint.post("/second-step/app/remove")
@requires(Action.READ)
@confirmed
def remove_app() -> AnyResponse:
    """Forget the app."""
    return _removed(factors().remove_app, said=gettext("The app is removed."))


@blueprint.post("/second-step/passkeys/<int:number>/remove")
@requires(Action.READ)
@confirmed
def remove_passkey(number: int) -> AnyResponse:
    """Forget one passkey."""
    return _removed(factors().remove_passkey, number, said=gettext("The passkey is removed."))


@blueprint.post("/second-step/recovery-codes")
@requires(Action.READ)
@confirmed
def new_recovery_codes() -> AnyResponse:
    """Make new recovery codes, and show them, once."""
    try:
        codes = factors().new_recovery_codes(me())
    except InputRefused as error:
        return account_page({"factors": str(error)})
    return _codes_page(codes)


def _added(codes: list[str], said: str) -> AnyResponse:
    going_on = own_path(request.form.get("next"))
    _sign_in_anew()
    if codes:
        return _codes_page(codes, going_on)
    return said_at(going_on, said)


def _removed(remove: Callable[..., None], *which: int, said: str) -> AnyResponse:
    try:
        remove(me(), *which, required=is_required(me()))
    except InputRefused as error:
        return account_page({error.field: str(error)})
    _sign_in_anew()
    return said_at(path_of("accounts.password"), said)


def _sign_in_anew() -> None:
    """Go on in a new session: what one signs in with has changed, and all sessions have ended."""
    access.begin(me(), vouched_for=access.this_session().vouched_for)


def _new_secret() -> str:
    """Return the secret of the app that is being set up, which waits in the cookie, encrypted."""
    sealer, whose = room().store.sealer, f"new app of person {me().id}"
    kept = session.get(NEW_APP)
    if kept:
        with suppress(KeyTrouble):  # the key was exchanged meanwhile: it is shown another secret
            return sealer.unseal(kept, context=whose)
    secret = pyotp.random_base32()
    session[NEW_APP] = sealer.seal(secret, context=whose)
    return secret


def _set_up_page(errors: dict[str, str]) -> Response:
    held, secret = factors().of(me()), _new_secret()
    return page(
        "accounts/set_up.html",
        gettext("Set up a second step"),
        errors=errors,
        held=held,
        required=is_required(me()),
        going_on=own_path(request.values.get("next") or path_of("accounts.password")),
        passkey=passkeys.asked_to_make(me(), held.passkeys),
        **_shown_to_the_app(secret),
    )


def _shown_to_the_app(secret: str) -> dict[str, Any]:
    """Return a secret as an app reads it and as somebody types it."""
    totp = pyotp.TOTP(secret, interval=STEP_S)
    uri = totp.provisioning_uri(name=me().login, issuer_name=room().name)
    import segno  # drawn for who sets up a second factor, which most workers never see

    picture = segno.make_qr(uri).svg_data_uri(scale=5, light="#fff")
    groups = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"picture": picture, "uri": uri, "secret": groups}


def _codes_page(codes: list[str], going_on: str = "") -> Response:
    return page(
        "accounts/recovery_codes.html",
        gettext("Your recovery codes"),
        codes=codes,
        person=me(),
        service_name=room().name,
        going_on=going_on or path_of("accounts.password"),
    )
