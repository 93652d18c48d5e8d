"""What a hostile file declares beside its features: as much as can be true, and no more."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from catchments.core.errors import FileRefused
from catchments.readers.boundaries.reading import BoundaryReading, read_boundaries
from catchments.readers.formats.vectors.declarations import (
    DECLARED_AT_MOST,
    providers_of,
    sources_of,
)
from catchments.readers.report import Report

RING = [[174, -37], [175, -37], [175, -38], [174, -37]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
SOURCE = {
    "kind": "boundaries",
    "title": "Catchments",
    "authority": "Ministry of Education",
    "licence": "CC BY 4.0",
    "release": "2026-01-01",
    "url": "https://example.nz/catchments",
    "sha256": "a" * 64,
    "demonstration": 0,
}


def read(path: Path, geometry: Any = POLYGON, **members: Any) -> BoundaryReading:
    values = members.pop("properties", {"name": "A"})
    feature = {"type": "Feature", "properties": values, "geometry": geometry}
    content = {"type": "FeatureCollection", "features": [feature], **members}
    path.write_text(json.dumps(content))
    return read_boundaries([path], authority="x", licence="y", release="z")


@pytest.mark.parametrize("url", ["javascript:alert(1)", " JavaScript :x", "data:text/html,x"])
def test_an_address_that_could_run_is_no_source_s_address(tmp_path: Path, url: str) -> None:
    read_ = read(tmp_path / "a.json", sources=[{**SOURCE, "url": url}], edition={"number": 1})
    assert [source.url for source in read_.sources] == [""]
    assert any("runs" in problem.what for problem in read_.report.problems)


def test_the_sources_that_a_file_declares_are_said_to_be_on_its_word(tmp_path: Path) -> None:
    read_ = read(tmp_path / "a.json", sources=[SOURCE], edition={"number": 1})
    [said] = [part for part in read_.report.read if "on its word" in part]
    assert "Ministry of Education" in said


def test_a_forged_source_does_not_make_made_up_data_real(tmp_path: Path) -> None:
    made_up = {"name": "A", "demonstration": "yes: made up"}
    members = {"sources": [SOURCE], "edition": {"number": 1}, "demonstration": False}
    read_ = read(tmp_path / "a.json", properties=made_up, **members)
    assert all(source.demonstration for source in read_.sources)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Feature", "geometry": POLYGON},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": POLYGON}]},
        {"type": "GeometryCollection"},
        {"type": "GeometryCollection", "geometries": {"a": 1}},
        {"type": ["Polygon"]},
        {"type": "Polygon"},
    ],
)
def test_a_geometry_is_one_or_the_file_is_refused(tmp_path: Path, geometry: Any) -> None:
    with pytest.raises(FileRefused, match="feature 1"):
        read(tmp_path / "a.json", geometry)


def test_so_many_providers_and_sources_are_declared_at_most() -> None:
    report = Report()
    rows = [{"code": str(n), "name": "n", **SOURCE} for n in range(DECLARED_AT_MOST + 5)]
    assert len(providers_of(rows, Path("a"), report)) == DECLARED_AT_MOST
    assert len(sources_of(rows, Path("a"), report)) == DECLARED_AT_MOST
    assert [problem.done for problem in report.problems] == ["the others are not read"] * 2


def test_an_archive_with_one_member_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", "<kml/>")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("doc.kml", "<kml><Document/></kml>")
    with pytest.raises(FileRefused, match="twice"):
        read_boundaries([path], authority="x", licence="y", release="z")
