"""GeoPackages read without GDAL: as GDAL reads them where they are plain, and else refused."""

from __future__ import annotations

import sqlite3
import struct
import subprocess
import warnings
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyproj import CRS

from catchments.core.errors import FileRefused
from catchments.readers.formats import geopackage as reader
from catchments.readers.formats import vector_files
from catchments.readers.formats.vectors.layers import Layer
from catchments.readers.formats.vectors.values import tidy_value
from catchments.readers.report import Report
from tests.hostile_files import AREA, POLYGON, entry, geopackage, name_layer, stored

EAST = shapely.box(175, -38.7, 175.4, -38.3)
AREAS = [AREA, EAST, None]
COLUMNS: dict[str, Any] = {
    "name": np.array(["Ahi", "Kōwhai  and\tRātā", None], dtype=object),
    "flag": np.array([True, False, True]),
    "small": np.array([1, -2, 3], dtype=np.int16),
    "whole": np.array([54, 55, 2**31 - 1], dtype=np.int32),
    "large": np.array([2**53 + 1, -1, 0], dtype=np.int64),
    "single": np.array([0.5, 7, np.nan], dtype=np.float32),
    "real": np.array([0.1, 7, np.nan]),
    "day": np.array(["2026-01-05", "2026-07-01", "NaT"], dtype="datetime64[D]"),
    "moment": np.array(["2026-01-05T01:02:03.456", "2026-07-01", "NaT"], dtype="datetime64[ms]"),
    "code with space": np.array(["007", "", "x"], dtype=object),
}


def written(path: Path, areas: Sequence[Any] = AREAS, **how: Any) -> Path:
    """Write a GeoPackage with GDAL."""
    options = {"crs": "EPSG:4326", "geometry_type": "MultiPolygon", "promote_to_multi": True, **how}
    shapes = shapely.to_wkb(np.array(areas, dtype=object), flavor="iso")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(path, shapes, list(COLUMNS.values()), list(COLUMNS), **options)
    return path


def read_layers(path: Path) -> list[Layer]:
    return vector_files.read_layers(path, Report())


def as_gdal_reads(path: Path, layer: str) -> Layer:
    """What GDAL makes of a layer, in the way that it was read before."""
    meta, _, shapes, columns = pyogrio.raw.read(path, layer=layer, datetime_as_string=True)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    names = [str(name) for name in meta["fields"]]
    values = [{n: tidy_value(n, v) for n, v in zip(names, row, strict=True)} for row in rows]
    return Layer(layer, meta["crs"], list(shapely.from_wkb(shapes)), values)


def assert_as_gdal(path: Path) -> None:
    """Assert that the layers of a GeoPackage are read as GDAL reads them."""
    found = read_layers(path)
    listed = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    assert [layer.name for layer in found] == listed
    for layer in found:
        wanted = as_gdal_reads(path, layer.name)
        assert layer.values == wanted.values
        flat = shapely.force_2d(list(layer.geometries)).tolist()
        assert flat == shapely.force_2d(list(wanted.geometries)).tolist()  # pyogrio drops measures
        assert shapely.has_z(layer.geometries).tolist() == shapely.has_z(wanted.geometries).tolist()
        assert layer.crs is None or CRS(layer.crs) == CRS(wanted.crs)


def refusal(path: Path) -> str:
    with pytest.raises(FileRefused) as refused:
        read_layers(path)
    return str(refused.value)


def changed(path: Path, *statements: str) -> Path:
    """Run SQL on a GeoPackage of our own, which has no triggers that call GDAL's functions."""
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)
    return path


# --- as GDAL reads it -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2193"])
def test_every_version_and_every_type_of_column_is_read_as_gdal_reads_it(
    tmp_path: Path, version: str, crs: str
) -> None:
    path = written(tmp_path / "a.gpkg", crs=crs, dataset_options={"VERSION": version})
    assert_as_gdal(path)


@pytest.mark.parametrize(
    ("areas", "kind"),
    [
        ([AREA, EAST, shapely.Polygon()], "Polygon"),
        ([shapely.force_3d(AREA, 7), shapely.force_3d(EAST), None], "Polygon Z"),
        ([AREA, shapely.Point(174, -38), shapely.LineString([(174, -38), (175, -38)])], "Unknown"),
        ([shapely.MultiPoint([(174, -38)]), None, shapely.Point()], "Unknown"),
        (
            [shapely.from_wkt("POLYGON M ((174 -39 1, 175 -39 2, 175 -38 3, 174 -39 1))")] * 3,
            "Unknown",
        ),
        ([shapely.from_wkt("POINT ZM (174 -39 1 2)")] * 3, "Unknown"),
    ],
)
def test_every_kind_of_shape_is_read_as_gdal_reads_it(
    tmp_path: Path, areas: Sequence[Any], kind: str
) -> None:
    path = written(tmp_path / "a.gpkg", areas, geometry_type=kind, promote_to_multi=False)
    assert_as_gdal(path)


def test_several_layers_with_indexes_styles_and_tables_are_read_in_their_order(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "a.gpkg", layer="b", layer_options={"SPATIAL_INDEX": "YES"})
    written(path, layer='odd "name" [x]', append=True, layer_options={"FID": "my id"})
    written(path, layer="a", append=True, layer_options={"GEOMETRY_NAME": "the shape"})
    style = [np.array(["b"], dtype=object)] * 2
    pyogrio.raw.write(
        path, None, style, ["f_table_name", "styleQML"], layer="layer_styles", append=True
    )
    assert [layer.name for layer in read_layers(path)] == ["b", 'odd "name" [x]', "a"]
    assert_as_gdal(path)


def test_what_ogr2ogr_of_the_system_writes_is_read(tmp_path: Path) -> None:
    made, again = written(tmp_path / "a.gpkg"), tmp_path / "b.gpkg"
    subprocess.run(["ogr2ogr", "-f", "GPKG", again, made], check=True, capture_output=True)
    assert_as_gdal(again)


def test_a_system_without_a_code_is_read_from_its_definition(tmp_path: Path) -> None:
    own = CRS.from_proj4("+proj=tmerc +lat_0=0 +lon_0=171 +k=0.9996 +x_0=1 +y_0=2 +ellps=GRS80")
    path = written(tmp_path / "a.gpkg", crs=own.to_wkt())
    (layer,) = read_layers(path)
    assert layer.crs is not None
    assert CRS(layer.crs).equals(CRS(as_gdal_reads(path, "a").crs), ignore_axis_order=True)


@pytest.mark.parametrize("system", [0, -1, 12345])
def test_a_system_that_is_not_said_is_not_guessed(tmp_path: Path, system: int) -> None:
    (layer,) = read_layers(geopackage(tmp_path / "a.gpkg", system=system))
    assert layer.crs is None


def test_a_database_in_utf_16_is_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as database:
        database.execute("PRAGMA encoding = 'UTF-16'")
        database.execute("CREATE TABLE other (a TEXT)")
    path = geopackage(tmp_path / "a.gpkg", [("Ōtāhuhu", POLYGON)])
    assert [layer.values for layer in read_layers(path)] == [[{"name": "Ōtāhuhu"}]]


def test_the_spatial_index_may_be_written_in_any_quotes(tmp_path: Path) -> None:
    for name in ("rtree_areas_geom", '"rtree_areas_geom"', "[rtree_areas_geom]"):
        path = tmp_path / f"{len(name)}{name[:1].encode().hex()}.gpkg"
        index = f"CREATE VIRTUAL TABLE {name} USING rtree(id, minx, maxx, miny, maxy)"
        (layer,) = read_layers(changed(geopackage(path), index))
        assert layer.geometries == [AREA]


def test_nothing_is_written_not_even_beside_it(tmp_path: Path) -> None:
    path = geopackage(tmp_path / "a.gpkg")
    before = path.read_bytes()
    read_layers(path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.gpkg"]
    assert path.read_bytes() == before


# --- what is refused ------------------------------------------------------------------------------

WKB = shapely.to_wkb(AREA)
SHAPES: dict[str, tuple[Any, str]] = {
    "no header": (WKB, "has no GeoPackage header"),
    "another version": (b"GP\x01\x01" + bytes(4) + WKB, "has no GeoPackage header"),
    "cut in its header": (b"GP\0\1", "has no GeoPackage header"),
    "an extension's": (stored(WKB, flags=0x21), "of a kind that an extension defines"),
    "an envelope of no kind": (stored(WKB, flags=5 << 1), "has the flags 0x0a"),
    "unknown flags": (stored(WKB, flags=0x81), "has the flags 0x81"),
    "an envelope that is not there": (stored(WKB[:20], flags=4 << 1), "is not whole"),
    "text": ("POLYGON", "has text for a geometry"),
    "a number": (7, "has text for a geometry"),
    "cut": (stored(WKB[:-1]), "it promises 5 pieces"),
    "something behind it": (stored(WKB + b"\0"), "The geometry ends at byte"),
    "a count of billions": (
        stored(struct.pack("<BII", 1, 3, 2**32 - 1)),
        "it promises 4,294,967,295",
    ),
    "a collection with a curve in it": (
        stored(struct.pack("<BII", 1, 7, 1) + struct.pack("<BII", 1, 10, 0)),
        "is a curve polygon",
    ),
    "a collection without end": (
        stored(struct.pack("<BII", 1, 7, 1) * 200_000),
        "it promises 1 pieces",
    ),
    "a circle": (stored(struct.pack("<BII", 1, 8, 0)), "is a circular string"),
    "a curve": (stored(struct.pack("<BII", 1, 10, 0)), "is a curve polygon"),
    "curves": (stored(struct.pack("<BII", 1, 12, 0)), "is a multisurface"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_a_shape_that_is_none_is_refused_with_its_place(tmp_path: Path, case: str) -> None:
    shape, said = SHAPES[case]
    path = geopackage(tmp_path / "a.gpkg", [("A", POLYGON), ("B", shape)])
    refused = refusal(path)
    assert said in refused
    assert "layer “areas”, feature 2" in refused


@pytest.mark.parametrize("depth", [1, 2, 200_000])
def test_collections_in_collections_are_opened_to_any_depth(tmp_path: Path, depth: int) -> None:
    inside = WKB + shapely.to_wkb(shapely.Point(174, -38))
    collection = struct.pack("<BII", 1, 7, 1) * (depth - 1) + struct.pack("<BII", 1, 7, 2) + inside
    path = geopackage(tmp_path / "a.gpkg", [("A", stored(collection))])
    (layer,) = read_layers(path)
    (found,) = layer.geometries
    assert [part.geom_type for part in shapely.get_parts(found)] == ["Polygon", "Point"]
    empty = geopackage(tmp_path / "b.gpkg", [("A", stored(struct.pack("<BII", 1, 7, 0)))])
    assert read_layers(empty)[0].geometries == [None]


STATEMENTS = {
    "a view": ("CREATE VIEW v AS SELECT 1", "has views, which could stand for other tables: “v”"),
    "a trigger": (
        "CREATE TRIGGER mine AFTER INSERT ON areas BEGIN DELETE FROM areas; END",
        "has triggers of its own: “mine”",
    ),
    "a known trigger of another table": (
        "CREATE TRIGGER rtree_areas_geom_insert AFTER INSERT ON gpkg_contents BEGIN SELECT 1; END",
        "has triggers of its own: “rtree_areas_geom_insert”",
    ),
    "an index of words": (
        "CREATE VIRTUAL TABLE words USING fts3(a)",
        "has virtual tables, which could read other files: “words”",
    ),
    "an R-tree of no column": (
        "CREATE VIRTUAL TABLE rtree_areas_shape USING rtree(id, minx, maxx, miny, maxy)",
        "has virtual tables, which could read other files: “rtree_areas_shape”",
    ),
    "an R-tree with more in it": (
        "CREATE VIRTUAL TABLE rtree_areas_geom USING rtree(id, minx, maxx, miny, maxy, +more)",
        "has virtual tables, which could read other files: “rtree_areas_geom”",
    ),
    "a computed column": (
        "ALTER TABLE areas ADD COLUMN twice TEXT AS (name || name)",
        "has columns that it computes: “twice”",
    ),
    "no contents": ("DROP TABLE gpkg_contents", "it has no table gpkg_contents"),
    "no geometry columns": ("DELETE FROM gpkg_geometry_columns", "names no column of areas"),
    "no such column": ("UPDATE gpkg_geometry_columns SET column_name = 'x'", "no column of areas"),
    "no such table": ("DROP TABLE areas", "it has no table areas"),
    "a layer named twice": (
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('AREAS', 'features')",
        "names AREAS twice",
    ),
    "a layer without a name": (
        "UPDATE gpkg_contents SET table_name = x'00'",
        "a row without a name",
    ),
    "text that is not UTF-8": ("UPDATE areas SET name = CAST(x'ff' AS TEXT)", "Could not decode"),
    "a table name that is not UTF-8": (
        "UPDATE gpkg_contents SET table_name = CAST(x'ff' AS TEXT)",
        "Could not decode",
    ),
    "a name with a NUL": (
        "UPDATE gpkg_contents SET table_name = CAST(x'61006200' AS TEXT)",
        "it has no table",
    ),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_what_is_not_plain_is_refused_by_name(tmp_path: Path, case: str) -> None:
    statement, said = STATEMENTS[case]
    assert said in refusal(changed(geopackage(tmp_path / "a.gpkg"), statement))


FORGED = {
    "a name that is not the statement's": ("table", "other", "CREATE TABLE areas2 (a)"),
    "a statement of another kind": ("index", "other", "CREATE TABLE other (a)"),
    "no statement": ("table", "other", None),
    "a table twice": ("table", "areas", "CREATE TABLE areas (fid INTEGER PRIMARY KEY, geom)"),
    "the schema itself": ("table", "sqlite_master", "CREATE TABLE sqlite_master (a)"),
    "an unknown kind": ("thing", "other", "CREATE TABLE other (a)"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_schema_made_by_hand_is_refused(tmp_path: Path, case: str) -> None:
    path = geopackage(tmp_path / "a.gpkg")
    with closing(sqlite3.connect(path)) as database, database:
        kind, name, sql = FORGED[case]
        entry(database, kind, name, sql or "")
    assert "“a.gpkg” " in refusal(path)


def test_a_table_without_row_numbers_is_refused(tmp_path: Path) -> None:
    path = changed(
        geopackage(tmp_path / "a.gpkg"),
        "CREATE TABLE bare (geom BLOB, name TEXT PRIMARY KEY) WITHOUT ROWID",
    )
    with closing(sqlite3.connect(path)) as database, database:
        name_layer(database, "bare")
    assert "no such column: rowid" in refusal(path)


def test_columns_named_as_the_row_number_are_values(tmp_path: Path) -> None:
    path = geopackage(
        tmp_path / "a.gpkg", [("r", "o", POLYGON)], columns="rowid TEXT, oid TEXT, geom BLOB"
    )
    (layer,) = read_layers(path)
    assert list(layer.values) == [{"rowid": "r", "oid": "o"}]


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_a_file_that_is_still_being_written_is_refused(tmp_path: Path, ending: str) -> None:
    path = geopackage(tmp_path / "a.gpkg")
    path.with_name(f"a.gpkg{ending}").write_bytes(b"x")
    assert f"“a.gpkg{ending}” holds changes that are not in it. Close it there" in refusal(path)


def test_a_default_that_is_given_again_and_again_is_not_taken(tmp_path: Path) -> None:
    """SQLite keeps the value of a new column once, and gives it with every row."""
    path = geopackage(tmp_path / "a.gpkg", [("A", POLYGON)] * 500)
    changed(path, f"ALTER TABLE areas ADD COLUMN x TEXT DEFAULT '{'x' * 100_000}'")
    assert "it holds more than it has bytes for" in refusal(path)


def test_rows_that_come_again_are_not_taken(tmp_path: Path) -> None:
    """Two pages of a table can be made to point at the same third: rows without end."""
    path = geopackage(tmp_path / "a.gpkg", [("x" * 900, POLYGON)] * 60)
    content, size = bytearray(path.read_bytes()), 4096
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'areas'"
        root = (database.execute(query).fetchone()[0] - 1) * size
    assert content[root] == 5, "an inner page"
    first, second = struct.unpack_from(">HH", content, root + 12)
    content[root + second : root + second + 4] = content[root + first : root + first + 4]
    path.write_bytes(content)
    assert "is not the last" in refusal(path)


# --- the fence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT load_extension('x')",
        "SELECT sql FROM temp.sqlite_master",
        "SELECT * FROM pragma_database_list",
        "SELECT upper(name) FROM areas",
        "SELECT * FROM areas, json_each('[1]')",
        "SELECT * FROM gpkg_extensions",
        "ATTACH ':memory:' AS other",
        "PRAGMA writable_schema = ON",
        "PRAGMA query_only = OFF",
        "PRAGMA trusted_schema = ON",
        "CREATE TEMP TABLE t (a)",
        "DELETE FROM areas",
        "UPDATE areas SET name = 'x'",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    ],
)
def test_whatever_is_asked_only_plain_tables_are_read(tmp_path: Path, statement: str) -> None:
    path = geopackage(tmp_path / "a.gpkg")
    with (
        pytest.raises(FileRefused, match=r"not authorized|prohibited|constructor failed"),
        reader.opened(path) as file,
    ):
        file._database.execute(statement).fetchall()


def test_no_work_is_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_STEPS_AT_LEAST", 10_000)
    monkeypatch.setattr(reader, "_STEPS_A_BYTE", 0)
    monkeypatch.setattr(reader, "_STEPS_BETWEEN_LOOKS", 1_000)
    path = geopackage(tmp_path / "a.gpkg", [("A", None)] * 5_000)
    assert "interrupted" in refusal(path)
