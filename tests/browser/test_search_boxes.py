"""The one search box in Chromium: its groups, and each page that has it.

What the service suggests is made up here where a test is about the box, not about the search.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.made_up import HOSTILE
from tests.browser.windows import PHONE, Watched, violations

pytestmark = pytest.mark.browser

FINDER = "School, address, suburb or town"


def suggestion(kind: str, name: str, group: str, **more: Any) -> dict[str, Any]:
    nothing = {"within": None, "school_id": None, "code": None, "match": "exact"}
    return {"kind": kind, "name": name, "group": group, **nothing, **more}


CATCHMENT = suggestion("catchment", "Rimu", "catchments", within="Tai Tokerau", code="AA-02")
SCHOOL = suggestion("school", "Kura o te Rimu", "schools", school_id=54)
REGION = suggestion("region", "Tai Tokerau", "catchments")
TOWN = suggestion("town", "Ahitown", "places")
PROVIDER = suggestion("provider", "Provider of Rimu", "providers", within="Rimu", code="P-AA-02")
SLIP = suggestion("school", HOSTILE, "schools", school_id=55, match="slip")
ALL = [CATCHMENT, SCHOOL, REGION, TOWN, PROVIDER, SLIP]


def suggesting(page: Page, suggestions: Sequence[dict[str, Any]]) -> None:
    """Have these suggested, whatever is typed."""
    body = json.dumps({"suggestions": suggestions, "demonstration": True})

    def answer(route: Route) -> None:
        route.fulfill(body=body, content_type="application/json")

    page.route("**/suggest*", answer)


def opened(window: Watched, path: str, suggestions: Sequence[dict[str, Any]] = ALL) -> Page:
    """A page with suggestions on the way for its box."""
    page = window.open(path)
    suggesting(page, suggestions)
    return page


def typed(page: Page, name: str = FINDER) -> Any:
    """The box with its suggestions open."""
    box = page.get_by_role("combobox", name=name)
    box.fill("")
    box.press_sequentially("rimu")
    expect(box).to_have_attribute("aria-expanded", "true")
    return box


# --- groups ---------------------------------------------------------------------------------------


def test_suggestions_stand_in_groups_each_under_its_name(watched: Watched) -> None:
    page = opened(watched, "/")
    typed(page)
    shown = {
        name: page.get_by_role("group", name=name).get_by_role("option").all_text_contents()
        for name in ("Catchments", "Schools", "Places", "Providers")
    }
    assert shown == {
        "Catchments": ["Rimu Tai Tokerau, catchment", "Tai Tokerau region"],
        "Schools": ["Kura o te Rimu school 54", f"{HOSTILE} school 55 (similar name)"],
        "Places": ["Ahitown town"],
        "Providers": ["Provider of Rimu provider of Rimu"],
    }
    headings = page.locator(".suggestions .group").all_text_contents()
    assert headings == [*shown]  # the group of the best suggestion first
    assert violations(page) == []


def test_the_arrows_lead_through_all_groups_in_the_order_that_is_seen(watched: Watched) -> None:
    page = opened(watched, "/")
    box = typed(page)
    seen = []
    for _ in range(7):
        box.press("ArrowDown")
        chosen = box.get_attribute("aria-activedescendant")
        seen.append(page.locator(f"#{chosen} strong").text_content() if chosen else None)
    names = ["Rimu", "Tai Tokerau", "Kura o te Rimu", HOSTILE, "Ahitown", "Provider of Rimu"]
    assert seen == [*names, None]


def test_a_group_s_name_is_nothing_to_choose(watched: Watched) -> None:
    page = opened(watched, "/")
    box = typed(page)
    page.locator(".suggestions .group").first.click()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(box).to_be_focused()
    expect(page).to_have_url(f"{watched.url}/")


def test_on_a_phone_the_groups_are_no_wider_than_the_screen(watched: Watched) -> None:
    watched.page.set_viewport_size(PHONE)
    page = opened(watched, "/")
    typed(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- what a choice leads to -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("school", "/school/54"),
        ("catchment", "/catchment/AA-02"),
        ("town", "/?q=Ahitown&kind=town"),
        ("region", "/?q=Tai+Tokerau&kind=region"),
        ("provider", "/?q=Provider+of+Rimu%2C+Rimu&kind=provider"),
    ],
)
def test_a_choice_leads_to_its_page_or_to_the_finder_s_answer(
    watched: Watched, kind: str, path: str
) -> None:
    page = opened(watched, "/", [each for each in ALL if each["kind"] == kind][:1])
    box = typed(page)
    box.press("ArrowDown")
    box.press("Enter")
    expect(page).to_have_url(watched.url + path)


def test_in_a_frame_a_school_is_answered_for_in_the_frame(watched: Watched) -> None:
    page = opened(watched, "/embed", [SCHOOL])
    typed(page).press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{watched.url}/embed?school=54")


def test_the_list_of_catchments_shows_what_a_school_is_in(watched: Watched) -> None:
    page = opened(watched, "/catchments", [SCHOOL])
    typed(page, "Catchment, provider, school or place").press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("main")).to_contain_text("Taken for: Kura o te Rimu (school 54).")


def test_the_history_of_a_school_is_asked_by_its_name(watched: Watched) -> None:
    page = opened(watched, "/history", [SCHOOL])
    typed(page, "School name or number, if you ask about one").press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("served by Provider of Rimu")
    assert "school=54" in page.url


# --- the map --------------------------------------------------------------------------------------


def on_the_map(window: Watched, chosen: dict[str, Any]) -> Page:
    """The map after something was chosen in its box."""
    page = window.open_map()
    suggesting(page, [chosen])
    typed(page).press("ArrowDown")
    page.keyboard.press("Enter")
    return page


def test_a_catchment_chosen_by_name_is_shown_on_the_map(watched: Watched) -> None:
    page = on_the_map(watched, CATCHMENT)
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")
    expect(page.locator("#answer h2")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/map\?catchment=AA-02#"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name=FINDER)).to_be_focused()


def test_a_school_chosen_by_name_is_shown_on_the_map(watched: Watched) -> None:
    page = on_the_map(watched, SCHOOL)
    expect(page.locator("#answer .answer-place")).to_have_text("Kura o te Rimu (school 54)")
    expect(page.locator("path.chosen-school")).to_be_visible()
    assert page.evaluate("map_catchments.getBounds().contains([-40.5, 174.5])")
    expect(page).to_have_url(re.compile(r"/map\?school=54#"))


def test_a_town_in_one_catchment_is_shown_on_the_map(watched: Watched) -> None:
    page = on_the_map(watched, suggestion("town", "Othertown", "places"))
    expect(page.locator("#answer .answer-place")).to_have_text("Othertown")
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")
    more = page.locator("#answer .answer-more a")
    expect(more).to_have_attribute("href", "/?q=Othertown&kind=town")
    more.click()
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")


def test_a_place_that_may_be_in_several_catchments_is_shown_with_all_of_them(
    watched: Watched,
) -> None:
    page = on_the_map(watched, suggestion("address", "12 Edge Road", "places"))
    expect(page.locator("#answer .answer-place")).to_contain_text("12 Edge Road")
    expect(page.locator("#answer h2")).to_have_text("In one of these catchments")
    facts = page.locator("#answer dl.facts")
    expect(facts.locator("dt")).to_have_text(["Ahi", "Kōwhai"])
    expect(facts).to_contain_text("Provider of Kōwhai")
    expect(page.locator("path.chosen-school")).to_be_visible()
    more = page.locator("#answer .answer-more a")
    expect(more).to_have_attribute("href", "/?q=12%20Edge%20Road&kind=address")
    page.go_back()
    expect(page.locator("#answer .answer-empty")).to_be_visible()


def test_what_the_map_cannot_show_is_answered_by_the_finder(watched: Watched) -> None:
    page = on_the_map(watched, suggestion("address", "1 High Street", "places"))
    expect(page).to_have_url(f"{watched.url}/?q=1+High+Street&kind=address")
    page = on_the_map(watched, suggestion("school", "Nowhere School", "schools", school_id=498))
    expect(page).to_have_url(re.compile(r"/map\?school=498(#|$)"))


def test_with_the_map_blocked_its_box_leads_to_the_page_of_a_catchment(
    page: Page, live_url: str
) -> None:
    page.route("**/map.js*", lambda route: route.abort())
    page.goto(f"{live_url}/map")
    suggesting(page, [CATCHMENT])
    typed(page).press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/map\?catchment=AA-02$"))
    expect(page.locator("#answer h2")).to_have_text("Provider of Rimu")


# --- without JavaScript ---------------------------------------------------------------------------


def test_without_javascript_the_box_of_the_map_asks_the_finder(plain: Page, live_url: str) -> None:
    plain.goto(f"{live_url}/map")
    plain.get_by_label(FINDER).fill("54")
    plain.get_by_label(FINDER).press("Enter")
    expect(plain).to_have_url(f"{live_url}/school/54")


def test_without_javascript_a_school_s_history_is_picked_from_a_list(
    plain: Page, live_url: str
) -> None:
    plain.goto(f"{live_url}/history")
    plain.get_by_label("School name or number").fill("kura")
    plain.get_by_role("button", name="Show").click()
    plain.get_by_role("link", name="Kura o te Rimu").click()
    expect(plain.locator("main")).to_contain_text("served by Provider of Rimu")


# --- staff ----------------------------------------------------------------------------------------


def test_staff_find_who_served_a_school_by_the_same_box(hana: Watched) -> None:
    page = opened(hana, "/staff/who", [SCHOOL])
    typed(page, "School").press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#served")).to_have_text("Provider of Rimu")


def test_staff_choose_schools_by_the_same_box_and_nothing_else_of_the_form_is_sent(
    hana: Watched,
) -> None:
    page = opened(hana, "/staff/drafts/1/change/move-schools", [SCHOOL])
    typed(page, "Look for schools").press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name="Kura o te Rimu (54)")).to_be_visible()
    assert "#schools" in page.url
    assert violations(page) == []


def test_staff_who_look_for_a_suburb_are_suggested_nothing_else(hana: Watched) -> None:
    page = opened(hana, "/staff/drafts/1/change/transfer-area")
    box = typed(page, "Look for a suburb or town")
    expect(page.locator(".suggestions [role=option]")).to_have_text(["Ahitown town"])
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.get_by_role("checkbox", name="Ahitown")).to_be_visible()
