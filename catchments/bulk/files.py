"""A file of schools or places to the same file with answers: any size, whole or not at all.

The answers are written in parts beside the target; a run that is killed goes on after the last part
that was finished. The target gets its name when everything is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from catchments.bulk.columns import Wanted, refuse_clash
from catchments.bulk.csv_source import CsvSource
from catchments.bulk.input_columns import check_crs
from catchments.bulk.journal import Journal
from catchments.bulk.output_columns import COLUMNS, Answering
from catchments.bulk.parquet_source import MAGIC, ParquetSource
from catchments.bulk.sources import Mark, Source, read_columns
from catchments.bulk.targets import (
    Target,
    ahead,
    already_there,
    durable,
    is_csv,
    put_in_place,
    target_for,
)
from catchments.core.errors import FileRefused, InputRefused, shown
from catchments.lookup.snapshot import Snapshot
from catchments.readers.report import Progress, no_progress

PART_ROWS = 1 << 20
"""A part ends with the batch that reaches so many rows: a few seconds' work."""
_LOOKED_AT = 1 << 16
_VERSION = 1
_WHAT = {
    "version": "this program",
    "input": "the input",
    "answers": "the edition or the school directory",
    "options": "the options",
}


@dataclass
class Summary:
    """What a run did."""

    rows: int = 0
    """All rows of the target."""
    resumed_rows: int = 0
    """Of those, how many an earlier run had done."""
    began_anew: str = ""
    """What differs from an earlier run whose parts were of no use; empty if there was none."""
    statuses: dict[str, int] = field(default_factory=dict)
    """How many rows of this run ended how."""
    problems: dict[str, int] = field(default_factory=dict)
    """How many rows of this run have which problem."""

    def count(self, answers: Mapping[str, Any]) -> None:
        """Add the rows of a batch."""
        _count(answers["provider_status"], self.statuses)
        _count(answers["provider_problem"], self.problems)


def resolve_file(
    source: Path,
    target: Path,
    snapshot: Snapshot,
    *,
    on: date,
    wanted: Wanted | None = None,
    replace: bool = False,
    progress: Progress = no_progress,
    part_rows: int = PART_ROWS,
) -> Summary:
    """Write all rows and columns of a file, with the answers beside them, to another file.

    Formats go by the source's content and the target's name. Rows that ask nothing are marked.
    Raises FileRefused for a source that is not what it should be, and InputRefused for a target or
    an option that will not do.
    """
    wanted = wanted or Wanted()
    _refuse_target(source, target, replace=replace)
    opened = open_source(source, wanted)
    check_crs(opened.how.crs)
    answering = Answering(snapshot, on, for_spreadsheets=is_csv(target))
    schema = _schema(opened, answering, wanted.prefix)
    written = target_for(target, schema, opened.geometries)
    options = {**asdict(wanted), "part_rows": part_rows, "csv": is_csv(target)}
    job = _Job(opened, written, answering, schema, options, progress)
    try:
        return job.run(target, replace=replace)
    except OSError as error:
        raise InputRefused(
            f"{shown(target.name)} cannot be written: {error.strerror or error}.",
            field="target",
            next_step="Mend that and start again: it goes on where it was.",
        ) from error


def open_source(path: Path, wanted: Wanted) -> Source:
    """Open a file by its content. Raises FileRefused where there is none that can be read."""
    try:
        if not path.is_file():
            raise FileRefused(
                f"{shown(path)} is not a file.", next_step="Check its name and folder."
            )
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except (OSError, ValueError) as error:
        raise FileRefused(f"{shown(path)} cannot be opened ({error}).") from error
    return ParquetSource(path, wanted) if magic == MAGIC else CsvSource(path, wanted)


@dataclass(frozen=True)
class _Job:
    source: Source
    target: Target
    answering: Answering
    schema: Any
    options: dict[str, Any]
    progress: Progress
    summary: Summary = field(default_factory=Summary)

    def run(self, target: Path, *, replace: bool) -> Summary:
        """Do what is still to be done."""
        journal, job = Journal(target), self._description()
        journal.read()
        # Nothing at all is written before the source is known to be whole.
        known = journal.job if _differing(journal.job, job) == [] else {}
        rows = known["rows"] if known else self.source.check(self.progress)
        with journal.locked():
            journal.read()
            self._begin(journal, {**job, "rows": rows})
            try:
                self._answer(journal, rows)
                self._refuse_changed(job)
            except FileRefused:
                journal.remove()  # what was read of it is worth nothing
                raise
            joined = journal.folder / "joined"
            self.target.join(list(map(journal.path_of, journal.parts)), joined, self.progress)
            put_in_place(joined, target, replace=replace)
            journal.remove()
        return self.summary

    def _description(self) -> dict[str, Any]:
        """Return all that the target's content depends on, fit for JSON."""
        return {
            "version": _VERSION,
            "input": _fingerprint(self.source.path),
            "answers": self.answering.identity,
            "options": self.options,
        }

    def _begin(self, journal: Journal, job: dict[str, Any]) -> None:
        differing = _differing(journal.job, job)
        if differing:
            if journal.job:
                self.summary.began_anew = " and ".join(_WHAT[each] for each in differing)
            journal.begin(job)
        if journal.parts:
            self.summary.resumed_rows = journal.parts[-1].mark.rows

    def _answer(self, journal: Journal, rows: int) -> None:
        mark = journal.parts[-1].mark if journal.parts else Mark()
        batches = ahead(self._answered(self.source.batches(mark)))
        while not journal.parts or mark.rows < rows:
            path = journal.folder / f"part-{len(journal.parts):06}"
            before = mark
            with durable(path) as building:
                for mark in self._part(building, batches, before, rows):  # noqa: B007
                    pass
            if mark.rows == before.rows < rows:
                raise FileRefused(f"{shown(self.source.path.name)} ends before it should.")
            journal.add(path, mark)
        self.summary.rows = mark.rows

    def _part(
        self, path: Path, batches: Iterator[tuple[Any, Mark]], begin: Mark, rows: int
    ) -> Iterator[Mark]:
        """Write one part; yield the mark after each batch in it."""
        part = self.target.part(path, first=begin.rows == 0)
        for table, mark in batches:
            part.add(table)
            self.progress(f"Resolving {self.source.path.name}", mark.rows, rows)
            yield mark
            if mark.rows - begin.rows >= self.options["part_rows"]:
                break
        part.close()

    def _answered(self, batches: Iterator[tuple[Any, Mark]]) -> Iterator[tuple[Any, Mark]]:
        how = self.source.how
        for table, mark in batches:
            answers = self.answering.columns(read_columns(table, how), how)
            self.summary.count(dict(zip(COLUMNS, answers, strict=True)))
            yield pa.Table.from_arrays([*table.columns, *answers], schema=self.schema), mark

    def _refuse_changed(self, job: dict[str, Any]) -> None:
        if _fingerprint(self.source.path) != job["input"]:
            raise FileRefused(
                f"{shown(self.source.path.name)} was changed while it was read.",
                next_step="Start again when nobody writes to it.",
            )


def _differing(before: Mapping[str, Any], job: Mapping[str, Any]) -> list[str]:
    return [name for name in _WHAT if before.get(name) != job[name]]


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


def _fingerprint(path: Path) -> list[Any]:
    """Return what tells a file from itself after a change: size, time, how it begins and ends."""
    found = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_LOOKED_AT))
        file.seek(max(0, found.st_size - _LOOKED_AT))
        digest.update(file.read(_LOOKED_AT))
    return [found.st_size, found.st_mtime_ns, digest.hexdigest()]


def _count(column: Any, counts: dict[str, int]) -> None:
    found = np.bincount(column.indices.drop_null().to_numpy(), minlength=len(column.dictionary))
    for text, count in zip(column.dictionary.to_pylist(), found.tolist(), strict=True):
        if count:
            counts[text] = counts.get(text, 0) + count
