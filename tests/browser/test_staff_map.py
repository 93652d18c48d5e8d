"""The map of a draft in Chromium: before and after, drawing by hand, by point and by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from playwright.sync_api import Page, expect

from tests.browser.windows import Watched, violations
from tests.staff import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


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
