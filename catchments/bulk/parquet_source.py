"""Parquet and GeoParquet files, read a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from catchments.bulk.columns import Wanted
from catchments.bulk.input_columns import BYTES_AT_ONCE, ROWS_AT_ONCE
from catchments.core.errors import FileRefused, shown
from catchments.geometry.coordinates import WGS84
from catchments.readers.formats.parquet.file_ends import damaged

_STREAM_BYTES = 1 << 20
_DEGREES = {("OGC", "CRS84"), ("EPSG", "4326"), ("EPSG", 4326)}
"""WGS 84 under its names; GeoParquet has the longitude first in either."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """What the metadata `geo` says of a file's main geometry column."""

    column: str = ""
    encoding: str = "WKB"
    crs: str | None = ""
    """As PROJ's JSON; empty for WGS 84; None where the file says that it is not known."""
    all_wkb: tuple[str, ...] = ()


class OpenParquet:
    """An open Parquet file, closed by `with`. Raises FileRefused for one that is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _reading(path):
            self._file = pq.ParquetFile(path, buffer_size=_STREAM_BYTES, pre_buffer=False)
            self.schema = self._file.schema_arrow
            self.whole = int(self._file.metadata.num_rows)
        self.geometry = _geometry_of(path, (self.schema.metadata or {}).get(b"geo"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def batch_rows(self) -> int:
        """As many rows as fit the bytes at once, by the file's own account of its size."""
        groups = [self._file.metadata.row_group(i) for i in range(self._file.num_row_groups)]
        whole = sum(group.total_byte_size for group in groups)
        fit = BYTES_AT_ONCE * self.whole // max(1, int(whole))
        return max(1, min(ROWS_AT_ONCE, fit))

    def tables(self, size: int) -> Iterator[Any]:
        """Yield tables of at most so many rows. Raises FileRefused."""
        with _reading(self.path):
            for batch in self._file.iter_batches(size):
                yield pa.Table.from_batches([batch], schema=self.schema)


def rechunked(tables: Iterator[Any], size: int) -> Iterator[Any]:
    """Yield the rows of tables in tables of one size, whatever they came in."""
    held: list[Any] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        while count >= size:
            whole = pa.concat_tables(held)
            yield whole.slice(0, size)
            held, count = [whole.slice(size)], count - size
    if count:
        yield pa.concat_tables(held)


def _geometry_of(path: Path, said: bytes | None) -> Geometry:
    if said is None:
        return Geometry()
    try:
        geo = json.loads(said)
        columns, primary = geo["columns"], geo["primary_column"]
        main = columns[primary]
        all_wkb = tuple(name for name, about in columns.items() if about["encoding"] == "WKB")
        crs = main.get("crs", "")
        encoding = str(main["encoding"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileRefused(
            f"{shown(path.name)} says “geo” of itself, but not as GeoParquet does.",
            next_step="Write it anew, for example with GeoPandas or GDAL.",
        ) from error
    return Geometry(str(primary), encoding, _crs_text(crs), all_wkb)


def _crs_text(crs: Any) -> str | None:
    if not crs:
        return None if crs is None else ""
    about = crs.get("id", {}) if isinstance(crs, dict) else {}
    if (about.get("authority"), about.get("code")) in _DEGREES:
        return ""
    return json.dumps(crs) if isinstance(crs, dict) else str(crs)


def crs_asked(path: Path, wanted: Wanted, geometry: Geometry, asked_column: str) -> str:
    """Return the CRS of the places that are asked about. Raises FileRefused: it is not known."""
    if wanted.crs or not asked_column:
        return wanted.crs
    if asked_column != geometry.column:
        return WGS84
    if geometry.crs is None:
        raise FileRefused(
            f"{shown(path.name)} says that the CRS of its geometry is not known.",
            next_step="If you know it, give it with --crs, such as --crs EPSG:2193.",
        )
    return geometry.crs


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise damaged(shown(path.name), shown(error)) from error
