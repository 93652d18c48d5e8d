"""Files made to read a file of this machine: one for each way that is known, made here by code.

Each is to bring what stands in a *canary*, a file with a word that is nowhere else, to whoever
gives the file to one of our doors.
"""

from __future__ import annotations

import io
import sqlite3
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import shapely

AREA = shapely.box(174.3, -38.7, 174.9, -38.3)
APPLICATION_ID = 0x47504B47
"""GPKG."""

_CONTENTS = """
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT
(strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
srs_id INTEGER)
"""
_GEOMETRY_COLUMNS = """
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL)
"""
_REFERENCE_SYSTEMS = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
description TEXT)
"""
_EXTENSIONS = """
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
definition TEXT NOT NULL, scope TEXT NOT NULL)
"""


# --- a GeoPackage, without the programs that write them -------------------------------------------


@contextmanager
def _changing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database to be changed at once, without waiting for the disk."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = MEMORY")
        with database:
            yield database


def stored(wkb: bytes, *, flags: int = 1, system: int = 4326) -> bytes:
    """A geometry as GeoPackage keeps it."""
    return b"GP\0" + struct.pack("<Bi", flags, system) + wkb


POINT = stored(shapely.to_wkb(shapely.Point(174.5, -38.5)))
POLYGON = stored(shapely.to_wkb(AREA))


def geopackage(
    path: Path,
    rows: Sequence[tuple[Any, ...]] = (("A", POLYGON),),
    *,
    columns: str = "name TEXT, geom POLYGON",
    table: str = "areas",
    system: int = 4326,
) -> Path:
    """Write a GeoPackage with one layer; the columns stand after the feature's number."""
    quoted = table.replace('"', '""')
    with _changing(path) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for statement in (_CONTENTS, _GEOMETRY_COLUMNS, _REFERENCE_SYSTEMS, _EXTENSIONS):
            database.execute(statement)
        for known in (4326, 2193, 4167):
            row = (f"EPSG {known}", known, "EPSG", known, "undefined", "")
            database.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", row)
        database.execute(
            f'CREATE TABLE "{quoted}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {columns})'
        )
        name_layer(database, table, system)
        for number, row in enumerate(rows, start=1):
            marks = ", ".join("?" * (1 + len(row)))
            database.execute(f'INSERT INTO "{quoted}" VALUES ({marks})', (number, *row))
    return path


def name_layer(
    database: sqlite3.Connection, table: str, system: int = 4326, column: str = "geom"
) -> None:
    """Tell a GeoPackage of a layer of polygons."""
    contents = (table, "features", table, system)
    into = "gpkg_contents (table_name, data_type, identifier, srs_id)"
    database.execute(f"INSERT INTO {into} VALUES (?, ?, ?, ?)", contents)
    geometry = (table, column, "POLYGON", system, 0, 0)
    database.execute("INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, ?, ?)", geometry)


def entry(database: sqlite3.Connection, kind: str, name: str, sql: str, table: str = "") -> None:
    """Put an entry into a schema as it is; SQLite itself would not make it."""
    database.execute("PRAGMA writable_schema = ON")
    values = (kind, name, table or name, 0, sql)
    database.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", values)


# --- GeoPackages with tables that read files ------------------------------------------------------

Entries = Sequence[tuple[str, str, str]]
"""Kind, name and statement."""

_VIEW = (
    "CREATE VIEW leak AS SELECT t.rowid AS fid, quote(t.{column}) AS name, quote(t.{column})"
    " AS full_road_name, '1' AS address_number, a.geom AS geom FROM t, areas AS a"
)
"""It looks like a layer of areas, and like one of addresses."""


_OF_AN_INDEX = "USING rtree(id, minx, maxx, miny, maxy)"


def _reading(how: str, column: str = "COL001", create: str = "CREATE VIRTUAL TABLE") -> Entries:
    """A table `t` that opens a file, and a view over it that looks like a layer."""
    return [
        ("table", "t", f"{create} t USING {how}"),
        ("view", "leak", _VIEW.format(column=column)),
    ]


def _virtual_tables(canary: Path) -> dict[str, Entries]:
    of_index = _VIEW.format(column="COL001").replace("FROM t", "FROM rtree_areas_geom AS t")
    text = f"VirtualText('{canary}', 'UTF-8', 0, POINT, DOUBLEQUOTE, '|')"
    hidden = text[:-1] + " /* using rtree */)"
    path = str(canary)
    return {
        "VirtualText": _reading(text),
        "VirtualText, said to be an index": _reading(hidden),
        "a comment in CREATE": _reading(text, create="CREATE /**/ VIRTUAL TABLE"),
        "a comment in VIRTUAL": _reading(text, create="CREATE VIRTUAL /* x */ TABLE"),
        "a comment to the end of the line": _reading(text, create="CREATE--\nVIRTUAL--\nTABLE"),
        "tabs": _reading(hidden, create="CREATE\tVIRTUAL\tTABLE"),
        "new lines": _reading(hidden, create="create\n\r\nvirtual\f\ntable"),
        "a no-break space": _reading(hidden, create="CREATE\u00a0VIRTUAL TABLE"),
        "a blank before": _reading(hidden, create=" CREATE VIRTUAL TABLE"),
        "if it is not there": _reading(hidden, create="CREATE VIRTUAL TABLE IF NOT EXISTS"),
        "a quoted module": _reading(hidden.replace("VirtualText", '"VirtualText"', 1)),
        "a module in brackets": _reading(hidden.replace("VirtualText", "[VirtualText]", 1)),
        "VirtualShape": _reading(
            f"VirtualShape('{path}', 'UTF-8', 4326 /* using rtree */)", "rowid"
        ),
        "VirtualDbf": _reading(f"VirtualDbf('{path}', 'UTF-8' /* using rtree */)", "rowid"),
        "VirtualXL": _reading(f"VirtualXL('{path}', 0, 1 /* using rtree */)"),
        "VirtualGeoJSON": _reading(f"VirtualGeoJSON('{path}', 4326 /* using rtree */)", "rowid"),
        "VirtualXPath": _reading("VirtualXPath('areas', 'name' /* using rtree */)", "value"),
        "VirtualOGR": _reading(f"VirtualOGR('CSV:{path}' /* using rtree */)", "field_1"),
        "VirtualOGR of a zip": _reading(f"VirtualOGR('/vsizip/{path}' /* using rtree */)", "rowid"),
        "VirtualOGR of an address": _reading(
            "VirtualOGR('/vsicurl/http://127.0.0.1:9/x.csv' /* using rtree */)", "field_1"
        ),
        "VirtualSpatialIndex": _reading("VirtualSpatialIndex( /* using rtree */)", "rowid"),
        "VirtualKNN": _reading("VirtualKNN( /* using rtree */)", "fid"),
        "VirtualElementary": _reading("VirtualElementary( /* using rtree */)", "item_no"),
        "VirtualNetwork": _reading("VirtualNetwork('areas' /* using rtree */)", "NodeFrom"),
        "fts3 with a tokenizer": _reading("fts3(a, tokenize=icu)", "a"),
        "fts5": _reading("fts5(a)", "a"),
        "zipfile": _reading(f"zipfile('{path}' /* using rtree */)", "data"),
        "csv": _reading(f"csv(filename='{path}' /* using rtree */)", "c0"),
        "fsdir": _reading(f"fsdir('{path}' /* using rtree */)", "data"),
        "dbstat": _reading("dbstat(main /* using rtree */)", "name"),
        "sqlite_stmt": _reading("sqlite_stmt( /* using rtree */)", "sql"),
        "a table that says it is one": [
            ("table", "t", f"CREATE VIRTUAL TABLE t USING {hidden}"),
            ("table", "leak", f"CREATE VIRTUAL TABLE leak USING {hidden}"),
        ],
        "an index of a layer": [
            ("table", "rtree_areas_geom", f"CREATE VIRTUAL TABLE rtree_areas_geom USING {hidden}"),
            ("view", "leak", of_index),
        ],
        "an index that is spelled so": [
            (
                "table",
                "rtree_areas_geom",
                f"CREATE VIRTUAL TABLE [rtree_areas_geom] USING {text} -- {_OF_AN_INDEX}",
            )
        ],
    }


def _views(canary: Path) -> dict[str, Entries]:
    """Views, and other entries, that call what reads a file."""
    calls = {
        "readfile": f"readfile('{canary}')",
        "load_extension": f"load_extension('{canary}')",
        "fts3_tokenizer": "fts3_tokenizer('simple')",
        "writefile": f"writefile('{canary}.x', 'x')",
        "BlobFromFile": f"BlobFromFile('{canary}')",
        "XB_LoadXML": f"XB_LoadXML('{canary}')",
        "ogr_layer_Extent": f"ogr_layer_Extent('{canary}')",
        "edit": "edit('x', 'cat')",
    }
    found: dict[str, Entries] = {
        f"a view that calls {name}": [
            ("view", "leak", f"CREATE VIEW leak AS SELECT fid, {call} AS name, geom FROM areas")
        ]
        for name, call in calls.items()
    }
    attach = f"ATTACH '{canary}' AS other"
    loading = f"SELECT load_extension('{canary}')"
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    schema = "SELECT fid, sql AS name, geom FROM areas, sqlite_master"
    return {
        **found,
        "a trigger that reads": [
            (
                "trigger",
                "leak",
                f"CREATE TRIGGER leak AFTER INSERT ON areas BEGIN {loading}; END",
            )
        ],
        "a trigger that attaches": [
            ("trigger", "leak", f"CREATE TRIGGER leak AFTER INSERT ON areas BEGIN {attach}; END")
        ],
        "a statement that attaches": [("table", "leak", attach)],
        "a view that never ends": [
            (
                "view",
                "leak",
                f"CREATE VIEW leak AS {endless} SELECT i AS fid, i AS name, NULL AS geom FROM n",
            )
        ],
        "a view called a table": [
            (
                "table",
                "leak",
                f"CREATE VIEW leak AS {schema}",
            )
        ],
        "a view with two names": [
            ("table", "other", "CREATE VIEW leak AS SELECT * FROM areas"),
        ],
        "a temporary table": [("table", "leak", "CREATE TEMP TABLE leak (fid, name, geom)")],
    }


def _computed(canary: Path) -> dict[str, str]:
    """Tables with something in them that is worked out when they are read."""
    return {
        "a computed column": f"x TEXT AS (CAST(readfile('{canary}') AS TEXT)) VIRTUAL",
        "a computed column of SQLite's": "x TEXT AS (printf('%.*c', 900000000, 'x')) VIRTUAL",
        "a check": f"x TEXT CHECK (load_extension('{canary}') IS NULL)",
        "a default": f"x TEXT DEFAULT (readfile('{canary}'))",
    }


def geopackages(canary: Path, folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield for each way what it is, and a file's name and bytes."""
    for way, entries in {**_virtual_tables(canary), **_views(canary)}.items():
        yield way, "evil.gpkg", _with_entries(folder / "evil.gpkg", entries)
    for way, column in _computed(canary).items():
        yield way, "evil.gpkg", _with_column(folder / "evil.gpkg", column)
    for way, change in _CHANGED.items():
        path = geopackage(folder / "evil.gpkg")
        with _changing(path) as database:
            change(database, canary)
        yield way, "evil.gpkg", _taken(path)


def _with_entries(path: Path, entries: Entries) -> bytes:
    geopackage(path)
    with _changing(path) as database:
        for kind, name, sql in entries:
            entry(database, kind, name, sql, "areas" if kind == "trigger" else name)
        name_layer(database, "leak")
    return _taken(path)


def _with_column(path: Path, column: str) -> bytes:
    """A layer whose table is made with a column of functions that SQLite here does not know."""
    geopackage(path)
    with _changing(path) as database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'geom POLYGON', ?) WHERE name = 'areas'",
            (f"geom POLYGON, {column}",),
        )
    return _taken(path)


def _taken(path: Path) -> bytes:
    content = path.read_bytes()
    path.unlink()
    return content


def _replaced_by(name: str, kind: str, sql: str) -> Callable[[sqlite3.Connection, Path], None]:
    """Return what puts a view or a virtual table in the place of a table."""

    def change(database: sqlite3.Connection, canary: Path) -> None:
        database.execute(f"ALTER TABLE {name} RENAME TO old_one")
        entry(database, kind, name, sql.format(canary=canary))

    return change


def _pointing_at_the_schema(database: sqlite3.Connection, _canary: Path) -> None:
    name_layer(database, "sqlite_master", column="sql")


def _pointing_at(table: str) -> Callable[[sqlite3.Connection, Path], None]:
    return lambda database, canary: name_layer(database, table.format(canary=canary))


def _defined_by(text: str) -> Callable[[sqlite3.Connection, Path], None]:
    def change(database: sqlite3.Connection, canary: Path) -> None:
        values = ("own", 9, "NONE", 9, text.format(canary=canary), "")
        database.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", values)
        database.execute("UPDATE gpkg_geometry_columns SET srs_id = 9")

    return change


_TEXT = "VirtualText('{canary}', 'UTF-8', 0, POINT, DOUBLEQUOTE, '|' /* using rtree */)"
_CHANGED: Mapping[str, Callable[[sqlite3.Connection, Path], None]] = {
    "contents that are a view": _replaced_by(
        "gpkg_contents", "view", "CREATE VIEW gpkg_contents AS SELECT * FROM old_one"
    ),
    "contents that are a virtual table": _replaced_by(
        "gpkg_contents", "table", f"CREATE VIRTUAL TABLE gpkg_contents USING {_TEXT}"
    ),
    "geometry columns that are a virtual table": _replaced_by(
        "gpkg_geometry_columns",
        "table",
        f"CREATE /**/ VIRTUAL TABLE gpkg_geometry_columns USING {_TEXT}",
    ),
    "reference systems that are a virtual table": _replaced_by(
        "gpkg_spatial_ref_sys",
        "table",
        f"CREATE /**/ VIRTUAL TABLE gpkg_spatial_ref_sys USING {_TEXT}",
    ),
    "a layer that is the schema": _pointing_at_the_schema,
    "a layer named as a statement": _pointing_at(
        "areas\" UNION SELECT 1, readfile('{canary}'), geom FROM \"areas"
    ),
    "a layer named as a pragma": _pointing_at("pragma_database_list"),
    "a layer that is a function": _pointing_at("json_each('[1]')"),
    "a layer of another database": _pointing_at("temp.sqlite_master"),
    "a reference system in a file": _defined_by("+init={canary}:x"),
    "a reference system with a grid": _defined_by("+proj=longlat +nadgrids={canary} +type=crs"),
}


# --- other kinds of files -------------------------------------------------------------------------

_RING = "174.3,-38.7 174.9,-38.7 174.9,-38.3 174.3,-38.7"
_PLACEMARK = (
    "<Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
    + _RING
    + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
)
_KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>'


def _kml(inside: str, name: str = "A", before: str = "") -> bytes:
    placed = inside + _PLACEMARK.format(name=name)
    return (before + _KML.format(inside=placed)).encode()


def _vrt(canary: Path, driver: str = "CSV") -> str:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="{canary.stem}"><SrcDataSource>{driver}:{canary}'
        "</SrcDataSource><SrcLayer>canary</SrcLayer></OGRVRTLayer></OGRVRTDataSource>"
    )


def texts(canary: Path, folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield files of text: KML, GeoJSON, CSV, and what GDAL knows under other names."""
    entity = f'<!DOCTYPE kml [<!ENTITY c SYSTEM "{canary.as_uri()}">]>'
    outer = f'<!DOCTYPE kml SYSTEM "{canary.as_uri()}">'
    link = f"<NetworkLink><Link><href>{canary.as_uri()}</href></Link></NetworkLink>"
    include = f'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{canary}"/></x>'
    vrt = _vrt(canary)
    yield "an entity", "evil.kml", _kml("", "&c;", entity)
    yield "an outer document type", "evil.kml", _kml("", "A", outer)
    yield "an entity in UTF-16", "evil.kml", _kml("", "&c;", entity).decode().encode("utf-16")
    yield "a link and a map", "evil.kml", _kml(link)
    yield "a link alone", "evil.kml", _KML.format(inside=link).encode()
    yield "an inclusion", "evil.kml", _kml(include)
    yield "a style elsewhere", "evil.kml", _kml(f"<styleUrl>{canary.as_uri()}#x</styleUrl>")
    yield (
        "a picture",
        "evil.kml",
        _kml(f"<GroundOverlay><Icon><href>{canary}</href></Icon></GroundOverlay>"),
    )
    yield "a VRT in KML", "evil.kml", _kml(vrt)
    yield "a VRT in a comment of KML", "evil.kml", _kml("", before=f"<!-- {vrt} -->")
    yield "a VRT in an instruction", "evil.kml", _kml("", before=f"<?x {vrt} ?>")
    for suffix in ("kml", "geojson", "json", "csv", "gpkg", "zip", "kmz", "vrt", "shp"):
        yield f"a VRT for .{suffix}", f"evil.{suffix}", vrt.encode()
        gml = f'<!DOCTYPE x [<!ENTITY c SYSTEM "{canary.as_uri()}">]><gml:x>&c;</gml:x>'
        yield f"GML named .{suffix}", f"evil.{suffix}", gml.encode()
    yield "a path alone", "evil.csv", str(canary).encode()
    geometry = shapely.to_geojson(AREA)
    for text in (f"+init={canary}:x", f"+proj=longlat +nadgrids={canary}", str(canary)):
        crs = f'{{"type": "name", "properties": {{"name": "{text}"}}}}'
        feature = f'{{"type": "Feature", "properties": {{"name": "A"}}, "geometry": {geometry}}}'
        content = f'{{"type": "FeatureCollection", "crs": {crs}, "features": [{feature}]}}'
        yield f"GeoJSON in the system {text.partition('/')[0]}", "evil.geojson", content.encode()
    href = f'{{"type": "link", "properties": {{"href": "{canary.as_uri()}"}}}}'
    content = f'{{"type": "FeatureCollection", "crs": {href}, "features": [{feature}]}}'
    yield "GeoJSON with its system in a file", "evil.geojson", content.encode()
    outside = feature.replace(str(geometry), f'{{"$ref": "{canary.as_uri()}"}}')
    yield "GeoJSON with a reference", "evil.geojson", outside.encode()
    wkt = f'WKT,name\n"{AREA.wkt}; SELECT readfile(\'{canary}\')",A\n"{AREA.wkt}",A\n'
    yield "CSV with a statement", "evil.csv", wkt.encode()
    yield "CSV with a path", "evil.csv", f'WKT,name\n"{canary}",A\n'.encode()
    yield (
        "CSV with a formula",
        "evil.csv",
        (f'WKT,name\n"{AREA.wkt}","=WEBSERVICE(""{canary.as_uri()}"")"\n'.encode()),
    )


# --- archives -------------------------------------------------------------------------------------


def archives(canary: Path, folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield zips and KMZ with links, climbing paths, and parts that point elsewhere."""
    parts = _shapefile(folder)
    linked = {
        f"a {suffix} that is a link": suffix for suffix in ("shp", "shx", "dbf", "prj", "cpg")
    }
    for way, suffix in linked.items():
        yield way, "evil.zip", _zip(parts, links={f"areas.{suffix}": str(canary)})
    yield "an index that is a link", "evil.zip", _zip(parts, links={"areas.qix": str(canary)})
    yield "a folder that is a link", "evil.zip", _zip(parts, links={"up": str(canary.parent)})
    yield "a path that climbs", "evil.zip", _zip({**parts, "../../evil.shp": b"x"})
    yield "a path from the root", "evil.zip", _zip({**parts, str(canary): b"x"})
    yield (
        "a code page that is a path",
        "evil.zip",
        _zip({**parts, "areas.cpg": str(canary).encode()}),
    )
    named = f'GEOGCS["x",DATUM["x",SPHEROID["x",1,2]],EXTENSION["PROJ4","+init={canary}:x"]]'
    yield "a system in a file", "evil.zip", _zip({**parts, "areas.prj": named.encode()})
    yield "a system that is a path", "evil.zip", _zip({**parts, "areas.prj": str(canary).encode()})
    init = f"+init={canary}:x".encode()
    yield "a system as PROJ writes it", "evil.zip", _zip({**parts, "areas.prj": init})
    yield "a VRT in a zip", "evil.zip", _zip({"areas.vrt": _vrt(canary).encode(), **parts})
    yield "a VRT named .shp", "evil.zip", _zip({**parts, "areas.shp": _vrt(canary).encode()})
    yield "a VRT named .dbf", "evil.zip", _zip({**parts, "areas.dbf": _vrt(canary).encode()})
    yield "a KMZ that is a link", "evil.kmz", _zip({}, links={"doc.kml": str(canary)})
    href = f"<NetworkLink><Link><href>{canary}</href></Link></NetworkLink>"
    yield "a KMZ with a link", "evil.kmz", _zip({"doc.kml": _kml(href)})
    link = "<NetworkLink><Link><href>files/x.kml</href></Link></NetworkLink>"
    yield (
        "a KMZ with a link to a link",
        "evil.kmz",
        _zip({"doc.kml": _kml(link)}, links={"files/x.kml": str(canary)}),
    )
    yield "a KMZ with a VRT", "evil.kmz", _zip({"doc.kml": _vrt(canary).encode()})


def _zip(members: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members.items():
            if name not in (links or {}):
                archive.writestr(name, content)
        for name, target in (links or {}).items():
            about = zipfile.ZipInfo(name)
            about.create_system = 3
            about.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(about, target)
    return packed.getvalue()


def _shapefile(folder: Path) -> dict[str, bytes]:
    import numpy as np
    import pyogrio.raw

    path = folder / "areas.shp"
    pyogrio.raw.write(
        path,
        shapely.to_wkb([AREA]),
        [np.array(["A"], dtype=object)],
        ["name"],
        geometry_type="Polygon",
        crs="EPSG:4326",
    )
    return {part.name: part.read_bytes() for part in sorted(folder.glob("areas.*"))}


# --- workbooks ------------------------------------------------------------------------------------


def workbooks(canary: Path, sheet_of: Callable[[str], bytes]) -> Iterator[tuple[str, str, bytes]]:
    """Yield workbooks made of a plain one, whose only text is the word that is put in its place."""
    entity = f'<!DOCTYPE x [<!ENTITY c SYSTEM "{canary.as_uri()}">]>'
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml"):
        yield f"an entity in {part}", "evil.xlsx", _with_entity(sheet_of("PLACE"), part, entity)
    formula = f'=WEBSERVICE("{canary.as_uri()}")'
    yield "a formula", "evil.xlsx", sheet_of(formula)
    yield "a link to another", "evil.xlsx", sheet_of(f"='[{canary}]Sheet1'!A1")


def _with_entity(workbook: bytes, part: str, entity: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    text = members[part].decode().replace("PLACE", "&c;")
    start = text.index("?>") + 2 if text.startswith("<?xml") else 0
    members[part] = (text[:start] + entity + text[start:]).encode()
    return _zip(members)


# --- all of them ----------------------------------------------------------------------------------

WORD = "Kiwi7Canary"
LEAKED = (
    "a comment in CREATE",
    "VirtualText, said to be an index",
    "new lines",
    "a module in brackets",
    "an index of a layer",
    "a computed column of SQLite's",
    "a reference system in a file",
    "GeoJSON in the system +init=",
    "a VRT in an instruction",
    "a dbf that is a link",
)
"""Ways of which most brought the canary out, or held the reader, before GeoPackages were read
without GDAL; and some of each other kind of file."""


def canary_in(folder: Path) -> Path:
    """Write a canary: a file that a table of text, or PROJ, can read."""
    path = folder / "canary" / "canary.csv"
    path.parent.mkdir()
    path.write_text(f"<{WORD}>\n{WORD},second\n<x> +proj=longlat +title={WORD} <>\n")
    return path


def of_areas(canary: Path, folder: Path) -> dict[str, tuple[str, bytes]]:
    """Return every file for the doors that take areas and catchments, by its way."""
    folder.mkdir(exist_ok=True)
    made = [*geopackages(canary, folder), *texts(canary, folder), *archives(canary, folder)]
    found = {way: (name, content) for way, name, content in made}
    assert len(found) == len(made), "every way has a name of its own"
    return found
