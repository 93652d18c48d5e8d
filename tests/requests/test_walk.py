"""Every address, every person, every case: nobody gets anything of a case that is not theirs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from catchments.core.errors import NotKnown
from catchments.requests.rules.access import Part, sight
from catchments.requests.rules.cases import Case, Step
from catchments.requests.store.notes import Notes
from catchments.requests.store.organisations import Organisations
from catchments.requests.store.writing import WrittenRequests
from tests.requests.desk import PEOPLE, SOUTH
from tests.requests.portal import Pages, begun, pages_of, post
from tests.staff import csrf_in

MADE_UP = "34679ACD"
"""A reference of no case."""
AT_ONCE = {"csrf_token": "", "version": "1", "text": "x", "reason": "x", "for": "shared"}


@dataclass(frozen=True)
class Told:
    """A case, and words that stand in one part of it alone."""

    reference: str
    case: Case
    words: dict[Part, str]


@pytest.fixture(scope="module")
def walked(tmp_path_factory) -> tuple[Pages, list[Told]]:
    from tests.requests.desk import desk_at

    desk = desk_at(tmp_path_factory.mktemp("walk"))
    pages = pages_of(desk)
    sent = [
        ("ana", "54", {}),
        ("ofa", "54", {"provider": SOUTH}),
        ("lena", "55", {}),
        ("para", "55", {"provider": SOUTH}),
    ]
    told = [_told(pages, n, *each) for n, each in enumerate(sent)]
    pages.desk.cases.take(
        desk.people["wiki"],
        told[0].reference,
        Step.ASSIGN,
        version=1,
        assignee=desk.people["cam"].id,
    )
    ana = pages.of("ana")
    begun(pages, ana, student_name="Draftmark of Ana")
    written = WrittenRequests(desk.database)
    written.attach(desk.people["ana"], 1, "Draftmark.pdf", b"%PDF-Draftmark", form="walk")
    with desk.database.kept_open():
        yield pages, [Told(t.reference, _case(pages, t.reference), t.words) for t in told]
    desk.database.close()


def _told(pages: Pages, n: int, login: str, school: str, changes: dict[str, Any]) -> Told:
    desk = pages.desk
    word = "ABCD"[n]
    words = {
        Part.STUDENT: f"Studentmark{word}",
        Part.SCHOOL_NOTES: f"Schoolmark{word}",
        Part.HOLDER_NOTES: f"Holdermark{word}",
        Part.SHARED: f"Sharedmark{word}",
    }
    reference = desk.send(login, school, student_name=words[Part.STUDENT], **changes)
    lead = "wira" if changes else "wiki"
    notes = Notes(desk.database)
    for who, part, shared in (
        (login, Part.SCHOOL_NOTES, False),
        (lead, Part.HOLDER_NOTES, False),
        (lead, Part.SHARED, True),
    ):
        try:
            once = f"{reference}-{part}"
            notes.add(desk.people[who], reference, words[part], once=once, shared=shared)
            name, content = f"{words[part]}.pdf", b"%PDF-" + words[part].encode()
            notes.attach(
                desk.people[who], reference, name, content, once=f"{once}-file", shared=shared
            )
        except NotKnown:  # whoever sent it is not its Primary Contact, say
            continue
    return Told(reference, None, words)  # type: ignore[arg-type]


def _case(pages: Pages, reference: str) -> Case:
    from catchments.requests.store import schema
    from catchments.requests.store.case_rows import case_of

    with pages.desk.database.reading() as connection:
        table = schema.support_case
        return case_of(
            connection.execute(table.select().where(table.c.reference == reference)).one()
        )


def _addresses(pages: Pages, method: str) -> list[str]:
    rules = (rule for rule in pages.app.url_map.iter_rules() if method in (rule.methods or ()))
    return sorted(str(rule) for rule in rules if str(rule).startswith("/requests"))


def _filled(rule: str, reference: str, number: int = 1) -> str:
    path = (
        rule.replace("<reference>", reference)
        .replace("<word>", "close")
        .replace("<act>", "disable")
    )
    for name in ("number", "organisation", "person", "file"):
        path = path.replace(f"<int:{name}>", str(number))
    return path


@pytest.mark.parametrize("login", PEOPLE)
def test_no_page_has_what_its_reader_may_not_see(walked, login):
    pages, told = walked
    viewer = Organisations(pages.desk.database).viewer(pages.desk.people[login].id)
    client = pages.of(login)
    for rule in _addresses(pages, "GET"):
        if any(part in rule for part in ("oidc", "<key>")):
            continue
        for each, number in itertools.product(told, range(1, 4)):
            if (number > 1 and "<int:" not in rule) or ("<" not in rule and each is not told[0]):
                continue
            page = client.get(_filled(rule, each.reference, number), follow_redirects=True)
            assert page.status_code < 500, f"{login} {rule}"
            _only_what_may_be_seen(viewer, told, page, f"{login} {rule} {number}")
            assert login == "ana" or b"Draftmark" not in page.data, f"{login} {rule}"


def _only_what_may_be_seen(viewer, told: list[Told], page, where: str) -> None:
    for each in told:
        seen = sight(viewer, each.case)
        if seen is not None and page.request.path == f"/requests/cases/{each.reference}":
            assert each.words[Part.STUDENT].encode() in page.data, f"{where}: nothing is shown"
        for part, word in each.words.items():
            may = seen is not None and seen.sees(part)
            assert may or word.encode() not in page.data, f"{where}: {word}"


@pytest.mark.parametrize("login", PEOPLE)
def test_a_case_that_is_not_ones_own_is_as_one_that_is_not_there(walked, login):
    pages, told = walked
    viewer = Organisations(pages.desk.database).viewer(pages.desk.people[login].id)
    client = pages.of(login)
    fields = AT_ONCE | {"csrf_token": csrf_in(client.get("/requests")), "form": "note"}
    fields |= {"once": "a-form-of-somebody", "because": "another reason", "left_on": "2026-11-01"}
    for each in told:
        if sight(viewer, each.case) is not None:
            continue
        for rule in _addresses(pages, "GET"):
            if "<reference>" in rule and "sent" not in rule:
                same = _alike(client.get, rule, each.reference)
                assert same, f"{login} GET {rule}"
        for rule in _addresses(pages, "POST"):
            if "<reference>" in rule:
                same = _alike(lambda path: client.post(path, data=fields), rule, each.reference)
                assert same, f"{login} POST {rule}"
        assert _case(pages, each.reference) == each.case


def _alike(ask, rule: str, reference: str) -> bool:
    theirs, nobodys = ask(_filled(rule, reference)), ask(_filled(rule, MADE_UP))
    said = theirs.text.replace(reference, MADE_UP)
    one, other = _plain(said), _plain(nobodys.text)
    # A form that is refused before anything is looked for is refused alike.
    return (theirs.status_code, one) == (nobodys.status_code, other) and theirs.status_code in {
        400,
        404,
    }


def _plain(text: str) -> str:
    return text[text.index("<main") : text.index("</main")]


def test_a_request_that_is_being_written_is_its_writers_alone(walked):
    pages, _ = walked
    for login in PEOPLE:
        if login == "ana":
            continue
        client: FlaskClient = pages.of(login)
        for path in ("/requests/writing/1", "/requests/writing/1/check"):
            assert client.get(path).status_code == 404, login
        assert client.get("/requests/writing/1/files/1").status_code == 404, login
        post(client, "/requests/writing/1/throw-away", once="a-form-of-the-tests")
    ana = pages.of("ana")
    assert ana.get("/requests/writing/1").status_code == 200
    assert b"Draftmark" in ana.get("/requests/writing/1/files/1").data
