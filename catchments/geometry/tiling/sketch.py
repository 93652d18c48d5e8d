"""Sketches of faults: what to draw so that a person finds where boundaries do not tile.

A sketch is numbers and names alone, small enough to be handed from one process to another: one
view of everything with the places marked, and a closer view of each. Lines are in half pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.geometry.coordinates import to_360
from catchments.geometry.planar import METRES_A_DEGREE, Floats, Shapes, polygons_in
from catchments.geometry.tiling.coverage import CoverageFault, valid_shapes

CLOSE_AT_MOST = 12
"""Faults that get a view of their own, the largest first; the others are marked on the whole."""
MARKED_AT_MOST = 200
WIDTH, HEIGHT = 480, 360
"""Of a view, in its own pixels; that of everything is as high as it has to be."""
HIGHEST = 720
NARROWEST_M, WIDEST_M = 200.0, 200_000.0
AROUND = 3.0
"""So many times as wide as the fault is long, if it were square, is what is seen around it."""
POINTS_OF_WHOLE, POINTS_OF_CLOSE = 15_000, 3_000
TOLERANCES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Half pixels by which a line may stray; the first that leaves few enough points is taken."""
BEYOND = 8.0
"""Pixels that lines are drawn beyond a view, so that no cut end is seen."""

Line = list[int]
"""x and y of one point after the other."""


@dataclass(frozen=True)
class Area:
    """One area: its rims, each of them closed."""

    name: str
    rims: list[Line] = field(default_factory=list)
    concerned: bool = False
    """Whether it is one of those at fault."""
    label: tuple[int, int] | None = None
    """Where its name is written, in pixels."""


@dataclass(frozen=True)
class View:
    """A picture: areas, what is at fault in it, and where faults are."""

    height: int
    areas: list[Area]
    marks: list[tuple[int, int, int]]
    """The number of a fault, from 1, and where it is, in pixels."""
    wrong: list[Line] = field(default_factory=list)
    """What overlaps, or lies in none."""
    metres: float = 0.0
    """How wide it is in nature."""


@dataclass(frozen=True)
class Sketch:
    """All faults: a sentence each, a view of everything, and views of the first from nearby."""

    sentences: list[str]
    whole: View
    close: list[View]


def sketched(
    boundaries: Mapping[str, BaseGeometry],
    names: Mapping[str, str],
    faults: Sequence[CoverageFault],
) -> Sketch:
    """Return a sketch of some faults of boundaries (WGS 84, longitude -180…180), in their order."""
    shapes = dict(zip(boundaries, valid_shapes(boundaries), strict=True))
    called = {code: names.get(code, code) for code in boundaries}
    concerned = {code for fault in faults for code in fault.codes}
    return Sketch(
        [fault.sentence(names) for fault in faults],
        _whole(shapes, called, concerned, faults[:MARKED_AT_MOST]),
        [
            _close(shapes, called, fault, number)
            for number, fault in enumerate(faults[:CLOSE_AT_MOST], start=1)
        ],
    )


# --- a window -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Window:
    """What of the world is seen: its north-west corner, and pixels a degree of latitude."""

    west: float
    north: float
    scale: float
    squeeze: float
    """A degree of longitude as a share of one of latitude."""
    height: int

    @classmethod
    def around(cls, box: Sequence[float], *, height: int | None = None) -> _Window:
        """Return the window that holds a box (degrees), as high as it must be where not said."""
        west, south, east, north = box
        squeeze = max(math.cos(math.radians((south + north) / 2)), 0.01)
        wide, high = max((east - west) * squeeze, 1e-9), max(north - south, 1e-9)
        tall = height or round(min(max(WIDTH * high / wide, WIDTH / 3), HIGHEST))
        scale = min(WIDTH / wide, tall / high)
        left = (west + east) / 2 - WIDTH / scale / squeeze / 2
        return cls(left, (south + north) / 2 + tall / scale / 2, scale, squeeze, tall)

    @property
    def metres(self) -> float:
        return WIDTH / self.scale * METRES_A_DEGREE

    def pixels(self, xy: Floats) -> Floats:
        away = (xy - [self.west, self.north]) * [self.squeeze, -1.0]
        return np.asarray(away * self.scale)

    def pixel(self, *, lng: float, lat: float) -> tuple[int, int]:
        x, y = self.pixels(np.array([[lng, lat]]))[0]
        return round(float(x)), round(float(y))

    def seen(self, shapes: Shapes) -> Shapes:
        """Return what of each shape is in sight, in pixels; it may be empty."""
        wide, high = WIDTH / self.scale / self.squeeze, self.height / self.scale
        more = BEYOND / self.scale
        clipped = shapely.clip_by_rect(
            shapes,
            self.west - more / self.squeeze,
            self.north - high - more,
            self.west + wide + more / self.squeeze,
            self.north + more,
        )
        drawn = shapely.transform(clipped, self.pixels)
        return np.asarray(shapely.make_valid(drawn, method="structure", keep_collapsed=False))


# --- views ----------------------------------------------------------------------------------------


def _whole(
    shapes: Mapping[str, BaseGeometry],
    names: Mapping[str, str],
    concerned: set[str],
    faults: Sequence[CoverageFault],
) -> View:
    window = _Window.around(_with_room(shapely.total_bounds(list(shapes.values()))))
    seen = window.seen(np.array(list(shapes.values()), dtype=object))
    areas = [
        Area(names[code], rims, code in concerned)
        for code, rims in zip(shapes, _rims(seen, POINTS_OF_WHOLE), strict=True)
        if rims
    ]
    marks = [_mark(window, fault, number) for number, fault in enumerate(faults, start=1)]
    return View(window.height, areas, marks, metres=window.metres)


def _with_room(box: Sequence[float]) -> list[float]:
    west, south, east, north = (float(side) for side in box)
    x, y = (east - west) * 0.03, (north - south) * 0.03
    return [west - x, south - y, east + x, north + y]


def _mark(window: _Window, fault: CoverageFault, number: int) -> tuple[int, int, int]:
    return number, *window.pixel(lng=to_360(fault.place.lng), lat=fault.place.lat)


def _close(
    shapes: Mapping[str, BaseGeometry], names: Mapping[str, str], fault: CoverageFault, number: int
) -> View:
    window = _Window.around(_box_around(fault), height=HEIGHT)
    codes = list(shapes)
    drawn = window.seen(np.array([shapes[code] for code in codes], dtype=object))
    seen = {code: each for code, each in zip(codes, drawn, strict=True) if not each.is_empty}
    mark = _mark(window, fault, number)
    wrong = _wrong(window, seen, fault, shapely.Point(mark[1:]))
    rims = _rims(np.array([*seen.values(), wrong], dtype=object), POINTS_OF_CLOSE)
    areas = [
        Area(names[code], own, code in fault.codes, _label(window, seen[code], wrong))
        for code, own in zip(seen, rims, strict=False)
        if own
    ]
    return View(window.height, areas, [mark], rims[-1], window.metres)


def _box_around(fault: CoverageFault) -> list[float]:
    across = max(AROUND * math.sqrt(fault.area_m2), AROUND * fault.width_m, NARROWEST_M)
    half = min(across, WIDEST_M) / METRES_A_DEGREE / 2
    lng, lat = to_360(fault.place.lng), fault.place.lat
    return [lng - half, lat - half, lng + half, lat + half]


def _wrong(
    window: _Window,
    seen: Mapping[str, BaseGeometry],
    fault: CoverageFault,
    spot: BaseGeometry,
) -> BaseGeometry:
    """Return what of a view is at fault: the overlap, or what lies in none, in pixels."""
    sides = [seen[code] for code in fault.codes if code in seen]
    if fault.kind == "overlap" and len(sides) > 1:
        return shapely.intersection_all(sides)
    if fault.kind == "gap":
        frame = shapely.box(-BEYOND, -BEYOND, WIDTH + BEYOND, window.height + BEYOND)
        bare = polygons_in([shapely.difference(frame, shapely.union_all(list(seen.values())))])
        if bare:
            return min(bare, key=lambda part: part.distance(spot))
    return shapely.Polygon()


def _label(window: _Window, shape: BaseGeometry, wrong: BaseGeometry) -> tuple[int, int] | None:
    """Return where in a view an area's name is written: within what is its own alone."""
    frame = shapely.box(30, 12, WIDTH - 30, window.height - 12)
    own = polygons_in([shapely.difference(shapely.intersection(shape, frame), wrong)])
    if not own:
        return None
    largest = max(own, key=lambda part: part.area)
    middle = shapely.get_point(shapely.maximum_inscribed_circle(largest, tolerance=2), 0)
    return round(float(middle.x)), round(float(middle.y))


# --- lines ----------------------------------------------------------------------------------------


def _rims(shapes: Shapes, at_most: int) -> list[list[Line]]:
    """Return the rims of each shape (pixels) in half pixels, in so many points at most."""
    halves = shapely.transform(shapes, lambda xy: xy * 2)
    for tolerance in TOLERANCES:
        simple = shapely.simplify(halves, tolerance, preserve_topology=False)
        if shapely.get_num_coordinates(simple).sum() <= at_most:
            break
    left = [at_most]
    return [list(_drawn(shape, left)) for shape in simple]


def _drawn(shape: BaseGeometry, left: list[int]) -> Iterator[Line]:
    for part in polygons_in([shape]):
        for ring in (part.exterior, *part.interiors):
            points = np.rint(shapely.get_coordinates(ring)).astype(int)
            if 3 < len(points) <= left[0] and np.ptp(points, axis=0).max() > 1:
                left[0] -= len(points)
                yield points[:-1].ravel().tolist()
