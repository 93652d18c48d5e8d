"""Where somebody is signed in: sessions ended one by one, and what an administrator may end."""

from __future__ import annotations

from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import InputRefused
from catchments.core.roles import Action, Person
from catchments.store.accounts.sessions import Sessions
from catchments.web.accounts import access
from catchments.web.accounts.access import blueprint, confirmed, me, requires, said_at
from catchments.web.accounts.pages import path_of
from catchments.web.accounts.people import numbered
from catchments.web.accounts.room import room
from catchments.web.accounts.second_step import factors


@blueprint.post("/sessions/<int:number>/end")
@requires(Action.READ)
@confirmed
def end_session(number: int) -> AnyResponse:
    """End one of one's own sessions elsewhere; this one ends by signing out."""
    if number != access.this_session().number:
        Sessions(room().store).end(me(), number)
    return said_at(path_of("accounts.password"), gettext("That session has ended."))


@blueprint.post("/sessions/end")
@requires(Action.READ)
@confirmed
def end_other_sessions() -> AnyResponse:
    """End all of one's own sessions but this one."""
    Sessions(room().store).end_others(me(), access.this_session().number)
    return said_at(path_of("accounts.password"), gettext("Everywhere else you are signed out."))


@blueprint.post("/people/<int:number>/sessions")
@requires(Action.ADMINISTER)
@confirmed
def person_sessions(number: int) -> AnyResponse:
    """Sign somebody else out everywhere."""
    who = _somebody_else(number)
    Sessions(room().store).end_all(who, by=me().login)
    said = gettext("They are signed out everywhere.")
    return said_at(path_of("accounts.person", number=number), said)


@blueprint.post("/people/<int:number>/factors")
@requires(Action.ADMINISTER)
@confirmed
def person_factors(number: int) -> AnyResponse:
    """Forget what somebody else shows beside their password: they have lost it."""
    who = _somebody_else(number)
    factors().reset(who.login, by=me().login)
    said = gettext("Their second step is removed, and they are signed out.")
    return said_at(path_of("accounts.person", number=number), said)


def _somebody_else(number: int) -> Person:
    who = numbered(number)
    if who.id == me().id:
        raise InputRefused(
            gettext("This is your own account."),
            next_step=gettext("Your own is on the page that your name leads to."),
        )
    return who
