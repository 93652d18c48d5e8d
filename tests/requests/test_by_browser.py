"""The main way of a request in Chromium: on a desktop, then by keyboard alone on a telephone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize
from werkzeug.serving import make_server

from tests.browser.windows import PHONE, Watched, tab_to, violations
from tests.requests.portal import Pages, pages_of
from tests.serving import in_a_thread
from tests.staff import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESKTOP = ViewportSize(width=1366, height=768)
LINES = {
    "student_name": "Made-up Student",
    "family_name": "Made-up Parent",
    "family_is": "mother",
    "family_phone": "021 000 000",
    "term": "Term 4 of 2026",
    "attendance_percent": "61",
    "days_absent": "19",
    "step_1": "We met the family.",
    "barriers": "Nothing that is real.",
}
DAYS = {"born_on": "2014-03-04", "step_1_on": "2026-10-20"}
ANSWERS = ("years-1-11", "enrolled", "chronic", "steps-done", "not-improving", "barrier-other")


@pytest.fixture
def pages(desk_in_a_file) -> Pages:
    return pages_of(desk_in_a_file)


@pytest.fixture
def url(pages) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, pages.app, threaded=True)
    with in_a_thread(server):
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def windows(browser: Browser, url: str) -> Iterator[list[Watched]]:
    opened: list[Watched] = []
    yield opened
    for each in opened:
        each.context.close()


def signed_in(browser: Browser, url: str, login: str, size: ViewportSize) -> Watched:
    window = Watched(browser.new_context(viewport=size), url)
    page = window.open("/requests/sign-in")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/requests")
    return window


def sound(window: Watched) -> None:
    """Nothing is wider than the screen, and axe and the console complain of nothing."""
    page = window.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert violations(page) == []
    assert not window.complaints


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "telephone"])
def test_from_a_request_to_an_answer_that_is_shared(browser, url, windows, size):
    ana, wiki = (signed_in(browser, url, login, size) for login in ("ana", "wiki"))
    windows += [ana, wiki]
    page = ana.open("/requests/new?school=54#criteria=enrolled,chronic,suspensions")
    assert page.is_checked("[value=enrolled]")
    assert page.is_checked("[value=suspensions]")
    assert "criteria" not in page.url, "what was answered stands in no address any more"
    for name, text in (LINES | DAYS).items():
        page.fill(f"#{name}", text)
    page.select_option("#year_level", "7")
    page.check("[name=consent] >> nth=0")
    page.select_option("#primary_contact", index=1)
    for answer in ANSWERS:
        page.check(f"[value={answer}]")
    page.wait_for_selector("#kept:has-text('Kept at')")
    assert page.url.endswith("/requests/writing/1")
    sound(ana)
    page.click("button:has-text('Check')")
    page.wait_for_url("**/check")
    sound(ana)
    page.click("main form button")
    page.wait_for_url("**/sent/*")
    sound(ana)
    reference = page.url.rpartition("/")[2]
    page = wiki.open(f"/requests/cases/{reference}")
    sound(wiki)
    page.fill("#note-text", "We will call the family.")
    page.check("form.write [name=for][value=shared] >> nth=0")
    page.click("button:has-text('Write')")
    page.wait_for_selector(".note.is-shared")
    seen = ana.open(f"/requests/cases/{reference}")
    assert "We will call the family." in seen.inner_text("main")
    sound(ana)


def test_a_request_is_sent_by_keyboard_alone(browser, url, windows):
    ana = signed_in(browser, url, "ana", PHONE)
    windows.append(ana)
    page = ana.open("/requests/new?school=54")
    page.focus("#main")
    for name in _in_order(page):
        _tab_to(page, name)
        _type(page, name)
    page.keyboard.press("Enter")
    page.wait_for_url("**/check")
    tab_to(page, "document.activeElement.textContent.startsWith('Send')", presses=20)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sent/*")
    sound(ana)


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
    """Press Tab until the focus is on a field: a date has several stops."""
    there = "(e => e.type === 'checkbox' ? e.value : e.name)(document.activeElement)"
    for _ in range(8):
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
    elif name in {"year_level", "primary_contact"}:
        page.keyboard.press("ArrowDown")
    elif name == "consent" or name.startswith("guide_"):
        page.keyboard.press("Space")
