"""The map of an edition for print: one A3 page, and in the PDF a list of who serves where.

A page is measured in millimetres from its lower left corner. Nothing on it depends on when or
where it is drawn, so that the same edition gives the same bytes.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import CHATHAM_LNG_360, CHATHAM_TM2000, NZTM2000, to_metres
from maps.colours import EDGE, INK, SEA, region_colour, regions_in_order
from maps.exports.export_input import ExportInput
from maps.lettering import Box, lettered
from maps.tagging import Part, Reading, tagged
from maps.wording import DO_NOT_USE, credit_lines, in_force, one_line

PAGE_MM = (297.0, 420.0)
MM_PER_INCH, POINTS_PER_INCH = 25.4, 72.0
DOTS_PER_INCH = 200
PAGE = "page of the map"
TITLE = "Attendance service catchments"
NAME_SIZES = (7.5, 6.5, 5.5)
"""Points: a name is set in the largest in which it fits its area."""
NUMBER_SIZE = 5.0
WARNING_INK, WARNING_PAPER, FRAME = "#7a1f12", "#fdecea", "#5d7280"
NAMES_AT_MOST = 2_000
LIST_TOP, LIST_BOTTOM, LIST_LINE_MM, LIST_COLUMNS = 388.0, 18.0, 5.0, 2
"""Of a page of the list."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the page that shows a part of the country."""

    crs: str
    west: float
    south: float
    """Metres in `crs`, of its lower left corner."""
    metres_per_mm: float
    left: float
    bottom: float
    width: float
    height: float

    @property
    def box(self) -> BaseGeometry:
        """What it covers of the page."""
        right, top = self.left + self.width, self.bottom + self.height
        return shapely.box(self.left, self.bottom, right, top)

    def placed(self, boundary: BaseGeometry) -> BaseGeometry:
        """Return a boundary (0…360 degrees) as it lies on the page, cut at the window's edge."""
        metres = to_metres(boundary, crs=self.crs)
        on_page = shapely.transform(
            metres,
            lambda xy: (
                (xy - (self.west, self.south)) / self.metres_per_mm + (self.left, self.bottom)
            ),
        )
        return shapely.intersection(shapely.make_valid(on_page), self.box)


MAIN = Window(NZTM2000, 1_070_000, 4_745_000, 3_750, 10, 24, 277, 388)
AUCKLAND = Window(NZTM2000, 1_700_000, 5_862_000, 950, 14, 238, 120, 130)
WELLINGTON = Window(NZTM2000, 1_738_000, 5_413_000, 950, 199, 117, 50, 62)
CHATHAMS = Window(CHATHAM_TM2000, 3_450_000, 5_068_000, 3_750, 254, 117, 30, 30)
ENLARGED = (AUCKLAND, WELLINGTON)
"""Where catchments are too small for the map of the whole country."""


def map_png(material: ExportInput) -> bytes:
    """Return the map as a picture, A3 at 200 dots an inch."""
    with _same_each_time():
        written = io.BytesIO()
        canvas = FigureCanvasAgg(_map_page(material).figure)
        canvas.print_figure(
            written, format="png", metadata={"Software": None, "Title": _title(material)}
        )
    return written.getvalue()


def map_pdf(material: ExportInput) -> bytes:
    """Return the map as a PDF, A3, with pages that list each catchment and its provider."""
    with _same_each_time():
        written = io.BytesIO()
        about = {
            "Title": _title(material),
            "Subject": one_line(in_force(material)),
            "Creator": None,
            "Producer": None,
            "CreationDate": None,
        }
        with PdfPages(written, metadata=about) as pages:
            drawn = [_map_page(material), *_list_pages(material)]
            for page in drawn:
                FigureCanvasPdf(page.figure)
                pages.savefig(page.figure)
    return tagged(written.getvalue(), [page.reading for page in drawn], title=_title(material))


def _title(material: ExportInput) -> str:
    return f"{TITLE}, edition {material.edition.number}"


@contextmanager
def _same_each_time() -> Iterator[None]:
    """Set what a configuration file of whoever runs it might set otherwise."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        # TrueType, so that names can be searched for and copied.
        mpl.rcParams.update({"pdf.fonttype": 42, "font.family": "DejaVu Sans"})
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # it is drawn as a box
        yield


# --- the page -------------------------------------------------------------------------------------


class _Page:
    """A page to draw on, in millimetres."""

    def __init__(self) -> None:
        width, height = PAGE_MM
        size = (width / MM_PER_INCH, height / MM_PER_INCH)
        self.figure = Figure(figsize=size, dpi=DOTS_PER_INCH)
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, width), ylim=(0, height))
        self._axes.set_axis_off()
        self.reading = Reading()

    def part(self, kind: str) -> Part:
        """Return the next part of what is read of the page."""
        self.reading.parts.append(Part(kind))
        return self.reading.parts[-1]

    def picture(self, alt: str) -> None:
        """Have all that is drawn, and has no part of its own, be a figure that shows this."""
        self.reading.picture = self.part("Figure")
        self.reading.picture.alt = alt

    def area(self, shape: BaseGeometry, **style: Any) -> None:
        """Fill polygons."""
        path = _path(shape)
        if path is not None:
            # Not add_patch: it would measure every line for limits that are set already.
            self._axes.add_artist(PathPatch(path, **style))

    def box(self, left: float, bottom: float, width: float, height: float, **style: Any) -> None:
        """Draw a rectangle."""
        self._axes.add_artist(Rectangle((left, bottom), width, height, **style))

    def text(
        self, x: float, y: float, text: str, size: float, part: Part | None = None, **style: Any
    ) -> None:
        """Write a line, as it is: a dollar sign begins no formula."""
        if part and text:
            part.texts.append(self.reading.drawn)
        self.reading.drawn += bool(text)
        self._axes.text(x, y, text, fontsize=size, parse_math=False, **{"color": INK, **style})

    def line(self, xs: Sequence[float], ys: Sequence[float], **style: Any) -> None:
        """Draw a line."""
        self._axes.plot(xs, ys, **style)


def _path(shape: BaseGeometry) -> Path | None:
    rings = shapely.get_rings([p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"])
    if not len(rings):
        return None
    points, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(points), Path.LINETO, dtype=np.uint8)
    starts = np.append(True, ring[1:] != ring[:-1])
    codes[starts] = Path.MOVETO
    codes[np.append(starts[1:], True)] = Path.CLOSEPOLY
    return Path(points, codes)


def _map_page(material: ExportInput) -> _Page:
    """Return the page with the map, drawn once for picture and PDF."""
    if PAGE not in material.memo:
        material.memo[PAGE] = _drawn_page(material)
    page: _Page = material.memo[PAGE]
    return page


def _drawn_page(material: ExportInput) -> _Page:
    page = _Page()
    _draw_title(page, material)
    page.picture(_shown(material))
    _draw_maps(page, material)
    _draw_captions(page)
    _draw_legend(page, material)
    _draw_scale(page)
    _draw_footer(page, material)
    return page


def _shown(material: ExportInput) -> str:
    """Return in words what the map shows."""
    regions = {catchment.education_region for catchment in material.catchments} - {""}
    return (
        f"Map of New Zealand with the areas of {len(material.drawn)} catchments, coloured by their "
        f"{len(regions)} education regions. Auckland and Wellington are enlarged; the Chatham "
        "Islands are in a box. The list on the pages that follow names each catchment and its "
        "provider."
    )


# --- the maps -------------------------------------------------------------------------------------

Placed = Mapping[str, BaseGeometry]


def _draw_maps(page: _Page, material: ExportInput) -> None:
    windows = (MAIN, *ENLARGED, CHATHAMS)
    placed = {window: _placed(window, material.drawn) for window in windows}
    named: set[str] = set()
    for window in windows:
        insets = [each.box.bounds for each in windows[1:]] if window is MAIN else []
        _draw_window(page, material, window, placed[window])
        named |= _draw_names(page, material, placed[window], insets)
    _draw_numbers(page, material, placed, named)


def _placed(window: Window, areas: Placed) -> Placed:
    found = {code: window.placed(_near(window, area)) for code, area in areas.items()}
    return {code: area for code, area in found.items() if not area.is_empty}


def _near(window: Window, area: BaseGeometry) -> BaseGeometry:
    """Return the parts of an area that a window's projection is meant for."""
    far_east = window.crs == CHATHAM_TM2000
    parts = [p for p in shapely.get_parts(area) if (p.bounds[0] > CHATHAM_LNG_360) == far_east]
    return shapely.MultiPolygon(parts)


def _draw_window(page: _Page, material: ExportInput, window: Window, placed: Placed) -> None:
    page.box(window.left, window.bottom, window.width, window.height, facecolor=SEA, lw=0)
    regions: dict[str, list[BaseGeometry]] = {}
    for code, area in placed.items():
        region = material.edition.catchments[code].education_region
        regions.setdefault(region, []).append(area)
        page.area(area, facecolor=region_colour(region), edgecolor=EDGE, lw=0.5)
    for region in regions_in_order(set(regions)):
        outline = shapely.union_all(regions[region])
        page.area(outline, facecolor="none", edgecolor=INK, lw=0.5, joinstyle="round")
    page.box(window.left, window.bottom, window.width, window.height, fill=False, ec=FRAME, lw=0.8)


def _draw_names(
    page: _Page, material: ExportInput, placed: Placed, taken: Sequence[Box]
) -> set[str]:
    """Write each name that fits into its area; return the codes of those that do."""
    boxes, done = list(taken), set()
    largest_first = sorted(placed, key=lambda code: (-placed[code].area, code))
    for size in NAME_SIZES:
        pixel_mm = size / 13 / POINTS_PER_INCH * MM_PER_INCH
        left = [(c, _scaled(placed[c], 1 / pixel_mm)) for c in largest_first if c not in done]
        names = {code: _name(material, code) for code, _ in left}
        clear = [_scaled_box(box, 1 / pixel_mm) for box in boxes]
        for each in lettered(left, names, taken=clear, at_most=NAMES_AT_MOST):
            x, y = each.x * pixel_mm, each.y * pixel_mm
            page.text(x, y, each.name, size, ha="center", va="center_baseline")
            boxes.append(_scaled_box(each.box, pixel_mm))
            done.add(each.code)
    return done


def _scaled(area: BaseGeometry, by: float) -> BaseGeometry:
    return shapely.transform(area, lambda xy: xy * by)


def _scaled_box(box: Box, by: float) -> Box:
    return (box[0] * by, box[1] * by, box[2] * by, box[3] * by)


def _name(material: ExportInput, code: str) -> str:
    return one_line(material.edition.catchments[code].name, 40)


def _draw_numbers(
    page: _Page, material: ExportInput, placed: Mapping[Window, Placed], named: set[str]
) -> None:
    """Number the catchments whose name fits nowhere, and list them, north to south."""
    points = {code: _middle(material.drawn[code]) for code in material.drawn if code not in named}
    codes = sorted(points, key=lambda code: (-points[code].y, code))
    numbers = {code: str(number) for number, code in enumerate(codes, 1)}
    for window, areas in placed.items():
        for code in filter(areas.__contains__, codes):
            at = _middle(areas[code])
            if window is not MAIN or not _is_enlarged(code, placed):
                style: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
                page.text(at.x, at.y, numbers[code], NUMBER_SIZE, weight="bold", **style)
    _list_numbers(page, [_name(material, code) for code in codes])


def _middle(area: BaseGeometry) -> BaseGeometry:
    return shapely.maximum_inscribed_circle(area, tolerance=0.02).centroid


def _is_enlarged(code: str, placed: Mapping[Window, Placed]) -> bool:
    """Whether most of a catchment is in sight in a window that enlarges it."""
    for window in ENLARGED:
        whole, part = placed[MAIN].get(code), placed[window].get(code)
        scale = (window.metres_per_mm / MAIN.metres_per_mm) ** 2
        if whole and part and part.area * scale > whole.area / 2:
            return True
    return False


def _list_numbers(page: _Page, names: Sequence[str]) -> None:
    if not names:
        return
    left, top, line_mm = 14.0, 228.0, 3.0
    rows = min(26, -(-len(names) // 2))
    page.text(left, top, "Numbers on the map", 7.5, page.part("H2"), weight="bold")
    for at, name in enumerate(names[: rows * 2]):
        x, y = left + at // rows * 40, top - 4.5 - at % rows * line_mm
        part = page.part("P")
        page.text(x + 4.5, y, str(at + 1), 6, part, ha="right", weight="bold")
        page.text(x + 6, y, one_line(name, 28), 6, part)
    if len(names) > rows * 2:
        more = f"and {len(names) - rows * 2} more: see the tables of this edition"
        page.text(left, top - 5 - rows * line_mm, more, 6, page.part("P"))


# --- around the maps ------------------------------------------------------------------------------


def _draw_title(page: _Page, material: ExportInput) -> None:
    heading = page.part("H1")
    page.text(15, 398, "Attendance service", 25, heading, weight="bold")
    page.text(15, 387, "catchments", 25, heading, weight="bold")
    lines, part = textwrap.wrap(in_force(material), 64)[:2], page.part("P")
    for at, line in enumerate(lines):
        page.text(15, 380.5 - at * 4, line, 9, part)
    if material.demonstration:
        box = {"facecolor": WARNING_PAPER, "edgecolor": WARNING_INK, "lw": 1}
        page.box(188, 399, 95, 9, zorder=1.5, **box)  # over the sea, which is drawn later
        warning = page.part("P")
        page.text(191, 404.3, "Demonstration data", 9, warning, weight="bold", color=WARNING_INK)
        page.text(191, 400.9, DO_NOT_USE, 5.6, warning, color=WARNING_INK)


def _draw_captions(page: _Page) -> None:
    _draw_caption(page, AUCKLAND, "Auckland, enlarged")
    _draw_caption(page, WELLINGTON, "Wellington, enlarged")
    page.text(CHATHAMS.left, CHATHAMS.bottom - 3.4, "Chatham Islands: same scale,", 5.8)
    page.text(CHATHAMS.left, CHATHAMS.bottom - 6.2, "800 km east of Christchurch", 5.8)


def _draw_caption(page: _Page, window: Window, text: str) -> None:
    page.text(window.left, window.bottom - 3.4, text, 5.8)


def _draw_legend(page: _Page, material: ExportInput) -> None:
    left, top, line_mm = 200.0, 91.0, 5.0
    regions = regions_in_order({c.education_region for c in material.catchments})
    page.text(left, top, "Education regions", 9, page.part("H2"), weight="bold")
    for at, region in enumerate(regions[:12]):
        y = top - 5.5 - at * line_mm
        colour = region_colour(region)
        page.box(left, y - 0.6, 6, 3.4, facecolor=colour, edgecolor=INK, lw=0.5)
        page.text(left + 8, y, one_line(region, 40) or "No region recorded", 7.5, page.part("P"))


def _draw_scale(page: _Page) -> None:
    left, bottom, km = 200.0, 101.0, 100
    width = km * 1000 / MAIN.metres_per_mm
    page.line([left, left, left + width, left + width], [102.5, 101, 101, 102.5], color=INK, lw=0.8)
    page.text(left, bottom + 3, "0", 6, ha="center")
    page.text(left + width, bottom + 3, f"{km} km", 6, ha="center")
    page.text(left + width + 8, bottom + 0.6, "1 : 3,750,000 on A3", 6)


def _draw_footer(page: _Page, material: ExportInput) -> None:
    drawn = (
        "Names are those of catchments. Boundaries are simplified for print; projection NZTM2000 "
        "(EPSG:2193), on the Chatham Islands EPSG:3793. Ask the service, not this map, who "
        "serves a school or an address."
    )
    told = [drawn, "Sources: " + "; ".join(credit_lines(material))]
    parts = [(page.part("P"), textwrap.wrap(text, 255)) for text in told]
    lines = [(line, part) for part, wrapped in parts for line in wrapped][:7]
    for at, (line, part) in enumerate(lines):
        page.text(10, 20 - at * 2.7, line, 5.6, part)


# --- the list -------------------------------------------------------------------------------------

Row = tuple[str, ...]
"""A heading, or catchment, provider and telephone number; empty for a space."""


def _list_pages(material: ExportInput) -> Iterator[_Page]:
    """Yield pages that list catchments region by region, with provider and telephone number."""
    columns = _columns(list(_blocks(material)))
    for start in range(0, len(columns), LIST_COLUMNS):
        page = _Page()
        page.text(15, 403, "Catchments and their providers", 18, page.part("H1"), weight="bold")
        page.text(15, 397, in_force(material), 8, page.part("P"))
        if material.demonstration:
            warning = page.part("P")
            style: dict[str, Any] = {"ha": "right", "color": WARNING_INK}
            page.text(282, 403, "Demonstration data", 9, warning, **style)
            page.text(282, 399.5, DO_NOT_USE, 5.6, warning, **style)
        for at, column in enumerate(columns[start : start + LIST_COLUMNS]):
            for down, row in enumerate(column):
                _draw_row(page, row, 15 + at * 137, LIST_TOP - down * LIST_LINE_MM)
        yield page


def _blocks(material: ExportInput) -> Iterator[list[Row]]:
    """Yield each region's rows, north to south."""
    by_region: dict[str, list[Catchment]] = {}
    for catchment in material.catchments:
        by_region.setdefault(catchment.education_region, []).append(catchment)
    for region in regions_in_order(set(by_region)):
        heading = one_line(region, 60) or "No region recorded"
        by_name = sorted(by_region[region], key=lambda c: (folded(c.name), c.code))
        yield [(heading,), *(_row(material, catchment) for catchment in by_name), ()]


def _row(material: ExportInput, catchment: Catchment) -> Row:
    provider = material.provider(catchment)
    name, phone = (provider.name, provider.phone) if provider else ("No provider is recorded", "")
    return one_line(catchment.name, 28), one_line(name, 46), one_line(phone, 18)


def _columns(blocks: Sequence[list[Row]]) -> list[list[Row]]:
    """Return rows in columns of like height; a region begins another rather than be parted."""
    most = int((LIST_TOP - LIST_BOTTOM) / LIST_LINE_MM)
    rows = sum(map(len, blocks))
    aim = min(most, -(-rows // LIST_COLUMNS) + max(map(len, blocks), default=0) // 2)
    columns: list[list[Row]] = [[]]
    for block in blocks:
        if columns[-1] and len(columns[-1]) + len(block) - 1 > aim:
            columns.append([])
        for row in block:
            if len(columns[-1]) >= most:
                columns.append([])
            columns[-1].append(row)
    return columns


def _draw_row(page: _Page, row: Row, x: float, y: float) -> None:
    if len(row) == 1:
        page.text(x, y, row[0], 9, page.part("H2"), weight="bold")
        page.line([x, x + 130], [y - 1.2, y - 1.2], color=FRAME, lw=0.5)
    elif row:
        told = _table_of(page).part("TR")
        for text, offset, kind in zip(row, (0, 38, 107), ("TH", "TD", "TD"), strict=True):
            page.text(x + offset, y, text, 7, told.part(kind))


def _table_of(page: _Page) -> Part:
    """Return the table that a row belongs to: the one that was begun, or one that begins here."""
    last = page.reading.parts[-1]
    return last if last.kind == "Table" else page.part("Table")
