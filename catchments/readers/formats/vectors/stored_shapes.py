"""A feature's shape as a file stores it, in well-known binary."""

from __future__ import annotations

from pathlib import Path

from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.geometry import wkb
from catchments.readers.formats.file_refusals import not_what_it_says
from catchments.readers.formats.vectors.layers import in_one_collection


def shape_of(stored: bytes | None, path: Path, where: str) -> BaseGeometry | None:
    """Return the shape in well-known binary, checked before GEOS sees it; None for none.

    Raises FileRefused, with where it stands.
    """
    if stored is None:
        return None
    try:
        parts = wkb.opened(stored)
        return in_one_collection([wkb.read(p, wkb.ALL_KINDS, on_invalid="fix") for p in parts])
    except InputRefused as error:
        raise FileRefused(
            f"{shown(path.name)}, {where}: {error.problem}",
            allowed=error.allowed,
            next_step="Convert it to polygons with straight edges, and export it again.",
        ) from error
    except ValueError as error:
        raise not_what_it_says(path, "whole", f"{where}: {error}") from error
