"""Handovers: whatever is published, withdrawn or killed, every open case is with who serves."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from catchments.core.errors import CatchmentsError, NotKnown
from catchments.requests.following import follow
from catchments.requests.lookup import Feed, LookupAway, PublishedEdition
from catchments.requests.rules.cases import CaseState, Step
from catchments.requests.store import handovers as store_of_handovers
from catchments.requests.store import schema
from catchments.requests.store.case_rows import case_of
from catchments.requests.store.handovers import Handovers
from catchments.requests.store.mail import CaseLetters
from tests.laws import examples
from tests.requests.desk import NORTH, SCHOOLS, SOUTH, TODAY, Desk, desk_at, served

_C, _H = schema.support_case, schema.handover


@dataclass
class MadeUpLookup:
    """Editions in memory: from a day on, who serves which school. It can be away."""

    editions: list[tuple[date, dict[int, str], bool]] = field(default_factory=list)
    away_after: int | None = None
    asked: int = 0

    def publish(self, day: date, serves: dict[int, str]) -> int:
        self.editions.append((day, serves, False))
        return len(self.editions)

    def withdraw(self, number: int) -> None:
        day, serves, _ = self.editions[number - 1]
        self.editions[number - 1] = (day, serves, True)

    def in_force(self, on: date) -> tuple[int, dict[int, str]]:
        standing = [
            (day, number, serves)
            for number, (day, serves, withdrawn) in enumerate(self.editions, 1)
            if day <= on and not withdrawn
        ]
        _, number, serves = max(standing, key=lambda each: each[:2])
        return number, serves

    def _ask(self) -> None:
        self.asked += 1
        if self.away_after is not None and self.asked > self.away_after:
            raise LookupAway

    def feed(self) -> Feed:
        self._ask()
        counted = tuple(
            PublishedEdition(number, day)
            for number, (day, _, withdrawn) in enumerate(self.editions, 1)
            if not withdrawn
        )
        return Feed(counted, True, hashlib.sha256(repr(counted).encode()).hexdigest())

    def all_served(self, school_ids, on):
        self._ask()
        number, serves = self.in_force(on)
        return {
            school: served(school, serves.get(school, ""), on=on, edition=number)
            for school in school_ids
        }


BOTH_NORTH = {54: NORTH, 55: NORTH}
LATER = TODAY + timedelta(days=31)


@pytest.fixture
def lookup() -> MadeUpLookup:
    made = MadeUpLookup()
    made.publish(date(2026, 1, 5), BOTH_NORTH)
    return made


def following(desk: Desk, lookup: MadeUpLookup, on: date = TODAY):
    return follow(Handovers(desk.database), lookup, today=lambda: on)


def holder_of(desk: Desk, reference: str) -> str:
    with desk.database.reading() as connection:
        number = connection.scalar(sa.select(_C.c.holder_id).where(_C.c.reference == reference))
    return next(key for key, each in desk.organisations.items() if each.id == number)


def coming(desk: Desk, login: str = "wiki", key: str = NORTH):
    return Handovers(desk.database).of(desk.people[login], desk.organisations[key].id)


def told(desk: Desk, login: str) -> list[str]:
    letters = CaseLetters(desk.database)
    return [letter.kind for letter in letters.to(desk.people[login].id, at_most=50)][::-1]


def events(desk: Desk, reference: str, login: str = "ana") -> list[str]:
    return [event.kind for event in desk.cases.history(desk.viewer(login), reference)]


def test_an_edition_that_changes_a_schools_provider_moves_its_open_cases_on_its_day(desk, lookup):
    mine, other = desk.send(), desk.send("lena", "55")
    assert following(desk, lookup).coming == 0
    number = lookup.publish(LATER, {54: SOUTH, 55: NORTH})
    assert following(desk, lookup).coming == 1
    [row] = coming(desk)
    assert (row.reference, row.day, row.edition_number) == (mine, LATER, number)
    assert holder_of(desk, mine) == NORTH
    assert told(desk, "wiki") == ["case-arrived"] * 2 + ["handover-going"]
    assert told(desk, "wira") == ["handover-coming"]
    Handovers(desk.database).write_note(desk.people["wiki"], row.id, "Made up: call on Mondays.")
    [theirs] = coming(desk, "wira", SOUTH)
    assert theirs.note == "", "what the one before writes is read once the case is there"
    assert following(desk, lookup, LATER).moved == 1
    assert (holder_of(desk, mine), holder_of(desk, other)) == (SOUTH, NORTH)
    [done] = Handovers(desk.database).of_case(desk.people["wira"], mine)
    assert (done.state, done.note) == ("done", "Made up: call on Mondays.")
    assert events(desk, mine) == ["submitted", "handed over"]
    assert told(desk, "pita") == ["case-submitted", "handover-done"]
    with pytest.raises(NotKnown):
        desk.cases.head(desk.people["wiki"], desk.viewer("wiki"), mine)


def test_done_again_nothing_changes(desk, lookup):
    reference = desk.send()
    lookup.publish(LATER, {54: SOUTH, 55: NORTH})
    for _ in range(3):
        following(desk, lookup)
        Handovers(desk.database).note_heard(day=date.min, editions="", demonstration=False)
    assert len(coming(desk)) == 1
    assert told(desk, "wira") == ["handover-coming"]
    for _ in range(3):
        following(desk, lookup, LATER)
        Handovers(desk.database).note_heard(day=date.min, editions="", demonstration=False)
    assert events(desk, reference) == ["submitted", "handed over"]


def test_what_is_withdrawn_before_its_day_moves_nothing_and_is_told(desk, lookup):
    reference = desk.send()
    number = lookup.publish(LATER, {54: SOUTH, 55: NORTH})
    following(desk, lookup)
    lookup.withdraw(number)
    following(desk, lookup)
    assert coming(desk) == []
    assert told(desk, "wira") == ["handover-coming", "handover-off"]
    following(desk, lookup, LATER)
    assert holder_of(desk, reference) == NORTH


def test_a_case_that_is_handed_over_sooner_is_not_said_to_stay(desk, lookup):
    sooner, closed = desk.send(), desk.send("lena", "55")
    lookup.publish(LATER, {54: SOUTH, 55: SOUTH})
    following(desk, lookup)
    desk.cases.take(desk.people["wiki"], closed, Step.DECLINE, version=1, reason="Made up.")
    lookup.publish(TODAY, {54: SOUTH, 55: SOUTH})
    assert following(desk, lookup).moved == 1
    assert holder_of(desk, sooner) == SOUTH
    assert coming(desk) == []
    assert "handover-off" not in told(desk, "wira") + told(desk, "wiki")


def test_a_case_is_handed_over_whole(desk, lookup):
    reference = desk.send()
    people, cases = desk.people, desk.cases
    cases.take(people["wiki"], reference, Step.ASSIGN, version=1, assignee=people["cam"].id)
    cases.take(people["cam"], reference, Step.BEGIN, version=2)
    lookup.publish(TODAY, {54: SOUTH, 55: NORTH})
    following(desk, lookup)
    head = cases.head(people["wira"], desk.viewer("wira"), reference)
    assert (head.case.state, head.case.assigned_to) == (CaseState.QUEUED, None)
    assert events(desk, reference, "wira") == ["submitted", "assign", "begin", "handed over"]
    with pytest.raises(NotKnown):
        cases.head(people["cam"], desk.viewer("cam"), reference)


def test_a_case_stays_where_both_leads_agree(desk, lookup):
    reference = desk.send()
    lookup.publish(LATER, {54: SOUTH, 55: NORTH})
    following(desk, lookup)
    [row] = coming(desk)
    handovers = Handovers(desk.database)
    with pytest.raises(NotKnown):
        handovers.agree_to_stay(desk.people["cam"], row.id, "Made up.")
    assert not handovers.agree_to_stay(desk.people["wiki"], row.id, "Nearly done (made up).")
    assert handovers.agree_to_stay(desk.people["wira"], row.id, "")
    following(desk, lookup, LATER)
    assert holder_of(desk, reference) == NORTH
    assert events(desk, reference) == ["submitted", "stays until it is closed"]


def test_a_school_that_nobody_serves_leaves_its_cases_where_they_are(desk, lookup):
    reference = desk.send()
    lookup.publish(TODAY, {55: NORTH})
    following(desk, lookup)
    assert holder_of(desk, reference) == NORTH


def test_the_schools_own_team_keeps_its_cases(desk, lookup):
    answer = served(54, NORTH, in_school_provision=True)
    reference = desk.send(to_own_team=True, served=answer)
    lookup.publish(TODAY, {54: SOUTH, 55: SOUTH})
    following(desk, lookup)
    assert holder_of(desk, reference) == "team-54"


def test_a_retired_provider_gives_its_cases_to_who_follows(desk, lookup):
    references = [desk.send(), desk.send("lena", "55")]
    lookup.publish(LATER, {54: SOUTH, 55: SOUTH})
    following(desk, lookup)
    following(desk, lookup, LATER)
    assert {holder_of(desk, reference) for reference in references} == {SOUTH}


def test_two_changes_ahead_are_written_down_one_after_the_other(desk, lookup):
    reference = desk.send()
    lookup.publish(LATER, {54: SOUTH, 55: NORTH})
    last = LATER + timedelta(days=31)
    lookup.publish(last, BOTH_NORTH)
    following(desk, lookup)
    ids = desk.organisations[NORTH].id, desk.organisations[SOUTH].id
    assert [(r.from_id, r.to_id, r.day) for r in coming(desk)] == [
        (*ids, LATER),
        (*ids[::-1], last),
    ]
    following(desk, lookup, LATER)
    assert holder_of(desk, reference) == SOUTH
    following(desk, lookup, last)
    assert holder_of(desk, reference) == NORTH
    assert events(desk, reference) == ["submitted", "handed over", "handed over"]


def test_a_lookup_that_is_away_changes_nothing(desk, lookup):
    reference = desk.send()
    lookup.publish(TODAY, {54: SOUTH, 55: SOUTH})
    for answered in range(2):
        lookup.asked, lookup.away_after = 0, answered
        with pytest.raises(LookupAway):
            following(desk, lookup)
        assert holder_of(desk, reference) == NORTH
    lookup.away_after = None
    following(desk, lookup)
    assert holder_of(desk, reference) == SOUTH


# --- any sequence of publications, withdrawals, steps, days and deaths ----------------------------


class Killed(Exception):
    """The process is no more."""


def killed_somewhere(monkeypatch, chance: random.Random) -> None:
    """Die at one of the writes of what follows."""
    left = chance.randrange(1, 12)

    def dying(original):
        def called(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return original(*args, **kwargs)

        return called

    for name in ("write", "record", "_insert", "_end", "_tell", "ensured", "_written_down"):
        monkeypatch.setattr(store_of_handovers, name, dying(getattr(store_of_handovers, name)))


@pytest.mark.parametrize("seed", range(examples(40)))
def test_no_case_is_ever_lost_doubled_or_without_a_provider(seed, tmp_path, monkeypatch):
    desk = desk_at(tmp_path)
    _whatever_happens(seed, desk, monkeypatch)
    desk.database.close()


@pytest.mark.parametrize("seed", [1_001, 1_002])
def test_no_case_is_ever_lost_in_either_kind_of_database(seed, desk, monkeypatch):
    _whatever_happens(seed, desk, monkeypatch)


def _whatever_happens(seed: int, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, lookup, today = random.Random(seed), MadeUpLookup(), TODAY
    lookup.publish(date(2026, 1, 5), BOTH_NORTH)
    sent: list[str] = []
    for _ in range(25):
        doing = chance.choice(["send", "publish", "withdraw", "step", "day", "follow", "kill"])
        today += timedelta(days=doing == "day")
        with monkeypatch.context() as patched:
            if doing == "kill":
                killed_somewhere(patched, chance)
            with suppress(Killed):  # another process goes on with what is in the store
                _happens(doing, desk, lookup, chance, today, sent)
    Handovers(desk.database).note_heard(day=date.min, editions="", demonstration=False)
    following(desk, lookup, today)
    _all_is_well(desk, lookup, today, sent)


def _happens(doing, desk, lookup, chance, today, sent) -> None:
    if doing == "send":
        school = chance.choice(["54", "55"])
        if provider := lookup.in_force(today)[1].get(int(school)):
            login = {"54": "ana", "55": "lena"}[school]
            sent.append(desk.send(login, school, provider=provider))
    elif doing == "publish":
        serves = {school: chance.choice([NORTH, SOUTH, ""]) for school in SCHOOLS}
        day = today + timedelta(days=chance.choice([0, 0, 1, 5]))
        lookup.publish(day, {school: code for school, code in serves.items() if code})
    elif doing == "withdraw" and len(lookup.editions) > 1:
        lookup.withdraw(chance.randrange(2, len(lookup.editions) + 1))
    elif doing == "step" and sent:
        _some_step(desk, chance, chance.choice(sent))
    else:
        following(desk, lookup, today)


def _some_step(desk: Desk, chance: random.Random, reference: str) -> None:
    for login in chance.sample(sorted(desk.people), len(desk.people)):
        viewer = desk.viewer(login)
        try:
            head = desk.cases.head(desk.people[login], viewer, reference)
        except NotKnown:
            continue
        if head.sight.steps:
            step = chance.choice(head.sight.steps)
            worker = {NORTH: "cam", SOUTH: "sina"}[holder_of(desk, reference)]
            given = {"assignee": desk.people[worker].id} if step is Step.ASSIGN else {}
            version = head.case.version
            desk.cases.take(
                desk.people[login], reference, step, version=version, reason="x", **given
            )
            return


def _all_is_well(desk: Desk, lookup: MadeUpLookup, today: date, sent: list[str]) -> None:
    with desk.database.reading() as connection:
        cases = [case_of(row) for row in connection.execute(sa.select(_C))]
        rows = connection.execute(sa.select(_H)).all()
    assert sorted(case.reference for case in cases) == sorted(sent)
    keys = {each.id: key for key, each in desk.organisations.items()}
    _, serves = lookup.in_force(today)
    for case in cases:
        school = int(keys[case.school])
        assert keys[case.holder] in {NORTH, SOUTH}
        if case.is_open and serves.get(school):
            assert keys[case.holder] == serves[school]
        told_of = desk.cases.history(desk.viewer("ana" if school == 54 else "lena"), case.reference)
        moves = [e.facts for e in told_of if e.kind == "handed over"]
        ends = [m["after"] for m in moves]
        assert [m["before"] for m in moves[1:]] == ends[:-1], "each from where the last one led"
        assert not ends or ends[-1] == case.holder
        done = [row for row in rows if row.reference == case.reference and row.state == "done"]
        assert len(done) == len(moves)
    waiting = Counter((row.reference, row.day) for row in rows if row.state == "coming")
    assert all(count == 1 for count in waiting.values())
    assert all(day > today for _, day in waiting)


def test_nobody_but_a_workflow_lead_sees_what_comes(desk, lookup):
    desk.send()
    lookup.publish(LATER, {54: SOUTH, 55: SOUTH})
    following(desk, lookup)
    for login in sorted(set(desk.people) - {"wiki"}):
        with pytest.raises(CatchmentsError, match="may not see"):
            coming(desk, login, NORTH)
