"""Forms that are kept while somebody has to sign in, or show who they are, and that stand again.

A form that comes when its session is over, or from before it began, is not carried out. It is kept
for the person whom it was written for, and for nobody else; when they have signed in, its page
opens with all of it filled in, says so, and waits to be sent again.
"""

from __future__ import annotations

from flask import Response, after_this_request, flash, render_template, request, session
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.errors import CatchmentsError
from catchments.core.roles import Action, Person
from catchments.store.accounts.kept_forms import KeptForm, KeptForms, SentForm
from catchments.web.accounts import access
from catchments.web.accounts.access import (
    BEGUN,
    INTERRUPTED,
    blueprint,
    even_owing,
    going_to,
    me,
    own_path,
    page_of_form,
    requires,
    said_at,
)
from catchments.web.accounts.kept.filling import filled_in, typed, with_notice
from catchments.web.accounts.kept.writer import FIELD, written_for_whom
from catchments.web.accounts.pages import path_of
from catchments.web.accounts.room import room

KEPT = "kept_form"
"""The field of a form that stands again; what the session keeps of which one and where it was."""
_SECRET = frozenset({"password", "old", "new", "again", "code", "answer"})
"""Fields of the pages of accounts that are kept nowhere: what people sign in with."""
_OF_THE_FORM = frozenset({"csrf_token", FIELD, KEPT})
LONGEST_ONCE = 64
KEPT_SAFE = _l(
    "Your session had ended. What you sent was not carried out, and nothing of it is lost: "
    "sign in, and it stands in the form again."
)
TOO_LARGE = _l(
    "Your session had ended. What you sent was not carried out, and is too large to be kept."
)
HTML = "text/html"
SERVER_ERROR = 500


# --- keeping --------------------------------------------------------------------------------------


def _keep() -> str | None:
    """Keep the form that was sent, if it is known whom it was written for; return where it is."""
    # What a script asks for is no form that somebody sent.
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return None
    try:
        person = written_for_whom()
        sent = _sent() if person is not None else None
        if person is None or sent is None or not (sent.files or any(typed(sent.fields))):
            return None
        once = request.form.get("once", "")[:LONGEST_ONCE]
        key = KeptForms(room().store).keep(sent, for_=person, once=once)
    except (CatchmentsError, HTTPException):
        # Too large to be read from somebody of whom nothing is known, or the database has no room.
        flash(
            gettext(
                "What you sent was not carried out, and could not be kept. Go back in your "
                "browser: what you typed may still be there."
            )
        )
        return None
    mine = access.account_or_none()
    if mine is None:
        flash(str(KEPT_SAFE if key is not None else TOO_LARGE))
    is_mine = mine is None or mine.person.id == person
    return path_of("accounts.kept_form", key=key) if key and is_mine else None


def _sent() -> SentForm:
    is_of_accounts = request.blueprint == blueprint.name
    left_out = _OF_THE_FORM | (_SECRET if is_of_accounts else frozenset())
    fields = [(k, v) for k, v in request.form.items(multi=True) if k not in left_out]
    files = [name for each in request.files.values() if (name := each.filename)]
    page = own_path(page_of_form(is_ours=True))
    return SentForm(page, f"{request.script_root}{request.path}", fields, files)


INTERRUPTED.append(_keep)


# --- afterwards -----------------------------------------------------------------------------------


def _say_what_is_kept(person: Person, *, is_here: bool) -> None:  # noqa: ARG001 - as it is called
    """Tell somebody who has just signed in that forms of theirs are kept, with a link to each."""
    keys = KeptForms(room().store).of(person.id)
    if not keys:
        return
    said = ngettext(
        "A form is kept that you sent when your session had ended.",
        "%(num)s forms are kept that you sent when your session had ended.",
        len(keys),
    )
    link = Markup('<a href="{}">{}</a>')
    links = [
        link.format(
            f"{request.script_root}{path_of('accounts.kept_form', key=key)}",
            gettext("Open form %(number)s", number=at),
        )
        for at, key in enumerate(keys, start=1)
    ]
    flash(Markup("{} {}").format(said, Markup(" · ").join(links)), KEPT)


BEGUN.append(_say_what_is_kept)


@blueprint.get("/kept-forms/<key>")
@requires(Action.READ)
@even_owing
def kept_form(key: str) -> AnyResponse:
    """Go to the page of a form that is kept, where it stands filled in."""
    kept = KeptForms(room().store).found(key, by=me().id)
    if kept is None:  # somebody else's, or forgotten
        return going_to(room().path)
    session[KEPT] = [kept.key, kept.sent.path.partition("?")[0]]
    flashes = [pair for pair in session.get("_flashes", []) if pair[0] != KEPT]
    session["_flashes"] = flashes
    return going_to(kept.sent.path)


@blueprint.post("/kept-forms/<key>/forget")
@requires(Action.READ)
@even_owing
def forget_form(key: str) -> AnyResponse:
    """Forget a form that is kept; its page opens as it is without it."""
    kept = KeptForms(room().store).found(key, by=me().id)
    KeptForms(room().store).forget(key, by=me().id)
    session.pop(KEPT, None)
    said = gettext("What was kept is forgotten.")
    return said_at(kept.sent.path if kept else room().path, said)


def standing_again() -> KeptForm | None:
    """Return the form that is to stand on the page asked for again, for who is signed in."""
    key, path = session.get(KEPT) or ("", "")
    found = access.account_or_none()
    if not key or path != request.path or request.method != "GET" or found is None:
        return None
    forms, mine = KeptForms(room().store), found.person.id
    return access.once_a_request(KEPT, lambda: forms.found(key, by=mine))


@blueprint.before_app_request
def _look_after() -> None:
    if access.is_staff_path(request.path) and (request.method == "POST" or KEPT in session):
        after_this_request(_stand_again)  # before what packs the page


def _stand_again(response: Response) -> Response:
    if response.status_code >= SERVER_ERROR:
        return response
    try:
        if request.method == "POST":
            return _sent_again(response)
        return _with_kept(response)
    except (CatchmentsError, HTTPException):  # the page stands, whatever becomes of what is kept
        return response


def _sent_again(response: Response) -> Response:
    """Forget what was kept once it has been sent again: it is in its sender's hands."""
    key = request.form.get(KEPT, "")
    found = access.account_or_none() if key else None
    if found is not None:
        KeptForms(room().store).forget(key, by=found.person.id)
        session.pop(KEPT, None)
    return response


def _with_kept(response: Response) -> Response:
    if response.mimetype != HTML or response.is_streamed:
        return response
    kept = standing_again()
    if kept is None:
        return response
    sent = kept.sent
    page = response.get_data(as_text=True)
    filled = filled_in(
        page,
        sent.action,
        sent.fields,
        hidden=(KEPT, kept.key),
        here=f"{request.script_root}{request.path}",
    )
    about = {"kept": kept, "found": filled.found, "left": filled.left}
    notice = render_template("accounts/_kept_form.html", **about)
    response.set_data(with_notice(filled.page, notice))
    return response
