"""Files of a list: several read as one, each with where it is from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.core.model import NOT_STATED, Source, SourceKind
from catchments.core.plain_cells import as_meant
from catchments.readers.formats.table_parts.headers import Columns
from catchments.readers.formats.tables import Row, Table, open_table, release_of
from catchments.readers.formats.vectors.declarations import is_yes, sources_of
from catchments.readers.report import Progress, Report, sha256_of

AUTHORITY = "Ministry of Education"
ORIGIN_COLUMNS = {"demonstration": ("Demonstration",), "source": ("Source",)}
"""Columns in which our own tables say where each row is from."""
IGNORED = ("Edition", "Effective from", "Directory release", "Distance m", "Schools")
"""Columns of our own tables that need no word: they follow from the others."""
SOURCE_COLUMNS = Columns(
    aliases={each.name: (each.name,) for each in fields(Source)},
    required=(("kind",), ("authority",), ("sha256",)),
)
"""Those of our own tables of sources."""
SOURCE_SHEET = "Sources"
_CREDIT = re.compile(r"(.+) \(([^()]+|[^()]*\([^()]*\)[^()]*)\)")
_NEXT_CREDIT = re.compile(r"(?<=\)); ")
"""Each credit ends with its licence in brackets; an authority's own name may have a semicolon."""


@dataclass(frozen=True)
class Given:
    """What whoever imports files says of them; blank where it is for the files to say."""

    authority: str = ""
    licence: str = ""
    release: str = ""
    url: str = ""
    sheet: str | None = None
    """Of a workbook, the sheet to read."""


@dataclass
class ListFile:
    """One open file of a list; its rows can be read once."""

    path: Path
    table: Table
    prefix: str
    sha256: str
    demonstration: bool = False
    """Whether a row said that it is made up; known once the rows are read."""
    _credits: dict[str, None] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def rows(self) -> Iterator[Row]:
        """Yield the rows, named with their file where there are several."""
        for row in self.table.rows:
            self._note_origin(row)
            # A CSV of ours has an apostrophe before what a spreadsheet would take for a formula.
            cells = {k: as_meant(v) for k, v in row.cells.items()} if self._is_text else row.cells
            yield replace(row, where=f"{self.prefix}{row.where}", cells=cells)

    def provider_rows(self) -> Iterator[Row]:
        """Yield the providers that a Parquet of ours declares beside its rows, as rows."""
        for number, each in enumerate(self.table.declared.providers, start=1):
            where = f"{self.prefix}provider {number} of what it declares"
            yield Row(0, where, asdict(each))

    @property
    def _is_text(self) -> bool:
        return bool(self.table.encoding)

    @cached_property
    def declared(self) -> list[Source]:
        """The sources that a workbook of ours names on a sheet, and a Parquet in its metadata."""
        if self.table.declared.is_ours:
            return list(self.table.declared.sources)
        return [] if self._is_text else declared_sources(self.path, sheet=SOURCE_SHEET)

    def source(self, kind: SourceKind, title: str, given: Given) -> Source:
        """Return where the file is from: as given, else as its rows say."""
        credited = [match for text in self._credits if (match := _CREDIT.fullmatch(text))]
        authorities = "; ".join(dict.fromkeys(match[1] for match in credited))
        licences = "; ".join(dict.fromkeys(match[2] for match in credited))
        return Source(
            kind=kind,
            title=title,
            authority=given.authority or authorities or AUTHORITY,
            licence=given.licence or licences or NOT_STATED,
            release=release_of(self.path, given.release),
            sha256=self.sha256,
            file_name=self.path.name,
            url=given.url,
            demonstration=self.demonstration
            or self.table.declared.demonstration
            or any(s.demonstration for s in self.declared),
        )

    def _note_origin(self, row: Row) -> None:
        said = row["demonstration"]
        if not said:
            return
        self.demonstration = self.demonstration or is_yes(said)
        if row["source"] not in self._said:
            self._said.add(row["source"])
            self._credits.update(dict.fromkeys(_NEXT_CREDIT.split(row["source"])))


def list_files(
    paths: Sequence[Path], columns: Columns, given: Given, report: Report, progress: Progress
) -> Iterator[ListFile]:
    """Yield each file of a list, open until the next is asked for; a file given twice comes once.

    Raises FileRefused for what is no such table.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        own, prefix = Report(), f"{path.name}, " if len(paths) > 1 else ""
        with open_table(path, columns, report=own, sheet=given.sheet, progress=progress) as table:
            sha256 = sha256_of(path)
            first = seen.setdefault(sha256, path)
            if first is path:
                yield ListFile(path, table, prefix, sha256)
                report.add(own, prefix)
                continue
        report.leave_out(f"the file {shown(path.name)}", f"it is the same as {shown(first.name)}")


def is_made_up(path: Path) -> bool:
    """Whether a table says in its first row that it is demonstration data."""
    columns = Columns(ORIGIN_COLUMNS, (("demonstration",),), sheet="Schools")
    try:
        with open_table(path, columns, report=Report()) as table:
            first = next(table.rows, None)
    except FileRefused:
        return False
    return first is not None and is_yes(first["demonstration"])


def declared_sources(path: Path, *, sheet: str | None = None) -> list[Source]:
    """Return the sources that a table of ours names; none where it is no such table."""
    try:
        with open_table(path, SOURCE_COLUMNS, report=Report(), sheet=sheet) as table:
            return list(sources_of((row.cells for row in table.rows), path, Report()))
    except FileRefused:
        return []
