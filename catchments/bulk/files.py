"""A file of schools or places: the same file with answers, of any size, whole or not at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catchments.bulk.columns import Wanted, refuse_clash
from catchments.bulk.csv_source import CsvSource
from catchments.bulk.input_columns import check_crs
from catchments.bulk.other_formats import refuse_folder
from catchments.bulk.output_columns import COLUMNS, Answering
from catchments.bulk.parquet_folder import ParquetFiles, parts_of
from catchments.bulk.targets import already_there, building, is_csv, side_by_side, target_for
from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.lookup.snapshot import Snapshot
from catchments.readers.formats.parquet.file_ends import MARK
from catchments.readers.report import Progress, no_progress

Source = CsvSource | ParquetFiles
"""An open file of rows: the Arrow schema of its columns, those that hold shapes as WKB, how its
question is found, and how much of it there is, in bytes of text or in rows."""
THREADS_AT_MOST = 4
"""So many keep whoever reads and writes busy; each holds a batch."""


@dataclass
class Summary:
    """What a run did."""

    rows: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    """How many rows ended how."""
    problems: Counter[str] = field(default_factory=Counter)
    """How many rows have which problem."""

    @classmethod
    def added(cls, parts: Iterable[Summary]) -> Summary:
        """Return what several runs did together."""
        whole = cls()
        for part in parts:
            whole.rows += part.rows
            whole.statuses.update(part.statuses)
            whole.problems.update(part.problems)
        return whole

    def count(self, answers: Mapping[str, Any]) -> None:
        """Add the rows of a batch."""
        self.rows += len(answers["provider_status"])
        self.statuses.update(_counts(answers["provider_status"]))
        self.problems.update(_counts(answers["provider_problem"]))


def resolve_file(
    source: Path,
    target: Path,
    snapshot: Snapshot,
    *,
    on: date,
    wanted: Wanted | None = None,
    replace: bool = False,
    progress: Progress = no_progress,
) -> Summary:
    """Write all rows and columns of a file, with the answers beside them, to another file.

    Formats go by the source's content and the target's name. Rows that ask nothing are marked.
    Raises FileRefused for a source that is not what it should be, and InputRefused for a target or
    an option that will not do.
    """
    wanted = wanted or Wanted()
    _refuse_target(source, target, replace=replace)
    opened = open_source(source, wanted)
    _refuse_within(source, target)
    check_crs(opened.how.crs)
    answering = Answering(snapshot, on, for_spreadsheets=is_csv(target))
    schema = _schema(opened, answering, wanted.prefix)
    written = target_for(target, schema, opened.geometries)
    done, before = Summary(), _fingerprint(source)
    try:
        with building(target, replace=replace) as path, written.writing(path) as write:
            for table in _answered(opened, answering, schema, done, progress):
                write(table)
            _refuse_changed(source, before)
    except OSError as error:
        raise InputRefused(
            f"{shown(target.name)} cannot be written: {error.strerror or error}.",
            field="target",
            next_step="Mend that and start again.",
        ) from error
    return done


def open_source(path: Path, wanted: Wanted) -> Source:
    """Open a file by its content, or a folder of Parquet.

    Raises FileRefused where there is none that can be read.
    """
    if _is_folder(path):
        refuse_folder(path)
        return ParquetFiles(path, wanted)
    try:
        if not path.is_file():
            raise FileRefused(
                f"{shown(path)} is not a file.", next_step="Check its name and folder."
            )
        with path.open("rb") as file:
            mark = file.read(len(MARK))
    except (OSError, ValueError) as error:
        raise FileRefused(f"{shown(path)} cannot be opened ({error}).") from error
    return ParquetFiles(path, wanted) if mark == MARK else CsvSource(path, wanted)


def _answered(
    source: Source, answering: Answering, schema: Any, done: Summary, progress: Progress
) -> Iterator[Any]:
    """Yield the tables of a source with the answers beside their columns; count them in `done`."""

    def answered(batch: tuple[Any, int]) -> tuple[Any, list[Any], int]:
        table, read = batch
        columns = dict(zip(table.column_names, table.columns, strict=True))
        return table, answering.columns(columns, source.how), read

    threads = min(os.cpu_count() or 1, THREADS_AT_MOST)
    for table, answers, read in side_by_side(answered, source.batches(), threads=threads):
        done.count(dict(zip(COLUMNS, answers, strict=True)))
        progress(f"Resolving {source.path.name}", read, source.whole)
        yield pa.Table.from_arrays([*table.columns, *answers], schema=schema)


def _refuse_changed(source: Path, before: object) -> None:
    if _fingerprint(source) != before:
        raise FileRefused(
            f"{shown(source.name)} was changed while it was read.",
            next_step="Start again when nobody writes to it.",
        )


def _schema(source: Source, answering: Answering, prefix: str) -> Any:
    refuse_clash(source.path.name, source.schema.names, COLUMNS, prefix)
    fields = [pa.field(prefix + name, kind) for name, kind in COLUMNS.items()]
    metadata = answering.metadata(source.schema.metadata)
    return pa.schema([*source.schema, *fields], metadata=metadata)


def _refuse_target(source: Path, target: Path, *, replace: bool) -> None:
    if not target.parent.is_dir():
        raise InputRefused(f"There is no folder {shown(target.parent)}.", field="target")
    if target.is_dir():
        raise InputRefused(f"{shown(target)} is a folder.", field="target")
    if target.exists() and source.exists() and target.samefile(source):
        raise InputRefused("A file cannot be read and written at once.", field="target")
    if target.exists() and not replace:
        raise already_there(target)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _refuse_within(source: Path, target: Path) -> None:
    if _is_folder(source) and source.resolve() in target.resolve().parents:
        raise InputRefused(
            f"{shown(target.name)} would be a part of the folder that is read.",
            field="target",
            next_step="Write it elsewhere.",
        )


def _fingerprint(path: Path) -> object:
    """Return what tells a file from itself after a change: its size, and when it was written."""
    if _is_folder(path):
        return [(part.path, _fingerprint(part.path)) for part in parts_of(path)]
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _counts(column: Any) -> dict[str, int]:
    found = np.bincount(column.indices.drop_null().to_numpy(), minlength=len(column.dictionary))
    texts = zip(column.dictionary.to_pylist(), found.tolist(), strict=True)
    return {text: count for text, count in texts if count}
