"""How time and memory grow with catchments (84, 840, 8,400) and with editions (1, 10, 100)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import shapely

from catchments.core.model import Catchment, DirectoryRelease, Edition, Place, Provider, School
from catchments.lookup.snapshot import Snapshot
from catchments.readers.demonstration import read_demonstration
from scripts.benchmarking import (
    Floats,
    one_by_one,
    options,
    our_firsts,
    publish,
    run,
    show,
    strtree_firsts,
    timed,
)

CATCHMENTS = (84, 840, 8_400)
EDITIONS = (1, 10, 100)
SCHOOLS = 2_540
POINTS = 1_000_000
ALONG_A_SIDE = 25
"""Vertices between two corners: a hundred a boundary, 840,000 for the most boundaries."""
BOX = (166.5, -47.0, 178.5, -34.5)
COMPARED = 20_000
"""So many points are asked of GEOS's own tree as well."""


def main() -> None:
    """Measure and print both tables."""
    options(__doc__)
    headings: tuple[str, ...] = (
        "Catchments", "vertices", "snapshot s", "index MB", "one point µs", "million points/s",
        "wrong",
    )  # fmt: skip
    show("Ever more catchments, 2,540 schools", headings, map(of_catchments, CATCHMENTS))
    headings = (
        "Editions", "database MB", "first answer s", "an answer of every edition s",
        "an answer µs", "peak MB",
    )  # fmt: skip
    show("Ever more editions of 84 catchments", headings, map(of_editions, EDITIONS))


# --- catchments -----------------------------------------------------------------------------------


def of_catchments(count: int) -> tuple[str, ...]:
    """Return what an index and a snapshot of so many catchments take."""
    edition, release = tiled(count)
    snapshot, built_s = timed(lambda: Snapshot.of(edition, release))
    index, boundaries = snapshot.resolver.index, edition.boundaries
    rng = np.random.default_rng(84)
    lng, lat = rng.uniform(BOX[0], BOX[2], POINTS), rng.uniform(BOX[1], BOX[3], POINTS)
    _, one_us = one_by_one(index.covering, lng, lat)
    numbers, many_s = timed(lambda: index.covering_many(lng=lng, lat=lat))
    codes = sorted(boundaries)
    polygons = [boundaries[code] for code in codes]
    ours = our_firsts(index.sets, codes)[numbers[:COMPARED]]
    wrong = (ours != strtree_firsts(polygons, lng[:COMPARED], lat[:COMPARED])).sum()
    return (
        f"{count:,}", f"{shapely.get_num_coordinates(polygons).sum():,}", f"{built_s:.2f}",
        f"{index.nbytes / 1e6:.0f}", f"{one_us:.2f}", f"{POINTS / many_s / 1e6:.1f}", f"{wrong:,}",
    )  # fmt: skip


def tiled(count: int, *, schools: int = SCHOOLS) -> tuple[Edition, DirectoryRelease]:
    """Return a made-up edition of so many tiles with crooked sides, and schools all over them."""
    columns = next(n for n in range(int(count**0.5), 0, -1) if count % n == 0)
    rows = count // columns
    xs, ys = np.linspace(BOX[0], BOX[2], columns + 1), np.linspace(BOX[1], BOX[3], rows + 1)
    codes = [f"T-{n:05}" for n in range(count)]
    boundaries = {
        code: shapely.Polygon(_ring(xs, ys, n % columns, n // columns))
        for n, code in enumerate(codes)
    }
    rng = np.random.default_rng(1)
    placed = {
        n: School(n, f"School {n}", place=Place(float(x), float(y)))
        for n, (x, y) in enumerate(
            zip(rng.uniform(167, 178, schools), rng.uniform(-46.5, -35, schools), strict=True), 1
        )
    }
    edition = Edition(
        catchments={code: Catchment(code, code, "Waikato", "P") for code in codes},
        boundaries=boundaries,
        providers={"P": Provider("P", "Made up")},
        number=1,
        effective_from=date(2026, 1, 5),
    )
    _, release = read_demonstration()
    return edition, replace(release, schools=placed, former={}, number=1)


def _ring(xs: Floats, ys: Floats, column: int, row: int) -> list[tuple[float, float]]:
    west, east = _side(ys, row, xs[column]), _side(ys, row, xs[column + 1])
    south, north = _side(xs, column, ys[row]), _side(xs, column, ys[row + 1])
    up, down = ([(x, y) for y, x in side] for side in (east, reversed(west)))
    return [*south, *up, *reversed(north), *down]


def _side(along: Floats, at: int, across: float) -> list[tuple[float, float]]:
    """Return a crooked line between two corners, the same for both tiles that share it."""
    steps = np.linspace(0.0, 1.0, ALONG_A_SIDE)
    run = along[at] + steps * (along[at + 1] - along[at])
    bent = across + 0.1 * (along[at + 1] - along[at]) * np.sin(steps * np.pi) * np.sin(steps * 40)
    bent[[0, -1]] = across
    return list(zip(run.tolist(), bent.tolist(), strict=True))


# --- editions -------------------------------------------------------------------------------------

START = """
import time
began = time.perf_counter()
from catchments.web import application
from catchments.web.common.services import EXTENSION
made = application.web_app()
imported = time.perf_counter()
running = made.extensions[EXTENSION]
world = running.snapshots.current()
world.as_at(world.today).school(54)
first = time.perf_counter()
for summary in world.timeline.editions:
    world.as_at(summary.effective_from).school(54)
every = time.perf_counter()
client = made.test_client()
client.get("/v1/provider?school_id=54")
asked = time.perf_counter()
for _ in range(2000):
    client.get("/v1/provider?school_id=54")
answered = time.perf_counter()
print(first - imported, every - first, (answered - asked) / 2000 * 1e6)
"""


def of_editions(count: int) -> tuple[str, ...]:
    """Return what so many editions of the demonstration take."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "growth.sqlite"
        url = f"sqlite:///{path}"
        edition, release = read_demonstration()
        publish(url, release, ever_more(edition, count))
        ran = run("-c", START, DATABASE_URL=url, CATCHMENTS_RATE_LIMIT="0")
        first_s, every_s, answer_us = map(float, ran.said.split())
        return (
            f"{count}", f"{path.stat().st_size / 1e6:.0f}", f"{first_s:.2f}", f"{every_s:.2f}",
            f"{answer_us:.0f}", f"{ran.peak_mb:.0f}",
        )  # fmt: skip


def ever_more(edition: Edition, count: int) -> Iterator[Edition]:
    """Yield edition after edition, a day apart, each of which moves one catchment."""
    providers = sorted(edition.providers)
    codes = sorted(edition.catchments)
    starts = date(2026, 11, 1) - timedelta(days=count)
    for n in range(count):
        code = codes[n % len(codes)]
        moved = replace(edition.catchments[code], provider_code=providers[(n * 7) % len(providers)])
        edition = replace(
            edition,
            catchments={**edition.catchments, code: moved},
            effective_from=starts + timedelta(days=n),
        )
        yield edition


if __name__ == "__main__":
    main()
