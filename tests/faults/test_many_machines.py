"""Two servers, one PostgreSQL: publish under load, kill a server, take the database away.

Whoever asks goes to the other server when one does not take a connection, as a reverse proxy does.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from catchments.model import Edition
from catchments.settings import ROOT
from catchments.snapshot import today_in_new_zealand
from scripts.postgresql import Cluster, programs, throw_away
from tests.faults.test_kill import _free_port, get, is_ready, wait_until
from tests.worlds import fill, lacking, opened, publish_whole, small_edition

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

SERVED_WITHIN_S = 5.0
CLIENTS = 4
PAUSE_S = 0.006
"""Between two questions of a client: fast enough for 200 a second, slow enough for two cores."""
SHUNNED_S = 0.5
AWAY_S = 6.0
ENOUGH = 3_000
SCHOOLS = (54, 55, 57, 58, 3553)
_EDITION = re.compile(r'"\d+-e(\d+)-d1-a(\d+)\.0\.1-\d{8}"')


def numbered(number: int) -> Edition:
    """The small world with the edition's number in the name of every provider."""
    small = small_edition(effective_from=today_in_new_zealand())
    providers = {
        code: replace(provider, name=f"Provider in edition {number}")
        for code, provider in small.providers.items()
    }
    return replace(small, providers=providers)


def publish(url: str) -> int:
    with opened(url) as store:
        number = len(store.editions()) + 1
        assert publish_whole(store, numbered(number)) == number
    return number


# --- servers --------------------------------------------------------------------------------------


class Server:
    """One machine: `flask serve` with one worker, which can lose its power."""

    def __init__(self, url: str) -> None:
        self.url, self.port = url, _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["serve", "--port", str(self.port), "--workers", "1"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flask", *words],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": self.url, "CATCHMENTS_RATE_LIMIT": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self) -> None:
        wait_until(lambda: is_ready(self.port), within_s=60)

    def kill(self) -> None:
        """End every process of it at once."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    @property
    def edition(self) -> int:
        number: int = get(self.port, "/v1/provider?school_id=54")[1]["edition"]["number"]
        return number

    @property
    def database(self) -> str:
        status, body = get(self.port, "/readyz")
        assert status == 200, body
        said: str = body["database"]
        return said


@contextmanager
def two_servers(url: str) -> Iterator[tuple[Server, Server]]:
    servers = Server(url), Server(url)
    try:
        for server in servers:
            server.start()
        for server in servers:
            server.wait()
        yield servers
    finally:
        for server in servers:
            server.kill()


def served_by_all_within_s(servers: tuple[Server, ...], edition: int) -> float:
    return wait_until(
        lambda: all(server.edition == edition for server in servers), within_s=SERVED_WITHIN_S
    )


# --- whoever asks ---------------------------------------------------------------------------------


@dataclass
class Tally:
    """What happened to the questions of one client."""

    answered: Counter[int] = field(default_factory=Counter)
    """By edition."""
    wrong: list[object] = field(default_factory=list)
    mixed: list[object] = field(default_factory=list)
    unanswered: list[object] = field(default_factory=list)
    """By neither server."""
    failed: list[tuple[float, int]] = field(default_factory=list)
    """Connections: when, and to which port."""
    slowest_s: float = 0.0


class Asking(threading.Thread):
    """A client that asks the servers in turn and leaves one alone for a while when it fails."""

    def __init__(self, ports: list[int], enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self.tally = Tally()
        self._enough = enough
        self._lines = {p: http.client.HTTPConnection("127.0.0.1", p, timeout=10) for p in ports}
        self._shunned_until = dict.fromkeys(ports, 0.0)

    def run(self) -> None:
        for turn, school in enumerate(itertools.cycle(SCHOOLS)):
            if self._enough.wait(PAUSE_S):
                break
            began = time.monotonic()
            self._ask(turn, f"/v1/provider?school_id={school}")
            self.tally.slowest_s = max(self.tally.slowest_s, time.monotonic() - began)
        for line in self._lines.values():
            line.close()

    def _ask(self, turn: int, path: str) -> None:
        ports = [*self._lines] if turn % 2 else [*reversed(self._lines)]
        for port in sorted(ports, key=self._is_shunned):
            try:
                self._check(*self._answer(port, path))
            except (OSError, http.client.HTTPException):
                self._lines[port].close()
                self._shunned_until[port] = time.monotonic() + SHUNNED_S
                self.tally.failed.append((time.monotonic(), port))
            else:
                return
        self.tally.unanswered.append(path)

    def _is_shunned(self, port: int) -> bool:
        return self._shunned_until[port] > time.monotonic()

    def _answer(self, port: int, path: str) -> tuple[int, str, bytes]:
        self._lines[port].request("GET", path)
        response = self._lines[port].getresponse()
        return response.status, response.headers["ETag"] or "", response.read()

    def _check(self, status: int, etag: str, content: bytes) -> None:
        tag = _EDITION.fullmatch(etag)
        if status != 200 or tag is None:
            self.tally.wrong.append((status, etag, content[:200]))
            return
        body = json.loads(content)
        number = body["edition"]["number"]
        name = body["provider"]["name"]
        if (name, *tag.groups()) != (f"Provider in edition {number}", str(number), str(number)):
            self.tally.mixed.append((etag, number, name))
        self.tally.answered[number] += 1


@contextmanager
def load(servers: tuple[Server, ...]) -> Iterator[list[Asking]]:
    """Ask both servers without pause."""
    ports, enough = [server.port for server in servers], threading.Event()
    clients = [Asking(ports, enough) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        enough.set()
        for client in clients:
            client.join()


# --- the story ------------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this test's own, since it is taken away and brought back."""
    if programs() is None:
        lacking("PostgreSQL is not installed in /usr/lib/postgresql: its tests are left out")
    with throw_away() as made:
        yield made


def test_two_servers_answer_through_publications_a_killed_server_and_a_database_that_is_away(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    url = cluster.create("many")
    fill(url, numbered(1))
    took_s = []
    with two_servers(url) as servers, load(servers) as clients:
        began = time.monotonic()
        first, second = servers
        took_s += [served_by_all_within_s(servers, publish(url)) for _ in range(3)]
        publish(url)
        took_s.append(served_by_all_within_s(servers, publish(url)))

        killed_at = time.monotonic()
        first.kill()
        took_s.append(served_by_all_within_s((second,), publish(url)))
        first.start()
        first.wait()
        back_at = time.monotonic()
        assert first.edition == second.edition == 7

        cluster.stop()
        gone_at = time.monotonic()
        said = [server.database for server in servers]
        assert all(text.startswith("away; last seen 20") for text in said), said
        time.sleep(max(0.0, AWAY_S - (time.monotonic() - gone_at)))
        assert [server.edition for server in servers] == [7, 7]
        cluster.start()
        took_s.append(served_by_all_within_s(servers, publish(url)))
        assert [server.database for server in servers] == ["ok", "ok"]
        whole_s = time.monotonic() - began
    tallies = [client.tally for client in clients]
    answered = sum((tally.answered for tally in tallies), Counter())
    failed = [failure for tally in tallies for failure in tally.failed]
    with capsys.disabled():
        print(
            f"\n{answered.total()} answers in {whole_s:.1f} s, {answered.total() / whole_s:.0f}/s; "
            f"slowest {max(t.slowest_s for t in tallies) * 1000:.0f} ms; by edition "
            f"{dict(sorted(answered.items()))}; {len(failed)} connections failed; an edition was "
            f"served by all after {', '.join(f'{s:.1f}' for s in took_s)} s"
        )
    assert [tally.wrong for tally in tallies] == [[]] * CLIENTS
    assert [tally.mixed for tally in tallies] == [[]] * CLIENTS
    assert [tally.unanswered for tally in tallies] == [[]] * CLIENTS
    assert failed  # or the kill was not felt, and nothing was tried
    assert {port for _, port in failed} == {first.port}
    assert all(killed_at <= at <= back_at for at, _ in failed)
    assert set(answered) - {5} == {1, 2, 3, 4, 6, 7, 8}
    assert answered.total() > ENOUGH
