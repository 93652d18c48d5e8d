"""How others are answered beside attacks: by the server itself, over IPv6, and through nginx.

A client that asks some times a second over kept connections, and a health check over a new one
each, are measured alone and then beside each attack; ratios are to the median of the same door's
quiet times in this run. Attackers run in a process of their own, on the same cores as the server.
"""

from __future__ import annotations

import http.client
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from catchments.core.settings import ROOT
from scripts.attacking import ATTACKS
from scripts.benchmarking import console, options, seed, show
from scripts.servers import Served, behind_nginx, serving

ASKED = "/v1/provider?school_id=54"
CLIENTS = 4
PAUSE_S = 0.03
CHECKED_EVERY_S = 0.25
BEGINS_WITHIN_S = 0.7
"""So long an attack is let before anything is measured."""
ALIVE_WITHIN_S = 5.0
"""A health check that takes longer counts as none: scripts/deploy gives one so long."""
OVER_IPV6 = ("stalled bodies", "idle connections", "bulk addresses")


@dataclass
class Heard:
    """What clients were answered, in milliseconds, and how often they were not."""

    answers_ms: list[float] = field(default_factory=list)
    checks_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def p(self, percent: int) -> float:
        """Return the time within which so many of a hundred answers came."""
        ordered = sorted(self.answers_ms) or [math.inf]
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def main() -> None:
    """Measure and print the tables."""
    given = options(
        __doc__, seconds=(3, "an attack"), only=("", "with what the names of attacks begin")
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        seed(url)
        names = [name for name in ATTACKS if name.startswith(given.only)]
        for title, attacks, door in (
            ("2 workers, as ./scripts/serve has them", names, _bare(url, "127.0.0.1")),
            ("The same over IPv6", [n for n in names if n in OVER_IPV6], _bare(url, "::1")),
            ("Two servers of a worker behind nginx", names, _proxied(url)),
        ):
            if attacks:
                with door as served:
                    _show(title, served, attacks, given.seconds)
    console.print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


@contextmanager
def _bare(url: str, host: str) -> Iterator[Served]:
    # Of IPv6 there is one address for attackers and others, so that there are no limits by address.
    limits = {"CATCHMENTS_RATE_LIMIT": "6000"} if host == "127.0.0.1" else {}
    limits |= {"CATCHMENTS_WORK_LIMIT_S": "20"}
    words = ("flask", "serve", "--port={port}", f"--host={host}", "--workers=2")
    with serving(*words, host=host, FLASK_APP="app.py", DATABASE_URL=url, **limits) as served:
        yield served


@contextmanager
def _proxied(url: str) -> Iterator[Served]:
    words = ("flask", "serve", "--port={port}", "--workers=1")
    how = {"FLASK_APP": "app.py", "DATABASE_URL": url, "CATCHMENTS_TRUSTED_PROXIES": "1"}
    limits = {"CATCHMENTS_RATE_LIMIT": "6000", "CATCHMENTS_WORK_LIMIT_S": "20"}
    with ExitStack() as stack:
        two = [stack.enter_context(serving(*words, **how, **limits)) for _ in range(2)]
        yield stack.enter_context(behind_nginx(*two))


def _show(title: str, served: Served, attacks: Sequence[str], seconds: float) -> None:
    quiet = [heard(served, seconds / 2) for _ in range(2)]
    beside = {name: _beside(served, name, seconds) for name in attacks}
    quiet.append(heard(served, seconds / 2))
    p50, p99 = (statistics.median(each.p(percent) for each in quiet) for percent in (50, 99))
    rows = [_row("alone", quiet[-1], p50, p99)]
    rows += [_row(name, each, p50, p99) for name, each in beside.items()]
    headings = ("Beside", "answers", "p50 ms", "ratio", "p99 ms", "ratio", "check ms", "failed")
    show(f"{title}: {ASKED}", headings, rows)


def _row(name: str, told: Heard, p50: float, p99: float) -> tuple[str, ...]:
    slowest = max(told.checks_ms, default=math.inf)
    return (
        name, f"{len(told.answers_ms):,}", f"{told.p(50):.1f}", f"{told.p(50) / p50:.1f} ×",
        f"{told.p(99):.1f}", f"{told.p(99) / p99:.1f} ×", f"{slowest:.0f}",
        ", ".join(sorted(set(told.failed))) or "0",
    )  # fmt: skip


def _beside(served: Served, name: str, seconds: float) -> Heard:
    command = [sys.executable, "-m", "scripts.attacking", name, served.host, str(served.port)]
    with subprocess.Popen(command, cwd=ROOT) as attacker:
        try:
            time.sleep(BEGINS_WITHIN_S)
            return heard(served, seconds)
        finally:
            attacker.kill()


# --- who is served --------------------------------------------------------------------------------


def heard(served: Served, seconds: float) -> Heard:
    """Return what some clients and a health check were answered in so many seconds."""
    told, over = Heard(), threading.Event()
    asking = [threading.Thread(target=_ask, args=(served, told, over)) for _ in range(CLIENTS)]
    asking.append(threading.Thread(target=_check, args=(served, told, over)))
    for thread in asking:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in asking:
        thread.join()
    return told


def _ask(served: Served, told: Heard, over: threading.Event) -> None:
    while not over.is_set():
        with closing(_client(served)) as client, suppress(OSError, http.client.HTTPException):
            while not over.wait(PAUSE_S):
                told.failed.append("unanswered")
                told.answers_ms.append(_answered_ms(client, ASKED, told))
                told.failed.remove("unanswered")


def _check(served: Served, told: Heard, over: threading.Event) -> None:
    while not over.wait(CHECKED_EVERY_S):
        with closing(_client(served)) as client, suppress(OSError, http.client.HTTPException):
            told.failed.append("unchecked")
            told.checks_ms.append(_answered_ms(client, "/healthz", told))
            told.failed.remove("unchecked")


def _answered_ms(client: http.client.HTTPConnection, path: str, told: Heard) -> float:
    began = time.perf_counter()
    client.request("GET", path)
    answer = client.getresponse()
    answer.read()
    if answer.status != 200:
        told.failed.append(str(answer.status))
    return (time.perf_counter() - began) * 1000


def _client(served: Served) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(served.host, served.port, timeout=ALIVE_WITHIN_S)


if __name__ == "__main__":
    main()
