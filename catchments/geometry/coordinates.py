"""Coordinate frames: reference systems, axis order, the antimeridian and metres.

Stored and published: WGS 84 (EPSG:4326), longitude first, -180…180 (RFC 7946). Indexed and drawn:
the same with longitude in 0…360, so that the Chatham Islands stay in one piece with the rest.
Metres: NZTM2000 (EPSG:2193), or Chatham Islands Transverse Mercator 2000 (EPSG:3793).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.planar import in_one, polygons_in
from catchments.geometry.reference_systems import is_plain, meant

if TYPE_CHECKING:
    from pyproj import Transformer

WGS84 = "EPSG:4326"
NZTM2000 = "EPSG:2193"
CHATHAM_TM2000 = "EPSG:3793"

NEW_ZEALAND_LNG_360 = (165.0, 185.0)
"""Longitudes, 0…360, of all schools and islands from Solander to the Chathams, with a margin."""
NEW_ZEALAND_LAT = (-53.0, -28.0)
"""Latitudes from Campbell Island to Raoul, with a margin."""
CHATHAM_LNG_360 = 182.0
"""East of this meridian (0…360) metres are computed in the Chatham Islands' own projection."""

_OURS = frozenset({WGS84, NZTM2000, CHATHAM_TM2000})
"""Between these there is one way, the same everywhere: a projection of one ellipsoid's degrees."""
_EQUATOR_M, _ECCENTRICITY2 = 6_378_137.0, 0.00669437999014
"""WGS 84: half of the longer axis, and the square of the first eccentricity (EPSG:7030)."""


def to_360(lng: float) -> float:
    """Return a longitude -180…180 as 0…360 degrees, without rounding any value from 0 up."""
    return lng + 360.0 if lng < 0 else lng


def to_360_many(lng: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return longitudes -180…180 as 0…360 degrees, without rounding any value from 0 up."""
    return np.where(lng < 0, lng + 360.0, lng)


def to_180(lng: float) -> float:
    """Return a longitude 0…360 as -180…180 degrees."""
    return lng - 360.0 if lng > 180.0 else lng


def published_lng(lng: float) -> float:
    """Return a longitude -180…360 as answers give it, -180…180, with the decimals it was given in.

    183.4567 becomes -176.5433, as a map's own files have it, and not -176.54330000000002: twelve
    decimals are a ten-thousandth of a millimetre.
    """
    return round(lng - 360.0, 12) if 180.0 < lng <= 360.0 else lng


def published_lngs(lng: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Return longitudes -180…360 each as `published_lng` has it."""
    beyond = (lng > 180.0) & (lng <= 360.0)  # few: the Chathams
    if not beyond.any():
        return lng
    turned = lng.copy()
    turned[beyond] = list(map(published_lng, lng[beyond].tolist()))
    return turned


def geometry_to_360(geometry: BaseGeometry) -> BaseGeometry:
    """Return a WGS 84 geometry with longitudes 0…360; parts that met at 180° become one.

    Vertices at longitudes from 0 up are kept bit for bit.
    """
    west = geometry.bounds and geometry.bounds[0] < 0
    moved = shapely.transform(geometry, xy_to_360) if west else geometry
    split_at_180 = bool(west) and 180.0 in shapely.get_coordinates(moved)[:, 0]
    return shapely.union_all(shapely.get_parts(moved)) if split_at_180 else moved


def geometry_to_180(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry with longitudes 0…360 as RFC 7946 wants it: -180…180, split at 180°."""
    if geometry.is_empty or geometry.bounds[2] <= 180.0:
        return geometry
    if geometry.bounds[0] >= 180.0:
        return shapely.transform(geometry, _lng_to_180)
    east = shapely.intersection(geometry, shapely.box(0.0, -90.0, 180.0, 90.0))
    west = shapely.intersection(geometry, shapely.box(180.0, -90.0, 360.0, 90.0))
    return in_one(polygons_in([east, shapely.transform(west, _lng_to_180)]))


def xy_to_360(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return points, one a row, with longitudes 0…360 for -180…180."""
    return np.column_stack([to_360_many(xy[:, 0]), xy[:, 1]])


def _lng_to_180(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.column_stack([np.where(xy[:, 0] >= 180.0, xy[:, 0] - 360.0, xy[:, 0]), xy[:, 1]])


@lru_cache(maxsize=8)
def transformer(from_crs: str, to_crs: str) -> Transformer:
    """Return a pyproj transformer that takes and gives longitude (easting) first.

    Raises pyproj's CRSError for a system that PROJ does not know, or that `is_plain` does not take.
    """
    from pyproj import Transformer  # PROJ opens its database on import: only who needs it pays

    check_is_plain(from_crs)
    check_is_plain(to_crs)
    made = Transformer.from_crs(meant(from_crs), meant(to_crs), always_xy=True)
    # Each thread has a context of PROJ's: told the steps it takes 0.05 MB, and a thirtieth of the
    # time of one that looks systems up in PROJ's database, 0.4 MB.
    return Transformer.from_pipeline(made.definition) if {from_crs, to_crs} <= _OURS else made


def check_is_plain(crs: str) -> None:
    """Raise pyproj's CRSError for what could make PROJ open a file: see `reference_systems`."""
    from pyproj.exceptions import CRSError

    if not is_plain(crs):
        raise CRSError("It is neither a code nor a name nor a plain definition.")


def metric_crs(*, lng: float) -> str:
    """Return the projected CRS whose metres are true at this longitude (either frame)."""
    return CHATHAM_TM2000 if to_360(lng) > CHATHAM_LNG_360 else NZTM2000


def to_metres(geometry: Any, *, crs: str) -> Any:
    """Return a WGS 84 geometry (either longitude frame), or many, projected to `crs`, in metres."""
    return shapely.transform(geometry, _projection(WGS84, crs))


def to_wgs84(geometries: npt.ArrayLike, *, crs: str) -> npt.NDArray[np.object_]:
    """Return geometries in `crs`, easting (longitude) first and in its units, in WGS 84 degrees.

    Longitude comes first, -180…180: a ring that crosses 180° jumps there, and is the caller's to
    mend. Equal vertices stay equal, so a coverage stays a coverage.
    """
    given = np.asarray(geometries, dtype=object)
    return np.asarray(shapely.transform(given, _projection(crs, WGS84)))


def _projection(
    from_crs: str, to_crs: str
) -> Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]:
    """Return what projects an array of x and y, for `shapely.transform`."""
    project = transformer(from_crs, to_crs)
    return lambda xy: np.column_stack(project.transform(xy[:, 0], xy[:, 1]))


def in_metres(geometries: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Return WGS 84 geometries (either longitude frame) in metres around the middle of each.

    What is straight in degrees stays straight: in a projection an edge of 20 km bends by some 7 m,
    and a vertex more on it would look like ground. True to 0.1 % for what spans three degrees.
    """
    shapes = np.array(geometries, dtype=object)
    xy, at = shapely.get_coordinates(shapes, return_index=True)
    middle = shapely.get_coordinates(shapely.centroid(shapes[np.unique(at)]))
    around = middle[np.unique(at, return_inverse=True)[1]]
    return np.asarray(shapely.set_coordinates(shapes, (xy - around) * _metres_a_degree(around)))


def _metres_a_degree(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the metres of a degree of longitude and of latitude at points of the ellipsoid."""
    lat = np.radians(xy[:, 1])
    bulge = 1 - _ECCENTRICITY2 * np.sin(lat) ** 2
    east = _EQUATOR_M / np.sqrt(bulge) * np.cos(lat)
    north = _EQUATOR_M * (1 - _ECCENTRICITY2) / bulge**1.5
    return np.radians(np.column_stack([east, north]))


def area_m2(geometry: BaseGeometry) -> float:
    """Return the area of a WGS 84 geometry in square metres."""
    return float(shapely.area(in_metres([geometry]))[0])


def in_new_zealand(*, lng: float, lat: float) -> bool:
    """Whether a WGS 84 point (either longitude frame) lies in New Zealand's extent."""
    west, east = NEW_ZEALAND_LNG_360
    south, north = NEW_ZEALAND_LAT
    return west <= to_360(lng) <= east and south <= lat <= north


def look_swapped(*, lng: float, lat: float) -> bool:
    """Whether a point lies outside New Zealand as given but inside with its axes exchanged."""
    return not in_new_zealand(lng=lng, lat=lat) and in_new_zealand(lng=lat, lat=lng)
