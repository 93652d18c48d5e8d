"""Coordinate reference systems that features are given in, and bounding boxes in each of them.

The axes stand in the order that the system itself has: longitude first in CRS84, latitude or
northing first in EPSG's. Longitudes of a box may cross 180° either way that people write it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import InputRefused, shown
from catchments.geometry.coordinates import NZTM2000, WGS84, transformer
from catchments.lookup.boxes import FARTHEST, box_of, sides_of
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
    if FRAMES[crs] == NZTM2000:
        return _unprojected(*_metres(text))
    return box_of(text, latitude_first=crs != CRS84).areas_360


def _metres(text: str) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a box in NZTM2000, whose northings come first."""
    south, west, north, east = sides_of(text) or (FARTHEST, 0.0, -FARTHEST, 0.0)
    if south > north or west > east or max(map(abs, (south, west, north, east))) > FARTHEST:
        raise InputRefused(
            f"The parameter bbox is {shown(text)}.",
            field="bbox",
            allowed="It must be south, west, north and east in metres: four numbers with commas "
            "between them, or six with heights, the lower corner first.",
            next_step="For example bbox=5900000,1750000,5930000,1770000.",
        )
    return west, south, east, north


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
