"""Tables of catchments and schools with their geometries, typed by the vocabulary of columns.

Dates are dates there and truths truths, in every format that has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from catchments.core.column_vocabulary import BY_NAME, CATCHMENT_COLUMNS, Kind
from catchments.core.plain_cells import Cell
from catchments.geometry.coordinates import WGS84
from maps.exports.export_input import ExportInput
from maps.exports.school_tables import COLUMNS as SCHOOL_COLUMNS
from maps.exports.school_tables import provider_cells, school_rows

TYPES: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
}


def catchments_table(material: ExportInput) -> GeoDataFrame:
    """Return a row of CATCHMENT_COLUMNS for each catchment, by code, with its boundary if any.

    WGS 84, -180…180, multipolygons.
    """
    boundaries = [material.published.get(catchment.code) for catchment in material.catchments]
    table = typed(_catchment_rows(material), CATCHMENT_COLUMNS)
    return GeoDataFrame(table, geometry=list(map(_as_many, boundaries)), crs=WGS84)


def schools_table(material: ExportInput) -> GeoDataFrame:
    """Return a row of `school_tables.COLUMNS` for each school, with its point if any; WGS 84."""
    places: list[BaseGeometry | None] = [
        shapely.Point(answer.place.lng, answer.place.lat) if answer.place else None
        for answer in (material.answers or {}).values()
    ]
    rows = list(school_rows(material))
    places += [None] * (len(rows) - len(places))  # numbers that the directory lacks
    return GeoDataFrame(typed(rows, SCHOOL_COLUMNS), geometry=places, crs=WGS84)


def typed(rows: Iterable[Sequence[Cell]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a table of columns of the vocabulary; an empty text is none."""
    told = list(zip(*rows, strict=True)) or [()] * len(columns)
    return pd.DataFrame(
        {name: _column(name, values) for name, values in zip(columns, told, strict=True)}
    )


def _column(name: str, values: Sequence[Cell]) -> pd.api.extensions.ExtensionArray:
    told = [None if value == "" else value for value in values]
    return pd.array(told, dtype=pd.ArrowDtype(TYPES[BY_NAME[name].kind]))


def _catchment_rows(material: ExportInput) -> Iterator[list[Cell]]:
    edition = material.edition
    origin = edition.number or 0, edition.effective_from, edition.demonstration
    for catchment in material.catchments:
        served = provider_cells(material.edition.provider_of(catchment))
        yield [catchment.code, catchment.name, catchment.education_region, *served, *origin]


def _as_many(boundary: BaseGeometry | None) -> BaseGeometry | None:
    """Return an area as several, as all of a layer are, in whichever format."""
    if boundary is None or boundary.geom_type != "Polygon":
        return boundary
    return shapely.MultiPolygon([boundary])
