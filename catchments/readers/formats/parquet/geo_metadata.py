"""What a GeoParquet says of its columns of shapes: their encoding, their reference system.

Source: https://geoparquet.org/releases/v1.1.0/. Longitude or easting is first, whatever the system
says of its axes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catchments.core.errors import FileRefused, shown

_ENCODING = "WKB"
_CRS84 = "OGC:CRS84"
"""What is meant where nothing is said."""
_AGAIN = "Write it again as GeoParquet 1.1 with WKB: GeoPandas, QGIS and ogr2ogr do."


@dataclass(frozen=True, slots=True)
class Shapes:
    """The main column of shapes, the boxes around them, and the other columns of shapes."""

    column: str
    crs: str | None
    """PROJ's JSON, or a code; None where the file says that it is not known."""
    boxes: str = ""
    """A column that has a box a row."""
    others: tuple[str, ...] = ()


def shapes_in(said: bytes | None, name: str) -> Shapes:
    """Return what the metadata `geo` of a file of that name says. Raises FileRefused."""
    if said is None:
        raise FileRefused(
            f"{name} is Parquet without shapes: it says nothing of a geometry (“geo”).",
            allowed="A boundary file has areas; of Parquet, GeoParquet is read.",
            next_step=_AGAIN,
        )
    try:
        told = json.loads(said)
        columns, column = told["columns"], told["primary_column"]
        about = columns[column]
        encoding, boxes = about["encoding"], _boxes(about)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileRefused(
            f"{name} says “geo” of itself, but not as GeoParquet does.", next_step=_AGAIN
        ) from error
    _refuse_others(encoding, about.get("edges"), name)
    others = tuple(str(each) for each in columns if each != column)
    return Shapes(str(column), _crs(about), boxes, others)


def _refuse_others(encoding: object, edges: object, name: str) -> None:
    if encoding != _ENCODING:
        raise FileRefused(
            f"{name} has its shapes as {shown(encoding)}.",
            allowed=f"Shapes are read as {_ENCODING}.",
            next_step=_AGAIN,
        )
    if edges not in (None, "planar"):
        raise FileRefused(
            f"{name} says that the edges of its shapes are {shown(edges)}.",
            allowed="Edges are straight between coordinates (planar).",
            next_step=_AGAIN,
        )


def _crs(about: Mapping[str, Any]) -> str | None:
    crs = about.get("crs", _CRS84)
    return crs if crs is None or isinstance(crs, str) else json.dumps(crs, ensure_ascii=False)


def _boxes(about: Mapping[str, Any]) -> str:
    covering = about.get("covering") or {}
    return str(covering["bbox"]["xmin"][0]) if covering else ""
