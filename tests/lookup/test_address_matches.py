"""How wholly a text names what the address book finds: exact, or asked about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from catchments.core.model import MatchKind, NamedPlace, PlaceKind
from catchments.core.text_folding import folded
from catchments.lookup.search.addresses.book import AddressBook
from catchments.lookup.search.addresses.building import Address
from catchments.lookup.search.addresses.match import REGIONS, is_in, same_word
from catchments.lookup.search.addresses.text import MOST_WORDS
from catchments.lookup.search.typed_text import TypedText
from tests.laws import examples
from tests.lookup.test_address_book import HOSTILE, address, build

KAITAIA = "Kaitāia|Kaitāia"
HASTINGS = "Hastings District"
_GIVEN = (
    address(f"12 Pukeroa Street|{KAITAIA}", lng=173.263),
    address(f"14 Pukeroa Street|{KAITAIA}", lng=173.2632),
    address(f"32 Pukeroa Street|{KAITAIA}", lng=173.265),
    address(f"32 Pukeroa Street|{KAITAIA}", lng=173.265, unit="10", label="10/32"),
    address(f"9 Broadway|{KAITAIA}", lng=173.2652),
    address(f"8 The Strand|{KAITAIA}", lng=173.2656),
    address(f"20A Matai Road|{KAITAIA}"),
    address(f"30-34 Matai Road|{KAITAIA}".replace("-34", ""), high=34, label="30-34"),
    address(f"7 Saint Anne Terrace|{KAITAIA}"),
    address("2385 State Highway 1|Awanui||", lng=173.25, lat=-35.05),
    address("2385 State Highway 1|Hampden||Waitaki District", lng=170.8, lat=-45.3),
    address("803 Highway 22|Glen Murray||Waikato District", lng=175.0, lat=-37.5),
    address("103 Māngōnui Road|Mangonui||", lng=173.53, lat=-34.99),
    # One number and road in two suburbs on the rounds of one town, and in a third far away.
    address("5 Main Road|Awanui||", lng=173.25, lat=-35.04),
    address("5 Main Road|Ahipara||", lng=173.15, lat=-35.17),
    address("5 Main Road|Tapawera||Tasman District", lng=172.8, lat=-41.4),
    address(f"5 Rimu Road|Havelock North|Havelock North|{HASTINGS}", lng=176.9, lat=-39.7),
    address(f"6 Rimu Road|Mahora|Hastings|{HASTINGS}", lng=176.85, lat=-39.65),
    address("6 Rimu Road|Naenae|Lower Hutt|Lower Hutt City", lng=174.9, lat=-41.2),
    address("7 Rimu Road|Northland|Wellington|Wellington City", lng=174.75, lat=-41.28),
    address(f"7 Rimu Road|{KAITAIA}"),
    address("8 Rimu Road|Waiuku|Waiuku|Auckland", lng=174.7, lat=-37.2),
    address("8 Cuba Street|Te Aro|Wellington|Wellington City", lng=174.77, lat=-41.29),
    address("1 Rakau Road|Springfield||Selwyn District", lng=171.9, lat=-43.3),
    address("1 Rakau Road|Springfield||Rotorua District", lng=176.2, lat=-38.1),
    address("4 90 Mile Road|Awanui||", lng=173.2, lat=-35.1),
    address("90 Mile Road|Awanui||", lng=173.21, lat=-35.1),
    address("3 Whanganui Road|Awanui||"),
)
ADDRESSES = [row._replace(lng=round(row.lng + at / 10_000, 6)) for at, row in enumerate(_GIVEN)]
EXACT, SLIP, PART, LOCALITY, MAIL_TOWN = MatchKind


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AddressBook]:
    with closing(AddressBook(build(tmp_path_factory.mktemp("m") / "a.sqlite", ADDRESSES))) as made:
        yield made


def asked(book: AddressBook, text: str) -> list[NamedPlace]:
    return book.candidates(TypedText.of(text), at_most=10)


def matched(book: AddressBook, text: str) -> list[str]:
    return [f"{n.match}: {n.name}, {n.within}" for n in asked(book, text)]


TWELVE = "12 Pukeroa Street, Kaitāia"
AWANUI = "2385 State Highway 1, Awanui"
WHOLLY = {
    TWELVE: [
        *("12 Pukeroa Street", "12 pukeroa st kaitaia", "12 PUKEROA ST., KAITĀIA 0410"),
        *("12 Pukeroa Street, Kaitāia, Kaitāia", "12 Pukeroa St, Far North District"),
        *("12 Pukeroa Street, Kaitāia, Far North", "12 Pukeroa St, Kaitaia, Northland, NZ"),
        *("12 Pukeroa Street, Far North District, Kaitaia", "12 Pukeroa St, Northland"),
        *("12 Pukeroa Street, North Island", "Pukeroa Street 12, Kaitaia"),
        *("Flat 3, 12 Pukeroa Street", "12 Pukeroa Street Flat 3", "3/12 Pukeroa St"),
        *("Lot 2, 12 Pukeroa Street", "No. 12 Pukeroa Street", "Level 2, 12 Pukeroa St"),
        *("１２ Pukeroa Street", "12 Pukeroa Street, RD 1, Kaitaia", "12 Pukeroa St, PO Box 3"),
        "12 Pukeroa Street, RD 1, Awanui, Kaitaia",
    ],
    AWANUI: [
        *("2385 State Highway 1, RD 1, Kaitaia", "2385 SH1, RD1, Kaitaia 0481"),
        *("2385 St Hwy 1, R D 2, Kaitaia", "2385 S.H.1, R.D.4, Kaitaia, Northland"),
        *("2385 State Highway One, Rural Delivery 5, Kaitaia", "2385 SH 1, Awanui"),
        *("2385 State Highway 1, Awanui, RD 1, Kaitaia", "Kaitaia, RD 1, 2385 State Highway 1"),
        *("2385 SH 1 RD 1 Kaitaia", "2385 SH 1, Kaitaia, RD 1", "2385 State Hwy No 1, Awanui"),
        "2385 State Highway 1, PO Box 3, Kaitaia",
    ],
    "8 The Strand, Kaitāia": ["8 The Strand", "8 The Strand RD 1 Kaitaia"],
    "10/32 Pukeroa Street, Kaitāia": ["32 Pukeroa Street Flat 10", "10/32 Pukeroa St"],
    "32 Pukeroa Street, Kaitāia": ["32 Pukeroa Street", "99/32 Pukeroa Street"],
    "20A Matai Road, Kaitāia": ["20a Matai Rd", "20 A Matai Road, Kaitaia"],
    "30-34 Matai Road, Kaitāia": ["30-34 Matai Rd", "30 Matai Rd", "32 Matai Road, Kaitaia"],
    "7 Saint Anne Terrace, Kaitāia": ["7 St Anne Tce", "7 Saint Anne Terrace"],
    "803 Highway 22, Glen Murray": ["803 Highway 22", "803 Hwy 22, Glen Murray"],
    "3 Whanganui Road, Awanui": ["3 Wanganui Rd"],
    "6 Rimu Road, Mahora, Hastings": [
        *("6 Rimu Road, Mahora", "6 Rimu Rd, Hastings", "6 Rimu Road, Mahora, Hastings District"),
    ],
    "6 Rimu Road, Naenae, Lower Hutt": ["6 Rimu Rd, Lower Hutt, Wellington"],
    "5 Rimu Road, Havelock North": [
        *("5 Rimu Road, Havelock North, Hastings", "5 Rimu Road, Hastings District"),
    ],
    "8 Rimu Road, Waiuku": ["8 Rimu Road", "8 Rimu Road, Waiuku, Auckland"],
    "1 Rakau Road, Springfield": ["1 Rakau Road, Springfield, Canterbury"],
    "4 90 Mile Road, Awanui": ["4 90 Mile Road"],
    "Pukeroa Street, Kaitāia": ["Pukeroa Street", "pukeroa st, kaitaia 0410"],
    "The Strand, Kaitāia": ["the strand"],
    "Kaitāia, ": ["kaitaia", "KAITĀIA 0410", "Kaitaia, Northland, New Zealand"],
    "Awanui, Far North District": ["awanui", "Awanui, Far North District", "Awanui, Northland"],
    "Mahora, Hastings": ["mahora", "Mahora, Hastings", "Mahora, Hastings, Hawke's Bay"],
}


@pytest.mark.every_case
@pytest.mark.parametrize(("expected", "text"), [(k, t) for k, v in WHOLLY.items() for t in v])
def test_what_is_typed_wholly_is_exact(book: AddressBook, expected: str, text: str) -> None:
    exact = [f"{n.name}, {n.within}" for n in asked(book, text) if n.match is EXACT]
    assert exact == [expected]


ASKED: dict[str, list[str]] = {
    # A number that is not this one's, a type or a word that is left out, more than there is.
    "12A Pukeroa Street": [f"part: {TWELVE}"],
    "12-14 Pukeroa Street": [f"part: {TWELVE}"],
    "20 Matai Road": ["part: 20A Matai Road, Kaitāia"],
    "20B Matai Road": ["part: 20A Matai Road, Kaitāia"],
    "31 Matai Road": ["part: Matai Road, Kaitāia"],
    "13 Pukeroa Street": ["part: Pukeroa Street, Kaitāia"],
    "12 Pukeroa": [f"part: {TWELVE}"],
    "12 Puke": [f"part: {TWELVE}"],
    "12 Pukeroa Street, Kait": [f"part: {TWELVE}"],
    "8 Strand": ["part: 8 The Strand, Kaitāia"],
    "2 14 Pukeroa Street": ["part: 14 Pukeroa Street, Kaitāia"],
    "Kaitaia, 12 Pukeroa Street": [f"part: {TWELVE}"],
    "Pukeroa": ["part: Pukeroa Street, Kaitāia"],
    "Lot 2 Pukeroa Street": ["part: Pukeroa Street, Kaitāia"],
    "12 Kaitaia": ["locality: Kaitāia, "],
    "kait": ["part: Kaitāia, "],
    # A highway that may be another, and one of which only a side is known.
    "2385 SH 1N, Awanui": [f"part: {AWANUI}"],
    "2385 Highway 1, Awanui": [f"part: {AWANUI}"],
    # One slip, and two.
    "12 Pukeroa Stret": [f"slip: {TWELVE}"],
    "12 Pukerao Street, Kaitaia": [f"slip: {TWELVE}"],
    "12 Pukerao Stret, Kaitaia": [f"part: {TWELVE}"],
    # A town that the book knows no such road in is not its district or its region.
    "5 Rimu Road, Hastings": ["part: 5 Rimu Road, Havelock North"],
    "8 Rimu Road, Auckland": ["part: 8 Rimu Road, Waiuku"],
    "12 Pukeroa Street, Southland": [],
    "12 Pukeroa Street, Kaitaia, Wellington": [],
    # A mail town that none is near to, and one that is not known.
    "12 Pukeroa Street, RD 1, Wellington": [f"part: {TWELVE}"],
    "12 Pukeroa Street, RD 1, Nowhere": [f"part: {TWELVE}"],
    "12 Pukeroa Street, RD 1, Nowhere, Kaitaia": [f"part: {TWELVE}"],
    # Where only post goes.
    "PO Box 12, Kaitaia": ["mail-town: Kaitāia, "],
    "Private Bag 12, Kaitaia": ["mail-town: Kaitāia, "],
    "RD 3, Kaitaia": ["mail-town: Kaitāia, "],
    "Awanui, RD 1, Kaitaia": ["locality: Awanui, Far North District"],
    # Corners.
    "Cnr Pukeroa St & Broadway": ["part: Pukeroa Street / Broadway, Kaitāia"],
    "Corner of Broadway and Pukeroa Street, Kaitaia": [
        "part: Broadway / Pukeroa Street, Kaitāia",
    ],
    "Pukeroa St / The Strand": ["part: Pukeroa Street / The Strand, Kaitāia"],
    "Cnr Pukeroa St & Main Road": [],
    "12 Pukeroa St (cnr Broadway), Kaitaia": [f"part: {TWELVE}"],
}


@pytest.mark.every_case
@pytest.mark.parametrize(("text", "expected"), ASKED.items())
def test_what_is_not_typed_wholly_is_asked_about(
    book: AddressBook, text: str, expected: list[str]
) -> None:
    assert matched(book, text) == expected


def test_several_near_a_mail_town_are_all_exact_and_those_far_away_are_left_out(
    book: AddressBook,
) -> None:
    assert set(matched(book, "5 Main Road, RD 1, Kaitaia")) == {
        "exact: 5 Main Road, Awanui",
        "exact: 5 Main Road, Ahipara",
    }
    assert len(matched(book, "5 Main Road")) == 3


def test_two_ways_to_read_one_text_are_both_exact(book: AddressBook) -> None:
    assert {n.name for n in asked(book, "90 Mile Road")} == {"90 Mile Road"}
    assert {n.kind for n in asked(book, "90 Mile Road")} == {PlaceKind.ADDRESS, PlaceKind.ROAD}
    assert {n.within for n in asked(book, "7 Rimu Road, Northland") if n.match is EXACT} == {
        "Northland, Wellington",
        "Kaitāia",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("99 Nowhere Road, Awanui", ["locality: Awanui, Far North District"]),
        ("99 Nowhere Road, Mahora, Hastings 4120", ["locality: Mahora, Hastings"]),
        ("99 Nowhere Road, Mahora, Hawke's Bay", ["locality: Mahora, Hastings"]),
        ("99 Nowhere Road, Kaitaia", ["locality: Kaitāia, "]),
        ("99 Nowhere Road, RD 1, Kaitaia", ["mail-town: Kaitāia, "]),
        ("PO Box 3, Awanui", ["mail-town: Awanui, Far North District"]),
        (
            "99 Nowhere Road, Springfield",
            ["locality: Springfield, Rotorua District", "locality: Springfield, Selwyn District"],
        ),
        ("99 Kaitaia Road", []),
        ("99 Nowhere Road, Nowhere", []),
        ("", []),
    ],
)
def test_a_suburb_that_the_book_knows_is_all_that_is_understood(
    book: AddressBook, text: str, expected: list[str]
) -> None:
    found = book.localities_named_in(TypedText.of(text), at_most=5)
    assert sorted(f"{n.match}: {n.name}, {n.within}" for n in found) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_wholly_nothing(book: AddressBook, text: str) -> None:
    assert [n for n in asked(book, text) if n.match is EXACT] == []
    assert book.localities_named_in(TypedText.of(text), at_most=5) == []


def test_a_road_whose_name_has_no_latin_letter_is_never_exact(tmp_path: Path) -> None:
    path = build(tmp_path / "a.sqlite", [address("12 學校|Awanui||"), address("1 SH|Awanui||")])
    with closing(AddressBook(path)) as made:
        assert matched(made, "12 Awanui") == ["locality: Awanui, Far North District"]
        assert matched(made, "1 SH, Awanui") == ["exact: 1 SH, Awanui"]


def test_a_text_with_more_words_than_are_looked_for_is_never_exact(book: AddressBook) -> None:
    text = f"12 Pukeroa Street {'Kaitaia ' * MOST_WORDS}"
    assert [n for n in asked(book, text) if n.match is EXACT] == []


# --- laws -----------------------------------------------------------------------------------------

QUIET = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(150)
)
ENDS = ["0410", "New Zealand", "NZ"]


@st.composite
def texts_of_rows(draw: st.DrawFn) -> tuple[Address, list[str], str]:
    """A row, what of its places is typed, and the text."""
    row = draw(st.sampled_from(ADDRESSES))
    names = list(dict.fromkeys(filter(None, row.road[1:3])))
    places = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    if row.road.district.endswith(("District", "City")) and draw(st.booleans()):
        places.insert(draw(st.integers(0, len(places))), row.road.district)
    ends = draw(st.lists(st.sampled_from(ENDS), unique=True, max_size=2))
    return row, places, ", ".join([f"{row.label} {row.road.name}", *places, *ends])


@QUIET
@given(given_text=texts_of_rows())
def test_a_row_is_exact_by_its_text_whatever_of_its_places_is_left_out(
    book: AddressBook, given_text: tuple[Address, list[str], str]
) -> None:
    row, places, text = given_text
    exact = [n for n in asked(book, text) if n.match is EXACT and n.kind is PlaceKind.ADDRESS]
    assert (row.lng, row.lat) in {(p.lng, p.lat) for n in exact for p in n.places}
    rows = {(r.lng, r.lat): r for r in ADDRESSES}
    for named in exact:
        (at,) = named.places
        assert folded(named.name) == folded(f"{row.label} {row.road.name}")
        # Northland is a suburb, and the region of others.
        assert set(places) <= {*rows[at.lng, at.lat].road, "Northland"}


@QUIET
@given(
    row=st.sampled_from(ADDRESSES),
    other=st.sampled_from(ADDRESSES),
    what=st.sampled_from(["number", "letter", "road", "type", "suburb"]),
)
def test_no_row_is_exact_by_the_text_of_another(
    book: AddressBook, row: Address, other: Address, what: str
) -> None:
    number, road, suburb = row.label, row.road.name, row.road.suburb
    if what == "number":
        number = f"{row.number + 1}"
    elif what == "letter":
        number = f"{row.number}X"
    elif what == "type":
        assume(folded(road).split()[-1] in {"street", "road", "terrace"})
        road = f"{road.rpartition(' ')[0]} Lane"
    elif what == "road":
        assume(folded(road) != folded(other.road.name))
        road = other.road.name
    else:
        # Northland is a suburb, and the region of others.
        assume(folded(other.road.suburb) not in {*map(folded, row.road), "northland"})
        suburb = other.road.suburb
    exact = [n for n in asked(book, f"{number} {road}, {suburb}") if n.match is EXACT]
    assert (row.lng, row.lat) not in {
        (p.lng, p.lat) for n in exact for p in n.places if n.kind is PlaceKind.ADDRESS
    } or any(
        (other_row.label, other_row.road.name, other_row.road.suburb) == (number, road, suburb)
        or (other_row.high and what == "number")
        for other_row in ADDRESSES
    )


FORMS = [*chain(*WHOLLY.values()), *ASKED]


@pytest.mark.parametrize("form", FORMS)
def test_a_text_cut_short_doubled_or_reversed_is_never_exact_for_another_number(
    book: AddressBook, form: str
) -> None:
    bent = [form[:at] for at in range(1, len(form), 3)]
    bent += [form * 2, f"{form}, {form}", form[::-1], " ".join(form.split()[::-1]), form * 1_000]
    for text in bent:
        for named in asked(book, text):
            if named.match is EXACT and named.kind is PlaceKind.ADDRESS:
                words = folded(named.name).split()
                typed = folded(text).replace("sh1", "sh 1").split()
                assert {words[0]} <= {*typed, *["3", "30", "32", "10", "20a"]} or "１" in text


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("st", "street", True),
        ("st", "saint", True),
        ("street", "saint", False),
        ("rd", "road", True),
        ("crt", "ct", True),
        ("wanganui", "whanganui", True),
        ("road", "street", False),
    ],
)
def test_a_shortened_word_is_the_same_word(one: str, other: str, *, expected: bool) -> None:
    assert same_word(one, other) is same_word(other, one) is expected


def test_every_region_has_districts_and_a_district_that_is_not_known_may_be_in_any() -> None:
    names = [" ".join(words) for words in REGIONS]
    assert all(is_in("", name) for name in names)
    assert [name for name in names if is_in("Far North District", name)] == [
        "northland",
        "north island",
    ]
    assert [name for name in names if is_in("Lower Hutt City", name)] == [
        "wellington",
        "north island",
    ]
