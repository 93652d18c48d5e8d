"""Servers for a measurement: begun on a port that is free, waited for, watched and stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from catchments.core.settings import ROOT
from catchments.web.front.room import AT_ONCE
from scripts.many_machines import nginx, write_nginx
from tests.waiting import free_port

TICKS_A_S = os.sysconf("SC_CLK_TCK")
STARTS_WITHIN_S = 300.0
STOPS_WITHIN_S = 20.0


@dataclass(frozen=True)
class Served:
    """A server that runs, with its workers."""

    port: int
    pids: tuple[int, ...]
    """Of the processes that were begun; for servers behind a proxy, of all of them."""
    host: str = "127.0.0.1"

    @property
    def address(self) -> str:
        return address_of(self.host, self.port)

    def processes(self) -> list[int]:
        """Return what was begun and all below it."""
        found = [*self.pids]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            found += [int(child) for child in children]
        return found

    def cpu_s(self) -> float:
        """Return the processor time, user and system, that its processes have taken."""
        return sum(_cpu_ticks(pid) for pid in self.processes()) / TICKS_A_S

    def memory_mb(self) -> float:
        """Return what its processes hold; what they share is counted once."""
        return sum(_pss_kb(pid) for pid in self.processes()) / 1024


def address_of(host: str, port: int) -> str:
    """Return the address of a port of this machine."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _pss_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def serving(
    *words: object, ready: str = "/readyz", host: str = "127.0.0.1", **settings: str
) -> Iterator[Served]:
    """Run `python -m WORDS …`, in which `{port}` is a free one, until the caller is done.

    Requests are counted like all, only never refused. Exits where it does not answer.
    """
    port = free_port()
    # Who measures is one client, and asks for more than one may have.
    unlimited = {
        "CATCHMENTS_RATE_LIMIT": "999999999",
        "CATCHMENTS_MISS_LIMIT": "0",
        "CATCHMENTS_WORK_LIMIT_S": "0",
    }
    environment = {**os.environ, **unlimited, **settings}
    command = [sys.executable, "-m", *(str(word).format(port=port) for word in words)]
    with _running(command, environment) as process:
        _wait_for(process, f"{address_of(host, port)}{ready}")
        yield Served(port, (process.pid,), host)


def flask_serve(folder: Path, *, workers: int) -> AbstractContextManager[Served]:
    """Serve a new database with the demonstration in it, as anybody would."""
    database = folder / "bench.sqlite"
    words = ["serve", "--port={port}", f"--workers={workers}", f"--database={database}"]
    return serving("flask", *words, FLASK_APP="app.py")


def granian(application: str, *, workers: int = 1, threads: int = 1) -> tuple[str, ...]:
    """Return the words with which Granian serves an application's factory."""
    return (
        *("granian", "--interface=wsgi", "--http=1", "--no-ws", "--factory", "--port={port}"),
        *(f"--workers={workers}", f"--blocking-threads={threads}", f"--backpressure={AT_ONCE}"),
        *("--log-level=error", application),
    )


@contextmanager
def first_start(clone: Path, folder: Path) -> Iterator[tuple[Served, float]]:
    """Serve a new database from a clone, and give the seconds until its first page was there."""
    port, began = free_port(), time.perf_counter()
    words = ("serve", f"--port={port}", f"--database={folder / 'first.sqlite'}")
    with _running([sys.executable, str(clone / "app.py"), *words], dict(os.environ)) as process:
        _wait_for(process, f"{address_of('127.0.0.1', port)}/")
        yield Served(port, (process.pid,)), time.perf_counter() - began


@contextmanager
def behind_nginx(*servers: Served) -> Iterator[Served]:
    """Put nginx, as it is deployed, before two servers."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="catchments-nginx-") as folder:
        listening = [f"127.0.0.1:{server.port}" for server in servers]
        conf = write_nginx(Path(folder), listen=f"127.0.0.1:{port}", servers=listening)
        with _running([nginx(), "-p", folder, "-c", str(conf)], dict(os.environ)) as process:
            _wait_for(process, f"http://127.0.0.1:{port}/readyz")
            yield Served(port, (process.pid, *(pid for each in servers for pid in each.pids)))


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(process: subprocess.Popen[bytes], address: str) -> None:
    ends = time.monotonic() + STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers, if only that there is nothing
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"The server did not answer at {address}.")
