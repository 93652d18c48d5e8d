"""The display coverage: an edition's boundaries as the map draws them.

Never used for lookups. Boundaries and coastline are cut along each other into faces that share
their edges, each face goes to one catchment, and what is left is simplified as a coverage, so that
neighbours keep one common line. Longitudes are 0…360: the Chatham Islands stay beside the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import geometry_to_360
from catchments.geometry.planar import Faces, Shapes

PER_DEGREE = 10_000
GRID_DEG = 1 / PER_DEGREE
"""Everything drawn lies on this grid (11 m north-south), so quantizing moves nothing."""
ORIGIN = (160.0, -60.0)
"""Where the grid starts: south-west of every island."""
TOLERANCE_M = 230.0
"""A bend is left out when the triangle it spans is smaller than the square of this."""
FIRST_TOLERANCE_M = 50.0
"""The same, before cutting: a tenth of the vertices to cut, and nothing anyone could see."""
THINNED_M = 50.0
"""Bends of the coast that stray less are left out before all: it takes a tenth of the time.

What is drawn of New Zealand is no further from the land as it is than with half of it.
"""
FAR_TOLERANCE_M = 900.0
"""The same, for the whole country on a screen: less than a pixel there."""
FAR_ISLAND_KM2 = 4.0
"""Smaller islands are not drawn from afar."""
SMALLEST_ISLAND_KM2 = 0.3
"""Smaller islands are not drawn, unless a catchment has no other land."""

_METRES_PER_DEGREE = 111_320.0
_SHRINK = math.cos(math.radians(41.0))


def display_coverage(
    boundaries: Mapping[str, BaseGeometry], *, coast: BaseGeometry | None = None
) -> dict[str, BaseGeometry]:
    """Return simplified boundaries, longitudes 0…360, that tile.

    Where areas overlap the smaller one is drawn. A code is left out only if its area is nothing on
    the grid, or all of it belongs to smaller ones.
    """
    codes = sorted(code for code, boundary in boundaries.items() if not boundary.is_empty)
    if not codes:
        return {}
    areas = np.array([_flat(geometry_to_360(boundaries[code])) for code in codes], dtype=object)
    land = _land_to_draw(coast, areas)
    faces = _faces([*_coarse(areas), *land])
    owners = _owners(faces, areas)
    drawn = _drawn(owners, _owners(faces, land) >= 0 if len(land) else owners >= 0, len(codes))
    pieces = {
        code: shapely.coverage_union_all(faces.areas[drawn == index])
        for index, code in enumerate(codes)
        if index in drawn
    }
    simple = shapely.coverage_simplify(list(pieces.values()), _plane_tolerance(TOLERANCE_M))
    return {code: _round(piece) for code, piece in zip(pieces, simple, strict=True)}


def coarser(coverage: Mapping[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Return a display coverage as it is drawn from afar, on the same grid.

    A catchment keeps its largest part, and islands of at least `FAR_ISLAND_KM2`.
    """
    if not coverage:
        return {}
    flat = np.array([_flat(area) for area in coverage.values()], dtype=object)
    parts, owner = shapely.get_parts(flat, return_index=True)
    areas = _km2(parts)
    largest = np.zeros(len(flat))
    np.maximum.at(largest, owner, areas)
    kept = (areas >= FAR_ISLAND_KM2) | (areas == largest[owner])
    pieces = [shapely.multipolygons(parts[kept & (owner == at)]) for at in range(len(flat))]
    simple = shapely.coverage_simplify(pieces, _plane_tolerance(FAR_TOLERANCE_M))
    return {code: _round(piece) for code, piece in zip(coverage, simple, strict=True)}


def without_land(coverage: Mapping[str, BaseGeometry], coast: BaseGeometry | None) -> set[str]:
    """Return the codes of a display coverage that are drawn although they have no land."""
    if coast is None or not coverage:
        return set()
    # The middle of the largest part of what is clipped to the coast is ashore.
    middles = shapely.point_on_surface([_largest(area) for area in coverage.values()])
    land = shapely.get_parts(geometry_to_360(coast))
    ashore = shapely.STRtree(middles).query(land, predicate="intersects")[1]
    return set(np.delete(np.array(list(coverage), dtype=object), np.unique(ashore)).tolist())


def _largest(area: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(area)
    return parts[int(np.argmax(shapely.area(parts)))]


# --- a flat plane ---------------------------------------------------------------------------------
#
# Degrees with longitude shrunk as at 41° S: near enough to true shape for choosing what to leave
# out, the same for the Chathams, and straight lines stay straight, so what tiles there tiles here.


def _flat(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: xy * (_SHRINK, 1.0))


def _round(geometry: BaseGeometry) -> BaseGeometry:
    """Return a flat geometry in degrees, each vertex on its grid point again."""

    def degrees(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(np.round(xy / (_SHRINK, 1.0) / GRID_DEG) * GRID_DEG)

    return shapely.transform(geometry, degrees)


def _plane_tolerance(metres: float) -> float:
    return metres / _METRES_PER_DEGREE


def _km2(geometries: Shapes) -> npt.NDArray[np.float64]:
    return np.asarray(shapely.area(geometries) * (_METRES_PER_DEGREE / 1000.0) ** 2)


# --- faces ----------------------------------------------------------------------------------------


def _thinned(islands: Shapes) -> Shapes:
    """Return islands without bends that nobody could draw; one that this would spoil, as it is."""
    thin = shapely.simplify(islands, _plane_tolerance(THINNED_M), preserve_topology=False)
    return np.where(shapely.is_valid(thin) & ~shapely.is_empty(thin), thin, islands)


def _coarse(areas: Shapes) -> Shapes:
    return np.asarray(shapely.coverage_simplify(areas, _plane_tolerance(FIRST_TOLERANCE_M)))


def _land_to_draw(coast: BaseGeometry | None, areas: Shapes) -> Shapes:
    """Return islands worth drawing, flat: the large, and the small where there are no others."""
    if coast is None:
        return np.array([], dtype=object)
    islands = shapely.get_parts(_flat(geometry_to_360(coast)))
    large = _km2(islands) >= SMALLEST_ISLAND_KM2
    land = _coarse(_thinned(islands[large]))
    with_land = np.unique(shapely.STRtree(areas).query(land, predicate="intersects")[1])
    without = np.delete(areas, with_land)
    small = islands[~large]
    needed = np.unique(shapely.STRtree(small).query(without, predicate="intersects")[1])
    return np.concatenate([land, small[needed]])


def _faces(geometries: Iterable[BaseGeometry]) -> Faces:
    """Return the faces that the geometries' outlines cut the plane into, on the grid."""
    to_grid = (_SHRINK * GRID_DEG, GRID_DEG)
    outlines = shapely.transform(
        [shapely.boundary(geometry) for geometry in geometries], lambda xy: xy / to_grid
    )
    faces = Faces.between(outlines, grid_size=1.0)
    return Faces(shapely.transform(faces.areas, lambda xy: xy * to_grid))


def _owners(faces: Faces, areas: Shapes) -> npt.NDArray[np.int64]:
    """Return for each face the place of the smallest area that holds it, or -1."""
    owners = np.full(len(faces.areas), -1)
    for index in np.argsort(shapely.area(areas), kind="stable"):
        owners[(owners < 0) & faces.within(areas[index])] = index
    return owners


def _drawn(
    owners: npt.NDArray[np.int64], ashore: npt.NDArray[np.bool_], count: int
) -> npt.NDArray[np.int64]:
    """Return the owner of each face to draw, else -1; a catchment without land keeps its sea."""
    drawn = np.where(ashore, owners, -1)
    landless = np.setdiff1d(np.arange(count), drawn)
    return np.where(np.isin(owners, landless), owners, drawn)
