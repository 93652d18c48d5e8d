"""The first staff page, and the links to the others that stand on every one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, request
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l

from catchments.core.roles import Action, Person
from catchments.store.drafts.repository import DraftRepository
from catchments.store.site.reports import MistakeReports
from catchments.web.accounts.access import is_staff_path, me, requires
from catchments.web.accounts.pages import page
from catchments.web.common.services import service
from catchments.web.staff.blueprint import blueprint
from catchments.web.staff.pages.content import overdue_texts

DOORS = (
    ("/staff/drafts", Action.READ, _l("Drafts"), _l("Prepare changes and see their impact.")),
    ("/staff/editions", Action.READ, _l("Editions"), _l("What is published, and taking it back.")),
    ("/staff/findings", Action.READ, _l("Findings"), _l("What needs a person to look at it.")),
    ("/staff/who", Action.READ, _l("Who decided"), _l("Who served a school on a day, and why.")),
    ("/staff/reports", Action.EXPLAIN, _l("Mistakes"), _l("What people say is wrong here.")),
    ("/staff/audit", Action.READ, _l("Audit"), _l("Who did what, when.")),
    ("/staff/notices", Action.READ, _l("Notices"), _l("What schools and providers are told.")),
    ("/staff/aliases", Action.READ, _l("Aliases"), _l("What people call schools.")),
    ("/staff/content", Action.READ, _l("Texts"), _l("What the site tells schools.")),
    ("/staff/rates", Action.EXPLAIN, _l("Rates"), _l("How many students are absent, by region.")),
    ("/staff/webhooks", Action.ADMINISTER, _l("Webhooks"), _l("Services that are told.")),
    ("/staff/people", Action.ADMINISTER, _l("People"), _l("Accounts and roles.")),
)
"""Where one may go: the address, what a role must allow, its name and what it is for."""


@dataclass(frozen=True)
class Link:
    """A place among the staff pages that somebody may go to."""

    path: str
    label: str
    about: str
    is_current: bool


@blueprint.app_context_processor
def _where_to() -> dict[str, Any]:
    """Give staff pages where whoever is signed in may go."""
    return {"staff_links": _links} if is_staff_path(request.path) else {}


def _links(person: Person | None) -> list[Link]:
    adapter = current_app.create_url_adapter(request)
    if adapter is None or person is None:
        return []
    return [
        Link(path, str(label), str(about), f"{request.path}/".startswith(f"{path}/"))
        for path, action, label, about in DOORS
        if person.may(action) and adapter.test(path, "GET")
    ]


@blueprint.get("")
@requires(Action.READ)
def home() -> Response:
    """Say what waits for whoever is signed in, and where they may go from here."""
    waiting = DraftRepository(service().store).waiting_for(me())
    return page("staff/home.html", gettext("Start"), waiting=waiting, counts=list(_counts(me())))


def _counts(person: Person) -> Iterator[tuple[str, str]]:
    """Yield what else waits for somebody: where it is, and how much of it."""
    if not person.may(Action.EXPLAIN):
        return
    reports = MistakeReports(service().store).waiting()
    if reports:
        said = ngettext("%(num)s report of a mistake", "%(num)s reports of mistakes", reports)
        yield "/staff/reports", said
    overdue = overdue_texts(service().snapshots.current().today)
    if overdue:
        yield (
            "/staff/content",
            ngettext(
                "%(num)s text to compare with its source again",
                "%(num)s texts to compare with their sources again",
                overdue,
            ),
        )
