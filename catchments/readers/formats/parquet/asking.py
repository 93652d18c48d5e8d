"""A Parquet file from outside, as the program that reads it answers: plain values, or a refusal."""

from __future__ import annotations

from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.readers.fenced_programs import Program, answer
from catchments.readers.formats.parquet.file_ends import check_ends
from catchments.readers.formats.parquet.messages import Asked, Held

_PROGRAM = Program(
    module="catchments.readers.formats.parquet.program",
    reads="Arrow",
    kind="Parquet",
    instead="Write it again, for example with GeoPandas or ogr2ogr, or as CSV or GeoPackage.",
)


def held_in(path: Path, *, rows_at_most: int, bytes_at_most: int, with_shapes: bool) -> Held:
    """Return what a Parquet file holds; `with_shapes`, of a GeoParquet.

    Raises FileRefused for one that is damaged, encrypted, too large, or ends what reads it.
    """
    check_ends(path)
    asked = Asked(str(path.absolute()), rows_at_most, bytes_at_most, with_shapes)
    held = answer_of(asked, path)
    if held.refused:
        raise FileRefused(held.refused, allowed=held.allowed, next_step=held.next_step)
    if not _is_whole(held, with_shapes=with_shapes):
        raise FileRefused(
            f"{shown(path.name)} cannot be read: what reads Parquet contradicts itself.",
            next_step=_PROGRAM.instead,
        )
    return held


def _is_whole(held: Held, *, with_shapes: bool) -> bool:
    """Whether an answer says as much of each row; it had a stranger's file in its hands."""
    lengths = {*map(len, held.columns), *([len(held.shapes)] if with_shapes else [])}
    return lengths <= {held.rows} and len(held.names) == len(held.columns)


def answer_of(asked: Asked, path: Path) -> Held:
    """Return what the program answers. Raises FileRefused where it ends without an answer."""
    return answer(_PROGRAM, asked, Held, path, reads=Path(asked.path))
