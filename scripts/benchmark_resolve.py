"""A Parquet file of points to one with answers, against geopandas.sjoin on the same files."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from rich.console import Console
from rich.table import Table

from catchments.core.model import Edition
from catchments.core.settings import ROOT
from catchments.readers.demonstration import read_demonstration
from catchments.store import Publication, Store
from scripts.benchmark import BOX, METRE, NEAR_EDGES, detailed

Floats = npt.NDArray[np.float64]

ON = date(2026, 7, 1)
BASELINE = """
import sys
import geopandas, pandas, shapely
points, areas = (pandas.read_parquet(path) for path in sys.argv[1:3])
shapes = geopandas.GeoDataFrame(areas[["code"]], geometry=shapely.from_wkb(areas["wkb"]), crs=4326)
places = geopandas.points_from_xy(points["lng"], points["lat"])
asked = geopandas.GeoDataFrame(points, geometry=places, crs=4326)
joined = geopandas.sjoin(asked, shapes, how="left", predicate="within")
joined.drop(columns=["geometry", "index_right"]).to_parquet(sys.argv[3], index=False)
"""
console = Console(width=110)


@dataclass(frozen=True)
class Taken:
    """What a program took, its start included."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=2_400_000)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        edition = prepare(folder, given.points)
        vertices = sum(shapely.get_num_coordinates(b) for b in edition.boundaries.values())
        console.print(
            f"{len(edition.boundaries)} boundaries, {vertices:,} vertices; {given.points:,} "
            f"points; {len(os.sched_getaffinity(0))} cores; the best of {given.times} runs"
        )
        commands = {"geopandas.sjoin(within)": sjoin(folder), "scripts/resolve": ours(folder)}
        show({name: best(command, given.times) for name, command in commands.items()}, given.points)
        console.print(f"rows inside a boundary that differ: {differing(folder):,}")


def prepare(folder: Path, count: int) -> Edition:
    """Write a database with detailed boundaries, the boundaries as a file, and the points."""
    edition, release = read_demonstration()
    edition = replace(edition, boundaries=detailed(edition.boundaries), effective_from=ON)
    store = Store(f"sqlite:///{folder / 'bench.sqlite'}")
    store.migrate()
    store.add_release(release)
    store.publish([Publication(edition, ON, None)], expected=store.state())
    store.close()
    wkb = [shapely.to_wkb(each) for each in edition.boundaries.values()]
    pq.write_table(
        pa.table({"code": list(edition.boundaries), "wkb": wkb}), folder / "areas.parquet"
    )
    lng, lat = points_for(edition, count)
    pq.write_table(
        pa.table({"id": np.arange(count), "lng": lng, "lat": lat}), folder / "points.parquet"
    )
    return edition


def points_for(edition: Edition, count: int) -> tuple[Floats, Floats]:
    """Return points all over the country, some of them within metres of a boundary's vertex."""
    rng = np.random.default_rng(84)
    lng, lat = rng.uniform(BOX[0], BOX[2], count), rng.uniform(BOX[1], BOX[3], count)
    vertices = shapely.get_coordinates(list(edition.boundaries.values()))
    near = min(NEAR_EDGES, count // 20)
    picked = vertices[rng.choice(len(vertices), near)] + rng.normal(0, 3 * METRE, (near, 2))
    lng[:near], lat[:near] = picked.T
    order = rng.permutation(count)
    return lng[order], lat[order]


def ours(folder: Path) -> list[str]:
    database = f"--database={folder / 'bench.sqlite'}"
    options = [database, f"--on={ON}", "--replace"]
    files = [str(folder / "points.parquet"), str(folder / "ours.parquet")]
    return [sys.executable, "-m", "flask", "resolve", *files, *options]


def sjoin(folder: Path) -> list[str]:
    files = [str(folder / f"{name}.parquet") for name in ("points", "areas", "sjoin")]
    return [sys.executable, "-c", BASELINE, *files]


def best(command: list[str], times: int) -> Taken:
    return min((measured(command) for _ in range(times)), key=lambda taken: taken.wall_s)


def measured(command: list[str]) -> Taken:
    """Run a program to its end, its start included."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "FLASK_APP": str(ROOT / "app.py")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:5]} ended with {process.returncode}")
    return Taken(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e3)


def differing(folder: Path) -> int:
    """Count the rows inside one boundary for which the two do not name the same catchment."""
    answers = pq.read_table(folder / "ours.parquet").sort_by("id")
    joined = pq.read_table(folder / "sjoin.parquet").sort_by("id")
    ours = answers["catchment_code"].cast(pa.string())
    located = pc.equal(answers["provider_basis"].cast(pa.string()), "located")
    theirs = joined["code"].cast(pa.string())
    same = pc.equal(pc.if_else(located, ours, ""), pc.fill_null(theirs, ""))
    return int(pc.sum(pc.invert(pc.fill_null(same, fill_value=True))).as_py())


def show(rows: dict[str, Taken], points: int) -> None:
    table = Table("Way", "s", "points/s", "processor s", "peak MB", title="Parquet to Parquet")
    for name, taken in rows.items():
        rate = f"{points / taken.wall_s:,.0f}"
        cells = (f"{taken.wall_s:.1f}", rate, f"{taken.cpu_s:.1f}", f"{taken.peak_mb:,.0f}")
        table.add_row(name, *cells)
    console.print(table)


if __name__ == "__main__":
    main()
