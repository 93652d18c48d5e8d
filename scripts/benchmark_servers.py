"""WSGI servers before the service: what they cost, and whether they stand beside hostile clients.

Each serves the same database and is asked over 50 kept connections in turns with the others, then
beside clients that begin something and never end it. Time is processor time of the server's
processes, so that what else the machine does matters little. Servers that were not chosen are
looked for in the folder that --packages names: `pip install --target FOLDER gunicorn waitress`.
"""

from __future__ import annotations

import http.client
import os
import select
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from catchments.web.front.room import AT_ONCE
from scripts.attacking import HALF_A_HEAD, STALLED
from scripts.benchmark_attack import ALIVE_WITHIN_S, ASKED
from scripts.benchmarking import console, in_turns, options, refuse_without_wrk, seed, show, wrk
from scripts.servers import Served, behind_nginx, granian, serving

CONNECTIONS = 50
OURS = "catchments.web.application:serve_app"
GUNICORN = (
    *("gunicorn", "--bind=127.0.0.1:{port}", "--worker-class=gthread", "--workers=2"),
    *("--keep-alive=15", f"{OURS}()"),
)
WAITRESS = (
    *("waitress", "--listen=127.0.0.1:{port}", "--threads=4", "--connection-limit=1000"),
    *("--asyncore-use-poll", "--channel-timeout=15", "--call", OURS),
)
SERVERS: dict[str, tuple[object, ...]] = {
    f"Granian, 2 × {AT_ONCE} threads": granian(OURS, workers=2, threads=AT_ONCE),
    "Granian, 2 × 4 threads": granian(OURS, workers=2, threads=4),
    "gunicorn, gthread, 2 × 4 threads": (*GUNICORN, "--threads=4"),
    "gunicorn, gthread, 2 × 64 threads": (*GUNICORN, "--threads=64"),
    "waitress, 1 × 4 threads": WAITRESS,
}
"""The first is as `flask serve` has it."""
LONG_HEADER = "x" * 20_000


@dataclass(frozen=True)
class Turn:
    """What a server did in a turn, and what it held before."""

    a_second: float
    p99_ms: float
    cpu_us: float
    memory_mb: float


def main() -> None:
    """Measure and print the table."""
    given = options(
        __doc__,
        packages=("", "a folder with servers that are not chosen"),
        seconds=(3, "a server and a turn"),
        turns=4,
        stalled=(64, "clients that never end"),
        watched_s=(20.0, "how long they are watched"),
        database=("", "a database's URL; one is made without"),
        only=("", "with what the names of servers begin"),
    )
    refuse_without_wrk()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = given.database or f"sqlite:///{folder / 'bench.sqlite'}"
        if not given.database:
            seed(url)
        settings = {"DATABASE_URL": url, "PYTHONPATH": given.packages}
        begun = {
            name: stack.enter_context(serving(*words, **settings))
            for name, words in SERVERS.items()
            if name.startswith(given.only)
        }
        one = granian(OURS, threads=AT_ONCE)
        two = [stack.enter_context(serving(*one, **settings)) for _ in range(2)]
        begun["2 × Granian behind nginx"] = stack.enter_context(behind_nginx(*two))
        show_costs(in_turns({name: partial(turn, server) for name, server in begun.items()}, given))
        title = f"Beside {given.stalled} stalled clients, watched for {given.watched_s:.0f} s"
        headings = (
            "Server", "/healthz ms", "beside bodies", "CPU µs", "closed", "beside headers",
            "CPU µs", "closed", "20 kB header",
        )  # fmt: skip
        show(title, headings, [(name, *attacked(each, given)) for name, each in begun.items()])
    console.print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


# --- what it costs --------------------------------------------------------------------------------


def turn(server: Served, seconds: int, connections: int = CONNECTIONS) -> Turn:
    memory_mb, before_s = server.memory_mb(), server.cpu_s()
    load = wrk(server.address + ASKED, seconds, connections=connections)
    cpu_us = (server.cpu_s() - before_s) / max(load.requests, 1) * 1e6
    return Turn(load.a_second, load.p99_ms, cpu_us, memory_mb)


def show_costs(taken: dict[str, list[Turn]]) -> None:
    """Print what was measured, and how it compares with the first."""
    rate, _, cost = medians(next(iter(taken.values())))
    rows = []
    for name, turns in taken.items():
        a_second, p99_ms, cpu_us = medians(turns)
        rows.append((
            name, f"{a_second:,.0f}", f"{a_second / rate:.2f} ×", f"{cpu_us:.0f}",
            f"{cpu_us / cost:.2f} ×", f"{p99_ms:.1f}", f"{turns[0].memory_mb:.0f}",
        ))  # fmt: skip
    headings = ("Server", "requests/s", "ratio", "CPU µs/request", "ratio", "p99 ms", "MB")
    show(f"{ASKED}, {CONNECTIONS} connections", headings, rows)


def medians(turns: list[Turn]) -> tuple[float, float, float]:
    return (
        statistics.median(turn.a_second for turn in turns),
        statistics.median(turn.p99_ms for turn in turns),
        statistics.median(turn.cpu_us for turn in turns),
    )


# --- whether it stands ----------------------------------------------------------------------------


def attacked(server: Served, given: Any) -> Iterator[str]:
    """Yield a row's cells: how soon it answers alone and beside each kind of stalled clients."""
    alone_ms, long_header = alive_ms(server), _status_of_long_header(server)
    yield _shown(alone_ms)
    for begun in (STALLED, HALF_A_HEAD):
        with stalled(server, begun, given.stalled) as clients:
            alive = alive_ms(server)
            cpu_us = turn(server, 2, connections=4).cpu_us if alive else None
            yield from (_shown(alive), _shown(cpu_us), str(_closed(clients, given.watched_s)))
        _recovered(server)
    yield str(long_header)


@contextmanager
def stalled(server: Served, begun: bytes, number: int) -> Iterator[list[socket.socket]]:
    """Open connections that begin a request and go no further."""
    with ExitStack() as stack:
        clients = []
        for _ in range(number):
            client = stack.enter_context(
                closing(socket.create_connection(("127.0.0.1", server.port)))
            )
            client.sendall(begun)
            clients.append(client)
        time.sleep(1)
        yield clients


def alive_ms(server: Served) -> float | None:
    """Return how long the slowest of ten health checks takes, each over a connection of its own."""
    return None if None in (taken := [_checked_ms(server) for _ in range(10)]) else max(taken)  # type: ignore[type-var]


def _checked_ms(server: Served) -> float | None:
    began = time.perf_counter()
    with closing(_connection(server)) as connection, suppress(OSError):
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        if connection.getresponse().status == 200:
            return (time.perf_counter() - began) * 1000
    return None


def _connection(server: Served) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=ALIVE_WITHIN_S)


def _closed(clients: list[socket.socket], watched_s: float) -> int:
    """Return how many connections the server has ended after a while."""
    ends = time.monotonic() + watched_s
    waiting = set(clients)
    while waiting and time.monotonic() < ends:
        for client in select.select(list(waiting), [], [], 0.5)[0]:
            with suppress(OSError):
                if client.recv(65_536):
                    continue
            waiting.discard(client)
    return len(clients) - len(waiting)


def _recovered(server: Served) -> None:
    for _ in range(20):
        if _checked_ms(server):
            return
    console.print(f"{server.address} did not answer again.")


def _status_of_long_header(server: Served) -> int:
    with closing(_connection(server)) as connection:
        connection.request("GET", ASKED, headers={"X-Long": LONG_HEADER})
        return connection.getresponse().status


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.0f}"


if __name__ == "__main__":
    main()
