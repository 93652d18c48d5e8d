"""The portal's database goes and comes back, and so does the lookup: nothing is lost.

The public finder goes on. The same in one process: tests/requests/test_requests_faults.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from catchments.requests.store import schema
from catchments.requests.web.health import UNAVAILABLE
from scripts.postgresql import Cluster
from tests.portal_process import HttpLookup, Person, answering, hidden, portal_serving
from tests.requests.desk import Desk, desk_of
from tests.requests.portal import filled
from tests.requests.test_handovers import BOTH_NORTH
from tests.serving import serving

TYPED = "Words that nobody wants to write again."


@pytest.mark.thorough
@pytest.mark.postgresql
def test_a_database_and_a_lookup_that_go_and_come_back_lose_nothing_and_the_finder_goes_on(
    cluster: Cluster, small_copy: Path
) -> None:
    url = cluster.create("requests")
    desk = desk_of(url)
    with (
        serving(small_copy) as finder,
        answering(HttpLookup(BOTH_NORTH)) as lookup,
        portal_serving(url, lookup.url) as portal,
    ):
        ana = Person(portal, "ana")
        ana.sign_in()
        first = ana.asked_for_support(desk)
        where = f"/requests/cases/{first}/notes"
        note = {"text": TYPED, "once": "a-note-of-the-tests"}
        cluster.stop()
        page = ana.send(where, **note)
        assert (page.status_code, TYPED in page.text) == (UNAVAILABLE, True)
        assert "postgres" not in page.text
        assert [portal.text(path)[0] for path in ("/healthz", "/readyz")] == [200, UNAVAILABLE]
        for path in ("/readyz", "/v1/provider?school_id=54"):
            assert finder.text(path)[0] == 200
        cluster.start()
        portal.wait_until(portal.answers, "it is ready again")
        ana.page("/requests")
        assert ana.send(where, **(hidden(page) | note)).status_code == 303
        a_lookup_is_away(ana, desk, lookup)
        assert len(desk.cases.history(desk.viewer("ana"), first)) == 1
        assert TYPED in ana.page(f"/requests/cases/{first}").text
    desk.database.close()


def a_lookup_is_away(ana: Person, desk: Desk, lookup: HttpLookup) -> None:
    """A request that is written meanwhile is kept, goes to nobody, and is sent afterwards, once."""
    about = {"school": "54", "do": "check", "once": "another-form-of-the-tests"}
    contact = str(desk.people["pita"].id)
    check = ana.send("/requests/new", **filled(primary_contact=contact, **about)).headers[
        "Location"
    ]
    fields = hidden(ana.page(check))
    send = f"{check.removesuffix('/check')}/send"
    lookup.is_away = True
    page = ana.page(check)
    assert "Who serves your school cannot be asked just now" in page.text
    assert ana.send(send, **fields).status_code == UNAVAILABLE
    with desk.database.reading() as connection:
        cases = sa.select(sa.func.count()).select_from(schema.support_case)
        assert connection.scalar(cases) == 1
    lookup.is_away = False
    assert [ana.send(send, **fields).status_code for _ in range(2)] == [303, 303]
    with desk.database.reading() as connection:
        assert connection.scalar(cases) == 2
