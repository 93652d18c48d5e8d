"""Requests for support with many cases: each page in milliseconds of processor, and beside a page
that asks for no case, in one run. Everything in them is made up.
"""

from __future__ import annotations

import random
import re
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from catchments.core.roles import Person, Role
from catchments.core.settings import Settings, sqlite_url
from catchments.requests.application import create_app
from catchments.requests.rules.cases import OPEN, CaseState
from catchments.requests.rules.references import new_reference
from catchments.requests.rules.requests import (
    Consent,
    SchoolStep,
    SupportRequest,
    packed,
    same_student,
)
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.settings import RequestsSettings
from catchments.requests.store import schema
from catchments.requests.store.database import RequestsDatabase, protect, student_digest
from catchments.requests.store.organisations import Organisation, Organisations
from catchments.requests.store.sealed import seal, student_context
from catchments.store.accounts.people import People
from scripts.benchmarking import console, options, show

TODAY = date(2026, 11, 30)
PASSWORD = "a made up passphrase of the benchmark"
DATA_KEY = "a-key-of-the-benchmark-that-seals-what-is-made-up"
A_YEAR = 65_000
"""Requests, as many as the service that this stands beside is said to have."""
OPEN_SHARE = 0.06
AT_ONCE = 5_000
LOOKS_EACH = 5
"""Entries of the trail that each case has."""
_C = schema.support_case
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def main() -> None:
    given = options(__doc__, cases=400_000, schools=2_500, providers=84, turns=25)
    with tempfile.TemporaryDirectory() as folder, _filled(Path(folder), given) as (app, found):
        rows, least = [], 0.0
        for name, ask in _pages(app, found).items():
            took = _measured(ask, given.turns)
            least = least or statistics.median(took)
            shown = [f"{value:.1f}" for value in (statistics.median(took), max(took))]
            rows.append((name, *shown, f"{statistics.median(took) / least:.1f} ×"))
        title = f"{given.cases:,} cases, {given.schools:,} schools, {given.providers} providers"
        show(title, ("Page", "ms of processor", "slowest", "beside the first"), rows)


# --- what there is --------------------------------------------------------------------------------


@contextmanager
def _filled(folder: Path, given: Any) -> Iterator[tuple[Flask, dict[str, str]]]:
    settings = Settings(
        database_url=sqlite_url(folder / "requests.sqlite"),
        data_keys=(DATA_KEY,),
        secret_keys=("a-key-of-the-benchmark-that-signs-its-sessions",),
        second_factor=frozenset(),
    )
    database = RequestsDatabase.of(settings)
    database.migrate()
    protect(database)
    began = time.perf_counter()
    reference = fill(database, given)
    _trail(database)
    console.print(f"filled in {time.perf_counter() - began:,.0f} s")
    first = Organisations(database).named(OrganisationKind.PROVIDER, "P-0")
    looks = f"/requests/organisations/{first.id if first else 0}/looks"
    found = {"reference": reference, "looks": looks}
    yield create_app(RequestsSettings(settings), today=lambda: TODAY), found
    database.close()


def fill(database: RequestsDatabase, given: Any) -> str:
    """Fill a database with organisations, four people and cases; return an open case of theirs."""
    organisations, chance = Organisations(database), random.Random(5)
    schools = [
        organisations.ensure(OrganisationKind.SCHOOL, str(n), f"Made-up School {n}")
        for n in range(1, given.schools + 1)
    ]
    providers = [
        organisations.ensure(OrganisationKind.PROVIDER, f"P-{n}", f"Made-up provider {n}")
        for n in range(given.providers)
    ]
    sender = add_person(database, "sender", schools[0], CaseRole.ATTENDANCE_LEAD)
    contact = add_person(database, "contact", schools[0], CaseRole.PRIMARY_CONTACT)
    add_person(database, "lead", providers[0], CaseRole.WORKFLOW_LEAD)
    add_person(database, "authoriser", providers[0], CaseRole.AUTHORISER)
    manager = add_person(database, "manager", providers[0], CaseRole.CASE_MANAGER)
    people = {"submitted_by_id": sender.id, "primary_contact_id": contact.id}
    last, references = "", _references()
    for begin in range(0, given.cases, AT_ONCE):
        with database.writing() as connection:
            rows = []
            for number in range(begin, min(given.cases, begin + AT_ONCE)):
                school = (given.cases - 1 - number) % len(schools)  # the last is of the first
                holder = providers[school * len(providers) // len(schools)]
                row = _case(number, given.cases, chance) | people
                row["reference"] = next(references)
                request = _request(number)
                reference = row["reference"]
                row |= {"school_id": schools[school].id, "holder_id": holder.id}
                row["student"] = seal(
                    connection, packed(request), student_context(reference=reference)
                )
                row["student_digest"] = (
                    secrets.token_hex(32)  # nobody looks for these
                    if number
                    else student_digest(connection, same_student(request))
                )
                worked = row["state"] not in {CaseState.QUEUED, CaseState.RETURNED}
                mine = worked and holder is providers[0] and number % 3 == 0
                row["assigned_to_id"] = manager.id if mine else None
                rows.append(row)
                if holder is providers[0] and row["state"] in OPEN and school == 0:
                    last = reference
            connection.execute(_C.insert(), rows)
    return last


def _trail(database: RequestsDatabase) -> None:
    """Make up that each case was looked at so often; these entries are in no chain."""
    table, of = schema.metadata.tables["audit_entry"], schema.trail_of
    with database.writing() as connection:
        last = int(connection.scalar(sa.select(sa.func.max(table.c.number))) or 0)
        cases = list(connection.execute(sa.select(_C.c.reference, _C.c.school_id, _C.c.holder_id)))
        for turn in range(LOOKS_EACH):
            begin = last + 1 + turn * len(cases)
            for at in range(0, len(cases), AT_ONCE):
                entries = list(enumerate(cases[at : at + AT_ONCE], begin + at))
                connection.execute(table.insert(), [_look(n, each[0]) for n, each in entries])
                found = [(place, n) for n, each in entries for place in each[1:]]
                rows = [{"organisation_id": place, "number": n} for place, n in found]
                connection.execute(of.insert(), rows)


def _look(number: int, reference: str) -> dict[str, Any]:
    about = {"actor": "lead", "action": "case.look", "subject": f"case {reference}"}
    made = {"at": "2026-11-01T00:00:00+00:00", "detail": "{}", "hash": f"{number:064}"}
    return {"number": number} | about | made


def _references() -> Iterator[str]:
    """Yield references, each once: of so many at random some are drawn twice."""
    given: set[str] = set()
    while True:
        reference = new_reference()
        if reference not in given:
            given.add(reference)
            yield reference


def _case(number: int, cases: int, chance: random.Random) -> dict[str, Any]:
    days = (cases - number) * 365 // A_YEAR
    sent = datetime(TODAY.year, TODAY.month, TODAY.day) - timedelta(days=days)  # noqa: DTZ001 - kept so
    is_open = number >= cases * (1 - OPEN_SHARE)
    state = chance.choice(sorted(OPEN)) if is_open else CaseState.CLOSED
    return {
        "once": secrets.token_hex(16),
        "state": state,
        "submitted_at": sent,
        "submitted_on": sent.date(),
        "closed_at": None if is_open else sent + timedelta(days=90),
        "catchment_code": "C",
        "catchment_name": "Made-up catchment",
        "provider_code": "P",
        "provider_name": "Made-up provider",
        "edition_number": 1,
        "demonstration": True,
    }


def _request(number: int) -> SupportRequest:
    return SupportRequest(
        student_name=f"Made-up Student {number}",
        born_on=date(2012, 1 + number % 12, 1 + number % 28),
        year_level=1 + number % 11,
        family_name="Made-up Parent",
        family_is="mother",
        family_phone="021 000 000",
        attendance_percent=55.0,
        days_absent=20.0,
        term="Term 4 of 2026",
        steps=(SchoolStep(date(2026, 10, 20), "Met the family (made up). " * 10),),
        barriers="Made up. " * 50,
        consent=Consent.AGREED,
    )


def add_person(
    database: RequestsDatabase, login: str, where: Organisation, role: CaseRole
) -> Person:
    """Add somebody who signs in with `PASSWORD`."""
    person = People(database).add(
        login=login,
        name=f"{login} (made up)",
        email=f"{login}@made-up.example",
        roles={Role.READER},
        password=PASSWORD,
        is_first=False,
    )
    Organisations(database).set_roles(person.id, where.id, {role})
    return person


# --- what is asked --------------------------------------------------------------------------------


def _pages(app: Flask, found: Mapping[str, str]) -> dict[str, Callable[[], Any]]:
    logins = ("sender", "lead", "manager", "authoriser")
    school, lead, manager, authoriser = (_signed_in(app, each) for each in logins)
    case, student = f"/requests/cases/{found['reference']}", _request(0)
    search = {"student_name": student.student_name, "born_on": student.born_on.isoformat()}
    return {
        "nobody's page: sign in": lambda: app.test_client().get("/requests/sign-in"),
        "home of a school": lambda: school.get("/requests"),
        "home of a Workflow Lead": lambda: lead.get("/requests"),
        "a school's open cases": lambda: school.get("/requests/cases"),
        "a provider's open cases": lambda: lead.get("/requests/cases"),
        "a provider's closed cases": lambda: lead.get("/requests/cases?state=closed"),
        "… the 40th page of them": lambda: lead.get("/requests/cases?state=closed&page=40"),
        "a Case Manager's own": lambda: manager.get("/requests/cases?mine=yes"),
        "a case, as its school sees it": lambda: school.get(case),
        "a case, as its provider sees it": lambda: lead.get(case),
        "who looked at a provider's cases": lambda: authoriser.get(found["looks"]),
        "a student by name and birth": lambda: _sent(school, "/requests/search", search),
    }


def _signed_in(app: Flask, login: str) -> FlaskClient:
    client = app.test_client()
    _sent(client, "/requests/sign-in", {"login": login, "password": PASSWORD})
    return client


def _sent(client: FlaskClient, path: str, fields: Mapping[str, str]) -> Any:
    page = client.get(path, follow_redirects=True)
    token = TOKEN.findall(page.text)[0]
    return client.post(path, data={"csrf_token": token, **fields})


def _measured(ask: Callable[[], Any], turns: int) -> list[float]:
    """Return the milliseconds of processor that each turn takes, after two to warm up."""
    taken = []
    for turn in range(turns + 2):
        began = time.process_time()
        response = ask()
        took = (time.process_time() - began) * 1e3
        if response.status_code not in {200, 303}:
            raise SystemExit(f"{response.request.path} answered {response.status_code}")
        taken += [took] if turn >= 2 else []
    return taken


if __name__ == "__main__":
    main()
