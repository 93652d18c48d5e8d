"""Bulk questions as JSON or NDJSON: most decoded at once, others row by row.

A caller's own id is kept as the JSON that was given, to be echoed exactly.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from catchments.lookup.values import HIGHEST_NUMBER, ID, field_called, flaw_of
from catchments.web.v1.bulk.rows import (
    AT_MOST,
    FIELDS,
    NO_ID,
    BodyRefused,
    Kind,
    Questions,
    Row,
    RowAtFault,
    Schools,
    few,
    row_of,
    too_many,
)


class _Given(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: msgspec.Raw = msgspec.Raw(NO_ID)
    school_id: int | float | str | None = None
    lng: float | str | None = None
    lat: float | str | None = None
    lon: float | str | None = None
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


def read_json(body: bytes) -> Questions:
    """Return the rows of one JSON object in UTF-8. Raises BodyRefused or BodyTooLarge."""
    # Counted before anything is made of it: an empty object takes two bytes here, a hundred there.
    if body.count(b"{") > 8 * AT_MOST or body.count(b",") > 16 * AT_MOST:
        raise too_many()
    for plain in (_plain_numbers, _plain_schools):
        try:
            found = plain(body)
        except (msgspec.MsgspecError, RecursionError):
            continue
        if found is not None:
            return found
    try:
        return [_quick(given) for given in few(_rows.decode(body).rows)]
    except (msgspec.MsgspecError, RecursionError):
        return _json_row_by_row(body)


def _plain_numbers(body: bytes) -> Schools | None:
    numbers = few(_numbers.decode(body).school_ids)
    return Schools([], numbers) if _are_numbers(numbers) else None


def _plain_schools(body: bytes) -> Schools | None:
    return _schools_given(_schools.decode(body).rows)


def _schools_given(given: list[_GivenSchool]) -> Schools | None:
    """Return schools with ids, or None where one of them is none, or may be."""
    numbers = [each.school_id for each in few(given)]
    ids = [bytes(each.id) for each in given]
    together = b"".join(ids)
    if b"{" in together or b"[" in together or not _are_numbers(numbers):
        return None
    return Schools(ids, numbers)


def _are_numbers(numbers: list[int]) -> bool:
    return not numbers or 0 <= min(numbers) <= max(numbers) <= HIGHEST_NUMBER


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
        return [_json_row(bytes(raw)) for raw in few(given.rows)]
    return [row_of(NO_ID, {"school_id": number}) for number in few(given.school_ids or [])]


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
        return [row_of(NO_ID, {"school_id": number}) for number in few(values)]
    return [_of_value(value) for value in few(values)]


def _not_of_this_shape() -> BodyRefused:
    return BodyRefused(
        "The body is JSON, but not of a shape that is known here.",
        allowed="It is an object with school_ids (a list of numbers) or rows (a list of objects), "
        "one of the two and nothing else.",
        next_step='For example {"school_ids": [54]} or {"rows": [{"id": "a", "school_id": 54}]}.',
    )


def read_ndjson(body: bytes) -> Questions:
    """Return the rows of a body with a JSON object a line. Raises BodyTooLarge."""
    if body.count(b"{") > 8 * AT_MOST:
        raise too_many()
    try:
        schools = _schools_given(_school.decode_lines(body))
    except (msgspec.MsgspecError, RecursionError):
        schools = None
    return _lines(body) if schools is None else schools


def _lines(body: bytes) -> list[Row]:
    lines = body.splitlines() if b"\r" in body else body.split(b"\n")
    lines = [line for line in lines if line and not line.isspace()]
    few(lines)
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
        return Row(NO_ID, Kind.FAULT, RowAtFault("", given, "It is not JSON.", shape).fault)


def _of_value(value: Any) -> Row:
    """Return a row of a JSON value that need not be what it should."""
    if not isinstance(value, dict):
        shape = 'A row is an object, such as {"id": "a", "school_id": 54}.'
        return Row(NO_ID, Kind.FAULT, RowAtFault("", value, "It is no object.", shape).fault)
    ids = [name for name in value if field_called(name) == ID]
    if len(ids) != 1:
        return row_of(NO_ID, value)
    given = dict(value)
    own = given.pop(ids[0])
    if isinstance(own, float) and not isinstance(own, _Written):
        return row_of(NO_ID, {"id": own})  # NaN or Infinity, which JSON has no words for
    own_id = json.dumps(own, ensure_ascii=False, separators=(",", ":"))
    if isinstance(own, _Written):
        own_id = own.text
    return row_of(own_id.encode(errors="replace"), given)


def _quick(given: _Given) -> Row:
    """Return a row that msgspec has read: most are plain."""
    own = bytes(given.id)
    number, lng, lat = given.school_id, given.lng, given.lat
    if given.lon is None and given.address is None and own[:1] not in {b"{", b"["}:
        is_school = number is not None and lng is None and lat is None
        if is_school and isinstance(number, int) and 0 <= number <= HIGHEST_NUMBER:
            return Row(own, Kind.SCHOOL, number)
        is_point = number is None and isinstance(lng, float) and isinstance(lat, float)
        if is_point and flaw_of(lng=lng, lat=lat) is None:  # type: ignore[arg-type]
            return Row(own, Kind.POINT, (lng, lat))
    fields = {name: getattr(given, name) for name in FIELDS[1:]}
    return row_of(own, {name: value for name, value in fields.items() if value is not None})
