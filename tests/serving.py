"""Real servers: begun on a port that is free, waited for until they answer, and stopped."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from socketserver import BaseServer
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from scripts.many_machines import NotReady, write_nginx
from tests import prepared
from tests.waiting import PATIENCE_S, answers, free_port, wait_until
from tests.worlds import DATA_KEY, lacking, url_of

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

QUICKLY = "0.1"
"""So often, in seconds, a server looks whether something was published, where a test waits."""
_ASKED_AGAIN_S = 20.0
"""So long whoever took a port, and is none of ours, may say nothing."""
_PORT_IS_TAKEN = "in use"
_PORTS_TRIED = 5


class Door:
    """A port that answers, whoever is behind it."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def text(self, path: str) -> tuple[int, str]:
        """The status and content of an answer, over a connection of its own."""
        with closing(self.connection()) as connection:
            connection.request("GET", path, headers={"Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read().decode()

    def get(self, path: str) -> tuple[int, dict[str, Any]]:
        status, content = self.text(path)
        return status, json.loads(content)


class Server(Door):
    """A server and its workers, on a port that it keeps when it is begun once more."""

    process: prepared.Process

    def __init__(
        self,
        module: str,
        *words: object,
        ready: str = "/readyz",
        anew: bool = False,
        **settings: str,
    ) -> None:
        super().__init__(free_port())
        self._program, self._ready = (module, *words), ready
        self._settings = {"CATCHMENTS_DATA_KEY": DATA_KEY, **settings}
        self._anew = anew

    def start(self) -> None:
        """Begin it and wait until it answers; on another port where somebody was quicker."""
        for _ in range(_PORTS_TRIED):
            self._begin()
            wait_until(lambda: self.answers() or self._lost_the_port(), self._wanted)
            if self.answers():
                return
            self.port = free_port()
        raise AssertionError(self._said())

    def start_again(self) -> None:
        """Begin it where it was, and wait until it answers."""
        self._begin()
        self.wait_until(self.answers, self._wanted)

    def _begin(self) -> None:
        module, *words = self._program
        self.process = prepared.begin(
            str(module), *words, "--port", self.port, settings=self._settings, anew=self._anew
        )

    @property
    def _wanted(self) -> str:
        return f"{' '.join(map(str, self._program))} answers on port {self.port}"

    def _lost_the_port(self) -> bool:
        if self.process.poll() is None:
            return False
        assert _PORT_IS_TAKEN in self._said(), self._said()
        return True

    def _said(self) -> str:
        return self.process.stdout + self.process.stderr

    def answers(self) -> bool:
        return answers(self.port, self._ready, within_s=_ASKED_AGAIN_S)

    def wait_until(self, done: Callable[[], object], what: str, **how: float) -> None:
        """Wait for a state that this server brings about."""
        wait_until(done, what, process=self.process, seen=lambda: f"It said: {self._said()}", **how)

    def said(self, what: str) -> int:
        """How often it said something."""
        return self._said().count(what)

    def workers(self) -> set[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return set(map(int, children.read_text().split()))

    def editions(self) -> dict[int, int]:
        """The edition that each worker serves, as far as it has said so."""
        told = {each.name: each for each in text_string_to_metric_families(self.metrics())}
        served = told["catchments_edition"].samples if "catchments_edition" in told else ()
        found = {int(sample.labels["pid"]): int(sample.value) for sample in served}
        return {pid: found[pid] for pid in self.workers() & set(found)}

    def metrics(self) -> str:
        return self.text("/metrics")[1]

    def wait_until_served(self, edition: int, *, workers: int) -> None:
        """Wait until so many workers, and no others, serve an edition."""

        def is_served() -> bool:
            served = self.editions()
            return [*served.values()] == [edition] * workers and set(served) == self.workers()

        # They say so once a second, all that they count at once.
        what = f"edition {edition} is served by {workers} workers"
        self.wait_until(is_served, what, every_s=0.25)

    def restart(self) -> None:
        """As `scripts.many_machines.roll` wants it. Raises NotReady."""
        self.stop()
        self._begin()
        wait_until(lambda: self.answers() or self.process.poll() is not None, self._wanted)
        if not self.answers():
            raise NotReady(self._said())

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Have it end as it does in service; return how it ended."""
        self.terminate()
        return self.process.wait()

    def kill(self) -> None:
        """End every process of it at once, as a power cut would."""
        self.process.kill()


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """A server from when it answers to the end of a test; whatever is left of it is killed."""
    try:
        server.start()
        yield server
        server.stop()
    finally:
        server.kill()


class Quiet:
    """The part of a made-up server's handler that says nothing of what it was asked."""

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def in_a_thread(server: BaseServer) -> Iterator[None]:
    """A made-up server answers, from a thread, to the end of the block."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE_S)


@contextmanager
def behind_nginx(folder: Path, *ports: int) -> Iterator[Door]:
    """What is deployed before two servers; it logs to a file of the folder, `log`."""
    if NGINX is None:
        lacking("nginx is not installed: what it does is not tried")
    door, log = Door(free_port()), folder / "log"
    listening = [f"127.0.0.1:{port}" for port in ports]
    conf = write_nginx(folder, listen=f"127.0.0.1:{door.port}", servers=listening)
    with (
        log.open("wb") as out,
        subprocess.Popen([NGINX, "-p", folder, "-c", conf], stdout=out, stderr=out) as process,
    ):
        try:
            answering = f"nginx answers on port {door.port}"
            wait_until(
                lambda: answers(door.port, "/"), answering, process=process, seen=log.read_text
            )
            yield door
        finally:
            process.terminate()


def service(url: str, *, workers: int = 1, anew: bool = False, **settings: str) -> Server:
    """The service as `scripts/serve` starts it, on a database's URL, with settings of its own.

    If it begins `anew`, the server and its workers import all they need themselves.
    """
    return Server(
        "flask",
        "serve",
        "--workers",
        workers,
        anew=anew,
        **{"CATCHMENTS_REFRESH_S": QUICKLY, "CATCHMENTS_RATE_LIMIT": "0"} | settings,
        DATABASE_URL=url,
    )


@contextmanager
def serving(
    database: Path | str, *, workers: int = 1, anew: bool = False, **settings: str
) -> Iterator[Server]:
    """The service, running, on a database that is set up: an SQLite file or a URL."""
    with running(service(url_of(database), workers=workers, anew=anew, **settings)) as server:
        yield server
