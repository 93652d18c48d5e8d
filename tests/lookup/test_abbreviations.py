"""Names meet however they are shortened, and only then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.lookup.search.abbreviations import expanded, forms, key, keys_begun_by, spelled_out


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("st josephs school", "saint josephs school"),
        ("mount st marys", "mount saint marys"),
        ("mt eden normal school", "mount eden normal school"),
        ("queen st", "queen street"),
        ("queen st school", "queen street school"),
        ("queen st primary", "queen street primary"),
        ("st", "saint"),
        ("pt chevalier", "point chevalier"),
        ("port chalmers", "port chalmers"),
        ("tkkm o te ao", "te kura kaupapa maori o te ao"),
        ("tkkmo te ao", "te kura kaupapa maori o te ao"),
        ("kerikeri hs", "kerikeri high school"),
        ("palmerston nth int", "palmerston north intermediate"),
        ("wanganui", "whanganui"),
        ("", ""),
    ],
)
def test_a_name_is_spelled_out_as_its_words_stand(name, expected):
    assert " ".join(spelled_out(words(name))) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("saint josephs", "st josephs"),
        ("queen street", "queen st"),
        ("high road", "high rd"),
        ("first avenue", "first ave"),
        ("first avenue", "first av"),
        ("hill terrace", "hill tce"),
        ("hill drive", "hill dr"),
        ("hill crescent", "hill cres"),
        ("hill place", "hill pl"),
        ("hill highway", "hill hwy"),
        ("state highway 1", "sh 1"),
        ("mount eden", "mt eden"),
        ("point england", "pt england"),
        ("port chalmers", "pt chalmers"),
        ("te kura kaupapa maori o te ao", "tkkm o te ao"),
        ("te kura kaupapa maori o te ao", "tkkmo te ao"),
        ("kia ora intermediate", "kia ora int"),
        ("otahuhu college", "otahuhu coll"),
        ("awanui school", "awanui sch"),
        ("awanui primary", "awanui prim"),
        ("kerikeri high school", "kerikeri hs"),
        ("waimate north", "waimate nth"),
        ("waimate south", "waimate sth"),
        ("christchurch girls", "chch girls"),
        ("whanganui city", "wanganui city"),
    ],
)
def test_a_name_in_full_and_shortened_is_one_both_ways(one, other):
    assert key(words(one)) == key(words(other))
    assert set(words(other)) <= forms(words(one))
    assert set(expanded(words(one))) <= forms(words(other)) | {"port"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("mount eden", "mouth eden"), ("mt eden", "st eden"), ("north park", "south park")],
)
def test_what_is_no_way_to_shorten_keeps_its_own_key(one, other):
    assert key(words(one)) != key(words(other))


@pytest.mark.parametrize(
    ("name", "not_a_form"),
    [
        ("st josephs", "street"),
        ("queen st", "saint"),
        ("pt england", "port"),
        ("saint josephs", "street"),
        ("te kura maori", "tkkm"),
        ("high country school", "hs"),
    ],
)
def test_a_name_is_not_known_by_what_it_does_not_say(name, not_a_form):
    assert not_a_form not in forms(words(name))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("sai", {"st"}), ("st", {"st"}), ("mou", {"mount"}), ("mt", {"mount"}), ("zz", set())],
)
def test_a_half_typed_word_begins_the_keys_of_its_forms(typed, expected):
    assert keys_begun_by(typed) >= expected
    assert bool(keys_begun_by(typed)) == bool(expected)


FOLDED = st.lists(
    st.sampled_from(["st", "mt", "pt", "hs", "tkkm", "school", "queen", "o"]), max_size=6
).map(tuple)


@given(FOLDED)
def test_spelling_out_twice_changes_nothing_more(name):
    assert spelled_out(spelled_out(name)) == spelled_out(name)


@given(FOLDED)
def test_a_name_and_what_it_is_in_full_have_one_key(name):
    assert key(spelled_out(name)) == key(name)
