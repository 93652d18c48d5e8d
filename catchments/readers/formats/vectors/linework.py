"""Linework of a map to find one's way on: roads, lakes and rivers from GeoPackages.

Layers are known by name: those of LINZ's Topo50 as its Data Service gives them
(`nz_road_centrelines_topo_150k`) and as its data dictionary calls their classes (`road_cl`).
Source: https://docs.topo.linz.govt.nz/data-dictionary/. All of a file is read, or none of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj.exceptions import CRSError, ProjError

from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.geometry import wkb
from catchments.geometry.coordinates import (
    NEW_ZEALAND_LAT,
    NEW_ZEALAND_LNG_360,
    to_wgs84,
    xy_to_360,
)
from catchments.geometry.planar import Shapes
from catchments.readers.formats import geopackage
from catchments.readers.formats.file_refusals import not_what_it_says
from catchments.readers.formats.geopackage import GeoPackage, Row, TableLayer
from catchments.readers.report import Progress, Report, line_of_text, no_progress

FILE_BYTES_AT_MOST = 1_000_000_000
POINTS_AT_MOST = 30_000_000
"""Of all files together: half a gigabyte of memory; Topo50's roads, lakes and rivers have fewer."""
ROWS_AT_ONCE = 20_000
LONGEST_NAME = 60
READING = "Reading roads, lakes and rivers"


class Kind(StrEnum):
    """What a line or an area is."""

    ROAD = "roads"
    LAKE = "lakes"
    RIVER = "rivers"
    WIDE_RIVER = "wide rivers"


_LAYERS: Mapping[Kind, re.Pattern[str]] = {
    Kind.ROAD: re.compile(r"(nz_)?road(_cl|_line|_?centre_?lines?)(_topo.*)?"),
    Kind.LAKE: re.compile(r"(nz_)?lake(_poly|_?polygons?)(_topo.*)?"),
    Kind.WIDE_RIVER: re.compile(r"(nz_)?river(_name)?(_poly|_?polygons?)(_topo.*|_pilot)?"),
    Kind.RIVER: re.compile(r"(nz_)?river(_name)?(_cl|_lines?|_?centre_?lines?)(_topo.*|_pilot)?"),
}
_NAMES = "nz_road_centrelines_topo_150k, nz_lake_polygons_topo_150k, nz_river_centrelines_topo_150k"
_SHAPES = {
    Kind.ROAD: (wkb.LINES, "lines"),
    Kind.RIVER: (wkb.LINES, "lines"),
    Kind.LAKE: (wkb.POLYGONS, "polygons"),
    Kind.WIDE_RIVER: (wkb.POLYGONS, "polygons"),
}
_NAME, _HIGHWAY, _SURFACE = "name", "hway_num", "surface"
_WANTED = (_NAME, _HIGHWAY, _SURFACE)
FIRST, SECOND, THIRD = range(3)
"""Ranks: what is drawn from afar, from nearer, and close by alone."""
_AREA_OF_RANK = (5e-4, 2e-5)
"""Square degrees, some 5 km² and 0.2 km², from which an area is of the first and second rank."""


@dataclass(frozen=True)
class Features:
    """Lines or areas of one kind, WGS 84 with longitudes 0…360, each with a name and a rank."""

    shapes: Shapes
    names: tuple[str, ...]
    ranks: npt.NDArray[np.int8]


Linework = Mapping[Kind, Features]


def read_linework(
    files: Sequence[Path], *, crs: str | None = None, progress: Progress = no_progress
) -> tuple[Linework, Report]:
    """Return what GeoPackages have of roads, lakes and rivers, and the account of every row.

    `crs` takes the place of what a file says. Raises FileRefused for all files if one is unfit.
    """
    report = Report()
    room = _Room()
    found: dict[Kind, list[Features]] = {}
    for path in files:
        _refuse_size(path)
        with geopackage.opened(path) as file:
            for kind, layer in _layers_of(file, path, report):
                system = crs or layer.crs
                batches = _read(file, layer, kind, _Place(path, layer.name, system), report, room)
                for batch in batches:
                    found.setdefault(kind, []).append(batch)
                    progress(READING, room.rows, None)
    return {kind: _joined(batches) for kind, batches in found.items()}, report


@dataclass(frozen=True)
class _Place:
    """Which layer of which file, for messages, and the system that its coordinates are in."""

    path: Path
    layer: str
    crs: str | None

    def refused(self, why: str, *, allowed: str = "", next_step: str = "") -> FileRefused:
        what = f"{shown(self.path.name)}, layer {shown(self.layer)}: {why}"
        return FileRefused(what, allowed=allowed, next_step=next_step)


class _Room:
    """How much there may be in all files together."""

    def __init__(self) -> None:
        self.rows = self.points = 0

    def take(self, points: int, place: _Place) -> None:
        self.rows += 1
        self.points += points
        if self.points > POINTS_AT_MOST:
            raise place.refused(
                f"with it there are more than {POINTS_AT_MOST:,} points.",
                next_step="Leave out a layer, or export part of the country.",
            )


def _refuse_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise FileRefused(f"There is no file {shown(path.name)} in its folder.") from error
    if not path.is_file():
        raise FileRefused(f"{shown(path.name)} is no file.", allowed="It must be a GeoPackage.")
    if size > FILE_BYTES_AT_MOST:
        raise FileRefused(
            f"{shown(path.name)} is {size / 1e6:,.0f} MB.",
            allowed=f"A file of roads, lakes and rivers may have {FILE_BYTES_AT_MOST / 1e6:,.0f}.",
            next_step="Export each layer to a file of its own.",
        )
    with path.open("rb") as file:
        if not geopackage.is_geopackage(file.read(geopackage.HEAD_BYTES)):
            raise FileRefused(
                f"{shown(path.name)} is no GeoPackage.",
                allowed="It must be a GeoPackage (.gpkg) of roads, lakes or rivers.",
                next_step="Export it as one.",
            )


def _layers_of(file: GeoPackage, path: Path, report: Report) -> Iterator[tuple[Kind, TableLayer]]:
    """Yield the layers that are meant; the others are reported. Raises FileRefused for none."""
    known = 0
    for layer in file.layers:
        kind = _kind_of(layer)
        if kind is None:
            what = f"rows of the layer {shown(layer.name)} of {shown(path.name)}"
            why = "its name is none of a layer of roads, lakes or rivers"
            report.leave_out(what, why, file.count(layer))
            continue
        known += 1
        report.took(f"{shown(path.name)}, layer {shown(layer.name)}: {kind}")
        yield kind, layer
    for name in file.pictures:
        report.leave_out(f"table {shown(name)}", "it has pictures or grids, no lines")
    if not known:
        names = ", ".join(shown(layer.name) for layer in file.layers[:10]) or "none at all"
        raise FileRefused(
            f"{shown(path.name)} has no layer of roads, lakes or rivers; its layers are: {names}.",
            allowed=f"Layers are known by name, such as {_NAMES}.",
            next_step="Give the layer one of these names, and export it again.",
        )


def _kind_of(layer: TableLayer) -> Kind | None:
    name = re.sub(r"[^a-z0-9]+", "_", layer.name.casefold()).strip("_")
    found = (kind for kind, pattern in _LAYERS.items() if pattern.fullmatch(name))
    return next(found, None) if layer.geometry_column else None


def _read(
    file: GeoPackage, layer: TableLayer, kind: Kind, place: _Place, report: Report, room: _Room
) -> Iterator[Features]:
    if place.crs is None:
        raise place.refused(
            "it does not say which coordinate system it is in.",
            next_step="Give it: --crs EPSG:2193.",
        )
    by_small = {name.casefold(): name for name in layer.fields}
    fields = [by_small[name] for name in _WANTED if name in by_small]
    rows = file.rows(layer, fields)
    names = [field.casefold() for field in fields]
    taken = read = 0
    while some := list(islice(rows, ROWS_AT_ONCE)):
        read += len(some)
        batch = _batch(some, names, kind, place, report, room)
        taken += len(batch.shapes)
        yield batch
    report.count(f"{kind}: rows", read)
    report.count(f"{kind}: drawn", taken)
    if not read:
        raise place.refused("it has no rows.", next_step="Check that it is the right file.")
    if not taken:
        raise place.refused(
            f"none of its {read:,} rows lies in New Zealand, read as {shown(place.crs)}.",
            next_step="Check its coordinate system, and that longitude (easting) comes first.",
        )


def _batch(
    rows: Sequence[Row],
    fields: Sequence[str],
    kind: Kind,
    place: _Place,
    report: Report,
    room: _Room,
) -> Features:
    stored, values = [], []
    what = f"{kind} of {shown(place.path.name)}"
    for row in rows:
        content = _checked(row, kind, place, room)
        if content is None:
            report.leave_out(what, "they have no shape")
            continue
        stored.append(content)
        values.append(dict(zip(fields, row.values, strict=True)))
    shapes = _in_degrees(stored, place)
    here = _is_here(shapes)
    report.leave_out(what, "they lie outside New Zealand", int((~here).sum()))
    kept = [each for each, is_here in zip(values, here, strict=True) if is_here]
    shapes = shapes[here]
    names = tuple(_text(each.get(_NAME)) for each in kept)
    return Features(shapes, names, _ranks(kind, shapes, kept))


def _checked(row: Row, kind: Kind, place: _Place, room: _Room) -> bytes | None:
    """Return a row's shape as well-known binary, of the kind that its layer must have."""
    if row.geometry is None:
        room.take(0, place)
        return None
    kinds, called = _SHAPES[kind]
    try:
        content = geopackage.wkb_of(row.geometry)
        room.take(points := wkb.check(content, kinds), place)
    except InputRefused as error:
        why = f"row {row.number}: {error.problem}"
        raise place.refused(why, allowed=f"A layer of {kind} must have {called}.") from error
    except ValueError as error:
        raise not_what_it_says(place.path, "whole", f"row {row.number}: {error}") from error
    return content if points else None


def _in_degrees(stored: Sequence[bytes], place: _Place) -> Shapes:
    try:
        shapes = shapely.force_2d(shapely.from_wkb(np.array(stored, dtype=object), "fix"))
        degrees = to_wgs84(shapes, crs=place.crs or "")
    except (CRSError, ProjError) as error:
        raise place.refused(
            f"its coordinate system {shown(place.crs or '')} is not known.",
            next_step="Export it in EPSG:2193, or give what it is in: --crs EPSG:2193.",
        ) from error
    except shapely.errors.GEOSException as error:
        raise not_what_it_says(place.path, "whole", error) from error
    # A shape with a coordinate that is no number has no bounds, and is left out below.
    return np.asarray(shapely.transform(degrees, xy_to_360))


def _is_here(shapes: Shapes) -> npt.NDArray[np.bool_]:
    west, south, east, north = shapely.bounds(shapes).reshape(-1, 4).T
    (least_lng, most_lng), (least_lat, most_lat) = NEW_ZEALAND_LNG_360, NEW_ZEALAND_LAT
    within = (west >= least_lng) & (east <= most_lng) & (south >= least_lat) & (north <= most_lat)
    return np.asarray(within & ~shapely.is_empty(shapes))


def _ranks(kind: Kind, shapes: Shapes, values: Sequence[Mapping[str, Any]]) -> npt.NDArray[np.int8]:
    if kind in {Kind.LAKE, Kind.WIDE_RIVER}:
        areas = shapely.area(shapes)
        return np.asarray(sum(areas < least for least in _AREA_OF_RANK), dtype=np.int8)
    rank = _rank_of_road if kind is Kind.ROAD else _rank_of_river
    return np.array([rank(each) for each in values], dtype=np.int8)


def _rank_of_road(values: Mapping[str, Any]) -> int:
    if _text(values.get(_HIGHWAY)):
        return FIRST
    return SECOND if _text(values.get(_SURFACE)).casefold() == "sealed" else THIRD


def _rank_of_river(values: Mapping[str, Any]) -> int:
    return SECOND if _text(values.get(_NAME)) else THIRD


def _text(value: object) -> str:
    return " ".join(line_of_text(str(value), at_most=LONGEST_NAME).split()) if value else ""


def _joined(batches: Sequence[Features]) -> Features:
    return Features(
        np.concatenate([each.shapes for each in batches]),
        tuple(name for each in batches for name in each.names),
        np.concatenate([each.ranks for each in batches]),
    )
