"""The public history: every edition, from when to when, what it changed and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from catchments.core.model import Contract, Provider
from catchments.core.roles import Person, Role
from catchments.editions.change_schema import Standing
from catchments.editions.differences import schools_changed
from catchments.editions.history import EditionHistory
from catchments.lookup.snapshot import Snapshot, Snapshots
from catchments.store import Store, schema
from catchments.store.engine import now
from tests.worked_out import is_worked_out
from tests.worlds import (
    AHI,
    HOSTILE,
    KOWHAI,
    STARTS,
    TODAY,
    fill,
    next_edition,
    opened,
    publish_whole,
    running_application,
    small_edition,
    small_release,
    visited,
    withdraw,
)

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with three editions: past, in force, scheduled."""
    made = tmp_path / "history.sqlite"
    back = next_edition(APRIL, title="Back", reason=HOSTILE)
    kowhai = replace(back.catchments[KOWHAI], provider_code="P-RIMU", name="Kōwhai Nui")
    back = replace(back, catchments={**back.catchments, KOWHAI: kowhai})
    fill(made, small_edition(), next_edition(MARCH), replace(back, title="Back", reason=HOSTILE))
    return made


@pytest.fixture
def pages(database: Path) -> Iterator[FlaskClient]:
    with running_application(database) as app:
        yield app.test_client()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(page: str) -> str:
    parser = _Text()
    parser.feed(page[page.index("<main") : page.index("</main")])
    return " ".join(" ".join(parser.parts).split())


def read(client: FlaskClient, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, response.text
    return text_of(response.text)


# --- the list -------------------------------------------------------------------------------------


def test_every_edition_is_listed_with_its_period_what_it_changed_and_why(pages):
    text = read(pages, "/history")
    for said in (
        "Edition 1: Squares",
        "In force from 5 January 2026 to 28 February 2026.",
        "The first edition: 5 catchments and 4 providers.",
        "Edition 2: Kōwhai to Ahi Trust",
        "In force from 1 March 2026. Until 31 March 2026.",
        "Served by another provider: Kōwhai (KOW-2) by Ahi Trust instead of Ngā Rākau.",
        "3 schools have another provider.",
        "Why: Made up for a test.",
        "From 1 April 2026, not yet in force.",
        "Renamed: Kōwhai (KOW-2) is now Kōwhai Nui.",
        f"Why: {HOSTILE}",
    ):
        assert said in text


def test_hostile_text_is_text(pages):
    for address in ("/history", "/history/3", "/history?on=2026-04-01&school=64"):
        page = pages.get(address).text
        assert HOSTILE not in page
        assert not is_worked_out(page)
        assert "<img" not in page


def test_a_withdrawn_edition_stays_in_the_list_and_says_so(database):
    with opened(database) as store:
        withdraw(store, 3)
    with running_application(database) as app:
        client = app.test_client()
        listed = read(client, "/history")
        assert "Withdrawn. It was to hold from 1 April 2026." in listed
        assert "In force from 1 March 2026." in listed
        assert "Until" not in listed
        assert "Withdrawn." in read(client, "/history/3")


def test_nobody_of_the_staff_is_named(database):
    who = Person(1, "hana", "Hana Secretly", "h@x.example", frozenset({Role.EDITOR}), now())
    with opened(database) as store, store.writing() as connection:
        named = dict.fromkeys(("author", "approved_by", "published_by"), who.name)
        connection.execute(schema.edition.update().values(**named))
    with running_application(database) as app:
        client = app.test_client()
        for address in ("/history", "/history/2", "/changes", "/changes.atom"):
            assert "Secretly" not in client.get(address).text


def test_contracts_are_not_public(tmp_path):
    contracts = {"P-AHI": Contract(capacity=77)}
    second = small_edition(effective_from=MARCH, contracts=contracts)
    with visited(tmp_path, small_edition(), second) as client:
        assert "Nothing that is public differs" in read(client, "/history/2")
        assert client.get("/changes?since=1").json["editions"][0]["changes"]["providers"] == {
            "added": [],
            "removed": [],
            "changed": [],
        }


def test_pages_of_the_list_hold_ten_editions_each(tmp_path):
    days = [date(2025, 1, 1 + n) for n in range(25)]
    editions = [small_edition(effective_from=day, title=f"No. {day.day}") for day in days]
    with visited(tmp_path, *editions) as client:
        pages = [
            re.findall(r'id="edition-(\d+)"', client.get(f"/history?page={n}").text)
            for n in (1, 2, 3)
        ]
        assert [int(number) for page in pages for number in page] == list(range(25, 0, -1))
        assert [len(page) for page in pages] == [10, 10, 5]
        assert 'href="/history?page=2" rel="next"' in client.get("/history").text
        assert 'rel="next"' not in client.get("/history?page=3").text


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "99999999", "²"])
def test_what_is_no_page_is_refused(pages, page):
    assert pages.get("/history", query_string={"page": page}).status_code == 400


# --- as at ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "number", "provider"),
    [
        ("2026-01-05", 1, "Ngā Rākau"),
        ("2026-02-28", 1, "Ngā Rākau"),
        ("2026-03-01", 2, "Ahi Trust"),
        ("2026-03-31", 2, "Ahi Trust"),
        ("2026-04-01", 3, "Rimu Services"),
    ],
)
def test_it_says_what_held_on_a_date_and_who_served_a_school_then(pages, day, number, provider):
    response = pages.get(f"/history?on={day}&school=55")
    text = text_of(response.text)
    assert f"In force: edition {number}" in text
    assert f"served by {provider}." in text
    for link in (f"/catchments?on={day}", f"/school/55?on={day}", f"/history/{number}"):
        assert f'href="{link}"' in response.text
        assert pages.get(link).status_code == 200


def test_before_the_first_edition_nothing_was_in_force(pages):
    assert "No edition was in force" in read(pages, "/history?on=2025-12-31")
    assert "the first is from 5 January 2026" in read(pages, "/history?on=2025-12-31&school=54")


@pytest.mark.parametrize("text", ["55", "#55", "0055", "shore school"])
def test_a_school_is_asked_about_by_number_or_by_name(pages, text):
    response = pages.get("/history", query_string={"on": "2026-03-03", "school": text})
    number = 58 if text == "shore school" else 55
    assert f'href="/school/{number}?on=2026-03-03"' in response.text
    is_private = response.headers["Cache-Control"].startswith("private")
    assert is_private == (text in {"#55", "shore school"})  # what may be more than a number


def test_namesakes_are_offered_and_the_date_stays(pages):
    response = pages.get("/history?on=2026-03-03&school=st+joseph's+school")
    assert "Which school? St Joseph's School" in text_of(response.text)
    for number in (55, 56):
        assert f'href="/history?school={number}&amp;on=2026-03-03"' in response.text
    assert "served by" not in text_of(response.text)


@pytest.mark.parametrize(
    "text",
    [
        *("shoer school", "shor"),
        "sandspit",  # its town
        "shore intermediate",
    ],
)
def test_a_school_that_a_text_may_mean_is_offered_and_not_answered_for(pages, text):
    said = read(pages, f"/history?school={text.replace(' ', '+')}")
    assert "Which school? Shore School" in said
    assert "served by" not in said


def test_what_is_the_name_of_something_else_offers_the_schools_that_begin_so(pages):
    assert "Which school? Kura o Ahi" in read(pages, "/history?school=Ahi")


def test_a_name_that_nobody_has_says_so_at_the_box(pages):
    response = pages.get("/history?school=zzzz")
    assert "No school is found for “zzzz”." in text_of(response.text)
    assert 'aria-invalid="true"' in response.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"on": "2026-02-30"}, 400),
        ({"on": ""}, 200),
        ({"on": "2026-03-03", "school": ""}, 200),
        ({"school": "zzzz"}, 200),
        ({"school": "{{7*191}} zzzz"}, 200),
        ({"school": "z" * 10_000}, 200),
        ({"school": "\0"}, 200),
        ({"school": HOSTILE}, 200),
        ({"school": "999999"}, 404),
        ({"fbclid": "x"}, 200),
    ],
)
def test_bad_questions_get_an_answer(pages, query, status):
    assert pages.get("/history", query_string=query).status_code == status


# --- one edition ----------------------------------------------------------------------------------


def test_one_edition_names_every_school_with_its_provider_before_and_after(pages):
    response = pages.get("/history/2")
    text = text_of(response.text)
    assert "Compared with edition 1" in text
    for name, number in (("St Joseph's School", 55), ("Shore School", 58), ("New School", 60)):
        assert f"{name} {number} Ngā Rākau Ahi Trust" in text
        assert f'href="/school/{number}?on=2026-03-01"' in response.text
    assert "Kura o Ahi" not in text
    assert "Squares (boundaries) – Nobody, CC0" in text


def test_an_edition_that_does_not_exist_is_not_found(pages):
    assert pages.get("/history/99").status_code == 404


def test_what_was_done_in_its_draft_is_said(database):
    with opened(database) as store, store.writing() as connection:
        draft = {"title": "T", "base_number": 1, "created_at": now(), "published_as": 2}
        connection.execute(schema.draft.insert().values(id=7, **draft))
        connection.execute(
            schema.draft_change.insert().values(
                draft_id=7,
                position=1,
                kind="assign provider",
                created_at=now(),
                content=b"{}",
                sentence=f"Kōwhai to {HOSTILE}.",
            )
        )
        connection.execute(
            schema.edition.update().where(schema.edition.c.number == 2).values(draft_id=7)
        )
    with running_application(database) as app:
        client = app.test_client()
        assert f"What was done Kōwhai to {HOSTILE}." in read(client, "/history/2")
        assert "Kōwhai to {{7*191}}" in client.get("/changes.atom").text


def test_an_unchanged_history_is_not_sent_again(pages):
    for address in ("/history", "/history/2", "/history?on=2026-03-03"):
        first = pages.get(address)
        again = pages.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert "max-age=" in first.headers["Cache-Control"]


def test_every_page_leads_to_the_history(pages):
    assert 'href="/history"' in pages.get("/").text


def test_the_history_leads_to_the_feed(pages):
    link = '<link rel="alternate" type="application/atom+xml"'
    assert link in pages.get("/history").text
    assert link in pages.get("/history/1").text


def test_before_anything_is_published_it_says_so(tmp_path):
    with opened(tmp_path / "empty.sqlite"):
        pass
    with running_application(tmp_path / "empty.sqlite") as app:
        for address in ("/history", "/changes", "/changes.atom"):
            assert app.test_client().get(address).status_code == 503


# --- the chronicle --------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    database = tmp_path / "chronicle.sqlite"
    fill(database)
    with opened(database) as made:
        yield made


def told(store: Store, *, today: date = TODAY) -> EditionHistory:
    return EditionHistory(Snapshots(store, today=lambda: today).current(), store.editions(), store)


def test_an_edition_that_a_later_one_replaces_from_its_first_day_never_held(store):
    for provider in ("P-AHI", "P-RIMU"):
        edition = next_edition(APRIL)
        moved = replace(edition.catchments[KOWHAI], provider_code=provider)
        publish_whole(store, replace(edition, catchments={**edition.catchments, KOWHAI: moved}))
    chronicle = told(store)
    standings = [chronicle.standing(each) for each in chronicle.editions]
    assert standings == [Standing.IN_FORCE, Standing.REPLACED, Standing.SCHEDULED]


def test_an_edition_is_compared_with_the_one_it_was_published_on(store):
    publish_whole(store, next_edition(TODAY))  # 2: Kōwhai to Ahi Trust
    publish_whole(store, small_edition(effective_from=TODAY))  # 3, the same day: back again
    chronicle = told(store)
    undone = chronicle.difference(chronicle.editions[2])
    assert undone is not None
    assert undone.before == 2
    assert {each.school.school_id for each in undone.schools} == {55, 58, 60}


def test_a_real_edition_is_not_compared_with_the_demonstration(store):
    publish_whole(store, small_edition(effective_from=MARCH, demonstration=False))
    chronicle = told(store)
    assert chronicle.before(chronicle.editions[1]) is None


def test_differences_of_the_same_editions_are_made_once(store, monkeypatch):
    publish_whole(store, next_edition(MARCH))
    chronicle = told(store)
    first = chronicle.difference(chronicle.editions[1])
    later = EditionHistory(told(store).world, store.editions(), store, chronicle.kept)
    assert later.difference(later.editions[1]) is first


def test_details_of_a_provider_and_a_drawn_boundary_are_said(tmp_path):
    first = small_edition()
    providers = {**first.providers, "P-AHI": Provider("P-AHI", "Ahi Trust", "0800 111 111")}
    boundaries = {**first.boundaries, AHI: first.boundaries[AHI].buffer(-0.01)}
    changed = replace(first, providers=providers, boundaries=boundaries, effective_from=MARCH)
    with visited(tmp_path, first, changed) as client:
        text = read(client, "/history/2")
    assert "Details changed of provider: Ahi Trust (P-AHI)." in text
    assert "Boundary changed: Ahi (AHI-1)." in text
    assert STARTS < MARCH


def test_without_a_compiled_index_the_same_schools_change(store):
    first, last = small_edition(), next_edition(MARCH)
    boundaries = {**last.boundaries, AHI: last.boundaries[AHI].buffer(-0.3)}
    last = replace(last, boundaries=boundaries, listings={55: AHI})
    publish_whole(store, last)
    chronicle = told(store)
    found = chronicle.difference(chronicle.editions[1])
    old, new = (Snapshot.of(each, small_release()) for each in (first, last))
    expected = [
        (c.school.school_id, c.before.provider, c.after.provider)
        for c in schools_changed(old.answers, new.answers)
    ]
    assert found is not None
    assert expected
    assert [
        (c.school.school_id, c.before.provider, c.after.provider) for c in found.schools
    ] == expected
