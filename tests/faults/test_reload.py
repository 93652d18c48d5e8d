"""A reload replaces every worker and fails no request; a stop lets running requests finish."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import Server, running, serving
from tests.waiting import PATIENCE_S, wait_until

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
        program = ["catchments.runtime.serving", *options, "--factory", "tiny_application:make"]
        return Server(*program, ready="/")

    return begun


class Held:
    """Requests that run until they are let go."""

    def __init__(self, server: Server, folder: Path, number: int) -> None:
        self.answers: list[str] = []
        self._folder = folder
        self._threads = [
            threading.Thread(
                target=lambda at=at: self.answers.append(answer(server, f"/held?{at}"))
            )
            for at in range(number)
        ]
        for thread in self._threads:
            thread.start()
        server.wait_until(
            lambda: len(list(folder.glob("held-*"))) == number, f"{number} requests are held"
        )

    def let_go(self) -> None:
        (self._folder / "released").touch()
        for thread in self._threads:
            thread.join(PATIENCE_S)


def answer(server: Server, path: str, using: http.client.HTTPConnection | None = None) -> str:
    """Which worker answers, over a connection that is kept or over a new one."""
    if using is None:
        status, content = server.text(path)
    else:
        using.request("GET", path)
        response = using.getresponse()
        status, content = response.status, response.read().decode()
    assert status == 200
    return content


def all_answer(server: Server, workers: int) -> None:
    """Wait until each worker answers: one that is just beginning may miss a signal to stop."""
    seen: set[str] = set()

    def have_answered() -> bool:
        seen.add(answer(server, "/"))
        return len(seen) == workers

    server.wait_until(have_answered, f"{workers} workers answer")


@dataclass
class Asked:
    """What was answered to whoever asks all the while; and what went wrong."""

    phase: str = "before"
    answers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By when the question was begun."""
    count: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def asked_without_pause(server: Server, path: str = "/", *, pause_s: float) -> Iterator[Asked]:
    """Ask all the while, over connections that are kept and over new ones."""
    enough, asked = threading.Event(), Asked()

    def ask(keep: bool) -> None:
        with closing(server.connection()) as connection:
            while not enough.wait(pause_s):
                phase = asked.phase
                try:
                    given = answer(server, path, connection if keep else None)
                except Exception as error:
                    asked.failed.append(repr(error))
                else:
                    asked.answers[phase].add(given)
                    asked.count += 1

    threads = [threading.Thread(target=ask, args=(keep,)) for keep in (True, True, False, False)]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        enough.set()
        for thread in threads:
            thread.join(PATIENCE_S)


def answered_more(server: Server, asked: Asked, number: int = 40) -> None:
    before = asked.count
    server.wait_until(lambda: asked.count > before + number or asked.failed, "questions go on")


@pytest.mark.thorough
@pytest.mark.parametrize("pause_s", [0.02, 0.001], ids=["load", "heavy load"])
def test_a_reload_replaces_every_worker_and_fails_no_request(tiny: Begun, pause_s: float) -> None:
    with running(tiny(workers=2)) as server:
        all_answer(server, 2)
        with asked_without_pause(server, pause_s=pause_s) as asked:
            answered_more(server, asked)
            asked.phase = "meanwhile"
            server.reload()
            server.wait_until(lambda: server.said("was replaced") == 2, "both are replaced")
            asked.phase = "after"
            answered_more(server, asked)
        assert asked.failed == []
        assert asked.answers["before"]
        assert asked.answers["after"]
        assert asked.answers["before"] & asked.answers["after"] == set()


@pytest.mark.thorough
def test_a_request_that_runs_during_a_reload_is_answered_by_the_old_worker(
    tiny: Begun, tmp_path: Path
) -> None:
    with running(tiny()) as server:
        old = answer(server, "/")
        held = Held(server, tmp_path, 1)
        server.reload()
        server.wait_until(lambda: answer(server, "/") != old, "a new worker answers")
        held.let_go()
        server.wait_until(lambda: server.said("was replaced") == 1, "the old one has ended")
        assert held.answers == [old]
        assert answer(server, "/") != old


@pytest.mark.thorough
def test_a_release_that_does_not_start_leaves_the_old_workers_serving(
    tiny: Begun, tmp_path: Path
) -> None:
    with running(tiny()) as server:
        old = answer(server, "/")
        (tmp_path / "broken").touch()
        with asked_without_pause(server, pause_s=0.02) as asked:
            server.reload()
            given_up = "did not come up; the old one goes on"
            server.wait_until(lambda: server.said(given_up) == 1, "the new one is given up")
            answered_more(server, asked)
        assert asked.failed == []
        assert asked.answers == {"before": {old}}
        (tmp_path / "broken").unlink()
        server.reload()
        server.wait_until(lambda: server.said("was replaced") == 1, "it is replaced")
        assert answer(server, "/") != old


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


def test_the_service_itself_reloads_under_load_and_goes_on_counting(small_copy: Path) -> None:
    with serving(small_copy, CATCHMENTS_LOG="json") as server:
        asked_for = "/provider?school_id=54"
        with asked_without_pause(server, asked_for, pause_s=0.02) as asked:
            server.reload()
            server.wait_until(lambda: server.said("was replaced") == 1, "it is replaced")
            answered_more(server, asked)
        assert asked.failed == []
        assert len(asked.answers["before"]) == 1
        server.wait_until(lambda: counted(server) > 10, "answers are counted", every_s=0.25)
        only = "only workers that live tell what they serve"
        server.wait_until(lambda: telling(server) == server.workers(), only, every_s=0.25)
        assert len(server.workers()) == 1


def telling(server: Server) -> set[int]:
    """The workers that say which edition they serve."""
    told = {each.name: each for each in text_string_to_metric_families(server.metrics())}
    return {int(sample.labels["pid"]) for sample in told["catchments_edition"].samples}


def counted(server: Server) -> float:
    """How many answers about a provider the workers have counted together, old and new."""
    told = {each.name: each for each in text_string_to_metric_families(server.metrics())}
    return sum(
        sample.value
        for sample in told["catchments_request_duration_seconds"].samples
        if sample.name.endswith("_count") and sample.labels["route"] == "/provider"
    )
