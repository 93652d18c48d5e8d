"""Parquet files, one or a folder of them; what folders' names say becomes columns, as in Hive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from catchments.bulk.columns import Wanted, choose
from catchments.bulk.input_columns import ROWS_AT_ONCE, How
from catchments.bulk.parquet_source import Geometry, OpenParquet, crs_asked, rechunked
from catchments.core.errors import FileRefused, shown
from catchments.readers.formats.parquet.file_ends import MARK

MOST_FILES = 100_000
PARTITION = pa.dictionary(pa.int32(), pa.string())
"""What a folder's name says is text: that 054 is 54 is for whoever reads the column to say."""
_NOTHING = "__HIVE_DEFAULT_PARTITION__"
_ASIDE = ("_", ".")
"""How files begin that writers put beside the data, and readers leave out: _SUCCESS, .crc."""


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    said: Mapping[str, str]
    """What the names of its folders say: `region=waikato`."""


class ParquetFiles:
    """A Parquet file, or a folder of them.

    Raises FileRefused for one that is damaged, and where they make no table with such columns.
    """

    def __init__(self, path: Path, wanted: Wanted) -> None:
        self.path = path
        self._parts = parts_of(path) if path.is_dir() else [_Part(path, {})]
        with OpenParquet(self._parts[0].path) as first:
            geometry, self._own = first.geometry, first.schema
        self.whole, self._batch_rows = 0, ROWS_AT_ONCE
        for part in self._parts:
            self._add(part, geometry)
        said = self._parts[0].said
        if clash := next((name for name in said if name in self._own.names), None):
            raise _refused(path, f"the column {clash} is in its files and in its folders' names")
        fields = [*self._own, *(pa.field(name, PARTITION) for name in said)]
        self.schema = pa.schema(fields, metadata=self._own.metadata)
        chosen = choose(path.name, self.schema.names, wanted, geometry=geometry.column)
        self.geometries = geometry.all_wkb
        crs = crs_asked(path, wanted, geometry, chosen.geometry)
        self.how = How(chosen, crs, geometry.encoding)

    def _add(self, part: _Part, geometry: Geometry) -> None:
        """Take a file's schema and rows into account; a column that it has not is empty there."""
        name = shown(part.path.name)
        with OpenParquet(part.path) as opened:
            self.whole += opened.whole
            if opened.whole:
                self._batch_rows = min(self._batch_rows, opened.batch_rows)
            if opened.geometry != geometry:
                raise _refused(self.path, f"{name} has its geometry in another form or CRS")
            if opened.schema == self._own:
                return
            try:
                both = [self._own, opened.schema]
                whole = pa.unify_schemas(both, promote_options="permissive")
            except pa.ArrowException as error:
                what = f"{name} has other columns than the files before: {shown(error)}"
                raise _refused(self.path, what) from error
        self._own = whole.with_metadata(self._own.metadata)

    def batches(self) -> Iterator[tuple[Any, int]]:
        """Yield tables, all but the last as long, each with how many rows have been read."""
        rows = 0
        for table in rechunked(self._tables(), self._batch_rows):
            rows += table.num_rows
            yield table, rows
        if rows < self.whole:
            raise FileRefused(f"{shown(self.path.name)} ends before it should.")

    def _tables(self) -> Iterator[Any]:
        for part in self._parts:
            with OpenParquet(part.path) as opened:
                for table in opened.tables(self._batch_rows):
                    yield self._as_all_are(table, part)

    def _as_all_are(self, table: Any, part: _Part) -> Any:
        """Return a part's rows in the schema of all, with what its folders say."""
        try:
            columns = [
                table.column(field.name).cast(field.type)
                if field.name in table.schema.names
                else pa.nulls(table.num_rows, field.type)
                for field in self._own
            ]
        except pa.ArrowException as error:
            what = f"{shown(part.path.name)} does not fit the others: {shown(error)}"
            raise _refused(self.path, what) from error
        columns += [_repeated(text, table.num_rows) for text in part.said.values()]
        return pa.Table.from_arrays(columns, schema=self.schema)


def parts_of(folder: Path) -> list[_Part]:
    """Return the files of a folder by name. Raises FileRefused for what is not Parquet in it."""
    found = list(islice(_files(folder), MOST_FILES + 1))
    if len(found) > MOST_FILES:
        raise _refused(folder, f"it has more than {MOST_FILES:,} files")
    parts = [_Part(path, _said_by(path.relative_to(folder))) for path in sorted(found)]
    if not parts:
        raise FileRefused(
            f"{shown(folder.name)} is a folder without a Parquet file.",
            next_step="Name a file, or a folder of Parquet files.",
        )
    for part in parts:
        with part.path.open("rb") as file:
            if file.read(len(MARK)) != MARK:
                raise _refused(folder, f"{shown(part.path.name)} in it is not Parquet")
        folders = part.path.relative_to(folder).parts[:-1]
        if len(part.said) < sum("=" in name for name in folders):
            raise _refused(folder, f"the folders of {shown(part.path.name)} name a column twice")
        if list(part.said) != list(parts[0].said):
            raise _refused(folder, f"{shown(part.path.name)} is not in folders as the others are")
    return parts


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if path.is_file() and not any(name.startswith(_ASIDE) for name in inside.parts):
            yield path


def _said_by(inside: Path) -> dict[str, str]:
    pairs = [name.partition("=") for name in inside.parts[:-1]]
    return {unquote(name): unquote(text) for name, equals, text in pairs if equals}


def _repeated(text: str, count: int) -> Any:
    at = pa.scalar(None if text == _NOTHING else 0, pa.int32())
    return pa.DictionaryArray.from_arrays(pa.repeat(at, count), pa.array([text], pa.string()))


def _refused(folder: Path, what: str) -> FileRefused:
    return FileRefused(
        f"{shown(folder.name)} is not one table: {what}.",
        allowed="All files of a folder are Parquet, with the same columns, in folders such as "
        "region=waikato or in none.",
        next_step="Write it anew, or give one file.",
    )
