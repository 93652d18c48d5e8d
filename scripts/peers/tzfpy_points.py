"""Asks tzfpy for the time zone of points, one at a time. Usage: tzfpy_points.py FOLDER

Writes the area of New Zealand's time zone as tzfpy itself has it (GeoJSON), so that others can be
asked for the same. Then, for each line “LNG LAT” of `points.txt`, whether it is within; and prints
the microseconds that one takes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import tzfpy

ZONE = "Pacific/Auckland"


def main(name: str) -> None:
    folder = Path(name)
    (folder / "zone.geojson").write_text(tzfpy.get_tz_polygon_geojson(ZONE))
    if not (folder / "points.txt").exists():
        return
    lines = (folder / "points.txt").read_text().splitlines()
    points = [(float(lng), float(lat)) for lng, lat in map(str.split, lines)]
    best_s = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        found = [tzfpy.get_tz(lng, lat) for lng, lat in points]
        best_s = min(best_s, time.perf_counter() - began)
    (folder / "found.txt").write_text("\n".join(str(int(each == ZONE)) for each in found))
    print(best_s / len(points) * 1e6)


if __name__ == "__main__":
    main(*sys.argv[1:])
