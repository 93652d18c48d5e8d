"""Fifty people at once at requests for support, and what the public answers beside it cost by then.

The public server answers schools without pause, in turns without and with the people beside it:
lists, cases and comments on the portal's own process. What counts is the processor that one public
answer takes: how many there are a second is also a matter of who else uses the machine. Everything
is made up.
"""

from __future__ import annotations

import http.client
import random
import re
import secrets
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from catchments.core.settings import sqlite_url
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.store.database import RequestsDatabase, protect
from catchments.requests.store.organisations import Organisations
from scripts.benchmark_requests import DATA_KEY, PASSWORD, TOKEN, add_person, fill
from scripts.benchmarking import console, options, show
from scripts.postgresql import throw_away
from scripts.servers import Served, flask_serve, serving

TIMEOUT_S = 60.0
SLOW_S = 1.0
"""So long nobody is to wait for a page."""
_CASE = re.compile(r'href="(/requests/cases/[A-Z0-9]{8})"')
_WROTE = '<form class="write"'


def main() -> None:
    given = options(
        __doc__,
        cases=20_000,
        schools=250,
        providers=30,
        people=50,
        pause=(5.0, "seconds that a person looks at a page, on average"),
        seconds=15,
        turns=3,
        askers=(4, "connections that ask the public server without pause"),
        database=("both", "sqlite, postgresql or both"),
    )
    kinds = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    with tempfile.TemporaryDirectory() as folder, flask_serve(Path(folder), workers=1) as public:
        for kind in kinds:
            with _database(kind, Path(folder)) as url:
                logins = _filled(url, given)
                with _portal(url, public) as portal:
                    _measured(kind, public, portal, logins, given)


# --- what there is --------------------------------------------------------------------------------


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield sqlite_url(folder / "requests.sqlite")
        return
    with throw_away() as cluster:
        yield cluster.create("requests")


def _filled(url: str, given: Any) -> list[str]:
    """Fill a database; return the logins of so many people, of schools and of providers in turn."""
    database = RequestsDatabase(url, data_keys=(DATA_KEY,))
    database.migrate()
    protect(database)
    fill(database, given)
    organisations = Organisations(database)
    kinds = (
        (OrganisationKind.SCHOOL, CaseRole.ATTENDANCE_LEAD),
        (OrganisationKind.PROVIDER, CaseRole.WORKFLOW_LEAD),
    )
    places = {kind: organisations.all(kind) for kind, _ in kinds}
    logins = []
    for number in range(given.people):
        kind, role = kinds[number % len(kinds)]
        where = places[kind][number // len(kinds) % len(places[kind])]
        logins.append(add_person(database, f"person-{number}", where, role).login)
    database.close()
    return logins


@contextmanager
def _portal(url: str, public: Served) -> Iterator[Served]:
    with serving(
        *("flask", "requests", "serve", "--port={port}"),
        FLASK_APP="app.py",
        CATCHMENTS_REQUESTS_DATABASE_URL=url,
        CATCHMENTS_REQUESTS_DATA_KEY=DATA_KEY,
        CATCHMENTS_REQUESTS_SECOND_FACTOR="none",
        CATCHMENTS_REQUESTS_INSECURE_COOKIES="1",
        CATCHMENTS_REQUESTS_LOOKUP_URL=public.address,
    ) as portal:
        yield portal


# --- who asks -------------------------------------------------------------------------------------


class Asking(threading.Thread):
    """Does something until it is told that it is enough."""

    def __init__(self, turn: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._turn, self._enough = turn, threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            self._turn()

    def stop(self) -> None:
        self._enough.set()


@contextmanager
def all_asking(*turns: Callable[[], None]) -> Iterator[list[Asking]]:
    """Have all take turn after turn, each in a thread of its own."""
    threads = [Asking(turn) for turn in turns]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.join(TIMEOUT_S)


class School:
    """Somebody who asks the public server who serves a school, over one connection."""

    def __init__(self, public: Served, schools: list[int]) -> None:
        self._schools = schools
        self._line = http.client.HTTPConnection(public.host, public.port, timeout=TIMEOUT_S)
        self.answered, self.wrong = 0, 0

    def __call__(self) -> None:
        school = random.choice(self._schools)
        self._line.request("GET", f"/v1/provider?school_id={school}")
        response = self._line.getresponse()
        response.read()
        self.answered += 1
        self.wrong += response.status != http.client.OK

    def close(self) -> None:
        """Close the connection."""
        self._line.close()


@dataclass
class Told:
    """What people were answered."""

    took_s: list[float] = field(default_factory=list)
    statuses: Counter[int | str] = field(default_factory=Counter)

    @property
    def errors(self) -> dict[int | str, int]:
        fine = {http.client.OK, http.client.SEE_OTHER}
        return {status: count for status, count in self.statuses.items() if status not in fine}


class Person:
    """Somebody who is signed in: looks at a list, at cases of it, writes a comment now and then."""

    def __init__(self, portal: Served, login: str, told: Told, pause_s: float) -> None:
        self._portal, self._told, self._pause_s = portal, told, pause_s
        self._session = requests.Session()
        self._session.trust_env = False
        page = self._session.get(f"{portal.address}/requests/sign-in", timeout=TIMEOUT_S)
        form = {"login": login, "password": PASSWORD, "csrf_token": TOKEN.findall(page.text)[0]}
        signed = self._session.post(f"{portal.address}/requests/sign-in", form, timeout=TIMEOUT_S)
        if "Sign out" not in signed.text:
            raise SystemExit(f"{login} cannot sign in: {signed.status_code}")

    def __call__(self) -> None:
        self._ask("GET", "/requests")
        page = random.choice(("", "?state=queued", "?state=closed", "?page=2"))
        listed = self._ask("GET", f"/requests/cases{page}")
        cases = _CASE.findall(listed.text if listed else "")
        for path in random.sample(cases, min(2, len(cases))):
            self._look(path)

    def _look(self, path: str) -> None:
        case = self._ask("GET", path)
        if case is None or _WROTE not in case.text or random.random() > 0.5:
            return
        form = {"text": "Made up.", "for": "shared", "once": secrets.token_hex(16)}
        self._ask("POST", f"{path}/notes", form | {"csrf_token": TOKEN.findall(case.text)[0]})

    def _ask(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> requests.Response | None:
        time.sleep(random.uniform(0, 2 * self._pause_s))
        began = time.perf_counter()
        url = f"{self._portal.address}{path}"
        try:
            answer = self._session.request(
                method, url, data=form, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as error:
            self._told.statuses[type(error).__name__] += 1
            return None
        self._told.took_s.append(time.perf_counter() - began)
        self._told.statuses[answer.status_code] += 1
        return answer


# --- measuring ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """What the public server did in one turn."""

    cpu_us: float
    a_second: float
    wrong: int


def _measured(kind: str, public: Served, portal: Served, logins: list[str], given: Any) -> None:
    told = Told()
    people = [Person(portal, login, told, given.pause) for login in logins]
    memory_mb, before_s = [portal.memory_mb()], portal.cpu_s()
    turns: dict[str, list[Turn]] = {"without": [], "with": []}
    schools = _schools(public)
    _public_turn(public, schools, 2, given.askers)
    for _ in range(given.turns):
        turns["without"].append(_public_turn(public, schools, given.seconds, given.askers))
        with all_asking(*people):
            turns["with"].append(_public_turn(public, schools, given.seconds, given.askers))
        memory_mb.append(portal.memory_mb())
    took_s = portal.cpu_s() - before_s
    _show(kind, turns, given)
    asked = sum(told.statuses.values())
    waits = sorted(told.took_s)
    rows = [
        ("requests, all together", f"{asked:,}"),
        ("errors", ", ".join(f"{n} × {what}" for what, n in told.errors.items()) or "none"),
        ("ms of processor each", f"{took_s / max(asked, 1) * 1e3:.1f}"),
        ("ms waited, median", f"{statistics.median(waits) * 1e3:.0f}"),
        ("ms waited, 95 of 100 less than", f"{waits[len(waits) * 95 // 100] * 1e3:.0f}"),
        (f"waited over {SLOW_S:.0f} s", f"{sum(each > SLOW_S for each in waits):,}"),
        ("MB of memory, before and after each turn", ", ".join(f"{mb:.0f}" for mb in memory_mb)),
    ]
    show(f"{kind}: the portal, {given.people} people at once", ("", ""), rows)


def _schools(public: Served) -> list[int]:
    page = requests.get(f"{public.address}/v1/schools.json?limit=200", timeout=TIMEOUT_S).json()
    return [each["school"]["school_id"] for each in page["items"]]


def _public_turn(public: Served, numbers: list[int], seconds: float, askers: int) -> Turn:
    with ExitStack() as stack:
        schools = [stack.enter_context(closing(School(public, numbers))) for _ in range(askers)]
        before_s, began = public.cpu_s(), time.perf_counter()
        with all_asking(*schools):
            time.sleep(seconds)
        took_s, cpu_s = time.perf_counter() - began, public.cpu_s() - before_s
    answered = sum(school.answered for school in schools)
    wrong = sum(school.wrong for school in schools)
    return Turn(cpu_s / max(answered, 1) * 1e6, answered / took_s, wrong)


def _show(kind: str, turns: dict[str, list[Turn]], given: Any) -> None:
    rows, least = [], statistics.median(turn.cpu_us for turn in turns["without"])
    quickest = statistics.median(turn.a_second for turn in turns["without"])
    for name, taken in turns.items():
        cpu_us = statistics.median(turn.cpu_us for turn in taken)
        a_second = statistics.median(turn.a_second for turn in taken)
        wrong = sum(turn.wrong for turn in taken)
        ratios = f"{cpu_us / least:.2f} ×", f"{a_second / quickest:.2f} ×"
        rows.append(
            (
                f"{name} people",
                f"{cpu_us:.0f}",
                ratios[0],
                f"{a_second:,.0f}",
                ratios[1],
                f"{wrong}",
            )
        )
    title = f"{kind}: public answers, {given.turns} turns of {given.seconds} s each"
    headings = ("", "µs of processor", "ratio", "a second", "ratio", "wrong")
    show(title, headings, rows)
    console.print("A second: on a machine that all of it, and whoever asks, shares.")


if __name__ == "__main__":
    main()
