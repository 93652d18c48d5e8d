"""Ours through HTTP against a bare JSON route, pygeoapi and PostGIS, on one machine in one run.

Every server is Granian with one worker and one thread, 50 connections are kept open by wrk, and the
ways are taken in turns, so that what else the machine does falls on all alike.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from catchments.commands.jobs.publishing_setup import publisher
from catchments.readers.demonstration import read_demonstration
from catchments.readers.report import no_progress
from catchments.store import Store
from maps.exports.geojson import boundaries_geojson
from scripts.postgresql import throw_away
from scripts.servers import Served, granian, serving

CONNECTIONS = 50
PLACES = 1_000
"""So many points are asked for in turn, so that no way answers one alone from a cache."""
HOME = (-36.8694, 174.7689)
console = Console(width=110)


@dataclass(frozen=True)
class Way:
    """One way to ask, and where."""

    name: str
    address: str
    script: str = ""
    """A script for wrk that asks for many points in turn."""


@dataclass(frozen=True)
class Taken:
    """What wrk measured in one turn."""

    a_second: float
    p50_ms: float
    p99_ms: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="a way and a turn")
    parser.add_argument("--turns", type=int, default=4)
    given = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian's package of that name).")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(throw_away())
        url = cluster.create("bench")
        _seed(url)
        os.environ["BENCH_GEOJSON"] = str(_boundaries(url, folder))
        ours, theirs, stock = (
            stack.enter_context(serving(*granian(f"scripts.{name}"), ready="/", DATABASE_URL=url))
            for name in (
                "bare_app:bare_app",
                "postgis_app:postgis_app",
                "pygeoapi_app:pygeoapi_app",
            )
        )
        ways = _ways(ours, theirs, stock, folder)
        taken = measure(ways, given.seconds, given.turns)
        show(taken)
        console.print(f"our server: {ours.memory_mb():.0f} MB")


def _seed(url: str) -> None:
    edition, release = read_demonstration()
    store = Store(url)
    store.migrate()
    publisher(store, no_progress).seed(edition, release)
    store.close()


def _boundaries(url: str, folder: Path) -> Path:
    """Write what the edition's boundaries are as pygeoapi reads them: a GeoJSON file."""
    store = Store(url)
    path = folder / "boundaries.geojson"
    path.write_bytes(boundaries_geojson(store.edition(1)))
    store.close()
    return path


def _ways(ours: Served, theirs: Served, stock: Served, folder: Path) -> list[Way]:
    lat, lng = HOME
    here, there = ours.address, theirs.address
    features = f"{here}/ogc/collections"
    box = f"bbox={lng},{lat},{lng},{lat}"
    bare = (
        "/ogc/collections/catchments/items?skipGeometry=true&limit=1&bbox={lng},{lat},{lng},{lat}"
    )
    points = [
        (here, "/v1/provider?lat={lat}&lng={lng}"),
        (here, bare),
        (there, "/provider?lat={lat}&lng={lng}"),
    ]
    scripts = [_script(folder / f"{n}.lua", form) for n, (_, form) in enumerate(points)]
    return [
        Way("a bare JSON route", f"{here}/bare"),
        Way("/v1/provider?school_id=54", f"{here}/v1/provider?school_id=54"),
        Way("/v1/provider?lat&lng, one point", f"{here}/v1/provider?lat={lat}&lng={lng}"),
        Way("/v1/provider?lat&lng, many points", here, scripts[0]),
        Way("pygeoapi in ours, a school", f"{features}/schools/items/54"),
        Way(
            "pygeoapi in ours, one point",
            f"{features}/catchments/items?skipGeometry=true&limit=1&{box}",
        ),
        Way("pygeoapi in ours, many points", here, scripts[1]),
        Way(
            "stock pygeoapi on GeoJSON, one point",
            f"{stock.address}/collections/catchments/items?f=json&skipGeometry=true&limit=1&{box}",
        ),
        Way("PostGIS view, a school", f"{there}/provider?school_id=54"),
        Way("PostGIS view, one point", f"{there}/provider?lat={lat}&lng={lng}"),
        Way("PostGIS view, many points", there, scripts[2]),
    ]


def _script(path: Path, form: str) -> str:
    """Write a script for wrk that asks for places all over the North Island in turn."""
    rng = np.random.default_rng(84)
    lngs, lats = rng.uniform(174.8, 177.0, PLACES), rng.uniform(-40.0, -37.5, PLACES)
    asked = [form.format(lng=f"{x:.6f}", lat=f"{y:.6f}") for x, y in zip(lngs, lats, strict=True)]
    listed = ",".join(f'"{each}"' for each in asked)
    path.write_text(
        f"local paths = {{{listed}}}\nlocal at = 0\n"
        "request = function() at = at % #paths + 1; return wrk.format('GET', paths[at]) end\n"
    )
    return str(path)


def measure(ways: list[Way], seconds: int, turns: int) -> dict[str, list[Taken]]:
    """Ask each way in turn, after a second to warm up, and return what each turn took."""
    for way in ways:
        wrk(way, 1)
    taken: dict[str, list[Taken]] = {way.name: [] for way in ways}
    for _ in range(turns):
        for way in ways:
            taken[way.name].append(wrk(way, seconds))
    return taken


def wrk(way: Way, seconds: int) -> Taken:
    """Return what wrk measures. Exits where anything but answers came back."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout=30s"]
    command += ["-s", way.script] if way.script else []
    said = subprocess.run(
        [*command, way.address], capture_output=True, text=True, check=True
    ).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{way.name}: {said}")
    return Taken(
        float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        _milliseconds(_found(r"\n +50% +(\S+)", said)),
        _milliseconds(_found(r"\n +99% +(\S+)", said)),
    )


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise SystemExit(said)
    return match[1]


def _milliseconds(text: str) -> float:
    for unit, each_ms in (("us", 1e-3), ("ms", 1.0), ("s", 1e3)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * each_ms
    raise SystemExit(f"wrk said {text}.")


def show(taken: dict[str, list[Taken]]) -> None:
    """Print the medians and how each compares with the bare route."""
    rates = {name: statistics.median(t.a_second for t in turns) for name, turns in taken.items()}
    bare = next(iter(rates.values()))
    table = Table(
        "Way", "requests/s", "against bare", "p50 ms", "p99 ms", "p99 / p50",
        title=f"HTTP, {CONNECTIONS} connections, 1 worker", title_justify="left",
    )  # fmt: skip
    for name, turns in taken.items():
        p50, p99 = (
            statistics.median(x) for x in zip(*((t.p50_ms, t.p99_ms) for t in turns), strict=True)
        )
        table.add_row(
            name, f"{rates[name]:,.0f}", f"{rates[name] / bare:.3f} ×",
            f"{p50:.2f}", f"{p99:.2f}", f"{p99 / (p50 or math.nan):.1f}",
        )  # fmt: skip
    console.print(table)
    for asked, ours in (
        ("a school", "/v1/provider?school_id=54"),
        ("one point", "/v1/provider?lat&lng, one point"),
        ("many points", "/v1/provider?lat&lng, many points"),
    ):
        for whose in ("pygeoapi in ours", "stock pygeoapi on GeoJSON", "PostGIS view"):
            if rate := rates.get(f"{whose}, {asked}"):
                console.print(f"{asked}: ours is {rates[ours] / rate:,.1f} × {whose}")


if __name__ == "__main__":
    main()
