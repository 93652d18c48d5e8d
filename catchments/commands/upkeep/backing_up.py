"""`flask backup FILE` and `flask restore FILE`: the whole database in one file, and back."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from catchments.commands.console import refusing, say
from catchments.core.errors import shown
from catchments.core.settings import Settings
from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from catchments.store.upkeep.backup import back_up
from catchments.store.upkeep.backup import restore as put_back
from catchments.web.common.services import EXTENSION

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@_FILE
@click.option("--replace", is_flag=True, help="Write over FILE if it exists.")
@refusing
def backup(file: Path, replace: bool) -> None:
    """Write the whole database to FILE, while the service runs; what was written is checked.

    It holds accounts and secrets: keep it where only you can read it. The address book is not in
    it; `flask addresses import` makes it again from LINZ's file.
    """
    made = back_up(_settings().database_url, file, replace=replace)
    say(f"Backed up to {shown(file)}: {made.kind}, schema {made.revision}, {made.size:,} bytes.")
    say(f"SHA-256: {made.sha256}")


@click.command()
@_FILE
@click.option("--replace", is_flag=True, help="Remove all that the database holds now.")
@refusing
def restore(file: Path, replace: bool) -> None:
    """Put a backup into the database that DATABASE_URL names: all of it, or nothing."""
    url = _settings().database_url
    found = put_back(file, url, replace=replace)
    store = Store.of(_settings())
    editions, trail = store.editions(), AuditTrail(store)
    broken_at, last = trail.broken_at(), trail.last()
    store.close()
    count = "1 edition" if len(editions) == 1 else f"{len(editions)} editions"
    say(f"Restored {shown(file)} (SHA-256 {found.sha256}): {count}.")
    if broken_at is not None:
        say(f"Its audit trail is broken at entry {broken_at}.")
    elif last:
        say(f"Its audit trail holds: {last.number} entries, the last with hash {last.hash}")
    say("Running servers go on with what they know: reload them (SIGHUP), or start them.")


def _settings() -> Settings:
    settings: Settings = current_app.extensions[EXTENSION].settings
    return settings
