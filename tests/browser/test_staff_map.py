"""The map of a draft in Chromium: before and after, drawing by hand, by point and by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import Browser, Page, expect

from catchments.changes import MoveSchools, TransferArea
from catchments.people import Role
from catchments.store.desk import Desk, Seen
from tests.browser.conftest import (
    Watched,
    made_up_edition,
    made_up_schools,
    served,
    violations,
)
from tests.staff import PASSWORD, add_person
from tests.worlds import opened, publish_whole, real_artefacts, small_release, sqlite_url

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def staff_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with a draft, number 1, that redraws and moves a school."""
    path: Path = tmp_path_factory.mktemp("staff-map") / "made-up.sqlite"
    edition = made_up_edition()
    with opened(sqlite_url(path)) as store:
        schools = {school.school_id: school for school in made_up_schools()}
        store.add_release(small_release(schools=schools))
        publish_whole(store, edition, artefacts=real_artefacts(edition))
        hana, desk = add_person(store, "hana", Role.EDITOR), Desk(store)
        desk.begin(title="A draft", reason="A reason", base_number=1, by=hana)
        area = shapely.box(172.8, -40.8, 173.2, -40.4)
        for change in (TransferArea(area, "AA-01", ("AA-00",)), MoveSchools((54,), "AA-01")):
            desk.add(1, change, "Changed.", seen=Seen(hana, desk.draft(1).version))
    with served(path) as url:
        yield url


@pytest.fixture
def staff(browser: Browser, staff_url: str) -> Iterator[Watched]:
    """A page of somebody signed in; at the end nothing may have been complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    watched = Watched(context, staff_url)
    page = watched.open("/staff/sign-in")
    page.fill("[name=login]", "hana")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(re.compile("/staff/?$"))
    yield watched
    context.close()
    assert watched.complaints == []


def map_on(staff: Watched, path: str) -> Page:
    page = staff.open(path)
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


def test_the_draft_s_map_shows_what_is_redrawn_and_who_moves(staff: Watched) -> None:
    page = map_on(staff, "/staff/drafts/1")
    expect(page.locator("path.staff-changed")).to_have_count(1)
    expect(page.locator("path.staff-moved")).to_have_count(1)
    after = page.locator("path.staff-redrawn").first.get_attribute("d")
    page.get_by_role("radio", name="Before").check()
    assert page.locator("path.staff-redrawn").first.get_attribute("d") != after
    assert violations(page) == []


def test_a_link_of_a_warning_zooms_the_map_without_loading_the_page(staff: Watched) -> None:
    page = map_on(staff, "/staff/drafts/1")
    before = page.locator("path.staff-changed").get_attribute("d")
    page.locator("a.zoom").first.click()
    expect(page.locator("path.staff-changed")).not_to_have_attribute("d", before or "")
    assert "zoom=" not in page.url


def test_an_area_drawn_by_hand_is_written_into_the_form(staff: Watched) -> None:
    page = map_on(staff, "/staff/drafts/1/change/transfer-area")
    page.get_by_role("button", name="Draw by hand").click()
    drag_around(page)
    drawn = shapely.from_wkt(page.locator("#drawn").input_value())
    assert drawn.geom_type == "Polygon"
    assert drawn.is_valid
    assert drawn.area > 0
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#drawn").input_value() == ""


def test_an_area_is_drawn_with_the_keyboard_alone(staff: Watched) -> None:
    page = map_on(staff, "/staff/drafts/1/change/transfer-area")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.get_by_role("button", name="Set a point at the cross").press("Enter")
        page.locator("[data-canvas]").focus()
        for _ in range(3):
            page.keyboard.press(key)
            page.wait_for_timeout(50)
    page.get_by_role("button", name="Finish").press("Enter")
    assert shapely.from_wkt(page.locator("#drawn").input_value()).area > 0


def test_a_line_is_drawn_point_by_point(staff: Watched) -> None:
    page = map_on(staff, "/staff/drafts/1/change/split-catchment")
    page.locator("[data-canvas]").scroll_into_view_if_needed()
    box = canvas(page)
    for share in (0.3, 0.7):
        page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        page.wait_for_timeout(400)  # two clicks sooner are a double click
    page.get_by_role("button", name="Finish").click()
    line = shapely.from_wkt(page.locator("#drawn").input_value())
    assert (line.geom_type, shapely.get_num_coordinates(line)) == ("LineString", 2)


def test_schools_are_chosen_by_drawing_around_them(staff: Watched) -> None:
    page = map_on(staff, "/staff/drafts/1/change/move-schools")
    page.get_by_role("button", name="Zoom out").click()
    page.get_by_role("button", name="Draw around schools").click()
    drag_around(page)
    chosen = page.locator("#numbers").input_value().split()
    assert "54" in chosen
    assert set(chosen) <= {"54", "55", "56"}


def test_without_script_a_link_shows_a_picture(browser: Browser, staff_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{staff_url}/staff/sign-in")
    page.fill("[name=login]", "hana")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.goto(f"{staff_url}/staff/drafts/1")
    expect(page.locator("[data-staff-map]")).to_be_hidden()
    page.locator("a.zoom").first.click()
    expect(page.locator("figure.zoomed svg.locator")).to_be_visible()
    context.close()
