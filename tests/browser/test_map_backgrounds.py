"""Backgrounds of the map in Chromium, from a tile server here that is fine, slow or wrong."""

from __future__ import annotations

import base64
import io
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.made_up import DATABASE, made_up_world
from tests.browser.windows import SAVES_DATA
from tests.serving import serving
from tests.waiting import PATIENCE_MS, PATIENCE_S

pytestmark = pytest.mark.browser

CREDIT = '<b>{{7*191}}</b> "${7*191}" \'</script> © CC BY 4.0'
KEY = "k-123"


def _picture(side: int) -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (side, side), (90, 140, 90)).save(kept, "PNG")
    return kept.getvalue()


TILE, HUGE = _picture(256), _picture(5_000)
SMALL = base64.b64decode("R0lGODlhAQABAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
WRONG: dict[str, tuple[int, str, bytes]] = {
    "not there": (404, "text/plain", b"no"),
    "broken": (500, "text/plain", b"no"),
    "a page": (200, "text/html", b"<!doctype html><script>alert(1)</script>"),
    "huge": (200, "image/png", HUGE),
    "a dot": (200, "image/gif", SMALL),
}


class TileServer(ThreadingHTTPServer):
    """A server of tiles that does as a test says, and keeps what it was asked and by whom."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Tiles)
        self.as_new()

    def as_new(self, answer: tuple[int, str, bytes] = (200, "image/png", TILE)) -> None:
        self.answer, self.first_alone = answer, False
        self.asked: list[tuple[str, str | None]] = []
        self.goes_on = threading.Event()
        self.goes_on.set()


class Tiles(BaseHTTPRequestHandler):
    server: TileServer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Referer")))
        self.server.goes_on.wait(PATIENCE_S)
        status, kind, content = self.server.answer
        if self.server.first_alone and len(self.server.asked) > 1:
            status, kind, content = WRONG["not there"]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        with suppress(OSError):  # the browser may have gone
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def _tile_server() -> Iterator[TileServer]:
    with TileServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.goes_on.set()
        server.shutdown()


@pytest.fixture(scope="module")
def world(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, str, TileServer, list[str]]]:
    """A page, the service's address, the tile server, and what the browser complained of."""
    folder = tmp_path_factory.mktemp("tiles") / "made-up"
    shutil.copytree(made_up_world(), folder)
    with _tile_server() as tiles:
        at = f"http://127.0.0.1:{tiles.server_port}"
        settings: dict[str, Any] = {
            "CATCHMENTS_TILES": f"map={at}/topo/{{z}}/{{x}}/{{y}}.png?api={{key}} "
            f"aerial={at}/aerial/{{TileMatrix}}/{{TileRow}}/{{TileCol}}",
            "CATCHMENTS_TILES_KEY": KEY,
            "CATCHMENTS_TILES_ATTRIBUTION": f"{CREDIT} https://tiles.example/terms",
        }
        with serving(folder / DATABASE, **settings) as server:
            page = browser.new_page(reduced_motion="reduce")
            complaints: list[str] = []
            page.on("console", lambda told: complaints.append(told.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            yield page, server.url, tiles, complaints
            page.close()


def opened(page: Page, url: str) -> None:
    page.goto(f"{url}/map")
    page.wait_for_selector("#map-frame[data-ready]")


def expect_whole(page: Page) -> None:
    """All that the map has without tiles is on it, as it is without them."""
    expect(page.locator("path.catchment").first).to_be_visible()
    expect(page.locator("#map-frame")).not_to_have_attribute("data-background", "map")
    expect(page.get_by_role("radio", name="Plain")).to_be_checked()
    expect(page.get_by_role("status").filter(has_text="This background cannot")).to_have_count(1)


def test_tiles_lie_below_the_map_and_their_source_is_credited_as_text(world: Any) -> None:
    page, url, tiles, complaints = world
    tiles.as_new()
    complaints.clear()
    opened(page, url)
    expect(page.locator("#map-frame")).to_have_attribute("data-background", "map")
    link = page.locator(".leaflet-control-attribution a").last
    expect(link).to_have_text(CREDIT)
    expect(link).to_have_attribute("href", "https://tiles.example/terms")
    assert tiles.asked[0][0].startswith("/topo/6/")
    assert {path.rpartition("?")[2] for path, _ in tiles.asked} == {f"api={KEY}"}
    assert {referrer for _, referrer in tiles.asked} == {None}
    # By keyboard; what is not chosen is not asked for.
    page.get_by_role("radio", name="Map", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#map-frame")).to_have_attribute("data-background", "aerial")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Plain")).to_be_checked()
    expect(page.locator(".leaflet-tile")).to_have_count(0)
    expect(link).not_to_have_text(CREDIT)
    assert not complaints


def test_whoever_saves_data_has_no_background_before_they_choose_one(
    browser: Browser, world: Any
) -> None:
    _, url, tiles, _ = world
    tiles.as_new()
    page = browser.new_page(reduced_motion="reduce")
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(SAVES_DATA)
    opened(page, url)
    page.wait_for_load_state("networkidle")
    assert tiles.asked == []
    page.get_by_role("radio", name="Map", exact=True).check()
    expect(page.locator("#map-frame")).to_have_attribute("data-background", "map")
    page.close()


@pytest.mark.parametrize("wrong", WRONG)
def test_a_server_that_is_wrong_is_asked_once_and_the_map_is_whole(world: Any, wrong: str) -> None:
    page, url, tiles, complaints = world
    page.goto("about:blank")  # what the last map still asks for is not this one's
    tiles.as_new(WRONG[wrong])
    complaints.clear()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    opened(page, url)
    expect_whole(page)
    assert len([each for each in asked if f":{tiles.server_port}/" in each]) == 1
    assert len(complaints) <= 1
    assert not [told for told in complaints if "Failed to load resource" not in told]
    # It may be tried again; a picture that came is kept by the browser for as long as the page.
    if WRONG[wrong][1].startswith("image/"):
        return
    tiles.as_new()
    page.get_by_role("radio", name="Map", exact=True).check()
    expect(page.locator("#map-frame")).to_have_attribute("data-background", "map")
    expect(page.get_by_role("status").filter(has_text="This background")).to_have_count(0)


def test_a_server_that_has_one_tile_and_no_other_is_left_alone(world: Any) -> None:
    page, url, tiles, _ = world
    tiles.as_new()
    tiles.first_alone = True
    opened(page, url)
    expect_whole(page)


def test_a_slow_server_is_waited_for_beside_a_map_that_works(world: Any) -> None:
    page, url, tiles, _ = world
    tiles.as_new()
    tiles.goes_on.clear()
    opened(page, url)
    expect(page.locator("path.catchment").first).to_be_visible()
    assert page.locator("#map-frame").get_attribute("data-background") is None
    tiles.goes_on.set()
    expect(page.locator("#map-frame")).to_have_attribute("data-background", "map")


def test_a_server_that_never_answers_is_given_up(world: Any) -> None:
    page, url, tiles, _ = world
    tiles.as_new()
    tiles.goes_on.clear()
    # Its patience is in the script that Folium wrote.
    page.route(
        "**/map.js*",
        lambda route: route.fulfill(
            response=(kept := route.fetch()), body=kept.text().replace("10000", "300")
        ),
    )
    opened(page, url)
    expect_whole(page)
    page.unroute_all()


def test_the_policy_names_the_host_where_the_map_is_and_nowhere_else(world: Any) -> None:
    page, url, tiles, _ = world
    at = f"http://127.0.0.1:{tiles.server_port}"
    policies = {
        path: page.request.get(url + path).headers["content-security-policy"]
        for path in ("/map", "/", "/catchments", "/api")
    }
    allowed = {path: f"img-src 'self' data: {at};" in told for path, told in policies.items()}
    assert allowed == {"/map": True, "/": True, "/catchments": False, "/api": False}
    for kept in ("/map.js", "/downloads/1/map.html"):
        assert KEY not in page.request.get(url + kept).text()
