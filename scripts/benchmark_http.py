"""Ours through HTTP against a bare JSON route, pygeoapi and PostGIS, on one machine in one run.

Every server is Granian with one worker and one thread, 50 connections are kept open by wrk, and the
ways are taken in turns, so that what else the machine does falls on all alike.
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from catchments.store import Store
from maps.exports.geojson import boundaries_geojson
from scripts.benchmarking import (
    Load,
    console,
    in_turns,
    northern_points,
    options,
    refuse_without_wrk,
    seed,
    show,
    wrk,
)
from scripts.postgresql import throw_away
from scripts.servers import Served, granian, serving

CONNECTIONS = 50
PLACES = 1_000
"""So many points are asked for in turn, so that no way answers one alone from a cache."""
HOME = (-36.8694, 174.7689)


def main() -> None:
    """Measure and print the table."""
    given = options(__doc__, seconds=(3, "a way and a turn"), turns=4)
    refuse_without_wrk()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = stack.enter_context(throw_away())
        url = cluster.create("bench")
        seed(url)
        os.environ["BENCH_GEOJSON"] = str(_boundaries(url, folder))
        ours, theirs, stock = (
            stack.enter_context(serving(*granian(f"scripts.{name}"), ready="/", DATABASE_URL=url))
            for name in (
                "bare_app:bare_app",
                "postgis_app:postgis_app",
                "pygeoapi_app:pygeoapi_app",
            )
        )
        ways = {
            name: partial(wrk, address, connections=CONNECTIONS, script=script)
            for name, (address, script) in _ways(ours, theirs, stock, folder).items()
        }
        show_loads(in_turns(ways, given))
        console.print(f"our server: {ours.memory_mb():.0f} MB")


def _boundaries(url: str, folder: Path) -> Path:
    """Write what the edition's boundaries are as pygeoapi reads them: a GeoJSON file."""
    store = Store(url)
    path = folder / "boundaries.geojson"
    path.write_bytes(boundaries_geojson(store.edition(1)))
    store.close()
    return path


def _ways(
    ours: Served, theirs: Served, stock: Served, folder: Path
) -> dict[str, tuple[str, Path | None]]:
    """Return by name where to ask, and the script for wrk that asks for many points in turn."""
    lat, lng = HOME
    here, there = ours.address, theirs.address
    school, point = "provider?school_id=54", f"provider?lat={lat}&lng={lng}"
    items = "collections/catchments/items?skipGeometry=true&limit=1"
    box = f"bbox={lng},{lat},{lng},{lat}"
    lookups = _script(folder / "lookups.lua", "/v1/provider?lat={lat}&lng={lng}")
    features = _script(
        folder / "features.lua", f"/ogc/{items}&bbox={{lng}},{{lat}},{{lng}},{{lat}}"
    )
    views = _script(folder / "views.lua", "/provider?lat={lat}&lng={lng}")
    return {
        "a bare JSON route": (f"{here}/bare", None),
        "/v1/provider?school_id=54": (f"{here}/v1/{school}", None),
        "/v1/provider?lat&lng, one point": (f"{here}/v1/{point}", None),
        "/v1/provider?lat&lng, many points": (here, lookups),
        "pygeoapi in ours, a school": (f"{here}/ogc/collections/schools/items/54", None),
        "pygeoapi in ours, one point": (f"{here}/ogc/{items}&{box}", None),
        "pygeoapi in ours, many points": (here, features),
        "stock pygeoapi on GeoJSON, one point": (f"{stock.address}/{items}&f=json&{box}", None),
        "PostGIS view, a school": (f"{there}/{school}", None),
        "PostGIS view, one point": (f"{there}/{point}", None),
        "PostGIS view, many points": (there, views),
    }


def _script(path: Path, form: str) -> Path:
    """Write a script for wrk that asks for places all over the North Island in turn."""
    asked = [form.format(lng=f"{x:.6f}", lat=f"{y:.6f}") for x, y in northern_points(PLACES)]
    listed = ",".join(f'"{each}"' for each in asked)
    path.write_text(
        f"local paths = {{{listed}}}\nlocal at = 0\n"
        "request = function() at = at % #paths + 1; return wrk.format('GET', paths[at]) end\n"
    )
    return path


def show_loads(taken: dict[str, list[Load]]) -> None:
    """Print the medians and how each compares with the bare route."""
    rates = {name: statistics.median(t.a_second for t in turns) for name, turns in taken.items()}
    bare = next(iter(rates.values()))
    rows = []
    for name, turns in taken.items():
        p50, p99 = (
            statistics.median(x) for x in zip(*((t.p50_ms, t.p99_ms) for t in turns), strict=True)
        )
        rows.append((
            name, f"{rates[name]:,.0f}", f"{rates[name] / bare:.3f} ×",
            f"{p50:.2f}", f"{p99:.2f}", f"{p99 / (p50 or math.nan):.1f}",
        ))  # fmt: skip
    headings = ("Way", "requests/s", "against bare", "p50 ms", "p99 ms", "p99 / p50")
    show(f"HTTP, {CONNECTIONS} connections, 1 worker", headings, rows)
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
