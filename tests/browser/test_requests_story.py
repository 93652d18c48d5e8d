"""A request for support from a school's office to its end, as each role in turn, in Chromium.

The office writes and sends it by keyboard alone, on a telephone, with a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.browser.windows import PHONE, Watched, tab_to
from tests.requests.desk import NORTH, Desk, desk_at
from tests.requests.portal import Pages, pages_of
from tests.requests.test_by_browser import DAYS, DESKTOP, LINES, signed_in, sound
from tests.serving import in_a_thread

pytestmark = pytest.mark.browser

FILE = {"name": "Plān.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 made up"}
SHARED, INTERNAL = "We met the family today.", "Ring before nine."


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    desk: Desk = desk_at(tmp_path)
    yield pages_of(desk)
    desk.database.close()


def test_each_role_does_its_part_and_sees_no_more(browser: Browser, pages: Pages) -> None:
    server = make_server("127.0.0.1", 0, pages.app, threaded=True)
    with in_a_thread(server):
        url = f"http://127.0.0.1:{server.server_port}"
        with as_("ofa", browser, url, PHONE) as office:
            reference = _send_by_keyboard(office)
        case = f"/requests/cases/{reference}"
        with as_("wiki", browser, url) as lead:
            _assign(lead, case)
        with as_("cam", browser, url) as manager:
            _work(manager, case)
        with as_("ana", browser, url, PHONE) as school:
            _see_what_is_shared(school, case)
        with as_("authn", browser, url) as authoriser:
            number = pages.desk.organisations[NORTH].id
            page = authoriser.open(f"/requests/organisations/{number}/looks")
            expect(page.locator("main")).not_to_contain_text("Made-up Student")
            told = ("Cam (made up) closed it", "Wiki (made up) gave it to somebody", "took a file")
            assert [did for did in told if did not in _words(page)] == []
            sound(authoriser)


@contextmanager
def as_(login: str, browser: Browser, url: str, size=DESKTOP) -> Iterator[Watched]:
    window = signed_in(browser, url, login, size)
    sound(window)
    yield window
    window.context.close()


# --- the school's office, by keyboard alone -------------------------------------------------------


def _send_by_keyboard(window: Watched) -> str:
    page = window.open("/requests/new?school=54")
    sound(window)
    page.focus("#main")
    for name in _in_order(page):
        _tab_to(page, name)
        _type(page, name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/check")
    expect(page.locator("main")).to_contain_text("Plān.pdf")
    sound(window)
    tab_to(page, "document.activeElement.textContent.startsWith('Send')", presses=20)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sent/*")
    sound(window)
    return page.url.rpartition("/")[2]


def _in_order(page: Page) -> list[str]:
    """The names of what Tab comes to, up to the button that checks."""
    return page.evaluate(
        """() => {
             const seen = new Set(), names = [], form = document.getElementById('request');
             for (const e of form.querySelectorAll('input, select, textarea, button')) {
               if (e.type === 'hidden' || e.tabIndex < 0) continue;
               if (e.type === 'radio') { if (seen.has(e.name)) continue; seen.add(e.name); }
               names.push(e.type === 'checkbox' ? e.value : e.name);
               if (e.value === 'check') break;
             }
             return names; }"""
    )


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on a field: a date has several stops, so have the parts."""
    there = "(e => e.type === 'checkbox' ? e.value : e.name)(document.activeElement)"
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(there) == name:
            return
    raise AssertionError(f"no Tab leads to {name}")


def _type(page: Page, name: str) -> None:
    if name in LINES:
        page.keyboard.type(LINES[name])
    elif name in DAYS:
        year, month, day = DAYS[name].split("-")
        page.keyboard.type(f"{month}{day}{year}")
    elif name == "file":
        with page.expect_file_chooser() as chosen:
            page.keyboard.press("Space")
        chosen.value.set_files([FILE])
    elif name in {"year_level", "primary_contact"}:
        page.keyboard.press("ArrowDown")
    elif name == "consent" or name.startswith("guide_"):
        page.keyboard.press("Space")


# --- who supports the student ---------------------------------------------------------------------


def _assign(window: Watched, case: str) -> None:
    page = window.open("/requests/cases?state=queued")
    sound(window)
    page.check("[name=case]")
    page.select_option("#assignee", label="Cam (made up) (0 open)")
    page.click("button:has-text('Give')")
    expect(page.get_by_role("status").first).to_have_text("1 case was given to Cam (made up).")
    page = window.open(case)
    expect(page.locator("main")).to_contain_text("Plān.pdf")
    sound(window)


def _work(window: Watched, case: str) -> None:
    page = window.open(case)
    with page.expect_download() as taken:
        page.click("text=Plān.pdf")
    assert Path(taken.value.path()).read_bytes() == FILE["buffer"]
    for text, who in ((SHARED, "shared"), (INTERNAL, "internal")):
        page.fill("#note-text", text)
        page.check(f"form:has(#note-text) [name=for][value={who}]")
        page.click("button:text-is('Write')")
        expect(page.locator(f".note.is-{who} .text")).to_have_text(text)
    sound(window)
    _step(page, "Begin", "active")
    _step(page, "Pause", "paused", reason="They are away.")
    _step(page, "Go on with it", "active")
    sound(window)
    page.locator("summary:text-is('Close')").click()
    page.check("[name=because] >> nth=0")
    _step(page, "Close", "closed")
    sound(window)


def _step(page: Page, label: str, state: str, *, reason: str = "") -> None:
    if reason:
        page.locator(f"summary:text-is('{label}')").click()
        page.fill("details[open] [name=reason]", reason)
    page.click(f"button:text-is('{label}')")
    expect(page.locator(".answer .state")).to_have_text(state)


# --- the school -----------------------------------------------------------------------------------


def _see_what_is_shared(window: Watched, case: str) -> None:
    page = window.open("/requests/cases?state=closed")
    sound(window)
    page.click("table a.reference")
    page.wait_for_url(f"**{case}")
    seen = page.locator("main")
    for told in (SHARED, "Plān.pdf", "They are away.", "attends regularly again"):
        expect(seen).to_contain_text(told)
    for untold in (INTERNAL, "Cam (made up)"):
        expect(seen).not_to_contain_text(untold)
    sound(window)


def _words(page: Page) -> str:
    return " ".join(page.inner_text("main").split())
