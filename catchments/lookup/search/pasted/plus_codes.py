"""Plus codes: short codes of small squares, whole or with the town that they are near."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from pluscodes import openlocationcode

from catchments.core.errors import shown
from catchments.core.model import Place
from catchments.geometry.coordinates import in_new_zealand, to_360
from catchments.lookup.search.pasted.spots import M_A_DEGREE, ROUGHEST_M, Pasted, point

PlaceOf = Callable[[str], Place | None]
"""Gives the one place of a town's or suburb's name; None where there is none, or several."""

_LONGEST = 200
_DIGIT = "23456789CFGHJMPQRVWX"
_CODE = re.compile(
    rf"(?<![^ ,(])[{_DIGIT}]{{4,8}}0{{0,4}}\+[{_DIGIT}]{{0,7}}(?![^ ,.;)])", re.IGNORECASE
)
_AROUND_A_NAME = " ,.;()"
_COUNTRIES = ("new zealand", "aotearoa", "nz")
_LABEL = "plus code"
_NEAR_DEGREES = 0.5
"""About fifty kilometres: no town's places are farther."""
_SURE = 0.4
"""A short code means the nearest of the squares that share it. Halfway between two of them either
may be meant; this part of the way from the town to the next one is still sure."""


def read_plus_code(text: str, *, place_of: PlaceOf) -> Pasted | None:
    """Return the place of a tidied text that is a plus code, perhaps with a town; None if none.

    Source of the code: Open Location Code, https://github.com/google/open-location-code
    """
    match = _CODE.search(text) if "+" in text and len(text) <= _LONGEST else None
    if match is None:
        return None
    code, around = match[0].upper(), _name_in(f"{text[: match.start()]} {text[match.end() :]}")
    if openlocationcode.isFull(code):
        found = _square(code)
        # What else was typed may not fit the code: then somebody has to look.
        return found if not around or _is_near(found, place_of(around)) else found.asked_about()
    return _short(code, around, place_of) if openlocationcode.isShort(code) else None


def _is_near(found: Pasted, town: Place | None) -> bool:
    """Whether a place is as near to a town as one that is written beside it."""
    if town is None or found.named is None:
        return False
    return _degrees_apart(found.named.places[0], town) <= _NEAR_DEGREES


def _degrees_apart(one: Place, other: Place) -> float:
    return max(abs(one.lat - other.lat), abs(to_360(one.lng) - to_360(other.lng)))


def _name_in(text: str) -> str:
    """Return what stands beside a code: a town, without the country that maps write after it."""
    name = text.strip(_AROUND_A_NAME)
    if name.casefold().startswith(_LABEL):
        name = name[len(_LABEL) :].strip(_AROUND_A_NAME)
    for country in _COUNTRIES:
        if name.casefold().endswith(country):
            name = name[: -len(country)].rstrip(_AROUND_A_NAME)
    return name


def _short(code: str, town: str, place_of: PlaceOf) -> Pasted:
    near = place_of(town) if town else None
    if near is None:
        unknown = f", and {shown(town)} is not one that is known here" if town else ""
        return Pasted(
            refusal=f"The plus code {code} is short: it needs its town{unknown}. Give the town"
            f" after it, for example “{code} Wellington”, or the whole code."
        )
    found = _square(openlocationcode.recoverNearest(code, near.lat, near.lng))
    if found.named is None:
        return found
    apart = _degrees_apart(found.named.places[0], near)
    degrees = 20.0 ** (2 - (8 - code.index("+")) / 2)  # from one square to the next that shares it
    return found if apart <= _SURE * degrees else found.asked_about()


def _square(code: str) -> Pasted:
    """Return the middle of a full code's square, as uncertain as its corners are far."""
    area = openlocationcode.decode(code)
    lng, lat = area.longitudeCenter, area.latitudeCenter
    if not in_new_zealand(lng=lng, lat=lat):
        return Pasted(
            refusal=f"The plus code {code} is not in New Zealand. Check it, or give the address."
        )
    side = area.latitudeHi - area.latitudeLo  # no narrower than the other: of the longest rows
    within_m = M_A_DEGREE * side * math.sqrt(0.5)
    if within_m > ROUGHEST_M:
        return Pasted(
            refusal=f"The plus code {code} stands for an area of many kilometres, in which several"
            " catchments may be. Give the code with all its ten digits."
        )
    return point(f"Plus code {code}", lng=lng, lat=lat, within_m=within_m)
