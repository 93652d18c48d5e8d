"""The country as a picture that stands where the map will be, and where there is none: SVG.

Regions in their tints, catchments parted by lines, the Chatham Islands in a box of their own. It
has numbers and colours of ours in it and nothing that anybody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import CHATHAM_LNG_360, CHATHAM_TM2000, NZTM2000, to_metres
from maps.colours import DARK, LIGHT, Scheme
from maps.exports.export_input import ExportInput
from maps.screen.regions import region_number

OUTLINES = "outlines of regions"
WIDTH, HEIGHT = 560, 760
METRES_PER_PIXEL = 2_000
WEST, NORTH = 1_050_000, 6_220_000
"""Metres of NZTM2000 at the upper left corner."""
CHATHAMS_WEST, CHATHAMS_NORTH = 3_445_000, 5_160_000
"""The same of the Chatham Islands' own projection, at the corner of their box."""
BOX = (440, 600, 70, 70)
"""Left, top, width and height of the box, pixels."""


def country_svg(material: ExportInput, *, dark: bool = False) -> bytes:
    """Return the picture, drawn for a light or a dark page."""
    scheme = DARK if dark else LIGHT
    left, top, width, height = BOX
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
            f' width="{WIDTH}" height="{HEIGHT}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{scheme.sea}"/>',
            f'<g stroke="{scheme.edge}" stroke-width="1" stroke-linejoin="round">',
            *_paths(material, scheme),
            "</g>",
            f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" ',
            f'stroke="{scheme.frame}"/></svg>',
        ]
    ).encode()


def _paths(material: ExportInput, scheme: Scheme) -> Iterator[str]:
    for region, rings in material.once(OUTLINES, lambda: _outlines(material)).items():
        yield f'<path fill="{scheme.regions[region]}" d="{rings}"/>'


def _outlines(material: ExportInput) -> dict[int, str]:
    """Return the outlines of all catchments of each region, by its number, as path data."""
    by_region: dict[int, list[str]] = {}
    for code, area in material.drawn_from_afar.items():
        region = region_number(material.edition.catchments[code].education_region)
        by_region.setdefault(region, []).extend(_rings(area))
    return {region: "".join(rings) for region, rings in sorted(by_region.items())}


def _rings(area: BaseGeometry) -> Iterator[str]:
    for part in shapely.get_parts(area):
        far_east = part.bounds[0] > CHATHAM_LNG_360
        crs = CHATHAM_TM2000 if far_east else NZTM2000
        corner = (CHATHAMS_WEST, CHATHAMS_NORTH) if far_east else (WEST, NORTH)
        metres = to_metres(part, crs=crs)
        for ring in shapely.get_rings(metres):
            pixels = (shapely.get_coordinates(ring) - corner) * (1, -1) / METRES_PER_PIXEL
            yield _ring(np.rint(pixels + (BOX[:2] if far_east else (0, 0))).astype(np.int64))


def _ring(pixels: npt.NDArray[np.int64]) -> str:
    """Return a ring as path data of steps; nothing where it is but a speck."""
    moves = np.diff(pixels, axis=0)
    moves = moves[(moves != 0).any(axis=1)]
    if not len(moves):
        return ""
    x, y = pixels[0].tolist()
    return f"M{x} {y}l{' '.join(map(str, moves.ravel().tolist()))}z".replace(" -", "-")
