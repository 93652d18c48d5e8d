"""A Parquet file of points to one with answers, against geopandas.sjoin on the same files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from catchments.readers.demonstration import read_demonstration
from scripts.benchmarking import (
    Ran,
    Shapes,
    console,
    described,
    detailed,
    options,
    points_for,
    publish,
    run,
    show,
)

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
MEMORY = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""As scripts/resolve has it."""


def main() -> None:
    given = options(__doc__, points=2_400_000, times=3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        boundaries = prepare(folder, given.points)
        console.print(
            f"{described(boundaries)}; {given.points:,} points; the best of {given.times} runs"
        )
        ways = {"geopandas.sjoin(within)": sjoin(folder), "scripts/resolve": ours(folder)}
        rows = [row(way, best(words, given.times), given.points) for way, words in ways.items()]
        show("Parquet to Parquet", ("Way", "s", "points/s", "processor s", "peak MB"), rows)
        console.print(f"rows inside a boundary that differ: {differing(folder):,}")


def prepare(folder: Path, count: int) -> Shapes:
    """Write a database with detailed boundaries, the boundaries as a file, and the points."""
    edition, release = read_demonstration()
    boundaries = detailed(edition.boundaries)
    edition = replace(edition, boundaries=boundaries, effective_from=ON)
    publish(f"sqlite:///{folder / 'bench.sqlite'}", release, [edition])
    wkb = [shapely.to_wkb(each) for each in boundaries.values()]
    pq.write_table(pa.table({"code": list(boundaries), "wkb": wkb}), folder / "areas.parquet")
    lng, lat = points_for(boundaries, count)
    points = pa.table({"id": np.arange(count), "lng": lng, "lat": lat})
    pq.write_table(points, folder / "points.parquet")
    return boundaries


def ours(folder: Path) -> list[str]:
    database = f"--database={folder / 'bench.sqlite'}"
    files = [str(folder / "points.parquet"), str(folder / "ours.parquet")]
    return ["-m", "catchments.commands.resolving", *files, database, f"--on={ON}", "--replace"]


def sjoin(folder: Path) -> list[str]:
    files = [str(folder / f"{name}.parquet") for name in ("points", "areas", "sjoin")]
    return ["-c", BASELINE, *files]


def best(words: list[str], times: int) -> Ran:
    runs = [run(*words, **MEMORY) for _ in range(times)]
    return min(runs, key=lambda ran: ran.wall_s)


def row(way: str, ran: Ran, points: int) -> tuple[str, ...]:
    rate = f"{points / ran.wall_s:,.0f}"
    return way, f"{ran.wall_s:.1f}", rate, f"{ran.cpu_s:.1f}", f"{ran.peak_mb:,.0f}"


def differing(folder: Path) -> int:
    """Count the rows inside one boundary for which the two do not name the same catchment."""
    answers = pq.read_table(folder / "ours.parquet").sort_by("id")
    joined = pq.read_table(folder / "sjoin.parquet").sort_by("id")
    ours = answers["catchment_code"].cast(pa.string())
    located = pc.equal(answers["provider_basis"].cast(pa.string()), "located")
    theirs = joined["code"].cast(pa.string())
    same = pc.equal(pc.if_else(located, ours, ""), pc.fill_null(theirs, ""))
    return int(pc.sum(pc.invert(pc.fill_null(same, fill_value=True))).as_py())


if __name__ == "__main__":
    main()
