"""What every page of requests stands in: words for people, links by role, and what is made up."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from flask import Flask, Response, request, url_for

from catchments.core.errors import CatchmentsError
from catchments.requests.rules.cases import ClosedBecause
from catchments.requests.rules.references import spaced
from catchments.requests.rules.roles import SENDERS, WORKERS, CaseRole, OrganisationKind
from catchments.requests.store.organisations import Organisation
from catchments.requests.web.blueprint import ROOM
from catchments.requests.web.portal import is_made_up, my_organisations, portal, viewer
from catchments.web.accounts.access import account_or_none, is_staff_path
from catchments.web.accounts.pages import page
from catchments.web.common.i18n import te_reo
from catchments.web.spoken.dates import long_date

STALE = 412
LONGEST_NUMBER = 9


class Link(NamedTuple):
    """Where one may go."""

    path: str
    label: str


def register(app: Flask) -> None:
    """Give templates what they say things with."""
    app.jinja_env.filters |= {
        "long_date": long_date,
        "te_reo": te_reo,
        "spaced": spaced,
        "age": age,
        "bytes": size_of,
    }
    app.jinja_env.globals |= {"CLOSED_BECAUSE": tuple(ClosedBecause)}
    app.context_processor(_frame)


def show(template: str, title: str, *, status: int = 200, **context: Any) -> Response:
    """Return a page of requests."""
    return page(f"requests/{template}", title, status=status, **context)


def age(sent_on: date) -> str:
    """Return how long ago a request was sent, in days."""
    days = (portal().today() - sent_on).days
    return "today" if days <= 0 else "1 day" if days == 1 else f"{days:,} days"


def whole(text: str) -> int:
    """Return a whole number of at most nine digits, as every database holds it.

    Raises ValueError, for which the forms and addresses of a request have a value in its place.
    """
    if not is_whole(text):
        raise ValueError(text)
    return int(text)


def is_whole(text: str) -> bool:
    """Whether a text is a whole number that every database holds."""
    return text.isdecimal() and len(text) <= LONGEST_NUMBER


def size_of(count: int) -> str:
    """Return a size for people."""
    if count >= 1024 * 1024:
        return f"{round(count / 1024 / 1024, 1):g} MB"
    return f"{max(1, count // 1024)} kB"


def _frame() -> dict[str, Any]:
    links, mine = [], []
    try:
        found = account_or_none() if is_staff_path(request.path) else None
        if found is not None:
            links, mine = _links(), my_organisations()
    except CatchmentsError:
        found = None  # the database is away, and this is the page that says so
    return {
        "links": links,
        "mine": mine,
        "signed_in": found.person if found else None,
        "made_up": is_made_up(),
        "room_path": f"{request.script_root}{ROOM}",
    }


def _links() -> list[Link]:
    who, links = viewer(), [Link(url_for("requests.home"), "Home")]
    if who.organisations(*SENDERS):
        links.append(Link(url_for("requests.new"), "Ask for support"))
    if places_of_mine():
        links.append(Link(url_for("requests.cases"), "Cases"))
        links.append(Link(url_for("requests.search"), "Search"))
    if who.organisations(CaseRole.WORKFLOW_LEAD):
        links.append(Link(url_for("requests.handovers"), "Handovers"))
    looked_after = who.organisations(CaseRole.AUTHORISER)
    links += [
        Link(url_for("requests.people", organisation=each.id), f"People of {each.name}")
        for each in my_organisations()
        if each.id in looked_after
    ]
    if who.organisations(CaseRole.FIGURES):
        links.append(Link(url_for("requests.figures"), "Figures"))
    return links


def places_of_mine() -> list[Organisation]:
    """Return the organisations of whoever is signed in whose cases they may see, by name."""
    who = viewer()
    return [each for each in my_organisations() if who.is_in(each.id, *SENDERS, *WORKERS)]


def schools_of_mine() -> list[Organisation]:
    """Return the schools for which whoever is signed in may ask for support, by name."""
    may = viewer().organisations(*SENDERS)
    schools = (each for each in my_organisations() if each.kind is OrganisationKind.SCHOOL)
    return [each for each in schools if each.id in may]
