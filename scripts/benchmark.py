"""Ours against the usual ways, on the same boundaries and points, in one run."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import shapely
from rich.console import Console
from rich.table import Table
from rtree.index import Index, Property

from catchments.commands.jobs.publishing_setup import publisher
from catchments.core.settings import ROOT
from catchments.geometry.coverage import find_faults
from catchments.geometry.spatial_index import SpatialIndex
from catchments.readers.boundaries import read_boundaries
from catchments.readers.demonstration import read_demonstration
from catchments.readers.report import no_progress
from catchments.store import Store
from scripts import postgresql

Floats = npt.NDArray[np.float64]
Shapes = dict[str, Any]

PIECES = 9
"""Each of the demonstration's 93,000 edges becomes nine: about 840,000 vertices in all."""
NEAR_EDGES = 100_000
SINGLE = 50_000
POSTGIS_POINTS = 200_000
BOX = (166.0, -47.5, 179.0, -34.0)
METRE = 1e-5
console = Console(width=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=2_000_000)
    given = parser.parse_args()
    edition, release = read_demonstration()
    boundaries = detailed(edition.boundaries)
    vertices = sum(shapely.get_num_coordinates(b) for b in boundaries.values())
    cores = len(os.sched_getaffinity(0))
    console.print(f"{len(boundaries)} boundaries, {vertices:,} vertices, {cores} cores")
    bench_index(boundaries, given.points)
    bench_import(boundaries)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite"
        store = Store(url)
        store.migrate()
        publisher(store, no_progress).seed(edition, release)
        store.close()
        bench_start(url)


# --- boundaries and points ------------------------------------------------------------------------


def detailed(boundaries: Any) -> Shapes:
    """Return boundaries with each edge cut into pieces; edges that were shared stay shared."""
    return {
        code: shapely.transform(_cut(geometry), np.copy) for code, geometry in boundaries.items()
    }


def _cut(geometry: Any) -> Any:
    polygons = [
        shapely.Polygon(_cut_ring(p.exterior), [_cut_ring(hole) for hole in p.interiors])
        for p in shapely.get_parts(geometry)
    ]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _cut_ring(ring: Any) -> Floats:
    xy = shapely.get_coordinates(ring)
    start, end = xy[:-1], xy[1:]
    # Both neighbours must cut the edge alike, whichever way round they go.
    turned = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low = np.where(turned[:, None], end, start)
    high = np.where(turned[:, None], start, end)
    along = np.arange(PIECES)[None, :, None] / PIECES
    bent = 0.004 * np.sin(np.arange(PIECES) * 2.3)[None, :, None]
    across = np.stack([low[:, 1] - high[:, 1], high[:, 0] - low[:, 0]], axis=1)[:, None, :]
    points = low[:, None, :] + along * (high - low)[:, None, :] + bent * across
    points[turned, 1:] = points[turned, 1:][:, ::-1]
    points[:, 0] = start
    return np.vstack([points.reshape(-1, 2), xy[-1:]])


def points_for(boundaries: Shapes, count: int) -> tuple[Floats, Floats]:
    """Return points all over the country, 100,000 of them within metres of an edge."""
    rng = np.random.default_rng(84)
    lng, lat = rng.uniform(BOX[0], BOX[2], count), rng.uniform(BOX[1], BOX[3], count)
    lines = shapely.boundary(list(boundaries.values()))
    share = shapely.length(lines) / shapely.length(lines).sum()
    line = lines[rng.choice(len(lines), NEAR_EDGES, p=share)]
    on_edges = shapely.line_interpolate_point(line, rng.random(NEAR_EDGES), normalized=True)
    near = shapely.get_coordinates(on_edges) + rng.normal(0, 3 * METRE, (NEAR_EDGES, 2))
    lng[:NEAR_EDGES], lat[:NEAR_EDGES] = near[:, 0], near[:, 1]
    order = rng.permutation(count)
    return lng[order], lat[order]


# --- the index ------------------------------------------------------------------------------------


def bench_index(boundaries: Shapes, count: int) -> None:
    lng, lat = points_for(boundaries, count)
    codes = sorted(boundaries)
    polygons = [boundaries[code] for code in codes]
    truth = brute_force(polygons, lng, lat)
    index, built_s = timed(lambda: SpatialIndex(boundaries))
    console.print(
        f"ours: compiled in {built_s:.2f} s, {index.nbytes / 1e6:.0f} MB; "
        f"{count:,} points, {NEAR_EDGES:,} of them within metres of an edge"
    )
    firsts = np.array([codes.index(s[0]) if s else -1 for s in index.sets])
    shapely.prepare(polygons)
    rows = [
        single_row("rtree + prepared", rtree_single(polygons), lng, lat, truth),
        single_row("STRtree + prepared", strtree_single(polygons), lng, lat, truth),
        single_row("ours", ours_single(index, codes), lng, lat, truth),
    ]
    show("One point at a time", rows, "µs a point", lower_is_better=True)
    bulk = [
        bulk_row("geopandas.sjoin(within)", lambda: sjoin(polygons, lng, lat), truth),
        bulk_row("STRtree + prepared", lambda: strtree_bulk(polygons, lng, lat), truth),
        bulk_row(
            "ours, one thread",
            lambda: firsts[index.covering_many(lng=lng, lat=lat, threads=1)],
            truth,
        ),
        bulk_row("ours", lambda: firsts[index.covering_many(lng=lng, lat=lat)], truth),
    ]
    if postgresql.programs():
        bulk.insert(0, postgis_row(polygons, lng[:POSTGIS_POINTS], lat[:POSTGIS_POINTS], truth))
    else:
        console.print("PostGIS is left out: PostgreSQL is not installed.")
    show("All points at once", bulk, "million points/s", lower_is_better=False)


def brute_force(polygons: Sequence[Any], lng: Floats, lat: Floats) -> npt.NDArray[np.int64]:
    """Return the number of the first polygon that covers each point, or -1, by asking them all."""
    found = np.full(len(lng), -1)
    for number in range(len(polygons) - 1, -1, -1):
        shapely.prepare(polygons[number])
        found[shapely.intersects_xy(polygons[number], lng, lat)] = number
    return found


def rtree_single(polygons: Sequence[Any]) -> Callable[[float, float], int]:
    stream = ((i, p.bounds, None) for i, p in enumerate(polygons))
    tree = Index(stream, properties=Property(dimension=2))

    def ask(lng: float, lat: float) -> int:
        point = shapely.Point(lng, lat)
        hits = (i for i in tree.intersection((lng, lat, lng, lat)) if polygons[i].covers(point))
        return min(hits, default=-1)

    return ask


def strtree_single(polygons: Sequence[Any]) -> Callable[[float, float], int]:
    tree = shapely.STRtree(polygons)

    def ask(lng: float, lat: float) -> int:
        point = shapely.Point(lng, lat)
        hits = (int(i) for i in tree.query(point) if polygons[i].covers(point))
        return min(hits, default=-1)

    return ask


def ours_single(index: SpatialIndex, codes: Sequence[str]) -> Callable[[float, float], Any]:
    covering = index.covering

    def ask(lng: float, lat: float) -> Any:
        return covering(lng=lng, lat=lat)

    ask.direct = covering  # type: ignore[attr-defined]
    ask.number = lambda found: codes.index(found[0]) if found else -1  # type: ignore[attr-defined]
    return ask


def single_row(
    name: str, ask: Any, lng: Floats, lat: Floats, truth: npt.NDArray[np.int64]
) -> tuple[str, float, int]:
    points = list(zip(lng[:SINGLE].tolist(), lat[:SINGLE].tolist(), strict=True))
    direct = getattr(ask, "direct", None)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        if direct:
            found = [direct(lng=x, lat=y) for x, y in points]
        else:
            found = [ask(x, y) for x, y in points]
        best = min(best, time.perf_counter() - start)
    number = getattr(ask, "number", int)
    wrong = sum(number(f) != t for f, t in zip(found, truth[:SINGLE].tolist(), strict=True))
    return name, best / SINGLE * 1e6, wrong


def strtree_bulk(polygons: Sequence[Any], lng: Floats, lat: Floats) -> npt.NDArray[np.int64]:
    tree = shapely.STRtree(polygons)
    points = shapely.points(lng, lat)
    asked, hit = tree.query(points)
    inside = shapely.covers(np.asarray(polygons)[hit], points[asked])
    found = np.full(len(lng), len(polygons))
    np.minimum.at(found, asked[inside], hit[inside])
    return np.where(found == len(polygons), -1, found)


def sjoin(polygons: Sequence[Any], lng: Floats, lat: Floats) -> npt.NDArray[np.int64]:
    areas = geopandas.GeoDataFrame(geometry=list(polygons), crs=4326)
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lng, lat), crs=4326)
    joined = geopandas.sjoin(points, areas, predicate="within")["index_right"]
    found = np.full(len(lng), -1)
    found[joined.index.to_numpy()] = joined.to_numpy()
    return found


def ours(index: SpatialIndex, lng: Floats, lat: Floats, threads: int | None) -> Any:
    return index.covering_many(lng=lng, lat=lat, threads=threads)


def postgis_row(
    polygons: Sequence[Any], lng: Floats, lat: Floats, truth: npt.NDArray[np.int64]
) -> tuple[str, float, int]:
    """Return what PostGIS does: boundaries subdivided and indexed, the usual advice for speed."""
    with postgresql.throw_away() as cluster, cluster.connected("template1") as connection:
        connection.execute("CREATE TABLE whole (number int, geom geometry(Geometry, 4326))")
        for number, polygon in enumerate(polygons):
            connection.execute(
                "INSERT INTO whole VALUES (%s, ST_GeomFromWKB(%s, 4326))", (number, polygon.wkb)
            )
        connection.execute(
            "CREATE TABLE area AS SELECT number, ST_Subdivide(geom, 128) AS geom FROM whole"
        )
        connection.execute("CREATE INDEX ON area USING gist (geom)")
        connection.execute("CREATE TABLE asked (id int, geom geometry(Point, 4326))")
        with connection.cursor().copy("COPY asked FROM STDIN") as copy:
            for n, (x, y) in enumerate(zip(lng.tolist(), lat.tolist(), strict=True)):
                copy.write_row((n, f"SRID=4326;POINT({x!r} {y!r})"))
        connection.execute("ANALYZE")
        query = (
            "SELECT id, min(number) FROM asked JOIN area ON ST_Covers(area.geom, asked.geom) "
            "GROUP BY id"
        )
        rows, took_s = timed(lambda: connection.execute(query).fetchall())
    found = np.full(len(lng), -1)
    for n, number in rows:
        found[n] = number
    name = f"PostGIS ST_Covers, subdivided ({len(lng):,} points)"
    return name, len(lng) / took_s / 1e6, int((found != truth[: len(lng)]).sum())


def bulk_row(
    name: str, ask: Callable[[], Any], truth: npt.NDArray[np.int64], meaning: Any = None
) -> tuple[str, float, int]:
    best = float("inf")
    for _ in range(3):
        found, took_s = timed(ask)
        best = min(best, took_s)
    numbers = found if meaning is None else meaning[found]
    return name, len(truth) / best / 1e6, int((numbers != truth).sum())


# --- import, start --------------------------------------------------------------------------------


def bench_import(boundaries: Shapes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catchments.gpkg"
        columns = {"name": list(boundaries), "geometry": list(boundaries.values())}
        geopandas.GeoDataFrame(columns, crs=4326).to_file(path)
        read, took_s = timed(
            lambda: read_boundaries(
                [path], accept_gaps=True, authority="none", licence="none", release="none"
            )
        )
    faults, check_s = timed(lambda: find_faults(read.boundaries))
    console.print(
        f"import of {len(read.boundaries)} boundaries from GeoPackage, checked and mended: "
        f"{took_s:.1f} s; check alone: {check_s:.1f} s, {len(faults)} faults"
    )


START = """
import resource, time
began = time.perf_counter()
import app
from catchments.web.common.services import EXTENSION
imported = time.perf_counter()
running = app.web_app().extensions[EXTENSION]
world = running.snapshots.current()
world.school(54, on=world.today)
print(imported - began, time.perf_counter() - imported)
"""


def bench_start(url: str) -> None:
    best = [float("inf")] * 2
    for _ in range(3):
        environment = {**os.environ, "DATABASE_URL": url}
        command = [sys.executable, "-c", START]
        out = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        best = [min(a, float(b)) for a, b in zip(best, out.stdout.split(), strict=True)]
    console.print(
        f"from database to first answer: {best[1]:.2f} s, after {best[0]:.2f} s of imports"
    )


# --- showing --------------------------------------------------------------------------------------


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def show(
    title: str, rows: Sequence[tuple[str, float, int]], unit: str, *, lower_is_better: bool
) -> None:
    first = rows[0][1]
    table = Table("Way", unit, f"against {rows[0][0]}", "wrong", title=title, title_justify="left")
    for name, value, wrong in rows:
        ratio = first / value if lower_is_better else value / first
        table.add_row(name, f"{value:,.2f}", f"{ratio:,.2f} ×", f"{wrong:,}")
    console.print(table)


if __name__ == "__main__":
    main()
