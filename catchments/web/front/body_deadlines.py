"""The deadline of bodies: whoever begins one and does not go on is answered 408 and sent away.

A body is read when the application asks for it, by a thread that the request's own waits for. The
server's reading cannot be called off, so a body that is too slow is ended by ending its connection.
Which one it is shows in the answer itself: it leaves in parts of lengths that nobody foresees, and
is the connection to which so many bytes were written just then, and none since the body was waited
for. No other answer is as short as a part, so that no other connection is taken for it.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import pairwise
from threading import Event, Thread
from typing import Any
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import ClientDisconnected, RequestTimeout, ServiceUnavailable

from catchments.runtime.connections import end_of, same_written, written_to
from catchments.web.front.room import Slots, has_body

AT_ONCE_S = 0.5
"""A body that is there by then is nobody's trouble: mostly it comes with its headers."""
LEAST_A_S = 8_192
"""Bytes a second that a longer body has to come with, after what a setting gives it."""
SLOW_AT_ONCE = 48
SLOW_OF_ONE = 32
"""Bodies of a worker that are waited for longer, in all and of one address."""
PIECE = 65_536
LOOKS_S = (0.05, 0.1, 0.2, 0.4)
"""So long after each part of an answer its connection is looked for: a busy machine sends later."""
PART = 16, 96
"""Bytes of a part: at least as many as no end of a chunk has."""
LONGEST_LOOK_S = 2.0


class BoundedBodies:
    """The WSGI application, whose bodies have a deadline."""

    def __init__(self, inner: WSGIApplication, *, proxied: bool, within_s: float) -> None:
        self._inner, self._within_s = inner, within_s
        self._slots = Slots(SLOW_AT_ONCE, SLOW_AT_ONCE if proxied else SLOW_OF_ONE)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on with a body that ends, one way or the other."""
        if not has_body(environ):
            return self._inner(environ, start_response)
        client = same_written(environ.get("REMOTE_ADDR", ""))
        body = Body(environ, client, self._within_s, self._slots)
        environ["wsgi.input"] = io.BufferedReader(body, PIECE)

        def noted(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            if not body.ended:  # what was not read would be taken for the next request
                headers = [*headers, ("Connection", "close")]
            return start_response(status, headers, exc_info)

        try:
            answer = self._inner(environ, noted)
        except Exception:
            if not body.is_stuck:
                raise
            answer = [_OWN_ERROR]
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
        finally:
            if not body.is_stuck:
                body.give_back()
        return LastWords(answer, body, client) if body.is_stuck else answer


_OWN_ERROR = b"The service met an error of its own; it has been logged.\n"


class Body(io.RawIOBase):
    """A body that is read by a thread of its own, for which whoever asks waits so long at most."""

    def __init__(
        self, environ: WSGIEnvironment, client: str, within_s: float, slots: Slots
    ) -> None:
        self._inner: InputStream = environ["wsgi.input"]
        self._stated = int(environ.get("CONTENT_LENGTH") or 0)
        self._client, self._within_s, self._slots = client, within_s, slots
        self._has_slot = False
        self._began: float | None = None
        self._received = 0
        self._reading: Event | None = None
        self.written: dict[int, int] = {}
        """What had been written to the client's connections when it began to be slow."""
        self.ended = False
        """Whether all of it was read."""

    @property
    def is_stuck(self) -> bool:
        """Whether a thread still waits for it."""
        return self._reading is not None and not self._reading.is_set()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, into: Any) -> int:
        """Read some of it. Raises RequestTimeout, ServiceUnavailable or ClientDisconnected."""
        piece = self._next(min(len(into), PIECE))
        into[: len(piece)] = piece
        return len(piece)

    def _next(self, size: int) -> bytes:
        if self.ended or not size:
            return b""
        if self.is_stuck:
            raise RequestTimeout
        if self._stated:  # some servers wait for more than was announced
            size = min(size, self._stated - self._received)
        read: list[bytes] = []
        self._reading = done = Event()
        Thread(target=self._read, args=(size, read, done), daemon=True).start()
        self._wait_for(done)
        piece = read[0] if read else b""
        self._received += len(piece)
        self.ended = not piece or 0 < self._stated <= self._received
        if not piece and self._received < self._stated:
            raise ClientDisconnected
        return piece

    def _read(self, size: int, read: list[bytes], done: Event) -> None:
        try:
            read.append(self._inner.read(size))
        finally:
            done.set()

    def _wait_for(self, done: Event) -> None:
        if self._began is None:
            self._began = time.monotonic()
        if done.wait(self._left_s(AT_ONCE_S)):
            return
        if not self._has_slot:
            self._has_slot = self._slots.take(self._client)
        if not self._has_slot:
            self.written = written_to(self._client)
            raise ServiceUnavailable("Too many requests are sent slowly just now.")
        self.written = self.written or written_to(self._client)
        if not done.wait(self._left_s(self._within_s + self._received / LEAST_A_S)):
            raise RequestTimeout("The rest of the request did not come in time.")

    def _left_s(self, until_s: float) -> float:
        return max(0.0, (self._began or 0) + until_s - time.monotonic())

    def silent(self) -> dict[int, int]:
        """Return the client's connections that nothing was written to since, and what was before.

        Its own is among them.
        """
        now = written_to(self._client)
        return {each: was for each, was in self.written.items() if now.get(each) == was}

    def give_back(self) -> None:
        """Let another slow body have the place of this one."""
        if self._has_slot:
            self._slots.give_back(self._client)
            self._has_slot = False

    def wait(self, within_s: float) -> bool:
        """Return whether nothing waits for it any more, or will not within some seconds."""
        return self._reading is None or self._reading.wait(within_s)


class LastWords:
    """An answer to a body that is stuck, after which the connection that it leaves by is ended.

    Whoever sends it waits here until the reading thread is free: to go on without it would stop the
    whole process, which the server's own end of a request would wait for.
    """

    def __init__(self, answer: Iterable[bytes], body: Body, client: str) -> None:
        self._body, self._client = body, client
        self._parts = in_parts(b"".join(answer))
        getattr(answer, "close", lambda: None)()
        self._silent = body.silent()
        self._told = self._tell()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._told)

    def close(self) -> None:
        """End what is left: an answer may have no parts, or wait behind one that nobody reads.

        Then those go that were silent while the body was waited for and were sent to since; at last
        all that the client had when it began to be slow, for its own is among them.
        """
        self._told.close()
        for within_s in LOOKS_S[-2:]:
            if not self._body.wait(within_s):
                now = written_to(self._client)
                end_of([each for each, was in self._silent.items() if now.get(each, was) > was])
        while not self._body.wait(LONGEST_LOOK_S):
            end_of(self._body.written)
        self._body.give_back()

    def _tell(self) -> Generator[bytes]:
        found: list[int] = []
        for part, within_s in zip(self._parts, LOOKS_S, strict=False):
            before = {} if found else written_to(self._client)
            yield part
            if self._body.wait(LOOKS_S[0] if found else within_s):
                return
            found = found or self._that_took(part, before)
        end_of(found)
        self._body.wait(LOOKS_S[-1])

    def _that_took(self, part: bytes, before: Mapping[int, int]) -> list[int]:
        now = written_to(self._client)
        both = self._silent.keys() & before.keys() & now.keys()
        return [each for each in both if now[each] - before[each] == len(part)]


def in_parts(answer: bytes) -> list[bytes]:
    """Return an answer in a part for each look, the first with nearly all of it."""
    lengths = [random.randint(*PART) for _ in LOOKS_S[1:]]  # noqa: S311
    cuts = [max(0, len(answer) - sum(lengths[:n])) for n in range(len(lengths), 0, -1)]
    edges = [0, *cuts, len(answer)]
    return [answer[at:to] for at, to in pairwise(edges) if at < to]
