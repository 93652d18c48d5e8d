"""The lookup and requests for support, served together: for trials on one machine.

In earnest each is a service of its own, under a user of its own: see docs/operating.md.
"""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FrameType

from catchments.commands.console import say
from catchments.core.settings import ROOT

READY_WITHIN_S = 120
LOOK_EVERY_S = 0.2
STOP_WITHIN_S = 20
_OURS = "CATCHMENTS_REQUESTS_"


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
        signal.signal(number, _stop)
    with suppress(_Stopped):
        if _is_ready(environment[f"{_OURS}LOOKUP_URL"], servers[0]):
            _run("setup", environment)
            _run("demonstrate", environment)
            servers.append(_begun(requests, environment))
            say(f"Requests for support are at {environment[f'{_OURS}URL']}/")
        while all(server.poll() is None for server in servers):
            time.sleep(LOOK_EVERY_S)
    return _ended(servers)


class _Stopped(Exception):
    """This process was told to stop."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped


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
