"""Faces between lines, and a point within each."""

from __future__ import annotations

import shapely

from catchments.geometry.planar import Faces, points_within

ASTRAY = shapely.Polygon(
    [
        (174.91734912714182, -36.81436553550667),
        (174.89865046005264, -36.871706385990315),
        (174.90624550906236, -36.870503448403674),
        (174.93084184681598, -36.8950997861573),
        (174.88632274741408, -36.90951023178534),
    ]
)
"""What is left of a catchment of the demonstration beside a circle, simplified."""


def test_a_point_is_within_where_geos_says_a_vertex() -> None:
    square = shapely.box(174, -37, 175, -36)
    assert ASTRAY.is_valid
    assert not ASTRAY.contains(shapely.point_on_surface(ASTRAY)), "or choose another such area"
    points = points_within([square, ASTRAY])
    assert shapely.contains([square, ASTRAY], points).all()
    assert points[0].equals(shapely.point_on_surface(square)), "others are as GEOS has them"


def test_there_may_be_no_area() -> None:
    assert len(points_within([])) == 0


def test_each_face_that_has_room_for_one_has_a_point_within() -> None:
    faces = Faces.between([ASTRAY.exterior, shapely.box(174.9, -36.9, 175, -36.85).exterior])
    roomy = shapely.area(faces.areas) > 1e-12
    assert roomy.sum() > 1
    assert shapely.contains(faces.areas, faces.spots)[roomy].all()
