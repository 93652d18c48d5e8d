"""The address book: found however it is typed, replaced whole, never half there."""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from catchments.core.errors import InputRefused
from catchments.core.model import MatchKind, NamedPlace, Place, PlaceKind, Source, SourceKind
from catchments.core.settings import ROOT
from catchments.core.text_folding import folded
from catchments.lookup.search.addresses import building as address_building
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.search.addresses.building import Address, Road, building_book
from catchments.lookup.search.addresses.text import ABBREVIATIONS, AddressText, Reading
from catchments.lookup.search.typed_text import TypedText
from catchments.readers.report import no_progress
from catchments.store.engine import StoreUnavailable
from tests.laws import examples
from tests.waiting import PATIENCE_S, wait_until

ADDRESS, ROAD, SUBURB, TOWN = (
    PlaceKind.ADDRESS,
    PlaceKind.ROAD,
    PlaceKind.SUBURB,
    PlaceKind.TOWN,
)
EXACT, SLIP, PART, LOCALITY, MAIL_TOWN = (
    MatchKind.EXACT,
    MatchKind.SLIP,
    MatchKind.PART,
    MatchKind.LOCALITY,
    MatchKind.MAIL_TOWN,
)
SOURCE = Source(
    SourceKind.ADDRESSES, "NZ Addresses", "Toitū Te Whenua", "CC BY 4.0", "2026-09-01", "ab" * 32
)
FAR_NORTH = "Far North District"
HOSTILE = (
    "{{7*191}}",
    "</script>",
    "' OR 1=1 --",
    '"" OR name : *',
    'NEAR("high" "street", 5) AND NOT *',
    "a\u0301" * 5_000,
    "\u202e12 hgih",
    "x" * 10_000_000,
    "12 \0 high",
    "🏫" * 200,
    "high " * 2_000,
    "1/" * 100,
    "1-" * 100,
    "\ud800",
    "-- ; DROP TABLE road",
)


def address(text: str, *, lng: float = 173.26, lat: float = -35.11, **more: Any) -> Address:
    """An address from “number road|suburb|town|district”."""
    names = [*text.split("|"), "", "", ""][:4]
    number, _, road = names[0].partition(" ")
    suffix = "".join(c for c in number if c.isalpha())
    values: dict[str, Any] = {
        "road": Road(road, names[1], names[2], names[3] or FAR_NORTH),
        "number": int(number.removesuffix(suffix)),
        "suffix": suffix,
        "high": 0,
        "unit": "",
        "label": number,
        "lng": lng,
        "lat": lat,
    }
    return Address(**{**values, **more})


KAITAIA = "Kaitāia|Kaitāia"
ADDRESSES = (
    address(f"12 High Street|{KAITAIA}"),
    address(f"12A High Street|{KAITAIA}", lng=173.27),
    address(f"14 High Street|{KAITAIA}", lng=173.28),
    address("12 High Street|Ōkāhu|Kaitāia", lng=173.3),
    address("12 High Street|Picton|Picton|Marlborough District", lng=174.0, lat=-41.3),
    *(
        address(
            f"12 Queen Street|{KAITAIA}",
            unit=str(n),
            label=f"{n}/12",
            lng=round(173.2 + n / 1000, 3),
        )
        for n in range(1, 9)
    ),
    address(f"10 Mātai Road|{KAITAIA}", high=14, label="10-14"),
    address(f"15 Mātai Road|{KAITAIA}", high=18, label="15-18", lng=173.4),
    address(f"3B Mātai Road|{KAITAIA}"),
    address(f"7 Saint Anne Terrace|{KAITAIA}"),
    address("8 St Heliers Bay Road|St Heliers|Auckland|Auckland", lng=174.85, lat=-36.85),
    address("9 Mount Eden Road|Mount Eden|Auckland|Auckland", lng=174.76, lat=-36.88),
    address("1 State Highway 1|Awanui||", lng=173.25, lat=-35.05),
    address("1234 State Highway 10|Awanui||", lng=173.3, lat=-35.0),
    address("5 Wellington Street|Picton|Picton|Marlborough District", lng=174.0, lat=-41.29),
    address("5 Wellington Street|Te Aro|Wellington|Wellington City", lng=174.77, lat=-41.29),
    address("1 Main Road|Springfield||Selwyn District", lng=171.9, lat=-43.3),
    address("1 Main Road|Springfield||Rotorua District", lng=176.2, lat=-38.1),
    address("2 The Terrace|Te Aro|Wellington|Wellington City", lng=174.77, lat=-41.28),
    address("6 Oriental Parade|Oriental Bay|Wellington|Wellington City", lng=174.79, lat=-41.29),
    address("4 90 Mile Road|Awanui||"),
    address("4 3rd Avenue|Awanui||"),
    address("2 Whangārei Heads Road|Parua Bay|Whangārei|Whangārei District", lng=174.4, lat=-35.7),
    *(
        address(f"{n} Long Road|Awanui||", lng=round(173 + n / 1000, 3), lat=-35.0)
        for n in range(1, 201)
    ),
)


def build(
    path: Path,
    addresses: Iterable[Address],
    source: Source = SOURCE,
    *,
    spoilt_by: str = "",
    knows: Callable[[Path, str], bool] = lambda _, __: True,
) -> Path:
    with building_book(path) as book:
        book.add(addresses)
        book.finish(source, no_progress)
        book.connection.executescript(spoilt_by)
        book.check(knows=knows)
        book.put_in_place(within=nullcontext())
    return path


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AddressBook]:
    path = build(tmp_path_factory.mktemp("book") / "addresses.sqlite", ADDRESSES)
    with closing(AddressBook(path)) as made:
        yield made


def asked(book: AddressBook, text: str, at_most: int = 10) -> list[NamedPlace]:
    return book.candidates(TypedText.of(text), at_most=at_most)


def found(book: AddressBook, text: str, at_most: int = 10) -> list[tuple[PlaceKind, str, str]]:
    return [(n.kind, n.name, n.within) for n in asked(book, text, at_most)]


def readings(text: str) -> list[Reading]:
    return AddressText.of(TypedText.of(text)).readings()


def first(book: AddressBook, text: str) -> NamedPlace:
    return asked(book, text, 1)[0]


# --- however it is typed --------------------------------------------------------------------------

TWELVE = (ADDRESS, "12 High Street", "Kaitāia")
TWELVE_A = (ADDRESS, "12A High Street", "Kaitāia")
BUILDING = (ADDRESS, "12 Queen Street", "Kaitāia")
TYPED: dict[str, tuple[PlaceKind, str, str]] = {
    "12 High Street, Kaitāia": TWELVE,
    "12 high st kaitaia": TWELVE,
    "12 HIGH ST KAITĀIA": TWELVE,
    "12 High St., Kaitaia 0410": TWELVE,
    "12 high street kaitaia 0410 new zealand": TWELVE,
    "12 High Street, Kaitāia, NZ 0410": TWELVE,
    "high street 12 kaitaia": TWELVE,
    "kaitaia high street 12": TWELVE,
    "12 kaitaia high st": TWELVE,
    "12 high st far north": TWELVE,
    "12 High Street, RD 2, Kaitāia 0482": TWELVE,
    "12 high st kait": TWELVE,
    "12a High Street, Kaitāia 0410": TWELVE_A,
    "12 a high street kaitaia": TWELVE_A,
    "Unit 3/12a high st kaitaia": TWELVE_A,
    "12C high street kaitaia": TWELVE,
    "2/14 High Street Kaitaia": (ADDRESS, "14 High Street", "Kaitāia"),
    "12 high st okahu": (ADDRESS, "12 High Street", "Ōkāhu, Kaitāia"),
    "12 high st picton": (ADDRESS, "12 High Street", "Picton"),
    "12 queen st": BUILDING,
    "flat 2 12 queen street": (ADDRESS, "2/12 Queen Street", "Kaitāia"),
    "Flat 2, 12 Queen Street": (ADDRESS, "2/12 Queen Street", "Kaitāia"),
    "2/12 Queen St": (ADDRESS, "2/12 Queen Street", "Kaitāia"),
    "2 12 queen st": (ADDRESS, "2/12 Queen Street", "Kaitāia"),
    "Level 3, Unit 7, 12 Queen St": (ADDRESS, "7/12 Queen Street", "Kaitāia"),
    "99/12 Queen St": BUILDING,
    "10 matai rd": (ADDRESS, "10-14 Mātai Road", "Kaitāia"),
    "12 matai rd": (ADDRESS, "10-14 Mātai Road", "Kaitāia"),
    "14 matai rd": (ADDRESS, "10-14 Mātai Road", "Kaitāia"),
    "10-14 Mātai Road": (ADDRESS, "10-14 Mātai Road", "Kaitāia"),
    "10 – 14 Mātai Road": (ADDRESS, "10-14 Mātai Road", "Kaitāia"),
    "16 matai rd": (ADDRESS, "15-18 Mātai Road", "Kaitāia"),
    "13 matai rd": (ROAD, "Mātai Road", "Kaitāia"),
    "3 matai road": (ADDRESS, "3B Mātai Road", "Kaitāia"),
    "7 st anne tce": (ADDRESS, "7 Saint Anne Terrace", "Kaitāia"),
    "7 saint annes": (ADDRESS, "7 Saint Anne Terrace", "Kaitāia"),
    "8 saint heliers bay road": (ADDRESS, "8 St Heliers Bay Road", "St Heliers, Auckland"),
    "9 mt eden rd": (ADDRESS, "9 Mount Eden Road", "Mount Eden, Auckland"),
    "state highway 1": (ROAD, "State Highway 1", "Awanui"),
    "SH1": (ROAD, "State Highway 1", "Awanui"),
    "sh 1 awanui": (ROAD, "State Highway 1", "Awanui"),
    "1 SH 1": (ADDRESS, "1 State Highway 1", "Awanui"),
    "1234 SH10, RD 1, Awanui": (ADDRESS, "1234 State Highway 10", "Awanui"),
    "Wellington Street, Wellington": (ROAD, "Wellington Street", "Te Aro, Wellington"),
    "5 wellington st wellington": (ADDRESS, "5 Wellington Street", "Te Aro, Wellington"),
    "2 the terrace": (ADDRESS, "2 The Terrace", "Te Aro, Wellington"),
    "2 terrace wellington": (ADDRESS, "2 The Terrace", "Te Aro, Wellington"),
    "6 parade wellington": (ADDRESS, "6 Oriental Parade", "Oriental Bay, Wellington"),
    "4 90 mile road": (ADDRESS, "4 90 Mile Road", "Awanui"),
    "90 mile road": (ROAD, "90 Mile Road", "Awanui"),
    "4 3rd ave": (ADDRESS, "4 3rd Avenue", "Awanui"),
    "2 Whangarei Heads": (ADDRESS, "2 Whangārei Heads Road", "Parua Bay, Whangārei"),
    "high street": (ROAD, "High Street", "Kaitāia"),
    "hig": (ROAD, "High Street", "Kaitāia"),
    "99 high street picton": (ROAD, "High Street", "Picton"),
    "kaitaia": (TOWN, "Kaitāia", ""),
    "KAITĀIA, new zealand": (TOWN, "Kaitāia", ""),
    "kaita": (TOWN, "Kaitāia", ""),
    "okahu": (SUBURB, "Ōkāhu", "Kaitāia"),
    "okahu kaitaia": (SUBURB, "Ōkāhu", "Kaitāia"),
    "mt eden": (SUBURB, "Mount Eden", "Auckland"),
    "12 picton": (TOWN, "Picton", ""),
}
SLIPS = {
    "12 hihg street kaitaia": TWELVE,
    "12 high stret kaitaia": TWELVE,
    "12 high street kaitia": TWELVE,
    "12 high street kaitaiaa": TWELVE,
    "12 hgih stret kiataia": TWELVE,
    "14 hugh street": (ADDRESS, "14 High Street", "Kaitāia"),
    "wellignton": (TOWN, "Wellington", ""),
}


@pytest.mark.parametrize(("text", "expected"), [*TYPED.items(), *SLIPS.items()])
def test_what_is_typed_finds_first(
    book: AddressBook, text: str, expected: tuple[PlaceKind, str, str]
) -> None:
    assert expected == found(book, text)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  ,.- ", []),
        ("54", []),
        ("0410", []),
        ("學校", []),
        ("qxzjv", []),
        ("12 qxzjv street", []),
        ("12 high street qxzjv", []),
        ("hgi", []),  # too short for a slip
        ("12 hgih srteet kaitaai qxzjv", []),
        ("12 high st kaitaia", [TWELVE]),
        ("12a high st kaitaia", [TWELVE_A]),
        ("12 queen", [BUILDING]),
    ],
)
def test_what_is_typed_finds_no_more_than(
    book: AddressBook, text: str, expected: list[tuple[PlaceKind, str, str]]
) -> None:
    listed = found(book, text)
    assert expected == [f for f in listed if f[2] == "Kaitāia" or not expected]


def test_without_a_town_every_namesake_is_found_the_busiest_first(book: AddressBook) -> None:
    assert found(book, "12 high street") == [
        TWELVE,
        (ADDRESS, "12 High Street", "Ōkāhu, Kaitāia"),
        (ADDRESS, "12 High Street", "Picton"),
    ]
    assert [within for *_, within in found(book, "high street")] == [
        "Kaitāia",
        "Ōkāhu, Kaitāia",
        "Picton",
    ]


def test_no_more_are_given_than_were_asked_for(book: AddressBook) -> None:
    assert len(found(book, "12 high street", at_most=2)) == 2
    assert found(book, "12 high street", at_most=0) == []


def test_a_number_that_is_known_comes_before_a_road_without_it(book: AddressBook) -> None:
    assert [kind for kind, *_ in found(book, "14 high street")] == [ADDRESS]
    assert [kind for kind, *_ in found(book, "14 h")] == [ADDRESS]


def test_namesakes_in_suburbs_of_one_name_are_told_apart_by_district(book: AddressBook) -> None:
    expected = {
        (ADDRESS, "1 Main Road", f"Springfield, {district} District")
        for district in ("Selwyn", "Rotorua")
    }
    assert expected == set(found(book, "1 main road springfield"))
    for kind, name, within in expected:
        assert (kind, name) == found(book, f"{name} {within}")[0][:2]
        assert len(found(book, f"{name} {within}")) == 1


def test_localities_of_one_name_far_apart_are_two(book: AddressBook) -> None:
    both = asked(book, "springfield", 5)
    assert {(n.kind, n.name, n.within) for n in both[:2]} == {
        (SUBURB, "Springfield", "Selwyn District"),
        (SUBURB, "Springfield", "Rotorua District"),
    }
    assert [len(n.places) for n in both[:2]] == [1, 1]


def test_every_place_of_the_book_is_found_by_its_own_name(book: AddressBook) -> None:
    for row in ADDRESSES:
        names = [row.road.name, row.road.suburb, row.road.town, row.road.district]
        named = first(book, f"{row.number}{row.suffix} {', '.join(filter(None, names))}")
        assert (named.kind, named.name.endswith(row.road.name)) == (ADDRESS, True)


# --- which is best --------------------------------------------------------------------------------

GAP = "Hamiltons Gap"
TOWNS = (
    *(address(f"{n} High Street|Frankton|Hamilton") for n in range(1, 40)),
    address("12 High Street|Hamilton|Hamilton"),
    address(f"12 High Street|{GAP}|"),
    *(address(f"{n} High Ridge Road|Hamilton|Hamilton") for n in range(1, 60)),
    *(address(f"{n} Park Road|Hamilton|Hamilton") for n in (1, 2)),
    *(address(f"{n} Parkside Road|Hamilton|Hamilton") for n in (1, 2, 99)),
    address("1 Park Roadhouse Lane|Hamilton|Hamilton"),
    address("1 Rata Way|Parkvale|"),
    address("6 Queen Victoria Street|Far|"),
    address("6 Queen Street|Victoria|"),
    address("5 The Esplanade|Far|"),
    address("12 Hill Street|Hamilton|Hamilton"),
    address("12 Hall Street|Hamilton|Hamilton"),
    address("12 Tui Street|St Heliers|Auckland|Auckland"),
    address("8 St Heliers Bay Road|St Heliers|Auckland|Auckland"),
    address("1 Kiwi Way|Mount Eden|Auckland|Auckland"),
    address("7 Queen Street|Mount Eden|Auckland|Auckland"),
    address("7 Queen Street|Waiuku|Waiuku|Auckland"),
    address("3A Nīkau Road|Hamilton|Hamilton"),
    address("3 Nīkau Road|Far|"),
    address("4 Nīkau Road|Far|"),
    address("10 Tūī Lane|Hamilton|Hamilton", high=14, label="10-14"),
    address("14 Tūī Lane|Hamilton|Hamilton"),
    address("99 High Street|Far|", lng=177.0),
)


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AddressBook]:
    path = build(tmp_path_factory.mktemp("towns") / "addresses.sqlite", TOWNS)
    with closing(AddressBook(path)) as made:
        yield made


RANKED: dict[str, list[str]] = {
    # The town itself before its suburbs, however busy; not what only begins with its name.
    "12 high street hamilton": ["12 High Street, Hamilton", "12 High Street, Frankton, Hamilton"],
    "12 high street hamilton 3204": [
        "12 High Street, Hamilton",
        "12 High Street, Frankton, Hamilton",
    ],
    "12 high street hamiltons": [f"12 High Street, {GAP}"],
    # A number in a place where it is not known gives the road there, not another's number.
    "99 high street hamilton": ["High Street, Hamilton", "High Street, Frankton, Hamilton"],
    # A name typed whole before one that has more words, or that goes on; then those too.
    "12 high": [
        "12 High Street, Frankton, Hamilton",
        "12 High Street, Hamilton",
        f"12 High Street, {GAP}",
        "12 High Ridge Road, Hamilton",
    ],
    "1 park": [
        "1 Park Road, Hamilton",
        "1 Park Roadhouse Lane, Hamilton",
        "1 Parkside Road, Hamilton",
    ],
    "park": [
        "Park Road, Hamilton",
        "Park Roadhouse Lane, Hamilton",
        "Parkside Road, Hamilton",
        f"Parkvale, {FAR_NORTH}",
    ],
    "park road": ["Park Road, Hamilton"],
    "99 park": [
        "99 Parkside Road, Hamilton",
        "Park Road, Hamilton",
        "Park Roadhouse Lane, Hamilton",
    ],
    # A road's name, or a road and a suburb: both may be meant.
    "6 queen st victoria": ["6 Queen Victoria Street, Far", "6 Queen Street, Victoria"],
    "esplanade": ["The Esplanade, Far"],
    # A slip is looked for in the word that nobody knows, not in those beside it.
    "12 hal stret": [],
    "12 stree hall": ["12 Hall Street, Hamilton"],
    "12 hall stret": ["12 Hall Street, Hamilton"],
    "12 hall street": ["12 Hall Street, Hamilton"],
    # A suburb's “St” is no street.
    "12 st heliers": ["St Heliers, Auckland", "St Heliers Bay Road, St Heliers, Auckland"],
    # A range typed whole, and a number in it that stands for itself.
    "10-14 tui lane": ["10-14 Tūī Lane, Hamilton"],
    "14 tui lane": ["14 Tūī Lane, Hamilton"],
    "12 tui lane": ["10-14 Tūī Lane, Hamilton"],
    # What is in the town, not what is elsewhere in the district of its name.
    "7 queen street auckland": ["7 Queen Street, Mount Eden, Auckland"],
    "7 queen street waiuku auckland": ["7 Queen Street, Waiuku"],
    # The very letter, where some road of that name has it.
    "3a nikau road": ["3A Nīkau Road, Hamilton"],
    "3b nikau road": ["3 Nīkau Road, Far", "3A Nīkau Road, Hamilton"],
    "eden akl": ["Mount Eden, Auckland"],
    "mt eden": ["Mount Eden, Auckland"],
    "hamilton": ["Hamilton, ", f"{GAP}, {FAR_NORTH}"],
}


@pytest.mark.parametrize(("text", "expected"), RANKED.items())
def test_what_fits_best_comes_first(towns: AddressBook, text: str, expected: list[str]) -> None:
    assert expected == [f"{n.name}, {n.within}" for n in asked(towns, text, 10)]


def test_a_slip_may_stand_for_hundreds_of_words(tmp_path: Path) -> None:
    letters = [chr(n) for n in range(97, 123)]
    words = {
        "anana"[:at] + c + "anana"[at + cut :] for at in range(6) for c in letters for cut in (0, 1)
    }
    rows = [address(f"1 {word} {word[::-1]} Road|A|B") for word in sorted(words - {"anana"})]
    with closing(AddressBook(build(tmp_path / "a.sqlite", rows))) as made:
        assert len(found(made, "1 anana road", at_most=1_000)) == len(rows) > 250


@pytest.mark.parametrize("text", ["12 High Street, Waipawa", "High Street, Waipawa"])
def test_a_town_that_is_known_is_not_taken_for_another(tmp_path: Path, text: str) -> None:
    rows = [address("12 High Street|Waipara|"), address("1 Mill Road|Waipawa|")]
    with closing(AddressBook(build(tmp_path / "book.sqlite", rows))) as book:
        assert found(book, "12 High Street, Waiparo")  # a slip is forgiven all the same
        assert found(book, text) == []


def test_only_the_beginning_of_a_text_is_read() -> None:
    text = "12 high street" + " " * 190 + "kaitaia"
    assert readings(text) == readings("12 high street")
    many = " ".join(f"word{chr(97 + n)}" for n in range(26))
    assert max(len(reading.words) for reading in readings(many)) == 12


# --- where it is ----------------------------------------------------------------------------------


def test_an_address_has_its_one_point(book: AddressBook) -> None:
    assert first(book, "12a high st kaitaia").places == (Place(lng=173.27, lat=-35.11),)


def test_a_flat_has_its_own_point_and_its_building_the_first_flats(book: AddressBook) -> None:
    assert first(book, "3/12 queen st").places == (Place(lng=173.203, lat=-35.11),)
    assert first(book, "12 queen st").places == (Place(lng=173.201, lat=-35.11),)


def test_a_road_has_points_along_it_from_first_to_last(book: AddressBook) -> None:
    places = first(book, "long road").places
    assert len(places) == 50
    assert (places[0].lng, places[-1].lng) == (173.001, 173.2)
    assert [p.lng for p in places] == sorted(p.lng for p in places)
    assert first(book, "999 long road") == replace(first(book, "long road"), match=PART)


def test_a_town_has_a_point_of_each_of_its_roads(book: AddressBook) -> None:
    kaitaia = first(book, "kaitaia")
    roads = {row.road for row in ADDRESSES if row.road.town == "Kaitāia"}
    assert len(kaitaia.places) == len(roads)
    assert Place(lng=173.3, lat=-35.11) in kaitaia.places  # in one of its suburbs
    assert kaitaia.schools == ()


def test_a_great_town_has_no_more_points_than_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_building, "MOST_POINTS_OF_LOCALITY", 10)
    rows = [address(f"1 Road {'x' * n}|A|Town", lng=170 + n / 10) for n in range(1, 34)]
    with closing(AddressBook(build(tmp_path / "a.sqlite", rows))) as made:
        places = first(made, "town").places
    assert 5 <= len(places) <= 10
    assert max(p.lng for p in places) - min(p.lng for p in places) > 2


def test_a_point_is_kept_to_the_centimetre(tmp_path: Path) -> None:
    row = address("1 High Street|A|B", lng=-176.530_712_3, lat=-43.950_712_3)
    with closing(AddressBook(build(tmp_path / "a.sqlite", [row]))) as made:
        assert first(made, "1 high st").places == (Place(lng=-176.530_712_3, lat=-43.950_712_3),)


def test_a_building_has_the_point_of_its_lowest_flat_rather_than_a_ranges(tmp_path: Path) -> None:
    rows = [
        address("10 High Street|A|B", high=14, label="10-14", lng=173.1),
        address("12 High Street|A|B", unit="10", label="10/12", lng=173.2),
        address("12 High Street|A|B", unit="2", label="2/12", lng=173.3),
    ]
    with closing(AddressBook(build(tmp_path / "a.sqlite", rows))) as made:
        assert first(made, "12 high st").places == (Place(lng=173.3, lat=-35.11),)


def test_an_own_number_wins_over_a_range_that_covers_it_whatever_the_order(tmp_path: Path) -> None:
    rows = [
        address("10 High Street|A|B", high=14, label="10-14", lng=173.1),
        address("12 High Street|A|B", lng=173.2),
        address("12 High Street|A|B", unit="1", label="1/12", lng=173.3),
    ]
    for n, order in enumerate((rows, rows[::-1])):
        with closing(AddressBook(build(tmp_path / f"{n}.sqlite", order))) as made:
            assert first(made, "12 high st").places == (Place(lng=173.2, lat=-35.11),)


# --- laws -----------------------------------------------------------------------------------------

QUIET = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=examples(80),
)


def full_address(row: Address) -> str:
    return ", ".join(filter(None, [f"{row.label} {row.road.name}", *row.road[1:3]]))


def abbreviated(text: str) -> str:
    """A text with every word that can be shortened shortened."""
    words = text.replace(",", " ,").split()
    return " ".join(min((word, *ABBREVIATIONS.get(folded(word), ())), key=len) for word in words)


def with_macrons(text: str) -> str:
    return text.translate(str.maketrans("aeiou", "āēīōū"))


def without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


SPELT = st.sampled_from(
    [str, str.upper, str.lower, str.swapcase, without_marks, with_macrons, abbreviated]
)


@QUIET
@given(row=st.sampled_from(ADDRESSES), ways=st.lists(SPELT, max_size=3))
def test_an_address_is_found_by_its_whole_text_however_it_is_spelt(
    book: AddressBook, row: Address, ways: list[Any]
) -> None:
    text = full_address(row)
    for way in ways:
        text = way(text)
    named = asked(book, text, 5)
    place = Place(lng=row.lng, lat=row.lat)
    assert (ADDRESS, (place,)) in [(n.kind, n.places) for n in named]
    assert named[0].name.endswith(row.road.name)


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """A word and the word with one letter added, lost or exchanged, or two changed about."""
    word = draw(st.sampled_from(["queen", "oriental", "whangarei", "heliers", "wellington"]))
    at = draw(st.integers(0, len(word) - 1))
    letter = draw(st.sampled_from("aehnrxz"))
    ways = [
        word[:at] + letter + word[at:],
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :],
    ]
    return word, draw(st.sampled_from(ways))


@QUIET
@given(slip=slips())
def test_any_one_slip_in_a_long_word_still_finds_the_road(
    book: AddressBook, slip: tuple[str, str]
) -> None:
    word, typed = slip
    assume(len(typed) >= 4)
    (row,) = [r for r in ADDRESSES if word in folded(r.road.name).split() and r.unit in {"", "1"}][
        :1
    ]
    wanted = folded(f"{row.number} {row.road.name}")
    names = [folded(name) for _, name, _ in found(book, wanted.replace(word, typed))]
    assert wanted in names


@QUIET
@given(text=st.text(max_size=60) | st.sampled_from(HOSTILE))
def test_any_text_gives_places_or_none(book: AddressBook, text: str) -> None:
    for named in asked(book, text, 3):
        assert named.places
        assert named.name


FRAGMENTS = ["12", "2/12", "10-14", "a", "high", "st", "street", "state highway", "rd", "1", "flat"]
FRAGMENTS += ["kaitaia", "nz", "0410", ",", "queen", "the", "picton", '"', "*", "unit", "auckland"]


@QUIET
@given(words=st.lists(st.sampled_from(FRAGMENTS), max_size=16))
def test_any_words_in_any_order_give_distinct_places(book: AddressBook, words: list[str]) -> None:
    named = book.candidates(TypedText.of(" ".join(words)), at_most=20)
    assert len({(n.kind, n.name, n.within) for n in named}) == len(named) <= 20


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(book: AddressBook, text: str) -> None:
    assert all(n.kind in PlaceKind for n in asked(book, text, 3))
    assert first(book, "12 high st kaitaia").name == "12 High Street"


@pytest.mark.parametrize("name", ["{{7*191}} Road", "</script> Lane", "' OR 1=1 -- Street"])
def test_hostile_names_are_kept_and_found_as_they_are(tmp_path: Path, name: str) -> None:
    row = address("1 x|A|B")._replace(road=Road(name, name, name, name))
    with closing(AddressBook(build(tmp_path / "a.sqlite", [row]))) as made:
        assert [(ADDRESS, f"1 {name}", name)] == found(made, f"1 {name}")


def test_few_readings_are_made_of_any_text() -> None:
    assert max(len(readings(text)) for text in (*HOSTILE, "1 2 3 4 5 6 7 8 9 10-11 12/13")) <= 8


# --- the book as a whole --------------------------------------------------------------------------


def test_without_a_book_nothing_is_known(tmp_path: Path) -> None:
    missing = AddressBook(tmp_path / "none" / "addresses.sqlite")
    assert missing.about() is None
    assert missing.counts() is None
    assert missing.fingerprint == ""
    assert missing.candidates(TypedText.of("12 high st"), at_most=5) == []
    assert not (tmp_path / "none").exists()


def test_a_book_says_where_it_came_from_and_how_much_it_holds(book: AddressBook) -> None:
    assert book.about() == SOURCE
    counts = book.counts()
    assert counts is not None
    assert (counts.addresses, counts.roads) == (
        len(ADDRESSES),
        len({row.road for row in ADDRESSES}),
    )


def test_a_new_book_is_seen_at_the_next_lookup(tmp_path: Path) -> None:
    path = tmp_path / "addresses.sqlite"
    with closing(AddressBook(path)) as book:
        prints = [book.fingerprint]
        for n, release in ((1, "2026-09-01"), (2, "2026-10-01")):
            rows = [address(f"{n} High Street|A|B")]
            build(path, rows, replace(SOURCE, release=release))
            prints.append(book.fingerprint)
            assert [name for _, name, _ in found(book, "high st")] == ["High Street"]
            assert [name for _, name, _ in found(book, f"{n} high st")] == [f"{n} High Street"]
            source = book.about()
            assert source is not None
            assert source.release == release
        path.unlink()
        assert found(book, "2 high st") == []
        prints.append(book.fingerprint)
    assert len(set(prints[:3])) == 3
    assert prints[-1] == ""


def test_the_fingerprint_is_the_same_wherever_a_book_is_built_of_the_same(tmp_path: Path) -> None:
    paths = [build(tmp_path / f"{n}.sqlite", ADDRESSES) for n in range(2)]
    first_, second = (AddressBook(path).fingerprint for path in paths)
    assert first_ == second != ""


def test_readers_go_on_while_books_are_replaced_under_them(tmp_path: Path) -> None:
    path = tmp_path / "addresses.sqlite"
    build(path, [address("12 High Street|A|B")])
    book, wrong, enough = AddressBook(path), [], threading.Event()
    answers: list[int] = []

    def ask() -> None:
        while not enough.is_set():
            named = asked(book, "12 high stret", 5)
            if [n.name for n in named] != ["12 High Street"] or not book.fingerprint:
                wrong.append(named)
            answers.append(1)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(12):
        build(path, [address("12 High Street|A|B", lng=173 + n / 100)] * (n + 1))
        before = len(answers)
        wait_until(lambda before=before: len(answers) > before + 3, "readers are answered on")
    enough.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    book.close()
    assert wrong == []
    assert first(book, "12 high st").places == (Place(lng=173.11, lat=-35.11),)
    book.close()


def test_connections_are_used_again_and_closed_with_their_book(tmp_path: Path) -> None:
    path = build(tmp_path / "addresses.sqlite", [address("12 High Street|A|B")])
    with closing(AddressBook(path)) as book:
        open_before = open_files(path)
        for _ in range(5):
            asked(book, "12 high st", 1)
        assert open_files(path) == open_before + 1
        build(path, [address("12 High Street|A|B"), address("14 High Street|A|B")])
        asked(book, "12 high st", 1)
        assert open_files(path) == 1
    assert open_files(path) == 0


def open_files(path: Path) -> int:
    """How often this process has a file open, or one that was there before it."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    named = [str(link.readlink()) for link in links]
    return sum(name.removesuffix(" (deleted)") == str(path) for name in named)


@pytest.mark.parametrize(
    "content",
    [b"", b"not a database" * 100, b"SQLite format 3\0" + bytes(100)],
    ids=["empty", "text", "a head alone"],
)
def test_a_file_that_is_no_book_counts_as_none_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "addresses.sqlite"
    path.write_bytes(content)
    book = AddressBook(path)
    with caplog.at_level(logging.WARNING):
        assert asked(book, "12 Secret Street", 5) == []
        assert (book.about(), book.fingerprint) == (None, "")
    assert len(caplog.records) == 1
    assert "the address book cannot be used" in caplog.text
    assert "Secret" not in caplog.text


def test_another_database_and_a_book_of_another_format_count_as_none(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE meta (key, value)")
    older = build(tmp_path / "older.sqlite", ADDRESSES)
    with closing(sqlite3.connect(older)) as database:
        database.execute("PRAGMA user_version = 0")
    assert [AddressBook(path).about() for path in (other, older)] == [None, None]


def test_a_damaged_book_never_breaks_a_lookup(tmp_path: Path) -> None:
    content = build(tmp_path / "whole.sqlite", ADDRESSES).read_bytes()
    damaged = tmp_path / "damaged.sqlite"
    for page in range(1, len(content) // 4096):
        damaged.write_bytes(content[: page * 4096] + bytes(4096) + content[(page + 1) * 4096 :])
        with closing(AddressBook(damaged)) as book:
            for text in ("12 high st kaitaia", "kaitaia", "12 hihg street"):
                assert isinstance(asked(book, text, 5), list)
    damaged.write_bytes(content[: len(content) // 2])
    assert AddressBook(damaged).candidates(TypedText.of("12 high st"), at_most=5) == []


# --- building -------------------------------------------------------------------------------------


class Stumble(Exception):
    """What a reader might run into."""


def stumbling() -> Iterator[Address]:
    yield from ADDRESSES
    raise Stumble


def listing(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_import_that_stops_half_way_leaves_the_old_book_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = build(tmp_path / "addresses.sqlite", ADDRESSES)
    before, content = listing(tmp_path), path.read_bytes()
    with pytest.raises(Stumble):
        build(path, stumbling())
    assert (before, content) == (listing(tmp_path), path.read_bytes())


def test_what_a_killed_import_left_is_removed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "addresses.sqlite"
    left = [tmp_path / name for name in ("addresses.sqlite.7.building", "addresses.sqlite.8.buil")]
    for one in left:
        one.write_bytes(b"x")
    build(path, ADDRESSES)
    assert [one.exists() for one in left] == [False, True]


def test_a_second_import_at_once_is_refused_and_harms_neither(tmp_path: Path) -> None:
    path = tmp_path / "addresses.sqlite"
    with building_book(path) as one:
        one.add(ADDRESSES)
        with pytest.raises(InputRefused, match="Another import of addresses is running"):
            build(path, ADDRESSES)
        one.finish(SOURCE, no_progress)
        one.put_in_place(within=nullcontext())
    assert AddressBook(path).about() == SOURCE
    build(path, ADDRESSES)


def test_a_folder_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match=r"cannot be written: .+ Check its folder"):
        build(tmp_path / "file" / "addresses.sqlite", ADDRESSES)


FULL = """
import resource, sys
from pathlib import Path
from catchments.core.errors import CatchmentsError
from tests.lookup.test_address_book import ADDRESSES, address, build

rows = [address(f"{n} Road {n % 997} x|Suburb {n % 97}|Town") for n in range(1, 20_000)]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    build(Path(sys.argv[1]), rows)
except CatchmentsError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "room", [1_000, *(pytest.param(n, marks=pytest.mark.thorough) for n in (50_000, 300_000))]
)
def test_a_full_disk_is_one_refusal_and_the_old_book_stays(tmp_path: Path, room: int) -> None:
    path = build(tmp_path / "addresses.sqlite", ADDRESSES)
    before = path.read_bytes()
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(room)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "The address book “addresses.sqlite” cannot be written: " in ran.stdout
    assert "The one before it, if any, is as it was." in ran.stdout
    assert path.read_bytes() == before
    assert listing(tmp_path) == {"addresses.sqlite", "addresses.sqlite.lock"}


def test_a_book_that_does_not_find_what_it_holds_is_not_put_in_place(tmp_path: Path) -> None:
    path = tmp_path / "addresses.sqlite"
    asked: list[str] = []

    def knows_none(_: Path, text: str) -> bool:
        asked.append(text)
        return False

    with pytest.raises(StoreUnavailable, match="it does not find “1 Long Road, Awanui”"):
        build(path, ADDRESSES, knows=knows_none)
    assert len(asked) >= 5
    assert not path.exists()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM address WHERE road_id = 3", "of [0-9]+ roads have addresses"),
        ("UPDATE road_words_data SET block = x'0102' WHERE id > 10", "cannot be written"),
    ],
)
def test_a_book_that_is_not_whole_is_not_put_in_place(
    tmp_path: Path, statement: str, said: str
) -> None:
    path = tmp_path / "addresses.sqlite"
    with pytest.raises(StoreUnavailable, match=said):
        build(path, ADDRESSES, spoilt_by=statement)
    assert listing(tmp_path) == {"addresses.sqlite.lock"}


def test_progress_of_building_goes_to_the_end(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int | None]] = []
    with building_book(tmp_path / "addresses.sqlite") as book:
        book.add(ADDRESSES)
        book.finish(SOURCE, lambda *call: calls.append(call))
    assert [done for _, done, _ in calls] == list(range(len(calls)))
    assert calls[-1][1] == calls[-1][2]


def test_the_lock_is_free_again_after_any_end(tmp_path: Path) -> None:
    path = tmp_path / "addresses.sqlite"
    with pytest.raises(Stumble):
        build(path, stumbling())
    with (tmp_path / "addresses.sqlite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
