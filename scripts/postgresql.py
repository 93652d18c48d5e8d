"""A throw-away PostgreSQL cluster with PostGIS, for measuring and testing on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psycopg

USER = "postgres"


@cache
def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs, as Debian installs them."""
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    by_version = {float(found.parts[-3]): found.parent for found in folders}
    return by_version[max(by_version)] if by_version else None


class Cluster:
    """A cluster that only this machine's own users reach, through a socket in its folder."""

    def __init__(self, folder: Path, found: Path) -> None:
        self.folder = folder
        self._programs = found
        # PostgreSQL refuses to run as root.
        self._owner = USER if os.geteuid() == 0 else ""
        if self._owner:
            shutil.chown(folder, self._owner, self._owner)
        self._run("initdb", f"--username={USER}", "--auth=trust", "--encoding=UTF8", "--no-sync")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.folder / "server.log"), "start")

    def stop(self) -> None:
        """Stop the server at once, as a power cut would."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def add_postgis(self) -> None:
        """Have every database that is made from now on hold PostGIS."""
        # Each new database is a copy of this one: making the extension takes most of a second.
        with self.connected("template1") as connection:
            connection.execute("CREATE EXTENSION postgis")

    def connected(self, database: str = USER) -> psycopg.Connection[tuple[object, ...]]:
        """Return a connection to a database of the cluster."""
        return psycopg.connect(host=str(self.folder), user=USER, dbname=database, autocommit=True)

    def create(self, database: str) -> str:
        """Make an empty database and return its URL."""
        with self.connected() as connection:
            connection.execute(f"CREATE DATABASE {database}")
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self.folder / "data"), *arguments]
        as_owner = ["runuser", "-u", self._owner, "--", *command] if self._owner else command
        with (self.folder / "run.log").open("ab") as log:
            subprocess.run(
                as_owner,
                check=True,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@contextmanager
def throw_away() -> Iterator[Cluster]:
    """Give a running cluster with PostGIS; it is gone at the end."""
    found = programs()
    if found is None:
        raise SystemExit("PostgreSQL is not installed in /usr/lib/postgresql.")
    # A socket's path is short, and only its owner may enter the folders of some test runners.
    folder = Path(tempfile.mkdtemp(prefix="catchments-pg-"))
    try:
        cluster = Cluster(folder, found)
        cluster.start()
        try:
            cluster.add_postgis()
            yield cluster
        finally:
            with suppress(subprocess.CalledProcessError):  # whoever used it may have stopped it
                cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
