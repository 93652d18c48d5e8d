"""The boundaries as published, and the schools, as GeoParquet 1.1 for programs that read columns.

The same edition gives the same bytes; source: https://geoparquet.org/releases/v1.1.0/.
"""

from __future__ import annotations

import io

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from geopandas import GeoDataFrame

from maps.exports.export_input import ExportInput
from maps.exports.feature_tables import catchments_table, schools_table
from maps.exports.geojson import members

METADATA = b"catchments"
"""Under this name stands, as JSON, what the file says of the edition."""


def catchments_geoparquet(material: ExportInput) -> bytes:
    """Return each catchment with its boundary, if any: WGS 84, -180…180, a box a row."""
    return _written(catchments_table(material), material)


def schools_geoparquet(material: ExportInput) -> bytes:
    """Return each school with its point, if any: WGS 84, a box a row."""
    return _written(schools_table(material), material)


def _written(table: GeoDataFrame, material: ExportInput) -> bytes:
    made = io.BytesIO()
    table.to_parquet(made, index=False, schema_version="1.1.0", write_covering_bbox=True)
    columns = pq.read_table(pa.BufferReader(made.getvalue()))
    told = {METADATA: msgspec.json.encode(members(material.edition))}
    told_too = columns.replace_schema_metadata({**(columns.schema.metadata or {}), **told})
    written = io.BytesIO()
    pq.write_table(told_too, written, compression="zstd")
    return written.getvalue()
