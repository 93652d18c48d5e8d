"""WSGI servers before the service: what they cost, and whether they stand beside hostile clients.

Each serves the same database and is asked over 50 kept connections in turns with the others, then
beside clients that begin something and never end it. Time is processor time of the server's
processes, so that what else the machine does matters little. Servers that were not chosen are
looked for in the folder that --packages names: `pip install --target FOLDER gunicorn waitress`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from catchments.core.settings import ROOT
from scripts.servers import Served, behind_nginx, granian, serving

CONNECTIONS = 50
ASKED = "/v1/provider?school_id=54"
ALIVE_WITHIN_S = 5.0
"""A health check that takes longer counts as none: scripts/deploy gives one so long."""
OURS = "app:serve_app"
GUNICORN = (
    *("gunicorn", "--bind=127.0.0.1:{port}", "--worker-class=gthread", "--workers=2"),
    *("--keep-alive=15", f"{OURS}()"),
)
WAITRESS = (
    *("waitress", "--listen=127.0.0.1:{port}", "--threads=4", "--connection-limit=1000"),
    *("--asyncore-use-poll", "--channel-timeout=15", "--call", OURS),
)
SERVERS: dict[str, tuple[object, ...]] = {
    "Granian, 2 × 256 threads": granian(OURS, workers=2, threads=256),
    "Granian, 2 × 4 threads": granian(OURS, workers=2, threads=4),
    "gunicorn, gthread, 2 × 4 threads": (*GUNICORN, "--threads=4"),
    "gunicorn, gthread, 2 × 64 threads": (*GUNICORN, "--threads=64"),
    "waitress, 1 × 4 threads": WAITRESS,
}
"""The first is as `flask serve` has it."""
STALLED_BODY = (
    b"POST /v1/providers:resolve HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Transfer-Encoding: chunked\r\n\r\n4\r\n{"sc\r\n'
)
STALLED_HEADERS = b"GET /v1/provider?school_id=54 HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
LONG_HEADER = "x" * 20_000
console = Console(width=130)


@dataclass
class Measured:
    """What was found out about a server; times in milliseconds, None for no answer in time."""

    a_second: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    long_header: int = 0
    alive_ms: dict[str, float | None] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    beside_cpu_us: dict[str, float | None] = field(default_factory=dict)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", default="", help="a folder with servers that are not chosen")
    parser.add_argument("--seconds", type=int, default=3, help="a server and a turn")
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--stalled", type=int, default=64, help="clients that never end")
    parser.add_argument("--watched-s", type=float, default=20.0, help="how long they are watched")
    parser.add_argument("--database", default="", help="a database's URL; one is made without")
    parser.add_argument("--only", default="", help="with what the names of servers begin")
    given = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian's package of that name).")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = given.database or _set_up(folder)
        settings = {"DATABASE_URL": url, "PYTHONPATH": given.packages}
        begun = {
            name: stack.enter_context(serving(*words, **settings))
            for name, words in SERVERS.items()
            if name.startswith(given.only)
        }
        one = granian(OURS, threads=256)
        two = [stack.enter_context(serving(*one, **settings)) for _ in range(2)]
        begun["2 × Granian behind nginx"] = stack.enter_context(behind_nginx(*two))
        measured = {name: Measured() for name in begun}
        for name, server in begun.items():
            wrk(server, 1)
            measured[name].memory_mb = server.memory_mb()
        for _ in range(given.turns):
            for name, server in begun.items():
                _take_turn(server, measured[name], given.seconds)
        for name, server in begun.items():
            _attack(server, measured[name], given.stalled, given.watched_s)
    show(measured, given)


def _set_up(folder: Path) -> str:
    url = f"sqlite:///{folder / 'bench.sqlite'}"
    environment = {**os.environ, "DATABASE_URL": url, "FLASK_APP": "app.py"}
    command = [sys.executable, "-m", "flask", "setup"]
    subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    return url


# --- what it costs --------------------------------------------------------------------------------


def _take_turn(server: Served, measured: Measured, seconds: int) -> None:
    before_s = server.cpu_s()
    said = wrk(server, seconds)
    count = int(_found(r"(\d+) requests in", said))
    measured.a_second.append(float(_found(r"Requests/sec:\s+([\d.]+)", said)))
    measured.cpu_us.append((server.cpu_s() - before_s) / count * 1e6)
    measured.p99_ms.append(_milliseconds(_found(r"\n +99% +(\S+)", said)))


def wrk(server: Served, seconds: int, connections: int = CONNECTIONS) -> str:
    """Ask for so many seconds; return what wrk says. Exits where anything but answers came back."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout=30s"]
    said = subprocess.run(
        [*command, server.address + ASKED], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in said:
        raise SystemExit(said)
    return said


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise SystemExit(said)
    return match[1]


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


# --- whether it stands ----------------------------------------------------------------------------


def _attack(server: Served, measured: Measured, number: int, watched_s: float) -> None:
    measured.alive_ms["nobody"] = alive_ms(server)
    measured.long_header = _status_of_long_header(server)
    for what, begun in (("bodies", STALLED_BODY), ("headers", STALLED_HEADERS)):
        with stalled(server, begun, number) as clients:
            measured.alive_ms[what] = alive_ms(server)
            measured.beside_cpu_us[what] = _cost_beside(server) if measured.alive_ms[what] else None
            measured.closed[what] = _closed(clients, watched_s)
        _recovered(server)


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


def _cost_beside(server: Served) -> float:
    before_s = server.cpu_s()
    said = wrk(server, 2, connections=4)
    return (server.cpu_s() - before_s) / int(_found(r"(\d+) requests in", said)) * 1e6


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


# --- showing --------------------------------------------------------------------------------------


def show(measured: dict[str, Measured], given: argparse.Namespace) -> None:
    """Print what was measured, and how it compares with the first."""
    first = next(iter(measured.values()))
    rate, cost = statistics.median(first.a_second), statistics.median(first.cpu_us)
    table = Table(
        *("Server", "requests/s", "ratio", "CPU µs/request", "ratio", "p99 ms", "MB"),
        title=f"{ASKED}, {CONNECTIONS} connections", title_justify="left",
    )  # fmt: skip
    for name, of in measured.items():
        a_second, cpu_us = statistics.median(of.a_second), statistics.median(of.cpu_us)
        table.add_row(
            name, f"{a_second:,.0f}", f"{a_second / rate:.2f} ×", f"{cpu_us:.0f}",
            f"{cpu_us / cost:.2f} ×", f"{statistics.median(of.p99_ms):.1f}", f"{of.memory_mb:.0f}",
        )  # fmt: skip
    console.print(table)
    table = Table(
        *("Server", "/healthz ms", "beside bodies", "CPU µs", "closed", "beside headers"),
        *("CPU µs", "closed", "20 kB header"),
        title=f"Beside {given.stalled} stalled clients, watched for {given.watched_s:.0f} s",
        title_justify="left",
    )
    for name, of in measured.items():
        beside = [
            cell
            for what in ("bodies", "headers")
            for cell in (
                _shown(of.alive_ms[what]), _shown(of.beside_cpu_us[what]), str(of.closed[what])
            )
        ]  # fmt: skip
        table.add_row(name, _shown(of.alive_ms["nobody"]), *beside, str(of.long_header))
    console.print(table)
    console.print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.0f}"


if __name__ == "__main__":
    main()
