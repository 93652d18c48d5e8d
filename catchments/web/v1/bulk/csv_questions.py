"""Bulk questions as CSV: the columns that its first line names, a row each line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import cast

import msgspec
import numpy as np

from catchments.core import errors
from catchments.core.errors import shown
from catchments.lookup.values import (
    ADDRESS,
    ID,
    LAT,
    LNG,
    SCHOOL_ID,
    are_flawless,
    degrees,
    field_called,
    flaw_of,
    school_number,
)
from catchments.readers.formats.cells import unwrapped
from catchments.readers.formats.text_files import (
    DELIMITERS,
    TextFault,
    rows_of_text,
    separator_in,
)
from catchments.web.v1.bulk.rows import (
    AT_MOST,
    FIELDS,
    NO_ID,
    WAYS,
    BodyRefused,
    Kind,
    Points,
    Questions,
    Row,
    RowAtFault,
    Schools,
    few,
    row_of,
)

_PLAIN_DEGREES = re.compile(r"(?:-?[0-9]{1,3}(?:\.[0-9]{1,17})?\n)+")
_COLUMNS_AT_MOST = 50
"""Names that are looked at: among so many one is unknown, or there twice."""


def read_csv(text: str) -> Questions:
    """Return the rows of a body of CSV. Raises BodyRefused or BodyTooLarge."""
    begins = io.StringIO(text, newline="").readline()
    said = separator_in(begins)
    text = text[len(begins) :] if said else text
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    names, fields, delimiter = _header(first, said or DELIMITERS)
    _, *records = islice(_records(text, delimiter), AT_MOST + 2)
    few(records)
    if '="' in text:
        records = [_unwrapped(cells, fields) for cells in records]
    columns = _columns(records, fields)
    plain = _schools(columns) or _points(columns)
    return plain or list(map(_Columns(names, fields).row, records))


def _unwrapped(cells: Sequence[str], fields: Sequence[str]) -> list[str]:
    """Return cells without what keeps a spreadsheet from reckoning; an id stays as it came."""
    own = fields.index(ID) if ID in fields else -1
    return [cell if at == own else unwrapped(cell) for at, cell in enumerate(cells)]


def _schools(columns: Mapping[str, Sequence[str]]) -> Schools | None:
    """Return schools with ids, or None where a row is not as plain as that."""
    if sorted(columns) != ["id", "school_id"]:
        return None
    ids, numbers = columns["id"], columns["school_id"]
    together = "".join(numbers)
    plain = together.isascii() and together.isdigit() and max(map(len, numbers)) <= 9
    if not plain or not all(numbers):
        return None
    return Schools(list(map(msgspec.json.encode, ids)), list(map(int, numbers)))


def _points(columns: Mapping[str, Sequence[str]]) -> Points | None:
    """Return points with ids, or None where a row is not as plain as that."""
    if sorted(columns) != ["id", "lat", "lng"]:
        return None
    texts = "\n".join((*columns["lng"], *columns["lat"], ""))
    if not _PLAIN_DEGREES.fullmatch(texts):
        return None
    lng, lat = (np.array(list(map(float, columns[name]))) for name in ("lng", "lat"))
    if not are_flawless(lng=lng, lat=lat):
        return None
    return Points(list(map(msgspec.json.encode, columns["id"])), lng, lat)


def _columns(records: Sequence[Sequence[str]], names: Sequence[str]) -> dict[str, list[str]]:
    """Return the cells of each column by its name; none where rows are not all as long."""
    if set(map(len, records)) != {len(names)}:
        return {}
    # A zip of all rows would make an object a row, for the collector to go through.
    return {name: list(map(itemgetter(at), records)) for at, name in enumerate(names)}


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records that are not blank. Raises BodyRefused for quotes gone wrong."""
    row = 0
    try:
        for cells in rows_of_text(text, delimiter):
            if "".join(cells).strip():
                row += 1
                yield cells
    except TextFault as fault:
        raise BodyRefused(
            f"Row {row} of the body is not CSV: in column {fault.column}, {fault.problem}.",
            row=row,
            allowed='A cell with a quote in it is quoted, and its quotes doubled: "a ""b""".',
            next_step="Mend its quotes; the body may also have been cut short.",
        ) from fault


def _header(line: str, delimiters: Iterable[str]) -> tuple[list[str], list[str], str]:
    """Return the names of the columns, the fields that they mean, and what separates them."""
    read = {d: _names(line, d) for d in delimiters}
    known_in = {d: list(map(field_called, read[d][:_COLUMNS_AT_MOST])) for d in read}
    delimiter = max(read, key=lambda d: sum(map(bool, known_in[d])))
    names, fields = read[delimiter], known_in[delimiter]
    if not any(fields):
        raise BodyRefused(
            f"The first line of the body, {shown(line.strip())}, does not name any column.",
            allowed=f"Columns are {', '.join(FIELDS)}; the first line names them.",
            next_step="Add a first line such as id,school_id.",
        )
    if None in fields:
        at = fields.index(None)
        raise _unknown_column(names[at], at + 1)
    known = cast(list[str], fields)
    _check_columns(names, known)
    return names, known, delimiter


def _names(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        cells = line.split(delimiter)
    return [cell.strip() for cell in cells]


def _unknown_column(name: str, place: int) -> BodyRefused:
    allowed = f"Columns are {', '.join(FIELDS)}."
    if not name:
        return BodyRefused(
            f"Column {place} has no name.",
            allowed=allowed,
            next_step="Leave it out: pandas writes its index like that, unless index=False.",
        )
    return BodyRefused(
        f"There is no column {shown(name)}.",
        field=name[:80],
        allowed=allowed,
        next_step="Send no more than is asked for: leave it out, or correct its name.",
    )


def _check_columns(names: Sequence[str], fields: Sequence[str]) -> None:
    twice = next((at for at, field in enumerate(fields) if field in fields[:at]), None)
    if twice is not None:
        raise BodyRefused(
            f"The column {names[twice]} is there twice, or under two names.",
            field=names[twice],
            allowed="Each column may be there once; lon and longitude mean lng.",
            next_step="Leave one of them out.",
            kind=errors.Kind.REPEATED_PARAMETER,
        )
    half = (LAT in fields) != (LNG in fields)
    if half or not {SCHOOL_ID, LAT, ADDRESS} & set(fields):
        raise BodyRefused(
            "Columns are missing: a point needs both lng and lat."
            if half
            else "Columns are missing: nothing says which school or place a row is about.",
            field=LNG if LAT in fields else LAT if half else SCHOOL_ID,
            allowed=WAYS,
            next_step="Add the column.",
            kind=errors.Kind.MISSING_PARAMETER,
        )


class _Columns:
    """Reads rows of CSV by the fields of their columns: most are plain."""

    def __init__(self, names: Sequence[str], fields: Sequence[str]) -> None:
        self._names, self._fields = names, fields
        self._id, self._number = self._place("id"), self._place("school_id")
        self._lng, self._lat = self._place("lng"), self._place("lat")

    def row(self, cells: Sequence[str]) -> Row:
        """Return a row of its cells."""
        if len(cells) != len(self._names):
            return self._of_wrong_length(cells)
        own = cells[self._id] if self._id >= 0 else ""
        own_id = msgspec.json.encode(own) if self._id >= 0 else NO_ID
        filled = len(cells) - cells.count("") - bool(own)
        if filled == 1 and self._number >= 0:
            number = school_number(cells[self._number])
            if number is not None:
                return Row(own_id, Kind.SCHOOL, number)
        if filled == 2 and self._lat >= 0:
            point = self._plain_point(cells)
            if point:
                return Row(own_id, Kind.POINT, point)
        given = dict(zip(self._names, map(str.strip, cells), strict=True))
        if self._id >= 0:
            del given[self._names[self._id]]
        return row_of(own_id, {name: text for name, text in given.items() if text})

    def _place(self, name: str) -> int:
        return self._fields.index(name) if name in self._fields else -1

    def _plain_point(self, cells: Sequence[str]) -> tuple[float, float] | None:
        lng, lat = degrees(cells[self._lng]), degrees(cells[self._lat])
        if lng is None or lat is None or flaw_of(lng=lng, lat=lat):
            return None
        return lng, lat

    def _of_wrong_length(self, cells: Sequence[str]) -> Row:
        own_id = NO_ID
        if 0 <= self._id < len(cells):
            own_id = msgspec.json.encode(cells[self._id])
        expected = len(self._names)
        allowed = f"The first line has {expected}; a comma within a cell needs quotes round it."
        return RowAtFault("", "", f"It has {len(cells)} cells.", allowed).row(own_id)
