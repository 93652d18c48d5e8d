"""Parquet read by a program: `python -m catchments.readers.formats.parquet.program`.

What reads Parquet is large, written in C++, and believes a file in many things. So nothing but
this program loads it for a file from outside: it has limits to its memory and time, can write no
file, reads an `Asked` from its input and writes a `Held` to its output.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.parquet.arrow_values import (
    is_bytes,
    is_text,
    size_of,
    values_of,
    why_not_read,
)
from catchments.readers.formats.parquet.file_ends import FOOTER_AT_MOST, damaged, encrypted
from catchments.readers.formats.parquet.footers import (
    CELL_BYTES,
    check_columns,
    check_table,
    too_large,
)
from catchments.readers.formats.parquet.geo_metadata import Shapes, shapes_in
from catchments.readers.formats.parquet.messages import Asked, Held
from catchments.runtime.fence.limits import limit

LARGEST_BYTES = 2 << 30
LONGEST_S = 30
MEMBERS = b"catchments"
"""Under this name our own files say, as JSON, which edition they are of."""
_ROWS_AT_ONCE = 10_000
_PARTS_AT_MOST = 200_000
"""Of a list in the footer."""


def answered(asked: Asked) -> Held:
    """Return what a file holds, or why it is refused."""
    name = shown(Path(asked.path).name)
    try:
        return _held(asked, name)
    except FileRefused as error:
        return _refused(error)
    except MemoryError:
        return _refused(too_large(asked, name))
    except (pa.ArrowException, OSError, ValueError, OverflowError, RecursionError) as error:
        return _damaged(name, str(error))


def _refused(error: FileRefused) -> Held:
    return Held(refused=error.problem, allowed=error.allowed, next_step=error.next_step)


def _damaged(name: str, said: str) -> Held:
    if "crypt" in said:
        return _refused(encrypted(name))
    return _refused(damaged(name, shown(said.partition("\n")[0])))


def _held(asked: Asked, name: str) -> Held:
    with closing(_opened(asked.path)) as file:
        check_table(file.metadata, asked, name)
        told = file.metadata.metadata or {}
        shapes = shapes_in(told.get(b"geo"), name) if asked.with_shapes else None
        chosen = _Chosen.of(file.schema_arrow, shapes, name)
        _refuse_twice(file, chosen.read, name)
    check_columns(file.metadata, chosen.read, asked, name)
    columns = _columns(asked, chosen, name)
    return Held(
        names=chosen.names,
        columns=[columns[each] for each in chosen.names],
        rows=file.metadata.num_rows,
        shapes=columns[shapes.column] if shapes else [],
        shapes_in=shapes.column if shapes else "",
        crs=shapes.crs if shapes else None,
        members=told.get(MEMBERS, b"").decode(),
        left_out=chosen.left_out,
    )


def _opened(path: str, once: Sequence[str] = ()) -> Any:
    """Open a file; of columns in `once`, a value that is there often is held once."""
    return pq.ParquetFile(
        path,
        read_dictionary=list(once),
        memory_map=False,
        pre_buffer=False,
        thrift_string_size_limit=FOOTER_AT_MOST,
        thrift_container_size_limit=_PARTS_AT_MOST,
        arrow_extensions_enabled=False,
    )


@dataclass
class _Chosen:
    """The columns that are read, and those that are not."""

    names: list[str] = field(default_factory=list)
    """Of values."""
    shapes: list[str] = field(default_factory=list)
    """At most one."""
    often: list[str] = field(default_factory=list)
    """Those of texts and bytes, in which a value may stand often."""
    left_out: list[tuple[str, str]] = field(default_factory=list)

    @property
    def read(self) -> list[str]:
        return [*self.names, *self.shapes]

    @classmethod
    def of(cls, schema: Any, shapes: Shapes | None, name: str) -> _Chosen:
        chosen = cls()
        for column in schema:
            if shapes and column.name == shapes.column and is_bytes(column.type):
                chosen.shapes.append(column.name)
                chosen.often.append(column.name)
            else:
                chosen._add(column.name, column.type, shapes)
        if shapes and not chosen.shapes:
            raise FileRefused(
                f"{name} has no column {shown(shapes.column)} of bytes, in which it says that its"
                " shapes are.",
                next_step="Write it again as GeoParquet 1.1: GeoPandas, QGIS and ogr2ogr do.",
            )
        return chosen

    def _add(self, name: str, kind: Any, shapes: Shapes | None) -> None:
        if why := _why_left_out(name, kind, shapes):
            self.left_out.append((f"column {shown(name)}", why))
            return
        self.names.append(name)
        if is_text(kind):
            self.often.append(name)


def _why_left_out(name: str, kind: Any, shapes: Shapes | None) -> str:
    if shapes and name in shapes.others:
        return "another column has the shapes that are meant"
    if shapes and name == shapes.boxes and pa.types.is_struct(kind):
        return "boxes around shapes follow from them"
    return why_not_read(kind)


def _refuse_twice(file: Any, columns: Sequence[str], name: str) -> None:
    """Refuse a name that two columns have, or that leads into another column as well."""
    paths = [file.schema.column(i).path for i in range(file.metadata.num_columns)]
    for column in columns:
        same = [path for path in paths if path == column or path.startswith(f"{column}.")]
        if same != [column]:
            raise FileRefused(
                f"{name} has the column {shown(column)} {len(same)} times.",
                next_step="Rename or remove all but one.",
            )


def _columns(asked: Asked, chosen: _Chosen, name: str) -> dict[str, list[Any]]:
    """Return the values of each column that is read; they are counted as they are unpacked."""
    found: dict[str, list[Any]] = {column: [] for column in chosen.read}
    left, rows = asked.bytes_at_most, 0
    if not found:
        return found
    with closing(_opened(asked.path, chosen.often)) as file:
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=list(found), use_threads=False):
            if sorted(batch.schema.names) != sorted(found):
                raise ValueError("its columns are not as it says")
            left -= CELL_BYTES * batch.num_rows * len(found) + sum(map(size_of, batch.columns))
            rows += batch.num_rows
            if left < 0:
                raise too_large(asked, name)
            for column, values in found.items():
                values.extend(values_of(batch.column(column)))
        if rows != file.metadata.num_rows:
            raise ValueError("it has other rows than it says")
    return found


def main() -> None:
    """Read a question from the input, and write what the file holds to the output."""
    limit(memory_bytes=LARGEST_BYTES, processor_s=LONGEST_S)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answered(asked)))


if __name__ == "__main__":
    main()
