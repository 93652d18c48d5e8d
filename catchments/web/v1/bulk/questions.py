"""A body of many questions, as JSON, NDJSON or CSV, to rows: each a question or a fault of its own.

A row that cannot be understood is marked and the others are read; only what makes the whole body
unreadable is refused. A caller's own id is kept as the JSON that was given, to be echoed exactly.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import islice
from typing import Any

import msgspec

from catchments.core.errors import CatchmentsError, InputRefused, shown
from catchments.geometry.coordinates import look_swapped

AT_MOST = 10_000
"""Rows in one body."""
LONGEST_BODY = 4 << 20
"""Bytes, also once they are unpacked."""
MEMBERS_AT_MOST = 1_000
"""Gzip files behind each other in one body: a program that packs in blocks writes some seventy."""
_UNPACKED_AT_ONCE = 16 << 10
_HIGHEST_NUMBER = 999_999_999
_BOM = b"\xef\xbb\xbf"
_NUMBER = re.compile(r"[0-9]{1,9}")
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]{1,3},[0-9]+")
_FIELDS = ("id", "school_id", "lng", "lon", "lat", "address")
_COLUMNS = {
    **{name: name for name in _FIELDS},
    "longitude": "lng",
    "latitude": "lat",
}
_ENCODINGS = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "cp1252",
    "windows-1252": "cp1252",
}
_WAYS = "Give school_id, or lng and lat, or address: one of the three."
_NO_ID = b""


class Form(StrEnum):
    """A form that questions come in and answers go out in."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"


class Kind(IntEnum):
    """What a row asks about; a fault asks nothing."""

    SCHOOL = 0
    POINT = 1
    ADDRESS = 2
    FAULT = 3


class Fault(msgspec.Struct, frozen=True, gc=False):
    """Why a row cannot be answered."""

    field: str
    """The field or column at fault; empty where it is the whole row."""
    value: str
    """What was given, at most 80 characters of it."""
    problem: str
    allowed: str


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row: the caller's id as JSON (b"" where there is none), and what is asked."""

    id: bytes
    kind: Kind
    asked: Any
    """A school number, a (lng, lat) of WGS 84 degrees, an address, or a Fault."""


@dataclass(frozen=True, slots=True)
class Schools:
    """Rows that are all school numbers with ids, or all without: no object a row."""

    ids: list[bytes]
    """The callers' ids as JSON; empty where there are none."""
    numbers: list[int]

    def __len__(self) -> int:
        return len(self.numbers)


Questions = Schools | list[Row]


class BodyRefused(InputRefused):
    """A body that cannot be read as a whole; `row` (from 1) is where, if it is known."""

    def __init__(self, problem: str, *, row: int | None = None, **more: str) -> None:
        super().__init__(problem, **more)
        self.row = row


class BodyTooLarge(CatchmentsError):
    """A body of more bytes or rows than are taken."""


class BodyNotTaken(CatchmentsError):
    """A body of a media type, a character set or a compression that is not taken."""


class _Fault(Exception):
    def __init__(self, field: str, value: object, problem: str, allowed: str) -> None:
        self.fault = Fault(field, shown(value)[1:-1] if value != "" else "", problem, allowed)


# --- bodies ---------------------------------------------------------------------------------------


def unpacked(body: bytes) -> bytes:
    """Return what a gzip body holds; its members are taken in turn, as gzip itself does.

    Linear in the body. Raises BodyTooLarge for more than LONGEST_BODY bytes, long before a bomb has
    burst, and for more members than are taken; BodyRefused for what is not gzip or ends early.
    """
    parts: list[bytes] = []
    at, left = 0, LONGEST_BODY + 1
    for _ in range(MEMBERS_AT_MOST):
        part, at = _member(memoryview(body), at, left)
        parts.append(part)
        left -= len(part)
        if at == len(body):
            return b"".join(parts)
    raise BodyTooLarge(
        f"The body has more than {MEMBERS_AT_MOST:,} gzip members.",
        allowed=f"At most {MEMBERS_AT_MOST:,} gzip files may follow each other in one body.",
        next_step="Compress it as one.",
    )


def _member(body: memoryview, at: int, left: int) -> tuple[bytes, int]:
    """Return what the gzip member at a place holds, less than `left` bytes, and where it ends."""
    unpacking = zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    while not unpacking.eof:
        # A piece at a time: what is left of it once a member ends is copied by the library.
        piece = body[at : at + _UNPACKED_AT_ONCE]
        try:
            parts.append(unpacking.decompress(piece, left))
        except zlib.error as error:
            raise _not_gzip() from error
        left -= len(parts[-1])
        if left <= 0:
            raise too_large()
        if not piece:
            raise _not_gzip()
        at += len(piece) - len(unpacking.unused_data)
    return b"".join(parts), at


def too_large() -> BodyTooLarge:
    """Return what is said of a body with too many bytes."""
    return BodyTooLarge(
        f"The body has more than {LONGEST_BODY:,} bytes.",
        allowed=f"At most {AT_MOST:,} rows in {LONGEST_BODY >> 20} MB, also once unpacked.",
        next_step="Send it in parts; scripts/resolve takes files of any size.",
    )


def _too_many() -> BodyTooLarge:
    return BodyTooLarge(
        f"The body has more than {AT_MOST:,} rows.",
        allowed=f"At most {AT_MOST:,} rows are answered at once.",
        next_step="Send it in parts; scripts/resolve takes files of any size.",
    )


def _not_gzip() -> BodyRefused:
    return BodyRefused(
        "The body is not gzip, or it ends too early.",
        allowed="Content-Encoding: gzip says that the whole body is a gzip file.",
        next_step="Send it again, or send it without compression.",
    )


def read(body: bytes, form: Form, *, charset: str = "") -> Questions:
    """Return the rows of a body.

    Raises BodyRefused, BodyTooLarge or BodyNotTaken.
    """
    if form is Form.CSV:
        return _csv(_text(body, charset))
    if charset and _ENCODINGS.get(charset.lower()) != "utf-8":
        raise _charset_not_taken(charset, "JSON is UTF-8.")
    body = body.removeprefix(_BOM)
    _check_encoding(body)
    return _json(body) if form is Form.JSON else _ndjson(body)


def _check_encoding(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BodyRefused(
            f"Line {line} of the body is not UTF-8, from byte {error.start + 1} of the body on.",
            allowed="JSON is UTF-8.",
            next_step="Send it as UTF-8.",
        ) from error


def _charset_not_taken(charset: str, allowed: str) -> BodyNotTaken:
    return BodyNotTaken(
        f"The character set of the body is {shown(charset)}.",
        allowed=allowed,
        next_step="Send it as UTF-8.",
    )


# --- JSON -----------------------------------------------------------------------------------------


class _Given(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: msgspec.Raw = msgspec.Raw(_NO_ID)
    school_id: int | None = None
    lng: float | None = None
    lat: float | None = None
    lon: float | None = None
    address: str | None = None


class _Written(float):
    """A number as it was written: 1.50 is not 1.5 to whoever looks for it."""

    def __init__(self, text: str) -> None:
        self.text = text


class _GivenSchool(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: msgspec.Raw
    school_id: int


class _GivenSchools(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[_GivenSchool]


class _Numbers(msgspec.Struct, forbid_unknown_fields=True):
    school_ids: list[int]


class _Rows(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[_Given]


class _Loose(msgspec.Struct, forbid_unknown_fields=True):
    school_ids: list[Any] | None = None
    rows: list[msgspec.Raw] | None = None


_numbers = msgspec.json.Decoder(_Numbers)
_rows = msgspec.json.Decoder(_Rows)
_row = msgspec.json.Decoder(_Given)
_schools = msgspec.json.Decoder(_GivenSchools)
_school = msgspec.json.Decoder(_GivenSchool)
_loose = msgspec.json.Decoder(_Loose)


def _json(body: bytes) -> Questions:
    # Counted before anything is made of it: an empty object takes two bytes here, a hundred there.
    if body.count(b"{") > 8 * AT_MOST or body.count(b",") > 16 * AT_MOST:
        raise _too_many()
    for plain in (_plain_numbers, _plain_schools):
        try:
            found = plain(body)
        except (msgspec.MsgspecError, RecursionError):
            continue
        if found is not None:
            return found
    try:
        return [_quick(given) for given in _few(_rows.decode(body).rows)]
    except (msgspec.MsgspecError, RecursionError):
        return _json_row_by_row(body)


def _plain_numbers(body: bytes) -> Schools | None:
    numbers = _few(_numbers.decode(body).school_ids)
    return Schools([], numbers) if _are_numbers(numbers) else None


def _plain_schools(body: bytes) -> Schools | None:
    return _schools_given(_schools.decode(body).rows)


def _schools_given(given: list[_GivenSchool]) -> Schools | None:
    """Return schools with ids, or None where one of them is none, or may be."""
    numbers = [each.school_id for each in _few(given)]
    ids = [bytes(each.id) for each in given]
    together = b"".join(ids)
    if b"{" in together or b"[" in together or not _are_numbers(numbers):
        return None
    return Schools(ids, numbers)


def _are_numbers(numbers: list[int]) -> bool:
    return not numbers or 0 <= min(numbers) <= max(numbers) <= _HIGHEST_NUMBER


def _json_row_by_row(body: bytes) -> list[Row]:
    try:
        given = _loose.decode(body)
    except msgspec.ValidationError as error:
        raise _not_of_this_shape() from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _json_of_python(body)
    if (given.rows is None) == (given.school_ids is None):
        raise _not_of_this_shape()
    if given.rows is not None:
        return [_json_row(bytes(raw)) for raw in _few(given.rows)]
    return [_row_of(_NO_ID, {"school_id": number}) for number in _few(given.school_ids or [])]


def _json_of_python(body: bytes) -> list[Row]:
    """Read what Python and others write for JSON where a number is none: NaN and Infinity."""
    try:
        given = json.loads(body, parse_float=_Written)
    except json.JSONDecodeError as error:
        raise BodyRefused(
            f"The body is not JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            allowed="It must be one JSON object; it may have been cut short.",
            next_step='For example {"school_ids": [54, 55]}.',
        ) from error
    except (ValueError, RecursionError) as error:
        raise BodyRefused(
            "The body is not JSON that can be read.",
            allowed="It must be one JSON object in UTF-8, with numbers of a usual size.",
            next_step='For example {"school_ids": [54, 55]}.',
        ) from error
    if not isinstance(given, dict) or len(given) != 1:
        raise _not_of_this_shape()
    ((name, values),) = given.items()
    if name not in {"rows", "school_ids"} or not isinstance(values, list):
        raise _not_of_this_shape()
    if name == "school_ids":
        return [_row_of(_NO_ID, {"school_id": number}) for number in _few(values)]
    return [_of_value(value) for value in _few(values)]


def _not_of_this_shape() -> BodyRefused:
    return BodyRefused(
        "The body is JSON, but not of a shape that is known here.",
        allowed="It is an object with school_ids (a list of numbers) or rows (a list of objects), "
        "one of the two and nothing else.",
        next_step='For example {"school_ids": [54]} or {"rows": [{"id": "a", "school_id": 54}]}.',
    )


def _ndjson(body: bytes) -> Questions:
    if body.count(b"{") > 8 * AT_MOST:
        raise _too_many()
    try:
        schools = _schools_given(_school.decode_lines(body))
    except (msgspec.MsgspecError, RecursionError):
        schools = None
    return _lines(body) if schools is None else schools


def _lines(body: bytes) -> list[Row]:
    lines = body.splitlines() if b"\r" in body else body.split(b"\n")
    lines = [line for line in lines if line and not line.isspace()]
    _few(lines)
    try:
        return [_quick(_row.decode(line)) for line in lines]
    except (msgspec.MsgspecError, RecursionError):
        return [_json_row(line) for line in lines]


def _json_row(text: bytes) -> Row:
    try:
        return _quick(_row.decode(text))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    try:
        return _of_value(json.loads(text, parse_float=_Written))
    except (ValueError, RecursionError):
        shape = "A row is one JSON object in UTF-8."
        given = text[:200].decode("utf-8", "replace")
        return Row(_NO_ID, Kind.FAULT, _Fault("", given, "It is not JSON.", shape).fault)


def _of_value(value: Any) -> Row:
    """Return a row of a JSON value that need not be what it should."""
    if not isinstance(value, dict):
        shape = 'A row is an object, such as {"id": "a", "school_id": 54}.'
        return Row(_NO_ID, Kind.FAULT, _Fault("", value, "It is no object.", shape).fault)
    given = dict(value)
    own = given.pop("id", None)
    if isinstance(own, float) and not isinstance(own, _Written):
        return _row_of(_NO_ID, {"id": own})  # NaN or Infinity, which JSON has no words for
    own_id = json.dumps(own, ensure_ascii=False, separators=(",", ":")) if "id" in value else ""
    if isinstance(own, _Written):
        own_id = own.text
    return _row_of(own_id.encode(errors="replace"), given)


def _quick(given: _Given) -> Row:
    """Return a row that msgspec has read: most are plain."""
    own = bytes(given.id)
    number, lng, lat = given.school_id, given.lng, given.lat
    if given.lon is None and given.address is None and own[:1] not in {b"{", b"["}:
        is_school = number is not None and lng is None and lat is None
        if is_school and 0 <= number <= _HIGHEST_NUMBER:  # type: ignore[operator]
            return Row(own, Kind.SCHOOL, number)
        if number is None and lng is not None and lat is not None:
            is_on_earth = -180 <= lng <= 180 and -90 <= lat <= 90
            if is_on_earth:
                return Row(own, Kind.POINT, (lng, lat))
    fields = {name: getattr(given, name) for name in _FIELDS[1:]}
    return _row_of(own, {name: value for name, value in fields.items() if value is not None})


# --- CSV ------------------------------------------------------------------------------------------


def _text(body: bytes, charset: str) -> str:
    encoding = _ENCODINGS.get(charset.lower())
    if encoding is None:
        raise _charset_not_taken(charset, f"It is one of {', '.join(filter(None, _ENCODINGS))}.")
    if body.startswith(_BOM):
        body, encoding = body.removeprefix(_BOM), "utf-8"
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BodyRefused(
            f"Line {line} of the body is not {encoding.upper()}.",
            row=max(line - 1, 1),
            allowed="CSV is read as UTF-8 unless Content-Type says otherwise.",
            next_step="Save it as UTF-8, or send Content-Type: text/csv; charset=windows-1252.",
        ) from error


def _csv(text: str) -> Questions:
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    names, delimiter = _header(first)
    if sorted(names) == ["id", "school_id"]:
        schools = _csv_schools(text, names, delimiter)
        if schools is not None:
            return schools
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records, columns = _records(reader), _Columns(names)
    next(records, None)
    found: list[Row] = []
    for cells in records:
        if len(found) == AT_MOST:
            raise _too_many()
        found.append(columns.row(cells))
    return found


def _csv_schools(text: str, names: Sequence[str], delimiter: str) -> Schools | None:
    """Return schools with ids, or None where a row is not as plain as that."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        _, *records = islice(reader, AT_MOST + 2)
        columns = dict(zip(names, zip(*records, strict=True), strict=True))
    except (csv.Error, ValueError):
        return None
    ids, numbers = columns["id"], columns["school_id"]
    together = "".join(numbers)
    plain = together.isascii() and together.isdigit() and max(map(len, numbers)) <= 9
    if len(numbers) > AT_MOST or not plain or not all(numbers):
        return None
    return Schools(list(map(msgspec.json.encode, ids)), list(map(int, numbers)))


def _records(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the records that are not blank. Raises BodyRefused for quotes gone wrong."""
    row = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BodyRefused(
                f"Row {row} of the body is not CSV: {error}.",
                row=row,
                allowed='A cell with a quote in it is quoted, and its quotes doubled: "a ""b""".',
                next_step="Mend its quotes; the body may also have been cut short.",
            ) from error
        if cells is None:
            return
        if "".join(cells).strip():
            row += 1
            yield cells


def _header(line: str) -> tuple[list[str], str]:
    """Return the fields by column, and what separates the columns."""
    read = {d: _names(line, d) for d in (",", ";", "\t")}
    delimiter = max(read, key=lambda d: sum(name in _COLUMNS for name in read[d]))
    names = read[delimiter]
    if not any(name in _COLUMNS for name in names):
        raise BodyRefused(
            f"The first line of the body, {shown(line.strip())}, does not name any column.",
            allowed=f"Columns are {', '.join(_FIELDS)}; the first line names them.",
            next_step="Add a first line such as id,school_id.",
        )
    unknown = next((name for name in names if name not in _COLUMNS), None)
    if unknown is not None:
        raise BodyRefused(
            f"There is no column {shown(unknown)}.",
            field=unknown[:80],
            allowed=f"Columns are {', '.join(_FIELDS)}.",
            next_step="Send no more than is asked for: leave it out, or correct its name.",
        )
    fields = [_COLUMNS[name] for name in names]
    _check_columns(fields)
    return fields, delimiter


def _names(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        cells = line.split(delimiter)
    return [cell.strip().casefold() for cell in cells]


def _check_columns(fields: Sequence[str]) -> None:
    twice = next((field for field in fields if fields.count(field) > 1), None)
    if twice is None and {"lng", "lon"} <= set(fields):
        twice = "lon"
    if twice is not None:
        raise BodyRefused(
            f"The column {twice} is there twice.",
            field=twice,
            allowed="Each column may be there once; lon and longitude mean lng.",
            next_step="Leave one of them out.",
        )
    half = {"lat"} & set(fields) != set() and not {"lng", "lon"} & set(fields)
    half |= "lat" not in fields and bool({"lng", "lon"} & set(fields))
    if half or not {"school_id", "lat", "address"} & set(fields):
        raise BodyRefused(
            "Columns are missing: a point needs both lng and lat."
            if half
            else "Columns are missing: nothing says which school or place a row is about.",
            field="lng" if "lat" in fields else "lat" if half else "school_id",
            allowed=_WAYS,
            next_step="Add the column.",
        )


class _Columns:
    """Reads rows of CSV by the fields of their columns: most are plain."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._id, self._number = self._place("id"), self._place("school_id")
        self._lng, self._lat = max(self._place("lng"), self._place("lon")), self._place("lat")

    def row(self, cells: Sequence[str]) -> Row:
        """Return a row of its cells."""
        if len(cells) != len(self._names):
            return self._of_wrong_length(cells)
        own = cells[self._id] if self._id >= 0 else ""
        own_id = msgspec.json.encode(own) if self._id >= 0 else _NO_ID
        filled = len(cells) - cells.count("") - bool(own)
        if filled == 1 and self._number >= 0 and _NUMBER.fullmatch(cells[self._number]):
            return Row(own_id, Kind.SCHOOL, int(cells[self._number]))
        if filled == 2 and self._lat >= 0:
            point = self._plain_point(cells)
            if point:
                return Row(own_id, Kind.POINT, point)
        given = dict(zip(self._names, map(str.strip, cells), strict=True))
        given.pop("id", None)
        return _row_of(own_id, {name: _typed(name, text) for name, text in given.items() if text})

    def _place(self, name: str) -> int:
        return self._names.index(name) if name in self._names else -1

    def _plain_point(self, cells: Sequence[str]) -> tuple[float, float] | None:
        lng, lat = cells[self._lng], cells[self._lat]
        if not (_DEGREES.fullmatch(lng) and _DEGREES.fullmatch(lat)):
            return None
        point = float(lng), float(lat)
        return point if abs(point[0]) <= 180 and abs(point[1]) <= 90 else None

    def _of_wrong_length(self, cells: Sequence[str]) -> Row:
        own_id = _NO_ID
        if 0 <= self._id < len(cells):
            own_id = msgspec.json.encode(cells[self._id])
        expected = len(self._names)
        allowed = f"The first line has {expected}; a comma within a cell needs quotes round it."
        fault = _Fault("", "", f"It has {len(cells)} cells.", allowed).fault
        return Row(own_id, Kind.FAULT, fault)


def _typed(name: str, text: str) -> Any:
    """Return a cell as JSON would have it, where it can be."""
    if name in {"lng", "lon", "lat"} and _DEGREES.fullmatch(text):
        return float(text)
    return text


# --- one row --------------------------------------------------------------------------------------


def _row_of(own_id: bytes, given: Mapping[str, Any]) -> Row:
    """Return a row of what was given, or of what is wrong with it."""
    if own_id[:1] in {b"{", b"["}:
        given, own_id = {"id": own_id.decode(errors="replace")}, _NO_ID
    try:
        return Row(own_id, *_question({n: v for n, v in given.items() if v is not None}))
    except _Fault as wrong:
        return Row(own_id, Kind.FAULT, wrong.fault)


def _question(given: Mapping[str, Any]) -> tuple[Kind, Any]:
    if "id" in given:
        raise _Fault("id", given["id"], "It is no text, number, true, false or null.", "Give one.")
    unknown = next((name for name in given if name not in _FIELDS), None)
    if unknown is not None:
        fields = f"Fields are {', '.join(_FIELDS)}."
        raise _Fault(unknown[:80], "", f"There is no field {shown(unknown)}.", fields)
    if {"lng", "lon"} <= given.keys():
        raise _Fault("lon", given["lon"], "It is given beside lng.", "They mean the same.")
    place = given.keys() & {"lng", "lon", "lat"}
    ways = [name for name in ("school_id", "address") if name in given]
    ways += ["lat"] if place else []
    if len(ways) != 1:
        problem = "It is given beside another." if ways else "Nothing is given."
        raise _Fault(
            ways[-1] if ways else "", given.get(ways[-1], "") if ways else "", problem, _WAYS
        )
    if place:
        return Kind.POINT, _point(given)
    if "school_id" in given:
        return Kind.SCHOOL, _number(given["school_id"])
    return Kind.ADDRESS, _address(given["address"])


def _number(value: Any) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and 0 <= value <= _HIGHEST_NUMBER:
        return int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return int(value)
    allowed = "It must be a school's number in the Ministry's directory, at most nine digits."
    raise _Fault("school_id", value, "It is no school number.", allowed)


def _address(value: Any) -> str:
    if isinstance(value, str) and any(c.isalnum() for c in value):
        return value
    allowed = "Give a street address, a suburb, a town or a school's name."
    raise _Fault("address", value, "It names nothing.", allowed)


def _point(given: Mapping[str, Any]) -> tuple[float, float]:
    name = "lon" if "lon" in given else "lng"
    for needed in ("lat", name):
        if needed not in given:
            allowed = "A point needs both lng and lat, in WGS 84 decimal degrees."
            raise _Fault(needed, "", "It is missing.", allowed)
    lng, lat = _degrees(name, given[name]), _degrees("lat", given["lat"])
    if abs(lat) > 90 and look_swapped(lng=lng, lat=lat):
        problem = f"lat is {lat:g} and {name} is {lng:g}: they look swapped."
        raise _Fault(
            "lat", f"{lat:g}", problem, "lat is from -90 to 90, lng from -180 to 180 degrees."
        )
    for field, value, limit in ((name, lng, 180), ("lat", lat, 90)):
        if not abs(value) <= limit:
            allowed = f"It must be a number of degrees from {-limit} to {limit}."
            raise _Fault(field, value, "It is out of range.", allowed)
    return lng, lat


def _degrees(name: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, int) and abs(value) > 360:
            return math.inf  # an integer may be too great for a float
        if math.isfinite(value):
            return float(value)
    problem = "It is no number of degrees."
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
        problem = "It has a comma where a decimal point belongs."
    raise _Fault(name, value, problem, "Give WGS 84 decimal degrees, such as -36.8694.")


def _few(rows: list[Any]) -> list[Any]:
    if len(rows) > AT_MOST:
        raise _too_many()
    return rows
