"""`flask setup` and `flask serve`: from nothing to a running service."""

from __future__ import annotations

import os
import resource
import socket
import sys
from dataclasses import replace
from pathlib import Path

import click
from flask import current_app

from catchments.commands.console import progress, refusing, say
from catchments.commands.together import serve_together, surroundings
from catchments.core.errors import InputRefused, PublicationRefused, shown
from catchments.core.public_addresses import is_this_machine
from catchments.core.settings import ROOT, Settings, database_url
from catchments.runtime.fence import walls
from catchments.runtime.key_files import KeyTrouble
from catchments.runtime.prometheus_files import SHARED, fresh_folder
from catchments.store import Store
from catchments.store.engine import database_file
from catchments.store.integrity.protecting import protect
from catchments.web.common.services import EXTENSION
from catchments.web.front.room import AT_ONCE
from maps import MAKER

TRIM_BYTES = 1_000_000
"""glibc then gives back what compiling the index needed: a quarter of a worker's memory."""
LARGEST_PORT = 65_535
CONNECTIONS = 2_048
"""Connections that a worker keeps at once; further ones wait in the socket until one ends."""
FILES_BESIDE = 512
"""Files that a worker has open beside its connections, at most."""
HEADERS_WITHIN_MS = 15_000
"""After this a connection that has not sent its headers is closed."""
BEHIND_NOTHING = (
    "Others may reach it. HTTPS, buffers for those who send or read slowly, and restarts that fail "
    "no request need a proxy before it: see “A reverse proxy” in docs/operating.md."
)
REQUESTS = "catchments.requests.application:serve_app"
"""Requests for support, which nothing here imports."""
LOGGING = Path(__file__).with_name("granian_logging.json")
"""Has Granian write its own lines as the workers write theirs."""
STOP_WITHIN_S = 10
"""After this a worker that does not stop is killed: one begun anew may miss the signal to stop."""


@click.command()
@refusing
def setup() -> None:
    """Create or upgrade the database; publish the demonstration edition if it is empty."""
    opened: Store = current_app.extensions[EXTENSION].store
    opened.migrate()
    _protect(opened, current_app.extensions[EXTENSION].settings)
    prepare(opened)


def _protect(opened: Store, settings: Settings) -> None:
    """See that keys are there and in use; without them the public is answered all the same."""
    try:
        for sentence in protect(opened, settings):
            say(sentence)
    except KeyTrouble as error:
        say(f"Warning: {error}")
        say("The public is answered; until then nobody can sign in, publish or import.")
    if database_file(opened.url) is None and not (settings.secret_keys and settings.data_keys):
        say(
            "Warning: keys are in files of this machine. Other servers on the same database need "
            "them as CATCHMENTS_SECRET_KEY and CATCHMENTS_DATA_KEY, or in files of their own."
        )


def prepare(opened: Store) -> None:
    """Bring a database to where it can be served from; a second time it does nothing."""
    unpublished = not opened.editions() and not opened.releases()
    undrawn = opened.editions_without_artefacts(MAKER)
    if not unpublished and not undrawn:
        return
    if unpublished:
        _seed(opened)
        return
    for number in undrawn:
        _redraw(opened, number)


def _seed(opened: Store) -> None:
    """Publish the demonstration edition, unless another server that starts as well was first."""
    # A second start imports none of what builds.
    from catchments.commands.jobs.publishing_setup import publisher
    from catchments.readers.demonstration import demonstration_aliases, read_demonstration

    say("The database is empty: building the demonstration edition.")
    with progress() as called:
        seeding = publisher(opened, called)  # which notices whatever is published from here on
        if opened.editions():
            return
        edition, release = read_demonstration(progress=called)
        try:
            seeding.seed(edition, release, demonstration_aliases(release.schools))
        except PublicationRefused:
            if not opened.editions():
                raise
            say("Another server has published it meanwhile.")


def _redraw(opened: Store, number: int) -> None:
    """Make an edition's map and downloads anew; those that it has stay where they cannot be."""
    from catchments.commands.jobs.publishing_setup import artefacts_anew

    say(f"Drawing the map of edition {number} anew. Its downloads too.")
    try:
        with progress() as called:
            made = artefacts_anew(opened, number, called)
    except PublicationRefused as error:
        say(f"{error.problem} Edition {number} keeps the map and the downloads that it had.")
        return
    opened.add_artefacts(number, made, maker=MAKER)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, LARGEST_PORT))
@click.option("--database", default="", help="A database URL or an SQLite file.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--with-requests", is_flag=True, help="Requests for support too, one port further.")
@refusing
def serve(host: str, port: int, database: str, workers: int, with_requests: bool) -> None:
    """Set up what is missing, then serve with Granian until told to stop."""
    for each in (port, port + 1)[: 1 + with_requests]:
        _refuse_taken_port(host, each)
    settings = current_app.extensions[EXTENSION].settings
    url = database_url(database) if database else settings.database_url
    opened = Store.of(settings, url)
    opened.migrate()
    _protect(opened, replace(settings, database_url=url))
    prepare(opened)
    opened.close()
    say(walls.sentence(accepted=settings.unfenced_files))
    os.environ["DATABASE_URL"] = url  # the workers read it
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(TRIM_BYTES))
    os.environ[SHARED] = fresh_folder(os.environ)  # for what the workers count
    _serve(host, port, workers, with_requests=with_requests)


def _serve(host: str, port: int, workers: int, *, with_requests: bool) -> None:
    # A passkey belongs to a name: browsers make none for an address.
    shown_host = "localhost" if host in {"127.0.0.1", "::1"} else host
    shown_host = f"[{shown_host}]" if ":" in shown_host else shown_host
    say(f"The finder is at http://{shown_host}:{port}/ – stop it with Ctrl-C.")
    if not is_this_machine(host):
        say(BEHIND_NOTHING)
    os.chdir(ROOT)
    command = _granian("app:serve_app", host, port, workers)
    if with_requests:
        both = surroundings(os.environ, port=port, requests_port=port + 1)
        requests = _granian(REQUESTS, host, port + 1, 1)
        raise SystemExit(serve_together(command, requests, both))
    # In place of this process: what setting up has imported is not carried into the workers.
    os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell


def _granian(factory: str, host: str, port: int, workers: int) -> list[str]:
    """Return the command that serves an application until it is told to stop."""
    options = {
        "interface": "wsgi",
        "host": host,
        "port": port,
        "workers": workers,
        "http": 1,
        "http1-header-read-timeout": HEADERS_WITHIN_MS,
        "blocking-threads": AT_ONCE,
        "backpressure": _connections(),
        "workers-kill-timeout": STOP_WITHIN_S,
        "log-level": "warning",
        "log-config": LOGGING,
    }
    named = [f"--{name}={value}" for name, value in options.items()]
    flags = ["--factory", "--no-ws", "--respawn-failed-workers"]
    return [sys.executable, "-m", "granian", *named, *flags, factory]


def _connections() -> int:
    """Return how many connections a worker may have, as the system's limit of open files has it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES_BESIDE
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return max(AT_ONCE, limit - FILES_BESIDE)


def _refuse_taken_port(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, UnicodeError) as error:  # UnicodeError: a host that no name can be
        reason = getattr(error, "strerror", "") or error
        raise InputRefused(
            f"Port {port} on {shown(host)[1:-1]} cannot be used: {reason}.",
            field="port",
            next_step="Stop what uses it, or choose another with --port.",
        ) from error
