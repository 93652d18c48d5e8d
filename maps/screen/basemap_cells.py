"""Roads, lakes and rivers in cells, at three levels of detail, as the map loads them.

A cell has what is large enough to be seen at its level, made simpler, and names for what is longest
or largest in it. Longitudes are 0…360.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import shapely

from catchments.geometry.planar import Box, Shapes
from catchments.readers.formats.vectors.linework import (
    FIRST,
    SECOND,
    THIRD,
    Features,
    Kind,
    Linework,
)
from catchments.readers.report import Progress, no_progress
from catchments.store.site.basemap import Cell
from maps.screen.coast_cells import FEWEST_SIDES, Detail, box_of, in_steps, members_of_cells

NAMES_AT_MOST = 60
"""Of each kind in a cell."""
CUTTING = "Cutting by region"


@dataclass(frozen=True, slots=True)
class Level:
    """A level of detail, the zoom from which it is drawn, and the last rank that is on it."""

    detail: Detail
    from_zoom: int
    rank: int


LEVELS = (
    Level(Detail("far", 2.0, 2_000, 0.002), 8, FIRST),
    Level(Detail("near", 1.0, 5_000, 0.0006), 10, SECOND),
    Level(Detail("nearest", 0.25, 20_000, 0.0001), 12, THIRD),
)
_AREAS = (Kind.LAKE, Kind.WIDE_RIVER)


def basemap_cells(linework: Linework, progress: Progress = no_progress) -> Iterator[Cell]:
    """Yield every cell that has something in it, by level and place.

    Its content is zlib's of JSON: `per` and `box` as a cell of the coast has them, then for each
    kind by name a list of lines by rank, or of rings, in steps; and `names`.
    """
    for level in LEVELS:
        parts = {kind: _of_level(found, level) for kind, found in linework.items()}
        members = {
            kind: members_of_cells(found.shapes, level.detail.cell_deg)
            for kind, found in parts.items()
            if len(found.shapes)
        }
        places = sorted({place for each in members.values() for place in each})
        for done, (x, y) in enumerate(places):
            progress(f"{CUTTING}: {level.detail.name}", done, len(places))
            here = {
                kind: _some(parts[kind], at[(x, y)]) for kind, at in members.items() if (x, y) in at
            }
            if content := _cell(here, box_of(x, y, level.detail), level.detail):
                yield Cell(f"{level.detail.name}/{x}_{y}", zlib.compress(content))
        progress(f"{CUTTING}: {level.detail.name}", len(places), len(places))


def _of_level(found: Features, level: Level) -> Features:
    return _some(found, np.flatnonzero(found.ranks <= level.rank))


def _some(found: Features, at: Any) -> Features:
    names = tuple(found.names[each] for each in at)
    return Features(found.shapes[at], names, found.ranks[at])


def _cell(here: dict[Kind, Features], box: Box, detail: Detail) -> bytes:
    drawn: dict[str, Any] = {}
    names: list[list[Any]] = []
    for kind, reaching in here.items():
        found = _clipped(reaching, box)
        is_area = kind in _AREAS
        lines = _rings(found, box, detail) if is_area else _lines(found, box, detail)
        if any(lines):
            drawn[kind.name.casefold()] = lines
            names += _names(kind, found)
    if not drawn:
        return b""
    about = {"per": detail.per_degree, "box": [round(side, 6) for side in box]}
    return msgspec.json.encode({**about, **drawn, "names": names})


def _clipped(found: Features, box: Box) -> Features:
    shapes = shapely.clip_by_rect(found.shapes, *box)
    seen = np.flatnonzero(~shapely.is_empty(shapes))
    return _some(Features(shapes, found.names, found.ranks), seen)


def _rings(found: Features, box: Box, detail: Detail) -> list[list[int]]:
    parts = shapely.get_parts(shapely.simplify(found.shapes, detail.tolerance_deg))
    rings = shapely.get_rings(parts[shapely.get_dimensions(parts) == 2])
    return in_steps(rings, box, detail, fewest=FEWEST_SIDES)


def _lines(found: Features, box: Box, detail: Detail) -> list[list[list[int]]]:
    """Return the lines of each rank, those that go on from each other as one."""
    return [
        in_steps(_merged(found.shapes[found.ranks == rank], detail), box, detail, fewest=1)
        for rank in (FIRST, SECOND, THIRD)
    ]


def _merged(lines: Shapes, detail: Detail) -> Shapes:
    parts: Shapes = shapely.get_parts(lines)
    parts = parts[shapely.get_dimensions(parts) == 1]
    if not len(parts):
        return np.asarray(parts)
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
    return np.asarray(shapely.simplify(merged, detail.tolerance_deg), dtype=object)


def _names(kind: Kind, found: Features) -> Iterator[list[Any]]:
    """Yield the names of the largest, each once: name, lng, lat and what it is."""
    sizes = shapely.area(found.shapes) if kind in _AREAS else shapely.length(found.shapes)
    seen: set[str] = set()
    what = "road" if kind is Kind.ROAD else "lake" if kind is Kind.LAKE else "river"
    for at in np.argsort(-sizes, kind="stable"):
        name = found.names[at]
        if not name or name in seen:
            continue
        if len(seen) == NAMES_AT_MOST:
            return
        seen.add(name)
        lng, lat = _middle(found.shapes[at])
        yield [name, round(lng, 5), round(lat, 5), what]


def _middle(shape: Any) -> tuple[float, float]:
    """Return a point on a line's middle, or one inside an area."""
    if shapely.get_dimensions(shape) == 2:
        point = shapely.point_on_surface(shape)
    else:
        longest = max(shapely.get_parts(shape), key=shapely.length)
        point = shapely.line_interpolate_point(longest, 0.5, normalized=True)
    return float(shapely.get_x(point)), float(shapely.get_y(point))
