"""The main way of a request in Chromium, on a desktop and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize
from werkzeug.serving import make_server

from catchments.requests.rules.files import LARGEST
from tests.browser.windows import PHONE, Watched, violations
from tests.requests.portal import Pages, pages_of
from tests.serving import in_a_thread
from tests.staff import PASSWORD

pytestmark = pytest.mark.browser

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
ANSWERS = ("enrolled", "chronic", "steps-done", "not-improving", "barrier-other")


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
def test_from_a_request_to_an_answer_that_is_shared(browser, url, windows, size, tmp_path):
    ana, wiki = (signed_in(browser, url, login, size) for login in ("ana", "wiki"))
    windows += [ana, wiki]
    page = ana.open("/requests/new?school=54#criteria=enrolled,chronic,suspensions")
    assert page.is_checked("[value=enrolled]")
    assert page.is_checked("[value=suspensions]")
    assert "criteria" not in page.url, "what was answered stands in no address any more"
    page.set_input_files("#file", _of_size(tmp_path, LARGEST + 1))
    page.wait_for_selector("#file-large:visible")
    assert page.input_value("#file") == ""
    page.set_input_files("#file", _of_size(tmp_path, 6))
    page.wait_for_selector("#file-large", state="hidden")
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


def _of_size(folder: Path, size: int) -> Path:
    made = folder / "Plan.pdf"
    made.write_bytes(b"%PDF-")
    with made.open("r+b") as written:
        written.truncate(size)
    return made
