"""The question to the program that reads Parquet, and its answer."""

from __future__ import annotations

import msgspec

Value = str | bool | int | float | None
"""Of a cell; days and times are texts as ISO 8601 has them, decimals texts too."""


class Asked(msgspec.Struct, frozen=True):
    """Which file is read, and how much may be in it."""

    path: str
    rows_at_most: int
    bytes_at_most: int
    """Of its values, and of its columns by the file's own account, unpacked."""
    with_shapes: bool = False
    """Whether it has to be GeoParquet, and its shapes are wanted."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds, or why it is refused."""

    names: list[str] = []
    columns: list[list[Value]] = []
    """The values of each name, all as long."""
    rows: int = 0
    shapes: list[bytes | None] = []
    """WKB of each row, unchecked."""
    shapes_in: str = ""
    """The name of their column."""
    crs: str | None = None
    """Of the shapes; None where the file says that it is not known."""
    members: str = ""
    """JSON: what a file of ours says of its edition."""
    left_out: list[tuple[str, str]] = []
    """What is not read of it, and why."""
    refused: str = ""
    allowed: str = ""
    next_step: str = ""
