"""Windows of the browser: one is lent to test after test, and what goes wrong in it is noted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page, ViewportSize

from tests.waiting import PATIENCE_MS

DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)
NARROW = ViewportSize(width=320, height=640)
"""The narrowest screen that WCAG asks for."""

SAVES_DATA = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
"""Run before a page: whoever has it has told the browser to save data."""


class Watched:
    """A page and everything that should not have happened on it.

    A new page takes a process of Chromium's and a second of processor time, the next visit in a
    page that is there a fifth of it: so pages are lent.
    """

    def __init__(self, context: BrowserContext, url: str, *, stays_signed_in: bool = False) -> None:
        self.url = url
        self.context = context
        self.stays_signed_in = stays_signed_in
        self.complaints: list[str] = []
        self.requests: list[str] = []
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (e) => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI));"
        )
        self.page: Page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("crash", lambda crashed: crashed.close())
        return page

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self.complaints.append(f"console: {message.text} ({where})")

    def _dialog(self, dialog: Any) -> None:
        if dialog.type == "beforeunload":  # what was not sent may go, between two tests
            dialog.accept()
            return
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, asked: Any) -> None:
        self.requests.append(asked.url)
        if not asked.url.startswith((self.url + "/", "data:")):
            self.complaints.append(f"request: {asked.url}")

    @contextmanager
    def lent(self, *, may_complain: bool = False) -> Iterator[Watched]:
        """Lend the window to a test, as new; at the end nothing may have been complained of."""
        self._make_as_new()
        yield self
        if may_complain:
            # Away from what fails, before the next test; to a page that names its icon, or Chromium
            # asks for one that is not there, and says so when it is the next test's turn.
            self.page.goto(f"{self.url}/history")
            return
        self.page.evaluate("0")  # its answer comes after every complaint that was on its way
        assert not self.complaints, "\n".join(self.complaints)

    def _make_as_new(self) -> None:
        if self.page.is_closed():
            self.page = self._new_page()
        page = self.page
        page.unroute_all(behavior="ignoreErrors")
        self.context.set_offline(False)
        page.set_viewport_size(DESKTOP)
        page.emulate_media(media="null", color_scheme="light", reduced_motion="reduce")
        if not self.stays_signed_in:
            self.context.clear_cookies()
        page.evaluate("() => { try { localStorage.clear(); sessionStorage.clear(); } catch { } }")
        self.complaints.clear()
        self.requests.clear()

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page

    def open_map(self, query: str = "") -> Page:
        self.page.goto(f"{self.url}/map{query}")
        self.page.wait_for_selector("#map-frame[data-ready]")
        return self.page


def violations(page: Page) -> list[tuple[str, str, list[str]]]:
    """What axe finds wrong with a page as it stands: where, which rule, which elements."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        """() => axe.run({resultTypes: ['violations']}).then(({violations}) =>
             violations.map(({id, nodes}) => [id, nodes.map((node) => node.html)]))"""
    )
    return [(page.url, rule, elements) for rule, elements in found]


def tab_to(page: Page, there: str, *, presses: int) -> None:
    """Press Tab until a script says that the focus is there; it has to be seen all the way."""
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(presses):
        page.keyboard.press("Tab")
        style, is_there = page.evaluate(f"[{ring}, {there}]")
        assert style != "none", page.evaluate("document.activeElement.outerHTML")
        if is_there:
            return
    raise AssertionError(f"{presses} tabs did not lead to where {there}")
