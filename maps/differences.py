"""Differences on a map: boundaries before and after a draft, and where they differ.

Longitudes are 0…360, as in all that is drawn. Never used for lookups.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Edition
from catchments.editions.impact.faults import changed_area
from catchments.geometry.coordinates import geometry_to_360

TOLERANCE_DEG = 0.0004
"""A line that is drawn is nowhere further from the boundary than this: some forty metres."""


def display_differences(
    before: Edition, after: Edition, touched: Collection[str]
) -> dict[str, Any]:
    """Return GeoJSON of redrawn catchments: `before`, `after`, and the `area` that differs."""
    area = changed_area(before.boundaries, after.boundaries, touched)
    return {
        "before": _collection(before, touched),
        "after": _collection(after, touched),
        "area": _geojson(_simple([area])[0]),
    }


def _collection(edition: Edition, touched: Collection[str]) -> dict[str, Any]:
    codes = [code for code in sorted(touched) if code in edition.boundaries]
    shapes = {code: geometry_to_360(edition.boundaries[code]) for code in codes}
    simple = _simple(list(shapes.values()))
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": edition.catchments[code].name},
            "geometry": _geojson(shape),
        }
        for code, shape in zip(codes, simple, strict=True)
        if code in edition.catchments
    ]
    return {"type": "FeatureCollection", "features": features}


def _simple(shapes: list[BaseGeometry]) -> list[BaseGeometry]:
    # Each by itself: as a coverage it would take a second where the coast is long.
    kept = shapely.simplify(np.array(shapes, dtype=object), TOLERANCE_DEG, preserve_topology=False)
    return [new if not new.is_empty else old for old, new in zip(shapes, kept, strict=True)]


def _geojson(shape: BaseGeometry) -> Any:
    if shape.is_empty:
        return None
    return json.loads(shapely.to_geojson(shapely.transform(shape, lambda xy: np.round(xy, 4))))
