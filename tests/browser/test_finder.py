"""The finder in Chromium, as people use it: by mouse, by keyboard, on a phone, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.made_up import HOSTILE
from tests.browser.windows import PHONE, SAVES_DATA, Watched, tab_to
from tests.serving import Quiet, in_a_thread
from tests.waiting import PATIENCE_MS

pytestmark = pytest.mark.browser

BOX = "School, address, suburb or town"


def search(page: Page, text: str) -> None:
    page.get_by_label(BOX).fill(text)
    page.get_by_role("button", name="Find").click()


# --- from a text to a phone number ----------------------------------------------------------------


def test_a_name_leads_to_the_provider(watched: Any) -> None:
    page = watched.open("/")
    search(page, "kura o te rimu")
    expect(page).to_have_url(f"{watched.url}/school/54")
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")
    expect(page.get_by_role("link", name="0800 000 000")).to_have_attribute(
        "href", "tel:0800000000"
    )


def test_an_ambiguous_text_gives_a_list_and_a_pick_gives_the_answer(watched: Any) -> None:
    page = watched.open("/")
    search(page, "kura")
    expect(page.get_by_role("heading", name="We do not know “kura”")).to_be_visible()
    page.get_by_role("link", name="Te Aho o Te Kura Pounamu").click()
    expect(page.locator("h1")).to_have_text("Te Aho o Te Kura Pounamu")


def test_an_address_in_two_towns_is_picked_from_a_list(watched: Any) -> None:
    page = watched.open("/?q=1+high+st")
    rimutown = page.locator(".results li").filter(has_text="Othertown")
    expect(rimutown).to_contain_text("Provider of Rimu")
    rimutown.get_by_role("link", name="1 High Street").click()
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")


def test_an_address_near_a_boundary_shows_both_providers_and_how_to_confirm(watched: Any) -> None:
    page = watched.open("/?q=12+Edge+Rd,+Ahitown+0410")
    either = page.get_by_role("region", name="Close to a boundary: it may be either")
    expect(either.get_by_role("listitem")).to_contain_text(
        ["Provider of Ahi", "Provider of Kōwhai"]
    )
    expect(either).to_contain_text("To confirm, call either provider")


def test_a_number_that_is_not_known_asks_whether_its_road_is_meant(watched: Any) -> None:
    page = watched.open("/?q=9+high+street+ahitown")
    expect(page.locator("main")).to_contain_text("That number is not known")
    page.get_by_role("link", name="High Street").click()
    expect(page.locator(".answer-provider")).to_have_text("Provider of Ahi")


def test_nothing_found_says_what_to_do_next(watched: Any) -> None:
    page = watched.open("/?q=zzz")
    expect(page).to_have_title("Nothing found for “zzz” – Find your attendance service provider")
    said = page.get_by_role(
        "heading", name="No school, address, suburb or town was found for “zzz”"
    )
    expect(said).to_be_focused()
    page.get_by_role("link", name="Find the place on the map").click()
    expect(page).to_have_url(re.compile(r"/map(#|$)"))


# --- suggestions ----------------------------------------------------------------------------------


def test_suggestions_appear_as_one_types_and_are_picked_by_keyboard(watched: Any) -> None:
    page = watched.open("/")
    box = page.get_by_role("combobox", name=BOX)
    box.press_sequentially("kur")
    expect(page.get_by_role("option")).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status").filter(has_text="2 suggestions")).to_have_count(1)
    box.press("ArrowDown")
    chosen = page.locator('[role="option"][aria-selected="true"]')
    expect(chosen).to_contain_text("Kura o te Rimu")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    expect(box).to_be_focused()
    box.press("Enter")
    expect(page).to_have_url(f"{watched.url}/school/54")


def test_a_suggestion_is_picked_by_a_click(watched: Any) -> None:
    page = watched.open("/")
    page.get_by_role("combobox", name=BOX).press_sequentially("1 high")
    page.get_by_role("option", name="Othertown").click()
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")


def test_escape_closes_the_suggestions_and_keeps_the_text(watched: Any) -> None:
    page = watched.open("/")
    box = page.get_by_role("combobox", name=BOX)
    box.press_sequentially("kura")
    expect(page.get_by_role("listbox")).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("kura")


def test_arrows_go_round_by_way_of_the_box(watched: Any) -> None:
    page = watched.open("/")
    box = page.get_by_role("combobox", name=BOX)
    box.press_sequentially("kura")
    expect(page.get_by_role("option")).to_have_count(2)
    seen = []
    for _ in range(3):
        box.press("ArrowUp")
        seen.append(box.get_attribute("aria-activedescendant"))
    assert seen == ["q-suggestion-1", "q-suggestion-0", None]


def test_what_was_typed_is_looked_for_where_no_suggestion_was_picked(watched: Any) -> None:
    page = watched.open("/")
    box = page.get_by_role("combobox", name=BOX)
    box.press_sequentially("kura")
    expect(page.get_by_role("option")).to_have_count(2)
    box.press("Enter")
    expect(page).to_have_url(f"{watched.url}/?q=kura")


def test_what_was_chosen_of_an_earlier_text_is_not_taken_for_a_later_one(
    page: Page, live_url: str
) -> None:
    page.goto(live_url)
    box = page.get_by_role("combobox", name=BOX)
    box.press_sequentially("kura")
    expect(page.get_by_role("option")).to_have_count(2)
    box.press("ArrowDown")
    page.route("**/suggest*", lambda _: None)  # the next answer never comes
    box.press("Control+A")
    box.press_sequentially("ahitown")
    assert box.get_attribute("aria-activedescendant") is None
    box.press("Enter")
    expect(page).to_have_url(f"{live_url}/?q=ahitown")


def test_a_suggestion_says_of_which_kind_it_is_when_it_is_looked_for(watched: Any) -> None:
    page = watched.open("/")
    page.get_by_role("combobox", name=BOX).press_sequentially("ahitow")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("Ahitown")  # not what was suggested for the first letters
    option.click()
    expect(page).to_have_url(f"{watched.url}/?q=Ahitown&kind=town")
    expect(page.locator(".answer-provider")).to_be_visible()


def test_suggestions_that_do_not_come_leave_a_form_that_works(page: Page, live_url: str):
    page.route("**/suggest*", lambda route: route.abort())
    page.goto(live_url)
    page.get_by_label(BOX).press_sequentially("kura o te rimu")
    page.get_by_label(BOX).press("Enter")
    expect(page).to_have_url(f"{live_url}/school/54")


def test_hostile_suggestions_are_text(watched: Any) -> None:
    page = watched.open("/")
    page.get_by_role("combobox", name=BOX).press_sequentially("onerror alert")
    expect(page.get_by_role("option").first).to_contain_text(HOSTILE)


# --- by keyboard, without JavaScript, without the map, on paper -----------------------------------


def test_the_keyboard_alone_leads_from_the_start_to_a_phone_number(watched: Any) -> None:
    page = watched.open("/")
    tab_to(page, "document.activeElement.id === 'q'", presses=12)
    page.keyboard.type("54")
    page.keyboard.press("Enter")
    page.wait_for_url("**/school/54")
    tab_to(page, "(document.activeElement.href || '').startsWith('tel:')", presses=20)


def test_the_first_page_pays_for_no_map_before_it_is_wanted(watched: Any) -> None:
    watched.open("/").wait_for_load_state("networkidle")
    assert not [url for url in watched.requests if "/leaflet/" in url or "/map.js" in url]


def test_whoever_saves_data_pays_for_the_map_only_once_they_open_it(
    browser: Browser, live_url: str
) -> None:
    context = browser.new_context(viewport=PHONE)
    context.add_init_script(SAVES_DATA)
    with Watched(context, live_url).lent() as window:
        page = window.open("/")
        page.locator("#map-frame").scroll_into_view_if_needed()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.locator("a.choose").first.focus()
        page.wait_for_load_state("networkidle")
        assert not [url for url in window.requests if "/leaflet/" in url or "/map.js" in url]
        page.locator(".map-picture").click()
        page.wait_for_selector("#map-frame[data-ready]")
    context.close()


def open_the_map(page: Page) -> None:
    """Open the map on the first page, by the keyboard.

    A click scrolls to the picture first, which opens the map, and finds the map in its place.
    """
    page.locator(".map-picture").press("Enter")
    page.wait_for_selector("#map-frame[data-ready]")


def test_the_focus_leaves_the_map_on_the_first_page(watched: Any) -> None:
    page = watched.open("/")
    open_the_map(page)
    tab_to(page, "document.activeElement.closest('.folium-map') !== null", presses=20)
    tab_to(page, "document.activeElement.closest('.finder-list') !== null", presses=20)


def test_the_map_on_the_first_page_shows_a_provider_and_changes_no_address(watched: Any) -> None:
    page = watched.open("/")
    open_the_map(page)
    page.locator("details.region summary").first.click()
    page.get_by_role("link", name="Rimu", exact=True).click()
    expect(page.locator("#answer .answer-provider")).to_have_text("Provider of Rimu")
    expect(page).to_have_url(f"{watched.url}/")


def test_hostile_names_are_shown_as_they_are_written(watched: Any) -> None:
    page = watched.open("/school/55")
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.locator(".answer-provider")).to_have_text(HOSTILE)
    assert page.get_by_role("link", name="javascript").count() == 0


@pytest.fixture
def plain_start(plain: Page, live_url: str) -> Page:
    """The first page, without JavaScript."""
    plain.goto(live_url)
    return plain


@pytest.mark.parametrize(
    "text",
    [
        "#54",
        "kura o te rimu",
        *(pytest.param(text, marks=pytest.mark.thorough) for text in ("0054", "KURA O TE RIMU")),
    ],
)
def test_without_javascript_a_school_finds_its_provider(plain_start: Page, text: str) -> None:
    search(plain_start, text)
    expect(plain_start.locator(".answer-provider")).to_have_text("Provider of Rimu")


def test_without_javascript_one_picks_from_a_list(plain_start: Page) -> None:
    search(plain_start, "1 high street")
    plain_start.get_by_role("link", name="1 High Street").last.click()
    expect(plain_start.locator(".answer-provider")).to_have_text("Provider of Rimu")


def test_without_javascript_nothing_found_has_the_focus(plain_start: Page) -> None:
    search(plain_start, "zzz")
    said = plain_start.get_by_role("heading", name="No school, address, suburb or town was found")
    expect(said).to_be_focused()


def test_without_javascript_the_first_page_says_where_the_list_is(plain_start: Page) -> None:
    expect(plain_start.locator(".map-picture")).to_have_attribute("href", "/map")
    # The browser of the tests shows no <noscript> where it was told to run no script.
    assert "The map needs JavaScript" in plain_start.content()
    plain_start.locator("details.region summary").first.click()
    expect(plain_start.locator("details.region li").first).to_contain_text("Provider of")


def test_with_the_map_blocked_the_finder_finds(page: Page, live_url: str) -> None:
    page.route("**/leaflet/**", lambda route: route.abort())
    page.route("**/map.js*", lambda route: route.abort())
    page.goto(live_url)
    page.locator(".map-picture").press("Enter")
    expect(page.locator("#map-message")).to_contain_text("The map could not be loaded")
    search(page, "54")
    expect(page.locator(".answer-provider")).to_have_text("Provider of Rimu")


def test_on_a_phone_the_provider_and_the_phone_number_are_on_the_first_screen(
    browser: Browser, live_url: str
) -> None:
    page = browser.new_page(viewport=PHONE, has_touch=True)
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{live_url}/school/54")
    for shown in (".answer-provider", ".fact-phone a", "a[href^='mailto:']", "a[href^='https:']"):
        box = page.locator(f".answer {shown}, {shown}").first.bounding_box()
        assert box
        assert box["y"] + box["height"] <= PHONE["height"], shown
    page.close()


SEEN_WHOLE = """
(which) => Array.from(document.querySelectorAll(which)).filter((each) => {
  const box = each.getBoundingClientRect();
  const list = each.closest('.suggestions')?.getBoundingClientRect();
  const end = Math.min(innerHeight, list ? list.bottom : innerHeight);
  return box.height > 0 && box.top >= 0 && box.bottom <= end + 1;
}).length
"""
"""How many of some elements are seen whole."""


@pytest.mark.parametrize("size", [(390, 844), (1366, 768)])
def test_the_first_screen_has_the_box_examples_and_the_ways_on(
    page: Page, live_url: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(live_url)
    for which, count in (("h1", 1), ("#q", 1), (".examples a", 3), ("#locate button", 1)):
        assert page.evaluate(SEEN_WHOLE, which) == count, which
    assert page.evaluate(SEEN_WHOLE, ".ways a") == 4
    assert page.evaluate(SEEN_WHOLE, ".why a") == 1
    for example in page.locator(".examples a").all():
        answer = page.request.get(f"{live_url}{example.get_attribute('href')}")
        assert "answer-provider" in answer.text()


def test_with_a_phone_s_keyboard_up_suggestions_are_seen(page: Page, live_url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 500})
    page.goto(live_url)
    page.get_by_role("combobox", name=BOX).press_sequentially("h")
    expect(page.get_by_role("option").first).to_be_visible()
    there = page.get_by_role("option").count()
    assert page.evaluate(SEEN_WHOLE, "[role=option]") >= min(there, 3)


def test_a_place_is_asked_of_the_browser_only_when_pressed(browser: Browser, live_url: str) -> None:
    at = {"latitude": -38.5, "longitude": 174.5, "accuracy": 10}
    context = browser.new_context(geolocation=at, permissions=["geolocation"])
    page = context.new_page()
    page.goto(live_url)
    assert "q=" not in page.url
    page.get_by_role("button", name="Use my location").click()
    page.wait_for_url("**/?q=-38.50000%2C%20174.50000")
    context.set_geolocation({**at, "accuracy": 9_000})
    page.goto(live_url)
    page.get_by_role("button", name="Use my location").click()
    expect(page.locator("#locate [role=status]")).to_contain_text("knows only roughly")
    context.clear_permissions()
    page.get_by_role("button", name="Use my location").click()
    expect(page.locator("#locate [role=status]")).to_contain_text("did not share your location")
    context.close()


def test_an_answer_is_called_written_to_copied_and_kept(browser: Browser, live_url: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{live_url}/school/54")
    actions = page.get_by_role("list", name="Use this answer")
    expect(actions.get_by_role("link", name="Call")).to_have_attribute("href", "tel:0800000000")
    subject = "?subject=Attendance%20support%3A%20Kura%20o%20te%20Rimu%20%28school%2054%29"
    mail = actions.get_by_role("link", name="Email").get_attribute("href") or ""
    assert mail.endswith(subject)
    actions.get_by_role("button", name="Copy").click()
    expect(actions.get_by_role("status")).to_have_text("Copied")
    assert "Kura o te Rimu (54)" in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as saved:
        actions.get_by_role("link", name="Save contact").click()
    assert saved.value.suggested_filename == "attendance-provider-54.vcf"
    context.close()


def test_an_answer_prints_with_its_provider_and_without_controls(page: Page, live_url: str) -> None:
    page.goto(f"{live_url}/school/54")
    page.emulate_media(media="print")
    expect(page.locator(".answer-provider")).to_be_visible()
    expect(page.get_by_text("0800 000 000")).to_be_visible()
    expect(page.get_by_label("Demonstration data")).to_be_visible()
    for hidden in ("nav", "form", ".skip"):
        expect(page.locator(hidden).first).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") == 1


# --- in another website's frame -------------------------------------------------------------------


@pytest.fixture(scope="module")
def school_website(live_url: str) -> Iterator[str]:
    """A website that frames what its address names."""

    class Website(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (
                f'<!DOCTYPE html><iframe src="{live_url}{self.path}" width=600 height=600></iframe>'
                f'<script src="{live_url}/embed.js" async></script>'
            )
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Website)
    with in_a_thread(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_an_allowed_website_shows_the_finder_in_a_frame(page: Page, school_website: str) -> None:
    page.goto(f"{school_website}/embed")
    frame = page.frame_locator("iframe")
    frame.get_by_label(BOX).fill("rimu")
    frame.get_by_role("button", name="Find").click()
    expect(frame.locator(".answer-provider")).to_have_text("Provider of Rimu")
    expect(frame.get_by_label("Demonstration data")).to_be_visible()
    expect(frame.locator("nav")).to_have_count(0)


def test_the_frame_becomes_as_high_as_its_answer(page: Page, school_website: str) -> None:
    page.goto(f"{school_website}/embed?school=54")
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("style", re.compile("height"))
    inside = page.frames[1].evaluate("document.documentElement.scrollHeight")
    assert abs(frame.evaluate("(each) => each.clientHeight") - inside) <= 2
    before = frame.get_attribute("style") or ""
    page.evaluate("window.postMessage({ catchmentsHeight: 5 }, '*')")  # not from the frame
    expect(frame).to_have_attribute("style", before)


@pytest.mark.thorough
@pytest.mark.parametrize("path", ["/", "/school/54", "/map", "/catchments"])
def test_nothing_else_may_be_framed(page: Page, school_website: str, path: str) -> None:
    page.goto(school_website + path)
    # Chromium's own page stands there instead.
    assert page.frames[1].url == "chrome-error://chromewebdata/"
    expect(page.frame_locator("iframe").locator("#main")).to_have_count(0)
