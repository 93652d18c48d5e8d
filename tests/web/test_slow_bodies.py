"""Bodies that stop: the connection that is ended is theirs, whatever else their address has."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from werkzeug.exceptions import RequestTimeout

from catchments.web.front.body_deadlines import PART, BoundedBodies, in_parts
from tests.waiting import PATIENCE_S

Pair = tuple[socket.socket, socket.socket]
HEAD = b"HTTP/1.1 408 Request Timeout\r\n\r\n"
ANOTHER = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 500


@pytest.fixture
def pairs() -> Iterator[tuple[Pair, Pair]]:
    """Two connections of one client, the server's end of each first."""
    with ExitStack() as stack:
        listening = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))

        def pair() -> Pair:
            client = stack.enter_context(closing(socket.create_connection(listening.getsockname())))
            client.settimeout(PATIENCE_S)
            return stack.enter_context(closing(listening.accept()[0])), client

        yield pair(), pair()


class Input:
    """A body as a server reads it from a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self, size: int) -> bytes:
        """Return what comes next, if anything does."""
        return self._connection.recv(size)


def test_another_that_is_answered_meanwhile_keeps_its_connection(
    pairs: tuple[Pair, Pair],
) -> None:
    told = b"The rest did not come. " * 40
    (stuck, client), (busy, innocent) = pairs

    def late(environ, start_response):
        with pytest.raises(RequestTimeout):
            environ["wsgi.input"].read()
        start_response("408 Request Timeout", [])
        return [told]

    environ = {
        "wsgi.input": Input(stuck),
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    answers = threading.Event()
    asked = threading.Thread(target=asks_on, args=(busy, innocent, answers))
    asked.start()
    try:
        answer = BoundedBodies(late, proxied=False, within_s=0.6)(environ, lambda *_: print)
        stuck.sendall(HEAD)
        for part in answer:
            stuck.sendall(part)
        answer.close()
    finally:
        answers.set()
        asked.join()
    assert b"".join(iter(lambda: client.recv(4_096), b"")) == HEAD + told
    busy.sendall(b"still there")
    assert innocent.recv(4_096) == b"still there"


def asks_on(busy: socket.socket, innocent: socket.socket, over: threading.Event) -> None:
    """Have a connection be answered now and then, as one that somebody keeps is."""
    while not over.wait(0.3):
        busy.sendall(ANOTHER)
        innocent.recv(4_096)


@pytest.mark.parametrize("length", [0, 1, 20, 200, 5_000])
def test_the_parts_of_an_answer_are_the_answer_and_the_later_ones_short(length: int) -> None:
    whole = bytes(n % 251 for n in range(length))
    parts = in_parts(whole)
    assert b"".join(parts) == whole
    assert all(0 < len(part) <= PART[1] for part in parts[1:])
