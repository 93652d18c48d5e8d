"""A reload replaces every worker and fails no request; a stop lets running requests finish."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from catchments.commands.counting import SHARED
from catchments.settings import ROOT
from tests.worlds import sqlite_url

pytestmark = pytest.mark.slow

TINY = """
import os, pathlib, time

def make():
    if pathlib.Path(__file__).with_name("broken").exists():
        raise RuntimeError("a release that does not start")
    pid = str(os.getpid()).encode()

    def answer(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            time.sleep(1.0)
        elif environ["PATH_INFO"] == "/for-ever":
            time.sleep(600)
        start_response("200 OK", [("Content-Length", str(len(pid)))])
        return [pid]

    return answer
"""
"""An application that says which worker answers, and starts at once."""


@dataclass
class Server:
    """A server that runs, and what it said."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    failed: list[Any] = field(default_factory=list)

    def get(self, path: str, connection: http.client.HTTPConnection | None = None) -> str:
        if connection is None:
            with closing(self.connection()) as once:
                return self._asked(once, path, {"Connection": "close"})
        return self._asked(connection, path, {})

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def _asked(self, using: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> str:
        using.request("GET", path, headers=headers)
        response = using.getresponse()
        assert response.status == 200
        return response.read().decode()

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def said(self, what: str) -> int:
        return self.log.read_text().count(what)

    def wait(self, until: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 90
        while not until():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < give_up, self.log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return bool(self.get("/healthz"))
        except (OSError, http.client.HTTPException):
            return False


@contextmanager
def serving(folder: Path, command: list[object], **environment: str) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *map(str, command), f"--port={port}"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
        )
    server = Server(process, port, log)
    try:
        server.wait(server.answers)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Any]:
    (tmp_path / "tiny_application.py").write_text(TINY)

    def begun(workers: int = 1, kill_after_s: int = 10) -> Any:
        named = {
            "interface": "wsgi",
            "workers": workers,
            "blocking-threads": 4,
            "workers-kill-timeout": kill_after_s,
            "log-level": "warning",
            "working-dir": tmp_path,
        }
        options = [f"--{name}={value}" for name, value in named.items()]
        program = ["catchments.serving", *options, "--factory", "tiny_application:make"]
        return serving(tmp_path, program)

    return begun


@contextmanager
def asked_without_pause(server: Server, path: str = "/") -> Iterator[set[str]]:
    """Ask all the while, over connections that are kept and over new ones; give the answers."""
    enough, seen = threading.Event(), set()

    def ask(keep: bool) -> None:
        with closing(server.connection()) as connection:
            while not enough.wait(0.001):
                try:
                    seen.add(server.get(path, connection if keep else None))
                except Exception as error:
                    server.failed.append(repr(error))

    threads = [threading.Thread(target=ask, args=(keep,)) for keep in (True, True, False, False)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def test_a_reload_replaces_every_worker_and_fails_no_request(tiny: Callable[..., Any]) -> None:
    with tiny(workers=2) as server:
        with asked_without_pause(server) as seen:
            time.sleep(0.5)
            before = set(seen)
            server.reload()
            server.wait(lambda: server.said("was replaced") == 2)
            seen.clear()
            time.sleep(0.5)
            after = set(seen)
        assert server.failed == []
        assert before
        assert after
        assert before & after == set()


def test_a_request_that_runs_during_a_reload_is_answered_by_the_old_worker(
    tiny: Callable[..., Any],
) -> None:
    with tiny() as server:
        old = server.get("/")
        answers: list[str] = []
        slow = threading.Thread(target=lambda: answers.append(server.get("/slow")))
        slow.start()
        time.sleep(0.2)
        server.reload()
        slow.join()
        server.wait(lambda: server.said("was replaced") == 1)
        assert answers == [old]
        assert server.get("/") != old


def test_a_release_that_does_not_start_leaves_the_old_workers_serving(
    tiny: Callable[..., Any], tmp_path: Path
) -> None:
    with tiny() as server:
        old = server.get("/")
        (tmp_path / "broken").touch()
        with asked_without_pause(server) as seen:
            server.reload()
            server.wait(lambda: server.said("did not come up; the old one goes on") == 1)
        assert server.failed == []
        assert seen == {old}
        (tmp_path / "broken").unlink()
        server.reload()
        server.wait(lambda: server.said("was replaced") == 1)
        assert server.get("/") != old


def test_a_stop_lets_running_requests_finish(tiny: Callable[..., Any]) -> None:
    with tiny(workers=2) as server:
        answers: list[str] = []
        slow = [
            threading.Thread(target=lambda: answers.append(server.get("/slow"))) for _ in range(3)
        ]
        for thread in slow:
            thread.start()
        time.sleep(0.3)
        server.process.terminate()
        for thread in slow:
            thread.join()
        assert len(answers) == 3
        assert server.process.wait(30) == 0
        assert not server.answers()


def test_a_request_that_does_not_finish_does_not_hold_up_a_stop(tiny: Callable[..., Any]) -> None:
    with tiny(kill_after_s=1) as server, closing(server.connection()) as sent:
        sent.request("GET", "/for-ever")
        time.sleep(0.3)
        server.process.terminate()
        assert server.process.wait(30) == 0
        with pytest.raises((OSError, http.client.HTTPException)):
            sent.getresponse()


def test_the_service_itself_reloads_under_load_and_goes_on_counting(
    small_copy: Path, tmp_path: Path
) -> None:
    environment = {
        "DATABASE_URL": sqlite_url(small_copy),
        "CATCHMENTS_RATE_LIMIT": "0",
        "CATCHMENTS_LOG": "json",
        SHARED: str(tmp_path),
    }
    program = ["catchments.serving", "--interface=wsgi", "--workers=1", "--log-level=warning"]
    with serving(tmp_path, [*program, "--factory", "app:serve_app"], **environment) as server:
        asked = "/provider?school_id=54"
        with asked_without_pause(server, asked) as seen:
            server.reload()
            server.wait(lambda: server.said("was replaced") == 1)
        assert server.failed == []
        assert len(seen) == 1
        time.sleep(1.5)  # counts are shared once a second
        told = {f.name: f for f in text_string_to_metric_families(server.get("/metrics"))}
    assert len({s.labels["pid"] for s in told["catchments_edition"].samples}) == 1
    count = next(
        sample.value
        for sample in told["catchments_request_duration_seconds"].samples
        if sample.name.endswith("_count") and sample.labels["route"] == "/provider"
    )
    assert count > 10
