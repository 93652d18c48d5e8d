"""Names are found however they are spelt: macrons, case, punctuation and apostrophes aside."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import EDUCATION_REGIONS
from catchments.core.text_folding import education_region, folded, former_education_region

SAME_NAMES = [
    ("Tāmaki", "Tamaki"),
    ("Ōtāhuhu", "OTAHUHU"),
    ("Whangārei", "whanga\u0304rei"),  # a combining macron
    ("St Joseph's School", "st josephs school"),
    ("St Joseph’s School", "St Joseph‘s School"),
    ("Hawke's Bay", "Hawkeʻs  Bay"),
    ("Ko`ura", "Ko´ura"),
    ("Koʼura", "Ko＇ura"),
    ("Taranaki, Whanganui", "Taranaki | Whanganui"),
    ("Taranaki/Whanganui", "taranaki - whanganui"),
    ("Te One School (Chatham Islands)", "Te One School, Chatham Islands"),
    ("  Te   Aho o\tTe Kura\nPounamu ", "Te Aho o Te Kura Pounamu"),
    ("Kura – Kaupapa", "Kura-Kaupapa"),
    ("ＫＵＲＡ", "kura"),  # full width
    ("ﬁeld", "field"),  # a ligature
    ("Straße", "STRASSE"),
    ("École", "ecole"),
    ("Ü", "u"),
]


@pytest.mark.parametrize(("one", "other"), SAME_NAMES)
def test_spellings_of_one_name_fold_to_the_same(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tāmaki Herenga Tāngata", "tamaki herenga tangata"),
        ("St Joseph's", "st josephs"),
        ("Hawke's Bay, Tairāwhiti", "hawkes bay tairawhiti"),
        ("A.B.C.", "a b c"),
        ("School No. 54", "school no 54"),
        ("—", ""),
        ("", ""),
        ("'", ""),
        ("{{7*191}}", "7 191"),
        ("学校", ""),
    ],
)
def test_a_text_folds_to_plain_words(text, expected):
    assert folded(text) == expected


@pytest.mark.parametrize(
    ("one", "other"), [("Joseph's", "Joseph s"), ("Room 1", "Room 11"), ("St Mary", "St Marys")]
)
def test_different_names_stay_different(one, other):
    assert folded(one) != folded(other)


@given(st.text())
def test_folding_twice_changes_nothing_more(text):
    assert folded(folded(text)) == folded(text)


@given(st.text())
def test_folded_text_is_small_letters_digits_and_single_spaces(text):
    result = folded(text)
    assert set(result) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert result == " ".join(result.split())


@given(st.text(alphabet="aāeēiīoōuūAĀNng '’-", max_size=30))
def test_composed_and_decomposed_macrons_fold_alike(text):
    assert folded(unicodedata.normalize("NFC", text)) == folded(unicodedata.normalize("NFD", text))


# --- regions --------------------------------------------------------------------------------------


def without_macrons(text):
    parts = unicodedata.normalize("NFD", text)
    return "".join(c for c in parts if not unicodedata.combining(c))


SPELLINGS = {
    "as the Ministry spells it": lambda name: name,
    "with |": lambda name: name.replace(", ", " | "),
    "with | and no spaces": lambda name: name.replace(", ", "|"),
    "with /": lambda name: name.replace(", ", "/"),
    "with / and spaces": lambda name: name.replace(", ", " / "),
    "without a space after the comma": lambda name: name.replace(", ", ","),
    "without macrons": without_macrons,
    "without macrons, with /": lambda name: without_macrons(name).replace(", ", "/"),
    "in capitals": str.upper,
    "with a curly apostrophe": lambda name: name.replace("'", "’"),
    "without an apostrophe": lambda name: name.replace("'", ""),
    "with spaces around": lambda name: f"  {name}\n",
    "decomposed": lambda name: unicodedata.normalize("NFD", name),
}


@pytest.mark.parametrize("name", EDUCATION_REGIONS)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_region_is_known_by_every_spelling(name, spelling):
    assert education_region(SPELLINGS[spelling](name)) == name


@pytest.mark.parametrize("text", ["", "Auckland", "Tāmaki Herenga", "Otago", "Southland, Otago"])
def test_what_is_no_region_is_none(text):
    assert education_region(text) is None


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Hawkes Bay/Gisborne", "Hawke's Bay, Tairāwhiti"),
        ("BAY OF PLENTY | ROTORUA | TAUPŌ", "Bay of Plenty, Waiariki"),
        ("Canterbury", "Canterbury, Chatham Islands"),
        ("Auckland", None),
        ("Waikato", None),
        ("", None),
    ],
)
def test_a_region_is_known_by_a_former_name(text, region):
    assert former_education_region(text) == region


def test_there_are_twelve_regions_and_no_two_fold_alike():
    assert len({folded(name) for name in EDUCATION_REGIONS}) == len(EDUCATION_REGIONS) == 12
