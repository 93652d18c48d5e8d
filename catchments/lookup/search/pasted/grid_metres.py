"""Eastings and northings in metres, as topographic maps print them (NZTM2000, EPSG:2193)."""

from __future__ import annotations

import re

from catchments.geometry.coordinates import NZTM2000, WGS84, in_new_zealand, transformer
from catchments.lookup.search.pasted.spots import Pasted, point

_LONGEST = 80
_METRES = r"((?:[0-9]{1,2}[ ,]?)?[0-9]{3}[ ,]?[0-9]{3}(?:\.[0-9]{1,6})?)"
_SAYS = r"(?:(easting|northing|east|north|e|n|x|y)s?(?![a-z]) ?[:=]? ?)?"
_UNIT = r"(?: ?m?(?: ?([en])\b|\b))"
_PAIR = re.compile(
    rf"(nztm ?(?:2000)?\b ?:? ?)?\(?{_SAYS}{_METRES}{_UNIT} ?[,;/]? ?{_SAYS}{_METRES}{_UNIT} ?\)?"
)
_NORTHINGS = (4_000_000.0, 7_000_000.0)
"""Those of all islands from Campbell to Raoul; no easting is among them."""
_EASTINGS = (800_000.0, 2_900_000.0)
"""Likewise, with a margin."""
_OLDER_EASTINGS = (2_000_000.0, 3_020_000.0)
_OLDER_NORTHINGS = (5_300_000.0, 6_770_000.0)
"""Of the mainland on the New Zealand Map Grid of 1949, which maps were printed with until 2009."""
_EAST_CAPE = (2_100_000.0, 5_650_000.0)
"""West and north of this the mainland has such eastings, where the older grid has only sea."""

_OLDER = Pasted(
    refusal="These look like metres of the older New Zealand Map Grid, which is not read here. Give"
    " NZTM2000 eastings and northings, for example 1748735 5427916, or latitude and longitude."
)
_OUTSIDE = Pasted(
    refusal="These look like eastings and northings, but lie outside New Zealand. Give NZTM2000"
    " metres, for example 1748735 5427916, or latitude and longitude."
)


def read_metres(text: str) -> Pasted | None:
    """Return the place that a tidied text gives in NZTM2000, in either order; None for no such."""
    match = _PAIR.fullmatch(text.casefold().rstrip(".;,")) if len(text) <= _LONGEST else None
    if match is None:
        return None
    named, said, first, unit, said_2, second, unit_2 = match.groups()
    east, north = sorted([_number(first), _number(second)])
    is_older = not named and _may_be_older(east, north)
    found = _OLDER if is_older else _point(east, north)
    return found or (_OUTSIDE if named or said or unit or said_2 or unit_2 else None)


def _number(text: str) -> float:
    return float(text.replace(" ", "").replace(",", ""))


def _is_in(value: float, extent: tuple[float, float]) -> bool:
    return extent[0] <= value <= extent[1]


def _may_be_older(east: float, north: float) -> bool:
    """Whether metres lie where the older grid has land and NZTM2000 has only sea."""
    on_its_land = _is_in(east, _OLDER_EASTINGS) and _is_in(north, _OLDER_NORTHINGS)
    return on_its_land and not (east < _EAST_CAPE[0] and north > _EAST_CAPE[1])


def _point(east: float, north: float) -> Pasted | None:
    if not (_is_in(east, _EASTINGS) and _is_in(north, _NORTHINGS)):
        return None
    lng, lat = transformer(NZTM2000, WGS84).transform(east, north)
    if not in_new_zealand(lng=lng, lat=lat):
        return None
    name = f"{east:,.0f} m E, {north:,.0f} m N (NZTM2000)"
    return point(name, lng=float(lng), lat=float(lat), within_m=1.0)
