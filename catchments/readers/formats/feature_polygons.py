"""One feature's geometry → a valid boundary: WGS 84, in New Zealand, split at 180°."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from catchments.core.errors import FileRefused, shown
from catchments.geometry.coordinates import (
    check_is_plain,
    geometry_to_180,
    in_new_zealand,
    to_wgs84,
    xy_to_360,
)
from catchments.geometry.planar import in_one, make_valid_2d
from catchments.geometry.reference_systems import meant
from catchments.lookup.values import Flaw, flaw_of
from catchments.readers.formats.vectors.layers import kinds_in
from catchments.readers.report import Report


def boundary_of(
    geometry: BaseGeometry | None,
    crs: str | None,
    path: Path,
    where: str,
    report: Report,
    *,
    layer: str = "",
) -> BaseGeometry | None:
    """Return the polygons of a feature in WGS 84, longitude -180…180; None, reported, if none.

    `layer` names what is left out beside polygons: points, lines and what has no area.
    """
    of = f" in layer {shown(layer)}" if layer else ""
    kinds = kinds_in(geometry)
    if geometry is None or not kinds:
        report.leave_out(f"features without geometry{of}", "there is no area in them")
        return None
    if "Polygon" not in kinds:
        what, one = ("points", "point") if kinds <= {"Point"} else ("lines and others", "line")
        report.leave_out(f"{what}{of}", f"a {one} is no catchment")
        return None
    if kinds != {"Polygon"}:
        report.leave_out(f"points and lines beside areas{of}", "only the areas are a boundary")
    flat = _in_wgs84(shapely.force_2d(_polygons_alone(geometry)), crs, path)
    _check_in_new_zealand(flat, where)
    valid = make_valid_2d(_unwrapped(flat))
    if valid is None:
        report.problem(where, "has no area", "left out")
        return None
    if not shapely.is_valid(flat):
        reason = shapely.is_valid_reason(flat).split("[")[0].strip()
        report.count("boundaries made valid")
        report.problem(where, f"is not valid ({reason})", "made valid")
    return geometry_to_180(valid)


def _polygons_alone(geometry: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a geometry, which may be a collection, in one."""
    if geometry.geom_type in {"Polygon", "MultiPolygon"}:
        return geometry
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return in_one([part for part in parts if part.geom_type == "Polygon"])


def _in_wgs84(geometry: BaseGeometry, crs: str | None, path: Path) -> BaseGeometry:
    if crs is None:
        raise FileRefused(
            f"{shown(path.name)} does not say which coordinate reference system it is in.",
            next_step="Say it with --crs, for example --crs EPSG:2193 for NZTM2000.",
        )
    if _is_wgs84(crs):
        return geometry
    try:
        return to_wgs84([geometry], crs=crs)[0]
    except ProjError as error:
        raise FileRefused(f"{shown(path.name)} cannot be projected from {shown(crs)}.") from error


def _is_wgs84(crs: str) -> bool:
    try:
        check_is_plain(crs)
        known = CRS.from_user_input(meant(crs))
    except CRSError as error:
        raise FileRefused(
            f"{shown(crs)} is no coordinate reference system that PROJ knows.",
            next_step="Give one as --crs EPSG:2193, or by a name such as NZTM2000.",
        ) from error
    return bool(known.equals(CRS.from_epsg(4326), ignore_axis_order=True))


_CHECK = "Check the file, or say with --crs which coordinate reference system it is in."
_NOT_HERE: Mapping[Flaw | None, tuple[str, str]] = {
    Flaw.SWAPPED: (": its axes look swapped", "Export it with longitude first."),
    Flaw.SIGN_MISSING: (
        ": the minus sign of its latitude looks missing",
        "Export it with the latitudes of New Zealand, which are negative.",
    ),
}


def _check_in_new_zealand(geometry: BaseGeometry, where: str) -> None:
    xy = shapely.get_coordinates(geometry)
    lng_360, lat = xy_to_360(xy).T
    corners = [(lng_360.min(), lat.min()), (lng_360.max(), lat.max())]
    if all(in_new_zealand(lng=float(x), lat=float(y)) for x, y in corners):
        return
    x, y = next(
        (x, y) for x, y in xy.tolist() if not (math.isfinite(x) and in_new_zealand(lng=x, lat=y))
    )
    looks, next_step = _NOT_HERE.get(flaw_of(lng=x, lat=y), ("", _CHECK))
    raise FileRefused(
        f"A boundary lies outside New Zealand, at lng {x:g}, lat {y:g}{looks} ({where}).",
        next_step=next_step,
    )


def _unwrapped(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry whose rings run on past 180° where they jumped to -180°."""
    rings = shapely.get_rings(shapely.get_parts(geometry))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    jumps = (np.abs(np.diff(xy[:, 0])) > 180) & (np.diff(ring) == 0)
    if not jumps.any():
        return geometry
    return shapely.transform(geometry, xy_to_360)
