"""What benchmarks share: options, times, turns, tables, programs, wrk, boundaries and points."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import shapely
from rich.console import Console
from rich.table import Table

from catchments.commands.jobs.publishing_setup import publisher
from catchments.core.model import DirectoryRelease, Edition
from catchments.core.settings import ROOT
from catchments.readers.demonstration import read_demonstration
from catchments.readers.report import no_progress
from catchments.store import Publication, Store

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Shapes = Mapping[str, Any]
T = TypeVar("T")

PIECES = 9
"""Each of the demonstration's 93,000 edges becomes nine: about 840,000 vertices in all."""
NEAR_EDGES = 100_000
SINGLE = 50_000
BOX = (166.0, -47.5, 179.0, -34.0)
METRE = 1e-5
MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
"""What wrk writes after a number, in milliseconds."""
SETTLES_WITHIN_S = 300.0
PEERS = ROOT / "scripts" / "peers"
"""Programs of those that ours is compared with, in an environment of their own."""
KEPT = "CATCHMENTS_BENCHMARK_TABLES"
"""The variable that names the file in which `scripts/bench all` finds what its parts have shown."""
console = Console(width=130)


def options(
    about: str | None, **defaults: int | float | str | tuple[int | float | str, str]
) -> Any:
    """Return what the command line chooses: a default of each option, or that and its help."""
    parser = argparse.ArgumentParser(description=about)
    for name, each in defaults.items():
        default, told = each if isinstance(each, tuple) else (each, None)
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=type(default), default=default, help=told)
    return parser.parse_args()


def show(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; where the environment names a file for it, keep it there, too, as a line."""
    table = Table(*headings, title=title, title_justify="left")
    shown = [tuple(row) for row in rows]
    for row in shown:
        table.add_row(*row)
    console.print(table)
    if kept := os.environ.get(KEPT):
        with Path(kept).open("a", encoding="utf-8") as file:
            print(json.dumps({"title": title, "headings": headings, "rows": shown}), file=file)


# --- times ----------------------------------------------------------------------------------------


def timed(work: Callable[[], T], *, times: int = 1) -> tuple[T, float]:
    """Return what work makes, and the seconds that the quickest of its runs took."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        made = work()
        best = min(best, time.perf_counter() - began)
    return made, best


def one_by_one(ask: Callable[..., T], lng: Floats, lat: Floats) -> tuple[list[T], float]:
    """Return what the first 50,000 points are answered, and the microseconds that one takes."""
    points = list(zip(lng[:SINGLE].tolist(), lat[:SINGLE].tolist(), strict=True))
    found, took_s = timed(lambda: [ask(lng=x, lat=y) for x, y in points], times=3)
    return found, took_s / len(points) * 1e6


def in_turns(ways: Mapping[str, Callable[[int], T]], given: Any) -> dict[str, list[T]]:
    """Return what each way measures in `given.turns` turns of `given.seconds` each.

    The ways are taken in turns, so that what else the machine does falls on all alike; a second
    each to warm up comes before.
    """
    for measure in ways.values():
        measure(1)
    taken: dict[str, list[T]] = {name: [] for name in ways}
    for _ in range(given.turns):
        for name, measure in ways.items():
            taken[name].append(measure(given.seconds))
    return taken


# --- programs -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """What a program took, its start included, and what it said."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str


def run(*words: object, python: str | Path = sys.executable, **settings: str) -> Ran:
    """Run `python WORDS …` to its end. Exits where it fails."""
    command = [str(python), *map(str, words)]
    began, before_s, peak_kb = time.perf_counter(), _children_cpu_s(), 0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process:
            while process.poll() is None:
                peak_kb = max(peak_kb, _peak_kb(process.pid))
                time.sleep(0.02)
            wall_s = time.perf_counter() - began
            said = process.stdout.read() if process.stdout else ""
        if process.returncode:
            errors.seek(0)
            raise SystemExit(
                f"{command[:5]} ended with {process.returncode}: {said}{errors.read()}"
            )
    return Ran(wall_s, _children_cpu_s() - before_s, peak_kb / 1024, said)


def peers_python() -> Path | None:
    """Return the Python of the peers, or nothing, which is said, where they are not installed."""
    python = PEERS / ".venv" / "bin" / "python"
    if python.exists():
        return python
    console.print("Peers are left out: scripts/own-environment scripts/peers sets them up.")
    return None


def _children_cpu_s() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _peak_kb(pid: int) -> int:
    """Return the most that a process held; what wait4 tells begins with its parent's memory."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) if found else 0
    return 0


# --- wrk ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """What wrk measured."""

    requests: int
    a_second: float
    p50_ms: float
    p99_ms: float


def refuse_without_wrk() -> None:
    """Exit where wrk is missing, before anything is made for it."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian's package of that name).")


def wrk(
    address: str,
    seconds: int,
    *options: str,
    connections: int,
    script: object = "",
    answers_only: bool = True,
) -> Load:
    """Ask for so many seconds over connections that are kept.

    Exits where what came is no answer, or an error, unless some is asked that is to be refused.
    Begins once a first question is answered, for which some make what they need, and asks for as
    long as three answers take, if that is longer. Returns once the server is through: what clients
    that have gone left in a slow one's queue would fall on its own next turn, which then has no
    answer at all, and on the processor of the others.
    """
    _, answer_s = timed(lambda: _wait_for_answer(address))
    seconds = max(seconds, math.ceil(3 * answer_s))
    said = run_wrk(address, seconds, *options, f"-c{connections}", "--latency", script=script)
    _wait_for_answer(address)
    if "Socket errors" in said or (answers_only and "Non-2xx" in said):
        raise SystemExit(f"{address}: {said}")
    found = [_found(pattern, said) for pattern in (r"(\d+) requests in", r"Requests/sec: +(\S+)")]
    p50, p99 = (_milliseconds(_found(rf"\n +{n}% +(\S+)", said)) for n in (50, 99))
    return Load(int(found[0]), float(found[1]), p50, p99)


def _wait_for_answer(address: str) -> None:
    with suppress(OSError):  # one that tells an error answers too
        urllib.request.urlopen(address, timeout=SETTLES_WITHIN_S).close()


def run_wrk(address: str, seconds: int, *options: str, script: object = "") -> str:
    """Return what wrk says, whatever the answers were."""
    command = ["wrk", "-t1", f"-d{seconds}s", "--timeout=30s", *options]
    command += ["-s", str(script)] if script else []
    return subprocess.run([*command, address], capture_output=True, text=True, check=True).stdout


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise SystemExit(said)
    return match[1]


def _milliseconds(text: str) -> float:
    unit = text.lstrip("0123456789.")
    return float(text.removesuffix(unit)) * MS[unit]


# --- databases ------------------------------------------------------------------------------------


def seed(url: str) -> None:
    """Publish the demonstration in a new database, with its maps and files."""
    edition, release = read_demonstration()
    store = Store(url)
    store.migrate()
    publisher(store, no_progress).seed(edition, release)
    store.close()


def publish(url: str, release: DirectoryRelease, editions: Iterable[Edition]) -> None:
    """Publish editions in a new database, each on the day from which it holds, without files."""
    store = Store(url)
    store.migrate()
    store.add_release(release)
    for n, edition in enumerate(editions):
        assert edition.effective_from
        publication = Publication(edition, edition.effective_from, n or None)
        store.publish([publication], expected=store.state())
    store.close()


# --- boundaries and points ------------------------------------------------------------------------


def described(boundaries: Shapes) -> str:
    """Return how many there are, how detailed, and on what machine."""
    vertices = sum(shapely.get_num_coordinates(b) for b in boundaries.values())
    cores = len(os.sched_getaffinity(0))
    return f"{len(boundaries)} boundaries, {vertices:,} vertices, {cores} cores"


def detailed(boundaries: Shapes) -> dict[str, Any]:
    """Return boundaries with each edge cut into pieces; edges that were shared stay shared."""
    return {code: _cut(geometry) for code, geometry in boundaries.items()}


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
    """Return points all over the country, up to 100,000 of them within metres of an edge."""
    rng = np.random.default_rng(84)
    lng, lat = rng.uniform(BOX[0], BOX[2], count), rng.uniform(BOX[1], BOX[3], count)
    near = min(NEAR_EDGES, count // 20)
    lines = shapely.boundary(list(boundaries.values()))
    share = shapely.length(lines) / shapely.length(lines).sum()
    line = lines[rng.choice(len(lines), near, p=share)]
    on_edges = shapely.line_interpolate_point(line, rng.random(near), normalized=True)
    lng[:near], lat[:near] = (
        shapely.get_coordinates(on_edges) + rng.normal(0, 3 * METRE, (near, 2))
    ).T
    order = rng.permutation(count)
    return lng[order], lat[order]


def northern_points(count: int) -> list[tuple[float, float]]:
    """Return longitudes and latitudes all over the North Island."""
    rng = np.random.default_rng(84)
    lng, lat = rng.uniform(174.8, 177.0, count), rng.uniform(-40.0, -37.5, count)
    return list(zip(lng.round(6).tolist(), lat.round(6).tolist(), strict=True))


def brute_force(polygons: Sequence[Any], lng: Floats, lat: Floats) -> Numbers:
    """Return the number of the first polygon that covers each point, or -1, by asking them all."""
    found = np.full(len(lng), -1)
    for number in range(len(polygons) - 1, -1, -1):
        shapely.prepare(polygons[number])
        found[shapely.intersects_xy(polygons[number], lng, lat)] = number
    return found


def strtree_firsts(polygons: Sequence[Any], lng: Floats, lat: Floats) -> Numbers:
    """Return the number of the first polygon that covers each point by GEOS's own tree, or -1."""
    points = shapely.points(lng, lat)
    asked, hit = shapely.STRtree(polygons).query(points)
    inside = shapely.covers(np.asarray(polygons)[hit], points[asked])
    found = np.full(len(lng), len(polygons))
    np.minimum.at(found, asked[inside], hit[inside])
    return np.where(found == len(polygons), -1, found)


def our_firsts(sets: Sequence[Sequence[str]], codes: Sequence[str]) -> Numbers:
    """Return what the numbers of an index's answers mean: the first catchment's place, or -1."""
    return np.array([codes.index(each[0]) if each else -1 for each in sets])
