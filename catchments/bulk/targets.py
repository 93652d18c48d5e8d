"""Files to write: formats, and a target that is there whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import shapely

from catchments.bulk.input_columns import shapes_of
from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.geometry.wkb import ALL_KINDS
from catchments.readers.formats.parquet.arrow_values import is_bytes
from catchments.runtime.disk import fsync

S = TypeVar("S")
T = TypeVar("T")
Write = Callable[[Any], None]
COMPRESSION = "snappy"
_LINE_END = "\r\n"


def is_csv(path: Path) -> bool:
    """Whether a file's name asks for CSV."""
    return path.suffix.lower() == ".csv"


def target_for(path: Path, schema: Any, geometries: Sequence[str]) -> ParquetTarget | CsvTarget:
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


def side_by_side(work: Callable[[S], T], items: Iterator[S], *, threads: int) -> Iterator[T]:
    """Yield what threads make of items, in their order, while the one before is used.

    Only so many are begun beyond that one as there are threads, and one more.
    """
    with ThreadPoolExecutor(threads) as pool:
        coming: deque[Future[T]] = deque()
        for item in items:
            coming.append(pool.submit(work, item))
            if len(coming) > threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


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

    @contextmanager
    def writing(self, path: Path) -> Iterator[Write]:
        """Begin a file, which ends with the context; give what writes a table, as one row group."""
        with pq.ParquetWriter(path, self._schema, **self._options) as writer:
            yield lambda table: writer.write_table(table, row_group_size=max(1, table.num_rows))


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


# --- CSV ------------------------------------------------------------------------------------------


class CsvTarget:
    """CSV as RFC 4180 has it: UTF-8, a first line of names; shapes become WKT."""

    def __init__(self, schema: Any, geometries: Sequence[str]) -> None:
        self._geometries = [name for name in geometries if name in schema.names]
        self._schema = schema
        self._refuse_what_it_cannot_hold()

    @contextmanager
    def writing(self, path: Path) -> Iterator[Write]:
        """Begin a file with the names, likewise; give what writes a table's rows to it."""
        options = pyarrow.csv.WriteOptions(eol=_LINE_END)
        with pyarrow.csv.CSVWriter(path, self._flat_schema, write_options=options) as writer:
            yield lambda table: writer.write_table(self.flat(table))

    @property
    def _flat_schema(self) -> Any:
        return self.flat(self._schema.empty_table()).schema

    def flat(self, table: Any) -> Any:
        """Return a table of nothing but texts, numbers, dates and truths."""
        for at, field in enumerate(table.schema):
            column = table.column(at)
            if field.name in self._geometries and is_bytes(field.type):
                column = _as_wkt(column)
            elif pa.types.is_dictionary(field.type):
                column = column.cast(field.type.value_type)
            elif pa.types.is_string_view(field.type):  # which pyarrow does not write
                column = column.cast(pa.large_string())
            elif pa.types.is_floating(field.type):
                column = pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
            table = table.set_column(at, field.name, column)
        return table

    def _refuse_what_it_cannot_hold(self) -> None:
        for field in self._flat_schema:
            sink = pa.BufferOutputStream()
            try:
                if is_bytes(field.type):
                    raise pa.ArrowInvalid("bytes are no text")
                pyarrow.csv.write_csv(pa.schema([field]).empty_table(), sink)
            except (pa.ArrowException, NotImplementedError) as error:
                raise FileRefused(
                    f"The column {shown(field.name)} holds {shown(field.type)}.",
                    allowed="A CSV file holds texts, numbers, dates, truths and points.",
                    next_step="Write Parquet instead, or leave the column out.",
                ) from error


def _as_wkt(column: Any) -> Any:
    shapes = shapes_of(column.cast(pa.large_binary()).combine_chunks(), ALL_KINDS)
    return pa.chunked_array([pa.array(shapely.to_wkt(shapes, trim=True), pa.string())])


# --- files that are there whole or not at all -----------------------------------------------------


@contextmanager
def building(target: Path, *, replace: bool) -> Iterator[Path]:
    """Give a name beside `target` to write under; in the end it becomes `target`, or is removed.

    What a killed run left under that name is written over. Raises InputRefused while another run
    has it, and where `target` is there in the end, unless it is to be replaced.
    """
    path = target.with_name(f".{target.name}.resolving")
    with path.open("ab") as held:
        _lock(held.fileno(), target)
        try:
            yield path
            put_in_place(path, target, replace=replace)
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def building_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside `target` to write in; in the end it becomes `target`, or is removed.

    What a killed run left in it goes. Raises InputRefused while another run has it, and where
    `target` is there in the end.
    """
    path = target.with_name(f".{target.name}.resolving")
    path.mkdir(exist_ok=True)
    held = os.open(path, os.O_RDONLY)
    try:
        _lock(held, target)
        for left in path.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        try:
            yield path
            _rename_folder(path, target)
        finally:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(held)


def _rename_folder(path: Path, target: Path) -> None:
    if target.exists():  # an empty folder would be replaced
        raise folder_there(target)
    try:
        path.rename(target)
    except OSError:
        raise folder_there(target) from None
    fsync(target.parent)


def folder_there(path: Path) -> InputRefused:
    """Return the refusal of a name that is taken, for a folder."""
    return InputRefused(
        f"There is a file or folder {shown(path.name)} already.",
        field="target",
        next_step="Choose another name, or remove it.",
    )


def _lock(held: int, target: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputRefused(
            f"Another run is making {shown(target.name)}.",
            field="target",
            next_step="Wait for it, or stop it.",
        ) from None


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
