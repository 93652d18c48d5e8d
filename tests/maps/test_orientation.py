"""Towns and suburbs of the directory, the table of waters, and the coast in cells."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import DirectoryRelease, Edition, Place, School, SchoolStatus
from catchments.geometry.coordinates import to_360
from maps.exports.export_input import ExportInput
from maps.exports.packing import member_of, unzipped
from maps.screen.coast_cells import coast_cells
from maps.screen.country_picture import country_svg
from maps.screen.named_places import CHECKED, CITY_CENTRES, NAMED_PLACES
from maps.screen.orientation import places_json
from tests.worlds import small_release

Row = tuple[str, str, float, float, int]


def places(edition: Edition, *rows: Row, **of_each: Any) -> dict[str, Any]:
    schools = {
        n: School(
            n, f"School {n}", place=Place(lng, lat), suburb=suburb, city=city, roll=roll, **of_each
        )
        for n, (suburb, city, lng, lat, roll) in enumerate(rows, 1)
    }
    release: DirectoryRelease = small_release(schools=schools)
    found: dict[str, Any] = json.loads(places_json(ExportInput(edition, None, release)))
    return found


def test_towns_come_with_most_students_first(edition: Edition) -> None:
    found = places(edition, ("", "Little", 170.0, -45.0, 20), ("", "Large", 172.0, -43.0, 900))
    assert [row[0] for row in found["towns"]] == ["Large", "Little"]


def test_a_town_lies_at_the_median_of_its_own_schools(edition: Edition) -> None:
    rows: list[Row] = [
        ("", "Town", 172.0, -43.0, 10),
        ("", "Town", 172.02, -43.02, 10),
        ("", "Town", 172.2, -43.2, 10),
        ("Suburb", "Town", 172.3, -43.3, 10),
    ]
    assert places(edition, *rows)["towns"] == [["Town", 172.02, -43.02, 40]]


def test_places_of_one_name_that_lie_far_apart_are_two(edition: Edition) -> None:
    rows: list[Row] = [("", "Halfway", 174.0, -36.0, 30), ("", "Halfway", 168.0, -46.0, 20)]
    found = places(edition, *rows)["towns"]
    assert [(row[0], row[1]) for row in found] == [("Halfway", 174.0), ("Halfway", 168.0)]


def test_where_a_towns_post_goes_is_no_second_town(edition: Edition) -> None:
    rows: list[Row] = [("", "Coast", 178.0, -38.6, 900), ("", "Coast", 178.3, -37.9, 20)]
    assert places(edition, *rows)["towns"] == [["Coast", 178.0, -38.6, 920]]


def test_a_large_citys_name_stands_at_its_centre(edition: Edition) -> None:
    south: Row = ("Onehunga", "Auckland", 174.78, -36.92, 900)
    elsewhere: Row = ("", "Nelson", 168.0, -46.0, 900)  # not the Nelson that is known
    found = {row[0]: tuple(row[1:3]) for row in places(edition, south, elsewhere)["towns"]}
    assert found == {"Auckland": CITY_CENTRES["auckland"], "Nelson": (168.0, -46.0)}


def test_a_suburb_is_known_by_its_town_too(edition: Edition) -> None:
    rows: list[Row] = [("Central", "One", 174.0, -36.0, 30), ("Central", "Two", 174.1, -36.1, 20)]
    assert len(places(edition, *rows)["suburbs"]) == 2


def test_closed_schools_make_no_town(edition: Edition) -> None:
    row: Row = ("", "Gone", 174.0, -36.0, 30)
    assert places(edition, row, status=SchoolStatus.CLOSED)["towns"] == []


def test_a_town_across_180_lies_in_one_frame(edition: Edition) -> None:
    rows: list[Row] = [("", "Date", 179.95, -44.0, 1), ("", "Date", -179.95, -44.0, 1)]
    assert places(edition, *rows)["towns"] == [["Date", 180.0, -44.0, 2]]


def test_the_table_has_some_sixty_places_within_the_country() -> None:
    assert 55 <= len(NAMED_PLACES) <= 80
    assert len({(each.name, each.lng) for each in NAMED_PLACES}) == len(NAMED_PLACES)
    assert all(165 < to_360(each.lng) < 185 and -48 < each.lat < -34 for each in NAMED_PLACES)


def test_the_coast_comes_in_cells_at_two_levels(coast: BaseGeometry) -> None:
    kept = coast_cells(coast)
    names = set(unzipped(kept))
    assert {"near/171_-41.json", "nearest/342_-81.json"} <= names
    # The islet of three hectares is there only near by.
    assert "nearest/368_-88.json" in names
    assert member_of(kept, "near/100_-41.json") is None


def test_a_cell_holds_rings_on_its_own_grid(coast: BaseGeometry) -> None:
    cell = json.loads(member_of(coast_cells(coast), "near/171_-41.json") or b"{}")
    west, south, east, north = cell["box"]
    assert (round(west), round(south), round(east), round(north)) == (171, -41, 172, -40)
    assert cell["rings"]
    assert all(len(ring) >= 8 and len(ring) % 2 == 0 for ring in cell["rings"])


def test_a_cell_holds_what_lies_in_it_of_all_land_in_whichever_block_it_is() -> None:
    # Over a corner of blocks, with a lake; within what cells reach over each other; in one alone.
    large = shapely.Point(172.0, -40.0).buffer(1.9)
    land = shapely.MultiPolygon(
        [
            large.difference(shapely.Point(172.1, -40.0).buffer(0.3)),
            shapely.box(173.93, -40.0009, 173.97, -40.0002),
            shapely.box(175.1, -41.3, 175.2, -41.2),
        ]
    )
    for name, written in unzipped(coast_cells(land)).items():
        cell = json.loads(written)
        whole = shapely.clip_by_rect(land, *cell["box"])
        pieces = shapely.get_parts(whole)
        assert len(cell["rings"]) == len(shapely.get_rings(pieces)), name
        steps = [np.cumsum(np.reshape(ring, (-1, 2)), axis=0) for ring in cell["rings"]]
        rings = [shapely.Polygon(ring / cell["per"] + cell["box"][:2]) for ring in steps]
        found = functools.reduce(shapely.symmetric_difference, rings, shapely.Polygon())
        assert shapely.symmetric_difference(found, whole).area < 0.002, name


def test_without_a_coast_there_are_no_cells() -> None:
    assert unzipped(coast_cells(None)) == {}


@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_of_the_country_is_numbers_and_our_colours(
    edition: Edition, dark: bool, hostile: tuple[str, ...]
) -> None:
    text = country_svg(ExportInput(edition), dark=dark).decode()
    assert text.startswith("<svg")
    assert not [word for word in hostile if word in text]


def test_what_was_checked_is_there_as_it_was_found():
    assert CHECKED.keys() <= {place.name for place in NAMED_PLACES}
