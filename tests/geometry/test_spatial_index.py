"""The index says what the polygons say: held to brute force on, beside and far from every edge."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from catchments.geometry import cell_grid
from catchments.geometry.coordinates import geometry_to_180, geometry_to_360
from catchments.geometry.spatial_index import SpatialIndex
from tests.laws import examples
from tests.waiting import PATIENCE_S

CELL_LNG = 0.0125 / 16
CELL_LAT = 0.01 / 16
"""A fine cell of the grid. Only what the tests aim at, not whether they hold, depends on it."""
CENTIMETRE = 0.01
OTHER_COUNTS = (65_536, 262_143, 262_144, 300_000)
"""Of points at once, about the sizes of chunks."""


def times(at_length):
    return settings(max_examples=examples(at_length))


# --- brute force ----------------------------------------------------------------------------------


def brute_force(boundaries, lng, lat):
    """Return for each point (0…360) the codes of all polygons that cover it, smaller code first."""
    codes = sorted(boundaries)
    covered = [shapely.intersects_xy(boundaries[code], lng, lat) for code in codes]
    return [
        tuple(code for code, covers in zip(codes, row, strict=True) if covers)
        for row in np.transpose(covered).tolist()
    ]


def in_bulk(index, lng, lat):
    return [index.sets[n] for n in index.covering_many(lng=lng, lat=lat)]


def one_by_one(index, lng, lat):
    return [index.covering(lng=x, lat=y) for x, y in zip(lng.tolist(), lat.tolist(), strict=True)]


def assert_held_to_brute_force(index, boundaries, lng, lat):
    expected = brute_force(boundaries, lng, lat)
    assert one_by_one(index, lng, lat) == expected
    assert in_bulk(index, lng, lat) == expected
    other_frame = np.where(lng > 180.0, lng - 360.0, lng)
    assert one_by_one(index, other_frame, lat) == expected
    assert in_bulk(index, other_frame, lat) == expected


# --- coverages and points -------------------------------------------------------------------------


def jittered_cells(rng, west, south, size, columns, rows):
    """Return quadrilaterals that share jittered vertices."""
    steps = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), -1)
    corners = [west, south] + size * (steps + rng.uniform(-0.3, 0.3, steps.shape))
    return [
        Polygon([corners[i, j], corners[i + 1, j], corners[i + 1, j + 1], corners[i, j + 1]])
        for i in range(columns)
        for j in range(rows)
    ]


def with_island_in_a_hole(cells, rng, *, fill):
    """Cut a hole into the first cell, and put an island into it if `fill`."""
    middle = cells[0].centroid
    hole = middle.buffer(cells[0].exterior.distance(middle) * 0.6, quad_segs=2)
    pierced = Polygon(cells[0].exterior, [hole.exterior])
    return [pierced, *cells[1:], *([Polygon(hole.exterior)] if fill else [])]


@st.composite
def coverages(draw, overlapping=None):
    """Draw a small coverage in 0…360: some cells merged, dropped, pierced, overlapped."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.sampled_from([0.00005, 0.0004, 0.003, 0.02, 0.15]))
    west = draw(st.sampled_from([168.3, 174.0, 180.0 - size * 1.1, 183.2]))
    south = draw(st.sampled_from([-47.1, -44.0, -36.0]))
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    cells = jittered_cells(rng, west, south, size, *shape)
    if draw(st.booleans()):
        cells = with_island_in_a_hole(cells, rng, fill=draw(st.booleans()))
    owner = rng.integers(0, max(2, len(cells)), len(cells))
    keep = rng.random(len(cells)) < 0.9
    keep[0] = True
    boundaries = {
        f"C{n}": shapely.union_all(
            [cell for cell, o, k in zip(cells, owner, keep, strict=True) if k and o == n]
        )
        for n in set(owner[keep].tolist())
    }
    if overlapping or (overlapping is None and draw(st.booleans())):
        for n in range(draw(st.integers(1, 3))):
            x, y = west + size * rng.uniform(0, 2), south + size * rng.uniform(0, 2)
            boundaries[f"{'BX'[n % 2]}{n}"] = Point(x, y).buffer(size, quad_segs=2)
    return boundaries


def telling_points(boundaries, seed=0, spread=200):
    """Return points where an index may err: on vertices, on edges, beside them, anywhere."""
    rng = np.random.default_rng(seed)
    rings = shapely.get_rings(shapely.get_parts(list(boundaries.values())))
    vertices = shapely.get_coordinates(rings)
    if len(vertices) > 150:
        vertices = vertices[rng.integers(0, len(vertices), 150)]
    midpoints = (vertices[:-1] + vertices[1:]) / 2
    along = vertices[:-1] + rng.random((len(vertices) - 1, 1)) * np.diff(vertices, axis=0)
    on_edges = np.vstack([vertices, midpoints, along])
    west, south, east, north = shapely.total_bounds(list(boundaries.values()))
    margin = 0.2 * max(east - west, north - south)
    anywhere = rng.uniform(
        [west - margin, south - margin], [east + margin, north + margin], (spread, 2)
    )
    return np.vstack([on_edges, *nudged(on_edges, rng), anywhere]).T.copy()


def nudged(points, rng):
    """Yield points a nanometre and a few ulps to a random side."""
    for step in (1e-14, 1e-13, 1e-9):
        yield points + step * rng.choice([-1, 0, 1], points.shape)
    nearby = points
    for _ in range(3):
        nearby = np.nextafter(nearby, nearby + rng.choice([-1, 0, 1], points.shape))
        yield nearby


@times(80)
@given(coverages(), st.integers(0, 2**32 - 1))
def test_every_point_is_covered_by_whom_the_polygons_say(boundaries, seed):
    index = SpatialIndex(boundaries)
    assert_held_to_brute_force(index, boundaries, *telling_points(boundaries, seed))


@times(40)
@given(coverages(), st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_in_how_many_bands_the_cells_are_compiled_does_not_show(boundaries, seed, at_once):
    with pytest.MonkeyPatch.context() as few:
        few.setattr(cell_grid, "ROWS_AT_ONCE", at_once)
        index = SpatialIndex(boundaries)
    lng, lat = telling_points(boundaries, seed)
    assert_held_to_brute_force(index, boundaries, lng, lat)
    whole = SpatialIndex(boundaries)
    assert index.nbytes == whole.nbytes
    assert in_bulk(index, lng, lat) == in_bulk(whole, lng, lat)


@times(60)
@given(coverages(overlapping=True), st.integers(0, 2**32 - 1))
def test_overlapping_boundaries_give_all_their_codes(boundaries, seed):
    index = SpatialIndex(boundaries)
    assert_held_to_brute_force(index, boundaries, *telling_points(boundaries, seed))


@times(40)
@given(coverages(), st.integers(0, 2**32 - 1))
def test_boundaries_in_either_frame_make_the_same_index(boundaries, seed):
    published = {code: geometry_to_180(boundary) for code, boundary in boundaries.items()}
    index = SpatialIndex(published)
    moved = {code: geometry_to_360(boundary) for code, boundary in published.items()}
    lng, lat = telling_points(moved, seed)
    assert_held_to_brute_force(index, moved, lng, lat)
    # Splitting an edge at 180° may move it by an ulp: leave that much out of the comparison.
    everything = shapely.multilinestrings(shapely.get_rings(shapely.get_parts([*moved.values()])))
    clear = shapely.distance(everything, shapely.points(lng, lat)) > 1e-11
    assert in_bulk(index, lng[clear], lat[clear]) == brute_force(boundaries, lng[clear], lat[clear])


@times(25)
@given(
    st.integers(-2, 40),
    st.integers(-2, 40),
    st.sampled_from([1, 3, 16, 17]),
    st.sampled_from([174.0, 168.0125, 179.9875]),
)
def test_edges_may_run_exactly_along_cell_lines(column, row, span, west):
    south = -36.0
    x0, x1 = west + column * CELL_LNG, west + (column + span) * CELL_LNG
    y0, y1 = south + row * CELL_LAT, south + (row + span) * CELL_LAT
    boundaries = {
        "frame": box(west, south, west + CELL_LNG, south + CELL_LAT),
        "left": box(x0, y0, x1, y1),
        "right": box(x1, y0, x1 + span * CELL_LNG, y1),
        "top": box(x0, y1, x1 + span * CELL_LNG, y1 + span * CELL_LAT),
    }
    index = SpatialIndex(boundaries)
    lines = np.array([x0, x1, x1 + span * CELL_LNG]), np.array([y0, y1, y1 + span * CELL_LAT])
    beside = [[np.nextafter(v, -999), v, np.nextafter(v, 999)] for v in lines]
    crossings = np.array(np.meshgrid(*[np.ravel(v) for v in beside])).reshape(2, -1)
    assert_held_to_brute_force(index, boundaries, *crossings)
    assert_held_to_brute_force(index, boundaries, *telling_points(boundaries, span))


# --- particular shapes ----------------------------------------------------------------------------


def star(vertices, lng=174.3, lat=-36.4, radius=0.05):
    turn = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = radius * (1 + 0.3 * np.sin(41 * turn) + 0.01 * np.sin(1733 * turn))
    return Polygon(np.column_stack([lng + reach * np.cos(turn), lat + reach * np.sin(turn)]))


SHAPES = {
    "one tiny polygon, smaller than a fine cell": {"A": box(174.0, -36.0, 174.00001, -35.99999)},
    "a triangle a nanometre high": {
        "A": Polygon([(174.0, -36.0), (174.3, -36.0), (174.15, -36.0 + 1e-14)])
    },
    "a needle": {"A": Polygon([(174.0, -36.0), (174.4, -35.8), (174.4, -35.8 + 1e-7)])},
    "thousands of vertices": {"A": star(5000)},
    "hundreds of vertices in one cell": {"A": star(300, radius=0.0002)},
    "thousands of vertices in one cell": {"A": star(3000, radius=0.0002)},
    "thousands of vertices beside their complement": {
        "A": star(3000),
        "B": box(174.2, -36.5, 174.4, -36.3) - star(3000),
    },
    "a lake in an island in a lake": {
        "A": box(174, -36, 174.1, -35.9) - box(174.02, -35.98, 174.08, -35.92),
        "B": box(174.04, -35.96, 174.06, -35.94) - box(174.045, -35.955, 174.055, -35.945),
    },
    "parts that touch in a point": {
        "A": MultiPolygon([box(174, -36, 174.01, -35.99), box(174.01, -35.99, 174.02, -35.98)])
    },
    "holes that touch the outside in a point": {
        "A": Polygon(
            [(174, -36), (174.1, -36), (174.1, -35.9), (174, -35.9)],
            [[(174.05, -36), (174.06, -35.95), (174.04, -35.95)]],
        )
    },
    "the same boundary twice": {"A": star(50), "B": star(50)},
    "one inside another": {"B": star(60), "A": star(60, radius=0.02)},
    "three boundaries over one another": {
        code: star(40, lng=174.3 + 0.01 * n) for n, code in enumerate("CAB")
    },
    "across the antimeridian": {
        "A": box(179.9, -44, 180.1, -43.9),
        "B": box(180.1, -44, 180.2, -43.9),
    },
    "vertices on the antimeridian": {
        "A": box(179.9, -44, 180.0, -43.9),
        "B": box(180.0, -44, 180.2, -43.9),
    },
    "at a pole": {"A": box(179.9, -90, 180.1, -89.9)},
    "turned clockwise": {"A": star(30).reverse()},
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_particular_shape_is_held_to_brute_force(name, seed):
    boundaries = SHAPES[name]
    index = SpatialIndex(boundaries)
    assert_held_to_brute_force(index, boundaries, *telling_points(boundaries, seed))


def test_without_boundaries_nobody_covers_anything():
    index = SpatialIndex({})
    everywhere = np.array([0.0, 174.0, -176.0, 180.0]), np.array([0.0, -36.0, -44.0, 90.0])
    assert index.codes == ()
    assert one_by_one(index, *everywhere) == [()] * 4
    assert in_bulk(index, *everywhere) == [()] * 4
    assert index.within(lng=174.0, lat=-36.0, radius_m=5_000) == ()


@pytest.mark.parametrize("east", [-1, 0, 1])
@pytest.mark.parametrize("north", [-1, 0, 1])
def test_what_is_near_is_found_from_wherever_around_the_grid_it_is_asked(east, north):
    index = SpatialIndex({"A": box(174.0, -36.1, 174.1, -36.0)})
    for away in (*np.arange(0.005, 0.2, 0.005).tolist(), 1.0, 20.0):
        lng, lat = 174.05 + east * (0.05 + away), -36.05 + north * (0.05 + away)
        found = [code for code, _ in index.within(lng=lng, lat=lat, radius_m=5_000)]
        shifted = np.hypot(east * 90_000, north * 111_000) * away
        expected = ["A"] if shifted < 4_900 else []
        if not 4_900 <= shifted <= 5_100:
            assert found == expected, (lng, lat)


def test_no_points_make_no_answers():
    index = SpatialIndex(SHAPES["a needle"])
    assert index.covering_many(lng=np.array([]), lat=np.array([])).tolist() == []


NOWHERE = [
    (math.nan, -36.0),
    (174.05, math.nan),
    (math.nan, math.nan),
    (math.inf, -36.0),
    (-math.inf, -36.0),
    (174.05, math.inf),
    (174.05, -math.inf),
    (174.05, 90.0),
    (174.05, -90.0),
    (180.0, 0.0),
    (-180.0, 0.0),
    (360.0, 0.0),
    (0.0, 0.0),
    (-0.0, -0.0),
    (1e300, 1e300),
    (-5e-324, 0.0),
    (174.05 + 360.0, -35.95),
]


@pytest.mark.parametrize(("lng", "lat"), NOWHERE)
def test_what_is_no_place_in_new_zealand_is_covered_by_nobody_and_near_to_nothing(lng, lat):
    index = SpatialIndex({"A": box(174, -36, 174.1, -35.9), "B": star(20)})
    assert index.covering(lng=lng, lat=lat) == ()
    assert in_bulk(index, np.array([lng]), np.array([lat])) == [()]
    assert index.within(lng=lng, lat=lat, radius_m=5_000) == ()


def test_one_point_that_is_no_number_does_not_disturb_its_neighbours():
    index = SpatialIndex({"A": box(174, -36, 174.1, -35.9)})
    lng = np.array([174.05, math.nan, 174.05, math.inf, 173.0])
    lat = np.array([-35.95, -35.95, math.nan, -35.95, -35.95])
    assert in_bulk(index, lng, lat) == [("A",), (), (), (), ()]


@pytest.mark.parametrize("lng", [180.0, -180.0])
def test_the_antimeridian_is_one_line_whichever_sign_it_has(lng):
    across = SpatialIndex({"A": geometry_to_180(box(179.9, -44, 180.1, -43.9))})
    meeting = SpatialIndex(
        {"W": box(179.9, -44, 180.0, -43.9), "E": box(-180.0, -44, -179.9, -43.9)}
    )
    assert across.covering(lng=lng, lat=-43.95) == ("A",)
    assert meeting.covering(lng=lng, lat=-43.95) == ("E", "W")
    assert in_bulk(meeting, np.array([lng]), np.array([-43.95])) == [("E", "W")]


@pytest.mark.parametrize("lat", [-90.0, 90.0])
def test_a_pole_belongs_to_who_reaches_it(lat):
    index = SpatialIndex({"A": box(179.9, min(lat, 0.99 * lat), 180.1, max(lat, 0.99 * lat))})
    assert index.covering(lng=180.0, lat=lat) == ("A",)
    assert index.covering(lng=-179.95, lat=lat) == ("A",)
    assert index.covering(lng=179.0, lat=lat) == ()


def test_the_smaller_code_comes_first_whatever_the_order_given():
    left, right = box(174, -36, 174.1, -35.9), box(174.1, -36, 174.2, -35.9)
    for boundaries in ({"2": left, "10": right}, {"10": right, "2": left}):
        index = SpatialIndex(boundaries)
        assert index.codes == ("10", "2")
        assert index.covering(lng=174.1, lat=-35.95) == ("10", "2")
        assert in_bulk(index, np.array([174.1]), np.array([-35.95])) == [("10", "2")]


# --- many points ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiled():
    """Return a coverage of 24 cells with two overlaps, and its index."""
    cells = jittered_cells(np.random.default_rng(5), 174.0, -36.5, 0.08, 6, 4)
    boundaries = {f"C{n:02}": cell for n, cell in enumerate(cells)}
    boundaries |= {"A": star(400, lng=174.2, lat=-36.4, radius=0.03), "X": star(30, lat=-36.3)}
    return boundaries, SpatialIndex(boundaries)


@pytest.mark.parametrize(
    "count",
    [1, 262_145, *(pytest.param(n, marks=pytest.mark.thorough) for n in OTHER_COUNTS)],
)
def test_chunks_do_not_show(tiled, count):
    boundaries, index = tiled
    rng = np.random.default_rng(count)
    lng, lat = rng.uniform(173.9, 174.6, count), rng.uniform(-36.6, -36.1, count)
    numbers = index.covering_many(lng=lng, lat=lat)
    codes = sorted(boundaries)
    covered = np.array([shapely.intersects_xy(boundaries[c], lng, lat) for c in codes])
    said = np.zeros_like(covered)
    for number in np.unique(numbers):
        for code in index.sets[number]:
            said[codes.index(code)] |= numbers == number
    assert np.array_equal(said, covered)
    edge = slice(65_530, 65_542)
    assert one_by_one(index, lng[edge], lat[edge]) == brute_force(boundaries, lng[edge], lat[edge])


def test_chunks_with_western_and_nameless_points_agree_too():
    boundaries = {"A": box(183, -44.2, 183.4, -43.8), "B": star(200)}
    index = SpatialIndex(boundaries)
    rng = np.random.default_rng(3)
    lng = rng.uniform(-177.1, -176.4, 70_000)
    lat = rng.uniform(-44.3, -43.7, 70_000)
    lng[65_536:] = rng.uniform(174.2, 174.4, 4_464)
    lat[65_536:] = rng.uniform(-36.5, -36.3, 4_464)
    lng[::9_999] = math.nan
    east = np.where(lng < 0, lng + 360.0, lng)
    assert in_bulk(index, lng, lat) == brute_force(boundaries, east, lat)


def test_single_precision_points_mean_exactly_what_they_say():
    # Rounded to single precision, the grid's rim moves by 5e-6°, and the point into the next cell.
    point, rim = 174.03125, 174.0 + 5e-6
    edge = point + 2e-6
    west = box(rim + 0.0125, -36.0, edge, -35.99)
    index = SpatialIndex({"A": west, "B": box(edge, -36.0, 174.1, -35.99)})
    lng, lat = np.array([point], np.float32), np.array([-35.99609375], np.float32)
    assert (float(lng[0]), float(lat[0])) == (point, -35.99609375)
    assert in_bulk(index, lng, lat) == [("A",)]
    assert in_bulk(index, lng.tolist(), lat.tolist()) == [("A",)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_points_computed_along_a_long_slanting_edge_are_on_its_right_side(seed):
    rng = np.random.default_rng(seed)
    low, high = [170.0, -44.0] + rng.random(2) / 7, [173.0, -42.0] + rng.random(2) / 7
    boundaries = {
        "A": Polygon([low, high, (low[0], high[1])]),
        "B": Polygon([low, (high[0], low[1]), high]),
    }
    index = SpatialIndex(boundaries)
    lng, lat = (low + rng.random((30_000, 1)) * (high - low)).T.copy()
    expected = brute_force(boundaries, lng, lat)
    assert in_bulk(index, lng, lat) == expected
    assert one_by_one(index, lng, lat) == expected


def test_the_arrays_given_are_left_alone(tiled):
    _, index = tiled
    lng, lat = np.array([-176.0, 174.1]), np.array([-44.0, -36.4])
    lng.flags.writeable = lat.flags.writeable = False
    index.covering_many(lng=lng, lat=lat)
    assert lng.tolist() == [-176.0, 174.1]


# --- threads --------------------------------------------------------------------------------------


def test_eight_threads_may_ask_a_fresh_index_at_its_edges_at_once():
    boundaries = {f"S{n}": star(4000, lng=174.3 + 0.03 * n) for n in range(4)}
    lng, lat = telling_points(boundaries, seed=4, spread=100)
    expected = brute_force(boundaries, lng, lat)
    for _ in range(3):
        copies = {code: shapely.from_wkb(shapely.to_wkb(b)) for code, b in boundaries.items()}
        index = SpatialIndex(copies)
        assert answers_of_threads(index, lng, lat, threads=8) == [expected] * 8


def answers_of_threads(index, lng, lat, *, threads):
    answers = [None] * threads
    together = threading.Barrier(threads)

    def ask(n):
        together.wait()
        answers[n] = one_by_one(index, lng, lat) if n % 2 else in_bulk(index, lng, lat)

    running = [threading.Thread(target=ask, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(PATIENCE_S)
    return answers


# --- edges and distances --------------------------------------------------------------------------


@dataclass(frozen=True)
class EdgeCase:
    lng: float
    lat: float
    on_edge: bool


@pytest.mark.parametrize(
    "case",
    [
        EdgeCase(174.0, -35.95, True),
        EdgeCase(174.0, -36.0, True),
        EdgeCase(174.05, -36.0, True),
        EdgeCase(174.04, -35.95, True),  # the hole's edge
        EdgeCase(174.05, -35.95, False),  # in the hole
        EdgeCase(174.01, -35.99, False),
        EdgeCase(math.nextafter(174.0, 999), -35.95, False),
        EdgeCase(math.nextafter(174.0, 0), -35.95, False),
        EdgeCase(0.0, 0.0, False),
        EdgeCase(math.nan, -36.0, False),
    ],
    ids=str,
)
def test_only_points_exactly_on_an_edge_are_on_it(case):
    pierced = box(174, -36, 174.1, -35.9) - box(174.04, -35.96, 174.06, -35.94)
    index = SpatialIndex({"A": pierced, "B": star(10)})
    assert index.on_edge_of("A", lng=case.lng, lat=case.lat) is case.on_edge


@pytest.mark.parametrize("lng", [183.0, -177.0])
def test_an_edge_is_found_in_either_frame(lng):
    index = SpatialIndex({"A": box(-177.0, -44, -176.9, -43.9)})
    assert index.on_edge_of("A", lng=lng, lat=-43.95)


@times(40)
@given(coverages(), st.integers(0, 2**32 - 1))
def test_on_an_edge_means_covered_but_not_contained(boundaries, seed):
    index = SpatialIndex(boundaries)
    lng, lat = telling_points(boundaries, seed, spread=20)[:, ::5]
    for code, boundary in boundaries.items():
        on_edge = shapely.intersects_xy(boundary, lng, lat) & ~shapely.contains_xy(
            boundary, lng, lat
        )
        found = [index.on_edge_of(code, lng=x, lat=y) for x, y in zip(lng, lat, strict=True)]
        assert found == on_edge.tolist()


def distances_by_projection(boundaries, lng, lat):
    """Return metres to each boundary (0…360), its straight edges bent as the projection bends them.

    Where the projection is drawn from only a polygon's corners, a long edge would be metres off.
    """
    crs = "EPSG:3793" if lng > 182.0 else "EPSG:2193"
    project = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    here = Point(*project(lng, lat))
    return {
        code: 0.0
        if shapely.intersects_xy(boundary, lng, lat)
        else shapely.transform(
            shapely.segmentize(boundary, 0.0005), lambda xy: np.column_stack(project(*xy.T))
        ).distance(here)
        for code, boundary in boundaries.items()
    }


def assert_distances_right(boundaries, lng, lat, radius_m):
    found = SpatialIndex(boundaries).within(lng=lng, lat=lat, radius_m=radius_m)
    expected = distances_by_projection(boundaries, lng, lat)
    assert list(found) == sorted(found, key=lambda f: (f[1], f[0]))
    for code, metres in found:
        assert abs(metres - expected[code]) <= CENTIMETRE
        assert metres <= radius_m
    missed = {code: expected[code] for code in expected.keys() - dict(found).keys()}
    assert all(metres > radius_m - CENTIMETRE for metres in missed.values()), missed


@times(100)
@given(
    coverages(),
    st.floats(-0.7, 1.7),
    st.floats(-0.7, 1.7),
    st.sampled_from([100.0, 1_000.0, 5_000.0]),
)
def test_distances_are_right_to_the_centimetre(boundaries, across, up, radius_m):
    west, south, east, north = shapely.total_bounds(list(boundaries.values()))
    lng, lat = west + across * (east - west), south + up * (north - south)
    assert_distances_right(boundaries, lng, lat, radius_m)


@pytest.mark.parametrize("west", [174.0, 183.0], ids=["NZTM2000", "Chathams"])
@pytest.mark.parametrize("metres_off", [1, 99, 101, 4_990])
@pytest.mark.parametrize("side", ["north", "south", "inside"])
def test_a_long_straight_edge_bends_as_the_projection_bends_it(west, metres_off, side):
    boundaries = {"A": box(west, -45.0, west + 1.5, -44.0), "B": box(west, -47, west + 1.5, -46.5)}
    degrees = metres_off / 111_120
    lat = {"north": -44 + degrees, "south": -45 - degrees, "inside": -44 - degrees}[side]
    assert_distances_right(boundaries, west + 0.7, lat, 5_000)


@times(60)
@given(coverages(), st.integers(0, 2**32 - 1))
def test_who_covers_a_point_is_no_metres_away(boundaries, seed):
    index = SpatialIndex(boundaries)
    lng, lat = telling_points(boundaries, seed, spread=20)[:, ::9]
    for x, y, covering in zip(lng, lat, brute_force(boundaries, lng, lat), strict=True):
        found = index.within(lng=x, lat=y, radius_m=100)
        assert tuple(code for code, _ in found)[: len(covering)] == covering
        assert all(metres == 0 for _, metres in found[: len(covering)])


@pytest.mark.parametrize(
    ("metres_off", "found"),
    [(4_990, ["A"]), (5_010, []), (100, ["A"]), (0.5, ["A"]), (20_000, [])],
)
def test_the_limit_is_five_kilometres_and_nothing_beyond(metres_off, found):
    index = SpatialIndex({"A": box(174.0, -36.1, 174.1, -36.0)})
    lat = -36.0 + metres_off / 110_960  # metres in a degree of latitude there
    near = index.within(lng=174.05, lat=lat, radius_m=5_000)
    assert [code for code, _ in near] == found
    assert all(abs(metres - metres_off) < 0.001 * metres_off + 0.01 for _, metres in near)


def test_the_nearest_comes_first_and_of_two_as_near_the_smaller_code():
    south = box(174.0, -36.1, 174.1, -36.0)
    north = box(174.0, -35.98, 174.1, -35.9)
    touching = box(174.1, -36.1, 174.2, -36.0)
    index = SpatialIndex({"A": touching, "B": south, "C": north})
    assert [c for c, _ in index.within(lng=174.05, lat=-35.991, radius_m=5_000)] == ["B", "C", "A"]
    assert [c for c, _ in index.within(lng=174.05, lat=-35.989, radius_m=5_000)] == ["C", "B", "A"]
    assert [c for c, _ in index.within(lng=174.1, lat=-35.995, radius_m=1_000)] == ["A", "B"]


@pytest.mark.parametrize("codes", ["ABC", "ACB", "BAC", "BCA", "CAB", "CBA"])
def test_a_boundary_whose_box_alone_is_near_does_not_disorder_the_others(codes):
    hollow, far, near = codes
    bent = Polygon([(173.8, -36.2), (174.2, -36.2), (174.2, -35.8), (174.19, -36.19)])
    index = SpatialIndex(
        {
            hollow: bent,
            far: box(174.03, -36.0, 174.04, -35.99),
            near: box(174.01, -36.0, 174.02, -35.99),
        }
    )
    found = index.within(lng=174.0, lat=-35.995, radius_m=5_000)
    assert [code for code, _ in found] == [near, far]


@pytest.mark.parametrize("lng", [-176.5, 183.5])
def test_distances_are_the_same_in_either_frame(lng):
    index = SpatialIndex({"A": box(-176.6, -44, -176.4, -43.9)})
    ((code, metres),) = index.within(lng=lng, lat=-43.89, radius_m=5_000)
    assert code == "A"
    assert metres == pytest.approx(1_111.1, abs=0.5)


def test_a_distance_is_taken_across_the_antimeridian():
    boundaries = {"A": box(180.001, -44.0, 180.1, -43.9)}
    assert_distances_right(boundaries, 179.99, -43.95, 5_000)
    index = SpatialIndex({"A": geometry_to_180(boundaries["A"])})
    assert [code for code, _ in index.within(lng=179.99, lat=-43.95, radius_m=5_000)] == ["A"]
