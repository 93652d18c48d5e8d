"""A page to try in Chromium: the real templates and artefacts, made-up squares for catchments."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import shapely
from flask import Flask, Response, abort, render_template, request
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from shapely.geometry.base import BaseGeometry
from werkzeug.serving import make_server

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
from maps.artefacts import build_artefacts
from maps.leaflet import LEAFLET_FILES, leaflet_file

CHROMIUM = Path("/usr/bin/chromium")
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
WEB = Path(__file__).parents[2] / "catchments" / "web"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'"
)
HOSTILE = "{{7*191}}</script><img src=x onerror=alert(1)>`${alert(2)}`<b>Provider</b>"


def made_up_edition() -> Edition:
    """Six squares in two regions on the mainland, and one across 180°."""
    squares = {f"AA-0{n}": (172 + n % 3, -41 - n // 3, 173 + n % 3, -40 - n // 3) for n in range(6)}
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


def stub_app(
    edition: Edition,
    schools: Sequence[School],
    code_of: Mapping[int, str],
    coast: BaseGeometry | None = None,
) -> Flask:
    """Serve the map page as the real application does, without a store behind it."""
    app = Flask("stub", static_folder=None, template_folder=str(WEB / "templates"))
    artefacts = {a.name: a for a in build_artefacts(edition, coast=coast)}

    def served(name: str) -> Response:
        return Response(artefacts[name].content, content_type=artefacts[name].media_type)

    @app.after_request
    def guarded(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.get("/map")
    def map_page() -> str:
        return render_template(
            "map.html",
            **page_context(edition),
            map_shell=artefacts["map.html"].content.decode(),
            urls={
                "boundaries": "/map/data/1/boundaries.topojson",
                "catchments": "/map/data/1/1/catchments.json",
                "schools": "/map/data/1/1/schools.json",
                "map_script": "/map.js",
                "leaflet_script": "/leaflet/leaflet.js",
                "leaflet_style": "/leaflet/leaflet.css",
            },
            catchments=listed(edition),
            focus=focus_of(edition, schools, code_of),
        )

    app.add_url_rule("/map.js", "script", lambda: served("map.js"))
    app.add_url_rule(
        "/map/data/1/boundaries.topojson", "boundaries", lambda: served("boundaries.topojson")
    )

    @app.get("/map/data/1/1/catchments.json")
    def catchments_json() -> dict[str, Any]:
        rows = [
            {k: v for k, v in row.items() if k != "region"}
            | {"education_region": row["region"], "bounds": None}
            for row in listed(edition)
        ]
        return {"demonstration": True, "edition": 1, "catchments": rows}

    @app.get("/map/data/1/1/schools.json")
    def schools_json() -> dict[str, Any]:
        rows = [
            [s.school_id, s.name, s.place.lng, s.place.lat, code_of.get(s.school_id, ""), s.status]
            for s in schools
            if s.place
        ]
        return {"demonstration": True, "release": 1, "schools": rows}

    # As bytes: a file that is sent stays open when the browser hangs up.
    @app.get("/static/<filename>")
    def static(filename: str) -> Response:
        return file_response(WEB / "static" / filename, mimetypes.guess_type(filename)[0])

    @app.get("/leaflet/<name>")
    def leaflet(name: str) -> Response:
        path = leaflet_file(name) or abort(404)
        return file_response(path, LEAFLET_FILES[name])

    return app


def file_response(path: Path, media_type: str | None) -> Response:
    return Response(path.read_bytes(), mimetype=media_type)


def page_context(edition: Edition) -> dict[str, Any]:
    return {
        "title": "Map",
        "edition": edition,
        "release": SimpleNamespace(number=1, released=date(2026, 6, 7)),
        "demonstration": edition.demonstration,
        "sources": edition.sources,
    }


def listed(edition: Edition) -> list[dict[str, Any]]:
    rows = []
    for catchment in edition.catchments.values():
        provider = edition.providers.get(catchment.provider_code or "")
        shown = provider and {
            "code": provider.code,
            "name": provider.name,
            "phone": provider.phone,
            "email": provider.email,
            "website": provider.website,
        }
        rows.append(
            {
                "code": catchment.code,
                "name": catchment.name,
                "region": catchment.education_region,
                "provider": shown,
            }
        )
    return sorted(rows, key=lambda row: EDUCATION_REGIONS.index(row["region"]))


def focus_of(
    edition: Edition, schools: Sequence[School], code_of: Mapping[int, str]
) -> dict[str, Any] | None:
    code = request.args.get("catchment", "")
    asked = request.args.get("school", "")
    if code in edition.catchments:
        catchment = edition.catchments[code]
        return {
            "type": "catchment",
            "code": code,
            "school_id": None,
            "name": catchment.name,
            "lng": None,
            "lat": None,
        }
    school = next((s for s in schools if str(s.school_id) == asked), None)
    return school and {
        "type": "school",
        "code": code_of.get(school.school_id),
        "school_id": school.school_id,
        "name": school.name,
        "lng": school.place.lng if school.place else None,
        "lat": school.place.lat if school.place else None,
    }


@pytest.fixture(scope="session")
def live_url() -> Iterator[str]:
    """The address of a running application with the made-up edition."""
    app = stub_app(
        made_up_edition(), made_up_schools(), {54: "AA-02", 55: "AA-04", 56: "AA-06", 498: "AA-00"}
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium at /usr/bin/chromium: the map cannot be tried in a browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_FLAGS)
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

    def open_map(self, query: str = "") -> Page:
        self.page.goto(f"{self.url}/map{query}")
        self.page.wait_for_selector("#map-frame[data-ready]")
        return self.page


@pytest.fixture
def watched(browser: Browser, live_url: str) -> Iterator[Watched]:
    """A desktop page; when the test ends nothing may have been complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    watched = Watched(context, live_url)
    yield watched
    context.close()
    assert watched.complaints == []
