"""What begins with a number: an address, or a school's number."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catchments.core.model import MatchKind, PlaceKind, School
from catchments.core.settings import ROOT
from catchments.lookup.search.addresses.parts import without_end
from catchments.lookup.search.addresses.text import AddressText
from catchments.lookup.search.gazetteer import Gazetteer
from catchments.lookup.search.street_addresses import SchoolAddresses
from catchments.lookup.search.typed_text import TypedText


def looks_like_address(text: str) -> bool:
    return AddressText.of(TypedText.of(text)).is_address


def school_number(text: str) -> int | None:
    return TypedText.of(text).number


@pytest.mark.parametrize(
    "text",
    [
        "12 high st kaitaia",
        "12 High Street",
        "12a High Street, Kaitāia 0410",
        "12A high",
        "12-14 High Street",
        "12 – 14 High Street",
        "2/12 High Street",
        "2a/12 High Street",
        "A/12 High Street",
        "Flat 2, 12 High Street",
        "flat 2 12 high street",
        "Unit 3/12A High Street",
        "Level 2 12 High Street",
        "Shop 4, Level 1, 12 High Street",
        "  12 high",
        "12 5th Avenue",
        "576 SH 56",
        "12 new zealand",
        "12 h",
    ],
)
def test_a_street_number_and_a_word_look_like_an_address(text):
    assert looks_like_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("54", "#54", "54 ", " 54", "12a", "12-14", "2/12", "12 0410", "Flat 2, 12", "12 #", ""),
        *("High Street", "Kaitaia 0410", "high street 12", "Flat 2 High Street", "1st Avenue"),
        *("St Joseph's School", "no 54", "school 54", "{{7*191}}", "' OR 1=1 --", "</script>"),
        *("\0", "१२ high", "12\u0301" + "\u0301" * 5000, "x" * 300 + " 12 high", "/"),
        "9" * 7 + " high",
        " " * 200 + "12 high",
    ],
)
def test_anything_else_does_not_look_like_an_address(text):
    assert not looks_like_address(text)


@pytest.mark.parametrize(
    "text",
    [
        *("54", "#54", " # 54 ", "54 ", "\t54\n", "no. 54", "No 54", "no54", "number 54"),
        *("54.", "54,", "№54", "№ 54", "54.0", "0054", "５４", "ID 54", "MOE 54", "moe no. 54"),
        *("school 54", "SCHOOL 54", "School no. 54", "school number 54", "school #54"),
        "54" + " " * 10_000,
    ],
)
def test_a_school_number_is_known_however_it_is_given(text):
    assert school_number(text) == 54


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("123456789", 123_456_789), ("1234567890", None)],
)
def test_a_school_number_has_nine_digits_at_most(text, expected):
    assert school_number(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "#", "school", "54a", "5 4", "54 school", "schools 54", "-54", "5.4", "५४", "54.5"),
        *("٥٤", "54\u0301", "{{54}}", "1" * 10_000_000, " " * 300 + "54"),
    ],
)
def test_what_is_no_school_number_is_none(text):
    assert school_number(text) is None


@given(st.text(max_size=40))
def test_no_text_is_both_a_school_number_and_an_address(text):
    assert school_number(text) is None or not looks_like_address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kaitaia 0410", "kaitaia"),
        ("kaitaia 0410 new zealand", "kaitaia"),
        ("kaitaia new zealand 0410", "kaitaia"),
        ("kaitaia nz", "kaitaia"),
        ("kaitaia", "kaitaia"),
        ("new zealand", "new zealand"),
        ("0410", "0410"),
        ("kaitaia 041", "kaitaia 041"),
        ("", ""),
    ],
)
def test_postcode_and_country_at_the_end_are_left_out_unless_they_are_all(text, expected):
    assert " ".join(without_end(text.split())[0]) == expected


# --- schools at an address ------------------------------------------------------------------------

SCHOOLS = [
    School(1, "Kaitāia School", address="12 High Street", city="Kaitāia"),
    School(2, "Dunedin School", address="12 High Street", suburb="Roslyn", city="Dunedin"),
    School(3, "Corner School", address="12-16 Low Road", city="Kaitāia"),
    School(4, "Lettered School", address="1176B Matahi Valley Road", city="Matahi"),
    School(5, "Highway School", address="576 State Highway 56", city="Palmerston North"),
    School(6, "Unit School", address="1/18 St Johns Road", city="Kaitāia"),
    School(7, "Numberless School", address="Puttick Road", city="Linton Camp"),
    School(8, "Placeless School"),
    School(9, "Ordinal School", address="30 18th Avenue", city="Tauranga"),
    School(10, "High School", address="12 Hill Street", suburb="High Beach", city="Kaitāia"),
]
GAZETTEER = Gazetteer.of(SCHOOLS)


def ids_at(text: str, at_most: int = 10) -> list[int]:
    return [
        found.schools[0].school_id
        for found in GAZETTEER.at_address(TypedText.of(text), at_most=at_most)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 high st kaitaia", [1]),
        ("12 High Street, Kaitāia 0410, New Zealand", [1]),
        ("12 high street", [2, 1]),
        ("12 high st, roslyn, dunedin", [2]),
        ("12 high st roslyn", [2]),
        ("12 hi", [2, 10, 1]),  # half typed: Hill Street as well
        ("12 high s", [2, 1]),
        ("flat 3, 12 high street dunedin", [2]),
        ("12 low rd", [3]),
        ("14 low rd", [3]),
        ("16 low road kaitaia", [3]),
        ("14-16 low road kaitaia", [3]),
        ("1176 matahi valley rd", [4]),
        ("1176b Matahi Valley Road", [4]),
        ("576 sh 56", [5]),
        ("576 sh56, palmerston nth", [5]),
        ("576 State Highway 56", [5]),
        ("18 saint johns rd", [6]),
        ("1/18 st johns road", [6]),
        ("18 st johns road rd 2 kaitaia", [6]),  # RD 2 is a mail run
        ("30 18th ave", [9]),
    ],
)
def test_a_schools_own_address_is_known_however_it_is_written(text, expected):
    assert ids_at(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "12a high street",  # another door
        "1176a matahi valley road",
        "13 high street",
        "18 low road",
        "12 kaitaia",  # no road
        "12 street high",
        "12 beach",  # a suburb's word, not the road's
        "12 high street nowhere",
        "high street kaitaia",
        "puttick road",
        "12",
        "",
        "12 new zealand",
    ],
)
def test_an_address_that_no_school_has_finds_none(text):
    assert ids_at(text) == []


def test_a_school_at_an_address_is_named_as_a_school():
    (found,) = GAZETTEER.at_address(TypedText.of("12 high st roslyn"), at_most=5)
    assert (found.kind, found.name, found.within) == (
        PlaceKind.SCHOOL,
        "Dunedin School",
        "Roslyn, Dunedin",
    )


def test_no_more_schools_come_than_were_asked_for():
    assert ids_at("12 high street", at_most=1) == [2]
    assert ids_at("12 high street", at_most=0) == []


@given(st.text(max_size=60) | st.text(alphabet="0123456789 ab/-,", max_size=60))
def test_no_text_is_too_much_for_it(text):
    assert bool(ids_at(text)) <= looks_like_address(text)


# --- how wholly it was typed ----------------------------------------------------------------------

MATCHED = Gazetteer.of(
    [
        School(1, "Kaitāia School", address="12 High Street", city="Kaitāia", postcode="0410"),
        School(2, "Roslyn School", address="12 High Street", suburb="Roslyn", city="Dunedin"),
        School(3, "Corner School", address="12-16 Low Road", city="Kaitāia"),
        School(4, "Lettered School", address="1176B Matahi Valley Road", city="Matahi"),
        School(5, "Highway School", address="576 SH 56", suburb="Ōpiki", city="Palmerston North"),
        School(6, "Round School", address="12 Mill Road RD 3", city="Gore"),
        School(
            7,
            "Northern School",
            address="7 Rimu Road",
            city="Kaitāia",
            territorial_authority="Far North District",
        ),
    ]
)
EXACT, PART = MatchKind.EXACT, MatchKind.PART


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12 high st kaitaia", [(1, EXACT)]),
        ("12 High Street, Kaitāia 0410, New Zealand", [(1, EXACT)]),
        ("12 High Street 0410", [(1, EXACT), (2, PART)]),
        ("12 high street roslyn", [(2, EXACT)]),
        ("12 high street, dunedin", [(2, EXACT)]),
        ("12 high street, roslyn, dunedin", [(2, EXACT)]),
        ("Flat 2, 12 high street, roslyn", [(2, EXACT)]),
        ("No. 12 high street, roslyn", [(2, EXACT)]),
        ("12-16 low road kaitaia", [(3, EXACT)]),
        ("14 low road kaitaia", [(3, EXACT)]),
        ("1176b matahi valley road matahi", [(4, EXACT)]),
        ("576 State Highway 56, Opiki", [(5, EXACT)]),
        ("576 S.H. 56, Palmerston Nth", [(5, EXACT)]),
        ("12 Mill Road, RD 3, Gore", [(6, EXACT)]),
        ("12 Mill Road, Gore", [(6, EXACT)]),
        ("7 Rimu Road, Kaitaia, Far North District, Northland", [(7, EXACT)]),
        # Without its place another town's may be meant, with a part only all that goes on so.
        ("12 high street", [(1, PART), (2, PART)]),
        ("7 Rimu Road, Northland", [(7, PART)]),
        ("12 high kaitaia", [(1, PART)]),
        ("12 high street kait", [(1, PART)]),
        ("1176 matahi valley road matahi", [(4, PART)]),
        ("14-16 low road kaitaia", [(3, PART)]),
        ("12-14 high street kaitaia", [(1, PART)]),
        # Post that goes through its town may be for another than the school of that town.
        ("12 High Street, RD 1, Kaitaia", [(1, PART), (2, PART)]),
        ("12 Mill Road, RD 5, Gore", [(6, PART)]),
        ("12 High Street, Roslyn, RD 1, Dunedin", [(2, EXACT)]),
    ],
)
def test_a_school_is_exact_by_its_whole_street_line_and_its_place(text, expected):
    found = MATCHED.at_address(TypedText.of(text), at_most=5)
    assert [(each.schools[0].school_id, each.match) for each in found] == expected


def demonstration_schools() -> list[School]:
    """The real schools of the demonstration: number, name and address."""
    path = ROOT / "data" / "boundaries" / "demonstration" / "schools.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [
            School(
                int(row["school_id"]),
                row["name"],
                address=row["address"],
                suburb=row["suburb"],
                city=row["city"],
                territorial_authority=row["territorial_authority"],
            )
            for row in csv.DictReader(file)
        ]


def test_each_school_is_exact_by_its_own_address_and_by_no_others():
    schools = demonstration_schools()
    known = SchoolAddresses.of(schools)
    numbered = [school for school in schools if looks_like_address(school.address)]
    assert len(numbered) > 200
    for school in numbered:
        text = ", ".join(filter(None, [school.address, school.suburb, school.city]))
        found = known.at(TypedText.of(text))
        exact = [schools[entry] for entry, match in found if match is EXACT]
        assert school in exact
        # Some share a site: an activity centre has its school's address.
        assert {(s.address, s.city) for s in exact} == {(school.address, school.city)}
