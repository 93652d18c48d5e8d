"""REDbot, which knows what goes wrong with HTTP, finds nothing at the main addresses."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.contract.conftest import HERE, Run, of_python

pytestmark = pytest.mark.thorough

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
END = "\n--- end of a HAR ---\n"
"""As in `redbot_each`, which only the tools' own Python can import."""


def test_redbot_is_silent(url: str, run: Run) -> None:
    asked = [f"{url}{address}" for address in ADDRESSES]
    of_python("redbot")
    for each in asked:  # what is made for whoever is first is made: REDbot waits for seconds alone
        with suppress(HTTPError), urlopen(each):
            pass
    said = run(of_python("python"), HERE / "redbot_each.py", *asked).stdout
    for address, har in zip(ADDRESSES, said.split(END)[:-1], strict=True):
        entries = json.loads(har)["log"]["entries"]
        notes = [note for entry in entries for note in entry["_red_messages"]]
        assert notes, address
        wrong = [note["summary"] for note in notes if note["level"] not in {"GOOD", "INFO"}]
        assert wrong == [], address
