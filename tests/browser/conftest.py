"""The real service to try in Chromium, on made-up squares for catchments."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from catchments.coordinates import geometry_to_180
from catchments.model import (
    EDUCATION_REGIONS,
    Catchment,
    Edition,
    Place,
    Provider,
    School,
    SchoolStatus,
    Source,
    SourceKind,
)
from catchments.settings import ROOT
from tests.address_files import Given, csv_text
from tests.worlds import (
    chromium_path,
    opened,
    publish_whole,
    real_artefacts,
    small_release,
    sqlite_url,
)

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EMBEDDER = "http://127.0.0.1:*"
"""Who may show /embed in a frame: the test's own page, on whatever port it gets."""
HOSTILE = "{{7*191}}</script><img src=x onerror=alert(1)>`${alert(2)}`<b>Provider</b>"


def made_up_edition() -> Edition:
    """Six squares in two regions on the mainland, and one across 180°."""
    squares: dict[str, tuple[float, float, float, float]] = {
        f"AA-0{n}": (172 + n % 3, -41 - n // 3, 173 + n % 3, -40 - n // 3) for n in range(6)
    }
    squares["AA-06"] = (179.5, -44.5, 184.0, -43.5)
    regions = [EDUCATION_REGIONS[0]] * 3 + [EDUCATION_REGIONS[11]] * 4
    names = ["Ahi", "Kōwhai", "Rimu", "Tōtara", "Mātai", "Kauri", "Rēkohu"]
    source = Source(SourceKind.BOUNDARIES, "Squares", "Nobody", "CC0", "2026", "0", "", "", True)
    return Edition(
        catchments={
            code: Catchment(code, name, region, f"P-{code}")
            for code, name, region in zip(squares, names, regions, strict=True)
        },
        boundaries={c: geometry_to_180(shapely.box(*square)) for c, square in squares.items()},
        providers={
            f"P-{code}": Provider(
                f"P-{code}",
                HOSTILE if code == "AA-04" else f"Provider of {name}",
                "0800 000 000",
                "someone@provider.example",
                "javascript:alert(3)" if code == "AA-04" else "https://provider.example/",
            )
            for code, name in zip(squares, names, strict=True)
        },
        listings={54: "AA-02", 55: "AA-04", 56: "AA-06", 498: "AA-00"},
        sources=(source,),
        number=1,
        title="Squares",
        effective_from=date(2026, 1, 5),
    )


def made_up_schools() -> list[School]:
    return [
        School(54, "Kura o te Rimu", place=Place(174.5, -40.5)),
        School(55, HOSTILE, place=Place(173.5, -41.5)),
        School(56, "Rēkohu School", SchoolStatus.PROPOSED, Place(-177.0, -44.0)),
        School(498, "Te Aho o Te Kura Pounamu"),
    ]


def made_up_addresses() -> list[Given]:
    """Two roads of one name, and one along the boundary between Ahi and Kōwhai."""
    more: dict[str, Any] = {"suburb": "", "district": "Squares District", "lat": -40.5}
    return [
        Given("1", "High Street", town="Ahitown", lng=172.5, **more),
        Given("1", "High Street", town="Othertown", lng=174.5, **more),
        Given("12", "Edge Road", town="Ahitown", lng=172.9995, **more),
    ]


@contextmanager
def served(path: Path, **settings: str) -> Iterator[str]:
    """The address of the real server, in a process of its own, on a database that is set up."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "flask", "serve", f"--port={port}", "--workers=1"]
    process = subprocess.Popen(
        [*command, f"--database={path}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **settings},
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not start within 30 s")


@pytest.fixture(scope="session")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service with the made-up edition."""
    path = tmp_path_factory.mktemp("browser") / "made-up.sqlite"
    schools = {school.school_id: school for school in made_up_schools()}
    edition = made_up_edition()
    with opened(sqlite_url(path)) as store:
        store.add_release(small_release(schools=schools))
        publish_whole(store, edition, artefacts=real_artefacts(edition))
    file, book = path.with_name("addresses.csv"), path.with_name("addresses.sqlite")
    file.write_text(csv_text(made_up_addresses()), encoding="utf-8")
    settings = {"CATCHMENTS_ADDRESSES": str(book), "CATCHMENTS_EMBED_ON": EMBEDDER}
    command = [sys.executable, "-m", "flask", "addresses", "import", str(file), "--commit"]
    subprocess.run(
        command, cwd=ROOT, env={**os.environ, **settings}, check=True, capture_output=True
    )
    with served(path, **settings) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium_path()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(executable), args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


class Watched:
    """A page and everything that should not have happened on it."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (e) => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI));"
        )

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, asked: Any) -> None:
        if not asked.url.startswith((self.url + "/", "data:")):
            self.complaints.append(f"request: {asked.url}")

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def open_map(self, query: str = "") -> Page:
        self.page.goto(f"{self.url}/map{query}")
        self.page.wait_for_selector("#map-frame[data-ready]")
        return self.page


def violations(page: Page) -> list[tuple[str, str, list[str]]]:
    """What axe finds wrong with a page as it stands: where, which rule, which elements."""
    found = Axe().run(page).response["violations"]
    return [(page.url, each["id"], [node["html"] for node in each["nodes"]]) for each in found]


@pytest.fixture
def watched(browser: Browser, live_url: str) -> Iterator[Watched]:
    """A desktop page; when the test ends nothing may have been complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    watched = Watched(context, live_url)
    yield watched
    context.close()
    assert watched.complaints == []
