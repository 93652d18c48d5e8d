"""Sessions and the guard: who is signed in, what they may do, whether a form is their own.

Every view in the room carries `@requires(…)`; a view without it is open to nobody. A session is a
row, which a signed cookie names that only the room sees: outside it none is ever opened, so that
public pages stay the same for everybody.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    abort,
    current_app,
    flash,
    g,
    redirect,
    request,
    session,
    url_for,
)
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_babel import gettext
from flask_wtf.csrf import CSRFError, CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError, InputRefused, NotAllowed
from catchments.core.public_addresses import is_this_machine
from catchments.core.roles import MAY, Action, Person, Role
from catchments.store.accounts.people import Account
from catchments.store.accounts.sessions import NOTED_EVERY, Session, Sessions
from catchments.store.engine import StoreUnavailable
from catchments.store.integrity.session_keys import place_of_session_keys
from catchments.web.accounts.browser_names import browser_name
from catchments.web.accounts.room import EXTENSION, Room, room, room_of

SIGN_IN, CONFIRM = "accounts.sign_in", "accounts.confirm"
TOKEN = "_session"  # noqa: S105 - its name
"""What the cookie keeps of a session: a random text, whose digest is in the database."""
ELSEWHERE = "elsewhere"
"""What the cookie keeps where a provider elsewhere said who it is: when it did so last."""
FRESH = timedelta(minutes=5)
"""How long somebody counts as having shown who they are."""
OPEN: frozenset[Action] = frozenset()
"""In place of actions: a page for whoever is not signed in."""
_ACTIONS, _AT_MOST, _EVEN_OWING = "_staff_actions", "_staff_at_most", "_staff_even_owing"
_FILES_AT_MOST, _PARTS_AT_MOST = "_staff_files_at_most", 200
_NO_TOKEN = "_staff_without_token"  # noqa: S105 - the name of a mark
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto")

P = ParamSpec("P")
R = TypeVar("R")
View = TypeVar("View", bound=Callable[..., Any])

blueprint = Blueprint("accounts", __name__)
"""The pages for signing in and for accounts; the modules beside this one add them."""

BEGUN: list[Callable[..., None]] = []
"""What is done as a session begins, with its person, and whether they were signed in in this
browser already (`is_here`); the modules beside this one add theirs."""
INTERRUPTED: list[Callable[[], str | None]] = []
"""What is done with a form that is sent by nobody, or not with the token of this session: each may
keep it, and returns the path to go on to then, where it stands again. Nothing else is done."""
Obligation = Callable[[Account], str | None]
"""Returns the endpoint where somebody does what they owe before all else, or None."""
OBLIGATIONS: list[Obligation] = []
"""In the order in which they are asked for; the modules beside this one add theirs."""


# --- what views use -------------------------------------------------------------------------------


def requires(
    *actions: Action, at_most: int | None = None, files_at_most: int = 0
) -> Callable[[View], View]:
    """Let only people use a view whom a role allows one of the actions; stands under the route.

    `at_most` is how many bytes a form of it may have, where that is more than usual;
    `files_at_most` how many more its files may have. Where it has files, its parts are counted:
    each is read in Python, byte by byte.
    """

    def marked(view: View) -> View:
        setattr(view, _ACTIONS, frozenset(actions))
        setattr(view, _AT_MOST, at_most)
        setattr(view, _FILES_AT_MOST, files_at_most)
        return view

    return marked


def open_to_nobody_else(view: View) -> View:
    """Let a view be used without being signed in: signing in, and no more."""
    setattr(view, _ACTIONS, OPEN)
    return view


def even_owing(view: View) -> View:
    """Let a view be used by whoever still owes something: what they owe is done there."""
    setattr(view, _EVEN_OWING, True)
    return view


def without_token(view: View) -> View:
    """Let a view be asked by another service, which has no form of ours: it must check who asks."""
    setattr(view, _NO_TOKEN, True)
    return view


def confirmed(view: Callable[P, R]) -> Callable[P, R | AnyResponse]:
    """Ask for the password again unless it was given within five minutes; stands under `requires`.

    Afterwards one comes back to the page, or to the page that the form was on: the form's field
    `back` names it, where it is not at the same address.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | AnyResponse:
        return view(*args, **kwargs) if fresh_enough() else _first_to(CONFIRM)

    return guarded


def me() -> Person:
    """Return who is signed in."""
    return account().person


def account() -> Account:
    """Return the account of who is signed in."""
    found = account_or_none()
    if found is None:
        abort(401)
    return found


def fresh_enough() -> bool:
    """Whether whoever is signed in has shown it within the last five minutes."""
    found = _standing()
    return found is not None and timedelta() <= moment() - found[1].shown_at <= FRESH


def once_a_request(name: str, find: Callable[[], R]) -> R:
    """Return what is found for a request, asked for under its name for the first time alone."""
    if name not in g:
        setattr(g, name, find())
    found: R = g.get(name)
    return found


def actions_of(endpoint: str) -> frozenset[Action] | None:
    """Return the actions of which a view asks for one; OPEN for none, None where it is not said."""
    view = current_app.view_functions.get(endpoint)
    actions: frozenset[Action] | None = getattr(view, _ACTIONS, None)
    return actions


def own_path(text: str | None) -> str:
    """Return a path in the room to go on to: the text if it is one, else its first page."""
    return room().own_path(text)


def going_to(path: str) -> AnyResponse:
    """Redirect to a path among the staff pages."""
    return redirect(f"{request.script_root}{path}", 303)


def said_at(path: str, said: str) -> AnyResponse:
    """Redirect to a path in the room, whose page says once that something is done."""
    flash(said)
    return going_to(path)


# --- beginning and ending a session ---------------------------------------------------------------


def begin(person: Person, *, epoch: int | None = None, vouched_for: bool = False) -> None:
    """Begin a session; nothing of one before it is left.

    `epoch` is of the account when its password was given, `vouched_for` whether a provider
    elsewhere vouches for a second factor.
    """
    before = account_or_none()
    is_here = before is not None and before.person.id == person.id
    elsewhere = session.get(ELSEWHERE)
    forget()
    device = browser_name(request.headers.get("User-Agent", ""))
    token = _sessions().begin(
        person.id, moment(), device=device, vouched_for=vouched_for, epoch=epoch
    )
    if token is None:
        abort(401)
    session[TOKEN] = token
    if elsewhere:
        session[ELSEWHERE] = elsewhere
    for each in BEGUN:
        each(person, is_here=is_here)


def refresh() -> None:
    """Note that whoever is signed in has just shown that it is them; the cookie changes."""
    session[TOKEN] = _sessions().note_shown(session[TOKEN], moment())
    g.pop("standing", None)


def end() -> None:
    """End this session; others of the same person go on."""
    forget(action="person.sign-out")


def forget(*, action: str = "") -> None:
    """Leave nothing of the session in this browser, nor of whoever was signed in here."""
    found = _standing()
    if found is not None:
        _sessions().leave(found[0].person, session[TOKEN], action=action)
    session.clear()
    g.pop("standing", None)


def this_session() -> Session:
    """Return the session that the request belongs to."""
    found = _standing()
    if found is None:
        abort(401)
    return found[1]


def moment() -> datetime:
    """Return the present moment as it is kept."""
    return datetime.fromtimestamp(clock(), UTC).replace(tzinfo=None)


def clock() -> float:
    """Return the seconds since 1970."""
    return time.time()


# --- the guard ------------------------------------------------------------------------------------


def register(app: Flask, its_room: Room) -> None:
    """Guard everything in the room."""
    app.extensions[EXTENSION] = its_room
    app.session_interface = RoomSessions()
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the guard asks, once it knows who it is
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # as long as the session
    CSRFProtect(app)
    app.jinja_env.globals["fresh_token"] = secrets.token_hex
    app.before_request(_guard)
    app.after_request(_kept_to_oneself)


def is_staff_path(path: str) -> bool:
    """Whether an address is in the room of the running application."""
    return is_in(room(), path)


def is_in(one: Room, path: str) -> bool:
    """Whether an address is in a room."""
    return path == one.path or path.startswith(f"{one.path}/")


def _guard() -> AnyResponse | None:
    if not is_staff_path(request.path) or request.endpoint is None:
        return None
    _key(current_app)  # or says that the database is away
    actions = actions_of(request.endpoint)
    if actions is None:
        raise NotAllowed(gettext("Nobody may use this page: it does not say whom it is for."))
    view = current_app.view_functions[request.endpoint]
    at_most = getattr(view, _AT_MOST, None)
    # A long form is read from whoever is, or was, signed in in this browser, and from nobody else.
    if at_most is not None and TOKEN in session:
        request.max_form_memory_size = at_most
        if files_at_most := getattr(view, _FILES_AT_MOST, 0):
            request.max_form_parts = _PARTS_AT_MOST
        request.max_content_length = at_most + files_at_most
    elsewhere = _first_elsewhere(actions) if actions else None
    if elsewhere is not None:
        return elsewhere
    return None if getattr(view, _NO_TOKEN, False) else _refuse_another_form()


def _refuse_another_form() -> AnyResponse | None:
    try:
        current_app.extensions["csrf"].protect()
    except CSRFError as error:
        # Such as one of before somebody signed in again in another window.
        kept = _interrupted() if account_or_none() else None
        if kept:
            return going_to(kept)
        raise _not_our_form() from error
    return None


def _interrupted() -> str | None:
    """Have a form kept that is not carried out; return where it will stand again, if it is."""
    return next((path for each in INTERRUPTED if (path := each())), None)


def _first_elsewhere(actions: frozenset[Action]) -> AnyResponse | None:
    """Return where somebody is sent before they get to a page that is for signed-in people."""
    found = account_or_none()
    if found is None:
        return _first_to(SIGN_IN)
    if not any(map(found.person.may, actions)):
        raise lacking(actions)
    _note_use()
    owed = _owed(found)
    return _first_to(owed) if owed else None


def _owed(found: Account) -> str | None:
    """Return where somebody is sent first, unless the page asked for is for whoever owes."""
    view = current_app.view_functions[request.endpoint or ""]
    if getattr(view, _EVEN_OWING, False):
        return None
    return next((endpoint for each in OBLIGATIONS if (endpoint := each(found))), None)


def _not_our_form() -> InputRefused:
    if request.cookies:
        return InputRefused(
            gettext("The form was too old, or was not written by this service for you."),
            next_step=gettext("Nothing was done. Load its page again, and send it once more."),
        )
    return InputRefused(
        gettext("Your browser sent no cookie, so that it cannot be told whose form this is."),
        allowed=gettext("Cookies must be allowed for this site, and the page must be HTTPS."),
        next_step=gettext("Load the page again; if it goes on, tell whoever runs this service."),
    )


def lacking(actions: frozenset[Action]) -> NotAllowed:
    """Return a refusal that says which role is needed, and whom to ask."""
    roles = gettext(" or ").join(
        role for role in Role if any(role in MAY[action] for action in actions)
    )
    return NotAllowed(
        gettext("Your account does not have the role that this page is for."),
        allowed=gettext("It needs the role %(roles)s.", roles=roles),
        next_step=gettext("If you should have it, ask an administrator of this service."),
    )


def account_or_none() -> Account | None:
    """Return the account of who is signed in, or None; read once a request."""
    found = _standing()
    return found[0] if found else None


def _standing() -> tuple[Account, Session] | None:
    if "standing" not in g:
        token = session.get(TOKEN, "")
        g.standing = _sessions().current(token, moment()) if token else None
    found: tuple[Account, Session] | None = g.standing
    return found


def _sessions() -> Sessions:
    return Sessions(room().store)


def _note_use() -> None:
    if moment() - this_session().seen_at >= NOTED_EVERY:
        with suppress(StoreUnavailable):  # while another writes for long: the next request does it
            _sessions().note_use(session[TOKEN], moment())


def _first_to(endpoint: str) -> AnyResponse:
    if request.method == "GET":
        going_on = request.full_path.rstrip("?")
    else:
        going_on = _interrupted() or page_of_form()
    return redirect(url_for(endpoint, next=own_path(going_on)), 303)


def page_of_form(*, is_ours: bool = False) -> str:
    """Return the page that a form was on, as far as can be told.

    `is_ours` says that the form is known to be one of this service's, whoever sent it.
    """
    named = request.form.get("back", "") if is_ours or account_or_none() else ""
    if named:
        return named
    adapter = current_app.create_url_adapter(request)
    if adapter is not None and adapter.test(request.path, "GET"):
        return request.path
    came_from = urlsplit(request.referrer or "")
    return came_from.path if came_from.netloc == request.host else room().path


def _kept_to_oneself(response: Response) -> Response:
    if is_staff_path(request.path):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


# --- the session's cookie -------------------------------------------------------------------------


class RoomSessions(SecureCookieSessionInterface):
    """Sessions in a signed cookie, for the room's pages only: others never open or vary by one."""

    digest_method = staticmethod(hashlib.sha256)  # Flask's own is SHA-1

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of a page in the room; without one nothing can be kept or sent."""
        if not is_in(room_of(app), request.path):
            return None
        try:
            _key(app)
        except CatchmentsError:
            return None  # the guard says it, where an error becomes a page
        return super().open_session(app, request)

    def get_cookie_name(self, app: Flask) -> str:
        """Return a name that browsers take over TLS alone, where there is TLS."""
        name = room_of(app).cookie
        return f"__Secure-{name}" if self.get_cookie_secure(app) else name

    def get_cookie_path(self, app: Flask) -> str:
        """Return the path of the room."""
        return f"{request.script_root}{room_of(app).path}"

    def get_cookie_samesite(self, app: Flask) -> str:  # noqa: ARG002 - as Flask calls it
        """Return Lax: the way back from an OpenID Connect provider is a link from elsewhere."""
        return "Lax"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the cookie is for TLS alone: always, but on this very machine or by setting."""
        if room_of(app).settings.insecure_cookies:
            return False
        forwarded = any(name in request.headers for name in _FORWARDED)
        return forwarded or not is_this_machine(urlsplit(f"//{request.host}").hostname or "")


def _key(app: Flask) -> None:
    """See that there is a key to sign with: those that are set, or those in a file."""
    if app.secret_key is None:
        place = place_of_session_keys(room_of(app).settings)
        key, *earlier = place.made()
        app.config["SECRET_KEY_FALLBACKS"] = earlier
        # Of several the last signs there; the session's first does.
        app.config["WTF_CSRF_SECRET_KEY"] = [*reversed(earlier), key]
        app.secret_key = key


def signer(salt: str) -> URLSafeTimedSerializer:
    """Return what signs texts for a purpose under the key of sessions, and dates them."""
    # Of several keys the last signs; all are taken.
    keys = [*current_app.config.get("SECRET_KEY_FALLBACKS", ())[::-1], current_app.secret_key]
    made_with = {"digest_method": hashlib.sha256}  # the library's own is SHA-1
    return URLSafeTimedSerializer(keys, salt=salt, signer_kwargs=made_with)
