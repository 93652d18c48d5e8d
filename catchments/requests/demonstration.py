"""A demonstration: people and cases that are made up, of schools and providers of the lookup.

Of the demonstration edition alone: next to real providers nothing is made up.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from catchments.core.errors import InputRefused
from catchments.core.roles import Person, Role
from catchments.requests.lookup import Lookup
from catchments.requests.rules.cases import ClosedBecause, Step
from catchments.requests.rules.requests import Consent, SchoolStep, SupportRequest
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.rules.served import Served
from catchments.requests.store.cases import Cases, Sending
from catchments.requests.store.database import RequestsDatabase
from catchments.requests.store.demonstration import backdate
from catchments.requests.store.handovers import Handovers
from catchments.requests.store.notes import NoteKind, Notes
from catchments.requests.store.organisations import Organisation, Organisations
from catchments.store.accounts.people import People

CASES = 300
SCHOOLS_ASKED = 1_000
LONGEST_AGE_DAYS = 250
_PASSWORD_BYTES = 12
_STATES: tuple[tuple[Step, ...], ...] = (
    (),
    (),
    (Step.ASSIGN,),
    (Step.ASSIGN, Step.BEGIN),
    (Step.ASSIGN, Step.BEGIN),
    (Step.ASSIGN, Step.BEGIN, Step.PAUSE),
    (Step.ASSIGN, Step.BEGIN, Step.CLOSE),
    (Step.ASSIGN, Step.BEGIN, Step.PAUSE, Step.RESUME),
    (Step.SEND_BACK,),
    (Step.DECLINE,),
)
"""The ways that cases have gone, in turn."""
Progress = Callable[[str, int, int | None], None]
Logins = dict[str, tuple[str, str]]
"""Login → what they are, and their password."""


@dataclass
class _Filling:
    database: RequestsDatabase
    logins: Logins
    chance: random.Random

    def person(self, login: str, name: str, *held: tuple[Organisation, CaseRole]) -> Person:
        """Make somebody who signs in nowhere, since they have no password."""
        return self._made(login, name, "", *held)

    def shown(self, login: str, name: str, *held: tuple[Organisation, CaseRole]) -> Person:
        """Make somebody to sign in as; what they are and their password will be shown."""
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        what = ", ".join(f"{role} of {where.name}" for where, role in held)
        person = self._made(login, name, password, *held)
        self.logins[person.login] = (what, password)
        return person

    def _made(
        self, login: str, name: str, password: str, *held: tuple[Organisation, CaseRole]
    ) -> Person:
        person = People(self.database).add(
            login=f"{login}@made-up.example",
            name=f"{name} (made up)",
            email=f"{login}@made-up.example",
            roles={Role.READER},
            password=password,
        )
        for where in {where for where, _ in held}:
            roles = {role for each, role in held if each == where}
            Organisations(self.database).set_roles(person.id, where.id, roles)
        return person


def fill(
    database: RequestsDatabase,
    lookup: Lookup,
    *,
    today: date,
    progress: Progress = lambda *_: None,
) -> Logins:
    """Fill an empty database; return the logins of those who have a password.

    Raises LookupAway, and InputRefused where the lookup's answers are not made up themselves.
    """
    feed = lookup.feed()
    if not feed.demonstration:
        raise InputRefused(
            "The lookup answers with real providers.",
            allowed="People and cases are only made up beside the demonstration edition.",
            next_step="Invite real people: `flask requests authoriser`.",
        )
    filling = _Filling(database, {}, random.Random(21))  # noqa: S311 - what is made up is no secret
    by_provider: dict[str, Served] = {}
    for served in lookup.all_served(lookup.schools(SCHOOLS_ASKED), today).values():
        if served.is_resolved:
            by_provider.setdefault(served.provider_code, served)
    answers = [lookup.served(each.school_id, today) for each in by_provider.values()]
    sides = [_sides(filling, served, shown=at == 0) for at, served in enumerate(answers)]
    _ministry(filling)
    for number in range(CASES):
        progress("Making up cases", number, CASES)
        _case(filling, number, *sides[number % len(sides)])
    Handovers(database).note_heard(day=date.min, editions="", demonstration=True)
    return filling.logins


@dataclass(frozen=True)
class _Provider:
    lead: Person
    manager: Person


def _sides(filling: _Filling, served: Served, *, shown: bool) -> tuple[Served, Person, _Provider]:
    """Make a school and its provider with their people; those of the first can sign in."""
    organisations, code = Organisations(filling.database), served.provider_code.lower()
    kind = OrganisationKind.SCHOOL
    school = organisations.ensure(kind, str(served.school_id), served.school_name)
    provider = organisations.ensure(
        OrganisationKind.PROVIDER, served.provider_code, served.provider_name
    )
    make = filling.shown if shown else filling.person
    sender = make(
        f"lead-{served.school_id}",
        "Attendance Lead",
        (school, CaseRole.ATTENDANCE_LEAD),
        (school, CaseRole.PRIMARY_CONTACT),
    )
    lead = make(f"workflow-{code}", "Workflow Lead", (provider, CaseRole.WORKFLOW_LEAD))
    manager = make(f"manager-{code}", "Case Manager", (provider, CaseRole.CASE_MANAGER))
    if shown:
        of_school = (school, CaseRole.AUTHORISER)
        filling.shown(f"office-{served.school_id}", "Office", (school, CaseRole.OFFICE_SUPPORT))
        filling.shown(f"authoriser-{served.school_id}", "Authoriser", of_school)
        filling.shown(f"authoriser-{code}", "Authoriser", (provider, CaseRole.AUTHORISER))
    return served, sender, _Provider(lead, manager)


def _ministry(filling: _Filling) -> None:
    ministry = Organisations(filling.database).ensure(
        OrganisationKind.MINISTRY, "ministry", "Ministry of Education"
    )
    held = (ministry, CaseRole.FIGURES), (ministry, CaseRole.AUTHORISER)
    filling.shown("figures", "Ministry", *held)


def _case(
    filling: _Filling, number: int, served: Served, sender: Person, provider: _Provider
) -> None:
    cases, database, chance = Cases(filling.database), filling.database, filling.chance
    school = Organisations(database).named(OrganisationKind.SCHOOL, str(served.school_id))
    assert school is not None  # noqa: S101 - it was made above
    sending = Sending(
        once=secrets.token_hex(16),
        school=school.id,
        request=_request(number, served.on, chance),
        served=served,
        primary_contact=sender.id,
    )
    reference, version = cases.submit(sender, sending), 1
    for step in _STATES[number % len(_STATES)]:
        by = provider.lead if step in {Step.ASSIGN, Step.SEND_BACK, Step.DECLINE} else None
        reason = f"{ClosedBecause.ATTENDING} (made up)" if step is Step.CLOSE else "Made up."
        cases.take(
            by or provider.manager,
            reference,
            step,
            version=version,
            reason=reason,
            assignee=provider.manager.id if step is Step.ASSIGN else None,
        )
        version += 1
    if number % 5 == 0:
        _say(database, reference, sender, "We met again on Monday (made up).")
    backdate(database, reference, timedelta(days=chance.randrange(LONGEST_AGE_DAYS)))


def _say(database: RequestsDatabase, reference: str, who: Person, text: str) -> None:
    notes, once = Notes(database), secrets.token_hex(16)
    viewer = Organisations(database).viewer(who.id)
    if Cases(database).head(who, viewer, reference).case.is_open:
        notes.add(who, reference, text, once=once, shared=True, kind=NoteKind.COMMENT)


def _request(number: int, today: date, chance: random.Random) -> SupportRequest:
    year = chance.randrange(1, 12)
    met = today - timedelta(days=chance.randrange(5, 60))
    return SupportRequest(
        student_name=f"Made-up Student {number + 1}",
        born_on=date(today.year - year - 5, chance.randrange(1, 13), chance.randrange(1, 29)),
        year_level=year,
        family_name=f"Made-up Parent {number + 1}",
        family_is=chance.choice(["mother", "father", "grandmother", "caregiver"]),
        family_phone="021 000 000",
        attendance_percent=float(chance.randrange(10, 70)),
        days_absent=float(chance.randrange(15, 45)),
        term="Term 4 of 2026",
        steps=(SchoolStep(met, "Met the family and agreed on a plan (made up)."),),
        barriers="Made up: transport in the mornings.",
        consent=chance.choice(list(Consent)),
    )
