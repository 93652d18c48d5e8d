"""“Something wrong?”: a short form, without account, session or JavaScript, for staff to see to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from catchments.core.mail_server import EMAIL
from catchments.store.site.reports import (
    EMAIL_AT_MOST,
    PLACE_AT_MOST,
    WHAT_AT_MOST,
    MistakeGiven,
    MistakeReports,
    TooManyReports,
)
from catchments.web.common.query_parameters import optional_date, page_parameters, school_id
from catchments.web.common.services import as_at, public_page, service
from catchments.web.front.rate_limits import allows_a_report
from catchments.web.staff.forms.fields import FieldError, FormReader

blueprint = Blueprint("mistakes", __name__)

LARGEST_FORM_BYTES = 1024 * 1024
"""Far more than is taken, so that whoever sends too much is told how much is."""
LINKS_AT_MOST = 3
LEFT_EMPTY = "leave_empty"
"""A field that people are told to leave empty, and that programs fill in."""
FULL = _l(
    "So many reports are waiting that no more can be taken just now. Try again later today, "
    "or tell the Ministry of Education by telephone."
)
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


@blueprint.get("/report")
def form() -> Response:
    """Show the form, which names a school or a catchment already where it was reached from one."""
    given = page_parameters(request.args, {"school", "catchment", "on"})
    return _page({"place": _place(given)})


@blueprint.post("/report")
def send() -> AnyResponse:
    """Keep what somebody says is wrong, for staff; or show the form again with what is amiss."""
    request.max_content_length = request.max_form_memory_size = LARGEST_FORM_BYTES
    typed = FormReader(request.form)
    given = _given(typed)
    if typed.wrongs:
        return _page(request.form, typed.wrongs, status=400)
    if not allows_a_report(request.remote_addr or ""):
        later = gettext("You sent several reports within a minute. Wait a minute, then send again.")
        return _page(request.form, [FieldError("", later)], status=429)
    try:
        number = MistakeReports(service().store).add(given)
    except TooManyReports:
        return _page(request.form, [FieldError("", str(FULL))], status=429)
    current_app.logger.info("report of a mistake %s", number)
    return redirect(url_for("mistakes.thanks"), 303)


@blueprint.get("/report/thanks")
def thanks() -> Response:
    """Say what happens with a report."""
    return public_page(as_at(), "site/report_thanks.html", gettext("Thank you"), kept_days=_days())


def _given(typed: FormReader) -> MistakeGiven:
    """Return what was typed, or note what is wrong with it."""
    if not _is_our_own_form():
        typed.refuse("", gettext("Send this form from its own page: the one you see now."))
    if typed.text(LEFT_EMPTY):
        typed.refuse(LEFT_EMPTY, gettext("Leave this field empty."))
    what = typed.paragraph("what", gettext("what is wrong"), at_most=WHAT_AT_MOST)
    place = typed.line("place", "", required=False, at_most=PLACE_AT_MOST)
    email = typed.line("email", "", required=False, at_most=EMAIL_AT_MOST)
    if len(_LINK.findall(f"{what} {place}")) > LINKS_AT_MOST:
        typed.refuse("what", gettext("Leave out web addresses: at most three are taken."))
    if email and not EMAIL.fullmatch(email):
        example = gettext("Enter an e-mail address like name@school.nz, or leave this empty.")
        typed.refuse("email", example)
    return MistakeGiven(what, place, email)


def _is_our_own_form() -> bool:
    """Whether a page of ours sent it, as far as the browser says.

    Nobody is signed in here: all that another website could gain is reports in the names of its
    visitors, thousands of them.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    ours = {request.host, urlsplit(service().settings.public_url).netloc}
    return origin is None or urlsplit(origin).netloc in ours - {""}


def _place(given: MultiDict[str, str]) -> str:
    """Return where the mistake is, as far as the link to the form said it."""
    snapshot = as_at(optional_date(given)).snapshot
    if snapshot is None:
        return ""
    if "school" in given:
        number, release = school_id(given["school"], name="school"), snapshot.release
        school = release.schools.get(number) or release.former.get(number)
        return f"{school.name} ({number})" if school else ""
    catchment = snapshot.edition.catchments.get(given.get("catchment", ""))
    return gettext("%(name)s catchment", name=catchment.name) if catchment else ""


def _page(typed: Any, wrongs: Sequence[FieldError] = (), *, status: int = 200) -> Response:
    page = public_page(
        as_at(),
        "site/report.html",
        gettext("Report a mistake"),
        typed=bool(wrongs),
        fields=typed,
        wrongs=wrongs,
        error=bool(wrongs),
        kept_days=_days(),
        what_at_most=WHAT_AT_MOST,
        place_at_most=PLACE_AT_MOST,
    )
    page.status_code = status if wrongs else page.status_code  # which may be 304
    if wrongs:
        page.headers["Cache-Control"] = "no-store"
    return page


def _days() -> int:
    return service().settings.reports_kept_days
