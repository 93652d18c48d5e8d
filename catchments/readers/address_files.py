"""Files of LINZ NZ Addresses, CSV or GeoPackage, in either layout: rows of cells in one order.

They are streamed: what is held is a batch of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.geometry import wkb
from catchments.geometry.coordinates import WGS84, to_wgs84
from catchments.readers.formats import geopackage
from catchments.readers.formats.geopackage import GeoPackage, Row, TableLayer
from catchments.readers.formats.table_parts.headers import Columns, refuse_repeated
from catchments.readers.formats.text_files import (
    Looks,
    TextRows,
    bytes_read,
    head_of,
    last_byte,
    looks_of,
    open_text,
    refused_at_fault,
)
from catchments.readers.report import Progress, Report

ALLOWED = "It must be LINZ NZ Addresses, layer 105689 or 123113, as CSV or GeoPackage."

COLUMNS = Columns(
    aliases={
        "full_address": ("full_address",),
        "full_number": ("full_address_number",),
        "number": ("address_number",),
        "suffix": ("address_number_suffix",),
        "high": ("address_number_high",),
        "unit": ("unit_value", "unit"),
        "road": ("full_road_name",),
        "suburb": ("suburb_locality",),
        "town": ("town_city",),
        "district": ("territorial_authority",),
        "lifecycle": ("address_lifecycle",),
        "water": ("water_name",),
        "lng": ("gd2000_xcoord", "shape_X"),
        "lat": ("gd2000_ycoord", "shape_Y"),
        "wkt": ("WKT",),
    },
    required=(("full_address", "road"), ("full_address", "number", "full_number")),
)
"""What the layers call each column; the older has some that the newer has not."""
_PLACED = Columns(COLUMNS.aliases, required=(("lng", "wkt"), ("lat", "wkt")))
"""What a CSV needs besides, where a GeoPackage has geometries."""
_FIELDS = tuple(COLUMNS.aliases)
_AXES = ("lng", "lat", "wkt")
_POINT_AXES = ("shape_X", "shape_Y")
"""What the places of points are called, as if they stood in columns."""

_OTHERS = {
    Looks.GZIP: "packed (.gz)",
    Looks.OLD_WORKBOOK: "a workbook",
    Looks.PDF: "a PDF",
    Looks.PARQUET: "Parquet",
    Looks.JSON: "JSON",
    Looks.WIDE_TEXT: "UTF-16 text, where LINZ writes UTF-8",
}
_AGAIN = "Export or download it again."
_PROGRESS_ROWS = 5_000
_BATCH = 5_000
_GEOGRAPHIC = {"EPSG:4167", WGS84, "OGC:CRS84"}
"""NZGD2000 and WGS 84 differ by less than a metre."""

Cells = tuple[str, ...]
Rows = Iterator[tuple[str, Cells]]
"""For each row how to name it to a person, and its cells in the order of `COLUMNS`."""


def rows_of(path: Path) -> Callable[[Path, Report, Progress], Rows]:
    """Return the reader that a file's first bytes ask for. Raises FileRefused where none does."""
    head, name = head_of(path), shown(path.name)
    if geopackage.is_geopackage(head):
        return _geopackage_rows
    looks = looks_of(head)
    if looks is Looks.ZIP:
        raise FileRefused(f"{name} is a zip.", next_step="Unpack it and import the file in it.")
    if looks in _OTHERS:
        raise FileRefused(f"{name} is {_OTHERS[looks]}.", allowed=ALLOWED, next_step=_AGAIN)
    if looks in {Looks.WEB_PAGE, Looks.XML}:
        raise FileRefused(
            f"{name} is a web page or XML, not a CSV.",
            allowed=ALLOWED,
            next_step="Download it again; sign in first if the site asks for it.",
        )
    if b"\0" in head[:1024]:  # further in, its line is said
        raise _not_addresses(path, "it is not text")
    return _csv_rows


def _not_addresses(path: Path, why: object) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)} cannot be read as addresses: {shown(why)[1:-1]}.",
        allowed=ALLOWED,
        next_step="Export or download it again.",
    )


def _pick(path: Path, names: Sequence[str], columns: Iterable[Columns]) -> itemgetter[Cells]:
    """Return what takes a row's cells in our order; a row ends with “” for columns it has not."""
    positions = COLUMNS.positions(names)
    missing = [name for known in columns for name in known.missing(positions)]
    if missing:
        raise _without_columns(path, names, missing)
    picked: list[Any] = [positions.get(field, -1) for field in _FIELDS]
    return itemgetter(*picked)


def _without_columns(path: Path, names: Sequence[str], missing: Sequence[str]) -> FileRefused:
    return FileRefused(
        f"{shown(path.name)} has no header with the columns of addresses. It starts with "
        f"{shown(' | '.join(names))}.",
        allowed="Missing: a column named " + ", and one named ".join(missing) + ".",
        next_step=ALLOWED,
    )


# --- CSV ------------------------------------------------------------------------------------------


def _csv_rows(path: Path, report: Report, progress: Progress) -> Rows:
    doing, whole = f"Reading {path.name}", path.stat().st_size
    with open_text(path) as file:
        rows = TextRows(file)
        numbered = iter(rows)
        with refused_at_fault(path):
            names = next(numbered, (0, []))[1]
        pick, width = _pick(path, names, (COLUMNS, _PLACED)), len(names)
        refuse_repeated(path, "line 1", names)
        header, line = list(names), 1
        with refused_at_fault(path, names):
            for line, cells in numbered:
                if cells == header:
                    report.leave_out("rows", "the header stands there once more")
                elif len(cells) == width:
                    cells.append("")
                    yield f"line {line}", pick(cells)
                elif cells:
                    raise rows.misshapen(line, cells, width)
                if line % _PROGRESS_ROWS == 0:
                    progress(doing, bytes_read(file), whole)
    report.took("text in UTF-8")
    if rows.is_cut and last_byte(path) != b'"':
        what = "the file ends without a line end, so that its last cell may be cut off"
        report.problem(f"line {line}", what, "taken as it stands")
    progress(doing, whole, whole)


# --- GeoPackage -----------------------------------------------------------------------------------


def _geopackage_rows(path: Path, report: Report, progress: Progress) -> Rows:
    try:
        with geopackage.opened(path) as file:
            yield from _features(path, file, report, progress)
    except geopackage.GeoPackageRefused as refused:
        raise FileRefused(
            f"{shown(path.name)} cannot be read as addresses: {refused.problem}",
            allowed=ALLOWED,
            next_step=refused.next_step,
        ) from refused
    except (RuntimeError, ValueError, OSError, shapely.errors.GEOSException) as error:
        raise _not_addresses(path, error) from error


def _features(path: Path, file: GeoPackage, report: Report, progress: Progress) -> Rows:
    """Yield the features of the layer with addresses, by their numbers; a batch is held at once."""
    layer = _address_layer(path, file)
    report.took(f"layer {shown(layer.name)}")
    for other in file.layers:
        if other is not layer:
            what = f"features of {shown(other.name)}"
            report.leave_out(what, "it has no addresses", file.count(other))
    for name in file.pictures:
        report.leave_out(f"table {shown(name)}", "it has pictures or grids, no addresses")
    has_points, whole = layer.geometry_column is not None, file.count(layer)
    fields = _fields_read(layer)
    pick = _pick(path, [*fields, *(_POINT_AXES if has_points else ())], (COLUMNS, _PLACED))
    rows, done = file.rows(layer, fields), 0
    while batch := list(islice(rows, _BATCH)):
        texts = [map(_text, column) for column in zip(*(row.values for row in batch), strict=True)]
        if has_points:
            texts += [map(_text, axis.tolist()) for axis in _degrees(batch, layer, path)]
        for row, cells in zip(batch, zip(*texts, strict=True), strict=True):
            yield f"feature {row.number}", pick((*cells, ""))
        done += len(batch)
        progress(f"Reading {path.name}", done, whole)
    if done < whole:
        raise FileRefused(
            f"{shown(path.name)} breaks off in feature {done + 1:,} of {whole:,}.",
            next_step="Export or download it again.",
        )


def _address_layer(path: Path, file: GeoPackage) -> TableLayer:
    """Return the one layer with the columns of addresses."""
    lacks = [COLUMNS.missing(COLUMNS.positions(list(layer.fields))) for layer in file.layers]
    able = [layer for layer, lacking in zip(file.layers, lacks, strict=True) if not lacking]
    if len(able) > 1:
        raise FileRefused(
            f"{shown(path.name)} has {len(able)} layers with addresses: "
            f"{', '.join(shown(layer.name) for layer in able[:5])}.",
            allowed="One may be another's former state, so they are not read together.",
            next_step="Export the one that is meant.",
        )
    if able:
        return able[0]
    missing = lacks[-1] if lacks else COLUMNS.missing(())
    raise _without_columns(path, [n for layer in file.layers for n in layer.fields], missing)


def _fields_read(layer: TableLayer) -> list[str]:
    """Return the fields that addresses are made of; where there are points, no other places."""
    names = list(layer.fields)
    left_out = () if layer.geometry_column is None else _AXES
    return [names[at] for name, at in COLUMNS.positions(names).items() if name not in left_out]


def _degrees(batch: Sequence[Row], layer: TableLayer, path: Path) -> npt.NDArray[np.float64]:
    """Return longitudes and latitudes of features' points; NaN where none is."""
    points = np.full(len(batch), None, dtype=object)
    (held,) = np.nonzero([row.geometry is not None for row in batch])
    points[held] = shapely.from_wkb(_wkb_of_points([batch[at] for at in held.tolist()], path))
    if layer.crs and layer.crs not in _GEOGRAPHIC:
        points = to_wgs84(points, crs=layer.crs)
    found = np.full((2, len(points)), np.nan)
    coordinates, at = shapely.get_coordinates(points, return_index=True)
    found[:, at] = coordinates.T  # some exports hold multipoints of one point
    found[:, shapely.get_num_coordinates(points) > 1] = np.nan  # which of several is not known
    return found


def _wkb_of_points(rows: Sequence[Row], path: Path) -> list[bytes]:
    """Return the WKB of points, which each is shown to be before GEOS sees one."""
    found = [geopackage.wkb_of(row.geometry or b"") for row in rows]
    offsets = np.cumsum([0, *map(len, found)])
    good = wkb.sound(offsets, np.frombuffer(b"".join(found), dtype=np.uint8), wkb.POINTS)
    for at in np.nonzero(~good)[0].tolist():
        try:
            wkb.check(found[at], wkb.POINTS)
        except InputRefused as refused:
            where = f"feature {rows[at].number}"
            raise _not_addresses(path, f"{where}: {refused.problem}") from refused
    return found


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - only NaN differs from itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
