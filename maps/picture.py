"""The picture of an edition that others show beside a link to a page: 1200 × 630 pixels.

It is measured in pixels from its lower left corner. Nothing on it depends on when or where it is
drawn, so that the same edition gives the same bytes.
"""

from __future__ import annotations

import textwrap

from catchments.geometry.coordinates import CHATHAM_TM2000, NZTM2000
from maps.colours import EDGE, SEA, region_colour
from maps.exports.export_input import ExportInput
from maps.paper.page import Page
from maps.paper.picture_file import POINTS_PER_INCH, png_of
from maps.printing import Window, near
from maps.wording import DO_NOT_USE, in_force

WIDTH, HEIGHT = 1200, 630
DOTS_PER_INCH = 100
METRES_PER_PIXEL = 2_450
COUNTRY = Window(NZTM2000, 1_060_000, 4_720_000, METRES_PER_PIXEL, 730, 10, 440, 610)
CHATHAMS = Window(CHATHAM_TM2000, 3_445_000, 5_065_000, METRES_PER_PIXEL, 1120, 150, 50, 50)
MARGIN, ROOM = 60, 14
DEMONSTRATION = "Demonstration data"
WARNING_INK, WARNING_PAPER = "#7a1f12", "#fdecea"


def picture_png(material: ExportInput) -> bytes:
    """Return the picture of all catchments, with what they are and from when they hold."""
    page = Page(WIDTH, HEIGHT, points_per_unit=POINTS_PER_INCH / DOTS_PER_INCH)
    for window in (COUNTRY, CHATHAMS):
        _draw_areas(page, material, window)
    _write(page, material)
    return png_of(page, dots_per_inch=DOTS_PER_INCH, paper=SEA, finer=3)


def _draw_areas(page: Page, material: ExportInput, window: Window) -> None:
    for code, area in material.drawn.items():
        here = near(window.crs, area)
        if not here.is_empty:
            colour = region_colour(material.edition.catchments[code].education_region)
            page.area(window.placed(here), fill=colour, edge=EDGE)


def _write(page: Page, material: ExportInput) -> None:
    page.text((MARGIN, 430), "Attendance service", 34, bold=True)
    page.text((MARGIN, 372), "catchments", 34, bold=True)
    for at, text in enumerate(textwrap.wrap(in_force(material), 50)[:3]):
        page.text((MARGIN, 315 - at * 30), text, 15)
    if material.demonstration:
        box = _around(page, DEMONSTRATION, 530, 22)
        page.box(box, fill=WARNING_PAPER, edge=WARNING_INK, edge_pt=1)
        page.text((MARGIN, 530), DEMONSTRATION, 22, bold=True, colour=WARNING_INK)
        page.text((MARGIN, 190), DO_NOT_USE, 11, colour=WARNING_INK)


def _around(page: Page, text: str, y: float, size_pt: float) -> tuple[float, float, float, float]:
    """Return a box about a line in bold, with room on all sides."""
    height = size_pt / page.points_per_unit
    wide = page.width_of(text, size_pt, bold=True)
    return MARGIN - ROOM, y - ROOM, wide + 2 * ROOM, 0.73 * height + 2 * ROOM
