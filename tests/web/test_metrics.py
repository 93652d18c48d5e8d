"""What is counted in front of the application, and who may read it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from catchments.core.settings import ROOT, Settings
from catchments.store.outbox.webhook_addresses import Webhooks
from catchments.web.common.services import EXTENSION
from catchments.web.front import metrics, metrics_endpoint
from catchments.web.front.metrics import MEASURED, METHODS, OTHER, UNMATCHED, Measured
from tests.laws import examples
from tests.worlds import fill, opened, running_application, sqlite_url

DURATIONS = "catchments_request_duration_seconds"
TOKEN = "t" * 32
HOSTILE = ("/12 Smith Street", "/{{7*191}}", '/"\n# TYPE x counter\nx 1', "/school/Ngāruawāhia")
Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def app(small_database: Path) -> Iterator[Flask]:
    with running_application(small_database) as made:
        yield made


class Client(FlaskClient):
    """Reads each answer to its end and closes it, as a server does: only then is it counted."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{"buffered": True, **kwargs})


@pytest.fixture
def client(small_app: Flask) -> FlaskClient:
    return Client(small_app, small_app.response_class)


def samples(client: FlaskClient) -> dict[Sample, float]:
    """Every figure that is given, read as Prometheus reads it."""
    response = client.get("/metrics")
    assert response.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def counted(client: FlaskClient, route: str, method: str = "GET", status: str = "2xx") -> float:
    labels = {"route": route, "method": method, "status": status}
    return samples(client).get((f"{DURATIONS}_count", frozenset(labels.items())), 0)


def labels(client: FlaskClient, name: str) -> set[str]:
    found = (dict(about).get(name) for _, about in samples(client))
    return {value for value in found if value is not None}


# --- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/provider?school_id=54", "/provider", "2xx"),
        ("/v1/provider?school_id=54", "/v1/provider", "2xx"),
        ("/provider?school_id=x", "/provider", "4xx"),
        ("/healthz", "/healthz", "2xx"),
        ("/school/54", "/school/<int:school_id>", "2xx"),
        ("/nowhere", UNMATCHED, "4xx"),
    ],
)
def test_a_request_is_counted_by_its_route(
    path: str, route: str, status: str, client: FlaskClient
) -> None:
    before = counted(client, route, status=status)
    for _ in range(3):  # later ones may be replayed in front of Flask
        client.get(path)
    assert counted(client, route, status=status) == before + 3


def test_a_histogram_adds_up(client: FlaskClient) -> None:
    for _ in range(5):
        client.get("/provider?school_id=54")
    found = samples(client)
    about = {("route", "/provider"), ("method", "GET"), ("status", "2xx")}
    buckets = sorted(
        (float(dict(labels)["le"]), value)
        for (name, labels), value in found.items()
        if name == f"{DURATIONS}_bucket" and about <= labels
    )
    values = [value for _, value in buckets]
    assert values == sorted(values)
    assert values[-1] == found[f"{DURATIONS}_count", frozenset(about)]
    assert found[f"{DURATIONS}_sum", frozenset(about)] > 0


def test_nothing_that_a_client_sends_becomes_a_label(client: FlaskClient) -> None:
    known = {rule.rule for rule in client.application.url_map.iter_rules()}
    for path in HOSTILE:
        client.get(path)
        client.open(path, method="SMITH")
    client.get("/provider", query_string={"q": "12 Smith Street"})
    assert labels(client, "route") <= known | {UNMATCHED}
    assert labels(client, "method") <= METHODS | {OTHER}
    assert labels(client, "status") <= {"1xx", "2xx", "3xx", "4xx", "5xx"}
    assert "Smith" not in client.get("/metrics").text


@given(path=st.text(max_size=60), method=st.sampled_from(["GET", "PROPFIND", "X" * 300]))
@settings(max_examples=examples(40))
def test_whatever_is_asked_there_are_no_more_labels(
    small_app: Flask, path: str, method: str
) -> None:
    client = small_app.test_client()
    known = {rule.rule for rule in small_app.url_map.iter_rules()} | {UNMATCHED}
    # As it comes over the wire: the test client itself would take “//x” for a host.
    environ = {"PATH_INFO": f"/{path}".encode().decode("latin-1")}
    client.open("/", method=method, buffered=True, environ_overrides=environ)
    measured: Measured = small_app.extensions[MEASURED]
    assert {route for (route, _, _), _ in measured._taken} <= known
    assert {method for (_, method, _), _ in measured._taken} <= METHODS | {OTHER}


def test_what_cannot_be_published_is_held_up_to_a_bound(
    small_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "HELD_AT_MOST", 3)
    with running_application(small_database) as made:
        for _ in range(5):
            made.test_client().get("/healthz", buffered=True)
        assert len(made.extensions[MEASURED]._taken) == 3


def test_an_exception_that_even_flask_lets_through_is_a_bare_500_and_counted(
    app: Flask,
) -> None:
    def broken(_environ: Any, _start: Any) -> Iterable[bytes]:
        raise ValueError("12 Smith Street")

    app.extensions[MEASURED]._inner = broken
    response = Client(app, app.response_class).get("/healthz")
    assert response.status_code == 500
    assert "Smith" not in response.text
    assert not app.extensions[MEASURED]._running


def test_a_request_is_in_flight_until_its_body_is_closed(app: Flask) -> None:
    measured: Measured = app.extensions[MEASURED]
    closed: list[bool] = []

    def streaming(_environ: Any, start: Any) -> Iterable[bytes]:
        start("200 OK", [])

        class Body:
            def __iter__(self) -> Iterator[bytes]:
                yield b"one"
                raise ValueError("12 Smith Street")

            def close(self) -> None:
                closed.append(True)

        return Body()

    measured._inner = streaming
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/provider"}
    body = measured(environ, lambda *_: None)
    assert len(measured._running) == 1
    assert next(iter(body)) == b"one"
    with pytest.raises(metrics.CutOff) as cut:
        next(iter(body))
    assert "Smith" not in str(cut.value)
    body.close()  # type: ignore[attr-defined]
    assert closed == [True]
    assert not measured._running


# --- ids ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("2f1e6c1a-7c4e-4a53-9a6e-0d7c2f1e6c1a", True),
        ("0123456789abcdef0123456789ABCDEF", True),
        ("12-Smith-Street", False),
        ("021 123 4567", False),
        ("a" * 65, False),
        ("abc", False),
        ("", False),
    ],
)
def test_an_id_is_taken_over_if_nothing_can_be_said_with_it(
    given: str, taken: bool, client: FlaskClient
) -> None:
    said = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert (said == given) == taken
    assert said


def test_every_request_has_an_id_of_its_own_even_a_replayed_one(client: FlaskClient) -> None:
    said = [client.get("/provider?school_id=54").headers.getlist("X-Request-ID") for _ in range(9)]
    assert all(len(ids) == 1 for ids in said)
    assert len({ids[0] for ids in said}) == 9


# --- what else is told ----------------------------------------------------------------------------


def test_the_edition_the_age_of_the_snapshot_and_the_memory_are_told(app: Flask) -> None:
    client = Client(app, app.response_class)
    client.get("/provider?school_id=54")
    found = {name: value for (name, _), value in samples(client).items()}
    assert found["catchments_edition"] == 1
    assert 0 <= found["catchments_snapshot_age_seconds"] < 600
    assert found["catchments_resident_memory_bytes"] > 10e6
    assert found["catchments_requests_in_flight"] == 1  # this very one
    assert found["catchments_database_up"] == 1


def test_what_other_rooms_count_is_told(client: FlaskClient) -> None:
    nothing: frozenset[tuple[str, str]] = frozenset()
    names = ("rate_limited_requests", "bulk_rows", "refresh_failures")
    before = samples(client)
    metrics.LIMITED.inc()
    metrics.BULK_ROWS.inc(10_000)
    metrics.REFRESH_FAILURES.inc()
    after = samples(client)
    keys = [(f"catchments_{name}_total", nothing) for name in names]
    assert [after[key] - before[key] for key in keys] == [1, 10_000, 1]


def test_deliveries_are_counted_by_state(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "queue.sqlite")
    with opened(url) as store:
        Webhooks(store).add("https://there.example/", by="hana")
    fill(url)
    with running_application(url) as app:
        found = samples(app.test_client())
    waiting = frozenset({("state", "waiting")})
    assert found["catchments_deliveries", waiting] == 1
    assert found["catchments_deliveries", frozenset({("state", "failed")})] == 0


def test_a_database_that_is_away_is_told_and_the_rest_too(small_copy: Path) -> None:
    with running_application(small_copy) as app:
        client = app.test_client()
        client.get("/provider?school_id=54", buffered=True)
        small_copy.unlink()
        found = {name: value for (name, _), value in samples(client).items()}
    assert found["catchments_database_up"] == 0
    assert "catchments_deliveries" not in found
    assert found["catchments_edition"] == 1


# --- who may read it ------------------------------------------------------------------------------


def read(app: Flask, peer: str, **headers: str) -> TestResponse:
    return Client(app, app.response_class).get(
        "/metrics", environ_base={"REMOTE_ADDR": peer}, headers=headers
    )


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.168.1.7", {}, 403),
        ("203.0.113.9", {}, 403),
        ("", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 403),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 403),
        ("203.0.113.9", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("203.0.113.9", {"Authorization": "Bearer "}, 403),
    ],
)
def test_without_a_token_only_this_machine_reads_them(
    peer: str, headers: dict[str, str], status: int, small_app: Flask
) -> None:
    response = read(small_app, peer, **headers)
    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"
    assert (response.mimetype == "text/plain") == (status == 200)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 403),
        (f"bearer {TOKEN}", 403),
        (TOKEN, 403),
        ("Bearer ā", 403),
        ("", 403),
    ],
)
def test_with_a_token_whoever_has_it_reads_them_from_anywhere(
    authorization: str, status: int, small_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, running = small_app, small_app.extensions[EXTENSION]
    given = replace(running.settings, metrics_token=TOKEN)
    monkeypatch.setitem(app.extensions, EXTENSION, replace(running, settings=given))
    for peer in ("127.0.0.1", "203.0.113.9"):
        assert read(app, peer, Authorization=authorization).status_code == status


@pytest.mark.parametrize("token", ["short", "ü" * 40, "a b" * 20])
def test_a_token_that_is_none_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(Exception, match="CATCHMENTS_METRICS_TOKEN") as refused:
        Settings.from_environment({"CATCHMENTS_METRICS_TOKEN": token})
    assert token not in str(refused.value)


# --- several processes ----------------------------------------------------------------------------

WORKERS = """
import os, sys
from catchments.core.settings import Settings
from catchments.web import application
made = application.web_app(Settings(database_url=sys.argv[1]))
client = made.test_client()
for _ in range(2):
    worker = os.fork()
    if not worker:
        for _ in range(3):
            client.get("/provider?school_id=54", buffered=True)
        made.extensions["catchments.measured"].publish()
        os._exit(0)
    os.waitpid(worker, 0)
print(client.get("/metrics").text)
"""


@pytest.mark.thorough
def test_one_worker_tells_what_all_counted_and_forgets_the_gauges_of_those_that_ended(
    small_database: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, metrics_endpoint.SHARED: str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", WORKERS, sqlite_url(small_database)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    families = {family.name: family for family in text_string_to_metric_families(told)}
    count = {
        sample.labels["route"]: sample.value
        for sample in families[DURATIONS].samples
        if sample.name.endswith("_count")
    }
    assert count["/provider"] == 6
    assert len(families["catchments_edition"].samples) == 1
    assert len(families["catchments_resident_memory_bytes"].samples) == 1
