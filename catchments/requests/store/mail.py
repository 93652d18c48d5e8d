"""E-mails about cases: that something happened, with the reference, and nothing of a student.

They go out as letters to people do; whoever wants to know what happened signs in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

import sqlalchemy as sa

from catchments.requests.rules.cases import Case, speaks_for_school, works_on
from catchments.requests.rules.references import spaced
from catchments.requests.rules.roles import CaseRole
from catchments.requests.store import schema
from catchments.requests.store.organisations import viewer_of
from catchments.store.accounts import letters
from catchments.store.accounts.letters import enqueue
from catchments.store.accounts.people import by_id
from catchments.store.outbox.claims import Claimed
from catchments.store.schema import person

MADE_UP = "Made up"
ALL_MADE_UP = "This is a demonstration: people, students, providers and catchments are made up."
"""What stands above every e-mail while the lookup's editions are made up."""
PATH = "/requests"
"""Where the application's pages are."""


class About(StrEnum):
    """What somebody is told of; kinds of letters beside those of accounts."""

    SUBMITTED = "case-submitted"
    ARRIVED = "case-arrived"
    ASSIGNED = "case-assigned"
    CHANGED = "case-changed"
    SHARED = "case-shared"
    NAMED = "case-named"
    NO_CONTACT = "case-no-contact"
    COMING = "handover-coming"
    GOING = "handover-going"
    CALLED_OFF = "handover-off"
    MOVED = "handover-done"
    INVITED = "invited"


_SAYS: dict[str, tuple[str, str]] = {
    About.SUBMITTED: (
        "A request for support was sent",
        "You are the Primary Contact of a request. No e-mail says whom it is about.",
    ),
    About.ARRIVED: (
        "A request for support waits in your queue",
        "A school sent a request for support. It waits in your organisation's queue.",
    ),
    About.ASSIGNED: ("A case was given to you", "A case was given to you."),
    About.CHANGED: (
        "A case has changed",
        "Something was done with a case of which you are the Primary Contact.",
    ),
    About.SHARED: (
        "Something was shared in a case",
        "A comment or a file was shared with you in a case.",
    ),
    About.NAMED: (
        "You are the Primary Contact of a case",
        "You were named as the Primary Contact of a case.",
    ),
    About.NO_CONTACT: (
        "A case needs another Primary Contact",
        "A case of your school has changed, and its Primary Contact does not see it any more.",
    ),
    About.COMING: (
        "Cases will come to your organisation",
        "Catchments change hands, and open cases come to your organisation with them.",
    ),
    About.GOING: (
        "Cases will leave your organisation",
        "Catchments change hands, and open cases with them. Write down what is to be known.",
    ),
    About.CALLED_OFF: (
        "Cases stay where they are",
        "A change of catchments was called off: cases that were to change hands stay.",
    ),
    About.MOVED: (
        "A case has another provider",
        "A case of which you are the Primary Contact has changed hands with its catchment.",
    ),
    About.INVITED: (
        "You have an account for requests for support",
        "Your delegated authoriser made an account for you, and has its first password.",
    ),
}


class CaseLetters(letters.Letters):
    """The letters of this store: of accounts and of cases."""

    says: ClassVar[Mapping[str, tuple[str, str]]] = {**letters.SAYS, **_SAYS}
    labels: ClassVar[Mapping[str, str]] = {
        **letters.LABELS,
        "reference": "Reference",
        "state": "It is now",
        "whose": "Organisation",
        "cases": "Cases",
        "day": "On",
        "edition": "Edition",
        "login": "Login",
    }
    of_work: ClassVar[frozenset[str]] = letters.Letters.of_work | frozenset(About)
    # A case is news for longer than a sign-in: a mail server may be away over a weekend.
    too_old_after: ClassVar[timedelta] = timedelta(days=7)
    attempts_at_most: ClassVar[int] = 36

    def _claimed(self, connection: sa.Connection, row_id: int) -> Claimed:
        claimed = super()._claimed(connection, row_id)
        if not connection.scalar(sa.select(schema.followed.c.demonstration)):
            return claimed
        subject, text = f"{MADE_UP}: {claimed.subject}", f"{ALL_MADE_UP}\n\n{claimed.text}"
        return replace(claimed, subject=subject, text=text)


def tell(
    connection: sa.Connection, person_id: int, kind: About, reference: str = "", **facts: str
) -> None:
    """Queue a letter to somebody, in the caller's transaction; to a closed account none."""
    whom = by_id(connection, person_id)
    if whom.disabled_at is not None:
        return
    if reference:
        facts |= {"reference": spaced(reference), "path": f"{PATH}/cases/{reference}"}
    else:
        facts.setdefault("path", PATH)
    enqueue(connection, whom, kind, **facts)


def tell_contact(connection: sa.Connection, case: Case, kind: About, **facts: str) -> None:
    """Queue a letter to a case's Primary Contact, as long as the case is theirs to see.

    Else the Attendance Leads of the school hear that it needs another; of a student who has left
    nobody there is told.
    """
    if case.left_on is not None:
        return
    if speaks_for_school(viewer_of(connection, case.primary_contact), case):
        tell(connection, case.primary_contact, kind, case.reference, **facts)
    else:
        lead = CaseRole.ATTENDANCE_LEAD
        tell_leads(connection, case.school, About.NO_CONTACT, case.reference, role=lead)


def tell_worker(connection: sa.Connection, case: Case, kind: About) -> None:
    """Queue a letter to whoever a case is given to, or to the Workflow Leads if they lost it."""
    worker = case.assigned_to or 0
    if works_on(viewer_of(connection, worker), case):
        tell(connection, worker, kind, case.reference)
    else:
        tell_leads(connection, case.holder, kind, case.reference)


def tell_leads(
    connection: sa.Connection,
    organisation: int,
    kind: About,
    reference: str = "",
    *,
    role: CaseRole = CaseRole.WORKFLOW_LEAD,
    **facts: str,
) -> None:
    """Queue a letter to all Workflow Leads of an organisation, or to all who have another role."""
    membership = schema.membership
    leads = (
        sa.select(membership.c.person_id)
        .join(person, person.c.id == membership.c.person_id)
        .where(
            membership.c.organisation_id == organisation,
            membership.c.role == role,
            person.c.disabled_at.is_(None),
        )
    )
    for lead in list(connection.scalars(leads.order_by(membership.c.person_id))):
        tell(connection, lead, kind, reference, **facts)
