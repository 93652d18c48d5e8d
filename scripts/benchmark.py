"""Ours against the usual ways, on the same boundaries and points, in one run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely
from rtree.index import Index, Property

from catchments.geometry.spatial_index import SpatialIndex
from catchments.geometry.tiling.coverage import find_faults
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.demonstration import read_demonstration
from scripts import postgresql
from scripts.benchmarking import (
    NEAR_EDGES,
    PEERS,
    SINGLE,
    Floats,
    Numbers,
    Shapes,
    brute_force,
    console,
    described,
    detailed,
    one_by_one,
    options,
    our_firsts,
    peers_python,
    points_for,
    run,
    seed,
    show,
    strtree_firsts,
    timed,
)

POSTGIS_POINTS = 200_000
Row = tuple[str, float, int]
"""A way, what was measured, and how many of its answers are wrong."""


def main() -> None:
    given = options(__doc__, points=2_000_000)
    boundaries = detailed(read_demonstration()[0].boundaries)
    console.print(described(boundaries))
    bench_index(boundaries, given.points)
    if python := peers_python():
        bench_time_zone(python)
    bench_import(boundaries)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite"
        seed(url)
        bench_start(url)


# --- the index ------------------------------------------------------------------------------------


def bench_index(boundaries: Shapes, count: int) -> None:
    lng, lat = points_for(boundaries, count)
    codes = sorted(boundaries)
    polygons = [boundaries[code] for code in codes]
    truth = brute_force(polygons, lng, lat)
    index, built_s = timed(lambda: SpatialIndex(boundaries), times=3)
    built = ("ours", f"{built_s:.2f}", f"{index.nbytes / 1e6:.0f}")
    show("The index of them", ("Way", "built s", "MB"), [built])
    console.print(
        f"{count:,} points, {min(NEAR_EDGES, count // 20):,} of them within metres of an edge"
    )
    firsts = our_firsts(index.sets, codes)
    shapely.prepare(polygons)
    asked: dict[str, Callable[..., Any]] = {
        "rtree + prepared": rtree_single(polygons),
        "STRtree + prepared": strtree_single(polygons),
        "ours": index.covering,
    }
    rows = []
    for name, ask in asked.items():
        found, took_us = one_by_one(ask, lng, lat)
        numbers = our_firsts(found, codes) if name == "ours" else np.array(found)
        rows.append((name, took_us, differing(numbers, truth)))
    show_against("One point at a time", rows, "µs a point", lower_is_better=True)
    ways: dict[str, Callable[[], Numbers]] = {
        "geopandas.sjoin(within)": lambda: sjoin(polygons, lng, lat),
        "STRtree + prepared": lambda: strtree_firsts(polygons, lng, lat),
        "ours": lambda: firsts[index.covering_many(lng=lng, lat=lat)],
    }
    rows = []
    if postgresql.programs():
        rows.append(postgis_row(polygons, lng[:POSTGIS_POINTS], lat[:POSTGIS_POINTS], truth))
    else:
        console.print("PostGIS is left out: PostgreSQL is not installed.")
    for name, way in ways.items():
        numbers, took_s = timed(way, times=3)
        rows.append((name, count / took_s / 1e6, differing(numbers, truth)))
    show_against("All points at once", rows, "million points/s", lower_is_better=False)


def rtree_single(polygons: Sequence[Any]) -> Callable[..., int]:
    stream = ((i, p.bounds, None) for i, p in enumerate(polygons))
    tree = Index(stream, properties=Property(dimension=2))

    def ask(*, lng: float, lat: float) -> int:
        point = shapely.Point(lng, lat)
        hits = (i for i in tree.intersection((lng, lat, lng, lat)) if polygons[i].covers(point))
        return min(hits, default=-1)

    return ask


def strtree_single(polygons: Sequence[Any]) -> Callable[..., int]:
    tree = shapely.STRtree(polygons)

    def ask(*, lng: float, lat: float) -> int:
        point = shapely.Point(lng, lat)
        hits = (int(i) for i in tree.query(point) if polygons[i].covers(point))
        return min(hits, default=-1)

    return ask


def sjoin(polygons: Sequence[Any], lng: Floats, lat: Floats) -> Numbers:
    areas = geopandas.GeoDataFrame(geometry=list(polygons), crs=4326)
    points = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(lng, lat), crs=4326)
    joined = geopandas.sjoin(points, areas, predicate="within")["index_right"]
    found = np.full(len(lng), -1)
    found[joined.index.to_numpy()] = joined.to_numpy()
    return found


def postgis_row(polygons: Sequence[Any], lng: Floats, lat: Floats, truth: Numbers) -> Row:
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
    for n, number in np.array(rows):
        found[n] = number
    name = f"PostGIS ST_Covers, subdivided ({len(lng):,} points)"
    return name, len(lng) / took_s / 1e6, differing(found, truth)


def differing(numbers: Numbers, truth: Numbers) -> int:
    return int((numbers != truth[: len(numbers)]).sum())


def show_against(title: str, rows: Sequence[Row], unit: str, *, lower_is_better: bool) -> None:
    name, first, _ = rows[0]
    ratios = [first / value if lower_is_better else value / first for _, value, _ in rows]
    cells = [
        (name, f"{value:,.2f}", f"{ratio:,.2f} ×", f"{wrong:,}")
        for (name, value, wrong), ratio in zip(rows, ratios, strict=True)
    ]
    show(title, ("Way", unit, f"against {name}", "wrong"), cells)


# --- a time zone ----------------------------------------------------------------------------------


def bench_time_zone(python: Path) -> None:
    """Compare with tzfpy where it is at home: one zone, in the few lines that it keeps of it."""
    program = PEERS / "tzfpy_points.py"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(program, folder, python=python)
        zone = shapely.from_geojson((folder / "zone.geojson").read_text())
        areas = {"NZ": shapely.union_all(shapely.get_parts(zone))}
        lng, lat = points_for(areas, SINGLE)
        lines = (f"{x!r} {y!r}" for x, y in zip(lng.tolist(), lat.tolist(), strict=True))
        (folder / "points.txt").write_text("\n".join(lines))
        took_us = float(run(program, folder, python=python).said)
        theirs = np.array((folder / "found.txt").read_text().split(), int) - 1
    truth = brute_force([areas["NZ"]], lng, lat)
    index = SpatialIndex(areas)
    found, ours_us = one_by_one(index.covering, lng, lat)
    rows = [
        ("tzfpy", took_us, differing(theirs, truth)),
        ("ours", ours_us, differing(our_firsts(found, ["NZ"]), truth)),
    ]
    title = f"New Zealand's time zone as tzfpy has it: {described(areas)}"
    show_against(title, rows, "µs a point", lower_is_better=True)


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
import time
began = time.perf_counter()
from catchments.web import application
from catchments.web.common.services import EXTENSION
imported = time.perf_counter()
running = application.web_app().extensions[EXTENSION]
world = running.snapshots.current()
world.as_at(world.today).school(54)
print(imported - began, time.perf_counter() - imported)
"""


def bench_start(url: str) -> None:
    runs = [map(float, run("-c", START, DATABASE_URL=url).said.split()) for _ in range(3)]
    imports_s, first_s = map(min, zip(*runs, strict=True))
    console.print(
        f"from database to first answer: {first_s:.2f} s, after {imports_s:.2f} s of imports"
    )


if __name__ == "__main__":
    main()
