"""The list of all catchments and a catchment's page in Chromium: seen, tabbed, narrow, on paper."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.made_up import HOSTILE
from tests.browser.windows import Watched

pytestmark = pytest.mark.browser


def test_a_list_that_is_filtered_leads_to_a_catchment_and_its_provider(watched: Any) -> None:
    page = watched.open("/catchments")
    page.get_by_label("Catchment, provider, school or place").fill("RIMU")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Rimu", exact=True).click()
    expect(page).to_have_url(f"{watched.url}/catchment/AA-02")
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")
    expect(page.get_by_role("img", name="Small map of the Rimu catchment")).to_be_visible()


@pytest.mark.thorough
def test_a_catchment_leads_to_its_neighbours_schools_and_the_big_map(watched: Any) -> None:
    page = watched.open("/catchment/AA-02")
    page.locator(".neighbours").get_by_role("link", name="Kōwhai", exact=True).click()
    expect(page.locator("h1")).to_have_text("Kōwhai catchment")
    page.go_back()
    page.get_by_role("link", name="Kura o te Rimu").click()
    expect(page).to_have_url(f"{watched.url}/school/54")
    page.go_back()
    page.get_by_role("link", name="See it on the big map").click()
    expect(page).to_have_url(re.compile(r"/map\?catchment=AA-02(#|$)"))  # it adds where it looks
    page.wait_for_selector("#map-frame[data-ready]")


def test_the_big_map_leads_to_the_catchment_that_was_chosen(watched: Any) -> None:
    page = watched.open_map("?catchment=AA-06")
    link = page.locator("#answer .answer-more a")
    expect(link).to_have_attribute("href", "/catchment/AA-06")
    page.locator("summary", has_text="Tai Tokerau").click()
    page.get_by_role("link", name="Rimu", exact=True).click()
    expect(link).to_have_attribute("href", "/catchment/AA-02")
    link.click()
    expect(page.locator("h1")).to_have_text("Rimu catchment")


def test_hostile_names_are_shown_as_they_are_written(watched: Any) -> None:
    page = watched.open("/catchment/AA-04")
    expect(page.locator(".answer-provider")).to_have_text(HOSTILE)
    expect(page.locator("table.schools tbody th")).to_contain_text(HOSTILE)
    page = watched.open("/catchments")
    expect(page.locator("tbody", has_text="Mātai")).to_contain_text(HOSTILE)
    expect(page.locator("main img, main b, a[href^='javascript']")).to_have_count(0)


def test_all_of_it_works_without_javascript(plain: Page, live_url: str) -> None:
    page = plain
    page.goto(f"{live_url}/catchments")
    page.get_by_label("Region", exact=False).and_(page.locator("select")).select_option(
        "Otago, Southland"
    )
    page.get_by_label("Sort by").select_option("schools")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("h2").first).to_contain_text("Otago, Southland")
    assert page.locator("tbody th").all_inner_texts()[0].strip() in {"Mātai", "Rēkohu"}
    expect(page.get_by_text("4 of 7 catchments in Otago, Southland.")).to_be_visible()
    page.get_by_role("link", name="Rēkohu", exact=True).click()
    expect(page.locator("svg.locator .locator-chosen")).to_be_visible()


def test_another_date_is_asked_for_with_the_keyboard_alone(watched: Any) -> None:
    page = watched.open("/catchment/AA-02")
    page.get_by_text("Another date").click()
    _tab_to(page, "#on")
    page.locator("#on").fill("2026-01-05")
    _tab_to(page, ".as-at button")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{watched.url}/catchment/AA-02?on=2026-01-05")
    expect(page.locator("main .notice").first).to_contain_text("As at 5 January 2026.")


def test_every_stop_of_the_keyboard_is_seen(watched: Any) -> None:
    page = watched.open("/catchment/AA-02")
    stops = page.locator("a[href], button, input, select, summary").count()
    unseen = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        unseen += page.evaluate(
            """() => { const e = document.activeElement, style = getComputedStyle(e);
               const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
               return seen || e === document.body ? [] : [e.outerHTML]; }"""
        )
    assert unseen == []


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} was not reached by 60 tabs")


def test_on_paper_the_answer_and_the_map_stay_and_the_controls_go(
    watched: Watched,
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 760, "height": 1100})
    watched.open("/catchment/AA-02")
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator(".answer-provider")).to_be_visible()
    expect(page.locator("svg.locator")).to_be_visible()
    expect(page.get_by_label("Demonstration data")).to_be_visible()
    for gone in (".as-at", ".take-away", ".trail", ".masthead nav[aria-label=Main]", ".languages"):
        expect(page.locator(gone)).to_be_hidden()
    fill = page.locator(".locator-land").evaluate("(e) => getComputedStyle(e).fill")
    assert fill == "rgb(255, 255, 255)"


LIGHTNESS = """
(e) => { const c = getComputedStyle(e).fill.match(/[\\d.]+/g).slice(0, 3)
  .map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; }
"""


def contrast(page: Page, *names: str) -> float:
    """How far two parts of the small map stand apart, as WCAG reckons it."""
    low, high = sorted(page.locator(f".{name}").first.evaluate(LIGHTNESS) for name in names)
    return float((high + 0.05) / (low + 0.05))


def test_what_is_brought_out_stands_out_in_both_schemes(watched: Watched) -> None:
    page = watched.open("/catchment/AA-02")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert contrast(page, "locator-chosen-name", "locator-chosen") >= 4.5, scheme
        assert contrast(page, "locator-name", "locator-land") >= 4.5, scheme
        least = 3 if scheme == "light" else 2.5
        assert contrast(page, "locator-chosen", "locator-land") >= least, scheme
