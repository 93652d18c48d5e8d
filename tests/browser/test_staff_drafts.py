"""Drafts in Chromium: what was typed survives, forms by keyboard, nothing against WCAG 2.2 AA."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from catchments.web.staff.forms.kinds import BY_NAME
from tests.browser.windows import Watched, violations

pytestmark = pytest.mark.browser


def begun(watched: Watched, title: str = "A draft") -> Page:
    page = watched.open("/staff/drafts/new")
    page.fill("#title", title)
    page.fill("#reason", "A reason")
    page.get_by_role("button", name="Begin the draft").click()
    page.wait_for_url("**/staff/drafts/*")
    return page


def test_what_was_typed_is_there_again_until_it_was_sent(hana: Watched) -> None:
    page = begun(hana)
    page.fill("#text", "Half a comm")
    page.reload()
    expect(page.locator("#text")).to_have_value("Half a comm")
    expect(page.get_by_text("Restored from this browser")).to_be_visible()
    page.fill("#text", "Half a comment, and the rest")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.get_by_text("Your comment is added.")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
    page.reload()
    expect(page.locator("#text")).to_have_value("")


@pytest.mark.thorough
def test_a_line_that_drops_while_a_comment_is_sent_loses_nothing(hana: Watched) -> None:
    page = begun(hana)
    page.fill("#text", "Said into a tunnel")
    address = page.url
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Add the comment").click()
    page.context.set_offline(False)
    hana.complaints.clear()  # Chromium's own words on being offline
    page.goto(address)
    expect(page.locator("#text")).to_have_value("Said into a tunnel")


@pytest.mark.thorough
def test_what_was_saved_can_be_put_back(hana: Watched) -> None:
    page = begun(hana, "As saved")
    page.get_by_text("Edit the title and the reason").click()
    page.fill("#title", "As typed")
    page.reload()
    expect(page.locator("#title")).to_have_value("As typed")
    expect(page.locator("#title")).to_be_visible()
    page.get_by_role("button", name="Put back what was saved").click()
    expect(page.locator("#title")).to_have_value("As saved")
    page.reload()
    expect(page.get_by_text("Restored from this browser")).to_have_count(0)


def test_a_catchment_is_renamed_by_keyboard_alone(hana: Watched) -> None:
    page = begun(hana)
    page.get_by_role("link", name="Rename a catchment").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#catchment")
    page.locator("#catchment").focus()
    page.keyboard.type("Ahi")
    page.keyboard.press("Tab")
    page.keyboard.type("Ahi nui")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add the change").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".steps").get_by_text("Ahi (AA-00) renamed Ahi nui.")).to_be_visible()
    page.get_by_role("button", name="Undo the last change").focus()
    page.keyboard.press("Enter")
    expect(page.locator("del")).to_have_text("Ahi (AA-00) renamed Ahi nui.")


@pytest.mark.thorough
def test_no_page_of_drafts_breaks_a_rule_that_axe_knows(hana: Watched) -> None:
    other, address = (begun(hana).url.split("?")[0].removeprefix(hana.url) for _ in range(2))
    compared = f"/staff/drafts/compare?one={other.split('/')[-1]}&other={address.split('/')[-1]}"
    asked = [f"{address}/{what}" for what in ("place?q=54", "paper")]
    found = []
    for path in ("/staff", "/staff/confirm", "/staff/drafts/new", address, compared, *asked):
        found += violations(hana.open(path))
    found += violations(hana.open("/staff/drafts"))
    for kind in BY_NAME:
        page = hana.open(f"{address}/change/{kind}?provider=P-AA-00")
        found += violations(page)
        buttons = page.locator("main form[method=post] button")
        # Where a draft leaves no ground without a catchment there is nothing to accept.
        assert bool(buttons.count()) is (kind != "leave-uncovered")
        if buttons.count():
            with page.expect_navigation():  # or axe would look at the page that is left
                buttons.last.click()
            found += violations(page)
    # That a form was refused is what Chromium itself has to say about a 400.
    hana.complaints[:] = [each for each in hana.complaints if "status of 400" not in each]
    assert found == []
