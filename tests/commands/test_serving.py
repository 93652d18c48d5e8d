"""What the server is begun with, and what is said where others may reach it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from catchments.commands import serving, setup
from catchments.core.settings import ROOT
from catchments.web.front.room import AT_ONCE
from tests.waiting import PATIENCE_S, wait_until


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words that a server would have been begun with."""
    words: list[str] = []
    monkeypatch.setattr(os, "execv", lambda _program, command: words.extend(command))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    monkeypatch.chdir(Path.cwd())
    return words


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("localhost", False),
        ("::1", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.0.2.7", True),
        ("finder.example", True),
    ],
)
def test_what_only_a_proxy_can_give_is_said_where_others_may_reach_it(
    host: str, said: bool, begun: list[str], capsys: Any
) -> None:
    setup._serve(host, 8000, 2, with_requests=False)
    told = capsys.readouterr().out
    assert (setup.BEHIND_NOTHING.split(".")[0] in told.replace("\n", " ")) is said
    assert f"--host={host}" in begun


def test_it_speaks_http_1_alone_and_takes_more_connections_than_it_works_on(
    begun: list[str],
) -> None:
    setup._serve("127.0.0.1", 8000, 2, with_requests=False)
    options = dict(word.lstrip("-").split("=", 1) for word in begun if "=" in word)
    assert options["http"] == "1"
    assert "--no-ws" in begun
    assert int(options["blocking-threads"]) == AT_ONCE
    assert int(options["backpressure"]) > AT_ONCE
    assert "--respawn-failed-workers" in begun


@pytest.mark.parametrize(
    ("limits", "connections", "set_to"),
    [
        ((1_024, 1_048_576), serving.CONNECTIONS, 2_560),
        ((1_048_576, 1_048_576), serving.CONNECTIONS, None),
        ((1_024, 1_024), 512, None),
        ((256, 256), AT_ONCE, None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), serving.CONNECTIONS, None),
    ],
    ids=["soft", "enough", "few", "hardly any", "endless"],
)
def test_connections_leave_files_for_all_else(
    limits: tuple[int, int], connections: int, set_to: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, to: given.append(to))
    assert serving._connections() == connections
    assert given == ([(set_to, limits[1])] if set_to else [])


# --- the lookup and requests for support together -------------------------------------------------

ANSWERS = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
TOGETHER = """
import os, sys
from catchments.commands import serving
lookup, requests = sys.argv[1], sys.argv[2]
serving._run = lambda command, _: print("ran", command, flush=True)
python = [sys.executable, "-c", os.environ["ANSWERS"]]
both = serving.surroundings(os.environ, port=int(lookup), requests_port=int(requests))
sys.exit(serving.serve_together([*python, lookup], [*python, requests], both))
"""


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_both_are_served_once_the_lookup_answers_and_both_end_together(how: int) -> None:
    ports = free_port(), free_port()
    with subprocess.Popen(
        [sys.executable, "-c", TOGETHER, *map(str, ports)],
        env={**os.environ, "ANSWERS": ANSWERS},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        wait_until(lambda: all(map(answers, ports)), "both answer")
        running.send_signal(how)
        said, _ = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0
    assert said.splitlines()[:2] == ["ran setup", "ran demonstrate"]
    assert f"http://localhost:{ports[1]}/" in said
    wait_until(lambda: not any(map(answers, ports)), "neither answers any more")


def test_each_finds_the_other_unless_it_is_set() -> None:
    made = serving.surroundings({"CATCHMENTS_REQUESTS_URL": "x"}, port=1, requests_port=2)
    assert made["CATCHMENTS_REQUESTS_LOOKUP_URL"] == "http://127.0.0.1:1"
    assert made["CATCHMENTS_REQUESTS_URL"] == "x"
    assert len(made["CATCHMENTS_REQUESTS_COUNTS_KEY"]) == 64
