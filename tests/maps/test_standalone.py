"""The map in one file: everything inside, nothing asked of anybody, hostile names inert."""

from __future__ import annotations

import json
import re
from typing import Any

import folium
import pytest
from shapely.geometry.base import BaseGeometry

from catchments.core.model import DirectoryRelease, Edition, Place, School
from catchments.lookup.snapshot import Snapshot
from maps import edition_map
from maps.exports.downloads import FILES, MAP_HTML
from maps.exports.export_input import ExportInput
from maps.screen.standalone import whole_map
from tests.worked_out import is_worked_out
from tests.worlds import small_release

(map_html,) = (file.make for file in FILES if file.name == MAP_HTML)


@pytest.fixture(scope="module")
def release(hostile: tuple[str, ...]) -> DirectoryRelease:
    schools = {
        n: School(n, name, place=Place(170.5 + n % 3, -41.5), city=name, suburb=name, roll=n)
        for n, name in enumerate(hostile, 1)
    }
    return small_release(schools=schools)


@pytest.fixture(scope="module")
def page(edition: Edition, release: DirectoryRelease, coast: BaseGeometry) -> str:
    return map_html(ExportInput.of(Snapshot.of(edition, release), coast=coast)).decode()


def data_of(page: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="map-data">(.*?)</script>', page)
    return json.loads(text)


def test_catchments_providers_and_schools_are_inside(
    page: str, edition: Edition, release: DirectoryRelease
) -> None:
    data = data_of(page)
    facts = data["catchments"]["catchments"]
    assert [f["code"] for f in facts] == sorted(edition.catchments)
    assert {f["provider"]["name"] for f in facts} == {p.name for p in edition.providers.values()}
    assert {row[1] for row in data["schools"]["schools"]} == {
        school.name for school in release.schools.values()
    }
    assert data["boundaries"]["type"] == "Topology"


def test_hostile_names_are_inert(page: str, hostile: tuple[str, ...]) -> None:
    assert not is_worked_out(page)
    assert "<script>alert" not in page
    assert page.count("</script>") == page.count("<script")
    # Braces are not a template's once it has been rendered: they stand in the file as they are.
    assert {row[0] for row in data_of(page)["places"]["towns"]} == set(hostile)


def test_the_file_may_ask_nobody_for_anything(page: str) -> None:
    assert "default-src 'none'" in page
    assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(?!data:)[^"]', page)


def test_a_notebook_shows_it_and_it_can_be_saved(
    edition: Edition, release: DirectoryRelease, tmp_path: Any
) -> None:
    drawn = edition_map(edition, release)
    assert isinstance(drawn, folium.Map)
    assert "map-data" in drawn._repr_html_()
    drawn.save(str(tmp_path / "map.html"))
    assert data_of((tmp_path / "map.html").read_text())["schools"]["schools"]


def test_an_edition_alone_is_enough(edition: Edition) -> None:
    data = data_of(edition_map(edition).get_root().render())
    assert data["schools"]["schools"] == []
    assert data["places"]["towns"] == []


def test_the_same_edition_gives_the_same_file(edition: Edition) -> None:
    assert map_html(ExportInput(edition)) == map_html(ExportInput(edition))


def test_the_file_is_what_folium_saves(edition: Edition, coast: BaseGeometry) -> None:
    material = ExportInput(edition, coast)
    assert whole_map(material).get_root().render().encode() == map_html(material)
