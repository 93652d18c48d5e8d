"""The Folium map: its bounds, panes, layers by the names of their files, and controls.

Nothing that a person or a file supplied comes near this module: it takes no arguments. Importing
it imports Folium and with it pandas: only commands do that.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

import folium
from branca.element import Figure
from folium.map import CustomPane

from catchments.core.map_tiles import BACKGROUNDS
from maps.screen.basemap_cells import LEVELS
from maps.screen.coast_cells import DETAILS
from maps.screen.elements import OwnControl, OwnHandler, OwnLayer
from maps.screen.shell import MAIN_ISLANDS, MAP_ID, Shell

_DECLARED = re.compile(r"^\s*var (\w+) =", re.MULTILINE)
CENTRE = (-41.2, 172.6)
WIDEST_ZOOM = 3
CLOSEST_ZOOM = 16
PUBLISHED_FROM, FINEST_FROM = 10, 12
"""Zooms from which boundaries are drawn as published, and the coast as fine as its source."""
SCHOOLS_FROM, NAMES_FROM, SUBURBS_FROM = 9, 12, 11
CHATHAMS = [[-44.5, 182.9], [-43.6, 184.1]]
COUNTRY = [MAIN_ISLANDS[0], [MAIN_ISLANDS[1][0], CHATHAMS[1][1]]]
"""Over this the middle of the picture stays."""
ROUND_ABOUT = [[-56.0, 152.0], [-24.0, 198.0]]
"""Nobody drags the map further than this, or opens it on what lies beyond."""
CELL_DEG = 2
"""Schools and suburbs are fetched for so many degrees at a time."""
CREDITS = (
    '<a href="https://www.stats.govt.nz/">Stats NZ</a>, '
    '<a href="https://www.linz.govt.nz/">LINZ</a> (CC BY 4.0), '
    '<a href="https://www.education.govt.nz/">Ministry of Education</a>'
)
PROBE_ZOOM, PATIENCE_MS, MISSES_AT_MOST = 6, 10_000, 8
"""The first tile that is asked for, and when a server of tiles is left alone."""
PANES = {
    "land": 395,
    "lines": 403,
    "sea": 405,
    "afloat": 407,
    "regions": 410,
    "schools": 420,
    "chosen": 430,
    "labels": 440,
}
"""Each pane and how high it lies; catchments lie at Leaflet's own 400."""


class CatchmentMap(folium.Map):
    """Folium's map of catchments, without its links to other people's servers.

    The lists are set on this subclass: `add_js_link` would change `folium.Map` for the whole
    process. Folium's header is not rendered at all: our own page has the links, and its inline
    styles and its viewport, which forbids zooming, are replaced by `map.css` and `base.html`.
    """

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - Folium declares it so
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - Folium declares it so

    def __init__(self) -> None:
        super().__init__(
            location=CENTRE,
            tiles=None,
            zoom_start=5,
            control_scale=True,
            prefer_canvas=False,
            # With tiles=None Folium drops max_zoom unless it is passed as one of Leaflet's options.
            maxZoom=CLOSEST_ZOOM,
            minZoom=WIDEST_ZOOM,
            zoomSnap=0.1,
            maxBounds=ROUND_ABOUT,
            maxBoundsViscosity=0.9,
            worldCopyJump=False,
            zoom_control="topright",
            whole=MAIN_ISLANDS,
            reach=ROUND_ABOUT,
        )
        self._id = MAP_ID
        self._add_panes()
        self._add_backgrounds()
        self._add_layers()
        self._add_controls()

    def _add_panes(self) -> None:
        for name, z_index in PANES.items():
            pane = CustomPane(name, z_index=z_index)
            pane._id = name
            pane.add_to(self)

    def _add_backgrounds(self) -> None:
        """Add layers of tiles that show nothing: the page says where tiles are, and their key."""
        for name in BACKGROUNDS:
            layer = folium.TileLayer(
                "about:blank",
                attr="-",
                name=name,
                # A screen of twice the points takes one zoom more for twice as many tiles.
                max_zoom=CLOSEST_ZOOM + 1,
                detect_retina=True,
                overlay=True,
                control=False,
                show=False,
            )
            layer._id = name
            layer.add_to(self)

    def _add_layers(self) -> None:
        OwnLayer(
            "Areas",
            control=False,
            levels=[{"data": "overview", "until": 8}, {"data": "boundaries", "until": 99}],
            closest="published",
            closestFrom=PUBLISHED_FROM,
            attribution=CREDITS,
        ).add_to(self)
        near, nearest = DETAILS
        details = [
            {"name": near.name, "deg": near.cell_deg, "fromZoom": PUBLISHED_FROM},
            {"name": nearest.name, "deg": nearest.cell_deg, "fromZoom": FINEST_FROM},
        ]
        OwnLayer(
            "Sea", control=False, data="coast", fromZoom=PUBLISHED_FROM, details=details
        ).add_to(self)
        levels = [
            {"name": each.detail.name, "deg": each.detail.cell_deg, "fromZoom": each.from_zoom}
            for each in LEVELS
        ]
        OwnLayer("Lines", control=False, data="basemap", levels=levels).add_to(self)
        OwnLayer("Schools", data="schools", cellDeg=CELL_DEG, fromZoom=SCHOOLS_FROM).add_to(self)
        OwnLayer(
            "Names",
            data="places",
            suburbs="suburbs",
            cellDeg=CELL_DEG,
            countsUntil=SCHOOLS_FROM,
            suburbsFrom=SUBURBS_FROM,
            schoolNamesFrom=NAMES_FROM,
        ).add_to(self)

    def _add_controls(self) -> None:
        OwnControl("Buttons", position="topright").add_to(self)
        layers = folium.LayerControl(position="topright", collapsed=True)
        layers._id = "layers"
        layers.add_to(self)
        OwnControl("Legend", position="bottomleft").add_to(self)
        views = {"all": MAIN_ISLANDS, "chathams": CHATHAMS}
        OwnControl("Inset", position="bottomright", views=views).add_to(self)
        OwnHandler("Manners", whole=MAIN_ISLANDS, country=COUNTRY, leastZoom=WIDEST_ZOOM).add_to(
            self
        )
        OwnHandler(
            "Backgrounds",
            layers={name: f"tile_layer_{name}" for name in BACKGROUNDS},
            probeZoom=PROBE_ZOOM,
            patienceMs=PATIENCE_MS,
            missesAtMost=MISSES_AT_MOST,
        ).add_to(self)


def render_shell() -> Shell:
    """Return the map's HTML fragment and script, the same bytes every time."""
    figure = Figure()
    figure._id = MAP_ID
    CatchmentMap().add_to(figure)
    figure.render()
    pieces = (tidy(each.render()) for each in figure.script._children.values())
    return Shell(html=tidy(figure.html.render()), script=_in_pieces(filter(str.strip, pieces)))


def _in_pieces(pieces: Iterable[str]) -> str:
    """Return the script as functions that run one after another, with room between any two.

    As a whole it would hold up a slow phone for a quarter of a second. What a piece declares is
    the others' too, as it is in one script.
    """
    shared = (_DECLARED.sub(r"window.\1 =", piece) for piece in pieces)
    functions = ",\n".join(f"function () {{\n{piece}}}" for piece in shared)
    return f"L.catchments.inTurn([\n{functions}\n]);\n"


def tidy(text: str) -> str:
    """Return a text without the indentation and the empty lines that templates leave."""
    lines = (line.rstrip() for line in textwrap.dedent(text).splitlines())
    return "\n".join(line for line in lines if line) + "\n"
