"""One boundary file of any format → its layers: raw features, and the CRS they say they are in.

Only a Shapefile goes through GDAL, and Parquet through a program of its own; every other format is
read here. GDAL guesses a file's format from its bytes, and some formats it knows read other files
or the network. So what it gets is first shown to be what its name says, stands in an empty folder,
and was unpacked here, within limits.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.file_refusals import ALLOWED, check_is_file
from catchments.readers.formats.parquet.file_ends import ENCRYPTED, MARK
from catchments.readers.formats.vectors.json_files import read_json
from catchments.readers.formats.vectors.kml import read_plain_kml
from catchments.readers.formats.vectors.layers import Layer
from catchments.readers.formats.vectors.shapefiles import PARTS
from catchments.readers.formats.vectors.zips import OTHERS, read_zip
from catchments.readers.report import Report

_HEAD_BYTES = 512
_KINDS: tuple[tuple[tuple[bytes, ...], str, tuple[str, ...]], ...] = (
    ((b"PK\x03\x04",), "a zip", (".zip", ".kmz")),
    ((b"SQLite format 3\0",), "a GeoPackage, or another database", (".gpkg",)),
    ((b"<?xml", b"<kml"), "KML, or other XML", (".kml",)),
    ((MARK, ENCRYPTED), "GeoParquet, or other Parquet", (".parquet", ".geoparquet")),
    ((b"{",), "JSON", (".geojson", ".topojson", ".json", ".geojsonl", ".geojsons")),
)
"""How files of each kind begin, and what their names end in."""
EVERY_LAYER = "*"
"""Stands for all layers of a file."""


def read_layers(path: Path, report: Report) -> list[Layer]:
    """Return the layers of a file; `report` is told what else is in it.

    Raises FileRefused when it is not what its name says.
    """
    check_is_file(path)
    ending = path.suffix.casefold()
    _refuse_other_kind(path, ending)
    reader = READERS.get(ending)
    if reader is None:
        is_part = ending in PARTS
        raise FileRefused(
            f"{shown(path.name)} is in no format that is read here.",
            allowed=ALLOWED,
            next_step="Zip the .shp with its .shx, .dbf and .prj."
            if is_part
            else "Export it again as one of these.",
        )
    return reader(path, report)


def _refuse_other_kind(path: Path, ending: str) -> None:
    """Refuse a file whose name says another kind than its first bytes do."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    for marks, kind, endings in _KINDS:
        if start.startswith(marks) and ending in _NAMED and ending not in endings:
            raise FileRefused(
                f"{shown(path.name)} is {kind} by its content, not what its name says.",
                allowed=ALLOWED,
                next_step=f"Call it {' or '.join(endings)}, or export it again.",
            )


def chosen_layers(
    layers: Sequence[Layer], wanted: Sequence[str], path: Path, report: Report
) -> list[Layer]:
    """Return the layers that are wanted by name; the others are reported as left out.

    Where none is named, all of them: folders of one map belong together, but of two layers with
    areas of any other file one may be the other's former state. Raises FileRefused for those, and
    for a name that no layer has.
    """
    if EVERY_LAYER in wanted:
        return list(layers)
    if not wanted:
        _refuse_several([layer for layer in layers if layer.has_areas], path)
        return list(layers)
    for name in wanted:
        if not any(name in layer.names for layer in layers):
            raise FileRefused(
                f"{shown(path.name)} has no layer {shown(name)}.",
                allowed=f"Its layers are: {', '.join(shown(layer.name) for layer in layers)}.",
            )
    chosen = [layer for layer in layers if set(wanted) & set(layer.names)]
    for layer in layers:
        if not set(wanted) & set(layer.names):
            what, why = f"features of layer {shown(layer.name)}", "the layer is not asked for"
            report.leave_out(what, why, len(layer.geometries))
    return chosen


def _refuse_several(layers: Sequence[Layer], path: Path) -> None:
    apart = [layer for layer in layers if not layer.of_a_map]
    if len(apart) < 2:
        return
    named = ", ".join(
        f"{shown(layer.name)} ({len(layer.geometries):,} features)" for layer in apart
    )
    raise FileRefused(
        f"{shown(path.name)} has {len(apart)} layers with areas: {named}.",
        allowed="One may be another's former state, so they are not read together unasked.",
        next_step=f"Say which with --layer, or all with --layer “{EVERY_LAYER}”.",
    )


READERS: Mapping[str, Callable[[Path, Report], list[Layer]]] = {
    **OTHERS,
    ".geojsonl": read_json,
    ".geojsons": read_json,
    ".kml": read_plain_kml,
    ".kmz": read_zip,
    ".zip": read_zip,
}
_NAMED = READERS.keys() - {".csv"}
"""Endings that say what a file begins with; a table of text may, and says itself what it is not."""
