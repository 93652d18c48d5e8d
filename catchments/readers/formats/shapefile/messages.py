"""The question to the program that reads Shapefiles, and its answer."""

from __future__ import annotations

import msgspec

Value = str | bool | int | float | None
"""Of a cell; days are texts as ISO 8601 has them."""


class Asked(msgspec.Struct, frozen=True):
    """Which file is read, and how many features it may have."""

    path: str
    """Of the .shp; its other parts stand beside it."""
    features_at_most: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds, or why it is not read."""

    crs: str | None = None
    names: list[str] = []
    columns: list[list[Value]] = []
    """The values of each name, all as long; a letter of a text is a byte of the file."""
    shapes: list[bytes | None] = []
    """WKB of each feature, unchecked."""
    features: int = 0
    """How many it has, also where they are more than are read."""
    damaged: str = ""
    """What is wrong with it, where it is not read."""
