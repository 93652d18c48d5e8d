"""Granian with three of its habits changed, so that a reload (SIGHUP) fails no request.

Granian gives each worker a socket of its own; when a worker stops, the kernel resets connections
that waited in that socket, unless net.ipv4.tcp_migrate_req is set. Here all workers accept from one
socket, which stays. Granian stops a worker a fixed time after it began its successor, ready or not;
here it stops once the successor has built its snapshot, and stays if that one never does. And a
stopping worker closes connections into which a client may just be writing a request; here it first
takes on no new ones for a moment and closes the others with their next answer.
Run as `python -m catchments.runtime.serving`, with the options of `granian`.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian import cli
from granian._granian import ListenerSpec
from granian.log import logger
from granian.server.mp import MPServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READY_WITHIN_S = 120.0
"""A successor that has no snapshot by then is given up; the old worker goes on."""
LOOK_EVERY_S = 0.05
FAREWELL_S = 2.0
"""For so long a worker that will be stopped sends its clients elsewhere."""
LEAVE = signal.SIGUSR1
_LISTENED_TO = re.compile(r"^tfd: +([0-9]+)", re.MULTILINE)
_Granian: Any = MPServer  # hardly any of it is typed


class RollingServer(_Granian):  # type: ignore[misc]
    """Granian's server of processes, with one socket and a reload that waits."""

    def _init_shared_socket(self) -> None:
        if self.bind_uds:
            super()._init_shared_socket()
            return
        self._ssp = None
        self._shd = ListenerSpec(self.bind_addr, self.bind_port, self.backlog).build()
        self._sso = socket.socket(fileno=self._shd.get_fd())
        self._sso.set_inheritable(True)

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: Any, target_loader: Any, delay: float = 0
    ) -> None:
        if not delay:  # they have died: nothing is to be waited for
            super()._respawn_workers(workers, spawn_target, target_loader, delay)
            return
        for index in workers:
            successor = self._successor(index, spawn_target, target_loader)
            if successor is None:
                return
            old, self.wrks[index] = self.wrks[index], successor
            self._stop(old)
            logger.warning("worker-%s was replaced", index + 1)

    def _successor(self, index: int, target: Any, loader: Any) -> Any | None:
        """Return a new worker that is ready to answer, or None where it does not get so far."""
        ready = _context().Event()
        worker = self._spawn_worker(
            idx=index, target=target, callback_loader=partial(_announced, loader, ready)
        )
        worker.inner.start()
        until = time.monotonic() + READY_WITHIN_S
        while not ready.wait(LOOK_EVERY_S):
            late = time.monotonic() > until
            if late or self.interrupt_signal or not worker.is_alive():
                worker.kill()
                logger.error("a new worker-%s did not come up; the old one goes on", index + 1)
                return None
        worker._watch()
        return worker

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> Any:
        loader = partial(_leavable, callback_loader)
        return super()._spawn_worker(idx=idx, target=target, callback_loader=loader)

    def _stop(self, worker: Any) -> None:
        os.kill(worker._id(), LEAVE)
        time.sleep(FAREWELL_S)
        worker.terminate()
        worker.join(self.workers_kill_timeout)
        if worker.is_alive():
            logger.warning("worker-%s did not stop in time and is killed", worker.idx + 1)
            worker.kill()
            worker.join()


def _context() -> Any:
    """Return how processes are begun: as Granian does it."""
    method = multiprocessing.get_start_method()
    return multiprocessing.get_context(method if method in {"fork", "spawn"} else "spawn")


def _announced(load: Callable[[], Any], ready: Any) -> Any:
    loaded = load()
    ready.set()
    return loaded


def _leavable(load: Callable[[], WSGIApplication]) -> WSGIApplication:
    """Load an application that, once it was told to leave, closes each connection that asks."""
    leaving: list[bool] = []

    def leave(_number: int, _frame: Any) -> None:
        leaving.append(True)
        _accept_no_more()

    signal.signal(LEAVE, leave)
    application = load()

    def asked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not leaving:
            return application(environ, start_response)

        def closing(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, [*headers, ("Connection", "close")], exc_info)

        return application(environ, closing)

    return asked


def _accept_no_more() -> None:
    """Have this process's event loops hear no more of sockets that listen; others go on."""
    # Granian has no door to it: it stops accepting only when it also closes what it accepted.
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:[eventpoll]":  # noqa: PTH115
                _unregister_listeners(int(name))


def _unregister_listeners(loop: int) -> None:
    told = Path(f"/proc/self/fdinfo/{loop}").read_text()
    with select.epoll.fromfd(os.dup(loop)) as events:
        for number in map(int, _LISTENED_TO.findall(told)):
            with suppress(OSError), socket.socket(fileno=os.dup(number)) as heard:
                if heard.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    events.unregister(number)


def main() -> None:
    """Serve as the command line says."""
    if vars(cli)["Server"] is MPServer:  # without a GIL, workers are threads
        vars(cli)["Server"] = RollingServer
    cli.entrypoint()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
