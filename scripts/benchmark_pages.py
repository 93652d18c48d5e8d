"""How soon the pages are there on a slow phone, in Chromium, against a naive Folium map.

The phone: four times slower than this machine, 1.6 Mbit/s with 150 ms there and back, a screen of
390 × 844 points, nothing in its cache. The naive map is what Folium gives when everything is put
into one page; Leaflet comes from here instead of a CDN, which favours it.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brotli
import folium
import shapely
from playwright.sync_api import Browser, Page, sync_playwright

from catchments.core.model import DirectoryRelease, Edition
from catchments.readers.demonstration import read_demonstration
from maps.leaflet import leaflet_file
from scripts.benchmarking import console, options, show
from scripts.servers import flask_serve
from tests.worlds import CHROMIUM_FLAGS, chromium_path

SLOWER = 4
DOWN_BYTES_S = 1_600_000 / 8
UP_BYTES_S = 750_000 / 8
ROUND_TRIP_MS = 150
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 3,
    "is_mobile": True,
}
PAGES = ("/", "/map", "/?q=kaitaia", "/school/3", "/catchments", "/catchment/TT-01", "/when-to-ask")
LIGHTHOUSE = "lighthouse@13.5.0"
ATTEMPTS = 3
"""Loads of a page by Lighthouse, until it tells of one."""
RATED = ("/", "/map", "/school/54")
NAIVE = "/naive.html"
READY_WITHIN_MS = 60_000
WATCH_MAP = """
new MutationObserver(() => {
  const drawn = document.querySelector('#map-frame[data-ready], .leaflet-interactive');
  if (drawn && window.mapReady === undefined) window.mapReady = performance.now();
}).observe(document, { attributes: true, childList: true, subtree: true });
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


@dataclass(frozen=True)
class Load:
    """One load of a page: what came over the line, and when something was there."""

    requests: int
    kilobytes: float
    paint_s: float
    map_s: float | None


def main() -> None:
    given = options(__doc__, times=5, rated=(5, "so often by Lighthouse; 0 leaves it out"))
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        write_naive(folder, *read_demonstration())
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path()), args=CHROMIUM_FLAGS
        )
        with flask_serve(folder, workers=1) as server, files(folder) as naive:
            addresses = {page: server.address + page for page in PAGES}
            addresses["naive Folium"] = naive + NAIVE
            show_loads(
                {n: [load(browser, a) for _ in range(given.times)] for n, a in addresses.items()}
            )
            browser.close()
            if given.rated:
                show_lighthouse(server.address, given.rated)


def load(browser: Browser, address: str) -> Load:
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.add_init_script(WATCH_MAP)
    received = slowed(page)
    page.goto(address, wait_until="load")
    waits = (
        page.locator("#map-frame[data-scripts]:not([data-at-once])").count() > 0
    )  # until it is opened
    has_map = not waits and page.locator("#map-frame, .folium-map").count() > 0
    if has_map:
        page.wait_for_function("window.mapReady !== undefined", timeout=READY_WITHIN_MS)
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    map_ms = page.evaluate("window.mapReady") if has_map else None
    made = Load(
        len(received),
        sum(received) / 1000,
        page.evaluate(PAINTED) / 1000,
        map_ms and map_ms / 1000,
    )
    context.close()
    return made


def slowed(page: Page) -> list[float]:
    """Make a page's line and processor those of the phone; the list grows as bytes arrive."""
    received: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": ROUND_TRIP_MS,
            "downloadThroughput": DOWN_BYTES_S,
            "uploadThroughput": UP_BYTES_S,
        },
    )
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    session.on("Network.loadingFinished", lambda e: received.append(e["encodedDataLength"]))
    return received


# --- the naive map --------------------------------------------------------------------------------


class Plain(folium.Map):
    default_js = [("leaflet", "leaflet.js")]  # noqa: RUF012 - Folium declares it so
    default_css = [("leaflet_css", "leaflet.css")]  # noqa: RUF012 - Folium declares it so


def write_naive(folder: Path, edition: Edition, release: DirectoryRelease) -> None:
    drawn = Plain(location=(-41, 173), zoom_start=5, tiles=None)
    for code, catchment in edition.catchments.items():
        feature = {
            "type": "Feature",
            "properties": {"name": catchment.name},
            "geometry": json.loads(shapely.to_geojson(edition.boundaries[code])),
        }
        folium.GeoJson(feature, tooltip=catchment.name).add_to(drawn)
    for school in release.schools.values():
        if school.place:
            place = (school.place.lat, school.place.lng)
            folium.Marker(place, popup=f"{school.school_id} {school.name}").add_to(drawn)
    (folder / NAIVE.strip("/")).write_text(drawn.get_root().render(), encoding="utf-8")
    for name in ("leaflet.js", "leaflet.css"):
        found = leaflet_file(name)
        assert found
        (folder / name).write_bytes(Path(found).read_bytes())


class Compressed(SimpleHTTPRequestHandler):
    """Files as a good server gives them: compressed."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content = brotli.compress(path.read_bytes(), quality=5)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "br")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def files(folder: Path) -> Iterator[str]:
    handler = partial(Compressed, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# --- Lighthouse -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rating:
    """What Lighthouse says of a load: performance, 0 to 100, and how fast the machine was."""

    score: float
    blocked_ms: float
    machine: float


def show_lighthouse(address: str, times: int) -> None:
    """Show how Lighthouse rates pages on a phone; the last is what to compare with.

    Pages take turns, so that what else the machine does falls on all of them. Lighthouse takes a
    phone to be four times slower than the machine that it runs on: where other work makes that
    slow, its index is low, and every page's performance with it.
    """
    npx = shutil.which("npx")
    if npx is None:
        console.print("Lighthouse was not run: npm is not installed.")
        return
    made: dict[str, list[Rating]] = {page: [] for page in RATED}
    for _ in range(times):
        for page in RATED:
            made[page].append(rated(npx, address + page))
    beside = median(made[RATED[-1]], "blocked_ms")
    rows = [
        (
            page,
            f"{median(of, 'score'):.0f}",
            f"{median(of, 'blocked_ms'):.0f}",
            f"{median(of, 'blocked_ms') / max(beside, 1):.1f}",
            f"{median(of, 'machine'):.0f}",
        )
        for page, of in made.items()
    ]
    headings = ("Page", "Performance", "Blocked ms", f"× {RATED[-1]}", "Machine's index")
    show(f"{LIGHTHOUSE}, mobile; medians of {times}", headings, rows)


def rated(npx: str, address: str) -> Rating:
    """Return what Lighthouse says of a page; it loses its browser now and then, and is asked again.

    Raises SystemExit with what it said last.
    """
    flags = " ".join(CHROMIUM_FLAGS)
    for _ in range(ATTEMPTS):
        told = subprocess.run(
            [
                *(npx, "--yes", LIGHTHOUSE, address, "--quiet", "--output=json"),
                *("--only-categories=performance", f"--chrome-flags={flags}"),
            ],
            env={**os.environ, "CHROME_PATH": str(chromium_path())},
            capture_output=True,
            check=False,
        )
        if told.returncode == 0:
            break
    else:
        raise SystemExit(f"Lighthouse could not rate {address}: {told.stderr.decode()[-500:]}")
    found = json.loads(told.stdout)
    return Rating(
        100 * float(found["categories"]["performance"]["score"]),
        float(found["audits"]["total-blocking-time"]["numericValue"]),
        float(found["environment"]["benchmarkIndex"]),
    )


# --- showing --------------------------------------------------------------------------------------


def show_loads(loads: dict[str, list[Load]]) -> None:
    ours, naive = loads["/map"], loads["naive Folium"]
    title = (
        f"First visit on the phone profile ({SLOWER} × slower, 1.6 Mbit/s, {ROUND_TRIP_MS} ms); "
        f"medians of {len(ours)}"
    )
    rows = [
        (
            page,
            f"{median(of, 'requests'):.0f}",
            f"{median(of, 'kilobytes'):.0f}",
            f"{median(of, 'paint_s'):.2f}",
            f"{median(of, 'map_s'):.2f}" if of[0].map_s is not None else "",
        )
        for page, of in loads.items()
    ]
    show(title, ("Page", "Requests", "kB", "First paint s", "Map s"), rows)
    for what in ("kilobytes", "paint_s", "map_s"):
        ratio = median(naive, what) / median(ours, what)
        console.print(f"naive Folium against “/map”, {what}: {ratio:.1f} ×")


def median(loads: Sequence[Load | Rating], what: str) -> float:
    return float(statistics.median(getattr(load, what) for load in loads))


if __name__ == "__main__":
    main()
