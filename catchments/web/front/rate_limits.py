"""Limits of rate: how often a client may ask, and headers that tell it how much is left.

The headers are those of draft-ietf-httpapi-ratelimit-headers-10. Every worker counts what it
answers itself and asks nobody, so that counting costs about a microsecond; behind several workers
a client may therefore get through more often than the limit says, never less.

Beside requests two more things are counted, which no header tells: what was not found or came with
a wrong key, and the processor's time that answers took. A row of a bulk request has no fee of its
own: it costs the time that it takes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from threading import Lock
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, current_app

from catchments.core.errors import CatchmentsError
from catchments.core.public_addresses import counted_as
from catchments.store.keys import Keys, digest_of
from catchments.web.common import problems
from catchments.web.common.problems import instead_of_flask
from catchments.web.common.services import EXTENSION, Services
from catchments.web.front.metrics import LIMITED

KEY = "key"
"""The policy of those who have one."""
LIMITS = "limits"
"""Where an application keeps what limits it."""
WINDOW_S = 60
REPORTS_A_WINDOW = 5
"""Of mistakes, from one address: a person sends one or two."""
UNCOUNTED = ("/static/", "/leaflet/", "/healthz", "/readyz", "/metrics", "/robots.txt")
"""What a page needs beside itself, what watches the service, and what robots obey: one that is
refused it may stay away for good."""
KEYS_KEPT_S = 5.0
"""So long a revoked key goes on being taken, at most."""
IPV6_PREFIX = 64
"""One customer has at least so many bits' worth of addresses: they count as one."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Allowance:
    """Who is counted, and how many requests they have a window."""

    who: str
    policy: str
    """The name of the policy as the headers give it."""
    quota: int


class Windows:
    """Sums by client in windows that begin and end for all together, so that none is kept."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._ends = 0.0
        self._sums: dict[str, float] = {}
        self._lock = Lock()

    def count(self, who: str) -> tuple[int, int]:
        """Count one request; return how many there were in this window, and its seconds left."""
        counted, left_s = self.add(who, 1)
        return int(counted), left_s

    def add(self, who: str, what: float) -> tuple[float, int]:
        """Add to a client's sum; return it, and how many seconds are left of this window."""
        at = self._clock()
        with self._lock:
            if at >= self._ends:
                self._ends = (at // WINDOW_S + 1) * WINDOW_S
                self._sums = {}
            summed = self._sums[who] = self._sums.get(who, 0) + what
        return summed, math.ceil(self._ends - at)

    def of(self, who: str) -> tuple[float, int]:
        """Return a client's sum in this window, and the window's seconds left."""
        at = self._clock()
        if at >= self._ends or who not in self._sums:
            return 0, math.ceil(max(self._ends - at, 0))
        return self._sums.get(who, 0), math.ceil(self._ends - at)


class KeyRing:
    """The quotas of the keys in use, by digest; known for some seconds, and while they are away."""

    def __init__(self, keys: Keys, clock: Clock = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self.quotas: dict[str, tuple[int, int]] = {}
        self._read_at = -math.inf
        self._reading = Lock()

    def allowance(self, key: str) -> Allowance | None:
        """Return what a key allows, or None for one that is not, or no longer, in use."""
        if self._clock() - self._read_at > KEYS_KEPT_S:
            self._read()
        number, quota = self.quotas.get(digest_of(key), (0, 0))
        return Allowance(f"key {number}", KEY, quota) if quota else None

    def _read(self) -> None:
        if not self._reading.acquire(blocking=False):
            return  # somebody else is at it; what was known is good for that long
        try:
            known = self._keys.all()
            self.quotas = {k.digest: (k.id, k.requests_a_minute) for k in known if not k.revoked_at}
        except CatchmentsError:
            pass  # the database is away: keys that were known go on
        finally:
            self._read_at = self._clock()
            self._reading.release()


class RateLimitMiddleware:
    """The WSGI application, asked no more often than each client may."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._app = app
        self._inner = inner
        running: Services = app.extensions[EXTENSION]
        self._ring = KeyRing(Keys(running.store))
        self.windows, self.misses, self.work = Windows(), Windows(), Windows()
        self.reports = Windows()
        self.quota = running.settings.rate_limit
        self.misses_at_most = running.settings.miss_limit
        self.work_at_most_s = running.settings.work_limit_s
        app.extensions[LIMITS] = self

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Count a request and pass it on, or refuse it; either way say what is left."""
        if not self.quota or environ["PATH_INFO"].startswith(UNCOUNTED):
            return self._inner(environ, start_response)
        allowance = self._allowance(environ)
        if allowance is None:
            return self._of_wrong_key(environ, start_response)
        if refused := self._is_spent(allowance, environ["REQUEST_METHOD"]):
            LIMITED.inc()
            return instead_of_flask(self._app, environ, start_response, refused)
        counted, left_s = self.windows.count(allowance.who)
        headers = _headers(allowance, counted, left_s)

        def told(status: str, given: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if status.startswith("404"):
                self.misses.count(allowance.who)
            return start_response(status, [*given, *headers], exc_info)

        if counted > allowance.quota:
            LIMITED.inc()
            refused = partial(problems.too_many, allowance.quota, left_s)
            return instead_of_flask(self._app, environ, told, refused)
        began_s = time.thread_time()
        answer = self._inner(environ, told)
        if type(answer) is list:  # it was ready
            return answer
        return _Timed(answer, began_s, lambda took_s: self.work.add(allowance.who, took_s))

    def _of_wrong_key(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        who = _network(environ.get("REMOTE_ADDR", ""))
        counted, left_s = self.misses.count(who)
        refused = problems.unknown_key
        if self.misses_at_most and counted > self.misses_at_most:
            LIMITED.inc()
            refused = partial(problems.too_many_misses, self.misses_at_most, left_s)
        return instead_of_flask(self._app, environ, start_response, refused)

    def _is_spent(self, allowance: Allowance, method: str) -> Callable[[], Response] | None:
        """Return what a client is told that has used up what it may, if it has."""
        missed, left_s = self.misses.of(allowance.who)
        if allowance.policy != KEY and self.misses_at_most and missed >= self.misses_at_most:
            return partial(problems.too_many_misses, self.misses_at_most, left_s)
        worked_s, left_s = self.work.of(allowance.who)
        may_s = self.work_at_most_s * max(1.0, allowance.quota / self.quota)
        # Many questions at once are what takes long; whoever shares the address may ask one by one.
        if self.work_at_most_s and worked_s > (may_s if method == "POST" else 2 * may_s):
            return partial(problems.too_much_work, int(may_s), left_s)
        return None

    def _allowance(self, environ: WSGIEnvironment) -> Allowance | None:
        key = environ.get("HTTP_X_API_KEY")
        if key is not None:
            return self._ring.allowance(key)
        return Allowance(_network(environ.get("REMOTE_ADDR", "")), "address", self.quota)


class _Timed:
    """An answer; the time of the processor that it takes is added up when it is closed."""

    def __init__(
        self, answer: Iterable[bytes], began_s: float, took: Callable[[float], object]
    ) -> None:
        self._answer, self._took = answer, took
        self._next = iter(answer).__next__
        self._s = time.thread_time() - began_s

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        began_s = time.thread_time()
        try:
            return self._next()
        finally:
            self._s += time.thread_time() - began_s

    def close(self) -> None:
        """Close the answer itself, and say what it took."""
        took_s, self._s = self._s, 0.0
        self._took(took_s)
        getattr(self._answer, "close", lambda: None)()


def allows_a_report(address: str) -> bool:
    """Count a report of a mistake from an address; whether it may send that many."""
    limits: RateLimitMiddleware = current_app.extensions[LIMITS]
    return limits.reports.count(_network(address))[0] <= REPORTS_A_WINDOW


def _headers(allowance: Allowance, counted: int, left_s: int) -> list[tuple[str, str]]:
    left = max(0, allowance.quota - counted)
    return [
        ("RateLimit-Policy", f'"{allowance.policy}";q={allowance.quota};w={WINDOW_S}'),
        ("RateLimit", f'"{allowance.policy}";r={left};t={left_s}'),
    ]


@lru_cache(maxsize=10_000)
def _network(address: str) -> str:
    """Return what an address is counted as; remembered, since every request asks."""
    return counted_as(address, ipv6_bits=IPV6_PREFIX)
