"""What scripts/many-machines does: a database, two servers, a proxy; all of it ends together."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Protocol

from scripts.postgresql import throw_away

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "scripts" / "deploy" / "nginx.conf.template"
WHOLE = """
daemon off;
pid $folder/nginx.pid;
error_log /dev/stderr crit;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    include $folder/server.conf;
}
"""
LOOK_EVERY_S = 0.5
SHUNNED_S = 3.0
"""For so long the proxy may leave a server alone that answers again; `fail_timeout` is 2 s."""
STOP_WITHIN_S = 15.0


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a template with what stands in ${…} filled in, as nginx's image does it."""
    for name, value in values.items():
        template = template.replace(f"${{{name}}}", str(value))
    return template


def write_nginx(folder: Path, *, listen: str, servers: Sequence[str]) -> Path:
    """Write nginx's configuration into a folder and return the file to start it with."""
    first, second = servers
    values = {"LISTEN": listen, "WEB_1": first, "WEB_2": second, "ACCESS_LOG": "/dev/stdout"}
    (folder / "server.conf").write_text(filled(TEMPLATE.read_text(encoding="utf-8"), values))
    whole = folder / "nginx.conf"
    whole.write_text(WHOLE.replace("$folder", str(folder)))
    return whole


class NotReady(Exception):
    """A program that should answer does not."""


class Process:
    """A program that is started again whenever it ends, until it is stopped."""

    def __init__(
        self, name: str, command: Sequence[object], ready: str, **environment: str
    ) -> None:
        self.name = name
        self._ready = ready
        self._command = [str(word) for word in command]
        self._environment = {**os.environ, **environment}
        self._start()

    def keep_running(self) -> None:
        """Start it again if it has ended."""
        if self._running.poll() is not None:
            print(f"{self.name} has ended ({self._running.returncode}); starting it again.")
            self._start()

    def restart(self) -> None:
        """Have it end and begin anew; return once it answers. Raises NotReady."""
        self.stop()
        self._start()
        self.wait_until_ready()

    def wait_until_ready(self, *, within_s: float = 120.0) -> None:
        """Wait until it answers. Raises NotReady where it does not."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends and self._running.poll() is None:
            try:
                with urllib.request.urlopen(self._ready, timeout=5):
                    return
            except OSError:
                time.sleep(LOOK_EVERY_S)
        raise NotReady(f"{self.name} does not answer at {self._ready}.")

    def stop(self) -> None:
        """Have it end, at last by force."""
        self._running.terminate()
        try:
            self._running.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()

    def _start(self) -> None:
        # A session of its own: Ctrl-C is for this program, which then stops the others in order.
        self._running = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, start_new_session=True
        )


@contextmanager
def database(url: str) -> Iterator[str]:
    """Give the database that was named, or a throw-away one."""
    if url:
        yield url
        return
    with throw_away() as cluster:
        yield cluster.create("catchments")


class Restarted(Protocol):
    """A server that can be begun anew."""

    def restart(self) -> None:
        """Have it answer what it has begun, end, and begin anew; raise if it does not come up."""


def roll(servers: Iterable[Restarted]) -> None:
    """Restart servers behind one proxy one after the other, so that no request fails.

    While one is away the proxy asks another. One that does not come up is the last that is touched,
    and what it raises is passed on.
    """
    for server in servers:
        server.restart()
        time.sleep(SHUNNED_S)


@contextmanager
def machines(url: str, port: int) -> Iterator[tuple[list[Process], Process]]:
    """Two servers and their proxy on three ports in a row, the proxy's first."""
    flask = [sys.executable, "-m", "flask"]
    where = {"DATABASE_URL": url, "FLASK_APP": str(ROOT / "app.py")}
    subprocess.run([*flask, "setup"], check=True, cwd=ROOT, env={**os.environ, **where})
    ports = [port + 1, port + 2]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="catchments-nginx-")))
        running = []
        for each in ports:
            command = [*flask, "serve", "--port", each, "--workers", 1]
            ready = f"http://127.0.0.1:{each}/readyz"
            settings = {**where, "CATCHMENTS_TRUSTED_PROXIES": "1"}
            made = Process(f"Server {each}", command, ready, **settings)
            stack.callback(made.stop)
            running.append(made)
        for made in running:
            made.wait_until_ready()
        conf = write_nginx(
            folder, listen=f"127.0.0.1:{port}", servers=[f"127.0.0.1:{each}" for each in ports]
        )
        ready = f"http://127.0.0.1:{port}/readyz"
        proxy = Process("nginx", [nginx(), "-p", folder, "-c", conf], ready)
        stack.callback(proxy.stop)
        proxy.wait_until_ready()
        yield running, proxy


def nginx() -> str:
    """Return where nginx is; Debian keeps it from those who are not root."""
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        raise SystemExit("nginx is not installed: see your system's packages.")
    return found


def refuse_taken(port: int) -> None:
    """End with a sentence where something else has a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(f"Port {port} cannot be used: {error.strerror}. See --port.") from None


def stop_on_signals() -> None:
    """Have SIGTERM end this program as Ctrl-C does."""

    def ended(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ended)


def keep_running(servers: list[Process], proxy: Process) -> None:
    """Start again what has ended; on SIGHUP, have the servers replaced."""
    asked = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: asked.set())
    while True:
        time.sleep(LOOK_EVERY_S)
        for process in (*servers, proxy):
            process.keep_running()
        if asked.is_set():
            asked.clear()
            replace(servers)


def replace(servers: list[Process]) -> None:
    """Have new processes take the places of servers, and say how it went."""
    try:
        roll(servers)
    except NotReady as problem:
        print(f"{problem} The others go on as they were.", flush=True)
    else:
        print("Every server was replaced.", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="PostgreSQL, two servers and a proxy, to try.")
    parser.add_argument(
        "--port", type=int, default=8080, help="the proxy's; the servers have the next two"
    )
    parser.add_argument("--database", default="", help="a PostgreSQL database; one is made without")
    given = parser.parse_args()
    nginx()
    for each in range(given.port, given.port + 3):
        refuse_taken(each)
    stop_on_signals()
    try:
        with database(given.database) as url, machines(url, given.port) as (servers, proxy):
            print(f"The finder:  http://127.0.0.1:{given.port}/   (through nginx)")
            print(f"Its servers: http://127.0.0.1:{given.port + 1}/ and {given.port + 2}")
            print(f"DATABASE_URL='{url}'")
            print(f"Ctrl-C stops all; `kill -HUP {os.getpid()}` replaces the servers.", flush=True)
            keep_running(servers, proxy)
    except NotReady as problem:
        raise SystemExit(str(problem)) from None
    except KeyboardInterrupt:
        print("Stopped.")


if __name__ == "__main__":
    main()
