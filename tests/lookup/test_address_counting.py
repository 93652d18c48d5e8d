"""How many addresses lie in an area: each once, whatever else the book finds it by."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from catchments.lookup.search.addresses.book import AddressBook
from tests.lookup.test_address_book import address, build

STREET = "Street|Kaitāia|Kaitāia"
THERE = (173.0, -35.0)
HERE = shapely.box(172.9, -35.1, 173.1, -34.9)


def counted(
    tmp_path: Path, *addresses: object, areas: list[shapely.Geometry] | None = None
) -> list[int]:
    book = AddressBook(build(tmp_path / "book.sqlite", addresses))  # type: ignore[arg-type]
    found = book.counts_within([HERE] if areas is None else areas)
    book.close()
    assert found is not None
    return found


def at(text: str, lng: float = THERE[0], lat: float = THERE[1], **more: object) -> object:
    return address(text, lng=lng, lat=lat, **more)


BOOKS = {
    "two numbers": ([at(f"1 High {STREET}"), at(f"2 High {STREET}")], 2),
    "one number in two streets": ([at(f"1 High {STREET}"), at(f"1 Low {STREET}")], 2),
    "a number with a letter": ([at(f"12A High {STREET}")], 1),
    "a number with a letter and one without": (
        [at(f"12A High {STREET}"), at(f"12 High {STREET}")],
        2,
    ),
    "a range": ([at(f"12 High {STREET}", high=18, label="12-18")], 1),
    "flats of a building that has no address itself": (
        [at(f"12 High {STREET}", unit=str(n), label=f"{n}/12") for n in (1, 2, 3)],
        3,
    ),
    "flats beside their building": (
        [
            at(f"12 High {STREET}", lng=173.01),
            *(at(f"12 High {STREET}", unit=str(n), label=f"{n}/12") for n in (1, 2)),
        ],
        3,
    ),
    "one that lies elsewhere": ([at(f"1 High {STREET}", lng=174.0), at(f"2 High {STREET}")], 1),
}


@pytest.mark.every_case
@pytest.mark.parametrize(("addresses", "number"), BOOKS.values(), ids=BOOKS)
def test_an_address_counts_once(tmp_path: Path, addresses: list[object], number: int) -> None:
    assert counted(tmp_path, *addresses) == [number]


def test_each_area_has_its_own_count(tmp_path: Path) -> None:
    addresses = [at(f"{n} High {STREET}", lng=173 + n) for n in range(1, 5)]
    areas = [shapely.box(173.5, -36, 175.5, -34), shapely.box(176.5, -36, 177.5, -34), HERE]
    assert counted(tmp_path, *addresses, areas=[*areas, shapely.Polygon()]) == [2, 1, 0, 0]


def test_what_lies_on_both_sides_of_180_is_counted(tmp_path: Path) -> None:
    addresses = [
        at(f"{n} High {STREET}", lng=lng) for n, lng in ((1, 179.5), (2, -179.5), (3, 0.5))
    ]
    areas = [shapely.box(179, -36, 181, -34), shapely.box(180.2, -36, 181, -34)]
    assert counted(tmp_path, *addresses, areas=areas) == [2, 1]


def test_without_a_book_nothing_is_counted(tmp_path: Path) -> None:
    assert AddressBook(tmp_path / "none.sqlite").counts_within([HERE]) is None
