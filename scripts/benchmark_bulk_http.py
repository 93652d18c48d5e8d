"""Ten thousand rows in one request against one request a row, through `flask serve`, in one run.

The server has two workers; wrk on the same machine sends the same body again and again, a few
connections at once. The ways are taken in turns, so that other work falls on all alike.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from catchments.readers.demonstration import read_demonstration
from catchments.web.v1.bulk.questions import Form
from catchments.web.v1.bulk.rows import AT_MOST
from scripts.servers import flask_serve

RESOLVE = "/v1/providers:resolve"
AIM = 2_000_000
"""School numbers a second on two cores."""
console = Console(width=110)


@dataclass(frozen=True)
class Way:
    """One way to ask; with a body it asks for AT_MOST rows a request."""

    name: str
    path: str = RESOLVE
    body: bytes = b""
    form: Form = Form.JSON
    connections: int = 4

    @property
    def rows(self) -> int:
        """How many rows a request asks for."""
        return AT_MOST if self.body else 1


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="a way and a turn")
    parser.add_argument("--turns", type=int, default=4)
    given = parser.parse_args()
    if not shutil.which("wrk"):
        raise SystemExit("wrk is not installed (Debian's package of that name).")
    ways = _ways()
    with tempfile.TemporaryDirectory() as made, flask_serve(Path(made), workers=2) as server:
        base, folder = server.address, Path(made)
        taken: dict[str, list[float]] = {way.name: [] for way in ways}
        for way in ways:
            wrk(base, way, folder, 1)
        for _ in range(given.turns):
            for way in ways:
                taken[way.name].append(wrk(base, way, folder, given.seconds))
    show(ways, {name: statistics.median(rates) for name, rates in taken.items()})


def _ways() -> list[Way]:
    _, release = read_demonstration()
    rng = np.random.default_rng(84)
    numbers = rng.choice(list(release.schools), AT_MOST).tolist()
    lngs, lats = rng.uniform(174.8, 177.0, AT_MOST), rng.uniform(-40.0, -37.5, AT_MOST)
    schools = [{"id": f"row {n}", "school_id": number} for n, number in enumerate(numbers)]
    points = [
        {"id": n, "lng": round(lng, 6), "lat": round(lat, 6)}
        for n, (lng, lat) in enumerate(zip(lngs.tolist(), lats.tolist(), strict=True))
    ]
    cells = "".join(f"row {n},{number}\n" for n, number in enumerate(numbers))
    return [
        Way("GET /v1/provider, a row a request", "/v1/provider?school_id=54", connections=50),
        Way("school_ids in JSON", body=json.dumps({"school_ids": numbers}).encode()),
        Way("schools with ids, JSON", body=json.dumps({"rows": schools}).encode()),
        Way("schools with ids, NDJSON", body=_lines(schools), form=Form.NDJSON),
        Way("schools with ids, CSV", body=f"id,school_id\n{cells}".encode(), form=Form.CSV),
        Way("points with ids, NDJSON", body=_lines(points), form=Form.NDJSON),
    ]  # fmt: skip


def _lines(rows: list[dict[str, object]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def wrk(base: str, way: Way, folder: Path, seconds: int) -> float:
    """Return how many rows a second were answered. Exits where anything but answers came back."""
    command = ["wrk", "-t1", f"-c{way.connections}", f"-d{seconds}s", "--timeout=30s"]
    if way.body:
        body, script = folder / "body", folder / "post.lua"
        body.write_bytes(way.body)
        script.write_text(
            f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = '{way.form}'\n"
            f"wrk.body = io.open('{body}', 'rb'):read('*a')\n"
        )
        command += ["-s", str(script)]
    said = subprocess.run([*command, base + way.path], capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said.stdout)
    if found is None or "Non-2xx" in said.stdout or "Socket errors" in said.stdout:
        raise SystemExit(f"{way.name}: {said.stdout}")
    return float(found[1]) * way.rows


def show(ways: list[Way], rates: dict[str, float]) -> None:
    """Print the medians and how each compares with a row a request."""
    one = rates[ways[0].name]
    title = f"{RESOLVE}, {AT_MOST:,} rows a request, 2 workers"
    table = Table("Way", "rows/s", "against the first", title=title, title_justify="left")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:,.0f}", f"{rate / one:,.0f} ×")
    console.print(table)
    fastest = rates["school_ids in JSON"]
    console.print(f"aim: {AIM:,} school numbers/s; {'kept' if fastest >= AIM else 'MISSED'}")


if __name__ == "__main__":
    main()
