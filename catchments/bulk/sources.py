"""Files to read: a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from catchments.bulk.input_columns import How

ROWS_AT_ONCE = 1 << 16
BYTES_AT_ONCE = 32 << 20
"""A batch ends with the row that reaches either, so that memory does not grow with the file."""


class Source(Protocol):
    """An open file of rows."""

    path: Path
    schema: Any
    """An Arrow schema of its columns."""
    how: How
    geometries: tuple[str, ...]
    """The columns that hold shapes as WKB."""

    whole: int
    """How much of it there is: bytes of text, or rows."""

    def batches(self) -> Iterator[tuple[Any, int]]:
        """Yield Arrow tables, each with how much has been read. Raises FileRefused."""


def read_columns(table: Any, how: How) -> Mapping[str, Any]:
    """Return the columns that are asked about, each in one piece."""
    names = (how.chosen.school_id, how.chosen.lng, how.chosen.lat, how.chosen.geometry)
    columns = {name: table.column(name) for name in names if name}
    return {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in columns.items()
    }
