"""Shapefiles read by a program: `python -m catchments.readers.formats.shapefile.program`.

GDAL is large, written in C++, and has a driver for every format there is. So nothing but this
program loads it for a file from outside, in a fence and without its other drivers: it reads an
`Asked` from its input and writes a `Held` to its output.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any

if __name__ == "__main__":
    # pyogrio would load each for what is not asked of it here: most of the time of a small file.
    sys.modules.update(dict.fromkeys(("geopandas", "pandas", "pyarrow")))  # type: ignore[arg-type]

import msgspec
import pyogrio
import pyogrio.raw

from catchments.readers.formats.shapefile.gdal_drivers import KEPT
from catchments.readers.formats.shapefile.messages import Asked, Held, Value
from catchments.runtime.fence.limits import limit

LARGEST_BYTES = 2 << 30
LONGEST_S = 30
BYTES_AS_LETTERS = "ISO-8859-1"
"""Gives each byte as the letter of its number, so that the bytes can be had back."""


def answered(asked: Asked) -> Held:
    """Return what a file holds, or what is wrong with it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL warns of what the report says in our words
            return _held(asked)
    except UnboundLocalError:  # pyogrio 0.13, for a .prj that is not UTF-8
        return Held(damaged="its CRS cannot be read")
    except (RuntimeError, ValueError, UnicodeError, MemoryError) as error:
        return Held(damaged=str(error) or type(error).__name__)


def _held(asked: Asked) -> Held:
    about = pyogrio.read_info(asked.path, encoding=BYTES_AS_LETTERS)
    if about["driver"] != KEPT:
        return Held(damaged=f"GDAL takes it for {about['driver']}")
    if about["features"] > asked.features_at_most:
        return Held(features=int(about["features"]))
    told, _, shapes, values = pyogrio.raw.read(
        asked.path, encoding=BYTES_AS_LETTERS, datetime_as_string=True
    )
    return Held(
        crs=told["crs"],
        names=[str(name) for name in told["fields"]],
        columns=[_plain(column.tolist()) for column in values],
        shapes=list(shapes),
        features=len(shapes),
    )


def _plain(column: Iterable[Any]) -> list[Value]:
    return [each if isinstance(each, Value) else str(each) for each in column]


def main() -> None:
    """Read a question from the input, and write what the file holds to the output."""
    limit(memory_bytes=LARGEST_BYTES, processor_s=LONGEST_S)
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.msgpack.encode(answered(asked)))


if __name__ == "__main__":
    main()
