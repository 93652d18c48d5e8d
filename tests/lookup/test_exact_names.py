"""What names a school wholly, and the law: never another school than the one that was named."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import NamedPlace, PlaceKind, School
from catchments.core.text_folding import words_of
from catchments.lookup.search.exact.names import ExactNames, Rank

ROOT = Path(__file__).parents[2]
DEMONSTRATION = ROOT / "data/boundaries/demonstration/schools.csv"
WHOLE_DIRECTORY = ROOT.parent / "shared/data/schooldirectory-2021-09-25.csv"
"""Beside the project where it is developed and in CI; the law holds without it on fewer names."""

FREE = {"the", "of", "o", "and"}
TYPES = {"area", "college", "composite", "contributing", "high", "intermediate", "normal"}
TYPES |= {"primary", "school", "secondary"}


def index(*schools: School, more_names: tuple[tuple[int, str], ...] = ()) -> ExactNames:
    named = [NamedPlace(PlaceKind.SCHOOL, each.name, schools=(each,)) for each in schools]
    return ExactNames.of(named, more_names)


def named(names: ExactNames, text: str) -> list[str]:
    """The schools that a text names best, by name."""
    found = names.named_by(words_of(text))
    return [names.entries[each.entry].name for each in found if each.rank == found[0].rank]


KAITAIA = School(
    1,
    "Kaitaia College",
    address="53 Redan Road",
    suburb="Kaitaia",
    city="Kaitāia",
    postcode="0410",
    phone="09 408 0190",
    education_region="Tai Tokerau",
)


@pytest.mark.parametrize(
    "text",
    [
        "Kaitaia College",
        "kaitāia college",
        "KAITAIA COLL",
        "College Kaitaia",
        "The College of Kaitaia",
        "Kaitaia",
        "Kaitaaia College",
        "Kaitaia College, Kaitaia",
        "Kaitaia College, 53 Redan Road, Kaitaia 0410",
        "Kaitaia College, Redan Rd, Kaitāia, Northland, New Zealand",
        "Kaitaia College 09 408 0190",
        "1 Kaitaia College",
        "Kaitaia College (school 1)",
        "Kaitaia College, Tai Tokerau",
        "Kaitaia College ph 09 408 0190",
        "Kaitaia College, Ph: +64 9 408-0190",
    ],
)
def test_a_text_names_a_school_wholly(text):
    assert named(index(KAITAIA), text) == ["Kaitaia College"]


@pytest.mark.parametrize(
    "text",
    [
        "Kaitaia High School",
        "Kaitaia School",
        "Kaitaia Primary",
        "Kaitaia Catholic College",
        "Kaitaia College, Auckland",
        "Kaitaia College, Redan",
        "Kaitaia College Annex",
        "Kaitaia College 2",
        "Kaitai College",
        "College",
        "Redan Road",
        "Kaitaia College kaitaia college",
        "Kaitaia College 09 408 0191",
        "Kaitaia College, Southland",
        "",
    ],
)
def test_a_text_with_anything_else_in_it_names_no_school_wholly(text):
    assert named(index(KAITAIA), text) == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        # What a school is may be missing, but agrees where it was typed.
        ("Hillcrest High School", "Hillcrest High", True),
        ("Hillcrest High School", "Hillcrest", True),
        ("Hillcrest High School", "Hillcrest School", False),
        ("Hillcrest School", "Hillcrest High School", False),
        ("Kaitaia Intermediate", "Kaitaia Intermediate School", True),
        ("Hillcrest Normal School", "Hillcrest Normal Primary School", False),
        ("Te Kura o Ahi", "Te Kura o Ahi School", True),
        ("Te Kura o Ahi", "Te Kura Ahi", True),
        # Boys, girls, junior, senior, north and south tell schools apart.
        ("Ahi Girls' High School", "Ahi High School", False),
        ("Ahi North School", "Ahi School", False),
        # What stands in brackets may be missing, or be typed.
        ("St Mark's School (Ahi)", "St Marks School", True),
        ("St Mark's School (Ahi)", "St Marks School Ahi", True),
        ("Ahi School (Proposed opening date: 2027-02-01)", "Ahi School", True),
        # “St” is a saint or a street; in full it is one of them.
        ("St James School", "Saint James School", True),
        ("St James School", "James Street School", False),
        ("James Street School", "James St School", True),
        ("Queen Street School", "Queen Saint School", False),
        ("Saint Joseph's School", "St Joseph’s", True),
        ("Port Hill School", "Pt Hill School", True),
        ("Point Hill School", "Pt Hill School", True),
        ("Point Hill School", "Port Hill School", False),
        ("Mt Albert Grammar School", "Mount Albert Grammar", True),
        ("TKKM o Ahi", "Te Kura Kaupapa Māori o Ahi", True),
        # Letters that are doubled, or should be.
        ("Hillcrest School", "Hilcrest School", True),
        ("Ōtāhuhu School", "Otaahuhu School", True),
        # A road, or where it lies, is no school by itself.
        ("James Street School", "James Street", False),
        ("College Street Normal School", "Taranaki Street", False),
        ("College Street Normal School", "College Street Normal School", True),
        ("Central Normal School", "Central", False),
        # Two names are not one.
        ("Nelson College for Girls", "Nelson College and Nelson College for Girls", False),
        ("Ahi College", "Ahi School and Ahi College", False),
        # What people leave out, though it tells schools apart.
        ("St Michael's Catholic School", "St Michaels School", False),
        # A name of nothing but what it is.
        ("Normal School", "Normal School", True),
        ("Normal School", "School", False),
    ],
)
def test_names_are_compared_by_the_words_that_tell_them_apart(name, text, expected):
    assert bool(named(index(School(1, name)), text)) is expected


def test_a_whole_name_outranks_one_without_its_brackets_and_one_without_its_kind():
    whole = School(1, "Wairakei School", city="Taupō")
    brackets = School(2, "Wairakei School (Christchurch)", city="Christchurch")
    bare = School(3, "Wairakei Normal School", city="Napier")
    names = index(whole, brackets, bare)
    assert named(names, "wairakei school") == ["Wairakei School"]
    assert named(names, "wairakei school christchurch") == ["Wairakei School (Christchurch)"]
    assert [each.rank for each in names.named_by(["wairakei"])] == [Rank.BARE] * 3
    assert [each.rank for each in names.named_by(["wairakei", "school"])] == [0, Rank.BRACKETS]


def test_a_bare_name_means_those_as_well_that_people_call_so():
    names = index(
        School(1, "St Michael's School"),
        School(2, "St Michael's Catholic School"),
        School(3, "Marian Catholic School"),
    )
    assert named(names, "st michaels") == ["St Michael's School", "St Michael's Catholic School"]
    assert named(names, "st michaels school") == ["St Michael's School"]
    also = [
        names.entries[each.entry].name for each in names.named_by(words_of("st michaels school"))
    ]
    assert also == ["St Michael's School", "St Michael's Catholic School"]
    assert named(names, "marian school") == []


def test_a_name_that_stands_among_other_words_is_known_but_not_named_wholly():
    names = index(KAITAIA, School(2, "Kaitaia Intermediate", city="Kaitaia"))
    text = words_of("Jane Doe, Kaitaia College, Auckland, and Kaitaia Intermediate")
    assert (names.named_by(text), names.named_in(text, at_least=2)) == ([], [0, 1])


def test_an_earlier_name_or_a_nickname_names_a_school_and_is_told():
    names = index(School(1, "Te Kura o Ahi"), School(2, "Ahi School"), more_names=((0, "Fire"),))
    assert [(each.entry, each.by) for each in names.named_by(["fire"])] == [(0, "Fire")]
    assert [(each.entry, each.by) for each in names.named_by(["ahi", "school"])] == [(1, "")]


# --- the law, on real names -----------------------------------------------------------------------


@cache
def real_schools() -> list[School]:
    """The schools of the demonstration, and with the whole directory at hand those of 2021."""
    found = []
    path = WHOLE_DIRECTORY if WHOLE_DIRECTORY.exists() else DEMONSTRATION
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            given = {name.casefold(): text for name, text in row.items()}
            city = given.get("add1_city") or given.get("city") or ""
            suburb = given.get("add1_suburb") or given.get("suburb") or ""
            name = given.get("org_name") or given.get("name") or ""
            number = int(given.get("school_id") or 0)
            found.append(School(number, name, suburb=suburb, city=city))
    return found


@cache
def real_index() -> ExactNames:
    return index(*real_schools())


def bare(text: str) -> frozenset[str]:
    """The words that tell a name apart, by the plainest reading of the rule."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("'", "")
    words = set(re.sub(r"[^0-9a-z]+", " ", plain.replace("’", "")).split()) - FREE
    return frozenset(re.sub(r"([a-z])\1+", r"\1", word) for word in (words - TYPES or words))


def without_brackets(name: str) -> str:
    return re.sub(r"\([^()]*\)", " ", name)


@cache
def places_in_index() -> dict[int, list[frozenset[str]]]:
    found: dict[int, list[frozenset[str]]] = {}
    for telling_words, names in real_index().by_telling.items():
        for name in names:
            found.setdefault(name.entry, []).append(telling_words)
    return found


def answered_without(left_out: int, text: str) -> list[int]:
    """What would be answered if a school were not in the directory."""
    whole = real_index()
    fewer = {
        telling_words: [name for name in whole.by_telling[telling_words] if name.entry != left_out]
        for telling_words in places_in_index()[left_out]
    }
    without = replace(whole, by_telling={**whole.by_telling, **fewer})
    found = without.named_by(words_of(text))
    return [each.entry for each in found if each.rank == found[0].rank]


def test_every_school_is_named_wholly_by_its_own_name_and_no_other_is():
    for entry, school in enumerate(real_schools()):
        found = real_index().named_by(words_of(school.name))
        best = [each.entry for each in found if each.rank == found[0].rank]
        assert entry in best, school.name
        assert {real_schools()[at].name for at in best} == {school.name}


def test_every_school_is_named_wholly_by_its_name_and_town():
    for entry, school in enumerate(real_schools()):
        found = real_index().named_by(words_of(f"{school.name}, {school.city}"))
        assert found, school.name
        assert entry in [each.entry for each in found if each.rank == found[0].rank]


@pytest.mark.parametrize("written", ["{name}", "{name}, {city}", "{name} {city} New Zealand"])
def test_a_school_that_is_left_out_is_never_answered_with_one_of_another_name(written):
    schools = real_schools()
    for entry, school in enumerate(schools):
        text = written.format(name=school.name, city=school.city)
        for other in answered_without(entry, text):
            theirs = schools[other].name
            same = {bare(theirs), bare(without_brackets(theirs))}
            ours = {bare(school.name), bare(text), bare(f"{school.name} {schools[other].city}")}
            ours |= {bare(without_brackets(school.name))}
            assert same & ours or "st" in words_of(theirs), (school.name, theirs)


@given(data=st.data())
def test_one_slip_never_leads_to_a_school_of_another_name(data):
    schools = real_schools()
    entry = data.draw(st.integers(0, len(schools) - 1))
    name = schools[entry].name
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("aeiouhknrtw "))
    slips = [name[:at] + name[at + 1 :], name[:at] + letter + name[at:]]
    slips += [name[:at] + letter + name[at + 1 :]]
    slips += [name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]]
    text = data.draw(st.sampled_from(slips))
    for other in answered_without(entry, text):
        theirs = schools[other].name
        assert bare(text) in {bare(theirs), bare(without_brackets(theirs))}, (text, theirs)
