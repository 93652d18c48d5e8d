"""A question is answered once: what a public request works out, checks and opens, counted."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest
from flask import Flask, session
from flask.sessions import NullSession

from catchments.core.text_folding import folded
from catchments.lookup.search.addresses import text as address_text
from catchments.lookup.search.typed_text import TypedText
from catchments.lookup.snapshot import Published
from catchments.store.accounts.people import People
from catchments.web.common import contract, query_parameters

pytestmark = pytest.mark.every_case

ADDRESSES = [
    "/v1/provider?school_id=54&on=2026-03-03",
    "/v1/provider?lat=-38.5&lng=174.5&on=2026-03-03",
    "/v1/provider?address=st+josephs",
    "/v1/provider?school_id=54&on=2025-01-01",
    "/v1/search?q=kura",
    "/v1/suggest?q=ku",
    "/v1/schools",
    "/v1/schools/54",
    "/v1/schools.csv?region=waikato",
    "/v1/catchments.geojson",
    "/v1/catchments/AHI-1",
    "/v1/providers",
    "/v1/providers/P-RAKAU",
    "/v1/editions",
    "/v1/editions/1",
    "/v1/changes",
    "/v1/changes.atom",
    "/",
    "/?q=kura",
    "/school/54",
    "/school/54?on=2025-01-01",
    "/map?school=54",
    "/catchments",
    "/catchment/AHI-1",
    "/when-to-ask?school=54",
    "/history",
    "/history/1",
    "/downloads",
    "/downloads/1",
    "/ogc/collections/schools/items?limit=2",
    "/ogc/collections/catchments/items/AHI-1",
]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each was called: what works out a date, checks a query, opens a session."""
    counted: Counter[str] = Counter()

    def count(name: str, *places: Any, by: slice = slice(0)) -> None:
        own = getattr(places[0], name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            counted[" ".join([name, *map(str, args[by])])] += 1
            return own(*args, **kwargs)

        for place in places:
            monkeypatch.setattr(place, name, counting)

    count("on", Published, by=slice(1, 2))  # each date: before the first edition there are two
    count("refuse_unknown_or_repeated", query_parameters, contract)
    count("account", People)
    return counted


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_public_request_works_out_and_checks_once_and_opens_no_session(
    small_app: Flask, calls: Counter[str], address: str
) -> None:
    with small_app.test_client() as client:
        # Past what is kept in front of the application.
        response = client.get(address, headers={"Accept": "*/*;q=0.9"})
        assert not has_session()
    assert response.status_code == 200
    assert {name: n for name, n in calls.items() if n > 1} == {}
    assert any(name.startswith("on ") for name in calls)
    assert "account" not in calls
    assert "Cookie" not in response.headers.get("Vary", "")


def has_session() -> bool:
    """Whether the request that was answered last has anything to keep things in."""
    return not isinstance(session._get_current_object(), NullSession)  # type: ignore[attr-defined]


def test_a_staff_page_has_a_session(small_app: Flask) -> None:
    with small_app.test_client() as client:
        client.get("/staff/sign-in")
        assert has_session()


TYPED = "12 Kura Street, Kōwhai"
READERS = {folded.__code__: "folded", TypedText.of.__func__.__code__: "typed"}
READERS |= {address_text._read.__code__: "parsed"}


@pytest.mark.parametrize(
    "address", ["/", "/embed", "/search", "/suggest", "/v1/provider", "/catchments"]
)
def test_what_somebody_typed_is_folded_and_parsed_once(small_app: Flask, address: str) -> None:
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in READERS:
            given = [value for value in frame.f_locals.values() if isinstance(value, str)]
            name = READERS[frame.f_code]
            if TYPED in given or (name == "parsed" and frame.f_locals["typed"].text == TYPED):
                counted[name] += 1

    field = "address" if address == "/v1/provider" else "q"
    with small_app.test_client() as client:
        sys.setprofile(count)
        try:
            response = client.get(address, query_string={field: TYPED})
        finally:
            sys.setprofile(None)
    assert response.status_code in {200, 404}
    assert all(times == 1 for times in counted.values()), counted
    assert address == "/embed" or counted
