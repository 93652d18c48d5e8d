"""Servers replaced behind their proxy fail no request; a stop lets running requests finish."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scripts.many_machines import NotReady, roll
from tests.serving import Door, Server, behind_nginx, running, service
from tests.waiting import PATIENCE_S, wait_until
from tests.worlds import sqlite_url

TINY = """
import os, pathlib, time

here = pathlib.Path(__file__).parent

def make():
    if (here / "broken").exists():
        raise RuntimeError("a release that does not start")
    pid = str(os.getpid()).encode()

    def answer(environ, start_response):
        if environ["PATH_INFO"] == "/held":
            (here / ("held-" + environ["QUERY_STRING"])).touch()
            while not (here / "released").exists():
                time.sleep(0.02)
        start_response("200 OK", [("Content-Length", str(len(pid)))])
        return [pid]

    return answer
"""
"""An application that says which worker answers, and holds a request until it is let go."""
QUESTION = "/v1/providers:resolve"
"""What is asked by POST and changes nothing: the proxy asks it again."""
Begun = Callable[..., Server]


@pytest.fixture
def tiny(tmp_path: Path) -> Begun:
    (tmp_path / "tiny_application.py").write_text(TINY)

    def begun(workers: int = 1, kill_after_s: int = int(PATIENCE_S)) -> Server:
        named = {
            "interface": "wsgi",
            "workers": workers,
            "blocking-threads": 4,
            "workers-kill-timeout": kill_after_s,
            "log-level": "info",
            "working-dir": tmp_path,
        }
        options = [f"--{name}={value}" for name, value in named.items()]
        program = ["granian", *options, "--factory", "tiny_application:make"]
        return Server(*program, ready="/")

    return begun


@pytest.fixture
def two(tiny: Begun, tmp_path: Path) -> Iterator[tuple[Door, list[Server]]]:
    """Two servers of one worker each, behind nginx."""
    with behind_one_door(tmp_path, tiny(), tiny()) as found:
        yield found


@contextmanager
def behind_one_door(folder: Path, *servers: Server) -> Iterator[tuple[Door, list[Server]]]:
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(running(server))
        ports = [server.port for server in servers]
        yield stack.enter_context(behind_nginx(folder, *ports)), [*servers]


@contextmanager
def replaced_meanwhile(servers: list[Server]) -> Iterator[threading.Thread]:
    """Have servers replaced; at the end they are."""
    replacing = threading.Thread(target=roll, args=(servers,))
    replacing.start()
    yield replacing
    replacing.join(PATIENCE_S)
    assert not replacing.is_alive()


class Held:
    """Requests that run until they are let go."""

    def __init__(self, door: Door, folder: Path, number: int) -> None:
        self.answers: list[str] = []
        self._folder = folder
        self._threads = [
            threading.Thread(target=lambda at=at: self.answers.append(answer(door, f"/held?{at}")))
            for at in range(number)
        ]
        for thread in self._threads:
            thread.start()
        wait_until(
            lambda: len(list(folder.glob("held-*"))) == number, f"{number} requests are held"
        )

    def let_go(self) -> None:
        (self._folder / "released").touch()
        for thread in self._threads:
            thread.join(PATIENCE_S)


def answer(
    door: Door, path: str, using: http.client.HTTPConnection | None = None, method: str = "GET"
) -> str:
    """Which worker answers, over a connection that is kept or over a new one."""
    if using is None:
        with closing(door.connection()) as new:
            return answer(door, path, new, method)
    using.request(method, path, body=None if method == "GET" else b"{}")
    response = using.getresponse()
    content = response.read().decode()
    assert response.status == 200, content
    return content


def all_answer(door: Door, workers: int) -> None:
    """Wait until each worker answers: one that is just beginning may miss a signal to stop."""
    seen: set[str] = set()

    def have_answered() -> bool:
        seen.add(answer(door, "/"))
        return len(seen) == workers

    wait_until(have_answered, f"{workers} workers answer")


@dataclass
class Asked:
    """What was answered to whoever asks all the while; and what went wrong."""

    phase: str = "before"
    answers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By when the question was begun."""
    count: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def asked_without_pause(door: Door, path: str = "/", *, pause_s: float) -> Iterator[Asked]:
    """Ask all the while, over connections that are kept and over new ones, also by POST."""
    enough, asked = threading.Event(), Asked()

    def ask(keep: bool, method: str) -> None:
        with closing(door.connection()) as connection:
            while not enough.wait(pause_s):
                phase = asked.phase
                try:
                    to = path if method == "GET" else QUESTION
                    given = answer(door, to, connection if keep else None, method)
                except Exception as error:
                    asked.failed.append(repr(error))
                else:
                    asked.answers[phase].add(given)
                    asked.count += 1

    posting = [] if path != "/" else [(True, "POST"), (False, "POST")]
    kinds = [(True, "GET"), (True, "GET"), (False, "GET"), (False, "GET"), *posting]
    threads = [threading.Thread(target=ask, args=kind) for kind in kinds]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        enough.set()
        for thread in threads:
            thread.join(PATIENCE_S)


def answered_more(asked: Asked, number: int = 40) -> None:
    before = asked.count
    wait_until(lambda: asked.count > before + number or asked.failed, "questions go on")


@pytest.mark.thorough
@pytest.mark.parametrize("pause_s", [0.02, 0.001], ids=["load", "heavy load"])
def test_a_reload_replaces_every_server_and_fails_no_request(
    two: tuple[Door, list[Server]], pause_s: float
) -> None:
    door, servers = two
    all_answer(door, 2)
    with asked_without_pause(door, pause_s=pause_s) as asked:
        answered_more(asked)
        asked.phase = "meanwhile"
        roll(servers)
        asked.phase = "after"
        answered_more(asked)
    assert asked.failed == []
    assert len(asked.answers["before"]) == len(asked.answers["after"]) == 2
    assert asked.answers["before"] & asked.answers["after"] == set()


@pytest.mark.thorough
def test_a_request_that_runs_during_a_reload_is_answered_by_the_old_worker(
    two: tuple[Door, list[Server]], tmp_path: Path
) -> None:
    door, servers = two
    all_answer(door, 2)
    old = {answer(server, "/") for server in servers}
    held = Held(servers[0], tmp_path, 1)
    with replaced_meanwhile(servers) as replacing:
        servers[0].wait_until(lambda: servers[0].said("Shutting down granian"), "it stops")
        assert {answer(door, "/") for _ in range(10)} == {answer(servers[1], "/")}
        assert replacing.is_alive()
        held.let_go()
    assert set(held.answers) < old
    assert {answer(server, "/") for server in servers} & old == set()


@pytest.mark.thorough
def test_a_release_that_does_not_start_leaves_the_old_server_serving(
    two: tuple[Door, list[Server]], tmp_path: Path
) -> None:
    door, servers = two
    all_answer(door, 2)
    old = {answer(server, "/") for server in servers}
    (tmp_path / "broken").touch()
    with asked_without_pause(door, pause_s=0.02) as asked:
        with pytest.raises(NotReady, match="a release that does not start"):
            roll(servers)
        asked.phase = "after"
        answered_more(asked)
    assert asked.failed == []
    assert asked.answers["after"] == {answer(servers[1], "/")} < old
    (tmp_path / "broken").unlink()
    roll(servers)
    assert {answer(door, "/") for _ in range(10)} & old == set()


def test_a_stop_lets_running_requests_finish(tiny: Begun, tmp_path: Path) -> None:
    with running(tiny(workers=2)) as server:
        all_answer(server, 2)
        held = Held(server, tmp_path, 3)
        server.terminate()
        server.wait_until(lambda: server.said("Shutting down granian"), "it stops")
        held.let_go()
        assert len(held.answers) == 3
        assert server.process.wait() == 0
        assert not server.answers()


def test_a_request_that_does_not_finish_does_not_hold_up_a_stop(
    tiny: Begun, tmp_path: Path
) -> None:
    with running(tiny(kill_after_s=1)) as server, closing(server.connection()) as sent:
        sent.request("GET", "/held?0")
        wait_until((tmp_path / "held-0").exists, "the request is held")
        assert server.stop() == 0
        with pytest.raises((OSError, http.client.HTTPException)):
            sent.getresponse()


def test_where_a_port_is_taken_tests_begin_their_server_on_another(tiny: Begun) -> None:
    server = tiny()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        with running(server):
            assert server.port != taken.getsockname()[1]
            assert answer(server, "/")


def test_the_service_itself_is_replaced_under_load_and_goes_on_counting(
    small_copy: Path, tmp_path: Path
) -> None:
    url = sqlite_url(small_copy)
    both = [service(url, CATCHMENTS_LOG="json", CATCHMENTS_TRUSTED_PROXIES="1") for _ in range(2)]
    with behind_one_door(tmp_path, *both) as (door, servers):
        with asked_without_pause(door, "/provider?school_id=54", pause_s=0.02) as asked:
            before = [server.workers() for server in servers]
            roll(servers)
            answered_more(asked)
        assert asked.failed == []
        for server, old in zip(servers, before, strict=True):
            server.wait_until(lambda s=server: counted(s) > 10, "answers are counted")
            only = "only workers that live tell what they serve"
            server.wait_until(lambda s=server: telling(s) == s.workers(), only, every_s=0.25)
            assert len(server.workers()) == 1
            assert server.workers() & old == set()


def telling(server: Server) -> set[int]:
    """The workers that say which edition they serve."""
    told = {each.name: each for each in text_string_to_metric_families(server.metrics())}
    return {int(sample.labels["pid"]) for sample in told["catchments_edition"].samples}


def counted(server: Server) -> float:
    """How many answers about a provider the workers of a server have counted together."""
    told = {each.name: each for each in text_string_to_metric_families(server.metrics())}
    return sum(
        sample.value
        for sample in told["catchments_request_duration_seconds"].samples
        if sample.name.endswith("_count") and sample.labels["route"] == "/provider"
    )
