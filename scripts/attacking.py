"""Attacks of somebody with a script and no account, each for as long as it is let: to be stood.

`python -m scripts.attacking NAME HOST PORT` runs one until it is ended. On IPv4 they come from
127.0.0.2, so that who is attacked is another client than who attacks.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field

RESOLVE = "/v1/providers:resolve"
ATTACKER = "127.0.0.2"
PATIENCE_S = 30.0
GONE_WITHIN_S = 1.0
"""After this nobody waits for an attacker who waits for an answer."""


@dataclass
class Target:
    """Where a service is, and whether the attack goes on."""

    host: str
    port: int
    over: threading.Event = field(default_factory=threading.Event)

    def connected(self) -> socket.socket:
        """Return a new connection from the attacker."""
        source = (ATTACKER, 0) if self.host == "127.0.0.1" else None
        return socket.create_connection((self.host, self.port), PATIENCE_S, source)

    def client(self) -> http.client.HTTPConnection:
        """Return an HTTP client of the attacker's."""
        made = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        made.sock = self.connected()
        made.auto_open = 0
        return made


Attack = Callable[[Target], None]


# --- connections that go nowhere ------------------------------------------------------------------


def _head(*lines: str, first: str = f"POST {RESOLVE} HTTP/1.1") -> bytes:
    return "\r\n".join((first, "Host: localhost", *lines)).encode()


BODY = _head("Content-Type: application/json", "Transfer-Encoding: chunked") + b"\r\n\r\n"
STALLED = BODY + b'4\r\n{"sc\r\n'
MANY = json.dumps({"school_ids": [54] * 10_000})
UNREAD = _head("Content-Type: application/json", f"Content-Length: {len(MANY)}") + b"\r\n\r\n"
HALF_A_HEAD = _head("X-Slow: ", first="GET /v1/provider?school_id=54 HTTP/1.1")


def _held(number: int, begun: bytes, then: bytes = b"") -> Attack:
    """Hold connections that begin so; one that was closed is opened again. `then` drips."""

    def attack(target: Target) -> None:
        held: list[socket.socket] = []
        with ExitStack() as stack:
            while not target.over.is_set():
                while len(held) < number and not target.over.is_set():
                    with suppress(OSError):
                        one = stack.enter_context(closing(target.connected()))
                        one.sendall(begun)
                        one.setblocking(False)
                        held.append(one)
                target.over.wait(0.5)
                held = [one for one in held if _stands(one, then)]

    return attack


def _stands(one: socket.socket, then: bytes) -> bool:
    try:
        if then:
            one.send(then)
        one.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        one.close()
        return False
    one.close()  # it was answered
    return False


def _unread(target: Target) -> None:
    """Ask for long answers and read none of them."""
    with ExitStack() as stack:
        for _ in range(64):
            one = stack.enter_context(closing(target.connected()))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with suppress(OSError):
                one.sendall(UNREAD + MANY.encode())
        target.over.wait()


# --- questions without end ------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str
    method: str = "GET"
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _flood(asked: Callable[[int], Asked], threads: int = 4) -> Attack:
    """Ask over kept connections as fast as it goes."""

    def ask(target: Target, thread: int) -> None:
        number = thread
        while not target.over.is_set():
            with suppress(OSError, http.client.HTTPException), closing(target.client()) as client:
                while not target.over.is_set():
                    number += threads
                    question = asked(number)
                    client.request(
                        question.method, question.path, question.body, dict(question.headers)
                    )
                    client.getresponse().read()

    return lambda target: _at_once(ask, target, threads)


def _at_once(ask: Callable[[Target, int], None], target: Target, threads: int) -> None:
    asking = [threading.Thread(target=ask, args=(target, n), daemon=True) for n in range(threads)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()


JSON = {"Content-Type": "application/json"}
STREETS = [f"{n} Queen Street, Auckland Central {n % 97}" for n in range(10_000)]
ADDRESSES = json.dumps({"rows": [{"address": street} for street in STREETS]})
LONG = ["/map", "/v1/catchments", "/ogc/collections/catchments/items?limit=100"]
HOSTILE = ["a" * 200, "%E2%80%AE" * 60, "-36.8,174.7 " * 20, "1/2/3/4/5/6/7/8/9 " * 12, "ā" * 120]


def _search(number: int) -> Asked:
    return Asked(f"/search?q={re.sub(' ', '+', HOSTILE[number % len(HOSTILE)])}{number}".encode(
        "ascii", "ignore"
    ).decode())  # fmt: skip


def _sign_in(target: Target) -> None:
    """Try logins that nobody has, each with the token that the form gives."""

    def ask(target: Target, _: int) -> None:
        while not target.over.is_set():
            with suppress(OSError, http.client.HTTPException), closing(target.client()) as client:
                client.request("GET", "/staff/sign-in", headers={"Host": "localhost"})
                page = client.getresponse()
                token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.read().decode())
                cookie = (page.headers["Set-Cookie"] or "").partition(";")[0]
                login = f"nobody{random.random()}"
                form = f"login={login}&password=guess&csrf_token={token[1] if token else ''}"
                kind = "application/x-www-form-urlencoded"
                headers = {"Host": "localhost", "Cookie": cookie, "Content-Type": kind}
                client.request("POST", "/staff/sign-in", form, headers)
                client.getresponse().read()

    _at_once(ask, target, 8)


ATTACKS: Mapping[str, Attack] = {
    "stalled bodies": _held(64, STALLED),
    "256 stalled bodies": _held(256, STALLED),
    "dripping bodies": _held(64, STALLED, b"1\r\nx\r\n"),
    "slow headers": _held(1_000, HALF_A_HEAD),
    "dripping headers": _held(1_000, HALF_A_HEAD, b"x"),
    "idle connections": _held(1_000, b""),
    "unread answers": _unread,
    "no such school": _flood(lambda n: Asked(f"/school/{n % 100_000 + 900_000}")),
    "wrong keys": _flood(
        lambda n: Asked("/v1/provider?school_id=54", headers={"X-API-Key": f"guess{n}"})
    ),
    "sign-ins": _sign_in,
    "bulk addresses": _flood(lambda _: Asked(RESOLVE, "POST", ADDRESSES, JSON), 8),
    "bulk schools": _flood(lambda _: Asked(RESOLVE, "POST", MANY, JSON), 8),
    "hostile searches": _flood(_search),
    "maps and lists": _flood(lambda n: Asked(LONG[n % len(LONG)])),
}


@contextmanager
def attacked(name: str, host: str, port: int) -> Iterator[None]:
    """An attack goes on, from a thread, to the end of the block."""
    target = Target(host, port)
    thread = threading.Thread(target=ATTACKS[name], args=(target,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        target.over.set()
        thread.join(GONE_WITHIN_S)


def main() -> None:
    """Attack until told to stop."""
    name, host, port = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with attacked(name, host, int(port)):
        while True:
            time.sleep(60)


if __name__ == "__main__":
    main()
