"""How time and memory grow with catchments (84, 840, 8,400) and with editions (1, 10, 100)."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from catchments.core.model import Catchment, DirectoryRelease, Edition, Place, Provider, School
from catchments.core.settings import ROOT
from catchments.lookup.snapshot import Snapshot
from catchments.readers.demonstration import read_demonstration
from catchments.store import Publication, Store

CATCHMENTS = (84, 840, 8_400)
EDITIONS = (1, 10, 100)
SCHOOLS = 2_540
POINTS = 1_000_000
ALONG_A_SIDE = 25
"""Vertices between two corners: a hundred a boundary, 840,000 for the most boundaries."""
BOX = (166.5, -47.0, 178.5, -34.5)
console = Console(width=110)


def main() -> None:
    """Measure and print both tables."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    show_catchments()
    show_editions()


# --- catchments -----------------------------------------------------------------------------------


def show_catchments() -> None:
    """Print what an index and a snapshot of ever more catchments take."""
    table = Table(
        "Catchments", "vertices", "snapshot s", "index MB", "one point µs", "million points/s",
        "wrong", title="Ever more catchments, 2,540 schools", title_justify="left",
    )  # fmt: skip
    for count in CATCHMENTS:
        edition, release = tiled(count)
        began = time.perf_counter()
        snapshot = Snapshot.of(edition, release)
        built_s = time.perf_counter() - began
        index = snapshot.resolver.index
        rng = np.random.default_rng(84)
        lng, lat = rng.uniform(BOX[0], BOX[2], POINTS), rng.uniform(BOX[1], BOX[3], POINTS)
        singles = list(zip(lng[:50_000].tolist(), lat[:50_000].tolist(), strict=True))
        began = time.perf_counter()
        for x, y in singles:
            index.covering(lng=x, lat=y)
        one_us = (time.perf_counter() - began) / len(singles) * 1e6
        began = time.perf_counter()
        numbers = index.covering_many(lng=lng, lat=lat)
        many = POINTS / (time.perf_counter() - began) / 1e6
        vertices = sum(shapely.get_num_coordinates(b) for b in edition.boundaries.values())
        table.add_row(
            f"{count:,}", f"{vertices:,}", f"{built_s:.2f}", f"{index.nbytes / 1e6:.0f}",
            f"{one_us:.2f}", f"{many:.1f}", f"{wrong(edition, index, numbers, lng, lat):,}",
        )  # fmt: skip
    console.print(table)


def tiled(count: int) -> tuple[Edition, DirectoryRelease]:
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
    schools = {
        n: School(n, f"School {n}", place=Place(float(x), float(y)))
        for n, (x, y) in enumerate(
            zip(rng.uniform(167, 178, SCHOOLS), rng.uniform(-46.5, -35, SCHOOLS), strict=True), 1
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
    return edition, replace(release, schools=schools, former={}, number=1)


def _ring(xs: np.ndarray, ys: np.ndarray, column: int, row: int) -> list[tuple[float, float]]:
    west, east = _side(ys, row, xs[column]), _side(ys, row, xs[column + 1])
    south, north = _side(xs, column, ys[row]), _side(xs, column, ys[row + 1])
    ring = [(x, y) for x, y in south]
    ring += [(x, y) for y, x in east]
    ring += [(x, y) for x, y in reversed(north)]
    return [*ring, *((x, y) for y, x in reversed(west))]


def _side(along: np.ndarray, at: int, across: float) -> list[tuple[float, float]]:
    """Return a crooked line between two corners, the same for both tiles that share it."""
    steps = np.linspace(0.0, 1.0, ALONG_A_SIDE)
    run = along[at] + steps * (along[at + 1] - along[at])
    bent = across + 0.1 * (along[at + 1] - along[at]) * np.sin(steps * np.pi) * np.sin(steps * 40)
    bent[[0, -1]] = across
    return list(zip(run.tolist(), bent.tolist(), strict=True))


def wrong(
    edition: Edition, index: object, numbers: np.ndarray, lng: np.ndarray, lat: np.ndarray
) -> int:
    """Return how many of the first 20,000 points GEOS's own tree answers otherwise."""
    codes = sorted(edition.boundaries)
    tree = shapely.STRtree([edition.boundaries[code] for code in codes])
    some = 20_000
    asked, hit = tree.query(shapely.points(lng[:some], lat[:some]), predicate="intersects")
    truth = np.full(some, len(codes))
    np.minimum.at(truth, asked, hit)
    sets = index.sets  # type: ignore[attr-defined]
    firsts = np.array([codes.index(s[0]) if s else len(codes) for s in sets])
    return int((firsts[numbers[:some]] != truth).sum())


# --- editions -------------------------------------------------------------------------------------

START = """
import re, time
from pathlib import Path
began = time.perf_counter()
import app
from catchments.web.common.services import EXTENSION
made = app.web_app()
imported = time.perf_counter()
running = made.extensions[EXTENSION]
world = running.snapshots.current()
world.school(54, on=world.today)
first = time.perf_counter()
for summary in world.timeline.editions:
    world.school(54, on=summary.effective_from)
every = time.perf_counter()
client = made.test_client()
client.get("/v1/provider?school_id=54")
asked = time.perf_counter()
for _ in range(2000):
    client.get("/v1/provider?school_id=54")
answered = time.perf_counter()
peak_mb = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(first - imported, every - first, (answered - asked) / 2000 * 1e6, peak_mb)
"""


def show_editions() -> None:
    """Print what ever more editions of the demonstration take."""
    table = Table(
        "Editions", "database MB", "first answer s", "an answer of every edition s",
        "an answer µs", "peak MB", title="Ever more editions of 84 catchments",
        title_justify="left",
    )  # fmt: skip
    for count in EDITIONS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "growth.sqlite"
            fill(f"sqlite:///{path}", count)
            environment = {
                **os.environ, "DATABASE_URL": f"sqlite:///{path}",
                "CATCHMENTS_RATE_LIMIT": "0",
            }  # fmt: skip
            out = subprocess.run(
                [sys.executable, "-c", START], env=environment, cwd=ROOT,
                capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            first_s, every_s, answer_us, peak_mb = map(float, out.split())
            table.add_row(
                f"{count}", f"{path.stat().st_size / 1e6:.0f}", f"{first_s:.2f}",
                f"{every_s:.2f}", f"{answer_us:.0f}", f"{peak_mb:.0f}",
            )  # fmt: skip
    console.print(table)


def fill(url: str, count: int) -> None:
    """Publish the demonstration, then edition after edition that moves one catchment each."""
    edition, release = read_demonstration()
    providers = sorted(edition.providers)
    codes = sorted(edition.catchments)
    store = Store(url)
    store.migrate()
    store.add_release(release)
    starts = date(2026, 11, 1) - timedelta(days=count)
    for n in range(count):
        code = codes[n % len(codes)]
        moved = replace(edition.catchments[code], provider_code=providers[(n * 7) % len(providers)])
        edition = replace(edition, catchments={**edition.catchments, code: moved})
        day = starts + timedelta(days=n)
        publication = Publication(replace(edition, effective_from=day), day, n or None)
        store.publish([publication], expected=store.state())
    store.close()


if __name__ == "__main__":
    main()
