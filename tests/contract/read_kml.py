"""Reads a KML file as a client of it would, and says how many places with an area it has."""

from __future__ import annotations

import sys
from pathlib import Path

from fastkml import KML, Placemark
from fastkml.utils import find_all

kml = KML.from_string(Path(sys.argv[1]).read_bytes(), strict=True)
found = list(find_all(kml, of_type=Placemark))
assert all(each.name and each.geometry and each.geometry.bounds for each in found)
print(f"{len(found)} placemarks")
