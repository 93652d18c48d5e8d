"""The service keeps to its contract, as a tool sees it that knows nothing but the contract."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

pytestmark = pytest.mark.thorough

TRIED = {
    "seed": 1,
    "headers": {"Accept-Encoding": "identity"},
    "generation": {
        "database": "none",
        "deterministic": True,
        "max-examples": 3,
        "no-shrink": True,
    },
    "phases": {"stateful": {"enabled": False}},
    "operations": [
        {
            "include-path": "/v1/providers:resolve",
            # One bad row is marked, not a reason to refuse the others.
            "checks": {"negative_data_rejection": {"enabled": False}},
        }
    ],
    "checks": {
        "positive_data_acceptance": {
            # JSON Schema cannot say which parameters go together, which texts have a letter.
            "expected-statuses": ["2xx", "3xx", "400", "401", "403", "404", "409", "429", "5xx"]
        }
    },
}


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_it_is(_context: Any, value: Any) -> bytes:
    return str(value).encode(errors="replace")


def test_schemathesis_finds_nothing(small_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    config = SchemathesisConfig.from_dict(TRIED)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", small_app, config=config)
    tried, complaints = set(), []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            complaints.append(str(event))
        elif isinstance(event, events.ScenarioFinished):
            tried |= {event.recorder.label} if event.recorder.cases else set()
            complaints += found_in(event)
    assert complaints == []
    assert len(tried) == len(schema)


def found_in(event: events.ScenarioFinished) -> Iterator[str]:
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info:
                case = event.recorder.cases[case_id].value
                failure = check.failure_info.failure
                yield f"{case.as_curl_command()}: {failure.title}. {failure.message}"[:600]
