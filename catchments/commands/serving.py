"""Serving with Granian: the command that does, and the lookup with requests for support beside it.

The two together are for trials on one machine. In earnest each is a service of its own, under a
user of its own: see docs/operating.md.
"""

from __future__ import annotations

import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from catchments.commands.console import say
from catchments.core.errors import InputRefused, shown
from catchments.core.settings import ROOT
from catchments.web.front.room import AT_ONCE

CONNECTIONS = 2_048
"""Connections that a worker keeps at once; further ones wait in the socket until one ends."""
FILES_BESIDE = 512
"""Files that a worker has open beside its connections, at most."""
HEADERS_WITHIN_MS = 15_000
"""After this a connection that has not sent its headers is closed."""
LOGGING = Path(__file__).with_name("granian_logging.json")
"""Has Granian write its own lines as the workers write theirs."""
WORKERS_STOP_WITHIN_S = 10
"""After this a worker that does not stop is killed: one begun anew may miss the signal to stop."""
READY_WITHIN_S = 120
LOOK_EVERY_S = 0.2
STOP_WITHIN_S = 20
_OURS = "CATCHMENTS_REQUESTS_"


def granian(factory: str, host: str, port: int, workers: int) -> list[str]:
    """Return the command that serves an application until it is told to stop."""
    options = {
        "interface": "wsgi",
        "host": host,
        "port": port,
        "workers": workers,
        "http": 1,
        "http1-header-read-timeout": HEADERS_WITHIN_MS,
        "blocking-threads": AT_ONCE,
        "backpressure": _connections(),
        "workers-kill-timeout": WORKERS_STOP_WITHIN_S,
        "log-level": "warning",
        "log-config": LOGGING,
    }
    named = [f"--{name}={value}" for name, value in options.items()]
    flags = ["--factory", "--no-ws", "--respawn-failed-workers"]
    return [sys.executable, "-m", "granian", *named, *flags, factory]


def _connections() -> int:
    """Return how many connections a worker may have, as the system's limit of open files has it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES_BESIDE
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return max(AT_ONCE, limit - FILES_BESIDE)


def refuse_taken_port(host: str, port: int) -> None:
    """Raise InputRefused where something else listens, or nobody may."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, UnicodeError) as error:  # UnicodeError: a host that no name can be
        reason = getattr(error, "strerror", "") or error
        raise InputRefused(
            f"Port {port} on {shown(host)[1:-1]} cannot be used: {reason}.",
            field="port",
            next_step="Stop what uses it, or choose another with --port.",
        ) from error


# --- both -----------------------------------------------------------------------------------------


def surroundings(
    environment: Mapping[str, str], *, port: int, requests_port: int
) -> dict[str, str]:
    """Return the environment of both: where each finds the other, unless it is set."""
    usual = {
        f"{_OURS}LOOKUP_URL": f"http://127.0.0.1:{port}",
        f"{_OURS}URL": f"http://localhost:{requests_port}",
        f"{_OURS}COUNTS_KEY": secrets.token_hex(32),
    }
    return {**usual, **environment}


def serve_together(
    lookup: Sequence[str], requests: Sequence[str], environment: Mapping[str, str]
) -> int:
    """Serve both until one ends or this process is told to stop; return how the lookup ended.

    Once the lookup answers, an empty database of requests is filled with what is made up, if the
    lookup's editions are.
    """
    servers = [_begun(lookup, environment)]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        if _is_ready(environment[f"{_OURS}LOOKUP_URL"], servers[0]):
            _run("setup", environment)
            _run("demonstrate", environment)
            servers.append(_begun(requests, environment))
            say(f"Requests for support are at {environment[f'{_OURS}URL']}/")
        while all(server.poll() is None for server in servers):
            time.sleep(LOOK_EVERY_S)
    return _ended(servers)


def _begun(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment, cwd=ROOT)  # noqa: S603 - our own interpreter


def _run(command: str, environment: Mapping[str, str]) -> None:
    told = [sys.executable, str(ROOT / "app.py"), "requests", command]
    subprocess.run(told, env=environment, cwd=ROOT, check=False)  # noqa: S603 - our own


def _is_ready(address: str, server: subprocess.Popen[bytes]) -> bool:
    """Wait until the lookup answers; whether it does."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/readyz"):  # noqa: S310 - http
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def _ended(servers: Sequence[subprocess.Popen[bytes]]) -> int:
    """Have all servers stop, by force in the end; return how the first ended."""
    for server in servers:
        if server.poll() is None:
            server.terminate()
    for server in servers:
        try:
            server.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    code = servers[0].returncode
    return 0 if code in {0, -signal.SIGTERM} else code
