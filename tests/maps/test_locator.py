"""The small map: what is brought out, what fits, how light it is, and that names stay text."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from functools import reduce
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment, Edition, Place
from catchments.core.settings import ROOT
from catchments.geometry.coordinates import to_180
from maps.artefacts import TOPOLOGY
from maps.differences import display_differences, pictures
from maps.exports.export_input import ExportInput
from maps.locator import (
    HEIGHT,
    POINTS_AT_MOST,
    WIDTH,
    Drawing,
    locator_svg,
    neighbours,
    read_drawing,
)
from maps.topology import drawn_topology
from tests.worlds import opened

CHATHAMS = "ZZ-09"
MIDDLE = "ZZ-04"


class Picture:
    """An SVG as a browser would see it: shapes in pixels, names as text."""

    def __init__(self, svg: str | None) -> None:
        assert svg is not None
        self.markup = svg
        self.root = ET.fromstring(svg)

    def lines(self, name: str) -> list[list[tuple[float, float]]]:
        data = "".join(e.get("d", "") for e in self.all(f"locator-{name}"))
        return [self._points(line) for line in data.split("M") if line]

    def area(self, name: str) -> BaseGeometry:
        rings = [shapely.make_valid(shapely.Polygon(line)) for line in self.lines(name)]
        return reduce(shapely.symmetric_difference, rings, shapely.Polygon())

    def all(self, kind: str) -> list[ET.Element]:
        return [e for e in self.root.iter() if e.get("class") == kind]

    def names(self) -> list[str]:
        return [e.text or "" for e in self.root.iter("text")]

    @property
    def dot(self) -> tuple[float, float]:
        (circle,) = self.all("locator-place")
        return float(circle.get("cx", "")), float(circle.get("cy", ""))

    @staticmethod
    def _points(line: str) -> list[tuple[float, float]]:
        half_pixels = np.array(re.findall(r"-?\d+", line), dtype=int).reshape(-1, 2)
        return [(x, y) for x, y in (np.cumsum(half_pixels, axis=0) / 2).tolist()]


@pytest.fixture(scope="session")
def drawing(edition: Edition, coast: BaseGeometry) -> Drawing:
    return read_drawing(drawn_topology(ExportInput(edition, coast)))


def drawn(drawing: Drawing, *codes: str, **more: object) -> Picture:
    return Picture(locator_svg(drawing, codes=codes, label="A map", **more))  # type: ignore[arg-type]


def edition_of(**boundaries: BaseGeometry) -> Edition:
    return Edition(
        catchments={code: Catchment(code, code) for code in boundaries}, boundaries=boundaries
    )


def drawing_of(**boundaries: BaseGeometry) -> Drawing:
    return read_drawing(drawn_topology(ExportInput(edition_of(**boundaries))))


# --- what is read ---------------------------------------------------------------------------------


def test_neighbours_are_those_that_share_an_edge_not_a_corner(drawing: Drawing) -> None:
    assert neighbours(drawing, MIDDLE) == ("ZZ-01", "ZZ-03", "ZZ-05", "ZZ-07")
    assert neighbours(drawing, "ZZ-00") == ("ZZ-01", "ZZ-03")
    assert neighbours(drawing, CHATHAMS) == ()
    assert neighbours(drawing, "none") == ()


def test_who_is_a_neighbour_has_one(drawing: Drawing) -> None:
    for code in drawing.shapes:
        for other in neighbours(drawing, code):
            assert code in neighbours(drawing, other)


@pytest.mark.parametrize("content", [b"{}", b'{"objects":{"catchments":{"geometries":[]}}}'])
def test_an_empty_drawing_draws_nothing(content: bytes) -> None:
    empty = read_drawing(content)
    assert locator_svg(empty, codes=["A"], place=Place(174, -41), label="") is None
    assert neighbours(empty, "A") == ()


# --- what is drawn --------------------------------------------------------------------------------


def test_a_picture_says_in_words_what_it_shows(drawing: Drawing) -> None:
    picture = Picture(locator_svg(drawing, codes=[MIDDLE], label='A "map" of <b> & more'))
    assert picture.root.get("role") == "img"
    assert picture.root.get("aria-label") == 'A "map" of <b> & more'
    assert picture.root.get("viewBox") == "0 0 400 300"


@pytest.mark.parametrize("codes", [("none",), (), ("", "none")])
def test_what_is_not_drawn_has_no_picture(codes: tuple[str, ...], drawing: Drawing) -> None:
    assert locator_svg(drawing, codes=codes, label="") is None


def test_no_style_and_no_script_is_needed(drawing: Drawing) -> None:
    markup = drawn(drawing, MIDDLE, place=Place(171.5, -40.5), names={MIDDLE: "Middle"}).markup
    assert not re.search(r"<(script|style|image|use|a)\b|\s(style|on\w+|href)=", markup)


@pytest.mark.parametrize("code", ["ZZ-00", MIDDLE, "ZZ-08", CHATHAMS])
def test_a_catchment_fills_the_picture_and_stays_within_it(code: str, drawing: Drawing) -> None:
    left, top, right, bottom = drawn(drawing, code).area("chosen").bounds
    assert min(left, top, WIDTH - right, HEIGHT - bottom) > 20
    assert right - left > 0.78 * WIDTH or bottom - top > 0.78 * HEIGHT


def test_its_neighbours_lie_around_it(drawing: Drawing) -> None:
    picture = drawn(drawing, MIDDLE)
    assert shapely.area(shapely.box(0, 0, WIDTH, HEIGHT) & picture.area("land")) == pytest.approx(
        WIDTH * HEIGHT, rel=0.01
    )
    assert len(picture.lines("edge")) >= 4


@given(lng=st.floats(170.2, 172.8), lat=st.floats(-41.8, -39.2))
def test_a_dot_is_where_its_place_is(drawing: Drawing, lng: float, lat: float) -> None:
    picture = drawn(drawing, MIDDLE, place=Place(lng, lat))
    area, dot = picture.area("chosen"), shapely.Point(picture.dot)
    if area.boundary.distance(dot) > 3:
        point = shapely.Point(lng, -np.degrees(np.arcsinh(np.tan(np.radians(lat)))))
        assert area.contains(dot) == drawing.shapes[MIDDLE].contains(point)
    assert 0 < dot.x < WIDTH
    assert 0 < dot.y < HEIGHT


def test_north_is_up_and_east_is_right(drawing: Drawing) -> None:
    def at(lng: float, lat: float) -> tuple[float, float]:
        return drawn(drawing, MIDDLE, place=Place(lng, lat)).dot

    west, north, east, south = (
        at(171.3, -40.5),
        at(171.5, -40.3),
        at(171.7, -40.5),
        at(171.5, -40.7),
    )
    assert west[0] < north[0] < east[0]
    assert north[1] < west[1] < south[1]


def test_the_chatham_islands_are_in_one_piece_though_180_lies_between(drawing: Drawing) -> None:
    island = drawn(drawing, CHATHAMS, place=Place(-176.5, -44.0))
    assert island.area("chosen").contains(shapely.Point(island.dot))
    across = drawing_of(A=shapely.box(179, -45, 180, -43) | shapely.box(-180, -45, -179, -43))
    assert len(drawn(across, "A").lines("chosen")) == 1


def test_an_island_far_out_is_left_outside_unless_the_place_is_there() -> None:
    mainland, island = shapely.box(172, -42, 173, -41), shapely.box(-177, -44, -176.7, -43.7)
    drawing = drawing_of(A=mainland | island)
    assert len(drawn(drawing, "A").lines("chosen")) == 1
    there = drawn(drawing, "A", place=Place(-176.85, -43.9))
    assert there.area("chosen").contains(shapely.Point(there.dot))
    assert there.area("chosen").area > 0.3 * WIDTH * HEIGHT


def test_an_island_close_by_is_in_the_picture() -> None:
    drawing = drawing_of(A=shapely.box(172, -42, 173, -41) | shapely.box(173.2, -42, 173.5, -41.6))
    assert len(drawn(drawing, "A").lines("chosen")) == 2


def test_several_catchments_are_brought_out_together(drawing: Drawing) -> None:
    picture = drawn(drawing, MIDDLE, "ZZ-05", "none")
    left, _, right, _ = picture.area("chosen").bounds
    assert len(picture.lines("chosen")) == 2
    assert 0.7 * WIDTH < right - left < WIDTH
    assert left == pytest.approx(WIDTH - right, abs=1)


def test_a_place_alone_has_a_picture_with_the_coast_near_it(drawing: Drawing) -> None:
    picture = drawn(drawing, place=Place(171.5, -40.5))
    assert picture.dot == (WIDTH / 2, HEIGHT / 2)
    assert picture.lines("land")
    assert picture.lines("chosen") == []


@pytest.mark.parametrize("place", [Place(0, 0), Place(-60, 45), Place(174, 80)])
def test_a_place_on_the_other_side_of_the_world_changes_nothing(
    place: Place, drawing: Drawing
) -> None:
    assert locator_svg(drawing, codes=[], place=place, label="") is None
    with_place = locator_svg(drawing, codes=[MIDDLE], place=place, label="")
    assert with_place == locator_svg(drawing, codes=[MIDDLE], label="")


def test_a_place_in_the_sea_has_a_picture(drawing: Drawing) -> None:
    assert drawn(drawing, place=Place(177.5, -40.5)).lines("land") == []


# --- names ----------------------------------------------------------------------------------------


def test_names_are_written_inside_their_own_area(drawing: Drawing) -> None:
    names = {code: f"Name {code[-1]}" for code in drawing.shapes}
    picture = drawn(drawing, MIDDLE, names=names)
    (chosen,) = picture.all("locator-chosen-name")
    assert chosen.text == "Name 4"
    own = shapely.Point(float(chosen.get("x", "")), float(chosen.get("y", "")))
    assert picture.area("chosen").contains(own)
    others = picture.all("locator-name")
    assert {e.text for e in others} >= {"Name 1", "Name 3", "Name 5", "Name 7"}
    places = [shapely.Point(float(e.get("x", "")), float(e.get("y", ""))) for e in others]
    assert not any(picture.area("chosen").contains(place) for place in places)


def test_a_name_that_does_not_fit_is_left_out(drawing: Drawing) -> None:
    assert drawn(drawing, MIDDLE, names={MIDDLE: "N" * 80}).names() == []


def test_hostile_names_are_text(drawing: Drawing, hostile: tuple[str, ...]) -> None:
    for name in (*hostile, "<b>", "a\u202eb", "&amp;"):
        picture = drawn(drawing, MIDDLE, names={MIDDLE: name})
        assert [text for text in picture.names() if text != name] == []
        assert picture.root.find(".//script") is None
    assert drawn(drawing, MIDDLE, names={MIDDLE: "<b>"}).names() == ["<b>"]


# --- where in the country -------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["ZZ-00", "ZZ-08", CHATHAMS])
def test_the_inset_marks_where_the_picture_is(code: str, drawing: Drawing) -> None:
    picture = drawn(drawing, code)
    (marked,) = picture.all("locator-window")
    shape = drawing.shapes[code].centroid
    left, _, right, _ = shapely.total_bounds(drawing.land)
    x = (float(marked.get("x", "")) + float(marked.get("width", "")) / 2) / 76
    assert x == pytest.approx(0.09 + 0.82 * (shape.x - left) / (right - left), abs=0.06)


def test_a_picture_of_most_of_the_country_has_no_inset(drawing: Drawing) -> None:
    assert drawn(drawing, "ZZ-00", CHATHAMS).all("locator-inset") == []


@given(lng=st.floats(171.0, 172.0), lat=st.floats(-41.0, -40.0))
def test_the_inset_never_hides_the_place(drawing: Drawing, lng: float, lat: float) -> None:
    picture = drawn(drawing, MIDDLE, place=Place(lng, lat))
    (inset,) = picture.all("locator-inset")
    x, y = map(float, re.findall(r"[\d.]+", inset.get("transform", "")))
    assert not shapely.box(x, y, x + 76, y + 76).intersects(shapely.Point(picture.dot))


# --- how light it is ------------------------------------------------------------------------------


def test_a_crooked_coast_is_thinned_until_it_is_light() -> None:
    around = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    radius = 0.7 + 0.15 * np.sin(900 * around)
    star = np.column_stack([172 + radius * np.cos(around), -41 + radius * np.sin(around)])
    drawing = drawing_of(A=shapely.Polygon(np.round(star, 4)).buffer(0))
    assert sum(map(len, drawn(drawing, "A").lines("land"))) <= POINTS_AT_MOST
    assert len(drawn(drawing, "A").markup) < 12_000


def test_no_point_is_written_twice_running(drawing: Drawing) -> None:
    for code in drawing.shapes:
        for name in ("land", "edge", "chosen"):
            for line in drawn(drawing, code).lines(name):
                assert all(a != b for a, b in itertools.pairwise(line))


def test_every_picture_of_the_demonstration_is_light(demonstration_database: Path) -> None:
    with opened(demonstration_database) as store:
        kept, edition = store.artefact(1, TOPOLOGY), store.edition(1)
    assert kept is not None
    drawing = read_drawing(kept.content)
    names = {code: catchment.name for code, catchment in edition.catchments.items()}
    pictures = {
        code: locator_svg(drawing, codes=[code], label=f"Map of {names[code]}", names=names) or ""
        for code in edition.catchments
    }
    assert [code for code, svg in pictures.items() if not 1_000 < len(svg) < 12_000] == []
    assert sum(name in Picture(pictures[code]).names() for code, name in names.items()) > 70


def test_nothing_heavy_is_imported() -> None:
    heavy = "{'pandas', 'geopandas', 'folium', 'branca', 'pyogrio'}"
    script = f"import sys, maps.locator; print({heavy} & set(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"


def test_longitudes_of_either_frame_are_one(drawing: Drawing) -> None:
    east = drawn(drawing, CHATHAMS, place=Place(183.5, -44.0))
    assert east.markup == drawn(drawing, CHATHAMS, place=Place(to_180(183.5), -44.0)).markup


# --- before and after -----------------------------------------------------------------------------


def test_two_pictures_of_one_window_show_before_and_after_with_what_changes_marked() -> None:
    left, right = shapely.box(174, -39, 175, -38), shapely.box(175, -39, 176, -38)
    taken = shapely.box(174.5, -39, 175, -38)
    before = edition_of(A=left, B=right)
    after = edition_of(A=left.difference(taken), B=right.union(taken))
    redrawn = display_differences(before, after, {"A", "B"})
    one, two = map(
        Picture,
        pictures(
            drawing_of(A=left, B=right),
            (before, after),
            redrawn,
            codes=["B"],
            schools=[Place(174.75, -38.5), Place(0, 0)],
            labels=("Before", 'After <"&'),
        ),
    )
    assert (one.area("marked").area, len(two.all("locator-marked"))) == (0, 1)
    grown = one.area("chosen").union(two.area("marked"))
    assert two.area("chosen").symmetric_difference(grown).area < 0.01 * grown.area
    assert len(one.all("locator-school")) == len(two.all("locator-school")) == 1
    assert two.root.get("aria-label") == 'After <"&'
    edges = shapely.union_all([shapely.LineString(line) for line in two.lines("edge")])
    assert edges.intersection(two.area("chosen").buffer(-3)).is_empty, "the old edge is gone"


def test_a_draft_that_redraws_nothing_has_the_same_ground_twice() -> None:
    edition = edition_of(A=shapely.box(174, -39, 175, -38), B=shapely.box(175, -39, 176, -38))
    nothing = display_differences(edition, edition, set())
    given = drawing_of(**edition.boundaries)
    one, two = pictures(
        given, (edition, edition), nothing, codes=["A"], schools=[], labels=("x", "x")
    )
    assert one == two != ""
    assert pictures(given, (edition, edition), nothing, codes=[], schools=[], labels=("", "")) == (
        "",
        "",
    )
