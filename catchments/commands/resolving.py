"""`flask resolve`: a file of schools or places to the same file with answers.

`scripts/resolve` runs this module by itself: building the application costs a second and 20 MB.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catchments.commands.console import DAY, current_settings, progress, refusing, say, table
from catchments.core.errors import NothingPublished
from catchments.core.settings import Settings, database_url
from catchments.lookup.snapshot import Snapshot, Snapshots
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Store

if TYPE_CHECKING:
    from catchments.bulk.files import Summary

ALL_REFUSED = (
    "No row could be answered. Name the columns with --school-id, or --lng and --lat (the other "
    "way round where they look exchanged), or the CRS with --crs, and add --replace."
)


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--on", type=DAY, help="The date to answer for; today.")
@click.option("--database", default="", help="A database URL or an SQLite file.")
@click.option("--school-id", default="", metavar="COLUMN", help="The column of school numbers.")
@click.option("--lng", default="", metavar="COLUMN", help="The column of longitudes, or eastings.")
@click.option("--lat", default="", metavar="COLUMN", help="The column of latitudes, or northings.")
@click.option("--geometry", default="", metavar="COLUMN", help="The column of points as WKB.")
@click.option("--crs", default="", help="The CRS of the places, such as EPSG:2193; WGS 84.")
@click.option("--prefix", default="", help="What is put before the names of the answers' columns.")
@click.option("--replace", is_flag=True, help="Replace OUT where it is there already.")
@refusing
def resolve(
    source: Path, target: Path, on: date | None, database: str, replace: bool, **columns: str
) -> None:
    """Write IN with the catchment and provider of each row to OUT.

    IN is CSV (or gzip of it), Parquet, GeoParquet or a folder of Parquet, of any size, with a
    column school_id, or lng and lat, or points.
    OUT is CSV or Parquet, as its name ends, and is there when it is whole.
    """
    from catchments.bulk.columns import Wanted
    from catchments.bulk.files import resolve_file  # pyarrow: only who resolves files pays for it

    day = on or today_in_new_zealand()
    snapshot = _snapshot(database, day)
    with progress() as called:
        done = resolve_file(
            source,
            target,
            snapshot,
            on=day,
            wanted=Wanted(**columns),
            replace=replace,
            progress=called,
        )
    _report(done, target, snapshot)


def _snapshot(database: str, day: date) -> Snapshot:
    settings = _settings()
    store = Store(database_url(database) if database else settings.database_url)
    try:
        store.refuse_unless_set_up()
        # As if it were that day: no edition of another day is compiled in vain.
        world = Snapshots(store, today=lambda: day).current()
        snapshot = world.on(day)
    finally:
        store.close()
    if snapshot is None:
        first = min(edition.effective_from for edition in world.timeline.editions)
        raise NothingPublished(
            "No edition was in force on that date.",
            allowed=f"The first one took effect on {first}.",
            next_step="Choose a later date with --on.",
        )
    return snapshot


def _settings() -> Settings:
    # Of Flask's commands the object is what loads their application; by itself this one has none.
    of_flask = click.get_current_context().obj is not None
    return current_settings() if of_flask else Settings.from_environment()


def _report(done: Summary, target: Path, snapshot: Snapshot) -> None:
    counts = ((name, f"{count:,}") for name, count in sorted(done.statuses.items()))
    table("Answers", ("Status", "Rows"), counts)
    if done.problems:
        problems = ((f"{count:,}", text) for text, count in sorted(done.problems.items()))
        table("Problems", ("Rows", "What"), problems)
    if done.rows and done.statuses.get("refused") == done.rows:
        say(ALL_REFUSED)
    made_up = ", which is made up for demonstration" if snapshot.demonstration else ""
    say(
        f"Wrote {done.rows:,} rows to {target.name}, from edition {snapshot.edition.number}"
        f"{made_up}, and the school directory of {snapshot.release.released}."
    )


if __name__ == "__main__":
    resolve.main(prog_name="scripts/resolve")
