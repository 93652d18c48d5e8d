"""The page for programmers in Chromium, as one goes through it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_calls_are_shown_in_the_language_that_the_keyboard_chooses(
    plain: Page, live_url: str
) -> None:
    """Without JavaScript: one choice for the whole page, which stays in sight."""
    plain.goto(f"{live_url}/api")
    call = plain.locator("#provider .call")
    expect(call.filter(visible=True)).to_contain_text("curl ")
    plain.locator("#in-curl").focus()
    plain.keyboard.press("ArrowRight")
    expect(call.filter(visible=True)).to_contain_text("from urllib.request import")
    plain.keyboard.press("ArrowRight")
    expect(call.filter(visible=True)).to_contain_text("await fetch(")
    assert call.filter(visible=True).count() == 1
    plain.locator("#objects").scroll_into_view_if_needed()
    expect(plain.get_by_role("group", name="Show calls in")).to_be_in_viewport()
