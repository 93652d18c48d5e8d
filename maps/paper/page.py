"""A page: what is drawn on it, in units of its own from its lower left corner, and how it is read.

Areas lie below lines and lines below texts, whichever came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from maps.paper.faces import face
from maps.paper.reading import Part, Reading

Floats = npt.NDArray[np.float64]
INK = "#14232e"
MIDDLE = 0.37
"""Of its size: how far above its baseline the middle of a text is."""


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon: its rings, which end where they begin, the outer one first."""

    rings: Sequence[Floats]
    fill: str | None
    edge: str | None
    edge_pt: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line of some points (n, 2)."""

    points: Floats
    colour: str
    width_pt: float


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text, where its baseline begins."""

    x: float
    y: float
    text: str
    size_pt: float
    bold: bool
    colour: str
    part: Part | None
    """Whose it is; None for what is part of the picture."""


@dataclass
class Page:
    """A page to draw on; colours are #rrggbb."""

    width: float
    height: float
    points_per_unit: float
    """Of 72 an inch."""
    areas: list[Area] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)

    def part(self, kind: str) -> Part:
        """Return the next part of what is read of the page."""
        self.reading.parts.append(Part(kind))
        return self.reading.parts[-1]

    def picture(self, alt: str) -> None:
        """Have all that is drawn, and has no part of its own, be a figure that shows this."""
        self.reading.picture = self.part("Figure")
        self.reading.picture.alt = alt

    def area(
        self,
        shape: BaseGeometry,
        *,
        fill: str | None = None,
        edge: str | None = None,
        edge_pt: float = 0.5,
    ) -> None:
        """Draw the polygons of a shape."""
        for polygon in shapely.get_parts(shape):
            if polygon.geom_type == "Polygon" and not polygon.is_empty:
                self.areas.append(Area(_rings(polygon), fill, edge, edge_pt))

    def box(
        self,
        box: tuple[float, float, float, float],
        *,
        fill: str | None = None,
        edge: str | None = None,
        edge_pt: float = 0.5,
    ) -> None:
        """Draw a rectangle: its left, bottom, width and height."""
        left, bottom, width, height = box
        shape = shapely.box(left, bottom, left + width, bottom + height)
        self.area(shape, fill=fill, edge=edge, edge_pt=edge_pt)

    def line(self, points: Sequence[tuple[float, float]], *, colour: str, width_pt: float) -> None:
        """Draw a line."""
        self.lines.append(Line(np.array(points, dtype=float), colour, width_pt))

    def text(
        self,
        place: tuple[float, float],
        text: str,
        size_pt: float,
        part: Part | None = None,
        *,
        bold: bool = False,
        colour: str = INK,
        along: float = 0.0,
        middle: bool = False,
    ) -> None:
        """Write a line: `along` says how much is left of its place, `middle` that half is below."""
        x, y = place
        x -= along * self.width_of(text, size_pt, bold=bold)
        y -= MIDDLE * size_pt / self.points_per_unit if middle else 0.0
        self.texts.append(Text(x, y, text, size_pt, bold, colour, part))

    def width_of(self, text: str, size_pt: float, *, bold: bool = False) -> float:
        """Return how wide a text is, in units of the page."""
        return face(bold=bold).width(text) * size_pt / self.points_per_unit


def _rings(polygon: BaseGeometry) -> list[Floats]:
    points, ring = shapely.get_coordinates(shapely.get_rings(polygon), return_index=True)
    ends = [*np.flatnonzero(np.diff(ring, prepend=-1)).tolist(), len(points)]
    return [points[start:end] for start, end in pairwise(ends)]
