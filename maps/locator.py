"""A small map that needs no script: catchments amid their neighbours, as SVG within a page.

Drawn from the display TopoJSON that is kept with an edition. All of it lies on a plane of Mercator
degrees: x eastwards from longitude 0 (0…360, so that the Chatham Islands stay beside the rest), y
southwards. A picture is then a window on the plane, moved and scaled. Colours are the style
sheet's; only numbers and escaped text become markup.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Place
from catchments.geometry.coordinates import to_360
from maps.lettering import Box, around, lettered, overlap

WIDTH, HEIGHT = 400, 300
"""Of a picture, in its own pixels."""
MARGIN = 0.09
"""Free on each side of what is brought out, as a share of the picture."""
NARROWEST_DEG = 0.3
"""A picture is at least this wide: nearer, it would show how coarse the drawn boundaries are."""
AROUND_DOT_DEG = 1.5
"""Width of a picture that has nothing but a place in it."""
REACH = 2.5
"""An island so far out that the picture would grow by more than this is left outside it."""
MAIN_PART = 0.02
"""The picture is made to hold the parts of a catchment with at least this share of its area."""
POINTS_AT_MOST = 1_500
"""Points of one picture: some 8 KB of markup."""
TOLERANCES = (1.0, 1.5, 2.5, 4.0, 8.0, 16.0)
"""Half pixels by which a line may stray; the first that leaves few enough points is taken."""
INSET, INSET_GAP = 76.0, 8.0
"""Width and height of the little picture of the country, and its distance from the edge: pixels."""
MARKED = 5.0
"""Pixels that the window marked on it is wide and high at least."""
INSET_UNTIL = 0.55
"""A picture of more of the country's width than this needs no inset."""
NAMES_AT_MOST = 9

OFF_EDGE = 6.0
"""Pixels that lines are drawn beyond the picture, so that no cut end is seen."""

Geometries = npt.NDArray[np.object_]
Lines = list[npt.NDArray[np.int64]]
"""Each line's points, in half pixels."""
Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Drawing:
    """An edition's boundaries as they are drawn, read once for many pictures."""

    shapes: Mapping[str, BaseGeometry]
    """The area of each catchment, by code."""
    neighbours: Mapping[str, tuple[str, ...]]
    land: Geometries
    """All areas as one: polygons whose outlines are the coast."""
    edges: Geometries
    """The lines that two catchments share."""
    extent: Box | None
    """What all land lies in; None where there is none."""
    country: View
    """The window of the inset: the main parts of all catchments."""
    outline: str
    """The country in the inset, as path data."""


@dataclass(frozen=True, slots=True)
class View:
    """A window on the plane: what is at its top left corner, and pixels a degree."""

    left: float
    top: float
    scale: float

    def pixel(self, point: Point) -> Point:
        """Return where a point of the plane is in the picture."""
        return (point[0] - self.left) * self.scale, (point[1] - self.top) * self.scale

    def drawn(self, shapes: Geometries, *, beyond: float = OFF_EDGE) -> Geometries:
        """Return what of each shape on the plane is in sight, in pixels; it may be empty."""
        box = around(WIDTH / 2, HEIGHT / 2, WIDTH / 2 + beyond, HEIGHT / 2 + beyond)
        left, top, right, bottom = (side / self.scale for side in box)
        x, y = self.left, self.top
        clipped = shapely.clip_by_rect(shapes, x + left, y + top, x + right, y + bottom)
        return np.asarray(shapely.transform(clipped, lambda xy: (xy - (x, y)) * self.scale))

    def in_sight(self, shapes: Geometries) -> npt.NDArray[np.bool_]:
        """Whether the box around each shape reaches into the picture."""
        left, top, right, bottom = shapely.bounds(shapes).T
        wide, high = WIDTH / self.scale, HEIGHT / self.scale
        across = (left <= self.left + wide) & (right >= self.left)
        return np.asarray(across & (top <= self.top + high) & (bottom >= self.top))


# --- reading --------------------------------------------------------------------------------------


def read_drawing(content: bytes) -> Drawing:
    """Return the drawing that a kept display TopoJSON holds; it may be empty."""
    topology = json.loads(content)
    arcs = _arcs(topology)
    geometries = topology.get("objects", {}).get("catchments", {}).get("geometries", [])
    shapes = {each["properties"]["code"]: _shape(arcs, each) for each in geometries}
    owners = _owners(geometries)
    shared = [arcs[arc] for arc, codes in sorted(owners.items()) if len(codes) > 1]
    land = shapely.get_parts(shapely.coverage_union_all(list(shapes.values())))
    country = _country([_main_box(shape) for shape in shapes.values()])
    return Drawing(
        shapes=shapes,
        neighbours=_neighbours(owners.values()),
        land=land,
        edges=np.array([shapely.linestrings(arc) for arc in shared], dtype=object),
        extent=_box(shapely.total_bounds(land)) if len(land) else None,
        country=country,
        outline=_outline(country, land),
    )


def neighbours(drawing: Drawing, code: str) -> tuple[str, ...]:
    """Return the catchments that share a drawn edge with one, by code."""
    return drawing.neighbours.get(code, ())


def _arcs(topology: Mapping[str, Any]) -> list[npt.NDArray[np.float64]]:
    """Return each arc's points on the plane; a file has them as steps on a grid."""
    if not topology.get("arcs"):
        return []
    scale, start = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = (np.cumsum(np.array(steps, dtype=float), axis=0) for steps in topology["arcs"])
    return [_on_plane(arc * scale + start) for arc in arcs]


def on_plane(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape in degrees, longitudes 0…360, as it lies on the plane."""
    return shapely.transform(shape, _on_plane)


def _on_plane(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lng, lat = degrees[:, 0], np.radians(degrees[:, 1])
    return np.column_stack([lng, -np.degrees(np.arcsinh(np.tan(lat)))])


def _shape(arcs: Sequence[npt.NDArray[np.float64]], geometry: Mapping[str, Any]) -> BaseGeometry:
    polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    rings = [[_ring(arcs, ring) for ring in polygon] for polygon in polygons]
    parts = [shapely.Polygon(outer, holes) for outer, *holes in rings]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _ring(
    arcs: Sequence[npt.NDArray[np.float64]], numbers: Iterable[int]
) -> npt.NDArray[np.float64]:
    # An arc used backwards is stored as its complement; each begins where the one before ends.
    lines = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
    return np.concatenate([line[:-1] for line in lines])


def _owners(geometries: Iterable[Mapping[str, Any]]) -> dict[int, set[str]]:
    """Return which catchments use each arc."""
    owners: dict[int, set[str]] = {}
    for geometry in geometries:
        for arc in flat_arcs(geometry["arcs"]):
            owners.setdefault(max(arc, ~arc), set()).add(geometry["properties"]["code"])
    return owners


def flat_arcs(arcs: Iterable[Any]) -> Iterable[int]:
    """Yield the numbers of all arcs of a geometry, however deep its rings stand."""
    for arc in arcs:
        if isinstance(arc, list):
            yield from flat_arcs(arc)
        else:
            yield arc


def _neighbours(owners: Iterable[set[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for codes in owners:
        for code in codes:
            found.setdefault(code, set()).update(codes - {code})
    return {code: tuple(sorted(others)) for code, others in found.items()}


# --- a picture ------------------------------------------------------------------------------------


def locator_svg(
    drawing: Drawing,
    *,
    codes: Sequence[str],
    place: Place | None = None,
    label: str,
    names: Mapping[str, str] | None = None,
    held: Sequence[BaseGeometry] = (),
    marked: Sequence[BaseGeometry] = (),
    schools: Sequence[Place] = (),
) -> str | None:
    """Return an `<svg>` element that brings out catchments, by code, and shows a place as a dot.

    `label` says in words what it shows; `names` (by code) are written where they fit. The picture
    is made to hold what is `held` as well, and has areas `marked` (both on the plane) and small
    dots for `schools`. None where neither a catchment nor the place can be drawn.
    """
    chosen = {code: drawing.shapes[code] for code in codes if code in drawing.shapes}
    dot = _dot(drawing, place)
    view = _view([*chosen.values(), *held], dot)
    if view is None:
        return None
    seen = _seen(view, drawing, list(chosen.values()))
    if marked:
        seen["marked"] = view.drawn(np.array(marked, dtype=object))
    pixel = view.pixel(dot) if dot else None
    inset = _inset_box(view, drawing, seen, pixel)
    taken = [box for box in (inset, pixel and around(*pixel, 8, 8)) if box]
    return "".join(
        [
            f'<svg class="locator" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
            f' aria-label="{html.escape(label)}">',
            f'<rect class="locator-sea" width="{WIDTH}" height="{HEIGHT}"/>',
            _lines_markup(_lines(seen)),
            *(_circle("school", view.pixel(each), 3) for each in _dots(drawing, schools)),
            *_names_markup(view, drawing, chosen, names or {}, taken),
            _circle("place", pixel, 6.5) if pixel else "",
            _inset_markup(view, drawing, inset) if inset else "",
            "</svg>",
        ]
    )


def _dot(drawing: Drawing, place: Place | None) -> Point | None:
    """Return a place on the plane; None for one so far from all land that no map would help."""
    if place is None or drawing.extent is None:
        return None
    x, y = map(float, _on_plane(np.array([[to_360(place.lng), place.lat]]))[0])
    left, top, right, bottom = drawing.extent
    return (x, y) if left - 2 <= x <= right + 2 and top - 2 <= y <= bottom + 2 else None


def _dots(drawing: Drawing, places: Sequence[Place]) -> Iterator[Point]:
    """Yield where places are on the plane, without those far from all land."""
    found = (_dot(drawing, place) for place in places)
    return (dot for dot in found if dot is not None)


def _view(chosen: Sequence[BaseGeometry], dot: Point | None) -> View | None:
    boxes = [_main_box(shape, dot) for shape in chosen] + ([(*dot, *dot)] if dot else [])
    if not boxes:
        return None
    left, top, right, bottom = _hull(boxes)
    free = 1 - 2 * MARGIN
    narrowest = NARROWEST_DEG if chosen else AROUND_DOT_DEG
    wide = max((right - left) / free, (bottom - top) / free * WIDTH / HEIGHT, narrowest)
    high = wide * HEIGHT / WIDTH
    return View((left + right - wide) / 2, (top + bottom - high) / 2, WIDTH / wide)


def _main_box(shape: BaseGeometry, dot: Point | None = None) -> Box:
    """Return what holds a catchment's main parts, near the dot where there is one."""
    parts = shapely.get_parts(shape)
    areas = shapely.area(parts)
    main = parts[(areas >= MAIN_PART * areas.sum()) | (areas == areas.max())]
    boxes = [_box(bounds) for bounds in shapely.bounds(main)]
    reach = REACH * max(_diagonal(box) for box in boxes)
    # From the part that the dot is on, or from the largest, outwards.
    far = shapely.distance(main, shapely.Point(dot)) if dot else -shapely.area(main)
    first, *others = np.argsort(far, kind="stable").tolist()
    held: Box = boxes[first]
    for number in others:
        larger = _hull([held, boxes[number]])
        held = larger if _diagonal(larger) <= reach else held
    return held


def _box(bounds: Iterable[float]) -> Box:
    left, top, right, bottom = bounds
    return float(left), float(top), float(right), float(bottom)


def _hull(boxes: Sequence[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _diagonal(box: Box) -> float:
    return math.hypot(box[2] - box[0], box[3] - box[1])


# --- lines ----------------------------------------------------------------------------------------


def _seen(view: View, drawing: Drawing, chosen: Sequence[BaseGeometry]) -> dict[str, Geometries]:
    """Return the land, the edges and what is brought out as far as in sight, in pixels."""
    return {
        "land": view.drawn(drawing.land[view.in_sight(drawing.land)]),
        "edge": view.drawn(drawing.edges[view.in_sight(drawing.edges)]),
        "chosen": view.drawn(np.array(chosen, dtype=object)),
    }


def _lines(seen: Mapping[str, Geometries]) -> dict[str, Lines]:
    """Return what is to be drawn as lines, in no more points than allowed."""
    kept = {name: _outlines(shapes) for name, shapes in seen.items()}
    kept = {name: shapely.transform(each, lambda xy: xy * 2) for name, each in kept.items()}
    for tolerance in TOLERANCES:
        kept = {name: _simple(each, tolerance) for name, each in kept.items()}
        if sum(shapely.get_num_coordinates(each).sum() for each in kept.values()) <= POINTS_AT_MOST:
            break
    return {name: _points(each) for name, each in kept.items()}


def _outlines(shapes: Geometries) -> Geometries:
    """Return lines as they are, and polygons' rings as lines, so that small ones may vanish."""
    parts = shapely.get_parts(shapes)
    lines = parts[shapely.get_dimensions(parts) == 1]
    points, index = shapely.get_coordinates(shapely.get_rings(parts), return_index=True)
    return np.concatenate([lines, shapely.linestrings(points, indices=index)])


def _simple(lines: Geometries, tolerance: float) -> Geometries:
    return np.asarray(shapely.simplify(lines, tolerance, preserve_topology=False))


def _points(lines: Geometries) -> Lines:
    """Return the points of lines in half pixels, none repeated, no line that is but a speck."""
    points, index = shapely.get_coordinates(lines, return_index=True)
    points = np.rint(points).astype(np.int64)
    begins = np.diff(index, prepend=-1) > 0
    moves = begins | (np.diff(points, axis=0, prepend=0) != 0).any(axis=1)
    split = np.split(points[moves], np.flatnonzero(begins[moves])[1:])
    return [line for line in split if len(line) and np.ptp(line, axis=0).max() > 2]


def _lines_markup(lines: Mapping[str, Lines]) -> str:
    """Return paths; half pixels are written as whole numbers, which are shorter."""
    paths = (
        f'<path class="locator-{name}" d="{_path(each, closed=name != "edge")}"/>'
        for name, each in lines.items()
        if each
    )
    return f'<g transform="scale(.5)">{"".join(paths)}</g>'


def _path(lines: Lines, *, closed: bool) -> str:
    """Return path data: where each line begins, then steps, a minus parting them like a space."""
    data = []
    for line in lines:
        x, y, *steps = np.diff(line[: -1 if closed else None], axis=0, prepend=0).ravel().tolist()
        data.append(f"M{x} {y}l{' '.join(map(str, steps))}{'z' if closed else ''}")
    return "".join(data).replace(" -", "-")


# --- names and places -----------------------------------------------------------------------------


def _names_markup(
    view: View,
    drawing: Drawing,
    chosen: Collection[str],
    names: Mapping[str, str],
    taken: Sequence[Box],
) -> Iterator[str]:
    """Yield names as text where they fit: those brought out first, then the largest in sight."""
    codes = [code for code in drawing.shapes if names.get(code)]
    shapes = np.array([drawing.shapes[code] for code in codes], dtype=object)
    near = np.flatnonzero(view.in_sight(shapes))
    areas = view.drawn(shapes[near], beyond=-2)
    order = np.lexsort([-shapely.area(areas), [codes[n] not in chosen for n in near]])
    named = [(codes[near[n]], areas[n]) for n in order]
    for each in lettered(named, names, taken=taken, at_most=NAMES_AT_MOST):
        kind = "chosen-name" if each.code in chosen else "name"
        text = html.escape(names[each.code])
        yield f'<text class="locator-{kind}" x="{_n(each.x)}" y="{_n(each.y)}">{text}</text>'


def _circle(name: str, pixel: Point, radius: float) -> str:
    x, y = pixel
    return f'<circle class="locator-{name}" cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}"/>'


def _n(number: float) -> str:
    return f"{round(number * 2) / 2:g}"


# --- where in the country -------------------------------------------------------------------------


def _inset_box(
    view: View, drawing: Drawing, seen: Mapping[str, Geometries], dot: Point | None
) -> Box | None:
    """Return the corner for the inset that hides least; None where the picture needs none."""
    if WIDTH / view.scale > INSET_UNTIL * INSET / drawing.country.scale:
        return None

    def hidden(box: Box) -> tuple[bool, float, float]:
        under = dot is not None and overlap(box, around(*dot, 8, 8))
        return under, _area_in(box, seen["chosen"]), _area_in(box, seen["land"])

    return min(_corners(), key=hidden)


def _area_in(box: Box, shapes: Geometries) -> float:
    return float(shapely.area(shapely.clip_by_rect(shapes, *box)).sum())


def _corners() -> list[Box]:
    far = INSET_GAP + INSET
    lefts, tops = (WIDTH - far, INSET_GAP), (HEIGHT - far, INSET_GAP)
    return [(x, y, x + INSET, y + INSET) for x in lefts for y in tops]


def _inset_markup(view: View, drawing: Drawing, box: Box) -> str:
    """Return the country in small, with the picture's window on it."""
    smaller = drawing.country.scale / view.scale
    width, height = max(WIDTH * smaller, MARKED), max(HEIGHT * smaller, MARKED)
    middle = view.left + WIDTH / view.scale / 2, view.top + HEIGHT / view.scale / 2
    x, y, *_ = around(*drawing.country.pixel(middle), width / 2, height / 2)
    return (
        f'<g class="locator-inset" transform="translate({_n(box[0])} {_n(box[1])})">'
        f'<rect class="locator-inset-sea" width="{INSET:g}" height="{INSET:g}"/>'
        f'<path class="locator-inset-land" transform="scale(.5)" d="{drawing.outline}"/>'
        f'<rect class="locator-window" x="{_n(x)}" y="{_n(y)}" width="{_n(width)}"'
        f' height="{_n(height)}"/></g>'
    )


def _country(boxes: Sequence[Box]) -> View:
    """Return the window that has all of these in the inset."""
    left, top, right, bottom = _hull(boxes) if boxes else (0.0, 0.0, 1.0, 1.0)
    wide = max(right - left, bottom - top, NARROWEST_DEG) / (1 - 2 * MARGIN)
    return View((left + right - wide) / 2, (top + bottom - wide) / 2, INSET / wide)


def _outline(country: View, land: Geometries) -> str:
    halves = shapely.transform(_outlines(country.drawn(land)), lambda xy: xy * 2)
    return _path(_points(_simple(halves, TOLERANCES[0])), closed=True)
