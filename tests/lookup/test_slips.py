"""One typing slip is forgiven, in a whole word or in what is typed of it so far."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.lookup.search.slips import LONGEST_WORD, Vocabulary, one_slip_from, respaced

VOCABULARY = Vocabulary.of(["college", "kaitaia", "otahuhu", "ahi", "school", "room12"])
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("colege", "college"),  # one too few
        ("colllege", "college"),  # one too many
        ("cxllege", "college"),  # another
        ("ocllege", "college"),  # two swapped
        ("kaitaa", "kaitaia"),
        ("otahuhi", "otahuhu"),
        ("coleg", "colleg"),  # on the way to “college”
        ("kaiat", "kaita"),
        ("otzh", "otah"),
    ],
)
def test_one_slip_leads_back_to_the_word_or_its_beginning(typed, meant):
    assert meant in VOCABULARY.corrections(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "cxllxge",  # two slips
        "ahu",  # too short for one
        "zzzz",
        "rom12",  # digits are not words
        "rooma",
        "c" * LONGEST_WORD + "x",
        "",
    ],
)
def test_more_than_a_slip_or_too_short_a_word_leads_nowhere(typed):
    assert VOCABULARY.corrections(typed) == []


def test_a_word_that_is_right_is_no_correction_of_itself():
    assert "college" not in VOCABULARY.corrections("college")


@st.composite
def slips(draw: st.DrawFn, word: str) -> str:
    """A word with one letter dropped, added, replaced or swapped with the next."""
    at = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from(LETTERS))
    tail = word[at + 1 :]
    return draw(
        st.sampled_from(
            [
                word[:at] + tail,
                word[:at] + letter + word[at:],
                word[:at] + letter + tail,
                word[:at] + tail[:1] + word[at] + tail[1:],
            ]
        )
    )


@given(slips("otahuhu"))
def test_every_slip_leads_back_to_its_word(typed):
    assert typed == "otahuhu" or "otahuhu" in VOCABULARY.corrections(typed)


@given(st.text(alphabet="abc", max_size=6), st.text(alphabet="abc", max_size=6))
def test_a_slip_leads_both_ways(one, other):
    assert one_slip_from(one, [other]) == ([other] if one_slip_from(other, [one]) else [])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("kai taia college", "kaitaia college"),
        ("otahuhucollege", "otahuhu college"),
        ("otahuhucol", "otahuhu col"),
        ("te otahuhu coll ege", "te otahuhu college"),
    ],
)
def test_a_space_too_many_or_too_few_is_a_slip(typed, meant):
    assert meant.split() in list(respaced(typed.split(), VOCABULARY.words))


def test_a_space_is_added_only_after_a_known_word():
    assert list(respaced(["otahuxcollege"], VOCABULARY.words)) == []
