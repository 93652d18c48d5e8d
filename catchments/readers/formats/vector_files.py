"""One boundary file of any format → its layers: raw features, and the CRS they say they are in.

KML and KMZ (Google My Maps) and zipped Shapefile go through GDAL; GeoPackage, GeoJSON and CSV with
WKT are read here. GDAL guesses a file's format from its bytes, and some formats it knows read
other files or the network. So a file is first shown to be what its name says, is read from a copy
of its own in an empty folder, and an archive is unpacked here, within limits, never by GDAL.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.core.text_folding import folded
from catchments.geometry import wkb
from catchments.geometry.coordinates import WGS84
from catchments.readers.formats import geopackage
from catchments.readers.formats.archives import unpacked_members
from catchments.readers.formats.feature_fields import tidy_value
from catchments.readers.formats.file_checks import (
    ALLOWED,
    MAX_FILE_BYTES,
    check_is_file,
    not_what_it_says,
)
from catchments.readers.formats.geopackage import GeoPackage, Row, TableLayer

_SHAPEFILE_PARTS = {".shp", ".shx", ".dbf", ".prj", ".cpg"}
_DRIVERS = {".kml": "LIBKML", ".shp": "ESRI Shapefile"}
_GUESSED_FROM_BYTES = 100_000
"""From no more of a file's start does GDAL guess its format: most drivers look at 1,024."""
_GEOJSON_TYPES = {"FeatureCollection", "Feature"}
_CSV_FIELD_CHARACTERS = MAX_FILE_BYTES
_COLLECTION = "GEOMETRYCOLLECTION"
_NO_MILLISECONDS = re.compile(r"\.000(?=Z|[+-]|$)")
_VALUES_A_BYTE = 20
"""What the values of a table may come to for a byte of its file: SQLite keeps the value that a
column was added with once for all rows."""


@dataclass(frozen=True)
class Layer:
    """One layer as it was read: its name, CRS, and for each feature a geometry and its values."""

    name: str
    crs: str | None
    geometries: Sequence[BaseGeometry | None]
    values: Sequence[Mapping[str, str]]


def read_layers(path: Path) -> list[Layer]:
    """Return the layers of a file; raises FileRefused when it is not what its name says."""
    check_is_file(path)
    reader = _READERS.get(path.suffix.casefold())
    if reader is None:
        hint = "Zip the .shp with its .shx, .dbf and .prj. " if _is_shapefile_part(path) else ""
        raise FileRefused(
            f"{shown(path.name)} is in no format that is read here.",
            allowed=ALLOWED,
            next_step=hint.strip(),
        )
    return reader(path)


def _is_shapefile_part(path: PurePath) -> bool:
    return path.suffix.casefold() in _SHAPEFILE_PARTS


# --- KML ------------------------------------------------------------------------------------------


def _read_plain_kml(file: Path, path: Path) -> list[Layer]:
    """Return the layers of a KML file; `path` is the file a person gave, for messages."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "source.kml"
        contents = _kml_written_anew(file, copy, path)
        if contents.links and not contents.placemarks:
            raise FileRefused(
                f"{shown(path.name)} holds only a link to a map, not the map.",
                next_step="Export it again and untick “Keep data up to date with network link”.",
            )
        return _read_with_gdal(copy, path, "KML")


class _KmlContents:
    """Counts what a KML file holds while it is parsed, and refuses one that is not plain.

    Writes it anew as it goes, elements and text alone. GDAL's own reader of XML takes some comments
    and instructions for elements, and it guesses a file's format by words near its start, where
    here nothing stands but `<kml`.
    """

    def __init__(self, path: Path, copy: IO[str]) -> None:
        self.links = 0
        self.placemarks = 0
        self._path, self._copy = path, copy
        self._begun = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._begun and local != "kml":
            raise not_what_it_says(self._path, "KML", f"it begins with <{local}>")
        self._copy.write(f"<{name}" if self._begun else f"<{name}{' ' * _GUESSED_FROM_BYTES}")
        self._copy.writelines(f" {key}={quoteattr(text)}" for key, text in attributes.items())
        self._copy.write(">")
        self._begun = True
        self.links += local == "NetworkLink"
        self.placemarks += local == "Placemark"

    def end(self, name: str) -> None:
        self._copy.write(f"</{name}>")

    def text(self, text: str) -> None:
        self._copy.write(escape(text))

    def declaration(self, *_: object) -> None:
        """Refuse a document type: its entities could grow without end or read files."""
        raise FileRefused(
            f"{shown(self._path.name)} declares a document type or entities, which KML has no use"
            " for.",
            next_step="Export it again; do not use this file.",
        )


def _kml_written_anew(kml: Path, copy: Path, path: Path) -> _KmlContents:
    """Return what a KML file holds, when it is well-formed and plain; GDAL sees the copy only."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    try:
        with kml.open("rb") as file, copy.open("w", encoding="utf-8") as written:
            contents = _KmlContents(path, written)
            parser.StartElementHandler = contents.start
            parser.EndElementHandler = contents.end
            parser.CharacterDataHandler = contents.text
            parser.StartDoctypeDeclHandler = contents.declaration
            parser.EntityDeclHandler = contents.declaration
            parser.ParseFile(file)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise not_what_it_says(path, "KML", error) from error
    return contents


# --- GeoPackage -----------------------------------------------------------------------------------


def _read_geopackage(path: Path) -> list[Layer]:
    with geopackage.opened(path) as file:
        room = _Room(path)
        layers = [layer for layer in file.layers if layer.geometry_column is not None]
        return [_geopackage_layer(file, layer, path, room) for layer in layers]


def _geopackage_layer(file: GeoPackage, layer: TableLayer, path: Path, room: _Room) -> Layer:
    geometries: list[BaseGeometry | None] = []
    values = []
    for number, row in enumerate(file.rows(layer, layer.fields), start=1):
        room.take(row)
        where = f"layer {shown(layer.name)}, feature {number}"
        geometries.append(_stored_geometry(row.geometry, path, where))
        texts = zip(layer.fields.items(), row.values, strict=True)
        values.append(
            {
                name: tidy_value(name, _as_declared(declared, value))
                for (name, declared), value in texts
            }
        )
    return Layer(layer.name, layer.crs, geometries, values)


class _Room:
    """How much may come out of one file: a table can be made to give its bytes over and over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = _VALUES_A_BYTE * path.stat().st_size

    def take(self, row: Row) -> None:
        """Note what came out. Raises FileRefused where no honest file holds so much."""
        taken = [row.geometry, *row.values]
        self._left -= sum(len(value) for value in taken if isinstance(value, str | bytes))
        if self._left < 0:
            raise not_what_it_says(self._path, "whole", "it holds more than it has bytes for")


def _stored_geometry(stored: bytes | None, path: Path, where: str) -> BaseGeometry | None:
    if stored is None:
        return None
    try:
        return wkb.read(geopackage.wkb_of(stored), wkb.ALL_KINDS, on_invalid="fix")
    except InputRefused as error:
        raise FileRefused(
            f"{shown(path.name)}, {where}: {error.problem}",
            allowed=error.allowed,
            next_step="Convert it to polygons with straight edges, and export it again.",
        ) from error
    except ValueError as error:
        raise not_what_it_says(path, "whole", f"{where}: {error}") from error


def _as_declared(declared: str, value: object) -> object:
    """Return a value of a GeoPackage's table as what its column says that it is."""
    if declared == "BOOLEAN" and value in (0, 1):
        return bool(value)
    if declared == "DATETIME" and isinstance(value, str):
        return _NO_MILLISECONDS.sub("", value)
    return value


# --- GDAL -----------------------------------------------------------------------------------------


def _read_with_gdal(copy: Path, path: Path, kind: str) -> list[Layer]:
    """Return every layer of a checked copy, whose name is ours; `path` is for messages."""
    import geopandas  # it brings pandas and Arrow: half of what reading a small file takes

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL warns of what the report says in our words
            names = geopandas.list_layers(copy).dropna()["name"]
            return [_gdal_layer(copy, str(name), path) for name in names]
    except (RuntimeError, ValueError, UnicodeError, shapely.errors.GEOSException) as error:
        raise not_what_it_says(path, kind, error) from error
    except UnboundLocalError as error:  # pyogrio 0.13, for a .prj that is not UTF-8
        raise not_what_it_says(path, kind, "its CRS cannot be read") from error


def _gdal_layer(copy: Path, name: str, path: Path) -> Layer:
    import geopandas
    import pyogrio

    about = pyogrio.read_info(copy, layer=name)
    if about["driver"] != _DRIVERS[copy.suffix]:
        raise not_what_it_says(path, f"{copy.suffix[1:]}", f"GDAL takes it for {about['driver']}")
    # A table asks PROJ for its CRS at once; what a file says of it is first to be looked at.
    copy.with_suffix(".prj").unlink(missing_ok=True)
    table = geopandas.read_file(copy, layer=name, on_invalid="fix", datetime_as_string=True)
    shapes = table.pop("geometry")
    if shapes.isna().any():  # only then: GDAL parses a file anew each time that it is asked
        _refuse_unreadable(shapes, copy, name, path)
    values = [
        {str(field): tidy_value(str(field), value) for field, value in row.items()}
        for row in table.to_dict("records")
    ]
    return Layer(path.stem if name == "source" else name, about["crs"], list(shapes), values)


def _refuse_unreadable(shapes: Any, copy: Path, name: str, path: Path) -> None:
    """Refuse shapes that stand in the file, but which GEOS could not make anything of."""
    import pyogrio

    _, (west, *_) = pyogrio.read_bounds(copy, layer=name)
    for at in np.flatnonzero(shapes.isna() & ~np.isnan(west)):
        lost = f"layer {name}, feature {at + 1} has a shape that cannot be read"
        raise not_what_it_says(path, "whole", lost)


# --- GeoJSON --------------------------------------------------------------------------------------


def _read_geojson(path: Path) -> list[Layer]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise not_what_it_says(path, "GeoJSON", error) from error
    if not isinstance(content, dict) or content.get("type") not in _GEOJSON_TYPES:
        raise not_what_it_says(path, "GeoJSON", "it is no FeatureCollection")
    features = content.get("features") if content["type"] == "FeatureCollection" else [content]
    if not isinstance(features, list):
        raise not_what_it_says(path, "GeoJSON", "it has no features")
    read = [_geojson_feature(feature, path, at) for at, feature in enumerate(features, start=1)]
    name = content.get("name")
    return [
        Layer(
            name if isinstance(name, str) else path.stem,
            _geojson_crs(content),
            [geometry for geometry, _ in read],
            [values for _, values in read],
        )
    ]


def _geojson_crs(content: Mapping[str, Any]) -> str:
    """Return the CRS an old GeoJSON names; RFC 7946 has WGS 84 only."""
    try:
        return str(content["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        return WGS84


def _geojson_feature(
    feature: Any, path: Path, number: int
) -> tuple[BaseGeometry | None, dict[str, str]]:
    try:
        geometry = feature.get("geometry")
        properties = feature.get("properties") or {}
        with np.errstate(invalid="ignore"):
            made = shapely.from_geojson(json.dumps(geometry)) if geometry else None
        return made, {str(name): tidy_value(str(name), v) for name, v in properties.items()}
    except (AttributeError, TypeError, ValueError, shapely.errors.GEOSException) as error:
        raise not_what_it_says(path, "GeoJSON", f"feature {number}: {error}") from error


# --- CSV ------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> list[Layer]:
    previous = csv.field_size_limit(_CSV_FIELD_CHARACTERS)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restkey="", strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise not_what_it_says(path, "CSV", error) from error
    finally:
        csv.field_size_limit(previous)
    column = next((name for name in (rows[0] if rows else {}) if folded(name) == "wkt"), None)
    if column is None:
        raise FileRefused(f"{shown(path.name)} has no rows with a WKT column.", allowed=ALLOWED)
    geometries = [_from_wkt(row[column], path, at) for at, row in enumerate(rows, start=1)]
    values = [
        {name: tidy_value(name, value) for name, value in row.items() if name and name != column}
        for row in rows
    ]
    return [Layer(path.stem, WGS84, geometries, values)]


def _from_wkt(text: str | None, path: Path, number: int) -> BaseGeometry | None:
    if not text:
        return None
    if text.upper().count(_COLLECTION) > 1:  # GEOS reads one in another by calling itself
        raise not_what_it_says(path, "CSV with WKT", f"row {number} has collections in each other")
    try:
        with np.errstate(invalid="ignore"):
            geometry = shapely.from_wkt(text, on_invalid="fix")
    except (ValueError, shapely.errors.GEOSException) as error:
        raise not_what_it_says(path, "CSV with WKT", f"row {number}: {error}") from error
    if geometry is None:
        raise not_what_it_says(path, "CSV with WKT", f"row {number}: {text}")
    return geometry


# --- archives -------------------------------------------------------------------------------------


def _read_kmz(path: Path) -> list[Layer]:
    with tempfile.TemporaryDirectory() as folder:
        names = unpacked_members(
            path, Path(folder), lambda member: member.suffix.casefold() == ".kml"
        )
        if not names:
            raise FileRefused(f"{shown(path.name)} has no KML in it.", next_step="Export it again.")
        return [layer for kml in names for layer in _read_plain_kml(kml, path)]


def _read_zip(path: Path) -> list[Layer]:
    with tempfile.TemporaryDirectory() as folder:
        files = unpacked_members(path, Path(folder), _is_shapefile_part)
        shapefiles = [file for file in files if file.suffix == ".shp"]
        if not shapefiles:
            raise FileRefused(
                f"{shown(path.name)} has no Shapefile in it.",
                allowed="A zip must have a .shp with its .shx, .dbf and .prj.",
            )
        return [layer for file in shapefiles for layer in _read_shapefile(file, path)]


def _read_shapefile(file: Path, path: Path) -> list[Layer]:
    with file.open("rb") as opened:
        magic = opened.read(4)
    missing = [part for part in (".shx", ".dbf") if not file.with_suffix(part).exists()]
    if missing or magic != b"\x00\x00\x27\x0a":
        lacks = f"its {' and '.join(missing)} is missing" if missing else ""
        raise not_what_it_says(path, "a whole Shapefile", lacks)
    return _read_with_gdal(file, path, "a zipped Shapefile")


_READERS: Mapping[str, Callable[[Path], list[Layer]]] = {
    ".kml": lambda path: _read_plain_kml(path, path),
    ".kmz": _read_kmz,
    ".geojson": _read_geojson,
    ".json": _read_geojson,
    ".gpkg": _read_geopackage,
    ".zip": _read_zip,
    ".csv": _read_csv,
}
