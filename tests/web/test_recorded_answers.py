"""Answers of the small world as they were when they were recorded: nothing in them goes away.

To record them anew, and what is new in ANSWERS, from the project's folder:

    RECORD_ANSWERS=1 .venv/bin/python -m pytest tests/web/test_recorded_answers.py

and look at what changed before it is committed: whatever was removed, renamed or retyped breaks
somebody's program.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catchments.web.common.contract import promised_by
from catchments.web.v1.openapi import PREFIX

pytestmark = pytest.mark.every_case

RECORDED = Path(__file__).with_name("recorded")
JSON, GEOJSON, CSV = "application/json", "application/geo+json", "text/csv"
ANSWERS: dict[str, tuple[str, str]] = {
    # name of the file: address, what is taken
    "provider-listed": ("/v1/provider?school_id=54", JSON),
    "provider-nearest": ("/v1/provider?school_id=58", JSON),
    "provider-unresolved": ("/v1/provider?school_id=63", JSON),
    "provider-point": ("/v1/provider?lat=-38.5&lng=174.9995", JSON),
    "provider-text": ("/v1/provider?address=st+josephs", JSON),
    "provider-too-early": ("/v1/provider?school_id=54&on=2026-01-04", JSON),
    "provider-alias": ("/provider?school_id=54", JSON),
    "provider-refused": ("/v1/provider?school_id=abc", JSON),
    "provider-not-found": ("/v1/provider?school_id=99", JSON),
    "provider-not-offered": ("/v1/provider?school_id=54", "image/png"),
    "search": ("/v1/search?q=st+josephs", JSON),
    "search-alias": ("/search?q=kura", JSON),
    "suggest": ("/v1/suggest?q=ku", JSON),
    "suggest-alias": ("/suggest?q=ku", JSON),
    "changes": ("/v1/changes", JSON),
    "changes-alias": ("/changes", JSON),
    "changes-atom": ("/v1/changes.atom", "application/atom+xml"),
    "changes-atom-alias": ("/changes.atom", "application/atom+xml"),
    "schools": ("/v1/schools?limit=2", JSON),
    "schools-geojson": ("/v1/schools.geojson?limit=2", GEOJSON),
    "schools-csv": ("/v1/schools.csv?limit=2", CSV),
    "school": ("/v1/schools/54", JSON),
    "school-geojson": ("/v1/schools/54.geojson", GEOJSON),
    "catchments": ("/v1/catchments?limit=2", JSON),
    "catchments-geojson": ("/v1/catchments.geojson?limit=2", GEOJSON),
    "catchments-csv": ("/v1/catchments.csv?limit=2", CSV),
    "catchment": ("/v1/catchments/AHI-1", JSON),
    "providers": ("/v1/providers?limit=2", JSON),
    "providers-geojson": ("/v1/providers.geojson?limit=2", GEOJSON),
    "providers-csv": ("/v1/providers.csv?limit=2", CSV),
    "one-provider": ("/v1/providers/P-RAKAU", JSON),
    "editions": ("/v1/editions", JSON),
    "editions-csv": ("/v1/editions.csv", CSV),
    "edition": ("/v1/editions/1", JSON),
    "edition-csv": ("/v1/editions/1.csv", CSV),
    "resolve": ("/v1/providers:resolve", JSON),
    "resolve-lines": ("/v1/providers:resolve", "application/x-ndjson"),
    "resolve-csv": ("/v1/providers:resolve", CSV),
    "healthz": ("/healthz", JSON),
    "readyz": ("/readyz", JSON),
}
POSTED = {
    "rows": [
        {"id": "a", "school_id": 54},
        {"id": "b", "lng": 174.9995, "lat": -38.5},
        {"id": "c", "address": "st josephs"},
        {"id": "d", "school_id": 99},
        {"id": "e", "school_id": "abc"},
    ]
}
"""The body for each of ANSWERS that begins with “resolve”."""
ELSEWHERE = {"/v1/openapi.json"}
"""Addresses whose answer is the contract itself."""


def asked(client: FlaskClient, address: str, accept: str) -> dict[str, Any]:
    """An answer as it is recorded: of CSV its columns, of XML its elements, of JSON all."""
    method, body = ("POST", POSTED) if address.endswith(":resolve") else ("GET", None)
    response = client.open(address, method=method, json=body, headers={"Accept": accept})
    recorded = {"status": response.status_code, "media_type": response.mimetype}
    if response.mimetype.endswith("ndjson"):
        return {**recorded, "body": [json.loads(line) for line in response.text.splitlines()]}
    if response.mimetype.endswith("json"):
        return {**recorded, "body": response.json}
    if response.mimetype == CSV:
        return {**recorded, "columns": response.text.splitlines()[0].split(",")}
    elements = sorted({element.tag for element in ET.fromstring(response.data).iter()})
    return {**recorded, "elements": dict.fromkeys(elements, True)}


def broken(was: Any, now: Any, where: str = "") -> Iterator[str]:
    """What of a recorded value is not there any more, or of another type."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name, value in was.items():
            if name in now:
                yield from broken(value, now[name], f"{where}/{name}")
            else:
                yield f"{where}/{name} is gone"
    elif isinstance(was, list) and isinstance(now, list):
        if was and not now:
            yield f"{where} is empty"
        for number, (old, new) in enumerate(zip(was, now, strict=False)):
            yield from broken(old, new, f"{where}/{number}")
    elif type(was) is not type(now):
        yield f"{where} was {type(was).__name__} and is {type(now).__name__}"


@pytest.mark.parametrize("name", ANSWERS)
def test_nothing_that_was_answered_once_is_removed_renamed_or_retyped(
    name: str, client: FlaskClient
) -> None:
    address, accept = ANSWERS[name]
    file, now = RECORDED / f"{name}.json", asked(client, address, accept)
    if os.environ.get("RECORD_ANSWERS"):
        text = json.dumps({"address": address, **now}, ensure_ascii=False, indent=1)
        file.write_text(f"{text}\n", encoding="utf-8")
    was = json.loads(file.read_text(encoding="utf-8"))
    assert (was["address"], was["status"], was["media_type"]) == (
        address,
        now["status"],
        now["media_type"],
    )
    assert was.get("columns", []) == now.get("columns", [])[: len(was.get("columns", []))]
    assert list(broken(was, {"address": address, **now})) == []


def test_every_address_for_reading_is_recorded(small_app: Flask) -> None:
    adapter = small_app.url_map.bind("localhost")
    reading = [a.partition("?")[0] for a, _ in ANSWERS.values() if not a.endswith(":resolve")]
    seen = {adapter.match(address)[0] for address in reading}
    missing = {
        rule.rule
        for rule in small_app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        and rule.rule not in ELSEWHERE
        and "GET" in (rule.methods or ())
        and promised_by(small_app.view_functions[rule.endpoint])
        and rule.endpoint not in seen
    }
    assert missing == set()


def test_every_recording_is_of_an_answer_that_is_asked_for() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == set(ANSWERS)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ({"a": 1}, {"a": 2, "b": 3}, []),
        ({"a": [1, 2]}, {"a": [1]}, []),
        ({"a": 1}, {"b": 1}, ["/a is gone"]),
        ({"a": 1}, {"a": 1.5}, ["/a was int and is float"]),
        ({"a": True}, {"a": 1}, ["/a was bool and is int"]),
        ({"a": None}, {"a": "x"}, ["/a was NoneType and is str"]),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}, ["/a/0/b is gone"]),
        ({"a": [1]}, {"a": []}, ["/a is empty"]),
    ],
)
def test_only_an_addition_is_no_break(was: Any, now: Any, said: list[str]) -> None:
    assert list(broken(was, now)) == said
