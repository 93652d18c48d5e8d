"""Towns and suburbs: which there are, how they are spelled, and which an address ends with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import MatchKind, NamedPlace, PlaceKind, School, SchoolStatus
from catchments.lookup.search.gazetteer import Gazetteer
from catchments.lookup.search.localities import localities_of
from catchments.lookup.search.typed_text import TypedText

TOWN, SUBURB = PlaceKind.TOWN, PlaceKind.SUBURB


def school(number: int, suburb: str = "", city: str = "", **more: SchoolStatus) -> School:
    return School(number, f"School {number}", suburb=suburb, city=city, **more)


def short(found: list[NamedPlace]) -> list[tuple[PlaceKind, str, str, list[int]]]:
    return [(f.kind, f.name, f.within, [s.school_id for s in f.schools]) for f in found]


def test_each_town_and_each_suburb_in_its_town_is_a_place_with_its_schools():
    schools = [
        school(1, "Riccarton", "Christchurch"),
        school(2, "Riccarton", "Christchurch"),
        school(3, "", "Christchurch"),
        school(4, "Richmond", "Christchurch"),
        school(5, "Richmond", "Nelson"),
        school(6, "", "Richmond"),
    ]
    assert short(localities_of(schools)) == [
        (TOWN, "Christchurch", "", [1, 2, 3, 4]),
        (TOWN, "Nelson", "", [5]),
        (SUBURB, "Riccarton", "Christchurch", [1, 2]),
        (TOWN, "Richmond", "", [6]),
        (SUBURB, "Richmond", "Christchurch", [4]),
        (SUBURB, "Richmond", "Nelson", [5]),
    ]


def test_a_suburb_called_as_its_town_is_the_town():
    assert short(localities_of([school(1, "Kaitaia", "Kaitāia")])) == [(TOWN, "Kaitāia", "", [1])]


def test_a_school_without_a_town_is_in_no_place():
    assert localities_of([school(1, "Riccarton", ""), school(2), school(3, "", " - ")]) == []


def test_only_schools_open_or_proposed_make_a_place():
    schools = [
        school(1, "", "Here", status=SchoolStatus.CLOSED),
        school(2, "", "Here", status=SchoolStatus.PROPOSED),
        school(3, "", "Gone", status=SchoolStatus.CLOSED),
    ]
    assert short(localities_of(schools)) == [(TOWN, "Here", "", [2])]


@pytest.mark.parametrize(
    ("spellings", "expected"),
    [
        (["Kaitaia", "Kaitaia", "Kaitāia"], "Kaitāia"),
        (["Ōtahuhu", "Ōtāhuhu", "Ōtahuhu"], "Ōtāhuhu"),
        (["KAITAIA", "KAITAIA", "Kaitaia"], "Kaitaia"),
        (["Mt Eden", "Mount Eden", "Mount Eden"], "Mount Eden"),
        (["Wanganui", "Whanganui", "Whanganui"], "Whanganui"),
        (["St  Albans", "Saint Albans", "St Albans"], "St Albans"),
    ],
)
def test_spellings_of_one_town_are_one_place_named_by_the_best(spellings, expected):
    schools = [school(number, "", city) for number, city in enumerate(spellings, start=1)]
    for order in (schools, schools[::-1]):
        (found,) = localities_of(order)
        assert (found.name, len(found.schools)) == (expected, 3)


def test_a_suburb_names_its_town_by_the_best_spelling():
    schools = [school(1, "Papamoa", "Tauranga"), school(2, "", "Taurānga")]
    assert [f.within for f in localities_of(schools) if f.kind is SUBURB] == ["Taurānga"]


# --- at the end of an address ---------------------------------------------------------------------

GAZETTEER = Gazetteer.of(
    [
        school(1, "", "Kaitāia"),
        school(2, "Riccarton", "Christchurch"),
        school(3, "Richmond", "Christchurch"),
        school(4, "", "Richmond"),
        school(5, "Richmond", "Nelson"),
        school(6, "", "Palmerston North"),
        school(7, "", "Port Chalmers"),
        school(8, "Mount Eden", "Auckland"),
        school(9, "Ōtāhuhu", "Auckland"),
        school(10, "", "New Plymouth"),
        school(11, "", "Terraces"),
    ]
)


def ending(text: str) -> list[str]:
    return [
        f"{found.name}, {found.within}" if found.within else found.name
        for found in GAZETTEER.endings.of_text(TypedText.of(text))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 high street kaitaia 0410", ["Kaitāia"]),
        ("12 High Street, Kaitāia, New Zealand", ["Kaitāia"]),
        ("12 High Street, Kaitāia 0410, NZ", ["Kaitāia"]),
        ("1 Main Rd, RD 2, Kaitaia 0482", ["Kaitāia"]),
        ("kaitaia", ["Kaitāia"]),
        ("5 main road, riccarton, christchurch 8011", ["Riccarton, Christchurch"]),
        ("5 main road riccarton", ["Riccarton, Christchurch"]),
        ("5 main road richmond nelson", ["Richmond, Nelson"]),
        ("5 main road christchurch", ["Christchurch"]),
        ("5 main road chch", ["Christchurch"]),
        ("5 riccarton road christchurch", ["Christchurch"]),  # a road's name, not a suburb's
        ("5 main road riccarton auckland", ["Auckland"]),  # no such suburb there
        ("1 x st, mt eden, auckland", ["Mount Eden, Auckland"]),
        ("1 x st palmerston nth", ["Palmerston North"]),
        ("1 x st pt chalmers", ["Port Chalmers"]),
        (
            "5 main road richmond",
            ["Richmond", "Richmond, Christchurch", "Richmond, Nelson"],
        ),
        # One slip.
        ("12 high st kaitia", ["Kaitāia"]),
        ("12 high st new plymoth", ["New Plymouth"]),
        ("12 high st otahuh auckland", ["Ōtāhuhu, Auckland"]),
        # Nothing there.
        ("12 kaitaia road", []),
        ("12 high street", []),
        ("12 high terrace", []),  # no slip in Terraces
        ("12 high street nowhere", []),
        ("0410", []),
        ("", []),
        ("\0", []),
        ("x" * 300 + " kaitaia", []),
    ],
)
def test_an_address_names_the_most_specific_place_that_it_ends_with(text, expected):
    assert ending(text) == expected


@given(st.text(max_size=60))
def test_whatever_stands_before_it_the_town_at_the_end_is_named(before):
    assert ending(f"{before} kaitaia") == ["Kaitāia"]


@given(st.text(max_size=60))
def test_whatever_stands_at_the_end_only_known_places_are_named(text):
    known = {(found.name, found.within) for found in GAZETTEER.entries}
    assert {(f.name, f.within) for f in GAZETTEER.endings.of_text(TypedText.of(text))} <= known


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 high street kaitaia", [("Kaitāia", MatchKind.LOCALITY)]),
        ("12 high st kaitia", [("Kaitāia", MatchKind.LOCALITY)]),
        ("12 High Street, Kaitaia 0410, Northland", [("Kaitāia", MatchKind.LOCALITY)]),
        ("12 Mill Road, RD 2, Kaitaia", [("Kaitāia", MatchKind.MAIL_TOWN)]),
        ("12 Mill Road, RD 2, Kaitaia, Northland", [("Kaitāia", MatchKind.MAIL_TOWN)]),
        ("12 Mill Road, Kaitaia, RD 2", [("Kaitāia", MatchKind.MAIL_TOWN)]),
        ("12 Mill Road Kaitaia RD 2", [("Kaitāia", MatchKind.MAIL_TOWN)]),
        ("12 Mill Road, Riccarton, RD 2, Kaitaia", [("Kaitāia", MatchKind.MAIL_TOWN)]),
        ("R.D. 4, Kaitaia", [("Kaitāia", MatchKind.MAIL_TOWN)]),
        ("PO Box 12, Kaitaia 0441", [("Kaitāia", MatchKind.MAIL_TOWN)]),
        ("Private Bag 1234, Riccarton, Christchurch", [("Riccarton", MatchKind.MAIL_TOWN)]),
        ("PO Box 12", []),
    ],
)
def test_the_end_of_an_address_is_only_a_place_and_that_of_mail_only_where_post_goes(
    text, expected
):
    assert [(f.name, f.match) for f in GAZETTEER.endings.of_text(TypedText.of(text))] == expected
