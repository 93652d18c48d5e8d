"""The real service to try in Chromium: one server and one browser, whose windows are lent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.made_up import ADDRESS_BOOK, DATABASE, EDITOR, made_up_world
from tests.browser.windows import Watched
from tests.serving import serving
from tests.staff import PASSWORD

EMBEDDER = "http://127.0.0.1:*"
"""Who may show /embed in a frame: the test's own page, on whatever port it gets."""
SELDOM = "60"
"""So often, in seconds, the server looks for what was published: nothing is."""


@pytest.fixture(scope="session")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service with the made-up world, draft 1 and its editor, Hana."""
    folder = tmp_path_factory.mktemp("browser") / "made-up"
    shutil.copytree(made_up_world(), folder)
    settings: dict[str, Any] = {
        "CATCHMENTS_ADDRESSES": str(folder / ADDRESS_BOOK),
        "CATCHMENTS_EMBED_ON": EMBEDDER,
        "CATCHMENTS_REFRESH_S": SELDOM,
    }
    with serving(folder / DATABASE, **settings) as server:
        yield server.url


# --- windows --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _public_window(browser: Browser, live_url: str) -> Watched:
    return Watched(browser.new_context(), live_url)


@pytest.fixture(scope="session")
def _plain_window(browser: Browser, live_url: str) -> Watched:
    return Watched(browser.new_context(java_script_enabled=False), live_url)


@pytest.fixture(scope="session")
def _staff_window(browser: Browser, live_url: str) -> Watched:
    """Signed in as the editor, once."""
    window = Watched(browser.new_context(), live_url, stays_signed_in=True)
    page = window.open("/staff/sign-in")
    page.fill("[name=login]", EDITOR)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/staff*")
    return window


@pytest.fixture
def watched(_public_window: Watched) -> Iterator[Watched]:
    """A desktop page; when the test ends nothing may have been complained of."""
    with _public_window.lent() as window:
        yield window


@pytest.fixture
def page(_public_window: Watched) -> Iterator[Page]:
    """A desktop page where something is made to fail, so that the browser may complain."""
    with _public_window.lent(may_complain=True) as window:
        yield window.page


@pytest.fixture
def plain(_plain_window: Watched) -> Iterator[Page]:
    """A page without JavaScript."""
    with _plain_window.lent() as window:
        yield window.page


@pytest.fixture
def hana(_staff_window: Watched) -> Iterator[Watched]:
    """A desktop page of the editor's; when the test ends nothing may have been complained of."""
    with _staff_window.lent() as window:
        yield window
