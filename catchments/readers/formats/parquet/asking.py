"""A Parquet file from outside, as the program that reads it answers: plain values, or a refusal."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.parquet.file_ends import check_ends
from catchments.readers.formats.parquet.messages import Asked, Held
from catchments.runtime import subprocess_job

WITHIN_S = 45.0
_PROGRAM = "catchments.readers.formats.parquet.program"
_ENVIRONMENT = {"OMP_NUM_THREADS": "1"}


def held_in(path: Path, *, rows_at_most: int, bytes_at_most: int, with_shapes: bool) -> Held:
    """Return what a Parquet file holds; `with_shapes`, of a GeoParquet.

    Raises FileRefused for one that is damaged, encrypted, too large, or ends what reads it.
    """
    check_ends(path)
    asked = Asked(str(path.absolute()), rows_at_most, bytes_at_most, with_shapes)
    held = answer_of(asked, path)
    if held.refused:
        raise FileRefused(held.refused, allowed=held.allowed, next_step=held.next_step)
    return held


def answer_of(asked: Asked, path: Path) -> Held:
    """Return what the program answers. Raises FileRefused where it ends without an answer."""
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "PYTHONPATH", "TMPDIR") if k in os.environ}
    try:
        said = subprocess_job.run(
            _PROGRAM,
            given=msgspec.msgpack.encode(asked),
            within_s=WITHIN_S,
            environment={**kept, **_ENVIRONMENT},
        )
        return msgspec.msgpack.decode(said, type=Held)
    except (subprocess_job.JobFailed, msgspec.DecodeError) as error:
        how = getattr(error, "how", "its answer cannot be understood")
        raise FileRefused(
            f"{shown(path.name)} cannot be read: it is broken, encrypted in parts, or too large;"
            f" what reads Parquet did not end well ({how}).",
            next_step="Write it again, for example with GeoPandas or ogr2ogr.",
        ) from error
