"""Arrow's columns → plain values, by a list of the types that are read.

A time zone is a name that Python would look up as a file: times are reckoned from their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catchments.readers.formats.parquet.messages import Value

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def why_not_read(kind: Any) -> str:
    """Return why a column of an Arrow type is not read, or nothing: it is."""
    if pa.types.is_nested(kind):
        return "its values have values in them"
    if is_bytes(kind):
        return "it has bytes, no text"
    return "" if _reader(_bare(kind)) else f"values of type {kind} are not read"


def is_bytes(kind: Any) -> bool:
    """Whether values of an Arrow type are bytes of any length, as WKB is."""
    bare, types = _bare(kind), pa.types
    return bool(types.is_binary(bare) or types.is_large_binary(bare) or types.is_binary_view(bare))


def is_text(kind: Any) -> bool:
    """Whether values of an Arrow type are texts."""
    bare, types = _bare(kind), pa.types
    return bool(types.is_string(bare) or types.is_large_string(bare) or types.is_string_view(bare))


def size_of(column: Any) -> int:
    """Return how many bytes the values of a column are, one that is there often each time."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if not (is_text(column.type) or is_bytes(column.type)):
        return int(column.indices.nbytes)
    lengths = pc.take(pc.binary_length(column.dictionary), column.indices)
    return int(pc.sum(pc.cast(lengths, pa.int64())).as_py() or 0)


def values_of(column: Any) -> Sequence[Any]:
    """Return the values of a column of a type that is read, or of bytes.

    Raises ValueError or OverflowError for a text that is no UTF-8, and a day that no calendar has.
    """
    if pa.types.is_dictionary(column.type):
        return values_of(column.dictionary_decode())
    reader = _as_they_are if is_bytes(column.type) else _reader(column.type)
    if reader is None:
        raise ValueError(str(column.type))
    return reader(column)


def _bare(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


_Reader = Callable[[Any], Sequence[Value]]


def _reader(kind: Any) -> _Reader | None:
    return next((reader for is_one, reader in _READERS if is_one(kind)), None)


def _as_they_are(column: Any) -> Sequence[Value]:
    return list(column.to_pylist())


def _numbers(column: Any) -> Sequence[Value]:
    return [None if each != each else each for each in column.to_pylist()]  # noqa: PLR0124 - NaN


def _decimals(column: Any) -> Sequence[Value]:
    return [None if each is None else f"{each:f}" for each in column.to_pylist()]


def _days(column: Any) -> Sequence[Value]:
    days = column.cast(pa.date32()).cast(pa.int32()).to_pylist()
    first = _BEGINNING.toordinal()
    return [None if day is None else date.fromordinal(first + day).isoformat() for day in days]


def _times(column: Any) -> Sequence[Value]:
    """Return moments as texts; a midnight without a zone is a day, which some write so."""
    in_a_second, zone = _A_SECOND[column.type.unit], bool(column.type.tz)
    return [
        None if count is None else _moment(count, in_a_second, zone=zone)
        for count in column.cast(pa.int64()).to_pylist()
    ]


def _moment(count: int, in_a_second: int, *, zone: bool) -> str:
    seconds, rest = divmod(count, in_a_second)
    said = _BEGINNING + timedelta(seconds=seconds, microseconds=rest * 1_000_000 // in_a_second)
    if zone:
        return said.isoformat()
    at_midnight = seconds % 86_400 == 0 and not rest
    return said.date().isoformat() if at_midnight else said.replace(tzinfo=None).isoformat()


_READERS: tuple[tuple[Callable[[Any], bool], _Reader], ...] = (
    (is_text, _as_they_are),
    (pa.types.is_boolean, _as_they_are),
    (pa.types.is_integer, _as_they_are),
    (pa.types.is_null, _as_they_are),
    (pa.types.is_floating, _numbers),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_date, _days),
    (pa.types.is_timestamp, _times),
)
