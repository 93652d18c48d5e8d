"""Files to read, a batch of rows at a time, from any batch's end on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from catchments.bulk.input_columns import How
from catchments.readers.report import Progress

ROWS_AT_ONCE = 1 << 18
BYTES_AT_ONCE = 64 << 20
"""A batch ends with the row that reaches either, so that memory does not grow with the file."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file has been read: so many rows, and for text the byte and line that follow."""

    rows: int = 0
    byte: int = 0
    line: int = 0


class Source(Protocol):
    """An open file of rows."""

    path: Path
    schema: Any
    """An Arrow schema of its columns."""
    how: How
    geometries: tuple[str, ...]
    """The columns that hold shapes as WKB."""

    def check(self, progress: Progress) -> int:
        """Return how many rows it has. Raises FileRefused for what breaks off or is misshapen."""

    def batches(self, start: Mark) -> Iterator[tuple[Any, Mark]]:
        """Yield Arrow tables from a mark on, each with the mark at its end."""


def read_columns(table: Any, how: How) -> Mapping[str, Any]:
    """Return the columns that are asked about, each in one piece."""
    names = (how.chosen.school_id, how.chosen.lng, how.chosen.lat, how.chosen.geometry)
    columns = {name: table.column(name) for name in names if name}
    return {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in columns.items()
    }
