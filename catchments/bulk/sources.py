"""Files to read: a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from catchments.bulk.input_columns import How

ROWS_AT_ONCE = 1 << 16
BYTES_AT_ONCE = 32 << 20
"""A batch ends with the row that reaches either, so that memory does not grow with the file."""


def read_columns(table: Any, how: How) -> Mapping[str, Any]:
    """Return the columns that are asked about, each in one piece."""
    names = (how.chosen.school_id, how.chosen.lng, how.chosen.lat, how.chosen.geometry)
    columns = {name: table.column(name) for name in names if name}
    return {
        name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for name, column in columns.items()
    }
