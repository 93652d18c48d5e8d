"""Waiting for a state, so patiently that a busy machine fails nothing, and saying for which."""

from __future__ import annotations

import http.client
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, Generic, Protocol, TypeVar

import pytest

PATIENCE_S = 300.0
"""After this what is waited for never comes. No test is about how fast a machine is."""
PATIENCE_MS = PATIENCE_S * 1000
"""The same, as browsers count."""
_LOOKED_EVERY_S = 0.02
_T = TypeVar("_T")


class Clock(Generic[_T]):
    """A clock that stands until a test sets it."""

    def __init__(self, now: _T) -> None:
        self.now = now

    def __call__(self) -> _T:
        return self.now


class Ends(Protocol):
    """A process, such as a `subprocess.Popen`."""

    returncode: Any

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""


def wait_until(
    done: Callable[[], object],
    what: str,
    *,
    process: Ends | None = None,
    seen: Callable[[], object] = lambda: "",
    every_s: float = _LOOKED_EVERY_S,
) -> None:
    """Return as soon as `done` says so; fail, saying what was waited for and what is `seen`.

    With a `process`, fail as soon as it has ended: what it was to do will not be done.
    """
    give_up = time.monotonic() + PATIENCE_S
    while not done():
        if process is not None and process.poll() is not None and not done():
            pytest.fail(f"waiting until {what}: the process ended ({process.returncode}). {seen()}")
        if time.monotonic() > give_up:
            pytest.fail(f"waited {PATIENCE_S:.0f} s until {what}. {seen()}")
        time.sleep(every_s)


_PORTS = range(20_000, 32_000)
"""None of which a system gives to whoever connects to somewhere: those begin at 32,768."""


def free_port() -> int:
    """A port of this machine that nobody uses now, nor gets later without asking for it."""
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def answers(port: int, path: str = "/readyz", *, within_s: float = PATIENCE_S) -> bool:
    """Whether a server at a port of this machine answers an address with 200."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=within_s)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
