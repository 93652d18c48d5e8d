"""Every public page in Chromium, visited once: what has to hold on all of them, at each width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, Response, ViewportSize

from tests.browser.windows import DESKTOP, NARROW, PHONE, Watched, violations

pytestmark = pytest.mark.browser


# --- which pages, and in which states -------------------------------------------------------------


def as_it_loads(_page: Page) -> None:
    pass


def with_suggestions(page: Page) -> None:
    box = page.locator(".combobox input").first
    box.fill("")
    box.press_sequentially("kura")
    page.get_by_role("option").first.wait_for()
    box.press("ArrowDown")


def with_its_map(page: Page) -> None:
    page.wait_for_selector("#map-frame[data-ready]")


def all_unfolded(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def without_what_is_alike(page: Page) -> None:
    """Axe takes a minute over all operations and shapes, which look like the first."""
    page.evaluate(
        "(alike) => document.querySelectorAll(alike).forEach((e) => e.remove())",
        ".operation:nth-of-type(n + 3), .shape:nth-of-type(n + 4)",
    )


READY = ("years-1-11", "enrolled", "chronic", "steps-done", "not-improving", "barrier-other")
ANSWERS = {
    "Not enough answers yet": (),
    "Ask now": (*READY, "moves", "complex"),
    "Consider asking": (*READY, "sibling"),
    "Not yet": ("years-1-11", "enrolled", "away-5", "steps-begun"),
    "Not this service": ("no-school",),
}
"""Some answers of the guide for each advice, by its title."""


def choose(page: Page, title: str) -> None:
    for each in ANSWERS[title]:
        page.locator(f"#option-{each}").check()


def answered(title: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.get_by_role("button", name="Clear all answers").click()
        choose(page, title)

    return act


Look = Callable[[Page], list[str]]
"""Returns what is wrong with a page as it stands."""


@dataclass(frozen=True)
class State:
    """What is done on a page, once it is open, and whether axe looks at it then."""

    act: Callable[[Page], None] = as_it_loads
    axe: bool = True

    def __str__(self) -> str:
        return self.act.__name__.replace("_", " ")


PRESSED = ("a[href], button, input, select, summary", "p, .leaflet-control, .skip")
PRESSED_IN_LISTS = ("main :is(a, button, input, select)", "p.lede, p.notice, .notice p")
PRESSED_ON_THE_MAP = (".leaflet-bar a", "p")
"""What is pressed, and where it may be smaller: in a sentence."""


@dataclass(frozen=True)
class Stop:
    """A page of the walk."""

    path: str
    states: tuple[State, ...] = (State(),)
    light: tuple[ViewportSize, ...] = (DESKTOP,)
    """Where axe looks at it, in each colour scheme."""
    dark: tuple[ViewportSize, ...] = (PHONE,)
    pressed: tuple[tuple[str, str], ...] = (PRESSED,)

    def looks(self) -> list[tuple[ViewportSize, Look]]:
        """What holds in either colour scheme, and is looked at in the light one."""
        large_enough = too_small_to_press(*self.pressed)
        return [*EVERYWHERE, (DESKTOP, large_enough), (PHONE, large_enough)]


def stops(*paths: str, **more: Any) -> tuple[Stop, ...]:
    return tuple(Stop(path, **more) for path in paths)


_READY = State(with_its_map, axe=False)
_SUGGESTING = State(with_suggestions)
_BOTH = (DESKTOP, PHONE)
_ON_THE_MAP: dict[str, Any] = {"pressed": (PRESSED, PRESSED_ON_THE_MAP)}
SELDOM = {"guide", "catchments", "API", "map"}
"""Walks that --all takes, too: what all pages share is seen on the others."""
WALKS = {
    "finder": (
        Stop("/", (State(), State(with_suggestions))),
        *stops(
            "/?q=kura",
            "/?q=nowhere",
            "/?q=",
            "/?q=12+edge+road",
            "/?q=1+high+street",
            "/?q=9+edge+road",
            "/school/54",
            "/school/498?on=2025-01-01",
            "/school/0000999",
            "/embed",
            "/embed?q=kura",
            "/embed?school=54",
            "/nothing-here",
            "/report?school=54",
            "/report/thanks",
            "/embed/about?school=54",
        ),
    ),
    "catchments": (
        *stops(
            *("/catchments?q=54", "/history?school=kura", "/history?school=nowhere"),
            states=(State(), _SUGGESTING),
            pressed=(PRESSED, PRESSED_IN_LISTS),
        ),
        *stops(
            "/catchments",
            "/catchments?q=rimu&sort=schools",
            "/catchments?q=kura",
            "/catchments?q=nowhere",
            "/catchments?on=2025-01-01",
            "/catchment/AA-02",
            "/catchment/AA-04",
            "/catchment/AA-06",
            "/catchment/none",
            pressed=(PRESSED, PRESSED_IN_LISTS),
        ),
    ),
    "map": (
        *stops(
            *("/map", "/map?school=54"),
            states=(_READY, _SUGGESTING),
            light=_BOTH,
            dark=_BOTH,
            **_ON_THE_MAP,
        ),
        *stops(
            *("/map?catchment=AA-02", "/map?catchment=AA-04", "/map?school=55"),
            states=(_READY,),
            **_ON_THE_MAP,
        ),
    ),
    "guide": (
        Stop("/when-to-ask?school=54", tuple(State(answered(title)) for title in ANSWERS)),
        *stops("/when-to-ask", "/when-to-ask?school=55", "/when-to-ask?school=498"),
    ),
    "API": (
        Stop(
            "/api",
            (State(all_unfolded, axe=False), State(without_what_is_alike)),
            light=(PHONE,),
            dark=(DESKTOP,),
            pressed=(),  # its tables are full of links
        ),
    ),
}


# --- what is looked at ----------------------------------------------------------------------------

TOO_SMALL = """
([which, unless]) => Array.from(document.querySelectorAll(which))
  .filter((each) => each.checkVisibility() && each.type !== 'hidden' && !each.closest(unless))
  .map((each) => [each.outerHTML.slice(0, 120), each.getBoundingClientRect()])
  .filter(([, box]) => box.height < 24 || box.width < 24)
  .map(([html, box]) => `${html} ${box.width} × ${box.height}`)
"""
"""WCAG 2.5.8: what is pressed is 24 pixels wide and high, but for links within a sentence."""


def wider_than_the_screen(page: Page) -> list[str]:
    beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"wider than the screen by {beyond}"] if beyond > 0 else []


def too_small_to_press(*pressed: tuple[str, str]) -> Look:
    def look(page: Page) -> list[str]:
        found = [page.evaluate(TOO_SMALL, [*each]) for each in pressed]
        return [f"too small to press: {each}" for some in found for each in some]

    return look


def without_a_banner(page: Page) -> list[str]:
    shown = page.get_by_label("Demonstration data").is_visible()
    return [] if shown else ["does not say that it is a demonstration"]


def forbids_zooming(page: Page) -> list[str]:
    content = page.locator('meta[name="viewport"]').get_attribute("content") or ""
    forbidding = [each for each in ("user-scalable", "maximum-scale") if each in content]
    return [f"forbids zooming: {each}" for each in forbidding]


def without_a_language(page: Page) -> list[str]:
    language = page.locator("html").get_attribute("lang")
    return [] if language in {"en-NZ", "en", "mi"} else [f"is in no language: {language}"]


def against_what_axe_knows(page: Page) -> list[str]:
    return [f"axe: {rule} {elements}" for _, rule, elements in violations(page)]


EVERYWHERE: tuple[tuple[ViewportSize, Look], ...] = (
    (DESKTOP, without_a_banner),
    (DESKTOP, forbids_zooming),
    (DESKTOP, without_a_language),
    (DESKTOP, wider_than_the_screen),
    (PHONE, wider_than_the_screen),
    (NARROW, wider_than_the_screen),
)


def looked_at(page: Page, looks: list[tuple[ViewportSize, Look]]) -> Iterator[str]:
    """What is wrong with a page as it stands; the window takes each width once."""
    for size in (DESKTOP, PHONE, NARROW):
        here = [look for at, look in looks if at == size]
        if here:
            page.set_viewport_size(size)
        for look in here:
            yield from (f"{size['width']} px: {found}" for found in look(page))
    page.set_viewport_size(DESKTOP)


def not_of_the_status(complaints: list[str], response: Response | None) -> list[str]:
    """What the browser complains of, but for the page's own status, on which it has a word."""
    status = response.status if response else 0
    return [each for each in complaints if status < 400 or f"status of {status}" not in each]


def wrong_with(watched: Watched, stop: Stop) -> Iterator[str]:
    """All that is found wrong on one visit: style sheets alone know of colour schemes."""
    watched.complaints.clear()
    page = watched.page
    response = page.goto(watched.url + stop.path)
    for state in stop.states:
        state.act(page)
        for scheme, looks in (("light", stop.looks()), ("dark", [])):
            at = getattr(stop, scheme) if state.axe else ()
            page.emulate_media(color_scheme=scheme)
            found = looked_at(page, [*looks, *((size, against_what_axe_knows) for size in at)])
            yield from (f"{stop.path} {state}, {scheme}, at {each}" for each in found)
        page.emulate_media(color_scheme="light")
    for each in not_of_the_status(watched.complaints, response):
        yield f"{stop.path}: {each}"
    watched.complaints.clear()


@pytest.mark.parametrize(
    "walk",
    [pytest.param(walk, marks=[pytest.mark.thorough] if walk in SELDOM else []) for walk in WALKS],
)
def test_every_page_is_fit_to_be_used(watched: Watched, walk: str) -> None:
    wrong = [each for stop in WALKS[walk] for each in wrong_with(watched, stop)]
    assert not wrong, "\n".join(wrong)
