"""Values in questions: numbers of schools, degrees, points and days, each kind read in one place.

Readers return None for what is no such value; each door says so in its own words. Bulk reads whole
columns by the same patterns and rules, and is held to these readers.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from catchments.geometry.coordinates import look_swapped

HIGHEST_NUMBER = 999_999_999
WHOLE = "[0-9]{1,9}"
LAT_LIMIT = 90.0
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Door:
    """How numbers may be written where somebody asks."""

    number: re.Pattern[str]
    """A school's number as text."""
    degrees: re.Pattern[str]
    """Degrees as text."""
    lng_limit: float = 180.0
    trims: bool = True
    """Whether blanks around a number are left out."""
    takes_54_0: bool = False
    """Whether a number with a point may be a school's, if it is whole."""


_NUMBER, _NO_TEXT = re.compile(WHOLE), re.compile(r"(?!)")
IN_QUERY = Door(_NUMBER, re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?"), trims=False)
IN_JSON = Door(_NUMBER, _NO_TEXT)
IN_CSV = Door(_NUMBER, re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?"))
IN_COLUMN = Door(
    re.compile(WHOLE + r"(\.0*)?"),  # pandas writes 54.0 where a number is missing somewhere
    re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),  # or metres
    lng_limit=360.0,
    takes_54_0=True,
)


class Flaw(Enum):
    """What is wrong with a point of two numbers."""

    SWAPPED = auto()
    LNG_RANGE = auto()
    LAT_RANGE = auto()


def whole_number(text: str) -> int | None:
    """Return a number of at most nine ASCII digits."""
    return int(text) if _NUMBER.fullmatch(text) else None


def day_of(text: str) -> date | None:
    """Return a date of the calendar that is written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None  # such as 2026-02-30


def school_number(value: object, door: Door) -> int | None:
    """Return a school's number from a text or a number; no school need have it."""
    if isinstance(value, str):
        text = value.strip() if door.trims else value
        return int(text.partition(".")[0]) if door.number.fullmatch(text) else None
    if isinstance(value, float) and door.takes_54_0 and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= HIGHEST_NUMBER else None


def degrees(value: object, door: Door) -> float | None:
    """Return degrees, or metres, from a text or a number, within any range."""
    if isinstance(value, str):
        text = value.strip() if door.trims else value
        if not door.degrees.fullmatch(text):
            return None
        value = float(text)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return float(value) if abs(value) <= 360 else math.inf  # it may be too great for a float


def flaw_of(*, lng: float, lat: float, door: Door) -> Flaw | None:
    """Return what is wrong with a point of WGS 84 degrees, or None."""
    if abs(lat) <= LAT_LIMIT:  # and so no longitude of New Zealand
        return None if -180.0 <= lng <= door.lng_limit else Flaw.LNG_RANGE
    return Flaw.SWAPPED if look_swapped(lng=lng, lat=lat) else Flaw.LAT_RANGE
