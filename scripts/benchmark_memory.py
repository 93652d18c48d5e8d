"""Whether a server's memory stays flat over a million requests of all kinds, and at staff's work.

First, staff redraw the largest catchment, in draft after draft, through one application: what it
keeps is told. `--requests 0` asks for this alone.

A real server with two workers on the demonstration edition; wrk asks schools, points, pages, names
that are typed wrong and nonsense, most of it never asked before, so that whatever keeps answers is
filled. Memory and counts are those that the server itself tells at /metrics. The first tenth, in
which caches fill, is shown but does not count for the slope.
"""

from __future__ import annotations

import tempfile
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from multiprocessing import get_context
from pathlib import Path
from statistics import mean

import numpy as np
import shapely
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from shapely.geometry.base import BaseGeometry

from catchments.changes.kinds.transfer_area import TransferArea
from catchments.core.roles import Role
from catchments.store.drafts.repository import DraftRepository
from scripts.benchmark_impact import ON, REDRAWINGS, cases, made_up, resident_mb
from scripts.benchmarking import console, options, refuse_without_wrk, run_wrk, show
from scripts.servers import flask_serve
from tests.staff import add_person, asks_twice, post, signed_in
from tests.worlds import fill, opened, running_application, store_of

CHUNK_S = 5
SHOWN_EVERY = 100_000
MB = 1024 * 1024
MIX = r"""
local made, thread_number = 0, 0
function setup(thread)
  thread:set("thread_number", thread_number)
  thread_number = thread_number + 1
end
function init(_) math.randomseed(os.time() * 1000 + thread_number * 77 + SEED) end
local hostile = {
  "%7B%7B7*191%7D%7D", "%27%20OR%201%3D1", "%3C/script%3E", "%C4%81%CC%84", "%00", "%E2%80%AE"
}
local towns = {"kaitaia", "st%20josephs", "whangarei", "high%20school", "tauranga%20bridge"}
function text()
  made = made + 1
  local unique = string.format("%x%x", math.random(2^30), made)
  return towns[math.random(#towns)] .. "%20" .. hostile[math.random(#hostile)] .. unique
end
function point()
  return string.format("lat=%.6f&lng=%.6f", -47 + 13 * math.random(), 166 + 13 * math.random())
end
function request()
  local n, path = math.random(1000), ""
  if n <= 420 then path = "/provider?school_id=" .. math.random(4000)
  elseif n <= 640 then path = "/provider?" .. point()
  elseif n <= 800 then path = "/v1/provider?" .. point()
  elseif n <= 900 then path = "/v1/provider?school_id=" .. math.random(999999999)
  elseif n <= 950 then path = "/suggest?q=" .. text()
  elseif n <= 970 then path = "/v1/search?q=" .. text()
  elseif n <= 980 then path = "/" .. text()
  elseif n <= 986 then path = "/?q=" .. text()
  elseif n <= 992 then path = "/school/" .. math.random(4000)
  elseif n <= 996 then path = "/v1/schools?q=" .. text()
  else path = "/provider?" .. text() .. "=" .. text() end
  return wrk.format("GET", path, {["X-Request-ID"] = text(), ["Accept"] = "*/*"})
end
"""


OGC, OGC_ASKED = "/ogc/collections/schools/items/54", 20


def main() -> None:
    given = options(__doc__, requests=1_000_000, staff=(1, "0 leaves their redrawing out"))
    if given.staff:
        kept = [(f"{n:,}", f"{mb:,.0f}", f"{more:+,.0f}") for n, mb, more in of_staff()]
        show("Staff redraw the largest", ("Redrawings", "MB, a worker", "kept, MB"), kept)
    if not given.requests:
        return
    refuse_without_wrk()
    with tempfile.TemporaryDirectory() as folder, flask_serve(Path(folder), workers=2) as server:
        fresh = told(server.port)[1]
        for _ in range(OGC_ASKED):  # each over a connection of its own, so that every worker is
            with urllib.request.urlopen(f"{server.address}{OGC}", timeout=60) as response:
                response.read()
        samples = list(measured(server.port, Path(folder), given.requests))
    show_memory(fresh, samples)


def of_staff() -> Iterator[tuple[int, float, float]]:
    """Yield how much an application holds after so many redrawings, and how much more that is."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "staff.sqlite"
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # what it made is not counted
            to, giver, area = apart.submit(_for_staff, database).result()
        with running_application(database, today=ON) as app:
            hana = signed_in(app, "hana")
            for url in ("/", "/staff/drafts"):
                assert hana.get(url).status_code == HTTPStatus.OK
            start = resident_mb()
            yield 0, start, 0.0
            for number in range(1, REDRAWINGS + 1):
                moved = shapely.transform(area, lambda xy, n=number: np.add(xy, [0, n * 1e-5]))
                _redraw(hana, number, {"to": to, "from": giver, "drawn": moved.wkt})
                if not number % (REDRAWINGS // 4):
                    yield number, resident_mb(), resident_mb() - start


def _for_staff(database: Path) -> tuple[str, str, BaseGeometry]:
    """Publish very detailed boundaries, and return what is to be redrawn: to whom, from whom."""
    base = made_up()
    fill(database, replace(base.edition, effective_from=ON), release=base.release)
    with opened(database) as store:
        add_person(store, "hana", Role.EDITOR)
    _, change = next(each for each in cases(base) if each[0] == "transfer from the largest")
    assert isinstance(change, TransferArea)
    return change.to, change.from_[0], change.area


def _redraw(client: FlaskClient, number: int, fields: dict[str, str]) -> None:
    """Begin a draft, look a transfer over with its map, add it, and show the draft with its map."""
    begun = post(client, "/staff/drafts/new", title=f"Draft {number}", reason="To see", base="1")
    draft = begun.headers["Location"].partition("?")[0]
    form = f"{draft}/change/transfer-area"
    version = DraftRepository(store_of(client.application)).draft(number).version
    given = {**fields, "version": str(version)}
    seen = post(client, form, **given)
    assert seen.status_code == HTTPStatus.OK, seen.text
    assert post(client, f"{form}/map.json", **given).status_code == HTTPStatus.OK
    added = post(client, form, **given, confirmed="yes", sure=asks_twice(seen))
    if added.status_code != HTTPStatus.SEE_OTHER:
        added = post(client, form, **given, confirmed="yes", sure=asks_twice(added))
    assert added.status_code == HTTPStatus.SEE_OTHER, added.text
    for url in (draft, f"{draft}/map.json"):
        assert client.get(url).status_code == HTTPStatus.OK


def measured(port: int, folder: Path, whole: int) -> Iterator[tuple[int, list[float]]]:
    """Ask and ask; yield how many requests there were and each worker's memory in megabytes."""
    script, chunk, shown = folder / "mix.lua", 0, -1
    while True:
        count, memory = told(port)
        yield count, memory
        if count // SHOWN_EVERY > shown:
            shown = count // SHOWN_EVERY
            console.print(f"{count:>9,} requests: {' + '.join(f'{mb:.1f}' for mb in memory)} MB")
        if count >= whole:
            return
        chunk += 1
        script.write_text(MIX.replace("SEED", str(chunk)))
        run_wrk(f"http://127.0.0.1:{port}", CHUNK_S, "-t2", "-c16", "--timeout=20s", script=script)


def told(port: int) -> tuple[int, list[float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
        families = {f.name: f for f in text_string_to_metric_families(response.read().decode())}
    durations = families.get("catchments_request_duration_seconds")
    counts = [s.value for s in durations.samples if s.name.endswith("_count")] if durations else []
    memory = [s.value / MB for s in families["catchments_resident_memory_bytes"].samples]
    return int(sum(counts)), memory


def show_memory(fresh: list[float], samples: list[tuple[int, list[float]]]) -> None:
    counts = np.array([count for count, _ in samples], dtype=float)
    memory = np.array([mean(mb) for _, mb in samples])
    settled = counts >= counts[-1] / 10
    slope = np.polyfit(counts[settled] / SHOWN_EVERY, memory[settled], 1)[0]
    rows = [
        ("at the start", f"{mean(fresh):.1f}"),
        ("once /ogc was asked", f"{memory[0]:.1f}"),
        ("after a tenth of the requests", f"{memory[settled][0]:.1f}"),
        (f"after {counts[-1]:,.0f} requests", f"{memory[-1]:.1f}"),
        ("most", f"{memory.max():.1f}"),
        ("slope after the first tenth, each 100,000 requests", f"{slope:+.2f}"),
    ]
    show("Memory of a worker of two", ("What", "MB"), rows)


if __name__ == "__main__":
    main()
