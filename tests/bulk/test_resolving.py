"""A row among millions is answered as it would be alone."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from catchments.bulk.resolving import BASES, STATUSES, BatchResolver, Outcomes
from catchments.core.errors import NotKnown
from catchments.core.model import Place, School, SchoolStatus
from catchments.geometry.boundary_distances import ERROR_M
from catchments.geometry.coordinates import geometry_to_360, metric_crs, to_metres
from catchments.lookup.snapshot import Snapshot
from tests.laws import examples
from tests.worlds import (
    AHI,
    KOWHAI,
    REKOHU,
    RIMU,
    TODAY,
    TOTARA,
    overlapping_edition,
    small_edition,
    small_release,
)

METRE = 1 / 111_000
AWAY_M = (0, 1e-6, 50, 99.98, 99.999, 100, 100.001, 100.02, 140, 4_999.98, 5_000, 5_000.02, 9_000)
"""Where an answer turns, to both sides of an edge."""


def ragged(code):
    """A boundary with some hundreds of short edges, near the square that it comes from."""
    square = shapely.segmentize(small_edition().boundaries[code], 0.01)
    shift = 7 * len(code) + ord(code[0])
    bent = shapely.transform(square, lambda xy: xy + 0.002 * np.sin(5_000 * xy[:, ::-1] + shift))
    return shapely.buffer(bent, 0)


def ragged_edition():
    """Boundaries that overlap here and leave gaps there."""
    boundaries = {code: ragged(code) for code in (AHI, KOWHAI, RIMU, TOTARA, REKOHU)}
    return small_edition(boundaries=boundaries, overlaps_accepted=True)


def unserved_edition():
    edition = small_edition()
    alone = replace(edition.catchments[RIMU], provider_code=None)
    return replace(edition, catchments={**edition.catchments, RIMU: alone})


FORMER = School(
    70, "Once School", SchoolStatus.CLOSED, Place(174.5, -39.5), last_seen=date(2025, 2, 1)
)
RELEASE = small_release(former={70: FORMER})
WORLDS = {
    "squares": small_edition(),
    "overlapping": overlapping_edition(),
    "ragged": ragged_edition(),
    "without a provider": unserved_edition(),
    "without boundaries": small_edition(boundaries={}),
}


@cache
def snapshot_of(name):
    return Snapshot.of(WORLDS[name], RELEASE)


@pytest.fixture(params=WORLDS)
def snapshot(request):
    return snapshot_of(request.param)


def row(resolver, outcomes: Outcomes, at):
    """What a row says, in the words of an answer."""
    catchment, provider = outcomes.catchment[at], outcomes.provider[at]
    away_m = float(outcomes.distance_m[at])
    return (
        STATUSES[outcomes.status[at]],
        BASES[outcomes.basis[at]],
        resolver.codes[catchment] if catchment >= 0 else None,
        resolver.providers[provider] if provider >= 0 else None,
        None if math.isnan(away_m) else away_m,
        outcomes.alternatives.get(at, ()),
    )


def alone(answer):
    beside = (*answer.alternatives, *answer.candidates)
    return (
        answer.status,
        answer.basis or "",
        answer.catchment and answer.catchment.code,
        answer.provider and answer.provider.code,
        None if answer.distance_m is None else round(answer.distance_m),
        tuple(each.catchment.code for each in beside),
    )


def assert_as_alone(snapshot, lng, lat):
    resolver = BatchResolver(snapshot)
    outcomes = resolver.points(lng=np.array(lng), lat=np.array(lat))
    said = [row(resolver, outcomes, at) for at in range(len(lng))]
    answers = [snapshot.resolver.point(lng=x, lat=y) for x, y in zip(lng, lat, strict=True)]
    assert said == list(map(alone, answers))
    noted = [resolver.notices(outcomes, at) for at in range(len(lng))]
    assert noted == [[notice.code for notice in answer.notices] for answer in answers]


# --- points ---------------------------------------------------------------------------------------


@st.composite
def places(draw, boundaries):
    """Points on edges, and beside them at the distances where an answer turns."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    shapes = list(boundaries.values()) or [shapely.box(174, -40, 176, -38)]
    lines = shapely.boundary(shapes)
    picked = rng.integers(0, len(lines), 60)
    along = shapely.line_interpolate_point(
        [lines[i] for i in picked], rng.random(60), normalized=True
    )
    xy = shapely.get_coordinates(along)
    away = rng.choice(AWAY_M, 60) * METRE
    angle = rng.choice([0, 0.25, 0.5, 0.75, 0.1, 0.6], 60) * 2 * np.pi
    lat = xy[:, 1] + away * np.sin(angle)
    return xy[:, 0] + away * np.cos(angle) / np.cos(np.radians(lat)), lat


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=examples(12))
@given(data=st.data())
def test_points_at_and_beside_every_edge_are_answered_as_alone(name, data):
    snapshot = snapshot_of(name)
    lng, lat = data.draw(places(snapshot.edition.boundaries))
    assert_as_alone(snapshot, lng.tolist(), lat.tolist())


@settings(max_examples=examples(30))
@given(
    points=st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=30)
)
def test_points_anywhere_on_earth_are_answered_as_alone(points):
    lng, lat = zip(*points, strict=True)
    assert_as_alone(snapshot_of("squares"), lng, lat)


def test_what_is_near_the_end_of_an_edge_is_named_beside_those_that_share_it():
    on_edge, aside = (
        snapshot_of("squares").resolver.point(lng=lng, lat=-38.9996) for lng in (175.0, 175.00001)
    )
    named = ([each.catchment.code for each in answer.all_named] for answer in (on_edge, aside))
    assert [sorted(codes) for codes in named] == [["AHI-1", "KOW-2", "RIM-3", "TOT-4"]] * 2
    (notice,) = on_edge.notices
    assert notice.code == "on-boundary"
    assert notice.text.startswith(
        "This place is exactly on, or within 100 m of the boundary between Ahi (Ahi Trust) and K"
    )


CORNERS = [
    (175.0, -39.0),
    (175.0, -38.9996),
    (175.0, -38.9991),
    (175.0, -38.5),
    (174.5, -39.0),
    (174.0, -38.0),
    (176.0, -40.0),
    (-177.0, -44.0),
    (-176.0, -43.5),
    (180.0, -44.0),
    (-180.0, -44.0),
    (175.1, -38.5),
    (175.2, -38.5),
    (176.03, -38.5),
    (176.03, -39.0),
]


def test_corners_and_shared_edges_are_answered_as_alone(snapshot):
    lng, lat = zip(*CORNERS, strict=True)
    assert_as_alone(snapshot, lng, lat)


def test_how_many_points_are_looked_at_at_once_makes_no_difference(monkeypatch):
    monkeypatch.setattr("catchments.bulk.resolving._POINTS_AT_ONCE", 7)
    rng = np.random.default_rng(5)
    lng, lat = rng.uniform(173.9, 176.1, 100), rng.uniform(-40.1, -37.9, 100)
    lng[::3] = np.round(lng[::3])
    assert_as_alone(snapshot_of("ragged"), lng.tolist(), lat.tolist())


@pytest.mark.parametrize(
    ("lng", "lat"),
    [
        (math.nan, -38.5),
        (174.5, math.nan),
        (math.inf, -38.5),
        (174.5, -math.inf),
        (360.1, -38.5),
        (-38.5, 174.5),
        (1e300, 0.0),
    ],
)
def test_a_point_that_is_none_is_refused_alone(lng, lat):
    resolver = BatchResolver(snapshot_of("squares"))
    outcomes = resolver.points(lng=np.array([174.5, lng]), lat=np.array([-38.5, lat]))
    assert row(resolver, outcomes, 0)[:4] == ("resolved", "located", AHI, "P-AHI")
    assert row(resolver, outcomes, 1) == ("refused", "", None, None, None, ())


def test_no_points_have_no_outcomes():
    outcomes = BatchResolver(snapshot_of("squares")).points(lng=np.zeros(0), lat=np.zeros(0))
    assert len(outcomes) == 0


# --- schools --------------------------------------------------------------------------------------


def test_schools_are_answered_as_alone(snapshot):
    resolver = BatchResolver(snapshot)
    numbers = [*RELEASE.schools, 70, 54, 498, 54]
    outcomes = resolver.schools(np.array(numbers))
    said = [row(resolver, outcomes, at) for at in range(len(numbers))]
    assert said == [alone(snapshot.school(number, on=TODAY)) for number in numbers]


@pytest.mark.parametrize("number", [0, -1, 1, 53, 3554, 2**62])
def test_a_number_that_no_school_has_is_an_outcome(snapshot, number):
    resolver = BatchResolver(snapshot)
    outcomes = resolver.schools(np.array([54, number]))
    assert row(resolver, outcomes, 0)[2] == AHI
    assert row(resolver, outcomes, 1) == ("unknown", "", None, None, None, ())
    with pytest.raises(NotKnown):
        snapshot.school(number, on=TODAY)


def test_an_edition_without_schools_knows_no_number():
    empty = Snapshot.of(small_edition(), small_release(schools={}))
    outcomes = BatchResolver(empty).schools(np.array([54]))
    assert STATUSES[outcomes.status[0]] == "unknown"


# --- what the resolver stands on ------------------------------------------------------------------


@settings(max_examples=examples(15))
@given(data=st.data(), radius_m=st.sampled_from([1.0, 100.0, 450.0, 2_000.0, 5_000.0]))
def test_no_edge_is_near_where_none_may_be(data, radius_m):
    index = snapshot_of("ragged").resolver.index
    lng, lat = data.draw(places(snapshot_of("ragged").edition.boundaries))
    may = index.may_have_edge_within(lng=lng, lat=lat, radius_m=radius_m)
    near = index.distances.within(lng=np.where(lng < 0, lng + 360, lng), lat=lat, radius_m=radius_m)
    assert may[near.point].all()


@settings(max_examples=examples(3))
@given(data=st.data())
def test_distances_are_those_of_one_point(data):
    snapshot = snapshot_of("ragged")
    index = snapshot.resolver.index
    lng, lat = data.draw(places(snapshot.edition.boundaries))
    turned = np.where(lng < 0, lng + 360, lng)
    near = index.distances.within(lng=turned, lat=lat, radius_m=5_000.0)
    for point, boundary, away_m in zip(near.point, near.boundary, near.distance_m, strict=True):
        crs = metric_crs(lng=turned[point])
        here = to_metres(shapely.Point(turned[point], lat[point]), crs=crs)
        edge = geometry_to_360(index.boundary_360(index.codes[boundary])).boundary
        edge = shapely.segmentize(edge, 0.001)
        assert abs(here.distance(to_metres(edge, crs=crs)) - away_m) < ERROR_M


@settings(max_examples=examples(3))
@given(data=st.data(), beside_m=st.sampled_from([0.0, 100.0, 3_000.0]))
def test_the_nearest_and_what_is_beside_it_are_those_among_all(data, beside_m):
    snapshot = snapshot_of("ragged")
    lng, lat = data.draw(places(snapshot.edition.boundaries))
    here = {"lng": np.where(lng < 0, lng + 360, lng), "lat": lat, "radius_m": 5_000.0}
    every = snapshot.resolver.index.distances.within(**here)
    nearest_m = np.full(every.points, np.inf)
    nearest_m[every.point[every.is_first]] = every.distance_m[every.is_first]
    wanted = every.where(every.distance_m <= nearest_m[every.point] + beside_m)
    found = snapshot.resolver.index.distances.within(**here, beside_m=beside_m)
    for name in ("point", "boundary", "distance_m"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name))
