"""Each file of an edition, read back by another program, says what the edition says."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas
import numpy as np
import pikepdf
import pyarrow.parquet as pq
import pyogrio
import pyogrio.raw
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from PIL import Image
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import PublicationRefused
from catchments.core.model import (
    DirectoryRelease,
    Edition,
    Place,
    School,
    SchoolStatus,
    Source,
    SourceKind,
)
from catchments.core.settings import ROOT
from catchments.editions.publishing import Publisher
from catchments.geometry.coordinates import geometry_to_360
from catchments.lookup.snapshot import Snapshot
from catchments.store import Store
from maps import artefacts as artefacts_room
from maps.artefacts import build_all
from maps.colours import region_colour
from maps.exports import downloads, kml
from maps.exports.downloads import (
    FILES,
    GEOJSON,
    GEOPACKAGE,
    GEOPARQUET,
    KML,
    MANIFEST,
    MAP_PDF,
    MAP_PNG,
    SCHOOLS_CSV,
    SCHOOLS_GEOPARQUET,
    SCHOOLS_XLSX,
    SHAPEFILE,
    TOPOJSON,
)
from maps.exports.export_input import ExportInput
from maps.exports.school_tables import COLUMNS
from maps.topology import PUBLISHED, Cut
from maps.wording import MADE_UP, made_up
from tests.laws import examples
from tests.waiting import PATIENCE_S
from tests.worlds import TODAY, small_edition, small_release

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("x")', "’=1")
LONG = "ā" * 300
KML_NAMES = {"k": "http://www.opengis.net/kml/2.2"}
SMALL = 1e-5
"""Square degrees; half a decimal along the crooked boundaries makes less."""


@pytest.fixture(scope="module")
def whole(edition: Edition, hostile: tuple[str, ...]) -> Edition:
    """The crooked country, from a date; one catchment's name is long, and one has no boundary."""
    catchments = dict(edition.catchments)
    catchments["ZZ-00"] = replace(catchments["ZZ-00"], name=LONG)
    catchments["ZZ-99"] = replace(catchments["ZZ-01"], code="ZZ-99", provider_code=None)
    return replace(edition, catchments=catchments, effective_from=date(2026, 1, 5))


@pytest.fixture(scope="module")
def release(hostile: tuple[str, ...]) -> DirectoryRelease:
    places = [Place(170.5, -41.5), Place(171.5, -40.5), Place(-178.0, -44.0), None]
    names = [*hostile, *FORMULAS]
    schools = [
        School(n, name, city=name, address=name, place=places[n % 4])
        for n, name in enumerate(names, 1)
    ]
    schools.append(School(99, "Shut School", SchoolStatus.CLOSED, Place(170.5, -41.5)))
    source = Source(SourceKind.DIRECTORY, hostile[0], "Nobody", "CC0", "2026", "0" * 64)
    return DirectoryRelease({s.school_id: s for s in schools}, date(2026, 2, 1), source, number=3)


@pytest.fixture(scope="module")
def snapshot(whole: Edition, release: DirectoryRelease) -> Snapshot:
    return Snapshot.of(whole, release)


@pytest.fixture(scope="module")
def files(snapshot: Snapshot, coast: BaseGeometry) -> Mapping[str, bytes]:
    return {made.name: made.content for made in build_all(snapshot, coast=coast)}


@pytest.fixture(scope="module")
def folder(files: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("downloads")
    for name, content in files.items():
        (found / name).write_bytes(content)
    return found


def alike(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Whether two areas are the same but for rounding, in whichever frame."""
    apart = geometry_to_360(one).symmetric_difference(geometry_to_360(other))
    return bool(apart.area < SMALL)


# --- all of them ----------------------------------------------------------------------------------


def test_every_file_is_made_and_so_is_the_manifest(files: Mapping[str, bytes]) -> None:
    expected = {"map-element.html", "map.js", "boundaries.topojson", "picture.png", MANIFEST}
    expected |= {"drawn.bin", "map-file-shell.json", "made-of.json"}
    expected |= {"overview.topojson", "places.json", "coast.zip", "country.svg", "country-dark.svg"}
    assert set(files) == expected | {file.name for file in FILES}
    assert all(files.values())


def test_the_same_edition_gives_the_same_bytes(
    snapshot: Snapshot, coast: BaseGeometry, files: Mapping[str, bytes]
) -> None:
    again = {made.name: made.content for made in build_all(snapshot, coast=coast)}
    assert [name for name in files if files[name] != again[name]] == []


NUMBERED = """
import hashlib
import shapely
from maps.exports.export_input import ExportInput
from maps.printing import map_pdf
from tests.worlds import SQUARES, small_edition
strips = {c: shapely.box(175 + n / 50, -39, 175.02 + n / 50, -38) for n, c in enumerate(SQUARES)}
print(hashlib.sha256(map_pdf(ExportInput(small_edition(boundaries=strips)))).hexdigest())
"""


def test_a_map_with_numbered_catchments_is_the_same_bytes_in_another_process() -> None:
    """Where names fit nowhere numbers stand; sets of texts have another order in each process."""
    made = {
        subprocess.run(
            [sys.executable, "-c", NUMBERED],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


def test_the_manifest_has_each_files_size_and_digest(files: Mapping[str, bytes]) -> None:
    told = json.loads(files[MANIFEST])
    assert [file["name"] for file in told["files"]] == [file.name for file in FILES]
    for file in told["files"]:
        content = files[file["name"]]
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()


def test_the_manifest_tells_edition_sources_and_licences(
    files: Mapping[str, bytes], hostile: tuple[str, ...]
) -> None:
    told = json.loads(files[MANIFEST])
    assert told["demonstration"] is True
    assert told["edition"] == {"number": 7, "title": hostile[2], "effective_from": "2026-01-05"}
    assert told["directory_release"] == {"number": 3, "released": "2026-02-01"}
    assert [source["kind"] for source in told["sources"]] == ["boundaries", "school directory"]
    assert told["licences"] == [
        {"name": "CC0", "url": "https://creativecommons.org/publicdomain/zero/1.0/"}
    ]
    west, south, east, north = told["bounds"]
    assert west > east  # it lies across 180°
    assert south < north


def test_the_bounds_of_the_manifest_hold_all_that_is_published(
    files: Mapping[str, bytes], whole: Edition
) -> None:
    west, south, east, north = json.loads(files[MANIFEST])["bounds"]
    for boundary in whole.boundaries.values():
        left, bottom, right, top = geometry_to_360(boundary).bounds
        assert west - SMALL <= left <= right <= east + 360 + SMALL
        assert south - SMALL <= bottom <= top <= north + SMALL


def test_every_file_says_that_it_is_a_demonstration(files: Mapping[str, bytes]) -> None:
    for name in (GEOJSON, TOPOJSON):
        assert json.loads(files[name])["demonstration"] is True
    assert MADE_UP in files[KML].decode()
    assert b"yes: made up" in files[SCHOOLS_CSV]
    assert MADE_UP.encode() in files[GEOPACKAGE]


# --- for GIS programs -----------------------------------------------------------------------------


def read_layer(path: Any, layer: str | None = None) -> tuple[dict[str, list[Any]], list[Any], Any]:
    meta, _, geometry, fields = pyogrio.raw.read(path, layer=layer)
    columns = {name: list(values) for name, values in zip(meta["fields"], fields, strict=True)}
    return columns, list(shapely.from_wkb(geometry)), meta


def test_the_geopackage_has_catchments_as_published(folder: Path, whole: Edition) -> None:
    columns, areas, meta = read_layer(folder / GEOPACKAGE, "catchments")
    codes = sorted(whole.catchments)
    assert (meta["crs"], meta["geometry_type"]) == ("EPSG:4326", "MultiPolygon")
    assert columns["catchment_code"] == codes
    assert columns["catchment_name"] == [whole.catchments[code].name for code in codes]
    for code, area in zip(codes, areas, strict=True):
        published = whole.boundaries.get(code)
        assert (area is None) == (published is None)
        assert published is None or alike(area, published)
    assert columns["provider_name"][-1] is None
    assert set(columns["demonstration"]) == {True}


def test_the_geopackage_has_schools_where_they_are(folder: Path, release: DirectoryRelease) -> None:
    columns, points, _ = read_layer(folder / GEOPACKAGE, "schools")
    schools = release.schools
    assert columns["school_id"] == list(schools)
    assert columns["school_name"] == [school.name for school in schools.values()]
    places = [(p.x, p.y) if p is not None else None for p in points]
    assert places == [s.place and (s.place.lng, s.place.lat) for s in schools.values()]


@pytest.mark.parametrize("name", [GEOPARQUET, SCHOOLS_GEOPARQUET])
def test_geoparquet_is_of_its_version_with_a_box_a_row(name: str, folder: Path) -> None:
    about = json.loads(pq.read_schema(folder / name).metadata[b"geo"])
    column = about["columns"]["geometry"]
    assert (about["version"], column["encoding"]) == ("1.1.0", "WKB")
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 4326}
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]


def test_the_geoparquet_has_what_the_geopackage_has(folder: Path) -> None:
    for name, layer in ((GEOPARQUET, "catchments"), (SCHOOLS_GEOPARQUET, "schools")):
        found = geopandas.read_parquet(folder / name)
        columns, shapes, _ = read_layer(folder / GEOPACKAGE, layer)
        assert list(columns) == [c for c in found.columns if c not in {"geometry", "bbox"}]
        assert found.iloc[:, 0].tolist() == columns[found.columns[0]]
        alike = zip(found.geometry, shapes, strict=True)
        assert all(one == other or one.equals(other) for one, other in alike)


def test_dates_and_truths_are_such_in_the_files_of_gis_programs(folder: Path) -> None:
    for layer in ("catchments", "schools"):
        kinds = dict(
            zip(
                *map(pyogrio.read_info(folder / GEOPACKAGE, layer=layer).get, ("fields", "dtypes")),
                strict=True,
            )
        )
        assert kinds["effective_from"] == "datetime64[D]"
        assert kinds["demonstration"] == "bool"
    table = pq.read_schema(folder / SCHOOLS_GEOPARQUET)
    names = ("effective_from", "directory_release", "demonstration", "school_id")
    assert [str(table.field(name).type) for name in names] == [
        *("date32[day]", "date32[day]", "bool", "int64")
    ]


def test_the_geopackage_is_dated_as_the_edition_is(folder: Path) -> None:
    import sqlite3

    with sqlite3.connect(folder / GEOPACKAGE) as database:
        dates = set(database.execute("SELECT last_change FROM gpkg_contents"))
    database.close()
    assert dates == {("2026-01-05T00:00:00.000Z",)}


def test_the_shapefile_has_catchments_as_published(folder: Path, whole: Edition) -> None:
    columns, areas, meta = read_layer(f"/vsizip/{folder / SHAPEFILE}/catchments.shp")
    codes = sorted(whole.catchments)
    assert (meta["crs"], meta["encoding"]) == ("EPSG:4326", "UTF-8")
    assert columns["code"] == codes
    names = [whole.catchments[code].name.encode()[:254].decode() for code in codes]
    assert columns["name"] == names
    assert max(map(len, columns)) <= 10
    assert all(
        alike(area, whole.boundaries[code])
        for code, area in zip(codes, areas, strict=True)
        if code in whole.boundaries
    )


def test_the_shapefile_explains_its_fields(folder: Path) -> None:
    columns, _, _ = read_layer(f"/vsizip/{folder / SHAPEFILE}/catchments.shp")
    with zipfile.ZipFile(folder / SHAPEFILE) as archive:
        readme, encoding = archive.read("README.txt").decode(), archive.read("catchments.cpg")
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
    assert encoding == b"UTF-8"
    assert MADE_UP in readme
    assert [name for name in columns if not re.search(rf"^{name} ", readme, re.MULTILINE)] == []


def test_the_topojson_has_what_the_geojson_has(files: Mapping[str, bytes], folder: Path) -> None:
    topology, collection = json.loads(files[TOPOJSON]), json.loads(files[GEOJSON])
    drawn = topology["objects"]["catchments"]["geometries"]
    for geometry, feature in zip(drawn, collection["features"], strict=True):
        assert geometry["id"] == feature["id"]
        assert geometry["properties"] == feature["properties"]
        if feature["geometry"] is None:
            assert geometry["type"] is None
        else:
            assert areas_of(topology, geometry).equals(shape(feature["geometry"]))
    columns, _, _ = read_layer(folder / TOPOJSON)
    assert columns["catchment_code"] == [f["id"] for f in collection["features"] if f["geometry"]]


def test_the_members_of_topojson_itself_come_first(files: Mapping[str, bytes]) -> None:
    """mapshaper seeks them at the beginning alone."""
    for name in (TOPOJSON, "boundaries.topojson"):
        assert [*json.loads(files[name])][:4] in (
            ["type", "transform", "objects", "arcs"],
            ["type", "transform", "arcs", "objects"],
        )


def test_the_topojson_has_each_line_once(files: Mapping[str, bytes]) -> None:
    lines = [absolute(arc) for arc in json.loads(files[TOPOJSON])["arcs"]]
    steps = Counter(
        frozenset((tuple(a), tuple(b)))
        for line in lines
        for a, b in zip(line.tolist(), line[1:].tolist(), strict=False)
    )
    assert set(steps.values()) == {1}


def absolute(arc: Any) -> Any:
    return np.cumsum(np.array(arc, dtype=np.int64), axis=0)


def areas_of(topology: Mapping[str, Any], geometry: Mapping[str, Any]) -> BaseGeometry:
    """Put a geometry of a topology together again."""
    lines = [absolute(arc) for arc in topology["arcs"]]
    many = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    polygons = []
    for polygon in many:
        outer, *holes = [ring_of(lines, ring) / PUBLISHED.per_degree for ring in polygon]
        polygons.append(shapely.Polygon(outer, holes))
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def ring_of(lines: Any, ring: Any) -> Any:
    parts = [lines[at] if at >= 0 else lines[~at][::-1] for at in ring]
    for before, after in zip(parts, [*parts[1:], parts[0]], strict=True):
        assert before[-1].tolist() == after[0].tolist()
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


@settings(max_examples=examples(50))
@given(st.lists(st.integers(0, 3), min_size=16, max_size=16), st.booleans())
def test_cutting_and_joining_gives_any_tiling_back(owners: list[int], latest: bool) -> None:
    cells = [shapely.box(170 + n % 4, -40 + n // 4, 171 + n % 4, -39 + n // 4) for n in range(16)]
    areas = [
        shapely.union_all([cell for cell, owner in zip(cells, owners, strict=True) if owner == who])
        for who in sorted(set(owners))
    ]
    cut = Cut.of(areas, PUBLISHED, latest=latest)
    topology = {"arcs": [np.diff(line, axis=0, prepend=line[:1] * 0) for line in cut.arcs]}
    for area, geometry in zip(areas, cut.geometries, strict=True):
        assert areas_of(topology, geometry).equals(area)
    length = sum(shapely.linestrings(line / PUBLISHED.per_degree).length for line in cut.arcs)
    assert length == pytest.approx(shapely.union_all([area.boundary for area in areas]).length)


# --- for Google Earth -----------------------------------------------------------------------------


def placemarks(written: bytes) -> list[ET.Element]:
    return ET.fromstring(written).findall(".//k:Placemark", KML_NAMES)


def said(element: ET.Element, path: str) -> str:
    return element.findtext(path, "", KML_NAMES)


def test_the_kml_names_every_catchment_and_who_serves_it(
    files: Mapping[str, bytes], whole: Edition
) -> None:
    found = {
        said(p, "k:ExtendedData/k:Data[@name='catchment_code']/k:value"): p
        for p in placemarks(files[KML])
    }
    assert set(found) == set(whole.catchments)
    for code, placemark in found.items():
        catchment = whole.catchments[code]
        provider = whole.providers.get(catchment.provider_code or "")
        served = said(placemark, "k:ExtendedData/k:Data[@name='provider_name']/k:value")
        assert said(placemark, "k:name") == catchment.name
        assert served == (provider.name if provider else "")


def test_nobodys_text_is_markup_in_the_kml(files: Mapping[str, bytes]) -> None:
    document = ET.fromstring(files[KML])
    told = [e.text or "" for e in document.iter(f"{{{KML_NAMES['k']}}}description")]
    assert len(told) >= 12  # the document, and each catchment
    assert {tag for text in told for tag in re.findall(r"<[^>]*>", text)} == {"<br>"}
    # The usual balloon has the name as a heading, taken for HTML.
    assert {
        said(style, "k:BalloonStyle/k:text")
        for style in document.iter(f"{{{KML_NAMES['k']}}}Style")
    } == {"$[description]"}


def test_the_kml_colours_a_catchment_as_its_region(
    files: Mapping[str, bytes], whole: Edition
) -> None:
    document = ET.fromstring(files[KML])
    styles = {
        f"#{style.get('id')}": said(style, "k:PolyStyle/k:color")
        for style in document.iter(f"{{{KML_NAMES['k']}}}Style")
    }
    for placemark in placemarks(files[KML]):
        code = said(placemark, "k:ExtendedData/k:Data[@name='catchment_code']/k:value")
        colour = region_colour(whole.catchments[code].education_region)
        blue_green_red = colour[5:7] + colour[3:5] + colour[1:3]
        assert styles[said(placemark, "k:styleUrl")] == f"99{blue_green_red}"


def test_the_kml_draws_each_catchment_on_its_side_of_180(
    folder: Path, files: Mapping[str, bytes], snapshot: Snapshot, coast: BaseGeometry
) -> None:
    drawn = ExportInput.of(snapshot, coast=coast).drawn
    layers = [str(name) for name, _ in pyogrio.list_layers(folder / KML)]
    found: dict[str, BaseGeometry] = {}
    for layer in layers:
        columns, areas, _ = read_layer(folder / KML, layer)
        found.update(zip(columns["catchment_code"], areas, strict=True))
    assert {code for code, area in found.items() if area is not None} == set(drawn)
    for code, area in drawn.items():
        box = found[code].bounds
        assert box[0] >= -180
        assert box[2] <= 180
        assert geometry_to_360(found[code]).symmetric_difference(area).area < 1e-3


def test_the_kml_is_drawn_coarser_until_my_maps_takes_it(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = ExportInput.of(snapshot)
    usual = kml.catchments_kml(material)
    monkeypatch.setattr(kml, "MOST_VERTICES", 300)
    coarse = kml.catchments_kml(material)
    points = [said(p, ".//k:coordinates").count(",") for p in placemarks(coarse)]
    assert sum(points) <= 300
    assert len(placemarks(coarse)) == len(placemarks(usual))
    monkeypatch.setattr(kml, "MOST_BYTES", len(coarse) - 1)
    assert len(kml.catchments_kml(material)) <= len(coarse)


# --- for spreadsheets -----------------------------------------------------------------------------


def test_the_table_has_every_school_and_where_it_belongs(
    files: Mapping[str, bytes], snapshot: Snapshot
) -> None:
    rows = list(csv.DictReader(io.StringIO(files[SCHOOLS_CSV].decode(), newline="")))
    assert [int(row["school_id"]) for row in rows] == list(snapshot.answers)
    for row, answer in zip(rows, snapshot.answers.values(), strict=True):
        assert row["catchment_code"] == (answer.catchment.code if answer.catchment else "")
        assert row["provider_code"] == (answer.provider.code if answer.provider else "")
        assert row["basis"] == (answer.basis.value if answer.basis else "")
        assert (row["edition"], row["directory_release"]) == ("7", "2026-02-01")


def test_no_cell_of_the_table_is_a_formula(files: Mapping[str, bytes]) -> None:
    rows = csv.reader(io.StringIO(files[SCHOOLS_CSV].decode(), newline=""))
    starts = {cell[:1] for row in rows for cell in row}
    assert starts.isdisjoint("=+-@\t\r")


def test_the_workbook_has_what_the_table_has(
    files: Mapping[str, bytes], release: DirectoryRelease
) -> None:
    book = load_workbook(io.BytesIO(files[SCHOOLS_XLSX]))
    sheet = book["Schools"]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert header == list(COLUMNS)
    assert sheet.freeze_panes == "C2"
    assert [row[1] for row in rows] == [school.name for school in release.schools.values()]
    written = list(csv.reader(io.StringIO(files[SCHOOLS_CSV].decode(), newline="")))[1:]
    assert [list(map(as_in_csv, row)) for row in rows] == [
        [cell.removeprefix("'") for cell in row] for row in written
    ]


def as_in_csv(value: Any) -> str:
    if isinstance(value, bool):
        return made_up(demonstration=value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def test_dates_and_truths_of_the_workbook_are_such(files: Mapping[str, bytes]) -> None:
    book = load_workbook(io.BytesIO(files[SCHOOLS_XLSX]))
    header, row, *_ = book["Schools"].iter_rows()
    cells = {name.value: cell for name, cell in zip(header, row, strict=True)}
    assert cells["effective_from"].value.date() == date(2026, 1, 5)
    assert cells["effective_from"].number_format == "yyyy-mm-dd"
    assert cells["directory_release"].value.date() == date(2026, 2, 1)
    assert cells["demonstration"].value is True


def test_every_text_of_the_workbook_stays_a_text(files: Mapping[str, bytes]) -> None:
    book = load_workbook(io.BytesIO(files[SCHOOLS_XLSX]))
    cells = [cell for row in book["Schools"].iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n", "d", "b"}
    risky = [c for c in cells if str(c.value).startswith(("=", "+", "-", "@"))]
    assert risky
    assert all(cell.quotePrefix for cell in risky)


def test_the_workbook_tells_where_it_is_from(files: Mapping[str, bytes]) -> None:
    book = load_workbook(io.BytesIO(files[SCHOOLS_XLSX]))
    told = dict(book["About"].iter_rows(values_only=True))
    assert told["Demonstration data"] == MADE_UP
    assert told["School directory"] == "Release of 1 February 2026."
    assert told["Licence"] == "CC0"
    assert "in force from 5 January 2026" in told["About"]


# --- for print ------------------------------------------------------------------------------------


def test_the_picture_is_an_a3_page_with_each_region_in_its_colour(
    folder: Path, snapshot: Snapshot, coast: BaseGeometry
) -> None:
    from maps import printing

    material = ExportInput.of(snapshot, coast=coast)
    with Image.open(folder / MAP_PNG) as opened:
        picture = opened.convert("RGB")
    assert picture.size == (2338, 3307)
    dots_per_mm = printing.DOTS_PER_INCH / printing.MM_PER_INCH
    for code, area in material.drawn.items():
        place = printing.MAIN.placed(shapely.box(*area.centroid.buffer(0.3).bounds))
        if place.is_empty or any(place.intersects(each.box) for each in printing.ENLARGED):
            continue  # farther east than the page reaches, or below what is enlarged
        west, south, east, north = (value * dots_per_mm for value in place.bounds)
        box = (round(west), round(3307 - north), round(east), round(3307 - south))
        usual: Any = Counter(picture.crop(box).get_flattened_data()).most_common(1)[0][0]
        region = material.edition.catchments[code].education_region
        assert "#{:02x}{:02x}{:02x}".format(*usual) == region_colour(region)


def test_the_map_for_print_lists_everybody_and_has_no_date(files: Mapping[str, bytes]) -> None:
    with opened_pdf(files) as pdf:
        assert [round(float(page.mediabox[2])) for page in pdf.pages] == [842, 842]
        assert set(pdf.docinfo.keys()) == {"/Title", "/Subject"}
    assert not re.search(rb"/(CreationDate|ModDate|Producer)", files[MAP_PDF])


def opened_pdf(files: Mapping[str, bytes]) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(files[MAP_PDF]))


def test_the_map_for_print_says_its_language_and_title_and_is_tagged(
    files: Mapping[str, bytes],
) -> None:
    with opened_pdf(files) as pdf:
        root = pdf.Root
        assert (str(root.Lang), bool(root.MarkInfo.Marked)) == ("en-NZ", True)
        assert root.ViewerPreferences.DisplayDocTitle
        assert str(pdf.docinfo.Title) == "Attendance service catchments, edition 7"
        assert b"edition 7</rdf:li>" in root.Metadata.read_bytes()
        kinds = Counter(str(each.S) for each in elements(root.StructTreeRoot.K))
        assert kinds["/H1"] == 2
        assert kinds["/TR"] == kinds["/TH"] == 11
        (figure,) = (each for each in elements(root.StructTreeRoot.K) if each.S == "/Figure")
        assert str(figure.Alt).startswith("Map of New Zealand with the areas of 10 catchments")


def elements(kids: Any) -> Iterator[Any]:
    """Every element of a tree of tags, in the order of reading."""
    for each in kids:
        if isinstance(each, pikepdf.Dictionary):
            yield each
            yield from elements(each.get("/K", ()))


def test_all_that_is_drawn_for_print_is_read_or_passed_over(files: Mapping[str, bytes]) -> None:
    with opened_pdf(files) as pdf:
        (_, first, _, second) = pdf.Root.StructTreeRoot.ParentTree.Nums
        for page, told in zip(pdf.pages, (first, second), strict=True):
            depth = marks = 0
            for each in pikepdf.parse_content_stream(page):
                name = str(each.operator)
                depth += {"BDC": 1, "BMC": 1, "EMC": -1}.get(name, 0)
                marks += name == "BDC"
                assert depth == 1 or name not in {"TJ", "Tj", "f", "S", "B"}
            assert marks == len(told)


def test_a_list_of_any_length_finds_room() -> None:
    from maps import printing

    blocks = [[("Region",), *[("name", "provider", "phone")] * 500, ()] for _ in range(3)]
    columns = printing._columns(blocks)
    most = (printing.LIST_TOP - printing.LIST_BOTTOM) / printing.LIST_LINE_MM
    assert sum(map(len, columns)) == 3 * 502
    assert max(map(len, columns)) <= most


# --- all or nothing -------------------------------------------------------------------------------


def test_a_file_that_cannot_be_made_refuses_the_publication(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: ExportInput) -> bytes:
        raise ValueError("no\nroom")

    monkeypatch.setattr(artefacts_room, "FILES", FILES[:1])
    monkeypatch.setattr(downloads, "_makers", lambda: {FILES[0].name: broken})

    def make(snapshot: Snapshot) -> list[tuple[str, str, bytes]]:
        return build_all(snapshot)

    publisher = Publisher(store, make, "1", today=TODAY)
    with pytest.raises(
        PublicationRefused, match=r"boundaries\.geojson could not be made: ValueError: no room"
    ):
        publisher.seed(small_edition(), small_release())
    assert (store.editions(), store.releases()) == ([], [])


def test_an_edition_without_anything_has_files_all_the_same() -> None:
    nothing = Snapshot.of(Edition(), replace(small_release(), schools={}))
    made = {artefact.name: artefact.content for artefact in build_all(nothing)}
    assert json.loads(made[MANIFEST])["bounds"] is None
    assert json.loads(made[TOPOJSON])["arcs"] == []
    assert placemarks(made[KML]) == []
