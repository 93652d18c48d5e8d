"""Bulk questions as JSON or NDJSON: most decoded at once, others row by row.

A caller's own id is kept as the JSON that was given, to be echoed exactly.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET

from catchments.core.errors import Kind as ProblemKind
from catchments.core.errors import shown
from catchments.lookup.values import HIGHEST_NUMBER, ID, are_flawless, field_called
from catchments.web.v1.bulk.duplicate_keys import Repeated, may_repeat, once
from catchments.web.v1.bulk.rows import (
    AT_MOST,
    FIELDS,
    NO_ID,
    BodyRefused,
    Kind,
    Points,
    Questions,
    Row,
    RowAtFault,
    Schools,
    fault_of_point,
    few,
    row_of,
    too_many,
)

UNREADABLE = ProblemKind.UNREADABLE_BODY


class _Given(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    # What is null is told from what is not there, so that members can be counted.
    id: msgspec.Raw = msgspec.Raw(NO_ID)
    school_id: int | float | str | msgspec.UnsetType | None = UNSET
    lng: float | str | msgspec.UnsetType | None = UNSET
    lat: float | str | msgspec.UnsetType | None = UNSET
    lon: float | str | msgspec.UnsetType | None = UNSET
    address: str | msgspec.UnsetType | None = UNSET


class _Written(float):
    """A number as it was written: 1.50 is not 1.5 to whoever looks for it."""

    def __init__(self, text: str) -> None:
        self.text = text


class _GivenSchool(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: msgspec.Raw
    school_id: int


class _GivenSchools(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[_GivenSchool]


class _GivenPoint(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: msgspec.Raw
    lng: float
    lat: float


class _GivenPoints(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[_GivenPoint]


class _Numbers(msgspec.Struct, forbid_unknown_fields=True):
    school_ids: list[int]


class _Rows(msgspec.Struct, forbid_unknown_fields=True):
    rows: list[_Given]


class _Loose(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    school_ids: list[Any] | None = None
    rows: list[msgspec.Raw] | None = None


_numbers = msgspec.json.Decoder(_Numbers)
_rows = msgspec.json.Decoder(_Rows)
_row = msgspec.json.Decoder(_Given)
_schools = msgspec.json.Decoder(_GivenSchools)
_school = msgspec.json.Decoder(_GivenSchool)
_points = msgspec.json.Decoder(_GivenPoints)
_point = msgspec.json.Decoder(_GivenPoint)
_Identified = _GivenSchool | _GivenPoint
_loose = msgspec.json.Decoder(_Loose)
_id_of, _number_of, _lng_of, _lat_of = map(attrgetter, ("id", "school_id", "lng", "lat"))


def read_json(body: bytes) -> Questions:
    """Return the rows of one JSON object in UTF-8. Raises BodyRefused or BodyTooLarge."""
    # Counted before anything is made of it: an empty object takes two bytes here, a hundred there.
    if body.count(b"{") > 8 * AT_MOST or body.count(b",") > 16 * AT_MOST:
        raise too_many()
    for plain in (_plain_numbers, _plain_schools, _plain_points):
        found = _unless_other(plain, body)
        if found is not None:
            return found
    try:
        given = _rows.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return _json_row_by_row(body)
    if may_repeat(body, few(given.rows) and given):
        return _json_row_by_row(body)
    return list(map(_quick, given.rows))


def _plain_numbers(body: bytes) -> Schools | None:
    numbers = few(_numbers.decode(body).school_ids)
    once_only = body.count(b":") == 1
    return Schools([], numbers) if once_only and _are_numbers(numbers) else None


def _plain_schools(body: bytes) -> Schools | None:
    return _schools_given(body, _schools.decode(body).rows, more=1)


def _plain_points(body: bytes) -> Points | None:
    return _points_given(body, _points.decode(body).rows, more=1)


def _schools_given(body: bytes, given: list[_GivenSchool], *, more: int = 0) -> Schools | None:
    """Return schools with ids, or None where one of them is none, or may be.

    Beside theirs the body has so many `more` members.
    """
    numbers = list(map(_number_of, few(given)))
    ids = _ids(given, body, 2 * len(given) + more) if _are_numbers(numbers) else None
    return None if ids is None else Schools(ids, numbers)


def _points_given(body: bytes, given: list[_GivenPoint], *, more: int = 0) -> Points | None:
    """Return points with ids, or None where one of them has a flaw, or may have."""
    lng, lat = (np.array(list(map(axis, few(given)))) for axis in (_lng_of, _lat_of))
    ids = _ids(given, body, 3 * len(given) + more) if are_flawless(lng=lng, lat=lat) else None
    return None if ids is None else Points(ids, lng, lat)


def _ids(given: Sequence[_Identified], body: bytes, members: int) -> list[bytes] | None:
    """Return ids that are plain, of a body that has no more members than these that were read."""
    together = b"\n".join(map(_id_of, given))  # which stands in no text or number of JSON
    ids = together.split(b"\n") if given else []
    # A member has a colon; ids are kept as they were written. So a member given twice shows.
    are_plain = (
        b"{" not in together
        and b"[" not in together
        and body.count(b":") == members + together.count(b":")
        and len(ids) == len(given)
    )
    return ids if are_plain else None


def _are_numbers(numbers: list[int]) -> bool:
    return not numbers or 0 <= min(numbers) <= max(numbers) <= HIGHEST_NUMBER


def _json_row_by_row(body: bytes) -> list[Row]:
    try:
        given = _loose.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _json_of_python(body)  # of another shape, or with a number that is beyond a float
    if may_repeat(body, given):
        return _json_of_python(body)
    if (given.rows is None) == (given.school_ids is None):
        raise _not_of_this_shape()
    if given.rows is not None:
        return [_json_row(bytes(raw)) for raw in few(given.rows)]
    return [row_of(NO_ID, {"school_id": number}) for number in few(given.school_ids or [])]


def _json_of_python(body: bytes) -> list[Row]:
    """Read what Python and others write for JSON where a number is none: NaN and Infinity."""
    try:
        given = json.loads(body, parse_float=_Written, object_pairs_hook=once)
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
    if isinstance(given, Repeated):
        raise BodyRefused(
            f"The body has {shown(given.name)} twice.",
            field=given.name[:80],
            allowed="Each member of a JSON object may be there once.",
            next_step="Send one list; it may have up to 10,000 rows.",
            kind=ProblemKind.REPEATED_MEMBER,
        )
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
    for plain in (_plain_school_lines, _plain_point_lines):
        found = _unless_other(plain, body)
        if found is not None:
            return found
    return _lines(body)


def _plain_school_lines(body: bytes) -> Schools | None:
    return _schools_given(body, _school.decode_lines(body))


def _plain_point_lines(body: bytes) -> Points | None:
    return _points_given(body, _point.decode_lines(body))


def _unless_other(
    plain: Callable[[bytes], Schools | Points | None], body: bytes
) -> Schools | Points | None:
    """Return what a reader of one plain shape finds in a body; None for a body of another."""
    try:
        return plain(body)
    except (msgspec.MsgspecError, RecursionError):
        return None


def _lines(body: bytes) -> list[Row]:
    lines = body.splitlines() if b"\r" in body else body.split(b"\n")
    lines = [line for line in lines if line and not line.isspace()]
    few(lines)
    try:
        given = list(map(_row.decode, lines))
    except (msgspec.MsgspecError, RecursionError):
        return list(map(_json_row, lines))
    return list(map(_json_row, lines) if may_repeat(body, given) else map(_quick, given))


def _json_row(text: bytes) -> Row:
    try:
        quick = _row.decode(text)
        if not may_repeat(text, quick):
            return _quick(quick)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass
    try:
        return _of_value(json.loads(text, parse_float=_Written, object_pairs_hook=once))
    except (ValueError, RecursionError):
        shape = "A row is one JSON object in UTF-8."
        given = text[:200].decode("utf-8", "replace")
        return RowAtFault("", given, "It is not JSON.", shape, UNREADABLE).row(NO_ID)


def _of_value(value: Any) -> Row:
    """Return a row of a JSON value that need not be what it should."""
    if isinstance(value, Repeated):
        return _twice(value)
    if not isinstance(value, dict):
        shape = 'A row is an object, such as {"id": "a", "school_id": 54}.'
        return RowAtFault("", value, "It is no object.", shape, UNREADABLE).row(NO_ID)
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


def _twice(found: Repeated) -> Row:
    """Return what is wrong with a row, under its id where that is there once."""
    own_id = NO_ID if field_called(found.name) == ID else _of_value(found.members).id
    allowed = "Each member of a JSON object may be there once."
    problem, kind = f"It has {shown(found.name)} twice.", ProblemKind.REPEATED_MEMBER
    return RowAtFault(found.name[:80], "", problem, allowed, kind).row(own_id)


def _quick(given: _Given) -> Row:
    """Return a row that msgspec has read: most are plain."""
    own = bytes(given.id)
    number, lng, lat, address = given.school_id, given.lng, given.lat, given.address
    if _absent(given.lon) and own[:1] not in {b"{", b"["}:
        if isinstance(lng, float) and isinstance(lat, float):
            is_plain = _absent(number) and _absent(address)
            if is_plain:
                fault = fault_of_point(lng=lng, lat=lat)
                return Row(own, Kind.FAULT, fault) if fault else Row(own, Kind.POINT, (lng, lat))
        elif _absent(lng) and _absent(lat):
            if isinstance(number, int) and _absent(address) and 0 <= number <= HIGHEST_NUMBER:
                return Row(own, Kind.SCHOOL, number)
            if isinstance(address, str) and _absent(number) and address[:1].isalnum():
                return Row(own, Kind.ADDRESS, address)
    fields = {name: getattr(given, name) for name in FIELDS[1:]}
    return row_of(own, {name: value for name, value in fields.items() if not _absent(value)})


def _absent(value: object) -> bool:
    return value is UNSET or value is None
