"""Values in questions: numbers of schools, degrees, points, days, truths, and what each is called.

One reader of each kind, whichever door it came through: an address, a query, a body, a column, a
file that somebody imports. Readers return None for what is no such value; each door says so in its
own words. Bulk reads whole columns by the same patterns and rules, and is held to these readers.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Any

import numpy as np
import numpy.typing as npt

from catchments.core.errors import Kind
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import in_new_zealand, look_swapped

Floats = npt.NDArray[np.floating[Any]]

HIGHEST_NUMBER = 999_999_999
NUMBER = re.compile(r"[0-9]{1,9}(?:\.0*)?")  # pandas writes 54.0 where a number is missing
DEGREES = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
LNG_LIMITS = (-180.0, 360.0)
"""The Chathams are at -176.5 and at 183.5: either is what people's programs have."""
LAT_LIMITS = (-90.0, 90.0)

DECIMAL_COMMA = re.compile("[+-]?[0-9]{1,3},[0-9]+")
_HASH = r"(?:\#|no\b\.?|number\b)? ?"
_NUMBER_FIRST = re.compile(
    rf"{_HASH}([0-9]{{1,9}})(?:\.0*)?(?![0-9a-z.])[ :,;|.)–—-]*(.*)", re.IGNORECASE
)
_NUMBER_LAST = re.compile(
    r"(.*[^\W\d_].*?)[ :,;|–—-]*\(?\#?(?<![0-9a-z.])([0-9]{1,9}) ?\)?", re.IGNORECASE
)
_LED_IN = re.compile(r"[ ,:]*\b(?:no\.?|number)$", re.IGNORECASE)
"""What stands before a number that comes last."""
_LONGEST_SAID = 150
"""Characters of what a school is called; the patterns take their time."""
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BEYOND = 10**300
"""A whole number that is no angle, and may be too great for a float."""
_TRUTHS = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}

SCHOOL_ID, LNG, LAT, ADDRESS, ID = "school_id", "lng", "lat", "address", "id"
NAMES: Mapping[str, tuple[str, ...]] = {
    SCHOOL_ID: ("School_Id", "School Number", "School Id", "School No"),
    LNG: ("Longitude", "Lng", "Lon", "Long"),
    LAT: ("Latitude", "Lat"),
    ADDRESS: ("Address",),
    ID: ("Id",),
}
"""What each field, or column, may be called: case, macrons, spaces and punctuation do not matter.

The likeliest name in a file comes first.
"""
_FIELDS = {name: name for name in NAMES} | {
    folded(name).replace(" ", ""): field for field, names in NAMES.items() for name in names
}

SCHOOL_NUMBER_ALLOWED = (
    "It must be a school's number in the Ministry's directory, at most nine digits."
)
RANGES = {
    field: f"It must be a number of degrees from {low:g} to {high:g}."
    for field, (low, high) in ((LNG, LNG_LIMITS), (LAT, LAT_LIMITS))
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a value, for each door to say in its own form."""

    field: str
    problem: str
    """A sentence of which the field is the subject: “It is out of range.”"""
    allowed: str
    kind: Kind = Kind.INVALID_VALUE
    mended: tuple[float, float] | None = None
    """The longitude and latitude that may be meant, if they can be told."""


class Flaw(Enum):
    """What is wrong with a point of two numbers."""

    SWAPPED = auto()
    SIGN_MISSING = auto()
    """It would be in New Zealand if its latitude had a minus sign."""
    LNG_RANGE = auto()
    LAT_RANGE = auto()


def field_called(name: str) -> str | None:
    """Return the field that a parameter, a member or a column means by its name, if it is one."""
    if name in _FIELDS:
        return _FIELDS[name]
    return _FIELDS.get(folded(name).replace(" ", "")) if len(name) <= 80 else None


def day_of(text: str) -> date | None:
    """Return a date of the calendar that is written as YYYY-MM-DD."""
    try:
        return date.fromisoformat(text.strip()) if _DAY.fullmatch(text.strip()) else None
    except ValueError:
        return None  # such as 2026-02-30


def truth_of(value: object) -> bool | None:
    """Return what is true or false: true, yes, y, 1 and false, no, n, 0, in capitals or not."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (word := value.strip().casefold()) in _TRUTHS:
        return _TRUTHS[word]
    number = whole_number(value)
    return bool(number) if number in {0, 1} else None


def whole_number(value: object) -> int | None:
    """Return a number of at most nine digits, from a text or a number."""
    if isinstance(value, str):
        text = value.strip()
        return int(text.partition(".")[0]) if NUMBER.fullmatch(text) else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= HIGHEST_NUMBER else None


def school_number(value: object) -> int | None:
    """Return a school's number, read as any whole number is; no school need have it."""
    return whole_number(value)


def school_said(text: str) -> tuple[int | None, str]:
    """Return the number by which a person names a school, and the words beside it.

    As people write and paste it: `#10`, `1026 Kaitaia School`, `Kaitaia School (1026)`, digits of
    full width. Whether the words are of that school is for whoever knows it to say.
    """
    plain = " ".join(plain_width(text).split())
    if len(plain) > _LONGEST_SAID:
        return None, plain
    if first := _NUMBER_FIRST.fullmatch(plain):
        return int(first[1]), first[2].strip()
    last = _NUMBER_LAST.fullmatch(plain)
    return (int(last[2]), _LED_IN.sub("", last[1]).strip()) if last else (None, plain)


def plain_width(text: str) -> str:
    """Return a text with digits and signs of full width, as some keyboards write, as usual ones."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def degrees(value: object) -> float | None:
    """Return degrees, or metres, from a text or a number, within any range, never infinity or NaN.

    One that is too great for a float is None, like NaN and infinity.
    """
    if isinstance(value, str):
        text = value.strip()
        number = float(text) if DEGREES.fullmatch(text) else math.nan
    elif isinstance(value, float):
        number = value
    elif isinstance(value, int) and not isinstance(value, bool):
        number = float(value) if abs(value) < _BEYOND else math.nan
    else:
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


def are_flawless(*, lng: Floats, lat: Floats) -> bool:
    """Whether the extremes of points show that none has a flaw; if not, some still need have none.

    Arrays of WGS 84 degrees of one shape (n,). South of the equator no sign is missing.
    """
    if not len(lng):
        return True
    (west, east), (south, north) = ((axis.min(), axis.max()) for axis in (lng, lat))
    return bool(
        LAT_LIMITS[0] <= south <= north <= 0 and LNG_LIMITS[0] <= west <= east <= LNG_LIMITS[1]
    )


def flaw_of_box(*, west: float, south: float, east: float, north: float) -> Flaw | None:
    """Return what is wrong with both corners of a box of degrees alike: swapped, or a sign missing.

    One corner alone says nothing: a box may be as large as the Pacific.
    """
    flaws = {flaw_of(lng=west, lat=south), flaw_of(lng=east, lat=north)}
    (flaw,) = flaws if len(flaws) == 1 else (None,)
    return flaw if flaw in {Flaw.SWAPPED, Flaw.SIGN_MISSING} else None


def wrong_degrees(field: str, value: object) -> Wrong:
    """Return what is wrong with a longitude or a latitude that `degrees` does not read."""
    if isinstance(value, str) and DECIMAL_COMMA.fullmatch(value.strip()):
        allowed = "Give WGS 84 decimal degrees, such as -36.8694."
        return Wrong(field, "It has a comma where a decimal point belongs.", allowed)
    return Wrong(field, "It is no number of degrees.", RANGES[field])


def wrong_point(*, lng: float, lat: float) -> Wrong | None:
    """Return what is wrong with a point of WGS 84 degrees and what may be meant, or None."""
    flaw = flaw_of(lng=lng, lat=lat)
    if flaw is Flaw.SWAPPED:
        latitude, longitude = number_text(lat), number_text(lng)
        said = f"The latitude is {latitude} and the longitude {longitude}: they look swapped."
        ranges = "lat is from -90 to 90, lng from -180 to 360 degrees."
        return Wrong(LAT, said, ranges, Kind.SWAPPED_COORDINATES, (lat, lng))
    if flaw is Flaw.SIGN_MISSING:
        said = f"The latitude is {number_text(lat)}: its minus sign looks missing."
        negative = "New Zealand's latitudes are negative."
        return Wrong(LAT, said, negative, Kind.MISSING_SIGN, (lng, -lat))
    if flaw is None:
        return None
    field = LAT if flaw is Flaw.LAT_RANGE else LNG
    return Wrong(field, "It is out of range.", RANGES[field], Kind.OUT_OF_RANGE)


def number_text(value: float) -> str:
    """Return degrees as people write them: 174.7689, not 174.76889999999999."""
    return f"{value:.15g}"
