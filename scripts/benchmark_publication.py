"""What publishing costs: the demonstration in an empty database, then an edition that moves three.

Each is a process of its own, imports included: the command that sets up, and what a job does. Last
a first start: a clone that nobody has run yet is served, and asked for its first page.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from catchments.changes.kinds.move_schools import MoveSchools
from catchments.core.settings import ROOT
from catchments.store import Store
from scripts.benchmarking import Ran, options, run, show
from scripts.servers import first_start
from scripts.set_up import OURS

MOVED = 3
PUBLISH = """
import os
from datetime import timedelta
from catchments.commands.jobs.publishing_setup import publisher
from catchments.editions.publishing import PublicationRequest
from catchments.readers.report import no_progress
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Store
starts = today_in_new_zealand() + timedelta(days=30)
publisher(Store(os.environ["DATABASE_URL"]), no_progress).publish(PublicationRequest(1, starts))
"""


def main() -> None:
    """Measure and print the table, of the quickest of the turns."""
    given = options(__doc__, turns=(3, "how often each is done"))
    turns = [_turn() for _ in range(given.turns)]
    told = (
        "the demonstration, in an empty database",
        f"an edition that moves {MOVED} schools",
        "first start of a clone, two workers, to its first page",
    )
    headings = ("Published", "processor s", "with waiting s", "peak MB")
    show("Publishing", headings, map(_row, told, zip(*turns, strict=True)))


def _turn() -> tuple[Ran, Ran, Ran]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'publication.sqlite'}"
        first = run("app.py", "setup", DATABASE_URL=url)
        _begin_draft(url)
        return first, run("-c", PUBLISH, DATABASE_URL=url), _first_start(Path(folder))


def _first_start(folder: Path) -> Ran:
    """Serve a copy of what is here, compiled as set-up does, which is no part of it."""
    clone = folder / "clone"
    for name in ("catchments", "maps", "data"):
        shutil.copytree(ROOT / name, clone / name)
    shutil.copy(ROOT / "app.py", clone)
    run("-m", "compileall", "-q", *(clone / name for name in OURS))
    with first_start(clone, folder) as (served, wall_s):
        return Ran(wall_s, served.cpu_s(), served.memory_mb(), "")


def _begin_draft(url: str) -> None:
    store = Store(url)
    listings = store.edition(1).listings
    to, *others = sorted(set(listings.values()))
    moved = [number for number, code in sorted(listings.items()) if code in others]
    change = MoveSchools(tuple(moved[:MOVED]), to)
    store.add_to_draft(change, draft_id=None, title="Three schools", base_number=1)
    store.close()


def _row(name: str, turns: tuple[Ran, ...]) -> tuple[str, ...]:
    best = min(turns, key=lambda ran: ran.cpu_s)
    return name, f"{best.cpu_s:.2f}", f"{best.wall_s:.2f}", f"{best.peak_mb:.0f}"


if __name__ == "__main__":
    main()
