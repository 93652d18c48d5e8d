"""Pages: what is drawn on them is where it was put, in the PDF and in the picture, and is read."""

from __future__ import annotations

import io
import re

import pikepdf
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maps.paper.faces import face
from maps.paper.page import INK, Page
from maps.paper.pdf_file import pdf_of
from maps.paper.picture_file import png_of
from tests import laws

POINTS_PER_MM = 72 / 25.4
RING = shapely.box(10, 10, 40, 40).difference(shapely.box(20, 20, 30, 30))


def blank() -> Page:
    return Page(50, 60, POINTS_PER_MM)


def pictured(page: Page, *, dots_per_inch: int = 254) -> Image.Image:
    """A page at ten dots a millimetre."""
    return Image.open(io.BytesIO(png_of(page, dots_per_inch=dots_per_inch))).convert("RGB")


def dot(picture: Image.Image, x: float, y: float) -> str:
    """The colour at a place in millimetres from the lower left corner."""
    found = picture.getpixel((round(x * 10), picture.height - 1 - round(y * 10)))
    assert isinstance(found, tuple)
    return "#{:02x}{:02x}{:02x}".format(*found)


def written(*pages: Page) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf_of(pages, title="A title", subject="What it is")))


def content(pdf: pikepdf.Pdf, at: int = 0) -> str:
    return str(pdf.pages[at].Contents.read_bytes().decode())


def copied(pdf: pikepdf.Pdf, *, bold: bool = False) -> list[str]:
    """Each text as whoever copies it gets it: by the table beside the face."""
    name = f"F{int(bold)}"
    font = pdf.pages[0].Resources.Font[f"/{name}"]
    table = font.ToUnicode.read_bytes().decode()
    pairs = re.findall(r"^<(\w{4})> <(\w+)>$", table, re.MULTILINE)
    meaning = {glyph: bytes.fromhex(told).decode("utf-16-be") for glyph, told in pairs}
    texts = re.findall(rf"/{name} \S+ Tf \S+ \S+ Td <(\w*)> Tj", content(pdf))
    return ["".join(meaning.get(each[n : n + 4], "?") for n in range(0, len(each), 4))
            for each in texts]  # fmt: skip


def test_an_area_is_filled_around_its_hole_and_edged() -> None:
    page = blank()
    page.area(RING, fill="#ff0000", edge="#0000ff", edge_pt=2)
    picture = pictured(page)
    assert picture.size == (500, 600)
    assert dot(picture, 15, 15) == "#ff0000"
    assert dot(picture, 25, 25) == dot(picture, 5, 5) == "#ffffff"
    assert dot(picture, 10, 25) == dot(picture, 30, 25) == "#0000ff"
    told = content(written(page))
    assert told.count(" m ") == 2
    assert "1 0 0 rg" in told
    assert "B*" in told


def test_only_polygons_are_drawn() -> None:
    page = blank()
    page.area(shapely.GeometryCollection([shapely.Point(1, 1), shapely.Polygon()]), fill="#000000")
    page.area(shapely.LineString([(1, 1), (2, 2)]), fill="#000000")
    assert page.areas == []


def test_texts_lie_above_lines_and_lines_above_areas() -> None:
    page = blank()
    page.text((10, 10), "one", 8)
    page.line([(0, 12), (50, 12)], colour="#00ff00", width_pt=9)
    page.box((0, 0, 50, 60), fill="#ff0000")
    told = content(written(page))
    assert told.index("f*") < told.index("9 w") < told.index("Tj")
    assert dot(pictured(page), 45, 12) == "#00ff00"


@pytest.mark.parametrize("bold", [False, True])
def test_a_text_is_as_wide_in_the_picture_as_it_says(bold: bool) -> None:
    page, text = blank(), "Tāmaki Herenga"
    page.text((5, 30), text, 9, bold=bold)
    box = pictured(page).convert("L").point(lambda value: 255 * (value < 200)).getbbox()
    assert box
    # A kerned pair moves together by a little, and ink does not fill its room to the brim.
    assert (box[2] - box[0]) / 10 == pytest.approx(page.width_of(text, 9, bold=bold), rel=0.05)
    assert box[0] / 10 == pytest.approx(5, abs=0.4)


def test_a_text_is_put_left_of_its_place_and_about_it() -> None:
    page = blank()
    page.text((20, 30), "12", 10, along=1, middle=True)
    (text,) = page.texts
    assert text.x + page.width_of("12", 10) == pytest.approx(20)
    box = pictured(page).convert("L").point(lambda value: 255 * (value < 200)).getbbox()
    assert box
    assert 60 - (box[1] + box[3]) / 20 == pytest.approx(30, abs=0.2)


def test_texts_can_be_searched_and_copied() -> None:
    page = blank()
    told = ["Ōpōtiki – Whakatāne", "$x$ (a) <b> \\", ""]
    for at, each in enumerate(told):
        page.text((5, 10 + at * 5), each, 8)
    page.text((5, 50), "Bold", 8, bold=True)
    assert copied(written(page)) == told[:2]
    assert copied(written(page), bold=True) == ["Bold"]


def test_what_the_face_has_not_is_a_box_and_copied_as_no_other_letter() -> None:
    page = blank()
    page.text((5, 5), "a\U0001f6b2\U0001f6b3漢b", 8)
    assert copied(written(page)) == ["a???b"]
    assert face(bold=False).glyphs("漢") == [0]
    assert pictured(page).getbbox()


@settings(max_examples=laws.examples(20), deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["C"]), max_size=20), max_size=4))
def test_any_texts_give_the_same_bytes_each_time(texts: list[str]) -> None:
    page = blank()
    for each in texts:
        page.text((5, 5), each.strip(), 8, page.part("P"))
    assert pdf_of([page], title="t", subject="") == pdf_of([page], title="t", subject="")
    assert png_of(page, dots_per_inch=72) == png_of(page, dots_per_inch=72)
    glyphs = face(bold=False).glyphs
    drawn = [each.strip() for each in texts if each.strip()]
    # Characters that look the same are copied as one of them; what is drawn as a box as none.
    for each, found in zip(drawn, copied(written(page)), strict=True):
        assert glyphs(each) == [0 if one == "?" else glyphs(one)[0] for one in found] or "?" in each


def test_what_belongs_to_a_part_is_marked_as_its_own_and_the_rest_is_the_picture() -> None:
    page = blank()
    heading = page.part("H1")
    page.picture("A square")
    page.text((5, 50), "A heading", 8, heading)
    page.text((5, 40), "In the picture", 8)
    page.box((1, 1, 5, 5), fill=INK)
    with written(page) as pdf:
        marks = re.findall(r"/(\w+) <</MCID (\d)>> BDC", content(pdf))
        assert marks == [("Figure", "0"), ("H1", "1"), ("Figure", "2")]
        (document,) = pdf.Root.StructTreeRoot.K
        first, second = document.K
        assert (first.S, [int(mark) for mark in first.K]) == (pikepdf.Name.H1, [1])
        assert (second.S, [int(mark) for mark in second.K]) == (pikepdf.Name.Figure, [0, 2])
        assert str(second.Alt) == "A square"


def test_without_a_picture_what_has_no_part_is_passed_over() -> None:
    page = blank()
    page.text((5, 40), "7", 8)
    assert "/Artifact BMC" in content(written(page))
