"""Aliases in Chromium: a table is chosen, looked over and imported; nothing against WCAG 2.2 AA."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, expect

from tests.browser.windows import Watched, violations

pytestmark = pytest.mark.browser

GOOD = "Alias,School number,Source\nZq Kura,54,its website\nZq Other,999999,its website\n"


def table(content: str) -> FilePayload:
    return {"name": "aliases.csv", "mimeType": "text/csv", "buffer": content.encode()}


def test_a_table_is_looked_over_and_imported(hana: Watched) -> None:
    page = hana.open("/staff/aliases")
    found = violations(page)
    page.get_by_label("Table of aliases").set_input_files(table("Alias,Town\nA,B\n"))
    page.get_by_role("button", name="Check the table").click()
    expect(page.get_by_role("alert")).to_contain_text("no header row with the columns needed")
    found += violations(page)
    page.get_by_label("Table of aliases").set_input_files(table(GOOD))
    page.get_by_role("button", name="Check the table").click()
    expect(page.get_by_text("no directory release has the school 999999")).to_be_visible()
    found += violations(page)
    page.get_by_role("button", name="Import the table").click()
    expect(page.get_by_role("rowheader", name="Zq Kura")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("1 alias is in use.")
    found += violations(page)
    # That a form was refused is what Chromium itself has to say about a 400.
    hana.complaints[:] = [each for each in hana.complaints if "status of 400" not in each]
    assert found == []
