"""A made-up world of requests: two schools, two providers, people in every role; all is made up."""

from __future__ import annotations

import dataclasses
import itertools
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from catchments.core.roles import Person, Role
from catchments.requests.rules.requests import Consent, SchoolStep, SupportRequest
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.rules.served import Served
from catchments.requests.store.cases import Cases, Sending
from catchments.requests.store.database import RequestsDatabase, protect
from catchments.requests.store.organisations import Organisation, Organisations
from catchments.store.accounts.people import People
from tests.staff import PASSWORD
from tests.worlds import DATA_KEY, sqlite_url

TODAY = date(2026, 11, 30)
NORTH, SOUTH = "P-NORTH", "P-SOUTH"
SCHOOLS = {54: "Made-up Grammar", 55: "Made-up Primary"}
PROVIDERS = {NORTH: "Made-up provider North", SOUTH: "Made-up provider South"}
_ONCE = itertools.count()
FILE = "requests.sqlite"


@dataclass
class Desk:
    """A store with people; by login."""

    database: RequestsDatabase
    people: dict[str, Person]
    organisations: dict[str, Organisation]
    """By key: a school's number, a provider's code, `team-54`."""

    @property
    def cases(self) -> Cases:
        return Cases(self.database)

    def viewer(self, login: str):
        return Organisations(self.database).viewer(self.people[login].id)

    def send(self, login: str = "ana", school: str = "54", **changes) -> str:
        sending = self.sending(school, **changes)
        return self.cases.submit(self.people[login], sending)

    def sending(self, school: str = "54", *, provider: str = NORTH, **changes) -> Sending:
        contact = {"54": "pita", "55": "para"}[school]
        fields = {field.name for field in dataclasses.fields(Sending)}
        about = {name: value for name, value in changes.items() if name not in fields}
        made = Sending(
            once=f"once-{next(_ONCE)}",
            school=self.organisations[school].id,
            request=support_request(**about),
            served=served(int(school), provider),
            primary_contact=self.people[contact].id,
        )
        given = {name: value for name, value in changes.items() if name in fields}
        return dataclasses.replace(made, **given)


def served(school_id: int, provider: str, *, on: date = TODAY, edition: int = 1, **more) -> Served:
    return Served(
        school_id=school_id,
        school_name=SCHOOLS[school_id],
        on=on,
        edition_number=edition,
        catchment_code=f"C-{school_id}",
        catchment_name=f"Catchment {school_id}",
        provider_code=provider,
        provider_name=PROVIDERS.get(provider, provider),
        demonstration=True,
        **more,
    )


def support_request(**changes) -> SupportRequest:
    """A request about a made-up student."""
    made = {
        "student_name": "Made-up Student",
        "born_on": date(2014, 3, 4),
        "year_level": 7,
        "family_name": "Made-up Parent",
        "family_is": "mother",
        "family_phone": "021 000 000",
        "attendance_percent": 61.5,
        "days_absent": 19.5,
        "term": "Term 4 of 2026",
        "steps": (SchoolStep(date(2026, 10, 20), "We met the family."),),
        "barriers": "Nothing that is real.",
        "consent": Consent.AGREED,
    }
    return SupportRequest(**(made | changes))


PEOPLE = {
    # login: [(organisation, role), …]
    "ana": [("54", CaseRole.ATTENDANCE_LEAD)],
    "pita": [("54", CaseRole.PRIMARY_CONTACT)],
    "ofa": [("54", CaseRole.OFFICE_SUPPORT)],
    "auth54": [("54", CaseRole.AUTHORISER)],
    "lena": [("55", CaseRole.ATTENDANCE_LEAD)],
    "para": [("55", CaseRole.PRIMARY_CONTACT)],
    "wiki": [(NORTH, CaseRole.WORKFLOW_LEAD)],
    "cam": [(NORTH, CaseRole.CASE_MANAGER)],
    "cleo": [(NORTH, CaseRole.CASE_MANAGER)],
    "authn": [(NORTH, CaseRole.AUTHORISER)],
    "auths": [(SOUTH, CaseRole.AUTHORISER)],
    "wira": [(SOUTH, CaseRole.WORKFLOW_LEAD)],
    "sina": [(SOUTH, CaseRole.CASE_MANAGER)],
    "team": [("team-54", CaseRole.WORKFLOW_LEAD), ("54", CaseRole.OFFICE_SUPPORT)],
    "mina": [("ministry", CaseRole.FIGURES)],
    "nobody": [],
}


def desk_at(path: Path) -> Desk:
    """Return a new made-up world in a folder: a copy, since passwords take their time to hash."""
    content, first = _made_once()
    (path / FILE).write_bytes(content)
    return desk_like(first, sqlite_url(path / FILE))


def desk_like(first: Desk, url: str) -> Desk:
    """Return the made-up world in a database that is a copy of another's."""
    database = RequestsDatabase(url, data_keys=(DATA_KEY,))
    return Desk(database, dict(first.people), dict(first.organisations))


@cache
def _made_once() -> tuple[bytes, Desk]:
    with TemporaryDirectory() as folder:
        made = desk_of(sqlite_url(Path(folder) / FILE))
        made.database.close()
        with closing(sqlite3.connect(Path(folder) / FILE)) as connection:
            return connection.serialize(), made


def desk_of(url: str) -> Desk:
    """Return a new made-up world in an empty database."""
    database = RequestsDatabase(url, data_keys=(DATA_KEY,))
    database.migrate()
    protect(database)
    organisations = Organisations(database)
    found = {
        str(number): organisations.ensure(OrganisationKind.SCHOOL, str(number), name)
        for number, name in SCHOOLS.items()
    }
    found |= {
        code: organisations.ensure(OrganisationKind.PROVIDER, code, name)
        for code, name in PROVIDERS.items()
    }
    team = OrganisationKind.IN_SCHOOL_TEAM
    found["team-54"] = organisations.ensure(team, "54", "In-school team of Made-up Grammar")
    ministry = OrganisationKind.MINISTRY
    found["ministry"] = organisations.ensure(ministry, "ministry", "Ministry of Education")
    people = {login: _person(database, login) for login in PEOPLE}
    for login, held in PEOPLE.items():
        for key in {key for key, _ in held}:
            roles = {role for where, role in held if where == key}
            organisations.set_roles(people[login].id, found[key].id, roles)
    return Desk(database, people, found)


def _person(database: RequestsDatabase, login: str) -> Person:
    return People(database).add(
        login=login,
        name=f"{login.title()} (made up)",
        email=f"{login}@made-up.example",
        roles={Role.READER},
        password=PASSWORD,
        is_first=False,
    )
