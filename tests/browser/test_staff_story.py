"""Three people in turn: an editor, an approver, an administrator; by mouse, then by keyboard alone.

On the demonstration's coasts, with a real server, a real mail server, and publications that run in
processes of their own. What the finder, the API, the feed, the e-mails and the audit trail say must
be one story.
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from catchments.core.errors import long_date
from catchments.core.roles import Role
from catchments.runtime.new_zealand import today_in_new_zealand
from catchments.store import Store
from catchments.store.integrity.audit import AuditTrail
from tests.browser.windows import Watched, violations
from tests.editions.test_delivery import Postbox, smtp_server
from tests.serving import serving
from tests.staff import PASSWORD, App, add_person
from tests.waiting import wait_until
from tests.worlds import opened

pytestmark = [pytest.mark.browser, pytest.mark.thorough]

SCHOOLS = (3, 4, 5, 8, 9)
"""Of Kaitāia, Kerikeri, Paihia and Kaikohe; all are to go to Dargaville."""
PENINSULA = "173.0 -34.3\n173.3 -34.3\n173.3 -34.9\n172.6 -34.9\n172.6 -34.3"
"""The north of Te Aupōuri, from coast to coast, and some sea around it."""


class Mouse:
    """What hands do with a mouse."""

    def press(self, target: Locator) -> None:
        """Click a link or a button, each of which leads to another page here."""
        with target.page.expect_navigation():
            target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def choose(self, target: Locator, label: str) -> None:
        target.select_option(label=label)

    def tick(self, target: Locator) -> None:
        target.check()

    def date(self, target: Locator, day: date) -> None:
        target.fill(day.isoformat())


class Keyboard:
    """What hands do without one: everything is reached by Tab."""

    def press(self, target: Locator) -> None:
        """Press Enter on a link or a button, each of which leads to another page here."""
        self._reach(target)
        with target.page.expect_navigation():
            target.page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        target.page.keyboard.press("Control+A")
        target.page.keyboard.type(text)

    def choose(self, target: Locator, label: str) -> None:
        self._reach(target)
        target.page.keyboard.type(label)
        chosen = target.locator("option:checked")
        expect(chosen).to_have_text(label)

    def tick(self, target: Locator) -> None:
        self._reach(target)
        target.page.keyboard.press("Space")

    def date(self, target: Locator, day: date) -> None:
        self._reach(target)
        target.page.keyboard.type(f"{day:%m%d%Y}")  # in the order of Chromium's own language
        expect(target).to_have_value(day.isoformat())

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        focused = "element => element === document.activeElement"
        for _ in range(300):
            if target.evaluate(focused):
                return
            target.page.keyboard.press("Tab")
        pytest.fail(f"{target} is not reached by Tab")


Hands = Mouse | Keyboard


def first_of_next_month() -> date:
    return (today_in_new_zealand().replace(day=1) + timedelta(days=32)).replace(day=1)


class Office:
    """The running service and the people who work with it."""

    def __init__(self, browser: Browser, url: str, path: Path, hands: Hands) -> None:
        self.browser, self.url, self.path, self.hands = browser, url, path, hands
        self.axe: list[Any] = []
        self.apps: dict[str, App] = {}

    @contextmanager
    def person(self, login: str) -> Iterator[Page]:
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, reduced_motion="reduce", locale="en-NZ"
        )
        watched = Watched(context, self.url)
        page = watched.open("/staff/sign-in")
        self.hands.write(page.get_by_label("Login"), login)
        self.hands.write(page.get_by_label("Password"), PASSWORD)
        self.hands.press(page.get_by_role("button", name="Sign in"))
        self.second_step(page, login)
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        yield page
        self.look(page)
        context.close()
        # Hana leaves a word among the numbers once, and is told so with status 400.
        assert [c for c in watched.complaints if "400 (Bad Request)" not in c] == []

    def second_step(self, page: Page, login: str) -> None:
        """Give a code where one is asked for; at the first sign-in the app is set up."""
        if page.url.endswith("/staff/second-step"):
            self.look(page)
            self.hands.write(page.get_by_label("Code from your app"), self.apps[login].code())
            self.push(page, "Go on")
        elif "/staff/second-step/set-up" in page.url:
            self.look(page)
            page.get_by_text("If you cannot scan it").click()
            self.apps[login] = App(page.locator("code.key").inner_text().replace(" ", ""))
            self.hands.write(page.get_by_label("Type the code"), self.apps[login].code())
            self.push(page, "Set up the app")
            expect(page.locator(".recovery-codes li")).to_have_count(10)
            self.look(page)
            self.follow(page, "I have kept them: go on")

    def look(self, page: Page) -> None:
        """Have axe look at a page as it stands: by mouse, for by keyboard it is the same."""
        if isinstance(self.hands, Mouse):
            self.axe += violations(page)

    def follow(self, page: Page, name: str | re.Pattern[str]) -> None:
        self.hands.press(page.get_by_role("link", name=name).first)

    def push(self, page: Page, name: str) -> None:
        self.hands.press(page.get_by_role("button", name=name, exact=True).first)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}") as response:
            return response.read()

    def provider(self, school: int, on: date) -> str:
        body = json.loads(self.get(f"/provider?school_id={school}&on={on}"))
        return str(body["provider"]["name"])


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture(params=[Mouse, Keyboard], ids=["by mouse", "by keyboard alone"])
def office(
    request: pytest.FixtureRequest, browser: Browser, demonstration_copy: Path, postbox: Postbox
) -> Iterator[Office]:
    with opened(demonstration_copy) as store:
        add_person(store, "hana", Role.EDITOR)
        add_person(store, "aroha", Role.APPROVER)
        add_person(store, "mere", Role.ADMINISTRATOR)
    with smtp_server(postbox) as mail:
        settings = {
            "CATCHMENTS_SMTP_URL": f"smtp://{mail.host}:{mail.port}?starttls=0",
            "CATCHMENTS_MAIL_FROM": "attendance@ministry.example",
            "CATCHMENTS_REFRESH_S": "0.5",
        }
        with serving(demonstration_copy, **settings) as server:
            yield Office(browser, server.url, demonstration_copy, request.param())


def test_a_reassignment_is_drafted_sent_back_approved_published_and_reverted(
    office: Office, postbox: Postbox
) -> None:
    starts = first_of_next_month()
    before = {school: office.provider(school, starts) for school in SCHOOLS}
    hana_prepares(office, starts)
    aroha_sends_it_back(office)
    hana_hands_it_over_again(office, starts)
    aroha_approves_and_publishes(office, starts)

    new = "Demonstration provider – Dargaville"
    assert {office.provider(school, starts) for school in SCHOOLS} == {new}
    assert {s: office.provider(s, today_in_new_zealand()) for s in SCHOOLS} == before
    school = office.get("/school/3").decode()
    assert f"From {long_date(starts)}" in school
    assert new in school
    changes = json.loads(office.get("/changes?since=1"))
    assert "3" in json.dumps(changes)
    assert new in json.dumps(changes, ensure_ascii=False)
    for who in ("dargaville@provider.example", "kaitaia@provider.example"):
        wait_until(lambda: was_told(postbox, who), f"{who} is told")  # noqa: B023
    assert office.axe == []
    if isinstance(office.hands, Keyboard):
        return  # going back takes the same keys once more, and half a minute

    mere_reverts_it(office, starts)
    assert {s: office.provider(s, starts) for s in SCHOOLS} == before
    feed = ET.fromstring(office.get("/changes.atom"))
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == 3
    everything_is_on_record(office, starts)
    assert office.axe == []


def hana_prepares(office: Office, starts: date) -> None:
    hands = office.hands
    with office.person("hana") as page:
        office.follow(page, "Drafts")
        office.follow(page, "Begin a draft")
        hands.write(page.get_by_label("Title"), "Five schools and a peninsula")
        hands.write(page.get_by_label("Reason"), "The contract in Kaitāia ends")
        office.push(page, "Begin the draft")
        office.follow(page, "Move schools")
        hands.write(page.get_by_label("Or paste school numbers"), "3, 4 5\n8 maybe 9")
        hands.choose(page.get_by_label("Move them to"), "Dargaville (TT-06)")
        office.push(page, "Look over, then add")
        expect(page.get_by_role("alert")).to_contain_text("maybe")  # a word among the numbers
        hands.write(page.get_by_label("Or paste school numbers"), "3, 4 5\n8 9")
        office.push(page, "Look over, then add")
        expect(page.get_by_role("table", name="5 schools", exact=True).locator("tr")).to_have_count(
            6
        )
        office.look(page)
        office.push(page, "Add the change")
        office.follow(page, "Transfer an area")
        hands.choose(page.get_by_label("The catchment that gets the area"), "Kerikeri (TT-02)")
        hands.write(page.get_by_label("Corners, one a line"), PENINSULA)
        office.push(page, "Look over, then add")
        office.look(page)
        for box in page.locator("input[name=sure]").all():  # a peninsula is cut off: it is meant
            hands.tick(box)
        office.push(page, "Add the change")
        expect(page.locator("main")).to_contain_text("Kaitāia College")  # among those who change
        expect(page.locator(".steps li")).to_have_count(2)
        office.look(page)
        hands.date(page.get_by_label("In force from"), starts)
        office.push(page, "Hand over for review")
        expect(page.locator("main")).to_contain_text("In review")


def open_draft(office: Office, page: Page) -> None:
    office.follow(page, "Drafts")
    office.follow(page, re.compile("Five schools"))


def aroha_sends_it_back(office: Office) -> None:
    with office.person("aroha") as page:
        open_draft(office, page)
        office.hands.write(page.get_by_label("Why it goes back"), "Why Dargaville?")
        office.push(page, "Send back")
        expect(page.locator("main")).to_contain_text("Why Dargaville?")


def hana_hands_it_over_again(office: Office, starts: date) -> None:
    with office.person("hana") as page:
        open_draft(office, page)
        expect(page.locator("main")).to_contain_text("Why Dargaville?")
        office.hands.write(page.get_by_label("Your comment"), "It has room for them.")
        office.push(page, "Add the comment")
        office.hands.date(page.get_by_label("In force from"), starts)
        office.push(page, "Hand over for review")


def confirm(office: Office, page: Page) -> None:
    """Show again who it is where that is asked for."""
    if "/staff/confirm" in page.url:
        office.hands.write(page.get_by_label("Your password"), PASSWORD)
        login = page.locator("input[autocomplete=username]").input_value()
        office.hands.write(page.get_by_label("Code from your app"), office.apps[login].code())
        office.push(page, "Confirm")


def aroha_approves_and_publishes(office: Office, starts: date) -> None:
    with office.person("aroha") as page:
        open_draft(office, page)
        office.push(page, "Approve")
        expect(page.locator("main")).to_contain_text(
            f"Approved, to be in force from {long_date(starts)}"
        )
        office.follow(page, "Publish …")
        confirm(office, page)
        office.look(page)
        office.push(page, "Publish")
        expect(page.get_by_text("Published as edition 2.")).to_be_visible()


def mere_reverts_it(office: Office, starts: date) -> None:
    with office.person("mere") as page:
        office.follow(page, "Editions")
        office.follow(page, "Go back to edition 1")
        confirm(office, page)
        office.hands.date(page.get_by_label("In force from"), starts)
        office.hands.write(page.get_by_label("Reason for the record"), "Dargaville is full")
        office.push(page, "Look it over")
        expect(page.get_by_role("table", name=re.compile("schools that change"))).to_be_visible()
        office.look(page)
        office.push(page, "Publish it anew")
        expect(page.get_by_text("Published as edition 3.")).to_be_visible()


def everything_is_on_record(office: Office, starts: date) -> None:
    history = office.get("/history").decode()
    assert "Five schools and a peninsula" in history
    assert "Dargaville is full" in history
    assert "Hana" not in history  # names of staff are not public
    with opened(office.path) as store:
        assert AuditTrail(store).broken_at() is None
        told = audited(store)
    decided = [a for a in told if a in {"draft.send-back", "draft.approve", "edition.publish"}]
    assert decided == [
        "edition.publish",  # the demonstration's own, when it was set up
        "draft.send-back",
        "draft.approve",
        "edition.publish",
        "edition.publish",
    ]
    with office.person("mere") as page:
        office.follow(page, "Who decided")
        office.hands.write(page.get_by_label("School"), "3")
        office.hands.date(page.get_by_label("Date"), starts)
        office.push(page, "Show")
        expect(page.locator("main")).to_contain_text("since the first")  # 2 never came into force
        office.follow(page, "did not change who serves this school")
        expect(page.locator("main")).to_contain_text("Dargaville is full")
        office.look(page)


def audited(store: Store) -> list[str]:
    return [entry.action for entry in AuditTrail(store).entries(at_most=500)[::-1]]


def was_told(postbox: Postbox, who: str) -> bool:
    return any(who in to for to, _ in postbox.taken)
