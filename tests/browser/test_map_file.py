"""The map in one file, opened from a disk without a network: found by name, hostile names inert."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from maps import edition_map
from tests.browser.made_up import HOSTILE, made_up_edition, made_up_schools
from tests.worlds import small_release

pytestmark = pytest.mark.browser


def test_a_map_from_a_disk_finds_schools_and_catchments_and_asks_nobody(
    browser: Browser, tmp_path: Path
) -> None:
    schools = {school.school_id: school for school in made_up_schools()}
    file = tmp_path / "map.html"
    edition_map(made_up_edition(), small_release(schools=schools)).save(str(file))
    context = browser.new_context(offline=True, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: complaints.append(asked.url))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.goto(file.as_uri())
    page.wait_for_selector("#map-frame[data-ready]")
    search = page.get_by_label("Find a school, a catchment or a provider")
    for typed, answer in (("ahi", "Provider of Ahi"), ("kowhai", "Provider of Kōwhai")):
        search.fill(typed)
        search.press("Enter")
        expect(page.locator("#answer h2")).to_contain_text(answer)
    search.fill(HOSTILE)
    search.press("Enter")
    search.fill("there is none")
    search.press("Enter")
    expect(page.get_by_text("Nothing on this map is called so.")).to_be_visible()
    assert complaints == [file.as_uri()]
    context.close()
