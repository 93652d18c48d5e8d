"""Room for requests: how many a worker takes on at once, of which kind, with some kept for checks.

Whoever finds none is told so at once and may come again; to have them wait would fill the room for
those as well who are soon done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask

from catchments.runtime.connections import same_written
from catchments.web.common import problems
from catchments.web.common.problems import instead_of_flask

AT_ONCE = 128
"""Requests that a worker takes on at once, each with a thread if it needs one: whoever sends half a
body, or asks for ten thousand rows, holds up nobody else."""
KEPT_FOR_CHECKS = 16
CHECKS = ("/healthz", "/readyz", "/metrics")
"""What watches the service; it is told how full it is, and so never has to wait."""
BODIES_AT_ONCE = 72
"""Requests with a body: a room's smaller part, since whoever sends one may take his time."""
BODIES_OF_ONE = 48
LONG_BYTES = 262_144
"""An answer that is longer, or of no known length, is handed over as it is taken: what waits for
its reader is bounded, and a thread waits with it."""
LONG_AT_ONCE = 40
LONG_OF_ONE = 16
"""Of one address, where addresses tell clients apart."""
PIECE = 65_536


class Slots:
    """Places, so many in all and so many of one client."""

    def __init__(self, in_all: int, of_one: int) -> None:
        self._in_all, self._of_one = in_all, of_one
        self._taken: Counter[str] = Counter()
        self._sum = 0
        self._lock = Lock()

    def take(self, who: str) -> bool:
        """Take a place, if there is one."""
        with self._lock:
            if self._sum >= self._in_all or self._taken[who] >= self._of_one:
                return False
            self._taken[who] += 1
            self._sum += 1
            return True

    def give_back(self, who: str) -> None:
        """Give a place back."""
        with self._lock:
            self._sum -= 1
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]


LONG_WORK = Lock()
"""The turn of work that keeps a processor busy for long, such as bulk requests: a piece at a time.

Threads of a process share one interpreter: two such pieces at once are done no sooner, and all
others wait for both."""


def in_turns(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces, each made when it is its turn; nobody has one while it is sent."""
    while True:
        with LONG_WORK:
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


class Room:
    """The WSGI application, for as many requests as there is room for."""

    def __init__(self, app: Flask, inner: WSGIApplication, *, proxied: bool) -> None:
        self._app, self._inner = app, inner
        self._within = Slots(AT_ONCE - KEPT_FOR_CHECKS, AT_ONCE)
        self._bodies = Slots(BODIES_AT_ONCE, BODIES_AT_ONCE if proxied else BODIES_OF_ONE)
        self._long = Slots(LONG_AT_ONCE, LONG_AT_ONCE if proxied else LONG_OF_ONE)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on, or refuse it where there is no room."""
        if environ["PATH_INFO"] in CHECKS:
            return self._inner(environ, start_response)
        client = same_written(environ.get("REMOTE_ADDR", ""))
        leave = self._enter(client, with_body=has_body(environ))
        if leave is None:
            return instead_of_flask(self._app, environ, start_response, problems.no_room)
        answer = None
        try:
            answer = self._answered(environ, start_response, client, leave)
            return answer
        finally:
            if not isinstance(answer, _Long):
                leave()

    def _enter(self, client: str, *, with_body: bool) -> Callable[[], None] | None:
        """Return what makes room again, or None where there is none."""
        if with_body and not self._bodies.take(client):
            return None
        entered = self._within.take("")

        def leave() -> None:
            if entered:
                self._within.give_back("")
            if with_body:
                self._bodies.give_back(client)

        if not entered:
            leave()
        return leave if entered else None

    def _answered(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        client: str,
        leave: Callable[[], None],
    ) -> Iterable[bytes]:
        heads: list[tuple[str, list[tuple[str, str]], Any]] = []

        def noted(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            heads.append((status, headers, exc_info))

        answer = self._inner(environ, noted)
        if type(answer) is list or environ["REQUEST_METHOD"] == "HEAD" or not _is_long(*heads[-1]):
            start_response(*heads[-1])
            return answer
        if not self._long.take(client):
            getattr(answer, "close", lambda: None)()
            return instead_of_flask(self._app, environ, start_response, problems.no_room)
        start_response(*heads[-1])

        def left() -> None:
            self._long.give_back(client)
            leave()

        return _Long(answer, left)


def has_body(environ: WSGIEnvironment) -> bool:
    """Whether a request says that a body follows."""
    stated = environ.get("CONTENT_LENGTH", "")
    return stated not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in environ


def _is_long(status: str, headers: list[tuple[str, str]], _exc_info: Any) -> bool:
    if not status.startswith("20") or status.startswith("204"):
        return False
    lengths = [text for name, text in headers if name.lower() == "content-length"]
    return not lengths or int(lengths[0]) > LONG_BYTES


class _Long:
    """A long answer in pieces, of which only some wait to be sent; closed, it makes room."""

    def __init__(self, answer: Iterable[bytes], left: Callable[[], None]) -> None:
        self._answer, self._left = answer, left
        self._pieces = (
            chunk[at : at + PIECE] for chunk in answer for at in range(0, len(chunk), PIECE)
        )

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:  # at its end, too: who asks for nothing more needs no room
            self._make_room()
            raise

    def close(self) -> None:
        """Close the answer itself, and make room."""
        try:
            getattr(self._answer, "close", lambda: None)()
        finally:
            self._make_room()

    def _make_room(self) -> None:
        left, self._left = self._left, lambda: None
        left()
