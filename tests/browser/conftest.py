"""The real service to try in Chromium: one server and one browser, whose windows are lent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from catchments.settings import ROOT
from tests.browser.made_up import ADDRESS_BOOK, DATABASE, EDITOR, made_up_world
from tests.browser.windows import Watched
from tests.staff import PASSWORD
from tests.waiting import PATIENCE_MS, PATIENCE_S, answers, free_port, wait_until
from tests.worlds import chromium_path

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EMBEDDER = "http://127.0.0.1:*"
"""Who may show /embed in a frame: the test's own page, on whatever port it gets."""


@contextmanager
def served(path: Path, **settings: str) -> Iterator[str]:
    """The address of the real server, in a process of its own, on a database that is set up."""
    process, port = _started(path, settings)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _started(path: Path, settings: dict[str, str]) -> tuple[subprocess.Popen[bytes], int]:
    """The server once it answers; on another port where somebody was quicker to take the first."""
    for _ in range(3):
        port = free_port()
        process = _serve(path, port, settings)
        wait_until(
            lambda: process.poll() is not None or answers(port),  # noqa: B023
            f"the server at port {port} answers",
        )
        if process.poll() is None:
            return process, port
    pytest.fail(f"the server ended three times as it was started ({process.returncode})")


def _serve(path: Path, port: int, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "flask", "serve", f"--port={port}", "--workers=1"]
    return subprocess.Popen(
        [*command, f"--database={path}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={**os.environ, **settings},
    )


@pytest.fixture(scope="session")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service with the made-up world, draft 1 and its editor, Hana."""
    folder = tmp_path_factory.mktemp("browser") / "made-up"
    shutil.copytree(made_up_world(), folder)
    settings = {
        "CATCHMENTS_ADDRESSES": str(folder / ADDRESS_BOOK),
        "CATCHMENTS_EMBED_ON": EMBEDDER,
    }
    with served(folder / DATABASE, **settings) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = chromium_path()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(executable), args=CHROMIUM_FLAGS, timeout=PATIENCE_MS
        )
        yield chromium
        chromium.close()


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
