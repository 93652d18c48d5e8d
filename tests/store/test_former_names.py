"""What a directory release remembers of the earlier ones: names, and schools that have gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from catchments.core.model import DirectoryRelease, FormerName, School, unnamed
from catchments.store import Store
from tests.worlds import HOSTILE, small_release

pytestmark = pytest.mark.dialects

FIRST, SECOND, THIRD = date(2021, 9, 25), date(2024, 3, 1), date(2026, 6, 7)


def release(day: date, *, demonstration: bool = False, **names: str) -> DirectoryRelease:
    """A release of schools by number, as `s54="Kura o Ahi"`."""
    schools = {int(key[1:]): School(int(key[1:]), name) for key, name in names.items()}
    return small_release(schools=schools, released=day, demonstration=demonstration)


def keep(store: Store, *releases: DirectoryRelease) -> DirectoryRelease:
    """Keep releases, and return what the store gives for the last of them."""
    return store.release([store.add_release(each) for each in releases][-1])


def test_a_school_that_was_renamed_keeps_its_former_name(store: Store) -> None:
    found = keep(
        store,
        release(FIRST, s54="Ahi School", s55="Rimu School"),
        release(THIRD, s54="Te Kura o Ahi", s55="Rimu School"),
    )
    assert found.former_names == {54: (FormerName("Ahi School", FIRST),)}
    assert store.release(1).former_names == {}


def test_of_several_names_the_latest_comes_first_each_with_its_last_release(store: Store) -> None:
    found = keep(
        store,
        release(FIRST, s54="Ahi Native School"),
        release(SECOND, s54="Ahi School"),
        release(date(2025, 1, 1), s54="Ahi Native School"),
        release(THIRD, s54="Te Kura o Ahi"),
    )
    assert found.former_names[54] == (
        FormerName("Ahi Native School", date(2025, 1, 1)),
        FormerName("Ahi School", SECOND),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Kaitaia College", "Kaitāia College"),
        ("ST JOSEPHS SCHOOL", "St Joseph's School"),
        ("Kōwhai School", "Kowhai  School"),
        (unnamed(54), "Kura o Ahi"),
        ("🏫", "Kura o Ahi"),
        ("Kura o Ahi", "Kura o Ahi"),
    ],
)
def test_another_spelling_or_a_missing_name_is_no_former_name(
    store: Store, before: str, after: str
) -> None:
    assert keep(store, release(FIRST, s54=before), release(THIRD, s54=after)).former_names == {}


def test_spellings_of_one_former_name_are_one_the_latest(store: Store) -> None:
    found = keep(
        store,
        release(FIRST, s54="AHI SCHOOL"),
        release(SECOND, s54="Āhi School"),
        release(THIRD, s54="Te Kura"),
    )
    assert found.former_names == {54: (FormerName("Āhi School", SECOND),)}


def test_a_name_that_came_back_is_no_former_name(store: Store) -> None:
    found = keep(
        store,
        release(FIRST, s54="Ahi School"),
        release(SECOND, s54="Te Kura"),
        release(THIRD, s54="Ahi School"),
    )
    assert found.former_names == {54: (FormerName("Te Kura", SECOND),)}


def test_the_order_in_which_releases_were_kept_does_not_matter(store: Store) -> None:
    store.add_release(release(THIRD, s54="Te Kura o Ahi"))
    store.add_release(release(FIRST, s54="Ahi School"))
    assert store.release(1).former_names == {54: (FormerName("Ahi School", FIRST),)}
    assert store.release(2).former_names == {}


def test_of_two_releases_of_one_day_the_later_number_is_the_later_one(store: Store) -> None:
    first = release(THIRD, s54="Ahi Scool", s55="Rimu School")
    found = keep(store, first, release(THIRD, s54="Ahi School"))
    assert found.former_names == {54: (FormerName("Ahi Scool", THIRD),)}
    assert set(found.former) == {55}
    assert (store.release(1).former, store.release(1).former_names) == ({}, {})


def test_a_real_directory_knows_no_name_of_the_demonstration(store: Store) -> None:
    made_up = release(FIRST, demonstration=True, s54="Made-up School")
    assert keep(store, made_up, release(THIRD, s54="Te Kura")).former_names == {}


def test_hostile_names_are_names(store: Store) -> None:
    found = keep(store, release(FIRST, s54=HOSTILE), release(THIRD, s54="Te Kura"))
    assert found.former_names[54][0].name == HOSTILE


# --- gone since -----------------------------------------------------------------------------------


def gone(found: DirectoryRelease) -> dict[int, tuple[Any, Any]]:
    return {n: (s.last_seen, s.gone_since) for n, s in found.former.items()}


def test_a_school_is_gone_since_the_first_release_without_it(store: Store) -> None:
    found = keep(
        store,
        release(FIRST, s54="Kura", s55="Left Late", s56="Left Early"),
        release(SECOND, s54="Kura", s55="Left Late"),
        release(THIRD, s54="Kura"),
    )
    assert gone(found) == {55: (SECOND, THIRD), 56: (FIRST, SECOND)}
    assert gone(store.release(2)) == {56: (FIRST, SECOND)}


def test_a_school_that_left_came_back_and_left_is_gone_since_the_last_time(store: Store) -> None:
    days = [date(2026, month, 1) for month in range(1, 6)]
    with_it, without = {"s54": "Kura", "s55": "Wanderer"}, {"s54": "Kura"}
    for day, names in zip(days, (with_it, without, with_it, without, without), strict=True):
        store.add_release(release(day, **names))
    assert gone(store.release(5)) == {55: (days[2], days[3])}
    assert gone(store.release(2)) == {55: (days[0], days[1])}
    assert gone(store.release(3)) == {}


def test_a_school_that_came_back_under_another_name_keeps_its_former_one(store: Store) -> None:
    found = keep(
        store,
        release(FIRST, s54="Kura", s55="Ahi School"),
        release(SECOND, s54="Kura"),
        release(THIRD, s54="Kura", s55="Te Kura o Ahi"),
    )
    assert found.former_names == {55: (FormerName("Ahi School", FIRST),)}
    assert found.former == {}


# --- contacts and towns ---------------------------------------------------------------------------


def test_a_website_and_an_email_domain_come_back(store: Store) -> None:
    school = School(54, "Kura", website="https://kura.school.nz/", email_domain="kura.school.nz")
    number = store.add_release(small_release(schools={54: school}))
    assert store.release(number).schools[54] == school


def test_towns_and_suburbs_come_with_their_macrons_and_names_and_streets_as_they_are(
    store: Store,
) -> None:
    school = School(
        54, "Kaitaia College", address="53 Taupo Road", suburb="Otahuhu", city="Kaitaia"
    )
    number = store.add_release(small_release(schools={54: school}))
    shown = store.release(number).schools[54]
    assert shown == replace(school, suburb="Ōtāhuhu", city="Kaitāia")
