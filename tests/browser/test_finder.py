"""The pages for people in Chromium, as people use them."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import HOSTILE

pytestmark = pytest.mark.browser

PAGES = ("/", "/?q=kura", "/?q=nowhere", "/school/54", "/school/498?on=2025-01-01", "/catchments")


def test_a_name_leads_to_the_provider(watched: Any) -> None:
    page = watched.open("/")
    page.get_by_label("School name, town or school number").fill("rimu")
    page.get_by_role("button", name="Find").click()
    expect(page).to_have_url(f"{watched.url}/school/54")
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")
    expect(page.get_by_role("link", name="0800 000 000")).to_have_attribute(
        "href", "tel:0800000000"
    )


def test_a_text_with_several_meanings_gives_a_list_to_pick_from(watched: Any) -> None:
    page = watched.open("/?q=kura")
    page.get_by_role("link", name="Te Aho o Te Kura Pounamu").click()
    expect(page.locator("h1")).to_have_text("Te Aho o Te Kura Pounamu")


def test_nothing_found_says_what_to_do_next(watched: Any) -> None:
    page = watched.open("/?q=zzz")
    expect(page).to_have_title("Error: Find your provider – Find your attendance service provider")
    expect(page.get_by_role("alert")).to_contain_text("No school was found for “zzz”")


def test_the_keyboard_alone_leads_from_the_start_to_a_phone_number(watched: Any) -> None:
    page = watched.open("/")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "q":
            break
    page.keyboard.type("54")
    page.keyboard.press("Enter")
    page.wait_for_url("**/school/54")
    for _ in range(20):
        page.keyboard.press("Tab")
        if (page.evaluate("document.activeElement.href") or "").startswith("tel:"):
            return
    pytest.fail("no phone number was reached")


def test_hostile_names_are_shown_as_they_are_written(watched: Any) -> None:
    page = watched.open("/school/55")
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator(".answer-provider")).to_have_text(HOSTILE)
    assert page.get_by_role("link", name="javascript").count() == 0


def test_without_javascript_a_school_finds_its_provider(browser: Browser, live_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_url)
    page.get_by_label("School name, town or school number").fill("#54")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_page_is_wider_than_a_narrow_phone(browser: Browser, live_url: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 640})
    page.goto(live_url + path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_that_it_is_demonstration(
    browser: Browser, live_url: str, path: str
) -> None:
    page = browser.new_page()
    page.goto(live_url + path)
    expect(page.get_by_label("Demonstration data")).to_be_visible()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, live_url: str, scheme: Any, width: int, height: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    for path in (*PAGES, "/nothing-here"):
        page.goto(live_url + path)
        found = Axe().run(page).response["violations"]
        nodes = [(path, each["id"], [n["html"] for n in each["nodes"]]) for each in found]
        assert nodes == []
    context.close()
