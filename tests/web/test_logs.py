"""Log lines: one event a line, and whatever somebody types, nothing of it gets into one."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catchments import __version__
from catchments.core.errors import InputRefused
from catchments.core.settings import ROOT, Settings
from catchments.runtime import logs
from catchments.store.engine import open_engine
from catchments.web import application as service
from catchments.web.common import request_log as web_logs
from catchments.web.common.services import EXTENSION
from catchments.web.front.metrics import MEASURED
from tests.laws import examples
from tests.staff import add_person, attempt, sign_in
from tests.waiting import PATIENCE_S
from tests.worlds import fill, opened, running_application, sqlite_url

SECRET = "12 Smith Street"
"""What somebody types; it must be nowhere."""
HOSTILE = (
    SECRET,
    f"{SECRET} {{{{7*191}}}}",
    f'{SECRET}\n{{"level": "INFO", "message": "forged"}}',
    f"{SECRET}\x1b[31m\x00\u2028\x85",
    f"{SECRET} ' OR 1=1 </script>",
    SECRET + "ā" * 5_000,
)
FIELDS = {"time", "level", "logger", "message", "worker"}
OF_A_REQUEST = {"request", "method", "route"}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is logged, as JSON; how pytest itself listens is put back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("catchments")
    before = (root.handlers[:], root.level, ours.level, logging.raiseExceptions)
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    web_logs.configure(Settings(log="json"))
    out = io.StringIO()
    root.handlers[0].setStream(out)  # type: ignore[attr-defined]
    yield out
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    root.handlers[:], (level, own, logging.raiseExceptions) = before[0], before[1:]
    root.setLevel(level)
    ours.setLevel(own)


def events(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = sqlite_url(tmp_path_factory.mktemp("logs") / "logs.sqlite")
    fill(url)
    with opened(url) as store:
        add_person(store, "hana")
    return url


@pytest.fixture
def app(database: str) -> Iterator[Flask]:
    """The application as CATCHMENTS_ACCESS_LOG=1 has it."""
    with running_application(database) as made:
        made.extensions[MEASURED]._telling = True
        yield made


def ask_in_every_way(client: FlaskClient, text: str) -> None:
    """Send a text wherever a request has room for one."""
    line = "".join(c for c in text if c.isprintable())[:500]
    headers = {"User-Agent": line, "Referer": line, "X-Request-ID": line, "Cookie": f"x={line}"}
    for path in ("/", "/search", "/suggest", "/provider", "/v1/provider", "/nowhere"):
        client.get(path, query_string={"q": text, "address": text, text: text}, buffered=True)
    client.get(f"/school/{text}", headers=headers, buffered=True)
    client.get(f"/{text}", headers=headers, buffered=True)
    client.open("/", method="POST", data={"q": text}, buffered=True)
    client.open("/", method=line.replace(" ", "")[:50] or "X", buffered=True)
    client.get("/", environ_base={"REMOTE_ADDR": "203.0.113.9"}, buffered=True)


# --- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_request_carries_gets_into_a_line(
    text: str, client: FlaskClient, written: io.StringIO
) -> None:
    ask_in_every_way(client, text)
    for gone in ("Smith", "203.0.113", "forged", "\x1b", "7*191", "ā"):
        assert gone not in written.getvalue()
    found = events(written)
    assert len([event for event in found if event["logger"] == "catchments.access"]) == 11
    for event in found:
        assert event.keys() >= FIELDS | OF_A_REQUEST


def test_a_request_is_one_line_with_its_route_and_what_became_of_it(
    client: FlaskClient, written: io.StringIO
) -> None:
    name = "0123456789abcdef"
    client.get("/provider?school_id=54", headers={"X-Request-ID": name}, buffered=True)
    (event,) = events(written)
    assert event.keys() == FIELDS | OF_A_REQUEST | {"status", "duration_ms", "edition"}
    told = ("logger", "level", "method", "route", "status", "edition", "request", "worker")
    assert [event[key] for key in told] == [
        "catchments.access", "INFO", "GET", "/provider", 200, 1, name, os.getpid(),
    ]  # fmt: skip
    assert event["duration_ms"] >= 0


def test_requests_are_not_logged_unless_that_is_set(database: str, written: io.StringIO) -> None:
    with running_application(database) as app:
        app.test_client().get("/provider?school_id=54", buffered=True)
    assert written.getvalue() == ""


def test_who_signs_in_is_not_named_nor_what_they_type(
    client: FlaskClient, written: io.StringIO
) -> None:
    attempt(client, "hana", "wrong horse battery")
    attempt(client, f"hana {SECRET}", SECRET)
    sign_in(client, "hana")
    client.get("/staff/", buffered=True)
    for gone in ("hana", "Hana", "Smith", "horse"):
        assert gone not in written.getvalue()


def test_an_error_says_where_and_of_which_kind_and_repeats_no_value(
    app: Flask, written: io.StringIO
) -> None:
    class Broken:
        latest = None
        refreshed_at = None

        def current(self) -> None:
            address = SECRET  # a local variable
            try:
                raise KeyError(address)
            except KeyError as error:
                raise ValueError(f"no such place: {address}") from error

    running = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(running, snapshots=Broken())
    response = app.test_client().get(f"/search?q={SECRET}", buffered=True)
    assert response.status_code == 500
    assert "Smith" not in written.getvalue()
    event = next(event for event in events(written) if "traceback" in event)
    assert event["exception"] == ["builtins.KeyError", "builtins.ValueError"]
    assert event["route"] == "/search"
    assert any(frame.endswith(" current") for frame in event["traceback"])


# --- other sources of lines -----------------------------------------------------------------------


def test_what_libraries_say_is_withheld_but_not_that_they_said_it(written: io.StringIO) -> None:
    logging.getLogger("urllib3.made_up").warning("GET /?q=%s", SECRET)
    logging.getLogger("other.made_up").error(f"bad value {SECRET}", extra={"q": SECRET})
    logging.getLogger("other.made_up").warning({"q": SECRET})
    logging.getLogger("catchments").warning("ours %s", "1 of\n2", extra={"q": SECRET})
    logging.getLogger("catchments").warning("does not fit %s %s", SECRET)  # noqa: PLE1206
    assert "Smith" not in written.getvalue()
    found = events(written)
    assert [event["logger"] for event in found] == [
        "urllib3.made_up", "other.made_up", "other.made_up", "catchments",
    ]  # fmt: skip
    assert found[0]["message"].startswith("test_logs:")
    assert found[-1]["message"] == "ours 1 of 2"


def test_what_nobody_caught_repeats_no_value_either(written: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join(PATIENCE_S)
    (event,) = events(written)
    assert event["exception"] == ["builtins.ValueError"]
    assert "Smith" not in written.getvalue()


def test_a_programs_traceback_is_told_by_where_and_what(tmp_path: Path) -> None:
    script = tmp_path / "fails.py"
    script.write_text(f"def f():\n    raise ValueError('{SECRET}')\nf()\n")
    stderr = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False
    ).stderr
    assert "Smith" in stderr
    told = logs.told_by(stderr)
    assert f"{script}:2" in told
    assert told.endswith("; ValueError")
    assert "Smith" not in told


@given(text=st.text(max_size=80))
@example('\n  File "12 Smith Street", line 1, in Smith\nSmith: x')
@settings(max_examples=examples(40))
def test_a_programs_last_words_are_not_repeated_whatever_they_look_like(text: str) -> None:
    told = logs.told_by(f'Traceback:\n  File "{__file__}", line 1, in f\nValueError: {text}')
    assert told in {f"{__file__}:1; ValueError", f"{__file__}:1; an exception"}


@pytest.mark.parametrize("url", ["sqlite://", "postgresql://nobody@127.0.0.1:1/none"])
def test_an_error_of_the_database_does_not_hold_what_was_to_be_written(url: str) -> None:
    engine = open_engine(url)
    assert engine.hide_parameters
    if url == "sqlite://":
        with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError) as failed:
            connection.execute(sa.text("INSERT INTO nowhere VALUES (:place)"), {"place": SECRET})
        assert SECRET not in str(failed.value)


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_as_text_an_event_is_one_line_too(text: str) -> None:
    record = logging.LogRecord("catchments", logging.INFO, "x.py", 1, text, None, None)
    line = logs.formatter("text").format(record)
    assert line.isprintable()
    assert " INFO catchments " in line


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_workers_first_line_says_which_version_it_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url(tmp_path / "empty.sqlite"))
    monkeypatch.setenv("CATCHMENTS_LOG", kind)
    monkeypatch.setattr(service, "_keep_up", lambda *_: None)
    service.serve_app()
    assert f"version {__version__}" in capsys.readouterr().err.splitlines()[0]


def test_the_server_in_front_of_the_workers_writes_in_the_same_form() -> None:
    with (ROOT / "catchments" / "commands" / "granian_logging.json").open() as file:
        told = json.load(file)
    assert told["formatters"] == {"ours": {"()": "catchments.runtime.logs.formatter"}}


@pytest.mark.parametrize(
    ("environment", "name"),
    [({"CATCHMENTS_LOG": "xml"}, "CATCHMENTS_LOG"), ({"CATCHMENTS_ACCESS_LOG": "2"}, "ACCESS_LOG")],
)
def test_a_setting_that_is_none_is_refused(environment: dict[str, str], name: str) -> None:
    with pytest.raises(InputRefused, match=name):
        Settings.from_environment(environment)
