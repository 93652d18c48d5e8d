"""Spots: points that were pasted, with how well they are known, what is said of them or refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

from catchments.core.model import (
    UNCERTAINTY_M,
    MatchKind,
    NamedPlace,
    Notice,
    Place,
    PlaceKind,
)
from catchments.geometry.coordinates import (
    NEW_ZEALAND_LAT,
    NEW_ZEALAND_LNG_360,
    in_new_zealand,
    to_180,
    to_360,
)
from catchments.lookup.notice_codes import NoticeCode
from catchments.lookup.notice_codes import spoken as _l

M_A_DEGREE = 111_320.0
"""Metres of a degree of latitude, and of longitude at the equator, which is no fewer here."""
ROUGHEST_M = 1_200.0
"""A spot that is known no better than this is no answer: catchments of cities are as small."""
_SEA_EAST_OF_CANTERBURY = (175.6, -44.8, 177.4, -43.2)
"""West, south, east, north: nothing but sea, and the Chathams where the longitude is west."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """What came of a text that gives coordinates, or that an address of a map is.

    Any of these may be empty, not all: `named` is a point to answer for (its match says whether at
    once), `refusal` says why there is none and what to do next, and `text` is what the address of a
    map calls the place. That is to be looked for first: if it names a school, the school counts.
    """

    named: NamedPlace | None = None
    notices: tuple[Notice, ...] = ()
    refusal: str = ""
    text: str = ""

    def asked_about(self, *notices: Notice) -> Pasted:
        """Return the same, not to be answered at once, with more notices."""
        named = self.named and replace(self.named, match=MatchKind.PART)
        return replace(self, named=named, notices=self.notices + notices)


@dataclass(frozen=True, slots=True)
class Given:
    """Two numbers of degrees in the order in which they were given."""

    first: float
    second: float
    unit: float
    """How far in degrees the place may be from what is written."""
    longitude_first: bool = False
    """Whether letters or labels say that the first is the longitude."""
    signed: bool = False
    """Whether letters say on which side of the equator it is."""
    places: int = 5
    """Decimal places that are worth showing."""


ROUGH = Pasted(
    refusal="These coordinates are too rough: places more than a kilometre apart have them in"
    " common. Give degrees with three decimal places or more, for example -41.287, 174.776."
)
UNREADABLE = Pasted(
    refusal="These look like coordinates, but not all of it can be read. Give latitude and"
    " longitude as decimal degrees, for example -41.28664, 174.77557."
)
MAP_VIEW = Notice(
    NoticeCode.MAP_VIEW,
    _l("This is the middle of the map that was shown, not a place that somebody marked."),
)
_SOUTH = Notice(
    NoticeCode.SIGN_MISSING,
    _l("The latitude was read as south of the equator; it had no minus sign and no “S”."),
)
_WEST = Notice(
    NoticeCode.SIGN_MISSING,
    _l(
        "The longitude was read as west, where the Chatham Islands are; it had no minus sign and no"
        " “W”. East of 180° there is only sea at this latitude."
    ),
)


def spot_of(given: Given) -> Pasted:
    """Return the place in New Zealand that two numbers give, in whichever order makes sense.

    No latitude of New Zealand is a longitude of it, so only one order does. A place that lies here
    only with a sign that is not there is a slip.
    """
    lat, lng = given.first, given.second
    if given.longitude_first:
        lat, lng = lng, lat
    swapped = _is_here(lng=lat, lat=lng) or _is_here(lng=lat, lat=-lng)
    if swapped:
        lat, lng = lng, lat
    if not given.signed and lat > 0 and _is_here(lng=lng, lat=-lat):
        return _slip(_found(swapped, lng=lng, lat=-lat, given=given), _SOUTH)
    if not _is_here(lng=lng, lat=lat):
        return Pasted(refusal=_outside(given))
    if _is_sea_for_sure(lng=lng, lat=lat):
        return _slip(_found(swapped, lng=-lng, lat=lat, given=given), _WEST)
    return _found(swapped, lng=lng, lat=lat, given=given)


def point(name: str, *, lng: float, lat: float, within_m: float) -> Pasted:
    """Return a point that answers at once, or that it is too rough; `within_m` is metres."""
    if within_m > ROUGHEST_M:
        return ROUGH
    named = NamedPlace(
        PlaceKind.POINT,
        name,
        places=(Place(lng=to_180(lng), lat=lat),),
        uncertainty_m=max(UNCERTAINTY_M, within_m),
    )
    return Pasted(named)


def in_degrees(*, lng: float, lat: float, places: int = 5) -> str:
    """Return a point for people, such as “41.28664° S, 174.77557° E”."""
    lng = to_180(lng)
    north, east = "S" if lat < 0 else "N", "W" if lng < 0 else "E"
    return f"{abs(lat):.{places}f}° {north}, {abs(lng):.{places}f}° {east}"


def _is_here(*, lng: float, lat: float) -> bool:
    return -180.0 <= lng <= 360.0 and in_new_zealand(lng=lng, lat=lat)


def _is_sea_for_sure(*, lng: float, lat: float) -> bool:
    west, south, east, north = _SEA_EAST_OF_CANTERBURY
    return west <= to_360(lng) <= east and south <= lat <= north


def _found(swapped: bool, *, lng: float, lat: float, given: Given) -> Pasted:
    """Return a point, and that its numbers were given the other way about where they were."""
    name = in_degrees(lng=lng, lat=lat, places=given.places)
    found = point(name, lng=lng, lat=lat, within_m=given.unit * M_A_DEGREE)
    if not swapped or found.named is None:
        return found
    text = f"Longitude and latitude were given the other way about: this is for {name}."
    return replace(found, notices=(Notice(NoticeCode.SWAPPED, text),))


def _slip(found: Pasted, notice: Notice) -> Pasted:
    if found.named is None:
        return found
    named = replace(found.named, match=MatchKind.SLIP)
    return replace(found, named=named, notices=(*found.notices, notice))


def _outside(given: Given) -> str:
    south, north = (f"{-lat:g}" for lat in NEW_ZEALAND_LAT)
    west, east = NEW_ZEALAND_LNG_360
    return (
        f"{given.first:.{given.places}f}, {given.second:.{given.places}f} is not in New Zealand."
        f" Latitudes are from {north}° to {south}° south, longitudes from {west:g}° east to"
        f" {360 - east:g}° west: check the numbers and their signs."
    )
