"""The parts of the running application, and who looks at a page: asked once a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast

from flask import current_app, g

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
from catchments.web.accounts.access import account_or_none, me

EXTENSION = "catchments.requests"


@dataclass(frozen=True)
class Portal:
    """The parts that `create_app` puts together."""

    settings: RequestsSettings
    database: RequestsDatabase
    lookup: Lookup
    trail: TrailSender
    today: Callable[[], date] = today_in_new_zealand

    @property
    def cases(self) -> Cases:
        """The cases."""
        return Cases(self.database)

    @property
    def organisations(self) -> Organisations:
        """The organisations and their people."""
        return Organisations(self.database)

    @property
    def written(self) -> WrittenRequests:
        """The requests that are being written."""
        return WrittenRequests(self.database)

    @property
    def notes(self) -> Notes:
        """What is said in cases, and their files."""
        return Notes(self.database)

    @property
    def handovers(self) -> Handovers:
        """Cases that change hands."""
        return Handovers(self.database)

    @property
    def invitations(self) -> Invitations:
        """What authorisers do with accounts."""
        return Invitations(self.database)

    @property
    def looks(self) -> Looks:
        """Who looked at which cases."""
        return Looks(self.database)

    @property
    def figures(self) -> Figures:
        """Counts of cases."""
        return Figures(self.database)


def portal() -> Portal:
    """Return the running application's parts."""
    return cast(Portal, current_app.extensions[EXTENSION])


def viewer() -> Viewer:
    """Return what whoever is signed in is where; asked once a request."""
    if "viewer" not in g:
        g.viewer = portal().organisations.viewer(me().id)
    found: Viewer = g.viewer
    return found


def my_organisations() -> list[Organisation]:
    """Return the organisations of whoever is signed in, by name; none where nobody is."""
    if "my_organisations" not in g:
        found = account_or_none()
        g.my_organisations = portal().organisations.of(found.person.id) if found else []
    kept: list[Organisation] = g.my_organisations
    return kept


def heard() -> Followed | None:
    """Return what was last heard of the lookup; asked once a request."""
    if "heard" not in g:
        g.heard = portal().handovers.heard()
    found: Followed | None = g.heard
    return found


def is_made_up() -> bool:
    """Whether the lookup says that what it answers is made up, as far as is known."""
    try:
        last = heard()
    except CatchmentsError:  # the database is away, and this is the page that says so
        return False
    return last is not None and last.demonstration
