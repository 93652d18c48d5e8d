"""The shell of a map: what Folium writes, and what others must know of it who do not import Folium.

It depends on no edition, but for the corners of one that is but a part of the country.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import shapely

from catchments.geometry.coordinates import geometry_to_360
from maps.exports.export_input import ExportInput

MAP_ID = "catchments"
MAP_NAME = f"map_{MAP_ID}"
"""The id of the map's element, and the script's one global name."""
MAIN_ISLANDS = [[-47.4, 166.3], [-34.3, 178.7]]
SMALL = 0.5
"""Of the main islands' height and width: what is smaller fills the frame from the beginning."""

Corners = list[list[float]]


@dataclass(frozen=True, slots=True)
class Shell:
    """What a page holds (`html`) and what it loads after Leaflet (`script`)."""

    html: str
    script: str


def writers() -> bytes:
    """Return the versions of what writes a shell, none of it imported."""
    return f"{version('folium')} {version('branca')}".encode()


def small_extent(material: ExportInput) -> Corners | None:
    """Return the corners of an edition that is but a part of the country, as Leaflet has them."""
    shapes = [geometry_to_360(each) for each in material.edition.boundaries.values()]
    if not shapes:
        return None
    west, south, east, north = shapely.total_bounds(np.array(shapes)).tolist()
    (least_lat, least_lng), (most_lat, most_lng) = MAIN_ISLANDS
    is_small = max((north - south) / (most_lat - least_lat), (east - west) / (most_lng - least_lng))
    return [[south, west], [north, east]] if is_small < SMALL else None
