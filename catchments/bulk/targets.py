"""Files to write: parts, one after another, and one file made of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import shapely

from catchments.bulk.input_columns import shapes_of
from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.geometry.wkb import ALL_KINDS
from catchments.readers.report import Progress
from catchments.runtime.disk import fsync

T = TypeVar("T")
COMPRESSION = "snappy"
_LINE_END = "\r\n"


class Part(Protocol):
    """A part that is being written."""

    def add(self, table: Any) -> None:
        """Write an Arrow table's rows."""

    def close(self) -> None:
        """Write what is still to be written."""


class Target(Protocol):
    """A format that parts are written in."""

    def part(self, path: Path, *, first: bool) -> Part:
        """Begin a part; the first one has what a file begins with."""

    def join(self, parts: Sequence[Path], path: Path, progress: Progress) -> None:
        """Make one file of all parts, the first one first."""


def is_csv(path: Path) -> bool:
    """Whether a file's name asks for CSV."""
    return path.suffix.lower() == ".csv"


def target_for(path: Path, schema: Any, geometries: Sequence[str]) -> Target:
    """Return the target that a file's name asks for.

    Raises InputRefused for a name that asks for no known format, and FileRefused for a column that
    the format cannot hold.
    """
    if path.suffix.lower() in {".parquet", ".geoparquet", ".pq"}:
        return ParquetTarget(schema)
    if is_csv(path):
        return CsvTarget(schema, geometries)
    raise InputRefused(
        f"{shown(path.name)} does not say what it is to be.",
        field="target",
        allowed="Its name must end in .csv, .parquet or .geoparquet.",
    )


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield items, none of them None, each made by a thread while the one before is used."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


# --- Parquet --------------------------------------------------------------------------------------


class ParquetTarget:
    """Parquet with the columns' types and the metadata of a schema, GeoParquet's included."""

    def __init__(self, schema: Any) -> None:
        self._schema = schema
        # A dictionary of numbers is seldom worth making, and neither are bounds of names.
        repeating = [field.name for field in schema if not _is_number(field.type)]
        bounded = [f.name for f in schema if not pa.types.is_dictionary(f.type)]
        self._options = {
            "compression": COMPRESSION,
            "use_dictionary": repeating,
            "write_statistics": bounded,
        }

    def part(self, path: Path, *, first: bool) -> Part:
        """Begin a part."""
        del first  # each part is a file of its own
        return _ParquetPart(self._writer(path))

    def join(self, parts: Sequence[Path], path: Path, progress: Progress) -> None:
        """Write the row groups of all parts, one at a time."""
        if len(parts) == 1:
            parts[0].replace(path)
            return
        with self._writer(path) as writer:
            for done, part in enumerate(parts):
                progress("Joining", done, len(parts))
                for table in ahead(_row_groups(part)):
                    writer.write_table(table, row_group_size=max(1, table.num_rows))
        progress("Joining", len(parts), len(parts))

    def _writer(self, path: Path) -> Any:
        return pq.ParquetWriter(path, self._schema, **self._options)


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


class _ParquetPart:
    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def add(self, table: Any) -> None:
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))

    def close(self) -> None:
        self._writer.close()


def _row_groups(path: Path) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


# --- CSV ------------------------------------------------------------------------------------------


class CsvTarget:
    """CSV as RFC 4180 has it: UTF-8, a first line of names; shapes become WKT."""

    def __init__(self, schema: Any, geometries: Sequence[str]) -> None:
        self._geometries = [name for name in geometries if name in schema.names]
        self._schema = schema
        self._refuse_what_it_cannot_hold()

    def part(self, path: Path, *, first: bool) -> Part:
        """Begin a part; the names stand in the first one alone."""
        options = pyarrow.csv.WriteOptions(include_header=first, eol=_LINE_END)
        return _CsvPart(pyarrow.csv.CSVWriter(path, self._flat_schema, write_options=options), self)

    def join(self, parts: Sequence[Path], path: Path, progress: Progress) -> None:
        """Put the parts behind each other."""
        with path.open("wb") as joined:
            for done, part in enumerate(parts):
                progress("Joining", done, len(parts))
                with part.open("rb") as file:
                    shutil.copyfileobj(file, joined, 1 << 20)
        progress("Joining", len(parts), len(parts))

    @property
    def _flat_schema(self) -> Any:
        return self.flat(self._schema.empty_table()).schema

    def flat(self, table: Any) -> Any:
        """Return a table of nothing but texts, numbers, dates and truths."""
        for at, field in enumerate(table.schema):
            column = table.column(at)
            if field.name in self._geometries and _is_bytes(field.type):
                column = _as_wkt(column)
            elif pa.types.is_dictionary(field.type):
                column = column.cast(field.type.value_type)
            elif pa.types.is_floating(field.type):
                column = pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
            table = table.set_column(at, field.name, column)
        return table

    def _refuse_what_it_cannot_hold(self) -> None:
        for field in self._flat_schema:
            sink = pa.BufferOutputStream()
            try:
                if _is_bytes(field.type):
                    raise pa.ArrowInvalid("bytes are no text")
                pyarrow.csv.write_csv(pa.schema([field]).empty_table(), sink)
            except (pa.ArrowException, NotImplementedError) as error:
                raise FileRefused(
                    f"The column {shown(field.name)} holds {shown(field.type)}.",
                    allowed="A CSV file holds texts, numbers, dates, truths and points.",
                    next_step="Write Parquet instead, or leave the column out.",
                ) from error


class _CsvPart:
    def __init__(self, writer: Any, target: CsvTarget) -> None:
        self._writer, self._target = writer, target

    def add(self, table: Any) -> None:
        self._writer.write_table(self._target.flat(table))

    def close(self) -> None:
        self._writer.close()


def _is_bytes(kind: Any) -> bool:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    return any(test(kind) for test in tests)


def _as_wkt(column: Any) -> Any:
    shapes = shapes_of(column.cast(pa.large_binary()).combine_chunks(), ALL_KINDS)
    return pa.chunked_array([pa.array(shapely.to_wkt(shapes, trim=True), pa.string())])


# --- files that are there whole or not at all -----------------------------------------------------


@contextmanager
def durable(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write under; it becomes `path` whole, and on the disk."""
    building = path.with_name(f"{path.name}.building")
    yield building
    fsync(building)
    building.replace(path)
    fsync(path.parent)


def put_in_place(built: Path, path: Path, *, replace: bool) -> None:
    """Give a finished file its name at once; one that has it is replaced only if so wanted.

    Raises InputRefused where a file has that name already.
    """
    fsync(built)
    if replace:
        built.replace(path)
    else:
        try:
            os.link(built, path)  # unlike a renaming, this never takes another file's place
        except FileExistsError:
            raise already_there(path) from None
        except OSError:  # a file system without links
            if path.exists():
                raise already_there(path) from None
            built.replace(path)
    fsync(path.parent)


def already_there(path: Path) -> InputRefused:
    """Return the refusal of a name that a file has."""
    return InputRefused(
        f"There is a file {shown(path.name)} already.",
        field="target",
        next_step="Choose another name, or add --replace.",
    )
