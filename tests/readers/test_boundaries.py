"""Real boundary files in: what is taken, what is said of it, and what is refused in a sentence."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import box

from catchments.core.errors import FileRefused
from catchments.core.model import Provider, SourceKind
from catchments.geometry.coordinates import NZTM2000, geometry_to_360, to_metres
from catchments.geometry.tiling.coverage import is_coverage
from catchments.readers.boundaries.reading import read_boundaries
from catchments.readers.formats.file_refusals import MAX_FILE_BYTES
from catchments.readers.report import LeftOut
from tests.laws import examples

METRE = 1 / 90_000
WEST, EAST = box(174, -36, 174.1, -35.9), box(174.1, -36, 174.2, -35.9)
SOURCE = {"authority": "Ministry of Education", "licence": "CC BY 4.0", "release": "2026-01-05"}


def read(*paths, **options):
    return read_boundaries([Path(path) for path in paths], **SOURCE, **options)


def refusal(*paths, **options):
    with pytest.raises(FileRefused) as refused:
        read(*paths, **options)
    return str(refused.value)


def read_or_refusal(path):
    """Return the catchments of a file, or "refused" when it was, with a message that names it."""
    try:
        return read(path).catchments
    except FileRefused as refused:
        return {"refused": refused} if path.name in str(refused) else {}


# --- files to read --------------------------------------------------------------------------------


def ring(geometry):
    points = " ".join(f"{x},{y},0" for x, y in geometry.exterior.coords)
    return f"<LinearRing><coordinates>{points}</coordinates></LinearRing>"


def polygon(geometry):
    return f"<Polygon><outerBoundaryIs>{ring(geometry)}</outerBoundaryIs></Polygon>"


def placemark(name, *geometries, description="", **data):
    extended = "".join(
        f'<Data name="{key.replace("_", " ")}"><value>{value}</value></Data>'
        for key, value in data.items()
    )
    shapes = "".join(g if isinstance(g, str) else polygon(g) for g in geometries)
    named = f"<name>{name}</name>" if name else ""
    return (
        f"<Placemark>{named}<description><![CDATA[{description}]]></description>"
        f"<ExtendedData>{extended}</ExtendedData><MultiGeometry>{shapes}</MultiGeometry></Placemark>"
    )


def kml(*folders, head=""):
    body = "".join(
        f"<Folder><name>{name}</name>{''.join(marks)}</Folder>" for name, *marks in folders
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document><name>Attendance services</name>{body}</Document></kml>"
    )


PIN = (
    "<Placemark><name>Office</name><Point><coordinates>174.05,-35.95,0</coordinates></Point>"
    "</Placemark>"
)
LINE = (
    "<Placemark><name>Road</name><LineString><coordinates>174,-36 174.1,-35.9</coordinates>"
    "</LineString></Placemark>"
)
MAP = kml(
    (
        "Tai Tokerau",
        placemark("Kaitāia", WEST, Provider="Te Pokapū", Catchment_ID="7", Whānau="ā"),
        placemark("Kaikohe &amp; Moerewa", EAST, description="Provider: Te Pokapū<br>Phone: 09 1"),
        PIN,
    ),
    ("Empty layer",),
    ("Tai Tokerau", LINE),
    ("Chatham Islands", placemark("Chathams", box(-177, -44.2, -176, -43.6))),
)


def features(*areas, crs=None, kind="FeatureCollection"):
    content = {
        "type": kind,
        "features": [
            {"type": "Feature", "properties": values, "geometry": shapely.geometry.mapping(area)}
            for area, values in areas
        ],
    }
    if crs:
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    return json.dumps(content)


def written(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def with_gdal(path, areas, *, crs="EPSG:4326", geometry_type="Polygon", **columns):
    columns = columns or {"name": [f"Catchment {n}" for n in range(len(areas))]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            path,
            shapely.to_wkb(np.array(areas, dtype=object)),
            [np.array(values, dtype=object) for values in columns.values()],
            list(columns),
            crs=crs,
            geometry_type=geometry_type,
        )
    return path


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def zipped_shapefile(tmp_path, areas, *, inside="", without=(), **options):
    folder = tmp_path / "parts"
    folder.mkdir()
    with_gdal(folder / "areas.shp", areas, **options)
    members = {
        inside + part.name: part.read_bytes()
        for part in folder.iterdir()
        if part.suffix not in without
    }
    return zipped(tmp_path / "areas.zip", members)


@pytest.fixture
def my_map(tmp_path):
    return written(tmp_path / "map.kml", MAP)


@pytest.fixture(autouse=True)
def _no_temporary_files_are_left(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


# --- Google My Maps -------------------------------------------------------------------------------


def test_every_folder_of_a_google_map_is_read(my_map):
    reading = read(my_map)
    assert list(reading.catchments) == ["KAITAIA", "KAIKOHE-MOEREWA", "CHATHAMS"]
    assert reading.catchments["KAIKOHE-MOEREWA"].name == "Kaikohe & Moerewa"
    assert reading.catchments["KAITAIA"].education_region == "Tai Tokerau"
    assert reading.catchments["CHATHAMS"].education_region == ""
    assert reading.boundaries["CHATHAMS"].bounds == (-177, -44.2, -176, -43.6)
    assert not any(boundary.has_z for boundary in reading.boundaries.values())
    assert reading.report.left_out == [
        LeftOut("points in layer “Tai Tokerau”", "a point is no catchment"),
        LeftOut("lines and others in layer “Tai Tokerau”", "a line is no catchment"),
    ]
    assert not reading.report.is_clean
    assert reading.report.counts == {
        "layers with catchments": 2,
        "layers without polygons": 2,
        "catchments": 3,
        "catchments without a provider": 1,
        "catchments without an education region": 1,
        "providers": 1,
    }


def test_a_provider_comes_from_a_field_or_from_the_description(my_map):
    reading = read(my_map)
    assert list(reading.providers) == ["P-TE-POKAPU"]
    codes = [catchment.provider_code for catchment in reading.catchments.values()]
    assert codes == ["P-TE-POKAPU", "P-TE-POKAPU", None]


def test_a_kmz_reads_as_its_kml(tmp_path, my_map):
    kmz = zipped(tmp_path / "map.kmz", {"doc.kml": MAP, "images/icon-1.png": "x"})
    assert read(kmz).catchments == read(my_map).catchments
    assert read(kmz).boundaries == read(my_map).boundaries


def test_a_description_gives_the_providers_name_phone_website_and_email(tmp_path):
    html = (
        "<p>Provider: Te Pokapū &amp; Whānau</p><script>Provider: evil</script><div>Phone: 09 123"
        '<br>Website: <a href="https://x.example/?a=1">x.example</a></div>'
        'Email: <a href="mailto:a@x.example">a@x.example</a>'
    )
    file = written(tmp_path / "m.kml", kml(("L", placemark("A", WEST, description=html))))
    (provider,) = read(file).providers.values()
    assert provider == Provider(
        code="P-TE-POKAPU-WHANAU",
        name="Te Pokapū & Whānau",
        phone="09 123",
        email="a@x.example",
        website="https://x.example/?a=1",
    )


@pytest.mark.parametrize(
    ("website", "kept"),
    [("www.x.example", "https://www.x.example"), ("javascript:alert(1)", ""), ("ftp://x", "")],
)
def test_only_web_addresses_are_kept_as_websites(tmp_path, website, kept):
    mark = placemark("A", WEST, Provider="X", Website=website)
    (provider,) = read(written(tmp_path / "m.kml", kml(("L", mark)))).providers.values()
    assert provider.website == kept


@pytest.mark.parametrize("wanted", ["Catchment ID", "catchment_id", "CATCHMENT  ID", "Whānau"])
def test_a_field_is_matched_as_its_author_wrote_it(my_map, wanted):
    reading = read(my_map, layer="Tai Tokerau", code_field=wanted)
    assert (
        {"7", "KAIKOHE-MOEREWA"} if "ID" in wanted.upper() else {"ā", "KAIKOHE-MOEREWA"}
    ) == set(reading.catchments)


def test_a_field_that_is_not_there_is_refused_with_those_that_are(my_map):
    message = refusal(my_map, name_field="Rohe")
    assert (
        "“map.kml” has no field “Rohe”. Its fields are: Catchment ID, Provider, Whānau" in message
    )


def test_one_layer_can_be_chosen(my_map):
    assert list(read(my_map, layer="Chatham Islands").catchments) == ["CHATHAMS"]
    message = refusal(my_map, layer="Otago")
    assert "has no layer “Otago”. Its layers are: “Tai Tokerau”, “Empty layer”" in message


def test_features_of_one_name_in_a_layer_become_one_catchment(tmp_path):
    file = written(
        tmp_path / "m.kml",
        kml(("L", placemark("A", WEST), placemark(" a ", box(175, -36, 176, -35)))),
    )
    reading = read(file)
    assert list(reading.catchments) == ["A"]
    assert reading.boundaries["A"].geom_type == "MultiPolygon"
    (problem,) = reading.report.problems
    assert (problem.where, problem.done) == ("m.kml, layer “L”, feature 2", "merged into one")


def test_one_name_in_two_layers_stays_two_catchments_with_codes_of_their_own(tmp_path):
    file = written(
        tmp_path / "m.kml", kml(("L", placemark("A", WEST)), ("M", placemark("A", EAST)))
    )
    reading = read(file)
    assert list(reading.catchments) == ["A", "A-2"]
    assert "has the same name as A" in reading.report.problems[0].what


def test_a_nameless_polygon_is_refused_with_its_layer_and_number(tmp_path):
    file = written(tmp_path / "m.kml", kml(("L", PIN, placemark("", WEST))))
    assert "A polygon has no name: m.kml, layer “L”, feature 2." in refusal(file)


def test_a_link_instead_of_the_map_is_refused_with_what_to_untick(tmp_path):
    link = "<NetworkLink><Link><href>https://x.example/kml</href></Link></NetworkLink>"
    content = kml().replace("</Document>", link + "</Document>")
    for file in (
        written(tmp_path / "m.kml", content),
        zipped(tmp_path / "m.kmz", {"doc.kml": content}),
    ):
        message = refusal(file)
        assert "holds only a link to a map, not the map." in message
        assert "untick “Keep data up to date with network link”" in message
        assert file.name in message


# --- other formats --------------------------------------------------------------------------------


def test_geojson_is_read_with_its_fields(tmp_path):
    file = written(
        tmp_path / "b.geojson",
        features(
            (WEST, {"code": "TT-01", "name": "Kaitāia", "region": "tai tokerau", "provider": "X"}),
            (EAST, {"code": 2.0, "name": "Kaikohe", "region": None, "phone": 1}),
        ),
    )
    reading = read(file)
    assert list(reading.catchments) == ["TT-01", "2"]
    assert reading.catchments["TT-01"].education_region == "Tai Tokerau"
    assert reading.boundaries["TT-01"].equals(WEST)


def test_a_single_feature_is_read(tmp_path):
    content = json.loads(features((WEST, {"name": "A"})))["features"][0]
    assert list(read(written(tmp_path / "b.json", json.dumps(content))).catchments) == ["A"]


def test_a_csv_with_wkt_is_read(tmp_path):
    file = written(
        tmp_path / "Tai Tokerau.csv",
        f'\ufeffWKT,name,description\n"{WEST.wkt}",Catchment A,"Provider: X"\n'
        '"POINT (174 -36)",P,\n',
    )
    reading = read(file)
    assert list(reading.catchments) == ["CATCHMENT-A"]
    assert reading.catchments["CATCHMENT-A"].education_region == "Tai Tokerau"
    assert list(reading.providers) == ["P-X"]
    assert LeftOut("points in layer “Tai Tokerau”", "a point is no catchment") in (
        reading.report.left_out
    )


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4167", "EPSG:2193", "EPSG:27200", "EPSG:3857"])
def test_a_geopackage_in_any_crs_is_brought_to_wgs84(tmp_path, crs):
    areas = shapely.segmentize([WEST, EAST], 0.001)
    projected = [to_metres(area, crs=crs) if crs != "EPSG:4326" else area for area in areas]
    reading = read(with_gdal(tmp_path / "b.gpkg", projected, crs=crs))
    assert list(reading.catchments) == ["CATCHMENT-0", "CATCHMENT-1"]
    off = reading.boundaries["CATCHMENT-0"].symmetric_difference(WEST).area
    assert off < 1e-6
    assert is_coverage(reading.boundaries)


def test_every_layer_of_a_geopackage_is_read_and_tables_without_geometry_are_not(tmp_path):
    path = with_gdal(tmp_path / "b.gpkg", [WEST])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for layer, areas in (("second", [EAST]), ("notes", None)):
            pyogrio.raw.write(
                path,
                None if areas is None else shapely.to_wkb(np.array(areas, dtype=object)),
                [np.array(["Kaikohe"], dtype=object)],
                ["name"],
                layer=layer,
                crs="EPSG:4326" if areas else None,
                geometry_type="Polygon" if areas else None,
                append=True,
            )
    message = refusal(path)
    assert "has 2 layers with areas: “b” (1 features), “second” (1 features)" in message
    assert "Say which with --layer" in message
    for every in ("*", ["b", "second"]):
        reading = read(path, layer=every)
        assert [c.name for c in reading.catchments.values()] == ["Catchment 0", "Kaikohe"]
        notes = LeftOut("rows of the table “notes”", "it has no geometries")
        assert reading.report.left_out == [notes]
    one = read(path, layer="second")
    assert [c.name for c in one.catchments.values()] == ["Kaikohe"]
    assert LeftOut("features of layer “b”", "the layer is not asked for") in one.report.left_out


@pytest.mark.parametrize("inside", ["", "export/", "a/b/"])
def test_a_zipped_shapefile_is_read_also_from_a_folder_inside(tmp_path, inside):
    path = zipped_shapefile(
        tmp_path,
        [to_metres(WEST, crs=NZTM2000), to_metres(EAST, crs=NZTM2000)],
        crs=NZTM2000,
        inside=inside,
        catchment_=["Kaitāia", "Kaikohe"],
    )
    reading = read(path, name_field="Catchment Name")
    assert [c.name for c in reading.catchments.values()] == ["Kaitāia", "Kaikohe"]


def test_several_files_are_read_as_one_and_each_is_kept_as_a_source(tmp_path):
    one = written(tmp_path / "one.geojson", features((WEST, {"name": "A"})))
    two = written(tmp_path / "two.geojson", features((EAST, {"name": "B"})))
    steps = []
    reading = read(one, two, progress=lambda *step: steps.append(step))
    assert list(reading.catchments) == ["A", "B"]
    assert [source.file_name for source in reading.sources] == ["one.geojson", "two.geojson"]
    assert {source.kind for source in reading.sources} == {SourceKind.BOUNDARIES}
    assert {source.authority for source in reading.sources} == {"Ministry of Education"}
    assert all(len(source.sha256) == 64 for source in reading.sources)
    assert ("reading boundaries", 2, 2) in steps


def test_a_code_that_two_catchments_share_is_refused(tmp_path):
    file = written(
        tmp_path / "b.geojson",
        features((WEST, {"code": "X", "name": "A"}), (EAST, {"code": "X", "name": "B"})),
    )
    assert "The code “X” stands for both “A” and “B”" in refusal(file)
    other = written(tmp_path / "c.geojson", features((EAST, {"code": "X", "name": "B"})))
    one = written(tmp_path / "a.geojson", features((WEST, {"code": "X", "name": "A"})))
    assert "The code “X” is given to “A” and again to “B”" in refusal(one, other)


# --- geometry -------------------------------------------------------------------------------------


def test_what_is_not_valid_is_made_valid_and_counted(tmp_path):
    bow = shapely.Polygon([(174, -36), (174.1, -35.9), (174.1, -36), (174, -35.9)])
    reading = read(written(tmp_path / "b.geojson", features((bow, {"name": "A"}))))
    assert reading.report.counts["boundaries made valid"] == 1
    assert "is not valid (Self-intersection)" in reading.report.problems[0].what
    assert reading.boundaries["A"].is_valid


@pytest.mark.parametrize(
    "ring_",
    [
        [(179, -44), (181, -44), (181, -43), (179, -43)],
        [(179, -44), (-179, -44), (-179, -43), (179, -43)],
    ],
)
def test_a_boundary_across_180_is_split_there(tmp_path, ring_):
    file = written(tmp_path / "b.geojson", features((shapely.Polygon(ring_), {"name": "A"})))
    boundary = read(file).boundaries["A"]
    assert boundary.geom_type == "MultiPolygon"
    assert boundary.bounds == (-180, -44, 180, -43)
    assert geometry_to_360(boundary).equals(box(179, -44, 181, -43))


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (box(-36, 174, -35.9, 174.1), "its axes look swapped"),
        (box(0, 0, 1, 1), "lies outside New Zealand, at lng 1, lat 0"),
        (box(174, -36, 190, -35), "lies outside New Zealand"),
        (box(174, 35, 175, 36), "the minus sign of its latitude looks missing"),
        (box(-36, 174, -35, 175), "its axes look swapped"),
    ],
)
def test_a_boundary_outside_new_zealand_is_refused(tmp_path, area, said):
    message = refusal(written(tmp_path / "b.geojson", features((area, {"name": "A"}))))
    assert said in message
    assert "feature 1" in message


def test_a_file_without_a_crs_is_refused_until_one_is_said(tmp_path):
    areas = [to_metres(WEST, crs=NZTM2000)]
    path = zipped_shapefile(tmp_path, areas, crs=NZTM2000, without=(".prj",))
    assert "does not say which coordinate reference system it is in" in refusal(path)
    assert "--crs EPSG:2193" in refusal(path)
    assert list(read(path, source_crs="EPSG:2193").catchments) == ["CATCHMENT-0"]


@pytest.mark.parametrize("crs", ["EPSG:1", "nonsense", 'LOCAL_CS["x",UNIT["m",1]]'])
def test_a_crs_that_proj_cannot_use_is_refused(tmp_path, crs):
    file = written(tmp_path / "b.geojson", features((WEST, {"name": "A"})))
    message = refusal(file, source_crs=crs)
    assert "PROJ knows" in message or "cannot be projected" in message


def test_an_old_geojson_may_name_its_crs(tmp_path):
    area = to_metres(WEST, crs=NZTM2000)
    file = written(
        tmp_path / "b.geojson", features((area, {"name": "A"}), crs="urn:ogc:def:crs:EPSG::2193")
    )
    assert read(file).boundaries["A"].symmetric_difference(WEST).area < 1e-9


# --- coverage -------------------------------------------------------------------------------------


def beside(tmp_path, metres):
    moved = shapely.transform(EAST, lambda xy: np.add(xy, [metres * METRE, 0]))
    return written(
        tmp_path / "b.geojson", features((WEST, {"name": "Kaitāia"}), (moved, {"name": "Kaikohe"}))
    )


@pytest.mark.parametrize(("metres", "kind"), [(-10, "overlap"), (10, "gap")])
def test_slivers_are_listed_and_mended(tmp_path, metres, kind):
    reading = read(beside(tmp_path, metres))
    assert is_coverage(reading.boundaries)
    assert reading.report.counts[f"sliver {kind}s"] == 1
    (problem,) = reading.report.problems
    assert problem.where == "Kaikohe and Kaitāia"
    assert "m wide) near lat -35.9" in problem.what
    assert problem.done == "mended"
    assert not reading.overlaps_accepted


def test_the_sliver_width_is_settable(tmp_path):
    assert "do not tile" in refusal(beside(tmp_path, -10), sliver_width_m=5)


def test_a_wide_overlap_is_refused_unless_it_is_accepted(tmp_path):
    path = beside(tmp_path, -500)
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert "The boundaries do not tile: Kaikohe and Kaitāia overlap by 5.6 km²" in str(
        refused.value
    )
    assert "--accept-overlaps" in str(refused.value)
    assert len(refused.value.rows) == 1
    reading = read(path, accept_overlaps=True)
    assert reading.overlaps_accepted
    assert reading.boundaries["KAITAIA"].equals(WEST)
    assert reading.report.problems[0].done == "accepted"
    assert faults_told(reading) == {"wide overlaps": 1}


def faults_told(reading):
    kinds = ("sliver ", "wide ")
    return {what: n for what, n in reading.report.counts.items() if what.startswith(kinds)}


def test_a_wide_gap_is_refused_unless_it_is_accepted(tmp_path):
    hole = box(174.08, -35.97, 174.12, -35.93)
    path = written(
        tmp_path / "b.geojson", features((WEST - hole, {"name": "A"}), (EAST - hole, {"name": "B"}))
    )
    message = refusal(path, accept_overlaps=True)
    assert "Between A and B is a gap of" in message
    assert "--accept-gaps" in message
    reading = read(path, accept_gaps=True)
    assert not reading.overlaps_accepted
    assert faults_told(reading) == {"wide gaps": 1}


def test_edges_whose_vertices_do_not_match_are_matched(tmp_path):
    path = written(
        tmp_path / "b.geojson",
        features(
            (WEST, {"name": "A"}),
            (box(174.1, -36, 174.2, -35.95), {"name": "B"}),
            (box(174.1, -35.95, 174.2, -35.9), {"name": "C"}),
        ),
    )
    reading = read(path)
    assert is_coverage(reading.boundaries)
    assert faults_told(reading) == {}


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.kml", "<!DOCTYPE html><html></html>", "is a web page"),
        ("b.geojson", "\n<HTML>sign in</HTML>", "is a web page"),
        ("b.kml", "", "is not KML, or it is damaged"),
        ("b.kml", "<gpx></gpx>", "it begins with <gpx>"),
        ("b.kml", "<kml><Document>", "is not KML, or it is damaged"),
        ("b.kml", '<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>', "is not KML"),
        ("b.kml", kml(), "holds no polygons"),
        ("b.kml", kml(("L", PIN, LINE)), "holds no polygons, only 2 other features"),
        ("b.geojson", "{", "is not GeoJSON"),
        ("b.geojson", "[" * 100_000, "is not GeoJSON"),
        ("b.json", "[]", "it is no FeatureCollection"),
        (
            "b.json",
            '{"type": "Topology"}',
            "is not TopoJSON, or it is damaged: “it has no objects”",
        ),
        ("b.json", '{"type": "gdal_streamed_alg", "command_line": "x"}', "it is no Feature"),
        ("b.json", '{"type": "FeatureCollection"}', "it has no features"),
        ("b.json", '{"type": "FeatureCollection", "features": []}', "holds no polygons"),
        ("b.json", '{"type": "FeatureCollection", "features": [7]}', "feature 1"),
        (
            "b.json",
            '{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[1]]}}',
            "feature 1",
        ),
        ("b.gpkg", "SQLite format 3\0", "is not a GeoPackage"),
        ("b.gpkg", "hello", "is not a GeoPackage"),
        ("b.zip", "PK\x03\x04 cut short", "truncated or damaged"),
        ("b.kmz", "", "truncated or damaged"),
        ("b.csv", "", "is empty"),
        ("b.csv", "a,b\n1,2\n", "has no rows with a WKT column"),
        ("b.csv", "WKT,name\nPOLYGON (,A\n", "line 2, column WKT"),
        ("b.vrt", "<OGRVRTDataSource/>", "is in no format that is read here"),
        ("b.parquet", "PAR1 and more", "or it is damaged: its end is missing"),
        ("b.geoparquet", "x", "it does not begin as one"),
        ("b.parquet", "SQLite format 3\0", "is a GeoPackage, or another database by its content"),
        ("b.parquet", "PARE and more", "is encrypted"),
        ("b.gpkg", "PAR1 and more", "is GeoParquet"),
        ("b.shp", "x", "Zip the .shp with its .shx, .dbf and .prj."),
        ("b", "x", "It must be KML, KMZ, GeoJSON, GeoPackage"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_a_sentence(tmp_path, name, content, said):
    assert said in refusal(written(tmp_path / name, content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    assert "There is no file" in refusal(tmp_path / "none.kml")
    assert "is a folder, not a file" in refusal(tmp_path)
    assert "There is no file" in refusal("/vsicurl/http://x.example/b.kml")
    assert "There is no file" in refusal("b\0.kml")


def test_a_file_over_200_mb_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "b.kml"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1_000_000)
    assert "“b.kml” is 201 MB. A boundary file may have 200 MB." in refusal(path)


def test_entities_in_kml_are_refused(tmp_path):
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE kml [<!ENTITY l0 "ha">{laughs}]>'
    mark = placemark("&l9;", WEST)
    said = refusal(written(tmp_path / "b.kml", kml(("L", mark), head=head)))
    assert "declares a document type or entities" in said
    external = '<!DOCTYPE kml SYSTEM "file:///etc/passwd">'
    assert "document type" in refusal(written(tmp_path / "c.kml", kml(("L", mark), head=external)))


def test_kml_that_another_reader_could_take_for_its_own_stays_kml(tmp_path):
    secret = with_gdal(tmp_path / "secret.gpkg", [box(175, -36, 176, -35)])
    comment = (
        f"<!-- <OGRVRTDataSource><SrcDataSource>{secret}</SrcDataSource></OGRVRTDataSource> -->"
    )
    path = written(tmp_path / "b.kml", kml(("L", placemark("A", WEST)), head=comment))
    assert list(read_or_refusal(path)) in (["A"], ["refused"])  # never what `secret` holds


def test_a_truncated_zip_is_refused(tmp_path):
    path = zipped_shapefile(tmp_path, [WEST])
    path.write_bytes(path.read_bytes()[:-30])
    assert "truncated or damaged" in refusal(path)


def test_a_damaged_zip_member_is_refused(tmp_path):
    path = zipped(tmp_path / "b.kmz", {"doc.kml": MAP})
    content = bytearray(path.read_bytes())
    content[60:200] = bytes(140)
    path.write_bytes(bytes(content))
    assert "truncated or damaged" in refusal(path)


def test_a_password_protected_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "b.kmz", {"doc.kml": MAP})
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(bytes(content))
    assert "“b.kmz” is protected by a password." in refusal(path)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"doc.kml": " " * 30_000_000}, "would unpack to 30 MB in 1 files"),
        ({f"{n}.kml": "" for n in range(1001)}, "would unpack to 0 MB in 1,001 files"),
        ({"../doc.kml": MAP}, "a file whose path leads out of the archive"),
        ({"/etc/doc.kml": MAP}, "a file whose path leads out of the archive"),
        ({"C:doc.kml": MAP}, "a file whose path leads out of the archive"),
        ({"a\\..\\..\\doc.kml": MAP}, "a file whose path leads out of the archive"),
        ({"doc.kml": MAP, "inner.zip": "x"}, "an archive inside it: “inner.zip”"),
        ({"readme.txt": "x"}, "has no KML in it"),
    ],
)
def test_an_archive_made_to_harm_is_refused_before_it_is_unpacked(tmp_path, members, said):
    assert said in refusal(zipped(tmp_path / "b.kmz", members))


def test_a_zip_without_a_whole_shapefile_is_refused(tmp_path):
    assert "has no Shapefile in it" in refusal(zipped(tmp_path / "a.zip", {"readme.txt": "x"}))
    said = refusal(zipped_shapefile(tmp_path, [WEST], without=(".dbf",)))
    assert "its .dbf is missing" in said
    fake = {"b.shp": MAP, "b.shx": "", "b.dbf": ""}
    assert "is not a whole Shapefile" in refusal(zipped(tmp_path / "c.zip", fake))


def test_a_shapefile_cut_short_inside_a_whole_zip_is_refused(tmp_path):
    path = zipped_shapefile(tmp_path, [WEST])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name)[:40] for name in archive.namelist()}
    assert "“c.zip”" in refusal(zipped(tmp_path / "c.zip", members))


def test_a_shapefile_whose_crs_cannot_be_read_is_refused(tmp_path):
    path = zipped_shapefile(tmp_path, [WEST])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["areas.prj"] = members["areas.prj"].replace(b"WGS", b"\xc5GS", 1)
    assert "its CRS cannot be read" in refusal(zipped(tmp_path / "c.zip", members))


OF_A_FILE = (
    'PROJCS["x",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Mercator_1SP"],'
    'UNIT["metre",1],EXTENSION["PROJ4","+proj=merc +nadgrids={} +units=m"]]'
)


def test_a_shapefile_whose_crs_names_a_file_is_not_asked_about_with_proj(tmp_path, monkeypatch):
    path, seen = zipped_shapefile(tmp_path, [WEST]), []
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["areas.prj"] = OF_A_FILE.format(tmp_path / "secret").encode()
    hostile = zipped(tmp_path / "c.zip", members)
    known = CRS.from_user_input
    monkeypatch.setattr(CRS, "from_user_input", lambda v, **k: seen.append(str(v)) or known(v, **k))
    assert "is no coordinate reference system that PROJ knows" in refusal(hostile)
    assert list(read(hostile, source_crs="EPSG:4326").catchments) == ["CATCHMENT-0"]
    assert "secret" not in " ".join(seen)


def test_a_shape_that_cannot_be_read_is_refused_and_one_that_is_absent_is_counted(tmp_path):
    area, absent = placemark("A", WEST), "<Placemark><name>absent</name></Placemark>"
    reading = read(written(tmp_path / "a.kml", kml(("Areas", area, absent))))
    absent_one = LeftOut("features without geometry in layer “Areas”", "there is no area in them")
    assert reading.report.left_out == [absent_one]
    short = LINE.replace(" 174.1,-35.9", "")
    file = written(tmp_path / "b.kml", kml(("Areas", area, absent, short)))
    assert "layer Areas, feature 3 has a shape that cannot be read" in refusal(file)


def test_a_geopackage_with_a_virtual_table_is_refused(tmp_path):
    path = with_gdal(tmp_path / "b.gpkg", [WEST])
    database = sqlite3.connect(path)
    database.execute("PRAGMA writable_schema = 1")
    database.execute(
        "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0,"
        " 'CREATE VIRTUAL TABLE x USING VirtualOGR(''/vsicurl/http://x.example'')')"
    )
    database.commit()
    database.close()
    assert "has virtual tables, which could read other files" in refusal(path)


def test_a_geopackage_cut_short_is_refused(tmp_path):
    path = with_gdal(tmp_path / "b.gpkg", [WEST])
    path.write_bytes(path.read_bytes()[:5000])
    assert "is not a GeoPackage" in refusal(path)


SUFFIXES = ["kml", "kmz", "geojson", "json", "gpkg", "zip", "csv", "shp", ""]
HEADS = [
    b"",
    b"PK\x03\x04",
    b"<kml>",
    b"SQLite format 3\0",
    b'{"type":"FeatureCollection"',
    b"WKT,name\n",
]


@given(st.sampled_from(SUFFIXES), st.sampled_from(HEADS), st.binary(max_size=300))
@settings(
    max_examples=examples(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_arbitrary_bytes_are_refused_and_nothing_else(tmp_path, suffix, head, content):
    path = tmp_path / f"b.{suffix}"
    path.write_bytes(head + content)
    refusal(path)


@pytest.fixture(scope="module")
def whole_geopackage(tmp_path_factory):
    return with_gdal(tmp_path_factory.mktemp("whole") / "b.gpkg", [WEST])


@given(st.integers(0, 98_000), st.binary(min_size=1, max_size=40))
@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_damaged_geopackage_is_read_or_refused(tmp_path, whole_geopackage, at, content):
    path = tmp_path / "b.gpkg"
    whole = whole_geopackage.read_bytes()
    path.write_bytes(whole[:at] + content + whole[at + len(content) :])
    assert read_or_refusal(path)


def test_a_code_too_long_to_keep_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    square = "POLYGON ((174 -36, 175 -36, 175 -35, 174 -36))"
    path.write_text(f'WKT,name,code\n"{square}",A,{"K" * 101}\n', encoding="utf-8")
    assert "has 101 characters" in refusal(path)


def test_a_name_without_a_latin_letter_still_gets_a_code(tmp_path: Path) -> None:
    path = tmp_path / "kanji.csv"
    square = "POLYGON ((174 -36, 175 -36, 175 -35, 174 -36))"
    path.write_text(f'WKT,name,provider\n"{square}",学校,支援\n', encoding="utf-8")
    catchments = read(path).catchments
    assert all(code.isascii() and len(code) == 8 for code in catchments)
