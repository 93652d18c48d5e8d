"""Boundary files of every kind: whatever is in one is read, or counted with why it was not."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from shapely import box

from catchments.core.errors import FileRefused
from catchments.readers.boundaries.reading import BoundaryReading, read_boundaries
from catchments.readers.formats import file_refusals
from catchments.readers.report import LeftOut, Report

WEST, EAST = box(174, -36, 174.1, -35.9), box(174.1, -36, 174.2, -35.9)
SOURCE = {"authority": "Ministry of Education", "licence": "CC BY 4.0", "release": "2026"}


def read(*paths: Path, **options: Any) -> BoundaryReading:
    return read_boundaries(list(paths), **SOURCE, **options)


def names(reading: BoundaryReading) -> list[str]:
    return [catchment.name for catchment in reading.catchments.values()]


def refusal(*paths: Path, **options: Any) -> str:
    with pytest.raises(FileRefused) as refused:
        read(*paths, **options)
    return str(refused.value)


def read_or_refused(path: Path) -> str:
    """Why a file was refused, or its name where it was read."""
    try:
        return read(path) and path.name
    except FileRefused as refused:
        return str(refused)


def left_out(report: Report) -> dict[str, int]:
    return {each.what: each.count for each in report.left_out}


def said(report: Report) -> str:
    return "\n".join(f"{p.where}: {p.what}; {p.done}" for p in report.problems)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(path: Path, members: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


# --- KML ------------------------------------------------------------------------------------------


def coordinates(area: shapely.Polygon) -> str:
    return " ".join(f"{x},{y},0" for x, y in area.exterior.coords)


def polygon(area: shapely.Polygon) -> str:
    ring = f"<LinearRing><coordinates>{coordinates(area)}</coordinates></LinearRing>"
    return f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"


def placemark(name: str, inside: str) -> str:
    return f"<Placemark><name>{name}</name>{inside}</Placemark>"


def kml(inside: str, *, encoding: str = "UTF-8") -> str:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><kml xmlns="http://www.opengis.net/kml/2.2"'
        f' xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><name>Map</name>{inside}'
        "</Document></kml>"
    )


WEST_MARK, EAST_MARK = placemark("West", polygon(WEST)), placemark("East", polygon(EAST))
LINK = "<NetworkLink><name>{}</name><Link><href>{}</href></Link></NetworkLink>"  # in a Link
OLD_LINK = "<NetworkLink><name>{}</name><Url><href>{}</href></Url></NetworkLink>"
ICON = "<Icon><href>x.png</href></Icon>"
BOX = "<LatLonBox><north>-39</north><south>-40</south><east>176</east><west>175</west></LatLonBox>"


@pytest.mark.parametrize(
    ("element", "counted"),
    [
        (
            f"<GroundOverlay><name>1987</name>{ICON}{BOX}</GroundOverlay>",
            "pictures laid on the map",
        ),
        (f"<ScreenOverlay>{ICON}</ScreenOverlay>", "pictures laid on the map"),
        (f"<PhotoOverlay>{ICON}</PhotoOverlay>", "photographs on the map"),
        ("<gx:Tour><gx:Playlist/></gx:Tour>", "tours"),
        (placemark("m", "<Model><Link><href>x.dae</href></Link></Model>"), "3-D models"),
        (placemark("t", "<gx:Track><when>2026</when></gx:Track>"), "tracks"),
        ("<Strange><Placemark/></Strange>", "elements <Strange>"),
        (placemark("p", "<Point/>"), "features without geometry in layer “Map”"),
    ],
)
def test_what_is_no_area_in_kml_is_counted_and_becomes_no_catchment(
    tmp_path: Path, element: str, counted: str
) -> None:
    reading = read(written(tmp_path / "m.kml", kml(WEST_MARK + element)))
    assert names(reading) == ["West"]
    assert left_out(reading.report)[counted] == 1
    assert not reading.report.is_clean
    assert "holds no polygons" in refusal(written(tmp_path / "n.kml", kml(element)))


def test_pictures_alone_are_named_where_there_is_no_polygon(tmp_path: Path) -> None:
    overlay = f"<GroundOverlay>{ICON}{BOX}</GroundOverlay>"
    message = refusal(written(tmp_path / "m.kml", kml(overlay * 2)))
    assert "“m.kml” holds no polygons. It has: pictures laid on the map (2)." in message


@pytest.mark.parametrize("link", [LINK, OLD_LINK])
def test_a_layer_that_is_only_a_link_is_named_with_where_it_leads(
    tmp_path: Path, link: str
) -> None:
    there = link.format("Far North", "https://x.example/kml?a=1&amp;b=2")
    reading = read(written(tmp_path / "m.kml", kml(WEST_MARK + there)))
    assert left_out(reading.report) == {"links to layers elsewhere": 1}
    assert "layer “Far North” is only a link to “https://x.example/kml?a=1&b=2”" in said(
        reading.report
    )


def test_folders_in_folders_are_read_and_belong_to_the_region_that_they_are_in(
    tmp_path: Path,
) -> None:
    inner = f"<Folder><name>Hamilton</name>{EAST_MARK}</Folder>"
    folder = f"<Folder><name>Waikato</name>{inner}</Folder>"
    path = written(tmp_path / "m.kml", kml(WEST_MARK + folder))
    reading = read(path)
    regions = {c.name: c.education_region for c in reading.catchments.values()}
    assert regions == {"West": "", "East": "Waikato"}
    for layer in ("Waikato", "Hamilton"):
        assert names(read(path, layer=layer)) == ["East"]


def test_shapes_in_shapes_are_opened_to_any_depth(tmp_path: Path) -> None:
    for depth in (1, 3, 50_000):
        begin, end = "<MultiGeometry>" * depth, "</MultiGeometry>" * depth
        mark = placemark("West", begin + polygon(WEST) + "<Point/>" + end)
        reading = read(written(tmp_path / f"{depth}.kml", kml(mark)))
        assert reading.boundaries["WEST"].equals(WEST)


def test_a_point_beside_an_area_in_one_feature_is_counted(tmp_path: Path) -> None:
    pin = "<Point><coordinates>174,-36</coordinates></Point>"
    mark = placemark("West", f"<MultiGeometry>{polygon(WEST)}{pin}</MultiGeometry>")
    reading = read(written(tmp_path / "m.kml", kml(mark)))
    assert left_out(reading.report) == {"points and lines beside areas in layer “Map”": 1}


def test_fields_of_kml_keep_the_names_that_their_author_gave_them(tmp_path: Path) -> None:
    data = (
        '<ExtendedData><Data name="Rohe Whānau"><value>Taupō</value></Data><SchemaData>'
        '<SimpleData name="Catchment Code">T-1</SimpleData></SchemaData><own>x</own></ExtendedData>'
    )
    path = written(tmp_path / "m.kml", kml(placemark("West", data + polygon(WEST))))
    reading = read(path, name_field="Rohe Whānau")
    assert {code: c.name for code, c in reading.catchments.items()} == {"T-1": "Taupō"}
    assert any("not used: “name”, “own”" in part for part in reading.report.read)


def test_a_field_twice_in_a_feature_is_said_where_the_texts_differ(tmp_path: Path) -> None:
    one = '<Data name="Code"><value>{}</value></Data>'
    data = f"<ExtendedData>{one.format('A')}{one.format('B')}</ExtendedData>"
    reading = read(written(tmp_path / "m.kml", kml(placemark("West", data + polygon(WEST)))))
    assert list(reading.catchments) == ["A"]
    assert "has “Code” twice: “A” and “B”; kept the first" in said(reading.report)


def test_coordinates_may_have_blanks_after_their_commas(tmp_path: Path) -> None:
    spaced = kml(WEST_MARK).replace(",", ", ")
    assert read(written(tmp_path / "m.kml", spaced)).boundaries["WEST"].equals(WEST)


@pytest.mark.parametrize(
    ("said_in", "in_bytes", "problem"),
    [
        ("UTF-8", "utf-8", ""),
        ("ISO-8859-1", "utf-8", ""),  # valid UTF-8 is UTF-8, whatever is said
        ("ISO-8859-1", "latin-1", ""),
        ("windows-1252", "cp1252", ""),
        ("UTF-8", "cp1252", "m: its text is not UTF-8, which KML is in; read as Windows-1252"),
        ("UTF-16", "utf-16", ""),
    ],
)
def test_the_bytes_of_kml_say_what_its_text_is_in(
    tmp_path: Path, said_in: str, in_bytes: str, problem: str
) -> None:
    text = kml(placemark("Café", polygon(WEST)), encoding=said_in)
    reading = read(written(tmp_path / "m.kml", text.encode(in_bytes)))
    assert names(reading) == ["Café"]
    assert said(reading.report) == problem


# --- KMZ ------------------------------------------------------------------------------------------

LINKED = {
    "doc.kml": kml(LINK.format("W", "layers/w.kml") + LINK.format("E", "./layers/E%20ast.kml#x")),
    "layers/w.kml": kml(
        WEST_MARK + LINK.format("again", "w.kml") + LINK.format("up", "../doc.kml")
    ),
    "layers/E ast.kml": kml(EAST_MARK),
}


def test_links_to_members_of_the_same_archive_are_followed_once_each(tmp_path: Path) -> None:
    reading = read(zipped(tmp_path / "m.kmz", LINKED))
    assert names(reading) == ["West", "East"]
    assert reading.report.is_clean
    assert [part for part in reading.report.read if part.startswith("member")] == [
        "member “doc.kml”",
        "member “layers/w.kml”",
        "member “layers/E ast.kml”",
    ]


@pytest.mark.parametrize(
    "href",
    ["../../x.kml", "/etc/passwd", "file:///etc/passwd", "https://x.example/a.kml", "no.kml"],
)
def test_no_link_leads_out_of_an_archive(tmp_path: Path, href: str) -> None:
    members = {"doc.kml": kml(WEST_MARK + LINK.format("Out", href))}
    reading = read(zipped(tmp_path / "m.kmz", members))
    assert names(reading) == ["West"]
    assert f"layer “Out” is only a link to “{href}”" in said(reading.report)


def test_layers_beside_a_doc_that_links_to_none_are_named_and_not_read(tmp_path: Path) -> None:
    members = {"doc.kml": kml(WEST_MARK), "old/east.kml": kml(EAST_MARK), "images/a.PNG": "x"}
    reading = read(zipped(tmp_path / "m.kmz", members))
    assert names(reading) == ["West"]
    assert left_out(reading.report) == {"member “old/east.kml”": 1, "pictures in the archive": 1}
    assert "“old/east.kml”: its doc.kml does not link to it; not read" in said(reading.report)


def test_a_kmz_in_a_folder_of_finder_s_is_read(tmp_path: Path) -> None:
    members = {
        "Map/doc.kml": kml(WEST_MARK),
        "__MACOSX/Map/._doc.kml": "\0\5\x16\7",
        "Map/._doc.kml": "\0\5\x16\7",
        "Map/.DS_Store": "x",
    }
    reading = read(zipped(tmp_path / "m.kmz", members))
    assert names(reading) == ["West"]
    assert left_out(reading.report) == {"files of Finder or Explorer": 3}


def test_several_kml_of_which_none_is_the_root_are_refused_by_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "m.kmz", {"a.kml": kml(WEST_MARK), "b.kml": kml(EAST_MARK)})
    assert "holds 2 KML files, and none is its doc.kml: “a.kml”, “b.kml”" in refusal(path)


# --- zips -----------------------------------------------------------------------------------------


def shapefile(
    folder: Path, areas: list[Any], *, encoding: str = "UTF-8", **columns: list[str]
) -> dict[str, bytes]:
    folder.mkdir()
    columns = columns or {"name": [f"Catchment {n}" for n in range(len(areas))]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            folder / "areas.shp",
            shapely.to_wkb(np.array(areas, dtype=object)),
            [np.array(values, dtype=object) for values in columns.values()],
            list(columns),
            crs="EPSG:4326",
            geometry_type="Polygon",
            encoding=encoding,
        )
    return {part.name: part.read_bytes() for part in folder.iterdir()}


def test_every_member_of_a_zip_is_read_or_named(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "parts", [WEST, EAST])
    members: dict[str, str | bytes] = {
        **{f"Boundaries/{name.upper()}": content for name, content in parts.items()},
        "Boundaries/AREAS.SHP.XML": "<metadata/>",
        "Boundaries/areas.sbn": "x",
        "Boundaries/areas.qix": "x",
        "Boundaries/areas.qmd": "x",
        "README.txt": "read me",
        "__MACOSX/._areas.shp": "x",
        "Thumbs.db": "x",
    }
    reading = read(zipped(tmp_path / "a.zip", members))
    assert names(reading) == ["Catchment 0", "Catchment 1"]
    assert left_out(reading.report) == {
        "files of Finder or Explorer": 2,
        "indexes and notes beside a Shapefile": 4,
        "member “README.txt”": 1,
    }


def test_two_shapefiles_are_asked_about(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "parts", [WEST])
    members = {
        f"{stem}{Path(name).suffix}": content
        for stem in ("new/2026", "old/2025")
        for name, content in parts.items()
    }
    path = zipped(tmp_path / "a.zip", members)
    assert "has 2 layers with areas: “2026” (1 features), “2025”" in refusal(path)
    assert left_out(read(path, layer=["2026"]).report) == {"features of layer “2025”": 1}


def test_a_zip_may_hold_one_map_of_another_format(tmp_path: Path) -> None:
    one = json.dumps(feature(WEST, name="West"))
    for name, content in (("b.geojson", one), ("c.kml", kml(WEST_MARK))):
        reading = read(zipped(tmp_path / f"{name}.zip", {f"in here/{name}": content, "x.txt": ""}))
        assert names(reading) == ["West"]
        assert left_out(reading.report) == {"member “x.txt”": 1}
    both = zipped(tmp_path / "d.zip", {"b.geojson": one, "c.kml": kml(WEST_MARK)})
    assert "holds 2 maps: “c.kml”, “b.geojson”" in refusal(both)


def test_members_whose_names_are_utf_8_without_saying_so_are_called_by_them(
    tmp_path: Path,
) -> None:
    path = zipped(tmp_path / "a.zip", {"Taupo_.geojson": json.dumps(feature(WEST, name="West"))})
    content = path.read_bytes().replace(b"Taupo_", "Taupō".encode())
    path.write_bytes(content)
    assert "member “Taupō.geojson”" in read(path).report.read


# --- the text of a .dbf ---------------------------------------------------------------------------


def with_text(
    tmp_path: Path, text: bytes, *, cpg: bytes | None = None, language: int = 0x57
) -> Path:
    """A zipped Shapefile whose one name has these bytes, which say what they are as given."""
    parts = shapefile(tmp_path / "parts", [WEST], name=["x" * len(text)])
    parts["areas.dbf"] = parts["areas.dbf"].replace(b"x" * len(text), text)
    head = bytearray(parts["areas.dbf"])
    head[29] = language
    parts["areas.dbf"] = bytes(head)
    del parts["areas.cpg"]
    if cpg is not None:
        parts["areas.cpg"] = cpg
    return zipped(tmp_path / "a.zip", parts)


TAUPO = "Taupō ki te Uru"


@pytest.mark.parametrize(
    ("text", "cpg", "language", "name", "problem"),
    [
        (TAUPO.encode(), None, 0x57, TAUPO, ""),
        (TAUPO.encode(), b"UTF-8", 0, TAUPO, ""),
        (
            TAUPO.encode(),
            b"ISO-8859-1",
            0x57,
            TAUPO,
            "its bytes are UTF-8; the file says iso8859-1",
        ),
        (TAUPO.encode(), b"/etc/passwd", 0x57, TAUPO, ""),
        (TAUPO.encode(), None, 0x03, TAUPO, "its bytes are UTF-8; the file says cp1252"),
        ("Café".encode("cp1252"), b"1252", 0x57, "Café", ""),
        ("Café".encode("cp1252"), None, 0x03, "Café", ""),
        ("Café".encode("cp850"), b"CP850", 0x57, "Café", ""),
        ("Café".encode("cp437"), None, 0x01, "Café", ""),
        ("Café –".encode("cp1252"), None, 0x57, "Café –", "its text is not UTF-8"),
        ("Café –".encode("cp1252"), b"UTF-8", 0x57, "Café –", "its text is not UTF-8, as the file"),
        (b"plain", None, 0x57, "plain", ""),
    ],
)
def test_the_bytes_of_a_dbf_say_what_its_text_is_in(
    tmp_path: Path, text: bytes, cpg: bytes | None, language: int, name: str, problem: str
) -> None:
    reading = read(with_text(tmp_path, text, cpg=cpg, language=language))
    assert names(reading) == [name]
    assert problem in said(reading.report)
    assert bool(problem) == bool(reading.report.problems)


def test_a_text_that_is_neither_utf_8_nor_windows_1252_is_refused(tmp_path: Path) -> None:
    assert "texts are neither UTF-8 nor Windows-1252" in refusal(with_text(tmp_path, b"Caf\x81"))


def test_a_letter_that_a_full_field_cuts_in_two_is_left_out_and_said(tmp_path: Path) -> None:
    whole = ("ā" * 126 + "xō").encode()
    reading = read(with_text(tmp_path, whole[:254]))
    assert names(reading) == ["ā" * 126 + "x"]
    assert "1 texts of “name” fill their 254 bytes" in said(reading.report)


# --- GeoJSON --------------------------------------------------------------------------------------


def feature(area: Any, **properties: Any) -> dict[str, Any]:
    geometry = area if isinstance(area, dict) else shapely.geometry.mapping(area)
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: dict[str, Any], **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def test_collections_in_collections_of_geojson_are_opened(tmp_path: Path) -> None:
    inside: dict[str, Any] = shapely.geometry.mapping(WEST)
    for _ in range(200):
        inside = {"type": "GeometryCollection", "geometries": [inside]}
    reading = read(written(tmp_path / "a.geojson", collection(feature(inside, name="West"))))
    assert reading.boundaries["WEST"].equals(WEST)


def test_geojson_that_is_a_page_of_more_says_so(tmp_path: Path) -> None:
    for members in ({"numberMatched": 84}, {"exceededTransferLimit": True}):
        reading = read(
            written(tmp_path / "a.geojson", collection(feature(WEST, name="W"), **members))
        )
        assert "the others are missing here" in said(reading.report)


def test_members_that_are_not_read_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.geojson", collection(feature(WEST, name="W"), notes="x"))
    assert left_out(read(path).report) == {"member “notes” beside the features": 1}


def test_a_property_twice_in_an_object_is_refused(tmp_path: Path) -> None:
    content = collection(feature(WEST, name="W")).replace('"name": "W"', '"name": "W", "name": "X"')
    assert "an object has name twice" in refusal(written(tmp_path / "a.geojson", content))


def test_geojson_that_is_not_utf_8_is_read_and_that_is_said(tmp_path: Path) -> None:
    content = json.dumps(feature(WEST, name="Café"), ensure_ascii=False).encode("cp1252")
    reading = read(written(tmp_path / "a.geojson", content))
    assert names(reading) == ["Café"]
    assert "its text is not UTF-8" in said(reading.report)


# --- values that are not text ---------------------------------------------------------------------

PROVIDER = {"code": "P-W", "name": "Te Pokapū", "phone": "09 1", "email": "a@x.nz", "website": ""}


@pytest.mark.parametrize("provider", [PROVIDER, json.dumps(PROVIDER)])
def test_a_provider_that_is_an_object_or_its_text_is_unpacked(
    tmp_path: Path, provider: Any
) -> None:
    content = collection(feature(WEST, name="West", provider=provider))
    (found,) = read(written(tmp_path / "a.geojson", content)).providers.values()
    assert (found.code, found.name, found.phone, found.email) == (
        *("P-W", "Te Pokapū", "09 1", "a@x.nz"),
    )


@pytest.mark.parametrize(
    ("properties", "said_of"),
    [
        ({"name": ["West"]}, 'The name is no text but “["West"]”'),
        ({"name": {"en": "West"}}, 'The name is no text but “{"en": "West"}”'),
        ({"name": "West", "code": [1]}, "The code is no text but “[1]”"),
        ({"name": "{'code': 'W'}"}, "The name is no text but “{'code': 'W'}”"),
        ({"name": "W", "provider": repr(PROVIDER)}, "The provider is no text but “{'code': 'P-W'"),
        ({"name": "W", "provider": {"id": 7}}, 'The provider is no text but “{"id": 7}”'),
        ({"name": "W", "provider": ["A", "B"]}, 'The provider is no text but “["A", "B"]”'),
        ({"name": "W", "provider": '["A", "B"]'}, 'The provider is no text but “["A", "B"]”'),
        ({"name": "x" * 10_000}, "has 10,000 characters"),
    ],
)
def test_what_is_no_text_is_refused_as_a_name_or_a_code(
    tmp_path: Path, properties: dict[str, Any], said_of: str
) -> None:
    path = written(tmp_path / "a.geojson", collection(feature(WEST, **properties)))
    message = refusal(path)
    assert said_of in message
    assert "layer “a”, feature 1" in message


def test_other_objects_are_left_out_and_counted_and_what_is_plain_is_as_people_write(
    tmp_path: Path,
) -> None:
    values = {"code": 7.0, "tags": ["a"], "region": {"name": "Waikato"}, "yes": True, "no": None}
    path = written(tmp_path / "a.geojson", collection(feature(WEST, name="West", **values)))
    reading = read(path)
    (catchment,) = reading.catchments.values()
    assert (catchment.code, catchment.education_region) == ("7", "Waikato")
    assert left_out(reading.report) == {"values of “tags”": 1}


def test_a_region_that_is_none_of_the_twelve_is_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.geojson", collection(feature(WEST, name="W", region="Mordor")))
    assert "“Mordor” is no education region; left out" in said(read(path).report)


def test_texts_that_were_spoilt_before_are_warned_of(tmp_path: Path) -> None:
    path = written(tmp_path / "a.geojson", collection(feature(WEST, name="TaupÅ\u008d")))
    assert "is probably “Taupō”" in said(read(path).report)


# --- CSV ------------------------------------------------------------------------------------------

SHAPES = {
    "WKT": WEST.wkt,
    "EWKT": f"SRID=4326;{WEST.wkt}",
    "hexadecimal": shapely.to_wkb(WEST, hex=True),
    "PostGIS": shapely.to_wkb(shapely.set_srid(WEST, 4326), hex=True, include_srid=True),
    "collections": f"GEOMETRYCOLLECTION ({'GEOMETRYCOLLECTION (' * 2_000}{WEST.wkt}{')' * 2_001}",
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("column", ["WKT", "geometry", "geom", "the_geom", "shape", "wkb_geometry"])
def test_shapes_are_read_however_they_are_written_and_their_column_is_called(
    tmp_path: Path, kind: str, column: str
) -> None:
    path = written(tmp_path / "a.csv", f'name;{column}\nTaupō;"{SHAPES[kind]}"\n\nTotal;\n')
    reading = read(path)
    assert reading.boundaries["TAUPO"].equals(WEST)
    assert left_out(reading.report) == {"features without geometry in layer “a”": 1}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_csv_is_read_in_every_encoding_and_with_every_separator(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = f'name{delimiter}WKT\nCafé – x{delimiter}"{WEST.wkt}"\n'
    reading = read(written(tmp_path / "a.csv", text.encode(encoding)))
    assert names(reading) == ["Café – x"]
    assert ("read as Windows-1252" in said(reading.report)) == (encoding == "cp1252")


def test_an_srid_says_which_reference_system_it_is(tmp_path: Path) -> None:
    area = "POLYGON ((1700000 5900000, 1700100 5900000, 1700100 5900100, 1700000 5900000))"
    path = written(tmp_path / "a.csv", f'name,geom\nA,"SRID=2193;{area}"\n')
    assert read(path).boundaries["A"].bounds[0] == pytest.approx(174.1, abs=0.3)
    two = written(tmp_path / "b.csv", f'name,geom\nA,"SRID=2193;{area}"\nB,"{WEST.wkt}"\n')
    assert "shapes in several reference systems: none and SRID 2193" in refusal(two)


def test_a_shape_that_a_spreadsheet_cut_off_is_said_to_be(tmp_path: Path) -> None:
    whole = shapely.segmentize(WEST, 0.0001).wkt
    assert len(whole) > 32_767
    path = written(tmp_path / "a.csv", f'name,WKT\nA,"{whole[:32_767]}"\n')
    assert "line 2, column WKT: its shape is cut off at 32,767 characters" in refusal(path)
    longer = written(tmp_path / "b.csv", f'name,WKT\nA,"{whole}"\n')
    assert names(read(longer)) == ["A"]


@pytest.mark.parametrize(
    ("content", "said_of"),
    [
        ('name,WKT,Name\nA,"POINT (1 2)",B\n', "has the column “name” 2 times, in line 1"),
        ("name,WKT\nA,B,C\n", "line 2, column 3"),
        ('name,WKT\nA,"GEOMETRYCOLLECTION (POINT (1 2)"\n', "its parentheses do not match"),
        ("name,WKT\nA,POINT (1 2)),\n", "line 2"),
        ("PK\x03\x04", "it is a zip or a workbook"),
        ("<kml/>", "it is XML"),
        ("[1]", "it is JSON"),
    ],
)
def test_a_csv_that_cannot_be_read_names_where(tmp_path: Path, content: str, said_of: str) -> None:
    assert said_of in refusal(written(tmp_path / "a.csv", content))


def test_rows_above_the_header_are_passed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", f'Attendance services, 2026\n\nname,WKT\nA,"{WEST.wkt}"\n')
    assert names(read(path)) == ["A"]


# --- files ----------------------------------------------------------------------------------------


def test_the_same_file_twice_is_read_once(tmp_path: Path) -> None:
    one = written(tmp_path / "a.kml", kml(WEST_MARK))
    two = written(tmp_path / "b.kml", kml(WEST_MARK))
    reading = read(one, two)
    assert names(reading) == ["West"]
    assert reading.report.left_out == [LeftOut("the file “b.kml”", "it is the same as “a.kml”")]


def test_a_file_cut_anywhere_is_read_or_refused_by_name(tmp_path: Path) -> None:
    whole = [
        written(tmp_path / "a.kml", kml(WEST_MARK + EAST_MARK * 20)),
        zipped(tmp_path / "a.kmz", LINKED),
        written(tmp_path / "a.geojson", collection(*[feature(WEST, name="W")] * 20)),
        zipped(tmp_path / "a.zip", shapefile(tmp_path / "parts", [WEST, EAST])),
        written(tmp_path / "a.csv", "name,WKT\n" + f'A,"{WEST.wkt}"\n' * 20),
    ]
    for path in whole:
        content = path.read_bytes()
        for size in range(0, len(content), 97):
            cut = written(tmp_path / f"cut{path.suffix}", content[:size])
            assert "cut" in read_or_refused(cut), size


MANY = {
    "a.csv": lambda n: "name,WKT\n" + "A,POINT EMPTY\n" * n,
    "a.kml": lambda n: kml("<Placemark/>" * n),
    "b.kml": lambda n: kml("<Folder/>" * n),
    "a.geojson": lambda n: collection(*[{}] * n),
}


@pytest.mark.every_case
@pytest.mark.parametrize("name", MANY)
def test_more_features_than_a_map_can_have_are_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_refusals, "MAX_FEATURES", 100)
    assert "has more than 100 features" in refusal(written(tmp_path / name, MANY[name](102)))


# --- the work -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        lambda n: kml("<Folder><name>f</name>" * n + WEST_MARK + "</Folder>" * n),
        lambda n: kml(f"<Folder>{placemark('p', '<Point/>')}</Folder>" * n + WEST_MARK),
        lambda n: kml("".join(f"<x{i}/>" for i in range(n)) + WEST_MARK),
        lambda n: kml(WEST_MARK + LINK.format("x", "y") * n),
    ],
    ids=["folders in folders", "many folders", "strange elements", "links"],
)
def test_the_lines_of_an_account_do_not_grow_without_end(tmp_path: Path, content: Any) -> None:
    reading = read(written(tmp_path / "a.kml", content(3_000)))
    assert names(reading) == ["West"]
    assert len(reading.report.left_out) + len(reading.report.read) < 300
