"""A GeoPackage's layers, and its tables of providers and sources if it is one of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import shown
from catchments.readers.formats import geopackage
from catchments.readers.formats.file_refusals import not_what_it_says, refuse_many
from catchments.readers.formats.geopackage import GeoPackage, Row, TableLayer
from catchments.readers.formats.vectors.declarations import (
    DECLARED_AT_MOST,
    is_table_of_ours,
    providers_of,
    sources_of,
)
from catchments.readers.formats.vectors.layers import Declared, Layer
from catchments.readers.formats.vectors.stored_shapes import shape_of
from catchments.readers.formats.vectors.values import texts_of
from catchments.readers.report import Report

_NO_MILLISECONDS = re.compile(r"\.000(?=Z|[+-]|$)")
_VALUES_A_BYTE = 20
"""What the values of a table may come to for a byte of its file: SQLite keeps the value that a
column was added with once for all rows."""
_OURS = ("providers", "sources")


def read_geopackage(path: Path, report: Report) -> list[Layer]:
    """Return the layers of a GeoPackage that have geometries; its other tables are reported."""
    with geopackage.opened(path) as file:
        room = _Room(path)
        tables = {layer.name: layer for layer in file.layers if layer.geometry_column is None}
        ours = _ours(tables)
        rows = {name: _table(file, tables[name], room) for name in ours}
        declared = Declared(
            is_ours=bool(ours),
            sources=sources_of(rows.get("sources", ()), path, report),
            providers=providers_of(rows.get("providers", ()), path, report),
        )
        for name, table in tables.items():
            if name in ours:
                report.took(f"table {shown(name)}")
            else:
                why = "it has no geometries"
                report.leave_out(f"rows of the table {shown(name)}", why, file.count(table))
        for name in file.pictures:
            report.leave_out(f"table {shown(name)}", "it has pictures or grids, no features")
        layers = [layer for layer in file.layers if layer.geometry_column is not None]
        return [_layer(file, layer, path, room, declared) for layer in layers]


def _ours(tables: Mapping[str, TableLayer]) -> set[str]:
    """Return which tables are those that we write beside our catchments: both, or none."""
    found = {n for n in _OURS if n in tables and is_table_of_ours(n, tables[n].fields)}
    return found if len(found) == len(_OURS) else set()


def _table(file: GeoPackage, table: TableLayer, room: _Room) -> list[dict[str, object]]:
    rows = []
    for row in islice(file.rows(table, table.fields), DECLARED_AT_MOST + 1):
        room.take(row)
        rows.append(dict(zip(table.fields, row.values, strict=True)))
    return rows


def _layer(
    file: GeoPackage, layer: TableLayer, path: Path, room: _Room, declared: Declared
) -> Layer:
    geometries: list[BaseGeometry | None] = []
    values = []
    for number, row in enumerate(file.rows(layer, layer.fields), start=1):
        room.take(row)
        refuse_many(number, path)
        where = f"layer {shown(layer.name)}, feature {number}"
        geometries.append(_geometry(row.geometry, path, where))
        given = zip(layer.fields.items(), row.values, strict=True)
        values.append(texts_of((name, _as_declared(kind, v)) for (name, kind), v in given))
    return Layer(layer.name, layer.crs, geometries, values, declared=declared)


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


def _geometry(stored: bytes | None, path: Path, where: str) -> BaseGeometry | None:
    if stored is None:
        return None
    try:
        content = geopackage.wkb_of(stored)
    except ValueError as error:
        raise not_what_it_says(path, "whole", f"{where}: {error}") from error
    return shape_of(content, path, where)


def _as_declared(declared: str, value: object) -> object:
    """Return a value of a GeoPackage's table as what its column says that it is."""
    if declared == "BOOLEAN" and value in (0, 1):
        return bool(value)
    if declared == "DATETIME" and isinstance(value, str):
        return _NO_MILLISECONDS.sub("", value)
    return value
