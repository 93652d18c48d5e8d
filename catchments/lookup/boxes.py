"""Boxes of degrees: how they are written, and what lies in one.

A text is four numbers with commas between them, or six with heights, which do not count. Its
longitudes may be counted from any turn of the world, as a web map counts that was dragged around
it; a west that is greater than its east crosses 180°.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import shapely

from catchments.core.errors import InputRefused, Kind, shown
from catchments.geometry.coordinates import published_lng
from catchments.lookup.values import (
    DEGREES,
    LAT_LIMITS,
    Flaw,
    degrees,
    flaw_of_box,
    number_text,
)

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Sides = tuple[float, float, float, float]
FIELD = "bbox"
_MORE = f"( *, *{DEGREES.pattern})"
PATTERN = f"^ *{DEGREES.pattern}{_MORE}{{3}}({_MORE}{{2}})? *$"
FARTHEST = 1e8
"""Beyond any place on Earth, in degrees and in metres."""
ORDER = "It must be west, south, east and north"
ORDER_OF_EPSG = "It must be south, west, north and east, as bbox-crs has latitude first"
EXAMPLE = "For example bbox=174,-37,176,-36, or bbox=166,-48,-176,-34 across 180°."
EXAMPLE_OF_EPSG = "For example bbox=-37,174,-36,176, or bbox=-48,166,-34,-176 across 180°."


@dataclass(frozen=True, slots=True)
class Box:
    """A box of longitudes -180…180 and latitudes; its edges are inside.

    It crosses 180° where `west` is greater than `east`.
    """

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, west: float, south: float, east: float, north: float) -> Box:
        """Return the box between longitudes of any turn; one as wide as the world is all of it."""
        if east - west >= 360.0:
            return cls(-180.0, south, 180.0, north)
        return cls(_turned(west), south, _turned(east), north)

    @property
    def spans_360(self) -> tuple[tuple[float, float], ...]:
        """Its longitudes, west and east of each part, in 0…360."""
        crosses = self.west > self.east
        spans = [(self.west, 180.0), (-180.0, self.east)] if crosses else [(self.west, self.east)]
        eastern = [(max(west, 0.0), east) for west, east in spans if east >= 0.0]
        western = [(west + 360.0, min(east, 0.0) + 360.0) for west, east in spans if west < 0.0]
        return (*eastern, *western)

    @property
    def areas_360(self) -> list[Any]:
        """Its parts as geometries with longitudes 0…360."""
        return [shapely.box(w, self.south, e, self.north) for w, e in self.spans_360]

    def holds(self, *, lng_360: Floats, lat: Floats) -> Mask:
        """Return which points lie in it; those without a place, NaN, do not."""
        across = [(lng_360 >= west) & (lng_360 <= east) for west, east in self.spans_360]
        found: Mask = np.any(across, axis=0) & (lat >= self.south) & (lat <= self.north)
        return found

    def meets(self, extents_360: Floats) -> Mask:
        """Return which extents (rows of west, south, east, north) it has a point in common with."""
        west, south, east, north = extents_360.T
        across = [(east >= start) & (west <= end) for start, end in self.spans_360]
        found: Mask = np.any(across, axis=0) & (north >= self.south) & (south <= self.north)
        return found

    def touches(self, boundary_360: Any) -> bool:
        """Whether a geometry with longitudes 0…360 has a point in common with it."""
        return bool(shapely.intersects(boundary_360, self.areas_360).any())


def _turned(lng: float) -> float:
    """Return a longitude of any turn as -180…180, with the decimals it was given in."""
    if -180.0 <= lng <= 360.0:
        return published_lng(lng)
    return round(math.remainder(lng, 360.0), 12)


def sides_of(text: str) -> Sides | None:
    """Return the four numbers of a box in the order they are given in; None for what is none."""
    numbers = [degrees(part) for part in text.split(",", 6)]
    if len(numbers) not in {4, 6} or None in numbers:
        return None
    known = cast(list[float], numbers)
    half = len(known) // 2
    return (*known[:2], *known[half : half + 2])  # type: ignore[return-value]


def box_of(text: str, *, latitude_first: bool = False) -> Box:
    """Return a box of degrees. Raises InputRefused, saying what may be meant."""
    given = sides_of(text)
    if given is None:
        raise _no_box(text, latitude_first)
    west, south, east, north = _turned_round(given) if latitude_first else given
    _refuse_mistaken(west, south, east, north, latitude_first)
    _refuse_beyond((west, south, east, north), latitude_first)
    if south > north:
        raise _no_box(text, latitude_first)
    return Box.of(west, south, east, north)


def _turned_round(sides: Sides) -> Sides:
    a, b, c, d = sides
    return b, a, d, c


def _refuse_mistaken(
    west: float, south: float, east: float, north: float, latitude_first: bool
) -> None:
    flaw = flaw_of_box(west=west, south=south, east=east, north=north)
    if flaw is Flaw.SWAPPED:
        meant, kind = (south, west, north, east), Kind.SWAPPED_COORDINATES
        raise _mistaken("Longitudes and latitudes look swapped", meant, kind, latitude_first)
    if flaw is Flaw.SIGN_MISSING:
        meant, kind = (west, -max(south, north), east, -min(south, north)), Kind.MISSING_SIGN
        raise _mistaken("The minus signs of latitudes look missing", meant, kind, latitude_first)


def _mistaken(problem: str, meant: Sides, kind: Kind, latitude_first: bool) -> InputRefused:
    written = _turned_round(meant) if latitude_first else meant
    order = ORDER_OF_EPSG if latitude_first else ORDER
    return InputRefused(
        f"{problem} in the parameter {FIELD}.",
        field=FIELD,
        allowed=f"{order}; New Zealand's latitudes are negative.",
        next_step=f"If that is so, ask for bbox={','.join(map(number_text, written))}.",
        kind=kind,
    )


def _refuse_beyond(sides: Sequence[float], latitude_first: bool) -> None:
    """Raise InputRefused for a side that is beyond a pole, or too far to be a longitude."""
    lngs, lats = (-FARTHEST, FARTHEST), LAT_LIMITS
    limits = {"west": lngs, "south": lats, "east": lngs, "north": lats}
    for value, (name, (low, high)) in zip(sides, limits.items(), strict=True):
        if not low <= value <= high:
            raise InputRefused(
                f"In the parameter {FIELD} {name} is {shown(number_text(value))}.",
                field=FIELD,
                allowed=f"It must be from {low:.0f} to {high:.0f} degrees; "
                f"{'latitudes' if latitude_first else 'longitudes'} come first.",
                next_step=EXAMPLE_OF_EPSG if latitude_first else EXAMPLE,
                kind=Kind.OUT_OF_RANGE,
            )


def _no_box(text: str, latitude_first: bool) -> InputRefused:
    return InputRefused(
        f"The parameter {FIELD} is {shown(text)}.",
        field=FIELD,
        allowed=f"{ORDER_OF_EPSG if latitude_first else ORDER}: four numbers of degrees with "
        "commas between them, or six with heights, south not greater than north.",
        next_step=EXAMPLE_OF_EPSG if latitude_first else EXAMPLE,
    )
