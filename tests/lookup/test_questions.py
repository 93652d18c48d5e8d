"""Questions around a name, and needs that no name answers."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.settings import ROOT
from catchments.core.text_folding import folded
from catchments.lookup.guidance import shipped_guides
from catchments.lookup.search.asked import other_needs
from catchments.lookup.search.asked.other_needs import OtherNeed, other_need
from catchments.lookup.search.asked.questions import name_asked_for, without_question
from catchments.lookup.search.typed_text import TypedText
from tests.worlds import HOSTILE

pytestmark = pytest.mark.every_case

DIRECTORY = ROOT.parent / "shared" / "data" / "schooldirectory-2021-09-25.csv"
DEMONSTRATION = ROOT / "data" / "boundaries" / "demonstration" / "schools.csv"


def name_in(text: str) -> str:
    return " ".join(without_question(TypedText.of(text).words))


@pytest.mark.parametrize(
    "text",
    [
        *("Who is the provider for Kaitāia College?",),
        *("who is our attendance provider for Kaitaia College",),
        *("what is the attendance service for kaitaia college",),
        *("attendance service for Kaitaia College",),
        *("provider for kaitaia college", "the provider of kaitaia college"),
        *("Kaitaia College provider",),
        *("What catchment is Kaitaia College in?",),
        *("which catchment does Kaitaia College belong to",),
        *("which provider serves kaitaia college", "who serves Kaitaia College"),
        *("who looks after Kaitaia College",),
        *("which provider does Kaitaia College have", "Kaitaia College attendance service"),
        *("find Kaitaia College",),
        *("Kia ora, who is the provider for Kaitaia College please",),
        *("Kaitaia College, who is the provider?",),
        *("who do I call for Kaitaia College", "who should we contact about for Kaitaia College"),
        *("what's the catchment for Kaitaia College", "Kaitaia College catchment"),
        *("where is Kaitaia College",),
        *("what is the phone number for Kaitaia College", "Kaitaia College which catchment"),
        *("Ko wai te kaiwhakarato mō Kaitāia College?", "WHO IS THE PROVIDER FOR KAITAIA COLLEGE"),
        *("Kaitaia College",),
    ],
)
def test_the_words_of_a_question_around_a_name_are_lost(text):
    assert name_in(text) == "kaitaia college"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("provider for Our Lady of the Rosary", "our lady of the rosary"),
        ("who is the provider for The Catholic School", "the catholic school"),
        ("who is the provider for Te Kura", "te kura"),
        ("which catchment is 12 High Street, Kaitaia in", "12 high street kaitaia"),
        ("who is the provider for 54", "54"),
        ("provider for Marlborough in Auckland", "marlborough in auckland"),
    ],
)
def test_the_words_of_a_name_stay(text, name):
    assert name_in(text) == name


@pytest.mark.parametrize(
    "text",
    [
        *("", "provider", "who is the provider", "which catchment"),
        *("who is the provider for the school",),
        *("attendance service", "please", "what is the", "who", "kia ora", "find", "in"),
        *("provider provider",),
    ],
)
def test_a_question_without_a_name_stays_as_it_is(text):
    assert name_in(text) == folded(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Who is the provider for Kaitāia College?", "Kaitāia College"),
        ("provider for 2/12 High Street, Kaitāia, please", "2/12 High Street, Kaitāia"),
        ("Who is the provider for -41.28664, 174.77557?", "-41.28664, 174.77557"),
        ("what's the catchment for: St Joseph's School", "St Joseph's School"),
        ("Kaitāia College – provider", "Kaitāia College"),
        ("provider for-Kaitāia", "kaitaia"),
        ("Kaitāia College", "Kaitāia College"),
        ("Who?", "Who?"),
        ("", ""),
    ],
)
def test_the_name_stays_as_it_was_typed(text, name):
    assert name_asked_for(TypedText.of(text)).text == name


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def names() -> Iterator[str]:
    """Names, addresses and towns of the demonstration, and of a whole directory where it is."""
    for row in rows(DEMONSTRATION):
        name, *around = row["name"], row["address"], row["suburb"], row["city"]
        yield from (name, *around, f"{name} {row['city']}", ", ".join([name, *around]))
    for row in rows(DIRECTORY) if DIRECTORY.exists() else ():
        name, *around = row["Org_Name"], row["Add1_Line1"], row["Add1_Suburb"], row["Add1_City"]
        yield from (name, *around, f"{name} {row['Add1_City']}", ", ".join([name, *around]))


def test_no_name_of_a_school_and_no_address_loses_a_word():
    changed = [name for name in names() if name_in(name) != " ".join(TypedText.of(name).words)]
    assert changed == []


def test_every_name_of_a_school_is_left_of_a_question_around_it():
    for row in rows(DEMONSTRATION):
        name = folded(row["name"])
        for asked in ("who is the provider for {}", "{} provider", "which catchment is {} in"):
            assert name_in(asked.format(name)) == name


@given(text=st.text(max_size=250))
def test_what_is_left_is_a_part_of_what_was_typed(text):
    words = TypedText.of(text).words
    kept = without_question(words)
    assert " ".join(kept) in " ".join(words)
    assert name_asked_for(TypedText.of(text)).words == kept
    assert bool(kept) == bool(words)


QUESTION = ("who", "is", "the", "provider", "for", "in", "please", "kaitaia", "which", "what")


@given(words=st.lists(st.sampled_from(QUESTION)))
def test_any_order_of_their_words_is_read_politely(words):
    kept = without_question(tuple(words))
    assert bool(kept) == bool(words)


@pytest.mark.parametrize("unit", ["provider ", "who is the provider for ", "in ", "please ", "a "])
def test_sixteen_times_as_much_is_less_than_forty_times_the_work(unit):
    def work_s(size: int) -> float:
        words = tuple((unit * size).split())
        started = time.thread_time()
        without_question(words)
        return time.thread_time() - started

    pairs = ((work_s(600), work_s(16 * 600)) for _ in range(6))
    assert any(many < 40 * max(few, 0.0005) for few, many in pairs)


# --- needs of another kind ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "need"),
    [
        *(("truancy", "absence"), ("Truant", "absence"), ("TRUANCY OFFICER", "absence")),
        *(("attendance", "absence"), ("attendance service", "absence")),
        *(("not attending", "absence"),),
        *(("ENROL", "enrolment"), ("not enrolled", "enrolment"), ("Non-enrolment", "enrolment")),
        *(("not-enrolled", "enrolment"), ("what is ENROL?", "enrolment")),
        *(("non enrolled", "enrolment"),),
        *(("Oranga Tamariki", "danger"), ("report of concern", "danger"), ("section 19", "danger")),
        *(("Reports of Concern.", "danger"), ("  oranga   tamariki ", "danger")),
        *(("CYFS", "danger"),),
        *(("exemption", "exemption"), ("home-schooling", "exemption")),
        *(("homeschooling", "exemption"),),
        *(("when to ask", "asking"), ("referral", "asking"), ("student visa", "visa")),
    ],
)
def test_a_need_of_another_kind_leads_to_what_helps(text, need):
    found = other_need(TypedText.of(text))
    assert found
    assert found.key == need
    assert found.sentence


@pytest.mark.parametrize(
    "text",
    [
        *("Kaitaia College", "Truant Street", "12 Attendance Road", "Enrolment Lane, Kaitaia"),
        *("54", ""),
        *("Oranga School", "Oranga Tamariki Kindergarten", "enrolments Kaitaia", "no", "school"),
        *("a",),
        *("truancy Kaitaia", HOSTILE, "truancy " * 2000, "\0", "ymroane", "truanc", "report"),
    ],
)
def test_a_text_that_only_has_such_words_is_no_such_need(text):
    assert other_need(TypedText.of(text)) is None


def needs() -> list[OtherNeed]:
    return [each for each in vars(other_needs).values() if isinstance(each, OtherNeed)]


def test_each_need_is_called_differently_and_leads_to_a_part_of_the_guide():
    assert len({each.key for each in needs()}) == len(needs()) > 5
    template = (ROOT / "catchments/web/templates/guide.html").read_text(encoding="utf-8")
    parts = set(re.findall(r'id="([a-z-]+)"', template))
    questions = [{f"question-{question.id}" for question in g.questions} for g in shipped_guides()]
    parts |= set.intersection(*questions)
    assert {each.section for each in needs()} <= parts | {""}


def test_no_need_names_an_address_on_the_web():
    assert not any(re.search(r"://|www\.|\.nz", each.sentence) for each in needs())


def test_no_school_is_called_like_a_need():
    taken = [name for name in names() if other_need(TypedText.of(name))]
    assert taken == []
