"""Pages as pictures: drawn larger than they are, then made smaller, so that edges are smooth."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from maps.paper.faces import face
from maps.paper.page import Area, Floats, Page, Text

POINTS_PER_INCH = 72.0
EFFORT = 3
"""Of zlib: half of the time of its usual 6, for an eighth more bytes."""
_A_HAIR = 1e-6
"""What rounding may have taken of a whole dot."""


def png_of(
    page: Page, *, dots_per_inch: int, paper: str = "#ffffff", title: str = "", finer: int = 2
) -> bytes:
    """Return a page as a PNG, the same bytes each time, drawn `finer` times as large."""
    scale = dots_per_inch / POINTS_PER_INCH
    per_unit = scale * page.points_per_unit
    size = int(page.width * per_unit + _A_HAIR), int(page.height * per_unit + _A_HAIR)
    image = _Shapes(page, size, scale, paper, finer).drawn()
    writing = ImageDraw.Draw(image)
    for each in page.texts:
        _write(writing, each, page, scale, size[1])
    told = PngInfo()
    if title:
        told.add_text("Title", title)
    written = io.BytesIO()
    density = (dots_per_inch, dots_per_inch)
    image.save(written, "png", dpi=density, pnginfo=told, compress_level=EFFORT)
    return written.getvalue()


class _Shapes:
    """The areas and lines of a page."""

    def __init__(
        self, page: Page, size: tuple[int, int], scale: float, paper: str, finer: int
    ) -> None:
        self._page, self._finer = page, finer
        self._per_point = scale * finer
        self._per_unit = self._per_point * page.points_per_unit
        self._height = size[1] * finer
        self._image = Image.new("RGB", (size[0] * finer, self._height), paper)
        self._draw = ImageDraw.Draw(self._image)

    def drawn(self) -> Image.Image:
        """Draw all of them and return the picture in its size."""
        for area in self._page.areas:
            self._area(area)
        for line in self._page.lines:
            self._line(line.points, line.colour, line.width_pt)
        return self._image.reduce(self._finer)

    def _area(self, area: Area) -> None:
        rings = [self._dots(ring) for ring in area.rings]
        if area.fill and len(rings) == 1:
            self._draw.polygon(rings[0].ravel().tolist(), fill=area.fill)
        elif area.fill:
            self._fill_around_holes(rings, area.fill)
        if area.edge:
            for ring in area.rings:
                self._line(ring, area.edge, area.edge_pt)

    def _fill_around_holes(self, rings: list[Floats], colour: str) -> None:
        corner = np.floor(rings[0].min(axis=0)).astype(int)
        size = np.ceil(rings[0].max(axis=0)).astype(int) - corner + 1
        mask = Image.new("1", (int(size[0]), int(size[1])))
        draw = ImageDraw.Draw(mask)
        for at, ring in enumerate(rings):
            draw.polygon((ring - corner).ravel().tolist(), fill=int(at == 0))
        self._image.paste(colour, (int(corner[0]), int(corner[1])), mask)

    def _line(self, points: Floats, colour: str, width_pt: float) -> None:
        width = max(1, round(width_pt * self._per_point))
        self._draw.line(self._dots(points).ravel().tolist(), fill=colour, width=width)

    def _dots(self, points: Floats) -> Floats:
        return points * (self._per_unit, -self._per_unit) + (0.0, self._height)


def _write(writing: ImageDraw.ImageDraw, each: Text, page: Page, scale: float, height: int) -> None:
    per_unit = scale * page.points_per_unit
    place = (each.x * per_unit, height - each.y * per_unit)
    font = _font(each.size_pt * scale, bold=each.bold)
    writing.text(place, each.text, fill=each.colour, font=font, anchor="ls")


@cache
def _font(size: float, *, bold: bool) -> ImageFont.FreeTypeFont:
    basic = ImageFont.Layout.BASIC  # the other is there on some machines alone
    return ImageFont.truetype(face(bold=bold).path, size, layout_engine=basic)
