"""Whatever a stranger sends to the portal, or somebody signed in: it is refused politely."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from catchments.requests.following import follow
from catchments.requests.rules.cases import Step
from catchments.requests.store.handovers import Handovers
from catchments.requests.web.form import FIELDS
from tests.requests.desk import SOUTH, TODAY
from tests.requests.portal import Pages, filled, pages_of, post
from tests.requests.test_handovers import BOTH_NORTH, LATER, MadeUpLookup
from tests.staff import csrf_in
from tests.worlds import HOSTILE

VALUES = {
    "nothing": "",
    "a zero byte": "x\0y",
    "line ends": "x\r\nSet-Cookie: a=b",
    "markup": HOSTILE,
    "written from the right": "\u202egnp.exe",
    "outside the plane": "\U0001f984" * 300,
    "half a pair": b"\xed\xa0\x80".decode("utf-8", "replace"),
    "a number of another script": "٣",
    "a huge number": "9" * 400,
    "below nothing": "-1",
    "a number that is none": "1e309",
    "a path": "../../../etc/passwd",
    "a pattern": "%_%",
    "long": "x" * 30_000,
}
PARAMETERS = ("school", "state", "at", "mine", "page", "before", "next", "back", "form", "which")
POSTED = (
    *FIELDS,
    *("school", "once", "version", "do", "back", "case", "assignee", "state", "at", "reference"),
    *("provider", "provider_name", "to", "text", "for", "kind", "due_on", "reason", "because"),
    *("left_on", "contact", "note", "name", "email", "roles", "form"),
)
PEOPLE = ("ana", "wiki")
NEW = "/requests/new"


@pytest.fixture
def pages(desk) -> Pages:
    return pages_of(desk)


def addresses(pages: Pages, method: str) -> list[str]:
    rules = (rule for rule in pages.app.url_map.iter_rules() if method in (rule.methods or ()))
    own = (str(rule) for rule in rules if rule.endpoint.startswith("requests."))
    return sorted(own)


def written_out(rule: str, **values: Any) -> str:
    for name, value in values.items():
        rule = rule.replace(f"<{name}>", str(value)).replace(f"<int:{name}>", str(value))
    return rule


def usual(reference: str) -> dict[str, Any]:
    step = Step.DECLINE.value.replace(" ", "-")
    return {"reference": reference, "number": 1, "organisation": 3, "word": step, "act": "roles"}


@pytest.mark.parametrize("what", VALUES)
def test_no_value_of_an_address_is_an_error_of_the_service(pages, what):
    about, value = usual(pages.desk.send()), VALUES[what]
    for login in PEOPLE:
        client = pages.of(login)
        for rule in addresses(pages, "GET"):
            for name in about:
                if f"{name}>" in rule:
                    path = written_out(rule, **(about | {name: value.replace("/", "%2F")}))
                    assert client.get(path).status_code < 500, path
            path = written_out(rule, **about)
            asked = dict.fromkeys(PARAMETERS, value)
            answer = client.get(path, query_string=asked)
            assert answer.status_code < 500, path
            assert all("\n" not in header for _, header in answer.headers)


@pytest.mark.parametrize("what", VALUES)
def test_no_value_of_a_form_is_an_error_of_the_service(pages, what):
    about, value = usual(pages.desk.send()), VALUES[what]
    for login in PEOPLE:
        client = pages.of(login)
        token = csrf_in(client.get("/requests"))
        for rule in addresses(pages, "POST"):
            path = written_out(rule, **about)
            form = dict.fromkeys(POSTED, value) | {"csrf_token": token}
            for fields in (form, {**form, **filled(school="54", once="a-form-of-the-tests")}):
                answer = client.post(path, data=fields)
                assert answer.status_code < 500, f"{login} {path}: {answer.text}"


@pytest.mark.thorough
@pytest.mark.parametrize("value", ["x\0y", "9" * 5_000], ids=["a zero byte", "digits"])
def test_no_single_value_of_a_form_is_an_error_of_the_service(pages, value):
    reference = pages.desk.send()
    about, client = usual(reference), pages.of("ana")
    token = csrf_in(client.get("/requests"))
    usually = filled(school="54", do="keep", version="1", text="Made up.", reason="Made up.")
    usually["case"], usually["once"] = f"{reference}:1", "a-form-of-the-tests"
    rules = addresses(pages, "POST")
    for at, field in enumerate(POSTED):
        # Each field at some addresses, and at each of them some fields: all take long.
        for rule in [*rules[at % 4 :: 4], NEW]:
            form = usually | {field: value, "csrf_token": token}
            answer = client.post(written_out(rule, **about), data=form)
            assert answer.status_code < 500, f"{rule} {field}: {answer.text}"


@pytest.mark.parametrize("back", ["/cases/\r\nX: y", "/cases/../../staff", "//evil.example", "x"])
def test_a_form_leads_back_to_a_page_of_ours_alone(pages, back):
    pages.desk.send()
    lookup = MadeUpLookup()
    lookup.publish(TODAY, BOTH_NORTH)
    lookup.publish(LATER, {54: SOUTH, 55: SOUTH})
    follow(Handovers(pages.desk.database), lookup, today=lambda: TODAY)
    sent = post(pages.of("wiki"), "/requests/handovers/1/note", note="x", back=f"/requests{back}")
    assert sent.headers["Location"] == "/requests/handovers"


def test_names_that_do_harm_stand_in_no_log_line(pages, caplog):
    caplog.set_level(logging.DEBUG)
    ana, word = pages.of("ana"), "Harmfulname"
    asked = {"student_name": f"{word}\r\n{HOSTILE}", "barriers": word, "once": word * 2}
    for path in (
        "/requests/new",
        "/requests/search",
        f"/requests/{word}",
        "/requests/cases/assign",
    ):
        post(ana, path, **filled(school="54", **asked), case=word, reference=word)
    ana.get("/requests/cases", query_string={"school": word, "state": word})
    ana.get(f"/requests/cases/{word}", headers={"User-Agent": word, "Referer": word})
    assert word not in caplog.text
