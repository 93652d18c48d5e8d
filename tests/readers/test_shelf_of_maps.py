"""A shelf of maps and address files as programs make them: all is read, said, or refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import box

from catchments.core.errors import FileRefused
from catchments.readers.addresses import AddressReading
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.report import Report
from tests.address_files import BARE, Given, csv_text, geopackage
from tests.hostile_files import geopackage as plain_geopackage

WEST, EAST = box(174, -36, 174.1, -35.9), box(174.1, -36, 174.2, -35.9)
SOURCE = {"authority": "Ministry of Education", "licence": "CC BY 4.0", "release": "2026"}


def said(report: Report) -> str:
    left = [f"{each.what} ({each.count}) {each.why}" for each in report.left_out]
    return "\n".join(
        [*report.read, *left, *(f"{p.where}: {p.what}; {p.done}" for p in report.problems)]
    )


def read(folder: Path, name: str, content: str | bytes) -> tuple[list[str], str]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_boundaries([path], **SOURCE)
    return [each.name for each in found.catchments.values()], said(found.report)


def refusal(folder: Path, name: str, content: str | bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        read(folder, name, content)
    return f"{refused.value} {refused.value.next_step}"


# --- KML ------------------------------------------------------------------------------------------


def polygon(area: Any) -> str:
    points = " ".join(f"{x},{y},0" for x, y in area.exterior.coords)
    ring = f"<LinearRing><coordinates>{points}</coordinates></LinearRing>"
    return f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"


def placemark(name: str, inside: str) -> str:
    return f"<Placemark><name>{name}</name>{inside}</Placemark>"


def kml(inside: str) -> str:
    space = 'xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
    return f'<?xml version="1.0" encoding="UTF-8"?><kml {space}><Document>{inside}</Document></kml>'


A, B = placemark("West", polygon(WEST)), placemark("East", polygon(EAST))
OFF = "<visibility>0</visibility>"


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("inside", "what"),
    [
        (A + placemark("East", OFF + polygon(EAST)), "1 feature is switched off in the map"),
        (f"<Folder>{A}</Folder><Folder>{OFF}{B}</Folder>", "1 feature is switched off in the map"),
        (
            A + placemark("East", "<TimeSpan><end>2020</end></TimeSpan>" + polygon(EAST)),
            "1 feature is in the map for a time alone",
        ),
        (A + placemark("Nowhere", "") + B, "features without geometry"),
        (A + B + placemark("t", "<gx:MultiTrack><gx:Track/></gx:MultiTrack>"), "tracks (1)"),
        (A + placemark("<![CDATA[<b>East</b>]]>", polygon(EAST)), "“<b>East</b>” is HTML"),
    ],
)
def test_what_a_map_hides_or_dresses_up_is_read_and_said(tmp_path, inside, what):
    names, report = read(tmp_path, "map.kml", kml(inside))
    assert names == ["West", "East"]
    assert what in report


def test_a_name_with_a_sign_for_less_or_and_stays_what_it_is(tmp_path):
    inside = placemark("A &amp; B", polygon(WEST)) + placemark("C &lt; D", polygon(EAST))
    assert read(tmp_path, "map.kml", kml(inside))[0] == ["A & B", "C < D"]


@pytest.mark.parametrize("end", ["</outerBoundaryIs>", "</LinearRing>"])
def test_a_polygon_with_two_outer_boundaries_is_refused(tmp_path, end):
    second = polygon(EAST).removeprefix("<Polygon>").removesuffix("</Polygon>")
    ring = second.removeprefix("<outerBoundaryIs>").removesuffix("</outerBoundaryIs>")
    both = polygon(WEST).replace(end, end + (second if "outer" in end else ring))
    assert "feature 1" in refusal(tmp_path, "map.kml", kml(placemark("West", both)))


# --- JSON -----------------------------------------------------------------------------------------


def feature(area: Any, **properties: Any) -> dict[str, Any]:
    geometry = area if isinstance(area, dict) else json.loads(shapely.to_geojson(area))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any, **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


W, E = feature(WEST, name="West"), feature(EAST, name="East")


@pytest.mark.every_case
@pytest.mark.parametrize("name", ["map.geojson", "map.geojsonl", "map.geojsons", "map.json"])
@pytest.mark.parametrize("before", ["", "\x1e"])
def test_features_one_on_a_line_are_read(tmp_path, name, before):
    content = "".join(f"{before}{json.dumps(each)}\n" for each in (W, E))
    names, report = read(tmp_path, name, content)
    assert names == ["West", "East"]
    assert "GeoJSONSeq" in report


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (collection({"type": "FeatureCollection", "features": [W]}, E), "feature 1 is none"),
        (collection(W["geometry"], E), "feature 1 is none, but “Polygon”"),
        (collection(None, E), "feature 1 is none"),
        (collection(W, {**E, "crs": {"type": "name"}}), "feature 2 has a reference system"),
        (collection(feature({**W["geometry"], "crs": {"type": "name"}})), "feature 1 has a ref"),
        (collection(W, crs={"type": "link", "properties": {"href": "x"}}), "“crs” does not name"),
        (json.dumps({"spatialReference": {}, "features": []}), "Esri's own JSON"),
        (f"[{collection(W)}]", "no FeatureCollection"),
        (collection(W) + "\n" + collection(E), "Extra data"),
        (json.dumps(W) + "\n" + json.dumps(E)[:-30], "Extra data"),
    ],
)
def test_json_that_holds_something_else_is_refused_and_says_what(tmp_path, content, what):
    assert what in refusal(tmp_path, "map.geojson", content)


def test_a_reference_system_may_be_epsg_s_code(tmp_path):
    import pyproj

    to_metres = pyproj.Transformer.from_crs(4326, 2193, always_xy=True).transform
    area = shapely.transform(WEST, to_metres, interleaved=False)
    content = collection(
        feature(area, name="West"), crs={"type": "EPSG", "properties": {"code": 2193}}
    )
    assert read(tmp_path, "map.geojson", content)[0] == ["West"]


def test_members_of_features_beside_their_properties_are_counted(tmp_path):
    content = collection({**W, "valid_from": "2020", "id": 1, "bbox": [1, 2, 3, 4]}, E)
    assert "member “valid_from” of features (1)" in read(tmp_path, "map.geojson", content)[1]


# --- names that lie, and CSV ----------------------------------------------------------------------


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("name", "content", "step"),
    [
        ("map.kml", b"PK\x03\x04", "Call it .zip or .kmz"),
        ("map.kmz", kml(A), "Call it .kml"),
        ("map.geojson", kml(A), "Call it .kml"),
        ("map.kml", collection(W), "Call it .geojson"),
        ("map.gpkg", collection(W), "Call it .geojson"),
        ("map.json", b"SQLite format 3\0", "Call it .gpkg"),
        ("map.7z", b"7z\xbc\xaf", "Export it again"),
        ("map.shp", b"\0\0\x27\x0a", "Zip the .shp"),
    ],
)
def test_a_file_of_another_kind_than_its_name_is_named(tmp_path, name, content, step):
    assert step in refusal(tmp_path, name, content)


def rows(*lines: str) -> str:
    return "code;name;WKT\n" + "".join(f"{line}\n" for line in lines)


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("code", "what"),
    [("#REF!", "an error"), ("1-Feb", "a date"), ("1E+05", "shortened"), ('="07"', "")],
)
def test_codes_that_a_spreadsheet_changed_are_said(tmp_path, code, what):
    _, report = read(tmp_path, "map.csv", rows(f"{code};West;{WEST.wkt}"))
    assert f"its code “{code}” is" in report if what else "its code" not in report
    assert what in report


def test_curves_in_a_table_are_refused_with_their_line(tmp_path):
    curve = "CURVEPOLYGON(CIRCULARSTRING(174 -36,174.1 -36,174.1 -35.9,174 -35.9,174 -36))"
    assert "line 2, column WKT" in refusal(tmp_path, "map.csv", rows(f"1;West;{curve}"))


def test_of_two_columns_of_shapes_the_one_with_areas_is_read(tmp_path):
    content = f"name;geometry;geom\nWest;POINT (174 -36);{WEST.wkt}\n"
    assert "not used: “geometry”" in read(tmp_path, "map.csv", content)[1]


# --- cut at every kilobyte ------------------------------------------------------------------------

MANY = [feature(box(174 + n / 50, -36, 174.02 + n / 50, -35.9), name=f"No {n}") for n in range(40)]


def _kmz(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "whole.kmz", "w") as archive:
        archive.writestr("doc.kml", _kml(folder))
    return (folder / "whole.kmz").read_bytes()


def _kml(_folder: Path) -> bytes:
    marks = (
        placemark(each["properties"]["name"], polygon(shapely.geometry.shape(each["geometry"])))
        for each in MANY
    )
    return kml("".join(marks)).encode()


def _geojson(_folder: Path) -> bytes:
    return collection(*MANY).encode()


def _geopackage(folder: Path) -> bytes:
    return plain_geopackage(folder / "whole.gpkg").read_bytes()


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("name", "make"),
    [("cut.kmz", _kmz), ("cut.kml", _kml), ("cut.geojson", _geojson), ("cut.gpkg", _geopackage)],
)
def test_a_map_cut_at_every_kilobyte_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], bytes]
) -> None:
    whole = make(tmp_path)
    assert len(whole) > 4 * 1024
    for length in range(1024, len(whole), 1024):
        refusal(tmp_path, name, whole[:length])


@pytest.mark.parametrize("columns", ["WKT,code,name", "code,WKT,name", "name,code,WKT"])
def test_a_table_cut_anywhere_is_refused_or_the_cut_is_said_or_its_rows_are_whole(
    tmp_path, columns
):
    names = ("West", "East")
    cells = [
        {"WKT": f'"{a.wkt}"', "code": f"C{n}", "name": n}
        for n, a in zip(names, (WEST, EAST), strict=True)
    ]
    body = [",".join(each[column] for column in columns.split(",")) for each in cells]
    whole = "\n".join([columns, *body, ""])
    for length in range(len(columns) + 2, len(whole)):
        try:
            found, report = read(tmp_path, "cut.csv", whole[:length])
        except FileRefused:
            continue
        assert set(found) <= set(names) or "cut off" in report


# --- addresses ------------------------------------------------------------------------------------

PLAIN, OTHER = Given(), Given(number="14")


def addresses(path: Path) -> tuple[int, str]:
    reading = AddressReading(path)
    return len(list(reading.addresses())), said(reading.report)


def address_file(folder: Path, content: str) -> Path:
    (folder / "nz-addresses.csv").write_bytes(content.encode())
    return folder / "nz-addresses.csv"


@pytest.mark.every_case
@pytest.mark.parametrize(
    ("given", "count", "what"),
    [
        ([PLAIN, OTHER], 2, "text in UTF-8"),
        ([PLAIN, Given(life="Retired")], 1, "addresses (1) their lifecycle is not “Current”"),
        ([PLAIN, Given(road="MÄori Road")], 2, "“MÄori Road” is probably “Māori Road”"),
        ([PLAIN, Given(road="M?ori Road")], 2, "seems to have lost a letter"),
        ([PLAIN, Given(road="#N/A")], 1, "without a road"),
        ([PLAIN, Given(road="H" * 10_000)], 1, "with a name that is too long"),
    ],
)
def test_every_address_of_a_file_is_accounted_for(tmp_path, given, count, what):
    found, report = addresses(address_file(tmp_path, csv_text(given)))
    assert (found, what in report) == (count, True)


def test_a_second_file_of_addresses_joined_on_brings_no_road_called_by_its_header(tmp_path):
    whole = csv_text([PLAIN]) + csv_text([OTHER])
    found, report = addresses(address_file(tmp_path, whole))
    assert found == 2
    assert "rows (1) the header stands there once more" in report


def test_a_column_of_addresses_twice_is_refused(tmp_path):
    head, _, rest = csv_text([PLAIN]).partition("\n")
    path = address_file(tmp_path, f"{head.replace('source_dataset', 'full_road_name')}\n{rest}")
    with pytest.raises(FileRefused, match="“full_road_name” 2 times"):
        addresses(path)


@pytest.mark.every_case
@pytest.mark.parametrize(
    "shape",
    [
        "POLYGON ((173 -41, 173.1 -41, 173.1 -41.1, 173 -41))",
        "MULTIPOINT (173 -41, 174 -41)",
        "CIRCULARSTRING (173 -41, 173.5 -41.2, 173.6 -41)",
        "SRID=4326;POINT (173 -41)",
    ],
)
def test_what_is_no_single_point_places_no_address(tmp_path, shape):
    text = "full_address,WKT\n" + '"12 High Street, Gore",{}\n' * 2
    path = address_file(tmp_path, text.replace("{}", f'"{shape}"', 1).format('"POINT (173 -41)"'))
    found, report = addresses(path)
    assert found == 1
    assert "without a point" in report


def test_a_file_of_addresses_cut_in_its_last_cell_says_so(tmp_path):
    whole = csv_text([PLAIN, OTHER], BARE)
    for length in range(len(whole) - 12, len(whole) - 2):
        try:
            _, report = addresses(address_file(tmp_path, whole[:length]))
        except FileRefused:
            continue
        assert "cut off" in report


def test_of_two_layers_with_addresses_none_is_taken_unasked(tmp_path):
    import sqlite3
    from contextlib import closing

    path = geopackage(tmp_path / "nz-addresses.gpkg", [PLAIN])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, x TEXT)")
        database.execute("INSERT INTO notes VALUES (1, 'x')")
    found, report = addresses(path)
    assert found == 1
    assert "features of “notes” (1) it has no addresses" in report
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE old (id INTEGER PRIMARY KEY, full_address TEXT)")
    with pytest.raises(FileRefused, match="2 layers with addresses"):
        addresses(path)
