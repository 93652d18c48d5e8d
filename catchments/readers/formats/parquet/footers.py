"""What a Parquet file's footer says of sizes, held against what a file may have.

All of it is looked at before anything is unpacked. What the footer hides shows itself when values
are counted, or in the limits of the process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from catchments.core.errors import FileRefused
from catchments.readers.formats.parquet.file_ends import damaged
from catchments.readers.formats.parquet.messages import Asked

COLUMNS_AT_MOST = 500
"""Those within others counted."""
CELL_BYTES = 16
"""What a cell counts, however short it is."""


def check_table(metadata: Any, asked: Asked, name: str) -> None:
    """Refuse a file with more rows or columns than are read, or whose parts have others."""
    rows, columns = int(metadata.num_rows), int(metadata.num_columns)
    if columns > COLUMNS_AT_MOST:
        raise _too_much(name, f"{columns:,} columns", f"{COLUMNS_AT_MOST} columns")
    if rows > asked.rows_at_most:
        raise _too_much(name, f"{rows:,} rows", f"{asked.rows_at_most:,} rows")
    if rows < 0 or rows != sum(group.num_rows for group in _groups(metadata)):
        raise damaged(name, "its parts have other rows than the whole")


def check_columns(metadata: Any, columns: Collection[str], asked: Asked, name: str) -> None:
    """Refuse columns, none within another, that would be too large unpacked, or are not here."""
    limit = asked.bytes_at_most
    left = limit - CELL_BYTES * metadata.num_rows * len(columns)
    for group in _groups(metadata):
        for chunk in (group.column(i) for i in range(metadata.num_columns)):
            if chunk.path_in_schema in columns:
                _check_chunk(chunk, int(group.num_rows), name)
                left -= chunk.total_uncompressed_size
    if left < 0:
        raise too_large(asked, name)


def too_large(asked: Asked, name: str) -> FileRefused:
    """Return the refusal of a file whose values are more than may be read."""
    limit = f"{asked.bytes_at_most / 1e6:,.0f} MB"
    return _too_much(name, f"more than {limit} unpacked", f"{limit} unpacked")


def _check_chunk(chunk: Any, rows: int, name: str) -> None:
    if chunk.file_path:
        raise damaged(name, "it says that its values are in another file")
    if chunk.num_values != rows:
        raise damaged(name, "a column has other rows than the whole")
    if min(chunk.total_uncompressed_size, chunk.total_compressed_size) < 0:
        raise damaged(name, "a column has fewer bytes than none")


def _groups(metadata: Any) -> Iterator[Any]:
    return (metadata.row_group(i) for i in range(metadata.num_row_groups))


def _too_much(name: str, has: str, may: str) -> FileRefused:
    return FileRefused(
        f"{name} has {has}.",
        allowed=f"A Parquet file may have {may}.",
        next_step="Check that it is the right file; or leave out what is not needed.",
    )
