"""Polygons and lines as text: read by Python as the geometry library would, and bounded."""

from __future__ import annotations

import json

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, box, mapping

from catchments.core.errors import InputRefused
from catchments.geometry.shape_text import AREAS, LINES, TooManyVertices, shape_of

HOLED = box(0, 0, 9, 9) - box(1, 1, 2, 2) - box(4, 4, 5, 5)
SHAPES = [
    box(174.5, -39, 175, -38),
    HOLED,
    MultiPolygon([HOLED, box(20, 0, 21, 1)]),
    LineString([(1, 2), (3.25, -4e-7)]),
]
AT_MOST = 1_000


def read(text: str, at_most: int = AT_MOST) -> shapely.Geometry:
    return shape_of(text, (*AREAS, *LINES), vertices_at_most=at_most)


def feature(shape: shapely.Geometry) -> dict[str, object]:
    return {"type": "Feature", "properties": {"a": [{}, None]}, "geometry": mapping(shape)}


WAYS = {
    "WKT": lambda shape: shape.wkt,
    "WKT, spread out": lambda shape: f"\n {shape.wkt.lower()}".replace("(", " ( ").replace(
        ",", "\n,"
    ),
    "a geometry": lambda shape: json.dumps(mapping(shape)),
    "a feature": lambda shape: json.dumps(feature(shape)),
    "a collection": lambda s: json.dumps({"type": "FeatureCollection", "features": [feature(s)]}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.geom_type)
def test_a_shape_is_read_as_it_was_written(way: str, shape: shapely.Geometry) -> None:
    assert read(WAYS[way](shape)).equals_exact(shape)
    with pytest.raises(InputRefused):
        shape_of(
            WAYS[way](shape), LINES if shape.geom_type in AREAS else AREAS, vertices_at_most=99
        )


def test_heights_are_left_out() -> None:
    assert read("POLYGON ((0 0 5, 1 0 5, 1 1 5, 0 0 5))").equals_exact(read(TRIANGLE))
    assert (
        read('{"type":"LineString","coordinates":[[0,0,7],[1,1,7]]}').wkt == "LINESTRING (0 0, 1 1)"
    )


TRIANGLE = "POLYGON ((0 0, 1 0, 1 1, 0 0))"
DEEP = 200_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "POLYGON EMPTY",
        "POLYGON (EMPTY)",
        "POLYGON ()",
        "POLYGON (())",
        "POLYGON ((0 0, 1 0, 1 1))",
        "POLYGON ((0 0, 1 0, 0 0))",
        "POLYGON ((0 0, 1 0, 1 1, 0 0)",
        "POLYGON (0 0, 1 0, 1 1, 0 0)",
        "POLYGON ((0 0, 1 0, 1 1, 0 0)) x",
        "POLYGON ((0 0, 1 0, 1 1, 0 0)(0 0, 1 0, 1 1, 0 0))",
        "POLYGON ((0 0, 1 nan, 1 1, 0 0))",
        "POLYGON ((0 0, 1 1_0, 1 1, 0 0))",
        "POLYGON ((0 0, 1, 1 1, 0 0))",
        "POLYGON ((0 0, 1 1 1 1 1, 1 1, 0 0))",
        f"POLYGON ((0 0, 1 {'1' * 5_000}, 1 1, 0 0))",
        "LINESTRING (0 0)",
        "LINESTRING ((0 0, 1 1))",
        "MULTIPOLYGON ((0 0, 1 0, 1 1, 0 0))",
        f"GEOMETRYCOLLECTION ({TRIANGLE})",
        "GEOMETRYCOLLECTION (" * DEEP,
        "POLYGON (" + "(" * DEEP,
        "POLYGON (" + "(" * DEEP + ")" * DEEP + ")",
        "[" * DEEP,
        '{"type":"Polygon","coordinates":' + "[" * 1_500,
        '{"type":"Polygon","coordinates":' + "[" * 1_500 + "]" * 1_500 + "}",
        '{"a":' * DEEP,
        "null",
        "{}",
        "[]",
        '"Polygon"',
        '{"type":"Feature"}',
        '{"type":"Feature","geometry":null}',
        '{"type":"FeatureCollection","features":[]}',
        '{"type":"FeatureCollection","features":[{},{}]}',
        '{"type":["Polygon"],"coordinates":[]}',
        '{"type":"Point","coordinates":[1,2]}',
        '{"type":"GeometryCollection","geometries":[]}',
        '{"type":"Polygon","coordinates":[]}',
        '{"type":"Polygon","coordinates":[[]]}',
        '{"type":"Polygon","coordinates":{"0":1}}',
        '{"type":"LineString","coordinates":[[0,0],["1","1"]]}',
        '{"type":"LineString","coordinates":[[0,0],[true,false]]}',
        '{"type":"LineString","coordinates":[[0,0],[NaN,1]]}',
        '{"type":"LineString","coordinates":[[0,0],[-Infinity,1]]}',
        '{"type":"LineString","coordinates":[[0,0],[1e999,1]]}',
        '{"type":"LineString","coordinates":[[0,0],[' + "9" * 400 + ",1]]}",
        '{"type":"LineString","coordinates":[[0,0],[' + "9" * 9_000 + ",1]]}",
    ],
    ids=lambda text: text[:50],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        read(text)


@pytest.mark.parametrize("way", WAYS)
def test_more_vertices_than_are_taken_are_counted(way: str) -> None:
    ring = shapely.Point(0, 0).buffer(1, quad_segs=50)
    assert len(read(WAYS[way](ring)).exterior.coords) == 201
    with pytest.raises(TooManyVertices, match=r"It has 201 vertices\. It may have 200") as refused:
        read(WAYS[way](ring), 200)
    assert refused.value.count == 201


def test_a_text_full_of_lists_or_objects_is_not_parsed_at_all(monkeypatch) -> None:
    monkeypatch.setattr(json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    for junk in ("[]," * (2 * AT_MOST + 1), "{}," * 1_001, "[1,2]," * (AT_MOST + 1)):
        with pytest.raises(InputRefused):
            read(f'{{"type":"Polygon","coordinates":[{junk}[]]}}')


PIECES = st.sampled_from(
    [*"POLYGON((,)) ", "0 0", "1 0", "1 1", "POLYGON ((", "))", TRIANGLE, "e-."]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join).map(lambda text: f"POLYGON {text}"))
def test_what_is_taken_is_what_the_geometry_library_reads(text: str) -> None:
    try:
        found = read(text)
    except InputRefused:
        return
    assert found.equals_exact(shapely.from_wkt(text))
