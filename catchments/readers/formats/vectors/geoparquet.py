"""A GeoParquet as one layer, and what it declares of its edition if it is one of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.file_refusals import MAX_FEATURES, MAX_FILE_BYTES
from catchments.readers.formats.parquet.asking import held_in
from catchments.readers.formats.parquet.messages import Held
from catchments.readers.formats.vectors.declarations import declared_in
from catchments.readers.formats.vectors.layers import NOTHING_DECLARED, Declared, Layer
from catchments.readers.formats.vectors.stored_shapes import shape_of
from catchments.readers.formats.vectors.values import texts_of
from catchments.readers.report import Report

_OF_SCHOOLS = "school_id"
"""The column that our file of schools has, and that of boundaries has not."""


def read_geoparquet(path: Path, report: Report) -> list[Layer]:
    """Return a GeoParquet's one layer; a column that is not read is reported.

    Unpacked it may be as large as another file. Raises FileRefused, for plain Parquet too.
    """
    held = held_in(path, rows_at_most=MAX_FEATURES, bytes_at_most=MAX_FILE_BYTES, with_shapes=True)
    declared = declared_by(held, path, report)
    if declared.is_ours and _OF_SCHOOLS in held.names:
        raise FileRefused(
            f"{shown(path.name)} has the schools of an edition, and no boundaries.",
            next_step="Import it as a list of schools or as a provider table; of boundaries, import"
            " boundaries.parquet.",
        )
    report.took(f"shapes from the column {shown(held.shapes_in)}")
    for what, why in held.left_out:
        report.leave_out(what, why)
    stored = enumerate(held.shapes, start=1)
    geometries = [shape_of(shape, path, f"row {number}") for number, shape in stored]
    return [Layer(path.stem, held.crs, geometries, list(_values(held)), declared=declared)]


def declared_by(held: Held, path: Path, report: Report) -> Declared:
    """Return what a file of ours says of its edition, in its metadata; what is not so is said."""
    if not held.members:
        return NOTHING_DECLARED
    try:
        members = json.loads(held.members)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, Mapping):
        what = "what it says of its edition (“catchments”) is not as we write it"
        report.problem(path.name, what, "not read")
        return NOTHING_DECLARED
    return declared_in(members, path, report)


def _values(held: Held) -> Iterator[dict[str, str]]:
    for row in range(held.rows):
        yield texts_of(
            (name, column[row]) for name, column in zip(held.names, held.columns, strict=True)
        )
