"""A service goes on answering others beside each attack: itself, over IPv6, and through nginx."""

from __future__ import annotations

import functools
import http.client
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.attacking import ATTACKS, BODY, STALLED, attacked
from tests.serving import Server, behind_nginx, running, service
from tests.waiting import PATIENCE_S, wait_until
from tests.worlds import url_of

ANSWERS = 6
"""Of others, beside each attack."""
SOON = {"CATCHMENTS_BODY_WITHIN_S": "2", "CATCHMENTS_RATE_LIMIT": "6000"}
MANY = 64
EVERYWHERE = {
    "256 stalled bodies",
    "idle connections",
    "slow headers",
    "unread answers",
    "bulk addresses",
}


@dataclass(frozen=True)
class Entrance:
    """Where others and attackers come in."""

    host: str
    port: int

    def status(self, path: str, body: str | None = None) -> int:
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)) as one:
            kind = {"Content-Type": "application/json"} if body else {}
            one.request("POST" if body else "GET", path, body, kind)
            answer = one.getresponse()
            answer.read()
            return answer.status

    def begun(self, what: bytes) -> socket.socket:
        one = socket.create_connection((self.host, self.port), PATIENCE_S)
        one.sendall(what)
        return one


@contextmanager
def direct(database: Path | str, folder: Path) -> Iterator[Entrance]:
    with running(service(url_of(database), **SOON)) as server:
        yield Entrance("127.0.0.1", server.port)


@contextmanager
def over_ipv6(database: Path | str, folder: Path) -> Iterator[Entrance]:
    # One address for all who come from this machine: nothing is counted by address.
    settings = {**SOON, "CATCHMENTS_RATE_LIMIT": "0"}
    server = OverIPv6("flask", "serve", "--workers", 1, DATABASE_URL=url_of(database), **settings)
    with running(server):
        yield Entrance("::1", server.port)


class OverIPv6(Server):
    """The service at IPv6's address of this machine."""

    def _begin(self) -> None:
        module, *words = self._program
        self._program = (module, *words, "--host", "::1") if "::1" not in words else self._program
        super()._begin()

    def answers(self) -> bool:
        try:
            return Entrance("::1", self.port).status("/readyz") == 200
        except OSError:
            return False


@contextmanager
def proxied(database: Path | str, folder: Path) -> Iterator[Entrance]:
    how = {**SOON, "CATCHMENTS_TRUSTED_PROXIES": "1"}
    with ExitStack() as stack:
        two = [stack.enter_context(running(service(url_of(database), **how))) for _ in range(2)]
        door = stack.enter_context(behind_nginx(folder, *(each.port for each in two)))
        yield Entrance("127.0.0.1", door.port)


FIRST = "itself"
DOORS: dict[str, Callable[[Path | str, Path], AbstractContextManager[Entrance]]] = {
    FIRST: direct,
    "over IPv6": over_ipv6,
    "through nginx": proxied,
}


@pytest.fixture(scope="module")
def database(small_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world's, to write to: a server begins its trail, attackers fill it."""
    return Path(shutil.copy(small_database, tmp_path_factory.mktemp("attacked") / "small.sqlite"))


@pytest.fixture(scope="module")
def entrance_by(
    database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Entrance]]:
    """Returns the entrance by a door; its servers stand until the last attack was tried.

    Whatever an attack leaves behind, the next meets: a service in the world is not begun anew.
    """
    with ExitStack() as stack:

        @functools.cache
        def by(door: str) -> Entrance:
            return stack.enter_context(DOORS[door](database, tmp_path_factory.mktemp("door")))

        yield by


@pytest.mark.parametrize(
    ("door", "name"),
    # Whatever differs in nothing but its address by another door is tried by the first alone.
    [(door, name) for door in DOORS for name in ATTACKS if door == FIRST or name in EVERYWHERE],
)
def test_others_are_answered_beside_an_attack(
    door: str, name: str, entrance_by: Callable[[str], Entrance]
) -> None:
    entrance = entrance_by(door)
    with attacked(name, entrance.host, entrance.port):
        for _ in range(ANSWERS):
            assert entrance.status("/healthz") == 200
            assert entrance.status("/v1/provider?school_id=54") == 200


@pytest.mark.parametrize("door", DOORS)
def test_others_are_answered_beside_several_attacks_at_once(
    door: str, entrance_by: Callable[[str], Entrance]
) -> None:
    entrance = entrance_by(door)
    names = ("stalled bodies", "slow headers", "unread answers", "bulk schools", "wrong keys")
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(attacked(name, entrance.host, entrance.port))
        for _ in range(ANSWERS):
            assert entrance.status("/healthz") == 200
            assert entrance.status("/v1/provider?school_id=54") == 200


# --- bodies ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(database: Path) -> Iterator[Server]:
    with running(service(url_of(database), CATCHMENTS_BODY_WITHIN_S="2")) as server:
        yield server


def said(one: socket.socket) -> bytes:
    """All that a server says until it ends the connection."""
    one.settimeout(PATIENCE_S)
    heard = b""
    while piece := one.recv(65_536):
        heard += piece
    return heard


def test_bodies_that_stall_are_answered_and_their_connections_ended(alone: Server) -> None:
    here = Entrance("127.0.0.1", alone.port)
    with ExitStack() as stack:
        many = [stack.enter_context(closing(here.begun(STALLED))) for _ in range(MANY)]
        assert here.status("/readyz") == 200
        heard = [said(one) for one in many]
    statuses = {each.split(b" ", 2)[1] for each in heard}
    assert statuses <= {b"408", b"503"}
    late = [each for each in heard if each.startswith(b"HTTP/1.1 408")]
    assert late
    # On a busy machine one may be ended before all of its answer has been taken.
    whole = [each for each in late if each.endswith(b"}")]
    assert whole
    assert all(b"application/problem+json" in each for each in whole)
    assert all(b"connection: close" in each.lower() for each in whole)
    assert all(b"/problems/too-slow" in each for each in whole)
    assert here.status("/v1/providers:resolve", '{"school_ids": [54]}') == 200


def test_a_body_that_drips_is_ended_as_one_that_stalls(alone: Server) -> None:
    here = Entrance("127.0.0.1", alone.port)
    with closing(here.begun(BODY)) as one:
        over = threading.Event()

        def drip() -> None:
            try:
                while not over.wait(0.1):
                    one.sendall(b"1\r\n \r\n")
            except OSError:
                over.set()

        dripping = threading.Thread(target=drip)
        dripping.start()
        one.settimeout(PATIENCE_S)
        try:
            assert one.recv(65_536).startswith(b"HTTP/1.1 408")
        finally:
            wait_until(over.is_set, "the server has ended the connection")
            dripping.join()


def test_others_of_the_same_address_keep_their_connections_when_one_is_ended(
    alone: Server,
) -> None:
    here = Entrance("127.0.0.1", alone.port)
    kept = http.client.HTTPConnection(here.host, here.port, timeout=PATIENCE_S)
    with closing(kept), closing(here.begun(STALLED)) as one:
        ended = threading.Thread(target=said, args=(one,))
        ended.start()
        kept.connect()
        own = kept.sock
        while ended.is_alive():
            kept.request("GET", "/v1/provider?school_id=54")
            assert kept.getresponse().read()
        assert kept.sock is own


def test_a_body_to_where_none_is_read_is_answered_and_not_waited_for(alone: Server) -> None:
    here = Entrance("127.0.0.1", alone.port)
    for first in (b"POST /v1/editions", b"GET /v1/editions", b"DELETE /", b"POST /nothing"):
        begun = first + STALLED[STALLED.index(b" HTTP/1.1") :]
        with closing(here.begun(begun)) as one:
            assert said(one).split(b" ", 2)[1] in {b"200", b"404", b"405"}


@pytest.mark.parametrize(
    "stated",
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"],
    ids=["a preface", "a preface and settings"],
)
def test_no_http_2_is_spoken_in_clear(stated: bytes, alone: Server) -> None:
    with closing(Entrance("127.0.0.1", alone.port).begun(stated)) as one:
        heard = said(one)
    assert not heard.startswith(b"\0")
    assert b"HTTP/2" not in heard


def test_an_upgrade_to_http_2_is_not_taken(alone: Server) -> None:
    asked = (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
        b"Connection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n"
    )
    with closing(Entrance("127.0.0.1", alone.port).begun(asked)) as one:
        assert said(one).startswith(b"HTTP/1.1 200")


# --- processes ------------------------------------------------------------------------------------


def test_workers_end_with_the_process_that_began_them(database: Path) -> None:
    server = service(url_of(database), workers=2)
    with running(server):
        workers = server.workers()
        assert len(workers) == 2
        os.kill(server.process.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(runs, workers)), "its workers have ended")
        wait_until(lambda: not listens(server.port), "nobody has its port any more")


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE_S).close()
    except OSError:
        return False
    return True


def runs(pid: int) -> bool:
    """Whether a process is there, and not only waited for."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return status[0] not in {"Z", "X"}


def test_the_requests_of_a_worker_that_is_killed_go_elsewhere_behind_the_proxy(
    database: Path, tmp_path: Path
) -> None:
    statuses: list[int] = []
    with ExitStack() as stack:
        url = url_of(database)
        two = [stack.enter_context(running(service(url))) for _ in range(2)]
        door = stack.enter_context(behind_nginx(tmp_path, *(each.port for each in two)))
        here, over = Entrance("127.0.0.1", door.port), threading.Event()

        def ask() -> None:
            while not over.is_set():
                statuses.append(here.status("/v1/provider?school_id=54"))

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        wait_until(lambda: len(statuses) > 10 * ANSWERS, "they are asked")
        (worker,) = two[0].workers()
        os.kill(worker, signal.SIGKILL)
        asked = len(statuses)
        two[0].wait_until(two[0].answers, "it answers again")
        wait_until(lambda: len(statuses) > asked + 10 * ANSWERS, "they are asked on")
        over.set()
        for thread in asking:
            thread.join()
    assert set(statuses) == {200}


def test_no_answer_on_a_kept_connection_is_cut_when_a_server_stops(database: Path) -> None:
    asked = b"GET /v1/provider?school_id=54 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    cut: list[bytes] = []
    with running(service(url_of(database))) as server:
        here = Entrance("127.0.0.1", server.port)
        begun = threading.Barrier(5)

        def ask() -> None:
            with closing(here.begun(asked)) as one:
                begun.wait(PATIENCE_S)
                while True:
                    heard = answer(one)
                    if not heard.endswith(b"}"):
                        cut.append(heard)
                        return
                    try:
                        one.sendall(asked)
                    except OSError:
                        return

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        begun.wait(PATIENCE_S)
        assert server.stop() == 0
        for thread in asking:
            thread.join(PATIENCE_S)
    assert [each for each in cut if each] == []  # nothing, or the whole of it


def answer(one: socket.socket) -> bytes:
    """The next answer of a connection, or what of it came."""
    heard = b""
    try:
        while True:
            piece = one.recv(65_536)
            heard += piece
            head, parted, body = heard.partition(b"\r\n\r\n")
            length = [w for w in head.lower().split(b"\r\n") if w.startswith(b"content-length:")]
            if not piece or (parted and len(body) == int(length[0].split(b":")[1])):
                return heard
    except OSError:
        return heard
