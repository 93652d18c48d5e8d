"""`kill -9` of the portal while requests are sent, steps taken and cases handed over: none is lost.

No case is doubled, none without who has it, and a form that was sent again is one case.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa

from catchments.requests.rules.cases import CaseState, Step
from catchments.requests.store import schema
from catchments.requests.store.case_rows import case_of
from catchments.requests.store.cases import Wanted
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store.integrity.audit import AuditTrail
from tests import prepared
from tests.faults.test_kill import AT_MOMENTS, fates_at
from tests.portal_process import (
    FOLLOWING,
    HttpLookup,
    NotSent,
    Person,
    answering,
    portal_serving,
    settings_of,
)
from tests.requests.desk import FILE, NORTH, SOUTH, Desk, desk_at
from tests.serving import Server
from tests.waiting import PATIENCE_S

ENDED = {-signal.SIGKILL, -signal.SIGXFSZ, 0}
"""How a process ends that was killed, or was to be and had nothing left to do."""

KILLS = 5
"""An odd number: after the last one the cases of school 54 have changed hands."""
_C, _H = schema.support_case, schema.handover


class Working(threading.Thread):
    """Somebody who works without pause; what was not answered they do once more."""

    def __init__(self, person: Person, turn: Callable[[Person], None]) -> None:
        super().__init__(daemon=True)
        self.done = 0
        self.wrong: list[object] = []
        self._person, self._turn, self._enough = person, turn, threading.Event()

    def run(self) -> None:
        while not self._enough.is_set():
            try:
                self._turn(self._person)
                self.done += 1
            except (requests.RequestException, NotSent):
                self._enough.wait(0.05)  # the worker is no more; another one begins
            except Exception as error:
                self.wrong.append(error)
                return

    def stop(self) -> None:
        self._enough.set()
        self.join(PATIENCE_S)


class Sender:
    """A school that asks for support again and again, and sends each form till it is answered."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._once = desk, secrets.token_hex(16)
        self.sent: dict[str, str] = {}

    def __call__(self, person: Person) -> None:
        reference = person.asked_for_support(self._desk, self._once)
        assert self._once not in self.sent
        self.sent[self._once] = reference
        self._once = secrets.token_hex(16)


def gives_out(desk: Desk) -> Callable[[Person], None]:
    """A Workflow Lead who gives what waits in the queue to somebody."""

    def turn(person: Person) -> None:
        wanted = Wanted(frozenset({CaseState.QUEUED}))
        heads = desk.cases.listed(desk.people["wiki"], desk.viewer("wiki"), wanted)
        for head in heads[:3]:
            chosen = f"{head.case.reference}:{head.case.version}"
            manager = str(desk.people["cam"].id)
            person.send("/requests/cases/assign", case=chosen, assignee=manager)
        person.page("/requests/cases")

    return turn


def begins(desk: Desk) -> Callable[[Person], None]:
    """A Case Manager who begins what they were given, and says so."""

    def turn(person: Person) -> None:
        wanted = Wanted(frozenset({CaseState.ASSIGNED}))
        heads = desk.cases.listed(desk.people["cam"], desk.viewer("cam"), wanted)
        for head in heads[:3]:
            path = f"/requests/cases/{head.case.reference}"
            person.send(f"{path}/step/{Step.BEGIN}", version=str(head.case.version))
            person.send(f"{path}/notes", text="Made up.", once=secrets.token_hex(16))
        person.page("/requests")

    return turn


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = desk_at(tmp_path)
    yield made
    made.database.close()


@pytest.mark.thorough
def test_a_portal_killed_at_any_moment_loses_doubles_and_leaves_alone_no_case(
    desk: Desk, tmp_path: Path
) -> None:
    serves, chance = {54: NORTH, 55: NORTH}, random.Random()
    with (
        answering(HttpLookup(serves)) as lookup,
        portal_serving(desk.database.url, lookup.url) as server,
    ):
        sender = Sender(desk)
        doing = {"ana": sender, "wiki": gives_out(desk), "cam": begins(desk)}
        working = []
        for login, turn in doing.items():
            person = Person(server, login)
            person.sign_in()
            working.append(Working(person, turn))
        for each in working:
            each.start()
        for kill in range(KILLS):
            wait_for_work(server, working, chance.randrange(1, 6))
            lookup.publish(today_in_new_zealand(), serves | {54: (SOUTH, NORTH)[kill % 2]})
            wait_for_work(server, working, chance.randrange(0, 3))
            (kill_worker if kill == 0 else cut_off)(server)
        wait_for_work(server, working, 3)
        for each in working:
            each.stop()
        assert [each.wrong for each in working] == [[]] * len(working)
        server.wait_until(lambda: is_with_who_serves(desk, lookup), "all cases are with who serves")
    all_is_well(desk, sender.sent, tmp_path)


def wait_for_work(server: Server, working: list[Working], more: int) -> None:
    """Wait until each has done some more of what they do."""
    before = [each.done for each in working]

    def is_done() -> bool:
        return all(
            each.done >= n + more or each.wrong for each, n in zip(working, before, strict=True)
        )

    server.wait_until(is_done, f"each has done {more} more")


def kill_worker(server: Server) -> None:
    """Kill who answers, once: of a second within seconds Granian makes an end, for its manager."""
    for worker in (before := server.workers()):
        os.kill(worker, signal.SIGKILL)
    server.wait_until(lambda: server.workers() - before, "another worker is there")


def cut_off(server: Server) -> None:
    """End all of it at once, and begin it again as its manager does."""
    server.kill()
    server.start_again()


def is_with_who_serves(desk: Desk, lookup: HttpLookup) -> bool:
    """Whether all open cases of school 54 are."""
    _, serves = lookup.in_force(today_in_new_zealand())
    with desk.database.reading() as connection:
        query = sa.select(_C.c.holder_id).distinct().where(_C.c.closed_at.is_(None))
        return set(connection.scalars(query)) == {desk.organisations[serves[54]].id}


def all_is_well(desk: Desk, sent: dict[str, str], folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
    with desk.database.reading() as connection:
        rows = connection.execute(sa.select(_C)).all()
        moved = connection.execute(sa.select(_H)).all()
    by_once = {row.once: row.reference for row in rows}
    assert sent.items() <= by_once.items()
    assert len(by_once) - len(sent) <= 1, "no more than the one that was being sent"
    assert len(set(by_once.values())) == len(rows)
    providers = {desk.organisations[code].id for code in (NORTH, SOUTH)}
    for case in map(case_of, rows):
        assert case.holder in providers
        told = desk.cases.history(desk.viewer("ana"), case.reference)
        ends = [e.facts["after"] for e in told if e.kind == "handed over"]
        assert not ends or ends[-1] == case.holder
        assert [e.kind for e in told].count("submitted") == 1
        assert len(told) == case.version, "each step is in its history, once"
        done = [each for each in moved if (each.reference, each.state) == (case.reference, "done")]
        assert len(done) == len(ends), "each handover was written down, and done once"
    waiting = Counter(each.reference for each in moved if each.state == "coming")
    assert max(waiting.values(), default=0) <= 1
    assert AuditTrail(desk.database).chain().broken_at is None


# --- handovers, killed at each of their steps -----------------------------------------------------


@AT_MOMENTS
def test_handovers_killed_at_any_step_and_byte_go_on_where_they_were(
    moments: int, desk: Desk, tmp_path: Path
) -> None:
    serves, file = {54: NORTH, 55: NORTH}, tmp_path / FILE
    sent = {}
    for _ in range(3):
        sending = desk.sending()
        sent[sending.once] = desk.cases.submit(desk.people["ana"], sending)
    with answering(HttpLookup(serves)) as lookup:
        settings = settings_of(desk.database.url, lookup.url)

        def finished() -> prepared.Process:
            process = prepared.begin(FOLLOWING, settings=settings)
            assert process.wait() == 0, process.stderr
            assert is_with_who_serves(desk, lookup)
            all_is_well(desk, sent, tmp_path)
            return process

        lookup.publish(today_in_new_zealand(), serves | {54: SOUTH})
        steps = finished().steps
        for turn, fate in enumerate(fates_at(moments, steps, file)):
            lookup.publish(today_in_new_zealand(), serves | {54: (NORTH, SOUTH)[turn % 2]})
            assert prepared.begin(FOLLOWING, settings=settings, **fate).wait() in ENDED
            all_is_well(desk, sent, tmp_path)
            finished()
