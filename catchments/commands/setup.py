"""`flask setup` and `flask serve`: from nothing to a running service."""

from __future__ import annotations

import os
from dataclasses import replace

import click
from flask import current_app

from catchments.commands.console import current_settings, progress, refusing, say
from catchments.commands.serving import (
    granian,
    refuse_taken_port,
    serve_together,
    surroundings,
)
from catchments.core.errors import PublicationRefused
from catchments.core.public_addresses import is_this_machine
from catchments.core.settings import ROOT, Settings, database_url
from catchments.runtime.fence import walls
from catchments.runtime.key_files import KeyTrouble
from catchments.runtime.prometheus_files import SHARED, fresh_folder
from catchments.store import Store
from catchments.store.engine import database_file
from catchments.store.integrity.protecting import protect
from catchments.web.common.services import EXTENSION
from maps import MAKER

MEMORY = {"MALLOC_TRIM_THRESHOLD_": "1000000", "MALLOC_ARENA_MAX": "1"}
"""glibc then gives back what compiling the index needed, and has one heap for all threads: each of
its own would keep what the largest answer took."""
LARGEST_PORT = 65_535
BEHIND_NOTHING = (
    "Others may reach it. HTTPS, buffers for those who send or read slowly, and restarts that fail "
    "no request need a proxy before it: see “A reverse proxy” in docs/operating.md."
)
APPLICATION = "catchments.web.application:serve_app"
"""What is served, which no command imports."""
REQUESTS = "catchments.requests.application:serve_app"
"""Requests for support, which nothing here imports."""


@click.command()
@refusing
def setup() -> None:
    """Create or upgrade the database; publish the demonstration edition if it is empty."""
    opened: Store = current_app.extensions[EXTENSION].store
    opened.migrate()
    _protect(opened, current_settings())
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
    if not opened.editions() and not opened.releases():
        _seed(opened)
        return
    for number in opened.editions_without_artefacts(MAKER):
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
        refuse_taken_port(host, each)
    settings = current_settings()
    url = database_url(database) if database else settings.database_url
    opened = Store.of(settings, url)
    opened.migrate()
    _protect(opened, replace(settings, database_url=url))
    prepare(opened)
    opened.close()
    say(walls.sentence(accepted=settings.unfenced_files))
    os.environ["DATABASE_URL"] = url  # the workers read it
    for name, value in MEMORY.items():
        os.environ.setdefault(name, value)
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
    command = granian(APPLICATION, host, port, workers)
    if with_requests:
        both = surroundings(os.environ, port=port, requests_port=port + 1)
        requests = granian(REQUESTS, host, port + 1, 1)
        raise SystemExit(serve_together(command, requests, both))
    # In place of this process: what setting up has imported is not carried into the workers.
    os.execv(command[0], command)  # noqa: S606 - our own interpreter, no shell
