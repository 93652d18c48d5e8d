"""Differences on a map: boundaries before and after a draft, and where they differ.

Longitudes are 0…360, as in all that is drawn. Never used for lookups.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Edition, Place
from catchments.editions.impact.faults import changed_area
from catchments.geometry.coordinates import geometry_to_360
from maps.locator import Drawing, locator_svg, on_plane

TOLERANCE_DEG = 0.0004
"""A line that is drawn is nowhere further from the boundary than this: some forty metres."""
INSIDE_DEG = 0.002
"""Edges further than this inside of what is redrawn are gone."""
SCHOOLS_AT_MOST = 300


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


# --- pictures that need no script -----------------------------------------------------------------


def pictures(
    drawing: Drawing,
    editions: tuple[Edition, Edition],
    redrawn: Mapping[str, Any],
    *,
    codes: Sequence[str],
    schools: Sequence[Place],
    labels: tuple[str, str],
) -> tuple[str, str]:
    """Return two `<svg>` elements of one window, before and after; empty where nothing is drawn.

    `drawing` is of the edition before, `redrawn` from `display_differences`. `codes` are brought
    out, `schools` shown as dots; in the second picture ground that changes hands is marked.
    """
    after = _drawing_after(drawing, redrawn)
    held = [d.shapes[code] for d in (drawing, after) for code in codes if code in d.shapes]
    area = redrawn["area"]
    marked = [_on_land(drawing, area)] if area else []
    dots = schools[:SCHOOLS_AT_MOST]
    drawn = [
        locator_svg(
            each,
            codes=codes,
            label=label,
            names={code: c.name for code, c in edition.catchments.items()},
            held=held,
            marked=ground,
            schools=dots,
        )
        for each, edition, label, ground in zip(
            (drawing, after), editions, labels, ([], marked), strict=True
        )
    ]
    return drawn[0] or "", drawn[1] or ""


def _drawing_after(drawing: Drawing, redrawn: Mapping[str, Any]) -> Drawing:
    """Return an edition's drawing with what a draft redraws; edges that it takes away are gone."""
    before, after = (_shapes(redrawn[side]) for side in ("before", "after"))
    if not before and not after:
        return drawing
    kept = {code: s for code, s in drawing.shapes.items() if code not in before}
    new = {code: _on_land(drawing, each) for code, each in after.items()}
    ground = shapely.union_all([drawing.shapes.get(code, shapely.Point()) for code in before])
    inside = shapely.buffer(shapely.union_all([ground, *new.values()]), -INSIDE_DEG)
    edges = shapely.difference(drawing.edges, inside)
    return replace(drawing, shapes={**kept, **new}, edges=edges[~shapely.is_empty(edges)])


def _shapes(collection: Mapping[str, Any]) -> dict[str, Any]:
    """Return the geometry of each feature, by its code."""
    return {f["properties"]["code"]: f["geometry"] for f in collection["features"] if f["geometry"]}


def _on_land(drawing: Drawing, geojson: Any) -> BaseGeometry:
    """Return what of a shape is on land, on the plane of drawings."""
    placed = on_plane(shapely.make_valid(shape(geojson)))
    near = drawing.land[shapely.intersects(drawing.land, shapely.box(*placed.bounds))]
    return shapely.intersection(placed, shapely.union_all(near))
