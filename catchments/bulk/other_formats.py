"""Formats that are not read: what a file is by its first bytes, and what to make of it."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.text_files import Looks, head_of, looks_of

ALLOWED = (
    "CSV in UTF-8 or UTF-16, gzip of it, Parquet and GeoParquet are read, and folders of Parquet."
)
_MAP = (
    "Export its points as GeoParquet or CSV, for example with QGIS, with "
    "`ogr2ogr points.parquet {}`, or with GeoPandas: read_file, to_parquet."
)
_SHEET = "Save the sheet as CSV UTF-8."
_FRAME = "Write it as Parquet, for example with pandas: read_feather, to_parquet."
_UNPACK = "Unpack it, and give the file in it."
_SHAPE = (b"\x00\x00\x27\x0a", "a Shapefile", _MAP)

_BEGINNINGS: Sequence[tuple[bytes, str, str]] = (
    _SHAPE,
    (b"fgb\x03fgb", "FlatGeobuf", _MAP),
    (b"ARROW1", "Feather, or another Arrow file", _FRAME),
    (b"FEA1", "Feather in its first version", _FRAME),
    (b"\xff\xff\xff\xff", "a stream of Arrow", _FRAME),
    (b"PAR1", "gzip of Parquet", _UNPACK),  # what is not packed has been read by now
    (b"PARE", "Parquet that is encrypted", "Write it without encryption."),
    (b"ORC", "ORC", "Write it as Parquet."),
    (b"Obj\x01", "Avro", "Write it as Parquet."),
    (b"BZh", "packed (bzip2)", _UNPACK),
    (b"\xfd7zXZ\x00", "packed (xz)", _UNPACK),
    (b"(\xb5/\xfd", "packed (zstd)", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "packed (7z)", _UNPACK),
    (b"Rar!", "packed (rar)", _UNPACK),
)
"""How binary formats begin, each as its own specification or `file`'s magic has it."""
_SQLITE = b"SQLite format 3\0"
_GEOPACKAGES = (b"GPKG", b"GP10", b"GP11")
"""The application_id at byte 68; GeoPackage 1.3, 1.1.1."""
_TAR = b"ustar"
_DBASE = b"\x03"
"""And then the date of its last change: years since 1900, month, day."""
_TAB = 9
_ZIP = b"PK"
_GEOJSON = (b'"featurecollection"', b'"feature"', b'"geometrycollection"')
_BY_LOOKS = {
    Looks.OLD_WORKBOOK: ("a workbook of the old format .xls, or one with a password", _SHEET),
    Looks.GZIP: ("gzip of a gzip file", _UNPACK),
    Looks.PDF: ("a PDF", "Ask whoever made it for the table."),
    Looks.WEB_PAGE: ("a web page", "Download it again; sign in first if the site asks for it."),
}
_BY_ENDING = {
    ".shp": ("a zipped Shapefile", _MAP.format("FILE.shp")),
    ".kml": ("KMZ, or zipped KML", _MAP.format("FILE.kml")),
    ".gpkg": ("a zipped GeoPackage", _UNPACK),
    ".parquet": ("zipped Parquet", "Unpack it, and give the file or the folder in it."),
    ".csv": ("zipped CSV", f"{_UNPACK[:-1]}; or pack it with gzip."),
}


def refuse_other(path: Path, head: bytes) -> None:
    """Raise FileRefused for a file that begins so, where it is no text of rows."""
    found = _named(path, head)
    if found is None:
        return
    what, next_step = found
    raise FileRefused(
        f"{shown(path.name)} is {what}.",
        allowed=ALLOWED,
        next_step=next_step.replace("{}", path.name if path.name.isprintable() else "FILE"),
    )


def refuse_folder(path: Path) -> None:
    """Raise FileRefused for a folder that is a format of its own."""
    if any(path.glob("*.gdbtable")):
        raise FileRefused(
            f"{shown(path.name)} is an Esri file geodatabase.",
            allowed=ALLOWED,
            next_step=_MAP.format(path.name),
        )
    if shapefile := next(path.glob("*.shp"), None):
        raise FileRefused(
            f"{shown(path.name)} is a folder with a Shapefile.",
            allowed=ALLOWED,
            next_step=_MAP.format(shapefile.name),
        )


def _named(path: Path, head: bytes) -> tuple[str, str] | None:
    if any(byte < _TAB for byte in head):  # else it may be text that happens to begin so
        begins = (each[1:] for each in _BEGINNINGS if head.startswith(each[0]))
        if found := next(begins, None):
            return found
    if head.startswith(_SQLITE):
        return _of_sqlite(head)
    if len(head) > 3 and head[:1] == _DBASE and 1 <= head[2] <= 12 and 1 <= head[3] <= 31:
        return "a table of dBASE, as a Shapefile has", _MAP
    if head[257:262] == _TAR:
        return "packed (tar)", _UNPACK
    return _by_looks(path, head)


def _by_looks(path: Path, head: bytes) -> tuple[str, str] | None:
    looks = looks_of(head)
    if looks is Looks.ZIP:
        return _of_zip(path)
    if looks is Looks.XML:
        return ("KML", _MAP) if b"<kml" in head.lower() else ("XML", _MAP)
    if looks is Looks.JSON:
        return _of_json(head)
    return _BY_LOOKS.get(looks)


def _of_sqlite(head: bytes) -> tuple[str, str]:
    if head[68:72] in _GEOPACKAGES:
        return "a GeoPackage", _MAP
    return "a database of SQLite", "Export the table as CSV or Parquet."


def _of_json(head: bytes) -> tuple[str, str]:
    plain = b"".join(head.lower().split())
    if any(kind in plain for kind in _GEOJSON):
        return "GeoJSON", _MAP
    if b'"topology"' in plain:
        return "TopoJSON", _MAP
    return "JSON", "Write it as CSV or Parquet, for example with pandas: read_json, to_parquet."


def _of_zip(path: Path) -> tuple[str, str]:
    """Name a zip by its members' names; nothing is unpacked."""
    if not head_of(path).startswith(_ZIP):
        return "gzip of a zip", _UNPACK
    try:
        with zipfile.ZipFile(path) as opened:
            names = opened.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a workbook or another zip, and damaged", "Download it again, or save it as CSV."
    if any(name.startswith("xl/") for name in names):
        return "a workbook (XLSX)", _SHEET
    if "content.xml" in names and "mimetype" in names:
        return "a document of LibreOffice (ODS)", _SHEET
    endings = {PurePosixPath(name).suffix.casefold() for name in names}
    found = next((what for ending, what in _BY_ENDING.items() if ending in endings), None)
    return found or ("a zip", "Unpack it, and give the table in it.")
