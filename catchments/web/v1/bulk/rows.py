"""Rows of a bulk question: each asks about a school, a point or an address, or is at fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from catchments.core import errors
from catchments.core.errors import BodyTooLarge, InputRefused, shown
from catchments.lookup.values import (
    ADDRESS,
    ID,
    LAT,
    LNG,
    SCHOOL_ID,
    SCHOOL_NUMBER_ALLOWED,
    degrees,
    field_called,
    number_text,
    school_number,
    wrong_degrees,
    wrong_point,
)

AT_MOST = 10_000
"""Rows in one body."""
FIELDS = ("id", "school_id", "lng", "lon", "lat", "address")
MEAN_THE_SAME = "They mean the same."
WAYS = "Give school_id, or lng and lat, or address: one of the three."
NO_ID = b""


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
    kind: errors.Kind = errors.Kind.INVALID_VALUE


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


@dataclass(frozen=True, slots=True)
class Points:
    """Rows that are all points with ids, of which none has a flaw: a column each."""

    ids: list[bytes]
    """The callers' ids as JSON."""
    lng: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    """WGS 84 degrees, longitudes -180…360."""

    def __len__(self) -> int:
        return len(self.ids)


Questions = Schools | Points | list[Row]


class BodyRefused(InputRefused):
    """A body that cannot be read as a whole; `row` (from 1) is where, if it is known."""

    def __init__(self, problem: str, *, row: int | None = None, **more: Any) -> None:
        super().__init__(problem, **{"kind": errors.Kind.UNREADABLE_BODY, **more})
        self.row = row


class RowAtFault(Exception):
    """What makes of a row a fault."""

    def __init__(
        self,
        field: str,
        value: object,
        problem: str,
        allowed: str,
        kind: errors.Kind = errors.Kind.INVALID_VALUE,
    ) -> None:
        self.fault = Fault(field, _as_sent(value), problem, allowed, kind)

    def row(self, own_id: bytes) -> Row:
        """Return the row under the caller's id."""
        return Row(own_id, Kind.FAULT, self.fault)


def _as_sent(value: object) -> str:
    """Return a value in JSON's words, not Python's; a text as it is."""
    if isinstance(value, dict | list | bool) or value is None:
        value = json.dumps(value, ensure_ascii=False, default=str)
    return shown(value)[1:-1] if value != "" else ""


def too_many() -> BodyTooLarge:
    """Return what is said of a body with too many rows."""
    return BodyTooLarge(
        f"The body has more than {AT_MOST:,} rows.",
        allowed=f"At most {AT_MOST:,} rows are answered at once.",
        next_step="Send it in parts; scripts/resolve takes files of any size.",
    )


# --- one row --------------------------------------------------------------------------------------


def row_of(own_id: bytes, given: Mapping[str, Any]) -> Row:
    """Return a row of what was given under any of a field's names, or of what is wrong with it."""
    named: dict[str, str] = {}
    try:
        if own_id[:1] in {b"{", b"["}:
            own_id, no_id = NO_ID, own_id
            raise _no_id(no_id.decode(errors="replace"))
        asked = {_field(n, v, named): v for n, v in given.items() if v is not None}
        return Row(own_id, *_question(asked))
    except RowAtFault as wrong:
        fault = wrong.fault
        name = named.get(fault.field, fault.field)
        return Row(own_id, Kind.FAULT, msgspec.structs.replace(fault, field=name))


def _field(name: str, value: Any, named: dict[str, str]) -> str:
    """Return the field that a name means, and note it. Raises RowAtFault, also for a second."""
    field = field_called(name)
    if field is None:
        fields = f"Fields are {', '.join(FIELDS)}."
        unknown = errors.Kind.UNKNOWN_PARAMETER
        raise RowAtFault(name[:80], "", f"There is no field {shown(name)}.", fields, unknown)
    if field in named:
        problem = f"It is given beside {named[field]}."
        twice = errors.Kind.REPEATED_PARAMETER
        raise RowAtFault(name[:80], value, problem, MEAN_THE_SAME, twice)
    named[field] = name
    return field


def _no_id(given: object) -> RowAtFault:
    return RowAtFault("id", given, "It is no text, number, true, false or null.", "Give one.")


def _question(given: Mapping[str, Any]) -> tuple[Kind, Any]:
    if ID in given:
        raise _no_id(given[ID])
    place = given.keys() & {LNG, LAT}
    ways = [name for name in (SCHOOL_ID, ADDRESS) if name in given]
    ways += [LAT] if place else []
    if not ways:
        raise RowAtFault("", "", "Nothing is given.", WAYS, errors.Kind.MISSING_PARAMETER)
    if len(ways) > 1:
        problem, two = "It is given beside another.", errors.Kind.CONFLICTING_PARAMETERS
        raise RowAtFault(ways[-1], given.get(ways[-1], ""), problem, WAYS, two)
    if place:
        return Kind.POINT, _point(given)
    if SCHOOL_ID in given:
        return Kind.SCHOOL, _number(given[SCHOOL_ID])
    return Kind.ADDRESS, _address(given[ADDRESS])


def _number(value: Any) -> int:
    number = school_number(value)
    if number is None:
        raise RowAtFault(SCHOOL_ID, value, "It is no school number.", SCHOOL_NUMBER_ALLOWED)
    return number


def _address(value: Any) -> str:
    if isinstance(value, str) and any(c.isalnum() for c in value):
        return value
    allowed = "Give a street address, a suburb, a town or a school's name."
    raise RowAtFault(ADDRESS, value, "It names nothing.", allowed)


def _point(given: Mapping[str, Any]) -> tuple[float, float]:
    for needed in (LAT, LNG):
        if needed not in given:
            allowed = "A point needs both lng and lat, in WGS 84 decimal degrees."
            missing = errors.Kind.MISSING_PARAMETER
            raise RowAtFault(needed, "", "It is missing.", allowed, missing)
    lng, lat = _degrees(LNG, given[LNG]), _degrees(LAT, given[LAT])
    fault = fault_of_point(lng=lng, lat=lat)
    if fault:
        raise RowAtFault(*msgspec.structs.astuple(fault))
    return lng, lat


def fault_of_point(*, lng: float, lat: float) -> Fault | None:
    """Return what is wrong with a point of WGS 84 degrees, or None."""
    wrong = wrong_point(lng=lng, lat=lat)
    if wrong is None:
        return None
    value = number_text(lng if wrong.field == LNG else lat)
    return Fault(wrong.field, value, wrong.problem, wrong.allowed, wrong.kind)


def _degrees(field: str, value: Any) -> float:
    found = degrees(value)
    if found is None:
        wrong = wrong_degrees(field, value)
        raise RowAtFault(field, value, wrong.problem, wrong.allowed)
    return found


def few(rows: list[Any]) -> list[Any]:
    """Return rows, at most AT_MOST. Raises BodyTooLarge."""
    if len(rows) > AT_MOST:
        raise too_many()
    return rows
