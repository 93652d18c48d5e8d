"""Texts that are to name a reference system: whatever they say, PROJ opens no file for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyproj import CRS
from pyproj.exceptions import CRSError

from catchments.geometry.coordinates import transformer
from catchments.geometry.reference_systems import LONGEST_TEXT, is_plain, meant

CODES = (2193, 4167, 4326, 3857, 27200, 3793, 4979, 5759, 3851, 2105)
VERSIONS = ("WKT1_GDAL", "WKT1_ESRI", "WKT2_2015", "WKT2_2019")
NAMES = [
    "EPSG:2193",
    "OGC:CRS84",
    "urn:ogc:def:crs:EPSG::2193",
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "NZGD2000 / New Zealand Transverse Mercator 2000",
    "Chatham Islands 1979",
]


@pytest.mark.parametrize("name", NAMES)
def test_codes_and_names_are_plain(name: str) -> None:
    assert is_plain(name)
    CRS.from_user_input(name)  # and PROJ knows them


@pytest.mark.parametrize("code", CODES)
def test_every_way_to_write_a_definition_is_plain(code: int) -> None:
    system = CRS.from_epsg(code)
    for version in VERSIONS:
        try:
            text = system.to_wkt(version)
        except CRSError:
            continue  # an older WKT has no word for some
        assert is_plain(text), text
    assert is_plain(system.to_json())


def opening(path: Path) -> dict[str, str]:
    """Texts for which PROJ opens a file."""
    grid = f"+proj=longlat +nadgrids={path} +type=crs"
    bound = CRS.from_user_input(grid)
    way = f"PROJ-based operation method: +proj=vgridshift +grids={path}"
    return {
        "init": f"+init={path}:x",
        "init without a sign": f"init={path}:x",
        "init after blanks": f"\n +init={path}:x",
        "a grid": grid,
        "a grid in WKT 1": bound.to_wkt("WKT1_GDAL"),
        "a grid in WKT 2": bound.to_wkt("WKT2_2019"),
        "a grid in JSON": bound.to_json(),
        "a type written otherwise": bound.to_json().replace('"type"', '"t\\u0079pe"'),
        "a second type": bound.to_json().replace("{", '{"type": "GeographicCRS", ', 1),
        "a way of PROJ's": CRS.from_epsg(2193).to_wkt().replace("Transverse Mercator", way),
        "a merc with a file": ',EXTENSION["PROJ4","+proj=merc +grids=x +units=m +nadgrids=@null"]',
        "a pipeline": f"+proj=pipeline +step +proj=hgridshift +grids={path}",
    }


@pytest.mark.parametrize("case", opening(Path("/x")))
def test_what_makes_proj_open_a_file_is_refused(tmp_path: Path, case: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("<x> +proj=longlat +datum=WGS84 <>\n", encoding="utf-8")
    text = opening(secret)[case]
    assert not is_plain(text)
    with pytest.raises(CRSError):
        transformer(text, "EPSG:4326")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A" * 301,
        "{" + '"a":{' * 100_000,
        "[1]",
        json.dumps({"type": ["GeographicCRS"]}),
        'GEOGCS["' + "x" * LONGEST_TEXT + '"]',
        "BOUNDCRS[]",
        'GEOGCS["x",EXTENSION["PROJ4","x"]]',
    ],
)
def test_what_describes_no_system_is_refused(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NZTM2000", "EPSG:2193"),
        ("nztm 2000", "EPSG:2193"),
        ("NZTM", "EPSG:2193"),
        ("2193", "EPSG:2193"),
        ("epsg 2193", "EPSG:2193"),
        ("EPSG2193", "EPSG:2193"),
        ("NZGD2000 / New Zealand Transverse Mercator 2000", "EPSG:2193"),
        ("NZGD_2000_New_Zealand_Transverse_Mercator", "EPSG:2193"),
        ("EPSG:2193 - NZGD2000 / New Zealand Transverse Mercator 2000", "EPSG:2193"),
        ("NZTM2000 (EPSG:2193)", "EPSG:2193"),
        ("WGS 84", "EPSG:4326"),
        ("WGS84", "EPSG:4326"),
        ("NZMG", "EPSG:27200"),
        ("NZGD2000", "EPSG:4167"),
        ("CRS84", "OGC:CRS84"),
        ("EPSG:2193 - WGS 84", "EPSG:2193 - WGS 84"),
        ("urn:ogc:def:crs:EPSG::2193", "urn:ogc:def:crs:EPSG::2193"),
        ("Chatham Islands 1979", "Chatham Islands 1979"),
        ("{{7*191}}", "{{7*191}}"),
        ("", ""),
    ],
)
def test_a_system_is_known_by_what_people_call_it(text: str, code: str) -> None:
    assert meant(text) == code


def test_a_name_projects_as_its_code_does() -> None:
    easting, northing = 1_748_735, 5_427_916
    by_name = transformer("NZTM2000", "WGS84").transform(easting, northing)
    assert by_name == transformer("EPSG:2193", "EPSG:4326").transform(easting, northing)
