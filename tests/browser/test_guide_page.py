"""The guide in Chromium: the style sheet shows what `advise` says, and nothing leaves the page."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from playwright.sync_api import Page, Route, expect

from catchments.lookup.guidance import (
    Advice,
    Condition,
    Guide,
    Option,
    Question,
    Rule,
    advise,
    shipped_guides,
)
from catchments.web.pages import guide as web
from tests.browser.made_up import HOSTILE
from tests.browser.test_every_page import ANSWERS, choose
from tests.browser.windows import PHONE, Watched, tab_to, violations

pytestmark = pytest.mark.browser

PATH = "/when-to-ask"
GUIDE = shipped_guides()[-1]

Shown = dict[str, Any]

SHOWN = """
(sets) => {
  const seen = (where) => Array.from(document.querySelectorAll(where))
    .filter((each) => each.checkVisibility()).map((each) => each.innerText.trim());
  return sets.map((chosen) => {
    for (const each of document.querySelectorAll('.questions input'))
      each.checked = chosen.includes(each.value);
    return {
      titles: seen('.advice .outcome > h3'),
      reasons: seen('.advice .reason'),
      unanswered: seen('.advice .to-answer > li'),
      no_rule: seen('.advice .no-rule').length,
    };
  });
}
"""
"""Choose each of some sets of options, and return what the page shows then."""


def shown(page: Page, sets: Sequence[frozenset[str]]) -> list[Shown]:
    found: list[Shown] = page.evaluate(SHOWN, [sorted(chosen) for chosen in sets])
    return found


def expected(guide: Guide, chosen: frozenset[str]) -> Shown:
    found = advise(guide, chosen)
    if found.advice:
        title, unanswered = found.advice.title, []
    else:
        title, unanswered = guide.undecided.title, [each.legend for each in found.unanswered]
    return {
        "titles": [title],
        "reasons": [rule.reason for rule in found.rules],
        "unanswered": unanswered,
        "no_rule": int(found.advice is None and not found.unanswered),
    }


def answers(guide: Guide, *, times: int) -> Iterator[frozenset[str]]:
    """Every way to answer or leave out each question that takes one answer, with some ticks."""
    chance = random.Random(54)
    one = [(None, *sorted(each.option_ids)) for each in guide.questions if each.answers == "one"]
    ticks = sorted(set().union(*(q.option_ids for q in guide.questions if q.answers == "any")))
    for chosen in product(*one):
        for _ in range(times):
            share = chance.choice((0, 1, chance.random()))
            some = [each for each in ticks if chance.random() < share]
            yield frozenset((*filter(None, chosen), *some))


# --- the advice -----------------------------------------------------------------------------------


@pytest.fixture(
    params=["watched", pytest.param("plain", marks=pytest.mark.thorough)],
    ids=["with JavaScript", "without"],
)
def guide_page(request: pytest.FixtureRequest, live_url: str) -> Page:
    lent: Watched | Page = request.getfixturevalue(request.param)
    page = lent.page if isinstance(lent, Watched) else lent
    page.goto(live_url + PATH)
    return page


@pytest.mark.thorough
def test_the_page_shows_what_advise_says(guide_page: Page) -> None:
    sets = [*({each} for each in GUIDE.labels), *answers(GUIDE, times=1)]
    sets = [frozenset(each) for each in sets]
    assert len(sets) > 1000
    for chosen, found in zip(sets, shown(guide_page, sets), strict=True):
        assert found == expected(GUIDE, chosen), sorted(chosen)


BY_HAND = 3
"""So many are given by hand each time, all of them with --all."""


@pytest.mark.parametrize(
    "title",
    [
        pytest.param(title, marks=[] if number < BY_HAND else pytest.mark.thorough)
        for number, title in enumerate(ANSWERS)
    ],
)
def test_answers_given_by_hand_are_advised_on(guide_page: Page, title: str) -> None:
    choose(guide_page, title)
    found = guide_page.locator(".advice .outcome h3").locator("visible=true")
    expect(found).to_have_text([title])
    guide_page.get_by_role("button", name="Clear all answers").click()
    expect(found).to_have_text(["Not enough answers yet"])


IDS = [f"o{n}" for n in range(6)]


@st.composite
def guides(draw: st.DrawFn) -> Guide:
    """Any guide of up to four questions and three advices, sensible or not."""
    taken = iter(IDS)
    questions = tuple(
        Question(
            id=f"q{at}",
            legend=f"Question {at}?",
            answers=draw(st.sampled_from(("one", "any"))),
            options=tuple(Option(id=each, label=each) for each in (next(taken), next(taken))),
        )
        for at in range(draw(st.integers(1, 3)))
    )
    known = st.sampled_from([each.id for question in questions for each in question.options])
    ids = st.lists(known, max_size=2, unique=True).map(tuple)
    conditions = st.builds(Condition, all_of=ids, any_of=ids, none_of=ids)
    advices = tuple(
        Advice(
            id=f"a{at}",
            title=f"Advice {at}",
            summary="Do.",
            when=draw(conditions),
            rules=tuple(
                Rule(when=when, reason=f"Reason {at}.{n}.")
                for n, when in enumerate(draw(st.lists(conditions, min_size=1, max_size=3)))
            ),
        )
        for at in range(draw(st.integers(1, 3)))
    )
    return replace(GUIDE, questions=questions, advices=advices)


def ticks_only(*advices: Advice) -> Guide:
    options = tuple(Option(id=each, label=each) for each in IDS)
    question = Question(id="q0", legend="Which?", answers="any", options=options)
    return replace(GUIDE, questions=(question,), advices=advices)


def advice(name: str, *wanted: str) -> Advice:
    rule = Rule(when=Condition(all_of=wanted), reason=f"Reason {name}.")
    return Advice(id=name, title=name, summary="Do.", rules=(rule,))


LOPSIDED = ticks_only(advice("a0", "o0"), advice("a1", "o0", "o1", "o2", "o3"))
"""Its first advice has a condition of less weight in a style sheet than its second."""


@pytest.mark.thorough
def test_the_page_of_any_guide_shows_what_advise_says(
    page: Page, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(route: Route) -> None:
        path = route.request.url.removeprefix("http://guide.test")
        with client.get(path) as answer:
            route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.data)

    page.route("http://guide.test/**", serve)

    @settings(
        max_examples=12,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(guides())
    @example(LOPSIDED)
    def holds(guide: Guide) -> None:
        monkeypatch.setattr(web, "guide_on", lambda _: guide)
        monkeypatch.setattr(web, "shipped_guides", lambda: (guide,))
        page.goto(f"http://guide.test{PATH}")
        sets = list(answers(guide, times=5))
        for chosen, found in zip(sets, shown(page, sets), strict=True):
            assert found == expected(guide, chosen), sorted(chosen)

    holds()


# --- nothing is sent, nothing is stored -----------------------------------------------------------


def kept(page: Page) -> list[Any]:
    """What the browser has stored for the page."""
    stored = "[localStorage.length, sessionStorage.length, document.cookie]"
    return [*page.evaluate(stored), page.context.cookies()]


def checked(page: Page) -> int:
    return page.locator(".questions input:checked").count()


def test_answering_sends_nothing_and_stores_nothing(watched: Any) -> None:
    page = watched.open(f"{PATH}?school=54")
    page.wait_for_load_state("networkidle")  # its icon comes last
    watched.requests.clear()
    for title in ANSWERS:
        choose(page, title)
        expect(page.locator(".outcome h3").locator("visible=true")).to_have_text([title])
        page.locator("#option-sibling").press("Enter")
        page.get_by_role("button", name="Clear all answers").click()
    assert watched.requests == []
    assert page.url == f"{watched.url}{PATH}?school=54"
    assert kept(page) == [0, 0, "", []]


@pytest.mark.parametrize("kind", ["radio", "checkbox"])
def test_enter_neither_leaves_the_page_nor_changes_an_answer(guide_page: Page, kind: str) -> None:
    address = guide_page.url
    box = guide_page.locator(f".questions input[type={kind}]").first
    box.check()
    box.press("Enter")  # returns once what it leads to has been loaded
    assert guide_page.url == address
    expect(box).to_be_checked()


def test_a_page_that_is_loaded_again_starts_clean(guide_page: Page, live_url: str) -> None:
    choose(guide_page, "Ask now")
    guide_page.reload()
    assert checked(guide_page) == 0
    choose(guide_page, "Ask now")
    guide_page.goto(f"{live_url}/catchments")
    guide_page.go_back()
    assert checked(guide_page) == 0


def test_a_page_that_the_browser_keeps_in_memory_is_cleared_when_it_is_left(watched: Any) -> None:
    page = watched.open(PATH)
    choose(page, "Ask now")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert checked(page) == 0


# --- where the style sheet cannot tell ------------------------------------------------------------


def older(route: Route) -> None:
    """Answer as a browser without :has() would understand it."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("selector(:has(", "selector(:no("))


def refused(route: Route) -> None:
    route.abort()


@pytest.mark.parametrize("handler", [older, pytest.param(refused, marks=pytest.mark.thorough)])
def test_a_browser_that_cannot_pick_shows_all_advice_with_its_conditions(
    page: Page, live_url: str, handler: Any
) -> None:
    page.route("**/*.css*" if handler is older else f"**{PATH}/*.css*", handler)
    page.goto(live_url + PATH)
    page.locator("#option-no-school").check()
    advice = page.locator(".advice")
    expect(advice).to_contain_text("Your browser cannot pick the advice for you")
    for each in GUIDE.advices:
        expect(advice.get_by_role("heading", name=each.title, exact=True)).to_be_visible()
        for rule in each.rules:
            expect(advice.get_by_text(rule.reason)).to_be_visible()
    expect(advice).to_contain_text(
        "Students without a school go through ENROL, the register of enrolments, and not through "
        "a school’s request. With “One who is not enrolled at any school”."
    )
    expect(advice).to_contain_text(f"Applies only with all of “{GUIDE.labels['years-1-11']}")
    assert violations(page) == []


# --- everyone -------------------------------------------------------------------------------------


def test_the_keyboard_alone_leads_from_the_first_question_to_the_phone(watched: Any) -> None:
    page = watched.open(f"{PATH}?school=54")
    tab_to(page, "document.activeElement.id === 'option-years-1-11'", presses=12)
    page.keyboard.press("Space")
    # The arrows move within a question and choose; Tab leads to the next.
    alike = [["Space"]] * 3
    for to_the_answer in (*alike, ["ArrowDown"], ["ArrowDown", "ArrowDown"]):
        page.keyboard.press("Tab")
        for key in to_the_answer:
            page.keyboard.press(key)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator(".outcome h3").locator("visible=true")).to_have_text(["Ask now"])
    expect(page.locator(".reason").locator("visible=true")).to_contain_text(
        ["There are referrals as well as chronic absence."]
    )
    tab_to(page, "(document.activeElement.href || '').startsWith('tel:')", presses=20)


def test_the_advice_is_in_a_region_that_is_read_out_when_it_changes(watched: Any) -> None:
    page = watched.open(PATH)
    before = page.get_by_role("status").aria_snapshot()
    choose(page, "Not this service")
    after = page.get_by_role("status").aria_snapshot()
    assert 'heading "Not enough answers yet"' in before
    assert 'heading "Not this service"' in after
    assert "Students without a school go through ENROL" in after
    assert "Not enough answers yet" not in after
    assert "With “One who" not in after
    assert live_regions(page) == [("status", "polite", False)]


def live_regions(page: Page) -> list[tuple[str, str, bool]]:
    """The parts of the page that Chromium tells assistive technology to read out, and how."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    found = []
    for node in tree["nodes"]:
        given = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
        if "live" in given and node["role"]["value"] == "status":
            found.append(("status", given["live"], given["atomic"]))
    return found


def test_on_a_phone_a_line_at_the_bottom_says_what_is_advised_so_far(
    watched: Watched,
) -> None:
    watched.page.set_viewport_size(PHONE)
    page = watched.open(PATH)
    line = page.get_by_role("link", name="Advice so far:")
    expect(line).to_be_in_viewport()
    expect(line.locator("strong").locator("visible=true")).to_have_text(["Not enough answers yet"])
    page.locator("#option-no-visa").check()
    expect(line.locator("strong").locator("visible=true")).to_have_text(["Not this service"])
    line.click()
    expect(page.locator(".reason").locator("visible=true")).to_be_in_viewport()


def test_on_a_phone_that_line_never_covers_what_has_the_focus(
    watched: Watched,
) -> None:
    watched.page.set_viewport_size(PHONE)
    page = watched.open(PATH)
    covered = """() => {
      const [one, line] = [document.activeElement, document.querySelector('.so-far')]
        .map((each) => each.getBoundingClientRect());
      return document.activeElement.closest('.questions') !== null && one.bottom > line.top + 1;
    }"""
    boxes = page.locator(".questions input")
    for at in range(boxes.count()):
        # Where it is in view, but for the line, the browser has no other reason to scroll.
        boxes.nth(at).evaluate(
            "(box) => scrollBy(0, box.getBoundingClientRect().bottom - innerHeight + 2)"
        )
        boxes.nth(at).focus()
        assert not page.evaluate(covered), page.evaluate("document.activeElement.outerHTML")


def test_beside_the_questions_the_advice_stays_in_view(watched: Any) -> None:
    page = watched.open(PATH)
    choose(page, "Consider asking")
    expect(page.locator("#option-sibling")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Consider asking")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Advice so far:")).to_be_hidden()


def test_what_is_still_to_be_answered_leads_to_its_question(watched: Any) -> None:
    page = watched.open(PATH)
    page.get_by_role("link", name="What mainly stands in the way?").click()
    expect(page.locator("#question-barrier legend")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.locator("#option-barrier-school")).to_be_focused()


def test_on_paper_are_the_advice_the_answers_and_whom_to_call(watched: Watched) -> None:
    page = watched.open(f"{PATH}?school=54")
    choose(page, "Ask now")
    page.emulate_media(media="print")
    for text in ("Ask now", "The student moves often", "70% or less", "0800 000 000"):
        expect(page.get_by_text(text).locator("visible=true").first).to_be_visible()
    for hidden in ("An international student without a valid visa", "Clear all answers", "Not yet"):
        expect(page.get_by_text(hidden, exact=True).locator("visible=true")).to_have_count(0)
    expect(page.locator(".so-far")).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 3


def test_without_answers_a_blank_checklist_is_printed(watched: Any) -> None:
    page = watched.open(PATH)
    page.emulate_media(media="print")
    for text in ("70% or less", "An international student without a valid visa", "Write no names"):
        expect(page.get_by_text(text).locator("visible=true").first).to_be_visible()
    expect(page.locator(".question:visible")).to_have_count(len(GUIDE.questions))
    expect(page.locator(".advice")).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 2


def test_hostile_names_are_shown_in_the_guide_as_they_are_written(watched: Any) -> None:
    page = watched.open(f"{PATH}?school=55")
    expect(page.locator(".for-school a")).to_have_text(HOSTILE)
    expect(page.locator(".answer-provider")).to_have_text(HOSTILE)
