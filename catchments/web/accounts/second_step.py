"""The second step of signing in: what somebody shows beside their password.

Between the steps nobody is signed in: the cookie says whose password was given, when, and for which
epoch of their account, and no page but this one's asks for that.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import abort, flash, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.roles import Person
from catchments.store.accounts.factors import Factors, Held, Kind
from catchments.store.accounts.people import Account, People
from catchments.web.accounts import access, passkeys
from catchments.web.accounts.access import blueprint, going_to, open_to_nobody_else, own_path
from catchments.web.accounts.pages import page, path_of
from catchments.web.accounts.room import room

PENDING = "second_step"
"""What the session keeps while only the password was given."""
WITHIN = timedelta(minutes=10)
FEW_CODES = 3
NO_SUCH_CODE = _l(
    "That code is not taken: it is wrong, was used already, or there were too many wrong ones."
    " Wait for the next one; after five failures wait a minute, after more of them longer. If"
    " it goes on, see that the clock of the telephone is right, or use a recovery code."
)
"""Of a code that is not taken; the same whatever the reason is."""
NO_SUCH_PASSKEY = _l("Your passkey was not taken. Try again, or use a code.")
"""Likewise of a passkey."""


def second_step(
    person: Person, going_on: str, *, vouched_for: bool = False, again: bool = False
) -> AnyResponse:
    """Go on once somebody has given their password: to what they have beside it, if anything.

    `vouched_for` is whether a provider elsewhere vouches for a second factor: then none is asked
    for here. With `again` somebody who is signed in shows once more who they are.
    """
    found = People(room().store).account(person.id)
    if found is None:
        abort(401)
    if found.has_factor and not vouched_for:
        return _first_ask(found, going_on, again=again)
    if again:
        access.refresh()
    else:
        access.begin(person, vouched_for=vouched_for)
    return going_to(going_on)


def takes_passkey(person: Person, answer: str) -> bool:
    """Whether a browser has shown a passkey of somebody's as it was asked."""
    kept = factors()
    try:
        passkey, uses, asked_at = passkeys.shown(person, kept.of(person).passkeys, answer)
    except passkeys.NotTaken as why:
        kept.refused(person, str(why))
        return False
    when = {"asked_at": asked_at, "moment": access.moment()}
    if kept.take_passkey(person, passkey, uses=uses, **when):
        return True
    kept.refused(person, "used meanwhile")
    return False


def say_what_is_left(person: Person, kind: Kind) -> None:
    """Say how many recovery codes somebody has left who has just used one, where they are few."""
    left = factors().of(person).recovery_codes if kind is Kind.RECOVERY else FEW_CODES + 1
    if left <= FEW_CODES:
        flash(
            gettext(
                "You have %(left)s recovery codes left. Make new ones on the page of your account.",
                left=left,
            )
        )


def factors() -> Factors:
    """Return the second factors of the room's people."""
    return Factors(room().store)


def asked_of(person: Person) -> dict[str, Any]:
    """Return what a page needs that asks for a second factor."""
    held = factors().of(person)
    return {
        "has_app": held.app_since is not None,
        "passkey": passkeys.asked_to_show(person, held.passkeys),
        "by_recovery": _by_recovery(held),
    }


@blueprint.get("/second-step")
@open_to_nobody_else
def second_step_page() -> AnyResponse:
    """Ask for what somebody has beside the password that they have just given."""
    found = _pending()
    return _page(found.person) if found else _begin_anew()


@blueprint.post("/second-step")
@open_to_nobody_else
def second_step_code() -> AnyResponse:
    """Sign in whoever gives a code beside the password."""
    found = _pending()
    if found is None:
        return _begin_anew()
    kind = factors().take_code(found.person, request.form.get("code", ""))
    if kind is None:
        return _page(found.person, {"code": str(NO_SUCH_CODE)})
    done = _done(found)
    say_what_is_left(found.person, kind)
    return done


@blueprint.post("/second-step/passkey")
@open_to_nobody_else
def second_step_passkey() -> AnyResponse:
    """Sign in whoever shows a passkey beside the password."""
    found = _pending()
    if found is None:
        return _begin_anew()
    if not takes_passkey(found.person, request.form.get("answer", "")):
        return _page(found.person, {"passkey": str(NO_SUCH_PASSKEY)})
    return _done(found)


def _first_ask(found: Account, going_on: str, *, again: bool) -> AnyResponse:
    if not again:
        access.forget()
    session[PENDING] = {
        "who": found.person.id,
        "epoch": found.epoch,
        "again": again,
        "next": going_on,
        "at": access.moment().isoformat(),
    }
    return going_to(path_of("accounts.second_step_page"))


def _pending() -> Account | None:
    """Return whose password was given, as long as that counts."""
    kept = session.get(PENDING)
    if not kept:
        return None
    waited = access.moment() - datetime.fromisoformat(kept["at"])
    found = People(room().store).account(kept["who"])
    if found is None or not timedelta() <= waited <= WITHIN:
        return None
    if found.person.disabled_at is not None or found.epoch != kept["epoch"]:
        return None
    signed_in = access.account_or_none()
    if kept["again"] and (signed_in is None or signed_in.person.id != found.person.id):
        return None
    return found


def _done(found: Account) -> AnyResponse:
    kept = session.pop(PENDING)
    if kept["again"]:
        access.refresh()
    else:
        access.begin(found.person, epoch=found.epoch)
    return going_to(own_path(kept["next"]))


def _begin_anew() -> AnyResponse:
    session.pop(PENDING, None)
    if access.account_or_none() is None:
        flash(gettext("That took too long, or your account was changed. Sign in once more."))
    return going_to(path_of("accounts.sign_in"))


def _page(person: Person, errors: dict[str, str] | None = None) -> AnyResponse:
    return page(
        "accounts/second_step.html",
        gettext("Second step"),
        errors=errors,
        person=person,
        **asked_of(person),
    )


def _by_recovery(held: Held) -> bool:
    """Whether the page asks for a recovery code: it was asked to, or there is no app."""
    return held.app_since is None or request.values.get("with") == "recovery"
