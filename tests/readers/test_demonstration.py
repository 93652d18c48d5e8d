"""The demonstration edition tiles the country exactly, and its schools lie in it."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import shapely

from catchments.core.errors import FileRefused
from catchments.core.model import (
    EDUCATION_REGIONS,
    DirectoryRelease,
    Edition,
    SchoolStatus,
    SourceKind,
)
from catchments.geometry.coordinates import geometry_to_360, to_360
from catchments.geometry.tiling.coverage import find_faults, is_coverage
from catchments.readers import land as land_read
from catchments.readers.demonstration import (
    DEMONSTRATION_FOLDER,
    _rows_as,
    demonstration_aliases,
    read_demonstration,
)
from catchments.readers.land import coastline_source


@pytest.fixture(scope="module")
def built() -> tuple[Edition, DirectoryRelease]:
    return read_demonstration()


@pytest.fixture(scope="module")
def edition(built) -> Edition:
    return built[0]


@pytest.fixture(scope="module")
def directory(built) -> DirectoryRelease:
    return built[1]


@pytest.fixture(scope="module")
def frame(edition):
    """The boundaries with longitudes 0…360, prepared, in the order of their codes."""
    boundaries = np.array([geometry_to_360(b) for b in edition.boundaries.values()])
    shapely.prepare(boundaries)
    return boundaries


@pytest.fixture(scope="module")
def land():
    return geometry_to_360(land_read.coastline())


def holders(frame, lng, lat):
    return sum(shapely.intersects_xy(boundary, lng, lat).astype(int) for boundary in frame)


def test_boundaries_are_an_exact_coverage_without_a_fault(edition):
    assert is_coverage(edition.boundaries)
    assert find_faults(edition.boundaries) == []


def test_every_catchment_has_a_boundary_a_provider_and_a_region(edition):
    assert list(edition.catchments) == list(edition.boundaries)
    for catchment in edition.catchments.values():
        assert catchment.provider_code in edition.providers
        assert catchment.education_region in EDUCATION_REGIONS


@pytest.mark.thorough
def test_ten_thousand_points_of_land_are_each_in_exactly_one_catchment(frame, land):
    random = np.random.default_rng(20260105)
    shapely.prepare(land)
    lng = random.uniform(166.4, 178.6, 60_000)
    lat = random.uniform(-47.4, -34.3, 60_000)
    ashore = shapely.contains_xy(land, lng, lat)
    lng, lat = lng[ashore][:10_000], lat[ashore][:10_000]
    assert len(lng) == 10_000
    assert Counter(holders(frame, lng, lat).tolist()) == {1: 10_000}


def test_every_island_and_rock_is_in_exactly_one_catchment(frame, land):
    spots = shapely.point_on_surface(shapely.get_parts(land))
    found = holders(frame, shapely.get_x(spots), shapely.get_y(spots))
    assert {1: len(spots)} == Counter(found.tolist())


def test_every_vertex_of_the_coast_is_in_a_catchment(frame, land):
    lng, lat = shapely.get_coordinates(land)[::20].T
    assert holders(frame, lng, lat).min() >= 1


def test_every_school_with_a_place_is_in_exactly_one_catchment(frame, directory):
    places = [school.place for school in directory.schools.values() if school.place]
    lng, lat = [to_360(place.lng) for place in places], [place.lat for place in places]
    assert {1: len(places)} == Counter(holders(frame, np.array(lng), np.array(lat)).tolist())


def test_every_town_is_inside_its_own_catchment(edition):
    places = _rows_as(
        DEMONSTRATION_FOLDER / "catchments.csv", lambda row: (row["code"], (row["lng"], row["lat"]))
    )
    for code, (lng, lat) in places:
        assert shapely.contains_xy(edition.boundaries[code], float(lng), float(lat)), code


def test_every_catchment_holds_two_schools_or_more(edition, directory):
    schools = [school for school in directory.schools.values() if school.place]
    spots = shapely.points([(school.place.lng, school.place.lat) for school in schools])
    for code, boundary in edition.boundaries.items():
        shapely.prepare(boundary)
        assert shapely.covers(boundary, spots).sum() >= 2, code


def test_listings_and_in_school_provision_name_known_schools_and_catchments(edition, directory):
    assert set(edition.listings) <= set(directory.schools)
    assert set(edition.listings.values()) <= set(edition.catchments)
    assert set(edition.in_school_provision) <= set(directory.schools)
    assert edition.in_school_provision


@pytest.mark.parametrize("school_id", [3553, 3387, 3476])
def test_schools_of_the_chathams_are_in_the_chatham_catchment(edition, directory, school_id):
    place = directory.schools[school_id].place
    holding = [
        code
        for code, boundary in edition.boundaries.items()
        if shapely.intersects_xy(boundary, place.lng, place.lat)
    ]
    assert [edition.catchments[code].name for code in holding] == ["Chatham Islands"]


def test_no_mainland_point_is_in_the_chatham_catchment(edition):
    (chathams,) = (c for c in edition.catchments.values() if c.name == "Chatham Islands")
    west = geometry_to_360(edition.boundaries[chathams.code]).bounds[0]
    assert west > 178.6, "the Antipodes are nearest to the Chathams; East Cape ends at 178.58"


def test_the_awkward_schools_are_present(directory):
    schools = directory.schools
    assert {3553, 3387, 3476, 472, 498} <= set(schools)
    assert schools[472].place is None
    assert schools[498].place is None
    assert (schools[3553].place.lat, schools[3553].place.lng) == (-43.51232, -176.52757)
    kinds = Counter(school.org_type for school in schools.values())
    assert kinds["Activity Centre"] >= 1
    states = Counter(school.status for school in schools.values())
    assert all(states[status] >= 1 for status in SchoolStatus)
    names = Counter(school.name.partition(" (")[0] for school in schools.values())
    assert max(names.values()) >= 2, "names repeat"


def test_everything_says_it_is_for_demonstration_and_where_it_comes_from(edition, directory):
    assert edition.demonstration
    assert directory.demonstration
    assert directory.source.kind == SourceKind.DIRECTORY
    assert (
        directory.source.authority,
        directory.source.licence,
    ) == ("Ministry of Education", "CC BY 4.0")
    authorities = {source.authority for source in edition.sources}
    assert {"Stats NZ", "Toitū Te Whenua Land Information New Zealand"} <= authorities
    assert all(len(source.sha256) == 64 for source in edition.sources)
    assert coastline_source() in edition.sources


def test_its_towns_carry_their_macrons(directory):
    assert directory.schools[3].city == "Kaitāia"
    assert "Whakatane" not in {school.city for school in directory.schools.values()}


def test_its_aliases_are_of_its_schools_each_from_the_schools_own_address(directory):
    found = demonstration_aliases(directory.schools)
    assert {a.text: directory.schools[a.school_id].name for a in found}["AGS"] == "Auckland Grammar"
    assert len(found) >= 10
    assert all(re.search(r"own web address, www\.[a-z]+\.school\.nz$", a.source) for a in found)
    assert len({alias.text for alias in found}) == len(found)


def test_aliases_edited_without_their_digest_are_refused(copied, directory):
    with (copied / "aliases.csv").open("a", encoding="utf-8") as file:
        file.write("X,54,nowhere\n")
    with pytest.raises(FileRefused, match=r"“aliases.csv” is not the one source.toml declares"):
        demonstration_aliases(directory.schools, copied)


def test_progress_is_shown_to_its_end(tmp_path):
    steps = []
    read_demonstration(progress=lambda *step: steps.append(step[1:]))
    assert (0, steps[-1][1]) == steps[0]
    assert steps[-1][0] == steps[-1][1]


@pytest.fixture
def copied(tmp_path) -> Path:
    return Path(shutil.copytree(DEMONSTRATION_FOLDER, tmp_path / "demonstration"))


def test_a_table_edited_without_its_digest_is_refused(copied):
    with (copied / "providers.csv").open("a", encoding="utf-8") as file:
        file.write("P-X,X,,,\n")
    with pytest.raises(FileRefused, match=r"“providers.csv” is not the one source.toml declares"):
        read_demonstration(copied)


def test_a_missing_table_is_refused(copied):
    (copied / "listings.csv").unlink()
    with pytest.raises(FileRefused, match=r"The demonstration table “listings.csv” is missing"):
        read_demonstration(copied)


@pytest.mark.parametrize("content", [None, "title = ", "\ufffd"])
def test_a_declaration_that_cannot_be_read_is_refused(copied, content):
    declaration = copied / "source.toml"
    declaration.unlink() if content is None else declaration.write_text(content, encoding="utf-8")
    with pytest.raises(FileRefused, match=r"source.toml in .* cannot be read"):
        read_demonstration(copied)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,one", "line 2, cannot be read"),
        ("x,2\n1,3", "invalid literal"),
        ("1,2\n1,3", "line 3, repeats “1”"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_line(tmp_path, row, message):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n" + row + "\n", encoding="utf-8")
    with pytest.raises(FileRefused, match=message):
        dict(_rows_as(table, lambda row: (int(row["a"]), int(row["b"]))))
