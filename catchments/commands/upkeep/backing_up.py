"""`flask backup FILE` and `flask restore FILE`: the whole database in one file, and back."""

from __future__ import annotations

from pathlib import Path

import click

from catchments.commands.console import REFUSED, current_settings, refusing, say
from catchments.core.errors import shown
from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from catchments.store.upkeep.backup import Backup, back_up, examined
from catchments.store.upkeep.backup import restore as put_back
from catchments.store.upkeep.manifest import Origin

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command()
@_FILE
@click.option("--replace", is_flag=True, help="Write over FILE if it exists.")
@click.option(
    "--allow-shrink",
    is_flag=True,
    help="Accept no edition, and a FILE with editions that this database has not.",
)
@refusing
def backup(file: Path, replace: bool, allow_shrink: bool) -> None:
    """Write the whole database to FILE, while the service runs; what was written is checked.

    It holds accounts and secrets: keep it where only you can read it. Files of keys are not in it,
    nor is the address book; `flask addresses import` makes that again from LINZ's file.
    """
    made = back_up(Store.of(current_settings()), file, replace=replace, allow_shrink=allow_shrink)
    say(f"Backed up to {shown(file)}: {_what(made)}.")
    say(f"SHA-256: {made.sha256}")
    _say_doubts(made)


@click.command("verify-backup")
@_FILE
@refusing
def verify_backup(file: Path) -> None:
    """Read all of a backup and say whether it is what was written; nothing is changed."""
    found = examined(file, Store.of(current_settings()).sealer)
    say(f"{shown(file)}: {_what(found)}.")
    say(f"SHA-256: {found.sha256}")
    if found.manifest is not None:
        say(f"Every byte is as it was written at {found.manifest.made}. {_BY[found.origin]}")
    if found.doubts:
        _say_doubts(found)
        raise click.exceptions.Exit(REFUSED)


_BY = {
    Origin.OURS: "It was written with a key that this service has.",
    Origin.UNKNOWN: "By whom is not known: it is not sealed with a key that is at hand here.",
}


def _what(backup: Backup) -> str:
    editions = _editions(len(backup.held.published))
    return f"{backup.kind}, schema {backup.revision}, {editions}, {backup.size:,} bytes"


def _editions(count: int) -> str:
    return "1 edition" if count == 1 else f"{count} editions"


def _say_doubts(backup: Backup) -> None:
    for doubt in backup.doubts:
        say(f"Look into this: {doubt}.")


@click.command()
@_FILE
@click.option("--replace", is_flag=True, help="Remove all that the database holds now.")
@click.option(
    "--accept-unverified",
    is_flag=True,
    help="Accept a FILE without a digest, as earlier versions wrote it.",
)
@refusing
def restore(file: Path, replace: bool, accept_unverified: bool) -> None:
    """Put a backup into the database that DATABASE_URL names: all of it, or nothing.

    Every byte of FILE is compared with its digest before anything is replaced.
    """
    store = Store.of(current_settings())
    found = put_back(file, store, replace=replace, accept_unverified=accept_unverified)
    editions, trail = store.editions(), AuditTrail(store)
    broken_at, last = trail.broken_at(), trail.last()
    store.close()
    say(f"Restored {shown(file)} (SHA-256 {found.sha256}): {_editions(len(editions))}.")
    if found.manifest is None:
        say("Nothing says that it is what was written: it carries no digest.")
    else:
        say(f"It is as it was written at {found.manifest.made}. {_BY[found.origin]}")
    if broken_at is not None:
        say(f"Its audit trail is broken at entry {broken_at}.")
    elif last:
        say(f"Its audit trail holds: {last.number} entries, the last with hash {last.hash}")
    say("Running servers go on with what they know: reload them (SIGHUP), or start them.")
