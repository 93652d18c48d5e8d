"""What is answered, counted by route for Prometheus: the outermost layer, in front of all else.

A request only notes what it took; once a second a thread hands that to prometheus_client, whose
files are shared between processes and locked between threads: observed at once, an answer from
memory would cost half as much again. `metrics_endpoint` reads them. No label holds what a client
sent: an address that is none of ours is `unmatched`.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request, request_started
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from catchments.web.common.services import EXTENSION, Services

MEASURED = "catchments.measured"
"""Where an application keeps what measures it."""
ROUTE = "catchments.route"
"""Where in a request's environ Flask's rule for it stands."""
REQUEST_ID = "catchments.request_id"
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
PUBLISH_EVERY_S = 1.0
HELD_AT_MOST = 100_000
"""Durations that wait to be published; where nothing can be, as on a full disk, the oldest go."""
_HARMLESS_ID = re.compile(r"[0-9A-Fa-f-]{16,64}")
"""A UUID, or what nginx calls $request_id: nobody's name or address can be written so."""
_log = logging.getLogger("catchments")
_access = logging.getLogger("catchments.access")

REFRESHED = "catchments_snapshot_refreshed_timestamp_seconds"

Labels = tuple[str, str, str]
"""Route, method, status."""

REGISTRY = CollectorRegistry()
_DURATIONS = Histogram(
    "catchments_request_duration_seconds",
    "From the first byte taken by a worker to the last given, by route.",
    ("route", "method", "status"),
    buckets=BUCKETS_S,
    registry=REGISTRY,
)
LIMITED = Counter(
    "catchments_rate_limited_requests", "Requests refused with 429.", registry=REGISTRY
)
BULK_ROWS = Counter("catchments_bulk_rows", "Rows of bulk requests answered.", registry=REGISTRY)
REFRESH_FAILURES = Counter(
    "catchments_refresh_failures",
    "Times that a worker could not ask the database for news.",
    registry=REGISTRY,
)


def _of_each_worker(name: str, what: str) -> Gauge:
    return Gauge(name, what, multiprocess_mode="liveall", registry=REGISTRY)


_IN_FLIGHT = _of_each_worker("catchments_requests_in_flight", "Requests being answered.")
_EDITION = _of_each_worker("catchments_edition", "Number of the edition that is served.")
_REFRESHED = _of_each_worker(REFRESHED, "When the database last said what is published.")


# --- for other rooms ------------------------------------------------------------------------------


def register(app: Flask, *, access_log: bool) -> None:
    """Measure all that an application answers; to be called once everything else is in place."""
    request_started.connect(_note_rule, app)
    measured = app.extensions[MEASURED] = Measured(app, access_log=access_log)
    app.wsgi_app = measured  # type: ignore[method-assign]


def _note_rule(_app: Flask, **_: Any) -> None:
    rule = request.url_rule
    request.environ[ROUTE] = rule.rule if rule else UNMATCHED


# --- measuring ------------------------------------------------------------------------------------


class Measured:
    """The outermost WSGI application: gives each request an id and notes how long it took."""

    def __init__(self, app: Flask, *, access_log: bool) -> None:
        self._app = app
        self._inner: WSGIApplication = app.wsgi_app
        # What is replayed in front of Flask has no parameters in its path.
        self._plain = frozenset(r.rule for r in app.url_map.iter_rules() if not r.arguments)
        self._worker = secrets.token_hex(8)
        self._numbers = count()
        self._running: set[int] = set()
        self._taken: deque[tuple[Labels, float]] = deque(maxlen=HELD_AT_MOST)
        self._publishing = threading.Lock()
        self._telling = access_log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on; what even Flask did not catch becomes a bare 500."""
        began, status, number = time.perf_counter(), "500", next(self._numbers)
        name = environ[REQUEST_ID] = self._name(environ, number)
        self._running.add(number)

        def started(said: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = said
            return start_response(said, [*headers, ("X-Request-ID", name)], exc_info)

        def done() -> None:
            self._running.discard(number)
            self._count(environ, status, time.perf_counter() - began)

        try:
            body = self._inner(environ, started)
        except Exception:
            _log.exception("nothing caught it", extra={"about": about(environ)})
            started("500 Internal Server Error", [("Content-Type", "text/plain")])
            body = [b"The service met an error of its own; it has been logged.\n"]
        if type(body) is list:  # it is whole: what most answers are
            done()
            return body
        return _Body(body, environ, done)

    def _name(self, environ: WSGIEnvironment, number: int) -> str:
        given: str = environ.get("HTTP_X_REQUEST_ID", "")
        if given and _HARMLESS_ID.fullmatch(given):
            return given
        # A number a request, after what tells workers apart: a UUID costs ten times as much.
        return f"{self._worker}-{number}"

    def _count(self, environ: WSGIEnvironment, status: str, duration_s: float) -> None:
        route, method = self._route(environ), environ["REQUEST_METHOD"]
        known = method if method in METHODS else OTHER
        self._taken.append(((route, known, f"{status[0]}xx"), duration_s))
        if self._telling:
            told = {
                **about(environ, route),
                "status": int(status[:3]),
                "duration_ms": round(duration_s * 1000, 3),
                "edition": _edition(self._app.extensions[EXTENSION]),
            }
            _access.info("answered", extra={"about": told})

    def _route(self, environ: WSGIEnvironment) -> str:
        path: str = environ["PATH_INFO"]
        return environ.get(ROUTE) or (path if path in self._plain else UNMATCHED)

    def publish(self) -> None:
        """Put what was counted where all workers' counts are read."""
        with self._publishing:
            while self._taken:
                labels, duration_s = self._taken.popleft()
                _DURATIONS.labels(*labels).observe(duration_s)
        running: Services = self._app.extensions[EXTENSION]
        seen = running.snapshots.refreshed_at
        _IN_FLIGHT.set(len(self._running))
        _EDITION.set(_edition(running) or 0)
        _REFRESHED.set(seen.timestamp() if seen else 0)


class _Body:
    """A body that is made while it is sent; it is done when the server has closed it."""

    def __init__(
        self, inner: Iterable[bytes], environ: WSGIEnvironment, done: Callable[[], None]
    ) -> None:
        self._inner, self._environ, self._done = inner, environ, done
        self._next = iter(inner).__next__

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._next()
        except StopIteration:
            raise
        except Exception:
            # The server would print the exception's message, which may quote somebody.
            _log.exception("a body was cut off", extra={"about": about(self._environ)})
            raise CutOff from None

    def close(self) -> None:
        """Close the body itself and note that it is done."""
        try:
            getattr(self._inner, "close", lambda: None)()
        finally:
            self._done()


class CutOff(Exception):
    """A body that ends before its end; why is in the log."""


def about(environ: WSGIEnvironment, route: str | None = None) -> dict[str, Any]:
    """Return what a log line says of a request: nothing that tells who asked, or for what."""
    method = environ.get("REQUEST_METHOD")
    return {
        "request": environ.get(REQUEST_ID, ""),
        "method": method if method in METHODS else OTHER,
        "route": route or environ.get(ROUTE, UNMATCHED),
    }


def _edition(running: Services) -> int | None:
    world = running.snapshots.latest
    summary = world.timeline.edition_on(world.today) if world else None
    return summary.number if summary else None
