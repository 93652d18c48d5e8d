"""Ten thousand rows in one request against one request a row, through `flask serve`, in one run.

The server has two workers; wrk on the same machine sends the same body again and again, a few
connections at once. The ways are taken in turns, so that other work falls on all alike.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from catchments.readers.demonstration import read_demonstration
from catchments.web.v1.bulk.questions import Form
from catchments.web.v1.bulk.rows import AT_MOST
from scripts.benchmarking import (
    console,
    in_turns,
    northern_points,
    options,
    refuse_without_wrk,
    show,
    wrk,
)
from scripts.servers import flask_serve

RESOLVE = "/v1/providers:resolve"
AIM = 2_000_000
"""School numbers a second on two cores."""


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
    given = options(__doc__, seconds=(3, "a way and a turn"), turns=4)
    refuse_without_wrk()
    with tempfile.TemporaryDirectory() as made, flask_serve(Path(made), workers=2) as server:
        ways = {
            way.name: partial(rows_a_second, server.address, way, _script(Path(made), n, way))
            for n, way in enumerate(_ways())
        }
        taken = in_turns(ways, given)
    show_rates({name: statistics.median(rates) for name, rates in taken.items()})


def _ways() -> list[Way]:
    _, release = read_demonstration()
    rng = np.random.default_rng(84)
    numbers = rng.choice(list(release.schools), AT_MOST).tolist()
    schools = [{"id": f"row {n}", "school_id": number} for n, number in enumerate(numbers)]
    points: list[dict[str, object]] = [
        {"id": n, "lng": lng, "lat": lat} for n, (lng, lat) in enumerate(northern_points(AT_MOST))
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


def _script(folder: Path, number: int, way: Way) -> Path | None:
    """Write a script for wrk that sends a way's body, if it has one."""
    if not way.body:
        return None
    body, script = folder / f"{number}.body", folder / f"{number}.lua"
    body.write_bytes(way.body)
    script.write_text(
        f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = '{way.form}'\n"
        f"wrk.body = io.open('{body}', 'rb'):read('*a')\n"
    )
    return script


def rows_a_second(base: str, way: Way, script: Path | None, seconds: int) -> float:
    """Return how many rows a second were answered."""
    load = wrk(base + way.path, seconds, connections=way.connections, script=script)
    return load.a_second * way.rows


def show_rates(rates: dict[str, float]) -> None:
    """Print the medians and how each compares with a row a request."""
    one = next(iter(rates.values()))
    title = f"{RESOLVE}, {AT_MOST:,} rows a request, 2 workers"
    rows = [(name, f"{rate:,.0f}", f"{rate / one:,.0f} ×") for name, rate in rates.items()]
    show(title, ("Way", "rows/s", "against the first"), rows)
    fastest = rates["school_ids in JSON"]
    console.print(f"aim: {AIM:,} school numbers/s; {'kept' if fastest >= AIM else 'MISSED'}")


if __name__ == "__main__":
    main()
