"""Every figure that somebody waits for, beside the best that exists, as one Markdown table.

Runs the parts, each in its turn and smaller than by itself, and takes the figures out of the tables
that they print. `--write yes` puts the table into README.md. Under fifteen minutes on two cores.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catchments.core.settings import ROOT
from scripts.benchmarking import KEPT, console, options

README = ROOT / "README.md"
BEGINS, ENDS = (f"<!-- made by scripts/bench all: {at} -->" for at in ("begins", "ends"))
PARTS: Mapping[str, tuple[str, ...]] = {
    "benchmark": ("--points=1000000",),
    "benchmark_resolve": ("--times=1",),
    "benchmark_bulk_http": ("--turns=3", "--seconds=2"),
    "benchmark_http": ("--turns=3", "--seconds=2"),
    "benchmark_growth": (),
    "benchmark_publication": ("--turns=1",),
    "benchmark_memory": ("--requests=160000", "--staff=0"),
    "benchmark_pages": ("--times=3", "--rated=0"),
    "benchmark_addresses": ("--baseline-s=0",),
}
"""The parts, and how much smaller each is than by itself."""


@dataclass(frozen=True)
class Cell:
    """Where a figure stands: in the table, row and column that begin so."""

    table: str
    row: str
    column: str


@dataclass(frozen=True)
class Figure:
    """A line of the table: what is measured, in which unit, beside what, and what is aimed at."""

    what: str
    unit: str
    ours: Cell
    beside: str = ""
    """The row of the same table beside which it stands."""
    aim: str = ""
    """“≤ 5 s” of ours, or “≥ 0.5 ×” of what is beside it."""


FILES, ONE, MANY = "Parquet to Parquet", "One point at a time", "All points at once"
BULK, GROWTH, PUBLISHED = "/v1/providers:resolve", "Ever more catchments", "Publishing"
MEMORY = "Memory of a worker"
SCHOOL, POINTS = "/v1/provider?school_id=54", "/v1/provider?lat&lng, many points"
RESOLVED = "2.4 million points, Parquet to Parquet"
RESOLVE_S = Cell(FILES, "scripts/resolve", "s")
BULK_POINTS = Cell(BULK, "points with ids, NDJSON", "rows/s")
HTTP_POINTS = Cell("HTTP", POINTS, "requests/s")
ONE_POINT, ALL_POINTS = Cell(ONE, "ours", "µs"), Cell(MANY, "ours", "million")
FIGURES = (
    Figure(RESOLVED, "s", RESOLVE_S, "geopandas.sjoin", "≤ 0.35 ×"),
    Figure(RESOLVED, "s", RESOLVE_S, "SedonaDB"),
    Figure("its memory", "MB", Cell(FILES, "scripts/resolve", "peak MB"), "geopandas", "≤ 400 MB"),
    Figure("all points at once", "million/s", ALL_POINTS, "geopandas.sjoin"),
    Figure("all points at once", "million/s", ALL_POINTS, "STRtree"),
    Figure("all points at once", "million/s", ALL_POINTS, "PostGIS"),
    Figure("one point in Python", "µs", ONE_POINT, "rtree", "≤ 0.025 ×"),
    Figure("one point in Python", "µs", ONE_POINT, "STRtree"),
    Figure("one point, in tzfpy's own area", "µs", Cell("New Zealand", "ours", "µs"), "tzfpy"),
    Figure("index of 837,428 vertices", "s", Cell("The index", "ours", "built"), aim="≤ 0.25 s"),
    Figure("its memory", "MB", Cell("The index", "ours", "MB"), aim="≤ 30 MB"),
    Figure("snapshot of 84 catchments", "s", Cell(GROWTH, "84", "snapshot"), aim="≤ 0.5 s"),
    Figure("snapshot of 840 catchments", "s", Cell(GROWTH, "840", "snapshot"), aim="≤ 1.5 s"),
    Figure("a school", "requests/s", Cell("HTTP", SCHOOL, "requests/s"), "a bare"),
    Figure("a thousand points in turn", "requests/s", HTTP_POINTS, SCHOOL, "≥ 0.5 ×"),
    Figure("a thousand points in turn", "requests/s", HTTP_POINTS, "PostGIS view, many"),
    Figure(
        "`/ogc`, one point", "requests/s",
        Cell("HTTP", "pygeoapi in ours, one point", "requests/s"), "a bare", "≥ 0.4 ×",
    ),
    Figure("points with ids, NDJSON", "rows/s", BULK_POINTS, "schools with ids, NDJSON", "≥ 0.6 ×"),
    Figure(
        "publishing the demonstration", "s of processor",
        Cell(PUBLISHED, "the demonstration", "processor"), aim="≤ 5 s",
    ),
    Figure(
        "an edition that moves three schools", "s of processor",
        Cell(PUBLISHED, "an edition", "processor"), aim="≤ 2 s",
    ),
    Figure("first start of a clone, to its first page", "s", Cell(PUBLISHED, "first", "waiting"),
           aim="≤ 6 s"),
    Figure("a worker, fresh", "MB", Cell(MEMORY, "at the start", "MB"), aim="≤ 120 MB"),
    Figure("a worker, once `/ogc` was asked", "MB", Cell(MEMORY, "once", "MB"), aim="≤ 140 MB"),
    Figure("a worker, after 160,000 mixed requests", "MB", Cell(MEMORY, "after 1", "MB"),
           aim="≤ 160 MB"),
    Figure("map, first visit", "kB", Cell("First visit", "/map", "kB"), "naive", "≤ 250 kB"),
    Figure("`/`, first visit", "kB", Cell("First visit", "/", "kB"), "naive", "≤ 250 kB"),
    *(
        Figure(f"an address, {kind}: p99", "ms", Cell("Addresses", kind, "p99"), aim="≤ 5 ms")
        for kind in ("exact", "without town", "being typed", "with a slip", "worst words")
    ),
)  # fmt: skip


def main() -> None:
    given = options(__doc__, write=("", "“yes” puts the table into README.md"))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        tables = list(shown(Path(name) / "tables"))
    lines = [
        "| | ours | beside it | ours ÷ that | aim | wrong: ours / theirs |",
        "|---|---|---|---|---|---|",
        *(line(figure, tables) for figure in FIGURES),
    ]
    text = "\n".join(lines) + "\n"
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print(f"in {(time.monotonic() - began) / 60:.1f} minutes")
    if given.write:
        README.write_text(within(README.read_text(), text))


def shown(kept: Path) -> Iterator[Mapping[str, Any]]:
    """Run the parts and yield every table that they print. Exits where one fails."""
    environment = {**os.environ, KEPT: str(kept)}
    for part, smaller in PARTS.items():
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", f"scripts.{part}", *smaller],
            cwd=ROOT,
            env=environment,
            check=True,
        )
        console.print(f"{part}: {time.monotonic() - began:.0f} s")
    for each in kept.read_text(encoding="utf-8").splitlines():
        yield json.loads(each)


def line(figure: Figure, tables: Sequence[Mapping[str, Any]]) -> str:
    """Return a figure's line; what was not measured here is said to be so."""
    ours, name, wrong = found(figure.ours, tables)
    if not ours:
        return f"| {figure.what} | not measured | | | {figure.aim} | |"
    value, beside, ratio = number(ours), "", math.nan
    if figure.beside:
        theirs, name, others = found(replace(figure.ours, row=figure.beside), tables)
        wrong = f"{wrong} / {others}" if wrong and theirs else wrong
        beside = f"{name}: {theirs} {figure.unit}" if theirs else f"{figure.beside}: not measured"
        ratio = value / number(theirs) if theirs else math.nan
    against = "" if math.isnan(ratio) else f"{ratio:.2g} ×" if ratio < 1 else f"{ratio:.1f} ×"
    aim = aimed(figure.aim, value, ratio)
    return f"| {figure.what} | {ours} {figure.unit} | {beside} | {against} | {aim} | {wrong} |"


def found(cell: Cell, tables: Sequence[Mapping[str, Any]]) -> tuple[str, str, str]:
    """Return what a cell says, its row's name and the row's wrong ones; nothing if it is not there.

    Of rows that begin alike it is the shortest.
    """
    for table in tables:
        rows = [row for row in table["rows"] if row[0].startswith(cell.row)]
        if not table["title"].startswith(cell.table) or not rows:
            continue
        row, headings = min(rows, key=lambda row: len(row[0])), table["headings"]
        at = next(n for n, each in enumerate(headings) if n and cell.column in each)
        wrong = row[headings.index("wrong")] if "wrong" in headings else ""
        return row[at], row[0], wrong
    return "", "", ""


def number(text: str) -> float:
    return float(text.replace(",", "").split()[0])


def aimed(aim: str, value: float, ratio: float) -> str:
    """Return an aim, and whether it is missed."""
    if not aim:
        return ""
    sign, least, unit = aim.split()
    asked = ratio if unit == "×" else value
    if math.isnan(asked):
        return aim
    kept = asked <= float(least) if sign == "≤" else asked >= float(least)
    return aim if kept else f"{aim}: missed"


def within(readme: str, text: str) -> str:
    """Return README with the table where its marks are. Exits where it has none."""
    if not 0 <= readme.find(BEGINS) < readme.find(ENDS):
        raise SystemExit(f"README.md has no place for the table: {BEGINS} {ENDS}")
    before, _, rest = readme.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}\n\n{text}\n{ENDS}{after}"


if __name__ == "__main__":
    main()
