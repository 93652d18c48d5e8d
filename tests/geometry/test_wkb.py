"""Bytes that are to be a geometry: what they are is known before a geometry library reads them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from catchments.core.errors import InputRefused
from catchments.geometry import wkb

WITH_A_HOLE = box(0, 0, 9, 9) - box(1, 1, 2, 2)
SHAPES = {
    "point": (Point(1, 2), wkb.POINTS, 1),
    "no point": (Point(), wkb.POINTS, 1),
    "point with height": (Point(1, 2, 3), wkb.POINTS, 1),
    "multipoint": (MultiPoint([(1, 2), (3, 4)]), wkb.POINTS, 2),
    "line": (LineString([(1, 2), (3, 4)]), wkb.LINES, 2),
    "multiline": (MultiLineString([[(1, 2), (3, 4)], [(5, 6), (7, 8)]]), wkb.LINES, 4),
    "polygon": (box(0, 0, 1, 1), wkb.POLYGONS, 5),
    "no polygon": (Polygon(), wkb.POLYGONS, 0),
    "polygon with a hole": (WITH_A_HOLE, wkb.POLYGONS, 10),
    "polygon with heights": (shapely.force_3d(WITH_A_HOLE), wkb.POLYGONS, 10),
    "multipolygon": (MultiPolygon([WITH_A_HOLE, box(20, 0, 21, 1)]), wkb.POLYGONS, 15),
    "no multipolygon": (MultiPolygon(), wkb.POLYGONS, 0),
}


def nested(depth: int) -> bytes:
    """Return a collection in a collection in a collection …"""
    return struct.pack("<BII", 1, 7, 1) * depth + struct.pack("<BII", 1, 7, 0)


def header(kind: int, *counts: int, order: int = 1) -> bytes:
    end = "<" if order == 1 else ">"
    return struct.pack(f"{end}BI{len(counts)}I", order, kind, *counts)


def ring(dimensions: int = 2, order: int = 1) -> bytes:
    xy = [(0, 0), (1, 0), (1, 1), (0, 0)]
    numbers = [n for point in xy for n in (*point, *[9] * (dimensions - 2))]
    return struct.pack(f"{'<' if order == 1 else '>'}I{len(numbers)}d", 4, *numbers)


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("flavor", ["extended", "iso"])
@pytest.mark.parametrize("srid", [False, True])
@pytest.mark.parametrize("name", SHAPES)
def test_what_other_programs_write_is_read_as_it_is(name, srid, flavor, order):
    shape, kinds, points = SHAPES[name]
    srid = srid and flavor == "extended"
    shape = shapely.set_srid(shape, 2193) if srid else shape
    written = shapely.to_wkb(shape, byte_order=order, flavor=flavor, include_srid=srid)
    assert wkb.check(written, kinds) == points
    assert wkb.read(written, kinds).normalize() == shape.normalize()


@pytest.mark.parametrize(
    ("kind", "dimensions"),
    [(3, 2), (1003, 3), (2003, 3), (3003, 4), (0x80000003, 3), (0x40000003, 3), (0xC0000003, 4)],
)
def test_every_way_to_say_dimensions_is_known(kind, dimensions):
    written = header(kind, 1) + ring(dimensions)
    assert wkb.check(written) == 4
    assert shapely.force_2d(wkb.read(written)) == Polygon([(0, 0), (1, 0), (1, 1)])
    with pytest.raises(InputRefused, match="not whole"):
        wkb.check(header(kind, 1) + ring(dimensions - 1 if dimensions > 2 else 2)[:-8])


def test_each_part_may_have_its_own_byte_order_and_dimensions():
    parts = header(3, 1, order=0) + ring(order=0) + header(1003, 1) + ring(3)
    written = header(6, 2) + parts
    assert wkb.check(written) == 8
    assert len(wkb.read(written).geoms) == 2


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (nested(0), "is a geometry collection"),
        (nested(200_000), "is a geometry collection"),
        (shapely.to_wkb(GeometryCollection([box(0, 0, 1, 1)])), "is a geometry collection"),
        (header(6, 1) + nested(200_000), "a multipolygon has a geometry collection in it"),
        (header(6, 1) + header(6, 1) + header(3, 0), "a multipolygon has a multipolygon in it"),
        (header(6, 1) + shapely.to_wkb(Point(1, 2)), "a multipolygon has a point in it"),
        (shapely.to_wkb(Point(1, 2)), "is a point"),
        (shapely.to_wkb(LineString([(1, 2), (3, 4)])), "is a line"),
        (header(10, 1) + ring(), "is a curve polygon"),
        (header(4003, 1) + ring(), "of the unknown kind 4003"),
        (header(0x10000003, 1) + ring(), "of the unknown kind"),
        (header(0x00010003, 1) + ring(), "of the unknown kind"),
        (header(3, 0xFFFFFFFF), "promises 4,294,967,295 pieces"),
        (header(6, 0xFFFFFFFF), "promises 4,294,967,295 pieces"),
        (header(3, 1, 0xFFFFFFFF), "promises 4,294,967,295 pieces"),
        (header(3, 2) + ring(), "ends too early|promises"),
        (header(3, 1) + ring()[:-1], "promises 4 pieces"),
        (header(3, 1) + ring() + b"\0", "ends at byte 77 of 78"),
        (header(6, 0) + header(6, 0), "ends at byte 9 of 18"),
        (b"\x02" + header(3, 1)[1:] + ring(), "byte order is 2"),
        (b"", "ends too early"),
        (b"\x01\x03\x00", "ends too early"),
        (header(0x20000003), "ends too early"),
    ],
)
def test_anything_else_is_refused_by_what_it_is(written, said):
    with pytest.raises(InputRefused, match=said):
        wkb.check(written)
    with pytest.raises(InputRefused, match=r"must be (a polygon or a multipolygon|well-known)"):
        wkb.read(written)


def test_rings_and_parts_are_counted(monkeypatch):
    monkeypatch.setattr(wkb, "PIECES_AT_MOST", 10)
    assert wkb.check(header(3, 10) + ring() * 10) == 40
    for many in (header(3, 11) + ring() * 11, header(6, 11) + header(3, 0) * 11):
        with pytest.raises(InputRefused, match=r"too many parts and rings.*may have 10"):
            wkb.check(many)


@pytest.mark.parametrize("on_invalid", ["raise", "fix"])
def test_a_broken_ring_is_refused_or_closed(on_invalid):
    open_ring = header(3, 1, 3) + struct.pack("<6d", 0, 0, 1, 0, 1, 1)
    assert wkb.check(open_ring) == 3
    if on_invalid == "fix":
        assert wkb.read(open_ring, on_invalid="fix").area == 0.5
    else:
        with pytest.raises(InputRefused, match="is broken"):
            wkb.read(open_ring)


def column(*values: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return values as Arrow keeps them: offsets, and all bytes behind each other."""
    offsets = np.cumsum([0, *map(len, values)]).astype(np.int32)
    return offsets, np.frombuffer(b"".join(values), dtype=np.uint8)


WRITTEN = [
    shapely.to_wkb(shape, byte_order=order, flavor=flavor)
    for shape, _, _ in SHAPES.values()
    for order in (0, 1)
    for flavor in ("extended", "iso")
]
PIECES = st.sampled_from([header(k, n) for k in range(9) for n in (0, 1, 2)] + [ring()] + WRITTEN)
HOSTILE = st.lists(PIECES | st.binary(max_size=30), max_size=4).map(b"".join)


@given(st.lists(HOSTILE, max_size=8), st.sampled_from([wkb.POINTS, wkb.POLYGONS, wkb.ALL_KINDS]))
def test_a_column_is_checked_as_each_of_its_values_is(values, kinds):
    def is_taken(value: bytes) -> bool:
        try:
            wkb.check(value, kinds)
        except InputRefused:
            return False
        return True

    assert wkb.sound(*column(*values), kinds).tolist() == [is_taken(v) for v in values]


@given(HOSTILE)
def test_what_is_taken_is_what_the_geometry_library_reads(value):
    """The two must agree on where every type word stands, or the check would guard nothing."""
    try:
        points = wkb.check(value, wkb.ALL_KINDS)
    except InputRefused:
        return
    read = shapely.from_wkb(value, on_invalid="fix")
    if read is not None:  # what has no closed ring is none
        assert shapely.get_type_id(read) in {0, 1, 3, 4, 5, 6}
        assert shapely.get_num_coordinates(read) <= 2 * points  # a ring that is open is closed
