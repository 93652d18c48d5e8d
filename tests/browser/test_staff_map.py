"""The map of a draft in Chromium: before and after, drawing by hand, by point and by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browser.windows import PHONE, Watched, violations
from tests.staff import PASSWORD

pytestmark = pytest.mark.browser


def map_on(hana: Watched, path: str) -> Page:
    page = hana.open(path)
    page.wait_for_selector("[data-staff-map][data-ready]", state="attached")
    return page


def canvas(page: Page) -> Any:
    box = page.locator("[data-canvas]").bounding_box()
    assert box
    return box


def drag_around(page: Page) -> None:
    page.locator("[data-canvas]").scroll_into_view_if_needed()
    box = canvas(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    wide, high = box["width"] * 0.42, box["height"] * 0.42
    page.mouse.move(x - wide, y - high)
    page.mouse.down()
    for dx, dy in ((wide, -high), (wide, high), (-wide, high)):
        page.mouse.move(x + dx, y + dy, steps=12)
    page.mouse.up()


@pytest.mark.thorough
def test_the_draft_s_map_shows_what_is_redrawn_and_who_moves(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1")
    expect(page.locator("path.staff-changed")).to_have_count(1)
    expect(page.locator("path.staff-moved")).to_have_count(1)
    after = page.locator("path.staff-redrawn").first.get_attribute("d")
    page.get_by_role("radio", name="Before").check()
    assert page.locator("path.staff-redrawn").first.get_attribute("d") != after
    assert violations(page) == []


def test_a_link_of_a_warning_zooms_the_map_without_loading_the_page(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1")
    before = page.locator("path.staff-changed").get_attribute("d")
    page.locator("a.zoom").first.click()
    expect(page.locator("path.staff-changed")).not_to_have_attribute("d", before or "")
    assert "zoom=" not in page.url


def test_an_area_drawn_by_hand_is_written_into_the_form(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/transfer-area")
    page.get_by_role("button", name="Draw by hand").click()
    drag_around(page)
    drawn = shapely.from_wkt(page.locator("#drawn").input_value())
    assert drawn.geom_type == "Polygon"
    assert drawn.is_valid
    assert drawn.area > 0
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#drawn").input_value() == ""


def test_an_area_is_drawn_with_the_keyboard_alone(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/transfer-area")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.get_by_role("button", name="Set a point at the cross").press("Enter")
        page.locator("[data-canvas]").focus()
        for _ in range(3):
            page.keyboard.press(key)
            expect(page.locator(".leaflet-pan-anim")).to_have_count(0)  # it stands still again
    page.get_by_role("button", name="Finish").press("Enter")
    assert shapely.from_wkt(page.locator("#drawn").input_value()).area > 0


def test_a_line_is_drawn_point_by_point(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/split-catchment")
    page.locator("[data-canvas]").scroll_into_view_if_needed()
    box = canvas(page)
    for share in (0.3, 0.7):  # each is the first of its kind: Playwright makes no double click
        page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
    page.get_by_role("button", name="Finish").click()
    line = shapely.from_wkt(page.locator("#drawn").input_value())
    assert (line.geom_type, shapely.get_num_coordinates(line)) == ("LineString", 2)


@pytest.mark.thorough
def test_schools_are_chosen_by_drawing_around_them(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/move-schools")
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Draw around schools").click()
    drag_around(page)
    chosen = page.locator("#numbers").input_value().split()
    assert "54" in chosen
    assert set(chosen) <= {"54", "55", "56"}


def test_without_script_a_link_shows_a_picture(plain: Page, live_url: str) -> None:
    page = plain
    page.goto(f"{live_url}/staff/sign-in")
    page.fill("[name=login]", "hana")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.goto(f"{live_url}/staff/drafts/1")
    expect(page.locator("[data-staff-map]")).to_be_hidden()
    page.locator("a.zoom").first.click()
    expect(page.locator("figure.zoomed svg.locator")).to_be_visible()


def test_corners_are_dragged_put_in_taken_out_undone_and_done_again(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/transfer-area")
    page.locator("[data-canvas]").scroll_into_view_if_needed()
    box = canvas(page)

    def at(x: float, y: float) -> tuple[float, float]:
        return box["x"] + box["width"] * x, box["y"] + box["height"] * y

    def corners() -> int:
        return shapely.get_num_coordinates(drawn()) - 1

    def drawn() -> Any:
        return shapely.from_wkt(page.locator("#drawn").input_value())

    for place in ((0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.3)):  # the first once more closes it
        page.mouse.click(*at(*place))
        page.mouse.move(*at(0.5, 0.9))
    assert corners() == 3
    before = drawn().area
    for start, end in (((0.6, 0.6), (0.7, 0.7)), ((0.45, 0.3), (0.45, 0.2))):  # a corner, a side
        page.mouse.move(*at(*start))
        page.mouse.down()
        page.mouse.move(*at(*end), steps=4)
        page.mouse.up()
    assert (corners(), drawn().area > before) == (4, True)
    page.mouse.click(*at(0.45, 0.2), button="right")
    assert corners() == 3
    page.get_by_role("button", name="Undo").click()
    assert corners() == 4
    page.get_by_role("button", name="Redo").click()
    assert corners() == 3
    expect(page.locator("[data-sums] [role=status]")).to_contain_text("km²")
    page.get_by_label("The catchment that gets the area").select_option(index=1)
    expect(page.locator("[data-sums] tbody tr").last).to_contain_text("gets")
    assert violations(page) == []


SNAPPED = """([lines, asked, reach]) => {
  const index = L.catchments.snapIndex(lines);
  const found = index.nearest(asked, reach);
  return found && [found.kind, ...found.place.map((each) => Math.round(each * 1e6) / 1e6)];
}"""
SQUARE = [[[-41, 174], [-41, 175], [-42, 175], [-42, 174], [-41, 174]]]


def test_a_place_snaps_to_a_corner_before_a_side_and_to_neither_from_afar(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/transfer-area")
    cases = {
        (-41.004, 174.004): ["corner", -41, 174],
        (-41.004, 174.5): ["side", -41, 174.5],
        (-41.5, 174.5): None,
        (-10.0, 100.0): None,
    }
    for asked, expected in cases.items():
        assert page.evaluate(SNAPPED, [SQUARE, list(asked), 0.01]) == expected, asked
    assert page.evaluate(SNAPPED, [[], [-41, 174], 0.01]) is None
    way = """([lines, from, to]) => {
      const index = L.catchments.snapIndex(lines);
      return index.between(index.nearest(from, 0.01), index.nearest(to, 0.01));
    }"""
    # The shorter way round, past the corner where the ring begins.
    assert page.evaluate(way, [SQUARE, [-41.2, 174], [-41, 174.2]]) == [[-41, 174]]
    assert page.evaluate(way, [SQUARE, [-41, 174.8], [-41.2, 175]]) == [[-41, 175]]


def test_corners_by_the_hundred_thousand_are_snapped_to_as_brute_force_would(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/transfer-area")
    wrong = page.evaluate("""() => {
      // As a boundary goes, from corner to corner; every hundredth lies right across from the rest.
      const leap = (at) => (at % 100 ? at * 1e-4 : at * 0.7);
      const wave = (at) => [-41 + Math.sin(leap(at)) + at * 1e-6, 174 + Math.cos(leap(at) * 1.3)];
      const line = Array.from({ length: 100000 }, (_, at) => wave(at));
      const index = L.catchments.snapIndex([line]);
      const far = ([lat, lng], [y, x]) => Math.hypot(lat - y, (lng - x) * 0.75);
      let wrong = 0;
      for (let at = 0; at < 40; at += 1) {
        const asked = [-41 + Math.sin(at) * 0.9, 174 + Math.cos(at * 3) * 0.9];
        const best = line.reduce((least, each) => Math.min(least, far(each, asked)), Infinity);
        const found = index.nearest(asked, 0.5);
        if (!found || found.kind !== "corner" || Math.abs(found.far - best) > 1e-9) wrong += 1;
      }
      return wrong;
    }""")
    assert wrong == 0


def test_a_place_that_is_searched_for_is_shown_and_nothing_is_sent(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/transfer-area")
    address = page.url
    page.get_by_label("Go to a place").fill("54")
    page.get_by_label("Go to a place").press("Enter")
    expect(page.locator("[data-said]")).to_contain_text("Shown on the map")
    assert page.url == address


def test_an_outline_with_a_hole_is_kept_and_said_not_to_be_shown(hana: Watched) -> None:
    page = map_on(hana, "/staff/drafts/1/change/transfer-area")
    hole = "POLYGON ((174 -36, 175 -36, 175 -37, 174 -36), (174.7 -36.2, 174.8 -36.2, 174.8 -36.3))"
    page.locator("#drawn").fill(hole)
    page.locator("#drawn").blur()
    expect(page.locator("[data-said]")).to_contain_text("is not shown or changed on this map")
    assert page.locator("#drawn").input_value() == hole


def test_on_a_phone_long_parts_are_folded_and_there_is_a_list_of_them(hana: Watched) -> None:
    page = hana.open("/staff/drafts/1")
    expect(page.get_by_role("link", name="Rename a catchment")).to_be_visible()
    expect(page.get_by_text("kinds of changes")).to_be_hidden()
    page.set_viewport_size(PHONE)
    page.reload()
    expect(page.get_by_role("link", name="Rename a catchment")).to_be_hidden()
    page.get_by_role("navigation", name="On this page").get_by_text("Add a change").click()
    page.get_by_text("kinds of changes").click()
    expect(page.get_by_role("link", name="Rename a catchment")).to_be_visible()
    assert violations(page) == []
