"""The lookup asked over HTTP as any service asks it: its contract, tried by a client of our own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from catchments.core.errors import NotKnown
from catchments.requests.following import follow
from catchments.requests.lookup import Lookup, LookupAway
from catchments.requests.rules.roles import CaseRole, OrganisationKind
from catchments.requests.store.handovers import Handovers
from catchments.requests.store.organisations import Organisations
from tests.requests.desk import Desk
from tests.serving import in_a_thread
from tests.worlds import (
    STARTS,
    TODAY,
    application,
    fill,
    next_edition,
    opened,
    publish_whole,
    small_edition,
    store_of,
    withdraw,
)

LATER = TODAY + timedelta(days=30)


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


@pytest.fixture
def database(tmp_path: Path) -> Path:
    fill(tmp_path / "lookup.sqlite")
    return tmp_path / "lookup.sqlite"


@pytest.fixture
def lookup(database: Path) -> Iterator[Lookup]:
    """The lookup's own application on a port, which notices at once what is published."""
    app = application(database)
    answering = app.wsgi_app

    def fresh(environ: Any, begin: Any) -> Any:
        app.extensions["catchments"].snapshots.refresh()
        return answering(environ, begin)

    server = make_server("127.0.0.1", 0, fresh, threaded=True, request_handler=_Quiet)
    with in_a_thread(server):
        yield Lookup(f"http://127.0.0.1:{server.server_port}")
    store_of(app).close()


def publish(database: Path, edition) -> int:
    with opened(database) as store:
        return publish_whole(store, edition)


def test_a_school_is_answered_with_who_serves_it_on_a_day(lookup):
    found = lookup.served(54, TODAY)
    assert (found.school_id, found.edition_number, found.on) == (54, 1, TODAY)
    assert (found.provider_code, found.provider_name) == ("P-AHI", "Ahi Trust")
    assert found.catchment_name == "Ahi"
    assert (found.in_school_provision, found.demonstration) == (True, True)
    assert not lookup.served(55, TODAY).in_school_provision
    assert not lookup.served(54, STARTS - timedelta(days=1)).is_resolved


def test_a_school_that_nobody_serves_is_answered_so(lookup):
    assert not lookup.served(498, TODAY).is_resolved


def test_a_school_that_there_is_not_is_none(lookup):
    with pytest.raises(NotKnown):
        lookup.served(99_999_999, TODAY)


def test_many_are_answered_as_each_is(lookup):
    numbers = [54, 55, 57, 498]
    many = lookup.all_served([*numbers, 99_999_999], TODAY)
    assert {*many} == {*numbers}
    for number in numbers:
        one = lookup.served(number, TODAY)
        for name in ("provider_code", "catchment_code", "edition_number", "demonstration", "on"):
            assert getattr(many[number], name) == getattr(one, name), (number, name)


def test_names_and_schools_are_told(lookup):
    assert lookup.provider_name("P-AHI") == "Ahi Trust"
    with pytest.raises(NotKnown):
        lookup.provider_name("P/../NONE")
    assert {54, 55, 57} <= set(lookup.schools(100))


def test_the_feed_has_what_is_in_force_or_will_be_and_nothing_withdrawn(lookup, database):
    before = lookup.feed()
    assert [edition.number for edition in before.editions] == [1]
    assert before.days_after(TODAY) == []
    number = publish(database, next_edition(LATER))
    scheduled = lookup.feed()
    assert scheduled.days_after(TODAY) == [LATER]
    assert scheduled.state != before.state
    with opened(database) as store:
        withdraw(store, number)
    assert lookup.feed() == before


def test_cases_follow_what_is_published_and_withdrawn(lookup, database, desk):
    organisations, kind = Organisations(desk.database), OrganisationKind.PROVIDER
    for code, login in (("P-RAKAU", "wiki"), ("P-AHI", "wira")):
        desk.organisations[code] = organisations.ensure(kind, code, code)
        held = {CaseRole.WORKFLOW_LEAD}
        organisations.set_roles(desk.people[login].id, desk.organisations[code].id, held)
    answer = lookup.served(55, TODAY)
    reference = desk.send("lena", "55", served=answer)
    assert seen_by(desk, "wiki", reference)

    def following(day):
        return follow(Handovers(desk.database), lookup, today=lambda: day)

    assert following(TODAY).coming == 0
    assert following(TODAY) is None, "nothing has changed"
    number = publish(database, next_edition(LATER))
    assert following(TODAY).coming == 1
    with opened(database) as store:
        withdraw(store, number)
    assert following(TODAY).coming == 0
    publish(database, next_edition(LATER))
    following(TODAY)
    assert following(LATER).moved == 1
    assert not seen_by(desk, "wiki", reference)
    assert seen_by(desk, "wira", reference)


def seen_by(desk: Desk, login: str, reference: str) -> bool:
    try:
        desk.cases.head(desk.people[login], desk.viewer(login), reference)
    except NotKnown:
        return False
    return True


# --- a lookup that is away, or not itself ---------------------------------------------------------


ODD = [
    (500, b"{}"),
    (503, b"{}"),
    (302, b""),
    (200, b""),
    (200, b"<html>"),
    (200, b"[]"),
    (200, b"{}"),
    (200, b'{"school": {"school_id": 54}}'),
    (200, b'{"items": [3], "next": null}'),
    (200, b'{"answers": [{}], "edition": null, "demonstration": true}'),
    (200, b"[" * 100_000),
    (200, b"\xff\xfe"),
]


@pytest.mark.parametrize(("status", "content"), ODD, ids=range(len(ODD)))
def test_what_is_not_as_promised_is_as_good_as_no_answer(status, content):
    class Handler(BaseHTTPRequestHandler):
        def _say(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _say  # noqa: N815 - http.server calls them so

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with in_a_thread(server):
        odd = Lookup(f"http://127.0.0.1:{server.server_port}")
        asked = (
            lambda: odd.served(54, TODAY),
            lambda: odd.all_served([54], TODAY),
            odd.feed,
            lambda: odd.provider_name("P"),
            lambda: odd.schools(1),
        )
        for ask in asked:
            with pytest.raises(LookupAway, match="Nothing is lost"):
                ask()


def test_nobody_at_the_address_is_a_lookup_that_is_away():
    with pytest.raises(LookupAway):
        Lookup("http://127.0.0.1:9").served(54, TODAY)


def test_a_withdrawn_demonstration_is_none(lookup, database):
    publish(database, small_edition(effective_from=LATER, demonstration=False))
    assert lookup.feed().demonstration, "the first is still one"
