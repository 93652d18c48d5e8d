"""CSV by the million rows: what is plain is read by Arrow, and what is not is told from it.

Plain is what any reader takes for the same rows: each quote opens a cell, closes one or is doubled;
rows are as wide as the header; no cell and no row is too long. Whatever is not is for whoever reads
row by row to look at, and to say where it is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from catchments.readers.formats.text_files import LONGEST_ROW

_CHARACTERS_A_BLOCK = 2 << 20
"""No row that is not too long is longer."""
_MOST_BYTES = 4
"""Of a character in UTF-8."""
_QUOTE = ord('"')


class NotPlain(Exception):
    """What has to be read row by row."""


def plain_tables(file: TextIOWrapper, delimiter: str, width: int, *, skipped: int) -> Iterator[Any]:
    """Yield tables of texts, the header left out, each of some megabytes at most.

    `width` is how many columns there are; their names are not these. So many lines are `skipped`.
    Raises NotPlain at the first that is not, once all before it is given.
    """
    if not delimiter.isascii():
        raise NotPlain
    names = [f"f{n}" for n in range(width)]
    watched = _Watched(file, delimiter)
    try:
        with pyarrow.csv.open_csv(
            pa.PythonFile(watched, "r"),
            pyarrow.csv.ReadOptions(
                block_size=_CHARACTERS_A_BLOCK * _MOST_BYTES,
                autogenerate_column_names=True,
                skip_rows=skipped,
                use_threads=False,
            ),
            pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        ) as reader:
            header = 1
            for batch in reader:
                table = pa.Table.from_batches([batch]).slice(header)
                if table.column_names != names or not (watched.is_plain and _are_short(table)):
                    raise NotPlain
                header = min(header, int(not batch.num_rows))
                if table.num_rows:
                    yield table
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise NotPlain from error
    if not watched.is_plain:
        raise NotPlain


def _are_short(table: Any) -> bool:
    """Whether no cell, and so no row, is longer than one may be."""
    longest = [pc.max(pc.binary_length(column)).as_py() or 0 for column in table.columns]
    return max(longest) <= csv.field_size_limit() and sum(longest) < LONGEST_ROW - len(longest)


class _Watched:
    """A text as bytes of UTF-8, for Arrow to read, that sees whether its quotes are plain."""

    def __init__(self, file: TextIOWrapper, delimiter: str) -> None:
        self._file = file
        self._before = np.frombuffer(b"\n", dtype=np.uint8)
        self._inside = False
        """Whether an odd number of quotes has come."""
        self._around = np.zeros(256, dtype=bool)
        self._around[list(f'{delimiter}\r\n"'.encode())] = True
        self.is_plain = True
        self.closed = False

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most so many; none at the end."""
        data = self._file.read(size // _MOST_BYTES).encode()
        self.is_plain = self.is_plain and self._goes_on_plainly(data)
        return data

    def _goes_on_plainly(self, data: bytes) -> bool:
        if b"\0" in data:  # which Arrow takes for a character
            return False
        # The last byte is looked at with what comes after it.
        seen = np.concatenate([self._before, np.frombuffer(data or b"\n", dtype=np.uint8)])
        quotes = np.flatnonzero(seen[1:-1] == _QUOTE) + 1
        closing = (np.arange(len(quotes)) + self._inside) % 2
        beside = seen[quotes - 1 + 2 * closing]
        self._inside ^= bool(len(quotes) % 2)
        self._before = seen[-2:]
        return bool(self._around[beside].all()) and (bool(data) or not self._inside)

    def close(self) -> None:
        """Do nothing: who opened the file closes it."""
        self.closed = True
