"""The map page in Chromium. The fixture `watched` fails a test that made the browser complain."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.made_up import HOSTILE
from tests.worked_out import is_worked_out

pytestmark = pytest.mark.browser


def click_at(page: Page, lat: float, lng: float) -> None:
    """Click the map at a place: Folium's script has its one global name."""
    point = page.evaluate(
        "([lat, lng]) => { const p = map_catchments.latLngToContainerPoint([lat, lng]);"
        " const r = map_catchments.getContainer().getBoundingClientRect();"
        " return [r.x + p.x, r.y + p.y]; }",
        [lat, lng],
    )
    page.mouse.click(point[0], point[1])


def asked_for(page: Page) -> str:
    """The address without the view, which is what somebody chose."""
    return str(page.url).partition("#")[0]


def tab_to(page: Page, selector: str, limit: int = 40) -> None:
    for _ in range(limit):
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} was not reached by {limit} tabs")


def test_a_click_on_a_catchment_gives_its_provider_and_phone(watched: Any) -> None:
    page = watched.open_map()
    click_at(page, -40.5, 172.5)
    answer = page.locator("#answer")
    expect(answer.locator("h2")).to_have_text("Provider of Ahi")
    expect(answer.locator(".answer-place")).to_have_text("Ahi catchment")
    expect(answer.get_by_role("link", name="0800 000 000")).to_have_attribute(
        "href", "tel:0800000000"
    )
    expect(answer.get_by_role("link", name="someone@provider.example")).to_have_attribute(
        "href", "mailto:someone@provider.example"
    )
    assert asked_for(page).endswith("/map?catchment=AA-00")


def test_hovering_names_catchment_provider_and_phone(watched: Any) -> None:
    page = watched.open_map()
    page.locator("path.catchment").nth(1).hover()
    expect(page.locator("#map-hover")).to_have_text("KōwhaiProvider of Kōwhai, 0800 000 000")
    assert page.locator("#map-hover").get_attribute("role") == "status"


def test_a_hostile_provider_is_shown_as_it_is_written(watched: Any) -> None:
    page = watched.open_map()
    click_at(page, -41.5, 173.2)
    expect(page.locator("#answer h2")).to_have_text(HOSTILE)
    expect(page.locator("#answer img, #answer b, #answer script")).to_have_count(0)
    expect(page.locator("a[href^='javascript']")).to_have_count(0)
    assert not is_worked_out(page.content())


def test_a_hostile_school_is_shown_as_it_is_written(watched: Any) -> None:
    page = watched.open_map("?school=55")
    expect(page.locator("#answer .answer-place")).to_contain_text(HOSTILE)
    page.wait_for_selector(".leaflet-schools-pane canvas", state="attached")
    click_at(page, -41.5, 173.5)
    expect(page.locator("#answer .answer-place")).to_have_text(f"{HOSTILE} (school 55)")
    page.mouse.move(0, 0)
    expect(page.locator("main img:not(.map-picture img), main b")).to_have_count(0)


def in_the_list(page: Page) -> Locator:
    """The link of Rimu in the list, its region unfolded."""
    page.locator(".finder-list summary", has_text="Tai Tokerau").click()
    return page.locator("a.choose[data-code='AA-02']")


def test_the_keyboard_alone_reaches_a_phone_number(watched: Any) -> None:
    page = watched.open_map()
    tab_to(page, ".finder-list summary")
    page.keyboard.press("Enter")
    tab_to(page, "a.choose[data-code='AA-02']")
    page.keyboard.press("Enter")
    expect(page.locator("#answer h2")).to_be_focused()
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")
    tab_to(page, "#answer a[href^='tel:']", limit=3)


def test_escape_goes_back_to_where_one_chose(watched: Any) -> None:
    page = watched.open_map()
    in_the_list(page).press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("a.choose[data-code='AA-02']")).to_be_focused()
    expect(page.locator("#answer")).to_contain_text("Nothing chosen yet")
    assert asked_for(page).endswith("/map")


def test_tab_passes_through_the_map_and_out_again(watched: Any) -> None:
    page = watched.open_map()
    tab_to(page, "#map_catchments")
    tab_to(page, ".finder-list summary", limit=30)
    page.keyboard.press("Shift+Tab")
    assert not page.evaluate("document.activeElement.matches('.finder-list summary')")


def test_a_school_in_the_url_opens_on_it(watched: Any) -> None:
    page = watched.open_map("?school=54")
    expect(page.locator("#answer .answer-place")).to_have_text("Kura o te Rimu (school 54)")
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")
    expect(page.locator("path.chosen-school")).to_be_visible()
    centre = page.evaluate("[map_catchments.getCenter().lat, map_catchments.getCenter().lng]")
    assert pytest.approx(centre, abs=0.01) == [-40.5, 174.5]


def test_a_school_without_a_place_still_has_its_answer(watched: Any) -> None:
    page = watched.open_map("?school=498")
    expect(page.locator("#answer h2")).to_have_text("Provider of Ahi")
    expect(page.locator("path.chosen-school")).to_have_count(0)


def test_a_catchment_in_the_url_opens_on_it(watched: Any) -> None:
    page = watched.open_map("?catchment=AA-06")
    expect(page.locator("#answer h2")).to_have_text("Provider of Rēkohu")
    assert 179 < page.evaluate("map_catchments.getCenter().lng") < 184


def test_the_chathams_are_one_press_away_and_so_is_the_way_back(watched: Any) -> None:
    page = watched.open_map()
    page.get_by_role("button", name="Chatham Islands").click()
    assert page.evaluate("map_catchments.getBounds().contains([-44, 183.5])")
    assert page.evaluate("map_catchments.getZoom()") > 8
    page.get_by_role("button", name="All New Zealand").click()
    assert page.evaluate("map_catchments.getBounds().contains([[-47, 166.5], [-34.4, 178.5]])")


def test_a_school_is_chosen_by_its_dot_and_proposed_ones_say_so(watched: Any) -> None:
    page = watched.open_map()
    with page.expect_response("**/schools/91_*.json"):
        page.evaluate("map_catchments.setView([-44.0, 183.0], 10)")
    page.wait_for_selector(".leaflet-schools-pane canvas", state="attached")
    click_at(page, -44.0, 183.0)
    expect(page.locator(".answer-place")).to_have_text("Rēkohu School (school 56, proposed)")
    expect(page.locator(".answer-more a")).to_have_attribute("href", "/school/56")
    assert asked_for(page).endswith("/map?school=56")


def test_a_dot_says_what_is_not_certain_of_its_school(page: Page, live_url: str) -> None:
    note = "Rēkohu School lies outside every catchment; <b>the nearest</b>, 1.7 km away, is the"

    def not_certain(route: Route) -> None:
        told = route.fetch().json()
        told["schools"] = [[*row, note] for row in told["schools"]]
        route.fulfill(json=told)

    page.route("**/schools/*.json", not_certain)
    page.goto(f"{live_url}/map")
    page.wait_for_selector("#map-frame[data-ready]")
    with page.expect_response("**/schools/91_*.json"):
        page.evaluate("map_catchments.setView([-44.0, 183.0], 10)")
    page.wait_for_selector(".leaflet-schools-pane canvas", state="attached")
    click_at(page, -44.0, 183.0)
    expect(page.locator("#answer .notice")).to_have_text(note)


def test_schools_are_not_fetched_from_afar(watched: Any) -> None:
    watched.open_map().wait_for_load_state("networkidle")
    assert [url for url in watched.requests if url.endswith("catchments.json")]
    assert not [url for url in watched.requests if "/schools/" in url]


def test_without_javascript_the_list_answers(plain: Page, live_url: str) -> None:
    page = plain
    page.goto(f"{live_url}/map")
    # Driven like this Chromium never renders <noscript>; with JavaScript off for good it does.
    assert "The map needs JavaScript" in str(page.locator("noscript").text_content())
    expect(page.locator(".map-picture img")).to_be_visible()
    expect(page.locator(".map-picture")).to_have_attribute("href", "/downloads")
    page.locator(".finder-list summary", has_text="Tai Tokerau").click()
    page.get_by_role("link", name="Rimu").click()
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")
    expect(page.locator("#answer a[href^='tel:']")).to_be_visible()


@pytest.mark.parametrize(
    "blocked",
    [
        "**/overview.topojson*",
        pytest.param("**/catchments.json", marks=pytest.mark.thorough),
        "**/map.js*",
        pytest.param("**/leaflet.js", marks=pytest.mark.thorough),
    ],
)
def test_when_something_fails_to_load_the_page_says_so_and_the_list_answers(
    page: Page, live_url: str, blocked: str
) -> None:
    page.route(blocked, lambda route: route.abort())
    page.goto(f"{live_url}/map")
    expect(page.locator("#map-message")).to_have_text(re.compile("could not be loaded"))
    # Where the map would be there is the picture, or nothing at all; never half a map.
    assert page.evaluate(
        "() => { const frame = document.querySelector('#map-frame');"
        " const { x, y, width } = frame.getBoundingClientRect();"
        " return !document.elementFromPoint(x + width / 2, y + 99).closest('.leaflet-container'); }"
    )
    in_the_list(page).click()
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")


def test_what_a_bad_line_loses_once_is_asked_for_again(page: Page, live_url: str) -> None:
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.url)
        route.abort()

    page.route("**/schools/*.json", lose_the_first)
    with page.expect_response(lambda answer: answer.url in lost):
        page.goto(f"{live_url}/map?school=54")


def test_schools_that_fail_to_load_do_not_stop_the_map(page: Page, live_url: str) -> None:
    page.route("**/schools/*.json", lambda route: route.abort())
    page.goto(f"{live_url}/map?school=54")
    expect(page.locator("#map-hint")).to_contain_text("could not be loaded")
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")


def test_a_region_that_is_picked_is_shown_by_the_finder_as_the_region(watched: Any) -> None:
    # Its name, and a part of it, may be a town's; the map asks for what a text alone may mean.
    page = watched.open_map()
    page.locator("#q").press_sequentially("tai tokerau")
    page.get_by_role("option").filter(has_text="region").first.click()
    page.wait_for_url("**kind=region*")
    expect(page.locator("main")).to_contain_text("Kōwhai")
