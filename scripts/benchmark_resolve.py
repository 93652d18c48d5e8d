"""A Parquet file of points to one with answers, against what joins the same files elsewhere.

Against geopandas.sjoin, SedonaDB and DuckDB, which name the area that a point is in and no more.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from catchments.readers.demonstration import read_demonstration
from scripts.benchmarking import (
    PEERS,
    Numbers,
    Ran,
    Shapes,
    brute_force,
    console,
    described,
    detailed,
    options,
    peers_python,
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


FEW = 40_000
"""So many points are DuckDB's: it asks every pair of boxes whole, a quarter of an hour for all."""


@dataclass(frozen=True)
class Way:
    """One that joins: its program, what is run of it, and where it writes."""

    title: str
    words: list[object]
    out: Path
    count: int
    python: str | Path = sys.executable
    settings: Mapping[str, str] = field(default_factory=dict)


def main() -> None:
    given = options(__doc__, points=2_400_000, times=3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        boundaries, truth = prepare(folder, given.points)
        console.print(
            f"{described(boundaries)}; {given.points:,} points; the best of {given.times} runs"
        )
        rows = []
        for way in ways(folder, given.points):
            ran = best(way, given.times)
            rows.append(row(way, ran, wrong(way, sorted(boundaries), truth)))
        headings = ("Way", "s", "points/s", "processor s", "peak MB", "wrong")
        show("Parquet to Parquet", headings, rows)


def prepare(folder: Path, count: int) -> tuple[Shapes, Numbers]:
    """Write a database with detailed boundaries, the boundaries as a file, and the points.

    Returns the boundaries, and the place of each point's among their codes, or -1.
    """
    edition, release = read_demonstration()
    boundaries = detailed(edition.boundaries)
    edition = replace(edition, boundaries=boundaries, effective_from=ON)
    publish(f"sqlite:///{folder / 'bench.sqlite'}", release, [edition])
    wkb = [shapely.to_wkb(each) for each in boundaries.values()]
    pq.write_table(pa.table({"code": list(boundaries), "wkb": wkb}), folder / "areas.parquet")
    lng, lat = points_for(boundaries, count)
    points = pa.table({"id": np.arange(count), "lng": lng, "lat": lat})
    pq.write_table(points, folder / "points.parquet")
    pq.write_table(points[:FEW], folder / "few.parquet")
    return boundaries, brute_force([boundaries[code] for code in sorted(boundaries)], lng, lat)


def ways(folder: Path, count: int) -> Iterator[Way]:
    points, few, areas = (folder / f"{name}.parquet" for name in ("points", "few", "areas"))
    out = folder / "sjoin.parquet"
    yield Way("geopandas.sjoin(within)", ["-c", BASELINE, points, areas, out], out, count)
    if python := peers_python():
        out, program = folder / "duckdb.parquet", PEERS / "duckdb_join.py"
        few_count = min(FEW, count)
        title = f"DuckDB spatial ({few_count:,} points)"
        yield Way(title, [program, few, areas, out], out, few_count, python)
        out, program = folder / "sedonadb.parquet", PEERS / "sedonadb_join.py"
        yield Way("SedonaDB", [program, points, areas, out], out, count, python)
    out = folder / "ours.parquet"
    database = f"--database={folder / 'bench.sqlite'}"
    words = ["-m", "catchments.commands.resolving", points, out, database, f"--on={ON}"]
    yield Way("scripts/resolve", [*words, "--replace"], out, count, settings=MEMORY)


def best(way: Way, times: int) -> Ran:
    runs = [run(*way.words, python=way.python, **way.settings) for _ in range(times)]
    return min(runs, key=lambda ran: ran.wall_s)


def row(way: Way, ran: Ran, wrong: int) -> tuple[str, ...]:
    rate = f"{way.count / ran.wall_s:,.0f}"
    seconds = f"{ran.wall_s:.1f}", rate, f"{ran.cpu_s:.1f}"
    return way.title, *seconds, f"{ran.peak_mb:,.0f}", f"{wrong:,}"


def wrong(way: Way, codes: list[str], truth: Numbers) -> int:
    """Count the points for which another catchment is named than GEOS finds, or none, or one."""
    table = pq.read_table(way.out)
    if "provider_basis" in table.column_names:  # what is only near an area is not in it
        located = pc.equal(table["provider_basis"].cast(pa.string()), "located")
        named = pc.if_else(located, table["catchment_code"].cast(pa.string()), None)
    else:
        named = table["code"].cast(pa.string())
    none = len(codes)
    numbers = pc.index_in(named, pa.array(codes)).fill_null(none).to_numpy()
    found = np.full(way.count, none)
    np.minimum.at(found, table["id"].to_numpy(), numbers)
    return int((np.where(found == none, -1, found) != truth[: way.count]).sum())


if __name__ == "__main__":
    main()
