"""Where boundaries do not tile can be seen: each place marked and said, without a script."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import msgspec
import numpy as np
import pytest
import shapely
from shapely import box

from catchments.core.errors import FileRefused
from catchments.geometry.coordinates import geometry_to_180
from catchments.geometry.tiling.coverage import find_faults
from catchments.geometry.tiling.sketch import (
    CLOSE_AT_MOST,
    HEIGHT,
    HIGHEST,
    POINTS_OF_CLOSE,
    POINTS_OF_WHOLE,
    WIDTH,
    Sketch,
    sketched,
)
from catchments.readers.boundaries.coverage_refused import CoverageRefused
from maps.faults_map import faults_map, view_svg
from tests.worlds import HOSTILE

OVERLAPPING = {"A": box(174.0, -39.0, 175.2, -38.0), "B": box(175.0, -39.0, 176.0, -38.0)}
APART = {"A": box(174.0, -39.0, 175.0, -38.0), "B": box(175.01, -39.0, 176.0, -38.0)}
AROUND_A_HOLE = {
    "A": shapely.difference(box(174, -39, 175, -38), box(174.9, -38.6, 175.1, -38.4)),
    "B": shapely.difference(box(175, -39, 176, -38), box(174.9, -38.6, 175.1, -38.4)),
}
NAMES = {"A": "Ahi", "B": "Kōwhai"}


def sketch_of(boundaries, names=NAMES):
    faults = [fault for fault in find_faults(boundaries) if not fault.sliver]
    return sketched(boundaries, names, faults)


def extent(rims):
    points = [n / 2 for rim in rims for n in rim]
    xs, ys = points[::2], points[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def test_an_overlap_is_drawn_marked_and_said():
    found = sketch_of(OVERLAPPING)
    assert found.sentences[0].startswith("Ahi and Kōwhai overlap by")
    assert [area.name for area in found.whole.areas if area.concerned] == ["Ahi", "Kōwhai"]
    ((number, x, _),) = found.whole.marks
    assert (number, x / WIDTH) == (1, pytest.approx(0.55, abs=0.01))
    (close,) = found.close
    left, top, right, bottom = extent(close.wrong)
    assert left < close.marks[0][1] < right
    assert top < close.marks[0][2] < bottom
    assert {area.name for area in close.areas if area.label} == {"Ahi", "Kōwhai"}


def test_a_gap_that_is_enclosed_is_filled_where_nobody_is():
    found = sketch_of(AROUND_A_HOLE)
    (close,) = found.close
    wide = (extent(close.wrong)[2] - extent(close.wrong)[0]) / WIDTH * close.metres
    assert wide == pytest.approx(0.2 * 111_195 * 0.782, rel=0.02)


def test_a_mark_on_either_side_of_180_is_beside_its_catchments():
    east, west = box(179.0, -39, 180.2, -38), box(180.0, -39, 181, -38)
    found = sketch_of({"A": geometry_to_180(east), "B": geometry_to_180(west)})
    ((_, x, y),) = found.whole.marks
    assert 0.4 < x / WIDTH < 0.7
    assert 0 < y < found.whole.height


def test_a_sketch_goes_from_process_to_process():
    found = sketch_of(OVERLAPPING)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Sketch) == found


def test_the_page_stands_alone_and_its_list_needs_no_picture():
    page = faults_map(OVERLAPPING, NAMES, find_faults(OVERLAPPING)).decode()
    assert "<h1>1 place where the boundaries do not tile</h1>" in page
    assert re.search(r"<li>Ahi and Kōwhai overlap by [^<]+</li>", page)
    assert page.count("<svg ") == 2
    assert "<script" not in page
    assert not re.search(r"(src|href|url\()", page)


def test_hostile_names_are_text_and_the_picture_is_well_formed():
    names = {"A": HOSTILE + "x" * 10_000 + "\0\u202e", "B": "B"}
    page = faults_map(OVERLAPPING, names, find_faults(OVERLAPPING)).decode()
    assert "<img" not in page
    assert "</script>" not in page
    for view in (sketch_of(OVERLAPPING, names).whole, *sketch_of(OVERLAPPING, names).close):
        ET.fromstring(view_svg(view, HOSTILE))


def test_of_many_faults_the_first_have_a_view_and_all_a_mark():
    strips = {f"S{n:02}": box(174 + n / 10, -39, 174.12 + n / 10, -38) for n in range(40)}
    found = sketch_of(strips, {})
    assert (len(found.sentences), len(found.whole.marks)) == (39, 39)
    assert len(found.close) == CLOSE_AT_MOST
    assert found.whole.height <= HIGHEST


def test_a_picture_of_very_many_vertices_has_few():
    turns, far = np.linspace(0, 2 * np.pi, 12_000), np.where(np.arange(12_000) % 2, 0.5, 0.49)
    star = shapely.Polygon(
        np.column_stack([174.5 + far * np.cos(turns), -38 + far * np.sin(turns)])
    )
    found = sketch_of({"A": star, "B": box(174.4, -38.1, 174.6, -37.9)})
    points = sum(len(rim) // 2 for area in found.whole.areas for rim in area.rims)
    assert 4 < points <= POINTS_OF_WHOLE
    close = (*found.close[0].wrong, *(rim for area in found.close[0].areas for rim in area.rims))
    assert sum(len(rim) // 2 for rim in close) <= POINTS_OF_CLOSE
    assert found.close[0].height == HEIGHT


def test_a_refusal_carries_what_is_needed_to_look_at_it():
    faults = find_faults(OVERLAPPING)
    refused = CoverageRefused(
        "It does not tile.", next_step="", boundaries=OVERLAPPING, names=NAMES, faults=faults
    )
    assert isinstance(refused, FileRefused)
    assert refused.rows == (faults[0].sentence(NAMES),)
    assert faults_map(refused.boundaries, refused.names, refused.faults)
