"""Colours: one for each education region, in print and in KML: light enough for black names.

On the screen they are in `catchments/web/static/map.css`, in the same order, for light and dark.
"""

from __future__ import annotations

from dataclasses import dataclass

from catchments.core.model import EDUCATION_REGIONS

_COLOURS = (
    "#a6d39c",
    "#f6c667",
    "#d3a9df",
    "#ee9ea6",
    "#f2e394",
    "#b7a3d6",
    "#f0a877",
    "#9ecdb6",
    "#cfa08e",
    "#c9dc87",
    "#e2b6d0",
    "#e3cba8",
)
"""North to south; regions that border on each other differ at a glance; none looks like water."""
OTHER = "#d0d4d7"
"""That of a region that is none of the twelve."""
SEA, INK, EDGE = "#dcebf4", "#14232e", "#ffffff"


@dataclass(frozen=True, slots=True)
class Scheme:
    """Colours of a light or a dark page; `regions` has the twelve and that of any other."""

    sea: str
    edge: str
    frame: str
    regions: tuple[str, ...]


LIGHT = Scheme(SEA, EDGE, "#5d7280", (*_COLOURS, OTHER))
DARK = Scheme(
    "#0a1319",
    "#0a1319",
    "#7f95a3",
    (
        "#415f3a",
        "#6f5626",
        "#643f70",
        "#783a42",
        "#796e30",
        "#4e4063",
        "#6f472b",
        "#3b6350",
        "#62433a",
        "#596335",
        "#6d4159",
        "#6e5b3e",
        "#595e61",
    ),
)
"""The same hues as the light ones, a third as light, so that light names can be read on them."""


def region_colour(region: str) -> str:
    """Return a region's colour, as #rrggbb."""
    return dict(zip(EDUCATION_REGIONS, _COLOURS, strict=True)).get(region, OTHER)


def regions_in_order(regions: set[str]) -> list[str]:
    """Return regions north to south, then those that are none of the twelve."""
    known = [region for region in EDUCATION_REGIONS if region in regions]
    return known + sorted(regions - set(known))
