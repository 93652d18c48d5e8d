"""`flask move-database FROM TO`: from SQLite to PostgreSQL, or back, compared row by row."""

from __future__ import annotations

import click

from catchments.commands.console import current_settings, progress, refusing, say, table
from catchments.core.errors import shown
from catchments.core.settings import database_url
from catchments.store.engine import database_file
from catchments.store.integrity.sealing import folder_of_keys
from catchments.store.upkeep.moving import move


@click.command("move-database")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@refusing
def move_database(source: str, target: str) -> None:
    """Copy all that one database holds into another, empty one; FROM stays as it is.

    Each is a database URL or an SQLite file. Stop the services that use FROM, or have nobody edit
    and publish: what is written to it afterwards is not moved.
    """
    with progress() as called:
        moved = move(database_url(source), database_url(target), progress=called)
    rows = ((name, held.rows, f"{held.digest:064x}"[:16]) for name, held in moved.items())
    table("In both databases alike", ("Table", "Rows", "Digest"), rows)
    whole = sum(held.rows for held in moved.values())
    say(f"Moved and compared: {whole} rows in {len(moved)} tables.")
    for sentence in _of_keys(database_url(source), database_url(target)):
        say(sentence)
    say("Now start the service with DATABASE_URL set to the new database.")


def _of_keys(source: str, target: str) -> list[str]:
    """Return what is to be done about files of keys, which no database holds."""
    here = current_settings().keys_folder
    old, new = (folder_of_keys(database_file(url), here) for url in (source, target))
    if old == new or not old.is_dir():
        return []
    said = (
        f"Files of keys are not moved: copy {shown(str(old))} to {shown(str(new))} first, for the "
        "same account with the same modes. Without the data key nobody signs in or publishes."
    )
    return [said]
