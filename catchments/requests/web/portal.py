"""The parts of the running application, and who looks at a page: asked once a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar, cast

from flask import current_app

from catchments.core.errors import CatchmentsError
from catchments.requests.lookup import Lookup
from catchments.requests.rules.roles import Viewer
from catchments.requests.settings import RequestsSettings
from catchments.requests.store.cases import Cases
from catchments.requests.store.database import RequestsDatabase
from catchments.requests.store.figures import Figures
from catchments.requests.store.handovers import Followed, Handovers
from catchments.requests.store.inviting import Invitations
from catchments.requests.store.looks import Looks
from catchments.requests.store.notes import Notes
from catchments.requests.store.organisations import Organisation, Organisations
from catchments.requests.store.writing import WrittenRequests
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store.outbox.trail_sending import TrailSender
from catchments.web.accounts.access import account_or_none, me, once_a_request

EXTENSION = "catchments.requests"
R = TypeVar("R")


class _Of(Generic[R]):
    """Gives a repository of a portal's database."""

    def __init__(self, kind: Callable[[RequestsDatabase], R]) -> None:
        self._kind = kind

    def __get__(self, portal: Portal, _owner: type[Portal]) -> R:
        return self._kind(portal.database)


@dataclass(frozen=True)
class Portal:
    """The parts that `create_app` puts together."""

    settings: RequestsSettings
    database: RequestsDatabase
    lookup: Lookup
    trail: TrailSender
    today: Callable[[], date] = today_in_new_zealand

    cases = _Of(Cases)
    organisations = _Of(Organisations)
    written = _Of(WrittenRequests)
    """The requests that are being written."""
    notes = _Of(Notes)
    """What is said in cases, and their files."""
    handovers = _Of(Handovers)
    invitations = _Of(Invitations)
    """What authorisers do with accounts."""
    looks = _Of(Looks)
    figures = _Of(Figures)


def portal() -> Portal:
    """Return the running application's parts."""
    return cast(Portal, current_app.extensions[EXTENSION])


def viewer() -> Viewer:
    """Return what whoever is signed in is where; asked once a request."""
    return once_a_request("viewer", lambda: portal().organisations.viewer(me().id))


def my_organisations() -> list[Organisation]:
    """Return the organisations of whoever is signed in, by name; none where nobody is."""
    found, organisations = account_or_none(), portal().organisations
    if found is None:
        return []
    return once_a_request("my_organisations", lambda: organisations.of(found.person.id))


def heard() -> Followed | None:
    """Return what was last heard of the lookup; asked once a request."""
    return once_a_request("heard", portal().handovers.heard)


def is_made_up() -> bool:
    """Whether the lookup says that what it answers is made up, as far as is known."""
    try:
        last = heard()
    except CatchmentsError:  # the database is away, and this is the page that says so
        return False
    return last is not None and last.demonstration
