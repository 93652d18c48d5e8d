"""Rows of a bulk question: each asks about a school, a point or an address, or is at fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec

from catchments.core import errors
from catchments.core.errors import BodyTooLarge, InputRefused, shown
from catchments.lookup.values import Flaw, degrees, flaw_of, school_number

AT_MOST = 10_000
"""Rows in one body."""
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]{1,3},[0-9]+")
FIELDS = ("id", "school_id", "lng", "lon", "lat", "address")
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

    def __init__(self, problem: str, *, row: int | None = None, **more: Any) -> None:
        super().__init__(problem, **{"kind": errors.Kind.UNREADABLE_BODY, **more})
        self.row = row


class RowAtFault(Exception):
    """What makes of a row a fault."""

    def __init__(self, field: str, value: object, problem: str, allowed: str) -> None:
        self.fault = Fault(field, shown(value)[1:-1] if value != "" else "", problem, allowed)


def too_many() -> BodyTooLarge:
    """Return what is said of a body with too many rows."""
    return BodyTooLarge(
        f"The body has more than {AT_MOST:,} rows.",
        allowed=f"At most {AT_MOST:,} rows are answered at once.",
        next_step="Send it in parts; scripts/resolve takes files of any size.",
    )


# --- one row --------------------------------------------------------------------------------------


def row_of(own_id: bytes, given: Mapping[str, Any]) -> Row:
    """Return a row of what was given, or of what is wrong with it."""
    if own_id[:1] in {b"{", b"["}:
        given, own_id = {"id": own_id.decode(errors="replace")}, NO_ID
    try:
        return Row(own_id, *_question({n: v for n, v in given.items() if v is not None}))
    except RowAtFault as wrong:
        return Row(own_id, Kind.FAULT, wrong.fault)


def _question(given: Mapping[str, Any]) -> tuple[Kind, Any]:
    if "id" in given:
        raise RowAtFault(
            "id", given["id"], "It is no text, number, true, false or null.", "Give one."
        )
    unknown = next((name for name in given if name not in FIELDS), None)
    if unknown is not None:
        fields = f"Fields are {', '.join(FIELDS)}."
        raise RowAtFault(unknown[:80], "", f"There is no field {shown(unknown)}.", fields)
    if {"lng", "lon"} <= given.keys():
        raise RowAtFault("lon", given["lon"], "It is given beside lng.", "They mean the same.")
    place = given.keys() & {"lng", "lon", "lat"}
    ways = [name for name in ("school_id", "address") if name in given]
    ways += ["lat"] if place else []
    if len(ways) != 1:
        problem = "It is given beside another." if ways else "Nothing is given."
        raise RowAtFault(
            ways[-1] if ways else "", given.get(ways[-1], "") if ways else "", problem, WAYS
        )
    if place:
        return Kind.POINT, _point(given)
    if "school_id" in given:
        return Kind.SCHOOL, _number(given["school_id"])
    return Kind.ADDRESS, _address(given["address"])


def _number(value: Any) -> int:
    number = school_number(value)
    if number is None:
        allowed = "It must be a school's number in the Ministry's directory, at most nine digits."
        raise RowAtFault("school_id", value, "It is no school number.", allowed)
    return number


def _address(value: Any) -> str:
    if isinstance(value, str) and any(c.isalnum() for c in value):
        return value
    allowed = "Give a street address, a suburb, a town or a school's name."
    raise RowAtFault("address", value, "It names nothing.", allowed)


def _point(given: Mapping[str, Any]) -> tuple[float, float]:
    name = "lon" if "lon" in given else "lng"
    for needed in ("lat", name):
        if needed not in given:
            allowed = "A point needs both lng and lat, in WGS 84 decimal degrees."
            raise RowAtFault(needed, "", "It is missing.", allowed)
    lng, lat = _degrees(name, given[name]), _degrees("lat", given["lat"])
    flaw = flaw_of(lng=lng, lat=lat)
    if flaw is Flaw.SWAPPED:
        problem = f"lat is {lat:g} and {name} is {lng:g}: they look swapped."
        raise RowAtFault(
            "lat", f"{lat:g}", problem, "lat is from -90 to 90, lng from -180 to 180 degrees."
        )
    if flaw is Flaw.SIGN_MISSING:
        problem = f"lat is {lat:g}: its minus sign looks missing."
        raise RowAtFault("lat", f"{lat:g}", problem, "New Zealand's latitudes are negative.")
    if flaw is not None:
        field, value, limit = ("lat", lat, 90) if flaw is Flaw.LAT_RANGE else (name, lng, 180)
        allowed = f"It must be a number of degrees from {-limit} to {limit}."
        raise RowAtFault(field, value, "It is out of range.", allowed)
    return lng, lat


def _degrees(name: str, value: Any) -> float:
    found = degrees(value)
    if found is None:
        problem = "It is no number of degrees."
        if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value):
            problem = "It has a comma where a decimal point belongs."
        raise RowAtFault(name, value, problem, "Give WGS 84 decimal degrees, such as -36.8694.")
    return found


def few(rows: list[Any]) -> list[Any]:
    """Return rows, at most AT_MOST. Raises BodyTooLarge."""
    if len(rows) > AT_MOST:
        raise too_many()
    return rows
