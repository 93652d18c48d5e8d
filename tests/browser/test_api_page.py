"""The page for programmers in Chromium: seen, narrow, by keyboard, in both colour schemes."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import violations

pytestmark = pytest.mark.browser


def test_the_page_leads_from_a_list_to_an_operation_and_to_what_it_answers(watched: Any) -> None:
    page = watched.open("/")
    page.locator("footer").get_by_role("link", name="API", exact=True).click()
    expect(page.locator("h1")).to_have_text("API")
    page.get_by_role("link", name="Who serves").click()
    operation = page.locator("#provider")
    operation.get_by_text("A real answer").press("Enter")
    expect(operation.locator("details pre")).to_contain_text('"status": ')
    operation.get_by_role("link", name="Answer", exact=True).click()
    expect(page.locator("#is-Answer table")).to_be_in_viewport()


ALIKE = ".operation:nth-of-type(n + 3), .shape:nth-of-type(n + 4)"
"""What is like what stands before it; axe takes a minute over all of it."""


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    width: int, scheme: Any, browser: Browser, live_url: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{live_url}/api")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("(alike) => document.querySelectorAll(alike).forEach((e) => e.remove())", ALIKE)
    assert violations(page) == []
    context.close()
