"""Schools by name and town alone; to go with `SchoolNames`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.gazetteer import LONGEST_TEXT, SchoolNames, folded
from catchments.model import School

SCHOOLS = [
    School(1, "Kaitāia School", city="Kaitāia"),
    School(2, "Kaitaia College", city="Kaitaia"),
    School(3, "St Joseph's School", city="Ōpōtiki"),
    School(4, "St Joseph’s School", city="Dannevirke"),
    School(5, "Te Kura o Kaitāia", city="Awanui"),
    School(6, "Awanui School", city="Awanui"),
    School(7, "Josephine Park School", city="Timaru"),
    School(8, "Kaitāia", city=""),
    School(9, "{{7*191}} School", city="%s"),
]
NAMES = SchoolNames.of(SCHOOLS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("st josephs school", [4, 3]),  # Dannevirke before Ōpōtiki
        ("ST JOSEPH'S opotiki", [3]),
        ("opotiki joseph", [3]),
        ("Kaitāia", [8, 2, 1, 5]),  # the whole name, names that begin so, then others
        ("kaita", [8, 2, 1, 5]),
        ("josep", [7, 4, 3]),  # names that begin so before words that do
        ("awanui", [6, 5]),
        ("school", [9, 6, 7, 1, 4, 3]),
        ("aitaia", []),  # in the middle of a word
        ("kaitaia nowhere", []),
        ("7*191", [9]),
        ("{{7*191}}", [9]),
        ("", []),
        ("  -- ", []),
        ("学校", []),
    ],
)
def test_candidates_come_in_the_order_a_reader_expects(text, found):
    assert [school.school_id for school in NAMES.candidates(text, at_most=10)] == found


@pytest.mark.parametrize("at_most", [0, 1, 2, 100])
def test_no_more_candidates_come_than_were_asked_for(at_most):
    whole = NAMES.candidates("kaitaia", at_most=100)
    assert NAMES.candidates("kaitaia", at_most=at_most) == whole[:at_most]


def test_a_text_of_any_length_is_looked_at_only_so_far():
    begins = "kaitaia "
    assert NAMES.candidates(begins + " " * LONGEST_TEXT + "nowhere", at_most=9) == (
        NAMES.candidates(begins, at_most=9)
    )


def test_names_of_no_schools_find_nothing():
    assert SchoolNames.of([]).candidates("kaitaia", at_most=5) == []


@given(st.sampled_from(SCHOOLS))
def test_every_school_is_found_by_its_own_name_and_town(school):
    found = NAMES.candidates(f"{school.name} {school.city}", at_most=100)
    assert school in found


@given(st.text(max_size=50))
def test_whatever_is_typed_candidates_hold_every_word_of_it(text):
    for school in NAMES.candidates(text, at_most=100):
        words = folded(f"{school.name} {school.city}").split()
        assert all(any(w.startswith(typed) for w in words) for typed in folded(text).split())
