"""The map of an edition for print: one A3 page, and in the PDF a list of who serves where.

A page is measured in millimetres from its lower left corner. Nothing on it depends on when or
where it is drawn, so that the same edition gives the same bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from catchments.core.model import Catchment
from catchments.core.text_folding import folded
from catchments.geometry.coordinates import CHATHAM_LNG_360, CHATHAM_TM2000, NZTM2000, to_metres
from maps.colours import EDGE, INK, SEA, region_colour, regions_in_order
from maps.exports.export_input import ExportInput
from maps.lettering import Box, lettered
from maps.paper.page import Page
from maps.paper.pdf_file import pdf_of
from maps.paper.picture_file import POINTS_PER_INCH, png_of
from maps.paper.reading import Part
from maps.wording import DO_NOT_USE, credit_lines, in_force, one_line

PAGE_MM = (297.0, 420.0)
MM_PER_INCH = 25.4
POINTS_PER_MM = POINTS_PER_INCH / MM_PER_INCH
DOTS_PER_INCH = 200
PAGE = "page of the map"
TITLE = "Attendance service catchments"
NAME_SIZES = (7.5, 6.5, 5.5)
"""Points: a name is set in the largest in which it fits its area."""
NUMBER_SIZE = 5.0
WARNING_INK, WARNING_PAPER, FRAME = "#7a1f12", "#fdecea", "#5d7280"
WARNING_BOX = (188, 399, 95, 9)
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
    def frame(self) -> tuple[float, float, float, float]:
        """Its left, bottom, width and height on the page."""
        return self.left, self.bottom, self.width, self.height

    @property
    def box(self) -> BaseGeometry:
        """What it covers of the page."""
        right, top = self.left + self.width, self.bottom + self.height
        return shapely.box(self.left, self.bottom, right, top)

    def placed(self, boundary: BaseGeometry) -> BaseGeometry:
        """Return a boundary (0…360 degrees) as it lies on the page, cut at the window's edge."""
        return self.on_page(to_metres(boundary, crs=self.crs))

    def on_page(self, metres: BaseGeometry) -> BaseGeometry:
        """Return the same of a boundary in metres of `crs`."""
        bounds = shapely.box(*metres.bounds)
        if not self._reach.intersects(bounds):
            return shapely.Polygon()
        on_page = shapely.transform(
            metres,
            lambda xy: (
                (xy - (self.west, self.south)) / self.metres_per_mm + (self.left, self.bottom)
            ),
        )
        valid = shapely.make_valid(on_page)
        return valid if self._reach.covers(bounds) else shapely.intersection(valid, self.box)

    @property
    def _reach(self) -> BaseGeometry:
        """What it covers, in metres."""
        width, height = self.width * self.metres_per_mm, self.height * self.metres_per_mm
        return shapely.box(self.west, self.south, self.west + width, self.south + height)


MAIN = Window(NZTM2000, 1_070_000, 4_745_000, 3_750, 10, 24, 277, 388)
AUCKLAND = Window(NZTM2000, 1_700_000, 5_862_000, 950, 14, 238, 120, 130)
WELLINGTON = Window(NZTM2000, 1_738_000, 5_413_000, 950, 199, 117, 50, 62)
CHATHAMS = Window(CHATHAM_TM2000, 3_450_000, 5_068_000, 3_750, 254, 117, 30, 30)
ENLARGED = (AUCKLAND, WELLINGTON)
"""Where catchments are too small for the map of the whole country."""


def map_png(material: ExportInput) -> bytes:
    """Return the map as a picture, A3 at 200 dots an inch."""
    page = _map_page(material)
    return png_of(page, dots_per_inch=DOTS_PER_INCH, title=_title(material))


def map_pdf(material: ExportInput) -> bytes:
    """Return the map as a PDF, A3, with pages that list each catchment and its provider."""
    pages = [_map_page(material), *_list_pages(material)]
    return pdf_of(pages, title=_title(material), subject=one_line(in_force(material)))


def _title(material: ExportInput) -> str:
    return f"{TITLE}, edition {material.edition.number}"


# --- the page -------------------------------------------------------------------------------------


def _blank() -> Page:
    return Page(*PAGE_MM, points_per_unit=POINTS_PER_MM)


def _map_page(material: ExportInput) -> Page:
    """Return the page with the map, drawn once for picture and PDF."""
    return material.once(PAGE, lambda: _drawn_page(material))


def _drawn_page(material: ExportInput) -> Page:
    page = _blank()
    _draw_title(page, material)
    page.picture(_shown(material))
    _draw_maps(page, material)
    if material.demonstration:
        page.box(WARNING_BOX, fill=WARNING_PAPER, edge=WARNING_INK, edge_pt=1)  # over the sea
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


def _draw_maps(page: Page, material: ExportInput) -> None:
    windows = (MAIN, *ENLARGED, CHATHAMS)
    metres = {crs: _in_metres(crs, material.drawn) for crs in (MAIN.crs, CHATHAMS.crs)}
    outlines = _regions(material)
    regions = {crs: _in_metres(crs, outlines) for crs in metres}
    placed = {window: _placed(window, metres[window.crs]) for window in windows}
    named: set[str] = set()
    for window in windows:
        insets = [each.box.bounds for each in windows[1:]] if window is MAIN else []
        _draw_window(page, material, window, placed[window])
        for outline in _placed(window, regions[window.crs]).values():
            page.area(outline, edge=INK)
        page.box(window.frame, edge=FRAME, edge_pt=0.8)
        named |= _draw_names(page, material, placed[window], insets)
    _draw_numbers(page, material, placed, named)


def _regions(material: ExportInput) -> Placed:
    """Return the area of each region, north to south; what is drawn of catchments tiles."""
    members: dict[str, list[BaseGeometry]] = {}
    for code, area in material.drawn.items():
        region = material.edition.catchments[code].education_region
        members.setdefault(region, []).append(area)
    return {
        each: shapely.coverage_union_all(members[each]) for each in regions_in_order({*members})
    }


def _in_metres(crs: str, areas: Placed) -> Placed:
    here = {code: near(crs, area) for code, area in areas.items()}
    return {code: to_metres(area, crs=crs) for code, area in here.items() if not area.is_empty}


def _placed(window: Window, metres: Placed) -> Placed:
    found = {code: window.on_page(area) for code, area in metres.items()}
    return {code: area for code, area in found.items() if not area.is_empty}


def near(crs: str, area: BaseGeometry) -> BaseGeometry:
    """Return the parts of an area that a projection is meant for."""
    far_east = crs == CHATHAM_TM2000
    parts = [p for p in shapely.get_parts(area) if (p.bounds[0] > CHATHAM_LNG_360) == far_east]
    return shapely.MultiPolygon(parts)


def _draw_window(page: Page, material: ExportInput, window: Window, placed: Placed) -> None:
    page.box(window.frame, fill=SEA)
    for code, area in placed.items():
        region = material.edition.catchments[code].education_region
        page.area(area, fill=region_colour(region), edge=EDGE)


def _draw_names(
    page: Page, material: ExportInput, placed: Placed, taken: Sequence[Box]
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
            page.text((x, y), each.name, size, along=0.5, middle=True)
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
    page: Page, material: ExportInput, placed: Mapping[Window, Placed], named: set[str]
) -> None:
    """Number the catchments whose name fits nowhere, and list them, north to south."""
    points = {code: _middle(material.drawn[code]) for code in material.drawn if code not in named}
    codes = sorted(points, key=lambda code: (-points[code].y, code))
    numbers = {code: str(number) for number, code in enumerate(codes, 1)}
    for window, areas in placed.items():
        for code in filter(areas.__contains__, codes):
            at = _middle(areas[code])
            if window is not MAIN or not _is_enlarged(code, placed):
                number = numbers[code]
                page.text((at.x, at.y), number, NUMBER_SIZE, bold=True, along=0.5, middle=True)
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


def _list_numbers(page: Page, names: Sequence[str]) -> None:
    if not names:
        return
    left, top, line_mm = 14.0, 228.0, 3.0
    rows = min(26, -(-len(names) // 2))
    page.text((left, top), "Numbers on the map", 7.5, page.part("H2"), bold=True)
    for at, name in enumerate(names[: rows * 2]):
        x, y = left + at // rows * 40, top - 4.5 - at % rows * line_mm
        part = page.part("P")
        page.text((x + 4.5, y), str(at + 1), 6, part, along=1, bold=True)
        page.text((x + 6, y), one_line(name, 28), 6, part)
    if len(names) > rows * 2:
        more = f"and {len(names) - rows * 2} more: see the tables of this edition"
        page.text((left, top - 5 - rows * line_mm), more, 6, page.part("P"))


# --- around the maps ------------------------------------------------------------------------------


def _draw_title(page: Page, material: ExportInput) -> None:
    heading = page.part("H1")
    page.text((15, 398), "Attendance service", 25, heading, bold=True)
    page.text((15, 387), "catchments", 25, heading, bold=True)
    lines, part = textwrap.wrap(in_force(material), 64)[:2], page.part("P")
    for at, line in enumerate(lines):
        page.text((15, 380.5 - at * 4), line, 9, part)
    if material.demonstration:
        warning = page.part("P")
        page.text((191, 404.3), "Demonstration data", 9, warning, bold=True, colour=WARNING_INK)
        page.text((191, 400.9), DO_NOT_USE, 5.6, warning, colour=WARNING_INK)


def _draw_captions(page: Page) -> None:
    for window, text in ((AUCKLAND, "Auckland, enlarged"), (WELLINGTON, "Wellington, enlarged")):
        page.text((window.left, window.bottom - 3.4), text, 5.8)
    page.text((CHATHAMS.left, CHATHAMS.bottom - 3.4), "Chatham Islands: same scale,", 5.8)
    page.text((CHATHAMS.left, CHATHAMS.bottom - 6.2), "800 km east of Christchurch", 5.8)


def _draw_legend(page: Page, material: ExportInput) -> None:
    left, top, line_mm = 200.0, 91.0, 5.0
    regions = regions_in_order({c.education_region for c in material.catchments})
    page.text((left, top), "Education regions", 9, page.part("H2"), bold=True)
    for at, region in enumerate(regions[:12]):
        y = top - 5.5 - at * line_mm
        colour = region_colour(region)
        page.box((left, y - 0.6, 6, 3.4), fill=colour, edge=INK)
        page.text((left + 8, y), one_line(region, 40) or "No region recorded", 7.5, page.part("P"))


def _draw_scale(page: Page) -> None:
    left, bottom, km = 200.0, 101.0, 100
    width = km * 1000 / MAIN.metres_per_mm
    right = left + width
    points = [(left, 102.5), (left, 101), (right, 101), (right, 102.5)]
    page.line(points, colour=INK, width_pt=0.8)
    page.text((left, bottom + 3), "0", 6, along=0.5)
    page.text((left + width, bottom + 3), f"{km} km", 6, along=0.5)
    page.text((left + width + 8, bottom + 0.6), "1 : 3,750,000 on A3", 6)


def _draw_footer(page: Page, material: ExportInput) -> None:
    drawn = (
        "Names are those of catchments. Boundaries are simplified for print; projection NZTM2000 "
        "(EPSG:2193), on the Chatham Islands EPSG:3793. Ask the service, not this map, who "
        "serves a school or an address."
    )
    told = [drawn, "Sources: " + "; ".join(credit_lines(material))]
    parts = [(page.part("P"), textwrap.wrap(text, 255)) for text in told]
    lines = [(line, part) for part, wrapped in parts for line in wrapped][:7]
    for at, (line, part) in enumerate(lines):
        page.text((10, 20 - at * 2.7), line, 5.6, part)


# --- the list -------------------------------------------------------------------------------------

Row = tuple[str, ...]
"""A heading, or catchment, provider and telephone number; empty for a space."""


def _list_pages(material: ExportInput) -> Iterator[Page]:
    """Yield pages that list catchments region by region, with provider and telephone number."""
    columns = _columns(list(_blocks(material)))
    for start in range(0, len(columns), LIST_COLUMNS):
        page = _blank()
        page.text((15, 403), "Catchments and their providers", 18, page.part("H1"), bold=True)
        page.text((15, 397), in_force(material), 8, page.part("P"))
        if material.demonstration:
            warning = page.part("P")
            page.text((282, 403), "Demonstration data", 9, warning, along=1, colour=WARNING_INK)
            page.text((282, 399.5), DO_NOT_USE, 5.6, warning, along=1, colour=WARNING_INK)
        for at, column in enumerate(columns[start : start + LIST_COLUMNS]):
            for down, row in enumerate(column):
                _draw_row(page, row, 15 + at * 137, LIST_TOP - down * LIST_LINE_MM)
        yield page


def _blocks(material: ExportInput) -> Iterator[list[Row]]:
    """Yield each region's rows, north to south."""
    for region, held in material.by_region():
        heading = one_line(region, 60) or "No region recorded"
        by_name = sorted(held, key=lambda c: (folded(c.name), c.code))
        yield [(heading,), *(_row(material, catchment) for catchment in by_name), ()]


def _row(material: ExportInput, catchment: Catchment) -> Row:
    provider = material.edition.provider_of(catchment)
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


def _draw_row(page: Page, row: Row, x: float, y: float) -> None:
    if len(row) == 1:
        page.text((x, y), row[0], 9, page.part("H2"), bold=True)
        page.line([(x, y - 1.2), (x + 130, y - 1.2)], colour=FRAME, width_pt=0.5)
    elif row:
        told = _table_of(page).part("TR")
        for text, offset, kind in zip(row, (0, 38, 107), ("TH", "TD", "TD"), strict=True):
            page.text((x + offset, y), text, 7, told.part(kind))


def _table_of(page: Page) -> Part:
    """Return the table that a row belongs to: the one that was begun, or one that begins here."""
    last = page.reading.parts[-1]
    return last if last.kind == "Table" else page.part("Table")
