"""The picture of an edition that others show beside a link to a page: 1200 × 630 pixels.

It is measured in pixels from its lower left corner. Nothing on it depends on when or where it is
drawn, so that the same edition gives the same bytes.
"""

from __future__ import annotations

import io
import textwrap
from typing import Any

import matplotlib as mpl
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from shapely.geometry.base import BaseGeometry
from shapely.plotting import patch_from_polygon

from catchments.geometry.coordinates import CHATHAM_LNG_360, CHATHAM_TM2000, NZTM2000
from maps.colours import EDGE, INK, SEA, region_colour
from maps.exports.export_input import ExportInput
from maps.printing import Window
from maps.wording import DO_NOT_USE, in_force

WIDTH, HEIGHT = 1200, 630
DOTS_PER_INCH = 100
METRES_PER_PIXEL = 2_450
COUNTRY = Window(NZTM2000, 1_060_000, 4_720_000, METRES_PER_PIXEL, 730, 10, 440, 610)
CHATHAMS = Window(CHATHAM_TM2000, 3_445_000, 5_065_000, METRES_PER_PIXEL, 1120, 150, 50, 50)
MARGIN = 60
WARNING_INK, WARNING_PAPER = "#7a1f12", "#fdecea"


def picture_png(material: ExportInput) -> bytes:
    """Return the picture of all catchments, with what they are and from when they hold."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["font.family"] = "DejaVu Sans"
        written = io.BytesIO()
        canvas = FigureCanvasAgg(_drawn(material))
        canvas.print_figure(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _drawn(material: ExportInput) -> Figure:
    figure = Figure(figsize=(WIDTH / DOTS_PER_INCH, HEIGHT / DOTS_PER_INCH), dpi=DOTS_PER_INCH)
    figure.set_facecolor(SEA)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.set_axis_off()
    for window in (COUNTRY, CHATHAMS):
        _draw_areas(axes, material, window)
    _write(axes, material)
    return figure


def _draw_areas(axes: Axes, material: ExportInput, window: Window) -> None:
    for code, area in material.drawn.items():
        near = _near(window, area)
        if near.is_empty:
            continue
        colour = region_colour(material.edition.catchments[code].education_region)
        for part in shapely.get_parts(window.placed(near)):
            if part.geom_type == "Polygon":
                axes.add_artist(patch_from_polygon(part, facecolor=colour, edgecolor=EDGE, lw=0.5))


def _near(window: Window, area: BaseGeometry) -> BaseGeometry:
    """Return the parts of an area that a window's projection is meant for."""
    far_east = window.crs == CHATHAM_TM2000
    parts = [p for p in shapely.get_parts(area) if (p.bounds[0] > CHATHAM_LNG_360) == far_east]
    return shapely.MultiPolygon(parts)


def _write(axes: Axes, material: ExportInput) -> None:
    _line(axes, 430, "Attendance service", 34, weight="bold")
    _line(axes, 372, "catchments", 34, weight="bold")
    for at, text in enumerate(textwrap.wrap(in_force(material), 50)[:3]):
        _line(axes, 315 - at * 30, text, 15)
    if material.demonstration:
        box = {"facecolor": WARNING_PAPER, "edgecolor": WARNING_INK, "pad": 10}
        _line(axes, 530, "Demonstration data", 22, weight="bold", color=WARNING_INK, bbox=box)
        _line(axes, 190, DO_NOT_USE, 11, color=WARNING_INK)


def _line(axes: Axes, y: float, text: str, size: float, **style: Any) -> None:
    # As it is: a dollar sign begins no formula.
    axes.text(MARGIN, y, text, fontsize=size, parse_math=False, **{"color": INK, **style})
