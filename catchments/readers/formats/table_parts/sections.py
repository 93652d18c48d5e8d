"""A section of a file: one header and the rows below it; a workbook may have one a sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from catchments.core.errors import first_of, shown
from catchments.readers.formats.table_parts.headers import Columns, Header, Numbered
from catchments.readers.report import Report


@dataclass(frozen=True, slots=True)
class Section:
    """What is read of a file or a sheet: `place` is what a row of it is called."""

    place: str
    header: Header
    rows: Numbered
    """Those below the header; blank ones too."""
    faulty: Mapping[int, Sequence[int]] = field(default_factory=dict)
    """Row → the indices of cells in it whose text is not known."""
    is_text: bool = False
    """Whether it is a text file, whose cells have no kinds."""

    def where(self, line: int) -> str:
        """Name a row to a person."""
        return f"{self.place} {line}"


_NAMED_AT_MOST = 60


def say_around(report: Report, columns: Columns, section: Section) -> None:
    """Report what stands above a header, and which columns below it are not read."""
    header = section.header
    if header.above:
        said = first_of(list(map(shown, header.above)), 3, by="; ", then="; and ")
        report.leave_out("lines above the header", f"no rows: {said}", len(header.above))
    say_unread(report, columns, header.names)


def say_unread(report: Report, columns: Columns, names: Sequence[str]) -> None:
    """Report in one line which columns are not read."""
    unread = columns.unread(names)
    if unread:
        what = "a column" if len(unread) == 1 else "columns"
        named = first_of(list(map(shown, unread)), _NAMED_AT_MOST)
        report.leave_out(what, f"not read here: {named}", len(unread))
