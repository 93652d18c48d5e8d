"""A passkey in Chromium, by its virtual authenticator: made, signed in with, confirmed with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from catchments.core.roles import Role
from tests.browser.windows import DESKTOP, NARROW, PHONE, Watched, violations
from tests.serving import serving
from tests.staff import PASSWORD, App, add_person
from tests.worlds import opened

pytestmark = pytest.mark.browser

A_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def url(small_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service at `localhost`, since an IP address can have no passkeys."""
    database = Path(shutil.copy(small_database, tmp_path_factory.mktemp("passkeys") / "p.sqlite"))
    with opened(database) as store:
        for login in ("aroha", "tama"):
            add_person(store, login, Role.ADMINISTRATOR)
    with serving(database) as server:
        yield f"http://localhost:{server.port}"


@pytest.fixture
def window(browser: Browser, url: str) -> Iterator[Watched]:
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    made = Watched(context, url)
    yield made
    context.close()
    assert made.complaints == []


def with_a_device(context: BrowserContext, page: Page) -> None:
    chromium = context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    chromium.send("WebAuthn.addVirtualAuthenticator", {"options": A_DEVICE})


def give_password(page: Page, login: str) -> None:
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")


def look(page: Page) -> None:
    """Axe at each width and scheme, and nothing to scroll sideways."""
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark"), (NARROW, "light")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert violations(page) == []
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], page.url
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")


def test_a_passkey_is_made_signs_in_and_confirms(window: Watched) -> None:
    page = window.open("/staff/sign-in")
    with_a_device(window.context, page)
    give_password(page, "tama")
    page.get_by_label("What to call it").fill("Work laptop")
    look(page)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    look(page)
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("button", name="Sign out").click()
    give_password(page, "tama")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(f"{window.url}/staff/confirm")
    look(page)
    page.get_by_role("button", name="Confirm with a passkey").click()
    page.wait_for_url("**/staff")
    page.goto(f"{window.url}/staff/password")
    expect(page.locator("main")).to_contain_text("Passkey “Work laptop”")
    look(page)


def test_without_script_and_by_keyboard_alone_an_app_is_set_up_and_used(
    browser: Browser, url: str
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=NARROW)
    window = Watched(context, url)
    page = window.open("/staff/sign-in")
    give_password(page, "aroha")
    expect(page.get_by_role("button", name="Make a passkey")).to_be_hidden()
    app = App(page.locator("code.key").text_content().replace(" ", ""))
    page.get_by_label("Type the code").focus()
    page.keyboard.type(app.code())
    page.keyboard.press("Enter")
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").press("Enter")
    page.get_by_role("button", name="Sign out").press("Enter")
    give_password(page, "aroha")
    page.get_by_label("Code from your app").fill(app.code())
    page.get_by_label("Code from your app").press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    context.close()
    assert window.complaints == []
