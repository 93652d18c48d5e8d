"""Te reo Māori in names is told from English, so that it can be read out as te reo."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.te_reo import runs


def te_reo_in(text: str) -> list[str]:
    return [run for run, te_reo in runs(text) if te_reo]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Te Kura o Te Kao", ["Te Kura o Te Kao"]),
        ("Kaitāia College", ["Kaitāia"]),
        ("kaitaia college", ["kaitaia"]),
        ("KAITĀIA COLLEGE", ["KAITĀIA"]),
        ("St Joseph's School (Oamaru)", ["Oamaru"]),
        ("Te One School", ["Te One"]),
        ("Kia Ora Intermediate", ["Kia Ora"]),
        ("Te Kura ā Iwi o Pawarenga", ["Te Kura ā Iwi o Pawarenga"]),
        ("Te Kura-a-iwi o Whakatupuranga Rua Mano", ["Te Kura-a-iwi o Whakatupuranga Rua Mano"]),
        ("Te Aho o Te Kura Pounamu", ["Te Aho o Te Kura Pounamu"]),
        ("Ngā Puna o Waiōrea Western Springs", ["Ngā Puna o Waiōrea"]),
        ("He Wero o nga Wahine", ["He Wero o nga Wahine"]),
        ("Girls' High School -Te Kura o Hine Waiora", ["Te Kura o Hine Waiora"]),
        ("Tāmaki Herenga Tāngata", ["Tāmaki Herenga Tāngata"]),
        ("Hawke's Bay, Tairāwhiti", ["Tairāwhiti"]),
        ("Taranaki, Whanganui, Manawatū", ["Taranaki", "Whanganui", "Manawatū"]),
        ("Bay of Plenty, Waiariki", ["Waiariki"]),
        ("Tua Marina School", ["Tua Marina"]),
        ("Ō", ["Ō"]),
        ("ā", ["ā"]),
        ("Te\u00a0Kao", ["Te\u00a0Kao"]),
    ],
)
def test_the_te_reo_of_a_name_is_found(text, expected):
    assert te_reo_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Marine Parade School",
        "Area School",
        "Home of Hope",
        "One Tree Hill College",
        "A",
        "Are we to hope",
        "no more",
        "Irongate School",
        "White Range",
        "John Paul II High School",
        "Provider 12",
        "Kura2",
        "Kaitaia's",
        "Kaitaia’s",
        "school_kura",
        "{{7*191}}",
        "</script>",
        "学校 👩",
        "",
    ],
)
def test_what_is_english_or_no_word_is_no_te_reo(text):
    assert te_reo_in(text) == []


def test_an_english_word_beside_te_reo_stays_english():
    assert runs("Te Aroha Area School") == [("Te Aroha", True), (" Area School", False)]


def test_a_word_of_both_languages_needs_a_word_of_te_reo_beside_it():
    assert te_reo_in("Hope") == []
    assert te_reo_in("Te Hope") == ["Te Hope"]
    assert te_reo_in("Hope, Te Kao") == ["Te Kao"]


@given(st.text() | st.text(alphabet="TekaoāĀōh gnwr'-,\u0304 "))
def test_the_runs_of_a_text_are_the_text_and_take_turns(text):
    parts = runs(text)
    assert "".join(run for run, _ in parts) == text
    assert all(run for run, _ in parts)
    assert all(one[1] is not other[1] for one, other in pairwise(parts))


SYLLABLE = st.builds(
    "{}{}".format,
    st.sampled_from(["", "h", "k", "m", "n", "ng", "p", "r", "t", "w", "wh"]),
    st.sampled_from("āēīōū"),
)


@given(st.lists(SYLLABLE, min_size=1, max_size=8).map("".join))
def test_any_word_of_maori_syllables_with_macrons_is_te_reo(word):
    for spelled in (word, word.upper(), word.title(), unicodedata.normalize("NFD", word)):
        assert runs(spelled) == [(spelled, True)]


@given(st.text(alphabet="bcdfjlqsvxyz", min_size=1, max_size=5), st.sampled_from(["Te ", "kura"]))
def test_a_word_with_a_letter_that_maori_lacks_is_none(word, before):
    assert word not in "".join(te_reo_in(before + word))


@pytest.mark.parametrize(
    "text",
    [
        *("a" * 1_000_000, "ng" * 500_000, "wh" * 500_000 + "x", "te" + " " * 1_000_000 + "x"),
        *("\u0304" * 5000, "a" + "\u0304" * 5000, "-" * 100_000, "x'" * 100_000),
    ],
    ids=range(8),
)
def test_a_long_text_is_parted_like_any_other(text):
    assert "".join(run for run, _ in runs(text)) == text
