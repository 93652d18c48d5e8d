"""REDbot, which knows what goes wrong with HTTP, finds nothing at the main addresses."""

from __future__ import annotations

import json

import pytest

from tests.contract.conftest import Run, of_python

pytestmark = [pytest.mark.thorough, pytest.mark.xdist_group("contract")]

ADDRESSES = [
    "/",
    "/map",
    "/catchments",
    "/downloads",
    "/history",
    "/api",
    "/problems/not-found",
    "/robots.txt",
    "/sitemap.xml",
    "/provider?school_id=54",
    "/v1/provider?school_id=54",
    "/v1/provider?school_id=abc",
    "/v1/search?q=kaitaia",
    "/v1/schools?limit=2",
    "/v1/schools.csv?limit=2",
    "/v1/catchments.geojson?limit=1",
    "/v1/changes",
    "/v1/changes.atom",
    "/v1/openapi.json",
    "/v1/nothing",
    "/ogc",
    "/ogc/collections/schools/items?limit=2",
    "/downloads/1/boundaries.geojson",
    "/downloads/1/schools-and-providers.csv",
    "/healthz",
]
AT_ONCE = 5


@pytest.mark.parametrize("address", ADDRESSES)
def test_redbot_is_silent(address: str, url: str, run: Run) -> None:
    said = run(of_python("redbot"), "-o", "har", f"{url}{address}").stdout
    entries = json.loads(said)["log"]["entries"]
    notes = [note for entry in entries for note in entry["_red_messages"]]
    assert notes
    assert [note["summary"] for note in notes if note["level"] not in {"GOOD", "INFO"}] == []
