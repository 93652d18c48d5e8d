"""Coordinate reference systems that features are given in, and bounding boxes in each of them.

The axes stand in the order that the system itself has: longitude first in CRS84, latitude or
northing first in EPSG's. Longitudes of a box may cross 180° either way that people write it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import InputRefused, Kind, shown
from catchments.geometry.coordinates import NZTM2000, WGS84, transformer
from catchments.lookup.values import Flaw, degrees, flaw_of_box
from maps.exports.export_input import published_boundary
from maps.exports.geojson import DECIMALS, rounded

_EPSG = "http://www.opengis.net/def/crs/EPSG/0"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
NZGD2000 = "EPSG:4167"
FRAMES: Mapping[str, str] = {
    CRS84: WGS84,
    f"{_EPSG}/4326": WGS84,
    f"{_EPSG}/4167": NZGD2000,
    f"{_EPSG}/2193": NZTM2000,
}
"""What PROJ calls each system, by the URI that OGC has for it; CRS84 alone is longitude first."""
DECIMALS_OF_A_METRE = 4
PARTS_OF_A_SIDE = 256
"""A projected box's sides are curves in degrees: so many chords are within a metre of them."""
FARTHEST = 1e8
"""Beyond any place on Earth, in degrees and in metres."""
SWAPPED = (
    "Latitude and longitude look swapped. Longitude comes first unless bbox-crs names one of "
    "EPSG's systems, in which latitude or northing does."
)
SIGN_MISSING = "Minus signs of latitudes look missing: New Zealand's are negative."
_NEAR_NEW_ZEALAND_M = (-900_000.0, 3_000_000.0, 4_100_000.0, 8_500_000.0)
"""West, south, east, north in NZTM2000: beyond it the projection folds over itself."""


def published(boundary: BaseGeometry) -> BaseGeometry:
    """Return a WGS 84 boundary as it stands in the downloads, always as a multipolygon.

    A GIS program's layer is of one type, and it takes the first features for it.
    """
    split = published_boundary(boundary)
    return rounded(shapely.multipolygons([split]) if split.geom_type == "Polygon" else split)


def in_frame(geometry: Any, crs: str) -> Any:
    """Return a WGS 84 geometry, or an array of them, in the system with this URI, its own axes."""
    return shapely.transform(geometry, lambda xy: _projected(xy, crs))


def _projected(xy: npt.NDArray[np.float64], crs: str) -> npt.NDArray[np.float64]:
    if crs == CRS84:
        return xy
    x, y = transformer(WGS84, FRAMES[crs]).transform(xy[:, 0], xy[:, 1])
    decimals = DECIMALS_OF_A_METRE if FRAMES[crs] == NZTM2000 else DECIMALS
    return np.round(np.column_stack([y, x]), decimals)


def supported(name: str, uri: str) -> str:
    """Return the URI of a system that is known here. Raises InputRefused."""
    if uri.strip() in FRAMES:
        return uri.strip()
    raise InputRefused(
        f"The parameter {name} is {shown(uri)}.",
        field=name,
        allowed=f"It must be one of {', '.join(FRAMES)}.",
        next_step="Leave it out for longitude and latitude.",
    )


def areas_360(text: str, *, crs: str) -> list[BaseGeometry]:
    """Return what a bounding box covers: geometries in WGS 84 degrees, longitude 0…360.

    Raises InputRefused for what is no box.
    """
    x_low, y_low, x_high, y_high = _corners(text, crs)
    if FRAMES[crs] == NZTM2000:
        return _unprojected(x_low, y_low, x_high, y_high)
    return [shapely.box(west, y_low, east, y_high) for west, east in _turns(x_low, x_high)]


def _corners(text: str, crs: str) -> tuple[float, float, float, float]:
    """Return easting (longitude) and northing (latitude) of both corners; heights are left out."""
    numbers = _numbers(text)
    half = len(numbers) // 2
    low, high = numbers[:2], numbers[half : half + 2]
    (x_low, y_low), (x_high, y_high) = (low, high) if crs == CRS84 else (low[::-1], high[::-1])
    in_degrees = FRAMES[crs] != NZTM2000
    if in_degrees:
        _refuse_mistaken(text, flaw_of_box(west=x_low, south=y_low, east=x_high, north=y_high))
    crosses_180 = in_degrees and x_low > x_high
    if y_low > y_high or (x_low > x_high and not crosses_180):
        raise _no_box(text, "The lower corner must come first.")
    return x_low, y_low, x_high, y_high


def _numbers(text: str) -> Sequence[float]:
    numbers = [degrees(part) for part in text.split(",", 6)]
    known = [number for number in numbers if number is not None]
    if len(known) not in {4, 6} or len(known) < len(numbers) or max(map(abs, known)) > FARTHEST:
        raise _no_box(text, "It must be four numbers, or six with heights, with commas between.")
    return known


def _refuse_mistaken(text: str, flaw: Flaw | None) -> None:
    """Raise InputRefused for a box that is New Zealand's with exchanged axes or minus signs."""
    if flaw is Flaw.SWAPPED:
        raise _no_box(text, SWAPPED, Kind.SWAPPED_COORDINATES)
    if flaw is Flaw.SIGN_MISSING:
        raise _no_box(text, SIGN_MISSING, Kind.MISSING_SIGN)


def _no_box(text: str, allowed: str, kind: Kind = Kind.INVALID_VALUE) -> InputRefused:
    return InputRefused(
        f"The parameter bbox is {shown(text)}.",
        field="bbox",
        allowed=allowed,
        next_step="For example bbox=174.6,-37.1,175.0,-36.7, or bbox=176,-45,-176,-43 across 180°.",
        kind=kind,
    )


def _turns(west: float, east: float) -> list[tuple[float, float]]:
    """Return a span of longitudes, wherever it is counted from, as one or two within 0…360."""
    width = east - west if east >= west else (east - west) % 360.0
    if width >= 360.0:
        return [(0.0, 360.0)]
    start = west % 360.0
    end = start + width
    return [(start, end)] if end <= 360.0 else [(start, 360.0), (0.0, end - 360.0)]


def _unprojected(west: float, south: float, east: float, north: float) -> list[BaseGeometry]:
    far_west, far_south, far_east, far_north = _NEAR_NEW_ZEALAND_M
    west, south = max(west, far_west), max(south, far_south)
    east, north = min(east, far_east), min(north, far_north)
    if west > east or south > north:
        return []
    longest = max(east - west, north - south) / PARTS_OF_A_SIDE
    # Of a box without a width this is a line, or a point; as a polygon it has no sides to part.
    box = shapely.envelope(shapely.multipoints([[west, south], [east, north]]))
    chords = shapely.segmentize(box, max(longest, 1.0))
    return [shapely.transform(chords, _degrees_360)]


def _degrees_360(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lng, lat = transformer(NZTM2000, WGS84).transform(xy[:, 0], xy[:, 1])
    return np.column_stack([np.mod(lng, 360.0), lat])
