"""Values in questions: numbers of schools, degrees, points, days, truths, and what each is called.

One reader of each kind, whichever door it came through: an address, a query, a body, a column, a
file that somebody imports. Readers return None for what is no such value; each door says so in its
own words. Bulk reads whole columns by the same patterns and rules, and is held to these readers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from enum import Enum, auto

from catchments.core.text_folding import folded
from catchments.geometry.coordinates import in_new_zealand, look_swapped

HIGHEST_NUMBER = 999_999_999
WHOLE = "[0-9]{1,9}"
SCHOOL_NUMBER = re.compile(WHOLE + r"(\.0*)?")  # pandas writes 54.0 where a number is missing
DEGREES = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
LNG_LIMITS = (-180.0, 360.0)
"""The Chathams are at -176.5 and at 183.5: either is what people's programs have."""
LAT_LIMITS = (-90.0, 90.0)

_WHOLE = re.compile(WHOLE)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

SCHOOL_ID, LNG, LAT, ADDRESS, ID = "school_id", "lng", "lat", "address", "id"
NAMES: Mapping[str, frozenset[str]] = {
    SCHOOL_ID: frozenset({"schoolid", "schoolnumber", "schoolno"}),
    LNG: frozenset({"lng", "lon", "long", "longitude"}),
    LAT: frozenset({"lat", "latitude"}),
    ADDRESS: frozenset({"address"}),
    ID: frozenset({"id"}),
}
"""What each field or column may be called, without case, macrons, spaces and punctuation."""
_FIELDS = {name: field for field, names in NAMES.items() for name in names}


class Flaw(Enum):
    """What is wrong with a point of two numbers."""

    SWAPPED = auto()
    SIGN_MISSING = auto()
    """It would be in New Zealand if its latitude had a minus sign."""
    LNG_RANGE = auto()
    LAT_RANGE = auto()


def field_called(name: str) -> str | None:
    """Return the field that a parameter, a member or a column means by its name, if it is one."""
    return _FIELDS.get(folded(name).replace(" ", "")) if len(name) <= 80 else None


def whole_number(text: str) -> int | None:
    """Return a number of at most nine ASCII digits."""
    return int(text) if _WHOLE.fullmatch(text) else None


def day_of(text: str) -> date | None:
    """Return a date of the calendar that is written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text.strip()) if _DAY.fullmatch(text.strip()) else None
    except ValueError:
        return None  # such as 2026-02-30


def truth_of(value: object) -> bool | None:
    """Return what is true or false: true, yes, 1 and false, no, 0, in capitals or not."""
    if isinstance(value, bool):
        return value
    return _TRUTHS.get(value.strip().casefold()) if isinstance(value, str) else None


def school_number(value: object) -> int | None:
    """Return a school's number from a text or a number; no school need have it."""
    if isinstance(value, str):
        text = value.strip()
        return int(text.partition(".")[0]) if SCHOOL_NUMBER.fullmatch(text) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= HIGHEST_NUMBER else None


def degrees(value: object) -> float | None:
    """Return degrees, or metres, from a text or a number, within any range, never infinity or NaN.

    One that is too great for a float is None, like NaN and infinity.
    """
    if isinstance(value, str):
        text = value.strip()
        value = float(text) if DEGREES.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def flaw_of(*, lng: float, lat: float) -> Flaw | None:
    """Return what is wrong with a point of WGS 84 degrees, or None."""
    if abs(lat) > LAT_LIMITS[1]:  # and so no longitude of New Zealand is taken for a latitude
        return Flaw.SWAPPED if look_swapped(lng=lng, lat=lat) else Flaw.LAT_RANGE
    if not LNG_LIMITS[0] <= lng <= LNG_LIMITS[1]:
        return Flaw.LNG_RANGE
    is_mirrored = lat > 0 and in_new_zealand(lng=lng, lat=-lat)
    return Flaw.SIGN_MISSING if is_mirrored else None
