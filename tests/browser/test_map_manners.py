"""Manners of the map: fingers, wheel, keys, its address, the search over it, the whole screen."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pikepdf
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_map import asked_for, click_at
from tests.browser.windows import DESKTOP, PHONE, Watched

pytestmark = pytest.mark.browser

COUNTRY_VIEW = re.compile(r"#\d+(\.\d+)?/-\d\d\.\d{4}/17\d\.\d{4}$")


def view(page: Page) -> list[float]:
    """The middle of the map and its zoom."""
    got: list[float] = page.evaluate(
        "() => { const {lat, lng} = map_catchments.getCenter();"
        " return [lat, lng, map_catchments.getZoom()]; }"
    )
    return got


def set_view(page: Page, lat: float, lng: float, zoom: float) -> None:
    page.evaluate(
        "([lat, lng, zoom]) => map_catchments.setView([lat, lng], zoom)", [lat, lng, zoom]
    )


def typed(page: Page, text: str) -> None:
    """Type into the search over the map, and send it without a look at what is suggested."""
    page.fill("#q", text)
    page.press("#q", "Enter")


# --- fingers --------------------------------------------------------------------------------------


@pytest.fixture
def touched(browser: Browser, live_url: str) -> Iterator[Watched]:
    """A telephone with its fingers. Chromium complains of Leaflet when they are quick."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    with Watched(context, live_url).lent(may_complain=True) as window:
        window.page.set_viewport_size(PHONE)
        yield window
    context.close()


def drag(page: Page, fingers: Sequence[tuple[float, float]], by: tuple[float, float]) -> None:
    """Put fingers down and move them together, as a screen reports it."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, step: float) -> None:
        points = [
            {"x": x + by[0] * step, "y": y + by[1] * step, "id": at}
            for at, (x, y) in enumerate(fingers)
        ]
        given = {"type": kind, "touchPoints": [] if kind == "touchEnd" else points}
        session.send("Input.dispatchTouchEvent", given)

    send("touchStart", 0)
    for step in range(1, 11):
        send("touchMove", step / 10)
    send("touchEnd", 1)


def test_one_finger_scrolls_the_page_two_move_the_map_and_the_pin_lies_above_the_sheet(
    touched: Watched,
) -> None:
    page = touched.open_map()
    before = view(page)
    drag(page, [(200, 600)], (0, -250))
    page.wait_for_function("scrollY > 100")
    assert view(page) == before
    expect(page.locator("#map-tip")).to_have_text("Use two fingers to move the map")

    page.evaluate("scrollTo(0, 0)")
    drag(page, [(150, 500), (250, 500)], (0, -100))
    page.wait_for_function("(lat) => map_catchments.getCenter().lat < lat - 0.5", arg=before[0])

    page = touched.open_map("?school=54")
    pin, sheet = (page.locator(each).bounding_box() for each in (".map-pin", "#answer"))
    assert pin is not None
    assert sheet is not None
    assert pin["y"] + pin["height"] < sheet["y"] < PHONE["height"] - 100
    page.locator("#answer").evaluate("(sheet) => sheet.scrollTo(0, sheet.scrollHeight)")
    expect(page.locator("#answer [data-close]")).to_be_in_viewport()


# --- wheel, mouse and keys ------------------------------------------------------------------------


def test_the_wheel_zooms_only_with_ctrl_and_the_view_stands_in_the_address(
    watched: Watched,
) -> None:
    page = watched.open_map()
    assert COUNTRY_VIEW.search(page.url)
    before = view(page)
    page.mouse.move(500, 400)
    page.mouse.wheel(0, 120)
    expect(page.locator("#map-tip")).to_have_text(re.compile("Hold (Ctrl|⌘) and turn the wheel"))
    assert view(page) == before
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    page.wait_for_function("(zoom) => map_catchments.getZoom() > zoom", arg=before[2])
    expect(page).to_have_url(re.compile(f"#{view(page)[2]:.4g}/"))


def test_the_view_never_leaves_the_country(watched: Watched) -> None:
    page = watched.open_map("#9/-41/172.5")
    for _ in range(3):
        page.evaluate("map_catchments.panBy([1500, -900], {animate: false})")
    seen = page.evaluate(
        "Array.from(map_catchments.areas.parts.values()).some("
        "({bounds}) => map_catchments.getBounds().intersects(bounds))"
    )
    assert seen


def test_the_cross_names_what_is_under_it_and_enter_chooses_it(watched: Watched) -> None:
    page = watched.open_map("#8/-40.5/174.5")
    expect(page.locator(".map-cross")).to_be_hidden()
    click_at(page, -46.0, 178.0)
    expect(page.locator(".map-cross")).to_be_hidden()
    page.locator("#map_catchments").press("ArrowUp")
    expect(page.locator(".map-cross")).to_be_visible()
    page.locator("#map_catchments").press("ArrowDown")
    expect(page.locator("#map-hover")).to_contain_text("Provider of Rimu")
    page.locator("#map_catchments").press("Enter")
    expect(page.locator("#answer h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#map_catchments")).to_be_focused()
    # At sea there is nothing to choose: the cross is taken to the nearest land.
    page.evaluate("map_catchments.setView([-40.5, 170.5], 8)")
    expect(page.locator("#map-hover")).to_be_hidden()
    page.locator("#map_catchments").press("Enter")
    expect(page.locator("#map-hover")).to_contain_text("Provider of")
    # Into the layers that were opened, and out of them again.
    page.locator(".leaflet-control-layers-toggle").press("Enter")
    expect(page.locator(".leaflet-control-layers input").first).to_be_focused()
    page.locator(".map-legend summary").focus()
    expect(page.locator(".leaflet-control-layers-expanded")).to_have_count(0)


# --- the address ----------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["#99/999/999", "#5/50/10", "#a/b/c", "#//", "#1e9/-41/174"])
def test_an_address_that_shows_nothing_is_put_right(wrong: str, watched: Watched) -> None:
    watched.open("/history")  # or no page would be loaded, where a test before left the map
    page = watched.open_map(wrong)
    expect(page).to_have_url(COUNTRY_VIEW)
    assert page.evaluate("map_catchments.getBounds().contains([-41, 174])")
    set_view(page, -40.5, 174.5, 9)
    page.evaluate("(wrong) => { location.hash = wrong; }", wrong)
    expect(page).to_have_url(re.compile(r"#9/-40\.5000/174\.5000$"))


def test_back_and_forward_lead_through_what_was_chosen_places_too(watched: Watched) -> None:
    page = watched.open_map()
    place = page.locator("#answer .answer-place")
    typed(page, "-40.5123 172.5123")
    expect(place).to_have_text("40.5123° S, 172.5123° E")
    expect(page.locator(".map-pin")).to_be_visible()
    assert pytest.approx([-40.5123, 172.5123, 14], abs=0.01) == view(page)
    typed(page, "54")
    expect(place).to_have_text("Kura o te Rimu (school 54)")
    assert asked_for(page).endswith("/map?school=54")
    page.locator("#answer [data-close]").click()
    expect(page.locator("#answer")).to_contain_text("Nothing chosen yet")
    page.go_back()
    expect(place).to_have_text("Kura o te Rimu (school 54)")
    page.go_back()
    expect(place).to_have_text("40.5123° S, 172.5123° E")
    assert pytest.approx([-40.5123, 172.5123], abs=0.01) == view(page)[:2]
    page.reload()
    page.wait_for_selector("#map-frame[data-ready]")
    expect(place).to_have_text("40.5123° S, 172.5123° E")
    page.go_forward()
    expect(place).to_have_text("Kura o te Rimu (school 54)")
    # A link within the page is no step through what was chosen.
    page.evaluate("location.hash = 'main'")
    expect(page).to_have_url(COUNTRY_OR_CLOSER)
    expect(place).to_have_text("Kura o te Rimu (school 54)")


COUNTRY_OR_CLOSER = re.compile(r"\?school=54#\d+(\.\d+)?/-?\d+\.\d{4}/-?\d+\.\d{4}$")


def test_the_link_that_is_copied_names_what_is_seen(watched: Watched) -> None:
    watched.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.open_map("?catchment=AA-02")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#map-copied")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    watched.context.clear_permissions()


# --- the search over the map ----------------------------------------------------------------------


def test_the_search_over_the_map_takes_whatever_is_typed(watched: Watched) -> None:
    page = watched.open_map()
    heading = page.locator("#answer h2")
    for text, provider in {
        "Kura o te Rimu": "Provider of Rimu",
        "Kōwhai": "Provider of Kōwhai",
        "Provider of Kauri": "Provider of Kauri",
        "1 High Street, Ahitown": "Provider of Ahi",
        "40.5123° S, 174.5123° E": "Provider of Rimu",
    }.items():
        typed(page, text)
        expect(heading).to_have_text(provider)
        expect(heading).to_be_focused()
    # One place that may lie in several catchments is shown with all of them.
    typed(page, "12 Edge Road, Ahitown")
    expect(heading).to_have_text("In one of these catchments")
    expect(heading).to_be_focused()
    expect(page.locator("#answer dl.facts dt")).to_have_text(["Ahi", "Kōwhai"])
    # What is no place is told by the finder's own page.
    typed(page, "Nowhere at all")
    page.wait_for_url("**/?q=Nowhere+at+all*")


def test_the_whole_screen_has_the_search_and_the_answer(watched: Watched) -> None:
    page = watched.open_map("?school=54")
    page.get_by_role("button", name="Full screen").click()
    leave = page.get_by_role("button", name="Leave full screen")
    expect(leave).to_be_visible()
    typed(page, "Mātai")
    expect(page.locator("#answer .answer-place")).to_have_text("Mātai")
    expect(page.locator("#answer [data-close]")).to_be_in_viewport()
    leave.click()
    expect(page.locator(".finder-list")).to_be_visible()


# --- where one is ---------------------------------------------------------------------------------


def test_the_browser_is_asked_where_it_is_only_when_the_button_is_pressed(watched: Watched) -> None:
    context: Any = watched.context
    context.grant_permissions(["geolocation"])
    context.set_geolocation({"latitude": -40.5, "longitude": 172.95, "accuracy": 9_000})
    page = watched.open_map()
    expect(page.locator("#answer")).to_contain_text("Nothing chosen yet")
    watched.requests.clear()
    page.get_by_role("button", name="Where I am").click()
    place = page.locator("#answer .answer-place")
    expect(place).to_contain_text("Where you are, to within 9,000 metres.")
    expect(place).to_contain_text("you may also be in: Kōwhai.")
    assert not [url for url in watched.requests if "40.5" in url or "172.9" in url]

    tip = page.locator("#map-tip")
    context.set_geolocation({"latitude": 51.5, "longitude": 0.0})
    page.get_by_role("button", name="Where I am").click()
    expect(tip).to_have_text("You are outside New Zealand, or your browser thinks so.")
    context.clear_permissions()
    page.get_by_role("button", name="Where I am").click()
    expect(tip).to_have_text(re.compile("does not say where you are"))
    expect(page.locator("#map-hint")).to_have_text(re.compile("Type an address instead"))


# --- what is drawn --------------------------------------------------------------------------------


def test_what_lies_in_the_box_is_not_drawn_on_the_map_as_well(watched: Watched) -> None:
    page = watched.open_map()
    drawn = "map_catchments.areas.parts.get('AA-06').layer.getLatLngs().flat(2).length"
    box = page.locator(".map-inset svg")
    # The square reaches across 180°, so it is no island far out: it stays where it is.
    expect(box).to_be_hidden()
    assert page.evaluate(drawn) > 0
    page.evaluate(
        """() => {
          const part = map_catchments.areas.parts.get('AA-06');
          part.polygons = [[[[-44.3, 183.1], [-43.7, 183.1], [-43.7, 184]]]];
          part.bounds = L.latLngBounds(part.polygons[0][0]);
          map_catchments.areas.fire('drawn');
        }"""
    )
    expect(box).to_be_visible()
    assert page.evaluate(drawn) == 0
    page.get_by_role("button", name="Chatham Islands").click()
    expect(box).to_be_hidden()
    assert page.evaluate(drawn) > 0


def test_colours_mean_regions_providers_or_nothing(watched: Watched) -> None:
    page = watched.open_map()
    legend = page.locator(".map-legend")
    legend.locator("summary").click()
    fills = (
        "Array.from(document.querySelectorAll('.leaflet-overlay-pane .catchment'),"
        " (each) => getComputedStyle(each).fill)"
    )
    regions = page.evaluate(fills)
    assert len(set(regions)) == 2
    expect(legend).to_contain_text("Tai Tokerau")
    legend.get_by_label("Provider").check()
    assert not set(page.evaluate(fills)) & set(regions)
    expect(legend).to_contain_text("The catchments of one provider have one colour.")
    legend.get_by_label("Nothing").check()
    assert len(set(page.evaluate(fills))) == 1


def test_the_map_prints_whole_on_one_page_with_its_answer(watched: Watched) -> None:
    page = watched.open_map("?school=54")
    with pikepdf.open(io.BytesIO(page.pdf(format="A4"))) as printed:
        assert len(printed.pages) == 1
    width = page.locator("#map-frame").evaluate("(frame) => frame.offsetWidth")
    assert width == page.locator("#map-column").evaluate("(column) => column.offsetWidth")
    page.set_viewport_size(DESKTOP)


def test_names_are_shown_in_full_where_their_area_is_in_part(watched: Watched) -> None:
    page = watched.open_map("#10/-40.5/172.2")
    expect(page.locator(".name-catchment", has_text="AHI")).to_be_visible()
    # Its middle is off the screen: the name stands in what is seen of it.
    assert not page.evaluate("map_catchments.getBounds().contains([-40.5, 172.9])")


# --- what Leaflet would call itself again for, until nothing is left to call it with --------------


def test_a_map_that_is_folded_away_and_unfolded_stays_where_it_was(watched: Watched) -> None:
    page = watched.open_map()
    before = view(page)
    for high in ("0", ""):
        page.evaluate(
            "(high) => { const {style} = map_catchments.getContainer();"
            " style.height = style.minHeight = high; map_catchments.invalidateSize(); }",
            high,
        )
    assert view(page) == pytest.approx(before, abs=0.05)  # to the pixel


def test_lines_are_simplified_as_leaflet_does_and_however_many_corners_stay(
    watched: Watched,
) -> None:
    page = watched.open_map()
    page.evaluate(
        """() => { window.simplified = (points) => {
             const line = L.polyline([], {smoothFactor: 1.5});
             line._parts = [points];
             line._simplifyPoints();
             return line._parts[0]; }; }"""
    )
    differing = page.evaluate(
        """() => Array.from({length: 300}, (_, seed) => {
             let state = seed + 1;
             const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
             const place = (_, at) => L.point(at * next(), 9 * next());
             const points = Array.from({length: seed % 60}, place);
             const [ours, its] = [simplified(points), L.LineUtil.simplify(points, 1.5)];
             return JSON.stringify(ours) === JSON.stringify(its);
           }).filter((same) => !same).length"""
    )
    assert differing == 0
    place = "(_, at) => L.point(3 * at, (at % 2 ? 2 : -2) * (15000 - at))"
    stay = page.evaluate(f"simplified(Array.from({{length: 15000}}, {place})).length")
    assert stay == 15_000
