"""The header of a table: the columns that a reader knows, and the row that names them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, zip_longest
from pathlib import Path

from catchments.core.errors import FileRefused, shown
from catchments.core.text_folding import folded
from catchments.lookup.values import LAT, LNG, SCHOOL_ID, field_called
from catchments.readers.formats.cells import tidy

HEADER_SEARCH_ROWS = 60
"""A header row stands in the first so many rows; what comes before it is preamble."""
MAX_COLUMNS = 500
MAX_ROWS = 100_000

Numbered = Iterator[tuple[int, Sequence[str]]]


_OF_EVERY_DOOR = {SCHOOL_ID, LNG, LAT}
"""Fields that a file names as freely as a question does, beside what their own aliases are."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns a reader knows: for each field what sources call it, the likeliest name first.

    `required` lists groups of fields; a header row has at least one of each group. Names are
    compared without case, macrons, punctuation and outer spaces.
    """

    aliases: Mapping[str, tuple[str, ...]]
    required: tuple[tuple[str, ...], ...]
    sheet: str = ""
    """What a workbook calls the sheet that is sought, where several could be it."""
    ignored: tuple[str, ...] = ()
    """Names of columns of our own tables that follow from others: there it is not said that they
    are not read. Our own say of each row whether it is made up; anybody else's may mean by the same
    name what would have to be done."""
    numbers: tuple[str, ...] = ()
    """Fields that hold a whole number in every row, so that a line with a text there is none."""

    dates: tuple[str, ...] = ()
    """Fields that hold a day; in others one may be what a spreadsheet made of a code."""
    bare: tuple[tuple[str, ...], ...] = ()
    """The fields of a table that has no header, by how many columns it has; none: it must have one.

    Such a table is somebody's own: each row of it is taken as it stands, whatever is in it.
    """

    def positions(self, names: Sequence[str]) -> dict[str, int]:
        """Return for each field found among `names` the index of its column."""
        index = {folded_name(name): i for i, name in reversed(list(enumerate(names)))}
        called = {field_called(name): i for i, name in reversed(list(enumerate(names)))}
        found = {
            field: [index[key] for key in map(folded_name, aliases) if key in index]
            for field, aliases in self.aliases.items()
        }
        for field in _OF_EVERY_DOOR & found.keys() & called.keys():
            found[field].append(called[field])
        return {field: places[0] for field, places in found.items() if places}

    def missing(self, fields: Iterable[str]) -> list[str]:
        """Return the names that would do for each required group without a field in `fields`."""
        have = set(fields)
        groups = [group for group in self.required if have.isdisjoint(group)]
        return [" or ".join(name for field in g for name in self.aliases[field]) for g in groups]

    def unread(self, names: Sequence[str]) -> list[str]:
        """Return the names of columns that are not read, but for those that need no word."""
        positions = self.positions(names)
        read = set(positions.values())
        known = set(map(folded_name, self.ignored)) if "demonstration" in positions else set()
        named = ((i, name) for i, name in enumerate(names) if name and i not in read)
        return [name for _, name in named if folded_name(name) not in known]


_DIGIT = re.compile(r"\d")
_FEWEST_NAMES = 2
_OF_TABLES = frozenset(
    map(
        folded,
        (
            *("School Number", "School Id", "School_Id", "School Name", "School", "Status"),
            *("Provider", "Provider name", "Provider code", "Phone", "Telephone", "Email"),
            *("E-mail", "Website", "Catchment", "Catchment name", "Catchment code", "Code"),
            *("Region", "Town", "City", "Suburb", "Address", "Latitude", "Longitude", "Name"),
            *("Education region", "Notes"),
        ),
    )
)
"""What columns of tables like ours are called, folded, whatever reader wants them."""


folded_name = lru_cache(maxsize=4096)(folded)
"""A column's name as it is compared."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header row of a table: its number in the file, its names, and where each field is."""

    line: int
    names: tuple[str, ...]
    positions: Mapping[str, int]
    last_line: int
    """Below `line` where the names stand in several rows."""
    above: tuple[str, ...] = ()
    """The texts of the rows above it that are not blank."""

    def stands_again(self, cells: Sequence[str]) -> bool:
        """Whether a row below has the header's names once more, as where two files were joined."""
        at = next(iter(self.positions.values()))
        if at >= len(cells) or tidy(cells[at]) != self.names[at]:
            return False  # as nearly every row
        again = (folded_name(tidy(cell)) for cell in cells)
        names = [folded_name(name) for name in self.names]
        alike = all(a == b for a, b in zip_longest(again, names, fillvalue=""))
        return len(set(names) - {""}) > 1 and alike


def header_in(
    path: Path, rows: Numbered, columns: Columns, *, place: str = "line", deep: int = 0
) -> Header | None:
    """Return the header among the first rows, or None; `place` is what a row of them is called.

    With `deep`, the row in which merged cells of the header row end: the lowest names are meant.
    Raises FileRefused for a column that is there twice, and for more than are read.
    """
    above: list[str] = []
    for line, cells in islice(rows, HEADER_SEARCH_ROWS):
        names = tuple(tidy(cell) for cell in cells[:MAX_COLUMNS])
        if not columns.missing(columns.positions(names)):
            names, last_line = _lowest(rows, names, line, deep)
            where = f"{place} {line}"
            _refuse_too_many(path, where, cells)
            refuse_repeated(path, where, names)
            return Header(line, names, columns.positions(names), last_line, tuple(above))
        if any(names):
            above.append(" | ".join(filter(None, names)))
    return None


def no_names(rows: Numbered, columns: Columns) -> Header | None:
    """Return what stands for the header of a table that has none, or None where it must have one.

    As many columns as one of the first rows has cells with something in them.
    """
    by_width = {len(fields): fields for fields in columns.bare}
    for _, cells in islice(rows, HEADER_SEARCH_ROWS):
        texts = [tidy(cell) for cell in cells[:MAX_COLUMNS]]
        while texts and not texts[-1]:
            texts.pop()
        if len(texts) in by_width:
            fields = by_width[len(texts)]
            names = tuple(columns.aliases[field][0] for field in fields)
            return Header(0, names, {field: at for at, field in enumerate(fields)}, 0)
    return None


def _lowest(
    rows: Numbered, names: tuple[str, ...], line: int, deep: int
) -> tuple[tuple[str, ...], int]:
    """Return the names of a header of several rows, the lowest of each column, and its last row."""
    for below, cells in islice(rows, max(0, deep - line)):
        lower = (tidy(cell) for cell in cells[:MAX_COLUMNS])
        names = tuple(low or up for low, up in zip_longest(lower, names, fillvalue=""))
        line = below
    return names, line


def is_another_header(cells: Sequence[str], columns: Columns) -> bool:
    """Whether a row has nothing but two or more names of columns: another table begins there."""
    if _DIGIT.search("".join(cells)):
        return False  # as nearly every row
    texts = [tidy(cell) for cell in cells if cell.strip()]
    if len(texts) < _FEWEST_NAMES or len(set(texts)) < len(texts):
        return False
    ours = (folded_name(name) for names in columns.aliases.values() for name in names)
    known = _OF_TABLES.union(ours)
    return all(folded_name(text) in known for text in texts)


def _refuse_too_many(path: Path, where: str, cells: Sequence[str]) -> None:
    if any(cell.strip() for cell in cells[MAX_COLUMNS:]):
        raise FileRefused(
            f"{shown(path.name)}, {where}: there are {len(cells):,} columns.",
            allowed=f"At most {MAX_COLUMNS} are read.",
            next_step="Keep the columns that are needed.",
            rows=(where,),
        )


def refuse_repeated(path: Path, where: str, names: Sequence[str]) -> None:
    """Raise FileRefused for a column that is there twice; `where` is the header's row."""
    counts = Counter(folded_name(name) for name in names)
    twice = {name for name in names if folded_name(name) and counts[folded_name(name)] > 1}
    if not twice:
        return
    name = min(twice)
    places = [i for i, other in enumerate(names, 1) if folded_name(other) == folded_name(name)]
    raise FileRefused(
        f"{shown(path.name)} has the column {shown(name)} {len(places)} times, as columns "
        f"{' and '.join(map(str, places))} of {where}.",
        next_step="Rename or remove all but one.",
    )


def no_header(
    path: Path, columns: Columns, first: Sequence[str], *, hidden: Sequence[str] = ()
) -> FileRefused:
    """Return the refusal of a file without the columns needed; sheets in `hidden` have them."""
    lacks = columns.missing(columns.positions([tidy(cell) for cell in first]))
    wanted = lacks or columns.missing(())
    starts = f" It starts with {shown(' | '.join(first))}." if first else " It has no text."
    named = " and ".join(map(shown, hidden))
    step = f"The header must be in the first {HEADER_SEARCH_ROWS} rows."
    if hidden:
        step += f" Hidden sheets have it: {named}. Show one, or name it with --sheet."
    return FileRefused(
        f"{shown(path.name)} has no header row with the columns needed.{starts}",
        allowed="Missing: a column named " + ", and one named ".join(wanted) + ".",
        next_step=step,
    )


def too_many_rows(path: Path, where: str = "") -> FileRefused:
    """Return the refusal of a file, or of a sheet of it, with more rows than are read."""
    place = f", {where}" if where else ""
    return FileRefused(
        f"{shown(path.name)}{place} has more than {MAX_ROWS:,} rows.",
        next_step="Check that it is the right file.",
    )
